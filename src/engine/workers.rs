//! Workers: they claim items under a lease, hand them to the handler of their kind, and move on what fails.
//!
//! 1. A handler ends its item in the same transaction as its effects on the database; what it leaves claimed is tried again.
//! 2. Failure backs off; after [`MAX_ATTEMPTS`] the item is dead with a reason, its lane goes on, and the handler's
//!    [`Handler::give_up`] answers the request.
//! 3. A panic in a handler is a failure of its item and of nothing else.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::FutureExt;
use futures::future::BoxFuture;
use rand::Rng;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Engine;
use super::clock::later;
use crate::store::queue::{self, Claimed, Kind};
use crate::store::{StoreError, Tx};
use crate::telemetry;

/// How long a claim holds; renewed at a third while the handler works.
pub const LEASE: Duration = Duration::from_secs(60);
/// How often an item is tried before it is given up.
pub const MAX_ATTEMPTS: i64 = 6;
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

/// Who is at work, and who is to be woken; see [`Activity::idle`].
#[derive(Debug)]
pub struct Activity {
    state: Mutex<ActivityState>,
    idle: watch::Sender<bool>,
    wakes: HashMap<Kind, Notify>,
}

/// Behind [`Activity`]'s lock.
#[derive(Debug, Default)]
struct ActivityState {
    /// Counts the wake-up calls, so that one that comes while a dispatcher looks is not lost.
    calls: u64,
    /// Dispatchers that look at the queue right now, or have been called to.
    looking: HashMap<Kind, bool>,
    /// Items being worked on.
    working: usize,
}

impl Default for Activity {
    fn default() -> Self {
        let kinds = [Kind::Event, Kind::Run, Kind::Send, Kind::Progress];
        Self {
            state: Mutex::default(),
            idle: watch::Sender::new(true),
            wakes: kinds.into_iter().map(|kind| (kind, Notify::new())).collect(),
        }
    }
}

impl Activity {
    /// Tells every dispatcher that something was committed.
    pub fn wake_all(&self) {
        self.update(|state| {
            state.calls += 1;
            for looking in state.looking.values_mut() {
                *looking = true;
            }
        });
        for wake in self.wakes.values() {
            wake.notify_one();
        }
    }

    /// True while nobody works and nothing that is due waits to be looked at.
    pub fn idle(&self) -> watch::Receiver<bool> {
        self.idle.subscribe()
    }

    fn update<T>(&self, change: impl FnOnce(&mut ActivityState) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let result = change(&mut state);
        let idle = state.working == 0 && !state.looking.values().any(|looking| *looking);
        self.idle
            .send_if_modified(|was| std::mem::replace(was, idle) != idle);
        result
    }

    fn begin_look(&self, kind: Kind) -> u64 {
        self.update(|state| {
            state.looking.insert(kind, true);
            state.calls
        })
    }

    /// Ends a look that found nothing; false when a call came meanwhile.
    fn end_look(&self, kind: Kind, calls: u64) -> bool {
        self.update(|state| {
            let quiet = state.calls == calls;
            if quiet {
                state.looking.insert(kind, false);
            }
            quiet
        })
    }

    fn leave(&self, kind: Kind) {
        self.update(|state| state.looking.remove(&kind));
    }
}

/// Counts one thing being worked on, also when its task is dropped.
#[derive(Debug)]
pub struct Working(Arc<Activity>);

impl Working {
    /// Counts until it is dropped.
    pub fn begin(activity: &Arc<Activity>) -> Self {
        activity.update(|state| state.working += 1);
        Self(Arc::clone(activity))
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.0.update(|state| state.working -= 1);
    }
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
    let workers = JoinSet::new();
    let mut dispatcher = Dispatcher {
        engine,
        handler,
        slots,
        workers,
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
    /// How often in a row the database failed.
    failures: u32,
    /// Ends every wait; a claim under way is finished first, so that no item is claimed and then forgotten.
    stop: CancellationToken,
}

impl Dispatcher {
    /// Starts whatever is ready, and waits until there may be more.
    async fn round(&mut self) {
        let kind = self.handler.kind();
        let calls = self.engine.activity.begin_look(kind);
        let now = self.engine.clock.now();
        while self.workers.len() < self.slots && !self.stop.is_cancelled() {
            match claim(&self.engine, kind, now).await {
                Ok(Some(item)) => self.begin(item),
                Ok(None) => break,
                Err(error) => {
                    self.failures += 1;
                    let error = telemetry::scrub(&error.to_string());
                    tracing::warn!(?kind, failures = self.failures, error, "cannot claim work");
                    self.engine.activity.end_look(kind, calls);
                    return self.pause(backoff(i64::from(self.failures))).await;
                }
            }
        }
        self.failures = 0;
        if self.engine.activity.end_look(kind, calls) {
            self.rest(kind, now).await;
        }
        while self.workers.try_join_next().is_some() {}
    }

