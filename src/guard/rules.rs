//! The rules, as one pure function.
//!
//! What somebody is in a project decides: by a grant, by GitHub's write permission of an account of theirs, or by speaking at a
//! place that is bound to it. The shell's user, and who owns this Callsheet, owns every project.

use super::{Action, Facts, GateFacts};
use crate::domain::{PersonError, Platform, Role};
use crate::store::people::Permission;

/// Decides.
///
/// # Errors
/// The refusal, in words for the person.
pub fn judge(action: Action, facts: &Facts) -> Result<(), PersonError> {
    let on_github = facts.platform == Platform::GitHub;
    let writes = facts.permission >= Permission::Write;
    let is = |role| facts.role >= Some(role);
    let allowed = match action {
        Action::ListProjects | Action::LinkAccount => true,
        Action::StopRun | Action::ReadRun => facts.is_asker || is(Role::Member),
        Action::ReadProject => {
            is(Role::Viewer) || facts.at_repository || (!on_github && facts.workspace_is_bound)
        }
        // Whoever comes to a public issue sees the issues, and not the team.
        Action::ReadInside => is(Role::Viewer) || (!on_github && facts.workspace_is_bound),
        // Anyone in a chat may start a project; on GitHub it takes the right to change the repository they speak at.
        Action::CreateProject => !on_github || writes || is(Role::Owner),
        // A project's members may change issues in its repository, so naming one takes a right to that repository:
        // GitHub's word, or more than membership in a project that has it already: who starts a project owns it.
        Action::SetRepository => writes || is(Role::Maintainer),
        // Anyone in a chat may say what they talk about; an issue is everybody's.
        Action::SwitchTopic => !on_github || is(Role::Member),
        Action::AnswerGate => return answers(facts),
        Action::SearchMessages
        | Action::UpdateProject
        | Action::PostMessage
        | Action::ManageSchedules
        | Action::CreateIssue
        | Action::CommentOnIssue
        | Action::UpdateIssue => is(Role::Member),
        // Whoever speaks at a bound place is something in the project.
        Action::BindPlace | Action::UnbindPlace | Action::GrantRole => is(Role::Maintainer),
        // About no project that is only who owns this Callsheet.
        Action::GrantHighRole | Action::SetPolicy | Action::ReadNames => is(Role::Owner),
    };
    if allowed {
        Ok(())
    } else {
        Err(refusal(action, facts))
    }
}

/// Whether somebody may answer a question.
fn answers(facts: &Facts) -> Result<(), PersonError> {
    let what = "I did not count your answer";
    let Some(gate) = facts.gate else {
        return Err(PersonError::new(
            what,
            "there is no such question",
            "Look at `gates`",
        ));
    };
    let GateFacts { role, named, .. } = gate;
    if gate.not_requester && gate.is_requester {
        return Err(PersonError::new(
            what,
            "you asked for it yourself, and this project wants somebody else to decide",
            "Ask somebody else who may answer it",
        ));
    }
    if gate.linked_only && !gate.is_linked {
        return Err(PersonError::new(
            what,
            "this takes another person than whoever asked or agreed before, so only those count whose accounts are proved to be one \
             person's",
            "Link your accounts with `link`, and answer again",
        ));
    }
    let allowed = match named {
        Some(named) => named,
        None => facts.role >= Some(role) || gate.own == Some(true),
    };
    if allowed {
        return Ok(());
    }
    let (why, next) = match (named, gate.own) {
        (Some(_), _) => (
            "only the people that the project names may answer it".to_owned(),
            "Ask one of them".to_owned(),
        ),
        (None, Some(_)) => (
            "it is about no project, so it is for whoever asked for it".to_owned(),
            "Leave it to them".to_owned(),
        ),
        (None, None) => (
            format!(
                "that takes {} of the project, and you are {}",
                role.words(),
                is_what(facts)
            ),
            format!(
                "Ask {}, or have a maintainer make you one with `role grant`",
                role.words()
            ),
        ),
    };
    Err(PersonError::new(what, why, next))
}

/// What somebody is, in words.
fn is_what(facts: &Facts) -> &'static str {
    facts.role.map_or("none here", Role::words)
}

/// The least role an action takes.
fn needed(action: Action) -> Role {
    match action {
        Action::BindPlace | Action::UnbindPlace | Action::GrantRole => Role::Maintainer,
        Action::GrantHighRole | Action::SetPolicy | Action::ReadNames => Role::Owner,
        Action::ListProjects | Action::ReadProject | Action::ReadInside => Role::Viewer,
        _ => Role::Member,
    }
}

fn refusal(action: Action, facts: &Facts) -> PersonError {
    let what = format!("You may not {}", action.words());
    let role = needed(action);
    let word = if action == Action::StopRun { "stop" } else { "why" };
    match (facts.platform, action) {
        (Platform::GitHub, Action::StopRun | Action::ReadRun) => PersonError::new(
            what,
            "somebody else asked for it, and on GitHub that takes write permission to the repository",
            format!("Ask them, or a maintainer, to say `{word}`"),
        ),
        (_, Action::StopRun | Action::ReadRun) => PersonError::new(
            what,
            "somebody else asked for it, and you are no member of the project here",
            format!("Ask them, or a member of the project, to say `{word}`"),
        ),
        _ if role >= Role::Maintainer => PersonError::new(
            what,
            format!(
                "that takes {} of the project, and you are {}",
                role.words(),
                is_what(facts)
            ),
            "Ask an owner of the project; `role list` names them",
        ),
        (Platform::GitHub, _) if !facts.has_repository => PersonError::new(
            what,
            "the project has no repository, so GitHub cannot vouch for you",
            "Ask in a chat that is bound to the project, or have whoever runs Callsheet set its repository",
        ),
        (Platform::GitHub, _) => PersonError::new(
            what,
            "on GitHub that takes write permission to the repository",
            "Ask a maintainer of the repository to do it, or to give you write access",
        ),
        (_, Action::SetRepository) => PersonError::new(
            what,
            "members of a project may change issues in its repository, so a chat cannot choose one",
            "Have somebody with write access ask me on an issue of that repository, or whoever runs Callsheet use \
             `callsheet ask`",
        ),
        _ if facts.role.is_some() => PersonError::new(
            what,
            format!(
                "that takes {} of the project, and you are {}",
                role.words(),
                is_what(facts)
            ),
            "Have a maintainer of the project make you one with `role grant`",
        ),
        _ => PersonError::new(
            what,
            "this place is not bound to the project",
            "Ask in a channel that is bound to it, or have a maintainer of the project bind this one",
        ),
    }
}
