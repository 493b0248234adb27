//! Words, quotations and punctuation of what a person wrote.

/// A word, a quotation or a punctuation mark, with where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token<'a> {
    /// As written; a quotation without its marks.
    pub(super) text: &'a str,
    /// In lower case with straight apostrophes, to compare a word with.
    pub(super) folded: String,
    /// Where it begins in the source, in bytes, quotation marks included.
    pub(super) start: usize,
    /// Where it ends.
    pub(super) end: usize,
    /// What it is.
    pub(super) kind: TokenKind,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A run without blanks, less the punctuation at its end.
    Word,
    /// Something in quotation marks, which counts as one token.
    Quoted,
    /// A mark at the end of a word, or a dash that stands alone.
    Mark,
}

impl Token<'_> {
    /// Whether it is this word or mark, which a quotation never is.
    pub(super) fn is(&self, folded: &str) -> bool {
        self.kind != TokenKind::Quoted && self.folded == folded
    }

    /// Whether it is a quotation.
    pub(super) fn is_quoted(&self) -> bool {
        self.kind == TokenKind::Quoted
    }

    /// Whether it is a mark that joins what is before and after it.
    pub(super) fn is_joint(&self) -> bool {
        self.kind == TokenKind::Mark && matches!(self.text, "," | ":" | ";" | "-" | "–" | "—")
    }
}

/// Marks that are split off the end of a word.
const MARKS: [char; 7] = [',', ':', ';', '.', '!', '?', '…'];
/// Quotation marks that open, with those that close.
const QUOTES: [(char, &[char]); 8] = [
    ('"', &['"', '”']),
    ('“', &['”', '“', '"']),
    ('”', &['”']),
    ('„', &['“', '”']),
    ('«', &['»']),
    ('`', &['`']),
    ('\'', &['\'', '’']),
    ('‘', &['’', '\'']),
];

/// Splits `source`.
pub(super) fn split(source: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(blank) = source[at..].find(|c: char| !c.is_whitespace()) {
        at += blank;
        if let Some((text, end)) = quotation(source, at) {
            tokens.push(token(text, at, end, TokenKind::Quoted));
            at = end;
        } else {
            let end = at + word_length(&source[at..]);
            push_word(&mut tokens, &source[at..end], at);
            at = end;
        }
    }
    tokens
}

fn token(text: &str, start: usize, end: usize, kind: TokenKind) -> Token<'_> {
    Token {
        text,
        folded: text.to_lowercase().replace('’', "'"),
        start,
        end,
        kind,
    }
}

/// The quotation that begins at `at`: its text, and where it ends with its mark. An apostrophe ends none in the
/// middle of a word.
fn quotation(source: &str, at: usize) -> Option<(&str, usize)> {
    let open = source[at..].chars().next()?;
    let (_, closing) = QUOTES.iter().find(|(mark, _)| *mark == open)?;
    let inside = at + open.len_utf8();
    let close = source[inside..]
        .char_indices()
        .map(|(offset, c)| (inside + offset, c))
        .find(|(offset, c)| {
            let after = source[offset + c.len_utf8()..].chars().next();
            closing.contains(c) && (!is_apostrophe(*c) || after.is_none_or(|c| !c.is_alphanumeric()))
        });
    let (close, mark) = close.filter(|(close, _)| !source[inside..*close].trim().is_empty())?;
    Some((source[inside..close].trim(), close + mark.len_utf8()))
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’')
}

/// The bytes up to the next blank, or to a quotation that follows a mark without one (`saying:"…"`).
fn word_length(text: &str) -> usize {
    let mut before = None;
    for (offset, c) in text.char_indices() {
        let opens =
            matches!(c, '"' | '“' | '„' | '«') && before.is_some_and(|before| MARKS.contains(&before));
        if c.is_whitespace() || opens {
            return offset;
        }
        before = Some(c);
    }
    text.len()
}

/// A word, with the possessive `'s` and the marks at its end as tokens of their own.
fn push_word<'a>(tokens: &mut Vec<Token<'a>>, run: &'a str, at: usize) {
    if matches!(run, "-" | "–" | "—") {
        tokens.push(token(run, at, at + run.len(), TokenKind::Mark));
        return;
    }
    let word = run.trim_end_matches(MARKS);
    let possessive = ["'s", "’s", "'S", "’S"]
        .iter()
        .find_map(|end| word.strip_suffix(*end));
    let stem = possessive.filter(|stem| !stem.is_empty()).unwrap_or(word);
    for (from, to) in [(0, stem.len()), (stem.len(), word.len())] {
        if from < to {
            tokens.push(token(&run[from..to], at + from, at + to, TokenKind::Word));
        }
    }
    for (offset, mark) in run[word.len()..].char_indices() {
        let start = word.len() + offset;
        let end = start + mark.len_utf8();
        tokens.push(token(&run[start..end], at + start, at + end, TokenKind::Mark));
    }
}
