//! Effects: what a delivery is to bring about on the outside.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{IssueRef, Repository};

/// A value before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What stood there when the change was decided; the send is refused when it no longer does.
    pub from: String,
    /// What shall stand there.
    pub to: String,
}

/// A new issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewIssue {
    /// Where.
    pub repository: Repository,
    /// Its title.
    pub title: String,
    /// Its body, as Markdown; our mark is added when it is sent.
    pub body: String,
    /// Labels by name.
    pub labels: Vec<String>,
    /// Assignees by login.
    pub assignees: Vec<String>,
}

/// What shall change about an issue; what is empty stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssueChange {
    /// The title.
    pub title: Option<Change>,
    /// The body.
    pub body: Option<Change>,
    /// Open or closed.
    pub state: Option<IssueState>,
    /// Labels that shall be there.
    pub add_labels: Vec<String>,
    /// Labels that shall not be there.
    pub remove_labels: Vec<String>,
    /// Logins that shall be assigned.
    pub add_assignees: Vec<String>,
    /// Logins that shall not be assigned.
    pub remove_assignees: Vec<String>,
}

impl IssueChange {
    /// Whether it writes words that were not there.
    pub fn writes_words(&self) -> bool {
        self.title.is_some() || self.body.is_some() || !self.add_labels.is_empty()
    }
}

/// Whether an issue is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IssueState {
    /// Still to be done.
    Open,
    /// Done.
    Closed,
    /// Closed as not planned.
    NotPlanned,
}

/// How a platform ties an answer to what it answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Reply {
    /// Slack's short-lived address (`response_url`: 5 uses, 30 minutes) for when we may not post at the place.
    ResponseUrl {
        /// The address.
        url: String,
    },
    /// A Discord interaction that was deferred: its answer replaces the "thinking" that people see.
    Interaction {
        /// The application it belongs to.
        application: String,
        /// What allows to answer it.
        token: String,
        /// Until when the token is used.
        until: DateTime<Utc>,
        /// Whether the interaction has its answer already, and this is a message more.
        #[serde(default)]
        further: bool,
    },
    /// A Discord message that the answer is shown as a reply to.
    Message {
        /// Its id.
        id: String,
    },
}

impl Reply {
    /// What ties a further message to the same question: an interaction lets it through where the bot may not write; one
    /// message shown as a reply says enough.
    pub fn further(&self) -> Option<Self> {
        let mut tie = self.clone();
        match &mut tie {
            Self::ResponseUrl { .. } => {}
            Self::Interaction { further, .. } => *further = true,
            Self::Message { .. } => return None,
        }
        Some(tie)
    }
}

/// Something to press: it gives a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// The words on it; 75 characters at most (Slack), 80 (Discord).
    pub label: String,
    /// The command it gives, without the prefix, in the name of whoever presses; 90 bytes at most, since Discord keeps 100
    /// characters for a component's id.
    pub command: String,
}

impl Button {
    /// The most bytes of a command.
    pub const LONGEST: usize = 90;

    /// A button; none when the command is too long for one.
    pub fn new(label: impl Into<String>, command: impl Into<String>) -> Option<Self> {
        let (label, command) = (label.into(), command.into());
        (command.len() <= Self::LONGEST).then_some(Self { label, command })
    }
}

/// What somebody is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The words, as Markdown.
    pub markdown: String,
    /// What can be pressed under them, where the platform has buttons.
    pub buttons: Vec<Button>,
}

impl Answer {
    /// Words with nothing to press.
    pub fn words(markdown: impl Into<String>) -> Self {
        Self {
            markdown: markdown.into(),
            buttons: Vec::new(),
        }
    }
}

/// What a delivery brings about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// A message or comment at the delivery's place, edited in place as its text changes.
    Message {
        /// What it answers, when the platform ties answers to questions.
        reply: Option<Reply>,
        /// What can be pressed under it, where the platform has buttons.
        #[serde(default)]
        buttons: Vec<Button>,
    },
    /// A new issue.
    CreateIssue(NewIssue),
    /// A changed issue.
    UpdateIssue {
        /// Which.
        issue: IssueRef,
        /// How.
        change: IssueChange,
    },
}
