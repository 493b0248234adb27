//! Messages and interactions.

use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::channels::{Channels, place};
use super::super::commands::CommandMenu;
use super::super::interactions::{Asked, translate as translate_interaction};
use super::super::json::{first_id, made};
use super::super::nonce::{mark, nonce};
use super::super::translate::Translator;
use super::me;
use crate::domain::{Addressed, AuthorKind, Event, Heard, Place, Posted, Reply};

const CHANNEL: &str = "discord:1/20";
/// A moment's first id and the counter behind it: 2026-11-22T09:00:00Z.
const ID: &str = "1573980712304640003";

fn channels() -> Channels {
    let channels = Channels::default();
    channels.learn_guild(
        &json!({
            "id": "1", "channels": [{ "id": "20", "type": 0, "name": "apollo" }],
            "threads": [{ "id": "30", "type": 11, "parent_id": "20", "name": "login" }],
            "roles": [{ "id": "70", "tags": { "bot_id": "900" } }, { "id": "71" }],
        }),
        "900",
    );
    channels
}

/// A message of ana's, `fields` over the common ones.
fn message(fields: Value) -> Value {
    let mut message = json!({
        "id": ID, "channel_id": "20", "type": 0, "content": "hello", "mentions": [], "nonce": "123",
        "author": { "id": "100", "username": "ana", "global_name": null },
    });
    let over = fields.as_object().unwrap().clone();
    message.as_object_mut().unwrap().extend(over);
    message
}

fn heard(fields: Value, place: &str) -> Option<Heard> {
    let (me, channels) = (me(), channels());
    let translator = Translator {
        me: &me,
        channels: &channels,
    };
    translator.message(&message(fields), place.parse().unwrap())
}

fn posted(fields: Value, place: &str) -> Posted {
    match heard(fields, place).map(|heard| heard.event) {
        Some(Event::MessagePosted(posted)) => posted,
        other => panic!("no message: {other:?}"),
    }
}

#[test]
fn signs() {
    let (me, channels) = (me(), channels());
    let translator = Translator {
        me: &me,
        channels: &channels,
    };
    let reaction = |fields: Value| {
        let mut reaction = json!({
            "user_id": "100", "channel_id": "20", "message_id": ID, "guild_id": "1", "emoji": { "id": null, "name": "🛑" },
            "member": { "nick": "Ana", "user": { "id": "100", "username": "ana" } },
        });
        reaction
            .as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        translator.reaction(&reaction, CHANNEL.parse().unwrap())
    };
    let heard = reaction(json!({})).unwrap();
    assert_eq!(heard.keys, [format!("discord:reaction:{ID}/100")]);
    let Event::ReactionAdded {
        external_id, author, ..
    } = heard.event
    else {
        panic!("no sign");
    };
    assert_eq!((external_id.as_str(), author.name.as_str()), (ID, "Ana"));
    for (fields, name, kind) in [
        (json!({ "member": null }), "100", AuthorKind::Human),
        (
            json!({ "user_id": "900", "member": null }),
            "900",
            AuthorKind::Ourselves,
        ),
        (
            json!({ "member": { "user": { "id": "100", "username": "bob", "bot": true } } }),
            "bob",
            AuthorKind::Bot,
        ),
    ] {
        let Event::ReactionAdded { author, .. } = reaction(fields).unwrap().event else {
            panic!("no sign");
        };
        assert_eq!((author.name.as_str(), author.kind), (name, kind));
    }
    for fields in [
        json!({ "emoji": { "id": "5", "name": "party" } }),
        json!({ "emoji": null }),
        json!({ "message_id": "x" }),
        json!({ "user_id": null }),
    ] {
        assert!(reaction(fields.clone()).is_none(), "{fields}");
    }
}

