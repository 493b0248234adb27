//! How the operator is told of deliveries.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{DeliveryId, Effect, clean, shorten};
use crate::store::deliveries::{Delivery, Purpose, State};
use crate::store::outbox::Work;

/// Digits of a short id. They are the last ones: ids begin with the time, which those of one answer share.
const SHORT: usize = 8;
/// The longest line of a text in a list.
const LINE: usize = 80;

/// The short form of an id.
pub(super) fn short(id: DeliveryId) -> String {
    let digits = id.0.simple().to_string();
    digits[digits.len() - SHORT..].to_owned()
}

/// How long ago something was.
pub(super) fn ago(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let span = (now - at).max(TimeDelta::zero());
    let (count, unit) = match (span.num_days(), span.num_hours(), span.num_minutes()) {
        (0, 0, 0) => return "just now".to_owned(),
        (0, 0, minutes) => (minutes, "minute"),
        (0, hours, _) => (hours, "hour"),
        (days, ..) => (days, "day"),
    };
    format!("{} ago", counted(count, unit))
}

/// A number of things.
pub(super) fn counted(count: i64, thing: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{plural}")
}

/// A moment.
pub(super) fn moment(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// The state in a word or two.
pub(super) fn state(delivery: &Delivery, work: Option<&Work>) -> &'static str {
    match delivery.state {
        _ if delivery.twin_id.is_some() => "sent twice",
        State::Queued => "queued",
        State::Sending => "being sent",
        State::Sent => "sent",
        State::Unknown if work.is_some() => "looked up",
        State::Unknown => "in doubt",
        State::Dead => "given up",
        State::Cancelled => "taken back",
    }
}

/// What a delivery brings about, at a place as people call it.
pub(super) fn what(delivery: &Delivery, place: &str) -> String {
    match (&delivery.effect, delivery.purpose) {
        (Effect::Message { .. }, Purpose::Answer) if !delivery.last => {
            format!("progress of an answer to {place}")
        }
        (Effect::Message { .. }, Purpose::Answer) => format!("an answer to {place}"),
        (Effect::Message { .. }, Purpose::Digest) => format!("a digest to {place}"),
        (Effect::Message { .. }, Purpose::Tool) => format!("a message to {place}"),
        (Effect::CreateIssue(new), _) => {
            let title = shorten(&one_line(&new.title), LINE);
            format!("a new issue “{title}” in {}", new.repository)
        }
        (Effect::UpdateIssue { issue, .. }, _) => format!("a change of {issue}"),
    }
}

/// The words of a delivery: its text, or what an issue shall hold.
pub(super) fn text(delivery: &Delivery) -> String {
    let text = match &delivery.effect {
        Effect::Message { .. } => delivery.text.clone(),
        Effect::CreateIssue(new) => {
            let mut text = format!("{}\n\n{}", new.title, new.body);
            for (name, values) in [("Labels", &new.labels), ("Assignees", &new.assignees)] {
                if !values.is_empty() {
                    text.push_str(&format!("\n{name}: {}", values.join(", ")));
                }
            }
            text
        }
        Effect::UpdateIssue { change, .. } => crate::action::change_words(change),
    };
    clean(text.trim())
}

/// The beginning of the words, on one line.
pub(super) fn beginning(delivery: &Delivery) -> String {
    shorten(&one_line(&text(delivery)), LINE)
}

/// Words on one line.
pub(super) fn one_line(text: &str) -> String {
    clean(text).split_whitespace().collect::<Vec<_>>().join(" ")
}
