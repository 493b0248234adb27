//! What is understood, and what must not be.

use serde_json::{Value, json};

use super::grammar::{Call, parse};
use super::phrases::{COMPILED, PHRASES};
use super::{ID, Offline, SIGNATURE};
use crate::model::{Answer, Ask, Message, ToolCall, ToolSpec};

const TOOLS: [&str; 13] = [
    "list_projects",
    "get_project",
    "create_project",
    "update_project",
    "bind_place",
    "project_status",
    "search_messages",
    "post_message",
    "list_issues",
    "get_issue",
    "create_issue",
    "comment_on_issue",
    "update_issue",
];

fn calls(text: &str) -> Vec<(&'static str, Value)> {
    let calls = parse(text).unwrap_or_else(|| panic!("not understood: {text}"));
    calls
        .into_iter()
        .map(|Call { tool, arguments }| (tool, Value::Object(arguments)))
        .collect()
}

#[track_caller]
fn check(tool: &'static str, cases: &[(&str, Value)]) {
    for (text, arguments) in cases {
        assert_eq!(calls(text), [(tool, arguments.clone())], "{text}");
    }
}

#[test]
fn every_pattern_compiles() {
    let ways: usize = PHRASES.iter().map(|phrase| phrase.ways.len()).sum();
    assert_eq!(COMPILED.len(), ways);
    assert!(PHRASES.iter().all(|phrase| TOOLS.contains(&phrase.tool)));
    assert!(ways >= 25);
}

#[test]
fn projects() {
    for text in [
        "what projects are there",
        "What projects are there?",
        "list projects",
        "Please list all projects!",
        "projects",
        "hey, can you show me the projects?",
        "which projects do we have?",
        "list all our projects",
        "what are the projects",
        "are there any projects?",
        "show me the projects, please",
        "@pm list projects",
        "Hi there! list projects",
    ] {
        check("list_projects", &[(text, json!({}))]);
    }
    check(
        "create_project",
        &[
            ("create a project called Apollo", json!({ "name": "Apollo" })),
            (
                "create a project called Apollo in acme/apollo",
                json!({ "name": "Apollo", "repository": "acme/apollo" }),
            ),
            (
                "Create the new project “Rock and Roll”.",
                json!({ "name": "Rock and Roll" }),
            ),
            (
                "could you please make a new project named Big Apollo 2?",
                json!({ "name": "Big Apollo 2" }),
            ),
            (
                "new project Apollo for https://github.com/acme/apollo",
                json!({ "name": "Apollo", "repository": "https://github.com/acme/apollo" }),
            ),
            (
                "create project 'Apollo' with the repository acme/apollo described as Going to the moon.",
                json!({ "name": "Apollo", "repository": "acme/apollo", "description": "Going to the moon." }),
            ),
            (
                "set up a project called Status Page with status planned",
                json!({ "name": "Status Page", "status": "planned" }),
            ),
        ],
    );
    check(
        "get_project",
        &[
            ("tell me about Apollo", json!({ "project": "Apollo" })),
            (
                "Tell me more about the project \"Rock and Roll\", please",
                json!({ "project": "Rock and Roll" }),
            ),
            ("show me the Apollo project", json!({ "project": "Apollo" })),
            ("tell me about this project", json!({})),
            ("which project is this channel?", json!({})),
            ("describe project Apollo", json!({ "project": "Apollo" })),
        ],
    );
    check(
        "bind_place",
        &[
            ("bind this channel to Apollo", json!({ "project": "Apollo" })),
            ("use this channel for Apollo", json!({ "project": "Apollo" })),
            (
                "please link this thread with the Apollo project",
                json!({ "project": "Apollo" }),
            ),
            (
                "bind #apollo to Apollo",
                json!({ "place": "#apollo", "project": "Apollo" }),
            ),
            ("This channel belongs to Apollo.", json!({ "project": "Apollo" })),
        ],
    );
}

