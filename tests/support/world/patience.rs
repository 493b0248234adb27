//! How long a story waits by the machine's clock.

use std::time::Duration;

use callsheet::store::Tx;

use super::World;

/// How long a story waits for something before it fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long it waits while something still changes: a machine with much else to do is slow.
const PATIENCE_AT_ALL: Duration = Duration::from_secs(300);

/// After how many looks of the wires nothing moves by itself any more.
const ASLEEP: u32 = 10;

/// How much patience is left.
pub(super) struct Patience {
    began: std::time::Instant,
    changed: std::time::Instant,
}

#[expect(
    clippy::disallowed_methods,
    reason = "a story that hangs is told by the machine's clock"
)]
impl Patience {
    pub(super) fn begin() -> Self {
        let now = std::time::Instant::now();
        Self {
            began: now,
            changed: now,
        }
    }

    /// Something changed.
    pub(super) fn renew(&mut self) {
        self.changed = std::time::Instant::now();
    }

    pub(super) fn lasts(&self) -> bool {
        self.changed.elapsed() < PATIENCE && self.began.elapsed() < PATIENCE_AT_ALL
    }
}

impl World {
    /// Waits until the database shows something. `look` tells what is left; patience begins anew whenever that changes, so that a
    /// slow machine is no failure. Time stands still but for `allowed`, which passes in steps while nothing moves: on a
    /// slow machine something may have failed that is tried again.
    pub(crate) async fn stored(
        &self,
        what: &str,
        allowed: Duration,
        mut look: impl AsyncFnMut(&mut Tx) -> Vec<String>,
    ) {
        const STEP: Duration = Duration::from_secs(5);
        let (mut patience, mut before) = (Patience::begin(), Vec::new());
        let (mut still, mut left_of_time) = (0, allowed);
        loop {
            let mut tx = self.db.read().await.unwrap();
            let left = look(&mut tx).await;
            drop(tx);
            if left.is_empty() {
                return;
            }
            if left != before {
                (before, still) = (left, 0);
                patience.renew();
            }
            assert!(
                patience.lasts(),
                "waited too long for {what}: {before:#?}\n{}",
                self.dump()
            );
            if !self.stirs().await {
                still += 1;
            }
            if still > ASLEEP && left_of_time >= STEP {
                (still, left_of_time) = (0, left_of_time.saturating_sub(STEP));
                self.clock.advance(STEP);
            }
        }
    }
}
