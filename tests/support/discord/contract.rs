//! The contract of the fake: what Discord's documentation says it does and refuses, tried against the fake.
//!
//! Cases are plain `pub async fn`s that take nothing and panic on failure; the story binary lists them from [`CASES`].
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed case")]

use std::pin::Pin;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{FakeDiscord, TestClock};

/// A case, ready to run.
pub type Case = fn() -> Pin<Box<dyn Future<Output = ()> + Send>>;

macro_rules! cases {
    ($($file:ident: $($case:ident),+ $(,)?);+ $(;)?) => {
        /// Every case, by name.
        pub const CASES: &[(&str, Case)] =
            &[$($((stringify!($case), || Box::pin(super::$file::$case())),)+)+];
    };
}

cases! {
    contract_rest: tokens_and_routes_are_checked, bodies_are_checked, a_nonce_posts_once, mentions_tell_whom_they_may,
        history_comes_in_pages, own_messages_can_be_edited, rights_are_checked, guilds_and_channels_go, direct_messages_can_be_closed, threads_are_opened, threads_are_archived_and_locked;
    contract_interactions: commands_are_checked, only_registered_commands_can_be_typed,
        first_answers_come_in_time_and_once, tokens_live_fifteen_minutes, presses_change_their_message;
    contract_wire: refusals_show_on_the_wire, cuts_show_on_the_wire, late_and_held_effects_keep_their_time, limits_are_told_and_enforced,
        tasks_end_with_the_fake;
    contract_gateway: identifying_is_checked, heartbeats_are_answered, words_need_the_intent, own_messages_come_back,
        sessions_are_resumed, connections_break_on_order, events_can_be_disturbed;
    contract_client: the_real_client_hears_people, the_real_client_reads_every_event, the_real_client_resumes,
        the_real_client_calls, the_real_client_answers_interactions;
}

/// A guild with a channel, and a plain HTTP client.
pub(super) struct Bench {
    /// The fake.
    pub(super) discord: FakeDiscord,
    /// Its time.
    pub(super) clock: TestClock,
    /// Not the client the app uses.
    pub(super) client: reqwest::Client,
    /// The channel.
    pub(super) apollo: String,
}

impl Bench {
    pub(super) async fn new() -> Self {
        // Another case of this process may have installed it already.
        drop(rustls::crypto::ring::default_provider().install_default());
        let clock = TestClock::new();
        let discord = FakeDiscord::start(clock.clone()).await;
        let apollo = discord.channel("#apollo");
        Self {
            discord,
            clock,
            client: reqwest::Client::new(),
            apollo,
        }
    }

    /// A call with the bot's token; null is no body.
    pub(super) fn request(&self, method: Method, path: &str, body: &Value) -> reqwest::RequestBuilder {
        let url = format!("{}/api/v10{path}", self.discord.api_url());
        let token = format!("Bot {}", self.discord.bot_token());
        let request = self.client.request(method, url).header("authorization", token);
        if body.is_null() {
            request
        } else {
            request.json(body)
        }
    }

    /// Status and body of a call.
    pub(super) async fn call(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let answer = in_time(path, self.request(method, path, &body).send())
            .await
            .unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// The body of a call that must succeed.
    pub(super) async fn ok(&self, method: Method, path: &str, body: Value) -> Value {
        let (status, answer) = self.call(method, path, body.clone()).await;
        assert!((200..300).contains(&status), "{path} {body}: {status} {answer}");
        answer
    }

    /// A call that must be refused with this status and JSON code; the body.
    pub(super) async fn refused(&self, method: Method, path: &str, body: Value, wanted: (u16, u64)) -> Value {
        let (status, answer) = self.call(method, path, body.clone()).await;
        let code = answer["code"].as_u64().unwrap_or_default();
        assert_eq!((status, code), wanted, "{path} {body}: {answer}");
        answer
    }

    /// Where messages of #apollo are.
    pub(super) fn messages(&self) -> String {
        format!("/channels/{}/messages", self.apollo)
    }

    /// Posts in #apollo; the answer.
    pub(super) async fn posted(&self, body: Value) -> Value {
        self.ok(Method::POST, &self.messages(), body).await
    }

    /// Registers `/pm status [project]` and `/pm schedule add when`.
    pub(super) async fn registered(&self) {
        let text = |name: &str, required: bool| json!({ "type": 3, "name": name, "description": "x", "required": required });
        let add =
            json!({ "type": 1, "name": "add", "description": "Adds one", "options": [text("when", true)] });
        let pm = json!([{ "name": "pm", "description": "The project manager", "options": [
            { "type": 1, "name": "status", "description": "How it stands", "options": [text("project", false)] },
            { "type": 2, "name": "schedule", "description": "Schedules", "options": [add] },
        ]}]);
        let path = format!("/applications/{}/commands", self.discord.bot_id());
        self.ok(Method::PUT, &path, pm).await;
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a real client on a real socket: a hang must end by real time"
)]
pub(super) async fn in_time<T>(what: &str, work: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(Duration::from_secs(15), work).await;
    done.unwrap_or_else(|_| panic!("waited too long for: {what}"))
}

/// Waits until the guild looks as expected.
pub(super) async fn until(discord: &FakeDiscord, what: &str, ready: impl Fn(&FakeDiscord) -> bool) {
    let mut changes = discord.changed();
    let wait = async {
        while !ready(discord) {
            changes.changed().await.unwrap();
        }
    };
    in_time(what, wait).await;
}
