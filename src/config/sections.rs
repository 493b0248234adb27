//! One function per section of the file: its keys, its defaults, and what must be set together. Each reads all of
//! its keys before it judges them, so that one pass finds every problem; what it returns after a problem is not
//! used, because [`super::Config::load`] then fails.

use std::net::{Ipv4Addr, SocketAddr};

use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

use super::reader::Reader;
use super::{
    Agent, Cap, Database, Discord, GitHub, GitHubApp, GitHubLogin, Limits, Model, OpenAi, People, Prices,
    Provider, Retention, Scheme, Server, Slack, SlackMode, is_loopback,
};
use crate::domain::{AccountKey, Money};

/// A year.
const MOST_MINUTES: u64 = 365 * 24 * 60;

const DATABASE_URL: &str = "sqlite://data/callsheet.db";
const SLACK_API: &str = "https://slack.com/api";
const DISCORD_API: &str = "https://discord.com";
const GITHUB_API: &str = "https://api.github.com";
const OPENAI_API: &str = "https://api.openai.com/v1";

const BOT_TOKEN_FIX: &str = "Copy the Bot User OAuth Token (xoxb-…) from https://api.slack.com/apps, your app, \
                             OAuth & Permissions, after installing the app to the workspace.";
const APP_TOKEN_FIX: &str = "Create an app-level token (xapp-…) with the scope connections:write at \
                             https://api.slack.com/apps, your app, Basic Information, App-Level Tokens.";
const SIGNING_SECRET_FIX: &str =
    "Copy the Signing Secret from https://api.slack.com/apps, your app, Basic Information, App Credentials.";
const DISCORD_TOKEN_FIX: &str = "Copy the bot's token from https://discord.com/developers/applications, your app, Bot \
                                 (Reset Token).";
const GITHUB_TOKEN_FIX: &str = "Create a fine-grained token (github_pat_…) with the permissions Issues: read and \
                                write, Pull requests: read and write, Commit statuses: read and Metadata: read at https://github.com/settings/personal-access-tokens.";
const APP_ID_FIX: &str = "Copy the App ID (a number) or the Client ID (Iv…) from the App's page, General, About, under \
                          https://github.com/settings/apps or the organisation's settings, Developer settings.";
const PRIVATE_KEY_FIX: &str = "Generate a private key on the App's page, General, Private keys, and name the downloaded \
                               .pem file in github.private_key_file.";
const API_KEY_FIX: &str = "Copy a key from the provider (for OpenAI sk-… from \
                           https://platform.openai.com/api-keys); if your server asks for none, any word will do.";
const PRICE_FIX: &str = "Give the price of a million tokens, as the provider lists it, in both model.input_price and \
                         model.output_price.";
const CURRENCY_FIX: &str =
    "Give the three capital letters of the currency that the prices are in, such as \"USD\".";
const ACCOUNTS_FIX: &str = "Write each as \"slack:T0123/U0456\" (workspace and user id), \"discord:discord/123456\" (user id) or \
                        \"github:github.com/123456\" (the number in https://api.github.com/users/NAME).";
const NAME_FIX: &str =
    "Give the model's name as the server knows it, such as \"gpt-5-mini\" or \"llama3.1\".";

pub(super) fn server(r: &mut Reader) -> Server {
    let default = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080));
    Server {
        listen: r.address("server.listen", "127.0.0.1:8080").unwrap_or(default),
        public_url: r.http_url("server.public_url", "https://bot.example.com"),
    }
}

pub(super) fn database(r: &mut Reader) -> Database {
    let key = "database.url";
    let url = r.secret(key);
    // One listens for other replicas' calls all the time.
    let max_connections = r.number("database.max_connections", 10, 2..=1_000);
    let max_connections = u32::try_from(max_connections).unwrap_or(u32::MAX);
    let default = || Database {
        url: SecretString::from(DATABASE_URL),
        scheme: Scheme::Sqlite,
        max_connections,
    };
    let Some(url) = url else {
        return default();
    };
    match scheme_of(url.expose_secret()) {
        Ok(scheme) => Database {
            url,
            scheme,
            max_connections,
        },
        Err(what) => {
            let fix = format!("Give \"{DATABASE_URL}\" or \"postgres://user:password@host/database\".");
            r.problem(key, what, fix);
            default()
        }
    }
}

