//! The configuration: `bot.toml` and the environment, read once at start into [`Config`].
//!
//! Every key can be overridden by the environment (`slack.bot_token` is `CALLSHEET__SLACK__BOT_TOKEN`), and every
//! secret can be read from a file (`slack.bot_token_file`). Invariants: a [`Config`] that exists is complete and
//! checked; an unknown key or a half-filled section is an error, never ignored; all problems are reported
//! together; no secret shows in `Debug`, in an error or in a note.

mod problem;
mod reader;
mod sections;
mod settings;
mod source;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use url::{Host, Url};

use crate::domain::{AccountKey, Money};

pub use self::problem::{ConfigError, Problem};
use self::reader::Reader;
pub use self::settings::Settings;

/// The file that is read when none is named.
pub const DEFAULT_FILE: &str = "bot.toml";

/// The checked configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// The HTTP server.
    pub server: Server,
    /// The project database.
    pub database: Database,
    /// Slack; `None` when the section says nothing: not configured.
    pub slack: Option<Slack>,
    /// Discord; `None` when the section says nothing: not configured.
    pub discord: Option<Discord>,
    /// GitHub; `None` when the section says nothing: not configured.
    pub github: Option<GitHub>,
    /// The language model.
    pub model: Model,
    /// The limits of a run, and who may ask for one.
    pub agent: Agent,
    /// How often may be asked, and what may be spent.
    pub limits: Limits,
    /// How long what is finished is kept.
    pub retention: Retention,
    /// Who people are.
    pub people: People,
    /// What was set, without secrets.
    pub settings: Settings,
}

/// The HTTP server: webhooks, health, metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Where it listens.
    pub listen: SocketAddr,
    /// How the outside reaches it, for links and set-up hints. Without a closing slash, unless it has no path.
    pub public_url: Option<Url>,
}

/// The project database.
#[derive(Debug, Clone)]
pub struct Database {
    /// `sqlite:…` or `postgres://…`; secret, since it may hold a password.
    pub url: SecretString,
    /// The engine that the URL's scheme names.
    pub scheme: Scheme,
    /// The most connections of this process to PostgreSQL; a SQLite file has one writer.
    pub max_connections: u32,
}

/// The database engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// A file on this machine.
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
}

/// Slack, completely configured.
#[derive(Debug, Clone)]
pub struct Slack {
    /// How events reach us.
    pub mode: SlackMode,
    /// The bot user's token (`xoxb-…`).
    pub bot_token: SecretString,
    /// The base of the Web API, without a closing slash.
    pub api_url: Url,
    /// The slash command, with its slash.
    pub command: String,
}

/// How Slack delivers events, with what that takes.
#[derive(Debug, Clone)]
pub enum SlackMode {
    /// Socket Mode: over a WebSocket that we open, so no public address is needed.
    Socket {
        /// The app-level token (`xapp-…`) that opens the socket.
        app_token: SecretString,
    },
    /// As HTTP requests to our routes under `/slack/`, which Slack must be able to reach.
    Http {
        /// The key that signs the requests.
        signing_secret: SecretString,
    },
}

/// Discord, completely configured.
#[derive(Debug, Clone)]
pub struct Discord {
    /// The bot's token.
    pub bot_token: SecretString,
    /// Where the API is, without `/api/v10` and without a closing slash unless it has no path.
    pub api_url: Url,
}

/// GitHub, completely configured.
#[derive(Debug, Clone)]
pub struct GitHub {
    /// The base of the REST API, without a closing slash unless it has no path.
    pub api_url: Url,
    /// Who we are there.
    pub login: GitHubLogin,
    /// The key that signs webhooks; without it webhooks are answered with 503.
    pub webhook_secret: Option<SecretString>,
    /// The word in a comment that addresses us, with its `@`; none for the usual one: `@pm` for a token, the App's own name
    /// for an App.
    pub mention: Option<String>,
}

/// Who we are on GitHub.
#[derive(Debug, Clone)]
pub enum GitHubLogin {
    /// An account of its own, by a token of that account.
    Token(SecretString),
    /// A GitHub App.
    App(GitHubApp),
}

/// A GitHub App's credentials.
#[derive(Debug, Clone)]
pub struct GitHubApp {
    /// The App's id or its client id; GitHub takes either as the issuer of a key
    /// (<https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app>).
    pub id: String,
    /// Its private key, as the PEM file GitHub gives.
    pub private_key: SecretString,
}

/// The language model.
#[derive(Debug, Clone)]
pub struct Model {
    /// Who answers.
    pub provider: Provider,
    /// The most tokens that one request may hold, its answer included.
    pub context_tokens: u64,
    /// What its tokens cost; none when nobody said.
    pub prices: Option<Prices>,
    /// What money is called, e.g. `USD`.
    pub currency: String,
}

/// What a million tokens cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prices {
    /// What the model reads.
    pub input: Money,
    /// What it writes.
    pub output: Money,
}

/// Who answers as the language model.
#[derive(Debug, Clone)]
pub enum Provider {
    /// The built-in grammar: no network, no key.
    Offline,
    /// An OpenAI-compatible server.
    OpenAi(OpenAi),
}

/// An OpenAI-compatible server.
#[derive(Debug, Clone)]
pub struct OpenAi {
    /// The base of the API, without a closing slash unless it has no path.
    pub base_url: Url,
    /// The key; `None` for a server in our own network that asks for none.
    pub api_key: Option<SecretString>,
    /// The model's name, as the server knows it.
    pub name: String,
}

