//! The way out: posts and edits messages, each marked with its delivery.
//!
//! The mark is message metadata that nobody sees. Beside the delivery it names the revision of the text, so that a
//! look-up can tell which of our texts stands there although Slack rewrites what it keeps.

use std::time::Duration;

use futures::future::BoxFuture;
use serde_json::{Value, json};
use uuid::Uuid;

use super::blocks::blocks;
use super::client::Slack;
use super::json;
use super::outcome::{Attempt, is_closed_to_us, outcome};
use super::translate::{MARK, is_direct, moment, place};
use crate::domain::{Button, Effect, Place, Reply};
use crate::engine::sender::{Found, Outcome, Outgoing, Pace, Receipt, Sender};

/// What stands for the id of an answer through a `response_url`, which has none.
pub(super) const VIA_RESPONSE_URL: &str = "response_url";

/// `chat.postMessage` takes about one message a second per channel and several hundred a minute per workspace;
/// `chat.update` 50 a minute (tier 3), which two edited messages at a time stay under.
/// <https://docs.slack.dev/apis/web-api/rate-limits>
const PACE: Pace = Pace {
    credential: Duration::from_millis(200),
    place: Duration::from_secs(1),
    edits: Duration::from_secs(3),
};

/// Sends to Slack.
#[derive(Clone)]
pub struct SlackSender(Slack);

impl SlackSender {
    /// A sender with the bot's identity.
    pub fn new(slack: Slack) -> Self {
        Self(slack)
    }

    async fn attempt(&self, out: &Outgoing) -> Outcome {
        let (
            Place::Slack {
                team,
                channel,
                thread,
            },
            Effect::Message { reply, buttons },
        ) = (&out.place, &out.effect)
        else {
            return Outcome::Refused("Slack carries messages and nothing else".to_owned());
        };
        let response_url = match reply {
            Some(Reply::ResponseUrl { url }) => Some(url.as_str()),
            _ => None,
        };
        let target = Target {
            team,
            channel,
            thread: thread.as_deref(),
        };
        let blocks = blocks(&out.text, buttons);
        match out.external_id.as_deref() {
            Some(id) if id.starts_with(VIA_RESPONSE_URL) => self.respond(out, blocks, response_url).await,
            Some(ts) => self.edit(out, blocks, &target, ts).await,
            None => self.post(out, blocks, &target, response_url).await,
        }
    }

    /// <https://docs.slack.dev/reference/methods/chat.postMessage>
    async fn post(
        &self,
        out: &Outgoing,
        blocks: Option<Value>,
        target: &Target<'_>,
        response_url: Option<&str>,
    ) -> Outcome {
        let mut body = json!({
            "channel": target.channel, "text": out.text, "metadata": metadata(out),
            "unfurl_links": false, "unfurl_media": false,
        });
        if let Some(blocks) = &blocks {
            body["blocks"] = blocks.clone();
        }
        if let Some(thread) = target.thread {
            body["thread_ts"] = json!(thread);
        }
        match self.0.post("chat.postMessage", &body).await {
            Ok(said) => match json::id(&said, "ts") {
                Some(ts) => Outcome::Delivered(target.receipt(ts, said.get("message"))),
                None => Outcome::Unknown("Slack did not say which message it made".to_owned()),
            },
            Err(closed) if response_url.is_some() && is_closed_to_us(&closed) => {
                self.respond(out, blocks, response_url).await
            }
            Err(trouble) => self.outcome(&trouble, Attempt::New),
        }
    }

    /// <https://docs.slack.dev/reference/methods/chat.update>. Nobody but us can edit a message of ours, so nothing
    /// is read first. The blocks are always named: an empty list takes the buttons away.
    async fn edit(&self, out: &Outgoing, blocks: Option<Value>, target: &Target<'_>, ts: &str) -> Outcome {
        let body = json!({
            "channel": target.channel, "ts": ts, "text": out.text, "metadata": metadata(out),
            "blocks": blocks.unwrap_or_else(|| json!([])),
        });
        match self.0.post("chat.update", &body).await {
            Ok(_) => Outcome::Delivered(Receipt {
                external_id: ts.to_owned(),
                url: None,
                at: None,
                note: None,
                thread: None,
            }),
            Err(trouble) => self.outcome(&trouble, Attempt::Edit),
        }
    }

