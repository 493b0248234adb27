//! What became of an attempt, by what Slack answered. Pure.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::client::{Trouble, is_passing};
use crate::engine::clock::later;
use crate::engine::sender::Outcome;

/// How long to wait when Slack asks to slow down without saying how long.
const SLOW_DOWN: Duration = Duration::from_secs(30);

/// What was attempted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    /// A new message.
    New,
    /// A change of a message of ours.
    Edit,
    /// A short answer through a command's `response_url`.
    Response,
}

/// What an attempt that was not confirmed came to. `bot` is our name, for the sentence that says what to do.
pub(super) fn outcome(trouble: &Trouble, attempt: Attempt, bot: &str, now: DateTime<Utc>) -> Outcome {
    match trouble {
        Trouble::Refused { error, .. } if is_passing(error) => {
            Outcome::Unknown(format!("Slack says {error}"))
        }
        Trouble::Refused { error, .. } if attempt == Attempt::Edit && error == "message_not_found" => {
            Outcome::Vanished
        }
        // The request was cut short, or the workspace is on the move: nothing happened, and it may work later.
        Trouble::Refused { error, .. } if error == "request_timeout" || error == "team_added_to_org" => {
            Outcome::NotSent {
                retry_at: None,
                why: format!("Slack says {error}"),
            }
        }
        Trouble::Refused { error, needed } => Outcome::Refused(reason(error, needed.as_deref(), bot)),
        Trouble::Busy(wait) => Outcome::NotSent {
            retry_at: Some(later(now, wait.unwrap_or(SLOW_DOWN))),
            why: "Slack asks to slow down".to_owned(),
        },
        Trouble::Unreachable(why) => Outcome::NotSent {
            retry_at: None,
            why: format!("Slack cannot be reached: {why}"),
        },
        Trouble::Status(code @ (500.. | 408), _) => {
            Outcome::Unknown(format!("Slack answered HTTP status {code}"))
        }
        Trouble::Status(_, Some(error)) if attempt == Attempt::Response => {
            Outcome::Refused(reason(error, None, bot))
        }
        // Refused before the method ran, by Slack's front or a proxy on the way.
        Trouble::Status(code, _) => Outcome::NotSent {
            retry_at: None,
            why: format!("Slack answered HTTP status {code}"),
        },
        Trouble::Lost(why) => Outcome::Unknown(format!("Slack's answer was lost: {why}")),
    }
}

/// Whether we may not post there, so that a command's `response_url` is the only way to answer.
pub(super) fn is_closed_to_us(trouble: &Trouble) -> bool {
    let Trouble::Refused { error, .. } = trouble else {
        return false;
    };
    matches!(error.as_str(), "not_in_channel" | "channel_not_found") || error.starts_with("restricted_action")
}

/// Whether an error word means that Slack does not take the token at all.
/// <https://docs.slack.dev/reference/methods/auth.test#errors>
pub(super) fn is_refused_token(error: &str) -> bool {
    matches!(
        error,
        "invalid_auth" | "not_authed" | "account_inactive" | "token_revoked" | "token_expired"
    )
}

/// What keeps a look-up from working, and what to do.
pub(super) fn hindrance(trouble: &Trouble, bot: &str) -> String {
    match trouble {
        Trouble::Refused { error, needed } if !is_passing(error) => reason(error, needed.as_deref(), bot),
        other => other.to_string(),
    }
}

/// Why Slack refuses, and what to do. The words are those of
/// <https://docs.slack.dev/reference/methods/chat.postMessage#errors>,
/// <https://docs.slack.dev/reference/methods/chat.update#errors> and, for the last ones,
/// <https://docs.slack.dev/interactivity/handling-user-interaction#message_responses>.
pub(super) fn reason(error: &str, needed: Option<&str>, bot: &str) -> String {
    const APPS: &str = "at https://api.slack.com/apps, your app, OAuth & Permissions";
    match error {
        "not_in_channel" => format!("the bot is not in this channel; invite it with /invite @{bot}"),
        "channel_not_found" => {
            format!("the bot cannot see this channel; if it still exists, invite it with /invite @{bot}")
        }
        "is_archived" | "is_inactive" => "the channel is archived; unarchive it or use another one".to_owned(),
        "msg_too_long" => "the message is too long for Slack; ask for a shorter answer".to_owned(),
        "no_text" => "there was nothing to say".to_owned(),
        "missing_scope" => {
            let scope = needed.map_or_else(|| "a scope".to_owned(), |scope| format!("the scope {scope}"));
            format!("the bot lacks {scope}; add it {APPS}, and install the app again")
        }
        "invalid_auth" | "not_authed" | "account_inactive" | "token_revoked" | "token_expired" | "no_permission"
        | "not_allowed_token_type" => {
            format!("Slack refuses the bot's token ({error}); put the current one, found {APPS}, into slack.bot_token")
        }
        "access_denied" | "ekm_access_denied" | "enterprise_is_restricted" | "team_access_not_granted"
        | "org_login_required" | "accesslimited" => {
            format!("the workspace's administrators do not allow it ({error}); ask them to")
        }
        "messages_tab_disabled" => {
            "the app takes no direct messages; switch its Messages Tab on at https://api.slack.com/apps, your app, \
             App Home"
                .to_owned()
        }
        "cannot_reply_to_message" => "Slack allows no thread under this message; ask in the channel".to_owned(),
        "cant_update_message" => "the message is not the bot's, so it cannot be changed; ask again".to_owned(),
        "edit_window_closed" => "the workspace no longer allows changing this message; ask again".to_owned(),
        "expired_url" | "used_url" | "invalid_url" => format!(
            "the bot is not in this channel, and a command can be answered privately for 30 minutes only; invite \
             it with /invite @{bot} and ask again"
        ),
        _ if error.starts_with("restricted_action") => {
            format!("posting here is restricted ({error}); ask an administrator of the workspace to allow @{bot}")
        }
        _ => format!("Slack refuses it ({error})"),
    }
}
