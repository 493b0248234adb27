//! The shell: what `callsheet ask` says, and the way its answers go. The answer is read from the outbox's own row, so a
//! delivery has arrived as soon as it stands there.

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use uuid::Uuid;

use crate::domain::{
    AccountKey, Addressed, Author, AuthorKind, Effect, Event, Heard, Place, Platform, Posted, clean,
};
use crate::engine::sender::{Found, Outcome, Outgoing, Pace, Receipt, Sender};

/// The place where a user of the machine talks with us; letters outside the plain ones are left out of its address.
pub fn place(user: &str) -> Place {
    let session: String = user
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
        .collect();
    Place::Shell {
        session: if session.is_empty() {
            "user".to_owned()
        } else {
            session
        },
    }
}

/// What a question of the shell is known by.
pub fn key(id: Uuid) -> String {
    format!("shell:{id}")
}

/// What a user of the machine asked.
pub fn heard(user: &str, text: &str, id: Uuid, now: DateTime<Utc>) -> Heard {
    let account = AccountKey {
        platform: Platform::Shell,
        workspace: String::new(),
        user_id: user.to_owned(),
    };
    let posted = Posted {
        place: place(user),
        external_id: id.to_string(),
        author: Author {
            account,
            name: user.to_owned(),
            kind: AuthorKind::Human,
        },
        text: clean(text),
        mentions: Vec::new(),
        addressed: Addressed::Us,
        mark: None,
        reply: None,
        at: now,
    };
    Heard {
        event: Event::MessagePosted(posted),
        keys: vec![key(id)],
        raw: text.as_bytes().to_vec(),
    }
}

/// The shell's way out.
pub struct ShellSender;

impl ShellSender {
    fn receipt(out: &Outgoing) -> Receipt {
        Receipt {
            external_id: out.mark.to_string(),
            url: None,
            at: None,
            note: None,
            thread: None,
        }
    }
}

impl Sender for ShellSender {
    fn send<'a>(&'a self, out: &'a Outgoing) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            match out.effect {
                Effect::Message { .. } => Outcome::Delivered(Self::receipt(out)),
                _ => Outcome::Refused("the shell takes only messages".to_owned()),
            }
        })
    }

    fn find<'a>(&'a self, out: &'a Outgoing) -> BoxFuture<'a, Found> {
        Box::pin(async move { Found::Yes(Self::receipt(out)) })
    }

    fn pace(&self) -> Pace {
        Pace {
            credential: Duration::ZERO,
            place: Duration::ZERO,
            edits: Duration::ZERO,
        }
    }

    fn credential(&self, _: &Place) -> String {
        "shell".to_owned()
    }
}
