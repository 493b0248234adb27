//! The Web API's methods that read, and `conversations.open`.
//! Each follows its page <https://docs.slack.dev/reference/methods>`/<method>`.

use serde_json::{Value, json};

use super::methods::{Answer, Args, Refusal, joined, need_scope, visible};
use super::state::{BOT_ID, BOT_NAME, BOT_USER, Channel, Kind, Msg, State, TEAM, merge, micros};

/// <https://docs.slack.dev/reference/methods/conversations.info>
pub(super) fn info(state: &State, args: &Args) -> Answer {
    let id = args.need("channel")?;
    let channel = visible(state, &id)?;
    need_scope(state, &format!("{}:read", channel.kind.scope()))?;
    let mut out = describe(channel);
    if args.flag("include_num_members") {
        out["num_members"] = json!(state.users.len() + usize::from(channel.bot_member));
    }
    Ok(json!({ "ok": true, "channel": out }))
}

fn describe(channel: &Channel) -> Value {
    let mut out = json!({
        "id": channel.id, "created": channel.created, "is_archived": channel.archived, "is_org_shared": false,
        "context_team_id": TEAM, "is_im": false, "is_mpim": false,
    });
    merge(
        &mut out,
        match &channel.kind {
            Kind::Direct(user) => {
                json!({ "is_im": true, "user": user, "is_user_deleted": false, "is_open": true })
            }
            kind => json!({
                "name": channel.name, "name_normalized": channel.name, "is_channel": *kind == Kind::Public,
                "is_group": *kind == Kind::Private, "is_private": *kind == Kind::Private, "is_general": false,
                "is_shared": false, "is_ext_shared": false, "is_member": channel.bot_member,
                "creator": "UANA",
                "topic": { "value": "", "creator": "", "last_set": 0 },
                "purpose": { "value": "", "creator": "", "last_set": 0 }, "previous_names": [],
            }),
        },
    );
    out
}

/// The time range and size of a page.
struct Range {
    /// Microseconds; later ones only.
    oldest: i64,
    /// Microseconds; earlier ones only.
    latest: i64,
    /// The two bounds count as inside.
    inclusive: bool,
    /// Messages on a page.
    limit: usize,
    /// The `ts` a page starts at.
    cursor: Option<i64>,
}

impl Range {
    /// <https://docs.slack.dev/apis/web-api/pagination>
    fn of(args: &Args, default: usize, most: usize) -> Result<Self, Refusal> {
        let bound = |name: &str, error: &str, absent: i64| match args.text(name) {
            Some(ts) if !ts.is_empty() => micros(&ts).ok_or_else(|| Refusal::new(error)),
            _ => Ok(absent),
        };
        let limit = match args.text("limit") {
            None => default,
            Some(text) => text.parse().map_err(|_| Refusal::new("invalid_limit"))?,
        };
        if limit == 0 || limit > most {
            return Err(Refusal::new("invalid_limit"));
        }
        let cursor = match args.text("cursor").filter(|cursor| !cursor.is_empty()) {
            None => None,
            Some(cursor) => {
                let at = cursor.strip_prefix("next_ts:").and_then(|ts| ts.parse().ok());
                Some(at.ok_or_else(|| Refusal::new("invalid_cursor"))?)
            }
        };
        Ok(Self {
            oldest: bound("oldest", "invalid_ts_oldest", i64::MIN)?,
            latest: bound("latest", "invalid_ts_latest", i64::MAX)?,
            inclusive: args.flag("inclusive"),
            limit,
            cursor,
        })
    }

    fn holds(&self, ts: i64) -> bool {
        let edge = self.inclusive && (ts == self.oldest || ts == self.latest);
        edge || (self.oldest < ts && ts < self.latest)
    }
}

/// One page of `list`, which is in the order of the answer, and the rest of the answer.
fn page(state: &State, list: &[&Msg], head: Option<&Msg>, range: &Range, metadata: bool) -> Value {
    let at = |msg: &Msg| micros(&msg.ts).unwrap_or_default();
    let start = range.cursor.map_or(0, |cursor| {
        list.iter()
            .position(|msg| at(msg) == cursor)
            .unwrap_or(list.len())
    });
    let end = (start + range.limit).min(list.len());
    let messages: Vec<Value> = head
        .into_iter()
        .chain(list[start..end].iter().copied())
        .map(|msg| state.render(msg, metadata))
        .collect();
    let mut out = json!({ "ok": true, "messages": messages, "has_more": end < list.len() });
    if let Some(next) = list.get(end) {
        out["response_metadata"] = json!({ "next_cursor": format!("next_ts:{}", at(next)) });
    }
    out
}

