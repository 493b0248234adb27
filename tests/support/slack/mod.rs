//! `FakeSlack`: a Slack workspace as a state model, served over the real protocols on loopback.
//!
//! The Web API stands under `/api`, Socket Mode behind the address that `apps.connections.open` returns, and
//! `response_url`s under `/hooks`. With [`FakeSlack::requests_to`] events, commands and clicks go out as HTTP requests. People act through [`FakeSlack::user`]; the app under test acts over the
//! wire and is refused what Slack would refuse. Time is the test's clock: nothing here looks at the
//! machine's.
//!
//! Invariants: every change of the workspace raises [`FakeSlack::changed`]; effects that are due by the clock
//! have happened before anybody looks; every task of the fake ends when it is dropped.
#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "a world offers more than today's stories use"
)]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::routing::{any, get, post};
use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::support::clock::TestClock;
use crate::support::looked::Looked;

mod api;
mod blocks;
pub mod contract;
mod contract_http;
mod contract_reads;
mod contract_wire;
mod events;
mod faults;
mod hooks;
mod methods;
mod people;
mod reads;
mod requests;
mod socket;
mod state;
mod text;
mod view;
mod wire;

pub use events::Mentions;
pub use faults::Fault;
pub use hooks::ResponsePost;
pub use people::{OtherBot, Person, Sent};
pub use requests::{Mode, Request};
pub use state::{APP, BOT_ID, BOT_NAME, BOT_USER, TEAM, Ts};
pub use view::Message;

use events::Out;
use state::{Kind, State, user_id};

/// The bot's token.
const BOT_TOKEN: &str = "xoxb-test-callsheet";
/// The app-level token, for Socket Mode.
const APP_TOKEN: &str = "xapp-test-callsheet";

/// What the server's tasks and the test share.
struct Inner {
    /// The test's time.
    clock: TestClock,
    /// The workspace.
    state: Mutex<State>,
    /// What the test has looked at.
    looked: Looked,
    /// Counts changes.
    version: watch::Sender<u64>,
    /// Cancelled when the fake is dropped.
    stop: CancellationToken,
}

