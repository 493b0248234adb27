//! What the commands about issues do.
//!
//! An issue is named in front, like `#12` or `owner/name#12`, and left out for the one of this place.

use clap::Subcommand;

use super::pages::{List, Shown};
use super::pulls::State;
use super::{Outcome, pages};
use crate::action::{Actions, Change, IssueEdit, IssueQuery, Naming, Telling, Trouble};
use crate::domain::{Answer, Asker, IssueState, NewIssue, PersonError, Repository, issue_refs};
use crate::guard::{Action, Permit, Subject};

/// How many issues are read for a list: what GitHub gives in ten calls.
pub(super) const READ: usize = 1_000;

/// What can be done with issues.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum IssueCommand {
    /// The issues of a project, those that changed last first
    #[command(after_help = "issue list --state closed --label bug")]
    List {
        /// Open ones when left out
        #[arg(long, ignore_case = true)]
        state: Option<State>,
        /// Only those with this label; of several, with all
        #[arg(long, value_delimiter = ',')]
        label: Vec<String>,
        /// Only those assigned to this login
        #[arg(long)]
        assignee: Option<String>,
        /// The project; left out for the one this place belongs to
        #[arg(long)]
        project: Option<String>,
        /// Which page of a long list
        #[arg(long, value_parser = pages::number, default_value = "1")]
        page: u32,
    },
    /// One issue with its newest comments
    #[command(after_help = "issue show #12")]
    Show {
        /// Like #12 or owner/name#12; left out for the one of this place
        issue: Option<String>,
    },
    /// Open an issue
    #[command(after_help = "issue new \"Login fails\" --body \"It says 500.\" --label bug")]
    New {
        /// Its title, in quotes
        title: String,
        /// Its text, in quotes
        #[arg(long)]
        body: Option<String>,
        /// A label; more than one with commas
        #[arg(long, value_delimiter = ',')]
        label: Vec<String>,
        /// Who does it, by GitHub login; more than one with commas
        #[arg(long, value_delimiter = ',')]
        assignee: Vec<String>,
        /// The project; left out for the one this place belongs to
        #[arg(long)]
        project: Option<String>,
    },
    /// Close an issue
    #[command(after_help = "issue close #12 --not-planned")]
    Close {
        /// Like #12 or owner/name#12; left out for the one of this place
        issue: Option<String>,
        /// As not planned, rather than done
        #[arg(long)]
        not_planned: bool,
    },
    /// Open a closed issue again
    #[command(after_help = "issue reopen #12")]
    Reopen {
        /// Like #12 or owner/name#12; left out for the one of this place
        issue: Option<String>,
    },
    /// Assign people to an issue, or take them off it
    #[command(after_help = "issue assign #12 cy", allow_missing_positional = true)]
    Assign {
        /// Like #12 or owner/name#12; left out for the one of this place
        issue: Option<String>,
        /// Who, by GitHub login
        #[arg(required = true, value_delimiter = ',')]
        logins: Vec<String>,
        /// Take them off
        #[arg(long)]
        remove: bool,
    },
    /// Label an issue, or take labels off it
    #[command(
        after_help = "issue label #12 bug \"good first issue\"",
        allow_missing_positional = true
    )]
    Label {
        /// Like #12 or owner/name#12; left out for the one of this place
        issue: Option<String>,
        /// The labels; quote one of several words
        #[arg(required = true, value_delimiter = ',')]
        labels: Vec<String>,
        /// Take them off
        #[arg(long)]
        remove: bool,
    },
    /// Comment on an issue
    #[command(
        after_help = "issue comment #12 \"It works now.\"",
        allow_missing_positional = true
    )]
    Comment {
        /// Like #12 or owner/name#12; left out for the one of this place
        issue: Option<String>,
        /// The text, in quotes
        #[arg(required = true)]
        text: String,
    },
}

/// Does what a command says, but for a change.
pub(super) async fn run(
    actions: &Actions,
    asker: &Asker,
    command: &IssueCommand,
) -> Result<Outcome, Trouble> {
    let change = match command {
        IssueCommand::List {
            state,
            label,
            assignee,
            project,
            page,
        } => {
            let wanted = Wanted {
                state: *state,
                labels: label,
                assignee: assignee.as_deref(),
                project: project.as_deref(),
            };
            return list(actions, asker, &wanted, *page).await;
        }
        IssueCommand::Show { issue } => return show(actions, asker, issue.as_deref()).await,
        IssueCommand::New {
            title,
            body,
            label,
            assignee,
            project,
        } => Change::CreateIssue {
            new: NewIssue {
                repository: actions
                    .repository(asker, None, project.as_deref(), Naming::Whole)
                    .await?,
                title: title.clone(),
                body: body.clone().unwrap_or_default(),
                labels: trimmed(label),
                assignees: logins(assignee),
            },
        },
        IssueCommand::Comment { issue: None, text } if names_issue(text) => {
            return Err(missing("what to write", "\"It works now.\"").into());
        }
        IssueCommand::Comment { issue, text } => Change::CommentOnIssue {
            issue: actions.issue(asker, issue.as_deref()).await?,
            text: text.clone(),
        },
        IssueCommand::Close { .. }
        | IssueCommand::Reopen { .. }
        | IssueCommand::Assign { .. }
        | IssueCommand::Label { .. } => {
            let (issue, edit) = edit(command)?;
            update(actions, asker, issue, edit).await?
        }
    };
    Ok(Outcome::Change(Box::new(change)))
}

