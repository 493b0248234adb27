//! What is wrong with the keys and values, and how it is said.

use super::{SLACK, lines, load};

/// A file, how its one line begins, and what its fix holds.
const MISTAKES: &[(&str, &str, &str)] = &[
    (
        "[server]\nlisten = 'localhost:80'",
        "server.listen: is not an address",
        "127.0.0.1:8080",
    ),
    (
        "[server]\npublic_url = 'bot'",
        "server.public_url: is not a URL",
        "https://",
    ),
    (
        "[server]\npublic_url = 'ftp://bot'",
        "server.public_url: does not begin with http",
        "https://",
    ),
    (
        "[server]\npublic_url = 'https://u:p@bot'",
        "server.public_url: contains a user name",
        "https://",
    ),
    (
        "[server]\npublic_url = 'https://bot?a=1'",
        "server.public_url: contains a query",
        "https://",
    ),
    (
        "[database]\nurl = 'mysql://x'",
        "database.url: does not begin with sqlite://",
        "postgres://",
    ),
    (
        "[database]\nurl = 'data/x.db'",
        "database.url: does not begin with sqlite://",
        "sqlite://",
    ),
    (
        "[database]\nurl = 'sqlite://'",
        "database.url: names no file",
        "sqlite://",
    ),
    (
        "[database]\nurl = 'postgres:db'",
        "database.url: is not a valid PostgreSQL URL",
        "postgres://",
    ),
    ("[database]\nurl = ''", "database.url: is empty", "remove"),
    (
        "[slack]\nbot_token = 'xoxb-1'",
        "slack.app_token: missing although slack.bot_token is set",
        "connections:write",
    ),
    (
        "[slack]\napp_token = 'xapp-1'",
        "slack.bot_token: missing although slack.app_token is set",
        "xoxb-…",
    ),
    (
        "[slack]\nbot_token = 'xoxb-1'\nsigning_secret = 's'",
        "slack.app_token: missing although slack.bot_token is set",
        "slack.mode = \"http\"",
    ),
    (
        "[slack]\nmode = 'http'\nbot_token = 'xoxb-1'\napp_token = 'xapp-1'",
        "slack.signing_secret: missing although slack.mode is set",
        "Basic Information",
    ),
    (
        "[slack]\nmode = 'http'\nsigning_secret = 's'",
        "slack.bot_token: missing although slack.signing_secret is set",
        "xoxb-…",
    ),
    (
        "[slack]\nmode = 'http'\nbot_token = 'xoxb-1'\nsigning_secret = 'xapp-1'",
        "slack.signing_secret: holds a Slack app-level token",
        "slack.app_token",
    ),
    (
        "[slack]\nbot_token = 'xoxb-1'\napp_token = 'xoxb-2'",
        "slack.app_token: holds a Slack bot token",
        "xapp-…",
    ),
    (
        "[slack]\nbot_token = 'xapp-1'\napp_token = 'xapp-2'",
        "slack.bot_token: holds a Slack app-level token",
        "xoxb-…",
    ),
    (
        "[slack]\nbot_token = 'xoxp-1'\napp_token = 'xapp-2'",
        "slack.bot_token: holds a Slack user token",
        "xoxb-…",
    ),
    (
        "[slack]\nbot_token = ' '\napp_token = 'xapp-2'",
        "slack.bot_token: is empty",
        "value",
    ),
    (
        "[slack]\nbot_token = \"xoxb-1\\n\"\napp_token = 'xapp-2'",
        "slack.bot_token: contains a blank",
        "xoxb-…",
    ),
    (
        "[slack]\nbot_token = 7\napp_token = 'xapp-2'",
        "slack.bot_token: is not a text",
        "quotes",
    ),
    (
        "[slack]\nbot_token = ['xoxb-1']\napp_token = 'xapp-2'",
        "slack.bot_token: is not a text",
        "quotes",
    ),
    (
        "[github]\nwebhook_secret = 's'",
        "github.token: missing although github.webhook_secret is set",
        "Issues",
    ),
    (
        "[github]\nmention = '@bot'",
        "github.token: missing although github.mention is set",
        "Issues",
    ),
    (
        "[github]\napp_id = 7",
        "github.private_key: missing although github.app_id is set",
        ".pem",
    ),
    (
        "[github]\nprivate_key = '-----BEGIN RSA PRIVATE KEY-----'",
        "github.app_id: missing although github.private_key is set",
        "App ID",
    ),
    (
        "[github]\napp_id = 7\nprivate_key = 'MIIE'",
        "github.private_key: is not a private key in the PEM format",
        ".pem",
    ),
    (
        "[github]\napp_id = 'my app'\nprivate_key = '-----BEGIN RSA PRIVATE KEY-----'",
        "github.app_id: is not one word of letters and digits",
        "App ID",
    ),
    (
        "[github]\ntoken = 't'\napp_id = 7\nprivate_key = '-----BEGIN RSA PRIVATE KEY-----'",
        "github.token: set although github.app_id is set too",
        "Remove github.token",
    ),
    (
        "[github]\nmention = '@x'",
        "github.token: missing although github.mention is set",
        "github.app_id",
    ),
    (
        "[github]\ntoken = 'xoxb-1'",
        "github.token: holds a Slack bot token",
        "slack.bot_token",
    ),
    (
        "[github]\ntoken = 't'\nmention = 'pm'",
        "github.mention: is not one word",
        "@pm",
    ),
    (
        "[github]\ntoken = 't'\nmention = '@p m'",
        "github.mention: is not one word",
        "@pm",
    ),
    (
        "[github]\ntoken = 't'\nmention = '@'",
        "github.mention: is not one word",
        "@pm",
    ),
    (
        "[github]\ntoken = 't'\nwebhook_secret = ''",
        "github.webhook_secret: is empty",
        "remove",
    ),
    (
        "[model]\nprovider = 'ollama'",
        "model.provider: is not a provider",
        "offline",
    ),
    (
        "[model]\napi_key = 'k'",
        "model.name: missing although model.api_key is set",
        "name",
    ),
    (
        "[model]\nbase_url = 'http://127.0.0.1:1/v1'",
        "model.name: missing although model.base_url is set",
        "name",
    ),
    (
        "[model]\nname = 'm'",
        "model.api_key: missing although model.name is set",
        "offline",
    ),
    (
        "[model]\nprovider = 'openai'\nname = 'm'",
        "model.api_key: missing although model.provider is set",
        "sk-…",
    ),
    (
        "[model]\nbase_url = 'https://ai.example.com/v1'\nname = 'm'",
        "model.api_key: missing although model.base_url",
        "any word",
    ),
    (
        "[model]\nbase_url = 'nonsense'\nname = 'm'",
        "model.base_url: is not a URL",
        "https://",
    ),
    (
        "[model]\ncontext_tokens = 1999",
        "model.context_tokens: is 1999, out of bounds",
        "at least 2000",
    ),
    (
        "[retention]\nevent_days = 29",
        "retention.event_days: is 29, out of bounds",
        "from 30 to 36500",
    ),
    (
        "[retention]\nwork_days = 0",
        "retention.work_days: is 0, out of bounds",
        "from 1 to 36500",
    ),
    (
        "[database]\nmax_connections = 1",
        "database.max_connections: is 1, out of bounds",
        "from 2 to 1000",
    ),
    (
        "[agent]\nmax_steps = 0",
        "agent.max_steps: is 0, out of bounds",
        "from 1 to 100",
    ),
    (
        "[agent]\nold_after_minutes = 999999",
        "agent.old_after_minutes: is 999999, out of bounds",
        "from 0 to 525600",
    ),
    (
        "[agent]\nmax_steps = 101",
        "agent.max_steps: is 101, out of bounds",
        "from 1 to 100",
    ),
    (
        "[agent]\nmax_steps = -1",
        "agent.max_steps: is -1, out of bounds",
        "from 1 to 100",
    ),
    (
        "[agent]\nmax_steps = 1.5",
        "agent.max_steps: is not a whole number",
        "such as 12",
    ),
    (
        "[agent]\nmax_steps = true",
        "agent.max_steps: is not a whole number",
        "such as 12",
    ),
    (
        "[agent]\nmax_steps = 'many'",
        "agent.max_steps: is not a whole number",
        "such as 12",
    ),
    (
        "[agent]\nmax_tokens_per_run = 999",
        "agent.max_tokens_per_run: is 999",
        "at least 1000",
    ),
];

