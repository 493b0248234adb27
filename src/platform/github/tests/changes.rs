use serde_json::{Value, json};
use uuid::Uuid;

use super::super::changes::{left_out, plan};
use super::super::mark::{mark_in, marked, without_marks};
use super::super::models::Issue;
use crate::domain::{Change, IssueChange, IssueState};

fn issue(fields: Value) -> Issue {
    let mut json = json!({
        "number": 12, "title": "Old title", "body": "Old body", "state": "open", "html_url": "https://x.test/12",
        "user": { "login": "ana", "id": 1 }, "labels": [{ "name": "bug" }, "ui"],
        "assignees": [{ "login": "ana", "id": 1 }], "comments": 2,
        "created_at": "2026-11-22T09:00:00Z", "updated_at": "2026-11-22T09:00:00Z",
    });
    let Value::Object(fields) = fields else {
        panic!("fields")
    };
    json.as_object_mut().unwrap().extend(fields);
    serde_json::from_value(json).unwrap()
}

fn planned(fields: Value, change: &IssueChange) -> Value {
    serde_json::to_value(plan(&issue(fields), change).unwrap()).unwrap()
}

fn texts(from: &str, to: &str) -> Option<Change> {
    Some(Change {
        from: from.into(),
        to: to.into(),
    })
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[test]
fn only_what_is_left_to_do_is_sent() {
    let change = IssueChange {
        title: texts("Old title", "New title"),
        body: texts("Old body", "New body"),
        state: Some(IssueState::Closed),
        add_labels: names(&["help"]),
        remove_labels: names(&["UI"]),
        add_assignees: names(&["bob"]),
        remove_assignees: names(&["Ana"]),
    };
    let all = json!({
        "title": "New title", "body": "New body", "state": "closed", "state_reason": "completed",
        "labels": ["bug", "help"], "assignees": ["bob"],
    });
    assert_eq!(planned(json!({}), &change), all);
    let half = json!({ "title": "New title", "state": "closed", "labels": ["BUG", "Help"] });
    assert_eq!(
        planned(half, &change),
        json!({ "body": "New body", "assignees": ["bob"] })
    );
    let done = json!({
        "title": "New title", "body": "New body \r\n", "state": "closed", "labels": ["bug", "help"],
        "assignees": [{ "login": "Bob", "id": 2 }],
    });
    assert!(plan(&issue(done), &change).unwrap().is_empty());
    assert!(
        plan(&issue(json!({})), &IssueChange::default())
            .unwrap()
            .is_empty()
    );
}

#[test]
fn a_text_changed_by_somebody_else_is_not_overwritten() {
    let stands = issue(json!({ "title": "Theirs", "body": null }));
    let title = IssueChange {
        title: texts("Old title", "New title"),
        ..IssueChange::default()
    };
    assert_eq!(
        plan(&stands, &title).unwrap_err(),
        "somebody changed the title meanwhile; it begins with \"Theirs\" now"
    );
    let body = IssueChange {
        body: texts("Old body", "New body"),
        ..IssueChange::default()
    };
    assert!(plan(&stands, &body).is_err());
    let from_none = IssueChange {
        body: texts("", "New body"),
        ..IssueChange::default()
    };
    assert_eq!(
        planned(json!({ "body": null }), &from_none),
        json!({ "body": "New body" })
    );
}

#[test]
fn our_mark_stays_in_a_body() {
    let mark = Uuid::from_u128(7);
    let stands = json!({ "body": marked("Old body", mark) });
    let change = IssueChange {
        body: texts("Old body", "New body"),
        ..IssueChange::default()
    };
    assert_eq!(
        planned(stands.clone(), &change),
        json!({ "body": marked("New body", mark) })
    );
    // Whoever read the source may have kept the mark on both sides.
    let (from, to) = (marked("Old body", mark), marked("New body", mark));
    let change = IssueChange {
        body: texts(&from, &to),
        ..IssueChange::default()
    };
    assert_eq!(
        planned(stands, &change),
        json!({ "body": marked("New body", mark) })
    );
    let done = json!({ "body": marked("New body", mark) });
    assert!(plan(&issue(done), &change).unwrap().is_empty());
}

#[test]
fn a_state_is_changed_only_when_it_differs() {
    let change = |state| IssueChange {
        state: Some(state),
        ..IssueChange::default()
    };
    let closed = |reason: Value| json!({ "state": "closed", "state_reason": reason });
    let cases = [
        (json!({}), IssueState::Open, json!({})),
        (
            json!({}),
            IssueState::NotPlanned,
            json!({ "state": "closed", "state_reason": "not_planned" }),
        ),
        (
            closed(json!("completed")),
            IssueState::Open,
            json!({ "state": "open" }),
        ),
        (closed(json!("completed")), IssueState::Closed, json!({})),
        (closed(json!("duplicate")), IssueState::Closed, json!({})),
        (closed(json!(null)), IssueState::Closed, json!({})),
        (closed(json!("not_planned")), IssueState::NotPlanned, json!({})),
        (
            closed(json!("not_planned")),
            IssueState::Closed,
            json!({ "state": "closed", "state_reason": "completed" }),
        ),
    ];
    for (stands, wanted, patch) in cases {
        assert_eq!(
            planned(stands.clone(), &change(wanted)),
            patch,
            "{stands} to {wanted:?}"
        );
    }
}

#[test]
fn what_is_both_added_and_removed_is_removed() {
    let change = IssueChange {
        add_labels: names(&["x", "Bug", "x"]),
        remove_labels: names(&["X"]),
        ..IssueChange::default()
    };
    assert_eq!(planned(json!({}), &change), json!({}));
    let change = IssueChange {
        add_labels: names(&["y", "Y"]),
        ..IssueChange::default()
    };
    assert_eq!(
        planned(json!({}), &change),
        json!({ "labels": ["bug", "ui", "y"] })
    );
}

#[test]
fn what_github_passed_over_in_silence_is_said() {
    let change = IssueChange {
        state: Some(IssueState::NotPlanned),
        add_labels: names(&["help"]),
        remove_labels: names(&["bug"]),
        add_assignees: names(&["bob", "ana"]),
        ..IssueChange::default()
    };
    let after = issue(json!({ "state": "closed", "state_reason": "completed" }));
    let said = left_out(&after, &change);
    assert_eq!(said.len(), 4, "{said:?}");
    assert!(said[0].contains("label help"), "{said:?}");
    assert!(said[1].contains("did not assign bob,"), "{said:?}");
    assert!(said[2].contains("take off the label bug"), "{said:?}");
    assert!(said[3].contains("reason"), "{said:?}");
    let done = json!({
        "state": "closed", "state_reason": "not_planned", "labels": ["Help"],
        "assignees": [{ "login": "bob", "id": 2 }, { "login": "ana", "id": 1 }],
    });
    assert_eq!(left_out(&issue(done), &change), Vec::<String>::new());
    let open = IssueChange {
        state: Some(IssueState::Open),
        ..IssueChange::default()
    };
    assert_eq!(left_out(&after, &open), vec!["GitHub left it closed".to_owned()]);
}

#[test]
fn marks_are_written_found_and_cut() {
    let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let text = marked("Hello\n\n```\nopen fence", one);
    assert_eq!(mark_in(&text), Some(one));
    assert_eq!(without_marks(&text), "Hello\n\n```\nopen fence");
    let both = marked(&text, two);
    assert_eq!(mark_in(&both), Some(two));
    assert_eq!(without_marks(&both), "Hello\n\n```\nopen fence");
    assert_eq!(
        without_marks(&format!("{text}\n\nadded")),
        "Hello\n\n```\nopen fence\n\nadded"
    );
    let broken = "a <!-- callsheet:delivery:nobody --> b <!-- callsheet:delivery:";
    assert_eq!((mark_in(broken), without_marks(broken).as_str()), (None, broken));
}
