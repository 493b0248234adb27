//! What Discord says about the body of a message: fields, lengths, embeds, components, who is told.
//! <https://discord.com/developers/docs/resources/message#create-message>

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::rest::Refusal;
use super::state::{EPHEMERAL, Id, State};

/// Characters of content.
const CONTENT: usize = 2_000;
/// Characters of a nonce.
const NONCE: usize = 25;
/// Embeds in a message.
const EMBEDS: usize = 10;
/// Characters of all embeds together. <https://discord.com/developers/docs/resources/message#embed-object-embed-limits>
const EMBED_TOTAL: usize = 6_000;
/// Fields of an embed.
const EMBED_FIELDS: usize = 25;
/// Rows of components. <https://discord.com/developers/docs/components/reference#action-row>
const ROWS: usize = 5;
/// Characters of a `custom_id`. <https://discord.com/developers/docs/components/reference#anatomy-of-a-component>
const CUSTOM_ID: usize = 100;
/// Characters of a button's label. <https://discord.com/developers/docs/components/reference#button>
const LABEL: usize = 80;
/// Users or roles named in `allowed_mentions`. <https://discord.com/developers/docs/resources/message#allowed-mentions-object>
const NAMED: usize = 100;

/// What a body says, checked. Nothing stands for a field that was not sent.
#[derive(Debug, Clone, Default)]
pub(super) struct Content {
    /// The text.
    pub(super) text: Option<String>,
    /// The embeds.
    pub(super) embeds: Option<Vec<Value>>,
    /// The rows of components.
    pub(super) components: Option<Vec<Value>>,
    /// Who may be told.
    pub(super) allowed: Allowed,
    /// The flags.
    pub(super) flags: Option<u64>,
}

/// `allowed_mentions`. <https://discord.com/developers/docs/resources/message#allowed-mentions-object>
#[derive(Debug, Clone)]
pub(super) struct Allowed {
    /// Every user who is mentioned.
    users: bool,
    /// `@everyone` and `@here`.
    everyone: bool,
    /// These users.
    named: BTreeSet<Id>,
    /// The author of the message it replies to.
    pub(super) replied: bool,
}

impl Default for Allowed {
    /// What holds when nothing is said: everybody is told.
    fn default() -> Self {
        Self {
            users: true,
            everyone: true,
            named: BTreeSet::new(),
            replied: true,
        }
    }
}

impl Allowed {
    /// The users whom a text tells, and whether it tells everybody.
    pub(super) fn told(&self, state: &State, text: &str) -> (BTreeSet<Id>, bool) {
        let mentioned = mentioned(state, text);
        let told = mentioned
            .into_iter()
            .filter(|id| self.users || self.named.contains(id))
            .collect();
        (
            told,
            self.everyone && (text.contains("@everyone") || text.contains("@here")),
        )
    }
}

/// The users a text mentions. <https://discord.com/developers/docs/reference#message-formatting>
fn mentioned(state: &State, text: &str) -> BTreeSet<Id> {
    let ends = text.split("<@").skip(1).filter_map(|rest| rest.split_once('>'));
    let ids = ends.filter_map(|(id, _)| id.trim_start_matches('!').parse().ok());
    ids.filter(|id| state.users.contains_key(id)).collect()
}

/// The fields of a body, which must be an object of these and no others: Discord ignores others, but an app that sends them is
/// mistaken.
pub(super) fn fields<'a>(
    state: &mut State,
    body: &'a Value,
    known: &str,
) -> Result<&'a Map<String, Value>, Refusal> {
    let Some(fields) = body.as_object() else {
        return Err(Refusal::form(
            "_root",
            "DICT_TYPE_CONVERT",
            "Only dictionaries may be used in a DictType",
        ));
    };
    if let Some(odd) = fields
        .keys()
        .find(|name| !known.split(' ').any(|field| field == *name))
    {
        state.problem(format!("a body takes no field {odd}"));
        return Err(Refusal::form(
            odd,
            "UNKNOWN_FIELD",
            "This field is not known here",
        ));
    }
    Ok(fields)
}

