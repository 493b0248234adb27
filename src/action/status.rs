//! A project's status: what the database and GitHub say right now.

use std::fmt::Display;

use futures::future;

use super::activity::Recent;
use super::projects::{day, description, gone, line};
use super::pulls::{ReadPull, with_opinions};
use super::telling::{By, Telling};
use super::trust::{Trust, Written};
use super::{Actions, Trouble};
use crate::domain::{Answer, Button, IssueRef, PersonError, Project, Repository};
use crate::guard::{Action, Permit};
use crate::markup::quote_untrusted;
use crate::platform::github::{GitHub, GitHubError, Issue, OpenCounts, StateFilter};
use crate::store::projects;

/// How many of the open issues, and of the open pull requests, that changed last a status shows. Each pull request costs
/// three calls.
const NEWEST: usize = 5;
/// The longest command a button gives, in bytes; see [`Button::command`].
const MAX_COMMAND: usize = 90;
/// How many days back a status looks.
const DAYS: u32 = 7;

/// The status of a project.
#[derive(Debug, Clone)]
pub struct Status {
    /// The project.
    pub project: Project,
    /// What GitHub says, or why it could not be asked; none without a repository.
    pub github: Option<Result<OpenWork, PersonError>>,
    /// GitHub was asked and gave neither an answer nor a "no": asking again later may help.
    pub outage: bool,
}

/// What is open in a repository.
#[derive(Debug, Clone)]
pub struct OpenWork {
    /// How many issues and pull requests are open.
    pub counts: OpenCounts,
    /// The issues that changed last.
    pub newest: Vec<Issue>,
    /// The pull requests that changed last, with what they wait for.
    pub pulls: Vec<ReadPull>,
    /// What happened lately.
    pub recent: Recent,
    /// Whose words are trusted among these.
    pub trust: Trust,
}

impl Actions {
    /// Gathers a project's status. That GitHub cannot be asked is part of the status, and no failure of it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn status(&self, permit: &Permit) -> Result<Status, Trouble> {
        let id = permit.project(Action::ReadProject)?;
        let mut tx = self.engine.db.read().await?;
        let project = projects::get(&mut tx, id).await?.ok_or_else(gone)?;
        drop(tx);
        let Some(repository) = &project.repository else {
            return Ok(Status {
                project,
                github: None,
                outage: false,
            });
        };
        let (github, outage) = match self.github() {
            Ok(github) => match self.open_work(github, repository).await {
                Ok(mut work) => {
                    let issues = work.newest.iter().map(Written::from);
                    let pulls = work.pulls.iter().map(|read| Written::from(&read.pull));
                    work.trust = self.trust(repository, issues.chain(pulls).collect()).await?;
                    (Ok(work), false)
                }
                Err(error) => {
                    let what = format!("read the issues of {repository}");
                    (Err(error.explain(&what)), !error.is_no())
                }
            },
            Err(error) => (Err(error), false),
        };
        Ok(Status {
            project,
            github: Some(github),
            outage,
        })
    }

    /// At most ten calls for the counts, one for the pull requests, three for each that is shown, and six for what happened
    /// lately; most of them for repositories with hundreds of open issues only.
    async fn open_work(&self, github: &GitHub, repository: &Repository) -> Result<OpenWork, GitHubError> {
        let (counts, newest) = github.open_work(repository, NEWEST).await?;
        let mut pulls = Vec::new();
        if counts.pull_requests > 0 {
            let open = github
                .pull_requests(repository, StateFilter::Open, NEWEST)
                .await?;
            let opinions = open.pulls.into_iter().map(|pull| {
                let at = IssueRef {
                    repository: repository.clone(),
                    number: pull.number,
                };
                with_opinions(github, at, pull)
            });
            pulls = future::join_all(opinions).await;
        }
        let recent = self.recent(repository, DAYS).await?;
        Ok(OpenWork {
            counts,
            newest,
            pulls,
            recent,
            trust: Trust::default(),
        })
    }
}

impl Status {
    /// The status with a button that shows how it is later.
    pub fn answer(&self) -> Answer {
        let command = format!("status {}", self.project.slug);
        let refresh = Button {
            label: "Refresh".to_owned(),
            command,
        };
        Answer {
            markdown: self.markdown(),
            buttons: Some(refresh)
                .filter(|button| button.command.len() <= MAX_COMMAND)
                .into_iter()
                .collect(),
        }
    }

    /// The status in Markdown, for people.
    pub fn markdown(&self) -> String {
        self.told(&mut Telling::people())
    }

    /// Whose words without rights it shows.
    pub fn strangers(&self) -> Option<String> {
        let mut telling = Telling::people();
        self.told(&mut telling);
        telling.strangers()
    }

    /// The status in Markdown.
    pub fn told(&self, telling: &mut Telling<'_>) -> String {
        let project = &self.project;
        let mut text = format!("{}.", line(project));
        if !project.description.is_empty() {
            text.push_str(&format!("\n\n{}", description(project, telling)));
        }
        match &self.github {
            None => text.push_str("\n\nIts issues are not known, because it has no repository."),
            Some(Err(error)) => text.push_str(&format!("\n\n{error}")),
            Some(Ok(work)) => {
                text.push_str(&format!("\n\n{}", counts(&work.counts)));
                let line = |issue| issue_line(issue, work.trust.covers(issue), telling);
                let issues: Vec<String> = work.newest.iter().map(line).collect();
                if !issues.is_empty() {
                    text.push_str(&format!(" Changed last:\n\n{}", issues.join("\n")));
                }
                let line = |read: &ReadPull| read.line(work.trust.covers(&read.pull), telling);
                let pulls: Vec<String> = work.pulls.iter().map(line).collect();
                if !pulls.is_empty() {
                    let which = if work.counts.pull_requests > pulls.len() {
                        ", those that changed last"
                    } else {
                        ""
                    };
                    text.push_str(&format!("\n\nPull requests{which}:\n\n{}", pulls.join("\n")));
                }
                text.push_str(&format!("\n\n{}", work.recent.summary()));
            }
        }
        text.push_str(&format!("\n\nProject last changed {}.", day(project.updated_at)));
        text
    }
}

/// How much is open, in words.
fn counts(counts: &OpenCounts) -> String {
    let (issues, pulls) = (
        many(counts.issues, "issue"),
        many(counts.pull_requests, "pull request"),
    );
    if counts.capped {
        return format!("At least {issues} and {pulls} are open (I count up to 1,000).");
    }
    format!("{issues} and {pulls} are open.")
}

/// A number with its noun, which takes an s.
pub(super) fn many(count: impl Display, one: &str) -> String {
    let count = count.to_string();
    let plural = if count == "1" { "" } else { "s" };
    format!("{count} {one}{plural}")
}

/// An issue in one line of a Markdown list.
pub(super) fn issue_line(issue: &Issue, trusted: bool, telling: &mut Telling<'_>) -> String {
    let by = By {
        author: &issue.author.login,
        source: format!("the title of #{}", issue.number),
        trusted,
    };
    let title = telling.line(&by, &issue.title);
    let mut line = format!("- [#{}]({}) {title}", issue.number, issue.url);
    if !issue.labels.is_empty() {
        line.push_str(&format!(" · {}", quote_untrusted(&issue.labels.join(", "))));
    }
    if !issue.assignees.is_empty() {
        line.push_str(&format!(
            " · assigned to {}",
            quote_untrusted(&issue.assignees.join(", "))
        ));
    }
    line
}
