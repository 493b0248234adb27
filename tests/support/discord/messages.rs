//! Messages over REST. <https://discord.com/developers/docs/resources/message>

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::check::{self, Content};
use super::rest::{Answer, Refusal};
use super::routes::{Query, Target};
use super::state::{BOT, Channel, Id, Kind, Msg, Permission, State, made};

/// How long a nonce is remembered. Discord says "the past few minutes"; the fake keeps to the short side.
/// <https://discord.com/developers/docs/resources/message#create-message-jsonform-params>
pub(super) const NONCE_MINUTES: i64 = 3;

/// Messages on a page when the call says nothing, and at most.
/// <https://discord.com/developers/docs/resources/message#get-channel-messages>
const PAGE: (usize, usize) = (50, 100);

/// Serves a call under `/channels/{channel}/messages`.
pub(super) fn serve(state: &mut State, target: &Target, query: &Query, body: &Value) -> Answer {
    let (channel, message) = (target.id(0), target.id(1));
    visible(state, channel)?;
    match target.route {
        "GET /channels/{channel}/messages" => history(state, channel, query),
        "POST /channels/{channel}/messages" => create(state, channel, body),
        "GET /channels/{channel}/messages/{message}" => one(state, channel, message),
        "PATCH /channels/{channel}/messages/{message}" => edit(state, channel, message, body),
        _ => delete(state, channel, message),
    }
}

/// The channel with this id, when the bot may see it.
pub(super) fn visible(state: &State, id: Id) -> Result<&Channel, Refusal> {
    let channel = state.channels.get(&id).ok_or_else(|| Refusal::new(10003))?;
    if state.may(BOT, Permission::ViewChannel, channel) {
        Ok(channel)
    } else {
        Err(Refusal::new(50001))
    }
}

/// Refuses unless the bot has a right in a channel it sees.
pub(super) fn need(state: &State, channel: Id, right: Permission) -> Result<(), Refusal> {
    if state.may(BOT, right, visible(state, channel)?) {
        Ok(())
    } else {
        Err(Refusal::new(50013))
    }
}

/// Refuses unless the bot may speak in a channel.
/// <https://discord.com/developers/docs/topics/threads#locked-threads>
pub(super) fn may_speak(state: &State, id: Id) -> Result<(), Refusal> {
    let channel = visible(state, id)?;
    let right = match channel.kind {
        Kind::Direct(person) if state.users.get(&person).is_some_and(|user| user.closed) => {
            return Err(Refusal::new(50007));
        }
        Kind::Thread { .. } => Permission::SendMessagesInThreads,
        _ => Permission::SendMessages,
    };
    need(state, id, right)?;
    match channel.kind {
        Kind::Thread {
            locked: true,
            archived,
            ..
        } if !state.may(BOT, Permission::ManageThreads, channel) => {
            Err(Refusal::new(if archived { 50083 } else { 160_005 }))
        }
        _ => Ok(()),
    }
}

/// <https://discord.com/developers/docs/resources/message#get-channel-messages>
fn history(state: &State, channel: Id, query: &Query) -> Answer {
    let argument = |name: &str| {
        query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    };
    let limit = match argument("limit").map(str::parse::<usize>) {
        None => PAGE.0,
        Some(Ok(limit)) if (1..=PAGE.1).contains(&limit) => limit,
        Some(_) => {
            return Err(Refusal::form(
                "limit",
                "NUMBER_TYPE_MAX",
                "int value should be between 1 and 100.",
            ));
        }
    };
    let bound = |name: &str| match argument(name).map(str::parse::<Id>) {
        None => Ok(None),
        Some(Ok(id)) => Ok(Some(id)),
        Some(Err(_)) => Err(Refusal::form(
            name,
            "NUMBER_TYPE_COERCE",
            "Value is not snowflake.",
        )),
    };
    let (after, before) = (bound("after")?, bound("before")?);
    if argument("around").is_some() || (after.is_some() && before.is_some()) {
        return Err(Refusal::form(
            "after",
            "EXCLUSIVE",
            "One of before and after; the fake knows no around.",
        ));
    }
    if !state.may(BOT, Permission::ReadMessageHistory, visible(state, channel)?) {
        return Ok((200, json!([])));
    }
    let here = |msg: &&Msg| msg.channel == channel && !msg.deleted && !msg.ephemeral();
    let inside =
        |msg: &&Msg| after.is_none_or(|after| msg.id > after) && before.is_none_or(|before| msg.id < before);
    let found: Vec<&Msg> = state.messages.iter().filter(here).filter(inside).collect();
    // The page begins at the bound that was given: with `after` at the oldest that fit, else at the newest.
    let page = if after.is_some() {
        &found[..limit.min(found.len())]
    } else {
        &found[found.len().saturating_sub(limit)..]
    };
    let list: Vec<Value> = page
        .iter()
        .rev()
        .map(|msg| state.message_json(msg, state.message_content))
        .collect();
    Ok((200, json!(list)))
}

/// <https://discord.com/developers/docs/resources/message#get-channel-message>
fn one(state: &State, channel: Id, id: Id) -> Answer {
    need(state, channel, Permission::ReadMessageHistory)?;
    let at = living(state, channel, id)?;
    Ok((
        200,
        state.message_json(&state.messages[at], state.message_content),
    ))
}

fn living(state: &State, channel: Id, id: Id) -> Result<usize, Refusal> {
    let at = state
        .find(channel, id)
        .filter(|at| !state.messages[*at].ephemeral());
    at.ok_or_else(|| Refusal::new(10008))
}

