//! What becomes of a message, told before the message itself.

use super::lanes::asked;
use crate::support::database::Kind;
use crate::support::world::World;
use crate::{sees, stories};

stories![
    an_edit_that_overtakes_its_message_counts,
    what_was_taken_back_before_it_came_is_not_answered,
];

async fn an_edit_that_overtakes_its_message_counts(kind: Kind) {
    let world = World::apollo(kind).await;
    let ana = world.slack.user("ana");
    world.slack.hold_events();
    let remark = ana.says("#apollo", "We ship on Monday.");
    ana.edits("#apollo", &remark, "We ship on Friday.");
    world.slack.release_events(true);
    world.quiet().await;
    world.slack.hold_events();
    let question = ana.says("#apollo", "@pm is it blue?");
    ana.edits("#apollo", &question, "@pm is it green?");
    world.slack.release_events(true);
    world.model.says("It is.");
    world.quiet().await;
    sees!(asked(&world.model.requests()[0]), @"ana: is it green?");
    world.expects("#apollo", &["It is."]);
    let kept = "SELECT COUNT(*) FROM messages WHERE text = 'We ship on Friday.'";
    assert_eq!(world.database.count(kept).await, 1);
    world.finish().await;
}

async fn what_was_taken_back_before_it_came_is_not_answered(kind: Kind) {
    let world = World::apollo(kind).await;
    let ana = world.slack.user("ana");
    world.slack.hold_events();
    let question = ana.says("#apollo", "@pm is it blue?");
    ana.deletes("#apollo", &question);
    world.slack.release_events(true);
    world.quiet().await;
    assert!(world.model.requests().is_empty());
    assert!(world.slack.bot_messages("#apollo").is_empty());
    let kept = "SELECT COUNT(*) FROM messages";
    assert_eq!(world.database.count(kept).await, 0);
    world.finish().await;
}
