//! Limits, as answers tell of them.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use serenity_reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::super::limits::{Key, Limits};
use crate::engine::clock::{Clock, Sleep, TimeSource};

/// A clock that is set by hand.
#[derive(Clone)]
struct Hand(Arc<Mutex<DateTime<Utc>>>);

impl TimeSource for Hand {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }

    fn sleep_until(&self, _: DateTime<Utc>) -> Sleep {
        Box::pin(std::future::pending())
    }

    fn deadline(&self, _: DateTime<Utc>) -> Sleep {
        Box::pin(std::future::pending())
    }
}

fn start() -> (Limits, Hand) {
    let hand = Hand(Arc::new(Mutex::new("2026-11-22T09:00:00Z".parse().unwrap())));
    (Limits::new(Clock::new(hand.clone())), hand)
}

fn key(route: &'static str, major: &str) -> Key {
    Key {
        route,
        major: major.to_owned(),
    }
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            )
        })
        .collect()
}

/// Seconds until a call may be made; none when it may be made now.
fn closed(limits: &Limits, hand: &Hand, key: &Key) -> Option<(i64, bool)> {
    let closed = limits.check(key).err()?;
    Some(((closed.until - hand.now()).num_seconds(), closed.everywhere))
}

#[test]
fn an_empty_bucket_is_left_alone_until_it_is_full_again() {
    let (limits, hand) = start();
    let (one, other) = (key("POST messages", "20"), key("POST messages", "21"));
    let left = |left: &str| {
        headers(&[
            ("x-ratelimit-bucket", "abc"),
            ("x-ratelimit-remaining", left),
            ("x-ratelimit-reset-after", "4.2"),
        ])
    };
    limits.learn(&one, 200, &left("1"), &Value::Null);
    assert_eq!(closed(&limits, &hand, &one), None);
    limits.learn(&one, 200, &left("0"), &Value::Null);
    assert_eq!(closed(&limits, &hand, &one), Some((4, false)));
    assert_eq!(closed(&limits, &hand, &other), None, "another channel");
    // Another route that turns out to count in the same bucket.
    let shared = key("PATCH message", "20");
    assert_eq!(closed(&limits, &hand, &shared), None);
    limits.learn(&shared, 200, &left("3"), &Value::Null);
    assert_eq!(closed(&limits, &hand, &shared), Some((4, false)));
    *hand.0.lock().unwrap() += TimeDelta::seconds(5);
    assert_eq!(closed(&limits, &hand, &one), None);
}

#[test]
fn a_refusal_closes_what_it_says() {
    for (body, pairs, expected) in [
        (json!({ "retry_after": 7.5, "global": false }), vec![], (7, false)),
        (json!({ "retry_after": 7.5, "global": true }), vec![], (7, true)),
        (
            json!({ "retry_after": 7 }),
            vec![("x-ratelimit-scope", "shared")],
            (7, false),
        ),
        (Value::Null, vec![("retry-after", "9")], (9, true)),
        (Value::Null, vec![], (5, true)),
        (json!({ "retry_after": -1, "global": false }), vec![], (5, false)),
        (
            json!({ "retry_after": 1e300, "global": false }),
            vec![("retry-after", "3")],
            (3, false),
        ),
    ] {
        let (limits, hand) = start();
        let one = key("POST messages", "20");
        let asked = limits.learn(&one, 429, &headers(&pairs), &body).unwrap();
        assert_eq!(asked.everywhere, expected.1, "{body}");
        assert_eq!(closed(&limits, &hand, &one), Some(expected), "{body}");
        let elsewhere = closed(&limits, &hand, &key("GET me", ""));
        assert_eq!(elsewhere.is_some(), expected.1, "{body}");
    }
}

#[test]
fn the_global_limit_does_not_bind_answers_to_interactions() {
    let (limits, hand) = start();
    let posts = key("POST messages", "20");
    let global = json!({ "retry_after": 7.5, "global": true });
    limits.learn(&posts, 429, &headers(&[]), &global);
    assert_eq!(closed(&limits, &hand, &posts), Some((7, true)));
    for route in ["POST callback", "original", "followup"] {
        assert_eq!(closed(&limits, &hand, &key(route, "t")), None, "{route}");
    }
    // Discord's edge counts addresses.
    limits.learn(&posts, 429, &headers(&[("retry-after", "20")]), &Value::Null);
    assert_eq!(
        closed(&limits, &hand, &key("POST callback", "t")),
        Some((20, true))
    );
}

#[test]
fn before_so_many_refusals_that_discord_bans_us_nothing_is_sent() {
    let (limits, hand) = start();
    let one = key("GET messages", "20");
    let refuse = |count: usize| {
        for _ in 0..count {
            limits.learn(&one, 403, &HeaderMap::new(), &json!({ "code": 50001 }));
        }
    };
    refuse(2_500);
    assert_eq!(closed(&limits, &hand, &one), None);
    refuse(1);
    assert_eq!(closed(&limits, &hand, &key("GET me", "")), Some((60, true)));
    *hand.0.lock().unwrap() += TimeDelta::seconds(61);
    assert_eq!(closed(&limits, &hand, &one), None);
    refuse(200);
    assert_eq!(
        closed(&limits, &hand, &one),
        None,
        "200 more in a minute are allowed"
    );
}
