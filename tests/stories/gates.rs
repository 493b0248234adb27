//! Questions that people answer before something happens.

use std::time::Duration;

use callsheet::domain::{Gated, Policy};
use serde_json::json;

use crate::support::database::Kind;
use crate::support::world::World;
use crate::{sees, stories};

stories![
    a_change_waits_for_a_yes_and_every_copy_says_who,
    a_no_with_a_reason_is_told_to_whoever_asked,
    words_open_no_gate,
    a_second_answer_and_a_late_one_change_nothing,
    who_may_not_is_told_why,
    no_answer_in_time_is_a_no,
    what_has_changed_meanwhile_is_not_done,
    stop_withdraws_the_question,
    an_issue_answers_with_a_slash,
    a_command_waits_too,
    others_go_on_while_a_question_is_open,
    a_restart_loses_no_question,
];

/// Ana asks for a label in Slack; the question is there, and nothing is done.
async fn asked(world: &World) {
    world.model.calls_tool(
        "update_issue",
        json!({"issue": "acme/apollo#12", "add_labels": ["bug"]}),
    );
    world
        .slack
        .user("ana")
        .says("#apollo", "@pm label 12 of Apollo as a bug");
    world.quiet().await;
    assert_eq!(labels(world), Vec::<String>::new());
}

fn labels(world: &World) -> Vec<String> {
    world.github.get_issue("acme/apollo", 12).labels
}

/// The question's message in Slack.
fn question(world: &World) -> String {
    let said = world.slack.bot_messages("#apollo").into_iter();
    let mut questions = said.filter(|message| message.text.contains("*Question 1*"));
    questions.next().unwrap().ts
}

async fn a_change_waits_for_a_yes_and_every_copy_says_who(kind: Kind) {
    let world = World::careful(kind).await;
    asked(&world).await;
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> label 12 of Apollo as a bug
      pm: *Question 1*, asked for by *ana*
          
          Change acme/apollo#12:
          
          • add labels: `bug`
          
          It waits because this project wants to be asked before every change. If approved, I do exactly this, at once. Who may answer: members of the project; until 23 Nov 2026, 09:00 UTC, after which the answer is no. Press a button, or say `reject 1 why` to give a reason.
          [Approve] [Reject]
      pm: _waiting for an answer to question 1 …_
    ");
    world.model.says("Labelled.");
    world
        .slack
        .user("ben")
        .presses("#apollo", &question(&world), "Approve");
    world.quiet().await;
    assert_eq!(labels(&world), ["bug"]);
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> label 12 of Apollo as a bug
      pm [edited]: *Question 1*, asked for by *ana*
          
          Change acme/apollo#12:
          
          • add labels: `bug`
          
          *Approved* by ben (22 Nov 2026, 09:00 UTC).
      pm [edited]: Labelled.
      pm: > *ben*: /pm approve 1
          
          Question 1: *Approved* by ben (22 Nov 2026, 09:00 UTC).
    ");
    world.finish().await;
}

async fn a_no_with_a_reason_is_told_to_whoever_asked(kind: Kind) {
    let world = World::careful(kind).await;
    asked(&world).await;
    world.model.says("Ben does not want it.");
    world
        .slack
        .user("ben")
        .slash("#apollo", "/pm", "reject 1 it is no bug");
    world.quiet().await;
    assert_eq!(labels(&world), Vec::<String>::new());
    sees!(world.model.told(), @"I did not do this. Question 1: **Rejected** by ben: “it is no bug” (22 Nov 2026, 09:00 UTC).");
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> label 12 of Apollo as a bug
      pm [edited]: *Question 1*, asked for by *ana*
          
          Change acme/apollo#12:
          
          • add labels: `bug`
          
          *Rejected* by ben: “it is no bug” (22 Nov 2026, 09:00 UTC).
      pm [edited]: Ben does not want it.
    pm: > *ben*: /pm reject 1 it is no bug
        
        Question 1: *Rejected* by ben: “it is no bug” (22 Nov 2026, 09:00 UTC).
    ");
    world.finish().await;
}

async fn words_open_no_gate(kind: Kind) {
    let world = World::careful(kind).await;
    asked(&world).await;
    let thread = world.slack.bot_messages("#apollo")[0].thread_ts.clone().unwrap();
    world.model.says("Press the button under the question, please.");
    world
        .slack
        .user("ana")
        .replies("#apollo", &thread, "yes, go ahead");
    world.quiet().await;
    assert_eq!(labels(&world), Vec::<String>::new());
    world.model.says("Labelled.");
    world.slack.user("ana").replies("#apollo", &thread, "approve 1");
    world.quiet().await;
    assert_eq!(labels(&world), ["bug"]);
    assert!(world.talk("#apollo").contains("Press the button"));
    world.finish().await;
}

