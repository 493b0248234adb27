//! Text by people without rights, made fit for a language model's prompt: what people see of it stays, what is hidden goes,
//! and it stands in a fence that it cannot close.
//!
//! The source is read as GitHub reads it and written anew from what is shown, so that nothing passes that was not looked at:
//! no HTML with its comments and attributes, no alt text or title of a link, no definition that nobody refers to, and no
//! character that nobody sees. Of a link's target only the host is told.

mod fence;
mod html;
mod letters;

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use pulldown_cmark::{Event, LinkType, Tag, TagEnd};
use url::Url;

use super::blocks::{Events, parse};
use html::Html;

pub use fence::{Fence, unfenced};
pub use letters::{SELECTOR, is_picture, is_unseen};

/// Containers nested deeper than this are written at this depth.
const DEPTH: usize = 8;

/// What people see of a Markdown text.
pub fn shown(markdown: &str) -> String {
    let source = super::dialect::clean(markdown);
    let events = parse(&source);
    let notes = referred(&events);
    let mut writer = Writer::default();
    for (event, _) in &events {
        writer.read(event, &notes);
    }
    let text = letters::visible(&writer.out);
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n").trim_matches('\n').to_owned()
}

/// A Markdown text of which nothing is loaded by being looked at: a picture becomes a link to it, and HTML is shown as it is
/// written.
pub fn unloaded(markdown: &str) -> String {
    let mut text = super::dialect::clean(markdown);
    loop {
        let mut edits: Vec<(Range<usize>, &str)> = Vec::new();
        for (event, range) in parse(&text) {
            match event {
                Event::Start(Tag::Image { .. }) => {
                    let (sign, with) = match &text[range.clone()] {
                        source if source.starts_with("![]") => (2, "[image"),
                        _ => (1, ""),
                    };
                    edits.push((range.start..range.start + sign, with));
                }
                Event::InlineHtml(_) | Event::Html(_) => {
                    let signs = text[range.clone()].match_indices('<');
                    edits.extend(signs.map(|(at, _)| (range.start + at..range.start + at + 1, "&lt;")));
                }
                _ => {}
            }
        }
        if edits.is_empty() {
            return text;
        }
        edits.sort_unstable_by_key(|(range, _)| std::cmp::Reverse(range.start));
        // What was HTML may be Markdown now, so that it is looked at once more.
        for (range, with) in edits {
            text.replace_range(range, with);
        }
    }
}

/// Whether a Markdown text quotes something: those words are somebody else's.
pub fn quotes(markdown: &str) -> bool {
    let source = super::dialect::clean(markdown);
    parse(&source)
        .iter()
        .any(|(event, _)| matches!(event, Event::Start(Tag::BlockQuote(_))))
}

