//! Interactions: their first answer within 3 seconds, and the messages their token lets the app write for 15 minutes.
//! <https://discord.com/developers/docs/interactions/receiving-and-responding>

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::check::{self, Content};
use super::messages::{self, change};
use super::rest::{Answer, Refusal};
use super::routes::{Query, Target};
use super::shape::{channel_type, merge};
use super::state::{APP, BOT, EPHEMERAL, GUILD, Id, LOADING, State};

/// Seconds for the first answer.
/// <https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-callback>
const ANSWER_SECONDS: i64 = 3;

/// Minutes that a token lives.
/// <https://discord.com/developers/docs/interactions/receiving-and-responding#followup-messages>
const TOKEN_MINUTES: i64 = 15;

/// Choices an autocompletion may offer.
/// <https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-response-object-autocomplete>
const CHOICES: usize = 25;

/// The fields of a message written with a token.
const FIELDS: &str =
    "content username avatar_url tts embeds allowed_mentions components attachments flags thread_name poll";

/// One thing a person did with a command or a button.
#[derive(Debug, Clone)]
pub(super) struct Interaction {
    /// Its id.
    pub(super) id: Id,
    /// What lets the app answer.
    pub(super) token: String,
    /// 2 a command, 3 a component, 4 an autocompletion.
    pub(super) kind: u8,
    /// Who did it.
    pub(super) user: Id,
    /// Where.
    pub(super) channel: Id,
    /// The message whose component was used.
    pub(super) message: Option<Id>,
    /// What was chosen.
    pub(super) data: Value,
    /// When.
    pub(super) made: DateTime<Utc>,
    /// A connected session took it; otherwise it is lost, and Discord shows the person a failure.
    pub(super) delivered: bool,
    /// The type of the first answer.
    pub(super) answered: Option<u64>,
    /// What the first answer carried.
    pub(super) answer: Value,
    /// The first answer's message.
    pub(super) original: Option<Id>,
    /// Further messages.
    pub(super) followups: Vec<Id>,
}

impl Interaction {
    /// What a message says about the interaction it answers.
    /// <https://discord.com/developers/docs/resources/message#message-interaction-metadata-object>
    pub(super) fn metadata(&self, state: &State) -> Value {
        let mut out = json!({
            "id": self.id.to_string(), "type": self.kind, "user": state.user_json(self.user),
            "authorizing_integration_owners": owners(state, self.channel),
        });
        if let Some(message) = self.message {
            out["interacted_message_id"] = json!(message.to_string());
        }
        out
    }
}

fn owners(state: &State, channel: Id) -> Value {
    json!({ "0": if state.is_direct(channel) { "0".to_owned() } else { GUILD.to_string() } })
}

impl State {
    /// Lets a person do something; the interaction's id. It is lost when no session listens.
    /// <https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object>
    pub(super) fn interact(
        &mut self,
        kind: u8,
        user: Id,
        channel: Id,
        message: Option<Id>,
        data: Value,
    ) -> Id {
        let id = self.next_id();
        let interaction = Interaction {
            id,
            token: format!("interaction-token-{id}"),
            kind,
            user,
            channel,
            message,
            data,
            made: self.now,
            delivered: false,
            answered: None,
            answer: Value::Null,
            original: None,
            followups: Vec::new(),
        };
        let payload = self.interaction_json(&interaction);
        let delivered = self.announce_interaction(payload);
        self.interactions.insert(
            id,
            Interaction {
                delivered,
                ..interaction
            },
        );
        id
    }

    fn interaction_json(&self, interaction: &Interaction) -> Value {
        let channel = &self.channels[&interaction.channel];
        let direct = self.is_direct(channel.id);
        let mut partial = json!({ "id": channel.id.to_string(), "type": channel_type(&channel.kind) });
        merge(&mut partial, self.channel_json(channel));
        partial["permissions"] = json!(self.rights(interaction.user, channel).to_string());
        let mut out = json!({
            "id": interaction.id.to_string(), "application_id": APP.to_string(), "type": interaction.kind,
            "data": interaction.data, "channel_id": channel.id.to_string(), "channel": partial,
            "token": interaction.token, "version": 1, "locale": "en-US", "entitlements": [],
            "app_permissions": self.rights(BOT, channel).to_string(), "context": u8::from(direct),
            "authorizing_integration_owners": owners(self, channel.id), "attachment_size_limit": 10_485_760,
        });
        if direct {
            out["user"] = self.user_json(interaction.user);
        } else {
            let mut member = self.member_json(interaction.user);
            member["permissions"] = json!(self.rights(interaction.user, channel).to_string());
            let guild = json!({ "id": GUILD.to_string(), "locale": "en-US", "features": [] });
            merge(
                &mut out,
                json!({
                    "member": member, "guild_id": GUILD.to_string(), "guild_locale": "en-US", "guild": guild,
                }),
            );
        }
        if let Some(at) = interaction
            .message
            .and_then(|id| self.find(interaction.channel, id))
        {
            out["message"] = self.message_json(&self.messages[at], true);
        }
        out
    }
}

