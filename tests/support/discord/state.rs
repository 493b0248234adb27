//! The server ("guild"), its channels, people and messages.
//!
//! Invariants: an id is unique and grows with time; `messages` is in id order; a thread's parent is a text channel of the
//! guild; a message's channel exists, or existed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::{DateTime, TimeZone, Utc};
use serde_json::Value;

use super::faults::Fault;
use super::interactions::Interaction;
use super::limits::Limits;
use super::session::Gateway;

/// The id of anything. <https://discord.com/developers/docs/reference#snowflakes>
pub(super) type Id = u64;

/// The guild.
pub(super) const GUILD: Id = 1_100_000_000_000_000_001;
/// The application under test.
pub(super) const APP: Id = 1_100_000_000_000_000_002;
/// The bot's user; young applications share the id with their bot.
pub(super) const BOT: Id = APP;
/// The name people mention the bot by.
pub const BOT_NAME: &str = "pm";

/// Milliseconds from 1970 to the first snowflake, 2015. <https://discord.com/developers/docs/reference#snowflakes>
const EPOCH: i64 = 1_420_070_400_000;

/// Something that happens to the guild.
pub(super) type Effect = Box<dyn FnOnce(&mut State) + Send>;

/// A right in a channel. <https://discord.com/developers/docs/topics/permissions>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// See the channel and what happens in it.
    ViewChannel,
    /// Post in a channel; has no meaning in threads.
    SendMessages,
    /// Read what was said before.
    ReadMessageHistory,
    /// Post in threads.
    SendMessagesInThreads,
    /// Open public threads.
    CreatePublicThreads,
    /// Delete what others wrote; nobody has it at first.
    ManageMessages,
    /// Lock and unlock threads; nobody has it at first.
    ManageThreads,
}

impl Permission {
    /// The bit of the permission.
    pub(super) fn bit(self) -> u64 {
        1 << match self {
            Self::ViewChannel => 10,
            Self::SendMessages => 11,
            Self::ManageMessages => 13,
            Self::ReadMessageHistory => 16,
            Self::ManageThreads => 34,
            Self::CreatePublicThreads => 35,
            Self::SendMessagesInThreads => 38,
        }
    }
}

/// What everybody may at first: the rights above without the managing ones; embed links, react, use commands, tell everybody.
pub(super) const EVERYBODY: u64 =
    (1 << 6) | (1 << 10) | (1 << 11) | (1 << 14) | (1 << 16) | (1 << 17) | (1 << 31) | (1 << 35) | (1 << 38);

/// A person or a bot.
#[derive(Debug, Clone)]
pub(super) struct User {
    /// Its id.
    pub(super) id: Id,
    /// The name, lower case.
    pub(super) name: String,
    /// A bot, ours or another.
    pub(super) bot: bool,
    /// Takes no direct messages of ours.
    pub(super) closed: bool,
}

/// What a channel is. <https://discord.com/developers/docs/resources/channel#channel-object-channel-types>
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A text channel of the guild.
    Text,
    /// A public thread.
    Thread {
        /// The text channel it hangs on.
        parent: Id,
        /// Who opened it.
        owner: Id,
        /// Nobody spoke for long; a new message brings it back.
        archived: bool,
        /// Only who manages threads may speak.
        locked: bool,
    },
    /// The bot and this person.
    Direct(Id),
}

/// A channel, a thread or a direct message.
#[derive(Debug, Clone)]
pub(super) struct Channel {
    /// Its id.
    pub(super) id: Id,
    /// Without `#`; empty for a direct message.
    pub(super) name: String,
    /// What it is.
    pub(super) kind: Kind,
    /// Rights taken from somebody, by user id.
    pub(super) denied: BTreeMap<Id, u64>,
    /// Rights given to somebody, by user id.
    pub(super) allowed: BTreeMap<Id, u64>,
}

/// A message.
#[derive(Debug, Clone)]
pub(super) struct Msg {
    /// Its id.
    pub(super) id: Id,
    /// Where it stands.
    pub(super) channel: Id,
    /// Who wrote it.
    pub(super) author: Id,
    /// <https://discord.com/developers/docs/resources/message#message-object-message-types>
    pub(super) kind: u8,
    /// Every text it had, the current one last.
    pub(super) revisions: Vec<String>,
    /// When it was last edited by its author.
    pub(super) edited: Option<DateTime<Utc>>,
    /// Embeds, as posted.
    pub(super) embeds: Vec<Value>,
    /// Rows of components, as posted.
    pub(super) components: Vec<Value>,
    /// The message it replies to.
    pub(super) reference: Option<Id>,
    /// Who is mentioned and told: user ids.
    pub(super) mentions: BTreeSet<Id>,
    /// Everybody is told.
    pub(super) everyone: bool,
    /// The sender's mark, as sent.
    pub(super) nonce: Option<Value>,
    /// <https://discord.com/developers/docs/resources/message#message-object-message-flags>
    pub(super) flags: u64,
    /// The interaction it answers.
    pub(super) interaction: Option<Id>,
    /// A webhook wrote it.
    pub(super) webhook: Option<Id>,
    /// Gone.
    pub(super) deleted: bool,
}

