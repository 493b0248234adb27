//! What calls cost: the primary limits, by caller and kind of call.
//! <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::rest::Caller;

/// Calls in an hour for a token and for an installation.
const CORE: usize = 5_000;
/// Searches in a minute; the fake counts them by the hour, too.
const SEARCH: usize = 30;
/// An hour, in seconds.
const HOUR: i64 = 3600;

/// The calls made in this hour.
#[derive(Default)]
pub(super) struct Meter {
    hour: i64,
    used: BTreeMap<(Caller, &'static str), usize>,
    /// How many answers were "nothing changed".
    pub(super) unchanged: usize,
}

/// The numbers of one limit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rate {
    pub(super) limit: usize,
    pub(super) used: usize,
    /// In seconds since 1970.
    pub(super) reset: i64,
}

impl Rate {
    pub(super) fn remaining(self) -> usize {
        self.limit.saturating_sub(self.used)
    }
}

/// The kind of call that a path is.
pub(super) fn resource_of(path: &str) -> &'static str {
    if path.starts_with("/search/") {
        "search"
    } else {
        "core"
    }
}

fn limit_of(resource: &str) -> usize {
    if resource == "search" { SEARCH } else { CORE }
}

impl Meter {
    fn turn(&mut self, now: DateTime<Utc>) {
        let hour = now.timestamp() / HOUR;
        if self.hour != hour {
            self.hour = hour;
            self.used.clear();
        }
    }

    pub(super) fn rate(&mut self, caller: Caller, resource: &'static str, now: DateTime<Utc>) -> Rate {
        self.turn(now);
        Rate {
            limit: limit_of(resource),
            used: self.used.get(&(caller, resource)).copied().unwrap_or_default(),
            reset: (self.hour + 1) * HOUR,
        }
    }

    pub(super) fn charge(&mut self, caller: Caller, resource: &'static str, now: DateTime<Utc>) {
        self.turn(now);
        *self.used.entry((caller, resource)).or_default() += 1;
    }

    /// Leaves so many calls of a kind in this hour.
    pub(super) fn leave(&mut self, caller: Caller, resource: &'static str, left: usize, now: DateTime<Utc>) {
        self.turn(now);
        self.used
            .insert((caller, resource), limit_of(resource).saturating_sub(left));
    }
}
