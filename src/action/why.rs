//! How an answer came about, in plain words: what came in, who asked with which rights, each step, and what became of everything sent.

use std::fmt::Write;

use chrono::{DateTime, Utc};

use super::people::reason;
use super::{Actions, Trouble};
use crate::domain::{Asker, MessageLink, Money, PersonError, Place, RunId, shorten};
use crate::gate;
use crate::guard::{self, Action, Permit};
use crate::markup::quote_untrusted;
use crate::store::deliveries::{self, Delivery, Purpose, State};
use crate::store::runs::{self, Run, RunState, Step, StepKind, StepState, Work};
use crate::store::why::{self, Came};
use crate::store::{StoreError, Tx, audit, conversations, gates, projects, trust};

/// How many of a place's newest runs are looked through for one that is no `why` itself.
const LOOKED_THROUGH: i64 = 20;
/// The longest words of somebody else's in a line, in characters.
const WORDS: usize = 160;
/// The fewest digits that stand for the id of a run.
const FEWEST: usize = 4;

impl Actions {
    /// The run that is meant: by a link to a message, by digits of its id, or the newest one at the place where somebody asks.
    ///
    /// # Errors
    /// When there is none, or more than one.
    pub async fn run_called(&self, asker: &Asker, which: Option<&str>) -> Result<RunId, Trouble> {
        let mut tx = self.engine.db.read().await?;
        let Some(which) = which.map(str::trim).filter(|which| !which.is_empty()) else {
            return newest(&mut tx, &asker.place)
                .await?
                .ok_or_else(|| nothing_here().into());
        };
        match MessageLink::parse(which) {
            Some(link) => linked(&mut tx, &link).await,
            None => Ok(by_digits(&mut tx, which).await?),
        }
    }

    /// Notes with which rights a run is asked for.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_rights(&self, tx: &mut Tx, run: RunId, asker: &Asker) -> Result<(), StoreError> {
        let then = rights(tx, asker, "was").await?;
        why::note_rights(tx, run, &then).await
    }

    /// How the permit's run came about.
    ///
    /// # Errors
    /// When it is gone, or the database fails.
    pub async fn why(&self, permit: &Permit) -> Result<String, Trouble> {
        let id = permit.run(Action::ReadRun)?;
        let mut tx = self.engine.db.read().await?;
        let run = runs::get(&mut tx, id).await?.ok_or_else(forgotten)?;
        let steps = runs::steps(&mut tx, id).await?;
        let mut text = asked(&mut tx, &run).await?;
        text.push_str(&match why::rights(&mut tx, id).await? {
            Some(then) => then,
            None => rights(&mut tx, &run.asker, "is, today,").await?,
        });
        text.push_str(&met(&mut tx, id).await?);
        let _ = writeln!(text, "- {}", state(&run));
        if !steps.is_empty() {
            text.push_str("\n**Steps**\n\n");
        }
        let mut used = (0, Money::default());
        for (number, step) in (1..).zip(&steps) {
            used = (used.0 + step.tokens, used.1.plus(step.cost));
            let _ = writeln!(text, "{number}. {}", step_words(step));
        }
        for gate in gates::of_run(&mut tx, id).await? {
            let verdict = gate::verdict(&gate);
            let _ = writeln!(text, "- Question {}: {verdict}", gate.number);
        }
        if used.0 > 0 {
            let cost = if used.1 > Money::default() {
                format!(", {} in money", used.1)
            } else {
                String::new()
            };
            let _ = writeln!(text, "\nThe model took {} tokens{cost}.", used.0);
        }
        text.push_str(&sent(&mut tx, id).await?);
        Ok(text.trim_end().to_owned())
    }
}

/// The newest run at a place that is neither about another one nor a word of ours that took no work.
async fn newest(tx: &mut Tx, place: &Place) -> Result<Option<RunId>, StoreError> {
    let mut places = vec![place.clone()];
    // Said beside a talk, it is about the newest one of the channel.
    if conversations::at(tx, place).await?.is_none() || place.root() == *place {
        places.push(place.root());
    }
    for place in places {
        for id in why::runs_at(tx, &place, LOOKED_THROUGH).await? {
            let run = runs::get(tx, id).await?;
            let is_asked = |run: &Run| match &run.work {
                Work::Talk => true,
                Work::Command { line } => !line.trim_start().starts_with("why"),
                Work::Say { .. } => false,
            };
            if run.is_some_and(|run| is_asked(&run)) {
                return Ok(Some(id));
            }
        }
    }
    Ok(None)
}

