//! Packing blocks into parts inside a limit.
//!
//! A block stays whole when it fits a part. One that does not is cut where it hurts least: at a line, a sentence, a
//! space, a grapheme; between marks before inside one. Every piece is written by itself, so its marks and fences are
//! closed and opened again.

use std::collections::VecDeque;

use unicode_segmentation::UnicodeSegmentation;

use super::Dialect;
use super::blocks::{Block, Body, Gap};
use super::dialect::shows;
use super::inline::{Atom, AtomKind, Writer, write};
use super::slack;

/// The parts of a document, none blank.
pub(super) fn pack(blocks: &[Block], dialect: Dialect, limit: usize) -> Vec<String> {
    let mut packer = Packer {
        dialect,
        limit,
        parts: Vec::new(),
        part: String::new(),
        used: 0,
        last: String::new(),
        heading: None,
        dedent: 0,
    };
    for block in blocks {
        packer.add(block);
    }
    packer.close();
    packer.parts
}

/// How a block is written where it stands.
#[derive(Debug)]
struct Setting {
    /// What parts it from the text before it.
    gap: String,
    /// What begins its first line.
    first: String,
    /// What begins its other lines.
    rest: String,
}

/// The state of packing.
#[derive(Debug)]
struct Packer {
    /// The dialect to write.
    dialect: Dialect,
    /// The longest part, in the dialect's unit.
    limit: usize,
    /// Finished parts.
    parts: Vec<String>,
    /// The part being filled.
    part: String,
    /// Its length.
    used: usize,
    /// What begins the last block's lines.
    last: String,
    /// When the part ends with a heading: where it ends without it, and where the heading begins.
    heading: Option<(usize, usize)>,
    /// How many blanks of indentation this part does without, because it begins inside a list. GitHub would take
    /// them for code.
    dedent: usize,
}

impl Packer {
    /// Whether a text fits behind what the part holds.
    fn fits(&self, gap: &str, text: &str) -> bool {
        self.used + self.dialect.units(gap) + self.dialect.units(text) <= self.limit
    }

    /// Adds a block: whole if it can be, cut if it must.
    fn add(&mut self, block: &Block) {
        let setting = self.setting(block);
        let text = self.whole(block, &setting);
        if text.trim().is_empty() {
            return;
        }
        if self.fits(&setting.gap, &text) {
            return self.append(&setting, &text, block.heading);
        }
        let length = self.dialect.units(&text);
        if length <= self.limit {
            self.make_room(length);
            let setting = self.setting(block);
            let text = self.whole(block, &setting);
            return self.append(&setting, &text, block.heading);
        }
        if self.limit.saturating_sub(self.used) < self.limit / 4 {
            self.make_room(self.limit / 4);
        }
        match &block.body {
            Body::Flow(atoms) => self.cut_flow(block, atoms.clone()),
            Body::Lines { head, lines, tail } => self.cut_lines(block, head, lines, tail),
        }
    }

    /// How a block is written at the part's end.
    fn setting(&mut self, block: &Block) -> Setting {
        let fresh = self.part.is_empty();
        if fresh {
            self.dedent = if self.dialect == Dialect::GitHub {
                indentation(&block.first).1
            } else {
                0
            };
        }
        let prefix = |prefix: &str| {
            let short = dedented(prefix, self.dedent);
            if self.dialect.units(&short) > self.limit / 2 {
                String::new()
            } else {
                short
            }
        };
        let (first, rest) = (prefix(&block.first), prefix(&block.rest));
        let gap = match block.gap {
            _ if fresh => String::new(),
            Gap::Line => "\n".to_owned(),
            Gap::Blank => format!("\n{}\n", shared(&self.last, &rest).trim_end()),
        };
        Setting { gap, first, rest }
    }

    /// A block in one piece.
    fn whole(&self, block: &Block, setting: &Setting) -> String {
        match &block.body {
            Body::Flow(atoms) if atoms.is_empty() => setting.first.trim_end().to_owned(),
            Body::Flow(atoms) => write(self.dialect, &setting.first, &setting.rest, trimmed(atoms)),
            Body::Lines { head, lines, tail } => {
                let all = head
                    .iter()
                    .chain(lines)
                    .chain(tail)
                    .map(|line| self.line(&setting.rest, line));
                all.collect::<Vec<String>>().join("\n")
            }
        }
    }

    /// One line that is shown as it is.
    fn line(&self, prefix: &str, line: &str) -> String {
        let mut out = prefix.to_owned();
        match self.dialect {
            Dialect::Slack => slack::escape(line, true, &mut out),
            Dialect::Discord | Dialect::GitHub | Dialect::Plain => out.push_str(line),
        }
        if line.is_empty() {
            out.trim_end().to_owned()
        } else {
            out
        }
    }

