//! What became of an attempt whose answer was lost: read by our own author id and compared by text, since Discord keeps a
//! nonce for minutes only and does not tell it again.

use chrono::TimeDelta;
use serde_json::Value;
use serenity::http::{LightMethod, Route};

use super::client::{Call, Discord, Identity, Trouble, typed};
use super::json;
use super::outcome::{UNKNOWN_MESSAGE, hindrance, is_closed_to_us, is_over};
use super::sender::{answer, channel, open_interaction, original, receipt};
use crate::domain::{Effect, same_text};
use crate::engine::sender::{Found, Outgoing};

/// Messages asked for at once, the most that Discord gives.
/// <https://discord.com/developers/docs/resources/message#get-channel-messages>
pub(super) const PAGE: usize = 100;
/// Pages read before giving up.
const PAGES: usize = 15;
/// How far the clocks of Discord and of this machine may be apart. What other deliveries posted in this time is known by its
/// ids.
const SKEW: TimeDelta = TimeDelta::minutes(1);

/// Looks for a delivery.
pub(super) async fn find(discord: &Discord, out: &Outgoing) -> Found {
    let (Some(channel), Effect::Message { .. }) = (channel(&out.place), &out.effect) else {
        return Found::CannotTell("Discord carries messages and nothing else".to_owned());
    };
    let looked = match out.external_id.as_deref() {
        Some(id) => find_edit(discord, out, channel, id).await,
        None => find_new(discord, out, channel).await,
    };
    looked.unwrap_or_else(|trouble| Found::CannotTell(hindrance(&trouble)))
}

async fn find_edit(discord: &Discord, out: &Outgoing, channel: &str, id: &str) -> Result<Found, Trouble> {
    let route = Route::ChannelMessage {
        channel_id: typed(channel)?,
        message_id: typed(id)?,
    };
    let mut said = discord
        .read(Call::new(LightMethod::Get, route, "GET message", channel))
        .await;
    if let (Err(closed), Some(open)) = (&said, open_interaction(out, discord))
        && is_closed_to_us(closed)
    {
        said = discord.read(answer(LightMethod::Get, open, id)?).await;
    }
    match said {
        Ok(message) => Ok(compare(&message, out)),
        // Sending again finds out that it is gone.
        Err(Trouble::Refused {
            code: UNKNOWN_MESSAGE,
            ..
        }) => Ok(Found::No),
        Err(trouble) => Err(trouble),
    }
}

async fn find_new(discord: &Discord, out: &Outgoing, channel: &str) -> Result<Found, Trouble> {
    let open = open_interaction(out, discord);
    if let Some(open) = open.filter(|open| !open.further) {
        match discord.read(original(LightMethod::Get, open)?).await {
            Ok(message) => {
                if let yes @ Found::Yes(_) = compare(&message, out) {
                    return Ok(yes);
                }
            }
            Err(trouble) if is_over(&trouble) => {}
            Err(trouble) => return Err(trouble),
        }
    }
    let me = discord.identify().await?;
    match list(discord, out, channel, &me).await {
        Err(closed) if is_closed_to_us(&closed) => match open {
            // Where we may not read, nothing but the interaction's own answer can be ours, or one more whose id was lost.
            Some(open) if !open.further => Ok(Found::No),
            Some(_) => Ok(Found::Never(
                "what the bot said in a channel that it may not read cannot be looked up".to_owned(),
            )),
            None => Err(closed),
        },
        looked => looked,
    }
}

/// Reads what was said since, oldest first.
async fn list(discord: &Discord, out: &Outgoing, channel: &str, me: &Identity) -> Result<Found, Trouble> {
    let mut after = json::first_id(out.since - SKEW);
    for _ in 0..PAGES {
        let page = page(discord, channel, after).await?;
        let ours = page.iter().filter(|message| {
            let author = message.get("author").unwrap_or(&Value::Null);
            json::id(author, "id") == Some(&me.user_id)
                && json::id(message, "id").is_some_and(|id| !out.others.iter().any(|other| other == id))
        });
        for message in ours {
            if let yes @ Found::Yes(_) = compare(message, out) {
                return Ok(yes);
            }
        }
        match page
            .last()
            .and_then(|newest| json::number(json::id(newest, "id")?))
        {
            Some(newest) if page.len() >= PAGE => after = newest,
            _ => return Ok(Found::No),
        }
    }
    Ok(Found::CannotTell(
        "too much was said in the channel since".to_owned(),
    ))
}

/// The messages that follow an id, oldest first; [`PAGE`] at most.
pub(super) async fn page(discord: &Discord, channel: &str, after: i64) -> Result<Vec<Value>, Trouble> {
    let route = Route::ChannelMessages {
        channel_id: typed(channel)?,
    };
    let call = Call::new(LightMethod::Get, route, "GET messages", channel)
        .param("after", after)
        .param("limit", PAGE);
    let Value::Array(mut messages) = discord.read(call).await? else {
        return Err(Trouble::Lost(
            "Discord's answer is no list of messages".to_owned(),
        ));
    };
    messages.retain(|message| json::id(message, "id").is_some());
    messages.sort_by_key(|message| json::id(message, "id").and_then(json::number));
    Ok(messages)
}

/// Whether a message shows the text of a delivery. Nobody but us can edit it, so whatever else stands there is ours too, and
/// the edit is made again.
pub(super) fn compare(message: &Value, out: &Outgoing) -> Found {
    let shown = json::text(message, "content").unwrap_or_default();
    if !same_text(shown, &out.text) {
        return Found::No;
    }
    receipt(&out.place, message).map_or(Found::No, Found::Yes)
}
