mod limits;
mod mistakes;
mod secrets;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use secrecy::ExposeSecret;
use tempfile::TempDir;

use super::*;

const EXAMPLE: &str = include_str!("../../bot.toml.example");

fn env(pairs: &[(&str, &str)]) -> impl Iterator<Item = (String, String)> {
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    pairs.into_iter()
}

fn write(directory: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = directory.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn load(toml: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let directory = TempDir::new().unwrap();
    let file = write(&directory, "bot.toml", toml);
    Config::load(Some(&file), env(variables))
}

fn lines(toml: &str, variables: &[(&str, &str)]) -> Vec<String> {
    match load(toml, variables) {
        Ok(_) => Vec::new(),
        Err(error) => error.to_string().lines().map(str::to_owned).collect(),
    }
}

const SLACK: &str = "[slack]\nbot_token = 'xoxb-1'\napp_token = 'xapp-1'\n";

#[test]
fn nothing_at_all_is_a_working_default() {
    let config = Config::load(None, env(&[("PATH", "/bin")])).unwrap();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.server.public_url, None);
    assert_eq!(config.database.url.expose_secret(), "sqlite://data/callsheet.db");
    assert_eq!(config.database.scheme, Scheme::Sqlite);
    assert!(config.slack.is_none() && config.github.is_none());
    assert!(matches!(config.model.provider, Provider::Offline));
    assert_eq!(config.model.context_tokens, 32_000);
    assert_eq!(
        config.agent,
        Agent {
            max_steps: 12,
            max_tokens_per_run: 60_000,
            max_runs_at_once: 128,
            old_after_minutes: 60,
            answer_within_minutes: 1_440,
            allowed_bots: Vec::new()
        }
    );
    assert_eq!(
        (config.model.prices, config.model.currency.as_str()),
        (None, "USD")
    );
    assert_eq!(
        config.limits,
        Limits {
            person_per_minute: 20,
            place_per_minute: 60,
            project_per_minute: 120,
            run_cost: None,
            person_day: Cap {
                tokens: Some(1_000_000),
                cost: None
            },
            project_month: Cap {
                tokens: Some(20_000_000),
                cost: None
            },
        }
    );
    assert_eq!(config.database.max_connections, 10);
    assert_eq!(
        config.retention,
        Retention {
            work_days: 7,
            event_days: 30,
            history_days: 90,
            message_days: 365
        }
    );
    assert!(config.notes().is_empty());
}

#[test]
fn the_example_is_valid_as_it_stands() {
    let config = load(EXAMPLE, &[]).unwrap();
    assert!(config.slack.is_none() && config.github.is_none());
}

/// The keys of a GitHub App, which stand in place of the token.
const APP_KEYS: [&str; 3] = ["app_id", "private_key", "private_key_file"];

