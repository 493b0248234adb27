//! A small language of phrases: words, slots, and the ways they combine.
//!
//! `close|shut` is one of these words, `(mark | set the)` one of these sequences, `[please]` may be missing, `{of <x> |
//! with <y>}` comes any number of times in any order, and `<issue>` or `<title:text>` is a slot: the key it fills and,
//! if that does not say it, the kind of thing it takes. A pattern matches a whole utterance or nothing.

use super::slots::{self, Kind, Taken};
use super::tokens::{Token, TokenKind};

/// A part of a compiled pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    Word(&'static str),
    Slot { key: &'static str, kind: Kind },
    One(Vec<Vec<Node>>),
    Many(Vec<Vec<Node>>),
}

/// A compiled pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Node>);

/// What stands in a slot.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Caught {
    /// The argument it fills.
    pub(super) key: &'static str,
    /// With what.
    pub(super) taken: Taken,
    /// The token after it.
    after: usize,
    /// Free text without quotation marks, of which no second command is split off.
    pub(super) loose: bool,
    /// Nothing polite is split off either.
    to_the_end: bool,
}

/// A pattern that matched.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Matched {
    /// The filled slots.
    pub(super) caught: Vec<Caught>,
    /// Whether a question mark stands at the end, outside of every slot.
    pub(super) question: bool,
}

/// Polite words that may stand at the end.
const CODA: [&[&str]; 10] = [
    &["please"],
    &["pls"],
    &["thanks"],
    &["thx"],
    &["thank", "you"],
    &["for", "me"],
    &["for", "us"],
    &["right", "now"],
    &["now"],
    &["again"],
];

impl Pattern {
    /// Compiles a pattern; `None` when brackets do not close or a slot's kind does not exist.
    pub(super) fn compile(text: &'static str) -> Option<Self> {
        let mut symbols = symbols(text);
        let (mut ways, end) = alternatives(&mut symbols)?;
        let only = ways
            .pop()
            .filter(|way| end.is_empty() && ways.is_empty() && !way.is_empty())?;
        Some(Self(only))
    }

    /// The arguments it may fill.
    #[cfg(test)]
    pub(super) fn keys(&self) -> Vec<&'static str> {
        fn of(nodes: &[Node]) -> Vec<&'static str> {
            let inner = |node: &Node| match node {
                Node::Word(_) => Vec::new(),
                Node::Slot { key, .. } => vec![*key],
                Node::One(ways) | Node::Many(ways) => ways.iter().flat_map(|way| of(way)).collect(),
            };
            nodes.iter().flat_map(inner).collect()
        }
        of(&self.0)
    }

    /// Matches all of `tokens`, which stand in `source`.
    pub(super) fn matches(&self, source: &str, tokens: &[Token<'_>]) -> Option<Matched> {
        let mut matcher = Matcher {
            source,
            tokens,
            caught: Vec::new(),
        };
        let all = Todo {
            nodes: &self.0,
            next: None,
        };
        let end = matcher.follow(Some(&all), 0)?;
        let question = tokens[end..].iter().any(|token| token.is("?"));
        Some(Matched {
            caught: matcher.caught,
            question,
        })
    }
}

/// The pieces of a pattern's text, last first.
fn symbols(text: &'static str) -> Vec<&'static str> {
    let mut found = Vec::new();
    for mut piece in text.split_whitespace() {
        while !piece.is_empty() {
            let bracket = |c: char| "()[]{}".contains(c);
            let length = match piece.find(bracket) {
                Some(0) => 1,
                Some(at) => at,
                None => piece.len(),
            };
            let (symbol, rest) = piece.split_at(length);
            found.push(symbol);
            piece = rest;
        }
    }
    found.reverse();
    found
}

/// Sequences up to the closing bracket, which is returned too; at the end of the text it is empty.
fn alternatives(symbols: &mut Vec<&'static str>) -> Option<(Vec<Vec<Node>>, &'static str)> {
    let mut ways = vec![Vec::new()];
    while let Some(symbol) = symbols.pop() {
        let node = match symbol {
            ")" | "]" | "}" => return Some((ways, symbol)),
            "|" => {
                ways.push(Vec::new());
                continue;
            }
            "(" | "[" | "{" => {
                let (mut inner, end) = alternatives(symbols)?;
                match (symbol, end) {
                    ("(", ")") => Node::One(inner),
                    ("{", "}") => Node::Many(inner),
                    ("[", "]") => {
                        inner.push(Vec::new());
                        Node::One(inner)
                    }
                    _ => return None,
                }
            }
            slot if slot.starts_with('<') => {
                let slot = slot.strip_prefix('<')?.strip_suffix('>')?;
                let (key, kind) = slot.split_once(':').unwrap_or((slot, slot));
                Node::Slot {
                    key,
                    kind: Kind::named(kind)?,
                }
            }
            words if words.contains('|') => {
                let words: Vec<&str> = words.split('|').collect();
                if words.contains(&"") {
                    return None;
                }
                Node::One(words.into_iter().map(|word| vec![Node::Word(word)]).collect())
            }
            word => Node::Word(word),
        };
        ways.last_mut()?.push(node);
    }
    Some((ways, ""))
}

/// What is still to be matched: these nodes, then what was to come after the group they stand in.
struct Todo<'a> {
    nodes: &'a [Node],
    next: Option<&'a Todo<'a>>,
}

