//! The stories: what people do and see, played against the real application on real wires, each on both databases.
//!
//! A case is named `module::story::sqlite` or `…::postgres`; without a PostgreSQL the latter are reported as ignored. Those
//! in which it matters how people speak in Slack are played once more with Slack over HTTP in place of sockets:
//! `…::http::sqlite`, or `…::http::postgres`.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed case")]

#[path = "../support/mod.rs"]
mod support;

mod agent;
mod answering;
mod ask;
mod audit;
mod audit_found;
mod audited;
mod bad_input;
mod buttons;
mod command_lists;
mod commands;
mod commands_elsewhere;
mod database;
mod dialects;
mod digest_places;
mod digests;
mod discord;
mod discord_gateway;
mod discord_lost;
mod discreet;
mod engine;
mod gaps_github;
mod gaps_slack;
mod gates;
mod gates_late;
mod github_app;
mod health;
mod lanes;
mod limits;
mod linking;
mod long_answers;
mod loops;
mod lost_answers;
mod lost_github;
mod lost_late;
mod lost_slack;
mod migrations;
mod old_requests;
mod operator;
mod overtaking;
mod people;
mod pulls;
mod retention;
mod rights;
mod schedules;
mod slack_http;
mod status;
mod stop;
mod stop_elsewhere;
mod tainted;
mod tools;
mod topics;
mod trust;
mod webhooks;
mod why;
mod worlds;
mod wrong_uses;

use std::future::Future;
use std::pin::Pin;

use libtest_mimic::{Arguments, Failed, Trial};
use support::database::{Engine, Kind};
use support::postgres;
use support::slack::Mode;

/// A story, ready to be played on a database.
pub(crate) type Story = fn(Kind) -> Pin<Box<dyn Future<Output = ()>>>;

/// Lists stories by name: `stories![ana_asks, cy_labels]`.
macro_rules! stories {
    ($($story:ident),* $(,)?) => {
        /// The stories of this module.
        pub(crate) const STORIES: &[(&str, crate::Story)] =
            &[$((concat!(module_path!(), "::", stringify!($story)), |kind| Box::pin($story(kind)))),*];
    };
}
pub(crate) use stories;

/// Compares what people see with an inline snapshot; both databases show the same.
macro_rules! sees {
    ($value:expr, @$snapshot:literal) => {{
        let seen = $value;
        insta::allow_duplicates! { insta::assert_snapshot!(seen, @$snapshot) }
    }};
}
pub(crate) use sees;

fn main() {
    let mut arguments = Arguments::from_args();
    // Stories wait for wires more than they compute.
    let threads = std::thread::available_parallelism().map_or(2, |count| 2 * count.get());
    arguments.test_threads.get_or_insert(threads);
    // Another case may have installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    if std::env::var_os("CALLSHEET_LOG").is_some() {
        let _ = callsheet::telemetry::init(callsheet::telemetry::Format::Text, "info");
    }
    let has_postgres = postgres::server().is_some();
    let mut trials = worlds::trials();
    for (stories, ways) in modules() {
        for (index, (name, story)) in stories.iter().enumerate() {
            let name = name.trim_start_matches("stories::");
            for kind in kinds(ways, index, has_postgres) {
                let play = move || played(*story, kind);
                let trial = Trial::test(format!("{name}::{}", kind.name()), play);
                let ignored = kind.engine == Engine::Postgres && !has_postgres;
                trials.push(trial.with_ignored_flag(ignored));
            }
        }
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    postgres::stop();
    conclusion.exit();
}

/// The stories of a module, and how they are played: over sockets, and over HTTP.
type Module = (&'static [(&'static str, Story)], (bool, bool));

/// Every module of stories.
fn modules() -> Vec<Module> {
    let (both, socket, http) = ((true, true), (true, false), (false, true));
    vec![
        (agent::STORIES, both),
        (answering::STORIES, socket),
        (ask::STORIES, socket),
        (audit::STORIES, socket),
        (audit_found::STORIES, socket),
        (audited::STORIES, socket),
        (bad_input::STORIES, both),
        (buttons::STORIES, both),
        (command_lists::STORIES, both),
        (commands::STORIES, both),
        (commands_elsewhere::STORIES, socket),
        (database::STORIES, both),
        (dialects::STORIES, both),
        (digest_places::STORIES, socket),
        (digests::STORIES, socket),
        (discord::STORIES, socket),
        (discord_gateway::STORIES, socket),
        (discord_lost::STORIES, socket),
        (discreet::STORIES, both),
        (engine::STORIES, socket),
        (gaps_github::STORIES, socket),
        (gaps_slack::STORIES, both),
        (gates::STORIES, both),
        (gates_late::STORIES, socket),
        (github_app::STORIES, socket),
        (health::STORIES, socket),
        (lanes::STORIES, socket),
        (limits::STORIES, both),
        (linking::STORIES, socket),
        (long_answers::STORIES, both),
        (loops::STORIES, both),
        (lost_answers::STORIES, both),
        (migrations::STORIES, socket),
        (lost_github::STORIES, socket),
        (lost_late::STORIES, socket),
        (lost_slack::STORIES, socket),
        (operator::STORIES, socket),
        (old_requests::STORIES, socket),
        (overtaking::STORIES, socket),
        (people::STORIES, socket),
        (pulls::STORIES, both),
        (retention::STORIES, socket),
        (rights::STORIES, both),
        (schedules::STORIES, both),
        (slack_http::STORIES, http),
        (status::STORIES, both),
        (stop::STORIES, both),
        (stop_elsewhere::STORIES, socket),
        (tainted::STORIES, both),
        (tools::STORIES, both),
        (topics::STORIES, socket),
        (trust::STORIES, both),
        (webhooks::STORIES, socket),
        (wrong_uses::STORIES, both),
        (why::STORIES, socket),
    ]
}

/// How a story is played. What is played over sockets on both databases is played over HTTP on one of them, which takes
/// turns: Slack's way in and the database have nothing to do with each other.
fn kinds((socket, http): (bool, bool), index: usize, has_postgres: bool) -> Vec<Kind> {
    let engines = [Engine::Sqlite, Engine::Postgres];
    let on = |slack| move |engine| Kind { engine, slack };
    let mut kinds = Vec::new();
    if socket {
        kinds.extend(engines.map(on(Mode::Socket)));
    }
    match (socket, http) {
        (true, true) => kinds.push(on(Mode::Http)(engines[if has_postgres { index % 2 } else { 0 }])),
        (false, true) => kinds.extend(engines.map(on(Mode::Http))),
        (_, false) => {}
    }
    kinds
}

/// Plays one story on a runtime of its own.
fn played(story: Story, kind: Kind) -> Result<(), Failed> {
    run(story(kind));
    Ok(())
}

/// Runs a case to its end.
pub(crate) fn run(case: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime
        .unwrap_or_else(|error| panic!("no runtime: {error}"))
        .block_on(case);
}
