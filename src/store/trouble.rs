//! What is wrong with a database that fails, told apart from a statement that fails: in words for whoever runs Callsheet.

use chrono::{DateTime, Utc};
use sqlx::postgres::PgDatabaseError;

use super::db::sql;
use super::{Db, StoreError};

/// What is wrong with the database itself. Work that fails for such a reason is not to blame, and is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// There is no room for anything new.
    Full,
    /// It can be read and not changed.
    ReadOnly,
    /// Another program holds it.
    Locked,
    /// What is stored cannot be read any more.
    Damaged,
    /// The disk, or the system under it, fails.
    Disk,
    /// Nobody answers.
    Unreachable,
    /// No connection was free, or could be made.
    NoConnection,
    /// It does not let us in.
    Refused,
    /// It takes too long.
    Slow,
}

impl Trouble {
    /// What is wrong and what to do, as the rest of a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Self::Full => {
                "the disk is full, so nothing new can be kept; free some space on the disk of the database, and I go on by myself"
            }
            Self::ReadOnly => {
                "the database can be read but not changed (a standby, or a file or disk that is read-only); make it writable, \
                 and I go on by myself"
            }
            Self::Locked => {
                "another program holds the database; end it (a database shell, a backup), and I go on by myself"
            }
            Self::Damaged => {
                "the database is damaged; stop me, keep a copy of it as it is, and restore a backup"
            }
            Self::Disk => {
                "the disk of the database fails; look at the system's log and check the disk. I go on by myself when it works"
            }
            Self::Unreachable => {
                "the database does not answer; check that PostgreSQL runs and can be reached. I go on by myself when it answers"
            }
            Self::NoConnection => {
                "no connection to the database was free or could be made; check that PostgreSQL runs, takes changes (is no \
                 standby), and lets database.max_connections of each Callsheet connect. I go on by myself"
            }
            Self::Refused => {
                "the database does not let me in; check the user, the password and the database in database.url"
            }
            Self::Slow => "the database takes too long to answer; check what loads it. I go on by myself",
        }
    }

    /// Whether it is over as soon as anything can be read; otherwise something has to be written first.
    pub fn ends_with_an_answer(self) -> bool {
        matches!(
            self,
            Self::Unreachable | Self::NoConnection | Self::Refused | Self::Slow
        )
    }
}

impl StoreError {
    /// What is wrong with the database, when it is not the statement that is wrong.
    pub fn trouble(&self) -> Option<Trouble> {
        match self {
            Self::Sql(error) => of_error(error),
            Self::Late(_) => Some(Trouble::Slow),
            Self::Unreadable { .. } | Self::LeaseLost | Self::RunEnded => None,
        }
    }

    /// Whether PostgreSQL chose this transaction to make way for others and asks for it once more: a deadlock, or a conflict of
    /// snapshots (class 40).
    pub fn makes_way(&self) -> bool {
        let Self::Sql(sqlx::Error::Database(said)) = self else {
            return false;
        };
        said.code().is_some_and(|code| code.starts_with("40"))
            && said.try_downcast_ref::<PgDatabaseError>().is_some()
    }
}

fn of_error(error: &sqlx::Error) -> Option<Trouble> {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) => Some(Trouble::Unreachable),
        sqlx::Error::PoolTimedOut => Some(Trouble::NoConnection),
        sqlx::Error::Database(said) => {
            let code = said.code()?;
            if said.try_downcast_ref::<PgDatabaseError>().is_some() {
                of_postgres(&code)
            } else {
                of_sqlite(code.parse().ok()?)
            }
        }
        _ => None,
    }
}

/// By SQLite's codes, <https://www.sqlite.org/rescode.html>; the lowest byte is the primary one.
fn of_sqlite(code: u32) -> Option<Trouble> {
    match code & 0xff {
        5 | 6 => Some(Trouble::Locked),
        8 => Some(Trouble::ReadOnly),
        10 => Some(Trouble::Disk),
        11 | 26 => Some(Trouble::Damaged),
        13 => Some(Trouble::Full),
        14 => Some(Trouble::Unreachable),
        _ => None,
    }
}

/// By the codes of <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn of_postgres(code: &str) -> Option<Trouble> {
    match code {
        "53100" => Some(Trouble::Full),
        "53300" => Some(Trouble::NoConnection),
        "25006" => Some(Trouble::ReadOnly),
        // Cancelled by a time-out of ours: of a statement, of a lock, of an idle transaction.
        "57014" | "55P03" | "25P03" => Some(Trouble::Slow),
        "XX001" | "XX002" => Some(Trouble::Damaged),
        "3D000" => Some(Trouble::Refused),
        // "is not currently accepting connections": an administrator's maintenance.
        "55000" => Some(Trouble::Unreachable),
        _ => match code.get(..2) {
            Some("08" | "57") => Some(Trouble::Unreachable),
            Some("28") => Some(Trouble::Refused),
            Some("53" | "58") => Some(Trouble::Disk),
            _ => None,
        },
    }
}

impl Db {
    /// Writes a little, to see whether what was in the way is gone.
    ///
    /// # Errors
    /// When it is not.
    pub async fn try_write(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sql!(
            tx,
            execute,
            "INSERT INTO pacing (scope, next_at, paused_until) VALUES ('the database itself', $1, $1)
             ON CONFLICT (scope) DO UPDATE SET next_at = excluded.next_at",
            now,
        )?;
        tx.commit("tried to write").await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_tell_what_is_wrong() {
        let sqlite = [
            (5, Some(Trouble::Locked)),
            (517, Some(Trouble::Locked)),
            (8, Some(Trouble::ReadOnly)),
            (778, Some(Trouble::Disk)),
            (11, Some(Trouble::Damaged)),
            (267, Some(Trouble::Damaged)),
            (26, Some(Trouble::Damaged)),
            (13, Some(Trouble::Full)),
            (1, None),
            (2067, None),
        ];
        for (code, trouble) in sqlite {
            assert_eq!(of_sqlite(code), trouble, "{code}");
        }
        let postgres = [
            ("53100", Some(Trouble::Full)),
            ("53300", Some(Trouble::NoConnection)),
            ("57P01", Some(Trouble::Unreachable)),
            ("57P03", Some(Trouble::Unreachable)),
            ("08006", Some(Trouble::Unreachable)),
            ("25006", Some(Trouble::ReadOnly)),
            ("57014", Some(Trouble::Slow)),
            ("28P01", Some(Trouble::Refused)),
            ("58030", Some(Trouble::Disk)),
            ("23505", None),
            ("42P01", None),
            ("40P01", None),
        ];
        for (code, trouble) in postgres {
            assert_eq!(of_postgres(code), trouble, "{code}");
        }
    }

    #[test]
    fn a_lost_lease_is_nobodys_trouble() {
        assert_eq!(StoreError::LeaseLost.trouble(), None);
        assert_eq!(StoreError::from(sqlx::Error::RowNotFound).trouble(), None);
        assert_eq!(StoreError::from(sqlx::Error::PoolClosed).trouble(), None);
        assert_eq!(
            StoreError::from(sqlx::Error::PoolTimedOut).trouble(),
            Some(Trouble::NoConnection)
        );
    }
}