impl Todo<'_> {
    fn is_done(&self) -> bool {
        self.nodes.is_empty() && self.next.is_none_or(Todo::is_done)
    }
}

struct Matcher<'a> {
    source: &'a str,
    tokens: &'a [Token<'a>],
    caught: Vec<Caught>,
}

impl Matcher<'_> {
    /// Matches from the token `at` to the end, trying one way after the other; the answer is where the coda begins.
    fn follow(&mut self, todo: Option<&Todo<'_>>, at: usize) -> Option<usize> {
        let Some(todo) = todo else {
            return self.is_end(at).then_some(at);
        };
        let Some((node, rest)) = todo.nodes.split_first() else {
            return self.follow(todo.next, at);
        };
        let rest = Todo {
            nodes: rest,
            next: todo.next,
        };
        match node {
            Node::Word(word) => {
                let after = self.after_word(word, at)?;
                self.follow(Some(&rest), after)
            }
            Node::Slot { key, kind } => self.fill(key, *kind, &rest, at),
            Node::One(ways) => ways.iter().find_map(|nodes| {
                self.follow(
                    Some(&Todo {
                        nodes,
                        next: Some(&rest),
                    }),
                    at,
                )
            }),
            Node::Many(ways) => {
                let again = ways.iter().find_map(|nodes| {
                    self.follow(
                        Some(&Todo {
                            nodes,
                            next: Some(todo),
                        }),
                        at,
                    )
                });
                again.or_else(|| self.follow(Some(&rest), at))
            }
        }
    }

    /// The token after the word, which may have marks before it that the pattern does not mention.
    fn after_word(&self, word: &str, mut at: usize) -> Option<usize> {
        while !self.tokens.get(at)?.is(word) {
            if !self.tokens[at].is_joint() {
                return None;
            }
            at += 1;
        }
        Some(at + 1)
    }

    /// Fills a slot with as few tokens as the rest of the pattern allows; free text at the end takes them all.
    fn fill(&mut self, key: &'static str, kind: Kind, rest: &Todo<'_>, at: usize) -> Option<usize> {
        if self.caught.iter().any(|caught| caught.key == key) {
            return None;
        }
        let skipped = self.tokens[at..]
            .iter()
            .take_while(|token| kind.skips(token))
            .count();
        let start = at + skipped;
        let left = self.tokens.len() - start;
        // A quotation is the whole text when nothing but a coda comes after it.
        let quoted = left > 0 && self.tokens[start].is_quoted();
        let takes_all = kind.is_free() && rest.is_done() && !(quoted && self.is_coda(start + 1));
        let shortest = if takes_all { left.max(1) } else { 1 };
        for length in shortest..=left.min(kind.longest()) {
            let words = &self.tokens[start..start + length];
            let Some(taken) = slots::take(kind, words, self.source) else {
                continue;
            };
            let loose = kind.longest() == usize::MAX && !(quoted && length == 1);
            let to_the_end = loose && kind.is_free();
            self.caught.push(Caught {
                key,
                taken,
                after: start + length,
                loose,
                to_the_end,
            });
            if let Some(end) = self.follow(Some(rest), start + length) {
                return Some(end);
            }
            self.caught.pop();
        }
        None
    }

    /// Whether the utterance may end here.
    fn is_end(&self, at: usize) -> bool {
        let all = self
            .caught
            .last()
            .is_some_and(|last| last.to_the_end && last.after == at);
        at == self.tokens.len() || (!all && self.is_coda(at))
    }

    /// Whether only polite words and marks are left.
    fn is_coda(&self, at: usize) -> bool {
        let mut rest = &self.tokens[at..];
        while let Some((first, more)) = rest.split_first() {
            let said = |words: &&&[&str]| {
                words.len() <= rest.len() && words.iter().zip(rest).all(|(word, token)| token.is(word))
            };
            rest = match CODA.iter().find(said) {
                Some(words) => &rest[words.len()..],
                None if first.kind == TokenKind::Mark => more,
                None => return false,
            };
        }
        true
    }
}
