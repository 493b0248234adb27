//! What only one of several processes shall do: a named lease with a heartbeat.
//!
//! 1. A holder that was killed or frozen is replaced within 10 s: after [`LEASE`] and a last [`LOOK`].
//! 2. A holder that cannot renew stops at two thirds of its lease, before anybody can take it.
//! 3. The late writes of a holder that was replaced are refused by the lease's number ([`Held::check`]).
//!
//! For a short while there may be two: one that was frozen does not know it yet. What they do must bear that.

use std::future::Future;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use super::Engine;
use super::activity::Working;
use super::clock::later;
use crate::store::leases::{self, Lease};
use crate::store::{StoreError, Tx};
use crate::telemetry;

/// How long a lease holds without a heartbeat.
const LEASE: Duration = Duration::from_secs(6);
/// How often it is renewed.
const BEAT: Duration = Duration::from_millis(1500);
/// How long one renewal may take.
const RENEWAL: Duration = Duration::from_secs(1);
/// How often the others look whether it is free.
const LOOK: Duration = Duration::from_secs(1);

/// The right to do it, as long as the lease is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// There is no other process.
    Alone,
    /// Under a lease.
    Lease {
        /// Its name.
        name: &'static str,
        /// Counts the holders.
        number: i64,
    },
}

impl Held {
    /// Refuses the transaction when the lease was taken by somebody else.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`], or when the database fails.
    pub async fn check(&self, tx: &mut Tx) -> Result<(), StoreError> {
        match self {
            Self::Alone => Ok(()),
            Self::Lease { name, number } => leases::check(tx, name, *number).await,
        }
    }
}

/// Does `work` while this process holds the lease `name`, until `stop`; `waits` is told when somebody else holds it. The work's
/// own token is cancelled when the lease is lost, or at a stop.
pub async fn keep<W: Future<Output = ()>>(
    engine: &Engine,
    name: &'static str,
    stop: &CancellationToken,
    waits: impl Fn(),
    work: impl Fn(Held, CancellationToken) -> W,
) {
    if !engine.db.is_shared() {
        return work(Held::Alone, stop.clone()).await;
    }
    while !stop.is_cancelled() {
        let Some(number) = take(engine, name, stop, &waits).await else {
            return;
        };
        let ending = stop.child_token();
        {
            let work = work(Held::Lease { name, number }, ending.clone());
            tokio::pin!(work);
            tokio::select! {
                () = &mut work => {}
                () = beat(engine, name, number) => {
                    tracing::warn!(name, number, "the lease was lost; somebody else goes on");
                    ending.cancel();
                    work.await;
                }
            }
        }
        let_go(engine, name, number).await;
    }
}

/// Waits for the lease; none at a stop. It is taken when it was given back, or when it ended and nobody renewed it for
/// another [`LOOK`]: the clocks of two machines may differ.
async fn take(
    engine: &Engine,
    name: &'static str,
    stop: &CancellationToken,
    waits: &impl Fn(),
) -> Option<i64> {
    let mut ended: Option<(Lease, DateTime<Utc>)> = None;
    loop {
        let now = engine.clock.now();
        let look_again = match look(engine, name, &mut ended).await {
            Ok(Ok(number)) => return Some(number),
            Ok(Err(at)) => {
                waits();
                at
            }
            Err(error) => {
                let error = telemetry::scrub(&error.to_string());
                tracing::warn!(name, error, "cannot ask for a lease");
                later(now, LOOK)
            }
        };
        tokio::select! {
            () = stop.cancelled() => return None,
            () = engine.clock.sleep_until(look_again) => {}
            // It may be given back before its time.
            () = engine.clock.deadline(later(now, LOOK)) => {}
        }
    }
}

/// Takes the lease if it is free, else says when to look again. `ended` is how it was found ended, and since when.
async fn look(
    engine: &Engine,
    name: &str,
    ended: &mut Option<(Lease, DateTime<Utc>)>,
) -> Result<Result<i64, DateTime<Utc>>, StoreError> {
    let _working = Working::begin(&engine.activity);
    let now = engine.clock.now();
    let mut tx = engine.db.begin().await?;
    let lease = leases::get(&mut tx, name).await?;
    if let Some(held) = lease.filter(|lease| lease.until != leases::given_back()) {
        if held.until > now {
            return Ok(Err(held.until));
        }
        let since = match *ended {
            Some((before, since)) if before == held => since,
            _ => now,
        };
        *ended = Some((held, since));
        let free_at = later(since, LOOK);
        if now < free_at {
            return Ok(Err(free_at));
        }
    }
    let until = later(now, LEASE);
    match leases::take(&mut tx, name, engine.db.process(), lease, until).await? {
        Some(number) => {
            tx.commit("lease taken").await?;
            Ok(Ok(number))
        }
        None => Ok(Err(later(now, LOOK))),
    }
}

/// Renews the lease until it is lost, or could not be renewed for two thirds of it.
async fn beat(engine: &Engine, name: &str, number: i64) {
    let clock = &engine.clock;
    let mut renewed = clock.now();
    loop {
        clock.deadline(later(clock.now(), BEAT)).await;
        let began = clock.now();
        let working = Working::begin(&engine.activity);
        let answer = clock.timeout(RENEWAL, renew(engine, name, number)).await;
        drop(working);
        match answer {
            Ok(Ok(true)) => renewed = began,
            Ok(Ok(false)) => return,
            Ok(Err(_)) | Err(_) if later(renewed, LEASE * 2 / 3) <= clock.now() => return,
            Ok(Err(_)) | Err(_) => tracing::warn!(name, "could not renew a lease; trying again"),
        }
    }
}

async fn renew(engine: &Engine, name: &str, number: i64) -> Result<bool, StoreError> {
    let mut tx = engine.db.begin().await?;
    let until = later(engine.clock.now(), LEASE);
    let held = leases::renew(&mut tx, name, number, until).await?;
    tx.commit("lease renewed").await?;
    Ok(held)
}

/// Gives the lease back, so that nobody waits for its end.
async fn let_go(engine: &Engine, name: &str, number: i64) {
    let given = async {
        let mut tx = engine.db.begin().await?;
        leases::renew(&mut tx, name, number, leases::given_back()).await?;
        tx.commit("lease given back").await
    };
    if let Err(error) = given.await {
        let error = telemetry::scrub(&error.to_string());
        tracing::warn!(name, error, "could not give a lease back; it ends by itself");
    }
}