/// Reads the part of a body that says what stands in the message.
pub(super) fn content(state: &mut State, fields: &Map<String, Value>) -> Result<Content, Refusal> {
    let text = match fields.get("content") {
        None => None,
        Some(Value::Null) => Some(String::new()),
        Some(Value::String(text)) => Some(text.clone()),
        Some(_) => {
            return Err(Refusal::form(
                "content",
                "BASE_TYPE_BAD_STRING",
                "Must be a string.",
            ));
        }
    };
    if text.as_ref().is_some_and(|text| text.chars().count() > CONTENT) {
        return Err(too_long("content", CONTENT));
    }
    let embeds = list(fields, "embeds")?;
    check_embeds(embeds.as_deref().unwrap_or_default())?;
    let components = list(fields, "components")?;
    check_components(components.as_deref().unwrap_or_default())?;
    for unused in ["attachments", "sticker_ids", "poll"] {
        let empty = |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
        if !fields.get(unused).is_none_or(empty) {
            state.problem(format!("the fake knows nothing of {unused}"));
        }
    }
    Ok(Content {
        text,
        embeds,
        components,
        allowed: allowed(fields.get("allowed_mentions"))?,
        flags: fields.get("flags").and_then(Value::as_u64),
    })
}

fn list(fields: &Map<String, Value>, name: &str) -> Result<Option<Vec<Value>>, Refusal> {
    match fields.get(name) {
        None => Ok(None),
        Some(Value::Null) => Ok(Some(Vec::new())),
        Some(Value::Array(list)) => Ok(Some(list.clone())),
        Some(_) => Err(Refusal::form(
            name,
            "LIST_TYPE_CONVERT",
            "Only iterables may be used in a ListType",
        )),
    }
}

fn too_long(path: &str, most: usize) -> Refusal {
    Refusal::form(
        path,
        "BASE_TYPE_MAX_LENGTH",
        &format!("Must be {most} or fewer in length."),
    )
}

fn required(path: &str) -> Refusal {
    Refusal::form(path, "BASE_TYPE_REQUIRED", "This field is required")
}

/// <https://discord.com/developers/docs/resources/message#embed-object-embed-limits>
fn check_embeds(embeds: &[Value]) -> Result<(), Refusal> {
    if embeds.len() > EMBEDS {
        return Err(too_long("embeds", EMBEDS));
    }
    let mut total = 0;
    for (at, embed) in embeds.iter().enumerate() {
        let mut measure = |value: &Value, path: &str, most: usize| {
            let long = value.as_str().unwrap_or_default().chars().count();
            total += long;
            if long > most {
                Err(too_long(&format!("embeds.{at}.{path}"), most))
            } else {
                Ok(())
            }
        };
        measure(&embed["title"], "title", 256)?;
        measure(&embed["description"], "description", 4_096)?;
        measure(&embed["footer"]["text"], "footer.text", 2_048)?;
        measure(&embed["author"]["name"], "author.name", 256)?;
        let fields = embed["fields"].as_array().map(Vec::as_slice).unwrap_or_default();
        for (number, field) in fields.iter().enumerate() {
            for (name, most) in [("name", 256), ("value", 1_024)] {
                let path = format!("fields.{number}.{name}");
                measure(&field[name], &path, most)?;
                if field[name].as_str().is_none_or(|text| text.trim().is_empty()) {
                    return Err(required(&format!("embeds.{at}.{path}")));
                }
            }
        }
        if fields.len() > EMBED_FIELDS {
            return Err(too_long(&format!("embeds.{at}.fields"), EMBED_FIELDS));
        }
    }
    if total > EMBED_TOTAL {
        let message = format!("Embed size exceeds maximum size of {EMBED_TOTAL}");
        return Err(Refusal::form("embeds", "MAX_EMBED_SIZE_EXCEEDED", &message));
    }
    Ok(())
}

