//! Tables where there are none: aligned columns when they are narrow enough, else one block of text per row. And the
//! fences such a table and code stand in.

use pulldown_cmark::Alignment;
use unicode_segmentation::UnicodeSegmentation;

use super::Dialect;
use super::inline::{Atom, AtomKind, Marks, tokens};
use super::mentions::{self, ZERO_WIDTH};
use super::spans::{flat, marks_of};

/// The widest table shown in columns, in columns of a terminal.
const WIDEST: usize = 80;

/// What begins, fills and ends lines that are shown as they are.
pub(super) type Fenced = (Vec<String>, Vec<String>, Vec<String>);

/// A table as it is read.
#[derive(Debug)]
pub(super) struct Table {
    /// How each column is aligned.
    alignments: Vec<Alignment>,
    /// Its rows, the header first; each a list of cells.
    rows: Vec<Vec<Vec<Atom>>>,
}

impl Table {
    /// A table without rows.
    pub(super) fn new(alignments: Vec<Alignment>) -> Self {
        Self {
            alignments,
            rows: Vec::new(),
        }
    }

    /// Begins a row.
    pub(super) fn begin_row(&mut self) {
        self.rows.push(Vec::new());
    }

    /// Adds a cell to the last row.
    pub(super) fn cell(&mut self, cell: Vec<Atom>) {
        self.rows
            .iter_mut()
            .last()
            .into_iter()
            .for_each(|row| row.push(cell.clone()));
    }

    /// The table in aligned columns, if it is narrow enough.
    pub(super) fn monospaced(&self, dialect: Dialect) -> Option<Fenced> {
        let text: Vec<Vec<String>> = self
            .rows
            .iter()
            .map(|row| row.iter().map(|cell| flat(cell)).collect())
            .collect();
        let columns = self.alignments.len();
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                text.iter()
                    .filter_map(|row| row.get(column))
                    .map(|cell| width(cell))
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        if widths.iter().sum::<usize>() + 2 * columns.saturating_sub(1) > WIDEST {
            return None;
        }
        let mut lines: Vec<String> = text.iter().map(|row| self.line(row, &widths)).collect();
        let ruler: Vec<String> = widths.iter().map(|width| "-".repeat((*width).max(1))).collect();
        lines.insert(lines.len().min(1), ruler.join("  "));
        match dialect {
            Dialect::Plain => Some((Vec::new(), lines, Vec::new())),
            _ => Some(fenced(dialect, "", lines)),
        }
    }

    /// One row in columns.
    fn line(&self, row: &[String], widths: &[usize]) -> String {
        let mut cells = Vec::with_capacity(row.len());
        for (index, (cell, column)) in row.iter().zip(widths).enumerate() {
            let space = column.saturating_sub(width(cell));
            let left = match self.alignments.get(index) {
                Some(Alignment::Right) => space,
                Some(Alignment::Center) => space / 2,
                _ => 0,
            };
            cells.push(format!("{}{cell}{}", " ".repeat(left), " ".repeat(space - left)));
        }
        cells.join("  ").trim_end().to_owned()
    }

    /// The table as one text per row, a line `Header: value` per cell. Without rows it is one text of its headers.
    pub(super) fn rows_as_text(self, strong: &Marks) -> Vec<Vec<Atom>> {
        let mut rows = self.rows.into_iter();
        let header = rows.next().unwrap_or_default();
        let mut texts: Vec<Vec<Atom>> = rows.map(|row| row_as_text(&header, row, strong)).collect();
        if texts.is_empty() {
            let empty = header.iter().map(|_| Vec::new()).collect();
            texts.push(row_as_text(&header, empty, strong));
        }
        texts
    }
}

/// One row as text; a cell is left out when it says nothing and its header would stand alone beside others.
fn row_as_text(header: &[Vec<Atom>], row: Vec<Vec<Atom>>, strong: &Marks) -> Vec<Atom> {
    let bare = row.iter().all(|cell| cell.iter().all(Atom::is_blank));
    let mut atoms: Vec<Atom> = Vec::new();
    for (title, cell) in header.iter().zip(row) {
        let empty = cell.iter().all(Atom::is_blank);
        if empty && !bare {
            continue;
        }
        if !atoms.is_empty() {
            atoms.push(Atom::line(marks_of([])));
        }
        let title = flat(title);
        if !title.trim().is_empty() {
            tokens(&format!("{}:", title.trim()), false, strong, &mut atoms);
            atoms.push(Atom {
                text: " ".to_owned(),
                kind: AtomKind::Space,
                literal: false,
                marks: marks_of([]),
            });
        }
        atoms.extend(cell);
    }
    atoms
}

/// Lines as the dialect shows code: fenced, in a terminal indented. A fence inside the lines is broken up where the
/// platform knows only one fence, and made shorter than its own where it knows longer ones.
pub(super) fn fenced(dialect: Dialect, language: &str, lines: Vec<String>) -> Fenced {
    let part = |line: String| line.replace("```", &format!("``{ZERO_WIDTH}`"));
    let three = "```".to_owned();
    match dialect {
        Dialect::Slack => (
            vec![three.clone()],
            lines.into_iter().map(part).collect(),
            vec![three],
        ),
        Dialect::Discord => {
            let quiet = |line: String| mentions::quiet(Dialect::Discord, &part(line));
            (
                vec![format!("```{language}")],
                lines.into_iter().map(quiet).collect(),
                vec![three],
            )
        }
        Dialect::GitHub => {
            let inside = lines
                .iter()
                .map(|line| line.bytes().take_while(|b| matches!(b, b'`' | b' ')).count())
                .max();
            let fence = "`".repeat(inside.unwrap_or(0).saturating_add(1).clamp(3, 60));
            (vec![format!("{fence}{language}")], lines, vec![fence])
        }
        Dialect::Plain => {
            let indented = |line: String| {
                if line.is_empty() {
                    line
                } else {
                    format!("    {line}")
                }
            };
            (Vec::new(), lines.into_iter().map(indented).collect(), Vec::new())
        }
    }
}

/// The columns a text takes in a monospaced type: East Asian wide characters and emoji two, after the `W` and `F`
/// ranges of Unicode's EastAsianWidth.txt.
fn width(text: &str) -> usize {
    text.graphemes(true).map(cluster_width).sum()
}

/// The columns of one cluster: those of its widest character.
fn cluster_width(cluster: &str) -> usize {
    let of = |c: char| match u32::from(c) {
        0x200b..=0x200f | 0x2060 | 0xfeff | 0x300..=0x36f => 0,
        0xfe0f => 2,
        0x1100..=0x115f | 0x2e80..=0x303e | 0x3041..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff => 2,
        0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1faff | 0x20000..=0x3fffd => 2,
        0x231a..=0x231b | 0x23e9..=0x23ec | 0x2705 | 0x274c | 0x274e | 0x2753..=0x2755 | 0x2757 | 0x2b50 => 2,
        _ => 1,
    };
    cluster.chars().map(of).max().unwrap_or(0)
}
