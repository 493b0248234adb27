//! `callsheet outbox`: what waits for a person, and what a person decides about it.

use super::words::{ago, beginning, counted, moment, one_line, short, state, text, what};
use super::{Operator, OperatorError};
use crate::domain::{DeliveryId, shorten};
use crate::engine::outbox::decisions::{self, Dropped, Hindrance, Retried};
use crate::engine::outbox::subject;
use crate::store::audit::{self, Entry, Outcome, Who};
use crate::store::deliveries::{self, BEHIND, Delivery, State};
use crate::store::outbox::{self, Wanted, Work};
use crate::store::{StoreError, Tx, projects, runs};

/// How many deliveries a list shows.
const SHOWN: usize = 100;
/// The fewest digits that stand for an id.
const FEWEST: usize = 4;
/// How many deliveries are named that some digits fit.
const NAMED: i64 = 6;

impl Operator {
    /// What waits, as lines for a terminal.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(&self, wanted: Wanted) -> Result<String, OperatorError> {
        let mut tx = self.db.read().await?;
        let limit = i64::try_from(SHOWN + 1).unwrap_or(i64::MAX);
        let ids = outbox::list(&mut tx, wanted, limit).await?;
        if ids.is_empty() {
            return Ok(match wanted {
                Wanted::Waiting => "Nothing waits for a person.",
                Wanted::Unknown => "No delivery is in doubt.",
                Wanted::Dead => "No delivery was given up.",
                Wanted::Queued => "Nothing is on its way.",
                Wanted::All => "Nothing is on its way, in doubt or given up.",
            }
            .to_owned());
        }
        let mut lines = Vec::new();
        for id in ids.iter().take(SHOWN) {
            if let Some(delivery) = deliveries::get(&mut tx, *id).await? {
                lines.push(self.entry(&mut tx, &delivery).await?);
            }
        }
        if ids.len() > SHOWN {
            lines.push(format!(
                "These are the {SHOWN} oldest; there are more behind them."
            ));
        }
        lines.push(
            "`callsheet outbox show ID` tells more of one; `retry ID` tries it again, `drop ID` settles it."
                .to_owned(),
        );
        Ok(lines.join("\n\n"))
    }

    /// One delivery in a list.
    async fn entry(&self, tx: &mut Tx, delivery: &Delivery) -> Result<String, StoreError> {
        let work = outbox::work(tx, delivery.id).await?;
        let place = projects::label(tx, &delivery.place).await?;
        let mut entry = format!(
            "{}  {}: {}, made {}{}",
            short(delivery.id),
            state(delivery, work.as_ref()),
            what(delivery, &place),
            ago(delivery.created_at, self.clock.now()),
            tries(delivery),
        );
        let words = beginning(delivery);
        if !words.is_empty() {
            entry.push_str(&format!("\n          “{words}”"));
        }
        if let Some(reason) = why(delivery) {
            entry.push_str(&format!("\n          {reason}"));
        }
        Ok(entry)
    }

    /// All about one delivery.
    ///
    /// # Errors
    /// When no delivery has this id, several have it, or the database fails.
    pub async fn show(&self, id: &str) -> Result<String, OperatorError> {
        let mut tx = self.db.read().await?;
        let id = find(&mut tx, id).await?;
        let Some(delivery) = deliveries::get(&mut tx, id).await? else {
            return Err(OperatorError::Refused(hindered(id, &Hindrance::Gone)));
        };
        let now = self.clock.now();
        let work = outbox::work(&mut tx, id).await?;
        let place = projects::label(&mut tx, &delivery.place).await?;
        let parts = deliveries::of_group(&mut tx, delivery.group).await?.len();
        let part = if parts > 1 {
            format!("part {} of {parts} of ", delivery.part + 1)
        } else {
            String::new()
        };
        let mut facts = vec![
            ("What", format!("{part}{}", what(&delivery, &place))),
            ("Where", delivery.place.to_string()),
        ];
        if let Some(run) = delivery.run
            && let Some(run) = runs::get(&mut tx, run).await?
        {
            let asked = shorten(&one_line(&run.text), 200);
            facts.push(("For", format!("{}, who asked: “{asked}”", run.asker.name)));
        }
        facts.push(("State", state(&delivery, work.as_ref()).to_owned()));
        facts.extend(why(&delivery).map(|reason| ("Why", reason)));
        let made = delivery.created_at;
        facts.push(("Made", format!("{}, {}", moment(made), ago(made, now))));
        facts.extend(tried(&delivery));
        facts.extend(next(&delivery, work.as_ref()).map(|next| ("Next", next)));
        let there = delivery.url.clone().or_else(|| delivery.external_id.clone());
        facts.extend(there.map(|there| ("There", there)));
        facts.extend(delivery.twin_id.clone().map(|twin| ("Twin", twin)));
        let facts: Vec<String> = facts
            .iter()
            .map(|(name, fact)| format!("  {name:<7}{fact}"))
            .collect();
        let words: Vec<String> = text(&delivery)
            .lines()
            .map(|line| format!("    {line}"))
            .collect();
        Ok(format!(
            "Delivery {id}\n\n{}\n\n  Text\n{}\n\n{}",
            facts.join("\n"),
            words.join("\n"),
            choices(&delivery, work.as_ref())
        ))
    }

    /// Tries a delivery again; `resend` when a person has seen that it did not arrive.
    ///
    /// # Errors
    /// When it cannot be tried again, with a sentence; nothing is changed then.
    pub async fn retry(&self, id: &str, resend: bool) -> Result<String, OperatorError> {
        let mut tx = self.db.begin().await?;
        let id = find(&mut tx, id).await?;
        let retried = decisions::retry(&mut tx, id, resend, self.clock.now()).await?;
        let told = retried
            .map(|retried| comes_back(id, retried))
            .map_err(|hindrance| hindered(id, &hindrance));
        let action = if resend { "outbox.resend" } else { "outbox.retry" };
        self.decided(tx, action, id, told)
            .await
            .map(|said| said + self.when())
    }

    /// Decides that a delivery shall not be sent, or that it is settled.
    ///
    /// # Errors
    /// When it cannot be dropped, with a sentence; nothing is changed then.
    pub async fn drop(&self, id: &str) -> Result<String, OperatorError> {
        let mut tx = self.db.begin().await?;
        let id = find(&mut tx, id).await?;
        let dropped = decisions::drop(&mut tx, id, self.clock.now()).await?;
        let told = dropped
            .map(|dropped| settled(id, dropped))
            .map_err(|hindrance| hindered(id, &hindrance));
        self.decided(tx, "outbox.drop", id, told).await
    }

    /// Notes a decision in the audit log, be it carried out or refused.
    async fn decided(
        &self,
        mut tx: Tx,
        action: &str,
        id: DeliveryId,
        told: Result<String, String>,
    ) -> Result<String, OperatorError> {
        let delivery = deliveries::get(&mut tx, id).await?;
        let (run, group) = delivery
            .as_ref()
            .map(|delivery| (delivery.run, delivery.group))
            .unzip();
        let run = run.flatten();
        let (result, detail) = match &told {
            Ok(said) => (Outcome::Done, said),
            Err(why) => (Outcome::Refused, why),
        };
        let entry = Entry {
            who: Who::Operator(&self.name),
            place: delivery.as_ref().map(|delivery| &delivery.place),
            action,
            subject: &subject(id),
            on_behalf: match group {
                Some(group) => outbox::asked_by(&mut tx, run, group).await?,
                None => None,
            },
            result,
            run,
            detail: detail.clone(),
        };
        audit::note(&mut tx, &entry, self.clock.now()).await?;
        tx.commit("operator decided").await?;
        self.seal().await;
        told.map_err(OperatorError::Refused)
    }

    /// When the service takes a decision up.
    fn when(&self) -> &'static str {
        if self.alone {
            " The service is not running; it does this at its next start."
        } else {
            ""
        }
    }
}

