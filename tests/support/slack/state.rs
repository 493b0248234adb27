//! The workspace: channels, users and messages, and how a message looks as JSON.
//!
//! Invariants: `messages` is in `ts` order; a `ts` is unique in the whole workspace; a reply's `thread_ts`
//! names a root message of the same channel.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::events::Post;
use super::faults::Fault;
use super::hooks::{Hook, ResponsePost};
use super::text;

/// The workspace.
pub const TEAM: &str = "T1";
/// The app under test.
pub const APP: &str = "A1";
/// The bot's user.
pub const BOT_USER: &str = "UPM";
/// The bot as a sender of messages.
pub const BOT_ID: &str = "BPM";
/// The name people mention the bot by.
pub const BOT_NAME: &str = "pm";

/// Something that happens to the workspace.
pub(super) type Effect = Box<dyn FnOnce(&mut State) + Send>;

/// A message's id and time: seconds, a point, six digits.
pub type Ts = String;

/// A conversation.
#[derive(Debug, Clone)]
pub(super) struct Channel {
    /// `C…`, `G…` or `D…`.
    pub(super) id: String,
    /// Without `#`; empty for a direct message.
    pub(super) name: String,
    /// What it is.
    pub(super) kind: Kind,
    /// Nobody can post any more.
    pub(super) archived: bool,
    /// The bot sees it and may post.
    pub(super) bot_member: bool,
    /// Seconds since 1970.
    pub(super) created: i64,
}

/// What a conversation is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// Open to the workspace.
    Public,
    /// Known to its members only.
    Private,
    /// The bot and this user.
    Direct(String),
}

impl Kind {
    /// The prefix of the scopes that cover it. <https://docs.slack.dev/reference/scopes>
    pub(super) fn scope(&self) -> &'static str {
        match self {
            Self::Public => "channels",
            Self::Private => "groups",
            Self::Direct(_) => "im",
        }
    }

    /// `channel_type` in events. <https://docs.slack.dev/reference/events/message>
    pub(super) fn channel_type(&self) -> &'static str {
        match self {
            Self::Public => "channel",
            Self::Private => "group",
            Self::Direct(_) => "im",
        }
    }
}

/// Who wrote a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Author {
    /// A person, by user id.
    Person(String),
    /// The bot under test.
    Us,
    /// Somebody else's bot.
    Bot {
        /// `B…`.
        id: String,
        /// Shown name.
        name: String,
    },
}

/// One message.
#[derive(Debug, Clone)]
pub(super) struct Msg {
    /// Where it stands.
    pub(super) channel: String,
    /// Its id.
    pub(super) ts: Ts,
    /// The root it replies to.
    pub(super) thread_ts: Option<Ts>,
    /// A reply that also shows in the channel.
    pub(super) broadcast: bool,
    /// Who wrote it.
    pub(super) author: Author,
    /// Every text it had, the current one last.
    pub(super) revisions: Vec<String>,
    /// Block Kit blocks, as posted.
    pub(super) blocks: Option<Value>,
    /// `{event_type, event_payload}`.
    pub(super) metadata: Option<Value>,
    /// Link previews.
    pub(super) attachments: Vec<Value>,
    /// Last editor and when.
    pub(super) edited: Option<(String, Ts)>,
    /// Emoji and who.
    pub(super) reactions: Vec<(String, String)>,
    /// Gone (but a root with replies still shows as a tombstone).
    pub(super) deleted: bool,
}

impl Msg {
    /// The current text.
    pub(super) fn text(&self) -> &str {
        self.revisions.last().map_or("", String::as_str)
    }
}

/// Everything behind the fake's lock.
pub(super) struct State {
    /// The moment of the current access, by the test's clock.
    pub(super) now: DateTime<Utc>,
    /// `host:port` of the fake.
    pub(super) host: String,
    /// The newest `ts`, in microseconds.
    last_ts: i64,
    /// The newest of the other ids.
    last_id: u64,
    /// By id.
    pub(super) channels: BTreeMap<String, Channel>,
    /// User id to handle, people only.
    pub(super) users: BTreeMap<String, String>,
    /// In `ts` order.
    pub(super) messages: Vec<Msg>,
    /// What the bot token may do.
    pub(super) scopes: BTreeSet<String>,
    /// When set, both tokens are answered with this error.
    pub(super) auth_error: Option<String>,
    /// Every Web API call in order: method and arguments, without the token.
    pub(super) calls: Vec<(String, Value)>,
    /// Faults that wait for their call.
    pub(super) faults: VecDeque<Fault>,
    /// Calls whose answer waits, by a number of their own.
    pub(super) held: BTreeMap<u64, String>,
    /// Effects that come later, and when.
    pub(super) later: Vec<(DateTime<Utc>, Effect)>,
    /// The `response_url`s that were handed out.
    pub(super) hooks: BTreeMap<String, Hook>,
    /// What was posted to them.
    pub(super) response_posts: Vec<ResponsePost>,
    /// Sockets and what travels over them.
    pub(super) post: Post,
}

