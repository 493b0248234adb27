//! What Slack's payloads say, in our words. Pure, and the same for a socket's envelopes and for HTTP requests.
//!
//! 1. Nothing that Slack may send makes it fail: what cannot be read is [`Event::Unknown`].
//! 2. `message` and `app_mention` of one post share a key, so that one of them counts; whether we were addressed
//!    is read from the text and the place.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::blocks;
use super::client::Identity;
use super::json::{id, is_id, text};
use super::names::Names;
use super::text::{self as mrkdwn, Mentioned};
use crate::domain::{
    self, AccountKey, Addressed, Author, AuthorKind, Event, Heard, Place, Platform, Posted, Reply, Sign,
};

/// The `event_type` of the metadata on our messages: <https://docs.slack.dev/messaging/message-metadata>.
pub(super) const MARK: &str = "callsheet_delivery";

/// Slack's own bot, whose messages carry no bot id.
const SLACKBOT: &str = "USLACKBOT";

/// How a payload reached us; each way has its own form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way<'a> {
    /// The Events API.
    Event,
    /// A slash command.
    Command,
    /// A click, a shortcut, a form.
    Interaction,
    /// Something new.
    Other(&'a str),
}

/// What translating needs beside the payload.
pub(super) struct Translator<'a> {
    /// Who we are.
    pub(super) me: &'a Identity,
    /// What people and channels are called.
    pub(super) names: &'a Names,
    /// When it reached us.
    pub(super) now: DateTime<Utc>,
}

/// The ids whose names a payload's translation shows.
pub(super) fn mentioned(payload: &Value) -> Mentioned {
    let mut mentioned = Mentioned::default();
    let event = &payload["event"];
    for message in [event, &event["message"]] {
        if id(message, "bot_id").is_none()
            && let Some(user) = id(message, "user")
        {
            mentioned.users.insert(user.to_owned());
        }
        mentioned.add(text(message, "text").unwrap_or_default());
    }
    // Who gave a command, and who pressed a button.
    for user in [id(payload, "user_id"), id(&payload["user"], "id")]
        .into_iter()
        .flatten()
    {
        mentioned.users.insert(user.to_owned());
    }
    mentioned.add(text(payload, "text").unwrap_or_default());
    mentioned
}

