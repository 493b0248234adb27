//! The connection: one octocrab client, one request at a time turned into a plain [`Answer`].

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use axum::http::header::{AUTHORIZATION, IF_NONE_MATCH};
use axum::http::{HeaderValue, Method, Request};
use octocrab::Octocrab;
use octocrab::service::middleware::retry::RetryConfig;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::answer::{Answer, read};
use super::cache::Cache;
use super::errors::{self, GitHubError};
use super::limits::Limits;
use super::login::{App, Credential, Login, Pass};
use super::models::Identity;
use super::passes::by_key;
use super::route::{By, Route, host_of, repository_path};
use super::webhook::Context;
use crate::config;
use crate::domain::{IssueRef, Repository};
use crate::engine::clock::Clock;
use crate::engine::health::{Part, State};
use crate::failpoint::{self, Call};
use crate::telemetry::chain;

/// How long an answer may take. GitHub itself ends a request after 10 seconds
/// (<https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api#timeouts>).
const ANSWER: Duration = Duration::from_secs(12);
/// How long a connection may take to come about. Nothing has been sent by then.
const CONNECT: Duration = Duration::from_secs(5);
/// The word that calls the account of a token when none is configured.
const MENTION: &str = "@pm";

/// The GitHub of the configuration, as the account of its token or as its App. Clones share the connection.
#[derive(Clone)]
pub struct GitHub(Arc<Inner>);

/// Behind [`GitHub`].
struct Inner {
    octocrab: Octocrab,
    host: String,
    mention: Option<String>,
    clock: Clock,
    login: Login,
    identity: OnceLock<Identity>,
    limits: Limits,
    cache: Cache,
    /// What kept the newest request from an answer, when that concerns GitHub as a whole.
    trouble: Mutex<Option<Part>>,
    /// What kept the newest change from being made, when a permission is missing.
    lacking: Mutex<Option<Part>>,
}

impl GitHub {
    /// A client for the configured API. Must be called inside the runtime, since octocrab starts a task.
    ///
    /// # Errors
    /// When the machine has no root certificates, the address cannot be used, or an App's key is none.
    pub fn new(config: &config::GitHub, clock: Clock) -> Result<Self, String> {
        // Without a login: octocrab renews an App's tokens by the machine's clock, which a test cannot move.
        let octocrab = Octocrab::builder()
            .add_retry_config(RetryConfig::None)
            .set_connect_timeout(Some(CONNECT))
            .base_uri(config.api_url.as_str())
            .and_then(|builder| builder.upload_uri(config.api_url.as_str()))
            .and_then(|builder| builder.build())
            .map_err(|error| format!("the client for GitHub cannot be set up: {}", chain(&error)))?;
        Ok(Self(Arc::new(Inner {
            octocrab,
            host: host_of(&config.api_url),
            mention: config.mention.clone(),
            clock,
            login: Login::new(&config.login)?,
            identity: OnceLock::new(),
            limits: Limits::default(),
            cache: Cache::default(),
            trouble: Mutex::default(),
            lacking: Mutex::default(),
        })))
    }

    /// The host whose repositories this is for, e.g. `github.com`.
    pub fn host(&self) -> &str {
        &self.0.host
    }

    /// Our account, once [`GitHub::identify`] has found it out.
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

    /// What calls us on issues, once it is known who we are, e.g. `@pm`.
    pub fn mention(&self) -> Option<String> {
        Some(self.mention_of(&self.identity()?))
    }

    fn mention_of(&self, ours: &Identity) -> String {
        match (&self.0.mention, ours.slug()) {
            (Some(mention), _) => mention.clone(),
            // "@pm" may be a stranger's account; an App's slug is its own.
            (None, Some(slug)) => format!("@{slug}"),
            (None, None) => MENTION.to_owned(),
        }
    }

    fn context_of(&self, ours: Identity) -> Context {
        Context {
            host: self.0.host.clone(),
            mention: self.mention_of(&ours),
            ours,
            now: self.0.clock.now(),
        }
    }

