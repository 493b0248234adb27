//! How things look as JSON. Each follows its object's page under <https://discord.com/developers/docs/resources>.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::state::{APP, BOT, Channel, EVERYBODY, GUILD, Id, Kind, Msg, State, made};

/// When everybody joined the guild.
const JOINED: &str = "2024-01-01T00:00:00.000000+00:00";

/// Minutes after which a silent thread is archived.
const ARCHIVE_AFTER: u64 = 1440;

/// A moment as Discord writes it. <https://discord.com/developers/docs/reference#iso8601-datetime>
pub(super) fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()
}

/// Adds the fields of one object to another.
pub(super) fn merge(into: &mut Value, from: Value) {
    if let (Some(into), Value::Object(from)) = (into.as_object_mut(), from) {
        into.extend(from);
    }
}

/// The type of a channel. <https://discord.com/developers/docs/resources/channel#channel-object-channel-types>
pub(super) fn channel_type(kind: &Kind) -> u8 {
    match kind {
        Kind::Text => 0,
        Kind::Direct(_) => 1,
        Kind::Thread { .. } => 11,
    }
}

impl State {
    /// <https://discord.com/developers/docs/resources/user#user-object>
    pub(super) fn user_json(&self, id: Id) -> Value {
        let Some(user) = self.users.get(&id) else {
            return json!({ "id": id.to_string(), "username": "deleted", "discriminator": "0", "avatar": null });
        };
        let mut out = json!({
            "id": id.to_string(), "username": user.name, "discriminator": "0", "global_name": null, "avatar": null,
            "avatar_decoration_data": null, "public_flags": 0, "primary_guild": null,
        });
        if user.bot {
            out["bot"] = json!(true);
        }
        out
    }

    /// Our own user, with what only the owner of the token sees.
    pub(super) fn me(&self) -> Value {
        let mut out = self.user_json(BOT);
        merge(
            &mut out,
            json!({ "verified": true, "email": null, "mfa_enabled": false, "flags": 0 }),
        );
        out
    }

    /// A member without its user, as it comes with a message.
    /// <https://discord.com/developers/docs/resources/guild#guild-member-object>
    pub(super) fn partial_member() -> Value {
        json!({
            "roles": [], "nick": null, "avatar": null, "banner": null, "joined_at": JOINED, "premium_since": null,
            "deaf": false, "mute": false, "pending": false, "flags": 0, "communication_disabled_until": null,
        })
    }

    /// A member with its user.
    pub(super) fn member_json(&self, id: Id) -> Value {
        let mut out = Self::partial_member();
        out["user"] = self.user_json(id);
        out
    }

    /// <https://discord.com/developers/docs/resources/channel#channel-object>
    pub(super) fn channel_json(&self, channel: &Channel) -> Value {
        let last = self.messages.iter().rev();
        let last = last
            .filter(|msg| msg.channel == channel.id && !msg.ephemeral())
            .map(|msg| msg.id.to_string())
            .next();
        let mut out = json!({
            "id": channel.id.to_string(), "type": channel_type(&channel.kind), "last_message_id": last, "flags": 0,
        });
        let more = match &channel.kind {
            Kind::Direct(person) => json!({ "recipients": [self.user_json(*person)] }),
            Kind::Text => json!({
                "guild_id": GUILD.to_string(), "name": channel.name, "position": 0, "topic": null, "nsfw": false,
                "parent_id": null, "rate_limit_per_user": 0, "permission_overwrites": overwrites(channel),
            }),
            Kind::Thread {
                parent,
                owner,
                archived,
                locked,
            } => {
                let said = self
                    .messages
                    .iter()
                    .filter(|msg| msg.channel == channel.id && msg.id != channel.id);
                let count = said.clone().filter(|msg| !msg.deleted).count();
                json!({
                    "guild_id": GUILD.to_string(), "name": channel.name, "parent_id": parent.to_string(),
                    "owner_id": owner.to_string(), "rate_limit_per_user": 0, "message_count": count,
                    "member_count": 1, "total_message_sent": said.count(),
                    "thread_metadata": {
                        "archived": archived, "auto_archive_duration": ARCHIVE_AFTER, "locked": locked,
                        "archive_timestamp": time(made(channel.id)), "create_timestamp": time(made(channel.id)),
                    },
                })
            }
        };
        merge(&mut out, more);
        out
    }

