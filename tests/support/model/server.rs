//! The HTTP side: the key, the checks, the script, and the answer whole or streamed.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State as Shared;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router, response::IntoResponse};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use super::check::{check, error};
use super::script::{Act, Turn};
use super::write::{Answer, CREATED, tokens};
use super::{API_KEY, Core, MODEL};

/// Bytes of a stream in one write: frames and characters break across writes, as they do behind a proxy.
const WRITE: usize = 61;
/// What comes when the script is empty.
pub(super) const RAN_OUT: &str = "the test's script ran out";

pub(super) fn router(core: Arc<Core>) -> Router {
    Router::new()
        .route("/v1/chat/completions", post(complete))
        .route("/v1/models", get(models))
        .with_state(core)
}

/// <https://platform.openai.com/docs/api-reference/models/list>
async fn models(headers: HeaderMap) -> Response<Body> {
    if let Some(refusal) = wrong_key(&headers) {
        return refusal;
    }
    let model = json!({ "id": MODEL, "object": "model", "created": CREATED, "owned_by": "fake" });
    Json(json!({ "object": "list", "data": [model] })).into_response()
}

async fn complete(Shared(core): Shared<Arc<Core>>, headers: HeaderMap, body: Bytes) -> Response<Body> {
    if let Some(refusal) = wrong_key(&headers) {
        core.problem("a request came with a wrong key".to_owned());
        return refusal;
    }
    let Ok(request) = serde_json::from_slice::<Value>(&body) else {
        core.problem("a request was not JSON".to_owned());
        let message = "We could not parse the JSON body of your request.";
        return refusal(400, &error(message, "invalid_request_error", None, None));
    };
    let number = core.record(&request);
    if let Err(body) = check(&request) {
        core.problem(format!("a request was refused: {}", body["error"]["message"]));
        return refusal(400, &body);
    }
    let holds = core.with(|inner| inner.script.holds());
    for held in holds {
        held.pass().await;
    }
    let Some(reply) = core.with(|inner| inner.script.next()) else {
        core.problem(RAN_OUT.to_owned());
        return refusal(500, &error(RAN_OUT, "server_error", None, None));
    };
    // Outside the lock: a closure may look at the model, too.
    perform(reply(&request), number, &request).await
}

async fn perform(turn: Turn, number: usize, request: &Value) -> Response<Body> {
    let model = request["model"].as_str().unwrap();
    let (text, calls, finish) = match &turn.act {
        Act::Answers { text, calls, finish } => (text.as_deref(), calls.as_slice(), finish.as_str()),
        Act::CutsAfter(text) => (Some(text.as_str()), [].as_slice(), "stop"),
        Act::Fails {
            status,
            retry_after,
            code,
        } => return failure(*status, *retry_after, code),
        Act::Hangs => return std::future::pending().await,
        Act::Nothing => (None, [].as_slice(), "stop"),
    };
    let guess = || {
        let written: u64 = calls
            .iter()
            .map(|call| tokens(&call.name) + tokens(&call.arguments))
            .sum();
        (
            tokens(&request["messages"].to_string()),
            tokens(text.unwrap_or_default()) + written,
        )
    };
    let usage = turn.usage.unwrap_or_else(guess);
    let answer = Answer {
        number,
        model,
        text,
        calls,
        finish,
        usage,
    };
    let with_usage = request["stream_options"]["include_usage"] == json!(true);
    match (&turn.act, request["stream"] == json!(true)) {
        (Act::Nothing, true) => streamed(&[], true),
        (Act::CutsAfter(_), true) => streamed(&answer.opening(with_usage), false),
        (_, true) => streamed(&answer.chunks(with_usage), true),
        (Act::Nothing, false) => Json(answer.no_choices()).into_response(),
        (Act::CutsAfter(_), false) => {
            let whole = answer.object().to_string().into_bytes();
            let half = whole[..whole.len() / 2].to_vec();
            body_of("application/json", half, false)
        }
        (_, false) => Json(answer.object()).into_response(),
    }
}

/// Server-sent events; without an end the connection breaks where `data: [DONE]` would be.
fn streamed(chunks: &[Value], ends: bool) -> Response<Body> {
    let mut frames: String = chunks.iter().map(|chunk| format!("data: {chunk}\n\n")).collect();
    if ends {
        frames.push_str("data: [DONE]\n\n");
    }
    body_of("text/event-stream; charset=utf-8", frames.into_bytes(), ends)
}

fn body_of(content_type: &'static str, bytes: Vec<u8>, ends: bool) -> Response<Body> {
    let writes: Vec<_> = bytes
        .chunks(WRITE)
        .map(|part| Ok(Bytes::copy_from_slice(part)))
        .collect();
    let end = (!ends).then(|| Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)));
    let parts = stream::iter(writes.into_iter().chain(end)).then(async |part| {
        // Gives the connection the chance to send what it has before the next part or the break.
        tokio::task::yield_now().await;
        part
    });
    let mut response = Response::new(Body::from_stream(parts));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// <https://platform.openai.com/docs/guides/error-codes/api-errors>
fn failure(status: u16, retry_after: Option<u64>, code: &str) -> Response<Body> {
    let (message, kind) = match code {
        "insufficient_quota" => (
            "You exceeded your current quota, please check your plan and billing details.",
            "insufficient_quota",
        ),
        "rate_limit_exceeded" => ("Rate limit reached for requests.", "requests"),
        "context_length_exceeded" => (
            "This model's maximum context length is exceeded by your messages.",
            "invalid_request_error",
        ),
        "model_not_found" => (
            "The model does not exist or you do not have access to it.",
            "invalid_request_error",
        ),
        _ if status >= 500 => (
            "The server had an error while processing your request.",
            "server_error",
        ),
        _ => ("The request could not be served.", "invalid_request_error"),
    };
    let mut response = refusal(status, &error(message, kind, None, Some(code)));
    if let Some(seconds) = retry_after {
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn wrong_key(headers: &HeaderMap) -> Option<Response<Body>> {
    let given = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let message = match given.strip_prefix("Bearer ") {
        Some(API_KEY) => return None,
        Some(other) => format!(
            "Incorrect API key provided: {}***.",
            other.chars().take(3).collect::<String>()
        ),
        None => "You didn't provide an API key.".to_owned(),
    };
    Some(refusal(
        401,
        &error(&message, "invalid_request_error", None, Some("invalid_api_key")),
    ))
}

fn refusal(status: u16, body: &Value) -> Response<Body> {
    (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
}
