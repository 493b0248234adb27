//! The HTTP side: every call is recorded, meets at most one fault, and is answered with GitHub's headers.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State as Shared};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use callsheet::engine::clock;
use sha2::{Digest, Sha256};

use super::Core;
use super::fault::{Fault, FaultHandle};
use super::meter::{Rate, resource_of};
use super::rest::Caller;
use super::rest::{self, Answer, Req};
use super::state::{BOT_ID, State};
use super::wire::Line;

/// More than any body GitHub takes, in bytes.
const MAX_REQUEST: usize = 10 * 1024 * 1024;

pub(super) fn router(core: Arc<Core>) -> Router {
    Router::new().fallback(serve).with_state(core)
}

async fn serve(Shared(core): Shared<Arc<Core>>, line: ConnectInfo<Line>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, MAX_REQUEST).await else {
        return plain(StatusCode::PAYLOAD_TOO_LARGE.as_u16());
    };
    let req = Req::new(&parts, body);
    let fault = core.with(|state| {
        state.calls.push(req.call());
        state.touch();
        state.faults.take(&req.method, &req.path)
    });
    match fault {
        None => core.with(|state| respond(state, &req)),
        Some(handle) => meet(&core, &line.0, &req, &handle).await,
    }
}

/// The call meets its fault.
async fn meet(core: &Arc<Core>, line: &Line, req: &Req, handle: &FaultHandle) -> Response<Body> {
    let answer = match handle.fault() {
        Fault::Refuse { status, message } => {
            core.with(|state| finish(state, req, Answer::refusal(*status, message)))
        }
        Fault::RateLimit {
            status,
            retry_after,
            secondary,
        } => core.with(|state| rate_limited(state, req, *status, *retry_after, *secondary)),
        Fault::Status { code } => plain(*code),
        Fault::StatusAfterEffect { code } => {
            core.with(|state| rest::answer(state, req));
            plain(*code)
        }
        Fault::DropAfterEffect => {
            core.with(|state| rest::answer(state, req));
            line.cut();
            plain(500)
        }
        Fault::DropBeforeEffect => {
            line.cut();
            plain(500)
        }
        Fault::ApplyLater { after } => {
            apply_later(core, req, *after);
            line.cut();
            plain(500)
        }
        Fault::Hold => core.with(|state| respond(state, req)),
        Fault::HoldBeforeEffect => {
            handle.mark_hit();
            handle.released().await;
            core.with(|state| respond(state, req))
        }
    };
    handle.mark_hit();
    if *handle.fault() == Fault::Hold {
        handle.released().await;
    }
    answer
}

/// Any look at the state past the moment applies the effect; the sleeper only sees to it that somebody looks.
fn apply_later(core: &Arc<Core>, req: &Req, after: std::time::Duration) {
    let due = core.with(|state| {
        let due = clock::later(state.now, after);
        state.later.push((due, req.clone()));
        due
    });
    let sleep = core.clock.clock().sleep_until(due);
    let late = Arc::clone(core);
    core.life.spawn(async move {
        sleep.await;
        late.with(|_| ());
    });
}

fn respond(state: &mut State, req: &Req) -> Response<Body> {
    if rate(state, req).remaining() == 0 {
        return rate_limited(state, req, 403, None, false);
    }
    let mut answer = rest::answer(state, req);
    if req.method == "GET" && answer.status == 200 {
        confirm(state, req, &mut answer);
    }
    finish(state, req, answer)
}

fn rate(state: &mut State, req: &Req) -> Rate {
    let caller = rest::caller(state, req).unwrap_or(Caller::Nobody);
    state.meter.rate(caller, resource_of(&req.path), state.now)
}

/// Gives an answer its tag, and says 304 to who has it already.
/// <https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate>
fn confirm(state: &mut State, req: &Req, answer: &mut Answer) {
    let body = answer.body.as_ref().map(ToString::to_string).unwrap_or_default();
    let links = answer
        .headers
        .iter()
        .map(|(_, value)| value.as_str())
        .collect::<String>();
    // GitHub's tags depend on the token, too.
    let hash = Sha256::digest(format!("{body}\n{links}\n{:?}", req.bearer()));
    let tag = format!("W/\"{}\"", hex::encode(hash));
    if req.if_none_match.as_deref() == Some(tag.as_str()) {
        *answer = Answer {
            status: 304,
            body: None,
            headers: Vec::new(),
        };
        state.meter.unchanged += 1;
    }
    answer.headers.push(("etag", tag));
}

/// Adds the headers GitHub sends with every answer.
fn finish(state: &mut State, req: &Req, answer: Answer) -> Response<Body> {
    let caller = rest::caller(state, req).unwrap_or(Caller::Nobody);
    let resource = resource_of(&req.path);
    // An answer of "nothing changed" costs nothing.
    if answer.status != 304 {
        state.meter.charge(caller, resource, state.now);
    }
    let rate = state.meter.rate(caller, resource, state.now);
    let text = answer.body.map(|body| body.to_string());
    let mut response = Response::new(Body::from(text.clone().unwrap_or_default()));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap();
    let headers = response.headers_mut();
    if text.is_some() {
        set(headers, "content-type", "application/json; charset=utf-8");
    }
    set(headers, "server", "github.com");
    set(
        headers,
        "date",
        &state.now.format("%a, %d %b %Y %H:%M:%S GMT").to_string(),
    );
    set(headers, "x-github-media-type", "github.v3; format=json");
    set(headers, "x-github-api-version-selected", "2022-11-28");
    set(
        headers,
        "x-github-request-id",
        &format!("FAKE:{}", state.calls.len()),
    );
    set(headers, "x-ratelimit-limit", &rate.limit.to_string());
    set(headers, "x-ratelimit-remaining", &rate.remaining().to_string());
    set(headers, "x-ratelimit-used", &rate.used.to_string());
    set(headers, "x-ratelimit-reset", &rate.reset.to_string());
    set(headers, "x-ratelimit-resource", resource);
    for (name, value) in answer.headers {
        set(headers, name, &value);
    }
    response
}

fn rate_limited(
    state: &mut State,
    req: &Req,
    status: u16,
    retry_after: Option<u64>,
    secondary: bool,
) -> Response<Body> {
    let message = if secondary {
        "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.".to_owned()
    } else {
        format!("API rate limit exceeded for user ID {BOT_ID}.")
    };
    let mut response = finish(state, req, Answer::refusal(status, &message));
    if let Some(seconds) = retry_after {
        set(response.headers_mut(), "retry-after", &seconds.to_string());
    }
    if !secondary {
        set(response.headers_mut(), "x-ratelimit-remaining", "0");
    }
    response
}

/// What GitHub's edge says when nobody behind it answers: HTML, or an empty body for anything else.
fn plain(code: u16) -> Response<Body> {
    let html = matches!(code, 502..=504);
    let body = if html {
        "<html><head><title>Unicorn! &middot; GitHub</title></head></html>"
    } else {
        ""
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(code).unwrap();
    if html {
        set(response.headers_mut(), "content-type", "text/html; charset=utf-8");
    }
    response
}

fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    headers.insert(
        axum::http::HeaderName::try_from(name).unwrap(),
        HeaderValue::from_str(value).unwrap(),
    );
}
