//! Reading JSON as platforms send it.

use serde_json::Value;

/// Parses JSON. Half a character (a lone surrogate, which JavaScript's strings allow) would make all of it
/// unreadable; it is replaced by U+FFFD.
pub(super) fn parse(body: &str) -> Option<Value> {
    serde_json::from_str(body)
        .or_else(|_| serde_json::from_str(&mend(body)))
        .ok()
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
