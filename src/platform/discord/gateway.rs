//! The way in: the gateway, <https://discord.com/developers/docs/events/gateway>.
//!
//! Serenity's shard runner keeps a session: it beats, resumes, and reads events. Which session there is, is decided here:
//! serenity's manager would identify again every few seconds for ever, and fall back to Discord's own gateway when the
//! configured one cannot be found.
//!
//! 1. Every event reaches the ear in its order, from a session's first on.
//! 2. A new session begins after a pause that grows while sessions are short: Discord allows 1,000 a day.
//! 3. Of several processes one holds the connection, under a lease (`engine::lease`).
//! 4. A refused token or intent is said with what to do, and does not end the program: other platforms go on.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use serde_json::Value;
use serenity::gateway::{
    CollectorCallback, ConnectionStage, GatewayError, Shard, ShardManager, ShardManagerOptions,
    ShardMessenger, ShardRunner, ShardRunnerInfo, ShardRunnerOptions,
};
use serenity::http::{LightMethod, Route};
use serenity::model::gateway::{GatewayIntents, ShardInfo};
use serenity::model::id::ShardId;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::client::{Call, Discord, Identity, Trouble};
use super::commands::{CommandMenu, register};
use super::ear::{Asked, Ear};
use super::interactions::serve;
use super::json;
use super::standing::PART;
use super::writer::{Unread, Writer};
use crate::engine::Engine;
use crate::engine::clock::later;
use crate::engine::health::State;
use crate::engine::lease::{self, Held};

/// Of several processes one holds the connection: each event would reach all of them.
const LEASE: &str = "discord gateway";
/// The longest wait between two sessions.
const LONGEST: Duration = Duration::from_secs(300);
/// A session that lasted this long was a good one.
const GOOD: Duration = Duration::from_secs(300);
/// How long opening the connection may take.
const OPEN: Duration = Duration::from_secs(20);
/// Sessions that are left for other programs with the same token, and for people who start this one by hand.
const SPARE: u64 = 20;
/// Interactions that are served at the same time.
const AT_ONCE: usize = 16;
/// Where people set the bot up.
const PORTAL: &str = "https://discord.com/developers/applications, your app, Bot";

/// What we listen to: servers and their channels, messages there and to us alone, and what they say. The last one has to be
/// switched on. <https://discord.com/developers/docs/events/gateway#gateway-intents>
fn intents() -> GatewayIntents {
    GatewayIntents::GUILDS
        | GatewayIntents::GUILD_MESSAGES
        | GatewayIntents::DIRECT_MESSAGES
        | GatewayIntents::GUILD_MESSAGE_REACTIONS
        | GatewayIntents::DIRECT_MESSAGE_REACTIONS
        | GatewayIntents::MESSAGE_CONTENT
}

/// Why there is no session.
pub(super) enum Hindrance {
    /// Only a person can help; a sentence that says what to do.
    Refused(String),
    /// Something that may pass, not before the moment if there is one.
    Passing(String, Option<DateTime<Utc>>),
}

/// Listens until `stop`, reporting as the part `discord`.
///
/// # Errors
/// Never; it says so for the supervisor's sake.
pub async fn listen(
    discord: Discord,
    engine: Engine,
    menu: CommandMenu,
    stop: CancellationToken,
) -> Result<(), String> {
    engine
        .health
        .report(PART, State::Degraded, "connecting to Discord");
    let Some(me) = introduce(&discord, &engine, &stop).await else {
        stop.cancelled().await;
        return Ok(());
    };
    let standing = discord.clone();
    engine.health.supplement(PART, move || standing.report());
    let waits = || {
        let why = "standing by: another process holds the connection to Discord";
        engine.health.report(PART, State::Ok, why);
    };
    let (discord, menu) = (&discord, &menu);
    lease::keep(&engine, LEASE, &stop, waits, |held, stop| {
        converse(discord, &engine, menu, me.clone(), held, stop)
    })
    .await;
    Ok(())
}

/// Holds the line until `stop`.
async fn converse(
    discord: &Discord,
    engine: &Engine,
    menu: &CommandMenu,
    me: Identity,
    held: Held,
    stop: CancellationToken,
) {
    let (ear, heard) = Ear::new(discord.clone(), engine.clone());
    let writer = Writer {
        discord: discord.clone(),
        engine: engine.clone(),
        ear: Arc::clone(&ear),
        me,
        unread: Unread::default(),
        held,
        stop: stop.clone(),
    };
    let line = Line {
        discord,
        engine,
        ear: &ear,
        stop: &stop,
    };
    futures::join!(
        line.keep(),
        writer.run(heard.messages),
        line.serve(heard.asked, menu),
        line.register(menu)
    );
}

