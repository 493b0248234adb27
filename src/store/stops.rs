//! Runs without an answer: which there are, stopping them, and more words for one that waits.

use chrono::{DateTime, Utc};

use super::db::sql;
use super::runs::{Row, Run, select_runs};
use super::{StoreError, Tx};
use crate::domain::{ConversationId, RunId, TurnId};

/// Every run without an answer, in the order they were asked for.
///
/// # Errors
/// When the database fails.
pub async fn open_runs(tx: &mut Tx) -> Result<Vec<Run>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as Row,
        select_runs!("WHERE r.state IN ('queued', 'running', 'stopping') ORDER BY t.asked_at, r.id"),
    )?;
    Ok(rows.into_iter().map(Run::from).collect())
}

/// The runs of a conversation without an answer, in the order they were asked for.
///
/// # Errors
/// When the database fails.
pub async fn open_runs_of(tx: &mut Tx, conversation: ConversationId) -> Result<Vec<Run>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as Row,
        select_runs!(
            "WHERE r.conversation_id = $1 AND r.state IN ('queued', 'running', 'stopping') ORDER BY t.asked_at, r.id"
        ),
        conversation,
    )?;
    Ok(rows.into_iter().map(Run::from).collect())
}

/// The runs without an answer that a message asks for, or shows the progress of, by the platform's id of the message.
///
/// # Errors
/// When the database fails.
pub async fn of_message(tx: &mut Tx, external_id: &str) -> Result<Vec<Run>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as Row,
        select_runs!(
            "WHERE r.state IN ('queued', 'running', 'stopping')
                AND (EXISTS (SELECT 1 FROM messages m WHERE m.turn_id = r.turn_id AND m.external_id = $1)
                    OR EXISTS (SELECT 1 FROM deliveries d
                        WHERE d.run_id = r.id AND d.purpose = 'answer' AND d.external_id = $1))
             ORDER BY t.asked_at, r.id"
        ),
        external_id,
    )?;
    Ok(rows.into_iter().map(Run::from).collect())
}

/// Tells a run to stop; false when it has its answer, or was told before.
///
/// # Errors
/// When the database fails.
pub async fn begin(tx: &mut Tx, id: RunId, by: &str) -> Result<bool, StoreError> {
    let told = sql!(
        tx,
        execute,
        "UPDATE runs SET state = 'stopping', stopped_by = $2 WHERE id = $1 AND state IN ('queued', 'running')",
        id,
        by,
    )?;
    Ok(told == 1)
}

/// Ends the journal of a run that was stopped: what was under way in it never came to an end.
///
/// # Errors
/// When the database fails.
pub async fn close_journal(tx: &mut Tx, run: RunId, now: DateTime<Utc>) -> Result<(), StoreError> {
    sql!(
        tx,
        execute,
        "UPDATE steps SET state = 'lost', output = COALESCE(output, 'stopped'), finished_at = $2
         WHERE run_id = $1 AND state IN ('asked', 'awaiting')",
        run,
        now,
    )?;
    Ok(())
}

/// Who stopped a run, when somebody did.
///
/// # Errors
/// When the database fails.
pub async fn stopped_by(tx: &mut Tx, id: RunId) -> Result<Option<String>, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (Option<String>,),
        "SELECT stopped_by FROM runs WHERE id = $1",
        id,
    )?;
    Ok(row.and_then(|(by,)| by))
}

/// Keeps work on a run that waits from beginning until the transaction ends; false when it has begun.
///
/// # Errors
/// When the database fails.
pub async fn hold_back(tx: &mut Tx, id: RunId) -> Result<bool, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (RunId,),
        {
            sqlite: "SELECT id FROM runs WHERE id = $1 AND state = 'queued'",
            postgres: "SELECT id FROM runs WHERE id = $1 AND state = 'queued' FOR NO KEY UPDATE",
        },
        id,
    )?;
    Ok(row.is_some())
}

/// The words of the messages that a turn is made of, in the platform's order.
///
/// # Errors
/// When the database fails.
pub async fn words_of(tx: &mut Tx, turn: TurnId) -> Result<Vec<String>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (String,),
        "SELECT text FROM messages WHERE turn_id = $1 ORDER BY sent_at, length(external_id), external_id, part",
        turn,
    )?;
    Ok(rows.into_iter().map(|(text,)| text).collect())
}

/// When the messages that a turn is made of were said, in that order.
///
/// # Errors
/// When the database fails.
pub async fn moments_of(tx: &mut Tx, turn: TurnId) -> Result<Vec<DateTime<Utc>>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (DateTime<Utc>,),
        "SELECT sent_at FROM messages WHERE turn_id = $1 ORDER BY sent_at",
        turn,
    )?;
    Ok(rows.into_iter().map(|(at,)| at).collect())
}

/// Makes the messages of a turn that were said after a moment part of another turn.
///
/// # Errors
/// When the database fails.
pub async fn move_later(
    tx: &mut Tx,
    from: TurnId,
    after: DateTime<Utc>,
    to: TurnId,
) -> Result<(), StoreError> {
    sql!(
        tx,
        execute,
        "UPDATE messages SET turn_id = $3 WHERE turn_id = $1 AND sent_at > $2",
        from,
        after,
        to,
    )?;
    Ok(())
}

/// Takes back what a run's tools have not sent yet.
///
/// # Errors
/// When the database fails.
pub async fn take_back_tools(tx: &mut Tx, run: RunId, reason: &str) -> Result<(), StoreError> {
    sql!(
        tx,
        execute,
        "UPDATE deliveries SET state = 'cancelled', reason = $2
         WHERE run_id = $1 AND purpose = 'tool' AND state = 'queued'",
        run,
        reason,
    )?;
    Ok(())
}
