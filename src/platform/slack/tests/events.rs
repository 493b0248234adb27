//! Events.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::json::parse;
use super::super::translate::{Way, mentioned, moment};
use super::{event, translate};
use crate::domain::{Addressed, AuthorKind, Event, Heard, Posted, Sign};

const MARKED: &str = "0190a0a0-0000-7000-8000-000000000001";

fn posted(heard: &Heard) -> &Posted {
    match &heard.event {
        Event::MessagePosted(posted) | Event::MessageEdited(posted) => posted,
        other => panic!("no message: {other:?}"),
    }
}

fn unknown(payload: &Value) -> String {
    match translate(Way::Event, payload).event {
        Event::Unknown { name } => name,
        other => panic!("known after all: {other:?}"),
    }
}

#[test]
fn a_message_in_a_channel_belongs_to_the_thread_under_it() {
    let heard = translate(Way::Event, &event(json!({ "text": "<@UPM> ship it" })));
    let Event::MessagePosted(posted) = &heard.event else {
        panic!("{:?}", heard.event)
    };
    assert_eq!(posted.place.to_string(), "slack:T1/C1/1700000000.000100");
    assert_eq!(posted.external_id, "1700000000.000100");
    assert_eq!(
        (posted.text.as_str(), posted.addressed),
        ("ship it", Addressed::Us)
    );
    assert_eq!(posted.at.to_rfc3339(), "2023-11-14T22:13:20.000100+00:00");
    assert_eq!(
        (posted.author.name.as_str(), posted.author.kind),
        ("ana", AuthorKind::Human)
    );
    let account = &posted.author.account;
    assert_eq!(
        (account.workspace.as_str(), account.user_id.as_str()),
        ("T1", "UANA")
    );
    assert_eq!(
        heard.keys,
        ["slack:message:T1/C1/1700000000.000100", "slack:event:Ev1"]
    );
}

#[test]
fn a_mention_and_its_message_share_a_key() {
    let message = translate(Way::Event, &event(json!({ "text": "<@UPM> hi" })));
    let mut copy = event(json!({ "type": "app_mention", "text": "<@UPM> hi", "channel_type": null }));
    copy["event_id"] = json!("Ev2");
    let mention = translate(Way::Event, &copy);
    assert_eq!(message.event, mention.event);
    assert_eq!(message.keys[0], mention.keys[0]);
    assert_eq!(mention.keys[1], "slack:event:Ev2");
}

#[test]
fn places() {
    let root = "1700000000.000100";
    for (fields, place) in [
        (json!({}), "slack:T1/C1/1700000000.000100"),
        (json!({ "thread_ts": root }), "slack:T1/C1/1700000000.000100"),
        (
            json!({ "ts": "1700000009.000200", "thread_ts": root }),
            "slack:T1/C1/1700000000.000100",
        ),
        (
            json!({ "ts": "1700000009.000200", "thread_ts": root, "subtype": "thread_broadcast" }),
            "slack:T1/C1/1700000000.000100",
        ),
        (
            json!({ "channel": "G7", "channel_type": "mpim" }),
            "slack:T1/G7/1700000000.000100",
        ),
        (json!({ "channel": "D1", "channel_type": "im" }), "slack:T1/D1"),
        (json!({ "channel": "D1", "channel_type": null }), "slack:T1/D1"),
        // A direct message that has replies is still no reply itself.
        (
            json!({ "channel": "D1", "channel_type": "im", "thread_ts": root }),
            "slack:T1/D1",
        ),
        (
            json!({ "channel": "D1", "channel_type": "im", "ts": "1700000009.000200", "thread_ts": root }),
            "slack:T1/D1/1700000000.000100",
        ),
        // A guest's team is not the channel's.
        (json!({ "team": "T2" }), "slack:T1/C1/1700000000.000100"),
    ] {
        let heard = translate(Way::Event, &event(fields.clone()));
        assert_eq!(posted(&heard).place.to_string(), place, "{fields}");
    }
}

