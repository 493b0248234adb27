//! Events: facts that reached us, in the past tense.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{AccountKey, Place, Reply, Sign};

/// What kind of author wrote something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum AuthorKind {
    /// A human.
    Human,
    /// Another bot.
    Bot,
    /// Our own account.
    Ourselves,
}

/// Who wrote something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    /// The account, by its immutable ids.
    pub account: AccountKey,
    /// The name to show; on GitHub the login.
    pub name: String,
    /// Human, bot, or us.
    pub kind: AuthorKind,
}

/// Whether a text speaks to us, read from the text and the place, never from the event's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Addressed {
    /// By our name, in a direct message, or by a slash command.
    Us,
    /// By nobody's name: ours only in a conversation we take part in.
    Nobody,
    /// By the name of somebody else.
    Others,
}

/// Somebody who is mentioned in a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mention {
    /// As it stands in the text, like `@ana`.
    pub written: String,
    /// Who that is.
    pub account: AccountKey,
}

/// A text with the accounts of those whom it mentions, as commands read them, in the place of their names.
pub fn by_accounts(text: &str, mentions: &[Mention]) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    for mention in mentions {
        let Some((before, after)) = rest.split_once(&mention.written) else {
            continue;
        };
        out.push_str(before);
        out.push_str(&mention.account.to_string());
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Words somebody wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posted {
    /// The conversation's place, where an answer belongs: in a Slack channel the thread under the message.
    pub place: Place,
    /// The platform's id of the message; with the place's root unique for ever.
    pub external_id: String,
    /// Who wrote it.
    pub author: Author,
    /// The words, as Markdown, with our own name taken out and foreign names readable.
    pub text: String,
    /// Whom the words mention, in their order: a name is anybody's, an account is not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<Mention>,
    /// Whether it speaks to us.
    pub addressed: Addressed,
    /// The delivery named by our own hidden mark, when the author is us.
    pub mark: Option<uuid::Uuid>,
    /// How an answer is tied to it.
    #[serde(default)]
    pub reply: Option<Reply>,
    /// When it was written, by the platform's clock.
    pub at: DateTime<Utc>,
}

/// A fact that reached us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum Event {
    /// Somebody wrote a message or a comment.
    MessagePosted(Posted),
    /// Somebody changed a message or a comment.
    MessageEdited(Posted),
    /// Somebody took a message back.
    MessageDeleted {
        /// Where it stood.
        place: Place,
        /// Its id.
        external_id: String,
    },
    /// Somebody gave a command that leaves no message to thread under (`/pm …`, a pressed button).
    CommandGiven {
        /// Where an answer belongs: a channel, or the thread under the message whose button was pressed.
        place: Place,
        /// Who.
        author: Author,
        /// What followed the command's name.
        text: String,
        /// Whom it mentions, in order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        mentions: Vec<Mention>,
        /// It was asked in plain words (Discord's `ask`), so that its first word need not be a command's.
        #[serde(default)]
        in_words: bool,
        /// How an answer is tied to it.
        reply: Option<Reply>,
        /// When it was given.
        at: DateTime<Utc>,
    },
    /// Somebody put a sign on a message.
    ReactionAdded {
        /// Where the message stands; on Slack its channel, since a reaction does not name the thread.
        place: Place,
        /// The message.
        external_id: String,
        /// Who.
        author: Author,
        /// What the sign means.
        sign: Sign,
    },
    /// A webhook that came before we knew our own account; what it tells is read from its body once we do.
    Untranslated {
        /// GitHub's name of it, e.g. `issue_comment`.
        name: String,
    },
    /// Something that we keep and do nothing about.
    Unknown {
        /// The platform's name of it, e.g. `star.created`.
        name: String,
    },
}

impl Event {
    /// The name of the fact, as stored beside it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::MessagePosted(_) => "message_posted",
            Self::MessageEdited(_) => "message_edited",
            Self::MessageDeleted { .. } => "message_deleted",
            Self::CommandGiven { .. } => "command_given",
            Self::ReactionAdded { .. } => "reaction_added",
            Self::Untranslated { .. } => "untranslated",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// The platform's id of the message it is about, when it is about one.
    pub fn external_id(&self) -> Option<&str> {
        match self {
            Self::MessagePosted(posted) | Self::MessageEdited(posted) => Some(&posted.external_id),
            Self::MessageDeleted { external_id, .. } | Self::ReactionAdded { external_id, .. } => {
                Some(external_id)
            }
            Self::CommandGiven { .. } | Self::Untranslated { .. } | Self::Unknown { .. } => None,
        }
    }

    /// Where it happened, when that is known.
    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::MessagePosted(posted) | Self::MessageEdited(posted) => Some(&posted.place),
            Self::MessageDeleted { place, .. }
            | Self::CommandGiven { place, .. }
            | Self::ReactionAdded { place, .. } => Some(place),
            Self::Untranslated { .. } | Self::Unknown { .. } => None,
        }
    }
}

/// An event as a platform hands it to intake.
#[derive(Debug, Clone)]
pub struct Heard {
    /// The fact.
    pub event: Event,
    /// What it is known by: the message it is, and the ids of its transport copies. One key seen before makes the
    /// whole a repetition.
    pub keys: Vec<String>,
    /// The body as it came, for facts we may read again later.
    pub raw: Vec<u8>,
}

/// What intake says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// Committed as a new event.
    New(super::EventId),
    /// Known already; nothing was added but its new keys.
    Before(super::EventId),
}