async fn a_second_answer_and_a_late_one_change_nothing(kind: Kind) {
    let world = World::careful(kind).await;
    let somebody_else = Policy {
        gates: Gated::AllWrites,
        not_requester: true,
        ..Policy::default()
    };
    world.ask_about("apollo", somebody_else).await;
    asked(&world).await;
    let (ana, ben) = (world.slack.user("ana"), world.slack.user("ben"));
    ana.slash("#apollo", "/pm", "approve 1");
    world.quiet().await;
    assert_eq!(labels(&world), Vec::<String>::new());
    world.model.says("Labelled.");
    let ts = question(&world);
    // Two clicks at one moment.
    ben.presses("#apollo", &ts, "Approve");
    ben.presses("#apollo", &ts, "Approve");
    world.quiet().await;
    ana.slash("#apollo", "/pm", "reject 1");
    world.quiet().await;
    ana.slash("#apollo", "/pm", "approve 9");
    world.quiet().await;
    assert_eq!(labels(&world), ["bug"]);
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> label 12 of Apollo as a bug
      pm [edited]: *Question 1*, asked for by *ana*
          
          Change acme/apollo#12:
          
          • add labels: `bug`
          
          *Approved* by ben (22 Nov 2026, 09:00 UTC).
      pm [edited]: Labelled.
      pm: > *ben*: /pm approve 1
          
          Question 1: *Approved* by ben (22 Nov 2026, 09:00 UTC).
      pm: > *ben*: /pm approve 1
          
          Your answer to question 1 changes nothing: Approved by ben (22 Nov 2026, 09:00 UTC). Nothing needs to be done; `why` tells what became of it.
    pm: > *ana*: /pm approve 1
        
        I did not count your answer: you asked for it yourself, and this project wants somebody else to decide. Ask somebody else who may answer it.
    pm: > *ana*: /pm reject 1
        
        I did not count your answer: you asked for it yourself, and this project wants somebody else to decide. Ask somebody else who may answer it.
    pm: > *ana*: /pm approve 9
        
        I did not count your answer: there is no question 9. `gates` lists those that are open.
    ");
    world.finish().await;
}

