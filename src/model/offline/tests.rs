//! What is understood, and what must not be.

mod answers;
mod certainty;
mod understood;

use serde_json::Value;

use super::grammar::{Call, parse};

/// The tools, with the arguments they take.
const TOOLS: [(&str, &[&str]); 17] = [
    ("list_projects", &[]),
    ("get_project", &["project"]),
    ("create_project", &["name", "description", "repository", "status"]),
    (
        "update_project",
        &["project", "name", "description", "status", "repository"],
    ),
    ("bind_place", &["project", "place"]),
    ("project_status", &["project"]),
    ("search_messages", &["words", "project"]),
    ("post_message", &["place", "text"]),
    (
        "list_issues",
        &["repository", "project", "state", "labels", "assignee"],
    ),
    ("get_issue", &["issue"]),
    ("list_pull_requests", &["repository", "project", "state"]),
    ("get_pull_request", &["pull_request"]),
    (
        "search_issues",
        &["words", "repository", "project", "kind", "state"],
    ),
    ("recent_activity", &["repository", "project", "days"]),
    (
        "create_issue",
        &["title", "body", "labels", "assignees", "project", "repository"],
    ),
    ("comment_on_issue", &["issue", "text"]),
    (
        "update_issue",
        &[
            "issue",
            "title",
            "body",
            "state",
            "add_labels",
            "remove_labels",
            "add_assignees",
            "remove_assignees",
        ],
    ),
];

fn calls(text: &str) -> Vec<(&'static str, Value)> {
    let calls = parse(text).unwrap_or_else(|| panic!("not understood: {text}"));
    calls
        .into_iter()
        .map(|Call { tool, arguments }| (tool, Value::Object(arguments)))
        .collect()
}