#[test]
fn a_message_in_a_channel() {
    let heard = heard(json!({ "content": "<@900> ship it" }), CHANNEL).unwrap();
    assert_eq!(heard.keys, [format!("discord:message:{ID}")]);
    let Event::MessagePosted(posted) = heard.event else {
        panic!()
    };
    assert_eq!(posted.place.to_string(), CHANNEL);
    assert_eq!(posted.text, "ship it");
    assert_eq!(posted.at.to_rfc3339(), made(ID).unwrap().to_rfc3339());
    assert_eq!(posted.reply, Some(Reply::Message { id: ID.into() }));
    assert_eq!(
        (posted.author.name.as_str(), posted.author.kind),
        ("ana", AuthorKind::Human)
    );
    let account = &posted.author.account;
    assert_eq!(
        (account.workspace.as_str(), account.user_id.as_str()),
        ("discord", "100")
    );
    assert_eq!(posted.mark, None);
}

#[test]
fn whom_a_message_speaks_to() {
    let pm = json!([{ "id": "900", "username": "pm" }]);
    let ben = json!([{ "id": "101", "username": "ben" }]);
    let both = json!([{ "id": "101", "username": "ben" }, { "id": "900", "username": "pm" }]);
    let ours = json!({ "id": "5", "author": { "id": "900" } });
    let bens = json!({ "id": "5", "author": { "id": "101" } });
    for (fields, place, addressed) in [
        (json!({}), CHANNEL, Addressed::Nobody),
        (json!({ "content": "@pm hi" }), CHANNEL, Addressed::Nobody),
        (json!({ "mentions": pm }), CHANNEL, Addressed::Us),
        (json!({ "mentions": ben }), CHANNEL, Addressed::Others),
        (json!({ "mentions": both }), CHANNEL, Addressed::Us),
        (
            json!({ "type": 19, "referenced_message": ours }),
            CHANNEL,
            Addressed::Us,
        ),
        (
            json!({ "type": 19, "referenced_message": bens, "mentions": ben }),
            CHANNEL,
            Addressed::Others,
        ),
        (
            json!({ "type": 19, "referenced_message": null }),
            CHANNEL,
            Addressed::Nobody,
        ),
        (
            json!({ "content": "<@&70> hi", "mention_roles": ["70"] }),
            CHANNEL,
            Addressed::Us,
        ),
        (
            json!({ "content": "`<@&70>` hi", "mention_roles": [] }),
            CHANNEL,
            Addressed::Nobody,
        ),
        (json!({ "content": "<@&71> hi" }), CHANNEL, Addressed::Nobody),
        (
            json!({ "mention_everyone": true, "content": "@everyone" }),
            CHANNEL,
            Addressed::Nobody,
        ),
        (json!({ "mentions": ben }), "discord:@/20", Addressed::Us),
    ] {
        assert_eq!(posted(fields.clone(), place).addressed, addressed, "{fields}");
    }
}

#[test]
fn only_in_a_channel_an_answer_is_a_reply() {
    for (place, replies) in [
        (CHANNEL, true),
        ("discord:1/20/30", false),
        ("discord:@/20", false),
    ] {
        assert_eq!(posted(json!({}), place).reply.is_some(), replies, "{place}");
    }
}

#[test]
fn authors() {
    for (fields, name, kind) in [
        (
            json!({ "member": { "nick": "Ana B." } }),
            "Ana B.",
            AuthorKind::Human,
        ),
        (
            json!({ "author": { "id": "100", "username": "ana", "global_name": "Ana" } }),
            "Ana",
            AuthorKind::Human,
        ),
        (json!({ "author": { "id": "100" } }), "100", AuthorKind::Human),
        (
            json!({ "author": { "id": "7", "username": "other", "bot": true } }),
            "other",
            AuthorKind::Bot,
        ),
        (json!({ "webhook_id": "7" }), "ana", AuthorKind::Bot),
        (
            json!({ "author": { "id": "900", "username": "pm", "bot": true }, "webhook_id": "901" }),
            "pm",
            AuthorKind::Ourselves,
        ),
    ] {
        let author = posted(fields.clone(), CHANNEL).author;
        assert_eq!((author.name.as_str(), author.kind), (name, kind), "{fields}");
    }
}

