//! From an utterance to tool calls. Pure. What is not certainly a command is none: a question, a "do not" and a second
//! half that is not understood all lead to no call rather than to half of them.

use serde_json::{Map, Value, json};

use super::pattern::{Caught, Matched};
use super::phrases::{COMPILED, Phrase};
use super::slots::Taken;
use super::tokens::{self, Token, TokenKind};

/// The most words that are looked at; a longer text is no command.
const LONGEST: usize = 2_000;
/// The most joins ("and", "," …) that are each tried as the end of a command; in a text with more, which is mostly free
/// text, only the last two are. Every join doubles the ways to read a text, so this bounds the time.
const MOST_JOINS: usize = 8;

/// A tool call. A `post_message` without `text` tells the outcome of the calls before it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    /// The tool.
    pub(super) tool: &'static str,
    /// Its arguments.
    pub(super) arguments: Map<String, Value>,
}

impl Call {
    /// An argument that is text.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.arguments.get(key)?.as_str()
    }

    /// Whether it only reads.
    pub(super) fn reads(&self) -> bool {
        ["list_", "get_", "search_"]
            .iter()
            .any(|kind| self.tool.starts_with(kind))
            || ["project_status", "recent_activity"].contains(&self.tool)
    }

    /// Whether it tells the outcome of the calls before it.
    pub(super) fn tells_outcome(&self) -> bool {
        self.tool == "post_message" && !self.arguments.contains_key("text")
    }
}

/// A call, and what the words around it say.
#[derive(Debug, Clone)]
struct Read {
    call: Call,
    /// The argument that "it" stands for, and whether it must have been spoken of before.
    it: Option<(&'static str, bool)>,
    /// It ends in free text, which would also have taken a second command.
    loose: bool,
    question: bool,
}

/// Words before a command; true: they make a question of it a request.
const OPENING: [(&[&str], bool); 30] = [
    (&["hey"], false),
    (&["hi"], false),
    (&["hello"], false),
    (&["ok"], false),
    (&["okay"], false),
    (&["so"], false),
    (&["well"], false),
    (&["now"], false),
    (&["then"], false),
    (&["also"], false),
    (&["just"], false),
    (&["dear"], false),
    (&["there"], false),
    (&["bot"], false),
    (&["callsheet"], false),
    (&["thanks"], false),
    (&["good", "morning"], false),
    (&["go", "ahead", "and"], true),
    (&["please"], true),
    (&["pls"], true),
    (&["kindly"], true),
    (&["can", "you"], true),
    (&["could", "you"], true),
    (&["would", "you"], true),
    (&["can", "u"], true),
    (&["i", "want", "you", "to"], true),
    (&["i", "need", "you", "to"], true),
    (&["i'd", "like", "you", "to"], true),
    (&["i", "would", "like", "you", "to"], true),
    (&["i", "want", "to", "know"], false),
];

/// The tool calls that `text` asks for, in order; `None` when it is not understood.
pub(super) fn parse(text: &str) -> Option<Vec<Call>> {
    let text = text.trim();
    one(text).or_else(|| {
        // One command a line.
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        let calls: Option<Vec<Vec<Call>>> = lines.iter().map(|line| one(line)).collect();
        calls.filter(|_| lines.len() > 1).map(|calls| calls.concat())
    })
}

fn one(text: &str) -> Option<Vec<Call>> {
    let tokens = tokens::split(text);
    if tokens.len() > LONGEST {
        return None;
    }
    let (tokens, asked) = after_opening(&tokens);
    let mut reads = sequence(text, tokens)?;
    resolve_it(&mut reads)?;
    let question = !asked && reads.iter().any(|read| read.question);
    let calls: Vec<Call> = reads.into_iter().map(|read| read.call).collect();
    let asks_whether = question && calls.iter().any(|call| !call.reads());
    let tells_nothing = calls.first().is_some_and(Call::tells_outcome);
    (!asks_whether && !tells_nothing).then_some(calls)
}

/// What comes after greetings and polite words, and whether these ask for something.
fn after_opening<'a, 'b>(mut tokens: &'b [Token<'a>]) -> (&'b [Token<'a>], bool) {
    let mut asked = false;
    loop {
        let said = |words: &&[&str]| {
            words.len() <= tokens.len() && words.iter().zip(tokens).all(|(word, token)| token.is(word))
        };
        let opening = OPENING.iter().find(|(words, _)| said(words));
        let mention = tokens
            .first()
            .is_some_and(|first| first.text.starts_with(['@']) || first.text.starts_with("<@"));
        let mark = tokens
            .first()
            .is_some_and(|first| first.is_joint() || first.is("!") || first.is("."));
        match opening {
            Some((words, asks)) => {
                asked |= asks;
                tokens = &tokens[words.len()..];
            }
            None if mention || mark => tokens = &tokens[1..],
            None => return (tokens, asked),
        }
    }
}

