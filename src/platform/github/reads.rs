//! What is read from GitHub, straight through: nothing is shown without its word that it still holds.

use std::collections::HashSet;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::client::GitHub;
use super::errors::GitHubError;
use super::models::{Account, Comment, Issue, IssueFilter, IssueList, OpenCounts, StateFilter};
use super::route::{Route, path_and_query};
use crate::domain::{IssueRef, Repository};
use crate::store::people::Permission;

/// The most entries of a page
/// (<https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api>).
pub(super) const PAGE: usize = 100;
/// The same as it is asked for.
pub(super) const PER_PAGE: (&str, &str) = ("per_page", "100");
/// How many pages of one list are read at most.
pub(super) const MAX_PAGES: usize = 10;

/// <https://docs.github.com/en/rest/collaborators/collaborators#get-repository-permissions-for-a-user>
#[derive(Deserialize)]
struct WirePermission {
    permission: String,
    user: Option<Account>,
}

/// The pages of a list, followed by the links GitHub gives.
pub(super) struct Pages<'a> {
    github: &'a GitHub,
    next: Option<Route>,
}

impl<'a> Pages<'a> {
    /// The list at a route.
    pub(super) fn new(github: &'a GitHub, first: Route) -> Self {
        Self {
            github,
            next: Some(first),
        }
    }

    /// The next page of a plain list; none after the last.
    pub(super) async fn next<T: DeserializeOwned>(&mut self) -> Result<Option<Vec<T>>, GitHubError> {
        self.next_whole().await
    }

    /// The next page as it is; none after the last.
    pub(super) async fn next_whole<T: DeserializeOwned>(&mut self) -> Result<Option<T>, GitHubError> {
        let Some(route) = self.next.take() else {
            return Ok(None);
        };
        let answer = self.github.get(&route).await?;
        // Only the path is taken over: the token goes to the configured host and nowhere else.
        self.next = linked(answer.link.as_deref(), "next").map(|url| Route {
            path: path_and_query(&url),
            by: route.by,
        });
        answer.json().map(Some)
    }

    /// Whether a page is left.
    pub(super) fn more(&self) -> bool {
        self.next.is_some()
    }
}

impl GitHub {
    /// One issue or pull request.
    ///
    /// # Errors
    /// When there is none, or GitHub cannot be asked.
    pub async fn issue(&self, issue: &IssueRef) -> Result<Issue, GitHubError> {
        self.get(&self.on_issue(issue, &[], &[])?).await?.json()
    }

    /// The issues that fit, those that changed last first. Pull requests, which GitHub lists among them, are left out.
    /// <https://docs.github.com/en/rest/issues/issues#list-repository-issues>
    ///
    /// # Errors
    /// When GitHub knows no such repository, label or login, or cannot be asked.
    pub async fn issues(
        &self,
        repository: &Repository,
        filter: &IssueFilter,
    ) -> Result<IssueList, GitHubError> {
        let labels = filter.labels.join(",");
        let mut query = vec![
            PER_PAGE,
            ("state", word(filter.state)),
            ("sort", "updated"),
            ("direction", "desc"),
        ];
        if !labels.is_empty() {
            query.push(("labels", &labels));
        }
        if let Some(assignee) = &filter.assignee {
            query.push(("assignee", assignee));
        }
        let limit = filter.limit.min(MAX_PAGES * PAGE);
        let mut pages = Pages::new(self, self.in_repository(repository, &["issues"], &query)?);
        let mut issues: Vec<Issue> = Vec::new();
        // What changes while the pages are read moves to the front, and pushes others to the next page again.
        let mut seen = HashSet::new();
        for _ in 0..MAX_PAGES {
            let Some(page) = pages.next::<Issue>().await? else {
                break;
            };
            let new = page.into_iter().filter(|issue| seen.insert(issue.number));
            issues.extend(new.filter(|issue| !issue.is_pull_request));
            if issues.len() > limit {
                break;
            }
        }
        let more = issues.len() > limit || pages.more();
        issues.truncate(limit);
        Ok(IssueList { issues, more })
    }

