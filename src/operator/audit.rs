//! `callsheet audit`: what was done by whom, and whether the log of it is whole.

use std::io::ErrorKind;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use serde::Serialize;

use super::words::{counted, moment, one_line};
use super::{Operator, OperatorError};
use crate::domain::{AuditId, RunId, clean, shorten};
use crate::engine::audit::check::{Fault, Report};
use crate::engine::audit::{self as sealer, check};
use crate::store::Tx;
use crate::store::audit::{self, Filter, Hash, Record, Sealed};

/// The fewest digits that stand for the id of a run.
const FEWEST: usize = 4;
/// How many runs are named that some digits fit.
const NAMED: i64 = 6;
/// How many faults are told.
const FAULTS: usize = 20;
/// How many rows an export reads at once.
const PAGE: i64 = 500;

/// Which rows to list, in the operator's words.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// By this person, or on their behalf.
    pub person: Option<String>,
    /// Whose action begins so.
    pub action: Option<String>,
    /// Whose subject holds this.
    pub subject: Option<String>,
    /// Of this run, by digits of its id.
    pub run: Option<String>,
    /// Not older than this day, or moment.
    pub since: Option<String>,
    /// At most so many.
    pub limit: u32,
}

/// What a check of the log says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The words.
    pub text: String,
    /// Whether all that is sealed is as it was sealed, and the head that was asked for is there.
    pub is_whole: bool,
}

impl Operator {
    /// The newest rows, as lines for a terminal.
    ///
    /// # Errors
    /// When what is wanted cannot be understood, or the database fails.
    pub async fn audit_list(&self, wanted: &Wanted) -> Result<String, OperatorError> {
        let mut tx = self.db.read().await?;
        let run = match &wanted.run {
            Some(typed) => Some(find_run(&mut tx, typed).await?),
            None => None,
        };
        let since = match &wanted.since {
            Some(typed) => since(typed)?,
            None => Filter::ALL.since,
        };
        let filter = Filter {
            person: wanted.person.as_deref(),
            action: wanted.action.as_deref(),
            subject: wanted.subject.as_deref(),
            run,
            since,
        };
        let rows = audit::list(&mut tx, &filter, i64::from(wanted.limit) + 1).await?;
        if rows.is_empty() {
            let all = filter == Filter::ALL;
            let words = if all {
                "Nothing was noted yet."
            } else {
                "Nothing in the log fits."
            };
            return Ok(words.to_owned());
        }
        let shown = usize::try_from(wanted.limit).unwrap_or(usize::MAX);
        let mut said: Vec<String> = rows.iter().take(shown).map(entry).collect();
        if rows.len() > shown {
            said.push(format!(
                "These are the newest {shown}; `--limit` and `--since` show others."
            ));
        }
        Ok(said.join("\n\n"))
    }

    /// Checks the log, and whether an earlier head still stands in it.
    ///
    /// # Errors
    /// When `head` is none, or the database fails.
    pub async fn audit_verify(&self, head: Option<&str>) -> Result<Verified, OperatorError> {
        let head = head.map(wanted_head).transpose()?;
        let report = check::check(&self.db, head).await?;
        Ok(verified(&report, head, self.alone))
    }

