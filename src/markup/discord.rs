//! How Discord writes things (support.discord.com, "Markdown Text 101").

use super::inline::opens_block;
use super::mentions::names_all;

/// Text with Discord's marks escaped by a backslash. At the start of a line, what would begin a heading, a quote or a
/// list is escaped too; in a link's label, brackets are.
pub(super) fn escape(text: &str, line_start: bool, label: bool, out: &mut String) {
    let block = if line_start { opens_block(text) } else { None };
    let mut before = None;
    for (at, c) in text.char_indices() {
        let after = text[at + c.len_utf8()..].chars().next();
        let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let special = match c {
            '\\' | '*' | '~' | '`' | '|' => true,
            '_' => !(word(before) && word(after)),
            '[' => label,
            ']' => label || after == Some('('),
            _ => block == Some(at),
        };
        if special {
            out.push('\\');
        }
        out.push(c);
        before = Some(c);
    }
}

/// An address that can stand in `[label](…)` or bare in the text: the signs that would end it are percent-encoded,
/// and so is the `@` of a word that would notify everybody. `None` when Discord would not link it.
pub(super) fn address(url: &str) -> Option<String> {
    let scheme = url
        .split_once("://")
        .map(|(scheme, _)| scheme.to_ascii_lowercase())?;
    if !matches!(scheme.as_str(), "http" | "https") {
        return None;
    }
    let mut out = String::with_capacity(url.len());
    for (at, c) in url.char_indices() {
        match c {
            '<' => out.push_str("%3C"),
            '>' => out.push_str("%3E"),
            '(' => out.push_str("%28"),
            ')' => out.push_str("%29"),
            '@' if names_all(&url[at + 1..]) => {
                out.push_str("%40");
            }
            c if c.is_whitespace() => out.push_str("%20"),
            c => out.push(c),
        }
    }
    Some(out)
}
