//! Commands and pressed buttons: <https://discord.com/developers/docs/interactions/receiving-and-responding>.
//!
//! 1. An interaction is deferred within Discord's 3 s, and after its event is committed unless that takes long: people see
//!    "thinking".
//! 2. A place that is first met by a command is caught up on from then on, as if a message had called us.
//! 3. What somebody is typing is completed at once (`completion.rs`).
//! 4. What we cannot serve, and what could not be kept, is answered with a sentence; there is no silence.

use std::time::Duration;

use serde_json::{Value, json};
use serenity::http::{LightMethod, Route};

use super::channels::place;
use super::client::{Call, Discord, Trouble, typed};
use super::commands::CommandMenu;
use super::completion::complete;
use super::json::{id, made, number, text};
use super::sender::{Open, original};
use super::text::{Names, mentions};
use super::translate::{author, heard};
use crate::domain::{self, Author, AuthorKind, Event, Heard, Place, Reply, Seen};
use crate::engine::clock::later;
use crate::engine::{Engine, intake};
use crate::store::{StoreError, watermarks};

/// How the id of a button of ours begins; its command follows.
pub(super) const CUSTOM: &str = "pm:";
/// How long an interaction's token is used; Discord takes it for 15 minutes.
pub(super) const USED: Duration = Duration::from_secs(14 * 60);
/// How long a handshake is worth waiting for; Discord wants it within 3 s.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// How long the commit may take until Discord is told first.
const DEFER_AFTER: Duration = Duration::from_millis(1200);

/// An interaction that asks what may be meant.
const COMPLETION: u64 = 4;

/// "Thinking …", then a message; and a message for one person only.
const DEFERRED: u64 = 5;
/// See [`DEFERRED`].
const MESSAGE: u64 = 4;
/// Seen by the one person only.
const EPHEMERAL: u64 = 1 << 6;

/// What an interaction is to us.
#[derive(Debug)]
pub(super) enum Asked {
    /// A command.
    Command(Box<Heard>),
    /// Something that we cannot serve, and why.
    Not(String),
    /// Something that asks for no answer of ours.
    Nothing,
}

/// What an interaction says.
pub(super) fn translate(interaction: &Value, menu: &CommandMenu, place: Option<Place>) -> Asked {
    let data = interaction.get("data").unwrap_or(&Value::Null);
    let command = match interaction.get("type").and_then(Value::as_u64) {
        Some(2) if text(data, "name") == Some(menu.name()) => menu.typed(data),
        Some(2) => {
            let name = domain::shorten(text(data, "name").unwrap_or_default(), 32);
            return Asked::Not(format!(
                "I do not know the command /{name}. Use /{} instead.",
                menu.name()
            ));
        }
        Some(3) => match text(data, "custom_id").and_then(|id| id.strip_prefix(CUSTOM)) {
            Some(command) => command.to_owned(),
            None => {
                return Asked::Not(format!(
                    "I do not know this button any more. Use /{} instead.",
                    menu.name()
                ));
            }
        },
        _ => return Asked::Nothing,
    };
    let in_words = menu.is_asked(data);
    let event = place.and_then(|place| given(interaction, place, command, in_words));
    event.map_or_else(
        || Asked::Not("I could not read what Discord sent. Ask again with a mention.".to_owned()),
        |heard| Asked::Command(Box::new(heard)),
    )
}

/// Who did it.
pub(super) fn author_of(interaction: &Value) -> Option<Author> {
    let member = interaction.get("member").filter(|member| member.is_object());
    let member = member.unwrap_or(&Value::Null);
    let user = member.get("user").or_else(|| interaction.get("user"))?;
    author(user, member, AuthorKind::Human)
}

fn given(interaction: &Value, place: Place, command: String, in_words: bool) -> Option<Heard> {
    let external = id(interaction, "id")?;
    let at = made(external)?;
    let event = Event::CommandGiven {
        place,
        author: author_of(interaction)?,
        mentions: mentions(&command, "", &Names::default()),
        text: domain::clean(&command),
        in_words,
        reply: Some(Reply::Interaction {
            application: id(interaction, "application_id")?.to_owned(),
            token: text(interaction, "token")?.to_owned(),
            until: later(at, USED),
            further: false,
        }),
        at,
    };
    Some(heard(
        event,
        vec![format!("discord:interaction:{external}")],
        interaction,
    ))
}