fn scheme_of(url: &str) -> Result<Scheme, &'static str> {
    match url.split_once(':') {
        Some(("sqlite", rest)) if rest.trim_start_matches('/').is_empty() => Err("names no file"),
        Some(("sqlite", _)) => Ok(Scheme::Sqlite),
        Some(("postgres" | "postgresql", rest)) if rest.starts_with("//") && Url::parse(url).is_ok() => {
            Ok(Scheme::Postgres)
        }
        Some(("postgres" | "postgresql", _)) => Err("is not a valid PostgreSQL URL"),
        _ => Err("does not begin with sqlite:// or postgres://"),
    }
}

pub(super) fn slack(r: &mut Reader) -> Option<Slack> {
    let mode = r.text("slack.mode");
    let bot_token = r.token("slack.bot_token", BOT_TOKEN_FIX);
    let app_token = r.token("slack.app_token", APP_TOKEN_FIX);
    let signing_secret = r.token("slack.signing_secret", SIGNING_SECRET_FIX);
    let api_url = r.http_url("slack.api_url", SLACK_API);
    let command = r.text("slack.command").unwrap_or_else(|| "/pm".to_owned());
    let over_http = match mode.as_deref() {
        None | Some("socket") => false,
        Some("http") => true,
        Some(_) => {
            let fix = "Give \"socket\" or \"http\", or remove the key for \"socket\".";
            r.problem("slack.mode", "is not a mode that exists", fix);
            false
        }
    };
    if !is_word(&command, '/') {
        let fix = "Give the slash command as it is called in Slack, one word, such as \"/pm\".";
        r.problem("slack.command", "is not one word that begins with /", fix);
    }
    let said = r.said("slack")?;
    // Each mode has a key of its own; the other one may be there, unused.
    let (key, fix) = if over_http {
        ("slack.signing_secret", SIGNING_SECRET_FIX.to_owned())
    } else if mode.is_none() && r.given("slack.signing_secret") {
        let fix = format!("For Slack over HTTP set slack.mode = \"http\". For Socket Mode: {APP_TOKEN_FIX}");
        ("slack.app_token", fix)
    } else {
        ("slack.app_token", APP_TOKEN_FIX.to_owned())
    };
    require(r, "slack.bot_token", &[key, &said], BOT_TOKEN_FIX);
    let causes = if over_http {
        ["slack.mode", &said]
    } else {
        ["slack.bot_token", &said]
    };
    require(r, key, &causes, &fix);
    let mode = if over_http {
        signing_secret.map(|signing_secret| SlackMode::Http { signing_secret })
    } else {
        app_token.map(|app_token| SlackMode::Socket { app_token })
    };
    Some(Slack {
        mode: mode?,
        bot_token: bot_token?,
        api_url: api_url.or_else(|| Url::parse(SLACK_API).ok())?,
        command,
    })
}

pub(super) fn discord(r: &mut Reader) -> Option<Discord> {
    let bot_token = r.token("discord.bot_token", DISCORD_TOKEN_FIX);
    let api_url = r.http_url("discord.api_url", DISCORD_API);
    let said = r.said("discord")?;
    require(r, "discord.bot_token", &[&said], DISCORD_TOKEN_FIX);
    Some(Discord {
        bot_token: bot_token?,
        api_url: api_url.or_else(|| Url::parse(DISCORD_API).ok())?,
    })
}

pub(super) fn github(r: &mut Reader) -> Option<GitHub> {
    let api_url = r.http_url("github.api_url", GITHUB_API);
    let token = r.token("github.token", GITHUB_TOKEN_FIX);
    let app = github_app(r);
    let webhook_secret = r.secret("github.webhook_secret");
    let mention = r.text("github.mention");
    if mention.as_ref().is_some_and(|mention| !is_word(mention, '@')) {
        let fix = "Give the word that addresses the bot in a comment, such as \"@pm\".";
        r.problem("github.mention", "is not one word that begins with @", fix);
    }
    let said = r.said("github")?;
    let by_app = ["github.app_id", "github.private_key"]
        .into_iter()
        .find(|key| r.given(key));
    match by_app {
        Some(key) if r.given("github.token") => {
            let what = format!("set although {key} is set too");
            let fix = "Remove github.token to work as the App, or github.app_id and github.private_key to work as the \
                       account of the token.";
            r.problem("github.token", what, fix);
        }
        Some(_) => {
            require(r, "github.app_id", &["github.private_key"], APP_ID_FIX);
            require(r, "github.private_key", &["github.app_id"], PRIVATE_KEY_FIX);
        }
        None => {
            let fix = format!(
                "{GITHUB_TOKEN_FIX} Or set github.app_id and github.private_key to work as a GitHub App."
            );
            require(r, "github.token", &["github.webhook_secret", &said], &fix);
        }
    }
    let login = match (token, app) {
        (Some(token), _) => GitHubLogin::Token(token),
        (None, app) => GitHubLogin::App(app?),
    };
    Some(GitHub {
        api_url: api_url.or_else(|| Url::parse(GITHUB_API).ok())?,
        login,
        webhook_secret,
        mention,
    })
}

