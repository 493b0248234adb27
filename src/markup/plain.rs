//! The text of a source, for search and logs.

use pulldown_cmark::{Event, Tag, TagEnd};

use super::blocks::parse;
use super::github::without_comments;

/// The visible text, a line per block and per row of a table.
pub(super) fn text(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut html = String::new();
    for (event, _) in parse(source) {
        match event {
            Event::Text(text) | Event::Code(text) => out.push_str(&text),
            Event::InlineHtml(tag) if !tag.starts_with("<!--") => out.push_str(&tag),
            Event::Html(line) => html.push_str(&line),
            Event::FootnoteReference(label) => out.push_str(&format!("[{label}]")),
            Event::SoftBreak | Event::HardBreak => out.push('\n'),
            Event::End(TagEnd::HtmlBlock) => {
                out.push_str(without_comments(&html).trim());
                html.clear();
                end_line(&mut out);
            }
            Event::End(TagEnd::TableCell) => out.push(' '),
            Event::End(tag) if is_block(tag) => end_line(&mut out),
            // A tight item has no paragraph whose end would part its text from the block inside it.
            Event::Start(Tag::List(_) | Tag::CodeBlock(_) | Tag::BlockQuote(_) | Tag::Table(_)) => {
                end_line(&mut out)
            }
            _ => {}
        }
    }
    out.trim().to_owned()
}

/// Whether what ends here stood on lines of its own.
fn is_block(tag: TagEnd) -> bool {
    matches!(
        tag,
        TagEnd::Paragraph
            | TagEnd::Heading(_)
            | TagEnd::BlockQuote(_)
            | TagEnd::CodeBlock
            | TagEnd::List(_)
            | TagEnd::Item
            | TagEnd::FootnoteDefinition
            | TagEnd::Table
            | TagEnd::TableHead
            | TagEnd::TableRow
    )
}

/// Ends the line, if one is begun.
fn end_line(out: &mut String) {
    out.truncate(out.trim_end_matches(' ').len());
    if !out.is_empty() && !out.ends_with('\n') {
        out.push('\n');
    }
}
