//! Attempts to give orders through what people without rights wrote, each played against the real application with a model that
//! obeys whatever it reads.
//!
//! After each, nothing has changed outside or in our database without a member's answer to a question that shows it whole, and
//! nothing was posted that is a secret or another project's. A case is named by what it tries, and by its database: those that cost
//! most are played on one.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed case")]

#[path = "../support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the stories use the rest")]
mod support;

/// An attempt of several steps, ready to be played on a database.
type Plot = fn(Kind) -> Pin<Box<dyn Future<Output = ()>>>;

macro_rules! plots {
    ($($plot:ident),* $(,)?) => {
        /// All of them.
        pub(crate) const PLOTS: &[(&str, crate::Plot)] = &[$((stringify!($plot), |kind| Box::pin($plot(kind)))),*];
    };
}

mod attempts;
mod obeying;
mod plots;
mod stage;
mod straying;

use std::future::Future;
use std::pin::Pin;

use libtest_mimic::{Arguments, Trial};
use support::database::{Engine, Kind};
use support::postgres;
use support::slack::Mode;

/// Of so many attempts that only differ in their words, one is played on PostgreSQL, too.
const ALSO_ON_POSTGRES: usize = 5;

fn main() {
    let mut arguments = Arguments::from_args();
    // Attempts wait for wires more than they compute.
    let threads = std::thread::available_parallelism().map_or(2, |count| 2 * count.get());
    arguments.test_threads.get_or_insert(threads);
    // Another case may have installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    if std::env::var_os("CALLSHEET_LOG").is_some() {
        let _ = callsheet::telemetry::init(callsheet::telemetry::Format::Text, "info");
    }
    let has_postgres = postgres::server().is_some();
    let mut trials = Vec::new();
    let mut add = |name: &str, engine: Engine, play: Box<dyn Fn(Kind) + Send + Sync>| {
        let kind = Kind {
            engine,
            slack: Mode::Socket,
        };
        let trial = Trial::test(format!("{name}::{}", kind.name()), move || {
            play(kind);
            Ok(())
        });
        trials.push(trial.with_ignored_flag(engine == Engine::Postgres && !has_postgres));
    };
    for (index, attempt) in attempts::ATTEMPTS.iter().enumerate() {
        let play = move |kind| run(attempts::play(attempt, kind));
        add(attempt.name, Engine::Sqlite, Box::new(play));
        if index % ALSO_ON_POSTGRES == 0 {
            add(attempt.name, Engine::Postgres, Box::new(play));
        }
    }
    for (name, plot) in plots::PLOTS.iter().chain(straying::PLOTS) {
        for engine in [Engine::Sqlite, Engine::Postgres] {
            add(name, engine, Box::new(move |kind| run(plot(kind))));
        }
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    postgres::stop();
    conclusion.exit();
}

/// Runs a case to its end.
fn run(case: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime
        .unwrap_or_else(|error| panic!("no runtime: {error}"))
        .block_on(case);
}
