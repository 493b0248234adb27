//! Completions: what a person may mean while they type an option.
//! <https://discord.com/developers/docs/interactions/application-commands#autocomplete>
//!
//! 1. A completion is a handshake: answered at once, outside the journal. It reads only, and is harmless when it is lost.
//! 2. What may be suggested to whom is asked of [`Suggest`]: this room may not look at the actions, which ask the judge.

use std::time::Duration;

use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::client::Discord;
use super::commands::CommandMenu;
use super::interactions::{author_of, respond};
use crate::domain::{ArgumentKind, Author, Place, shorten};
use crate::engine::Engine;

/// The choices of an option, and the longest name and value of one, in characters.
/// <https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-option-choice-structure>
const CHOICES: usize = 25;
/// See [`CHOICES`].
const LONGEST: usize = 100;
/// How long looking may take; Discord waits 3 s.
const LOOKING: Duration = Duration::from_millis(1500);
/// The type of an answer that completes.
const COMPLETED: u64 = 8;

/// One thing that may be meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What people read.
    pub name: String,
    /// What is typed when they choose it: a text of 100 characters at most, or a number.
    pub value: Value,
}

/// Knows what a person may mean. `app` has the one implementation: the order of the rooms keeps this one from asking itself.
pub trait Suggest: Send + Sync {
    /// What may be meant by `so_far`, the likeliest first; only what this person may read where they type. Never fails: who
    /// gets no suggestion types on.
    fn suggest<'a>(
        &'a self,
        kind: &'a ArgumentKind,
        author: &'a Author,
        place: &'a Place,
        so_far: &'a str,
    ) -> BoxFuture<'a, Vec<Choice>>;
}

/// Answers one completion.
pub(super) async fn complete(
    discord: &Discord,
    engine: &Engine,
    menu: &CommandMenu,
    interaction: &Value,
    place: Option<Place>,
) {
    let data = interaction.get("data").unwrap_or(&Value::Null);
    let asked = (menu.typing(data), author_of(interaction), place, menu.suggest());
    let choices = match asked {
        (Some(typing), Some(author), Some(place), Some(suggest)) => {
            let looked = suggest.suggest(typing.kind, &author, &place, &typing.so_far);
            // Too late is as good as nothing.
            engine.clock.timeout(LOOKING, looked).await.unwrap_or_default()
        }
        _ => Vec::new(),
    };
    let fits = |choice: &Choice| match choice.value.as_str() {
        Some(text) => (1..=LONGEST).contains(&text.chars().count()),
        None => choice.value.is_i64(),
    };
    let choices: Vec<Value> = choices
        .into_iter()
        .filter(fits)
        .take(CHOICES)
        .map(|choice| json!({ "name": shorten(&choice.name, LONGEST), "value": choice.value }))
        .collect();
    let answer = json!({ "type": COMPLETED, "data": { "choices": choices } });
    if let Err(trouble) = respond(discord, interaction, answer).await {
        tracing::debug!(%trouble, "a completion came too late");
    }
}
