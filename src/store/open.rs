//! How a database is opened: its file or server, the instance lock, its tables.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use futures::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, PgConnection, SqliteConnection, SqlitePool};
use uuid::Uuid;

use super::check::{left_unclean, refusal, sound};
use super::db::{Db, Pools};
use super::pool::{self, takes_changes};
use super::turn::Turns;

/// Readers of a SQLite file at once; WAL lets them run beside the one writer.
const SQLITE_READERS: u32 = 4;
/// How often, and how many times, a process beside the one that serves looks for its tables.
const TABLE_LOOK: std::time::Duration = std::time::Duration::from_millis(50);
const TABLE_LOOKS: usize = 200;
/// Connections to PostgreSQL of a process that was not told how many.
const POSTGRES_CONNECTIONS: u32 = 10;
/// How long a change waits for another program that changes the same SQLite file, and for its turn among our own.
const SQLITE_LOCK: std::time::Duration = std::time::Duration::from_secs(5);
const SQLITE_TURN: std::time::Duration = std::time::Duration::from_secs(10);

/// Why the database could not be opened; shown to the person who starts Callsheet.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Somebody serves this file already.
    #[error("another Callsheet is already serving {}; stop it first, or give this one another database.url", .0.display())]
    InUse(PathBuf),
    /// The file or its directory cannot be used.
    #[error("cannot open the database {}: {why}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// The file is a database, and what is in it cannot be trusted.
    #[error(
        "the database {file} is damaged ({why}). Keep a copy of it with the files beside it, then put a backup in its place \
         and remove {file}-wal and {file}-shm; or name another file in database.url to begin anew",
        file = .path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        why: String,
    },
    /// The server cannot be reached, or the address is wrong.
    #[error("cannot open the database (database.url): {0}")]
    Connect(String),
    /// The tables could not be brought up to date.
    #[error("cannot bring the database (database.url) up to date: {0}")]
    Migrate(String),
}

impl From<sqlx::migrate::MigrateError> for OpenError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        use sqlx::migrate::MigrateError;
        Self::Migrate(match &error {
            MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..) => {
                "a newer Callsheet has used it; start that version, or name another database".to_owned()
            }
            MigrateError::VersionMismatch(_) => {
                "its tables were made by a Callsheet with other migrations; start that version, or name another database"
                    .to_owned()
            }
            MigrateError::ExecuteMigration(cause, _) | MigrateError::Execute(cause) => {
                let why = because(cause);
                format!("{why}. It may belong to another program, or this user may not change it; name another database")
            }
            other => other.to_string(),
        })
    }
}

/// The database's own word, without the layers around it.
pub(super) fn because(error: &sqlx::Error) -> String {
    match error.as_database_error() {
        // SQLite's codes: <https://www.sqlite.org/rescode.html>.
        Some(said) if said.code().as_deref() == Some("14") => {
            "it is no file that can be opened or made here; check the path and whose it is".to_owned()
        }
        Some(said) if said.code().as_deref() == Some("26") => {
            "this file is not a SQLite database; name another file".to_owned()
        }
        Some(said) if said.code().as_deref() == Some("8") => {
            "the file is read-only; let this user write it".to_owned()
        }
        Some(said) => said.message().to_owned(),
        None => error.to_string(),
    }
}

impl Db {
    /// The file that `url` names where there is none; nothing for a server.
    pub fn missing(url: &SecretString) -> Option<PathBuf> {
        let options = SqliteConnectOptions::from_str(url.expose_secret()).ok()?;
        let path = options.get_filename().to_path_buf();
        (!url.expose_secret().starts_with("postgres") && !path.exists()).then_some(path)
    }

