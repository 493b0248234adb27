//! What the commands about projects do.

use clap::Subcommand;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use super::Outcome;
use super::pages::{List, Shown};
use super::people::roles;
use crate::action::{
    Actions, Change, Naming, NewProject, ProjectEdit, Telling, Trouble, list_projects, project_line,
};
use crate::domain::{Answer, Asker, PersonError, ProjectStatus, Repository, Role};
use crate::guard::{Action, Subject};

/// What can be done with projects.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum ProjectCommand {
    /// Make a project
    #[command(
        after_help = "project new \"Apollo Web\" --repository acme/apollo --description \"The new site\""
    )]
    New {
        /// Its name; quote a name of several words
        name: String,
        /// The repository of its issues, as owner/name or address
        #[arg(long)]
        repository: Option<String>,
        /// What it is about, in quotes
        #[arg(long)]
        description: Option<String>,
    },
    /// All that is known about a project
    #[command(after_help = "project show apollo")]
    Show {
        /// The project; left out for the one this place belongs to
        project: Option<String>,
    },
    /// Change a project
    #[command(after_help = "project set apollo --status on-hold")]
    Set {
        /// The project; left out for the one this place belongs to
        project: Option<String>,
        /// A new name
        #[arg(long)]
        name: Option<String>,
        /// A new description
        #[arg(long)]
        description: Option<String>,
        /// How it stands
        #[arg(long, value_parser = statuses(), ignore_case = true)]
        status: Option<ProjectStatus>,
        /// Another repository, as owner/name or address
        #[arg(long)]
        repository: Option<String>,
    },
    /// Bind this place to a project, so that whoever speaks here is a member or viewer of it
    #[command(after_help = "project bind apollo --role viewer")]
    Bind {
        /// The project; left out when there is only one
        project: Option<String>,
        /// What people become who speak here; a member when left out
        #[arg(long, value_parser = roles(&BINDING), ignore_case = true)]
        role: Option<Role>,
        /// Another place than this one, like slack:T1/C2; for the shell
        #[arg(long)]
        place: Option<String>,
    },
    /// Unbind this place from its project
    #[command(after_help = "project unbind")]
    Unbind {
        /// Another place than this one, like slack:T1/C2; for the shell
        #[arg(long)]
        place: Option<String>,
    },
    /// Put a project away
    #[command(after_help = "project archive apollo")]
    Archive {
        /// The project; left out for the one this place belongs to
        project: Option<String>,
    },
}

/// What a place can make of those who speak there.
const BINDING: [Role; 2] = [Role::Viewer, Role::Member];

/// The statuses as they are typed.
fn statuses() -> impl TypedValueParser<Value = ProjectStatus> {
    let words = [
        PossibleValue::new("planned"),
        PossibleValue::new("active"),
        PossibleValue::new("on-hold").aliases(["on hold", "on_hold", "paused"]),
        PossibleValue::new("done").alias("finished"),
        PossibleValue::new("archived"),
    ];
    PossibleValuesParser::new(words).try_map(|word| word.parse::<ProjectStatus>())
}

/// The projects a person may see.
pub(super) async fn list(actions: &Actions, asker: &Asker, page: u32) -> Result<Outcome, Trouble> {
    actions
        .permit(asker, Action::ListProjects, Subject::Nothing)
        .await?;
    let projects = actions.readable(asker).await?;
    if projects.is_empty() {
        return Ok(Outcome::words(list_projects(&projects)));
    }
    let list = List {
        heading: String::new(),
        entries: projects
            .iter()
            .map(|project| format!("- {}", project_line(project)))
            .collect(),
        note: String::new(),
        more: false,
        shown: Shown::by("projects"),
    };
    Ok(Outcome::Answer(list.page(page, asker)?))
}

/// Does what a command says, but for a change.
pub(super) async fn run(
    actions: &Actions,
    asker: &Asker,
    command: &ProjectCommand,
) -> Result<Outcome, Trouble> {
    let change = match command {
        ProjectCommand::New {
            name,
            repository,
            description,
        } => Change::CreateProject {
            new: NewProject {
                name: name.clone(),
                description: description.clone().unwrap_or_default(),
                status: ProjectStatus::Active,
            },
            repository: chosen(actions, asker, repository.as_deref()).await?,
        },
        ProjectCommand::Show { project } => return show(actions, asker, project.as_deref()).await,
        ProjectCommand::Set {
            project,
            name,
            description,
            status,
            repository,
        } => {
            let edit = ProjectEdit {
                name: name.clone(),
                description: description.clone(),
                status: *status,
            };
            set(actions, asker, project.as_deref(), edit, repository.as_deref()).await?
        }
        ProjectCommand::Bind { project, role, place } => {
            let project = actions.project(asker, project.as_deref(), Naming::Whole).await?;
            let place = actions.place_called(asker, place.as_deref())?;
            let label = actions.label(&place).await;
            Change::BindPlace {
                project: project.id,
                place,
                label,
                role: role.unwrap_or(Role::Member),
            }
        }
        ProjectCommand::Unbind { place } => unbind(actions, asker, place.as_deref()).await?,
        ProjectCommand::Archive { project } => {
            let edit = ProjectEdit {
                status: Some(ProjectStatus::Archived),
                ..ProjectEdit::default()
            };
            set(actions, asker, project.as_deref(), edit, None).await?
        }
    };
    Ok(Outcome::Change(Box::new(change)))
}

async fn show(actions: &Actions, asker: &Asker, project: Option<&str>) -> Result<Outcome, Trouble> {
    let project = actions.project(asker, project, Naming::Close).await?;
    let permit = actions
        .permit(asker, Action::ReadInside, Subject::Project(project.id))
        .await?;
    let mut telling = Telling::people();
    let text = actions.describe(&permit, &mut telling).await?;
    Ok(Outcome::told(Answer::words(text), &telling))
}

/// The repository that was named, when one was.
async fn chosen(
    actions: &Actions,
    asker: &Asker,
    repository: Option<&str>,
) -> Result<Option<Repository>, Trouble> {
    let Some(text) = repository.filter(|text| !text.trim().is_empty()) else {
        return Ok(None);
    };
    let repository = actions.repository(asker, Some(text), None, Naming::Whole);
    Ok(Some(repository.await?))
}

async fn set(
    actions: &Actions,
    asker: &Asker,
    project: Option<&str>,
    edit: ProjectEdit,
    repository: Option<&str>,
) -> Result<Change, Trouble> {
    let project = actions.project(asker, project, Naming::Whole).await?;
    let repository = chosen(actions, asker, repository).await?;
    if edit == ProjectEdit::default() && repository.is_none() {
        return Err(PersonError::new(
            format!("I changed nothing about {}", project.name),
            "nothing to change was named",
            "Name it, for example `--status done`; `help project set` tells what there is",
        )
        .into());
    }
    Ok(Change::UpdateProject {
        project: project.id,
        edit,
        repository,
    })
}

async fn unbind(actions: &Actions, asker: &Asker, place: Option<&str>) -> Result<Change, Trouble> {
    let place = actions.place_called(asker, place)?;
    let bound = actions.binding(asker, &place).await?;
    Ok(Change::UnbindPlace {
        project: bound.project_id,
        place: bound.place,
        label: bound.label,
    })
}