#[test]
fn states_of_projects() {
    let apollo = json!({ "project": "Apollo" });
    for text in [
        "what is the status of Apollo?",
        "what's the state of Apollo",
        "What’s the status of Apollo?",
        "how is Apollo doing",
        "how's Apollo going?",
        "status of Apollo",
        "Apollo's status",
        "Apollo status",
        "give me an update on Apollo",
        "hello, how does Apollo stand?",
        "where are we with Apollo?",
        "what is Apollo's status?",
        "show me the status of 'Apollo'",
        "how are things going with Apollo?",
        "what is going on in Apollo?",
    ] {
        check("project_status", &[(text, apollo.clone())]);
    }
    for text in [
        "status",
        "Status?",
        "how are we doing?",
        "what's the status",
        "how is it going?",
        "how is this project doing",
        "what's up?",
    ] {
        check("project_status", &[(text, json!({}))]);
    }
    let to = |status: &str| json!({ "project": "Apollo", "status": status });
    check(
        "update_project",
        &[
            ("set Apollo's status to on hold", to("on_hold")),
            ("set Apollo’s status to On Hold.", to("on_hold")),
            ("put Apollo on hold", to("on_hold")),
            ("please put the Apollo project on hold", to("on_hold")),
            ("pause Apollo", to("on_hold")),
            ("mark Apollo as done", to("done")),
            ("set the status of Apollo to active", to("active")),
            ("change the status of Apollo to in progress", to("active")),
            ("resume Apollo", to("active")),
            ("archive the project Apollo", to("archived")),
            ("can you set Apollo to planned?", to("planned")),
            ("set the status to on hold", json!({ "status": "on_hold" })),
            ("put this on hold", json!({ "status": "on_hold" })),
            ("mark this project as done", json!({ "status": "done" })),
            (
                "rename Apollo to Apollo 2",
                json!({ "project": "Apollo", "name": "Apollo 2" }),
            ),
            (
                "rename this project to \"Not Apollo\"",
                json!({ "name": "Not Apollo" }),
            ),
            (
                "set the repository of Apollo to acme/apollo",
                json!({ "project": "Apollo", "repository": "acme/apollo" }),
            ),
            (
                "set the repo to acme/apollo",
                json!({ "repository": "acme/apollo" }),
            ),
            (
                "connect Apollo to acme/apollo",
                json!({ "project": "Apollo", "repository": "acme/apollo" }),
            ),
            (
                "describe Apollo as the way to the moon, and back",
                json!({ "project": "Apollo", "description": "the way to the moon, and back" }),
            ),
            (
                "set the description of Apollo to \"To the moon\".",
                json!({ "project": "Apollo", "description": "To the moon" }),
            ),
        ],
    );
}

#[test]
fn reading_issues() {
    check(
        "list_issues",
        &[
            ("list issues", json!({})),
            ("Which issues are there?", json!({})),
            ("list open issues", json!({ "state": "open" })),
            (
                "show me all issues of Apollo",
                json!({ "state": "all", "project": "Apollo" }),
            ),
            (
                "what closed issues are there in acme/apollo?",
                json!({ "state": "closed", "repository": "acme/apollo" }),
            ),
            ("which issues are open", json!({ "state": "open" })),
            ("what is open?", json!({ "state": "open" })),
            ("issues assigned to @ana", json!({ "assignee": "ana" })),
            ("which issues are assigned to ana?", json!({ "assignee": "ana" })),
            (
                "list open issues of Apollo labelled bug and urgent assigned to ana",
                json!({ "state": "open", "project": "Apollo", "labels": ["bug", "urgent"], "assignee": "ana" }),
            ),
            (
                "list issues labelled “good first issue” in acme/apollo",
                json!({ "labels": ["good first issue"], "repository": "acme/apollo" }),
            ),
            (
                "show the open issues with the label bug",
                json!({ "state": "open", "labels": ["bug"] }),
            ),
        ],
    );
    check(
        "get_issue",
        &[
            ("show issue #12", json!({ "issue": "#12" })),
            ("what is acme/apollo#12?", json!({ "issue": "acme/apollo#12" })),
            (
                "What is Acme/Apollo#12 about?",
                json!({ "issue": "Acme/Apollo#12" }),
            ),
            (
                "show me https://github.com/acme/apollo/issues/12",
                json!({ "issue": "acme/apollo#12" }),
            ),
            ("is #12 closed?", json!({ "issue": "#12" })),
            ("who is working on #12?", json!({ "issue": "#12" })),
            ("what's the status of #12?", json!({ "issue": "#12" })),
            ("how is issue 12 doing?", json!({ "issue": "#12" })),
            ("tell me about #12", json!({ "issue": "#12" })),
            ("describe this issue", json!({})),
        ],
    );
}