    /// Takes note of a webhook that says that something about the App's installations changed. Asking anew costs two calls,
    /// so that no attention is paid to what exactly it says.
    pub fn heed(&self, event: &str) {
        let about = [
            "installation",
            "installation_repositories",
            "installation_target",
            "repository",
        ];
        if let (Some(app), true) = (self.app(), about.contains(&event)) {
            app.forget();
        }
    }

    /// As whom we make requests.
    pub(super) fn login(&self) -> &Login {
        &self.0.login
    }

    /// The App that we are, if we are one.
    pub(super) fn app(&self) -> Option<&App> {
        self.0.login.app()
    }

    /// The time.
    pub(super) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Whether GitHub answers us, how many calls are left, and where the App has still to be installed.
    pub(super) fn report(&self) -> Option<Part> {
        let trouble = self.0.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(trouble) = trouble.as_ref() {
            return Some(trouble.clone());
        }
        let homeless = self.app().and_then(App::to_be_installed_at).map(|page| Part {
            state: State::Degraded,
            detail: format!("installed for nobody yet; install it at {page}"),
            names: Vec::new(),
        });
        let lacking = self.0.lacking.lock().unwrap_or_else(PoisonError::into_inner);
        homeless
            .or_else(|| lacking.clone())
            .or_else(|| self.0.limits.report(self.0.clock.now()))
    }

    /// GET; whatever is no success is an error.
    pub(super) async fn get(&self, route: &Route) -> Result<Answer, GitHubError> {
        self.exchange(Method::GET, route, None::<&()>).await
    }

    /// POST; whatever is no success is an error.
    pub(super) async fn post<B: Serialize>(&self, route: &Route, body: &B) -> Result<Answer, GitHubError> {
        self.exchange(Method::POST, route, Some(body)).await
    }

    /// PATCH; whatever is no success is an error.
    pub(super) async fn patch<B: Serialize>(&self, route: &Route, body: &B) -> Result<Answer, GitHubError> {
        self.exchange(Method::PATCH, route, Some(body)).await
    }

    async fn exchange<B: Serialize>(
        &self,
        method: Method,
        route: &Route,
        body: Option<&B>,
    ) -> Result<Answer, GitHubError> {
        let writes = method != Method::GET;
        let answer = self.attempt(method, route, body).await;
        if writes {
            self.learn(&answer);
        }
        let trouble = answer.as_ref().err().and_then(trouble);
        *self.0.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
        answer
    }

    /// Keeps whether our permissions were enough for a change.
    fn learn(&self, answer: &Result<Answer, GitHubError>) {
        let lacking = match answer {
            Ok(_) => None,
            Err(error) if error.is_missing_permission() => Some(Part::new(
                State::Degraded,
                format!("{}. {}.", error.why(), error.next()),
            )),
            Err(_) => return,
        };
        *self.0.lacking.lock().unwrap_or_else(PoisonError::into_inner) = lacking;
    }

    async fn attempt<B: Serialize>(
        &self,
        method: Method,
        route: &Route,
        body: Option<&B>,
    ) -> Result<Answer, GitHubError> {
        let pass = self.pass(&route.by).await?;
        let answer = self.ask(&method, &route.path, body, &pass).await;
        let (Some(app), Err(GitHubError::Unauthorized)) = (self.app(), &answer) else {
            return answer;
        };
        match pass.credential {
            // A refused token did nothing, so that the request may go out again with a new one, once.
            Credential::Installation { id, .. } => app.forget_installation(id),
            Credential::Nobody => {
                let words = "it does not tell strangers who I am; install the App first";
                return Err(GitHubError::Strange(words.into()));
            }
            _ => return answer.map_err(by_key),
        }
        let pass = self.pass(&route.by).await?;
        let again = self.ask(&method, &route.path, body, &pass).await;
        // The key was good enough for two tokens.
        again.map_err(|error| match error {
            GitHubError::Unauthorized => GitHubError::TokenRefused,
            error => error,
        })
    }

