//! Catching up: at the start and every ten minutes, failed webhooks are asked for again, and what no webhook told is read.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use super::client::GitHub;
use super::errors::GitHubError;
use super::reconcile::List;
use super::standing::Standing;
use super::watch::Hooks;
use super::webhook::Context;
use crate::domain::Repository;
use crate::engine::Engine;
use crate::engine::activity::Working;
use crate::engine::clock::later;
use crate::store::StoreError;
use crate::store::cursors::{self, Cursor};

/// How often everything is looked at. What GitHub confirms as unchanged costs no call of the hour's.
pub(super) const EVERY: Duration = Duration::from_secs(600);
/// How soon after a look that was cut short.
const SOON: Duration = Duration::from_secs(60);
/// How much earlier than [`EVERY`] another process may have looked, so that two do not miss each other's turns.
const SLACK: TimeDelta = TimeDelta::seconds(30);

/// Why a look was cut short.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// GitHub gave no answer, or a "no".
    #[error("{}", .0.why())]
    GitHub(GitHubError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<GitHubError> for Trouble {
    fn from(error: GitHubError) -> Self {
        Self::GitHub(error)
    }
}

impl Trouble {
    /// Whether it concerns one repository and lasts until a person does something about it.
    fn lasts(&self) -> Option<&GitHubError> {
        match self {
            Self::GitHub(error) if error.is_no() || error.is_shut_out() => Some(error),
            _ => None,
        }
    }
}

/// Catches up with the repositories of projects.
pub(super) struct CatchUp {
    /// GitHub.
    pub(super) github: GitHub,
    /// The engine.
    pub(super) engine: Engine,
    /// The webhooks that come to us.
    pub(super) hooks: Hooks,
    /// What cannot be read.
    pub(super) standing: Arc<Standing>,
}

impl CatchUp {
    /// Looks now, and again and again until `stop`.
    pub(super) async fn run(&self, stop: &CancellationToken) {
        // Whoever starts has a gap behind it, whatever others looked at meanwhile.
        let mut before = None;
        loop {
            let next = tokio::select! {
                () = stop.cancelled() => return,
                next = self.look(before) => next,
            };
            let now = self.engine.clock.now();
            let wait = match next {
                Ok(()) => EVERY,
                Err(Trouble::GitHub(GitHubError::RateLimited { retry_at })) => {
                    (retry_at - now).to_std().unwrap_or(SOON).clamp(SOON, EVERY)
                }
                Err(_) => SOON,
            };
            before = matches!(next, Ok(())).then_some(EVERY);
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.engine.clock.deadline(later(now, wait)) => {}
            }
        }
    }

    /// One look at everything; a repository that another process looked at within `within` is left to it.
    async fn look(&self, within: Option<Duration>) -> Result<(), Trouble> {
        let _working = Working::begin(&self.engine.activity);
        let looked = self.look_at_all(within).await;
        match &looked {
            Err(Trouble::Store(error)) => {
                crate::telemetry::report(error, "what GitHub's webhooks did not tell could not be read");
            }
            Err(trouble) => tracing::warn!(%trouble, "what GitHub's webhooks did not tell is read later"),
            Ok(()) => {}
        }
        looked
    }

    async fn look_at_all(&self, within: Option<Duration>) -> Result<(), Trouble> {
        let Some(context) = self.github.known_context() else {
            return Ok(());
        };
        let cursors = self.cursors().await?;
        let repositories: Vec<Repository> = cursors.iter().map(|one| one.repository.clone()).collect();
        self.standing.keep(&repositories);
        self.redeliver_for_app(&cursors).await?;
        let mut cut_short = Ok(());
        for cursor in &cursors {
            if self.claim(cursor, within).await? {
                match self.look_at(cursor, &context).await {
                    Ok(()) => self.standing.readable(&cursor.repository, None),
                    Err(trouble) => match trouble.lasts() {
                        Some(error) => {
                            let why = format!("{}. {}", error.why(), error.next());
                            self.standing.readable(&cursor.repository, Some(why));
                        }
                        // A repository may be at fault for a 5xx too: the others have their turn.
                        None if matches!(trouble, Trouble::GitHub(GitHubError::RateLimited { .. })) => {
                            return Err(trouble);
                        }
                        None => cut_short = Err(trouble),
                    },
                }
            }
        }
        cut_short
    }

    async fn look_at(&self, cursor: &Cursor, context: &Context) -> Result<(), Trouble> {
        self.redeliver(cursor).await?;
        self.reconcile(List::Comments, cursor, context).await?;
        match self.reconcile(List::Issues, cursor, context).await {
            // Issues are switched off; pull requests have comments all the same.
            Err(Trouble::GitHub(GitHubError::Gone(_))) => Ok(()),
            read => read,
        }
    }

    /// The cursors of what was known before; what is new to us begins now, and nothing of it is read yet.
    async fn cursors(&self) -> Result<Vec<Cursor>, StoreError> {
        let mut tx = self.engine.db.read().await?;
        let mut known = cursors::all(&mut tx).await?;
        let behind = cursors::are_behind(&mut tx).await?;
        drop(tx);
        if behind {
            let mut tx = self.engine.db.begin().await?;
            cursors::follow_projects(&mut tx, self.engine.clock.now()).await?;
            cursors::forget_redeliveries(&mut tx, self.engine.clock.now() - super::hooks::KEPT).await?;
            let now_there = cursors::all(&mut tx).await?;
            tx.commit("repositories").await?;
            known.retain(|one| now_there.iter().any(|other| other.repository == one.repository));
        }
        known.retain(|one| one.repository.host() == self.github.host());
        Ok(known)
    }

    async fn claim(&self, cursor: &Cursor, within: Option<Duration>) -> Result<bool, StoreError> {
        let now = self.engine.clock.now();
        let before: DateTime<Utc> = within.map_or(now, |span| {
            TimeDelta::from_std(span).map_or(now, |span| now - span + SLACK)
        });
        let mut tx = self.engine.db.begin().await?;
        let claimed = cursors::claim(&mut tx, &cursor.repository, before, now).await?;
        tx.commit("repository claimed").await?;
        Ok(claimed)
    }
}
