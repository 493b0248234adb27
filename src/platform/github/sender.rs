//! The way out to GitHub: comments with our mark, new issues with it, and changed issues, which are read before they are
//! written.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use futures::future::BoxFuture;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::answer::Answer;
use super::changes::{left_out, not_there, plan};
use super::client::GitHub;
use super::errors::GitHubError;
use super::mark::{marked, without_marks};
use super::models::{Comment, Issue};
use super::reads::{MAX_PAGES, Pages};
use super::route::Route;
use crate::domain::{Effect, IssueChange, IssueRef, NewIssue, Place, same_text};
use crate::engine::sender::{Found, Outcome, Outgoing, Pace, Receipt, Sender};

/// How far before a delivery's own moment a look-up begins: the clocks of GitHub and of this machine may differ.
const MARGIN: TimeDelta = TimeDelta::hours(1);

/// Sends to GitHub as our account.
#[derive(Clone)]
pub struct GitHubSender(GitHub);

/// A receipt: all that is needed of what was made, so that nothing else about it can spoil the receipt.
#[derive(Deserialize)]
struct Made {
    id: u64,
    number: Option<u64>,
    html_url: Option<String>,
    created_at: Option<DateTime<Utc>>,
}

/// How a comment stands to the text it shall have.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It has the new text.
    New,
    /// It has the text we left there.
    Old,
    /// It has another one.
    Foreign,
}

impl GitHubSender {
    /// A sender over a connection.
    pub fn new(github: GitHub) -> Self {
        Self(github)
    }

    async fn comment(&self, issue: &IssueRef, out: &Outgoing) -> Result<Outcome, Outcome> {
        let route = self
            .0
            .on_issue(issue, &["comments"], &[])
            .map_err(|error| error.outcome(false))?;
        let body = json!({ "body": marked(&out.text, out.mark) });
        let made = self.create(&route, &body).await?;
        Ok(Outcome::Delivered(Receipt {
            at: made.created_at,
            ..receipt(made.id, made.html_url)
        }))
    }

    async fn edit(&self, issue: &IssueRef, id: &str, out: &Outgoing) -> Result<Outcome, Outcome> {
        let vanished = |error: GitHubError, wrote| match error {
            GitHubError::NotFound | GitHubError::Gone(_) => Outcome::Vanished,
            error => error.outcome(wrote),
        };
        let route = self
            .comment_route(issue, id)
            .map_err(|error| error.outcome(false))?;
        let read = async { self.0.get(&route).await?.json::<Comment>() };
        let stands = read.await.map_err(|error| vanished(error, false))?;
        let done = Outcome::Delivered(receipt(stands.id, stands.url.clone()));
        match standing(&stands, out) {
            Standing::New => return Ok(done),
            Standing::Foreign => return Ok(Outcome::Changed(changed(id))),
            Standing::Old => {}
        }
        let body = json!({ "body": marked(&out.text, out.mark) });
        self.0
            .patch(&route, &body)
            .await
            .map_err(|error| vanished(error, true))?;
        Ok(done)
    }

    async fn open(&self, new: &NewIssue, out: &Outgoing) -> Result<Outcome, Outcome> {
        let route = self
            .0
            .in_repository(&new.repository, &["issues"], &[])
            .map_err(|e| e.outcome(false))?;
        let mut body = Map::new();
        body.insert("title".into(), new.title.clone().into());
        body.insert("body".into(), marked(&new.body, out.mark).into());
        for (field, names) in [("labels", &new.labels), ("assignees", &new.assignees)] {
            if !names.is_empty() {
                body.insert(field.into(), names.clone().into());
            }
        }
        let answer = self
            .0
            .post(&route, &body)
            .await
            .map_err(|error| error.outcome(true))?;
        let made = created(&answer).map_err(|error| error.outcome(true))?;
        let Some(number) = made.number else {
            return Err(GitHubError::Strange("an issue without a number".into()).outcome(true));
        };
        let after = answer.json::<Issue>().ok();
        let missing = after
            .map(|after| not_there(&after, &new.labels, &new.assignees))
            .unwrap_or_default();
        // The issue is there; what it lacks is told with it, so that nobody opens it again.
        let note = (!missing.is_empty()).then(|| missing.join("; "));
        Ok(Outcome::Delivered(Receipt {
            note,
            ..receipt(number, made.html_url)
        }))
    }

