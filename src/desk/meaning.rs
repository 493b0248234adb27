//! What a message means to us: a pure function of what was said, where, and what we know of the place.

use super::limits::is_gate_answer;
use crate::command::{Call, Command};
use crate::domain::{
    Addressed, AuthorKind, GateAnswer, Mention, Place, Posted, by_accounts, gate_answer, has_words, says_stop,
};
use crate::store::runs::Work;

/// What is known of the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facts {
    /// It belongs to a project.
    pub(super) bound: bool,
    /// There is a conversation with us already.
    pub(super) taking_part: bool,
    /// Whoever wrote it may ask: a person, or a bot that is allowed.
    pub(super) may_ask: bool,
}

/// What a message means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    /// We wrote it.
    Ours,
    /// None of our business; the reason is noted, the words are not kept.
    NotOurs(&'static str),
    /// Said among others at a place we serve: kept as context, not answered.
    Heard,
    /// Asked of us.
    Request(Work),
    /// To end what we are doing there.
    Stop,
    /// An answer to a question of ours.
    Answer(GateAnswer),
}

/// What we say when we are called without words.
const GREETING: &str =
    "I am here. Ask me in plain words, for example *what is the status of Apollo?*, or say `help`.";

/// Decides.
pub(super) fn decide(posted: &Posted, facts: Facts) -> Meaning {
    match posted.author.kind {
        AuthorKind::Ourselves => return Meaning::Ours,
        // Two bots that answer each other never stop. One that is allowed asks, and controls nothing.
        AuthorKind::Bot if !facts.may_ask || controls(&posted.text) => {
            return if facts.bound || facts.taking_part {
                Meaning::Heard
            } else {
                Meaning::NotOurs("a bot's")
            };
        }
        AuthorKind::Bot | AuthorKind::Human => {}
    }
    // In a crowd only our name calls us: people discuss there. A thread with us is a talk with us.
    let asked = match posted.addressed {
        Addressed::Us => true,
        Addressed::Nobody => facts.taking_part && !posted.place.is_crowd(),
        Addressed::Others => false,
    };
    // On an issue where we take part the bare word is enough; who talks to others there does not say it alone.
    let on_issue = facts.taking_part && matches!(posted.place, Place::GitHub(_));
    let stops = asked || (posted.addressed == Addressed::Nobody && on_issue);
    if stops && says_stop(&posted.text) {
        return Meaning::Stop;
    }
    // On an issue of ours the slash calls us.
    let slashed = posted.text.trim_start().starts_with('/') && matches!(posted.place, Place::GitHub(_));
    let to_us =
        asked || (slashed && (facts.bound || facts.taking_part) && posted.addressed != Addressed::Others);
    if let Some(answer) =
        gate_answer(&posted.text).filter(|_| to_us && posted.author.kind == AuthorKind::Human)
    {
        return Meaning::Answer(answer);
    }
    let words = has_words(&posted.text);
    match (asked, words) {
        (true, true) => {
            let named = posted.addressed == Addressed::Us;
            let call = if named { Call::Name } else { Call::Talk };
            Meaning::Request(work(&posted.text, &posted.mentions, call))
        }
        (true, false) if posted.addressed == Addressed::Us => Meaning::Request(Work::Say {
            text: GREETING.to_owned(),
        }),
        _ if facts.bound || facts.taking_part => Meaning::Heard,
        _ => Meaning::NotOurs("not for us"),
    }
}

/// Whether a text ends or decides something, or is about who somebody is and what they may do.
fn controls(text: &str) -> bool {
    let is_about_rights = || {
        matches!(
            Command::parse(text),
            Some(
                Command::Link { .. } | Command::Unlink { .. } | Command::Claim { .. } | Command::Role { .. }
            )
        )
    };
    says_stop(text) || is_gate_answer(text) || is_about_rights()
}

/// A command where the words are one by the way they came, else talk for the agent. A command about people means the accounts that
/// are mentioned, whatever they call themselves.
pub(super) fn work(text: &str, mentions: &[Mention], call: Call) -> Work {
    if !mentions.is_empty() {
        let line = by_accounts(text, mentions);
        if let Some(Command::Role { .. } | Command::Policy(_)) = Command::read(&line, call) {
            return Work::Command { line };
        }
    }
    if Command::read(text, call).is_some() {
        Work::Command {
            line: text.to_owned(),
        }
    } else {
        Work::Talk
    }
}
