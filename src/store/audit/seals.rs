//! The chain: rows that were committed get a position, one after another, and a hash over all that stands before.
//!
//! 1. Whoever seals holds the row of batch 0 until the commit: of several replicas one makes the chain longer at a time, and
//!    none forks it, since a position and a batch are there once. Writers are not kept waiting by that.
//! 2. A row that is committed late is sealed late. The position counts, not the moment in the row.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::reading::{columns, get};
use super::{Hash, Record, follows};
use crate::domain::AuditId;
use crate::store::db::sql;
use crate::store::{StoreError, Tx};

/// A position of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sealed {
    /// The position, from 1.
    pub position: i64,
    /// The row that stands there.
    pub row: AuditId,
    /// The batch it was sealed with.
    pub batch: i64,
    /// The hash of the row behind the one before it.
    pub hash: Hash,
}

/// A batch: what was sealed at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seal {
    /// Its number, from 1; number 0 is the beginning of the chain, and empty.
    pub batch: i64,
    /// Its first position.
    pub first: i64,
    /// Its last position.
    pub last: i64,
    /// The hash of its last position.
    pub hash: Hash,
    /// When it was sealed.
    pub sealed_at: DateTime<Utc>,
}

/// A row of `audit_seals`.
type SealRow = (i64, i64, i64, Vec<u8>, DateTime<Utc>);

impl From<SealRow> for Seal {
    fn from((batch, first, last, hash, sealed_at): SealRow) -> Self {
        Self {
            batch,
            first,
            last,
            hash: stored(&hash),
            sealed_at,
        }
    }
}

/// A hash as stored. What somebody has put in its place is no hash of anything.
fn stored(bytes: &[u8]) -> Hash {
    Hash(bytes.try_into().unwrap_or_default())
}

/// Whether a row waits to be sealed.
///
/// # Errors
/// When the database fails.
pub async fn has_unsealed(tx: &mut Tx) -> Result<bool, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (AuditId,),
        "SELECT row_id FROM audit_unsealed LIMIT 1"
    )?;
    Ok(row.is_some())
}

/// Seals at most `limit` rows as one batch, in the order of their moments; how many there were.
///
/// # Errors
/// When the database fails, or the beginning of the chain is gone.
pub async fn seal(tx: &mut Tx, now: DateTime<Utc>, limit: i64) -> Result<usize, StoreError> {
    let head = head(tx).await?;
    let rows = sql!(
        tx,
        fetch_all as Record,
        concat!(
            "SELECT ",
            columns!(),
            " FROM audit_unsealed u JOIN audit a ON a.id = u.row_id ORDER BY a.noted_at, a.id LIMIT $1"
        ),
        limit,
    )?;
    if rows.is_empty() {
        return Ok(0);
    }
    let mut next = Seal {
        batch: head.batch + 1,
        first: head.last + 1,
        sealed_at: now,
        ..head
    };
    for row in &rows {
        next.last += 1;
        next.hash = follows(next.hash, row);
        sql!(
            tx,
            execute,
            "INSERT INTO audit_sealed (position, row_id, batch, hash) VALUES ($1, $2, $3, $4)",
            next.last,
            row.id,
            next.batch,
            &next.hash.0[..],
        )?;
    }
    sql!(
        tx,
        execute,
        "INSERT INTO audit_seals (batch, first_position, last_position, hash, sealed_at) VALUES ($1, $2, $3, $4, $5)",
        next.batch,
        next.first,
        next.last,
        &next.hash.0[..],
        next.sealed_at,
    )?;
    sql!(
        tx,
        execute,
        "DELETE FROM audit_unsealed WHERE row_id IN (SELECT row_id FROM audit_sealed WHERE batch = $1)",
        next.batch,
    )?;
    Ok(rows.len())
}

/// The last batch; nobody else makes the chain longer until the transaction ends.
async fn head(tx: &mut Tx) -> Result<Seal, StoreError> {
    let beginning = sql!(
        tx,
        fetch_optional as (i64,),
        {
            sqlite: "SELECT batch FROM audit_seals WHERE batch = 0",
            postgres: "SELECT batch FROM audit_seals WHERE batch = 0 FOR UPDATE",
        },
    )?;
    // What was sealed while we waited is seen by a second statement only.
    let last = sql!(
        tx,
        fetch_optional as SealRow,
        "SELECT batch, first_position, last_position, hash, sealed_at FROM audit_seals ORDER BY batch DESC LIMIT 1",
    )?;
    let last = last.filter(|_| beginning.is_some());
    last.map(Seal::from).ok_or_else(|| StoreError::Unreadable {
        what: "the audit log",
        why: "its beginning was removed".to_owned(),
    })
}

/// The positions behind one, in their order; `limit` at most.
///
/// # Errors
/// When the database fails.
pub async fn sealed_after(tx: &mut Tx, position: i64, limit: i64) -> Result<Vec<Sealed>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (i64, AuditId, i64, Vec<u8>),
        "SELECT position, row_id, batch, hash FROM audit_sealed WHERE position > $1 ORDER BY position LIMIT $2",
        position,
        limit,
    )?;
    let sealed = |(position, row, batch, hash): (i64, AuditId, i64, Vec<u8>)| Sealed {
        position,
        row,
        batch,
        hash: stored(&hash),
    };
    Ok(rows.into_iter().map(sealed).collect())
}

