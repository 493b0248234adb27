//! The leaves of the walk over blocks: headings, code, HTML, tables.

use std::ops::Range;
use std::rc::Rc;

use pulldown_cmark::{BlockQuoteKind, CodeBlockKind, Event, HeadingLevel, TagEnd};

use super::blocks::{Body, Gap, Walker};
use super::inline::{Atom, AtomKind, Mark, MarkKind, Marks, tokens};
use super::spans::marks_of;
use super::{Dialect, github, table};

impl Walker<'_> {
    /// The mark a heading's text stands in where there is no heading of its level.
    pub(super) fn heading_mark(&self, level: HeadingLevel) -> Option<Mark> {
        match self.dialect {
            Dialect::Slack => Some(Mark::even(MarkKind::Bold, "*")),
            Dialect::Discord if level > HeadingLevel::H3 => Some(Mark::even(MarkKind::Bold, "**")),
            _ => None,
        }
    }

    /// A heading's text is complete.
    pub(super) fn end_heading(&mut self, level: HeadingLevel) {
        self.flush_run();
        let mut atoms = self.spans.take();
        let signs = match self.dialect {
            Dialect::GitHub => level as usize,
            Dialect::Discord if level <= HeadingLevel::H3 => level as usize,
            _ => 0,
        };
        if signs > 0 {
            for atom in &mut atoms {
                if atom.is_blank() {
                    *atom = Atom {
                        text: " ".to_owned(),
                        kind: AtomKind::Space,
                        ..atom.clone()
                    };
                }
            }
        }
        let blank = atoms.iter().all(Atom::is_blank);
        if blank && self.pending.is_none() {
            return;
        }
        let sign = if signs > 0 && !blank {
            format!("{} ", "#".repeat(signs))
        } else {
            String::new()
        };
        let (first, rest) = self.prefixes();
        self.emit(first + &sign, rest, Body::Flow(atoms), true);
    }

    /// The title of a quote such as `> [!NOTE]`.
    pub(super) fn alert(&mut self, kind: BlockQuoteKind) {
        let (tag, title) = match kind {
            BlockQuoteKind::Note => ("[!NOTE]", "Note"),
            BlockQuoteKind::Tip => ("[!TIP]", "Tip"),
            BlockQuoteKind::Important => ("[!IMPORTANT]", "Important"),
            BlockQuoteKind::Warning => ("[!WARNING]", "Warning"),
            BlockQuoteKind::Caution => ("[!CAUTION]", "Caution"),
        };
        let mut atoms = Vec::new();
        match self.dialect {
            Dialect::GitHub => tokens(tag, true, &marks_of([]), &mut atoms),
            dialect => tokens(title, false, &bold(dialect), &mut atoms),
        }
        self.flow(atoms);
        self.gap = Gap::Line;
    }

    /// A code block is complete. A chat would show the fences of an empty one.
    pub(super) fn code_block(&mut self) {
        let language = self.code.take().unwrap_or_default();
        let raw = std::mem::take(&mut self.raw);
        if raw.trim().is_empty() && self.dialect != Dialect::GitHub {
            return;
        }
        let lines = raw
            .trim_end_matches('\n')
            .split('\n')
            .map(str::to_owned)
            .collect();
        let (head, lines, tail) = table::fenced(self.dialect, &language, lines);
        self.lines(head, lines, tail);
    }

    /// A block of HTML is complete: shown as it was written, less its comments.
    pub(super) fn html_block(&mut self) {
        let raw = std::mem::take(&mut self.raw);
        let text = github::without_comments(&raw);
        if text.trim().is_empty() {
            return;
        }
        if self.dialect == Dialect::GitHub {
            let lines = text
                .trim_end_matches('\n')
                .split('\n')
                .map(str::to_owned)
                .collect();
            return self.lines(Vec::new(), lines, Vec::new());
        }
        for (number, line) in text.trim().split('\n').enumerate() {
            if number > 0 {
                self.line_end();
            }
            self.spans.run.push_str(line.trim());
        }
        self.flush();
    }

    /// A table is complete.
    pub(super) fn end_table(&mut self) {
        let Some(table) = self.table.take() else { return };
        if let Some((head, lines, tail)) = table.monospaced(self.dialect) {
            return self.lines(head, lines, tail);
        }
        for row in table.rows_as_text(&bold(self.dialect)) {
            self.flow(row);
            self.gap = Gap::Blank;
        }
    }

    /// GitHub's own table, by its lines in the source; walks past its end.
    pub(super) fn native_table(&mut self, range: &Range<usize>) {
        self.flush();
        let trim = |line: &str| line.trim_start_matches([' ', '\t', '>']).trim_end().to_owned();
        let mut lines: Vec<String> = self.source[range.clone()].lines().map(trim).collect();
        lines.retain(|line| !line.is_empty());
        let rows = lines.split_off(lines.len().min(2));
        let end = |(event, other): &(Event<'_>, Range<usize>)| {
            matches!(event, Event::End(TagEnd::Table)) && other == range
        };
        self.at += self.events[self.at..].iter().position(end).unwrap_or(0);
        self.lines(lines, rows, Vec::new());
    }
}

/// The dialect's strong text.
fn bold(dialect: Dialect) -> Marks {
    match dialect {
        Dialect::Slack => marks_of([Rc::new(Mark::even(MarkKind::Bold, "*"))]),
        Dialect::Discord => marks_of([Rc::new(Mark::even(MarkKind::Bold, "**"))]),
        Dialect::GitHub | Dialect::Plain => marks_of([]),
    }
}

/// A fence's language: the first word of its info string, as far as Discord takes it.
pub(super) fn language(kind: &CodeBlockKind<'_>) -> String {
    let CodeBlockKind::Fenced(info) = kind else {
        return String::new();
    };
    let sign = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '#' | '_');
    info.chars().take_while(sign).take(24).collect()
}