    /// The guild as `GET /guilds/{guild}` returns it. <https://discord.com/developers/docs/resources/guild#guild-object>
    pub(super) fn guild_json(&self) -> Value {
        let owner = self
            .users
            .values()
            .find(|user| !user.bot)
            .map(|user| user.id.to_string());
        let mut out = json!({
            "id": GUILD.to_string(), "name": "Test guild", "icon": null, "splash": null, "discovery_splash": null,
            "owner_id": owner, "afk_channel_id": null, "afk_timeout": 300, "verification_level": 0,
            "default_message_notifications": 0, "explicit_content_filter": 0, "emojis": [], "stickers": [],
            "features": [], "mfa_level": 0, "application_id": null, "system_channel_id": null,
            "system_channel_flags": 0, "rules_channel_id": null, "vanity_url_code": null, "description": null,
            "banner": null, "premium_tier": 0, "preferred_locale": "en-US", "public_updates_channel_id": null,
        });
        merge(
            &mut out,
            json!({
                "nsfw_level": 0, "premium_progress_bar_enabled": false, "safety_alerts_channel_id": null,
                "roles": [{
                    "id": GUILD.to_string(), "name": "@everyone", "color": 0,
                    "colors": { "primary_color": 0, "secondary_color": null, "tertiary_color": null },
                    "hoist": false, "icon": null, "unicode_emoji": null, "position": 0,
                    "permissions": EVERYBODY.to_string(), "managed": false, "mentionable": false, "flags": 0,
                }],
            }),
        );
        out
    }

    /// The guild as the gateway introduces it. <https://discord.com/developers/docs/events/gateway-events#guild-create>
    pub(super) fn guild_create_json(&self) -> Value {
        let of = |wanted: fn(&Kind) -> bool| {
            let channels = self
                .channels
                .values()
                .filter(move |channel| wanted(&channel.kind));
            channels
                .map(|channel| self.channel_json(channel))
                .collect::<Vec<_>>()
        };
        let mut out = self.guild_json();
        merge(
            &mut out,
            json!({
                "joined_at": JOINED, "large": false, "unavailable": false, "member_count": self.users.len(),
                "voice_states": [], "members": [self.member_json(BOT)], "presences": [], "stage_instances": [],
                "guild_scheduled_events": [], "soundboard_sounds": [],
                "channels": of(|kind| *kind == Kind::Text),
                "threads": of(|kind| matches!(kind, Kind::Thread { archived: false, .. })),
            }),
        );
        out
    }

    /// <https://discord.com/developers/docs/resources/application#application-object>
    pub(super) fn application_json(&self) -> Value {
        json!({
            "id": APP.to_string(), "name": "Callsheet", "icon": null, "description": "", "summary": "",
            "bot_public": false, "bot_require_code_grant": false, "verify_key": "00", "team": null,
            "owner": { "id": "1", "username": "owner", "discriminator": "0", "avatar": null },
            "bot": self.user_json(BOT), "flags": self.app_flags(), "approximate_guild_count": 1,
            "redirect_uris": [], "interactions_endpoint_url": null,
        })
    }

    /// <https://discord.com/developers/docs/resources/application#application-object-application-flags>: the limited
    /// message-content intent, for an app in few guilds.
    pub(super) fn app_flags(&self) -> u64 {
        if self.message_content { 1 << 19 } else { 0 }
    }

