//! How something came about: what came in, and the run that it led to.

use chrono::{DateTime, Utc};

use super::db::sql;
use super::{StoreError, Tx};
use crate::domain::{DeliveryId, EventId, Place, RunId, TurnId};

/// The newest runs that were asked for at a place or in a thread of it, newest first.
///
/// # Errors
/// When the database fails.
pub async fn runs_at(tx: &mut Tx, place: &Place, limit: i64) -> Result<Vec<RunId>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (RunId,),
        "SELECT r.id FROM runs r JOIN turns t ON t.id = r.turn_id
         WHERE t.place = $1 OR SUBSTR(t.place, 1, LENGTH($2)) = $2 ORDER BY r.created_at DESC, r.id DESC LIMIT $3",
        place,
        format!("{place}/"),
        limit,
    )?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// The runs that a message asked for, or that sent it, with where it stands.
///
/// # Errors
/// When the database fails.
pub async fn runs_of_message(tx: &mut Tx, external_id: &str) -> Result<Vec<(Place, RunId)>, StoreError> {
    sql!(
        tx,
        fetch_all as (Place, RunId),
        "SELECT m.place, r.id FROM messages m JOIN runs r ON r.turn_id = m.turn_id WHERE m.external_id = $1
         UNION SELECT d.place, d.run_id FROM deliveries d WHERE d.external_id = $1 AND d.run_id IS NOT NULL
         UNION SELECT d.place, s.run_id FROM deliveries d JOIN steps s ON s.id = d.step_id WHERE d.external_id = $1
         UNION SELECT d.place, g.run_id FROM deliveries d JOIN gate_copies c ON c.group_id = d.group_id
             JOIN gates g ON g.id = c.gate_id WHERE d.external_id = $1 AND g.run_id IS NOT NULL",
        external_id,
    )
}

/// Notes with which rights a run is asked for, in words.
///
/// # Errors
/// When the database fails.
pub async fn note_rights(tx: &mut Tx, run: RunId, rights: &str) -> Result<(), StoreError> {
    sql!(
        tx,
        execute,
        "UPDATE runs SET rights = $2 WHERE id = $1",
        run,
        rights
    )?;
    Ok(())
}

/// With which rights a run was asked for, in words; none when it began before that was noted.
///
/// # Errors
/// When the database fails.
pub async fn rights(tx: &mut Tx, run: RunId) -> Result<Option<String>, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (Option<String>,),
        "SELECT rights FROM runs WHERE id = $1",
        run,
    )?;
    Ok(row.and_then(|(rights,)| rights))
}

/// An event that something came in with.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Came {
    /// Its id.
    pub id: EventId,
    /// Where it happened.
    pub place: Option<Place>,
    /// The fact, e.g. `message_posted`.
    pub name: String,
    /// When it reached us.
    pub received_at: DateTime<Utc>,
    /// What it meant to us.
    pub meaning: Option<String>,
    /// When a copy of it came last, as far as that is noted: one by another name, or one that came more than an hour later.
    pub copied_at: Option<DateTime<Utc>>,
}

/// What is known of the events about a message.
///
/// # Errors
/// When the database fails.
pub async fn came(tx: &mut Tx, external_id: &str) -> Result<Vec<Came>, StoreError> {
    sql!(
        tx,
        fetch_all as Came,
        "SELECT e.id, e.place, e.name, e.received_at, e.meaning,
             (SELECT MAX(k.seen_at) FROM event_keys k WHERE k.event_id = e.id AND k.seen_at > e.received_at) AS copied_at
         FROM inbox_events e WHERE e.external_id = $1 ORDER BY e.received_at, e.id",
        external_id,
    )
}

/// The messages that make up a turn: where they stand, and their ids.
///
/// # Errors
/// When the database fails.
pub async fn messages_of(tx: &mut Tx, turn: TurnId) -> Result<Vec<(Place, String)>, StoreError> {
    sql!(
        tx,
        fetch_all as (Place, String),
        "SELECT place, external_id FROM messages WHERE turn_id = $1 AND author_kind <> 'ourselves' AND part = 0
         ORDER BY sent_at, external_id",
        turn,
    )
}

/// Everything that a run sent, in order.
///
/// # Errors
/// When the database fails.
pub async fn deliveries_of(tx: &mut Tx, run: RunId) -> Result<Vec<DeliveryId>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (DeliveryId,),
        "SELECT d.id FROM deliveries d WHERE d.run_id = $1 OR d.step_id IN (SELECT s.id FROM steps s WHERE s.run_id = $1)
             OR d.group_id IN (SELECT c.group_id FROM gate_copies c JOIN gates g ON g.id = c.gate_id WHERE g.run_id = $1)
         ORDER BY d.created_at, d.part, d.id",
        run,
    )?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}