/// What people see of a text that stands on one line and is no Markdown: a title, a name.
pub fn shown_line(text: &str) -> String {
    let text = letters::visible(text);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The footnotes that the text leads to; the others are not shown.
fn referred(events: &Events<'_>) -> HashSet<String> {
    let mut inside: Option<String> = None;
    let mut from: HashMap<Option<String>, Vec<String>> = HashMap::new();
    for (event, _) in events {
        match event {
            Event::Start(Tag::FootnoteDefinition(label)) => inside = Some(label.to_lowercase()),
            Event::End(TagEnd::FootnoteDefinition) => inside = None,
            Event::FootnoteReference(label) => {
                from.entry(inside.clone()).or_default().push(label.to_lowercase());
            }
            _ => {}
        }
    }
    let mut found = HashSet::new();
    let mut next = from.remove(&None).unwrap_or_default();
    while let Some(label) = next.pop() {
        next.extend(from.remove(&Some(label.clone())).unwrap_or_default());
        found.insert(label);
    }
    found
}

/// What a block stands in.
enum Container {
    Quote,
    /// A list's item, with its marker until that is written.
    Item(Option<String>),
}

/// Writes what is shown.
#[derive(Default)]
struct Writer {
    out: String,
    containers: Vec<Container>,
    /// The next number of each open list; none for a bulleted one.
    lists: Vec<Option<u64>>,
    /// An empty line stands before what comes next.
    gap: bool,
    /// Images that are open: their text is not shown.
    images: usize,
    /// In a footnote that is not shown.
    unseen: bool,
    /// The links that are open, by the host that is told at their end.
    links: Vec<Option<String>>,
    html: Html,
    /// The lines of the block of HTML that is being read.
    block: String,
}

impl Writer {
    fn read(&mut self, event: &Event<'_>, notes: &HashSet<String>) {
        match event {
            Event::Start(Tag::FootnoteDefinition(label)) => {
                self.end_line();
                self.unseen = !notes.contains(&label.to_lowercase());
                if !self.unseen {
                    self.containers.push(Container::Item(Some("Note: ".to_owned())));
                }
            }
            Event::End(TagEnd::FootnoteDefinition) => {
                self.end_block();
                if !std::mem::take(&mut self.unseen) {
                    self.containers.pop();
                }
            }
            _ if self.unseen => {}
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(*tag),
            Event::Text(text) => self.words(text),
            Event::Code(text) => self.words(&format!("`{text}`")),
            Event::Html(line) => self.block.push_str(line),
            Event::InlineHtml(html) => self.markup(html),
            Event::FootnoteReference(_) => self.words("[note]"),
            Event::SoftBreak | Event::HardBreak => self.words("\n"),
            Event::Rule => {
                self.words("---");
                self.end_block();
            }
            Event::TaskListMarker(done) => self.words(if *done { "[x] " } else { "[ ] " }),
            Event::InlineMath(text) | Event::DisplayMath(text) => self.words(text),
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::Heading { level, .. } => {
                self.end_line();
                self.words(&format!("{} ", "#".repeat(*level as usize)));
            }
            Tag::BlockQuote(_) => {
                self.end_line();
                self.containers.push(Container::Quote);
            }
            // What else a fence's first line says is not shown.
            Tag::CodeBlock(_) => {
                self.end_line();
                self.words("```\n");
            }
            Tag::List(first) => {
                self.end_line();
                self.lists.push(*first);
            }
            Tag::Item => {
                self.end_line();
                let marker = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        let marker = format!("{number}. ");
                        *number = number.saturating_add(1);
                        marker
                    }
                    _ => "- ".to_owned(),
                };
                self.containers.push(Container::Item(Some(marker)));
            }
            Tag::Image { .. } => {
                self.words("[image]");
                self.images += 1;
            }
            Tag::Link {
                link_type, dest_url, ..
            } => {
                let told = !matches!(link_type, LinkType::Autolink | LinkType::Email);
                self.links.push(host(dest_url).filter(|_| told));
            }
            Tag::Strikethrough => self.words("~~"),
            Tag::Paragraph | Tag::HtmlBlock | Tag::Table(_) => self.end_line(),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Image => self.images = self.images.saturating_sub(1),
            TagEnd::Link => {
                if let Some(host) = self.links.pop().flatten() {
                    self.words(&format!(" (link to {host})"));
                }
            }
            TagEnd::Strikethrough => self.words("~~"),
            TagEnd::CodeBlock => {
                self.end_line();
                self.words("```");
                self.end_block();
            }
            TagEnd::BlockQuote(_) | TagEnd::Item => {
                self.end_line();
                self.containers.pop();
                self.gap |= self.containers.is_empty() && tag != TagEnd::Item;
            }
            TagEnd::List(_) => {
                self.lists.pop();
                self.end_block();
            }
            TagEnd::TableCell => self.words(" | "),
            TagEnd::TableHead | TagEnd::TableRow => self.end_line(),
            TagEnd::HtmlBlock => {
                let block = std::mem::take(&mut self.block);
                self.markup(&block);
                self.end_block();
            }
            TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::Table => self.end_block(),
            _ => {}
        }
    }

    /// A stretch of HTML: its words, without its tags.
    fn markup(&mut self, html: &str) {
        let mut state = std::mem::take(&mut self.html);
        state.read(html, |piece| match piece {
            html::Piece::Words(words) => self.push_html(words),
            html::Piece::Line => self.end_line(),
        });
        self.html = state;
    }

    /// Words that Markdown shows, unless HTML around them hides them.
    fn words(&mut self, text: &str) {
        if self.html.shows() {
            self.push(text);
        }
    }

    /// Words of HTML, where blanks at a line's beginning, or behind others, show nothing.
    fn push_html(&mut self, words: &str) {
        if self.out.is_empty() || self.out.ends_with(['\n', ' ']) {
            self.push(words.trim_start_matches([' ', '\n']));
        } else {
            self.push(words);
        }
    }

    fn push(&mut self, text: &str) {
        if self.images > 0 || text.is_empty() {
            return;
        }
        for (number, line) in text.split('\n').enumerate() {
            if number > 0 {
                self.out.push('\n');
            }
            if line.is_empty() {
                continue;
            }
            if self.out.is_empty() || self.out.ends_with('\n') {
                if std::mem::take(&mut self.gap) && !self.out.is_empty() {
                    self.out.push('\n');
                }
                let prefix = self.prefix();
                self.out.push_str(&prefix);
            }
            self.out.push_str(line);
        }
    }

    /// What begins a line.
    fn prefix(&mut self) -> String {
        let mut prefix = String::new();
        for container in self.containers.iter_mut().take(DEPTH) {
            match container {
                Container::Quote => prefix.push_str("> "),
                Container::Item(marker) => prefix.push_str(marker.take().as_deref().unwrap_or("  ")),
            }
        }
        prefix
    }

    fn end_line(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push('\n');
        }
    }

    fn end_block(&mut self) {
        self.end_line();
        self.gap |= self.containers.is_empty();
    }
}

/// The host that a link leads to.
fn host(target: &str) -> Option<String> {
    let url = Url::parse(target).ok()?;
    let is_web = matches!(url.scheme(), "http" | "https");
    url.host_str().filter(|_| is_web).map(str::to_owned)
}
