//! Tools about issues.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Performed, ToolCx};
use crate::action::{Change, IssueEdit, IssueQuery, Naming, Trouble};
use crate::domain::{IssueRef, IssueState, NewIssue};
use crate::guard::{Action, Subject};
use crate::platform::github::StateFilter;

/// How many issues are listed when nothing is said.
const ISSUES: u32 = 30;
/// How many issues are listed at most.
const MOST_ISSUES: u32 = 100;

/// Which issues to list.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListIssues {
    /// The repository as owner/name; left out for the one of the project.
    repository: Option<String>,
    /// The project's name; left out for the project of this place.
    project: Option<String>,
    /// Open ones when left out.
    state: Option<Which>,
    /// Only issues with all of these labels.
    #[serde(default)]
    labels: Vec<String>,
    /// Only issues assigned to this login.
    assignee: Option<String>,
    /// How many at most; 30 when left out, 100 at most.
    limit: Option<u32>,
}

/// Open, closed, or both.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Which {
    /// Open ones.
    Open,
    /// Closed ones.
    Closed,
    /// Both.
    All,
}

impl Which {
    /// The filter it stands for.
    pub(super) fn filter(self) -> StateFilter {
        match self {
            Self::Open => StateFilter::Open,
            Self::Closed => StateFilter::Closed,
            Self::All => StateFilter::All,
        }
    }
}

/// An issue.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct IssueName {
    /// Like owner/repo#12 or #12; left out for the issue of this place.
    issue: Option<String>,
}

/// An issue to be opened.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateIssue {
    /// The title.
    title: String,
    /// The body, as Markdown.
    body: Option<String>,
    /// Labels by name.
    #[serde(default)]
    labels: Vec<String>,
    /// Assignees by login.
    #[serde(default)]
    assignees: Vec<String>,
    /// The project's name; left out for the project of this place.
    project: Option<String>,
    /// The repository as owner/name; left out for the one of the project.
    repository: Option<String>,
}

/// A comment to be made.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CommentOnIssue {
    /// Like owner/repo#12 or #12; left out for the issue of this place.
    issue: Option<String>,
    /// The text, as Markdown.
    text: String,
}

/// What shall change about an issue.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateIssue {
    /// Like owner/repo#12 or #12; left out for the issue of this place.
    issue: Option<String>,
    /// A new title.
    title: Option<String>,
    /// A new body, as Markdown, replacing the old one.
    body: Option<String>,
    /// Open it or close it.
    state: Option<IssueState>,
    /// Labels to add.
    #[serde(default)]
    add_labels: Vec<String>,
    /// Labels to remove.
    #[serde(default)]
    remove_labels: Vec<String>,
    /// Logins to assign.
    #[serde(default)]
    add_assignees: Vec<String>,
    /// Logins to unassign.
    #[serde(default)]
    remove_assignees: Vec<String>,
}

pub(super) async fn list_issues(cx: &ToolCx<'_>, args: ListIssues) -> Result<Performed, Trouble> {
    let repository = cx
        .actions
        .repository(
            cx.asker,
            args.repository.as_deref(),
            args.project.as_deref(),
            Naming::Close,
        )
        .await?;
    let permit = cx
        .actions
        .permit(cx.asker, Action::ReadProject, Subject::Repository(repository))
        .await?;
    let query = IssueQuery {
        state: args.state.unwrap_or(Which::Open).filter(),
        labels: args.labels,
        assignee: args.assignee,
        limit: args.limit.unwrap_or(ISSUES).clamp(1, MOST_ISSUES) as usize,
    };
    let mut reading = cx.read(&permit).await?;
    let list = cx.actions.list_issues(&permit, &query).await?;
    let kind = match query.state {
        StateFilter::Open => "open ",
        StateFilter::Closed => "closed ",
        StateFilter::All => "",
    };
    let plural = if list.issues.len() == 1 { "issue" } else { "issues" };
    let doing = format!(
        "reading {} {kind}{plural} of {}",
        list.issues.len(),
        list.repository
    );
    let text = list.told(&mut reading.telling);
    Ok(reading.done(text, Some(doing)))
}

/// The issue that is meant.
async fn issue(cx: &ToolCx<'_>, named: Option<&str>) -> Result<IssueRef, Trouble> {
    cx.actions.issue(cx.asker, named).await
}

pub(super) async fn get_issue(cx: &ToolCx<'_>, args: IssueName) -> Result<Performed, Trouble> {
    let issue = issue(cx, args.issue.as_deref()).await?;
    let permit = cx
        .actions
        .permit(
            cx.asker,
            Action::ReadProject,
            Subject::Repository(issue.repository.clone()),
        )
        .await?;
    let mut reading = cx.read(&permit).await?;
    let read = cx.actions.read_issue(&permit, issue.number).await?;
    let text = read.told(&mut reading.telling);
    Ok(reading.done(text, Some(format!("reading {issue}"))))
}

pub(super) async fn create_issue(cx: &ToolCx<'_>, args: CreateIssue) -> Result<Performed, Trouble> {
    let repository = cx
        .actions
        .repository(
            cx.asker,
            args.repository.as_deref(),
            args.project.as_deref(),
            Naming::Whole,
        )
        .await?;
    let new = NewIssue {
        repository,
        title: args.title,
        body: args.body.unwrap_or_default(),
        labels: args.labels,
        assignees: args.assignees,
    };
    Ok(Performed::Change(Box::new(Change::CreateIssue { new })))
}

pub(super) async fn comment_on_issue(cx: &ToolCx<'_>, args: CommentOnIssue) -> Result<Performed, Trouble> {
    let issue = issue(cx, args.issue.as_deref()).await?;
    Ok(Performed::Change(Box::new(Change::CommentOnIssue {
        issue,
        text: args.text,
    })))
}

pub(super) async fn update_issue(cx: &ToolCx<'_>, args: UpdateIssue) -> Result<Performed, Trouble> {
    let issue = issue(cx, args.issue.as_deref()).await?;
    let subject = Subject::Repository(issue.repository.clone());
    // Before it is looked at, since even why it cannot be changed tells of it.
    cx.touch(&subject).await?;
    let permit = cx.actions.permit(cx.asker, Action::UpdateIssue, subject).await?;
    let edit = IssueEdit {
        title: args.title,
        body: args.body,
        state: args.state,
        add_labels: args.add_labels,
        remove_labels: args.remove_labels,
        add_assignees: args.add_assignees,
        remove_assignees: args.remove_assignees,
    };
    let change = cx.actions.plan_issue_change(&permit, issue.number, edit).await?;
    Ok(Performed::Change(Box::new(Change::UpdateIssue { issue, change })))
}