/// Serves one interaction.
pub(super) async fn serve(discord: &Discord, engine: &Engine, menu: &CommandMenu, interaction: &Value) {
    let place = whereabouts(discord, interaction);
    if interaction.get("type").and_then(Value::as_u64) == Some(COMPLETION) {
        return complete(discord, engine, menu, interaction, place).await;
    }
    match translate(interaction, menu, place) {
        Asked::Command(heard) => {
            let (deferred, kept) = keep_and_defer(discord, engine, &heard, interaction).await;
            if let Err(trouble) = deferred {
                // The answer comes as a message then.
                tracing::warn!(%trouble, "an interaction could not be deferred");
            }
            if kept.is_ok() {
                remember(engine, &heard, interaction).await;
            }
            if let Err(error) = kept {
                let id = crate::telemetry::report(&error, "a command from Discord could not be kept");
                sorry(discord, interaction, &format!("I could not take this command: my database failed (error {id}). Give it again, or tell whoever runs Callsheet.")).await;
            }
        }
        Asked::Not(why) => {
            let answer = json!({ "type": MESSAGE, "data": { "content": why, "flags": EPHEMERAL, "allowed_mentions": { "parse": [] } } });
            if let Err(trouble) = respond(discord, interaction, answer).await {
                tracing::warn!(%trouble, "an interaction could not be answered");
            }
        }
        Asked::Nothing => {}
    }
}

/// Commits a command and then defers it: what people see as "thinking" is not lost in a crash. Where the commit takes long,
/// Discord's 3 s do not wait for it.
async fn keep_and_defer(
    discord: &Discord,
    engine: &Engine,
    heard: &Heard,
    interaction: &Value,
) -> (Result<(), Trouble>, Result<Seen, StoreError>) {
    let defer = respond(discord, interaction, json!({ "type": DEFERRED }));
    let keep = intake::commit(engine, heard);
    tokio::pin!(keep);
    tokio::select! {
        kept = &mut keep => (defer.await, kept),
        () = engine.clock.deadline(later(engine.clock.now(), DEFER_AFTER)) => futures::join!(defer, keep),
    }
}

/// Notes that what is said at a command's place concerns us.
async fn remember(engine: &Engine, heard: &Heard, interaction: &Value) {
    let (Some(place), Some(id)) = (heard.event.place(), id(interaction, "id").and_then(number)) else {
        return;
    };
    let noted: Result<(), StoreError> = async {
        let now = engine.clock.now();
        let mut tx = engine.db.begin().await?;
        watermarks::begin(&mut tx, place, id, now).await?;
        tx.commit("watermark").await
    }
    .await;
    if let Err(error) = noted {
        // The next message or command there does it too.
        crate::telemetry::report(&error, "the place of a command could not be noted");
    }
}

/// The place of an interaction; its channel comes with it.
fn whereabouts(discord: &Discord, interaction: &Value) -> Option<Place> {
    let channel = interaction.get("channel").unwrap_or(&Value::Null);
    let guild = id(interaction, "guild_id");
    discord.channels().learn_missing(channel, guild);
    let channel_id = id(interaction, "channel_id").or_else(|| id(channel, "id"))?;
    let known = discord.channels().get(channel_id).unwrap_or_default();
    place(channel_id, &known, guild)
}

/// <https://discord.com/developers/docs/interactions/receiving-and-responding#create-interaction-response>
pub(super) async fn respond(discord: &Discord, interaction: &Value, answer: Value) -> Result<(), Trouble> {
    let (Some(external), Some(token)) = (id(interaction, "id"), text(interaction, "token")) else {
        return Err(Trouble::Lost("the interaction has no id".to_owned()));
    };
    let route = Route::InteractionResponse {
        interaction_id: typed(external)?,
        token,
    };
    let call = Call::new(LightMethod::Post, route, "POST callback", external).body(answer);
    discord.within(HANDSHAKE, call).await.map(drop)
}

/// Puts a sentence in place of "thinking".
async fn sorry(discord: &Discord, interaction: &Value, sentence: &str) {
    let (Some(application), Some(token)) = (id(interaction, "application_id"), text(interaction, "token"))
    else {
        return;
    };
    let body = json!({ "content": sentence, "allowed_mentions": { "parse": [] } });
    let open = Open {
        further: false,
        application,
        token,
        fresh_until: discord.clock().now(),
    };
    let told = match original(LightMethod::Patch, open) {
        Ok(call) => discord.within(HANDSHAKE, call.body(body)).await,
        Err(trouble) => Err(trouble),
    };
    if let Err(trouble) = told {
        tracing::warn!(%trouble, "nobody could be told that a command was lost");
    }
}
