//! Application commands: registering them, and finding what a person typed among them.
//! <https://discord.com/developers/docs/interactions/application-commands>

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::check;
use super::rest::{Answer, Refusal};
use super::routes::Target;
use super::state::{APP, GUILD, State};

/// Options on one level, and choices of an option.
const OPTIONS: usize = 25;
/// Characters of names, descriptions and choices of a command together.
/// <https://discord.com/developers/docs/interactions/application-commands#limits>
const TOTAL: usize = 8_000;

/// Fields of a command.
const FIELDS: &str = "id name name_localizations description description_localizations options default_member_permissions \
                      dm_permission default_permission integration_types contexts type nsfw handler";
/// Fields of an option.
const OPTION_FIELDS: &str = "type name name_localizations description description_localizations required choices options \
                             channel_types min_value max_value min_length max_length autocomplete";

/// Serves a call under `/applications/{application}/…commands`.
pub(super) fn serve(state: &mut State, target: &Target, body: &Value) -> Answer {
    let in_guild = target.route.contains("{guild}");
    if target.route.starts_with("PUT ") {
        let registered = overwrite(state, body, in_guild)?;
        let list = if in_guild {
            &mut state.guild_commands
        } else {
            &mut state.commands
        };
        *list = registered;
    }
    let list = if in_guild {
        &state.guild_commands
    } else {
        &state.commands
    };
    Ok((200, json!(list)))
}

/// <https://discord.com/developers/docs/interactions/application-commands#bulk-overwrite-global-application-commands>
fn overwrite(state: &mut State, body: &Value, in_guild: bool) -> Result<Vec<Value>, Refusal> {
    let Some(commands) = body.as_array() else {
        return Err(Refusal::form(
            "_root",
            "LIST_TYPE_CONVERT",
            "Only iterables may be used in a ListType",
        ));
    };
    let mut names = BTreeSet::new();
    let mut out = Vec::new();
    for (at, command) in commands.iter().enumerate() {
        let path = at.to_string();
        let fields = check::fields(state, command, FIELDS)?;
        check_named(fields, &path)?;
        if !matches!(fields.get("type"), None | Some(Value::Null)) && fields["type"] != 1 {
            state.problem("the fake knows slash commands only");
        }
        if !names.insert(command["name"].as_str()) {
            let message = "Application command names must be unique";
            return Err(Refusal::form(
                &path,
                "APPLICATION_COMMANDS_DUPLICATE_NAME",
                message,
            ));
        }
        check_options(
            state,
            &command["options"],
            &path,
            Level {
                depth: 0,
                in_group: false,
            },
        )?;
        if length(command) > TOTAL {
            let message = format!("Command exceeds maximum size of {TOTAL}");
            return Err(Refusal::form(&path, "APPLICATION_COMMAND_TOO_LARGE", &message));
        }
        let mut kept = command.clone();
        for (name, value) in [
            ("id", state.next_id()),
            ("version", state.next_id()),
            ("application_id", APP),
        ] {
            kept[name] = json!(value.to_string());
        }
        kept["type"] = json!(1);
        if in_guild {
            kept["guild_id"] = json!(GUILD.to_string());
        }
        out.push(kept);
    }
    Ok(out)
}

/// <https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-naming>
fn check_named(fields: &Map<String, Value>, path: &str) -> Result<(), Refusal> {
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    let name = text("name");
    let shape = |c: char| matches!(c, '-' | '_' | '\'') || (c.is_alphanumeric() && !c.is_uppercase());
    if !(1..=32).contains(&name.chars().count()) || !name.chars().all(shape) {
        let message = "Command name is invalid";
        return Err(Refusal::form(
            &format!("{path}.name"),
            "APPLICATION_COMMAND_INVALID_NAME",
            message,
        ));
    }
    if !(1..=100).contains(&text("description").chars().count()) {
        let message = "Must be between 1 and 100 in length.";
        return Err(Refusal::form(
            &format!("{path}.description"),
            "BASE_TYPE_BAD_LENGTH",
            message,
        ));
    }
    Ok(())
}

