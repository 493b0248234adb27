//! The command grammar as data, for platforms that show people what can be typed.

/// A command, or a group of commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verb {
    /// The word that is typed.
    pub name: String,
    /// What it does, as a phrase without a full stop.
    pub about: String,
    /// What follows the word; empty for a group.
    pub arguments: Vec<Argument>,
    /// The commands of a group; empty for a command.
    pub verbs: Vec<Verb>,
}

/// What follows a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// What it is called.
    pub name: String,
    /// What it is, as a phrase without a full stop.
    pub about: String,
    /// Whether the command needs it.
    pub required: bool,
    /// The flag it is typed after (`--zone`); none when its position says what it is.
    pub flag: Option<String>,
    /// What it can be.
    pub kind: ArgumentKind,
}

/// What an argument can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArgumentKind {
    /// Any words.
    Text,
    /// A whole number from 1.
    Number,
    /// There or not; typed as its flag alone.
    Flag,
    /// One of these words.
    Choice(Vec<String>),
    /// The name of a project.
    Project,
    /// The number of a question that waits for an answer.
    Gate,
}

/// A value as one word of a command line.
pub fn quoted(value: &str) -> String {
    // Full-width letters that nothing quotes are read as the plain ones.
    let wide = |c: char| ('\u{FF01}'..='\u{FF5E}').contains(&c);
    let bare = |c: char| (c.is_alphanumeric() && !wide(c)) || matches!(c, '-' | '_' | '/' | '#');
    if !value.is_empty() && value.chars().all(bare) && !value.starts_with('-') {
        return value.to_owned();
    }
    in_quotes(value)
}

/// A value as one word of a command line that is never taken for anything else.
pub fn in_quotes(value: &str) -> String {
    let mut quoted = String::from("\"");
    for c in value.chars() {
        if matches!(c, '"' | '\\' | '$' | '`') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}
