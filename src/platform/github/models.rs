//! What is read of GitHub's JSON: only the fields that are used, each as tolerant as its use allows, so that a field
//! GitHub adds or leaves out breaks nothing.

use chrono::{DateTime, SubsecRound, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::mark::{mark_in, without_marks};
use super::mention::visible;
use crate::domain::{IssueState, clean};

/// Our account.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Identity {
    /// Its login.
    pub login: String,
    /// Its immutable id.
    pub id: u64,
}

impl Identity {
    /// The name of the App whose account it is; none for a user's.
    pub fn slug(&self) -> Option<&str> {
        self.login.strip_suffix("[bot]")
    }
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its login.
    pub login: String,
    /// Its immutable id.
    pub id: u64,
    /// What kind it is, e.g. `User` or `Bot`.
    #[serde(rename = "type", default)]
    pub kind: Option<String>,
}

impl Account {
    /// Whether it is an App's or says so by its login.
    pub fn is_bot(&self) -> bool {
        self.kind.as_deref() == Some("Bot") || self.login.ends_with("[bot]")
    }

    /// The account that GitHub shows in place of a deleted one (<https://github.com/ghost>).
    pub(super) fn ghost() -> Self {
        Self {
            login: "ghost".to_owned(),
            id: 10_137,
            kind: None,
        }
    }
}

/// An issue or pull request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "WireIssue")]
pub struct Issue {
    /// Its number in the repository.
    pub number: u64,
    /// The title.
    pub title: String,
    /// The body as Markdown, without our mark; other hidden comments stand in it (see [`super::visible`]).
    pub body: String,
    /// The delivery that a mark in the body names, whoever wrote it.
    pub mark: Option<Uuid>,
    /// Whether it is open.
    pub state: IssueState,
    /// GitHub's own word on why it is closed or open: `completed`, `not_planned`, `duplicate`, `reopened`.
    pub state_reason: Option<String>,
    /// Labels by name.
    pub labels: Vec<String>,
    /// Assignees by login.
    pub assignees: Vec<String>,
    /// Who opened it.
    pub author: Account,
    /// Whether GitHub counts the author as belonging to the repository. A hint, and no right.
    pub insider: bool,
    /// The page people open.
    pub url: String,
    /// How many comments it has.
    pub comments: u64,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// When anything about it last changed.
    pub updated_at: DateTime<Utc>,
    /// When it was closed, if it is.
    pub closed_at: Option<DateTime<Utc>>,
    /// When its changes were taken over, if it is a pull request and they were.
    pub merged_at: Option<DateTime<Utc>>,
    /// Whether it is a pull request, which GitHub lists as an issue.
    pub is_pull_request: bool,
}

/// A comment on an issue or pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "WireComment")]
pub struct Comment {
    /// Its id, unique for the host.
    pub id: u64,
    /// Who wrote it.
    pub author: Account,
    /// Whether GitHub counts the author as belonging to the repository. A hint, and no right.
    pub insider: bool,
    /// The words as Markdown, without our mark and without hidden comments.
    pub text: String,
    /// The words as they stand there, without our mark only.
    pub body: String,
    /// The delivery that a mark names, whoever wrote it.
    pub mark: Option<Uuid>,
    /// The page people open.
    pub url: Option<String>,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// Which issues are wanted by their state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum StateFilter {
    /// The open ones.
    #[default]
    Open,
    /// The closed ones, for whatever reason.
    Closed,
    /// All.
    All,
}

/// Which issues are wanted; what is empty does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IssueFilter {
    /// By state.
    pub state: StateFilter,
    /// That carry all these labels.
    pub labels: Vec<String>,
    /// That are assigned to this login; `none` and `*` are nobody and anybody.
    pub assignee: Option<String>,
    /// The most that are returned; 1,000 at most.
    pub limit: usize,
}

/// The issues that fit a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueList {
    /// Those that changed last first.
    pub issues: Vec<Issue>,
    /// Whether there are, or may be, more.
    pub more: bool,
}