#[test]
fn whom_a_text_speaks_to() {
    for (fields, addressed) in [
        (json!({ "text": "hello" }), Addressed::Nobody),
        (json!({ "text": "@pm hello" }), Addressed::Nobody),
        (json!({ "text": "<!here> hello" }), Addressed::Nobody),
        (json!({ "text": "hey <@UBEN>" }), Addressed::Others),
        (json!({ "text": "hey <@UBEN|ben> and <@UPM|pm>" }), Addressed::Us),
        (json!({ "text": "<@UPM>" }), Addressed::Us),
        (json!({ "text": "&lt;@UPM&gt;" }), Addressed::Nobody),
        (
            json!({ "type": "app_mention", "text": "hello" }),
            Addressed::Nobody,
        ),
        (json!({ "channel": "D1", "text": "hello" }), Addressed::Us),
        (json!({ "channel": "D1", "text": "tell <@UBEN>" }), Addressed::Us),
        (json!({}), Addressed::Nobody),
    ] {
        assert_eq!(
            posted(&translate(Way::Event, &event(fields.clone()))).addressed,
            addressed,
            "{fields}"
        );
    }
}

#[test]
fn authors() {
    use AuthorKind::{Bot, Human, Ourselves};
    for (fields, kind, id, name) in [
        (json!({}), Human, "UANA", "ana"),
        (json!({ "user": "UNEW" }), Human, "UNEW", "UNEW"),
        (
            json!({ "user": "UPM", "bot_id": "BPM", "app_id": "A1" }),
            Ourselves,
            "UPM",
            "pm",
        ),
        (
            json!({ "user": null, "bot_id": "BPM", "subtype": "bot_message" }),
            Ourselves,
            "UPM",
            "pm",
        ),
        (
            json!({ "user": null, "bot_id": "BX", "subtype": "bot_message", "username": "deploy" }),
            Bot,
            "BX",
            "deploy",
        ),
        (
            json!({ "user": "UX", "bot_id": "BX", "bot_profile": { "name": "CI" } }),
            Bot,
            "UX",
            "CI",
        ),
        (json!({ "user": "USLACKBOT" }), Bot, "USLACKBOT", "USLACKBOT"),
        // A person cannot call themselves something else.
        (json!({ "username": "ben" }), Human, "UANA", "ana"),
    ] {
        let heard = translate(Way::Event, &event(fields.clone()));
        let author = &posted(&heard).author;
        let found = (author.kind, author.account.user_id.as_str(), author.name.as_str());
        assert_eq!(found, (kind, id, name), "{fields}");
    }
    let guest = translate(Way::Event, &event(json!({ "team": "T2" })));
    assert_eq!(posted(&guest).author.account.workspace, "T2");
}

#[test]
fn only_our_own_messages_carry_a_mark() {
    let metadata = json!({ "event_type": "callsheet_delivery",
        "event_payload": { "delivery": MARKED, "nested": { "a": [1] } } });
    let ours = event(json!({ "user": "UPM", "bot_id": "BPM", "metadata": metadata, "text": "done" }));
    assert_eq!(
        posted(&translate(Way::Event, &ours)).mark.unwrap().to_string(),
        MARKED
    );
    let theirs = event(json!({ "metadata": metadata, "text": "done" }));
    assert_eq!(posted(&translate(Way::Event, &theirs)).mark, None);
    let other = json!({ "event_type": "task", "event_payload": { "delivery": MARKED } });
    let ours = event(json!({ "user": "UPM", "metadata": other }));
    assert_eq!(posted(&translate(Way::Event, &ours)).mark, None);
}

#[test]
fn edits() {
    let changed = |message: Value, previous: Value| {
        event(
            json!({ "subtype": "message_changed", "user": null, "ts": "1700000020.000300",
            "event_ts": "1700000020.000300", "message": message, "previous_message": previous }),
        )
    };
    let old = json!({ "user": "UANA", "text": "old", "ts": "1700000000.000100" });
    let mut new = json!({ "user": "UANA", "text": "<@UPM> new", "ts": "1700000000.000100", "team": "T1",
        "edited": { "user": "UANA", "ts": "1700000019.000000" } });
    let heard = translate(Way::Event, &changed(new.clone(), old.clone()));
    let Event::MessageEdited(edited) = &heard.event else {
        panic!("{:?}", heard.event)
    };
    assert_eq!((edited.text.as_str(), edited.addressed), ("new", Addressed::Us));
    assert_eq!(edited.place.to_string(), "slack:T1/C1/1700000000.000100");
    assert_eq!(
        heard.keys,
        [
            "slack:edit:T1/C1/1700000000.000100/1700000019.000000",
            "slack:event:Ev1"
        ]
    );

    new["thread_ts"] = json!("1690000000.000100");
    new.as_object_mut().unwrap().remove("edited");
    let heard = translate(Way::Event, &changed(new.clone(), old.clone()));
    assert_eq!(posted(&heard).place.to_string(), "slack:T1/C1/1690000000.000100");
    assert_eq!(
        heard.keys[0],
        "slack:edit:T1/C1/1700000000.000100/1700000020.000300"
    );

    let unfurled = changed(
        new.clone(),
        json!({ "text": "<@UPM> new", "ts": "1700000000.000100" }),
    );
    assert_eq!(unknown(&unfurled), "message_changed.unchanged");
    assert_eq!(translate(Way::Event, &unfurled).keys, ["slack:event:Ev1"]);
    assert_eq!(
        unknown(&changed(
            json!({ "subtype": "channel_topic", "text": "x" }),
            old.clone()
        )),
        "message.message_changed"
    );
    assert_eq!(unknown(&changed(Value::Null, old)), "message.message_changed");
}

