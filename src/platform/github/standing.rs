//! What of GitHub we do not hear, for the health report.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use crate::domain::Repository;
use crate::engine::health::{Part, State};

/// How many repositories the report names.
const SHOWN: usize = 3;

/// What cannot be read or asked for.
#[derive(Default)]
pub(super) struct Standing(Mutex<Known>);

/// Behind [`Standing`]'s lock.
#[derive(Default)]
struct Known {
    /// Repositories whose comments and issues cannot be read, and why.
    unread: BTreeMap<Repository, String>,
    /// Repositories whose failed webhooks cannot be asked for again.
    closed: BTreeSet<Repository>,
}

impl Standing {
    fn change(&self, change: impl FnOnce(&mut Known)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// A repository could be read, or could not and why.
    pub(super) fn readable(&self, repository: &Repository, trouble: Option<String>) {
        self.change(|known| match trouble {
            Some(why) => drop(known.unread.insert(repository.clone(), why)),
            None => drop(known.unread.remove(repository)),
        });
    }

    /// Whether a repository's failed webhooks can be asked for again.
    pub(super) fn has_hooks(&self, repository: &Repository, open: bool) {
        self.change(|known| {
            if open {
                known.closed.remove(repository);
            } else {
                known.closed.insert(repository.clone());
            }
        });
    }

    /// Leaves out what belongs to no project any more.
    pub(super) fn keep(&self, repositories: &[Repository]) {
        self.change(|known| {
            known.unread.retain(|one, _| repositories.contains(one));
            known.closed.retain(|one| repositories.contains(one));
        });
    }

    /// What is to be said, if anything. Missing rights to webhooks are a hint and no trouble: everything is read all the same.
    pub(super) fn report(&self) -> Option<Part> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut lines: Vec<String> = known
            .unread
            .iter()
            .take(SHOWN)
            .map(|(repository, why)| {
                format!("{repository} cannot be read for what webhooks did not tell: {why}")
            })
            .collect();
        if !known.closed.is_empty() {
            let names: Vec<String> = known
                .closed
                .iter()
                .take(SHOWN)
                .map(Repository::to_string)
                .collect();
            let more = if known.closed.len() > SHOWN {
                " and others"
            } else {
                ""
            };
            lines.push(format!(
                "failed webhooks of {}{more} are not asked for again, since that takes admin rights there; comments and \
                 issues are read every 10 minutes all the same",
                names.join(", ")
            ));
        }
        let state = if known.unread.is_empty() {
            State::Ok
        } else {
            State::Degraded
        };
        (!lines.is_empty()).then(|| Part {
            state,
            detail: lines.join("; "),
            names: known
                .unread
                .keys()
                .chain(&known.closed)
                .map(Repository::to_string)
                .collect(),
        })
    }
}
