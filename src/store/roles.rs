//! Who owns this Callsheet, and what people are in each project. Rows are of the person that an account is by itself; whoever has
//! several accounts has the rows of each (see [`super::people::identities`]).

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

/// The most that a person is in a project by a grant to any of their accounts.
///
/// # Errors
/// When the database fails.
pub async fn get(tx: &mut Tx, project: ProjectId, person: PersonId) -> Result<Option<Role>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (Role,),
        "SELECT role FROM roles WHERE project_id = $1
             AND (person_id = $2 OR person_id IN (SELECT came_from FROM accounts WHERE person_id = $2))",
        project,
        person,
    )?;
    Ok(rows.into_iter().map(|(role,)| role).max())
}

/// What was granted to the person that an account is by itself.
///
/// # Errors
/// When the database fails.
pub async fn given(tx: &mut Tx, project: ProjectId, own: PersonId) -> Result<Option<Role>, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (Role,),
        "SELECT role FROM roles WHERE project_id = $1 AND person_id = $2",
        project,
        own,
    )?;
    Ok(row.map(|(role,)| role))
}

/// Makes the person that an account is by itself something in a project, in the place of what they were.
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

/// Takes the role that the person has in a project whom an account is by itself; false when there is none.
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
    Ok(gone > 0)
}

/// Everybody with a role in a project, by name, each once with the most they are.
///
/// # Errors
/// When the database fails.
pub async fn of_project(tx: &mut Tx, project: ProjectId) -> Result<Vec<Holder>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as Holder,
        "SELECT p.id AS person_id, p.name, r.role FROM roles r JOIN persons p
             ON p.id = COALESCE((SELECT a.person_id FROM accounts a WHERE a.came_from = r.person_id LIMIT 1), r.person_id)
         WHERE r.project_id = $1 ORDER BY p.id",
        project,
    )?;
    let mut holders: Vec<Holder> = Vec::new();
    for mut row in rows {
        match holders.last_mut() {
            Some(last) if last.person_id == row.person_id => last.role = last.role.max(row.role),
            _ => {
                row.name = super::people::name_of(tx, row.person_id)
                    .await?
                    .unwrap_or(row.name);
                holders.push(row);
            }
        }
    }
    holders.sort_by(|one, other| (&one.name, one.person_id).cmp(&(&other.name, other.person_id)));
    Ok(holders)
}

/// Whether a person owns this Callsheet.
///
/// # Errors
/// When the database fails.
pub async fn is_owner(tx: &mut Tx, person: PersonId) -> Result<bool, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (PersonId,),
        "SELECT person_id FROM owners
         WHERE person_id = $1 OR person_id IN (SELECT came_from FROM accounts WHERE person_id = $1) LIMIT 1",
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

/// Makes the person that an account is by itself an owner of this Callsheet; `how` says what proved it. False when they are one.
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
