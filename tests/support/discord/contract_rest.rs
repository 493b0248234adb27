//! The part of the contract about messages, channels and threads over REST.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed case")]

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::Permission;
use super::contract::Bench;
use super::messages::NONCE_MINUTES;

/// <https://discord.com/developers/docs/reference#authentication>
pub async fn tokens_and_routes_are_checked() {
    let bench = Bench::new().await;
    let url = format!("{}/api/v10/users/@me", bench.discord.api_url());
    for token in [None, Some("Bot wrong"), Some(bench.discord.bot_token())] {
        let mut request = bench.client.get(&url);
        if let Some(token) = token {
            request = request.header("authorization", token);
        }
        assert_eq!(request.send().await.unwrap().status(), 401, "{token:?}");
    }
    let me = bench.ok(Method::GET, "/users/@me", Value::Null).await;
    assert_eq!((&me["username"], &me["bot"]), (&json!("pm"), &json!(true)));
    bench.discord.revoke_token(true);
    bench
        .refused(Method::GET, "/users/@me", Value::Null, (401, 0))
        .await;
    bench.discord.revoke_token(false);
    assert_eq!(bench.discord.problems(), Vec::<String>::new());

    bench
        .refused(Method::GET, "/users/@me/guilds/1", Value::Null, (404, 0))
        .await;
    bench
        .refused(
            Method::POST,
            &bench.messages(),
            json!({ "content": "x", "colour": 1 }),
            (400, 50035),
        )
        .await;
    bench
        .refused(
            Method::GET,
            &format!("{}?newest=1", bench.messages()),
            Value::Null,
            (400, 50035),
        )
        .await;
    assert_eq!(bench.discord.problems().len(), 3);
    let broken = bench.request(Method::POST, &bench.messages(), &Value::Null);
    let broken = broken
        .header("content-type", "application/json")
        .body("{")
        .send()
        .await
        .unwrap();
    assert_eq!(broken.json::<Value>().await.unwrap()["code"], 50109);
}

/// <https://discord.com/developers/docs/resources/message#create-message>,
/// <https://discord.com/developers/docs/resources/message#embed-object-embed-limits>,
/// <https://discord.com/developers/docs/components/reference>
pub async fn bodies_are_checked() {
    let bench = Bench::new().await;
    let post = bench.messages();
    for empty in [json!({}), json!({ "content": " " }), json!({ "embeds": [] })] {
        bench.refused(Method::POST, &post, empty, (400, 50006)).await;
    }
    let field = |long: usize| json!({ "name": "n", "value": "x".repeat(long) });
    let button = |id: &str| json!({ "type": 2, "style": 1, "label": "Do", "custom_id": id });
    let row = |buttons: Vec<Value>| json!({ "type": 1, "components": buttons });
    let label = json!({ "type": 2, "style": 1, "label": "x".repeat(81), "custom_id": "a" });
    let five: Vec<Value> = ["a", "b", "c", "d", "e", "f"].map(button).to_vec();
    for wrong in [
        json!({ "content": "x".repeat(2_001) }),
        json!({ "content": "x", "nonce": "x".repeat(26) }),
        json!({ "embeds": [{ "description": "x".repeat(4_097) }] }),
        json!({ "embeds": [{ "title": "x".repeat(257) }] }),
        json!({ "embeds": [{ "fields": vec![field(1); 26] }] }),
        json!({ "embeds": [{ "fields": [field(1_025)] }] }),
        json!({ "embeds": [{ "description": "x".repeat(4_000) }, { "description": "x".repeat(2_001) }] }),
        json!({ "embeds": vec![json!({ "title": "x" }); 11] }),
        json!({ "content": "x", "components": [row(five)] }),
        json!({ "content": "x", "components": vec![row(vec![button("a")]); 6] }),
        json!({ "content": "x", "components": [row(vec![button("a"), button("a")])] }),
        json!({ "content": "x", "components": [row(vec![button(&"x".repeat(101))])] }),
        json!({ "content": "x", "components": [row(vec![label])] }),
        json!({ "content": "x", "components": [button("a")] }),
        json!({ "content": "x", "allowed_mentions": { "parse": ["somebody"] } }),
        json!({ "content": "x", "allowed_mentions": { "parse": ["users"], "users": ["1"] } }),
        json!({ "content": "x", "flags": 64 }),
    ] {
        bench.refused(Method::POST, &post, wrong, (400, 50035)).await;
    }
    let refused = bench
        .refused(
            Method::POST,
            &post,
            json!({ "content": "x".repeat(2_001) }),
            (400, 50035),
        )
        .await;
    assert_eq!(
        refused["errors"]["content"]["_errors"][0]["code"],
        "BASE_TYPE_MAX_LENGTH"
    );
    assert!(bench.discord.messages("#apollo").is_empty());
    let most = json!({
        "content": "é".repeat(2_000), "components": vec![row(vec![button("a")])],
        "embeds": [{ "description": "x".repeat(4_096) }, { "description": "x".repeat(1_904) }],
    });
    bench.posted(most).await;
    assert_eq!(bench.discord.problems(), Vec::<String>::new());
}

