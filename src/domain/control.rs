//! Control words: what must not wait behind the work it is about.

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::typed::{is_unseen, plain, space, unquoted};
use super::{AuthorKind, Event, turns_direction};

/// What a control word asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// End a run.
    Stop,
    /// Answer a question.
    Answer,
}

/// An answer to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateAnswer {
    /// Yes or no.
    pub approves: bool,
    /// Which question; none for the only one here.
    pub number: Option<i64>,
    /// Why, in the person's words; may be empty.
    pub reason: String,
}

/// Reads an answer to a question: `approve 7`, `reject 7 not now`, or the word alone. Behind a slash, as on an issue, the reason may
/// follow the word at once, and so may a reason in quotes, which are no part of it. What keyboards, phones and chats do to signs
/// and digits is repaired. Anything else is a sentence: "approve the plan" answers nothing.
pub fn gate_answer(text: &str) -> Option<GateAnswer> {
    let text: String = text.chars().filter(|c| !is_unseen(*c)).map(space).collect();
    let text = text.trim();
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let word = repaired(word);
    let bare = word.strip_prefix('/').unwrap_or(&word);
    let bare = bare.trim_end_matches(['!', '.', ',', ':']);
    let approves = if bare.eq_ignore_ascii_case("approve") {
        true
    } else if bare.eq_ignore_ascii_case("reject") {
        false
    } else {
        return None;
    };
    let rest = rest.trim();
    let (first, reason) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let (number, reason) = match (number(first), unquoted(rest)) {
        (Some(number), _) => (Some(number), reason),
        // A reason in quotes is one, as a menu writes it.
        (None, quoted) if rest.is_empty() || word.starts_with('/') || quoted.is_some() => (None, rest),
        (None, _) => return None,
    };
    let reason = reason.trim();
    Some(GateAnswer {
        approves,
        number,
        reason: unquoted(reason).unwrap_or_else(|| reason.to_owned()),
    })
}

/// A question's number as it was typed, in quotes or not.
fn number(typed: &str) -> Option<i64> {
    let typed = unquoted(typed).unwrap_or_else(|| typed.to_owned());
    let typed = repaired(&typed);
    let digits = typed
        .trim_start_matches('#')
        .trim_end_matches([':', ',', '.', '!']);
    digits.parse().ok()
}

/// A word in plain letters, without what turns the direction of writing.
fn repaired(word: &str) -> String {
    let turns = |c: &char| turns_direction(c.encode_utf8(&mut [0; 4]));
    word.chars().filter(|c| !turns(c)).map(plain).collect()
}

/// What a reaction to a message means, whatever the platform calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// 🛑 or ⏹: stop what this message asks for, or what it shows the progress of.
    Stop,
}

/// What stops: as Slack names them (<https://docs.slack.dev/reference/events/reaction_added>), and as they are.
const STOPS: [&str; 6] = [
    "octagonal_sign",
    "black_square_for_stop",
    "stop_button",
    "🛑",
    "⏹",
    "⏹\u{FE0F}",
];

impl Sign {
    /// Reads a reaction by its name or its character; none when it says nothing to us.
    pub fn read(reaction: &str) -> Option<Self> {
        STOPS.contains(&reaction).then_some(Self::Stop)
    }
}

/// Whether a text is the bare word "stop".
pub fn says_stop(text: &str) -> bool {
    let word = text.trim().trim_end_matches(['!', '.', '?', '…']).trim_end();
    word.eq_ignore_ascii_case("stop")
}

/// The control word that a fact may be. Whether it is meant for us is decided later: here it only gets its lane.
pub fn control(event: &Event) -> Option<Control> {
    let said = match event {
        Event::MessagePosted(posted) if posted.author.kind == AuthorKind::Human => Some(&posted.text),
        Event::CommandGiven { text, .. } => Some(text),
        _ => None,
    };
    if said.is_some_and(|text| gate_answer(text).is_some()) {
        return Some(Control::Answer);
    }
    let stop = match event {
        Event::MessagePosted(posted) => posted.author.kind == AuthorKind::Human && says_stop(&posted.text),
        Event::CommandGiven { text, .. } => says_stop(text),
        Event::ReactionAdded { sign, .. } => *sign == Sign::Stop,
        Event::MessageEdited(_)
        | Event::MessageDeleted { .. }
        | Event::Untranslated { .. }
        | Event::Unknown { .. } => false,
    };
    stop.then_some(Control::Stop)
}
