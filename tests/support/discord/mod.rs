//! `FakeDiscord`: a guild as a state model, served over the real protocols on loopback.
//!
//! REST stands under `/api/v10`, the gateway's WebSocket at the root of the same port. People act through
//! [`FakeDiscord::user`]; the app under test acts over the wire and is refused what Discord would refuse. Time is the test's
//! clock: nothing here looks at the machine's.
//!
//! Invariants: every change of the guild raises [`FakeDiscord::changed`]; effects that are due by the clock have happened before
//! anybody looks; every task of the fake ends when it is dropped.
#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    clippy::unwrap_used,
    reason = "a world offers more than today's stories use"
)]

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::routing::{any, get};
use chrono::{DateTime, Utc};
use tokio::sync::watch;
use tokio_util::sync::DropGuard;

use crate::support::clock::TestClock;
use crate::support::github::wire::{Life, Port};
use crate::support::looked::Looked;

mod channels;
mod check;
mod commands;
pub mod contract;
mod contract_client;
mod contract_gateway;
mod contract_interactions;
mod contract_rest;
mod contract_wire;
mod faults;
mod gateway;
mod interactions;
mod knobs;
mod limits;
mod messages;
mod people;
mod rest;
mod routes;
mod session;
mod shape;
mod state;
mod view;

pub use faults::Fault;
pub use people::{OtherBot, Person};
pub use state::{BOT_NAME, Call, Permission};
pub use view::{Answer, Message};

use state::{BOT, GUILD, Id, Kind, State};

/// The bot's token, in the shape of a real one: three parts, the first the bot's id in base 64.
const BOT_TOKEN: &str = "MTEwMDAwMDAwMDAwMDAwMDAwMg.GtestG.callsheet-test-token-of-thirty-eight-c";

/// The route by which the bot posts.
pub const POST: &str = "POST /channels/{channel}/messages";
/// The route by which the bot edits.
pub const EDIT: &str = "PATCH /channels/{channel}/messages/{message}";
/// The route by which the bot reads back.
pub const HISTORY: &str = "GET /channels/{channel}/messages";
/// The route of the first answer to an interaction.
pub const CALLBACK: &str = "POST /interactions/{interaction}/{token}/callback";
/// The route by which the first answer is edited.
pub const ORIGINAL: &str = "PATCH /webhooks/{application}/{token}/messages/@original";
/// The route of further answers to an interaction.
pub const FOLLOW_UP: &str = "POST /webhooks/{application}/{token}";

/// What the server's tasks and the test share.
struct Inner {
    /// The test's time.
    clock: TestClock,
    /// The guild.
    state: Mutex<State>,
    /// What the test has looked at.
    looked: Looked,
    /// Counts changes.
    version: watch::Sender<u64>,
}

impl Inner {
    /// Does something to the guild.
    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let outcome = act(&mut self.settled().0);
        self.version.send_modify(|version| *version += 1);
        outcome
    }

    /// Looks at the guild.
    fn look<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        let (state, applied) = self.settled();
        let seen = look(&state);
        drop(state);
        if applied {
            self.version.send_modify(|version| *version += 1);
        }
        seen
    }

    /// The guild as of now, and whether something that was due has just happened.
    fn settled(&self) -> (MutexGuard<'_, State>, bool) {
        // A test that failed while it held the lock has said so already.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        let mut applied = false;
        while let Some(at) = due(&state, now) {
            let (when, effect) = state.later.remove(at);
            state.now = when;
            effect(&mut state);
            applied = true;
        }
        state.now = now;
        (state, applied)
    }

    /// Waits until the test releases the route.
    async fn held(&self, route: &'static str) {
        let id = self.with(|state| {
            let id = state.next_id();
            state.held.insert(id, route);
            id
        });
        let gone = Forget { inner: self, id };
        let mut changes = self.version.subscribe();
        while self.look(|state| state.held.contains_key(&id)) {
            if changes.changed().await.is_err() {
                break;
            }
        }
        drop(gone);
    }

    /// Lets effects that are due happen when their moment comes, so that who waits for a change sees it.
    async fn settle_in_time(&self) {
        let mut changes = self.version.subscribe();
        loop {
            let next = self.look(|state| state.later.iter().map(|(when, _)| *when).min());
            let moment = async {
                match next {
                    Some(when) => self.clock.clock().sleep_until(when).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = moment => {}
                changed = changes.changed() => if changed.is_err() { return },
            }
        }
    }
}

fn due(state: &State, now: DateTime<Utc>) -> Option<usize> {
    let ready = state
        .later
        .iter()
        .enumerate()
        .filter(|(_, (when, _))| *when <= now);
    ready.min_by_key(|(_, (when, _))| *when).map(|(at, _)| at)
}

/// Forgets a held call when it goes on or its client hangs up.
struct Forget<'a> {
    /// The guild.
    inner: &'a Inner,
    /// The call's number.
    id: Id,
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.inner.with(|state| state.held.remove(&self.id));
    }
}

/// A guild on a loopback port: with the bot `pm`, ana, ben and cy, and no channel yet.
pub struct FakeDiscord {
    /// What the server shares.
    inner: Arc<Inner>,
    /// Where it listens.
    url: String,
    /// Ends every task and connection.
    _life: Arc<DropGuard>,
}

impl FakeDiscord {
    /// Starts a guild without channels.
    pub async fn start(clock: TestClock) -> Self {
        let (life, guard) = Life::new();
        let port = Port::open(&life).await;
        let url = port.url();
        let host = url.trim_start_matches("http://").to_owned();
        let state = Mutex::new(State::new(clock.now(), host));
        let inner = Arc::new(Inner {
            clock,
            state,
            looked: Looked::default(),
            version: watch::Sender::new(0),
        });
        let router = Router::new()
            .route("/", get(gateway::open))
            .route("/resume", get(gateway::open))
            .fallback(any(rest::call))
            .with_state(inner.clone());
        port.serve(router);
        let settler = inner.clone();
        life.spawn(async move { settler.settle_in_time().await });
        Self {
            inner,
            url,
            _life: guard,
        }
    }

