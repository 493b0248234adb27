//! What a test reads from the fake GitHub.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::shape::state_word;
use super::state::{Spot, State};

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// GitHub's id.
    pub id: u64,
    /// The author's login.
    pub user: String,
    /// The present text.
    pub body: String,
    /// Every text it had, oldest first; the last is `body`.
    pub revisions: Vec<String>,
}

/// An issue or pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// GitHub's id, not the number.
    pub id: u64,
    /// The number in its repository.
    pub number: u64,
    /// The title.
    pub title: String,
    /// The text, when there is one.
    pub body: Option<String>,
    /// The author's login.
    pub user: String,
    /// "open" or "closed".
    pub state: String,
    /// "completed", "not_planned", "duplicate" or "reopened".
    pub state_reason: Option<String>,
    /// Label names.
    pub labels: Vec<String>,
    /// Logins.
    pub assignees: Vec<String>,
    /// Whether its conversation is locked.
    pub locked: bool,
    /// Whether it is a pull request.
    pub is_pull_request: bool,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// When it or its comments last changed.
    pub updated_at: DateTime<Utc>,
}

/// A call that reached the server, refused and dropped ones too.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The HTTP method.
    pub method: String,
    /// The path without the query.
    pub path: String,
    /// The query, decoded.
    pub query: BTreeMap<String, String>,
    /// The body; `Null` when there is none or it is not JSON.
    pub body: Value,
    /// The token it came with.
    pub token: Option<String>,
}

/// A webhook delivery.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// `X-GitHub-Delivery`.
    pub guid: String,
    /// `X-GitHub-Event`.
    pub event: String,
    /// The payload's `action`.
    pub action: String,
    /// How the last attempt was answered; none before the first, and when there was no answer in 10 s.
    pub status: Option<u16>,
    /// How every attempt was answered, in order.
    pub attempts: Vec<Option<u16>>,
    /// The body.
    pub payload: Value,
}

impl State {
    pub(super) fn comments_view(&self, spot: Spot) -> Vec<Comment> {
        let comments = self.issue(spot).comments.iter();
        let view = comments.map(|comment| Comment {
            id: comment.id,
            user: self.user(comment.author).login.clone(),
            body: comment.body().to_owned(),
            revisions: comment.revisions.clone(),
        });
        view.collect()
    }

    /// What an account wrote and nobody deleted: the titles of its issues, the texts of its comments, each with what it is.
    pub(super) fn written_by(&self, author: u64) -> Vec<(String, String)> {
        let issues = self.repos.iter().flat_map(|repo| repo.issues.values());
        let mut written = Vec::new();
        for issue in issues.filter(|issue| !issue.deleted) {
            if issue.author == author {
                written.push((format!("GitHub issue {}", issue.id), issue.title.clone()));
            }
            let comments = issue.comments.iter().filter(|comment| comment.author == author);
            written.extend(comments.map(|comment| {
                (
                    format!("GitHub comment {}", comment.id),
                    comment.body().to_owned(),
                )
            }));
        }
        written
    }

    pub(super) fn issue_view(&self, spot: Spot) -> Issue {
        let issue = self.issue(spot);
        Issue {
            id: issue.id,
            number: issue.number,
            title: issue.title.clone(),
            body: issue.body.clone(),
            user: self.user(issue.author).login.clone(),
            state: state_word(issue).to_owned(),
            state_reason: issue.state_reason.clone(),
            labels: issue.labels.clone(),
            assignees: issue
                .assignees
                .iter()
                .map(|id| self.user(*id).login.clone())
                .collect(),
            locked: issue.locked,
            is_pull_request: issue.pull.is_some(),
            created_at: issue.created_at,
            updated_at: issue.updated_at,
        }
    }
}
