//! People, their accounts, and what GitHub said they may do.

use chrono::{DateTime, Utc};

use super::db::sql;
use super::{StoreError, Tx};
use crate::domain::{AccountKey, PersonId, Platform, Repository};

/// What GitHub says an account may do to a repository
/// (<https://docs.github.com/en/rest/collaborators/collaborators#get-repository-permissions-for-a-user>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Permission {
    /// Nothing, or what everybody may do with a public repository.
    None,
    /// Read.
    Read,
    /// Change issues and push.
    Write,
    /// Everything.
    Admin,
}

/// The person behind an account, made on first sight; the account's name is brought up to date.
///
/// # Errors
/// When the database fails.
pub async fn person_of(
    tx: &mut Tx,
    account: &AccountKey,
    name: &str,
    now: DateTime<Utc>,
) -> Result<PersonId, StoreError> {
    let known = sql!(
        tx,
        fetch_optional as (PersonId,),
        "UPDATE accounts SET name = $4 WHERE platform = $1 AND workspace = $2 AND user_id = $3 RETURNING person_id",
        account.platform,
        &account.workspace,
        &account.user_id,
        name,
    )?;
    if let Some((person,)) = known {
        return Ok(person);
    }
    let person = add(tx, name, now).await?;
    let (owner,) = sql!(
        tx,
        fetch_one as (PersonId,),
        "INSERT INTO accounts (platform, workspace, user_id, person_id, name, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (platform, workspace, user_id) DO UPDATE SET name = excluded.name
         RETURNING person_id",
        account.platform,
        &account.workspace,
        &account.user_id,
        person,
        name,
        now,
    )?;
    if owner != person {
        // Somebody else made the same account in this moment; theirs stands.
        sql!(tx, execute, "DELETE FROM persons WHERE id = $1", person)?;
    }
    Ok(owner)
}

/// The name an account was last seen with.
///
/// # Errors
/// When the database fails.
pub async fn account_name(tx: &mut Tx, account: &AccountKey) -> Result<Option<String>, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (String,),
        "SELECT name FROM accounts WHERE platform = $1 AND workspace = $2 AND user_id = $3",
        account.platform,
        &account.workspace,
        &account.user_id,
    )?;
    Ok(row.map(|(name,)| name))
}

/// The name a person was last seen with, by the account that they had first.
///
/// # Errors
/// When the database fails.
pub async fn name_of(tx: &mut Tx, person: PersonId) -> Result<Option<String>, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (String,),
        "SELECT COALESCE((SELECT a.name FROM accounts a WHERE a.person_id = $1 OR a.came_from = $1
             ORDER BY CASE WHEN a.came_from IS NULL OR a.came_from = $1 THEN 0 ELSE 1 END, a.created_at LIMIT 1), p.name)
         FROM persons p WHERE p.id = $1",
        person,
    )?;
    Ok(row.map(|(name,)| name))
}

/// Keeps what GitHub said about an account.
///
/// # Errors
/// When the database fails.
pub async fn remember_permission(
    tx: &mut Tx,
    repository: &Repository,
    user_id: &str,
    permission: Permission,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sql!(
        tx,
        execute,
        "INSERT INTO repository_permissions (repository, user_id, permission, fetched_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (repository, user_id) DO UPDATE SET permission = excluded.permission, fetched_at = excluded.fetched_at",
        repository,
        user_id,
        permission,
        now,
    )?;
    Ok(())
}

/// What GitHub last said about an account, and when.
///
/// # Errors
/// When the database fails.
pub async fn permission(
    tx: &mut Tx,
    repository: &Repository,
    user_id: &str,
) -> Result<Option<(Permission, DateTime<Utc>)>, StoreError> {
    sql!(
        tx,
        fetch_optional as (Permission, DateTime<Utc>),
        "SELECT permission, fetched_at FROM repository_permissions WHERE repository = $1 AND user_id = $2",
        repository,
        user_id,
    )
}

/// An account of a person, as it was last seen.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Known {
    /// Whose it is.
    pub person_id: PersonId,
    /// The platform the account is on.
    pub platform: Platform,
    /// See [`AccountKey::workspace`].
    pub workspace: String,
    /// See [`AccountKey::user_id`].
    pub user_id: String,
    /// The name it was last seen with.
    pub name: String,
    /// When it was proved to be its person's, beside another one.
    pub linked_at: Option<DateTime<Utc>>,
    /// When it was made a person of its own again.
    pub unlinked_at: Option<DateTime<Utc>>,
    /// Whose it was before it was linked for the first time: what was given to that person was given to this account.
    pub came_from: Option<PersonId>,
}

impl Known {
    /// The account's immutable ids.
    pub fn key(&self) -> AccountKey {
        AccountKey {
            platform: self.platform,
            workspace: self.workspace.clone(),
            user_id: self.user_id.clone(),
        }
    }

    /// The person that it is by itself: what was given to that one is its own.
    pub fn origin(&self) -> PersonId {
        self.came_from.unwrap_or(self.person_id)
    }
}

