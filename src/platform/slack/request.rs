//! The other way in: Slack's HTTP requests. Whether one is Slack's, and what it says.
//!
//! The signature covers the moment and the body (<https://docs.slack.dev/authentication/verifying-requests-from-slack>).
//! Slack tries events again at once, after a minute and after five
//! (<https://docs.slack.dev/apis/events-api/#retries>), each time signed anew; only a retry within the same second looks
//! like the request before it. So the signature, kept as a key of the event, tells a copy that somebody else sends again,
//! and `event_id` tells Slack's retries.

use std::time::Duration;

use chrono::{DateTime, Utc};
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use sha2::Sha256;

use super::client::{IdentifyError, Slack};
use super::json::{parse, text};
use super::translate::Way;
use crate::domain::Heard;

/// How far a request's moment may be from ours, in seconds, as Slack's documentation has it.
const FRESH: u64 = 5 * 60;
/// How long a request waits for Slack to say who we are, of the 3 s that Slack waits for us.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a request knocks at; each has its own form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// The Events API: JSON.
    Events,
    /// Slash commands: a form.
    Commands,
    /// Clicks, shortcuts, forms: JSON in the field `payload` of a form.
    Interactions,
}

/// Why a request was not taken for Slack's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// A header is not there.
    #[error("the header {0} is missing")]
    Missing(&'static str),
    /// A header is not as Slack makes it.
    #[error("the header {0} is not as Slack makes it")]
    Malformed(&'static str),
    /// Signed with another secret, or for another body or moment.
    #[error("the signature does not fit; the app's signing secret must be the one in slack.signing_secret")]
    Wrong,
    /// Signed too long ago, or in the future.
    #[error(
        "the request was signed more than five minutes ago, or in the future; check this machine's clock"
    )]
    Stale,
}

/// A body that is not what Slack sends there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(&'static str);

/// What a request says.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// Slack asks whether the address is ours; the answer is this word.
    /// <https://docs.slack.dev/reference/events/url_verification>
    Challenge(String),
    /// Slack looks at the certificate (`ssl_check`), and nothing more.
    Nothing,
    /// Something to keep.
    Told(Told),
}

/// Something to keep.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    way: Way<'static>,
    payload: Value,
}

impl Told {
    /// Whether it says that Slack holds events back.
    /// <https://docs.slack.dev/reference/events/app_rate_limited>
    pub fn is_held_back(&self) -> bool {
        self.way == Way::Event && text(&self.payload, "type") == Some("app_rate_limited")
    }
}

/// Checks a request's signature in constant time, and its moment, and returns what this very request is known by.
/// `timestamp` and `signature` are the values of `X-Slack-Request-Timestamp` and `X-Slack-Signature`.
///
/// # Errors
/// [`Rejected`] when it is not Slack's, or not of now.
pub fn verify(
    secret: &SecretString,
    timestamp: Option<&str>,
    signature: Option<&str>,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<String, Rejected> {
    const TIMESTAMP: &str = "X-Slack-Request-Timestamp";
    const SIGNATURE: &str = "X-Slack-Signature";
    let timestamp = timestamp.ok_or(Rejected::Missing(TIMESTAMP))?;
    let signature = signature.ok_or(Rejected::Missing(SIGNATURE))?;
    let moment: i64 = Some(timestamp)
        .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()))
        .and_then(|digits| digits.parse().ok())
        .ok_or(Rejected::Malformed(TIMESTAMP))?;
    let digest = signature
        .strip_prefix("v0=")
        .and_then(|digits| hex::decode(digits).ok())
        .filter(|digest| digest.len() == 32)
        .ok_or(Rejected::Malformed(SIGNATURE))?;
    // A key of any length will do.
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).map_err(|_| Rejected::Wrong)?;
    for part in [b"v0:".as_slice(), timestamp.as_bytes(), b":", body] {
        mac.update(part);
    }
    mac.verify_slice(&digest).map_err(|_| Rejected::Wrong)?;
    if now.timestamp().abs_diff(moment) > FRESH {
        return Err(Rejected::Stale);
    }
    // Written anew, since the digits may be capitals or not.
    Ok(format!("slack:request:{}", hex::encode(digest)))
}

/// Reads a body.
///
/// # Errors
/// [`Unreadable`] when it is not of the form that comes to this door.
pub fn read(door: Door, body: &[u8]) -> Result<Said, Unreadable> {
    let told = |way, payload| Ok(Said::Told(Told { way, payload }));
    if door == Door::Events {
        let payload = object(body).ok_or(Unreadable("the body is not a JSON object"))?;
        if text(&payload, "type") == Some("url_verification") {
            let challenge = text(&payload, "challenge").ok_or(Unreadable("the challenge is missing"))?;
            return Ok(Said::Challenge(challenge.to_owned()));
        }
        return told(Way::Event, payload);
    }
    let fields = url::form_urlencoded::parse(body);
    let fields: serde_json::Map<String, Value> = fields
        .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
        .collect();
    // <https://docs.slack.dev/interactivity/implementing-slash-commands#ssl>
    if fields.get("ssl_check").is_some_and(|check| check == "1") {
        return Ok(Said::Nothing);
    }
    if door == Door::Commands {
        return told(Way::Command, Value::Object(fields));
    }
    let payload = fields.get("payload").and_then(Value::as_str);
    let payload = payload.ok_or(Unreadable("the form has no field called payload"))?;
    let payload = object(payload.as_bytes()).ok_or(Unreadable("the field payload is not a JSON object"))?;
    told(Way::Interaction, payload)
}

fn object(body: &[u8]) -> Option<Value> {
    parse(std::str::from_utf8(body).ok()?).filter(Value::is_object)
}

impl Slack {
    /// The fact that a request tells, known by its signature too. `key` is what [`verify`] returned.
    ///
    /// # Errors
    /// When Slack has not said yet who we are: without that, our own words would be taken for somebody else's.
    pub async fn heard(&self, told: &Told, key: String) -> Result<Heard, IdentifyError> {
        let me = match self.identity() {
            Some(me) => me,
            None => self
                .clock()
                .timeout(PATIENCE, self.identify())
                .await
                .unwrap_or_else(|late| Err(IdentifyError::Unreachable(late.to_string())))?,
        };
        let mut heard = self.hear(&me, told.way, &told.payload).await;
        heard.keys.push(key);
        Ok(heard)
    }
}
