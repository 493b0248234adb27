//! What a run has met: words of people without rights, and what it read. And whose words our own messages may repeat.

use chrono::{DateTime, Utc};

use super::db::sql;
use super::deliveries::Purpose;
use super::{Doc, StoreError, Tx, projects};
use crate::domain::{
    ConversationId, DeliveryId, IssueRef, PersonId, Place, ProjectId, Repository, RunId, TurnId,
};

/// What a run has met so far, or meets in one step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Met {
    /// Whose words without rights reached its model, and where they stood; none while there were none.
    pub tainted_by: Option<String>,
    /// What it may read when it is tainted; none until it read something.
    pub home: Option<Vec<String>>,
    /// It read something else.
    pub strayed: bool,
}

/// The columns of [`Met`].
#[derive(sqlx::FromRow)]
struct Row {
    tainted: bool,
    tainted_by: Option<String>,
    home: Option<Doc<Vec<String>>>,
    strayed: bool,
}

/// What a run has met so far; nothing when there is no such run.
///
/// # Errors
/// When the database fails.
pub async fn met(tx: &mut Tx, run: RunId) -> Result<Met, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as Row,
        "SELECT tainted, tainted_by, home, strayed FROM runs WHERE id = $1",
        run,
    )?;
    Ok(row.map_or_else(Met::default, |row| Met {
        tainted_by: row.tainted.then(|| row.tainted_by.unwrap_or_default()),
        home: row.home.map(|home| home.0),
        strayed: row.strayed,
    }))
}

/// A project as a run remembers having read it.
pub fn project_scope(id: ProjectId) -> String {
    format!("project:{id}")
}

/// A repository as a run remembers having read it.
pub fn repository_scope(repository: &Repository) -> String {
    format!("repository:{repository}")
}

/// What is at home at a place: its projects with their repositories, and its own; empty where nothing is.
///
/// # Errors
/// When the database fails.
pub async fn home_of(tx: &mut Tx, place: &Place) -> Result<Vec<String>, StoreError> {
    let mut home = Vec::new();
    for project in projects::at(tx, place).await? {
        home.push(project_scope(project.id));
        home.extend(project.repository.as_ref().map(repository_scope));
    }
    home.extend(place.repository().map(repository_scope));
    Ok(home)
}

/// The homes of the runs that our own words in a conversation are of.
///
/// # Errors
/// When the database fails.
pub async fn homes_in(tx: &mut Tx, id: ConversationId) -> Result<Vec<Vec<String>>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (Doc<Vec<String>>,),
        "SELECT DISTINCT home FROM messages
         WHERE conversation_id = $1 AND author_kind = 'ourselves' AND home IS NOT NULL",
        id,
    )?;
    Ok(rows.into_iter().map(|(home,)| home.0).collect())
}

/// Notes what a run met in a step. What is noted stays: a run is never clean again, and its home is the first.
///
/// # Errors
/// When the database fails.
pub async fn note(tx: &mut Tx, run: RunId, new: &Met) -> Result<(), StoreError> {
    if *new == Met::default() {
        return Ok(());
    }
    sql!(
        tx,
        execute,
        "UPDATE runs SET tainted = tainted OR $2, tainted_by = COALESCE(tainted_by, $3), home = COALESCE(home, $4),
             strayed = strayed OR $5
         WHERE id = $1",
        run,
        new.tainted_by.is_some(),
        new.tainted_by.as_deref(),
        new.home.clone().map(Doc),
        new.strayed,
    )?;
    Ok(())
}

/// Notes that a turn's answer repeats what others wrote.
///
/// # Errors
/// When the database fails.
pub async fn taint_turn(tx: &mut Tx, turn: TurnId, by: &str) -> Result<(), StoreError> {
    sql!(
        tx,
        execute,
        "UPDATE runs SET tainted = $2, tainted_by = COALESCE(tainted_by, $3) WHERE turn_id = $1",
        turn,
        true,
        by,
    )?;
    Ok(())
}

/// Notes that words of people without rights were written into an issue, whoever opened it.
///
/// # Errors
/// When the database fails.
pub async fn rewrite(tx: &mut Tx, issue: &IssueRef, by: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
    sql!(
        tx,
        execute,
        "INSERT INTO rewritten_issues (repository, number, tainted_by, written_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (repository, number) DO NOTHING",
        &issue.repository,
        i64::try_from(issue.number).unwrap_or(i64::MAX),
        by,
        now,
    )?;
    Ok(())
}

/// The issues of a repository into which words of people without rights were written, by number.
///
/// # Errors
/// When the database fails.
pub async fn rewritten(tx: &mut Tx, repository: &Repository) -> Result<Vec<u64>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (i64,),
        "SELECT number FROM rewritten_issues WHERE repository = $1",
        repository,
    )?;
    Ok(rows
        .into_iter()
        .filter_map(|(number,)| u64::try_from(number).ok())
        .collect())
}

/// Whose words our own may repeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnWords {
    /// Nobody's who is not trusted.
    pub trusted: bool,
    /// Nobody's but the person's who asked.
    pub person: Option<PersonId>,
    /// Whether they may repeat what stands outside the home of their run.
    pub strayed: bool,
    /// The home of their run, once it had read something.
    pub home: Option<Vec<String>>,
}

impl OwnWords {
    /// Words of nobody's in no run.
    pub fn of_nobody(trusted: bool) -> Self {
        Self {
            trusted,
            person: None,
            strayed: false,
            home: None,
        }
    }
}

/// Whose words a delivery may repeat: what its run read, or the run whose question it is. An answer repeats its request, too; a
/// change that was permitted is its person's own. Nothing is known of what is in no run, and of what is forgotten already.
///
/// # Errors
/// When the database fails.
pub async fn of_delivery(tx: &mut Tx, id: DeliveryId) -> Result<Option<OwnWords>, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (bool, bool, PersonId, Purpose, bool, Option<Doc<Vec<String>>>),
        "SELECT r.tainted, r.asked_trusted, t.person_id, d.purpose, r.strayed, r.home FROM deliveries d
         LEFT JOIN gate_copies c ON c.group_id = d.group_id LEFT JOIN gates g ON g.id = c.gate_id
         JOIN runs r ON r.id = COALESCE(d.run_id, g.run_id) JOIN turns t ON t.id = r.turn_id WHERE d.id = $1",
        id,
    )?;
    Ok(
        row.map(|(tainted, asked, person, purpose, strayed, home)| OwnWords {
            trusted: !tainted && (asked || purpose == Purpose::Tool),
            person: (!tainted).then_some(person),
            strayed,
            home: home.map(|home| home.0),
        }),
    )
}
