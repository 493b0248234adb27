use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::super::answer::Answer;
use super::super::cache::Cache;
use super::super::errors::GitHubError;
use super::super::limits::Limits;
use super::super::login::Credential;
use super::server::{Server, known, still};
use crate::domain::IssueRef;
use crate::engine::health::State;

fn now() -> DateTime<Utc> {
    still().now()
}

/// An answer that tells of a window of 5,000 that ends in forty minutes.
fn answer(remaining: u64) -> Answer {
    Answer {
        status: 200,
        limit: Some("5000".into()),
        remaining: Some(remaining.to_string()),
        reset: Some((now() + TimeDelta::minutes(40)).timestamp().to_string()),
        resource: Some("core".into()),
        ..Answer::default()
    }
}

fn installation(id: u64, owner: &str) -> Credential {
    Credential::Installation {
        id,
        owner: owner.into(),
    }
}

#[test]
fn what_is_left_is_told_in_words() {
    let limits = Limits::default();
    assert_eq!(limits.report(now()), None);
    limits.observe(&Credential::Token, "/user", &answer(4_312), now());
    let part = limits.report(now()).unwrap();
    assert_eq!(
        (part.state, part.detail.as_str()),
        (State::Ok, "4,312 of 5,000 calls left until 09:40 UTC")
    );
    assert_eq!(
        limits.report(now() + TimeDelta::minutes(40)),
        None,
        "a window that is over"
    );
    let limits = Limits::default();
    for (id, owner) in [(1, "acme"), (2, "globex")] {
        limits.observe(
            &installation(id, owner),
            "/repos/a/b",
            &answer(1_000_000 * id),
            now(),
        );
    }
    limits.observe(&Credential::App, "/app", &answer(7), now());
    assert_eq!(
        limits.report(now()).unwrap().detail,
        "acme: 1,000,000 of 5,000 calls left until 09:40 UTC; globex: 2,000,000 of 5,000 calls left until 09:40 UTC"
    );
}

#[test]
fn with_nothing_left_nothing_is_permitted() {
    let limits = Limits::default();
    let (token, end) = (Credential::Token, now() + TimeDelta::minutes(40));
    limits.observe(&token, "/user", &answer(0), now());
    let refused = Err(GitHubError::RateLimited { retry_at: end });
    assert_eq!(limits.permit(&token, "/repos/a/b/issues", now()), refused);
    assert_eq!(
        limits.permit(&token, "/search/issues?q=x", now()),
        Ok(()),
        "searches count apart"
    );
    assert_eq!(limits.permit(&installation(1, "acme"), "/user", now()), Ok(()));
    assert_eq!(limits.permit(&token, "/user", end), Ok(()));
    assert_eq!(limits.report(now()).unwrap().state, State::Degraded);
    // A clock that differs by days shuts nobody out for days.
    let far = Answer {
        reset: Some((now() + TimeDelta::days(3)).timestamp().to_string()),
        ..answer(0)
    };
    limits.observe(&token, "/user", &far, now());
    assert_eq!(
        limits.permit(&token, "/user", now() + TimeDelta::minutes(61)),
        Ok(())
    );
    // Headers that say nothing change nothing.
    limits.observe(&token, "/user", &Answer::default(), now());
    assert!(limits.permit(&token, "/user", now()).is_err());
}

#[test]
fn a_pause_holds_for_all_we_are() {
    let limits = Limits::default();
    let until = now() + TimeDelta::seconds(60);
    limits.pause(until);
    limits.pause(now());
    for credential in [Credential::Token, Credential::App, installation(1, "acme")] {
        assert_eq!(
            limits.permit(&credential, "/search/issues", now()),
            Err(GitHubError::RateLimited { retry_at: until })
        );
    }
    assert_eq!(
        limits.report(now()).unwrap().detail,
        "GitHub asked me to pause until 09:01:00 UTC"
    );
    assert_eq!(limits.permit(&Credential::Token, "/user", until), Ok(()));
}

#[test]
fn the_cache_keeps_what_was_used_last_and_keeps_credentials_apart() {
    let cache = Cache::default();
    let tagged = |body: &str| Answer {
        status: 200,
        etag: Some("\"1\"".into()),
        body: body.into(),
        ..Answer::default()
    };
    cache.put(&Credential::Token, "/first", &tagged("first"));
    for number in 0..600 {
        cache.put(&Credential::Token, &format!("/{number}"), &tagged("x"));
        assert_eq!(cache.get(&Credential::Token, "/first").unwrap().body, "first");
    }
    assert!(cache.get(&Credential::Token, "/0").is_none(), "the oldest went");
    assert!(cache.get(&Credential::Token, "/599").is_some());
    assert!(cache.get(&installation(1, "acme"), "/599").is_none());
    // Nothing too large, and not too much of what is large.
    cache.put(&Credential::Token, "/huge", &tagged(&"x".repeat(3 << 20)));
    assert!(cache.get(&Credential::Token, "/huge").is_none());
    for number in 0..9 {
        cache.put(
            &Credential::Token,
            &format!("/large{number}"),
            &tagged(&"x".repeat(2 << 20)),
        );
    }
    let kept = (0..9).filter(|number| {
        cache
            .get(&Credential::Token, &format!("/large{number}"))
            .is_some()
    });
    assert!(kept.count() <= 8);
    cache.put(
        &Credential::Token,
        "/untagged",
        &Answer {
            etag: None,
            ..tagged("x")
        },
    );
    assert!(cache.get(&Credential::Token, "/untagged").is_none());
}

#[tokio::test]
async fn what_is_unchanged_is_not_sent_again() {
    let server = Server::start().await;
    let issue = json!({
        "number": 12, "title": "Title", "state": "open", "created_at": "2026-11-22T09:00:00Z",
        "updated_at": "2026-11-22T09:00:00Z",
    });
    server.says_with(200, &[("etag", "W/\"a\"".into())], &issue.to_string());
    server.says_with(304, &[("etag", "W/\"a\"".into())], "");
    server.says_with(404, &[], "");
    let github = known(server.url());
    let at = IssueRef {
        repository: "acme/app".parse().unwrap(),
        number: 12,
    };
    let first = github.issue(&at).await.unwrap();
    assert_eq!(github.issue(&at).await.unwrap(), first);
    assert_eq!(github.issue(&at).await, Err(GitHubError::NotFound));
    assert_eq!(server.asked().len(), 3, "GitHub is asked each time");
}
