//! One grammar for every surface: what can be typed after `/pm` in Slack, after the mention anywhere, and in the shell.
//!
//! The grammar is written once, here; its doc comments are the help. A line that does not parse is no command but a
//! sentence, and sentences go to the agent. Everything a command does works with no model configured.

mod general;
mod help;
mod schedules;
mod verbs;

#[cfg(test)]
mod tests;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Parser, Subcommand};

use crate::action::{Actions, ScheduleKey, Trouble};
use crate::domain::{Answer, Asker, PersonError};

pub use help::{help, overview};
pub use schedules::Change;
pub use verbs::verbs;

/// What I can do without a language model.
#[derive(Debug, Clone, PartialEq, Eq, Parser)]
#[command(
    name = "pm",
    no_binary_name = true,
    disable_help_flag = true,
    disable_help_subcommand = true
)]
#[command(disable_version_flag = true)]
pub enum Command {
    /// What I can do, or what one command does
    Help {
        /// A command, like status or schedule add
        #[arg(num_args = 0..=2)]
        command: Vec<String>,
    },
    /// How a project stands: its status, its open issues and pull requests
    Status {
        /// The project; left out for the one this place belongs to. Quote names of several words
        project: Option<String>,
    },
    /// The projects you may see
    Projects,
    /// A project's status posted by itself, at set times
    Schedule {
        /// What to do with schedules.
        #[command(subcommand)]
        command: Option<ScheduleCommand>,
    },
    /// End what I am working on for you here; in its thread the word alone does it too
    Stop,
    /// Whether every part of me works
    Health,
    /// Do what I found too old to do unasked
    #[command(hide = true)]
    Again {
        /// Which request; left out for the newest one here
        request: Option<uuid::Uuid>,
    },
    /// A line that can only be meant as a command, and is not written like one.
    #[command(skip)]
    Mistaken {
        /// Which command.
        command: &'static str,
        /// What is wrong.
        why: String,
    },
}

/// What can be done with schedules.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum ScheduleCommand {
    /// Post a project's status at set times
    #[command(after_help = "schedule add apollo \"0 9 * * mon-fri\" Europe/Berlin")]
    Add {
        /// The project; left out for the one this place belongs to
        project: Option<String>,
        /// The times as a cron expression (minute, hour, day of the month, month, weekday) or one of @hourly, @daily,
        /// @weekly, @monthly, @yearly; the time zone may follow
        when: Vec<String>,
        /// The time zone, like Europe/Berlin; UTC when none is named
        #[arg(long)]
        zone: Option<String>,
        /// Where to post: a channel of the project like #general, or an issue like #12; here when none is named
        #[arg(long)]
        place: Option<String>,
    },
    /// The schedules you may see, when each is due next and what became of the last time
    List {
        /// A project; left out for all
        project: Option<String>,
    },
    /// When digests are due next
    Next {
        /// A schedule by its number; left out for all
        number: Option<ScheduleKey>,
    },
    /// Remove a schedule
    Remove {
        /// Its number
        number: ScheduleKey,
    },
}

/// What a command comes to.
#[derive(Debug)]
pub enum Outcome {
    /// Words.
    Answer(Answer),
    /// A change that is decided and permitted, to be made in the transaction that commits its answer.
    Change(Box<Change>),
}

/// What `stop` says where it ends nothing.
pub const NOTHING_RUNS: &str = "Nothing is running here.";

impl Outcome {
    fn words(markdown: impl Into<String>) -> Self {
        Self::Answer(Answer::words(markdown))
    }
}

/// Typographic characters as the plain ones that people mean: phones and chats put them in by themselves.
fn plain(line: &str) -> String {
    line.chars()
        .map(|c| match c {
            '“' | '”' | '„' | '«' | '»' | '`' => '"',
            '‘' | '’' => '\'',
            '\u{A0}' | '\u{202F}' | '\u{2007}' => ' ',
            other => other,
        })
        .collect()
}

/// Stands for `#` while a line is split: shells take that for the beginning of a remark, and we for an issue or a channel.
const HASH: char = '\u{E000}';

/// The words of a line, quotes taken into account; none when a quote is not closed.
fn words(line: &str) -> Option<Vec<String>> {
    let words = shlex::split(&line.replace('#', &HASH.to_string()))?;
    Some(
        words
            .into_iter()
            .map(|word| option(word.replace(HASH, "#")))
            .collect(),
    )
}

