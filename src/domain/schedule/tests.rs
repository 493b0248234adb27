//! What cron expressions mean, and what the nights on which clocks change make of them.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, TimeZone, Utc};
use proptest::prelude::*;

use super::{Rule, RuleError, zone};

fn utc(text: &str) -> DateTime<Utc> {
    format!("{text}:00Z").parse().unwrap()
}

/// The due times after a moment, as the hours and minutes of UTC, the day before the first of each day.
fn due(zone: &str, cron: &str, after: &str, count: usize) -> String {
    let rule = Rule::parse(cron, zone).unwrap();
    let mut at = utc(after);
    let mut day = String::new();
    let mut words = Vec::new();
    for _ in 0..count {
        at = rule.next(at).unwrap();
        let this = at.format("%d").to_string();
        if this != day {
            words.push(format!("{this}:"));
            day = this;
        }
        words.push(at.format("%H:%M").to_string());
    }
    words.join(" ")
}

#[test]
fn nights_on_which_the_clock_is_set_forward() {
    let (berlin, york, howe) = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe");
    let table = [
        // 29 March 2026: 02:00 CET is 03:00 CEST, at 01:00 UTC.
        (
            berlin,
            "30 2 * * *",
            "2026-03-27T12:00",
            "28: 01:30 29: 01:00 30: 00:30",
        ),
        (
            berlin,
            "0 3 * * *",
            "2026-03-27T12:00",
            "28: 02:00 29: 01:00 30: 01:00",
        ),
        (
            berlin,
            "0 9 * * *",
            "2026-03-27T12:00",
            "28: 08:00 29: 07:00 30: 07:00",
        ),
        (berlin, "0 * * * *", "2026-03-28T23:30", "29: 00:00 01:00 02:00"),
        (
            berlin,
            "*/30 * * * *",
            "2026-03-29T00:00",
            "29: 00:30 01:00 01:30",
        ),
        // 8 March 2026: 02:00 EST is 03:00 EDT, at 07:00 UTC.
        (
            york,
            "30 2 * * *",
            "2026-03-07T00:00",
            "07: 07:30 08: 07:00 09: 06:30",
        ),
        (york, "0 * * * *", "2026-03-08T05:30", "08: 06:00 07:00 08:00"),
        (york, "*/30 * * * *", "2026-03-08T06:00", "08: 06:30 07:00 07:30"),
        // 4 October 2026: 02:00 at +10:30 is 02:30 at +11:00, at 15:30 UTC of the day before.
        (
            howe,
            "15 2 * * *",
            "2026-10-02T00:00",
            "02: 15:45 03: 15:30 04: 15:15",
        ),
        (howe, "0 * * * *", "2026-10-03T14:00", "03: 14:30 15:30 16:00"),
        (howe, "*/30 * * * *", "2026-10-03T14:40", "03: 15:00 15:30 16:00"),
    ];
    for (zone, cron, after, expected) in table {
        let count = expected.split(' ').filter(|word| word.len() == 5).count();
        assert_eq!(due(zone, cron, after, count), expected, "{zone} {cron}");
    }
}

#[test]
fn nights_on_which_the_clock_is_set_back() {
    let (berlin, york, howe) = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe");
    let table = [
        // 25 October 2026: 03:00 CEST is 02:00 CET, at 01:00 UTC.
        (
            berlin,
            "30 2 * * *",
            "2026-10-24T00:00",
            "24: 00:30 25: 00:30 26: 01:30",
        ),
        (berlin, "30 2 * * sun", "2026-10-24T00:00", "25: 00:30 01: 01:30"),
        (
            berlin,
            "0 3 * * *",
            "2026-10-24T00:00",
            "24: 01:00 25: 02:00 26: 02:00",
        ),
        (berlin, "0 * * * *", "2026-10-24T23:30", "25: 00:00 01:00 02:00"),
        (
            berlin,
            "*/30 * * * *",
            "2026-10-24T23:45",
            "25: 00:00 00:30 01:00 01:30 02:00",
        ),
        // 1 November 2026: 02:00 EDT is 01:00 EST, at 06:00 UTC.
        (
            york,
            "30 1 * * *",
            "2026-10-31T00:00",
            "31: 05:30 01: 05:30 02: 06:30",
        ),
        (york, "0 * * * *", "2026-11-01T04:30", "01: 05:00 06:00 07:00"),
        (
            york,
            "*/30 * * * *",
            "2026-11-01T04:45",
            "01: 05:00 05:30 06:00 06:30 07:00",
        ),
        // 5 April 2026: 02:00 at +11:00 is 01:30 at +10:30, at 15:00 UTC of the day before.
        (
            howe,
            "45 1 * * *",
            "2026-04-03T00:00",
            "03: 14:45 04: 14:45 05: 15:15",
        ),
        (howe, "0 * * * *", "2026-04-04T13:30", "04: 14:00 15:30 16:30"),
        (
            howe,
            "*/30 * * * *",
            "2026-04-04T13:45",
            "04: 14:00 14:30 15:00 15:30 16:00",
        ),
    ];
    for (zone, cron, after, expected) in table {
        let count = expected.split(' ').filter(|word| word.len() == 5).count();
        assert_eq!(due(zone, cron, after, count), expected, "{zone} {cron}");
    }
}

