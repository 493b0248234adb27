//! The walk over the text inside a block: marks, links, code spans, line ends.

use std::ops::Range;
use std::rc::Rc;

use pulldown_cmark::{Event, LinkType, Tag, TagEnd};

use super::blocks::Walker;
use super::inline::{Atom, AtomKind, Mark, MarkKind, Marks, tokens};
use super::{Dialect, discord, mentions, slack};

/// Marks as atoms carry them.
pub(super) fn marks_of(marks: impl IntoIterator<Item = Rc<Mark>>) -> Marks {
    marks.into_iter().collect()
}

/// A span that is open.
#[derive(Debug)]
struct Span {
    /// Whether it has a mark; a dialect does not write them all.
    marked: bool,
    /// Text to add when it ends.
    after: Option<String>,
}

/// The inline text of the block being read.
#[derive(Debug, Default)]
pub(super) struct Spans {
    /// Text that is not cut into atoms yet; all of it stands in the same marks.
    pub(super) run: String,
    /// Finished atoms.
    pub(super) atoms: Vec<Atom>,
    /// The marks that are open, outermost first; at most one of a kind.
    marks: Vec<Rc<Mark>>,
    /// The spans that are open, outermost first.
    open: Vec<Span>,
    /// How far GitHub's own text has been taken over; `None` at a line's start.
    taken: Option<usize>,
}

impl Spans {
    /// Opens a mark.
    pub(super) fn open(&mut self, mark: Mark) {
        self.open_span(Some(mark), None);
    }

    /// Opens a span, with a mark or without.
    fn open_span(&mut self, mark: Option<Mark>, after: Option<String>) {
        self.open.push(Span {
            marked: mark.is_some(),
            after,
        });
        self.marks.extend(mark.map(Rc::new));
    }

    /// Closes the last span and hands over what is to be added behind it.
    fn close_span(&mut self) -> Option<String> {
        let span = self.open.pop()?;
        if span.marked {
            self.marks.pop();
        }
        span.after
    }

    /// The marks that are open.
    fn marks(&self) -> Marks {
        marks_of(self.marks.iter().cloned())
    }

    /// Whether a mark of a kind is open.
    fn within(&self, kinds: &[MarkKind]) -> bool {
        self.marks.iter().any(|mark| kinds.contains(&mark.kind))
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Hands over the atoms and begins anew.
    pub(super) fn take(&mut self) -> Vec<Atom> {
        std::mem::take(self).atoms
    }

    /// The source up to here has been written by other means.
    pub(super) fn skip_to(&mut self, end: usize) {
        self.taken = Some(end);
    }
}

impl<'s> Walker<'s> {
    /// An event that is neither a start nor an end.
    pub(super) fn inline(&mut self, event: &Event<'s>, range: &Range<usize>) {
        let github = self.dialect == Dialect::GitHub;
        match event {
            Event::SoftBreak | Event::HardBreak => {
                self.spans.taken = None;
                self.line_end();
            }
            Event::Code(code) => {
                self.take_gap(range.start);
                self.flush_run();
                self.code_span(code, range);
                self.spans.taken = Some(range.end);
            }
            Event::InlineHtml(html) if html.starts_with("<!--") => self.spans.taken = Some(range.end),
            _ if github => {
                self.take_gap(range.start);
                self.spans.run.push_str(&self.source[range.clone()]);
                self.spans.taken = Some(range.end);
            }
            Event::FootnoteReference(label) => self.spans.run.push_str(&format!("[{label}]")),
            Event::Text(text) | Event::InlineHtml(text) => self.spans.run.push_str(&text.replace('\n', " ")),
            _ => {}
        }
    }

    /// For GitHub: source that no event covers, which is a backslash before an escaped sign. At a line's start it is
    /// mostly the containers' prefix, which is written anew.
    fn take_gap(&mut self, start: usize) {
        if self.dialect != Dialect::GitHub {
            return;
        }
        match self.spans.taken {
            Some(taken) if taken <= start => self.spans.run.push_str(&self.source[taken..start]),
            None if self.source[..start].ends_with('\\') => self.spans.run.push('\\'),
            _ => {}
        }
        self.spans.taken = Some(start);
    }

    /// A line's end. A link's label and a table's cell are one line; the chats' marks do not reach over a line.
    pub(super) fn line_end(&mut self) {
        self.flush_run();
        let marks = match self.dialect {
            Dialect::GitHub => self.spans.marks(),
            _ if self.spans.within(&[MarkKind::Link]) => {
                let marks = self.spans.marks();
                return tokens(" ", false, &marks, &mut self.spans.atoms);
            }
            _ => marks_of([]),
        };
        self.spans.atoms.push(Atom::line(marks));
    }

    /// Cuts the gathered text into atoms: neutralised, and with bare addresses as links.
    pub(super) fn flush_run(&mut self) {
        let run = std::mem::take(&mut self.spans.run);
        if run.is_empty() {
            return;
        }
        let chat = matches!(self.dialect, Dialect::Slack | Dialect::Discord);
        let mut rest = run.as_str();
        while let Some(found) = find_address(rest).filter(|_| chat && !self.spans.within(&[MarkKind::Link])) {
            self.text(&rest[..found.start]);
            self.address(&rest[found.clone()]);
            rest = &rest[found.end..];
        }
        self.text(rest);
    }

