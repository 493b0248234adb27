//! The client: one connection pool, two tokens, and what became of a call.

use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::{ClientConfig, RootCertStore};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use slack_morphism::errors::SlackClientError;
use slack_morphism::hyper_tokio::{SlackClientHyperConnector, SlackHyperClient};
use slack_morphism::{
    ClientResult, SlackApiToken, SlackClient, SlackClientApiCallContext, SlackClientHttpConnector,
};
use url::Url;

use super::catch_up::Missed;
use super::json;
use super::names::Cache;
use super::standing::Standing;
use crate::config::{self, SlackMode};
use crate::engine::clock::Clock;
use crate::engine::health::Part;
use crate::failpoint::{self, Call};

/// How long a read may take.
pub(super) const READ: Duration = Duration::from_secs(10);
/// How long connecting may take; what ran into this never left the machine.
const CONNECT: Duration = Duration::from_secs(8);

/// Who we are in the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The workspace, `T…`.
    pub team: String,
    /// The workspace's name.
    pub team_name: String,
    /// The bot's user id, `U…`: what a mention names.
    pub user_id: String,
    /// The bot's bot id, `B…`.
    pub bot_id: Option<String>,
    /// The bot's name, without `@`.
    pub name: String,
}

/// Why Slack did not say who we are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentifyError {
    /// Slack refuses the token; only a person can help.
    #[error("Slack refuses slack.bot_token ({0})")]
    Refused(String),
    /// No answer, or not now.
    #[error("Slack cannot be reached: {0}")]
    Unreachable(String),
}

/// Why a call brought nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Trouble {
    /// Slack's own "no", by its error word.
    #[error("Slack says {error}")]
    Refused {
        /// The error word.
        error: String,
        /// The scope that is missing, when that is it.
        needed: Option<String>,
    },
    /// Too many calls (HTTP 429).
    #[error("Slack asks to slow down")]
    Busy(Option<Duration>),
    /// No connection was made, so nothing was said.
    #[error("{0}")]
    Unreachable(String),
    /// An HTTP status other than 200 and 429, and the error word in its body.
    #[error("HTTP status {0}")]
    Status(u16, Option<String>),
    /// The request may have arrived.
    #[error("{0}")]
    Lost(String),
}

/// A handle on a workspace; clones share it.
#[derive(Clone)]
pub struct Slack(Arc<Inner>);

struct Inner {
    client: Arc<SlackHyperClient>,
    bot: SlackApiToken,
    /// For Socket Mode only.
    app: Option<SlackApiToken>,
    /// For Slack over HTTP only.
    signing_secret: Option<SecretString>,
    api_url: Url,
    clock: Clock,
    identity: OnceLock<Identity>,
    users: Cache,
    channels: Cache,
    /// When Slack last said that it holds events back.
    held_back: Mutex<Option<DateTime<Utc>>>,
    standing: Standing,
    missed: Missed,
}

