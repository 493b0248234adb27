//! What Slack's answers mean for a delivery.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::client::Trouble;
use super::super::find::compare;
use super::super::outcome::{Attempt, is_closed_to_us, outcome};
use super::super::sender::{Target, revision};
use super::super::socket::Line;
use crate::domain::{Button, Effect};
use crate::engine::sender::{Found, Outcome, Outgoing};

fn now() -> DateTime<Utc> {
    "2026-11-22T09:00:00Z".parse().unwrap()
}

fn refused(error: &str) -> Trouble {
    Trouble::Refused {
        error: error.into(),
        needed: None,
    }
}

/// The outcome in one line.
fn short(outcome: Outcome) -> String {
    match outcome {
        Outcome::NotSent {
            retry_at: Some(at), ..
        } => format!("not sent, in {}", (at - now()).num_seconds()),
        Outcome::NotSent { .. } => "not sent".into(),
        Outcome::Refused(why) => format!("refused: {why}"),
        Outcome::Unknown(_) => "unknown".into(),
        Outcome::Vanished => "vanished".into(),
        other => format!("{other:?}"),
    }
}

#[test]
fn outcomes() {
    use Attempt::{Edit, New, Response};
    for (trouble, attempt, expected) in [
        (Trouble::Busy(Some(Duration::from_secs(7))), New, "not sent, in 7"),
        (Trouble::Busy(None), Edit, "not sent, in 30"),
        (Trouble::Unreachable("connection refused".into()), New, "not sent"),
        (Trouble::Lost("reset".into()), New, "unknown"),
        (Trouble::Status(500, None), New, "unknown"),
        (Trouble::Status(503, None), Response, "unknown"),
        (Trouble::Status(408, None), New, "unknown"),
        (Trouble::Status(403, None), New, "not sent"),
        (refused("internal_error"), New, "unknown"),
        (refused("fatal_error"), Edit, "unknown"),
        (refused("service_unavailable"), New, "unknown"),
        (refused("request_timeout"), New, "not sent"),
        (refused("message_not_found"), Edit, "vanished"),
        (
            refused("message_not_found"),
            New,
            "refused: Slack refuses it (message_not_found)",
        ),
        (
            refused("not_in_channel"),
            New,
            "refused: the bot is not in this channel; invite it with /invite @pm",
        ),
        (
            refused("is_archived"),
            New,
            "refused: the channel is archived; unarchive it or use another one",
        ),
        (refused("new_error"), New, "refused: Slack refuses it (new_error)"),
    ] {
        assert_eq!(
            short(outcome(&trouble, attempt, "pm", now())),
            expected,
            "{trouble:?}"
        );
    }
}

#[test]
fn a_refusal_says_what_to_do() {
    for (trouble, says) in [
        (
            Trouble::Refused {
                error: "missing_scope".into(),
                needed: Some("chat:write".into()),
            },
            "the scope chat:write",
        ),
        (refused("channel_not_found"), "/invite @pm"),
        (
            refused("restricted_action_read_only_channel"),
            "ask an administrator",
        ),
        (refused("token_revoked"), "slack.bot_token"),
        (refused("msg_too_long"), "shorter"),
        (refused("cant_update_message"), "not the bot's"),
        (refused("edit_window_closed"), "no longer"),
        (Trouble::Status(404, Some("used_url".into())), "30 minutes"),
    ] {
        let said = short(outcome(&trouble, Attempt::Response, "pm", now()));
        assert!(said.starts_with("refused: ") && said.contains(says), "{said}");
        assert!(!said.ends_with('.'), "{said}");
    }
}

#[test]
fn where_a_command_is_answered_privately() {
    for (error, closed) in [
        ("not_in_channel", true),
        ("channel_not_found", true),
        ("restricted_action", true),
        ("msg_too_long", false),
        ("internal_error", false),
    ] {
        assert_eq!(is_closed_to_us(&refused(error)), closed, "{error}");
    }
    assert!(!is_closed_to_us(&Trouble::Lost("reset".into())));
}