/// `—zone`, as a chat makes it of `--zone`.
fn option(word: String) -> String {
    match word.strip_prefix(['—', '–']) {
        Some(name) if name.starts_with(|c: char| c.is_ascii_lowercase()) => format!("--{name}"),
        _ => word,
    }
}

impl Command {
    /// The command a line says; none when it is a sentence. Typographic quotes and spaces count as plain ones.
    pub fn parse(line: &str) -> Option<Self> {
        let line = plain(line);
        let line = line.trim().trim_end_matches(['?', '!', '.']);
        let Some(mut words) = words(line) else {
            let bare: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            let why = "a quote is not closed".to_owned();
            return meant(&bare).map(|command| Self::Mistaken { command, why });
        };
        let first = words.first_mut()?;
        *first = first.to_lowercase();
        let meant = meant(&words);
        match Self::try_parse_from(words) {
            // Two words after `help` are a sentence, unless they are a command.
            Ok(Self::Help { command }) if command.len() > 1 && help::find(&command).is_none() => None,
            Ok(command) => Some(command),
            Err(error) => meant.map(|command| Self::Mistaken {
                command,
                why: mistake(&error),
            }),
        }
    }
}

/// The command that a line can only be meant as, whatever else is wrong with it. `schedule a meeting with Bob` is a sentence.
fn meant(words: &[String]) -> Option<&'static str> {
    let [first, second, rest @ ..] = words else {
        return None;
    };
    if first.to_lowercase() != "schedule" {
        return None;
    }
    match second.as_str() {
        "add" => Some("schedule add"),
        "list" => Some("schedule list"),
        "next" => Some("schedule next"),
        "remove" => Some("schedule remove"),
        _ => rest.is_empty().then_some("schedule"),
    }
}

/// How a command is written: its help.
fn written(command: &str, prefix: &str) -> Result<String, PersonError> {
    let path: Vec<String> = command.split(' ').map(str::to_owned).collect();
    Ok(format!("It is written like this:\n\n{}", help(&path, prefix)?))
}

/// What is wrong with a line, in words.
fn mistake(error: &clap::Error) -> String {
    let argument = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(argument)) => argument.split(' ').next().unwrap_or_default(),
        _ => "",
    };
    match error.kind() {
        ErrorKind::UnknownArgument if !argument.starts_with('-') => {
            format!("I do not know what `{argument}` means there")
        }
        ErrorKind::UnknownArgument => format!("there is no option `{argument}`"),
        ErrorKind::InvalidSubcommand => "there is no such command".to_owned(),
        ErrorKind::MissingRequiredArgument => "something is missing after it".to_owned(),
        ErrorKind::ValueValidation => match std::error::Error::source(error) {
            Some(why) => why.to_string(),
            None => format!("`{argument}` has a value that does not fit"),
        },
        ErrorKind::InvalidValue => format!("a value is missing after `{argument}`"),
        ErrorKind::ArgumentConflict => format!("`{argument}` is there twice"),
        other => other.to_string(),
    }
}

/// Does what a command says, but for a change, which the caller makes.
///
/// # Errors
/// A sentence for the person, or a failure of the database.
pub async fn run(
    actions: &Actions,
    asker: &Asker,
    command: &Command,
    prefix: &str,
) -> Result<Outcome, Trouble> {
    match command {
        Command::Help { command } => Ok(Outcome::words(help(command, prefix)?)),
        Command::Status { project } => general::status(actions, asker, project.as_deref()).await,
        Command::Projects => general::projects(actions, asker).await,
        // Where a stop ends something, it does so before it would come to its turn as a command.
        Command::Stop => Ok(Outcome::words(NOTHING_RUNS)),
        // Only the desk makes requests; nothing that is said here gets this far.
        Command::Again { .. } => Err(PersonError::new(
            "I left it",
            "there is nothing here that waits for a word",
            "Ask for it once more",
        )
        .into()),
        Command::Health => general::health(actions).await,
        Command::Schedule { command: None } => Ok(Outcome::words(help(&["schedule".to_owned()], prefix)?)),
        Command::Schedule {
            command: Some(command),
        } => schedules::run(actions, asker, command).await,
        Command::Mistaken { command, why } => Err(PersonError::new(
            format!("I could not read this as `{command}`"),
            why,
            written(command, prefix)?,
        )
        .into()),
    }
}