/// What becomes of a delivery that is tried again.
fn comes_back(id: DeliveryId, retried: Retried) -> String {
    let id = short(id);
    let mut said = if retried.looks_first {
        format!("{id} is looked for once more, and sent when there is no sign of it.")
    } else {
        format!("{id} is queued again.")
    };
    match retried.behind {
        0 => {}
        1 => said.push_str(" The part behind it comes back with it."),
        more => said.push_str(&format!(" The {more} parts behind it come back with it.")),
    }
    said
}

/// What becomes of a delivery that is dropped.
fn settled(id: DeliveryId, dropped: Dropped) -> String {
    let id = short(id);
    match dropped {
        Dropped::Cancelled => format!("{id} is not sent."),
        Dropped::Settled => format!("{id} is settled: it is neither looked for nor sent again."),
        Dropped::Seen => format!("{id} no longer counts as sent twice."),
    }
}

/// The delivery that some digits of an id name.
async fn find(tx: &mut Tx, typed: &str) -> Result<DeliveryId, OperatorError> {
    let shown = shorten(&one_line(typed), 40);
    let digits = typed.trim().replace('-', "").to_lowercase();
    if digits.len() < FEWEST || digits.len() > 32 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(OperatorError::Refused(format!(
            "“{shown}” is no id of a delivery: ids have digits and the letters a to f, of which the first or the last \
             {FEWEST} or more are enough. `callsheet outbox list` shows them."
        )));
    }
    let found = outbox::named(tx, &digits, NAMED).await?;
    match found.as_slice() {
        [id] => Ok(*id),
        [] => Err(OperatorError::Refused(format!(
            "there is no delivery whose id begins or ends with “{shown}”. `callsheet outbox list --state all` shows what \
             is not settled."
        ))),
        several => {
            let ids: Vec<String> = several.iter().map(ToString::to_string).collect();
            Err(OperatorError::Refused(format!(
                "“{shown}” fits several deliveries: {}. Give more of its digits.",
                ids.join(", ")
            )))
        }
    }
}

