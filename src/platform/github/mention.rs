//! Who a text speaks to, and which of its words are to be seen.
//!
//! Both follow Markdown's structure and not its letters: a name in a code span, a code block, a link or a quoted line
//! calls nobody.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::domain::Addressed;

/// A text as it was meant for us.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Spoken {
    /// The words, with our names taken out where they called us.
    pub(super) text: String,
    /// Whom the names in it call.
    pub(super) addressed: Addressed,
}

/// What a markup of two sides ends with.
const PAIRS: [(char, char); 7] = [
    ('(', ')'),
    ('[', ']'),
    ('*', '*'),
    ('_', '_'),
    ('~', '~'),
    ('"', '"'),
    ('“', '”'),
];

fn parse(text: &str) -> impl Iterator<Item = (Event<'_>, Range<usize>)> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    Parser::new_ext(text, options).into_offset_iter()
}

/// A text without its HTML comments, which GitHub does not show. In code they are shown, and stay.
pub fn visible(markdown: &str) -> String {
    let mut hidden: Vec<Range<usize>> = Vec::new();
    for (event, range) in parse(markdown) {
        if matches!(event, Event::Start(Tag::HtmlBlock) | Event::InlineHtml(_)) {
            hidden.extend(comments(markdown, range));
        }
    }
    let mut text = markdown.to_owned();
    for range in hidden.into_iter().rev() {
        text.replace_range(range, "");
    }
    text.trim().to_owned()
}

/// The HTML comments in a stretch of HTML; one that is not closed hides what follows in the stretch.
fn comments(text: &str, html: Range<usize>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = html.start;
    while let Some(start) = text[at..html.end].find("<!--").map(|offset| at + offset) {
        // `<!-->` and `<!--->` are whole comments (https://spec.commonmark.org/0.31.2/#html-comment).
        let end = text[start + 2..html.end]
            .find("-->")
            .map_or(html.end, |offset| start + 2 + offset + "-->".len());
        found.push(start..end);
        at = end;
    }
    found
}

/// Whom a text calls: us by one of `names` (each with its `@`), or somebody else by any other `@name`. As on GitHub, case
/// does not matter.
pub(super) fn listen(markdown: &str, names: &[&str]) -> Spoken {
    let mut ours = Vec::new();
    let mut others = false;
    for range in spoken(markdown) {
        let words = &markdown[range.clone()];
        for (offset, _) in words.match_indices('@') {
            if words[..offset].chars().next_back().is_some_and(joins_before) {
                continue;
            }
            let called = names.iter().find_map(|name| called_as(&words[offset..], name));
            match called {
                Some(length) => ours.push(range.start + offset..range.start + offset + length),
                None => others |= is_name(&words[offset + 1..]),
            }
        }
    }
    let addressed = match (ours.is_empty(), others) {
        (false, _) => Addressed::Us,
        (true, true) => Addressed::Others,
        (true, false) => Addressed::Nobody,
    };
    let mut text = markdown.to_owned();
    for range in ours.into_iter().rev() {
        cut(&mut text, range);
    }
    Spoken {
        text: text.trim().to_owned(),
        addressed,
    }
}

/// The stretches of plain words: no code, no HTML, no link, no quoted line.
fn spoken(markdown: &str) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    let (mut silent, mut quotes) = (0_usize, 0_usize);
    for (event, range) in parse(markdown) {
        match event {
            Event::Start(Tag::CodeBlock(_) | Tag::HtmlBlock | Tag::Link { .. } | Tag::Image { .. }) => {
                silent += 1
            }
            Event::End(TagEnd::CodeBlock | TagEnd::HtmlBlock | TagEnd::Link | TagEnd::Image) => silent -= 1,
            Event::Start(Tag::BlockQuote(_)) => quotes += 1,
            Event::End(TagEnd::BlockQuote(_)) => quotes -= 1,
            Event::Text(_) if silent == 0 && (quotes == 0 || !is_quoted_line(markdown, range.start)) => {
                match ranges.last_mut() {
                    Some(last) if last.end == range.start => last.end = range.end,
                    _ => ranges.push(range),
                }
            }
            _ => {}
        }
    }
    ranges
}

/// Whether the line around a byte begins with `>`. Markdown lets a quote go on in the lines right below it, but whoever
/// writes there answers.
fn is_quoted_line(markdown: &str, at: usize) -> bool {
    let start = markdown[..at].rfind('\n').map_or(0, |end| end + 1);
    let list_marks =
        |c: char| c.is_whitespace() || c.is_ascii_digit() || matches!(c, '-' | '*' | '+' | '.' | ')');
    markdown[start..at]
        .trim_start_matches(list_marks)
        .starts_with('>')
}

/// Whether a character before an `@` makes it part of a longer word.
fn joins_before(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '+' | '/' | '@')
}

/// How long the name is that stands at the beginning as a whole word.
fn called_as(words: &str, name: &str) -> Option<usize> {
    let mut rest = words.chars();
    for wanted in name.chars() {
        if !rest.next()?.to_lowercase().eq(wanted.to_lowercase()) {
            return None;
        }
    }
    let rest = rest.as_str();
    name_end(rest).is_empty().then_some(words.len() - rest.len())
}

/// What follows in the same name: dots, dashes, underscores and slashes belong to it only when more of it follows.
fn name_end(words: &str) -> &str {
    let inside = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    let end = words.find(|c| !inside(c)).unwrap_or(words.len());
    words[..end].trim_end_matches(['-', '_', '.', '/'])
}

/// Whether a name stands behind an `@`.
fn is_name(words: &str) -> bool {
    name_end(words).starts_with(char::is_alphanumeric)
}

/// Takes a name out, with the markup and brackets around it alone, and the punctuation and blanks it leaves over.
fn cut(text: &mut String, mut range: Range<usize>) {
    loop {
        let before = text[..range.start].chars().next_back();
        let after = text[range.end..].chars().next();
        let (Some(open), Some(close)) = (before, after) else {
            break;
        };
        if !PAIRS.contains(&(open, close)) {
            break;
        }
        range = range.start - open.len_utf8()..range.end + close.len_utf8();
    }
    let before = &text[..range.start];
    let after = &text[range.end..];
    if after.starts_with(['\'', '’']) {
        // "@pm's list" reads as nothing without the name.
        return;
    }
    let blank = [' ', '\t'];
    let leads = before
        .trim_end_matches(blank)
        .chars()
        .next_back()
        .is_none_or(|c| c == '\n');
    let kept = if leads {
        let rest = after.trim_start_matches(blank);
        let rest = rest.trim_start_matches([',', ':', ';', '!', '.', '…', '–', '—']);
        let rest = rest.strip_prefix("- ").unwrap_or(rest);
        rest.trim_start_matches(blank)
    } else if before.ends_with(blank) {
        after.trim_start_matches(blank)
    } else {
        after
    };
    let ends_here = kept
        .chars()
        .next()
        .is_none_or(|c| matches!(c, '\n' | ',' | '.' | ';' | ':' | '!' | '?' | ')'));
    let start = if !leads && ends_here {
        before.trim_end_matches(blank).len()
    } else {
        before.len()
    };
    let end = text.len() - kept.len();
    text.replace_range(start..end, "");
}
