//! The wiring: builds the parts, supervises their tasks, drains on shutdown.

mod suggestions;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use self::suggestions::Suggestions;
use crate::action::{Actions, Seen, settle_owners};
use crate::agent::{Agent, Limits};
use crate::command;
use crate::config::{Config, Provider, Scheme};
use crate::desk::{Desk, ProgressDesk, RunDesk, StopDesk};
use crate::digest::{self, Digests};
use crate::domain::Platform;
use crate::engine::Engine;
use crate::engine::answers::Answers;
use crate::engine::audit;
use crate::engine::clock::Clock;
use crate::engine::health::State;
use crate::engine::outbox::{Outbox, survey};
use crate::engine::retention;
use crate::engine::sender::Senders;
use crate::engine::supervisor::{Supervisor, TaskEnded};
use crate::engine::workers::{self, Handler};
use crate::gate::{self, Gates};
use crate::guard::budget::Budget;
use crate::guard::limits::Limiter;
use crate::guard::redaction::Redaction;
use crate::http;
use crate::model::{Model, Offline, OpenAi};
use crate::platform::discord::{self, CommandMenu, Discord, DiscordSender};
use crate::platform::github::{self, GitHub, GitHubSender};
use crate::platform::shell::ShellSender;
use crate::platform::slack::{self, Slack, SlackSender};
use crate::store::{Db, StoreError, queue};

/// How many items of a kind one process works on at once.
const EVENT_WORKERS: usize = 8;
const SEND_WORKERS: usize = 8;
const CONTROL_WORKERS: usize = 4;
const PROGRESS_WORKERS: usize = 2;
const DIGEST_WORKERS: usize = 2;

/// Why the service could not start; shown to the person who starts it.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is taken or not ours.
    #[error("cannot listen on {address} (server.listen): {why}. Free the address, or set another one.")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        why: String,
    },
    /// A part could not be built.
    #[error("cannot set up {part}: {why}")]
    Part {
        /// Which.
        part: &'static str,
        /// What it said.
        why: String,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whether a process also listens, or only works the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Listens to the platforms and over HTTP, and works the queue.
    Serve,
    /// Works the queue until its own question is answered.
    Ask,
}

/// The running application.
pub struct App {
    /// Database, time, wake-up calls and health.
    pub engine: Engine,
    /// Where HTTP listens; none when it does not.
    pub address: Option<SocketAddr>,
    /// What makes an owner of whoever says it, while nobody is one.
    pub claim: Option<String>,
    supervisor: Supervisor,
    role: Role,
}

/// The platforms and the model, as configured.
struct Parts {
    slack: Option<Slack>,
    discord: Option<Discord>,
    github: Option<GitHub>,
    model: Arc<Model>,
}

impl App {
    /// Builds and starts every part.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(config: &Config, db: Db, clock: Clock, role: Role) -> Result<Self, StartError> {
        let engine = Engine::new(db, clock);
        take_up(&engine).await?;
        // The shell owns everything as it is; a code is for those who talk to us elsewhere.
        let heard = config.slack.is_some() || config.discord.is_some() || config.github.is_some();
        let named = &config.people.owners;
        let claim = match role {
            Role::Serve => settle_owners(&engine, named, heard).await?,
            Role::Ask => None,
        };
        let parts = parts(config, &engine, role)?;
        let listener = match role {
            Role::Serve => Some(listen(config.server.listen).await?),
            Role::Ask => None,
        };
        let address = listener.as_ref().and_then(|listener| listener.local_addr().ok());
        let mut supervisor = Supervisor::default();
        let start = address.map(|address| audit::Start {
            settings: config.settings.clone(),
            how: format!(", listening on {address}"),
        });
        let auditing = audit::keep(engine.clone(), start, supervisor.stopping());
        supervisor.spawn("audit", auditing);
        let actions = actions(config, &engine, &parts, role);
        spawn_workers(config, actions.clone(), &parts.model, role, &mut supervisor);
        if let Some(listener) = listener {
            spawn_listeners(config, &actions, &parts, &mut supervisor, listener);
        }
        engine.wake();
        Ok(Self {
            engine,
            address,
            claim,
            supervisor,
            role,
        })
    }

    /// Cancelled to make the application stop.
    pub fn stopping(&self) -> CancellationToken {
        self.supervisor.stopping()
    }

    /// Follows the parts until all have stopped.
    ///
    /// # Errors
    /// [`TaskEnded`] when a part stopped without being asked to.
    pub async fn run(self) -> Result<(), TaskEnded> {
        let ended = self.supervisor.run().await;
        let why = ended.as_ref().err().map(ToString::to_string);
        audit::stopped(&self.engine, self.role == Role::Serve, why.as_deref()).await;
        self.engine.db.close().await;
        ended
    }
}