/// A GitHub App's id and key. Whether the key is a good one is found out by whoever signs with it.
fn github_app(r: &mut Reader) -> Option<GitHubApp> {
    let id = r.word("github.app_id", APP_ID_FIX);
    let key = r.secret("github.private_key");
    // In a variable the lines often stand in one, with \n between them.
    let pem = key.map(|key| key.expose_secret().replace("\\n", "\n"));
    if pem.as_ref().is_some_and(|pem| !pem.contains("PRIVATE KEY-----")) {
        r.problem(
            "github.private_key",
            "is not a private key in the PEM format",
            PRIVATE_KEY_FIX,
        );
        return None;
    }
    Some(GitHubApp {
        id: id?,
        private_key: SecretString::from(pem?),
    })
}

pub(super) fn model(r: &mut Reader) -> Model {
    let context_tokens = r.number("model.context_tokens", 32_000, 2_000..=u64::MAX);
    let prices = prices(r);
    let currency = r.text("model.currency").unwrap_or_else(|| "USD".to_owned());
    if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
        r.problem("model.currency", "is not the code of a currency", CURRENCY_FIX);
    }
    let named = r.text("model.provider");
    let base_url = r.http_url("model.base_url", OPENAI_API);
    let api_key = r.token("model.api_key", API_KEY_FIX);
    let name = r.text("model.name");
    let server_given = r.given("model.base_url") || r.given("model.api_key");
    let openai = match named.as_deref() {
        Some("openai") => true,
        Some("offline") => false,
        Some(_) => {
            let fix = "Give \"openai\" (every OpenAI-compatible server) or \"offline\" (built in).";
            r.problem("model.provider", "is not a provider that exists", fix);
            false
        }
        None if !server_given && r.given("model.name") => {
            let fix = format!("{API_KEY_FIX} Or set model.provider = \"offline\" to use no server.");
            require(r, "model.api_key", &["model.name"], &fix);
            false
        }
        None => server_given,
    };
    let server = if openai {
        openai_server(r, base_url, api_key, name)
    } else {
        None
    };
    Model {
        provider: server.map_or(Provider::Offline, Provider::OpenAi),
        context_tokens,
        prices,
        currency,
    }
}

/// Both prices or none: with one of them every sum would be too small.
fn prices(r: &mut Reader) -> Option<Prices> {
    let keys = ["model.input_price", "model.output_price"];
    let [input, output] = keys.map(|key| r.money(key));
    if keys.iter().any(|key| r.given(key)) {
        keys.iter().for_each(|key| require(r, key, &keys, PRICE_FIX));
    }
    Some(Prices {
        input: input?,
        output: output?,
    })
}

fn openai_server(
    r: &mut Reader,
    base_url: Option<Url>,
    api_key: Option<SecretString>,
    name: Option<String>,
) -> Option<OpenAi> {
    let causes = ["model.provider", "model.api_key", "model.base_url"];
    require(r, "model.name", &causes, NAME_FIX);
    // A base URL that is given but wrong is reported already; whether it needs a key is unknown.
    let needs_key = match &base_url {
        Some(url) => !is_own_network(url),
        None => !r.given("model.base_url"),
    };
    if needs_key {
        require(
            r,
            "model.api_key",
            &["model.base_url", "model.provider"],
            API_KEY_FIX,
        );
    }
    let base_url = base_url.or_else(|| Url::parse(OPENAI_API).ok())?;
    Some(OpenAi {
        base_url,
        api_key,
        name: name?,
    })
}

pub(super) fn agent(r: &mut Reader) -> Agent {
    let max_steps = r.number("agent.max_steps", 12, 1..=100);
    Agent {
        max_steps: u32::try_from(max_steps).unwrap_or(u32::MAX),
        max_tokens_per_run: r.number("agent.max_tokens_per_run", 60_000, 1_000..=u64::MAX),
        max_runs_at_once: usize::try_from(r.number("agent.max_runs_at_once", 128, 1..=1_000))
            .unwrap_or(usize::MAX),
        old_after_minutes: r.number("agent.old_after_minutes", 60, 0..=MOST_MINUTES),
        answer_within_minutes: r.number("agent.answer_within_minutes", 24 * 60, 1..=MOST_MINUTES),
        allowed_bots: accounts(r, "agent.allowed_bots", ACCOUNTS_FIX),
    }
}