    /// Opens the database at `url` and brings its tables up to date. With `serve`, takes the instance lock of a SQLite
    /// file first, so that two services never migrate or work one file.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(url: &SecretString, serve: bool) -> Result<Self, OpenError> {
        Self::open_with(url, serve, POSTGRES_CONNECTIONS).await
    }

    /// The same, with at most so many connections to PostgreSQL.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open_with(url: &SecretString, serve: bool, connections: u32) -> Result<Self, OpenError> {
        let db = if url.expose_secret().starts_with("sqlite:") {
            Self::open_sqlite(url.expose_secret(), serve).await?
        } else {
            Self::open_postgres(url.expose_secret(), connections).await?
        };
        match &db.pools {
            Pools::Sqlite { write, .. } if serve => migrate_sqlite(write).await?,
            Pools::Sqlite { write, .. } => wait_for_tables(write).await?,
            Pools::Postgres(_) => {}
        }
        Ok(db)
    }

    async fn open_sqlite(url: &str, serve: bool) -> Result<Self, OpenError> {
        let options =
            SqliteConnectOptions::from_str(url).map_err(|error| OpenError::Connect(because(&error)))?;
        let path = options.get_filename().to_path_buf();
        if url.contains(":memory:") || url.contains("mode=memory") {
            let why = "a database in memory forgets everything at the end; name a file, e.g. sqlite://data/callsheet.db";
            return Err(OpenError::Connect(why.into()));
        }
        let wrong = |why: String| OpenError::File {
            path: path.clone(),
            why,
        };
        if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            std::fs::create_dir_all(parent).map_err(|error| {
                let folder = parent.display();
                wrong(format!(
                    "the folder {folder} cannot be made ({error}); name another one in database.url"
                ))
            })?;
        }
        if serve {
            private(&path).map_err(|error| wrong(format!("{error}; let this user write it")))?;
        }
        let lock = if serve {
            // One file by whatever name: a link to it is no other database.
            let file = std::fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
            Some(Arc::new(instance_lock(&file, &path)?))
        } else {
            None
        };
        let options = options
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            // What was told "received" must survive a power cut.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(SQLITE_LOCK);
        let unclean = left_unclean(&path);
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(SQLITE_TURN)
            // SQLite itself rolls back when the disk is full or fails
            // (<https://www.sqlite.org/lang_transaction.html#response_to_errors_within_a_transaction>). sqlx then still counts a
            // transaction on the connection, on which none could begin any more.
            .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
            .connect_with(options.clone())
            .await;
        let write = write.map_err(|error| refusal(&path, &error))?;
        if serve {
            sound(&path, unclean, &write).await?;
        }
        let read = SqlitePoolOptions::new()
            .max_connections(SQLITE_READERS)
            .acquire_timeout(SQLITE_TURN)
            .connect_with(options.read_only(true))
            .await;
        let read = read.map_err(|error| refusal(&path, &error))?;
        Ok(Self {
            pools: Pools::Sqlite { write, read },
            turns: Turns::default(),
            lock,
            probe: None,
            process: Uuid::new_v4(),
        })
    }

    async fn open_postgres(url: &str, connections: u32) -> Result<Self, OpenError> {
        // sqlx quotes the address in some errors, and the address holds the password.
        let options = PgConnectOptions::from_str(url).map_err(|_| {
            OpenError::Connect("the address cannot be read; write postgres://user:password@host/name".into())
        })?;
        let address = format!("PostgreSQL at {}:{}", options.get_host(), options.get_port());
        // The pool would only say that it timed out; one connection says what is wrong.
        let mut first = PgConnection::connect_with(&options).await.map_err(|error| {
            let why = because(&error);
            OpenError::Connect(format!(
                "{address}: {why}. Check that it runs there and takes this user and password"
            ))
        })?;
        let failed = |error: sqlx::Error| OpenError::Connect(because(&error));
        if !takes_changes(&mut first).await.map_err(failed)? {
            return Err(OpenError::Connect(format!(
                "{address} can be read but not changed; name the primary server, not a standby"
            )));
        }
        // Not in the pool: changing a large table may take longer than any statement of the service.
        sqlx::migrate!("migrations/postgres")
            .run_direct(None, &mut first, false)
            .await?;
        first.close().await.map_err(failed)?;
        let pool = pool::connect(options, connections).await.map_err(failed)?;
        Ok(Self {
            pools: Pools::Postgres(pool),
            turns: Turns::default(),
            lock: None,
            probe: None,
            process: Uuid::new_v4(),
        })
    }
}

