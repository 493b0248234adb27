//! Repositories, their labels and roles.

use serde_json::{Value, json};

use super::reply::{Answer, Reply};
use super::{bot_role, need};
use crate::support::github::shape;
use crate::support::github::state::{Role, State};

use super::request::Req;

/// <https://docs.github.com/en/rest/repos/repos#get-a-repository>
pub(super) fn get(state: &State, repo: usize) -> Reply {
    let role = bot_role(state, repo);
    let mut body = state.repo_json(repo);
    body["permissions"] = json!({
        "admin": role >= Role::Admin, "maintain": role >= Role::Maintain, "push": role >= Role::Write,
        "triage": role >= Role::Triage, "pull": true,
    });
    Ok(Answer::ok(body))
}

/// <https://docs.github.com/en/rest/issues/labels#list-labels-for-a-repository>
pub(super) fn labels(state: &State, req: &Req, repo: usize) -> Reply {
    let mut labels = state.repos[repo].labels.clone();
    labels.sort_by_key(|label| label.name.to_lowercase());
    req.page(state, &labels, |label| {
        shape::label(&state.api_url, &state.repos[repo], label)
    })
}

/// <https://docs.github.com/en/rest/collaborators/collaborators#get-repository-permissions-for-a-user>
pub(super) fn permission(state: &State, repo: usize, login: &str) -> Reply {
    need(state, repo, Role::Write)
        .map_err(|_| Answer::refusal(403, "Must have push access to view collaborator permission."))?;
    let unknown = || Answer::refusal(404, &format!("{login} is not a user"));
    let user = state
        .find_user(login)
        .filter(|user| user.kind != "Organization")
        .ok_or_else(unknown)?;
    let role = state.repos[repo].role(user.id);
    let mut body = json!({
        "permission": role.permission(), "role_name": role.name(), "user": state.user_json(user.id),
    });
    body["user"]["permissions"] = json!({
        "pull": role >= Role::Read, "triage": role >= Role::Triage, "push": role >= Role::Write,
        "maintain": role >= Role::Maintain, "admin": role >= Role::Admin,
    });
    body["user"]["role_name"] = json!(role.name());
    Ok(Answer::ok(body))
}
