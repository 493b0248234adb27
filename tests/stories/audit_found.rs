//! The audit log, searched by whoever runs Callsheet.

use std::time::Duration;

use callsheet::domain::{AccountKey, Asker, PersonId, Place, Platform};
use callsheet::operator::audit::Wanted;
use callsheet::store::audit::{self, Entry, Outcome, Who};
use callsheet::store::people;

use super::audit::{Log, entry};
use super::operator::told;
use crate::support::database::Kind;
use crate::{sees, stories};

stories![rows_are_found_by_what_they_say];

const SECOND: Duration = Duration::from_secs(1);

async fn rows_are_found_by_what_they_say(kind: Kind) {
    let log = Log::new(kind).await;
    sees!(log.operator().audit_list(&Wanted { limit: 9, ..Wanted::default() }).await.unwrap(), @"Nothing was noted yet.");
    several_rows(&log).await;
    let listed = async |wanted: Wanted| told(log.operator().audit_list(&wanted).await);
    let some = || Wanted {
        limit: 9,
        ..Wanted::default()
    };
    let text = |text: &str| Some(text.to_owned());
    sees!(listed(some()).await, @"
    2026-11-22 09:00:03 UTC  retention.delete  done  the clock
        events
        9 of events

    2026-11-22 09:00:02 UTC  outbox.drop  refused  root (operator)
        delivery:1
        no

    2026-11-22 09:00:01 UTC  delivery.dead  failed  Callsheet for Ana
        delivery:1 at github:acme/apollo#12
        run <A>
        an answer was given up …

    2026-11-22 09:00:00 UTC  project.create  done  Ana (slack T1/UANA)
        project:apollo at slack:T1/C1
        Apollo
    ");
    let found = async |wanted: Wanted| {
        let told = listed(wanted).await;
        let heads = told.lines().filter(|line| !line.starts_with("    "));
        heads
            .filter(|line| !line.is_empty())
            .map(|line| line.split("  ").nth(1).unwrap_or(line).to_owned())
            .collect::<Vec<_>>()
            .join(" ")
    };
    sees!(found(Wanted { person: text("ANA"), ..some() }).await, @"delivery.dead project.create");
    sees!(found(Wanted { person: text("an"), ..some() }).await, @"Nothing in the log fits.");
    sees!(found(Wanted { action: text("delivery."), ..some() }).await, @"delivery.dead");
    sees!(found(Wanted { action: text("%"), ..some() }).await, @"Nothing in the log fits.");
    sees!(found(Wanted { subject: text("very:"), ..some() }).await, @"outbox.drop delivery.dead");
    sees!(found(Wanted { run: text("abcd"), ..some() }).await, @"delivery.dead");
    sees!(found(Wanted { since: text("2026-11-22T09:00:02"), ..some() }).await, @"retention.delete outbox.drop");
    sees!(found(Wanted { since: text("2026-11-23"), ..some() }).await, @"Nothing in the log fits.");
    sees!(found(Wanted { limit: 1, ..some() }).await, @"retention.delete These are the newest 1; `--limit` and `--since` show others.");
    sees!(listed(Wanted { run: text("abcdef"), ..some() }).await, @"refused: there is no run whose id begins or ends with “abcdef”, neither in the log nor among those that are kept. `callsheet audit list` shows the ids.");
    sees!(listed(Wanted { run: text("../etc\u{1b}[31m"), ..some() }).await, @"refused: “../etc[31m” is no id of a run: ids have digits and the letters a to f, of which the first or the last 4 or more are enough. `callsheet audit list` shows them.");
    sees!(listed(Wanted { since: text("last week"), ..some() }).await, @"refused: “last week” is no date that I can read: give a day such as 2026-11-22, or a moment such as 2026-11-22T09:30 (UTC).");
    sees!(listed(Wanted { since: text("2026-02-30"), ..some() }).await, @"refused: “2026-02-30” is no date that I can read: give a day such as 2026-11-22, or a moment such as 2026-11-22T09:30 (UTC).");
}

/// Notes a row of each kind of actor, a second apart.
async fn several_rows(log: &Log) {
    let mut tx = log.db.begin().await.unwrap();
    let now = log.clock.now();
    let asker = asker(&mut tx, now).await;
    let place: Place = "github:acme/apollo#12".parse().unwrap();
    let run = callsheet::domain::RunId(uuid::Uuid::from_u128(0xabcd));
    let rows = [
        Entry {
            who: Who::Person(&asker),
            action: "project.create",
            subject: "project:apollo",
            ..entry("Apollo")
        },
        Entry {
            place: Some(&place),
            action: "delivery.dead",
            subject: "delivery:1",
            on_behalf: Some(asker.person),
            result: Outcome::Failed,
            run: Some(run),
            ..entry("an answer was given up\nfor a reason")
        },
        Entry {
            who: Who::Operator("root"),
            action: "outbox.drop",
            subject: "delivery:1",
            result: Outcome::Refused,
            ..entry("no")
        },
        Entry {
            who: Who::Clock,
            action: "retention.delete",
            subject: "events",
            ..entry("9 of events")
        },
    ];
    for (seconds, row) in (0..).zip(&rows) {
        audit::note(&mut tx, row, now + SECOND * seconds).await.unwrap();
    }
    tx.commit("test").await.unwrap();
}

/// Ana, as she speaks in Slack.
async fn asker(tx: &mut callsheet::store::Tx, now: chrono::DateTime<chrono::Utc>) -> Asker {
    let account = AccountKey {
        platform: Platform::Slack,
        workspace: "T1".to_owned(),
        user_id: "UANA".to_owned(),
    };
    let person: PersonId = people::person_of(tx, &account, "Ana", now).await.unwrap();
    Asker {
        person,
        account,
        name: "Ana".to_owned(),
        place: "slack:T1/C1".parse().unwrap(),
    }
}