#[test]
fn deletions() {
    let gone = |heard: Heard| match heard.event {
        Event::MessageDeleted { place, external_id } => {
            (place.to_string(), external_id, heard.keys[0].clone())
        }
        other => panic!("{other:?}"),
    };
    let key = "slack:deleted:T1/C1/1700000000.000100".to_owned();
    let ts = "1700000000.000100".to_owned();
    let deleted = event(
        json!({ "subtype": "message_deleted", "deleted_ts": ts, "ts": "1700000030.000100",
        "previous_message": { "thread_ts": "1690000000.000100" } }),
    );
    let expected = (
        "slack:T1/C1/1690000000.000100".to_owned(),
        ts.clone(),
        key.clone(),
    );
    assert_eq!(gone(translate(Way::Event, &deleted)), expected);
    let expected = ("slack:T1/C1/1700000000.000100".to_owned(), ts.clone(), key);
    let tombstone = json!({ "subtype": "tombstone", "user": "USLACKBOT", "ts": ts, "thread_ts": ts });
    let buried =
        event(json!({ "subtype": "message_changed", "ts": "1700000030.000100", "message": tombstone }));
    assert_eq!(gone(translate(Way::Event, &buried)), expected);
    assert_eq!(
        gone(translate(Way::Event, &event(json!({ "subtype": "tombstone" })))),
        expected
    );
    assert_eq!(
        unknown(&event(json!({ "subtype": "message_deleted" }))),
        "message.message_deleted"
    );
}

#[test]
fn signs() {
    let reaction = |fields: Value| {
        let mut fact = json!({
            "type": "reaction_added", "user": "UANA", "reaction": "octagonal_sign", "text": null, "ts": null,
            "item": { "type": "message", "channel": "C1", "ts": "1700000000.000100" }, "event_ts": "1700000009.000000",
        });
        fact.as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        translate(Way::Event, &event(fact))
    };
    let heard = reaction(json!({}));
    let Event::ReactionAdded {
        place,
        external_id,
        author,
        sign,
    } = &heard.event
    else {
        panic!("no sign: {heard:?}");
    };
    assert_eq!(place.to_string(), "slack:T1/C1");
    assert_eq!((external_id.as_str(), *sign), ("1700000000.000100", Sign::Stop));
    assert_eq!(
        (author.account.user_id.as_str(), author.kind),
        ("UANA", AuthorKind::Human)
    );
    assert!(heard.keys[0].starts_with("slack:reaction:T1/C1/1700000000.000100/UANA/octagonal_sign/"));
    for fields in [
        json!({ "reaction": "eyes" }),
        json!({ "reaction": null }),
        json!({ "user": null }),
        json!({ "item": { "type": "file", "file": "F1" } }),
        json!({ "item": { "type": "message", "channel": "C1" } }),
        json!({ "item": "C1" }),
    ] {
        let heard = reaction(fields.clone());
        assert_eq!(
            heard.event,
            Event::Unknown {
                name: "reaction_added".to_owned()
            },
            "{fields}"
        );
        assert_eq!(heard.raw, Vec::<u8>::new(), "{fields}");
    }
}

#[test]
fn what_we_keep_and_do_nothing_about() {
    for (fields, name) in [
        (json!({ "subtype": "channel_join" }), "message.channel_join"),
        (
            json!({ "subtype": "something\u{0}new" }),
            "message.something\u{FFFD}new",
        ),
        (json!({ "type": "reaction_added" }), "reaction_added"),
        (json!({ "type": 7 }), "event_callback"),
        (json!({ "user": null }), "message"),
        (json!({ "ts": null }), "message"),
        (json!({ "ts": "now" }), "message"),
        (json!({ "ts": "99999999999999999999.1" }), "message"),
        (json!({ "channel": "C1/../C2" }), "message"),
        (json!({ "channel": ["C1"] }), "message"),
    ] {
        assert_eq!(unknown(&event(fields.clone())), name, "{fields}");
    }
    for nothing in [
        json!(null),
        json!([]),
        json!("text"),
        json!({}),
        json!({ "event": 1 }),
    ] {
        assert_eq!(unknown(&nothing), "untyped");
    }
}

