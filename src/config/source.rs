//! Where values come from: the TOML file and the environment, both brought to one flat map from the full key
//! (`slack.bot_token`) to its value. The environment wins, key by key.

use std::collections::BTreeMap;
use std::path::Path;

use config::{Environment, File, FileFormat, Map, Source, Value, ValueKind};

use super::problem::Problem;

/// Values by their full key.
pub(super) type Values = BTreeMap<String, Value>;

/// What every environment variable that is a key begins with. A single underscore is something else
/// (`CALLSHEET_CONFIG`, `CALLSHEET_LOG`).
const PREFIX: &str = "CALLSHEET__";

/// The sections, as they stand in variables.
const SECTIONS: [&str; 9] = [
    "SERVER",
    "DATABASE",
    "SLACK",
    "DISCORD",
    "GITHUB",
    "MODEL",
    "AGENT",
    "LIMITS",
    "RETENTION",
];

/// The origin that the `config` crate notes on values from [`Environment`].
const ENVIRONMENT: &str = "the environment";

/// The variable that sets `key`.
pub(super) fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.to_uppercase().replace('.', "__"))
}

/// Whether the value was set by an environment variable.
pub(super) fn from_environment(value: &Value) -> bool {
    value.origin() == Some(ENVIRONMENT)
}

/// Reads the file, if one is given, and lays the environment over it.
pub(super) fn collect(
    file: Option<&Path>,
    env: impl Iterator<Item = (String, String)>,
) -> Result<Values, Problem> {
    let mut values = Values::new();
    if let Some(path) = file {
        flatten(None, read_file(path)?, &mut values);
    }
    values.extend(read_environment(env)?);
    Ok(values)
}

fn read_file(path: &Path) -> Result<Map<String, Value>, Problem> {
    let problem = |what: String, fix: &str| Problem {
        key: path.display().to_string(),
        what,
        fix: fix.to_owned(),
    };
    let text = std::fs::read_to_string(path).map_err(|error| {
        problem(
            format!("the configuration file cannot be read ({error})"),
            "Check the path given by --config or CALLSHEET_CONFIG, and that this user may read the file.",
        )
    })?;
    File::from_str(&text, FileFormat::Toml)
        .collect()
        .map_err(|error| {
            problem(
                syntax_error(&error),
                "Correct that line; text stands in double quotes, and a section or key may appear only once.",
            )
        })
}

/// Position and message of a TOML error. The parser's own report is not passed on as it stands: it quotes the
/// line, and the line may hold a secret.
fn syntax_error(error: &config::ConfigError) -> String {
    let config::ConfigError::FileParse { cause, .. } = error else {
        return "the configuration file is not valid TOML".to_owned();
    };
    let report = cause.to_string();
    // Header, empty gutter, the quoted line, the marker below it, and from there on the message.
    let mut parts = report.splitn(5, '\n');
    let position = parts
        .next()
        .and_then(|header| header.strip_prefix("TOML parse error at "));
    let (position, message) = match position {
        Some(position) => (format!(" at {position}"), parts.nth(3).unwrap_or_default()),
        None => (String::new(), report.as_str()),
    };
    format!("not valid TOML{position}: {}", message.trim().replace('\n', ", "))
}

fn read_environment(env: impl Iterator<Item = (String, String)>) -> Result<Values, Problem> {
    let all: Vec<(String, String)> = env.collect();
    if let Some(problem) = all.iter().find_map(|(name, _)| half_separated(name)) {
        return Err(problem);
    }
    let ours: Map<String, String> = all
        .into_iter()
        .filter(|(name, _)| name.starts_with(PREFIX))
        .collect();
    let source = Environment::with_prefix("CALLSHEET")
        .separator("__")
        .source(Some(ours));
    let map = source.collect().map_err(|_| Problem {
        key: format!("{PREFIX}…"),
        what: "the environment cannot be read".to_owned(),
        fix: "Check the variables that begin with CALLSHEET__.".to_owned(),
    })?;
    Ok(map.into_iter().collect())
}

/// A variable that was meant as a key and has one underscore where two belong; it would be ignored in silence.
fn half_separated(name: &str) -> Option<Problem> {
    let rest = name.strip_prefix("CALLSHEET_")?.trim_start_matches('_');
    let section = SECTIONS.into_iter().find(|section| rest.starts_with(section))?;
    let key = rest
        .strip_prefix(section)?
        .strip_prefix('_')?
        .trim_start_matches('_');
    let right = format!("{PREFIX}{section}__{key}");
    (name != right && !key.is_empty()).then(|| Problem {
        key: name.to_owned(),
        what: "a variable of this name sets nothing".to_owned(),
        fix: format!("Section and key are set apart by two underscores: {right}."),
    })
}

/// Writes nested tables as full keys. An empty table stays as it is, so that an empty unknown section is seen.
fn flatten(parent: Option<&str>, table: Map<String, Value>, into: &mut Values) {
    for (name, value) in table {
        let name = if is_plain(&name) {
            name
        } else {
            format!("{name:?}")
        };
        let key = parent.map_or(name.clone(), |parent| format!("{parent}.{name}"));
        match value.kind {
            ValueKind::Table(inner) if !inner.is_empty() => flatten(Some(&key), inner, into),
            _ => {
                into.insert(key, value);
            }
        }
    }
}

/// Whether this is a TOML bare key. Others are kept in quotes, lest `"slack.mode" = …` pass for `slack.mode`.
pub(super) fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}