    /// Plain text.
    fn text(&mut self, text: &str) {
        let marks = self.spans.marks();
        tokens(
            &mentions::quiet(self.dialect, text),
            false,
            &marks,
            &mut self.spans.atoms,
        );
    }

    /// An address that is its own label.
    fn address(&mut self, url: &str) {
        let fits = |url: &String| self.dialect.units(url) <= self.limit / 2;
        let address = match self.dialect {
            Dialect::Slack => slack::address(url).filter(fits),
            Dialect::Discord => discord::address(url).filter(fits),
            Dialect::GitHub | Dialect::Plain => None,
        };
        let Some(address) = address else {
            return self.text(url);
        };
        let mut marks: Vec<Rc<Mark>> = self.spans.marks().to_vec();
        if self.dialect == Dialect::Slack {
            let mark = Mark {
                kind: MarkKind::Link,
                open: "<".to_owned(),
                close: ">".to_owned(),
                url: None,
            };
            marks.push(Rc::new(mark));
        }
        tokens(&address, true, &marks_of(marks), &mut self.spans.atoms);
    }

    /// A code span.
    fn code_span(&mut self, code: &str, range: &Range<usize>) {
        let mut code = code.to_owned();
        let (open, close) = match self.dialect {
            Dialect::Plain => (String::new(), String::new()),
            // Slack knows no longer fence: a sign that looks the same takes the backtick's place.
            Dialect::Slack => {
                code = code.replace('`', "\u{2cb}");
                ("`".to_owned(), "`".to_owned())
            }
            Dialect::Discord => {
                while code.contains("``") {
                    code = code.replace("``", "`\u{200b}`");
                }
                code = mentions::quiet(Dialect::Discord, &code);
                ticks(if code.contains('`') { 2 } else { 1 }, &code)
            }
            Dialect::GitHub => {
                let raw = &self.source[range.clone()];
                ticks(raw.bytes().take_while(|b| *b == b'`').count().max(1), &code)
            }
        };
        let mut marks: Vec<Rc<Mark>> = self.spans.marks().to_vec();
        let label = self.dialect == Dialect::Slack && self.spans.within(&[MarkKind::Link]);
        if !label && self.dialect != Dialect::Plain {
            marks.push(Rc::new(Mark {
                kind: MarkKind::Code,
                open,
                close,
                url: None,
            }));
        }
        tokens(&code, true, &marks_of(marks), &mut self.spans.atoms);
    }

    /// A span begins.
    pub(super) fn start_span(&mut self, tag: &Tag<'s>, range: &Range<usize>) {
        self.take_gap(range.start);
        self.flush_run();
        let kind = match tag {
            Tag::Strong => MarkKind::Bold,
            Tag::Emphasis => MarkKind::Italic,
            Tag::Strikethrough => MarkKind::Strike,
            Tag::Link {
                link_type,
                dest_url,
                title,
                ..
            } => {
                return self.start_link(MarkKind::Link, *link_type, dest_url, title, range);
            }
            Tag::Image {
                link_type,
                dest_url,
                title,
                ..
            } => {
                return self.start_link(MarkKind::Image, *link_type, dest_url, title, range);
            }
            _ => return self.spans.open_span(None, None),
        };
        let sign = match (self.dialect, kind) {
            (Dialect::GitHub, _) => {
                let raw = &self.source[range.clone()];
                let first = raw.chars().next().unwrap_or('*');
                let most = if kind == MarkKind::Italic { 1 } else { 2 };
                raw.chars().take_while(|c| *c == first).take(most).collect()
            }
            (Dialect::Slack, MarkKind::Bold) | (Dialect::Discord, MarkKind::Italic) => "*".to_owned(),
            (Dialect::Slack, MarkKind::Italic) => "_".to_owned(),
            (Dialect::Slack, _) => "~".to_owned(),
            (Dialect::Discord, MarkKind::Bold) => "**".to_owned(),
            (Dialect::Discord, _) => "~~".to_owned(),
            (Dialect::Plain, _) => String::new(),
        };
        self.spans.taken = Some(range.start + sign.len());
        // Slack shows signs inside a label as they are, and a mark inside itself means nothing anywhere.
        let label = self.dialect == Dialect::Slack && self.spans.within(&[MarkKind::Link]);
        let mark =
            (!sign.is_empty() && !label && !self.spans.within(&[kind])).then(|| Mark::even(kind, &sign));
        self.spans.open_span(mark, None);
    }