/// <https://discord.com/developers/docs/resources/message#create-message>: `enforce_nonce`; it goes by the author.
pub async fn a_nonce_posts_once() {
    let bench = Bench::new().await;
    let body = json!({ "content": "one", "nonce": "n1", "enforce_nonce": true });
    let first = bench.posted(body.clone()).await;
    assert_eq!(first["nonce"], "n1");
    let again = bench
        .posted(json!({ "content": "two", "nonce": "n1", "enforce_nonce": true }))
        .await;
    assert_eq!((&again["id"], &again["content"]), (&first["id"], &json!("one")));
    bench
        .posted(json!({ "content": "not enforced", "nonce": "n1" }))
        .await;
    bench
        .posted(json!({ "content": "other", "nonce": "n2", "enforce_nonce": true }))
        .await;
    bench
        .clock
        .advance(Duration::from_secs(NONCE_MINUTES.unsigned_abs() * 60));
    let late = bench.posted(body).await;
    assert_ne!(late["id"], first["id"]);
    let texts: Vec<String> = bench
        .discord
        .messages("#apollo")
        .into_iter()
        .map(|msg| msg.text)
        .collect();
    assert_eq!(texts, ["one", "not enforced", "other", "one"]);
    let page = bench.ok(Method::GET, &bench.messages(), Value::Null).await;
    assert!(page[0].get("nonce").is_none(), "history knows no nonces");
}

/// <https://discord.com/developers/docs/resources/message#allowed-mentions-object>
pub async fn mentions_tell_whom_they_may() {
    let bench = Bench::new().await;
    let ana = bench.discord.user("ana");
    let said = ana.says("#apollo", "hello");
    let text = format!("<@{}> <@{}> @everyone", ana.id(), bench.discord.user("ben").id());
    let reply = json!({ "message_id": said });
    for (allowed, told) in [
        (None, vec!["ana", "ben", "everyone"]),
        (Some(json!({ "parse": [] })), vec![]),
        (Some(json!({ "parse": [], "replied_user": true })), vec!["ana"]),
        (Some(json!({ "users": [ana.id()] })), vec!["ana"]),
        (Some(json!({ "parse": ["users"] })), vec!["ana", "ben"]),
        (Some(json!({ "parse": ["everyone"] })), vec!["everyone"]),
    ] {
        let mut body = json!({ "content": text, "message_reference": reply });
        if let Some(allowed) = &allowed {
            body["allowed_mentions"] = allowed.clone();
        }
        let posted = bench.posted(body).await;
        let mut pings = bench.discord.message(posted["id"].as_str().unwrap()).pings;
        pings.sort();
        assert_eq!(pings, told, "{allowed:?}");
        assert_eq!(posted["type"], 19);
        assert_eq!(posted["referenced_message"]["id"], json!(said));
    }
    let gone = json!({ "content": "x", "message_reference": { "message_id": "1" } });
    let refused = bench
        .refused(Method::POST, &bench.messages(), gone, (400, 50035))
        .await;
    let code = &refused["errors"]["message_reference"]["_errors"][0]["code"];
    assert_eq!(code, "MESSAGE_REFERENCE_UNKNOWN_MESSAGE");
    let anyway =
        json!({ "content": "x", "message_reference": { "message_id": "1", "fail_if_not_exists": false } });
    assert_eq!(bench.posted(anyway).await["type"], 0);
}

/// <https://discord.com/developers/docs/resources/message#get-channel-messages>
pub async fn history_comes_in_pages() {
    let bench = Bench::new().await;
    let ana = bench.discord.user("ana");
    let said: Vec<String> = (0..120)
        .map(|at| ana.says("#apollo", &format!("m{at}")))
        .collect();
    ana.deletes("#apollo", &said[119]);
    let page = async |query: String| -> Vec<String> {
        let list = bench
            .ok(Method::GET, &format!("{}?{query}", bench.messages()), Value::Null)
            .await;
        list.as_array()
            .unwrap()
            .iter()
            .map(|msg| msg["content"].as_str().unwrap().to_owned())
            .collect()
    };
    let edge = |page: &[String]| (page.len(), page[0].clone(), page[page.len() - 1].clone());
    let is = |count: usize, first: &str, last: &str| (count, first.to_owned(), last.to_owned());
    assert_eq!(edge(&page(String::new()).await), is(50, "m118", "m69"));
    assert_eq!(edge(&page("&limit=100".to_owned()).await), is(100, "m118", "m19"));
    assert_eq!(
        edge(&page(format!("after={}&limit=3", said[9])).await),
        is(3, "m12", "m10")
    );
    assert_eq!(
        edge(&page(format!("before={}&limit=3", said[9])).await),
        is(3, "m8", "m6")
    );
    assert!(page(format!("after={}", said[119])).await.is_empty());
    for wrong in ["limit=0", "limit=101", "after=x"] {
        bench
            .refused(
                Method::GET,
                &format!("{}?{wrong}", bench.messages()),
                Value::Null,
                (400, 50035),
            )
            .await;
    }
}

