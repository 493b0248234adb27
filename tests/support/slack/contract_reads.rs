//! The part of the contract about reading: threads, history, people, how typed text is written, and the
//! `response_url`s.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed case")]

use std::time::Duration;

use serde_json::{Value, json};

use super::contract::Bench;

/// <https://docs.slack.dev/reference/methods/conversations.replies>
pub async fn threads_follow_their_root() {
    let bench = Bench::new().await;
    let (ana, ben) = (bench.slack.user("ana"), bench.slack.user("ben"));
    let root = ana.says("#apollo", "root");
    let reply = ben.replies("#apollo", &root, "reply");
    let ours = bench
        .posted(json!({ "channel": "CAPOLLO", "text": "ours", "thread_ts": root }))
        .await;
    let texts = |body: &Value| -> Vec<String> {
        let messages = body["messages"].as_array().unwrap();
        messages
            .iter()
            .map(|msg| msg["text"].as_str().unwrap().to_owned())
            .collect()
    };
    let thread = bench
        .get("conversations.replies", &format!("channel=CAPOLLO&ts={root}"))
        .await;
    assert_eq!(texts(&thread), ["root", "reply", "ours"]);
    assert_eq!(thread["messages"][0]["reply_count"], 2);
    assert_eq!(thread["messages"][2]["parent_user_id"], "UANA");
    assert_eq!(
        texts(&bench.get("conversations.history", "channel=CAPOLLO").await),
        ["root"]
    );

    ana.deletes("#apollo", &root);
    let thread = bench
        .get("conversations.replies", &format!("channel=CAPOLLO&ts={root}"))
        .await;
    assert_eq!(thread["messages"][0]["subtype"], "tombstone");
    ben.deletes("#apollo", &reply);
    assert_eq!(
        bench
            .call("chat.delete", json!({ "channel": "CAPOLLO", "ts": ours }))
            .await["ok"],
        true
    );
    let query = format!("channel=CAPOLLO&ts={root}");
    assert_eq!(
        bench.get("conversations.replies", &query).await["error"],
        "thread_not_found"
    );
    let stray = bench
        .posted(json!({ "channel": "CAPOLLO", "text": "stray", "thread_ts": root }))
        .await;
    let messages = bench.slack.messages("#apollo");
    let stray = messages.iter().find(|msg| msg.ts == stray).unwrap();
    assert_eq!(
        stray.thread_ts, None,
        "a dead thread means the channel's root, without an error"
    );
}

/// <https://docs.slack.dev/reference/methods/conversations.history>
pub async fn history_comes_in_pages() {
    let bench = Bench::new().await;
    let ana = bench.slack.user("ana");
    for n in 1..=5 {
        ana.says("#apollo", &format!("m{n}"));
    }
    let metadata = json!({ "event_type": "mark", "event_payload": {} });
    bench
        .posted(json!({ "channel": "CAPOLLO", "text": "m6", "metadata": metadata }))
        .await;
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let query = format!("channel=CAPOLLO&limit=4&cursor={cursor}");
        let page = bench.get("conversations.history", &query).await;
        assert!(page["messages"][0].get("metadata").is_none(), "only on demand");
        let messages = page["messages"].as_array().unwrap();
        seen.extend(
            messages
                .iter()
                .map(|msg| msg["text"].as_str().unwrap().to_owned()),
        );
        match page["response_metadata"]["next_cursor"].as_str() {
            Some(next) if page["has_more"] == true => cursor = next.to_owned(),
            _ => break,
        }
    }
    assert_eq!(seen, ["m6", "m5", "m4", "m3", "m2", "m1"]);
}

