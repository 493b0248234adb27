//! Stop: by a word, a command or a sign, while time stands still, since nobody waits behind the run that is to end.

use std::time::Duration;

use callsheet::domain::RunId;
use callsheet::store::runs::{self, RunState, Step, StepKind, StepState};
use callsheet::store::{StoreError, deliveries, queue, stops};
use serde_json::json;

use crate::support::database::Kind;
use crate::support::github::Fault;
use crate::support::world::World;
use crate::support::{model::Turn, slack};
use crate::{sees, stories};

stories![
    the_word_in_its_thread_ends_the_run_at_once,
    those_who_wait_go_on_after_a_stop,
    what_was_done_is_told_and_nothing_follows,
    what_is_on_its_way_is_waited_for,
    what_waits_to_be_sent_is_taken_back,
    who_may_not_is_told_so,
    a_sign_on_the_question_or_the_progress_ends_the_run,
    the_command_ends_what_its_giver_asked_for,
    nothing_is_running_here,
    the_word_in_one_thread_ends_nothing_in_another,
    a_stop_does_not_overtake_its_request,
    a_waiting_request_can_be_stopped,
    a_run_that_was_stopped_takes_no_more_writes,
];

impl World {
    /// Waits, while time stands still, until the model was asked so often.
    pub(super) async fn asked(&self, times: usize) {
        self.now("the model to be asked", |world| {
            world.model.requests().len() == times
        })
        .await;
    }

    /// Waits, while time passes slowly, since somebody hangs, until the worlds show something.
    pub(super) async fn soon(&self, what: &str, look: impl Fn(&Self) -> bool) {
        // In small steps: what we do takes longer on a busy machine, and some of it is only waited for so long.
        for _ in 0..4_000 {
            if look(self) {
                return;
            }
            if !self.stirs().await {
                self.clock.advance(Duration::from_millis(50));
            }
        }
        panic!("waited too long for {what}");
    }

    /// The same, until we said this in Slack's #apollo.
    pub(super) async fn says_soon(&self, text: &str) {
        self.soon(text, |world| {
            let said = world.slack.bot_messages("#apollo");
            said.iter().any(|message| message.text.contains(text))
        })
        .await;
    }

    /// Waits, while time stands still, until we said this in Slack's #apollo.
    pub(super) async fn says_at_once(&self, text: &str) {
        self.now(text, |world| {
            let said = world.slack.bot_messages("#apollo");
            said.iter().any(|message| message.text.contains(text))
        })
        .await;
    }
}

