//! What became of an attempt, by what Discord answered. Pure.

use super::client::Trouble;
use crate::engine::sender::Outcome;

/// There is no such channel or thread.
/// <https://discord.com/developers/docs/topics/opcodes-and-status-codes#json>, as all codes here.
pub(super) const UNKNOWN_CHANNEL: u64 = 10003;
/// There is no such message.
pub(super) const UNKNOWN_MESSAGE: u64 = 10008;
/// Our view on the place is closed.
const MISSING_ACCESS: u64 = 50001;
/// We may see the place, and not do this there.
const MISSING_PERMISSIONS: u64 = 50013;

/// What to do about a place of a project that was deleted.
pub(super) const GONE: &str = "the channel is gone; bind another one";

/// What to do about a token that is refused.
pub(super) const TOKEN: &str = "Discord refuses the bot's token; put the current one, found at \
                                https://discord.com/developers/applications, your app, Bot, into discord.bot_token";

/// What was attempted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    /// A new message.
    New,
    /// A change of a message of ours.
    Edit,
}

/// What an attempt that was not confirmed came to.
pub(super) fn outcome(trouble: &Trouble, attempt: Attempt) -> Outcome {
    match trouble {
        Trouble::Refused {
            code: UNKNOWN_MESSAGE,
            ..
        } if attempt == Attempt::Edit => Outcome::Vanished,
        Trouble::Refused {
            status,
            code,
            message,
        } => Outcome::Refused(reason(*status, *code, message)),
        Trouble::Busy(closed) if closed.everywhere => Outcome::NotSent {
            retry_at: Some(closed.until),
            why: "Discord asks to slow down".to_owned(),
        },
        Trouble::Busy(closed) => Outcome::HeldBack {
            until: closed.until,
            why: "Discord asks to slow down in this channel".to_owned(),
        },
        Trouble::Unreachable(why) => Outcome::NotSent {
            retry_at: None,
            why: format!("Discord cannot be reached: {why}"),
        },
        Trouble::Status(code @ (500.. | 408)) => {
            Outcome::Unknown(format!("Discord answered HTTP status {code}"))
        }
        // Refused before Discord looked at it, by its front or a proxy on the way.
        Trouble::Status(code) => Outcome::NotSent {
            retry_at: None,
            why: format!("Discord answered HTTP status {code}"),
        },
        Trouble::Lost(why) => Outcome::Unknown(format!("Discord's answer was lost: {why}")),
    }
}

/// Whether an interaction can no longer be answered, or its answer is gone: unknown webhook, interaction or message, and a
/// token that Discord no longer takes.
pub(super) fn is_over(trouble: &Trouble) -> bool {
    matches!(
        trouble,
        Trouble::Refused {
            code: 10015 | 10062 | UNKNOWN_MESSAGE | 50027,
            ..
        } | Trouble::Refused { status: 401, .. }
    )
}

/// Whether Discord does not know an interaction: over, or not deferred yet.
pub(super) fn is_unknown(trouble: &Trouble) -> bool {
    is_over(trouble)
        && !matches!(
            trouble,
            Trouble::Refused {
                code: UNKNOWN_MESSAGE,
                ..
            }
        )
}

/// Whether the place is closed to us, or gone: an interaction may be answered there all the same.
pub(super) fn is_closed_to_us(trouble: &Trouble) -> bool {
    matches!(
        trouble,
        Trouble::Refused {
            code: UNKNOWN_CHANNEL | MISSING_ACCESS | MISSING_PERMISSIONS,
            ..
        }
    )
}

/// Why a place cannot be read; none when it may be for a while only.
pub(super) fn unreadable(trouble: &Trouble) -> Option<String> {
    match trouble {
        Trouble::Refused {
            code: UNKNOWN_CHANNEL,
            ..
        } => Some(GONE.to_owned()),
        Trouble::Refused {
            status,
            code,
            message,
        } => Some(reason(*status, *code, message)),
        _ => None,
    }
}

/// What keeps a look-up from working, and what to do.
pub(super) fn hindrance(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Refused {
            status,
            code,
            message,
        } => reason(*status, *code, message),
        other => other.to_string(),
    }
}

/// Why Discord refuses, and what to do.
fn reason(status: u16, code: u64, message: &str) -> String {
    match code {
        UNKNOWN_CHANNEL => "the channel or thread is gone; ask in another one".to_owned(),
        10004 => "the bot is not on this server any more; invite it again".to_owned(),
        MISSING_ACCESS => {
            "the bot may not see this channel, or is not on this server; give it the permission View \
                           Channel there, or invite it again"
                .to_owned()
        }
        MISSING_PERMISSIONS => {
            "the bot may not write here; give it the permissions Send Messages, Send Messages in \
                                Threads and Read Message History"
                .to_owned()
        }
        50007 => {
            "this person takes no direct messages from the bot; ask on a server that both are on".to_owned()
        }
        50083 => "the thread is archived; open it again".to_owned(),
        160_005 => "the thread is locked; have a moderator unlock it".to_owned(),
        50035 => format!("Discord does not take the message's form ({message}); ask for a shorter answer"),
        20009 | 200_000 | 200_001 => {
            format!("the server's rules block this text ({message}); ask in other words")
        }
        30046 => "Discord allows few changes of messages older than an hour".to_owned(),
        _ if status == 401 => TOKEN.to_owned(),
        _ => format!("Discord refuses it: {message} ({code})"),
    }
}
