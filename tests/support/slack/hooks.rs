//! The `response_url` of commands and clicks: at most 5 posts within 30 minutes.
//! <https://docs.slack.dev/interactivity/handling-user-interaction#message_responses>

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::Inner;
use super::api;
use super::state::{Author, State};
use super::wire::Conn;

/// Posts one `response_url` takes.
const USES: u32 = 5;

/// How long one lives, in minutes.
const MINUTES: i64 = 30;

/// One `response_url`.
pub(super) struct Hook {
    /// The conversation it answers in.
    channel: String,
    /// The person it answers.
    user: String,
    /// When it was handed out.
    made: DateTime<Utc>,
    /// Posts so far.
    uses: u32,
}

/// One accepted post to a `response_url`.
#[derive(Debug, Clone, PartialEq)]
pub struct ResponsePost {
    /// The address it went to.
    pub url: String,
    /// The conversation of the command or click.
    pub channel: String,
    /// The person who typed or clicked.
    pub user: String,
    /// Seen by everybody in the conversation, not only by that person.
    pub in_channel: bool,
    /// The text, empty when there are only blocks.
    pub text: String,
    /// The whole body.
    pub body: Value,
}

impl State {
    /// Hands out a `response_url`.
    pub(super) fn new_hook(&mut self, channel: &str, user: &str) -> String {
        let id = format!("H{}", self.next_id());
        let hook = Hook {
            channel: channel.to_owned(),
            user: user.to_owned(),
            made: self.now,
            uses: 0,
        };
        self.hooks.insert(id.clone(), hook);
        self.hook_url(&id)
    }

    fn hook_url(&self, id: &str) -> String {
        format!("http://{}/hooks/{id}", self.host)
    }

    /// Takes a post, or says why not.
    fn hook_post(&mut self, id: &str, body: &Value) -> Result<(), &'static str> {
        let url = self.hook_url(id);
        let now = self.now;
        let hook = self.hooks.get_mut(id).ok_or("invalid_url")?;
        if now - hook.made > TimeDelta::minutes(MINUTES) {
            return Err("expired_url");
        }
        if hook.uses >= USES {
            return Err("used_url");
        }
        let text = body["text"].as_str().unwrap_or_default().to_owned();
        let deletes = body["delete_original"] == true;
        if text.trim().is_empty() && body["blocks"].is_null() && !deletes {
            return Err("no_text");
        }
        hook.uses += 1;
        let (channel, user) = (hook.channel.clone(), hook.user.clone());
        let in_channel = body["response_type"] == "in_channel";
        if in_channel && !deletes {
            let mut msg = self.draft(&channel, body["thread_ts"].as_str(), Author::Us, text.clone());
            msg.blocks = body.get("blocks").cloned();
            let at = self.push(msg);
            self.announce(at);
        }
        self.response_posts.push(ResponsePost {
            url,
            channel,
            user,
            in_channel,
            text,
            body: body.clone(),
        });
        Ok(())
    }
}

/// `POST` to a `response_url`. Faults name it by the method `response_url`.
pub(super) async fn post(
    Shared(inner): Shared<Arc<Inner>>,
    ConnectInfo(conn): ConnectInfo<Conn>,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    let body: Option<Value> = serde_json::from_slice(&body).ok().filter(Value::is_object);
    inner.with(|state| {
        state
            .calls
            .push(("response_url".to_owned(), body.clone().unwrap_or_default()))
    });
    let effect = move |state: &mut State| match &body {
        Some(body) => state.hook_post(&id, body),
        None => Err("invalid_payload"),
    };
    let answer = |outcome: Result<(), &'static str>| match outcome {
        Ok(()) => "ok".into_response(),
        Err(error) => {
            let gone = matches!(error, "expired_url" | "used_url" | "invalid_url");
            let status = if gone {
                StatusCode::NOT_FOUND
            } else {
                StatusCode::BAD_REQUEST
            };
            (status, Json(json!({ "ok": false, "error": error }))).into_response()
        }
    };
    api::with_faults(&inner, &conn, "response_url", effect, answer).await
}
