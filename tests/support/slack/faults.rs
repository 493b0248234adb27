//! What can go wrong on order. A fault with a `method` waits for the next call of that method and is used up
//! by it; several for one method are used in the order they were given. `response_url` counts as a method.

use std::time::Duration;

/// One thing that goes wrong, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// HTTP 200 with `{"ok":false,"error":…}`, nothing done.
    Refuse {
        /// Web API method, for example `chat.postMessage`.
        method: &'static str,
        /// Slack's error word.
        error: &'static str,
    },
    /// HTTP 429, nothing done. <https://docs.slack.dev/apis/web-api/rate-limits>
    RateLimit {
        /// Web API method.
        method: &'static str,
        /// Seconds in `Retry-After`; without it no such header is sent.
        retry_after: Option<u64>,
    },
    /// Another HTTP status with a body that is not JSON, nothing done.
    Status {
        /// Web API method.
        method: &'static str,
        /// HTTP status.
        code: u16,
    },
    /// The effect happens, then the HTTP status as in [`Fault::Status`].
    StatusAfterEffect {
        /// Web API method.
        method: &'static str,
        /// HTTP status.
        code: u16,
    },
    /// The effect happens, then the connection closes without an answer.
    DropAfterEffect {
        /// Web API method.
        method: &'static str,
    },
    /// The effect happens, then the connection is reset without an answer.
    ResetAfterEffect {
        /// Web API method.
        method: &'static str,
    },
    /// The connection closes without an answer, nothing done.
    DropBeforeEffect {
        /// Web API method.
        method: &'static str,
    },
    /// The connection closes without an answer, and the effect happens when the test's clock has moved on by
    /// `after`.
    ApplyLater {
        /// Web API method.
        method: &'static str,
        /// From now, by the test's clock.
        after: Duration,
    },
    /// The effect happens at once, the answer waits for `FakeSlack::release`.
    Hold {
        /// Web API method.
        method: &'static str,
    },
    /// Effect and answer wait for `FakeSlack::release`; a client that hangs up before leaves no effect.
    HoldBeforeEffect {
        /// Web API method.
        method: &'static str,
    },
    /// At once: every socket gets a `disconnect` message and a close frame.
    /// <https://docs.slack.dev/apis/events-api/using-socket-mode>
    SocketDisconnect,
    /// At once: every socket's TCP connection ends without a close frame.
    SocketDrop,
    /// At once: every connected socket goes deaf: it stays open, carries nothing and answers no ping.
    SocketSilent,
    /// The next event goes out twice at once (same event id, two envelopes), as when an ack came too late.
    NoAckWait,
}

impl Fault {
    /// The method the fault waits for; nothing for one about sockets.
    pub(super) fn method(&self) -> Option<&'static str> {
        match self {
            Self::Refuse { method, .. }
            | Self::RateLimit { method, .. }
            | Self::Status { method, .. }
            | Self::StatusAfterEffect { method, .. }
            | Self::DropAfterEffect { method }
            | Self::ResetAfterEffect { method }
            | Self::DropBeforeEffect { method }
            | Self::ApplyLater { method, .. }
            | Self::Hold { method }
            | Self::HoldBeforeEffect { method } => Some(method),
            Self::SocketDisconnect | Self::SocketDrop | Self::SocketSilent | Self::NoAckWait => None,
        }
    }
}
