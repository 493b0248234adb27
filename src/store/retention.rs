//! Forgetting: what is finished and old enough is deleted, a few rows at a time, so that writers hardly wait.
//!
//! 1. Nothing goes that is open, in doubt, or given up and waiting for a person; nor what something younger still needs.
//! 2. Rows that somebody else holds are left for the next time: this waits for nobody, and two may do it at once.
//! 3. On PostgreSQL a statement does not see what was committed after it began. Where a new row may come to hang on the one
//!    that goes, the row is locked first and looked at again by a second statement.

use chrono::{DateTime, Utc};

use super::db::sql;
use super::{StoreError, Tx};
use crate::domain::{ConversationId, EventId};

/// Which deliveries may go; see [`deliveries`].
macro_rules! settled {
    () => {
        "SELECT d.id FROM deliveries d
         WHERE d.state IN ('sent', 'cancelled') AND COALESCE(d.sent_at, d.created_at) < $1
             AND NOT EXISTS (SELECT 1 FROM deliveries o WHERE o.group_id = d.group_id
                 AND (o.state NOT IN ('sent', 'cancelled') OR COALESCE(o.sent_at, o.created_at) >= $1))
             AND NOT EXISTS (SELECT 1 FROM work_items w WHERE w.kind = 'send' AND w.subject = d.id
                 AND w.state IN ('queued', 'running', 'parked'))
             AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.id = d.run_id
                 AND (r.finished_at IS NULL OR r.finished_at >= $1))
             AND NOT EXISTS (SELECT 1 FROM occurrences o WHERE o.group_id = d.group_id)
         ORDER BY COALESCE(d.sent_at, d.created_at) LIMIT $2"
    };
}

/// Which turns may go; see [`turns`].
macro_rules! ended {
    () => {
        "SELECT r.turn_id FROM runs r WHERE r.finished_at IS NOT NULL AND r.finished_at < $1
             AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.run_id = r.id)
             AND NOT EXISTS (SELECT 1 FROM work_items w WHERE w.kind IN ('run', 'progress') AND w.subject = r.id
                 AND w.state IN ('queued', 'running', 'parked'))
         ORDER BY r.finished_at LIMIT $2"
    };
}

/// Deletes at most `limit` work items that ended well and were last due before a moment.
///
/// # Errors
/// When the database fails.
pub async fn done_work(tx: &mut Tx, before: DateTime<Utc>, limit: i64) -> Result<u64, StoreError> {
    sql!(
        tx,
        execute,
        {
            sqlite: "DELETE FROM work_items WHERE id IN (
                SELECT id FROM work_items WHERE state IN ('done', 'dead') AND state = 'done' AND run_at < $1
                ORDER BY run_at LIMIT $2)",
            postgres: "DELETE FROM work_items WHERE id IN (
                SELECT id FROM work_items WHERE state IN ('done', 'dead') AND state = 'done' AND run_at < $1
                ORDER BY run_at LIMIT $2 FOR UPDATE SKIP LOCKED)",
        },
        before,
        limit,
    )
}

/// Deletes at most `limit` work items that were given up and last due before a moment; who waited for them was told then.
///
/// # Errors
/// When the database fails.
pub async fn dead_work(tx: &mut Tx, before: DateTime<Utc>, limit: i64) -> Result<u64, StoreError> {
    sql!(
        tx,
        execute,
        {
            sqlite: "DELETE FROM work_items WHERE id IN (
                SELECT id FROM work_items WHERE state IN ('done', 'dead') AND state = 'dead' AND run_at < $1
                ORDER BY run_at LIMIT $2)",
            postgres: "DELETE FROM work_items WHERE id IN (
                SELECT id FROM work_items WHERE state IN ('done', 'dead') AND state = 'dead' AND run_at < $1
                ORDER BY run_at LIMIT $2 FOR UPDATE SKIP LOCKED)",
        },
        before,
        limit,
    )
}

/// The last lane of the next `limit` ones after a lane, in their order; none after the last.
///
/// # Errors
/// When the database fails.
pub async fn lanes_up_to(tx: &mut Tx, after: &str, limit: i64) -> Result<Option<String>, StoreError> {
    let (end,) = sql!(
        tx,
        fetch_one as (Option<String>,),
        "SELECT MAX(lane) FROM (SELECT lane FROM lanes WHERE lane > $1 ORDER BY lane LIMIT $2) AS page",
        after,
        limit,
    )?;
    Ok(end)
}

