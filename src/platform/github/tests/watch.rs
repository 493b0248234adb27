use secrecy::SecretString;
use serde_json::json;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::super::{Hooks, watch};
use super::server::{Server, github, still};
use crate::engine::Engine;
use crate::engine::health::State;
use crate::store::Db;

/// What the health report says once it is no longer about signing in.
async fn reported(status: u16, body: &serde_json::Value) -> (State, String) {
    let server = Server::start().await;
    server.says(status, body);
    let files = TempDir::new().unwrap();
    let url = format!("sqlite://{}", files.path().join("test.db").display());
    let engine = Engine::new(Db::open(&SecretString::from(url), true).await.unwrap(), still());
    let stop = CancellationToken::new();
    let settled = async {
        loop {
            if let Some(part) = engine.health.parts().remove("github")
                && part.detail != "signing in"
            {
                stop.cancel();
                return (part.state, part.detail);
            }
            tokio::task::yield_now().await;
        }
    };
    let watched = watch(
        github(server.url()),
        engine.clone(),
        Hooks::default(),
        stop.clone(),
    );
    let (ended, reported) = tokio::join!(watched, settled);
    assert_eq!(ended, Ok(()));
    reported
}

#[tokio::test]
async fn health_tells_who_we_are_or_what_to_do() {
    let ok = reported(200, &json!({ "login": "pm-bot", "id": 900 })).await;
    assert_eq!(ok, (State::Ok, "signed in as pm-bot".into()));
    let (state, detail) = reported(401, &json!({ "message": "Bad credentials" })).await;
    assert_eq!(
        (state, detail.contains("github.token")),
        (State::Failed, true),
        "{detail}"
    );
    let (state, detail) = reported(502, &json!({})).await;
    assert_eq!(
        (state, detail.contains("502")),
        (State::Degraded, true),
        "{detail}"
    );
}