#[test]
fn each_single_mistake_gives_one_line_that_names_key_and_fix() {
    for (toml, start, fix) in MISTAKES {
        let found = lines(toml, &[]);
        assert_eq!(found.len(), 1, "{toml}: {found:?}");
        assert!(
            found[0].starts_with(start) && found[0].contains(fix),
            "{toml}: {}",
            found[0]
        );
    }
    for (key, value) in [
        ("mode", "htp"),
        ("command", "pm"),
        ("command", "/p m"),
        ("command", "/"),
        ("api_url", "x"),
    ] {
        let found = lines(&format!("{SLACK}{key} = '{value}'"), &[]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(&format!("slack.{key}: ")), "{found:?}");
    }
}

#[test]
fn discord_needs_its_token_and_nobody_elses() {
    for (toml, says) in [
        (
            "[discord]\napi_url = 'http://127.0.0.1:1'",
            "discord.bot_token: missing although discord.api_url is set. Copy",
        ),
        (
            "[discord]\nbot_token = 'xoxb-1'",
            "discord.bot_token: holds a Slack bot token",
        ),
        (
            "[discord]\nbot_token = 'a b'",
            "discord.bot_token: contains a blank",
        ),
        (
            "[discord]\nbot_token = 'x'\napi_url = 'discord.com'",
            "discord.api_url: is not a URL",
        ),
        (
            "[discord]\nbot_tokn = 'x'",
            "discord.bot_tokn: unknown key. Did you mean discord.bot_token?",
        ),
    ] {
        let found = lines(toml, &[]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(says), "{found:?}");
    }
}

