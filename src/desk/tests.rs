//! What messages mean, which of them are counted, which run a stop is about, and which turn a message joins, as tables.

use chrono::{DateTime, TimeDelta};
use uuid::Uuid;

use super::limits::{BotTurn, bot_turn, is_counted};
use super::meaning::{Facts, Meaning, decide};
use super::old::{in_words, too_old};
use super::stop::{Choice, Here, choose};
use super::turns::{beside, first_waiting};
use crate::domain::{
    AccountKey, Addressed, Asker, Author, AuthorKind, ConversationId, PersonId, Platform, Posted, RunId,
    TurnId,
};
use crate::store::runs::{NewTurn, Run, RunState, Target, Work};

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
        mentions: Vec::new(),
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
        Meaning::Answer(answer) if answer.approves => "yes",
        Meaning::Answer(_) => "no",
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table, which is best read as a whole")]
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
        (Human, Us, THREAD, "approve 7", strange, "yes"),
        (Human, Nobody, THREAD, "Reject #7 not now", talk, "no"),
        (Human, Nobody, THREAD, "approve 7", bound, "heard"),
        (Human, Us, THREAD, "approve the plan", strange, "talk"),
        (Human, Us, THREAD, "approve foo", strange, "command"),
        (Human, Nobody, THREAD, "reject it", talk, "command"),
        (Human, Us, THREAD, "gates please", strange, "command"),
        (Human, Us, THREAD, "why is the build red?", strange, "talk"),
        (Human, Us, THREAD, "yes, go ahead", talk, "talk"),
        (Human, Nobody, ISSUE, "/approve 7", bound, "yes"),
        (Human, Nobody, ISSUE, "/reject because it rains", bound, "no"),
        (Human, Nobody, ISSUE, "/approve 7", strange, "not ours"),
        (Human, Others, ISSUE, "/approve 7", bound, "heard"),
        (Human, Nobody, ISSUE, "approve 7", bound, "heard"),
        (Bot, Us, THREAD, "approve 7", talk, "heard"),
        (Bot, Us, THREAD, "stop", talk, "heard"),
        (Bot, Us, THREAD, "hello", talk, "heard"),
        (Bot, Us, THREAD, "hello", strange, "not ours"),
        (Ourselves, Us, THREAD, "hello", talk, "ours"),
    ];
    // A bot that is allowed is asked by like a person, but controls nothing; we are never anybody else.
    let allowed = [
        (Bot, Us, THREAD, "hello", strange, "talk"),
        (Bot, Us, THREAD, "status apollo", strange, "command"),
        (Bot, Nobody, THREAD, "and then?", talk, "talk"),
        (Bot, Nobody, THREAD, "built", bound, "heard"),
        (Bot, Nobody, THREAD, "built", strange, "not ours"),
        (Bot, Others, THREAD, "look", talk, "heard"),
        (Bot, Nobody, ISSUE, "coverage is 80 %", talk, "heard"),
        (Human, Us, THREAD, "approve 7", strange, "yes"),
        (Human, Nobody, THREAD, "Reject #7 not now", talk, "no"),
        (Human, Nobody, THREAD, "approve 7", bound, "heard"),
        (Human, Us, THREAD, "approve the plan", strange, "talk"),
        (Human, Us, THREAD, "yes, go ahead", talk, "talk"),
        (Human, Nobody, ISSUE, "/approve 7", bound, "yes"),
        (Human, Nobody, ISSUE, "/reject because it rains", bound, "no"),
        (Human, Nobody, ISSUE, "/approve 7", strange, "not ours"),
        (Human, Others, ISSUE, "/approve 7", bound, "heard"),
        (Human, Nobody, ISSUE, "approve 7", bound, "heard"),
        (Bot, Us, THREAD, "approve 7", talk, "heard"),
        (Bot, Us, THREAD, "stop", talk, "heard"),
        (Bot, Us, THREAD, "stop", strange, "not ours"),
        (Bot, Us, THREAD, "Approve 7 looks fine", talk, "heard"),
        (Bot, Us, ISSUE, "/reject 7", talk, "heard"),
        (Ourselves, Us, THREAD, "hello", talk, "ours"),
        (Ourselves, Nobody, ISSUE, "hello", talk, "ours"),
    ];
    let table = table.map(|row| (row, row.0 == Human)).into_iter();
    let table = table.chain(allowed.map(|row| (row, true)));
    for ((kind, addressed, place, text, (bound, taking_part), expected), may_ask) in table {
        let meaning = decide(
            &posted(kind, addressed, place, text),
            Facts {
                bound,
                taking_part,
                may_ask,
            },
        );
        assert_eq!(
            short(&meaning),
            expected,
            "{kind:?} {addressed:?} {place} {text:?}"
        );
    }
}

