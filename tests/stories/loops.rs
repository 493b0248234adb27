//! Other bots: ignored, or allowed by their id, and then never answered without end.

use std::time::Duration;

use crate::support::database::Kind;
use crate::support::world::World;
use crate::{sees, stories};

stories![
    only_an_allowed_bot_is_answered,
    an_allowed_bot_is_left_alone_after_twenty_turns,
    the_pause_holds_over_a_restart,
    two_bots_that_answer_each_other_come_to_an_end,
    an_allowed_bot_stops_nothing,
    an_allowed_bot_over_a_limit_is_only_heard,
    a_bot_on_an_issue_is_known_by_its_number,
    our_own_comment_is_never_a_request,
];

/// Starts with Apollo and these bots allowed, with the limits on requests as they are by default.
async fn allowing(kind: Kind, bots: &str) -> World {
    let mut world = World::new(kind).await;
    world.settings.retain(|key, _| !key.contains("__LIMITS__"));
    world
        .settings
        .insert("CALLSHEET__AGENT__ALLOWED_BOTS".to_owned(), bots.to_owned());
    world.prepare_apollo().await;
    world.start().await;
    world
}

const BUILDER: &str = "slack:T1/BBUILDER";

/// How many of our messages in #apollo say this.
fn count(world: &World, text: &str) -> usize {
    let said = world.slack.bot_messages("#apollo");
    said.iter().filter(|message| message.text.contains(text)).count()
}

/// What a bot asks that needs no model.
const ASK: &str = "<@UPM> projects";

