//! What the model is asked: the standing instructions, the newest of the conversation in its order, the request, and the
//! journal of this run.

use super::prompt::{self, ProjectFacts, System};
use super::{ask_of, retold};
use crate::domain::{shorten, topic_at};
use crate::engine::Engine;
use crate::engine::workers::Failure;
use crate::markup::untrusted::{Fence, quotes, shown, shown_line};
use crate::model::{Answer, Ask, Message};
use crate::store::conversations::{self, Said};
use crate::store::runs::{Run, Step};
use crate::store::trust::Met;
use crate::store::{projects, topics};

/// How many earlier messages are looked at.
const MESSAGES: i64 = 60;
/// How many, where some may belong to other topics.
const LOOKED_AT: i64 = 600;
/// The rule of thumb for counting tokens without a vendor's tokenizer
/// (<https://help.openai.com/en/articles/4936856-what-are-tokens-and-how-to-count-them>).
const CHARACTERS_PER_TOKEN: usize = 4;
/// The longest request handed on, as a part of the room: the answer and the tools' results want theirs.
const REQUEST_PART: usize = 2;
/// The longest earlier message handed on, in characters.
const LONGEST: usize = 4_000;

/// What there is to gather from.
pub(super) struct Context<'a> {
    /// The run.
    pub(super) run: &'a Run,
    /// Its journal.
    pub(super) steps: &'a [Step],
    /// The most tokens that the model is handed.
    pub(super) tokens: usize,
    /// What the run has met so far.
    pub(super) met: &'a Met,
    /// How strangers' words are marked.
    pub(super) fence: &'a Fence,
}

/// Gathers what the model is asked, and what the run meets in it.
pub(super) async fn gather(engine: &Engine, context: &Context<'_>) -> Result<(Ask, Met), Failure> {
    let Context {
        run, steps, tokens, ..
    } = *context;
    let mut tx = engine.db.read().await?;
    let here = projects::at(&mut tx, &run.asker.place).await?;
    let switches = topics::switches(&mut tx, run.conversation).await?;
    let topic = topic_at(&switches, run.asked_at);
    let looked_at = if switches.is_empty() { MESSAGES } else { LOOKED_AT };
    let mut said = conversations::newest(&mut tx, run.conversation, run.asked_at, looked_at).await?;
    said.retain(|said| topic_at(&switches, said.sent_at) == topic);
    said.truncate(usize::try_from(MESSAGES).unwrap_or(usize::MAX));
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
    let by_request = in_request(run);
    let is_tainted = by_request.is_some() || context.met.tainted_by.is_some();
    let (mut messages, mut met) = earlier(&said, context, is_tainted, room);
    met.tainted_by = by_request.or(met.tainted_by);
    messages.push(Message::Person {
        name: run.asker.name.clone(),
        text: request,
    });
    messages.extend(work);
    Ok((ask_of(system, messages), met))
}

/// What in a request is not the words of the person whose rights it has.
fn in_request(run: &Run) -> Option<String> {
    quotes(&run.text).then(|| "a quotation in the request".to_owned())
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

/// Whether an earlier message is trusted. What the person who asks wrote is theirs like the request, but for what they quoted.
fn is_trusted(said: &Said, run: &Run) -> bool {
    let is_quoted = said.author_kind == "human" && quotes(&said.text);
    said.trusted || (said.person_id == Some(run.asker.person) && !is_quoted)
}

/// Whether an earlier message of ours comes from another home than a run has.
fn is_from_elsewhere(said: &Said, home: Option<&[String]>) -> bool {
    match (&said.home, home) {
        (Some(theirs), Some(home)) => !theirs.0.iter().all(|scope| home.contains(scope)),
        _ => false,
    }
}

/// The newest earlier messages that fit into `room` characters, oldest first; the request itself is left out. What somebody
/// without rights wrote is marked. Where a message of ours may repeat another project, either that or all that strangers wrote is
/// left out: the latter, unless the run is tainted already.
fn earlier(
    newest_first: &[Said],
    context: &Context<'_>,
    is_tainted: bool,
    room: usize,
) -> (Vec<Message>, Met) {
    let (run, fence) = (context.run, context.fence);
    let (mut left, mut kept) = (room, Vec::new());
    let home = context.met.home.as_deref();
    let mut may_be_told: Vec<(&Said, bool)> = newest_first
        .iter()
        .filter(|said| said.turn_id != Some(run.turn) && !is_from_elsewhere(said, home))
        .map(|said| (said, is_trusted(said, run)))
        .collect();
    may_be_told.retain(|(said, trusted)| !said.strayed || (*trusted && !is_tainted));
    let mut met = Met {
        strayed: may_be_told.iter().any(|(said, _)| said.strayed),
        ..Met::default()
    };
    let withholds = context.met.strayed || met.strayed;
    for (said, trusted) in may_be_told {
        if !trusted && withholds {
            continue;
        }
        let text = if trusted {
            shorten(&said.text, LONGEST)
        } else {
            let source = match said.author_kind.as_str() {
                "ourselves" => "an earlier answer of yours, which may repeat what strangers wrote",
                _ => "an earlier message",
            };
            fence.around(&said.author_name, source, &shorten(&shown(&said.text), LONGEST))
        };
        let Some(rest) = left.checked_sub(text.len()) else {
            break;
        };
        left = rest;
        if !trusted {
            let by = || format!("an earlier message by {}", shown_line(&said.author_name));
            met.tainted_by.get_or_insert_with(by);
        }
        kept.push(match said.author_kind.as_str() {
            "ourselves" => Message::Assistant(Answer {
                text,
                ..Answer::default()
            }),
            _ => Message::Person {
                // A stranger's name stands in the fence.
                name: if trusted {
                    said.author_name.clone()
                } else {
                    String::new()
                },
                text,
            },
        });
    }
    kept.reverse();
    (kept, met)
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
