//! How far the messages of a place have been read, so that what was said while we were away can be asked for.

use chrono::{DateTime, Utc};

use super::db::sql;
use super::projects::like;
use super::{StoreError, Tx};
use crate::domain::{Place, Platform};

/// How far one place has been read.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Watermark {
    /// The place.
    pub place: Place,
    /// Nothing that is older is ever asked for.
    pub first_id: i64,
    /// The newest message that is committed.
    pub last_id: i64,
}

/// Notes that everything up to a message is committed; the first message noted is where reading begins.
///
/// # Errors
/// When the database fails.
pub async fn advance(tx: &mut Tx, place: &Place, id: i64, now: DateTime<Utc>) -> Result<(), StoreError> {
    sql!(
        tx,
        execute,
        "INSERT INTO watermarks (place, first_id, last_id, updated_at) VALUES ($1, $2, $2, $3)
         ON CONFLICT (place) DO UPDATE SET last_id = excluded.last_id, updated_at = excluded.updated_at
         WHERE watermarks.last_id < excluded.last_id",
        place,
        id,
        now,
    )?;
    Ok(())
}

/// Gives a place a mark when it has none: reading begins after `id`. One that is there stays where it is.
///
/// # Errors
/// When the database fails.
pub async fn begin(tx: &mut Tx, place: &Place, id: i64, now: DateTime<Utc>) -> Result<(), StoreError> {
    sql!(
        tx,
        execute,
        "INSERT INTO watermarks (place, first_id, last_id, updated_at) VALUES ($1, $2, $2, $3)
         ON CONFLICT (place) DO NOTHING",
        place,
        id,
        now,
    )?;
    Ok(())
}

/// Whether a place has a mark, a conversation with us, or is bound to a project.
///
/// # Errors
/// When the database fails.
pub async fn concerns_us(tx: &mut Tx, place: &Place) -> Result<bool, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (Place,),
        "SELECT place FROM watermarks WHERE place = $1
         UNION SELECT place FROM conversation_places WHERE place = $1
         UNION SELECT place FROM project_places WHERE place = $2",
        place,
        place.root(),
    )?;
    Ok(row.is_some())
}

/// The marks of a platform, those first that moved last.
///
/// # Errors
/// When the database fails.
pub async fn of(tx: &mut Tx, platform: Platform, limit: i64) -> Result<Vec<Watermark>, StoreError> {
    sql!(
        tx,
        fetch_all as Watermark,
        "SELECT place, first_id, last_id FROM watermarks WHERE place LIKE $1 ORDER BY updated_at DESC, place LIMIT $2",
        like(platform),
        limit,
    )
}

/// The places of a platform where we take part or are bound, and that have no mark yet.
///
/// # Errors
/// When the database fails.
pub async fn missing(tx: &mut Tx, platform: Platform) -> Result<Vec<Place>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (Place,),
        "SELECT place FROM conversation_places WHERE place LIKE $1 AND place NOT IN (SELECT place FROM watermarks)
         UNION SELECT place FROM project_places WHERE place LIKE $1 AND place NOT IN (SELECT place FROM watermarks)",
        like(platform),
    )?;
    Ok(rows.into_iter().map(|(place,)| place).collect())
}