/// Which issue a command edits, and how; nothing for the others.
fn edit(command: &IssueCommand) -> Result<(Option<&str>, IssueEdit), PersonError> {
    let mut edit = IssueEdit::default();
    let issue = match command {
        IssueCommand::Close { issue, not_planned } => {
            edit.state = Some(if *not_planned {
                IssueState::NotPlanned
            } else {
                IssueState::Closed
            });
            issue.as_deref()
        }
        IssueCommand::Reopen { issue } => {
            edit.state = Some(IssueState::Open);
            issue.as_deref()
        }
        IssueCommand::Assign {
            issue,
            logins: names,
            remove,
        } => {
            let (issue, names) = sorted(issue.as_deref(), names, "whom to assign", "cy")?;
            let slot = if *remove {
                &mut edit.remove_assignees
            } else {
                &mut edit.add_assignees
            };
            *slot = logins(&names);
            issue
        }
        IssueCommand::Label {
            issue,
            labels,
            remove,
        } => {
            let (issue, labels) = sorted(issue.as_deref(), labels, "which labels", "bug")?;
            let slot = if *remove {
                &mut edit.remove_labels
            } else {
                &mut edit.add_labels
            };
            *slot = labels;
            issue
        }
        IssueCommand::List { .. }
        | IssueCommand::Show { .. }
        | IssueCommand::New { .. }
        | IssueCommand::Comment { .. } => None,
    };
    Ok((issue, edit))
}

/// Which issues to list.
struct Wanted<'a> {
    state: Option<State>,
    labels: &'a [String],
    assignee: Option<&'a str>,
    project: Option<&'a str>,
}

/// The right to read the repository of a project.
pub(super) async fn reader(
    actions: &Actions,
    asker: &Asker,
    project: Option<&str>,
) -> Result<Permit, Trouble> {
    let repository: Repository = actions.repository(asker, None, project, Naming::Close).await?;
    actions
        .permit(asker, Action::ReadProject, Subject::Repository(repository))
        .await
}

async fn list(actions: &Actions, asker: &Asker, wanted: &Wanted<'_>, page: u32) -> Result<Outcome, Trouble> {
    let permit = reader(actions, asker, wanted.project).await?;
    let state = wanted.state.unwrap_or(State::Open);
    let query = IssueQuery {
        state: state.filter(),
        labels: trimmed(wanted.labels),
        assignee: logins(wanted.assignee.map(str::to_owned).as_slice()).pop(),
        limit: READ,
    };
    let read = actions.list_issues(&permit, &query).await?;
    if read.issues.is_empty() {
        return Ok(Outcome::words(read.heading()));
    }
    let mut telling = Telling::people();
    let labels = query.labels.join(",");
    let list = List {
        heading: read.heading(),
        entries: read.lines(&mut telling),
        note: String::new(),
        more: read.more,
        shown: Shown::by("issue list")
            .option("--state", wanted.state.map(State::word))
            .option(
                "--label",
                Some(labels.as_str()).filter(|labels| !labels.is_empty()),
            )
            .option("--assignee", wanted.assignee)
            .option("--project", wanted.project),
    };
    Ok(Outcome::told(list.page(page, asker)?, &telling))
}

async fn show(actions: &Actions, asker: &Asker, issue: Option<&str>) -> Result<Outcome, Trouble> {
    let issue = actions.issue(asker, issue).await?;
    let subject = Subject::Repository(issue.repository.clone());
    let permit = actions.permit(asker, Action::ReadProject, subject).await?;
    let (read, mut telling) = (
        actions.read_issue(&permit, issue.number).await?,
        Telling::people(),
    );
    let text = read.told(&mut telling);
    Ok(Outcome::told(Answer::words(text), &telling))
}

async fn update(
    actions: &Actions,
    asker: &Asker,
    issue: Option<&str>,
    edit: IssueEdit,
) -> Result<Change, Trouble> {
    let issue = actions.issue(asker, issue).await?;
    let subject = Subject::Repository(issue.repository.clone());
    let permit = actions.permit(asker, Action::UpdateIssue, subject).await?;
    let change = actions.plan_issue_change(&permit, issue.number, edit).await?;
    Ok(Change::UpdateIssue { issue, change })
}

/// Whether a word names an issue, so that it is no label and no login.
fn names_issue(word: &str) -> bool {
    let anywhere = Repository::new("github.com", "owner", "name").ok();
    let number = !word.is_empty() && word.chars().all(|c| c.is_ascii_digit());
    number || (!word.contains(char::is_whitespace) && issue_refs(word, anywhere.as_ref()).len() == 1)
}

/// The issue and the names: the first word is a name too when it names no issue.
fn sorted<'a>(
    first: Option<&'a str>,
    names: &[String],
    what: &str,
    example: &str,
) -> Result<(Option<&'a str>, Vec<String>), PersonError> {
    let (issue, mut all) = match first {
        Some(word) if names_issue(word) => (Some(word), Vec::new()),
        Some(word) => (None, word.split(',').map(str::to_owned).collect()),
        None if names.iter().all(|name| names_issue(name)) => return Err(missing(what, example)),
        None => (None, Vec::new()),
    };
    all.extend(names.iter().cloned());
    let all = trimmed(&all);
    if all.is_empty() {
        return Err(missing(what, example));
    }
    Ok((issue, all))
}

/// Only the issue was named.
fn missing(what: &str, example: &str) -> PersonError {
    PersonError::new(
        format!("I do not know {what}"),
        "you named an issue and nothing more",
        format!("Write it after the issue, like `{example}`"),
    )
}

fn trimmed(names: &[String]) -> Vec<String> {
    let names = names.iter().map(|name| name.trim());
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// Logins without the `@` that people write in front.
fn logins(names: &[String]) -> Vec<String> {
    let names = trimmed(names).into_iter();
    names
        .map(|name| name.trim_start_matches('@').to_owned())
        .collect()
}
