//! One grammar for every surface: what can be typed after `/pm` in Slack, after the mention anywhere, and in the shell.
//!
//! The grammar is written once, here; its doc comments are the help. What is a command and what a sentence is decided in
//! [`reading`]; sentences go to the agent. Everything a command does works with no model configured.

mod budget;
mod gates;
mod general;
mod help;
mod issues;
mod line;
mod pages;
mod people;
mod policy;
mod projects;
mod pulls;
mod reading;
mod schedules;
mod search;
mod topics;
mod verbs;

#[cfg(test)]
mod tests;

use clap::Parser;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::action::{Actions, Change, Telling, Trouble};
use crate::domain::{Answer, Asker, PersonError, shorten};

pub use help::{help, overview};
pub use issues::IssueCommand;
pub use people::RoleCommand;
pub use projects::ProjectCommand;
pub use pulls::{PrCommand, State};
pub use reading::Call;
pub use schedules::ScheduleCommand;
pub use topics::TopicCommand;
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
    #[command(after_help = "help schedule add")]
    Help {
        /// A command, like status or schedule add
        #[arg(num_args = 0..=2)]
        command: Vec<String>,
    },
    /// How a project stands: its status, its open issues and pull requests
    #[command(after_help = "status \"Apollo Web\"")]
    Status {
        /// The project; left out for the one this place belongs to. Quote names of several words
        project: Option<String>,
    },
    /// The projects you may see
    #[command(after_help = "projects --page 2")]
    Projects {
        /// Which page of a long list
        #[arg(long, value_parser = pages::number, default_value = "1")]
        page: u32,
    },
    /// A project: make it, look at it, change it, or bind this place to it
    Project {
        /// What to do with projects.
        #[command(subcommand)]
        command: Option<ProjectCommand>,
    },
    /// Issues: read them, open them, change them
    Issue {
        /// What to do with issues.
        #[command(subcommand)]
        command: Option<IssueCommand>,
    },
    /// Pull requests: read them
    Pr {
        /// What to do with pull requests.
        #[command(subcommand)]
        command: Option<PrCommand>,
    },
    /// Issues, pull requests and messages with some words
    #[command(after_help = "search \"login fails\" --in issues")]
    Search(search::Asked),
    /// A project's status posted by itself, at set times
    Schedule {
        /// What to do with schedules.
        #[command(subcommand)]
        command: Option<ScheduleCommand>,
    },
    /// Agree to what I asked about
    #[command(after_help = "approve 7")]
    Approve {
        /// The question's number; left out for the only one here
        #[arg(value_parser = gates::number)]
        gate: Option<i64>,
        /// Why
        reason: Vec<String>,
    },
    /// Say no to what I asked about
    #[command(after_help = "reject 7 not before the release")]
    Reject {
        /// The question's number; left out for the only one here
        #[arg(value_parser = gates::number)]
        gate: Option<i64>,
        /// Why
        reason: Vec<String>,
    },
    /// The questions that wait for an answer
    #[command(after_help = "gates")]
    Gates {
        /// Which page of a long list
        #[arg(long, value_parser = pages::number, default_value = "1")]
        page: u32,
    },
    /// What this talk is about, so that I leave out what was said before
    Topic {
        /// What to do with topics.
        #[command(subcommand)]
        command: Option<TopicCommand>,
    },
    /// How an answer came about: what came in, the rights, each step, and what became of what was sent
    #[command(after_help = "why https://acme.slack.com/archives/C0123/p1712345678901200")]
    Why {
        /// A link to a message, or the id of a run; left out for the newest request here
        #[arg(value_parser = general::which)]
        which: Option<String>,
    },
    /// Which accounts are yours, and what you may do here, and why
    #[command(after_help = "whoami apollo")]
    Whoami {
        /// In which project; left out for the one this place belongs to
        project: Option<String>,
    },
    /// Prove that another account is yours, too
    #[command(after_help = "link account")]
    Link {
        /// The code that I showed to your other account; left out, or `account`, to be shown one
        code: Option<String>,
    },
    /// Make an account a person of its own again
    #[command(after_help = "unlink slack:T0123/U0456")]
    Unlink {
        /// The account as `whoami` names it; left out for this one
        account: Option<String>,
    },
    /// What people are in a project
    Role {
        /// What to do with roles.
        #[command(subcommand)]
        command: Option<RoleCommand>,
    },
    /// What a project asks its people about before it happens
    #[command(after_help = "policy apollo --gates all_writes")]
    Policy(policy::Asked),
    /// Own this Callsheet, with the code from its log
    #[command(after_help = "claim 7KQ2-M4XR")]
    Claim {
        /// The code
        code: String,
    },
    /// End what I am working on for you here; in its thread the word alone does it too
    #[command(after_help = "stop")]
    Stop,
    /// What you and a project have used of the language model, and how much may be
    #[command(after_help = "budget apollo")]
    Budget {
        /// The project; left out for the one this place belongs to
        project: Option<String>,
    },
    /// Whether every part of me works
    #[command(after_help = "health")]
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
        command: String,
        /// What is wrong.
        why: String,
    },
    /// A line that is short like a command and begins nearly like one.
    #[command(skip)]
    Unknown {
        /// What was typed in its place.
        typed: String,
        /// The nearest command.
        nearest: String,
    },
}

