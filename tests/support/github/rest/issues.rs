//! Issues: list, read, open, edit; labels and assignees.
//! <https://docs.github.com/en/rest/issues/issues>, <https://docs.github.com/en/rest/issues/labels>,
//! <https://docs.github.com/en/rest/issues/assignees>

use serde_json::{Map, Value, json};

use super::reply::{Answer, MAX_LABEL, Reply, check_issue_body, check_title, invalid, invalid_value};
use super::request::{Req, names, text};
use super::{bot_role, issues_enabled, need, need_or_own};
use crate::support::github::change::Draft;
use crate::support::github::shape::state_word;
use crate::support::github::state::{IssueRow, Role, Spot, State};

/// List repository issues; pull requests are among them.
pub(super) fn list(state: &State, req: &Req, repo: usize) -> Reply {
    issues_enabled(state, repo)?;
    let filter = Filter::of(state, req)?;
    let mut found: Vec<_> = state.repos[repo]
        .issues
        .values()
        .filter(|issue| !issue.deleted && filter.takes(issue))
        .collect();
    match req.query("sort").unwrap_or("created") {
        "created" => found.sort_by_key(|issue| (issue.created_at, issue.number)),
        "updated" => found.sort_by_key(|issue| (issue.updated_at, issue.number)),
        "comments" => found.sort_by_key(|issue| (issue.comments.len(), issue.number)),
        other => return Err(invalid_value("sort", &Value::from(other))),
    }
    match req.query("direction").unwrap_or("desc") {
        "desc" => found.reverse(),
        "asc" => {}
        other => return Err(invalid_value("direction", &Value::from(other))),
    }
    req.page(state, &found, |issue| {
        state.issue_json(Spot {
            repo,
            number: issue.number,
        })
    })
}

/// What a list is asked for.
struct Filter<'a> {
    state: &'a str,
    labels: Vec<&'a str>,
    assignee: Assignee,
    creator: Option<Option<u64>>,
    since: Option<i64>,
}

/// The `assignee` of a list.
enum Assignee {
    Whoever,
    Somebody,
    Nobody,
    User(u64),
}

impl<'a> Filter<'a> {
    fn of(state: &State, req: &'a Req) -> Result<Self, Answer> {
        for name in ["milestone", "mentioned", "type", "issue_field_values"] {
            if req.query(name).is_some() {
                return Err(Answer::refusal(
                    501,
                    &format!("the fake GitHub does not filter by {name}"),
                ));
            }
        }
        let wanted = req.query("state").unwrap_or("open");
        if !["open", "closed", "all"].contains(&wanted) {
            return Err(invalid_value("state", &Value::from(wanted)));
        }
        let assignee = match req.query("assignee") {
            None => Assignee::Whoever,
            Some("*") => Assignee::Somebody,
            Some("none") => Assignee::Nobody,
            Some(login) => {
                let unknown = || invalid_value("assignee", &Value::from(login));
                Assignee::User(state.find_user(login).ok_or_else(unknown)?.id)
            }
        };
        Ok(Self {
            state: wanted,
            labels: req
                .query("labels")
                .unwrap_or_default()
                .split(',')
                .filter(|name| !name.is_empty())
                .collect(),
            assignee,
            creator: req
                .query("creator")
                .map(|login| state.find_user(login).map(|user| user.id)),
            since: req.since()?.map(|since| since.timestamp()),
        })
    }

    fn takes(&self, issue: &IssueRow) -> bool {
        let carries = |name: &&str| issue.labels.iter().any(|label| label.eq_ignore_ascii_case(name));
        let assigned = match self.assignee {
            Assignee::Whoever => true,
            Assignee::Somebody => !issue.assignees.is_empty(),
            Assignee::Nobody => issue.assignees.is_empty(),
            Assignee::User(id) => issue.assignees.contains(&id),
        };
        (self.state == "all" || self.state == state_word(issue))
            && self.labels.iter().all(carries)
            && assigned
            && self.creator.is_none_or(|creator| creator == Some(issue.author))
            && self
                .since
                .is_none_or(|since| issue.updated_at.timestamp() >= since)
    }
}

/// Create an issue. Labels and assignees are dropped when the token cannot push.
pub(super) fn create(state: &mut State, req: &Req, repo: usize) -> Reply {
    issues_enabled(state, repo)?;
    let body = req.object()?;
    need(state, repo, Role::Read)?;
    let title = text(&body, "title")?.unwrap_or_default();
    check_title(&title)?;
    let text_body = text(&body, "body")?;
    check_issue_body(text_body.as_deref().unwrap_or_default())?;
    let mut draft = Draft {
        title,
        body: text_body,
        ..Draft::default()
    };
    if bot_role(state, repo) >= Role::Triage {
        draft.labels = label_names(&body)?.unwrap_or_default();
        draft.assignees = assignable(state, repo, None, &body)?.unwrap_or_default();
    }
    let spot = state.open_issue(state.actor, repo, draft);
    Ok(Answer::created(state.issue_json(spot)))
}