impl Slack {
    /// Builds the client; nothing is sent yet.
    ///
    /// # Errors
    /// When the machine has no root certificates and the address needs them.
    pub fn new(config: &config::Slack, clock: Clock) -> Result<Self, String> {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_connect_timeout(Some(CONNECT));
        let https = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(tls(&config.api_url)?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        let connector = SlackClientHyperConnector::with_connector(https)
            .with_slack_api_url(config.api_url.as_str().trim_end_matches('/'));
        let token = |token: &SecretString| SlackApiToken::new(token.expose_secret().to_owned().into());
        let (app, signing_secret) = match &config.mode {
            SlackMode::Socket { app_token } => (Some(token(app_token)), None),
            SlackMode::Http { signing_secret } => (None, Some(signing_secret.clone())),
        };
        Ok(Self(Arc::new(Inner {
            client: Arc::new(SlackClient::new(connector)),
            bot: token(&config.bot_token),
            app,
            signing_secret,
            api_url: config.api_url.clone(),
            clock,
            identity: OnceLock::new(),
            users: Cache::default(),
            channels: Cache::default(),
            held_back: Mutex::default(),
            standing: Standing::default(),
            missed: Missed::default(),
        })))
    }

    /// Asks Slack who we are (`auth.test`, <https://docs.slack.dev/reference/methods/auth.test>), and remembers it.
    ///
    /// # Errors
    /// Refused when Slack does not take the token, unreachable when it may do so later.
    pub async fn identify(&self) -> Result<Identity, IdentifyError> {
        let said = self
            .get("auth.test", vec![])
            .await
            .map_err(|trouble| match trouble {
                Trouble::Refused { error, .. } if !is_passing(&error) => IdentifyError::Refused(error),
                other => IdentifyError::Unreachable(other.to_string()),
            })?;
        let id = |field| json::id(&said, field).map(str::to_owned);
        let (Some(team), Some(user_id)) = (id("team_id"), id("user_id")) else {
            return Err(IdentifyError::Refused(
                "it belongs to no user of a workspace".to_owned(),
            ));
        };
        let name = |field| json::text(&said, field).map(crate::domain::clean);
        let identity = Identity {
            team_name: name("team").unwrap_or_else(|| team.clone()),
            team,
            name: name("user").unwrap_or_else(|| user_id.clone()),
            user_id,
            bot_id: id("bot_id"),
        };
        Ok(self.0.identity.get_or_init(|| identity).clone())
    }

    /// Who we are, once [`Slack::identify`] has found out.
    pub fn identity(&self) -> Option<Identity> {
        self.0.identity.get().cloned()
    }

    /// Checks whether the app-level token opens a socket, by asking for an address that nobody uses
    /// (<https://docs.slack.dev/reference/methods/apps.connections.open>).
    pub(super) async fn try_socket(&self, token: &SlackApiToken) -> Result<(), Trouble> {
        let session = self.0.client.open_session(token);
        let nothing = json!({});
        let method = "apps.connections.open";
        self.read(method, session.http_session_api.http_post(method, &nothing, None))
            .await
            .map(drop)
    }

    /// A method that reads.
    pub(super) async fn get(
        &self,
        method: &str,
        arguments: Vec<(&'static str, Option<String>)>,
    ) -> Result<Value, Trouble> {
        let session = self.0.client.open_session(&self.0.bot);
        let answer = self
            .read(
                method,
                session.http_session_api.http_get(method, &arguments, None),
            )
            .await;
        self.0.standing.learn(method, &answer);
        answer
    }

    async fn read(
        &self,
        method: &str,
        call: impl Future<Output = ClientResult<Value>>,
    ) -> Result<Value, Trouble> {
        let call = failpoint::outside(Call("slack", method), call);
        let answer = self.0.clock.timeout(READ, call).await;
        answer.map_or_else(|late| Err(Trouble::Lost(late.to_string())), settle)
    }

    /// A method that writes; whoever calls it limits its time.
    pub(super) async fn post(&self, method: &str, body: &Value) -> Result<Value, Trouble> {
        let session = self.0.client.open_session(&self.0.bot);
        let call = session.http_session_api.http_post(method, body, None);
        let answer = settle(failpoint::outside(Call("slack", method), call).await);
        self.0.standing.learn(method, &answer);
        answer
    }

    /// Posts to an address that Slack handed out (`response_url`), without the bot's token.
    pub(super) async fn post_to(&self, url: Url, body: &Value) -> Result<(), Trouble> {
        let span = tracing::Span::none();
        let context = SlackClientApiCallContext {
            rate_control_params: None,
            token: None,
            tracing_span: &span,
            is_sensitive_url: true,
        };
        let call = self.0.client.http_api.connector.http_post_uri(url, body, context);
        let answer: ClientResult<Value> = failpoint::outside(Call("slack", "response_url"), call).await;
        match answer {
            // The answer is the word "ok", with or without a type that says so.
            Ok(said) if json::text(&said, "error").is_none() => Ok(()),
            Err(SlackClientError::ProtocolError(odd))
                if odd.json_body.as_deref().map(str::trim) == Some("ok") =>
            {
                Ok(())
            }
            other => settle(other).map(drop),
        }
    }

    /// The library's client, for its sockets.
    pub(super) fn client(&self) -> &Arc<SlackHyperClient> {
        &self.0.client
    }

    /// The app-level token, for the library's sockets; none when Slack speaks to us over HTTP.
    pub(super) fn app_token(&self) -> Option<&SlackApiToken> {
        self.0.app.as_ref()
    }

    /// The key that signs Slack's requests; none in Socket Mode.
    pub fn signing_secret(&self) -> Option<&SecretString> {
        self.0.signing_secret.as_ref()
    }

    /// When Slack last said that it holds events back, while that counts.
    pub(super) fn held_back(&self) -> MutexGuard<'_, Option<DateTime<Utc>>> {
        self.0.held_back.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What Slack's answers say about our token, for the health report; none when it works.
    pub(super) fn report(&self) -> Option<Part> {
        self.0.standing.report()
    }

    /// What may have been missed.
    pub(super) fn missed(&self) -> &Missed {
        &self.0.missed
    }

    /// The time.
    pub(super) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// The Web API's host, for people.
    pub(super) fn host(&self) -> &str {
        self.0.api_url.host_str().unwrap_or_default()
    }

    /// What users are called.
    pub(super) fn users(&self) -> &Cache {
        &self.0.users
    }

    /// What channels are called.
    pub(super) fn channels(&self) -> &Cache {
        &self.0.channels
    }
}

/// TLS by the machine's own root certificates; none are needed for plain HTTP.
fn tls(api_url: &Url) -> Result<ClientConfig, String> {
    use hyper_rustls::ConfigBuilderExt;

    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))?;
    if api_url.scheme() == "http" {
        return Ok(builder
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth());
    }
    let rooted = builder.with_native_roots().map_err(|error| {
        format!("this machine has no root certificates ({error}); install its package ca-certificates")
    })?;
    Ok(rooted.with_no_client_auth())
}

