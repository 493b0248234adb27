//! Requests that were asked long before we come to them: asked back, and done when they are still wanted.

use std::time::Duration;

use serde_json::json;

use crate::support::database::Kind;
use crate::support::world::World;
use crate::{sees, stories};

stories![
    an_old_request_in_slack_is_done_when_its_button_is_pressed,
    only_who_asked_can_say_that_it_is_still_wanted,
    an_old_request_on_github_is_done_when_it_is_said_again,
    an_old_command_on_discord_is_asked_back_too,
    again_is_a_word_like_any_other_when_nothing_waits,
    what_is_allowed_to_be_old_is_done,
];

const AWAY: Duration = Duration::from_secs(3 * 60 * 60 + 300);

/// Apollo with the application stopped.
async fn stopped(kind: Kind) -> World {
    let mut world = World::apollo(kind).await;
    world.quiet().await;
    world.stop().await;
    world
}

async fn an_old_request_in_slack_is_done_when_its_button_is_pressed(kind: Kind) {
    let mut world = stopped(kind).await;
    world.slack.user("ana").says("#apollo", "@pm label #12 as bug");
    world.clock.advance(AWAY);
    world.start().await;
    world.quiet().await;
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> label #12 as bug
      pm: This is 3 hours old (asked 22 Nov 2026, 09:00 UTC), and I come to it only now: still wanted? Press the button, or tell me `again`, and I do it; otherwise nothing happens.
          [Still wanted]
    ");
    let question = world.slack.bot_messages("#apollo").remove(0);
    world
        .model
        .calls_tool("update_issue", json!({"issue": "#12", "add_labels": ["bug"]}))
        .says("Labelled as bug.");
    world
        .slack
        .user("ana")
        .presses("#apollo", &question.ts, "Still wanted");
    world.quiet().await;
    world
        .slack
        .user("ana")
        .presses("#apollo", &question.ts, "Still wanted");
    world.quiet().await;
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> label #12 as bug
      pm: This is 3 hours old (asked 22 Nov 2026, 09:00 UTC), and I come to it only now: still wanted? Press the button, or tell me `again`, and I do it; otherwise nothing happens.
          [Still wanted]
      pm: > *ana*: label #12 as bug
          
          Labelled as bug.
      pm: > *ana*: label #12 as bug
          
          I took that up already; one time is enough.
    ");
    sees!(world.issue_talk("acme/apollo", 12), @"
    pm-bot: > **ana** asked in Slack (#apollo): label #12 as bug
        
        Labelled as bug.
    ");
    assert_eq!(world.github.get_issue("acme/apollo", 12).labels, ["bug"]);
    world.finish().await;
}

async fn only_who_asked_can_say_that_it_is_still_wanted(kind: Kind) {
    let mut world = stopped(kind).await;
    let thread = world.slack.user("ana").says("#apollo", "@pm who are you?");
    world.clock.advance(AWAY);
    world.start().await;
    world.quiet().await;
    let question = world.slack.bot_messages("#apollo").remove(0);
    world
        .slack
        .user("ben")
        .presses("#apollo", &question.ts, "Still wanted");
    world.quiet().await;
    world.model.says("A project manager.");
    world.slack.user("ana").replies("#apollo", &thread, "again");
    world.quiet().await;
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> who are you?
      pm: This is 3 hours old (asked 22 Nov 2026, 09:00 UTC), and I come to it only now: still wanted? Press the button, or tell me `again`, and I do it; otherwise nothing happens.
          [Still wanted]
      pm: > *ben*: /pm again
          
          I left it: ana asked for it, and it is done with the rights of who asked. Ask for it yourself.
      ana: again
      pm: A project manager.
    ");
    world.finish().await;
}

async fn an_old_request_on_github_is_done_when_it_is_said_again(kind: Kind) {
    let mut world = stopped(kind).await;
    let cy = world.github.user("cy");
    world.clock.advance(Duration::from_secs(60));
    cy.comments("acme/apollo", 12, "@pm label this as bug, please");
    world.clock.advance(AWAY);
    world.start().await;
    world.quiet().await;
    sees!(world.issue_talk("acme/apollo", 12), @"
    cy: @pm label this as bug, please
    pm-bot: > label this as bug, please
        
        This is 3 hours old (asked 22 Nov 2026, 09:01 UTC), and I come to it only now: still wanted? Comment `@pm again` and I do it; otherwise nothing happens.
    ");
    world
        .model
        .calls_tool("update_issue", json!({"add_labels": ["bug"]}))
        .says("Labelled as bug.");
    cy.comments("acme/apollo", 12, "@pm again");
    world.quiet().await;
    sees!(world.issue_talk("acme/apollo", 12), @"
    cy: @pm label this as bug, please
    pm-bot: > label this as bug, please
        
        This is 3 hours old (asked 22 Nov 2026, 09:01 UTC), and I come to it only now: still wanted? Comment `@pm again` and I do it; otherwise nothing happens.
    cy: @pm again
    pm-bot: Labelled as bug.
    ");
    assert_eq!(world.github.get_issue("acme/apollo", 12).labels, ["bug"]);
    world.finish().await;
}

async fn an_old_command_on_discord_is_asked_back_too(kind: Kind) {
    let mut world = World::new(kind).await;
    world.prepare_apollo().await;
    world.join_discord();
    world.start().await;
    world.discord.user("ana").says("#general", "@pm status apollo");
    world.quiet().await;
    world.stop().await;
    world.discord.user("ana").says("#general", "@pm projects");
    world.clock.advance(AWAY);
    world.start().await;
    world.quiet().await;
    let before = world.discord.bot_messages("#general");
    let question = before.last().unwrap().clone();
    sees!(question.text.clone(), @"This is 3 hours old (asked 22 Nov 2026, 09:00 UTC), and I come to it only now: still wanted? Press the button, or tell me `again`, and I do it; otherwise nothing happens.");
    world.discord.user("ana").presses(&question.id, "Still wanted");
    world.quiet().await;
    let after = world.discord.bot_messages("#general");
    assert_eq!(after.len(), before.len() + 1);
    sees!(after.last().unwrap().text.clone(), @"
    > **ana**: projects

    There is no project that you may see here. To make one, say: create a project called Apollo
    ");
    world.finish().await;
}

async fn again_is_a_word_like_any_other_when_nothing_waits(kind: Kind) {
    let world = World::apollo(kind).await;
    world.model.says("Hello.").says("Hello again.");
    let thread = world.slack.user("ana").says("#apollo", "@pm say hello");
    world.quiet().await;
    world.slack.user("ana").replies("#apollo", &thread, "Again!");
    world.quiet().await;
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> say hello
      pm: Hello.
      ana: Again!
      pm: Hello again.
    ");
    world.finish().await;
}

async fn what_is_allowed_to_be_old_is_done(kind: Kind) {
    let mut world = stopped(kind).await;
    world
        .settings
        .insert("CALLSHEET__AGENT__OLD_AFTER_MINUTES".into(), "0".into());
    world.slack.user("ana").says("#apollo", "@pm who are you?");
    world.clock.advance(AWAY);
    world.model.says("A project manager.");
    world.start().await;
    world.quiet().await;
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> who are you?
      pm: A project manager.
    ");
    world.finish().await;
}
