//! What people and other bots do. Each act changes the guild and sends the app the events that Discord would send. A test that
//! lets somebody do what Discord's own window would not allow panics, or notes a problem where the app is to blame.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::Inner;
use super::commands::Typed;
use super::state::{BOT, GUILD, Id, Kind, Msg, Permission, State};

/// The command the app goes by.
const COMMAND: &str = "pm";

/// A person of the guild; made by `FakeDiscord::user`.
#[derive(Clone)]
pub struct Person {
    /// The guild.
    pub(super) inner: Arc<Inner>,
    /// User id.
    pub(super) id: Id,
    /// The name.
    pub(super) name: String,
}

/// Somebody else's bot or webhook; made by `FakeDiscord::bot` and `FakeDiscord::webhook`.
#[derive(Clone)]
pub struct OtherBot {
    /// The guild.
    pub(super) inner: Arc<Inner>,
    /// User id.
    pub(super) id: Id,
    /// It is a webhook.
    pub(super) webhook: bool,
}

impl Person {
    /// User id.
    pub fn id(&self) -> String {
        self.id.to_string()
    }

    /// Posts in a channel (`#name`, `@name` or an id, a thread's too); the message's id. `@name` mentions a user, `#name` a channel.
    pub fn says(&self, place: &str, typed: &str) -> String {
        self.post(place, None, typed, true)
    }

    /// Posts in a thread.
    pub fn says_in(&self, thread: &str, typed: &str) -> String {
        self.says(thread, typed)
    }

    /// Writes to the bot directly.
    pub fn dm(&self, typed: &str) -> String {
        self.says(&format!("@{}", self.name), typed)
    }

    /// The direct message with the bot.
    pub fn dm_channel(&self) -> String {
        self.inner.with(|state| state.direct(self.id)).to_string()
    }

    /// Replies to a message, which tells its author.
    pub fn replies_to(&self, place: &str, message: &str, typed: &str) -> String {
        self.post(place, Some(message), typed, true)
    }

    /// Replies to a message with the mention of its author switched off.
    pub fn replies_quietly_to(&self, place: &str, message: &str, typed: &str) -> String {
        self.post(place, Some(message), typed, false)
    }

    fn post(&self, place: &str, reply: Option<&str>, typed: &str, tells: bool) -> String {
        self.inner.with(|state| {
            let channel = state.place(place);
            assert!(
                may_post(state, self.id, channel),
                "{} cannot post in {place}",
                self.name
            );
            let mut msg = typed_message(state, channel, self.id, typed);
            if let Some(target) = reply {
                let at = found(state, channel, target);
                msg.kind = 19;
                msg.reference = Some(state.messages[at].id);
                let author = state.messages[at].author;
                msg.mentions
                    .extend(Some(author).filter(|author| tells && *author != self.id));
            }
            let id = msg.id;
            state.post(msg);
            id.to_string()
        })
    }

    /// Edits an own message.
    pub fn edits(&self, place: &str, message: &str, typed: &str) {
        self.inner.with(|state| {
            let at = self.own(state, place, message);
            let text = written(state, typed);
            let (now, mentions) = (state.now, mentions(state, &text));
            let msg = &mut state.messages[at];
            msg.revisions.push(text);
            (msg.edited, msg.mentions) = (Some(now), mentions);
            state.announce_message("MESSAGE_UPDATE", at);
        });
    }

    /// Deletes an own message.
    pub fn deletes(&self, place: &str, message: &str) {
        self.inner.with(|state| {
            let at = self.own(state, place, message);
            state.remove(at);
        });
    }

    /// Deletes any message, as a moderator may.
    pub fn removes(&self, place: &str, message: &str) {
        self.inner.with(|state| {
            let channel = state.place(place);
            let at = found(state, channel, message);
            state.remove(at);
        });
    }

    /// Opens a thread on a message; the thread's id, which is the message's.
    pub fn opens_thread(&self, place: &str, message: &str, name: &str) -> String {
        self.inner.with(|state| {
            let parent = state.place(place);
            let at = found(state, parent, message);
            let id = state.messages[at].id;
            state.open_thread(id, parent, self.id, name);
            id.to_string()
        })
    }

