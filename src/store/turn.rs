//! A turn at the database: whoever waits behind many others waits longer than whoever waits for a database that is away.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many times the pool's patience a turn is waited for while others get theirs.
const WAITS: usize = 6;

/// How many turns were given so far.
#[derive(Clone, Default)]
pub(super) struct Turns(Arc<AtomicU64>);

impl Turns {
    /// Waits for a turn. A pool cannot tell why nothing came in time; when others got a turn meanwhile, the database is there and
    /// only busy, and giving up would fail work that has nothing wrong with it.
    ///
    /// # Errors
    /// When none can be had.
    pub(super) async fn wait<T, F>(&self, take: impl Fn() -> F) -> Result<T, sqlx::Error>
    where
        F: Future<Output = Result<T, sqlx::Error>>,
    {
        for _ in 1..WAITS {
            let given = self.0.load(Ordering::Relaxed);
            match take().await {
                Err(sqlx::Error::PoolTimedOut) if self.0.load(Ordering::Relaxed) != given => {}
                taken => return self.given(taken),
            }
        }
        let taken = take().await;
        self.given(taken)
    }

    fn given<T>(&self, taken: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        if taken.is_ok() {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
        taken
    }
}
