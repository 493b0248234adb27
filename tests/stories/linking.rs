//! Names and links that deceive: what an account was given stays its own, and a mention is an account, whatever it calls itself.

use std::time::Duration;

use callsheet::domain::{Gated, Policy, Role};
use serde_json::json;

use super::people::{link, told, two, word};
use crate::support::database::Kind;
use crate::support::github::Fault;
use crate::support::world::World;
use crate::{sees, stories};

stories![
    who_is_talked_into_linking_loses_nothing,
    who_was_shown_a_code_hears_who_said_it,
    a_mention_is_an_account_whatever_it_calls_itself,
    an_answer_counts_while_its_voter_may_answer,
    asking_less_takes_those_who_were_to_be_asked,
    a_stop_is_about_the_last_thing_that_was_asked_for,
    githubs_word_is_not_good_for_ever,
    a_code_from_before_brings_nobody_back,
    taken_apart_nobody_answers_twice,
    a_role_is_taken_from_the_account_that_was_named,
    a_new_name_is_shown_once_it_is_known,
];

/// Eve has a code, and Ana owns Apollo.
async fn eve_has_a_code(kind: Kind) -> (World, String) {
    let world = World::apollo(kind).await;
    world.grant("ana", "apollo", Role::Owner).await;
    world.slack.user("eve").dm("link");
    world.quiet().await;
    let code = word(&told(&world, "eve"));
    (world, code)
}

/// What somebody is in Apollo, by their own question.
async fn standing(world: &World, user: &str) -> String {
    world.slack.user(user).dm("whoami apollo");
    world.quiet().await;
    told(world, user).lines().last().unwrap_or_default().to_owned()
}

async fn who_is_talked_into_linking_loses_nothing(kind: Kind) {
    let (world, code) = eve_has_a_code(kind).await;
    let ana = world.slack.user("ana");
    ana.dm(&format!("link {code}"));
    world.quiet().await;
    sees!(told(&world, "ana"), @"This account and eve on Slack are one person now, with the rights of both. If that is not you, say `unlink` at once: your rights go with you.");
    sees!(told(&world, "eve"), @"ana on Slack (`slack:T1/UANA`) said your code, and is one person with you now, with the rights of both. If that is not you, say `unlink slack:T1/UANA` at once.");
    sees!(standing(&world, "eve").await, @"In *Apollo* you are an owner: owner, since somebody made you one.");
    ana.dm("unlink");
    world.quiet().await;
    sees!(told(&world, "ana"), @"ana on Slack (`slack:T1/UANA`) is a person of its own now, apart from eve on Slack (`slack:T1/UEVE`). Each has the rights that it was given itself.");
    sees!(standing(&world, "ana").await, @"In *Apollo* you are an owner: owner, since somebody made you one.");
    sees!(standing(&world, "eve").await, @"In *Apollo* you are nothing by a role.");
    world.finish().await;
}

async fn who_was_shown_a_code_hears_who_said_it(kind: Kind) {
    let world = World::apollo(kind).await;
    world.grant("ana", "apollo", Role::Owner).await;
    let ana = world.slack.user("ana");
    ana.dm("link");
    world.quiet().await;
    let code = word(&told(&world, "ana"));
    world.slack.user("eve").dm(&format!("link {code}"));
    world.quiet().await;
    let _ = told(&world, "eve");
    sees!(told(&world, "ana"), @"eve on Slack (`slack:T1/UEVE`) said your code, and is one person with you now, with the rights of both. If that is not you, say `unlink slack:T1/UEVE` at once.");
    ana.dm("unlink slack:T1/UEVE");
    world.quiet().await;
    sees!(told(&world, "ana"), @"eve on Slack (`slack:T1/UEVE`) is a person of its own now, apart from ana on Slack (`slack:T1/UANA`). Each has the rights that it was given itself.");
    sees!(standing(&world, "ana").await, @"In *Apollo* you are an owner: owner, since somebody made you one.");
    sees!(standing(&world, "eve").await, @"In *Apollo* you are nothing by a role.");
    world.finish().await;
}