/// One command, or several joined by "and", "then" or a mark.
fn sequence(source: &str, tokens: &[Token<'_>]) -> Option<Vec<Read>> {
    let joins = tokens
        .iter()
        .enumerate()
        .filter(|(_, token)| is_join(token))
        .map(|(at, _)| at);
    let mut joins: Vec<usize> = joins.collect();
    if joins.len() > MOST_JOINS {
        joins.drain(..joins.len().saturating_sub(2));
    }
    let halves = joins.into_iter().map(|at| tokens.split_at(at));
    let mut several = halves.filter_map(|(left, right)| joined(source, left, right));
    several
        .next()
        .or_else(|| single(source, tokens).map(|read| vec![read]))
}

fn is_join(token: &Token<'_>) -> bool {
    [",", ";", ".", "!", "and", "&", "then"]
        .iter()
        .any(|join| token.is(join))
}

/// Two halves that are both understood. Free text keeps an "and" of its own, unless somebody is told after it.
fn joined(source: &str, left: &[Token<'_>], right: &[Token<'_>]) -> Option<Vec<Read>> {
    let first = single(source, left)?;
    let joins = right.iter().take_while(|token| is_join(token)).count();
    let (said, right) = right.split_at(joins);
    let mut rest = sequence(source, after_opening(right).0)?;
    let goes_on = said.iter().any(|token| token.kind == TokenKind::Word);
    if first.loose && !(goes_on && rest.first()?.call.tool == "post_message") {
        return None;
    }
    rest.insert(0, first);
    Some(rest)
}

/// Lets "it" in a later command mean what the one before is about; `None` when that is something else or has no name
/// yet.
fn resolve_it(reads: &mut [Read]) -> Option<()> {
    let mut before: Option<Call> = None;
    for read in reads {
        if let Some((key, must)) = read.it {
            let named = match (&before, key) {
                (Some(call), "issue")
                    if ["update_issue", "comment_on_issue", "get_issue"].contains(&call.tool) =>
                {
                    call.arguments.get(key)
                }
                (Some(call), "project") if call.tool == "create_project" => call.arguments.get("name"),
                (Some(call), "project") if call.tool == "update_project" => {
                    call.arguments.get("name").or(call.arguments.get(key))
                }
                (Some(call), "project") if ["get_project", "project_status"].contains(&call.tool) => {
                    call.arguments.get(key)
                }
                (None, _) if !must => None,
                _ => return None,
            };
            if let Some(named) = named {
                read.call.arguments.insert(key.to_owned(), named.clone());
            }
        }
        if read.call.tool != "post_message" {
            before = Some(read.call.clone());
        }
    }
    Some(())
}

/// One command.
fn single(source: &str, tokens: &[Token<'_>]) -> Option<Read> {
    COMPILED.iter().find_map(|(phrase, pattern)| {
        let matched = pattern.matches(source, tokens)?;
        Some(read(phrase, matched))
    })
}

fn read(phrase: &Phrase, matched: Matched) -> Read {
    let mut arguments = Map::new();
    for (key, value) in phrase.with {
        arguments.insert((*key).to_owned(), json!(value));
    }
    // Where a change does not say of what, it goes on with what was spoken of before.
    let key = match phrase.tool {
        "update_issue" | "comment_on_issue" => Some("issue"),
        "update_project" => Some("project"),
        _ => None,
    };
    let mut it = key
        .filter(|key| matched.caught.iter().all(|caught| caught.key != *key))
        .map(|key| (key, false));
    let loose = matched.caught.iter().any(|caught| caught.loose);
    for Caught { key, taken, .. } in matched.caught {
        match taken {
            Taken::Value(value) => {
                arguments.insert(key.to_owned(), value);
            }
            Taken::It => it = Some((key, false)),
            Taken::Earlier => it = Some((key, true)),
            Taken::Here => {}
        }
    }
    if phrase.tool == "create_issue" {
        split_title(&mut arguments);
    }
    let call = Call {
        tool: phrase.tool,
        arguments,
    };
    Read {
        call,
        it,
        loose,
        question: matched.question,
    }
}

/// The first line is the title; what follows it is the body.
fn split_title(arguments: &mut Map<String, Value>) {
    let title = arguments.get("title").and_then(Value::as_str).unwrap_or_default();
    if let Some((title, body)) = title.split_once('\n') {
        let (title, body) = (json!(title.trim()), json!(body.trim()));
        arguments.insert("title".to_owned(), title);
        arguments.entry("body").or_insert(body);
    }
}
