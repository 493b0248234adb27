//! The stories: what people do and see, played against the real application on real wires, each on both databases.
//!
//! A case is named `module::story::sqlite` or `…::postgres`; without a PostgreSQL the latter are reported as ignored.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed case")]

#[path = "../support/mod.rs"]
mod support;

mod agent;
mod ask;
mod bad_input;
mod discord;
mod discord_gateway;
mod discord_lost;
mod engine;
mod long_answers;
mod lost_answers;
mod rights;
mod status;
mod tools;
mod webhooks;
mod worlds;

use std::future::Future;
use std::pin::Pin;

use libtest_mimic::{Arguments, Failed, Trial};
use support::database::Kind;
use support::postgres;

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
    let arguments = Arguments::from_args();
    // Another case may have installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    if std::env::var_os("CALLSHEET_LOG").is_some() {
        let _ = callsheet::telemetry::init(callsheet::telemetry::Format::Text, "info");
    }
    let has_postgres = postgres::server().is_some();
    let mut trials = worlds::trials();
    let modules = [
        agent::STORIES,
        ask::STORIES,
        bad_input::STORIES,
        discord::STORIES,
        discord_gateway::STORIES,
        discord_lost::STORIES,
        engine::STORIES,
        long_answers::STORIES,
        lost_answers::STORIES,
        rights::STORIES,
        status::STORIES,
        tools::STORIES,
        webhooks::STORIES,
    ];
    for (name, story) in modules.into_iter().flatten() {
        let name = name.trim_start_matches("stories::");
        for kind in [Kind::Sqlite, Kind::Postgres] {
            let play = move || played(*story, kind);
            let trial = Trial::test(format!("{name}::{}", kind.name()), play);
            trials.push(trial.with_ignored_flag(kind == Kind::Postgres && !has_postgres));
        }
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    postgres::stop();
    conclusion.exit();
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
