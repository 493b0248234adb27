//! The client: one connection pool, one token, and what became of a call.
//!
//! Requests are built by serenity and sent here, because its own sending keeps neither the headers nor the body of a
//! refusal, and ignores another address than Discord's while its own rate limiter is on.

use std::num::NonZeroU64;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use serenity::http::{Http, HttpBuilder, LightMethod, Request, Route};
use url::Url;

use super::channels::Channels;
use super::json;
use super::limits::{ANSWERS, Closed, Key, Limits};
use crate::config;
use crate::domain;
use crate::engine::clock::Clock;
use crate::engine::health::{Part, State};
use crate::failpoint::{self, Call as Named};

/// How long a read may take.
pub(super) const READ: Duration = Duration::from_secs(10);
/// How long connecting may take; what ran into this never left the machine.
const CONNECT: Duration = Duration::from_secs(8);

/// Who we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The bot's user id: what a mention names.
    pub user_id: String,
    /// The bot's name, without `@`.
    pub name: String,
}

/// Why a call brought nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Trouble {
    /// Discord's own "no".
    #[error("Discord says {message} ({code})")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What kind of "no"; 0 when the status says all.
        /// <https://discord.com/developers/docs/topics/opcodes-and-status-codes#json>
        code: u64,
        /// The same in words.
        message: String,
    },
    /// Too many calls.
    #[error("Discord asks to slow down")]
    Busy(Closed),
    /// No connection was made, so nothing was said.
    #[error("{0}")]
    Unreachable(String),
    /// An HTTP status that comes from something on the way.
    #[error("HTTP status {0}")]
    Status(u16),
    /// The request may have arrived.
    #[error("{0}")]
    Lost(String),
}

/// One call.
pub(super) struct Call<'a> {
    method: LightMethod,
    route: Route<'a>,
    key: Key,
    body: Option<Value>,
    params: Vec<(&'static str, String)>,
}

impl<'a> Call<'a> {
    /// A call of a route; `name` and `major` say which bucket it counts in.
    pub(super) fn new(method: LightMethod, route: Route<'a>, name: &'static str, major: &str) -> Self {
        let key = Key {
            route: name,
            major: major.to_owned(),
        };
        Self {
            method,
            route,
            key,
            body: None,
            params: Vec::new(),
        }
    }

    /// With a body.
    pub(super) fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// With a parameter in the address.
    pub(super) fn param(mut self, name: &'static str, value: impl ToString) -> Self {
        self.params.push((name, value.to_string()));
        self
    }
}

/// An id as serenity wants it.
///
/// # Errors
/// When the text is no id; such a place does not exist.
pub(super) fn typed<T: From<NonZeroU64>>(id: &str) -> Result<T, Trouble> {
    let number = id.parse::<NonZeroU64>().map_err(|_| Trouble::Refused {
        status: 404,
        code: super::outcome::UNKNOWN_CHANNEL,
        message: format!("there is no {}", domain::shorten(id, 40)),
    })?;
    Ok(T::from(number))
}

/// A handle on the bot; clones share it.
#[derive(Clone)]
pub struct Discord(Arc<Inner>);

struct Inner {
    http: serenity_reqwest::Client,
    bot: SecretString,
    token: SecretString,
    api_url: Url,
    clock: Clock,
    limits: Limits,
    identity: OnceLock<Identity>,
    channels: Channels,
    /// Whether Discord refused the token when it was last shown it.
    refused: AtomicBool,
}

