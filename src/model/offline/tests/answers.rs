//! What the model answers in a conversation.

use serde_json::{Value, json};

use super::{TOOLS, calls};
use crate::model::offline::{EXAMPLES, ID, Offline, SIGNATURE};
use crate::model::{Answer, Ask, Message, ToolCall, ToolSpec};

fn ask(text: &str) -> Ask {
    let tools: Vec<&'static str> = TOOLS.iter().map(|(tool, _)| *tool).collect();
    ask_with(text, &tools)
}

fn ask_with(text: &str, tools: &[&'static str]) -> Ask {
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
    assert_eq!((reply.tokens.sum(), reply.cut), (0, false));
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
    let mut asked = ask("list projects");
    let first = answer(&asked);
    assert_eq!(
        first,
        Answer {
            text: String::new(),
            calls: vec![call(1, "list_projects", &json!({}))],
            ..Answer::default()
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
    let mut asked = ask("label this as bug and tell #apollo");
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
        let mut asked = ask(&format!("{text} and tell #apollo"));
        asked
            .messages
            .push(result(1, "Done with acme/apollo#12.\n", false));
        let post = json!({ "place": "#apollo", "text": expected });
        assert_eq!(answer(&asked).calls, [call(2, "post_message", &post)], "{text}");
    }
}

#[test]
fn does_not_go_on_with_another_models_turn() {
    let mut asked = ask("label this as bug and tell #apollo");
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
            calls: Vec::new(),
            ..Answer::default()
        }
    );
}

#[test]
fn says_what_it_is() {
    let hello = answer(&ask("hello"));
    assert!(hello.calls.is_empty());
    let expected = "I am the built-in offline model: I only understand phrases like these, with longer names in quotation \
                    marks.\n\n- `what projects are there?`\n";
    assert!(hello.text.starts_with(expected), "{}", hello.text);
    assert!(hello.text.contains("`[model]` of `bot.toml`"));
    assert_eq!(
        hello.text.lines().filter(|line| line.starts_with("- ")).count(),
        10
    );
    for (tool, phrase) in EXAMPLES {
        assert_eq!(calls(phrase)[0].0, tool, "{phrase}");
    }
    let nothing = answer(&Ask {
        messages: Vec::new(),
        ..ask_with("", &[])
    });
    assert!(nothing.calls.is_empty() && nothing.text.contains("offline model"));
}

#[test]
fn calls_only_the_tools_it_was_given() {
    let said = answer(&ask_with(
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
