//! How often may be asked: of one person, at one place, at all places of one project.
//!
//! 1. Nothing here waits: whoever asks too often learns how long to wait, and the request is answered with that.
//! 2. What is counted stands in memory, for this process alone. A request that is judged again after a crash is counted a
//!    second time or for the first, and is answered once all the same.

#[cfg(test)]
mod tests;

use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::config;
use crate::domain::{PersonId, Place, Project, ProjectId};
use crate::markup::quote_untrusted;

/// After how many requests those are forgotten who asked nothing for a while.
const SWEEP: u32 = 1_000;

/// Whose requests are too many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// The person's.
    Person,
    /// Everybody's at the place.
    Place,
    /// Everybody's at the places of the project with that name.
    Project(String),
}

/// Somebody asks too often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TooOften {
    /// Whose requests are counted.
    pub whose: Whose,
    /// How many may come within a minute.
    pub limit: u32,
    /// From when on there is room for another, in whole seconds from now; at least one.
    pub seconds: u64,
}

impl TooOften {
    /// What whoever asked is told.
    pub fn words(&self) -> String {
        let times = match self.limit {
            1 => "once".to_owned(),
            limit => format!("{limit} times"),
        };
        let what = match &self.whose {
            Whose::Person => format!("You asked me {times} within a minute"),
            Whose::Place => format!("I was asked {times} within a minute here"),
            Whose::Project(name) => format!(
                "I was asked {times} within a minute at the places of {}",
                quote_untrusted(name)
            ),
        };
        let unit = if self.seconds == 1 { "second" } else { "seconds" };
        format!(
            "{what}; I am with you again in {} {unit}. Nothing was done.",
            self.seconds
        )
    }
}

/// The injected clock as the limiters read it: whoever asks brings the moment along.
#[derive(Clone, Default)]
struct Hand(Arc<Mutex<Turned>>);

/// How far the hand has been turned.
#[derive(Default)]
struct Turned {
    at: Option<DateTime<Utc>>,
    passed: Duration,
}

impl Hand {
    /// A machine's clock that was put back goes on from there: nobody waits for the hour that comes twice.
    fn turn_to(&self, now: DateTime<Utc>) {
        let mut turned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let step = turned
            .at
            .map_or(Duration::ZERO, |at| (now - at).to_std().unwrap_or(Duration::ZERO));
        turned.passed = turned.passed.saturating_add(step);
        turned.at = Some(now);
    }
}

impl Clock for Hand {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).passed
    }
}

/// One limiter with a count for each key.
struct PerMinute<K: Hash + Eq + Clone> {
    limit: NonZeroU32,
    limiter: RateLimiter<K, DashMapStateStore<K>, Hand, NoOpMiddleware<Duration>>,
}

impl<K: Hash + Eq + Clone> PerMinute<K> {
    /// None where any number may come.
    fn new(limit: u32, hand: &Hand) -> Option<Self> {
        let limit = NonZeroU32::new(limit)?;
        let limiter = RateLimiter::dashmap_with_clock(Quota::per_minute(limit), hand.clone());
        Some(Self { limit, limiter })
    }

    fn check(&self, key: &K, whose: impl FnOnce() -> Whose, hand: &Hand) -> Result<(), TooOften> {
        self.limiter.check_key(key).map_err(|until| {
            let wait = until.wait_time_from(hand.now());
            TooOften {
                whose: whose(),
                limit: self.limit.get(),
                seconds: u64::try_from(wait.as_millis().div_ceil(1_000))
                    .unwrap_or(u64::MAX)
                    .max(1),
            }
        })
    }
}

/// In which minute of the past something was asked; none for what comes as it is asked.
type Minute = Option<i64>;

/// Counts requests.
pub struct Limiter {
    hand: Hand,
    people: Option<PerMinute<(PersonId, Minute)>>,
    places: Option<PerMinute<(Place, Minute)>>,
    projects: Option<PerMinute<(ProjectId, Minute)>>,
    /// Requests since the last sweep.
    asked: Mutex<u32>,
}

impl Limiter {
    /// Nobody has asked anything yet.
    pub fn new(limits: &config::Limits) -> Self {
        let hand = Hand::default();
        Self {
            people: PerMinute::new(limits.person_per_minute, &hand),
            places: PerMinute::new(limits.place_per_minute, &hand),
            projects: PerMinute::new(limits.project_per_minute, &hand),
            hand,
            asked: Mutex::default(),
        }
    }

    /// Counts a request. One that is too many for the person does not count for the place, so that nobody uses up what others
    /// there may ask. What was asked long before it came, `past`, counts with what was asked in that minute, in whatever order it
    /// comes.
    ///
    /// # Errors
    /// [`TooOften`], the first limit that leaves no room.
    pub fn check(
        &self,
        now: DateTime<Utc>,
        past: Option<DateTime<Utc>>,
        person: PersonId,
        (place, project): (&Place, Option<&Project>),
    ) -> Result<(), TooOften> {
        self.hand.turn_to(now);
        self.sweep();
        let minute = past.map(|asked_at| asked_at.timestamp().div_euclid(60));
        if let Some(people) = &self.people {
            people.check(&(person, minute), || Whose::Person, &self.hand)?;
        }
        if let Some(places) = &self.places {
            places.check(&(place.root(), minute), || Whose::Place, &self.hand)?;
        }
        if let (Some(projects), Some(project)) = (&self.projects, project) {
            let whose = || Whose::Project(project.name.clone());
            projects.check(&(project.id, minute), whose, &self.hand)?;
        }
        Ok(())
    }

    /// How many people, places and projects are remembered.
    pub fn remembered(&self) -> usize {
        fn count<K: Hash + Eq + Clone>(limiter: Option<&PerMinute<K>>) -> usize {
            limiter.map_or(0, |one| one.limiter.len())
        }
        count(self.people.as_ref()) + count(self.places.as_ref()) + count(self.projects.as_ref())
    }

    /// Now and then forgets whoever asked nothing for so long that it makes no difference any more.
    fn sweep(&self) {
        fn forget<K: Hash + Eq + Clone>(limiter: Option<&PerMinute<K>>) {
            if let Some(one) = limiter {
                one.limiter.retain_recent();
            }
        }
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        *asked += 1;
        if *asked < SWEEP {
            return;
        }
        *asked = 0;
        drop(asked);
        forget(self.people.as_ref());
        forget(self.places.as_ref());
        forget(self.projects.as_ref());
    }
}
