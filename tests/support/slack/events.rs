//! Events on their way to the app: which arise, and how envelopes go out, are acknowledged and go out again. Without
//! sockets they wait here for `requests` to send them over HTTP.
//!
//! Invariants: an envelope goes to one socket; an event that is not acknowledged when its socket ends waits
//! for the next one; a command or click that finds no socket is lost, as in Slack.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::requests::Http;
use super::state::{APP, Author, BOT_USER, State, TEAM, merge, writer};

/// Events that wait while no socket is connected.
const QUEUE: usize = 1000;

/// Which of the two events a mention brings, and in which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mentions {
    /// `message`, then `app_mention`.
    #[default]
    MessageFirst,
    /// `app_mention`, then `message`.
    MentionFirst,
    /// `message` only.
    MessageOnly,
    /// `app_mention` only.
    MentionOnly,
}

/// What a socket's task is told.
pub(super) enum Out {
    /// Send this text.
    Text(String),
    /// Say `disconnect` and close.
    Disconnect(&'static str),
    /// End without a close frame.
    Cut,
    /// Stay open, and do nothing any more.
    Silence,
}

/// A connected socket.
pub(super) struct Socket {
    /// Its number.
    pub(super) id: u64,
    /// To its task.
    pub(super) out: mpsc::Sender<Out>,
}

/// What an envelope carries.
#[derive(Debug, Clone)]
pub(super) struct Item {
    /// `events_api`, `slash_commands` or `interactive`.
    pub(super) kind: &'static str,
    /// The payload.
    pub(super) payload: Value,
    /// How often it went out before.
    pub(super) retry: u32,
    /// Over HTTP, why it goes out again.
    pub(super) reason: &'static str,
}

impl Item {
    /// Slack tries again with events only.
    pub(super) fn is_event(&self) -> bool {
        self.kind == "events_api"
    }
}

/// Sockets and what travels over them.
#[derive(Default)]
pub(super) struct Post {
    /// Tickets for a WebSocket, each good for one.
    pub(super) tickets: Vec<String>,
    /// In the order they connected.
    pub(super) sockets: Vec<Socket>,
    /// Sockets that ever connected.
    pub(super) connections: usize,
    /// Counts envelopes, to take the sockets in turn.
    turn: usize,
    /// Waits for a socket, oldest first.
    pub(super) queue: VecDeque<Item>,
    /// Events stay in the queue although there is a socket.
    pub(super) paused: bool,
    /// Sent and not acknowledged: envelope to socket and content.
    pub(super) unacked: BTreeMap<String, (u64, Item)>,
    /// The triggers of commands and clicks that were acknowledged.
    pub(super) taken: BTreeSet<String>,
    /// Acknowledgements as they came.
    pub(super) acks: Vec<Value>,
    /// Every event callback, in order.
    pub(super) history: Vec<Item>,
    /// Pongs that answered the fake's pings.
    pub(super) pongs: u64,
    /// What a mention brings.
    pub(super) mentions: Mentions,
    /// The next event goes out twice.
    pub(super) twice: bool,
    /// Slash commands come with escaped names.
    pub(super) slash_escapes: bool,
    /// HTTP in place of sockets.
    pub(super) http: Http,
}

impl State {
    /// Tells the app about a new message, metadata included.
    /// <https://docs.slack.dev/messaging/message-metadata>
    pub(super) fn announce(&mut self, at: usize) {
        let msg = self.messages[at].clone();
        let mut message = self.render(&msg, true);
        self.place_fields(&mut message, &msg.channel, &msg.ts);
        let mention = self.mention(at, &message, "");
        self.emit_pair(Some(message), mention, &msg.channel);
    }

    /// Tells the app that a message is not what it was.
    /// <https://docs.slack.dev/reference/events/message/message_changed>
    pub(super) fn announce_change(&mut self, at: usize, before: Value, old_text: &str) {
        let msg = self.messages[at].clone();
        let now = self.render(&msg, true);
        let mention = if msg.deleted {
            None
        } else {
            self.mention(at, &now, old_text)
        };
        let ts = self.next_ts();
        let mut event = json!({
            "type": "message", "subtype": "message_changed", "hidden": true, "ts": ts,
            "message": now, "previous_message": before,
        });
        self.place_fields(&mut event, &msg.channel, &ts);
        self.emit_pair(Some(event), mention, &msg.channel);
    }

