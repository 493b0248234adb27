//! The outbox as whoever runs Callsheet sees it: what waits for a person, and what a person decided.

use chrono::{DateTime, Utc};

use super::db::sql;
use super::deliveries::{BEHIND, State};
use super::{StoreError, Tx};
use crate::domain::{DeliveryId, GroupId, PersonId, Place, RunId};

/// How many deliveries wait for a person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waiting {
    /// It is not known whether they arrived, and nobody looks any more.
    pub in_doubt: i64,
    /// They were given up.
    pub dead: i64,
    /// They arrived twice.
    pub twice: i64,
}

/// Which deliveries to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// What waits for a person.
    Waiting,
    /// What may have happened, whether it is still looked up or not.
    Unknown,
    /// What was given up.
    Dead,
    /// What is on its way.
    Queued,
    /// All of these.
    All,
}

/// The work on a delivery.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Work {
    /// Somebody works on it at this moment.
    pub is_running: bool,
    /// When it is taken up.
    pub run_at: DateTime<Utc>,
}

/// How many deliveries are not settled, or dead, by state.
///
/// # Errors
/// When the database fails.
pub async fn unsettled(tx: &mut Tx) -> Result<Vec<(State, i64)>, StoreError> {
    sql!(
        tx,
        fetch_all as (State, i64),
        "SELECT state, COUNT(*) FROM deliveries WHERE state IN ('queued', 'sending', 'unknown', 'dead')
         GROUP BY state ORDER BY state",
    )
}

/// What was given up, newest first: where it was to go, and why it did not; for the operator.
///
/// # Errors
/// When the database fails.
pub async fn given_up(tx: &mut Tx, limit: i64) -> Result<Vec<(Place, String)>, StoreError> {
    sql!(
        tx,
        fetch_all as (Place, String),
        "SELECT place, COALESCE(reason, '') FROM deliveries WHERE state = 'dead' ORDER BY created_at DESC, id LIMIT $1",
        limit,
    )
}

/// How many deliveries wait for a person.
///
/// # Errors
/// When the database fails.
pub async fn waiting(tx: &mut Tx) -> Result<Waiting, StoreError> {
    let (in_doubt,) = sql!(
        tx,
        fetch_one as (i64,),
        "SELECT COUNT(*) FROM deliveries d WHERE d.state = 'unknown' AND NOT EXISTS (SELECT 1 FROM work_items w
             WHERE w.kind = 'send' AND w.subject = d.id AND w.state IN ('queued', 'running', 'parked'))",
    )?;
    let (dead,) = sql!(
        tx,
        fetch_one as (i64,),
        "SELECT COUNT(*) FROM deliveries WHERE state = 'dead'"
    )?;
    let (twice,) = sql!(
        tx,
        fetch_one as (i64,),
        "SELECT COUNT(*) FROM deliveries WHERE twin_id IS NOT NULL"
    )?;
    Ok(Waiting {
        in_doubt,
        dead,
        twice,
    })
}

/// A list of deliveries, oldest first.
macro_rules! listed {
    ($tx:expr, $limit:expr, $which:literal) => {
        sql!(
            $tx,
            fetch_all as (DeliveryId,),
            concat!(
                "SELECT d.id FROM deliveries d WHERE ",
                $which,
                " ORDER BY d.created_at, d.id LIMIT $1"
            ),
            $limit,
        )
    };
}

/// The first deliveries of a kind, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn list(tx: &mut Tx, wanted: Wanted, limit: i64) -> Result<Vec<DeliveryId>, StoreError> {
    let rows = match wanted {
        Wanted::Waiting => listed!(
            tx,
            limit,
            "d.state = 'dead' OR d.twin_id IS NOT NULL OR (d.state = 'unknown' AND NOT EXISTS (SELECT 1 FROM work_items w
                 WHERE w.kind = 'send' AND w.subject = d.id AND w.state IN ('queued', 'running', 'parked')))"
        ),
        Wanted::Unknown => listed!(tx, limit, "d.state = 'unknown'"),
        Wanted::Dead => listed!(tx, limit, "d.state = 'dead'"),
        Wanted::Queued => listed!(tx, limit, "d.state IN ('queued', 'sending')"),
        Wanted::All => listed!(
            tx,
            limit,
            "d.state IN ('queued', 'sending', 'unknown', 'dead') OR d.twin_id IS NOT NULL"
        ),
    }?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// The deliveries whose id begins or ends with some of its 32 digits; `limit` at most.
