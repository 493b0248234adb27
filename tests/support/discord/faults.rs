//! What can go wrong on order. A fault waits for the next call of its route and is used up by it; several for one route are used
//! in the order they were given.

use std::time::Duration;

/// One thing that goes wrong, once.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// An error answer with a JSON code, nothing done.
    /// <https://discord.com/developers/docs/topics/opcodes-and-status-codes#json>
    Refuse {
        /// HTTP status.
        status: u16,
        /// JSON error code.
        code: u64,
    },
    /// HTTP 429, nothing done. <https://discord.com/developers/docs/topics/rate-limits#exceeding-a-rate-limit>
    RateLimit {
        /// Seconds in `Retry-After` and the body's `retry_after`; without it the answer is as Discord's edge sends it: no such
        /// header and no JSON.
        retry_after: Option<f64>,
        /// The limit over all routes.
        global: bool,
    },
    /// Another HTTP status with a body that is not JSON, nothing done.
    Status {
        /// HTTP status.
        code: u16,
    },
    /// The effect happens, then the HTTP status as in [`Fault::Status`].
    StatusAfterEffect {
        /// HTTP status.
        code: u16,
    },
    /// The effect happens, then the connection ends without an answer.
    DropAfterEffect,
    /// The connection ends without an answer, nothing done.
    DropBeforeEffect,
    /// The connection ends without an answer, and the effect happens when the test's clock has moved on by `after`.
    ApplyLater {
        /// From now, by the test's clock.
        after: Duration,
    },
    /// The effect happens at once, the answer waits for `FakeDiscord::release`.
    Hold,
    /// Effect and answer wait for `FakeDiscord::release`; a client that hangs up before leaves no effect.
    HoldBeforeEffect,
}
