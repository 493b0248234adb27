//! Reading issues, and changing them through the outbox.

use super::status::{issue_line, many};
use super::telling::{By, Telling};
use super::trust::{Trust, Written};
use super::{Actions, Origin, Trouble};
use crate::domain::{
    Change, Effect, IssueChange, IssueRef, IssueState, NewIssue, PersonError, Place, Repository, clean,
    has_words,
};
use crate::engine::outbox::Post;
use crate::guard::{Action, Permit};
use crate::markup::{self, Dialect, quote_untrusted};
use crate::platform::github::{Comment, Issue, IssueFilter, changes_nothing, visible};
use crate::store::deliveries::Purpose;
use crate::store::{Tx, trust};

/// The longest text GitHub takes as an issue's or a comment's body, in characters
/// (<https://github.com/orgs/community/discussions/27190>).
const MAX_BODY: usize = 65_536;
/// Room in a body for our hidden mark.
const MARK_ROOM: usize = 256;
/// The longest title GitHub takes, in characters.
const MAX_TITLE: usize = 256;
/// How many of an issue's newest comments are read.
const COMMENTS: usize = 10;

/// Which issues to read.
pub type IssueQuery = IssueFilter;

/// Issues that were read.
#[derive(Debug, Clone)]
pub struct ReadIssues {
    /// Where.
    pub repository: Repository,
    /// The issues, those changed last first.
    pub issues: Vec<Issue>,
    /// Whether there are more than were read.
    pub more: bool,
    /// Whose words are trusted among these.
    pub trust: Trust,
}

/// One issue that was read.
#[derive(Debug, Clone)]
pub struct ReadIssue {
    /// Which.
    pub at: IssueRef,
    /// The issue.
    pub issue: Issue,
    /// Its newest comments, oldest first.
    pub comments: Vec<Comment>,
    /// Whose words are trusted among these.
    pub trust: Trust,
}

/// What a person wants changed about an issue; what is none or empty stays.
#[derive(Debug, Clone, Default)]
pub struct IssueEdit {
    /// A new title.
    pub title: Option<String>,
    /// A new body.
    pub body: Option<String>,
    /// Open or closed.
    pub state: Option<IssueState>,
    /// Labels to add.
    pub add_labels: Vec<String>,
    /// Labels to remove.
    pub remove_labels: Vec<String>,
    /// Logins to assign.
    pub add_assignees: Vec<String>,
    /// Logins to unassign.
    pub remove_assignees: Vec<String>,
}

impl IssueEdit {
    fn is_empty(&self) -> bool {
        let lists = [
            &self.add_labels,
            &self.remove_labels,
            &self.add_assignees,
            &self.remove_assignees,
        ];
        self.title.is_none()
            && self.body.is_none()
            && self.state.is_none()
            && lists.iter().all(|list| list.is_empty())
    }
}

fn checked(what: &str, text: &str, limit: usize) -> Result<String, PersonError> {
    let text = clean(text);
    let length = text.encode_utf16().count();
    if length > limit {
        let why = format!("it has {length} characters, and GitHub takes {limit}");
        return Err(PersonError::new(
            format!("I could not use this {what}"),
            why,
            "Shorten it",
        ));
    }
    Ok(text)
}

/// A body as it is sent: foreign mentions and hidden comments neutralised, and short enough with our mark.
fn written(body: &str) -> Result<String, PersonError> {
    let body = checked("body", body, MAX_BODY - MARK_ROOM)?;
    match markup::render(&body, Dialect::GitHub).as_slice() {
        [] => Ok(String::new()),
        [whole] => Ok(whole.clone()),
        _ => Err(PersonError::new(
            "I could not use this body",
            "it is too long for one issue",
            "Shorten it",
        )),
    }
}

fn checked_title(title: &str) -> Result<String, PersonError> {
    let title = checked("title", title.trim(), MAX_TITLE)?;
    if title.is_empty() {
        return Err(PersonError::new(
            "I could not use this title",
            "it is empty",
            "Give the issue a title",
        ));
    }
    Ok(title)
}

impl Actions {
    /// Reads the issues of a repository.
    ///
    /// # Errors
    /// When GitHub does not give them.
    pub async fn list_issues(&self, permit: &Permit, query: &IssueQuery) -> Result<ReadIssues, Trouble> {
        let repository = permit.repository(Action::ReadProject)?.clone();
        let what = format!("read the issues of {repository}");
        let list = self
            .github()?
            .issues(&repository, query)
            .await
            .map_err(|error| error.explain(&what))?;
        let trust = self
            .trust(&repository, list.issues.iter().map(Written::from).collect())
            .await?;
        Ok(ReadIssues {
            trust,
            repository,
            issues: list.issues,
            more: list.more,
        })
    }

