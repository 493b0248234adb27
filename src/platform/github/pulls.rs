//! Pull requests as they are read: how they stand, what checks and reviewers say.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, SubsecRound, Utc};
use serde::Deserialize;
use uuid::Uuid;

use super::client::GitHub;
use super::errors::GitHubError;
use super::mark::{mark_in, without_marks};
use super::models::{Account, StateFilter, WireLabel, is_insider};
use super::reads::{MAX_PAGES, PAGE, Pages, word};
use crate::domain::{IssueRef, Repository, clean};

/// How a pull request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullState {
    /// Open, and not ready.
    Draft,
    /// Open.
    Open,
    /// Closed, its changes taken over.
    Merged,
    /// Closed without.
    Closed,
}

/// A pull request. What a list leaves out is none.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "WirePull")]
pub struct PullRequest {
    /// Its number in the repository.
    pub number: u64,
    /// The title.
    pub title: String,
    /// The body as Markdown, without our mark.
    pub body: String,
    /// The delivery that a mark in the body names, whoever wrote it.
    pub mark: Option<Uuid>,
    /// How it stands.
    pub state: PullState,
    /// Who opened it.
    pub author: Account,
    /// Whether GitHub counts the author as belonging to the repository. A hint, and no right.
    pub insider: bool,
    /// The branch with the changes.
    pub head: String,
    /// Its newest commit.
    pub sha: String,
    /// The branch they shall go into.
    pub base: String,
    /// Labels by name.
    pub labels: Vec<String>,
    /// Assignees by login.
    pub assignees: Vec<String>,
    /// People and teams who are asked to review, and have not yet.
    pub requested: Vec<String>,
    /// Whether it can be merged without conflicts; none while GitHub has not found out, which it does when asked
    /// (<https://docs.github.com/en/rest/pulls/pulls#get-a-pull-request>).
    pub mergeable: Option<bool>,
    /// GitHub's word on merging: `clean`, `blocked`, `behind`, `dirty`, `unstable` …
    pub mergeable_state: Option<String>,
    /// How many commits, files, added and deleted lines it has.
    pub size: Option<[u64; 4]>,
    /// The page people open.
    pub url: String,
    /// When anything about it last changed.
    pub updated_at: DateTime<Utc>,
}

/// The pull requests that were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullList {
    /// Those that changed last first.
    pub pulls: Vec<PullRequest>,
    /// Whether there are more.
    pub more: bool,
}

/// What the checks of a commit say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checks {
    /// How many passed, were skipped or have no opinion.
    pub passed: usize,
    /// Those that failed, by name.
    pub failed: Vec<String>,
    /// Those that run or wait, by name.
    pub pending: Vec<String>,
    /// Whether not all were read: there are more than 1,000, or our account may not see one kind of them.
    pub partly: bool,
}

/// What the reviewers say now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reviews {
    /// Who approved, by login.
    pub approved: Vec<String>,
    /// Who wants changes, by login.
    pub wants_changes: Vec<String>,
}

