//! What waits, and what answers come to.

use chrono::DateTime;
use uuid::Uuid;

use super::rules::{Circumstances, Unasked, tally, votes_needed, waits};
use crate::domain::{GateState, Gated, PersonId, Policy, Reach};
use crate::store::gates::Vote;

#[test]
fn what_waits_for_people() {
    let plain = Circumstances {
        gates: Gated::Irreversible,
        reach: Reach::Write,
        tainted_by: None,
        strayed: false,
        unasked: None,
    };
    let table = [
        (plain, false),
        (
            Circumstances {
                reach: Reach::Irreversible,
                ..plain
            },
            true,
        ),
        (
            Circumstances {
                gates: Gated::None,
                reach: Reach::Irreversible,
                ..plain
            },
            false,
        ),
        (
            Circumstances {
                gates: Gated::AllWrites,
                ..plain
            },
            true,
        ),
        // No policy lets these through.
        (
            Circumstances {
                gates: Gated::None,
                tainted_by: Some("eve on acme/apollo#12"),
                ..plain
            },
            true,
        ),
        (
            Circumstances {
                gates: Gated::None,
                strayed: true,
                ..plain
            },
            true,
        ),
        (
            Circumstances {
                gates: Gated::None,
                unasked: Some(Unasked::Elsewhere),
                ..plain
            },
            true,
        ),
    ];
    for (about, expected) in table {
        assert_eq!(waits(about).is_some(), expected, "{about:?}");
    }
}

#[test]
fn what_answers_come_to() {
    let vote = |approves| Vote {
        person_id: PersonId(Uuid::now_v7()),
        approves,
        name: "ana".to_owned(),
        reason: String::new(),
        voted_at: DateTime::UNIX_EPOCH,
    };
    for (votes, needed, expected) in [
        (vec![], 1, None),
        (vec![true], 1, Some(GateState::Approved)),
        (vec![false], 1, Some(GateState::Rejected)),
        (vec![true], 2, None),
        (vec![true, true], 2, Some(GateState::Approved)),
        (vec![true, false], 2, Some(GateState::Rejected)),
        (vec![false], 2, Some(GateState::Rejected)),
    ] {
        let votes: Vec<Vote> = votes.into_iter().map(vote).collect();
        assert_eq!(tally(&votes, needed), expected, "{votes:?} of {needed}");
    }
}

#[test]
fn two_people_are_for_what_cannot_be_taken_back() {
    let two = Policy {
        two_people: true,
        ..Policy::default()
    };
    assert_eq!(votes_needed(&two, Reach::Irreversible), 2);
    assert_eq!(votes_needed(&two, Reach::Write), 1);
    assert_eq!(votes_needed(&Policy::default(), Reach::Irreversible), 1);
}