    /// Reads one issue with its newest comments.
    ///
    /// # Errors
    /// When GitHub does not give it.
    pub async fn read_issue(&self, permit: &Permit, number: u64) -> Result<ReadIssue, Trouble> {
        let at = IssueRef {
            repository: permit.repository(Action::ReadProject)?.clone(),
            number,
        };
        let what = format!("read {at}");
        let github = self.github()?;
        let issue = github.issue(&at).await.map_err(|error| error.explain(&what))?;
        let comments = github
            .comments(&at, COMMENTS)
            .await
            .map_err(|error| error.explain(&what))?;
        let written = std::iter::once(Written::from(&issue)).chain(comments.iter().map(Written::from));
        let trust = self.trust(&at.repository, written.collect()).await?;
        Ok(ReadIssue {
            at,
            issue,
            comments,
            trust,
        })
    }

    /// Opens an issue.
    ///
    /// # Errors
    /// When its title or body cannot be used.
    pub async fn create_issue(
        &self,
        tx: &mut Tx,
        permit: &Permit,
        new: NewIssue,
        origin: Origin,
    ) -> Result<(), Trouble> {
        let repository = permit.repository(Action::CreateIssue)?.clone();
        self.github()?;
        let new = NewIssue {
            title: checked_title(&new.title)?,
            body: written(&new.body)?,
            repository: repository.clone(),
            ..new
        };
        let place = Place::Repository(repository);
        self.outbox
            .effect(tx, &place, Effect::CreateIssue(new), origin.run, origin.step)
            .await?;
        Ok(())
    }

    /// Comments on an issue.
    ///
    /// # Errors
    /// When the text is empty.
    pub async fn comment_on_issue(
        &self,
        tx: &mut Tx,
        permit: &Permit,
        number: u64,
        text: &str,
        origin: Origin,
    ) -> Result<(), Trouble> {
        let repository = permit.repository(Action::CommentOnIssue)?.clone();
        self.github()?;
        if markup::render(text, Dialect::GitHub).is_empty() {
            return Err(
                PersonError::new("I could not comment", "the text is empty", "Say what to write").into(),
            );
        }
        let post = Post {
            place: &Place::GitHub(IssueRef { repository, number }),
            markdown: &clean(text),
            purpose: Purpose::Tool,
            run: origin.run,
            step: origin.step,
            conversation: origin.conversation,
            reply: None,
            buttons: &[],
            last: true,
        };
        self.outbox.post(tx, &post).await?;
        Ok(())
    }

    /// What an edit changes about an issue as it stands now; a later change by somebody else makes the send stop.
    ///
    /// # Errors
    /// When nothing would change, a text cannot be used, or GitHub does not give the issue.
    pub async fn plan_issue_change(
        &self,
        permit: &Permit,
        number: u64,
        edit: IssueEdit,
    ) -> Result<IssueChange, Trouble> {
        let at = IssueRef {
            repository: permit.repository(Action::UpdateIssue)?.clone(),
            number,
        };
        let what = format!("change {at}");
        if edit.is_empty() {
            return Err(PersonError::new(
                format!("I could not {what}"),
                "nothing to change was named",
                "Say what shall change",
            )
            .into());
        }
        let named = |list: Vec<String>| {
            list.into_iter()
                .map(|name| clean(name.trim()))
                .filter(|name| !name.is_empty())
                .collect::<Vec<_>>()
        };
        let (title, body) = (edit.title.as_deref().map(checked_title), edit.body.as_deref());
        let (title, body) = (title.transpose()?, body.map(written).transpose()?);
        let now = self
            .github()?
            .issue(&at)
            .await
            .map_err(|error| error.explain(&what))?;
        let logins = |list| {
            named(list)
                .into_iter()
                .map(|name| name.trim_start_matches('@').to_owned())
                .collect()
        };
        let change = IssueChange {
            title: title.map(|to| Change {
                from: now.title.clone(),
                to,
            }),
            body: body.map(|to| Change {
                from: now.body.clone(),
                to,
            }),
            state: edit.state,
            add_labels: named(edit.add_labels),
            remove_labels: named(edit.remove_labels),
            add_assignees: logins(edit.add_assignees),
            remove_assignees: logins(edit.remove_assignees),
        };
        if changes_nothing(&now, &change) {
            return Err(PersonError::new(
                format!("{at} stays as it is"),
                "it is like that already",
                "Nothing needs to be done",
            )
            .into());
        }
        Ok(change)
    }

