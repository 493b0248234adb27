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
}
