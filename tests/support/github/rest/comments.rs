//! Comments on issues and pull requests. <https://docs.github.com/en/rest/issues/comments>

use serde_json::Value;

use super::reply::{Answer, Reply, check_comment_body, invalid_value, not_found};
use super::request::{Req, text};
use super::{need, need_or_own};
use crate::support::github::state::{CommentRow, Role, Spot, State};

/// List issue comments, by ascending id.
pub(super) fn list(state: &State, req: &Req, spot: Spot) -> Reply {
    let since = req.since()?;
    let comments: Vec<_> = state
        .issue(spot)
        .comments
        .iter()
        .filter(|comment| is_since(comment, since))
        .collect();
    req.page(state, &comments, |comment| state.comment_json(spot, comment))
}

/// List issue comments for a repository; without `sort` by ascending id, and `direction` is then ignored.
pub(super) fn list_of_repo(state: &State, req: &Req, repo: usize) -> Reply {
    let since = req.since()?;
    let mut comments: Vec<_> = state.repos[repo]
        .issues
        .values()
        .flat_map(|issue| {
            issue.comments.iter().map(|comment| {
                (
                    Spot {
                        repo,
                        number: issue.number,
                    },
                    comment,
                )
            })
        })
        .filter(|(_, comment)| is_since(comment, since))
        .collect();
    match req.query("sort") {
        None => comments.sort_by_key(|(_, comment)| comment.id),
        Some("created") => comments.sort_by_key(|(_, comment)| (comment.created_at, comment.id)),
        Some("updated") => comments.sort_by_key(|(_, comment)| (comment.updated_at, comment.id)),
        Some(other) => return Err(invalid_value("sort", &Value::from(other))),
    }
    if req.query("sort").is_some() && req.query("direction").unwrap_or("asc") == "desc" {
        comments.reverse();
    }
    req.page(state, &comments, |(spot, comment)| {
        state.comment_json(*spot, comment)
    })
}

/// Create an issue comment.
pub(super) fn create(state: &mut State, req: &Req, spot: Spot) -> Reply {
    let body = body_of(req)?;
    need(state, spot.repo, Role::Read)?;
    // People who can push may write on; a bot never does here, since an App cannot in any role.
    if state.issue(spot).locked {
        return Err(Answer::refusal(
            403,
            "Unable to create comment because issue is locked.",
        ));
    }
    check_comment_body(&body)?;
    let comment = state.comment(state.actor, spot, &body);
    Ok(Answer::created(state.comment_json(spot, &comment)))
}

/// Get, update or delete an issue comment.
pub(super) fn one(state: &mut State, req: &Req, repo: usize, id: &str) -> Reply {
    let id = id.parse().map_err(|_| not_found())?;
    let found = state.find_comment(id).filter(|(spot, _)| spot.repo == repo);
    let (spot, comment) = found.ok_or_else(not_found)?;
    match req.method.as_str() {
        "GET" => Ok(Answer::ok(state.comment_json(spot, &comment))),
        "PATCH" => {
            let body = body_of(req)?;
            need_or_own(state, repo, Role::Write, comment.author)?;
            check_comment_body(&body)?;
            let comment = state.edit_comment(state.actor, spot, id, &body);
            Ok(Answer::ok(state.comment_json(spot, &comment)))
        }
        "DELETE" => {
            need_or_own(state, repo, Role::Write, comment.author)?;
            state.delete_comment(state.actor, spot, id);
            Ok(Answer::no_content())
        }
        _ => Err(not_found()),
    }
}

fn body_of(req: &Req) -> Result<String, Answer> {
    let missing = || Answer::refusal(422, "Invalid request.\n\n\"body\" wasn't supplied.");
    text(&req.object()?, "body")?.ok_or_else(missing)
}

fn is_since(comment: &CommentRow, since: Option<chrono::DateTime<chrono::Utc>>) -> bool {
    since.is_none_or(|since| comment.updated_at.timestamp() >= since.timestamp())
}