    /// Puts an emoji on any message.
    pub fn reacts(&self, place: &str, message: &str, emoji: &str) {
        self.inner.with(|state| {
            let channel = state.place(place);
            let at = found(state, channel, message);
            state.announce_reaction(at, self.id, emoji);
        });
    }

    /// Takes no direct messages from the bot any more, or does again.
    pub fn closes_dms(&self, closed: bool) {
        self.inner.with(|state| {
            state.users.get_mut(&self.id).expect("the person").closed = closed;
        });
    }

    /// Types `/pm` with a subcommand (`status`, or `schedule add`) and options; the interaction's id. What is not registered
    /// cannot be typed: a problem, and an empty id.
    pub fn slash(&self, place: &str, subcommand: &str, options: &[(&str, &str)]) -> String {
        self.command(
            place,
            2,
            &Typed {
                path: subcommand,
                options,
                focused: None,
            },
        )
    }

    /// Types `/pm` up to an option that offers completions; the interaction's id.
    pub fn completes(&self, place: &str, subcommand: &str, option: &str, so_far: &str) -> String {
        let options = [(option, so_far)];
        self.command(
            place,
            4,
            &Typed {
                path: subcommand,
                options: &options,
                focused: Some(option),
            },
        )
    }

    fn command(&self, place: &str, kind: u8, typed: &Typed) -> String {
        self.inner.with(|state| {
            let channel = state.place(place);
            let Some(data) = state.typed(COMMAND, typed) else {
                return String::new();
            };
            state.interact(kind, self.id, channel, None, data).to_string()
        })
    }

    /// Presses the button with this label on a message of the bot; the interaction's id. Panics when there is none to press.
    pub fn presses(&self, message: &str, label: &str) -> String {
        self.inner.with(|state| {
            let id: Id = message.parse().expect("a message id");
            let at = state
                .messages
                .iter()
                .position(|msg| msg.id == id && !msg.deleted)
                .expect("a message with buttons");
            let msg = &state.messages[at];
            let buttons = msg
                .components
                .iter()
                .filter_map(|row| row["components"].as_array())
                .flatten();
            let button = buttons
                .clone()
                .find(|button| button["label"] == label && button["disabled"] != true);
            let all: Vec<&Value> = buttons.map(|button| &button["label"]).collect();
            let button = button.unwrap_or_else(|| panic!("no button {label} to press among {all:?}"));
            let data = json!({ "component_type": 2, "custom_id": button["custom_id"], "id": 2 });
            let channel = msg.channel;
            state.interact(3, self.id, channel, Some(id), data).to_string()
        })
    }

    fn own(&self, state: &mut State, place: &str, message: &str) -> usize {
        let channel = state.place(place);
        let at = found(state, channel, message);
        assert_eq!(state.messages[at].author, self.id, "somebody else's message");
        at
    }
}

impl OtherBot {
    /// User id.
    pub fn id(&self) -> String {
        self.id.to_string()
    }

    /// Posts in a channel.
    pub fn says(&self, place: &str, typed: &str) -> String {
        self.inner.with(|state| {
            let channel = state.place(place);
            let mut msg = typed_message(state, channel, self.id, typed);
            msg.webhook = self.webhook.then_some(self.id);
            let id = msg.id;
            state.post(msg);
            id.to_string()
        })
    }
}

/// Where a message stands; panics when it is gone.
fn found(state: &State, channel: Id, message: &str) -> usize {
    let id = message.parse().expect("a message id");
    state.find(channel, id).expect("a message in that channel")
}

fn may_post(state: &State, user: Id, channel: Id) -> bool {
    let channel = &state.channels[&channel];
    let right = match channel.kind {
        Kind::Thread { locked: true, .. } => Permission::ManageThreads,
        Kind::Thread { .. } => Permission::SendMessagesInThreads,
        _ => Permission::SendMessages,
    };
    state.may(user, right, channel)
}

