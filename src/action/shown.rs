//! A change as people see it before they agree: all of it, and how what it is about stands now.

use similar::TextDiff;

use super::{Change, ProjectEdit};
use crate::domain::{IssueChange, IssueState, Project, Repository, Role};
use crate::markup::untrusted::{SELECTOR, is_picture, is_unseen};

/// What a change is about, as it stands now.
#[derive(Debug, Clone, Default)]
pub(super) struct Now {
    /// What people call it.
    pub(super) name: String,
    /// Its project.
    pub(super) project: Option<Project>,
    /// The schedule, in words.
    pub(super) schedule: Option<String>,
    /// What the person is in the project.
    pub(super) role: Option<Role>,
    /// What the project asks about, of what changes: a line for each.
    pub(super) policy: Vec<String>,
}

impl Change {
    /// The whole change, for people to agree to: nothing of it is left out or hidden.
    pub(super) fn shown(&self, now: &Now) -> String {
        let about = now.name.as_str();
        match self {
            Self::CreateProject { new, repository } => format!(
                "Create the project {}{}.{}",
                literal(&new.name),
                repository
                    .as_ref()
                    .map_or_else(String::new, |repository| format!(" in {repository}")),
                block(&new.description)
            ),
            Self::UpdateProject { edit, repository, .. } => {
                format!(
                    "Change the project {about}:{}",
                    project_edited(edit, repository.as_ref(), now)
                )
            }
            Self::PostMessage { place, text, .. } => {
                format!("Post this to {about} (`{place}`):{}", block(text))
            }
            Self::CreateIssue { new } => format!(
                "Open an issue in {}: {}{}{}{}",
                new.repository,
                literal(&new.title),
                listed("\nLabels:", &new.labels),
                listed("\nAssigned to:", &new.assignees),
                block(&new.body)
            ),
            Self::CommentOnIssue { issue, text } => format!("Comment on {issue}:{}", block(text)),
            Self::UpdateIssue { issue, change } => format!("Change {issue}:{}", edited(change)),
            Self::AddSchedule { cron, zone, .. } => {
                format!("Post the status of {about} at `{cron}`, {zone}.")
            }
            Self::RemoveSchedule { .. } => match &now.schedule {
                Some(schedule) => format!("Remove schedule {schedule}."),
                None => format!("Remove a schedule of {about} that is gone already."),
            },
            Self::BindPlace { .. }
            | Self::UnbindPlace { .. }
            | Self::SetRole { .. }
            | Self::SetPolicy { .. }
            | Self::SwitchTopic { .. }
            | Self::ShowLinkCode
            | Self::UseLinkCode { .. }
            | Self::Unlink { .. }
            | Self::Claim { .. } => self.shown_of_rights(now),
        }
    }

    /// The same, for who may do what.
    fn shown_of_rights(&self, now: &Now) -> String {
        let about = now.name.as_str();
        match self {
            Self::BindPlace { label, role, .. } => format!(
                "Bind {} to the project {about}: whoever speaks there is {}.",
                literal(label),
                role.words()
            ),
            Self::UnbindPlace { label, .. } => format!(
                "Unbind {} from the project {about}: speaking there makes nobody anything in it any more.",
                literal(label)
            ),
            Self::SetRole {
                name, role, account, ..
            } => format!(
                "Make {} (`{account}`) {} of {about}. Until now: {}.",
                literal(name),
                role.map_or("no longer anything", Role::words),
                now.role.map_or("nothing", Role::words)
            ),
            Self::SetPolicy { edit, .. } => {
                let lines: Vec<String> = edit.words().iter().map(|line| format!("- {line}")).collect();
                let were: Vec<String> = now.policy.iter().map(|line| format!("- {line}")).collect();
                format!(
                    "Change what {about} asks about:\n{}\n\nUntil now:\n{}",
                    lines.join("\n"),
                    were.join("\n")
                )
            }
            Self::SwitchTopic { name, .. } => format!("Turn this talk to another topic: {}.", literal(name)),
            Self::ShowLinkCode => "Show a code that links accounts.".to_owned(),
            Self::UseLinkCode { .. } | Self::Unlink { .. } => {
                "Change which accounts are one person's.".to_owned()
            }
            _ => "Own this Callsheet.".to_owned(),
        }
    }
}

