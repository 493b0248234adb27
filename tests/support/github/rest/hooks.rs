//! Webhooks as their managers see them: the hook, its deliveries, and asking for one again.
//! <https://docs.github.com/en/rest/repos/webhooks>, <https://docs.github.com/en/rest/apps/webhooks>

use serde_json::{Value, json};

use super::reply::{Answer, Reply, not_found};
use super::request::Req;
use super::{Caller, bot_role};
use crate::support::github::hooks::{Attempt, HOOK_ID};
use crate::support::github::shape::time;
use crate::support::github::state::{Role, State};

/// Who does not manage the repository sees no webhooks; an installation without the permission is told so.
pub(super) fn of_repository(
    state: &mut State,
    req: &Req,
    caller: Caller,
    repo: usize,
    rest: &[&str],
) -> Reply {
    if let Caller::Installation(_) = caller {
        return Err(Answer::refusal(403, "Resource not accessible by integration"));
    }
    if bot_role(state, repo) < Role::Admin {
        return Err(not_found());
    }
    let name = state.repos[repo].full_name();
    let of_repo = |state: &State| {
        let mut attempts = state.hooks.attempts(state.now);
        attempts.retain(|attempt| attempt.repository.as_deref() == Some(&*name));
        attempts
    };
    match (req.method.as_str(), rest) {
        ("GET", []) => {
            let hooks: Vec<Value> = state.hooks.url.iter().map(|url| hook(url)).collect();
            req.page(state, &hooks, Value::clone)
        }
        (_, [id, "deliveries", rest @ ..]) if *id == HOOK_ID.to_string() && state.hooks.url.is_some() => {
            let attempts = of_repo(state);
            deliveries(state, req, &attempts, rest)
        }
        _ => Err(not_found()),
    }
}

/// The deliveries of the App's one webhook, for all its repositories.
pub(super) fn of_app(state: &mut State, req: &Req, rest: &[&str]) -> Reply {
    let attempts = state.hooks.attempts(state.now);
    deliveries(state, req, &attempts, rest)
}

fn hook(url: &str) -> Value {
    json!({
        "type": "Repository", "id": HOOK_ID, "name": "web", "active": true, "events": ["issues", "issue_comment"],
        "config": { "content_type": "json", "insecure_ssl": "0", "url": url, "secret": "********" },
        "updated_at": "2026-01-01T00:00:00Z", "created_at": "2026-01-01T00:00:00Z",
        "last_response": { "code": null, "status": "unused", "message": null },
    })
}

fn deliveries(state: &mut State, req: &Req, attempts: &[Attempt], rest: &[&str]) -> Reply {
    match (req.method.as_str(), rest) {
        ("GET", []) => page(state, req, attempts),
        ("POST", [id, "attempts"]) => {
            let found = attempts.iter().find(|attempt| attempt.id.to_string() == *id);
            let guid = found.ok_or_else(not_found)?.guid.clone();
            state.hooks.redeliver(&guid);
            Ok(Answer::with(202, json!({})))
        }
        _ => Err(not_found()),
    }
}

/// These pages have cursors instead of numbers.
/// <https://docs.github.com/en/rest/repos/webhooks#list-deliveries-for-a-repository-webhook>
fn page(state: &State, req: &Req, attempts: &[Attempt]) -> Reply {
    if req.query("page").is_some() {
        return Err(Answer::refusal(
            422,
            "Invalid request.\n\n\"page\" is not a permitted key.",
        ));
    }
    let size = req.query("per_page").and_then(|text| text.parse::<usize>().ok());
    let size = size.unwrap_or(30).clamp(1, 100);
    let start = match req.query("cursor") {
        None => 0,
        Some(cursor) => {
            let found = attempts
                .iter()
                .position(|attempt| attempt.id.to_string() == cursor);
            found.ok_or_else(|| Answer::refusal(422, "Invalid cursor"))?
        }
    };
    let shown = attempts.iter().skip(start).take(size);
    let mut answer = Answer::ok(shown.map(attempt).collect());
    if let Some(next) = attempts.get(start + size) {
        let url = format!("{}{}?per_page={size}&cursor={}", state.api_url, req.path, next.id);
        answer.headers.push(("Link", format!("<{url}>; rel=\"next\"")));
    }
    Ok(answer)
}

fn attempt(attempt: &Attempt) -> Value {
    let status = match attempt.status {
        Some(code) if (200..300).contains(&code) => "OK".to_owned(),
        Some(code) => format!("Invalid HTTP Response: {code}"),
        None => "failed to connect to host".to_owned(),
    };
    json!({
        "id": attempt.id, "guid": attempt.guid, "delivered_at": time(attempt.at), "redelivery": attempt.redelivery,
        "duration": 0.27, "status": status, "status_code": attempt.status.unwrap_or(502), "event": attempt.event,
        "action": attempt.action, "installation_id": null, "repository_id": null, "throttled_at": null,
    })
}
