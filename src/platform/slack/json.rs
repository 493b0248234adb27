//! Reading what Slack sends, whatever it looks like: a field that is missing or of another type is none.

use serde_json::Value;

pub(super) use crate::platform::json::parse;

/// The longest id that is believed.
const LONGEST_ID: usize = 200;

/// A field that is text.
pub(super) fn text<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value.get(field)?.as_str()
}

/// A field that is an id: made of what Slack's ids are made of, so that it is safe in keys and places.
pub(super) fn id<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    text(value, field).filter(|id| is_id(id))
}

/// Whether a text can be an id.
pub(super) fn is_id(text: &str) -> bool {
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    !text.is_empty() && text.len() <= LONGEST_ID && text.chars().all(safe)
}
