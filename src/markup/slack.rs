//! How Slack writes things (docs.slack.dev/messaging/formatting-message-text).
//!
//! Slack has no escape for its own marks, only for `&`, `<` and `>`; where a literal mark could pair with another, a
//! zero-width space behind it keeps them apart.

use super::mentions::ZERO_WIDTH;

/// Text or code with `&`, `<` and `>` escaped. In text, literal marks are parted from what follows them.
pub(super) fn escape(text: &str, literal: bool, out: &mut String) {
    let mut before = None;
    for (at, c) in text.char_indices() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c => out.push(c),
        }
        if !literal {
            let after = text[at + c.len_utf8()..].chars().next();
            let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
            let alone = before.is_none() && after.is_none();
            let apart = match c {
                '*' | '`' => !alone,
                // A home directory is written often and pairs with nothing.
                '~' => !alone && after != Some('/'),
                '_' => !(alone || word(before) && word(after)),
                _ => false,
            };
            if apart && after != Some(ZERO_WIDTH) {
                out.push(ZERO_WIDTH);
            }
        }
        before = Some(c);
    }
}

/// An address that can stand between `<` and `>`: the signs Slack reads there are percent-encoded. `None` when Slack
/// would not link it, or would read it as a mention or a command.
pub(super) fn address(url: &str) -> Option<String> {
    let scheme = url
        .split_once(':')
        .map(|(scheme, _)| scheme.to_ascii_lowercase())?;
    if !matches!(scheme.as_str(), "http" | "https" | "mailto") {
        return None;
    }
    let mut out = String::with_capacity(url.len());
    for c in url.chars() {
        match c {
            '<' => out.push_str("%3C"),
            '>' => out.push_str("%3E"),
            '|' => out.push_str("%7C"),
            c if c.is_whitespace() => out.push_str("%20"),
            c => out.push(c),
        }
    }
    Some(out)
}
