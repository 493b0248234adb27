//! Several commands at once, and what must lead to none.

use serde_json::{Value, json};

use super::calls;
use crate::model::offline::grammar::parse;

#[test]
fn several_commands() {
    for line in SEVERAL.lines().filter(|line| !line.trim().is_empty()) {
        let (text, expected) = line.split_once(" => ").unwrap();
        let expected: Vec<(String, Value)> = serde_json::from_str(expected).unwrap();
        let expected: Vec<_> = expected
            .iter()
            .map(|(tool, arguments)| (tool.as_str(), arguments.clone()))
            .collect();
        assert_eq!(calls(text.trim()), expected, "{text}");
    }
    let closed = ("update_issue", json!({ "issue": "#12", "state": "closed" }));
    assert_eq!(
        calls("close #12\nlist issues"),
        [closed, ("list_issues", json!({}))]
    );
}

const SEVERAL: &str = r##"
    label this as bug and tell #apollo => [["update_issue", {"add_labels": ["bug"]}], ["post_message", {"place": "#apollo"}]]
    label this as bug, and then let #apollo know about it => [["update_issue", {"add_labels": ["bug"]}], ["post_message", {"place": "#apollo"}]]
    label this as bug and tell #apollo that it is one => [["update_issue", {"add_labels": ["bug"]}], ["post_message", {"place": "#apollo", "text": "it is one"}]]
    close #12 and label it bug and assign it to cy => [["update_issue", {"issue": "#12", "state": "closed"}], ["update_issue", {"issue": "#12", "add_labels": ["bug"]}], ["update_issue", {"issue": "#12", "add_assignees": ["cy"]}]]
    comment on #12: done and dusted and tell #apollo => [["comment_on_issue", {"issue": "#12", "text": "done and dusted"}], ["post_message", {"place": "#apollo"}]]
    comment on #12: fix it and close it => [["comment_on_issue", {"issue": "#12", "text": "fix it and close it"}]]
    create a project called Apollo and put it on hold; list projects => [["create_project", {"name": "Apollo"}], ["update_project", {"project": "Apollo", "status": "on_hold"}], ["list_projects", {}]]
    close #12, label it wontfix and tell #apollo => [["update_issue", {"issue": "#12", "state": "closed"}], ["update_issue", {"issue": "#12", "add_labels": ["wontfix"]}], ["post_message", {"place": "#apollo"}]]
    close #12 and comment: fixed => [["update_issue", {"issue": "#12", "state": "closed"}], ["comment_on_issue", {"issue": "#12", "text": "fixed"}]]
    Close #12. Reopen #13! => [["update_issue", {"issue": "#12", "state": "closed"}], ["update_issue", {"issue": "#13", "state": "open"}]]
    label this as bug, urgent and close it => [["update_issue", {"add_labels": ["bug", "urgent"]}], ["update_issue", {"state": "closed"}]]
    create project Apollo and set the status to planned => [["create_project", {"name": "Apollo"}], ["update_project", {"project": "Apollo", "status": "planned"}]]
    create project Apollo and use this channel for it => [["create_project", {"name": "Apollo"}], ["bind_place", {"project": "Apollo"}]]
    comment on #12: hello, tell #apollo that we ship => [["comment_on_issue", {"issue": "#12", "text": "hello, tell #apollo that we ship"}]]
    label this as bug and post it in #apollo => [["update_issue", {"add_labels": ["bug"]}], ["post_message", {"place": "#apollo"}]]
    list open issues and tell #apollo => [["list_issues", {"state": "open"}], ["post_message", {"place": "#apollo"}]]
"##;

#[test]
fn what_is_not_certain_is_not_done() {
    for text in UNCERTAIN {
        assert_eq!(parse(text), None, "{text}");
    }
}

const UNCERTAIN: &[&str] = &[
    "",
    "   ",
    "?",
    "hello",
    "Hi!",
    "help",
    "thanks",
    "hey there",
    "what is love?",
    "who are you?",
    "do not close #12",
    "don't close #12",
    "please don't close #12",
    "don’t close #12",
    "never close #12",
    "you must not close #12",
    "could you not close #12",
    "should I close #12?",
    "should we label this as bug?",
    "did you close #12?",
    "can I close #12?",
    "why did you close #12?",
    "shall we close #12",
    "can we close #12?",
    "close #12?",
    "label this as bug?",
    "archive Apollo?",
    "create a project called Apollo?",
    "I closed #12",
    "Ana said: close #12",
    "> close #12",
    "`close #12`",
    "\"close #12\"",
    "if it fails close #12",
    "close #12 if it fails",
    "close #12 tomorrow",
    "close #12 or #13",
    "close #12 and #13",
    "close #12 and don't tell #apollo",
    "close #12, not #13",
    "close",
    "close everything",
    "close all issues",
    "let's close #12",
    "label this as bug if it is one",
    "label this as bug, no wait, don't",
    "label this as bug and send it to cy",
    "label this as not a bug",
    "label this as something for later",
    "assign this to me",
    "assign #12 to someone",
    "assign #12 to cy if he has time",
    "unassign nobody",
    "mark this as done",
    "mark it as done",
    "archive this",
    "archive it",
    "create a project",
    "create a project called",
    "create a project for me",
    "create a project called Apollo and don't tell anyone",
    "create a project called Apollo for the web team",
    "create an issue",
    "open issue #12",
    "create an issue about this",
    "create an issue 'Login fails' and close it",
    "close #12 and put it on hold",
    "list issues and close it",
    "create an issue 'Login fails' tomorrow",
    "rename the channel to foo",
    "tell #apollo",
    "tell Ana that we ship",
    "tell #apollo about it",
    "tell #apollo to stop",
    "tell #12 that we ship",
    "post hello",
    "put Apollo on ice",
    "set Apollo's status to fine",
    "comment on #12",
    "reopen Apollo",
    "pause for a moment",
    "resume when ready",
    "don't put Apollo on hold",
    "put Apollo on hold unless Ana minds",
    "delete Apollo",
    "delete #12",
    "create an issue \"Login fails\" and assign cy",
    "create an issue \"A\". Add the label bug.",
    "Close #12. Reopen #13?",
    "list issues and add the label bug",
    "why is #12 closed?",
    "who closed #12?",
    "what if you close #12?",
    "stop closing #12",
    "make sure not to close #12",
    "you can close #12",
    "close #12 please don't",
    "assign #12 to cy?",
    "assign #12 to cy or bo",
    "close #12. I think.",
    "remember to close #12",
    "would closing #12 help?",
    "add a project Apollo (acme/apollo)",
];

#[test]
fn a_long_text_is_no_command() {
    let long = format!("close #12 and {}", "label it bug and ".repeat(1_000));
    assert_eq!(parse(&long), None);
    let comment = format!("comment on #12: {}", "a and b ".repeat(600));
    assert_eq!(parse(&comment).unwrap().len(), 1);
    // Read in every way there is, this would take until the end of the world.
    assert!(parse(&["search a"; 33].join(" and ")).is_none_or(|calls| calls.len() == 1));
}
