//! `GET /health`: the one report on the state of every part, as JSON. 200 while requests can be taken, 503 when the
//! database cannot.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::engine::outbox::survey;
use crate::engine::{Engine, health};
use crate::store::{StoreError, outbox, queue};

/// How long the database may take to answer; whoever asks for health gives up soon.
const PATIENCE: Duration = Duration::from_secs(2);

/// The health route, and a sign at the door for whoever opens the address in a browser.
pub(super) fn routes(engine: Engine) -> Router {
    Router::new()
        .route("/", get(|| async { "This is Callsheet. How it is: /health\n" }))
        .route("/health", get(report))
        .with_state(engine)
}

async fn report(State(engine): State<Engine>) -> (StatusCode, Json<Value>) {
    let counts = engine.clock.timeout(PATIENCE, counts(&engine)).await;
    let counts = counts.map_err(|late| StoreError::Late(late.0)).flatten();
    let work = match counts {
        Ok(work) => {
            engine.database_answered();
            work
        }
        Err(error) => {
            let id = crate::telemetry::report(&error, "the health report could not read the database");
            engine.database_failed(&error);
            if error.trouble().is_none() {
                let detail = format!("it answers with an error; see {id} in the log");
                engine.health.report("database", health::State::Failed, detail);
            }
            Value::Null
        }
    };
    let takes_requests = !work.is_null() && engine.standing.trouble().is_none();
    let code = if takes_requests {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    // Whoever reaches the port is nobody we know.
    let parts: BTreeMap<_, _> = engine
        .health
        .parts()
        .into_iter()
        .map(|(name, part)| (name, part.without_names()))
        .collect();
    let body = json!({
        "status": engine.health.overall(),
        "version": env!("CARGO_PKG_VERSION"),
        "parts": parts,
        "work": work,
    });
    (code, Json(body))
}

/// What is under way, in doubt, or given up.
async fn counts(engine: &Engine) -> Result<Value, StoreError> {
    let mut tx = engine.db.read().await?;
    survey(engine, &mut tx).await?;
    let mut items = serde_json::Map::new();
    for (kind, state, count) in queue::open_items(&mut tx).await? {
        items.insert(format!("{kind:?}.{state}").to_lowercase(), count.into());
    }
    let mut sends = serde_json::Map::new();
    for (state, count) in outbox::unsettled(&mut tx).await? {
        sends.insert(format!("{state:?}").to_lowercase(), count.into());
    }
    Ok(json!({ "items": items, "deliveries": sends }))
}
