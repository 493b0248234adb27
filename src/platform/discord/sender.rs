//! The way out: posts and edits messages, each with its delivery in the nonce.
//!
//! 1. Nobody is notified by a text of ours: `allowed_mentions` is always empty.
//! 2. A command that was deferred is answered in place of the "thinking" people see, as long as its token lives; later,
//!    or when that answer is gone, by a message like any other.

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use serde_json::{Value, json};
use serenity::http::{LightMethod, Route};

use super::client::{Call, Discord, Trouble, typed};
use super::interactions::{CUSTOM, USED};
use super::json;
use super::limits::Closed;
use super::nonce::nonce;
use super::outcome::{Attempt, is_closed_to_us, is_over, is_unknown, outcome};
use crate::domain::{Button, Effect, Place, Reply};
use crate::engine::clock::later;
use crate::engine::sender::{Found, Outcome, Outgoing, Pace, Receipt, Sender};

/// 50 calls a second in all; about five messages in five seconds to one channel. Edits share their message's bucket and are
/// seldom, since each costs what a message costs.
/// <https://discord.com/developers/docs/topics/rate-limits>
const PACE: Pace = Pace {
    credential: Duration::from_millis(25),
    place: Duration::from_millis(1200),
    edits: Duration::from_secs(3),
};

/// How long an interaction that Discord does not know is waited for before the answer comes as a message.
const FRESH: Duration = Duration::from_secs(30);

/// No previews of links: `SUPPRESS_EMBEDS`.
/// <https://discord.com/developers/docs/resources/message#message-object-message-flags>
const NO_PREVIEWS: u64 = 1 << 2;
/// Buttons in a row, and rows.
/// <https://discord.com/developers/docs/components/reference#action-row>
const ROW: usize = 5;
/// The style of a button that is neither the obvious nor a dangerous choice.
const SECONDARY: u64 = 2;

/// Sends to Discord.
#[derive(Clone)]
pub struct DiscordSender(Discord);

/// An interaction whose answer is still open.
#[derive(Debug, Clone, Copy)]
pub(super) struct Open<'a> {
    /// The application.
    pub(super) application: &'a str,
    /// What allows to answer.
    pub(super) token: &'a str,
    /// Whether it has its answer already.
    pub(super) further: bool,
    /// Until when Discord may not have heard yet that it is deferred, which happens while the answer is made.
    pub(super) fresh_until: DateTime<Utc>,
}

/// The interaction that a delivery answers, while its token lives.
pub(super) fn open_interaction<'a>(out: &'a Outgoing, discord: &Discord) -> Option<Open<'a>> {
    match &out.effect {
        Effect::Message {
            reply:
                Some(Reply::Interaction {
                    application,
                    token,
                    until,
                    further,
                }),
            ..
        } if discord.clock().now() < *until => Some(Open {
            application,
            token,
            further: *further,
            fresh_until: *until - (USED - FRESH),
        }),
        _ => None,
    }
}

/// The channel that a place's messages stand in.
pub(super) fn channel(place: &Place) -> Option<&str> {
    match place {
        Place::Discord { channel, thread, .. } => Some(thread.as_deref().unwrap_or(channel)),
        _ => None,
    }
}

impl DiscordSender {
    /// A sender with the bot's identity.
    pub fn new(discord: Discord) -> Self {
        Self(discord)
    }

    async fn attempt(&self, out: &Outgoing) -> Outcome {
        let (Some(channel), Effect::Message { reply, buttons }) = (channel(&out.place), &out.effect) else {
            return Outcome::Refused("Discord carries messages and nothing else".to_owned());
        };
        let open = open_interaction(out, &self.0);
        let body = json!({
            "content": out.text, "allowed_mentions": { "parse": [] }, "components": components(buttons),
            "flags": NO_PREVIEWS,
        });
        let done = match out.external_id.as_deref() {
            Some(id) => (self.edit(channel, id, open, body).await, Attempt::Edit),
            None => (
                self.post(out, channel, reply.as_ref(), open, body).await,
                Attempt::New,
            ),
        };
        match done {
            (Ok(message), _) => match receipt(&out.place, &message) {
                Some(receipt) => Outcome::Delivered(receipt),
                None => Outcome::Unknown("Discord did not say which message it is".to_owned()),
            },
            (Err(trouble), attempt) => outcome(&trouble, attempt),
        }
    }

