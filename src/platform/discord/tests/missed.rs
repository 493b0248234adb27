//! From when on a place is read, and what health says about what is not read.

use std::collections::BTreeSet;

use chrono::{TimeDelta, TimeZone, Utc};

use super::super::catch_up::since;
use super::super::json::{first_id, made};
use super::super::standing::{PART, Standing};
use crate::engine::health::{Health, State};
use crate::store::watermarks::Watermark;

#[test]
fn a_place_is_read_from_ten_minutes_before_its_watermark_and_never_before_its_first() {
    let start = Utc.with_ymd_and_hms(2026, 11, 22, 9, 0, 0).unwrap();
    let at = |minute: i64| first_id(start + TimeDelta::minutes(minute));
    // First message, newest message, and the minute after which is read.
    for (first, last, expected) in [(0, 60, 50), (0, 10, 0), (55, 60, 55)] {
        let mark = Watermark {
            place: "discord:1/2".parse().unwrap(),
            first_id: at(first),
            last_id: at(last) + 5,
        };
        let read = since(&mark);
        // The first message itself is among what is read.
        assert!(read < at(first).max(at(expected)) + 1, "{first} {last}");
        let moment = made(&(read + 1).to_string()).unwrap();
        assert!(
            (moment - start - TimeDelta::minutes(expected)).abs() < TimeDelta::seconds(1),
            "{first} {last}"
        );
    }
}

#[test]
fn health_tells_what_is_written_late_and_what_is_not_read() {
    let (health, standing) = (Health::default(), Standing::default());
    let told = || {
        let part = health.parts().remove(PART).unwrap();
        let (_, notes) = part.detail.split_once("1 server").unwrap();
        (part.state, notes.to_owned())
    };
    standing.up(&health, "pm", "1", BTreeSet::from(["1".to_owned()]));
    assert_eq!(told(), (State::Ok, String::new()));
    standing.behind(&health, Some("the database fails"));
    assert_eq!(told(), (State::Degraded, "; behind: the database fails".into()));
    standing.behind(&health, None);
    standing.capped(&health, "#apollo", true);
    let capped = "; after the last pause, not everything said in #apollo was read";
    assert_eq!(told(), (State::Ok, capped.into()));
    standing.capped(&health, "#apollo", false);
    assert_eq!(told(), (State::Ok, String::new()));
}
