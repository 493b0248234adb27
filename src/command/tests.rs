//! What is a command and what is a sentence, and that every command has its help.

use clap::CommandFactory;

use super::schedules::Wanted;
use super::{Call, Command, IssueCommand, ScheduleCommand, help};
use crate::action::ScheduleKey;

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
        ("projects", Some(Command::Projects { page: 1 })),
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
        ("budget", Some(Command::Budget { project: None })),
        (
            "budget “Apollo Web”",
            Some(Command::Budget {
                project: Some("Apollo Web".to_owned()),
            }),
        ),
        ("budget for Apollo please", None),
        ("schedule", Some(Command::Schedule { command: None })),
        (
            "schedule list",
            schedule(ScheduleCommand::List {
                project: None,
                page: 1,
            }),
        ),
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
        assert_eq!(Command::read(line, Call::Name), expected, "{line:?}");
    }
}

#[test]
fn a_mistaken_schedule_is_no_sentence() {
    let mistaken = |command: &str, why: &str| {
        Some(Command::Mistaken {
            command: command.to_owned(),
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
            "I do not know what `zeus` means there; what has several words is quoted",
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
        let words = super::line::words(line).unwrap();
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
    - `/pm schedule list [project] [--page …]`: The schedules you may see, when each is due next and what became of the last time
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

    For example: `/pm schedule remove 3`
    ");
}

#[test]
fn help_names_every_command_and_the_nearest_one() {
    insta::assert_snapshot!(said(&[]), @"
    Ask me in plain words, or use a command:

    - `/pm help [command]`: What I can do, or what one command does
    - `/pm status [project]`: How a project stands: its status, its open issues and pull requests
    - `/pm projects [--page …]`: The projects you may see
    - `/pm project new|show|set|bind|unbind|archive`: A project: make it, look at it, change it, or bind this place to it
    - `/pm issue list|show|new|close|reopen|assign|label|comment`: Issues: read them, open them, change them
    - `/pm pr list|show`: Pull requests: read them
    - `/pm search <words> [--project …] [--in issues|messages] [--page …]`: Issues, pull requests and messages with some words
    - `/pm schedule add|list|next|remove`: A project's status posted by itself, at set times
    - `/pm approve [gate] [reason]`: Agree to what I asked about
    - `/pm reject [gate] [reason]`: Say no to what I asked about
    - `/pm gates [--page …]`: The questions that wait for an answer
    - `/pm topic new|list|back`: What this talk is about, so that I leave out what was said before
    - `/pm why [which]`: How an answer came about: what came in, the rights, each step, and what became of what was sent
    - `/pm whoami [project]`: Which accounts are yours, and what you may do here, and why
    - `/pm link [code]`: Prove that another account is yours, too
    - `/pm unlink [account]`: Make an account a person of its own again
    - `/pm role grant|revoke|list`: What people are in a project
    - `/pm policy [project] [--gates none|irreversible|all_writes] [--two-people yes|no] [--not-requester yes|no] [--approvers …]`: What a project asks its people about before it happens
    - `/pm claim <code>`: Own this Callsheet, with the code from its log
    - `/pm stop`: End what I am working on for you here; in its thread the word alone does it too
    - `/pm budget [project]`: What you and a project have used of the language model, and how much may be
    - `/pm health`: Whether every part of me works

    For example: *what is the status of Apollo?* or *create an issue “Login fails” for Apollo*.
    ");
    insta::assert_snapshot!(said(&path("status")), @r#"
    `/pm status [project]`: How a project stands: its status, its open issues and pull requests.

    - `project`: The project; left out for the one this place belongs to. Quote names of several words.

    For example: `/pm status "Apollo Web"`
    "#);
    insta::assert_snapshot!(said(&path("statsu")), @"I have no command `statsu`: the nearest is `status`. `/pm help` lists them all.");
    insta::assert_snapshot!(said(&path("issue clsoe")), @"I have no command `issue clsoe`: the nearest is `issue close`. `/pm help` lists them all.");
    insta::assert_snapshot!(said(&path("issue shut")), @"I have no command `issue shut`: there is none by that name. `/pm help` lists them all.");
    insta::assert_snapshot!(said(&path("foo")), @"I have no command `foo`: there is none by that name. `/pm help` lists them all.");
}

/// Every command that is shown, with the names that lead to it.
fn leaves() -> Vec<(String, clap::Command)> {
    let grammar = Command::command();
    let shown = grammar.get_subcommands().filter(|command| !command.is_hide_set());
    let inside = |command: &clap::Command| -> Vec<(String, clap::Command)> {
        let name = command.get_name();
        if !command.has_subcommands() {
            return vec![(name.to_owned(), command.clone())];
        }
        let subs = command.get_subcommands();
        subs.map(|sub| (format!("{name} {}", sub.get_name()), sub.clone()))
            .collect()
    };
    shown.flat_map(inside).collect()
}

#[test]
fn every_command_has_its_help_and_an_example_that_is_one() {
    for (name, command) in leaves() {
        assert!(command.get_about().is_some(), "`{name}` says what it does");
        for argument in command.get_arguments() {
            let argued = argument.get_help().is_some();
            assert!(argued, "`{name}` says what its {} is", argument.get_id());
        }
        let example = command.get_after_help().map(ToString::to_string);
        let example = example.unwrap_or_else(|| panic!("`{name}` has an example"));
        assert!(example.starts_with(&name), "{example}");
        let parsed = Command::parse(&example);
        let read = matches!(&parsed, Some(command) if !matches!(command, Command::Mistaken { .. } | Command::Unknown { .. }));
        assert!(read, "{example}: {parsed:?}");
        assert!(
            said(&path(&name)).contains(&format!("For example: `/pm {example}`")),
            "{name}"
        );
    }
}

#[test]
fn the_readme_names_every_command() {
    let readme = include_str!("../../README.md");
    for (name, _) in leaves() {
        let written = [format!("`{name}`"), format!("`{name} ["), format!("`{name} <")];
        assert!(written.iter().any(|written| readme.contains(written)), "{name}");
    }
}

#[test]
fn an_issue_is_named_in_front_or_not_at_all() {
    let label = |issue: Option<&str>, labels: &[&str], remove| {
        Some(Command::Issue {
            command: Some(IssueCommand::Label {
                issue: issue.map(str::to_owned),
                labels: labels.iter().map(ToString::to_string).collect(),
                remove,
            }),
        })
    };
    let comment = |issue: Option<&str>, text: &str| {
        Some(Command::Issue {
            command: Some(IssueCommand::Comment {
                issue: issue.map(str::to_owned),
                text: text.to_owned(),
            }),
        })
    };
    let table = [
        ("issue label #12 bug", label(Some("#12"), &["bug"], false)),
        ("issue label bug", label(None, &["bug"], false)),
        ("issue label bug --remove", label(None, &["bug"], true)),
        ("issue label --remove #12 bug", label(Some("#12"), &["bug"], true)),
        (
            "issue label #12 bug,ui",
            label(Some("#12"), &["bug", "ui"], false),
        ),
        (
            "issue label #12 “good first issue” ui",
            label(Some("#12"), &["good first issue", "ui"], false),
        ),
        // Sorted where it is done: a label stands where an issue may stand.
        ("issue label bug ui", label(Some("bug"), &["ui"], false)),
        ("issue comment “It works!”", comment(None, "It works!")),
        (
            "issue comment acme/app#12 Thanks!",
            comment(Some("acme/app#12"), "Thanks!"),
        ),
    ];
    for (line, expected) in table {
        assert_eq!(Command::parse(line), expected, "{line}");
    }
}

#[test]
fn the_kinds_of_arguments() {
    let lines: Vec<String> = super::verbs()
        .iter()
        .flat_map(|verb| {
            let mut inside = verb.verbs.clone();
            inside.push(verb.clone());
            inside
        })
        .flat_map(|verb| {
            let name = verb.name.clone();
            let mut arguments = verb.arguments;
            arguments.retain(|argument| argument.kind != crate::domain::ArgumentKind::Text);
            arguments
                .into_iter()
                .map(move |argument| format!("{name} {}: {:?}", argument.name, argument.kind))
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    status project: Project
    projects page: Number
    show project: Project
    set project: Project
    set status: Choice(["planned", "active", "on-hold", "done", "archived"])
    bind project: Project
    bind role: Choice(["viewer", "member"])
    archive project: Project
    list state: Choice(["open", "closed", "all"])
    list project: Project
    list page: Number
    new project: Project
    close not_planned: Flag
    assign remove: Flag
    label remove: Flag
    list state: Choice(["open", "closed", "all"])
    list project: Project
    list page: Number
    search project: Project
    search in: Choice(["issues", "messages"])
    search page: Number
    add project: Project
    list project: Project
    list page: Number
    next number: Number
    remove number: Number
    approve gate: Gate
    reject gate: Gate
    gates page: Number
    whoami project: Project
    grant role: Choice(["viewer", "member", "maintainer", "owner"])
    grant project: Project
    revoke project: Project
    list project: Project
    list page: Number
    policy project: Project
    policy gates: Choice(["none", "irreversible", "all_writes"])
    policy two_people: Choice(["yes", "no"])
    policy not_requester: Choice(["yes", "no"])
    budget project: Project
    "#);
}
