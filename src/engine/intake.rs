//! Intake: the one function through which everything that happens comes in.
//!
//! 1. *Commit before ack*: when [`commit`] returns, the event stays; only then is the platform told "received".
//! 2. *Once in*: a copy of an event that is there adds nothing but its keys.

use super::Engine;
use crate::domain::{Heard, Place, Seen};
use crate::store::queue::{self, Kind};
use crate::store::{StoreError, inbox};

/// The lane that keeps the events of a place in order.
fn lane(place: Option<&Place>) -> String {
    place.map_or_else(|| "event:nowhere".to_owned(), |place| format!("event:{place}"))
}

/// Commits an event and the work on it.
///
/// # Errors
/// When the database fails; the platform must then not be told "received".
pub async fn commit(engine: &Engine, heard: &Heard) -> Result<Seen, StoreError> {
    let now = engine.clock.now();
    let mut tx = engine.db.begin().await?;
    let seen = inbox::insert(&mut tx, heard, now).await?;
    if let Seen::New(id) = seen {
        queue::enqueue(&mut tx, Kind::Event, &lane(heard.event.place()), id.0, now, now).await?;
    }
    tx.commit("intake").await?;
    if let Seen::New(_) = seen {
        engine.wake();
    }
    Ok(seen)
}