    /// Adds text to the part.
    fn append(&mut self, setting: &Setting, text: &str, heading: bool) {
        let end = self.part.len();
        self.part.push_str(&setting.gap);
        self.heading = heading.then_some((end, self.part.len()));
        self.part.push_str(text);
        self.used += self.dialect.units(&setting.gap) + self.dialect.units(text);
        self.last.clone_from(&setting.rest);
    }

    /// Ends the part.
    fn close(&mut self) {
        let text = std::mem::take(&mut self.part);
        self.used = 0;
        let text = text.trim_end();
        if shows(text) {
            self.parts.push(text.to_owned());
        }
        self.heading = None;
    }

    /// Ends the part because so much more does not fit. A heading at its end goes along to the next part if there is
    /// room for both.
    fn make_room(&mut self, more: usize) {
        let carried = self.heading.filter(|(end, start)| {
            *end > 0 && self.dialect.units(&self.part[*start..]) + more + 2 + self.last.len() <= self.limit
        });
        let Some((end, start)) = carried else {
            return self.close();
        };
        let heading = self.part.split_off(start);
        self.part.truncate(end);
        self.close();
        self.used = self.dialect.units(&heading);
        self.part = heading;
    }

    /// Adds flowing text that is longer than a part.
    fn cut_flow(&mut self, block: &Block, mut atoms: Vec<Atom>) {
        let mut from = 0;
        let mut begun = false;
        loop {
            from += atoms[from..].iter().take_while(|atom| atom.is_blank()).count();
            if from >= atoms.len() {
                return;
            }
            let fresh = self.part.is_empty();
            let mut setting = self.setting(block);
            if begun {
                setting.first.clone_from(&setting.rest);
            }
            let room = self
                .limit
                .saturating_sub(self.used + self.dialect.units(&setting.gap));
            let cut = best_cut(self.dialect, &setting, &atoms[from..], room);
            match cut {
                Some(cut) if cut.clean || fresh => {
                    let text = write(
                        self.dialect,
                        &setting.first,
                        &setting.rest,
                        trimmed(&atoms[from..from + cut.end]),
                    );
                    self.append(&setting, &text, block.heading);
                    begun = true;
                    from += cut.end;
                    if from < atoms.len() {
                        self.close();
                    }
                }
                _ if !fresh => self.close(),
                _ => {
                    let pieces = atoms[from].pieces();
                    if pieces.len() > 1 {
                        atoms.splice(from..=from, pieces);
                    } else {
                        // One character with its marks is longer than a part: the limit is absurd, and text must
                        // not be lost.
                        let text = write(self.dialect, "", "", &atoms[from..=from]);
                        self.append(&setting, &text, false);
                        self.close();
                        from += 1;
                    }
                }
            }
        }
    }

    /// Adds lines that are longer than a part, in pieces that each have the head and the tail. When those are of a
    /// size nobody repeats, they come once, as the first and the last lines.
    fn cut_lines(&mut self, block: &Block, head: &[String], lines: &[String], tail: &[String]) {
        let frame: usize = head
            .iter()
            .chain(tail)
            .map(|line| self.dialect.units(line) + 1)
            .sum();
        let prefix = self.dialect.units(&block.rest) * (head.len() + tail.len());
        if frame + prefix <= self.limit / 2 {
            self.cut_framed(block, head, lines.iter().cloned().collect(), tail);
        } else {
            let all = head.iter().chain(lines).chain(tail).cloned().collect();
            self.cut_framed(block, &[], all, &[]);
        }
    }

    /// Adds lines in pieces that each have the head and the tail, which fit a part.
    fn cut_framed(&mut self, block: &Block, head: &[String], mut queue: VecDeque<String>, tail: &[String]) {
        while !queue.is_empty() {
            let fresh = self.part.is_empty();
            let setting = self.setting(block);
            let outer = |line: &String| self.line(&setting.rest, line);
            let mut text: Vec<String> = head.iter().map(outer).collect();
            let end: Vec<String> = tail.iter().map(outer).collect();
            let fixed = text
                .iter()
                .chain(&end)
                .map(|line| self.dialect.units(line) + 1)
                .sum::<usize>();
            let mut room = self
                .limit
                .saturating_sub(self.used + self.dialect.units(&setting.gap) + fixed);
            let mut taken = 0;
            while let Some(line) = queue.front().map(|line| self.line(&setting.rest, line)) {
                // Every line's end is counted but the first one's, which the frame's or nothing makes up for.
                let length = self.dialect.units(&line) + usize::from(taken > 0);
                if length > room {
                    break;
                }
                room -= length;
                taken += 1;
                text.push(line);
                queue.pop_front();
            }
            if taken == 0 {
                if !fresh {
                    self.close();
                    continue;
                }
                let Some(line) = queue.pop_front() else { return };
                let at = self.line_cut(&setting.rest, &line, room);
                text.push(self.line(&setting.rest, &line[..at]));
                if at < line.len() {
                    queue.push_front(line[at..].to_owned());
                }
            }
            text.extend(end);
            self.append(&setting, &text.join("\n"), false);
            if !queue.is_empty() {
                self.close();
            }
        }
    }

