//! Slack's requests: `POST /slack/events`, `/slack/commands`, `/slack/interactions`.
//!
//! Nothing of a request is believed, read or kept before its signature was found right, and Slack is told "received" only
//! when what it says is committed. Slack sends an event that was not taken again, at once, after a minute and after five
//! (<https://docs.slack.dev/apis/events-api/#retries>); it shows an error to who gave a command or pressed a button. What
//! is received is answered with an empty body: words would be shown to who gave the command.
//!
//! A request whose signature is known was received before, byte for byte and of the same second: it is refused, by every
//! replica and after a restart, since the signature is kept with the event. One that was answered with 503 left nothing
//! behind, and is taken when it comes again.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;

use super::body::{Reply, read, read_in_time, reply};
use crate::engine::{Engine, intake};
use crate::platform::slack::Slack;
use crate::platform::slack::request::{self, Door, Said, Told};
use crate::store::{StoreError, inbox};
use crate::telemetry;

/// The largest body that is read: a message has 40,000 characters at most
/// (<https://docs.slack.dev/reference/methods/chat.postMessage#truncating>), and an edit tells both its texts.
const MAX_BODY: usize = 2 * 1024 * 1024;
/// How long a body may take to arrive; Slack itself gives up after 3 s.
const READ: Duration = Duration::from_secs(3);
/// How long each of the two looks at the database may take, so that Slack hears that it did not work instead of nothing.
const KEEP: Duration = Duration::from_millis(1200);
/// Tells Slack not to send an event again. <https://docs.slack.dev/apis/events-api/#retries>
const NO_RETRY: HeaderName = HeaderName::from_static("x-slack-no-retry");

/// What the routes need.
pub struct SlackHook {
    /// Where events are committed.
    pub engine: Engine,
    /// Who we are there, and the key of the signatures.
    pub slack: Slack,
}

/// The routes of Slack's requests, with and without a closing slash. `None`: Slack is not configured.
pub(super) fn routes(hook: Option<SlackHook>) -> Router {
    let doors = [
        ("/slack/events", Door::Events),
        ("/slack/commands", Door::Commands),
        ("/slack/interactions", Door::Interactions),
    ];
    let mut router = Router::new();
    for (path, door) in doors {
        let methods = || {
            let receive =
                move |State(hook): State<Option<Arc<SlackHook>>>, request| receive(hook, door, request);
            post(receive).fallback(wrong_method)
        };
        router = router
            .route(path, methods())
            .route(&format!("{path}/"), methods());
    }
    router
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(hook.map(Arc::new))
}

async fn wrong_method() -> Reply {
    reply(
        StatusCode::METHOD_NOT_ALLOWED,
        "Slack's requests come here by POST.",
    )
}

async fn receive(hook: Option<Arc<SlackHook>>, door: Door, request: Request) -> Response {
    let refusal = match accept(hook.as_deref(), door, request).await {
        Ok(word) => return word.into_response(),
        Err(refusal) => refusal,
    };
    tracing::warn!(
        ?door,
        status = refusal.0.as_u16(),
        why = refusal.1.trim(),
        "a request of Slack was refused"
    );
    if refusal.0 == StatusCode::CONFLICT {
        return ([(NO_RETRY, "1")], refusal).into_response();
    }
    refusal.into_response()
}

/// Takes a request and says what to answer, with 200.
async fn accept(hook: Option<&SlackHook>, door: Door, request: Request) -> Result<String, Reply> {
    let headers = request.headers().clone();
    let body = match hook {
        Some(hook) => read_in_time(request, MAX_BODY, &hook.engine.clock, READ).await?,
        None => read(request, MAX_BODY).await?,
    };
    let off = "Slack's requests are not taken here; set slack.mode = \"http\" and slack.signing_secret.";
    let hook = hook.and_then(|hook| Some((hook, hook.slack.signing_secret()?)));
    let (hook, secret) = hook.ok_or_else(|| unavailable(off))?;
    let (timestamp, signature) = (
        text(&headers, "x-slack-request-timestamp"),
        text(&headers, "x-slack-signature"),
    );
    let key = request::verify(secret, timestamp, signature, &body, hook.engine.clock.now())
        .map_err(|rejected| reply(StatusCode::UNAUTHORIZED, format!("Not accepted: {rejected}.")))?;
    let said = request::read(door, &body)
        .map_err(|odd| reply(StatusCode::BAD_REQUEST, format!("Not understood: {odd}.")))?;
    match said {
        Said::Challenge(word) => Ok(word),
        Said::Nothing => Ok(String::new()),
        Said::Told(told) => keep(hook, &told, key).await.map(|()| String::new()),
    }
}

/// A header; one that is no text is there, and wrong.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or_default())
}

/// Commits what a request tells, unless this very request was received before.
async fn keep(hook: &SlackHook, told: &Told, key: String) -> Result<(), Reply> {
    let lost = |error| lost(hook, error);
    if is_known(&hook.engine, &key).await.map_err(lost)? {
        return Err(reply(
            StatusCode::CONFLICT,
            "This request was received before; it counts once.",
        ));
    }
    let heard = hook.slack.heard(told, key).await.map_err(|error| {
        tracing::warn!(
            ?error,
            "a request of Slack came while our own account is not known"
        );
        unavailable("Slack has not told yet who I am; send this again later.")
    })?;
    intake::within(&hook.engine, KEEP, hook.slack.commit(&hook.engine, &heard))
        .await
        .map_err(lost)?;
    hook.slack.note_flow(&hook.engine, told.is_held_back());
    Ok(())
}

async fn is_known(engine: &Engine, key: &str) -> Result<bool, StoreError> {
    let known = async {
        let mut tx = engine.db.read().await?;
        inbox::knows(&mut tx, key).await
    };
    let known = engine.clock.timeout(KEEP, known).await;
    let known = known.unwrap_or(Err(StoreError::Late(KEEP)));
    if let Err(error) = &known {
        engine.database_failed(error);
    }
    known
}

fn lost(hook: &SlackHook, error: StoreError) -> Reply {
    hook.slack.lose();
    let id = telemetry::report(&error, "a request of Slack could not be kept");
    unavailable(&format!(
        "This could not be kept ({id} in the log); send it again later."
    ))
}

fn unavailable(why: &str) -> Reply {
    reply(StatusCode::SERVICE_UNAVAILABLE, why)
}
