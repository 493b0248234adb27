//! Words that prove something, once: kept by their hash.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use super::db::sql;
use super::{StoreError, Tx};
use crate::domain::{PersonId, Place, Platform};

/// What a code proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Purpose {
    /// That an account belongs to whoever was shown it.
    Link,
    /// That somebody sees the log of this Callsheet, and may own it.
    Claim,
}

/// A code that was given out, and by whom it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Code {
    /// Whose it is; nobody's for a claim.
    pub person_id: Option<PersonId>,
    /// The name of the account that it was shown to.
    pub account_name: String,
    /// The platform where it was shown.
    pub platform: Platform,
    /// The place where it was shown; not known of older ones.
    pub place: Option<Place>,
}

fn hash(code: &str) -> Vec<u8> {
    Sha256::digest(code.as_bytes()).to_vec()
}

/// Keeps a code until a moment; codes whose time is over go.
///
/// # Errors
/// When the database fails.
pub async fn add(
    tx: &mut Tx,
    code: &str,
    purpose: Purpose,
    of: &Code,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sql!(tx, execute, "DELETE FROM codes WHERE expires_at <= $1", now)?;
    sql!(
        tx,
        execute,
        "INSERT INTO codes (hash, purpose, person_id, account_name, platform, expires_at, place)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        hash(code),
        purpose,
        of.person_id,
        &of.account_name,
        of.platform,
        until,
        of.place.as_ref(),
    )?;
    Ok(())
}

/// Uses a code up; none when it is not known, or its time is over.
///
/// # Errors
/// When the database fails.
pub async fn take(
    tx: &mut Tx,
    code: &str,
    purpose: Purpose,
    now: DateTime<Utc>,
) -> Result<Option<Code>, StoreError> {
    sql!(
        tx,
        fetch_optional as Code,
        "DELETE FROM codes WHERE hash = $1 AND purpose = $2 AND expires_at > $3
         RETURNING person_id, account_name, platform, place",
        hash(code),
        purpose,
        now,
    )
}

/// Makes every code of a purpose worthless.
///
/// # Errors
/// When the database fails.
pub async fn forget_all(tx: &mut Tx, purpose: Purpose) -> Result<(), StoreError> {
    sql!(tx, execute, "DELETE FROM codes WHERE purpose = $1", purpose)?;
    Ok(())
}
