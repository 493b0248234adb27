//! Who asks too often, and what the language model may cost: everybody gets an answer, and nobody pays for others.

use std::time::Duration;

use serde_json::json;

use super::lanes::asked;
use crate::support::database::Kind;
use crate::support::model::Turn;
use crate::support::world::World;
use crate::{sees, stories};

stories![
    who_asks_too_often_is_told_to_wait_and_others_are_not,
    the_defaults_take_twenty_requests_a_minute,
    commands_count_and_help_does_not,
    a_channel_takes_only_so_many_requests,
    a_project_takes_only_so_many_requests,
    what_was_asked_while_we_were_away_is_not_too_often,
    the_budget_tells_what_was_used,
    the_budget_of_a_strange_project_is_not_told,
    answers_that_were_lost_are_counted,
    at_the_limit_of_the_day_there_is_what_was_found,
    at_the_limit_of_the_month_the_project_rests,
    a_request_that_costs_too_much_ends,
    the_built_in_model_is_never_stopped,
];

/// Starts with Apollo and these settings.
async fn apollo(kind: Kind, settings: &[(&str, &str)]) -> World {
    let mut world = World::new(kind).await;
    set(&mut world, settings);
    world.prepare_apollo().await;
    world.start().await;
    world
}

fn set(world: &mut World, settings: &[(&str, &str)]) {
    for (key, value) in settings {
        world
            .settings
            .insert(format!("CALLSHEET__{key}"), (*value).to_owned());
    }
}

/// A million tokens cost one dollar to read and ten to write.
const PRICES: [(&str, &str); 2] = [("MODEL__INPUT_PRICE", "1"), ("MODEL__OUTPUT_PRICE", "10")];

async fn who_asks_too_often_is_told_to_wait_and_others_are_not(kind: Kind) {
    let world = apollo(kind, &[("LIMITS__PERSON_PER_MINUTE", "2")]).await;
    world
        .model
        .always(|request| Turn::says(&format!("To {}", asked(request))));
    let (ana, ben) = (world.slack.user("ana"), world.slack.user("ben"));
    for text in ["@pm one?", "@pm two?", "@pm three?", "@pm four?"] {
        ana.says("#apollo", text);
        world.events_done().await;
    }
    ben.says("#apollo", "@pm and I?");
    world.quiet().await;
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> one?
      pm: To ana: one?
    ana: <@UPM> two?
      pm: To ana: two?
    ana: <@UPM> three?
      pm: You asked me 2 times within a minute; I am with you again in 30 seconds. Nothing was done.
    ana: <@UPM> four?
      pm: You asked me 2 times within a minute; I am with you again in 30 seconds. Nothing was done.
    ben: <@UPM> and I?
      pm: To ben: and I?
    ");
    world.leap(Duration::from_secs(60)).await;
    ana.says("#apollo", "@pm five?");
    world.quiet().await;
    assert!(
        world.talk("#apollo").ends_with("pm: To ana: five?"),
        "{}",
        world.talk("#apollo")
    );
    world.finish().await;
}

async fn the_defaults_take_twenty_requests_a_minute(kind: Kind) {
    let mut world = World::new(kind).await;
    world.settings.retain(|key, _| !key.contains("__LIMITS__"));
    world.prepare_apollo().await;
    world.start().await;
    let ana = world.slack.user("ana");
    for _ in 0..21 {
        ana.says("#apollo", "@pm projects");
    }
    world.quiet().await;
    let said = world.slack.bot_messages("#apollo");
    let (refused, answered): (Vec<_>, Vec<_>) = said.iter().partition(|message| {
        message
            .text
            .starts_with("You asked me 20 times within a minute; I am with you again in ")
    });
    assert_eq!(
        (answered.len(), refused.len()),
        (20, 1),
        "{}",
        world.talk("#apollo")
    );
    world.finish().await;
}

