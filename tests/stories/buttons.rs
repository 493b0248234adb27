//! Buttons under an answer: whoever presses one gives its command, in their own name.

use std::time::Duration;

use serde_json::json;

use crate::support::database::Kind;
use crate::support::github::Fault;
use crate::support::world::World;
use crate::{sees, stories};

stories![
    a_press_is_answered_under_the_message_in_the_name_of_who_pressed,
    a_press_in_a_thread_is_answered_in_that_thread,
    a_press_in_a_direct_message_is_answered_there,
    a_press_counts_once,
    a_reply_under_the_answer_to_a_press_is_a_request,
    a_long_answer_has_its_buttons_under_the_last_part,
    an_answer_that_replaces_its_progress_has_buttons,
    a_private_answer_has_buttons_too,
];

async fn a_press_is_answered_under_the_message_in_the_name_of_who_pressed(kind: Kind) {
    let world = World::apollo(kind).await;
    world.slack.user("ana").slash("#apollo", "/pm", "status apollo");
    world.quiet().await;
    let answer = world.slack.bot_messages("#apollo").remove(0);
    world.github.issue("acme/apollo", 15, "Logout fails", "");
    world.slack.user("ben").presses("#apollo", &answer.ts, "Refresh");
    world.quiet().await;
    sees!(world.talk("#apollo"), @"
    pm: > *ana*: /pm status apollo
        
        *Apollo*: active, <https://github.com/acme/apollo|acme/apollo>.
        
        3 issues and 0 pull requests are open. Changed last:
        
        • <https://github.com/acme/apollo/issues/14|#14> Slow start · assigned to cy
        • <https://github.com/acme/apollo/issues/13|#13> Dark mode · feature
        • <https://github.com/acme/apollo/issues/12|#12> Login fails
        
        In the last 7 days: 3 opened.
        
        Project last changed 22 Nov 2026, 09:00 UTC.
        [Refresh]
      pm: > *ben*: /pm status apollo
          
          *Apollo*: active, <https://github.com/acme/apollo|acme/apollo>.
          
          4 issues and 0 pull requests are open. Changed last:
          
          • <https://github.com/acme/apollo/issues/15|#15> Logout fails
          • <https://github.com/acme/apollo/issues/14|#14> Slow start · assigned to cy
          • <https://github.com/acme/apollo/issues/13|#13> Dark mode · feature
          • <https://github.com/acme/apollo/issues/12|#12> Login fails
          
          In the last 7 days: 4 opened.
          
          Project last changed 22 Nov 2026, 09:00 UTC.
          [Refresh]
    ");
    world.finish().await;
}

async fn a_press_in_a_thread_is_answered_in_that_thread(kind: Kind) {
    let world = World::apollo(kind).await;
    let thread = world.slack.user("ana").says("#apollo", "@pm status");
    world.quiet().await;
    let answer = world.slack.bot_messages("#apollo").remove(0);
    assert_eq!(answer.thread_ts.as_ref(), Some(&thread));
    world.slack.user("ana").presses("#apollo", &answer.ts, "Refresh");
    world.quiet().await;
    let answers = world.slack.bot_messages("#apollo");
    assert_eq!(answers.len(), 2);
    assert!(
        answers
            .iter()
            .all(|answer| answer.thread_ts.as_ref() == Some(&thread))
    );
    assert!(
        answers[1]
            .text
            .starts_with("> *ana*: /pm status apollo\n\n*Apollo*: active")
    );
    world.finish().await;
}

async fn a_press_in_a_direct_message_is_answered_there(kind: Kind) {
    let world = World::apollo(kind).await;
    world.slack.user("ana").dm("status apollo");
    world.quiet().await;
    let answer = world.slack.bot_messages("@ana").remove(0);
    world.slack.user("ana").presses("@ana", &answer.ts, "Refresh");
    world.quiet().await;
    let answers = world.slack.bot_messages("@ana");
    assert_eq!(answers.len(), 2);
    assert_eq!(answers[1].thread_ts, None);
    world.finish().await;
}

async fn a_press_counts_once(kind: Kind) {
    let world = World::apollo(kind).await;
    world.slack.user("ana").slash("#apollo", "/pm", "status apollo");
    world.quiet().await;
    let answer = world.slack.bot_messages("#apollo").remove(0);
    for presses in 1..=2 {
        world.slack.user("ana").presses("#apollo", &answer.ts, "Refresh");
        world.quiet().await;
        assert_eq!(world.slack.bot_messages("#apollo").len(), 1 + presses);
    }
    world.finish().await;
}

async fn a_reply_under_the_answer_to_a_press_is_a_request(kind: Kind) {
    let world = World::apollo(kind).await;
    world.slack.user("ana").slash("#apollo", "/pm", "status apollo");
    world.quiet().await;
    let answer = world.slack.bot_messages("#apollo").remove(0);
    world.slack.user("ben").presses("#apollo", &answer.ts, "Refresh");
    world.quiet().await;
    world.model.says("Login fails.");
    world
        .slack
        .user("ben")
        .replies("#apollo", &answer.ts, "which one is the oldest?");
    world.quiet().await;
    assert_eq!(world.slack.bot_messages("#apollo")[2].text, "Login fails.");
    // Both answers are part of the talk that the model is shown.
    let asked = world.model.requests().remove(0);
    let told = asked["messages"].as_array().unwrap().iter();
    let told = told.filter(|message| message["role"] == "assistant").count();
    assert_eq!(told, 2);
    world.finish().await;
}

async fn a_long_answer_has_its_buttons_under_the_last_part(kind: Kind) {
    let world = World::apollo(kind).await;
    for number in 20..24 {
        let title = format!("A long story {}", "with & and < in it ".repeat(60));
        world.github.issue("acme/apollo", number, &title, "");
    }
    world.slack.user("ana").slash("#apollo", "/pm", "status apollo");
    world.quiet().await;
    let parts = world.slack.bot_messages("#apollo");
    assert!(parts.len() > 1, "{}", parts.len());
    let (last, others) = parts.split_last().unwrap();
    assert!(others.iter().all(|part| part.blocks.is_none()));
    assert!(last.seen().ends_with("[Refresh]"), "{}", last.seen());
    assert_eq!(last.seen(), format!("{}\n[Refresh]", last.text));
    world.finish().await;
}

async fn an_answer_that_replaces_its_progress_has_buttons(kind: Kind) {
    let world = World::apollo(kind).await;
    let held = world.github.fault("GET", "/repos/acme/apollo", Fault::Hold);
    world.slack.user("ana").says("#apollo", "@pm status");
    world.now("GitHub to be asked", |_| held.is_hit()).await;
    world.clock.advance(Duration::from_millis(1600));
    world
        .now("the progress message", |world| {
            world.slack.bot_messages("#apollo").len() == 1
        })
        .await;
    assert_eq!(world.slack.bot_messages("#apollo")[0].blocks, None);
    held.release();
    world.quiet().await;
    let answer = world.slack.bot_messages("#apollo").remove(0);
    assert_eq!(answer.revisions.len(), 2);
    assert_eq!(answer.seen(), format!("{}\n[Refresh]", answer.text));
    world.finish().await;
}

async fn a_private_answer_has_buttons_too(kind: Kind) {
    let world = World::apollo(kind).await;
    world.slack.channel("#elsewhere");
    world.slack.remove_bot("#elsewhere");
    world
        .slack
        .user("ana")
        .slash("#elsewhere", "/pm", "status apollo");
    world.quiet().await;
    let post = world.slack.response_url_posts().remove(0);
    let words = post.body["blocks"][1]["elements"][0]["text"]["text"].as_str();
    assert_eq!(words, Some("Refresh"));
    assert_eq!(post.body["replace_original"], json!(false));
    world.finish().await;
}
