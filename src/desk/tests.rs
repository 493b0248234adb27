//! What messages mean, as a table.

use chrono::{DateTime, TimeDelta};

use super::meaning::{Facts, Meaning, decide};
use super::old::{in_words, too_old};
use crate::domain::{AccountKey, Addressed, Author, AuthorKind, Platform, Posted};
use crate::store::runs::Work;

fn posted(kind: AuthorKind, addressed: Addressed, place: &str, text: &str) -> Posted {
    let account = AccountKey {
        platform: Platform::Slack,
        workspace: "T1".into(),
        user_id: "U1".into(),
    };
    Posted {
        place: place.parse().unwrap(),
        external_id: "1".into(),
        author: Author {
            account,
            name: "ana".into(),
            kind,
        },
        text: text.into(),
        addressed,
        mark: None,
        reply: None,
        at: DateTime::UNIX_EPOCH,
    }
}

fn short(meaning: &Meaning) -> &'static str {
    match meaning {
        Meaning::Ours => "ours",
        Meaning::NotOurs(_) => "not ours",
        Meaning::Heard => "heard",
        Meaning::Request(Work::Talk) => "talk",
        Meaning::Request(Work::Command { .. }) => "command",
        Meaning::Request(Work::Say { .. }) => "greeting",
    }
}

#[test]
fn what_messages_mean() {
    use Addressed::{Nobody, Others, Us};
    use AuthorKind::{Bot, Human, Ourselves};
    const THREAD: &str = "slack:T1/C1/1.0";
    const ISSUE: &str = "github:acme/app#1";
    let (strange, bound, talk) = ((false, false), (true, false), (true, true));
    let table = [
        (Human, Us, THREAD, "what is up?", strange, "talk"),
        (Human, Us, THREAD, "status apollo", strange, "command"),
        (Human, Us, THREAD, "", strange, "greeting"),
        (Human, Us, THREAD, "👍", talk, "greeting"),
        (Human, Nobody, THREAD, "and then?", talk, "talk"),
        (Human, Nobody, THREAD, "👍", talk, "heard"),
        (Human, Others, THREAD, "what do you say?", talk, "heard"),
        (Human, Nobody, THREAD, "lunch?", bound, "heard"),
        (Human, Nobody, THREAD, "lunch?", strange, "not ours"),
        (Human, Nobody, ISSUE, "I agree", talk, "heard"),
        (Human, Us, ISSUE, "close this", bound, "talk"),
        (Bot, Us, THREAD, "hello", talk, "heard"),
        (Bot, Us, THREAD, "hello", strange, "not ours"),
        (Ourselves, Us, THREAD, "hello", talk, "ours"),
    ];
    for (kind, addressed, place, text, (bound, taking_part), expected) in table {
        let meaning = decide(
            &posted(kind, addressed, place, text),
            Facts { bound, taking_part },
        );
        assert_eq!(
            short(&meaning),
            expected,
            "{kind:?} {addressed:?} {place} {text:?}"
        );
    }
}

#[test]
fn what_is_too_old_to_be_done_unasked() {
    let talk = || Work::Talk;
    let command = |line: &str| Work::Command { line: line.into() };
    let again = "again 0190a1b2-0000-7000-8000-000000000001";
    let say = || Work::Say { text: "hello".into() };
    let hour = Some(60);
    // Platform, work, minutes from the question to the first work on it (none: not begun), what is allowed.
    let table = [
        (Platform::Slack, talk(), Some(180), hour, Some("3 hours")),
        (Platform::GitHub, talk(), Some(61), hour, Some("1 hour")),
        (
            Platform::Discord,
            command("status"),
            Some(90),
            hour,
            Some("1 hour"),
        ),
        (Platform::Slack, talk(), Some(4 * 24 * 60), hour, Some("4 days")),
        (Platform::Slack, talk(), Some(6), Some(5), Some("6 minutes")),
        (Platform::Slack, talk(), Some(60), hour, None),
        (Platform::Slack, talk(), Some(0), hour, None),
        // Their clock may be ahead of ours.
        (Platform::Slack, talk(), Some(-5), hour, None),
        (Platform::Slack, talk(), None, hour, None),
        (Platform::Slack, talk(), Some(180), None, None),
        (Platform::Slack, command("again"), Some(180), hour, None),
        (Platform::Slack, command(again), Some(180), hour, None),
        (Platform::Slack, say(), Some(180), hour, None),
        (Platform::Shell, talk(), Some(180), hour, None),
    ];
    for (platform, work, minutes, allowed, expected) in table {
        let asked = DateTime::UNIX_EPOCH;
        let started = minutes.map(|minutes| asked + TimeDelta::minutes(minutes));
        let allowed = allowed.map(TimeDelta::minutes);
        let age = too_old(platform, &work, asked, started, allowed);
        assert_eq!(
            age.map(in_words).as_deref(),
            expected,
            "{platform:?} {work:?} {minutes:?} {allowed:?}"
        );
    }
}
