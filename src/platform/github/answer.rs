//! An answer of GitHub, read whole, and what became of a request without one.

use std::error::Error;

use axum::body::{Body, HttpBody, to_bytes};
use axum::http::Response;
use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::errors::GitHubError;
use crate::telemetry::{chain, scrub};

/// The largest answer that is read: 100 issues with bodies of 65,536 characters fit.
const MAX_ANSWER: usize = 64 * 1024 * 1024;

/// An answer of GitHub with all that is read of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// The HTTP status.
    pub(super) status: u16,
    /// `retry-after`, in seconds.
    pub(super) retry_after: Option<String>,
    /// `x-ratelimit-limit`: how many requests there are in a window.
    pub(super) limit: Option<String>,
    /// `x-ratelimit-remaining`: how many requests are left in this window.
    pub(super) remaining: Option<String>,
    /// `x-ratelimit-reset`: when the window ends, in seconds since 1970.
    pub(super) reset: Option<String>,
    /// `x-ratelimit-resource`: the kind of requests that are counted together.
    pub(super) resource: Option<String>,
    /// `link`: the other pages of a list.
    pub(super) link: Option<String>,
    /// `etag`: the tag by which the same answer is known again.
    pub(super) etag: Option<String>,
    /// The body.
    pub(super) body: String,
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Errors
    /// [`GitHubError::Strange`] when it is something else.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, GitHubError> {
        serde_json::from_str(&self.body).map_err(|error| GitHubError::Strange(error.to_string()))
    }

    /// Whether it was the last of its window, so that a refusal is the primary limit's.
    pub(super) fn spent(&self) -> bool {
        self.remaining.as_deref() == Some("0")
    }
}

/// Reads all of an answer. A connection that never came about is told from one that broke.
pub(super) async fn read<B>(response: octocrab::Result<Response<B>>) -> Result<Answer, GitHubError>
where
    B: HttpBody<Data = Bytes, Error = octocrab::Error> + Send + 'static,
{
    let response = response.map_err(|error| {
        tracing::debug!(error = %scrub(&chain(&error)), "no answer from GitHub");
        let why = scrub(&root(&error).to_string());
        if never_connected(&error) {
            GitHubError::Unreachable(why)
        } else {
            GitHubError::Lost(why)
        }
    })?;
    let header = |name: &str| {
        response
            .headers()
            .get(name)?
            .to_str()
            .ok()
            .map(|text| text.trim().to_owned())
    };
    let mut answer = Answer {
        status: response.status().as_u16(),
        retry_after: header("retry-after"),
        limit: header("x-ratelimit-limit"),
        remaining: header("x-ratelimit-remaining"),
        reset: header("x-ratelimit-reset"),
        resource: header("x-ratelimit-resource"),
        link: header("link"),
        etag: header("etag"),
        body: String::new(),
    };
    match to_bytes(Body::new(response.into_body()), MAX_ANSWER).await {
        Ok(bytes) => answer.body = String::from_utf8_lossy(&bytes).into_owned(),
        // A refusal is one without its words, too; a success without its body is no receipt.
        Err(_) if answer.status >= 400 => {}
        Err(error) => {
            return Err(GitHubError::Lost(format!(
                "the answer broke off: {}",
                root(&error)
            )));
        }
    }
    Ok(answer)
}

/// Whether the error came before a byte of the request was written.
fn never_connected(error: &octocrab::Error) -> bool {
    let mut cause = match error {
        octocrab::Error::Service { source, .. } => Some(source.as_ref() as &(dyn Error + 'static)),
        _ => None,
    };
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<hyper_util::client::legacy::Error>() {
            return error.is_connect();
        }
        cause = error.source();
    }
    false
}

/// The innermost cause, which says most: "Connection refused" and not "client error (Connect)".
fn root<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause
}
