//! What people read of a question.

use chrono::{DateTime, Utc};

use crate::domain::{Answer, Button, GateState, PersonError, Platform, Role, shorten};
use crate::markup::quote_untrusted;
use crate::store::audit;
use crate::store::gates::{Gate, Vote};

/// A moment as people write it.
fn moment(at: DateTime<Utc>) -> String {
    at.format("%-d %b %Y, %H:%M UTC").to_string()
}

/// Who may answer, as the rest of a sentence.
fn who(gate: &Gate) -> String {
    if gate.project.is_none() && gate.approvers.is_empty() {
        return "whoever asked for it".to_owned();
    }
    let who = match (gate.approvers.is_empty(), gate.role) {
        (false, _) => "the people that the project names",
        (true, Role::Viewer) => "everybody in the project",
        (true, Role::Member) => "members of the project",
        (true, Role::Maintainer) => "maintainers of the project",
        (true, Role::Owner) => "owners of the project",
    };
    let two = if gate.votes_needed > 1 {
        format!(", {} different ones, with linked accounts", gate.votes_needed)
    } else {
        String::new()
    };
    let not = match (gate.not_requester, gate.votes_needed > 1) {
        (true, true) => ", but not who asked for it".to_owned(),
        (true, false) => format!(
            ", but not who asked for it, and outside of {} with a linked account",
            gate.place.platform()
        ),
        (false, _) => String::new(),
    };
    format!("{who}{two}{not}")
}

fn head(gate: &Gate) -> String {
    format!(
        "**Question {}**, asked for by **{}**\n\n{}",
        gate.number,
        quote_untrusted(&gate.asker_name),
        gate.shown
    )
}

/// The question as it is asked on a platform.
pub(super) fn question(gate: &Gate, platform: Platform, votes: &[Vote]) -> Answer {
    let (yes, no) = (
        format!("approve {}", gate.number),
        format!("reject {}", gate.number),
    );
    let how = match platform {
        Platform::GitHub => format!("Comment `/{yes}` or `/{no} why`."),
        Platform::Shell => format!("Say `{yes}` or `{no} why`."),
        Platform::Slack | Platform::Discord => format!("Press a button, or say `{no} why` to give a reason."),
    };
    let so_far = if votes.is_empty() {
        String::new()
    } else {
        let names: Vec<String> = votes.iter().map(|vote| quote_untrusted(&vote.name)).collect();
        format!(" Agreed so far: {}.", names.join(", "))
    };
    let buttons = match platform {
        Platform::Slack | Platform::Discord => [Button::new("Approve", yes), Button::new("Reject", no)]
            .into_iter()
            .flatten()
            .collect(),
        Platform::GitHub | Platform::Shell => Vec::new(),
    };
    Answer {
        markdown: format!(
            "{}\n\nIt waits because {}. If approved, I do exactly this, at once. Who may answer: {}; until {}, after which the \
             answer is no.{so_far} {how}",
            head(gate),
            gate.reason,
            who(gate),
            moment(gate.expires_at),
        ),
        buttons,
    }
}

/// The question as it stands there once it is decided.
pub(super) fn settled(gate: &Gate) -> String {
    format!("{}\n\n{}", head(gate), verdict(gate))
}

/// Who decided, when and why, with reasons of so many characters at most; `votes` are all that were given.
pub(super) fn short_verdict(gate: &Gate, votes: &[Vote], most: usize) -> String {
    if !matches!(gate.state, GateState::Approved | GateState::Rejected) {
        return verdict(gate);
    }
    let decisive = votes
        .iter()
        .filter(|vote| vote.approves == (gate.state == GateState::Approved));
    let names: Vec<String> = decisive
        .map(|vote| {
            by(&Vote {
                reason: if most == 0 {
                    String::new()
                } else {
                    shorten(vote.reason.trim(), most)
                },
                ..vote.clone()
            })
        })
        .collect();
    verdict(&Gate {
        decision: names.join(", "),
        ..gate.clone()
    })
}

/// The same question with such a verdict.
pub(super) fn settled_by(gate: &Gate, verdict: &str) -> String {
    format!("{}\n\n{verdict}", head(gate))
}

/// Who decided, when and why.
pub fn verdict(gate: &Gate) -> String {
    let at = gate
        .decided_at
        .map_or_else(String::new, |at| format!(" ({})", moment(at)));
    let decision = &gate.decision;
    match gate.state {
        GateState::Open => "Nobody has decided yet.".to_owned(),
        GateState::Approved => format!("**Approved** by {decision}{at}."),
        GateState::Rejected => format!("**Rejected** by {decision}{at}."),
        GateState::Expired => format!("**No**: nobody decided in time{at}."),
        GateState::Moved => format!("**Not done**: {decision}{at}."),
        GateState::Withdrawn => format!("**Withdrawn**: {decision}{at}."),
    }
}

/// An answer that came when it was decided already.
pub(super) fn too_late(gate: &Gate) -> PersonError {
    PersonError::new(
        format!("Your answer to question {} changes nothing", gate.number),
        verdict(gate).replace("**", "").trim_end_matches('.').to_owned(),
        match gate.state {
            GateState::Approved => "Nothing needs to be done; `why` tells what became of it",
            _ => "If it is still wanted, ask for it anew",
        },
    )
}

/// A second answer of one person.
pub(super) fn again(gate: &Gate) -> PersonError {
    PersonError::new(
        format!("I counted one answer of yours to question {}", gate.number),
        "each person has one",
        "Somebody else may answer",
    )
}

/// Who answered, with their reason.
pub(super) fn by(vote: &Vote) -> String {
    let name = quote_untrusted(&vote.name);
    let reason = vote.reason.trim().trim_end_matches('.');
    if reason.is_empty() {
        name
    } else {
        format!("{name}: “{}”", quote_untrusted(reason))
    }
}

/// A change in the audit log, which is kept for ever: what it is, and of its words only how many and the beginning of their hash.
pub(super) fn noted(shown: &str) -> String {
    match shown.split_once('\n') {
        Some((first, _)) => format!("{} ({})", first.trim().trim_end_matches(':'), audit::words(shown)),
        None => shown.to_owned(),
    }
}
