//! What comes next, read from journals; the prompts; the tools' schemas.

use super::journal::{Next, next, write};
use super::{Limits, prompt, tools};
use crate::domain::{Money, StepId};
use crate::markup::untrusted::Fence;
use crate::model::{Answer, ToolCall};
use crate::store::runs::{Step, StepKind, StepState};

const LIMITS: Limits = Limits {
    steps: 3,
    tokens: 1_000,
    context: 10_000,
};

fn model(state: StepState, calls: &[&str], text: &str) -> Step {
    let call = |id: &&str| ToolCall {
        id: (*id).to_owned(),
        name: "list_projects".into(),
        arguments: "{}".into(),
    };
    let answer = Answer {
        text: text.into(),
        calls: calls.iter().map(call).collect(),
        ..Answer::default()
    };
    let output = (state == StepState::Done).then(|| write(&answer));
    step(StepKind::Model, state, "", output, 10)
}

fn tool(id: &str, state: StepState, failed: bool) -> Step {
    Step {
        failed,
        ..step(StepKind::Tool, state, id, Some("result".into()), 0)
    }
}

fn step(kind: StepKind, state: StepState, call_id: &str, output: Option<String>, tokens: i64) -> Step {
    let (call_id, name) = (call_id.to_owned(), "list_projects".to_owned());
    Step {
        id: StepId::new(),
        seq: 0,
        kind,
        state,
        call_id,
        name,
        input: "{}".into(),
        output,
        failed: false,
        tokens,
        cost: Money::default(),
    }
}

fn short(steps: &[Step]) -> String {
    match next(steps, LIMITS) {
        Next::Ask => "ask".into(),
        Next::Lost(_) => "lost".into(),
        Next::Call(call) => format!("call {}", call.id),
        Next::Settle(_) => "settle".into(),
        Next::Answer(text) => format!("answer {text}"),
        Next::Stop(why) => format!("stop: {}", why.split('.').next().unwrap_or_default()),
    }
}

#[test]
fn what_comes_next_is_read_from_the_journal() {
    use StepState::{Asked, Awaiting, Done, Lost};
    let lost = || model(Lost, &[], "");
    let silent = || Step {
        failed: true,
        ..model(Lost, &[], "")
    };
    assert_eq!(short(&[]), "ask");
    assert_eq!(short(&[model(Asked, &[], "")]), "lost");
    assert_eq!(short(&[lost()]), "ask");
    assert_eq!(
        short(&[silent(), silent(), silent()]),
        "stop: I could not answer: "
    );
    // The program that was restarted is no silent model.
    assert_eq!(short(&[lost(), silent(), lost(), lost(), silent()]), "ask");
    assert_eq!(short(&[model(Done, &[], "hello")]), "answer hello");
    assert_eq!(
        short(&[model(Done, &[], " ")]),
        "stop: I could not answer: the language model answered without words"
    );
    assert_eq!(short(&[model(Done, &["a", "b"], "")]), "call a");
    assert_eq!(
        short(&[model(Done, &["a", "b"], ""), tool("a", Done, false)]),
        "call b"
    );
    assert_eq!(
        short(&[model(Done, &["a", "a"], ""), tool("a", Done, false)]),
        "call a-1"
    );
    assert_eq!(
        short(&[model(Done, &["a"], ""), tool("a", Awaiting, false)]),
        "settle"
    );
    assert_eq!(short(&[model(Done, &["a"], ""), tool("a", Done, false)]), "ask");
    let round = || [model(Done, &["a"], ""), tool("a", Done, false)];
    let rounds = [round(), round(), round()].concat();
    assert_eq!(
        short(&rounds),
        "stop: I stopped after 3 steps, the limit for one request (agent"
    );
}

#[test]
fn the_prompts_render_and_refuse_what_is_missing() {
    let system = prompt::System {
        today: "Sunday, 22 November 2026".into(),
        asker: "Ana",
        platform: "Slack".into(),
        place: "slack:T1/C1".into(),
        project: Some(prompt::ProjectFacts {
            name: "Apollo",
            status: "active",
            repository: "acme/apollo".into(),
        }),
    };
    let text = prompt::system(&system).unwrap();
    assert!(
        text.contains("Apollo") && !text.contains("{{") && !text.contains("{%"),
        "{text}"
    );
}

#[test]
fn every_tool_has_a_plain_object_schema() {
    let specs = tools::specs();
    assert_eq!(specs.len(), 17);
    for spec in specs {
        assert_eq!(spec.parameters["type"], "object", "{}", spec.name);
        assert!(
            spec.parameters["properties"].is_object(),
            "{}: {}",
            spec.name,
            spec.parameters
        );
        assert!(
            !spec.parameters.to_string().contains("$ref"),
            "{}: {}",
            spec.name,
            spec.parameters
        );
    }
}

#[test]
fn long_results_are_cut_with_a_note() {
    let text = tools::limited(&"é".repeat(12_001), &Fence::new("01"));
    assert!(
        text.ends_with("[cut: 1 of 12001 characters are not shown; ask for less]"),
        "{}",
        &text[text.len() - 100..]
    );
}