/// Where an option stands: 0 in the command, 1 in a subcommand or group, 2 in a subcommand of a group.
#[derive(Clone, Copy)]
struct Level {
    /// How deep.
    depth: u8,
    /// In a group, which holds subcommands only.
    in_group: bool,
}

fn option_type(option: &Value) -> u64 {
    option["type"].as_u64().unwrap_or_default()
}

/// <https://discord.com/developers/docs/interactions/application-commands#subcommands-and-subcommand-groups>
fn check_options(state: &mut State, options: &Value, path: &str, level: Level) -> Result<(), Refusal> {
    let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
    let path = format!("{path}.options");
    if options.len() > OPTIONS {
        return Err(Refusal::form(
            &path,
            "BASE_TYPE_MAX_LENGTH",
            "Must be 25 or fewer in length.",
        ));
    }
    let nested = options.iter().filter(|option| option_type(option) <= 2).count();
    if nested != 0 && nested != options.len() {
        let message =
            "Sub-command and sub-command group option types are mutually exclusive to all other types";
        return Err(Refusal::form(
            &path,
            "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
            message,
        ));
    }
    let (mut names, mut optional) = (BTreeSet::new(), false);
    for (at, option) in options.iter().enumerate() {
        let path = format!("{path}.{at}");
        check_option(state, option, &path, level)?;
        if !names.insert(option["name"].as_str()) {
            let message = "Option name already exists";
            return Err(Refusal::form(
                &path,
                "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS",
                message,
            ));
        }
        let required = option["required"] == true;
        if required && optional {
            let message = "Required options must be placed before non-required options";
            return Err(Refusal::form(
                &path,
                "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                message,
            ));
        }
        optional |= !required;
    }
    Ok(())
}

fn check_option(state: &mut State, option: &Value, path: &str, level: Level) -> Result<(), Refusal> {
    let fields = check::fields(state, option, OPTION_FIELDS)?;
    check_named(fields, path)?;
    let kind = option_type(option);
    // A group (2) stands at the top, a subcommand (1) at the top or in a group.
    let fits = match kind {
        1 => level.depth == 0 || level.in_group,
        2 => level.depth == 0,
        3..=11 => !level.in_group,
        _ => false,
    };
    if !fits {
        let message = "Options of this type cannot stand here";
        return Err(Refusal::form(
            path,
            "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
            message,
        ));
    }
    let choices = option["choices"].as_array().map(Vec::len).unwrap_or_default();
    if choices > OPTIONS || (choices > 0 && option["autocomplete"] == true) {
        let message = "Too many choices, or choices beside autocomplete";
        return Err(Refusal::form(
            path,
            "APPLICATION_COMMAND_OPTIONS_CHOICES_INVALID",
            message,
        ));
    }
    if kind > 2 {
        return Ok(());
    }
    let inside = Level {
        depth: level.depth + 1,
        in_group: kind == 2,
    };
    check_options(state, &option["options"], path, inside)
}

/// <https://discord.com/developers/docs/interactions/application-commands#limits>
fn length(value: &Value) -> usize {
    let text = |name: &str| value[name].as_str().map_or(0, |text| text.chars().count());
    let lists = ["options", "choices"]
        .into_iter()
        .filter_map(|name| value[name].as_array());
    text("name") + text("description") + text("value") + lists.flatten().map(length).sum::<usize>()
}

/// What a person typed after `/pm`: the way to the subcommand, and the options by name.
pub(super) struct Typed<'a> {
    /// For example `status`, or `schedule add`.
    pub(super) path: &'a str,
    /// Options, as typed.
    pub(super) options: &'a [(&'a str, &'a str)],
    /// The option being typed, for an autocompletion.
    pub(super) focused: Option<&'a str>,
}

impl State {
    /// The `data` of the interaction that typing a command brings, as its registration says; nothing, and a problem, when
    /// Discord's window would not let a person type that.
    pub(super) fn typed(&mut self, command: &str, typed: &Typed) -> Option<Value> {
        match self.command_data(command, typed) {
            Ok(data) => Some(data),
            Err(why) => {
                self.problem(format!("nobody can type /{command} {}: {why}", typed.path));
                None
            }
        }
    }

