//! A clock that stands still until a test moves it.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "test support; no story uses all of it"
)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use callsheet::engine::clock::{Clock, Sleep, TimeSource};
use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use tokio::sync::oneshot;

/// Who waits for what moment.
struct Sleeper {
    /// The moment that ends the wait.
    at: DateTime<Utc>,
    /// A time-out, which [`TestClock::jump`] never trips.
    deadline: bool,
    /// Wakes the waiting future.
    wake: oneshot::Sender<()>,
}

/// What the clock holds behind its lock.
struct State {
    /// The moment it is.
    now: DateTime<Utc>,
    /// Everybody who waits, in no order.
    sleepers: Vec<Sleeper>,
}

/// A hand-moved clock; clones share one time.
#[derive(Clone)]
pub struct TestClock(Arc<Mutex<State>>);

impl TestClock {
    /// A clock at Sunday 2026-11-22, 09:00 UTC.
    pub fn new() -> Self {
        Self::at(Utc.with_ymd_and_hms(2026, 11, 22, 9, 0, 0).unwrap())
    }

    /// A clock at a moment.
    pub fn at(now: DateTime<Utc>) -> Self {
        Self(Arc::new(Mutex::new(State {
            now,
            sleepers: Vec::new(),
        })))
    }

    /// The handle the application takes.
    pub fn clock(&self) -> Clock {
        Clock::new(self.clone())
    }

    /// The moment it is.
    pub fn now(&self) -> DateTime<Utc> {
        self.0.lock().unwrap().now
    }

    /// Moves time on, waking everybody whose moment has come, time-outs too.
    pub fn advance(&self, span: Duration) {
        let mut state = self.0.lock().unwrap();
        state.now += TimeDelta::from_std(span).unwrap();
        state.wake();
    }

    /// Jumps to the earliest moment somebody sleeps for, leaving time-outs alone unless that moment is past
    /// them; false when nobody sleeps, or none within `within`.
    pub fn jump(&self, within: Duration) -> bool {
        let mut state = self.0.lock().unwrap();
        state.sleepers.retain(|sleeper| !sleeper.wake.is_closed());
        let limit = state.now + TimeDelta::from_std(within).unwrap();
        let due = state.sleepers.iter().filter(|s| !s.deadline).map(|s| s.at).min();
        match due {
            Some(at) if at <= limit => {
                state.now = state.now.max(at);
                state.wake();
                true
            }
            _ => false,
        }
    }

    fn wait(&self, at: DateTime<Utc>, deadline: bool) -> Sleep {
        let (wake, woken) = oneshot::channel();
        let mut state = self.0.lock().unwrap();
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
            let _ = sleeper.wake.send(());
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
