//! What the judge judges by.

use super::Subject;
use crate::domain::{Asker, Platform, Project, Repository};
use crate::store::people::{self, Permission};
use crate::store::{StoreError, Tx, projects, runs};

/// What is known about a person and a subject. With a repository as the subject, "the project" is any of its projects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Where the person speaks.
    pub platform: Platform,
    /// The place they speak at is bound to the project.
    pub place_is_bound: bool,
    /// Some place of their workspace is bound to the project.
    pub workspace_is_bound: bool,
    /// They made the project.
    pub is_owner: bool,
    /// They asked for the run that it is about.
    pub is_asker: bool,
    /// They speak on an issue of the repository.
    pub at_repository: bool,
    /// What GitHub says they may do to the repository; for people who speak on GitHub.
    pub permission: Permission,
    /// There is a repository to be judged by.
    pub has_repository: bool,
}

impl Facts {
    /// Reads the facts.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn gather(tx: &mut Tx, asker: &Asker, subject: &Subject) -> Result<Self, StoreError> {
        let run = match subject {
            Subject::Run(id) => runs::get(tx, *id).await?,
            _ => None,
        };
        let subjects: Vec<Project> = match subject {
            Subject::Nothing => Vec::new(),
            Subject::Project(id) => projects::get(tx, *id).await?.into_iter().collect(),
            Subject::Repository(repository) => projects::of_repository(tx, repository).await?,
            Subject::Run(_) => match &run {
                Some(run) => projects::at(tx, &run.asker.place).await?,
                None => Vec::new(),
            },
        };
        let repository = match subject {
            Subject::Repository(repository) => Some(repository.clone()),
            Subject::Project(_) => subjects.iter().find_map(|project| project.repository.clone()),
            Subject::Run(_) => run
                .as_ref()
                .and_then(|run| run.asker.place.repository())
                .or_else(|| subjects.iter().find_map(|project| project.repository.as_ref()))
                .cloned(),
            // What does not exist yet is judged by where the person speaks.
            Subject::Nothing => asker.place.repository().cloned(),
        };
        let here = projects::binding(tx, &asker.place)
            .await?
            .map(|bound| bound.project_id);
        let mut workspace_is_bound = false;
        for project in &subjects {
            let places = projects::places(tx, project.id).await?;
            workspace_is_bound |= places.iter().any(|bound| {
                bound.place.platform() == asker.place.platform()
                    && !bound.place.workspace().is_empty()
                    && bound.place.workspace() == asker.place.workspace()
            });
        }
        Ok(Self {
            platform: asker.place.platform(),
            place_is_bound: subjects.iter().any(|project| Some(project.id) == here),
            workspace_is_bound,
            is_owner: subjects.iter().any(|project| project.owner == Some(asker.person)),
            is_asker: run.is_some_and(|run| run.asker.person == asker.person),
            at_repository: repository.is_some() && asker.place.repository() == repository.as_ref(),
            permission: permission(tx, asker, repository.as_ref()).await?,
            has_repository: repository.is_some(),
        })
    }
}

async fn permission(
    tx: &mut Tx,
    asker: &Asker,
    repository: Option<&Repository>,
) -> Result<Permission, StoreError> {
    let (Platform::GitHub, Some(repository)) = (asker.account.platform, repository) else {
        return Ok(Permission::None);
    };
    let known = people::permission(tx, repository, &asker.account.user_id).await?;
    Ok(known.map_or(Permission::None, |(permission, _)| permission))
}
