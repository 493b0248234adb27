//! Every tool, called with good and with bad arguments.

use serde_json::{Value, json};

use crate::support::database::Kind;
use crate::support::world::World;
use crate::{sees, stories};

stories![
    project_tools_do_what_they_say,
    project_tools_refuse_bad_arguments,
    message_tools_do_what_they_say,
    message_tools_refuse_bad_arguments,
    issue_tools_do_what_they_say,
    issue_tools_refuse_bad_arguments,
    a_long_result_says_what_was_cut,
];

/// Lets the model call tools one after another in #apollo; what it is told of each.
async fn results(world: &World, calls: Vec<(&str, Value)>) -> String {
    let count = calls.len();
    let before = world.model.requests().len();
    world.model.calls_tools(calls.clone()).says("Done.");
    world.slack.user("ana").says("#apollo", "@pm go");
    world.quiet().await;
    let requests = world.model.requests();
    let messages = requests[before + 1]["messages"].as_array().unwrap();
    let told = messages[messages.len() - count..].iter().map(|message| message["content"].as_str().unwrap());
    calls.iter().zip(told).map(|((name, _), text)| format!("{name}: {text}")).collect::<Vec<_>>().join("\n---\n")
}

async fn project_tools_do_what_they_say(kind: Kind) {
    let world = World::apollo(kind).await;
    let told = results(
        &world,
        vec![
            ("create_project", json!({"name": "Zeus Web", "description": "The site.", "status": "planned"})),
            ("list_projects", json!({})),
            ("update_project", json!({"project": "zeus", "status": "on_hold", "name": "Zeus"})),
            ("get_project", json!({"project": "Zeus"})),
            ("bind_place", json!({"project": "Apollo"})),
            ("project_status", json!({})),
        ],
    )
    .await;
    sees!(told, @"");
    world.finish().await;
}

async fn project_tools_refuse_bad_arguments(kind: Kind) {
    let world = World::apollo(kind).await;
    world.add_project("Apollo Web", None, Some(("#web", &world.slack.channel("#web")))).await;
    world.add_project("Solo", None, Some(("#solo", &world.slack.channel("#solo")))).await;
    let told = results(
        &world,
        vec![
            ("list_projects", json!({"all": true})),
            ("get_project", json!({"project": "Hermes"})),
            ("project_status", json!({"project": "web"})),
            ("create_project", json!({"name": "!!!"})),
        ],
    )
    .await;
    sees!(told, @"");
    let told = results(
        &world,
        vec![
            ("create_project", json!({"name": "Apollo"})),
            ("update_project", json!({"project": "Apollo", "status": "sleeping"})),
            ("bind_place", json!({"project": "Apollo", "place": "the moon"})),
            ("list_projects", Value::Null),
        ],
    )
    .await;
    sees!(told, @"");
    world.finish().await;
}

async fn message_tools_do_what_they_say(kind: Kind) {
    let world = World::apollo(kind).await;
    world.slack.user("ben").says("#apollo", "The login page is broken since Tuesday");
    world.quiet().await;
    let told = results(
        &world,
        vec![
            ("search_messages", json!({"words": "login tuesday"})),
            ("search_messages", json!({"words": "unicorn"})),
            ("post_message", json!({"place": "#apollo", "text": "**Heads up**: @channel the login is broken."})),
        ],
    )
    .await;
    sees!(told, @"");
    sees!(world.talk("#apollo"), @"");
    world.finish().await;
}

async fn message_tools_refuse_bad_arguments(kind: Kind) {
    let world = World::apollo(kind).await;
    world.slack.channel("#random");
    let told = results(
        &world,
        vec![
            ("search_messages", json!({"words": "?!"})),
            ("post_message", json!({"place": "#random", "text": "hi"})),
            ("post_message", json!({"place": "#apollo", "text": "  "})),
        ],
    )
    .await;
    sees!(told, @"");
    let told = results(&world, vec![("post_message", json!({"place": "#apollo", "text": "x".repeat(12_001)}))]).await;
    sees!(told, @"");
    world.finish().await;
}

async fn issue_tools_do_what_they_say(kind: Kind) {
    let world = World::apollo(kind).await;
    world.github.user("eve").comments("acme/apollo", 12, "Since Tuesday. <!-- hidden -->");
    world.github.repo("acme/apollo").label("bug");
    let told = results(
        &world,
        vec![
            ("list_issues", json!({})),
            ("list_issues", json!({"labels": ["feature"], "state": "all", "limit": 5})),
            ("get_issue", json!({"issue": "#12"})),
            ("create_issue", json!({"title": "Logout fails", "body": "Also 500.", "labels": ["bug"], "assignees": ["cy"]})),
            ("comment_on_issue", json!({"issue": "acme/apollo#13", "text": "Noted."})),
            ("update_issue", json!({"issue": "#14", "title": "Slow start-up", "body": "It takes a minute.", "add_labels": ["bug"], "remove_assignees": ["cy"], "state": "closed"})),
            ("update_issue", json!({"issue": "#14", "state": "open", "remove_labels": ["bug"], "add_assignees": ["cy"]})),
        ],
    )
    .await;
    sees!(told, @"");
    let issue = world.github.get_issue("acme/apollo", 14);
    assert_eq!((issue.title.as_str(), issue.state.as_str()), ("Slow start-up", "open"));
    assert_eq!(issue.body.as_deref(), Some("It takes a minute."));
    assert_eq!((issue.labels, issue.assignees), (vec![], vec!["cy".to_owned()]));
    world.finish().await;
}

async fn issue_tools_refuse_bad_arguments(kind: Kind) {
    let world = World::apollo(kind).await;
    let told = results(
        &world,
        vec![
            ("list_issues", json!({"repository": "not a repository"})),
            ("get_issue", json!({"issue": "#99"})),
            ("get_issue", json!({})),
        ],
    )
    .await;
    sees!(told, @"");
    let told = results(
        &world,
        vec![
            ("create_issue", json!({"title": "  "})),
            ("comment_on_issue", json!({"issue": "#12", "text": ""})),
            ("update_issue", json!({"issue": "#12"})),
        ],
    )
    .await;
    sees!(told, @"");
    let told = results(
        &world,
        vec![
            ("update_issue", json!({"issue": "#12", "add_assignees": ["nobody-we-know"]})),
            ("create_issue", json!({"title": "Long", "body": "x".repeat(70_000)})),
        ],
    )
    .await;
    sees!(told, @"");
    assert_eq!(world.github.issues("acme/apollo").len(), 3);
    world.finish().await;
}

async fn a_long_result_says_what_was_cut(kind: Kind) {
    let world = World::apollo(kind).await;
    world.github.issue("acme/apollo", 15, "Long", &"word ".repeat(6_000));
    let told = results(&world, vec![("get_issue", json!({"issue": "#15"}))]).await;
    assert!(told.len() < 14_000, "{}", told.len());
    sees!(told.lines().last().unwrap(), @"");
    world.finish().await;
}
