//! What comes next, read from the journal alone: a pure function, so that a run goes on after a restart exactly where it was.

use std::collections::HashSet;

use super::{Limits, says_nothing};
use crate::domain::{PersonError, shorten};
use crate::markup::untrusted::unfenced;
use crate::model::{Answer, ToolCall};
use crate::store::runs::{Step, StepKind, StepState};

/// How often in a row the model may stay silent.
pub(super) const MAX_LOST: usize = 3;
/// How often in a row tool calls may fail before the run gives up.
const MAX_FAILED: usize = 4;

/// How many tool calls a run may make for each model answer it may have.
const CALLS_PER_STEP: usize = 4;
/// What to do at a limit for one request.
const SMALLER: &str = "Ask again with a smaller question.";
/// How much of what was found is shown when a run stops, in characters.
const SHOWN: usize = 3_000;

/// What comes next.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Next {
    /// Ask the model.
    Ask,
    /// A question was in flight when the process ended: count it as lost.
    Lost(Step),
    /// Call a tool the model asked for.
    Call(ToolCall),
    /// Look what became of a step's deliveries.
    Settle(Step),
    /// This is the answer.
    Answer(String),
    /// A limit is reached: this is the answer, with what there is.
    Stop(String),
}

/// Reads the journal.
pub(super) fn next(steps: &[Step], limits: Limits) -> Next {
    if let Some(step) = steps.iter().find(|step| step.state == StepState::Asked) {
        return Next::Lost(step.clone());
    }
    if let Some(step) = steps.iter().find(|step| step.state == StepState::Awaiting) {
        return Next::Settle(step.clone());
    }
    if lost_in_a_row(steps) >= MAX_LOST {
        let why = steps
            .last()
            .and_then(|step| step.output.clone())
            .unwrap_or_default();
        return Next::Stop(PersonError::new("I could not answer", why, "Ask again later").to_string());
    }
    let asked = steps
        .iter()
        .rposition(|step| step.kind == StepKind::Model && step.state == StepState::Done);
    let Some(asked) = asked else { return Next::Ask };
    let answer = read(&steps[asked]);
    let called: HashSet<&str> = steps[asked..]
        .iter()
        .filter(|s| s.kind == StepKind::Tool)
        .map(|s| s.call_id.as_str())
        .collect();
    if let Some(call) = answer
        .calls
        .iter()
        .find(|call| !called.contains(call.id.as_str()))
    {
        let calls = steps.iter().filter(|step| step.kind == StepKind::Tool).count();
        if calls >= limits.steps * CALLS_PER_STEP {
            return Next::Stop(so_far(
                steps,
                &format!("I stopped after {calls} tool calls, the limit for one request. {SMALLER}"),
            ));
        }
        return Next::Call(call.clone());
    }
    if answer.calls.is_empty() {
        return if says_nothing(&answer) {
            Next::Stop(nothing())
        } else {
            Next::Answer(answer.text)
        };
    }
    limit(steps, limits).map_or(Next::Ask, Next::Stop)
}

/// How often the model was silent since it last answered. A restart that lost its answer is not its silence.
pub(super) fn lost_in_a_row(steps: &[Step]) -> usize {
    let lost = steps
        .iter()
        .rev()
        .take_while(|step| step.state == StepState::Lost);
    lost.filter(|step| step.failed).count()
}

/// Whether the last thing that was tried did not work: what the answer then says is no success.
pub(super) fn ended_badly(steps: &[Step]) -> bool {
    let helpless = |step: &Step| step.kind == StepKind::Model && read(step).helpless;
    if steps.last().is_some_and(helpless) {
        return true;
    }
    steps
        .iter()
        .rev()
        .find(|step| step.kind == StepKind::Tool)
        .is_some_and(|step| step.failed)
}

/// The sentence for a limit that is reached.
fn limit(steps: &[Step], limits: Limits) -> Option<String> {
    let answers = steps.iter().filter(|step| step.kind == StepKind::Model).count();
    let tokens: i64 = steps.iter().map(|step| step.tokens).sum();
    let failed = steps
        .iter()
        .rev()
        .filter(|s| s.kind == StepKind::Tool)
        .take_while(|step| step.failed)
        .count();
    let why = if answers >= limits.steps {
        format!("I stopped after {answers} steps, the limit for one request (agent.max_steps). {SMALLER}")
    } else if tokens >= limits.tokens {
        format!(
            "I stopped after {tokens} tokens; the limit for one request is {} (agent.max_tokens_per_run). {SMALLER}",
            limits.tokens
        )
    } else if failed >= MAX_FAILED {
        let last = steps
            .iter()
            .rev()
            .find_map(|step| step.output.as_deref())
            .unwrap_or_default();
        return Some(format!(
            "I stopped because {failed} tool calls in a row failed. The last one: {last}"
        ));
    } else {
        return None;
    };
    Some(so_far(steps, &why))
}

/// Why a run stops, with what it found, when it found anything.
pub(super) fn so_far(steps: &[Step], why: &str) -> String {
    let tools = steps.iter().filter(|step| step.kind == StepKind::Tool);
    let results: Vec<&str> = tools.filter_map(|step| step.output.as_deref()).collect();
    if results.is_empty() {
        return why.to_owned();
    }
    let found = shorten(&unfenced(&results.join("\n\n")), SHOWN);
    format!("{why} What there is so far:\n\n{found}")
}

fn nothing() -> String {
    PersonError::new(
        "I could not answer",
        "the language model answered without words",
        "Ask again, or use a command such as `status`",
    )
    .to_string()
}

/// A model's answer as the journal keeps it.
pub(super) fn write(answer: &Answer) -> String {
    // Strings and lists of strings always are JSON.
    serde_json::to_string(answer).unwrap_or_default()
}

/// A model's answer from the journal; an unreadable one says nothing. Call ids are made distinct: some vendors repeat them.
pub(super) fn read(step: &Step) -> Answer {
    let mut answer: Answer = step
        .output
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    let mut seen = HashSet::new();
    for (index, call) in answer.calls.iter_mut().enumerate() {
        if !seen.insert(call.id.clone()) {
            call.id = format!("{}-{index}", call.id);
        }
    }
    answer
}
