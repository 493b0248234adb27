//! What happens between a question and what it comes to.

use std::time::Duration;

use callsheet::domain::Role;
use serde_json::json;

use crate::support::database::Kind;
use crate::support::github::Fault;
use crate::support::world::World;
use crate::{sees, stories};

stories![
    who_lost_the_right_meanwhile_gets_nothing_done,
    an_outage_at_the_answer_ends_no_question,
    an_answer_is_to_what_was_asked_before_it,
    a_second_project_of_a_repository_asks_no_less,
    what_nobody_asked_for_waits,
    a_role_that_changed_meanwhile_is_asked_about_anew,
    a_question_shows_what_was_before,
    a_question_about_no_project_is_for_whoever_asked,
    nobody_is_asked_about_what_cannot_be_done,
];

fn labels(world: &World) -> Vec<String> {
    world.github.get_issue("acme/apollo", 12).labels
}

fn is_closed(world: &World) -> bool {
    world.github.get_issue("acme/apollo", 12).state == "closed"
}

async fn who_lost_the_right_meanwhile_gets_nothing_done(kind: Kind) {
    let world = World::careful(kind).await;
    world
        .model
        .calls_tool("update_issue", json!({"add_labels": ["bug"]}));
    let cy = world.github.user("cy");
    cy.comments("acme/apollo", 12, "@pm label this as a bug");
    world.quiet().await;
    cy.may("read", "acme/apollo");
    world.leap(Duration::from_secs(7_200)).await;
    world.model.says("Cy may not any more.");
    world.slack.user("ben").slash("#apollo", "/pm", "approve 1");
    world.quiet().await;
    assert_eq!(labels(&world), Vec::<String>::new());
    sees!(world.talk("#apollo"), @"
    pm: > *ben*: /pm approve 1
        
        Question 1: *Approved* by ben (22 Nov 2026, 11:00 UTC).
    ");
    sees!(world.issue_talk("acme/apollo", 12), @"
    cy: @pm label this as a bug
    pm-bot [edited]: **Question 1**, asked for by **cy**
        
        Change acme/apollo#12:
        - add labels: `bug`
        
        **Approved** by ben (22 Nov 2026, 11:00 UTC).
    pm-bot [edited]: Cy may not any more.
    ");
    sees!(world.model.told(), @"I did not do this. You may not change this issue: on GitHub that takes write permission to the repository. Ask a maintainer of the repository to do it, or to give you write access.");
    world.finish().await;
}

async fn an_outage_at_the_answer_ends_no_question(kind: Kind) {
    let world = World::careful(kind).await;
    let ana = world.slack.user("ana");
    ana.slash("#apollo", "/pm", "issue close acme/apollo#12");
    world.quiet().await;
    let outage = world
        .github
        .fault("GET", "/repos/acme/apollo/issues/12", Fault::Status { code: 502 });
    let ben = world.slack.user("ben");
    ben.slash("#apollo", "/pm", "approve 1");
    world.quiet().await;
    assert!(outage.is_hit());
    ben.slash("#apollo", "/pm", "gates");
    world.quiet().await;
    ben.slash("#apollo", "/pm", "approve 1");
    world.quiet().await;
    assert!(is_closed(&world));
    sees!(world.talk("#apollo"), @"
    pm [edited]: *Question 1*, asked for by *ana*
        
        Change acme/apollo#12:
        
        • close it
        
        *Approved* by ben (22 Nov 2026, 09:00 UTC).
    pm [edited]: > *ana*: /pm issue close acme/apollo#12
        
        Changed acme/apollo#12 (<https://github.com/acme/apollo/issues/12>): closed.
    pm: > *ben*: /pm approve 1
        
        I could not look at acme/apollo#12: GitHub gave no usable answer (GitHub answered with status 502). Ask again in a few minutes; www.githubstatus.com tells how GitHub is.
    pm: > *ben*: /pm gates
        
        • *1* Apollo: Change acme/apollo#12: - close it (asked for by ana, until 23 Nov 2026, 09:00 UTC)
        
        Answer with `approve` or `reject` and the number.
    pm: > *ben*: /pm approve 1
        
        Question 1: *Approved* by ben (22 Nov 2026, 09:00 UTC).
    ");
    world.finish().await;
}

async fn an_answer_is_to_what_was_asked_before_it(kind: Kind) {
    let world = World::careful(kind).await;
    let ana = world.slack.user("ana");
    let change = |fields| ("update_issue", fields);
    world.model.calls_tools(vec![
        change(json!({"issue": "acme/apollo#12", "add_labels": ["bug"]})),
        change(json!({"issue": "acme/apollo#12", "state": "closed"})),
    ]);
    let thread = ana.says("#apollo", "@pm label and close acme/apollo#12");
    world.quiet().await;
    world.slack.hold_events();
    // Meant for the first question; it comes when that is answered and another one is open.
    ana.replies("#apollo", &thread, "@pm approve");
    world.clock.advance(Duration::from_secs(5));
    let cy = world.github.user("cy");
    cy.comments("acme/apollo", 12, "/approve 1");
    let second = |world: &World| {
        let said = world.slack.bot_messages("#apollo");
        said.iter().any(|message| message.text.contains("*Question 2*"))
    };
    for _ in 0..60 {
        if second(&world) {
            break;
        }
        world.pass(Duration::from_secs(5)).await;
    }
    world.slack.release_events(false);
    world.quiet().await;
    assert!(!is_closed(&world));
    let told = "I did not count your answer: the question that is open here was asked after you spoke. Look at it, and answer again.";
    assert!(world.talk("#apollo").ends_with(told), "{}", world.talk("#apollo"));
    assert!(world.issue_talk("acme/apollo", 12).contains("**Question 2**"));
    world.finish().await;
}

async fn a_second_project_of_a_repository_asks_no_less(kind: Kind) {
    let world = World::careful(kind).await;
    world
        .add_project("Mine", Some("acme/apollo"), Some(("#mine", "CMINE")))
        .await;
    let ana = world.slack.user("ana");
    ana.slash("#mine", "/pm", "issue close acme/apollo#12");
    world.quiet().await;
    assert!(!is_closed(&world));
    sees!(world.talk("#mine"), @"
    pm: *Question 1*, asked for by *ana*
        
        Change acme/apollo#12:
        
        • close it
        
        It waits because this project wants to be asked before every change. If approved, I do exactly this, at once. Who may answer: members of the project; until 23 Nov 2026, 09:00 UTC, after which the answer is no. Press a button, or say `reject 1 why` to give a reason.
        [Approve] [Reject]
    pm: > *ana*: /pm issue close acme/apollo#12
        
        _waiting for an answer to question 1 …_
    ");
    world.finish().await;
}

async fn what_nobody_asked_for_waits(kind: Kind) {
    let mut world = World::new(kind).await;
    world.prepare_apollo().await;
    world.start().await;
    let change = |fields| ("update_issue", fields);
    // The request is about #12; a change of #13 is about something else, and one change is an idea by the model's own word.
    world.model.calls_tools(vec![
        change(json!({"issue": "acme/apollo#12", "add_labels": ["bug"]})),
        change(json!({"issue": "acme/apollo#13", "add_labels": ["bug"]})),
        change(json!({"issue": "acme/apollo#12", "add_labels": ["old"], "own_idea": true})),
    ]);
    world.model.says("Only #12 has its label.");
    let ana = world.slack.user("ana");
    ana.says("#apollo", "@pm label #12 as a bug");
    world.quiet().await;
    ana.says("#apollo", "@pm reject 1 I did not ask for that");
    world.quiet().await;
    ana.says("#apollo", "@pm reject 2 nor for that");
    world.quiet().await;
    assert_eq!(labels(&world), ["bug"]);
    assert_eq!(world.github.get_issue("acme/apollo", 13).labels, ["feature"]);
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> label #12 as a bug
      pm [edited]: *Question 1*, asked for by *ana*
          
          Change acme/apollo#13:
          
          • add labels: `bug`
          
          *Rejected* by ana: “I did not ask for that” (22 Nov 2026, 09:00 UTC).
      pm [edited]: _Answered below._
      pm [edited]: *Question 2*, asked for by *ana*
          
          Change acme/apollo#12:
          
          • add labels: `old`
          
          *Rejected* by ana: “nor for that” (22 Nov 2026, 09:01 UTC).
      pm: Only #12 has its label.
    ana: <@UPM> reject 1 I did not ask for that
      pm: Question 1: *Rejected* by ana: “I did not ask for that” (22 Nov 2026, 09:00 UTC).
    ana: <@UPM> reject 2 nor for that
      pm: Question 2: *Rejected* by ana: “nor for that” (22 Nov 2026, 09:01 UTC).
    ");
    world.issue_talk("acme/apollo", 12);
    world.finish().await;
}

async fn a_role_that_changed_meanwhile_is_asked_about_anew(kind: Kind) {
    let world = World::careful(kind).await;
    world.grant("ana", "apollo", Role::Owner).await;
    world.slack.user("ben").says("#apollo", "Good morning.");
    let ana = world.slack.user("ana");
    ana.slash("#apollo", "/pm", "role grant @ben maintainer");
    world.quiet().await;
    world.grant("ben", "apollo", Role::Viewer).await;
    ana.slash("#apollo", "/pm", "approve 1");
    world.quiet().await;
    ana.slash("#apollo", "/pm", "role list");
    world.quiet().await;
    sees!(world.talk("#apollo"), @"
    ben: Good morning.
    pm [edited]: *Question 1*, asked for by *ana*
        
        Make `ben` (`slack:T1/UBEN`) a maintainer of Apollo. Until now: nothing.
        
        *Not done*: what it is about has changed since the question was asked (22 Nov 2026, 09:00 UTC).
    pm [edited]: > *ana*: /pm role grant @⟨⟩ben maintainer
        
        I did not do this. Question 1: *Not done*: what it is about has changed since the question was asked (22 Nov 2026, 09:00 UTC).
    pm: > *ana*: /pm approve 1
        
        Your answer to question 1 changes nothing: Not done: what it is about has changed since the question was asked (22 Nov 2026, 09:00 UTC). If it is still wanted, ask for it anew.
    pm: > *ana*: /pm role list
        
        • ana: owner
        • ben: viewer
        • whoever speaks in #apollo: member
        • whoever may write to the repository on GitHub: member
        • who owns this Callsheet, and the shell: owner
    ");
    world.finish().await;
}

async fn a_question_shows_what_was_before(kind: Kind) {
    let world = World::careful(kind).await;
    world.grant("ana", "apollo", Role::Owner).await;
    let ana = world.slack.user("ana");
    ana.slash("#apollo", "/pm", "schedule add apollo \"0 9 * * *\"");
    world.quiet().await;
    ana.slash("#apollo", "/pm", "approve 1");
    world.quiet().await;
    let lines = [
        "schedule remove 1",
        "project set apollo --name Zeus --description \"To the sun.\"",
        "policy apollo --gates none --two-people yes",
    ];
    for line in lines {
        ana.slash("#apollo", "/pm", line);
        world.quiet().await;
    }
    let open = "SELECT shown FROM gates WHERE state = 'open' ORDER BY number";
    sees!(world.database.texts(open).await.join("\n\n"), @"
    Remove schedule 1: Apollo to #apollo, `0 9 * * *` UTC.

    Change the project Apollo:
    - its name: from `Apollo` to `Zeus`
    - its description:

    ```
    @@ -0,0 +1 @@
    +To the sun.
    ```

    Change what Apollo asks about:
    - nothing that people asked for waits for an answer (`--gates none`)
    - what cannot be taken back takes two people, each with a linked account (`--two-people yes`)

    Until now:
    - every change waits for an answer (`--gates all_writes`)
    - one answer is enough (`--two-people no`)
    ");
    world.slack.news("#apollo");
    world.finish().await;
}

async fn a_question_about_no_project_is_for_whoever_asked(kind: Kind) {
    let mut world = World::new(kind).await;
    world.prepare_apollo().await;
    world.start().await;
    world
        .model
        .calls_tool("create_project", json!({"name": "Comet", "own_idea": true}))
        .says("Comet is there.");
    let ana = world.slack.user("ana");
    ana.dm("@pm what could we do next?");
    world.quiet().await;
    world.slack.user("ben").dm("approve 1");
    world.quiet().await;
    ana.dm("@pm approve 1");
    world.quiet().await;
    sees!(world.talk("@ana"), @"
    ana: <@UPM> what could we do next?
    pm [edited]: *Question 1*, asked for by *ana*
        
        Create the project `Comet`.
        
        *Approved* by ana (22 Nov 2026, 09:00 UTC).
    pm [edited]: Comet is there.
    ana: <@UPM> approve 1
    pm: Question 1: *Approved* by ana (22 Nov 2026, 09:00 UTC).
    ");
    sees!(world.talk("@ben"), @"
    ben: approve 1
    pm: I did not count your answer: it is about no project, so it is for whoever asked for it. Leave it to them.
    ");
    world.finish().await;
}

async fn nobody_is_asked_about_what_cannot_be_done(kind: Kind) {
    let world = World::careful(kind).await;
    world.add_project("Zeus", None, None).await;
    world.grant("ana", "apollo", Role::Owner).await;
    let ana = world.slack.user("ana");
    for line in [
        "project set apollo --name Zeus",
        "policy apollo --gates all_writes",
        "schedule add apollo \"0 9 31 2 *\"",
    ] {
        ana.slash("#apollo", "/pm", line);
        world.quiet().await;
    }
    assert_eq!(world.database.count("SELECT COUNT(*) FROM gates").await, 0);
    sees!(world.talk("#apollo"), @r#"
    pm: > *ana*: /pm project set apollo --name Zeus
        
        I could not rename the project to Zeus: there is one with this name already. Choose another name, or ask for its status.
    pm: > *ana*: /pm policy apollo --gates all_writes
        
        Apollo asks as before: it is like that already. Nothing needs to be done.
    pm: > *ana*: /pm schedule add apollo "0 9 31 2 *⟨⟩"
        
        I could not read `0 9 31 2 *` as times: there is no such day in any year. Write five fields (minute, hour, day, month, weekday), for example `0 9 * * mon-fri` for 09:00 on working days, or `@daily`.
    "#);
    world.finish().await;
}
