//! What the commands about schedules do.

use clap::Subcommand;

use super::pages::{List, Shown};
use super::{Outcome, pages};
use crate::action::{Actions, Change, Listed, Naming, ScheduleKey, Trouble, moment};
use crate::domain::schedule::{Rule, cron_words};
use crate::domain::{Asker, PersonError};
use crate::guard::{Action, Subject};
use crate::store::schedules::Schedule;

/// What can be done with schedules.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum ScheduleCommand {
    /// Post a project's status at set times
    #[command(after_help = "schedule add apollo \"0 9 * * mon-fri\" Europe/Berlin")]
    Add {
        /// The project; left out for the one this place belongs to
        project: Option<String>,
        /// The times as a cron expression (minute, hour, day of the month, month, weekday) or one of @hourly, @daily,
        /// @weekly, @monthly, @yearly; the time zone may follow
        when: Vec<String>,
        /// The time zone, like Europe/Berlin; UTC when none is named
        #[arg(long)]
        zone: Option<String>,
        /// Where to post: a channel of the project like #general, or an issue like #12; here when none is named
        #[arg(long)]
        place: Option<String>,
    },
    /// The schedules you may see, when each is due next and what became of the last time
    #[command(after_help = "schedule list apollo")]
    List {
        /// A project; left out for all
        project: Option<String>,
        /// Which page of a long list
        #[arg(long, value_parser = pages::number, default_value = "1")]
        page: u32,
    },
    /// When digests are due next
    #[command(after_help = "schedule next 3")]
    Next {
        /// A schedule by its number; left out for all
        number: Option<ScheduleKey>,
    },
    /// Remove a schedule
    #[command(after_help = "schedule remove 3")]
    Remove {
        /// Its number
        number: ScheduleKey,
    },
}

/// How many due times are shown.
const SHOWN: usize = 5;

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
        ScheduleCommand::List { project, page } => list(actions, asker, project.as_deref(), *page).await,
        ScheduleCommand::Next { number } => next(actions, asker, *number).await,
        ScheduleCommand::Remove { number } => {
            let schedule = actions.schedule(asker, *number).await?;
            let subject = Subject::Project(schedule.project);
            let permit = actions.permit(asker, Action::ManageSchedules, subject).await?;
            Ok(Outcome::Change(Box::new(Change::RemoveSchedule {
                project: permit.project(Action::ManageSchedules)?,
                id: schedule.id,
            })))
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
    Ok(Outcome::Change(Box::new(Change::AddSchedule {
        project: permit.project(Action::ManageSchedules)?,
        place,
        cron: rule.cron().to_owned(),
        zone: rule.zone().to_owned(),
        zone_named: zone.is_some(),
    })))
}

/// The schedules of one project, or of all that the person may read.
async fn listed(actions: &Actions, asker: &Asker, project: Option<&str>) -> Result<Vec<Listed>, Trouble> {
    let named = project.is_some();
    let projects = match project {
        Some(_) => vec![actions.project(asker, project, Naming::Close).await?],
        None => actions.readable(asker).await?,
    };
    let mut listed = Vec::new();
    for project in projects {
        let subject = Subject::Project(project.id);
        let asked = if named {
            actions.permit(asker, Action::ReadInside, subject).await
        } else {
            actions.may(asker, Action::ReadInside, subject).await
        };
        let permit = match asked {
            // Among all of them, those are left out that are not theirs to see.
            Err(Trouble::Person(_)) if !named => continue,
            asked => asked?,
        };
        listed.extend(actions.schedules(&permit).await?);
    }
    Ok(listed)
}

const NONE: &str = "There is no schedule that you may see here. To make one: `schedule add apollo \"0 9 * * mon-fri\" \
                    Europe/Berlin`";

async fn list(
    actions: &Actions,
    asker: &Asker,
    project: Option<&str>,
    page: u32,
) -> Result<Outcome, Trouble> {
    let listed = listed(actions, asker, project).await?;
    if listed.is_empty() {
        return Ok(Outcome::words(NONE));
    }
    let list = List {
        heading: String::new(),
        entries: listed.iter().map(Listed::line).collect(),
        note: String::new(),
        more: false,
        shown: Shown::by("schedule list").word(project),
    };
    Ok(Outcome::Answer(list.page(page, asker)?))
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