/// Update an issue. Everything is judged before anything changes.
pub(super) fn update(state: &mut State, req: &Req, spot: Spot) -> Reply {
    let body = req.object()?;
    need_or_own(state, spot.repo, Role::Triage, state.issue(spot).author)?;
    let title = text(&body, "title")?;
    if let Some(title) = &title {
        check_title(title)?;
    }
    let new_body = text(&body, "body")?;
    check_issue_body(new_body.as_deref().unwrap_or_default())?;
    let new_body = body.contains_key("body").then_some(new_body);
    let open = match text(&body, "state")?.as_deref() {
        None => None,
        Some("open") => Some(true),
        Some("closed") => Some(false),
        Some(other) => return Err(invalid_value("state", &Value::from(other))),
    };
    let reason = text(&body, "state_reason")?;
    if let Some(other) = reason.as_deref().filter(|r| !STATE_REASONS.contains(r)) {
        return Err(invalid_value("state_reason", &Value::from(other)));
    }
    let labels = label_names(&body)?;
    let assignees = assignable(state, spot.repo, Some(spot), &body)?;
    state.edit_issue(state.actor, spot, title, new_body);
    if let Some(open) = open {
        state.set_open(state.actor, spot, open, reason.as_deref());
    }
    if bot_role(state, spot.repo) >= Role::Triage {
        if let Some(labels) = labels {
            state.set_labels(state.actor, spot, &labels);
        }
        if let Some(assignees) = assignees {
            state.set_assignees(state.actor, spot, &assignees);
        }
    }
    Ok(Answer::ok(state.issue_json(spot)))
}

/// The values `state_reason` takes.
const STATE_REASONS: [&str; 4] = ["completed", "not_planned", "duplicate", "reopened"];

/// Add labels to an issue; the body is an object with `labels`, or the list itself.
pub(super) fn add_labels(state: &mut State, req: &Req, spot: Spot) -> Reply {
    let body = match req.json()? {
        Value::Object(map) => map,
        Value::Array(list) => Map::from_iter([("labels".to_owned(), Value::Array(list))]),
        _ => return Err(Answer::refusal(400, "Body should be a JSON object")),
    };
    need(state, spot.repo, Role::Triage)?;
    for label in label_names(&body)?.unwrap_or_default() {
        state.add_label(state.actor, spot, &label);
    }
    Ok(Answer::ok(state.labels_json(spot)))
}

/// Remove a label from an issue.
pub(super) fn remove_label(state: &mut State, spot: Spot, name: &str) -> Reply {
    need(state, spot.repo, Role::Triage)?;
    if !state.remove_label(state.actor, spot, name) {
        return Err(Answer::refusal(404, "Label does not exist"));
    }
    Ok(Answer::ok(state.labels_json(spot)))
}

/// Add assignees to an issue; who cannot be assigned is passed over in silence.
pub(super) fn add_assignees(state: &mut State, req: &Req, spot: Spot) -> Reply {
    let logins = names(&req.object()?, "assignees")?.unwrap_or_default();
    need(state, spot.repo, Role::Triage)?;
    for login in logins {
        let repo = &state.repos[spot.repo];
        let user = state
            .find_user(&login)
            .filter(|u| repo.may_be_assigned(u.id, repo.issues.get(&spot.number)));
        if let Some(id) = user.map(|user| user.id) {
            state.assign(state.actor, spot, id);
        }
    }
    Ok(Answer::with(201, state.issue_json(spot)))
}

/// Remove assignees from an issue.
pub(super) fn remove_assignees(state: &mut State, req: &Req, spot: Spot) -> Reply {
    let logins = names(&req.object()?, "assignees")?.unwrap_or_default();
    need(state, spot.repo, Role::Triage)?;
    for login in logins {
        if let Some(id) = state.find_user(&login).map(|user| user.id) {
            state.unassign(state.actor, spot, id);
        }
    }
    Ok(Answer::ok(state.issue_json(spot)))
}

fn label_names(body: &Map<String, Value>) -> Result<Option<Vec<String>>, Answer> {
    let names = names(body, "labels")?;
    for name in names.iter().flatten() {
        if name.trim().is_empty() {
            return Err(invalid(
                json!({ "resource": "Label", "field": "name", "code": "missing_field" }),
            ));
        }
        if name.chars().count() > MAX_LABEL {
            let message = format!("name is too long (maximum is {MAX_LABEL} characters)");
            return Err(invalid(
                json!({ "resource": "Label", "field": "name", "code": "custom", "message": message }),
            ));
        }
    }
    Ok(names)
}

/// `assignees` of an issue's own body, where (unlike in the call that adds them) GitHub refuses who cannot be.
fn assignable(
    state: &State,
    repo: usize,
    spot: Option<Spot>,
    body: &Map<String, Value>,
) -> Result<Option<Vec<u64>>, Answer> {
    let Some(logins) = names(body, "assignees")? else {
        return Ok(None);
    };
    let issue = spot.map(|spot| state.issue(spot));
    let id = |login: &String| {
        let user = state
            .find_user(login)
            .filter(|user| state.repos[repo].may_be_assigned(user.id, issue));
        user.map(|user| user.id)
            .ok_or_else(|| invalid_value("assignees", &json!(login)))
    };
    logins.iter().map(id).collect::<Result<_, _>>().map(Some)
}