/// Resumption: alone with its database, a process takes up at once what its predecessor left claimed. With replicas the
/// leases decide.
async fn take_up(engine: &Engine) -> Result<(), StoreError> {
    engine.database_kept();
    let mut tx = engine.db.read().await?;
    survey(engine, &mut tx).await?;
    drop(tx);
    if engine.db.holds_instance_lock() {
        let mut tx = engine.db.begin().await?;
        let count = queue::release_all(&mut tx, engine.clock.now()).await?;
        if count > 0 {
            tx.commit("take up").await?;
            tracing::info!(count, "took up work that was left in the middle");
        }
    }
    Ok(())
}

fn parts(config: &Config, engine: &Engine, role: Role) -> Result<Parts, StartError> {
    let broken = |part| move |why| StartError::Part { part, why };
    let slack = match &config.slack {
        Some(slack) => Some(Slack::new(slack, engine.clock.clone()).map_err(broken("Slack"))?),
        None => {
            engine.health.report(
                "slack",
                State::NotConfigured,
                "set [slack] in bot.toml to talk in Slack",
            );
            None
        }
    };
    let discord = match &config.discord {
        Some(discord) => Some(Discord::new(discord, engine.clock.clone()).map_err(broken("Discord"))?),
        None => {
            engine.health.report(
                "discord",
                State::NotConfigured,
                "set [discord] in bot.toml to talk on Discord",
            );
            None
        }
    };
    if role == Role::Ask {
        for (part, set) in [
            ("slack", config.slack.is_some()),
            ("discord", config.discord.is_some()),
            ("github", config.github.is_some()),
        ] {
            if set {
                engine.health.report(
                    part,
                    State::Degraded,
                    "configured; only the running service knows how it is",
                );
            }
        }
    }
    let github = match &config.github {
        Some(github) => Some(GitHub::new(github, engine.clock.clone()).map_err(broken("GitHub"))?),
        None => {
            engine.health.report(
                "github",
                State::NotConfigured,
                "set [github] in bot.toml to work with issues",
            );
            None
        }
    };
    Ok(Parts {
        slack,
        discord,
        github,
        model: Arc::new(model(config, engine)?),
    })
}

fn model(config: &Config, engine: &Engine) -> Result<Model, StartError> {
    let model = match &config.model.provider {
        Provider::Offline => Model::Offline(Offline),
        Provider::OpenAi(server) => Model::OpenAi(OpenAi::new(server).map_err(|why| StartError::Part {
            part: "the language model",
            why,
        })?),
    };
    let detail = match &model {
        Model::Offline(_) => {
            "offline: the built-in grammar; set [model] in bot.toml for a language model".to_owned()
        }
        Model::OpenAi(server) => server.name().to_owned(),
    };
    engine.health.report("model", State::Ok, detail);
    Ok(model)
}

/// The way out to every platform that is set up.
fn senders(parts: &Parts) -> Senders {
    let mut senders = Senders::default().with(Platform::Shell, Arc::new(ShellSender));
    if let Some(slack) = &parts.slack {
        senders = senders.with(Platform::Slack, Arc::new(SlackSender::new(slack.clone())));
    }
    if let Some(discord) = &parts.discord {
        senders = senders.with(Platform::Discord, Arc::new(DiscordSender::new(discord.clone())));
    }
    if let Some(github) = &parts.github {
        senders = senders.with(Platform::GitHub, Arc::new(GitHubSender::new(github.clone())));
    }
    senders
}

