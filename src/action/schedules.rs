//! Schedules: when and where a project's status is posted by itself.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Actions, Trouble};
use crate::domain::schedule::Rule;
use crate::domain::{Asker, PersonError, Place, Platform, Project, ProjectId, ScheduleId, issue_refs};
use crate::guard::{self, Action, Permit, Subject};
use crate::store::deliveries::{self, State};
use crate::store::schedules::{self, NewSchedule, Occurrence, Schedule};
use crate::store::{StoreError, Tx, projects};

/// How many schedules a project may have: more is a mistake that floods its places.
const MOST: usize = 20;

/// What people call a schedule by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScheduleKey {
    /// Its number.
    Number(i64),
    /// Its id.
    Id(ScheduleId),
}

impl std::str::FromStr for ScheduleKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = text
            .trim_start_matches('#')
            .parse()
            .ok()
            .filter(|number| *number > 0);
        let id = || text.parse::<Uuid>().ok().map(|id| Self::Id(ScheduleId(id)));
        number
            .map(Self::Number)
            .or_else(id)
            .ok_or_else(|| "a schedule has a number, like 3".to_owned())
    }
}

impl std::fmt::Display for ScheduleKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Id(id) => id.fmt(f),
        }
    }
}

/// A schedule as people see it.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The schedule.
    pub schedule: Schedule,
    /// Its project's name.
    pub project: String,
    /// What people call its place.
    pub place: String,
    /// When it was due last, and what became of that, in words.
    pub last: Option<(DateTime<Utc>, String)>,
}

impl Listed {
    /// The schedule in one line of a Markdown list.
    pub fn line(&self) -> String {
        let schedule = &self.schedule;
        let mut line = format!("- **{}**: {}", schedule.number, self.what());
        let rule = match schedule.rule() {
            Ok(rule) => rule,
            Err(error) => return format!("{line}. It does not run: {error}"),
        };
        match schedule.next_at {
            Some(at) => line.push_str(&format!(". Next {}", rule.words(at))),
            None => line.push_str(". It is never due again"),
        }
        if let Some((at, became)) = &self.last {
            line.push_str(&format!(
                ". Last {}: {}",
                rule.words(*at),
                became.trim_end_matches('.')
            ));
        }
        line
    }

    /// What the schedule posts when and where.
    pub fn what(&self) -> String {
        let schedule = &self.schedule;
        format!(
            "{} to {}, `{}` {}",
            self.project, self.place, schedule.cron, schedule.zone
        )
    }
}

