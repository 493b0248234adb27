//! The work queue: lanes, claims under a lease, and everything that moves an item on.
//!
//! 1. Items of one lane are worked one after another, in the order of their `lane_seq`.
//! 2. A write under a lease that was lost changes nothing and says [`StoreError::LeaseLost`].
//! 3. One subject has at most one open item of a kind.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::db::sql;
use super::{StoreError, Tx};
use crate::domain::WorkId;

/// What kind of work an item is; each kind has its own workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Kind {
    /// Decide what an event means.
    Event,
    /// Work on a turn.
    Run,
    /// Bring about a delivery.
    Send,
    /// Show that a run takes its time.
    Progress,
    /// Make the digest of a due time.
    Occurrence,
    /// Do what a control word such as "stop" says.
    Control,
}

/// A claimed item: ours until the lease ends.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Claimed {
    /// The item.
    pub id: WorkId,
    /// Its kind.
    pub kind: Kind,
    /// The event, run, delivery or occurrence it is about.
    pub subject: Uuid,
    /// How often it was claimed, this time included.
    pub attempts: i64,
    /// Fences late writes: each claim counts it up.
    pub lease_no: i64,
}

/// Adds an item at the end of its lane, due at `run_at`. An open item about the same subject is kept instead and, when it
/// waits for later, brought forward with its tries counted anew; a parked one stays parked.
///
/// # Errors
/// When the database fails.
pub async fn enqueue(
    tx: &mut Tx,
    kind: Kind,
    lane: &str,
    subject: Uuid,
    run_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    tx.call_others();
    let brought_forward = sql!(
        tx,
        execute,
        "UPDATE work_items SET run_at = CASE WHEN run_at > $3 AND state = 'queued' THEN $3 ELSE run_at END,
             attempts = CASE WHEN state = 'queued' THEN 0 ELSE attempts END
         WHERE kind = $1 AND subject = $2 AND state IN ('queued', 'running', 'parked')",
        kind,
        subject,
        run_at,
    )?;
    if brought_forward > 0 {
        return Ok(());
    }
    // The upsert locks the lane's row until the commit, so that arrival order is commit order.
    let (seq,) = sql!(
        tx,
        fetch_one as (i64,),
        "INSERT INTO lanes (lane, last_seq) VALUES ($1, 1)
         ON CONFLICT (lane) DO UPDATE SET last_seq = lanes.last_seq + 1 RETURNING last_seq",
        lane,
    )?;
    sql!(
        tx,
        execute,
        "INSERT INTO work_items (id, lane, lane_seq, kind, subject, state, run_at, attempts, lease_no, created_at)
         VALUES ($1, $2, $3, $4, $5, 'queued', $6, 0, 0, $7)
         ON CONFLICT (kind, subject) WHERE state IN ('queued', 'running', 'parked') DO NOTHING",
        WorkId::new(),
        lane,
        seq,
        kind,
        subject,
        run_at,
        now,
    )?;
    Ok(())
}

/// Takes the oldest ready item of a free lane, until `lease_until`.
///
/// # Errors
/// When the database fails.
pub async fn claim(
    tx: &mut Tx,
    kind: Kind,
    now: DateTime<Utc>,
    lease_until: DateTime<Utc>,
) -> Result<Option<Claimed>, StoreError> {
    sql!(
        tx,
        fetch_optional as Claimed,
        {
            sqlite: "UPDATE work_items SET state = 'running', attempts = attempts + 1, lease_no = lease_no + 1, lease_until = $3
                WHERE id = (
                    SELECT w.id FROM work_items w WHERE w.kind = $1 AND w.state = 'queued' AND w.run_at <= $2
                        AND NOT EXISTS (SELECT 1 FROM work_items e WHERE e.lane = w.lane AND e.lane_seq < w.lane_seq
                            AND e.state IN ('queued', 'running', 'parked'))
                    ORDER BY w.run_at, w.lane_seq LIMIT 1)
                RETURNING id, kind, subject, attempts, lease_no",
            postgres: "UPDATE work_items SET state = 'running', attempts = attempts + 1, lease_no = lease_no + 1, lease_until = $3
                WHERE id = (
                    SELECT w.id FROM work_items w WHERE w.kind = $1 AND w.state = 'queued' AND w.run_at <= $2
                        AND NOT EXISTS (SELECT 1 FROM work_items e WHERE e.lane = w.lane AND e.lane_seq < w.lane_seq
                            AND e.state IN ('queued', 'running', 'parked'))
                    ORDER BY w.run_at, w.lane_seq LIMIT 1 FOR UPDATE SKIP LOCKED)
                RETURNING id, kind, subject, attempts, lease_no",
        },
        kind,
        now,
        lease_until,
    )
}

