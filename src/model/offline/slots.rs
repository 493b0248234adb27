//! What stands in a slot of a phrase: what is taken for an issue, a project, a label.
//!
//! Names must be quoted when they hold a word such as "not", "if" or "and": without quotation marks it is more likely
//! that the person meant something this grammar does not understand, and then nothing may be changed.

use serde_json::{Value, json};

use super::tokens::{Token, TokenKind};
use crate::domain::{ProjectStatus, Repository, issue_refs};

/// The kinds of things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An issue: `#12`, `owner/repo#12`, its URL, "issue 12", "this".
    Issue,
    /// The same without a bare "this" or "it".
    NamedIssue,
    /// A pull request: `#21`, `owner/repo#21`, its URL, "pull request 21", "PR 21", "this pull request".
    Pull,
    /// `owner/name` or a repository's URL.
    Repository,
    /// A project by its name, or "this", "it", "this project".
    Project,
    /// The same without a bare "this".
    NamedProject,
    /// A new name.
    Name,
    /// Free text.
    Text,
    /// Free text that does not begin like "about it" or "to come".
    Statement,
    /// A title, free text too.
    Title,
    /// Words to search for, without what is polite at their end.
    Words,
    /// A title or text in quotation marks.
    Quoted,
    /// Labels.
    Labels,
    /// Accounts.
    People,
    /// One account.
    Person,
    /// Where to post: `#channel`, `slack:…`, `owner/repo#12`.
    Place,
    /// open, closed or all.
    State,
    /// A project's status.
    Status,
    /// A stretch of time up to now, in days: "today", "this week", "the last 3 days".
    Days,
}

/// What was taken.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Taken {
    /// An argument.
    Value(Value),
    /// What belongs to the place; the tool finds it.
    Here,
    /// "it": what was spoken of before, else what belongs to the place.
    It,
    /// "it" where the place does not tell what is meant: only what was spoken of before.
    Earlier,
}

impl Kind {
    /// The kind by its name in a pattern.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "issue" => Self::Issue,
            "named_issue" => Self::NamedIssue,
            "pull" => Self::Pull,
            "repository" => Self::Repository,
            "project" => Self::Project,
            "named_project" => Self::NamedProject,
            "name" => Self::Name,
            "text" => Self::Text,
            "statement" => Self::Statement,
            "title" => Self::Title,
            "words" => Self::Words,
            "quoted" => Self::Quoted,
            "labels" => Self::Labels,
            "people" => Self::People,
            "person" => Self::Person,
            "place" => Self::Place,
            "state" => Self::State,
            "status" => Self::Status,
            "days" => Self::Days,
            _ => return None,
        })
    }

    /// Whether it takes text of any length, with whatever is in it.
    pub(super) fn is_free(self) -> bool {
        matches!(self, Self::Text | Self::Statement | Self::Title)
    }

    /// The most tokens it takes.
    pub(super) fn longest(self) -> usize {
        match self {
            Self::Text | Self::Statement | Self::Title | Self::Words => usize::MAX,
            Self::Labels | Self::People => 20,
            Self::Project | Self::NamedProject | Self::Name => 10,
            Self::Issue | Self::NamedIssue | Self::Status => 3,
            Self::Pull | Self::Days => 4,
            Self::Repository | Self::Quoted | Self::Person | Self::Place | Self::State => 1,
        }
    }

    /// Marks that may stand before it. A text's own dash may be the first of a list.
    pub(super) fn skips(self, token: &Token<'_>) -> bool {
        let dash = matches!(token.text, "-" | "–" | "—");
        token.is_joint() && !(dash && matches!(self, Self::Text | Self::Statement))
    }
}

