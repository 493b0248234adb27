//! Reading pull requests.

use super::status::{issue_line, many};
use super::telling::{By, Telling};
use super::trust::{Trust, Written};
use super::{Actions, Trouble};
use crate::domain::{IssueRef, PersonError, Repository, has_words};
use crate::guard::{Action, Permit};
use crate::markup::quote_untrusted;
use crate::platform::github::{
    Checks, GitHub, GitHubError, Issue, IssueSearch, IssuesFound, PullRequest, PullState, Reviews,
    StateFilter, visible,
};

/// How many names of checks or people a line shows.
const NAMES: usize = 5;

/// Pull requests that were read.
#[derive(Debug, Clone)]
pub struct ReadPulls {
    /// Where.
    pub repository: Repository,
    /// By which state they were chosen.
    pub state: StateFilter,
    /// The pull requests, those changed last first.
    pub pulls: Vec<PullRequest>,
    /// Whether there are more than were read.
    pub more: bool,
    /// Whose words are trusted among these.
    pub trust: Trust,
}

/// One pull request that was read.
#[derive(Debug, Clone)]
pub struct ReadPull {
    /// Which.
    pub at: IssueRef,
    /// The pull request.
    pub pull: PullRequest,
    /// What checks say of it, or why that is not known.
    pub checks: Result<Checks, GitHubError>,
    /// What reviewers say of it, or why that is not known.
    pub reviews: Result<Reviews, GitHubError>,
}

/// What a search found.
#[derive(Debug, Clone)]
pub struct SearchedIssues {
    /// Where.
    pub repository: Repository,
    /// The words.
    pub words: String,
    /// What was found.
    pub found: IssuesFound,
    /// Whose words are trusted among these.
    pub trust: Trust,
}

impl Actions {
    /// Reads the pull requests of a repository.
    ///
    /// # Errors
    /// When GitHub does not give them.
    pub async fn list_pull_requests(
        &self,
        permit: &Permit,
        state: StateFilter,
        limit: usize,
    ) -> Result<ReadPulls, Trouble> {
        let repository = permit.repository(Action::ReadProject)?.clone();
        let what = format!("read the pull requests of {repository}");
        let list = self.github()?.pull_requests(&repository, state, limit).await;
        let list = list.map_err(|error| error.explain(&what))?;
        let trust = self
            .trust(&repository, list.pulls.iter().map(Written::from).collect())
            .await?;
        Ok(ReadPulls {
            trust,
            repository,
            state,
            pulls: list.pulls,
            more: list.more,
        })
    }

    /// Reads one pull request with what checks and reviewers say.
    ///
    /// # Errors
    /// When GitHub does not give it. That it does not give the checks or reviews is part of the result.
    pub async fn read_pull_request(
        &self,
        permit: &Permit,
        number: u64,
    ) -> Result<(ReadPull, Trust), Trouble> {
        let at = IssueRef {
            repository: permit.repository(Action::ReadProject)?.clone(),
            number,
        };
        let github = self.github()?;
        let pull = github.pull_request(&at).await;
        let pull = pull.map_err(|error| error.explain(&format!("read the pull request {at}")))?;
        let trust = self.trust(&at.repository, vec![Written::from(&pull)]).await?;
        Ok((with_opinions(github, at, pull).await, trust))
    }

    /// Looks for issues and pull requests by words.
    ///
    /// # Errors
    /// When there are no words, or GitHub does not search.
    pub async fn search_issues(
        &self,
        permit: &Permit,
        search: &IssueSearch,
    ) -> Result<SearchedIssues, Trouble> {
        let repository = permit.repository(Action::ReadProject)?.clone();
        if !has_words(&search.words) {
            return Err(PersonError::new(
                "I could not search",
                "there are no words to look for",
                "Name some",
            )
            .into());
        }
        let found = self.github()?.search_issues(&repository, search).await;
        let found = found.map_err(|error| error.explain(&format!("search the issues of {repository}")))?;
        let trust = self
            .trust(&repository, found.issues.iter().map(Written::from).collect())
            .await?;
        Ok(SearchedIssues {
            trust,
            repository,
            words: search.words.trim().to_owned(),
            found,
        })
    }
}

impl ReadPulls {
    /// The pull requests in Markdown.
    pub fn told(&self, telling: &mut Telling<'_>) -> String {
        if self.pulls.is_empty() {
            return self.heading();
        }
        let more = if self.more {
            "\n\nThere are more; these changed last."
        } else {
            ""
        };
        let count = many(self.pulls.len(), &format!("{}pull request", self.kind()));
        let lines = self.lines(telling);
        format!("{count} of {}:\n\n{}{more}", self.repository, lines.join("\n"))
    }