#[test]
fn creating_issues() {
    let login = || json!({ "title": "Login fails" });
    let with = |more: Value| {
        let mut arguments = login();
        arguments
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        arguments
    };
    check(
        "create_issue",
        &[
            ("create an issue 'Login fails'", login()),
            ("open an issue: Login fails", login()),
            ("Please open a new issue “Login fails”.", login()),
            ("can you file a bug: Login fails", login()),
            ("new issue Login fails", login()),
            ("create an issue called Login fails", login()),
            (
                "create an issue 'Login fails' in acme/apollo",
                with(json!({ "repository": "acme/apollo" })),
            ),
            (
                "create an issue \"Login fails\" for Apollo",
                with(json!({ "project": "Apollo" })),
            ),
            (
                "create an issue 'Login fails' in acme/apollo labelled bug assigned to cy and @bo saying It says: no.",
                with(json!({
                    "repository": "acme/apollo", "labels": ["bug"], "assignees": ["cy", "bo"], "body": "It says: no.",
                })),
            ),
            (
                "create an issue Login fails in acme/apollo labelled bug please",
                with(json!({ "repository": "acme/apollo", "labels": ["bug"] })),
            ),
            (
                "create an issue for Apollo labelled bug: Login fails",
                with(json!({ "project": "Apollo", "labels": ["bug"] })),
            ),
            (
                "create an issue: Login fails\nSince Monday.\nBadly.",
                with(json!({ "body": "Since Monday.\nBadly." })),
            ),
            (
                "open an issue: Why does login not work?",
                json!({ "title": "Why does login not work?" }),
            ),
            (
                "create an issue Login fails if you don't wait",
                json!({ "title": "Login fails if you don't wait" }),
            ),
        ],
    );
}

