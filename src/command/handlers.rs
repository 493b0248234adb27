//! What each command does: front doors onto the same actions that the agent's tools use.

use super::{Command, help};
use crate::action::{Actions, Trouble, list_projects};
use crate::domain::{Answer, Asker, Button};
use crate::engine::health::Health;
use crate::guard::{Action, Subject};

/// Does what a command says.
///
/// # Errors
/// A sentence for the person, or a failure of the database.
pub async fn run(
    actions: &Actions,
    asker: &Asker,
    command: &Command,
    prefix: &str,
) -> Result<Answer, Trouble> {
    match command {
        Command::Help { command } => Ok(Answer::words(help(command.as_deref(), prefix))),
        Command::Status { project } => {
            let project = actions.project(asker, project.as_deref()).await?;
            let permit = actions
                .permit(asker, Action::ReadProject, Subject::Project(project.id))
                .await?;
            let refresh = Button::new("Refresh", format!("status {}", project.slug));
            Ok(Answer {
                markdown: actions.status(&permit).await?.markdown(),
                buttons: refresh.into_iter().collect(),
            })
        }
        Command::Projects => {
            actions
                .permit(asker, Action::ListProjects, Subject::Nothing)
                .await?;
            Ok(Answer::words(list_projects(&actions.readable(asker).await?)))
        }
        Command::Health => Ok(Answer::words(health(&actions.engine.health))),
    }
}

/// The state of every part, in Markdown.
fn health(health: &Health) -> String {
    let parts = health.parts();
    let lines: Vec<String> = parts
        .iter()
        .map(|(name, part)| format!("- **{name}** {}: {}", part.state.words(), part.detail))
        .collect();
    format!(
        "All in all: {}.\n\n{}",
        health.overall().words(),
        lines.join("\n")
    )
}
