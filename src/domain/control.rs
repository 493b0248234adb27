//! Control words: what must not wait behind the work it is about.

use serde::{Deserialize, Serialize};

use super::{AuthorKind, Event};

/// What a control word asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// End a run.
    Stop,
}

/// What a reaction to a message means, whatever the platform calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// 🛑 or ⏹: stop what this message asks for, or what it shows the progress of.
    Stop,
}

/// What stops: as Slack names them (<https://docs.slack.dev/reference/events/reaction_added>), and as they are.
const STOPS: [&str; 6] = [
    "octagonal_sign",
    "black_square_for_stop",
    "stop_button",
    "🛑",
    "⏹",
    "⏹\u{FE0F}",
];

impl Sign {
    /// Reads a reaction by its name or its character; none when it says nothing to us.
    pub fn read(reaction: &str) -> Option<Self> {
        STOPS.contains(&reaction).then_some(Self::Stop)
    }
}

/// Whether a text is the bare word "stop".
pub fn says_stop(text: &str) -> bool {
    let word = text.trim().trim_end_matches(['!', '.', '?', '…']).trim_end();
    word.eq_ignore_ascii_case("stop")
}

/// The control word that a fact may be. Whether it is meant for us is decided later: here it only gets its lane.
pub fn control(event: &Event) -> Option<Control> {
    let stop = match event {
        Event::MessagePosted(posted) => posted.author.kind == AuthorKind::Human && says_stop(&posted.text),
        Event::CommandGiven { text, .. } => says_stop(text),
        Event::ReactionAdded { sign, .. } => *sign == Sign::Stop,
        Event::MessageEdited(_)
        | Event::MessageDeleted { .. }
        | Event::Untranslated { .. }
        | Event::Unknown { .. } => false,
    };
    stop.then_some(Control::Stop)
}
