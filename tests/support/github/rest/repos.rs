//! Repositories, their labels, roles and pull requests.

use serde_json::{Value, json};

use super::reply::{Answer, Reply, invalid_value, not_found};
use super::{bot_role, need};
use crate::support::github::shape;
use crate::support::github::state::{Role, Spot, State};

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

/// <https://docs.github.com/en/rest/pulls/pulls#list-pull-requests>
pub(super) fn pulls(state: &State, req: &Req, repo: usize) -> Reply {
    let wanted = req.query("state").unwrap_or("open");
    if !["open", "closed", "all"].contains(&wanted) {
        return Err(invalid_value("state", &Value::from(wanted)));
    }
    let owner = &state.repos[repo].owner.login;
    let head = req.query("head").filter(|head| head.contains(':'));
    let mut pulls: Vec<_> = state.repos[repo]
        .issues
        .values()
        .filter_map(|issue| Some((issue, issue.pull.as_ref()?)))
        .filter(|(issue, _)| wanted == "all" || wanted == shape::state_word(issue))
        .filter(|(_, pull)| head.is_none_or(|head| head == format!("{owner}:{}", pull.head)))
        .filter(|(_, pull)| req.query("base").is_none_or(|base| base == pull.base))
        .map(|(issue, _)| issue)
        .collect();
    let sort = req.query("sort").unwrap_or("created");
    match sort {
        "updated" => pulls.sort_by_key(|issue| (issue.updated_at, issue.number)),
        _ => pulls.sort_by_key(|issue| (issue.created_at, issue.number)),
    }
    let default = if sort == "created" { "desc" } else { "asc" };
    if req.query("direction").unwrap_or(default) == "desc" {
        pulls.reverse();
    }
    req.page(state, &pulls, |issue| {
        state.pull_json(Spot {
            repo,
            number: issue.number,
        })
    })
}

/// <https://docs.github.com/en/rest/pulls/pulls#get-a-pull-request>
pub(super) fn pull(state: &State, repo: usize, number: &str) -> Reply {
    let number = number.parse().map_err(|_| not_found())?;
    let issue = state.repos[repo].issues.get(&number).ok_or_else(not_found)?;
    let pull = issue.pull.as_ref().ok_or_else(not_found)?;
    let mut body = state.pull_json(Spot { repo, number });
    body["merged"] = json!(pull.merged_at.is_some());
    Ok(Answer::ok(body))
}
