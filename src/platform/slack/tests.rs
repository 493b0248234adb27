//! Tables: what Slack sends, in our words; what its answers mean; which of our texts a message shows.

mod answers;
mod commands;
mod events;
mod missed;
mod mrkdwn;
mod requests;

use serde_json::{Value, json};

use super::client::Identity;
use super::names::Names;
use crate::domain::Heard;

use super::translate::{Translator, Way};

/// Us, in the workspace `T1`.
fn me() -> Identity {
    Identity {
        team: "T1".into(),
        team_name: "Test team".into(),
        user_id: "UPM".into(),
        bot_id: Some("BPM".into()),
        name: "pm".into(),
    }
}

fn names() -> Names {
    let pairs = |list: &[(&str, &str)]| {
        list.iter()
            .map(|(id, name)| ((*id).to_owned(), (*name).to_owned()))
            .collect()
    };
    Names {
        users: pairs(&[("UANA", "ana"), ("UBEN", "ben")]),
        channels: pairs(&[("C9", "zeus")]),
    }
}

fn translate(way: Way<'_>, payload: &Value) -> Heard {
    let now = "2026-11-22T09:00:00Z".parse().unwrap();
    Translator {
        me: &me(),
        names: &names(),
        now,
    }
    .translate(way, payload)
}

/// The event in its outer body, `fields` over the common ones.
fn event(fields: Value) -> Value {
    let mut event = json!({ "type": "message", "channel": "C1", "channel_type": "channel", "user": "UANA",
        "ts": "1700000000.000100", "team": "T1", "event_ts": "1700000000.000100" });
    let over = fields.as_object().unwrap().clone();
    event.as_object_mut().unwrap().extend(over);
    event.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    json!({ "token": "verification", "team_id": "T1", "api_app_id": "A1", "type": "event_callback",
        "event_id": "Ev1", "event": event })
}
