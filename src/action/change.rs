//! Changes as data: decided on at a front door, shown and hashed by a gate, and made in the end.
//!
//! A change carries no permit. What it takes is asked of the judge in the transaction that makes it, so that a right which was
//! lost in between is missed.

use serde::{Deserialize, Serialize};

use super::schedules::added;
use super::{Actions, NewProject, Origin, PolicyEdit, ProjectEdit, Trouble, project_line};
use crate::domain::schedule::Rule;
use crate::domain::{
    AccountKey, Asker, IssueChange, IssueRef, NewIssue, PersonError, PersonId, Place, ProjectId, Repository,
    Role, RunId, ScheduleId,
};
use crate::guard::{self, Action, Permit, Subject};
use crate::store::audit::{self, Entry, Outcome, Who};
use crate::store::runs::Run;
use crate::store::{StoreError, Tx, trust};

/// A change that was decided on, and not made yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Change {
    /// A new project.
    CreateProject {
        /// The project.
        new: NewProject,
        /// Its repository.
        repository: Option<Repository>,
    },
    /// A changed project.
    UpdateProject {
        /// Which.
        project: ProjectId,
        /// What changes.
        edit: ProjectEdit,
        /// Its new repository, when that changes.
        repository: Option<Repository>,
    },
    /// A place that is bound.
    BindPlace {
        /// To which project.
        project: ProjectId,
        /// The place.
        place: Place,
        /// What people call it.
        label: String,
        /// What people are who speak there.
        role: Role,
    },
    /// A bound place that belongs to no project any more.
    UnbindPlace {
        /// Its project.
        project: ProjectId,
        /// The place.
        place: Place,
        /// What people call it.
        label: String,
    },
    /// A message at a bound place.
    PostMessage {
        /// The project the place is bound to.
        project: ProjectId,
        /// The place.
        place: Place,
        /// The text, as Markdown.
        text: String,
    },
    /// A new issue.
    CreateIssue {
        /// The issue.
        new: NewIssue,
    },
    /// A comment.
    CommentOnIssue {
        /// On which issue.
        issue: IssueRef,
        /// The text, as Markdown.
        text: String,
    },
    /// A changed issue.
    UpdateIssue {
        /// Which.
        issue: IssueRef,
        /// How.
        change: IssueChange,
    },
    /// A new schedule.
    AddSchedule {
        /// Of which project.
        project: ProjectId,
        /// Where it posts.
        place: Place,
        /// Its times, as a cron expression.
        cron: String,
        /// Its time zone.
        zone: String,
        /// Whether the person named the zone.
        zone_named: bool,
    },
    /// A schedule that goes.
    RemoveSchedule {
        /// Of which project.
        project: ProjectId,
        /// Which.
        id: ScheduleId,
    },
    /// Another role of a person.
    SetRole {
        /// In which project.
        project: ProjectId,
        /// Whose.
        person: PersonId,
        /// By which name they are known.
        name: String,
        /// By which account.
        account: AccountKey,
        /// The role; none for none any more.
        role: Option<Role>,
        /// Whether it is about a maintainer or owner, before or after.
        high: bool,
    },
    /// Other rules about which changes wait for an answer, and whose.
    SetPolicy {
        /// Of which project.
        project: ProjectId,
        /// What changes.
        edit: PolicyEdit,
    },
    /// Another topic of a talk.
    SwitchTopic {
        /// Where it is said.
        place: Place,
        /// The topic to go back to; none for a new one.
        number: Option<i64>,
        /// What a new one is called; may be empty.
        name: String,
    },
    /// A code that proves another account to be the person's.
    ShowLinkCode,
    /// The account becomes the person's that a code was shown to.
    UseLinkCode {
        /// The code.
        code: String,
    },
    /// An account becomes a person of its own.
    Unlink {
        /// Which; none for the one that speaks.
        account: Option<AccountKey>,
    },
    /// The person owns this Callsheet.
    Claim {
        /// The code from the log.
        code: String,
    },
}

