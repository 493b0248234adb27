//! When a credential may be used next: rows, so that replicas share them.

use chrono::{DateTime, Utc};

use super::db::sql;
use super::{StoreError, Tx};

/// The moment from which every one of `scopes` is free; none when they are free already.
///
/// # Errors
/// When the database fails.
pub async fn free_at(
    tx: &mut Tx,
    scopes: &[&str],
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let mut free = now;
    for scope in scopes {
        let row = sql!(
            tx,
            fetch_optional as (DateTime<Utc>, DateTime<Utc>),
            {
                sqlite: "SELECT next_at, paused_until FROM pacing WHERE scope = $1",
                postgres: "SELECT next_at, paused_until FROM pacing WHERE scope = $1 FOR UPDATE",
            },
            *scope,
        )?;
        if let Some((next, paused)) = row {
            free = free.max(next).max(paused);
        }
    }
    Ok((free > now).then_some(free))
}

/// Takes a turn: the scope is free again at `next`.
///
/// # Errors
/// When the database fails.
pub async fn book(
    tx: &mut Tx,
    scope: &str,
    next: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sql!(
        tx,
        execute,
        "INSERT INTO pacing (scope, next_at, paused_until) VALUES ($1, $2, $3)
         ON CONFLICT (scope) DO UPDATE SET next_at = excluded.next_at",
        scope,
        next,
        now,
    )?;
    Ok(())
}

/// Stops a scope until a moment, as a platform asked for.
///
/// # Errors
/// When the database fails.
pub async fn pause(tx: &mut Tx, scope: &str, until: DateTime<Utc>) -> Result<(), StoreError> {
    sql!(
        tx,
        execute,
        "INSERT INTO pacing (scope, next_at, paused_until) VALUES ($1, $2, $2)
         ON CONFLICT (scope) DO UPDATE SET paused_until = excluded.paused_until
         WHERE pacing.paused_until < excluded.paused_until",
        scope,
        until,
    )?;
    Ok(())
}