/// Serves a call under `/interactions` and `/webhooks`.
pub(super) fn serve(state: &mut State, target: &Target, query: &Query, body: &Value) -> Answer {
    if target.route.starts_with("POST /interactions/") {
        return callback(state, target, query, body);
    }
    let id = by_token(state, target.part(1))?;
    match target.route {
        "GET /webhooks/{application}/{token}/messages/@original" => {
            let at = original(state, id)?;
            Ok((200, state.message_json(&state.messages[at], true)))
        }
        "PATCH /webhooks/{application}/{token}/messages/@original" => {
            let at = original(state, id)?;
            rewrite(state, at, body)
        }
        "DELETE /webhooks/{application}/{token}/messages/@original" => {
            let at = original(state, id)?;
            state.remove(at);
            Ok((204, Value::Null))
        }
        "POST /webhooks/{application}/{token}" => follow_up(state, id, body),
        _ => {
            let message = target.id(2);
            let ours = state.interactions[&id].followups.contains(&message);
            let at = state
                .find(state.interactions[&id].channel, message)
                .filter(|_| ours);
            let at = at.ok_or_else(|| Refusal::new(10008))?;
            rewrite(state, at, body)
        }
    }
}

/// The interaction whose token still lives.
fn by_token(state: &State, token: &str) -> Result<Id, Refusal> {
    let found = state
        .interactions
        .values()
        .find(|interaction| interaction.token == token);
    let interaction = found.ok_or_else(|| Refusal::new(50027))?;
    if state.now - interaction.made >= TimeDelta::minutes(TOKEN_MINUTES) {
        return Err(Refusal::new(50027));
    }
    if interaction.answered.is_none() {
        return Err(Refusal::new(10015));
    }
    Ok(interaction.id)
}

/// The first answer's message; the one whose component was used when that is what was answered.
fn original(state: &State, id: Id) -> Result<usize, Refusal> {
    let interaction = &state.interactions[&id];
    let message = interaction.original.ok_or_else(|| Refusal::new(10008))?;
    state
        .find(interaction.channel, message)
        .ok_or_else(|| Refusal::new(10008))
}

/// <https://discord.com/developers/docs/interactions/receiving-and-responding#create-interaction-response>
fn callback(state: &mut State, target: &Target, query: &Query, body: &Value) -> Answer {
    let interaction = unanswered(state, target)?;
    let empty = json!({});
    check::fields(state, body, "type data")?;
    let data = body.get("data").filter(|data| !data.is_null()).unwrap_or(&empty);
    let answer = body["type"].as_u64().unwrap_or_default();
    let fits = match interaction.kind {
        4 => answer == 8,
        2 => matches!(answer, 4 | 5),
        _ => matches!(answer, 4..=7),
    };
    if !fits {
        let message = "Value of field \"type\" does not fit the interaction.";
        return Err(Refusal::form(
            "type",
            "INTERACTION_APPLICATION_COMMAND_INVALID_TYPE",
            message,
        ));
    }
    let original = match answer {
        4 => Some(write(state, &interaction, data, false)?),
        5 => Some(write(state, &interaction, data, true)?),
        7 => {
            let at = interaction
                .message
                .and_then(|id| state.find(interaction.channel, id));
            rewrite(state, at.ok_or_else(|| Refusal::new(10008))?, data)?;
            interaction.message
        }
        8 => {
            check_choices(data)?;
            None
        }
        _ => interaction.message,
    };
    if let Some(interaction) = state.interactions.get_mut(&interaction.id) {
        (interaction.answered, interaction.answer, interaction.original) =
            (Some(answer), data.clone(), original);
    }
    if !query
        .iter()
        .any(|(name, value)| name == "with_response" && value == "true")
    {
        return Ok((204, Value::Null));
    }
    let message = original
        .and_then(|id| state.find(interaction.channel, id))
        .map(|at| state.message_json(&state.messages[at], true));
    Ok((
        200,
        json!({
            "interaction": { "id": interaction.id.to_string(), "type": interaction.kind },
            "resource": { "type": answer, "message": message },
        }),
    ))
}

