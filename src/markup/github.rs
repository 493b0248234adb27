//! GitHub: the source stays as it was written, but for mentions, hidden comments and what splitting asks for.

use std::ops::Range;

use pulldown_cmark::{CowStr, Event, LinkType, Tag, TagEnd};

use super::blocks::{Block, Body, Events, Gap, parse, walk};
use super::dialect::shows;
use super::mentions::{ZERO_WIDTH, is_github_mention};
use super::{Dialect, split};

/// A change to the source: these bytes become that text.
type Edit = (Range<usize>, String);

/// How often comments are taken out and markers broken up before the rest is done without regard for code. Each
/// round finishes unless the one before put together what looks like a comment anew.
const ROUNDS: usize = 6;

/// The longest entity for an `@` that is looked for, in characters.
const ENTITY: usize = 12;

/// The longest address an `@` is looked for in, in bytes.
const ADDRESS: usize = 2_000;

/// The parts of a source whose line ends and control characters are in order.
pub(super) fn render(source: &str, limit: usize) -> Vec<String> {
    let text = hold_mentions(&drop_comments(source));
    let text = hold_markers(text);
    if !shows(&text) {
        return Vec::new();
    }
    let text = text.trim_end();
    if Dialect::GitHub.units(text) <= limit {
        return vec![text.trim_start_matches('\n').to_owned()];
    }
    // A definition may come to stand in another part than the link that needs it.
    let text = write_out_references(text);
    split::pack(&top_level(&text, limit), Dialect::GitHub, limit)
}

/// HTML without its comments. One that is not closed reaches to the end.
pub(super) fn without_comments(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(start) = rest.find("<!--") {
        out.push_str(&rest[..start]);
        // `<!-->` is a whole comment (spec.commonmark.org/0.31.2/#html-comment).
        let body = &rest[start + 2..];
        rest = body.find("-->").map_or("", |end| &body[end + 3..]);
        if rest.is_empty() && html.ends_with('\n') {
            out.push('\n');
        }
    }
    out.push_str(rest);
    out
}

/// The source without hidden comments outside code.
fn drop_comments(source: &str) -> String {
    let mut text = source.to_owned();
    for _ in 0..ROUNDS {
        let mut edits = Vec::new();
        for (event, range) in parse(&text) {
            let raw = &text[range.clone()];
            if matches!(event, Event::Start(Tag::HtmlBlock) | Event::InlineHtml(_)) && raw.contains("<!--") {
                edits.push((range.clone(), without_comments(raw)));
            }
        }
        if edits.is_empty() {
            break;
        }
        text = apply(&text, edits);
    }
    text
}

/// The source with every `<!--` that is left outside code broken up: what is no comment here may be one to GitHub, and
/// a search for our marker must not find it.
fn hold_markers(mut text: String) -> String {
    for round in 0..=ROUNDS {
        let code = if round < ROUNDS {
            code_ranges(&parse(&text))
        } else {
            Vec::new()
        };
        let inside = |at: usize| {
            let next = code.partition_point(|range| range.start <= at);
            code[..next].last().is_some_and(|range| at < range.end)
        };
        let found = text
            .match_indices("<!--")
            .map(|(at, _)| at)
            .filter(|at| !inside(*at));
        let edits: Vec<Edit> = found.map(|at| (at + 1..at + 1, ZERO_WIDTH.to_string())).collect();
        if edits.is_empty() {
            break;
        }
        text = apply(&text, edits);
    }
    text
}

/// Where code stands, in order and without overlap.
fn code_ranges(events: &Events<'_>) -> Vec<Range<usize>> {
    let code = |(event, range): &(Event<'_>, Range<usize>)| {
        matches!(event, Event::Start(Tag::CodeBlock(_)) | Event::Code(_)).then(|| range.clone())
    };
    events.iter().filter_map(code).collect()
}

