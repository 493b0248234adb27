//! Talking on Discord: mentions, replies, threads, direct messages, commands and buttons.

use std::time::Duration;

use serde_json::json;

use crate::support::database::Kind;
use crate::support::discord::{CALLBACK, EDIT, Fault, ORIGINAL, Permission};
use crate::support::world::World;
use crate::{sees, stories};

stories![
    ana_asks_on_discord_and_progress_becomes_the_answer,
    a_command_is_deferred_and_answered_without_the_model,
    free_text_in_the_command_goes_to_the_model,
    a_command_whose_token_is_over_is_answered_by_a_message,
    a_command_that_could_not_be_deferred_is_answered_by_a_message,
    a_command_where_the_bot_may_not_write_is_answered_all_the_same,
    a_long_answer_where_the_bot_may_not_write_is_whole,
    a_button_pressed_after_twenty_minutes_works,
    in_a_channel_only_our_name_or_a_reply_to_us_calls_us,
    in_a_thread_with_us_nobody_has_to_call_us,
    a_direct_message_is_answered_there,
    a_comment_on_the_issue_reaches_the_channel,
    an_answer_of_nine_thousand_characters_arrives_whole,
    one_message_heard_twice_is_one_request,
    words_that_are_none_and_other_bots,
    an_edit_and_a_deletion_are_no_requests,
    an_answer_to_a_deleted_question_stands_by_itself,
    in_a_deleted_channel_the_answer_is_given_up_with_a_reason,
    where_the_bot_may_not_write_the_answer_is_given_up_with_a_reason,
];

