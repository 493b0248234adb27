//! What waits, and what answers come to.

use chrono::{DateTime, TimeDelta};
use uuid::Uuid;

use super::rules::{Circumstances, Unasked, tally, votes_needed, waits};
use crate::domain::{GateId, GateState, Gated, PersonId, Place, Policy, Reach, Role};
use crate::store::gates::{Gate, Vote};

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
fn asking_less_waits_where_anything_does() {
    for (gates, waits_for) in [
        (Gated::None, None),
        (Gated::Irreversible, Some("it makes this project ask less")),
        (
            Gated::AllWrites,
            Some("this project wants to be asked before every change"),
        ),
    ] {
        let reason = waits(Circumstances {
            gates,
            reach: Reach::Loosens,
            tainted_by: None,
            strayed: false,
            unasked: None,
        });
        assert_eq!(reason.as_deref(), waits_for, "{gates:?}");
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
        account: None,
        place: None,
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
    let two = Policy {
        two_people: true,
        ..Policy::default()
    };
    let needed = [Reach::Write, Reach::Irreversible, Reach::Loosens].map(|reach| votes_needed(&two, reach));
    assert_eq!(needed, [1, 2, 2]);
}

#[test]
fn a_long_reason_never_cuts_the_verdict() {
    let vote = |name: &str, reason: String| Vote {
        person_id: PersonId(Uuid::now_v7()),
        approves: true,
        name: name.to_owned(),
        reason,
        voted_at: DateTime::UNIX_EPOCH,
        account: None,
        place: None,
    };
    for place in ["discord:1/2", "slack:T1/C1", "github:acme/app#1"] {
        let place: Place = place.parse().unwrap();
        for (shown, reason) in [(10, 10), (1_000, 6_000), (200, 100_000), (20_000, 3_000)] {
            let votes = [
                vote("ana", "good ".repeat(reason / 5)),
                vote("ben", "as it is ".repeat(reason / 9)),
            ];
            let decision: Vec<String> = votes.iter().map(super::words::by).collect();
            let mut gate = Gate {
                decision: String::new(),
                state: GateState::Open,
                ..gate("change ".repeat(shown / 7), place.clone())
            };
            let room = super::texts(&gate, &place, &[], 1).0.len();
            gate.state = GateState::Approved;
            gate.decision = decision.join(", ");
            gate.decided_at = Some(DateTime::UNIX_EPOCH);
            let (texts, _) = super::texts(&gate, &place, &votes, room);
            assert!(
                texts.len() <= room,
                "{place} {shown} {reason}: {} of {room}",
                texts.len()
            );
            let said = texts.concat().replace('*', "");
            assert!(
                said.contains("Approved by ana"),
                "{place} {shown} {reason}: {said}"
            );
            assert!(said.contains("ben"), "{place} {shown} {reason}");
            assert!(
                said.ends_with("(1 Jan 1970, 00:00 UTC)."),
                "{place} {shown} {reason}"
            );
        }
    }
}

fn gate(shown: String, place: Place) -> Gate {
    Gate {
        number: 1,
        id: GateId(Uuid::now_v7()),
        project: None,
        run: None,
        step: None,
        person: None,
        asker_name: "ana".to_owned(),
        place,
        reason: "this project wants to be asked before every change".to_owned(),
        change: String::new(),
        shown,
        hash: Vec::new(),
        role: Role::Member,
        approvers: Vec::new(),
        votes_needed: 2,
        not_requester: false,
        state: GateState::Open,
        decision: String::new(),
        expires_at: DateTime::UNIX_EPOCH + TimeDelta::days(1),
        created_at: DateTime::UNIX_EPOCH,
        decided_at: None,
    }
}