    /// <https://docs.slack.dev/interactivity/handling-user-interaction#message_responses>. It can be used five times,
    /// so passing texts are not shown there.
    async fn respond(&self, out: &Outgoing, blocks: Option<Value>, response_url: Option<&str>) -> Outcome {
        if !out.last {
            let why = "the bot is not in this channel; only the last text can be shown".to_owned();
            return Outcome::NotSent { retry_at: None, why };
        }
        let Some(url) = response_url.and_then(|url| url.parse().ok()) else {
            return Outcome::Refused("the command's reply address is no address".to_owned());
        };
        let mut body = json!({ "response_type": "ephemeral", "replace_original": false, "text": out.text });
        if let Some(blocks) = blocks {
            body["blocks"] = blocks;
        }
        match self.0.post_to(url, &body).await {
            Ok(()) => {
                let external_id = format!("{VIA_RESPONSE_URL}:{}", out.mark);
                Outcome::Delivered(Receipt {
                    external_id,
                    url: None,
                    at: None,
                    note: None,
                    thread: None,
                })
            }
            Err(trouble) => self.outcome(&trouble, Attempt::Response),
        }
    }

    fn outcome(&self, trouble: &super::client::Trouble, attempt: Attempt) -> Outcome {
        let bot = self
            .0
            .identity()
            .map_or_else(|| "the bot's name".to_owned(), |me| me.name);
        outcome(trouble, attempt, &bot, self.0.clock().now())
    }
}

/// Where a delivery goes.
pub(super) struct Target<'a> {
    /// The workspace.
    pub(super) team: &'a str,
    /// The channel.
    pub(super) channel: &'a str,
    /// The thread, when it goes into one.
    pub(super) thread: Option<&'a str>,
}

impl Target<'_> {
    /// The receipt for a new message. A message at a channel's root opens a thread, where people will answer; that is
    /// also where a message lands whose thread is gone, which Slack does not report.
    pub(super) fn receipt(&self, ts: &str, message: Option<&Value>) -> Receipt {
        let astray =
            self.thread.is_some() && message.is_some_and(|message| json::id(message, "thread_ts").is_none());
        let opens = (self.thread.is_none() || astray) && !is_direct(self.channel);
        let thread = if opens {
            place(self.team, self.channel, Some(ts))
        } else {
            None
        };
        Receipt {
            external_id: ts.to_owned(),
            url: None,
            at: moment(ts),
            note: None,
            thread,
        }
    }
}

/// The mark of a delivery on its message: <https://docs.slack.dev/messaging/message-metadata>.
fn metadata(out: &Outgoing) -> Value {
    json!({ "event_type": MARK, "event_payload": { "delivery": out.mark, "revision": revision(out) } })
}

/// Names one text of a delivery, with the buttons under it.
pub(super) fn revision(out: &Outgoing) -> Uuid {
    let mut shown = out.text.clone();
    if let Effect::Message { buttons, .. } = &out.effect {
        for Button { label, command } in buttons {
            shown.push_str(&format!("\0{label}\0{command}"));
        }
    }
    Uuid::new_v5(&out.mark, shown.as_bytes())
}

impl Sender for SlackSender {
    fn send<'a>(&'a self, out: &'a Outgoing) -> BoxFuture<'a, Outcome> {
        Box::pin(self.attempt(out))
    }

    fn find<'a>(&'a self, out: &'a Outgoing) -> BoxFuture<'a, Found> {
        Box::pin(super::find::find(&self.0, out))
    }

    fn pace(&self) -> Pace {
        PACE
    }

    fn credential(&self, place: &Place) -> String {
        format!("slack:{}", place.workspace())
    }
}
