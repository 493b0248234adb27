//! Commands and clicks.

use serde_json::json;

use super::super::translate::Way;
use super::translate;
use crate::domain::{AuthorKind, Event, Reply};

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
    } = heard.event
    else {
        panic!()
    };
    assert_eq!(
        (place.to_string().as_str(), text.as_str()),
        ("slack:T1/C1", "ask @ben & me")
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
