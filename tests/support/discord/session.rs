//! Sessions of the gateway: what is dispatched to whom, what a resumed connection gets again.
//! <https://discord.com/developers/docs/events/gateway>
//!
//! Invariants: a session numbers its dispatches from 1 without a gap and keeps them all; an event goes to every session that
//! can still be resumed; a session has one connection at most.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::shape::channel_type;
use super::state::{APP, BOT, Channel, GUILD, Id, Kind, Permission, State};

/// Events about the guild and its channels. <https://discord.com/developers/docs/events/gateway#list-of-intents>
pub(super) const GUILDS: u64 = 1;
/// Messages in the guild.
pub(super) const GUILD_MESSAGES: u64 = 1 << 9;
/// Direct messages.
pub(super) const DIRECT_MESSAGES: u64 = 1 << 12;
/// Reactions in the guild.
pub(super) const GUILD_MESSAGE_REACTIONS: u64 = 1 << 10;
/// Reactions in direct messages.
pub(super) const DIRECT_MESSAGE_REACTIONS: u64 = 1 << 13;
/// What others write; privileged.
pub(super) const MESSAGE_CONTENT: u64 = 1 << 15;
/// Members and presences; privileged, and this app has neither.
pub(super) const NEVER: u64 = (1 << 1) | (1 << 8);
/// Every intent there is.
pub(super) const KNOWN: u64 = ((1 << 17) - 1) | (1 << 20) | (1 << 21) | (1 << 24) | (1 << 25);

/// What a connection's task is told.
pub(super) enum Out {
    /// Send this text.
    Text(String),
    /// Close with this code.
    Close(u16),
    /// End without a close frame.
    Cut,
    /// Stay open, and do nothing any more.
    Silence,
}

/// A connection that is a session's now.
pub(super) struct Connection {
    /// Its number.
    pub(super) id: Id,
    /// To its task.
    pub(super) out: mpsc::Sender<Out>,
}

/// A session.
pub(super) struct Session {
    /// Its name.
    pub(super) id: String,
    /// What it wants to hear.
    pub(super) intents: u64,
    /// Its dispatches, the first being number 1.
    pub(super) log: Vec<String>,
    /// The connection, while there is one.
    pub(super) connection: Option<Connection>,
    /// Cannot be resumed any more.
    pub(super) over: bool,
    /// The number of the last dispatch that the client says it has.
    pub(super) heard: usize,
}

/// An event before it is anybody's.
#[derive(Clone)]
pub(super) struct Event {
    /// Its name, for example `MESSAGE_CREATE`.
    name: &'static str,
    /// What it carries.
    data: Value,
    /// What it carries for sessions that may not read what people write.
    stripped: Option<Value>,
    /// The intent it needs; 0 for none.
    intent: u64,
}

/// Sessions and connections.
#[derive(Default)]
pub(super) struct Gateway {
    /// In the order they began.
    pub(super) sessions: Vec<Session>,
    /// Sockets that are open, sessions or not.
    pub(super) sockets: Vec<Connection>,
    /// Sockets that were ever opened.
    pub(super) opened: usize,
    /// IDENTIFYs that were accepted, and the intents they named.
    pub(super) identifies: Vec<u64>,
    /// RESUMEs that were accepted.
    pub(super) resumes: usize,
    /// Heartbeats that came.
    pub(super) heartbeats: usize,
    /// Each dispatch is followed by a request for a heartbeat, which tells what the client has heard.
    pub(super) followed: bool,
    /// Heartbeats are not acknowledged.
    pub(super) deaf: bool,
    /// Events wait.
    pub(super) paused: bool,
    /// Events that wait, oldest first.
    pub(super) waiting: VecDeque<Event>,
    /// The next event goes out twice.
    pub(super) twice: bool,
    /// The newest event, to send it again.
    pub(super) last: Option<Event>,
    /// What HELLO says about heartbeats, when the test changed it.
    pub(super) heartbeat: Option<Duration>,
    /// What the next RESUMEs are refused with: whether one may try again.
    pub(super) refuse_resumes: VecDeque<bool>,
    /// What the next IDENTIFYs are refused with: whether one may resume.
    pub(super) refuse_identifies: VecDeque<bool>,
    /// Frames handed to a connection's task and not yet written.
    pub(super) under_way: usize,
}

impl State {
    /// Sends an event to everybody who listens, now or when the test releases it.
    fn emit(&mut self, event: Event) {
        let again = std::mem::take(&mut self.gateway.twice).then(|| event.clone());
        for event in [Some(event), again].into_iter().flatten() {
            if self.gateway.paused {
                self.gateway.waiting.push_back(event);
            } else {
                self.send(event);
            }
        }
    }

