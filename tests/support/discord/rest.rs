//! The REST API's front: finds the route, checks the token, counts the call, lets the ordered faults happen, answers.
//! <https://discord.com/developers/docs/reference>

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, State as Shared};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use callsheet::engine::clock::later;
use serde_json::{Value, json};

use super::faults::Fault;
use super::limits;
use super::routes::{self, Target};
use super::state::{Call, State};
use super::{BOT_TOKEN, Inner};
use crate::support::github::wire::Line;

/// A refusal: HTTP status and JSON error.
/// <https://discord.com/developers/docs/topics/opcodes-and-status-codes#json>
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    /// HTTP status.
    status: u16,
    /// `{code, message, errors?}`
    body: Value,
}

/// What a call answers: HTTP status and body (null for none).
pub(super) type Answer = Result<(u16, Value), Refusal>;

impl Refusal {
    /// The refusal with a JSON error code, in Discord's words.
    pub(super) fn new(code: u64) -> Self {
        let (status, message) = words(code);
        Self {
            status,
            body: json!({ "code": code, "message": message }),
        }
    }

    /// An invalid body: the path to the field, apart by points, Discord's word for what is wrong and a sentence.
    /// <https://discord.com/developers/docs/reference#error-messages>
    pub(super) fn form(path: &str, code: &str, message: &str) -> Self {
        let inside = json!({ "_errors": [{ "code": code, "message": message }] });
        let errors = path
            .rsplit('.')
            .fold(inside, |inside, name| json!({ name: inside }));
        let body = json!({ "code": 50035, "message": "Invalid Form Body", "errors": errors });
        Self { status: 400, body }
    }
}

/// <https://discord.com/developers/docs/topics/opcodes-and-status-codes#json-json-error-codes>
fn words(code: u64) -> (u16, &'static str) {
    match code {
        0 => (404, "404: Not Found"),
        10002 => (404, "Unknown Application"),
        10003 => (404, "Unknown Channel"),
        10004 => (404, "Unknown Guild"),
        10007 => (404, "Unknown Member"),
        10008 => (404, "Unknown Message"),
        10013 => (404, "Unknown User"),
        10015 => (404, "Unknown Webhook"),
        10062 => (404, "Unknown interaction"),
        40001 => (401, "Unauthorized"),
        40060 => (400, "Interaction has already been acknowledged."),
        50001 => (403, "Missing Access"),
        50005 => (403, "Cannot edit a message authored by another user"),
        50006 => (400, "Cannot send an empty message"),
        50007 => (403, "Cannot send messages to this user"),
        50013 => (403, "Missing Permissions"),
        50024 => (400, "Cannot execute action on this channel type"),
        50027 => (401, "Invalid Webhook Token"),
        50033 => (400, "Invalid Recipient(s)"),
        50083 => (400, "Thread is archived"),
        50109 => (400, "The request body contains invalid JSON."),
        160_002 => (403, "Cannot reply without permission to read message history"),
        160_004 => (400, "A thread has already been created for this message"),
        160_005 => (403, "Thread is locked"),
        _ => (400, "Bad Request"),
    }
}

/// Any call under `/api`.
pub(super) async fn call(
    Shared(inner): Shared<Arc<Inner>>,
    ConnectInfo(line): ConnectInfo<Line>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri
        .path_and_query()
        .map_or_else(|| uri.path().to_owned(), ToString::to_string);
    let Some((route, target)) = routes::find(&method, uri.path()) else {
        inner.with(|state| state.problem(format!("no such route: {method} {path}")));
        return refused(Refusal::new(0));
    };
    let parsed = parse(&headers, &body);
    let record = Call {
        route,
        path,
        body: parsed.clone().unwrap_or_default(),
    };
    let query = query(uri.query().unwrap_or_default());
    let outsider = if target.is_open() {
        Ok(())
    } else {
        inner.look(|state| check(state, &headers))
    };
    let met = inner.with(|state| {
        state.calls.push(record);
        state.limits.meet(route, &target.major(), state.now)
    });
    if let Some((wait, global)) = met.refused {
        let (extra, body) = limits::refusal(wait, global);
        let mut response = (StatusCode::TOO_MANY_REQUESTS, extra, Json(body)).into_response();
        response.headers_mut().extend(met.headers);
        return response;
    }
    let effect = move |state: &mut State| -> Answer {
        outsider?;
        let Some(body) = parsed else {
            return Err(Refusal::new(50109));
        };
        routes::run(state, &target, &query, &body)
    };
    let mut response = with_faults(&inner, &line, route, effect).await;
    if !response.headers().contains_key("retry-after") {
        response.headers_mut().extend(met.headers);
    }
    response
}

