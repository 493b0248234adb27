//! What became of the effects a step asked for, in words for the model and for people.

use crate::domain::{Effect, IssueChange, IssueState};
use crate::store::deliveries::{Delivery, State};

/// The outcome of a step's deliveries, all to `place` as people call it, and whether it failed.
pub fn outcome(deliveries: &[Delivery], place: &str) -> (String, bool) {
    let failed = deliveries.iter().find(|delivery| delivery.state != State::Sent);
    if let Some(failed) = failed {
        let reason = failed.reason.as_deref().unwrap_or("the reason is not known");
        let reason = reason.trim_end_matches('.');
        let text = match failed.state {
            State::Unknown => format!(
                "I do not know whether I made {}: the platform's answer was lost, and looking for it did not work: {reason}. \
                 Please look there.",
                intent(&failed.effect, place)
            ),
            _ => format!("I could not make {}: {reason}.", intent(&failed.effect, place)),
        };
        return (text, true);
    }
    let Some(first) = deliveries.first() else {
        return ("Nothing was to be done.".to_owned(), false);
    };
    let link = first
        .url
        .as_deref()
        .map_or_else(String::new, |url| format!(" ({url})"));
    let text = match &first.effect {
        Effect::Message { .. } => format!("Posted to {place}{link}."),
        Effect::CreateIssue(new) => {
            let number = first.external_id.as_deref().unwrap_or_default();
            format!("Opened {}#{number}{link}: {}", new.repository, new.title)
        }
        Effect::UpdateIssue { issue, change } => format!("Changed {issue}{link}: {}.", change_words(change)),
    };
    let left_out = first
        .reason
        .as_deref()
        .map_or_else(String::new, |note| format!(" But {note}."));
    (format!("{text}{left_out}"), false)
}

/// What a delivery was to bring about.
pub(super) fn intent(effect: &Effect, place: &str) -> String {
    match effect {
        Effect::Message { .. } => format!("a post to {place}"),
        Effect::CreateIssue(new) => format!("a new issue “{}” in {}", new.title, new.repository),
        Effect::UpdateIssue { issue, change } => format!("a change of {issue} ({})", change_words(change)),
    }
}

/// A change of an issue in words.
pub fn change_words(change: &IssueChange) -> String {
    let mut words = Vec::new();
    if let Some(title) = &change.title {
        words.push(format!("title is now “{}”", title.to));
    }
    if change.body.is_some() {
        words.push("body rewritten".to_owned());
    }
    match change.state {
        Some(IssueState::Open) => words.push("reopened".to_owned()),
        Some(IssueState::Closed) => words.push("closed".to_owned()),
        Some(IssueState::NotPlanned) => words.push("closed as not planned".to_owned()),
        None => {}
    }
    let lists = [
        ("labelled", &change.add_labels),
        ("label removed:", &change.remove_labels),
        ("assigned to", &change.add_assignees),
        ("unassigned", &change.remove_assignees),
    ];
    words.extend(
        lists
            .iter()
            .filter(|(_, list)| !list.is_empty())
            .map(|(verb, list)| format!("{verb} {}", list.join(", "))),
    );
    words.join("; ")
}
