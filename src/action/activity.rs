//! What happened in a repository lately.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

use super::status::many;
use super::telling::{By, Telling};
use super::trust::{Trust, Written};
use super::{Actions, Trouble};
use crate::domain::Repository;
use crate::guard::{Action, Permit};
use crate::markup::quote_untrusted;
use crate::platform::github::{Activity, GitHub, Issue};

/// How many lines are shown.
const LINES: usize = 50;
/// What GitHub is asked for begins at a full hour.
const HOUR: TimeDelta = TimeDelta::hours(1);
/// A day.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What happened in a repository lately.
#[derive(Debug, Clone)]
pub struct Recent {
    /// Where.
    pub repository: Repository,
    /// In how many days.
    pub days: u32,
    since: DateTime<Utc>,
    activity: Activity,
    trust: Trust,
}

/// How often what happened.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sums {
    opened: usize,
    closed: usize,
    merged: usize,
    comments: usize,
}

impl Actions {
    /// Reads what happened in a repository in the last days.
    ///
    /// # Errors
    /// When GitHub does not give it.
    pub async fn recent_activity(&self, permit: &Permit, days: u32) -> Result<Recent, Trouble> {
        let repository = permit.repository(Action::ReadProject)?.clone();
        self.github()?;
        let recent = self.recent(&repository, days).await;
        let mut recent =
            recent.map_err(|error| error.explain(&format!("read what happened in {repository}")))?;
        let shown = recent.activity.issues.iter().take(LINES);
        recent.trust = self
            .trust(&repository, shown.map(Written::from).collect())
            .await?;
        Ok(recent)
    }

    /// The same, for whoever has the right to it already.
    pub(super) async fn recent(
        &self,
        repository: &Repository,
        days: u32,
    ) -> Result<Recent, crate::platform::github::GitHubError> {
        let span = TimeDelta::from_std(DAY * days).unwrap_or(TimeDelta::MAX);
        let since = self.engine.clock.now() - span;
        let mut activity = match &self.github {
            // By the hour, so that GitHub can say that nothing changed since it was asked the same.
            Some(github) => {
                let asked = since.duration_trunc(HOUR).unwrap_or(since);
                github.activity(repository, asked).await?
            }
            None => Activity {
                issues: Vec::new(),
                comments: Vec::new(),
                more: false,
            },
        };
        activity.issues.retain(|issue| issue.updated_at >= since);
        // What I answered is nothing that people did.
        let own = self.github.as_ref().and_then(GitHub::identity).map(|own| own.id);
        activity
            .comments
            .retain(|(_, comment)| Some(comment.author.id) != own);
        Ok(Recent {
            repository: repository.clone(),
            days,
            since,
            activity,
            trust: Trust::default(),
        })
    }
}

impl Recent {
    /// The sums in one sentence: "In the last 7 days: 3 opened, 1 closed, 4 comments."
    pub fn summary(&self) -> String {
        let span = if self.days == 1 {
            "24 hours".to_owned()
        } else {
            format!("{} days", self.days)
        };
        let sums = self.sums();
        let words: Vec<String> = [
            (sums.opened, format!("{} opened", sums.opened)),
            (sums.merged, format!("{} merged", sums.merged)),
            (sums.closed, format!("{} closed", sums.closed)),
            (sums.comments, many(sums.comments, "comment")),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(_, words)| words)
        .collect();
        let at_least = if self.activity.more { "at least " } else { "" };
        if words.is_empty() {
            return format!("In the last {span}: nothing new.");
        }
        format!("In the last {span}: {at_least}{}.", words.join(", "))
    }

    /// What happened, in Markdown: one line for each issue or pull request, those that changed last first.
    pub fn told(&self, telling: &mut Telling<'_>) -> String {
        let mut comments: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
        for (number, comment) in self.new_comments() {
            comments.entry(number).or_default().push(&comment.author.login);
        }
        let lines: Vec<String> = self
            .activity
            .issues
            .iter()
            .take(LINES)
            .map(|issue| {
                self.line(
                    issue,
                    comments.get(&issue.number).map_or(&[], Vec::as_slice),
                    telling,
                )
            })
            .collect();
        let mut text = format!("**{}**. {}", self.repository, self.summary());
        if !lines.is_empty() {
            text.push_str(&format!("\n\n{}", lines.join("\n")));
        }
        if self.activity.issues.len() > LINES || self.activity.more {
            text.push_str("\n\nThere is more; these changed last. Ask for fewer days to see it all.");
        }
        text
    }

    fn new_comments(&self) -> impl Iterator<Item = (u64, &crate::platform::github::Comment)> {
        // GitHub also lists older comments that were edited since.
        let comments = self.activity.comments.iter();
        comments
            .filter(|(_, comment)| comment.created_at >= self.since)
            .map(|(number, comment)| (*number, comment))
    }

    fn line(&self, issue: &Issue, commenters: &[&str], telling: &mut Telling<'_>) -> String {
        let by = By {
            author: &issue.author.login,
            source: format!("the title of #{}", issue.number),
            trusted: self.trust.covers(issue),
        };
        let kind = if issue.is_pull_request {
            "pull request "
        } else {
            ""
        };
        let mut line = format!(
            "- {kind}[#{}]({}) {}",
            issue.number,
            issue.url,
            telling.line(&by, &issue.title)
        );
        let mut happened = Vec::new();
        if issue.created_at >= self.since {
            happened.push(format!("opened by {}", quote_untrusted(&issue.author.login)));
        }
        if self.is_new(issue.merged_at) {
            happened.push("merged".to_owned());
        } else if self.is_new(issue.closed_at) {
            happened.push("closed".to_owned());
        }
        // GitHub lists the newest first.
        if let Some(last) = commenters.first() {
            let count = many(commenters.len(), "comment");
            let by = if commenters.len() == 1 {
                "by"
            } else {
                "the last by"
            };
            happened.push(format!("{count}, {by} {}", quote_untrusted(last)));
        }
        if happened.is_empty() {
            happened.push("changed".to_owned());
        }
        line.push_str(&format!(" · {}", happened.join(" · ")));
        line
    }

    fn is_new(&self, at: Option<DateTime<Utc>>) -> bool {
        at.is_some_and(|at| at >= self.since)
    }

    fn sums(&self) -> Sums {
        let count =
            |test: &dyn Fn(&Issue) -> bool| self.activity.issues.iter().filter(|issue| test(issue)).count();
        Sums {
            opened: count(&|issue| issue.created_at >= self.since),
            merged: count(&|issue| self.is_new(issue.merged_at)),
            closed: count(&|issue| issue.merged_at.is_none() && self.is_new(issue.closed_at)),
            comments: self.new_comments().count(),
        }
    }
}
