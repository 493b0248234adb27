//! What waits for people, and what their answers come to: pure functions.

use crate::domain::{GateState, Gated, Policy, Reach, Role};
use crate::store::gates::Vote;

/// What is known about a change that somebody wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Circumstances<'a> {
    /// Which effects wait in its project.
    pub gates: Gated,
    /// How far it reaches.
    pub reach: Reach,
    /// Whose text the run has read that is not to be trusted, in words.
    pub tainted_by: Option<&'a str>,
    /// The run has read another project, whose data and people have no business where it writes.
    pub strayed: bool,
    /// Why nothing in the request asks for it; none when something may.
    pub unasked: Option<Unasked>,
}

/// Why nothing in a request asks for a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unasked {
    /// It is about another project, which the request does not name.
    Elsewhere,
    /// The request names issues, and it is about another.
    OtherIssue,
    /// The model says so itself.
    OwnIdea,
}

impl Unasked {
    fn words(self) -> &'static str {
        match self {
            Self::Elsewhere => "nothing in the request names what it is about",
            Self::OtherIssue => "the request is about other issues",
            Self::OwnIdea => "nobody asked for it; it is an idea of mine",
        }
    }
}

/// Why a change waits for people, as the rest of a sentence; none when it does not.
pub fn waits(about: Circumstances<'_>) -> Option<String> {
    if let Some(by) = about.tainted_by {
        return Some(format!(
            "I have read what somebody without rights wrote ({by}), and that may have led me to it"
        ));
    }
    if about.strayed {
        return Some(
            "I have read another project before, and what stands there may have led me to it or be in it"
                .to_owned(),
        );
    }
    if let Some(unasked) = about.unasked {
        return Some(unasked.words().to_owned());
    }
    match (about.gates, about.reach) {
        (Gated::AllWrites, _) => Some("this project wants to be asked before every change".to_owned()),
        (Gated::Irreversible, Reach::Irreversible) => Some("it cannot be taken back".to_owned()),
        (Gated::Irreversible, Reach::Loosens) => Some("it makes this project ask less".to_owned()),
        _ => None,
    }
}

/// The least role that may answer.
pub fn least_role(reach: Reach) -> Role {
    match reach {
        Reach::Write => Role::Member,
        Reach::Irreversible => Role::Maintainer,
        Reach::Loosens => Role::Owner,
    }
}

/// How many must agree.
pub fn votes_needed(policy: &Policy, reach: Reach) -> i64 {
    if policy.two_people && reach != Reach::Write {
        2
    } else {
        1
    }
}

/// What some answers come to: one "no" is enough, a "yes" takes as many as are needed.
pub fn tally(votes: &[Vote], needed: i64) -> Option<GateState> {
    if votes.iter().any(|vote| !vote.approves) {
        return Some(GateState::Rejected);
    }
    let agreed = i64::try_from(votes.len()).unwrap_or(i64::MAX);
    (agreed >= needed).then_some(GateState::Approved)
}
