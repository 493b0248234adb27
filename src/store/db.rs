//! The two database engines behind one type, transactions, and the macro that runs one statement on either.

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use sqlx::postgres::PgListener;
use sqlx::{PgPool, Postgres, Sqlite, SqlitePool, Transaction};
use uuid::Uuid;

use super::turn::Turns;
use crate::failpoint;

/// A failure of the database; never shown to people as it is.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused or was out of reach.
    #[error("database: {0}")]
    Sql(#[from] sqlx::Error),
    /// A row holds what this program cannot read.
    #[error("the database holds {what} that cannot be read: {why}")]
    Unreadable {
        /// Which row or column.
        what: &'static str,
        /// What the reader said.
        why: String,
    },
    /// The database takes longer than whoever waits for it can wait.
    #[error("database: no answer within {0:?}")]
    Late(Duration),
    /// The lease on a work item was lost to somebody else; the late write is refused.
    #[error("the lease on this work was lost, so its late write was refused")]
    LeaseLost,
    /// The run was stopped or answered meanwhile; the late write is refused.
    #[error("the run has its answer already, so a late write of its was refused")]
    RunEnded,
}

/// The channel on which replicas call each other.
const CHANNEL: &str = "callsheet_work";

/// The calls of other replicas.
pub struct Calls {
    listener: PgListener,
    process: Uuid,
}

impl Calls {
    /// Waits for the next call; a broken connection is opened again, and counts as a call, since one may have been missed.
    ///
    /// # Errors
    /// When the connection cannot be opened again.
    pub async fn next(&mut self) -> Result<(), StoreError> {
        loop {
            match self.listener.try_recv().await? {
                Some(call) if call.payload() == self.process.to_string() => {}
                _ => return Ok(()),
            }
        }
    }
}

