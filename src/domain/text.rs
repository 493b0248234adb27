//! Rules about text from outside.

use unicode_segmentation::UnicodeSegmentation;

/// Text as the databases can keep it and a terminal can show it: NUL, which PostgreSQL refuses, becomes U+FFFD; other
/// control characters go; `\n` is the only line end.
pub fn clean(text: &str) -> String {
    let text = text
        .replace("\r\n", "\n")
        .replace('\r', "\n")
        .replace('\0', "\u{FFFD}");
    text.chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        .collect()
}

/// Whether there is a character that turns the direction of what stands around it.
pub fn turns_direction(text: &str) -> bool {
    text.contains(
        |c| matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}'),
    )
}

/// Whether there is a letter or a digit: an empty mention and a row of emoji have none.
pub fn has_words(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

/// Whether a text names something, as words of its own and not as a part of another word. Nothing has no name.
pub fn names(text: &str, name: &str) -> bool {
    let (text, name) = (text.to_lowercase(), name.to_lowercase());
    let is_end = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    !name.is_empty()
        && text.match_indices(&name).any(|(at, found)| {
            is_end(text[..at].chars().next_back()) && is_end(text[at + found.len()..].chars().next())
        })
}

/// Whether two texts say the same, white space at line ends and around aside: platforms trim on their own.
pub fn same_text(left: &str, right: &str) -> bool {
    let lines = |text: &str| {
        text.trim()
            .lines()
            .map(|line| line.trim_end().to_owned())
            .collect::<Vec<_>>()
    };
    lines(left) == lines(right)
}

/// The first `limit` graphemes, with an ellipsis in place of what was cut.
pub fn shorten(text: &str, limit: usize) -> String {
    if text.graphemes(true).count() <= limit {
        return text.to_owned();
    }
    let mut short: String = text.graphemes(true).take(limit.saturating_sub(1)).collect();
    short.truncate(short.trim_end().len());
    short.push('…');
    short
}