#[test]
fn changing_issues() {
    let on = |more: Value| {
        let mut arguments = json!({ "issue": "#12" });
        arguments
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        arguments
    };
    check(
        "update_issue",
        &[
            ("close #12", on(json!({ "state": "closed" }))),
            ("CLOSE #12!", on(json!({ "state": "closed" }))),
            (
                "could you close issue #12, please?",
                on(json!({ "state": "closed" })),
            ),
            ("can you close #12?", on(json!({ "state": "closed" }))),
            ("please close #12?", on(json!({ "state": "closed" }))),
            ("close this", json!({ "state": "closed" })),
            ("close it", json!({ "state": "closed" })),
            ("mark #12 as done", on(json!({ "state": "closed" }))),
            ("close #12 as not planned", on(json!({ "state": "not_planned" }))),
            ("close this as won't fix", json!({ "state": "not_planned" })),
            ("reopen #12", on(json!({ "state": "open" }))),
            ("label this as bug", json!({ "add_labels": ["bug"] })),
            ("label #12 bug", on(json!({ "add_labels": ["bug"] }))),
            (
                "tag this as “needs work” and urgent",
                json!({ "add_labels": ["needs work", "urgent"] }),
            ),
            (
                "label this as good first try",
                json!({ "add_labels": ["good first try"] }),
            ),
            ("add the label bug to #12", on(json!({ "add_labels": ["bug"] }))),
            ("add the bug label", json!({ "add_labels": ["bug"] })),
            (
                "add the labels bug, urgent, and ui to #12",
                on(json!({ "add_labels": ["bug", "urgent", "ui"] })),
            ),
            (
                "remove the label bug from #12",
                on(json!({ "remove_labels": ["bug"] })),
            ),
            ("remove the bug label", json!({ "remove_labels": ["bug"] })),
            ("assign #12 to cy", on(json!({ "add_assignees": ["cy"] }))),
            (
                "assign @Cy and bo to #12",
                on(json!({ "add_assignees": ["Cy", "bo"] })),
            ),
            ("assign this to cy now", json!({ "add_assignees": ["cy"] })),
            ("unassign cy from #12", on(json!({ "remove_assignees": ["cy"] }))),
            ("unassign cy", json!({ "remove_assignees": ["cy"] })),
            (
                "rename #12 to Login is slow",
                on(json!({ "title": "Login is slow" })),
            ),
            (
                "change the title of #12 to 'Login is slow'.",
                on(json!({ "title": "Login is slow" })),
            ),
            (
                "set the description of this issue to Not yet known",
                json!({ "body": "Not yet known" }),
            ),
        ],
    );
    check(
        "comment_on_issue",
        &[
            (
                "comment on #12: looks good!",
                on(json!({ "text": "looks good!" })),
            ),
            (
                "comment on #12: \"looks good\" please",
                on(json!({ "text": "looks good" })),
            ),
            (
                "reply on acme/apollo#12 that it works",
                json!({ "issue": "acme/apollo#12", "text": "it works" }),
            ),
            (
                "comment on this that we don't know yet",
                json!({ "text": "we don't know yet" }),
            ),
            ("comment: is it done?", json!({ "text": "is it done?" })),
            ("comment \"on it\" on #12", on(json!({ "text": "on it" }))),
            (
                "add a comment to #12 saying - a\n- b",
                on(json!({ "text": "- a\n- b" })),
            ),
        ],
    );
}

#[test]
fn searching_and_posting() {
    check(
        "search_messages",
        &[
            ("search for login", json!({ "words": "login" })),
            ("search login fails?", json!({ "words": "login fails?" })),
            (
                "search for “error in login”",
                json!({ "words": "error in login" }),
            ),
            (
                "who said login in Apollo?",
                json!({ "words": "login", "project": "Apollo" }),
            ),
            ("who talked about the login?", json!({ "words": "the login?" })),
            (
                "what did we say about login in Apollo",
                json!({ "words": "login", "project": "Apollo" }),
            ),
        ],
    );
    let post = |text: &str| json!({ "place": "#apollo", "text": text });
    check(
        "post_message",
        &[
            ("post in #apollo: hello", post("hello")),
            ("post to #apollo: We ship. Do you?", post("We ship. Do you?")),
            (
                "tell #apollo that we don't ship today",
                post("we don't ship today"),
            ),
            ("tell #apollo we ship", post("we ship")),
            ("Let #apollo know that it's done!", post("it's done!")),
            ("say hello in #apollo", post("hello")),
            (
                "please say “hello, and goodbye” in the #apollo channel",
                post("hello, and goodbye"),
            ),
            (
                "announce in #apollo: close #12 and label it bug",
                post("close #12 and label it bug"),
            ),
        ],
    );
}