    /// How many issues and pull requests are open, counted in at most 1,000 entries, and the issues among them that changed
    /// last.
    ///
    /// # Errors
    /// When GitHub knows no such repository, or cannot be asked.
    pub async fn open_work(
        &self,
        repository: &Repository,
        newest: usize,
    ) -> Result<(OpenCounts, Vec<Issue>), GitHubError> {
        let query = [
            PER_PAGE,
            ("state", word(StateFilter::Open)),
            ("sort", "updated"),
            ("direction", "desc"),
        ];
        let mut pages = Pages::new(self, self.in_repository(repository, &["issues"], &query)?);
        let mut counts = OpenCounts::default();
        let mut seen = HashSet::new();
        let mut issues = Vec::new();
        for _ in 0..MAX_PAGES {
            let Some(mut page) = pages.next::<Issue>().await? else {
                break;
            };
            page.retain(|issue| seen.insert(issue.number));
            let all = page.len();
            let only_issues: Vec<Issue> = page.into_iter().filter(|issue| !issue.is_pull_request).collect();
            counts.issues += only_issues.len();
            counts.pull_requests += all - only_issues.len();
            let room = newest.saturating_sub(issues.len());
            issues.extend(only_issues.into_iter().take(room));
        }
        counts.capped = pages.more();
        Ok((counts, issues))
    }

    /// The newest comments on an issue, oldest first; 1,000 at most. GitHub lists them from the oldest, so the pages are
    /// read from the last one back.
    /// <https://docs.github.com/en/rest/issues/comments#list-issue-comments>
    ///
    /// # Errors
    /// When there is no such issue, or GitHub cannot be asked.
    pub async fn comments(&self, issue: &IssueRef, newest: usize) -> Result<Vec<Comment>, GitHubError> {
        let newest = newest.min(MAX_PAGES * PAGE);
        if newest == 0 {
            return Ok(Vec::new());
        }
        let first = self
            .get(&self.on_issue(issue, &["comments"], &[PER_PAGE])?)
            .await?;
        let mut last = last_page(first.link.as_deref());
        let mut comments: Vec<Comment> = Vec::new();
        while last > 1 && comments.len() < newest {
            let query = [PER_PAGE, ("page", &last.to_string())];
            let answer = self.get(&self.on_issue(issue, &["comments"], &query)?).await?;
            comments = prepend(answer.json()?, comments);
            last -= 1;
        }
        if comments.len() < newest {
            comments = prepend(first.json()?, comments);
        }
        Ok(comments.split_off(comments.len().saturating_sub(newest)))
    }

    /// What an account may do to a repository; nothing when its login is another's by now: logins can be given up and taken.
    /// Asking takes write access of our own.
    ///
    /// # Errors
    /// When our account may not ask, or GitHub cannot be asked.
    pub async fn permission(
        &self,
        repository: &Repository,
        login: &str,
        id: &str,
    ) -> Result<Permission, GitHubError> {
        let route = self.in_repository(repository, &["collaborators", login, "permission"], &[])?;
        let said: WirePermission = match self.get(&route).await {
            Err(GitHubError::NotFound) => return Ok(Permission::None),
            answer => answer?.json()?,
        };
        if said.user.is_some_and(|user| user.id.to_string() != id) {
            return Ok(Permission::None);
        }
        // GitHub maps the roles maintain and triage onto write and read here.
        match said.permission.as_str() {
            "admin" => Ok(Permission::Admin),
            "write" => Ok(Permission::Write),
            "read" => Ok(Permission::Read),
            "none" => Ok(Permission::None),
            other => Err(GitHubError::Strange(format!("the permission \"{other}\""))),
        }
    }
}

pub(super) fn word(state: StateFilter) -> &'static str {
    match state {
        StateFilter::Open => "open",
        StateFilter::Closed => "closed",
        StateFilter::All => "all",
    }
}

fn prepend(mut page: Vec<Comment>, rest: Vec<Comment>) -> Vec<Comment> {
    page.extend(rest);
    page
}

/// The number of a list's last page; 1 when there is no other.
pub(super) fn last_page(link: Option<&str>) -> u64 {
    let page = linked(link, "last").and_then(|url| {
        let (_, page) = url.query_pairs().find(|(name, _)| name == "page")?;
        page.parse().ok()
    });
    page.unwrap_or(1)
}

/// The page that a `Link` header names by its relation. The address may hold commas, so it is read up to its bracket.
pub(super) fn linked(link: Option<&str>, relation: &str) -> Option<Url> {
    let mut rest = link?;
    loop {
        let (_, after) = rest.split_once('<')?;
        let (address, after) = after.split_once('>')?;
        let parameters = after.split('<').next().unwrap_or_default();
        if parameters.contains(&format!("rel=\"{relation}\"")) {
            return Url::parse(address).ok();
        }
        rest = after;
    }
}
