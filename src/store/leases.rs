//! Who of several processes does what only one shall do.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::db::sql;
use super::{StoreError, Tx};

/// A lease as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Lease {
    /// Counts the holders.
    pub number: i64,
    /// Until when it is held; at [`given_back`] by nobody.
    pub until: DateTime<Utc>,
}

/// The moment that stands in a lease that was given back.
pub fn given_back() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH
}

/// A lease; none when nobody ever had it.
///
/// # Errors
/// When the database fails.
pub async fn get(tx: &mut Tx, name: &str) -> Result<Option<Lease>, StoreError> {
    sql!(
        tx,
        fetch_optional as Lease,
        "SELECT number, until FROM leases WHERE name = $1",
        name,
    )
}

/// Takes a lease that still stands as it was `seen`, until a moment; its new number, or none when somebody was quicker.
///
/// # Errors
/// When the database fails.
pub async fn take(
    tx: &mut Tx,
    name: &str,
    holder: Uuid,
    seen: Option<Lease>,
    until: DateTime<Utc>,
) -> Result<Option<i64>, StoreError> {
    let seen = seen.unwrap_or(Lease {
        number: 0,
        until: given_back(),
    });
    let taken = sql!(
        tx,
        fetch_optional as (i64,),
        "INSERT INTO leases (name, holder, number, until) VALUES ($1, $2, 1, $3)
         ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, number = leases.number + 1, until = excluded.until
         WHERE leases.number = $4 AND leases.until = $5 RETURNING number",
        name,
        holder,
        until,
        seen.number,
        seen.until,
    )?;
    Ok(taken.map(|(number,)| number))
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
