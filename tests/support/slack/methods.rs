//! The Web API's methods that write, and what all methods share: allowed arguments, scopes, refusals.
//! Each follows its page <https://docs.slack.dev/reference/methods>`/<method>`.
//!
//! Text is kept as the app sent it; real Slack also escapes lone `&`, `<`, `>` and links bare addresses.

use serde_json::{Map, Value, json};

use super::blocks;
use super::reads;
use super::state::{APP, Author, BOT_ID, BOT_NAME, BOT_USER, Channel, Kind, State, TEAM, merge, micros};

/// Characters of text a new message takes.
/// <https://docs.slack.dev/reference/methods/chat.postMessage#truncating>
const POST_TEXT: usize = 40_000;

/// Characters of text an edited message takes: longer ones are `msg_too_long`.
/// <https://docs.slack.dev/reference/methods/chat.update#errors>
const UPDATE_TEXT: usize = 4_000;

/// Characters of `markdown_text`. <https://docs.slack.dev/reference/methods/chat.postMessage#arguments>
const MARKDOWN_TEXT: usize = 12_000;

/// Bytes of metadata as JSON. <https://docs.slack.dev/messaging/message-metadata>
const METADATA: usize = 16_000;

/// Which of the two tokens a call carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    /// `xoxb-…`
    Bot,
    /// `xapp-…`
    App,
}

/// An answer with `"ok":false`.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    /// Slack's error word.
    error: String,
    /// Further fields.
    detail: Value,
}

impl Refusal {
    /// An error word on its own.
    pub(super) fn new(error: &str) -> Self {
        Self {
            error: error.to_owned(),
            detail: json!({}),
        }
    }

    /// `invalid_arguments` with the reason where Slack puts it.
    pub(super) fn arguments(why: &str) -> Self {
        let detail = json!({ "response_metadata": { "messages": [format!("[ERROR] {why}")] } });
        Self {
            error: "invalid_arguments".to_owned(),
            detail,
        }
    }

    /// The answer's body.
    pub(super) fn into_body(self) -> Value {
        let mut body = json!({ "ok": false, "error": self.error });
        merge(&mut body, self.detail);
        body
    }
}

/// What a method answers.
pub(super) type Answer = Result<Value, Refusal>;

/// A call's arguments.
pub(super) struct Args(pub(super) Map<String, Value>);

impl Args {
    /// An argument as text.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        match self.0.get(name)? {
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }

    /// An argument that must be there.
    pub(super) fn need(&self, name: &str) -> Result<String, Refusal> {
        let value = self.text(name).filter(|value| !value.is_empty());
        value.ok_or_else(|| Refusal::arguments(&format!("missing required field: {name}")))
    }

    /// A switch; absent is off.
    pub(super) fn flag(&self, name: &str) -> bool {
        matches!(self.text(name).as_deref(), Some("true" | "1"))
    }

    /// JSON, sent as such or as text.
    fn json(&self, name: &str, error: &str) -> Result<Option<Value>, Refusal> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => serde_json::from_str(text)
                .map(Some)
                .map_err(|_| Refusal::new(error)),
            Some(other) => Ok(Some(other.clone())),
        }
    }
}

/// The arguments a method knows, apart by spaces; nothing for a method the fake does not have.
fn allowed(method: &str) -> Option<&'static str> {
    Some(match method {
        "auth.test" | "apps.connections.open" => "",
        "chat.postMessage" => {
            "channel text thread_ts metadata unfurl_links unfurl_media mrkdwn blocks attachments link_names \
             parse reply_broadcast markdown_text username icon_emoji icon_url as_user"
        }
        "chat.update" => {
            "channel ts text metadata blocks attachments link_names parse reply_broadcast markdown_text \
             as_user"
        }
        "chat.delete" => "channel ts as_user",
        "chat.getPermalink" => "channel message_ts",
        "reactions.add" => "channel name timestamp",
        "conversations.info" => "channel include_locale include_num_members",
        "conversations.history" => "channel oldest latest inclusive limit cursor include_all_metadata",
        "conversations.replies" => "channel ts oldest latest inclusive limit cursor include_all_metadata",
        "conversations.open" => "channel users return_im prevent_creation",
        "users.info" => "user include_locale",
        _ => return None,
    })
}

/// Runs a method.
pub(super) fn run(state: &mut State, token: Token, method: &str, args: &Args) -> Answer {
    let known = allowed(method).ok_or_else(|| Refusal::new("unknown_method"))?;
    if let Some(odd) = args
        .0
        .keys()
        .find(|name| !known.split(' ').any(|field| field == *name))
    {
        return Err(Refusal::arguments(&format!("no such field: {odd}")));
    }
    let app_only = method == "apps.connections.open";
    if method != "auth.test" && app_only != (token == Token::App) {
        return Err(Refusal::new("not_allowed_token_type"));
    }
    match method {
        "auth.test" => Ok(auth_test(state, token)),
        "apps.connections.open" => Ok(connections_open(state)),
        "chat.postMessage" => post_message(state, args),
        "chat.update" => update(state, args),
        "chat.delete" => delete(state, args),
        "chat.getPermalink" => permalink(state, args),
        "reactions.add" => add_reaction(state, args),
        "conversations.info" => reads::info(state, args),
        "conversations.history" => reads::history(state, args),
        "conversations.replies" => reads::replies(state, args),
        "conversations.open" => reads::open(state, args),
        _ => reads::user(state, args),
    }
}