/// Deletes the lanes without items after one lane up to another. A lane whose number moved meanwhile got an item, and stays.
///
/// # Errors
/// When the database fails.
pub async fn empty_lanes(tx: &mut Tx, after: &str, up_to: &str) -> Result<u64, StoreError> {
    sql!(
        tx,
        execute,
        {
            sqlite: "DELETE FROM lanes WHERE (lane, last_seq) IN (
                SELECT l.lane, l.last_seq FROM lanes l WHERE l.lane > $1 AND l.lane <= $2
                    AND NOT EXISTS (SELECT 1 FROM work_items w WHERE w.lane = l.lane))",
            postgres: "DELETE FROM lanes WHERE (lane, last_seq) IN (
                SELECT l.lane, l.last_seq FROM lanes l WHERE l.lane > $1 AND l.lane <= $2
                    AND NOT EXISTS (SELECT 1 FROM work_items w WHERE w.lane = l.lane)
                FOR UPDATE OF l SKIP LOCKED)",
        },
        after,
        up_to,
    )
}

/// Deletes at most `limit` events that were received, and known by none of their keys again, since a moment; their keys go
/// with them.
///
/// # Errors
/// When the database fails.
pub async fn events(tx: &mut Tx, before: DateTime<Utc>, limit: i64) -> Result<u64, StoreError> {
    let old = sql!(
        tx,
        fetch_all as (EventId,),
        {
            sqlite: "SELECT e.id FROM inbox_events e WHERE e.received_at < $1
                AND NOT EXISTS (SELECT 1 FROM event_keys k WHERE k.event_id = e.id AND k.seen_at >= $1)
                AND NOT EXISTS (SELECT 1 FROM work_items w WHERE w.kind = 'event' AND w.subject = e.id
                    AND w.state IN ('queued', 'running', 'parked'))
                ORDER BY e.received_at LIMIT $2",
            postgres: "SELECT e.id FROM inbox_events e WHERE e.received_at < $1
                AND NOT EXISTS (SELECT 1 FROM event_keys k WHERE k.event_id = e.id AND k.seen_at >= $1)
                AND NOT EXISTS (SELECT 1 FROM work_items w WHERE w.kind = 'event' AND w.subject = e.id
                    AND w.state IN ('queued', 'running', 'parked'))
                ORDER BY e.received_at LIMIT $2 FOR UPDATE OF e SKIP LOCKED",
        },
        before,
        limit,
    )?;
    let mut gone = 0;
    for (id,) in old {
        gone += sql!(
            tx,
            execute,
            "DELETE FROM inbox_events WHERE id = $1
                AND NOT EXISTS (SELECT 1 FROM event_keys k WHERE k.event_id = $1 AND k.seen_at >= $2)",
            id,
            before,
        )?;
    }
    Ok(gone)
}

/// Deletes at most `limit` occurrences whose digest was made before a moment, but the last one of each schedule, and none
/// that has a delivery which is not settled.
///
/// # Errors
/// When the database fails.
pub async fn occurrences(tx: &mut Tx, before: DateTime<Utc>, limit: i64) -> Result<u64, StoreError> {
    sql!(
        tx,
        execute,
        {
            sqlite: "DELETE FROM occurrences WHERE id IN (
                SELECT o.id FROM occurrences o WHERE o.made_at < $1
                    AND EXISTS (SELECT 1 FROM occurrences n WHERE n.schedule_id = o.schedule_id AND n.due_at > o.due_at)
                    AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.group_id = o.group_id
                        AND d.state NOT IN ('sent', 'cancelled'))
                    AND NOT EXISTS (SELECT 1 FROM work_items w WHERE w.kind = 'occurrence' AND w.subject = o.id
                        AND w.state IN ('queued', 'running', 'parked'))
                ORDER BY o.made_at LIMIT $2)",
            postgres: "DELETE FROM occurrences WHERE id IN (
                SELECT o.id FROM occurrences o WHERE o.made_at < $1
                    AND EXISTS (SELECT 1 FROM occurrences n WHERE n.schedule_id = o.schedule_id AND n.due_at > o.due_at)
                    AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.group_id = o.group_id
                        AND d.state NOT IN ('sent', 'cancelled'))
                    AND NOT EXISTS (SELECT 1 FROM work_items w WHERE w.kind = 'occurrence' AND w.subject = o.id
                        AND w.state IN ('queued', 'running', 'parked'))
                ORDER BY o.made_at LIMIT $2 FOR UPDATE OF o SKIP LOCKED)",
        },
        before,
        limit,
    )
}

/// Deletes at most `limit` deliveries that were settled before a moment: together with their whole group, after the run
/// that they belong to, and not before the occurrence whose digest they are.
///
/// # Errors
/// When the database fails.
pub async fn deliveries(tx: &mut Tx, before: DateTime<Utc>, limit: i64) -> Result<u64, StoreError> {
    sql!(
        tx,
        execute,
        {
            sqlite: concat!("DELETE FROM deliveries WHERE id IN (", settled!(), ")"),
            postgres: concat!("DELETE FROM deliveries WHERE id IN (", settled!(), " FOR UPDATE OF d SKIP LOCKED)"),
        },
        before,
        limit,
    )
}

