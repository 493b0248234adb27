//! The words in a stretch of HTML, as far as GitHub shows them: tags go with their attributes, comments go, and so does what
//! stands in elements that are not shown. What is not closed hides the rest, as it does in a browser.

/// Elements whose content is not shown, or not as text.
const UNSEEN: [&str; 18] = [
    "audio", "canvas", "datalist", "head", "iframe", "math", "noembed", "noframes", "noscript", "object",
    "option", "script", "style", "svg", "template", "textarea", "title", "video",
];

/// Elements that stand on a line of their own.
const BLOCKS: [&str; 28] = [
    "blockquote",
    "br",
    "center",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "tbody",
    "tfoot",
    "th",
    "thead",
    "tr",
    "ul",
];

/// A piece of what is shown.
pub(super) enum Piece<'a> {
    /// Words.
    Words(&'a str),
    /// The end of a line.
    Line,
}

/// What HTML has left open.
#[derive(Debug, Default)]
pub(super) struct Html {
    /// The element that hides what follows, and how many of its kind are open.
    unseen: Option<(String, usize)>,
    /// Something was not closed: nothing that follows is shown.
    lost: bool,
    /// The `details` that are open, the innermost last.
    folds: Vec<Fold>,
}

/// One `details`: folded away unless it says `open`, but for its summary.
#[derive(Debug)]
struct Fold {
    open: bool,
    in_summary: bool,
}

impl Html {
    /// Whether what follows is shown.
    pub(super) fn shows(&self) -> bool {
        !self.lost && self.unseen.is_none() && self.folds.iter().all(|fold| fold.open || fold.in_summary)
    }

    /// Reads a stretch of HTML.
    pub(super) fn read(&mut self, html: &str, mut shown: impl FnMut(Piece<'_>)) {
        let mut rest = html;
        while let Some(at) = rest.find('<').filter(|_| !self.lost) {
            self.words(&rest[..at], &mut shown);
            rest = &rest[at..];
            match markup(rest) {
                Markup::Text => {
                    self.words("<", &mut shown);
                    rest = &rest[1..];
                }
                Markup::Hidden(length) => rest = &rest[length..],
                Markup::Tag { name, closes, length } => {
                    self.tag(&name, closes, &rest[..length]);
                    if self.fold(&name, closes, &rest[..length]) {
                        self.words(" [folded away]", &mut shown);
                        self.end_summary();
                    }
                    if self.shows() && BLOCKS.contains(&name.as_str()) {
                        shown(Piece::Line);
                    } else if name == "td" {
                        self.words(" ", &mut shown);
                    }
                    rest = &rest[length..];
                }
                Markup::Open => self.lost = true,
            }
        }
        self.words(rest, &mut shown);
    }

    fn words(&self, words: &str, shown: &mut impl FnMut(Piece<'_>)) {
        if self.shows() && !words.is_empty() {
            shown(Piece::Words(words));
        }
    }

    /// Opens or closes what folds away; tells whether something is folded away behind a summary that ends here.
    fn fold(&mut self, name: &str, closes: bool, whole: &str) -> bool {
        if self.unseen.is_some() {
            return false;
        }
        match (name, closes) {
            ("details", false) => self.folds.push(Fold {
                open: says_open(whole),
                in_summary: false,
            }),
            ("details", true) => drop(self.folds.pop()),
            ("summary", false) => {
                if let Some(fold) = self.folds.last_mut() {
                    fold.in_summary = true;
                }
            }
            ("summary", true) => {
                let folded = self.folds.last().is_some_and(|fold| !fold.open) && self.shows();
                if folded {
                    return true;
                }
                self.end_summary();
            }
            _ => {}
        }
        false
    }

    fn end_summary(&mut self) {
        if let Some(fold) = self.folds.last_mut() {
            fold.in_summary = false;
        }
    }

    fn tag(&mut self, name: &str, closes: bool, whole: &str) {
        match &mut self.unseen {
            Some((hiding, depth)) if hiding == name => {
                *depth = if closes { *depth - 1 } else { *depth + 1 };
                if *depth == 0 {
                    self.unseen = None;
                }
            }
            Some(_) => {}
            None => {
                let hides = !closes && !whole.ends_with("/>") && UNSEEN.contains(&name);
                self.unseen = hides.then(|| (name.to_owned(), 1));
            }
        }
    }
}

/// Whether a tag has the attribute `open`.
fn says_open(tag: &str) -> bool {
    let words = tag.trim_end_matches(['>', '/']).split_whitespace().skip(1);
    words
        .map(|word| word.split('=').next().unwrap_or_default())
        .any(|name| name.eq_ignore_ascii_case("open"))
}

/// What begins at a `<`.
enum Markup {
    /// A mere sign.
    Text,
    /// A comment or the like, with its length.
    Hidden(usize),
    /// A tag.
    Tag {
        name: String,
        closes: bool,
        length: usize,
    },
    /// Something that does not end.
    Open,
}

fn markup(text: &str) -> Markup {
    let until = |from: usize, end: &str| match text[from..].find(end) {
        Some(at) => Markup::Hidden(from + at + end.len()),
        None => Markup::Open,
    };
    // `<!-->` and `<!--->` are whole comments (https://spec.commonmark.org/0.31.2/#html-comment).
    if text.starts_with("<!--") {
        return until(2, "-->");
    }
    if text.starts_with("<![CDATA[") {
        return until(0, "]]>");
    }
    if text.starts_with("<!") || text.starts_with("<?") {
        return until(0, ">");
    }
    let closes = text[1..].starts_with('/');
    let start = if closes { 2 } else { 1 };
    let name = text[start..]
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '-')
        .map_or(&text[start..], |end| &text[start..start + end]);
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Markup::Text;
    }
    let mut quote = None;
    for (at, c) in text.char_indices().skip(start + name.len()) {
        match (quote, c) {
            (None, '>') => {
                return Markup::Tag {
                    name: name.to_ascii_lowercase(),
                    closes,
                    length: at + 1,
                };
            }
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    Markup::Open
}
