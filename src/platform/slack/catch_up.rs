//! Reading what was said while nobody listened: the channels of projects from their watermarks on, and the threads and direct
//! messages we talk in, oldest first, through the same intake.
//!
//! 1. While something may have been missed, no watermark moves but past what was read.
//! 2. Reading begins ten minutes before the watermark and never before a channel's first one: what overlaps is known by its
//!    keys, and a channel seen for the first time replays nothing.
//! 3. One call at a time, in the pace of Slack's slowest common tier; what Slack does not let us read is said and left.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::client::{Identity, Slack, Trouble};
use super::introduce::PART;
use super::json as read;
use super::translate::{Way, is_direct, moment};
use crate::domain::{Event, Heard, Place, Platform, Seen};
use crate::engine::activity::Working;
use crate::engine::health::{Part, State};
use crate::engine::{Engine, intake};
use crate::store::watermarks::{self, Watermark};
use crate::store::{StoreError, conversations, projects};

/// How far before its watermark a place is read: events may have come in another order.
const OVERLAP: TimeDelta = TimeDelta::minutes(10);
/// How long nobody may have spoken in a thread or direct message that is read.
const LIVE: TimeDelta = TimeDelta::days(3);
/// The most threads and direct messages that are read, those first where somebody spoke last.
const THREADS: i64 = 50;
/// Messages asked for at once, and pages of one place.
const PAGE: usize = 200;
const PAGES: usize = 5;
/// Between two calls: tier 3 allows 50 a minute. <https://docs.slack.dev/apis/web-api/rate-limits>
const PACE: Duration = Duration::from_millis(1_300);
/// Tries of one call, and the longest wait of Slack's that is worth one.
const TRIES: u32 = 5;
const PATIENCE: Duration = Duration::from_secs(120);
/// Until everything that could not be read for passing reasons is tried again.
const AGAIN: Duration = Duration::from_secs(600);

/// What may have been missed, and what cannot be read.
pub(super) struct Missed {
    /// How often nobody listened; whoever starts was away before.
    gaps: AtomicU64,
    /// How many of these gaps were read.
    read: AtomicU64,
    /// Somebody listens again.
    due: Notify,
    /// Places that cannot be read, by what people call them, and why.
    unread: Mutex<BTreeMap<String, String>>,
}

impl Default for Missed {
    fn default() -> Self {
        Self {
            gaps: AtomicU64::new(1),
            read: AtomicU64::new(0),
            due: Notify::new(),
            unread: Mutex::default(),
        }
    }
}

impl Missed {
    /// From now on nobody listens.
    pub(super) fn begin(&self) {
        self.gaps.fetch_add(1, Ordering::SeqCst);
    }

    /// Something could not be kept. Slack sends it again a few times, which a lasting trouble outlives.
    pub(super) fn lose(&self) {
        let is_first = !self.is_behind();
        self.begin();
        if is_first {
            self.due.notify_one();
        }
    }

    /// Somebody listens again, or still.
    pub(super) fn end(&self) {
        if self.is_behind() {
            self.due.notify_one();
        }
    }

    /// Whether something may have been missed that was not read yet.
    pub(super) fn is_behind(&self) -> bool {
        self.gaps() != self.read.load(Ordering::SeqCst)
    }

    /// How many gaps there were.
    pub(super) fn gaps(&self) -> u64 {
        self.gaps.load(Ordering::SeqCst)
    }

    /// Everything that was missed in so many gaps was read.
    pub(super) fn caught_up(&self, gaps: u64) {
        self.read.store(gaps, Ordering::SeqCst);
    }

    fn note(&self, label: &str, why: Option<String>) {
        let mut unread = self.unread.lock().unwrap_or_else(PoisonError::into_inner);
        match why {
            Some(why) => drop(unread.insert(label.to_owned(), why)),
            None => drop(unread.remove(label)),
        }
    }

    /// For the health report.
    fn report(&self) -> Option<Part> {
        let unread = self.unread.lock().unwrap_or_else(PoisonError::into_inner);
        let lines: Vec<String> = unread
            .iter()
            .map(|(label, why)| format!("what was missed in {label} cannot be read: {why}"))
            .collect();
        (!lines.is_empty()).then(|| Part {
            state: State::Degraded,
            detail: lines.join("; "),
            names: unread.keys().cloned().collect(),
        })
    }
}

/// A place to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reading {
    channel: String,
    thread: Option<String>,
    /// What people call it, when it is a project's.
    label: Option<String>,
    /// After which moment, as Slack writes it.
    oldest: String,
}

/// Why reading was cut short.
enum Cut {
    Slack(Trouble),
    Store(StoreError),
}

