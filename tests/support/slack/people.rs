//! What people and other bots do in the workspace. Each act changes the workspace and sends the app the
//! events that Slack would send. A test that lets somebody do what Slack's own window would not allow panics.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Inner;
use super::blocks;
use super::state::{APP, Author, BOT_USER, State, TEAM, Ts, upper};
use super::text;

/// A person of the workspace; made by `FakeSlack::user`.
#[derive(Clone)]
pub struct Person {
    /// The workspace.
    pub(super) inner: Arc<Inner>,
    /// User id.
    pub(super) id: String,
    /// Handle.
    pub(super) name: String,
}

/// Somebody else's bot; made by `FakeSlack::bot`.
#[derive(Clone)]
pub struct OtherBot {
    /// The workspace.
    pub(super) inner: Arc<Inner>,
    /// Shown name.
    pub(super) name: String,
}

/// A command or click on its way to the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Names it, once.
    pub trigger_id: String,
    /// Where the app may answer: 5 times within 30 minutes.
    pub response_url: String,
    /// A socket took it, or it is on its way over HTTP. Otherwise it is lost, and Slack shows the person an error.
    pub delivered: bool,
}

impl Person {
    /// User id, for example `UANA`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Takes another display name.
    pub fn calls_themselves(&self, name: &str) {
        self.inner
            .with(|state| drop(state.users.insert(self.id.clone(), name.to_owned())));
    }

    /// Posts in a conversation (`#name`, `@name` or an id).
    pub fn says(&self, place: &str, typed: &str) -> Ts {
        self.post(place, None, typed)
    }

    /// Replies in a thread; panics when there is none.
    pub fn replies(&self, place: &str, thread_ts: &str, typed: &str) -> Ts {
        self.post(place, Some(thread_ts), typed)
    }

    /// Writes to the bot directly.
    pub fn dm(&self, typed: &str) -> Ts {
        self.post(&format!("@{}", self.name), None, typed)
    }

    /// The direct message with the bot.
    pub fn dm_channel(&self) -> String {
        self.inner.with(|state| state.direct(&self.id))
    }

    fn post(&self, place: &str, thread: Option<&str>, typed: &str) -> Ts {
        self.inner.with(|state| {
            let channel = state.place(place);
            assert!(
                !state.channels[&channel].archived,
                "nobody can post in the archived {place}"
            );
            let text = text::typed(state, typed);
            let msg = state.draft(&channel, thread, Author::Person(self.id.clone()), text);
            let at = state.push(msg);
            let msg = &state.messages[at];
            assert_eq!(msg.thread_ts.as_deref(), thread, "no such thread in {place}");
            let ts = msg.ts.clone();
            state.announce(at);
            ts
        })
    }

    /// Edits an own message.
    pub fn edits(&self, place: &str, ts: &str, typed: &str) {
        self.inner.with(|state| {
            let at = self.own(state, place, ts);
            let text = text::typed(state, typed);
            let before = state.render(&state.messages[at], true);
            let edited = (self.id.clone(), state.next_ts());
            let msg = &mut state.messages[at];
            let old = msg.text().to_owned();
            msg.revisions.push(text);
            msg.edited = Some(edited);
            state.announce_change(at, before, &old);
        });
    }

    /// Deletes an own message; a thread that hangs on it stays, under a tombstone.
    pub fn deletes(&self, place: &str, ts: &str) {
        self.inner.with(|state| {
            let at = self.own(state, place, ts);
            let before = state.render(&state.messages[at], true);
            state.messages[at].deleted = true;
            state.announce_delete(at, before);
        });
    }

    /// Deletes any message, as an administrator may.
    pub fn removes(&self, place: &str, ts: &str) {
        self.inner.with(|state| {
            let channel = state.place(place);
            let at = state.find(&channel, ts).expect("a message to remove");
            let before = state.render(&state.messages[at], true);
            state.messages[at].deleted = true;
            state.announce_delete(at, before);
        });
    }

    /// Reacts to any message.
    pub fn reacts(&self, place: &str, ts: &str, emoji: &str) {
        self.inner.with(|state| {
            let channel = state.place(place);
            let at = state.find(&channel, ts).expect("a message to react to");
            state.react(at, &self.id, emoji);
        });
    }

    /// Types a slash command; the bot need not be in the conversation.
    /// <https://docs.slack.dev/interactivity/implementing-slash-commands>
    pub fn slash(&self, place: &str, command: &str, text: &str) -> Sent {
        self.inner.with(|state| {
            let channel = state.place(place);
            let (trigger_id, response_url) = self.trigger(state, &channel);
            let text = if state.post.slash_escapes {
                text::slash(state, text)
            } else {
                text.to_owned()
            };
            let name = match state.channels[&channel].name.as_str() {
                "" => "directmessage",
                name => name,
            };
            let payload = json!({
                "token": "verification", "team_id": TEAM, "team_domain": "test", "channel_id": channel,
                "channel_name": name, "user_id": self.id, "user_name": self.name, "command": command,
                "text": text, "api_app_id": APP, "is_enterprise_install": "false",
                "response_url": response_url, "trigger_id": trigger_id,
            });
            let delivered = state.scopes.contains("commands") && state.emit_direct("slash_commands", payload);
            Sent {
                trigger_id,
                response_url,
                delivered,
            }
        })
    }

