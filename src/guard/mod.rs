//! The one judge: [`authorize`] is the only place that decides who may do what, and the only maker of a [`Permit`], without
//! which no function of `action` can be called.
//!
//! 1. The judge reads facts from the database only; the platforms keep them fresh.
//! 2. A permit is for one action on one subject; the action takes its subject from the permit.
//! 3. A refusal says what is missing and who can grant it.

pub mod budget;
mod facts;
pub mod limits;
pub mod redaction;
mod rules;
pub mod taint;

#[cfg(test)]
mod tests;

use std::fmt;

use crate::domain::{Asker, GateId, PersonError, PersonId, ProjectId, Repository, Role, RunId};
use crate::store::people::Known;
use crate::store::{StoreError, Tx, projects};

pub use facts::{Facts, GateFacts, GitHubsWord, Source};
pub use rules::judge;

/// Everything that can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// See which projects there are; only those are listed that the person may read.
    ListProjects,
    /// Read a project, its status and its issues.
    ReadProject,
    /// See who is what in a project, where it posts, what it asks about and may spend, and what waits there.
    ReadInside,
    /// Read what was said at a project's places.
    SearchMessages,
    /// Make a project.
    CreateProject,
    /// Change a project.
    UpdateProject,
    /// Say which repository a project's issues are in: whoever is a member of the project may then change issues there.
    SetRepository,
    /// Make a place belong to a project: whoever speaks there is then a member.
    BindPlace,
    /// Make a bound place belong to no project any more.
    UnbindPlace,
    /// Post to a place that is bound to a project.
    PostMessage,
    /// Say when and where a project's status is posted.
    ManageSchedules,
    /// Open an issue.
    CreateIssue,
    /// Comment on an issue.
    CommentOnIssue,
    /// Change an issue.
    UpdateIssue,
    /// End a run before its answer.
    StopRun,
    /// See how a run came to its answer.
    ReadRun,
    /// Answer a question that waits for people.
    AnswerGate,
    /// Make somebody a viewer or member of a project, or no longer one.
    GrantRole,
    /// Make somebody a maintainer or owner of a project, or no longer one.
    GrantHighRole,
    /// Prove whose accounts are one person's, or that one owns this Callsheet: what is proved decides.
    LinkAccount,
    /// Turn a talk to another topic.
    SwitchTopic,
    /// Say which effects wait for people to agree, and for whom.
    SetPolicy,
    /// Hear what repositories and channels of any project are called, as the health report names them.
    ReadNames,
}

impl Action {
    /// What is done, to follow "You may not".
    pub fn words(self) -> &'static str {
        match self {
            Self::ListProjects => "list projects",
            Self::ReadProject => "read this project",
            Self::ReadInside => "see how this project is run",
            Self::SearchMessages => "search this project's messages",
            Self::CreateProject => "create a project",
            Self::UpdateProject => "change this project",
            Self::SetRepository => "choose this repository for a project",
            Self::BindPlace => "bind a place to this project",
            Self::UnbindPlace => "unbind a place of this project",
            Self::PostMessage => "post to this project's places",
            Self::ManageSchedules => "change this project's schedules",
            Self::CreateIssue => "open an issue there",
            Self::CommentOnIssue => "comment on this issue",
            Self::UpdateIssue => "change this issue",
            Self::StopRun => "stop this",
            Self::ReadRun => "see how this was answered",
            Self::AnswerGate => "answer this",
            Self::GrantRole | Self::GrantHighRole => "change this role",
            Self::LinkAccount => "link this account",
            Self::SwitchTopic => "change the topic here",
            Self::SetPolicy => "change what this project asks about",
            Self::ReadNames => "hear the names in the health report",
        }
    }
}

impl Action {
    /// What it is called in the audit log, for ever.
    pub fn name(self) -> &'static str {
        match self {
            Self::ListProjects => "project.list",
            Self::ReadProject => "project.read",
            Self::ReadInside => "project.inside",
            Self::SearchMessages => "message.search",
            Self::CreateProject => "project.create",
            Self::UpdateProject => "project.update",
            Self::SetRepository => "project.repository",
            Self::BindPlace => "place.bind",
            Self::UnbindPlace => "place.unbind",
            Self::PostMessage => "message.post",
            Self::ManageSchedules => "schedule.manage",
            Self::CreateIssue => "issue.create",
            Self::CommentOnIssue => "issue.comment",
            Self::UpdateIssue => "issue.update",
            Self::StopRun => "run.stop",
            Self::ReadRun => "run.read",
            Self::AnswerGate => "gate.answer",
            Self::GrantRole | Self::GrantHighRole => "role.set",
            Self::LinkAccount => "account.link",
            Self::SwitchTopic => "topic.switch",
            Self::SetPolicy => "policy.set",
            Self::ReadNames => "health.names",
        }
    }
}

/// What an action is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// Nothing that exists yet.
    Nothing,
    /// A project.
    Project(ProjectId),
    /// A repository, through whichever projects it belongs to.
    Repository(Repository),
    /// A run, through whoever asked for it and where.
    Run(RunId),
    /// A question, through its project.
    Gate(GateId),
}

