//! Answers of the platforms that are lost on the way: the message is there once.

use std::time::Duration;

use serde_json::json;

use crate::support::database::Kind;
use crate::support::world::World;
use crate::support::{github, slack};
use crate::{sees, stories};

stories![
    a_deleted_progress_message_is_posted_anew,
    last_words_are_posted_anew_where_somebody_edited_the_progress,
    a_post_is_found_without_its_event,
    an_issue_whose_answer_is_lost_is_opened_once,
    a_label_whose_answer_is_lost_is_set_once,
];

const POST: &str = "chat.postMessage";

/// Ana asks, the progress message appears, and the model is held.
async fn with_progress(world: &World) -> crate::support::model::Held {
    let held = world.model.holds();
    world.slack.user("ana").says("#apollo", "@pm hello?");
    held.reached().await;
    world.clock.advance(Duration::from_secs(2));
    world
        .now("the progress message", |world| {
            world.slack.bot_messages("#apollo").len() == 1
        })
        .await;
    held
}

async fn a_deleted_progress_message_is_posted_anew(kind: Kind) {
    let world = World::apollo(kind).await;
    let held = with_progress(&world).await;
    let progress = world.slack.bot_messages("#apollo").remove(0);
    world.slack.user("ana").removes("#apollo", &progress.ts);
    world.model.says("Still here.");
    held.release();
    world.quiet().await;
    let talk: Vec<String> = world
        .slack
        .messages("#apollo")
        .into_iter()
        .filter(|m| m.is_bot && !m.deleted)
        .map(|m| m.text)
        .collect();
    assert_eq!(talk, ["Still here."]);
    world.finish().await;
}

async fn a_post_is_found_without_its_event(kind: Kind) {
    let world = World::apollo(kind).await;
    let held = world.model.holds();
    world.slack.user("ana").says("#apollo", "@pm hello?");
    held.reached().await;
    world.slack.hold_events();
    world.slack.fault(slack::Fault::DropAfterEffect { method: POST });
    world.model.says("Once.");
    held.release();
    // Longer than a call's time-out and the quiet window: what was not found by now would have been sent again.
    world.pass(Duration::from_secs(120)).await;
    assert!(!world.slack.calls("conversations.replies").is_empty());
    world.slack.release_events(false);
    world.quiet().await;
    let texts: Vec<String> = world
        .slack
        .bot_messages("#apollo")
        .into_iter()
        .map(|message| message.text)
        .collect();
    assert_eq!(texts, ["Once."]);
    world.finish().await;
}

async fn an_issue_whose_answer_is_lost_is_opened_once(kind: Kind) {
    let world = World::apollo(kind).await;
    world.github.mute_webhooks(true);
    world.github.fault(
        "POST",
        "/repos/acme/apollo/issues",
        github::Fault::DropAfterEffect,
    );
    world
        .model
        .calls_tool(
            "create_issue",
            json!({"title": "Logout fails", "body": "Also 500."}),
        )
        .says("Opened.");
    world
        .slack
        .user("ana")
        .says("#apollo", "@pm open an issue about the logout");
    world.quiet().await;
    let titles: Vec<String> = world
        .github
        .issues("acme/apollo")
        .into_iter()
        .map(|issue| issue.title)
        .collect();
    assert_eq!(
        titles.iter().filter(|title| *title == "Logout fails").count(),
        1,
        "{titles:?}"
    );
    world.expects("#apollo", &["Opened."]);
    sees!(world.model.told(), @"Opened acme/apollo#15 (https://github.com/acme/apollo/issues/15): Logout fails");
    world.finish().await;
}

async fn a_label_whose_answer_is_lost_is_set_once(kind: Kind) {
    let world = World::apollo(kind).await;
    world
        .github
        .fault("PATCH", "/issues/12", github::Fault::DropAfterEffect);
    world
        .model
        .calls_tool("update_issue", json!({"add_labels": ["bug"]}))
        .says("Labelled.");
    world
        .github
        .user("cy")
        .comments("acme/apollo", 12, "@pm label this as bug");
    world.quiet().await;
    assert_eq!(world.github.get_issue("acme/apollo", 12).labels, ["bug"]);
    let patches = world
        .github
        .calls()
        .into_iter()
        .filter(|call| call.method == "PATCH" && call.path.ends_with("/issues/12"))
        .count();
    assert_eq!(patches, 1);
    sees!(world.issue_talk("acme/apollo", 12), @"
    cy: @pm label this as bug
    pm-bot: Labelled.
    ");
    world.finish().await;
}

async fn last_words_are_posted_anew_where_somebody_edited_the_progress(kind: Kind) {
    let world = World::apollo(kind).await;
    let held = world.model.holds();
    world.github.user("cy").comments("acme/apollo", 12, "@pm hello?");
    held.reached().await;
    world.clock.advance(Duration::from_secs(2));
    world
        .now("the progress comment", |world| {
            world.github.comments("acme/apollo", 12).len() == 2
        })
        .await;
    let progress = world.github.comments("acme/apollo", 12).remove(1);
    world
        .github
        .user("cy")
        .edits_comment(progress.id, "I edited this.");
    world.model.says("Hello.");
    held.release();
    world.quiet().await;
    sees!(world.issue_talk("acme/apollo", 12), @"
    cy: @pm hello?
    pm-bot [edited]: I edited this.
    pm-bot: Hello.
    ");
    world.finish().await;
}
