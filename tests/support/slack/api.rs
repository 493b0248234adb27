//! The Web API's front: reads the arguments, checks the token, lets the ordered faults happen, answers.
//! <https://docs.slack.dev/apis/web-api>

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, RawQuery, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use callsheet::engine::clock::later;
use serde_json::{Map, Value, json};

use super::faults::Fault;
use super::methods::{self, Args, Refusal, Token};
use super::state::State;
use super::wire::Conn;
use super::{APP_TOKEN, BOT_TOKEN, Inner};

/// `GET` or `POST /api/{method}`.
pub(super) async fn call(
    Shared(inner): Shared<Arc<Inner>>,
    ConnectInfo(conn): ConnectInfo<Conn>,
    Path(method): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let parsed = arguments(query.as_deref(), &headers, &body);
    let token = bearer(&headers).or_else(|| {
        parsed
            .as_ref()
            .ok()
            .and_then(|args| args.get("token")?.as_str().map(str::to_owned))
    });
    let parsed = parsed.map(|mut args| {
        args.remove("token");
        args
    });
    let record = parsed
        .as_ref()
        .map_or(Value::Null, |args| Value::Object(args.clone()));
    inner.with(|state| state.calls.push((method.clone(), record)));
    let name = method.clone();
    let effect = move |state: &mut State| -> Result<Value, Refusal> {
        let token = check(state, token.as_deref())?;
        methods::run(state, token, &name, &Args(parsed?))
    };
    let scopes: Vec<String> = inner.with(|state| state.scopes.iter().cloned().collect());
    let answer = move |outcome: Result<Value, Refusal>| {
        let body = outcome.unwrap_or_else(Refusal::into_body);
        ([("x-oauth-scopes", scopes.join(","))], Json(body)).into_response()
    };
    with_faults(&inner, &conn, &method, effect, answer).await
}

/// Lets the effect happen and answers, unless a fault was ordered for the method.
pub(super) async fn with_faults<T>(
    inner: &Inner,
    conn: &Conn,
    method: &str,
    effect: impl FnOnce(&mut State) -> T + Send + 'static,
    answer: impl FnOnce(T) -> Response,
) -> Response {
    let fault = inner.with(|state| {
        let at = state
            .faults
            .iter()
            .position(|fault| fault.method() == Some(method));
        at.and_then(|at| state.faults.remove(at))
    });
    match fault {
        Some(Fault::Refuse { error, .. }) => Json(json!({ "ok": false, "error": error })).into_response(),
        Some(Fault::RateLimit { retry_after, .. }) => too_many(retry_after),
        Some(Fault::Status { code, .. }) => broken(code),
        Some(Fault::StatusAfterEffect { code, .. }) => {
            inner.with(effect);
            broken(code)
        }
        Some(Fault::DropAfterEffect { .. }) => {
            inner.with(effect);
            cut(conn)
        }
        Some(Fault::ResetAfterEffect { .. }) => {
            inner.with(effect);
            conn.reset();
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        Some(Fault::DropBeforeEffect { .. }) => cut(conn),
        Some(Fault::ApplyLater { after, .. }) => {
            inner.with(move |state| {
                let at = later(state.now, after);
                state.later.push((at, Box::new(move |state| drop(effect(state)))));
            });
            cut(conn)
        }
        Some(Fault::Hold { .. }) => {
            let outcome = inner.with(effect);
            inner.held(method).await;
            answer(outcome)
        }
        Some(Fault::HoldBeforeEffect { .. }) => {
            inner.held(method).await;
            answer(inner.with(effect))
        }
        None | Some(Fault::SocketDisconnect | Fault::SocketDrop | Fault::SocketSilent | Fault::NoAckWait) => {
            answer(inner.with(effect))
        }
    }
}

fn cut(conn: &Conn) -> Response {
    conn.cut();
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

fn broken(code: u16) -> Response {
    let status = StatusCode::from_u16(code).expect("an HTTP status");
    (
        status,
        [(header::CONTENT_TYPE, "text/html")],
        "<html>upstream error</html>",
    )
        .into_response()
}

fn too_many(retry_after: Option<u64>) -> Response {
    let body = Json(json!({ "ok": false, "error": "ratelimited" }));
    let mut response = (StatusCode::TOO_MANY_REQUESTS, body).into_response();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    value.strip_prefix("Bearer ").map(str::to_owned)
}

/// <https://docs.slack.dev/authentication/tokens>
fn check(state: &State, token: Option<&str>) -> Result<Token, Refusal> {
    let token = token.ok_or_else(|| Refusal::new("not_authed"))?;
    if let Some(error) = &state.auth_error {
        return Err(Refusal::new(error));
    }
    match token {
        BOT_TOKEN => Ok(Token::Bot),
        APP_TOKEN => Ok(Token::App),
        _ => Err(Refusal::new("invalid_auth")),
    }
}

/// The arguments of a call, from the query and the body. <https://docs.slack.dev/apis/web-api/#basics>
fn arguments(query: Option<&str>, headers: &HeaderMap, body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    let mut args = form(query.unwrap_or_default().as_bytes());
    if body.is_empty() {
        return Ok(args);
    }
    let content = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let content = content.ok_or_else(|| Refusal::new("missing_post_type"))?;
    match content.split(';').next().unwrap_or_default().trim() {
        "application/json" => {
            let body: Value = serde_json::from_slice(body).map_err(|_| Refusal::new("invalid_json"))?;
            let Value::Object(fields) = body else {
                return Err(Refusal::new("json_not_object"));
            };
            args.extend(fields.into_iter().filter(|(_, value)| !value.is_null()));
        }
        "application/x-www-form-urlencoded" => args.extend(form(body)),
        _ => return Err(Refusal::new("invalid_post_type")),
    }
    Ok(args)
}

fn form(text: &[u8]) -> Map<String, Value> {
    let pairs = url::form_urlencoded::parse(text);
    pairs
        .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
        .collect()
}