/// What a command comes to.
#[derive(Debug)]
pub enum Outcome {
    /// Words.
    Answer(Answer),
    /// Words that show what people without rights wrote, and whose they are.
    Foreign(Answer, String),
    /// A change that is decided and permitted, to be made in the transaction that commits its answer.
    Change(Box<Change>),
}

/// What `stop` says where it ends nothing.
pub const NOTHING_RUNS: &str = "Nothing is running here.";

impl Outcome {
    fn words(markdown: impl Into<String>) -> Self {
        Self::Answer(Answer::words(markdown))
    }

    /// Words that show whatever a telling met.
    fn told(answer: Answer, telling: &Telling<'_>) -> Self {
        match telling.strangers() {
            Some(strangers) => Self::Foreign(answer, strangers),
            None => Self::Answer(answer),
        }
    }

    fn foreign(markdown: impl Into<String>, by: &str) -> Self {
        Self::Foreign(Answer::words(markdown), by.to_owned())
    }
}

/// What ends a sentence, and is no part of a command's last word.
const ENDS: [char; 6] = ['?', '!', '.', '？', '！', '。'];

/// Whether a command keeps its last word as it is: people wrote it for others to read.
fn keeps_marks(words: &[String]) -> bool {
    let names: Vec<String> = words.iter().take(2).map(|word| word.to_lowercase()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    matches!(
        names.as_slice(),
        ["issue", "new" | "comment"] | ["project", "new" | "set"]
    )
}

impl Command {
    /// The command a line says at most, as [`Self::read`] reads what was given by a slash command.
    pub fn parse(line: &str) -> Option<Self> {
        Self::read(line, Call::Slash)
    }

    /// The command a line says; none when it is a sentence. See [`reading`]. What is a command by one call is the same one by
    /// every later one.
    pub fn read(line: &str, call: Call) -> Option<Self> {
        let bare: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let asks = line.trim_end().ends_with(['?', '？']);
        let line = if keeps_marks(&bare) {
            line.trim()
        } else {
            line.trim().trim_end_matches(ENDS)
        };
        let misused = |words: &[String], why: String| {
            let command = reading::misused(words, call, asks)?;
            Some(Self::Mistaken { command, why })
        };
        let is_sentence = |words: &[String]| {
            reading::is_prose(words) && reading::misused(words, Call::Name, asks).is_none()
        };
        // No model can answer a question, whatever words that is said in.
        let decides = |words: &[String]| {
            call == Call::Slash && matches!(words.first().map(String::as_str), Some("approve" | "reject"))
        };
        let Some(mut words) = line::words(line) else {
            let why = "a quote is not closed".to_owned();
            return match reading::meant(&bare) {
                Some(command) => Some(Self::Mistaken { command, why }),
                None => misused(&bare, why),
            };
        };
        let first = words.first_mut()?;
        *first = first.to_lowercase();
        let error = match Self::try_parse_from(&words) {
            Ok(command) if !command.is_sentence(&words) => return Some(command),
            // They change nothing, whatever they look for.
            Ok(command @ (Self::Help { .. } | Self::Search(_))) if call == Call::Slash => {
                return Some(command);
            }
            Ok(_) if is_sentence(&words) && !decides(&words) => return None,
            Ok(_) => return misused(&words, not_known_there(&words[1])),
            Err(error) => error,
        };
        if let Some(command) = reading::meant(&words) {
            let why = mistake(&error);
            return Some(Self::Mistaken { command, why });
        }
        // In a talk that goes on, people make slips in sentences, too.
        if let Some((typed, nearest)) = reading::unknown(&words).filter(|_| call >= Call::Name) {
            return Some(Self::Unknown { typed, nearest });
        }
        if is_sentence(&words) && !decides(&words) {
            return None;
        }
        misused(&words, mistake(&error))
    }

    /// Whether what parses is a sentence all the same.
    fn is_sentence(&self, words: &[String]) -> bool {
        match self {
            // Two words after `help` are a sentence, unless they begin like a command.
            Self::Help { command } => {
                let names: Vec<String> = help::names(command);
                names.len() > 1 && (help::find(&names[..1]).is_none() || reading::is_prose(words))
            }
            Self::Search(_)
            | Self::Issue { .. }
            | Self::Project { .. }
            | Self::Pr { .. }
            | Self::Policy(_)
            | Self::Whoami { .. }
            | Self::Link { .. }
            | Self::Claim { .. } => reading::is_prose(words),
            // `role grant me member`, `unlink me`: whoever asks is meant by that.
            _ => false,
        }
    }
}

/// How a command is written: its help.
fn written(command: &str, prefix: &str) -> Result<String, PersonError> {
    let path: Vec<String> = command.split(' ').map(str::to_owned).collect();
    Ok(format!("It is written like this:\n\n{}", help(&path, prefix)?))
}

fn not_known_there(word: &str) -> String {
    format!("I do not know what `{word}` means there; what has several words is quoted")
}

/// What is wrong with a line, in words.
fn mistake(error: &clap::Error) -> String {
    let argument = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(argument)) => named(argument.split(' ').next().unwrap_or_default()),
        _ => String::new(),
    };
    let argument = argument.as_str();
    match error.kind() {
        ErrorKind::UnknownArgument if !argument.starts_with('-') => not_known_there(argument),
        ErrorKind::UnknownArgument => format!("there is no option `{argument}`"),
        ErrorKind::InvalidSubcommand => "there is no such command".to_owned(),
        ErrorKind::MissingRequiredArgument => "something is missing after it".to_owned(),
        ErrorKind::ValueValidation => match std::error::Error::source(error) {
            Some(why) => why.to_string(),
            None => format!("`{argument}` has a value that does not fit"),
        },
        ErrorKind::InvalidValue => invalid(error, argument),
        ErrorKind::ArgumentConflict => format!("`{argument}` is there twice"),
        other => other.to_string(),
    }
}