    async fn update(&self, issue: &IssueRef, change: &IssueChange) -> Result<Outcome, Outcome> {
        let stands = self.0.issue(issue).await.map_err(|error| error.outcome(false))?;
        let patch = plan(&stands, change).map_err(Outcome::Changed)?;
        let done = Outcome::Delivered(receipt(stands.number, Some(stands.url)));
        if patch.is_empty() {
            return Ok(done);
        }
        let route = self
            .0
            .on_issue(issue, &[], &[])
            .map_err(|error| error.outcome(false))?;
        let answer = self
            .0
            .patch(&route, &patch)
            .await
            .map_err(|error| error.outcome(true))?;
        let missing = answer
            .json::<Issue>()
            .map(|after| left_out(&after, change))
            .unwrap_or_default();
        if missing.is_empty() {
            return Ok(done);
        }
        Ok(Outcome::Refused(format!(
            "{issue}: {}; whatever else was asked of it is done",
            missing.join("; ")
        )))
    }

    /// POSTs what makes something, and reads the receipt.
    async fn create(&self, route: &Route, body: &Value) -> Result<Made, Outcome> {
        let answer = self
            .0
            .post(route, body)
            .await
            .map_err(|error| error.outcome(true))?;
        created(&answer).map_err(|error| error.outcome(true))
    }

    fn comment_route(&self, issue: &IssueRef, id: &str) -> Result<Route, GitHubError> {
        self.0
            .in_repository(&issue.repository, &["issues", "comments", id], &[])
    }

    async fn find_comment(&self, issue: &IssueRef, out: &Outgoing) -> Result<Found, GitHubError> {
        let ours = self.0.identify().await?;
        let since = since(out.mark, self.0.clock().now());
        let query = [("per_page", "100"), ("since", since.as_str())];
        let route = self.0.on_issue(issue, &["comments"], &query)?;
        self.find_in(route, |comment: &Comment| {
            let found = comment.author.id == ours.id && comment.mark == Some(out.mark);
            found.then(|| receipt(comment.id, comment.url.clone()))
        })
        .await
    }

    async fn find_issue(&self, new: &NewIssue, out: &Outgoing) -> Result<Found, GitHubError> {
        let ours = self.0.identify().await?;
        let since = since(out.mark, self.0.clock().now());
        let query = [
            ("per_page", "100"),
            ("creator", ours.login.as_str()),
            ("state", "all"),
            ("sort", "created"),
            ("direction", "desc"),
            ("since", since.as_str()),
        ];
        let route = self.0.in_repository(&new.repository, &["issues"], &query)?;
        self.find_in(route, |issue: &Issue| {
            let found = issue.author.id == ours.id && issue.mark == Some(out.mark);
            found.then(|| receipt(issue.number, Some(issue.url.clone())))
        })
        .await
    }

    /// Looks through a list. One that is too long to be looked through proves nothing.
    async fn find_in<T: DeserializeOwned>(
        &self,
        route: Route,
        find: impl Fn(&T) -> Option<Receipt>,
    ) -> Result<Found, GitHubError> {
        let mut pages = Pages::new(&self.0, route);
        for _ in 0..MAX_PAGES {
            let Some(page) = pages.next::<T>().await? else {
                return Ok(Found::No);
            };
            if let Some(receipt) = page.iter().find_map(&find) {
                return Ok(Found::Yes(receipt));
            }
        }
        Ok(if pages.more() {
            Found::CannotTell("there is too much to look through".into())
        } else {
            Found::No
        })
    }

    async fn find_edit(&self, issue: &IssueRef, id: &str, out: &Outgoing) -> Result<Found, GitHubError> {
        let stands = match self.0.get(&self.comment_route(issue, id)?).await {
            // The next attempt reads first, finds it gone, and says so.
            Err(GitHubError::NotFound) => return Ok(Found::No),
            answer => answer?.json::<Comment>()?,
        };
        Ok(match standing(&stands, out) {
            Standing::New => Found::Yes(receipt(stands.id, stands.url)),
            Standing::Old => Found::No,
            Standing::Foreign => Found::Changed(changed(id)),
        })
    }

    async fn find_update(&self, issue: &IssueRef, change: &IssueChange) -> Result<Found, GitHubError> {
        let stands = self.0.issue(issue).await?;
        Ok(match plan(&stands, change) {
            Ok(patch) if patch.is_empty() => Found::Yes(receipt(stands.number, Some(stands.url))),
            Ok(_) => Found::No,
            Err(why) => Found::Changed(why),
        })
    }

