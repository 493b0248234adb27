//! Pull requests: what only they have, and a test's hands on it.

use chrono::{DateTime, Utc};

use super::places::IssueKnobs;

/// What only a pull request has.
#[derive(Clone, Default)]
pub(super) struct Pull {
    pub(super) head: String,
    pub(super) base: String,
    pub(super) merged_at: Option<DateTime<Utc>>,
    pub(super) draft: bool,
    pub(super) conflicts: bool,
    /// Whether somebody asked for it since it was made: GitHub finds out about conflicts only then.
    pub(super) looked_at: bool,
    /// Who shall review and has not yet, by user id.
    pub(super) requested: Vec<u64>,
    /// User id and state, in the order given.
    pub(super) reviews: Vec<(u64, String)>,
    /// Name, status and conclusion.
    pub(super) runs: Vec<(String, &'static str, Option<String>)>,
    /// Context and state.
    pub(super) statuses: Vec<(String, String)>,
}

impl IssueKnobs {
    /// Marks the pull request as a draft.
    pub fn draft(&self) -> &Self {
        self.pull(|pull| pull.draft = true)
    }

    /// Lets the pull request conflict with its base.
    pub fn conflicts(&self) -> &Self {
        self.pull(|pull| pull.conflicts = true)
    }

    /// Asks a user to review.
    pub fn asks_to_review(&self, login: &str) -> &Self {
        let user = self.user(login);
        self.pull(|pull| pull.requested.push(user))
    }

    /// Adds a review: "APPROVED", "CHANGES_REQUESTED", "COMMENTED" or "DISMISSED". Whoever reviewed is asked no more.
    pub fn reviewed(&self, login: &str, state: &str) -> &Self {
        let user = self.user(login);
        self.pull(|pull| {
            pull.requested.retain(|id| *id != user);
            pull.reviews.push((user, state.to_owned()));
        })
    }

    /// Adds a check run that has ended.
    pub fn checked(&self, name: &str, conclusion: &str) -> &Self {
        self.pull(|pull| {
            pull.runs
                .push((name.to_owned(), "completed", Some(conclusion.to_owned())))
        })
    }

    /// Adds a check run that still runs.
    pub fn checking(&self, name: &str) -> &Self {
        self.pull(|pull| pull.runs.push((name.to_owned(), "in_progress", None)))
    }

    /// Adds a commit status: "success", "failure", "error" or "pending".
    pub fn status(&self, context: &str, state: &str) -> &Self {
        self.pull(|pull| pull.statuses.push((context.to_owned(), state.to_owned())))
    }
}
