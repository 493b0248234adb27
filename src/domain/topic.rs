//! What a conversation is about: one topic after the other, of which people go back to an earlier one.

use chrono::{DateTime, Utc};

/// The topic that every conversation begins with.
pub const FIRST_TOPIC: i64 = 1;

/// A turn to another topic.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct TopicSwitch {
    /// The topic from then on.
    pub topic: i64,
    /// Its name, where it begins; may be empty.
    pub name: String,
    /// When it was said, by the platform's clock.
    pub said_at: DateTime<Utc>,
}

/// The topic of a conversation at a moment; `switches` are in order.
pub fn topic_at(switches: &[TopicSwitch], at: DateTime<Utc>) -> i64 {
    let last = switches.iter().rfind(|switch| switch.said_at <= at);
    last.map_or(FIRST_TOPIC, |switch| switch.topic)
}
