//! What keyboards, phones and chats make of signs, and quotes around a text.

/// A character that nobody sees, and that comes along when text is copied.
pub fn is_unseen(c: char) -> bool {
    matches!(c, '\u{200B}' | '\u{2060}' | '\u{FEFF}' | '\u{AD}')
}

/// Every kind of space on a line is a space.
pub fn space(c: char) -> char {
    match c {
        '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}' => ' ',
        other => other,
    }
}

/// Full-width letters, digits and signs as the plain ones.
pub fn plain(c: char) -> char {
    match c {
        '\u{FF01}'..='\u{FF5E}' => u32::from(c)
            .checked_sub(0xFEE0)
            .and_then(char::from_u32)
            .unwrap_or(c),
        other => other,
    }
}

/// Whether a character is a typographic double quote: they end each other, whatever kind they are.
pub fn is_smart_quote(c: char) -> bool {
    matches!(c, '“' | '”' | '„' | '«' | '»')
}

/// What quotes can be taken for each other where a chat has turned one of two only.
#[derive(PartialEq, Eq)]
enum Quote {
    Double,
    Single,
    Back,
}

fn quote(c: char) -> Option<Quote> {
    match plain(c) {
        '"' => Some(Quote::Double),
        c if is_smart_quote(c) => Some(Quote::Double),
        '\'' | '‘' | '’' | '‚' => Some(Quote::Single),
        '`' => Some(Quote::Back),
        _ => None,
    }
}

/// What stands in the quotes around a whole text; none when it has none, or when those at its ends are no pair.
pub fn unquoted(text: &str) -> Option<String> {
    let mut inside = text.chars();
    let (opening, closing) = (inside.next()?, inside.next_back()?);
    let kind = quote(opening).filter(|kind| quote(closing).as_ref() == Some(kind))?;
    let own = opening == closing || (is_smart_quote(opening) && is_smart_quote(closing));
    let ends = |c: char| match kind {
        Quote::Double if own => {
            is_smart_quote(c) == is_smart_quote(opening) && quote(c) == Some(Quote::Double)
        }
        _ => quote(c).as_ref() == Some(&kind),
    };
    let escapes = plain(opening) == '"';
    let (mut out, mut rest) = (
        String::with_capacity(text.len()),
        inside.as_str().chars().peekable(),
    );
    while let Some(c) = rest.next() {
        // In the middle of a word it is an apostrophe.
        let is_inner =
            out.ends_with(char::is_alphanumeric) && rest.peek().is_some_and(|c| c.is_alphanumeric());
        match c {
            '\\' if escapes => out.push(rest.next()?),
            c if ends(c) && !(kind == Quote::Single && is_inner) => return None,
            c => out.push(c),
        }
    }
    Some(out)
}
