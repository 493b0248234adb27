//! Answers to questions as keyboards and other bots write them, and what is said to those who name nobody or go too far.

use std::time::Duration;

use callsheet::domain::{Gated, Policy, Role};
use serde_json::json;

use super::commands::{all_given, no_model};
use crate::support::database::Kind;
use crate::support::world::World;
use crate::{sees, stories};

stories![
    quotes_and_digits_of_a_phone_are_understood,
    a_slash_for_somebody_else_is_left_alone,
    a_slash_where_something_waits_is_answered,
    a_discord_reason_is_one_word,
    a_long_reason_leaves_the_verdict,
    one_claim_word_works_at_a_time,
    github_alone_can_be_claimed,
    who_is_not_known_is_told_how_people_are_named,
    the_last_owner_stays,
    many_roles_have_pages,
    discord_offers_no_more_than_it_shows,
];

/// Ana asks for a label in Slack; the question is there.
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
}

/// The verdict on a question, as the model was told it.
fn verdict(world: &World) -> String {
    world.model.told()
}

async fn quotes_and_digits_of_a_phone_are_understood(kind: Kind) {
    let world = World::careful(kind).await;
    let (ben, cy) = (world.slack.user("ben"), world.github.user("cy"));
    let mut seen = Vec::new();
    for (number, line) in [
        (1, "reject １ “not now”"),
        (2, "reject 'not now'"),
        (3, "reject\u{A0}３\u{A0}‘don’t’"),
    ] {
        asked(&world).await;
        world.model.says("No.");
        // Said where the question stands, so that it needs no number.
        let thread = world.slack.bot_messages("#apollo").into_iter();
        let mut threads = thread.filter(|message| message.text.contains(&format!("*Question {number}*")));
        ben.replies("#apollo", &threads.next().unwrap().thread_ts.unwrap(), line);
        world.quiet().await;
        seen.push(format!("{line}: {}", verdict(&world)));
    }
    for (number, label, line) in [(4, "bug", "/approve ４"), (5, "later", "/reject “not now”")] {
        world
            .model
            .calls_tool("update_issue", json!({"add_labels": [label]}));
        cy.comments("acme/apollo", 13, &format!("@pm label this as {label}"));
        world.quiet().await;
        world.model.says(&format!("That was {number}."));
        cy.comments("acme/apollo", 13, line);
        world.quiet().await;
        seen.push(format!("{line}: {}", verdict(&world)));
    }
    sees!(seen.join("\n"), @"
    reject １ “not now”: I did not do this. Question 1: **Rejected** by ben: “not now” (22 Nov 2026, 09:00 UTC).
    reject 'not now': I did not do this. Question 2: **Rejected** by ben: “not now” (22 Nov 2026, 09:00 UTC).
    reject ３ ‘don’t’: I did not do this. Question 3: **Rejected** by ben: “don’t” (22 Nov 2026, 09:00 UTC).
    /approve ４: Changed acme/apollo#13 (https://github.com/acme/apollo/issues/13): labelled bug.
    /reject “not now”: I did not do this. Question 5: **Rejected** by cy: “not now” (22 Nov 2026, 09:00 UTC).
    ");
    assert_eq!(world.github.get_issue("acme/apollo", 13).labels.len(), 2);
    let _ = (world.talk("#apollo"), world.issue_talk("acme/apollo", 13));
    world.finish().await;
}

async fn a_slash_for_somebody_else_is_left_alone(kind: Kind) {
    let world = World::careful(kind).await;
    let (cy, dan) = (world.github.user("cy"), world.github.user("dan"));
    // Nothing waits: a bare slash is for another bot, and a stranger's number, too.
    for (who, line) in [
        (&dan, "/approve"),
        (&dan, "/approve no-issue"),
        (&dan, "/reject 7"),
        (&cy, "/approve"),
        (&cy, "/reject it is too early"),
    ] {
        who.comments("acme/apollo", 12, line);
        world.quiet().await;
    }
    // A member who names a number means us, and so does who calls us.
    cy.comments("acme/apollo", 12, "/approve 7");
    world.quiet().await;
    dan.comments("acme/apollo", 12, "@pm approve");
    world.quiet().await;
    sees!(world.issue_talk("acme/apollo", 12), @"
    dan: /approve
    dan: /approve no-issue
    dan: /reject 7
    cy: /approve
    cy: /reject it is too early
    cy: /approve 7
    pm-bot: I did not count your answer: there is no question 7. `gates` lists those that are open.
    dan: @pm approve
    pm-bot: I did not count your answer: no question is open here. Name the question by its number; `gates` lists those that are open.
    ");
    world.finish().await;
}

async fn a_slash_where_something_waits_is_answered(kind: Kind) {
    let world = World::careful(kind).await;
    let (cy, dan) = (world.github.user("cy"), world.github.user("dan"));
    world
        .model
        .calls_tool("update_issue", json!({"add_labels": ["bug"]}));
    cy.comments("acme/apollo", 13, "@pm label this as a bug");
    world.quiet().await;
    dan.comments("acme/apollo", 13, "/approve");
    world.quiet().await;
    // It waits elsewhere in the project, and is named.
    dan.comments("acme/apollo", 14, "/approve");
    world.quiet().await;
    dan.comments("acme/apollo", 14, "/approve 1");
    world.quiet().await;
    world.model.says("Labelled.");
    cy.comments("acme/apollo", 13, "/approve");
    world.quiet().await;
    sees!(world.issue_talk("acme/apollo", 13), @"
    cy: @pm label this as a bug
    pm-bot [edited]: **Question 1**, asked for by **cy**
        
        Change acme/apollo#13:
        - add labels: `bug`
        
        **Approved** by cy (22 Nov 2026, 09:00 UTC).
    pm-bot [edited]: Labelled.
    dan: /approve
    pm-bot: I did not count your answer: that takes a member of the project, and you are none here. Ask a member, or have a maintainer make you one with `role grant`.
    cy: /approve
    pm-bot: Question 1: **Approved** by cy (22 Nov 2026, 09:00 UTC).
    ");
    sees!(world.issue_talk("acme/apollo", 14), @"
    dan: /approve
    dan: /approve 1
    pm-bot: I did not count your answer: that takes a member of the project, and you are none here. Ask a member, or have a maintainer make you one with `role grant`.
    ");
    world.finish().await;
}

/// Apollo on Discord, with a question that Ana's command asks.
async fn asked_on_discord(kind: Kind) -> World {
    let world = World::apollo_on_discord(kind).await;
    let careful = Policy {
        gates: Gated::AllWrites,
        ..Policy::default()
    };
    world.ask_about("apollo", careful).await;
    world
        .discord
        .user("ana")
        .slash("#apollo", "issue close", &[("issue", "#12")]);
    world.quiet().await;
    world
}

async fn a_discord_reason_is_one_word(kind: Kind) {
    let world = asked_on_discord(kind).await;
    let ana = world.discord.user("ana");
    ana.slash("#apollo", "reject", &[("reason", "later")]);
    world.quiet().await;
    sees!(world.discord_talk("#apollo"), @r#"
    pm [edited]: > **ana**: /pm issue close #12
        
        I did not do this. Question 1: **Rejected** by ana: “later” (22 Nov 2026, 09:00 UTC).
    pm [edited]: **Question 1**, asked for by **ana**
        
        Change acme/apollo#12:
        
        - close it
        
        **Rejected** by ana: “later” (22 Nov 2026, 09:00 UTC).
    pm: > **ana**: /pm reject "later"
        
        Question 1: **Rejected** by ana: “later” (22 Nov 2026, 09:00 UTC).
    "#);
    assert_eq!(world.github.get_issue("acme/apollo", 12).state, "open");
    no_model(&world);
    world.finish().await;
}

async fn a_long_reason_leaves_the_verdict(kind: Kind) {
    let world = asked_on_discord(kind).await;
    let reason = "it is too early ".repeat(130);
    world
        .discord
        .user("ana")
        .slash("#apollo", "reject", &[("gate", "1"), ("reason", reason.trim())]);
    world.quiet().await;
    let talk = world.discord_talk("#apollo");
    let (_, question) = talk.split_once("**Question 1**").unwrap();
    let (question, _) = question.split_once("\npm").unwrap();
    assert!(
        question.contains("**Rejected** by ana: “it is too early"),
        "{question}"
    );
    assert!(
        question.trim_end().ends_with("(22 Nov 2026, 09:00 UTC)."),
        "{question}"
    );
    world.finish().await;
}

async fn one_claim_word_works_at_a_time(kind: Kind) {
    let mut world = World::new(kind).await;
    world.prepare_apollo().await;
    world.start().await;
    let first = world.program().claim.clone().unwrap();
    world.stop().await;
    world.start().await;
    let second = world.program().claim.clone().unwrap();
    assert_ne!(first, second);
    let ana = world.slack.user("ana");
    ana.dm(&format!("claim {first}"));
    world.quiet().await;
    sees!(world.slack.news("@ana").join("\n"), @"You own nothing by this: this code is not known, was used already, or its time is over. Say the one that Callsheet printed when it was started last: each start prints a new one, until somebody owns it.");
    ana.dm(&format!("claim {second}"));
    world.quiet().await;
    ana.dm(&format!("claim {second}"));
    world.quiet().await;
    sees!(world.slack.news("@ana").join("\n"), @"
    You own this Callsheet now, and so every project in it. `role grant` gives others a part.
    You own nothing by this: somebody owns this Callsheet already. Ask them to give you a part with `role grant`, or whoever runs me to name you in `people.owners`.
    ");
    assert_eq!(world.database.count("SELECT COUNT(*) FROM codes").await, 0);
    world.finish().await;
}

async fn github_alone_can_be_claimed(kind: Kind) {
    let mut world = World::new(kind).await;
    world.prepare_apollo().await;
    world
        .settings
        .retain(|key, _| !key.starts_with("CALLSHEET__SLACK__"));
    world.start().await;
    let word = world.program().claim.clone().unwrap();
    let cy = world.github.user("cy");
    cy.comments("acme/apollo", 12, &format!("@pm claim {word}"));
    world.quiet().await;
    cy.comments("acme/apollo", 12, "@pm whoami");
    world.quiet().await;
    sees!(world.issue_talk("acme/apollo", 12).replace(&word, "THE-WORD"), @"
    cy: @pm claim THE-WORD
    pm-bot: You own this Callsheet now, and so every project in it. `role grant` gives others a part.
    cy: @pm whoami
    pm-bot: You speak with:
        
        - cy on GitHub (`github:github.com/1004`)
        
        No other account is linked; `link` shows how.
        
        You own this Callsheet.
        
        In **Apollo** you are an owner: owner, since you own this Callsheet; member, since GitHub says you may write to its repository.
    ");
    world.finish().await;
}

async fn who_is_not_known_is_told_how_people_are_named(kind: Kind) {
    let world = World::apollo(kind).await;
    world.grant("ana", "apollo", Role::Owner).await;
    world.github.user("cy").comments("acme/apollo", 12, "hello");
    world.quiet().await;
    let lines = [
        "role grant @nobody viewer",
        "role grant slack:UBEN viewer",
        "role grant slack:T1/UNOBODY viewer",
        "role grant github:nobody viewer",
        "role grant github:cy viewer",
        "role grant github:github.com/1004 member",
        "role grant @cy king",
    ];
    sees!(all_given(&world, "ana", "#apollo", &lines).await, @"
    /pm role grant @nobody viewer
    I do not know anybody by “@nobody”: I know people once they have spoken to me or at a place of mine. Have them say something to me first, and name them by a mention here, or as `github:login`, `slack:T0123/U0456`, `discord:discord/123456` or `github:github.com/123456`.

    /pm role grant slack:UBEN viewer
    I do not know anybody by “slack:UBEN”: I know people once they have spoken to me or at a place of mine. Have them say something to me first, and name them by a mention here, or as `github:login`, `slack:T0123/U0456`, `discord:discord/123456` or `github:github.com/123456`.

    /pm role grant slack:T1/UNOBODY viewer
    I do not know anybody by “slack:T1/UNOBODY”: I know people once they have spoken to me or at a place of mine. Have them say something to me first, and name them by a mention here, or as `github:login`, `slack:T0123/U0456`, `discord:discord/123456` or `github:github.com/123456`.

    /pm role grant github:nobody viewer
    I do not know anybody by “github:nobody”: I know people once they have spoken to me or at a place of mine. Have them say something to me first, and name them by a mention here, or as `github:login`, `slack:T0123/U0456`, `discord:discord/123456` or `github:github.com/123456`.

    /pm role grant github:cy viewer
    cy on GitHub (`github:github.com/1004`) is a viewer of *Apollo* now.

    /pm role grant github:github.com/1004 member
    cy on GitHub (`github:github.com/1004`) is a member of *Apollo* now.

    /pm role grant @cy king
    I could not read this as `role grant`: `role` cannot be `king`, only one of viewer, member, maintainer, owner. It is written like this:

    `/pm role grant &lt;person&gt; &lt;role&gt; [project]`: Make somebody a viewer, member, maintainer or owner.

    • `person`: Who: a name here, `me`, `github:login`, or an account like slack:T0123/U0456.
    • `role`: What they become.
    • `project`: The project; left out for the one this place belongs to.

    For example: `/pm role grant @ana maintainer apollo`.
    ");
    no_model(&world);
    world.finish().await;
}

async fn the_last_owner_stays(kind: Kind) {
    let world = World::apollo(kind).await;
    world.grant("ana", "apollo", Role::Owner).await;
    world.slack.user("ben").says("#apollo", "hello");
    world.quiet().await;
    let _ = world.talk("#apollo");
    let lines = [
        "role revoke me",
        "role grant me maintainer",
        "role grant @ben owner",
    ];
    sees!(all_given(&world, "ana", "#apollo", &lines).await, @"
    /pm role revoke me
    I changed no role: ana on Slack (`slack:T1/UANA`) is the only owner of Apollo, and nobody could give roles in it afterwards. Make somebody else an owner first: `role grant @name owner`.

    /pm role grant me maintainer
    I changed no role: ana on Slack (`slack:T1/UANA`) is the only owner of Apollo, and nobody could give roles in it afterwards. Make somebody else an owner first: `role grant @name owner`.

    /pm role grant @ben owner
    _waiting for an answer to question 1 …_
    ");
    let lines = ["approve 1", "role grant me maintainer", "role list"];
    sees!(all_given(&world, "ana", "#apollo", &lines).await, @"
    /pm approve 1
    Question 1: *Approved* by ana (22 Nov 2026, 09:00 UTC).

    /pm role grant me maintainer
    ana on Slack (`slack:T1/UANA`) is a maintainer of *Apollo* now.

    /pm role list
    • ana: maintainer
    • ben: owner
    • whoever speaks in #apollo: member
    • whoever may write to the repository on GitHub: member
    • who owns this Callsheet, and the shell: owner
    ");
    let lines = ["role revoke me"];
    sees!(all_given(&world, "ben", "#apollo", &lines).await, @"
    /pm role revoke me
    I changed no role: ben on Slack (`slack:T1/UBEN`) is the only owner of Apollo, and nobody could give roles in it afterwards. Make somebody else an owner first: `role grant @name owner`.
    ");
    let owners = "SELECT COUNT(*) FROM roles WHERE role = 'owner'";
    assert_eq!(world.database.count(owners).await, 1);
    world.finish().await;
}

async fn many_roles_have_pages(kind: Kind) {
    let world = World::apollo(kind).await;
    for number in 10..22 {
        world.grant(&format!("u{number}"), "apollo", Role::Viewer).await;
    }
    let lines = ["role list", "role list --page 2", "role list apollo --page 3"];
    sees!(all_given(&world, "ana", "#apollo", &lines).await, @"
    /pm role list
    • u10: viewer
    • u11: viewer
    • u12: viewer
    • u13: viewer
    • u14: viewer
    • u15: viewer
    • u16: viewer
    • u17: viewer
    • u18: viewer
    • u19: viewer

    Page 1 of 2.
    [Next page]

    /pm role list --page 2
    • u20: viewer
    • u21: viewer
    • whoever speaks in #apollo: member
    • whoever may write to the repository on GitHub: member
    • who owns this Callsheet, and the shell: owner

    Page 2 of 2.
    [Previous page]

    /pm role list apollo --page 3
    I could not show page 3: there are 2 pages. The last one: `role list apollo --page 2`.
    ");
    no_model(&world);
    world.finish().await;
}

async fn discord_offers_no_more_than_it_shows(kind: Kind) {
    let world = asked_on_discord(kind).await;
    for number in 10..40 {
        world.add_project(&format!("Beta {number}"), None, None).await;
        let channel = format!("#beta-{number}");
        world.discord.channel(&channel);
        world.bind_on_discord(&format!("beta-{number}"), &channel).await;
    }
    // Of the 100 commands that an application may have, the whole grammar is one.
    assert_eq!(world.discord.commands().len(), 1);
    let ana = world.discord.user("ana");
    for _ in 0..29 {
        ana.slash("#apollo", "issue close", &[("issue", "acme/apollo#12")]);
        world.quiet().await;
        world.pass(Duration::from_secs(20)).await;
    }
    for (command, option, so_far, least) in [
        ("status", "project", "", 25),
        ("status", "project", "beta", 25),
        ("status", "project", "beta 39", 1),
        ("approve", "gate", "", 25),
        ("approve", "gate", "30", 1),
    ] {
        let asked = ana.completes("#apollo", command, option, so_far);
        world
            .now("the completion", |world| {
                world.discord.answer(&asked).answered.is_some()
            })
            .await;
        let answer = world.discord.answer(&asked);
        assert_eq!(answer.answered, Some(8));
        let choices = answer.data["choices"].as_array().unwrap().len();
        assert_eq!(choices, least, "{command} {so_far}");
    }
    let _ = world.discord_talk("#apollo");
    world.finish().await;
}
