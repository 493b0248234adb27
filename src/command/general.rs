//! What the general commands do: front doors onto the same actions that the agent's tools use.

use super::Outcome;
use crate::action::{Actions, Naming, Trouble};
use crate::domain::{Asker, MessageLink};
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
    let status = actions.status(&permit).await?;
    Ok(match status.strangers() {
        Some(strangers) => Outcome::Foreign(status.answer(), strangers),
        None => Outcome::Answer(status.answer()),
    })
}

/// The state of every part. Only those who own this Callsheet hear names of repositories and channels, which may be anybody's.
pub(super) async fn health(actions: &Actions, asker: &Asker) -> Result<Outcome, Trouble> {
    let mut tx = actions.engine.db.read().await?;
    survey(&actions.engine, &mut tx).await?;
    drop(tx);
    let names = match actions.may(asker, Action::ReadNames, Subject::Nothing).await {
        Ok(_) => true,
        Err(Trouble::Person(_) | Trouble::Unavailable(_)) => false,
        Err(other) => return Err(other),
    };
    let health = &actions.engine.health;
    let parts = health.parts().into_iter();
    let told = parts.map(|(name, part)| (name, if names { part } else { part.without_names() }));
    let lines: Vec<String> = told
        .map(|(name, part)| format!("- **{name}** {}: {}", part.state.words(), part.detail))
        .collect();
    Ok(Outcome::words(format!(
        "All in all: {}.\n\n{}",
        health.overall().words(),
        lines.join("\n")
    )))
}

/// How an answer came about.
pub(super) async fn why(actions: &Actions, asker: &Asker, which: Option<&str>) -> Result<Outcome, Trouble> {
    let run = actions.run_called(asker, which).await?;
    let permit = actions.permit(asker, Action::ReadRun, Subject::Run(run)).await?;
    // What it repeats of requests and results may be anybody's.
    Ok(Outcome::foreign(
        actions.why(&permit).await?,
        "what an earlier request came to",
    ))
}

/// What `why` can be about, as it was typed; `why not` is a sentence.
///
/// # Errors
/// For everything that is neither a link nor looks like an id.
pub(super) fn which(typed: &str) -> Result<String, String> {
    let hex = |c: char| c.is_ascii_hexdigit() || c == '-';
    if MessageLink::parse(typed).is_some() || (typed.len() >= 4 && typed.chars().all(hex)) {
        Ok(typed.to_owned())
    } else {
        Err("it is neither a link to a message nor the id of a run".to_owned())
    }
}
