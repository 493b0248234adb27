//! One grammar for every surface: what can be typed after `/pm` in Slack, after the mention anywhere, and in the shell.
//!
//! The grammar is written once, here; its doc comments are the help. A line that does not parse is no command but a
//! sentence, and sentences go to the agent. Everything a command does works with no model configured.

mod handlers;
mod verbs;

#[cfg(test)]
mod tests;

use clap::{CommandFactory, Parser};

pub use handlers::run;
pub use verbs::verbs;

/// What I can do without a language model.
#[derive(Debug, Clone, PartialEq, Eq, Parser)]
#[command(
    name = "pm",
    no_binary_name = true,
    disable_help_flag = true,
    disable_help_subcommand = true
)]
#[command(disable_version_flag = true)]
pub enum Command {
    /// What I can do, or what one command does
    Help {
        /// A command
        command: Option<String>,
    },
    /// How a project stands: its status, its open issues and pull requests
    Status {
        /// The project; left out for the one this place belongs to. Quote names of several words
        project: Option<String>,
    },
    /// The projects you may see
    Projects,
    /// Whether every part of me works
    Health,
}

impl Command {
    /// The command a line says; none when it is a sentence. Typographic quotes and spaces count as plain ones.
    pub fn parse(line: &str) -> Option<Self> {
        let line: String = line
            .chars()
            .map(|c| match c {
                '“' | '”' | '„' | '«' | '»' => '"',
                '‘' | '’' => '\'',
                '\u{A0}' | '\u{202F}' | '\u{2007}' => ' ',
                other => other,
            })
            .collect();
        let line = line.trim().trim_end_matches(['?', '!', '.']);
        let mut words = shlex::split(line)?;
        let first = words.first_mut()?;
        *first = first.to_lowercase();
        Self::try_parse_from(words).ok()
    }
}

/// The help, as Markdown: of one command, or of all.
pub fn help(command: Option<&str>, prefix: &str) -> String {
    let grammar = Command::command();
    let about = |command: &clap::Command| command.get_about().map(ToString::to_string).unwrap_or_default();
    let usage = |command: &clap::Command| {
        let arguments: Vec<String> = command
            .get_positionals()
            .map(|argument| format!(" [{}]", argument.get_id()))
            .collect();
        format!("`{prefix} {}{}`", command.get_name(), arguments.concat())
    };
    if let Some(name) = command {
        let name = name.to_lowercase();
        if let Some(found) = grammar.get_subcommands().find(|known| known.get_name() == name) {
            let arguments = found.get_positionals().map(|argument| {
                let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
                format!("\n- `{}`: {help}.", argument.get_id())
            });
            return format!(
                "{}: {}.\n{}",
                usage(found),
                about(found),
                arguments.collect::<String>()
            );
        }
        let names = grammar.get_subcommands().map(clap::Command::get_name);
        let near = names.max_by(|a, b| strsim::jaro(a, &name).total_cmp(&strsim::jaro(b, &name)));
        let near = near.unwrap_or_default();
        return format!(
            "There is no command `{name}`. Did you mean `{near}`? `{prefix} help` lists them all."
        );
    }
    let lines = grammar
        .get_subcommands()
        .map(|command| format!("- {}: {}", usage(command), about(command)));
    format!(
        "Ask me in plain words, or use a command:\n\n{}\n\nFor example: *what is the status of Apollo?* or *create an issue \
         “Login fails” for Apollo*.",
        lines.collect::<Vec<_>>().join("\n")
    )
}
