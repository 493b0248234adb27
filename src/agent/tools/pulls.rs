//! Tools about pull requests, and tools that look over a whole repository.

use schemars::JsonSchema;
use serde::Deserialize;

use super::issues::Which;
use super::{Performed, ToolCx};
use crate::action::{Naming, Trouble};
use crate::domain::PersonError;
use crate::guard::{Action, Permit, Subject};
use crate::platform::github::{IssueKind, IssueSearch};

/// How many are listed when nothing is said.
const USUAL: u32 = 30;
/// How many are listed at most.
const MOST: u32 = 100;
/// How many days are looked back when nothing is said.
const DAYS: u32 = 7;
/// How many days are looked back at most.
const MOST_DAYS: u32 = 90;

/// Which pull requests to list.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListPullRequests {
    /// The repository as owner/name; left out for the one of the project.
    repository: Option<String>,
    /// The project's name; left out for the project of this place.
    project: Option<String>,
    /// Open ones when left out.
    state: Option<Which>,
    /// How many at most; 30 when left out, 100 at most.
    limit: Option<u32>,
}

/// A pull request.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PullRequestName {
    /// Like owner/repo#21 or #21; left out for the pull request of this place.
    pull_request: Option<String>,
}

/// What to look for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SearchIssues {
    /// The words; each must be found. Plain words only, no qualifiers.
    words: String,
    /// The repository as owner/name; left out for the one of the project.
    repository: Option<String>,
    /// The project's name; left out for the project of this place.
    project: Option<String>,
    /// Both when left out.
    kind: Option<Kind>,
    /// Open and closed ones when left out.
    state: Option<Which>,
    /// How many at most; 30 when left out, 100 at most.
    limit: Option<u32>,
}

/// Issues or pull requests.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// Issues only.
    Issues,
    /// Pull requests only.
    PullRequests,
}

/// What happened.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RecentActivity {
    /// The repository as owner/name; left out for the one of the project.
    repository: Option<String>,
    /// The project's name; left out for the project of this place.
    project: Option<String>,
    /// In the last how many days; 7 when left out, 90 at most.
    days: Option<u32>,
}

/// The right to read the repository that is meant.
async fn reader(cx: &ToolCx<'_>, repository: Option<&str>, project: Option<&str>) -> Result<Permit, Trouble> {
    let repository = cx
        .actions
        .repository(cx.asker, repository, project, Naming::Close)
        .await?;
    cx.actions
        .permit(cx.asker, Action::ReadProject, Subject::Repository(repository))
        .await
}

pub(super) async fn list_pull_requests(
    cx: &ToolCx<'_>,
    args: ListPullRequests,
) -> Result<Performed, Trouble> {
    let permit = reader(cx, args.repository.as_deref(), args.project.as_deref()).await?;
    let limit = args.limit.unwrap_or(USUAL).clamp(1, MOST) as usize;
    let state = args.state.unwrap_or(Which::Open).filter();
    let mut reading = cx.read(&permit).await?;
    let list = cx.actions.list_pull_requests(&permit, state, limit).await?;
    let doing = format!("reading the pull requests of {}", list.repository);
    let text = list.told(&mut reading.telling);
    Ok(reading.done(text, Some(doing)))
}

pub(super) async fn get_pull_request(cx: &ToolCx<'_>, args: PullRequestName) -> Result<Performed, Trouble> {
    let at = cx
        .actions
        .pull_request(cx.asker, args.pull_request.as_deref())
        .await?;
    let subject = Subject::Repository(at.repository.clone());
    let permit = cx.actions.permit(cx.asker, Action::ReadProject, subject).await?;
    let mut reading = cx.read(&permit).await?;
    let (read, trust) = cx.actions.read_pull_request(&permit, at.number).await?;
    let text = read.told(trust.covers(&read.pull), &mut reading.telling);
    Ok(reading.done(text, Some(format!("reading {at}"))))
}

pub(super) async fn search_issues(cx: &ToolCx<'_>, args: SearchIssues) -> Result<Performed, Trouble> {
    let permit = reader(cx, args.repository.as_deref(), args.project.as_deref()).await?;
    let search = IssueSearch {
        words: args.words,
        kind: args.kind.map(|kind| match kind {
            Kind::Issues => IssueKind::Issue,
            Kind::PullRequests => IssueKind::PullRequest,
        }),
        state: args.state.unwrap_or(Which::All).filter(),
        limit: args.limit.unwrap_or(USUAL).clamp(1, MOST) as usize,
    };
    let mut reading = cx.read(&permit).await?;
    let found = cx.actions.search_issues(&permit, &search).await?;
    let text = found.told(&mut reading.telling);
    Ok(reading.done(text, Some(format!("searching {}", found.repository))))
}

pub(super) async fn recent_activity(cx: &ToolCx<'_>, args: RecentActivity) -> Result<Performed, Trouble> {
    let days = args.days.unwrap_or(DAYS);
    if !(1..=MOST_DAYS).contains(&days) {
        return Err(PersonError::new(
            format!("I could not look back {days} days"),
            format!("I look back from 1 to {MOST_DAYS} days"),
            "Name a number of days between these",
        )
        .into());
    }
    let permit = reader(cx, args.repository.as_deref(), args.project.as_deref()).await?;
    let mut reading = cx.read(&permit).await?;
    let recent = cx.actions.recent_activity(&permit, days).await?;
    let text = recent.told(&mut reading.telling);
    let doing = format!("looking at what happened in {}", recent.repository);
    Ok(reading.done(text, Some(doing)))
}
