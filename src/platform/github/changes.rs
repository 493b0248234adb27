//! What is left to do about an issue: a pure comparison of how it stands with how it shall stand.

use serde::Serialize;

use super::mark::{marked, without_marks};
use super::models::Issue;
use crate::domain::{Change, IssueChange, IssueState, same_text, shorten};

/// The body of a PATCH; what is left out stays
/// (<https://docs.github.com/en/rest/issues/issues#update-an-issue>).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Patch {
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assignees: Option<Vec<String>>,
}

impl Patch {
    /// Whether nothing is left to do.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What is left to do. Labels and assignees are sent whole, as GitHub replaces them; somebody else's change of them in
/// the moment between our read and our write is lost.
///
/// # Errors
/// A sentence without its full stop when the title or body is neither what it was nor what it shall be.
pub(super) fn plan(stands: &Issue, change: &IssueChange) -> Result<Patch, String> {
    let mut patch = Patch::default();
    if let Some(title) = &change.title {
        patch.title = replacement("title", &stands.title, title)?;
    }
    if let Some(body) = &change.body {
        let wanted = replacement("body", &stands.body, body)?;
        // The mark by which the issue can be found as ours stays in it.
        patch.body = wanted.map(|text| match stands.mark {
            Some(mark) => marked(&without_marks(&text), mark),
            None => text,
        });
    }
    if let Some(wanted) = change.state.filter(|wanted| *wanted != stands.state) {
        (patch.state, patch.state_reason) = match wanted {
            IssueState::Open => (Some("open"), None),
            IssueState::Closed => (Some("closed"), Some("completed")),
            IssueState::NotPlanned => (Some("closed"), Some("not_planned")),
        };
    }
    patch.labels = members(&stands.labels, &change.add_labels, &change.remove_labels);
    patch.assignees = members(&stands.assignees, &change.add_assignees, &change.remove_assignees);
    Ok(patch)
}

/// Whether an issue stands as it shall stand already.
pub fn changes_nothing(stands: &Issue, change: &IssueChange) -> bool {
    plan(stands, change).is_ok_and(|patch| patch.is_empty())
}

/// The new text, unless it stands there already.
fn replacement(field: &str, stands: &str, change: &Change) -> Result<Option<String>, String> {
    let same = |text: &str| same_text(stands, &without_marks(text));
    if same(&change.to) {
        return Ok(None);
    }
    if same(&change.from) {
        return Ok(Some(change.to.clone()));
    }
    let now = shorten(stands.lines().next().unwrap_or_default(), 60);
    Err(format!(
        "somebody changed the {field} meanwhile; it begins with \"{now}\" now"
    ))
}

/// The whole list, unless it stays as it is. GitHub compares labels and logins without regard to case.
fn members(stands: &[String], add: &[String], remove: &[String]) -> Option<Vec<String>> {
    let mut wanted: Vec<String> = stands.iter().filter(|name| !has(remove, name)).cloned().collect();
    for name in add.iter().filter(|name| !has(remove, name)) {
        if !has(&wanted, name) {
            wanted.push(name.clone());
        }
    }
    (wanted != stands).then_some(wanted)
}

fn has(names: &[String], name: &str) -> bool {
    let name = name.to_lowercase();
    names.iter().any(|other| other.to_lowercase() == name)
}

/// What GitHub left out of a change that it answered with a success: it ignores assignees who cannot be assigned, labels
/// and assignees set without write access, and a new reason for what is closed already. Sentences without full stops.
pub(super) fn left_out(after: &Issue, change: &IssueChange) -> Vec<String> {
    let mut sentences = not_there(after, &change.add_labels, &change.add_assignees);
    let kept = |there: &[String], remove: &[String]| -> Vec<String> {
        remove.iter().filter(|name| has(there, name)).cloned().collect()
    };
    let (labels, assignees) = (
        kept(&after.labels, &change.remove_labels),
        kept(&after.assignees, &change.remove_assignees),
    );
    if !labels.is_empty() {
        sentences.push(format!("GitHub did not take off the label {}", labels.join(", ")));
    }
    if !assignees.is_empty() {
        sentences.push(format!("GitHub did not unassign {}", assignees.join(", ")));
    }
    let open = |state: IssueState| state == IssueState::Open;
    match change.state {
        Some(wanted) if open(wanted) != open(after.state) => {
            sentences.push(format!(
                "GitHub left it {}",
                if open(after.state) { "open" } else { "closed" }
            ));
        }
        Some(IssueState::NotPlanned)
            if after
                .state_reason
                .as_deref()
                .is_some_and(|reason| reason != "not_planned") =>
        {
            sentences
                .push("GitHub keeps the reason for which it was closed before; reopen it first".to_owned());
        }
        _ => {}
    }
    sentences
}

/// The same for labels and assignees that shall be there.
pub(super) fn not_there(after: &Issue, labels: &[String], assignees: &[String]) -> Vec<String> {
    let missing = |there: &[String], wanted: &[String]| -> Vec<String> {
        wanted.iter().filter(|name| !has(there, name)).cloned().collect()
    };
    let (labels, assignees) = (
        missing(&after.labels, labels),
        missing(&after.assignees, assignees),
    );
    let mut sentences = Vec::new();
    if !labels.is_empty() {
        sentences.push(format!(
            "GitHub did not set the label {}, which takes write access of my account",
            labels.join(", ")
        ));
    }
    if !assignees.is_empty() {
        sentences.push(format!(
            "GitHub did not assign {}, since only people with access to the repository can be assigned, and only by \
             those who may write to it",
            assignees.join(", ")
        ));
    }
    sentences
}
