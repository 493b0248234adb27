//! What reaches the agent, what is a command, and what is nearly one.

use super::super::{Call, Command};

/// What a line is, in words, where we were called by name.
fn read(line: &str) -> String {
    read_by(line, Call::Name)
}

fn read_by(line: &str, call: Call) -> String {
    match Command::read(line, call) {
        None => "sentence".to_owned(),
        Some(Command::Unknown { typed, nearest }) => format!("{typed} -> {nearest}"),
        Some(Command::Mistaken { command, why }) => format!("{command}: {why}"),
        Some(_) => "command".to_owned(),
    }
}

#[test]
fn sentences_reach_the_agent() {
    for line in [
        "show me the status",
        "issue a refund note please",
        "issue an apology to acme",
        "search for a nice restaurant",
        "search the web for cats",
        "project plan for Q3?",
        "project plan",
        "project new to the team?",
        "project set to launch on Monday",
        "project show is on Friday",
        "issue label colours are ugly",
        "issue assign it to bob please",
        "issue list for apollo please",
        "issue close to the deadline again?",
        "issue #12",
        "issue 12 is a duplicate",
        "pr list is too long",
        "status of Apollo please",
        "projects done?",
        "stop the rocket",
        "help me please",
        "help status please",
        "link it to the other issue",
        "claim it",
        "role of the dice",
        "unlink them please",
        "police report",
        "health is important",
        "budget for Apollo please",
        "schedule a meeting with Bob",
        "foo",
        "thanks!",
        "hello",
        "hello there",
        "yes",
        "why not?",
        "protect main",
        "products",
        "statue",
        "shop",
        "step two",
        "held back",
        "stats apollo by the way is broken",
        "stauts of apollo",
        "can you give me the stauts",
        "the serach is slow",
        "",
    ] {
        assert_eq!(read(line), "sentence", "{line}");
    }
}

#[test]
fn what_is_nearly_a_command_gets_the_nearest_one() {
    let table = [
        ("stauts", "stauts -> status"),
        ("stauts apollo", "stauts -> status"),
        ("Statsu Apollo?", "statsu -> status"),
        ("statuss", "statuss -> status"),
        ("stats", "stats -> status"),
        ("sotp", "sotp -> stop"),
        ("hlep", "hlep -> help"),
        ("helth", "helth -> health"),
        ("bugdet apollo", "bugdet -> budget"),
        ("projcets", "projcets -> projects"),
        ("prs", "prs -> pr"),
        ("issues", "issues -> issue"),
        ("isseu list", "isseu -> issue"),
        ("isue list", "isue -> issue"),
        ("gats", "gats -> gates"),
        ("polciy apollo", "polciy -> policy"),
        ("role grnat @ana owner", "role grnat -> role grant"),
        ("serach login fails", "serach -> search"),
        ("shedule list", "shedule -> schedule"),
        ("schedules", "schedules -> schedule"),
        ("issue clsoe 12", "issue clsoe -> issue close"),
        ("issue asign #12 cy", "issue asign -> issue assign"),
        ("issue lists", "issue lists -> issue list"),
        ("project archvie apollo", "project archvie -> project archive"),
        ("pr shwo 21", "pr shwo -> pr show"),
        ("schedule ad apollo @daily", "sentence"),
        ("stauts apollo web frontend", "sentence"),
    ];
    for (line, expected) in table {
        assert_eq!(read(line), expected, "{line}");
    }
}

#[test]
fn what_can_only_be_meant_as_a_command_is_told_what_is_wrong() {
    let table = [
        ("issue new", "issue new: something is missing after it"),
        (
            "issue new Login fails",
            "issue new: I do not know what `fails` means there; what has several words is quoted",
        ),
        (
            "issue comment #12 works fine",
            "issue comment: I do not know what `fine` means there; what has several words is quoted",
        ),
        ("issue label #12", "command"),
        ("issue label", "issue label: something is missing after it"),
        (
            "issue list --state opne",
            "issue list: `--state` cannot be `opne`, only one of open, closed, all",
        ),
        ("issue list --page 0", "issue list: a page has a number, from 1"),
        (
            "issue list --page",
            "issue list: a value is missing after `--page`",
        ),
        ("projects --page x", "projects: a page has a number, from 1"),
        ("projects --pge 2", "projects: there is no option `--pge`"),
        (
            "project set apollo --status dnoe",
            "project set: `--status` cannot be `dnoe`, only one of planned, active, on-hold, done, archived",
        ),
        ("project set apollo —status “On Hold”", "command"),
        ("project set apollo --status finished", "command"),
        (
            "project show apollo web",
            "project show: I do not know what `web` means there; what has several words is quoted",
        ),
        ("project new", "project new: something is missing after it"),
        ("project new 'Apollo", "project new: a quote is not closed"),
        (
            "pr show 1 2",
            "pr show: I do not know what `2` means there; what has several words is quoted",
        ),
        ("search", "search: something is missing after it"),
        ("claim?", "claim: something is missing after it"),
        (
            "role grant @ana king",
            "role grant: `role` cannot be `king`, only one of viewer, member, maintainer, owner",
        ),
        ("help issue shut", "command"),
        (
            "search login --in mail",
            "search: `--in` cannot be `mail`, only one of issues, messages",
        ),
        ("search login fails", "command"),
        ("search \"for sale\"", "command"),
        ("issue", "command"),
        ("Project", "command"),
    ];
    for (line, expected) in table {
        assert_eq!(read(line), expected, "{line}");
    }
}

