//! `callsheet outbox`: what whoever runs Callsheet sees of what did not arrive, and what becomes of their decisions.

use std::process::Output;
use std::time::Duration;

use callsheet::operator::Operator;
use callsheet::store::outbox::{self, Wanted};
use serde_json::json;

use super::ask::{program, said};
use crate::support::database::{Database, Engine, Kind};
use crate::support::slack::Fault;
use crate::support::world::World;
use crate::{sees, stories};

stories![
    what_was_given_up_comes_back_whole,
    what_may_have_arrived_is_looked_for_or_decided,
    a_run_goes_on_when_what_it_waits_for_is_dropped,
    what_arrived_twice_is_taken_off_the_list,
    what_cannot_be_decided_is_said,
    the_program_says_what_it_can_do,
];

const POST: &str = "chat.postMessage";

fn operator(world: &World) -> Operator {
    Operator::beside(world.db.clone(), world.clock.clock())
}

/// What the operator is told, whether it worked or not, with ids replaced by letters in the order of their first mention.
pub(crate) fn told<E: std::fmt::Display>(said: Result<String, E>) -> String {
    let text = said.unwrap_or_else(|error| format!("refused: {error}"));
    let mut known: Vec<String> = Vec::new();
    let is_id = |word: &str| {
        let digits = word.chars().all(|c| c == '-' || c.is_ascii_hexdigit());
        digits && matches!(word.len(), 8 | 36)
    };
    let mut steady = String::new();
    let mut word = String::new();
    for c in text.chars().chain(['\n']) {
        if c == '-' || c.is_ascii_alphanumeric() {
            word.push(c);
            continue;
        }
        if is_id(&word) {
            let short = word[word.len() - 8..].to_owned();
            let at = known.iter().position(|id| *id == short).unwrap_or_else(|| {
                known.push(short);
                known.len() - 1
            });
            let letter = char::from(b'A' + u8::try_from(at).unwrap());
            steady.push_str(&format!("<{letter}>"));
        } else {
            steady.push_str(&word);
        }
        word.clear();
        steady.push(c);
    }
    let lines: Vec<&str> = steady.lines().map(str::trim_end).collect();
    lines.join("\n").trim_end().to_owned()
}

/// The ids of deliveries, oldest first.
async fn ids(world: &World, wanted: Wanted) -> Vec<String> {
    let mut tx = world.db.read().await.unwrap();
    let ids = outbox::list(&mut tx, wanted, 100).await.unwrap();
    ids.iter().map(ToString::to_string).collect()
}

