//! Whether a SQLite file is sound, and whether what is committed lasts.

use std::path::Path;

use sqlx::SqlitePool;

use super::db::{Db, Pools};
use super::open::because;
use super::{OpenError, StoreError};

/// Up to this size a file is always read through at the start: some seconds at most.
const ALWAYS: u64 = 1 << 30;

/// Reads the file through and refuses a damaged one: nothing must be told "received" that goes where it cannot be read.
/// A larger file is read through only when the last one who used it did not close it.
///
/// # Errors
/// [`OpenError::Damaged`].
pub(super) async fn sound(path: &Path, unclean: bool, pool: &SqlitePool) -> Result<(), OpenError> {
    let size = std::fs::metadata(path).map_or(0, |file| file.len());
    if size > ALWAYS && !unclean {
        return Ok(());
    }
    let found = sqlx::query_scalar::<_, String>("PRAGMA quick_check(1)")
        .fetch_one(pool)
        .await;
    match found {
        Ok(word) if word == "ok" => Ok(()),
        Ok(word) => Err(OpenError::Damaged {
            path: path.to_path_buf(),
            why: word.lines().last().unwrap_or_default().to_owned(),
        }),
        Err(error) => Err(refusal(path, &error)),
    }
}

/// Why a file cannot be opened.
pub(super) fn refusal(path: &Path, error: &sqlx::Error) -> OpenError {
    let path = path.to_path_buf();
    match error.as_database_error() {
        // <https://www.sqlite.org/rescode.html#corrupt>, also with more in the higher bytes.
        Some(said) if code(said.code().as_deref()) == Some(11) => OpenError::Damaged {
            path,
            why: said.message().to_owned(),
        },
        _ => OpenError::File {
            path,
            why: because(error),
        },
    }
}

/// SQLite's primary code.
fn code(text: Option<&str>) -> Option<u32> {
    Some(text?.parse::<u32>().ok()? & 0xff)
}

/// Whether somebody left changes beside the file: the last one to close it takes them in.
pub(super) fn left_unclean(path: &Path) -> bool {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    std::fs::metadata(name).is_ok_and(|file| file.len() > 0)
}

impl Db {
    /// How commits are written, as the engine calls it: SQLite's `synchronous` (2 is FULL), PostgreSQL's
    /// `synchronous_commit`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn durability(&self) -> Result<String, StoreError> {
        match &self.pools {
            Pools::Sqlite { write, .. } => {
                let mode = sqlx::query_scalar::<_, i64>("PRAGMA synchronous");
                Ok(mode.fetch_one(write).await?.to_string())
            }
            Pools::Postgres(pool) => {
                let mode = sqlx::query_scalar("SELECT current_setting('synchronous_commit')");
                Ok(mode.fetch_one(pool).await?)
            }
        }
    }

    /// Lets a SQLite file grow no further, as a full disk would, or again; for tests. Nothing happens on PostgreSQL.
    ///
    /// # Errors
    /// When the database fails.
    #[doc(hidden)]
    pub async fn stop_growing(&self, stop: bool) -> Result<(), StoreError> {
        if let Pools::Sqlite { write, .. } = &self.pools {
            // A limit below what is there counts as what is there: <https://www.sqlite.org/pragma.html#pragma_max_page_count>
            let limit = if stop {
                "PRAGMA max_page_count = 1"
            } else {
                "PRAGMA max_page_count = 4294967294"
            };
            sqlx::query(limit).execute(write).await?;
        }
        Ok(())
    }
}