    /// How many there are, as what stands above the [lines](Self::lines).
    pub fn heading(&self) -> String {
        let (kind, repository) = (self.kind(), &self.repository);
        if self.pulls.is_empty() {
            return format!("There are no {kind}pull requests in {repository}.");
        }
        let least = if self.more { "At least " } else { "" };
        let count = many(self.pulls.len(), &format!("{kind}pull request"));
        format!("{least}{count} of {repository}, those that changed last first:")
    }

    /// The pull requests, a line of a Markdown list each.
    pub fn lines(&self, telling: &mut Telling<'_>) -> Vec<String> {
        let line = |pull| pull_line(pull, self.trust.covers(pull), telling);
        self.pulls.iter().map(line).collect()
    }

    fn kind(&self) -> &'static str {
        match self.state {
            StateFilter::Open => "open ",
            StateFilter::Closed => "closed ",
            StateFilter::All => "",
        }
    }
}

impl ReadPull {
    /// The pull request in Markdown; what people wrote there is quoted.
    pub fn told(&self, trusted: bool, telling: &mut Telling<'_>) -> String {
        let pull = &self.pull;
        let by = |source: &str| By {
            author: &pull.author.login,
            source: format!("{source} {}", self.at),
            trusted,
        };
        let mut text = format!(
            "[{}]({}) **{}** is {}, pull request by {} from {} into {}.",
            self.at,
            pull.url,
            telling.line(&by("the title of"), &pull.title),
            state_words(pull.state),
            quote_untrusted(&pull.author.login),
            telling.line(&by("the branch of"), &pull.head),
            quote_untrusted(&pull.base),
        );
        for (what, names) in [("Labels:", &pull.labels), ("Assigned to", &pull.assignees)] {
            if !names.is_empty() {
                text.push_str(&format!(" {what} {}.", quote_untrusted(&names.join(", "))));
            }
        }
        text.push_str(&format!(
            "\n\n- Checks: {}\n- Reviews: {}",
            self.checks_words(&by("the checks of"), telling),
            self.reviews_words()
        ));
        if matches!(pull.state, PullState::Open | PullState::Draft) {
            text.push_str(&format!("\n- Can be merged: {}", mergeable_words(pull)));
        }
        if let Some([commits, files, added, deleted]) = pull.size {
            let (commits, files) = (many(commits, "commit"), many(files, "file"));
            text.push_str(&format!(
                "\n- Size: {commits}, {files}, {added} lines added, {deleted} deleted"
            ));
        }
        if has_words(&visible(&pull.body)) {
            text.push_str(&format!("\n\n{}", telling.block(&by("the text of"), &pull.body)));
        }
        text
    }

    /// The pull request in one line, with what it waits for.
    pub fn line(&self, trusted: bool, telling: &mut Telling<'_>) -> String {
        let mut line = pull_line(&self.pull, trusted, telling);
        let checks = match &self.checks {
            Ok(checks) if !checks.failed.is_empty() => Some(format!(
                "{} of {} checks failing",
                checks.failed.len(),
                checks.total()
            )),
            Ok(checks) if !checks.pending.is_empty() => Some("checks running".to_owned()),
            Ok(checks) if checks.passed > 0 && !checks.partly => Some("checks passed".to_owned()),
            Ok(_) => None,
            Err(_) => Some("checks not known".to_owned()),
        };
        let reviews = match &self.reviews {
            _ if self.pull.state == PullState::Draft => None,
            Ok(reviews) if !reviews.wants_changes.is_empty() => Some("changes requested"),
            Ok(_) if !self.pull.requested.is_empty() => Some("awaiting review"),
            Ok(reviews) if !reviews.approved.is_empty() => Some("approved"),
            Ok(_) => Some("no review yet"),
            Err(_) => Some("reviews not known"),
        };
        for more in checks.as_deref().into_iter().chain(reviews) {
            line.push_str(&format!(" · {more}"));
        }
        line
    }

    /// What the checks say. Their names come with the pull request: whoever made it may have named them.
    fn checks_words(&self, by: &By<'_>, telling: &mut Telling<'_>) -> String {
        let checks = match &self.checks {
            Ok(checks) => checks,
            Err(error) => return unknown(error),
        };
        let mut words = match checks.total() {
            0 => "none".to_owned(),
            1 if checks.passed == 1 => "1 passed".to_owned(),
            total if checks.passed == total => format!("all {total} passed"),
            total => format!("{} of {total} passed", checks.passed),
        };
        for (what, names) in [("failing:", &checks.failed), ("running:", &checks.pending)] {
            if !names.is_empty() {
                words.push_str(&format!(
                    "; {what} {}",
                    listed(names, |text| telling.line(by, text))
                ));
            }
        }
        if checks.partly {
            words.push_str(" (not all could be read)");
        }
        words
    }

