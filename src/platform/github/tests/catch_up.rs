//! What is asked for again, and what is read of the lists.

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use url::Url;

use super::super::hooks::{Attempt, failed, is_ours, next_ask};
use super::super::models::{Account, Comment, Identity, Issue};
use super::super::reconcile::{List, opened, since, told};
use super::super::webhook::{Context, translate};
use crate::domain::{Heard, IssueRef};
use crate::store::cursors::Cursor;

fn at(minute: i64) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 22, 9, 0, 0).unwrap() + TimeDelta::minutes(minute)
}

fn attempt(id: u64, guid: &str, minute: i64, status: Option<i64>, event: &str) -> Attempt {
    Attempt {
        id,
        guid: guid.into(),
        delivered_at: at(minute),
        status_code: status,
        event: event.into(),
    }
}

#[test]
fn failed_webhooks_are_those_that_never_arrived() {
    let comment = "issue_comment";
    let attempts = vec![
        // Newest first, as GitHub lists them.
        attempt(9, "twice", 40, Some(503), "issues"),
        attempt(8, "arrived later", 30, Some(202), comment),
        attempt(7, "no answer", 20, None, comment),
        attempt(6, "not read", 19, Some(503), "star"),
        attempt(5, "arrived later", 12, Some(502), comment),
        attempt(4, "redirected", 11, Some(302), comment),
        attempt(3, "twice", 10, Some(0), "issues"),
        attempt(2, "arrived", 9, Some(200), comment),
        attempt(1, "too old", 1, Some(503), comment),
    ];
    let wanted: Vec<(u64, String)> = failed(attempts, at(1))
        .into_iter()
        .map(|attempt| (attempt.id, attempt.guid))
        .collect();
    let expected = [(9, "twice"), (4, "redirected"), (7, "no answer")];
    assert_eq!(wanted, expected.map(|(id, guid)| (id, guid.to_owned())));
}

#[test]
fn a_webhook_is_asked_for_ever_more_seldom_and_then_no_more() {
    let pauses: Vec<Option<i64>> = (1..7)
        .map(|asked| next_ask(asked, at(0)).map(|due| (due - at(0)).num_minutes()))
        .collect();
    assert_eq!(pauses, [Some(10), Some(20), Some(40), Some(80), None, None]);
}

#[test]
fn our_webhook_is_known_by_its_address() {
    let ours = Url::parse("https://bot.example.com/").unwrap();
    let table = [
        ("https://bot.example.com/webhooks/github", true, true),
        ("https://bot.example.com/webhooks/github/", true, true),
        (
            "https://bot.example.com/callsheet/webhooks/github?x=1",
            true,
            true,
        ),
        ("https://other.example.com/webhooks/github", false, true),
        ("https://bot.example.com/webhooks/githubs", false, false),
        ("https://bot.example.com/", false, false),
        ("no address", false, false),
        ("", false, false),
    ];
    for (address, configured, unknown) in table {
        assert_eq!(
            (is_ours(address, Some(&ours)), is_ours(address, None)),
            (configured, unknown),
            "{address}"
        );
    }
}

fn cursor(first: i64, to: i64, checked: i64) -> Cursor {
    Cursor {
        repository: "acme/app".parse().unwrap(),
        first_at: at(first),
        comments_to: at(to),
        issues_to: at(to + 1),
        checked_at: at(checked),
    }
}

#[test]
fn a_list_is_read_from_a_little_before_the_cursor() {
    let day = 24 * 60;
    let table = [
        // First seen, cursor, last look, now: from when on.
        (0, 0, 0, 10, 0),
        (0, 30, 40, 50, 28),
        // Quiet for long, and somebody always looked: the question stays the same.
        (0, 30, 30 * day - 10, 30 * day, 28),
        // Nobody looked for long.
        (0, 30, 40, 30 * day, 23 * day),
        (29 * day, 29 * day, 29 * day, 40 * day, 33 * day),
    ];
    for (first, to, checked, now, expected) in table {
        let found = since(List::Comments, &cursor(first, to, checked), at(now));
        assert_eq!(found, at(expected), "{first} {to} {checked} {now}");
    }
    assert_eq!(since(List::Issues, &cursor(0, 30, 40), at(50)), at(29));
}

