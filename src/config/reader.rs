//! Takes typed values out of the flat map and collects what is wrong with them. A key is known because a
//! section asked for it; whatever nobody asked for is unknown.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::ops::RangeInclusive;

use config::{Value, ValueKind};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::problem::Problem;
use super::settings::Settings;
use super::source::{Values, from_environment, is_plain, variable};
use crate::domain::Money;

/// How alike two keys must be (0 to 1) for one to be suggested in place of the other.
const ALIKE: f64 = 0.7;

/// How tokens begin, what they are, and the key they belong to.
const TOKENS: [(&str, &str, &str); 9] = [
    ("xoxb-", "a Slack bot token", "slack.bot_token"),
    ("xapp-", "a Slack app-level token", "slack.app_token"),
    ("xoxp-", "a Slack user token", ""),
    ("ghp_", "a GitHub token", "github.token"),
    ("gho_", "a GitHub token", "github.token"),
    ("ghu_", "a GitHub token", "github.token"),
    ("ghs_", "a GitHub token", "github.token"),
    ("github_pat_", "a GitHub token", "github.token"),
    ("sk-", "a key of a model provider", "model.api_key"),
];

/// The values, the keys asked for so far, and the problems found so far.
pub(super) struct Reader {
    values: Values,
    known: BTreeSet<String>,
    problems: Vec<Problem>,
    /// The secrets among the keys, without the secrets themselves.
    secrets: Settings,
    secret_keys: BTreeSet<String>,
}

impl Reader {
    pub(super) fn new(values: Values) -> Self {
        Self {
            values,
            known: BTreeSet::new(),
            problems: Vec::new(),
            secrets: Settings::default(),
            secret_keys: BTreeSet::new(),
        }
    }

    /// Notes a problem; says which variable is at fault when the value came from the environment.
    pub(super) fn problem(&mut self, key: &str, what: impl Into<String>, fix: impl Into<String>) {
        let mut what = what.into();
        if self.values.get(key).is_some_and(from_environment) {
            what = format!("{what} (set by {})", variable(key));
        }
        self.problems.push(Problem {
            key: key.to_owned(),
            what,
            fix: fix.into(),
        });
    }

    /// Whether the key has a value, be it a good one or not. For a secret its file counts too.
    pub(super) fn given(&self, key: &str) -> bool {
        self.values.contains_key(key) || self.values.contains_key(&file_key(key))
    }

    /// The first key of the section, among those asked for so far, that has a value.
    pub(super) fn said(&self, section: &str) -> Option<String> {
        let keys = self.known.iter().filter(|key| group_of(key) == section);
        keys.into_iter()
            .find(|key| self.values.contains_key(*key))
            .cloned()
    }

