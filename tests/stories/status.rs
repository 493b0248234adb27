//! Asking how a project stands, in Slack, by command and on an issue.

use std::time::Duration;

use serde_json::json;

use crate::support::database::Kind;
use crate::support::slack::Mentions;
use crate::support::world::World;
use crate::{sees, stories};

stories![
    ana_asks_in_slack_and_progress_becomes_the_answer,
    a_command_gives_the_same_facts_without_the_model,
    a_reply_under_the_answer_to_a_command_is_a_request,
    a_quick_answer_has_no_progress,
    a_long_run_answers_in_a_new_message,
    a_direct_message_is_answered_there,
    a_reply_in_a_thread_with_us_is_a_request,
    a_question_about_an_issue_is_answered_in_both_places,
    one_post_as_two_events_is_one_request,
    the_same_delivery_twice_is_one_request,
    a_comment_by_webhook_and_by_a_later_read_is_one_request,
];

async fn ana_asks_in_slack_and_progress_becomes_the_answer(kind: Kind) {
    let world = World::apollo(kind).await;
    world.model.calls_tools(vec![
        ("project_status", json!({"project": "Apollo"})),
        ("list_issues", json!({})),
    ]);
    let held = world.model.holds();
    world
        .slack
        .user("ana")
        .says("#apollo", "@pm what is the state of Apollo?");
    world
        .now("the model to be asked again", |world| {
            world.model.requests().len() == 2
        })
        .await;
    held.reached().await;
    world.clock.advance(Duration::from_millis(1600));
    world
        .now("the progress message", |world| {
            world.slack.bot_messages("#apollo").len() == 1
        })
        .await;
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> what is the state of Apollo?
      pm: _reading 3 open issues of acme/apollo …_
    ");
    world
        .model
        .says("Apollo is **active**. Three issues are open; *Login fails* is the oldest.");
    held.release();
    world.quiet().await;
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> what is the state of Apollo?
      pm [edited]: Apollo is *active*. Three issues are open; _Login fails_ is the oldest.
    ");
    world.finish().await;
}

async fn a_command_gives_the_same_facts_without_the_model(kind: Kind) {
    let world = World::apollo(kind).await;
    world.slack.user("ana").slash("#apollo", "/pm", "status apollo");
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
    ");
    assert_eq!(world.model.requests().len(), 0);
    world.finish().await;
}

async fn a_quick_answer_has_no_progress(kind: Kind) {
    let world = World::apollo(kind).await;
    world.model.says("Fine.");
    world.slack.user("ana").says("#apollo", "@pm how are you?");
    world.quiet().await;
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> how are you?
      pm: Fine.
    ");
    world.finish().await;
}

async fn a_long_run_answers_in_a_new_message(kind: Kind) {
    let world = World::apollo(kind).await;
    let (first, second) = (world.model.holds(), world.model.holds());
    world.slack.user("ana").says("#apollo", "@pm think hard");
    first.reached().await;
    world.clock.advance(Duration::from_secs(40));
    world
        .now("the progress message", |world| {
            world.slack.bot_messages("#apollo").len() == 1
        })
        .await;
    world
        .model
        .calls_tool("list_projects", json!({}))
        .says("Done thinking.");
    first.release();
    second.reached().await;
    world.clock.advance(Duration::from_secs(25));
    second.release();
    world.quiet().await;
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> think hard
      pm [edited]: _Answered below._
      pm: Done thinking.
    ");
    world.finish().await;
}