    /// Presses the button with these words; panics when the message has no such button.
    pub fn presses(&self, place: &str, ts: &str, words: &str) -> Sent {
        let action_id = self.inner.with(|state| {
            let channel = state.place(place);
            let at = state.find(&channel, ts).expect("a message with a button");
            let blocks = state.messages[at].blocks.as_ref();
            let pressed = blocks::buttons(blocks).find(|button| button["text"]["text"] == words);
            pressed.expect("a button to press")["action_id"]
                .as_str()
                .map(str::to_owned)
        });
        self.clicks(place, ts, &action_id.expect("an action of the button"))
    }

    /// Clicks the button `action_id` of a message; panics when it has no such button.
    /// <https://docs.slack.dev/reference/interaction-payloads/block_actions-payload>
    pub fn clicks(&self, place: &str, ts: &str, action_id: &str) -> Sent {
        self.inner.with(|state| {
            let channel = state.place(place);
            let at = state.find(&channel, ts).expect("a message to click on");
            let mut action =
                button(state.messages[at].blocks.as_ref(), action_id).expect("a button to click");
            action["action_ts"] = json!(state.next_ts());
            let (trigger_id, response_url) = self.trigger(state, &channel);
            let mut container = json!({
                "type": "message", "message_ts": ts, "channel_id": channel, "is_ephemeral": false,
            });
            if let Some(thread) = &state.messages[at].thread_ts {
                container["thread_ts"] = json!(thread);
            }
            let payload = json!({
                "type": "block_actions", "api_app_id": APP, "token": "verification", "enterprise": null,
                "is_enterprise_install": false, "trigger_id": trigger_id, "response_url": response_url,
                "team": { "id": TEAM, "domain": "test" },
                "user": { "id": self.id, "username": self.name, "name": self.name, "team_id": TEAM },
                "container": container, "channel": { "id": channel, "name": state.channels[&channel].name },
                "message": state.render(&state.messages[at], true), "state": { "values": {} },
                "actions": [action],
            });
            let delivered = state.emit_direct("interactive", payload);
            Sent {
                trigger_id,
                response_url,
                delivered,
            }
        })
    }

    fn trigger(&self, state: &mut State, channel: &str) -> (String, String) {
        let trigger = format!("{}.{}.trigger", state.next_id(), state.now.timestamp());
        (trigger, state.new_hook(channel, &self.id))
    }

    fn own(&self, state: &mut State, place: &str, ts: &str) -> usize {
        let channel = state.place(place);
        let at = state.find(&channel, ts).expect("a message of one's own");
        assert_eq!(
            state.messages[at].author,
            Author::Person(self.id.clone()),
            "somebody else's message"
        );
        at
    }
}

impl OtherBot {
    /// Bot id, for example `BOTHERBOT`.
    pub fn id(&self) -> String {
        format!("B{}", upper(&self.name))
    }

    /// Posts in a conversation; the text goes in as Slack keeps it (`<@UPM>` mentions our bot).
    pub fn says(&self, place: &str, text: &str) -> Ts {
        self.post(place, None, text)
    }

    /// Replies in a thread; a thread that is gone means the channel's root.
    pub fn replies(&self, place: &str, thread_ts: &str, text: &str) -> Ts {
        self.post(place, Some(thread_ts), text)
    }

    fn post(&self, place: &str, thread: Option<&str>, text: &str) -> Ts {
        self.inner.with(|state| {
            let channel = state.place(place);
            let author = Author::Bot {
                id: self.id(),
                name: self.name.clone(),
            };
            let msg = state.draft(&channel, thread, author, text.to_owned());
            let ts = msg.ts.clone();
            let at = state.push(msg);
            state.announce(at);
            ts
        })
    }
}

fn button(blocks: Option<&Value>, action_id: &str) -> Option<Value> {
    for block in blocks?.as_array()? {
        let elements = block["elements"].as_array().into_iter().flatten();
        for element in elements.chain(std::iter::once(&block["accessory"])) {
            if element["action_id"] == action_id {
                return Some(json!({
                    "type": element["type"], "action_id": action_id, "text": element["text"],
                    "value": element["value"], "block_id": block.get("block_id").unwrap_or(&json!("b1")),
                }));
            }
        }
    }
    None
}

/// The bot joins or leaves a conversation.
/// <https://docs.slack.dev/reference/events/member_joined_channel>
pub(super) fn membership(state: &mut State, place: &str, member: bool) {
    let channel = state.place(place);
    if let Some(found) = state.channels.get_mut(&channel) {
        found.bot_member = member;
    }
    if member {
        let kind = &state.channels[&channel].kind;
        let (scope, letter) = (format!("{}:read", kind.scope()), &channel[..1]);
        let event = json!({
            "type": "member_joined_channel", "user": BOT_USER, "channel": channel, "channel_type": letter,
            "team": TEAM, "inviter": "UANA", "event_ts": state.next_ts(),
        });
        state.emit(&channel, event, &scope);
    }
}