/// Lets the effect happen and answers, unless a fault was ordered for the route.
async fn with_faults(
    inner: &Inner,
    line: &Line,
    route: &'static str,
    effect: impl FnOnce(&mut State) -> Answer + Send + 'static,
) -> Response {
    let fault = inner.with(|state| {
        let at = state.faults.iter().position(|(wanted, _)| *wanted == route);
        at.and_then(|at| state.faults.remove(at)).map(|(_, fault)| fault)
    });
    match fault {
        None => answer(inner.with(effect)),
        Some(Fault::Refuse { status, code }) => refused(Refusal {
            status,
            ..Refusal::new(code)
        }),
        Some(Fault::RateLimit { retry_after, global }) => too_many(retry_after, global),
        Some(Fault::Status { code }) => broken(code),
        Some(Fault::StatusAfterEffect { code }) => {
            let _ = inner.with(effect);
            broken(code)
        }
        Some(Fault::DropAfterEffect) => {
            let _ = inner.with(effect);
            cut(line)
        }
        Some(Fault::DropBeforeEffect) => cut(line),
        Some(Fault::ApplyLater { after }) => {
            inner.with(move |state| {
                let at = later(state.now, after);
                state.later.push((at, Box::new(move |state| drop(effect(state)))));
            });
            cut(line)
        }
        Some(Fault::Hold) => {
            let outcome = inner.with(effect);
            inner.held(route).await;
            answer(outcome)
        }
        Some(Fault::HoldBeforeEffect) => {
            inner.held(route).await;
            answer(inner.with(effect))
        }
    }
}

fn answer(outcome: Answer) -> Response {
    match outcome {
        Ok((status, Value::Null)) => number(status).into_response(),
        Ok((status, body)) => (number(status), Json(body)).into_response(),
        Err(refusal) => refused(refusal),
    }
}

fn refused(refusal: Refusal) -> Response {
    (number(refusal.status), Json(refusal.body)).into_response()
}

fn number(status: u16) -> StatusCode {
    StatusCode::from_u16(status).expect("an HTTP status")
}

fn cut(line: &Line) -> Response {
    line.cut();
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

fn broken(code: u16) -> Response {
    let page = "<html>upstream error</html>";
    (number(code), [(header::CONTENT_TYPE, "text/html")], page).into_response()
}

fn too_many(retry_after: Option<f64>, global: bool) -> Response {
    let Some(wait) = retry_after else {
        // As the edge does: <https://discord.com/developers/docs/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans>
        return (
            StatusCode::TOO_MANY_REQUESTS,
            [(header::CONTENT_TYPE, "text/plain")],
            "error code: 1015",
        )
            .into_response();
    };
    let (headers, body) = limits::refusal(wait, global);
    (StatusCode::TOO_MANY_REQUESTS, headers, Json(body)).into_response()
}

/// <https://discord.com/developers/docs/reference#authentication>
fn check(state: &State, headers: &HeaderMap) -> Result<(), Refusal> {
    let value = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let token = value.and_then(|value| value.strip_prefix("Bot "));
    if token == Some(BOT_TOKEN) && !state.revoked {
        return Ok(());
    }
    Err(Refusal {
        status: 401,
        body: json!({ "code": 0, "message": "401: Unauthorized" }),
    })
}

/// The body: null for none, nothing when it cannot be read.
fn parse(headers: &HeaderMap, body: &[u8]) -> Option<Value> {
    if body.is_empty() {
        return Some(Value::Null);
    }
    let content = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    (content.split(';').next() == Some("application/json")).then(|| serde_json::from_slice(body).ok())?
}

/// The arguments after the path; serenity's begin with an empty one.
fn query(text: &str) -> Vec<(String, String)> {
    let pairs = url::form_urlencoded::parse(text.as_bytes());
    pairs
        .filter(|(name, _)| !name.is_empty())
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}