#[test]
fn odd_texts_do_no_harm() {
    let half = parse(
        r#"{"type":"message","channel":"C1","user":"UANA","ts":"1.2","text":"a\ud83db\udc00 \ud83d\ude00 \\ud83d"}"#,
    );
    let heard = translate(Way::Event, &json!({ "team_id": "T1", "event": half.unwrap() }));
    assert_eq!(posted(&heard).text, "a\u{FFFD}b\u{FFFD} 😀 \\ud83d");
    let heard = translate(Way::Event, &event(json!({ "text": "a\u{0}b\r\nc" })));
    assert_eq!(posted(&heard).text, "a\u{FFFD}b\nc");
    let heard = translate(
        Way::Event,
        &event(json!({ "subtype": "file_share", "text": "", "files": [{}] })),
    );
    assert_eq!(posted(&heard).text, "");
    assert_eq!(parse("{"), None);
    assert_eq!(parse(r#"{"a":"\u"#), None);
}

#[test]
fn the_body_is_kept_without_the_token() {
    let heard = translate(Way::Event, &event(json!({ "text": "hi" })));
    let kept: Value = serde_json::from_slice(&heard.raw).unwrap();
    assert_eq!(
        (kept["event"]["text"].as_str(), kept.get("token")),
        (Some("hi"), None)
    );
}

#[test]
fn the_names_a_translation_shows_are_asked_for() {
    let wanted = mentioned(&event(json!({ "text": "<@UBEN> <@UCY|cy> in <#C9> <#C8|x>",
        "message": { "user": "UDAN", "text": "<@UEVE>" } })));
    assert_eq!(
        wanted.users.iter().collect::<Vec<_>>(),
        ["UANA", "UBEN", "UDAN", "UEVE"]
    );
    assert_eq!(wanted.channels.iter().collect::<Vec<_>>(), ["C9"]);
    let command = mentioned(&json!({ "user_id": "UANA", "text": "<@UBEN>" }));
    assert_eq!(command.users.iter().collect::<Vec<_>>(), ["UANA", "UBEN"]);
}

#[test]
fn moments() {
    for (ts, micros) in [
        ("1700000000.000100", Some(1_700_000_000_000_100)),
        ("1700000000.1", Some(1_700_000_000_100_000)),
        ("1700000000", Some(1_700_000_000_000_000)),
        ("", None),
        (".5", None),
        ("5.", None),
        ("-5.0", None),
        ("1.0000001", None),
        ("9223372036854775807.0", None),
    ] {
        assert_eq!(moment(ts).map(|at| at.timestamp_micros()), micros, "{ts}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let field = prop::sample::select(vec![
        "type",
        "subtype",
        "channel",
        "user",
        "bot_id",
        "ts",
        "thread_ts",
        "text",
        "message",
        "previous_message",
        "edited",
        "metadata",
        "event",
        "team",
        "actions",
        "deleted_ts",
        "profile",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        prop::sample::select(vec![
            "message",
            "message_changed",
            "message_deleted",
            "C1",
            "D1",
            "1.2",
            "<@UPM",
            "<",
            "<@UPM|",
            "&am"
        ])
        .prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 8, move |inner| {
        prop_oneof![
            prop::collection::vec((field.clone(), inner.clone()), 0..8).prop_map(|pairs| pairs
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect()),
            prop::collection::vec(inner, 0..3).prop_map(Value::from),
        ]
    })
}

proptest! {
    #[test]
    fn nothing_makes_it_fail(payload in any_json()) {
        for way in [Way::Event, Way::Command, Way::Interaction, Way::Other("new")] {
            let heard = translate(way, &payload);
            if let Some(place) = heard.event.place() {
                prop_assert_eq!(&place.to_string().parse::<crate::domain::Place>().unwrap(), place);
            }
            prop_assert!(heard.keys.iter().all(|key| key.is_ascii() && key.len() < 700));
        }
        mentioned(&payload);
        mentioned(&event(json!({ "text": payload.to_string() })));
    }
}
