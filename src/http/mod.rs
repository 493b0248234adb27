//! HTTP: the router, limits at the door, and the health route. What a request means is decided elsewhere.

mod body;
mod github;
mod health;
mod slack;
#[cfg(test)]
mod testing;

use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::engine::Engine;
use crate::engine::clock::Clock;

pub use github::GitHubHook;
pub use slack::SlackHook;

/// Every route.
pub fn router(engine: Engine, github: Option<GitHubHook>, slack: Option<SlackHook>) -> Router {
    Router::new()
        .merge(health::routes(engine))
        .merge(github::routes(github))
        .merge(slack::routes(slack))
}

/// How long requests under way may take after a stop.
const FINISH: Duration = Duration::from_secs(5);

/// Serves until `stop`; requests under way are finished, for a while.
///
/// # Errors
/// When the listener breaks.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    clock: Clock,
    stop: CancellationToken,
) -> Result<(), String> {
    let served = axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned());
    let late = async {
        stop.cancelled().await;
        clock.sleep(FINISH).await;
    };
    tokio::select! {
        served = async { served.await } => served.map_err(|error| error.to_string()),
        () = late => Ok(()),
    }
}
