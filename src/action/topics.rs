//! What a conversation is about: what was said under other topics is not handed to the model.

use super::{Actions, Trouble};
use crate::domain::{Asker, ConversationId, FIRST_TOPIC, PersonError, RunId, TopicSwitch, shorten};
use crate::guard::{Action, Permit};
use crate::markup::quote_untrusted;
use crate::store::{Tx, conversations, runs, topics};

/// The longest name of a topic, in characters.
const LONGEST: usize = 80;

/// The names of a conversation's topics, by number from 1; the first has none.
fn names(switches: &[TopicSwitch]) -> Vec<(i64, String)> {
    let mut names = vec![(FIRST_TOPIC, "how it began".to_owned())];
    for switch in switches {
        if names.iter().all(|(topic, _)| *topic != switch.topic) {
            let name = if switch.name.is_empty() {
                format!("topic {}", switch.topic)
            } else {
                quote_untrusted(&switch.name)
            };
            names.push((switch.topic, name));
        }
    }
    names
}

/// The topic that goes on.
fn current(switches: &[TopicSwitch]) -> i64 {
    switches.last().map_or(FIRST_TOPIC, |switch| switch.topic)
}

/// The talk that a command about topics was said in.
async fn talk(tx: &mut Tx, asker: &Asker) -> Result<ConversationId, Trouble> {
    conversations::at(tx, &asker.place).await?.ok_or_else(|| {
        PersonError::new(
            "I changed no topic",
            "there is no talk with me here; in a channel each post begins one of its own",
            "Say it in the thread of the talk",
        )
        .into()
    })
}

impl Actions {
    /// Turns the talk where a run was asked for to a new topic (no number), or back to one.
    ///
    /// # Errors
    /// When there is no talk, no such topic, or it goes on already.
    pub async fn switch_topic(
        &self,
        tx: &mut Tx,
        permit: &Permit,
        run: Option<RunId>,
        number: Option<i64>,
        name: &str,
    ) -> Result<String, Trouble> {
        permit.covers(Action::SwitchTopic)?;
        let conversation = talk(tx, permit.asker()).await?;
        let switches = topics::switches(tx, conversation).await?;
        // What was said before it by the platform's clock belongs to the old topic, however late it comes.
        let said_at = match run {
            Some(run) => runs::get(tx, run).await?.map(|run| run.asked_at),
            None => None,
        };
        let said_at = said_at.unwrap_or_else(|| self.engine.clock.now());
        let names = names(&switches);
        let Some(number) = number else {
            let next = names
                .iter()
                .map(|(topic, _)| topic + 1)
                .max()
                .unwrap_or(FIRST_TOPIC + 1);
            let name = shorten(name.trim(), LONGEST);
            topics::switch(tx, conversation, next, &name, said_at).await?;
            let called = if name.is_empty() {
                String::new()
            } else {
                format!(": {}", quote_untrusted(&name))
            };
            let back = current(&switches);
            return Ok(format!(
                "Topic {next}{called}. What was said before is out of my mind here; `topic back {back}` brings it back."
            ));
        };
        let what = "I changed no topic";
        let Some((_, name)) = names.iter().find(|(topic, _)| *topic == number) else {
            let why = format!("there is no topic {number} in this talk");
            return Err(PersonError::new(what, why, "`topic list` shows them").into());
        };
        if current(&switches) == number {
            let why = format!("topic {number} goes on already");
            return Err(PersonError::new(what, why, "Nothing needs to be done").into());
        }
        topics::switch(tx, conversation, number, "", said_at).await?;
        Ok(format!("Back to topic {number}: {name}."))
    }

    /// The topic before the one that goes on; what `topic back` means by itself.
    ///
    /// # Errors
    /// When there is none.
    pub async fn topic_before(&self, asker: &Asker) -> Result<i64, Trouble> {
        let mut tx = self.engine.db.read().await?;
        let conversation = talk(&mut tx, asker).await?;
        let switches = topics::switches(&mut tx, conversation).await?;
        match switches.as_slice() {
            [] => {
                let why = "there was no other topic in this talk";
                Err(PersonError::new("I changed no topic", why, "`topic new` begins one").into())
            }
            [_] => Ok(FIRST_TOPIC),
            [.., before, _] => Ok(before.topic),
        }
    }

    /// The topics of the talk where somebody asks.
    ///
    /// # Errors
    /// When there is no talk.
    pub async fn list_topics(&self, asker: &Asker) -> Result<String, Trouble> {
        let mut tx = self.engine.db.read().await?;
        let conversation = talk(&mut tx, asker).await?;
        let switches = topics::switches(&mut tx, conversation).await?;
        let now = current(&switches);
        let lines: Vec<String> = names(&switches)
            .into_iter()
            .map(|(topic, name)| {
                let mark = if topic == now { " (this one)" } else { "" };
                format!("- **{topic}** {name}{mark}")
            })
            .collect();
        Ok(lines.join("\n"))
    }
}
