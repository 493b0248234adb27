//! The audit log's keeper: notes when the service starts and stops, and puts what was committed into the chain, in batches.
//!
//! 1. Who writes a row waits for nobody: sealing comes after the commit, within [`EVERY`].
//! 2. Several replicas may seal at once; the database lets one after the other make the chain longer.
//! 3. A stop in order leaves nothing unsealed; what a crash leaves is sealed after the next start.

pub mod check;
mod lifetime;

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

pub use lifetime::{Start, stopped};

use super::Engine;
use super::clock::later;
use super::database;
use crate::store::{Db, StoreError, audit};
use crate::telemetry;

/// How often what was committed is sealed. Looking for it reads one row of a table that is nearly empty.
pub const EVERY: Duration = Duration::from_secs(1);
/// How many rows one transaction seals: SQLite has one writer, and people wait for it.
const BATCH: i64 = 200;

/// Notes the start of a service, then seals what was committed, until `stop`.
///
/// # Errors
/// Never; it says so for the supervisor's sake.
pub async fn keep(engine: Engine, start: Option<Start>, stop: CancellationToken) -> Result<(), String> {
    let (mut start, mut failures) = (start, 0);
    loop {
        let now = engine.clock.now();
        let kept = async {
            if let Some(starting) = &start {
                lifetime::started(&engine, starting).await?;
                start = None;
            }
            seal(&engine.db, now).await
        };
        let wait = match kept.await {
            Ok(_) => {
                failures = 0;
                EVERY
            }
            Err(error) => {
                failures += 1;
                engine.database_failed(&error);
                let error = telemetry::scrub(&error.to_string());
                tracing::warn!(failures, error, "cannot keep the audit log");
                database::pause(failures)
            }
        };
        // After the first round, so that a service that stops at once is noted, too.
        if stop.is_cancelled() {
            return Ok(());
        }
        // Nothing that anybody waits for: a test's clock does not jump to it.
        tokio::select! {
            () = engine.clock.deadline(later(now, wait)) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// Seals all that is committed by now; how many rows that were.
///
/// # Errors
/// When the database fails; what was sealed before stays sealed.
pub async fn seal(db: &Db, now: DateTime<Utc>) -> Result<usize, StoreError> {
    let mut sealed = 0;
    loop {
        let mut tx = db.read().await?;
        if !audit::has_unsealed(&mut tx).await? {
            return Ok(sealed);
        }
        drop(tx);
        let mut tx = db.begin().await?;
        let count = audit::seal(&mut tx, now, BATCH).await?;
        if count == 0 {
            return Ok(sealed);
        }
        tx.commit("audit sealed").await?;
        sealed += count;
    }
}
