//! The walk over a source's blocks: containers become prefixes, leaves become blocks that can be cut.
//!
//! All four dialects share it. For GitHub it is walked only over a block longer than a part, and the leaves' text is
//! then the source's own.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::Dialect;
use super::inline::Atom;
use super::leaves::language;
use super::spans::Spans;
use super::table::Table;

/// A parsed source: events, each with the bytes it came from.
pub(super) type Events<'s> = Vec<(Event<'s>, Range<usize>)>;

/// Containers nested deeper than this are written at this depth, so that a prefix stays short.
const DEPTH: usize = 10;

/// Parses a source as GitHub-flavoured Markdown (github.github.com/gfm).
pub(super) fn parse(source: &str) -> Events<'_> {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_GFM;
    Parser::new_ext(source, options).into_offset_iter().collect()
}

/// What stands between a block and the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gap {
    /// A line's end.
    Line,
    /// An empty line.
    Blank,
}

/// A block's content.
#[derive(Debug, Clone)]
pub(super) enum Body {
    /// Flowing text.
    Flow(Vec<Atom>),
    /// Lines that are shown as they are. When they are cut, every piece begins with the head and ends with the tail:
    /// a fence, or a table's header.
    Lines {
        /// What begins every piece.
        head: Vec<String>,
        /// The lines, not yet escaped.
        lines: Vec<String>,
        /// What ends every piece.
        tail: Vec<String>,
    },
}

/// One block of a rendered document.
#[derive(Debug, Clone)]
pub(super) struct Block {
    /// What parts it from the block before.
    pub(super) gap: Gap,
    /// What begins its first line.
    pub(super) first: String,
    /// What begins its other lines.
    pub(super) rest: String,
    /// Its content.
    pub(super) body: Body,
    /// A heading wants to stand with what follows it.
    pub(super) heading: bool,
}

/// What blocks stand in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Container {
    /// A block quote.
    Quote,
    /// A list's item or a footnote, with the width its further lines are indented by.
    Item(usize),
}

/// A list that is open.
#[derive(Debug)]
struct List {
    /// The next item's number, in an ordered list.
    number: Option<u64>,
    /// Its items are parted by empty lines.
    loose: bool,
    /// No item has begun yet.
    fresh: bool,
}

/// The state of the walk.
#[derive(Debug)]
pub(super) struct Walker<'s> {
    /// The dialect to write.
    pub(super) dialect: Dialect,
    /// The longest part, to keep a link's target well inside.
    pub(super) limit: usize,
    /// The source.
    pub(super) source: &'s str,
    /// Its events.
    pub(super) events: &'s [(Event<'s>, Range<usize>)],
    /// The index of the event being read.
    pub(super) at: usize,
    /// The inline text being gathered.
    pub(super) spans: Spans,
    /// Finished blocks.
    blocks: Vec<Block>,
    /// What will part the next block from the last.
    pub(super) gap: Gap,
    /// The containers that are open, outermost first.
    containers: Vec<Container>,
    /// An item's marker that is not written yet, with its container's index.
    pub(super) pending: Option<(usize, String)>,
    /// The lists that are open.
    lists: Vec<List>,
    /// For every event that begins a list, whether it is loose.
    loose: Vec<bool>,
    /// The text of the code block or the HTML block being read.
    pub(super) raw: String,
    /// The language of the code block being read.
    pub(super) code: Option<String>,
    /// The table being read.
    pub(super) table: Option<Table>,
}

/// The blocks of a parsed source, or of a stretch of its top-level blocks.
pub(super) fn walk<'s>(
    source: &'s str,
    events: &'s [(Event<'s>, Range<usize>)],
    dialect: Dialect,
    limit: usize,
) -> Vec<Block> {
    let mut walker = Walker {
        dialect,
        limit,
        source,
        events,
        at: 0,
        spans: Spans::default(),
        blocks: Vec::new(),
        gap: Gap::Blank,
        containers: Vec::new(),
        pending: None,
        lists: Vec::new(),
        loose: loose_lists(events),
        raw: String::new(),
        code: None,
        table: None,
    };
    while walker.at < events.len() {
        walker.step();
        walker.at += 1;
    }
    walker.flush();
    walker.blocks
}

