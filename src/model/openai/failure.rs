//! What a server's refusal means: <https://platform.openai.com/docs/guides/error-codes/api-errors>, and what other
//! vendors make of it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde_json::Value;

use super::transport::Unwanted;
use crate::domain::shorten;
use crate::model::ModelError;

/// The characters of a server's message that are worth showing.
const LONGEST_MESSAGE: usize = 300;
/// The code of a used-up budget: comes with 429, yet waiting does not help.
const NO_QUOTA: &str = "insufficient_quota";

/// What a response other than a success means.
pub(super) fn of_response(response: &Unwanted, now: DateTime<Utc>) -> ModelError {
    let body = String::from_utf8_lossy(&response.body);
    let error = serde_json::from_str(&body).unwrap_or_else(|_| Value::from(body.into_owned()));
    judge(response.status, retry_after(&response.headers, now), &error)
}

/// What an error in the place of a chunk means. Some vendors put the status into its code; without one it is a
/// passing fault.
pub(super) fn of_chunk(error: &Value) -> ModelError {
    let code = &error["code"];
    let status = code
        .as_u64()
        .or_else(|| code.as_str()?.parse().ok())
        .and_then(|code| u16::try_from(code).ok());
    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
    let status = status.filter(|status| status.is_client_error() || status.is_server_error());
    judge(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), None, error)
}

fn judge(status: StatusCode, retry_after: Option<Duration>, error: &Value) -> ModelError {
    let (message, quota) = said(error);
    let why = if message.is_empty() {
        status.to_string()
    } else {
        format!("{status}: {message}")
    };
    match status {
        _ if quota => ModelError::Refused(why),
        StatusCode::TOO_MANY_REQUESTS => ModelError::Busy { retry_after, why },
        // OpenAI's own clients repeat these two as they repeat 5xx.
        StatusCode::REQUEST_TIMEOUT | StatusCode::CONFLICT => ModelError::Broken(why),
        _ if status.is_redirection() => {
            ModelError::Refused(format!("{status}: the server is elsewhere; check model.base_url"))
        }
        _ if status.is_client_error() => ModelError::Refused(why),
        _ => ModelError::Broken(why),
    }
}

/// The message, and whether it says that the budget is used up. The error comes bare or in `error`, as an object or
/// as text, and from one vendor in a list.
fn said(error: &Value) -> (String, bool) {
    let error = error.as_array().and_then(|list| list.first()).unwrap_or(error);
    let error = error
        .get("error")
        .filter(|inner| !inner.is_null())
        .unwrap_or(error);
    let named = ["message", "detail", "error"]
        .iter()
        .find_map(|key| error.get(key));
    let message = match named.unwrap_or(error) {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let quota = error["code"] == NO_QUOTA || error["type"] == NO_QUOTA;
    (shorten(&message, LONGEST_MESSAGE), quota)
}

/// The wait a server asks for: seconds or a date (<https://www.rfc-editor.org/rfc/rfc9110#field.retry-after>), or
/// milliseconds in a header that OpenAI's own clients read first.
pub(super) fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::trim)
    };
    let number = |text: &str| text.parse::<f64>().ok();
    let span = |seconds: f64| Duration::try_from_secs_f64(seconds).ok();
    if let Some(milliseconds) = text("retry-after-ms").and_then(number) {
        return span(milliseconds / 1000.0);
    }
    let given = text(RETRY_AFTER.as_str())?;
    if let Some(seconds) = number(given) {
        return span(seconds);
    }
    let at = DateTime::parse_from_rfc2822(given).ok()?;
    Some((at.with_timezone(&Utc) - now).to_std().unwrap_or_default())
}
