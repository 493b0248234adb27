//! What only an App asks, and accounts, which anybody may ask for.
//! <https://docs.github.com/en/rest/apps/apps>

use serde_json::json;

use super::Caller;
use super::reply::{Answer, Reply, not_found};
use super::request::Req;
use crate::support::github::shape::time;
use crate::support::github::state::State;

/// The answer, when the path is one of these.
pub(super) fn route(state: &mut State, req: &Req, caller: Caller, parts: &[&str]) -> Option<Reply> {
    let method = req.method.as_str();
    let reply = match (method, parts) {
        // https://docs.github.com/en/rest/users/users#get-a-user
        ("GET", ["users", login]) if caller != Caller::App => {
            let found = state.find_user(login).map(|user| user.id);
            return Some(
                found
                    .map(|id| Answer::ok(state.user_json(id)))
                    .ok_or_else(not_found),
            );
        }
        ("GET", ["app"]) => as_app(caller, || Ok(Answer::ok(state.app_json()))),
        ("GET", ["app", "installations"]) => as_app(caller, || {
            let installations = &state.app.as_ref().unwrap().installations;
            req.page(state, installations, |installation| {
                state.installation_json(installation)
            })
        }),
        (_, ["app", "hook", "deliveries", rest @ ..]) => {
            as_app(caller, || super::hooks::of_app(state, req, rest))
        }
        ("GET", ["repos", owner, name, "installation"]) => as_app(caller, || {
            let repo = state.find_repo(owner, name).ok_or_else(not_found)?;
            let found = state.installed_on(repo).ok_or_else(not_found)?;
            Ok(Answer::ok(state.installation_json(found)))
        }),
        ("POST", ["app", "installations", id, "access_tokens"]) => as_app(caller, || access_token(state, id)),
        _ => return None,
    };
    Some(reply)
}

/// These take the App's own signed key.
fn as_app(caller: Caller, reply: impl FnOnce() -> Reply) -> Reply {
    if caller == Caller::App {
        return reply();
    }
    Err(Answer::refusal(401, "A JSON web token could not be decoded"))
}

/// <https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app>
fn access_token(state: &mut State, id: &str) -> Reply {
    let installations = &state.app.as_ref().unwrap().installations;
    let found = installations
        .iter()
        .find(|installation| installation.id.to_string() == id);
    let found = found.ok_or_else(not_found)?;
    if found.suspended {
        return Err(Answer::refusal(403, "This installation has been suspended"));
    }
    let (token, until) = state.new_token(found.id);
    Ok(Answer::with(
        201,
        json!({
            "token": token, "expires_at": time(until), "permissions": { "issues": "write", "metadata": "read" },
            "repository_selection": "selected",
        }),
    ))
}
