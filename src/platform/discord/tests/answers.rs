//! What Discord's answers mean for a delivery.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::super::catch_up::since;
use super::super::client::Trouble;
use super::super::find::compare;
use super::super::json::first_id;
use super::super::limits::Closed;
use super::super::outcome::{Attempt, is_closed_to_us, is_over, is_unknown, outcome};
use crate::domain::Effect;
use crate::engine::sender::{Found, Outcome, Outgoing};
use crate::store::watermarks::Watermark;

fn now() -> DateTime<Utc> {
    "2026-11-22T09:00:00Z".parse().unwrap()
}

fn refused(code: u64) -> Trouble {
    Trouble::Refused {
        status: 403,
        code,
        message: "No".into(),
    }
}

fn busy(everywhere: bool) -> Trouble {
    Trouble::Busy(Closed {
        until: now() + TimeDelta::seconds(7),
        everywhere,
    })
}

/// The outcome in one line.
fn short(outcome: Outcome) -> String {
    let wait = |at: DateTime<Utc>| (at - now()).num_seconds();
    match outcome {
        Outcome::NotSent {
            retry_at: Some(at), ..
        } => format!("not sent, in {}", wait(at)),
        Outcome::NotSent { .. } => "not sent".into(),
        Outcome::HeldBack { until, .. } => format!("held back, for {}", wait(until)),
        Outcome::Refused(why) => format!("refused: {why}"),
        Outcome::Unknown(_) => "unknown".into(),
        Outcome::Vanished => "vanished".into(),
        other => format!("{other:?}"),
    }
}

#[test]
fn outcomes() {
    use Attempt::{Edit, New};
    for (trouble, attempt, expected) in [
        (busy(true), New, "not sent, in 7"),
        (busy(false), Edit, "held back, for 7"),
        (Trouble::Unreachable("refused".into()), New, "not sent"),
        (Trouble::Lost("reset".into()), New, "unknown"),
        (Trouble::Status(502), Edit, "unknown"),
        (Trouble::Status(408), New, "unknown"),
        (Trouble::Status(403), New, "not sent"),
        (refused(10008), Edit, "vanished"),
        (refused(10008), New, "refused: Discord refuses it: No (10008)"),
        (refused(99999), New, "refused: Discord refuses it: No (99999)"),
    ] {
        assert_eq!(short(outcome(&trouble, attempt)), expected, "{trouble:?}");
    }
}

#[test]
fn a_refusal_says_what_to_do() {
    let token = Trouble::Refused {
        status: 401,
        code: 0,
        message: "401: Unauthorized".into(),
    };
    for (trouble, says) in [
        (refused(10003), "ask in another one"),
        (refused(10004), "invite it again"),
        (refused(50001), "View Channel"),
        (refused(50013), "Send Messages"),
        (refused(50007), "no direct messages"),
        (refused(50083), "open it again"),
        (refused(160_005), "unlock"),
        (refused(50035), "shorter"),
        (refused(30046), "older than an hour"),
        (token, "discord.bot_token"),
    ] {
        let said = short(outcome(&trouble, Attempt::New));
        assert!(said.starts_with("refused: ") && said.contains(says), "{said}");
        assert!(!said.ends_with('.'), "{said}");
    }
}

#[test]
fn which_refusals_end_an_interaction() {
    for (code, over, unknown) in [
        (10015, true, true),
        (10062, true, true),
        (50027, true, true),
        (10008, true, false),
        (50001, false, false),
    ] {
        assert_eq!(
            (is_over(&refused(code)), is_unknown(&refused(code))),
            (over, unknown),
            "{code}"
        );
    }
    assert!(is_closed_to_us(&refused(50001)) && !is_closed_to_us(&refused(10008)));
}

#[test]
fn a_message_is_found_by_its_text() {
    let out = Outgoing {
        mark: uuid::Uuid::nil(),
        place: "discord:1/20/30".parse().unwrap(),
        effect: Effect::Message {
            reply: None,
            buttons: Vec::new(),
        },
        text: "All is well. \n".into(),
        external_id: None,
        sent_text: String::new(),
        last: true,
        since: now(),
        others: Vec::new(),
    };
    match compare(&json!({ "id": "7", "content": "All is well." }), &out) {
        Found::Yes(receipt) => {
            assert_eq!(receipt.external_id, "7");
            assert_eq!(
                receipt.url.as_deref(),
                Some("https://discord.com/channels/1/30/7")
            );
        }
        other => panic!("{other:?}"),
    }
    for content in ["All is bad.", ""] {
        assert_eq!(
            compare(&json!({ "id": "7", "content": content }), &out),
            Found::No
        );
    }
}

#[test]
fn reading_begins_before_the_watermark_and_never_before_the_first_sight() {
    let mark = |first: i64, last: i64| {
        let at = |minutes| first_id(now() + TimeDelta::minutes(minutes));
        since(&Watermark {
            place: "discord:1/20".parse().unwrap(),
            first_id: at(first),
            last_id: at(last),
        })
    };
    assert_eq!(mark(0, 60), first_id(now() + TimeDelta::minutes(50)));
    assert_eq!(mark(0, 5), first_id(now()) - 1);
}
