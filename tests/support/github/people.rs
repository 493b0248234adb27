//! People at work on GitHub's own pages; what they do sends webhooks. What the page would not let them do
//! panics, since the story is then wrong.

use std::sync::Arc;

use super::change::Draft;
use super::state::{Role, Spot, State};
use super::{Core, spot};

/// A user.
#[derive(Clone)]
pub struct Person {
    core: Arc<Core>,
    id: u64,
}

impl Person {
    pub(super) fn new(core: Arc<Core>, id: u64) -> Self {
        Self { core, id }
    }

    /// GitHub's id of the user.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Makes the account one of type "Bot".
    pub fn is_bot(&self) -> &Self {
        self.core.with(|state| {
            let user = state.users.iter_mut().find(|user| user.id == self.id).unwrap();
            user.kind = "Bot";
            state.touch();
        });
        self
    }

    /// Renames the account; its id stays.
    pub fn renames_to(&self, login: &str) -> &Self {
        self.core.with(|state| {
            let user = state.users.iter_mut().find(|user| user.id == self.id).unwrap();
            user.login = login.to_owned();
            state.touch();
        });
        self
    }

    /// Gives the user a role ("none", "read", "triage", "write", "maintain", "admin") on a repository, made
    /// when there is none.
    pub fn may(&self, role: &str, repo: &str) -> &Self {
        self.core.with(|state| {
            let repo = state.ensure_repo(repo);
            state.repos[repo].roles.insert(self.id, Role::named(role));
            state.touch();
        });
        self
    }

    /// Opens an issue and tells its number.
    pub fn opens(&self, repo: &str, title: &str, body: &str) -> u64 {
        self.core.with(|state| {
            let repo = state.repo_named(repo);
            self.must(state, repo, Role::Read);
            let body = (!body.is_empty()).then(|| body.to_owned());
            state
                .open_issue(
                    self.id,
                    repo,
                    Draft {
                        title: title.to_owned(),
                        body,
                        ..Draft::default()
                    },
                )
                .number
        })
    }

    /// Edits an issue's title and text.
    pub fn edits_issue(&self, repo: &str, number: u64, title: &str, body: &str) {
        let (title, body) = (title.to_owned(), body.to_owned());
        self.at(repo, number, |state, spot| {
            state.edit_issue(self.id, spot, Some(title), Some(Some(body)))
        });
    }

    /// Closes an issue as "completed".
    pub fn closes(&self, repo: &str, number: u64) {
        self.at(repo, number, |state, spot| {
            state.set_open(self.id, spot, false, None)
        });
    }

    /// Closes an issue as "not_planned".
    pub fn closes_as_not_planned(&self, repo: &str, number: u64) {
        self.at(repo, number, |state, spot| {
            state.set_open(self.id, spot, false, Some("not_planned"))
        });
    }

    /// Opens a closed issue again.
    pub fn reopens(&self, repo: &str, number: u64) {
        self.at(repo, number, |state, spot| {
            state.set_open(self.id, spot, true, None)
        });
    }

    /// Adds labels to an issue.
    pub fn labels(&self, repo: &str, number: u64, names: &[&str]) {
        self.at(repo, number, |state, spot| {
            names.iter().for_each(|name| state.add_label(self.id, spot, name))
        });
    }

    /// Takes a label off an issue.
    pub fn unlabels(&self, repo: &str, number: u64, name: &str) {
        self.at(repo, number, |state, spot| {
            assert!(state.remove_label(self.id, spot, name), "no label {name}")
        });
    }

    /// Assigns an issue to a user.
    pub fn assigns(&self, repo: &str, number: u64, login: &str) {
        self.at(repo, number, |state, spot| {
            let user = state.ensure_user(login, "User").id;
            state.assign(self.id, spot, user);
        });
    }

    /// Takes a user off an issue.
    pub fn unassigns(&self, repo: &str, number: u64, login: &str) {
        self.at(repo, number, |state, spot| {
            let user = state.ensure_user(login, "User").id;
            state.unassign(self.id, spot, user);
        });
    }

    /// Locks an issue's conversation.
    pub fn locks(&self, repo: &str, number: u64) {
        self.at(repo, number, |state, spot| state.set_locked(self.id, spot, true));
    }

    /// Unlocks an issue's conversation.
    pub fn unlocks(&self, repo: &str, number: u64) {
        self.at(repo, number, |state, spot| state.set_locked(self.id, spot, false));
    }

    /// Deletes an issue, as an administrator can.
    pub fn deletes_issue(&self, repo: &str, number: u64) {
        self.at(repo, number, |state, spot| state.delete_issue(self.id, spot));
    }

    /// Comments on an issue or pull request and tells the comment's id.
    pub fn comments(&self, repo: &str, number: u64, body: &str) -> u64 {
        self.core.with(|state| {
            let spot = spot(state, repo, number);
            self.must(state, spot.repo, Role::Read);
            if state.issue(spot).locked {
                self.must(state, spot.repo, Role::Write);
            }
            state.comment(self.id, spot, body).id
        })
    }

    /// Edits a comment, their own or (as a writer) another's.
    pub fn edits_comment(&self, id: u64, body: &str) {
        self.on_comment(id, |state, spot| {
            drop(state.edit_comment(self.id, spot, id, body))
        });
    }

    /// Deletes a comment, their own or (as a writer) another's.
    pub fn deletes_comment(&self, id: u64) {
        self.on_comment(id, |state, spot| state.delete_comment(self.id, spot, id));
    }

    fn at<R>(&self, repo: &str, number: u64, work: impl FnOnce(&mut State, Spot) -> R) -> R {
        self.core.with(|state| {
            let spot = spot(state, repo, number);
            self.must(state, spot.repo, Role::Read);
            work(state, spot)
        })
    }

    fn on_comment(&self, id: u64, work: impl FnOnce(&mut State, Spot)) {
        self.core.with(|state| {
            let (spot, comment) = state
                .find_comment(id)
                .unwrap_or_else(|| panic!("no such comment: {id}"));
            let own = comment.author == self.id;
            self.must(state, spot.repo, if own { Role::Read } else { Role::Write });
            work(state, spot);
        });
    }

    fn must(&self, state: &State, repo: usize, role: Role) {
        let repo = &state.repos[repo];
        let login = &state.user(self.id).login;
        assert!(
            !repo.archived,
            "{} is archived; {login} can change nothing",
            repo.full_name()
        );
        let has = repo.role(self.id);
        assert!(
            has >= role,
            "{login} has {has:?} on {}, and this needs {role:?}",
            repo.full_name()
        );
    }
}
