//! What the commands about topics do.

use clap::Subcommand;

use super::Outcome;
use crate::action::{Actions, Change, Trouble};
use crate::domain::Asker;

/// What can be done with topics.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum TopicCommand {
    /// Begin a new topic: what was said before is out of my mind
    #[command(after_help = "topic new the release")]
    New {
        /// What it is about
        name: Vec<String>,
    },
    /// The topics of this talk
    #[command(after_help = "topic list")]
    List,
    /// Go back to an earlier topic
    #[command(after_help = "topic back 1")]
    Back {
        /// Its number; left out for the one before
        #[arg(value_parser = number)]
        number: Option<i64>,
    },
}

/// Does what a command about topics says, but for a change.
pub(super) async fn topic(
    actions: &Actions,
    asker: &Asker,
    command: &TopicCommand,
) -> Result<Outcome, Trouble> {
    let (number, name) = match command {
        // Whoever speaks here may have named one.
        TopicCommand::List => {
            return Ok(Outcome::foreign(
                actions.list_topics(asker).await?,
                "the names of topics",
            ));
        }
        TopicCommand::New { name } => (None, name.join(" ")),
        TopicCommand::Back { number: Some(number) } => (Some(*number), String::new()),
        TopicCommand::Back { number: None } => (Some(actions.topic_before(asker).await?), String::new()),
    };
    Ok(Outcome::Change(Box::new(Change::SwitchTopic {
        place: asker.place.clone(),
        number,
        name,
    })))
}

/// The number of a topic, as it was typed.
fn number(typed: &str) -> Result<i64, String> {
    let number = typed.trim_start_matches('#').parse();
    number.map_err(|_| "a topic has a number; `topic list` tells which".to_owned())
}
