//! When the service starts and stops, and with which configuration: rows of the audit log.

use std::time::Duration;

use crate::config::Settings;
use crate::engine::Engine;
use crate::store::StoreError;
use crate::store::audit::{self, Entry, Outcome, Who};
use crate::telemetry::scrub;

/// The action of the row that tells how Callsheet is configured; the newest one is compared with at the next start.
const CONFIGURED: &str = "config.change";
/// How long a service that stops tries to write that down: nobody shall wait for a database that is away.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// A service that starts.
#[derive(Debug, Clone)]
pub struct Start {
    /// How it is configured.
    pub settings: Settings,
    /// The rest of a sentence that begins with "started": where it listens.
    pub how: String,
}

/// Notes that the service starts, and what has changed about its configuration since the last start.
///
/// # Errors
/// When the database fails.
pub(super) async fn started(engine: &Engine, start: &Start) -> Result<(), StoreError> {
    let now = engine.clock.now();
    let mut tx = engine.db.begin().await?;
    let before = audit::last(&mut tx, CONFIGURED).await?;
    if let Some(detail) = configured(before.map(|row| row.detail).as_deref(), &start.settings) {
        let entry = entry(CONFIGURED, "configuration", Outcome::Done, detail);
        audit::note(&mut tx, &entry, now).await?;
    }
    let subject = subject(engine);
    let detail = format!("Callsheet {} started{}", env!("CARGO_PKG_VERSION"), start.how);
    audit::note(
        &mut tx,
        &entry("service.start", &subject, Outcome::Done, detail),
        now,
    )
    .await?;
    tx.commit("service started").await
}

/// Notes that the service stopped, in order or for a reason, and seals what is not sealed yet. A failure is logged only.
pub async fn stopped(engine: &Engine, was_serving: bool, why: Option<&str>) {
    if engine.standing.trouble().is_some() {
        return;
    }
    let noted = async {
        if was_serving {
            let (result, detail) = match why {
                None => (Outcome::Done, "stopped in order".to_owned()),
                Some(why) => (Outcome::Failed, format!("stopped: {why}")),
            };
            let mut tx = engine.db.begin().await?;
            let subject = subject(engine);
            let entry = entry("service.stop", &subject, result, detail);
            audit::note(&mut tx, &entry, engine.clock.now()).await?;
            tx.commit("service stopped").await?;
        }
        super::seal(&engine.db, engine.clock.now()).await
    };
    let failed = match engine.clock.timeout(LAST_WORDS, noted).await {
        Ok(Ok(_)) => return,
        Ok(Err(error)) => error.to_string(),
        Err(late) => late.to_string(),
    };
    tracing::warn!(error = scrub(&failed), "could not note the stop in the audit log");
}

fn subject(engine: &Engine) -> String {
    format!("process:{}", engine.db.process())
}

fn entry<'a>(action: &'a str, subject: &'a str, result: Outcome, detail: String) -> Entry<'a> {
    Entry {
        who: Who::Service,
        place: None,
        action,
        subject,
        on_behalf: None,
        result,
        run: None,
        detail,
    }
}

/// What the row on a configuration says; none when it is as it was. `before` is what the last one said.
fn configured(before: Option<&str>, settings: &Settings) -> Option<String> {
    // As it will be read again.
    let lines: Vec<String> = settings.lines().iter().map(|line| scrub(line)).collect();
    let now = Settings::parse(lines.iter().map(String::as_str));
    let what = match before {
        None => "as at the first start".to_owned(),
        Some(before) => {
            let changes = now.changes_since(&Settings::parse(before.lines().skip(1)));
            if changes.is_empty() {
                return None;
            }
            changes.join(", ")
        }
    };
    let mut said = vec![what];
    said.extend(lines);
    Some(said.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_change_is_told() {
        let settings = |lines: &[&'static str]| Settings::parse(lines.iter().copied());
        let first = configured(None, &settings(&["a.b = 1", "a.c = https://x:hush@host/"])).unwrap();
        insta::assert_snapshot!(first, @"
        as at the first start
        a.b = 1
        a.c = https://x:***@host/
        ");
        let again = settings(&["a.b = 1", "a.c = https://x:hush@host/"]);
        assert_eq!(configured(Some(&first), &again), None);
        let second = configured(Some(&first), &settings(&["a.b = 2"])).unwrap();
        insta::assert_snapshot!(second, @"
        a.b changed, a.c removed
        a.b = 2
        ");
        assert_eq!(configured(Some(&second), &settings(&["a.b = 2"])), None);
    }
}
