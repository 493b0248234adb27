//! Commands and clicks.

use serde_json::{Value, json};

use super::super::blocks::blocks;
use super::super::translate::Way;
use super::translate;
use crate::domain::{AuthorKind, Button, Event, Reply};

#[test]
fn commands() {
    let payload = json!({ "token": "verification", "team_id": "T1", "channel_id": "C1", "channel_name": "apollo",
        "user_id": "UANA", "user_name": "ana.old", "command": "/pm", "text": "  ask <@UBEN|benny> &amp; me ",
        "response_url": "https://hooks.slack.com/commands/1", "trigger_id": "13.17.abc" });
    let heard = translate(Way::Command, &payload);
    assert_eq!(heard.keys, ["slack:trigger:13.17.abc"]);
    let Event::CommandGiven {
        place,
        author,
        text,
        reply,
        at,
        in_words: false,
        mentions,
    } = heard.event
    else {
        panic!()
    };
    assert_eq!(
        (place.to_string().as_str(), text.as_str()),
        ("slack:T1/C1", "ask @ben & me")
    );
    let [ben] = mentions.as_slice() else { panic!() };
    assert_eq!(
        (ben.written.as_str(), ben.account.to_string().as_str()),
        ("@ben", "slack:T1/UBEN")
    );
    assert_eq!((author.name.as_str(), author.kind), ("ana", AuthorKind::Human));
    let url = "https://hooks.slack.com/commands/1".to_owned();
    assert_eq!(reply, Some(Reply::ResponseUrl { url }));
    assert_eq!(at.to_rfc3339(), "2026-11-22T09:00:00+00:00");

    let bare = json!({ "team_id": "T1", "channel_id": "D1", "user_id": "UCY", "user_name": "cy" });
    let Event::CommandGiven {
        place,
        author,
        text,
        reply,
        ..
    } = translate(Way::Command, &bare).event
    else {
        panic!()
    };
    assert_eq!(
        (place.to_string().as_str(), author.name.as_str(), text.as_str()),
        ("slack:T1/D1", "cy", "")
    );
    assert_eq!(reply, None);
    let broken = translate(Way::Command, &json!({ "trigger_id": "1" }));
    assert_eq!(
        (broken.event, broken.keys.len()),
        (
            Event::Unknown {
                name: "command".into()
            },
            1
        )
    );
}

/// A press of our first button under a message at a channel's root, `fields` over it.
fn press(fields: Value) -> Value {
    let mut payload = json!({ "type": "block_actions", "token": "verification", "trigger_id": "1.2.c",
        "team": { "id": "T1", "domain": "test" },
        "user": { "id": "UANA", "username": "ana.old", "name": "ana.old", "team_id": "T1" },
        "container": { "type": "message", "message_ts": "1700000000.000100", "channel_id": "C1", "is_ephemeral": false },
        "channel": { "id": "C1", "name": "apollo" }, "message": { "type": "message", "ts": "1700000000.000100" },
        "response_url": "https://hooks.slack.com/actions/1",
        "actions": [{ "type": "button", "action_id": "pm:0", "value": "status apollo",
            "action_ts": "1700000001.000200" }] });
    for (name, value) in fields.as_object().unwrap() {
        payload[name] = value.clone();
    }
    payload
}

#[test]
fn a_press_gives_the_command_of_its_button() {
    let heard = translate(Way::Interaction, &press(json!({})));
    assert_eq!(
        heard.keys,
        ["slack:trigger:1.2.c", "slack:action:1700000001.000200"]
    );
    assert!(!String::from_utf8(heard.raw).unwrap().contains("verification"));
    let Event::CommandGiven {
        place,
        author,
        text,
        reply,
        at,
        in_words: false,
        ..
    } = heard.event
    else {
        panic!()
    };
    assert_eq!(place.to_string(), "slack:T1/C1/1700000000.000100");
    assert_eq!((author.name.as_str(), author.kind), ("ana", AuthorKind::Human));
    assert_eq!(author.account.user_id, "UANA");
    assert_eq!(text, "status apollo");
    let url = "https://hooks.slack.com/actions/1".to_owned();
    assert_eq!(reply, Some(Reply::ResponseUrl { url }));
    assert_eq!(at.to_rfc3339(), "2023-11-14T22:13:21.000200+00:00");
}