async fn linked(tx: &mut Tx, link: &MessageLink) -> Result<RunId, Trouble> {
    let Some(id) = link.external_id() else {
        let MessageLink::Issue { issue, .. } = link else {
            return Err(nothing_here().into());
        };
        let newest = newest(tx, &Place::GitHub(issue.clone())).await?;
        return newest.ok_or_else(|| nothing_here().into());
    };
    let found = why::runs_of_message(tx, id).await?;
    if let Some((_, run)) = found.iter().find(|(place, _)| link.is_at(place)) {
        return Ok(*run);
    }
    let came = why::came(tx, id).await?;
    let heard = came
        .iter()
        .find(|came| came.place.as_ref().is_some_and(|place| link.is_at(place)));
    Err(heard.map_or_else(nothing_known, no_request).into())
}

async fn by_digits(tx: &mut Tx, typed: &str) -> Result<RunId, Trouble> {
    let digits = typed.replace('-', "").to_lowercase();
    let fits = (FEWEST..=32).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let what = format!("I do not know what “{}” is", shorten(typed, 40));
    let fix = "Give a link to a message, or leave it out for the newest request here";
    if !fits {
        let why = "it is neither a link to a message nor the id of a run";
        return Err(PersonError::new(what, why, fix).into());
    }
    match audit::runs_named(tx, &digits, 2).await?.as_slice() {
        [id] => Ok(*id),
        [] => Err(PersonError::new(what, "no run has an id like that", fix).into()),
        _ => Err(PersonError::new(what, "several runs have ids like that", "Give more of its digits").into()),
    }
}

/// What was asked, by whom, where and when, and how it came in.
async fn asked(tx: &mut Tx, run: &Run) -> Result<String, StoreError> {
    let place = projects::label(tx, &run.asker.place).await?;
    let mut text = format!(
        "**{}** (`{}`) asked at {}, {}:\n\n> {}\n\n",
        quote_untrusted(&run.asker.name),
        run.asker.account,
        place,
        moment(run.asked_at),
        quote_untrusted(&one_line(&run.text)),
    );
    let messages = why::messages_of(tx, run.turn).await?;
    for (place, id) in &messages {
        let events = why::came(tx, id).await?;
        for came in events.iter().filter(|came| came.place.as_ref() == Some(place)) {
            let _ = writeln!(text, "- {}", came_words(came));
        }
    }
    if messages.is_empty() {
        text.push_str("- It came in as a command.\n");
    }
    Ok(text)
}

fn came_words(came: &Came) -> String {
    let copies = came.copied_at.map_or_else(
        || "no copy of it is noted".to_owned(),
        |at| {
            format!(
                "a copy of it came as well, the last at {}, and was not counted",
                moment(at)
            )
        },
    );
    let what = match came.name.as_str() {
        "message_edited" => "An edit of it came in",
        _ => "It came in",
    };
    format!("{what} at {}; {copies}.", moment(came.received_at))
}

/// What whoever asked is or was in the projects of the place.
async fn rights(tx: &mut Tx, asker: &Asker, is: &str) -> Result<String, StoreError> {
    let mut text = String::new();
    for project in projects::at(tx, &asker.place).await? {
        let standing = guard::standing(tx, asker, project.id).await?;
        let reasons: Vec<String> = standing
            .iter()
            .map(|(role, source)| reason(*role, *source))
            .collect();
        let what = if reasons.is_empty() {
            "nothing by a role".to_owned()
        } else {
            reasons.join("; ").replace("you ", "they ")
        };
        let name = quote_untrusted(&project.name);
        let _ = writeln!(text, "- Whoever asked {is} in **{name}**: {what}.");
    }
    Ok(text)
}

/// Whose words led to questions.
async fn met(tx: &mut Tx, run: RunId) -> Result<String, StoreError> {
    let met = trust::met(tx, run).await?;
    Ok(match (&met.tainted_by, met.strayed) {
        (Some(by), _) => format!(
            "- Words of people without rights reached it ({}), so that every change waited for an answer.\n",
            quote_untrusted(&one_line(by))
        ),
        (None, true) => "- It read another project, so that changes which the request does not name waited for an answer.\n".to_owned(),
        (None, false) => String::new(),
    })
}

fn state(run: &Run) -> String {
    let how = match &run.work {
        Work::Talk => "The agent answered".to_owned(),
        Work::Command { line } => format!("The command `{}` answered", one_line(line)),
        Work::Say { .. } => "The answer was known at once".to_owned(),
    };
    match run.state {
        RunState::Queued => "It waits for its turn.".to_owned(),
        RunState::Running => format!("It is being worked on: {}.", shorten(&run.doing, WORDS)),
        RunState::Stopping => "It was told to stop, and waits for what is on its way.".to_owned(),
        RunState::Done => format!("{how} (run `{}`).", run.id),
        RunState::Failed => format!("Not all of it worked (run `{}`).", run.id),
        RunState::Stopped => {
            let by = run.stopped_by.as_deref().unwrap_or("somebody");
            format!("It was stopped by {} (run `{}`).", quote_untrusted(by), run.id)
        }
    }
}