    /// Makes one request, unless a limit forbids it. What GitHub says is unchanged is taken from what it said before.
    pub(super) async fn ask<B: Serialize>(
        &self,
        method: &Method,
        path: &str,
        body: Option<&B>,
        pass: &Pass,
    ) -> Result<Answer, GitHubError> {
        let (clock, credential) = (&self.0.clock, &pass.credential);
        self.0.limits.permit(credential, path, clock.now())?;
        let reads = *method == Method::GET;
        let before = if reads {
            self.0.cache.get(credential, path)
        } else {
            None
        };
        let mut request = Request::builder().method(method.clone()).uri(path);
        if let Some(bearer) = &pass.bearer {
            request = request.header(AUTHORIZATION, bearer_header(bearer)?);
        }
        if let Some(tag) = before.as_ref().and_then(|before| before.etag.as_deref()) {
            request = request.header(IF_NONE_MATCH, tag);
        }
        let request = self.0.octocrab.build_request(request, body);
        let request = request.map_err(|error| GitHubError::Strange(chain(&error)))?;
        let call = async { read(self.0.octocrab.execute(request).await).await };
        let name = shape(method, path);
        let call = failpoint::outside(Call("github", &name), call);
        let answer = clock
            .timeout(ANSWER, call)
            .await
            .map_err(|late| GitHubError::Lost(late.to_string()))??;
        let now = clock.now();
        self.0.limits.observe(credential, path, &answer, now);
        if let (304, Some(before)) = (answer.status, &before) {
            return Ok(before.as_ref().clone());
        }
        errors::check(&answer, now).inspect_err(|error| {
            if let (GitHubError::RateLimited { retry_at }, false) = (error, answer.spent()) {
                self.0.limits.pause(*retry_at);
            }
        })?;
        if reads {
            self.0.cache.put(credential, path, &answer);
        }
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
    ) -> Result<Route, GitHubError> {
        self.for_repository(repository, repository_path(repository, rest, query))
    }

    /// A route that is asked as whoever may work on the repository.
    ///
    /// # Errors
    /// When the repository is on another host.
    pub(super) fn for_repository(&self, repository: &Repository, path: String) -> Result<Route, GitHubError> {
        if repository.host() != self.0.host {
            let (ours, theirs) = (self.0.host.clone(), repository.host().to_owned());
            return Err(GitHubError::OtherHost { ours, theirs });
        }
        Ok(Route {
            path,
            by: By::Repository(repository.clone()),
        })
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
    ) -> Result<Route, GitHubError> {
        let number = issue.number.to_string();
        let mut parts = vec!["issues", number.as_str()];
        parts.extend(rest);
        self.in_repository(&issue.repository, &parts, query)
    }
}

/// The header that carries a token; logs show it as sensitive only.
fn bearer_header(bearer: &SecretString) -> Result<HeaderValue, GitHubError> {
    let text = format!("Bearer {}", bearer.expose_secret());
    let mut header = HeaderValue::from_str(&text)
        .map_err(|_| GitHubError::Strange("a token that fits into no header".into()))?;
    header.set_sensitive(true);
    Ok(header)
}

/// What an error says about GitHub as a whole; a refusal of one request says nothing.
fn trouble(error: &GitHubError) -> Option<Part> {
    let state = match error {
        GitHubError::Unauthorized | GitHubError::KeyRefused(_) => State::Failed,
        GitHubError::Unreachable(_) | GitHubError::Lost(_) | GitHubError::TokenRefused => State::Degraded,
        _ => return None,
    };
    let detail = format!("{}. {}.", error.why(), error.next());
    Some(Part::new(state, detail))
}

/// A call's name without what differs from one to the next: `POST issues/#/comments`.
fn shape(method: &Method, path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    let mut parts = path.trim_start_matches('/').split('/').peekable();
    if parts.peek() == Some(&"repos") {
        // The owner's and the repository's name follow.
        parts.nth(2);
    }
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = parts
        .map(|part| if is_number(part) { "#" } else { part })
        .collect();
    format!("{method} {}", parts.join("/"))
}
