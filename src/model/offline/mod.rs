//! The built-in model: no network and no key, and no understanding either. It maps plain phrases to the tools that a
//! language model would call, and says what it is.
//!
//! Invariants: it calls only tools it was given; what it does not understand for certain it does not do; what is told
//! about an outcome is told after the outcome is known.

mod grammar;
mod pattern;
mod phrases;
mod slots;
#[cfg(test)]
mod tests;
mod tokens;

use serde_json::Value;

use self::grammar::Call;
use super::{Answer, Ask, Message, Reply, Tokens, ToolCall};
use crate::domain::issue_refs;

/// The beginning of the ids of this model's calls.
const ID: &str = "offline-";

/// The line under an answer made of tool results.
const SIGNATURE: &str = "_Answered by the built-in offline model, which understands only simple phrases._";

/// What is said when a failure kept the rest of a plan from being done.
const REST_UNDONE: &str = "I did not do the rest of what you asked.";

/// What to try, with the tool it needs.
const EXAMPLES: [(&str, &str); 10] = [
    ("list_projects", "what projects are there?"),
    ("create_project", "create a project called Apollo in acme/apollo"),
    ("project_status", "what is the status of Apollo?"),
    ("update_project", "put Apollo on hold"),
    ("list_issues", "list open issues of Apollo labelled bug"),
    ("list_pull_requests", "list open pull requests of Apollo"),
    ("recent_activity", "what happened in Apollo this week?"),
    (
        "create_issue",
        "create an issue \"Login fails\" in acme/apollo labelled bug",
    ),
    ("update_issue", "label this as bug and tell #apollo"),
    ("search_messages", "who said login in Apollo?"),
];

/// The built-in model.
pub struct Offline;

impl Offline {
    /// Answers at once: with tool calls for a phrase it knows, with the results of its calls, or with what it knows.
    pub fn ask(&self, ask: &Ask) -> Reply {
        Reply {
            answer: answer(ask),
            tokens: Tokens::default(),
            cut: false,
        }
    }
}

/// What a call of this turn gave.
struct Outcome<'a> {
    call_id: &'a str,
    text: &'a str,
    failed: bool,
}

fn answer(ask: &Ask) -> Answer {
    let asked = ask
        .messages
        .iter()
        .rposition(|message| matches!(message, Message::Person { .. }));
    let said = match asked.map(|at| &ask.messages[at]) {
        Some(Message::Person { text, .. }) => text.as_str(),
        _ => "",
    };
    let outcomes: Vec<Outcome<'_>> = ask.messages[asked.map_or(0, |at| at + 1)..]
        .iter()
        .filter_map(|message| match message {
            Message::ToolResult {
                call_id,
                text,
                failed,
                ..
            } => Some(Outcome {
                call_id,
                text,
                failed: *failed,
            }),
            Message::Person { .. } | Message::Assistant(_) => None,
        })
        .collect();
    let plan = grammar::parse(said).unwrap_or_default();
    if outcomes.is_empty() {
        return begin(&plan, ask);
    }
    go_on(&plan, &outcomes).unwrap_or_else(|| {
        let texts = outcomes.iter().map(|outcome| outcome.text.trim());
        let mut texts: Vec<&str> = texts.filter(|text| !text.is_empty()).collect();
        if plan.len() > outcomes.len() && outcomes.iter().any(|outcome| outcome.failed) {
            texts.push(REST_UNDONE);
        }
        texts.push(SIGNATURE);
        words(texts.join("\n\n"))
    })
}

fn words(text: String) -> Answer {
    Answer {
        text,
        ..Answer::default()
    }
}

fn helpless(text: String) -> Answer {
    Answer {
        helpless: true,
        ..words(text)
    }
}

/// The calls up to the first that tells what became of them.
fn begin(plan: &[Call], ask: &Ask) -> Answer {
    let missing = plan
        .iter()
        .find(|call| ask.tools.iter().all(|tool| tool.name != call.tool));
    if let Some(missing) = missing {
        let reason = format!("This needs `{}`, which I cannot use here. ", missing.tool);
        return helpless(reason + &introduction(ask));
    }
    if plan.is_empty() {
        return helpless(introduction(ask));
    }
    let calls = plan.iter().take_while(|call| !call.tells_outcome());
    let calls = calls.enumerate().map(|(at, call)| tool_call(at, call)).collect();
    Answer {
        calls,
        ..Answer::default()
    }
}

