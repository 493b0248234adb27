//! Facts that reached us, and what they are known by.

use chrono::{DateTime, TimeDelta, Utc};

use super::db::sql;
use super::{Doc, StoreError, Tx};
use crate::domain::{Event, EventId, Heard, Place, Posted, Seen};

/// How long ago a key may have been seen without being marked again: copies mostly come within minutes, and need no write.
/// Far less than the shortest time that events are kept.
const SEEN_LATELY: TimeDelta = TimeDelta::hours(1);

/// Commits nothing itself: adds an event unless one of its keys is known, and its new keys in either case.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &mut Tx, heard: &Heard, now: DateTime<Utc>) -> Result<Seen, StoreError> {
    let mut known = None;
    let mut to_mark = Vec::new();
    for key in &heard.keys {
        let row = sql!(
            tx,
            fetch_optional as (EventId, DateTime<Utc>),
            "SELECT event_id, seen_at FROM event_keys WHERE key = $1",
            key,
        )?;
        known = known.or(row.map(|(id, _)| id));
        if row.is_none_or(|(_, seen_at)| seen_at < now - SEEN_LATELY) {
            to_mark.push(key);
        }
    }
    if let Some(id) = known {
        add_keys(tx, id, to_mark, now).await?;
        return Ok(Seen::Before(id));
    }
    let id = EventId::new();
    sql!(
        tx,
        execute,
        "INSERT INTO inbox_events (id, name, place, external_id, body, raw, received_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        id,
        heard.event.name(),
        heard.event.place(),
        heard.event.external_id(),
        Doc(&heard.event),
        &heard.raw,
        now,
    )?;
    let first = add_keys(tx, id, to_mark, now).await?;
    if first == id {
        return Ok(Seen::New(id));
    }
    // A copy was committed by another process between our look and our write: theirs stands.
    sql!(tx, execute, "DELETE FROM inbox_events WHERE id = $1", id)?;
    Ok(Seen::Before(first))
}

/// Puts what an event turned out to be in the place of what was kept of it; false when another event told the same before.
///
/// # Errors
/// When the database fails.
pub async fn understood(
    tx: &mut Tx,
    id: EventId,
    heard: &Heard,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    if add_keys(tx, id, heard.keys.iter().collect(), now).await? != id {
        return Ok(false);
    }
    sql!(
        tx,
        execute,
        "UPDATE inbox_events SET name = $2, place = $3, external_id = $4, body = $5 WHERE id = $1",
        id,
        heard.event.name(),
        heard.event.place(),
        heard.event.external_id(),
        Doc(&heard.event),
    )?;
    Ok(true)
}

/// Adds keys and returns the event that owns the first of them that was there, else `id`.
async fn add_keys(
    tx: &mut Tx,
    id: EventId,
    mut keys: Vec<&String>,
    now: DateTime<Utc>,
) -> Result<EventId, StoreError> {
    let mut owner = id;
    // In one order everywhere, so that two writers with the same keys wait for each other instead of deadlocking.
    keys.sort();
    for key in keys {
        let (owned_by,) = sql!(
            tx,
            fetch_one as (EventId,),
            "INSERT INTO event_keys (key, event_id, seen_at) VALUES ($1, $2, $3)
             ON CONFLICT (key) DO UPDATE SET seen_at = excluded.seen_at RETURNING event_id",
            key,
            id,
            now,
        )?;
        if owner == id {
            owner = owned_by;
        }
    }
    Ok(owner)
}

/// An event and when it was received.
///
/// # Errors
/// When the database fails, or the event cannot be read.
pub async fn get(tx: &mut Tx, id: EventId) -> Result<Option<(Event, DateTime<Utc>)>, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (Doc<Event>, DateTime<Utc>),
        "SELECT body, received_at FROM inbox_events WHERE id = $1",
        id,
    )?;
    Ok(row.map(|(Doc(event), at)| (event, at)))
}

/// The body of an event as it came.
///
/// # Errors
/// When the database fails.
pub async fn raw(tx: &mut Tx, id: EventId) -> Result<Option<Vec<u8>>, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (Vec<u8>,),
        "SELECT raw FROM inbox_events WHERE id = $1",
        id,
    )?;
    Ok(row.map(|(raw,)| raw))
}

