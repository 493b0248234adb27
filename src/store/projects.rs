//! Projects and the places bound to them.

use chrono::{DateTime, Utc};

use super::db::sql;
use super::{StoreError, Tx};
use crate::domain::{
    Gated, PersonId, Place, Platform, Policy, Project, ProjectId, ProjectStatus, Repository, Role,
};

/// A row of `projects`.
#[derive(sqlx::FromRow)]
struct Row {
    id: ProjectId,
    slug: String,
    name: String,
    description: String,
    description_by: Option<String>,
    status: ProjectStatus,
    repository: Option<Repository>,
    owner_id: Option<PersonId>,
    gates: Gated,
    two_people: bool,
    not_requester: bool,
    approvers: String,
    updated_at: DateTime<Utc>,
}

/// The columns of [`Row`].
macro_rules! select_projects {
    ($rest:literal) => {
        concat!(
            "SELECT id, slug, name, description, description_by, status, repository, owner_id, gates, two_people, not_requester,
             approvers, updated_at FROM projects ",
            $rest
        )
    };
}

/// Ids as a column keeps them, apart by spaces.
pub(super) fn written_ids(ids: &[PersonId]) -> String {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    ids.join(" ")
}

/// Ids from a column. One that cannot be read is nobody's: left out, it could leave a list that lets everybody.
pub(super) fn read_ids(text: &str) -> Vec<PersonId> {
    let ids = text.split_whitespace().map(|id| id.parse().unwrap_or_default());
    ids.map(PersonId).collect()
}

impl From<Row> for Project {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            slug: row.slug,
            name: row.name,
            description: row.description,
            description_by: row.description_by,
            status: row.status,
            repository: row.repository,
            owner: row.owner_id,
            policy: Policy {
                gates: row.gates,
                two_people: row.two_people,
                not_requester: row.not_requester,
                approvers: read_ids(&row.approvers),
            },
            updated_at: row.updated_at,
        }
    }
}

/// A place bound to a project.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct BoundPlace {
    /// The place; never a thread.
    pub place: Place,
    /// What people call it, e.g. `#apollo`.
    pub label: String,
    /// The project.
    pub project_id: ProjectId,
    /// What people are who speak there.
    pub role: Role,
}

/// Adds a project; false when the short name is taken.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &mut Tx, project: &Project) -> Result<bool, StoreError> {
    let added = sql!(
        tx,
        execute,
        "INSERT INTO projects (id, slug, name, description, status, repository, owner_id, created_at, updated_at, gates,
             two_people, not_requester, approvers, description_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10, $11, $12, $13) ON CONFLICT (slug) DO NOTHING",
        project.id,
        &project.slug,
        &project.name,
        &project.description,
        project.status,
        project.repository.as_ref(),
        project.owner,
        project.updated_at,
        project.policy.gates,
        project.policy.two_people,
        project.policy.not_requester,
        written_ids(&project.policy.approvers),
        project.description_by.as_deref(),
    )?;
    Ok(added == 1)
}

/// Writes what may change about a project.
///
/// # Errors
/// When the database fails.
pub async fn update(tx: &mut Tx, project: &Project) -> Result<(), StoreError> {
    sql!(
        tx,
        execute,
        "UPDATE projects SET name = $2, description = $3, status = $4, repository = $5, updated_at = $6, slug = $7,
             gates = $8, two_people = $9, not_requester = $10, approvers = $11, description_by = $12
         WHERE id = $1",
        project.id,
        &project.name,
        &project.description,
        project.status,
        project.repository.as_ref(),
        project.updated_at,
        &project.slug,
        project.policy.gates,
        project.policy.two_people,
        project.policy.not_requester,
        written_ids(&project.policy.approvers),
        project.description_by.as_deref(),
    )?;
    Ok(())
}

/// A project by its id.
///
/// # Errors
/// When the database fails.
pub async fn get(tx: &mut Tx, id: ProjectId) -> Result<Option<Project>, StoreError> {
    let row = sql!(tx, fetch_optional as Row, select_projects!("WHERE id = $1"), id,)?;
    Ok(row.map(Project::from))
}

/// A project that is changed in this transaction, after others that change it, or who is what in it: what was decided on what it said
/// before is decided on what they left.
///
/// # Errors
/// When the database fails.
pub async fn lock(tx: &mut Tx, id: ProjectId) -> Result<Option<Project>, StoreError> {
    sql!(
        tx,
        fetch_optional as (ProjectId,),
        {
            sqlite: "SELECT id FROM projects WHERE id = $1",
            postgres: "SELECT id FROM projects WHERE id = $1 FOR UPDATE",
        },
        id,
    )?;
    get(tx, id).await
}