async fn commands_count_and_help_does_not(kind: Kind) {
    let world = apollo(kind, &[("LIMITS__PERSON_PER_MINUTE", "1")]).await;
    let ana = world.slack.user("ana");
    let thread = ana.says("#apollo", "@pm projects");
    world.events_done().await;
    ana.slash("#apollo", "/pm", "projects");
    world.quiet().await;
    ana.replies("#apollo", &thread, "@pm help status");
    world.quiet().await;
    ana.replies("#apollo", &thread, "@pm stop");
    world.quiet().await;
    sees!(world.talk("#apollo"), @r#"
    ana: <@UPM> projects
      pm: • *Apollo*: active, <https://github.com/acme/apollo|acme/apollo>
      ana: <@UPM> help status
      pm: `/pm status [project]`: How a project stands: its status, its open issues and pull requests.
          
          • `project`: The project; left out for the one this place belongs to. Quote names of several words.
          
          For example: `/pm status "Apollo Web"`
      ana: <@UPM> stop
      pm: Nothing is running here.
    pm: > *ana*: /pm projects
        
        You asked me once within a minute; I am with you again in 60 seconds. Nothing was done.
    "#);
    world.finish().await;
}

async fn a_channel_takes_only_so_many_requests(kind: Kind) {
    let world = apollo(kind, &[("LIMITS__PLACE_PER_MINUTE", "2")]).await;
    world.slack.channel("#random");
    for (who, place) in [
        ("ana", "#apollo"),
        ("ben", "#apollo"),
        ("cy", "#apollo"),
        ("cy", "#random"),
    ] {
        world.slack.user(who).says(place, "@pm projects");
        world.events_done().await;
    }
    world.quiet().await;
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> projects
      pm: • *Apollo*: active, <https://github.com/acme/apollo|acme/apollo>
    ben: <@UPM> projects
      pm: • *Apollo*: active, <https://github.com/acme/apollo|acme/apollo>
    cy: <@UPM> projects
      pm: I was asked 2 times within a minute here; I am with you again in 30 seconds. Nothing was done.
    ");
    assert!(
        world.talk("#random").contains("pm: • *Apollo*"),
        "{}",
        world.talk("#random")
    );
    world.finish().await;
}

async fn a_project_takes_only_so_many_requests(kind: Kind) {
    let world = apollo(kind, &[("LIMITS__PROJECT_PER_MINUTE", "1")]).await;
    world.slack.user("ana").says("#apollo", "@pm projects");
    world.events_done().await;
    let cy = world.github.user("cy");
    cy.comments("acme/apollo", 12, "@pm projects");
    world.quiet().await;
    world.expects(
        "#apollo",
        &["• *Apollo*: active, <https://github.com/acme/apollo|acme/apollo>"],
    );
    sees!(world.issue_talk("acme/apollo", 12), @"
    cy: @pm projects
    pm-bot: I was asked once within a minute at the places of Apollo; I am with you again in 60 seconds. Nothing was done.
    ");
    world.leap(Duration::from_secs(60)).await;
    cy.comments("acme/apollo", 12, "@pm projects");
    world.quiet().await;
    let talk = world.issue_talk("acme/apollo", 12);
    assert!(talk.contains("pm-bot: - **Apollo**"), "{talk}");
    world.finish().await;
}

async fn what_was_asked_while_we_were_away_is_not_too_often(kind: Kind) {
    let mut world = apollo(kind, &[("LIMITS__PERSON_PER_MINUTE", "1")]).await;
    world.stop().await;
    let cy = world.github.user("cy");
    for _ in 0..3 {
        cy.comments("acme/apollo", 12, "@pm projects");
        world.clock.advance(Duration::from_secs(300));
    }
    world.start().await;
    world.redeliver_what_was_refused();
    world.quiet().await;
    let talk = world.issue_talk("acme/apollo", 12);
    assert_eq!(talk.matches("pm-bot: - **Apollo**").count(), 3, "{talk}");
    world.finish().await;
}

async fn the_budget_tells_what_was_used(kind: Kind) {
    let mut settings = PRICES.to_vec();
    settings.extend([("LIMITS__PERSON_DAY_COST", "2.50"), ("MODEL__CURRENCY", "EUR")]);
    let world = apollo(kind, &settings).await;
    world.slack.channel("#random");
    let (ana, ben) = (world.slack.user("ana"), world.slack.user("ben"));
    let ask = async |who: &crate::support::slack::Person, place: &str, text: &str| {
        who.says(place, text);
        world.quiet().await;
        world.slack.bot_messages(place).pop().unwrap().text
    };
    sees!(ask(&ana, "#apollo", "@pm budget").await, @"
    Used of the language model:

    • *You*, today (22 November, UTC): 0 of 1,000,000 tokens, 0.00 of 2.50 EUR, in 0 answers
    • *Apollo*, this month (November 2026): 0 of 20,000,000 tokens, 0.00 EUR, in 0 answers
    ");
    world
        .model
        .calls_tool("list_projects", json!({}))
        .uses(1_000, 20)
        .says("Fine.")
        .uses(1_200, 300);
    ask(&ana, "#apollo", "@pm how is it going?").await;
    sees!(ask(&ana, "#apollo", "@pm budget").await, @"
    Used of the language model:

    • *You*, today (22 November, UTC): 2,520 of 1,000,000 tokens, 0.0054 of 2.50 EUR, in 2 answers
    • *Apollo*, this month (November 2026): 2,520 of 20,000,000 tokens, 0.0054 EUR, in 2 answers
    ");
    world.model.says("Fine.").uses(10, 5);
    ask(&ben, "#apollo", "@pm how is it going?").await;
    sees!(ask(&ben, "#random", "@pm budget").await, @"
    Used of the language model:

    • *You*, today (22 November, UTC): 15 of 1,000,000 tokens, 0.00006 of 2.50 EUR, in 1 answer
    ");
    sees!(ask(&ben, "#random", "@pm budget apollo").await, @"
    Used of the language model:

    • *You*, today (22 November, UTC): 15 of 1,000,000 tokens, 0.00006 of 2.50 EUR, in 1 answer
    • *Apollo*, this month (November 2026): 2,535 of 20,000,000 tokens, 0.00546 EUR, in 3 answers
    ");
    world.leap(Duration::from_secs(24 * 3_600)).await;
    sees!(ask(&ana, "#apollo", "@pm budget").await, @"
    Used of the language model:

    • *You*, today (23 November, UTC): 0 of 1,000,000 tokens, 0.00 of 2.50 EUR, in 0 answers
    • *Apollo*, this month (November 2026): 2,535 of 20,000,000 tokens, 0.00546 EUR, in 3 answers
    ");
    world.finish().await;
}

async fn the_budget_of_a_strange_project_is_not_told(kind: Kind) {
    let world = apollo(kind, &[]).await;
    world.github.repo("globex/zeus");
    world.github.issue("globex/zeus", 1, "Hello", "");
    world.add_project("Zeus", Some("globex/zeus"), None).await;
    let cy = world.github.user("cy");
    for line in ["@pm budget", "@pm budget zeus"] {
        cy.comments("acme/apollo", 12, line);
        world.quiet().await;
    }
    sees!(world.issue_talk("acme/apollo", 12), @"
    cy: @pm budget
    pm-bot: Used of the language model:
        
        - **You**, today (22 November, UTC): 0 of 1,000,000 tokens, in 0 answers
        - **Apollo**, this month (November 2026): 0 of 20,000,000 tokens, in 0 answers
    cy: @pm budget zeus
    pm-bot: I do not know a project “zeus”: the projects you may see here are Apollo (apollo). Check the name, or ask me to create the project.
    ");
    world.finish().await;
}

async fn answers_that_were_lost_are_counted(kind: Kind) {
    let mut world = apollo(kind, &[]).await;
    let ana = world.slack.user("ana");
    // One that was broken off is asked for again; one that was busy had not begun.
    world
        .model
        .fails(500, None, "server_error")
        .fails(429, Some(1), "rate_limit_exceeded")
        .says("Fine.")
        .uses(10, 5);
    ana.says("#apollo", "@pm how is it going?");
    world.quiet().await;
    // One was on its way when the program ended, and one when the run was stopped.
    world.model.hangs();
    let thread = ana.says("#apollo", "@pm and now?");
    world
        .now("the model to be asked", |world| world.model.requests().len() == 4)
        .await;
    world.kill().await;
    world.model.hangs();
    world.start().await;
    world
        .until("the model to be asked", |world| world.model.requests().len() == 5)
        .await;
    ana.replies("#apollo", &thread, "stop");
    world.quiet().await;
    ana.says("#apollo", "@pm budget");
    world.quiet().await;
    let said = world.slack.bot_messages("#apollo").pop().unwrap().text;
    sees!(said, @"
    Used of the language model:

    • *You*, today (22 November, UTC): 15 of 1,000,000 tokens, in 4 answers
    • *Apollo*, this month (November 2026): 15 of 20,000,000 tokens, in 4 answers
    ");
    world.finish().await;
}

async fn at_the_limit_of_the_day_there_is_what_was_found(kind: Kind) {
    let world = apollo(kind, &[("LIMITS__PERSON_DAY_TOKENS", "1000")]).await;
    let (ana, ben) = (world.slack.user("ana"), world.slack.user("ben"));
    world
        .model
        .calls_tool("list_projects", json!({}))
        .uses(900, 150)
        .says("Ben's.")
        .uses(900, 50);
    ana.says("#apollo", "@pm how is it going?");
    world.quiet().await;
    ana.says("#apollo", "@pm and now?");
    world.quiet().await;
    ana.says("#apollo", "@pm projects");
    world.quiet().await;
    ben.says("#apollo", "@pm and I?");
    world.quiet().await;
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> how is it going?
      pm: You have used 1,050 tokens of the language model today, and the limit for one person is 1,000 a day (limits.person_day_tokens). I answer you again from tomorrow, 00:00 UTC. Commands such as `status` work meanwhile. What there is so far:
          
          • *Apollo*: active, <https://github.com/acme/apollo|acme/apollo>
    ana: <@UPM> and now?
      pm: You have used 1,050 tokens of the language model today, and the limit for one person is 1,000 a day (limits.person_day_tokens). I answer you again from tomorrow, 00:00 UTC. Commands such as `status` work meanwhile.
    ana: <@UPM> projects
      pm: • *Apollo*: active, <https://github.com/acme/apollo|acme/apollo>
    ben: <@UPM> and I?
      pm: Ben's.
    ");
    // At 09:00 it still is the same day at 23:59, and another one a minute later.
    let ask = async |text: &str| {
        ana.says("#apollo", text);
        world.quiet().await;
        world.slack.bot_messages("#apollo").pop().unwrap().text
    };
    world.leap(Duration::from_secs(14 * 3_600 + 58 * 60)).await;
    assert!(ask("@pm still?").await.starts_with("You have used 1,050 tokens"));
    world.leap(Duration::from_secs(120)).await;
    world.model.says("A new day.");
    assert_eq!(ask("@pm and today?").await, "A new day.");
    world.finish().await;
}

async fn at_the_limit_of_the_month_the_project_rests(kind: Kind) {
    let mut settings = PRICES.to_vec();
    settings.push(("LIMITS__PROJECT_MONTH_COST", "0.01"));
    let world = apollo(kind, &settings).await;
    world.slack.channel("#random");
    world.model.says("Fine.").uses(1_000, 900).says("Still here.");
    let (ana, ben) = (world.slack.user("ana"), world.slack.user("ben"));
    ana.says("#apollo", "@pm how is it going?");
    world.quiet().await;
    ben.says("#apollo", "@pm and now?");
    world.quiet().await;
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> how is it going?
      pm: Fine.
    ben: <@UPM> and now?
      pm: Apollo has used 0.01 USD of the language model this month, and the limit for one project is 0.01 USD a month (limits.project_month_cost). I answer here again from 1 December, 00:00 UTC. Commands such as `status` work meanwhile.
    ");
    // Ben himself has used nothing, and elsewhere it is not for Apollo.
    ben.says("#random", "@pm and here?");
    world.quiet().await;
    world.expects("#random", &["Still here."]);
    world.leap(Duration::from_secs(9 * 24 * 3_600)).await;
    world.model.says("A new month.");
    ben.says("#apollo", "@pm and in December?");
    world.quiet().await;
    assert!(
        world.talk("#apollo").ends_with("pm: A new month."),
        "{}",
        world.talk("#apollo")
    );
    world.finish().await;
}

async fn a_request_that_costs_too_much_ends(kind: Kind) {
    let mut settings = PRICES.to_vec();
    settings.push(("LIMITS__RUN_COST", "0.002"));
    let world = apollo(kind, &settings).await;
    world
        .model
        .calls_tool("list_projects", json!({}))
        .uses(999, 100)
        .calls_tool("list_projects", json!({}))
        .uses(1, 0);
    world.slack.user("ana").says("#apollo", "@pm how is it going?");
    world.quiet().await;
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> how is it going?
      pm: I stopped after 0.002 USD; the limit for one request is 0.002 USD (limits.run_cost). Ask again with a smaller question. What there is so far:
          
          • *Apollo*: active, <https://github.com/acme/apollo|acme/apollo>
          
          • *Apollo*: active, <https://github.com/acme/apollo|acme/apollo>
    ");
    world.finish().await;
}

async fn the_built_in_model_is_never_stopped(kind: Kind) {
    let mut world = World::new(kind).await;
    world.settings.retain(|key, _| !key.contains("__MODEL__"));
    set(
        &mut world,
        &[
            ("LIMITS__PERSON_DAY_TOKENS", "1"),
            ("LIMITS__PROJECT_MONTH_TOKENS", "1"),
        ],
    );
    world.prepare_apollo().await;
    world.start().await;
    let ana = world.slack.user("ana");
    for text in [
        "@pm which projects are there?",
        "@pm which projects are there?",
        "@pm budget",
    ] {
        ana.says("#apollo", text);
        world.quiet().await;
    }
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> which projects are there?
      pm: • *Apollo*: active, <https://github.com/acme/apollo|acme/apollo>
          
          _Answered by the built-in offline model, which understands only simple phrases._
    ana: <@UPM> which projects are there?
      pm: • *Apollo*: active, <https://github.com/acme/apollo|acme/apollo>
          
          _Answered by the built-in offline model, which understands only simple phrases._
    ana: <@UPM> budget
      pm: Used of the language model:
          
          • *You*, today (22 November, UTC): 0 of 1 tokens, in 4 answers
          • *Apollo*, this month (November 2026): 0 of 1 tokens, in 4 answers
          
          No language model is set up. The built-in one costs nothing, and no limit stops it.
    ");
    world.finish().await;
}
