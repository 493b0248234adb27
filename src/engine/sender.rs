//! The seam to the platforms: how one delivery is sent, and how a lost answer is looked up.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;

use crate::domain::{Effect, Place, Platform};

/// One attempt, as a sender sees it.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// The delivery's id: what is made outside carries it as a mark, where the platform has room for one.
    pub mark: uuid::Uuid,
    /// Where it goes.
    pub place: Place,
    /// What it brings about.
    pub effect: Effect,
    /// The text, in the platform's dialect.
    pub text: String,
    /// The message to edit; none for a new one.
    pub external_id: Option<String>,
    /// The text that stood there when we were last sure; an edit replaces nothing else.
    pub sent_text: String,
    /// Whether the text is the last one; a passing one need not be shown at any price.
    pub last: bool,
    /// When the attempt began.
    pub since: DateTime<Utc>,
    /// What other deliveries made at the place since a minute before then, by its ids there: a look-up that goes by the text must not take
    /// them for this one. Empty for a send.
    pub others: Vec<String>,
}

/// The platform's word that it happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The platform's id of what was made or changed.
    pub external_id: String,
    /// The page people open.
    pub url: Option<String>,
    /// When it was made, by the platform's clock.
    pub at: Option<DateTime<Utc>>,
    /// What of it the platform left out, in words; e.g. a login that cannot be assigned.
    pub note: Option<String>,
    /// Where answers to the new message will be said, when that is a place of its own (a Slack thread).
    pub thread: Option<Place>,
}

/// What became of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It happened.
    Delivered(Receipt),
    /// Nothing happened; try again, not before the moment the platform named.
    NotSent {
        /// The platform's own word on when, e.g. `Retry-After`; it then holds for the whole credential.
        retry_at: Option<DateTime<Utc>>,
        /// What went wrong.
        why: String,
    },
    /// Nothing happened; the platform holds back this one thing (a place, a message) until a moment, and nothing else that
    /// the credential does.
    HeldBack {
        /// The platform's own word on when.
        until: DateTime<Utc>,
        /// What it said.
        why: String,
    },
    /// Nothing happened, and trying again would not help.
    Refused(String),
    /// The message to edit is gone.
    Vanished,
    /// Somebody else changed it meanwhile.
    Changed(String),
    /// It may have happened.
    Unknown(String),
}

/// What a look-up says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// It happened.
    Yes(Receipt),
    /// There is no sign of it.
    No,
    /// Somebody else changed it meanwhile.
    Changed(String),
    /// The look-up itself did not work; look again later.
    CannotTell(String),
    /// There is no way to look it up.
    Never(String),
}

/// A platform's way out. Implemented by every platform and by the shell.
pub trait Sender: Send + Sync + 'static {
    /// Makes one attempt. Once a byte was written, only the platform's receipt or refusal avoids
    /// [`Outcome::Unknown`].
    fn send<'a>(&'a self, out: &'a Outgoing) -> BoxFuture<'a, Outcome>;

    /// Looks for the effect of an earlier attempt, by our own author id.
    fn find<'a>(&'a self, out: &'a Outgoing) -> BoxFuture<'a, Found>;

    /// How far apart uses of the credential, messages to one place, and passing edits of one message are.
    fn pace(&self) -> Pace;

    /// Whose identity sends to a place, e.g. `slack:T1`.
    fn credential(&self, place: &Place) -> String;
}

/// The spacing a platform asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Between two uses of the credential.
    pub credential: std::time::Duration,
    /// Between two messages to one place.
    pub place: std::time::Duration,
    /// Between two passing edits of one message.
    pub edits: std::time::Duration,
}

/// The senders of the platforms that are set up.
#[derive(Clone, Default)]
pub struct Senders(HashMap<Platform, Arc<dyn Sender>>);

impl Senders {
    /// Adds the sender of a platform.
    #[must_use]
    pub fn with(mut self, platform: Platform, sender: Arc<dyn Sender>) -> Self {
        self.0.insert(platform, sender);
        self
    }

    /// The sender for a place.
    pub fn of(&self, place: &Place) -> Option<&Arc<dyn Sender>> {
        self.0.get(&place.platform())
    }

    /// Whose identity sends to a place; a platform that is not set up has none and is named instead.
    pub fn credential(&self, place: &Place) -> String {
        self.of(place).map_or_else(
            || format!("none:{:?}", place.platform()),
            |sender| sender.credential(place),
        )
    }
}
