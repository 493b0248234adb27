//! From what was typed to words: quoting as in a shell, after what phones and chats do to a line by themselves is repaired.
//!
//! 1. Typographic quotes quote like plain ones, and end with their own kind; inside quotes the text stays as it is, but for
//!    spaces and characters without a width.
//! 2. Outside quotes typographic spaces, hyphens and full-width letters are the plain ones, and a dash in front of a name is
//!    `--`. What has no width or turns the direction of writing is left out.

#[cfg(test)]
mod tests;

use std::iter::Peekable;
use std::str::Chars;

use crate::domain::typed::{is_smart_quote, is_unseen, plain, space};

/// The words of a line, quotes taken into account; none when a quote is not closed.
pub(super) fn words(line: &str) -> Option<Vec<String>> {
    shlex::split(&repaired(line)?)
}

/// The line as a shell reads it: plain quotes, and nothing in front of a word that a shell takes for a remark. None when a
/// quote is not closed.
fn repaired(line: &str) -> Option<String> {
    let spaced: String = line.chars().filter(|c| !is_unseen(*c)).map(space).collect();
    let mut rest = spaced.chars().peekable();
    let (mut out, mut begins) = (String::with_capacity(spaced.len()), true);
    while let Some(c) = rest.next() {
        let first = std::mem::replace(&mut begins, c.is_whitespace());
        match plain(c) {
            '\\' => {
                out.push('\\');
                out.extend(rest.next());
            }
            '#' if first => out.push_str("\\#"),
            '"' | '\'' | '“' | '”' | '„' | '«' | '»' | '`' => out.push_str(&quoted(c, &mut rest)?),
            // In the middle of a word it is an apostrophe.
            '‘' | '’' if first => out.push_str(&quoted(c, &mut rest)?),
            '‘' | '’' => out.push_str("\\'"),
            dash if first && is_dash(dash) => out.push_str(&dashes(dash, &mut rest)),
            '\u{2010}' | '\u{2011}' => out.push('-'),
            mark if turns(mark) => begins = first,
            other => out.push(other),
        }
    }
    Some(out)
}

/// What stands in quotes, as a shell takes it literally; `opening` is read already.
fn quoted(opening: char, rest: &mut Peekable<Chars<'_>>) -> Option<String> {
    // A chat may have turned one of two quotes only: another kind closes where its own does not come.
    let kin = closes(opening, rest.clone(), own_end);
    let end: fn(char, char) -> bool = if kin { own_end } else { other_end };
    let (mut inside, escapes) = (String::from("\""), plain(opening) == '"');
    while let Some(c) = rest.next() {
        if end(opening, c) && ends_here(opening, rest.peek()) {
            inside.push('"');
            return Some(inside);
        }
        if c == '\\' && escapes {
            inside.push('\\');
            inside.extend(rest.next());
            continue;
        }
        if matches!(c, '"' | '\\' | '$' | '`') {
            inside.push('\\');
        }
        inside.push(c);
    }
    None
}

fn closes(opening: char, mut rest: Peekable<Chars<'_>>, end: fn(char, char) -> bool) -> bool {
    while let Some(c) = rest.next() {
        if c == '\\' {
            rest.next();
        } else if end(opening, c) && ends_here(opening, rest.peek()) {
            return true;
        }
    }
    false
}

/// Whether a character ends what such a quote begins.
fn own_end(opening: char, c: char) -> bool {
    match opening {
        '‘' | '’' => matches!(c, '‘' | '’'),
        _ if is_smart_quote(opening) => is_smart_quote(c),
        same => c == same,
    }
}

/// Whether a character may end it all the same.
fn other_end(opening: char, c: char) -> bool {
    match plain(opening) {
        '"' => is_smart_quote(c) || plain(c) == '"',
        '\'' | '‘' | '’' => matches!(plain(c), '\'' | '‘' | '’'),
        '`' => false,
        _ => plain(c) == '"',
    }
}

/// A typographic single quote is also an apostrophe, and ends nothing inside a word.
fn ends_here(opening: char, next: Option<&char>) -> bool {
    !matches!(opening, '‘' | '’') || next.is_none_or(|c| !c.is_alphanumeric())
}

/// Dashes in front of a word: `--` where a name of an option follows and some of them are not typed but made by a chat.
fn dashes(first: char, rest: &mut Peekable<Chars<'_>>) -> String {
    let mut all = String::from(first);
    while let Some(next) = rest.next_if(|c| is_dash(plain(*c))) {
        all.push(plain(next));
    }
    let names = rest.peek().is_some_and(|c| plain(*c).is_ascii_lowercase());
    if names && !all.chars().all(|c| c == '-') {
        return "--".to_owned();
    }
    all
}

fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// A character that turns the direction of writing; it comes with names that people paste.
fn turns(c: char) -> bool {
    crate::domain::turns_direction(c.encode_utf8(&mut [0; 4]))
}
