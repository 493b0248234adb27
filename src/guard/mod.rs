//! The one judge: [`authorize`] is the only place that decides who may do what, and the only maker of a [`Permit`], without
//! which no function of `action` can be called.
//!
//! 1. The judge reads facts from the database only; the platforms keep them fresh.
//! 2. A permit is for one action on one subject; the action takes its subject from the permit.
//! 3. A refusal says what is missing and who can grant it.

mod facts;
mod rules;

#[cfg(test)]
mod tests;

use crate::domain::{Asker, PersonError, ProjectId, Repository, RunId};
use crate::store::{StoreError, Tx};

pub use facts::Facts;
pub use rules::judge;

/// Everything that can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// See which projects there are; only those are listed that the person may read.
    ListProjects,
    /// Read a project, its status and its issues.
    ReadProject,
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
}

impl Action {
    /// What is done, to follow "You may not".
    pub fn words(self) -> &'static str {
        match self {
            Self::ListProjects => "list projects",
            Self::ReadProject => "read this project",
            Self::SearchMessages => "search this project's messages",
            Self::CreateProject => "create a project",
            Self::UpdateProject => "change this project",
            Self::SetRepository => "choose this repository for a project",
            Self::BindPlace => "bind a place to this project",
            Self::PostMessage => "post to this project's places",
            Self::ManageSchedules => "change this project's schedules",
            Self::CreateIssue => "open an issue there",
            Self::CommentOnIssue => "comment on this issue",
            Self::UpdateIssue => "change this issue",
            Self::StopRun => "stop this",
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
    let facts = Facts::gather(tx, asker, &subject).await?;
    Ok(judge(action, &facts).map(|()| Permit {
        action,
        subject,
        asker: asker.clone(),
    }))
}
