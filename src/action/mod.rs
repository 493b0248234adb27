//! One function per thing that can be done. Each takes a [`Permit`](crate::guard::Permit), so that an unchecked path does
//! not compile; commands, tools, buttons and comments are front doors to the same functions.
//!
//! What changes our database happens in the caller's transaction. What changes the outside is committed as a delivery in
//! that transaction and sent by the outbox. Reads of GitHub go straight through.

mod accounts;
mod activity;
mod basis;
mod change;
mod consent;
mod issues;
mod messages;
mod outcome;
mod people;
mod perform;
mod policy;
mod projects;
mod pulls;
mod questions;
mod request;
mod resolve;
mod schedules;
mod shown;
mod status;
mod stop;
mod telling;
mod topics;
mod trust;
mod why;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::domain::{Asker, ConversationId, PersonError, Place, Platform, Repository, RunId, StepId};
use crate::engine::Engine;
use crate::engine::clock::later;
use crate::engine::outbox::Outbox;
use crate::gate::Gates;
use crate::guard::budget::Budget;
use crate::guard::{self, Action, GitHubsWord, Permit, Subject, WrongPermit};
use crate::platform::discord::Discord;
use crate::platform::github::GitHub;
use crate::platform::slack::Slack;
use crate::store::audit::{self, Entry, Outcome, Who};
use crate::store::people::Permission;
use crate::store::{StoreError, gates, people as people_rows, projects as project_rows, runs};

pub use accounts::settle_owners;
pub use activity::Recent;
pub use change::{Change, Made};
pub use consent::{Decider, Question};
pub use issues::{IssueEdit, IssueQuery, ReadIssue, ReadIssues};
pub use messages::{found, line as message_line};
pub use outcome::{change_words, outcome};
pub use perform::Came;
pub use policy::PolicyEdit;
pub use projects::{NewProject, ProjectEdit, line as project_line, list as list_projects};
pub use pulls::{ReadPull, ReadPulls, SearchedIssues};
pub use questions::Waiting;
pub use resolve::Naming;
pub use schedules::{Listed, ScheduleKey, moment};
pub use status::Status;
pub use stop::Halt;
pub use telling::{By, Telling};
pub use trust::{Trust, refused, untouched};

/// How long GitHub's word on a permission is good for.
const PERMISSION_AGE: Duration = Duration::from_secs(60);

/// How long it is good for while GitHub cannot be asked, for whoever speaks elsewhere: whoever was removed meanwhile is not
/// trusted for ever.
const OLDEST_PERMISSION: Duration = Duration::from_secs(24 * 60 * 60);

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
    /// How long people may take to answer a question.
    pub patience: Duration,
    /// What may be spent on the language model.
    pub budget: Arc<Budget>,
    /// What is looked at through these actions, when somebody wants to know.
    pub seen: Seen,
}

/// What was looked at: the subjects of the permits that were given. Nothing is noted unless somebody [watches](Actions::watched).
#[derive(Debug, Clone, Default)]
pub struct Seen(Option<Arc<Mutex<Vec<Subject>>>>);

impl Seen {
    fn note(&self, subject: &Subject) {
        if let Some(seen) = &self.0 {
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            if !seen.contains(subject) {
                seen.push(subject.clone());
            }
        }
    }

    /// All of it so far, each once.
    pub fn subjects(&self) -> Vec<Subject> {
        let seen = self.0.as_ref();
        seen.map_or_else(Vec::new, |seen| {
            seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
        })
    }
}

impl Actions {
    /// Asks the judge, on facts that are fresh. A refusal is noted in the audit log.
    ///
    /// # Errors
    /// The refusal, for the person; or a failure of the database or of GitHub.
    pub async fn permit(&self, asker: &Asker, action: Action, subject: Subject) -> Result<Permit, Trouble> {
        let about = subject.to_string();
        let asked = self.may(asker, action, subject).await;
        if let Err(Trouble::Person(refusal)) = &asked {
            let why = refusal.to_string();
            self.note_refusal((asker, action.name(), &about, &why), None)
                .await?;
        }
        asked
    }

