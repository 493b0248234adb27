//! The connection: one octocrab client, one request at a time turned into a plain [`Answer`].

use std::error::Error;
use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::body::{Body, HttpBody, to_bytes};
use axum::http::Response;
use bytes::Bytes;
use octocrab::Octocrab;
use octocrab::service::middleware::retry::RetryConfig;
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::errors::{self, GitHubError};
use super::models::Identity;
use super::webhook::Context;
use crate::config;
use crate::domain::{IssueRef, Repository};
use crate::engine::clock::Clock;
use crate::telemetry::{chain, scrub};

/// How long an answer may take. GitHub itself ends a request after 10 seconds
/// (<https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api#timeouts>).
const ANSWER: Duration = Duration::from_secs(12);
/// How long a connection may take to come about. Nothing has been sent by then.
const CONNECT: Duration = Duration::from_secs(5);
/// The largest answer that is read: 100 issues with bodies of 65,536 characters fit.
const MAX_ANSWER: usize = 64 * 1024 * 1024;

/// The GitHub of the configuration, as the account of its token. Clones share the connection.
#[derive(Clone)]
pub struct GitHub(Arc<Inner>);

/// Behind [`GitHub`].
struct Inner {
    octocrab: Octocrab,
    host: String,
    mention: String,
    clock: Clock,
    identity: OnceLock<Identity>,
}

/// An answer of GitHub with all that is read of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// The HTTP status.
    pub(super) status: u16,
    /// `retry-after`, in seconds.
    pub(super) retry_after: Option<String>,
    /// `x-ratelimit-remaining`: how many requests are left in this window.
    pub(super) remaining: Option<String>,
    /// `x-ratelimit-reset`: when the window ends, in seconds since 1970.
    pub(super) reset: Option<String>,
    /// `link`: the other pages of a list.
    pub(super) link: Option<String>,
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
}

impl GitHub {
    /// A client for the configured API. Must be called inside the runtime, since octocrab starts a task.
    ///
    /// # Errors
    /// When the machine has no root certificates, or the address cannot be used.
    pub fn new(config: &config::GitHub, clock: Clock) -> Result<Self, String> {
        let octocrab = Octocrab::builder()
            .add_retry_config(RetryConfig::None)
            .set_connect_timeout(Some(CONNECT))
            .personal_token(config.token.clone())
            .base_uri(config.api_url.as_str())
            .and_then(|builder| builder.upload_uri(config.api_url.as_str()))
            .and_then(|builder| builder.build())
            .map_err(|error| format!("the client for GitHub cannot be set up: {}", chain(&error)))?;
        let (host, mention) = (host_of(&config.api_url), config.mention.clone());
        Ok(Self(Arc::new(Inner {
            octocrab,
            host,
            mention,
            clock,
            identity: OnceLock::new(),
        })))
    }

    /// The host whose repositories this is for, e.g. `github.com`.
    pub fn host(&self) -> &str {
        &self.0.host
    }

    /// The account of the token, once [`GitHub::identify`] has found it out.
    pub fn identity(&self) -> Option<Identity> {
        self.0.identity.get().cloned()
    }

    /// Keeps what [`GitHub::identify`] found out.
    pub(crate) fn remember(&self, identity: Identity) -> Identity {
        self.0.identity.get_or_init(|| identity).clone()
    }

    /// What a webhook is understood by; asks GitHub who we are when that is not known yet.
    ///
    /// # Errors
    /// As [`GitHub::identify`].
    pub async fn context(&self) -> Result<Context, GitHubError> {
        Ok(self.context_of(self.identify().await?))
    }

    /// What a webhook is understood by, once it is known who we are.
    pub fn known_context(&self) -> Option<Context> {
        Some(self.context_of(self.identity()?))
    }

    fn context_of(&self, ours: Identity) -> Context {
        Context {
            host: self.0.host.clone(),
            mention: self.0.mention.clone(),
            ours,
        }
    }

