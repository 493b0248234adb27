//! The audit log: who changed, decided, refused, sent or configured what, where, and on whose behalf.
//!
//! 1. A row is written in the transaction of what it tells of, so that neither is there without the other.
//! 2. Rows are only ever added: the database refuses to change or remove one, and keeps them when what they tell of is forgotten.
//! 3. Writers add rows side by side; what puts them into an order that can be checked stands in `seals` and comes later.

mod chain;
mod reading;
mod seals;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

pub use chain::{Hash, follows};
pub use reading::{Filter, Record, get, last, list, runs_named};
pub use seals::{
    Seal, Sealed, batch, broken_batches, count_unsealed, extent, has_unsealed, lost, rows_at, seal,
    sealed_after, strangers, unsealed_after,
};

use super::db::sql;
use super::{StoreError, Tx};
use crate::domain::{Asker, AuditId, PersonId, Place, RunId};
use crate::telemetry::scrub;

/// Who did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who<'a> {
    /// A person, by the account they spoke with.
    Person(&'a Asker),
    /// Nobody: its time had come.
    Clock,
    /// Callsheet itself, mostly on somebody's behalf.
    Service,
    /// Whoever runs Callsheet, at the shell of its machine, by their name there.
    Operator(&'a str),
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was not allowed, and nothing was changed.
    Refused,
    /// It was tried and did not work, or it is not known whether it did.
    Failed,
}

/// What kind of actor somebody is, as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
enum Actor {
    Person,
    Clock,
    Service,
    Operator,
}

/// A row to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Who did it.
    pub who: Who<'a>,
    /// Where; without it, where the person spoke.
    pub place: Option<&'a Place>,
    /// What was done, as a noun and a verb that stay the same for ever: `delivery.sent`, `project.create`.
    pub action: &'a str,
    /// What it was done to, in canonical text: `delivery:<id>`, `project:apollo`, `acme/app#12`.
    pub subject: &'a str,
    /// For whom it was done, when that is somebody else than who did it.
    pub on_behalf: Option<PersonId>,
    /// What became of it.
    pub result: Outcome,
    /// The run it was part of.
    pub run: Option<RunId>,
    /// What exactly, in plain words. What looks like a secret is masked.
    pub detail: String,
}

/// Adds a row to the log, at a moment. Whoever reads it may do so years from now: names are kept as they are now.
///
/// # Errors
/// When the database fails.
pub async fn note(tx: &mut Tx, entry: &Entry<'_>, now: DateTime<Utc>) -> Result<(), StoreError> {
    let (actor, name, asker) = match entry.who {
        Who::Person(asker) => (Actor::Person, asker.name.as_str(), Some(asker)),
        Who::Clock => (Actor::Clock, "the clock", None),
        Who::Service => (Actor::Service, "Callsheet", None),
        Who::Operator(name) => (Actor::Operator, name, None),
    };
    let account = asker.map(|asker| &asker.account);
    let place = entry.place.or(asker.map(|asker| &asker.place));
    sql!(
        tx,
        execute,
        "INSERT INTO audit (id, noted_at, actor, actor_name, person_id, platform, workspace, user_id, place, action, subject,
             on_behalf_id, on_behalf_name, result, run_id, detail)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, (SELECT name FROM persons WHERE id = $12), $13, $14, $15)",
        AuditId::new(),
        now,
        actor,
        storable(name),
        asker.map(|asker| asker.person),
        account.map(|account| account.platform),
        account.map(|account| account.workspace.as_str()),
        account.map(|account| account.user_id.as_str()),
        place,
        entry.action,
        storable(entry.subject),
        entry.on_behalf,
        entry.result,
        entry.run,
        storable(&scrub(&entry.detail)),
    )?;
    Ok(())
}

/// A text that both databases can keep.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{FFFD}")
}

/// A text by its length and the beginning of its hash, by which a copy can be recognised.
pub fn words(text: &str) -> String {
    let hash = hex::encode(&Sha256::digest(text)[..8]);
    let count = text.chars().count();
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} character{plural}, SHA-256 {hash}…")
}