/// The example with `# key = value` lines switched on, `*_file` keys as `files` says, with GitHub's token.
fn example(files: bool) -> String {
    let key_of = |line: &str| {
        let (key, _) = line.strip_prefix("# ")?.split_once(" = ")?;
        key.chars()
            .all(|c| c.is_ascii_lowercase() || c == '_')
            .then(|| key.to_owned())
    };
    let in_files: BTreeSet<String> = EXAMPLE
        .lines()
        .filter_map(key_of)
        .filter(|key| key.ends_with("_file"))
        .collect();
    let wanted = |key: &str| match files {
        _ if APP_KEYS.contains(&key) => false,
        true => !in_files.contains(&format!("{key}_file")) || key == "url_file",
        false => !in_files.contains(key),
    };
    let lines = EXAMPLE.lines().map(|line| match key_of(line) {
        Some(key) if wanted(&key) => &line[2..],
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_example_with_every_key_switched_on_is_valid() {
    let config = load(&example(false), &[]).unwrap();
    assert_eq!(
        config.server.public_url.unwrap().as_str(),
        "https://bot.example.com/"
    );
    assert_eq!(config.slack.unwrap().command, "/pm");
    let discord = config.discord.unwrap();
    assert_eq!(discord.api_url.as_str(), "https://discord.com/");
    let github = config.github.unwrap();
    assert_eq!(github.mention.as_deref(), Some("@pm"));
    assert_eq!(github.webhook_secret.unwrap().expose_secret(), "...");
    assert!(matches!(config.model.provider, Provider::OpenAi(server) if server.name == "gpt-5-mini"));

    let directory = TempDir::new().unwrap();
    let dir = directory.path().display().to_string();
    for (name, text) in [
        ("callsheet_database_url", "postgres://u:p@h/d\n"),
        ("slack_bot_token", "xoxb-2\r\n"),
        ("slack_app_token", "xapp-2\n"),
        ("slack_signing_secret", "5ec2e7\n"),
        ("discord_bot_token", "MTEw.x.y\n"),
        ("github_token", "ghp_2"),
        ("github_webhook_secret", " a b \n"),
        ("model_api_key", "sk-2\n"),
    ] {
        write(&directory, name, text);
    }
    let config = load(&example(true).replace("/run/secrets", &dir), &[]).unwrap();
    assert_eq!(config.database.scheme, Scheme::Postgres);
    assert_eq!(config.database.url.expose_secret(), "postgres://u:p@h/d");
    assert_eq!(config.slack.unwrap().bot_token.expose_secret(), "xoxb-2");
    assert_eq!(
        config.github.unwrap().webhook_secret.unwrap().expose_secret(),
        " a b "
    );
}

#[test]
fn a_github_app_stands_in_place_of_a_token() {
    let directory = TempDir::new().unwrap();
    let pem = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n";
    let file = write(&directory, "app.pem", pem);
    let toml = format!(
        "[github]\napp_id = 12345\nprivate_key_file = '{}'",
        file.display()
    );
    let app = |toml: &str, variables: &[(&str, &str)]| {
        let github = load(toml, variables).unwrap().github.unwrap();
        assert_eq!(github.mention, None);
        match github.login {
            GitHubLogin::App(app) => (app.id, app.private_key.expose_secret().to_owned()),
            GitHubLogin::Token(_) => panic!("a token"),
        }
    };
    assert_eq!(app(&toml, &[]), ("12345".to_owned(), pem.trim_end().to_owned()));
    // In a variable the key's lines may stand in one.
    let variables = [
        ("CALLSHEET__GITHUB__APP_ID", "Iv23liAbc"),
        (
            "CALLSHEET__GITHUB__PRIVATE_KEY",
            "-----BEGIN RSA PRIVATE KEY-----\\nMIIE\\n-----END RSA PRIVATE KEY-----",
        ),
    ];
    assert_eq!(
        app("", &variables),
        ("Iv23liAbc".to_owned(), pem.trim_end().to_owned())
    );
}

#[test]
fn the_example_names_every_known_key() {
    let unknown = load(
        "[server]\nqqqqqqqqqqqq = 1\n[database]\nqqqqqqqqqqqq = 1\n[slack]\nqqqqqqqqqqqq = 1\n[github]\nqqqqqqqqqqqq = 1\n[model]\nqqqqqqqqqqqq = 1\n[agent]\nqqqqqqqqqqqq = 1\n[limits]\nqqqqqqqqqqqq = 1",
        &[],
    );
    for problem in unknown.unwrap_err().problems() {
        let (_, keys) = problem.fix.split_once(" keys: ").unwrap();
        for key in keys.trim_end_matches('.').split(", ") {
            assert!(
                EXAMPLE.contains(&format!("\n# {key} = ")),
                "{key} is not in bot.toml.example"
            );
        }
    }
}

#[test]
fn the_environment_overrides_the_file_key_by_key() {
    let toml = format!("{SLACK}command = '/ask'\n[agent]\nmax_steps = 3");
    let variables = [
        ("CALLSHEET__SLACK__BOT_TOKEN", "xoxb-env"),
        ("CALLSHEET__AGENT__MAX_TOKENS_PER_RUN", "5000"),
        ("CALLSHEET__AGENT__MAX_STEPS", " 7 "),
        ("CALLSHEET__AGENT__OLD_AFTER_MINUTES", "0"),
        ("CALLSHEET__DATABASE__URL", "postgresql://u:p@h/d"),
        ("CALLSHEET__SERVER__LISTEN", "[::1]:9000"),
        ("CALLSHEET_CONFIG", "/elsewhere.toml"),
        ("CALLSHEET_TEST_POSTGRES", "postgres://x"),
        ("CALLSHEET_LOG", "debug"),
        ("CALLSHEET", "x"),
    ];
    let config = load(&toml, &variables).unwrap();
    let slack = config.slack.unwrap();
    assert_eq!(slack.bot_token.expose_secret(), "xoxb-env");
    assert_eq!(slack.command, "/ask");
    assert!(matches!(slack.mode, SlackMode::Socket { app_token } if app_token.expose_secret() == "xapp-1"));
    assert_eq!(
        config.agent,
        Agent {
            max_steps: 7,
            max_tokens_per_run: 5000,
            max_runs_at_once: 128,
            old_after_minutes: 0,
            answer_within_minutes: 1_440,
            allowed_bots: Vec::new()
        }
    );
    assert_eq!(config.database.scheme, Scheme::Postgres);
    assert_eq!(config.server.listen.port(), 9000);
}

#[test]
fn slack_over_http_takes_a_signing_secret_and_no_app_token() {
    let http = "[slack]\nmode = 'http'\nbot_token = 'xoxb-1'\nsigning_secret = '5ec2e7'\n";
    for toml in [http.to_owned(), format!("{http}app_token = 'xapp-1'")] {
        let slack = load(&toml, &[]).unwrap().slack.unwrap();
        assert!(
            matches!(slack.mode, SlackMode::Http { signing_secret } if signing_secret.expose_secret() == "5ec2e7")
        );
    }
    let notes = load(
        &format!("{http}[server]\npublic_url = 'https://bot.example.com/x/'"),
        &[],
    )
    .unwrap()
    .notes();
    assert_eq!(notes.len(), 1);
    assert!(notes[0].contains("https://bot.example.com/x/slack/events (Event Subscriptions)"));
    assert!(load(http, &[]).unwrap().notes()[0].contains("https://YOUR-HOST/slack/commands"));
    let socket = load(&format!("{SLACK}signing_secret = '5ec2e7'"), &[]).unwrap();
    assert!(matches!(
        socket.slack.as_ref().unwrap().mode,
        SlackMode::Socket { .. }
    ));
    assert!(socket.notes().is_empty());
}

#[test]
fn addresses_lose_their_closing_slash() {
    let config = load(&format!("{SLACK}api_url = 'http://127.0.0.1:9/api/'"), &[]).unwrap();
    assert_eq!(
        config.slack.as_ref().unwrap().api_url.as_str(),
        "http://127.0.0.1:9/api"
    );
    assert!(config.notes().is_empty());
}

#[test]
fn models_that_need_no_key_and_models_that_do() {
    for base in [
        "http://localhost:11434/v1",
        "http://ollama:11434/v1",
        "http://10.0.0.7/v1",
        "http://[::1]/v1",
        "http://host.docker.internal/v1",
    ] {
        let config = load(
            &format!("[model]\nbase_url = '{base}'\nname = 'm'\ncontext_tokens = 9000"),
            &[],
        )
        .unwrap();
        assert_eq!(config.model.context_tokens, 9000);
        assert!(
            matches!(
                config.model.provider,
                Provider::OpenAi(OpenAi { api_key: None, .. })
            ),
            "{base}"
        );
    }
    let config = load("[model]\napi_key = 'k'\nname = 'm'", &[]).unwrap();
    let Provider::OpenAi(server) = config.model.provider else {
        panic!("a key means a server")
    };
    assert_eq!(server.base_url.as_str(), "https://api.openai.com/v1");
    let config = load("[model]\nprovider = 'offline'\napi_key = 'k'\nname = 'm'", &[]).unwrap();
    assert!(matches!(config.model.provider, Provider::Offline));
}

#[test]
fn notes_tell_what_is_off_and_what_is_unencrypted() {
    let notes = load("[github]\ntoken = 't'\napi_url = 'http://git.corp/api/v3'", &[])
        .unwrap()
        .notes();
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert!(notes[0].contains("503") && notes[0].contains("github.webhook_secret"));
    assert!(notes[1].contains("github.api_url") && notes[1].contains("git.corp"));
    for url in [
        "http://localhost:1",
        "http://127.0.0.9:1/x",
        "http://[::1]:1",
        "https://git.corp",
    ] {
        let toml = format!("[github]\ntoken = 't'\nwebhook_secret = 's'\napi_url = '{url}'");
        assert_eq!(load(&toml, &[]).unwrap().notes(), Vec::<String>::new(), "{url}");
    }
}

#[test]
fn the_file_is_the_named_one_else_the_one_of_the_environment_else_the_one_that_lies_there() {
    let directory = TempDir::new().unwrap();
    let named = [("CALLSHEET_CONFIG", "/env.toml")];
    let flag = Some(Path::new("/flag.toml"));
    assert_eq!(
        locate(flag, env(&named), directory.path()),
        Some("/flag.toml".into())
    );
    assert_eq!(
        locate(None, env(&named), directory.path()),
        Some("/env.toml".into())
    );
    assert_eq!(
        locate(None, env(&[("CALLSHEET_CONFIG", "")]), directory.path()),
        None
    );
    assert_eq!(locate(Some(Path::new("")), env(&[]), directory.path()), None);
    let lying = write(&directory, "bot.toml", "");
    assert_eq!(locate(None, env(&[]), directory.path()), Some(lying));
}