#[test]
fn what_is_half_set_without_either_token_names_both() {
    let found = lines("[slack]\ncommand = '/pm'", &[]);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("slack.bot_token: missing although slack.command is set. "));
    assert!(found[1].starts_with("slack.app_token: missing although slack.command is set. "));
}

/// A file, the environment beside it, and how the one line begins.
type Unknown = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static str,
);

const UNKNOWN: &[Unknown] = &[
    (
        "[slack]\nbot_tokn = 'x'",
        &[],
        "slack.bot_tokn: unknown key. Did you mean slack.bot_token? Else remove it.",
    ),
    (
        "[slak]\nbot_token = 'x'",
        &[],
        "slak.bot_token: unknown key. Did you mean slack.bot_token? Else remove it.",
    ),
    (
        "[slak]",
        &[],
        "slak: unknown key. Did you mean slack? Else remove it.",
    ),
    (
        "app_token = 'x'",
        &[],
        "app_token: unknown key. Did you mean slack.app_token? Else remove it.",
    ),
    (
        "[slack]\nBot_Token = 'x'",
        &[],
        "slack.Bot_Token: unknown key. Did you mean slack.bot_token? Else remove it.",
    ),
    (
        "[slack.bot_token]\nx = 1",
        &[],
        "slack.bot_token.x: unknown key. Did you mean slack.bot_token? Else remove it.",
    ),
    (
        "[agent]\ncolour = 1",
        &[],
        "agent.colour: unknown key. Remove it; agent has these keys: allowed_bots, answer_within_minutes, max_runs_at_once, max_steps, max_tokens_per_run, old_after_minutes.",
    ),
    (
        "colour = 1",
        &[],
        "colour: unknown key. Remove it; bot.toml.example lists every key.",
    ),
    (
        "[a.b.c]\nd = 1",
        &[],
        "a.b.c.d: unknown key. Remove it; bot.toml.example lists every key.",
    ),
    (
        "agent = 1",
        &[],
        "agent: is a section, not a value. Write its keys one by one: allowed_bots, answer_within_minutes, max_runs_at_once, max_steps, max_tokens_per_run, old_after_minutes.",
    ),
    (
        "[[agent]]",
        &[],
        "agent: is a section, not a value. Write its keys one by one: allowed_bots, answer_within_minutes, max_runs_at_once, max_steps, max_tokens_per_run, old_after_minutes.",
    ),
    (
        "\"agent.max_steps\" = 1",
        &[],
        "<not a name>.<not a name>: unknown key. Did you mean agent.max_steps? Else remove it.",
    ),
    (
        "[slack]\nxoxb-1-2-3 = 'x'",
        &[],
        "slack.<not a name>: unknown key. ",
    ),
    (
        "",
        &[("CALLSHEET__SLACK__BOT_TOKN", "x")],
        "slack.bot_tokn: unknown key (set by CALLSHEET__SLACK__BOT_TOKN). Did you mean CALLSHEET__SLACK__BOT_TOKEN? Else remove it.",
    ),
    (
        "",
        &[("CALLSHEET__AGENT", "1")],
        "agent: is a section, not a value (set by CALLSHEET__AGENT). ",
    ),
    (
        "",
        &[("CALLSHEET__AGENT__MAX_STEPS__X", "1")],
        "agent.max_steps.x: unknown key (set by CALLSHEET__AGENT__MAX_STEPS__X). ",
    ),
    (
        "",
        &[("CALLSHEET__", "1")],
        "<not a name>: unknown key (set by CALLSHEET__",
    ),
    (
        "",
        &[("CALLSHEET_SLACK_BOT_TOKEN", "x")],
        "CALLSHEET_SLACK_BOT_TOKEN: a variable of this name sets nothing. Section and key are set apart by two underscores: CALLSHEET__SLACK__BOT_TOKEN.",
    ),
    (
        "",
        &[("CALLSHEET__AGENT_MAX_STEPS", "1")],
        "CALLSHEET__AGENT_MAX_STEPS: a variable of this name sets nothing. ",
    ),
];