/// Whether an error word means Slack's own trouble, after which the same call may work; the call may have had an
/// effect. <https://docs.slack.dev/reference/methods/chat.postMessage#errors>
pub(super) fn is_passing(error: &str) -> bool {
    matches!(error, "internal_error" | "fatal_error" | "service_unavailable")
}

/// What a call brought.
fn settle(answer: ClientResult<Value>) -> Result<Value, Trouble> {
    let error = match answer {
        Ok(said) => return said_ok(said),
        Err(error) => error,
    };
    Err(match error {
        SlackClientError::ApiError(refusal) => {
            let body = refusal
                .http_response_body
                .as_deref()
                .and_then(json::parse)
                .unwrap_or_default();
            refused(&refusal.code, &body)
        }
        SlackClientError::RateLimitError(limit) => Trouble::Busy(limit.retry_after),
        SlackClientError::HttpError(status) => {
            let body = status
                .http_response_body
                .as_deref()
                .and_then(json::parse)
                .unwrap_or_default();
            Trouble::Status(
                status.status_code.as_u16(),
                json::text(&body, "error").map(str::to_owned),
            )
        }
        // The library's own types are strict; the body is still there.
        SlackClientError::ProtocolError(odd) => {
            return match odd.json_body.as_deref().and_then(json::parse) {
                Some(said) => said_ok(said),
                None => Err(Trouble::Lost("Slack's answer cannot be read".to_owned())),
            };
        }
        SlackClientError::HttpProtocolError(broken) => {
            let cause = broken.cause.as_deref();
            let http = cause.and_then(|cause| cause.downcast_ref::<hyper_util::client::legacy::Error>());
            let why = cause.map_or_else(|| "the connection broke".to_owned(), |cause| chain(cause));
            if http.is_some_and(hyper_util::client::legacy::Error::is_connect) {
                Trouble::Unreachable(why)
            } else {
                Trouble::Lost(why)
            }
        }
        SlackClientError::SystemError(broken) => Trouble::Lost(
            broken
                .cause
                .as_deref()
                .map_or_else(|| "the connection broke".to_owned(), |cause| chain(cause)),
        ),
        other => Trouble::Lost(other.to_string()),
    })
}

fn said_ok(said: Value) -> Result<Value, Trouble> {
    if said.get("ok").and_then(Value::as_bool) == Some(true) {
        return Ok(said);
    }
    Err(match json::text(&said, "error") {
        Some(error) => refused(error, &said),
        None => Trouble::Lost("Slack did not say whether it worked".to_owned()),
    })
}

fn refused(error: &str, body: &Value) -> Trouble {
    match error {
        "ratelimited" | "rate_limited" | "message_limit_exceeded" => Trouble::Busy(None),
        _ => Trouble::Refused {
            error: crate::domain::shorten(&crate::domain::clean(error), 100),
            needed: json::text(body, "needed").map(str::to_owned),
        },
    }
}

/// An error and its causes.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
