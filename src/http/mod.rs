//! HTTP: the router, limits at the door, and the health route. What a webhook means is decided elsewhere.

mod github;
mod health;

use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::engine::Engine;

pub use github::GitHubHook;

/// Every route.
pub fn router(engine: Engine, hook: Option<GitHubHook>) -> Router {
    Router::new()
        .merge(health::routes(engine))
        .merge(github::routes(hook))
}

/// Serves until `stop`; requests under way are finished.
///
/// # Errors
/// When the listener breaks.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) -> Result<(), String> {
    axum::serve(listener, router)
        .with_graceful_shutdown(stop.cancelled_owned())
        .await
        .map_err(|error| error.to_string())
}