/// Everything that can be done, with the way out.
fn actions(config: &Config, engine: &Engine, parts: &Parts, role: Role) -> Actions {
    Actions {
        engine: engine.clone(),
        outbox: Outbox::new(engine.clone(), senders(parts))
            .helping(role == Role::Ask)
            .masking(Redaction::of(config)),
        github: parts.github.clone(),
        slack: parts.slack.clone(),
        discord: parts.discord.clone(),
        budget: Arc::new(Budget::of(config)),
        patience: Duration::from_secs(60 * config.agent.answer_within_minutes),
        seen: Seen::default(),
    }
}

fn spawn_workers(
    config: &Config,
    actions: Actions,
    model: &Arc<Model>,
    role: Role,
    supervisor: &mut Supervisor,
) {
    let helping = role == Role::Ask;
    let (engine, outbox) = (&actions.engine.clone(), actions.outbox.clone());
    let answers = Answers::new(engine.clone(), outbox.clone());
    let model = Arc::clone(model);
    let agent = Arc::new(Agent::new(
        engine.clone(),
        actions.clone(),
        answers.clone(),
        model,
        Limits::of(config),
    ));
    let command = command_name(config);
    let desk = Desk::new(
        engine.clone(),
        actions.clone(),
        outbox.clone(),
        answers.clone(),
        command.clone(),
        Limiter::new(&config.limits),
    )
    .allowing(&config.agent.allowed_bots);
    let gates = actions.gates();
    let digests = Digests::new(engine.clone(), actions.clone(), outbox.clone());
    let runs = RunDesk::new(engine.clone(), actions, answers.clone(), agent, command)
        .helping(helping)
        .asking_back(old_after(config));
    let progress = ProgressDesk::new(engine.clone(), answers);
    let mut handlers: Vec<(&'static str, Arc<dyn Handler>, usize)> = vec![
        (
            "control workers",
            Arc::new(StopDesk::new(desk.clone())),
            CONTROL_WORKERS,
        ),
        ("event workers", Arc::new(desk), EVENT_WORKERS),
        ("run workers", Arc::new(runs), config.agent.max_runs_at_once),
        ("send workers", Arc::new(outbox), SEND_WORKERS),
        ("progress workers", Arc::new(progress), PROGRESS_WORKERS),
    ];
    // A process that only asks does not stay until something is due.
    if !helping {
        handlers.push(("digest workers", Arc::new(digests), DIGEST_WORKERS));
        spawn_timers(config, engine, gates, supervisor);
    }
    for (name, handler, slots) in handlers {
        let work = workers::run(engine.clone(), handler, slots, supervisor.stopping());
        supervisor.spawn(name, work);
    }
    let (listener, reaper) = (supervisor.stopping(), supervisor.stopping());
    supervisor.spawn("queue listener", workers::listen(engine.clone(), listener));
    supervisor.spawn("lease reaper", workers::reap(engine.clone(), reaper));
}

/// What happens because its time has come.
fn spawn_timers(config: &Config, engine: &Engine, gates: Gates, supervisor: &mut Supervisor) {
    let asked = gate::keep_time(engine.clone(), gates, supervisor.stopping());
    supervisor.spawn("questions", asked);
    let timer = digest::keep_time(engine.clone(), supervisor.stopping());
    supervisor.spawn("schedules", timer);
    let forgetting = retention::keep_small(engine.clone(), config.retention, supervisor.stopping());
    supervisor.spawn("retention", forgetting);
}

/// How old a request may be when work on it begins.
fn old_after(config: &Config) -> Option<TimeDelta> {
    let minutes = i64::try_from(config.agent.old_after_minutes).ok();
    minutes
        .filter(|minutes| *minutes > 0)
        .and_then(TimeDelta::try_minutes)
}

/// What people call us with in commands, on every platform.
fn command_name(config: &Config) -> String {
    config
        .slack
        .as_ref()
        .map_or_else(|| "/pm".to_owned(), |slack| slack.command.clone())
}