impl fmt::Display for Subject {
    /// In the canonical text of the audit log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("callsheet"),
            Self::Project(id) => write!(f, "project:{id}"),
            Self::Repository(repository) => repository.fmt(f),
            Self::Run(id) => write!(f, "run:{id}"),
            Self::Gate(id) => write!(f, "gate:{id}"),
        }
    }
}

/// The right to do one thing to one subject, for one person.
#[derive(Debug)]
pub struct Permit {
    action: Action,
    subject: Subject,
    asker: Asker,
}

/// A permit was used for something else than it was given for: a mistake in the program, never in a request.
#[derive(Debug, thiserror::Error)]
#[error("a permit for {given:?} was used for {used:?}")]
pub struct WrongPermit {
    given: Action,
    used: Action,
}

impl Permit {
    /// Who it was given to.
    pub fn asker(&self) -> &Asker {
        &self.asker
    }

    /// What it is for.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// Checks that the permit is for `action`.
    ///
    /// # Errors
    /// [`WrongPermit`].
    pub fn covers(&self, action: Action) -> Result<(), WrongPermit> {
        if self.action == action {
            Ok(())
        } else {
            Err(WrongPermit {
                given: self.action,
                used: action,
            })
        }
    }

    /// The project the permit is for.
    ///
    /// # Errors
    /// [`WrongPermit`], also when it is for no project.
    pub fn project(&self, action: Action) -> Result<ProjectId, WrongPermit> {
        self.covers(action)?;
        match &self.subject {
            Subject::Project(id) => Ok(*id),
            _ => Err(WrongPermit {
                given: self.action,
                used: action,
            }),
        }
    }

    /// The run the permit is for.
    ///
    /// # Errors
    /// [`WrongPermit`], also when it is for no run.
    pub fn run(&self, action: Action) -> Result<RunId, WrongPermit> {
        self.covers(action)?;
        match &self.subject {
            Subject::Run(id) => Ok(*id),
            _ => Err(WrongPermit {
                given: self.action,
                used: action,
            }),
        }
    }

    /// The question the permit is for.
    ///
    /// # Errors
    /// [`WrongPermit`], also when it is for no question.
    pub fn gate(&self, action: Action) -> Result<GateId, WrongPermit> {
        self.covers(action)?;
        match &self.subject {
            Subject::Gate(id) => Ok(*id),
            _ => Err(WrongPermit {
                given: self.action,
                used: action,
            }),
        }
    }

    /// The repository the permit is for.
    ///
    /// # Errors
    /// [`WrongPermit`], also when it is for no repository.
    pub fn repository(&self, action: Action) -> Result<&Repository, WrongPermit> {
        self.covers(action)?;
        match &self.subject {
            Subject::Repository(repository) => Ok(repository),
            _ => Err(WrongPermit {
                given: self.action,
                used: action,
            }),
        }
    }
}

/// Decides whether a person may do something, by what the database knows.
///
/// # Errors
/// When the database fails. The refusal is the inner result.
pub async fn authorize(
    tx: &mut Tx,
    asker: &Asker,
    action: Action,
    subject: Subject,
) -> Result<Result<Permit, PersonError>, StoreError> {
    authorize_by(tx, asker, action, subject, GitHubsWord::Counts).await
}

/// The same, where what GitHub said may be too old to count.
///
/// # Errors
/// When the database fails. The refusal is the inner result.
pub async fn authorize_by(
    tx: &mut Tx,
    asker: &Asker,
    action: Action,
    subject: Subject,
    word: GitHubsWord,
) -> Result<Result<Permit, PersonError>, StoreError> {
    let facts = Facts::gather(tx, asker, &subject, word).await?;
    Ok(judge(action, &facts).map(|()| Permit {
        action,
        subject,
        asker: asker.clone(),
    }))
}

/// Everything that makes somebody something in a project, the strongest first; empty for a stranger.
///
/// # Errors
/// When the database fails.
pub async fn standing(
    tx: &mut Tx,
    asker: &Asker,
    project: ProjectId,
) -> Result<Vec<(Role, Source)>, StoreError> {
    let facts = Facts::gather(tx, asker, &Subject::Project(project), GitHubsWord::Counts).await?;
    let person = facts::current(tx, asker).await?;
    let subjects: Vec<_> = projects::get(tx, project).await?.into_iter().collect();
    facts::standing(tx, asker, person, &subjects, facts.permission).await
}

/// The person behind an account now: it may have been linked since it spoke.
///
/// # Errors
/// When the database fails.
pub async fn person(tx: &mut Tx, asker: &Asker) -> Result<PersonId, StoreError> {
    facts::current(tx, asker).await
}

/// The GitHub accounts that are proved to be a person's: what GitHub says of them counts.
///
/// # Errors
/// When the database fails.
pub async fn github_accounts(tx: &mut Tx, asker: &Asker) -> Result<Vec<Known>, StoreError> {
    let person = facts::current(tx, asker).await?;
    facts::github_accounts(tx, asker, person).await
}

/// Whether somebody's words are trusted where a subject is talked about: those of a member of its project, by the same facts as
/// every right, so that who is given a role is trusted from then on.
///
/// # Errors
/// When the database fails.
pub async fn trusts(tx: &mut Tx, author: &Asker, subject: &Subject) -> Result<bool, StoreError> {
    let facts = Facts::gather(tx, author, subject, GitHubsWord::Counts).await?;
    Ok(facts.role >= Some(Role::Member))
}