    fn reviews_words(&self) -> String {
        let reviews = match &self.reviews {
            Ok(reviews) => reviews,
            Err(error) => return unknown(error),
        };
        let lists = [
            ("approved by", &reviews.approved),
            ("changes requested by", &reviews.wants_changes),
            ("awaiting", &self.pull.requested),
        ];
        let words: Vec<String> = lists
            .iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(what, names)| format!("{what} {}", listed(names, quote_untrusted)))
            .collect();
        if words.is_empty() {
            "no review yet".to_owned()
        } else {
            words.join("; ")
        }
    }
}

impl SearchedIssues {
    /// What was found, in Markdown.
    pub fn told(&self, telling: &mut Telling<'_>) -> String {
        let (words, repository) = (quote_untrusted(&self.words), &self.repository);
        let incomplete = if self.found.incomplete {
            "\n\nGitHub gave up before it had looked everywhere; there may be more."
        } else {
            ""
        };
        if self.found.issues.is_empty() {
            return format!("Nothing in {repository} has “{words}”.{incomplete}");
        }
        let lines = self.lines(telling);
        let shown = self.found.issues.len();
        let count = match usize::try_from(self.found.total).unwrap_or(usize::MAX) {
            total if total > shown => {
                let which = if shown == 1 {
                    "one".to_owned()
                } else {
                    shown.to_string()
                };
                format!("{total} found in {repository} for “{words}”, the {which} that changed last")
            }
            _ => format!("{shown} found in {repository} for “{words}”"),
        };
        format!("{count}:\n\n{}{incomplete}", lines.join("\n"))
    }

    /// What was found, a line of a Markdown list each.
    pub fn lines(&self, telling: &mut Telling<'_>) -> Vec<String> {
        let line = |issue| found_line(issue, self.trust.covers(issue), telling);
        self.found.issues.iter().map(line).collect()
    }
}

/// A found issue: what it is and whether it is open matters here.
fn found_line(issue: &Issue, trusted: bool, telling: &mut Telling<'_>) -> String {
    let kind = match (
        issue.is_pull_request,
        issue.merged_at.is_some(),
        issue.closed_at.is_some(),
    ) {
        (true, true, _) => "merged pull request",
        (true, false, true) => "closed pull request",
        (true, false, false) => "open pull request",
        (false, _, true) => "closed",
        (false, _, false) => "open",
    };
    format!("{} · {kind}", issue_line(issue, trusted, telling))
}

/// A pull request in one line of a Markdown list.
fn pull_line(pull: &PullRequest, trusted: bool, telling: &mut Telling<'_>) -> String {
    let by = By {
        author: &pull.author.login,
        source: format!("the title of #{}", pull.number),
        trusted,
    };
    let mut line = format!(
        "- [#{}]({}) {} · by {}",
        pull.number,
        pull.url,
        telling.line(&by, &pull.title),
        quote_untrusted(&pull.author.login)
    );
    match pull.state {
        PullState::Open => {}
        PullState::Draft => line.push_str(" · draft"),
        state => line.push_str(&format!(" · {}", state_words(state))),
    }
    if !pull.labels.is_empty() {
        line.push_str(&format!(" · {}", quote_untrusted(&pull.labels.join(", "))));
    }
    line
}

fn state_words(state: PullState) -> &'static str {
    match state {
        PullState::Draft => "a draft",
        PullState::Open => "open",
        PullState::Merged => "merged",
        PullState::Closed => "closed without being merged",
    }
}

/// Whether it can be merged. GitHub finds that out only when asked, so that the first answer may be "not known yet".
fn mergeable_words(pull: &PullRequest) -> String {
    let base = quote_untrusted(&pull.base);
    match (pull.mergeable, pull.mergeable_state.as_deref()) {
        (None, _) => "not known yet; GitHub is finding out, so ask again in a minute".to_owned(),
        (Some(false), _) => format!("no, it conflicts with {base}"),
        (Some(true), Some("blocked")) => {
            format!("no conflicts, but a rule of {base} (a review or a check) is not met yet")
        }
        (Some(true), Some("behind")) => {
            format!("no conflicts, but it has to take over the newest {base} first")
        }
        (Some(true), Some("draft")) => "no conflicts, but it is a draft".to_owned(),
        (Some(true), _) => "yes".to_owned(),
    }
}

fn unknown(error: &GitHubError) -> String {
    format!("not known, because {}", error.why())
}

/// Some names, and how many more there are.
fn listed(names: &[String], mut told: impl FnMut(&str) -> String) -> String {
    let shown = told(&names.iter().take(NAMES).cloned().collect::<Vec<_>>().join(", "));
    match names.len().saturating_sub(NAMES) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Adds what checks and reviewers say.
pub(super) async fn with_opinions(github: &GitHub, at: IssueRef, pull: PullRequest) -> ReadPull {
    let checks = github.checks(&at.repository, &pull.sha).await;
    let reviews = github.reviews(&at).await;
    ReadPull {
        at,
        pull,
        checks,
        reviews,
    }
}