    /// Tells the app that a message is gone; the root of a living thread turns into a tombstone instead.
    /// <https://docs.slack.dev/reference/events/message/message_deleted>
    pub(super) fn announce_delete(&mut self, at: usize, before: Value) {
        if self.shows(&self.messages[at]) {
            return self.announce_change(at, before, "");
        }
        let msg = self.messages[at].clone();
        let ts = self.next_ts();
        let mut event = json!({
            "type": "message", "subtype": "message_deleted", "hidden": true, "ts": ts,
            "deleted_ts": msg.ts, "previous_message": before,
        });
        self.place_fields(&mut event, &msg.channel, &ts);
        self.emit_pair(Some(event), None, &msg.channel);
    }

    /// The `app_mention` a text brings: not in direct messages, not for our own words, and on an edit only
    /// when the mention is new. <https://docs.slack.dev/reference/events/app_mention>
    fn mention(&self, at: usize, rendered: &Value, old_text: &str) -> Option<Value> {
        let msg = &self.messages[at];
        let mark = format!("<@{BOT_USER}>");
        let new = msg.text().contains(&mark) && !old_text.contains(&mark);
        if !new || msg.author == Author::Us || msg.channel.starts_with('D') {
            return None;
        }
        let mut event = rendered.clone();
        merge(
            &mut event,
            json!({ "type": "app_mention", "channel": msg.channel, "event_ts": msg.ts }),
        );
        if let Some(fields) = event.as_object_mut() {
            for field in ["channel_type", "metadata", "parent_user_id", "subtype"] {
                fields.remove(field);
            }
        }
        Some(event)
    }

    fn place_fields(&self, event: &mut Value, channel: &str, event_ts: &str) {
        let kind = self.channels[channel].kind.channel_type();
        merge(
            event,
            json!({ "channel": channel, "event_ts": event_ts, "channel_type": kind }),
        );
    }

    fn emit_pair(&mut self, message: Option<Value>, mention: Option<Value>, channel: &str) {
        let scope = format!("{}:history", self.channels[channel].kind.scope());
        let message = message.map(|event| (event, scope));
        let mention = mention.map(|event| (event, "app_mentions:read".to_owned()));
        let both = match self.post.mentions {
            Mentions::MentionFirst => [mention, message],
            Mentions::MessageOnly => [message, None],
            Mentions::MentionOnly if mention.is_some() => [mention, None],
            Mentions::MessageFirst | Mentions::MentionOnly => [message, mention],
        };
        for (event, scope) in both.into_iter().flatten() {
            self.emit(channel, event, &scope);
        }
    }

    /// Sends an event about a conversation, when the bot is in it and has the scope.
    /// <https://docs.slack.dev/apis/events-api>
    pub(super) fn emit(&mut self, channel: &str, event: Value, scope: &str) {
        if !self.channels[channel].bot_member || !self.scopes.contains(scope) {
            return;
        }
        let id = self.next_id();
        let payload = json!({
            "token": "verification", "team_id": TEAM, "context_team_id": TEAM, "api_app_id": APP,
            "event": event, "type": "event_callback", "event_id": format!("Ev{id:06}"),
            "event_time": self.now.timestamp(), "is_ext_shared_channel": false,
            "event_context": format!("4-{id}"),
            "authorizations": [{
                "enterprise_id": null, "team_id": TEAM, "user_id": BOT_USER, "is_bot": true,
                "is_enterprise_install": false,
            }],
        });
        let item = Item {
            kind: "events_api",
            payload,
            retry: 0,
            reason: "",
        };
        self.post.history.push(item.clone());
        let again = std::mem::take(&mut self.post.twice).then(|| item.clone());
        self.dispatch(item);
        if let Some(item) = again {
            self.dispatch(Item { retry: 1, ..item });
        }
    }

    /// Sends a command or a click; false when no socket takes it, which Slack shows the person as an error. Over HTTP it is
    /// on its way then.
    pub(super) fn emit_direct(&mut self, kind: &'static str, payload: Value) -> bool {
        let item = Item {
            kind,
            payload,
            retry: 0,
            reason: "",
        };
        if self.post.http.is_on() {
            self.post.queue.push_back(item);
            return true;
        }
        self.send(&item)
    }

