//! What the commands about schedules do.

use super::{Outcome, ScheduleCommand};
use crate::action::{Actions, Listed, Naming, ScheduleKey, Trouble};
use crate::domain::schedule::{Rule, cron_words};
use crate::domain::{Answer, Asker, PersonError, Place, ScheduleId};
use crate::guard::{Action, Permit, Subject};
use crate::store::Tx;
use crate::store::schedules::Schedule;

/// How many due times are shown.
const SHOWN: usize = 5;

/// A change that is decided and permitted, and not made yet.
#[derive(Debug)]
pub enum Change {
    /// A new schedule.
    Add {
        /// To change the project's schedules.
        permit: Permit,
        /// Where it posts.
        place: Place,
        /// When.
        rule: Rule,
        /// Whether the person named its time zone.
        zone_named: bool,
    },
    /// A schedule that goes.
    Remove {
        /// To change the project's schedules.
        permit: Permit,
        /// Which.
        id: ScheduleId,
    },
}

impl Change {
    /// Makes the change.
    ///
    /// # Errors
    /// A sentence for the person, or a failure of the database; the transaction must then be rolled back.
    pub async fn apply(self, actions: &Actions, tx: &mut Tx) -> Result<Answer, Trouble> {
        match self {
            Self::Add {
                permit,
                place,
                rule,
                zone_named,
            } => {
                let made = actions.add_schedule(tx, &permit, &place, &rule).await?;
                Ok(Answer::words(added(&made, &rule, zone_named)))
            }
            Self::Remove { permit, id } => {
                let gone = actions.remove_schedule(tx, &permit, id).await?;
                Ok(Answer::words(format!(
                    "Removed schedule **{}**: {}.",
                    gone.schedule.number,
                    gone.what()
                )))
            }
        }
    }
}

fn added(made: &Listed, rule: &Rule, zone_named: bool) -> String {
    let next = made
        .schedule
        .next_at
        .map_or_else(|| "never".to_owned(), |at| moment(rule, at));
    let zone = if zone_named {
        ""
    } else {
        " You named no time zone, so its times are UTC; add one at the end, like `Europe/Berlin`, for others."
    };
    format!(
        "Schedule **{}** posts the status of {}. It is due first on {next}.{zone}",
        made.schedule.number,
        made.what()
    )
}

/// A due time in the zone of its schedule, and in UTC.
fn moment(rule: &Rule, at: chrono::DateTime<chrono::Utc>) -> String {
    if rule.zone() == "UTC" {
        return rule.words(at);
    }
    format!("{} ({})", rule.words(at), at.format("%a %H:%M UTC"))
}

/// What the words of `schedule add` say.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) project: Option<String>,
    pub(super) cron: String,
    pub(super) zone: Option<String>,
    pub(super) place: Option<String>,
}

/// Whether a word can be the beginning of an expression, and so no project.
fn begins_cron(word: &str) -> bool {
    let first = word.split_whitespace().next().unwrap_or_default();
    let field = !first.is_empty() && first.chars().all(|c| c.is_ascii_digit() || "*/,-".contains(c));
    field || first.starts_with('@')
}

/// Whether a word is an expression by itself.
fn is_whole_cron(word: &str) -> bool {
    word.starts_with('@') || word.contains(' ')
}

impl Wanted {
    /// Sorts the words: the project unless it is left out, the expression in one word or in five, and what follows it.
    ///
    /// # Errors
    /// When a word is left over.
    pub(super) fn read(words: &[String]) -> Result<Self, PersonError> {
        let (project, words) = match words {
            // Before a whole expression even a number is a name.
            [first, rest @ ..]
                if !begins_cron(first)
                    || (!is_whole_cron(first) && rest.first().is_some_and(|next| is_whole_cron(next))) =>
            {
                (Some(first.clone()), rest)
            }
            all => (None, all),
        };
        let (cron, rest) = words.split_at(cron_words(words));
        let mut wanted = Self {
            project,
            cron: cron.join(" "),
            zone: None,
            place: None,
        };
        for word in rest {
            let is_place = word == "here" || word.starts_with('#') || word.contains([':', '#']);
            let slot = if is_place {
                &mut wanted.place
            } else {
                &mut wanted.zone
            };
            if slot.is_some() || begins_cron(word) {
                let read = format!("I read `{}` as the times", wanted.cron);
                return Err(PersonError::new(
                    format!("I do not know what “{word}” means here"),
                    read,
                    "Write the times in quotes, then the time zone, like `schedule add apollo \"0 9 * * mon-fri\" \
                     Europe/Berlin`",
                ));
            }
            *slot = Some(word.clone());
        }
        Ok(wanted)
    }
}