/// An account as it was last seen.
///
/// # Errors
/// When the database fails.
pub async fn known(tx: &mut Tx, account: &AccountKey) -> Result<Option<Known>, StoreError> {
    sql!(
        tx,
        fetch_optional as Known,
        "SELECT person_id, platform, workspace, user_id, name, linked_at, unlinked_at, came_from FROM accounts
         WHERE platform = $1 AND workspace = $2 AND user_id = $3",
        account.platform,
        &account.workspace,
        &account.user_id,
    )
}

/// The account of a Slack user of whichever workspace; none when there are several. Slack's ids of users are its own everywhere
/// (<https://docs.slack.dev/apis/slack-connect/>).
///
/// # Errors
/// When the database fails.
pub async fn slack_user(tx: &mut Tx, user_id: &str) -> Result<Option<Known>, StoreError> {
    let mut found = sql!(
        tx,
        fetch_all as Known,
        "SELECT person_id, platform, workspace, user_id, name, linked_at, unlinked_at, came_from FROM accounts
         WHERE platform = 'slack' AND user_id = $1",
        user_id,
    )?;
    Ok(if found.len() == 1 { found.pop() } else { None })
}

/// The accounts of a person.
///
/// # Errors
/// When the database fails.
pub async fn accounts_of(tx: &mut Tx, person: PersonId) -> Result<Vec<Known>, StoreError> {
    sql!(
        tx,
        fetch_all as Known,
        "SELECT person_id, platform, workspace, user_id, name, linked_at, unlinked_at, came_from FROM accounts
         WHERE person_id = $1 ORDER BY platform, workspace, user_id",
        person,
    )
}

/// The accounts of a platform that go by a name, whatever its case.
///
/// # Errors
/// When the database fails.
pub async fn called(tx: &mut Tx, platform: Platform, name: &str) -> Result<Vec<Known>, StoreError> {
    sql!(
        tx,
        fetch_all as Known,
        "SELECT person_id, platform, workspace, user_id, name, linked_at, unlinked_at, came_from FROM accounts
         WHERE platform = $1 AND lower(name) = lower($2) ORDER BY workspace, user_id",
        platform,
        name,
    )
}

/// Makes an account another person's, who has other ones.
///
/// # Errors
/// When the database fails.
pub async fn link(
    tx: &mut Tx,
    account: &AccountKey,
    person: PersonId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sql!(
        tx,
        execute,
        "UPDATE accounts SET came_from = COALESCE(came_from, person_id), person_id = $4, linked_at = $5
         WHERE platform = $1 AND workspace = $2 AND user_id = $3",
        account.platform,
        &account.workspace,
        &account.user_id,
        person,
        now,
    )?;
    Ok(())
}

/// Makes some accounts of one person's those of another, who has no other ones: `person` is whom one of them was before.
///
/// # Errors
/// When the database fails.
pub async fn part(
    tx: &mut Tx,
    accounts: &[Known],
    person: PersonId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    for account in accounts {
        sql!(
            tx,
            execute,
            "UPDATE accounts SET person_id = $4, linked_at = $5, unlinked_at = $6
             WHERE platform = $1 AND workspace = $2 AND user_id = $3",
            account.platform,
            &account.workspace,
            &account.user_id,
            person,
            account.linked_at.filter(|_| accounts.len() > 1),
            now,
        )?;
    }
    Ok(())
}

/// The person that somebody is now: their account may have been linked with another's.
///
/// # Errors
/// When the database fails.
pub async fn now(tx: &mut Tx, person: PersonId) -> Result<PersonId, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (PersonId,),
        "SELECT person_id FROM accounts WHERE came_from = $1",
        person,
    )?;
    Ok(row.map_or(person, |(now,)| now))
}

/// The person that an account is by itself, made on first sight; see [`Known::origin`].
///
/// # Errors
/// When the database fails.
pub async fn origin_of(
    tx: &mut Tx,
    account: &AccountKey,
    name: &str,
    now: DateTime<Utc>,
) -> Result<PersonId, StoreError> {
    let person = person_of(tx, account, name, now).await?;
    Ok(known(tx, account).await?.map_or(person, |known| known.origin()))
}

/// Everybody that a person is by one of their accounts, themselves included: what was given to any of these is theirs.
///
/// # Errors
/// When the database fails.
pub async fn identities(tx: &mut Tx, person: PersonId) -> Result<Vec<PersonId>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (PersonId,),
        "SELECT came_from FROM accounts WHERE person_id = $1 AND came_from IS NOT NULL AND came_from <> $1",
        person,
    )?;
    Ok([person]
        .into_iter()
        .chain(rows.into_iter().map(|(id,)| id))
        .collect())
}

/// A new person, with no account yet.
///
/// # Errors
/// When the database fails.
pub async fn add(tx: &mut Tx, name: &str, now: DateTime<Utc>) -> Result<PersonId, StoreError> {
    let person = PersonId::new();
    sql!(
        tx,
        execute,
        "INSERT INTO persons (id, name, created_at) VALUES ($1, $2, $3)",
        person,
        name,
        now
    )?;
    Ok(person)
}