    /// Sends an event of the history again.
    pub(super) fn resend(&mut self, back: usize) {
        let at = self
            .post
            .history
            .len()
            .checked_sub(back + 1)
            .unwrap_or_else(|| panic!("no such event"));
        let item = &mut self.post.history[at];
        item.retry += 1;
        let item = item.clone();
        self.dispatch(item);
    }

    /// Sends every unacknowledged event again, under new envelope ids; an acknowledgement of an old one comes too late.
    pub(super) fn resend_unacked(&mut self) {
        // Of a command or click the person has been told an error by now.
        let waiting = std::mem::take(&mut self.post.unacked).into_values();
        let events = waiting.map(|(_, item)| item).filter(Item::is_event);
        for item in events.collect::<Vec<_>>() {
            self.dispatch(Item {
                retry: item.retry + 1,
                ..item
            });
        }
    }

    /// Puts an event on a socket, or into the queue behind those that wait.
    fn dispatch(&mut self, item: Item) {
        if self.post.http.is_on() || self.post.paused || !self.post.queue.is_empty() || !self.send(&item) {
            assert!(
                self.post.queue.len() < QUEUE,
                "more than {QUEUE} events wait for a socket"
            );
            self.post.queue.push_back(item);
        }
    }

    /// Sends what waits.
    pub(super) fn flush(&mut self) {
        while !self.post.paused
            && !self.post.http.is_on()
            && let Some(item) = self.post.queue.pop_front()
        {
            if !self.send(&item) {
                self.post.queue.push_front(item);
                return;
            }
        }
    }

    fn send(&mut self, item: &Item) -> bool {
        let envelope = format!("env-{:06}", self.next_id());
        let mut body = json!({
            "envelope_id": envelope, "type": item.kind, "payload": item.payload,
            "accepts_response_payload": !item.is_event(),
        });
        if item.is_event() {
            let reason = if item.retry == 0 { "" } else { "timeout" };
            merge(
                &mut body,
                json!({ "retry_attempt": item.retry, "retry_reason": reason }),
            );
        }
        let count = self.post.sockets.len();
        for step in 0..count {
            let socket = &self.post.sockets[(self.post.turn + step) % count];
            if socket.out.try_send(Out::Text(body.to_string())).is_ok() {
                let id = socket.id;
                self.post.turn = (self.post.turn + step + 1) % count;
                self.post.unacked.insert(envelope, (id, item.clone()));
                return true;
            }
        }
        false
    }

    /// A message from the app over a socket: an acknowledgement, or something to ignore.
    pub(super) fn acknowledged(&mut self, ack: Value) {
        if let Some(envelope) = ack["envelope_id"].as_str()
            && let Some((_, item)) = self.post.unacked.remove(envelope)
        {
            if let Some(trigger) = item.payload["trigger_id"].as_str() {
                self.post.taken.insert(trigger.to_owned());
            }
            self.post.acks.push(ack);
        }
    }

    /// A socket ended: its unacknowledged events wait for the next socket, before the others.
    pub(super) fn socket_gone(&mut self, id: u64) {
        self.post.sockets.retain(|socket| socket.id != id);
        let (lost, kept) = std::mem::take(&mut self.post.unacked)
            .into_iter()
            .partition(|(_, (socket, _))| *socket == id);
        self.post.unacked = kept;
        for (_, (_, item)) in lost.into_iter().rev().filter(|(_, (_, item))| item.is_event()) {
            let retry = item.retry + 1;
            self.post.queue.push_front(Item { retry, ..item });
        }
        self.flush();
    }

    /// Tells every socket's task something.
    pub(super) fn tell_sockets(&mut self, out: impl Fn() -> Out) {
        for socket in &self.post.sockets {
            // A full or closed channel belongs to a socket that is ending anyway.
            drop(socket.out.try_send(out()));
        }
    }

    /// Adds a reaction. <https://docs.slack.dev/reference/events/reaction_added>
    pub(super) fn react(&mut self, at: usize, user: &str, name: &str) {
        self.messages[at]
            .reactions
            .push((name.to_owned(), user.to_owned()));
        let msg = self.messages[at].clone();
        let event = json!({
            "type": "reaction_added", "user": user, "reaction": name, "item_user": writer(&msg),
            "item": { "type": "message", "channel": msg.channel, "ts": msg.ts }, "event_ts": self.next_ts(),
        });
        self.emit(&msg.channel, event, "reactions:read");
    }
}