#[test]
fn which_requests_are_counted() {
    use Platform::{GitHub, Shell, Slack};
    let command = |line: &str| Work::Command {
        line: line.to_owned(),
    };
    let greeting = || Work::Say {
        text: "I am here.".to_owned(),
    };
    for (platform, work, counted) in [
        (Slack, Work::Talk, true),
        (GitHub, Work::Talk, true),
        (Slack, greeting(), true),
        (Slack, command("status apollo"), true),
        (Slack, command("health"), true),
        (Slack, command("help"), false),
        (Slack, command("help status"), false),
        (Slack, command("Stop!"), false),
        (Slack, command("approve 7"), false),
        (Slack, command("Reject 7 no"), false),
        (GitHub, command("/approve 7"), false),
        (Slack, command("approver list"), true),
        (Shell, Work::Talk, false),
    ] {
        let is = is_counted(platform, &work);
        assert_eq!(is, counted, "{platform:?} {work:?}");
    }
}

#[test]
fn what_becomes_of_another_bots_turn() {
    let at = |seconds| DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
    for (turns, paused_until, expected) in [
        (0, None, BotTurn::Taken),
        (19, None, BotTurn::Taken),
        (20, None, BotTurn::Pauses),
        (21, Some(101), BotTurn::Heard),
        (0, Some(101), BotTurn::Heard),
        (0, Some(100), BotTurn::Taken),
        (20, Some(100), BotTurn::Pauses),
    ] {
        let becomes = bot_turn(turns, paused_until.map(at), at(100));
        assert_eq!(becomes, expected, "{turns} {paused_until:?}");
    }
}

fn person(name: &str) -> PersonId {
    let number = name.bytes().fold(0, |sum, byte| sum * 256 + u128::from(byte));
    PersonId(Uuid::from_u128(number))
}

fn asker(name: &str, place: &str) -> Asker {
    Asker {
        person: person(name),
        account: AccountKey {
            platform: Platform::Slack,
            workspace: "T1".into(),
            user_id: name.into(),
        },
        name: name.into(),
        place: place.parse().unwrap(),
    }
}

fn conversation(number: u128) -> ConversationId {
    ConversationId(Uuid::from_u128(number))
}

/// A run: who asked it, where, in which conversation, when in seconds, and how far it is.
fn run(who: &str, place: &str, number: u128, at: i64, state: RunState) -> Run {
    Run {
        id: RunId::new(),
        turn: TurnId::new(),
        conversation: conversation(number),
        asker: asker(who, place),
        text: format!("{who} at {at}"),
        work: Work::Talk,
        targets: vec![Target {
            place: place.parse().unwrap(),
            heading: String::new(),
            reply: None,
            one_message: false,
        }],
        state,
        doing: String::new(),
        answer: None,
        asked_at: DateTime::UNIX_EPOCH + TimeDelta::seconds(at),
        started_at: None,
        stopped_by: None,
        trusted: true,
    }
}

fn meant(open: &[Run], place: &str, number: Option<u128>, to_us: bool, who: &str) -> String {
    let place = place.parse().unwrap();
    let here = Here {
        place: &place,
        conversation: number.map(conversation),
        to_us,
    };
    match choose(open, here, person(who)) {
        Choice::Nothing => "nothing".to_owned(),
        Choice::Several(count) => format!("{count} of others"),
        Choice::These(runs) => {
            let texts: Vec<String> = runs.into_iter().map(|run| run.text).collect();
            texts.join(", ")
        }
    }
}