/// The source with mentions outside code parted from their sign.
fn hold_mentions(source: &str) -> String {
    let mut edits: Vec<Edit> = Vec::new();
    let mut quiet = 0_usize;
    // Where the text that the parser hands over in pieces begins.
    let mut run = 0..0;
    for (event, range) in parse(source) {
        run = if run.end == range.start {
            run.start..range.end
        } else {
            range.clone()
        };
        match &event {
            Event::Start(tag) if is_exempt(tag) => quiet += 1,
            Event::End(TagEnd::CodeBlock) => quiet = quiet.saturating_sub(1),
            Event::End(TagEnd::Link) if is_autolink(&source[range.clone()]) => {
                quiet = quiet.saturating_sub(1)
            }
            Event::Text(text) if quiet == 0 => {
                text_mentions(source, Some(run.start), text, &range, &mut edits)
            }
            Event::Html(_) => html_mentions(source, &range, &mut edits),
            _ => {}
        }
        if !matches!(event, Event::Text(_)) {
            run = range.end..range.end;
        }
    }
    apply(source, edits)
}

/// Whether the text inside a tag notifies nobody: code, and an address that has to stay as it is.
fn is_exempt(tag: &Tag<'_>) -> bool {
    match tag {
        Tag::CodeBlock(_) => true,
        Tag::Link { link_type, .. } => matches!(link_type, LinkType::Autolink | LinkType::Email),
        _ => false,
    }
}

/// Whether a link's source is its address between angle brackets.
fn is_autolink(raw: &str) -> bool {
    raw.starts_with('<')
}

/// The mentions in a stretch of the source that is shown as text, and belongs to text from `run` on. Without `run`,
/// addresses are no links.
fn text_mentions(
    source: &str,
    run: Option<usize>,
    text: &CowStr<'_>,
    range: &Range<usize>,
    edits: &mut Vec<Edit>,
) {
    let raw = &source[range.clone()];
    if raw.starts_with('&') && text.as_ref() == "@" {
        edits.push((range.end..range.end, ZERO_WIDTH.to_string()));
        return;
    }
    for (at, _) in raw.match_indices('@') {
        let at = range.start + at;
        if is_github_mention(source, at) && !run.is_some_and(|run| in_address(&source[run..at])) {
            edits.push((at + 1..at + 1, ZERO_WIDTH.to_string()));
        }
    }
}

/// The mentions in a stretch of HTML, where entities are no events of their own. Attributes are not told from text: to
/// do so as GitHub does would take a whole HTML parser.
fn html_mentions(source: &str, range: &Range<usize>, edits: &mut Vec<Edit>) {
    let raw = &source[range.clone()];
    let mut found = Vec::new();
    text_mentions(source, None, &CowStr::Borrowed(""), range, &mut found);
    for (at, _) in raw.match_indices('&') {
        let after = &raw[at + 1..];
        let name: String = after.chars().take(ENTITY).take_while(|c| *c != ';').collect();
        if !after[name.len()..].starts_with(';') {
            continue;
        }
        let name = name.to_ascii_lowercase();
        let number = name
            .strip_prefix('#')
            .map(|number| match number.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            });
        if name == "commat" || number == Some(Ok(u32::from('@'))) {
            let end = range.start + at + name.len() + 2;
            found.push((end..end, ZERO_WIDTH.to_string()));
        }
    }
    found.sort_by_key(|(range, _)| range.start);
    edits.extend(found);
}

