//! Workers: they claim items under a lease, hand them to the handler of their kind, and move on what fails.
//!
//! 1. A handler ends its item in the same transaction as its effects on the database; what it leaves claimed is tried again.
//! 2. Failure backs off; after [`MAX_ATTEMPTS`] the item is dead with a reason, its lane goes on, and the handler's
//!    [`Handler::give_up`] answers the request.
//! 3. A panic in a handler is a failure of its item and of nothing else. What ends the whole program again and again is given
//!    up like any other failure.
//! 4. A failure of the database is a failure of no item: it is tried again as soon as the database answers.
//! 5. At a stop, what is still under way after [`DRAIN`] is handed back at once: nobody waits for a lease to end.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::FutureExt;
use futures::future::BoxFuture;
use rand::Rng;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Engine;
use super::activity::{Watcher, Working};
use super::clock::later;
use super::database;
use crate::store::queue::{self, Claimed, Kind};
use crate::store::{StoreError, Tx};
use crate::telemetry::{self, ErrorId};

/// How long a claim holds; renewed at a third while the handler works.
pub const LEASE: Duration = Duration::from_secs(60);
/// How long one renewal may take.
const RENEWAL: Duration = Duration::from_secs(10);
/// How often an item is tried before it is given up.
pub const MAX_ATTEMPTS: i64 = 6;
/// How often an item is claimed before it counts as one that ends the program each time. Far above [`MAX_ATTEMPTS`]: looking up
/// what became of a delivery claims its item again and again.
const MAX_CLAIMS: i64 = 60;
/// How often a worker looks whether its work was taken from it by another replica; its own process is told at once.
const STILL_MINE: Duration = Duration::from_secs(2);
/// How often the queue is looked at when nobody woke us: another process may have enqueued.
const POLL: Duration = Duration::from_secs(1);
/// How long workers may go on after a stop.
const DRAIN: Duration = Duration::from_secs(8);

/// Why a handler could not do its work now.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The database failed, or the lease was lost.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something else; tried again later.
    #[error("{0}")]
    Other(String),
}

/// One kind of work.
pub trait Handler: Send + Sync + 'static {
    /// The kind.
    fn kind(&self) -> Kind;

    /// Does the work and ends, parks or puts back the item.
    fn handle(&self, item: Claimed) -> BoxFuture<'_, Result<(), Failure>>;

    /// Answers whoever waits for an item that is about to be buried, inside the burying transaction.
    fn give_up<'a>(
        &'a self,
        tx: &'a mut Tx,
        item: &'a Claimed,
        why: &'a str,
    ) -> BoxFuture<'a, Result<(), StoreError>>;
}

/// Claims and works items of one kind, `slots` at a time, until `stop`; then lets the workers finish for a while. While the
/// database fails it tries again with growing pauses.
///
/// # Errors
/// Never; it says so for the supervisor's sake.
pub async fn run(
    engine: Engine,
    handler: Arc<dyn Handler>,
    slots: usize,
    stop: CancellationToken,
) -> Result<(), String> {
    let mut dispatcher = Dispatcher {
        engine,
        handler,
        slots,
        workers: JoinSet::new(),
        claimed: HashMap::new(),
        failures: 0,
        stop,
    };
    while !dispatcher.stop.is_cancelled() {
        dispatcher.round().await;
    }
    dispatcher.drain().await;
    Ok(())
}

/// Hands items of one kind to workers.
struct Dispatcher {
    engine: Engine,
    handler: Arc<dyn Handler>,
    /// How many items at once.
    slots: usize,
    workers: JoinSet<()>,
    /// What each worker has claimed.
    claimed: HashMap<tokio::task::Id, Claimed>,
    /// How often in a row the database failed.
    failures: u32,
    /// Ends every wait; a claim under way is finished first, so that no item is claimed and then forgotten.
    stop: CancellationToken,
}