/// Finds out who we are, as long as it takes; none when only a person can help, or at a stop.
async fn introduce(discord: &Discord, engine: &Engine, stop: &CancellationToken) -> Option<Identity> {
    let mut wait = Duration::from_secs(1);
    loop {
        let asked = tokio::select! {
            () = stop.cancelled() => return None,
            asked = discord.identify() => asked,
        };
        let until = match asked.map_err(|trouble| hindrance(discord, trouble)) {
            Ok(me) => return Some(me),
            Err(Hindrance::Refused(why)) => {
                engine.health.report(PART, State::Failed, why);
                return None;
            }
            Err(Hindrance::Passing(why, until)) => {
                engine.health.report(PART, State::Degraded, why);
                until
            }
        };
        let until = until.unwrap_or_default().max(later(engine.clock.now(), wait));
        tokio::select! {
            () = stop.cancelled() => return None,
            () = engine.clock.sleep_until(until) => wait = (wait * 2).min(LONGEST),
        }
    }
}

fn hindrance(discord: &Discord, trouble: Trouble) -> Hindrance {
    let host = discord.host();
    match trouble {
        Trouble::Refused { status: 401, .. } => Hindrance::Refused(format!(
            "Discord refuses discord.bot_token; copy the token from {PORTAL} (Reset Token), and start again"
        )),
        Trouble::Busy(closed) => {
            Hindrance::Passing("Discord asks to slow down".to_owned(), Some(closed.until))
        }
        other => Hindrance::Passing(format!("Discord ({host}) cannot be reached: {other}"), None),
    }
}

/// Keeps a session.
struct Line<'a> {
    discord: &'a Discord,
    engine: &'a Engine,
    ear: &'a Arc<Ear>,
    stop: &'a CancellationToken,
}

impl Line<'_> {
    /// One session after the other, until a stop or until only a person can help.
    async fn keep(&self) {
        let health = &self.engine.health;
        let clock = &self.engine.clock;
        let mut wait = Duration::from_secs(1);
        loop {
            let began = clock.now();
            let ended = tokio::select! {
                () = self.stop.cancelled() => return,
                ended = self.session() => ended,
            };
            let until = match ended {
                Hindrance::Refused(why) => {
                    self.ear.standing.down(health, State::Failed, why);
                    return;
                }
                Hindrance::Passing(why, until) => {
                    self.ear.standing.down(health, State::Degraded, why);
                    until
                }
            };
            let now = clock.now();
            if later(began, GOOD) <= now {
                wait = Duration::from_secs(1);
            }
            // Discord wants up to five seconds between a session that it ended and the next one.
            let jitter = rand::random_range(0..1000);
            let until = until
                .unwrap_or_default()
                .max(later(now, wait + Duration::from_millis(jitter)));
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = clock.sleep_until(until) => wait = (wait * 2).min(LONGEST),
            }
        }
    }

    /// One session, from IDENTIFY to its end; resuming is part of it.
    async fn session(&self) -> Hindrance {
        let address = match self.address().await {
            Ok(address) => address,
            Err(hindrance) => return hindrance,
        };
        let lost = |error: serenity::Error| {
            let why = format!("the connection to Discord broke ({error}); connecting again");
            Hindrance::Passing(why, None)
        };
        let opened = self.engine.clock.timeout(OPEN, self.runner(address)).await;
        let mut runner = match opened {
            Ok(Ok(runner)) => runner,
            Ok(Err(error)) => return lost(error),
            Err(late) => return Hindrance::Passing(format!("Discord's gateway does not open: {late}"), None),
        };
        // In a task of its own, dropped with the session: on some close codes serenity reads a closed connection again and
        // again without a pause, and nothing else in its task would get a turn.
        let mut running = JoinSet::new();
        running.spawn(async move { runner.run().await });
        let ended = match running.join_next().await {
            Some(Ok(ended)) => ended,
            Some(Err(panic)) => {
                let why = format!("the session with Discord broke off ({panic}); connecting again");
                return Hindrance::Passing(why, None);
            }
            None => Ok(()),
        };
        match ended {
            Ok(()) => Hindrance::Passing(
                "the session with Discord ended; beginning a new one".to_owned(),
                None,
            ),
            Err(serenity::Error::Gateway(error)) => refused(&error).unwrap_or_else(|| lost(error.into())),
            Err(error) => lost(error),
        }
    }

    /// Where the gateway is, when a session may begin.
    /// <https://discord.com/developers/docs/events/gateway#get-gateway-bot>
    async fn address(&self) -> Result<String, Hindrance> {
        let call = Call::new(LightMethod::Get, Route::GatewayBot, "GET gateway", "");
        let said = self
            .discord
            .read(call)
            .await
            .map_err(|trouble| hindrance(self.discord, trouble))?;
        let limit = said.get("session_start_limit").unwrap_or(&Value::Null);
        let field = |name| limit.get(name).and_then(Value::as_u64);
        if let Some(left) = field("remaining").filter(|left| *left < SPARE) {
            let reset = Duration::from_millis(field("reset_after").unwrap_or(60_000));
            let why = format!("Discord allows {left} more sessions today; waiting for the next day");
            return Err(Hindrance::Passing(
                why,
                Some(later(self.engine.clock.now(), reset)),
            ));
        }
        let url = json::text(&said, "url").filter(|url| url.starts_with("ws"));
        url.map(str::to_owned)
            .ok_or_else(|| Hindrance::Passing("Discord did not say where its gateway is".to_owned(), None))
    }

    /// A shard runner that tells the ear, and whose end is the end of its session.
    async fn runner(&self, address: String) -> Result<ShardRunner, serenity::Error> {
        let http = Arc::new(self.discord.serenity());
        let address = Arc::new(Mutex::new(address));
        let us = ShardInfo {
            id: ShardId(0),
            total: 1,
        };
        let shard = Shard::new(Arc::clone(&address), http.token(), us, intents(), None).await?;
        let (manager, _) = ShardManager::new(ShardManagerOptions {
            data: Arc::default(),
            event_handlers: Vec::new(),
            raw_event_handlers: Vec::new(),
            shard_index: 0,
            shard_init: 0,
            shard_total: 1,
            ws_url: address,
            http: Arc::clone(&http),
            intents: intents(),
            presence: None,
        });
        let runner = ShardRunner::new(ShardRunnerOptions {
            data: Arc::default(),
            event_handlers: Vec::new(),
            raw_event_handlers: Vec::new(),
            manager: Arc::clone(&manager),
            shard,
            http,
        });
        let messenger = ShardMessenger::new(&runner);
        let ear = Arc::clone(self.ear);
        messenger.add_collector(CollectorCallback(Box::new(move |event| {
            ear.hear(event);
            true
        })));
        retire(&manager, messenger).await;
        Ok(runner)
    }

    /// Serves interactions, some at a time; at a stop, those that are being served.
    async fn serve(&self, mut asked: mpsc::Receiver<Asked>, menu: &CommandMenu) {
        let mut serving = FuturesUnordered::new();
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                next = asked.recv(), if serving.len() < AT_ONCE => match next {
                    Some(asked) => serving.push(self.serve_one(asked, menu)),
                    None => break,
                },
                Some(()) = serving.next() => {}
            }
        }
        while serving.next().await.is_some() {}
    }

    async fn serve_one(&self, asked: Asked, menu: &CommandMenu) {
        serve(self.discord, self.engine, menu, &asked.what).await;
        drop(asked.work);
    }

    /// Makes the command known, whenever a session names the application.
    async fn register(&self, menu: &CommandMenu) {
        let mut application = self.ear.application.subscribe();
        let mut wait = Duration::from_secs(1);
        loop {
            let known = application.borrow_and_update().clone();
            let done = match &known {
                None => true,
                Some(id) => match register(self.discord, id, menu).await {
                    Ok(new) => {
                        tracing::info!(new, "the command /{} is known to Discord", menu.name());
                        wait = Duration::from_secs(1);
                        true
                    }
                    Err(trouble) => {
                        tracing::warn!(%trouble, "the command could not be made known to Discord; trying again");
                        false
                    }
                },
            };
            let again = async {
                if done {
                    std::future::pending::<()>().await;
                }
                self.engine.clock.sleep(wait).await;
            };
            tokio::select! {
                () = self.stop.cancelled() => return,
                changed = application.changed() => if changed.is_err() { return },
                () = again => wait = (wait * 2).min(LONGEST),
            }
        }
    }
}

