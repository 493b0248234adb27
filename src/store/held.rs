//! Requests that were old when we came to them: whoever asked was asked back whether they are still wanted.

use chrono::{DateTime, Utc};

use super::db::sql;
use super::runs::{Target, Work};
use super::{Doc, StoreError, Tx};
use crate::domain::{ConversationId, PersonId, Place, RunId};

/// A request that waits for a word.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Held {
    /// Its run, which ended with the question.
    pub run_id: RunId,
    /// Who asked.
    pub person_id: PersonId,
    /// The conversation.
    pub conversation_id: ConversationId,
    /// Where it was asked.
    pub place: Place,
    /// When the person said that it is still wanted.
    pub taken_at: Option<DateTime<Utc>>,
}

/// Notes that a run ended with the question.
///
/// # Errors
/// When the database fails.
pub async fn hold(tx: &mut Tx, run: RunId, person: PersonId, now: DateTime<Utc>) -> Result<(), StoreError> {
    sql!(
        tx,
        execute,
        "INSERT INTO held_runs (run_id, person_id, held_at) VALUES ($1, $2, $3) ON CONFLICT (run_id) DO NOTHING",
        run,
        person,
        now,
    )?;
    Ok(())
}

/// A request that waits, or waited, by its run.
///
/// # Errors
/// When the database fails.
pub async fn get(tx: &mut Tx, run: RunId) -> Result<Option<Held>, StoreError> {
    sql!(
        tx,
        fetch_optional as Held,
        "SELECT h.run_id, h.person_id, r.conversation_id, t.place, h.taken_at
         FROM held_runs h JOIN runs r ON r.id = h.run_id JOIN turns t ON t.id = r.turn_id WHERE h.run_id = $1",
        run,
    )
}

/// The newest requests of a person that still wait.
///
/// # Errors
/// When the database fails.
pub async fn waiting(tx: &mut Tx, person: PersonId, limit: i64) -> Result<Vec<Held>, StoreError> {
    sql!(
        tx,
        fetch_all as Held,
        "SELECT h.run_id, h.person_id, r.conversation_id, t.place, h.taken_at
         FROM held_runs h JOIN runs r ON r.id = h.run_id JOIN turns t ON t.id = r.turn_id
         WHERE h.person_id = $1 AND h.taken_at IS NULL ORDER BY h.held_at DESC, h.run_id DESC LIMIT $2",
        person,
        limit,
    )
}

/// Takes a request up; false when that was done before.
///
/// # Errors
/// When the database fails.
pub async fn take(tx: &mut Tx, run: RunId, now: DateTime<Utc>) -> Result<bool, StoreError> {
    let taken = sql!(
        tx,
        execute,
        "UPDATE held_runs SET taken_at = $2 WHERE run_id = $1 AND taken_at IS NULL",
        run,
        now,
    )?;
    Ok(taken == 1)
}

/// Gives a run, which only said that another one is still wanted, that one's request.
///
/// # Errors
/// When the database fails.
pub async fn become_request(
    tx: &mut Tx,
    run: RunId,
    text: &str,
    work: &Work,
    targets: &[Target],
) -> Result<(), StoreError> {
    sql!(
        tx,
        execute,
        "UPDATE turns SET text = $2 WHERE id = (SELECT turn_id FROM runs WHERE id = $1)",
        run,
        text,
    )?;
    sql!(
        tx,
        execute,
        "UPDATE runs SET work = $2, targets = $3 WHERE id = $1",
        run,
        Doc(work),
        Doc(targets),
    )?;
    Ok(())
}
