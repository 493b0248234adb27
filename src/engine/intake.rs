//! Intake: the one function through which everything that happens comes in.
//!
//! 1. *Commit before ack*: when [`commit`] returns, the event stays; only then is the platform told "received".
//! 2. *Once in*: a copy of an event that is there adds nothing but its keys.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::Engine;
use crate::domain::{EventId, Heard, Place, Seen};
use crate::store::queue::{self, Kind};
use crate::store::{StoreError, Tx, inbox};

/// The lane that keeps the events of a place in order.
fn lane(place: Option<&Place>) -> String {
    place.map_or_else(|| "event:nowhere".to_owned(), |place| format!("event:{place}"))
}

/// Commits an event and the work on it.
///
/// # Errors
/// When the database fails; the platform must then not be told "received".
pub async fn commit(engine: &Engine, heard: &Heard) -> Result<Seen, StoreError> {
    let kept = keep(engine, heard).await;
    match &kept {
        Ok(seen) => {
            engine.database_kept();
            if let Seen::New(_) = seen {
                engine.wake();
            }
        }
        Err(error) => engine.database_failed(error),
    }
    kept
}

/// The same for somebody who waits no longer than `span`. What is committed all the same is a copy when it comes again.
///
/// # Errors
/// When the database fails or takes longer; the platform must then not be told "received".
pub async fn commit_within(engine: &Engine, heard: &Heard, span: Duration) -> Result<Seen, StoreError> {
    let kept = engine.clock.timeout(span, commit(engine, heard)).await;
    kept.unwrap_or_else(|_| {
        let late = StoreError::Late(span);
        engine.database_failed(&late);
        Err(late)
    })
}

async fn keep(engine: &Engine, heard: &Heard) -> Result<Seen, StoreError> {
    let mut tx = engine.db.begin().await?;
    let seen = add(&mut tx, heard, engine.clock.now()).await?;
    tx.commit("intake").await?;
    Ok(seen)
}

/// Commits nothing itself: adds an event and the work on it.
///
/// # Errors
/// When the database fails.
pub async fn add(tx: &mut Tx, heard: &Heard, now: DateTime<Utc>) -> Result<Seen, StoreError> {
    let seen = inbox::insert(tx, heard, now).await?;
    if let Seen::New(id) = seen {
        queue::enqueue(tx, Kind::Event, &lane(heard.event.place()), id.0, now, now).await?;
    }
    Ok(seen)
}

/// Commits nothing itself: an event that could only be kept is understood now, and its work begins where it belongs. False
/// when it was a copy of another one.
///
/// # Errors
/// When the database fails.
pub async fn understood(
    tx: &mut Tx,
    id: EventId,
    heard: &Heard,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let first = inbox::understood(tx, id, heard, now).await?;
    if first {
        queue::enqueue(tx, Kind::Event, &lane(heard.event.place()), id.0, now, now).await?;
    }
    Ok(first)
}
