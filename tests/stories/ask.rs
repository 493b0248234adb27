//! `callsheet ask`, as a person at the shell meets it: the built program, alone and beside a running service.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use crate::support::database::{Database, Engine, Kind};
use crate::{sees, stories};

stories![
    ask_works_with_no_configuration,
    ask_works_beside_a_running_service,
    several_first_asks_at_once_all_work,
    ask_says_clearly_what_is_wrong,
    what_cannot_be_sent_from_here_blocks_nothing,
    the_first_start_says_what_to_do,
    a_question_is_answered_by_another_ask,
];

/// The program in a folder of its own, knowing nothing but its database.
pub(crate) fn program(folder: &Path, database: &Database, kind: Kind) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callsheet"));
    command
        .current_dir(folder)
        .env_clear()
        .env("USER", "ana")
        .env("PATH", std::env::var_os("PATH").unwrap_or_default());
    // SQLite is the default and needs nothing said.
    if kind.engine == Engine::Postgres {
        command.env("CALLSHEET__DATABASE__URL", &database.url);
    }
    command
}

async fn ask(folder: &Path, database: &Database, kind: Kind, text: &str) -> Output {
    let mut command = program(folder, database, kind);
    command.args(["ask", text]);
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

pub(crate) fn said(output: &Output) -> String {
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    // Whether it also says that the answer takes its time depends on the machine.
    let err: Vec<&str> = err.lines().filter(|line| !line.ends_with(" …")).collect();
    format!(
        "exit {}\n{}{}",
        output.status.code().unwrap_or(-1),
        out.trim(),
        err.join("\n").trim()
    )
}

/// The same with what changes from run to run left out.
fn steady(text: &str) -> String {
    let changed = text.find("Project last changed");
    changed.map_or_else(
        || text.to_owned(),
        |at| {
            format!(
                "{}Project last changed …{}",
                &text[..at],
                text[at..].find('.').map_or("", |dot| &text[at + dot + 1..])
            )
        },
    )
}

async fn ask_works_with_no_configuration(kind: Kind) {
    let (folder, database) = (tempfile::tempdir().unwrap(), Database::fresh(kind).await);
    let created = ask(
        folder.path(),
        &database,
        kind,
        "create a project called Apollo in acme/apollo",
    )
    .await;
    sees!(said(&created), @"
    exit 0
    Created Apollo: active, acme/apollo (https://github.com/acme/apollo).

    Answered by the built-in offline model, which understands only simple phrases.
    ");
    let status = ask(folder.path(), &database, kind, "what is the status of Apollo?").await;
    sees!(steady(&said(&status)), @"
    exit 0
    Apollo: active, acme/apollo (https://github.com/acme/apollo).

    I cannot look at issues: GitHub is not configured. Have whoever runs Callsheet set [github] in bot.toml.

    Project last changed …

    Answered by the built-in offline model, which understands only simple phrases.
    ");
    let command = ask(folder.path(), &database, kind, "/pm projects").await;
    sees!(said(&command), @"
    exit 0
    - Apollo: active, acme/apollo (https://github.com/acme/apollo)
    ");
    assert_eq!(
        folder.path().join("data/callsheet.db").is_file(),
        kind.engine == Engine::Sqlite
    );
}

/// A running service; ended with the story.
struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the service and gives its first lines, up to the one about what to do next.
fn serve(folder: &Path, database: &Database, kind: Kind) -> (Service, Vec<String>) {
    let mut command = program(folder, database, kind);
    command
        .env("CALLSHEET__SERVER__LISTEN", "127.0.0.1:0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut first = Vec::new();
    for line in lines.map_while(Result::ok) {
        let end = line.contains("Ctrl-C");
        first.push(line);
        if end {
            break;
        }
    }
    (Service(child), first)
}

async fn ask_works_beside_a_running_service(kind: Kind) {
    let (folder, database) = (tempfile::tempdir().unwrap(), Database::fresh(kind).await);
    let (service, _) = serve(folder.path(), &database, kind);
    let created = ask(
        folder.path(),
        &database,
        kind,
        "create a project called Apollo in acme/apollo",
    )
    .await;
    sees!(said(&created), @"
    exit 0
    Created Apollo: active, acme/apollo (https://github.com/acme/apollo).

    Answered by the built-in offline model, which understands only simple phrases.
    ");
    let status = ask(folder.path(), &database, kind, "what is the status of Apollo?").await;
    sees!(steady(&said(&status)), @"
    exit 0
    Apollo: active, acme/apollo (https://github.com/acme/apollo).

    I cannot look at issues: GitHub is not configured. Have whoever runs Callsheet set [github] in bot.toml.

    Project last changed …

    Answered by the built-in offline model, which understands only simple phrases.
    ");
    if kind.engine == Engine::Sqlite {
        let mut second = program(folder.path(), &database, kind);
        second.env("CALLSHEET__SERVER__LISTEN", "127.0.0.1:0");
        let second = tokio::task::spawn_blocking(move || second.output().unwrap())
            .await
            .unwrap();
        sees!(said(&second), @"
        exit 1
        callsheet: another Callsheet is already serving data/callsheet.db; stop it first, or give this one another database.url
        ");
    }
    drop(service);
}

async fn ask_says_clearly_what_is_wrong(kind: Kind) {
    let (folder, database) = (tempfile::tempdir().unwrap(), Database::fresh(kind).await);
    let unknown = ask(folder.path(), &database, kind, "what is the status of Hermes?").await;
    sees!(said(&unknown), @"
    exit 1
    I do not know a project “Hermes”: there is no project that you may see here. Check the name, or ask me to create the project.

    Answered by the built-in offline model, which understands only simple phrases.
    ");
    let refused = ask(folder.path(), &database, kind, "/pm status hermes").await;
    sees!(said(&refused), @"
    exit 1
    I do not know a project “hermes”: there is no project that you may see here. Check the name, or ask me to create the project.
    ");
    let mut nothing = program(folder.path(), &database, kind);
    assert_eq!(nothing.arg("ask").output().unwrap().status.code(), Some(2));
    let mut wrong = program(folder.path(), &database, kind);
    assert_eq!(wrong.arg("aks").output().unwrap().status.code(), Some(2));
    let mut broken = program(folder.path(), &database, kind);
    let broken = broken
        .args(["ask", "hello"])
        .env("CALLSHEET__SLACK__BOT_TOKN", "xoxb-secret")
        .output()
        .unwrap();
    sees!(said(&broken), @"
    exit 1
    callsheet: the environment cannot be used:
    slack.bot_tokn: unknown key (set by CALLSHEET__SLACK__BOT_TOKN). Did you mean CALLSHEET__SLACK__BOT_TOKEN? Else remove it.
    ");
}

async fn the_first_start_says_what_to_do(kind: Kind) {
    let (folder, database) = (tempfile::tempdir().unwrap(), Database::fresh(kind).await);
    let (service, lines) = serve(folder.path(), &database, kind);
    let address = lines
        .iter()
        .find_map(|line| line.split("http://").nth(1)?.split_whitespace().next())
        .unwrap()
        .to_owned();
    let health: serde_json::Value = reqwest::get(format!("http://{address}/health"))
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    for (part, state) in [
        ("slack", "not_configured"),
        ("github", "not_configured"),
        ("model", "ok"),
        ("database", "ok"),
    ] {
        assert_eq!(health["parts"][part]["state"], state, "{health:#}");
    }
    assert_eq!(health["status"], "ok");
    let text = lines.join("\n").replace(&address, "ADDRESS");
    let text = text
        .replace("PostgreSQL", "DATABASE")
        .replace("SQLite", "DATABASE");
    sees!(text, @r#"
    Callsheet 0.1.0
      Listening on  http://ADDRESS  (health: http://ADDRESS/health)
      Database      DATABASE
      Model         offline, the built-in grammar
      Slack         not configured
      Discord       not configured
      GitHub        not configured
    Next: in another shell, in this folder, `cargo run -- ask "create a project called Apollo in acme/apollo"`.
    To connect Slack, Discord or GitHub, copy bot.toml.example to bot.toml and fill it in. Ctrl-C stops.
    "#);
    drop(service);
}

async fn a_question_is_answered_by_another_ask(kind: Kind) {
    let (folder, database) = (tempfile::tempdir().unwrap(), Database::fresh(kind).await);
    let mut seen = Vec::new();
    for text in [
        "/pm project new Apollo",
        "/pm policy apollo --gates all_writes",
        "/pm project set apollo --status done",
        "/pm projects",
        "/pm approve 1",
        "/pm projects",
    ] {
        let told = said(&ask(folder.path(), &database, kind, text).await);
        // The time at which it ends is not the test's.
        let lines = told.lines().filter(|line| !line.contains("UTC"));
        seen.push(lines.collect::<Vec<_>>().join("\n"));
    }
    sees!(seen.join("\n"), @"
    exit 0
    Created Apollo: active, no repository.
    exit 0
    Changed what Apollo asks about: every change waits for an answer (--gates all_writes).
    exit 0
    Question 1, asked for by ana

    Change the project Apollo:

    - its status: from active to done

    exit 0
    - Apollo: active, no repository
    exit 0

    Changed Apollo: status is now done.
    exit 0
    - Apollo: done, no repository
    ");
}

async fn several_first_asks_at_once_all_work(kind: Kind) {
    let (folder, database) = (tempfile::tempdir().unwrap(), Database::fresh(kind).await);
    let asks = (0..3).map(|number| {
        let mut command = program(folder.path(), &database, kind);
        command.args(["ask", &format!("create a project called Number{number}")]);
        tokio::task::spawn_blocking(move || command.output().unwrap())
    });
    for asked in futures::future::join_all(asks).await {
        assert!(said(&asked.unwrap()).starts_with("exit 0\nCreated Number"));
    }
    let listed = ask(folder.path(), &database, kind, "/pm projects").await;
    assert_eq!(said(&listed).matches("Number").count(), 3, "{}", said(&listed));
}

async fn what_cannot_be_sent_from_here_blocks_nothing(kind: Kind) {
    let (folder, database) = (tempfile::tempdir().unwrap(), Database::fresh(kind).await);
    let create = "create a project called Apollo in acme/apollo";
    assert!(ask(folder.path(), &database, kind, create).await.status.success());
    let bound = ask(folder.path(), &database, kind, "bind slack:T1/C2 to Apollo").await;
    sees!(said(&bound), @"
    exit 1
    I could not bind slack:T1/C2: Slack is not set up here. Have whoever runs Callsheet fill in its section of bot.toml and start me again.

    Answered by the built-in offline model, which understands only simple phrases.
    ");
    let told = ask(folder.path(), &database, kind, "tell slack:T1/C2 that we ship").await;
    sees!(said(&told), @"
    exit 1
    I cannot post to slack:T1/C2: I only post to places that are bound to a project, and this one is not. Have a maintainer of the project bind it: in that channel, say “bind this channel to …”.

    Answered by the built-in offline model, which understands only simple phrases.
    ");
    let commented = ask(
        folder.path(),
        &database,
        kind,
        "comment on acme/apollo#12: looks good",
    )
    .await;
    sees!(said(&commented), @"
    exit 1
    I cannot look at issues: GitHub is not configured. Have whoever runs Callsheet set [github] in bot.toml.

    Answered by the built-in offline model, which understands only simple phrases.
    ");
    let poem = ask(folder.path(), &database, kind, "write me a poem").await;
    assert_eq!(poem.status.code(), Some(1));
    let listed = ask(folder.path(), &database, kind, "@pm projects").await;
    sees!(said(&listed), @"
    exit 0
    - Apollo: active, acme/apollo (https://github.com/acme/apollo)
    ");
}