/// Words that do not stand in a name without quotation marks.
const NEVER_IN_NAMES: [&str; 26] = [
    "not", "don't", "dont", "doesn't", "won't", "can't", "never", "no", "nobody", "if", "unless", "when",
    "whether", "until", "should", "could", "would", "and", "or", "but", "then", "because", "instead",
    "maybe", "perhaps", "please",
];
/// Words that do not stand in a new name either, since they rather say something about it.
const NEVER_IN_NEW_NAMES: [&str; 5] = ["for", "with", "in", "that", "which"];
/// Words that are no project's name alone.
const NOUNS: [&str; 13] = [
    "issue",
    "issues",
    "channel",
    "thread",
    "label",
    "labels",
    "status",
    "repository",
    "repo",
    "title",
    "description",
    "name",
    "bug",
];
/// Words in the middle of a sentence: no title and no name without quotation marks begins with one.
const MID_SENTENCE: [&str; 12] = [
    "for", "in", "to", "with", "about", "of", "on", "at", "from", "called", "named", "titled",
];
/// Words a title may begin with, but no name.
const NEVER_FIRST: [&str; 10] = [
    "as",
    "by",
    "that",
    "which",
    "who",
    "what",
    "a",
    "an",
    "is",
    "everything",
];
/// Words that mean a person only the reader knows.
const NOBODY: [&str; 18] = [
    "me", "myself", "you", "yourself", "us", "him", "her", "them", "someone", "somebody", "anyone",
    "anybody", "everyone", "nobody", "it", "this", "that", "here",
];

/// What `words` are as `kind`; `None` when they are no such thing.
pub(super) fn take(kind: Kind, words: &[Token<'_>], source: &str) -> Option<Taken> {
    let last = words.last()?;
    if last.is_joint() || (kind != Kind::Text && kind != Kind::Statement && words[0].kind == TokenKind::Mark)
    {
        return None;
    }
    match kind {
        Kind::Issue => issue(words, true),
        Kind::NamedIssue => issue(words, false),
        Kind::Pull => pull(words),
        Kind::Repository => repository(words).map(value),
        Kind::Project => project(words, source, true),
        Kind::NamedProject => project(words, source, false),
        Kind::Name => new_name(words, source).map(value),
        Kind::Text | Kind::Words => Some(value(raw(words, source))),
        Kind::Statement => is_statement(words).then(|| value(raw(words, source))),
        Kind::Title => title(words, source).map(value),
        Kind::Quoted => last.is_quoted().then(|| value(last.text)),
        Kind::Labels => labels(words, source).map(|labels| Taken::Value(json!(labels))),
        Kind::People => people(words).map(|people| Taken::Value(json!(people))),
        Kind::Person => person(last).map(value),
        Kind::Place => place(last).map(value),
        Kind::State => matches!(last.folded.as_str(), "open" | "closed" | "all").then(|| value(&last.folded)),
        Kind::Status => status(words).map(value),
        Kind::Days => days(words).map(|days| Taken::Value(json!(days))),
    }
}

fn value(text: impl AsRef<str>) -> Taken {
    Taken::Value(Value::from(text.as_ref()))
}

/// The words as they were written; a quotation alone without its marks.
fn raw<'a>(words: &[Token<'a>], source: &'a str) -> &'a str {
    match words {
        [only] => only.text,
        [first, .., last] => &source[first.start..last.end],
        [] => "",
    }
}