impl Discord {
    /// Builds the client; nothing is sent yet.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(config: &config::Discord, clock: Clock) -> Result<Self, String> {
        let http = serenity_reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .redirect(serenity_reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| error.to_string())?;
        let token = config.bot_token.expose_secret();
        Ok(Self(Arc::new(Inner {
            http,
            bot: SecretString::from(format!("Bot {token}")),
            token: config.bot_token.clone(),
            api_url: config.api_url.clone(),
            limits: Limits::new(clock.clone()),
            clock,
            identity: OnceLock::new(),
            channels: Channels::default(),
            refused: AtomicBool::new(false),
        })))
    }

    /// Serenity's own client, for its gateway.
    pub(super) fn serenity(&self) -> Http {
        HttpBuilder::new(self.0.token.expose_secret())
            .client(self.0.http.clone())
            .proxy(self.0.api_url.as_str())
            .ratelimiter_disabled(true)
            .build()
    }

    /// Asks Discord who we are, and remembers it.
    /// <https://discord.com/developers/docs/resources/user#get-current-user>
    pub(super) async fn identify(&self) -> Result<Identity, Trouble> {
        if let Some(known) = self.identity() {
            return Ok(known);
        }
        let said = self
            .read(Call::new(LightMethod::Get, Route::UserMe, "GET me", ""))
            .await?;
        let identity =
            identity(&said).ok_or_else(|| Trouble::Lost("Discord did not say who we are".to_owned()))?;
        Ok(self.0.identity.get_or_init(|| identity).clone())
    }

    /// Who we are, once [`Discord::identify`] has found out.
    pub fn identity(&self) -> Option<Identity> {
        self.0.identity.get().cloned()
    }

    /// A call that reads.
    pub(super) async fn read(&self, call: Call<'_>) -> Result<Value, Trouble> {
        self.within(READ, call).await
    }

    /// A call that may take some time and no longer.
    pub(super) async fn within(&self, span: Duration, call: Call<'_>) -> Result<Value, Trouble> {
        let answer = self.0.clock.timeout(span, self.call(call)).await;
        answer.unwrap_or_else(|late| Err(Trouble::Lost(late.to_string())))
    }

    /// A call; whoever makes it limits its time.
    pub(super) async fn call(&self, call: Call<'_>) -> Result<Value, Trouble> {
        let inner = &self.0;
        inner.limits.check(&call.key).map_err(Trouble::Busy)?;
        let body = call.body.map(|body| body.to_string().into_bytes());
        let params = Some(call.params).filter(|params| !params.is_empty());
        let request = Request::new(call.route, call.method).body(body).params(params);
        let proxy = inner.api_url.as_str();
        let request = request
            .build(&inner.http, inner.bot.expose_secret(), Some(proxy))
            .map_err(|error| Trouble::Unreachable(error.to_string()))?;
        // Addresses may carry an interaction's token, which is nobody's to read.
        let answer = failpoint::outside(Named("discord", call.key.route), request.send())
            .await
            .map_err(|error| broken(error.without_url()))?;
        let status = answer.status().as_u16();
        let headers = answer.headers().clone();
        let text = answer.text().await.map_err(|error| broken(error.without_url()));
        let body = text.as_deref().ok().and_then(json::parse);
        let null = Value::Null;
        if !ANSWERS.contains(&call.key.route) {
            // What answers an interaction goes by the interaction's own token.
            match status {
                401 => inner.refused.store(true, Ordering::Relaxed),
                200..500 => inner.refused.store(false, Ordering::Relaxed),
                _ => {}
            }
        }
        let asked = inner
            .limits
            .learn(&call.key, status, &headers, body.as_ref().unwrap_or(&null));
        match (asked, status) {
            (Some(closed), _) => Err(Trouble::Busy(closed)),
            (None, 204) => Ok(Value::Null),
            (None, 200..300) => match (text, body) {
                (_, Some(body)) => Ok(body),
                (Err(lost), _) => Err(lost),
                (Ok(_), None) => Err(Trouble::Lost("Discord's answer cannot be read".to_owned())),
            },
            (None, status) => Err(refused(status, body.as_ref())),
        }
    }

    /// Whether Discord still takes our token, for the health report; none when it does.
    pub(super) fn report(&self) -> Option<Part> {
        let refused = self.0.refused.load(Ordering::Relaxed);
        refused.then(|| Part::new(State::Failed, super::outcome::TOKEN.to_owned()))
    }

    /// What is known of channels.
    pub(super) fn channels(&self) -> &Channels {
        &self.0.channels
    }

    /// The time.
    pub(super) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// The API's host, for people.
    pub(super) fn host(&self) -> &str {
        self.0.api_url.host_str().unwrap_or_default()
    }
}

/// <https://discord.com/developers/docs/resources/user#user-object>
pub(super) fn identity(user: &Value) -> Option<Identity> {
    let user_id = json::id(user, "id")?.to_owned();
    let name = json::text(user, "username").map_or_else(|| user_id.clone(), domain::clean);
    Some(Identity { user_id, name })
}

/// Discord's "no" carries a code; what has none comes from its edge or a proxy.
fn refused(status: u16, body: Option<&Value>) -> Trouble {
    let Some(code) = body.and_then(|body| body.get("code")).and_then(Value::as_u64) else {
        return Trouble::Status(status);
    };
    if status >= 500 {
        return Trouble::Status(status);
    }
    let message = body.and_then(|body| json::text(body, "message")).unwrap_or("no");
    Trouble::Refused {
        status,
        code,
        message: domain::shorten(&domain::clean(message), 100),
    }
}

fn broken(error: serenity_reqwest::Error) -> Trouble {
    let why = crate::telemetry::chain(&error);
    if error.is_connect() {
        Trouble::Unreachable(why)
    } else {
        Trouble::Lost(why)
    }
}
