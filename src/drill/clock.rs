//! A clock that stands still until a test moves it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::oneshot;

use crate::engine::clock::{Clock, Sleep, TimeSource, later};

/// Who waits for what moment.
struct Sleeper {
    /// The moment that ends the wait.
    at: DateTime<Utc>,
    /// A time-out, which [`TestClock::jump`] never trips.
    deadline: bool,
    /// Wakes the waiting future.
    wake: oneshot::Sender<Waking>,
}

/// On its way to whoever is woken; counted until it arrives.
struct Waking(Arc<AtomicUsize>);

impl Waking {
    fn begin(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Waking {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What the clock holds behind its lock.
struct State {
    /// The moment it is.
    now: DateTime<Utc>,
    /// Everybody who waits, in no order.
    sleepers: Vec<Sleeper>,
    /// How many were woken and have not noticed yet.
    waking: Arc<AtomicUsize>,
}

/// A hand-moved clock; clones share one time.
#[derive(Clone)]
pub struct TestClock(Arc<Mutex<State>>);

impl TestClock {
    /// A clock at Sunday 2026-11-22, 09:00 UTC.
    #[expect(clippy::new_without_default, reason = "a test says which moment it is")]
    pub fn new() -> Self {
        Self::at(DateTime::from_timestamp(1_795_338_000, 0).unwrap_or_default())
    }

    /// A clock at a moment.
    pub fn at(now: DateTime<Utc>) -> Self {
        Self(Arc::new(Mutex::new(State {
            now,
            sleepers: Vec::new(),
            waking: Arc::default(),
        })))
    }

    /// The handle the application takes.
    pub fn clock(&self) -> Clock {
        Clock::new(self.clone())
    }

    /// The moment it is.
    pub fn now(&self) -> DateTime<Utc> {
        self.state().now
    }

    /// Moves time to a moment, waking everybody whose moment has come, time-outs too. Time never goes back.
    pub fn set(&self, now: DateTime<Utc>) {
        let mut state = self.state();
        state.now = state.now.max(now);
        state.wake();
    }

    /// Whether everybody who was woken has noticed. Somebody who has not may have something to do.
    pub fn is_settled(&self) -> bool {
        self.state().waking.load(Ordering::SeqCst) == 0
    }

    /// The earliest moment somebody sleeps for, time-outs left out.
    pub fn due(&self) -> Option<DateTime<Utc>> {
        let mut state = self.state();
        state.sleepers.retain(|sleeper| !sleeper.wake.is_closed());
        state.sleepers.iter().filter(|s| !s.deadline).map(|s| s.at).min()
    }

    /// Moves time on, waking everybody whose moment has come, time-outs too.
    pub fn advance(&self, span: Duration) {
        let mut state = self.state();
        state.now = later(state.now, span);
        state.wake();
    }

    /// Jumps to the earliest moment somebody sleeps for, leaving time-outs alone unless that moment is past
    /// them; false when nobody sleeps, or none within `within`.
    pub fn jump(&self, within: Duration) -> bool {
        match self.due() {
            Some(at) if at <= later(self.now(), within) => {
                self.set(at);
                true
            }
            _ => false,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self, at: DateTime<Utc>, deadline: bool) -> Sleep {
        let (wake, woken) = oneshot::channel();
        let mut state = self.state();
        if at <= state.now {
            return Box::pin(async {});
        }
        state.sleepers.push(Sleeper { at, deadline, wake });
        Box::pin(async move {
            if woken.await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    }
}

impl State {
    fn wake(&mut self) {
        let now = self.now;
        for sleeper in self.sleepers.extract_if(.., |sleeper| sleeper.at <= now) {
            // A receiver that is gone has stopped waiting; nothing is lost.
            let _ = sleeper.wake.send(Waking::begin(&self.waking));
        }
    }
}

impl TimeSource for TestClock {
    fn now(&self) -> DateTime<Utc> {
        TestClock::now(self)
    }

    fn sleep_until(&self, at: DateTime<Utc>) -> Sleep {
        self.wait(at, false)
    }

    fn deadline(&self, at: DateTime<Utc>) -> Sleep {
        self.wait(at, true)
    }
}
