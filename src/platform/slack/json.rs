//! Reading what Slack sends, whatever it looks like: a field that is missing or of another type is none.

use serde_json::Value;

/// The longest id that is believed.
const LONGEST_ID: usize = 200;

/// Parses JSON. Half a character (a lone surrogate, which JavaScript's strings allow) would make all of it
/// unreadable; it is replaced by U+FFFD.
pub(super) fn parse(body: &str) -> Option<Value> {
    serde_json::from_str(body)
        .or_else(|_| serde_json::from_str(&mend(body)))
        .ok()
}

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

/// The text with every `\u` escape of a lone surrogate replaced.
fn mend(body: &str) -> String {
    let mut mended = String::with_capacity(body.len());
    let mut rest = body;
    while let Some(at) = rest.find('\\') {
        mended.push_str(&rest[..at]);
        rest = &rest[at..];
        let taken = match (surrogate(rest), rest.get(6..).and_then(surrogate)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => {
                mended.push_str(&rest[..12]);
                12
            }
            (Some(_), _) => {
                mended.push_str("\\ufffd");
                6
            }
            (None, _) => {
                let next = rest[1..].chars().next().map_or(0, char::len_utf8);
                mended.push_str(&rest[..1 + next]);
                1 + next
            }
        };
        rest = &rest[taken..];
    }
    mended.push_str(rest);
    mended
}

/// The surrogate whose escape begins here.
fn surrogate(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u32::from_str_radix(digits, 16)
        .ok()
        .filter(|code| (0xD800..=0xDFFF).contains(code))
}
