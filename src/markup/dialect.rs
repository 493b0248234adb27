//! What sets the platforms apart before a word is written: their limits, their unit of length, and the characters
//! none of them takes.

/// How a platform writes text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Slack's `mrkdwn` (docs.slack.dev/messaging/formatting-message-text).
    Slack,
    /// Discord's Markdown (support.discord.com, "Markdown Text 101").
    Discord,
    /// GitHub-flavoured Markdown, in issues and comments.
    GitHub,
    /// A terminal: text without marks or escape sequences.
    Plain,
}

/// What GitHub's limit leaves free, in bytes, for the hidden marker added to a comment after rendering.
const GITHUB_HEADROOM: usize = 256;

impl Dialect {
    /// The most one part may hold, in the dialect's unit of length.
    ///
    /// - Slack: 4,000 characters, recommended for `text` by docs.slack.dev/reference/methods/chat.postMessage, which
    ///   cuts at 40,000. Escapes such as `&amp;` count as they are written.
    /// - Discord: 2,000 (`content` in discord.com/developers/docs/resources/message#create-message), counted in
    ///   UTF-16 code units, never fewer than the characters.
    /// - GitHub: 65,536 less the headroom for our hidden marker, counted in bytes of UTF-8. Its API answers "body is
    ///   too long (maximum is 65536 characters)" without saying which characters; bytes are the largest of all counts.
    /// - Plain: none.
    pub const fn limit(self) -> usize {
        match self {
            Self::Slack => 4_000,
            Self::Discord => 2_000,
            Self::GitHub => 65_536 - GITHUB_HEADROOM,
            Self::Plain => usize::MAX,
        }
    }

    /// [`Dialect::limit`] for a part with buttons under it.
    ///
    /// - Slack: 3,000 characters, the text of a section (docs.slack.dev/reference/block-kit/blocks/section-block), since
    ///   buttons come only with blocks.
    pub const fn limit_with_buttons(self) -> usize {
        match self {
            Self::Slack => 3_000,
            other => other.limit(),
        }
    }

    /// The length of a text in the unit the limit counts.
    pub(super) fn units(self, text: &str) -> usize {
        match self {
            Self::Slack | Self::Plain => text.chars().count(),
            Self::Discord => text.encode_utf16().count(),
            Self::GitHub => text.len(),
        }
    }
}

/// The source with `\n` as its only line end and without control characters, which a terminal would obey and a
/// database or a platform may refuse (NUL above all). Tabs stay.
pub(super) fn clean(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut chars = source.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                chars.next_if_eq(&'\n');
                out.push('\n');
            }
            '\u{b}' | '\u{c}' => out.push(' '),
            '\n' | '\t' => out.push(c),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// Whether a text shows anything: blanks and zero-width characters do not, and no platform takes a message of them.
pub(super) fn shows(text: &str) -> bool {
    !text
        .chars()
        .all(|c| c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}'))
}