    /// The message as REST returns it; without the right to read what people write, others' words are left out.
    /// <https://discord.com/developers/docs/events/gateway#message-content-intent>
    pub(super) fn message_json(&self, msg: &Msg, readable: bool) -> Value {
        let open =
            readable || msg.author == BOT || msg.mentions.contains(&BOT) || self.is_direct(msg.channel);
        let mentions: Vec<Value> = msg.mentions.iter().map(|id| self.user_json(*id)).collect();
        let mut out = json!({
            "id": msg.id.to_string(), "channel_id": msg.channel.to_string(), "author": self.user_json(msg.author),
            "content": if open { msg.text() } else { "" }, "timestamp": time(made(msg.id)),
            "edited_timestamp": msg.edited.map(time), "tts": false, "mention_everyone": msg.everyone,
            "mentions": mentions, "mention_roles": [], "attachments": [],
            "embeds": if open { &msg.embeds[..] } else { &[] },
            "components": if open { &msg.components[..] } else { &[] },
            "pinned": false, "type": msg.kind, "flags": msg.flags,
        });
        if let Some(webhook) = msg.webhook {
            out["webhook_id"] = json!(webhook.to_string());
        }
        if msg.author == BOT && msg.interaction.is_some() {
            out["application_id"] = json!(APP.to_string());
            out["webhook_id"] = json!(APP.to_string());
        }
        if let Some(interaction) = msg.interaction.and_then(|id| self.interactions.get(&id)) {
            out["interaction_metadata"] = interaction.metadata(self);
        }
        if let Some(reference) = msg.reference {
            let target = self.messages.binary_search_by_key(&reference, |msg| msg.id).ok();
            let channel = target.map_or(msg.channel, |at| self.messages[at].channel);
            let mut link =
                json!({ "type": 0, "message_id": reference.to_string(), "channel_id": channel.to_string() });
            if !self.is_direct(channel) {
                link["guild_id"] = json!(GUILD.to_string());
            }
            out["message_reference"] = link;
            let target = target
                .map(|at| &self.messages[at])
                .filter(|target| !target.deleted);
            // One step deep: a reply inside the reply is left out.
            let target = target.map(|target| Msg {
                reference: None,
                ..target.clone()
            });
            out["referenced_message"] =
                target.map_or(Value::Null, |target| self.message_json(&target, readable));
        }
        out
    }

    /// The message as the gateway sends it.
    /// <https://discord.com/developers/docs/events/gateway-events#message-create>
    pub(super) fn gateway_message(&self, msg: &Msg, readable: bool) -> Value {
        let mut out = self.message_json(msg, readable);
        if !self.is_direct(msg.channel) {
            out["guild_id"] = json!(GUILD.to_string());
            if msg.webhook.is_none() {
                out["member"] = Self::partial_member();
            }
        }
        out["channel_type"] = json!(
            self.channels
                .get(&msg.channel)
                .map(|channel| channel_type(&channel.kind))
        );
        out
    }

    /// Whether a channel is a direct message.
    pub(super) fn is_direct(&self, channel: Id) -> bool {
        self.channels
            .get(&channel)
            .is_some_and(|channel| matches!(channel.kind, Kind::Direct(_)))
    }
}

/// <https://discord.com/developers/docs/resources/channel#overwrite-object>
fn overwrites(channel: &Channel) -> Vec<Value> {
    let mut users: Vec<Id> = channel
        .denied
        .keys()
        .chain(channel.allowed.keys())
        .copied()
        .collect();
    users.sort_unstable();
    users.dedup();
    let bits = |of: &std::collections::BTreeMap<Id, u64>, user: &Id| {
        of.get(user).copied().unwrap_or_default().to_string()
    };
    let one = |user: &Id| {
        json!({
            "id": user.to_string(), "type": 1, "allow": bits(&channel.allowed, user),
            "deny": bits(&channel.denied, user),
        })
    };
    users.iter().map(one).collect()
}
