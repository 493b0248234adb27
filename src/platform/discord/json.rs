//! Reading what Discord sends, whatever it looks like: a field that is missing or of another type is none.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

pub(super) use crate::platform::json::parse;

/// Discord counts its time from the beginning of 2015, in milliseconds.
/// <https://discord.com/developers/docs/reference#snowflakes>
const EPOCH: i64 = 1_420_070_400_000;
/// The bits of an id below its time.
const BELOW: u32 = 22;
/// The bits of an id that count within a millisecond.
const COUNTER: i64 = 0xFFF;

/// A field that is text.
pub(super) fn text<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value.get(field)?.as_str()
}

/// A field that is an id.
pub(super) fn id<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    text(value, field).filter(|id| number(id).is_some())
}

/// The entries of a field that is a list.
pub(super) fn list<'a>(value: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    value.get(field).and_then(Value::as_array).into_iter().flatten()
}

/// An id as the number it is.
pub(super) fn number(id: &str) -> Option<i64> {
    let plain = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    id.parse().ok().filter(|number| plain && *number > 0)
}

/// When something was made: its id says so. The counter inside the millisecond keeps the order of what was said in one.
pub(super) fn made(id: &str) -> Option<DateTime<Utc>> {
    let number = number(id)?;
    let at = DateTime::from_timestamp_millis((number >> BELOW) + EPOCH)?;
    Some(at + TimeDelta::microseconds((number & COUNTER).min(999)))
}

/// The smallest id of a moment.
pub(super) fn first_id(at: DateTime<Utc>) -> i64 {
    ((at.timestamp_millis() - EPOCH).max(0) << BELOW).max(1)
}