/// How much is open in a repository, counted in at most 1,000 entries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OpenCounts {
    /// Open issues.
    pub issues: usize,
    /// Open pull requests.
    pub pull_requests: usize,
    /// Whether counting ended at 1,000 with more to count.
    pub capped: bool,
}

/// <https://docs.github.com/en/rest/issues/issues#get-an-issue>
#[derive(Deserialize)]
struct WireIssue {
    number: u64,
    title: Option<String>,
    body: Option<String>,
    state: String,
    state_reason: Option<String>,
    #[serde(default)]
    labels: Vec<WireLabel>,
    assignees: Option<Vec<Account>>,
    user: Option<Account>,
    #[serde(default)]
    html_url: String,
    comments: Option<u64>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    closed_at: Option<DateTime<Utc>>,
    pull_request: Option<WirePullLink>,
    author_association: Option<String>,
}

/// What the list of issues says about a pull request.
#[derive(Default, Deserialize)]
#[serde(default)]
struct WirePullLink {
    merged_at: Option<DateTime<Utc>>,
}

/// A label, which GitHub writes in two ways.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum WireLabel {
    /// By its name.
    Name(String),
    /// With all that is known of it.
    Label {
        /// Its name.
        name: Option<String>,
    },
}

impl WireLabel {
    /// Its name.
    pub(super) fn name(self) -> Option<String> {
        let name = match self {
            Self::Name(name) => Some(name),
            Self::Label { name } => name,
        };
        name.map(|name| clean(&name))
    }
}

/// <https://docs.github.com/en/rest/issues/comments#get-an-issue-comment>
#[derive(Deserialize)]
struct WireComment {
    id: u64,
    user: Option<Account>,
    body: Option<String>,
    html_url: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    author_association: Option<String>,
}

/// Whether an association is one of those that may come with write access: an owner, a member of the owning organization, a
/// collaborator (<https://docs.github.com/en/graphql/reference/enums#commentauthorassociation>).
pub(super) fn is_insider(association: Option<&str>) -> bool {
    matches!(association, Some("OWNER" | "MEMBER" | "COLLABORATOR"))
}

impl From<WireIssue> for Issue {
    fn from(wire: WireIssue) -> Self {
        let body = clean(&wire.body.unwrap_or_default());
        let state = match (wire.state.as_str(), wire.state_reason.as_deref()) {
            ("closed", Some("not_planned")) => IssueState::NotPlanned,
            ("closed", _) => IssueState::Closed,
            _ => IssueState::Open,
        };
        Self {
            number: wire.number,
            title: clean(&wire.title.unwrap_or_default()),
            mark: mark_in(&body),
            body: without_marks(&body),
            state,
            state_reason: wire.state_reason,
            labels: wire.labels.into_iter().filter_map(WireLabel::name).collect(),
            assignees: wire
                .assignees
                .unwrap_or_default()
                .into_iter()
                .map(|user| user.login)
                .collect(),
            author: wire.user.unwrap_or_else(Account::ghost),
            insider: is_insider(wire.author_association.as_deref()),
            url: wire.html_url,
            comments: wire.comments.unwrap_or_default(),
            created_at: wire.created_at.trunc_subsecs(6),
            updated_at: wire.updated_at.trunc_subsecs(6),
            closed_at: wire.closed_at,
            merged_at: wire.pull_request.as_ref().and_then(|pull| pull.merged_at),
            is_pull_request: wire.pull_request.is_some(),
        }
    }
}

impl From<WireComment> for Comment {
    fn from(wire: WireComment) -> Self {
        let body = clean(&wire.body.unwrap_or_default());
        let unmarked = without_marks(&body);
        Self {
            id: wire.id,
            author: wire.user.unwrap_or_else(Account::ghost),
            insider: is_insider(wire.author_association.as_deref()),
            text: visible(&unmarked),
            mark: mark_in(&body),
            body: unmarked,
            url: wire.html_url,
            created_at: wire.created_at.trunc_subsecs(6),
            updated_at: wire.updated_at.trunc_subsecs(6),
        }
    }
}