    async fn attempt(&self, out: &Outgoing) -> Result<Outcome, Outcome> {
        match (&out.effect, &out.place, &out.external_id) {
            (Effect::CreateIssue(new), ..) => self.open(new, out).await,
            (Effect::UpdateIssue { issue, change }, ..) => self.update(issue, change).await,
            (Effect::Message { .. }, Place::GitHub(issue), None) => self.comment(issue, out).await,
            (Effect::Message { .. }, Place::GitHub(issue), Some(id)) => self.edit(issue, id, out).await,
            (Effect::Message { .. }, place, _) => Err(Outcome::Refused(elsewhere(place))),
        }
    }

    async fn look(&self, out: &Outgoing) -> Result<Found, GitHubError> {
        match (&out.effect, &out.place, &out.external_id) {
            (Effect::CreateIssue(new), ..) => self.find_issue(new, out).await,
            (Effect::UpdateIssue { issue, change }, ..) => self.find_update(issue, change).await,
            (Effect::Message { .. }, Place::GitHub(issue), None) => self.find_comment(issue, out).await,
            (Effect::Message { .. }, Place::GitHub(issue), Some(id)) => self.find_edit(issue, id, out).await,
            (Effect::Message { .. }, place, _) => Ok(Found::CannotTell(elsewhere(place))),
        }
    }
}

impl Sender for GitHubSender {
    fn send<'a>(&'a self, out: &'a Outgoing) -> BoxFuture<'a, Outcome> {
        Box::pin(async move { self.attempt(out).await.unwrap_or_else(|outcome| outcome) })
    }

    fn find<'a>(&'a self, out: &'a Outgoing) -> BoxFuture<'a, Found> {
        Box::pin(async move {
            match self.look(out).await {
                Ok(found) => found,
                // The issue was deleted, and what we put there with it. A 404 proves less: GitHub also says that when
                // our account may not look.
                Err(GitHubError::Gone(_)) => Found::No,
                Err(error) => Found::CannotTell(error.hindrance()),
            }
        })
    }

    /// GitHub asks for a second between two changes and allows 80 that make content in a minute and 500 in an hour
    /// (<https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>,
    /// <https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api>). The first two hold
    /// by the spacing, the last by its answer. Passing edits of a comment come at most once a minute.
    fn pace(&self) -> Pace {
        let second = Duration::from_secs(1);
        Pace {
            credential: second,
            place: second,
            edits: Duration::from_secs(60),
        }
    }

    /// An App has its limits per installation, of which there is one for each account that it is installed for
    /// (<https://docs.github.com/en/apps/creating-github-apps/registering-a-github-app/rate-limits-for-github-apps>).
    fn credential(&self, place: &Place) -> String {
        let host = self.0.host();
        match place.repository().filter(|_| self.0.app().is_some()) {
            Some(repository) => format!("github:{host}/{}", repository.owner()),
            None => format!("github:{host}"),
        }
    }
}

/// Reads the receipt of a POST. GitHub answers 201 to each that made something
/// (<https://docs.github.com/en/rest/issues/comments#create-an-issue-comment>); another success is what a redirect
/// from a POST leads to, which is a GET.
fn created(answer: &Answer) -> Result<Made, GitHubError> {
    if answer.status != 201 {
        return Err(GitHubError::Moved);
    }
    answer.json()
}

fn receipt(id: u64, url: Option<String>) -> Receipt {
    Receipt {
        external_id: id.to_string(),
        url: url.filter(|url| !url.is_empty()),
        at: None,
        note: None,
        thread: None,
    }
}

fn changed(comment: &str) -> String {
    format!("somebody edited my comment {comment} meanwhile")
}

fn elsewhere(place: &Place) -> String {
    format!("{place} is no place on GitHub")
}

/// How a comment stands to what shall become of it.
pub(super) fn standing(stands: &Comment, out: &Outgoing) -> Standing {
    if same_text(&stands.body, &without_marks(&out.text)) {
        Standing::New
    } else if same_text(&stands.body, &without_marks(&out.sent_text)) {
        Standing::Old
    } else {
        Standing::Foreign
    }
}

/// From when on a look-up looks: a delivery's id tells when it was decided, which is before it was first sent.
pub(super) fn since(mark: Uuid, now: DateTime<Utc>) -> String {
    let decided = mark.get_timestamp().and_then(|time| {
        let (seconds, nanoseconds) = time.to_unix();
        DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanoseconds)
    });
    let from = decided.map_or(now, |decided| decided.min(now)) - MARGIN;
    from.to_rfc3339_opts(SecondsFormat::Secs, true)
}