#[test]
fn where_a_press_is_answered() {
    let root = "1700000000.000100";
    let reply = json!({ "ts": "1700000009.000100", "thread_ts": root });
    let direct = json!({ "id": "D1" });
    let private = |thread: Value| json!({ "channel_id": "C1", "is_ephemeral": true, "thread_ts": thread });
    for (fields, place) in [
        (json!({ "message": reply }), "slack:T1/C1/1700000000.000100"),
        (json!({ "channel": direct }), "slack:T1/D1"),
        (
            json!({ "channel": direct, "message": reply }),
            "slack:T1/D1/1700000000.000100",
        ),
        (json!({ "channel": null }), "slack:T1/C1/1700000000.000100"),
        (json!({ "team": null }), "slack:T1/C1/1700000000.000100"),
        // Shown to one person only: there is no message for others to answer under.
        (
            json!({ "message": null, "container": private(Value::Null) }),
            "slack:T1/C1",
        ),
        (
            json!({ "message": null, "container": private(json!(root)) }),
            "slack:T1/C1/1700000000.000100",
        ),
    ] {
        let Event::CommandGiven { place: found, .. } = translate(Way::Interaction, &press(fields)).event
        else {
            panic!()
        };
        assert_eq!(found.to_string(), place);
    }
}

#[test]
fn presses_that_are_none_of_ours() {
    for fields in [
        json!({ "actions": [{ "action_id": "other", "value": "status" }] }),
        json!({ "actions": [{ "action_id": "pm:0" }] }),
        json!({ "actions": [{ "action_id": "pm:0", "value": " " }] }),
        json!({ "actions": [] }),
        json!({ "actions": null }),
        json!({ "user": null }),
        json!({ "channel": null, "container": null }),
    ] {
        let heard = translate(Way::Interaction, &press(fields.clone()));
        let name = "interaction.block_actions".into();
        assert_eq!(heard.event, Event::Unknown { name }, "{fields}");
        assert!(heard.raw.is_empty());
    }
    let heard = translate(Way::Interaction, &press(json!({ "type": "view_submission" })));
    let name = "interaction.view_submission".into();
    assert_eq!(heard.event, Event::Unknown { name });
}

#[test]
fn a_message_with_buttons_is_made_of_blocks() {
    let buttons = |count: usize| -> Vec<Button> {
        (0..count)
            .map(|number| Button::new(format!("B{number}"), format!("status {number}")).unwrap())
            .collect()
    };
    assert_eq!(blocks("words", &[]), None);
    assert_eq!(blocks(&"x".repeat(3_001), &buttons(1)), None);
    let shown = blocks("*words*", &buttons(2)).unwrap();
    let element = |number: usize| {
        json!({ "type": "button", "action_id": format!("pm:{number}"), "value": format!("status {number}"),
            "text": { "type": "plain_text", "text": format!("B{number}"), "emoji": true } })
    };
    assert_eq!(
        shown,
        json!([
            { "type": "section", "expand": true, "text": { "type": "mrkdwn", "text": "*words*", "verbatim": true } },
            { "type": "actions", "elements": [element(0), element(1)] },
        ])
    );
    let rows = blocks(&"x".repeat(3_000), &buttons(26)).unwrap();
    let sizes: Vec<usize> = (1..3)
        .map(|row| rows[row]["elements"].as_array().unwrap().len())
        .collect();
    assert_eq!(sizes, [25, 1]);
    assert_eq!(Button::new("Refresh", "x".repeat(91)), None);
}

#[test]
fn clicks_are_kept() {
    let click = json!({ "type": "block_actions", "trigger_id": "1.2.c", "actions": [{ "action_ts": "1700000000.000100" }] });
    let heard = translate(Way::Interaction, &click);
    assert_eq!(
        heard.event,
        Event::Unknown {
            name: "interaction.block_actions".into()
        }
    );
    assert_eq!(
        heard.keys,
        ["slack:trigger:1.2.c", "slack:action:1700000000.000100"]
    );
    let heard = translate(Way::Other("video_call"), &json!({}));
    assert_eq!(
        heard.event,
        Event::Unknown {
            name: "video_call".into()
        }
    );
}