    fn send(&mut self, event: Event) {
        for at in 0..self.gateway.sessions.len() {
            let session = &self.gateway.sessions[at];
            if session.over || (event.intent != 0 && session.intents & event.intent == 0) {
                continue;
            }
            let reads = session.intents & MESSAGE_CONTENT != 0;
            let data = event
                .stripped
                .as_ref()
                .filter(|_| !reads)
                .unwrap_or(&event.data)
                .clone();
            self.dispatch(at, event.name, &data);
        }
        self.gateway.last = Some(event);
    }

    /// Numbers a dispatch and puts it on the session's connection.
    pub(super) fn dispatch(&mut self, session: usize, name: &str, data: &Value) {
        let session = &mut self.gateway.sessions[session];
        let text = json!({ "op": 0, "s": session.log.len() + 1, "t": name, "d": data }).to_string();
        session.log.push(text.clone());
        if let Some(connection) = &session.connection
            && connection.out.try_send(Out::Text(text)).is_ok()
        {
            self.gateway.under_way += 1;
            // A request that finds no room is made again with the next dispatch.
            let request = self
                .gateway
                .followed
                .then(|| json!({ "op": 1, "d": null }).to_string());
            if request.is_some_and(|request| connection.out.try_send(Out::Text(request)).is_ok()) {
                self.gateway.under_way += 1;
            }
        }
    }

    /// Sends what waits.
    pub(super) fn flush(&mut self) {
        self.gateway.paused = false;
        for event in std::mem::take(&mut self.gateway.waiting) {
            self.send(event);
        }
    }

    /// Sends the newest event again, as a new dispatch.
    pub(super) fn resend(&mut self) {
        if let Some(event) = self.gateway.last.clone() {
            self.send(event);
        }
    }

    /// Begins a session on a connection: READY, then the guild.
    /// <https://discord.com/developers/docs/events/gateway-events#ready>
    pub(super) fn begin(&mut self, connection: Connection, intents: u64, shard: Option<&Value>) {
        let id = format!("session-{}", self.next_id());
        self.gateway.identifies.push(intents);
        let mut ready = json!({
            "v": 10, "user": self.me(), "session_id": id, "session_type": "normal",
            "resume_gateway_url": format!("ws://{}/resume", self.host), "private_channels": [], "user_settings": {},
            "guilds": [], "application": { "id": APP.to_string(), "flags": self.app_flags() },
            "geo_ordered_rtc_regions": [], "guild_join_requests": [], "presences": [], "relationships": [],
            "_trace": ["fake"],
        });
        if let Some(shard) = shard {
            ready["shard"] = shard.clone();
        }
        if self.joined {
            ready["guilds"] = json!([{ "id": GUILD.to_string(), "unavailable": true }]);
        }
        let session = Session {
            id,
            intents,
            log: Vec::new(),
            connection: Some(connection),
            over: false,
            heard: 0,
        };
        self.gateway.sessions.push(session);
        let at = self.gateway.sessions.len() - 1;
        self.dispatch(at, "READY", &ready);
        if self.joined && !self.outage && intents & GUILDS != 0 {
            let guild = self.guild_create_json();
            self.dispatch(at, "GUILD_CREATE", &guild);
        }
    }

    /// Puts a session on a new connection and sends what it missed after `seq`.
    /// <https://discord.com/developers/docs/events/gateway#resuming>
    pub(super) fn resume(&mut self, session: usize, connection: Connection, seq: usize) {
        self.gateway.resumes += 1;
        let session_at = session;
        let session = &mut self.gateway.sessions[session];
        for text in &session.log[seq.min(session.log.len())..] {
            if connection.out.try_send(Out::Text(text.clone())).is_ok() {
                self.gateway.under_way += 1;
            }
        }
        session.connection = Some(connection);
        self.dispatch(session_at, "RESUMED", &json!({ "_trace": ["fake"] }));
    }

    /// Tells every open socket's task something.
    pub(super) fn tell_sockets(&mut self, out: impl Fn() -> Out) {
        for socket in &self.gateway.sockets {
            // A full or closed channel belongs to a socket that is ending anyway.
            drop(socket.out.try_send(out()));
        }
    }

    /// Forgets a socket that ended; its session waits to be resumed.
    pub(super) fn socket_gone(&mut self, id: Id) {
        self.gateway.sockets.retain(|socket| socket.id != id);
        for session in &mut self.gateway.sessions {
            if session
                .connection
                .as_ref()
                .is_some_and(|connection| connection.id == id)
            {
                session.connection = None;
            }
        }
    }

    /// Tells the app about a message it may see: `MESSAGE_CREATE` or `MESSAGE_UPDATE`.
    pub(super) fn announce_message(&mut self, name: &'static str, at: usize) {
        let msg = self.messages[at].clone();
        if msg.ephemeral() || !self.hears(msg.channel) {
            return;
        }
        let mut data = self.gateway_message(&msg, true);
        let mut stripped = self.gateway_message(&msg, false);
        if let (Some(nonce), "MESSAGE_CREATE") = (&msg.nonce, name) {
            data["nonce"] = nonce.clone();
            stripped["nonce"] = nonce.clone();
        }
        let intent = self.message_intent(msg.channel);
        self.emit(Event {
            name,
            data,
            stripped: Some(stripped),
            intent,
        });
    }