    /// A link or an image begins. Where the platform would not link it, its target follows it in brackets.
    fn start_link(&mut self, kind: MarkKind, by: LinkType, url: &str, title: &str, range: &Range<usize>) {
        let github = self.dialect == Dialect::GitHub;
        if self.spans.within(&[MarkKind::Link]) && !(kind == MarkKind::Image && github) {
            return self.spans.open_span(None, None);
        }
        let text = self.inner_text();
        let email = by == LinkType::Email;
        if !github && !email && (text.is_empty() || text == url) {
            self.skip_span(range);
            return self.address(url);
        }
        let mark = match self.dialect {
            Dialect::GitHub => Some(self.github_link(kind, by, url, title, range)),
            Dialect::Slack => {
                let target = if email {
                    format!("mailto:{url}")
                } else {
                    url.to_owned()
                };
                slack::address(&target)
                    .map(|address| format!("<{}|", address.replace('&', "&amp;")))
                    .map(|open| Mark {
                        kind: MarkKind::Link,
                        open,
                        close: ">".to_owned(),
                        url: (!email).then(|| url.to_owned()),
                    })
            }
            // Discord shows a label that looks like an address as text.
            Dialect::Discord => discord::address(url)
                .filter(|_| !text.contains("://"))
                .map(|address| Mark {
                    kind: MarkKind::Link,
                    open: "[".to_owned(),
                    close: format!("]({address})"),
                    url: Some(url.to_owned()),
                }),
            Dialect::Plain => None,
        };
        // What stands between angle brackets must never be cut: its end alone could read as a mention.
        let label = if github && text == url {
            self.dialect.units(&text)
        } else {
            0
        };
        let units = |text: &str| self.dialect.units(text);
        let mark = mark.filter(|mark| units(&mark.open) + units(&mark.close) + label <= self.limit / 2);
        let after = if mark.is_some() || email || text == url {
            None
        } else {
            Some(format!(" ({url})"))
        };
        self.spans.open_span(mark, after);
    }

    /// Walks to the end of the span that begins at the event being read.
    fn skip_span(&mut self, range: &Range<usize>) {
        let ends = |(event, other): &(Event<'_>, Range<usize>)| {
            matches!(event, Event::End(TagEnd::Link | TagEnd::Image)) && other == range
        };
        self.at += self.events[self.at..].iter().position(ends).unwrap_or(0);
    }

    /// GitHub's link: by reference it is written out, since the definition may fall into another part.
    fn github_link(
        &mut self,
        kind: MarkKind,
        by: LinkType,
        url: &str,
        title: &str,
        range: &Range<usize>,
    ) -> Mark {
        let auto = matches!(by, LinkType::Autolink | LinkType::Email);
        let open = match (auto, kind) {
            (true, _) => "<",
            (false, MarkKind::Image) => "![",
            (false, _) => "[",
        };
        self.spans.taken = Some(range.start + open.len());
        let close = if auto {
            ">".to_owned()
        } else {
            super::github::target(url, title)
        };
        Mark {
            kind,
            open: open.to_owned(),
            close,
            url: None,
        }
    }

    /// A span ends.
    pub(super) fn end_span(&mut self, range: &Range<usize>) {
        self.flush_run();
        if let Some(after) = self.spans.close_span() {
            self.spans.run.push_str(&after);
        }
        self.spans.taken = Some(range.end);
    }

    /// The text of the span that begins at the event being read.
    fn inner_text(&self) -> String {
        let mut text = String::new();
        for (event, _) in &self.events[self.at + 1..] {
            match event {
                Event::Text(part) | Event::Code(part) => text.push_str(part),
                Event::End(TagEnd::Link | TagEnd::Image) => break,
                _ => {}
            }
        }
        text
    }
}

/// A code span's fences, with the blank that keeps a backtick of the content apart from them.
fn ticks(count: usize, code: &str) -> (String, String) {
    let fence = "`".repeat(count);
    let blank = if code.starts_with('`') || code.ends_with('`') {
        " "
    } else {
        ""
    };
    (format!("{fence}{blank}"), format!("{blank}{fence}"))
}

/// Where the first bare address of a text stands, without the punctuation behind it.
fn find_address(text: &str) -> Option<Range<usize>> {
    let mut from = 0;
    while let Some(found) = text[from..].find("http") {
        let start = from + found;
        from = start + 4;
        let rest = &text[start..];
        let before = text[..start].chars().next_back();
        if !(rest.starts_with("http://") || rest.starts_with("https://"))
            || before.is_some_and(char::is_alphanumeric)
        {
            continue;
        }
        let stop = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '`');
        let mut url = &rest[..rest.find(stop).unwrap_or(rest.len())];
        loop {
            let cut = url.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '*', '_', '~', ']']);
            let cut = if cut.ends_with(')') && !cut.contains('(') {
                &cut[..cut.len() - 1]
            } else {
                cut
            };
            if cut == url {
                break;
            }
            url = cut;
        }
        if url.len() > "https://".len() {
            return Some(start..start + url.len());
        }
    }
    None
}

/// The text of atoms without marks; a link's target follows it in brackets.
pub(super) fn flat(atoms: &[Atom]) -> String {
    let mut out = String::new();
    for (index, atom) in atoms.iter().enumerate() {
        out.push_str(if atom.kind == AtomKind::Line {
            " "
        } else {
            &atom.text
        });
        let next = atoms.get(index + 1);
        for mark in atom.marks.iter() {
            if let (Some(url), false) = (&mark.url, next.is_some_and(|next| next.marks.contains(mark))) {
                out.push_str(&format!(" ({url})"));
            }
        }
    }
    out
}