/// <https://docs.github.com/en/rest/pulls/pulls#list-pull-requests>
#[derive(Deserialize)]
struct WirePull {
    number: u64,
    title: Option<String>,
    body: Option<String>,
    state: String,
    #[serde(default)]
    draft: Option<bool>,
    user: Option<Account>,
    head: Option<WireBranch>,
    base: Option<WireBranch>,
    labels: Option<Vec<WireLabel>>,
    assignees: Option<Vec<Account>>,
    requested_reviewers: Option<Vec<Account>>,
    requested_teams: Option<Vec<WireTeam>>,
    merged_at: Option<DateTime<Utc>>,
    mergeable: Option<bool>,
    mergeable_state: Option<String>,
    commits: Option<u64>,
    changed_files: Option<u64>,
    additions: Option<u64>,
    deletions: Option<u64>,
    #[serde(default)]
    html_url: String,
    updated_at: DateTime<Utc>,
    author_association: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireBranch {
    #[serde(rename = "ref")]
    name: String,
    sha: String,
}

#[derive(Deserialize)]
struct WireTeam {
    slug: String,
}

/// <https://docs.github.com/en/rest/checks/runs#list-check-runs-for-a-git-reference>
#[derive(Deserialize)]
struct WireRuns {
    #[serde(default)]
    check_runs: Vec<WireRun>,
}

#[derive(Deserialize)]
struct WireRun {
    name: Option<String>,
    status: Option<String>,
    conclusion: Option<String>,
}

/// <https://docs.github.com/en/rest/commits/statuses#get-the-combined-status-for-a-specific-reference>
#[derive(Deserialize)]
struct WireStatuses {
    #[serde(default)]
    statuses: Vec<WireStatus>,
}

#[derive(Deserialize)]
struct WireStatus {
    context: Option<String>,
    state: Option<String>,
}

/// <https://docs.github.com/en/rest/pulls/reviews#list-reviews-for-a-pull-request>
#[derive(Debug, Clone, Deserialize)]
pub(super) struct WireReview {
    user: Option<Account>,
    state: Option<String>,
}

impl From<WirePull> for PullRequest {
    fn from(wire: WirePull) -> Self {
        let state = match (wire.state.as_str(), wire.merged_at, wire.draft) {
            (_, Some(_), _) => PullState::Merged,
            ("closed", ..) => PullState::Closed,
            (.., Some(true)) => PullState::Draft,
            _ => PullState::Open,
        };
        let (head, base) = (wire.head.unwrap_or_default(), wire.base.unwrap_or_default());
        let logins =
            |people: Option<Vec<Account>>| people.unwrap_or_default().into_iter().map(|user| user.login);
        let teams = wire
            .requested_teams
            .unwrap_or_default()
            .into_iter()
            .map(|team| team.slug);
        let size = (wire.commits, wire.changed_files, wire.additions, wire.deletions);
        let body = clean(&wire.body.unwrap_or_default());
        Self {
            number: wire.number,
            title: clean(&wire.title.unwrap_or_default()),
            mark: mark_in(&body),
            body: without_marks(&body),
            state,
            author: wire.user.unwrap_or_else(Account::ghost),
            insider: is_insider(wire.author_association.as_deref()),
            head: clean(&head.name),
            sha: head.sha,
            base: clean(&base.name),
            labels: wire
                .labels
                .unwrap_or_default()
                .into_iter()
                .filter_map(WireLabel::name)
                .collect(),
            assignees: logins(wire.assignees).collect(),
            requested: logins(wire.requested_reviewers).chain(teams).collect(),
            mergeable: wire.mergeable,
            mergeable_state: wire.mergeable_state,
            size: match size {
                (Some(commits), Some(files), Some(added), Some(deleted)) => {
                    Some([commits, files, added, deleted])
                }
                _ => None,
            },
            url: wire.html_url,
            updated_at: wire.updated_at.trunc_subsecs(6),
        }
    }
}

impl Checks {
    fn add(&mut self, name: Option<String>, word: &str) {
        let name = || clean(name.as_deref().unwrap_or("a check without a name"));
        match word {
            "success" | "neutral" | "skipped" => self.passed += 1,
            "failure" | "error" | "timed_out" | "cancelled" | "action_required" | "startup_failure" => {
                self.failed.push(name());
            }
            // Queued, running, or a word that GitHub has added: not known to have passed.
            _ => self.pending.push(name()),
        }
    }

    /// How many there are.
    pub fn total(&self) -> usize {
        self.passed + self.failed.len() + self.pending.len()
    }
}

/// What each reviewer's last word is: a mere comment takes no approval back, a dismissed review counts no more.
pub(super) fn last_words(reviews: Vec<WireReview>) -> Reviews {
    let mut words: BTreeMap<String, bool> = BTreeMap::new();
    for review in reviews {
        let login = review.user.unwrap_or_else(Account::ghost).login;
        match review.state.as_deref().map(str::to_uppercase).as_deref() {
            Some("APPROVED") => drop(words.insert(login, true)),
            Some("CHANGES_REQUESTED") => drop(words.insert(login, false)),
            Some("DISMISSED") => drop(words.remove(&login)),
            _ => {}
        }
    }
    let mut reviews = Reviews::default();
    for (login, approves) in words {
        let list = if approves {
            &mut reviews.approved
        } else {
            &mut reviews.wants_changes
        };
        list.push(login);
    }
    reviews
}

impl GitHub {
    /// Pull requests, those that changed last first; 1,000 at most.
    /// <https://docs.github.com/en/rest/pulls/pulls#list-pull-requests>
    ///
    /// # Errors
    /// When GitHub knows no such repository, or cannot be asked.
    pub async fn pull_requests(
        &self,
        repository: &Repository,
        state: StateFilter,
        limit: usize,
    ) -> Result<PullList, GitHubError> {
        let limit = limit.clamp(1, MAX_PAGES * PAGE);
        let size = limit.min(PAGE).to_string();
        let query = [
            ("per_page", size.as_str()),
            ("state", word(state)),
            ("sort", "updated"),
            ("direction", "desc"),
        ];
        let mut pages = Pages::new(self, self.in_repository(repository, &["pulls"], &query)?);
        let mut pulls: Vec<PullRequest> = Vec::new();
        let mut seen = HashSet::new();
        while pulls.len() < limit {
            let Some(page) = pages.next::<PullRequest>().await? else {
                break;
            };
            pulls.extend(page.into_iter().filter(|pull| seen.insert(pull.number)));
        }
        let more = pulls.len() > limit || pages.more();
        pulls.truncate(limit);
        Ok(PullList { pulls, more })
    }

