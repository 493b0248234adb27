//! What messages mean, as a table.

use chrono::DateTime;

use super::meaning::{Facts, Meaning, decide};
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
        Meaning::Stop => "stop",
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
        (Human, Us, THREAD, "stop", strange, "stop"),
        (Human, Nobody, THREAD, "Stop!", talk, "stop"),
        (Human, Nobody, THREAD, "stop", bound, "heard"),
        (Human, Nobody, THREAD, "stop", strange, "not ours"),
        (Human, Others, THREAD, "stop", talk, "heard"),
        (Human, Nobody, THREAD, "stop it", talk, "talk"),
        (Human, Nobody, ISSUE, "stop", talk, "stop"),
        (Human, Nobody, ISSUE, "stop", bound, "heard"),
        (Human, Nobody, "discord:G1/C1", "stop", talk, "heard"),
        (Human, Us, "discord:G1/C1", "stop", talk, "stop"),
        (Bot, Us, THREAD, "stop", talk, "heard"),
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