/// Runs the built program on the world's database, beside the service.
async fn run(world: &World, arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut command = program(folder.path(), &world.database, world.kind);
    command.env("CALLSHEET__DATABASE__URL", &world.database.url);
    command.arg("outbox").args(arguments);
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

async fn what_was_given_up_comes_back_whole(kind: Kind) {
    let world = World::apollo(kind).await;
    sees!(told(operator(&world).list(Wanted::Waiting).await), @"Nothing waits for a person.");
    let held = world.model.holds();
    let question = world.slack.user("ana").says("#apollo", "@pm report");
    held.reached().await;
    world.slack.archive("#apollo");
    world.model.says(&"All is well. ".repeat(900));
    held.release();
    world.quiet().await;
    assert_eq!(world.slack.calls(POST).len(), 1);
    sees!(told(operator(&world).list(Wanted::Waiting).await), @"
    <A>  given up: an answer to #apollo, made just now, tried once
              “All is well. All is well. All is well. All is well. All is well. All is well. A…”
              the channel is archived; unarchive it or use another one

    `callsheet outbox show ID` tells more of one; `retry ID` tries it again, `drop ID` settles it.
    ");
    let dead = ids(&world, Wanted::Dead).await.remove(0);
    let shown = told(operator(&world).show(&dead[28..]).await);
    let (facts, rest) = shown.split_once("  Text").unwrap();
    let choices = rest.split_once("\n\n").unwrap().1;
    sees!(format!("{facts}{choices}"), @"
    Delivery <A>

      What   part 1 of 3 of an answer to #apollo
      Where  slack:T1/CAPOLLO/1795338000.000100
      For    ana, who asked: “report”
      State  given up
      Why    the channel is archived; unarchive it or use another one
      Made   2026-11-22 09:00:00 UTC, just now
      Tried  once, at 2026-11-22 09:00:00 UTC

      callsheet outbox retry <A>
          sends it again, and what was held back behind it; mend first what is said above
      callsheet outbox drop <A>
          takes it off the list; it is not sent
    ");
    world.slack.unarchive("#apollo");
    // The built program says the same, beside the running service.
    let listed = told(Ok::<_, String>(said(&run(&world, &["list"]).await)));
    assert!(
        listed.starts_with("exit 0\n<A>  given up: an answer to #apollo"),
        "{listed}"
    );
    sees!(told(operator(&world).retry(&dead, false).await), @"<A> is queued again. The 2 parts behind it come back with it.");
    world.quiet().await;
    let thread = world.slack.thread("#apollo", &question);
    assert_eq!(thread.len(), 4);
    let words: String = thread[1..].iter().map(|message| message.text.as_str()).collect();
    assert_eq!(words.matches("All is well.").count(), 900);
    assert!(ids(&world, Wanted::All).await.is_empty());
    world.finish().await;
}

async fn what_may_have_arrived_is_looked_for_or_decided(kind: Kind) {
    let world = World::apollo(kind).await;
    // Neither our own events nor look-ups tell what became of a call.
    world.slack.revoke_scope("channels:history");
    let (arrives, is_lost) = (
        Fault::DropAfterEffect { method: POST },
        Fault::DropBeforeEffect { method: POST },
    );
    for fault in [arrives.clone(), is_lost.clone(), is_lost, arrives] {
        world.slack.fault(fault);
        world.slack.user("ana").slash("#apollo", "/pm", "projects");
        world.quiet().await;
    }
    sees!(told(operator(&world).list(Wanted::Waiting).await), @"
    <A>  in doubt: an answer to #apollo, made just now, tried once
              “> *ana*: /pm projects • *Apollo*: active, <https://github.com/acme/apollo|acme/…”
              Slack says missing_scope, and a private answer to a command cannot be read

    <B>  in doubt: an answer to #apollo, made just now, tried once
              “> *ana*: /pm projects • *Apollo*: active, <https://github.com/acme/apollo|acme/…”
              Slack says missing_scope, and a private answer to a command cannot be read

    <C>  in doubt: an answer to #apollo, made just now, tried once
              “> *ana*: /pm projects • *Apollo*: active, <https://github.com/acme/apollo|acme/…”
              Slack says missing_scope, and a private answer to a command cannot be read

    <D>  in doubt: an answer to #apollo, made just now, tried once
              “> *ana*: /pm projects • *Apollo*: active, <https://github.com/acme/apollo|acme/…”
              Slack says missing_scope, and a private answer to a command cannot be read

    `callsheet outbox show ID` tells more of one; `retry ID` tries it again, `drop ID` settles it.
    ");
    let in_doubt = ids(&world, Wanted::Waiting).await;
    sees!(told(operator(&world).show(&in_doubt[0]).await), @"
    Delivery <A>

      What   an answer to #apollo
      Where  slack:T1/CAPOLLO
      For    ana, who asked: “projects”
      State  in doubt
      Why    Slack says missing_scope, and a private answer to a command cannot be read
      Made   2026-11-22 09:00:00 UTC, just now
      Tried  once, at 2026-11-22 09:00:00 UTC

      Text
        > *ana*: /pm projects

        • *Apollo*: active, <https://github.com/acme/apollo|acme/apollo>

      callsheet outbox retry <A>
          looks for it now, and sends it when there is no sign of it
      callsheet outbox retry --resend <A>
          sends it without looking, once you have seen that it is not there
      callsheet outbox drop <A>
          settles it, once you have seen that it is there, or need it no more
    ");
    world.slack.grant_scope("channels:history");
    let operator = operator(&world);
    sees!(told(operator.retry(&in_doubt[0], false).await), @"<A> is looked for once more, and sent when there is no sign of it.");
    sees!(told(operator.retry(&in_doubt[1], false).await), @"<A> is looked for once more, and sent when there is no sign of it.");
    sees!(told(operator.retry(&in_doubt[2], true).await), @"<A> is queued again.");
    sees!(told(operator.drop(&in_doubt[3]).await), @"<A> is settled: it is neither looked for nor sent again.");
    world.quiet().await;
    assert_eq!(world.slack.bot_messages("#apollo").len(), 4);
    assert_eq!(world.slack.calls(POST).len(), 6);
    assert!(ids(&world, Wanted::All).await.is_empty());
    sees!(world.told_health("outbox").await, @"ok: nothing waits for a person");
    world.finish().await;
}

async fn a_run_goes_on_when_what_it_waits_for_is_dropped(kind: Kind) {
    let world = World::apollo(kind).await;
    world.slack.fault(Fault::RateLimit {
        method: POST,
        retry_after: Some(10_800),
    });
    world
        .model
        .calls_tool("post_message", json!({"place": "#apollo", "text": "We ship."}))
        .says("I did not post it.");
    world
        .github
        .user("cy")
        .comments("acme/apollo", 12, "@pm tell #apollo that we ship");
    // Time must not jump while the webhook is on its way.
    world.github.webhooks_done().await;
    world
        .until("the call", |world| world.slack.calls(POST).len() == 1)
        .await;
    world.leap(Duration::from_secs(60)).await;
    let waiting = ids(&world, Wanted::Queued).await.remove(0);
    let operator = operator(&world);
    let listed = told(operator.list(Wanted::Queued).await);
    // Progress of the answer may be on its way, too.
    sees!(listed.split("\n\n").next().unwrap(), @"
    <A>  queued: a message to #apollo, made 1 minute ago, tried once
              “We ship.”
              Slack asks to slow down
    ");
    sees!(told(operator.show(&waiting).await), @"
    Delivery <A>

      What   a message to #apollo
      Where  slack:T1/CAPOLLO
      For    cy, who asked: “tell #apollo that we ship”
      State  queued
      Why    Slack asks to slow down
      Made   2026-11-22 09:00:00 UTC, 1 minute ago
      Tried  once, at 2026-11-22 09:00:00 UTC
      Next   sent not before 2026-11-22 12:00:00 UTC

      Text
        We ship.

      callsheet outbox drop <A>
          takes it back; whoever waits for it is told
    ");
    sees!(told(operator.retry(&waiting, false).await), @"refused: <A> waits for its turn already, not before 2026-11-22 12:00:00 UTC. Nothing was changed.");
    sees!(told(operator.drop(&waiting).await), @"<A> is not sent.");
    world.quiet().await;
    sees!(world.model.told(), @"I could not make a post to #apollo: whoever runs Callsheet dropped it.");
    sees!(world.issue_talk("acme/apollo", 12), @"
    cy: @pm tell #apollo that we ship
    pm-bot [edited]: I did not post it.
    ");
    assert_eq!(world.slack.calls(POST).len(), 1);
    sees!(told(operator.drop(&waiting).await), @"refused: <A> was taken back before (whoever runs Callsheet dropped it). Nothing was changed.");
    world.finish().await;
}

async fn what_arrived_twice_is_taken_off_the_list(kind: Kind) {
    let world = World::apollo(kind).await;
    let after = Duration::from_secs(600);
    world.slack.fault(Fault::ApplyLater { method: POST, after });
    world.model.says("Once.");
    world.slack.user("ana").says("#apollo", "@pm hello?");
    world
        .until("both copies", |world| {
            world.slack.bot_messages("#apollo").len() == 2
        })
        .await;
    world.quiet().await;
    let operator = operator(&world);
    sees!(told(operator.list(Wanted::Waiting).await), @"
    <A>  sent twice: an answer to #apollo, made 10 minutes ago
              “Once.”
              a call was applied after its look-up had found nothing, so that it stands there twice; remove one

    `callsheet outbox show ID` tells more of one; `retry ID` tries it again, `drop ID` settles it.
    ");
    let twice = ids(&world, Wanted::Waiting).await.remove(0);
    let shown = told(operator.show(&twice).await);
    // When the second call was made depends on when a look-up was.
    let steady = shown
        .lines()
        .filter(|line| !line.starts_with("  Sent") && !line.starts_with("  There"));
    sees!(steady.collect::<Vec<_>>().join("\n"), @"
    Delivery <A>

      What   an answer to #apollo
      Where  slack:T1/CAPOLLO/1795338000.000100
      For    ana, who asked: “hello?”
      State  sent twice
      Why    a call was applied after its look-up had found nothing, so that it stands there twice; remove one
      Made   2026-11-22 09:00:00 UTC, 10 minutes ago
      Twin   1795338600.000000

      Text
        Once.

      callsheet outbox drop <A>
          takes it off the list, once you have removed one
    ");
    sees!(told(operator.retry(&twice, true).await), @"refused: <A> has arrived. Nothing was changed.");
    sees!(told(operator.drop(&twice).await), @"<A> no longer counts as sent twice.");
    sees!(told(operator.list(Wanted::All).await), @"Nothing is on its way, in doubt or given up.");
    sees!(world.told_health("outbox").await, @"ok: nothing waits for a person");
    world.finish().await;
}

async fn what_cannot_be_decided_is_said(kind: Kind) {
    let world = World::apollo(kind).await;
    world.model.says("Once.");
    world.slack.user("ana").says("#apollo", "@pm hello?");
    world.quiet().await;
    let every = |world: &World| {
        let db = world.db.clone();
        async move {
            let mut tx = db.read().await.unwrap();
            let ids = outbox::named(&mut tx, "", 10).await.unwrap();
            ids.iter().map(ToString::to_string).collect::<Vec<_>>()
        }
    };
    let sent = every(&world).await.remove(0);
    world.slack.fault(Fault::Hold { method: POST });
    world.model.says("Twice.");
    world.slack.user("ana").says("#apollo", "@pm and now?");
    world
        .until("the call to hang", |world| world.slack.held(POST) == 1)
        .await;
    let hanging = ids(&world, Wanted::Queued).await.remove(0);
    let operator = operator(&world);
    let mut rows = Vec::new();
    for id in [
        sent.as_str(),
        &hanging,
        &sent[..4],
        "ffffffff",
        "12",
        "../etc\u{1b}[31m",
    ] {
        rows.push(told(operator.retry(id, true).await));
        rows.push(told(operator.drop(id).await));
    }
    sees!(rows.join("\n"), @"
    refused: <A> has arrived. Nothing was changed.
    refused: <A> has arrived. Nothing was changed.
    refused: <A> is being worked on at this moment; look again in a minute. Nothing was changed.
    refused: <A> is being worked on at this moment; look again in a minute. Nothing was changed.
    refused: “01a2” fits several deliveries: <A>, <B>. Give more of its digits.
    refused: “01a2” fits several deliveries: <A>, <B>. Give more of its digits.
    refused: there is no delivery whose id begins or ends with “<A>”. `callsheet outbox list --state all` shows what is not settled.
    refused: there is no delivery whose id begins or ends with “<A>”. `callsheet outbox list --state all` shows what is not settled.
    refused: “12” is no id of a delivery: ids have digits and the letters a to f, of which the first or the last 4 or more are enough. `callsheet outbox list` shows them.
    refused: “12” is no id of a delivery: ids have digits and the letters a to f, of which the first or the last 4 or more are enough. `callsheet outbox list` shows them.
    refused: “../etc[31m” is no id of a delivery: ids have digits and the letters a to f, of which the first or the last 4 or more are enough. `callsheet outbox list` shows them.
    refused: “../etc[31m” is no id of a delivery: ids have digits and the letters a to f, of which the first or the last 4 or more are enough. `callsheet outbox list` shows them.
    ");
    world.slack.release(POST);
    world.quiet().await;
    world.expects("#apollo", &["Once.", "Twice."]);
    assert_eq!(world.slack.calls(POST).len(), 2);
    world.finish().await;
}

async fn the_program_says_what_it_can_do(kind: Kind) {
    let (folder, database) = (tempfile::tempdir().unwrap(), Database::fresh(kind).await);
    let outbox = |arguments: &'static [&'static str]| {
        let mut command = program(folder.path(), &database, kind);
        command.arg("outbox").args(arguments);
        tokio::task::spawn_blocking(move || command.output().unwrap())
    };
    if kind.engine == Engine::Sqlite {
        // In a wrong folder all would seem well.
        let told = said(&outbox(&["list"]).await.unwrap());
        assert!(
            told.starts_with("exit 1\ncallsheet: there is no database at data/callsheet.db;"),
            "{told}"
        );
        assert!(!folder.path().join("data").exists());
    }
    let mut ask = program(folder.path(), &database, kind);
    ask.args(["ask", "help"]);
    let asked = tokio::task::spawn_blocking(move || ask.output().unwrap());
    assert!(asked.await.unwrap().status.success());
    sees!(said(&outbox(&["list"]).await.unwrap()), @"
    exit 0
    Nothing waits for a person.
    ");
    sees!(said(&outbox(&["list", "--state", "all"]).await.unwrap()), @"
    exit 0
    Nothing is on its way, in doubt or given up.
    ");
    sees!(said(&outbox(&["show", "abcdef01"]).await.unwrap()), @"
    exit 1
    callsheet: there is no delivery whose id begins or ends with “abcdef01”. `callsheet outbox list --state all` shows what is not settled.
    ");
    sees!(said(&outbox(&["retry", "12", "abcdef01"]).await.unwrap()), @"
    exit 1
    callsheet: “12” is no id of a delivery: ids have digits and the letters a to f, of which the first or the last 4 or more are enough. `callsheet outbox list` shows them.
    callsheet: there is no delivery whose id begins or ends with “abcdef01”. `callsheet outbox list --state all` shows what is not settled.
    ");
    sees!(said(&outbox(&["--help"]).await.unwrap()), @"
    exit 0
    See what did not arrive, and decide what becomes of it

    Usage: callsheet outbox [OPTIONS] <COMMAND>

    Commands:
      list   List what waits for a person: what was given up, what may have arrived, what arrived twice
      show   Show all about one delivery: its text, place, tries, and what retry and drop would do
      retry  Try deliveries again; what may have arrived is looked for first
      drop   Decide that deliveries shall not be sent, or are settled; who waits for them goes on
      help   Print this message or the help of the given subcommand(s)

    Options:
          --config <FILE>  The configuration file [default: bot.toml, when there is one]
          --log-json       Write the log as JSON, one object a line
      -h, --help           Print help
    ");
    assert_eq!(outbox(&["drop"]).await.unwrap().status.code(), Some(2));
}
