//! A project's status: what the database and GitHub say right now.

use super::projects::{day, gone, line};
use super::{Actions, Trouble};
use crate::domain::{Answer, Button, PersonError, Project, Repository};
use crate::guard::{Action, Permit};
use crate::markup::quote_untrusted;
use crate::platform::github::{GitHub, GitHubError, Issue, IssueFilter, OpenCounts, StateFilter};
use crate::store::projects;

/// How many of the newest open issues a status shows.
const NEWEST: usize = 5;
/// The longest command a button gives, in bytes; see [`Button::command`].
const MAX_COMMAND: usize = 90;

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
            Ok(github) => match open_work(github, repository).await {
                Ok(work) => (Ok(work), false),
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
}

async fn open_work(github: &GitHub, repository: &Repository) -> Result<OpenWork, GitHubError> {
    let counts = github.open_counts(repository).await?;
    let filter = IssueFilter {
        state: StateFilter::Open,
        limit: NEWEST,
        ..IssueFilter::default()
    };
    let newest = github.issues(repository, &filter).await?.issues;
    Ok(OpenWork { counts, newest })
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

    /// The status in Markdown.
    pub fn markdown(&self) -> String {
        let project = &self.project;
        let mut text = format!("{}.", line(project));
        if !project.description.is_empty() {
            text.push_str(&format!("\n\n{}", project.description));
        }
        match &self.github {
            None => text.push_str("\n\nIts issues are not known, because it has no repository."),
            Some(Err(error)) => text.push_str(&format!("\n\n{error}")),
            Some(Ok(work)) => {
                text.push_str(&format!("\n\n{}", counts(&work.counts)));
                let issues: Vec<String> = work.newest.iter().map(issue_line).collect();
                if !issues.is_empty() {
                    text.push_str(&format!(" Changed last:\n\n{}", issues.join("\n")));
                }
            }
        }
        text.push_str(&format!("\n\nProject last changed {}.", day(project.updated_at)));
        text
    }
}

/// How much is open, in words.
fn counts(counts: &OpenCounts) -> String {
    let many = |count: usize, one: &str| {
        if count == 1 {
            format!("1 {one}")
        } else {
            format!("{count} {one}s")
        }
    };
    let at_least = if counts.capped { "At least " } else { "" };
    format!(
        "{at_least}{} and {} are open.",
        many(counts.issues, "issue"),
        many(counts.pull_requests, "pull request")
    )
}

/// An issue in one line of a Markdown list.
pub(super) fn issue_line(issue: &Issue) -> String {
    let mut line = format!(
        "- [#{}]({}) {}",
        issue.number,
        issue.url,
        quote_untrusted(&issue.title)
    );
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