/// A project by its short name.
///
/// # Errors
/// When the database fails.
pub async fn by_slug(tx: &mut Tx, slug: &str) -> Result<Option<Project>, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as Row,
        select_projects!("WHERE slug = $1"),
        slug,
    )?;
    Ok(row.map(Project::from))
}

/// Every project, by name.
///
/// # Errors
/// When the database fails.
pub async fn all(tx: &mut Tx) -> Result<Vec<Project>, StoreError> {
    let rows = sql!(tx, fetch_all as Row, select_projects!("ORDER BY slug"),)?;
    Ok(rows.into_iter().map(Project::from).collect())
}

/// The projects of a repository.
///
/// # Errors
/// When the database fails.
pub async fn of_repository(tx: &mut Tx, repository: &Repository) -> Result<Vec<Project>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as Row,
        select_projects!("WHERE repository = $1 ORDER BY slug"),
        repository,
    )?;
    Ok(rows.into_iter().map(Project::from).collect())
}

/// The projects that a place belongs to: the one it is bound to, or those of its repository.
///
/// # Errors
/// When the database fails.
pub async fn at(tx: &mut Tx, place: &Place) -> Result<Vec<Project>, StoreError> {
    if let Some(bound) = binding(tx, place).await? {
        return Ok(get(tx, bound.project_id).await?.into_iter().collect());
    }
    match place.repository() {
        Some(repository) => of_repository(tx, repository).await,
        None => Ok(Vec::new()),
    }
}

/// How a place, or the channel of a thread, is bound.
///
/// # Errors
/// When the database fails.
pub async fn binding(tx: &mut Tx, place: &Place) -> Result<Option<BoundPlace>, StoreError> {
    sql!(
        tx,
        fetch_optional as BoundPlace,
        "SELECT place, label, project_id, role FROM project_places WHERE place = $1",
        place.root(),
    )
}

/// What people call a place: the label it is bound with, an issue's name, else its address.
///
/// # Errors
/// When the database fails.
pub async fn label(tx: &mut Tx, place: &Place) -> Result<String, StoreError> {
    match place {
        Place::GitHub(issue) => Ok(issue.to_string()),
        Place::Repository(repository) => Ok(repository.to_string()),
        _ => Ok(binding(tx, place)
            .await?
            .map_or_else(|| place.to_string(), |bound| bound.label)),
    }
}

/// The places bound to a project.
///
/// # Errors
/// When the database fails.
pub async fn places(tx: &mut Tx, project: ProjectId) -> Result<Vec<BoundPlace>, StoreError> {
    sql!(
        tx,
        fetch_all as BoundPlace,
        "SELECT place, label, project_id, role FROM project_places WHERE project_id = $1 ORDER BY label, place",
        project,
    )
}

/// The bound places of a platform.
///
/// # Errors
/// When the database fails.
pub async fn bound_on(tx: &mut Tx, platform: Platform) -> Result<Vec<BoundPlace>, StoreError> {
    sql!(
        tx,
        fetch_all as BoundPlace,
        "SELECT place, label, project_id, role FROM project_places WHERE place LIKE $1 ORDER BY label, place",
        like(platform),
    )
}

/// What the addresses of a platform's places look like, for `LIKE`.
pub(super) fn like(platform: Platform) -> &'static str {
    match platform {
        Platform::Slack => "slack:%",
        Platform::Discord => "discord:%",
        Platform::GitHub => "github:%",
        Platform::Shell => "shell:%",
    }
}

/// Takes a place from a project; false when it is not bound to it.
///
/// # Errors
/// When the database fails.
pub async fn unbind(tx: &mut Tx, project: ProjectId, place: &Place) -> Result<bool, StoreError> {
    let gone = sql!(
        tx,
        execute,
        "DELETE FROM project_places WHERE place = $1 AND project_id = $2",
        place.root(),
        project,
    )?;
    Ok(gone > 0)
}

/// Binds a place to a project, taking it from any other; the caller has checked both.
///
/// # Errors
/// When the database fails.
pub async fn bind(
    tx: &mut Tx,
    project: ProjectId,
    place: &Place,
    label: &str,
    role: Role,
    by: PersonId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sql!(
        tx,
        execute,
        "INSERT INTO project_places (place, project_id, label, bound_by, created_at, role) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (place) DO UPDATE SET project_id = excluded.project_id, label = excluded.label,
             bound_by = excluded.bound_by, role = excluded.role",
        place.root(),
        project,
        label,
        by,
        now,
        role,
    )?;
    Ok(())
}