    /// Gives the whole log to `write`, one JSON object a line: the chain in its order, then what is not sealed yet. Somebody
    /// who does not want to read on ends it.
    ///
    /// # Errors
    /// When the database fails, or it cannot be written.
    pub async fn audit_export(
        &self,
        mut write: impl FnMut(&str) -> std::io::Result<()>,
    ) -> Result<(), OperatorError> {
        let mut write = |line: &Line| {
            let text = serde_json::to_string(line).map_err(std::io::Error::other);
            match text.and_then(|text| write(&text)) {
                Ok(()) => Ok(true),
                Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
                Err(error) => Err(OperatorError::Refused(format!("cannot write the log: {error}"))),
            }
        };
        let mut position = 0;
        loop {
            let mut tx = self.db.read().await?;
            let page = audit::sealed_after(&mut tx, position, PAGE).await?;
            let Some(last) = page.last() else { break };
            position = last.position;
            let mut rows = audit::rows_at(&mut tx, &page).await?;
            drop(tx);
            for sealed in page {
                if !write(&Line::sealed(sealed, rows.remove(&sealed.row)))? {
                    return Ok(());
                }
            }
        }
        let mut after = None;
        loop {
            let mut tx = self.db.read().await?;
            let page = audit::unsealed_after(&mut tx, after, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(last.id);
            drop(tx);
            for row in page {
                if !write(&Line::unsealed(row))? {
                    return Ok(());
                }
            }
        }
    }

    /// Seals what was noted, so that nothing waits for the next start of the service. What fails is left to it.
    pub(super) async fn seal(&self) {
        if let Err(error) = sealer::seal(&self.db, self.clock.now()).await {
            tracing::warn!(%error, "cannot seal the audit log");
        }
    }
}

/// A row of an export. Where a row was removed, or cannot be read, only its position is there.
#[derive(Serialize)]
struct Line {
    position: Option<i64>,
    batch: Option<i64>,
    hash: Option<String>,
    id: AuditId,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<&'static str>,
    #[serde(flatten)]
    columns: Option<Columns>,
}

/// What was noted, by the names of the table.
#[derive(Serialize)]
struct Columns {
    noted_at: DateTime<Utc>,
    actor: String,
    actor_name: String,
    person_id: Option<crate::domain::PersonId>,
    platform: Option<String>,
    workspace: Option<String>,
    user_id: Option<String>,
    place: Option<String>,
    action: String,
    subject: String,
    on_behalf_id: Option<crate::domain::PersonId>,
    on_behalf_name: Option<String>,
    result: String,
    run_id: Option<RunId>,
    detail: String,
}

impl From<Record> for Columns {
    fn from(row: Record) -> Self {
        Self {
            noted_at: row.noted_at,
            actor: row.actor,
            actor_name: row.actor_name,
            person_id: row.person_id,
            platform: row.platform,
            workspace: row.workspace,
            user_id: row.user_id,
            place: row.place,
            action: row.action,
            subject: row.subject,
            on_behalf_id: row.on_behalf_id,
            on_behalf_name: row.on_behalf_name,
            result: row.result,
            run_id: row.run_id,
            detail: row.detail,
        }
    }
}

impl Line {
    fn sealed(sealed: Sealed, row: Option<Option<Record>>) -> Self {
        let fault = match &row {
            None => Some("removed"),
            Some(None) => Some("cannot be read"),
            Some(Some(_)) => None,
        };
        Self {
            position: Some(sealed.position),
            batch: Some(sealed.batch),
            hash: Some(sealed.hash.to_string()),
            id: sealed.row,
            fault,
            columns: row.flatten().map(Columns::from),
        }
    }

    fn unsealed(row: Record) -> Self {
        Self {
            position: None,
            batch: None,
            hash: None,
            id: row.id,
            fault: None,
            columns: Some(row.into()),
        }
    }
}

/// A row in a list.
fn entry(row: &Record) -> String {
    let mut who = one_line(&row.actor_name);
    if let (Some(platform), Some(user)) = (&row.platform, &row.user_id) {
        let workspace = row.workspace.as_deref().filter(|workspace| !workspace.is_empty());
        let account: Vec<&str> = workspace.into_iter().chain([user.as_str()]).collect();
        who.push_str(&format!(" ({platform} {})", account.join("/")));
    }
    if row.actor == "operator" {
        who.push_str(" (operator)");
    }
    if let Some(name) = &row.on_behalf_name {
        who.push_str(&format!(" for {}", one_line(name)));
    }
    let mut entry = format!(
        "{}  {}  {}  {who}\n    {}",
        moment(row.noted_at),
        one_line(&row.action),
        one_line(&row.result),
        one_line(&row.subject)
    );
    if let Some(place) = &row.place {
        entry.push_str(&format!(" at {}", one_line(place)));
    }
    if let Some(run) = row.run_id {
        entry.push_str(&format!("\n    run {run}"));
    }
    let detail = clean(&row.detail);
    let mut lines = detail.lines();
    if let Some(first) = lines.next() {
        let more = if lines.next().is_some() { " …" } else { "" };
        entry.push_str(&format!("\n    {first}{more}"));
    }
    entry
}

/// The run that some digits of an id name.
async fn find_run(tx: &mut Tx, typed: &str) -> Result<RunId, OperatorError> {
    let shown = shorten(&one_line(typed), 40);
    let digits = typed.trim().replace('-', "").to_lowercase();
    if digits.len() < FEWEST || digits.len() > 32 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(OperatorError::Refused(format!(
            "“{shown}” is no id of a run: ids have digits and the letters a to f, of which the first or the last {FEWEST} \
             or more are enough. `callsheet audit list` shows them."
        )));
    }
    let found = audit::runs_named(tx, &digits, NAMED).await?;
    match found.as_slice() {
        [id] => Ok(*id),
        [] => Err(OperatorError::Refused(format!(
            "there is no run whose id begins or ends with “{shown}”, neither in the log nor among those that are kept. \
             `callsheet audit list` shows the ids."
        ))),
        several => {
            let ids: Vec<String> = several.iter().map(ToString::to_string).collect();
            Err(OperatorError::Refused(format!(
                "“{shown}” fits several runs: {}. Give more of its digits.",
                ids.join(", ")
            )))
        }
    }
}

