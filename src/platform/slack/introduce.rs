//! Who we are in Slack: found out at the start, whichever way Slack speaks to us, and told in the health report.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use super::catch_up;
use super::client::{IdentifyError, Identity, Slack, Trouble, is_passing};
use super::socket;
use crate::engine::Engine;
use crate::engine::clock::later;
use crate::engine::health::State;

/// The name in the health report.
pub(super) const PART: &str = "slack";
/// The longest wait between two tries.
const LONGEST: Duration = Duration::from_secs(60);
/// How long after Slack's word that it holds events back it is taken to be over, once events come again: Slack repeats
/// the word every minute. <https://docs.slack.dev/reference/events/app_rate_limited>
const HELD_BACK: Duration = Duration::from_secs(60);

/// Finds out who we are and listens until `stop`, reporting as the part `slack`. In HTTP mode the routes listen, and this
/// only waits.
///
/// # Errors
/// When the library does not take the token for its sockets.
pub async fn listen(slack: Slack, engine: Engine, stop: CancellationToken) -> Result<(), String> {
    engine.health.report(PART, State::Degraded, "connecting to Slack");
    let Some(me) = introduce(&slack, &engine, &stop).await else {
        stop.cancelled().await;
        return Ok(());
    };
    let standing = slack.clone();
    engine.health.supplement(PART, move || standing.report());
    match slack.app_token().cloned() {
        Some(token) => socket::listen(slack, engine, me, token, stop).await,
        None => {
            report_http(&engine, &me);
            slack.missed().end();
            catch_up::run(&slack, &engine, &me, &stop).await;
            Ok(())
        }
    }
}

/// Finds out who we are and whether the app's token opens sockets, as long as it takes; none when only a person
/// can help, or at a stop.
async fn introduce(slack: &Slack, engine: &Engine, stop: &CancellationToken) -> Option<Identity> {
    let mut wait = Duration::from_secs(1);
    loop {
        let checked = tokio::select! {
            () = stop.cancelled() => return None,
            checked = check(slack) => checked,
        };
        match checked {
            Ok(me) => return Some(me),
            Err(Hindrance::Refused(why)) => {
                engine.health.report(PART, State::Failed, why);
                return None;
            }
            Err(Hindrance::Passing(why)) => {
                let host = slack.host();
                engine.health.report(
                    PART,
                    State::Degraded,
                    format!("Slack ({host}) cannot be reached: {why}"),
                );
            }
        }
        tokio::select! {
            () = stop.cancelled() => return None,
            () = engine.clock.sleep(wait) => wait = (wait * 2).min(LONGEST),
        }
    }
}

/// What keeps us from listening.
pub(super) enum Hindrance {
    /// Slack's "no", as a sentence that says what to do.
    Refused(String),
    /// Something that may pass.
    Passing(String),
}

/// Tries the tokens.
pub(super) async fn check(slack: &Slack) -> Result<Identity, Hindrance> {
    const APPS: &str = "https://api.slack.com/apps";
    let me = slack.identify().await.map_err(|error| match error {
        IdentifyError::Refused(why) => Hindrance::Refused(format!(
            "Slack refuses slack.bot_token ({why}); copy the Bot User OAuth Token from {APPS}, your app, OAuth & \
             Permissions, and start again"
        )),
        IdentifyError::Unreachable(why) => Hindrance::Passing(why),
    })?;
    let Some(token) = slack.app_token() else {
        return Ok(me);
    };
    slack.try_socket(token).await.map_err(|trouble| match trouble {
        Trouble::Refused { error, .. } if !is_passing(&error) => Hindrance::Refused(format!(
            "Slack refuses to open a socket with slack.app_token ({error}); at {APPS}, your app, switch Socket Mode \
             on, create an app-level token with the scope connections:write, and start again"
        )),
        other => Hindrance::Passing(other.to_string()),
    })?;
    Ok(me)
}

fn report_http(engine: &Engine, me: &Identity) {
    let Identity { name, team_name, .. } = me;
    let detail = format!("signed in to {team_name} as @{name}; Slack sends its requests here");
    engine.health.report(PART, State::Ok, detail);
}

impl Slack {
    /// Notes that Slack holds events back, or that an event came, after which all is well again in a while.
    pub fn note_flow(&self, engine: &Engine, held_back: bool) {
        let now = engine.clock.now();
        let mut since = self.held_back();
        if held_back {
            *since = Some(now);
            engine.health.report(
                PART,
                State::Degraded,
                "Slack holds events back: more than 30,000 in an hour, or too many that were not taken in time",
            );
        } else if since.is_some_and(|since| is_over(since, now)) {
            *since = None;
            if let Some(me) = self.identity() {
                report_http(engine, &me);
            }
        }
    }
}

fn is_over(since: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    later(since, HELD_BACK) <= now
}
