//! What each dialect makes of Markdown, and that splitting loses nothing.

use super::{Dialect, plain, quote_untrusted, render, render_with};

mod dialects;
mod mentions;
mod properties;
mod splitting;
mod untrusted;

/// The one part a short source gives.
fn one(source: &str, dialect: Dialect) -> String {
    let parts = render(source, dialect);
    assert!(parts.len() <= 1, "{parts:?}");
    parts.into_iter().next().unwrap_or_default()
}

/// Checks a table of sources and what they become.
fn check(dialect: Dialect, cases: &[(&str, &str)]) {
    for (source, expected) in cases {
        assert_eq!(one(source, dialect), *expected, "{dialect:?} of {source:?}");
    }
}

/// Parts that are each within a limit and not blank.
fn within(source: &str, dialect: Dialect, limit: usize) -> Vec<String> {
    let parts = render_with(source, dialect, limit);
    for part in &parts {
        assert!(
            dialect.units(part) <= limit,
            "{dialect:?}, {limit}: {} in {part:?}",
            dialect.units(part)
        );
        assert!(super::dialect::shows(part), "{part:?}");
    }
    parts
}