async fn a_direct_message_is_answered_there(kind: Kind) {
    let world = World::apollo(kind).await;
    world.model.says("Hello Ana.");
    world.slack.user("ana").dm("hello there");
    world.quiet().await;
    sees!(world.talk("@ana"), @"
    ana: hello there
    pm: Hello Ana.
    ");
    world.finish().await;
}

async fn a_reply_in_a_thread_with_us_is_a_request(kind: Kind) {
    let world = World::apollo(kind).await;
    world.model.says("There are three.");
    let thread = world.slack.user("ana").says("#apollo", "@pm how many issues?");
    world.quiet().await;
    world.model.says("Login fails, Dark mode, Slow start.");
    world
        .slack
        .user("ben")
        .replies("#apollo", &thread, "and which ones?");
    world.quiet().await;
    // Not for us: said to Ana, and said outside our thread.
    world
        .slack
        .user("ben")
        .replies("#apollo", &thread, "@ana what do you think?");
    world.slack.user("ben").says("#apollo", "lunch?");
    world.quiet().await;
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> how many issues?
      pm: There are three.
      ben: and which ones?
      pm: Login fails, Dark mode, Slow start.
      ben: <@UANA> what do you think?
    ben: lunch?
    ");
    let asked = world.model.requests();
    let spoken: Vec<String> = asked[1]["messages"]
        .as_array()
        .unwrap()
        .iter()
        .skip(1)
        .map(|message| {
            format!(
                "{}: {}",
                message["role"].as_str().unwrap(),
                message["content"].as_str().unwrap()
            )
        })
        .collect();
    sees!(spoken.join("\n"), @"
    user: ana: how many issues?
    assistant: There are three.
    user: ben: and which ones?
    ");
    world.finish().await;
}

async fn a_question_about_an_issue_is_answered_in_both_places(kind: Kind) {
    let world = World::apollo(kind).await;
    world
        .model
        .calls_tool("get_issue", json!({"issue": "#12"}))
        .says("Eve reported it; nobody is on it.");
    world.slack.user("ana").says("#apollo", "@pm who is on #12?");
    world.quiet().await;
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> who is on #12?
      pm: Eve reported it; nobody is on it.
    ");
    sees!(world.issue_talk("acme/apollo", 12), @"
    pm-bot: > **ana** asked in Slack (#apollo): who is on #12?
        
        Eve reported it; nobody is on it.
    ");
    world.finish().await;
}

async fn one_post_as_two_events_is_one_request(kind: Kind) {
    let world = World::apollo(kind).await;
    for order in [
        Mentions::MessageFirst,
        Mentions::MentionFirst,
        Mentions::MessageOnly,
        Mentions::MentionOnly,
    ] {
        world.slack.mentions(order);
        world.model.says("Once.");
        world.slack.user("ana").says("#apollo", "@pm hello?");
        world.quiet().await;
        world.slack.resend_last_event();
        world.quiet().await;
    }
    assert_eq!(world.slack.bot_messages("#apollo").len(), 4);
    assert_eq!(world.model.requests().len(), 4);
    world.finish().await;
}

async fn the_same_delivery_twice_is_one_request(kind: Kind) {
    let world = World::apollo(kind).await;
    world.model.says("Once.");
    world
        .github
        .user("cy")
        .comments("acme/apollo", 12, "@pm are you there?");
    world.quiet().await;
    let delivery = world
        .github
        .deliveries()
        .into_iter()
        .find(|d| d.event == "issue_comment")
        .unwrap();
    world.github.redeliver(&delivery.guid);
    world.quiet().await;
    sees!(world.issue_talk("acme/apollo", 12), @"
    cy: @pm are you there?
    pm-bot: Once.
    ");
    assert_eq!(world.model.requests().len(), 1);
    world.finish().await;
}

async fn a_comment_by_webhook_and_by_a_later_read_is_one_request(kind: Kind) {
    use callsheet::domain::{IssueRef, Seen};
    use callsheet::engine::clock::Clock;
    use callsheet::engine::intake;
    use callsheet::platform::github::{GitHub, webhook};
    let world = World::apollo(kind).await;
    world.model.says("Once.");
    world
        .github
        .user("cy")
        .comments("acme/apollo", 12, "@pm are you there?");
    world.quiet().await;
    let config = callsheet::config::Config::load(None, world.settings.clone().into_iter()).unwrap();
    let github = GitHub::new(config.github.as_ref().unwrap(), Clock::system()).unwrap();
    let issue = IssueRef {
        repository: "acme/apollo".parse().unwrap(),
        number: 12,
    };
    let context = github.context().await.unwrap();
    for comment in github.comments(&issue, 10).await.unwrap() {
        let heard = webhook::heard_comment(&comment, &issue, &context);
        let seen = intake::commit(&world.program().engine, &heard).await.unwrap();
        assert!(matches!(seen, Seen::Before(_)), "{heard:?}");
    }
    world.quiet().await;
    assert_eq!(world.model.requests().len(), 1);
    assert_eq!(world.github.comments("acme/apollo", 12).len(), 2);
    world.finish().await;
}

async fn a_reply_under_the_answer_to_a_command_is_a_request(kind: Kind) {
    let world = World::apollo(kind).await;
    world.slack.user("ana").slash("#apollo", "/pm", "projects");
    world.quiet().await;
    let answer = world.slack.bot_messages("#apollo").remove(0);
    world.model.says("You are welcome.");
    world
        .slack
        .user("ana")
        .replies("#apollo", &answer.ts, "thank you");
    world.quiet().await;
    sees!(world.talk("#apollo"), @"
    pm: > *ana*: /pm projects
        
        • *Apollo*: active, <https://github.com/acme/apollo|acme/apollo>
      ana: thank you
      pm: You are welcome.
    ");
    world.finish().await;
}
