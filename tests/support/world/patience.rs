//! How long a story waits by the machine's clock.

use std::time::Duration;

/// How long a story waits for something before it fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// How much patience is left.
pub(super) struct Patience(std::time::Instant);

#[expect(
    clippy::disallowed_methods,
    reason = "a story that hangs is told by the machine's clock"
)]
impl Patience {
    pub(super) fn begin() -> Self {
        Self(std::time::Instant::now())
    }

    pub(super) fn lasts(&self) -> bool {
        self.0.elapsed() < PATIENCE
    }
}
