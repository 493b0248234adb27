//! The grammar as data: what platforms show of it.

use clap::CommandFactory;

use super::Command;
use crate::domain::{Argument, Verb};

/// Every command with its arguments, in the order of the help.
pub fn verbs() -> Vec<Verb> {
    let grammar = Command::command();
    let shown = grammar.get_subcommands().filter(|command| !command.is_hide_set());
    shown.map(verb).collect()
}

fn verb(command: &clap::Command) -> Verb {
    let arguments = command.get_arguments().map(|argument| Argument {
        name: argument.get_id().to_string(),
        about: argument.get_help().map(ToString::to_string).unwrap_or_default(),
        required: argument.is_required_set(),
        flag: argument.get_long().map(|long| format!("--{long}")),
    });
    Verb {
        name: command.get_name().to_owned(),
        about: command.get_about().map(ToString::to_string).unwrap_or_default(),
        arguments: arguments.collect(),
        verbs: command.get_subcommands().map(verb).collect(),
    }
}
