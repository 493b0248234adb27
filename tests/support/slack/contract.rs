//! The contract of the fake: what Slack's documentation says it does and refuses, tried against the fake.
//!
//! Cases are plain `pub async fn`s that take nothing and panic on failure; the story binary lists them by
//! name from here. In this file: [`tokens_and_scopes_are_checked`], [`arguments_are_checked`],
//! [`posts_are_refused_where_slack_refuses`], [`edits_are_refused_where_slack_refuses`]. From
//! `contract_http`: [`requests_are_signed`], [`events_are_tried_again`], [`commands_and_clicks_are_sent_once`],
//! [`buttons_are_checked`]. From `contract_reads`: [`threads_follow_their_root`], [`history_comes_in_pages`],
//! [`history_keeps_to_its_bounds`], [`people_and_conversations_are_described`],
//! [`typed_text_is_written_as_slack_does`], [`response_urls_wear_out`]. From `contract_wire`:
//! [`faults_show_on_the_wire`], [`late_and_held_effects_keep_their_time`], [`the_real_client_calls`],
//! [`the_real_client_sees_faults`], [`the_real_client_listens`], [`events_survive_sockets`],
//! [`tasks_end_with_the_fake`].
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed case")]

use reqwest::Method;
use serde_json::{Value, json};

use super::{FakeSlack, TestClock};

pub use super::contract_http::{
    buttons_are_checked, commands_and_clicks_are_sent_once, events_are_tried_again, requests_are_signed,
};
pub use super::contract_reads::{
    history_comes_in_pages, history_keeps_to_its_bounds, people_and_conversations_are_described,
    response_urls_wear_out, threads_follow_their_root, typed_text_is_written_as_slack_does,
};
pub use super::contract_wire::{
    events_survive_sockets, faults_show_on_the_wire, late_and_held_effects_keep_their_time,
    tasks_end_with_the_fake, the_real_client_calls, the_real_client_listens, the_real_client_sees_faults,
};

/// A workspace and a plain HTTP client.
pub(super) struct Bench {
    /// The fake.
    pub(super) slack: FakeSlack,
    /// Its time.
    pub(super) clock: TestClock,
    /// Not the client the app uses.
    pub(super) client: reqwest::Client,
}

impl Bench {
    pub(super) async fn new() -> Self {
        // Another case of this process may have installed it already.
        drop(rustls::crypto::ring::default_provider().install_default());
        let clock = TestClock::new();
        let slack = FakeSlack::start(clock.clone()).await;
        slack.channel("#apollo");
        Self {
            slack,
            clock,
            client: reqwest::Client::new(),
        }
    }

    pub(super) fn request(&self, method: &str, args: &Value) -> reqwest::RequestBuilder {
        let url = format!("{}/{method}", self.slack.api_url());
        self.client
            .post(url)
            .bearer_auth(self.slack.bot_token())
            .json(args)
    }

    pub(super) async fn call(&self, method: &str, args: Value) -> Value {
        self.request(method, &args)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    }

    pub(super) async fn get(&self, method: &str, query: &str) -> Value {
        let url = format!("{}/{method}?{query}", self.slack.api_url());
        let request = self.client.get(url).bearer_auth(self.slack.bot_token());
        request.send().await.unwrap().json().await.unwrap()
    }

    pub(super) async fn refused(&self, method: &str, args: Value, error: &str) {
        let body = self.call(method, args.clone()).await;
        assert_eq!(
            (&body["ok"], &body["error"]),
            (&json!(false), &json!(error)),
            "{method} {args}"
        );
    }

    pub(super) async fn posted(&self, args: Value) -> String {
        let body = self.call("chat.postMessage", args).await;
        assert_eq!(body["ok"], true, "{body}");
        body["ts"].as_str().unwrap().to_owned()
    }
}

