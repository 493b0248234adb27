//! Looking into the log.

use chrono::{DateTime, Utc};

use crate::domain::{AuditId, PersonId, RunId};
use crate::store::db::sql;
use crate::store::{StoreError, Tx};

/// A row of the log. What is text in the table is text here: a row that somebody has changed shall be readable, too.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Record {
    /// Its id.
    pub id: AuditId,
    /// When it was written.
    pub noted_at: DateTime<Utc>,
    /// What kind of actor did it: `person`, `clock`, `service` or `operator`.
    pub actor: String,
    /// The actor's name at that time.
    pub actor_name: String,
    /// The person who did it.
    pub person_id: Option<PersonId>,
    /// The platform of their account.
    pub platform: Option<String>,
    /// Its workspace there.
    pub workspace: Option<String>,
    /// Its id there.
    pub user_id: Option<String>,
    /// Where it was done.
    pub place: Option<String>,
    /// What was done.
    pub action: String,
    /// What to.
    pub subject: String,
    /// On whose behalf.
    pub on_behalf_id: Option<PersonId>,
    /// Their name at that time.
    pub on_behalf_name: Option<String>,
    /// What became of it: `done`, `refused` or `failed`.
    pub result: String,
    /// The run it was part of.
    pub run_id: Option<RunId>,
    /// What exactly, in plain words.
    pub detail: String,
}

/// The columns of [`Record`], in their order.
macro_rules! columns {
    () => {
        "a.id, a.noted_at, a.actor, a.actor_name, a.person_id, a.platform, a.workspace, a.user_id, a.place, a.action, a.subject,
         a.on_behalf_id, a.on_behalf_name, a.result, a.run_id, a.detail"
    };
}
pub(super) use columns;

/// Which rows to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filter<'a> {
    /// By somebody of this name, or on their behalf.
    pub person: Option<&'a str>,
    /// Whose action begins so.
    pub action: Option<&'a str>,
    /// Whose subject holds this.
    pub subject: Option<&'a str>,
    /// Of this run.
    pub run: Option<RunId>,
    /// Not older than this.
    pub since: DateTime<Utc>,
}

impl Filter<'_> {
    /// Every row.
    pub const ALL: Filter<'static> = Filter {
        person: None,
        action: None,
        subject: None,
        run: None,
        since: DateTime::UNIX_EPOCH,
    };
}

/// The newest rows, newest first.
///
/// # Errors
/// When the database fails.
pub async fn list(tx: &mut Tx, filter: &Filter<'_>, limit: i64) -> Result<Vec<Record>, StoreError> {
    let person = filter.person.map(str::to_lowercase);
    sql!(
        tx,
        fetch_all as Record,
        {
            sqlite: concat!("SELECT ", columns!(), " FROM audit a
                WHERE (a.actor_name = $1 OR LOWER(a.actor_name) = $2 OR a.on_behalf_name = $1
                        OR LOWER(a.on_behalf_name) = $2 OR $1 IS NULL)
                    AND (SUBSTR(a.action, 1, LENGTH($3)) = $3 OR $3 IS NULL)
                    AND (INSTR(a.subject, $4) > 0 OR $4 IS NULL)
                    AND (a.run_id = $5 OR $5 IS NULL) AND a.noted_at >= $6
                ORDER BY a.noted_at DESC, a.id DESC LIMIT $7"),
            postgres: concat!("SELECT ", columns!(), " FROM audit a
                WHERE (a.actor_name = $1 OR LOWER(a.actor_name) = $2 OR a.on_behalf_name = $1
                        OR LOWER(a.on_behalf_name) = $2 OR $1 IS NULL)
                    AND (STARTS_WITH(a.action, $3) OR $3 IS NULL)
                    AND (STRPOS(a.subject, $4) > 0 OR $4 IS NULL)
                    AND (a.run_id = $5 OR $5 IS NULL) AND a.noted_at >= $6
                ORDER BY a.noted_at DESC, a.id DESC LIMIT $7"),
        },
        filter.person,
        person.as_deref(),
        filter.action,
        filter.subject,
        filter.run,
        filter.since,
        limit,
    )
}

/// A row by its id.
///
/// # Errors
/// When the database fails, or the row holds what cannot be read.
pub async fn get(tx: &mut Tx, id: AuditId) -> Result<Option<Record>, StoreError> {
    sql!(
        tx,
        fetch_optional as Record,
        concat!("SELECT ", columns!(), " FROM audit a WHERE a.id = $1"),
        id,
    )
}

/// The newest row of an action.
///
/// # Errors
/// When the database fails.
pub async fn last(tx: &mut Tx, action: &str) -> Result<Option<Record>, StoreError> {
    sql!(
        tx,
        fetch_optional as Record,
        concat!(
            "SELECT ",
            columns!(),
            " FROM audit a WHERE a.action = $1 ORDER BY a.noted_at DESC, a.id DESC LIMIT 1"
        ),
        action,
    )
}

/// The runs whose id begins or ends with some of its 32 digits, be they still kept or only in the log; `limit` at most.
///
/// # Errors
/// When the database fails.
pub async fn runs_named(tx: &mut Tx, digits: &str, limit: i64) -> Result<Vec<RunId>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (RunId,),
        {
            sqlite: "SELECT id FROM (SELECT id FROM runs UNION SELECT run_id FROM audit WHERE run_id IS NOT NULL) AS known
                WHERE LOWER(HEX(id)) LIKE $1 || '%' OR LOWER(HEX(id)) LIKE '%' || $1 ORDER BY id LIMIT $2",
            postgres: "SELECT id FROM (SELECT id FROM runs UNION SELECT run_id FROM audit WHERE run_id IS NOT NULL) AS known
                WHERE REPLACE(CAST(id AS TEXT), '-', '') LIKE $1 || '%'
                    OR REPLACE(CAST(id AS TEXT), '-', '') LIKE '%' || $1 ORDER BY id LIMIT $2",
        },
        digits,
        limit,
    )?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}