/// How often it was tried since it last arrived.
fn tries(delivery: &Delivery) -> String {
    match delivery.attempts {
        0 if delivery.sent_at.is_some() => String::new(),
        0 => ", not tried yet".to_owned(),
        1 => ", tried once".to_owned(),
        count => format!(", tried {}", counted(count, "time")),
    }
}

/// When it was tried, or arrived.
fn tried(delivery: &Delivery) -> Option<(&'static str, String)> {
    if let Some(at) = delivery.sent_at.filter(|_| delivery.attempts == 0) {
        return Some(("Sent", moment(at)));
    }
    let last = moment(delivery.sending_since?);
    match delivery.attempts {
        0 => None,
        1 => Some(("Tried", format!("once, at {last}"))),
        count => Some(("Tried", format!("{}, the last at {last}", counted(count, "time")))),
    }
}

/// Why it stands as it does.
fn why(delivery: &Delivery) -> Option<String> {
    if delivery.twin_id.is_some() {
        let why = "a call was applied after its look-up had found nothing, so that it stands there twice; remove one";
        return Some(why.to_owned());
    }
    let reason = delivery.reason.as_deref().map(one_line)?;
    (!reason.is_empty()).then_some(reason)
}

/// What happens next by itself.
fn next(delivery: &Delivery, work: Option<&Work>) -> Option<String> {
    let work = work?;
    let doing = match delivery.state {
        State::Unknown => "looked for",
        State::Queued => "sent",
        _ => return None,
    };
    Some(if work.is_running {
        format!("{doing} at this moment")
    } else {
        format!("{doing} not before {}", moment(work.run_at))
    })
}

/// What `retry` and `drop` would do.
fn choices(delivery: &Delivery, work: Option<&Work>) -> String {
    let id = short(delivery.id);
    let retry = format!("  callsheet outbox retry {id}");
    let resend = format!("  callsheet outbox retry --resend {id}");
    let drop = format!("  callsheet outbox drop {id}");
    let choices = match delivery.state {
        State::Sent if delivery.twin_id.is_some() => {
            vec![(drop, "takes it off the list, once you have removed one")]
        }
        _ if work.is_some_and(|work| work.is_running) => {
            return "It is being worked on; look again in a minute.".to_owned();
        }
        State::Unknown => vec![
            (
                retry,
                "looks for it now, and sends it when there is no sign of it",
            ),
            (
                resend,
                "sends it without looking, once you have seen that it is not there",
            ),
            (
                drop,
                "settles it, once you have seen that it is there, or need it no more",
            ),
        ],
        State::Dead if delivery.lost_calls > 0 => vec![
            (retry, "looks for it, and sends it when there is no sign of it"),
            (
                resend,
                "sends it without looking, once you have seen that it is not there",
            ),
            (drop, "takes it off the list; it is not sent"),
        ],
        State::Dead => vec![
            (
                retry,
                "sends it again, and what was held back behind it; mend first what is said above",
            ),
            (drop, "takes it off the list; it is not sent"),
        ],
        State::Queued => vec![(drop, "takes it back; whoever waits for it is told")],
        State::Sent | State::Cancelled | State::Sending => return "There is nothing to decide.".to_owned(),
    };
    let lines: Vec<String> = choices
        .iter()
        .map(|(command, does)| format!("{command}\n      {does}"))
        .collect();
    lines.join("\n")
}

/// Why nothing was changed, in a sentence.
fn hindered(id: DeliveryId, hindrance: &Hindrance) -> String {
    let why = match hindrance {
        Hindrance::Gone => "is not there any more".to_owned(),
        Hindrance::Busy => "is being worked on at this moment; look again in a minute".to_owned(),
        Hindrance::Queued { at: Some(at) } => {
            format!("waits for its turn already, not before {}", moment(*at))
        }
        Hindrance::Queued { at: None } => "waits for the next words of its answer".to_owned(),
        Hindrance::Sent => "has arrived".to_owned(),
        Hindrance::Cancelled { reason } if reason == BEHIND => {
            "was held back, since an earlier part of it did not arrive; retry that one".to_owned()
        }
        Hindrance::Cancelled { reason } => format!("was taken back before ({reason})"),
    };
    format!("{} {why}. Nothing was changed.", short(id))
}