#[test]
fn unknown_keys_are_named_with_the_nearest_known_one() {
    for (toml, variables, start) in UNKNOWN {
        let found = lines(toml, variables);
        assert_eq!(found.len(), 1, "{toml} {variables:?}: {found:?}");
        assert!(found[0].starts_with(start), "{}\n{start}", found[0]);
    }
}

#[test]
fn a_wrong_value_from_the_environment_names_the_variable() {
    let found = lines("", &[("CALLSHEET__AGENT__MAX_STEPS", "lots")]);
    assert_eq!(found.len(), 1);
    assert!(
        found[0].starts_with("agent.max_steps: is not a whole number (set by CALLSHEET__AGENT__MAX_STEPS). ")
    );
}

#[test]
fn all_problems_are_reported_together() {
    let toml =
        "[server]\nlisten = 'x'\n[slack]\nbot_token = 7\nmode = 'htp'\n[agent]\nmax_steps = 0\nnope = 1";
    let error = load(toml, &[("CALLSHEET__MODEL__PROVIDER", "openai")]).unwrap_err();
    let keys: Vec<&str> = error
        .problems()
        .iter()
        .map(|problem| problem.key.as_str())
        .collect();
    let expected = [
        "server.listen",
        "slack.bot_token",
        "slack.mode",
        "slack.app_token",
        "model.name",
        "model.api_key",
        "agent.max_steps",
        "agent.nope",
    ];
    assert_eq!(keys, expected);
}
