//! One database for one case, on either engine.

use callsheet::store::Db;
use secrecy::SecretString;

use super::postgres;

/// Which engine a case runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A file of its own.
    Sqlite,
    /// A database of its own on the tests' server.
    Postgres,
}

impl Kind {
    /// As in a case's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
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
        let folder = tempfile::tempdir().unwrap();
        let url = match kind {
            Kind::Sqlite => format!("sqlite://{}", folder.path().join("callsheet.db").display()),
            Kind::Postgres => postgres::server().unwrap().database().await,
        };
        let database = Self { url, _folder: folder };
        // As the service does at its start: the tables are made under the lock.
        let url = SecretString::from(database.url.clone());
        Db::open(&url, true).await.unwrap().close().await;
        database
    }

    /// A handle for looking in beside the application.
    pub(crate) async fn open(&self) -> Db {
        Db::open(&SecretString::from(self.url.clone()), false)
            .await
            .unwrap()
    }
}