/// Whether a text ends inside an address that GitHub links by itself (github.github.com/gfm, "Autolinks
/// (extension)"): there an `@` is part of the path.
fn in_address(before: &str) -> bool {
    let near = before.ceil_char_boundary(before.len().saturating_sub(ADDRESS));
    let window = &before[near..];
    let Some(found) = window.rfind("http://").max(window.rfind("https://")) else {
        return false;
    };
    let sign = |c: char| c.is_whitespace() || matches!(c, '*' | '_' | '~' | '(');
    if !before[..near + found].chars().next_back().is_none_or(sign) {
        return false;
    }
    let Some((_, rest)) = window[found..].split_once("://") else {
        return false;
    };
    let Some((host, path)) = rest.split_once('/') else {
        return false;
    };
    let labels = || host.split('.');
    labels().count() > 1
        && labels()
            .all(|label| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
        && !path.contains(|c: char| c.is_whitespace() || "<>&\\`[]\"".contains(c))
}

/// A link's end as it is written: its address and its title.
pub(super) fn target(url: &str, title: &str) -> String {
    let mut address = String::with_capacity(url.len());
    for c in url.chars() {
        match c {
            '<' => address.push_str("%3C"),
            '>' => address.push_str("%3E"),
            '\\' => address.push_str("%5C"),
            '\n' => {}
            c => address.push(c),
        }
    }
    let plain = !address.is_empty() && !address.contains([' ', '\t', '(', ')']);
    let address = if plain { address } else { format!("<{address}>") };
    let title = title
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', " ");
    if title.is_empty() {
        format!("]({address})")
    } else {
        format!("]({address} \"{title}\")")
    }
}

/// The source with links by reference written out.
fn write_out_references(source: &str) -> String {
    let mut edits: Vec<Edit> = Vec::new();
    let events = parse(source);
    for (index, (event, range)) in events.iter().enumerate() {
        let (Event::Start(Tag::Link {
            link_type,
            dest_url,
            title,
            ..
        })
        | Event::Start(Tag::Image {
            link_type,
            dest_url,
            title,
            ..
        })) = event
        else {
            continue;
        };
        let by_reference = matches!(
            link_type,
            LinkType::Reference | LinkType::Collapsed | LinkType::Shortcut
        );
        if !by_reference || edits.last().is_some_and(|(last, _)| last.end > range.start) {
            continue;
        }
        let inside = events[index + 1..]
            .iter()
            .take_while(|(_, inner)| inner.end < range.end);
        let label = inside.map(|(_, inner)| inner.end).max().unwrap_or(range.start);
        if source[label..].starts_with(']') {
            edits.push((label..range.end, target(dest_url, title)));
        }
    }
    apply(source, edits)
}

/// The top-level blocks: those that fit a part as they were written, the others in pieces that can be cut.
fn top_level(source: &str, limit: usize) -> Vec<Block> {
    let events = parse(source);
    let mut blocks: Vec<Block> = Vec::new();
    let (mut depth, mut first, mut end) = (0_usize, 0, 0);
    for (index, (event, range)) in events.iter().enumerate() {
        match event {
            Event::Start(_) => {
                if depth == 0 {
                    first = index;
                }
                depth += 1;
                continue;
            }
            Event::End(_) => depth = depth.saturating_sub(1),
            _ if depth == 0 => first = index,
            _ => {}
        }
        if depth > 0 {
            continue;
        }
        let start = source[..range.start].rfind('\n').map_or(0, |at| at + 1).max(end);
        verbatim(&source[end..start], false, &mut blocks);
        let own = &source[start..range.end];
        let heading = matches!(event, Event::End(TagEnd::Heading(_)));
        if Dialect::GitHub.units(own) <= limit {
            verbatim(own, heading, &mut blocks);
        } else {
            blocks.extend(walk(source, &events[first..=index], Dialect::GitHub, limit));
        }
        end = range.end.max(start);
    }
    verbatim(&source[end..], false, &mut blocks);
    blocks
}

/// A stretch of the source as one block, unless it is blank.
fn verbatim(text: &str, heading: bool, blocks: &mut Vec<Block>) {
    let text = text.trim_matches('\n').trim_end();
    if text.trim().is_empty() {
        return;
    }
    let lines = text.split('\n').map(str::to_owned).collect();
    let body = Body::Lines {
        head: Vec::new(),
        lines,
        tail: Vec::new(),
    };
    blocks.push(Block {
        gap: Gap::Blank,
        first: String::new(),
        rest: String::new(),
        body,
        heading,
    });
}

/// The source with edits made, which come in order and do not overlap; one that overlaps is left out.
fn apply(source: &str, edits: Vec<Edit>) -> String {
    let mut out = String::with_capacity(source.len() + edits.len() * 3);
    let mut done = 0;
    for (range, text) in edits {
        if range.start < done {
            continue;
        }
        out.push_str(&source[done..range.start]);
        out.push_str(&text);
        done = range.end;
    }
    out.push_str(&source[done..]);
    out
}
