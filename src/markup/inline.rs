//! Text inside a block, as atoms a part can be cut between, and the writer that turns atoms into a dialect.
//!
//! An atom carries the marks it stands in. The writer opens and closes marks where they change, so any run of atoms
//! can be written by itself and comes out with its marks whole.

use std::rc::Rc;

use unicode_segmentation::UnicodeSegmentation;

use super::mentions::ZERO_WIDTH;
use super::{Dialect, discord, slack};

/// What a mark does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MarkKind {
    /// Strong text.
    Bold,
    /// Stressed text.
    Italic,
    /// Struck-out text.
    Strike,
    /// A code span.
    Code,
    /// A link.
    Link,
    /// An image; only GitHub's dialect tells it from a link.
    Image,
}

/// A mark around text, with what opens and closes it, written as they are.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// What it does.
    pub(super) kind: MarkKind,
    /// What opens it.
    pub(super) open: String,
    /// What closes it.
    pub(super) close: String,
    /// A link's target, to be shown where links cannot be. `None` when the text is the target already.
    pub(super) url: Option<String>,
}

impl Mark {
    /// A mark that is the same at both ends.
    pub(super) fn even(kind: MarkKind, sign: &str) -> Self {
        Self {
            kind,
            open: sign.to_owned(),
            close: sign.to_owned(),
            url: None,
        }
    }
}

/// The marks an atom stands in, outermost first.
pub(super) type Marks = Rc<[Rc<Mark>]>;

/// What an atom is, for finding the place to cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AtomKind {
    /// Text without blanks.
    Word,
    /// Blanks.
    Space,
    /// The end of a line.
    Line,
}

/// A bit of text that is cut only when nothing else helps.
#[derive(Debug, Clone)]
pub(super) struct Atom {
    /// The text, not yet escaped.
    pub(super) text: String,
    /// What it is.
    pub(super) kind: AtomKind,
    /// Code or an address: the dialect's marks mean nothing in it.
    pub(super) literal: bool,
    /// The marks around it.
    pub(super) marks: Marks,
}

impl Atom {
    /// A line's end.
    pub(super) fn line(marks: Marks) -> Self {
        Self {
            text: String::new(),
            kind: AtomKind::Line,
            literal: false,
            marks,
        }
    }

    /// Whether it shows nothing.
    pub(super) fn is_blank(&self) -> bool {
        self.kind != AtomKind::Word
    }

    /// The same text in the smallest pieces: grapheme clusters, or characters when it is one cluster. One character
    /// gives itself.
    pub(super) fn pieces(&self) -> Vec<Self> {
        let part = |text: &str| Self {
            text: text.to_owned(),
            kind: self.kind,
            literal: self.literal,
            marks: Rc::clone(&self.marks),
        };
        let clusters: Vec<Self> = self.text.graphemes(true).map(part).collect();
        if clusters.len() > 1 {
            clusters
        } else {
            self.text.chars().map(|c| part(&c.to_string())).collect()
        }
    }
}

/// Whether a cluster is a blank that a line may break at. A no-break space is not.
fn is_blank(cluster: &str) -> bool {
    cluster
        .chars()
        .all(|c| c.is_whitespace() && !matches!(c, '\u{a0}' | '\u{202f}' | '\u{2007}'))
}

/// Cuts text into words and spaces.
pub(super) fn tokens(text: &str, literal: bool, marks: &Marks, out: &mut Vec<Atom>) {
    let mut current: Option<Atom> = None;
    for cluster in text.graphemes(true) {
        let kind = if is_blank(cluster) {
            AtomKind::Space
        } else {
            AtomKind::Word
        };
        match &mut current {
            Some(atom) if atom.kind == kind => atom.text.push_str(cluster),
            _ => {
                let next = Atom {
                    text: cluster.to_owned(),
                    kind,
                    literal,
                    marks: Rc::clone(marks),
                };
                out.extend(current.replace(next));
            }
        }
    }
    out.extend(current);
}

/// Where a word at the start of a line has to be escaped so that it does not begin a block, as a byte offset.
pub(super) fn opens_block(word: &str) -> Option<usize> {
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    if (1..=9).contains(&digits) && matches!(&word[digits..], "." | ")") {
        return Some(digits);
    }
    let ruler = ["-", "+", "=", "*", "#", "_"]
        .iter()
        .any(|sign| word.trim_matches(':').replace(sign, "").is_empty());
    let starts = word.starts_with(['>', '|']) || word.starts_with("```") || word.starts_with("~~~");
    let definition = word.starts_with('[') && word.contains("]:");
    (ruler || starts || definition || word == "-#").then_some(0)
}