#[test]
fn a_message_at_the_root_opens_a_thread() {
    let (root, reply) = (json!({ "ts": "2.0" }), json!({ "ts": "2.0", "thread_ts": "1.0" }));
    for (channel, thread, message, opened) in [
        ("C1", None, Some(&root), Some("slack:T1/C1/2.0")),
        ("C1", None, None, Some("slack:T1/C1/2.0")),
        ("C1", Some("1.0"), Some(&reply), None),
        ("C1", Some("1.0"), None, None),
        // The thread was gone.
        ("C1", Some("1.0"), Some(&root), Some("slack:T1/C1/2.0")),
        ("D1", None, Some(&root), None),
    ] {
        let receipt = Target {
            team: "T1",
            channel,
            thread,
        }
        .receipt("2.0", message);
        assert_eq!(
            receipt.thread.map(|place| place.to_string()).as_deref(),
            opened,
            "{channel} {thread:?}"
        );
        assert_eq!(receipt.external_id, "2.0");
    }
}

#[test]
fn which_text_a_message_shows() {
    let mark = Uuid::from_u128(7);
    let out = |text: &str, sent: &str| Outgoing {
        mark,
        place: "slack:T1/C1".parse().unwrap(),
        effect: Effect::Message {
            reply: None,
            buttons: Vec::new(),
        },
        text: text.into(),
        external_id: Some("1.0".into()),
        sent_text: sent.into(),
        last: true,
        since: chrono::DateTime::UNIX_EPOCH,
        others: Vec::new(),
    };
    let shown = |text: &str, revised: Option<&str>| {
        let revision = revised.map(|text| revision(&out(text, "")));
        json!({ "ts": "1.0", "text": text, "metadata": { "event_payload": { "revision": revision } } })
    };
    let word = |found: Found| match found {
        Found::Yes(receipt) => receipt.external_id,
        Found::No => "no".into(),
        Found::Changed(_) => "changed".into(),
        Found::CannotTell(why) | Found::Never(why) => why,
    };
    let table: [(Value, Outgoing, &str); 8] = [
        (shown("new &amp; old", None), out("new & old", "old"), "1.0"),
        (shown("old", None), out("new", "old"), "no"),
        (shown("else", None), out("new", "old"), "no"),
        (
            shown(":x: ready", Some("✅ ready")),
            out("✅ ready", "⏳ ready"),
            "1.0",
        ),
        (
            shown(":x: ready", Some("⏳ ready")),
            out("✅ ready", "⏳ ready"),
            "no",
        ),
        (shown(":x: ready", None), out("✅ ready", "⏳ ready"), "1.0"),
        (shown("else", Some("new")), out("new", "old"), "no"),
        (
            json!({ "ts": "1.0", "subtype": "tombstone", "text": "This message was deleted." }),
            out("new", "old"),
            "no",
        ),
    ];
    for (message, out, expected) in table {
        assert_eq!(word(compare(&message, &out, "1.0")), expected, "{message}");
    }
}

#[test]
fn buttons_are_part_of_what_a_message_shows() {
    let out = |label: Option<&str>| Outgoing {
        mark: Uuid::from_u128(7),
        place: "slack:T1/C1".parse().unwrap(),
        effect: Effect::Message {
            reply: None,
            buttons: label
                .and_then(|label| Button::new(label, "status"))
                .into_iter()
                .collect(),
        },
        text: "same".into(),
        external_id: Some("1.0".into()),
        sent_text: "same".into(),
        last: true,
        since: chrono::DateTime::UNIX_EPOCH,
        others: Vec::new(),
    };
    let (bare, pressable) = (out(None), out(Some("Refresh")));
    let names = [&bare, &pressable, &out(Some("Again"))].map(revision);
    assert!(names[0] != names[1] && names[1] != names[2]);
    let shown = |out: &Outgoing| json!({ "ts": "1.0", "text": "same", "metadata": { "event_payload": { "revision": revision(out) } } });
    assert!(matches!(
        compare(&shown(&pressable), &pressable, "1.0"),
        Found::Yes(_)
    ));
    assert!(matches!(compare(&shown(&bare), &pressable, "1.0"), Found::No));
}

#[test]
fn sockets_that_keep_breaking_are_opened_ever_more_slowly() {
    let mut line = Line::default();
    let waits: Vec<u64> = (0..12).map(|_| line.broke(now()).as_secs()).collect();
    assert_eq!(waits, [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60]);
    assert_eq!(line.broke(now() + Duration::from_secs(180)).as_secs(), 0);
}