/// <https://docs.slack.dev/authentication/tokens>, <https://docs.slack.dev/reference/scopes>
pub async fn tokens_and_scopes_are_checked() {
    let bench = Bench::new().await;
    let url = format!("{}/auth.test", bench.slack.api_url());
    let ask = async |token: Option<&str>| -> Value {
        let mut request = bench.client.get(&url);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        request.send().await.unwrap().json().await.unwrap()
    };
    assert_eq!(ask(None).await["error"], "not_authed");
    assert_eq!(ask(Some("xoxb-wrong")).await["error"], "invalid_auth");
    assert_eq!(ask(Some(bench.slack.bot_token())).await["user_id"], "UPM");
    bench
        .refused("apps.connections.open", json!({}), "not_allowed_token_type")
        .await;
    let post = bench
        .client
        .post(format!("{}/chat.postMessage", bench.slack.api_url()));
    let post = post
        .bearer_auth(bench.slack.app_token())
        .json(&json!({ "channel": "CAPOLLO", "text": "x" }));
    let body: Value = post.send().await.unwrap().json().await.unwrap();
    assert_eq!(body["error"], "not_allowed_token_type");

    bench.slack.revoke_scope("chat:write");
    let body = bench
        .call("chat.postMessage", json!({ "channel": "CAPOLLO", "text": "x" }))
        .await;
    assert_eq!(
        (&body["error"], &body["needed"]),
        (&json!("missing_scope"), &json!("chat:write"))
    );
    assert!(body["provided"].as_str().unwrap().contains("channels:history"));
    bench.slack.break_auth(Some("token_revoked"));
    bench
        .refused("users.info", json!({ "user": "UANA" }), "token_revoked")
        .await;
    assert!(bench.slack.messages("#apollo").is_empty());
}

/// <https://docs.slack.dev/apis/web-api>
pub async fn arguments_are_checked() {
    let bench = Bench::new().await;
    bench.refused("chat.scream", json!({}), "unknown_method").await;
    let odd = json!({ "channel": "CAPOLLO", "text": "x", "colour": "red" });
    bench.refused("chat.postMessage", odd, "invalid_arguments").await;
    bench
        .refused("chat.postMessage", json!({ "text": "x" }), "invalid_arguments")
        .await;
    bench
        .refused("chat.postMessage", json!([]), "json_not_object")
        .await;

    let send = async |content: Option<&str>, body: &str| -> Value {
        let url = format!("{}/chat.postMessage", bench.slack.api_url());
        let mut request = bench
            .client
            .request(Method::POST, url)
            .bearer_auth(bench.slack.bot_token());
        if let Some(content) = content {
            request = request.header("content-type", content);
        }
        request
            .body(body.to_owned())
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    };
    assert_eq!(send(Some("application/json"), "{").await["error"], "invalid_json");
    assert_eq!(send(None, "{}").await["error"], "missing_post_type");
    assert_eq!(send(Some("image/png"), "x").await["error"], "invalid_post_type");
    let mark = "%7B%22event_type%22%3A%22m%22%2C%22event_payload%22%3A%7B%7D%7D";
    let form = format!("channel=CAPOLLO&text=by+form&metadata={mark}");
    let sent = send(Some("application/x-www-form-urlencoded"), &form).await;
    assert_eq!(sent["ok"], true, "{sent}");
    let messages = bench.slack.bot_messages("#apollo");
    assert_eq!(messages.len(), 1);
    assert_eq!(
        messages[0].metadata,
        Some(json!({ "event_type": "m", "event_payload": {} }))
    );
    assert_eq!(
        bench.slack.calls("chat.postMessage").len(),
        7,
        "refused calls are recorded too"
    );
}

