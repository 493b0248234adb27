//! The tools: front doors onto `action` for the model. The registry [`ALL`] is the list.
//!
//! A tool's arguments are a struct; its schema is derived from it. Bad arguments come back as a sentence that says what to
//! mend.

mod issues;
mod projects;
mod pulls;
mod reading;

use std::sync::LazyLock;

use futures::future::BoxFuture;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::action::{Actions, Change, Decider, Trouble};
use crate::domain::{Asker, PersonError, shorten};
use crate::markup::untrusted::Fence;
use crate::model::{ToolCall, ToolSpec};
use crate::store::trust::Met;

/// The longest result handed to the model, in characters.
const LONGEST_RESULT: usize = 12_000;

/// By which argument of every tool that changes something the model says that nobody asked for it.
const OWN_IDEA: &str = "own_idea";

/// What a tool is called with.
pub struct ToolCx<'a> {
    /// The actions.
    pub actions: &'a Actions,
    /// Who asks.
    pub asker: &'a Asker,
    /// What the run has met so far.
    pub met: &'a Met,
    /// How strangers' words are marked in this run.
    pub fence: &'a Fence,
}

/// What a tool did.
pub enum Performed {
    /// It read.
    Read {
        /// The result.
        text: String,
        /// What the run does next, for its progress.
        doing: Option<String>,
        /// What the run met in it.
        met: Met,
    },
    /// It wants to change something.
    Change(Box<Change>),
    /// It could not.
    Failed {
        /// Why, for the model and the person.
        error: PersonError,
        /// What the run met in that.
        met: Met,
    },
}

/// What a tool does to the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToolEffect {
    /// It only reads.
    Read,
    /// It changes something that can be changed back.
    Write,
}

/// One tool.
pub struct Tool {
    /// Its name.
    pub name: &'static str,
    /// What it does, for the model.
    pub description: &'static str,
    /// What it does to the world.
    pub effect: ToolEffect,
    /// What a run that calls it is doing, for its progress.
    doing: &'static str,
    schema: fn() -> Value,
    call: for<'a> fn(&'a ToolCx<'a>, &'a str) -> BoxFuture<'a, Result<Performed, Trouble>>,
}

/// Adds a tool to the registry: its name, effect, description, progress, argument struct and function.
macro_rules! tool {
    ($name:literal, $effect:ident, $doing:literal, $args:ty, $call:path, $description:literal) => {
        Tool {
            name: $name,
            description: $description,
            effect: ToolEffect::$effect,
            doing: $doing,
            schema: schema::<$args>,
            call: |cx, text| Box::pin(async move { $call(cx, arguments::<$args>($name, text)?).await }),
        }
    };
}

/// Every tool there is.
pub static ALL: [Tool; 17] = [
    tool!(
        "list_projects",
        Read,
        "listing the projects",
        projects::Nothing,
        projects::list_projects,
        "List the projects the person may see."
    ),
    tool!(
        "get_project",
        Read,
        "looking at the project",
        projects::ProjectName,
        projects::get_project,
        "What is known about a project: description, status, repository, owner and bound places."
    ),
    tool!(
        "create_project",
        Write,
        "creating the project",
        projects::CreateProject,
        projects::create_project,
        "Create a project."
    ),
    tool!(
        "update_project",
        Write,
        "changing the project",
        projects::UpdateProject,
        projects::update_project,
        "Change a project's name, description, status or repository."
    ),
    tool!(
        "bind_place",
        Write,
        "binding the place",
        projects::BindPlace,
        projects::bind_place,
        "Bind a chat channel to a project: its people become members, and the project's messages may be posted there."
    ),
    tool!(
        "project_status",
        Read,
        "checking the status",
        projects::ProjectName,
        projects::project_status,
        "A project's status: how it stands, how many issues and pull requests are open, which of them changed last, which pull \
         requests have failing checks or await a review, and what happened in the last 7 days."
    ),
    tool!(
        "search_messages",
        Read,
        "searching the messages",
        projects::SearchMessages,
        projects::search_messages,
        "Search what people said at a project's places. Finds messages that hold all the words."
    ),
    tool!(
        "post_message",
        Write,
        "posting the message",
        projects::PostMessage,
        projects::post_message,
        "Post a message to a channel that is bound to a project."
    ),
    tool!(
        "list_issues",
        Read,
        "reading the issues",
        issues::ListIssues,
        issues::list_issues,
        "List issues of a repository, those changed last first."
    ),
    tool!(
        "get_issue",
        Read,
        "reading the issue",
        issues::IssueName,
        issues::get_issue,
        "Read one issue with its newest comments."
    ),
    tool!(
        "create_issue",
        Write,
        "opening the issue",
        issues::CreateIssue,
        issues::create_issue,
        "Open a new issue."
    ),
    tool!(
        "comment_on_issue",
        Write,
        "commenting on the issue",
        issues::CommentOnIssue,
        issues::comment_on_issue,
        "Comment on an issue. Not needed to answer on the issue where the person asked: your answer is posted there anyway."
    ),
    tool!(
        "update_issue",
        Write,
        "changing the issue",
        issues::UpdateIssue,
        issues::update_issue,
        "Change an issue: title, body, labels, assignees, or whether it is open."
    ),
    tool!(
        "list_pull_requests",
        Read,
        "reading the pull requests",
        pulls::ListPullRequests,
        pulls::list_pull_requests,
        "List pull requests of a repository, those changed last first."
    ),
    tool!(
        "get_pull_request",
        Read,
        "reading the pull request",
        pulls::PullRequestName,
        pulls::get_pull_request,
        "Read one pull request: its branches, what its checks and reviewers say, and whether it can be merged."
    ),
    tool!(
        "search_issues",
        Read,
        "searching the issues",
        pulls::SearchIssues,
        pulls::search_issues,
        "Search issues and pull requests of a repository by words in title, body and comments."
    ),
    tool!(
        "recent_activity",
        Read,
        "looking at what happened",
        pulls::RecentActivity,
        pulls::recent_activity,
        "What happened in a repository lately: issues and pull requests opened, closed, merged, changed and commented on."
    ),
];