/// Ends the manager's own task, so that it cannot begin a session beside ours: a runner that asks it for a restart ends
/// instead. The manager only ends its task when it has runners to end, so it gets one by a number that is not ours, and the
/// word that both have ended already, for which it would wait five seconds each.
async fn retire(manager: &Arc<ShardManager>, messenger: ShardMessenger) {
    const NOBODY: ShardId = ShardId(u32::MAX);
    let nobody = ShardRunnerInfo {
        latency: None,
        runner_tx: messenger,
        stage: ConnectionStage::Disconnected,
    };
    manager.runners.lock().await.insert(NOBODY, nobody);
    manager.shutdown_finished(NOBODY);
    manager.shutdown_all().await;
    manager.shutdown_finished(ShardId(0));
}

/// What the gateway's close codes mean that no new session mends.
/// <https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes>
fn refused(error: &GatewayError) -> Option<Hindrance> {
    let why = match error {
        GatewayError::InvalidAuthentication | GatewayError::NoAuthentication => format!(
            "Discord refuses discord.bot_token (4004); copy the token from {PORTAL} (Reset Token), and start again"
        ),
        GatewayError::DisallowedGatewayIntents => format!(
            "Discord does not let the bot read messages (4014); switch the Message Content Intent on at {PORTAL}, and \
             start again"
        ),
        GatewayError::InvalidGatewayIntents => {
            "Discord does not know what the bot asks to hear (4013); is Callsheet out of date?".to_owned()
        }
        _ => return None,
    };
    Some(Hindrance::Refused(why))
}