#[test]
fn texts() {
    let mentions = json!([{ "id": "900", "username": "pm" }, { "id": "101", "username": "ben", "member": { "nick": "Benny" } }]);
    for (content, text) in [
        ("<@900>", ""),
        ("<@!900>: what is new?", "what is new?"),
        ("what do you think, <@900>?", "what do you think,?"),
        ("tell <@101> in <#20> and <#99>", "tell @Benny in #apollo and #99"),
        ("`<@102>` <@102>", "`<@102>` <@102>"),
        (
            "<@&71> <:ship:123> <a:go:5> </pm status:77>",
            "@role :ship: :go: /pm status",
        ),
        ("due <t:1700000000:R>", "due 2023-11-14 22:13 UTC"),
        (
            "1 < 2 > 0 <https://example.com> <x",
            "1 < 2 > 0 <https://example.com> <x",
        ),
        ("**bold** _it_ `code`", "**bold** _it_ `code`"),
        ("a\u{0}b\r\nc", "a\u{FFFD}b\nc"),
    ] {
        assert_eq!(
            posted(json!({ "content": content, "mentions": mentions }), CHANNEL).text,
            text,
            "{content}"
        );
    }
}

#[test]
fn what_is_nobodys_words() {
    assert!(heard(json!({ "type": 7 }), CHANNEL).is_none());
    assert!(heard(json!({ "type": 20 }), CHANNEL).is_none());
    assert!(heard(json!({ "id": "x" }), CHANNEL).is_none());
    assert!(heard(json!({ "author": null }), CHANNEL).is_none());
}

#[test]
fn an_edit_has_a_moment_and_words() {
    let (me, channels) = (me(), channels());
    let translator = Translator {
        me: &me,
        channels: &channels,
    };
    let edit = |fields: Value| translator.edit(&message(fields), CHANNEL.parse().unwrap());
    let one = edit(json!({ "edited_timestamp": "2026-11-22T09:00:00.5Z" })).unwrap();
    let same = edit(json!({ "edited_timestamp": "2026-11-22T09:00:00.500000+00:00" })).unwrap();
    assert_eq!(one.keys, same.keys);
    assert!(matches!(one.event, Event::MessageEdited(_)));
    assert!(edit(json!({ "edited_timestamp": null })).is_none());
    assert!(edit(json!({ "edited_timestamp": "2026-11-22T09:00:00Z", "content": null })).is_none());
}

#[test]
fn our_nonce_names_the_delivery_and_the_text() {
    let delivery = Uuid::now_v7();
    let one = nonce(delivery, "one");
    assert_eq!(one.len(), 25);
    assert_eq!(mark(&one), Some(delivery));
    assert_ne!(one, nonce(delivery, "two"));
    assert_eq!(one, nonce(delivery, "one"));
    for foreign in [
        "",
        "1234567890123456789",
        "!!!!!!!!!!!!!!!!!!!!!!!!!",
        "ÄÄÄÄÄÄÄÄÄÄÄÄÄ",
    ] {
        assert_eq!(mark(foreign), None, "{foreign}");
    }
    let ours = json!({ "author": { "id": "900" }, "nonce": one });
    assert_eq!(posted(ours, CHANNEL).mark, Some(delivery));
    assert_eq!(
        posted(json!({ "nonce": one }), CHANNEL).mark,
        None,
        "somebody else's"
    );
}

#[test]
fn places_of_channels() {
    let channels = channels();
    for (id, guild, expected) in [
        ("20", None, "discord:1/20"),
        ("30", None, "discord:1/20/30"),
        ("40", Some("1"), "discord:1/40"),
        ("50", None, "discord:@/50"),
    ] {
        let known = channels.get(id).unwrap_or_default();
        assert_eq!(place(id, &known, guild).unwrap().to_string(), expected);
    }
    assert_eq!(place("x", &Default::default(), None), None);
}