/// The limits of a run, and who may ask for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// The most steps (model answers) of one run.
    pub max_steps: u32,
    /// The most tokens that one run may use, prompts and answers together.
    pub max_tokens_per_run: u64,
    /// How many runs are worked on at the same time by one process. One that waits for the model or for GitHub counts.
    pub max_runs_at_once: usize,
    /// How old a request may be when work on it begins, in minutes; 0 for any age.
    pub old_after_minutes: u64,
    /// How long people may take to answer a question, in minutes.
    pub answer_within_minutes: u64,
    /// Other bots that are answered like people; none when empty.
    pub allowed_bots: Vec<AccountKey>,
}

/// How often may be asked, and what may be spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests of one person within a minute; 0 for any number.
    pub person_per_minute: u32,
    /// Requests at one channel or issue within a minute; 0 for any number.
    pub place_per_minute: u32,
    /// Requests at all places of one project within a minute; 0 for any number.
    pub project_per_minute: u32,
    /// What one run may cost.
    pub run_cost: Option<Money>,
    /// What one person may use in a day.
    pub person_day: Cap,
    /// What may be used in a month for one project.
    pub project_month: Cap,
}

/// What may be used of the language model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cap {
    /// Tokens, in and out.
    pub tokens: Option<i64>,
    /// What they cost.
    pub cost: Option<Money>,
}

/// Who people are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct People {
    /// The accounts whose persons own this Callsheet, and so every project in it.
    pub owners: Vec<AccountKey>,
}

/// How long what is finished is kept, in days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Finished work in the queue, which nobody looks at but to find out what went wrong.
    pub work_days: u64,
    /// What reached us, as it came, and the keys that tell a copy from something new.
    pub event_days: u64,
    /// Runs with their journal, what was sent, and digests.
    pub history_days: u64,
    /// What was said in conversations.
    pub message_days: u64,
}

/// The file to read: the one from the command line (`flag`), else the one that `CALLSHEET_CONFIG` names, else
/// `bot.toml` in `directory` if it exists. An empty name counts as none.
pub fn locate(
    flag: Option<&Path>,
    mut env: impl Iterator<Item = (String, String)>,
    directory: &Path,
) -> Option<PathBuf> {
    let named = flag
        .filter(|path| !path.as_os_str().is_empty())
        .map(Path::to_path_buf);
    let mut from_env = || env.find(|(name, path)| name == "CALLSHEET_CONFIG" && !path.is_empty());
    named
        .or_else(|| from_env().map(|(_, path)| PathBuf::from(path)))
        .or_else(|| Some(directory.join(DEFAULT_FILE)).filter(|path| path.exists()))
}

impl Config {
    /// Reads exactly this file (see [`locate`]), or none, and the environment over it. With neither, the result
    /// is a working default: a SQLite file, the offline model, no platform.
    ///
    /// # Errors
    /// Everything that is wrong, at once; a file that cannot be read or parsed stands alone.
    pub fn load(
        file: Option<&Path>,
        env: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let values = source::collect(file, env).map_err(|problem| ConfigError::new(vec![problem]))?;
        let mut reader = Reader::new(values);
        let config = Self {
            server: sections::server(&mut reader),
            database: sections::database(&mut reader),
            slack: sections::slack(&mut reader),
            discord: sections::discord(&mut reader),
            github: sections::github(&mut reader),
            model: sections::model(&mut reader),
            agent: sections::agent(&mut reader),
            limits: sections::limits(&mut reader),
            retention: sections::retention(&mut reader),
            people: sections::people(&mut reader),
            // After all sections: they say which keys there are.
            settings: reader.settings(),
        };
        let problems = reader.finish();
        if problems.is_empty() {
            Ok(config)
        } else {
            Err(ConfigError::new(problems))
        }
    }

    /// What is allowed but worth knowing, as plain sentences for the start-up lines.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self
            .github
            .as_ref()
            .is_some_and(|github| github.webhook_secret.is_none())
        {
            notes.push(
                "GitHub webhooks are off and answered with 503, because github.webhook_secret is not set; \
                 set it to the secret of the webhook in the repository's settings."
                    .to_owned(),
            );
        }
        if let Some(base) = &self.server.public_url
            && self
                .github
                .as_ref()
                .is_some_and(|github| github.webhook_secret.is_some())
        {
            let base = base.as_str().trim_end_matches('/');
            notes.push(format!("GitHub's webhook goes to {base}/webhooks/github."));
        }
        let slack_over_http = self
            .slack
            .as_ref()
            .is_some_and(|slack| matches!(slack.mode, SlackMode::Http { .. }));
        if slack_over_http {
            let base = self.server.public_url.as_ref().map(Url::as_str);
            let base = base.unwrap_or("https://YOUR-HOST").trim_end_matches('/');
            notes.push(format!(
                "Slack must reach {base}/slack/events (Event Subscriptions), {base}/slack/commands (Slash Commands) and \
                 {base}/slack/interactions (Interactivity); set these request URLs at https://api.slack.com/apps."
            ));
        }
        let model_url = match &self.model.provider {
            Provider::Offline => None,
            Provider::OpenAi(server) => Some(&server.base_url),
        };
        let urls = [
            ("slack.api_url", self.slack.as_ref().map(|slack| &slack.api_url)),
            (
                "discord.api_url",
                self.discord.as_ref().map(|discord| &discord.api_url),
            ),
            (
                "github.api_url",
                self.github.as_ref().map(|github| &github.api_url),
            ),
            ("model.base_url", model_url),
        ];
        for (key, url) in urls {
            if let Some(url) = url.filter(|url| url.scheme() == "http" && !is_loopback(url)) {
                let host = url.host_str().unwrap_or_default();
                notes.push(format!(
                    "{key} uses http, so tokens and texts travel unencrypted to {host}; use https if it offers it."
                ));
            }
        }
        notes
    }
}

/// Whether the address is this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}
