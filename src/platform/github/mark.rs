//! The hidden mark by which we find what we made: an HTML comment that names the delivery.

use uuid::Uuid;

const OPEN: &str = "<!-- callsheet:delivery:";
const CLOSE: &str = " -->";

/// A text with its delivery's mark under it.
pub(super) fn marked(text: &str, delivery: Uuid) -> String {
    format!("{}\n\n{OPEN}{delivery}{CLOSE}", text.trim_end())
}

/// The delivery that the last mark in a text names.
pub(super) fn mark_in(text: &str) -> Option<Uuid> {
    let (_, rest) = text.rsplit_once(OPEN)?;
    let (id, _) = rest.split_once(CLOSE)?;
    Uuid::try_parse(id).ok()
}

/// A text without marks. They are cut by their letters, since one after an open code fence is no HTML comment.
pub(super) fn without_marks(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(OPEN) {
        let id = after
            .split_once(CLOSE)
            .filter(|(id, _)| Uuid::try_parse(id).is_ok());
        let Some((_, after)) = id else {
            kept.push_str(before);
            kept.push_str(OPEN);
            rest = after;
            continue;
        };
        kept.push_str(before.trim_end());
        rest = after;
    }
    kept.push_str(rest);
    kept
}
