//! One function per thing that can be done. Each takes a [`Permit`](crate::guard::Permit), so that an unchecked path does
//! not compile; commands, tools, buttons and comments are front doors to the same functions.
//!
//! What changes our database happens in the caller's transaction. What changes the outside is committed as a delivery in
//! that transaction and sent by the outbox. Reads of GitHub go straight through.

mod activity;
mod issues;
mod messages;
mod outcome;
mod projects;
mod pulls;
mod resolve;
mod schedules;
mod status;
mod stop;

#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::domain::{Asker, ConversationId, PersonError, Place, Platform, Repository, RunId, StepId};
use crate::engine::Engine;
use crate::engine::clock::later;
use crate::engine::outbox::Outbox;
use crate::guard::{self, Action, Permit, Subject, WrongPermit};
use crate::platform::discord::Discord;
use crate::platform::github::GitHub;
use crate::platform::slack::Slack;
use crate::store::people::Permission;
use crate::store::{StoreError, people, projects as project_rows, runs};

pub use activity::Recent;
pub use issues::{IssueEdit, IssueQuery, ReadIssue, ReadIssues};
pub use messages::found;
pub use outcome::{change_words, outcome};
pub use projects::{NewProject, ProjectEdit, line as project_line, list as list_projects};
pub use pulls::{ReadPull, ReadPulls, SearchedIssues};
pub use resolve::Naming;
pub use schedules::{Listed, ScheduleKey};
pub use status::Status;
pub use stop::Halt;

/// How long GitHub's word on a permission is good for.
const PERMISSION_AGE: Duration = Duration::from_secs(60);

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// For the person, in words.
    #[error(transparent)]
    Person(#[from] PersonError),
    /// Nobody knows whether the person may: GitHub cannot be asked. In words for the person; never taken for a "no".
    #[error("{0}")]
    Unavailable(PersonError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A mistake in the program.
    #[error(transparent)]
    Permit(#[from] WrongPermit),
}

/// Where an effect on the outside comes from.
#[derive(Debug, Clone, Copy, Default)]
pub struct Origin {
    /// The run.
    pub run: Option<RunId>,
    /// The step that waits for the effect.
    pub step: Option<StepId>,
    /// The conversation a message belongs to.
    pub conversation: Option<ConversationId>,
}

/// Everything the actions need.
#[derive(Clone)]
pub struct Actions {
    /// Database, time and wake-up calls.
    pub engine: Engine,
    /// The way out.
    pub outbox: Outbox,
    /// GitHub, when it is set up.
    pub github: Option<GitHub>,
    /// Slack, when it is set up.
    pub slack: Option<Slack>,
    /// Discord, when it is set up.
    pub discord: Option<Discord>,
}

impl Actions {
    /// Asks the judge, on facts that are fresh.
    ///
    /// # Errors
    /// The refusal, for the person; or a failure of the database or of GitHub.
    pub async fn permit(&self, asker: &Asker, action: Action, subject: Subject) -> Result<Permit, Trouble> {
        self.refresh_permission(asker, &subject).await?;
        let mut tx = self.engine.db.read().await?;
        Ok(guard::authorize(&mut tx, asker, action, subject).await??)
    }

    /// GitHub, or a sentence that it is not set up.
    ///
    /// # Errors
    /// That sentence.
    pub fn github(&self) -> Result<&GitHub, PersonError> {
        self.github.as_ref().ok_or_else(|| {
            PersonError::new(
                "I cannot look at issues",
                "GitHub is not configured",
                "Have whoever runs Callsheet set [github] in bot.toml",
            )
        })
    }

    /// What people call a place, e.g. `#apollo`; its address when the platform does not say.
    pub async fn label(&self, place: &Place) -> String {
        let label = match (place, &self.slack, &self.discord) {
            (Place::Slack { .. }, Some(slack), _) => slack.label(place).await,
            (Place::Discord { .. }, _, Some(discord)) => discord.label(place).await,
            _ => None,
        };
        label.unwrap_or_else(|| place.to_string())
    }

    /// Asks GitHub what somebody who speaks there may do, unless it said so a moment ago.
    async fn refresh_permission(&self, asker: &Asker, subject: &Subject) -> Result<(), Trouble> {
        if asker.account.platform != Platform::GitHub {
            return Ok(());
        }
        let Some(repository) = self.judged_by(asker, subject).await? else {
            return Ok(());
        };
        let now = self.engine.clock.now();
        let mut tx = self.engine.db.read().await?;
        let known = people::permission(&mut tx, &repository, &asker.account.user_id).await?;
        drop(tx);
        if known.is_some_and(|(_, fetched)| later(fetched, PERMISSION_AGE) > now) {
            return Ok(());
        }
        let what = format!("check what {} may do in {repository}", asker.name);
        let permission = match self.github()?.permission(&repository, &asker.name).await {
            Ok(permission) => permission,
            Err(error) if error.is_no() || error.is_shut_out() => Permission::None,
            Err(error) => return Err(Trouble::Unavailable(error.explain(&what))),
        };
        let mut tx = self.engine.db.begin().await?;
        people::remember_permission(&mut tx, &repository, &asker.account.user_id, permission, now).await?;
        Ok(tx.commit("permission").await?)
    }

    /// The repository whose permissions decide.
    async fn judged_by(&self, asker: &Asker, subject: &Subject) -> Result<Option<Repository>, StoreError> {
        match subject {
            Subject::Nothing => Ok(asker.place.repository().cloned()),
            Subject::Repository(repository) => Ok(Some(repository.clone())),
            Subject::Run(id) => {
                let mut tx = self.engine.db.read().await?;
                let Some(run) = runs::get(&mut tx, *id).await? else {
                    return Ok(None);
                };
                if run.asker.person == asker.person {
                    // Their own run they may stop, whatever GitHub says.
                    return Ok(None);
                }
                if let Some(repository) = run.asker.place.repository() {
                    return Ok(Some(repository.clone()));
                }
                let here = project_rows::at(&mut tx, &run.asker.place).await?;
                Ok(here.into_iter().find_map(|project| project.repository))
            }
            Subject::Project(id) => {
                let mut tx = self.engine.db.read().await?;
                Ok(project_rows::get(&mut tx, *id)
                    .await?
                    .and_then(|project| project.repository))
            }
        }
    }
}
