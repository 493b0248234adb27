//! The one type of error that is shown to people.

use std::fmt;

/// What happened, why, and what to do: three sentences a person can act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonError {
    /// What happened, e.g. "I could not label acme/apollo#12".
    pub what: String,
    /// Why, e.g. "GitHub says the issue is locked".
    pub why: String,
    /// What the person can do, e.g. "Unlock it and ask again".
    pub next: String,
}

impl PersonError {
    /// An error of three sentences, each without its full stop.
    pub fn new(what: impl Into<String>, why: impl Into<String>, next: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            why: why.into(),
            next: next.into(),
        }
    }
}

impl fmt::Display for PersonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {}. {}.",
            self.what,
            self.why.trim_end_matches('.'),
            self.next.trim_end_matches('.')
        )
    }
}

impl std::error::Error for PersonError {}