    /// Notes that a run which has read a stranger's words was kept from something: that may be an attack.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_kept_out(
        &self,
        asker: &Asker,
        subject: &Subject,
        refusal: &PersonError,
    ) -> Result<(), StoreError> {
        let (about, why) = (subject.to_string(), refusal.to_string());
        self.note_refusal((asker, "run.kept_out", &about, &why), None)
            .await
    }

    /// Notes that somebody was refused: who, what, about what, and the words they were told.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_refusal(
        &self,
        (asker, action, subject, why): (&Asker, &str, &str, &str),
        run: Option<RunId>,
    ) -> Result<(), StoreError> {
        let entry = Entry {
            who: Who::Person(asker),
            place: None,
            action,
            subject,
            on_behalf: None,
            result: Outcome::Refused,
            run,
            detail: why.to_owned(),
        };
        let mut tx = self.engine.db.begin().await?;
        audit::note(&mut tx, &entry, self.engine.clock.now()).await?;
        tx.commit("refusal").await
    }

    /// Asks the judge, on facts that are fresh, where somebody who may not is left out and not refused.
    ///
    /// # Errors
    /// The refusal, for the person; or a failure of the database or of GitHub.
    pub async fn may(&self, asker: &Asker, action: Action, subject: Subject) -> Result<Permit, Trouble> {
        let trouble = self.refresh_permission(asker, &subject, PERMISSION_AGE).await?;
        let mut tx = self.engine.db.read().await?;
        let decided = guard::authorize(&mut tx, asker, action, subject.clone()).await?;
        let permit = match trouble {
            // What GitHub said long ago gives no right any more; what else somebody is does.
            Some(trouble) if decided.is_ok() => {
                guard::authorize_by(&mut tx, asker, action, subject, GitHubsWord::TooOld)
                    .await?
                    .map_err(|_| Trouble::Unavailable(trouble))?
            }
            _ => decided?,
        };
        self.seen.note(permit.subject());
        Ok(permit)
    }

    /// The same actions, which note what is looked at through them.
    #[must_use]
    pub fn watched(&self) -> Self {
        Self {
            seen: Seen(Some(Arc::default())),
            ..self.clone()
        }
    }

    /// Questions to people.
    pub fn gates(&self) -> Gates {
        Gates::new(self.engine.clone(), self.outbox.clone())
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

    /// Asks GitHub what the accounts of whoever speaks may do, unless it said so a moment ago. Why its word is too old, where it
    /// cannot be asked and has said nothing for long.
    async fn refresh_permission(
        &self,
        asker: &Asker,
        subject: &Subject,
        age: Duration,
    ) -> Result<Option<PersonError>, Trouble> {
        let mut tx = self.engine.db.read().await?;
        let accounts = guard::github_accounts(&mut tx, asker).await?;
        drop(tx);
        if accounts.is_empty() {
            return Ok(None);
        }
        let Some(repository) = self.judged_by(asker, subject).await? else {
            return Ok(None);
        };
        let mut too_old = None;
        for account in accounts {
            if account.workspace != repository.host() {
                continue;
            }
            let asked = self
                .ask_permission(&repository, &account.user_id, &account.name, age)
                .await;
            // What somebody may do who speaks elsewhere does not hang on GitHub alone.
            match asked {
                Err(Trouble::Unavailable(trouble)) if asker.account.platform != Platform::GitHub => {
                    let mut tx = self.engine.db.read().await?;
                    let known = people_rows::permission(&mut tx, &repository, &account.user_id).await?;
                    let now = self.engine.clock.now();
                    if known.is_some_and(|(_, fetched)| later(fetched, OLDEST_PERMISSION) <= now) {
                        too_old = Some(trouble);
                    }
                }
                other => other?,
            }
        }
        Ok(too_old)
    }

    /// Asks GitHub what an account may do, unless it said so a moment ago.
    async fn ask_permission(
        &self,
        repository: &Repository,
        user_id: &str,
        login: &str,
        age: Duration,
    ) -> Result<(), Trouble> {
        let now = self.engine.clock.now();
        let mut tx = self.engine.db.read().await?;
        let known = people_rows::permission(&mut tx, repository, user_id).await?;
        drop(tx);
        if known.is_some_and(|(_, fetched)| later(fetched, age) > now) {
            return Ok(());
        }
        let what = format!("check what {login} may do in {repository}");
        let permission = match self.github()?.permission(repository, login, user_id).await {
            Ok(permission) => permission,
            Err(error) if error.is_no() || error.is_shut_out() => Permission::None,
            Err(error) => return Err(Trouble::Unavailable(error.explain(&what))),
        };
        let mut tx = self.engine.db.begin().await?;
        people_rows::remember_permission(&mut tx, repository, user_id, permission, now).await?;
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
            Subject::Gate(id) => {
                let mut tx = self.engine.db.read().await?;
                let project = gates::get(&mut tx, *id).await?.and_then(|gate| gate.project);
                let project = match project {
                    Some(id) => project_rows::get(&mut tx, id).await?,
                    None => None,
                };
                Ok(project.and_then(|project| project.repository))
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