/// Refuses unless the bot token has the scope. <https://docs.slack.dev/reference/scopes>
pub(super) fn need_scope(state: &State, scope: &str) -> Result<(), Refusal> {
    if state.scopes.contains(scope) {
        return Ok(());
    }
    let provided: Vec<&str> = state.scopes.iter().map(String::as_str).collect();
    let detail = json!({ "needed": scope, "provided": provided.join(",") });
    Err(Refusal {
        error: "missing_scope".to_owned(),
        detail,
    })
}

/// The conversation with this id, as far as the bot may know of it.
pub(super) fn visible<'a>(state: &'a State, id: &str) -> Result<&'a Channel, Refusal> {
    let channel = state
        .channels
        .get(id)
        .ok_or_else(|| Refusal::new("channel_not_found"))?;
    if channel.kind == Kind::Private && !channel.bot_member {
        return Err(Refusal::new("channel_not_found"));
    }
    Ok(channel)
}

/// The conversation with this id, when the bot is in it.
pub(super) fn joined<'a>(state: &'a State, id: &str) -> Result<&'a Channel, Refusal> {
    let channel = visible(state, id)?;
    if channel.bot_member {
        Ok(channel)
    } else {
        Err(Refusal::new("not_in_channel"))
    }
}

/// <https://docs.slack.dev/reference/methods/auth.test>
fn auth_test(state: &State, token: Token) -> Value {
    if token == Token::App {
        return json!({ "ok": true, "app_name": BOT_NAME, "app_id": APP });
    }
    json!({
        "ok": true, "url": format!("http://{}/", state.host), "team": "Test team", "team_id": TEAM,
        "user": BOT_NAME, "user_id": BOT_USER, "bot_id": BOT_ID, "is_enterprise_install": false,
    })
}

/// <https://docs.slack.dev/reference/methods/apps.connections.open>
fn connections_open(state: &mut State) -> Value {
    let ticket = format!("ticket-{}", state.next_id());
    state.post.tickets.push(ticket.clone());
    json!({ "ok": true, "url": format!("ws://{}/link/?ticket={ticket}&app_id={APP}", state.host) })
}

/// What a message says.
struct Content {
    /// Text, empty when only blocks were given.
    text: String,
    /// Blocks, checked.
    blocks: Option<Value>,
    /// Metadata, checked; an empty object takes the old one away.
    metadata: Option<Value>,
}

fn content(args: &Args, longest: usize) -> Result<Content, Refusal> {
    let blocks = args.json("blocks", "invalid_blocks_format")?;
    let attachments = args.json("attachments", "invalid_attachments")?;
    let metadata = args.json("metadata", "invalid_metadata_format")?;
    let text = match (args.text("text"), args.text("markdown_text")) {
        (None, None) => String::new(),
        (Some(text), None) => text,
        (None, Some(markdown)) if blocks.is_none() => {
            if markdown.chars().count() > MARKDOWN_TEXT {
                return Err(Refusal::new("msg_too_long"));
            }
            markdown
        }
        _ => return Err(Refusal::new("markdown_text_conflict")),
    };
    if text.chars().count() > longest {
        return Err(Refusal::new("msg_too_long"));
    }
    if let Some(blocks) = &blocks {
        blocks::check(blocks).map_err(Refusal::new)?;
    }
    let empty = |list: &Option<Value>| list.as_ref().and_then(Value::as_array).is_none_or(Vec::is_empty);
    if text.trim().is_empty() && empty(&blocks) && empty(&attachments) {
        return Err(Refusal::new("no_text"));
    }
    if let Some(metadata) = &metadata {
        check_metadata(metadata)?;
    }
    Ok(Content {
        text,
        blocks,
        metadata,
    })
}

/// <https://docs.slack.dev/messaging/message-metadata>
fn check_metadata(metadata: &Value) -> Result<(), Refusal> {
    if metadata.as_object().is_some_and(Map::is_empty) {
        return Ok(());
    }
    let name_ok = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let typed = metadata["event_type"]
        .as_str()
        .is_some_and(|name| !name.is_empty() && name.chars().all(name_ok));
    if !typed || !metadata["event_payload"].is_object() {
        return Err(Refusal::new("invalid_metadata_format"));
    }
    if metadata.to_string().len() > METADATA {
        return Err(Refusal::new("metadata_too_large"));
    }
    Ok(())
}