    /// A text without the blanks around it.
    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        let text = self.raw_text(key)?;
        Some(text.trim().to_owned())
    }

    /// A secret: the value itself, or the content of the file that `<key>_file` names.
    pub(super) fn secret(&mut self, key: &str) -> Option<SecretString> {
        let file_key = file_key(key);
        // The environment overrides the file across the pair: a variable stands for whichever of the two it names.
        let origin = |key: &str| self.values.get(key).map(from_environment);
        match (origin(key), origin(&file_key)) {
            (Some(true), Some(false)) => drop(self.values.remove(&file_key)),
            (Some(false), Some(true)) => drop(self.values.remove(key)),
            _ => {}
        }
        let value = self.raw_text(key);
        let path = self.raw_text(&file_key);
        if self.values.contains_key(key) && self.values.contains_key(&file_key) {
            self.problem(
                &file_key,
                format!("set although {key} is set too"),
                "Remove one of the two.",
            );
            return None;
        }
        let secret = match path {
            Some(path) => self.secret_file(&file_key, &path),
            None => value.map(SecretString::from),
        };
        self.secret_keys.insert(key.to_owned());
        if let Some(secret) = &secret {
            self.secrets.add_secret(key, secret.expose_secret());
        }
        secret
    }

    /// What was set, of the keys asked for so far.
    pub(super) fn settings(&self) -> Settings {
        let mut settings = self.secrets.clone();
        for (key, value) in &self.values {
            if self.known.contains(key) && !self.secret_keys.contains(key) {
                settings.add(key, &value.to_string());
            }
        }
        settings
    }

    /// A secret that goes into a request header: one word of printable characters, and not another service's.
    pub(super) fn token(&mut self, key: &str, fix: &str) -> Option<SecretString> {
        let secret = self.secret(key)?;
        if !secret.expose_secret().chars().all(|c| c.is_ascii_graphic()) {
            self.problem(
                key,
                "contains a blank, a line break or a character that no token has",
                fix,
            );
            return None;
        }
        // GitHub's models take a GitHub token as their key, so only Slack's tokens are foreign everywhere.
        let foreign = TOKENS.iter().find(|(prefix, _, home)| {
            secret.expose_secret().starts_with(prefix)
                && *home != key
                && (prefix.starts_with('x') || group_of(key) == "slack")
        });
        if let Some((prefix, kind, home)) = foreign {
            let place = if home.is_empty() {
                String::new()
            } else {
                format!("That one belongs in {home}. ")
            };
            self.problem(key, format!("holds {kind} ({prefix}…)"), format!("{place}{fix}"));
            return None;
        }
        Some(secret)
    }

    /// One word of letters, digits, `-`, `_` and `.`; a number counts as its digits.
    pub(super) fn word(&mut self, key: &str, fix: &str) -> Option<String> {
        let word = match self.values.get(key).map(|value| &value.kind) {
            Some(ValueKind::I64(number)) => {
                self.known.insert(key.to_owned());
                number.to_string()
            }
            _ => self.text(key)?,
        };
        let is_word = word
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        if !is_word || word.starts_with('-') {
            self.problem(key, "is not one word of letters and digits", fix);
            return None;
        }
        Some(word)
    }

    /// A whole number within the bounds; `default` when there is none. Digits in quotes count as a number,
    /// since the environment knows only text.
    pub(super) fn number(&mut self, key: &str, default: u64, bounds: RangeInclusive<u64>) -> u64 {
        self.known.insert(key.to_owned());
        let number = match self.values.get(key).map(|value| &value.kind) {
            None => return default,
            Some(ValueKind::I64(number)) => Some(i128::from(*number)),
            Some(ValueKind::String(text)) => text.trim().parse::<i128>().ok(),
            Some(_) => None,
        };
        let allowed = match *bounds.end() {
            u64::MAX => format!("at least {}", bounds.start()),
            end => format!("from {} to {end}", bounds.start()),
        };
        let fix = format!("Give a whole number {allowed}, such as {default}, or remove the key.");
        let fitting = number
            .and_then(|n| u64::try_from(n).ok())
            .filter(|n| bounds.contains(n));
        match (fitting, number) {
            (Some(fitting), _) => return fitting,
            (None, Some(number)) => self.problem(key, format!("is {number}, out of bounds"), fix),
            (None, None) => self.problem(key, "is not a whole number", fix),
        }
        default
    }

    /// An amount of money, as a number or in quotes.
    pub(super) fn money(&mut self, key: &str) -> Option<Money> {
        let text = match self.values.get(key).map(|value| &value.kind) {
            Some(ValueKind::I64(number)) => number.to_string(),
            // Written as short as it is read back the same: the digits that stand in the file.
            Some(ValueKind::Float(number)) => number.to_string(),
            _ => self.text(key)?,
        };
        self.known.insert(key.to_owned());
        let money = text.parse();
        if money.is_err() {
            let fix = "Give a number with at most six decimals, such as 2.50, or remove the key.";
            self.problem(key, "is not an amount of money", fix);
        }
        money.ok()
    }

    /// A list of texts; one text is taken apart at its commas, since the environment knows no lists.
    pub(super) fn list(&mut self, key: &str) -> Vec<String> {
        self.known.insert(key.to_owned());
        let fix = "Write texts in double quotes, in brackets, with commas between them.";
        let entries: Vec<String> = match self.values.get(key).map(|value| &value.kind) {
            None => Vec::new(),
            Some(ValueKind::String(text)) => text.split(',').map(str::to_owned).collect(),
            Some(ValueKind::Array(values)) => {
                let text = |value: &Value| match &value.kind {
                    ValueKind::String(text) => Some(text.clone()),
                    _ => None,
                };
                match values.iter().map(text).collect() {
                    Some(texts) => texts,
                    None => {
                        self.problem(key, "holds something that is not a text", fix);
                        Vec::new()
                    }
                }
            }
            Some(_) => {
                self.problem(key, "is not a list of texts", fix);
                Vec::new()
            }
        };
        let entries = entries.iter().map(|entry| entry.trim().to_owned());
        entries.filter(|entry| !entry.is_empty()).collect()
    }

    /// An `http` or `https` address without user, password, query and fragment, and without a closing slash
    /// (except that an address without a path shows as `https://host/`). What is refused could carry a secret
    /// into a log, and paths are appended to these addresses.
    pub(super) fn http_url(&mut self, key: &str, example: &str) -> Option<Url> {
        let text = self.text(key)?;
        let fix = format!("Give an address such as \"{example}\".");
        let Ok(mut url) = Url::parse(&text) else {
            self.problem(key, "is not a URL", fix);
            return None;
        };
        if !matches!(url.scheme(), "http" | "https") {
            self.problem(key, "does not begin with http:// or https://", fix);
            return None;
        }
        if !url.username().is_empty() || url.password().is_some() {
            self.problem(key, "contains a user name or password", fix);
            return None;
        }
        if url.query().is_some() || url.fragment().is_some() {
            self.problem(key, "contains a query (?…) or a fragment (#…)", fix);
            return None;
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Some(url)
    }

    /// An IP address with a port.
    pub(super) fn address(&mut self, key: &str, example: &str) -> Option<SocketAddr> {
        let text = self.text(key)?;
        let parsed = text.parse().ok();
        if parsed.is_none() {
            let fix = format!("Give an IP address (no name) and a port, such as \"{example}\".");
            self.problem(key, "is not an address to listen on", fix);
        }
        parsed
    }

    /// Reports what nobody asked for and hands over all problems.
    pub(super) fn finish(mut self) -> Vec<Problem> {
        let unknown: Vec<Problem> = self
            .values
            .iter()
            .filter_map(|(key, value)| self.unknown(key, value))
            .collect();
        self.problems.extend(unknown);
        self.problems
    }

    fn raw_text(&mut self, key: &str) -> Option<String> {
        self.known.insert(key.to_owned());
        match self.values.get(key).map(|value| &value.kind) {
            None => None,
            Some(ValueKind::String(text)) if text.trim().is_empty() => {
                self.problem(key, "is empty", "Give it a value, or remove the key.");
                None
            }
            Some(ValueKind::String(text)) => Some(text.clone()),
            Some(_) => {
                self.problem(key, "is not a text", "Write the value in double quotes.");
                None
            }
        }
    }

    fn secret_file(&mut self, key: &str, path: &str) -> Option<SecretString> {
        // The path is not repeated: the secret itself may stand there by mistake.
        match std::fs::read_to_string(path.trim()) {
            Ok(content) => {
                let secret = content.trim_end_matches(['\r', '\n']);
                if secret.trim().is_empty() {
                    self.problem(key, "names an empty file", "Write the secret into that file.");
                    return None;
                }
                Some(SecretString::from(secret))
            }
            Err(error) => {
                let fix =
                    "Give the path of a text file that holds only the secret and that this user may read.";
                self.problem(key, format!("names a file that cannot be read ({error})"), fix);
                None
            }
        }
    }

    fn unknown(&self, key: &str, value: &Value) -> Option<Problem> {
        let is_section = self.known.iter().any(|known| group_of(known) == key);
        let is_empty_table = matches!(&value.kind, ValueKind::Table(table) if table.is_empty());
        if self.known.contains(key) || (is_section && is_empty_table) {
            return None;
        }
        let shown = shown(key);
        let in_environment = from_environment(value);
        let spelt = |key: &str| {
            if in_environment {
                variable(key)
            } else {
                key.to_owned()
            }
        };
        let source = if in_environment {
            format!(" (set by {})", variable(&shown))
        } else {
            String::new()
        };
        if is_section {
            let fix = format!("Write its keys one by one: {}.", self.keys_of(key).join(", "));
            return Some(Problem {
                key: shown,
                what: format!("is a section, not a value{source}"),
                fix,
            });
        }
        let near = if is_empty_table {
            self.nearest_section(key)
        } else {
            self.nearest(key)
        };
        let fix = match (near, self.keys_of(group_of(key))) {
            (Some(near), _) => format!("Did you mean {}? Else remove it.", spelt(near)),
            (None, keys) if keys.is_empty() => "Remove it; bot.toml.example lists every key.".to_owned(),
            (None, keys) => format!(
                "Remove it; {} has these keys: {}.",
                group_of(key),
                keys.join(", ")
            ),
        };
        Some(Problem {
            key: shown,
            what: format!("unknown key{source}"),
            fix,
        })
    }

    /// The known key that was probably meant: the one spelt most alike, else the one of the same name elsewhere.
    fn nearest(&self, key: &str) -> Option<&str> {
        let known = || self.known.iter().map(String::as_str);
        let namesake = || known().find(|known| name_of(known) == name_of(&key.to_lowercase()));
        most_alike(known(), key).or_else(namesake)
    }

    fn nearest_section(&self, key: &str) -> Option<&str> {
        most_alike(self.known.iter().map(|known| group_of(known)), key)
    }

    fn keys_of(&self, section: &str) -> Vec<&str> {
        self.known
            .iter()
            .filter(|known| group_of(known) == section)
            .map(|known| name_of(known))
            .collect()
    }
}

