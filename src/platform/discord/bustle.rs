//! Whether the writer has something to do right now: what waits for it counts as work, but not while it waits itself for a
//! moment that Discord named.

use std::sync::{Arc, Mutex, PoisonError};

use crate::engine::activity::{Activity, Working};

/// Counts what the writer has before it.
pub(super) struct Bustle {
    activity: Arc<Activity>,
    state: Mutex<State>,
}

/// Behind [`Bustle`]'s lock.
#[derive(Default)]
struct State {
    /// Things that are there to be written.
    things: usize,
    /// Places in the writer that wait for a moment.
    waits: usize,
    work: Option<Working>,
}

/// One wait; it ends when this is dropped.
pub(super) struct Wait<'a>(&'a Bustle);

impl Bustle {
    /// Nothing to do yet.
    pub(super) fn new(activity: Arc<Activity>) -> Self {
        Self {
            activity,
            state: Mutex::default(),
        }
    }

    /// One more thing.
    pub(super) fn add(&self) {
        self.change(|state| state.things += 1);
    }

    /// One thing less.
    pub(super) fn done(&self) {
        self.change(|state| state.things = state.things.saturating_sub(1));
    }

    /// The writer waits.
    pub(super) fn wait(&self) -> Wait<'_> {
        self.change(|state| state.waits += 1);
        Wait(self)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut state);
        match (state.things > 0 && state.waits == 0, state.work.is_some()) {
            (true, false) => state.work = Some(Working::begin(&self.activity)),
            (false, true) => state.work = None,
            _ => {}
        }
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        self.0.change(|state| state.waits = state.waits.saturating_sub(1));
    }
}