fn context() -> Context {
    Context {
        host: "github.com".into(),
        mention: "@pm".into(),
        ours: Identity {
            login: "pm-bot".into(),
            id: 900,
        },
        now: at(100),
    }
}

fn issue(number: u64) -> IssueRef {
    IssueRef {
        repository: "acme/app".parse().unwrap(),
        number,
    }
}

fn keys(told: &[Heard]) -> Vec<&str> {
    told.iter()
        .flat_map(|heard| heard.keys.iter().map(String::as_str))
        .collect()
}

#[test]
fn a_comment_tells_what_its_webhooks_would_have_told() {
    let written = |created, updated| Comment {
        id: 7,
        author: Account {
            login: "cy".into(),
            id: 501,
            kind: None,
        },
        insider: false,
        text: "@pm hello".into(),
        body: "@pm hello".into(),
        mark: None,
        url: None,
        created_at: at(created),
        updated_at: at(updated),
    };
    let issue = issue(12);
    let new = "github:comment:github.com#7";
    let edit = "github:edit:acme/app#7@2026-11-22T09:20:00Z";
    let table = [
        (10, 10, vec![new]),
        (10, 20, vec![new, edit]),
        // From before we knew the repository.
        (5, 5, vec![]),
        (1, 4, vec![]),
        (5, 20, vec![edit]),
    ];
    for (created, updated, expected) in table {
        let told = told(&written(created, updated), &issue, at(5), &context());
        assert_eq!(keys(&told), expected, "{created} {updated}");
    }
    // The same event under the same key as the webhook's.
    let body = serde_json::json!({
        "action": "edited", "issue": {"number": 12},
        "repository": {"name": "app", "owner": {"login": "acme"}},
        "comment": {"id": 7, "body": "@pm hello", "created_at": at(10), "updated_at": at(20),
            "user": {"login": "cy", "id": 501}},
    });
    let hooked = translate("issue_comment", "guid", body.to_string().as_bytes(), &context()).unwrap();
    let told = told(&written(10, 20), &issue, at(5), &context());
    assert_eq!(hooked.keys[0], edit);
    assert_eq!(hooked.event, told[1].event);
}

#[test]
fn an_issue_tells_what_its_webhook_would_have_told() {
    let wire = |minute: i64, body: &str, pull: bool| {
        let mut wire = serde_json::json!({
            "number": 3, "title": "New", "body": body, "state": "open", "created_at": at(minute),
            "updated_at": at(minute + 50), "user": {"login": "cy", "id": 501},
        });
        if pull {
            wire["pull_request"] = serde_json::json!({});
        }
        wire
    };
    let place = issue(3);
    let hear = |wire: &serde_json::Value| {
        let issue: Issue = serde_json::from_value(wire.clone()).unwrap();
        opened(&issue, &place, at(5), &context())
    };
    assert_eq!(hear(&wire(5, "@pm hello", false)).map(|heard| heard.keys), None);
    assert_eq!(hear(&wire(9, "hello", false)).map(|heard| heard.keys), None);
    assert_eq!(hear(&wire(9, "@pm hello", true)).map(|heard| heard.keys), None);
    let wire = wire(9, "@pm hello <!-- hidden -->", false);
    let heard = hear(&wire).unwrap();
    let body = serde_json::json!({
        "action": "opened", "issue": wire, "repository": {"name": "app", "owner": {"login": "acme"}},
    });
    let hooked = translate("issues", "guid", body.to_string().as_bytes(), &context()).unwrap();
    assert_eq!(hooked.keys[0], heard.keys[0]);
    assert_eq!(hooked.event, heard.event);
}