    /// <https://discord.com/developers/docs/resources/message#create-message>
    async fn post(
        &self,
        out: &Outgoing,
        channel: &str,
        reply: Option<&Reply>,
        open: Option<Open<'_>>,
        mut body: Value,
    ) -> Result<Value, Trouble> {
        if let Some(open) = open.filter(|open| !open.further) {
            match self
                .0
                .call(original(LightMethod::Patch, open)?.body(body.clone()))
                .await
            {
                Err(over) if is_unknown(&over) && self.0.clock().now() < open.fresh_until => {
                    let until = later(self.0.clock().now(), Duration::from_secs(1));
                    return Err(Trouble::Busy(Closed {
                        until,
                        everywhere: false,
                    }));
                }
                Err(over) if is_over(&over) => {}
                other => return other,
            }
        }
        let plain = body.clone();
        body["nonce"] = json!(nonce(out.mark, &out.text));
        body["enforce_nonce"] = json!(true);
        if let Some(Reply::Message { id }) = reply {
            body["message_reference"] = json!({ "message_id": id, "fail_if_not_exists": false });
            body["allowed_mentions"]["replied_user"] = json!(false);
        }
        let route = Route::ChannelMessages {
            channel_id: typed(channel)?,
        };
        let call = Call::new(LightMethod::Post, route, "POST messages", channel).body(body);
        match (self.0.call(call).await, open) {
            // Where the bot may not write, whoever gave the command still gets its whole answer.
            (Err(closed), Some(open)) if is_closed_to_us(&closed) => {
                let said = self.0.call(more(open)?.body(plain)).await;
                said.map_err(|trouble| if is_over(&trouble) { closed } else { trouble })
            }
            (done, _) => done,
        }
    }

    /// <https://discord.com/developers/docs/resources/message#edit-message>. Nobody but us can edit a message of ours, so
    /// nothing is read first.
    async fn edit(
        &self,
        channel: &str,
        id: &str,
        open: Option<Open<'_>>,
        body: Value,
    ) -> Result<Value, Trouble> {
        let route = Route::ChannelMessage {
            channel_id: typed(channel)?,
            message_id: typed(id)?,
        };
        let call = Call::new(LightMethod::Patch, route, "PATCH message", channel).body(body.clone());
        match (self.0.call(call).await, open) {
            (Err(closed), Some(open)) if is_closed_to_us(&closed) => {
                let changed = self
                    .0
                    .call(answer(LightMethod::Patch, open, id)?.body(body))
                    .await;
                changed.map_err(|trouble| if is_over(&trouble) { closed } else { trouble })
            }
            (done, _) => done,
        }
    }
}

/// The answer that an interaction has, or will have.
/// <https://discord.com/developers/docs/interactions/receiving-and-responding#edit-original-interaction-response>
pub(super) fn original(method: LightMethod, open: Open<'_>) -> Result<Call<'_>, Trouble> {
    let route = Route::WebhookOriginalInteractionResponse {
        application_id: typed(open.application)?,
        token: open.token,
    };
    // Each interaction is a webhook with a bucket of its own.
    Ok(Call::new(method, route, "original", open.token))
}

/// One more message that answers an interaction.
/// <https://discord.com/developers/docs/interactions/receiving-and-responding#create-followup-message>
fn more(open: Open<'_>) -> Result<Call<'_>, Trouble> {
    let route = Route::WebhookFollowupMessages {
        application_id: typed(open.application)?,
        token: open.token,
    };
    Ok(Call::new(LightMethod::Post, route, "followup", open.token))
}

/// A message that answers an interaction.
pub(super) fn answer<'a>(method: LightMethod, open: Open<'a>, id: &str) -> Result<Call<'a>, Trouble> {
    let route = Route::WebhookFollowupMessage {
        application_id: typed(open.application)?,
        token: open.token,
        message_id: typed(id)?,
    };
    Ok(Call::new(method, route, "followup", open.token))
}

/// What Discord says of a message, as a receipt.
pub(super) fn receipt(place: &Place, message: &Value) -> Option<Receipt> {
    let id = json::id(message, "id")?;
    let guild = match place {
        Place::Discord { guild, .. } => guild.as_deref().unwrap_or("@me"),
        _ => return None,
    };
    Some(Receipt {
        external_id: id.to_owned(),
        url: Some(format!(
            "https://discord.com/channels/{guild}/{}/{id}",
            channel(place)?
        )),
        at: json::made(id),
        note: None,
        thread: None,
    })
}

/// Buttons in rows.
fn components(buttons: &[Button]) -> Value {
    let rows = buttons.chunks(ROW).take(ROW).map(|row| {
        let row: Vec<Value> = row.iter().map(button).collect();
        json!({ "type": 1, "components": row })
    });
    rows.collect()
}

fn button(button: &Button) -> Value {
    json!({
        "type": 2, "style": SECONDARY, "label": button.label, "custom_id": format!("{CUSTOM}{}", button.command),
    })
}

impl Sender for DiscordSender {
    fn send<'a>(&'a self, out: &'a Outgoing) -> BoxFuture<'a, Outcome> {
        Box::pin(self.attempt(out))
    }

    fn find<'a>(&'a self, out: &'a Outgoing) -> BoxFuture<'a, Found> {
        Box::pin(super::find::find(&self.0, out))
    }

    fn pace(&self) -> Pace {
        PACE
    }

    fn credential(&self, _: &Place) -> String {
        "discord".to_owned()
    }
}