impl From<StoreError> for Cut {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// A `ts` as a number: microseconds since 1970.
pub(super) fn number(ts: &str) -> Option<i64> {
    moment(ts).map(|at| at.timestamp_micros())
}

/// A moment as Slack writes it.
pub(super) fn ts(micros: i64) -> String {
    let micros = micros.max(0);
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

/// The moment after which a channel is read.
pub(super) fn since(mark: &Watermark) -> i64 {
    let overlap = mark.last_id - OVERLAP.num_microseconds().unwrap_or_default();
    overlap.max(mark.first_id)
}

/// What is said about a place that Slack does not let us read; none when that may pass.
pub(super) fn unreadable(trouble: &Trouble) -> Option<String> {
    let Trouble::Refused { error, needed } = trouble else {
        return None;
    };
    Some(match (error.as_str(), needed) {
        ("missing_scope", needed) => format!(
            "the scope {} is missing; add it at https://api.slack.com/apps, your app, OAuth & Permissions, and install \
             the app to the workspace again",
            needed.as_deref().unwrap_or("channels:history")
        ),
        ("not_in_channel" | "channel_not_found", _) => "I am not in that channel; invite me".to_owned(),
        (error, _) if super::client::is_passing(error) => return None,
        (error, _) => format!("Slack says {error}"),
    })
}

/// Commits what came live, and moves the watermark of its channel along unless something may have been missed.
///
/// # Errors
/// When the database fails; Slack must then not be told "received".
pub(super) async fn commit(slack: &Slack, engine: &Engine, heard: &Heard) -> Result<Seen, StoreError> {
    let mark = mark_of(heard).filter(|_| !slack.missed().is_behind());
    let Some((channel, id)) = mark else {
        return intake::commit(engine, heard).await;
    };
    let kept = async {
        let now = engine.clock.now();
        let mut tx = engine.db.begin().await?;
        let seen = intake::add(&mut tx, heard, now).await?;
        if projects::binding(&mut tx, &channel).await?.is_some() {
            watermarks::advance(&mut tx, &channel, id, now).await?;
        }
        tx.commit("intake").await?;
        Ok(seen)
    };
    let kept = kept.await;
    intake::note(engine, &kept);
    kept
}

/// The channel of a message, and its number.
fn mark_of(heard: &Heard) -> Option<(Place, i64)> {
    match &heard.event {
        Event::MessagePosted(posted) => Some((posted.place.root(), number(&posted.external_id)?)),
        _ => None,
    }
}

/// Reads what was missed whenever somebody listens again, until `stop`.
pub(super) async fn run(slack: &Slack, engine: &Engine, me: &Identity, stop: &CancellationToken) {
    let missed = slack.clone();
    engine.health.supplement(PART, move || missed.missed().report());
    let catch_up = CatchUp { slack, engine, me };
    let mut again = None;
    loop {
        let retry = async {
            match again {
                Some(at) => engine.clock.deadline(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = slack.missed().due.notified() => {}
            () = retry => {}
        }
        let done = tokio::select! {
            () = stop.cancelled() => return,
            done = catch_up.all() => done,
        };
        again = (!done).then(|| crate::engine::clock::later(engine.clock.now(), AGAIN));
    }
}

/// One way through everything.
struct CatchUp<'a> {
    slack: &'a Slack,
    engine: &'a Engine,
    me: &'a Identity,
}

impl CatchUp<'_> {
    /// Reads everything; false when something shall be tried again later.
    async fn all(&self) -> bool {
        let missed = self.slack.missed();
        let gaps = missed.gaps();
        let working = Working::begin(&self.engine.activity);
        let readings = match self.readings().await {
            Ok(readings) => readings,
            Err(error) => {
                crate::telemetry::report(&error, "which places of Slack to read could not be looked up");
                return false;
            }
        };
        drop(working);
        for reading in &readings {
            match self.read(reading).await {
                Ok(()) => self.note(reading, None),
                Err(Cut::Store(error)) => {
                    crate::telemetry::report(&error, "what was said in Slack meanwhile could not be kept");
                    return false;
                }
                Err(Cut::Slack(trouble)) => {
                    tracing::warn!(channel = %reading.channel, %trouble, "what was said meanwhile cannot be read");
                    match unreadable(&trouble) {
                        Some(why) => self.note(reading, Some(why)),
                        // The watermarks stay where they are until everything was read.
                        None => return false,
                    }
                }
            }
        }
        // From here on the watermarks follow what comes live, unless there was another gap meanwhile.
        missed.caught_up(gaps);
        !missed.is_behind()
    }

    fn note(&self, reading: &Reading, why: Option<String>) {
        if let Some(label) = reading.label.as_deref().filter(|_| reading.thread.is_none()) {
            self.slack.missed().note(label, why);
        }
    }

    /// The places to read. A channel that is new to us begins now.
    async fn readings(&self) -> Result<Vec<Reading>, StoreError> {
        let now = self.engine.clock.now();
        let mut tx = self.engine.db.read().await?;
        let bound = projects::bound_on(&mut tx, Platform::Slack).await?;
        let marks = watermarks::of(&mut tx, Platform::Slack, i64::MAX).await?;
        let live = conversations::live(&mut tx, Platform::Slack, now - LIVE, THREADS).await?;
        drop(tx);
        let mut readings = Vec::new();
        let mut new = Vec::new();
        for bound in bound {
            let mark = marks.iter().find(|mark| mark.place == bound.place);
            match (mark, &bound.place) {
                (Some(mark), Place::Slack { team, channel, .. }) if *team == self.me.team => {
                    readings.push(Reading {
                        channel: channel.clone(),
                        thread: None,
                        label: Some(bound.label),
                        oldest: ts(since(mark).max((now - intake::REACH).timestamp_micros())),
                    });
                }
                (None, _) => new.push(bound.place),
                _ => {}
            }
        }
        if !new.is_empty() {
            let mut tx = self.engine.db.begin().await?;
            for place in new {
                watermarks::begin(&mut tx, &place, now.timestamp_micros(), now).await?;
            }
            tx.commit("watermarks").await?;
        }
        readings.extend(live.into_iter().filter_map(|(place, at)| self.live(place, at)));
        Ok(readings)
    }

    /// A thread, or a direct message, that we talk in.
    fn live(&self, place: Place, at: DateTime<Utc>) -> Option<Reading> {
        let Place::Slack {
            team,
            channel,
            thread,
        } = place
        else {
            return None;
        };
        let ours = team == self.me.team && (thread.is_some() || is_direct(&channel));
        ours.then(|| Reading {
            channel,
            thread,
            label: None,
            oldest: ts((at - OVERLAP).timestamp_micros()),
        })
    }

    /// Reads one place, oldest first, and moves its watermark.
    async fn read(&self, reading: &Reading) -> Result<(), Cut> {
        let messages = self.messages(reading).await?;
        let _working = Working::begin(&self.engine.activity);
        let mut newest = None;
        for message in &messages {
            let Some(id) = read::id(message, "ts").and_then(number) else {
                continue;
            };
            newest = newest.max(Some(id));
            let mut event = message.clone();
            event["channel"] = json!(reading.channel);
            event["type"] = json!("message");
            let payload = json!({ "team_id": self.me.team, "event": event });
            let heard = self.slack.hear(self.me, Way::Event, &payload).await;
            if let Event::MessagePosted(_) = heard.event {
                intake::commit(self.engine, &heard).await?;
            }
        }
        let place = super::translate::place(&self.me.team, &reading.channel, None);
        if let (Some(place), Some(newest), None) = (place, newest, &reading.thread)
            && reading.label.is_some()
        {
            let now = self.engine.clock.now();
            let mut tx = self.engine.db.begin().await?;
            watermarks::advance(&mut tx, &place, newest, now).await?;
            tx.commit("watermarks").await?;
        }
        Ok(())
    }

    /// What was said at a place, oldest first. Of a channel the newest messages come first: beyond the last page it is the
    /// oldest that are not read.
    async fn messages(&self, reading: &Reading) -> Result<Vec<Value>, Cut> {
        let method = match reading.thread {
            Some(_) => "conversations.replies",
            None => "conversations.history",
        };
        let mut messages: Vec<Value> = Vec::new();
        let mut cursor: Option<String> = None;
        for page in 0..PAGES {
            let arguments = vec![
                ("channel", Some(reading.channel.clone())),
                ("ts", reading.thread.clone()),
                ("oldest", Some(reading.oldest.clone())),
                ("limit", Some(PAGE.to_string())),
                ("include_all_metadata", Some("true".to_owned())),
                ("cursor", cursor.take()),
            ];
            let said = self.ask(method, arguments).await?;
            messages.extend(said["messages"].as_array().cloned().unwrap_or_default());
            cursor = read::text(&said["response_metadata"], "next_cursor")
                .filter(|next| !next.is_empty())
                .map(str::to_owned);
            if cursor.is_none() {
                break;
            }
            if page + 1 == PAGES {
                tracing::warn!(channel = %reading.channel, "more was said meanwhile than is read");
            }
        }
        messages.sort_by_key(|message| read::id(message, "ts").and_then(number));
        Ok(messages)
    }

    /// One call, in Slack's pace; what may pass is waited for within reason.
    async fn ask(&self, method: &str, arguments: Vec<(&'static str, Option<String>)>) -> Result<Value, Cut> {
        let mut wait = PACE;
        for tried in 1..=TRIES {
            self.engine.clock.sleep(wait).await;
            let working = Working::begin(&self.engine.activity);
            let said = self.slack.get(method, arguments.clone()).await;
            drop(working);
            wait = match said {
                Ok(said) => return Ok(said),
                Err(trouble) if tried >= TRIES || unreadable(&trouble).is_some() => {
                    return Err(Cut::Slack(trouble));
                }
                Err(Trouble::Busy(wanted)) => {
                    let wanted = wanted.unwrap_or(Duration::from_secs(60));
                    if wanted > PATIENCE {
                        return Err(Cut::Slack(Trouble::Busy(Some(wanted))));
                    }
                    wanted
                }
                Err(_) => PACE * 2_u32.pow(tried),
            };
        }
        Err(Cut::Slack(Trouble::Busy(None)))
    }
}