async fn the_word_in_its_thread_ends_the_run_at_once(kind: Kind) {
    let world = World::apollo(kind).await;
    world.model.hangs();
    let ana = world.slack.user("ana");
    let thread = ana.says("#apollo", "@pm what is everything?");
    world.asked(1).await;
    let before = world.clock.now();
    ana.replies("#apollo", &thread, "Stop!");
    world.says_at_once("Stopped by").await;
    assert_eq!(world.clock.now(), before, "time had to pass");
    // Its lane is free, and nobody works on it any more.
    world.model.says("Still here.");
    ana.replies("#apollo", &thread, "are you there?");
    world.says_soon("Still here.").await;
    world.quiet().await;
    // How long it took shows in whether there was progress first.
    sees!(world.talk("#apollo").replace(" [edited]", ""), @"
    ana: <@UPM> what is everything?
      ana: Stop!
      pm: Stopped by *ana*. Nothing was changed.
      ana: are you there?
      pm: Still here.
    ");
    world.finish().await;
}

async fn those_who_wait_go_on_after_a_stop(kind: Kind) {
    let world = World::apollo(kind).await;
    world.model.hangs();
    let (ana, ben) = (world.slack.user("ana"), world.slack.user("ben"));
    let thread = ana.says("#apollo", "@pm what is everything?");
    world.asked(1).await;
    world.model.says("For Ben.").says("For Ana.");
    ben.replies("#apollo", &thread, "and for me?");
    ana.replies("#apollo", &thread, "and more?");
    ben.replies("#apollo", &thread, "stop");
    world.quiet().await;
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> what is everything?
      ben: and for me?
      ana: and more?
      ben: stop
      pm: Stopped by *ben*. Nothing was changed.
      pm: For Ben.
      pm: For Ana.
    ");
    world.finish().await;
}

async fn what_was_done_is_told_and_nothing_follows(kind: Kind) {
    let world = World::apollo(kind).await;
    world
        .model
        .calls_tools(vec![
            (
                "update_issue",
                json!({"issue": "acme/apollo#12", "add_labels": ["bug"]}),
            ),
            ("create_project", json!({"name": "Zeus"})),
            ("list_issues", json!({"repository": "acme/apollo"})),
        ])
        .hangs();
    let ana = world.slack.user("ana");
    let thread = ana.says("#apollo", "@pm label it and start Zeus");
    world
        .soon("the second question", |world| world.model.requests().len() == 2)
        .await;
    ana.replies("#apollo", &thread, "stop");
    world.quiet().await;
    // Where progress was shown first is chance.
    let talk = world.talk("#apollo");
    assert!(talk.contains("Stopped by *ana*."), "{talk}");
    assert!(talk.contains("Already done:"), "{talk}");
    assert!(talk.contains("labelled bug."), "{talk}");
    assert!(talk.contains("Created *Zeus*: active, no repository."), "{talk}");
    assert_eq!(world.model.requests().len(), 2);
    world.finish().await;
}

async fn what_is_on_its_way_is_waited_for(kind: Kind) {
    let world = World::apollo(kind).await;
    world.model.calls_tools(vec![
        (
            "create_issue",
            json!({"repository": "acme/apollo", "title": "Follow up"}),
        ),
        (
            "create_issue",
            json!({"repository": "acme/apollo", "title": "Never"}),
        ),
    ]);
    let held = world
        .github
        .fault("POST", "/repos/acme/apollo/issues", Fault::Hold);
    let ana = world.slack.user("ana");
    let thread = ana.says("#apollo", "@pm open two issues");
    held.hit().await;
    ana.replies("#apollo", &thread, "stop");
    world.says_soon("stopping").await;
    held.release();
    world.quiet().await;
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> open two issues
      ana: stop
      pm [edited]: Stopped by *ana*.
          
          Already done:
          
          • Opened acme/apollo#15 (<https://github.com/acme/apollo/issues/15>): Follow up
    ");
    let issues = world.github.issues("acme/apollo");
    let titles: Vec<&str> = issues.iter().skip(3).map(|issue| issue.title.as_str()).collect();
    assert_eq!(titles, ["Follow up"]);
    world.finish().await;
}

/// Opens an issue that GitHub refuses for two minutes; the moment it did.
async fn limited(world: &World) -> slack::Ts {
    world.model.calls_tool(
        "create_issue",
        json!({"repository": "acme/apollo", "title": "Follow up"}),
    );
    let limit = Fault::RateLimit {
        status: 429,
        retry_after: Some(120),
        secondary: true,
    };
    let fault = world.github.fault("POST", "/repos/acme/apollo/issues", limit);
    let thread = world.slack.user("ana").says("#apollo", "@pm open an issue");
    fault.hit().await;
    thread
}

async fn what_waits_to_be_sent_is_taken_back(kind: Kind) {
    let world = World::apollo(kind).await;
    let thread = limited(&world).await;
    world
        .soon("the progress", |world| {
            !world.slack.bot_messages("#apollo").is_empty()
        })
        .await;
    world.slack.user("ana").replies("#apollo", &thread, "stop");
    world.says_soon("Stopped by").await;
    world.quiet().await;
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> open an issue
      pm [edited]: Stopped by *ana*. Nothing was changed.
          
          Not done any more:
          
          • a new issue “Follow up” in acme/apollo
      ana: stop
    ");
    assert_eq!(world.github.issues("acme/apollo").len(), 3);
    world.finish().await;
}

async fn who_may_not_is_told_so(kind: Kind) {
    let world = World::apollo(kind).await;
    world.slack.channel("#random");
    world.model.hangs();
    let thread = world.slack.user("ana").says("#random", "@pm what is everything?");
    world.asked(1).await;
    world
        .soon("the progress", |world| {
            world.slack.bot_messages("#random").len() == 1
        })
        .await;
    let ben = world.slack.user("ben");
    ben.replies("#random", &thread, "stop");
    world
        .soon("the refusal", |world| {
            world.slack.bot_messages("#random").len() == 2
        })
        .await;
    ben.reacts("#random", &thread, "octagonal_sign");
    world
        .soon("another refusal", |world| {
            world
                .slack
                .bot_messages("#random")
                .iter()
                .filter(|message| message.text.contains("may not"))
                .count()
                == 2
        })
        .await;
    world.slack.user("ana").replies("#random", &thread, "stop");
    world.quiet().await;
    sees!(world.talk("#random"), @"
    ana: <@UPM> what is everything?
      pm [edited]: Stopped by *ana*. Nothing was changed.
      ben: stop
      pm: You may not stop this: somebody else asked for it, and you are no member of the project here. Ask them, or a member of the project, to say `stop`.
      pm: > *ben*: 🛑
          
          You may not stop this: somebody else asked for it, and you are no member of the project here. Ask them, or a member of the project, to say `stop`.
      ana: stop
    ");
    world.finish().await;
}

async fn a_sign_on_the_question_or_the_progress_ends_the_run(kind: Kind) {
    let world = World::apollo(kind).await;
    let ana = world.slack.user("ana");
    world.model.hangs();
    let thread = ana.says("#apollo", "@pm what is everything?");
    world.asked(1).await;
    ana.reacts("#apollo", &thread, "eyes");
    ana.reacts("#apollo", &thread, "octagonal_sign");
    world.says_soon("Stopped by").await;
    world.model.hangs();
    ana.says("#apollo", "@pm and the rest?");
    world.asked(2).await;
    world
        .soon("the progress", |world| {
            world.slack.bot_messages("#apollo").len() == 2
        })
        .await;
    let progress = world.slack.bot_messages("#apollo").pop().unwrap();
    // Whoever is a member may, and a sign on what has ended says nothing.
    let ben = world.slack.user("ben");
    ben.reacts("#apollo", &progress.ts, "black_square_for_stop");
    ben.reacts("#apollo", &thread, "black_square_for_stop");
    world.quiet().await;
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> what is everything?
      pm: Stopped by *ana*. Nothing was changed.
    ana: <@UPM> and the rest?
      pm [edited]: Stopped by *ben*. Nothing was changed.
    ");
    world.finish().await;
}

async fn the_command_ends_what_its_giver_asked_for(kind: Kind) {
    let world = World::apollo(kind).await;
    let (ana, ben, cy) = (
        world.slack.user("ana"),
        world.slack.user("ben"),
        world.slack.user("cy"),
    );
    world.model.hangs().hangs();
    ana.says("#apollo", "@pm what is everything?");
    world.asked(1).await;
    ben.says("#apollo", "@pm what is nothing?");
    world.asked(2).await;
    cy.slash("#apollo", "/pm", "stop");
    world.says_soon("I stopped nothing").await;
    ana.slash("#apollo", "/pm", "stop");
    world.says_soon("Stopped by *ana*").await;
    // What is left is the only one.
    cy.slash("#apollo", "/pm", "stop");
    world.quiet().await;
    // Whether progress showed before the stop came is the machine's affair.
    let talk = world.talk("#apollo").replace(" [edited]", "");
    sees!(talk, @"
    ana: <@UPM> what is everything?
      pm: Stopped by *ana*. Nothing was changed.
    ben: <@UPM> what is nothing?
      pm: Stopped by *cy*. Nothing was changed.
    pm: > *cy*: /pm stop
        
        I stopped nothing: 2 requests are being worked on here, and none is yours. Say `stop` in the thread of the one you mean.
    pm: > *ana*: /pm stop
        
        Stopped: “what is everything?”.
    pm: > *cy*: /pm stop
        
        Stopped: “what is nothing?”.
    ");
    world.finish().await;
}

async fn nothing_is_running_here(kind: Kind) {
    let world = World::apollo(kind).await;
    let ana = world.slack.user("ana");
    world.model.says("Fine.");
    let thread = ana.says("#apollo", "@pm how is it going?");
    world.quiet().await;
    ana.replies("#apollo", &thread, "stop");
    world.quiet().await;
    ana.slash("#apollo", "/pm", "stop");
    world.quiet().await;
    // Among others it is none of our business.
    ana.says("#apollo", "stop");
    world.quiet().await;
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> how is it going?
      pm: Fine.
      ana: stop
      pm: Nothing is running here.
    pm: > *ana*: /pm stop
        
        Nothing is running here.
    ana: stop
    ");
    world.finish().await;
}

async fn the_word_in_one_thread_ends_nothing_in_another(kind: Kind) {
    let world = World::apollo(kind).await;
    world.model.says("First.");
    let ana = world.slack.user("ana");
    let done = ana.says("#apollo", "@pm one?");
    world.quiet().await;
    let held = world.model.holds();
    ana.says("#apollo", "@pm two?");
    held.reached().await;
    ana.replies("#apollo", &done, "stop");
    world.says_soon("Nothing is running here.").await;
    world.model.says("Second.");
    held.release();
    world.quiet().await;
    let talk = world.talk("#apollo");
    assert!(talk.contains("Second.") && !talk.contains("Stopped"), "{talk}");
    world.finish().await;
}

async fn a_stop_does_not_overtake_its_request(kind: Kind) {
    if kind.slack == slack::Mode::Http {
        // Requests overtake each other on their way to us.
        return;
    }
    let world = World::apollo(kind).await;
    world.model.always(|_| Turn::hangs());
    let ana = world.slack.user("ana");
    world.slack.hold_events();
    let thread = ana.says("#apollo", "@pm what is everything?");
    ana.replies("#apollo", &thread, "stop");
    world.slack.release_events(false);
    world.says_soon("Stopped by").await;
    world.quiet().await;
    let said = world.slack.bot_messages("#apollo");
    let said: Vec<&str> = said.iter().map(|message| message.text.as_str()).collect();
    // The stop has a lane of its own, and yet comes after what was said before it.
    assert!(
        said.len() == 1 && said[0].starts_with("Stopped by"),
        "the request went on: {said:?}"
    );
    world.finish().await;
}

async fn a_waiting_request_can_be_stopped(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    world.model.hangs();
    let (ana, ben) = (world.discord.user("ana"), world.discord.user("ben"));
    ana.says("#apollo", "@pm what is everything?");
    world.asked(1).await;
    // In a channel all talk is one conversation, and Ben's request waits for Ana's.
    ben.says("#apollo", "@pm and the rest?");
    world
        .soon("the progress of both", |world| {
            world.discord.bot_messages("#apollo").len() == 2
        })
        .await;
    ben.slash("#apollo", "stop", &[]);
    world
        .soon("Ben's end", |world| {
            let said = world.discord.bot_messages("#apollo");
            said.iter()
                .any(|message| message.text.contains("Stopped by **ben**"))
        })
        .await;
    ana.slash("#apollo", "stop", &[]);
    world.quiet().await;
    // Where progress was shown first is chance.
    let talk = world.discord_talk("#apollo");
    assert!(
        talk.contains("Stopped by **ana**. Nothing was changed."),
        "{talk}"
    );
    assert!(
        talk.contains("Stopped by **ben**. Nothing was changed."),
        "{talk}"
    );
    assert!(talk.contains("Stopped: “and the rest?”."), "{talk}");
    assert!(talk.contains("Stopped: “what is everything?”."), "{talk}");
    assert_eq!(world.model.requests().len(), 1);
    world.finish().await;
}

async fn a_run_that_was_stopped_takes_no_more_writes(kind: Kind) {
    let world = World::apollo(kind).await;
    world.model.hangs();
    let ana = world.slack.user("ana");
    let thread = ana.says("#apollo", "@pm what is everything?");
    world.asked(1).await;
    let mut tx = world.db.read().await.unwrap();
    let run: RunId = stops::open_runs(&mut tx).await.unwrap()[0].id;
    let steps = runs::steps(&mut tx, run).await.unwrap();
    drop(tx);
    ana.replies("#apollo", &thread, "stop");
    world.says_soon("Stopped by").await;
    let now = world.clock.now();
    let mut tx = world.db.begin().await.unwrap();
    let late = Step {
        id: callsheet::domain::StepId::new(),
        seq: 2,
        kind: StepKind::Tool,
        state: StepState::Awaiting,
        ..steps[0].clone()
    };
    let ended = |result: Result<(), StoreError>| matches!(result, Err(StoreError::RunEnded));
    assert!(ended(runs::add_step(&mut tx, run, &late, now).await));
    assert!(ended(runs::end_step(&mut tx, run, &steps[0], now).await));
    assert!(ended(runs::set_doing(&mut tx, run, "more").await));
    assert!(
        !runs::end(&mut tx, run, RunState::Done, "An answer.", now)
            .await
            .unwrap()
    );
    assert!(!stops::begin(&mut tx, run, "ben").await.unwrap(), "stopped twice");
    assert_eq!(deliveries::lock_tools(&mut tx, run).await.unwrap(), []);
    let open = queue::open_items(&mut tx).await.unwrap();
    assert!(
        open.iter().all(|(kind, ..)| *kind != queue::Kind::Run),
        "{open:?}"
    );
    drop(tx);
    world.finish().await;
}