impl Dispatcher {
    /// Starts whatever is ready, and waits until there may be more.
    async fn round(&mut self) {
        let kind = self.handler.kind();
        let watcher = Watcher::Queue(kind);
        let calls = self.engine.activity.begin_look(watcher);
        let now = self.engine.clock.now();
        let mut due = None;
        while self.workers.len() < self.slots && !self.stop.is_cancelled() {
            match claim(&self.engine, kind, now).await {
                Ok(Look::Found(item)) => self.begin(item),
                Ok(Look::Nothing { next }) => {
                    due = next;
                    break;
                }
                Err(error) => {
                    self.failures += 1;
                    self.engine.database_failed(&error);
                    let error = telemetry::scrub(&error.to_string());
                    tracing::warn!(?kind, failures = self.failures, error, "cannot claim work");
                    if self.engine.activity.end_look(watcher, calls) {
                        self.pause(database::pause(self.failures)).await;
                    }
                    return;
                }
            }
        }
        self.failures = 0;
        self.engine.database_answered();
        if self.engine.activity.end_look(watcher, calls) {
            self.rest(kind, now, due).await;
        }
        while let Some(ended) = self.workers.try_join_next_with_id() {
            self.ended(ended);
        }
    }

    fn ended(&mut self, ended: Result<(tokio::task::Id, ()), tokio::task::JoinError>) {
        let id = ended.map_or_else(|error| error.id(), |(id, ())| id);
        self.claimed.remove(&id);
    }

    fn begin(&mut self, item: Claimed) {
        let (engine, handler) = (self.engine.clone(), Arc::clone(&self.handler));
        let working = Working::begin(&engine.activity);
        let claimed = item.clone();
        let worker = self.workers.spawn(async move {
            let working = work(&engine, handler.as_ref(), item, working).await;
            engine.wake();
            drop(working);
        });
        self.claimed.insert(worker.id(), claimed);
    }

    /// Waits for a call, for due work, or for a free worker, and looks again for good measure.
    async fn rest(&mut self, kind: Kind, now: DateTime<Utc>, due: Option<DateTime<Utc>>) {
        let ended = tokio::select! {
            () = self.engine.activity.called(Watcher::Queue(kind)) => None,
            () = until(&self.engine, due) => None,
            () = self.engine.clock.deadline(later(now, POLL)) => None,
            Some(ended) = self.workers.join_next_with_id() => Some(ended),
            () = self.stop.cancelled() => None,
        };
        if let Some(ended) = ended {
            self.ended(ended);
        }
    }

    async fn pause(&self, span: Duration) {
        tokio::select! {
            () = self.engine.clock.sleep(span) => {}
            // The database may be back.
            () = self.engine.activity.called(Watcher::Queue(self.handler.kind())) => {}
            () = self.stop.cancelled() => {}
        }
    }

    /// Lets the workers finish, for a while.
    async fn drain(mut self) {
        self.engine.activity.leave(Watcher::Queue(self.handler.kind()));
        let end = later(self.engine.clock.now(), DRAIN);
        while !self.workers.is_empty() {
            tokio::select! {
                Some(ended) = self.workers.join_next_with_id() => self.ended(ended),
                () = self.engine.clock.deadline(end) => break,
            }
        }
        self.workers.shutdown().await;
        if !self.claimed.is_empty() {
            tracing::warn!(left = self.claimed.len(), "work is handed back in the middle");
        }
        for item in self.claimed.values() {
            if let Err(error) = hand_back(&self.engine, item).await {
                tracing::warn!(?item, %error, "could not hand work back; it waits for its lease to end");
            }
        }
    }
}

