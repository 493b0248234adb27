//! Markdown in, each platform's dialect out.

/// How a platform writes text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Slack.
    Slack,
    /// Discord.
    Discord,
    /// GitHub.
    GitHub,
    /// A terminal.
    Plain,
}

/// The parts.
pub fn render(markdown: &str, _dialect: Dialect) -> Vec<String> {
    vec![markdown.to_owned()]
}

/// Text only.
pub fn plain(markdown: &str) -> String {
    markdown.to_owned()
}

/// Text by somebody else as Markdown that renders literally.
pub fn quote_untrusted(text: &str) -> String {
    text.to_owned()
}