/// For every event, whether it begins a list whose items hold paragraphs of their own.
fn loose_lists(events: &[(Event<'_>, Range<usize>)]) -> Vec<bool> {
    let mut loose = vec![false; events.len()];
    let mut open: Vec<(usize, bool)> = Vec::new();
    for (index, (event, _)) in events.iter().enumerate() {
        match event {
            Event::Start(tag) => {
                if let (Tag::Paragraph, Some((_, true)), Some((list, _))) = (
                    tag,
                    open.last(),
                    open.len().checked_sub(2).and_then(|i| open.get(i)),
                ) {
                    loose[*list] = true;
                }
                open.push((index, matches!(tag, Tag::Item)));
            }
            Event::End(_) => {
                open.pop();
            }
            _ => {}
        }
    }
    loose
}

impl<'s> Walker<'s> {
    /// Reads one event; a few read ahead and leave `at` on the last event they read.
    fn step(&mut self) {
        let events = self.events;
        let (event, range) = &events[self.at];
        match event {
            Event::Start(tag) => self.start(tag, range),
            Event::End(tag) => self.end(*tag, range),
            Event::Rule => {
                self.flush();
                let line = if self.dialect == Dialect::GitHub {
                    "---".to_owned()
                } else {
                    "─".repeat(20)
                };
                self.lines(Vec::new(), vec![line], Vec::new());
            }
            Event::Html(html) => self.raw.push_str(html),
            Event::Text(text) if self.code.is_some() => self.raw.push_str(text),
            Event::TaskListMarker(done) => self.task(*done, range),
            other => self.inline(other, range),
        }
    }

    /// A block or a span begins.
    fn start(&mut self, tag: &Tag<'s>, range: &Range<usize>) {
        match tag {
            Tag::Paragraph => self.flush(),
            Tag::Heading { level, .. } => {
                self.flush();
                if let Some(mark) = self.heading_mark(*level) {
                    self.spans.open(mark);
                }
            }
            Tag::BlockQuote(kind) => {
                self.flush();
                self.containers.push(Container::Quote);
                if let Some(kind) = kind {
                    self.alert(*kind);
                }
            }
            Tag::CodeBlock(kind) => {
                self.flush();
                self.code = Some(language(kind));
            }
            Tag::HtmlBlock => self.flush(),
            Tag::List(number) => {
                self.flush();
                self.flush_marker();
                self.lists.push(List {
                    number: *number,
                    loose: self.loose[self.at],
                    fresh: true,
                });
            }
            Tag::Item => self.item(),
            Tag::FootnoteDefinition(label) => {
                self.flush();
                let (marker, width) = match self.dialect {
                    Dialect::GitHub => (format!("[^{label}]: "), 4),
                    _ => (format!("[{label}] "), 2),
                };
                self.open_item(marker.chars().take(60).collect(), width);
            }
            Tag::Table(_) if self.dialect == Dialect::GitHub => self.native_table(range),
            Tag::Table(alignments) => {
                self.flush();
                self.table = Some(Table::new(alignments.clone()));
            }
            Tag::TableHead | Tag::TableRow => self.table.iter_mut().for_each(Table::begin_row),
            Tag::TableCell => self.spans.clear(),
            other => self.start_span(other, range),
        }
    }

    /// A block or a span ends.
    fn end(&mut self, tag: TagEnd, range: &Range<usize>) {
        match tag {
            TagEnd::Paragraph => self.flush(),
            TagEnd::Heading(level) => self.end_heading(level),
            TagEnd::BlockQuote(_) => {
                self.flush();
                self.flush_marker();
                self.containers.pop();
                self.settle_gap();
            }
            TagEnd::CodeBlock => self.code_block(),
            TagEnd::HtmlBlock => self.html_block(),
            TagEnd::List(_) => {
                self.lists.pop();
                self.settle_gap();
            }
            TagEnd::Item | TagEnd::FootnoteDefinition => {
                self.flush();
                self.flush_marker();
                self.containers.pop();
                self.settle_gap();
            }
            TagEnd::Table => self.end_table(),
            TagEnd::TableCell => {
                self.flush_run();
                let cell = self.spans.take();
                self.table.iter_mut().for_each(|table| table.cell(cell.clone()));
            }
            TagEnd::TableHead | TagEnd::TableRow => {}
            _ => self.end_span(range),
        }
    }

    /// The gap a block gets unless a list says otherwise: inside a tight list, its blocks stand close.
    fn settle_gap(&mut self) {
        let tight = matches!(self.containers.last(), Some(Container::Item(_)))
            && self.lists.last().is_some_and(|list| !list.loose);
        self.gap = if tight { Gap::Line } else { Gap::Blank };
    }

    /// A list's item begins.
    fn item(&mut self) {
        let Some(list) = self.lists.last_mut() else { return };
        if !list.fresh {
            self.gap = if list.loose { Gap::Blank } else { Gap::Line };
        }
        list.fresh = false;
        let marker = match (&mut list.number, self.dialect) {
            (Some(number), _) => {
                let marker = format!("{number}. ");
                *number = number.saturating_add(1);
                marker
            }
            (None, Dialect::Slack) => "• ".to_owned(),
            (None, _) => "- ".to_owned(),
        };
        // Blanks are narrow in Slack's proportional type.
        let width = if self.dialect == Dialect::Slack {
            marker.len().max(4)
        } else {
            marker.len()
        };
        self.open_item(marker, width);
    }

    /// Opens an item whose marker stands before whatever it holds first.
    fn open_item(&mut self, marker: String, width: usize) {
        self.flush_marker();
        self.containers.push(Container::Item(width));
        self.pending = Some((self.containers.len() - 1, marker));
    }

    /// A task's box takes the bullet's place in Slack and stands behind it elsewhere.
    fn task(&mut self, done: bool, range: &Range<usize>) {
        let sign = match self.dialect {
            Dialect::Slack | Dialect::Discord => ["☐ ", "☑ "][usize::from(done)],
            Dialect::GitHub | Dialect::Plain => ["[ ] ", "[x] "][usize::from(done)],
        };
        self.spans.skip_to(range.end);
        match &mut self.pending {
            Some((_, marker)) if self.dialect == Dialect::Slack && marker.starts_with('•') => {
                *marker = sign.to_owned()
            }
            Some((_, marker)) => marker.push_str(sign),
            None => {}
        }
    }

    /// What begins the next block's first line and its other lines.
    pub(super) fn prefixes(&mut self) -> (String, String) {
        let pending = self.pending.take();
        let (mut first, mut rest) = (String::new(), String::new());
        for (index, container) in self.containers.iter().enumerate() {
            let marker = pending
                .as_ref()
                .filter(|(at, _)| *at == index)
                .map(|(_, marker)| marker.as_str());
            let part = match container {
                _ if index >= DEPTH => String::new(),
                Container::Quote => "> ".to_owned(),
                Container::Item(width) => " ".repeat(*width),
            };
            first.push_str(marker.unwrap_or(&part));
            rest.push_str(&part);
        }
        if let Some((_, marker)) = pending.filter(|(at, _)| *at >= DEPTH) {
            first.push_str(&marker);
        }
        (first, rest)
    }

    /// Adds a block.
    pub(super) fn emit(&mut self, first: String, rest: String, body: Body, heading: bool) {
        self.blocks.push(Block {
            gap: self.gap,
            first,
            rest,
            body,
            heading,
        });
        self.settle_gap();
    }

    /// Adds flowing text.
    pub(super) fn flow(&mut self, atoms: Vec<Atom>) {
        let (first, rest) = self.prefixes();
        self.emit(first, rest, Body::Flow(atoms), false);
    }

    /// Adds lines that are shown as they are. The chats know no fence inside a list, and Slack none inside a quote:
    /// there they stand further left.
    pub(super) fn lines(&mut self, head: Vec<String>, lines: Vec<String>, tail: Vec<String>) {
        self.flush_marker();
        let (_, rest) = self.prefixes();
        let prefix = match self.dialect {
            Dialect::Slack => String::new(),
            Dialect::Discord => "> ".repeat(rest.matches('>').count()),
            Dialect::GitHub | Dialect::Plain => rest,
        };
        self.emit(prefix.clone(), prefix, Body::Lines { head, lines, tail }, false);
    }

    /// Adds the gathered text as a block, if there is any.
    pub(super) fn flush(&mut self) {
        self.flush_run();
        let atoms = self.spans.take();
        if !atoms.iter().all(Atom::is_blank) {
            self.flow(atoms);
        }
    }

    /// Writes an item's marker by itself when what comes next cannot stand behind it.
    fn flush_marker(&mut self) {
        if self.pending.is_some() {
            self.flow(Vec::new());
            self.gap = Gap::Line;
        }
    }
}
