//! Retention: what is finished and older than the configuration says is deleted, so that the database stays small.
//!
//! 1. A few rows at a time, each batch a transaction of its own: SQLite has one writer, and people wait for it.
//! 2. The keys by which events are known stand for at least 30 days.
//! 3. Several replicas may do it at once; each leaves what another holds.
//! 4. The audit log is kept for ever, and tells what was deleted of what people said and did.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::Engine;
use crate::config::Retention;
use crate::store::audit::{self, Entry, Outcome, Who};
use crate::store::{StoreError, Tx, retention};
use crate::telemetry;

/// After a start there is more urgent work.
const FIRST: Duration = Duration::from_secs(5 * 60);
/// Between two rounds.
const EVERY: Duration = Duration::from_secs(60 * 60);
/// How many rows one transaction deletes.
const BATCH: i64 = 200;
/// How many batches of one kind a round deletes; what is left is for the next round.
const BATCHES: usize = 5_000;
/// How long a note on pacing is kept that holds nobody back.
const PACING: TimeDelta = TimeDelta::days(1);

/// Deletes at most so many rows that are older than a moment; how many it deleted.
type Delete = for<'a> fn(&'a mut Tx, DateTime<Utc>, i64) -> BoxFuture<'a, Result<u64, StoreError>>;

/// Deletes what is old every hour, until `stop`.
///
/// # Errors
/// Never; it says so for the supervisor's sake.
pub async fn keep_small(engine: Engine, ages: Retention, stop: CancellationToken) -> Result<(), String> {
    let mut wait = FIRST;
    loop {
        tokio::select! {
            () = engine.clock.sleep(wait) => {}
            () = stop.cancelled() => return Ok(()),
        }
        wait = EVERY;
        match forget(&engine, ages, &stop).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "deleted rows that were finished and old"),
            Err(error) => {
                let error = telemetry::scrub(&error.to_string());
                tracing::warn!(error, "could not delete old rows; trying again in an hour");
            }
        }
    }
}

/// One round; the number of rows that were deleted, not counting those that went with them.
///
/// # Errors
/// When the database fails; what was deleted before stays deleted.
pub async fn forget(engine: &Engine, ages: Retention, stop: &CancellationToken) -> Result<u64, StoreError> {
    let now = engine.clock.now();
    let days = |days: u64| before(now, days);
    macro_rules! delete {
        ($kind:ident) => {
            (|tx, before, limit| Box::pin(retention::$kind(tx, before, limit))) as Delete
        };
    }
    // What hangs on something goes before it.
    let kinds = [
        (None, delete!(done_work), days(ages.work_days)),
        (None, delete!(dead_work), days(ages.history_days)),
        (Some("events"), delete!(events), days(ages.event_days)),
        (Some("occurrences"), delete!(occurrences), days(ages.history_days)),
        (Some("deliveries"), delete!(deliveries), days(ages.history_days)),
        (Some("runs"), delete!(turns), days(ages.history_days)),
        (Some("questions"), delete!(gates), days(ages.history_days)),
        (Some("messages"), delete!(messages), days(ages.message_days)),
        (
            Some("conversations"),
            delete!(conversations),
            days(ages.message_days),
        ),
        (None, delete!(pacing), now - PACING),
    ];
    let mut gone = 0;
    for (what, delete, before) in kinds {
        for _ in 0..BATCHES {
            if stop.is_cancelled() {
                return Ok(gone);
            }
            let mut tx = engine.db.begin().await?;
            let count = delete(&mut tx, before, BATCH).await?;
            if count == 0 {
                break;
            }
            if let Some(what) = what {
                note(&mut tx, what, count, before, now).await?;
            }
            tx.commit("retention").await?;
            gone += count;
        }
    }
    Ok(gone + empty_lanes(engine, stop).await?)
}

/// Notes in the audit log what is deleted.
async fn note(
    tx: &mut Tx,
    what: &str,
    count: u64,
    before: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let before = before.format("%Y-%m-%d %H:%M UTC");
    let entry = Entry {
        who: Who::Clock,
        place: None,
        action: "retention.delete",
        subject: what,
        on_behalf: None,
        result: Outcome::Done,
        run: None,
        detail: format!("{count} of {what}, finished before {before}"),
    };
    audit::note(tx, &entry, now).await
}

/// The moment so many days ago.
fn before(now: DateTime<Utc>, days: u64) -> DateTime<Utc> {
    let span = TimeDelta::try_days(i64::try_from(days).unwrap_or(i64::MAX)).unwrap_or(TimeDelta::MAX);
    now.checked_sub_signed(span).unwrap_or(DateTime::<Utc>::MIN_UTC)
}

/// Deletes the lanes that have no items any more.
async fn empty_lanes(engine: &Engine, stop: &CancellationToken) -> Result<u64, StoreError> {
    let (mut gone, mut after) = (0, String::new());
    while !stop.is_cancelled() {
        let mut tx = engine.db.read().await?;
        let end = retention::lanes_up_to(&mut tx, &after, BATCH).await?;
        drop(tx);
        let Some(end) = end else { break };
        let mut tx = engine.db.begin().await?;
        let count = retention::empty_lanes(&mut tx, &after, &end).await?;
        if count > 0 {
            tx.commit("retention of lanes").await?;
            gone += count;
        }
        after = end;
    }
    Ok(gone)
}
