//! What ids are called: names of users and channels, looked up and kept for a while.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::future::join_all;
use serde_json::Value;

use super::client::Slack;
use super::json;
use super::text::Mentioned;
use crate::domain::{self, Place};
use crate::engine::clock::later;

/// How long a name is believed.
const FRESH: Duration = Duration::from_secs(3600);
/// How long a look-up that brought nothing is not repeated.
const SHY: Duration = Duration::from_secs(60);
/// How long an event waits for names; of the 3 s Slack gives for the acknowledgement.
const PATIENCE: Duration = Duration::from_secs(2);
/// Look-ups for one event; further ids are shown as they are.
const MOST: usize = 20;
/// Names kept.
const KEPT: usize = 10_000;

/// The names an event needs.
#[derive(Debug, Default, Clone)]
pub(super) struct Names {
    /// By user id.
    pub(super) users: HashMap<String, String>,
    /// By channel id, without `#`.
    pub(super) channels: HashMap<String, String>,
}

/// Names by id; that there is none is remembered too.
#[derive(Default)]
pub(super) struct Cache(Mutex<HashMap<String, Entry>>);

/// What is known about an id.
struct Entry {
    /// Its name, if it has one.
    name: Option<String>,
    /// Until when that is believed.
    until: DateTime<Utc>,
}

impl Cache {
    fn get(&self, id: &str, now: DateTime<Utc>) -> Option<Option<String>> {
        let names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names
            .get(id)
            .filter(|entry| entry.until > now)
            .map(|entry| entry.name.clone())
    }

    fn put(&self, id: &str, name: Option<String>, until: DateTime<Utc>, now: DateTime<Utc>) {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if names.len() >= KEPT {
            names.retain(|_, entry| entry.until > now);
        }
        if names.len() >= KEPT {
            names.clear();
        }
        names.insert(id.to_owned(), Entry { name, until });
    }
}

/// What is to be looked up.
#[derive(Clone, Copy)]
enum Kind {
    User,
    Channel,
}

impl Slack {
    /// What people call a place: `#apollo`; none for direct messages and for what Slack does not tell.
    pub async fn label(&self, place: &Place) -> Option<String> {
        let Place::Slack { channel, .. } = place else {
            return None;
        };
        if channel.starts_with('D') {
            return None;
        }
        let name = self.name(Kind::Channel, channel, super::client::READ).await?;
        Some(format!("#{name}"))
    }

    /// The names for what an event mentions; what cannot be found in time is left out.
    pub(super) async fn names(&self, mentioned: &Mentioned) -> Names {
        let users = mentioned.users.iter().map(|id| (Kind::User, id));
        let channels = mentioned.channels.iter().map(|id| (Kind::Channel, id));
        let wanted = users.chain(channels).filter(|(_, id)| json::is_id(id)).take(MOST);
        let found =
            join_all(wanted.map(async |(kind, id)| (kind, id, self.name(kind, id, PATIENCE).await))).await;
        let mut names = Names::default();
        for (kind, id, name) in found {
            let Some(name) = name else { continue };
            match kind {
                Kind::User => names.users.insert(id.clone(), name),
                Kind::Channel => names.channels.insert(id.clone(), name),
            };
        }
        names
    }

    async fn name(&self, kind: Kind, id: &str, patience: Duration) -> Option<String> {
        let cache = match kind {
            Kind::User => self.users(),
            Kind::Channel => self.channels(),
        };
        let clock = self.clock();
        if let Some(known) = cache.get(id, clock.now()) {
            return known;
        }
        let (method, argument) = match kind {
            Kind::User => ("users.info", "user"),
            Kind::Channel => ("conversations.info", "channel"),
        };
        let asked = clock
            .timeout(patience, self.get(method, vec![(argument, Some(id.to_owned()))]))
            .await;
        let name = match asked {
            Ok(Ok(said)) => match kind {
                Kind::User => user_name(&said["user"]),
                Kind::Channel => channel_name(&said["channel"]),
            },
            Ok(Err(why)) => {
                tracing::debug!(method, id, %why, "no name");
                None
            }
            Err(late) => {
                tracing::debug!(method, id, %late, "no name");
                None
            }
        };
        let now = clock.now();
        let keep = if name.is_some() { FRESH } else { SHY };
        cache.put(id, name.clone(), later(now, keep), now);
        name
    }
}

/// The name people see: <https://docs.slack.dev/reference/objects/user-object>.
pub(super) fn user_name(user: &Value) -> Option<String> {
    let profile = &user["profile"];
    let named = |value, field| {
        json::text(value, field)
            .map(str::trim)
            .filter(|name| !name.is_empty())
    };
    named(profile, "display_name")
        .or_else(|| named(profile, "real_name"))
        .or_else(|| named(user, "real_name"))
        .or_else(|| named(user, "name"))
        .map(domain::clean)
}

/// A channel's name; groups of people have only a made-up one.
fn channel_name(channel: &Value) -> Option<String> {
    let made_up = ["is_im", "is_mpim"].iter().any(|kind| channel[*kind] == true);
    json::text(channel, "name")
        .filter(|name| !made_up && !name.is_empty())
        .map(domain::clean)
}