/// <https://discord.com/developers/docs/resources/message#create-message>
fn create(state: &mut State, channel: Id, body: &Value) -> Answer {
    let fields = check::fields(
        state,
        body,
        "content nonce tts embeds allowed_mentions message_reference components sticker_ids attachments flags \
         enforce_nonce poll",
    )?;
    may_speak(state, channel)?;
    let content = check::content(state, fields)?;
    let nonce = check::nonce(fields)?;
    if let (Some(nonce), Some(Value::Bool(true))) = (&nonce, fields.get("enforce_nonce"))
        && let Some(at) = same_nonce(state, nonce)
    {
        return Ok((200, created(state, at)));
    }
    let reference = reference(state, channel, fields.get("message_reference"))?;
    let mut msg = state.draft(channel, BOT, String::new());
    fill(state, &mut msg, &content, check::flags(&content, 0)?)?;
    msg.nonce = nonce;
    if let Some(reference) = reference {
        msg.kind = 19;
        msg.reference = Some(reference);
        let author = state.find(channel, reference).map(|at| state.messages[at].author);
        msg.mentions
            .extend(author.filter(|author| content.allowed.replied && *author != BOT));
    }
    let at = state.post(msg);
    Ok((200, created(state, at)))
}

/// The answer to a post; the nonce stands in no other.
fn created(state: &State, at: usize) -> Value {
    let msg = &state.messages[at];
    let mut out = state.message_json(msg, true);
    if let Some(nonce) = &msg.nonce {
        out["nonce"] = nonce.clone();
    }
    out
}

/// Our message with this nonce of the past few minutes.
fn same_nonce(state: &State, nonce: &Value) -> Option<usize> {
    let young = |msg: &Msg| state.now - made(msg.id) < TimeDelta::minutes(NONCE_MINUTES);
    state
        .messages
        .iter()
        .position(|msg| msg.author == BOT && msg.nonce.as_ref() == Some(nonce) && young(msg))
}

/// <https://discord.com/developers/docs/resources/message#message-reference-structure>
fn reference(state: &State, channel: Id, value: Option<&Value>) -> Result<Option<Id>, Refusal> {
    let Some(value) = value.filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    let id = |name: &str| {
        value[name]
            .as_str()
            .and_then(|text| text.parse::<Id>().ok())
            .or_else(|| value[name].as_u64())
    };
    let Some(message) = id("message_id") else {
        return Err(Refusal::form(
            "message_reference.message_id",
            "BASE_TYPE_REQUIRED",
            "This field is required",
        ));
    };
    let elsewhere = id("channel_id").is_some_and(|named| named != channel);
    if elsewhere {
        let message = "Cannot reply to a message in a different channel";
        return Err(Refusal::form(
            "message_reference",
            "REPLIES_CANNOT_REFERENCE_OTHER_CHANNEL",
            message,
        ));
    }
    if !state.may(BOT, Permission::ReadMessageHistory, visible(state, channel)?) {
        return Err(Refusal::new(160_002));
    }
    if state.find(channel, message).is_some() {
        return Ok(Some(message));
    }
    if value["fail_if_not_exists"] == false {
        return Ok(None);
    }
    Err(Refusal::form(
        "message_reference",
        "MESSAGE_REFERENCE_UNKNOWN_MESSAGE",
        "Unknown message",
    ))
}

/// Puts what a body says into a message; what it does not say stays.
pub(super) fn fill(state: &State, msg: &mut Msg, content: &Content, flags: u64) -> Result<(), Refusal> {
    let text = content.text.clone().unwrap_or_else(|| msg.text().to_owned());
    let embeds = content.embeds.as_ref().unwrap_or(&msg.embeds);
    let components = content.components.as_ref().unwrap_or(&msg.components);
    if text.trim().is_empty() && embeds.is_empty() && components.is_empty() {
        return Err(Refusal::new(50006));
    }
    (msg.embeds, msg.components) = (embeds.clone(), components.clone());
    if content.text.is_some() {
        (msg.mentions, msg.everyone) = content.allowed.told(state, &text);
    }
    match msg.revisions.as_slice() {
        [only] if only.is_empty() => msg.revisions = vec![text],
        _ => msg.revisions.push(text),
    }
    msg.flags = flags;
    Ok(())
}

/// <https://discord.com/developers/docs/resources/message#edit-message>
fn edit(state: &mut State, channel: Id, id: Id, body: &Value) -> Answer {
    let fields = check::fields(
        state,
        body,
        "content embeds flags allowed_mentions components attachments",
    )?;
    let at = living(state, channel, id)?;
    if state.messages[at].author != BOT {
        return Err(Refusal::new(50005));
    }
    match state.channels.get(&channel).map(|channel| &channel.kind) {
        Some(Kind::Thread { archived: true, .. }) => return Err(Refusal::new(50083)),
        Some(Kind::Thread { locked: true, .. }) => return Err(Refusal::new(160_005)),
        _ => {}
    }
    let content = check::content(state, fields)?;
    let flags = check::flags(&content, 0)?;
    Ok((200, change(state, at, &content, flags)?))
}

/// Edits a message of ours and tells the app.
pub(super) fn change(state: &mut State, at: usize, content: &Content, flags: u64) -> Result<Value, Refusal> {
    let mut msg = state.messages[at].clone();
    fill(state, &mut msg, content, flags)?;
    msg.edited = Some(state.now);
    state.messages[at] = msg;
    state.announce_message("MESSAGE_UPDATE", at);
    Ok(state.message_json(&state.messages[at], true))
}

/// <https://discord.com/developers/docs/resources/message#delete-message>
fn delete(state: &mut State, channel: Id, id: Id) -> Answer {
    let at = living(state, channel, id)?;
    if state.messages[at].author != BOT {
        need(state, channel, Permission::ManageMessages)?;
    }
    state.remove(at);
    Ok((204, Value::Null))
}
