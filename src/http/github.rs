//! GitHub's webhooks: `POST /webhooks/github`.
//!
//! Nothing of a request is believed, read as JSON or kept before its signature was found right, and GitHub is told
//! "received" only when the event is committed. GitHub does not send a refused webhook again by itself; a person, or a
//! later reconciliation, can ask it to during three days
//! (<https://docs.github.com/en/webhooks/using-webhooks/handling-failed-webhook-deliveries>).

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use secrecy::SecretString;
use uuid::Uuid;

use super::body::{Reply, read, read_in_time, reply};
use crate::domain::Seen;
use crate::engine::{Engine, intake};
use crate::platform::github::{GitHub, webhook};
use crate::telemetry;

/// The largest body that is read. GitHub's own bound is 25 MB, which only pushes with very many commits come near
/// (<https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap>).
const MAX_BODY: usize = 5 * 1024 * 1024;
/// How long a body may take to arrive; GitHub itself gives up after 10 s.
const READ: Duration = Duration::from_secs(10);
/// How long keeping may take, so that GitHub hears that it did not work instead of nothing.
const KEEP: Duration = Duration::from_secs(8);
/// The longest id of a delivery that is taken for one; GitHub's have 36 characters.
const MAX_GUID: usize = 64;

/// What the webhook needs.
pub struct GitHubHook {
    /// Where events are committed.
    pub engine: Engine,
    /// The key of the signatures; without it nothing is accepted.
    pub secret: Option<SecretString>,
    /// Who we are there.
    pub github: GitHub,
}

/// The route of GitHub's webhooks, with and without a closing slash. `None`: GitHub is not configured.
pub(super) fn routes(hook: Option<GitHubHook>) -> Router {
    let methods = || post(receive).fallback(wrong_method);
    Router::new()
        .route("/webhooks/github", methods())
        .route("/webhooks/github/", methods())
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(hook.map(Arc::new))
}

async fn wrong_method() -> Reply {
    reply(
        StatusCode::METHOD_NOT_ALLOWED,
        "GitHub's webhooks come here by POST.",
    )
}

async fn receive(State(hook): State<Option<Arc<GitHubHook>>>, request: Request) -> Reply {
    accept(hook.as_deref(), request).await.unwrap_or_else(|refusal| {
        tracing::warn!(
            status = refusal.0.as_u16(),
            why = refusal.1.trim(),
            "a webhook of GitHub was refused"
        );
        refusal
    })
}

async fn accept(hook: Option<&GitHubHook>, request: Request) -> Result<Reply, Reply> {
    let headers = request.headers().clone();
    let body = match hook {
        Some(hook) => read_in_time(request, MAX_BODY, &hook.engine.clock, READ).await?,
        None => read(request, MAX_BODY).await?,
    };
    let unavailable = |why: &str| reply(StatusCode::SERVICE_UNAVAILABLE, why);
    let hook = hook.ok_or_else(|| unavailable("GitHub is not set up here; set [github] in bot.toml."))?;
    let secret = hook.secret.as_ref();
    let secret = secret.ok_or_else(|| unavailable("Webhooks are off here; set github.webhook_secret."))?;
    // A header that is no text is there, and wrong.
    let signature = headers
        .get("x-hub-signature-256")
        .map(|value| value.to_str().unwrap_or_default());
    webhook::verify(secret, signature, &body)
        .map_err(|rejected| reply(StatusCode::UNAUTHORIZED, format!("Not accepted: {rejected}.")))?;
    let payload = payload(&headers, body)?;
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let event = text("x-github-event").unwrap_or("unnamed");
    hook.github.heed(event);
    let guid = text("x-github-delivery")
        .filter(|guid| is_guid(guid))
        .map(str::to_owned);
    // A body that came without an id is known by its own bytes.
    let guid = guid.unwrap_or_else(|| Uuid::new_v5(&Uuid::NAMESPACE_URL, &payload).to_string());
    // GitHub waits 10 s for an answer and does not send again, so nobody is asked here who we are.
    let heard = match hook.github.known_context() {
        Some(context) => webhook::translate(event, &guid, &payload, &context),
        None => webhook::untranslated(event, &guid, &payload),
    };
    let heard = heard.map_err(|error| reply(StatusCode::BAD_REQUEST, format!("Not understood: {error}.")))?;
    match intake::commit_within(&hook.engine, &heard, KEEP).await {
        Ok(Seen::New(_)) => Ok(reply(StatusCode::ACCEPTED, "Received.")),
        Ok(Seen::Before(_)) => Ok(reply(StatusCode::OK, "Received before.")),
        Err(error) => {
            let id = telemetry::report(&error, "a webhook could not be kept");
            Err(unavailable(&format!(
                "This could not be kept ({id} in the log); send it again later."
            )))
        }
    }
}

/// The JSON of a webhook, which comes as the body or as its field `payload`
/// (<https://docs.github.com/en/webhooks/using-webhooks/creating-webhooks>).
fn payload(headers: &HeaderMap, body: Bytes) -> Result<Bytes, Reply> {
    let kind = headers
        .get(CONTENT_TYPE)
        .map_or("", |value| value.to_str().unwrap_or("?"));
    let kind = kind.split(';').next().unwrap_or_default().trim().to_lowercase();
    match kind.as_str() {
        "" | "application/json" => Ok(body),
        "application/x-www-form-urlencoded" => {
            let field = url::form_urlencoded::parse(&body).find(|(name, _)| name == "payload");
            let (_, json) = field.ok_or_else(|| {
                reply(
                    StatusCode::BAD_REQUEST,
                    "Not understood: the form has no field called payload.",
                )
            })?;
            Ok(Bytes::from(json.into_owned()))
        }
        _ => Err(reply(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Set the webhook's content type to application/json in the repository's settings.",
        )),
    }
}

fn is_guid(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_GUID && text.bytes().all(|byte| byte.is_ascii_graphic())
}