/// An argument as the help names it: clap writes `<ROLE>` for `role`.
fn named(argument: &str) -> String {
    match argument.strip_prefix(['<', '[']) {
        Some(rest) => rest.trim_end_matches(['.', '>', ']']).to_lowercase(),
        None => argument.to_owned(),
    }
}

/// What is wrong with a value: it is missing, or not among those there are.
fn invalid(error: &clap::Error, argument: &str) -> String {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(list)) => list.join(", "),
        _ => String::new(),
    };
    let value = text(ContextKind::InvalidValue);
    if value.is_empty() {
        return format!("a value is missing after `{argument}`");
    }
    let values = text(ContextKind::ValidValue);
    format!(
        "`{argument}` cannot be `{}`, only one of {values}",
        shorten(&value, 40)
    )
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
    let about = |group: &str| Ok(Outcome::words(help(&[group.to_owned()], prefix)?));
    match command {
        Command::Help { command } => Ok(Outcome::words(help(&help::names(command), prefix)?)),
        Command::Status { project } => general::status(actions, asker, project.as_deref()).await,
        Command::Projects { page } => projects::list(actions, asker, *page).await,
        Command::Project { command: None } => about("project"),
        Command::Project {
            command: Some(command),
        } => projects::run(actions, asker, command).await,
        Command::Issue { command: None } => about("issue"),
        Command::Issue {
            command: Some(command),
        } => issues::run(actions, asker, command).await,
        Command::Pr { command: None } => about("pr"),
        Command::Pr {
            command: Some(command),
        } => pulls::run(actions, asker, command).await,
        Command::Search(asked) => search::run(actions, asker, asked).await,
        // Where a stop ends something, it does so before it would come to its turn as a command.
        Command::Stop => Ok(Outcome::words(NOTHING_RUNS)),
        // Only the desk makes requests; nothing that is said here gets this far.
        Command::Again { .. } => Err(PersonError::new(
            "I left it",
            "there is nothing here that waits for a word",
            "Ask for it once more",
        )
        .into()),
        Command::Budget { project } => budget::budget(actions, asker, project.as_deref()).await,
        Command::Gates { page } => gates::list(actions, asker, *page).await,
        Command::Topic { command: None } => about("topic"),
        Command::Topic {
            command: Some(command),
        } => topics::topic(actions, asker, command).await,
        Command::Why { which } => general::why(actions, asker, which.as_deref()).await,
        Command::Whoami { project } => people::whoami(actions, asker, project.as_deref()).await,
        Command::Link { code } => Ok(people::link(code.as_deref())),
        Command::Unlink { account } => people::unlink(account.as_deref()),
        Command::Role { command: None } => about("role"),
        Command::Role {
            command: Some(command),
        } => people::role(actions, asker, command).await,
        Command::Policy(asked) => policy::policy(actions, asker, asked).await,
        Command::Claim { code } => Ok(Outcome::Change(Box::new(Change::Claim { code: code.clone() }))),
        // Only the desk takes answers; an answer that gets this far names no question.
        Command::Approve { .. } | Command::Reject { .. } => Err(names_no_question().into()),
        Command::Health => general::health(actions, asker).await,
        Command::Schedule { command: None } => about("schedule"),
        Command::Schedule {
            command: Some(command),
        } => schedules::run(actions, asker, command).await,
        Command::Mistaken { command, why } => Err(PersonError::new(
            format!("I could not read this as `{command}`"),
            why,
            written(command, prefix)?,
        )
        .into()),
        Command::Unknown { typed, nearest } => Err(help::no_command(typed, Some(nearest), prefix).into()),
    }
}

fn names_no_question() -> PersonError {
    PersonError::new(
        "I did not count your answer",
        "it names no question",
        "Write `approve` or `reject` with the question's number, like `approve 7`",
    )
}
