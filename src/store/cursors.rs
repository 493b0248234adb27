//! How far a repository was read for what no webhook told, and how often a failed webhook was asked for again.

use chrono::{DateTime, Utc};

use super::db::sql;
use super::{StoreError, Tx};
use crate::domain::Repository;

/// How far one repository was read.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Cursor {
    /// The repository.
    pub repository: Repository,
    /// When we came to know it; nothing that is older is ever new.
    pub first_at: DateTime<Utc>,
    /// The moment, by GitHub's clock, up to which changed comments were read.
    pub comments_to: DateTime<Utc>,
    /// The same for issues.
    pub issues_to: DateTime<Utc>,
    /// When somebody last looked.
    pub checked_at: DateTime<Utc>,
}

/// Gives the repositories of projects a cursor that begins now, and takes it from those that are no project's any more.
///
/// # Errors
/// When the database fails.
pub async fn follow_projects(tx: &mut Tx, now: DateTime<Utc>) -> Result<(), StoreError> {
    sql!(
        tx,
        execute,
        "DELETE FROM repository_cursors
         WHERE repository NOT IN (SELECT repository FROM projects WHERE repository IS NOT NULL)",
    )?;
    sql!(
        tx,
        execute,
        {
            // SQLite reads ON CONFLICT as part of the join unless there is a WHERE before it.
            sqlite: "INSERT INTO repository_cursors (repository, first_at, comments_to, issues_to, checked_at)
                SELECT DISTINCT repository, $1, $1, $1, $1 FROM projects WHERE repository IS NOT NULL
                ON CONFLICT (repository) DO NOTHING",
            postgres: "INSERT INTO repository_cursors (repository, first_at, comments_to, issues_to, checked_at)
                SELECT DISTINCT repository, $1::timestamptz, $1::timestamptz, $1::timestamptz, $1::timestamptz
                FROM projects WHERE repository IS NOT NULL ON CONFLICT (repository) DO NOTHING",
        },
        now,
    )?;
    Ok(())
}

/// Whether [`follow_projects`] has something to do.
///
/// # Errors
/// When the database fails.
pub async fn are_behind(tx: &mut Tx) -> Result<bool, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (Repository,),
        "SELECT repository FROM projects
         WHERE repository IS NOT NULL AND repository NOT IN (SELECT repository FROM repository_cursors)
         UNION SELECT repository FROM repository_cursors
         WHERE repository NOT IN (SELECT repository FROM projects WHERE repository IS NOT NULL) LIMIT 1",
    )?;
    Ok(row.is_some())
}

/// Every cursor, the one first that was looked at longest ago.
///
/// # Errors
/// When the database fails.
pub async fn all(tx: &mut Tx) -> Result<Vec<Cursor>, StoreError> {
    sql!(
        tx,
        fetch_all as Cursor,
        "SELECT repository, first_at, comments_to, issues_to, checked_at FROM repository_cursors
         ORDER BY checked_at, repository",
    )
}

/// Takes the turn to look at a repository; false when somebody looked after `before`.
///
/// # Errors
/// When the database fails.
pub async fn claim(
    tx: &mut Tx,
    repository: &Repository,
    before: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let claimed = sql!(
        tx,
        execute,
        "UPDATE repository_cursors SET checked_at = $3 WHERE repository = $1 AND checked_at <= $2",
        repository,
        before,
        now,
    )?;
    Ok(claimed == 1)
}

/// Notes up to which moment comments were read; it never goes back. False when it was there already.
///
/// # Errors
/// When the database fails.
pub async fn comments_read(
    tx: &mut Tx,
    repository: &Repository,
    to: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let moved = sql!(
        tx,
        execute,
        "UPDATE repository_cursors SET comments_to = $2 WHERE repository = $1 AND comments_to < $2",
        repository,
        to,
    )?;
    Ok(moved == 1)
}

/// Notes up to which moment issues were read; it never goes back. False when it was there already.
///
/// # Errors
/// When the database fails.
pub async fn issues_read(
    tx: &mut Tx,
    repository: &Repository,
    to: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let moved = sql!(
        tx,
        execute,
        "UPDATE repository_cursors SET issues_to = $2 WHERE repository = $1 AND issues_to < $2",
        repository,
        to,
    )?;
    Ok(moved == 1)
}

/// How often, and when last, a webhook was asked for again.
///
/// # Errors
/// When the database fails.
pub async fn redelivery(tx: &mut Tx, guid: &str) -> Result<Option<(i64, DateTime<Utc>)>, StoreError> {
    sql!(
        tx,
        fetch_optional as (i64, DateTime<Utc>),
        "SELECT asked, asked_at FROM redeliveries WHERE guid = $1",
        guid,
    )
}

/// Notes, before it is done, that a webhook is asked for again; false when somebody else did since `before`.
///
/// # Errors
/// When the database fails.
pub async fn ask_again(
    tx: &mut Tx,
    guid: &str,
    before: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let noted = sql!(
        tx,
        execute,
        "INSERT INTO redeliveries (guid, asked, asked_at) VALUES ($1, 1, $3)
         ON CONFLICT (guid) DO UPDATE SET asked = redeliveries.asked + 1, asked_at = excluded.asked_at
         WHERE redeliveries.asked_at <= $2",
        guid,
        before,
        now,
    )?;
    Ok(noted == 1)
}

/// Forgets what was asked for before a moment: GitHub does not send it again any more.
///
/// # Errors
/// When the database fails.
pub async fn forget_redeliveries(tx: &mut Tx, before: DateTime<Utc>) -> Result<(), StoreError> {
    sql!(
        tx,
        execute,
        "DELETE FROM redeliveries WHERE asked_at < $1",
        before
    )?;
    Ok(())
}