/// Refuses the write of somebody whose lease is gone.
fn held(rows: u64) -> Result<(), StoreError> {
    if rows == 1 {
        Ok(())
    } else {
        Err(StoreError::LeaseLost)
    }
}

/// Ends an item.
///
/// # Errors
/// [`StoreError::LeaseLost`], or when the database fails.
pub async fn finish(tx: &mut Tx, item: &Claimed) -> Result<(), StoreError> {
    held(sql!(
        tx,
        execute,
        "UPDATE work_items SET state = 'done', lease_until = NULL WHERE id = $1 AND lease_no = $2 AND state = 'running'",
        item.id,
        item.lease_no,
    )?)
}

/// Gives an item up, with a reason a person can read; its lane goes on.
///
/// # Errors
/// [`StoreError::LeaseLost`], or when the database fails.
pub async fn bury(tx: &mut Tx, item: &Claimed, reason: &str) -> Result<(), StoreError> {
    held(sql!(
        tx,
        execute,
        "UPDATE work_items SET state = 'dead', lease_until = NULL, reason = $3
         WHERE id = $1 AND lease_no = $2 AND state = 'running'",
        item.id,
        item.lease_no,
        reason,
    )?)
}

/// Puts an item back until `run_at`. `attempts` is what shall count as its attempts so far.
///
/// # Errors
/// [`StoreError::LeaseLost`], or when the database fails.
pub async fn put_back(
    tx: &mut Tx,
    item: &Claimed,
    run_at: DateTime<Utc>,
    attempts: i64,
) -> Result<(), StoreError> {
    held(sql!(
        tx,
        execute,
        "UPDATE work_items SET state = 'queued', run_at = $3, attempts = $4, lease_until = NULL
         WHERE id = $1 AND lease_no = $2 AND state = 'running'",
        item.id,
        item.lease_no,
        run_at,
        attempts,
    )?)
}

/// Lets an item wait, in its lane and without a worker, until [`wake`].
///
/// # Errors
/// [`StoreError::LeaseLost`], or when the database fails.
pub async fn park(tx: &mut Tx, item: &Claimed) -> Result<(), StoreError> {
    held(sql!(
        tx,
        execute,
        "UPDATE work_items SET state = 'parked', lease_until = NULL, attempts = 0
         WHERE id = $1 AND lease_no = $2 AND state = 'running'",
        item.id,
        item.lease_no,
    )?)
}

/// Wakes the parked item about a subject; nothing happens when there is none.
///
/// # Errors
/// When the database fails.
pub async fn wake(tx: &mut Tx, kind: Kind, subject: Uuid, now: DateTime<Utc>) -> Result<(), StoreError> {
    tx.call_others();
    sql!(
        tx,
        execute,
        "UPDATE work_items SET state = 'queued', run_at = $3 WHERE kind = $1 AND subject = $2 AND state = 'parked'",
        kind,
        subject,
        now,
    )?;
    Ok(())
}

/// Ends the open item about a subject that nobody works on.
///
/// # Errors
/// When the database fails.
pub async fn cancel(tx: &mut Tx, kind: Kind, subject: Uuid) -> Result<(), StoreError> {
    sql!(
        tx,
        execute,
        "UPDATE work_items SET state = 'done' WHERE kind = $1 AND subject = $2 AND state IN ('queued', 'parked')",
        kind,
        subject,
    )?;
    Ok(())
}

/// Takes the open item about a subject from whoever works on it: it waits again, due now, and late writes under its old lease
/// are refused.
///
/// # Errors
/// When the database fails.
pub async fn revoke(tx: &mut Tx, kind: Kind, subject: Uuid, now: DateTime<Utc>) -> Result<(), StoreError> {
    tx.call_others();
    sql!(
        tx,
        execute,
        "UPDATE work_items SET state = 'queued', run_at = $3, attempts = 0, lease_no = lease_no + 1, lease_until = NULL
         WHERE kind = $1 AND subject = $2 AND state IN ('queued', 'running', 'parked')",
        kind,
        subject,
        now,
    )?;
    Ok(())
}

