//! What stands between the HTTP client and `async-openai`, which would hide a failure's headers and how a stream ended:
//! its `[DONE]` and a connection that was closed early look alike from behind it.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use async_openai::error::OpenAIError;
use axum::http;
use bytes::{Bytes, BytesMut};
use futures::Stream;
use futures::stream::{self, BoxStream, StreamExt};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Body, Response, StatusCode};

use super::SILENCE;
use crate::engine::clock::{Clock, TimedOut};
use crate::telemetry;

/// The most bytes of an answer: many times what a model can say.
const MOST: usize = 8 * 1024 * 1024;
/// The most bytes of a refusal that are read.
const MOST_REFUSAL: usize = 64 * 1024;

/// How a stream ended, if not by `[DONE]`. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Ending(Arc<Mutex<Option<String>>>);

impl Ending {
    /// Notes a reason; the first one stays.
    pub(super) fn set(&self, reason: impl Into<String>) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert_with(|| reason.into());
    }

    /// The reason; `None` when `[DONE]` was seen.
    pub(super) fn reason(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A response that is no success.
#[derive(Debug)]
pub(super) struct Unwanted {
    /// Its status.
    pub(super) status: StatusCode,
    /// Its headers.
    pub(super) headers: HeaderMap,
    /// The beginning of its body.
    pub(super) body: Bytes,
}

impl fmt::Display for Unwanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.status.fmt(f)
    }
}

impl std::error::Error for Unwanted {}

/// Lets a success through as server-sent events, with its silences timed and its end noted in `ending`.
pub(super) async fn watch(response: Response, clock: Clock, ending: Ending) -> Result<Response, OpenAIError> {
    if !response.status().is_success() {
        return Err(OpenAIError::Boxed(Box::new(unwanted(response).await)));
    }
    let kind = response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_lowercase();
    let body = if kind == "application/json" {
        // The server does not stream: its whole answer becomes the only event. In JSON a line end is a blank.
        let whole = whole(response, &clock).await?;
        let line = whole.iter().map(|byte| {
            if matches!(byte, b'\n' | b'\r') {
                b' '
            } else {
                *byte
            }
        });
        let event = b"data: "
            .iter()
            .copied()
            .chain(line)
            .chain(*b"\n\ndata: [DONE]\n\n");
        Body::from(event.collect::<Vec<u8>>())
    } else if kind == "text/html" {
        let what = "the server sent a web page instead of an answer; check model.base_url";
        return Err(OpenAIError::Boxed(what.into()));
    } else {
        Body::wrap_stream(timed(response, clock, ending))
    };
    let mut events = http::Response::new(body);
    events
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    Ok(events.into())
}

async fn unwanted(mut response: Response) -> Unwanted {
    let (status, headers) = (response.status(), response.headers().clone());
    let mut body = BytesMut::new();
    // What breaks off while it is read still says something.
    while body.len() < MOST_REFUSAL
        && let Ok(Some(part)) = response.chunk().await
    {
        body.extend_from_slice(&part);
    }
    Unwanted {
        status,
        headers,
        body: body.freeze(),
    }
}

/// The whole body of an answer that is not streamed.
async fn whole(mut response: Response, clock: &Clock) -> Result<Bytes, OpenAIError> {
    let mut body = BytesMut::new();
    loop {
        let part = clock.timeout(SILENCE, response.chunk()).await;
        let part = part.map_err(|late: TimedOut| OpenAIError::Boxed(Box::new(late)))?;
        let Some(part) = part.map_err(OpenAIError::Reqwest)? else {
            return Ok(body.freeze());
        };
        body.extend_from_slice(&part);
        if body.len() > MOST {
            return Err(OpenAIError::Boxed(TOO_LONG.into()));
        }
    }
}

const TOO_LONG: &str = "the answer is longer than any answer";

/// Where [`timed`] stands.
struct Reading {
    parts: BoxStream<'static, reqwest::Result<Bytes>>,
    clock: Clock,
    ending: Ending,
    left: usize,
    stage: Stage,
}

enum Stage {
    Open,
    /// The server closed the connection in order.
    Closed,
    Over,
}

/// The body, until it ends, falls silent or grows without bound. Only bytes count against the silence, so that a
/// server's keep-alive comments (<https://openrouter.ai/docs/api-reference/streaming>) keep it waiting.
fn timed(response: Response, clock: Clock, ending: Ending) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let parts = response.bytes_stream().boxed();
    let reading = Reading {
        parts,
        clock,
        ending,
        left: MOST,
        stage: Stage::Open,
    };
    stream::unfold(reading, async |mut reading| {
        let part = reading.next().await?;
        Some((part, reading))
    })
}

impl Reading {
    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        match self.stage {
            Stage::Open => {}
            Stage::Closed => {
                self.stage = Stage::Over;
                self.ending.set("the stream ended in the middle of the answer");
                return None;
            }
            Stage::Over => return None,
        }
        match self.clock.timeout(SILENCE, self.parts.next()).await {
            Ok(Some(Ok(part))) if part.len() <= self.left => {
                self.left -= part.len();
                Some(Ok(part))
            }
            Ok(Some(Ok(_))) => self.fail(TOO_LONG.to_owned()),
            Ok(Some(Err(error))) => self.fail(format!(
                "the connection broke: {}",
                telemetry::chain(&error.without_url())
            )),
            // Ends a last event that the server left open.
            Ok(None) => {
                self.stage = Stage::Closed;
                Some(Ok(Bytes::from_static(b"\n\n")))
            }
            Err(late) => self.fail(late.to_string()),
        }
    }

    fn fail(&mut self, reason: String) -> Option<io::Result<Bytes>> {
        self.stage = Stage::Over;
        self.ending.set(reason.clone());
        Some(Err(io::Error::other(reason)))
    }
}
