//! What no webhook told: the comments and issues of a repository that changed since we last looked, as the very events their
//! webhooks would have been, through the same intake. What came by webhook too is known by its keys.
//!
//! 1. Nothing from before we knew the repository is ever new, and nothing that changed before the longest gap we bridge.
//! 2. The next page is asked for by the moment of the last entry, since pages by number shift while people work.
//! 3. A cursor moves only past what is committed.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::Value;

use super::catch_up::{CatchUp, Trouble};
use super::models::{Comment, Issue};
use super::reads::{MAX_PAGES, PAGE, PER_PAGE};
use super::webhook::{Context, heard_comment, heard_edit, heard_issue};
use crate::domain::{Heard, IssueRef, Repository, Seen};
use crate::engine::intake;
use crate::store::cursors::{self, Cursor};
use crate::store::{StoreError, inbox};

/// How far before the cursor reading begins: a list may lag a little behind what happens.
const OVERLAP: TimeDelta = TimeDelta::minutes(2);
/// The longest gap that is bridged. What nobody looked at for longer is not dug up.
const REACH: TimeDelta = TimeDelta::days(7);

/// The lists that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    /// <https://docs.github.com/en/rest/issues/comments#list-issue-comments-for-a-repository>
    Comments,
    /// <https://docs.github.com/en/rest/issues/issues#list-repository-issues>
    Issues,
}

impl List {
    fn path(self) -> &'static [&'static str] {
        match self {
            Self::Comments => &["issues", "comments"],
            Self::Issues => &["issues"],
        }
    }

    fn cursor(self, cursor: &Cursor) -> DateTime<Utc> {
        match self {
            Self::Comments => cursor.comments_to,
            Self::Issues => cursor.issues_to,
        }
    }
}

/// A comment of a repository's list, which says where it stands by an address only.
#[derive(Deserialize)]
struct Listed {
    issue_url: String,
    #[serde(flatten)]
    comment: Comment,
}

/// The moment from which on a list is read.
pub(super) fn since(list: List, cursor: &Cursor, now: DateTime<Utc>) -> DateTime<Utc> {
    let since = (list.cursor(cursor) - OVERLAP).max(cursor.first_at);
    // As long as somebody looked now and then it stays where it is, and GitHub can say that nothing changed.
    if cursor.checked_at < now - REACH {
        since.max(now - REACH)
    } else {
        since
    }
}

/// What a comment tells: that it was written, and that it was changed. GitHub shows its newest words only.
pub(super) fn told(
    comment: &Comment,
    issue: &IssueRef,
    first_at: DateTime<Utc>,
    context: &Context,
) -> Vec<Heard> {
    let mut told = Vec::new();
    if comment.created_at > first_at {
        told.push(heard_comment(comment, issue, context));
    }
    if comment.updated_at > comment.created_at && comment.updated_at > first_at {
        told.push(heard_edit(comment, issue, context));
    }
    told
}

/// What an issue tells: that it was opened. Its pull requests are none, as in webhooks.
pub(super) fn opened(
    issue: &Issue,
    place: &IssueRef,
    first_at: DateTime<Utc>,
    context: &Context,
) -> Option<Heard> {
    if issue.is_pull_request || issue.created_at <= first_at {
        return None;
    }
    heard_issue(issue, place, context)
}

impl CatchUp {
    /// Reads one list of a repository to its end, or for as many pages as are read at once.
    pub(super) async fn reconcile(
        &self,
        list: List,
        cursor: &Cursor,
        context: &Context,
    ) -> Result<(), Trouble> {
        let mut since = since(list, cursor, self.engine.clock.now());
        let mut page = 1_usize;
        for _ in 0..MAX_PAGES {
            let entries = self.page(list, &cursor.repository, since, page).await?;
            let mut newest = since;
            for entry in &entries {
                for heard in self.read(list, entry, cursor, context) {
                    // An edit that came together with the words themselves tells nothing new.
                    if let Seen::New(_) = self.commit(&heard).await? {
                        break;
                    }
                }
                newest = newest.max(changed(entry).unwrap_or(newest));
            }
            self.advance(list, &cursor.repository, newest).await?;
            if entries.len() < PAGE {
                return Ok(());
            }
            (since, page) = if newest > since {
                (newest, 1)
            } else {
                (since, page + 1)
            };
        }
        tracing::warn!(repository = %cursor.repository, ?list, "more changed than is read at once; the rest follows");
        Ok(())
    }

    async fn page(
        &self,
        list: List,
        repository: &Repository,
        since: DateTime<Utc>,
        page: usize,
    ) -> Result<Vec<Value>, Trouble> {
        let since = since.to_rfc3339_opts(SecondsFormat::Secs, true);
        let page = page.to_string();
        let mut query = vec![
            PER_PAGE,
            ("since", since.as_str()),
            ("sort", "updated"),
            ("direction", "asc"),
        ];
        if list == List::Issues {
            query.push(("state", "all"));
        }
        if page != "1" {
            query.push(("page", &page));
        }
        let route = self.github.in_repository(repository, list.path(), &query)?;
        Ok(self.github.get(&route).await?.json()?)
    }

    /// What an entry tells; an entry that cannot be read is left out, so that it does not hold up the others.
    fn read(&self, list: List, entry: &Value, cursor: &Cursor, context: &Context) -> Vec<Heard> {
        let place = |number| IssueRef {
            repository: cursor.repository.clone(),
            number,
        };
        let heard = match list {
            List::Comments => Listed::deserialize(entry).map(|listed| {
                let number = listed
                    .issue_url
                    .rsplit('/')
                    .next()
                    .and_then(|text| text.parse().ok());
                number.map_or_else(Vec::new, |number| {
                    told(&listed.comment, &place(number), cursor.first_at, context)
                })
            }),
            List::Issues => Issue::deserialize(entry).map(|issue| {
                opened(&issue, &place(issue.number), cursor.first_at, context)
                    .into_iter()
                    .collect()
            }),
        };
        heard.unwrap_or_else(|error| {
            tracing::warn!(%error, repository = %cursor.repository, ?list, "an entry that cannot be read");
            Vec::new()
        })
    }

    /// Commits an event that is not known yet.
    async fn commit(&self, heard: &Heard) -> Result<Seen, StoreError> {
        let mut tx = self.engine.db.read().await?;
        for key in &heard.keys {
            if let Some(id) = inbox::with_key(&mut tx, key).await? {
                return Ok(Seen::Before(id));
            }
        }
        drop(tx);
        intake::commit(&self.engine, heard).await
    }

    async fn advance(
        &self,
        list: List,
        repository: &Repository,
        to: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.engine.db.begin().await?;
        let moved = match list {
            List::Comments => cursors::comments_read(&mut tx, repository, to).await?,
            List::Issues => cursors::issues_read(&mut tx, repository, to).await?,
        };
        if moved {
            tx.commit("reconciled").await?;
        }
        Ok(())
    }
}

/// When an entry last changed.
fn changed(entry: &Value) -> Option<DateTime<Utc>> {
    DateTime::deserialize(&entry["updated_at"]).ok()
}
