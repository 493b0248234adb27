//! What is a command and what is a sentence, and that every command has its help.

use clap::CommandFactory;

use super::schedules::Wanted;
use super::{Command, ScheduleCommand, ScheduleKey, help};

fn said(path: &[String]) -> String {
    help(path, "/pm").unwrap_or_else(|error| error.to_string())
}

#[test]
fn the_grammar_holds_together() {
    Command::command().debug_assert();
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table, which is best read as a whole")]
fn lines_that_are_commands_and_lines_that_are_sentences() {
    let status = |project: &str| {
        Some(Command::Status {
            project: Some(project.to_owned()),
        })
    };
    let schedule = |command| {
        Some(Command::Schedule {
            command: Some(command),
        })
    };
    let table = [
        ("status", Some(Command::Status { project: None })),
        ("Stop!", Some(Command::Stop)),
        ("stop the rocket", None),
        ("status apollo", status("apollo")),
        ("Status Apollo?", status("Apollo")),
        ("status “Apollo Web”", status("Apollo Web")),
        ("status\u{A0}apollo", status("apollo")),
        ("projects", Some(Command::Projects)),
        ("health", Some(Command::Health)),
        (
            "help status",
            Some(Command::Help {
                command: vec!["status".to_owned()],
            }),
        ),
        (
            "help schedule add",
            Some(Command::Help {
                command: vec!["schedule".to_owned(), "add".to_owned()],
            }),
        ),
        ("help me please", None),
        ("schedule", Some(Command::Schedule { command: None })),
        ("schedule list", schedule(ScheduleCommand::List { project: None })),
        (
            "schedule next #3",
            schedule(ScheduleCommand::Next {
                number: Some(ScheduleKey::Number(3)),
            }),
        ),
        (
            "Schedule remove 3.",
            schedule(ScheduleCommand::Remove {
                number: ScheduleKey::Number(3),
            }),
        ),
        (
            "schedule add apollo “0 9 * * mon-fri” —zone Europe/Berlin",
            schedule(ScheduleCommand::Add {
                project: Some("apollo".to_owned()),
                when: vec!["0 9 * * mon-fri".to_owned()],
                zone: Some("Europe/Berlin".to_owned()),
                place: None,
            }),
        ),
        ("schedule a meeting with Bob", None),
        ("status of Apollo please", None),
        ("what is the state of Apollo?", None),
        ("help me with the login", None),
        ("don't do that", None),
        ("", None),
        ("--version", None),
    ];
    for (line, expected) in table {
        assert_eq!(Command::parse(line), expected, "{line:?}");
    }
}

#[test]
fn a_mistaken_schedule_is_no_sentence() {
    let mistaken = |command: &'static str, why: &str| {
        Some(Command::Mistaken {
            command,
            why: why.to_owned(),
        })
    };
    let table = [
        (
            "schedule add apollo @daily --zon UTC",
            "schedule add",
            "there is no option `--zon`",
        ),
        (
            "schedule add apollo @daily --zone",
            "schedule add",
            "a value is missing after `--zone`",
        ),
        (
            "schedule add apollo '0 9",
            "schedule add",
            "a quote is not closed",
        ),
        (
            "schedule next monday",
            "schedule next",
            "a schedule has a number, like 3",
        ),
        (
            "Schedule remove",
            "schedule remove",
            "something is missing after it",
        ),
        (
            "schedule list apollo zeus",
            "schedule list",
            "I do not know what `zeus` means there",
        ),
        ("schedule apollo", "schedule", "there is no such command"),
    ];
    for (line, command, why) in table {
        assert_eq!(Command::parse(line), mistaken(command, why), "{line}");
    }
}

