//! Changes that wait for people: whether one does, what the question shows, and what the change was decided upon.

use similar::TextDiff;

use super::{Actions, Change, Trouble};
use crate::domain::{
    GateId, IssueChange, IssueState, Policy, Project, ProjectId, Reach, Repository, Role, StepId, names,
};
use crate::engine::clock::later;
use crate::gate::rules::{self, Circumstances};
use crate::guard;
use crate::markup::untrusted::{SELECTOR, is_picture, is_unseen};
use crate::store::gates::NewGate;
use crate::store::runs::Run;
use crate::store::{StoreError, Tx, projects, trust};

/// Who decided on a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decider {
    /// A person, by a command that says it.
    Person,
    /// A model, by what it read.
    Model,
}

/// A question that a change has to wait for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    project: Option<ProjectId>,
    policy: Policy,
    reach: Reach,
    reason: String,
    shown: String,
    hash: Vec<u8>,
}

impl Change {
    /// How far it reaches.
    pub fn reach(&self) -> Reach {
        match self {
            // Who owns a project can take it from whoever made them one.
            Self::SetRole {
                role: Some(Role::Owner),
                ..
            } => Reach::Irreversible,
            _ => Reach::Write,
        }
    }

    /// The repository it is about, when it is about one.
    fn repository(&self) -> Option<&Repository> {
        match self {
            Self::CreateIssue { new } => Some(&new.repository),
            Self::CommentOnIssue { issue, .. } | Self::UpdateIssue { issue, .. } => Some(&issue.repository),
            _ => None,
        }
    }

    /// The project it is about, when it names one.
    fn project(&self) -> Option<ProjectId> {
        match self {
            Self::UpdateProject { project, .. }
            | Self::BindPlace { project, .. }
            | Self::UnbindPlace { project, .. }
            | Self::PostMessage { project, .. }
            | Self::AddSchedule { project, .. }
            | Self::RemoveSchedule { project, .. }
            | Self::SetRole { project, .. }
            | Self::SetPolicy { project, .. } => Some(*project),
            _ => None,
        }
    }

    /// The whole change, for people to agree to: nothing of it is left out or hidden.
    fn shown(&self, about: &str) -> String {
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
                let mut lines = vec![format!("Change the project {about}:")];
                lines.extend(
                    edit.name
                        .as_deref()
                        .map(|name| format!("- its name: {}", literal(name))),
                );
                lines.extend(
                    edit.status
                        .map(|status| format!("- its status: {}", status.words())),
                );
                lines.extend(
                    repository
                        .as_ref()
                        .map(|repository| format!("- its repository: {repository}")),
                );
                if let Some(description) = &edit.description {
                    lines.push(format!("- its description:{}", block(description)));
                }
                lines.join("\n")
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
            Self::RemoveSchedule { .. } => format!("Remove a schedule of {about}."),
            Self::BindPlace { .. }
            | Self::UnbindPlace { .. }
            | Self::SetRole { .. }
            | Self::SetPolicy { .. }
            | Self::SwitchTopic { .. }
            | Self::ShowLinkCode
            | Self::UseLinkCode { .. }
            | Self::Unlink { .. }
            | Self::Claim { .. } => self.shown_of_rights(about),
        }
    }

    /// The same, for who may do what.
    fn shown_of_rights(&self, about: &str) -> String {
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
                "Make {} (`{account}`) {} of {about}.",
                literal(name),
                role.map_or("no longer anything", Role::words)
            ),
            Self::SetPolicy { edit, .. } => {
                let lines: Vec<String> = edit.words().iter().map(|line| format!("- {line}")).collect();
                format!("Change what {about} asks about:\n{}", lines.join("\n"))
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
        let diff = TextDiff::from_lines(&body.from, &body.to);
        let diff = diff.unified_diff().context_radius(2).to_string();
        text.push_str(&format!("\n- its body:{}", block(&diff)));
    }
    text
}

