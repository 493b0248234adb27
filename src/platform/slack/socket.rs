//! The way in: Socket Mode, <https://docs.slack.dev/apis/events-api/using-socket-mode>.
//!
//! The library keeps the sockets; what comes over them is read here as it came, because its own types lose the text
//! of a message whose blocks they do not know, and acknowledge what they cannot parse.
//!
//! 1. An envelope is acknowledged when its event was committed, and at no other time.
//! 2. A refused token is said with what to do, and does not end the program: other platforms go on.
//! 3. Sockets that keep breaking are opened ever more slowly.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use serde_json::{Value, json};
use slack_morphism::clients_manager::{SlackSocketModeClientsManager, SlackSocketModeClientsManagerFactory};
use slack_morphism::listener::SlackClientEventsListenerEnvironment;
use slack_morphism::{
    SlackApiToken, SlackClientSocketModeConfig, SlackSocketModeClientListener, SlackSocketModeWssClientId,
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::catch_up;
use super::client::{Identity, Slack};
use super::introduce::{Hindrance, PART, check};
use super::json as read;
use super::translate::Way;
use crate::engine::Engine;
use crate::engine::clock::later;
use crate::engine::health::State;

/// Slack sends envelopes to any of an app's sockets; while one is replaced, the other hears.
const SOCKETS: u32 = 2;
/// Between two tries of the library to open a socket, in seconds.
const REOPEN: u64 = 5;
/// Between two pings of ours, in seconds, and how many may stay unanswered: a socket may go deaf without breaking. The
/// library then ends it and tells us.
const PING: u64 = 10;
const PINGS: u64 = 3;
/// How long a socket may take to open. The library sets no limit of its own, and one call that hangs would hang for ever.
const OPENING: Duration = Duration::from_secs(30);
/// The longest wait of ours between two tries.
const LONGEST: Duration = Duration::from_secs(60);
/// How long we may be without a socket before the tokens are checked again.
const DEAF: Duration = Duration::from_secs(30);
/// Breaks within this time count as one trouble.
const RECENT: Duration = Duration::from_secs(120);
/// Breaks of one trouble that are mended at once: Slack replaces sockets every few hours.
const USUAL: u32 = 4;

type Manager = dyn SlackSocketModeClientsManager + Send + Sync;

/// Listens as `me` until `stop`, reporting as the part `slack`.
///
/// # Errors
/// When the library does not take the token.
pub(super) async fn listen(
    slack: Slack,
    engine: Engine,
    me: Identity,
    token: SlackApiToken,
    stop: CancellationToken,
) -> Result<(), String> {
    let environment = Arc::new(SlackClientEventsListenerEnvironment::new(slack.client().clone()));
    let manager: Arc<Manager> = slack.client().http_api.connector.new_clients_manager(environment);
    let ear = Arc::new(Ear {
        manager: OnceLock::new(),
        line: Mutex::default(),
        changed: Notify::new(),
        slack: slack.clone(),
        engine: engine.clone(),
        me,
        stop: stop.clone(),
    });
    // Weak, since the manager holds the ear.
    ear.manager.get_or_init(|| Arc::downgrade(&manager));
    let config = SlackClientSocketModeConfig::new()
        .with_max_connections_count(SOCKETS)
        .with_reconnect_timeout_in_seconds(REOPEN)
        .with_ping_interval_in_seconds(PING)
        .with_ping_failure_threshold_times(PINGS);
    manager
        .register_new_token(&config, token, ear.clone())
        .await
        .map_err(|error| error.to_string())?;
    for number in 0..SOCKETS {
        ear.opening(SlackSocketModeWssClientId::new(number, number, 0));
    }
    manager.start().await;
    tokio::select! {
        () = stop.cancelled() => {}
        () = watch(&ear) => {}
        () = renew(&ear) => {}
        () = catch_up::run(&ear.slack, &ear.engine, &ear.me, &stop) => {}
    }
    manager.shutdown().await;
    Ok(())
}

/// Checks the tokens whenever no socket has been open for a while, and says what is wrong with them.
async fn watch(ear: &Ear) {
    loop {
        let changed = ear.changed.notified();
        if ear.is_connected() {
            changed.await;
            continue;
        }
        tokio::select! {
            () = changed => continue,
            () = ear.engine.clock.sleep(DEAF) => {}
        }
        let (state, why) = match check(&ear.slack).await {
            Ok(_) => (
                State::Degraded,
                "Slack answers, but no socket opens; trying again".to_owned(),
            ),
            Err(Hindrance::Refused(why)) => (State::Failed, why),
            Err(Hindrance::Passing(why)) => (State::Degraded, format!("Slack cannot be reached: {why}")),
        };
        if !ear.is_connected() {
            ear.engine.health.report(PART, state, why);
        }
    }
}

/// Begins anew with every socket that does not open in time.
async fn renew(ear: &Ear) {
    loop {
        let clock = &ear.engine.clock;
        clock.deadline(later(clock.now(), OPENING / 2)).await;
        let stuck = {
            let mut line = ear.line.lock().unwrap_or_else(PoisonError::into_inner);
            line.stuck(ear.engine.clock.now())
        };
        for socket in stuck {
            tracing::warn!(socket = %socket.to_string(), "a socket to Slack does not open; beginning anew");
            ear.restart(&socket).await;
        }
    }
}

/// The sockets' state.
#[derive(Default)]
pub(super) struct Line {
    /// Sockets that said hello.
    open: HashSet<String>,
    /// Sockets that did not yet, and since when they may.
    opening: Vec<(SlackSocketModeWssClientId, DateTime<Utc>)>,
    /// Sockets that broke lately.
    breaks: u32,
    /// When the last one did.
    last_break: Option<DateTime<Utc>>,
}

impl Line {
    /// Takes out the sockets that have been opening for too long.
    pub(super) fn stuck(&mut self, now: DateTime<Utc>) -> Vec<SlackSocketModeWssClientId> {
        let late = |(_, since): &mut (_, DateTime<Utc>)| later(*since, OPENING) <= now;
        self.opening
            .extract_if(.., late)
            .map(|(socket, _)| socket)
            .collect()
    }

    /// Notes a break and says how long to wait before mending it.
    pub(super) fn broke(&mut self, now: DateTime<Utc>) -> Duration {
        let recent = self.last_break.is_some_and(|last| later(last, RECENT) > now);
        self.breaks = if recent { self.breaks.saturating_add(1) } else { 1 };
        self.last_break = Some(now);
        match self.breaks.checked_sub(USUAL + 1) {
            None => Duration::ZERO,
            Some(more) => Duration::from_secs(1 << more.min(6)).min(LONGEST),
        }
    }
}

/// Hears what comes over the sockets.
struct Ear {
    manager: OnceLock<Weak<Manager>>,
    line: Mutex<Line>,
    changed: Notify,
    slack: Slack,
    engine: Engine,
    me: Identity,
    stop: CancellationToken,
}

impl Ear {
    fn is_connected(&self) -> bool {
        !self
            .line
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .open
            .is_empty()
    }

    /// A frame of text; the acknowledgement to send back.
    async fn heard(&self, socket: &SlackSocketModeWssClientId, body: &str) -> Option<String> {
        if self.stop.is_cancelled() {
            return None;
        }
        let Some(frame) = read::parse(body) else {
            tracing::warn!(length = body.len(), "Slack sent something that cannot be read");
            return None;
        };
        match read::text(&frame, "type") {
            Some("hello") => {
                self.opened(socket);
                None
            }
            Some("disconnect") => {
                let reason = read::text(&frame, "reason").unwrap_or("without a reason");
                tracing::info!(reason, "Slack replaces a socket");
                self.mend(socket).await;
                None
            }
            kind => {
                let envelope = read::text(&frame, "envelope_id")?;
                let way = match kind {
                    Some("events_api") => Way::Event,
                    Some("slash_commands") => Way::Command,
                    Some("interactive") => Way::Interaction,
                    other => Way::Other(other.unwrap_or("untyped")),
                };
                self.commit(way, &frame["payload"])
                    .await
                    .then(|| json!({ "envelope_id": envelope }).to_string())
            }
        }
    }

    /// Commits what a payload says; false when Slack shall send it again.
    async fn commit(&self, way: Way<'_>, payload: &Value) -> bool {
        let heard = self.slack.hear(&self.me, way, payload).await;
        match self.slack.commit(&self.engine, &heard).await {
            Ok(_) => true,
            Err(error) => {
                self.slack.lose();
                crate::telemetry::report(
                    &error,
                    "an event from Slack could not be kept; Slack will send it again",
                );
                false
            }
        }
    }

    /// A socket begins to open.
    fn opening(&self, socket: SlackSocketModeWssClientId) {
        let now = self.engine.clock.now();
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        line.opening.push((socket, now));
    }

    fn opened(&self, socket: &SlackSocketModeWssClientId) {
        {
            let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
            line.opening.retain(|(opening, _)| opening != socket);
            line.open.insert(socket.to_string());
        }
        self.slack.missed().end();
        let Identity { name, team_name, .. } = &self.me;
        self.engine
            .health
            .report(PART, State::Ok, format!("connected to {team_name} as @{name}"));
        self.changed.notify_waiters();
    }

    /// A socket ended unsaid: it may have been deaf for a while, whatever the others heard.
    async fn broke(&self, socket: &SlackSocketModeWssClientId) {
        let was_open = {
            let line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
            line.open.contains(&socket.to_string())
        };
        if was_open {
            self.slack.missed().begin();
        }
        self.mend(socket).await;
    }

    /// Replaces a socket that ended.
    async fn mend(&self, socket: &SlackSocketModeWssClientId) {
        let wait = {
            let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
            line.opening.retain(|(opening, _)| opening != socket);
            let was_open = line.open.remove(&socket.to_string());
            if line.open.is_empty() {
                if was_open {
                    self.slack.missed().begin();
                }
                self.engine.health.report(
                    PART,
                    State::Degraded,
                    "the connection to Slack broke; connecting again",
                );
            }
            line.broke(self.engine.clock.now())
        };
        self.changed.notify_waiters();
        if !wait.is_zero() {
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = self.engine.clock.sleep(wait) => {}
            }
        }
        self.restart(socket).await;
    }

    /// Opens another socket in the place of one.
    async fn restart(&self, socket: &SlackSocketModeWssClientId) {
        if let Some(manager) = self.manager.get().and_then(Weak::upgrade) {
            self.opening(socket.new_reconnected_id());
            manager.restart_client(socket).await;
        }
    }
}

// The trait is declared with `async_trait`; these are the signatures that it makes.
impl SlackSocketModeClientListener for Ear {
    fn on_message<'a, 'b, 'async_trait>(
        &'a self,
        client_id: &'b SlackSocketModeWssClientId,
        message_body: String,
    ) -> BoxFuture<'async_trait, Option<String>>
    where
        'a: 'async_trait,
        'b: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move { self.heard(client_id, &message_body).await })
    }

    fn on_error<'a, 'async_trait>(
        &'a self,
        error: Box<dyn std::error::Error + Send + Sync>,
    ) -> BoxFuture<'async_trait, ()>
    where
        'a: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move { tracing::warn!(%error, "a socket to Slack") })
    }

    fn on_disconnect<'a, 'b, 'async_trait>(
        &'a self,
        client_id: &'b SlackSocketModeWssClientId,
    ) -> BoxFuture<'async_trait, ()>
    where
        'a: 'async_trait,
        'b: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(self.broke(client_id))
    }
}
