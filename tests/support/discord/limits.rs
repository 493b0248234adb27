//! Rate limits: a bucket per route and channel, guild or webhook, and the limit over all routes.
//! <https://discord.com/developers/docs/topics/rate-limits>
//!
//! Every answer tells about its bucket; calls are refused only after `FakeDiscord::enforce_limits`.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

/// Calls in a window, and how long it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limit {
    /// Calls.
    pub(super) calls: u32,
    /// From the first call on.
    pub(super) window: Duration,
}

/// What a route gets when the test said nothing else; Discord publishes no such numbers.
const DEFAULT: Limit = Limit {
    calls: 5,
    window: Duration::from_secs(5),
};

/// Over all routes. <https://discord.com/developers/docs/topics/rate-limits#global-rate-limit>
const GLOBAL: Limit = Limit {
    calls: 50,
    window: Duration::from_secs(1),
};

/// One window of a bucket.
#[derive(Debug, Clone, Copy)]
struct Window {
    /// Calls so far.
    used: u32,
    /// When a new one begins.
    ends: DateTime<Utc>,
}

/// Everything about rate limits.
#[derive(Default)]
pub(super) struct Limits {
    /// Calls beyond a limit are refused.
    pub(super) enforced: bool,
    /// What the test set, by route.
    pub(super) set: BTreeMap<&'static str, Limit>,
    /// Open windows by route and top-level id.
    windows: BTreeMap<(&'static str, String), Window>,
    /// The window over all routes.
    global: Option<Window>,
    /// Calls refused.
    pub(super) refused: usize,
}

/// What a call met.
pub(super) struct Met {
    /// Headers about the bucket.
    pub(super) headers: HeaderMap,
    /// The seconds to wait, and whether the limit over all routes was hit, when the call is refused.
    pub(super) refused: Option<(f64, bool)>,
}

impl Limits {
    /// Counts a call of a route with a top-level id. Interactions and webhooks do not count over all routes.
    pub(super) fn meet(&mut self, route: &'static str, major: &str, now: DateTime<Utc>) -> Met {
        let limit = self.set.get(route).copied().unwrap_or(DEFAULT);
        let counts = !route.contains("/interactions/") && !route.contains("/webhooks/");
        if self.enforced
            && counts
            && let Some(wait) = count(&mut self.global, GLOBAL, now)
        {
            self.refused += 1;
            return Met {
                headers: HeaderMap::new(),
                refused: Some((wait, true)),
            };
        }
        let mut window = self.windows.remove(&(route, major.to_owned()));
        let over = count(&mut window, limit, now);
        let refused = if self.enforced {
            over.map(|wait| (wait, false))
        } else {
            None
        };
        self.refused += usize::from(refused.is_some());
        let window = window.unwrap_or(Window { used: 1, ends: now });
        // A fake that does not refuse does not frighten either: what is left never runs out.
        let left = limit
            .calls
            .saturating_sub(window.used)
            .max(u32::from(!self.enforced));
        let headers = describe(route, limit, left, window.ends, now);
        self.windows.insert((route, major.to_owned()), window);
        Met { headers, refused }
    }
}

/// Counts a call in a window; the seconds to its end when it is full.
fn count(window: &mut Option<Window>, limit: Limit, now: DateTime<Utc>) -> Option<f64> {
    let fresh = Window {
        used: 0,
        ends: now + limit.window,
    };
    let open = window.filter(|window| window.ends > now).unwrap_or(fresh);
    let full = open.used >= limit.calls;
    *window = Some(Window {
        used: open.used + u32::from(!full),
        ..open
    });
    full.then(|| seconds(open.ends, now))
}

fn seconds(ends: DateTime<Utc>, now: DateTime<Utc>) -> f64 {
    (ends - now).as_seconds_f64()
}

/// <https://discord.com/developers/docs/topics/rate-limits#header-format-rate-limit-header-examples>
fn describe(route: &str, limit: Limit, left: u32, ends: DateTime<Utc>, now: DateTime<Utc>) -> HeaderMap {
    let hash = route.bytes().fold(17_u64, |hash, byte| {
        hash.wrapping_mul(31).wrapping_add(u64::from(byte))
    });
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("x-ratelimit-limit", limit.calls.to_string()),
        ("x-ratelimit-remaining", left.to_string()),
        (
            "x-ratelimit-reset",
            format!("{:.3}", ends.timestamp_millis() as f64 / 1000.0),
        ),
        ("x-ratelimit-reset-after", format!("{:.3}", seconds(ends, now))),
        ("x-ratelimit-bucket", format!("{hash:016x}")),
    ] {
        put(&mut headers, name, &value);
    }
    headers
}

/// The headers and body of a refusal.
/// <https://discord.com/developers/docs/topics/rate-limits#exceeding-a-rate-limit>
pub(super) fn refusal(wait: f64, global: bool) -> (HeaderMap, Value) {
    let mut headers = HeaderMap::new();
    put(&mut headers, "retry-after", &format!("{}", wait.ceil()));
    put(
        &mut headers,
        "x-ratelimit-scope",
        if global { "global" } else { "user" },
    );
    if global {
        put(&mut headers, "x-ratelimit-global", "true");
    }
    let body = json!({ "message": "You are being rate limited.", "retry_after": wait, "global": global });
    (headers, body)
}

fn put(headers: &mut HeaderMap, name: &'static str, value: &str) {
    let value = HeaderValue::from_str(value).expect("a header of plain text");
    headers.insert(HeaderName::from_static(name), value);
}
