//! Who owns this Callsheet, and what people are in each project.

use chrono::{DateTime, Utc};

use super::db::sql;
use super::{StoreError, Tx};
use crate::domain::{PersonId, ProjectId, Role};

/// A person with a role.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Holder {
    /// Who.
    pub person_id: PersonId,
    /// By the name they were last seen with.
    pub name: String,
    /// What they are.
    pub role: Role,
}

/// What a person is in a project by a grant.
///
/// # Errors
/// When the database fails.
pub async fn get(tx: &mut Tx, project: ProjectId, person: PersonId) -> Result<Option<Role>, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (Role,),
        "SELECT role FROM roles WHERE project_id = $1 AND person_id = $2",
        project,
        person,
    )?;
    Ok(row.map(|(role,)| role))
}

/// Makes a person something in a project, in the place of what they were.
///
/// # Errors
/// When the database fails.
pub async fn grant(
    tx: &mut Tx,
    project: ProjectId,
    person: PersonId,
    role: Role,
    by: PersonId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sql!(
        tx,
        execute,
        "INSERT INTO roles (project_id, person_id, role, granted_by, created_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (project_id, person_id) DO UPDATE SET role = excluded.role, granted_by = excluded.granted_by,
             created_at = excluded.created_at",
        project,
        person,
        role,
        by,
        now,
    )?;
    Ok(())
}

/// Takes a person's role in a project; false when they had none.
///
/// # Errors
/// When the database fails.
pub async fn revoke(tx: &mut Tx, project: ProjectId, person: PersonId) -> Result<bool, StoreError> {
    let gone = sql!(
        tx,
        execute,
        "DELETE FROM roles WHERE project_id = $1 AND person_id = $2",
        project,
        person,
    )?;
    Ok(gone == 1)
}

/// Everybody with a role in a project, by name.
///
/// # Errors
/// When the database fails.
pub async fn of_project(tx: &mut Tx, project: ProjectId) -> Result<Vec<Holder>, StoreError> {
    sql!(
        tx,
        fetch_all as Holder,
        "SELECT r.person_id, p.name, r.role FROM roles r JOIN persons p ON p.id = r.person_id
         WHERE r.project_id = $1 ORDER BY p.name, r.person_id",
        project,
    )
}

/// Gives one person everything that another one was granted, the stronger role where both have one.
///
/// # Errors
/// When the database fails.
pub async fn inherit(
    tx: &mut Tx,
    from: PersonId,
    to: PersonId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let theirs = sql!(
        tx,
        fetch_all as (ProjectId, Role),
        "SELECT project_id, role FROM roles WHERE person_id = $1",
        from,
    )?;
    for (project, role) in theirs {
        if get(tx, project, to).await? < Some(role) {
            grant(tx, project, to, role, to, now).await?;
        }
        revoke(tx, project, from).await?;
    }
    if is_owner(tx, from).await? {
        own(tx, to, "linked with an owner's account", now).await?;
        sql!(tx, execute, "DELETE FROM owners WHERE person_id = $1", from)?;
    }
    Ok(())
}

/// Whether a person owns this Callsheet.
///
/// # Errors
/// When the database fails.
pub async fn is_owner(tx: &mut Tx, person: PersonId) -> Result<bool, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (PersonId,),
        "SELECT person_id FROM owners WHERE person_id = $1",
        person,
    )?;
    Ok(row.is_some())
}

/// Whether anybody owns this Callsheet.
///
/// # Errors
/// When the database fails.
pub async fn has_owner(tx: &mut Tx) -> Result<bool, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (PersonId,),
        "SELECT person_id FROM owners LIMIT 1"
    )?;
    Ok(row.is_some())
}

/// Makes a person an owner of this Callsheet; `how` says what proved it. False when they are one.
///
/// # Errors
/// When the database fails.
pub async fn own(tx: &mut Tx, person: PersonId, how: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
    let new = sql!(
        tx,
        execute,
        "INSERT INTO owners (person_id, how, created_at) VALUES ($1, $2, $3) ON CONFLICT (person_id) DO NOTHING",
        person,
        how,
        now,
    )?;
    Ok(new == 1)
}

/// How an owner is noted who stands in the configuration.
const CONFIGURED: &str = "configuration";

/// Lets exactly those own this Callsheet by its configuration whom it names; says who is new, and how many are no owners any more.
///
/// # Errors
/// When the database fails.
pub async fn settle(
    tx: &mut Tx,
    named: &[PersonId],
    now: DateTime<Utc>,
) -> Result<(Vec<PersonId>, usize), StoreError> {
    let before = sql!(
        tx,
        fetch_all as (PersonId,),
        "SELECT person_id FROM owners WHERE how = $1",
        CONFIGURED,
    )?;
    let mut gone = 0;
    for (person,) in before {
        if !named.contains(&person) {
            sql!(tx, execute, "DELETE FROM owners WHERE person_id = $1", person)?;
            gone += 1;
        }
    }
    let mut new = Vec::new();
    for person in named {
        if own(tx, *person, CONFIGURED, now).await? {
            new.push(*person);
        }
    }
    Ok((new, gone))
}