/// Writes atoms in a dialect and counts what it wrote.
#[derive(Debug)]
pub(super) struct Writer<'a> {
    /// The dialect.
    dialect: Dialect,
    /// What begins every line but the first.
    rest: &'a str,
    /// What is written.
    out: String,
    /// The length of `out` in the dialect's unit.
    units: usize,
    /// The marks that are open, outermost first.
    open: Vec<Rc<Mark>>,
    /// Nothing but the prefix stands on this line.
    line_start: bool,
}

impl<'a> Writer<'a> {
    /// A writer that has written the first line's prefix.
    pub(super) fn new(dialect: Dialect, first: &str, rest: &'a str) -> Self {
        let mut writer = Self {
            dialect,
            rest,
            out: String::new(),
            units: 0,
            open: Vec::new(),
            line_start: true,
        };
        writer.put(first);
        writer
    }

    /// The length, were everything open closed now.
    pub(super) fn units(&self) -> usize {
        self.units
            + self
                .open
                .iter()
                .map(|mark| self.dialect.units(&mark.close))
                .sum::<usize>()
    }

    /// Writes one atom.
    pub(super) fn push(&mut self, atom: &Atom) {
        let shared = self
            .open
            .iter()
            .zip(atom.marks.iter())
            .take_while(|(a, b)| a == b)
            .count();
        let mut closed = false;
        while self.open.len() > shared {
            if let Some(mark) = self.open.pop() {
                closed |= formats(&mark);
                self.put(&mark.close);
            }
        }
        if atom.kind == AtomKind::Line {
            // A blank line would end the paragraph the marks and the prefix belong to.
            self.put("\n");
            self.put(self.rest);
            self.line_start = true;
            return;
        }
        let opening = &atom.marks[shared..];
        self.part_marks(closed, opening.iter().any(|mark| formats(mark)), &atom.text);
        for mark in opening {
            self.put(&mark.open);
            self.line_start &= mark.open.is_empty();
            self.open.push(Rc::clone(mark));
        }
        let mut text = String::with_capacity(atom.text.len() + 8);
        self.escape(atom, &mut text);
        self.put(&text);
        self.line_start &= atom.is_blank();
    }

    /// Keeps a mark from growing together with a word or another mark beside it: Slack reads marks at word
    /// boundaries only, and both chats would read two marks in a row as one.
    fn part_marks(&mut self, closed: bool, opens: bool, text: &str) {
        let chat = matches!(self.dialect, Dialect::Slack | Dialect::Discord);
        let word = char::is_alphanumeric;
        let joins = match (closed, opens) {
            (true, true) => chat,
            (true, false) => self.dialect == Dialect::Slack && text.starts_with(word),
            (false, true) => self.dialect == Dialect::Slack && self.out.ends_with(word),
            (false, false) => false,
        };
        if joins {
            self.put(&ZERO_WIDTH.to_string());
        }
    }

    /// An atom's text as the dialect writes it.
    fn escape(&self, atom: &Atom, out: &mut String) {
        match self.dialect {
            Dialect::Slack => slack::escape(&atom.text, atom.literal, out),
            Dialect::Discord if !atom.literal => {
                let label = self.open.iter().any(|mark| mark.kind == MarkKind::Link);
                discord::escape(&atom.text, self.line_start, label, out);
            }
            // The source's own text: only what a new line start would give another meaning needs a guard.
            Dialect::GitHub if !atom.literal && self.line_start => {
                let at = opens_block(&atom.text).unwrap_or(atom.text.len());
                out.push_str(&atom.text[..at]);
                if at < atom.text.len() {
                    out.push('\\');
                }
                out.push_str(&atom.text[at..]);
            }
            Dialect::Discord | Dialect::GitHub | Dialect::Plain => out.push_str(&atom.text),
        }
    }

    /// Writes as is.
    fn put(&mut self, text: &str) {
        self.units += self.dialect.units(text);
        self.out.push_str(text);
    }

    /// Closes what is open and hands over the text.
    pub(super) fn finish(mut self) -> String {
        while let Some(mark) = self.open.pop() {
            self.put(&mark.close);
        }
        self.out
    }
}

/// Whether a mark changes how text looks, by signs that have to stand at a word's boundary.
fn formats(mark: &Mark) -> bool {
    !matches!(mark.kind, MarkKind::Link | MarkKind::Image) && !mark.open.is_empty()
}

/// A run of atoms written by itself.
pub(super) fn write(dialect: Dialect, first: &str, rest: &str, atoms: &[Atom]) -> String {
    let mut writer = Writer::new(dialect, first, rest);
    for atom in atoms {
        writer.push(atom);
    }
    writer.finish()
}
