//! What Discord allows at the moment, as its answers tell: a bucket per route and channel, one limit over all, and the ban
//! that too many refused calls bring.
//!
//! 1. A call that Discord would refuse for its rate is not made.
//! 2. Nothing here waits; whoever calls learns from when on the call may be made.
//!
//! <https://discord.com/developers/docs/topics/rate-limits>

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use serde_json::Value;
use serenity_reqwest::header::HeaderMap;

use crate::engine::clock::{Clock, later};

/// Discord bans an address for 10,000 refused calls (401, 403, 429) in ten minutes. A quarter of that at once and one every
/// 300 ms afterwards stays under half of it.
/// <https://discord.com/developers/docs/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans>
const REFUSALS: NonZeroU32 = NonZeroU32::new(2_500).unwrap();
/// See [`REFUSALS`].
const REFUSAL_EVERY: Duration = Duration::from_millis(300);
/// How long nothing is sent when refusals come faster than that.
const REST: Duration = Duration::from_secs(60);
/// How long to wait when Discord asks to slow down without saying how long.
const SLOW_DOWN: Duration = Duration::from_secs(5);
/// No wait is longer, whatever an answer says.
const LONGEST: Duration = Duration::from_secs(24 * 3600);
/// Buckets remembered.
const KEPT: usize = 10_000;

/// From when on a call may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Closed {
    /// The moment.
    pub(super) until: DateTime<Utc>,
    /// Whether that holds for everything the token does.
    pub(super) everywhere: bool,
}

/// A route together with what its bucket is counted by: the channel, server or webhook.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// Method and route, e.g. `POST messages`.
    pub(super) route: &'static str,
    /// The id that the bucket is counted by; empty for none.
    pub(super) major: String,
}

/// Calls that answer interactions: Discord's global limit does not bind them.
/// <https://discord.com/developers/docs/topics/rate-limits#global-rate-limit>
pub(super) const ANSWERS: [&str; 3] = ["POST callback", "original", "followup"];

/// Our clock as the limiter reads it.
struct Ticks(Clock);

impl governor::clock::Clock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.now().timestamp_micros()).unwrap_or_default())
    }
}

/// Everything that is known about limits.
pub(super) struct Limits {
    clock: Clock,
    known: Mutex<Known>,
    refusals: RateLimiter<NotKeyed, InMemoryState, Ticks, NoOpMiddleware<Duration>>,
}

/// Behind [`Limits`]' lock.
#[derive(Default)]
struct Known {
    /// Until when the token may send nothing but answers to interactions.
    everywhere: Option<DateTime<Utc>>,
    /// Until when our address may send nothing at all.
    resting: Option<DateTime<Utc>>,
    /// Which bucket a route counts in; until an answer tells, each has its own.
    buckets: HashMap<&'static str, String>,
    /// Until when a bucket is empty.
    empty: HashMap<(String, String), DateTime<Utc>>,
}

impl Known {
    fn bucket(&self, key: &Key) -> (String, String) {
        let bucket = self.buckets.get(key.route).map_or(key.route, String::as_str);
        (bucket.to_owned(), key.major.clone())
    }

    fn close(&mut self, key: &Key, until: DateTime<Utc>, now: DateTime<Utc>) {
        if self.empty.len() >= KEPT {
            self.empty.retain(|_, until| *until > now);
        }
        if self.empty.len() < KEPT {
            let bucket = self.bucket(key);
            self.empty.insert(bucket, until);
        }
    }
}

impl Limits {
    /// Knows nothing yet.
    pub(super) fn new(clock: Clock) -> Self {
        let quota = Quota::with_period(REFUSAL_EVERY).unwrap_or(Quota::per_second(NonZeroU32::MIN));
        let refusals = RateLimiter::direct_with_clock(quota.allow_burst(REFUSALS), Ticks(clock.clone()));
        Self {
            clock,
            known: Mutex::default(),
            refusals,
        }
    }

    /// Whether a call may be made now.
    pub(super) fn check(&self, key: &Key) -> Result<(), Closed> {
        let now = self.clock.now();
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let everywhere = known.everywhere.filter(|_| !ANSWERS.contains(&key.route));
        if let Some(until) = everywhere.max(known.resting).filter(|until| *until > now) {
            return Err(Closed {
                until,
                everywhere: true,
            });
        }
        match known.empty.get(&known.bucket(key)).filter(|until| **until > now) {
            Some(until) => Err(Closed {
                until: *until,
                everywhere: false,
            }),
            None => Ok(()),
        }
    }

    /// Takes in what an answer says about limits; for a 429 what it asks for.
    pub(super) fn learn(&self, key: &Key, status: u16, headers: &HeaderMap, body: &Value) -> Option<Closed> {
        let now = self.clock.now();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = text(headers, "x-ratelimit-bucket") {
            known.buckets.insert(key.route, bucket.to_owned());
        }
        let reset = seconds(headers, "x-ratelimit-reset-after");
        if text(headers, "x-ratelimit-remaining") == Some("0")
            && let Some(reset) = reset
        {
            known.close(key, later(now, reset), now);
        }
        let mut asked = None;
        if status == 429 {
            let said = body.get("retry_after").and_then(Value::as_f64).and_then(span);
            let wait = said.or_else(|| seconds(headers, "retry-after")).or(reset);
            // An answer without Discord's own fields comes from its edge, which counts addresses and not routes.
            let told = body.get("global").and_then(Value::as_bool);
            let edge = told.is_none() && said.is_none();
            let global = told == Some(true) || text(headers, "x-ratelimit-scope") == Some("global");
            let until = later(now, wait.unwrap_or(SLOW_DOWN));
            if edge {
                known.resting = known.resting.max(Some(until));
            } else if global {
                known.everywhere = known.everywhere.max(Some(until));
            } else {
                known.close(key, until, now);
            }
            asked = Some(Closed {
                until,
                everywhere: edge || global,
            });
        }
        // A limit that others share is nobody's fault and does not count.
        let counts =
            matches!(status, 401 | 403 | 429) && text(headers, "x-ratelimit-scope") != Some("shared");
        if counts && self.refusals.check().is_err() {
            tracing::error!(
                "Discord refuses so many calls that it would ban this address; resting for a minute"
            );
            known.resting = known.resting.max(Some(later(now, REST)));
        }
        asked
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn seconds(headers: &HeaderMap, name: &str) -> Option<Duration> {
    span(text(headers, name)?.trim().parse().ok()?)
}

/// Seconds as Discord writes them; rounded up, since a moment too early is refused again.
fn span(seconds: f64) -> Option<Duration> {
    let span = Duration::try_from_secs_f64(seconds).ok()?.min(LONGEST);
    Some(Duration::from_millis(
        u64::try_from(span.as_micros().div_ceil(1000)).unwrap_or(u64::MAX),
    ))
}
