//! Putting a text together again after our own name was taken out of it.

/// Adds the words behind our own mention, closing the gap it leaves.
pub(super) fn join(out: &mut String, words: &str) {
    if out.trim().is_empty() {
        out.push_str(words.trim_start_matches([':', ',', ' ']));
    } else if out.ends_with(' ') && words.starts_with(['.', ',', ';', ':', '!', '?']) {
        out.pop();
        out.push_str(words);
    } else if out.ends_with([' ', '\n']) {
        out.push_str(words.trim_start_matches(' '));
    } else {
        out.push_str(words);
    }
}
