//! What channels are: a channel, a thread under one, or a direct message, and what they are called. Learned from the
//! gateway, asked for when it said nothing, and kept for a while.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use serenity::http::{LightMethod, Route};

use super::client::{Call, Discord, Trouble, typed};
use super::json;
use crate::domain::{self, Place};

/// Channels kept; further ones are asked for again.
const KEPT: usize = 50_000;

/// One channel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Channel {
    /// Its server; none for direct messages.
    pub(super) guild: Option<String>,
    /// Of a thread, the channel it hangs under.
    pub(super) parent: Option<String>,
    /// What it is called; empty for direct messages.
    pub(super) name: String,
}

/// What is known of channels, and of the roles that are our own.
#[derive(Default)]
pub(super) struct Channels {
    known: Mutex<HashMap<String, Channel>>,
    roles: Mutex<HashSet<String>>,
}

impl Channels {
    /// Learns from a channel object, of a server that the object may leave out.
    /// <https://discord.com/developers/docs/resources/channel#channel-object>
    pub(super) fn learn(&self, channel: &Value, guild: Option<&str>) {
        let (Some(id), Some(kind)) = (
            json::id(channel, "id"),
            channel.get("type").and_then(Value::as_u64),
        ) else {
            return;
        };
        let thread = matches!(kind, 10..=12);
        let guild = json::id(channel, "guild_id")
            .or(guild)
            .filter(|_| !matches!(kind, 1 | 3));
        let learned = Channel {
            guild: guild.map(str::to_owned),
            parent: json::id(channel, "parent_id")
                .filter(|_| thread)
                .map(str::to_owned),
            name: json::text(channel, "name").map(domain::clean).unwrap_or_default(),
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KEPT {
            known.clear();
        }
        known.insert(id.to_owned(), learned);
    }

    /// Learns from a channel object that leaves much out, unless more is known.
    pub(super) fn learn_missing(&self, channel: &Value, guild: Option<&str>) {
        if json::id(channel, "id").is_some_and(|id| self.get(id).is_none()) {
            self.learn(channel, guild);
        }
    }

    /// Learns from a server as the gateway introduces it.
    /// <https://discord.com/developers/docs/events/gateway-events#guild-create>
    pub(super) fn learn_guild(&self, guild: &Value, me: &str) {
        let id = json::id(guild, "id");
        for channel in json::list(guild, "channels").chain(json::list(guild, "threads")) {
            self.learn(channel, id);
        }
        let ours = json::list(guild, "roles").filter(|role| {
            let tags = role.get("tags").unwrap_or(&Value::Null);
            json::id(tags, "bot_id") == Some(me)
        });
        let ours = ours.filter_map(|role| json::id(role, "id")).map(str::to_owned);
        self.roles
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(ours);
    }

    /// Forgets a channel that is gone.
    pub(super) fn forget(&self, id: &str) {
        self.known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(id);
    }

    /// What is known of a channel.
    pub(super) fn get(&self, id: &str) -> Option<Channel> {
        self.known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(id)
            .cloned()
    }

    /// Whether a role is the bot's own, which Discord makes with its name: mentioning it is easily done by mistake.
    pub(super) fn is_our_role(&self, id: &str) -> bool {
        self.roles
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(id)
    }
}

/// The place of a channel. Of a message on a server, the event says so itself.
pub(super) fn place(id: &str, channel: &Channel, guild: Option<&str>) -> Option<Place> {
    json::number(id)?;
    let guild = channel.guild.as_deref().or(guild).map(str::to_owned);
    Some(match &channel.parent {
        Some(parent) => Place::Discord {
            guild,
            channel: parent.clone(),
            thread: Some(id.to_owned()),
        },
        None => Place::Discord {
            guild,
            channel: id.to_owned(),
            thread: None,
        },
    })
}

impl Discord {
    /// What a channel is; asked for when it is not known.
    pub(super) async fn channel(&self, id: &str) -> Result<Channel, Trouble> {
        if let Some(known) = self.channels().get(id) {
            return Ok(known);
        }
        let route = Route::Channel {
            channel_id: typed(id)?,
        };
        let said = self
            .read(Call::new(LightMethod::Get, route, "GET channel", id))
            .await?;
        self.channels().learn(&said, None);
        self.channels()
            .get(id)
            .ok_or_else(|| Trouble::Lost("Discord did not say what the channel is".to_owned()))
    }

    /// What people call a place: `#apollo`; none for direct messages and for what Discord does not tell.
    pub async fn label(&self, place: &Place) -> Option<String> {
        let Place::Discord {
            guild: Some(_),
            channel,
            ..
        } = place
        else {
            return None;
        };
        let name = self.channel(channel).await.ok()?.name;
        (!name.is_empty()).then(|| format!("#{name}"))
    }
}