/// Deletes at most `limit` turns whose run ended before a moment and has no delivery any more, with the run and its journal.
///
/// # Errors
/// When the database fails.
pub async fn turns(tx: &mut Tx, before: DateTime<Utc>, limit: i64) -> Result<u64, StoreError> {
    sql!(
        tx,
        execute,
        {
            sqlite: concat!("DELETE FROM turns WHERE id IN (", ended!(), ")"),
            postgres: concat!("DELETE FROM turns WHERE id IN (", ended!(), " FOR UPDATE OF r SKIP LOCKED)"),
        },
        before,
        limit,
    )
}

/// Deletes at most `limit` questions that were decided before a moment, with their votes, after the run that asked them.
///
/// # Errors
/// When the database fails.
pub async fn gates(tx: &mut Tx, before: DateTime<Utc>, limit: i64) -> Result<u64, StoreError> {
    sql!(
        tx,
        execute,
        {
            sqlite: "DELETE FROM gates WHERE id IN (
                SELECT id FROM gates WHERE run_id IS NULL AND decided_at < $1 ORDER BY decided_at LIMIT $2)",
            postgres: "DELETE FROM gates WHERE id IN (
                SELECT id FROM gates WHERE run_id IS NULL AND decided_at < $1 ORDER BY decided_at LIMIT $2
                FOR UPDATE SKIP LOCKED)",
        },
        before,
        limit,
    )
}

/// Deletes at most `limit` messages that were written before a moment, but no request that is not answered.
///
/// # Errors
/// When the database fails.
pub async fn messages(tx: &mut Tx, before: DateTime<Utc>, limit: i64) -> Result<u64, StoreError> {
    sql!(
        tx,
        execute,
        {
            sqlite: "DELETE FROM messages WHERE id IN (
                SELECT m.id FROM messages m WHERE m.sent_at < $1
                    AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.turn_id = m.turn_id AND r.finished_at IS NULL)
                ORDER BY m.sent_at LIMIT $2)",
            postgres: "DELETE FROM messages WHERE id IN (
                SELECT m.id FROM messages m WHERE m.sent_at < $1
                    AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.turn_id = m.turn_id AND r.finished_at IS NULL)
                ORDER BY m.sent_at LIMIT $2 FOR UPDATE OF m SKIP LOCKED)",
        },
        before,
        limit,
    )
}

/// Deletes at most `limit` conversations that began before a moment and of which nothing is left. Somebody who speaks there
/// again begins a new one.
///
/// # Errors
/// When the database fails.
pub async fn conversations(tx: &mut Tx, before: DateTime<Utc>, limit: i64) -> Result<u64, StoreError> {
    let empty = sql!(
        tx,
        fetch_all as (ConversationId,),
        {
            sqlite: "SELECT c.id FROM conversations c WHERE c.created_at < $1
                AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.conversation_id = c.id)
                AND NOT EXISTS (SELECT 1 FROM turns t WHERE t.conversation_id = c.id)
                AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.conversation_id = c.id)
                ORDER BY c.created_at LIMIT $2",
            postgres: "SELECT c.id FROM conversations c WHERE c.created_at < $1
                AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.conversation_id = c.id)
                AND NOT EXISTS (SELECT 1 FROM turns t WHERE t.conversation_id = c.id)
                AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.conversation_id = c.id)
                ORDER BY c.created_at LIMIT $2 FOR UPDATE OF c SKIP LOCKED",
        },
        before,
        limit,
    )?;
    let mut gone = 0;
    for (id,) in empty {
        gone += sql!(
            tx,
            execute,
            "DELETE FROM conversations WHERE id = $1
                AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.conversation_id = $1)
                AND NOT EXISTS (SELECT 1 FROM turns t WHERE t.conversation_id = $1)
                AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.conversation_id = $1)",
            id,
        )?;
    }
    Ok(gone)
}

/// Deletes at most `limit` notes on pacing that hold nobody back since a moment.
///
/// # Errors
/// When the database fails.
pub async fn pacing(tx: &mut Tx, before: DateTime<Utc>, limit: i64) -> Result<u64, StoreError> {
    sql!(
        tx,
        execute,
        {
            sqlite: "DELETE FROM pacing WHERE scope IN (
                SELECT scope FROM pacing WHERE next_at < $1 AND paused_until < $1 LIMIT $2)",
            postgres: "DELETE FROM pacing WHERE scope IN (
                SELECT scope FROM pacing WHERE next_at < $1 AND paused_until < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
        },
        before,
        limit,
    )
}