/// What was made of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Made {
    /// It is done; this is what is said of it.
    Done(String),
    /// It is on its way: its deliveries decide how it ends.
    Sent,
}

impl Change {
    /// What it takes to make it, the main thing first.
    pub fn needs(&self) -> Vec<(Action, Subject)> {
        let choosing = |repository: &Option<Repository>| {
            let repository = repository.clone();
            repository.map(|repository| (Action::SetRepository, Subject::Repository(repository)))
        };
        let main = match self {
            Self::CreateProject { .. } => (Action::CreateProject, Subject::Nothing),
            Self::UpdateProject { project, .. } => (Action::UpdateProject, Subject::Project(*project)),
            Self::BindPlace { project, .. } => (Action::BindPlace, Subject::Project(*project)),
            Self::UnbindPlace { project, .. } => (Action::UnbindPlace, Subject::Project(*project)),
            Self::PostMessage { project, .. } => (Action::PostMessage, Subject::Project(*project)),
            Self::CreateIssue { new } => (Action::CreateIssue, Subject::Repository(new.repository.clone())),
            Self::CommentOnIssue { issue, .. } => (
                Action::CommentOnIssue,
                Subject::Repository(issue.repository.clone()),
            ),
            Self::UpdateIssue { issue, .. } => {
                (Action::UpdateIssue, Subject::Repository(issue.repository.clone()))
            }
            Self::AddSchedule { project, .. } | Self::RemoveSchedule { project, .. } => {
                (Action::ManageSchedules, Subject::Project(*project))
            }
            Self::SetRole { project, high, .. } => {
                let action = if *high {
                    Action::GrantHighRole
                } else {
                    Action::GrantRole
                };
                (action, Subject::Project(*project))
            }
            Self::SetPolicy { project, .. } => (Action::SetPolicy, Subject::Project(*project)),
            Self::SwitchTopic {
                place: Place::GitHub(issue),
                ..
            } => (Action::SwitchTopic, Subject::Repository(issue.repository.clone())),
            Self::SwitchTopic { .. } => (Action::SwitchTopic, Subject::Nothing),
            Self::ShowLinkCode | Self::UseLinkCode { .. } | Self::Unlink { .. } | Self::Claim { .. } => {
                (Action::LinkAccount, Subject::Nothing)
            }
        };
        let further = match self {
            Self::CreateProject { repository, .. } | Self::UpdateProject { repository, .. } => {
                choosing(repository)
            }
            _ => None,
        };
        std::iter::once(main).chain(further).collect()
    }

    /// Asks the judge for everything it takes, on facts that are fresh. A refusal is noted in the audit log.
    ///
    /// # Errors
    /// The refusal, for the person; or a failure of the database or of GitHub.
    pub async fn permitted(&self, actions: &Actions, run: &Run) -> Result<(), Trouble> {
        for (action, subject) in self.needs() {
            let asked = actions.may(&run.asker, action, subject).await;
            if let Err(Trouble::Person(refusal)) = &asked {
                let mut tx = actions.engine.db.begin().await?;
                self.note_refused(&mut tx, actions, run, &refusal.to_string())
                    .await?;
                tx.commit("refusal").await?;
            }
            asked?;
        }
        Ok(())
    }

