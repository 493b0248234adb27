//! Making, changing and listing projects, and binding places to them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::telling::{By, Telling};
use super::{Actions, Trouble};
use crate::domain::{
    PersonError, Place, Platform, Policy, Project, ProjectId, ProjectStatus, Repository, Role, clean,
    has_words, slugify, turns_direction,
};
use crate::guard::{Action, Permit};
use crate::markup::quote_untrusted;
use crate::store::{StoreError, Tx, people, projects, roles};

/// The longest name of a project, in characters.
const MAX_NAME: usize = 80;
/// The longest description of a project, in characters.
const MAX_DESCRIPTION: usize = 4_000;

/// A project to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewProject {
    /// Its name.
    pub name: String,
    /// What it is about; may be empty.
    pub description: String,
    /// How it stands.
    pub status: ProjectStatus,
}

/// What shall change about a project; what is none stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectEdit {
    /// A new name.
    pub name: Option<String>,
    /// A new description.
    pub description: Option<String>,
    /// A new status.
    pub status: Option<ProjectStatus>,
}

fn checked_name(name: &str) -> Result<String, PersonError> {
    let name = clean(name).split_whitespace().collect::<Vec<_>>().join(" ");
    let length = name.chars().count();
    if !has_words(&name) || length > MAX_NAME || turns_direction(&name) {
        let why = if length > MAX_NAME {
            format!("the name has {length} characters and may have {MAX_NAME}")
        } else {
            "a name needs letters or digits, and no characters that turn the direction of writing".to_owned()
        };
        return Err(PersonError::new(
            "I could not use this project name",
            why,
            "Choose another name",
        ));
    }
    Ok(name)
}

fn checked_description(text: &str) -> Result<String, PersonError> {
    let length = text.chars().count();
    if length > MAX_DESCRIPTION {
        let why = format!("the description has {length} characters and may have {MAX_DESCRIPTION}");
        return Err(PersonError::new(
            "I could not use this description",
            why,
            "Shorten it",
        ));
    }
    Ok(clean(text).trim().to_owned())
}

/// The repository a permit to choose it stands for.
fn chosen(permit: &Permit) -> Result<Repository, Trouble> {
    Ok(permit.repository(Action::SetRepository)?.clone())
}

impl Actions {
    /// Makes a project; whoever asked owns it. A repository takes a permit of its own. `by` says whose words without rights the
    /// description may repeat.
    ///
    /// # Errors
    /// When the name cannot be used or is taken.
    pub async fn create_project(
        &self,
        tx: &mut Tx,
        permit: &Permit,
        repository: Option<&Permit>,
        new: &NewProject,
        by: Option<String>,
    ) -> Result<Project, Trouble> {
        permit.covers(Action::CreateProject)?;
        let name = checked_name(&new.name)?;
        let project = Project {
            id: ProjectId::new(),
            slug: slugify(&name),
            name,
            description: checked_description(&new.description)?,
            description_by: by.filter(|_| has_words(&new.description)),
            status: new.status,
            repository: repository.map(chosen).transpose()?,
            owner: Some(permit.asker().person),
            policy: Policy::default(),
            updated_at: self.engine.clock.now(),
        };
        if !projects::insert(tx, &project).await? {
            return Err(taken("create the project", &project.name).into());
        }
        let asker = permit.asker();
        let owner = people::origin_of(tx, &asker.account, &asker.name, project.updated_at).await?;
        roles::grant(tx, project.id, owner, Role::Owner, owner, project.updated_at).await?;
        Ok(project)
    }

    /// Changes a project, and says what changed. A repository takes a permit of its own. `by` says whose words without rights the
    /// description may repeat.
    ///
    /// # Errors
    /// When a value cannot be used, or nothing would change.
    pub async fn update_project(
        &self,
        tx: &mut Tx,
        permit: &Permit,
        repository: Option<&Permit>,
        edit: &ProjectEdit,
        by: Option<String>,
    ) -> Result<(Project, String), Trouble> {
        let id = permit.project(Action::UpdateProject)?;
        let mut project = projects::lock(tx, id).await?.ok_or_else(gone)?;
        let before = project.clone();
        if let Some(name) = &edit.name {
            project.name = checked_name(name)?;
            // The short name goes along, so that the old name is free and no two projects answer to one.
            project.slug = slugify(&project.name);
            if projects::by_slug(tx, &project.slug)
                .await?
                .is_some_and(|other| other.id != id)
            {
                return Err(taken("rename the project to", &project.name).into());
            }
        }
        if let Some(description) = &edit.description {
            project.description = checked_description(description)?;
            project.description_by = by.filter(|_| has_words(description));
        }
        if let Some(status) = edit.status {
            project.status = status;
        }
        if let Some(permit) = repository {
            project.repository = Some(chosen(permit)?);
        }
        if project == before {
            return Err(PersonError::new(
                format!("{} stays as it is", project.name),
                "it is like that already",
                "Nothing needs to be done",
            )
            .into());
        }
        project.updated_at = self.engine.clock.now();
        projects::update(tx, &project).await?;
        let changes = changes(&before, &project);
        Ok((project, changes))
    }

