//! The health report tells what is so now, and not what was at the start.

use std::time::Duration;

use crate::support::database::Kind;
use crate::support::world::World;
use crate::{sees, stories};

stories![
    a_token_that_is_revoked_later_is_told,
    a_token_that_works_later_is_tried_again,
    whether_the_model_answers_is_told,
];

/// Makes the application ask GitHub something.
async fn asks_github(world: &World) {
    world.slack.user("ana").slash("#apollo", "/pm", "status apollo");
    world.quiet().await;
    world.slack.news("#apollo");
}

async fn a_token_that_is_revoked_later_is_told(kind: Kind) {
    let world = World::apollo(kind).await;
    world
        .until("GitHub to know us", |world| {
            world.health("github").starts_with("ok")
        })
        .await;
    world.github.revoke_token();
    asks_github(&world).await;
    sees!(world.health("github"), @"failed: signed in as pm-bot; GitHub does not accept my token; it is wrong, expired or revoked. Have a valid token put into github.token, and me started again.");
    world.github.restore_token();
    asks_github(&world).await;
    assert!(
        world.health("github").starts_with("ok"),
        "{}",
        world.health("github")
    );
    world.finish().await;
}

async fn a_token_that_works_later_is_tried_again(kind: Kind) {
    let mut world = World::new(kind).await;
    world.prepare_apollo().await;
    world.github.revoke_token();
    world.start().await;
    world
        .until("GitHub to refuse us", |world| {
            world.health("github").starts_with("failed")
        })
        .await;
    world.github.restore_token();
    world.pass(Duration::from_secs(9 * 60)).await;
    assert!(
        world.health("github").starts_with("failed"),
        "it is not asked all the time"
    );
    world.pass(Duration::from_secs(2 * 60)).await;
    assert!(
        world.health("github").starts_with("ok"),
        "{}",
        world.health("github")
    );
    world.finish().await;
}

async fn whether_the_model_answers_is_told(kind: Kind) {
    let world = World::apollo(kind).await;
    sees!(world.health("model"), @"ok: test-model");
    world.model.fails(401, None, "invalid_api_key");
    world.slack.user("ana").says("#apollo", "@pm hello?");
    world.quiet().await;
    sees!(world.health("model"), @"failed: the language model refused: 401 Unauthorized: The request could not be served.");
    world.model.says("Hello.");
    world.slack.user("ana").says("#apollo", "@pm hello?");
    world.quiet().await;
    sees!(world.health("model"), @"ok: test-model");
    world.slack.news("#apollo");
    world.finish().await;
}