impl Actions {
    /// The question that a change has to wait for; none when it needs none.
    ///
    /// # Errors
    /// When the database fails, or GitHub, which tells what the change is decided upon.
    pub async fn question(
        &self,
        run: &Run,
        change: &Change,
        decider: Decider,
    ) -> Result<Option<Question>, Trouble> {
        let mut tx = self.engine.db.read().await?;
        let here = projects::at(&mut tx, &run.asker.place).await?;
        let about = about(&mut tx, change, &here).await?;
        let met = trust::met(&mut tx, run.id).await?;
        let policy = about
            .as_ref()
            .map(|project| project.policy.clone())
            .unwrap_or_default();
        let reach = change.reach();
        let reason = rules::waits(Circumstances {
            gates: policy.gates,
            reach,
            tainted_by: met.tainted_by.as_deref(),
            strayed: met.strayed && decider == Decider::Model && !is_named(change, &run.text, about.as_ref()),
            unasked: decider == Decider::Model && is_unasked(change, &run.text, &here, about.as_ref()),
        });
        let Some(reason) = reason else {
            return Ok(None);
        };
        let name = match change {
            Change::PostMessage { place, .. } => projects::label(&mut tx, place).await?,
            Change::AddSchedule { place, .. } => {
                let name = about.as_ref().map_or("", |project| project.name.as_str());
                format!("{name} to {}", projects::label(&mut tx, place).await?)
            }
            _ => about
                .as_ref()
                .map_or_else(String::new, |project| project.name.clone()),
        };
        drop(tx);
        Ok(Some(Question {
            // What is about no project yet is asked of those of the place.
            project: about.as_ref().or(here.first()).map(|project| project.id),
            policy,
            reach,
            reason,
            shown: change.shown(&name),
            hash: self.fingerprint(change).await?,
        }))
    }

    /// The row of a question.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn ask_people(
        &self,
        tx: &mut Tx,
        run: &Run,
        step: StepId,
        change: &Change,
        question: &Question,
    ) -> Result<i64, StoreError> {
        let json = serde_json::to_string(change).unwrap_or_default();
        let new = NewGate {
            id: GateId::new(),
            project: question.project,
            run: run.id,
            step,
            person: guard::person(tx, &run.asker).await?,
            asker_name: &run.asker.name,
            place: &run.asker.place,
            reason: &question.reason,
            change: &json,
            shown: &question.shown,
            hash: &question.hash,
            role: rules::least_role(question.reach),
            approvers: &question.policy.approvers,
            votes_needed: rules::votes_needed(&question.policy, question.reach),
            not_requester: question.policy.not_requester,
            expires_at: later(self.engine.clock.now(), self.patience),
        };
        self.gates().ask(tx, run, &new).await
    }
}

/// The project that a change is about: the one it names, else the one of its repository whose policy is the strictest, that of
/// this place first.
async fn about(tx: &mut Tx, change: &Change, here: &[Project]) -> Result<Option<Project>, StoreError> {
    if let Some(id) = change.project() {
        return projects::get(tx, id).await;
    }
    let Some(repository) = change.repository() else {
        return Ok(None);
    };
    // Members of each may change the repository: the one that asks most decides, else anybody could start one that asks nothing.
    let its = projects::of_repository(tx, repository).await?;
    let is_here = |project: &Project| here.iter().any(|other| other.id == project.id);
    Ok(its
        .into_iter()
        .max_by_key(|project| (project.policy.strictness(), is_here(project))))
}

/// Whether nothing in a request asks for a change: it is about another project than that of the place where it was asked, and the
/// words do not name that.
fn is_unasked(change: &Change, text: &str, here: &[Project], about: Option<&Project>) -> bool {
    if here.is_empty() {
        return false;
    }
    let at_home = match (change.repository(), about) {
        (Some(repository), _) => here
            .iter()
            .any(|other| other.repository.as_ref() == Some(repository)),
        (None, Some(project)) => here.iter().any(|other| other.id == project.id),
        (None, None) => true,
    };
    !at_home && !is_named(change, text, about)
}

/// Whether the words of a request name what a change is about.
fn is_named(change: &Change, text: &str, about: Option<&Project>) -> bool {
    let names = |name: &str| names(text, name);
    about.is_some_and(|project| names(&project.name) || names(&project.slug))
        || change
            .repository()
            .is_some_and(|repository| names(repository.name()))
        || matches!(change, Change::PostMessage { place, .. } if text.contains(&place.to_string()))
}

#[cfg(test)]
mod tests;
