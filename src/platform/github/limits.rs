//! What GitHub lets us ask: the calls left in the hour, per credential and kind of call, and the pause it asked for
//! (<https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>).
//!
//! With nothing left no call is made: GitHub says it may ban an integration that goes on.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use super::answer::Answer;
use super::errors::GitHubError;
use super::login::Credential;
use crate::engine::health::{Part, State};

/// The longest that a window can be: primary limits are by the hour. A clock that differs must not shut us out for longer.
const LONGEST_WINDOW: TimeDelta = TimeDelta::minutes(61);
/// How many credentials the health report tells of.
const SHOWN: usize = 5;
/// The kind of most calls.
const CORE: &str = "core";

/// What is left of one window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Window {
    limit: Option<u64>,
    remaining: u64,
    reset: DateTime<Utc>,
}

#[derive(Default)]
struct Known {
    windows: BTreeMap<(Credential, String), Window>,
    paused_until: Option<DateTime<Utc>>,
}

/// What GitHub's answers said about its limits.
#[derive(Default)]
pub(super) struct Limits(Mutex<Known>);

/// The kind of call whose limit a path counts towards
/// (<https://docs.github.com/en/rest/rate-limit/rate-limit>).
fn resource_of(path: &str) -> &'static str {
    if path.contains("/search/code") {
        "code_search"
    } else if path.starts_with("/search/") {
        "search"
    } else {
        CORE
    }
}

impl Limits {
    /// Whether a call may be made now.
    ///
    /// # Errors
    /// [`GitHubError::RateLimited`] with the moment from which on it may.
    pub(super) fn permit(
        &self,
        credential: &Credential,
        path: &str,
        now: DateTime<Utc>,
    ) -> Result<(), GitHubError> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let window = known
            .windows
            .get(&(credential.clone(), resource_of(path).to_owned()));
        let spent = window
            .filter(|window| window.remaining == 0)
            .map(|window| window.reset);
        match spent.max(known.paused_until).filter(|until| *until > now) {
            Some(retry_at) => Err(GitHubError::RateLimited { retry_at }),
            None => Ok(()),
        }
    }

    /// Keeps what an answer says.
    pub(super) fn observe(&self, credential: &Credential, path: &str, answer: &Answer, now: DateTime<Utc>) {
        let number = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<u64>().ok());
        let reset = number(&answer.reset).and_then(|at| DateTime::from_timestamp(i64::try_from(at).ok()?, 0));
        let (Some(remaining), Some(reset)) = (number(&answer.remaining), reset) else {
            return;
        };
        let resource = answer
            .resource
            .clone()
            .unwrap_or_else(|| resource_of(path).to_owned());
        let window = Window {
            limit: number(&answer.limit),
            remaining,
            reset: reset.min(now + LONGEST_WINDOW),
        };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.windows.retain(|_, window| window.reset > now);
        known.windows.insert((credential.clone(), resource), window);
    }

    /// Keeps a pause that holds for all we are: a secondary limit.
    pub(super) fn pause(&self, until: DateTime<Utc>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.paused_until = known.paused_until.max(Some(until));
    }

    /// What is left, for the health report; none before the first answer.
    pub(super) fn report(&self, now: DateTime<Utc>) -> Option<Part> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut lines: Vec<String> = Vec::new();
        let paused = known.paused_until.filter(|until| *until > now);
        lines.extend(
            paused.map(|until| format!("GitHub asked me to pause until {}", until.format("%H:%M:%S UTC"))),
        );
        let current = known.windows.iter().filter(|(_, window)| window.reset > now);
        // The calls of the App itself are few, and other kinds of calls matter only once they are used up.
        let told = current.filter(|((credential, resource), window)| {
            let works = matches!(credential, Credential::Token | Credential::Installation { .. });
            window.remaining == 0 || (works && resource == CORE)
        });
        let told: Vec<_> = told.collect();
        lines.extend(
            told.iter()
                .take(SHOWN)
                .map(|((who, resource), window)| window.words(who, resource)),
        );
        if told.len() > SHOWN {
            lines.push(format!("and {} more", told.len() - SHOWN));
        }
        let limited = paused.is_some() || told.iter().any(|(_, window)| window.remaining == 0);
        (!lines.is_empty()).then(|| Part {
            state: if limited { State::Degraded } else { State::Ok },
            detail: lines.join("; "),
            names: told
                .iter()
                .filter_map(|((who, _), _)| match who {
                    Credential::Installation { owner, .. } => Some(owner.to_string()),
                    _ => None,
                })
                .collect(),
        })
    }
}

impl Window {
    /// "4,312 of 5,000 calls left until 10:40 UTC".
    fn words(&self, who: &Credential, resource: &str) -> String {
        let whose = match who {
            Credential::Installation { owner, .. } => format!("{owner}: "),
            Credential::App => "the App itself: ".to_owned(),
            Credential::Token | Credential::Nobody => String::new(),
        };
        let of = self
            .limit
            .map_or_else(String::new, |limit| format!(" of {}", grouped(limit)));
        let calls = if resource == CORE {
            "calls".to_owned()
        } else {
            format!("{resource} calls")
        };
        format!(
            "{whose}{}{of} {calls} left until {}",
            grouped(self.remaining),
            self.reset.format("%H:%M UTC")
        )
    }
}

/// A number with a comma before every three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