async fn a_mention_is_an_account_whatever_it_calls_itself(kind: Kind) {
    let world = World::apollo(kind).await;
    world.grant("ana", "apollo", Role::Owner).await;
    let (ana, eve) = (world.slack.user("ana"), world.slack.user("eve"));
    eve.calls_themselves("Ben Example");
    world.slack.user("ben").calls_themselves("Ben Example");
    eve.says("#apollo", "hello");
    world.quiet().await;
    ana.slash("#apollo", "/pm", "role grant <@UBEN|ben> maintainer");
    world.quiet().await;
    world.slack.user("ben").says("#apollo", "hello");
    world.quiet().await;
    for line in [
        "role grant <@UBEN> maintainer",
        "policy --approvers <@UEVE>,<@UANA>",
        "policy",
        "role revoke <@UBEN|ben>",
    ] {
        ana.slash("#apollo", "/pm", line);
        world.quiet().await;
    }
    sees!(world.talk("#apollo"), @"
    eve: hello
    pm: > *ana*: /pm role grant @⟨⟩ben maintainer
        
        I do not know anybody by “slack:T1/UBEN”: I know people once they have spoken to me or at a place of mine. Have them say something to me first, and name them by a mention here, or as `github:login`, `slack:T0123/U0456`, `discord:discord/123456` or `github:github.com/123456`.
    ben: hello
    pm: > *ana*: /pm role grant @⟨⟩Ben Example maintainer
        
        Ben Example on Slack (`slack:T1/UBEN`) is a maintainer of *Apollo* now.
    pm: > *ana*: /pm policy --approvers @⟨⟩Ben Example,@⟨⟩ana
        
        Changed what *Apollo* asks about: only Ben Example, ana answer (`--approvers`).
    pm: > *ana*: /pm policy
        
        What *Apollo* asks about:
        
        • what cannot be taken back waits for an answer (`--gates irreversible`)
        • one answer is enough (`--two-people no`)
        • who asked for a change may answer it (`--not-requester no`)
        • only Ben Example, ana answer (`--approvers`)
        • what I decide beyond what was asked, and what I do after reading what strangers wrote, waits for an answer always
    pm: > *ana*: /pm role revoke @⟨⟩ben
        
        Ben Example on Slack (`slack:T1/UBEN`) has no role in *Apollo* any more. What GitHub and bound places give stays; `whoami` shows that.
    ");
    world.finish().await;
}

async fn an_answer_counts_while_its_voter_may_answer(kind: Kind) {
    let world = two(kind).await;
    world.slack.user("ana").says("#apollo", "@pm approve 1");
    world.quiet().await;
    world.slack.user("ben").says("#apollo", "@pm role revoke @ana");
    world.quiet().await;
    world.slack.user("cy").says("#apollo", "@pm approve 1");
    world.quiet().await;
    let talk = world.talk("#apollo");
    let (_, since) = talk.split_once("role revoke").unwrap();
    sees!(since, @"
     <@UANA>
      pm: ana on Slack (`slack:T1/UANA`) has no role in *Apollo* any more. What GitHub and bound places give stays; `whoami` shows that.
    cy: <@UPM> approve 1
      pm: Counted for question 1; it takes 1 more.
    ");
    assert_eq!(
        world
            .database
            .count("SELECT COUNT(*) FROM gates WHERE state = 'open'")
            .await,
        1
    );
    world.finish().await;
}

async fn asking_less_takes_those_who_were_to_be_asked(kind: Kind) {
    let world = two(kind).await;
    let _ = world.talk("#apollo");
    world
        .slack
        .user("ben")
        .says("#apollo", "@pm policy --two-people no");
    world.quiet().await;
    world.slack.user("ana").says("#apollo", "@pm approve 2");
    world.quiet().await;
    world.slack.user("cy").says("#apollo", "@pm approve 2");
    world.quiet().await;
    let talk = world.talk("#apollo");
    let (_, since) = talk.split_once("--two-people no").unwrap();
    sees!(since, @"

      pm [edited]: *Question 2*, asked for by *ben*
          
          Change what Apollo asks about:
          
          • one answer is enough (`--two-people no`)
          
          Until now:
          
          • what cannot be taken back takes two people, each with a linked account (`--two-people yes`)
          
          *Approved* by ana, cy (22 Nov 2026, 09:01 UTC).
      pm [edited]: Changed what *Apollo* asks about: one answer is enough (`--two-people no`).
    ana: <@UPM> approve 2
      pm: Counted for question 2; it takes 1 more.
    cy: <@UPM> approve 2
      pm: Question 2: *Approved* by ana, cy (22 Nov 2026, 09:01 UTC).
    ");
    world.finish().await;
}

async fn a_stop_is_about_the_last_thing_that_was_asked_for(kind: Kind) {
    let world = World::apollo(kind).await;
    let every_write = Policy {
        gates: Gated::AllWrites,
        ..Policy::default()
    };
    world.ask_about("apollo", every_write).await;
    for issue in [12, 13] {
        world.model.calls_tool(
            "update_issue",
            json!({"issue": format!("acme/apollo#{issue}"), "add_labels": ["bug"]}),
        );
    }
    let ana = world.slack.user("ana");
    let thread = ana.says("#apollo", "@pm label acme/apollo#12 as a bug");
    world.quiet().await;
    ana.replies("#apollo", &thread, "@pm label acme/apollo#13 as a bug");
    world.quiet().await;
    ana.replies("#apollo", &thread, "stop");
    world.quiet().await;
    ana.dm("gates");
    world.quiet().await;
    sees!(told(&world, "ana"), @"
    • *1* Apollo: Change acme/apollo#12: - add labels: bug (asked for by ana, until 23 Nov 2026, 09:00 UTC)

    Answer with `approve` or `reject` and the number.
    ");
    let asked = |issue| world.issue_talk("acme/apollo", issue);
    assert!(!asked(12).contains("Withdrawn"), "{}", asked(12));
    assert!(
        asked(13).contains("**Withdrawn**: ana stopped it"),
        "{}",
        asked(13)
    );
    let _ = world.talk("#apollo");
    world.finish().await;
}

async fn githubs_word_is_not_good_for_ever(kind: Kind) {
    let world = World::apollo(kind).await;
    link(&world, "cy").await;
    let _ = world.issue_talk("acme/apollo", 13);
    let cy = world.slack.user("cy");
    // GitHub does not answer whoever asks what cy may do: when the words are kept, and when the command is judged.
    let asks = async |line: &str| {
        for _ in 0..2 {
            let away = Fault::Status { code: 502 };
            world.github.fault("GET", "/collaborators/cy/permission", away);
        }
        cy.dm(line);
        world.quiet().await;
        told(&world, "cy")
    };
    cy.dm("project set apollo --status done");
    world.quiet().await;
    sees!(told(&world, "cy"), @"Changed *Apollo*: status is now done.");
    world.leap(Duration::from_secs(23 * 60 * 60)).await;
    sees!(asks("project set apollo --status active").await, @"Changed *Apollo*: status is now active.");
    world.leap(Duration::from_secs(2 * 60 * 60)).await;
    sees!(asks("project set apollo --status done").await, @"I could not check what cy may do in acme/apollo: GitHub gave no usable answer (GitHub answered with status 502). Ask again in a few minutes; www.githubstatus.com tells how GitHub is.");
    // Whoever else is something stays it.
    world
        .slack
        .user("ana")
        .says("#apollo", "@pm project set apollo --status done");
    world.quiet().await;
    sees!(world.slack.news("#apollo").join("\n"), @"Changed *Apollo*: status is now done.");
    world.finish().await;
}

async fn a_code_from_before_brings_nobody_back(kind: Kind) {
    let world = World::apollo(kind).await;
    world.grant("ana", "apollo", Role::Owner).await;
    let (ana, eve) = (world.slack.user("ana"), world.slack.user("eve"));
    ana.dm("link");
    world.quiet().await;
    eve.dm(&format!("link {}", word(&told(&world, "ana"))));
    world.quiet().await;
    let _ = told(&world, "eve");
    // Shown while she is with Ana.
    eve.dm("link");
    world.quiet().await;
    let second = word(&told(&world, "eve"));
    ana.dm("unlink slack:T1/UEVE");
    world.quiet().await;
    world.slack.user("dan").dm(&format!("link {second}"));
    world.quiet().await;
    let _ = (told(&world, "ana"), told(&world, "dan"), told(&world, "eve"));
    sees!(standing(&world, "dan").await, @"In *Apollo* you are nothing by a role.");
    sees!(standing(&world, "eve").await, @"In *Apollo* you are nothing by a role.");
    sees!(standing(&world, "ana").await, @"In *Apollo* you are an owner: owner, since somebody made you one.");
    world.finish().await;
}

async fn taken_apart_nobody_answers_twice(kind: Kind) {
    let world = two(kind).await;
    let ana = world.slack.user("ana");
    ana.says("#apollo", "@pm approve 1");
    world.quiet().await;
    for account in ["github:github.com/1006", "me"] {
        ana.dm(&format!("unlink {account}"));
        world.quiet().await;
        ana.says("#apollo", "@pm approve 1");
        world.quiet().await;
    }
    let _ = told(&world, "ana");
    let talk = world.talk("#apollo");
    let (_, since) = talk.split_once("approve 1\n").unwrap();
    sees!(since, @"
      pm: Counted for question 1; it takes 1 more.
    ana: <@UPM> approve 1
      pm: I did not count your answer: this takes another person than whoever asked or agreed before, so only those count whose accounts are proved to be one person's. Link your accounts with `link`, and answer again.
    ana: <@UPM> approve 1
      pm: I did not count your answer: this takes another person than whoever asked or agreed before, so only those count whose accounts are proved to be one person's. Link your accounts with `link`, and answer again.
    ");
    let open = "SELECT COUNT(*) FROM gates WHERE state = 'open'";
    assert_eq!(world.database.count(open).await, 1);
    world.finish().await;
}

async fn a_role_is_taken_from_the_account_that_was_named(kind: Kind) {
    let (world, code) = eve_has_a_code(kind).await;
    let ana = world.slack.user("ana");
    ana.dm(&format!("link {code}"));
    world.quiet().await;
    let _ = (told(&world, "ana"), told(&world, "eve"));
    // Whatever is given to Eve, or taken from her, is hers.
    for line in ["role grant <@UEVE> maintainer", "role revoke <@UEVE>"] {
        ana.slash("#apollo", "/pm", line);
        world.quiet().await;
    }
    sees!(world.talk("#apollo"), @"
    pm: > *ana*: /pm role grant @⟨⟩eve maintainer
        
        eve on Slack (`slack:T1/UEVE`) is a maintainer of *Apollo* now. By another account of theirs they are an owner all the same.
    pm: > *ana*: /pm role revoke @⟨⟩eve
        
        eve on Slack (`slack:T1/UEVE`) has no role in *Apollo* any more. What GitHub and bound places give stays; `whoami` shows that. By another account of theirs they are an owner all the same.
    ");
    ana.dm("unlink");
    world.quiet().await;
    let _ = told(&world, "ana");
    sees!(standing(&world, "ana").await, @"In *Apollo* you are an owner: owner, since somebody made you one.");
    sees!(standing(&world, "eve").await, @"In *Apollo* you are nothing by a role.");
    world.finish().await;
}

async fn a_new_name_is_shown_once_it_is_known(kind: Kind) {
    let world = World::apollo(kind).await;
    world.grant("ana", "apollo", Role::Owner).await;
    let ben = world.slack.user("ben");
    ben.says("#apollo", "hello");
    world.quiet().await;
    ben.calls_themselves("Benjamin");
    world.leap(Duration::from_secs(25 * 60 * 60)).await;
    ben.says("#apollo", "hello again");
    world.quiet().await;
    for line in [
        "role grant <@UBEN> member",
        "policy --approvers <@UBEN>",
        "role list",
        "policy",
    ] {
        world.slack.user("ana").slash("#apollo", "/pm", line);
        world.quiet().await;
    }
    let talk = world.talk("#apollo");
    let named: Vec<&str> = talk.lines().filter(|line| line.contains("enjamin")).collect();
    sees!(named.join("\n"), @"
    pm: > *ana*: /pm role grant @⟨⟩Benjamin member
        Benjamin on Slack (`slack:T1/UBEN`) is a member of *Apollo* now.
    pm: > *ana*: /pm policy --approvers @⟨⟩Benjamin
        Changed what *Apollo* asks about: only Benjamin answer (`--approvers`).
        • Benjamin: member
        • only Benjamin answer (`--approvers`)
    ");
    world.finish().await;
}
