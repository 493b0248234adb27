//! Looking for issues and pull requests by words, and what happened in a repository lately.

use std::collections::HashSet;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Deserialize;

use super::client::GitHub;
use super::errors::GitHubError;
use super::models::{Comment, Issue, StateFilter};
use super::reads::{PAGE, PER_PAGE, Pages, word};
use super::route::path;
use crate::domain::Repository;

/// How many pages of issues and of comments are read for what happened lately.
const ACTIVITY_PAGES: usize = 3;
/// The longest words that are looked for, in characters: GitHub takes 256 without the qualifiers
/// (<https://docs.github.com/en/rest/search/search#limitations-on-query-length>).
const MOST_WORDS: usize = 200;

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IssueKind {
    /// Issues only.
    Issue,
    /// Pull requests only.
    PullRequest,
}

/// What to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueSearch {
    /// The words; each must be found.
    pub words: String,
    /// Issues, pull requests, or both.
    pub kind: Option<IssueKind>,
    /// By state.
    pub state: StateFilter,
    /// The most that are returned; 100 at most.
    pub limit: usize,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuesFound {
    /// Those that changed last first.
    pub issues: Vec<Issue>,
    /// How many there are in all.
    pub total: u64,
    /// Whether GitHub gave up before it had looked everywhere.
    pub incomplete: bool,
}

/// What happened in a repository since a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// Issues and pull requests that changed, the last first.
    pub issues: Vec<Issue>,
    /// Comments with the number of their issue, the last first.
    pub comments: Vec<(u64, Comment)>,
    /// Whether more happened than was read: 300 issues and 300 comments.
    pub more: bool,
}

/// <https://docs.github.com/en/rest/search/search#search-issues-and-pull-requests>
#[derive(Deserialize)]
struct WireFound {
    #[serde(default)]
    total_count: u64,
    #[serde(default)]
    incomplete_results: bool,
    #[serde(default)]
    items: Vec<WireItem>,
}

#[derive(Deserialize)]
struct WireItem {
    #[serde(default)]
    repository_url: String,
    #[serde(flatten)]
    issue: Issue,
}

#[derive(Deserialize)]
struct WirePlacedComment {
    #[serde(default)]
    issue_url: String,
    #[serde(flatten)]
    comment: Comment,
}

/// The words without anything that GitHub reads as more than words: a qualifier such as `repo:` would look into other
/// repositories, which the person who asks may not read; a `-` or an operator would turn the meaning.
pub(super) fn plain_words(text: &str) -> String {
    let spaced: String = text
        .chars()
        .map(|c| {
            if c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '\'' | '#') {
                c
            } else {
                ' '
            }
        })
        .collect();
    let words = spaced
        .split_whitespace()
        .map(|word| word.trim_matches(['-', '.', '\'']))
        .filter(|word| !word.is_empty())
        .map(|word| match word {
            "AND" | "OR" | "NOT" => word.to_lowercase(),
            word => word.to_owned(),
        });
    let mut kept = String::new();
    for word in words {
        if kept.chars().count() + word.chars().count() >= MOST_WORDS {
            break;
        }
        if !kept.is_empty() {
            kept.push(' ');
        }
        kept.push_str(&word);
    }
    kept
}

impl GitHub {
    /// Looks for issues and pull requests in one repository. Asked for both, GitHub wants to be asked twice.
    /// <https://docs.github.com/en/rest/search/search#search-issues-and-pull-requests>
    ///
    /// # Errors
    /// When GitHub knows no such repository, or cannot be asked.
    pub async fn search_issues(
        &self,
        repository: &Repository,
        search: &IssueSearch,
    ) -> Result<IssuesFound, GitHubError> {
        let kinds = match search.kind {
            Some(kind) => vec![kind],
            None => vec![IssueKind::Issue, IssueKind::PullRequest],
        };
        let limit = search.limit.clamp(1, PAGE);
        let mut found = IssuesFound {
            issues: Vec::new(),
            total: 0,
            incomplete: false,
        };
        let here = format!("/repos/{}/{}", repository.owner(), repository.name());
        for kind in kinds {
            let wire = self.search_one(repository, search, kind, limit).await?;
            found.total += wire.total_count;
            found.incomplete |= wire.incomplete_results;
            // What is elsewhere was not asked for, whatever the words made of the question.
            let at_home = |item: &WireItem| {
                item.repository_url.is_empty() || item.repository_url.to_lowercase().ends_with(&here)
            };
            found
                .issues
                .extend(wire.items.into_iter().filter(at_home).map(|item| item.issue));
        }
        found
            .issues
            .sort_by_key(|issue| std::cmp::Reverse((issue.updated_at, issue.number)));
        found.issues.truncate(limit);
        Ok(found)
    }

    async fn search_one(
        &self,
        repository: &Repository,
        search: &IssueSearch,
        kind: IssueKind,
        limit: usize,
    ) -> Result<WireFound, GitHubError> {
        let kind = match kind {
            IssueKind::Issue => "is:issue",
            IssueKind::PullRequest => "is:pull-request",
        };
        let state = match search.state {
            StateFilter::All => String::new(),
            state => format!(" state:{}", word(state)),
        };
        let words = plain_words(&search.words);
        let query = format!(
            "{words} repo:{}/{} {kind}{state}",
            repository.owner(),
            repository.name()
        );
        let limit = limit.to_string();
        let query = [
            ("q", query.as_str()),
            ("sort", "updated"),
            ("order", "desc"),
            ("per_page", &limit),
        ];
        let route = self.for_repository(repository, path(&["search", "issues"], &query))?;
        self.get(&route).await?.json()
    }

    /// What happened in a repository since a moment. Read from the lists of issues and comments, since GitHub's list of
    /// events lags by up to six hours and ends after 300
    /// (<https://docs.github.com/en/rest/activity/events>).
    ///
    /// # Errors
    /// When GitHub knows no such repository, or cannot be asked.
    pub async fn activity(
        &self,
        repository: &Repository,
        since: DateTime<Utc>,
    ) -> Result<Activity, GitHubError> {
        let since = since.to_rfc3339_opts(SecondsFormat::Secs, true);
        let newest = [
            PER_PAGE,
            ("sort", "updated"),
            ("direction", "desc"),
            ("since", since.as_str()),
        ];
        let mut query = newest.to_vec();
        query.push(("state", word(StateFilter::All)));
        let mut pages = Pages::new(self, self.in_repository(repository, &["issues"], &query)?);
        let mut activity = Activity {
            issues: Vec::new(),
            comments: Vec::new(),
            more: false,
        };
        let mut seen = HashSet::new();
        for _ in 0..ACTIVITY_PAGES {
            let Some(page) = pages.next::<Issue>().await? else {
                break;
            };
            activity
                .issues
                .extend(page.into_iter().filter(|issue| seen.insert(issue.number)));
        }
        activity.more = pages.more();
        let mut pages = Pages::new(
            self,
            self.in_repository(repository, &["issues", "comments"], &newest)?,
        );
        for _ in 0..ACTIVITY_PAGES {
            let Some(page) = pages.next::<WirePlacedComment>().await? else {
                break;
            };
            activity.comments.extend(page.into_iter().filter_map(placed));
        }
        activity.more |= pages.more();
        Ok(activity)
    }
}

/// A comment with the number of its issue, which stands at the end of the issue's address.
fn placed(wire: WirePlacedComment) -> Option<(u64, Comment)> {
    let number = wire.issue_url.rsplit('/').next()?.parse().ok()?;
    Some((number, wire.comment))
}
