//! What a talk is about: the model is handed what belongs to the topic that goes on.

use std::time::Duration;

use crate::support::database::Kind;
use crate::support::world::World;
use crate::{sees, stories};

stories![
    the_model_sees_the_topic_that_goes_on,
    an_issue_changes_its_topic_by_members_alone,
];

/// Ana says something in her thread, a second later.
async fn goes_on(world: &World, thread: &str, line: &str) {
    world.pass(Duration::from_secs(1)).await;
    world.slack.user("ana").replies("#apollo", thread, line);
    world.quiet().await;
}

async fn the_model_sees_the_topic_that_goes_on(kind: Kind) {
    let world = World::apollo(kind).await;
    let ana = world.slack.user("ana");
    world.model.says("It is blue.");
    let thread = ana.says("#apollo", "@pm which colour has the door?");
    world.quiet().await;
    for line in [
        "@pm topic list",
        "@pm topic back",
        "@pm topic new the release",
        "@pm topic back 2",
        "@pm topic back 9",
    ] {
        goes_on(&world, &thread, line).await;
    }
    let asked = |world: &World| world.model.requests().last().unwrap()["messages"].to_string();
    world.model.says("On Monday.");
    goes_on(&world, &thread, "@pm when is it?").await;
    assert!(!asked(&world).contains("blue"), "{}", asked(&world));
    goes_on(&world, &thread, "@pm topic back").await;
    world.model.says("The door is blue.");
    goes_on(&world, &thread, "@pm say it again").await;
    assert!(asked(&world).contains("It is blue."), "{}", asked(&world));
    assert!(!asked(&world).contains("Monday"), "{}", asked(&world));
    ana.replies("#apollo", &thread, "@pm topic list");
    ana.slash("#random", "/pm", "topic new nothing");
    world.quiet().await;
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> which colour has the door?
      pm: It is blue.
      ana: <@UPM> topic list
      pm: • *1* how it began (this one)
      ana: <@UPM> topic back
      pm: I changed no topic: there was no other topic in this talk. `topic new` begins one.
      ana: <@UPM> topic new the release
      pm: Topic 2: the release. What was said before is out of my mind here; `topic back 1` brings it back.
      ana: <@UPM> topic back 2
      pm: I changed no topic: topic 2 goes on already. Nothing needs to be done.
      ana: <@UPM> topic back 9
      pm: I changed no topic: there is no topic 9 in this talk. `topic list` shows them.
      ana: <@UPM> when is it?
      pm: On Monday.
      ana: <@UPM> topic back
      pm: Back to topic 1: how it began.
      ana: <@UPM> say it again
      pm: The door is blue.
      ana: <@UPM> topic list
      pm: • *1* how it began (this one)
          • *2* the release
    ");
    sees!(world.talk("#random"), @"
    pm: > *ana*: /pm topic new nothing
        
        I changed no topic: there is no talk with me here; in a channel each post begins one of its own. Say it in the thread of the talk.
    ");
    world.finish().await;
}

async fn an_issue_changes_its_topic_by_members_alone(kind: Kind) {
    let world = World::apollo(kind).await;
    world
        .github
        .user("cy")
        .comments("acme/apollo", 12, "@pm topic new tests");
    world.quiet().await;
    world
        .github
        .user("dan")
        .comments("acme/apollo", 12, "@pm topic new jokes");
    world.quiet().await;
    sees!(world.issue_talk("acme/apollo", 12), @"
    cy: @pm topic new tests
    pm-bot: Topic 2: tests. What was said before is out of my mind here; `topic back 1` brings it back.
    dan: @pm topic new jokes
    pm-bot: You may not change the topic here: on GitHub that takes write permission to the repository. Ask a maintainer of the repository to do it, or to give you write access.
    ");
    world.finish().await;
}