/// The tables of SQLite, step by step.
static SQLITE_MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("migrations/sqlite");

/// Brings the tables of a SQLite file up to date, with foreign keys off: a table whose rules change is built anew, and dropping
/// the old one would take the rows that refer to it along (<https://www.sqlite.org/lang_altertable.html#otheralter>). What
/// refers to what is checked before, so that nothing is touched when it is wrong already, and afterwards.
fn migrate_sqlite(pool: &SqlitePool) -> BoxFuture<'static, Result<(), OpenError>> {
    let options = (*pool.connect_options()).clone().foreign_keys(false);
    Box::pin(async move {
        let failed = |error: sqlx::Error| OpenError::Migrate(because(&error));
        let mut connection = options.connect().await.map_err(failed)?;
        run_sqlite(&mut connection).await?;
        connection.close().await.map_err(failed)
    })
}

async fn run_sqlite(connection: &mut SqliteConnection) -> Result<(), OpenError> {
    // Without the table nothing was made yet.
    let made = sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM _sqlx_migrations WHERE success")
        .fetch_one(&mut *connection)
        .await
        .unwrap_or_default();
    let behind = usize::try_from(made).unwrap_or_default() < SQLITE_MIGRATIONS.iter().count();
    if behind {
        check_references(connection).await?;
    }
    SQLITE_MIGRATIONS.run_direct(None, connection, false).await?;
    if behind {
        check_references(connection).await?;
    }
    Ok(())
}

/// Whether every row that refers to another one finds it.
async fn check_references(connection: &mut SqliteConnection) -> Result<(), OpenError> {
    let astray =
        sqlx::query_as::<_, (String, String)>("SELECT \"table\", parent FROM pragma_foreign_key_check")
            .fetch_all(connection)
            .await
            .map_err(|error| OpenError::Migrate(because(&error)))?;
    let Some((table, parent)) = astray.first() else {
        return Ok(());
    };
    Err(OpenError::Migrate(format!(
        "{} of its rows refer to rows that are not there (the first in `{table}`, to `{parent}`); put a backup back, or name \
         another database",
        astray.len()
    )))
}

/// Waits until whoever holds the instance lock has made the tables: SQLite's own migration lock does nothing.
async fn wait_for_tables(pool: &SqlitePool) -> Result<(), OpenError> {
    let wanted = i64::try_from(SQLITE_MIGRATIONS.iter().count()).unwrap_or(i64::MAX);
    for _ in 0..TABLE_LOOKS {
        let made = sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM _sqlx_migrations WHERE success")
            .fetch_one(pool);
        if made.await.is_ok_and(|made| made >= wanted) {
            return Ok(());
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "no clock is there yet; another process is being waited for"
        )]
        tokio::time::sleep(TABLE_LOOK).await;
    }
    Err(OpenError::Connect(
        "the process that serves this database has not made its tables; is it an older Callsheet?".into(),
    ))
}

/// Makes the file, when there is none, readable by its owner only: it keeps what people said. SQLite gives its other files
/// the same mode.
fn private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = File::options();
    options.create(true).append(true).mode(0o600).open(path).map(drop)
}

/// Locks `<database>.lock`, kept open as long as the database, which is called `named` in the configuration.
fn instance_lock(path: &Path, named: &Path) -> Result<File, OpenError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let lock = PathBuf::from(name);
    let file = File::create(&lock).map_err(|error| OpenError::File {
        path: lock.clone(),
        why: format!("{error}; let this user write there"),
    })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(named.to_path_buf())),
        Err(TryLockError::Error(error)) => Err(OpenError::File {
            path: lock,
            why: error.to_string(),
        }),
    }
}