/// What is said of a new schedule.
pub(super) fn added(made: &Listed, rule: &Rule, zone_named: bool) -> String {
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
pub fn moment(rule: &Rule, at: chrono::DateTime<chrono::Utc>) -> String {
    if rule.zone() == "UTC" {
        return rule.words(at);
    }
    format!("{} ({})", rule.words(at), at.format("%a %H:%M UTC"))
}

/// What became of a digest, in words.
async fn became(tx: &mut Tx, occurrence: &Occurrence) -> Result<String, StoreError> {
    let Some(group) = occurrence.group_id else {
        let why_not = occurrence.text.clone();
        return Ok(why_not.unwrap_or_else(|| "it is being made".to_owned()));
    };
    let parts = deliveries::of_group(tx, group).await?;
    let reason = |part: &deliveries::Delivery| part.reason.clone().unwrap_or_default();
    let dead = parts.iter().find(|part| part.state == State::Dead);
    let unknown = parts.iter().find(|part| part.state == State::Unknown);
    Ok(match (dead, unknown) {
        (Some(dead), _) => format!("it could not be posted, because {}", reason(dead)),
        (None, Some(unknown)) => format!("it may not have arrived ({})", reason(unknown)),
        _ if parts.iter().all(|part| part.state == State::Sent) => if occurrence.delayed {
            "posted late"
        } else {
            "posted"
        }
        .to_owned(),
        _ => "it is on its way".to_owned(),
    })
}

/// Whether a place belongs to a project, as far as its digests go: the project is at home there, or the schedule is asked
/// for there and the place is nobody else's. Other repositories' issues never do: other people read them.
async fn belongs(tx: &mut Tx, asker: &Asker, project: ProjectId, place: &Place) -> Result<bool, StoreError> {
    if let Some(repository) = place.repository() {
        let project = projects::get(tx, project).await?;
        return Ok(project.is_some_and(|project| project.repository.as_ref() == Some(repository)));
    }
    let home = projects::at(tx, place).await?;
    let here = asker.place.platform() != Platform::Shell && place.root() == asker.place.root();
    Ok(home.iter().any(|home| home.id == project) || (here && home.is_empty()))
}

/// Whether digests of a project may be posted at a place: where it is asked for, or where the project is at home.
async fn check_place(tx: &mut Tx, asker: &Asker, project: ProjectId, place: &Place) -> Result<(), Trouble> {
    let what = "I could not make this schedule";
    if place.platform() == Platform::Shell {
        return Err(PersonError::new(
            what,
            "nobody may be at the shell when it is due",
            "Name a place, for example `--place #general` for a channel that is bound to the project, or `--place #12` for \
             an issue of its repository",
        )
        .into());
    }
    if matches!(place, Place::Repository(_)) {
        return Err(PersonError::new(
            what,
            "a repository takes no messages, only its issues do",
            "Name one of its issues, for example `--place #12`",
        )
        .into());
    }
    if belongs(tx, asker, project, place).await? {
        return Ok(());
    }
    if place.platform() == Platform::GitHub {
        return Err(not_of("the project").into());
    }
    Err(PersonError::new(
        what,
        "its place does not belong to the project",
        "Ask me there, or have a member of the project bind that place first",
    )
    .into())
}

impl Actions {
    /// Why a schedule may not post to its place any more; none when it may. It names neither: the place may be a stranger's.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn place_lost(
        &self,
        tx: &mut Tx,
        schedule: &Schedule,
    ) -> Result<Option<&'static str>, StoreError> {
        let belongs = belongs(tx, &schedule.asker, schedule.project, &schedule.place).await?;
        Ok((!belongs).then_some("not posted, because its place does not belong to the project any more"))
    }

    /// The place a person means for the digests of a project: here, an issue of its repository, a place bound to it by its
    /// label, or an address.
    ///
    /// # Errors
    /// When there is no such place, or GitHub says that there is no such issue.
    pub async fn schedule_place(
        &self,
        asker: &Asker,
        project: &Project,
        named: Option<&str>,
    ) -> Result<Place, Trouble> {
        let named = named
            .map(str::trim)
            .filter(|name| !name.is_empty() && *name != "here");
        let Some(named) = named else {
            return Ok(asker.place.root());
        };
        if let [issue] = issue_refs(named, project.repository.as_ref()).as_slice() {
            // Whether there is such an issue elsewhere is not for everybody to know.
            if project.repository.as_ref() != Some(&issue.repository) {
                return Err(not_of(&project.name).into());
            }
            return match self.github()?.issue(issue).await {
                Err(error) if error.is_no() => Err(error.explain(&format!("find {issue}")).into()),
                // GitHub is asked again when the digest is posted.
                _ => Ok(Place::GitHub(issue.clone())),
            };
        }
        if let Ok(place) = named.parse::<Place>() {
            return Ok(place.root());
        }
        let mut tx = self.engine.db.read().await?;
        let known = projects::places(&mut tx, project.id).await?;
        let plain = |label: &str| label.to_lowercase().trim_start_matches('#').to_owned();
        if let Some(bound) = known.iter().find(|bound| plain(&bound.label) == plain(named)) {
            return Ok(bound.place.clone());
        }
        let labels: Vec<&str> = known.iter().map(|bound| bound.label.as_str()).collect();
        let why = if labels.is_empty() {
            "no place is bound to it".to_owned()
        } else {
            format!("its places are {}", labels.join(", "))
        };
        Err(PersonError::new(
            format!("I do not know a place “{named}” of {}", project.name),
            why,
            "Name one of its places, or one of its issues, like #12",
        )
        .into())
    }

    /// Adds a schedule.
    ///
    /// # Errors
    /// When the place cannot have one, there is one like it, or the project has too many.
    pub async fn add_schedule(
        &self,
        tx: &mut Tx,
        permit: &Permit,
        place: &Place,
        rule: &Rule,
    ) -> Result<Listed, Trouble> {
        let project = permit.project(Action::ManageSchedules)?;
        let what = "I could not make this schedule";
        check_place(tx, permit.asker(), project, place).await?;
        let there = schedules::of_project(tx, project).await?;
        let same = |known: &&Schedule| {
            known.place == *place && (known.cron.as_str(), known.zone.as_str()) == (rule.cron(), rule.zone())
        };
        if let Some(same) = there.iter().find(same) {
            let why = format!(
                "schedule {} posts the same at the same times already",
                same.number
            );
            return Err(PersonError::new(what, why, "Nothing needs to be done").into());
        }
        if there.len() >= MOST {
            let why = format!(
                "the project has {} schedules already, and may have {MOST}",
                there.len()
            );
            return Err(PersonError::new(what, why, "Remove one first").into());
        }
        let now = self.engine.clock.now();
        let Some(next_at) = rule.next(now) else {
            return Err(PersonError::new(what, "it would never be due", "Choose other times").into());
        };
        let asker = permit.asker();
        let new = NewSchedule {
            project,
            place,
            rule,
            next_at,
            asker,
        };
        let number = schedules::insert(tx, &new, now).await?;
        let made = schedules::by_number(tx, number)
            .await?
            .ok_or_else(super::projects::gone)?;
        self.listed(tx, made).await
    }

    /// Removes a schedule of the permit's project.
    ///
    /// # Errors
    /// When it is gone already, or belongs to another project.
    pub async fn remove_schedule(
        &self,
        tx: &mut Tx,
        permit: &Permit,
        id: ScheduleId,
    ) -> Result<Listed, Trouble> {
        let project = permit.project(Action::ManageSchedules)?;
        let schedule = schedules::get(tx, id)
            .await?
            .filter(|schedule| schedule.project == project);
        let schedule = schedule.ok_or_else(|| unknown(&id.to_string()))?;
        let listed = self.listed(tx, schedule).await?;
        schedules::remove(tx, id, self.engine.clock.now()).await?;
        Ok(listed)
    }

    /// The schedules of a project.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn schedules(&self, permit: &Permit) -> Result<Vec<Listed>, Trouble> {
        let project = permit.project(Action::ReadInside)?;
        let mut tx = self.engine.db.read().await?;
        let mut listed = Vec::new();
        for schedule in schedules::of_project(&mut tx, project).await? {
            listed.push(self.listed(&mut tx, schedule).await?);
        }
        Ok(listed)
    }

    /// The schedule a person means; one whose project they may not read counts as unknown.
    ///
    /// # Errors
    /// When there is none.
    pub async fn schedule(&self, asker: &Asker, key: ScheduleKey) -> Result<Schedule, Trouble> {
        let mut tx = self.engine.db.read().await?;
        let found = match key {
            ScheduleKey::Number(number) => schedules::by_number(&mut tx, number).await?,
            ScheduleKey::Id(id) => schedules::get(&mut tx, id).await?,
        };
        drop(tx);
        let found = found.ok_or_else(|| unknown(&key.to_string()))?;
        let subject = Subject::Project(found.project);
        match self.permit(asker, Action::ReadInside, subject).await {
            Ok(_) => Ok(found),
            Err(Trouble::Person(_)) => Err(unknown(&key.to_string()).into()),
            Err(other) => Err(other),
        }
    }

    /// A permit for what somebody set up earlier. While GitHub cannot be asked, what it said last counts: they had the right
    /// when they set it up.
    ///
    /// # Errors
    /// The refusal, for the person; or a failure of the database.
    pub async fn standing_permit(
        &self,
        asker: &Asker,
        action: Action,
        subject: Subject,
    ) -> Result<Permit, Trouble> {
        match self.permit(asker, action, subject.clone()).await {
            Err(Trouble::Unavailable(_)) => {
                let mut tx = self.engine.db.read().await?;
                Ok(guard::authorize(&mut tx, asker, action, subject).await??)
            }
            other => other,
        }
    }

    /// A schedule as people see it.
    pub(super) async fn listed(&self, tx: &mut Tx, schedule: Schedule) -> Result<Listed, Trouble> {
        let project = projects::get(tx, schedule.project).await?;
        let last = match schedules::last_occurrence(tx, schedule.id).await? {
            Some(occurrence) => Some((occurrence.due_at, became(tx, &occurrence).await?)),
            None => None,
        };
        Ok(Listed {
            project: project.map_or_else(String::new, |project| project.name),
            place: projects::label(tx, &schedule.place).await?,
            schedule,
            last,
        })
    }
}

/// An issue that is none of the project's.
fn not_of(project: &str) -> PersonError {
    PersonError::new(
        "I could not make this schedule",
        format!("its place is no issue in the repository of {project}"),
        "Name an issue of that repository, like `--place #12`, or a place that is bound to the project",
    )
}

fn unknown(key: &str) -> PersonError {
    PersonError::new(
        format!("I do not know a schedule {key}"),
        "there is none with that number that you may see here",
        "`schedule list` shows those there are",
    )
}
