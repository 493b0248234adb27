//! Users, channels, threads, direct messages and the guild over REST.
//! <https://discord.com/developers/docs/resources/channel>

use serde_json::{Value, json};

use super::check;
use super::messages::{need, visible};
use super::rest::{Answer, Refusal};
use super::routes::Target;
use super::state::{BOT, Channel, Id, Kind, Permission, State};

/// Serves a call about none of messages, commands and interactions.
pub(super) fn serve(state: &mut State, target: &Target, body: &Value) -> Answer {
    match target.route {
        "GET /gateway" => Ok((200, json!({ "url": format!("ws://{}", state.host) }))),
        "GET /gateway/bot" => Ok((
            200,
            json!({
                "url": format!("ws://{}", state.host), "shards": 1,
                "session_start_limit": {
                    "total": 1000, "remaining": 1000_usize.saturating_sub(state.gateway.identifies.len()),
                    "reset_after": 86_400_000, "max_concurrency": 1,
                },
            }),
        )),
        "GET /users/@me" => Ok((200, state.me())),
        "GET /users/{user}" => person(state, target.id(0)).map(|id| (200, state.user_json(id))),
        "GET /applications/@me" | "GET /oauth2/applications/@me" => Ok((200, state.application_json())),
        "POST /users/@me/channels" => direct(state, body),
        "GET /guilds/{guild}" => Ok((200, state.guild_json())),
        "GET /guilds/{guild}/channels" => Ok((200, list(state, |kind| *kind == Kind::Text))),
        "GET /guilds/{guild}/threads/active" => {
            let threads = list(state, |kind| matches!(kind, Kind::Thread { archived: false, .. }));
            Ok((200, json!({ "threads": threads, "members": [] })))
        }
        "GET /guilds/{guild}/members/{user}" => {
            let id = person(state, target.id(1)).map_err(|_| Refusal::new(10007))?;
            Ok((200, state.member_json(id)))
        }
        "GET /channels/{channel}" => {
            let channel = visible(state, target.id(0))?;
            Ok((200, state.channel_json(channel)))
        }
        "POST /channels/{channel}/typing" | "PUT /channels/{channel}/thread-members/@me" => {
            visible(state, target.id(0))?;
            Ok((204, Value::Null))
        }
        "POST /channels/{channel}/messages/{message}/threads" => {
            thread(state, target.id(0), Some(target.id(1)), body)
        }
        _ => thread(state, target.id(0), None, body),
    }
}

fn person(state: &State, id: Id) -> Result<Id, Refusal> {
    state
        .users
        .contains_key(&id)
        .then_some(id)
        .ok_or_else(|| Refusal::new(10013))
}

fn list(state: &State, wanted: fn(&Kind) -> bool) -> Value {
    let seen = |channel: &&Channel| wanted(&channel.kind) && state.may(BOT, Permission::ViewChannel, channel);
    state
        .channels
        .values()
        .filter(seen)
        .map(|channel| state.channel_json(channel))
        .collect()
}

/// <https://discord.com/developers/docs/resources/user#create-dm>
fn direct(state: &mut State, body: &Value) -> Answer {
    let fields = check::fields(state, body, "recipient_id")?;
    let id = fields
        .get("recipient_id")
        .and_then(|id| id.as_str().and_then(|id| id.parse().ok()).or_else(|| id.as_u64()));
    let id = id
        .filter(|id| state.users.contains_key(id))
        .ok_or_else(|| Refusal::new(50033))?;
    if state.users[&id].bot {
        return Err(Refusal::new(50007));
    }
    let channel = state.direct(id);
    Ok((200, state.channel_json(&state.channels[&channel])))
}

/// <https://discord.com/developers/docs/resources/channel#start-thread-from-message>,
/// <https://discord.com/developers/docs/resources/channel#start-thread-without-message>
fn thread(state: &mut State, parent: Id, message: Option<Id>, body: &Value) -> Answer {
    let known = "name auto_archive_duration type invitable rate_limit_per_user";
    let name = check::fields(state, body, known)?
        .get("name")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    if !(1..=100).contains(&name.chars().count()) {
        return Err(Refusal::form(
            "name",
            "BASE_TYPE_BAD_LENGTH",
            "Must be between 1 and 100 in length.",
        ));
    }
    let duration = &body["auto_archive_duration"];
    if !duration.is_null() && ![60, 1440, 4320, 10080].iter().any(|known| duration == known) {
        let message = "Value must be one of (60, 1440, 4320, 10080).";
        return Err(Refusal::form(
            "auto_archive_duration",
            "BASE_TYPE_CHOICES",
            message,
        ));
    }
    if visible(state, parent)?.kind != Kind::Text {
        return Err(Refusal::new(50024));
    }
    if message.is_none() && body["type"] != 11 {
        state.problem("without a type a thread is private; the fake knows public ones (11) only");
    }
    need(state, parent, Permission::CreatePublicThreads)?;
    if let Some(message) = message {
        state.find(parent, message).ok_or_else(|| Refusal::new(10008))?;
        if state.channels.contains_key(&message) {
            return Err(Refusal::new(160_004));
        }
    }
    let id = message.unwrap_or_else(|| state.next_id());
    state.open_thread(id, parent, BOT, &name);
    Ok((201, state.channel_json(&state.channels[&id])))
}

impl State {
    /// Opens a public thread; one that hangs on a message has the message's id.
    /// <https://discord.com/developers/docs/topics/threads>
    pub(super) fn open_thread(&mut self, id: Id, parent: Id, owner: Id, name: &str) {
        self.open(
            id,
            name,
            Kind::Thread {
                parent,
                owner,
                archived: false,
                locked: false,
            },
        );
        self.announce_channel("THREAD_CREATE", id);
    }
}
