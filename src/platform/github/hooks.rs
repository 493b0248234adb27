//! Webhooks that failed: GitHub does not send them again by itself, but when it is asked to, for three days
//! (<https://docs.github.com/en/webhooks/using-webhooks/handling-failed-webhook-deliveries>).

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use url::Url;

use super::catch_up::{CatchUp, EVERY, Trouble};
use super::errors::GitHubError;
use super::reads::{PER_PAGE, Pages};
use super::route::{By, Route, path};
use super::webhook::{delivery_key, needs_identity};
use crate::engine::clock::later;
use crate::store::cursors::{self, Cursor};
use crate::store::{StoreError, inbox};

/// How long a delivery can be asked for again
/// (<https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks>).
pub(super) const KEPT: TimeDelta = TimeDelta::days(3);
/// How often one webhook is asked for again, with pauses of 10, 20, 40 and 80 minutes.
const MOST_ASKED: i64 = 5;
/// How many pages of deliveries are looked at.
const PAGES: usize = 5;
/// Where the address of a webhook of ours ends.
const ROUTE: &str = "/webhooks/github";

/// One attempt to deliver a webhook.
/// <https://docs.github.com/en/rest/repos/webhooks#list-deliveries-for-a-repository-webhook>
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Attempt {
    /// The attempt's id; those of one webhook share its GUID.
    pub(super) id: u64,
    /// `X-GitHub-Delivery`.
    pub(super) guid: String,
    /// When.
    pub(super) delivered_at: DateTime<Utc>,
    /// How we answered; nothing of use when we did not.
    #[serde(default)]
    pub(super) status_code: Option<i64>,
    /// `X-GitHub-Event`.
    #[serde(default)]
    pub(super) event: String,
}

impl Attempt {
    fn arrived(&self) -> bool {
        self.status_code.is_some_and(|code| (200..300).contains(&code))
    }
}

/// <https://docs.github.com/en/rest/repos/webhooks#list-repository-webhooks>
#[derive(Deserialize)]
struct WireHook {
    id: u64,
    #[serde(default)]
    active: bool,
    #[serde(default)]
    config: WireHookConfig,
}

#[derive(Default, Deserialize)]
struct WireHookConfig {
    #[serde(default)]
    url: Option<String>,
}

/// The newest attempts of the webhooks that never arrived, of which we would read something, the oldest webhook first.
pub(super) fn failed(attempts: Vec<Attempt>, since: DateTime<Utc>) -> Vec<Attempt> {
    let mut by_guid: BTreeMap<String, Vec<Attempt>> = BTreeMap::new();
    for attempt in attempts {
        by_guid.entry(attempt.guid.clone()).or_default().push(attempt);
    }
    let mut failed: Vec<(DateTime<Utc>, Attempt)> = by_guid
        .into_values()
        .filter(|all| !all.iter().any(Attempt::arrived))
        .filter_map(|all| {
            let first = all.iter().map(|one| one.delivered_at).min()?;
            let newest = all.into_iter().max_by_key(|one| (one.delivered_at, one.id))?;
            (first > since && needs_identity(&newest.event)).then_some((first, newest))
        })
        .collect();
    failed.sort_by_key(|(first, newest)| (*first, newest.id));
    failed.into_iter().map(|(_, newest)| newest).collect()
}

/// When a webhook may be asked for once more, after it was so often, the last time at `at`; none when it is enough.
pub(super) fn next_ask(asked: i64, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let doublings = u32::try_from(asked - 1).unwrap_or_default();
    (asked < MOST_ASKED).then(|| later(at, EVERY * 2_u32.pow(doublings)))
}

/// Whether the address of a webhook is ours: it ends in our route, and where our own host is known, it is that one.
pub(super) fn is_ours(address: &str, public_url: Option<&Url>) -> bool {
    Url::parse(address).is_ok_and(|url| {
        url.path().trim_end_matches('/').ends_with(ROUTE)
            && public_url.is_none_or(|ours| ours.host_str() == url.host_str())
    })
}

impl CatchUp {
    /// Asks for the failed webhooks of a repository again. As an App we have one webhook for all; see
    /// [`CatchUp::redeliver_for_app`].
    pub(super) async fn redeliver(&self, cursor: &Cursor) -> Result<(), Trouble> {
        if !self.hooks.open || self.github.app().is_some() {
            return Ok(());
        }
        match self.redeliver_in(cursor).await {
            // GitHub hides the webhooks of a repository from who does not manage it.
            Err(Trouble::GitHub(GitHubError::NotFound | GitHubError::Forbidden(_))) => {
                self.standing.has_hooks(&cursor.repository, false);
                Ok(())
            }
            Err(trouble) => Err(trouble),
            Ok(()) => {
                self.standing.has_hooks(&cursor.repository, true);
                Ok(())
            }
        }
    }