#[test]
fn which_run_a_stop_is_about() {
    use RunState::{Queued, Running};
    const ROOT: &str = "slack:T1/C1";
    const FIRST: &str = "slack:T1/C1/1.0";
    const SECOND: &str = "slack:T1/C1/2.0";
    const CROWD: &str = "discord:G1/C1";
    let open = [
        run("ana", FIRST, 1, 1, Running),
        run("ben", FIRST, 1, 2, Queued),
        run("ben", SECOND, 2, 3, Running),
        run("cy", CROWD, 3, 4, Running),
        run("dan", CROWD, 3, 5, Queued),
        run("dan", CROWD, 3, 6, Queued),
    ];
    for (place, number, to_us, who, expected) in [
        // In a thread, what is being worked on there.
        (FIRST, Some(1), true, "ana", "ana at 1"),
        (FIRST, Some(1), true, "ben", "ana at 1"),
        (FIRST, Some(1), true, "eve", "ana at 1"),
        // In the channel and in a thread of its own, the person's own, one of each conversation, begun ones first.
        (ROOT, None, true, "ana", "ana at 1"),
        (ROOT, None, true, "ben", "ben at 3, ben at 2"),
        (ROOT, None, true, "eve", "2 of others"),
        ("slack:T1/C1/9.0", None, true, "ana", "ana at 1"),
        ("slack:T1/C1/9.0", Some(9), false, "ana", "nothing"),
        ("slack:T1/C2", None, true, "ana", "nothing"),
        // Among many, one's own, though it waits; else the only thing.
        (CROWD, Some(3), true, "dan", "dan at 5"),
        (CROWD, Some(3), true, "eve", "cy at 4"),
        (CROWD, Some(3), false, "cy", "nothing"),
    ] {
        let meant = meant(&open, place, number, to_us, who);
        assert_eq!(meant, expected, "{who} at {place}, {number:?}, {to_us}");
    }
    let issue = "github:acme/app#1";
    let open = [run("ana", issue, 4, 1, Running)];
    assert_eq!(meant(&open, issue, Some(4), false, "eve"), "ana at 1");
    // An earlier turn that came late does not hide what is being worked on.
    let open = [run("ben", FIRST, 1, 1, Queued), run("ana", FIRST, 1, 2, Running)];
    assert_eq!(meant(&open, FIRST, Some(1), true, "eve"), "ana at 2");
}

#[test]
fn which_turn_a_message_joins() {
    use RunState::{Queued, Running};
    const HERE: &str = "slack:T1/C1/1.0";
    let mut command = run("ana", HERE, 1, 40, Queued);
    command.work = Work::Command {
        line: "projects".to_owned(),
    };
    let open = [
        run("ana", HERE, 1, 10, Running),
        run("ana", HERE, 1, 20, Queued),
        run("ben", HERE, 1, 30, Queued),
        command,
        run("ana", HERE, 1, 50, Queued),
    ];
    let joins = |who: &str, place: &str, at: i64, work: Work| {
        let asker = asker(who, place);
        let new = NewTurn {
            conversation: conversation(1),
            asker: &asker,
            text: "more",
            asked_at: DateTime::UNIX_EPOCH + TimeDelta::seconds(at),
            work,
            targets: Vec::new(),
            trusted: true,
        };
        beside(&open, &new).map_or_else(|| "none".to_owned(), |run| run.text.clone())
    };
    for (who, at, expected) in [
        ("ana", 5, "none"),
        ("ana", 15, "ana at 20"),
        ("ana", 25, "ana at 20"),
        ("ana", 35, "none"),
        ("ana", 45, "ana at 50"),
        ("ana", 60, "ana at 50"),
        ("ben", 25, "ben at 30"),
        ("ben", 35, "ben at 30"),
        ("ben", 60, "none"),
        ("cy", 25, "none"),
    ] {
        assert_eq!(joins(who, HERE, at, Work::Talk), expected, "{who} at {at}");
    }
    let line = "projects".to_owned();
    assert_eq!(joins("ana", HERE, 25, Work::Command { line }), "none");
    assert_eq!(joins("ana", "slack:T1/C1/2.0", 25, Work::Talk), "none");
    assert_eq!(first_waiting(&open).unwrap().text, "ana at 20");
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
