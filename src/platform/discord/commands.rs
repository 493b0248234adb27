//! The application command: how the grammar stands in Discord's menu, and how what was picked there is typed.
//!
//! Each command of the grammar is a subcommand, a group of them a subcommand group; `ask` takes free text, since a command
//! with subcommands cannot be called bare.
//! <https://discord.com/developers/docs/interactions/application-commands>

use std::time::Duration;

use serde_json::{Value, json};
use serenity::http::{LightMethod, Route};

use super::client::{Call, Discord, Trouble, typed};
use super::json::{list, text};
use crate::domain::{Argument, Verb, shorten};

/// The subcommand for free text, and its option.
const ASK: &str = "ask";
/// See [`ASK`].
const TEXT: &str = "text";
/// Subcommands on a level, and options of one.
const MOST: usize = 25;
/// The longest description, in characters.
const DESCRIPTION: usize = 100;
/// How long registering may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A command without arguments or subcommands, a group, a text: the types of options.
const SUBCOMMAND: u64 = 1;
/// See [`SUBCOMMAND`].
const GROUP: u64 = 2;
/// See [`SUBCOMMAND`].
const STRING: u64 = 3;

/// The one command of the bot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandMenu {
    name: String,
    verbs: Vec<Verb>,
}

impl CommandMenu {
    /// A menu of the grammar under a name such as `/pm`. A name that Discord does not take becomes `pm`.
    pub fn new(name: &str, verbs: Vec<Verb>) -> Self {
        let name = name.trim_start_matches('/').to_lowercase();
        let name = if is_name(&name) { name } else { "pm".to_owned() };
        Self { name, verbs }
    }

    /// The command's name, without its slash.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// <https://discord.com/developers/docs/interactions/application-commands#application-command-object>
    pub(super) fn definition(&self) -> Value {
        let ask = json!({
            "type": SUBCOMMAND, "name": ASK, "description": "Ask in plain words, or give any command",
            "options": [{ "type": STRING, "name": TEXT, "description": "What you want to know or have done", "required": true }],
        });
        let verbs = self
            .verbs
            .iter()
            .filter(|verb| is_name(&verb.name) && verb.name != ASK);
        let options: Vec<Value> = std::iter::once(ask).chain(verbs.map(option)).take(MOST).collect();
        json!({
            "type": 1, "name": self.name, "description": "Projects, issues and reports", "options": options,
        })
    }

    /// What was picked, as it would be typed.
    /// <https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object-application-command-data-structure>
    pub(super) fn typed(&self, data: &Value) -> String {
        let mut words = Vec::new();
        let mut verbs = self.verbs.as_slice();
        let mut arguments: &[Argument] = &[];
        let mut level: Vec<&Value> = list(data, "options").collect();
        while let Some(picked) = level.first().filter(|option| kind(option) != STRING) {
            let name = text(picked, "name").unwrap_or_default();
            let inside: Vec<&Value> = list(picked, "options").collect();
            if name == ASK && words.is_empty() {
                return inside
                    .first()
                    .and_then(|option| text(option, "value"))
                    .unwrap_or_default()
                    .trim()
                    .to_owned();
            }
            words.push(name.to_owned());
            let verb = verbs.iter().find(|verb| verb.name == name);
            arguments = verb.map_or(&[], |verb| verb.arguments.as_slice());
            verbs = verb.map_or(&[], |verb| verb.verbs.as_slice());
            level = inside;
        }
        // In the grammar's order, whatever order they were filled in.
        let value = |argument: &Argument| {
            let option = level
                .iter()
                .find(|option| text(option, "name") == Some(&name(argument)))?;
            let value = option.get("value")?;
            Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        };
        for argument in arguments {
            if let Some(value) = value(argument).filter(|value| !value.trim().is_empty()) {
                words.extend(argument.flag.clone());
                words.push(quoted(value.trim()));
            }
        }
        words.join(" ")
    }
}

fn kind(option: &Value) -> u64 {
    option.get("type").and_then(Value::as_u64).unwrap_or(STRING)
}

/// Whether Discord takes a text as a name: lower-case letters, digits, `-` and `_`.
/// <https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-naming>
fn is_name(text: &str) -> bool {
    let fits = |c: char| (c.is_alphanumeric() && !c.is_uppercase()) || matches!(c, '-' | '_');
    (1..=32).contains(&text.chars().count()) && text.chars().all(fits)
}

/// An argument's name as Discord takes it.
fn name(argument: &Argument) -> String {
    argument.name.to_lowercase()
}

fn option(verb: &Verb) -> Value {
    if !verb.verbs.is_empty() {
        let inside: Vec<Value> = verb
            .verbs
            .iter()
            .filter(|verb| is_name(&verb.name))
            .take(MOST)
            .map(option)
            .collect();
        return json!({ "type": GROUP, "name": verb.name, "description": described(&verb.about), "options": inside });
    }
    let mut arguments: Vec<&Argument> = verb
        .arguments
        .iter()
        .filter(|argument| is_name(&name(argument)))
        .collect();
    // Discord wants what is required first.
    arguments.sort_by_key(|argument| !argument.required);
    let arguments: Vec<Value> = arguments
        .into_iter()
        .take(MOST)
        .map(|argument| {
            let mut option =
                json!({ "type": STRING, "name": name(argument), "description": described(&argument.about) });
            if argument.required {
                option["required"] = json!(true);
            }
            option
        })
        .collect();
    json!({ "type": SUBCOMMAND, "name": verb.name, "description": described(&verb.about), "options": arguments })
}

fn described(about: &str) -> String {
    let about = if about.trim().is_empty() {
        "Words"
    } else {
        about.trim()
    };
    shorten(about, DESCRIPTION)
}

/// A value as one word of a command line.
fn quoted(value: &str) -> String {
    if value
        .chars()
        .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '/' | '#'))
        && !value.starts_with('-')
    {
        return value.to_owned();
    }
    let mut quoted = String::from("\"");
    for c in value.chars() {
        // Typographic quotes count as plain ones in the grammar.
        if matches!(c, '"' | '\\' | '$' | '`' | '“' | '”' | '„' | '«' | '»') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

/// The parts of a definition that we set; Discord adds ids, versions and what was left out.
pub(super) fn essence(definition: &Value) -> Value {
    let options: Vec<Value> = list(definition, "options").map(essence).collect();
    json!({
        "type": definition.get("type").cloned().unwrap_or(json!(1)), "name": definition["name"],
        "description": definition["description"], "options": options,
        "required": definition.get("required") == Some(&json!(true)),
    })
}

/// Makes the command known, unless Discord knows it just so; true when it did not.
/// <https://discord.com/developers/docs/interactions/application-commands#bulk-overwrite-global-application-commands>
pub(super) async fn register(
    discord: &Discord,
    application: &str,
    menu: &CommandMenu,
) -> Result<bool, Trouble> {
    let commands = |method, name| -> Result<Call<'static>, Trouble> {
        let route = Route::Commands {
            application_id: typed(application)?,
        };
        Ok(Call::new(method, route, name, application))
    };
    let known = discord.read(commands(LightMethod::Get, "GET commands")?).await?;
    let wanted = menu.definition();
    let same = |known: &Value| match known.as_array().map(Vec::as_slice) {
        Some([one]) => essence(one) == essence(&wanted),
        _ => false,
    };
    if same(&known) {
        return Ok(false);
    }
    let call = commands(LightMethod::Put, "PUT commands")?.body(json!([wanted]));
    discord.within(PATIENCE, call).await?;
    Ok(true)
}