/// The days of the weeks from Sunday 1 November 2026 on which a rule is due at midnight, UTC.
fn days(cron: &str) -> String {
    let rule = Rule::parse(cron, "UTC").unwrap();
    let (mut at, end) = (utc("2026-10-31T23:59"), utc("2026-11-15T23:59"));
    let mut days = Vec::new();
    while let Some(next) = rule.next(at).filter(|next| *next <= end) {
        days.push(next.day().to_string());
        at = next;
    }
    days.join(" ")
}

#[test]
fn expressions_mean_what_cron_means() {
    let table = [
        ("0 0 * * 0", "1 8 15"),
        ("0 0 * * 7", "1 8 15"),
        ("0 0 * * sun", "1 8 15"),
        ("0 0 * * Monday", "2 9"),
        ("0 0 * * 1-5", "2 3 4 5 6 9 10 11 12 13"),
        ("0 0 * * MON-FRI", "2 3 4 5 6 9 10 11 12 13"),
        ("0 0 * * fri-mon", "1 2 6 7 8 9 13 14 15"),
        ("0 0 * * 5-7", "1 6 7 8 13 14 15"),
        ("0 0 * * */2", "1 3 5 7 8 10 12 14 15"),
        ("0 0 * * 0-7", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15"),
        ("0 0 3,5 * *", "3 5"),
        ("0 0 10/2 * *", "10 12 14"),
        ("0 0 1-9/4 nov *", "1 5 9"),
        // Both day fields say something: either counts.
        ("0 0 3 * mon", "2 3 9"),
        // One begins with a star: both must fit.
        ("0 0 */2 * mon", "9"),
        ("@weekly", "1 8 15"),
        ("@monthly", "1"),
        ("@daily", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15"),
        ("0 0 * 12 *", ""),
    ];
    for (cron, expected) in table {
        assert_eq!(days(cron), expected, "{cron}");
    }
    assert_eq!(due("UTC", "@hourly", "2026-11-22T09:00", 2), "22: 10:00 11:00");
    assert_eq!(
        due("UTC", "5-59/20 9-10 * * *", "2026-11-22T09:00", 4),
        "22: 09:05 09:25 09:45 10:05"
    );
    assert_eq!(due("UTC", "0 12 29 2 *", "2026-11-22T09:00", 1), "29: 12:00");
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table, which is best read as a whole")]
fn what_is_wrong_is_said() {
    let wrong = |cron: &str, zone: &str| Rule::parse(cron, zone).unwrap_err().to_string();
    let table = [
        (
            "0 9 * *",
            "it has 4 fields, and I read five: minute, hour, day of the month, month, weekday",
        ),
        (
            "0 0 9 * * mon",
            "it has 6 fields, and I read five: minute, hour, day of the month, month, weekday",
        ),
        (
            "",
            "it has 0 fields, and I read five: minute, hour, day of the month, month, weekday",
        ),
        (
            "@reboot",
            "I do not know `@reboot`; I know @hourly, @daily, @weekly, @monthly and @yearly",
        ),
        ("61 9 * * *", "the minute `61` is not between 0 and 59"),
        ("0 9am * * *", "the hour `9am` is no number from 0 to 23"),
        ("0 9 0 * *", "the day of the month `0` is not between 1 and 31"),
        (
            "0 9 * * fryday",
            "the weekday `fryday` is no number from 0 to 7 or a name from sun to sat",
        ),
        ("0 9 * 13 *", "the month `13` is not between 1 and 12"),
        (
            "0 17-9 * * *",
            "the hour `17-9` runs backwards; write the smaller one first: 9-17",
        ),
        (
            "*/0 9 * * *",
            "the minute `*/0` has a step that is no number above 0",
        ),
        (
            "0 9 * * ?",
            "the weekday `?` is no number from 0 to 7 or a name from sun to sat",
        ),
        ("0, 9 * * *", "the minute `0,` is no number from 0 to 59"),
        ("0 9 30 2 *", "there is no such day in any year"),
        (
            "* * * * *",
            "two of its times are 1 min apart, and there must be at least 5 min between two",
        ),
        (
            "58,0 * * * *",
            "two of its times are 2 min apart, and there must be at least 5 min between two",
        ),
        (
            "1,59 0,23 * * *",
            "two of its times are 2 min apart, and there must be at least 5 min between two",
        ),
    ];
    for (cron, expected) in table {
        assert_eq!(wrong(cron, "UTC"), expected, "{cron}");
    }
    for (zone, near) in [
        ("Berlin", "Europe/Berlin"),
        ("Europe/Berlln", "Europe/Berlin"),
        ("new york", "America/New_York"),
    ] {
        let expected = format!("I do not know the time zone `{zone}`; the nearest I know is `{near}`");
        assert_eq!(wrong("@daily", zone), expected);
    }
    assert_eq!(
        Rule::parse("@DAILY", "europe/berlin").unwrap().zone(),
        "Europe/Berlin"
    );
    assert_eq!(
        RuleError::Never.explain("0 9 30 2 *").to_string(),
        "I could not read `0 9 30 2 *` as times: there is no such day in any year. Write five fields (minute, hour, day, \
         month, weekday), for example `0 9 * * mon-fri` for 09:00 on working days, or `@daily`."
    );
}

#[test]
fn what_was_missed_is_found() {
    let rule = Rule::parse("0 9 * * mon-fri", "Europe/Berlin").unwrap();
    let table = [
        ("2026-11-20T07:59", "2026-11-20T08:00", Some("2026-11-20T08:00")),
        ("2026-11-20T08:00", "2026-11-22T09:00", None),
        ("2026-11-17T00:00", "2026-11-22T09:00", Some("2026-11-20T08:00")),
        ("2006-11-17T00:00", "2026-11-22T09:00", Some("2026-11-20T08:00")),
    ];
    for (after, until, expected) in table {
        assert_eq!(
            rule.latest(utc(after), utc(until)),
            expected.map(utc),
            "{after} {until}"
        );
    }
    let yearly = Rule::parse("@yearly", "UTC").unwrap();
    assert_eq!(
        yearly.latest(utc("2020-01-01T00:00"), utc("2026-11-22T09:00")),
        Some(utc("2026-01-01T00:00"))
    );
}

#[test]
fn moments_are_said_in_the_zone() {
    let rule = Rule::parse("@hourly", "Europe/Berlin").unwrap();
    assert_eq!(
        rule.words(utc("2026-11-23T08:00")),
        "Mon 23 Nov 2026, 09:00 Europe/Berlin"
    );
    assert_eq!(
        rule.words(utc("2026-10-25T00:30")),
        "Sun 25 Oct 2026, 02:30 Europe/Berlin (UTC+02:00)"
    );
    assert_eq!(
        rule.words(utc("2026-10-25T01:30")),
        "Sun 25 Oct 2026, 02:30 Europe/Berlin (UTC+01:00)"
    );
}

/// Zones of every kind: half hours, changes at midnight and before it, in both halves of the year, and none.
const ZONES: [&str; 11] = [
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Europe/Dublin",
    "America/St_Johns",
    "Pacific/Chatham",
    "Africa/Cairo",
    "America/Nuuk",
    "America/Santiago",
    "Antarctica/Troll",
    "Asia/Kolkata",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_daily_rule_is_due_once_a_day(zone in 0..ZONES.len(), hour in 0_u32..24, minute in 0_u32..60, year in 2024_i32..2036) {
        let rule = Rule::parse(&format!("{minute} {hour} * * *"), ZONES[zone]).unwrap();
        let first = NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
        let mut at = zone::moments(rule.zone, first.and_hms_opt(0, 0, 0).unwrap()).unwrap().0 - TimeDelta::minutes(1);
        for date in first.iter_days().take_while(|date| date.year() == year) {
            let next = rule.next(at).unwrap();
            prop_assert!(next > at);
            // Due at its wall-clock time, or later by the gap that skips it.
            let late = next.with_timezone(&rule.zone).naive_local() - date.and_hms_opt(hour, minute, 0).unwrap();
            prop_assert!(late >= TimeDelta::zero() && late <= TimeDelta::hours(2), "{date} {next} {late}");
            if late > TimeDelta::zero() {
                let wall = date.and_hms_opt(hour, minute, 0).unwrap();
                prop_assert!(rule.zone.from_local_datetime(&wall).earliest().is_none(), "{wall} exists");
            }
            at = next;
        }
        let end = NaiveDate::from_ymd_opt(year + 1, 1, 1).unwrap();
        prop_assert_eq!(rule.latest(at - TimeDelta::days(1), at), Some(at));
        prop_assert!(rule.next(at).unwrap().with_timezone(&rule.zone).date_naive() >= end);
    }

    #[test]
    fn due_times_only_grow(zone in 0..ZONES.len(), step in 5_u32..60, day in 0_i64..4000) {
        let rule = Rule::parse(&format!("*/{step} * * * *"), ZONES[zone]);
        prop_assume!(rule.is_ok());
        let rule = rule.unwrap();
        let mut at = utc("2024-01-01T00:00") + TimeDelta::days(day);
        for _ in 0..60 {
            let next = rule.next(at).unwrap();
            prop_assert!(next > at && next - at <= TimeDelta::hours(2), "{at} {next}");
            at = next;
        }
    }
}