impl Inner {
    /// Does something to the workspace.
    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let outcome = act(&mut self.settled().0);
        self.version.send_modify(|version| *version += 1);
        outcome
    }

    /// Looks at the workspace.
    fn look<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        let (state, applied) = self.settled();
        let seen = look(&state);
        drop(state);
        if applied {
            self.version.send_modify(|version| *version += 1);
        }
        seen
    }

    /// The workspace as of now, and whether something that was due has just happened.
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

    /// Waits until the test releases the method.
    async fn held(&self, method: &str) {
        let id = self.with(|state| {
            let id = state.next_id();
            state.held.insert(id, method.to_owned());
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
    /// The workspace.
    inner: &'a Inner,
    /// The call's number.
    id: u64,
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.inner.with(|state| state.held.remove(&self.id));
    }
}

/// A Slack workspace on a loopback port: team `T1` with the bot `pm`, ana, ben and cy.
pub struct FakeSlack {
    /// What the server shares.
    inner: Arc<Inner>,
    /// Where it listens.
    addr: SocketAddr,
    /// Ends every connection.
    _stop: DropGuard,
    /// The server's tasks, aborted with the set.
    _tasks: JoinSet<()>,
}

impl FakeSlack {
    /// Starts a workspace without channels.
    pub async fn start(clock: TestClock) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port");
        let addr = listener.local_addr().expect("a bound port");
        let stop = CancellationToken::new();
        let state = State::new(clock.now(), addr.to_string());
        let version = watch::Sender::new(0);
        let inner = Arc::new(Inner {
            clock,
            state: Mutex::new(state),
            looked: Looked::default(),
            version,
            stop: stop.clone(),
        });
        let router = Router::new()
            .route("/api/{method}", any(api::call))
            .route("/link/", get(socket::open))
            .route("/hooks/{id}", post(hooks::post))
            .with_state(inner.clone())
            .into_make_service_with_connect_info::<wire::Conn>();
        let doors = wire::Doors {
            listener,
            stop: stop.clone(),
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { drop(axum::serve(doors, router).await) });
        let settler = inner.clone();
        tasks.spawn(async move { settler.settle_in_time().await });
        let sender = inner.clone();
        tasks.spawn(async move { requests::run(&sender).await });
        Self {
            inner,
            addr,
            _stop: stop.drop_guard(),
            _tasks: tasks,
        }
    }

    /// The Web API's base address.
    pub fn api_url(&self) -> String {
        format!("http://{}/api", self.addr)
    }

    /// The bot's token.
    pub fn bot_token(&self) -> &'static str {
        BOT_TOKEN
    }

    /// The app-level token.
    pub fn app_token(&self) -> &'static str {
        APP_TOKEN
    }

    /// The key that signs requests, for Slack over HTTP.
    pub fn signing_secret(&self) -> &'static str {
        requests::SECRET
    }

    /// The workspace's id.
    pub fn team(&self) -> &'static str {
        TEAM
    }

    /// Counts every change of the workspace and every call.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.inner.version.subscribe()
    }

    /// The id of a channel (`#name`), made public and with the bot in it when missing; of the bot's direct
    /// message with a person (`@name`); or the id itself.
    pub fn channel(&self, place: &str) -> String {
        self.inner.with(|state| state.place(place))
    }

    /// A person, made when missing.
    pub fn user(&self, name: &str) -> Person {
        assert_ne!(name, BOT_NAME, "that is the bot");
        let id = user_id(name);
        self.inner.with(|state| {
            state
                .users
                .entry(id.clone())
                .or_insert_with(|| name.to_owned())
                .clone()
        });
        Person {
            inner: self.inner.clone(),
            id,
            name: name.to_owned(),
        }
    }

    /// Somebody else's bot.
    pub fn bot(&self, name: &str) -> OtherBot {
        OtherBot {
            inner: self.inner.clone(),
            name: name.to_owned(),
        }
    }

    /// Archives a channel. <https://docs.slack.dev/reference/methods/conversations.archive>
    pub fn archive(&self, place: &str) {
        self.edit_channel(place, |channel| channel.archived = true);
    }

    /// Brings an archived channel back.
    pub fn unarchive(&self, place: &str) {
        self.edit_channel(place, |channel| channel.archived = false);
    }

    /// Makes a channel private; its id stays, as in Slack.
    pub fn make_private(&self, place: &str) {
        self.edit_channel(place, |channel| channel.kind = Kind::Private);
    }

    fn edit_channel(&self, place: &str, edit: impl FnOnce(&mut state::Channel)) {
        self.inner.with(|state| {
            let id = state.place(place);
            edit(state.channels.get_mut(&id).expect("the channel just found"));
        });
    }

    /// Takes the bot out of a channel.
    pub fn remove_bot(&self, place: &str) {
        self.inner.with(|state| people::membership(state, place, false));
    }

    /// Brings the bot into a channel; the app hears `member_joined_channel`.
    pub fn invite_bot(&self, place: &str) {
        self.inner.with(|state| people::membership(state, place, true));
    }

    /// Takes a scope from the bot token: its methods answer `missing_scope`, its events stop.
    pub fn revoke_scope(&self, scope: &str) {
        let had = self.inner.with(|state| state.scopes.remove(scope));
        assert!(had, "the bot never had {scope}");
    }

    /// Gives a scope back to the bot token.
    pub fn grant_scope(&self, scope: &str) {
        self.inner.with(|state| state.scopes.insert(scope.to_owned()));
    }

    /// Answers every call with this error (`invalid_auth`, `token_revoked`, `account_inactive`), or stops
    /// that.
    pub fn break_auth(&self, error: Option<&str>) {
        self.inner
            .with(|state| state.auth_error = error.map(str::to_owned));
    }

    /// Which events a mention brings from now on.
    pub fn mentions(&self, order: Mentions) {
        self.inner.with(|state| state.post.mentions = order);
    }

    /// Whether slash commands come with escaped names, a setting of the app; off at first.
    pub fn slash_escapes(&self, on: bool) {
        self.inner.with(|state| state.post.slash_escapes = on);
    }

    /// Orders a fault: one about a method waits for its call, one about sockets happens at once.
    pub fn fault(&self, fault: Fault) {
        self.inner.with(|state| match fault {
            Fault::SocketDisconnect => state.tell_sockets(|| Out::Disconnect("refresh_requested")),
            Fault::SocketDrop => state.tell_sockets(|| Out::Cut),
            Fault::SocketSilent => state.tell_sockets(|| Out::Silence),
            Fault::NoAckWait => state.post.twice = true,
            fault => state.faults.push_back(fault),
        });
    }

    /// Lets the held calls of a method go on.
    pub fn release(&self, method: &str) {
        self.inner
            .with(|state| state.held.retain(|_, held| held != method));
    }

    /// Sends the newest event again: same event id, new envelope.
    pub fn resend_last_event(&self) {
        self.inner.with(|state| state.resend(0));
    }

    /// Sends the event before the newest `back` ones again.
    pub fn resend_event(&self, back: usize) {
        self.inner.with(|state| state.resend(back));
    }

    /// Sends every unacknowledged event again, as Slack does after 3 s, a minute and five minutes.
    pub fn resend_unacked(&self) {
        self.inner.with(State::resend_unacked);
    }

    /// Keeps events back from now on.
    pub fn hold_events(&self) {
        self.inner.with(|state| state.post.paused = true);
    }

    /// Sends the events kept back, the newest first when `reversed`.
    pub fn release_events(&self, reversed: bool) {
        self.inner.with(|state| {
            if reversed {
                state.post.queue.make_contiguous().reverse();
            }
            state.post.paused = false;
            state.flush();
        });
    }

    /// Throws away what waits for a socket, as Slack does after its last try; returns how many.
    pub fn lose_queued_events(&self) -> usize {
        self.inner.with(|state| state.post.queue.drain(..).count())
    }

    /// Slack adds a link preview to a message: `message_changed` with the text unchanged.
    pub fn link_unfurl(&self, ts: &str) {
        self.inner.with(|state| {
            let at = state
                .messages
                .iter()
                .position(|msg| msg.ts == ts)
                .expect("a message to unfurl");
            let before = state.render(&state.messages[at], true);
            let preview = serde_json::json!({
                "id": 1, "from_url": "https://example.com/", "title": "Example", "text": "A page.",
                "fallback": "Example",
            });
            let msg = &mut state.messages[at];
            msg.attachments.push(preview);
            let text = msg.text().to_owned();
            state.announce_change(at, before, &text);
        });
    }

    /// The recorded calls of a method, refused ones too, in order: their arguments without the token.
    pub fn calls(&self, method: &str) -> Vec<Value> {
        let of = |state: &State| {
            let calls = state.calls.iter().filter(|(name, _)| name == method);
            calls.map(|(_, args)| args.clone()).collect()
        };
        self.inner.look(of)
    }
}