/// Something that is told after each commit; tests stop the world there.
pub type Probe = Arc<dyn Fn(&'static str) -> BoxFuture<'static, ()> + Send + Sync>;

/// The pools of one database.
#[derive(Clone)]
pub(super) enum Pools {
    Sqlite { write: SqlitePool, read: SqlitePool },
    Postgres(PgPool),
}

/// The project database.
#[derive(Clone)]
pub struct Db {
    pub(super) pools: Pools,
    /// Tells a busy database from one that is away.
    pub(super) turns: Turns,
    /// The locked file that says "somebody serves this database"; the lock ends with the last clone.
    pub(super) lock: Option<Arc<File>>,
    /// See [`Db::with_probe`].
    pub(super) probe: Option<Probe>,
    /// Tells this process's calls to other replicas from theirs.
    pub(super) process: Uuid,
}

/// A transaction on either engine. Dropped without [`Tx::commit`] it is rolled back.
pub struct Tx {
    pub(super) inner: Inner,
    probe: Option<Probe>,
    /// Whether there is work for somebody after the commit, and who says so.
    call: Option<Uuid>,
    process: Uuid,
}

/// The engines' own transactions.
pub(super) enum Inner {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// One statement of this room, registered by [`sql!`] so that a test can prepare each on both engines.
pub struct Statement {
    /// The text for SQLite.
    pub sqlite: &'static str,
    /// The text for PostgreSQL.
    pub postgres: &'static str,
}

inventory::collect!(Statement);

/// Runs one statement on the engine of a [`Tx`]: `sql!(tx, fetch_all as Row, "…", bind, …)` or
/// `sql!(tx, execute, "…", bind, …)`, the latter giving the number of rows. Two texts in braces where the engines differ.
macro_rules! sql {
    ($tx:expr, $method:ident as $row:ty, { sqlite: $lite:expr, postgres: $pg:expr $(,)? } $(, $bind:expr)* $(,)?) => {{
        inventory::submit! { $crate::store::Statement { sqlite: $lite, postgres: $pg } }
        match &mut $tx.inner {
            $crate::store::db::Inner::Sqlite(tx) => {
                sqlx::query_as::<sqlx::Sqlite, $row>($lite)$(.bind($bind))*.$method(&mut **tx).await
            }
            $crate::store::db::Inner::Postgres(tx) => {
                sqlx::query_as::<sqlx::Postgres, $row>($pg)$(.bind($bind))*.$method(&mut **tx).await
            }
        }
        .map_err($crate::store::StoreError::from)
    }};
    ($tx:expr, execute, { sqlite: $lite:expr, postgres: $pg:expr $(,)? } $(, $bind:expr)* $(,)?) => {{
        inventory::submit! { $crate::store::Statement { sqlite: $lite, postgres: $pg } }
        match &mut $tx.inner {
            $crate::store::db::Inner::Sqlite(tx) => {
                sqlx::query::<sqlx::Sqlite>($lite)$(.bind($bind))*.execute(&mut **tx).await.map(|done| done.rows_affected())
            }
            $crate::store::db::Inner::Postgres(tx) => {
                sqlx::query::<sqlx::Postgres>($pg)$(.bind($bind))*.execute(&mut **tx).await.map(|done| done.rows_affected())
            }
        }
        .map_err($crate::store::StoreError::from)
    }};
    ($tx:expr, $method:ident as $row:ty, $text:expr $(, $bind:expr)* $(,)?) => {
        $crate::store::db::sql!($tx, $method as $row, { sqlite: $text, postgres: $text } $(, $bind)*)
    };
    ($tx:expr, execute, $text:expr $(, $bind:expr)* $(,)?) => {
        $crate::store::db::sql!($tx, execute, { sqlite: $text, postgres: $text } $(, $bind)*)
    };
}
pub(super) use sql;

impl Db {
    /// The same database, telling `probe` after each commit.
    #[must_use]
    pub fn with_probe(mut self, probe: Probe) -> Self {
        self.probe = Some(probe);
        self
    }

    /// Whether this process may work the queue alone: it holds the lock of its SQLite file.
    pub fn holds_instance_lock(&self) -> bool {
        self.lock.is_some()
    }

    /// Tells this process from others on the same database.
    pub fn process(&self) -> Uuid {
        self.process
    }

    /// Whether several processes may share this database.
    pub fn is_shared(&self) -> bool {
        matches!(self.pools, Pools::Postgres(_))
    }

    /// A transaction that writes. On SQLite there is one at a time: never begin a second while holding one.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        let inner = match &self.pools {
            Pools::Sqlite { write, .. } => {
                let begin = || write.begin_with("BEGIN IMMEDIATE");
                Inner::Sqlite(self.turns.wait(begin).await?)
            }
            Pools::Postgres(pool) => Inner::Postgres(self.turns.wait(|| pool.begin()).await?),
        };
        Ok(Tx {
            inner,
            probe: self.probe.clone(),
            call: None,
            process: self.process,
        })
    }

    /// A transaction that only reads.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn read(&self) -> Result<Tx, StoreError> {
        let inner = match &self.pools {
            Pools::Sqlite { read, .. } => Inner::Sqlite(self.turns.wait(|| read.begin()).await?),
            Pools::Postgres(pool) => Inner::Postgres(self.turns.wait(|| pool.begin()).await?),
        };
        Ok(Tx {
            inner,
            probe: None,
            call: None,
            process: self.process,
        })
    }

    /// Hears when other replicas made work; none where a database has no replicas.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn calls(&self) -> Result<Option<Calls>, StoreError> {
        let Pools::Postgres(pool) = &self.pools else {
            return Ok(None);
        };
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen(CHANNEL).await?;
        Ok(Some(Calls {
            listener,
            process: self.process,
        }))
    }

    /// Tells the probe that something outside the database was reached.
    pub async fn reached(&self, point: &'static str) {
        if let Some(probe) = &self.probe {
            probe(point).await;
        }
    }

    /// Closes every connection.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { write, read } => {
                read.close().await;
                write.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }

    /// Prepares every statement of this room on this engine.
    ///
    /// # Errors
    /// The first statement that the engine refuses, with what it said.
    pub async fn prepare_all(&self) -> Result<usize, String> {
        use sqlx::{AssertSqlSafe, Executor, SqlSafeStr};
        let mut count = 0;
        for statement in inventory::iter::<Statement> {
            let refused = match &self.pools {
                Pools::Sqlite { write, .. } => write
                    .prepare(AssertSqlSafe(statement.sqlite).into_sql_str())
                    .await
                    .err()
                    .map(|e| (statement.sqlite, e)),
                Pools::Postgres(pool) => pool
                    .prepare(AssertSqlSafe(statement.postgres).into_sql_str())
                    .await
                    .err()
                    .map(|e| (statement.postgres, e)),
            };
            if let Some((text, error)) = refused {
                return Err(format!("{error}\n  in: {text}"));
            }
            count += 1;
        }
        Ok(count)
    }
}

impl Tx {
    /// Notes that the commit makes work: other replicas are called then.
    pub(super) fn call_others(&mut self) {
        self.call = Some(self.process);
    }

    /// Makes the changes last. `point` names the commit.
    ///
    /// # Errors
    /// When the database could not; nothing was changed then.
    pub async fn commit(self, point: &'static str) -> Result<(), StoreError> {
        match self.inner {
            Inner::Sqlite(tx) => tx.commit().await?,
            Inner::Postgres(mut tx) => {
                if let Some(process) = self.call {
                    let call = sqlx::query("SELECT pg_notify($1, $2)")
                        .bind(CHANNEL)
                        .bind(process.to_string());
                    call.execute(&mut *tx).await?;
                }
                tx.commit().await?;
            }
        }
        failpoint::committed(point);
        if let Some(probe) = self.probe {
            probe(point).await;
        }
        Ok(())
    }
}