#[test]
fn several_commands() {
    let bug = || ("update_issue", json!({ "add_labels": ["bug"] }));
    let cases = [
        (
            "label this as bug and tell #apollo",
            vec![bug(), ("post_message", json!({ "place": "#apollo" }))],
        ),
        (
            "label this as bug, and then let #apollo know about it",
            vec![bug(), ("post_message", json!({ "place": "#apollo" }))],
        ),
        (
            "label this as bug and tell #apollo that it is one",
            vec![
                bug(),
                ("post_message", json!({ "place": "#apollo", "text": "it is one" })),
            ],
        ),
        (
            "close #12 and label it bug and assign it to cy",
            vec![
                ("update_issue", json!({ "issue": "#12", "state": "closed" })),
                ("update_issue", json!({ "issue": "#12", "add_labels": ["bug"] })),
                ("update_issue", json!({ "issue": "#12", "add_assignees": ["cy"] })),
            ],
        ),
        (
            "comment on #12: done and dusted and tell #apollo",
            vec![
                (
                    "comment_on_issue",
                    json!({ "issue": "#12", "text": "done and dusted" }),
                ),
                ("post_message", json!({ "place": "#apollo" })),
            ],
        ),
        (
            "comment on #12: fix it and close it",
            vec![(
                "comment_on_issue",
                json!({ "issue": "#12", "text": "fix it and close it" }),
            )],
        ),
        (
            "create a project called Apollo and put it on hold; list projects",
            vec![
                ("create_project", json!({ "name": "Apollo" })),
                (
                    "update_project",
                    json!({ "project": "Apollo", "status": "on_hold" }),
                ),
                ("list_projects", json!({})),
            ],
        ),
        (
            "close #12\nlist issues",
            vec![
                ("update_issue", json!({ "issue": "#12", "state": "closed" })),
                ("list_issues", json!({})),
            ],
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(calls(text), expected, "{text}");
    }
}

#[test]
fn what_is_not_certain_is_not_done() {
    for text in [
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
    ] {
        assert_eq!(parse(text), None, "{text}");
    }
}

#[test]
fn a_long_text_is_no_command() {
    let long = format!("close #12 and {}", "label it bug and ".repeat(1_000));
    assert_eq!(parse(&long), None);
    let comment = format!("comment on #12: {}", "a and b ".repeat(600));
    assert_eq!(parse(&comment).unwrap().len(), 1);
}

fn ask(text: &str, tools: &[&'static str]) -> Ask {
    let spec = |name: &&'static str| ToolSpec {
        name,
        description: "",
        parameters: json!({}),
    };
    let person = Message::Person {
        name: "Ana".to_owned(),
        text: text.to_owned(),
    };
    Ask {
        system: String::new(),
        messages: vec![person],
        tools: tools.iter().map(spec).collect(),
    }
}

fn answer(ask: &Ask) -> Answer {
    let reply = Offline.ask(ask);
    assert_eq!((reply.tokens, reply.cut), (0, false));
    reply.answer
}

fn result(at: usize, text: &str, failed: bool) -> Message {
    Message::ToolResult {
        call_id: format!("{ID}{at}"),
        name: String::new(),
        text: text.to_owned(),
        failed,
    }
}

fn call(at: usize, name: &str, arguments: &Value) -> ToolCall {
    ToolCall {
        id: format!("{ID}{at}"),
        name: name.to_owned(),
        arguments: arguments.to_string(),
    }
}

#[test]
fn calls_then_shows_the_result() {
    let mut asked = ask("list projects", &TOOLS);
    let first = answer(&asked);
    assert_eq!(
        first,
        Answer {
            text: String::new(),
            calls: vec![call(1, "list_projects", &json!({}))]
        }
    );
    asked.messages.extend([
        Message::Assistant(first),
        result(1, "- Apollo\n- Gemini\n", false),
    ]);
    assert_eq!(answer(&asked).text, format!("- Apollo\n- Gemini\n\n{SIGNATURE}"));
    // The next turn begins anew.
    asked.messages.push(Message::Person {
        name: "Bo".to_owned(),
        text: "close #12".to_owned(),
    });
    assert_eq!(answer(&asked).calls.len(), 1);
}

#[test]
fn tells_an_outcome_once_it_is_known() {
    let mut asked = ask("label this as bug and tell #apollo", &TOOLS);
    let first = answer(&asked);
    assert_eq!(
        first.calls,
        [call(1, "update_issue", &json!({ "add_labels": ["bug"] }))]
    );
    asked.messages.push(Message::Assistant(first));

    let mut failed = asked.clone();
    failed.messages.push(result(1, "There is no label bug.", true));
    let said = answer(&failed);
    assert!(said.calls.is_empty());
    assert!(
        said.text
            .starts_with("There is no label bug.\n\nI did not do the rest"),
        "{}",
        said.text
    );

    asked.messages.push(result(
        1,
        "Added the label bug to [acme/apollo#12](https://github.com/acme/apollo/issues/12).",
        false,
    ));
    let second = answer(&asked);
    let post = json!({ "place": "#apollo", "text": "acme/apollo#12 was labelled bug" });
    assert_eq!(second.calls, [call(2, "post_message", &post)]);
    asked
        .messages
        .extend([Message::Assistant(second), result(2, "Posted in #apollo.", false)]);
    let last = answer(&asked);
    assert!(last.calls.is_empty());
    assert!(
        last.text.contains("Added the label") && last.text.contains("Posted in #apollo."),
        "{}",
        last.text
    );
}

#[test]
fn tells_of_every_change() {
    let cases = [
        ("close #12", "acme/apollo#12 was closed"),
        (
            "close #12 as not planned",
            "acme/apollo#12 was closed as not planned",
        ),
        ("reopen #12", "acme/apollo#12 was reopened"),
        (
            "remove the label bug from #12",
            "acme/apollo#12 is no longer labelled bug",
        ),
        ("assign #12 to cy and bo", "acme/apollo#12 was assigned to cy, bo"),
        (
            "unassign cy from #12",
            "acme/apollo#12 is no longer assigned to cy",
        ),
        ("rename #12 to New", "acme/apollo#12 was renamed to New"),
        (
            "set the body of #12 to \"New\"",
            "acme/apollo#12 has a new description",
        ),
        ("create an issue \"New\"", "acme/apollo#12 was opened: New"),
        (
            "comment on #12: \"yes\"",
            "There is a new comment on acme/apollo#12: yes",
        ),
        ("put Apollo on hold", "Done with acme/apollo#12."),
    ];
    for (text, expected) in cases {
        let mut asked = ask(&format!("{text} and tell #apollo"), &TOOLS);
        asked
            .messages
            .push(result(1, "Done with acme/apollo#12.\n", false));
        let post = json!({ "place": "#apollo", "text": expected });
        assert_eq!(answer(&asked).calls, [call(2, "post_message", &post)], "{text}");
    }
}

#[test]
fn does_not_go_on_with_another_models_turn() {
    let mut asked = ask("label this as bug and tell #apollo", &TOOLS);
    let other = Message::ToolResult {
        call_id: "call_1".to_owned(),
        name: "update_issue".to_owned(),
        text: "Labelled.".to_owned(),
        failed: false,
    };
    asked.messages.push(other);
    assert_eq!(
        answer(&asked),
        Answer {
            text: format!("Labelled.\n\n{SIGNATURE}"),
            calls: Vec::new()
        }
    );
}

#[test]
fn says_what_it_is() {
    let hello = answer(&ask("hello", &TOOLS));
    assert!(hello.calls.is_empty());
    let expected = "I am the built-in offline model: I only understand phrases like these, with longer names in quotation \
                    marks.\n\n- `what projects are there?`\n";
    assert!(hello.text.starts_with(expected), "{}", hello.text);
    assert!(hello.text.contains("`[model]` of `bot.toml`"));
    assert_eq!(
        hello.text.lines().filter(|line| line.starts_with("- ")).count(),
        8
    );
    for (tool, phrase) in super::EXAMPLES {
        assert_eq!(calls(phrase)[0].0, tool, "{phrase}");
    }
    let nothing = answer(&Ask {
        messages: Vec::new(),
        ..ask("", &[])
    });
    assert!(nothing.calls.is_empty() && nothing.text.contains("offline model"));
}

#[test]
fn calls_only_the_tools_it_was_given() {
    let said = answer(&ask(
        "close #12 and tell #apollo",
        &["update_issue", "list_projects"],
    ));
    assert!(said.calls.is_empty());
    assert!(
        said.text
            .starts_with("This needs `post_message`, which I cannot use here."),
        "{}",
        said.text
    );
    assert!(said.text.contains("what projects") && !said.text.contains("who said"));
}
