//! One database for one case, on either engine.
#![allow(dead_code, reason = "not every test binary uses all of it")]

use callsheet::store::Db;
use secrecy::SecretString;

use super::postgres;
use super::slack::Mode;

/// How a case is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    /// On which database.
    pub(crate) engine: Engine,
    /// How Slack reaches the application.
    pub(crate) slack: Mode,
}

/// Which engine a case runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    /// A file of its own.
    Sqlite,
    /// A database of its own on the tests' server.
    Postgres,
}

impl Kind {
    /// As at the end of a case's name.
    pub(crate) fn name(self) -> &'static str {
        match (self.slack, self.engine) {
            (Mode::Socket, Engine::Sqlite) => "sqlite",
            (Mode::Socket, Engine::Postgres) => "postgres",
            (Mode::Http, Engine::Sqlite) => "http::sqlite",
            (Mode::Http, Engine::Postgres) => "http::postgres",
        }
    }
}

/// A folder in memory where there is one: what a commit waits for the disk is not what is tested.
fn in_memory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .unwrap()
}

/// A fresh database.
pub(crate) struct Database {
    /// Its address.
    pub(crate) url: String,
    /// Where a SQLite file stands; gone with the case.
    _folder: tempfile::TempDir,
}

impl Database {
    pub(crate) async fn fresh(kind: Kind) -> Self {
        let folder = in_memory();
        let url = match kind.engine {
            Engine::Sqlite => format!("sqlite://{}", folder.path().join("callsheet.db").display()),
            Engine::Postgres => postgres::server().unwrap().database().await,
        };
        Self::at(url, folder).await
    }

    /// One on a PostgreSQL of a case's own.
    pub(crate) async fn on(server: &postgres::Server) -> Self {
        Self::at(server.database().await, tempfile::tempdir().unwrap()).await
    }

    async fn at(url: String, folder: tempfile::TempDir) -> Self {
        // As the service does at its start: the tables are made under the lock. A database on a server has them already.
        if url.starts_with("sqlite") {
            let url = SecretString::from(url.clone());
            Db::open(&url, true).await.unwrap().close().await;
        }
        Self { url, _folder: folder }
    }

    /// A handle for looking in beside the application.
    pub(crate) async fn open(&self) -> Db {
        Db::open_with(&SecretString::from(self.url.clone()), false, 2)
            .await
            .unwrap()
    }

    /// What a `SELECT COUNT(*)` counts beside the application.
    pub(crate) async fn count(&self, query: &'static str) -> i64 {
        use sqlx::Connection;
        if self.url.starts_with("sqlite") {
            let mut connection = sqlx::SqliteConnection::connect(&self.url).await.unwrap();
            sqlx::query_scalar(query)
                .fetch_one(&mut connection)
                .await
                .unwrap()
        } else {
            let mut connection = sqlx::PgConnection::connect(&self.url).await.unwrap();
            sqlx::query_scalar(query)
                .fetch_one(&mut connection)
                .await
                .unwrap()
        }
    }

    /// What a `SELECT` of one text column gives beside the application.
    pub(crate) async fn texts(&self, query: &'static str) -> Vec<String> {
        use sqlx::Connection;
        if self.url.starts_with("sqlite") {
            let mut connection = sqlx::SqliteConnection::connect(&self.url).await.unwrap();
            sqlx::query_scalar(query)
                .fetch_all(&mut connection)
                .await
                .unwrap()
        } else {
            let mut connection = sqlx::PgConnection::connect(&self.url).await.unwrap();
            sqlx::query_scalar(query)
                .fetch_all(&mut connection)
                .await
                .unwrap()
        }
    }

    /// Runs a statement beside the application, as an operator might.
    pub(crate) async fn execute(&self, statement: &'static str) {
        use sqlx::{Connection, Executor};
        if self.url.starts_with("sqlite") {
            let mut connection = sqlx::SqliteConnection::connect(&self.url).await.unwrap();
            connection.execute(statement).await.unwrap();
        } else {
            let mut connection = sqlx::PgConnection::connect(&self.url).await.unwrap();
            connection.execute(statement).await.unwrap();
        }
    }
}