/// What is left of the plan once its first calls have succeeded. Nothing when one failed, or when the calls were not
/// this model's own: then another model began the turn.
fn go_on(plan: &[Call], outcomes: &[Outcome<'_>]) -> Option<Answer> {
    let begun = outcomes
        .iter()
        .all(|outcome| outcome.call_id.starts_with(ID) && !outcome.failed);
    let rest = plan
        .get(outcomes.len()..)
        .filter(|rest| begun && !rest.is_empty())?;
    let done: Vec<String> = plan
        .iter()
        .zip(outcomes)
        .filter_map(|(call, outcome)| told(call, outcome.text))
        .collect();
    let complete = |(at, call): (usize, &Call)| {
        let mut call = call.clone();
        if call.tells_outcome() {
            call.arguments
                .insert("text".to_owned(), Value::from(done.join("\n")));
        }
        tool_call(outcomes.len() + at, &call)
    };
    Some(Answer {
        calls: rest.iter().enumerate().map(complete).collect(),
        ..Answer::default()
    })
}

fn tool_call(at: usize, call: &Call) -> ToolCall {
    let arguments = Value::Object(call.arguments.clone()).to_string();
    ToolCall {
        id: format!("{ID}{}", at + 1),
        name: call.tool.to_owned(),
        arguments,
    }
}

/// How others are told of a call: a change of an issue in a short line, anything else in the tool's own words. Not of
/// what they were told already.
fn told(call: &Call, result: &str) -> Option<String> {
    match call.tool {
        "post_message" => None,
        "update_issue" | "create_issue" | "comment_on_issue" => {
            let issue = issue_refs(result, None).first().map(ToString::to_string);
            let issue = issue.or_else(|| call.text("issue").map(str::to_owned));
            issue
                .and_then(|issue| change(call, &issue))
                .or_else(|| Some(result.trim().to_owned()))
        }
        _ => Some(result.trim().to_owned()),
    }
}

/// "acme/apollo#12 was labelled bug".
fn change(call: &Call, issue: &str) -> Option<String> {
    let list = |key: &str| {
        let names = call.arguments.get(key)?.as_array()?;
        Some(
            names
                .iter()
                .filter_map(Value::as_str)
                .collect::<Vec<_>>()
                .join(", "),
        )
    };
    if call.tool == "create_issue" {
        return Some(format!("{issue} was opened: {}", call.text("title")?));
    }
    if call.tool == "comment_on_issue" {
        return Some(format!(
            "There is a new comment on {issue}: {}",
            call.text("text")?
        ));
    }
    let state = match call.text("state") {
        Some("closed") => Some("was closed".to_owned()),
        Some("not_planned") => Some("was closed as not planned".to_owned()),
        Some("open") => Some("was reopened".to_owned()),
        _ => None,
    };
    let done = state
        .or_else(|| list("add_labels").map(|labels| format!("was labelled {labels}")))
        .or_else(|| list("remove_labels").map(|labels| format!("is no longer labelled {labels}")))
        .or_else(|| list("add_assignees").map(|people| format!("was assigned to {people}")))
        .or_else(|| list("remove_assignees").map(|people| format!("is no longer assigned to {people}")))
        .or_else(|| call.text("title").map(|title| format!("was renamed to {title}")))
        .or_else(|| call.text("body").map(|_| "has a new description".to_owned()))?;
    Some(format!("{issue} {done}"))
}

/// What this model is, what it understands, and how to get another.
fn introduction(ask: &Ask) -> String {
    let known = EXAMPLES
        .iter()
        .filter(|(tool, _)| ask.tools.iter().any(|spec| spec.name == *tool));
    let known: String = known.map(|(_, phrase)| format!("- `{phrase}`\n")).collect();
    let understood = if known.is_empty() {
        "I am the built-in offline model, and there is nothing I can do here.\n".to_owned()
    } else {
        format!(
            "I am the built-in offline model: I only understand phrases like these, with longer names in \
                 quotation marks.\n\n{known}"
        )
    };
    format!(
        "{understood}\nTo talk to me freely, name a language model in the section `[model]` of `bot.toml`: the \
         `name`, the `api_key` and, unless it is OpenAI's, the `base_url` of any OpenAI-compatible server."
    )
}
