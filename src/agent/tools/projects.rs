//! Tools about projects, their places, and what is said there.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Performed, ToolCx};
use crate::action::{self, Change, Naming, NewProject, ProjectEdit, Trouble};
use crate::domain::{ProjectStatus, Repository, Role};
use crate::guard::{Action, Permit, Subject};

/// How many messages a search gives at most.
const MOST_FOUND: i64 = 50;

/// No arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// A project.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProjectName {
    /// The project's name; left out for the project of this place.
    project: Option<String>,
}

/// A project to be made.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateProject {
    /// The name.
    name: String,
    /// What it is about.
    description: Option<String>,
    /// Its repository, as owner/name or address.
    repository: Option<String>,
    /// How it stands; active when left out.
    status: Option<ProjectStatus>,
}

/// What shall change about a project.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateProject {
    /// The project's name; left out for the project of this place.
    project: Option<String>,
    /// A new name.
    name: Option<String>,
    /// A new description.
    description: Option<String>,
    /// A new status.
    status: Option<ProjectStatus>,
    /// A new repository, as owner/name or address.
    repository: Option<String>,
}

/// A place to be bound.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BindPlace {
    /// The project's name; left out only when there is just one project.
    project: Option<String>,
    /// The place's address, like slack:T1/C2; left out for this place.
    place: Option<String>,
}

/// What to look for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SearchMessages {
    /// The words.
    words: String,
    /// The project's name; left out for the project of this place.
    project: Option<String>,
    /// How many messages at most.
    limit: Option<u32>,
}

/// What to post.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PostMessage {
    /// The channel's name like #apollo, or its address.
    place: String,
    /// The text, as Markdown.
    text: String,
}

/// The right to do something to the project that was named, or to that of this place.
async fn permit(cx: &ToolCx<'_>, named: Option<&str>, action: Action) -> Result<Permit, Trouble> {
    let project = cx.actions.project(cx.asker, named, Naming::Close).await?;
    cx.actions
        .permit(cx.asker, action, Subject::Project(project.id))
        .await
}

pub(super) async fn list_projects(cx: &ToolCx<'_>, _: Nothing) -> Result<Performed, Trouble> {
    cx.actions
        .permit(cx.asker, Action::ListProjects, Subject::Nothing)
        .await?;
    let (projects, met) = cx.namable(cx.actions.readable(cx.asker).await?);
    Ok(Performed::Read {
        text: action::list_projects(&projects),
        doing: None,
        met,
    })
}

pub(super) async fn get_project(cx: &ToolCx<'_>, args: ProjectName) -> Result<Performed, Trouble> {
    let permit = permit(cx, args.project.as_deref(), Action::ReadInside).await?;
    let mut reading = cx.read(&permit).await?;
    let text = cx.actions.describe(&permit, &mut reading.telling).await?;
    Ok(reading.done(text, None))
}

pub(super) async fn project_status(cx: &ToolCx<'_>, args: ProjectName) -> Result<Performed, Trouble> {
    let permit = permit(cx, args.project.as_deref(), Action::ReadProject).await?;
    let mut reading = cx.read(&permit).await?;
    let text = cx.actions.status(&permit).await?.told(&mut reading.telling);
    Ok(reading.done(text, None))
}

/// The repository that was named, when one was.
async fn chosen(cx: &ToolCx<'_>, repository: Option<&str>) -> Result<Option<Repository>, Trouble> {
    let Some(text) = repository.filter(|text| !text.trim().is_empty()) else {
        return Ok(None);
    };
    let repository = cx.actions.repository(cx.asker, Some(text), None, Naming::Whole);
    Ok(Some(repository.await?))
}

pub(super) async fn create_project(cx: &ToolCx<'_>, args: CreateProject) -> Result<Performed, Trouble> {
    let repository = chosen(cx, args.repository.as_deref()).await?;
    let new = NewProject {
        name: args.name,
        description: args.description.unwrap_or_default(),
        status: args.status.unwrap_or(ProjectStatus::Active),
    };
    Ok(Performed::Change(Box::new(Change::CreateProject {
        new,
        repository,
    })))
}

pub(super) async fn update_project(cx: &ToolCx<'_>, args: UpdateProject) -> Result<Performed, Trouble> {
    let project = cx
        .actions
        .project(cx.asker, args.project.as_deref(), Naming::Whole)
        .await?;
    let repository = chosen(cx, args.repository.as_deref()).await?;
    let edit = ProjectEdit {
        name: args.name,
        description: args.description,
        status: args.status,
    };
    Ok(Performed::Change(Box::new(Change::UpdateProject {
        project: project.id,
        edit,
        repository,
    })))
}

pub(super) async fn bind_place(cx: &ToolCx<'_>, args: BindPlace) -> Result<Performed, Trouble> {
    let project = cx
        .actions
        .project(cx.asker, args.project.as_deref(), Naming::Whole)
        .await?;
    let place = cx.actions.place_called(cx.asker, args.place.as_deref())?;
    // What a channel is called may be nobody's business here who knows its address.
    let label = if cx.met.tainted_by.is_some() && place.root() != cx.asker.place.root() {
        place.to_string()
    } else {
        cx.actions.label(&place).await
    };
    Ok(Performed::Change(Box::new(Change::BindPlace {
        project: project.id,
        place,
        label,
        role: Role::Member,
    })))
}

pub(super) async fn search_messages(cx: &ToolCx<'_>, args: SearchMessages) -> Result<Performed, Trouble> {
    let permit = permit(cx, args.project.as_deref(), Action::SearchMessages).await?;
    let limit = args.limit.map_or(20, i64::from).clamp(1, MOST_FOUND);
    let mut reading = cx.read(&permit).await?;
    let hits = cx.actions.search_messages(&permit, &args.words, limit).await?;
    let text = action::found(&args.words, &hits, &mut reading.telling);
    Ok(reading.done(text, None))
}

pub(super) async fn post_message(cx: &ToolCx<'_>, args: PostMessage) -> Result<Performed, Trouble> {
    let bound = cx.actions.bound_place(cx.asker, &args.place).await?;
    Ok(Performed::Change(Box::new(Change::PostMessage {
        project: bound.project_id,
        place: bound.place,
        text: args.text,
    })))
}
