//! The application command: how the grammar stands in Discord's menu, and how what was picked there is typed.
//!
//! Each command of the grammar is a subcommand, a group of them a subcommand group; `ask` takes free text, since a command
//! with subcommands cannot be called bare. Options have the type that the grammar reads them as; projects and
//! questions are completed while they are typed.
//! <https://discord.com/developers/docs/interactions/application-commands>

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use serenity::http::{LightMethod, Route};

use super::client::{Call, Discord, Trouble, typed};
use super::completion::Suggest;
use super::json::{list, text};
use crate::domain::{Argument, ArgumentKind, Verb, in_quotes, quoted, shorten};

/// The subcommand for free text, and its option.
const ASK: &str = "ask";
/// See [`ASK`].
const TEXT: &str = "text";
/// Subcommands on a level, and options of one.
const MOST: usize = 25;
/// The longest description, in characters.
const DESCRIPTION: usize = 100;
/// Characters of names, descriptions and choices of a command together.
/// <https://discord.com/developers/docs/interactions/application-commands#limits>
const ALTOGETHER: usize = 8_000;
/// How short descriptions may become so that all of them fit, in characters.
const SHORTEST: usize = 20;
/// How long registering may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A command without arguments or subcommands, a group, a text, a whole number, yes or no: the types of options.
const SUBCOMMAND: u64 = 1;
/// See [`SUBCOMMAND`].
const GROUP: u64 = 2;
/// See [`SUBCOMMAND`].
const STRING: u64 = 3;
/// See [`SUBCOMMAND`].
const INTEGER: u64 = 4;
/// See [`SUBCOMMAND`].
const BOOLEAN: u64 = 5;

/// An option that somebody is typing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Typing<'a> {
    /// What it can be.
    pub(super) kind: &'a ArgumentKind,
    /// What stands there so far.
    pub(super) so_far: String,
}

/// The one command of the bot.
#[derive(Clone)]
pub struct CommandMenu {
    name: String,
    verbs: Vec<Verb>,
    suggest: Option<Arc<dyn Suggest>>,
}

impl CommandMenu {
    /// A menu of the grammar under a name such as `/pm`. A name that Discord does not take becomes `pm`.
    pub fn new(name: &str, verbs: Vec<Verb>) -> Self {
        let name = name.trim_start_matches('/').to_lowercase();
        let name = if is_name(&name) { name } else { "pm".to_owned() };
        Self {
            name,
            verbs,
            suggest: None,
        }
    }

    /// With completions of what is typed there.
    #[must_use]
    pub fn suggesting(mut self, suggest: Arc<dyn Suggest>) -> Self {
        self.suggest = Some(suggest);
        self
    }

    /// Who knows what may be meant.
    pub(super) fn suggest(&self) -> Option<&dyn Suggest> {
        self.suggest.as_deref()
    }

    /// The command's name, without its slash.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The command as Discord is told of it. Its descriptions are as long as the whole allows.
    /// <https://discord.com/developers/docs/interactions/application-commands#application-command-object>
    pub fn definition(&self) -> Value {
        let fits = |most: &usize| length(&self.described(*most)) <= ALTOGETHER;
        let most = (SHORTEST..=DESCRIPTION).rev().find(fits).unwrap_or(SHORTEST);
        self.described(most)
    }

    fn described(&self, most: usize) -> Value {
        let ask = json!({
            "type": SUBCOMMAND, "name": ASK, "description": "Ask in plain words, or give any command",
            "options": [{ "type": STRING, "name": TEXT, "description": "What you want to know or have done", "required": true }],
        });
        let verbs = self
            .verbs
            .iter()
            .filter(|verb| is_name(&verb.name) && verb.name != ASK);
        let options: Vec<Value> = std::iter::once(ask)
            .chain(verbs.map(|verb| option(verb, most)))
            .take(MOST)
            .collect();
        json!({
            "type": 1, "name": self.name, "description": "Projects, issues and reports", "options": options,
        })
    }

    /// What was picked, as it would be typed.
    /// <https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object-application-command-data-structure>
    pub(super) fn typed(&self, data: &Value) -> String {
        let picked = self.picked(data);
        if picked.words == [ASK] {
            let asked = picked.options.first().and_then(|option| text(option, "value"));
            return asked.unwrap_or_default().trim().to_owned();
        }
        let mut words: Vec<String> = picked.words.iter().map(|word| (*word).to_owned()).collect();
        let mut skipped = false;
        // In the grammar's order, whatever order they were filled in.
        for argument in picked.arguments {
            let given = |option: &&&Value| text(option, "name") == Some(&name(argument));
            let option = picked.options.iter().find(given);
            let Some(value) = option.and_then(|option| option.get("value")) else {
                skipped |= argument.flag.is_none();
                continue;
            };
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            match (&argument.kind, value.trim()) {
                (_, "") => {}
                (ArgumentKind::Flag, said) => words.extend(argument.flag.clone().filter(|_| said == "true")),
                // A reason without its question: a bare word in its place would be taken for a number.
                (ArgumentKind::Text, value) if skipped && argument.flag.is_none() => {
                    words.push(in_quotes(value))
                }
                (_, value) => {
                    words.extend(argument.flag.clone());
                    words.push(quoted(value));
                }
            }
        }
        words.join(" ")
    }