    /// How many bytes of a line fit the room: whole clusters, or whole characters of the first; at least one.
    fn line_cut(&self, prefix: &str, line: &str, room: usize) -> usize {
        let room = room.saturating_sub(self.dialect.units(prefix));
        let fitting = |pieces: &mut dyn Iterator<Item = &str>| {
            let mut used = 0;
            let fits = |piece: &&str| {
                used += self.dialect.units(&self.line("", piece));
                used <= room
            };
            pieces.take_while(fits).map(str::len).sum::<usize>()
        };
        match fitting(&mut line.graphemes(true)) {
            0 => {
                let one = line.chars().next().map_or(0, char::len_utf8);
                fitting(&mut line.split("").filter(|piece| !piece.is_empty())).max(one)
            }
            at => at,
        }
    }
}

/// Where atoms are cut.
#[derive(Debug, Clone, Copy)]
struct Cut {
    /// How many atoms go before the cut.
    end: usize,
    /// No mark is cut in the middle.
    clean: bool,
}

/// How good places to cut are, the best first: a line's end, a sentence's end, a space, anywhere.
const GRADES: usize = 4;

/// The best place to cut atoms so that what comes before fits the room. `None` when not even the first atom fits.
fn best_cut(dialect: Dialect, setting: &Setting, atoms: &[Atom], room: usize) -> Option<Cut> {
    let mut writer = Writer::new(dialect, &setting.first, &setting.rest);
    // For places between marks and inside one: the last of each grade, with the length before it.
    let mut best = [[None::<(usize, usize)>; GRADES]; 2];
    for (index, atom) in atoms.iter().enumerate() {
        writer.push(atom);
        let length = writer.units();
        if length > room {
            // A blank at the cut is not written.
            if atom.is_blank() {
                continue;
            }
            break;
        }
        let Some(next) = atoms.get(index + 1) else {
            return Some(Cut {
                end: atoms.len(),
                clean: true,
            });
        };
        let inside = atom
            .marks
            .first()
            .is_some_and(|mark| next.marks.first() == Some(mark));
        best[usize::from(inside)][grade(atoms, index)] = Some((index + 1, length));
    }
    for (inside, grades) in best.iter().enumerate() {
        let clean = inside == 0;
        // A better kind of place that wastes most of the part is worse after all.
        let full = grades
            .iter()
            .flatten()
            .find(|(_, length)| length.saturating_mul(4) >= room);
        let any = grades.iter().flatten().max_by_key(|(_, length)| *length);
        if let Some((end, _)) = full.or(any) {
            return Some(Cut { end: *end, clean });
        }
    }
    None
}

/// The grade of a cut behind an atom that has one after it.
fn grade(atoms: &[Atom], index: usize) -> usize {
    let kinds = [atoms[index].kind, atoms[index + 1].kind];
    if kinds.contains(&AtomKind::Line) {
        return 0;
    }
    if !kinds.contains(&AtomKind::Space) {
        return 3;
    }
    let word = if kinds[0] == AtomKind::Word {
        Some(&atoms[index])
    } else {
        index.checked_sub(1).map(|i| &atoms[i])
    };
    let ends = word.is_some_and(|word| {
        word.text
            .trim_end_matches(['"', '\'', ')', '”', '’', '»'])
            .ends_with(['.', '!', '?', '…', '。', '！', '？'])
    });
    if ends { 1 } else { 2 }
}

/// Atoms without the blanks around them.
fn trimmed(atoms: &[Atom]) -> &[Atom] {
    let start = atoms.iter().take_while(|atom| atom.is_blank()).count();
    let end = atoms
        .iter()
        .rposition(|atom| !atom.is_blank())
        .map_or(start, |last| last + 1);
    &atoms[start.min(end)..end]
}

/// What two prefixes begin with alike.
fn shared<'a>(a: &'a str, b: &str) -> &'a str {
    let end = a
        .char_indices()
        .zip(b.chars())
        .find(|((_, x), y)| x != y)
        .map(|((at, _), _)| at);
    &a[..end.unwrap_or(a.len().min(b.len()))]
}

/// Where a prefix's indentation begins, behind the quotes around it, and how many blanks it has.
fn indentation(prefix: &str) -> (usize, usize) {
    let mut start = 0;
    while prefix[start..].starts_with("> ") {
        start += 2;
    }
    (start, prefix[start..].bytes().take_while(|b| *b == b' ').count())
}

/// A prefix with so many blanks of its indentation taken out.
fn dedented(prefix: &str, blanks: usize) -> String {
    let (start, found) = indentation(prefix);
    format!("{}{}", &prefix[..start], &prefix[start + found.min(blanks)..])
}