async fn who_may_not_is_told_why(kind: Kind) {
    let world = World::careful(kind).await;
    world.slack.channel("#random");
    asked(&world).await;
    world.slack.user("eve").slash("#random", "/pm", "approve 1");
    world.quiet().await;
    world.github.user("dan").comments("acme/apollo", 12, "/approve 1");
    world.quiet().await;
    assert_eq!(labels(&world), Vec::<String>::new());
    sees!(world.talk("#random"), @"
    pm: > *eve*: /pm approve 1
        
        I did not count your answer: that takes a member of the project, and you are none here. Ask a member, or have a maintainer make you one with `role grant`.
    ");
    sees!(world.issue_talk("acme/apollo", 12), @"
    dan: /approve 1
    pm-bot: I did not count your answer: that takes a member of the project, and you are none here. Ask a member, or have a maintainer make you one with `role grant`.
    ");
    world.model.says("No.");
    world.slack.user("ben").slash("#apollo", "/pm", "reject 1");
    world.quiet().await;
    assert!(world.talk("#apollo").contains("*Rejected* by ben"));
    world.finish().await;
}

async fn no_answer_in_time_is_a_no(kind: Kind) {
    let world = World::careful(kind).await;
    asked(&world).await;
    world.model.says("Nobody answered.");
    for _ in 0..25 {
        world.leap(Duration::from_secs(3_600)).await;
    }
    world.quiet().await;
    assert_eq!(labels(&world), Vec::<String>::new());
    sees!(world.model.told(), @"I did not do this. Question 1: **No**: nobody decided in time (23 Nov 2026, 09:00 UTC).");
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> label 12 of Apollo as a bug
      pm [edited]: *Question 1*, asked for by *ana*
          
          Change acme/apollo#12:
          
          • add labels: `bug`
          
          *No*: nobody decided in time (23 Nov 2026, 09:00 UTC).
      pm [edited]: _Answered below._
      pm: Nobody answered.
    ");
    world.finish().await;
}

async fn what_has_changed_meanwhile_is_not_done(kind: Kind) {
    let world = World::careful(kind).await;
    world.model.calls_tool(
        "update_issue",
        json!({"issue": "acme/apollo#12", "title": "Login fails with 500"}),
    );
    world.slack.user("ana").says("#apollo", "@pm rename 12 of Apollo");
    world.quiet().await;
    world
        .github
        .user("cy")
        .edits_issue("acme/apollo", 12, "Login is slow", "It says 500.");
    world.quiet().await;
    world.model.says("Somebody else renamed it.");
    world.slack.user("ben").slash("#apollo", "/pm", "approve 1");
    world.quiet().await;
    assert_eq!(world.github.get_issue("acme/apollo", 12).title, "Login is slow");
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> rename 12 of Apollo
      pm [edited]: *Question 1*, asked for by *ana*
          
          Change acme/apollo#12:
          
          • its title: from `Login fails` to `Login fails with 500`
          
          *Not done*: what it is about has changed since the question was asked (22 Nov 2026, 09:00 UTC).
      pm [edited]: Somebody else renamed it.
    pm: > *ben*: /pm approve 1
        
        Your answer to question 1 changes nothing: Not done: what it is about has changed since the question was asked (22 Nov 2026, 09:00 UTC). If it is still wanted, ask for it anew.
    ");
    world.finish().await;
}

async fn stop_withdraws_the_question(kind: Kind) {
    let world = World::careful(kind).await;
    asked(&world).await;
    world.slack.user("ana").slash("#apollo", "/pm", "stop");
    world.quiet().await;
    world.slack.user("ben").slash("#apollo", "/pm", "approve 1");
    world.quiet().await;
    assert_eq!(labels(&world), Vec::<String>::new());
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> label 12 of Apollo as a bug
      pm [edited]: *Question 1*, asked for by *ana*
          
          Change acme/apollo#12:
          
          • add labels: `bug`
          
          *Withdrawn*: ana stopped it (22 Nov 2026, 09:00 UTC).
      pm [edited]: Stopped by *ana*. Nothing was changed.
    pm: > *ana*: /pm stop
        
        Stopped: “label 12 of Apollo as a bug”.
    pm: > *ben*: /pm approve 1
        
        Your answer to question 1 changes nothing: Withdrawn: ana stopped it (22 Nov 2026, 09:00 UTC). If it is still wanted, ask for it anew.
    ");
    world.finish().await;
}

async fn an_issue_answers_with_a_slash(kind: Kind) {
    let world = World::careful(kind).await;
    world
        .model
        .calls_tool("update_issue", json!({"add_labels": ["bug"]}));
    let cy = world.github.user("cy");
    cy.comments("acme/apollo", 12, "@pm label this as a bug");
    world.quiet().await;
    world.model.says("Labelled.");
    cy.comments("acme/apollo", 12, "/approve looks right");
    world.quiet().await;
    assert_eq!(labels(&world), ["bug"]);
    sees!(world.issue_talk("acme/apollo", 12), @"
    cy: @pm label this as a bug
    pm-bot [edited]: **Question 1**, asked for by **cy**
        
        Change acme/apollo#12:
        - add labels: `bug`
        
        **Approved** by cy: “looks right” (22 Nov 2026, 09:00 UTC).
    pm-bot [edited]: Labelled.
    cy: /approve looks right
    pm-bot: Question 1: **Approved** by cy: “looks right” (22 Nov 2026, 09:00 UTC).
    ");
    world.finish().await;
}

async fn a_command_waits_too(kind: Kind) {
    let world = World::careful(kind).await;
    let (ana, ben) = (world.slack.user("ana"), world.slack.user("ben"));
    ana.slash(
        "#apollo",
        "/pm",
        "schedule add apollo \"0 9 * * mon\" Europe/Berlin",
    );
    world.quiet().await;
    ana.slash("#apollo", "/pm", "gates");
    world.quiet().await;
    ben.slash("#apollo", "/pm", "approve 1");
    world.quiet().await;
    sees!(world.talk("#apollo"), @r#"
    pm [edited]: *Question 1*, asked for by *ana*
        
        Post the status of Apollo to #apollo at `0 9 * * mon`, Europe/Berlin.
        
        *Approved* by ben (22 Nov 2026, 09:00 UTC).
    pm [edited]: > *ana*: /pm schedule add apollo "0 9 * * mon" Europe/Berlin
        
        Schedule *1* posts the status of Apollo to #apollo, `0 9 * * mon` Europe/Berlin. It is due first on Mon 23 Nov 2026, 09:00 Europe/Berlin (Mon 08:00 UTC).
    pm: > *ana*: /pm gates
        
        • *1* Apollo: Post the status of Apollo to #apollo at 0 9 * * mon, Europe/Berlin. (asked for by ana, until 23 Nov 2026, 09:00 UTC)
        
        Answer with `approve` or `reject` and the number.
    pm: > *ben*: /pm approve 1
        
        Question 1: *Approved* by ben (22 Nov 2026, 09:00 UTC).
    "#);
    world.finish().await;
}

async fn others_go_on_while_a_question_is_open(kind: Kind) {
    let world = World::careful(kind).await;
    asked(&world).await;
    let thread = world.slack.bot_messages("#apollo")[0].thread_ts.clone().unwrap();
    world.model.says("All is well.");
    world
        .slack
        .user("ben")
        .replies("#apollo", &thread, "how is it going?");
    world.quiet().await;
    assert!(world.talk("#apollo").contains("All is well."));
    world.model.says("Labelled.");
    world.slack.user("ben").replies("#apollo", &thread, "approve");
    world.quiet().await;
    assert_eq!(labels(&world), ["bug"]);
    assert!(world.talk("#apollo").contains("Labelled."));
    world.finish().await;
}

async fn a_restart_loses_no_question(kind: Kind) {
    let mut world = World::careful(kind).await;
    asked(&world).await;
    world.stop().await;
    world.start().await;
    world.model.says("Labelled.");
    world
        .slack
        .user("ben")
        .presses("#apollo", &question(&world), "Approve");
    world.quiet().await;
    assert_eq!(labels(&world), ["bug"]);
    assert!(world.talk("#apollo").contains("Labelled."));
    world.finish().await;
}