/// Foreign words in one line, as they are: what is invisible is written out.
fn literal(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (line, fence) = (visible(&line), "`".repeat(longest_ticks(&line) + 1));
    let pad = if line.contains('`') { " " } else { "" };
    format!("{fence}{pad}{line}{pad}{fence}")
}

/// Foreign text as a block in which nothing is hidden; empty for none.
fn block(text: &str) -> String {
    if text.trim().is_empty() {
        return String::new();
    }
    let text = visible(text);
    let fence = "`".repeat(longest_ticks(&text).max(2) + 1);
    format!("\n\n{fence}\n{}\n{fence}", text.trim_end())
}

/// The longest row of backticks: a fence that is longer cannot be closed from inside.
fn longest_ticks(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}

/// Characters that nobody sees, or that turn the direction of writing, written out.
fn visible(text: &str) -> String {
    let mut seen = String::with_capacity(text.len());
    for c in text.chars() {
        // What makes a sign a picture is seen by that; in a row, or after a letter, it is not.
        let is_seen = c == SELECTOR
            && seen
                .chars()
                .next_back()
                .is_some_and(|last| last != c && is_picture(last));
        let is_line = matches!(c, '\u{2028}' | '\u{2029}');
        let is_plain = matches!(c, '\n' | '\t') || is_seen || !(is_line || is_unseen(c));
        if is_plain {
            seen.push(c);
        } else {
            seen.push_str(&format!("[U+{:04X}]", u32::from(c)));
        }
    }
    seen
}

fn listed(what: &str, names: &[String]) -> String {
    if names.is_empty() {
        return String::new();
    }
    let names: Vec<String> = names.iter().map(|name| literal(name)).collect();
    format!("{what} {}", names.join(", "))
}

/// What changes about an issue, field by field.
fn edited(change: &IssueChange) -> String {
    let mut text = String::new();
    if let Some(title) = &change.title {
        text.push_str(&format!(
            "\n- its title: from {} to {}",
            literal(&title.from),
            literal(&title.to)
        ));
    }
    text.push_str(match change.state {
        Some(IssueState::Open) => "\n- reopen it",
        Some(IssueState::Closed) => "\n- close it",
        Some(IssueState::NotPlanned) => "\n- close it as not planned",
        None => "",
    });
    for (what, names) in [
        ("\n- add labels:", &change.add_labels),
        ("\n- remove labels:", &change.remove_labels),
        ("\n- assign:", &change.add_assignees),
        ("\n- unassign:", &change.remove_assignees),
    ] {
        text.push_str(&listed(what, names));
    }
    if let Some(body) = &change.body {
        text.push_str(&format!("\n- its body:{}", difference(&body.from, &body.to)));
    }
    text
}

/// What changes about a project, field by field.
fn project_edited(edit: &ProjectEdit, repository: Option<&Repository>, now: &Now) -> String {
    let now = now.project.as_ref();
    let mut text = String::new();
    if let Some(name) = &edit.name {
        let was = now.map_or_else(String::new, |now| literal(&now.name));
        text.push_str(&format!("\n- its name: from {was} to {}", literal(name)));
    }
    if let Some(status) = edit.status {
        let was = now.map_or("", |now| now.status.words());
        text.push_str(&format!("\n- its status: from {was} to {}", status.words()));
    }
    if let Some(repository) = repository {
        let was = now.and_then(|now| now.repository.as_ref());
        let was = was.map_or_else(|| "none".to_owned(), ToString::to_string);
        text.push_str(&format!("\n- its repository: from {was} to {repository}"));
    }
    if let Some(description) = &edit.description {
        let was = now.map_or("", |now| now.description.as_str());
        text.push_str(&format!("\n- its description:{}", difference(was, description)));
    }
    text
}

/// How a text changes, as a block.
fn difference(from: &str, to: &str) -> String {
    let diff = TextDiff::from_lines(from, to);
    let mut diff = diff.unified_diff();
    block(&diff.context_radius(2).missing_newline_hint(false).to_string())
}

#[cfg(test)]
mod tests;