/// The known key spelt most alike. Within one section only the rest counts, or a short name would resemble all.
fn most_alike<'a>(known: impl Iterator<Item = &'a str>, key: &str) -> Option<&'a str> {
    let key = key.to_lowercase();
    let likeness = |known: &str| match (known.split_once('.'), key.split_once('.')) {
        (Some((group, name)), Some((section, rest))) if group == section => {
            strsim::normalized_damerau_levenshtein(name, rest)
        }
        _ => strsim::normalized_damerau_levenshtein(known, &key),
    };
    let scored = known.map(|known| (likeness(known), known));
    let best = scored
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(score, _)| *score >= ALIKE);
    best.map(|(_, known)| known)
}

fn file_key(key: &str) -> String {
    format!("{key}_file")
}

fn group_of(key: &str) -> &str {
    key.split_once('.').map_or("", |(group, _)| group)
}

fn name_of(key: &str) -> &str {
    key.rsplit_once('.').map_or(key, |(_, name)| name)
}

/// An unknown key as it may be shown. A part that does not look like a name may be a misplaced secret.
fn shown(key: &str) -> String {
    let looks_secret = |part: &str| {
        let part = part.to_lowercase();
        part.len() > 32 || part.starts_with("xox") || TOKENS.iter().any(|token| part.starts_with(token.0))
    };
    let parts = key.split('.').map(|part| match part {
        part if is_plain(part) && !looks_secret(part) => part,
        _ => "<not a name>",
    });
    parts.collect::<Vec<_>>().join(".")
}
