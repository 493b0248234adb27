//! What the routes that take requests of platforms share: plain sentences out, bodies in.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;

use crate::engine::clock::Clock;

/// A status and one plain sentence.
pub(super) type Reply = (StatusCode, String);

/// A reply of one sentence, on a line.
pub(super) fn reply(status: StatusCode, sentence: impl Into<String>) -> Reply {
    let mut sentence = sentence.into();
    sentence.push('\n');
    (status, sentence)
}

/// Reads the body, within the limit that the route's layer sets and `most` names, in bytes.
pub(super) async fn read(request: Request, most: usize) -> Result<Bytes, Reply> {
    Bytes::from_request(request, &())
        .await
        .map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => {
                let sentence = format!("The body is larger than {} MiB.", most / 1024 / 1024);
                reply(StatusCode::PAYLOAD_TOO_LARGE, sentence)
            }
            _ => reply(StatusCode::BAD_REQUEST, "The body did not arrive whole."),
        })
}

/// [`read`] for at most `span`: whoever sends slowly must not hold the door open.
pub(super) async fn read_in_time(
    request: Request,
    most: usize,
    clock: &Clock,
    span: Duration,
) -> Result<Bytes, Reply> {
    let read = clock.timeout(span, read(request, most)).await;
    read.map_err(|_| reply(StatusCode::REQUEST_TIMEOUT, "The body came too slowly."))?
}
