//! What the model will say: a queue of turns.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::watch;

/// A tool call of a turn: the function's name and its arguments as the model wrote them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ToolCall {
    /// The function's name.
    pub(super) name: String,
    /// The arguments; JSON, unless the model wrote something else.
    pub(super) arguments: String,
}

/// What a turn does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Act {
    /// Text, tool calls or both, and a reason to finish.
    Answers {
        text: Option<String>,
        calls: Vec<ToolCall>,
        finish: String,
    },
    /// An error instead of an answer.
    Fails {
        status: u16,
        retry_after: Option<u64>,
        code: String,
    },
    /// Text, and then the connection breaks.
    CutsAfter(String),
    /// 200 and no choice at all.
    Nothing,
    /// No answer, ever.
    Hangs,
}

/// One turn of the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    pub(super) act: Act,
    pub(super) usage: Option<(u64, u64)>,
}

impl Turn {
    /// Text, finished by "stop".
    pub fn says(text: &str) -> Self {
        Self::says_with_finish(text, "stop")
    }

    /// Text, finished by that `finish_reason`.
    pub fn says_with_finish(text: &str, finish: &str) -> Self {
        Self::of(Act::Answers {
            text: Some(text.to_owned()),
            calls: Vec::new(),
            finish: finish.to_owned(),
        })
    }

    /// One tool call.
    pub fn calls_tool(name: &str, arguments: &Value) -> Self {
        Self::calls_tool_raw(name, &arguments.to_string())
    }

    /// Tool calls of one turn, in order.
    pub fn calls_tools(calls: &[(&str, Value)]) -> Self {
        let call = |(name, arguments): &(&str, Value)| ToolCall {
            name: (*name).to_owned(),
            arguments: arguments.to_string(),
        };
        let calls = calls.iter().map(call).collect();
        Self::of(Act::Answers {
            text: None,
            calls,
            finish: "tool_calls".to_owned(),
        })
    }

    /// One tool call whose arguments are sent as they stand, JSON or not.
    pub fn calls_tool_raw(name: &str, arguments: &str) -> Self {
        let call = ToolCall {
            name: name.to_owned(),
            arguments: arguments.to_owned(),
        };
        Self::of(Act::Answers {
            text: None,
            calls: vec![call],
            finish: "tool_calls".to_owned(),
        })
    }

    /// An error; with `retry_after` in seconds as a header.
    pub fn fails(status: u16, retry_after: Option<u64>, code: &str) -> Self {
        Self::of(Act::Fails {
            status,
            retry_after,
            code: code.to_owned(),
        })
    }

    /// Text, and then the connection breaks without an end.
    pub fn cuts_after(text: &str) -> Self {
        Self::of(Act::CutsAfter(text.to_owned()))
    }

    /// 200 with nothing in it: an empty stream, or no choices.
    pub fn answers_nothing() -> Self {
        Self::of(Act::Nothing)
    }

    /// No answer until one side goes away.
    pub fn hangs() -> Self {
        Self::of(Act::Hangs)
    }

    /// Puts text before the tool calls, as models like to.
    pub fn saying(mut self, words: &str) -> Self {
        if let Act::Answers { text, .. } = &mut self.act {
            *text = Some(words.to_owned());
        }
        self
    }

    /// Sets the tokens it is billed at, instead of a guess by length.
    pub fn uses(mut self, prompt: u64, completion: u64) -> Self {
        self.usage = Some((prompt, completion));
        self
    }

    fn of(act: Act) -> Self {
        Self { act, usage: None }
    }
}

/// How far a hold has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Waiting,
    Reached,
    Released,
}

/// A hold on the next turn.
#[derive(Clone)]
pub struct Held(watch::Sender<Stage>);

impl Held {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(Stage::Waiting))
    }

    /// Waits until a request waits at the hold.
    pub async fn reached(&self) {
        self.0
            .subscribe()
            .wait_for(|stage| *stage != Stage::Waiting)
            .await
            .unwrap();
    }

    /// Lets the turn go, now or when it is asked for.
    pub fn release(&self) {
        self.0.send_replace(Stage::Released);
    }

    pub(super) async fn pass(&self) {
        self.0.send_if_modified(|stage| {
            let first = *stage == Stage::Waiting;
            if first {
                *stage = Stage::Reached;
            }
            first
        });
        self.0
            .subscribe()
            .wait_for(|stage| *stage == Stage::Released)
            .await
            .unwrap();
    }
}

/// A turn that depends on the request.
pub(super) type Reply = Box<dyn FnOnce(&Value) -> Turn + Send>;
/// What answers when the queue is empty.
pub(super) type Always = Arc<dyn Fn(&Value) -> Turn + Send + Sync>;

/// A place in the queue.
pub(super) enum Entry {
    Turn(Turn),
    Reply(Reply),
    Hold(Held),
}

/// The queue, and what answers when it is empty.
#[derive(Default)]
pub(super) struct Script {
    entries: VecDeque<Entry>,
    pub(super) always: Option<Always>,
}

impl Script {
    pub(super) fn push(&mut self, entry: Entry) {
        self.entries.push_back(entry);
    }

    pub(super) fn last_turn(&mut self) -> &mut Turn {
        match self.entries.back_mut() {
            Some(Entry::Turn(turn)) => turn,
            _ => panic!("no turn was scripted last"),
        }
    }

    /// The turns that nobody has asked for.
    pub(super) fn left(&self) -> usize {
        self.entries
            .iter()
            .filter(|entry| !matches!(entry, Entry::Hold(_)))
            .count()
    }

    /// The holds in front of the next turn.
    pub(super) fn holds(&mut self) -> Vec<Held> {
        let mut holds = Vec::new();
        while let Some(entry) = self.entries.pop_front() {
            match entry {
                Entry::Hold(held) => holds.push(held),
                other => {
                    self.entries.push_front(other);
                    break;
                }
            }
        }
        holds
    }

    /// The next turn, as a function of the request; `None` when the script ran out.
    pub(super) fn next(&mut self) -> Option<Reply> {
        match self.entries.pop_front() {
            Some(Entry::Turn(turn)) => Some(Box::new(|_| turn)),
            Some(Entry::Reply(reply)) => Some(reply),
            Some(Entry::Hold(_)) => self.next(),
            None => {
                let always = Arc::clone(self.always.as_ref()?);
                Some(Box::new(move |request| always(request)))
            }
        }
    }
}