    /// Changes an issue as planned.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn update_issue(
        &self,
        tx: &mut Tx,
        permit: &Permit,
        number: u64,
        change: IssueChange,
        origin: Origin,
    ) -> Result<(), Trouble> {
        let issue = IssueRef {
            repository: permit.repository(Action::UpdateIssue)?.clone(),
            number,
        };
        if change.writes_words()
            && let Some(run) = origin.run
            && let Some(by) = trust::met(tx, run).await?.tainted_by
        {
            trust::rewrite(tx, &issue, &by, self.engine.clock.now()).await?;
        }
        let place = Place::GitHub(issue.clone());
        self.outbox
            .effect(
                tx,
                &place,
                Effect::UpdateIssue { issue, change },
                origin.run,
                origin.step,
            )
            .await?;
        Ok(())
    }
}

impl ReadIssues {
    /// The issues in Markdown.
    pub fn told(&self, telling: &mut Telling<'_>) -> String {
        if self.issues.is_empty() {
            return self.heading();
        }
        let more = if self.more {
            "\n\nThere are more; these changed last."
        } else {
            ""
        };
        let (count, lines) = (many(self.issues.len(), "issue"), self.lines(telling));
        format!("{count} of {}:\n\n{}{more}", self.repository, lines.join("\n"))
    }

    /// How many there are, as what stands above the [lines](Self::lines).
    pub fn heading(&self) -> String {
        if self.issues.is_empty() && self.more {
            return format!(
                "I found none among the 1,000 issues and pull requests of {} that changed last; there may be others.",
                self.repository
            );
        }
        if self.issues.is_empty() {
            return format!("There are no such issues in {}.", self.repository);
        }
        let least = if self.more { "At least " } else { "" };
        let count = many(self.issues.len(), "issue");
        format!(
            "{least}{count} of {}, those that changed last first:",
            self.repository
        )
    }

    /// The issues, a line of a Markdown list each.
    pub fn lines(&self, telling: &mut Telling<'_>) -> Vec<String> {
        let line = |issue| issue_line(issue, self.trust.covers(issue), telling);
        self.issues.iter().map(line).collect()
    }
}

impl ReadIssue {
    /// The issue in Markdown; what people wrote there is quoted.
    pub fn told(&self, telling: &mut Telling<'_>) -> String {
        let issue = &self.issue;
        let by = |source: &str| By {
            author: &issue.author.login,
            source: format!("{source} {}", self.at),
            trusted: self.trust.covers(issue),
        };
        let kind = if issue.is_pull_request {
            "pull request"
        } else {
            "issue"
        };
        let mut text = format!(
            "[{}]({}) **{}** is {}, {kind} by {}.",
            self.at,
            issue.url,
            telling.line(&by("the title of"), &issue.title),
            state_words(issue.state),
            quote_untrusted(&issue.author.login),
        );
        if !issue.labels.is_empty() {
            text.push_str(&format!(
                " Labels: {}.",
                quote_untrusted(&issue.labels.join(", "))
            ));
        }
        if !issue.assignees.is_empty() {
            text.push_str(&format!(
                " Assigned to {}.",
                quote_untrusted(&issue.assignees.join(", "))
            ));
        }
        if has_words(&visible(&issue.body)) {
            let by = by("the text of");
            let told = if self.trust.is_ours(issue) {
                telling.whole(&by, &issue.body)
            } else {
                telling.block(&by, &issue.body)
            };
            text.push_str(&format!("\n\n{told}"));
        }
        for comment in &self.comments {
            let by = By {
                author: &comment.author.login,
                source: format!("a comment on {}", self.at),
                trusted: self.trust.covers(comment),
            };
            let told = if self.trust.is_ours(comment) {
                telling.whole(&by, &comment.body)
            } else {
                telling.block(&by, &comment.body)
            };
            text.push_str(&format!(
                "\n\n{} wrote:\n\n{told}",
                quote_untrusted(&comment.author.login),
            ));
        }
        text
    }
}

fn state_words(state: IssueState) -> &'static str {
    match state {
        IssueState::Open => "open",
        IssueState::Closed => "closed",
        IssueState::NotPlanned => "closed as not planned",
    }
}

/// Somebody else's text as a block quote.
pub(super) fn quoted(text: &str) -> String {
    quote_untrusted(text)
        .lines()
        .map(|line| format!("> {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}
