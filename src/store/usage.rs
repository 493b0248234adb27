//! What the language model was used for: a ledger by person, project and day, which outlives the journals it is written with.

use chrono::NaiveDate;

use super::db::sql;
use super::{StoreError, Tx, projects, trust};
use crate::domain::{Money, PersonId, Place, Project, ProjectId, RunId};

/// What was used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Used {
    /// Tokens, in and out.
    pub tokens: i64,
    /// What they cost.
    #[sqlx(rename = "cost_micro")]
    pub cost: Money,
    /// Answers of the model, those that were lost on the way included.
    pub answers: i64,
}

/// How a project stands in a key, which may hold no NULL; empty for none.
fn key(project: Option<ProjectId>) -> String {
    project.map_or_else(String::new, |project| project.to_string())
}

/// The project that what is used at a place is counted for: of several that share a repository the first by name, so that a second
/// one makes nothing free.
///
/// # Errors
/// When the database fails.
pub async fn project_at(tx: &mut Tx, place: &Place) -> Result<Option<Project>, StoreError> {
    Ok(projects::at(tx, place).await?.into_iter().next())
}

/// The project that what a run uses is counted for: that of its place, else the one that it has read first.
///
/// # Errors
/// When the database fails.
pub async fn payer(tx: &mut Tx, run: RunId, place: &Place) -> Result<Option<Project>, StoreError> {
    if let Some(here) = project_at(tx, place).await? {
        return Ok(Some(here));
    }
    let home = trust::met(tx, run).await?.home.unwrap_or_default();
    let mut projects = projects::all(tx).await?;
    projects.retain(|project| home.contains(&trust::project_scope(project.id)));
    Ok(projects.into_iter().next())
}

/// Adds what the person used whom an account is by itself, for a project.
///
/// # Errors
/// When the database fails.
pub async fn add(
    tx: &mut Tx,
    person: PersonId,
    project: Option<ProjectId>,
    day: NaiveDate,
    used: Used,
) -> Result<(), StoreError> {
    sql!(
        tx,
        execute,
        "INSERT INTO usage (person_id, project, day, tokens, cost_micro, answers) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (person_id, day, project) DO UPDATE SET tokens = usage.tokens + excluded.tokens,
             cost_micro = usage.cost_micro + excluded.cost_micro, answers = usage.answers + excluded.answers",
        person,
        key(project),
        day.to_string(),
        used.tokens,
        used.cost,
        used.answers,
    )?;
    Ok(())
}

/// What a person used on a day by any of their accounts, for whichever project.
///
/// # Errors
/// When the database fails.
pub async fn of_person(tx: &mut Tx, person: PersonId, day: NaiveDate) -> Result<Used, StoreError> {
    sql!(
        tx,
        fetch_one as Used,
        "SELECT CAST(COALESCE(SUM(tokens), 0) AS BIGINT) AS tokens, CAST(COALESCE(SUM(cost_micro), 0) AS BIGINT) AS cost_micro,
             CAST(COALESCE(SUM(answers), 0) AS BIGINT) AS answers
         FROM usage WHERE day = $2
             AND (person_id = $1 OR person_id IN (SELECT came_from FROM accounts WHERE person_id = $1))",
        person,
        day.to_string(),
    )
}

/// What was used for a project from one day up to another, this one left out.
///
/// # Errors
/// When the database fails.
pub async fn of_project(
    tx: &mut Tx,
    project: ProjectId,
    from: NaiveDate,
    until: NaiveDate,
) -> Result<Used, StoreError> {
    sql!(
        tx,
        fetch_one as Used,
        "SELECT CAST(COALESCE(SUM(tokens), 0) AS BIGINT) AS tokens, CAST(COALESCE(SUM(cost_micro), 0) AS BIGINT) AS cost_micro,
             CAST(COALESCE(SUM(answers), 0) AS BIGINT) AS answers
         FROM usage WHERE project = $1 AND day >= $2 AND day < $3",
        key(Some(project)),
        from.to_string(),
        until.to_string(),
    )
}
