//! The grammar as data: what platforms show of it.

use std::any::TypeId;

use clap::{ArgAction, CommandFactory};

use super::Command;
use crate::action::ScheduleKey;
use crate::domain::{Argument, ArgumentKind, Verb};

/// What an argument is called that names a project, in every command.
const PROJECT: &str = "project";

/// What an argument is called that names a question.
const GATE: &str = "gate";

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
        kind: kind(argument),
    });
    Verb {
        name: command.get_name().to_owned(),
        about: command.get_about().map(ToString::to_string).unwrap_or_default(),
        arguments: arguments.collect(),
        verbs: command.get_subcommands().map(verb).collect(),
    }
}

/// What an argument can be, by the type it is read as.
pub(super) fn kind(argument: &clap::Arg) -> ArgumentKind {
    if matches!(argument.get_action(), ArgAction::SetTrue | ArgAction::SetFalse) {
        return ArgumentKind::Flag;
    }
    let words = argument.get_possible_values();
    if !words.is_empty() {
        let shown = words.iter().filter(|word| !word.is_hide_set());
        return ArgumentKind::Choice(shown.map(|word| word.get_name().to_owned()).collect());
    }
    if argument.get_id() == GATE {
        return ArgumentKind::Gate;
    }
    let read = argument.get_value_parser().type_id();
    if read == TypeId::of::<u32>() || read == TypeId::of::<ScheduleKey>() {
        ArgumentKind::Number
    } else if argument.get_id() == PROJECT {
        ArgumentKind::Project
    } else {
        ArgumentKind::Text
    }
}