/// <https://docs.slack.dev/reference/methods/conversations.history#arguments>
pub async fn history_keeps_to_its_bounds() {
    let bench = Bench::new().await;
    let ana = bench.slack.user("ana");
    let stamps: Vec<String> = (1..=5).map(|n| ana.says("#apollo", &format!("m{n}"))).collect();
    let metadata = json!({ "event_type": "mark", "event_payload": { "nested": { "a": 1 } } });
    bench
        .posted(json!({ "channel": "CAPOLLO", "text": "m6", "metadata": metadata }))
        .await;
    let query = format!("channel=CAPOLLO&oldest={}&latest={}", stamps[1], stamps[3]);
    assert_eq!(
        bench.get("conversations.history", &query).await["messages"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let inclusive = bench
        .get("conversations.history", &format!("{query}&inclusive=true"))
        .await;
    assert_eq!(inclusive["messages"].as_array().unwrap().len(), 3);
    let full = bench
        .get(
            "conversations.history",
            "channel=CAPOLLO&limit=1&include_all_metadata=true",
        )
        .await;
    assert_eq!(full["messages"][0]["metadata"], metadata);
    let bad = bench
        .get("conversations.history", "channel=CAPOLLO&cursor=what")
        .await;
    assert_eq!(bad["error"], "invalid_cursor");
    assert_eq!(
        bench
            .get("conversations.history", "channel=CAPOLLO&limit=0")
            .await["error"],
        "invalid_limit"
    );
    bench.slack.remove_bot("#apollo");
    assert_eq!(
        bench.get("conversations.history", "channel=CAPOLLO").await["error"],
        "not_in_channel"
    );
}

/// <https://docs.slack.dev/reference/methods/conversations.info>, `conversations.open`, `users.info`
pub async fn people_and_conversations_are_described() {
    let bench = Bench::new().await;
    let channel = bench.get("conversations.info", "channel=CAPOLLO").await;
    assert_eq!(
        (&channel["channel"]["name"], &channel["channel"]["is_member"]),
        (&json!("apollo"), &json!(true))
    );
    assert_eq!(
        bench.get("conversations.info", "channel=C0").await["error"],
        "channel_not_found"
    );
    assert_eq!(
        bench.get("users.info", "user=UANA").await["user"]["is_bot"],
        false
    );
    assert_eq!(
        bench.get("users.info", "user=U0").await["error"],
        "user_not_found"
    );
    let opened = bench.call("conversations.open", json!({ "users": "UBEN" })).await;
    assert_eq!(
        (&opened["channel"]["id"], &opened["already_open"]),
        (&json!("DBEN"), &Value::Null)
    );
    bench
        .refused("conversations.open", json!({ "users": "U0" }), "user_not_found")
        .await;
    bench
        .refused("conversations.open", json!({ "users": "UPM" }), "cannot_dm_bot")
        .await;
    let ts = bench.slack.user("ana").says("#apollo", "x");
    let link = bench
        .get("chat.getPermalink", &format!("channel=CAPOLLO&message_ts={ts}"))
        .await;
    let link = link["permalink"].as_str().unwrap();
    assert!(
        link.ends_with(&format!("/archives/CAPOLLO/p{}", ts.replace('.', ""))),
        "{link}"
    );
}

/// <https://docs.slack.dev/messaging/formatting-message-text>
pub async fn typed_text_is_written_as_slack_does() {
    let bench = Bench::new().await;
    let ana = bench.slack.user("ana");
    for (typed, written) in [
        ("@pm status", "<@UPM> status"),
        ("hi @ben, see #apollo.", "hi <@UBEN>, see <#CAPOLLO|apollo>."),
        ("a < b && c > d", "a &lt; b &amp;&amp; c &gt; d"),
        (
            "mail ana@pm.com or @nobody #nowhere",
            "mail ana@pm.com or @nobody #nowhere",
        ),
        (
            "see https://x.test/a?b=1&c=2.",
            "see <https://x.test/a?b=1&amp;c=2>.",
        ),
        ("@here: <@UPM>", "<!here>: &lt;@UPM&gt;"),
    ] {
        let ts = ana.says("#apollo", typed);
        let messages = bench.slack.messages("#apollo");
        let text = &messages.iter().find(|msg| msg.ts == ts).unwrap().text;
        assert_eq!(text, written, "{typed}");
    }
}

/// <https://docs.slack.dev/interactivity/handling-user-interaction#message_responses>
pub async fn response_urls_wear_out() {
    let bench = Bench::new().await;
    let sent = bench.slack.user("ana").slash("#apollo", "/pm", "status apollo");
    assert!(
        !sent.delivered,
        "no socket, so Slack tells the person and forgets it"
    );
    let post = async |url: &str, body: Value| {
        let response = bench.client.post(url).json(&body).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    let (status, _) = post(&sent.response_url, json!({ "text": "" })).await;
    assert_eq!(status, 400);
    for n in 1..=5 {
        let body = json!({ "text": format!("answer {n}"), "response_type": "ephemeral" });
        assert_eq!(post(&sent.response_url, body).await, (200, "ok".to_owned()));
    }
    let (status, body) = post(&sent.response_url, json!({ "text": "one more" })).await;
    assert!(status == 404 && body.contains("used_url"), "{status} {body}");
    let posts = bench.slack.response_url_posts();
    assert_eq!(
        (posts.len(), posts[0].user.as_str(), posts[0].in_channel),
        (5, "UANA", false)
    );
    assert!(
        bench.slack.messages("#apollo").is_empty(),
        "ephemeral answers are no messages"
    );

    let late = bench.slack.user("ana").slash("#apollo", "/pm", "status");
    bench.clock.advance(Duration::from_secs(30 * 60 + 1));
    let (status, body) = post(&late.response_url, json!({ "text": "late" })).await;
    assert!(status == 404 && body.contains("expired_url"), "{status} {body}");
}
