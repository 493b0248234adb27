//! Effects: what a delivery is to bring about on the outside.

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

/// What a delivery brings about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// A message or comment at the delivery's place, edited in place as its text changes.
    Message {
        /// Slack's short-lived address (`response_url`: 5 uses, 30 minutes) for when we may not post at the place.
        response_url: Option<String>,
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