/// Accounts by their ids.
fn accounts(r: &mut Reader, key: &str, fix: &str) -> Vec<AccountKey> {
    let mut accounts = Vec::new();
    for (index, entry) in r.list(key).iter().enumerate() {
        match entry.parse() {
            Ok(account) => accounts.push(account),
            Err(_) => {
                let what = format!("entry {} is not the id of an account", index + 1);
                r.problem(key, what, fix);
            }
        }
    }
    accounts
}

pub(super) fn people(r: &mut Reader) -> People {
    People {
        owners: accounts(r, "people.owners", ACCOUNTS_FIX),
    }
}

/// The most requests that a limit may name: more within a minute is none.
const MOST_REQUESTS: u64 = 100_000;

/// Read after the model's section: money is counted by its prices.
pub(super) fn limits(r: &mut Reader) -> Limits {
    let mut per_minute = |key, default| {
        let number = r.number(key, default, 0..=MOST_REQUESTS);
        u32::try_from(number).unwrap_or(u32::MAX)
    };
    Limits {
        person_per_minute: per_minute("limits.person_per_minute", 20),
        place_per_minute: per_minute("limits.place_per_minute", 60),
        project_per_minute: per_minute("limits.project_per_minute", 120),
        run_cost: cost(r, "limits.run_cost"),
        person_day: Cap {
            tokens: tokens(r, "limits.person_day_tokens", 1_000_000),
            cost: cost(r, "limits.person_day_cost"),
        },
        project_month: Cap {
            tokens: tokens(r, "limits.project_month_tokens", 20_000_000),
            cost: cost(r, "limits.project_month_cost"),
        },
    }
}

/// A number of tokens; 0 stands for no limit.
fn tokens(r: &mut Reader, key: &str, default: u64) -> Option<i64> {
    let tokens = r.number(key, default, 0..=i64::MAX.unsigned_abs());
    i64::try_from(tokens).ok().filter(|tokens| *tokens > 0)
}

/// An amount of money; 0 stands for no limit. Without prices nothing would ever reach it.
fn cost(r: &mut Reader, key: &str) -> Option<Money> {
    let limit = r.money(key).filter(|limit| *limit > Money::default())?;
    if !r.given("model.input_price") && !r.given("model.output_price") {
        require(r, "model.input_price", &[key], PRICE_FIX);
    }
    Some(limit)
}

/// A hundred years: for ever, and no moment that a database cannot hold.
const FOR_EVER: u64 = 36_500;

pub(super) fn retention(r: &mut Reader) -> Retention {
    Retention {
        work_days: r.number("retention.work_days", 7, 1..=FOR_EVER),
        // A copy of an event may come for weeks; one that is not known any more would be answered again.
        event_days: r.number("retention.event_days", 30, 30..=FOR_EVER),
        history_days: r.number("retention.history_days", 90, 30..=FOR_EVER),
        message_days: r.number("retention.message_days", 365, 30..=FOR_EVER),
    }
}

/// Notes that `key` is missing, naming the first of `causes` that is set as the reason why it is needed.
fn require(r: &mut Reader, key: &str, causes: &[&str], fix: &str) {
    if r.given(key) {
        return;
    }
    let cause = causes
        .iter()
        .find(|cause| r.given(cause))
        .copied()
        .unwrap_or_default();
    r.problem(key, format!("missing although {cause} is set"), fix);
}

/// Whether the text is `first` followed by one word.
fn is_word(text: &str, first: char) -> bool {
    let rest = text.strip_prefix(first).unwrap_or_default();
    !rest.is_empty() && !rest.contains(|c: char| c.is_whitespace() || c.is_control() || c == first)
}

/// Whether the server stands in our own network, where servers such as Ollama ask for no key: this machine, a
/// private address, a name without a dot (a container) or under a name reserved for private use.
fn is_own_network(url: &Url) -> bool {
    let private_name = |name: &str| {
        !name.contains('.')
            || [".local", ".internal", ".lan", ".home.arpa"]
                .iter()
                .any(|end| name.ends_with(end))
    };
    is_loopback(url)
        || match url.host() {
            Some(Host::Domain(name)) => private_name(name),
            Some(Host::Ipv4(ip)) => ip.is_private() || ip.is_link_local(),
            Some(Host::Ipv6(ip)) => ip.is_unique_local() || ip.is_unicast_link_local(),
            None => false,
        }
}
