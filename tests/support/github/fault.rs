//! What can go wrong between a client and GitHub. A fault is used once, by the first call that fits.

use std::time::Duration;

use tokio::sync::watch;

/// A way to go wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// GitHub's error answer; nothing happens.
    Refuse {
        /// The HTTP status.
        status: u16,
        /// The `message` of the answer's body.
        message: String,
    },
    /// A rate limit; nothing happens.
    /// <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>
    RateLimit {
        /// 429 or 403; GitHub uses both.
        status: u16,
        /// `Retry-After` in seconds; GitHub does not always send it.
        retry_after: Option<u64>,
        /// The secondary limit; the primary one is told by `x-ratelimit-remaining: 0`.
        secondary: bool,
    },
    /// A bare status (HTML for 502, 503, 504, as GitHub's edge does); nothing happens.
    Status {
        /// The HTTP status.
        code: u16,
    },
    /// The call has its effect, and a bare status is the answer.
    StatusAfterEffect {
        /// The HTTP status.
        code: u16,
    },
    /// The call has its effect; the connection is reset instead of an answer.
    DropAfterEffect,
    /// The connection is reset and nothing happens.
    DropBeforeEffect,
    /// The connection is reset; the effect comes when the clock has moved on by `after`.
    ApplyLater {
        /// From the moment of the call.
        after: Duration,
    },
    /// The call has its effect; its answer waits for `release`.
    Hold,
    /// Effect and answer wait for `release`; a client that hangs up before leaves no effect.
    HoldBeforeEffect,
}

/// How far a planted fault has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Waiting,
    Hit,
    Released,
}

/// A fault in the queue, and later the memory of it.
#[derive(Clone)]
pub struct FaultHandle {
    method: String,
    pattern: String,
    fault: Fault,
    stage: watch::Sender<Stage>,
}

impl FaultHandle {
    fn new(method: &str, pattern: &str, fault: Fault) -> Self {
        let stage = watch::Sender::new(Stage::Waiting);
        Self {
            method: method.to_owned(),
            pattern: pattern.to_owned(),
            fault,
            stage,
        }
    }

    /// Whether a call has met the fault.
    pub fn is_hit(&self) -> bool {
        *self.stage.borrow() != Stage::Waiting
    }

    /// Waits until a call has met the fault; its effect, if the fault lets it have one, is then there.
    pub async fn hit(&self) {
        self.reached(Stage::Hit).await;
    }

    /// Lets a held answer go, now or when it comes.
    pub fn release(&self) {
        self.stage.send_replace(Stage::Released);
    }

    pub(super) fn mark_hit(&self) {
        self.stage.send_if_modified(|stage| {
            let first = *stage == Stage::Waiting;
            if first {
                *stage = Stage::Hit;
            }
            first
        });
    }

    pub(super) async fn released(&self) {
        self.reached(Stage::Released).await;
    }

    pub(super) fn fault(&self) -> &Fault {
        &self.fault
    }

    async fn reached(&self, goal: Stage) {
        let mut stage = self.stage.subscribe();
        stage
            .wait_for(|stage| *stage == goal || *stage == Stage::Released)
            .await
            .unwrap();
    }

    fn fits(&self, method: &str, path: &str) -> bool {
        let method_fits = self.method == "*" || self.method.eq_ignore_ascii_case(method);
        method_fits && fits(&self.pattern, path)
    }
}

/// The faults that wait, and those that hold an answer.
#[derive(Default)]
pub(super) struct Faults {
    waiting: Vec<FaultHandle>,
    holding: Vec<FaultHandle>,
}

impl Faults {
    pub(super) fn plant(&mut self, method: &str, pattern: &str, fault: Fault) -> FaultHandle {
        let handle = FaultHandle::new(method, pattern, fault);
        if matches!(handle.fault, Fault::Hold | Fault::HoldBeforeEffect) {
            self.holding.push(handle.clone());
        }
        self.waiting.push(handle.clone());
        handle
    }

    pub(super) fn take(&mut self, method: &str, path: &str) -> Option<FaultHandle> {
        let at = self.waiting.iter().position(|handle| handle.fits(method, path))?;
        Some(self.waiting.remove(at))
    }

    pub(super) fn release_all(&mut self) {
        self.holding.drain(..).for_each(|handle| handle.release());
    }

    pub(super) fn mend(&mut self) {
        self.waiting.clear();
    }

    pub(super) fn unused(&self) -> Vec<String> {
        self.waiting
            .iter()
            .map(|h| format!("{} {}: {:?}", h.method, h.pattern, h.fault))
            .collect()
    }
}

/// Without a `*` the pattern is a part of the path; with one it is the whole path, `*` being any text.
fn fits(pattern: &str, path: &str) -> bool {
    let Some((head, mut rest)) = pattern.split_once('*') else {
        return path.contains(pattern);
    };
    let Some(mut left) = path.strip_prefix(head) else {
        return false;
    };
    while let Some((middle, after)) = rest.split_once('*') {
        let Some(at) = left.find(middle) else { return false };
        left = &left[at + middle.len()..];
        rest = after;
    }
    left.ends_with(rest)
}
