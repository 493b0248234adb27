//! How the database is doing, by its answers to whoever works with it.
//!
//! 1. What stands in the way is reported as the part `database` when it shows, and taken back when it is over: by any answer
//!    where nobody answered, by a change that lasts where nothing could be changed.
//! 2. Waiting for the database costs work no try.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::Engine;
use super::health::State;
use super::workers::backoff;
use crate::store::{StoreError, Trouble};

/// The part of the health report.
const PART: &str = "database";

/// What stands in the way; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Standing(Arc<Mutex<Option<Trouble>>>);

impl Standing {
    /// What stands in the way, as far as is known.
    pub fn trouble(&self) -> Option<Trouble> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, trouble: Option<Trouble>) -> bool {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *now, trouble) != trouble
    }
}

impl Engine {
    /// Notes that the database failed. What is wrong with a statement only says nothing about the database.
    pub fn database_failed(&self, error: &StoreError) {
        if let Some(trouble) = error.trouble() {
            self.standing.set(Some(trouble));
            self.health.report(PART, State::Failed, trouble.words());
        }
    }

    /// Notes that the database answered. A SQLite file can be read while nothing can be changed.
    pub fn database_answered(&self) {
        let is_over = |trouble: Trouble| self.db.is_shared() && trouble.ends_with_an_answer();
        if self.standing.trouble().is_none_or(is_over) {
            self.database_kept();
        }
    }

    /// Notes that a change of the database lasts.
    pub fn database_kept(&self) {
        let recovered = self.standing.set(None);
        let engine = if self.db.is_shared() {
            "PostgreSQL"
        } else {
            "SQLite"
        };
        self.health.report(PART, State::Ok, engine);
        if recovered {
            self.wake();
        }
    }

    /// Looks, while something stands in the way, whether it still does.
    pub async fn look_at_database(&self) {
        if self.standing.trouble().is_none() {
            return;
        }
        match self.db.try_write(self.clock.now()).await {
            Ok(()) => self.database_kept(),
            Err(error) => self.database_failed(&error),
        }
    }
}

/// The pause after the n-th failure of the database in a row: some seconds at most, since everybody waits for it.
pub fn pause(failures: u32) -> Duration {
    backoff(i64::from(failures.min(3)))
}