/// Does what a command says, but for a change.
pub(super) async fn run(
    actions: &Actions,
    asker: &Asker,
    command: &ScheduleCommand,
) -> Result<Outcome, Trouble> {
    match command {
        ScheduleCommand::Add {
            project,
            when,
            zone,
            place,
        } => {
            let words: Vec<String> = project.iter().chain(when).cloned().collect();
            let mut wanted = Wanted::read(&words)?;
            wanted.zone = zone.clone().or(wanted.zone);
            wanted.place = place.clone().or(wanted.place);
            add(actions, asker, &wanted).await
        }
        ScheduleCommand::List { project } => list(actions, asker, project.as_deref()).await,
        ScheduleCommand::Next { number } => next(actions, asker, *number).await,
        ScheduleCommand::Remove { number } => {
            let schedule = actions.schedule(asker, *number).await?;
            let subject = Subject::Project(schedule.project);
            let permit = actions.permit(asker, Action::ManageSchedules, subject).await?;
            let id = schedule.id;
            Ok(Outcome::Change(Box::new(Change::Remove { permit, id })))
        }
    }
}

async fn add(actions: &Actions, asker: &Asker, wanted: &Wanted) -> Result<Outcome, Trouble> {
    let zone = wanted.zone.as_deref();
    let rule =
        Rule::parse(&wanted.cron, zone.unwrap_or("UTC")).map_err(|error| error.explain(&wanted.cron))?;
    let project = actions
        .project(asker, wanted.project.as_deref(), Naming::Whole)
        .await?;
    let permit = actions
        .permit(asker, Action::ManageSchedules, Subject::Project(project.id))
        .await?;
    let place = actions
        .schedule_place(asker, &project, wanted.place.as_deref())
        .await?;
    Ok(Outcome::Change(Box::new(Change::Add {
        permit,
        place,
        rule,
        zone_named: zone.is_some(),
    })))
}

/// The schedules of one project, or of all that the person may read.
async fn listed(actions: &Actions, asker: &Asker, project: Option<&str>) -> Result<Vec<Listed>, Trouble> {
    let projects = match project {
        Some(_) => vec![actions.project(asker, project, Naming::Close).await?],
        None => actions.readable(asker).await?,
    };
    let mut listed = Vec::new();
    for project in projects {
        let subject = Subject::Project(project.id);
        let permit = actions.permit(asker, Action::ReadProject, subject).await?;
        listed.extend(actions.schedules(&permit).await?);
    }
    Ok(listed)
}

const NONE: &str = "There is no schedule that you may see here. To make one: `schedule add apollo \"0 9 * * mon-fri\" \
                    Europe/Berlin`";

async fn list(actions: &Actions, asker: &Asker, project: Option<&str>) -> Result<Outcome, Trouble> {
    let listed = listed(actions, asker, project).await?;
    if listed.is_empty() {
        return Ok(Outcome::words(NONE));
    }
    let lines: Vec<String> = listed.iter().map(Listed::line).collect();
    Ok(Outcome::words(lines.join("\n")))
}

/// The next due times of one schedule, or of all together.
async fn next(actions: &Actions, asker: &Asker, key: Option<ScheduleKey>) -> Result<Outcome, Trouble> {
    let schedules: Vec<Schedule> = match key {
        Some(key) => vec![actions.schedule(asker, key).await?],
        None => listed(actions, asker, None)
            .await?
            .into_iter()
            .map(|listed| listed.schedule)
            .collect(),
    };
    let now = actions.engine.clock.now();
    let (mut coming, mut unreadable) = (Vec::new(), Vec::new());
    for schedule in &schedules {
        let rule = match schedule.rule() {
            Ok(rule) => rule,
            Err(error) => {
                unreadable.push(format!("- **{}**: it does not run: {error}", schedule.number));
                continue;
            }
        };
        let mut at = now;
        for _ in 0..SHOWN {
            let Some(next) = rule.next(at) else { break };
            coming.push((
                next,
                format!("- **{}**: {}", schedule.number, moment(&rule, next)),
            ));
            at = next;
        }
    }
    coming.sort_by_key(|(at, _)| *at);
    let mut lines: Vec<String> = coming.into_iter().take(SHOWN).map(|(_, line)| line).collect();
    lines.extend(unreadable);
    Ok(Outcome::words(if lines.is_empty() {
        NONE.to_owned()
    } else {
        lines.join("\n")
    }))
}
