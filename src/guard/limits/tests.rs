//! Who is held back, for how long, and who is not.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{Limiter, SWEEP, TooOften, Whose};
use crate::config::{Cap, Limits};
use crate::domain::{PersonId, Place, Project, ProjectId, ProjectStatus};

const HERE: &str = "slack:T1/C1";

fn limiter(person: u32, place: u32, project: u32) -> Limiter {
    Limiter::new(&Limits {
        person_per_minute: person,
        place_per_minute: place,
        project_per_minute: project,
        run_cost: None,
        person_day: Cap::default(),
        project_month: Cap::default(),
    })
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

fn person(number: u128) -> PersonId {
    PersonId(Uuid::from_u128(number))
}

fn project(name: &str) -> Project {
    Project {
        policy: crate::domain::Policy::default(),
        id: ProjectId(Uuid::from_u128(u128::from(name.as_bytes()[0]))),
        slug: name.to_lowercase(),
        name: name.to_owned(),
        description: String::new(),
        description_by: None,
        status: ProjectStatus::Active,
        repository: None,
        owner: None,
        updated_at: at(0),
    }
}

/// Who asks, where, in which project, when; and what they are told, or nothing.
type Asks = (u128, &'static str, Option<&'static str>, i64, &'static str);

fn plays(limiter: &Limiter, asks: &[Asks]) {
    for (index, (who, place, named, seconds, told)) in asks.iter().enumerate() {
        let place: Place = place.parse().unwrap();
        let project = named.map(project);
        let checked = limiter.check(at(*seconds), None, person(*who), (&place, project.as_ref()));
        let words = checked.err().map(|too_often| too_often.words());
        assert_eq!(words.unwrap_or_default(), *told, "request {index}");
    }
}

#[test]
fn a_person_who_asks_too_often_waits_and_nobody_else_does() {
    const WAIT: &str =
        "You asked me 2 times within a minute; I am with you again in 30 seconds. Nothing was done.";
    const LESS: &str =
        "You asked me 2 times within a minute; I am with you again in 1 second. Nothing was done.";
    plays(
        &limiter(2, 3, 0),
        &[
            (1, HERE, None, 0, ""),
            (1, HERE, None, 0, ""),
            (1, HERE, None, 0, WAIT),
            // What was refused uses up nobody's room, at the place neither.
            (1, "slack:T1/C2", None, 0, WAIT),
            (2, HERE, None, 0, ""),
            (1, HERE, None, 29, LESS),
            (1, HERE, None, 30, ""),
            (1, HERE, None, 30, WAIT),
        ],
    );
}

#[test]
fn a_place_is_the_channel_with_its_threads() {
    const WAIT: &str =
        "I was asked 2 times within a minute here; I am with you again in 30 seconds. Nothing was done.";
    plays(
        &limiter(0, 2, 0),
        &[
            (1, HERE, None, 0, ""),
            (2, "slack:T1/C1/1.0", None, 0, ""),
            (3, "slack:T1/C1/2.0", None, 0, WAIT),
            (3, "slack:T1/C2", None, 0, ""),
            (3, HERE, None, 60, ""),
        ],
    );
}

#[test]
fn a_project_is_all_of_its_places() {
    const WAIT: &str = "I was asked once within a minute at the places of Apollo; I am with you again in 60 seconds. Nothing was done.";
    plays(
        &limiter(0, 0, 1),
        &[
            (1, HERE, Some("Apollo"), 0, ""),
            (2, "discord:G1/C1", Some("Apollo"), 0, WAIT),
            (2, "discord:G1/C1", Some("Zeus"), 0, ""),
            (2, "discord:G1/C1", None, 0, ""),
        ],
    );
}

#[test]
fn without_limits_everything_is_taken() {
    let asks = [(1, HERE, Some("Apollo"), 0, ""); 500];
    plays(&limiter(0, 0, 0), &asks);
}

#[test]
fn a_clock_that_is_put_back_holds_nobody_up() {
    const WAIT: &str =
        "You asked me once within a minute; I am with you again in 60 seconds. Nothing was done.";
    plays(
        &limiter(1, 0, 0),
        &[
            (1, HERE, None, 3_600, ""),
            (1, HERE, None, 0, WAIT),
            (1, HERE, None, 60, ""),
        ],
    );
}

#[test]
fn who_asks_nothing_for_a_while_is_forgotten() {
    let limiter = limiter(20, 20, 20);
    let place: Place = HERE.parse().unwrap();
    for number in 0..u128::from(SWEEP) - 1 {
        limiter.check(at(0), None, person(number), (&place, None)).ok();
    }
    assert_eq!(limiter.remembered(), SWEEP as usize);
    limiter.check(at(600), None, person(0), (&place, None)).unwrap();
    assert_eq!(limiter.remembered(), 2, "who asked last, and where");
}

#[test]
fn names_of_projects_call_nobody() {
    let too_often = TooOften {
        whose: Whose::Project("@channel".to_owned()),
        limit: 1,
        seconds: 2,
    };
    assert!(
        !too_often.words().contains("of @channel"),
        "{}",
        too_often.words()
    );
}

#[test]
fn what_comes_late_counts_with_what_was_asked_then() {
    let limiter = limiter(2, 0, 0);
    let place: Place = HERE.parse().unwrap();
    let asks = |past: i64| {
        let checked = limiter.check(at(3_600), Some(at(past)), person(1), (&place, None));
        checked.is_ok()
    };
    // Two in each minute, in whatever order they come.
    let asked = [600, 60, 630, 90, 659, 61, 1_200].map(asks);
    assert_eq!(asked, [true, true, true, true, false, false, true]);
    // What is asked now has room of its own.
    assert!(limiter.check(at(3_600), None, person(1), (&place, None)).is_ok());
}
