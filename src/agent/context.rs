//! What the model is asked: the standing instructions, the newest of the conversation in its order, the request, and the
//! journal of this run.

use super::prompt::{self, ProjectFacts, System};
use super::{ask_of, retold};
use crate::domain::shorten;
use crate::engine::Engine;
use crate::engine::workers::Failure;
use crate::model::{Answer, Ask, Message};
use crate::store::conversations::{self, Said};
use crate::store::projects;
use crate::store::runs::{Run, Step};

/// How many earlier messages are looked at.
const MESSAGES: i64 = 60;
/// The rule of thumb for counting tokens without a vendor's tokenizer
/// (<https://help.openai.com/en/articles/4936856-what-are-tokens-and-how-to-count-them>).
const CHARACTERS_PER_TOKEN: usize = 4;
/// The longest request handed on, as a part of the room: the answer and the tools' results want theirs.
const REQUEST_PART: usize = 2;
/// The longest earlier message handed on, in characters.
const LONGEST: usize = 4_000;

/// Gathers what the model is asked.
pub(super) async fn gather(
    engine: &Engine,
    run: &Run,
    steps: &[Step],
    tokens: usize,
) -> Result<Ask, Failure> {
    let mut tx = engine.db.read().await?;
    let here = projects::at(&mut tx, &run.asker.place).await?;
    let said = conversations::newest(&mut tx, run.conversation, run.asked_at, MESSAGES).await?;
    drop(tx);
    let project = match here.as_slice() {
        [one] => Some(ProjectFacts {
            name: &one.name,
            status: one.status.words(),
            repository: one
                .repository
                .as_ref()
                .map_or_else(|| "none".to_owned(), ToString::to_string),
        }),
        _ => None,
    };
    let system = prompt::system(&System {
        today: engine.clock.now().format("%A, %-d %B %Y").to_string(),
        asker: &run.asker.name,
        platform: run.asker.place.platform().to_string(),
        place: run.asker.place.to_string(),
        project,
    });
    let system = system.map_err(|error| Failure::Other(format!("prompts/system.md: {error}")))?;
    let work = retold(steps);
    let request = request(&run.text, tokens * CHARACTERS_PER_TOKEN / REQUEST_PART);
    let spent = system.len() + request.len() + work.iter().map(length).sum::<usize>();
    let room = (tokens * CHARACTERS_PER_TOKEN).saturating_sub(spent);
    let mut messages = earlier(&said, run, room);
    messages.push(Message::Person {
        name: run.asker.name.clone(),
        text: request,
    });
    messages.extend(work);
    Ok(ask_of(system, messages))
}

/// What is asked, cut where it would leave no room; the model is told so.
fn request(text: &str, room: usize) -> String {
    let length = text.chars().count();
    if length <= room {
        return text.to_owned();
    }
    let kept: String = text.chars().take(room).collect();
    format!(
        "{kept}\n[cut: {} of {length} characters are not shown]",
        length - room
    )
}

/// The newest earlier messages that fit into `room` characters, oldest first; the request itself is left out.
fn earlier(newest_first: &[Said], run: &Run, room: usize) -> Vec<Message> {
    let mut left = room;
    let mut kept = Vec::new();
    for said in newest_first.iter().filter(|said| said.turn_id != Some(run.turn)) {
        let text = shorten(&said.text, LONGEST);
        let Some(rest) = left.checked_sub(text.len()) else {
            break;
        };
        left = rest;
        kept.push(match said.author_kind.as_str() {
            "ourselves" => Message::Assistant(Answer {
                text,
                ..Answer::default()
            }),
            _ => Message::Person {
                name: said.author_name.clone(),
                text,
            },
        });
    }
    kept.reverse();
    kept
}

fn length(message: &Message) -> usize {
    match message {
        Message::Person { name, text } => name.len() + text.len(),
        Message::Assistant(answer) => {
            answer.text.len()
                + answer
                    .calls
                    .iter()
                    .map(|call| call.name.len() + call.arguments.len())
                    .sum::<usize>()
        }
        Message::ToolResult { text, .. } => text.len(),
    }
}