fn folded<'a>(words: &'a [Token<'_>]) -> Vec<&'a str> {
    words
        .iter()
        .map(|word| {
            if word.is_quoted() {
                "\""
            } else {
                word.folded.as_str()
            }
        })
        .collect()
}

fn issue(words: &[Token<'_>], bare: bool) -> Option<Taken> {
    match folded(words).as_slice() {
        ["it"] if bare => return Some(Taken::It),
        ["this" | "that"] if bare => return Some(Taken::Here),
        ["this" | "the" | "that", "issue" | "ticket" | "bug" | "one"] => return Some(Taken::Here),
        _ => {}
    }
    let (last, before) = words.split_last()?;
    let reference = issue_reference(last);
    match folded(before).as_slice() {
        [] => reference,
        ["issue" | "ticket" | "bug"]
        | ["the" | "this", "issue" | "ticket" | "bug"]
        | ["issue", "number" | "no"] => {
            reference.or_else(|| number(last.text).map(|number| format!("#{number}")))
        }
        _ => None,
    }
    .map(value)
}

/// A pull request. A bare number or "this" does not say that it is one, but the words around it do.
fn pull(words: &[Token<'_>]) -> Option<Taken> {
    let (last, before) = words.split_last()?;
    match folded(words).as_slice() {
        ["this" | "the" | "that", "pr"] | ["this" | "the" | "that", "pull", "request"] => {
            return Some(Taken::Here);
        }
        _ => {}
    }
    match folded(before).as_slice() {
        ["pr"] | ["pull", "request"] | ["the", "pr"] | ["the", "pull", "request"] => {
            issue_reference(last).or_else(|| number(last.text).map(|number| format!("#{number}")))
        }
        // An address says it by itself.
        [] => issue_reference(last).filter(|_| last.text.contains("/pull/")),
        _ => None,
    }
    .map(value)
}

/// A stretch of time in days. "Last week" is the last seven days: what happened then and since.
fn days(words: &[Token<'_>]) -> Option<u64> {
    let words = folded(words);
    Some(match words.as_slice() {
        ["today"] => 1,
        ["yesterday"] | ["since", "yesterday"] => 2,
        ["this" | "last", "week"] | ["the", "last", "week"] => 7,
        ["this" | "last", "month"] | ["the", "last", "month"] => 30,
        ["last" | "past", count, unit] | ["the", "last" | "past", count, unit] => {
            let count = number(count)?;
            match *unit {
                "days" | "day" => count,
                "weeks" | "week" => count.checked_mul(7)?,
                _ => return None,
            }
        }
        _ => return None,
    })
}

fn number(text: &str) -> Option<u64> {
    text.parse()
        .ok()
        .filter(|number| *number > 0 && text.chars().all(|c| c.is_ascii_digit()))
}

/// `#12` and `owner/name#12` as written; a URL as `owner/name#12`.
fn issue_reference(word: &Token<'_>) -> Option<String> {
    let text = word
        .text
        .trim_start_matches(['<', '('])
        .trim_end_matches(['>', ')']);
    if let Some(digits) = text.strip_prefix('#') {
        return number(digits).map(|_| text.to_owned());
    }
    if text.contains("://") {
        return issue_refs(text, None).first().map(ToString::to_string);
    }
    let (repository, digits) = text.split_once('#')?;
    (repository.parse::<Repository>().is_ok() && number(digits).is_some()).then(|| text.to_owned())
}

fn repository(words: &[Token<'_>]) -> Option<String> {
    let text = words.last()?.text.trim_start_matches('<').trim_end_matches('>');
    let is_one = text.contains('/') && !text.contains('#') && text.parse::<Repository>().is_ok();
    is_one.then(|| text.to_owned())
}

fn project(words: &[Token<'_>], source: &str, bare: bool) -> Option<Taken> {
    match folded(words).as_slice() {
        ["it"] => return Some(if bare { Taken::It } else { Taken::Earlier }),
        ["this" | "that" | "here" | "us"] => return bare.then_some(Taken::Here),
        ["this" | "the" | "our" | "that", "project"] => return Some(Taken::Here),
        _ => {}
    }
    let named = match words {
        [the, rest @ .., noun] if the.is("the") && noun.is("project") => rest,
        [the, noun, rest @ ..] if the.is("the") && noun.is("project") => rest,
        [noun, rest @ ..] if noun.is("project") && !rest.is_empty() => rest,
        all => all,
    };
    let last = named.last()?;
    let only = named.len() == 1 || (named.len() == 2 && (named[0].is("the") || named[0].is("this")));
    let noun = only && !last.is_quoted() && NOUNS.contains(&last.folded.as_str());
    name(named, source, 8).filter(|_| !noun).map(value)
}

/// Whether the word leads into something that is no name.
fn begins_oddly(word: &Token<'_>) -> bool {
    let folded = word.folded.as_str();
    !word.is_quoted() && (MID_SENTENCE.contains(&folded) || NEVER_FIRST.contains(&folded))
}

fn new_name<'a>(words: &[Token<'a>], source: &'a str) -> Option<&'a str> {
    let says_more =
        |word: &Token<'_>| !word.is_quoted() && NEVER_IN_NEW_NAMES.contains(&word.folded.as_str());
    name(words, source, 8).filter(|_| !words.iter().any(says_more))
}

/// A name: one quotation, or a few words on one line.
fn name<'a>(words: &[Token<'a>], source: &'a str, most: usize) -> Option<&'a str> {
    if let [only] = words
        && only.is_quoted()
    {
        return Some(only.text);
    }
    let text = raw(words, source);
    let first = words.first()?;
    let plain = words.iter().all(|word| {
        word.kind == TokenKind::Word
            && !NEVER_IN_NAMES.contains(&word.folded.as_str())
            && !word.text.starts_with(['#', '@', '<', '(', '"', '“', '”', '`'])
    });
    let fits = plain && words.len() <= most && !text.contains('\n');
    (fits && !begins_oddly(first)).then_some(text)
}

fn is_statement(words: &[Token<'_>]) -> bool {
    let first = words[0].folded.as_str();
    let about = [
        "about", "whether", "if", "when", "why", "what", "how", "who", "where", "to", "not", "in", "on",
        "for",
    ];
    words[0].is_quoted() || !about.contains(&first)
}

/// A title does not begin in the middle of a sentence, and is no issue that exists already.
fn title<'a>(words: &[Token<'a>], source: &'a str) -> Option<&'a str> {
    let first = &words[0];
    if first.is_quoted() {
        return (words.len() == 1).then_some(first.text);
    }
    let pronoun =
        words.len() == 1 && (NOBODY.contains(&first.folded.as_str()) || number(first.text).is_some());
    let odd = pronoun || issue_reference(first).is_some() || MID_SENTENCE.contains(&first.folded.as_str());
    let text = raw(words, source);
    let text = if text.ends_with("..") || text.contains('\n') {
        text
    } else {
        text.strip_suffix('.').unwrap_or(text)
    };
    (!odd).then_some(text)
}

/// The pieces between commas and "and"; `None` when one is empty.
fn pieces<'a, 'b>(words: &'b [Token<'a>]) -> Option<Vec<&'b [Token<'a>]>> {
    let between = |word: &Token<'_>| word.is(",") || word.is("and") || word.is("&");
    let mut found = Vec::new();
    let mut rest = words;
    loop {
        let at = rest.iter().position(between);
        let piece = &rest[..at.unwrap_or(rest.len())];
        if piece.is_empty() {
            return None;
        }
        found.push(piece);
        let Some(at) = at else {
            return Some(found);
        };
        rest = &rest[at + 1..];
        // "a, b, and c"
        if rest.first().is_some_and(|word| word.is("and")) {
            rest = &rest[1..];
        }
    }
}

/// Several labels of a word each, or one of up to three words.
fn labels(words: &[Token<'_>], source: &str) -> Option<Vec<String>> {
    let pieces = pieces(words)?;
    let most = if pieces.len() == 1 { 3 } else { 1 };
    let label = |piece: &[Token<'_>]| {
        let later = piece.iter().skip(1).any(begins_oddly);
        let pronoun = !piece[0].is_quoted() && NOBODY.contains(&piece[0].folded.as_str());
        name(piece, source, most)
            .filter(|_| !later && !pronoun)
            .map(str::to_owned)
    };
    pieces.into_iter().map(label).collect()
}

fn people(words: &[Token<'_>]) -> Option<Vec<String>> {
    let one = |piece: &[Token<'_>]| match piece {
        [only] => person(only).map(str::to_owned),
        _ => None,
    };
    pieces(words)?.into_iter().map(one).collect()
}

/// A GitHub account, by the rules for a repository's owner.
fn person<'a>(word: &Token<'a>) -> Option<&'a str> {
    let name = word.text.strip_prefix('@').unwrap_or(word.text);
    let fits = Repository::new("github.com", name, "any").is_ok();
    let folded = word.folded.as_str();
    let no_name = NOBODY.contains(&folded) || NEVER_IN_NAMES.contains(&folded) || begins_oddly(word);
    (fits && !no_name).then_some(name)
}

fn place<'a>(word: &Token<'a>) -> Option<&'a str> {
    let text = word.text;
    let schemes = ["slack:", "discord:", "github:"];
    let channel = text
        .strip_prefix('#')
        .is_some_and(|name| !name.is_empty() && number(name).is_none());
    let addressed = schemes.iter().any(|scheme| word.folded.starts_with(scheme)) || text.starts_with("<#");
    let issue = !text.starts_with('#') && issue_reference(word).is_some();
    (channel || addressed || issue).then_some(text)
}

fn status(words: &[Token<'_>]) -> Option<String> {
    let words = folded(words).join(" ");
    let known = match words.as_str() {
        "hold" | "on-hold" => ProjectStatus::OnHold,
        "in progress" | "running" | "started" => ProjectStatus::Active,
        "complete" | "completed" => ProjectStatus::Done,
        other => other.parse().ok()?,
    };
    serde_json::to_value(known).ok()?.as_str().map(str::to_owned)
}
