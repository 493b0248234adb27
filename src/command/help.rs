//! The help, made from the grammar: there is no second text to forget.

use clap::CommandFactory;

use super::{Command, reading, verbs};
use crate::domain::{ArgumentKind, PersonError, shorten};

/// The command a path of names leads to.
pub(super) fn find(path: &[String]) -> Option<clap::Command> {
    let mut found = Command::command();
    for name in path {
        found = found.find_subcommand(name.to_lowercase())?.clone();
    }
    Some(found)
}

/// The help on everything, as Markdown.
pub fn overview(prefix: &str) -> String {
    format!(
        "Ask me in plain words, or use a command:\n\n{}\n\nFor example: *what is the status of Apollo?* or *create an issue \
         “Login fails” for Apollo*.",
        list(&Command::command(), prefix)
    )
}

/// The help, as Markdown: of one command by its path, or of all.
///
/// # Errors
/// When there is no such command.
pub fn help(path: &[String], prefix: &str) -> Result<String, PersonError> {
    let path: Vec<String> = path.iter().map(|name| name.to_lowercase()).collect();
    if path.is_empty() {
        return Ok(overview(prefix));
    }
    let Some(found) = find(&path) else {
        return Err(unknown(&path, prefix));
    };
    let name = found.get_name();
    let before = [&[prefix.to_owned()], &path[..path.len() - 1]].concat().join(" ");
    let heading = format!("{}: {}.\n", usage(&found, &before), about(&found));
    if found.has_subcommands() {
        let whole = format!("{before} {name}");
        return Ok(format!(
            "{heading}\n{}\n\n`{prefix} help {name} {}` tells more of one.",
            list(&found, &whole),
            first(&found)
        ));
    }
    let example = found.get_after_help().map_or_else(String::new, |example| {
        format!("\n\nFor example: `{prefix} {example}`")
    });
    Ok(format!("{heading}{}{example}", arguments(&found)))
}

/// There is no such command; the nearest of its group is named when it is near.
fn unknown(path: &[String], prefix: &str) -> PersonError {
    let (group, before, typed) = match (find(&path[..1]), path) {
        (Some(group), [first, rest @ ..]) if group.has_subcommands() => (group, format!("{first} "), rest),
        _ => (Command::command(), String::new(), path),
    };
    let typed = typed.join(" ");
    let names = group.get_subcommands().filter(|command| !command.is_hide_set());
    let nearest = reading::nearest(&typed, names.map(clap::Command::get_name));
    let nearest = nearest.map(|name| format!("{before}{name}"));
    no_command(&format!("{before}{typed}"), nearest.as_deref(), prefix)
}

/// There is no command of that name, but maybe one that is near.
pub(super) fn no_command(name: &str, nearest: Option<&str>, prefix: &str) -> PersonError {
    let why = nearest.map_or_else(
        || "there is none by that name".to_owned(),
        |nearest| format!("the nearest is `{nearest}`"),
    );
    PersonError::new(
        format!("I have no command `{}`", shorten(name, 40)),
        why,
        format!("`{prefix} help` lists them all"),
    )
}

/// The names that lead to a command, also when they came as one word.
pub(super) fn names(command: &[String]) -> Vec<String> {
    let words = command.iter().flat_map(|word| word.split_whitespace());
    words.map(str::to_owned).collect()
}

fn about(command: &clap::Command) -> String {
    command.get_about().map(ToString::to_string).unwrap_or_default()
}

/// The first command of a group.
fn first(group: &clap::Command) -> &str {
    group.get_subcommands().next().map_or("", clap::Command::get_name)
}

/// A command in one line, e.g. `/pm status [project]`.
fn usage(command: &clap::Command, before: &str) -> String {
    let positionals = command.get_positionals().map(|argument| {
        let name = argument.get_id();
        if argument.is_required_set() {
            format!(" <{name}>")
        } else {
            format!(" [{name}]")
        }
    });
    let options = options(command).map(|(name, option)| match verbs::kind(option) {
        ArgumentKind::Flag => format!(" [--{name}]"),
        ArgumentKind::Choice(words) => format!(" [--{name} {}]", words.join("|")),
        _ => format!(" [--{name} …]"),
    });
    let further: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    let further = if further.is_empty() {
        String::new()
    } else {
        format!(" {}", further.join("|"))
    };
    let words: String = positionals.chain(options).collect();
    format!("`{before} {}{further}{words}`", command.get_name())
}

fn options(command: &clap::Command) -> impl Iterator<Item = (&str, &clap::Arg)> {
    command
        .get_arguments()
        .filter_map(|option| option.get_long().map(|name| (name, option)))
}

/// The commands below one, a line each.
fn list(command: &clap::Command, before: &str) -> String {
    let lines = command
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
        .map(|command| format!("- {}: {}", usage(command, before), about(command)));
    lines.collect::<Vec<_>>().join("\n")
}

/// The arguments and options of a command, a line each.
fn arguments(command: &clap::Command) -> String {
    let help = |argument: &clap::Arg| argument.get_help().map(ToString::to_string).unwrap_or_default();
    let positionals = command
        .get_positionals()
        .map(|argument| format!("\n- `{}`: {}.", argument.get_id(), help(argument)));
    let options = options(command).map(|(name, option)| format!("\n- `--{name}`: {}.", help(option)));
    positionals.chain(options).collect()
}