/// Seen by one person only.
pub(super) const EPHEMERAL: u64 = 1 << 6;
/// The app is still thinking.
pub(super) const LOADING: u64 = 1 << 7;

impl Msg {
    /// The current text.
    pub(super) fn text(&self) -> &str {
        self.revisions.last().map_or("", String::as_str)
    }

    /// Seen by one person only.
    pub(super) fn ephemeral(&self) -> bool {
        self.flags & EPHEMERAL != 0
    }
}

/// A call that reached us.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The route, for example `POST /channels/{channel}/messages`.
    pub route: &'static str,
    /// The path and query as they came.
    pub path: String,
    /// The body; null for none.
    pub body: Value,
}

/// Everything.
pub(super) struct State {
    /// The time of what happens next.
    pub(super) now: DateTime<Utc>,
    /// Host and port of the server.
    pub(super) host: String,
    /// The newest snowflake.
    last_id: Id,
    /// The bot is in the guild.
    pub(super) joined: bool,
    /// The guild is down.
    pub(super) outage: bool,
    /// Calls with the bot's token are refused.
    pub(super) revoked: bool,
    /// The application may read what people write.
    pub(super) message_content: bool,
    /// By id.
    pub(super) channels: BTreeMap<Id, Channel>,
    /// By id.
    pub(super) users: BTreeMap<Id, User>,
    /// In id order.
    pub(super) messages: Vec<Msg>,
    /// Registered everywhere.
    pub(super) commands: Vec<Value>,
    /// Registered in the guild.
    pub(super) guild_commands: Vec<Value>,
    /// By id.
    pub(super) interactions: BTreeMap<Id, Interaction>,
    /// Calls, in order, refused ones too.
    pub(super) calls: Vec<Call>,
    /// Faults that wait for their call.
    pub(super) faults: VecDeque<(&'static str, Fault)>,
    /// Calls that wait for the test, by a number of their own.
    pub(super) held: BTreeMap<Id, &'static str>,
    /// Effects that come later, and when.
    pub(super) later: Vec<(DateTime<Utc>, Effect)>,
    /// What the application should not have done.
    pub(super) problems: Vec<String>,
    /// Rate limits.
    pub(super) limits: Limits,
    /// Sessions and connections.
    pub(super) gateway: Gateway,
}

impl State {
    /// A guild with the bot, ana, ben and cy, and no channel.
    pub(super) fn new(now: DateTime<Utc>, host: String) -> Self {
        let mut state = Self {
            now,
            host,
            last_id: 0,
            joined: true,
            outage: false,
            revoked: false,
            message_content: true,
            channels: BTreeMap::new(),
            users: BTreeMap::new(),
            messages: Vec::new(),
            commands: Vec::new(),
            guild_commands: Vec::new(),
            interactions: BTreeMap::new(),
            calls: Vec::new(),
            faults: VecDeque::new(),
            held: BTreeMap::new(),
            later: Vec::new(),
            problems: Vec::new(),
            limits: Limits::default(),
            gateway: Gateway::default(),
        };
        let us = User {
            id: BOT,
            name: BOT_NAME.to_owned(),
            bot: true,
            closed: false,
        };
        state.users.insert(BOT, us);
        for name in ["ana", "ben", "cy"] {
            state.user(name, false);
        }
        state
    }

    /// The next snowflake: the clock's time, or a little after the newest when the clock stands still.
    pub(super) fn next_id(&mut self) -> Id {
        let millis = (self.now.timestamp_millis() - EPOCH).max(0).unsigned_abs();
        self.last_id = (millis << 22).max(self.last_id + 1);
        self.last_id
    }

    /// The user with this name, made when missing.
    pub(super) fn user(&mut self, name: &str, bot: bool) -> Id {
        if let Some(user) = self.users.values().find(|user| user.name == name) {
            return user.id;
        }
        let id = named("user", name);
        let user = User {
            id,
            name: name.to_owned(),
            bot,
            closed: false,
        };
        assert!(self.users.insert(id, user).is_none(), "two users share an id");
        id
    }