    /// One pull request.
    /// <https://docs.github.com/en/rest/pulls/pulls#get-a-pull-request>
    ///
    /// # Errors
    /// When there is none, or GitHub cannot be asked.
    pub async fn pull_request(&self, at: &IssueRef) -> Result<PullRequest, GitHubError> {
        self.get(&self.on_pull(at, &[], &[])?).await?.json()
    }

    /// What the reviewers say, by at most 1,000 reviews.
    ///
    /// # Errors
    /// When there is no such pull request, or GitHub cannot be asked.
    pub async fn reviews(&self, at: &IssueRef) -> Result<Reviews, GitHubError> {
        let mut pages = Pages::new(self, self.on_pull(at, &["reviews"], &[("per_page", "100")])?);
        let mut reviews = Vec::new();
        for _ in 0..MAX_PAGES {
            let Some(page) = pages.next::<WireReview>().await? else {
                break;
            };
            reviews.extend(page);
        }
        Ok(last_words(reviews))
    }

    /// What the checks of a commit say: check runs and the older commit statuses, 1,000 of each at most. Our account may be
    /// allowed to see only one of the two.
    ///
    /// # Errors
    /// When it may see neither, or GitHub cannot be asked.
    pub async fn checks(&self, repository: &Repository, sha: &str) -> Result<Checks, GitHubError> {
        let mut checks = Checks::default();
        let runs = self.check_runs(repository, sha, &mut checks).await;
        let statuses = self.statuses(repository, sha, &mut checks).await;
        match (runs, statuses) {
            (Ok(()), Ok(())) => {}
            (Err(GitHubError::Forbidden(_) | GitHubError::NotFound), Ok(()))
            | (Ok(()), Err(GitHubError::Forbidden(_) | GitHubError::NotFound)) => checks.partly = true,
            (Err(error), _) | (_, Err(error)) => return Err(error),
        }
        Ok(checks)
    }

    async fn check_runs(
        &self,
        repository: &Repository,
        sha: &str,
        checks: &mut Checks,
    ) -> Result<(), GitHubError> {
        let query = [("per_page", "100"), ("filter", "latest")];
        let mut pages = Pages::new(
            self,
            self.in_repository(repository, &["commits", sha, "check-runs"], &query)?,
        );
        for _ in 0..MAX_PAGES {
            let Some(page) = pages.next_whole::<WireRuns>().await? else {
                return Ok(());
            };
            for run in page.check_runs {
                let done = run.status.as_deref() == Some("completed");
                let word = run.conclusion.as_deref().filter(|_| done);
                checks.add(run.name, word.unwrap_or("pending"));
            }
        }
        checks.partly |= pages.more();
        Ok(())
    }

    async fn statuses(
        &self,
        repository: &Repository,
        sha: &str,
        checks: &mut Checks,
    ) -> Result<(), GitHubError> {
        let query = [("per_page", "100")];
        let mut pages = Pages::new(
            self,
            self.in_repository(repository, &["commits", sha, "status"], &query)?,
        );
        for _ in 0..MAX_PAGES {
            let Some(page) = pages.next_whole::<WireStatuses>().await? else {
                return Ok(());
            };
            for status in page.statuses {
                checks.add(status.context, status.state.as_deref().unwrap_or("pending"));
            }
        }
        checks.partly |= pages.more();
        Ok(())
    }

    fn on_pull(
        &self,
        at: &IssueRef,
        rest: &[&str],
        query: &[(&str, &str)],
    ) -> Result<super::route::Route, GitHubError> {
        let number = at.number.to_string();
        let mut parts = vec!["pulls", number.as_str()];
        parts.extend(rest);
        self.in_repository(&at.repository, &parts, query)
    }
}
