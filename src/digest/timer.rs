//! The timer: claims due times, and sleeps until the next.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use crate::engine::Engine;
use crate::engine::activity::Watcher;
use crate::engine::clock::later;
use crate::engine::database;
use crate::engine::health::State;
use crate::store::queue::{self, Kind};
use crate::store::schedules::{self, Schedule};
use crate::store::{Db, StoreError};
use crate::telemetry;

/// How often the schedules are looked at when nobody woke us: another process may have changed them.
const POLL: Duration = Duration::from_secs(30);

/// Claims due times as they come, until `stop`.
///
/// # Errors
/// Never; it says so for the supervisor's sake.
pub async fn keep_time(engine: Engine, stop: CancellationToken) -> Result<(), String> {
    let mut planned = false;
    let mut failures = 0;
    while !stop.is_cancelled() {
        let calls = engine.activity.begin_look(Watcher::Schedules);
        let now = engine.clock.now();
        let looked = async {
            if !planned {
                plan(&engine.db, now).await?;
                planned = true;
            }
            look(&engine, now).await
        };
        match looked.await {
            Ok(next) => {
                failures = 0;
                if engine.activity.end_look(Watcher::Schedules, calls) {
                    rest(&engine, next, now, &stop).await;
                }
            }
            Err(error) => {
                failures += 1;
                engine.database_failed(&error);
                let error = telemetry::scrub(&error.to_string());
                tracing::warn!(failures, error, "cannot look at the schedules");
                let why = "the database does not answer, so digests may come late";
                engine.health.report("schedules", State::Degraded, why);
                if !engine.activity.end_look(Watcher::Schedules, calls) {
                    continue;
                }
                tokio::select! {
                    () = engine.clock.sleep(database::pause(failures)) => {}
                    () = engine.activity.called(Watcher::Schedules) => {}
                    () = stop.cancelled() => {}
                }
            }
        }
    }
    engine.activity.leave(Watcher::Schedules);
    Ok(())
}

/// Waits for the next due time, for a change, and looks again for good measure.
async fn rest(engine: &Engine, next: Option<DateTime<Utc>>, now: DateTime<Utc>, stop: &CancellationToken) {
    let due = async {
        match next {
            Some(next) => engine.clock.sleep_until(next).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = engine.activity.called(Watcher::Schedules) => {}
        () = due => {}
        () = engine.clock.deadline(later(now, POLL)) => {}
        () = stop.cancelled() => {}
    }
}

/// The rules of time zones change, and come with a new version of the program: what lies ahead is planned anew at the start.
/// So is a schedule that an earlier version could not read.
async fn plan(db: &Db, now: DateTime<Utc>) -> Result<(), StoreError> {
    let mut tx = db.read().await?;
    let all = schedules::all(&mut tx).await?;
    drop(tx);
    for schedule in all {
        let Some(next) = schedule.rule().ok().and_then(|rule| rule.next(now)) else {
            continue;
        };
        // What is due is claimed as it was planned.
        if schedule.next_at.is_some_and(|was| was <= now || was == next) {
            continue;
        }
        let mut tx = db.begin().await?;
        match schedule.next_at {
            Some(was) => schedules::move_on(&mut tx, schedule.id, was, Some(next)).await?,
            None => schedules::take_up(&mut tx, schedule.id, next).await?,
        };
        tx.commit("schedule planned").await?;
    }
    Ok(())
}

/// Claims what is due by `now`; the next due time.
async fn look(engine: &Engine, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, StoreError> {
    let mut tx = engine.db.read().await?;
    let due = schedules::due(&mut tx, now).await?;
    drop(tx);
    let mut claimed = false;
    for schedule in &due {
        claimed |= claim(engine, schedule, now).await?;
    }
    if claimed {
        engine.wake();
    }
    let mut tx = engine.db.read().await?;
    let (count, next) = schedules::first_due(&mut tx).await?;
    let detail = match next {
        Some(next) => format!(
            "{count} to keep; the next is due {}",
            next.format("%-d %b %Y, %H:%M UTC")
        ),
        None => "none to keep".to_owned(),
    };
    engine.health.report("schedules", State::Ok, detail);
    Ok(next)
}

/// Claims the last due time of a schedule in one transaction with its next one and the work; false when somebody else did.
async fn claim(engine: &Engine, schedule: &Schedule, now: DateTime<Utc>) -> Result<bool, StoreError> {
    let Some(first) = schedule.next_at else {
        return Ok(false);
    };
    let rule = schedule.rule();
    let mut tx = engine.db.begin().await?;
    let Ok(rule) = &rule else {
        // Kept for `schedule list` to show; it must not be looked at again and again.
        tracing::error!(schedule = %schedule.id, why = ?rule, "a schedule cannot be read and does not run");
        schedules::move_on(&mut tx, schedule.id, first, None).await?;
        tx.commit("schedule unreadable").await?;
        return Ok(false);
    };
    // When the zone's rules changed meanwhile, what was planned stands.
    let due = rule.latest(first, now).unwrap_or(first).max(first);
    if !schedules::move_on(&mut tx, schedule.id, first, rule.next(now)).await? {
        return Ok(false);
    }
    // What was claimed before a stop, and is not made yet, is missed like what was never claimed.
    let closed = schedules::close_before(&mut tx, schedule.id, due, now).await?;
    let missed = closed.or(Some(first).filter(|first| *first < due));
    let added = schedules::add_occurrence(&mut tx, schedule.id, due, missed, now).await?;
    if let Some(id) = added {
        let lane = format!("digest:{}", schedule.id);
        queue::enqueue(&mut tx, Kind::Occurrence, &lane, id.0, now, now).await?;
    }
    tx.commit("due time claimed").await?;
    Ok(added.is_some())
}