/// A day, or a moment; without a zone it is UTC.
fn since(typed: &str) -> Result<DateTime<Utc>, OperatorError> {
    let text = typed.trim();
    let zoned = DateTime::parse_from_rfc3339(text).map(|at| at.to_utc());
    let plain = |form| NaiveDateTime::parse_from_str(text, form).map(|at| at.and_utc());
    let day =
        || NaiveDate::parse_from_str(text, "%Y-%m-%d").map(|day| day.and_time(NaiveTime::MIN).and_utc());
    let forms = [
        "%Y-%m-%dT%H:%M:%S",
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%d %H:%M",
    ];
    let at = zoned
        .or_else(|_| day())
        .ok()
        .or_else(|| forms.into_iter().find_map(|form| plain(form).ok()));
    at.ok_or_else(|| {
        OperatorError::Refused(format!(
            "“{}” is no date that I can read: give a day such as 2026-11-22, or a moment such as 2026-11-22T09:30 (UTC).",
            shorten(&one_line(typed), 40)
        ))
    })
}

/// A head as `verify` prints it.
fn wanted_head(typed: &str) -> Result<Hash, OperatorError> {
    typed.trim().to_lowercase().parse().map_err(|_| {
        OperatorError::Refused(format!(
            "“{}” is no head of the log: a head has 64 digits and letters from a to f, as `callsheet audit verify` prints it.",
            shorten(&one_line(typed), 80)
        ))
    })
}

/// What a check found, in words.
fn verified(report: &Report, head: Option<Hash>, alone: bool) -> Verified {
    let mut said = Vec::new();
    let rows = counted(report.sealed, "row");
    if report.faults.is_empty() && report.holds_head {
        said.push(match report.sealed {
            0 => "The audit log is whole: nothing is sealed yet.".to_owned(),
            _ => format!("The audit log is whole: {rows}, each as it was sealed."),
        });
        said.extend(head.map(|_| "The head you gave stands in it.".to_owned()));
    } else {
        let mut lines = vec![format!("The audit log is NOT whole ({rows} in the chain):")];
        lines.extend(
            report
                .faults
                .iter()
                .take(FAULTS)
                .map(|fault| format!("  {}", words(fault))),
        );
        let more = report.faults.len().saturating_sub(FAULTS) + report.more;
        if more > 0 {
            lines.push(format!("  and {more} more"));
        }
        if !report.holds_head {
            lines.push(
                "  the head you gave stands nowhere in it: rows were cut off at the end, or the log was written anew"
                    .to_owned(),
            );
        }
        said.push(lines.join("\n"));
    }
    if report.unsealed > 0 {
        said.push(tail(report, alone));
    }
    said.push(format!(
        "Head: {}\nKeep it where nobody who can change the database can change it; `callsheet audit verify --head HEAD` then tells \
         whether all up to it is still there.",
        report.head
    ));
    Verified {
        text: said.join("\n\n"),
        is_whole: report.faults.is_empty() && report.holds_head,
    }
}

/// What is wrong, in words.
fn words(fault: &Fault) -> String {
    match fault {
        Fault::Beginning => "the beginning of the chain (batch 0) was changed or removed".to_owned(),
        Fault::Changed { position, row } => {
            format!(
                "position {position}, row {row}: changed after it was sealed, or what stood before it was removed"
            )
        }
        Fault::Removed { position, row } => format!("position {position}, row {row}: removed"),
        Fault::Gap { from, to } if from == to => format!("position {from}: removed, with its row"),
        Fault::Gap { from, to } => format!("positions {from} to {to}: removed, with their rows"),
        Fault::Swapped {
            position,
            row,
            sealed,
        } => {
            format!("position {position}, row {row}: put in another order; row {sealed} was sealed there")
        }
        Fault::Moved { position, row } => {
            format!("position {position}, row {row}: put in another order; it was sealed behind another row")
        }
        Fault::Batch { batch } => {
            format!("batch {batch}: it does not fit the positions that were sealed with it")
        }
        Fault::Stranger { row } => {
            format!("row {row}: put in past the rules of the database; it was never to be sealed")
        }
        Fault::Lost { row } => format!("row {row}: removed before it was sealed"),
    }
}

/// What is not sealed yet, in words.
fn tail(report: &Report, alone: bool) -> String {
    let when = if alone {
        "the service is not running; it does this at its next start"
    } else {
        "the service does this within seconds"
    };
    let verb = if report.unsealed == 1 { "is" } else { "are" };
    let mut lines = vec![format!(
        "{} {verb} not sealed yet ({when}), so that a change of it would not show:",
        counted(report.unsealed, "row")
    )];
    lines.extend(report.tail.iter().map(|row| {
        format!(
            "  row {}, {}: {} {}",
            row.id,
            moment(row.noted_at),
            one_line(&row.action),
            one_line(&row.subject)
        )
    }));
    let told = i64::try_from(report.tail.len()).unwrap_or(i64::MAX);
    if report.unsealed > told {
        lines.push(format!("  and {} more", report.unsealed - told));
    }
    lines.join("\n")
}
