//! A language model that errs, stalls or breaks off: the person gets an answer or one clear sentence.

use std::time::Duration;

use serde_json::json;

use crate::support::database::Kind;
use crate::support::model::Turn;
use crate::support::world::World;
use crate::{sees, stories};

stories![
    a_broken_tool_call_is_mended,
    broken_tool_calls_end_after_a_few,
    an_unknown_finish_reason_is_an_end,
    too_many_requests_with_a_time_is_waited_out,
    a_stream_cut_in_the_middle_is_asked_again,
    three_server_errors_become_a_sentence,
    no_answer_at_all_becomes_a_sentence,
    a_hanging_model_becomes_a_sentence,
    a_refused_key_becomes_a_sentence_at_once,
    the_limit_of_steps_gives_what_there_is,
    the_conversation_reaches_the_model_in_order,
    what_was_said_in_a_thread_before_reaches_the_model,
    an_answer_without_visible_words_becomes_a_sentence,
    a_comment_without_visible_words_is_refused,
];

/// Asks one question and gives the talk that followed.
async fn talk_after(world: &World) -> String {
    world.slack.user("ana").says("#apollo", "@pm how is it going?");
    world.quiet().await;
    world.talk("#apollo")
}

async fn a_broken_tool_call_is_mended(kind: Kind) {
    let world = World::apollo(kind).await;
    world
        .model
        .calls_tool_raw("project_status", "{\"project\": \"Apo")
        .calls_tool("project_status", json!({"projekt": "Apollo"}))
        .calls_tool("no_such_tool", json!({}))
        .calls_tool("project_status", json!({"project": "Apollo"}))
        .says("Apollo is active.");
    sees!(talk_after(&world).await, @"
    ana: <@UPM> how is it going?
      pm: Apollo is active.
    ");
    sees!(world.model.told(), @r#"
    The arguments of project_status could not be used: EOF while parsing a string at line 1 column 16. Call the tool again with arguments that fit its schema.
    The arguments of project_status could not be used: unknown field `projekt`, expected `project` at line 1 column 10. Call the tool again with arguments that fit its schema.
    There is no tool “no_such_tool”: the tools are list_projects, get_project, create_project, update_project, bind_place, project_status, search_messages, post_message, list_issues, get_issue, create_issue, comment_on_issue, update_issue, list_pull_requests, get_pull_request, search_issues, recent_activity. Use one of these.
    **Apollo**: active, [acme/apollo](https://github.com/acme/apollo).

    3 issues and 0 pull requests are open. Changed last:

    - [#14](https://github.com/acme/apollo/issues/14) <untrusted-# by "octocat">Slow start</untrusted-#> · assigned to cy
    - [#13](https://github.com/acme/apollo/issues/13) <untrusted-# by "octocat">Dark mode</untrusted-#> · feature
    - [#12](https://github.com/acme/apollo/issues/12) <untrusted-# by "eve">Login fails</untrusted-#>

    In the last 7 days: 3 opened.

    Project last changed 22 Nov 2026, 09:00 UTC.
    "#);
    world.finish().await;
}

async fn broken_tool_calls_end_after_a_few(kind: Kind) {
    let world = World::apollo(kind).await;
    for _ in 0..4 {
        world.model.calls_tool("get_issue", json!({"issue": 12}));
    }
    sees!(talk_after(&world).await, @"
    ana: <@UPM> how is it going?
      pm: I stopped because 4 tool calls in a row failed. The last one: The arguments of get_issue could not be used: invalid type: integer `12`, expected a string at line 1 column 11. Call the tool again with arguments that fit its schema.
    ");
    world.finish().await;
}

async fn an_unknown_finish_reason_is_an_end(kind: Kind) {
    let world = World::apollo(kind).await;
    world.model.says_with_finish("All is well.", "eos");
    sees!(talk_after(&world).await, @"
    ana: <@UPM> how is it going?
      pm: All is well.
    ");
    world.finish().await;
}

async fn too_many_requests_with_a_time_is_waited_out(kind: Kind) {
    let world = World::apollo(kind).await;
    world
        .model
        .fails(429, Some(7), "rate_limit_exceeded")
        .says("All is well.");
    let asked = world.clock.now();
    sees!(talk_after(&world).await, @"
    ana: <@UPM> how is it going?
      pm [edited]: All is well.
    ");
    assert!(world.clock.now() - asked >= chrono::TimeDelta::seconds(7));
    world.finish().await;
}

async fn a_stream_cut_in_the_middle_is_asked_again(kind: Kind) {
    let world = World::apollo(kind).await;
    world.model.cuts_after("All is").says("All is well.");
    sees!(talk_after(&world).await, @"
    ana: <@UPM> how is it going?
      pm: All is well.
    ");
    world.finish().await;
}

async fn three_server_errors_become_a_sentence(kind: Kind) {
    let world = World::apollo(kind).await;
    world
        .model
        .fails(500, None, "server_error")
        .fails(500, None, "server_error")
        .fails(500, None, "server_error");
    sees!(talk_after(&world).await, @"
    ana: <@UPM> how is it going?
      pm [edited]: I could not answer: the language model did not answer: 500 Internal Server Error: The server had an error while processing your request. Ask again later, or use a command such as `status`, which works without the model.
    ");
    world.finish().await;
}

async fn no_answer_at_all_becomes_a_sentence(kind: Kind) {
    let world = World::apollo(kind).await;
    world.model.answers_nothing().answers_nothing().answers_nothing();
    sees!(talk_after(&world).await, @"
    ana: <@UPM> how is it going?
      pm [edited]: I could not answer: the language model did not answer: the answer is empty. Ask again later, or use a command such as `status`, which works without the model.
    ");
    world.finish().await;
}

async fn a_hanging_model_becomes_a_sentence(kind: Kind) {
    let world = World::apollo(kind).await;
    world.model.hangs().hangs().hangs();
    world.slack.user("ana").says("#apollo", "@pm how is it going?");
    for tries in 1..=3 {
        world
            .until("the model to be asked", |world| {
                world.model.requests().len() == tries
            })
            .await;
        world.pass(Duration::from_secs(65)).await;
    }
    world.quiet().await;
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> how is it going?
      pm [edited]: _Answered below._
      pm: I could not answer: the language model did not answer: no answer within 60s. Ask again later, or use a command such as `status`, which works without the model.
    ");
    world.finish().await;
}

async fn a_refused_key_becomes_a_sentence_at_once(kind: Kind) {
    let world = World::apollo(kind).await;
    world.model.fails(401, None, "invalid_api_key");
    sees!(talk_after(&world).await, @"
    ana: <@UPM> how is it going?
      pm: I could not answer: the language model refused: 401 Unauthorized: The request could not be served. Have whoever runs Callsheet look at [model] in bot.toml. Commands such as `status` work without the model.
    ");
    world.finish().await;
}

async fn the_limit_of_steps_gives_what_there_is(kind: Kind) {
    let mut world = World::new(kind).await;
    world
        .settings
        .insert("CALLSHEET__AGENT__MAX_STEPS".to_owned(), "2".to_owned());
    world.prepare_apollo().await;
    world.start().await;
    world
        .model
        .calls_tool("list_projects", json!({}))
        .calls_tool("list_projects", json!({}));
    sees!(talk_after(&world).await, @"
    ana: <@UPM> how is it going?
      pm: I stopped after 2 steps, the limit for one request (agent.max_steps). Ask again with a smaller question. What there is so far:
          
          • *Apollo*: active, <https://github.com/acme/apollo|acme/apollo>
          
          • *Apollo*: active, <https://github.com/acme/apollo|acme/apollo>
    ");
    world.finish().await;
}

async fn the_conversation_reaches_the_model_in_order(kind: Kind) {
    let world = World::apollo(kind).await;
    world.model.says("Hello.");
    let thread = world.slack.user("ana").says("#apollo", "@pm first");
    world.quiet().await;
    world.model.says("And hello again.");
    world.slack.user("ana").replies("#apollo", &thread, "second");
    world.quiet().await;
    world.model.replies_with(|request| {
        let messages = request["messages"].as_array().unwrap();
        let said: Vec<String> = messages[1..]
            .iter()
            .map(|message| format!("{} {}", message["role"], message["content"]))
            .collect();
        assert!(
            messages[0]["content"]
                .as_str()
                .unwrap()
                .contains("You are Callsheet")
        );
        assert!(!messages[0]["content"].as_str().unwrap().contains("{{"));
        Turn::says(&said.join(" / "))
    });
    world.slack.user("ben").replies("#apollo", &thread, "third");
    world.quiet().await;
    let last = world.slack.bot_messages("#apollo").pop().unwrap();
    sees!(last.text, @r#""user" "ana: first" / "assistant" "Hello." / "user" "ana: second" / "assistant" "And hello again." / "user" "ben: third""#);
    world.finish().await;
}

async fn what_was_said_in_a_thread_before_reaches_the_model(kind: Kind) {
    let world = World::apollo(kind).await;
    let thread = world
        .slack
        .user("ben")
        .says("#apollo", "The login page says 500.");
    world
        .slack
        .user("ben")
        .replies("#apollo", &thread, "Since Tuesday.");
    world.quiet().await;
    world.model.says("I see.");
    world
        .slack
        .user("ana")
        .replies("#apollo", &thread, "@pm what do you make of this?");
    world.quiet().await;
    world.expects("#apollo", &["I see."]);
    let request = world.model.requests().remove(0);
    let said: Vec<&str> = request["messages"].as_array().unwrap()[1..]
        .iter()
        .map(|message| message["content"].as_str().unwrap())
        .collect();
    sees!(said.join("\n"), @"
    ben: The login page says 500.
    ben: Since Tuesday.
    ana: what do you make of this?
    ");
    world.finish().await;
}

async fn an_answer_without_visible_words_becomes_a_sentence(kind: Kind) {
    let world = World::apollo(kind).await;
    world.model.says("<!-- nothing to see -->");
    sees!(talk_after(&world).await, @"
    ana: <@UPM> how is it going?
      pm: I have no words for an answer to this. Ask again in other words, or say `help`.
    ");
    world.finish().await;
}

async fn a_comment_without_visible_words_is_refused(kind: Kind) {
    let world = World::apollo(kind).await;
    world
        .model
        .calls_tools(vec![
            (
                "comment_on_issue",
                json!({"issue": "#12", "text": "<!-- hidden -->"}),
            ),
            ("post_message", json!({"place": "#apollo", "text": "\u{200b}"})),
        ])
        .says("I could not.");
    world.slack.user("ana").says("#apollo", "@pm go");
    world.quiet().await;
    world.expects("#apollo", &["I could not."]);
    sees!(world.model.told(), @"
    I could not comment: the text is empty. Say what to write.
    I could not post this: the text is empty. Change the text.
    ");
    assert_eq!(world.github.comments("acme/apollo", 12).len(), 0);
    world.finish().await;
}
