//! Who is at work, and who is to be woken when something was committed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, watch};

use crate::store::queue::Kind;

/// Who looks for work when woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Watcher {
    /// The dispatcher of a kind of items.
    Queue(Kind),
    /// The timer of the schedules.
    Schedules,
    /// The timer of the open questions.
    Gates,
}

/// Who is at work, and who is to be woken; see [`Activity::idle`].
#[derive(Debug)]
pub struct Activity {
    state: Mutex<ActivityState>,
    idle: watch::Sender<bool>,
    /// Counts the times that work was taken from whoever did it.
    revoked: watch::Sender<u64>,
    wakes: HashMap<Watcher, Notify>,
}

/// Behind [`Activity`]'s lock.
#[derive(Debug, Default)]
struct ActivityState {
    /// Counts the wake-up calls, so that one that comes while a dispatcher looks is not lost.
    calls: u64,
    /// Who looks for work right now, or has been called to.
    looking: HashMap<Watcher, bool>,
    /// Items being worked on.
    working: usize,
}

impl Default for Activity {
    fn default() -> Self {
        let kinds = [
            Kind::Event,
            Kind::Run,
            Kind::Send,
            Kind::Progress,
            Kind::Occurrence,
            Kind::Control,
        ];
        let watchers = kinds
            .map(Watcher::Queue)
            .into_iter()
            .chain([Watcher::Schedules, Watcher::Gates]);
        Self {
            state: Mutex::default(),
            idle: watch::Sender::new(true),
            revoked: watch::Sender::new(0),
            wakes: watchers.map(|watcher| (watcher, Notify::new())).collect(),
        }
    }
}

impl Activity {
    /// Tells everybody who looks for work that something was committed.
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

    /// Tells everybody at work to look whether their work is still theirs.
    pub fn revoke(&self) {
        self.revoked.send_modify(|count| *count += 1);
    }

    /// Changes whenever work was taken from somebody of this process.
    pub fn revoked(&self) -> watch::Receiver<u64> {
        self.revoked.subscribe()
    }

    fn update<T>(&self, change: impl FnOnce(&mut ActivityState) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let result = change(&mut state);
        let idle = state.working == 0 && !state.looking.values().any(|looking| *looking);
        self.idle
            .send_if_modified(|was| std::mem::replace(was, idle) != idle);
        result
    }

    /// Begins a look for work; hand what it gives to [`Activity::end_look`].
    pub fn begin_look(&self, watcher: Watcher) -> u64 {
        self.update(|state| {
            state.looking.insert(watcher, true);
            state.calls
        })
    }

    /// Ends a look that found nothing; false when a call came meanwhile.
    pub fn end_look(&self, watcher: Watcher, calls: u64) -> bool {
        self.update(|state| {
            let quiet = state.calls == calls;
            if quiet {
                state.looking.insert(watcher, false);
            }
            quiet
        })
    }

    /// Waits for a call to look.
    pub async fn called(&self, watcher: Watcher) {
        match self.wakes.get(&watcher) {
            Some(wake) => wake.notified().await,
            None => std::future::pending().await,
        }
    }

    /// Ends looking until the next look.
    pub fn leave(&self, watcher: Watcher) {
        self.update(|state| state.looking.remove(&watcher));
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
