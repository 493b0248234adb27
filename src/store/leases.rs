//! Who of several processes does what only one shall do.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::db::sql;
use super::{StoreError, Tx};

/// What came of trying to take a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is ours, under this number.
    Ours(i64),
    /// Somebody else has it until then.
    Theirs(DateTime<Utc>),
}

/// Takes a lease that nobody has, until a moment.
///
/// # Errors
/// When the database fails.
pub async fn take(
    tx: &mut Tx,
    name: &str,
    holder: Uuid,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Taken, StoreError> {
    let ours = sql!(
        tx,
        fetch_optional as (i64,),
        "INSERT INTO leases (name, holder, number, until) VALUES ($1, $2, 1, $4)
         ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, number = leases.number + 1, until = excluded.until
         WHERE leases.until <= $3 RETURNING number",
        name,
        holder,
        now,
        until,
    )?;
    if let Some((number,)) = ours {
        return Ok(Taken::Ours(number));
    }
    let (until,) = sql!(
        tx,
        fetch_one as (DateTime<Utc>,),
        "SELECT until FROM leases WHERE name = $1",
        name,
    )?;
    Ok(Taken::Theirs(until))
}

/// Lengthens a lease; false when somebody else has taken it.
///
/// # Errors
/// When the database fails.
pub async fn renew(tx: &mut Tx, name: &str, number: i64, until: DateTime<Utc>) -> Result<bool, StoreError> {
    let held = sql!(
        tx,
        execute,
        "UPDATE leases SET until = $3 WHERE name = $1 AND number = $2",
        name,
        number,
        until,
    )?;
    Ok(held == 1)
}

/// Refuses the transaction of somebody whose lease was taken.
///
/// # Errors
/// [`StoreError::LeaseLost`], or when the database fails.
pub async fn check(tx: &mut Tx, name: &str, number: i64) -> Result<(), StoreError> {
    let held = sql!(
        tx,
        fetch_optional as (i64,),
        {
            sqlite: "SELECT number FROM leases WHERE name = $1 AND number = $2",
            // Locked, so that nobody takes it before the commit.
            postgres: "SELECT number FROM leases WHERE name = $1 AND number = $2 FOR SHARE",
        },
        name,
        number,
    )?;
    held.map(drop).ok_or(StoreError::LeaseLost)
}
