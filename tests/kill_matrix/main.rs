//! The kill matrix: the built program, against the fake worlds, ended as by `kill -9` at every commit and around every call
//! to the outside, and at random moments. Whatever happens, every accepted request has one answer and every effect is there
//! once.
//!
//! `cargo test --test kill_matrix` ends the program once at every named point, on both databases.
//! `cargo test --release --test kill_matrix -- --ignored --nocapture` plays random rounds: `KILL_MATRIX_ROUNDS` (500), from
//! `KILL_MATRIX_SEED` (printed, else by chance).

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed case")]

#[path = "../support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the stories use the rest")]
mod support;

mod jobs;
mod points;
mod random;
mod replicas;
mod script;
mod stage;

use std::future::Future;

use libtest_mimic::{Arguments, Failed, Trial};
use support::database::{Engine, Kind};
use support::postgres;
use support::slack::Mode;

/// A case, to be run on a database.
type Case = fn(Kind) -> Result<(), Failed>;

fn main() {
    let mut arguments = Arguments::from_args();
    // Programs wait for wires more than they compute.
    let threads = std::thread::available_parallelism().map_or(2, |count| 2 * count.get());
    arguments.test_threads.get_or_insert(threads);
    // Another case may have installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let has_postgres = postgres::server().is_some();
    let mut trials = Vec::new();
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let kind = Kind {
            engine,
            slack: Mode::Socket,
        };
        let missing = engine == Engine::Postgres && !has_postgres;
        for share in 0..points::SHARES {
            let name = format!("every_named_point::{}::{share}", kind.name());
            let named = Trial::test(name, move || run(points::every_named_point(kind, share)));
            trials.push(named.with_ignored_flag(missing));
        }
        let random = Trial::test(format!("random_moments::{}", kind.name()), move || {
            run(random::random_moments(kind))
        });
        trials.push(random.with_ignored_flag(true));
    }
    let kind = Kind {
        engine: Engine::Postgres,
        slack: Mode::Socket,
    };
    macro_rules! replicas {
        ($($case:ident),* $(,)?) => {
            [$((concat!("replicas::", stringify!($case)), (|kind| run(replicas::$case(kind))) as Case)),*]
        };
    }
    let cases = replicas![
        all_hear_and_share_the_work,
        one_after_the_other_is_killed,
        a_rolling_restart_while_loaded,
        connections_to_the_database_break,
        postgres_crashes_in_the_middle,
        a_frozen_holder_of_the_gateway_is_replaced,
        a_late_send_of_a_frozen_program_is_found,
    ];
    for (name, case) in cases {
        let trial = Trial::test(format!("{name}::{}", kind.name()), move || case(kind));
        trials.push(trial.with_ignored_flag(!has_postgres));
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    postgres::stop();
    conclusion.exit();
}

/// Runs a case to its end.
fn run(case: impl Future<Output = ()>) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(case);
    Ok(())
}