/// The moment a `ts` names: seconds and microseconds since 1970.
pub(super) fn moment(ts: &str) -> Option<DateTime<Utc>> {
    let (seconds, fraction) = ts.split_once('.').unwrap_or((ts, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(seconds) || !digits(fraction) || fraction.len() > 6 {
        return None;
    }
    let micros: u32 = format!("{fraction:0<6}").parse().ok()?;
    DateTime::from_timestamp(seconds.parse().ok()?, micros * 1000)
}

/// Whether a channel is a direct message; `app_mention` events do not name the kind.
pub(super) fn is_direct(channel: &str) -> bool {
    channel.starts_with('D')
}

/// The delivery that a message of ours carries.
pub(super) fn mark(message: &Value) -> Option<Uuid> {
    let metadata = message.get("metadata")?;
    text(metadata, "event_type").filter(|name| *name == MARK)?;
    text(metadata.get("event_payload")?, "delivery")?.parse().ok()
}

/// A place; none when an id is no id.
pub(super) fn place(team: &str, channel: &str, thread: Option<&str>) -> Option<Place> {
    let ok = is_id(team) && is_id(channel) && thread.is_none_or(is_id);
    ok.then(|| Place::Slack {
        team: team.to_owned(),
        channel: channel.to_owned(),
        thread: thread.map(str::to_owned),
    })
}

impl Translator<'_> {
    /// The fact, what it is known by, and the body.
    pub(super) fn translate(&self, way: Way<'_>, payload: &Value) -> Heard {
        let (event, keys) = match way {
            Way::Event => self.event(payload),
            Way::Command => self.command(payload),
            Way::Interaction => self.interaction(payload),
            Way::Other(name) => (unknown(name), vec![]),
        };
        if let Event::Unknown { .. } = event {
            // What we do nothing about may be talk at places we do not serve: it is not ours to keep.
            return Heard {
                event,
                keys,
                raw: Vec::new(),
            };
        }
        let mut kept = payload.clone();
        if let Some(fields) = kept.as_object_mut() {
            // The old verification token is a secret of the app's, and no part of what happened.
            fields.remove("token");
        }
        Heard {
            event,
            keys,
            raw: kept.to_string().into_bytes(),
        }
    }

    /// <https://docs.slack.dev/apis/events-api/#event-type-structure>
    fn event(&self, payload: &Value) -> (Event, Vec<String>) {
        let event = &payload["event"];
        let kind = text(event, "type")
            .or_else(|| text(payload, "type"))
            .unwrap_or("untyped");
        let team = id(payload, "team_id")
            .or_else(|| id(event, "team"))
            .unwrap_or(&self.me.team);
        let (fact, mut keys) = match kind {
            "message" | "app_mention" => self.message(team, event),
            "reaction_added" => self
                .reaction(team, event)
                .unwrap_or_else(|| (unknown(kind), vec![])),
            _ => (unknown(kind), vec![]),
        };
        keys.extend(id(payload, "event_id").map(|event_id| format!("slack:event:{event_id}")));
        (fact, keys)
    }

    /// <https://docs.slack.dev/reference/events/message>
    fn message(&self, team: &str, event: &Value) -> (Event, Vec<String>) {
        let subtype = text(event, "subtype");
        let fact = match subtype {
            Some("message_changed") => self.changed(team, event),
            Some("message_deleted") => deleted(
                team,
                event,
                event.get("previous_message"),
                id(event, "deleted_ts"),
            ),
            Some("tombstone") => deleted(team, event, Some(event), id(event, "ts")),
            subtype if says_something(subtype) => self.posted(team, event, event).map(|posted| {
                let key = key("message", team, event, &posted.external_id);
                (Event::MessagePosted(posted), vec![key])
            }),
            _ => None,
        };
        fact.unwrap_or_else(|| {
            let name = subtype.map_or_else(|| "message".to_owned(), |subtype| format!("message.{subtype}"));
            (unknown(&name), vec![])
        })
    }

    /// <https://docs.slack.dev/reference/events/message/message_changed>
    fn changed(&self, team: &str, event: &Value) -> Option<(Event, Vec<String>)> {
        let message = event.get("message")?;
        if text(message, "subtype") == Some("tombstone") {
            return deleted(team, event, Some(message), id(message, "ts"));
        }
        // A link preview comes as a change of a text that stays as it was.
        if text(message, "text").is_some()
            && event.get("previous_message").and_then(|old| text(old, "text")) == text(message, "text")
        {
            return Some((unknown("message_changed.unchanged"), vec![]));
        }
        if !says_something(text(message, "subtype")) {
            return None;
        }
        let posted = self.posted(team, event, message)?;
        let edited = message.get("edited").and_then(|edited| id(edited, "ts"));
        let when = edited
            .or_else(|| id(event, "event_ts"))
            .or_else(|| id(event, "ts"))?;
        let key = key("edit", team, event, &posted.external_id);
        Some((Event::MessageEdited(posted), vec![format!("{key}/{when}")]))
    }

    fn posted(&self, team: &str, event: &Value, message: &Value) -> Option<Posted> {
        let channel = id(event, "channel")?;
        let ts = id(message, "ts")?;
        let at = moment(ts)?;
        let direct = is_direct(channel) || text(event, "channel_type") == Some("im");
        let written = text(message, "text").unwrap_or_default();
        let author = self.author(team, message)?;
        let mark = mark(message).filter(|_| author.kind == AuthorKind::Ourselves);
        let addressed = if direct {
            Addressed::Us
        } else {
            mrkdwn::addressed(written, &self.me.user_id)
        };
        Some(Posted {
            place: place(team, channel, thread(direct, message, ts))?,
            external_id: ts.to_owned(),
            author,
            text: mrkdwn::to_markdown(written, &self.me.user_id, self.names),
            mentions: mrkdwn::mentions(written, &self.me.user_id, team, self.names),
            addressed,
            mark,
            reply: None,
            at,
        })
    }

    /// A sign on a message; none when it says nothing to us. It names the message and its channel, and no thread.
    /// <https://docs.slack.dev/reference/events/reaction_added>
    fn reaction(&self, team: &str, event: &Value) -> Option<(Event, Vec<String>)> {
        let item = event
            .get("item")
            .filter(|item| text(item, "type") == Some("message"))?;
        let (channel, ts, user) = (id(item, "channel")?, id(item, "ts")?, id(event, "user")?);
        let name = text(event, "reaction")?;
        let when = id(event, "event_ts").unwrap_or_default();
        let kind = if user == self.me.user_id {
            AuthorKind::Ourselves
        } else {
            AuthorKind::Human
        };
        let fact = Event::ReactionAdded {
            place: place(team, channel, None)?,
            external_id: ts.to_owned(),
            author: Author {
                account: account(team, user),
                name: self.name(user),
                kind,
            },
            sign: Sign::read(name)?,
        };
        let key = format!("slack:reaction:{team}/{channel}/{ts}/{user}/{name}/{when}");
        Some((fact, vec![key]))
    }

    fn author(&self, team: &str, message: &Value) -> Option<Author> {
        let user = id(message, "user");
        let bot = id(message, "bot_id");
        let ours = user == Some(&self.me.user_id) || (bot.is_some() && bot == self.me.bot_id.as_deref());
        let kind = if ours {
            AuthorKind::Ourselves
        } else if bot.is_some() || user == Some(SLACKBOT) || text(message, "subtype") == Some("bot_message") {
            AuthorKind::Bot
        } else {
            AuthorKind::Human
        };
        let user_id = if ours {
            self.me.user_id.as_str()
        } else {
            user.or(bot)?
        };
        let called = text(message, "username")
            .or_else(|| text(message.get("bot_profile")?, "name"))
            .filter(|name| kind == AuthorKind::Bot && !name.trim().is_empty());
        let name = match kind {
            AuthorKind::Ourselves => self.me.name.clone(),
            _ => called.map(domain::clean).unwrap_or_else(|| self.name(user_id)),
        };
        // In a channel shared between workspaces the author may be of another one than the channel.
        let workspace = id(message, "user_team")
            .or_else(|| id(message, "team"))
            .unwrap_or(team);
        Some(Author {
            account: account(workspace, user_id),
            name,
            kind,
        })
    }

    fn name(&self, user_id: &str) -> String {
        self.names
            .users
            .get(user_id)
            .cloned()
            .unwrap_or_else(|| user_id.to_owned())
    }

    /// <https://docs.slack.dev/interactivity/implementing-slash-commands>
    fn command(&self, payload: &Value) -> (Event, Vec<String>) {
        let keys = id(payload, "trigger_id")
            .map(|trigger| format!("slack:trigger:{trigger}"))
            .into_iter()
            .collect();
        let team = id(payload, "team_id").unwrap_or(&self.me.team);
        let place = id(payload, "channel_id").and_then(|channel| place(team, channel, None));
        let (Some(place), Some(user_id)) = (place, id(payload, "user_id")) else {
            return (unknown("command"), keys);
        };
        let known = self.names.users.get(user_id).cloned();
        let name = known.or_else(|| text(payload, "user_name").map(domain::clean));
        let author = Author {
            account: account(team, user_id),
            name: name.unwrap_or_else(|| user_id.to_owned()),
            kind: AuthorKind::Human,
        };
        let written = text(payload, "text").unwrap_or_default();
        let event = Event::CommandGiven {
            place,
            author,
            text: mrkdwn::to_markdown(written, &self.me.user_id, self.names),
            mentions: mrkdwn::mentions(written, &self.me.user_id, team, self.names),
            in_words: false,
            reply: response_url(payload),
            at: self.now,
        };
        (event, keys)
    }

    /// <https://docs.slack.dev/reference/interaction-payloads>
    fn interaction(&self, payload: &Value) -> (Event, Vec<String>) {
        let action = &payload["actions"][0];
        let trigger = id(payload, "trigger_id").map(|trigger| format!("slack:trigger:{trigger}"));
        let press = id(action, "action_ts").map(|ts| format!("slack:action:{ts}"));
        let keys = trigger.into_iter().chain(press).collect();
        let kind = text(payload, "type").unwrap_or("untyped");
        let pressed = (kind == "block_actions")
            .then(|| self.pressed(payload, action))
            .flatten();
        let event = pressed.unwrap_or_else(|| unknown(&format!("interaction.{kind}")));
        (event, keys)
    }

    /// A button of ours gives its command in the name of whoever pressed it; the answer belongs under the message with
    /// the button.
    fn pressed(&self, payload: &Value, action: &Value) -> Option<Event> {
        let command = blocks::command(action)?;
        let (container, message) = (&payload["container"], &payload["message"]);
        let (team, user) = (id(&payload["team"], "id"), &payload["user"]);
        let team = team.unwrap_or(&self.me.team);
        let channel = id(&payload["channel"], "id").or_else(|| id(container, "channel_id"))?;
        // What only one person sees has no message that a thread could hang under.
        let thread = match id(message, "ts") {
            Some(ts) => thread(is_direct(channel), message, ts),
            None => id(container, "thread_ts"),
        };
        let user_id = id(user, "id")?;
        let known = self.names.users.get(user_id).cloned();
        let named = || {
            text(user, "name")
                .or_else(|| text(user, "username"))
                .map(domain::clean)
        };
        let name = known.or_else(named).unwrap_or_else(|| user_id.to_owned());
        Some(Event::CommandGiven {
            place: place(team, channel, thread)?,
            author: Author {
                account: account(id(user, "team_id").unwrap_or(team), user_id),
                name,
                kind: AuthorKind::Human,
            },
            text: command,
            mentions: Vec::new(),
            in_words: false,
            reply: response_url(payload),
            at: id(action, "action_ts").and_then(moment).unwrap_or(self.now),
        })
    }
}

fn response_url(payload: &Value) -> Option<Reply> {
    text(payload, "response_url").map(|url| Reply::ResponseUrl {
        url: domain::clean(url),
    })
}

/// Messages with one of these subtypes are somebody's words; the others tell of something that happened.
fn says_something(subtype: Option<&str>) -> bool {
    matches!(
        subtype,
        None | Some("thread_broadcast" | "file_share" | "me_message" | "bot_message")
    )
}

/// The thread a message belongs to: in a channel the one it is in or the one that an answer would open; in a direct
/// message only the one it is in, since people expect answers there below one another.
fn thread<'a>(direct: bool, message: &'a Value, ts: &'a str) -> Option<&'a str> {
    let thread = id(message, "thread_ts");
    if direct {
        thread.filter(|thread| *thread != ts)
    } else {
        Some(thread.unwrap_or(ts))
    }
}

/// <https://docs.slack.dev/reference/events/message/message_deleted>
fn deleted(
    team: &str,
    event: &Value,
    message: Option<&Value>,
    ts: Option<&str>,
) -> Option<(Event, Vec<String>)> {
    let (channel, ts) = (id(event, "channel")?, ts?);
    let direct = is_direct(channel) || text(event, "channel_type") == Some("im");
    let place = place(team, channel, thread(direct, message.unwrap_or(&Value::Null), ts))?;
    Some((
        Event::MessageDeleted {
            place,
            external_id: ts.to_owned(),
        },
        vec![key("deleted", team, event, ts)],
    ))
}

fn key(what: &str, team: &str, event: &Value, ts: &str) -> String {
    format!(
        "slack:{what}:{team}/{}/{ts}",
        id(event, "channel").unwrap_or_default()
    )
}

fn account(workspace: &str, user_id: &str) -> AccountKey {
    AccountKey {
        platform: Platform::Slack,
        workspace: workspace.to_owned(),
        user_id: user_id.to_owned(),
    }
}

fn unknown(name: &str) -> Event {
    Event::Unknown {
        name: domain::shorten(&domain::clean(name), 100),
    }
}
