//! A test's hands on repositories and issues: how the world is before the story, and what befalls it.

use std::sync::Arc;

use super::Core;
use super::change::Draft;
use super::pulls::Pull;
use super::state::{Repo, Spot};

/// The author of what was there before the story.
const EARLIER_AUTHOR: &str = "octocat";

/// A repository's knobs; each gives itself back for the next.
#[derive(Clone)]
pub struct RepoKnobs {
    core: Arc<Core>,
    repo: usize,
}

impl RepoKnobs {
    pub(super) fn new(core: Arc<Core>, repo: usize) -> Self {
        Self { core, repo }
    }

    /// GitHub's id of the repository.
    pub fn id(&self) -> u64 {
        self.core.with(|state| state.repos[self.repo].id)
    }

    /// Hides it from everybody without a role.
    pub fn private(&self) -> &Self {
        self.set(|repo| repo.private = true)
    }

    /// Makes it read-only: changes are answered with 403.
    pub fn archive(&self) -> &Self {
        self.set(|repo| repo.archived = true)
    }

    /// Undoes [`RepoKnobs::archive`].
    pub fn unarchive(&self) -> &Self {
        self.set(|repo| repo.archived = false)
    }

    /// Turns the issue tracker off: its calls are answered with 410.
    pub fn disable_issues(&self) -> &Self {
        self.set(|repo| repo.issues_on = false)
    }

    /// Undoes [`RepoKnobs::disable_issues`].
    pub fn enable_issues(&self) -> &Self {
        self.set(|repo| repo.issues_on = true)
    }

    /// Renames it; the old name is unknown afterwards (the real one redirects for a while).
    pub fn rename(&self, name: &str) -> &Self {
        self.set(|repo| repo.name = name.to_owned())
    }

    /// Makes a label.
    pub fn label(&self, name: &str) -> &Self {
        self.core.with(|state| state.ensure_label(self.repo, name));
        self
    }

    fn set(&self, change: impl FnOnce(&mut Repo)) -> &Self {
        self.core.with(|state| {
            change(&mut state.repos[self.repo]);
            state.touch();
        });
        self
    }
}

/// An issue's or pull request's knobs; each gives itself back for the next. None sends a webhook.
#[derive(Clone)]
pub struct IssueKnobs {
    core: Arc<Core>,
    spot: Spot,
}

impl IssueKnobs {
    /// The number in its repository.
    pub fn number(&self) -> u64 {
        self.spot.number
    }

    /// Sets who opened it.
    pub fn opened_by(&self, login: &str) -> &Self {
        self.core.with(|state| {
            let author = state.ensure_user(login, "User").id;
            state.issue_mut(self.spot).author = author;
            state.touch();
        });
        self
    }

    /// Gives it labels, made when there are none of that name.
    pub fn labelled(&self, names: &[&str]) -> &Self {
        self.core.with(|state| {
            for name in names {
                let label = state.ensure_label(self.spot.repo, name);
                state.issue_mut(self.spot).labels.push(label.name);
            }
            state.touch();
        });
        self
    }

    /// Assigns it.
    pub fn assigned_to(&self, login: &str) -> &Self {
        self.core.with(|state| {
            let user = state.ensure_user(login, "User").id;
            state.issue_mut(self.spot).assignees.push(user);
            state.touch();
        });
        self
    }

    /// Closes it as "completed".
    pub fn closed(&self) -> &Self {
        self.core.with(|state| {
            let now = state.now;
            let issue = state.issue_mut(self.spot);
            issue.open = false;
            issue.closed_at = Some(now);
            issue.state_reason = Some("completed".to_owned());
            state.touch();
        });
        self
    }

    /// Marks the pull request as merged, and so closed.
    pub fn merged(&self) -> &Self {
        self.closed();
        self.core.with(|state| {
            let now = state.now;
            state
                .issue_mut(self.spot)
                .pull
                .as_mut()
                .expect("a pull request")
                .merged_at = Some(now);
        });
        self
    }

    /// Locks the conversation: the API's comments are answered with 403.
    pub fn lock(&self) -> &Self {
        self.set_locked(true)
    }

    /// Undoes [`IssueKnobs::lock`].
    pub fn unlock(&self) -> &Self {
        self.set_locked(false)
    }

    /// Deletes it: its calls are answered with 410.
    pub fn delete(&self) {
        self.core.with(|state| {
            let issue = state.issue_mut(self.spot);
            issue.deleted = true;
            issue.comments.clear();
            state.touch();
        });
    }

    /// The user of that login, made when there is none.
    pub(super) fn user(&self, login: &str) -> u64 {
        self.core.with(|state| state.ensure_user(login, "User").id)
    }

    /// Changes what only a pull request has.
    pub(super) fn pull(&self, change: impl FnOnce(&mut Pull)) -> &Self {
        self.core.with(|state| {
            change(state.issue_mut(self.spot).pull.as_mut().expect("a pull request"));
            state.touch();
        });
        self
    }

    fn set_locked(&self, locked: bool) -> &Self {
        self.core.with(|state| {
            state.issue_mut(self.spot).locked = locked;
            state.touch();
        });
        self
    }
}

pub(super) fn place(
    core: &Arc<Core>,
    repo: &str,
    number: u64,
    title: &str,
    body: &str,
    head: Option<&str>,
) -> IssueKnobs {
    let spot = core.with(|state| {
        let author = state.ensure_user(EARLIER_AUTHOR, "User").id;
        let spot = Spot {
            repo: state.ensure_repo(repo),
            number,
        };
        let pull = head.map(|head| Pull {
            head: head.to_owned(),
            base: "main".to_owned(),
            ..Pull::default()
        });
        let body = (!body.is_empty()).then(|| body.to_owned());
        state.place_issue(
            author,
            spot,
            Draft {
                title: title.to_owned(),
                body,
                pull,
                ..Draft::default()
            },
        );
        spot
    });
    IssueKnobs {
        core: Arc::clone(core),
        spot,
    }
}
