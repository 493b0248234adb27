//! What Discord's messages say, in our words. Pure, and the same for the gateway's events and for what is read later.
//!
//! 1. Nothing that Discord may send makes it fail: what cannot be read is none.
//! 2. Whether we were addressed is read from the text, the reply and the place.
//! 3. A message of our own carries its delivery as the nonce.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::channels::Channels;
use super::client::Identity;
use super::json::{id, list, made, text};
use super::nonce;
use super::text::{Names, Piece, mentions, pieces, to_markdown};
use crate::domain::{
    self, AccountKey, Addressed, Author, AuthorKind, Event, Heard, Place, Platform, Posted, Reply, Sign,
};

/// Discord's accounts are the same on all of its servers.
const WORKSPACE: &str = "discord";

/// The types of messages that are somebody's words: a message and a reply.
/// <https://discord.com/developers/docs/resources/message#message-object-message-types>
const WORDS: [u64; 2] = [0, 19];

/// What translating needs beside the message.
pub(super) struct Translator<'a> {
    /// Who we are.
    pub(super) me: &'a Identity,
    /// What channels are called, and which roles are ours.
    pub(super) channels: &'a Channels,
}

impl Translator<'_> {
    /// A new message; none when it is nobody's words.
    /// <https://discord.com/developers/docs/resources/message#message-object>
    pub(super) fn message(&self, message: &Value, place: Place) -> Option<Heard> {
        let posted = self.posted(message, place)?;
        let keys = vec![format!("discord:message:{}", posted.external_id)];
        Some(heard(Event::MessagePosted(posted), keys, message))
    }

    /// A message that was changed; none when only its looks were, as when Discord adds a preview.
    /// <https://discord.com/developers/docs/events/gateway-events#message-update>
    pub(super) fn edit(&self, message: &Value, place: Place) -> Option<Heard> {
        let edited: DateTime<Utc> = text(message, "edited_timestamp")?.parse().ok()?;
        text(message, "content")?;
        let posted = self.posted(message, place)?;
        let key = format!(
            "discord:edit:{}/{}",
            posted.external_id,
            edited.timestamp_micros()
        );
        Some(heard(Event::MessageEdited(posted), vec![key], message))
    }

    /// A sign on a message; none when it says nothing to us.
    /// <https://discord.com/developers/docs/events/gateway-events#message-reaction-add>
    pub(super) fn reaction(&self, reaction: &Value, place: Place) -> Option<Heard> {
        let sign = Sign::read(text(reaction.get("emoji")?, "name")?)?;
        let (message, user_id) = (id(reaction, "message_id")?, id(reaction, "user_id")?);
        let member = reaction.get("member").unwrap_or(&Value::Null);
        // In direct messages nothing but the id says who it was.
        let nobody = json!({ "id": user_id });
        let user = member.get("user").unwrap_or(&nobody);
        let kind = if user_id == self.me.user_id {
            AuthorKind::Ourselves
        } else if user.get("bot") == Some(&Value::Bool(true)) {
            AuthorKind::Bot
        } else {
            AuthorKind::Human
        };
        let event = Event::ReactionAdded {
            place,
            external_id: message.to_owned(),
            author: author(user, member, kind)?,
            sign,
        };
        // A reaction has no id and no time: one that is taken back and put there again counts once.
        let key = format!("discord:reaction:{message}/{user_id}");
        Some(heard(event, vec![key], reaction))
    }

    fn posted(&self, message: &Value, place: Place) -> Option<Posted> {
        let external_id = id(message, "id")?;
        let author = self.author(message)?;
        let kind = message.get("type").and_then(Value::as_u64).unwrap_or_default();
        if !WORDS.contains(&kind) {
            return None;
        }
        let written = text(message, "content").unwrap_or_default();
        let mark = text(message, "nonce")
            .filter(|_| author.kind == AuthorKind::Ourselves)
            .and_then(nonce::mark);
        let direct = matches!(place, Place::Discord { guild: None, .. });
        let names = self.names(message, written);
        Some(Posted {
            external_id: external_id.to_owned(),
            text: to_markdown(written, &self.me.user_id, &names),
            mentions: mentions(written, &self.me.user_id, &names),
            addressed: if direct {
                Addressed::Us
            } else {
                self.addressed(message, &names)
            },
            mark,
            // Among many talks, an answer says what it answers.
            reply: place.is_crowd().then(|| Reply::Message {
                id: external_id.to_owned(),
            }),
            at: made(external_id)?,
            author,
            place,
        })
    }

    /// Whom a message speaks to: by its mentions, which name whom it replies to as well unless the writer switched that
    /// off.
    fn addressed(&self, message: &Value, names: &Names) -> Addressed {
        let me = self.me.user_id.as_str();
        let replied = message
            .get("referenced_message")
            .and_then(|replied| replied.get("author"));
        let to_us = replied.is_some_and(|author| id(author, "id") == Some(me))
            || list(message, "mentions").any(|user| id(user, "id") == Some(me))
            || !names.our_roles.is_empty();
        let to_others = list(message, "mentions").next().is_some();
        match (to_us, to_others) {
            (true, _) => Addressed::Us,
            (false, true) => Addressed::Others,
            (false, false) => Addressed::Nobody,
        }
    }

    fn names(&self, message: &Value, written: &str) -> Names {
        let users = list(message, "mentions").filter_map(|user| {
            let member = user.get("member").unwrap_or(&Value::Null);
            Some((id(user, "id")?.to_owned(), called(user, member)?))
        });
        let mut names = Names {
            users: users.collect(),
            channels: HashMap::new(),
            our_roles: Vec::new(),
        };
        for piece in pieces(written) {
            match piece {
                Piece::Channel(id) => {
                    let known = self.channels.get(id).map(|channel| channel.name);
                    names.channels.extend(
                        known
                            .filter(|name| !name.is_empty())
                            .map(|name| (id.to_owned(), name)),
                    );
                }
                // In code, Discord leaves `<@&…>` as it is and does not list it.
                Piece::Role(id) if self.channels.is_our_role(id) && mentions_role(message, id) => {
                    names.our_roles.push(id.to_owned());
                }
                _ => {}
            }
        }
        names
    }

    fn author(&self, message: &Value) -> Option<Author> {
        let user = message.get("author")?;
        let user_id = id(user, "id")?;
        // An answer to an interaction is sent through a webhook and still ours.
        let kind = if user_id == self.me.user_id {
            AuthorKind::Ourselves
        } else if user.get("bot") == Some(&Value::Bool(true)) || id(message, "webhook_id").is_some() {
            AuthorKind::Bot
        } else {
            AuthorKind::Human
        };
        author(user, message.get("member").unwrap_or(&Value::Null), kind)
    }
}