/// <https://discord.com/developers/docs/resources/message#edit-message>, `#delete-message`, `#get-channel-message`
pub async fn own_messages_can_be_edited() {
    let bench = Bench::new().await;
    let hers = bench.discord.user("ana").says("#apollo", "mine");
    let row =
        json!([{ "type": 1, "components": [{ "type": 2, "style": 1, "label": "Do", "custom_id": "a" }] }]);
    let ours = bench.posted(json!({ "content": "one", "components": row })).await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let at = |id: &str| format!("{}/{id}", bench.messages());
    let two = json!({ "content": "two" });
    bench
        .refused(Method::PATCH, &at("1"), two.clone(), (404, 10008))
        .await;
    bench
        .refused(Method::PATCH, &at(&hers), two.clone(), (403, 50005))
        .await;
    bench
        .refused(
            Method::PATCH,
            &at(&ours),
            json!({ "content": "", "components": [] }),
            (400, 50006),
        )
        .await;
    bench
        .refused(
            Method::PATCH,
            &at(&ours),
            json!({ "content": "x".repeat(2_001) }),
            (400, 50035),
        )
        .await;
    let edited = bench.ok(Method::PATCH, &at(&ours), two.clone()).await;
    assert_eq!(
        (&edited["content"], &edited["components"]),
        (&json!("two"), &row),
        "kept when the edit names none"
    );
    assert!(edited["edited_timestamp"].is_string());
    let seen = bench.discord.message(&ours);
    assert_eq!(seen.revisions, ["one", "two"]);
    assert_eq!(
        bench.ok(Method::GET, &at(&ours), Value::Null).await["content"],
        "two"
    );

    bench
        .refused(Method::DELETE, &at(&hers), Value::Null, (403, 50013))
        .await;
    bench.discord.allow("#apollo", None, Permission::ManageMessages);
    bench.ok(Method::DELETE, &at(&hers), Value::Null).await;
    bench.ok(Method::DELETE, &at(&ours), Value::Null).await;
    bench.refused(Method::PATCH, &at(&ours), two, (404, 10008)).await;
    bench
        .refused(Method::DELETE, &at(&ours), Value::Null, (404, 10008))
        .await;
    assert!(bench.discord.message(&ours).deleted);
}

/// Posts something where that must be refused.
async fn cannot_post(bench: &Bench, path: &str, wanted: (u16, u64)) {
    bench
        .refused(Method::POST, path, json!({ "content": "x" }), wanted)
        .await;
}

/// <https://discord.com/developers/docs/topics/permissions>
pub async fn rights_are_checked() {
    let bench = Bench::new().await;
    let (discord, post) = (&bench.discord, bench.messages());
    let said = discord.user("ana").says("#apollo", "hello");
    cannot_post(&bench, "/channels/1/messages", (404, 10003)).await;
    discord.deny("#apollo", None, Permission::SendMessages);
    cannot_post(&bench, &post, (403, 50013)).await;
    discord.allow("#apollo", None, Permission::SendMessages);
    discord.deny("#apollo", None, Permission::ReadMessageHistory);
    let list = bench.ok(Method::GET, &post, Value::Null).await;
    assert_eq!(list, json!([]), "an empty list, no error");
    let reply = json!({ "content": "x", "message_reference": { "message_id": said } });
    bench.refused(Method::POST, &post, reply, (403, 160_002)).await;
    discord.deny("#apollo", None, Permission::ViewChannel);
    bench.refused(Method::GET, &post, Value::Null, (403, 50001)).await;
    cannot_post(&bench, &post, (403, 50001)).await;
    discord.allow("#apollo", None, Permission::ViewChannel);
    bench.posted(json!({ "content": "x" })).await;
}