    /// The address to put in place of `https://discord.com`: without `/api/v10`.
    pub fn api_url(&self) -> String {
        self.url.clone()
    }

    /// The bot's token, without `Bot `.
    pub fn bot_token(&self) -> &'static str {
        BOT_TOKEN
    }

    /// The bot's user id, which is the application's id too.
    pub fn bot_id(&self) -> String {
        BOT.to_string()
    }

    /// The guild's id.
    pub fn guild(&self) -> String {
        GUILD.to_string()
    }

    /// Counts every change of the guild and every call.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.inner.version.subscribe()
    }

    /// The id of a channel (`#name`), made when missing; of the bot's direct message with a person (`@name`); or the id itself.
    pub fn channel(&self, place: &str) -> String {
        self.inner.with(|state| state.place(place)).to_string()
    }

    /// The id of a thread of a channel by its name; made when missing, not hung on a message.
    pub fn thread(&self, place: &str, name: &str) -> String {
        self.inner.with(|state| {
            let wanted = state.place(place);
            let of = |kind: &Kind| matches!(kind, Kind::Thread { parent, .. } if *parent == wanted);
            let known = state
                .channels
                .values()
                .find(|channel| channel.name == name && of(&channel.kind));
            if let Some(known) = known {
                return known.id.to_string();
            }
            let (id, owner) = (state.next_id(), state.user("ana", false));
            state.open_thread(id, wanted, owner, name);
            id.to_string()
        })
    }

    /// A person, made when missing.
    pub fn user(&self, name: &str) -> Person {
        assert_ne!(name, BOT_NAME, "that is the bot");
        let id = self.inner.with(|state| state.user(name, false));
        Person {
            inner: self.inner.clone(),
            id,
            name: name.to_owned(),
        }
    }

    /// Somebody else's bot.
    pub fn bot(&self, name: &str) -> OtherBot {
        let id = self.inner.with(|state| state.user(name, true));
        OtherBot {
            inner: self.inner.clone(),
            id,
            webhook: false,
        }
    }

    /// A webhook, which posts as a bot of its own. <https://discord.com/developers/docs/resources/webhook>
    pub fn webhook(&self, name: &str) -> OtherBot {
        OtherBot {
            webhook: true,
            ..self.bot(name)
        }
    }

    /// The name of a user id.
    pub fn name(&self, user: &str) -> Option<String> {
        let id: Id = user.parse().ok()?;
        self.inner
            .look(|state| state.users.get(&id).map(|user| user.name.clone()))
    }

    /// Gives a right in a channel: to the bot when nobody is named.
    pub fn allow(&self, place: &str, user: Option<&str>, right: Permission) {
        self.inner
            .with(|state| people::set_right(state, place, user, right, true));
    }

    /// Takes a right in a channel: from the bot when nobody is named.
    pub fn deny(&self, place: &str, user: Option<&str>, right: Permission) {
        self.inner
            .with(|state| people::set_right(state, place, user, right, false));
    }

    /// Switches the message-content intent in the application's settings.
    /// <https://discord.com/developers/docs/events/gateway#privileged-intents>
    pub fn message_content(&self, on: bool) {
        self.inner.with(|state| state.message_content = on);
    }

    /// Refuses the bot's token from now on, or takes it again.
    pub fn revoke_token(&self, revoked: bool) {
        self.inner.with(|state| state.revoked = revoked);
    }

    /// Archives or unarchives a thread.
    pub fn archive(&self, thread: &str, on: bool) {
        self.edit_thread(thread, |kind| {
            if let Kind::Thread { archived, .. } = kind {
                *archived = on
            }
        });
    }

    /// Locks or unlocks a thread.
    pub fn lock(&self, thread: &str, on: bool) {
        self.edit_thread(thread, |kind| {
            if let Kind::Thread { locked, .. } = kind {
                *locked = on
            }
        });
    }

    fn edit_thread(&self, thread: &str, edit: impl FnOnce(&mut Kind)) {
        self.inner.with(|state| {
            let id = state.place(thread);
            edit(&mut state.channels.get_mut(&id).expect("the thread just found").kind);
            state.announce_channel("THREAD_UPDATE", id);
        });
    }

    /// Deletes a channel with its threads, or a thread.
    pub fn delete_channel(&self, place: &str) {
        self.inner.with(|state| {
            let id = state.place(place);
            people::delete_channel(state, id);
        });
    }

    /// Takes the bot out of the guild.
    pub fn remove_bot(&self) {
        self.inner.with(|state| people::membership(state, false));
    }

    /// Invites the bot again.
    pub fn invite_bot(&self) {
        self.inner.with(|state| people::membership(state, true));
    }

    /// The guild is down for the gateway, or back. <https://discord.com/developers/docs/events/gateway-events#guild-delete>
    pub fn outage(&self, on: bool) {
        self.inner.with(|state| {
            state.outage = on;
            state.announce_guild(!on, on);
        });
    }

    /// Discord adds a link preview to a message: `MESSAGE_UPDATE` with the text unchanged.
    pub fn link_unfurl(&self, message: &str) {
        self.inner.with(|state| {
            let at = state
                .messages
                .iter()
                .position(|msg| msg.id.to_string() == message)
                .expect("a message to unfurl");
            let preview =
                serde_json::json!({ "type": "link", "url": "https://example.com/", "title": "Example" });
            state.messages[at].embeds.push(preview);
            state.announce_message("MESSAGE_UPDATE", at);
        });
    }
}