fn mentions_role(message: &Value, id: &str) -> bool {
    list(message, "mention_roles").any(|role| role.as_str() == Some(id))
}

/// A message that was taken back.
/// <https://discord.com/developers/docs/events/gateway-events#message-delete>
pub(super) fn deleted(external_id: &str, place: Place) -> Heard {
    let event = Event::MessageDeleted {
        place,
        external_id: external_id.to_owned(),
    };
    Heard {
        event,
        keys: vec![format!("discord:deleted:{external_id}")],
        raw: Vec::new(),
    }
}

/// An author, by the user and what they are called on the server.
pub(super) fn author(user: &Value, member: &Value, kind: AuthorKind) -> Option<Author> {
    let user_id = id(user, "id")?;
    Some(Author {
        account: AccountKey {
            platform: Platform::Discord,
            workspace: WORKSPACE.to_owned(),
            user_id: user_id.to_owned(),
        },
        name: called(user, member).unwrap_or_else(|| user_id.to_owned()),
        kind,
    })
}

/// The name people see: the one on the server, the one they chose, the unique one.
fn called(user: &Value, member: &Value) -> Option<String> {
    let named = |value, field| text(value, field).map(str::trim).filter(|name| !name.is_empty());
    named(member, "nick")
        .or_else(|| named(user, "global_name"))
        .or_else(|| named(user, "username"))
        .map(domain::clean)
}

/// A fact with its body.
pub(super) fn heard(event: Event, keys: Vec<String>, body: &Value) -> Heard {
    let mut kept = body.clone();
    if let Some(fields) = kept.as_object_mut() {
        // What allows to answer an interaction is no part of what happened.
        fields.remove("token");
    }
    Heard {
        event,
        keys,
        raw: kept.to_string().into_bytes(),
    }
}