/// Puts an item back that a stop interrupted; it costs no try.
async fn hand_back(engine: &Engine, item: &Claimed) -> Result<(), StoreError> {
    let mut tx = engine.db.begin().await?;
    match queue::put_back(&mut tx, item, engine.clock.now(), item.attempts - 1).await {
        Ok(()) => tx.commit("handed back").await,
        // It ended between our last look and the stop.
        Err(StoreError::LeaseLost) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Waits for due work; for ever when there is none.
async fn until(engine: &Engine, due: Option<DateTime<Utc>>) {
    match due {
        Some(due) => engine.clock.sleep_until(due).await,
        None => std::future::pending().await,
    }
}

/// What a look into the queue found.
enum Look {
    Found(Claimed),
    /// Nothing is ready. The next item that is queued is due then.
    Nothing {
        next: Option<DateTime<Utc>>,
    },
}

async fn claim(engine: &Engine, kind: Kind, now: DateTime<Utc>) -> Result<Look, StoreError> {
    let mut tx = engine.db.begin().await?;
    if let Some(item) = queue::claim(&mut tx, kind, now, later(now, LEASE)).await? {
        tx.commit("claim").await?;
        return Ok(Look::Found(item));
    }
    // In the same transaction: this is what an idle program asks most.
    let next = queue::next_due(&mut tx, kind, now).await?;
    Ok(Look::Nothing { next })
}

/// Works one item, its lease renewed meanwhile.
async fn work(engine: &Engine, handler: &dyn Handler, item: Claimed, working: Working) -> Working {
    if item.attempts > MAX_CLAIMS {
        // Every failure that could be noted was; this one ended the program each time.
        let why = "the program ended each time it worked on this".to_owned();
        return settle(engine, handler, &item, Failure::Other(why), working).await;
    }
    let done = AssertUnwindSafe(async { handler.handle(item.clone()).await }).catch_unwind();
    let outcome = tokio::select! {
        outcome = done => outcome,
        () = hold(engine, &item) => {
            tracing::info!(?item, "this work was stopped, or its lease was lost");
            return working;
        }
    };
    let failure = match outcome {
        Ok(Ok(())) => return working,
        Ok(Err(Failure::Store(error @ (StoreError::LeaseLost | StoreError::RunEnded)))) => {
            tracing::info!(?item, %error, "this work was taken over or stopped");
            return working;
        }
        Ok(Err(failure)) => failure,
        Err(panic) => Failure::Other(format!("a panic: {}", panic_text(panic.as_ref()))),
    };
    settle(engine, handler, &item, failure, working).await
}

/// Notes a failure; while the database cannot, again and again, until somebody else has the item.
async fn settle(
    engine: &Engine,
    handler: &dyn Handler,
    item: &Claimed,
    failure: Failure,
    mut working: Working,
) -> Working {
    let id = telemetry::report(&failure, "work on an item failed");
    for failures in 1.. {
        let noted = match &failure {
            // The work is not to blame.
            Failure::Store(error) if error.trouble().is_some() => {
                engine.database_failed(error);
                wait_for_database(engine, item).await
            }
            Failure::Store(error) if error.makes_way() => wait_for_database(engine, item).await,
            _ => settle_failure(engine, handler, item, &id).await,
        };
        match noted {
            Ok(()) | Err(StoreError::LeaseLost) => break,
            Err(error) if error.trouble().is_some() => engine.database_failed(&error),
            Err(error) => {
                // The item stays claimed and is taken again when its lease ends.
                tracing::error!(?item, %error, "could not note a failure");
                break;
            }
        }
        drop(working);
        engine.clock.sleep(database::pause(failures)).await;
        working = Working::begin(&engine.activity);
    }
    working
}

/// Puts an item back that the database failed; it costs no try.
async fn wait_for_database(engine: &Engine, item: &Claimed) -> Result<(), StoreError> {
    let mut tx = engine.db.begin().await?;
    let at = later(engine.clock.now(), database::pause(1));
    queue::put_back(&mut tx, item, at, item.attempts - 1).await?;
    tx.commit("waits for the database").await
}

/// Renews the lease until it is lost, until the work is taken away, or until it could not be renewed for two thirds of its
/// time: then nobody else has it yet.
async fn hold(engine: &Engine, item: &Claimed) {
    let mut revoked = engine.activity.revoked();
    let mut renewed = engine.clock.now();
    let mut renew_at = later(renewed, LEASE / 3);
    loop {
        let look_at = later(engine.clock.now(), STILL_MINE);
        let renews = tokio::select! {
            () = engine.clock.sleep_until(renew_at) => true,
            () = engine.clock.deadline(look_at) => false,
            _ = revoked.changed() => false,
        };
        if !renews {
            if !is_mine(engine, item).await {
                return;
            }
            continue;
        }
        let began = engine.clock.now();
        renew_at = later(began, LEASE / 3);
        let renewal = engine
            .clock
            .timeout(RENEWAL, renew(engine, item, later(began, LEASE)));
        match renewal.await {
            Ok(Ok(true)) => renewed = began,
            Ok(Ok(false)) => return,
            Ok(Err(error)) => tracing::warn!(?item, %error, "could not renew a lease"),
            Err(late) => tracing::warn!(?item, %late, "could not renew a lease"),
        }
        if later(renewed, LEASE * 2 / 3) <= began {
            return;
        }
    }
}

async fn renew(engine: &Engine, item: &Claimed, until: DateTime<Utc>) -> Result<bool, StoreError> {
    let mut tx = engine.db.begin().await?;
    let held = queue::renew(&mut tx, item, until).await?;
    tx.commit("renew").await?;
    Ok(held)
}

/// Whether the claim still holds; yes while the database does not say.
async fn is_mine(engine: &Engine, item: &Claimed) -> bool {
    let looked = async {
        let mut tx = engine.db.read().await?;
        queue::holds(&mut tx, item).await
    };
    let looked: Result<bool, StoreError> = looked.await;
    looked.unwrap_or(true)
}

/// Puts a failed item back, or buries it after its last try.
async fn settle_failure(
    engine: &Engine,
    handler: &dyn Handler,
    item: &Claimed,
    id: &ErrorId,
) -> Result<(), StoreError> {
    let now = engine.clock.now();
    let mut tx = engine.db.begin().await?;
    if item.attempts < MAX_ATTEMPTS {
        let wait = backoff(item.attempts);
        tracing::warn!(?item, ?wait, %id, "trying again later");
        queue::put_back(&mut tx, item, later(now, wait), item.attempts).await?;
    } else {
        let reason = format!("an internal error, noted in the log as {id}");
        if let Err(error) = handler.give_up(&mut tx, item, &reason).await {
            // What cannot even be answered must not hold its lane for ever.
            telemetry::report(&error, "giving up an item failed");
            drop(tx);
            tx = engine.db.begin().await?;
        }
        queue::bury(&mut tx, item, &reason).await?;
    }
    tx.commit("failure").await
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("without words")
}

/// The pause after the n-th failure: 2^n seconds up to five minutes, a fifth of it by chance, so that what failed
/// together does not come back together.
pub fn backoff(attempts: i64) -> Duration {
    let exponent = u32::try_from(attempts.clamp(1, 8)).unwrap_or(8);
    let base = Duration::from_secs(2_u64.pow(exponent)).min(Duration::from_secs(300));
    base.mul_f64(rand::rng().random_range(0.8..1.0))
}

/// Wakes the workers when another replica made work, until `stop`. Looking at the queue every [`POLL`] goes on beside it.
///
/// # Errors
/// Never; it says so for the supervisor's sake.
pub async fn listen(engine: Engine, stop: CancellationToken) -> Result<(), String> {
    while !stop.is_cancelled() {
        let heard = async {
            let Some(mut calls) = engine.db.calls().await? else {
                return std::future::pending().await;
            };
            loop {
                calls.next().await?;
                engine.wake();
            }
        };
        let heard: Result<(), StoreError> = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            heard = heard => heard,
        };
        if let Err(error) = heard {
            let error = telemetry::scrub(&error.to_string());
            tracing::warn!(error, "cannot hear other replicas; looking at the queue instead");
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = engine.clock.sleep(POLL) => {}
        }
    }
    Ok(())
}

/// Puts items whose lease ended back into their lanes, until `stop`.
///
/// # Errors
/// Never; it says so for the supervisor's sake.
pub async fn reap(engine: Engine, stop: CancellationToken) -> Result<(), String> {
    while !stop.is_cancelled() {
        let now = engine.clock.now();
        let released = async {
            let mut tx = engine.db.begin().await?;
            let count = queue::release_expired(&mut tx, now).await?;
            if count > 0 {
                tx.commit("reap").await?;
            }
            Ok::<_, StoreError>(count)
        };
        match released.await {
            Ok(0) => {}
            Ok(count) => {
                tracing::warn!(count, "took up work whose lease had ended");
                engine.wake();
            }
            Err(error) => {
                engine.database_failed(&error);
                tracing::warn!(%error, "could not look for ended leases");
            }
        }
        engine.look_at_database().await;
        tokio::select! {
            () = engine.clock.sleep(LEASE / 4) => {}
            () = stop.cancelled() => {}
        }
    }
    Ok(())
}