/// Puts a claimed item back and gives its place in the lane to another subject, which waits further behind and gets this
/// one's place in exchange. False, with nothing changed, when the other does not wait.
///
/// # Errors
/// [`StoreError::LeaseLost`], or when the database fails.
pub async fn change_places(
    tx: &mut Tx,
    item: &Claimed,
    other: Uuid,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let nobody = Uuid::now_v7();
    let freed = sql!(
        tx,
        fetch_optional as (WorkId,),
        "UPDATE work_items SET subject = $3 WHERE kind = $1 AND subject = $2 AND state = 'queued'
             AND lane = (SELECT lane FROM work_items WHERE id = $4) RETURNING id",
        item.kind,
        other,
        nobody,
        item.id,
    )?;
    let Some((freed,)) = freed else {
        return Ok(false);
    };
    put_back(tx, item, now, item.attempts - 1).await?;
    for (id, subject) in [(item.id, other), (freed, item.subject)] {
        sql!(
            tx,
            execute,
            "UPDATE work_items SET subject = $2 WHERE id = $1",
            id,
            subject
        )?;
    }
    Ok(true)
}

/// Whether something waits or is worked on in a lane.
///
/// # Errors
/// When the database fails.
pub async fn is_busy(tx: &mut Tx, lane: &str) -> Result<bool, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (WorkId,),
        "SELECT id FROM work_items WHERE lane = $1 AND state IN ('queued', 'running', 'parked') LIMIT 1",
        lane,
    )?;
    Ok(row.is_some())
}

/// Whether somebody's claim of an item still holds.
///
/// # Errors
/// When the database fails.
pub async fn holds(tx: &mut Tx, item: &Claimed) -> Result<bool, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (WorkId,),
        "SELECT id FROM work_items WHERE id = $1 AND lease_no = $2 AND state = 'running'",
        item.id,
        item.lease_no,
    )?;
    Ok(row.is_some())
}

/// Lengthens a lease; false when it is lost.
///
/// # Errors
/// When the database fails.
pub async fn renew(tx: &mut Tx, item: &Claimed, until: DateTime<Utc>) -> Result<bool, StoreError> {
    let held = sql!(
        tx,
        execute,
        "UPDATE work_items SET lease_until = $3 WHERE id = $1 AND lease_no = $2 AND state = 'running'",
        item.id,
        item.lease_no,
        until,
    )?;
    Ok(held == 1)
}

/// Puts back what was claimed under leases that ended by `now`; the number of items.
///
/// # Errors
/// When the database fails.
pub async fn release_expired(tx: &mut Tx, now: DateTime<Utc>) -> Result<u64, StoreError> {
    sql!(
        tx,
        execute,
        "UPDATE work_items SET state = 'queued', lease_until = NULL, run_at = $1
         WHERE state = 'running' AND lease_until <= $1",
        now,
    )
}

/// Puts back everything that is claimed: for a start that knows to be alone with its database.
///
/// # Errors
/// When the database fails.
pub async fn release_all(tx: &mut Tx, now: DateTime<Utc>) -> Result<u64, StoreError> {
    sql!(
        tx,
        execute,
        "UPDATE work_items SET state = 'queued', lease_until = NULL, run_at = $1 WHERE state = 'running'",
        now,
    )
}

/// When the next queued item of a kind is due; items behind others of their lane count too.
///
/// # Errors
/// When the database fails.
pub async fn next_due(
    tx: &mut Tx,
    kind: Kind,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let (at,) = sql!(
        tx,
        fetch_one as (Option<DateTime<Utc>>,),
        "SELECT MIN(run_at) FROM work_items WHERE kind = $1 AND state = 'queued' AND run_at > $2",
        kind,
        now,
    )?;
    Ok(at)
}

/// Whether there is open work about a subject.
///
/// # Errors
/// When the database fails.
pub async fn is_open(tx: &mut Tx, kind: Kind, subject: Uuid) -> Result<bool, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (WorkId,),
        "SELECT id FROM work_items WHERE kind = $1 AND subject = $2 AND state IN ('queued', 'running', 'parked')",
        kind,
        subject,
    )?;
    Ok(row.is_some())
}

/// How many items are open, by kind and state.
///
/// # Errors
/// When the database fails.
pub async fn open_items(tx: &mut Tx) -> Result<Vec<(Kind, String, i64)>, StoreError> {
    sql!(
        tx,
        fetch_all as (Kind, String, i64),
        "SELECT kind, state, COUNT(*) FROM work_items WHERE state IN ('queued', 'running', 'parked')
         GROUP BY kind, state ORDER BY kind, state",
    )
}