///
/// # Errors
/// When the database fails.
pub async fn named(tx: &mut Tx, digits: &str, limit: i64) -> Result<Vec<DeliveryId>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (DeliveryId,),
        {
            sqlite: "SELECT id FROM deliveries WHERE LOWER(HEX(id)) LIKE $1 || '%' OR LOWER(HEX(id)) LIKE '%' || $1
                ORDER BY id LIMIT $2",
            postgres: "SELECT id FROM deliveries WHERE REPLACE(CAST(id AS TEXT), '-', '') LIKE $1 || '%'
                OR REPLACE(CAST(id AS TEXT), '-', '') LIKE '%' || $1 ORDER BY id LIMIT $2",
        },
        digits,
        limit,
    )?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// The open work on a delivery; none when nobody is to look at it.
///
/// # Errors
/// When the database fails.
pub async fn work(tx: &mut Tx, id: DeliveryId) -> Result<Option<Work>, StoreError> {
    sql!(
        tx,
        fetch_optional as Work,
        "SELECT state = 'running' AS is_running, run_at FROM work_items
         WHERE kind = 'send' AND subject = $1 AND state IN ('queued', 'running', 'parked')",
        id,
    )
}

/// Brings a delivery back from `from` into `to`, its calls counted anew; false when it is no longer in `from`.
///
/// # Errors
/// When the database fails.
pub async fn revive(
    tx: &mut Tx,
    id: DeliveryId,
    from: State,
    to: State,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let changed = sql!(
        tx,
        execute,
        "UPDATE deliveries SET state = $3, reason = $4, attempts = 0, lost_calls = 0, tried_since = $5
         WHERE id = $1 AND state = $2",
        id,
        from,
        to,
        reason,
        now,
    )?;
    Ok(changed == 1)
}

/// Queues the later parts of a group again that were cancelled behind a dead part.
///
/// # Errors
/// When the database fails.
pub async fn revive_behind(
    tx: &mut Tx,
    group: GroupId,
    part: i64,
) -> Result<Vec<(DeliveryId, String, Place)>, StoreError> {
    let parts = sql!(
        tx,
        fetch_all as (DeliveryId, String, Place),
        "SELECT id, credential, place FROM deliveries
         WHERE group_id = $1 AND part > $2 AND state = 'cancelled' AND reason = $3 ORDER BY part",
        group,
        part,
        BEHIND,
    )?;
    sql!(
        tx,
        execute,
        "UPDATE deliveries SET state = 'queued', reason = NULL
         WHERE group_id = $1 AND part > $2 AND state = 'cancelled' AND reason = $3",
        group,
        part,
        BEHIND,
    )?;
    Ok(parts)
}

/// Takes back the later parts of a group that has a dead part; which ones.
///
/// # Errors
/// When the database fails.
pub async fn cancel_behind(tx: &mut Tx, group: GroupId, part: i64) -> Result<Vec<DeliveryId>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (DeliveryId,),
        "UPDATE deliveries SET state = 'cancelled', reason = $3
         WHERE group_id = $1 AND part > $2 AND state = 'queued' RETURNING id",
        group,
        part,
        BEHIND,
    )?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Who asked for what is sent: the person of the run, or whoever made the schedule of the digest.
///
/// # Errors
/// When the database fails.
pub async fn asked_by(
    tx: &mut Tx,
    run: Option<RunId>,
    group: GroupId,
) -> Result<Option<PersonId>, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (PersonId,),
        "SELECT t.person_id FROM runs r JOIN turns t ON t.id = r.turn_id WHERE r.id = $1
         UNION ALL SELECT s.person_id FROM occurrences o JOIN schedules s ON s.id = o.schedule_id WHERE o.group_id = $2 LIMIT 1",
        run,
        group,
    )?;
    Ok(row.map(|(person,)| person))
}

/// Takes a delivery back; false when it is no longer in `from`.
///
/// # Errors
/// When the database fails.
pub async fn cancel(tx: &mut Tx, id: DeliveryId, from: State, reason: &str) -> Result<bool, StoreError> {
    let changed = sql!(
        tx,
        execute,
        "UPDATE deliveries SET state = 'cancelled', reason = $3 WHERE id = $1 AND state = $2",
        id,
        from,
        reason,
    )?;
    Ok(changed == 1)
}

/// Forgets that a delivery arrived twice: a person has seen to it.
///
/// # Errors
/// When the database fails.
pub async fn forget_twin(tx: &mut Tx, id: DeliveryId) -> Result<(), StoreError> {
    sql!(
        tx,
        execute,
        "UPDATE deliveries SET twin_id = NULL WHERE id = $1",
        id
    )?;
    Ok(())
}
