//! Changes that tools decided on, with the permits for them: applied in the transaction of their journal entry.

use super::ToolCx;
use crate::action::{NewProject, ProjectEdit, Trouble, project_line};
use crate::domain::{IssueChange, NewIssue, Place};
use crate::guard::Permit;
use crate::store::Tx;

/// A change that is decided and permitted, and not made yet.
#[derive(Debug)]
pub enum Change {
    /// A new project.
    CreateProject {
        /// To create it.
        permit: Permit,
        /// To choose its repository, when it gets one.
        repository: Option<Permit>,
        /// The project.
        new: NewProject,
    },
    /// A changed project.
    UpdateProject {
        /// To change it.
        permit: Permit,
        /// To choose its repository, when that changes.
        repository: Option<Permit>,
        /// The change.
        edit: ProjectEdit,
    },
    /// A place that is bound.
    BindPlace {
        /// To bind it to the project.
        permit: Permit,
        /// The place.
        place: Place,
        /// What people call it.
        label: String,
    },
    /// A message at a bound place.
    PostMessage {
        /// To post at the project's places.
        permit: Permit,
        /// The place.
        place: Place,
        /// The text, as Markdown.
        text: String,
    },
    /// A new issue.
    CreateIssue {
        /// To open issues there.
        permit: Permit,
        /// The issue.
        new: NewIssue,
    },
    /// A comment.
    CommentOnIssue {
        /// To comment there.
        permit: Permit,
        /// The issue's number.
        number: u64,
        /// The text, as Markdown.
        text: String,
    },
    /// A changed issue.
    UpdateIssue {
        /// To change issues there.
        permit: Permit,
        /// The issue's number.
        number: u64,
        /// The change.
        change: IssueChange,
    },
}

impl Change {
    /// Makes the change: its result in words, or none when its deliveries decide how it ends.
    ///
    /// # Errors
    /// A sentence for the model and the person, or a failure of the database; the transaction must then be rolled back.
    pub async fn apply(self, cx: &ToolCx<'_>, tx: &mut Tx) -> Result<Option<String>, Trouble> {
        let actions = cx.actions;
        match self {
            Self::CreateProject {
                permit,
                repository,
                new,
            } => {
                let project = actions
                    .create_project(tx, &permit, repository.as_ref(), &new)
                    .await?;
                Ok(Some(format!("Created {}.", project_line(&project))))
            }
            Self::UpdateProject {
                permit,
                repository,
                edit,
            } => {
                let (project, changes) = actions
                    .update_project(tx, &permit, repository.as_ref(), &edit)
                    .await?;
                Ok(Some(format!("Changed **{}**: {changes}.", project.name)))
            }
            Self::BindPlace { permit, place, label } => {
                let project = actions.bind_place(tx, &permit, &place, &label).await?;
                Ok(Some(format!("{label} is now bound to **{}**.", project.name)))
            }
            Self::PostMessage { permit, place, text } => {
                actions
                    .post_message(tx, &permit, &place, &text, cx.origin)
                    .await?;
                Ok(None)
            }
            Self::CreateIssue { permit, new } => {
                actions.create_issue(tx, &permit, new, cx.origin).await?;
                Ok(None)
            }
            Self::CommentOnIssue { permit, number, text } => {
                actions
                    .comment_on_issue(tx, &permit, number, &text, cx.origin)
                    .await?;
                Ok(None)
            }
            Self::UpdateIssue {
                permit,
                number,
                change,
            } => {
                actions
                    .update_issue(tx, &permit, number, change, cx.origin)
                    .await?;
                Ok(None)
            }
        }
    }
}
