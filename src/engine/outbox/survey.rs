//! What waits for a person, as a part of the health report.

use crate::engine::Engine;
use crate::engine::health::State;
use crate::store::outbox::{self, Waiting};
use crate::store::{StoreError, Tx};

/// The part's name in the health report.
const PART: &str = "outbox";

/// Counts what waits for a person, and reports it.
///
/// # Errors
/// When the database fails.
pub async fn survey(engine: &Engine, tx: &mut Tx) -> Result<(), StoreError> {
    let (state, detail) = words(outbox::waiting(tx).await?);
    engine.health.report(PART, state, detail);
    Ok(())
}

/// A doubt and a double want a person. What was given up was told, and mostly is no fault of the service: somebody closed a
/// channel.
fn words(waiting: Waiting) -> (State, String) {
    let Waiting {
        in_doubt,
        dead,
        twice,
    } = waiting;
    let counts = [(in_doubt, "in doubt"), (twice, "sent twice"), (dead, "given up")];
    let counts: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    if counts.is_empty() {
        return (State::Ok, "nothing waits for a person".to_owned());
    }
    let state = if in_doubt + twice > 0 {
        State::Degraded
    } else {
        State::Ok
    };
    let detail = format!(
        "{}; `callsheet outbox list` shows what, and what to do",
        counts.join(", ")
    );
    (state, detail)
}