async fn only_an_allowed_bot_is_answered(kind: Kind) {
    let world = allowing(kind, BUILDER).await;
    let (builder, other) = (world.slack.bot("builder"), world.slack.bot("other"));
    world.model.says("A fine build.").says("Then do.");
    let thread = builder.says("#apollo", "<@UPM> what do you say to build 7?");
    world.quiet().await;
    builder.replies("#apollo", &thread, "I would deploy it.");
    world.quiet().await;
    other.replies("#apollo", &thread, "<@UPM> and I?");
    other.says("#apollo", "<@UPM> status apollo");
    builder.says("#apollo", "Build 8 is green.");
    world.quiet().await;
    sees!(world.talk("#apollo"), @"
    pm: <@UPM> what do you say to build 7?
      pm: A fine build.
      pm: I would deploy it.
      pm: Then do.
      pm: <@UPM> and I?
    pm: <@UPM> status apollo
    pm: Build 8 is green.
    ");
    world.finish().await;
}

async fn an_allowed_bot_is_left_alone_after_twenty_turns(kind: Kind) {
    let world = allowing(kind, BUILDER).await;
    let builder = world.slack.bot("builder");
    let thread = builder.says("#apollo", ASK);
    for _ in 1..20 {
        builder.replies("#apollo", &thread, ASK);
    }
    world.events_done().await;
    for _ in 0..5 {
        builder.replies("#apollo", &thread, ASK);
    }
    world.quiet().await;
    assert_eq!(count(&world, "*Apollo*"), 20, "{}", world.talk("#apollo"));
    let said = world.slack.bot_messages("#apollo");
    let pause = said.iter().find(|message| message.text.contains("pause"));
    sees!(&pause.unwrap().text, @"I have answered builder 20 times within a minute, so I pause for a minute: two bots that answer each other never stop. I hear what it says meanwhile and do not answer it.");
    assert_eq!(said.len(), 21, "said once");
    // The person beside it is answered meanwhile.
    world
        .slack
        .user("ana")
        .replies("#apollo", &thread, "@pm projects");
    world.quiet().await;
    assert_eq!(count(&world, "*Apollo*"), 21);
    world.leap(Duration::from_secs(61)).await;
    builder.replies("#apollo", &thread, ASK);
    world.quiet().await;
    assert_eq!(count(&world, "*Apollo*"), 22, "{}", world.talk("#apollo"));
    assert_eq!(count(&world, "pause"), 1);
    world.finish().await;
}

async fn the_pause_holds_over_a_restart(kind: Kind) {
    let mut world = allowing(kind, BUILDER).await;
    let builder = world.slack.bot("builder");
    let thread = builder.says("#apollo", ASK);
    for _ in 1..10 {
        builder.replies("#apollo", &thread, ASK);
    }
    world.events_done().await;
    world.kill().await;
    world.start().await;
    for _ in 10..22 {
        builder.replies("#apollo", &thread, ASK);
    }
    world.events_done().await;
    world.kill().await;
    world.start().await;
    builder.replies("#apollo", &thread, ASK);
    world.quiet().await;
    assert_eq!(count(&world, "*Apollo*"), 20, "{}", world.talk("#apollo"));
    assert_eq!(count(&world, "pause"), 1);
    world.finish().await;
}

async fn two_bots_that_answer_each_other_come_to_an_end(kind: Kind) {
    let world = allowing(kind, BUILDER).await;
    let builder = world.slack.bot("builder");
    let thread = builder.says("#apollo", ASK);
    let mut answered = 0;
    // It answers whatever we say.
    for round in 0.. {
        world.quiet().await;
        let said = world.slack.bot_messages("#apollo").len();
        if said == answered {
            break;
        }
        assert!(round < 50, "they go on and on");
        answered = said;
        builder.replies("#apollo", &thread, ASK);
    }
    assert_eq!((answered, count(&world, "pause")), (21, 1));
    world.finish().await;
}

async fn an_allowed_bot_stops_nothing(kind: Kind) {
    let world = allowing(kind, BUILDER).await;
    let builder = world.slack.bot("builder");
    let held = world.model.holds();
    world.model.says("All is well.");
    let thread = world.slack.user("ana").says("#apollo", "@pm how is it going?");
    held.reached().await;
    builder.replies("#apollo", &thread, "stop");
    builder.replies("#apollo", &thread, "<@UPM> stop");
    builder.replies("#apollo", &thread, "<@UPM> approve 7");
    world.events_done().await;
    held.release();
    world.quiet().await;
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> how is it going?
      pm: stop
      pm: <@UPM> stop
      pm: <@UPM> approve 7
      pm: All is well.
    ");
    world.finish().await;
}

async fn an_allowed_bot_over_a_limit_is_only_heard(kind: Kind) {
    let mut world = World::new(kind).await;
    let settings = [
        ("CALLSHEET__AGENT__ALLOWED_BOTS", BUILDER),
        ("CALLSHEET__LIMITS__PERSON_PER_MINUTE", "1"),
    ];
    world
        .settings
        .extend(settings.map(|(key, value)| (key.to_owned(), value.to_owned())));
    world.prepare_apollo().await;
    world.start().await;
    let builder = world.slack.bot("builder");
    builder.says("#apollo", ASK);
    world.events_done().await;
    builder.says("#apollo", ASK);
    world.quiet().await;
    assert_eq!(
        world.slack.bot_messages("#apollo").len(),
        1,
        "{}",
        world.talk("#apollo")
    );
    world.finish().await;
}

async fn a_bot_on_an_issue_is_known_by_its_number(kind: Kind) {
    let mut world = World::new(kind).await;
    let number = world.github.user("ci").is_bot().id();
    world.settings.insert(
        "CALLSHEET__AGENT__ALLOWED_BOTS".to_owned(),
        format!("slack:T1/U1, github:github.com/{number}"),
    );
    world.prepare_apollo().await;
    world.start().await;
    world.github.user("lint").is_bot();
    world
        .github
        .user("ci")
        .comments("acme/apollo", 12, "@pm projects");
    world
        .github
        .user("ci")
        .comments("acme/apollo", 12, "Coverage is 80 %.");
    world
        .github
        .user("lint")
        .comments("acme/apollo", 12, "@pm projects");
    world.quiet().await;
    sees!(world.issue_talk("acme/apollo", 12), @"
    ci: @pm projects
    ci: Coverage is 80 %.
    lint: @pm projects
    pm-bot: - **Apollo**: active, [acme/apollo](https://github.com/acme/apollo)
    ");
    world.finish().await;
}

async fn our_own_comment_is_never_a_request(kind: Kind) {
    let mut world = World::new(kind).await;
    // Not even when somebody allows our own account.
    let ours = world.github.user("pm-bot").id();
    world.settings.insert(
        "CALLSHEET__AGENT__ALLOWED_BOTS".to_owned(),
        format!("slack:T1/UPM, github:github.com/{ours}"),
    );
    world.prepare_apollo().await;
    world.start().await;
    world.model.says("@pm status apollo");
    world.github.user("cy").comments("acme/apollo", 12, "@pm say it");
    world.quiet().await;
    let mark = {
        let comments = world.github.comments("acme/apollo", 12);
        let body = comments.last().unwrap().body.clone();
        body[body.find("<!-- callsheet:").unwrap()..].to_owned()
    };
    // By our account without our mark, and by somebody else with a copy of it: only people ask.
    world
        .github
        .user("pm-bot")
        .comments("acme/apollo", 12, "@pm projects");
    world
        .github
        .user("cy")
        .comments("acme/apollo", 12, &format!("@pm projects\n\n{mark}"));
    world.quiet().await;
    let talk = world.issue_talk("acme/apollo", 12).replace('\u{200b}', "⟨⟩");
    sees!(talk, @"
    cy: @pm say it
    pm-bot: @⟨⟩pm status apollo
    pm-bot: @pm projects
    cy: @pm projects
    pm-bot: - **Apollo**: active, [acme/apollo](https://github.com/acme/apollo)
    ");
    world.finish().await;
}
