//! What a story has looked at: a message of ours that nobody expected fails it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// The texts of ours that a story has seen, by what they are.
#[derive(Default)]
pub(crate) struct Looked(Mutex<BTreeMap<String, String>>);

impl Looked {
    /// Notes that the story saw a text.
    pub(crate) fn saw(&self, what: String, text: &str) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert(what, text.to_owned());
    }

    /// Notes that the story saw a text; true when it had not seen it before.
    pub(crate) fn news(&self, what: String, text: &str) -> bool {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert(what, text.to_owned()).as_deref() != Some(text)
    }

    /// Those of `all` that the story has not seen as they stand there now.
    pub(crate) fn unseen(&self, all: impl IntoIterator<Item = (String, String)>) -> Vec<String> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.into_iter()
            .filter(|(what, text)| seen.get(what) != Some(text))
            .map(|(what, text)| format!("{what}: {text}"))
            .collect()
    }
}
