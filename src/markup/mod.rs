//! Markdown in, each platform's dialect out.
//!
//! The one source is GitHub-flavoured Markdown, as a language model or our own templates write it. [`render`] turns
//! it into the parts a platform can take, each inside the platform's limit. Invariants:
//!
//! - nothing visible is lost or said twice by splitting, except a table's header row, a fence and a cut link's
//!   target, which are repeated so that every part stands by itself;
//! - no grapheme cluster is torn (unless one alone is longer than a whole part), no link, no mark and no fence is
//!   left open at a part's end;
//! - text from the source never notifies anybody, never forms a platform's own control sequence, and never carries
//!   a hidden HTML comment (outside code, where it is visible) into GitHub;
//! - every function is total: any string goes in, none panics.

mod blocks;
mod dialect;
mod discord;
mod github;
mod inline;
mod leaves;
mod mentions;
mod plain;
mod slack;
mod spans;
mod split;
mod table;
pub mod untrusted;

#[cfg(test)]
mod tests;

pub use dialect::Dialect;

/// Markdown as the parts to send, in order. Each part is within [`Dialect::limit`] and none is blank; a source
/// without visible content gives no part at all.
pub fn render(markdown: &str, dialect: Dialect) -> Vec<String> {
    render_with(markdown, dialect, dialect.limit())
}

/// [`render`] for a text with buttons: each part is within [`Dialect::limit_with_buttons`].
pub fn render_with_buttons(markdown: &str, dialect: Dialect) -> Vec<String> {
    render_with(markdown, dialect, dialect.limit_with_buttons())
}

/// [`render`] with a limit of one's own, in the dialect's unit. Below 64 units a part may have to exceed it.
fn render_with(markdown: &str, dialect: Dialect, limit: usize) -> Vec<String> {
    let source = dialect::clean(markdown);
    match dialect {
        Dialect::GitHub => github::render(&source, limit),
        Dialect::Slack | Dialect::Discord | Dialect::Plain => {
            let events = blocks::parse(&source);
            split::pack(&blocks::walk(&source, &events, dialect, limit), dialect, limit)
        }
    }
}

/// The text of a Markdown source and nothing else, for search and logs: no marks, no link targets, no HTML
/// comments. Blocks stand on lines of their own, the cells of a table's row on one line.
pub fn plain(markdown: &str) -> String {
    plain::text(&dialect::clean(markdown))
}

/// Text written by somebody else, as Markdown that renders literally: what Markdown would read as a mark is
/// escaped, and mentions are neutralised with U+200B after the `@`.
///
/// Line breaks are kept, and leading blanks of a line become no-break spaces, since Markdown would read them as
/// code. References such as `#12` stay.
pub fn quote_untrusted(text: &str) -> String {
    mentions::quote(&dialect::clean(text))
}