    /// <https://discord.com/developers/docs/events/gateway-events#message-delete>
    pub(super) fn announce_deletion(&mut self, at: usize) {
        let (id, channel) = (self.messages[at].id, self.messages[at].channel);
        if self.messages[at].ephemeral() || !self.hears(channel) {
            return;
        }
        let mut data = json!({ "id": id.to_string(), "channel_id": channel.to_string() });
        if !self.is_direct(channel) {
            data["guild_id"] = json!(GUILD.to_string());
        }
        let intent = self.message_intent(channel);
        self.emit(Event {
            name: "MESSAGE_DELETE",
            data,
            stripped: None,
            intent,
        });
    }

    /// <https://discord.com/developers/docs/events/gateway-events#message-reaction-add>
    pub(super) fn announce_reaction(&mut self, at: usize, user: Id, emoji: &str) {
        let (message, channel, author) = {
            let msg = &self.messages[at];
            (msg.id, msg.channel, msg.author)
        };
        if !self.hears(channel) {
            return;
        }
        let mut data = json!({
            "user_id": user.to_string(), "channel_id": channel.to_string(), "message_id": message.to_string(),
            "message_author_id": author.to_string(), "emoji": { "id": null, "name": emoji }, "burst": false, "type": 0,
        });
        let mut intent = DIRECT_MESSAGE_REACTIONS;
        if !self.is_direct(channel) {
            data["guild_id"] = json!(GUILD.to_string());
            data["member"] = self.member_json(user);
            intent = GUILD_MESSAGE_REACTIONS;
        }
        self.emit(Event {
            name: "MESSAGE_REACTION_ADD",
            data,
            stripped: None,
            intent,
        });
    }

    fn message_intent(&self, channel: Id) -> u64 {
        if self.is_direct(channel) {
            DIRECT_MESSAGES
        } else {
            GUILD_MESSAGES
        }
    }

    /// Whether the bot sees what happens in a channel.
    fn hears(&self, channel: Id) -> bool {
        let seen = |channel: &Channel| self.may(BOT, Permission::ViewChannel, channel);
        self.channels.get(&channel).is_some_and(seen) && (self.is_direct(channel) || !self.outage)
    }

    /// `CHANNEL_CREATE`, `CHANNEL_UPDATE`, `THREAD_CREATE`, `THREAD_UPDATE`: the channel as it is now.
    /// <https://discord.com/developers/docs/events/gateway-events#channels>
    pub(super) fn announce_channel(&mut self, name: &'static str, id: Id) {
        let Some(channel) = self.channels.get(&id).filter(|_| self.joined) else {
            return;
        };
        let mut data = self.channel_json(channel);
        if name == "THREAD_CREATE" {
            data["newly_created"] = json!(true);
        }
        self.emit(Event {
            name,
            data,
            stripped: None,
            intent: GUILDS,
        });
    }

    /// `CHANNEL_DELETE` or `THREAD_DELETE`, for a channel that is being deleted.
    /// <https://discord.com/developers/docs/events/gateway-events#thread-delete>
    pub(super) fn announce_channel_gone(&mut self, channel: &Channel) {
        let (name, data) = match channel.kind {
            Kind::Thread { parent, .. } => (
                "THREAD_DELETE",
                json!({
                    "id": channel.id.to_string(), "guild_id": GUILD.to_string(), "parent_id": parent.to_string(),
                    "type": channel_type(&channel.kind),
                }),
            ),
            _ => ("CHANNEL_DELETE", self.channel_json(channel)),
        };
        self.emit(Event {
            name,
            data,
            stripped: None,
            intent: GUILDS,
        });
    }

    /// `GUILD_CREATE` or `GUILD_DELETE`, the latter with `unavailable` for an outage.
    /// <https://discord.com/developers/docs/events/gateway-events#guild-delete>
    pub(super) fn announce_guild(&mut self, here: bool, outage: bool) {
        let (name, data) = match (here, outage) {
            (true, _) => ("GUILD_CREATE", self.guild_create_json()),
            (false, true) => (
                "GUILD_DELETE",
                json!({ "id": GUILD.to_string(), "unavailable": true }),
            ),
            (false, false) => ("GUILD_DELETE", json!({ "id": GUILD.to_string() })),
        };
        self.emit(Event {
            name,
            data,
            stripped: None,
            intent: GUILDS,
        });
    }

    /// Sends an interaction; false when no session is connected: it is then lost, unless one resumes in time, and Discord shows
    /// the person a failure.
    pub(super) fn announce_interaction(&mut self, data: Value) -> bool {
        let mut sessions = self.gateway.sessions.iter();
        let taken = sessions.any(|session| !session.over && session.connection.is_some());
        self.emit(Event {
            name: "INTERACTION_CREATE",
            data,
            stripped: None,
            intent: 0,
        });
        taken
    }
}
