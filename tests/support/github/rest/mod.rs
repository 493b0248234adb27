//! The REST API over the state: who calls, which handler answers, and what GitHub refuses before any handler
//! looks. Handlers are plain functions of state and call, so that an effect can also come later.

mod comments;
mod issues;
mod reply;
mod repos;
mod request;

use serde_json::json;

use super::TOKEN;
use super::state::{BOT_ID, Role, Spot, State};

pub(super) use self::reply::Answer;
use self::reply::{Reply, forbidden, not_found};
pub(super) use self::request::Req;

/// GitHub's hourly bound for a token.
const LIMIT: usize = 5_000;

/// Answers a call and lets it have its effect.
pub(super) fn answer(state: &mut State, req: &Req) -> Answer {
    match route(state, req) {
        Ok(answer) | Err(answer) => answer,
    }
}

/// The primary rate limit's numbers: (used, remaining, reset in seconds since 1970).
/// <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>
pub(super) fn rate(state: &State) -> (usize, usize, i64) {
    let used = state.calls.len();
    (
        used,
        LIMIT.saturating_sub(used),
        (state.now.timestamp() / 3600 + 1) * 3600,
    )
}

/// The bound that [`rate`] counts towards.
pub(super) fn rate_limit() -> usize {
    LIMIT
}

fn route(state: &mut State, req: &Req) -> Reply {
    if !req.has_agent {
        let message = "Request forbidden by administrative rules. Please make sure your request has a User-Agent header (https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required).";
        return Err(Answer::refusal(403, message));
    }
    // https://docs.github.com/en/rest/authentication/authenticating-to-the-rest-api
    if !state.token_works || req.token.as_deref() != Some(TOKEN) {
        let message = if req.token.is_some() {
            "Bad credentials"
        } else {
            "Requires authentication"
        };
        return Err(Answer::refusal(401, message));
    }
    let parts: Vec<&str> = req.segments.iter().map(String::as_str).collect();
    match (req.method.as_str(), parts.as_slice()) {
        // https://docs.github.com/en/rest/users/users#get-the-authenticated-user
        ("GET", ["user"]) => Ok(Answer::ok(state.user_json(BOT_ID))),
        ("GET", ["rate_limit"]) => {
            let (used, remaining, reset) = rate(state);
            let core = json!({ "limit": LIMIT, "used": used, "remaining": remaining, "reset": reset });
            Ok(Answer::ok(json!({ "resources": { "core": core }, "rate": core })))
        }
        (_, ["repos", owner, name, rest @ ..]) => {
            let repo = visible_repo(state, owner, name)?;
            if req.method != "GET" && state.repos[repo].archived {
                return Err(Answer::refusal(403, "Repository was archived so is read-only."));
            }
            in_repo(state, req, repo, rest)
        }
        _ => Err(not_found()),
    }
}

fn in_repo(state: &mut State, req: &Req, repo: usize, rest: &[&str]) -> Reply {
    match (req.method.as_str(), rest) {
        ("GET", []) => repos::get(state, repo),
        ("GET", ["labels"]) => repos::labels(state, req, repo),
        ("GET", ["collaborators", login, "permission"]) => repos::permission(state, repo, login),
        ("GET", ["pulls"]) => repos::pulls(state, req, repo),
        ("GET", ["pulls", number]) => repos::pull(state, repo, number),
        ("GET", ["issues"]) => issues::list(state, req, repo),
        ("POST", ["issues"]) => issues::create(state, req, repo),
        ("GET", ["issues", "comments"]) => comments::list_of_repo(state, req, repo),
        (_, ["issues", "comments", id]) => comments::one(state, req, repo, id),
        (_, ["issues", number, rest @ ..]) => {
            let spot = visible_issue(state, repo, number)?;
            on_issue(state, req, spot, rest)
        }
        _ => Err(not_found()),
    }
}

fn on_issue(state: &mut State, req: &Req, spot: Spot, rest: &[&str]) -> Reply {
    match (req.method.as_str(), rest) {
        ("GET", []) => Ok(Answer::ok(state.issue_json(spot))),
        ("PATCH", []) => issues::update(state, req, spot),
        ("GET", ["comments"]) => comments::list(state, req, spot),
        ("POST", ["comments"]) => comments::create(state, req, spot),
        ("GET", ["labels"]) => Ok(Answer::ok(state.labels_json(spot))),
        ("POST", ["labels"]) => issues::add_labels(state, req, spot),
        ("DELETE", ["labels", name]) => issues::remove_label(state, spot, name),
        ("POST", ["assignees"]) => issues::add_assignees(state, req, spot),
        ("DELETE", ["assignees"]) => issues::remove_assignees(state, req, spot),
        _ => Err(not_found()),
    }
}

fn visible_repo(state: &State, owner: &str, name: &str) -> Result<usize, Answer> {
    let repo = state.find_repo(owner, name).ok_or_else(not_found)?;
    let hidden = state.repos[repo].private && bot_role(state, repo) == Role::None;
    if hidden { Err(not_found()) } else { Ok(repo) }
}

fn visible_issue(state: &State, repo: usize, number: &str) -> Result<Spot, Answer> {
    let number = number.parse().map_err(|_| not_found())?;
    let found = state.repos[repo].issues.get(&number);
    if found.is_none_or(|issue| issue.pull.is_none()) {
        issues_enabled(state, repo)?;
    }
    let issue = found.ok_or_else(not_found)?;
    if issue.deleted {
        return Err(Answer::refusal(410, "This issue was deleted"));
    }
    Ok(Spot { repo, number })
}

fn issues_enabled(state: &State, repo: usize) -> Result<(), Answer> {
    if state.repos[repo].issues_on {
        return Ok(());
    }
    Err(Answer::refusal(
        410,
        "Issues has been disabled in this repository.",
    ))
}

fn bot_role(state: &State, repo: usize) -> Role {
    state.repos[repo].role(BOT_ID)
}

fn need(state: &State, repo: usize, role: Role) -> Result<(), Answer> {
    if bot_role(state, repo) >= role {
        Ok(())
    } else {
        Err(forbidden())
    }
}

/// The author may change what is theirs; others need a role.
fn need_or_own(state: &State, repo: usize, role: Role, author: u64) -> Result<(), Answer> {
    if author == BOT_ID {
        Ok(())
    } else {
        need(state, repo, role)
    }
}
