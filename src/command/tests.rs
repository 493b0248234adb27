//! What is a command and what is a sentence, and that every command has its help.

use clap::CommandFactory;

use super::{Command, help};

#[test]
fn the_grammar_holds_together() {
    Command::command().debug_assert();
}

#[test]
fn lines_that_are_commands_and_lines_that_are_sentences() {
    let status = |project: &str| {
        Some(Command::Status {
            project: Some(project.to_owned()),
        })
    };
    let table = [
        ("status", Some(Command::Status { project: None })),
        ("status apollo", status("apollo")),
        ("Status Apollo?", status("Apollo")),
        ("status “Apollo Web”", status("Apollo Web")),
        ("status\u{A0}apollo", status("apollo")),
        ("projects", Some(Command::Projects)),
        ("health", Some(Command::Health)),
        (
            "help status",
            Some(Command::Help {
                command: Some("status".to_owned()),
            }),
        ),
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
fn help_names_every_command_and_the_nearest_one() {
    insta::assert_snapshot!(help(None, "/pm"), @"
    Ask me in plain words, or use a command:

    - `/pm help [command]`: What I can do, or what one command does
    - `/pm status [project]`: How a project stands: its status, its open issues and pull requests
    - `/pm projects`: The projects you may see
    - `/pm health`: Whether every part of me works

    For example: *what is the status of Apollo?* or *create an issue “Login fails” for Apollo*.
    ");
    insta::assert_snapshot!(help(Some("status"), "/pm"), @"
    `/pm status [project]`: How a project stands: its status, its open issues and pull requests.

    - `project`: The project; left out for the one this place belongs to. Quote names of several words.
    ");
    insta::assert_snapshot!(help(Some("statsu"), "/pm"), @"There is no command `statsu`. Did you mean `status`? `/pm help` lists them all.");
}