    /// The channel a test names: `#name` (made when missing), `@user` (the direct message with the bot) or an id that exists.
    pub(super) fn place(&mut self, name: &str) -> Id {
        if let Some(user) = name.strip_prefix('@') {
            let user = self.user(user, false);
            return self.direct(user);
        }
        let Some(name) = name.strip_prefix('#') else {
            let id = name.parse().unwrap_or_default();
            assert!(self.channels.contains_key(&id), "no channel {name}");
            return id;
        };
        let of_that_name = |channel: &&Channel| channel.kind == Kind::Text && channel.name == name;
        if let Some(channel) = self.channels.values().find(of_that_name) {
            return channel.id;
        }
        let id = named("channel", name);
        self.open(id, name, Kind::Text);
        self.announce_channel("CHANNEL_CREATE", id);
        id
    }

    /// The direct message of the bot and a person.
    pub(super) fn direct(&mut self, user: Id) -> Id {
        let with = |channel: &&Channel| channel.kind == Kind::Direct(user);
        if let Some(channel) = self.channels.values().find(with) {
            return channel.id;
        }
        let id = named("direct", &user.to_string());
        self.open(id, "", Kind::Direct(user));
        id
    }

    /// Adds a channel.
    pub(super) fn open(&mut self, id: Id, name: &str, kind: Kind) {
        let channel = Channel {
            id,
            name: name.to_owned(),
            kind,
            denied: BTreeMap::new(),
            allowed: BTreeMap::new(),
        };
        assert!(
            self.channels.insert(id, channel).is_none(),
            "two channels share an id"
        );
    }

    /// What a user may in a channel. <https://discord.com/developers/docs/topics/permissions#permission-overwrites>
    pub(super) fn rights(&self, user: Id, channel: &Channel) -> u64 {
        let channel = match channel.kind {
            Kind::Direct(person) => {
                return if user == BOT || user == person {
                    EVERYBODY
                } else {
                    0
                };
            }
            Kind::Thread { parent, .. } => self.channels.get(&parent),
            Kind::Text => Some(channel),
        };
        let Some(channel) = channel else { return 0 };
        if user == BOT && !self.joined {
            return 0;
        }
        let denied = channel.denied.get(&user).copied().unwrap_or_default();
        let allowed = channel.allowed.get(&user).copied().unwrap_or_default();
        let rights = (EVERYBODY & !denied) | allowed;
        // Who cannot see a channel can do nothing in it: <https://discord.com/developers/docs/topics/permissions#implicit-permissions>
        if rights & Permission::ViewChannel.bit() == 0 {
            0
        } else {
            rights
        }
    }

    /// Whether a user has a right in a channel.
    pub(super) fn may(&self, user: Id, right: Permission, channel: &Channel) -> bool {
        self.rights(user, channel) & right.bit() != 0
    }

    /// Where a living message stands in `messages`.
    pub(super) fn find(&self, channel: Id, id: Id) -> Option<usize> {
        let at = self.messages.binary_search_by_key(&id, |msg| msg.id).ok()?;
        let msg = &self.messages[at];
        (msg.channel == channel && !msg.deleted).then_some(at)
    }

    /// A plain message with the next id.
    pub(super) fn draft(&mut self, channel: Id, author: Id, text: String) -> Msg {
        Msg {
            id: self.next_id(),
            channel,
            author,
            kind: 0,
            revisions: vec![text],
            edited: None,
            embeds: Vec::new(),
            components: Vec::new(),
            reference: None,
            mentions: BTreeSet::new(),
            everyone: false,
            nonce: None,
            flags: 0,
            interaction: None,
            webhook: None,
            deleted: false,
        }
    }

    /// Adds a message and tells the app; a post brings an archived thread back.
    pub(super) fn post(&mut self, msg: Msg) -> usize {
        let channel = msg.channel;
        let mut back = false;
        if let Some(Kind::Thread { archived, .. }) = self.channels.get_mut(&channel).map(|c| &mut c.kind) {
            back = std::mem::take(archived);
        }
        if back {
            self.announce_channel("THREAD_UPDATE", channel);
        }
        self.messages.push(msg);
        let at = self.messages.len() - 1;
        self.announce_message("MESSAGE_CREATE", at);
        at
    }

    /// Marks a message deleted and tells the app.
    pub(super) fn remove(&mut self, at: usize) {
        self.messages[at].deleted = true;
        self.announce_deletion(at);
    }

    /// Notes what the application should not have done.
    pub(super) fn problem(&mut self, what: impl Into<String>) {
        self.problems.push(what.into());
    }
}

/// A stable id for something with a name: the same whatever else a test makes.
fn named(kind: &str, name: &str) -> Id {
    let hash = kind
        .bytes()
        .chain([b':'])
        .chain(name.bytes())
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    1_200_000_000_000_000_000 + hash % 100_000_000_000_000_000
}

/// When a snowflake was made.
pub(super) fn made(id: Id) -> DateTime<Utc> {
    let millis = i64::try_from(id >> 22).unwrap_or_default() + EPOCH;
    Utc.timestamp_millis_opt(millis).single().unwrap_or_default()
}