#[test]
fn a_wrong_use_of_a_command_is_no_sentence() {
    const NUMBER: &str = "the question comes first, by its number, and then why";
    let unknown =
        |word: &str| format!("I do not know what `{word}` means there; what has several words is quoted");
    let sentence = || "sentence".to_owned();
    let wrong = |command: &str, why: &str| format!("{command}: {why}");
    // In a talk that goes on, by our name, by the slash command.
    let everywhere = |line, is: String| (line, [is.clone(), is.clone(), is]);
    let called = |line, is: String| (line, [sentence(), is.clone(), is]);
    let slashed = |line, is: String| (line, [sentence(), sentence(), is]);
    let table = [
        everywhere("reject foo", wrong("reject", NUMBER)),
        everywhere("approve foo", wrong("approve", NUMBER)),
        everywhere("Approve it!", wrong("approve", NUMBER)),
        everywhere("reject this please", wrong("reject", NUMBER)),
        everywhere("reject not now", wrong("reject", NUMBER)),
        everywhere("gates please", wrong("gates", &unknown("please"))),
        everywhere("health now", wrong("health", &unknown("now"))),
        everywhere("stop please", wrong("stop", &unknown("please"))),
        everywhere("projects again, please", wrong("projects", &unknown("again,"))),
        everywhere("whoami please", wrong("whoami", &unknown("please"))),
        everywhere("gates --pge 2", wrong("gates", "there is no option `--pge`")),
        called("gates foo", wrong("gates", &unknown("foo"))),
        called("health zzz", wrong("health", &unknown("zzz"))),
        called(
            "why zzz",
            wrong("why", "it is neither a link to a message nor the id of a run"),
        ),
        slashed(
            "why zzz?",
            wrong("why", "it is neither a link to a message nor the id of a run"),
        ),
        everywhere("why is the build red?", sentence()),
        everywhere("status of Apollo please", sentence()),
        slashed("approve the plan", wrong("approve", NUMBER)),
        slashed("reject all issues of eve", wrong("reject", NUMBER)),
        slashed("projects done?", wrong("projects", &unknown("done"))),
        everywhere("health is important", sentence()),
        everywhere("issue close to the deadline again?", sentence()),
        everywhere("issue label colours are ugly", sentence()),
        slashed("issue #12", wrong("issue", "there is no such command")),
        everywhere("stop the rocket", sentence()),
        everywhere("claim it", sentence()),
        slashed("status don't know", wrong("status", "a quote is not closed")),
        // What only looks is done.
        slashed("search for a nice restaurant", "command".to_owned()),
        slashed("help me please", "command".to_owned()),
        // Not a command's word, whatever the call.
        everywhere("what is the status of Apollo?", sentence()),
        everywhere("stauts of apollo", sentence()),
        everywhere("approved by Ben, I think", sentence()),
        everywhere("don't do that", sentence()),
        everywhere("thanks!", sentence()),
    ];
    for (line, expected) in table {
        let read = [Call::Talk, Call::Name, Call::Slash].map(|call| read_by(line, call));
        assert_eq!(read, expected, "{line}");
    }
}

#[test]
fn what_is_a_command_stays_the_same_one() {
    for line in [
        "status",
        "status apollo",
        "stauts apollo",
        "gates please",
        "why zzz",
        "reject foo",
        "issue new Login fails",
        "search login fails",
        "search for cats",
        "help me",
        "issue #12",
        "hello",
        "project set to launch on Monday",
    ] {
        let [talk, name, slash] = [Call::Talk, Call::Name, Call::Slash].map(|call| Command::read(line, call));
        assert!(talk.is_none() || talk == name, "{line}");
        assert!(name.is_none() || name == slash, "{line}");
    }
}
