//! Digests for places that are gone, or are no longer the project's.

use callsheet::domain::{Project, ProjectId, Role};
use callsheet::store::{projects, schedules};

use super::digests::{digests_on, wait_until};
use crate::support::database::Kind;
use crate::support::world::World;
use crate::{sees, stories};

stories![
    a_place_that_is_gone_is_shown_in_the_list,
    nothing_is_posted_on_an_issue_that_is_not_the_projects_any_more,
    nothing_is_posted_in_a_channel_that_was_bound_to_another_project,
];

async fn a_place_that_is_gone_is_shown_in_the_list(kind: Kind) {
    let world = World::apollo(kind).await;
    world
        .slack
        .user("ana")
        .slash("#apollo", "/pm", "schedule add apollo @hourly");
    world.quiet().await;
    assert_eq!(world.slack.news("#apollo").len(), 1);
    world.slack.archive("#apollo");
    wait_until(&world, "2026-11-22T10:00").await;
    world
        .github
        .user("cy")
        .comments("acme/apollo", 12, "@pm schedule list");
    world.quiet().await;
    sees!(world.issue_talk("acme/apollo", 12), @"
    cy: @pm schedule list
    pm-bot: - **1**: Apollo to #apollo, `@hourly` UTC. Next Sun 22 Nov 2026, 11:00 UTC. Last Sun 22 Nov 2026, 10:00 UTC: it could not be posted, because the channel is archived; unarchive it or use another one
    ");
    world.finish().await;
}

async fn nothing_is_posted_on_an_issue_that_is_not_the_projects_any_more(kind: Kind) {
    let world = World::apollo(kind).await;
    let cy = world.github.user("cy");
    cy.comments("acme/apollo", 12, "@pm schedule add apollo @hourly");
    world.quiet().await;
    let mut tx = world.db.begin().await.unwrap();
    let mut apollo = projects::by_slug(&mut tx, "apollo").await.unwrap().unwrap();
    apollo.repository = Some("acme/other".parse().unwrap());
    projects::update(&mut tx, &apollo).await.unwrap();
    tx.commit("moved").await.unwrap();
    wait_until(&world, "2026-11-22T10:00").await;
    assert_eq!(digests_on(&world, 12), Vec::<String>::new());
    assert_eq!(world.issue_talk("acme/apollo", 12).matches("pm-bot:").count(), 1);
    world.slack.user("ana").slash("#apollo", "/pm", "schedule list");
    world.quiet().await;
    sees!(world.talk("#apollo"), @"
    pm: > *ana*: /pm schedule list
        
        • *1*: Apollo to acme/apollo#12, `@hourly` UTC. Next Sun 22 Nov 2026, 11:00 UTC. Last Sun 22 Nov 2026, 10:00 UTC: not posted, because its place does not belong to the project any more
    ");
    world.finish().await;
}

async fn nothing_is_posted_in_a_channel_that_was_bound_to_another_project(kind: Kind) {
    let world = World::apollo(kind).await;
    world
        .slack
        .user("ana")
        .slash("#apollo", "/pm", "schedule add apollo @hourly");
    world.quiet().await;
    let mut tx = world.db.begin().await.unwrap();
    let apollo = projects::by_slug(&mut tx, "apollo").await.unwrap().unwrap();
    let bound = projects::places(&mut tx, apollo.id).await.unwrap().remove(0);
    let zeus = Project {
        id: ProjectId::new(),
        slug: "zeus".to_owned(),
        name: "Zeus".to_owned(),
        repository: None,
        ..apollo.clone()
    };
    projects::insert(&mut tx, &zeus).await.unwrap();
    let schedule = schedules::by_number(&mut tx, 1).await.unwrap().unwrap();
    let by = schedule.asker.person;
    projects::bind(
        &mut tx,
        zeus.id,
        &bound.place,
        "#apollo",
        Role::Member,
        by,
        world.clock.now(),
    )
    .await
    .unwrap();
    tx.commit("bound").await.unwrap();
    assert_eq!(world.slack.news("#apollo").len(), 1);
    wait_until(&world, "2026-11-22T10:00").await;
    assert_eq!(world.slack.news("#apollo").len(), 0);
    world
        .github
        .user("cy")
        .comments("acme/apollo", 12, "@pm schedule list");
    world.quiet().await;
    sees!(world.issue_talk("acme/apollo", 12), @"
    cy: @pm schedule list
    pm-bot: - **1**: Apollo to #apollo, `@hourly` UTC. Next Sun 22 Nov 2026, 11:00 UTC. Last Sun 22 Nov 2026, 10:00 UTC: not posted, because its place does not belong to the project any more
    ");
    world.finish().await;
}