fn spawn_listeners(
    config: &Config,
    actions: &Actions,
    parts: &Parts,
    supervisor: &mut Supervisor,
    listener: TcpListener,
) {
    let engine = &actions.engine;
    let stop = supervisor.stopping();
    let secret = config
        .github
        .as_ref()
        .and_then(|github| github.webhook_secret.clone());
    let hooks = github::Hooks {
        open: secret.is_some(),
        public_url: config.server.public_url.clone(),
    };
    let hook = parts.github.clone().map(|github| http::GitHubHook {
        engine: engine.clone(),
        secret,
        github,
    });
    let requests = parts.slack.clone().map(|slack| http::SlackHook {
        engine: engine.clone(),
        slack,
    });
    let router = http::router(engine.clone(), hook, requests);
    supervisor.spawn(
        "http",
        http::serve(listener, router, engine.clock.clone(), stop.clone()),
    );
    if let Some(slack) = &parts.slack {
        supervisor.spawn(
            "slack",
            slack::listen(slack.clone(), engine.clone(), stop.clone()),
        );
    }
    if let Some(discord) = &parts.discord {
        let menu = CommandMenu::new(&command_name(config), command::verbs())
            .suggesting(Arc::new(Suggestions(actions.clone())));
        supervisor.spawn(
            "discord",
            discord::listen(discord.clone(), engine.clone(), menu, stop.clone()),
        );
    }
    if let Some(github) = &parts.github {
        supervisor.spawn(
            "github",
            github::watch(github.clone(), engine.clone(), hooks, stop),
        );
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address)
        .await
        .map_err(|error| StartError::Listen {
            address,
            why: error.to_string(),
        })
}

/// How the person who started this program starts it again.
fn program() -> &'static str {
    let built_here = |path: std::path::PathBuf| path.components().any(|part| part.as_os_str() == "target");
    if std::env::current_exe().is_ok_and(built_here) {
        "cargo run --"
    } else {
        "callsheet"
    }
}

/// The plain lines a person sees at the start.
pub fn welcome(config: &Config, address: Option<SocketAddr>, claim: Option<&str>) -> String {
    let mut lines = vec![format!("Callsheet {}", env!("CARGO_PKG_VERSION"))];
    if let Some(address) = address {
        lines.push(format!(
            "  Listening on  http://{address}  (health: http://{address}/health)"
        ));
    }
    let database = match config.database.scheme {
        Scheme::Sqlite => "SQLite",
        Scheme::Postgres => "PostgreSQL",
    };
    let model = match &config.model.provider {
        Provider::Offline => "offline, the built-in grammar",
        Provider::OpenAi(server) => &server.name,
    };
    let configured = |set: bool| if set { "configured" } else { "not configured" };
    lines.push(format!("  Database      {database}"));
    lines.push(format!("  Model         {model}"));
    lines.push(format!("  Slack         {}", configured(config.slack.is_some())));
    lines.push(format!(
        "  Discord       {}",
        configured(config.discord.is_some())
    ));
    lines.push(format!("  GitHub        {}", configured(config.github.is_some())));
    lines.extend(config.notes().into_iter().map(|note| format!("  Note: {note}")));
    if let Some(code) = claim {
        let chats = config.slack.is_some() || config.discord.is_some();
        let way = match (chats, config.github.is_some()) {
            (true, true) => {
                "in a direct message in Slack or on Discord, or behind its name in a comment on GitHub"
            }
            (true, false) => "in a direct message in Slack or on Discord",
            _ => "behind its name in a comment on GitHub",
        };
        lines.push(format!(
            "  Nobody owns this Callsheet yet: say `claim {code}` to it {way}. Works once, for 7 days or until the next start."
        ));
    }
    lines.push(format!(
        "Next: in another shell, in this folder, `{} ask \"create a project called Apollo in acme/apollo\"`.",
        program()
    ));
    if config.slack.is_none() || config.discord.is_none() || config.github.is_none() {
        lines.push(
            "To connect Slack, Discord or GitHub, copy bot.toml.example to bot.toml and fill it in. Ctrl-C stops."
                .to_owned(),
        );
    }
    lines.join("\n")
}