    /// Binds a place to a project; a place that belongs to another project stays there.
    ///
    /// # Errors
    /// When the place belongs to another project, or is an issue (that belongs to its repository's projects).
    pub async fn bind_place(
        &self,
        tx: &mut Tx,
        permit: &Permit,
        place: &Place,
        label: &str,
        role: Role,
    ) -> Result<Project, Trouble> {
        let id = permit.project(Action::BindPlace)?;
        let project = projects::get(tx, id).await?.ok_or_else(gone)?;
        // Whoever speaks at a bound place is a member and may read what was said there: so nobody binds a place from
        // elsewhere, but for the shell's user.
        let asker = permit.asker();
        if place.root() != asker.place.root() && asker.place.platform() != Platform::Shell {
            let why = "a place is bound by somebody who speaks there";
            return Err(
                PersonError::new(format!("I could not bind {label}"), why, "Ask me in that channel").into(),
            );
        }
        if matches!(
            place,
            Place::GitHub(_) | Place::Repository(_) | Place::Shell { .. }
        ) {
            let why = "issues belong to their repository's projects, and the shell to everything";
            return Err(
                PersonError::new("I could not bind this place", why, "Bind a chat channel instead").into(),
            );
        }
        self.reachable(place, &format!("I could not bind {label}"))?;
        if let Some(bound) = projects::binding(tx, place).await?
            && bound.project_id != id
        {
            let other = projects::get(tx, bound.project_id)
                .await?
                .map_or_else(String::new, |other| other.name);
            return Err(PersonError::new(
                format!("I could not bind {label} to {}", project.name),
                format!("it is bound to {other} already"),
                "A place belongs to one project; use another channel",
            )
            .into());
        }
        projects::bind(
            tx,
            id,
            place,
            label,
            role,
            permit.asker().person,
            self.engine.clock.now(),
        )
        .await?;
        Ok(project)
    }

    /// Takes a place from the permit's project.
    ///
    /// # Errors
    /// When the place does not belong to it any more.
    pub async fn unbind_place(
        &self,
        tx: &mut Tx,
        permit: &Permit,
        place: &Place,
        label: &str,
    ) -> Result<Project, Trouble> {
        let id = permit.project(Action::UnbindPlace)?;
        let project = projects::get(tx, id).await?.ok_or_else(gone)?;
        if !projects::unbind(tx, id, place).await? {
            return Err(PersonError::new(
                format!("I could not unbind {label}"),
                format!("it is not bound to {} any more", project.name),
                "Nothing needs to be done",
            )
            .into());
        }
        Ok(project)
    }

    /// A project in words: everything the database knows of it. A description is fenced for a model when strangers' words may be in it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn describe(&self, permit: &Permit, telling: &mut Telling<'_>) -> Result<String, Trouble> {
        let id = permit.project(Action::ReadInside)?;
        let mut tx = self.engine.db.read().await?;
        let project = projects::get(&mut tx, id).await?.ok_or_else(gone)?;
        let mut owners: Vec<String> = Vec::new();
        for holder in roles::of_project(&mut tx, id).await? {
            if holder.role == Role::Owner {
                owners.push(quote_untrusted(&holder.name));
            }
        }
        let (called, owners) = match owners.as_slice() {
            [] => (
                "Owner",
                "nobody; who owns this Callsheet owns every project".to_owned(),
            ),
            [one] => ("Owner", one.clone()),
            several => ("Owners", several.join(", ")),
        };
        let places = projects::places(&mut tx, id).await?;
        let labels: Vec<&str> = places.iter().map(|bound| bound.label.as_str()).collect();
        let mut lines = vec![format!("{} (`{}`)", line(&project), project.slug)];
        if !project.description.is_empty() {
            lines.push(format!("\n{}\n", description(&project, telling)));
        }
        lines.push(format!("- {called}: {owners}"));
        lines.push(format!(
            "- Places: {}",
            if labels.is_empty() {
                "none".to_owned()
            } else {
                labels.join(", ")
            }
        ));
        lines.push(format!("- Last changed: {}", day(project.updated_at)));
        Ok(lines.join("\n"))
    }
}

/// What a project is about.
pub(super) fn description(project: &Project, telling: &mut Telling<'_>) -> String {
    match &project.description_by {
        None => project.description.clone(),
        Some(by) => {
            let by = By {
                author: "Callsheet",
                source: format!("the description of {}, written after {by}", project.name),
                trusted: false,
            };
            telling.block(&by, &project.description)
        }
    }
}

/// A project in one line of Markdown.
pub fn line(project: &Project) -> String {
    let repository = project.repository.as_ref().map_or_else(
        || "no repository".to_owned(),
        |repository| format!("[{repository}]({})", repository.url()),
    );
    format!("**{}**: {}, {repository}", project.name, project.status.words())
}

/// What changed about a project, in words.
fn changes(before: &Project, after: &Project) -> String {
    let mut said = Vec::new();
    if before.name != after.name {
        said.push(format!("renamed from “{}”", before.name));
    }
    if before.status != after.status {
        said.push(format!("status is now {}", after.status.words()));
    }
    if before.description != after.description {
        said.push("description rewritten".to_owned());
    }
    if let Some(repository) = &after.repository
        && before.repository != after.repository
    {
        said.push(format!("repository is now [{repository}]({})", repository.url()));
    }
    said.join("; ")
}

/// A list of projects in Markdown.
pub fn list(projects: &[Project]) -> String {
    if projects.is_empty() {
        return "There is no project that you may see here. To make one, say: create a project called Apollo"
            .to_owned();
    }
    projects
        .iter()
        .map(|project| format!("- {}", line(project)))
        .collect::<Vec<_>>()
        .join("\n")
}

/// A day as people write it.
pub(super) fn day(at: DateTime<Utc>) -> String {
    at.format("%-d %b %Y, %H:%M UTC").to_string()
}

fn taken(what: &str, name: &str) -> PersonError {
    PersonError::new(
        format!("I could not {what} {name}"),
        "there is one with this name already",
        "Choose another name, or ask for its status",
    )
}

pub(super) fn gone() -> Trouble {
    Trouble::Store(StoreError::Unreadable {
        what: "a project",
        why: "it is gone".into(),
    })
}