impl State {
    /// A workspace with the bot, ana, ben and cy, and no channel.
    pub(super) fn new(now: DateTime<Utc>, host: String) -> Self {
        let scopes = "app_mentions:read channels:history channels:read chat:write commands groups:history \
                      groups:read im:history im:read im:write reactions:read reactions:write users:read";
        let users = ["ana", "ben", "cy"];
        Self {
            now,
            host,
            last_ts: now.timestamp_micros(),
            last_id: 0,
            channels: BTreeMap::new(),
            users: users
                .iter()
                .map(|name| (user_id(name), (*name).to_owned()))
                .collect(),
            messages: Vec::new(),
            scopes: scopes.split(' ').map(str::to_owned).collect(),
            auth_error: None,
            calls: Vec::new(),
            faults: VecDeque::new(),
            held: BTreeMap::new(),
            later: Vec::new(),
            hooks: BTreeMap::new(),
            response_posts: Vec::new(),
            post: Post::default(),
        }
    }

    /// The next `ts`: the clock's time, or a little after the newest when the clock stands still.
    pub(super) fn next_ts(&mut self) -> Ts {
        self.last_ts = self.now.timestamp_micros().max(self.last_ts + 100);
        format!("{}.{:06}", self.last_ts / 1_000_000, self.last_ts % 1_000_000)
    }

    /// A number nobody else has.
    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// The conversation a test names: `#name` (made when missing, public, with the bot), `@user` (the direct
    /// message with the bot) or an id that exists.
    pub(super) fn place(&mut self, name: &str) -> String {
        if let Some(handle) = name.strip_prefix('@') {
            return self.direct(&user_id(handle));
        }
        let Some(name) = name.strip_prefix('#') else {
            assert!(self.channels.contains_key(name), "no conversation {name}");
            return name.to_owned();
        };
        if let Some(channel) = self.channels.values().find(|channel| channel.name == name) {
            return channel.id.clone();
        }
        let id = format!("C{}", upper(name));
        assert!(
            !self.channels.contains_key(&id),
            "#{name} has the id of another channel"
        );
        self.add(Channel {
            id: id.clone(),
            name: name.to_owned(),
            kind: Kind::Public,
            archived: false,
            bot_member: true,
            created: self.now.timestamp(),
        });
        id
    }

    /// The direct message of the bot and a user.
    pub(super) fn direct(&mut self, user: &str) -> String {
        let id = format!("D{}", &user[1..]);
        if !self.channels.contains_key(&id) {
            self.add(Channel {
                id: id.clone(),
                name: String::new(),
                kind: Kind::Direct(user.to_owned()),
                archived: false,
                bot_member: true,
                created: self.now.timestamp(),
            });
        }
        id
    }

    fn add(&mut self, channel: Channel) {
        self.channels.insert(channel.id.clone(), channel);
    }

    /// Where a message stands in `messages`; deleted ones only when they show as a tombstone.
    pub(super) fn find(&self, channel: &str, ts: &str) -> Option<usize> {
        self.messages
            .iter()
            .position(|msg| msg.channel == channel && msg.ts == ts && self.shows(msg))
    }

    /// Whether clients still see the message.
    pub(super) fn shows(&self, msg: &Msg) -> bool {
        !msg.deleted || self.replies(msg).next().is_some()
    }

    /// The living replies to a message, oldest first.
    pub(super) fn replies<'a>(&'a self, root: &'a Msg) -> impl Iterator<Item = &'a Msg> {
        self.messages.iter().filter(move |msg| {
            !msg.deleted && msg.channel == root.channel && msg.thread_ts.as_deref() == Some(&root.ts)
        })
    }

    /// Adds a message. A `thread_ts` that names no root with something to show is dropped: the message then
    /// stands at the channel's root, and nobody is told.
    pub(super) fn push(&mut self, mut msg: Msg) -> usize {
        let alive = |root: &str| {
            self.find(&msg.channel, root)
                .is_some_and(|at| self.messages[at].thread_ts.is_none())
        };
        if !msg.thread_ts.as_deref().is_some_and(alive) {
            msg.thread_ts = None;
            msg.broadcast = false;
        }
        self.messages.push(msg);
        self.messages.len() - 1
    }

