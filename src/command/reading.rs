//! What a line is: a command, one that is not written like one, or a sentence.
//!
//! 1. What parses is a command, unless its free words are plainly prose: `search for a nice restaurant` is a sentence.
//! 2. A line that does not parse is a mistaken command when it can only be meant as one: it names a command and an option
//!    (`--page x`), or nothing but a command that needs more (`search`), or a group and one of its commands (`issue close 12 13`)
//!    and is no prose. A schedule's commands are always meant.
//! 3. A short line whose first word is not a command's but near one's (`stauts apollo`), or whose second word is near one of
//!    its group's (`issue clsoe 12`), is an unknown command: it is answered with the nearest one where we were called by
//!    name, by a slash command or by a button. In a talk that goes on it stays a sentence: people make slips there too.
//! 4. A wrong use of a command that nobody begins a sentence with is no sentence ([`is_misuse`]): `gates please`, `approve foo`,
//!    `reject it`. Behind a slash command the first word stands where a command does ([`Call`]): when it is one, the line is a
//!    sentence only when it is prose (`/pm status of apollo please`), and never for `approve` and `reject`.
//! 5. Everything else is a sentence and goes to the agent, a single word that is near nothing too: a model knows what
//!    `thanks` means, and the built-in one says what it understands and that `help` lists the commands.

#[cfg(test)]
mod tests;

use clap::CommandFactory;

use super::Command;

/// The most words of an unknown command.
const FEW: usize = 3;

/// How a line came to us; the later, the more it is a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    /// In a talk that goes on, without our name.
    Talk,
    /// By our name, or as plain words.
    Name,
    /// By the slash command, or by a button.
    Slash,
}

/// Words that people add to a command, and that change nothing about it.
const POLITE: &[&str] = &[
    "again", "here", "now", "please", "pls", "plz", "thanks", "thx", "today",
];

/// Words behind which a thing is named: "approve the plan" is a sentence.
const NAMING: &[&str] = &[
    "a", "all", "an", "any", "both", "each", "every", "her", "his", "its", "my", "our", "some", "that",
    "the", "their", "these", "this", "those", "your",
];

/// Words that hold sentences together, and stand in no command unless it is quoted.
const PROSE: &[&str] = &[
    "a",
    "about",
    "again",
    "all",
    "am",
    "an",
    "and",
    "any",
    "anyone",
    "are",
    "as",
    "at",
    "be",
    "because",
    "but",
    "by",
    "can",
    "could",
    "did",
    "do",
    "does",
    "every",
    "everyone",
    "everything",
    "for",
    "from",
    "has",
    "have",
    "he",
    "her",
    "him",
    "his",
    "how",
    "i",
    "if",
    "in",
    "into",
    "is",
    "it",
    "its",
    "just",
    "like",
    "me",
    "my",
    "need",
    "needs",
    "not",
    "now",
    "of",
    "on",
    "or",
    "our",
    "please",
    "pls",
    "she",
    "should",
    "so",
    "some",
    "still",
    "than",
    "that",
    "the",
    "their",
    "them",
    "then",
    "there",
    "these",
    "they",
    "this",
    "those",
    "through",
    "to",
    "too",
    "today",
    "tomorrow",
    "until",
    "us",
    "was",
    "we",
    "were",
    "what",
    "when",
    "where",
    "which",
    "who",
    "why",
    "will",
    "with",
    "would",
    "yesterday",
    "you",
    "your",
];

/// Ordinary words that are near a command's name.
const ORDINARY: &[&str] = &[
    "budge",
    "clam",
    "games",
    "gapes",
    "gazes",
    "grates",
    "heath",
    "issued",
    "issuer",
    "issuing",
    "police",
    "produce",
    "product",
    "products",
    "prospect",
    "prospects",
    "protect",
    "protects",
    "statue",
    "tonic",
    "tropic",
    "unlike",
];

/// Whether words are prose rather than arguments: nothing among them is quoted or an option, and some hold a sentence together.
pub(super) fn is_prose(words: &[String]) -> bool {
    let is_typed = |word: &String| word.starts_with("--") || word.contains(char::is_whitespace);
    let holds = |word: &String| PROSE.contains(&bare(word).as_str());
    !words.iter().any(is_typed) && words.iter().skip(1).any(holds)
}

/// The command that a line can only be meant as, whatever else is wrong with it.
pub(super) fn meant(words: &[String]) -> Option<String> {
    let (_, rest) = words.split_first()?;
    let path = path(words)?;
    let in_group = path.contains(' ');
    // `schedule a meeting with Bob` is a sentence; `schedule apollo` is not.
    let always = path.starts_with("schedule") && (in_group || rest.len() == 1);
    // One word that is a command's lacks what the command needs.
    let always = always || rest.is_empty();
    let has_option = rest.iter().any(|word| word.starts_with("--"));
    (always || has_option || (in_group && !is_prose(words))).then_some(path)
}