fn menu() -> CommandMenu {
    CommandMenu::new("/pm", vec![])
}

fn interaction(kind: u64, data: Value) -> Value {
    json!({
        "id": ID, "application_id": "901", "type": kind, "token": "secret", "guild_id": "1", "channel_id": "20",
        "member": { "nick": "Ana B.", "user": { "id": "100", "username": "ana" } }, "data": data,
    })
}

#[test]
fn a_pressed_button_gives_its_command() {
    let pressed = interaction(3, json!({ "custom_id": "pm:status apollo", "component_type": 2 }));
    let Asked::Command(heard) = translate_interaction(&pressed, &menu(), CHANNEL.parse().ok()) else {
        panic!()
    };
    assert_eq!(heard.keys, [format!("discord:interaction:{ID}")]);
    assert!(!String::from_utf8(heard.raw).unwrap().contains("secret"));
    let Event::CommandGiven {
        author,
        text,
        reply,
        at,
        ..
    } = heard.event
    else {
        panic!()
    };
    assert_eq!((author.name.as_str(), text.as_str()), ("Ana B.", "status apollo"));
    let Some(Reply::Interaction { until, .. }) = reply else {
        panic!()
    };
    assert_eq!((until - at).num_minutes(), 14);
}

#[test]
fn what_is_asked_in_plain_words_is_told_from_a_command() {
    let option = |name: &str, options: Value| json!({ "name": "pm", "options": [{ "name": name, "type": 1, "options": options }] });
    let text = json!([{ "name": "text", "type": 3, "value": "why is it red?" }]);
    for (data, expected) in [(option("ask", text), true), (option("health", json!([])), false)] {
        let asked = translate_interaction(&interaction(2, data), &menu(), CHANNEL.parse().ok());
        let Asked::Command(heard) = asked else { panic!() };
        let Event::CommandGiven { in_words, .. } = heard.event else {
            panic!()
        };
        assert_eq!(in_words, expected);
    }
}

#[test]
fn what_we_cannot_serve_is_answered() {
    let here: Option<Place> = CHANNEL.parse().ok();
    for (kind, data, says) in [
        (3, json!({ "custom_id": "other" }), "button"),
        (3, json!({}), "button"),
        (2, json!({ "name": "roll" }), "/roll"),
    ] {
        match translate_interaction(&interaction(kind, data), &menu(), here.clone()) {
            Asked::Not(why) => assert!(why.contains(says), "{why}"),
            other => panic!("{other:?}"),
        }
    }
    assert!(matches!(
        translate_interaction(&interaction(4, json!({})), &menu(), here),
        Asked::Nothing
    ));
    let nowhere = translate_interaction(&interaction(2, json!({ "name": "pm" })), &menu(), None);
    assert!(matches!(nowhere, Asked::Not(_)));
}

#[test]
fn ids_tell_their_time() {
    let at = made(ID).unwrap();
    assert_eq!(
        made(&first_id(at).to_string()).unwrap().timestamp_millis(),
        at.timestamp_millis()
    );
    assert!(
        made("1573980712304640004").unwrap() > at,
        "said later in the same millisecond"
    );
    assert_eq!(made("x"), None);
    assert_eq!(made(""), None);
}

proptest! {
    #[test]
    fn nothing_makes_it_fail(content in ".{0,60}", kind in 0u64..60, id in "[0-9a-z]{0,20}") {
        drop(heard(json!({ "content": content, "type": kind, "id": id }), CHANNEL));
    }

    #[test]
    fn no_text_is_lost_or_torn(text in "[a-z<>@#!&:/t0-9 \n]{0,60}") {
        use super::super::text::{Piece, pieces};
        let words: usize = pieces(&text).iter().map(|piece| match piece { Piece::Words(words) => words.len(), _ => 0 }).sum();
        prop_assert!(words <= text.len());
    }
}