fn step_words(step: &Step) -> String {
    let output = step.output.as_deref().unwrap_or_default();
    match (step.kind, step.state) {
        (StepKind::Model, StepState::Lost) => "The model was asked, and its answer was lost.".to_owned(),
        (StepKind::Model, StepState::Asked | StepState::Awaiting) => "The model is being asked.".to_owned(),
        (StepKind::Model, StepState::Done) => format!("The model answered ({} tokens).", step.tokens),
        (StepKind::Tool, state) => {
            let result = match state {
                StepState::Asked => "not done yet".to_owned(),
                StepState::Awaiting => "waits for what becomes of it".to_owned(),
                StepState::Lost => "nobody knows what became of it".to_owned(),
                StepState::Done => quote_untrusted(&one_line(output)),
            };
            let failed = if step.failed { "failed: " } else { "" };
            format!("`{}` {}: {failed}{result}", step.name, code(&step.input))
        }
    }
}

/// What was sent, and what became of it.
async fn sent(tx: &mut Tx, run: RunId) -> Result<String, StoreError> {
    let ids = why::deliveries_of(tx, run).await?;
    if ids.is_empty() {
        return Ok(String::new());
    }
    let mut text = "\n**Sent**\n\n".to_owned();
    for id in ids {
        if let Some(delivery) = deliveries::get(tx, id).await? {
            let place = projects::label(tx, &delivery.place).await?;
            let question = gates::of_delivery(tx, id).await?.map(|gate| gate.number);
            let _ = writeln!(text, "- {}", delivery_words(&delivery, question, &place));
        }
    }
    Ok(text)
}

fn delivery_words(delivery: &Delivery, question: Option<i64>, place: &str) -> String {
    let what = match delivery.purpose {
        _ if let Some(number) = question => format!("question {number}"),
        Purpose::Answer if delivery.part > 0 => format!("part {} of the answer", delivery.part + 1),
        Purpose::Answer => "the answer".to_owned(),
        Purpose::Tool => "what a step asked for".to_owned(),
        Purpose::Digest => "a digest".to_owned(),
    };
    let calls = match delivery.calls {
        0 => "not tried yet".to_owned(),
        1 => "in one call".to_owned(),
        more => format!("in {more} calls"),
    };
    let became = match delivery.state {
        State::Queued => "it waits to be sent",
        State::Sending => "it is being sent",
        State::Sent => "it arrived",
        State::Unknown => "nobody knows yet whether it arrived; I look for it",
        State::Dead => "it was given up",
        State::Cancelled => "it was not sent",
    };
    let at = delivery
        .sent_at
        .map_or_else(String::new, |at| format!(" at {}", moment(at)));
    let reason = delivery.reason.as_deref().filter(|reason| !reason.is_empty());
    let reason = reason.map_or_else(String::new, |reason| {
        format!(" ({})", quote_untrusted(&one_line(reason)))
    });
    format!("{what}, to {place}: {became}{at}, {calls}{reason}.")
}

/// One line of somebody's words, shortened.
fn one_line(text: &str) -> String {
    shorten(&text.split_whitespace().collect::<Vec<_>>().join(" "), WORDS)
}

/// A line of code.
fn code(text: &str) -> String {
    format!("`{}`", one_line(text).replace('`', "'"))
}

fn moment(at: DateTime<Utc>) -> String {
    at.format("%-d %b %Y, %H:%M:%S UTC").to_string()
}

fn nothing_here() -> PersonError {
    PersonError::new(
        "I have nothing to tell",
        "nobody has asked me anything here that I still know of",
        "Give a link to a message, or ask where it was said",
    )
}

fn nothing_known() -> PersonError {
    PersonError::new(
        "I have nothing to tell",
        "I know nothing of this message: it never reached me, or it is forgotten by now",
        "Check the link; what is older than the configured days is not kept",
    )
}

fn no_request(came: &Came) -> PersonError {
    let meaning = match came.meaning.as_deref() {
        None => "it waits to be understood",
        Some("heard") => "it was not said to me, so I kept it as part of the talk and did nothing",
        Some("stop") => "it told me to stop",
        Some("answer") => "it answered a question",
        Some("edit" | "an edit before its message" | "deleted") => "it changed or took back what was said",
        Some("failed") => "I failed to understand it, and said so",
        Some(_) => "it was none of my business",
    };
    PersonError::new(
        "No work came of this message",
        format!("it reached me at {}, and {meaning}", moment(came.received_at)),
        "Say my name to ask me something",
    )
}

fn forgotten() -> PersonError {
    PersonError::new(
        "I have nothing to tell",
        "what I knew of this run is forgotten by now",
        "The audit log may say more: `callsheet audit list`",
    )
}