/// Root messages (and replies that were broadcast), newest first; the pages go backwards in time.
/// <https://docs.slack.dev/reference/methods/conversations.history>
pub(super) fn history(state: &State, args: &Args) -> Answer {
    let id = args.need("channel")?;
    let channel = joined(state, &id)?;
    need_scope(state, &format!("{}:history", channel.kind.scope()))?;
    let range = Range::of(args, 100, 999)?;
    let list: Vec<&Msg> = state
        .messages
        .iter()
        .rev()
        .filter(|msg| msg.channel == id && state.shows(msg) && (msg.thread_ts.is_none() || msg.broadcast))
        .filter(|msg| micros(&msg.ts).is_some_and(|ts| range.holds(ts)))
        .collect();
    let mut out = page(state, &list, None, &range, args.flag("include_all_metadata"));
    merge(&mut out, json!({ "pin_count": 0 }));
    Ok(out)
}

/// A thread, oldest first; the root stands at the head of every page, outside limit and time range. A reply's
/// `ts` brings that reply alone.
/// <https://docs.slack.dev/reference/methods/conversations.replies>
pub(super) fn replies(state: &State, args: &Args) -> Answer {
    let (id, ts) = (args.need("channel")?, args.need("ts")?);
    let channel = joined(state, &id)?;
    need_scope(state, &format!("{}:history", channel.kind.scope()))?;
    let range = Range::of(args, 1000, 1000)?;
    let at = state
        .find(&id, &ts)
        .ok_or_else(|| Refusal::new("thread_not_found"))?;
    let root = &state.messages[at];
    let list: Vec<&Msg> = state
        .replies(root)
        .filter(|msg| micros(&msg.ts).is_some_and(|ts| range.holds(ts)))
        .collect();
    Ok(page(
        state,
        &list,
        Some(root),
        &range,
        args.flag("include_all_metadata"),
    ))
}

/// The direct message with one person. <https://docs.slack.dev/reference/methods/conversations.open>
pub(super) fn open(state: &mut State, args: &Args) -> Answer {
    need_scope(state, "im:write")?;
    if let Some(id) = args.text("channel") {
        visible(state, &id)?;
        return Ok(json!({ "ok": true, "no_op": true, "already_open": true, "channel": { "id": id } }));
    }
    let listed = match args.0.get("users") {
        Some(Value::Array(users)) => users
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        Some(Value::String(users)) => users.split(',').map(|user| user.trim().to_owned()).collect(),
        _ => Vec::new(),
    };
    let [user] = listed.as_slice() else {
        let error = if listed.is_empty() {
            "users_list_not_supplied"
        } else {
            "method_not_supported_for_channel_type"
        };
        return Err(Refusal::new(error));
    };
    if user == BOT_USER {
        return Err(Refusal::new("cannot_dm_bot"));
    }
    if !state.users.contains_key(user) {
        return Err(Refusal::new("user_not_found"));
    }
    let known = state.channels.contains_key(&format!("D{}", &user[1..]));
    let id = state.direct(user);
    let channel = if args.flag("return_im") {
        describe(&state.channels[&id])
    } else {
        json!({ "id": id })
    };
    let mut out = json!({ "ok": true, "channel": channel });
    if known {
        merge(&mut out, json!({ "no_op": true, "already_open": true }));
    }
    Ok(out)
}

/// <https://docs.slack.dev/reference/methods/users.info>
pub(super) fn user(state: &State, args: &Args) -> Answer {
    need_scope(state, "users:read")?;
    let id = args.need("user")?;
    let is_bot = id == BOT_USER;
    let name = if is_bot {
        Some(BOT_NAME)
    } else {
        state.users.get(&id).map(String::as_str)
    };
    let name = name.ok_or_else(|| Refusal::new("user_not_found"))?;
    let real: String = name
        .chars()
        .take(1)
        .flat_map(char::to_uppercase)
        .chain(name.chars().skip(1))
        .collect();
    let mut profile = json!({ "real_name": real, "display_name": name, "team": TEAM });
    if is_bot {
        profile["bot_id"] = json!(BOT_ID);
    }
    Ok(json!({ "ok": true, "user": {
        "id": id, "team_id": TEAM, "name": name, "deleted": false, "real_name": real, "tz": "Etc/UTC",
        "tz_label": "Coordinated Universal Time", "tz_offset": 0, "profile": profile, "is_bot": is_bot,
        "is_admin": false, "is_owner": false, "is_primary_owner": false, "is_restricted": false,
        "is_ultra_restricted": false, "is_app_user": false, "updated": state.now.timestamp(),
    }}))
}