/// The command that a line uses wrongly, where it is no sentence; `asks` says whether it ends like a question.
pub(super) fn misused(words: &[String], call: Call, asks: bool) -> Option<String> {
    let (first, rest) = words.split_first()?;
    let path = path(words)?;
    (call == Call::Slash || is_misuse(&first.to_lowercase(), rest, call, asks)).then_some(path)
}

/// Whether what follows a command's word outside of a slash command is no sentence.
fn is_misuse(name: &str, rest: &[String], call: Call, asks: bool) -> bool {
    let lower: Vec<String> = rest.iter().map(|word| bare(word)).collect();
    let polite = lower
        .iter()
        .rev()
        .take_while(|word| POLITE.contains(&word.as_str()));
    let rest = &lower[..lower.len() - polite.count()];
    // In a talk that goes on, one word may answer anything.
    let one_more = || match rest {
        [one] => call >= Call::Name && !asks && !PROSE.contains(&one.as_str()),
        _ => false,
    };
    match name {
        // Nothing but a number opens a gate, and no model can answer one.
        "approve" | "reject" => !matches!(rest, [first, _, ..] if NAMING.contains(&first.as_str())),
        "claim" | "gates" | "health" | "projects" | "stop" | "unlink" | "whoami" => {
            rest.is_empty() || one_more()
        }
        "why" => one_more(),
        _ => false,
    }
}

/// A word without what stands around it in a sentence.
fn bare(word: &str) -> String {
    word.to_lowercase()
        .trim_matches([',', ';', ':', '?', '!', '.'])
        .to_owned()
}

/// The command that a line begins with, by its names.
fn path(words: &[String]) -> Option<String> {
    let (first, rest) = words.split_first()?;
    let grammar = Command::command();
    let command = visible(&grammar).find(|command| *command.get_name() == first.to_lowercase())?;
    let name = command.get_name();
    let second = rest.first().map(|word| word.to_lowercase());
    let sub = visible(command).find(|sub| second.as_deref() == Some(sub.get_name()));
    Some(sub.map_or_else(|| name.to_owned(), |sub| format!("{name} {}", sub.get_name())))
}

/// A word that is no command, and the nearest command, each with what stands before it.
pub(super) fn unknown(words: &[String]) -> Option<(String, String)> {
    if is_prose(words) || words.iter().any(|word| word.contains(char::is_whitespace)) {
        return None;
    }
    let (first, rest) = words.split_first()?;
    let grammar = Command::command();
    let first = first.to_lowercase();
    let group = visible(&grammar).find(|command| command.get_name() == first);
    let (before, typed, among) = match (group, rest) {
        (Some(group), [second, ..]) => (format!("{first} "), second.to_lowercase(), group),
        (Some(_), []) => return None,
        (None, _) if words.len() > FEW => return None,
        (None, _) => (String::new(), first, &grammar),
    };
    let nearest = nearest(&typed, visible(among).map(clap::Command::get_name))?;
    Some((format!("{before}{typed}"), format!("{before}{nearest}")))
}

fn visible(command: &clap::Command) -> impl Iterator<Item = &clap::Command> {
    command.get_subcommands().filter(|command| !command.is_hide_set())
}

/// The name that a word is a slip of; none when it is a word of its own. People seldom miss a word's first letter.
pub(super) fn nearest<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if ORDINARY.contains(&typed) || PROSE.contains(&typed) {
        return None;
    }
    let slips = names.filter_map(|name| Some((slip(typed, name)?, name)));
    slips.min_by_key(|(slips, _)| *slips).map(|(_, name)| name)
}

/// How many slips of the hand make a name into what was typed; none when these are too many for one word.
fn slip(typed: &str, name: &str) -> Option<usize> {
    if typed == name {
        return Some(0);
    }
    if typed.strip_suffix('s') == Some(name) || name.strip_suffix('s') == Some(typed) {
        return Some(1);
    }
    let sorted = |word: &str| {
        let mut letters: Vec<char> = word.chars().collect();
        letters.sort_unstable();
        letters
    };
    let slips = strsim::osa_distance(typed, name);
    let same_letters = sorted(typed) == sorted(name);
    let (long, short) = (name.chars().count(), typed.chars().count());
    let most = match long.min(short) {
        // Short words are near many others: only letters that changed places are a slip there.
        _ if long <= 4 && !same_letters => 0,
        0..=3 if !same_letters => 0,
        0..=6 => 1,
        _ => 2,
    };
    let same_first = typed.chars().next() == name.chars().next();
    (slips <= most && (same_first || same_letters)).then_some(slips)
}
