//! What the general commands do: front doors onto the same actions that the agent's tools use.

use super::Outcome;
use crate::action::{Actions, Naming, Trouble, list_projects};
use crate::domain::Asker;
use crate::engine::outbox::survey;
use crate::guard::{Action, Subject};

/// How a project stands.
pub(super) async fn status(
    actions: &Actions,
    asker: &Asker,
    project: Option<&str>,
) -> Result<Outcome, Trouble> {
    let project = actions.project(asker, project, Naming::Close).await?;
    let permit = actions
        .permit(asker, Action::ReadProject, Subject::Project(project.id))
        .await?;
    Ok(Outcome::Answer(actions.status(&permit).await?.answer()))
}

/// The projects a person may see.
pub(super) async fn projects(actions: &Actions, asker: &Asker) -> Result<Outcome, Trouble> {
    actions
        .permit(asker, Action::ListProjects, Subject::Nothing)
        .await?;
    Ok(Outcome::words(list_projects(&actions.readable(asker).await?)))
}

/// The state of every part.
pub(super) async fn health(actions: &Actions) -> Result<Outcome, Trouble> {
    let mut tx = actions.engine.db.read().await?;
    survey(&actions.engine, &mut tx).await?;
    let health = &actions.engine.health;
    let parts = health.parts();
    let lines: Vec<String> = parts
        .iter()
        .map(|(name, part)| format!("- **{name}** {}: {}", part.state.words(), part.detail))
        .collect();
    Ok(Outcome::words(format!(
        "All in all: {}.\n\n{}",
        health.overall().words(),
        lines.join("\n")
    )))
}
