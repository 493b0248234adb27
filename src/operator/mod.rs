//! What whoever runs Callsheet does from the shell of its machine: one file per group of subcommands.
//!
//! It opens the same database as the service, beside it or alone, and leaves all work to the service.

pub mod audit;
pub mod outbox;
mod words;

use std::path::PathBuf;

use crate::config::Config;
use crate::engine::clock::Clock;
use crate::store::{Db, OpenError, StoreError};

/// What the audit log calls an operator whose name is not known.
const NOBODY: &str = "operator";

/// The operator's hold on the database.
pub struct Operator {
    db: Db,
    clock: Clock,
    /// Whether nobody serves this database at this moment, as far as that can be known.
    alone: bool,
    /// Their name on this machine, for the audit log.
    name: String,
}

/// Why nothing was done; shown to the operator.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// The database could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// There is no database: looking at one that was made just now would say that all is well.
    #[error("there is no database at {}; run this where Callsheet runs, or set database.url to its database", .0.display())]
    Missing(PathBuf),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A sentence that says why, and what to do.
    #[error("{0}")]
    Refused(String),
}

impl Operator {
    /// Opens the database of a configuration.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn open(config: &Config, clock: Clock) -> Result<Self, OperatorError> {
        let url = &config.database.url;
        if let Some(file) = Db::missing(url) {
            return Err(OperatorError::Missing(file));
        }
        let db = match Db::open(url, true).await {
            Err(OpenError::InUse(_)) => Db::open(url, false).await?,
            opened => opened?,
        };
        let alone = db.holds_instance_lock();
        Ok(Self {
            db,
            clock,
            alone,
            name: NOBODY.to_owned(),
        })
    }

    /// Beside a service on a database that is open.
    pub fn beside(db: Db, clock: Clock) -> Self {
        Self {
            db,
            clock,
            alone: false,
            name: NOBODY.to_owned(),
        }
    }

    /// The same for somebody by their name on this machine.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }
}
