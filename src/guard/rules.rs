//! The rules, as one pure function.
//!
//! On GitHub, who has write permission to the repository may change things, others may only ask. In a chat, people at a
//! place bound to the project are its members. The shell's user is the owner of everything.

use super::{Action, Facts};
use crate::domain::{PersonError, Platform};
use crate::store::people::Permission;

/// Decides.
///
/// # Errors
/// The refusal, in words for the person.
pub fn judge(action: Action, facts: &Facts) -> Result<(), PersonError> {
    if facts.platform == Platform::Shell {
        return Ok(());
    }
    let on_github = facts.platform == Platform::GitHub;
    let writes = on_github && facts.permission >= Permission::Write;
    // On GitHub a binding or an old ownership gives nothing: what counts there is GitHub's own word.
    let member = if on_github {
        writes
    } else {
        facts.place_is_bound || facts.is_owner
    };
    let reader = member || facts.at_repository || (!on_github && facts.workspace_is_bound);
    let allowed = match action {
        Action::ListProjects => true,
        Action::StopRun => facts.is_asker || member,
        Action::ReadProject => reader,
        // Anyone in a chat may start a project; on GitHub it takes the right to change the repository they speak at.
        Action::CreateProject => !on_github || writes,
        // A project's members may change issues in its repository, so naming one takes a right to that repository:
        // GitHub's word, or membership in a project that has it already.
        Action::SetRepository => writes || (!on_github && facts.place_is_bound),
        Action::SearchMessages
        | Action::UpdateProject
        | Action::BindPlace
        | Action::PostMessage
        | Action::ManageSchedules
        | Action::CreateIssue
        | Action::CommentOnIssue
        | Action::UpdateIssue => member,
    };
    if allowed {
        Ok(())
    } else {
        Err(refusal(action, facts))
    }
}

fn refusal(action: Action, facts: &Facts) -> PersonError {
    let what = format!("You may not {}", action.words());
    match (facts.platform, action) {
        (Platform::GitHub, Action::StopRun) => PersonError::new(
            what,
            "somebody else asked for it, and on GitHub that takes write permission to the repository",
            "Ask them, or a maintainer, to say `stop`",
        ),
        (_, Action::StopRun) => PersonError::new(
            what,
            "somebody else asked for it, and you are no member of the project here",
            "Ask them, or a member of the project, to say `stop`",
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
        _ => PersonError::new(
            what,
            "this place is not bound to the project",
            "Ask in a channel that is bound to it, or have a member of the project bind this one",
        ),
    }
}
