//! The clock's "no": questions whose time is over are decided by it.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Gates;
use crate::engine::Engine;
use crate::engine::activity::Watcher;
use crate::engine::clock::later;
use crate::engine::database;
use crate::store::{StoreError, gates};
use crate::telemetry;

/// How often the questions are looked at when nobody woke us: another process may have asked one.
const POLL: Duration = Duration::from_secs(30);

/// Says no to questions as their time ends, until `stop`.
///
/// # Errors
/// Never; it says so for the supervisor's sake.
pub async fn keep_time(engine: Engine, gates: Gates, stop: CancellationToken) -> Result<(), String> {
    let mut failures = 0;
    while !stop.is_cancelled() {
        let calls = engine.activity.begin_look(Watcher::Gates);
        let now = engine.clock.now();
        let looked = look(&engine, &gates).await;
        let pause = match &looked {
            Ok(_) => {
                failures = 0;
                POLL
            }
            Err(error) => {
                failures += 1;
                engine.database_failed(error);
                let error = telemetry::scrub(&error.to_string());
                tracing::warn!(failures, error, "cannot look at the open questions");
                database::pause(failures)
            }
        };
        if !engine.activity.end_look(Watcher::Gates, calls) {
            continue;
        }
        let due = async {
            match looked {
                Ok(Some(next)) => engine.clock.sleep_until(next).await,
                _ => std::future::pending().await,
            }
        };
        tokio::select! {
            () = engine.activity.called(Watcher::Gates) => {}
            () = due => {}
            () = engine.clock.deadline(later(now, pause)) => {}
            () = stop.cancelled() => {}
        }
    }
    engine.activity.leave(Watcher::Gates);
    Ok(())
}

/// Decides what is due; when the next one is.
async fn look(engine: &Engine, asked: &Gates) -> Result<Option<chrono::DateTime<chrono::Utc>>, StoreError> {
    let mut tx = engine.db.read().await?;
    let (due, next) = gates::due(&mut tx, engine.clock.now()).await?;
    drop(tx);
    for id in &due {
        let mut tx = engine.db.begin().await?;
        asked.expire(&mut tx, *id).await?;
        tx.commit("gate expired").await?;
    }
    if !due.is_empty() {
        engine.wake();
    }
    Ok(next)
}
