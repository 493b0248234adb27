//! The menu and what is picked from it.

use serde_json::{Value, json};

use super::super::commands::{CommandMenu, essence};
use crate::domain::{Argument, ArgumentKind, Verb};

fn argument(name: &str, required: bool, flag: Option<&str>) -> Argument {
    Argument {
        name: name.into(),
        about: format!("The {name}"),
        required,
        flag: flag.map(str::to_owned),
        kind: ArgumentKind::Text,
    }
}

fn kinds() -> CommandMenu {
    let of = |name: &str, kind, flag| Argument {
        kind,
        ..argument(name, false, flag)
    };
    let choice = ArgumentKind::Choice(vec!["open".to_owned(), "closed".to_owned()]);
    let arguments = vec![
        of("project", ArgumentKind::Project, None),
        of("state", choice, Some("--state")),
        of("page", ArgumentKind::Number, Some("--page")),
        of("remove", ArgumentKind::Flag, Some("--remove")),
    ];
    CommandMenu::new("/pm", vec![verb("list", arguments, vec![])])
}

#[test]
fn options_have_their_types() {
    let menu = kinds().definition();
    let options = menu["options"][1]["options"].clone();
    assert_eq!(
        options,
        json!([
            { "type": 3, "name": "project", "description": "The project", "autocomplete": true },
            { "type": 3, "name": "state", "description": "The state", "choices": [
                { "name": "open", "value": "open" }, { "name": "closed", "value": "closed" }] },
            { "type": 4, "name": "page", "description": "The page", "min_value": 1 },
            { "type": 5, "name": "remove", "description": "The remove" },
        ])
    );
    let picked = |options: Value| kinds().typed(&json!({ "options": [sub("list", options)] }));
    let value = |name: &str, kind: u64, value: Value| json!({ "name": name, "type": kind, "value": value });
    for (options, typed) in [
        (json!([value("page", 4, json!(2))]), "list --page 2"),
        (json!([value("remove", 5, json!(true))]), "list --remove"),
        (json!([value("remove", 5, json!(false))]), "list"),
        (
            json!([
                value("page", 4, json!(3)),
                value("project", 3, json!("Apollo Web")),
                value("state", 3, json!("open"))
            ]),
            "list \"Apollo Web\" --state open --page 3",
        ),
    ] {
        assert_eq!(picked(options), typed);
    }
}

#[test]
fn what_somebody_is_typing() {
    let menu = kinds();
    let typing = |options: Value| {
        let data = json!({ "options": [sub("list", options)] });
        menu.typing(&data)
            .map(|typing| (typing.kind.clone(), typing.so_far))
    };
    let option =
        |name: &str, focused: bool| json!({ "name": name, "type": 3, "value": "ap", "focused": focused });
    let project = Some((ArgumentKind::Project, "ap".to_owned()));
    assert_eq!(typing(json!([option("project", true)])), project);
    assert_eq!(
        typing(json!([option("state", false), option("project", true)])),
        project
    );
    assert_eq!(typing(json!([option("project", false)])), None);
    assert_eq!(typing(json!([option("what", true)])), None);
    assert_eq!(menu.typing(&json!({})), None);
}

#[test]
fn descriptions_are_as_long_as_the_whole_allows() {
    let long = |count: usize| {
        let verbs = (0..count).map(|at| Verb {
            about: "x".repeat(100),
            ..verb(
                &format!("verb{at}"),
                vec![argument("words", false, None); 20],
                vec![],
            )
        });
        CommandMenu::new("/pm", verbs.collect()).definition()
    };
    let about = |menu: &Value| {
        menu["options"][1]["description"]
            .as_str()
            .unwrap()
            .chars()
            .count()
    };
    assert_eq!(about(&long(5)), 100);
    let cut = about(&long(24));
    assert!((20..100).contains(&cut), "{cut}");
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
            verb(
                "reject",
                vec![
                    Argument {
                        kind: ArgumentKind::Gate,
                        ..argument("gate", false, None)
                    },
                    argument("reason", false, None),
                ],
                vec![],
            ),
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
      1 reject: Does reject
        4 gate: The gate
        3 reason: The reason
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
        // What is left out in front of a word is missed by nothing that looks like it.
        (
            sub("reject", json!([value("reason", "later")])),
            "reject \"later\"",
        ),
        (
            sub(
                "reject",
                json!([
                    value("reason", "later"),
                    json!({ "name": "gate", "type": 4, "value": 7 })
                ]),
            ),
            "reject 7 later",
        ),
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
