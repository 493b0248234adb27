//! What became of a delivery, as a row of the audit log. It tells what was sent where and for whom, and of words only how many
//! and their hash: the log is kept for ever, and what people say is not.

use chrono::{DateTime, Utc};

use crate::domain::{Change, DeliveryId, Effect, IssueChange, IssueState, shorten};
use crate::engine::sender::Receipt;
use crate::store::audit::{self, Entry, Outcome, Who};
use crate::store::deliveries::{self, BEHIND, Delivery, Purpose, State};
use crate::store::{StoreError, Tx, outbox};

/// The longest title that is told.
const TITLE: usize = 200;

/// What a row on a delivery is about.
pub fn subject(id: DeliveryId) -> String {
    format!("delivery:{id}")
}

/// Notes that a platform confirmed the last words of a delivery. Of passing words, and of what was confirmed before, nothing is
/// noted.
pub(super) async fn sent(
    tx: &mut Tx,
    delivery: &Delivery,
    receipt: &Receipt,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let passing = !delivery.last || delivery.desired_rev > delivery.sending_rev;
    if passing || delivery.state == State::Sent {
        return Ok(());
    }
    let there = receipt.url.as_deref().unwrap_or(&receipt.external_id);
    let detail = format!("{} is there: {there}", effect(delivery, &delivery.sending_text));
    note(tx, delivery, "delivery.sent", Outcome::Done, detail, now).await
}

/// Notes that a delivery was given up, taken back, or is left in doubt.
pub(super) async fn ended(
    tx: &mut Tx,
    delivery: &Delivery,
    state: State,
    why: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (action, result, became) = match state {
        State::Dead => ("delivery.dead", Outcome::Failed, "was given up"),
        State::Cancelled => ("delivery.cancelled", Outcome::Done, "was taken back"),
        State::Unknown => ("delivery.unknown", Outcome::Failed, "may or may not be there"),
        State::Queued | State::Sending | State::Sent => return Ok(()),
    };
    let detail = format!("{} {became}: {why}", effect(delivery, &delivery.text));
    note(tx, delivery, action, result, detail, now).await
}

/// Notes that a delivery arrived once more.
pub(super) async fn twin(
    tx: &mut Tx,
    delivery: &Delivery,
    arrived: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let detail = format!(
        "{} is there a second time: {arrived}",
        effect(delivery, &delivery.text)
    );
    note(tx, delivery, "delivery.twin", Outcome::Failed, detail, now).await
}

/// Takes back the parts behind one that does not arrive, and notes it.
pub(super) async fn cancel_behind(
    tx: &mut Tx,
    delivery: &Delivery,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    for id in outbox::cancel_behind(tx, delivery.group, delivery.part).await? {
        if let Some(part) = deliveries::get(tx, id).await? {
            ended(tx, &part, State::Cancelled, BEHIND, now).await?;
        }
    }
    Ok(())
}

async fn note(
    tx: &mut Tx,
    delivery: &Delivery,
    action: &str,
    result: Outcome,
    detail: String,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let entry = Entry {
        who: Who::Service,
        place: Some(&delivery.place),
        action,
        subject: &subject(delivery.id),
        on_behalf: outbox::asked_by(tx, delivery.run, delivery.group).await?,
        result,
        run: delivery.run,
        detail,
    };
    audit::note(tx, &entry, now).await
}

/// What a delivery brings about.
fn effect(delivery: &Delivery, text: &str) -> String {
    match &delivery.effect {
        Effect::Message { .. } => {
            let what = match delivery.purpose {
                Purpose::Answer if !delivery.last => "progress of an answer",
                Purpose::Answer => "an answer",
                Purpose::Digest => "a digest",
                Purpose::Tool => "a message",
            };
            let part = match delivery.part {
                0 => String::new(),
                part => format!("part {} of ", part + 1),
            };
            format!("{part}{what} ({})", audit::words(text))
        }
        Effect::CreateIssue(new) => {
            let (title, body) = (shorten(&new.title, TITLE), audit::words(&new.body));
            let mut said = format!("a new issue “{title}” ({body})");
            for (name, list) in [("labels", &new.labels), ("assignees", &new.assignees)] {
                if !list.is_empty() {
                    said.push_str(&format!(", {name} {}", list.join(" ")));
                }
            }
            said
        }
        Effect::UpdateIssue { issue, change } => format!("a change of {issue} ({})", changed(change)),
    }
}

/// How an issue changes.
fn changed(change: &IssueChange) -> String {
    let mut said = Vec::new();
    if let Some(Change { from, to }) = &change.title {
        let (from, to) = (shorten(from, TITLE), shorten(to, TITLE));
        said.push(format!("title from “{from}” to “{to}”"));
    }
    if let Some(Change { from, to }) = &change.body {
        said.push(format!(
            "text from {} to {}",
            audit::words(from),
            audit::words(to)
        ));
    }
    said.extend(change.state.map(|state| match state {
        IssueState::Open => "reopened".to_owned(),
        IssueState::Closed => "closed".to_owned(),
        IssueState::NotPlanned => "closed as not planned".to_owned(),
    }));
    let lists = [
        ("labels added:", &change.add_labels),
        ("labels removed:", &change.remove_labels),
        ("assigned:", &change.add_assignees),
        ("unassigned:", &change.remove_assignees),
    ];
    let lists = lists.iter().filter(|(_, list)| !list.is_empty());
    said.extend(lists.map(|(verb, list)| format!("{verb} {}", list.join(" "))));
    said.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_without_the_words_of_a_text() {
        let change = IssueChange {
            title: Some(Change {
                from: "Login fails".to_owned(),
                to: "Login works".to_owned(),
            }),
            body: Some(Change {
                from: String::new(),
                to: "private".to_owned(),
            }),
            state: Some(IssueState::NotPlanned),
            add_labels: vec!["bug".to_owned(), "urgent".to_owned()],
            remove_assignees: vec!["cy".to_owned()],
            ..IssueChange::default()
        };
        insta::assert_snapshot!(changed(&change), @"title from “Login fails” to “Login works”, text from 0 characters, SHA-256 e3b0c44298fc1c14… to 7 characters, SHA-256 715dc8493c36579a…, closed as not planned, labels added: bug urgent, unassigned: cy");
    }
}