/// <https://docs.slack.dev/reference/methods/chat.postMessage>
fn post_message(state: &mut State, args: &Args) -> Answer {
    need_scope(state, "chat:write")?;
    let channel = args.need("channel")?;
    let id = match channel.strip_prefix('#') {
        _ if state.users.contains_key(&channel) => state.direct(&channel),
        Some(name) => {
            let named = state.channels.values().find(|channel| channel.name == name);
            named.map_or_else(|| channel.clone(), |channel| channel.id.clone())
        }
        None => channel,
    };
    if joined(state, &id)?.archived {
        return Err(Refusal::new("is_archived"));
    }
    let Content {
        text,
        blocks,
        metadata,
    } = content(args, POST_TEXT)?;
    let thread = args.text("thread_ts");
    if thread.as_deref().is_some_and(|ts| micros(ts).is_none()) {
        return Err(Refusal::new("invalid_thread_ts"));
    }
    let mut msg = state.draft(&id, thread.as_deref(), Author::Us, text);
    msg.blocks = blocks;
    msg.metadata = metadata.filter(|data| data.as_object().is_some_and(|data| !data.is_empty()));
    msg.broadcast = args.flag("reply_broadcast");
    let at = state.push(msg);
    state.announce(at);
    let msg = &state.messages[at];
    Ok(json!({ "ok": true, "channel": id, "ts": msg.ts, "message": state.render(msg, true) }))
}

/// The message a call names, in a channel the bot is in.
fn target(state: &State, channel: &str, ts: &str) -> Result<usize, Refusal> {
    joined(state, channel)?;
    let at = state.find(channel, ts).filter(|at| !state.messages[*at].deleted);
    at.ok_or_else(|| Refusal::new("message_not_found"))
}

/// <https://docs.slack.dev/reference/methods/chat.update>
fn update(state: &mut State, args: &Args) -> Answer {
    need_scope(state, "chat:write")?;
    let (channel, ts) = (args.need("channel")?, args.need("ts")?);
    let at = target(state, &channel, &ts)?;
    if state.messages[at].author != Author::Us {
        return Err(Refusal::new("cant_update_message"));
    }
    if state.channels[&channel].archived {
        return Err(Refusal::new("is_inactive"));
    }
    let Content {
        text,
        blocks,
        metadata,
    } = content(args, UPDATE_TEXT)?;
    let before = state.render(&state.messages[at], true);
    let edit_ts = state.next_ts();
    let msg = &mut state.messages[at];
    let old = msg.text().to_owned();
    msg.revisions.push(text);
    // Without blocks, text replaces them; see the method's page on updating blocks.
    msg.blocks = blocks.filter(|list| list.as_array().is_some_and(|list| !list.is_empty()));
    if let Some(data) = metadata {
        msg.metadata = data
            .as_object()
            .is_some_and(|data| !data.is_empty())
            .then_some(data);
    }
    msg.edited = Some((BOT_USER.to_owned(), edit_ts));
    state.announce_change(at, before, &old);
    let msg = &state.messages[at];
    Ok(json!({
        "ok": true, "channel": channel, "ts": ts, "text": msg.text(), "message": state.render(msg, true),
    }))
}

/// <https://docs.slack.dev/reference/methods/chat.delete>
fn delete(state: &mut State, args: &Args) -> Answer {
    need_scope(state, "chat:write")?;
    let (channel, ts) = (args.need("channel")?, args.need("ts")?);
    let at = target(state, &channel, &ts)?;
    if state.messages[at].author != Author::Us {
        return Err(Refusal::new("cant_delete_message"));
    }
    let before = state.render(&state.messages[at], true);
    state.messages[at].deleted = true;
    state.announce_delete(at, before);
    Ok(json!({ "ok": true, "channel": channel, "ts": ts }))
}

/// <https://docs.slack.dev/reference/methods/chat.getPermalink>
fn permalink(state: &State, args: &Args) -> Answer {
    let (channel, ts) = (args.need("channel")?, args.need("message_ts")?);
    visible(state, &channel)?;
    let at = state
        .find(&channel, &ts)
        .ok_or_else(|| Refusal::new("message_not_found"))?;
    let mut link = format!(
        "https://test.slack.com/archives/{channel}/p{}",
        ts.replace('.', "")
    );
    if let Some(root) = &state.messages[at].thread_ts {
        link.push_str(&format!("?thread_ts={root}&cid={channel}"));
    }
    Ok(json!({ "ok": true, "channel": channel, "permalink": link }))
}

/// <https://docs.slack.dev/reference/methods/reactions.add>
fn add_reaction(state: &mut State, args: &Args) -> Answer {
    need_scope(state, "reactions:write")?;
    let (channel, ts, name) = (args.need("channel")?, args.need("timestamp")?, args.need("name")?);
    let shape = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-+':".contains(c);
    if name.starts_with(':') || !name.chars().all(shape) {
        return Err(Refusal::new("invalid_name"));
    }
    if micros(&ts).is_none() {
        return Err(Refusal::new("bad_timestamp"));
    }
    let at = target(state, &channel, &ts)?;
    if state.channels[&channel].archived {
        return Err(Refusal::new("is_archived"));
    }
    if state.messages[at]
        .reactions
        .iter()
        .any(|(has, who)| *has == name && who == BOT_USER)
    {
        return Err(Refusal::new("already_reacted"));
    }
    state.react(at, BOT_USER, &name);
    Ok(json!({ "ok": true }))
}