    /// The time.
    pub(super) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// GET; whatever is no success is an error.
    pub(super) async fn get(&self, route: &str) -> Result<Answer, GitHubError> {
        self.exchange(async { read(self.0.octocrab._get(route).await).await })
            .await
    }

    /// POST; whatever is no success is an error.
    pub(super) async fn post<B: Serialize>(&self, route: &str, body: &B) -> Result<Answer, GitHubError> {
        self.exchange(async { read(self.0.octocrab._post(route, Some(body)).await).await })
            .await
    }

    /// PATCH; whatever is no success is an error.
    pub(super) async fn patch<B: Serialize>(&self, route: &str, body: &B) -> Result<Answer, GitHubError> {
        self.exchange(async { read(self.0.octocrab._patch(route, Some(body)).await).await })
            .await
    }

    async fn exchange(
        &self,
        call: impl Future<Output = Result<Answer, GitHubError>>,
    ) -> Result<Answer, GitHubError> {
        let clock = &self.0.clock;
        let answer = clock
            .timeout(ANSWER, call)
            .await
            .map_err(|late| GitHubError::Lost(late.to_string()))??;
        errors::check(&answer, clock.now())?;
        Ok(answer)
    }

    /// The route of something in a repository.
    ///
    /// # Errors
    /// When the repository is on another host.
    pub(super) fn in_repository(
        &self,
        repository: &Repository,
        rest: &[&str],
        query: &[(&str, &str)],
    ) -> Result<String, GitHubError> {
        if repository.host() != self.0.host {
            let (ours, theirs) = (self.0.host.clone(), repository.host().to_owned());
            return Err(GitHubError::OtherHost { ours, theirs });
        }
        let mut parts = vec!["repos", repository.owner(), repository.name()];
        parts.extend(rest);
        Ok(route(&parts, query))
    }

    /// The route of an issue, or of something under it.
    ///
    /// # Errors
    /// When the repository is on another host.
    pub(super) fn on_issue(
        &self,
        issue: &IssueRef,
        rest: &[&str],
        query: &[(&str, &str)],
    ) -> Result<String, GitHubError> {
        let number = issue.number.to_string();
        let mut parts = vec!["issues", number.as_str()];
        parts.extend(rest);
        self.in_repository(&issue.repository, &parts, query)
    }
}

/// The host whose repositories an API serves: `github.com` for `https://api.github.com` and for a test double on this
/// machine; `ghe.corp` for `https://ghe.corp/api/v3`
/// (<https://docs.github.com/en/enterprise-server@latest/rest/enterprise-admin>); `octo.ghe.com` for
/// `https://api.octo.ghe.com` (<https://docs.github.com/en/enterprise-cloud@latest/admin/data-residency>).
pub(super) fn host_of(api_url: &Url) -> String {
    let host = api_url.host_str().unwrap_or_default().to_lowercase();
    if host == "api.github.com" || config::is_loopback(api_url) {
        return "github.com".to_owned();
    }
    if let Some(tenant) = host
        .strip_prefix("api.")
        .filter(|tenant| tenant.ends_with(".ghe.com"))
    {
        return tenant.to_owned();
    }
    match api_url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host,
    }
}

/// A path with its query, both escaped.
pub(super) fn route(parts: &[&str], query: &[(&str, &str)]) -> String {
    let Ok(mut url) = Url::parse("http://route/") else {
        return String::new();
    };
    if let Ok(mut path) = url.path_segments_mut() {
        path.clear().extend(parts);
    }
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    path_and_query(&url)
}

/// What follows the host.
pub(super) fn path_and_query(url: &Url) -> String {
    url.query().map_or_else(
        || url.path().to_owned(),
        |query| format!("{}?{query}", url.path()),
    )
}

/// Reads all of an answer. A connection that never came about is told from one that broke.
async fn read<B>(response: octocrab::Result<Response<B>>) -> Result<Answer, GitHubError>
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
        remaining: header("x-ratelimit-remaining"),
        reset: header("x-ratelimit-reset"),
        link: header("link"),
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