/// Whether an event with this key is there.
///
/// # Errors
/// When the database fails.
pub async fn knows(tx: &mut Tx, key: &str) -> Result<bool, StoreError> {
    Ok(with_key(tx, key).await?.is_some())
}

/// The event that a key belongs to.
///
/// # Errors
/// When the database fails.
pub async fn with_key(tx: &mut Tx, key: &str) -> Result<Option<EventId>, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (EventId,),
        "SELECT event_id FROM event_keys WHERE key = $1",
        key,
    )?;
    Ok(row.map(|(id,)| id))
}

/// What the event with a key meant to us, when that is decided.
///
/// # Errors
/// When the database fails.
pub async fn meaning(tx: &mut Tx, key: &str) -> Result<Option<String>, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (Option<String>,),
        "SELECT e.meaning FROM inbox_events e JOIN event_keys k ON k.event_id = e.id WHERE k.key = $1",
        key,
    )?;
    Ok(row.and_then(|(meaning,)| meaning))
}

/// Empties what came about a message that was taken back.
///
/// # Errors
/// When the database fails.
pub async fn forget_message(tx: &mut Tx, place: &Place, external_id: &str) -> Result<(), StoreError> {
    let nothing = Event::Unknown {
        name: "taken back".to_owned(),
    };
    sql!(
        tx,
        execute,
        "UPDATE inbox_events SET body = $3, raw = $4 WHERE place = $1 AND external_id = $2 AND meaning IS NOT NULL",
        place,
        external_id,
        Doc(&nothing),
        Vec::<u8>::new(),
    )?;
    Ok(())
}

/// What became of a message before it came itself, since `since`: platforms do not promise an order. The newest word counts.
///
/// # Errors
/// When the database fails.
pub async fn overtaken(
    tx: &mut Tx,
    place: &Place,
    external_id: &str,
    since: DateTime<Utc>,
) -> Result<Option<Overtaken>, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (String, Doc<Event>),
        "SELECT name, body FROM inbox_events WHERE place = $1 AND external_id = $2 AND received_at >= $3
            AND name IN ('message_edited', 'message_deleted') AND meaning IS NOT NULL
         ORDER BY received_at DESC LIMIT 1",
        place,
        external_id,
        since,
    )?;
    Ok(row.and_then(|(name, Doc(event))| match event {
        Event::MessageEdited(posted) => Some(Overtaken::Edited(Box::new(posted))),
        _ if name == "message_deleted" => Some(Overtaken::Deleted),
        _ => None,
    }))
}

/// What became of a message before it came.
#[derive(Debug)]
pub enum Overtaken {
    /// It reads like this now.
    Edited(Box<Posted>),
    /// It is gone.
    Deleted,
}

/// Notes what an event meant to us.
///
/// # Errors
/// When the database fails.
pub async fn set_meaning(tx: &mut Tx, id: EventId, meaning: &str) -> Result<(), StoreError> {
    sql!(
        tx,
        execute,
        "UPDATE inbox_events SET meaning = $2 WHERE id = $1",
        id,
        meaning
    )?;
    Ok(())
}

/// Empties an event that is none of our business: what people say elsewhere is not ours to keep.
///
/// # Errors
/// When the database fails.
pub async fn forget(tx: &mut Tx, id: EventId, meaning: &str) -> Result<(), StoreError> {
    let nothing = Event::Unknown {
        name: meaning.to_owned(),
    };
    sql!(
        tx,
        execute,
        "UPDATE inbox_events SET meaning = $2, body = $3, raw = $4 WHERE id = $1",
        id,
        meaning,
        Doc(&nothing),
        Vec::<u8>::new(),
    )?;
    Ok(())
}

/// What is in the inbox: name, meaning, and the size of what is kept; for tests and the operator.
///
/// # Errors
/// When the database fails.
pub async fn summary(tx: &mut Tx) -> Result<Vec<(String, Option<String>, i64)>, StoreError> {
    sql!(
        tx,
        fetch_all as (String, Option<String>, i64),
        {
            sqlite: "SELECT name, meaning, CAST(length(raw) AS INTEGER) FROM inbox_events ORDER BY received_at, id",
            postgres: "SELECT name, meaning, CAST(octet_length(raw) AS BIGINT) FROM inbox_events ORDER BY received_at, id",
        },
    )
}