    /// Notes in the audit log that it was not made, and why.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn note_refused(
        &self,
        tx: &mut Tx,
        actions: &Actions,
        run: &Run,
        why: &str,
    ) -> Result<(), StoreError> {
        let (result, origin) = (Outcome::Refused, Some(run.id));
        self.note(tx, actions, &run.asker, origin, result, why.to_owned())
            .await
    }

    /// Notes in the audit log what became of it.
    async fn note(
        &self,
        tx: &mut Tx,
        actions: &Actions,
        asker: &Asker,
        run: Option<RunId>,
        result: Outcome,
        detail: String,
    ) -> Result<(), StoreError> {
        let entry = Entry {
            who: Who::Person(asker),
            place: None,
            action: self.name(),
            subject: &self.subject(),
            on_behalf: None,
            result,
            run,
            detail,
        };
        audit::note(tx, &entry, actions.engine.clock.now()).await
    }

    /// What it is called in the audit log, for ever.
    fn name(&self) -> &'static str {
        match self {
            Self::CreateProject { .. } => "project.create",
            Self::UpdateProject { .. } => "project.update",
            Self::BindPlace { .. } => "place.bind",
            Self::UnbindPlace { .. } => "place.unbind",
            Self::PostMessage { .. } => "message.post",
            Self::CreateIssue { .. } => "issue.create",
            Self::CommentOnIssue { .. } => "issue.comment",
            Self::UpdateIssue { .. } => "issue.update",
            Self::AddSchedule { .. } => "schedule.add",
            Self::RemoveSchedule { .. } => "schedule.remove",
            Self::SetRole { .. } => "role.set",
            Self::SetPolicy { .. } => "policy.set",
            Self::SwitchTopic { .. } => "topic.switch",
            Self::ShowLinkCode => "account.code",
            Self::UseLinkCode { .. } => "account.link",
            Self::Unlink { .. } => "account.unlink",
            Self::Claim { .. } => "callsheet.claim",
        }
    }

    /// What it is done to, in canonical text.
    fn subject(&self) -> String {
        match self {
            Self::CreateProject { new, .. } => format!("project:{}", new.name),
            Self::UpdateProject { project, .. }
            | Self::SetPolicy { project, .. }
            | Self::AddSchedule { project, .. }
            | Self::RemoveSchedule { project, .. } => format!("project:{project}"),
            Self::BindPlace { place, .. }
            | Self::UnbindPlace { place, .. }
            | Self::PostMessage { place, .. }
            | Self::SwitchTopic { place, .. } => place.to_string(),
            Self::CreateIssue { new } => new.repository.to_string(),
            Self::CommentOnIssue { issue, .. } | Self::UpdateIssue { issue, .. } => issue.to_string(),
            Self::SetRole { person, .. } => format!("person:{person}"),
            Self::Unlink {
                account: Some(account),
            } => account.to_string(),
            Self::ShowLinkCode | Self::UseLinkCode { .. } | Self::Unlink { .. } | Self::Claim { .. } => {
                "own account".to_owned()
            }
        }
    }

    /// Makes the change, asking the judge once more in the same transaction.
    ///
    /// # Errors
    /// A sentence for the person, or a failure of the database; the transaction must then be rolled back.
    pub async fn make(
        &self,
        actions: &Actions,
        tx: &mut Tx,
        asker: &Asker,
        origin: Origin,
    ) -> Result<Made, Trouble> {
        let mut permits = Vec::new();
        for (action, subject) in self.needs() {
            permits.push(guard::authorize(tx, asker, action, subject).await??);
        }
        let (permit, further) = permits.split_first().ok_or_else(nothing_asked)?;
        let made = self.apply(actions, tx, permit, further.first(), origin).await?;
        let detail = match (&made, self) {
            // A code is nobody's to read again.
            (_, Self::ShowLinkCode) => "showed a code".to_owned(),
            (Made::Done(said), _) => said.clone(),
            (Made::Sent, _) => "is to be sent".to_owned(),
        };
        self.note(tx, actions, asker, origin.run, Outcome::Done, detail)
            .await?;
        Ok(made)
    }

    async fn apply(
        &self,
        actions: &Actions,
        tx: &mut Tx,
        permit: &Permit,
        repository: Option<&Permit>,
        origin: Origin,
    ) -> Result<Made, Trouble> {
        let said = match self {
            Self::CreateProject { new, .. } => {
                let by = tainted_by(tx, origin).await?;
                let project = actions.create_project(tx, permit, repository, new, by).await?;
                format!("Created {}.", project_line(&project))
            }
            Self::UpdateProject { edit, .. } => {
                let by = tainted_by(tx, origin).await?;
                let (project, changes) = actions.update_project(tx, permit, repository, edit, by).await?;
                format!("Changed **{}**: {changes}.", project.name)
            }
            Self::BindPlace {
                place, label, role, ..
            } => {
                let project = actions.bind_place(tx, permit, place, label, *role).await?;
                format!(
                    "{label} is now bound to **{}**: whoever speaks there is {} of it.",
                    project.name,
                    role.words()
                )
            }
            Self::UnbindPlace { place, label, .. } => {
                let project = actions.unbind_place(tx, permit, place, label).await?;
                format!("{label} is not bound to **{}** any more.", project.name)
            }
            Self::AddSchedule { .. } => self.add_schedule(actions, tx, permit).await?,
            Self::RemoveSchedule { id, .. } => {
                let gone = actions.remove_schedule(tx, permit, *id).await?;
                format!("Removed schedule **{}**: {}.", gone.schedule.number, gone.what())
            }
            Self::SetRole {
                person,
                account,
                role,
                ..
            } => actions.set_role(tx, permit, (*person, account), *role).await?,
            Self::SetPolicy { edit, .. } => actions.set_policy(tx, permit, edit).await?,
            Self::SwitchTopic { number, name, .. } => {
                actions
                    .switch_topic(tx, permit, origin.run, *number, name)
                    .await?
            }
            Self::ShowLinkCode => actions.show_link_code(tx, permit).await?,
            Self::UseLinkCode { code } => actions.use_link_code(tx, permit, code).await?,
            Self::Unlink { account } => actions.unlink(tx, permit, account.as_ref()).await?,
            Self::Claim { code } => actions.claim(tx, permit, code).await?,
            Self::PostMessage { .. }
            | Self::CreateIssue { .. }
            | Self::CommentOnIssue { .. }
            | Self::UpdateIssue { .. } => {
                self.send(actions, tx, permit, origin).await?;
                return Ok(Made::Sent);
            }
        };
        Ok(Made::Done(said))
    }

    async fn add_schedule(&self, actions: &Actions, tx: &mut Tx, permit: &Permit) -> Result<String, Trouble> {
        let Self::AddSchedule {
            place,
            cron,
            zone,
            zone_named,
            ..
        } = self
        else {
            return Err(nothing_asked().into());
        };
        let rule = Rule::parse(cron, zone).map_err(|error| error.explain(cron))?;
        let made = actions.add_schedule(tx, permit, place, &rule).await?;
        Ok(added(&made, &rule, *zone_named))
    }

    /// Records what a platform is to do.
    async fn send(
        &self,
        actions: &Actions,
        tx: &mut Tx,
        permit: &Permit,
        origin: Origin,
    ) -> Result<(), Trouble> {
        match self {
            Self::PostMessage { place, text, .. } => {
                actions.post_message(tx, permit, place, text, origin).await
            }
            Self::CreateIssue { new } => actions.create_issue(tx, permit, new.clone(), origin).await,
            Self::CommentOnIssue { issue, text } => {
                actions
                    .comment_on_issue(tx, permit, issue.number, text, origin)
                    .await
            }
            Self::UpdateIssue { issue, change } => {
                let change = change.clone();
                actions
                    .update_issue(tx, permit, issue.number, change, origin)
                    .await
            }
            _ => Err(nothing_asked().into()),
        }
    }
}

/// Whose words without rights the run has read that a change comes from.
async fn tainted_by(tx: &mut Tx, origin: Origin) -> Result<Option<String>, StoreError> {
    match origin.run {
        Some(run) => Ok(trust::met(tx, run).await?.tainted_by),
        None => Ok(None),
    }
}

fn nothing_asked() -> PersonError {
    PersonError::new(
        "I could not do this",
        "it takes nothing",
        "Tell whoever runs Callsheet",
    )
}