    async fn redeliver_in(&self, cursor: &Cursor) -> Result<(), Trouble> {
        let repository = &cursor.repository;
        let route = self.github.in_repository(repository, &["hooks"], &[PER_PAGE])?;
        let hooks: Vec<WireHook> = self.github.get(&route).await?.json()?;
        let ours = hooks.into_iter().filter(|hook| {
            let address = hook.config.url.as_deref().unwrap_or_default();
            hook.active && is_ours(address, self.hooks.public_url.as_ref())
        });
        for hook in ours {
            let id = hook.id.to_string();
            let list = ["hooks", &id, "deliveries"];
            let route = self.github.in_repository(repository, &list, &[PER_PAGE])?;
            for attempt in self.to_ask(route, cursor.first_at).await? {
                let attempt_id = attempt.id.to_string();
                let parts = ["hooks", &id, "deliveries", &attempt_id, "attempts"];
                let route = self.github.in_repository(repository, &parts, &[])?;
                self.ask(&attempt, &route).await?;
            }
        }
        Ok(())
    }

    /// Asks for the failed webhooks of the App again.
    /// <https://docs.github.com/en/rest/apps/webhooks#list-deliveries-for-an-app-webhook>
    pub(super) async fn redeliver_for_app(&self, cursors: &[Cursor]) -> Result<(), Trouble> {
        let first = cursors.iter().map(|cursor| cursor.first_at).min();
        let (Some(first), true, Some(_)) = (first, self.hooks.open, self.github.app()) else {
            return Ok(());
        };
        let by_key = |parts: &[&str], query: &[(&str, &str)]| Route {
            path: path(parts, query),
            by: By::Ourselves,
        };
        let list = ["app", "hook", "deliveries"];
        let attempts = match self.to_ask(by_key(&list, &[PER_PAGE]), first).await {
            // The App has no webhook.
            Err(Trouble::GitHub(GitHubError::NotFound)) => return Ok(()),
            attempts => attempts?,
        };
        for attempt in attempts {
            let id = attempt.id.to_string();
            let parts = [list.as_slice(), &[&id, "attempts"]].concat();
            self.ask(&attempt, &by_key(&parts, &[])).await?;
        }
        Ok(())
    }

    /// The attempts of a list that are worth asking for again.
    async fn to_ask(&self, list: Route, first_at: DateTime<Utc>) -> Result<Vec<Attempt>, Trouble> {
        let since = first_at.max(self.engine.clock.now() - KEPT);
        let mut pages = Pages::new(&self.github, list);
        let mut attempts: Vec<Attempt> = Vec::new();
        // Newest first.
        for _ in 0..PAGES {
            let Some(page) = pages.next::<Attempt>().await? else {
                break;
            };
            let done = page.last().is_some_and(|last| last.delivered_at <= since);
            attempts.extend(page);
            if done {
                break;
            }
        }
        let mut wanted = Vec::new();
        for attempt in failed(attempts, since) {
            if self.is_due(&attempt.guid).await? {
                wanted.push(attempt);
            }
        }
        Ok(wanted)
    }

    /// Whether a webhook did not reach us in truth, and may be asked for by now.
    async fn is_due(&self, guid: &str) -> Result<bool, StoreError> {
        let mut tx = self.engine.db.read().await?;
        if inbox::knows(&mut tx, &delivery_key(guid)).await? {
            return Ok(false);
        }
        let asked = cursors::redelivery(&mut tx, guid).await?;
        let now = self.engine.clock.now();
        Ok(asked.is_none_or(|(asked, at)| next_ask(asked, at).is_some_and(|due| due <= now)))
    }

    /// Asks for one webhook again, once among several processes.
    async fn ask(&self, attempt: &Attempt, route: &Route) -> Result<(), Trouble> {
        let now = self.engine.clock.now();
        let mut tx = self.engine.db.begin().await?;
        // Who asked less than the shortest pause ago is another process.
        let ours = cursors::ask_again(&mut tx, &attempt.guid, now - EVERY, now).await?;
        tx.commit("webhook asked for").await?;
        if !ours {
            return Ok(());
        }
        tracing::info!(guid = %attempt.guid, event = %attempt.event, "asking GitHub for a webhook that failed");
        match self.github.post(route, &serde_json::json!({})).await {
            // It is not kept any more.
            Ok(_) | Err(GitHubError::NotFound | GitHubError::Invalid(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