/// The interaction a first answer is for, while it may still come.
fn unanswered(state: &State, target: &Target) -> Result<Interaction, Refusal> {
    let known = state.interactions.get(&target.id(0));
    let interaction = known.filter(|interaction| interaction.token == target.part(1));
    let interaction = interaction.ok_or_else(|| Refusal::new(10062))?;
    if interaction.answered.is_some() {
        return Err(Refusal::new(40060));
    }
    if state.now - interaction.made >= TimeDelta::seconds(ANSWER_SECONDS) {
        return Err(Refusal::new(10062));
    }
    Ok(interaction.clone())
}

/// Writes the message of a first answer; a deferred one says that the app is thinking.
fn write(state: &mut State, interaction: &Interaction, data: &Value, deferred: bool) -> Result<Id, Refusal> {
    let fields = check::fields(
        state,
        data,
        "content tts embeds allowed_mentions components attachments flags poll",
    )?;
    let content = check::content(state, fields)?;
    let flags = check::flags(&content, EPHEMERAL)?;
    let mut msg = state.draft(interaction.channel, BOT, String::new());
    msg.interaction = Some(interaction.id);
    if deferred {
        msg.flags = flags | LOADING;
    } else {
        messages::fill(state, &mut msg, &content, flags)?;
    }
    msg.kind = if interaction.kind == 2 { 20 } else { 19 };
    msg.reference = interaction.message;
    let id = msg.id;
    state.post(msg);
    Ok(id)
}

/// <https://discord.com/developers/docs/interactions/receiving-and-responding#edit-original-interaction-response>
fn rewrite(state: &mut State, at: usize, body: &Value) -> Answer {
    let fields = check::fields(state, body, FIELDS)?;
    let content = check::content(state, fields)?;
    let kept = state.messages[at].flags & EPHEMERAL;
    let flags = check::flags(
        &Content {
            flags: content.flags.map(|flags| flags & !EPHEMERAL),
            ..content.clone()
        },
        0,
    )?;
    Ok((200, change(state, at, &content, flags | kept)?))
}

/// <https://discord.com/developers/docs/interactions/receiving-and-responding#create-followup-message>
fn follow_up(state: &mut State, id: Id, body: &Value) -> Answer {
    let fields = check::fields(state, body, FIELDS)?;
    let content = check::content(state, fields)?;
    let interaction = state.interactions[&id].clone();
    // The first follow-up to a deferred answer is that answer.
    if let Some(at) = interaction
        .original
        .and_then(|original| state.find(interaction.channel, original))
        && state.messages[at].flags & LOADING != 0
    {
        return rewrite(state, at, body);
    }
    let flags = check::flags(&content, EPHEMERAL)?;
    let mut msg = state.draft(interaction.channel, BOT, String::new());
    messages::fill(state, &mut msg, &content, flags)?;
    msg.interaction = Some(id);
    msg.reference = interaction.original;
    let followup = msg.id;
    let at = state.post(msg);
    if let Some(interaction) = state.interactions.get_mut(&id) {
        interaction.followups.push(followup);
    }
    Ok((200, state.message_json(&state.messages[at], true)))
}

fn check_choices(data: &Value) -> Result<(), Refusal> {
    let choices = data["choices"].as_array().map(Vec::as_slice).unwrap_or_default();
    let long = |choice: &Value| {
        let length = |value: &Value| value.as_str().map_or(1, |text| text.chars().count());
        !(1..=100).contains(&length(&choice["name"])) || length(&choice["value"]) > 100
    };
    if choices.len() > CHOICES || choices.iter().any(long) {
        let message = "At most 25 choices, names and values of 1 to 100 characters.";
        return Err(Refusal::form("data.choices", "BASE_TYPE_MAX_LENGTH", message));
    }
    Ok(())
}