    fn command_data(&mut self, name: &str, typed: &Typed) -> Result<Value, String> {
        let found = self
            .guild_commands
            .iter()
            .chain(&self.commands)
            .find(|command| command["name"] == name);
        let command = found.cloned().ok_or("no such command is registered")?;
        let mut level = command["options"].clone();
        let mut way = Vec::new();
        for word in typed.path.split_whitespace() {
            let next = level
                .as_array()
                .into_iter()
                .flatten()
                .find(|option| option["name"] == word)
                .cloned();
            let next = next.filter(|option| matches!(option["type"].as_u64(), Some(1 | 2)));
            let next = next.ok_or_else(|| format!("no subcommand {word} is registered"))?;
            level = next["options"].clone();
            way.push((word, next["type"].clone()));
        }
        let known = level.as_array().cloned().unwrap_or_default();
        if known
            .iter()
            .any(|option| matches!(option["type"].as_u64(), Some(1 | 2)))
        {
            return Err("a command with subcommands cannot be called bare".to_owned());
        }
        let mut resolved = Map::new();
        let mut options = json!(self.option_values(&known, typed, &mut resolved)?);
        for (word, kind) in way.into_iter().rev() {
            options = json!([{ "name": word, "type": kind, "options": options }]);
        }
        let mut data = json!({ "id": command["id"], "name": name, "type": 1, "options": options });
        if let Some(guild) = command.get("guild_id") {
            data["guild_id"] = guild.clone();
        }
        if !resolved.is_empty() {
            data["resolved"] = json!(resolved);
        }
        Ok(data)
    }

    /// The options as they are sent; a person can leave out what is not required, and nothing else.
    fn option_values(
        &mut self,
        known: &[Value],
        typed: &Typed,
        resolved: &mut Map<String, Value>,
    ) -> Result<Vec<Value>, String> {
        if let Some((odd, _)) = typed
            .options
            .iter()
            .find(|(name, _)| !known.iter().any(|option| option["name"] == *name))
        {
            return Err(format!("it has no option {odd}"));
        }
        let mut out = Vec::new();
        for option in known {
            let name = option["name"].as_str().unwrap_or_default();
            let text = typed
                .options
                .iter()
                .find(|(wanted, _)| *wanted == name)
                .map(|(_, text)| *text);
            let Some(text) = text else {
                if option["required"] == true && typed.focused.is_none() {
                    return Err(format!("its option {name} is required"));
                }
                continue;
            };
            let mut value = json!({ "name": name, "type": option["type"] });
            if typed.focused == Some(name) {
                value["focused"] = json!(true);
                value["value"] = json!(text);
            } else {
                value["value"] = self.option_value(option, text, resolved)?;
            }
            out.push(value);
        }
        Ok(out)
    }

    fn option_value(
        &mut self,
        option: &Value,
        text: &str,
        resolved: &mut Map<String, Value>,
    ) -> Result<Value, String> {
        let choices = option["choices"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        if !choices.is_empty() {
            let chosen = choices
                .iter()
                .find(|choice| choice["name"] == text || choice["value"] == text);
            return chosen
                .map(|choice| choice["value"].clone())
                .ok_or_else(|| format!("{text} is not among the choices"));
        }
        let bad = || format!("{text} does not fit the option {}", option["name"]);
        let long = text.chars().count() as u64;
        Ok(match option["type"].as_u64() {
            Some(3) => {
                let most = option["max_length"].as_u64().unwrap_or(6_000);
                if long > most || long < option["min_length"].as_u64().unwrap_or(0) {
                    return Err(bad());
                }
                json!(text)
            }
            Some(4) => json!(text.parse::<i64>().map_err(|_| bad())?),
            Some(5) => json!(text.parse::<bool>().map_err(|_| bad())?),
            Some(10) => json!(text.parse::<f64>().map_err(|_| bad())?),
            Some(6) => {
                let id = self.user(text.trim_start_matches('@'), false);
                resolved.insert("users".to_owned(), json!({ id.to_string(): self.user_json(id) }));
                resolved.insert(
                    "members".to_owned(),
                    json!({ id.to_string(): Self::partial_member() }),
                );
                json!(id.to_string())
            }
            Some(7) => json!(self.place(text).to_string()),
            other => return Err(format!("the fake knows no options of type {other:?}")),
        })
    }
}
