//! The REST API over the state: who calls, which handler answers, and what GitHub refuses before any handler
//! looks. Handlers are plain functions of state and call, so that an effect can also come later.

mod app;
mod comments;
mod hooks;
mod issues;
mod pulls;
mod reply;
mod repos;
mod request;
mod search;

use serde_json::json;

use super::TOKEN;
use super::app::check_key;
use super::state::{BOT_ID, Role, Spot, State};

pub(super) use self::reply::Answer;
use self::reply::{Reply, forbidden, not_found};
pub(super) use self::request::Req;

/// As whom a call is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Caller {
    /// By nobody's token.
    Nobody,
    /// The account of the token.
    Bot,
    /// The App, by a signed key.
    App,
    /// An installation of the App.
    Installation(u64),
}

/// Answers a call and lets it have its effect.
pub(super) fn answer(state: &mut State, req: &Req) -> Answer {
    match route(state, req) {
        Ok(answer) | Err(answer) => answer,
    }
}

/// Who calls; GitHub's refusal when it does not know them.
/// <https://docs.github.com/en/rest/authentication/authenticating-to-the-rest-api>
pub(super) fn caller(state: &State, req: &Req) -> Result<Caller, Answer> {
    let refused = |message: &str| Err(Answer::refusal(401, message));
    let Some(token) = req.token.as_deref() else {
        return Ok(Caller::Nobody);
    };
    if token == TOKEN && state.token_works {
        return Ok(Caller::Bot);
    }
    if token.starts_with("ghs_") {
        let tokens = state.app.iter().flat_map(|app| app.tokens.iter());
        let found = tokens
            .into_iter()
            .find(|known| known.secret == token && known.until > state.now);
        return found.map_or_else(
            || refused("Bad credentials"),
            |found| Ok(Caller::Installation(found.installation)),
        );
    }
    match (&state.app, token.matches('.').count()) {
        (Some(app), 2) if app.key_works => match check_key(token, state.now) {
            Ok(()) => Ok(Caller::App),
            Err(message) => refused(message),
        },
        (_, 2) => refused("A JSON web token could not be decoded"),
        _ => refused("Bad credentials"),
    }
}

fn route(state: &mut State, req: &Req) -> Reply {
    if !req.has_agent {
        let message = "Request forbidden by administrative rules. Please make sure your request has a User-Agent header (https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required).";
        return Err(Answer::refusal(403, message));
    }
    let caller = caller(state, req)?;
    let parts: Vec<&str> = req.segments.iter().map(String::as_str).collect();
    if let Some(reply) = app::route(state, req, caller, &parts) {
        return reply;
    }
    state.actor = match caller {
        Caller::Bot => BOT_ID,
        Caller::Installation(_) => state.app.as_ref().unwrap().bot,
        Caller::App => return Err(Answer::refusal(401, "Bad credentials")),
        Caller::Nobody => return Err(Answer::refusal(401, "Requires authentication")),
    };
    match (req.method.as_str(), parts.as_slice()) {
        // https://docs.github.com/en/rest/users/users#get-the-authenticated-user
        ("GET", ["user"]) if caller == Caller::Bot => Ok(Answer::ok(state.user_json(BOT_ID))),
        ("GET", ["user"]) => Err(Answer::refusal(403, "Resource not accessible by integration")),
        ("GET", ["rate_limit"]) => {
            let rate = state.meter.rate(caller, "core", state.now);
            let used = rate.used + 1;
            let core = json!({
                "limit": rate.limit, "used": used, "remaining": rate.limit - used, "reset": rate.reset,
            });
            Ok(Answer::ok(json!({ "resources": { "core": core }, "rate": core })))
        }
        ("GET", ["search", "issues"]) => search::issues(state, req, caller),
        (_, ["repos", owner, name, rest @ ..]) => {
            let repo = visible_repo(state, owner, name, caller)?;
            if let ["hooks", rest @ ..] = rest {
                return hooks::of_repository(state, req, caller, repo, rest);
            }
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
        ("GET", ["pulls"]) => pulls::list(state, req, repo),
        ("GET", ["pulls", number]) => pulls::one(state, repo, number),
        ("GET", ["pulls", number, "reviews"]) => pulls::reviews(state, req, repo, number),
        ("GET", ["commits", sha, "check-runs"]) => pulls::check_runs(state, req, repo, sha),
        ("GET", ["commits", sha, "status"]) => pulls::status(state, req, repo, sha),
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

/// The repository, if the caller may see it. An installation is held to its own repositories, public ones of others too.
fn visible_repo(state: &State, owner: &str, name: &str, caller: Caller) -> Result<usize, Answer> {
    let repo = state.find_repo(owner, name).ok_or_else(not_found)?;
    if let Caller::Installation(id) = caller {
        let reached = state
            .installed_on(repo)
            .is_some_and(|installation| installation.id == id);
        if !reached && !state.repos[repo].private {
            return Err(Answer::refusal(403, "Resource not accessible by integration"));
        }
        return if reached { Ok(repo) } else { Err(not_found()) };
    }
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
    state.repos[repo].role(state.actor)
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
    if author == state.actor {
        Ok(())
    } else {
        need(state, repo, role)
    }
}