/// <https://discord.com/developers/docs/topics/opcodes-and-status-codes#json-json-error-codes>: 50001, 10004, 10003
pub async fn guilds_and_channels_go() {
    let bench = Bench::new().await;
    let (discord, post) = (&bench.discord, bench.messages());
    let guild = format!("/guilds/{}", discord.guild());
    assert_eq!(
        bench.ok(Method::GET, &guild, Value::Null).await["id"],
        json!(discord.guild())
    );
    discord.remove_bot();
    cannot_post(&bench, &post, (403, 50001)).await;
    bench
        .refused(Method::GET, &guild, Value::Null, (404, 10004))
        .await;
    discord.invite_bot();
    bench.posted(json!({ "content": "back" })).await;
    discord.delete_channel("#apollo");
    cannot_post(&bench, &post, (404, 10003)).await;
}

/// <https://discord.com/developers/docs/resources/user#create-dm>
pub async fn direct_messages_can_be_closed() {
    let bench = Bench::new().await;
    let (ana, open) = (bench.discord.user("ana"), "/users/@me/channels");
    let direct = bench
        .ok(Method::POST, open, json!({ "recipient_id": ana.id() }))
        .await;
    assert_eq!(
        (&direct["type"], &direct["id"]),
        (&json!(1), &json!(ana.dm_channel()))
    );
    let direct = format!("/channels/{}/messages", ana.dm_channel());
    bench.ok(Method::POST, &direct, json!({ "content": "x" })).await;
    assert_eq!(bench.discord.bot_messages("@ana").len(), 1);
    ana.closes_dms(true);
    cannot_post(&bench, &direct, (403, 50007)).await;
    bench
        .refused(Method::POST, open, json!({ "recipient_id": "1" }), (400, 50033))
        .await;
}

/// <https://discord.com/developers/docs/resources/channel#start-thread-from-message>
pub async fn threads_are_opened() {
    let bench = Bench::new().await;
    let said = bench.discord.user("ana").says("#apollo", "hello");
    let (from, name) = (
        format!("{}/{said}/threads", bench.messages()),
        json!({ "name": "talk" }),
    );
    bench
        .refused(Method::POST, &from, json!({ "name": "" }), (400, 50035))
        .await;
    let opened = bench.ok(Method::POST, &from, name.clone()).await;
    let seen = (&opened["id"], &opened["type"], &opened["parent_id"]);
    assert_eq!(seen, (&json!(said), &json!(11), &json!(bench.apollo)));
    bench.refused(Method::POST, &from, name, (400, 160_004)).await;
    let (bare, name) = (
        format!("/channels/{}/threads", bench.apollo),
        json!({ "name": "bare", "type": 11 }),
    );
    bench.ok(Method::POST, &bare, name.clone()).await;
    bench
        .discord
        .deny("#apollo", None, Permission::CreatePublicThreads);
    bench
        .refused(Method::POST, &bare, name.clone(), (403, 50013))
        .await;
    let inside = format!("/channels/{said}/threads");
    bench.refused(Method::POST, &inside, name, (400, 50024)).await;
}

/// <https://discord.com/developers/docs/topics/threads#active-archived-threads>, `#locked-threads`, `#permissions`
pub async fn threads_are_archived_and_locked() {
    let bench = Bench::new().await;
    let discord = &bench.discord;
    let thread = discord.thread("#apollo", "talk");
    let (post, text) = (
        format!("/channels/{thread}/messages"),
        json!({ "content": "in it" }),
    );
    // The right to post in the channel has no meaning in its threads.
    discord.deny("#apollo", None, Permission::SendMessages);
    let ours = bench.ok(Method::POST, &post, text.clone()).await;
    let ours = format!("{post}/{}", ours["id"].as_str().unwrap());
    discord.deny("#apollo", None, Permission::SendMessagesInThreads);
    cannot_post(&bench, &post, (403, 50013)).await;
    discord.allow("#apollo", None, Permission::SendMessagesInThreads);
    discord.archive(&thread, true);
    bench
        .refused(Method::PATCH, &ours, text.clone(), (400, 50083))
        .await;
    bench.ok(Method::POST, &post, text.clone()).await;
    let seen = bench
        .ok(Method::GET, &format!("/channels/{thread}"), Value::Null)
        .await;
    assert_eq!(
        seen["thread_metadata"]["archived"], false,
        "a post brings it back"
    );
    discord.lock(&thread, true);
    cannot_post(&bench, &post, (403, 160_005)).await;
    bench
        .refused(Method::PATCH, &ours, text.clone(), (403, 160_005))
        .await;
    discord.archive(&thread, true);
    cannot_post(&bench, &post, (400, 50083)).await;
    discord.allow("#apollo", None, Permission::ManageThreads);
    bench.ok(Method::POST, &post, text).await;
    discord.delete_channel(&thread);
    cannot_post(&bench, &post, (404, 10003)).await;
    assert_eq!(discord.problems(), Vec::<String>::new());
}
