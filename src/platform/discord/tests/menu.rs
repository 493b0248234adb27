//! The menu and what is picked from it.

use serde_json::{Value, json};

use super::super::commands::{CommandMenu, essence};
use crate::domain::{Argument, Verb};

fn argument(name: &str, required: bool, flag: Option<&str>) -> Argument {
    Argument {
        name: name.into(),
        about: format!("The {name}"),
        required,
        flag: flag.map(str::to_owned),
    }
}

fn verb(name: &str, arguments: Vec<Argument>, verbs: Vec<Verb>) -> Verb {
    Verb {
        name: name.into(),
        about: format!("Does {name}"),
        arguments,
        verbs,
    }
}

fn menu() -> CommandMenu {
    let add = verb(
        "add",
        vec![
            argument("zone", false, Some("--zone")),
            argument("rule", true, None),
        ],
        vec![],
    );
    CommandMenu::new(
        "/pm",
        vec![
            verb("status", vec![argument("project", false, None)], vec![]),
            verb("projects", vec![], vec![]),
            verb("schedule", vec![], vec![add, verb("list", vec![], vec![])]),
        ],
    )
}

#[test]
fn the_grammar_as_a_menu() {
    insta::assert_snapshot!(outline(&menu().definition(), 0), @"
    1 pm: Projects, issues and reports
      1 ask: Ask in plain words, or give any command
        3 text (required): What you want to know or have done
      1 status: Does status
        3 project: The project
      1 projects: Does projects
      2 schedule: Does schedule
        1 add: Does add
          3 rule (required): The rule
          3 zone: The zone
        1 list: Does list
    ");
}

/// A definition, one option a line.
fn outline(option: &Value, depth: usize) -> String {
    let required = if option["required"] == true {
        " (required)"
    } else {
        ""
    };
    let line = format!(
        "{}{} {}{required}: {}\n",
        "  ".repeat(depth),
        option["type"],
        option["name"].as_str().unwrap(),
        option["description"].as_str().unwrap()
    );
    let inside = option["options"].as_array().into_iter().flatten();
    inside.fold(line, |text, option| text + &outline(option, depth + 1))
}

fn sub(name: &str, options: Value) -> Value {
    json!({ "name": name, "type": 1, "options": options })
}

#[test]
fn what_is_picked_is_typed() {
    let value = |name: &str, value: &str| json!({ "name": name, "type": 3, "value": value });
    for (picked, typed) in [
        (sub("status", json!([])), "status"),
        (
            sub("status", json!([value("project", "apollo")])),
            "status apollo",
        ),
        (
            sub("status", json!([value("project", "Apollo Web")])),
            "status \"Apollo Web\"",
        ),
        (
            sub("status", json!([value("project", "Ana's \"x\"")])),
            "status \"Ana's \\\"x\\\"\"",
        ),
        (sub("status", json!([value("project", "v1.")])), "status \"v1.\""),
        (sub("status", json!([value("project", "  ")])), "status"),
        (
            sub("ask", json!([value("text", " what is new? ")])),
            "what is new?",
        ),
        (sub("projects", json!([])), "projects"),
        (
            json!({ "name": "schedule", "type": 2, "options": [sub("add", json!([
                value("rule", "0 9 * * 1-5"), value("zone", "Europe/Berlin")]))] }),
            "schedule add --zone Europe/Berlin \"0 9 * * 1-5\"",
        ),
        (
            json!({ "name": "schedule", "type": 2, "options": [sub("list", json!([]))] }),
            "schedule list",
        ),
        (sub("new", json!([])), "new"),
    ] {
        let data = json!({ "name": "pm", "options": [picked] });
        assert_eq!(menu().typed(&data), typed, "{data}");
    }
    assert_eq!(menu().typed(&json!({})), "");
}

#[test]
fn names_are_what_discord_takes() {
    for (given, name) in [
        ("/pm", "pm"),
        ("/Call", "call"),
        ("/a b", "pm"),
        ("/", "pm"),
        ("/x.y", "pm"),
    ] {
        assert_eq!(CommandMenu::new(given, vec![]).name(), name);
    }
    let long = CommandMenu::new(
        "/pm",
        vec![Verb {
            about: "x".repeat(300),
            ..verb("long", vec![], vec![])
        }],
    );
    let definition = long.definition();
    assert_eq!(
        definition["options"][1]["description"]
            .as_str()
            .unwrap()
            .chars()
            .count(),
        100
    );
}

#[test]
fn what_discord_adds_is_no_difference() {
    let ours = menu().definition();
    let mut theirs = ours.clone();
    theirs["id"] = json!("7");
    theirs["version"] = json!("8");
    theirs["options"][1]["options"][0]["required"] = json!(false);
    theirs["options"][2]["options"] = Value::Null;
    assert_eq!(essence(&ours), essence(&theirs));
    theirs["options"][0]["description"] = json!("Something else");
    assert_ne!(essence(&ours), essence(&theirs));
}