/// <https://discord.com/developers/docs/components/reference>
fn check_components(rows: &[Value]) -> Result<(), Refusal> {
    if rows.len() > ROWS {
        return Err(Refusal::form(
            "components",
            "BASE_TYPE_BAD_LENGTH",
            "Must be between 1 and 5 in length.",
        ));
    }
    let mut ids = BTreeSet::new();
    for (at, row) in rows.iter().enumerate() {
        let path = format!("components.{at}");
        let inside = row["components"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        if row["type"] != 1 {
            return Err(Refusal::form(
                &format!("{path}.type"),
                "UNION_TYPE_CHOICES",
                "Value of field \"type\" must be one of (1,).",
            ));
        }
        let select = inside.iter().any(|component| component["type"] != 2);
        if inside.is_empty() || inside.len() > if select { 1 } else { 5 } {
            let message = "Must be between 1 and 5 in length.";
            return Err(Refusal::form(
                &format!("{path}.components"),
                "BASE_TYPE_BAD_LENGTH",
                message,
            ));
        }
        for (number, component) in inside.iter().enumerate() {
            let path = format!("{path}.components.{number}");
            check_component(component, &path)?;
            let id = component["custom_id"].as_str();
            if id.is_some_and(|id| !ids.insert(id)) {
                let message = "Component custom id cannot be duplicated";
                return Err(Refusal::form(
                    &format!("{path}.custom_id"),
                    "COMPONENT_CUSTOM_ID_DUPLICATED",
                    message,
                ));
            }
        }
    }
    Ok(())
}

fn check_component(component: &Value, path: &str) -> Result<(), Refusal> {
    let custom_id = component["custom_id"].as_str();
    let style = component["style"].as_u64().unwrap_or_default();
    match component["type"].as_u64() {
        Some(2) if style == 5 => {
            if component["url"].as_str().is_none_or(str::is_empty) {
                return Err(required(&format!("{path}.url")));
            }
        }
        Some(2) if (1..=4).contains(&style) && component["url"].is_null() => {}
        Some(3 | 5..=8) => {}
        _ => {
            return Err(Refusal::form(
                &format!("{path}.type"),
                "UNION_TYPE_CHOICES",
                "Value of field \"type\" is invalid.",
            ));
        }
    }
    if style != 5 && custom_id.is_none_or(str::is_empty) {
        return Err(required(&format!("{path}.custom_id")));
    }
    if custom_id.is_some_and(|id| id.chars().count() > CUSTOM_ID) {
        return Err(too_long(&format!("{path}.custom_id"), CUSTOM_ID));
    }
    let label = component["label"].as_str().unwrap_or_default();
    if label.chars().count() > LABEL {
        return Err(too_long(&format!("{path}.label"), LABEL));
    }
    if component["type"] == 2 && label.is_empty() && component["emoji"].is_null() {
        return Err(Refusal::form(
            path,
            "BUTTON_COMPONENT_INVALID",
            "A button must have a label or emoji.",
        ));
    }
    Ok(())
}

/// <https://discord.com/developers/docs/resources/message#allowed-mentions-object>
fn allowed(value: Option<&Value>) -> Result<Allowed, Refusal> {
    let Some(object) = value.filter(|value| !value.is_null()) else {
        return Ok(Allowed::default());
    };
    let wrong = |field: &str, message: &str| {
        Err(Refusal::form(
            &format!("allowed_mentions.{field}"),
            "MESSAGE_ALLOWED_MENTIONS_INVALID",
            message,
        ))
    };
    let empty = Vec::new();
    let words = |name: &str| object[name].as_array().unwrap_or(&empty);
    if words("parse")
        .iter()
        .any(|word| !["users", "roles", "everyone"].contains(&word.as_str().unwrap_or_default()))
    {
        return wrong("parse", "Value must be one of ('users', 'everyone', 'roles').");
    }
    let parses = |wanted: &str| words("parse").iter().any(|word| word == wanted);
    for list in ["users", "roles"] {
        if parses(list) && !words(list).is_empty() {
            return wrong(
                list,
                &format!("parse:[\"{list}\"] and {list}: [ids...] are mutually exclusive."),
            );
        }
        if words(list).len() > NAMED {
            return wrong(list, "Must be 100 or fewer in length.");
        }
    }
    let id = |value: &Value| {
        value
            .as_str()
            .and_then(|text| text.parse().ok())
            .or_else(|| value.as_u64())
    };
    Ok(Allowed {
        users: parses("users"),
        everyone: parses("everyone"),
        named: words("users").iter().filter_map(id).collect(),
        replied: object["replied_user"] == true,
    })
}

/// The nonce of a body, checked.
pub(super) fn nonce(fields: &Map<String, Value>) -> Result<Option<Value>, Refusal> {
    match fields.get("nonce").filter(|nonce| !nonce.is_null()) {
        None => Ok(None),
        Some(nonce)
            if nonce.as_str().is_some_and(|text| text.chars().count() <= NONCE)
                || nonce.is_i64()
                || nonce.is_u64() =>
        {
            Ok(Some(nonce.clone()))
        }
        Some(nonce) if nonce.is_string() => Err(too_long("nonce", NONCE)),
        Some(_) => Err(Refusal::form(
            "nonce",
            "NONCE_TYPE_CONVERT",
            "Must be an integer or a string.",
        )),
    }
}

/// Whether the flags that a message may be sent with are kept; `more` is allowed on top.
pub(super) fn flags(content: &Content, more: u64) -> Result<u64, Refusal> {
    // SUPPRESS_EMBEDS and SUPPRESS_NOTIFICATIONS: <https://discord.com/developers/docs/resources/message#message-object-message-flags>
    let settable = (1 << 2) | (1 << 12) | (more & EPHEMERAL);
    let flags = content.flags.unwrap_or_default();
    if flags & !settable == 0 {
        Ok(flags)
    } else {
        Err(Refusal::form(
            "flags",
            "INVALID_FLAGS",
            "Flags that cannot be set here.",
        ))
    }
}
