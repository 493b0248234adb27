//! What Slack's answers say about our token, for the health report: whether it is taken, and which scopes it lacks.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::client::Trouble;
use super::outcome::{is_refused_token, reason};
use crate::engine::health::{Part, State};

/// What is known of the token.
#[derive(Default)]
pub(super) struct Standing(Mutex<Known>);

/// Behind [`Standing`]'s lock.
#[derive(Default)]
struct Known {
    /// Slack's word for why it does not take the token.
    refused: Option<String>,
    /// The scopes that methods lack, by method; a scope may be unknown.
    lacking: BTreeMap<String, Option<String>>,
}

impl Standing {
    /// Takes in what became of a call with the bot's token.
    pub(super) fn learn<T>(&self, method: &str, answer: &Result<T, Trouble>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match answer {
            Ok(_) => {
                known.refused = None;
                known.lacking.remove(method);
            }
            Err(Trouble::Refused { error, .. }) if is_refused_token(error) => {
                known.refused = Some(error.clone());
            }
            Err(Trouble::Refused { error, needed }) if error == "missing_scope" => {
                known.refused = None;
                known.lacking.insert(method.to_owned(), needed.clone());
            }
            // Another "no" comes after the token was taken; silence says nothing.
            Err(Trouble::Refused { .. }) => known.refused = None,
            Err(_) => {}
        }
    }

    /// What keeps us from working, with what to do; none when nothing does.
    pub(super) fn report(&self) -> Option<Part> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = &known.refused {
            return Some(Part::new(State::Failed, reason(error, None, "")));
        }
        let mut lacking: Vec<String> = known
            .lacking
            .values()
            .map(|needed| reason("missing_scope", needed.as_deref(), ""))
            .collect();
        lacking.dedup();
        (!lacking.is_empty()).then(|| Part::new(State::Degraded, lacking.join("; ")))
    }
}
