//! Whether GitHub accepts us, as the health report shows it.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::client::GitHub;
use super::errors::GitHubError;
use crate::engine::Engine;
use crate::engine::clock::later;
use crate::engine::health::State;
use crate::engine::workers::backoff;

/// The part's name in the health report.
const PART: &str = "github";

/// How long to wait after a refused token or key. Only a person can mend it, but not always here: a suspended account comes back.
const REFUSED: Duration = Duration::from_secs(600);

/// Finds out who we are on GitHub, with growing pauses while it cannot be reached, and reports how that goes; then
/// waits for `stop`. From then on the report also tells how many calls are left. A refused token or key is tried again too, at
/// long intervals, and is a failure until GitHub takes it.
///
/// # Errors
/// Never; it says so for the supervisor's sake.
pub async fn watch(github: GitHub, engine: Engine, stop: CancellationToken) -> Result<(), String> {
    engine.health.report(PART, State::Degraded, "signing in");
    let (mut attempts, mut refused) = (0, false);
    while !stop.is_cancelled() {
        let error = match github.identify().await {
            Ok(identity) => {
                engine
                    .health
                    .report(PART, State::Ok, format!("signed in as {}", identity.login));
                let github = github.clone();
                engine.health.supplement(PART, move || github.report());
                // Webhooks may wait to be read.
                engine.wake();
                break;
            }
            Err(error) => error,
        };
        let (why, next) = (error.why(), error.next());
        attempts += 1;
        refused |= error.is_refused_login();
        let (state, detail) = if error.is_refused_login() {
            (State::Failed, format!("{why}. {next}."))
        } else if refused {
            (
                State::Failed,
                format!("{why}, and before that my login was refused; trying again by myself."),
            )
        } else {
            (State::Degraded, format!("{why}; trying again by myself."))
        };
        engine.health.report(PART, state, detail);
        let until = match error {
            GitHubError::RateLimited { retry_at } => retry_at,
            error if error.is_refused_login() => later(engine.clock.now(), REFUSED),
            _ => later(engine.clock.now(), backoff(attempts)),
        };
        tokio::select! {
            () = engine.clock.sleep_until(until) => {}
            () = stop.cancelled() => {}
        }
    }
    stop.cancelled().await;
    Ok(())
}