async fn ana_asks_on_discord_and_progress_becomes_the_answer(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    world.model.calls_tools(vec![
        ("project_status", json!({"project": "Apollo"})),
        ("list_issues", json!({})),
    ]);
    let held = world.model.holds();
    world
        .discord
        .user("ana")
        .says("#apollo", "@pm what is the state of Apollo?");
    held.reached().await;
    world.clock.advance(Duration::from_millis(1600));
    world
        .now("the progress message", |world| {
            world.discord.bot_messages("#apollo").len() == 1
        })
        .await;
    sees!(world.discord_talk("#apollo"), @"
    ana: @pm what is the state of Apollo?
    pm [reply]: *reading 3 open issues of acme/apollo …*
    ");
    world
        .model
        .says("Apollo is **active**. Three issues are open; *Login fails* is the oldest.");
    held.release();
    world.quiet().await;
    sees!(world.discord_talk("#apollo"), @"
    ana: @pm what is the state of Apollo?
    pm [reply] [edited]: Apollo is **active**. Three issues are open; *Login fails* is the oldest.
    ");
    let answer = world.discord.bot_messages("#apollo").remove(0);
    assert_eq!(answer.pings, Vec::<String>::new());
    assert_eq!(answer.nonce.map(|nonce| nonce.len()), Some(25));
    world.finish().await;
}

async fn a_command_is_deferred_and_answered_without_the_model(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    let asked = world
        .discord
        .user("ana")
        .slash("#apollo", "status", &[("project", "apollo")]);
    world.quiet().await;
    sees!(world.discord_talk("#apollo"), @"
    pm: > **ana**: /pm status apollo
        
        **Apollo**: active, [acme/apollo](https://github.com/acme/apollo).
        
        3 issues and 0 pull requests are open. Changed last:
        
        - [#14](https://github.com/acme/apollo/issues/14) Slow start · assigned to cy
        - [#13](https://github.com/acme/apollo/issues/13) Dark mode · feature
        - [#12](https://github.com/acme/apollo/issues/12) Login fails
        
        In the last 7 days: 3 opened.
        
        Project last changed 22 Nov 2026, 09:00 UTC. [Refresh]
    ");
    let answer = world.discord.answer(&asked);
    assert_eq!(answer.answered, Some(5));
    assert!(answer.original.is_some_and(|message| !message.thinking));
    world.finish().await;
}

async fn free_text_in_the_command_goes_to_the_model(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    world.model.says("All is well.");
    world
        .discord
        .user("ana")
        .slash("#apollo", "ask", &[("text", "how is it going?")]);
    world.quiet().await;
    sees!(world.discord_talk("#apollo"), @"
    pm: > **ana**: /pm how is it going?
        
        All is well.
    ");
    world.finish().await;
}

async fn a_command_whose_token_is_over_is_answered_by_a_message(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    world.discord.fault(
        ORIGINAL,
        Fault::RateLimit {
            retry_after: Some(850.0),
            global: false,
        },
    );
    world.discord.user("ana").slash("#apollo", "projects", &[]);
    world.quiet().await;
    sees!(world.discord_talk("#apollo"), @"
    pm: 
    pm: > **ana**: /pm projects
        
        - **Apollo**: active, [acme/apollo](https://github.com/acme/apollo)
    ");
    world.finish().await;
}

async fn a_command_that_could_not_be_deferred_is_answered_by_a_message(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    world.discord.fault(CALLBACK, Fault::Status { code: 503 });
    world.discord.user("ana").slash("#apollo", "projects", &[]);
    world.quiet().await;
    sees!(world.discord_talk("#apollo"), @"
    pm: > **ana**: /pm projects
        
        - **Apollo**: active, [acme/apollo](https://github.com/acme/apollo)
    ");
    world.finish().await;
}

async fn a_command_where_the_bot_may_not_write_is_answered_all_the_same(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    world.discord.deny("#apollo", None, Permission::SendMessages);
    let held = world.model.holds();
    world
        .discord
        .user("ana")
        .slash("#apollo", "ask", &[("text", "hello?")]);
    held.reached().await;
    world.clock.advance(Duration::from_secs(2));
    world
        .now("the progress message", |world| {
            world.discord.bot_messages("#apollo").iter().any(|m| !m.thinking)
        })
        .await;
    world.model.says("Hello.");
    held.release();
    world.quiet().await;
    sees!(world.discord_talk("#apollo"), @"
    pm [edited]: > **ana**: /pm hello?
        
        Hello.
    ");
    world.finish().await;
}

async fn a_long_answer_where_the_bot_may_not_write_is_whole(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    world.discord.deny("#apollo", None, Permission::SendMessages);
    let (first, second) = (world.model.holds(), world.model.holds());
    world
        .discord
        .user("ana")
        .slash("#apollo", "ask", &[("text", "think hard")]);
    first.reached().await;
    world.clock.advance(Duration::from_secs(40));
    world
        .now("the progress message", |world| {
            world.discord.bot_messages("#apollo").iter().any(|m| !m.thinking)
        })
        .await;
    world
        .model
        .calls_tool("list_projects", json!({}))
        .says(&format!("{}\n\nThe end.", "word ".repeat(500)));
    first.release();
    second.reached().await;
    world.clock.advance(Duration::from_secs(25));
    second.release();
    world.quiet().await;
    let said = world.discord.bot_messages("#apollo");
    let ends: Vec<String> = said
        .iter()
        .map(|message| {
            format!(
                "{} … {}",
                &message.text[..8],
                &message.text[message.text.len() - 8..]
            )
        })
        .collect();
    sees!(ends.join("\n"), @"
    > **ana* …  below.*
    > **ana* … ord word
    word wor … The end.
    ");
    assert!(world.given_up().await.is_empty());
    world.finish().await;
}

async fn a_button_pressed_after_twenty_minutes_works(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    let ana = world.discord.user("ana");
    ana.slash("#apollo", "status", &[("project", "apollo")]);
    world.quiet().await;
    let status = world.discord.bot_messages("#apollo").remove(0);
    world.pass(Duration::from_secs(20 * 60)).await;
    world.github.issue("acme/apollo", 15, "Logout fails", "");
    let pressed = ana.presses(&status.id, "Refresh");
    world.quiet().await;
    let fresh = world.discord.bot_messages("#apollo").pop().unwrap();
    sees!(fresh.shown, @"
    > **ana**: /pm status apollo

    **Apollo**: active, [acme/apollo](https://github.com/acme/apollo).

    4 issues and 0 pull requests are open. Changed last:

    - [#15](https://github.com/acme/apollo/issues/15) Logout fails
    - [#14](https://github.com/acme/apollo/issues/14) Slow start · assigned to cy
    - [#13](https://github.com/acme/apollo/issues/13) Dark mode · feature
    - [#12](https://github.com/acme/apollo/issues/12) Login fails

    In the last 7 days: 4 opened.

    Project last changed 22 Nov 2026, 09:00 UTC.
    ");
    assert_eq!(world.discord.answer(&pressed).answered, Some(5));
    world.finish().await;
}

async fn in_a_channel_only_our_name_or_a_reply_to_us_calls_us(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    let (ana, ben) = (world.discord.user("ana"), world.discord.user("ben"));
    world.model.says("Three.").says("Five.");
    ana.says("#apollo", "@pm how many issues?");
    world.quiet().await;
    ben.says("#apollo", "lunch?");
    ben.says("#apollo", "@ana lunch?");
    let answer = world.discord.bot_messages("#apollo").remove(0).id;
    ben.replies_quietly_to("#apollo", &answer, "and pull requests?");
    world.quiet().await;
    sees!(world.discord_talk("#apollo"), @"
    ana: @pm how many issues?
    pm [reply]: Three.
    ben: lunch?
    ben: @ana lunch?
    ben [reply]: and pull requests?
    pm [reply]: Five.
    ");
    world.finish().await;
}

async fn in_a_thread_with_us_nobody_has_to_call_us(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    let (ana, ben) = (world.discord.user("ana"), world.discord.user("ben"));
    let opening = ana.says("#apollo", "The login is broken.");
    let thread = ana.opens_thread("#apollo", &opening, "login");
    world.model.says("I see.").says("Since yesterday.");
    ana.says_in(&thread, "@pm look at this");
    world.quiet().await;
    ben.says_in(&thread, "since when?");
    world.quiet().await;
    ben.says_in(&thread, "@ana what do you think?");
    world.quiet().await;
    sees!(world.discord_talk(&thread), @"
    ana: @pm look at this
    pm: I see.
    ben: since when?
    pm: Since yesterday.
    ben: @ana what do you think?
    ");
    sees!(world.discord_talk("#apollo"), @"ana: The login is broken.");
    world.finish().await;
}

async fn a_direct_message_is_answered_there(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    let ana = world.discord.user("ana");
    ana.dm("help");
    world.quiet().await;
    sees!(world.discord_talk("@ana"), @"
    ana: help
    pm: Ask me in plain words, or use a command:
        
        - `/pm help [command]`: What I can do, or what one command does
        - `/pm status [project]`: How a project stands: its status, its open issues and pull requests
        - `/pm projects [--page …]`: The projects you may see
        - `/pm project new|show|set|bind|unbind|archive`: A project: make it, look at it, change it, or bind this place to it
        - `/pm issue list|show|new|close|reopen|assign|label|comment`: Issues: read them, open them, change them
        - `/pm pr list|show`: Pull requests: read them
        - `/pm search <words> [--project …] [--in issues|messages] [--page …]`: Issues, pull requests and messages with some words
        - `/pm schedule add|list|next|remove`: A project's status posted by itself, at set times
        - `/pm approve [gate] [reason]`: Agree to what I asked about
        - `/pm reject [gate] [reason]`: Say no to what I asked about
        - `/pm gates [--page …]`: The questions that wait for an answer
        - `/pm topic new|list|back`: What this talk is about, so that I leave out what was said before
        - `/pm why [which]`: How an answer came about: what came in, the rights, each step, and what became of what was sent
        - `/pm whoami [project]`: Which accounts are yours, and what you may do here, and why
        - `/pm link [code]`: Prove that another account is yours, too
        - `/pm unlink [account]`: Make an account a person of its own again
        - `/pm role grant|revoke|list`: What people are in a project
        - `/pm policy [project] [--gates none|irreversible|all_writes] [--two-people yes|no] [--not-requester yes|no] [--approvers …]`: What a project asks its people about before it happens
        - `/pm claim <code>`: Own this Callsheet, with the code from its log
        - `/pm stop`: End what I am working on for you here; in its thread the word alone does it too
        - `/pm budget [project]`: What you and a project have used of the language model, and how much may be
        - `/pm health`: Whether every part of me works
        
        For example: *what is the status of Apollo?* or *create an issue “Login fails” for Apollo*.
    ");
    world.finish().await;
}

async fn a_comment_on_the_issue_reaches_the_channel(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    let address = world.discord_place("#apollo").to_string();
    world
        .model
        .calls_tools(vec![
            ("update_issue", json!({"add_labels": ["bug"]})),
            (
                "post_message",
                json!({"place": address, "text": "[acme/apollo#12](https://github.com/acme/apollo/issues/12) is a bug, @everyone."}),
            ),
        ])
        .says("Labelled, and told #apollo.");
    world
        .github
        .user("cy")
        .comments("acme/apollo", 12, "@pm please label this as bug and tell #apollo");
    world.quiet().await;
    sees!(world.discord_talk("#apollo"), @"pm: [acme/apollo#12](https://github.com/acme/apollo/issues/12) is a bug, @⟨⟩everyone.");
    let post = world.discord.bot_messages("#apollo").remove(0);
    assert_eq!(post.pings, Vec::<String>::new());
    sees!(world.issue_talk("acme/apollo", 12), @"
    cy: @pm please label this as bug and tell #apollo
    pm-bot: Labelled, and told #apollo.
    ");
    assert_eq!(world.github.get_issue("acme/apollo", 12).labels, ["bug"]);
    world.finish().await;
}

async fn an_answer_of_nine_thousand_characters_arrives_whole(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    let lines: Vec<String> = (0..150)
        .map(|n| format!("line {n}: {}", "word ".repeat(9).trim()))
        .collect();
    let answer = format!(
        "Before.\n\n```rust\n{}\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nAfter.",
        lines.join("\n")
    );
    assert!(answer.len() > 8_000);
    world.model.says(&answer);
    world
        .discord
        .user("ana")
        .says("#apollo", "@pm everything, please");
    world.quiet().await;
    let parts = world.discord.bot_messages("#apollo");
    assert!(parts.len() > 4 && parts.iter().all(|part| part.text.chars().count() <= 2_000));
    let whole: String = parts.iter().map(|part| format!("{}\n", part.text)).collect();
    let mut at = 0;
    for line in lines.iter().map(String::as_str).chain(["After."]) {
        at += whole[at..]
            .find(line)
            .unwrap_or_else(|| panic!("{line} is missing or out of order"));
    }
    assert_eq!(parts.iter().filter(|part| part.reply_to.is_some()).count(), 1);
    let fences = |text: &str| text.matches("```").count();
    assert!(parts.iter().all(|part| fences(&part.text) % 2 == 0));
    world.finish().await;
}

async fn one_message_heard_twice_is_one_request(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    world.model.says("Once.");
    world.discord.send_twice();
    world.discord.user("ana").says("#apollo", "@pm hello?");
    world.quiet().await;
    world.discord.resend_last_event();
    world.discord.lose_sessions();
    world
        .until("a new session", |world| {
            world.discord.identifies() == 2 && world.discord.connected() == 1
        })
        .await;
    world.quiet().await;
    sees!(world.discord_talk("#apollo"), @"
    ana: @pm hello?
    pm [reply]: Once.
    ");
    world.finish().await;
}

async fn words_that_are_none_and_other_bots(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    let ana = world.discord.user("ana");
    ana.says("#apollo", "@pm");
    ana.says("#apollo", "@pm 👍");
    world.quiet().await;
    world.discord.bot("other").says("#apollo", "@pm do something");
    world.discord.webhook("hook").says("#apollo", "@pm do something");
    world.quiet().await;
    sees!(world.discord_talk("#apollo"), @"
    ana: @pm
    ana: @pm 👍
    pm [reply]: I am here. Ask me in plain words, for example *what is the status of Apollo?*, or say `help`.
    pm [reply]: I am here. Ask me in plain words, for example *what is the status of Apollo?*, or say `help`.
    other: @pm do something
    hook: @pm do something
    ");
    world.finish().await;
}

async fn an_edit_and_a_deletion_are_no_requests(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    let ana = world.discord.user("ana");
    world.model.says("Hello.");
    let asked = ana.says("#apollo", "@pm hello?");
    world.quiet().await;
    ana.edits("#apollo", &asked, "@pm hello, and what is new?");
    world.discord.link_unfurl(&asked);
    let other = ana.says("#apollo", "never mind");
    ana.deletes("#apollo", &other);
    world.quiet().await;
    sees!(world.discord_talk("#apollo"), @"
    ana [edited]: @pm hello, and what is new?
    pm [reply]: Hello.
    ");
    world.finish().await;
}

async fn an_answer_to_a_deleted_question_stands_by_itself(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    let ana = world.discord.user("ana");
    let held = world.model.holds();
    let asked = ana.says("#apollo", "@pm hello?");
    held.reached().await;
    ana.deletes("#apollo", &asked);
    world.model.says("Hello.");
    held.release();
    world.quiet().await;
    sees!(world.discord_talk("#apollo"), @"pm: Hello.");
    world.finish().await;
}

async fn in_a_deleted_channel_the_answer_is_given_up_with_a_reason(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    let held = world.model.holds();
    world.discord.user("ana").says("#apollo", "@pm hello?");
    held.reached().await;
    world.discord.delete_channel("#apollo");
    world.model.says("Hello.");
    held.release();
    world.quiet().await;
    sees!(world.given_up().await.join("\n"), @"the channel or thread is gone; ask in another one");
    sees!(world.health("discord"), @"degraded: connected as @pm on 1 server; #apollo cannot be read: the channel is gone; bind another one");
    world.finish().await;
}

async fn where_the_bot_may_not_write_the_answer_is_given_up_with_a_reason(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    world.discord.deny("#apollo", None, Permission::SendMessages);
    world.model.says("Hello.");
    world.discord.user("ana").says("#apollo", "@pm hello?");
    world.quiet().await;
    sees!(world.given_up().await.join("\n"), @"the bot may not write here; give it the permissions Send Messages, Send Messages in Threads and Read Message History");
    assert_eq!(world.discord.calls(EDIT).len(), 0);
    world.finish().await;
}