#[test]
fn the_words_of_a_schedule_are_sorted() {
    let read = |line: &str| {
        let words = super::words(line).unwrap();
        Wanted::read(&words)
            .map_err(|error| error.to_string())
            .map(|wanted| {
                [wanted.project, Some(wanted.cron), wanted.zone, wanted.place]
                    .map(|part| part.unwrap_or_else(|| "-".to_owned()))
                    .join(" | ")
            })
    };
    let table = [
        (
            "apollo '0 9 * * mon-fri' Europe/Berlin",
            "apollo | 0 9 * * mon-fri | Europe/Berlin | -",
        ),
        (
            "apollo 0 9 * * mon-fri Europe/Berlin",
            "apollo | 0 9 * * mon-fri | Europe/Berlin | -",
        ),
        (
            "apollo 0 9 * * mon-fri #general UTC",
            "apollo | 0 9 * * mon-fri | UTC | #general",
        ),
        ("@daily", "- | @daily | - | -"),
        (
            "@daily Europe/Berlin acme/app#12",
            "- | @daily | Europe/Berlin | acme/app#12",
        ),
        ("*/30 9-17 * * *", "- | */30 9-17 * * * | - | -"),
        ("'0 9 * *'", "- | 0 9 * * | - | -"),
        ("2fast @weekly", "2fast | @weekly | - | -"),
        ("2048 @daily", "2048 | @daily | - | -"),
        ("2048 '0 9 * * *' UTC", "2048 | 0 9 * * * | UTC | -"),
        ("apollo", "apollo |  | - | -"),
        ("", "- |  | - | -"),
    ];
    for (line, expected) in table {
        assert_eq!(read(line).as_deref(), Ok(expected), "{line}");
    }
    for line in ["apollo @daily UTC please", "apollo 0 0 9 * * 1", "@daily #a #b"] {
        assert!(read(line).is_err(), "{line}");
    }
}

fn path(words: &str) -> Vec<String> {
    words.split(' ').map(ToOwned::to_owned).collect()
}

#[test]
fn help_on_schedules_reads_well() {
    insta::assert_snapshot!(said(&path("schedule")), @"
    `/pm schedule add|list|next|remove`: A project's status posted by itself, at set times.

    - `/pm schedule add [project] [when] [--zone …] [--place …]`: Post a project's status at set times
    - `/pm schedule list [project]`: The schedules you may see, when each is due next and what became of the last time
    - `/pm schedule next [number]`: When digests are due next
    - `/pm schedule remove <number>`: Remove a schedule

    `/pm help schedule add` tells more of one.
    ");
    insta::assert_snapshot!(said(&path("schedule add")), @r#"
    `/pm schedule add [project] [when] [--zone …] [--place …]`: Post a project's status at set times.

    - `project`: The project; left out for the one this place belongs to.
    - `when`: The times as a cron expression (minute, hour, day of the month, month, weekday) or one of @hourly, @daily, @weekly, @monthly, @yearly; the time zone may follow.
    - `--zone`: The time zone, like Europe/Berlin; UTC when none is named.
    - `--place`: Where to post: a channel of the project like #general, or an issue like #12; here when none is named.

    For example: `/pm schedule add apollo "0 9 * * mon-fri" Europe/Berlin`
    "#);
    insta::assert_snapshot!(said(&path("schedule remove")), @"
    `/pm schedule remove <number>`: Remove a schedule.

    - `number`: Its number.
    ");
}

#[test]
fn help_names_every_command_and_the_nearest_one() {
    insta::assert_snapshot!(said(&[]), @"
    Ask me in plain words, or use a command:

    - `/pm help [command]`: What I can do, or what one command does
    - `/pm status [project]`: How a project stands: its status, its open issues and pull requests
    - `/pm projects`: The projects you may see
    - `/pm schedule add|list|next|remove`: A project's status posted by itself, at set times
    - `/pm stop`: End what I am working on for you here; in its thread the word alone does it too
    - `/pm health`: Whether every part of me works

    For example: *what is the status of Apollo?* or *create an issue “Login fails” for Apollo*.
    ");
    insta::assert_snapshot!(said(&path("status")), @"
    `/pm status [project]`: How a project stands: its status, its open issues and pull requests.

    - `project`: The project; left out for the one this place belongs to. Quote names of several words.
    ");
    insta::assert_snapshot!(said(&path("statsu")), @"I have no command `statsu`: the nearest is `status`. `/pm help` lists them all.");
    insta::assert_snapshot!(said(&path("foo")), @"I have no command `foo`: there is none by that name. `/pm help` lists them all.");
}
