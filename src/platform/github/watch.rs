//! Whether GitHub accepts us, as the health report shows it.

use tokio_util::sync::CancellationToken;

use super::client::GitHub;
use super::errors::GitHubError;
use crate::engine::Engine;
use crate::engine::clock::later;
use crate::engine::health::State;
use crate::engine::workers::backoff;

/// The part's name in the health report.
const PART: &str = "github";

/// Finds out who we are on GitHub, with growing pauses while it cannot be reached, and reports how that goes; then
/// waits for `stop`. From then on the report also tells how many calls are left. A refused token or key is reported and not tried again: only a person can put in another.
///
/// # Errors
/// Never; it says so for the supervisor's sake.
pub async fn watch(github: GitHub, engine: Engine, stop: CancellationToken) -> Result<(), String> {
    engine.health.report(PART, State::Degraded, "signing in");
    let mut attempts = 0;
    while !stop.is_cancelled() {
        let error = match github.identify().await {
            Ok(identity) => {
                engine
                    .health
                    .report(PART, State::Ok, format!("signed in as {}", identity.login));
                let github = github.clone();
                engine.health.supplement(PART, move || github.report());
                break;
            }
            Err(error) => error,
        };
        let (why, next) = (error.why(), error.next());
        if matches!(error, GitHubError::Unauthorized | GitHubError::KeyRefused(_)) {
            engine
                .health
                .report(PART, State::Failed, format!("{why}. {next}."));
            break;
        }
        attempts += 1;
        engine
            .health
            .report(PART, State::Degraded, format!("{why}; trying again by myself."));
        let until = match error {
            GitHubError::RateLimited { retry_at } => retry_at,
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
