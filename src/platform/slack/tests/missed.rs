//! From when on a place is read, and what is said about one that cannot be read.

use super::super::catch_up::{Missed, number, since, ts, unreadable};
use super::super::client::Trouble;
use crate::store::watermarks::Watermark;

#[test]
fn a_ts_is_a_number_and_back() {
    for text in ["1795338000.000100", "1795338000.999999", "0.000001"] {
        assert_eq!(ts(number(text).unwrap()), text);
    }
    assert_eq!(number("1795338000"), number("1795338000.000000"));
    assert_eq!(
        (number("soon"), number(""), ts(-5)),
        (None, None, "0.000000".into())
    );
}

#[test]
fn a_channel_is_read_from_ten_minutes_before_its_watermark_and_never_before_its_first() {
    let minute = 60_000_000;
    let table = [(0, 0, 0), (0, 30, 20), (0, 9, 0), (25, 30, 25)];
    for (first, last, expected) in table {
        let mark = Watermark {
            place: "slack:T1/C1".parse().unwrap(),
            first_id: first * minute,
            last_id: last * minute,
        };
        assert_eq!(since(&mark), expected * minute, "{first} {last}");
    }
}

#[test]
fn what_slack_does_not_let_us_read_is_said_with_what_to_do() {
    let refused = |error: &str, needed: Option<&str>| Trouble::Refused {
        error: error.into(),
        needed: needed.map(str::to_owned),
    };
    let table = [
        (
            refused("missing_scope", Some("groups:history")),
            Some("groups:history"),
        ),
        (refused("missing_scope", None), Some("channels:history")),
        (refused("not_in_channel", None), Some("invite me")),
        (refused("is_archived", None), Some("Slack says is_archived")),
        (refused("internal_error", None), None),
        (Trouble::Busy(None), None),
        (Trouble::Status(503, None), None),
        (Trouble::Lost("broke".into()), None),
    ];
    for (trouble, part) in table {
        let said = unreadable(&trouble);
        let fits = match part {
            Some(part) => said.as_ref().is_some_and(|said| said.contains(part)),
            None => said.is_none(),
        };
        assert!(fits, "{trouble:?}: {said:?}");
    }
}

#[test]
fn a_gap_that_begins_while_another_is_read_is_read_too() {
    let missed = Missed::default();
    assert!(missed.is_behind(), "whoever starts was away");
    let before = missed.gaps();
    missed.begin();
    missed.caught_up(before);
    assert!(missed.is_behind());
    missed.caught_up(missed.gaps());
    assert!(!missed.is_behind());
}