/// The rows at some positions: none for one that holds what cannot be read, nothing for one that is gone.
///
/// # Errors
/// When the database fails.
pub async fn rows_at(tx: &mut Tx, sealed: &[Sealed]) -> Result<HashMap<AuditId, Option<Record>>, StoreError> {
    let (Some(first), Some(last)) = (sealed.first(), sealed.last()) else {
        return Ok(HashMap::new());
    };
    let rows = sql!(
        tx,
        fetch_all as Record,
        concat!(
            "SELECT ",
            columns!(),
            " FROM audit_sealed s JOIN audit a ON a.id = s.row_id WHERE s.position BETWEEN $1 AND $2 ORDER BY s.position"
        ),
        first.position,
        last.position,
    );
    match rows {
        Ok(rows) => Ok(rows.into_iter().map(|row| (row.id, Some(row))).collect()),
        Err(error) if cannot_be_read(&error) => one_by_one(tx, sealed).await,
        Err(error) => Err(error),
    }
}

/// See [`rows_at`]; slower.
async fn one_by_one(tx: &mut Tx, sealed: &[Sealed]) -> Result<HashMap<AuditId, Option<Record>>, StoreError> {
    let mut rows = HashMap::new();
    for Sealed { row, .. } in sealed {
        match get(tx, *row).await {
            Ok(Some(record)) => drop(rows.insert(*row, Some(record))),
            Ok(None) => {}
            Err(error) if cannot_be_read(&error) => drop(rows.insert(*row, None)),
            Err(error) => return Err(error),
        }
    }
    Ok(rows)
}

/// Whether a row was there and one of its columns is none that we could have written.
fn cannot_be_read(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Sql(sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_))
    )
}

/// How far the chain goes: its last position, and its last batch.
///
/// # Errors
/// When the database fails.
pub async fn extent(tx: &mut Tx) -> Result<(i64, i64), StoreError> {
    let (position, batch, sealed) = sql!(
        tx,
        fetch_one as (i64, i64, i64),
        "SELECT COALESCE(MAX(position), 0), COALESCE(MAX(batch), 0),
             (SELECT COALESCE(MAX(batch), 0) FROM audit_seals) FROM audit_sealed",
    )?;
    Ok((position, batch.max(sealed)))
}

/// A batch by its number.
///
/// # Errors
/// When the database fails.
pub async fn batch(tx: &mut Tx, number: i64) -> Result<Option<Seal>, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as SealRow,
        "SELECT batch, first_position, last_position, hash, sealed_at FROM audit_seals WHERE batch = $1",
        number,
    )?;
    Ok(row.map(Seal::from))
}

/// The batches behind one up to another that do not fit the positions they were sealed with, or do not follow the one before.
///
/// # Errors
/// When the database fails.
pub async fn broken_batches(tx: &mut Tx, after: i64, up_to: i64) -> Result<Vec<i64>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (i64,),
        "SELECT batch FROM (
             SELECT b.batch FROM audit_seals b WHERE b.batch > $1 AND b.batch <= $2 AND (
                 NOT EXISTS (SELECT 1 FROM audit_sealed s
                     WHERE s.position = b.last_position AND s.batch = b.batch AND s.hash = b.hash)
                 OR NOT EXISTS (SELECT 1 FROM audit_seals p
                     WHERE p.batch = b.batch - 1 AND p.last_position = b.first_position - 1)
                 OR (SELECT COUNT(*) FROM audit_sealed s WHERE s.batch = b.batch) <> b.last_position - b.first_position + 1)
             UNION
             SELECT s.batch FROM audit_sealed s WHERE s.batch > $1 AND s.batch <= $2
                 AND NOT EXISTS (SELECT 1 FROM audit_seals b WHERE b.batch = s.batch
                     AND s.position BETWEEN b.first_position AND b.last_position)) AS broken
         ORDER BY batch",
        after,
        up_to,
    )?;
    Ok(rows.into_iter().map(|(batch,)| batch).collect())
}

/// The rows that wait to be sealed, by their ids from one on; `limit` at most.
///
/// # Errors
/// When the database fails.
pub async fn unsealed_after(
    tx: &mut Tx,
    after: Option<AuditId>,
    limit: i64,
) -> Result<Vec<Record>, StoreError> {
    sql!(
        tx,
        fetch_all as Record,
        concat!(
            "SELECT ",
            columns!(),
            " FROM audit_unsealed u JOIN audit a ON a.id = u.row_id WHERE u.row_id > $1 ORDER BY u.row_id LIMIT $2"
        ),
        after.map_or_else(uuid::Uuid::nil, |id| id.0),
        limit,
    )
}

/// How many rows wait to be sealed.
///
/// # Errors
/// When the database fails.
pub async fn count_unsealed(tx: &mut Tx) -> Result<i64, StoreError> {
    let (count,) = sql!(tx, fetch_one as (i64,), "SELECT COUNT(*) FROM audit_unsealed")?;
    Ok(count)
}

/// Rows that stand in the log and neither in the chain nor among those that wait: they were put there past the database's rules.
///
/// # Errors
/// When the database fails.
pub async fn strangers(tx: &mut Tx, limit: i64) -> Result<Vec<AuditId>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (AuditId,),
        "SELECT a.id FROM audit a WHERE NOT EXISTS (SELECT 1 FROM audit_sealed s WHERE s.row_id = a.id)
             AND NOT EXISTS (SELECT 1 FROM audit_unsealed u WHERE u.row_id = a.id) ORDER BY a.id LIMIT $1",
        limit,
    )?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Rows that wait to be sealed, and are gone.
///
/// # Errors
/// When the database fails.
pub async fn lost(tx: &mut Tx, limit: i64) -> Result<Vec<AuditId>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (AuditId,),
        "SELECT u.row_id FROM audit_unsealed u WHERE NOT EXISTS (SELECT 1 FROM audit a WHERE a.id = u.row_id)
         ORDER BY u.row_id LIMIT $1",
        limit,
    )?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}