    fn begin(&mut self, item: Claimed) {
        let (engine, handler) = (self.engine.clone(), Arc::clone(&self.handler));
        let working = Working::begin(&engine.activity);
        self.workers.spawn(async move {
            work(&engine, handler.as_ref(), item).await;
            engine.wake();
            drop(working);
        });
    }

    /// Waits for a call, for due work, or for a free worker, and looks again for good measure.
    async fn rest(&mut self, kind: Kind, now: DateTime<Utc>) {
        let due = next_due(&self.engine, kind, now).await;
        tokio::select! {
            () = self.engine.activity.wakes[&kind].notified() => {}
            () = until(&self.engine, due) => {}
            () = self.engine.clock.deadline(later(now, POLL)) => {}
            Some(_) = self.workers.join_next() => {}
            () = self.stop.cancelled() => {}
        }
    }

    async fn pause(&self, span: Duration) {
        tokio::select! {
            () = self.engine.clock.sleep(span) => {}
            () = self.stop.cancelled() => {}
        }
    }

    /// Lets the workers finish, for a while.
    async fn drain(mut self) {
        self.engine.activity.leave(self.handler.kind());
        let workers = &mut self.workers;
        let all = async { while workers.join_next().await.is_some() {} };
        if self.engine.clock.timeout(DRAIN, all).await.is_err() {
            tracing::warn!(
                left = self.workers.len(),
                "work still goes on at the end and will be taken up again"
            );
            self.workers.shutdown().await;
        }
    }
}

/// Waits for due work; for ever when there is none.
async fn until(engine: &Engine, due: Option<DateTime<Utc>>) {
    match due {
        Some(due) => engine.clock.sleep_until(due).await,
        None => std::future::pending().await,
    }
}

async fn claim(engine: &Engine, kind: Kind, now: DateTime<Utc>) -> Result<Option<Claimed>, StoreError> {
    let mut tx = engine.db.begin().await?;
    let claimed = queue::claim(&mut tx, kind, now, later(now, LEASE)).await?;
    if claimed.is_some() {
        tx.commit("claim").await?;
    }
    Ok(claimed)
}

async fn next_due(engine: &Engine, kind: Kind, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let mut tx = engine.db.read().await.ok()?;
    queue::next_due(&mut tx, kind, now).await.ok()?
}

/// Works one item, its lease renewed meanwhile.
async fn work(engine: &Engine, handler: &dyn Handler, item: Claimed) {
    let done = AssertUnwindSafe(handler.handle(item.clone())).catch_unwind();
    let outcome = tokio::select! {
        outcome = done => outcome,
        () = hold(engine, &item) => {
            tracing::warn!(?item, "the lease on this work was lost; somebody else has it now");
            return;
        }
    };
    let why = match outcome {
        Ok(Ok(())) => return,
        Ok(Err(Failure::Store(StoreError::LeaseLost))) => {
            tracing::warn!(
                ?item,
                "the lease on this work was lost; its late writes were refused"
            );
            return;
        }
        Ok(Err(failure)) => failure.to_string(),
        Err(panic) => format!("a panic: {}", panic_text(panic.as_ref())),
    };
    if let Err(error) = settle_failure(engine, handler, &item, &why).await {
        // The item stays claimed and is taken again when its lease ends.
        tracing::error!(?item, %error, "could not note a failure");
    }
}

/// Renews the lease until it is lost.
async fn hold(engine: &Engine, item: &Claimed) {
    loop {
        engine.clock.sleep(LEASE / 3).await;
        let until = later(engine.clock.now(), LEASE);
        let renewed = async {
            let mut tx = engine.db.begin().await?;
            let held = queue::renew(&mut tx, item, until).await?;
            tx.commit("renew").await?;
            Ok::<_, StoreError>(held)
        };
        match renewed.await {
            Ok(true) => {}
            Ok(false) => return,
            // The next try comes before the lease ends.
            Err(error) => tracing::warn!(?item, %error, "could not renew a lease"),
        }
    }
}

/// Puts a failed item back, or buries it after its last try.
async fn settle_failure(
    engine: &Engine,
    handler: &dyn Handler,
    item: &Claimed,
    why: &str,
) -> Result<(), StoreError> {
    let id = telemetry::report(&Failure::Other(why.to_owned()), "work on an item failed");
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
            Err(error) => tracing::warn!(%error, "could not look for ended leases"),
        }
        tokio::select! {
            () = engine.clock.sleep(LEASE / 4) => {}
            () = stop.cancelled() => {}
        }
    }
    Ok(())
}