/// <https://docs.slack.dev/reference/methods/chat.postMessage#errors>
pub async fn posts_are_refused_where_slack_refuses() {
    let bench = Bench::new().await;
    let post = "chat.postMessage";
    let text = |channel: &str| json!({ "channel": channel, "text": "x" });
    bench.refused(post, text("CNOWHERE"), "channel_not_found").await;
    bench
        .refused(post, json!({ "channel": "CAPOLLO", "text": " " }), "no_text")
        .await;
    let long = json!({ "channel": "CAPOLLO", "text": "x".repeat(40_001) });
    bench.refused(post, long, "msg_too_long").await;
    let blocks = json!([{ "type": "section", "text": { "type": "mrkdwn", "text": "x".repeat(3_001) } }]);
    let big = json!({ "channel": "CAPOLLO", "text": "x", "blocks": blocks });
    bench.refused(post, big, "invalid_blocks").await;
    let many = json!({ "channel": "CAPOLLO", "text": "x", "blocks": vec![json!({ "type": "divider" }); 51] });
    bench.refused(post, many, "invalid_blocks").await;
    let dotted = json!({ "event_type": "a.b", "event_payload": {} });
    let meta = json!({ "channel": "CAPOLLO", "text": "x", "metadata": dotted });
    bench.refused(post, meta, "invalid_metadata_format").await;

    bench.slack.archive("#apollo");
    bench.refused(post, text("CAPOLLO"), "is_archived").await;
    bench.slack.unarchive("#apollo");
    bench.slack.remove_bot("#apollo");
    bench.refused(post, text("CAPOLLO"), "not_in_channel").await;
    bench.slack.make_private("#apollo");
    bench.refused(post, text("CAPOLLO"), "channel_not_found").await;
    assert!(bench.slack.messages("#apollo").is_empty());

    bench.slack.invite_bot("#apollo");
    let first = bench.posted(text("CAPOLLO")).await;
    let second = bench.posted(text("CAPOLLO")).await;
    assert!(first < second, "{first} {second}");
    bench
        .posted(json!({ "channel": "UANA", "text": "to a person" }))
        .await;
    assert_eq!(bench.slack.bot_messages("@ana")[0].text, "to a person");
}

/// <https://docs.slack.dev/reference/methods/chat.update#errors>, `chat.delete`, `reactions.add`
pub async fn edits_are_refused_where_slack_refuses() {
    let bench = Bench::new().await;
    let hers = bench.slack.user("ana").says("#apollo", "mine");
    let metadata = json!({ "event_type": "mark", "event_payload": { "id": "7" } });
    let ours = bench
        .posted(json!({ "channel": "CAPOLLO", "text": "one", "metadata": metadata }))
        .await;
    let edit = |ts: &str, text: &str| json!({ "channel": "CAPOLLO", "ts": ts, "text": text });
    bench
        .refused("chat.update", edit("1.000001", "x"), "message_not_found")
        .await;
    bench
        .refused("chat.update", edit(&hers, "x"), "cant_update_message")
        .await;
    bench.refused("chat.update", edit(&ours, ""), "no_text").await;
    bench
        .refused("chat.update", edit(&ours, &"x".repeat(4_001)), "msg_too_long")
        .await;
    assert_eq!(bench.call("chat.update", edit(&ours, "two")).await["text"], "two");
    let message = bench.slack.bot_messages("#apollo").remove(0);
    assert_eq!(message.revisions, ["one", "two"]);
    assert_eq!(message.metadata, Some(metadata), "kept when the edit names none");

    let react = |ts: &str| json!({ "channel": "CAPOLLO", "timestamp": ts, "name": "eyes" });
    assert_eq!(bench.call("reactions.add", react(&hers)).await["ok"], true);
    bench
        .refused("reactions.add", react(&hers), "already_reacted")
        .await;
    bench
        .refused("reactions.add", react("1.000001"), "message_not_found")
        .await;
    let drop_it = |ts: &str| json!({ "channel": "CAPOLLO", "ts": ts });
    bench
        .refused("chat.delete", drop_it(&hers), "cant_delete_message")
        .await;
    assert_eq!(bench.call("chat.delete", drop_it(&ours)).await["ok"], true);
    bench
        .refused("chat.update", edit(&ours, "three"), "message_not_found")
        .await;
    assert!(bench.slack.bot_messages("#apollo")[0].deleted);
}