/// The tools as the model is told of them.
pub fn specs() -> Vec<ToolSpec> {
    static SPECS: LazyLock<Vec<ToolSpec>> = LazyLock::new(|| {
        let spec = |tool: &Tool| {
            let mut parameters = (tool.schema)();
            if tool.effect == ToolEffect::Write {
                parameters["properties"][OWN_IDEA] = json!({
                    "type": "boolean",
                    "description": "True when nobody asked for this and it is your own idea; people are then asked first."
                });
            }
            ToolSpec {
                name: tool.name,
                description: tool.description,
                parameters,
            }
        };
        ALL.iter().map(spec).collect()
    });
    SPECS.clone()
}

/// Does what the model asks for.
///
/// # Errors
/// When the database fails.
pub async fn perform(cx: &ToolCx<'_>, call: &ToolCall) -> Result<Performed, Trouble> {
    match called(cx, call).await {
        Err(Trouble::Person(error) | Trouble::Unavailable(error)) => cx.failed(error).await,
        other => other,
    }
}

async fn called(cx: &ToolCx<'_>, call: &ToolCall) -> Result<Performed, Trouble> {
    let Some(tool) = ALL.iter().find(|tool| tool.name == call.name) else {
        let names: Vec<&str> = ALL.iter().map(|tool| tool.name).collect();
        return Err(PersonError::new(
            format!("There is no tool “{}”", shorten(&call.name, 60)),
            format!("the tools are {}", names.join(", ")),
            "Use one of these",
        )
        .into());
    };
    match tool.effect {
        ToolEffect::Read => (tool.call)(cx, &call.arguments).await,
        ToolEffect::Write => (tool.call)(cx, &own_idea(&call.arguments).1).await,
    }
}

/// Who decided on the change that a call makes.
pub fn decider(call: &ToolCall) -> Decider {
    if own_idea(&call.arguments).0 {
        Decider::ModelAlone
    } else {
        Decider::Model
    }
}

/// Whether a model says that nobody asked for a call, and the arguments without that word.
fn own_idea(arguments: &str) -> (bool, String) {
    match serde_json::from_str(arguments) {
        Ok(Value::Object(mut object)) => match object.remove(OWN_IDEA) {
            // Whatever else stands there is not a clear "no".
            Some(said) => (
                !matches!(said, Value::Bool(false) | Value::Null),
                Value::Object(object).to_string(),
            ),
            None => (false, arguments.to_owned()),
        },
        _ => (false, arguments.to_owned()),
    }
}

/// What a run that makes this call is doing.
pub fn doing(call: &ToolCall) -> String {
    ALL.iter()
        .find(|tool| tool.name == call.name)
        .map_or("working", |tool| tool.doing)
        .to_owned()
}

/// Whether a tool changes anything.
pub fn changes(name: &str) -> bool {
    ALL.iter()
        .any(|tool| tool.name == name && tool.effect == ToolEffect::Write)
}

/// A result no longer than the model is given, with a note of what was cut. A fence in which it is cut is closed.
pub fn limited(text: &str, fence: &Fence) -> String {
    let length = text.chars().count();
    if length <= LONGEST_RESULT {
        return text.to_owned();
    }
    let kept = fence.closed(text.chars().take(LONGEST_RESULT).collect());
    format!(
        "{kept}\n\n[cut: {} of {length} characters are not shown; ask for less]",
        length - LONGEST_RESULT
    )
}

fn schema<T: JsonSchema>() -> Value {
    let mut schema = schemars::generate::SchemaSettings::openapi3()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value();
    if let Some(object) = schema.as_object_mut() {
        object.remove("$schema");
        object.remove("title");
        // Some servers refuse an object schema without properties.
        object.entry("properties").or_insert_with(|| json!({}));
    }
    schema
}

/// Reads the arguments of a call. Models also write none at all, or `null`, for "no arguments".
fn arguments<T: DeserializeOwned>(tool: &str, text: &str) -> Result<T, PersonError> {
    let text = if text.trim().is_empty() || text.trim() == "null" {
        "{}"
    } else {
        text
    };
    serde_json::from_str(text).map_err(|error| {
        PersonError::new(
            format!("The arguments of {tool} could not be used"),
            error.to_string(),
            "Call the tool again with arguments that fit its schema",
        )
    })
}
