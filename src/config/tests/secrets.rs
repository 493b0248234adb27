//! Secrets: where they may stand, and that they never show.

use std::path::Path;

use secrecy::ExposeSecret;
use tempfile::TempDir;

use super::super::{Config, ConfigError};
use super::{env, example, lines, load, write};

#[test]
fn a_secret_stands_in_one_place_only_and_its_file_must_be_good() {
    let directory = TempDir::new().unwrap();
    let good = write(&directory, "good", "xoxb-1\n").display().to_string();
    let empty = write(&directory, "empty", "\n").display().to_string();
    let missing = directory.path().join("missing").display().to_string();
    let cases = [
        (
            good.as_str(),
            "bot_token = 'xoxb-2'",
            "slack.bot_token_file: set although slack.bot_token is set too. Remove",
        ),
        (&empty, "", "slack.bot_token_file: names an empty file. "),
        (
            &missing,
            "",
            "slack.bot_token_file: names a file that cannot be read (No such file",
        ),
        (
            "xoxb-1-hunter2",
            "",
            "slack.bot_token_file: names a file that cannot be read (",
        ),
    ];
    for (path, more, start) in cases {
        let found = lines(
            &format!("[slack]\napp_token = 'xapp-1'\nbot_token_file = '{path}'\n{more}"),
            &[],
        );
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].starts_with(start) && !found[0].contains(path),
            "{found:?}"
        );
    }
    let toml = format!("[slack]\napp_token = 'xapp-1'\nbot_token_file = '{good}'");
    let overridden = load(&toml, &[("CALLSHEET__SLACK__BOT_TOKEN", "xoxb-2")]).unwrap();
    assert_eq!(overridden.slack.unwrap().bot_token.expose_secret(), "xoxb-2");
    let value = "[slack]\napp_token = 'xapp-1'\nbot_token = 'xoxb-3'";
    let overridden = load(value, &[("CALLSHEET__SLACK__BOT_TOKEN_FILE", &good)]).unwrap();
    assert_eq!(overridden.slack.unwrap().bot_token.expose_secret(), "xoxb-1");
    assert_eq!(
        load(&toml, &[]).unwrap().slack.unwrap().bot_token.expose_secret(),
        "xoxb-1"
    );
}

#[test]
fn a_file_that_cannot_be_read_or_parsed_is_named_with_line_and_column_but_never_quoted() {
    let error = Config::load(Some(Path::new("/no/such/bot.toml")), env(&[]))
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("/no/such/bot.toml: the configuration file cannot be read (No such file"),
        "{error}"
    );

    let cases = [
        ("[slack]\nbot_token = xoxb-hunter2", "at line 2, column 13: "),
        ("[slack]\nbot_token = 'xoxb-hunter2", "at line 2, column "),
        ("[slack]\nbot_token = \"xoxb-hunter2\\q\"", "at line 2, column "),
        ("bot_token = 'a' hunter2", "at line 1, column "),
        ("hunter2 = 1\nhunter2 = 2", "at line 2, column 1: duplicate key"),
        ("hunter2 = 1\n[hunter2]\nx = 1", "at line 2, column "),
        ("hunter2", "at line 1, column "),
        ("bot_token hunter2 = 1", "at line 1, column "),
        ("bot_token = '''\nhunter2", "at line "),
        ("x = 1hunter2", "at line 1, column "),
        ("x = 99999999999999999999", "not valid TOML"),
    ];
    for (toml, place) in cases {
        let found = lines(toml, &[]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].contains("bot.toml: not valid TOML") && found[0].contains(place),
            "{found:?}"
        );
        assert!(
            !found[0].contains("hunter2") && !found[0].contains('|'),
            "{found:?}"
        );
    }
}

const SECRETS: [&str; 9] = [
    "database.url",
    "slack.bot_token",
    "slack.app_token",
    "slack.signing_secret",
    "discord.bot_token",
    "github.token",
    "github.private_key",
    "github.webhook_secret",
    "model.api_key",
];

/// The word that every secret below holds.
const WORD: &str = "hunter2";

/// TOML values, good and bad, each of which takes another way through the code.
const VALUES: [&str; 15] = [
    "'hunter2'",
    "'xoxb-hunter2'",
    "'xapp-hunter2'",
    "'xoxp-hunter2'",
    "'ghp_hunter2'",
    "'sk-hunter2'",
    "'hunter2 hunter2'",
    "\"hunter2\\n\"",
    "['hunter2']",
    "{ a = 'hunter2' }",
    "hunter2",
    "'hunter2",
    "'''hunter2",
    "'postgres://hunter2:hunter2@hunter2:x/'",
    "'sqlite://hunter2'",
];

/// Everything a log could show of the outcome.
fn spoken(outcome: Result<Config, ConfigError>) -> String {
    match outcome {
        Ok(config) => format!("{config:?} {:?}", config.notes()),
        Err(error) => format!("{error} {error:?}"),
    }
}

fn files_with_secrets() -> Vec<String> {
    let complete = example(false);
    let texts = complete
        .lines()
        .filter(|line| !line.starts_with('#') && line.contains(" = \""));
    let mut files: Vec<String> = Vec::new();
    for value in VALUES {
        for key in SECRETS {
            files.push(format!("{key} = {value}"));
            files.push(format!("{key}_file = {value}"));
            files.push(format!("{key} = {value}\n{key}_file = {value}"));
        }
        // Pasted into any other key, or in place of a section.
        for line in texts.clone() {
            let (key, _) = line.split_once(" = ").unwrap();
            files.push(complete.replace(line, &format!("{key} = {value}")));
        }
        files.extend(["slack", "agent", "agent.max_steps"].map(|key| format!("{key} = {value}")));
    }
    files.push("slack.xoxb-hunter2 = 1\ngithub.ghp_hunter2 = 1\n'a hunter2' = 1".to_owned());
    files.push(
        "server.public_url = 'https://u:hunter2@h/'\nmodel.base_url = 'https://h/?key=hunter2'".to_owned(),
    );
    files
}

#[test]
fn no_secret_of_a_file_shows_in_debug_or_in_any_error() {
    let free_text = ["name", "command", "mention", "app_id"];
    for toml in files_with_secrets() {
        let outcome = load(&toml, &[]);
        // These keys take any word, and it is no secret then.
        let is_free = |line: &str| free_text.iter().any(|key| line.starts_with(key)) && line.contains(WORD);
        if outcome.is_ok() && toml.lines().any(is_free) {
            continue;
        }
        let spoken = spoken(outcome);
        assert!(!spoken.contains(WORD), "{toml}\n{spoken}");
    }
}

#[test]
fn no_secret_of_the_environment_shows_in_debug_or_in_any_error() {
    for key in SECRETS {
        let variable = format!("CALLSHEET__{}", key.to_uppercase().replace('.', "__"));
        for value in [
            "hunter2",
            "xoxb-hunter2",
            "xapp-hunter2",
            " hunter2\n",
            "mysql://hunter2",
        ] {
            for end in ["", "_FILE", "S", "__X"] {
                let spoken = spoken(load("", &[(&format!("{variable}{end}"), value)]));
                assert!(!spoken.contains(WORD), "{variable}{end}={value}\n{spoken}");
            }
        }
    }
}
