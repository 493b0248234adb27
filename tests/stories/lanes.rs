//! Order within a conversation, and none between conversations: bursts, what comes late or twice, and what hangs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use callsheet::domain::{AccountKey, Addressed, Author, AuthorKind, Event, Heard, Place, Platform, Posted};
use callsheet::engine::intake;
use callsheet::store::{Probe, conversations, deliveries, queue, runs, stops};
use rand::seq::SliceRandom;
use rand::{SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::support::database::Kind;
use crate::support::github::Fault;
use crate::support::model::Turn;
use crate::support::world::World;
use crate::{sees, stories};

stories![
    what_one_person_says_in_a_row_is_answered_together,
    a_command_is_a_turn_of_its_own,
    what_came_late_is_answered_in_the_order_it_was_said,
    a_tool_that_hangs_is_given_up_and_frees_its_lane,
    a_command_that_takes_too_long_is_given_up,
    a_model_that_hangs_holds_up_nobody_else,
    many_conversations_keep_their_order,
];

/// What the model was asked last in a request.
pub(super) fn asked(request: &Value) -> String {
    let messages = request["messages"].as_array().unwrap();
    let last = messages.iter().rev().find(|message| message["role"] == "user");
    last.and_then(|message| message["content"].as_str())
        .unwrap_or_default()
        .to_owned()
}

async fn what_one_person_says_in_a_row_is_answered_together(kind: Kind) {
    let world = World::apollo(kind).await;
    let held = world.model.holds();
    world.model.says("The first.");
    let (ana, ben) = (world.slack.user("ana"), world.slack.user("ben"));
    let thread = ana.says("#apollo", "@pm first?");
    held.reached().await;
    for text in ["second?", "third?"] {
        ana.replies("#apollo", &thread, text);
    }
    ben.replies("#apollo", &thread, "and mine?");
    ana.replies("#apollo", &thread, "fourth?");
    world
        .until("all to be understood", |world| world.slack.unacked() == 0)
        .await;
    world.events_done().await;
    for answer in ["The second and third.", "Ben's.", "The fourth."] {
        world.model.says(answer);
    }
    held.release();
    world.quiet().await;
    let questions: Vec<String> = world.model.requests().iter().map(asked).collect();
    insta::allow_duplicates! { insta::assert_debug_snapshot!(questions, @r#"
    [
        "ana: first?",
        "ana: second?\n\nthird?",
        "ben: and mine?",
        "ana: fourth?",
    ]
    "#) }
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> first?
      ana: second?
      ana: third?
      ben: and mine?
      ana: fourth?
      pm: The first.
      pm: The second and third.
      pm: Ben's.
      pm: The fourth.
    ");
    world.finish().await;
}

async fn a_command_is_a_turn_of_its_own(kind: Kind) {
    let world = World::apollo(kind).await;
    let held = world.model.holds();
    world.model.says("The first.");
    let ana = world.slack.user("ana");
    let thread = ana.says("#apollo", "@pm first?");
    held.reached().await;
    for text in ["second?", "projects", "third?"] {
        ana.replies("#apollo", &thread, text);
    }
    world.events_done().await;
    world.model.says("The second.").says("The third.");
    held.release();
    world.quiet().await;
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> first?
      ana: second?
      ana: projects
      ana: third?
      pm: The first.
      pm: The second.
      pm: • *Apollo*: active, <https://github.com/acme/apollo|acme/apollo>
      pm: The third.
    ");
    world.finish().await;
}

async fn what_came_late_is_answered_in_the_order_it_was_said(kind: Kind) {
    let world = World::apollo(kind).await;
    let held = world.model.holds();
    world
        .model
        .always(|request| Turn::says(&format!("To {}", asked(request))));
    let (ana, ben) = (world.slack.user("ana"), world.slack.user("ben"));
    let thread = ana.says("#apollo", "@pm first?");
    held.reached().await;
    world.slack.hold_events();
    for (who, text) in [
        (&ana, "second?"),
        (&ana, "third?"),
        (&ben, "fourth?"),
        (&ana, "fifth?"),
    ] {
        who.replies("#apollo", &thread, text);
    }
    world.slack.release_events(true);
    world.slack.resend_event(1);
    world.slack.resend_event(2);
    world.events_done().await;
    held.release();
    world.quiet().await;
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> first?
      ana: second?
      ana: third?
      ben: fourth?
      ana: fifth?
      pm: To ana: first?
      pm: To ana: second?
          
          third?
      pm: To ben: fourth?
      pm: To ana: fifth?
    ");
    world.finish().await;
}

async fn a_tool_that_hangs_is_given_up_and_frees_its_lane(kind: Kind) {
    let world = World::apollo(kind).await;
    let held = world
        .github
        .fault("GET", "/repos/acme/apollo/issues/12", Fault::Hold);
    world
        .model
        .calls_tool("get_issue", json!({"issue": "acme/apollo#12"}))
        .replies_with(|request| {
            let messages = request["messages"].as_array().unwrap();
            let told = messages.iter().rev().find(|message| message["role"] == "tool");
            Turn::says(told.unwrap()["content"].as_str().unwrap())
        })
        .says("The next.");
    let ana = world.slack.user("ana");
    let thread = ana.says("#apollo", "@pm what about 12?");
    held.hit().await;
    ana.replies("#apollo", &thread, "and now?");
    world.pass(Duration::from_secs(15)).await;
    world.github.release();
    world.quiet().await;
    // Which of the two showed progress first is chance.
    let talk = world.talk("#apollo");
    assert!(
        talk.contains("GitHub gave no usable answer (no answer within 12s)"),
        "{talk}"
    );
    assert!(talk.contains("The next."), "{talk}");
    world.finish().await;
}

async fn a_command_that_takes_too_long_is_given_up(kind: Kind) {
    let world = World::apollo(kind).await;
    for number in 100..800 {
        world.github.issue("acme/apollo", number, "One of many", "");
    }
    let slow = || {
        world
            .github
            .fault("GET", "/repos/acme/apollo/issues", Fault::Hold)
    };
    let mut page = slow();
    world.slack.user("ana").slash("#apollo", "/pm", "status apollo");
    // Each page comes within its own time, all of them do not.
    for _ in 0..6 {
        page.hit().await;
        let next = slow();
        world.clock.advance(Duration::from_secs(11));
        page.release();
        page = next;
    }
    world.github.mend();
    world.github.release();
    world.quiet().await;
    let talk = world.talk("#apollo");
    assert!(
        talk.contains(
            "I gave up on `status apollo`: there was no result within 60 seconds. Try again later."
        ),
        "{talk}"
    );
    world.finish().await;
}

async fn a_model_that_hangs_holds_up_nobody_else(kind: Kind) {
    let world = World::apollo(kind).await;
    world.model.hangs();
    let (ana, ben) = (world.slack.user("ana"), world.slack.user("ben"));
    let thread = ana.says("#apollo", "@pm what is everything?");
    world
        .now("the model to be asked", |world| world.model.requests().len() == 1)
        .await;
    world.clock.advance(Duration::from_secs(2));
    world
        .now("the progress", |world| {
            world.slack.bot_messages("#apollo").len() == 1
        })
        .await;
    ben.replies("#apollo", &thread, "and mine?");
    world.model.says("Elsewhere.");
    // One post a second goes to a channel.
    world.clock.advance(Duration::from_secs(2));
    ben.says("#apollo", "@pm and elsewhere?");
    let before = world.clock.now();
    world
        .now("the answer elsewhere", |world| {
            let said = world.slack.bot_messages("#apollo");
            said.iter().any(|message| message.text == "Elsewhere.")
        })
        .await;
    assert_eq!(world.clock.now(), before, "time had to pass");
    world.model.hangs().hangs();
    for tries in 3..=4 {
        world.pass(Duration::from_secs(65)).await;
        world
            .until("the next try", |world| world.model.requests().len() == tries)
            .await;
    }
    world.model.says("Yours.");
    world.pass(Duration::from_secs(65)).await;
    world.quiet().await;
    // Which of the two showed progress first is chance.
    let talk = world.talk("#apollo");
    assert!(
        talk.contains("the language model did not answer: no answer within 60s"),
        "{talk}"
    );
    assert!(talk.contains("Yours."), "{talk}");
    assert!(talk.contains("Elsewhere."), "{talk}");
    world.finish().await;
}

impl World {
    /// Waits, while time stands still, until every event is understood.
    pub(super) async fn events_done(&self) {
        self.now("the events to be heard", |world| {
            world.slack.unacked() == 0 && world.slack.queued() == 0
        })
        .await;
        self.stored("the events to be understood", Duration::ZERO, async |tx| {
            let open = queue::open_items(tx).await.unwrap();
            let events = open.iter().filter(|(kind, ..)| *kind == queue::Kind::Event);
            events.map(|event| format!("{event:?}")).collect()
        })
        .await;
    }
}

/// How many conversations there are in the burst.
const CONVERSATIONS: usize = 200;

/// What passes at most while the others are answered: less than it takes to give up a model that says nothing.
const SHORT: Duration = Duration::from_secs(50);

/// The one whose model hangs.
const HANGING: usize = 7;

/// The burst in one conversation, in the order it is said: who, and what.
const BURST: [(&str, &str); 3] = [("ana", "one"), ("ana", "two"), ("ben", "three")];

fn said(world: &World, conversation: usize, number: usize, who: &str, text: &str) -> Heard {
    let at = world.clock.now() + Duration::from_millis(number as u64);
    let id = format!("{conversation}-{number}");
    Heard {
        event: Event::MessagePosted(Posted {
            place: place(conversation),
            external_id: id.clone(),
            author: Author {
                account: AccountKey {
                    platform: Platform::Shell,
                    workspace: String::new(),
                    user_id: who.to_owned(),
                },
                name: who.to_owned(),
                kind: AuthorKind::Human,
            },
            text: text.to_owned(),
            mentions: Vec::new(),
            addressed: Addressed::Us,
            mark: None,
            reply: None,
            at,
        }),
        keys: vec![format!("test:{id}")],
        raw: Vec::new(),
    }
}

fn place(conversation: usize) -> Place {
    format!("shell:c{conversation}").parse().unwrap()
}

/// Holds every run where its work begins, until it is released; counts those that are held.
fn held_at_the_start(held: &Arc<AtomicUsize>) -> (Probe, watch::Sender<bool>) {
    let (release, released) = watch::channel(false);
    let held = Arc::clone(held);
    let probe: Probe = Arc::new(move |point| {
        let (held, mut released) = (Arc::clone(&held), released.clone());
        Box::pin(async move {
            if point == "run started" {
                held.fetch_add(1, Ordering::SeqCst);
                released.wait_for(|released| *released).await.unwrap();
            }
        })
    });
    (probe, release)
}

/// Says the burst in every conversation, each message twice, all in any order.
async fn burst(world: &World) {
    let engine = world.program().engine.clone();
    let all = (0..CONVERSATIONS).flat_map(|conversation| (0..BURST.len()).map(move |at| (conversation, at)));
    let mut burst: Vec<(usize, usize)> = all.clone().chain(all).collect();
    burst.shuffle(&mut StdRng::seed_from_u64(200));
    for (conversation, at) in burst {
        let heard = said(world, conversation, at + 1, BURST[at].0, &words(conversation, at));
        intake::commit(&engine, &heard).await.unwrap();
    }
    world.events_done().await;
}

/// The one that hangs is told so after a while, and what waits behind it is answered.
async fn give_up(world: &World) {
    world
        .stored(
            "the one that hangs to be given up",
            Duration::from_secs(3600),
            async |tx| {
                let open = stops::open_runs(tx).await.unwrap();
                open.iter()
                    .map(|run| format!("{}: {:?}", run.text, run.state))
                    .collect()
            },
        )
        .await;
    world.quiet().await;
}

async fn many_conversations_keep_their_order(kind: Kind) {
    let mut world = World::new(kind).await;
    world.settings.insert(
        "CALLSHEET__AGENT__MAX_RUNS_AT_ONCE".to_owned(),
        CONVERSATIONS.to_string(),
    );
    world.model.always(|request| {
        let question = asked(request);
        if question.contains(&format!("zero of {HANGING}.")) {
            return Turn::hangs();
        }
        Turn::says(&format!("To {question}"))
    });
    let started = Arc::new(AtomicUsize::new(0));
    let (probe, release) = held_at_the_start(&started);
    world.start_with(Some(probe)).await;
    let engine = world.program().engine.clone();
    for conversation in 0..CONVERSATIONS {
        let text = format!("zero of {conversation}.");
        let heard = said(&world, conversation, 0, "ana", &text);
        intake::commit(&engine, &heard).await.unwrap();
    }
    world
        .now("every conversation to begin", |_| {
            started.load(Ordering::SeqCst) == CONVERSATIONS
        })
        .await;
    burst(&world).await;
    let before = world.clock.now();
    release.send_replace(true);
    // All but the one that hangs are answered before that is given up.
    world
        .stored("all but one conversation to be answered", SHORT, async |tx| {
            let open = stops::open_runs(tx).await.unwrap();
            let others = open.iter().filter(|run| run.asker.place != place(HANGING));
            others
                .map(|run| format!("{}: {:?}, {}", run.text, run.state, run.doing))
                .collect()
        })
        .await;
    let mut tx = world.db.read().await.unwrap();
    let open = stops::open_runs(&mut tx).await.unwrap();
    drop(tx);
    assert_eq!(open.len(), 3, "{open:#?}");
    let stood = world.clock.now() == before;
    give_up(&world).await;
    let questions: Vec<String> = world.model.requests().iter().map(asked).collect();
    for conversation in 0..CONVERSATIONS {
        assert_order(&world, conversation, &questions, stood).await;
    }
    world.finish().await;
}

/// What was said at a place of the burst.
fn words(conversation: usize, at: usize) -> String {
    format!("{} of {conversation}.", BURST[at].1)
}

/// The turns of a conversation, each answered once, in the order they were worked on.
async fn assert_order(world: &World, conversation: usize, questions: &[String], stood: bool) {
    let zero = format!("zero of {conversation}.");
    let [one, two, three] = std::array::from_fn(|at| words(conversation, at));
    let both = format!("{one}\n\n{two}");
    let expected = [zero.as_str(), both.as_str(), three.as_str()];
    let mut tx = world.db.read().await.unwrap();
    let mut turns = BTreeMap::new();
    for at in 0..=BURST.len() {
        let external_id = format!("{conversation}-{at}");
        let run = runs::of_message(&mut tx, &place(conversation), &external_id).await;
        let run = run.unwrap().unwrap();
        turns.insert(run.id, run);
    }
    let mut answered = Vec::new();
    for run in turns.values() {
        let answers = deliveries::answers_of(&mut tx, run.id).await.unwrap();
        let last: Vec<_> = answers.iter().filter(|answer| answer.last).collect();
        assert_eq!(
            last.len(),
            1,
            "conversation {conversation}, {}: {answers:#?}",
            run.text
        );
        // Where time `stood` still nobody showed progress, and an answer was made when it was there. Else the order in which the
        // model was asked tells.
        answered.push((last[0].id, run.text.clone()));
    }
    answered.sort();
    let texts: Vec<&str> = answered.iter().map(|(_, text)| text.as_str()).collect();
    if conversation == HANGING || !stood {
        assert_eq!(texts.len(), expected.len(), "{texts:?}");
    } else {
        assert_eq!(texts, expected, "conversation {conversation}");
    }
    let here = format!(" of {conversation}.");
    let mut questions: Vec<&String> = questions.iter().filter(|text| text.contains(&here)).collect();
    questions.dedup();
    assert_eq!(
        questions.len(),
        expected.len(),
        "conversation {conversation}: {questions:?}"
    );
    for (question, text) in questions.iter().zip(expected) {
        assert!(
            question.ends_with(text),
            "conversation {conversation}: {question:?}, not {text:?}"
        );
    }
    let here = conversations::at(&mut tx, &place(conversation)).await.unwrap();
    let talk = conversations::newest(&mut tx, here.unwrap(), world.clock.now(), 100).await;
    let talk = talk.unwrap();
    let people = talk.iter().rev().filter(|said| said.author_kind == "human");
    let said: Vec<&str> = people.map(|said| said.text.as_str()).collect();
    let expected: Vec<String> = (0..BURST.len()).map(|at| words(conversation, at)).collect();
    assert_eq!(said[1..], expected, "conversation {conversation}");
}
