//! Intake: the one function through which everything that happens comes in.
//!
//! 1. *Commit before ack*: when [`commit`] returns, the event stays; only then is the platform told "received".
//! 2. *Once in*: a copy of an event that is there adds nothing but its keys.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::Engine;
use crate::domain::{Event, EventId, Heard, Seen, control};
use crate::store::queue::{self, Kind};
use crate::store::{StoreError, Tx, inbox};

/// How far back what was missed may be read. Well within the 30 days for which an event's keys are kept at least: what is
/// older would look new.
pub const REACH: TimeDelta = TimeDelta::days(14);

/// The work on an event and its lane. A place's events keep their order; a control word has a lane and workers of its own, so
/// that it waits behind nothing that it is about.
fn lane(event: &Event) -> (Kind, String) {
    let place = event
        .place()
        .map_or_else(|| "nowhere".to_owned(), ToString::to_string);
    match control(event) {
        Some(_) => (Kind::Control, format!("control:{place}")),
        None => (Kind::Event, events_at(&place)),
    }
}

/// The lane of a place's events.
pub fn events_at(place: &impl std::fmt::Display) -> String {
    format!("event:{place}")
}

/// Enqueues the work on an event.
async fn enqueue(tx: &mut Tx, id: EventId, event: &Event, now: DateTime<Utc>) -> Result<(), StoreError> {
    let (kind, lane) = lane(event);
    queue::enqueue(tx, kind, &lane, id.0, now, now).await
}

/// Commits an event and the work on it.
///
/// # Errors
/// When the database fails; the platform must then not be told "received".
pub async fn commit(engine: &Engine, heard: &Heard) -> Result<Seen, StoreError> {
    let kept = keep(engine, heard).await;
    note(engine, &kept);
    kept
}

/// What follows when an event was committed, or could not be: whoever works on it is woken, and health tells.
pub fn note(engine: &Engine, kept: &Result<Seen, StoreError>) {
    match kept {
        Ok(seen) => {
            engine.database_kept();
            if let Seen::New(_) = seen {
                engine.wake();
            }
        }
        Err(error) => engine.database_failed(error),
    }
}

/// The same for somebody who waits no longer than `span`. What is committed all the same is a copy when it comes again.
///
/// # Errors
/// When the database fails or takes longer; the platform must then not be told "received".
pub async fn commit_within(engine: &Engine, heard: &Heard, span: Duration) -> Result<Seen, StoreError> {
    within(engine, span, commit(engine, heard)).await
}

/// Waits for a commit no longer than `span`; see [`commit_within`].
///
/// # Errors
/// When the database fails or takes longer.
pub async fn within(
    engine: &Engine,
    span: Duration,
    committing: impl Future<Output = Result<Seen, StoreError>>,
) -> Result<Seen, StoreError> {
    let kept = engine.clock.timeout(span, committing).await;
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
        enqueue(tx, id, &heard.event, now).await?;
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
        enqueue(tx, id, &heard.event, now).await?;
    }
    Ok(first)
}