    /// Whether free text was given in place of a command.
    pub(super) fn is_asked(&self, data: &Value) -> bool {
        self.picked(data).words == [ASK]
    }

    /// The option that somebody is typing right now.
    /// <https://discord.com/developers/docs/interactions/application-commands#autocomplete>
    pub(super) fn typing(&self, data: &Value) -> Option<Typing<'_>> {
        let picked = self.picked(data);
        let focused = |option: &&&Value| option.get("focused") == Some(&Value::Bool(true));
        let option = picked.options.iter().find(focused)?;
        let is_it = |argument: &&Argument| text(option, "name") == Some(&name(argument));
        Some(Typing {
            kind: &picked.arguments.iter().find(is_it)?.kind,
            // What stands in a number's place so far is a text until it is one.
            so_far: match option.get("value") {
                Some(Value::String(text)) => text.clone(),
                Some(Value::Number(number)) => number.to_string(),
                _ => String::new(),
            },
        })
    }

    /// The way to a command, and what was filled in there.
    fn picked<'menu, 'data>(&'menu self, data: &'data Value) -> Picked<'menu, 'data> {
        let mut found = Picked {
            words: Vec::new(),
            arguments: &[],
            options: list(data, "options").collect(),
        };
        let mut verbs = self.verbs.as_slice();
        while let Some(picked) = found.options.first().filter(|option| kind(option) <= GROUP) {
            let name = text(picked, "name").unwrap_or_default();
            let verb = verbs.iter().find(|verb| verb.name == name);
            found.words.push(name);
            found.arguments = verb.map_or(&[], |verb| verb.arguments.as_slice());
            verbs = verb.map_or(&[], |verb| verb.verbs.as_slice());
            found.options = list(picked, "options").collect();
        }
        found
    }
}

/// What was picked from the menu.
struct Picked<'menu, 'data> {
    words: Vec<&'data str>,
    arguments: &'menu [Argument],
    options: Vec<&'data Value>,
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

fn option(verb: &Verb, most: usize) -> Value {
    if !verb.verbs.is_empty() {
        let inside: Vec<Value> = verb
            .verbs
            .iter()
            .filter(|verb| is_name(&verb.name))
            .take(MOST)
            .map(|verb| option(verb, most))
            .collect();
        return json!({ "type": GROUP, "name": verb.name, "description": short(&verb.about, most), "options": inside });
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
        .map(|argument| typed_option(argument, most))
        .collect();
    json!({ "type": SUBCOMMAND, "name": verb.name, "description": short(&verb.about, most), "options": arguments })
}

/// An argument as an option of its type.
/// <https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-option-structure>
fn typed_option(argument: &Argument, most: usize) -> Value {
    let kind = match &argument.kind {
        ArgumentKind::Text | ArgumentKind::Choice(_) | ArgumentKind::Project => STRING,
        ArgumentKind::Number | ArgumentKind::Gate => INTEGER,
        ArgumentKind::Flag => BOOLEAN,
    };
    let mut option =
        json!({ "type": kind, "name": name(argument), "description": short(&argument.about, most) });
    if argument.required {
        option["required"] = json!(true);
    }
    match &argument.kind {
        ArgumentKind::Number => option["min_value"] = json!(1),
        ArgumentKind::Project | ArgumentKind::Gate => option["autocomplete"] = json!(true),
        // More than Discord takes are typed.
        ArgumentKind::Choice(words) if words.len() <= MOST => {
            let choices = words.iter().map(|word| json!({ "name": word, "value": word }));
            option["choices"] = choices.collect();
        }
        ArgumentKind::Choice(_) | ArgumentKind::Text | ArgumentKind::Flag => {}
    }
    option
}

fn short(about: &str, most: usize) -> String {
    let about = if about.trim().is_empty() {
        "Words"
    } else {
        about.trim()
    };
    shorten(about, most)
}

/// What Discord counts of a definition against [`ALTOGETHER`].
fn length(definition: &Value) -> usize {
    let text = |name| text(definition, name).map_or(0, |text| text.chars().count());
    let inside = ["options", "choices"].into_iter();
    let inside: usize = inside.flat_map(|name| list(definition, name)).map(length).sum();
    text("name") + text("description") + text("value") + inside
}

/// The parts of a definition that we set; Discord adds ids, versions and what was left out.
pub(super) fn essence(definition: &Value) -> Value {
    let options: Vec<Value> = list(definition, "options").map(essence).collect();
    let choices: Vec<&Value> = list(definition, "choices")
        .map(|choice| &choice["value"])
        .collect();
    let is = |field: &str| definition.get(field) == Some(&json!(true));
    json!({
        "type": definition.get("type").cloned().unwrap_or(json!(1)), "name": definition["name"],
        "description": definition["description"], "options": options, "choices": choices,
        "required": is("required"), "autocomplete": is("autocomplete"), "min_value": definition.get("min_value"),
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