fn typed_message(state: &mut State, channel: Id, author: Id, typed: &str) -> Msg {
    let text = written(state, typed);
    let mut msg = state.draft(channel, author, text.clone());
    msg.mentions = mentions(state, &text);
    msg.everyone = text.contains("@everyone") || text.contains("@here");
    msg
}

/// The users a written text mentions.
fn mentions(state: &State, text: &str) -> BTreeSet<Id> {
    let named = |id: &&Id| text.contains(&format!("<@{id}>")) || text.contains(&format!("<@!{id}>"));
    state.users.keys().filter(named).copied().collect()
}

/// What a person typed, as it stands in the message: `@name` of a user and `#name` of a channel become ids, in a word of their
/// own. <https://discord.com/developers/docs/reference#message-formatting>
pub(super) fn written(state: &State, typed: &str) -> String {
    let mut out = String::new();
    let mut rest = typed;
    let mut after_word = false;
    while let Some(next) = rest.chars().next() {
        if !after_word && let Some((length, written)) = token(state, rest) {
            out.push_str(&written);
            rest = &rest[length..];
            after_word = true;
            continue;
        }
        out.push(next);
        after_word = next.is_alphanumeric() || matches!(next, '_' | '<');
        rest = &rest[next.len_utf8()..];
    }
    out
}

fn token(state: &State, rest: &str) -> Option<(usize, String)> {
    let sigil = rest.chars().next().filter(|c| matches!(c, '@' | '#'))?;
    let word = rest[1..]
        .split(|c: char| !(c.is_alphanumeric() || "_-".contains(c)))
        .next()?;
    let written = if sigil == '@' {
        format!("<@{}>", state.users.values().find(|user| user.name == word)?.id)
    } else {
        let named = state
            .channels
            .values()
            .find(|channel| channel.name == word && !word.is_empty());
        format!("<#{}>", named?.id)
    };
    Some((1 + word.len(), written))
}

/// The text as a person sees it: ids of users and channels become names again.
pub(super) fn shown(state: &State, text: &str) -> String {
    let mut out = text.to_owned();
    for user in state.users.values() {
        out = out.replace(&format!("<@{}>", user.id), &format!("@{}", user.name));
    }
    for channel in state.channels.values().filter(|channel| !channel.name.is_empty()) {
        out = out.replace(&format!("<#{}>", channel.id), &format!("#{}", channel.name));
    }
    out
}

/// The bot is taken out of the guild, or invited again.
/// <https://discord.com/developers/docs/events/gateway-events#guild-delete>
pub(super) fn membership(state: &mut State, member: bool) {
    if state.joined == member {
        return;
    }
    state.joined = member;
    state.announce_guild(member, false);
}

/// Deletes a channel with its threads, or a thread.
/// <https://discord.com/developers/docs/events/gateway-events#channel-delete>
pub(super) fn delete_channel(state: &mut State, id: Id) {
    let Some(channel) = state.channels.remove(&id) else {
        return;
    };
    state
        .channels
        .retain(|_, other| !matches!(other.kind, Kind::Thread { parent, .. } if parent == id));
    state.announce_channel_gone(&channel);
}

/// Gives or takes a right in a channel, from the bot when nobody is named.
pub(super) fn set_right(state: &mut State, place: &str, user: Option<&str>, right: Permission, given: bool) {
    let channel = state.place(place);
    let user = user.map_or(BOT, |name| state.user(name, false));
    assert_ne!(user, GUILD, "a user");
    let channel_id = channel;
    let channel = state.channels.get_mut(&channel).expect("the channel just found");
    let (to, from) = if given {
        (&mut channel.allowed, &mut channel.denied)
    } else {
        (&mut channel.denied, &mut channel.allowed)
    };
    *to.entry(user).or_default() |= right.bit();
    *from.entry(user).or_default() &= !right.bit();
    state.announce_channel("CHANNEL_UPDATE", channel_id);
}