    /// A message of this text and nothing else.
    pub(super) fn draft(&mut self, channel: &str, thread: Option<&str>, author: Author, text: String) -> Msg {
        Msg {
            channel: channel.to_owned(),
            ts: self.next_ts(),
            thread_ts: thread.map(str::to_owned),
            broadcast: false,
            author,
            revisions: vec![text],
            blocks: None,
            metadata: None,
            attachments: Vec::new(),
            edited: None,
            reactions: Vec::new(),
            deleted: false,
        }
    }

    /// The message as Slack returns it. <https://docs.slack.dev/reference/events/message>
    pub(super) fn render(&self, msg: &Msg, metadata: bool) -> Value {
        let mut out = json!({ "type": "message", "ts": msg.ts });
        if msg.deleted {
            merge(
                &mut out,
                json!({
                    "subtype": "tombstone", "user": "USLACKBOT", "hidden": true,
                    "text": "This message was deleted.",
                }),
            );
        } else {
            merge(&mut out, json!({ "team": TEAM, "text": msg.text() }));
            merge(&mut out, author(msg));
            if let Some(blocks) = &msg.blocks {
                out["blocks"] = blocks.clone();
            }
            if let (true, Some(data)) = (metadata, &msg.metadata) {
                out["metadata"] = data.clone();
            }
            if let Some((user, ts)) = &msg.edited {
                out["edited"] = json!({ "user": user, "ts": ts });
            }
            if !msg.attachments.is_empty() {
                out["attachments"] = json!(msg.attachments);
            }
            if !msg.reactions.is_empty() {
                out["reactions"] = reactions(msg);
            }
        }
        merge(&mut out, self.thread_fields(msg));
        out
    }

    fn thread_fields(&self, msg: &Msg) -> Value {
        if let Some(root) = &msg.thread_ts {
            let mut out = json!({ "thread_ts": root });
            if let Some(at) = self.find(&msg.channel, root) {
                out["parent_user_id"] = author(&self.messages[at])["user"].clone();
            }
            if msg.broadcast {
                out["subtype"] = json!("thread_broadcast");
            }
            return out;
        }
        let users: BTreeSet<String> = self.replies(msg).map(writer).collect();
        let Some(latest) = self.replies(msg).last() else {
            return json!({});
        };
        json!({
            "thread_ts": msg.ts, "reply_count": self.replies(msg).count(), "latest_reply": latest.ts,
            "reply_users_count": users.len(), "reply_users": users, "is_locked": false, "subscribed": false,
        })
    }
}

/// Who wrote it, as one id: the user, or the bot id of somebody else's bot.
pub(super) fn writer(msg: &Msg) -> String {
    match &msg.author {
        Author::Person(user) => user.clone(),
        Author::Us => BOT_USER.to_owned(),
        Author::Bot { id, .. } => id.clone(),
    }
}

fn author(msg: &Msg) -> Value {
    match &msg.author {
        Author::Person(user) => json!({
            "user": user, "client_msg_id": format!("client-{}", msg.ts),
            "blocks": [{ "type": "rich_text", "block_id": "typed", "elements": [{
                "type": "rich_text_section",
                "elements": [{ "type": "text", "text": text::plain(msg.text()) }],
            }]}],
        }),
        Author::Us => json!({
            "user": BOT_USER, "bot_id": BOT_ID, "app_id": APP,
            "bot_profile": {
                "id": BOT_ID, "deleted": false, "name": BOT_NAME, "updated": 1_600_000_000, "app_id": APP,
                "user_id": BOT_USER, "team_id": TEAM, "icons": {},
            },
        }),
        Author::Bot { id, name } => json!({ "subtype": "bot_message", "bot_id": id, "username": name }),
    }
}

fn reactions(msg: &Msg) -> Value {
    let mut by_name: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, user) in &msg.reactions {
        by_name.entry(name).or_default().push(user);
    }
    let listed = by_name.iter();
    listed
        .map(|(name, users)| json!({ "name": name, "count": users.len(), "users": users }))
        .collect()
}

/// Adds the fields of one object to another.
pub(super) fn merge(into: &mut Value, from: Value) {
    if let (Some(into), Value::Object(from)) = (into.as_object_mut(), from) {
        into.extend(from);
    }
}

/// The id of the user with this handle.
pub(super) fn user_id(name: &str) -> String {
    format!("U{}", upper(name))
}

/// The letters and digits of a name, in capitals.
pub(super) fn upper(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_uppercase())
        .collect()
}

/// A `ts` in microseconds; whole seconds are taken as well.
pub(super) fn micros(ts: &str) -> Option<i64> {
    let (seconds, fraction) = ts.split_once('.').unwrap_or((ts, ""));
    if fraction.len() > 6 || !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let seconds: i64 = seconds.parse().ok()?;
    let fraction: i64 = format!("{fraction:0<6}").parse().ok()?;
    seconds.checked_mul(1_000_000)?.checked_add(fraction)
}
