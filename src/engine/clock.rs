//! Time as a dependency: whatever waits or stamps takes a [`Clock`], so that a test moves time by hand.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

/// A future that ends when its moment has come.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send + 'static>>;

/// The source of time. Two implementations: [`SystemClock`] and the tests' hand-moved clock.
pub trait TimeSource: Send + Sync + 'static {
    /// The current moment.
    fn now(&self) -> DateTime<Utc>;

    /// Ends at `at`: used for work that is due then (pacing, back-off, schedules).
    fn sleep_until(&self, at: DateTime<Utc>) -> Sleep;

    /// Ends at `at`: used to give up on something that should have answered before, and to look again for good measure
    /// at what somebody should have told us. Apart from [`TimeSource::sleep_until`], so that a test clock can jump to
    /// due work without tripping time-outs.
    fn deadline(&self, at: DateTime<Utc>) -> Sleep;
}

/// A shared handle on a [`TimeSource`].
#[derive(Clone)]
pub struct Clock(Arc<dyn TimeSource>);

/// The time ran out before the work was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no answer within {0:?}")]
pub struct TimedOut(pub Duration);

impl Clock {
    /// A clock over any source of time.
    pub fn new(source: impl TimeSource) -> Self {
        Self(Arc::new(source))
    }

    /// The machine's clock.
    pub fn system() -> Self {
        Self::new(SystemClock)
    }

    /// The current moment in microseconds, the precision both databases keep.
    pub fn now(&self) -> DateTime<Utc> {
        self.0.now().trunc_subsecs(6)
    }

    /// Waits until `at`.
    pub fn sleep_until(&self, at: DateTime<Utc>) -> Sleep {
        self.0.sleep_until(at)
    }

    /// Waits for `span`.
    pub fn sleep(&self, span: Duration) -> Sleep {
        self.0.sleep_until(later(self.0.now(), span))
    }

    /// Waits until `at`, the moment to look again for good measure.
    pub fn deadline(&self, at: DateTime<Utc>) -> Sleep {
        self.0.deadline(at)
    }

    /// Runs `work` for at most `span`.
    ///
    /// # Errors
    /// [`TimedOut`] when `span` is over first; `work` is dropped.
    pub async fn timeout<T>(&self, span: Duration, work: impl Future<Output = T>) -> Result<T, TimedOut> {
        let deadline = self.0.deadline(later(self.0.now(), span));
        tokio::select! {
            biased;
            done = work => Ok(done),
            () = deadline => Err(TimedOut(span)),
        }
    }
}

/// `at` plus `span` in microseconds, the precision both databases keep: a moment with a finer tail would never be
/// reached by [`Clock::now`] at the instant it is due. Far-off moments saturate instead of overflowing.
pub fn later(at: DateTime<Utc>, span: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(span)
        .ok()
        .and_then(|span| at.checked_add_signed(span))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
        .trunc_subsecs(6)
}

/// The machine's clock.
struct SystemClock;

impl TimeSource for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the wall clock is read"
    )]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that sleeps on the runtime's timer"
    )]
    fn sleep_until(&self, at: DateTime<Utc>) -> Sleep {
        let span = (at - self.now()).to_std().unwrap_or_default();
        Box::pin(tokio::time::sleep(span))
    }

    fn deadline(&self, at: DateTime<Utc>) -> Sleep {
        self.sleep_until(at)
    }
}
