//! Schedules: a cron expression read on the wall clock of a time zone.
//!
//! The words are those of cron (<https://man7.org/linux/man-pages/man5/crontab.5.html>): five fields, names, lists, ranges,
//! steps, `@daily`. The crate `cron` enumerates wall-clock times only; what a time zone does to them is decided here:
//!
//! 1. A wall-clock time that a change of the clock skips happens at the first minute after the gap.
//! 2. A wall-clock time that comes twice happens the first time, when the rule has one time a day; a rule with several
//!    times a day happens both times, so that an hourly report leaves out no hour.
//! 3. Due times are strictly increasing: what falls on one moment happens once.

mod error;
mod field;
mod zone;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use chrono_tz::Tz;

pub use error::RuleError;
use field::{Field, Values};

/// The least time between two due times, in minutes.
pub const FLOOR: u32 = 5;
/// How far apart two moments with the same wall-clock time can be: zones lie between UTC-12 and UTC+14.
const REACH: TimeDelta = TimeDelta::hours(26);

/// A rule of times: a cron expression in a time zone.
#[derive(Clone)]
pub struct Rule {
    /// The expression, as it was typed but for white space and case.
    cron: String,
    zone: Tz,
    /// One enumeration, or two when either of both day fields may fit.
    walls: Vec<cron::Schedule>,
    /// Whether a day has more than one time.
    several_a_day: bool,
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rule({} {})", self.cron, self.zone)
    }
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        (&self.cron, self.zone) == (&other.cron, other.zone)
    }
}

impl Eq for Rule {}

/// The five fields of an expression.
struct Fields {
    minutes: Values,
    hours: Values,
    days: Values,
    months: Values,
    weekdays: Values,
}

/// What an `@` word stands for.
fn macro_fields(word: &str) -> Option<&'static str> {
    Some(match word {
        "@hourly" => "0 * * * *",
        "@daily" | "@midnight" => "0 0 * * *",
        "@weekly" => "0 0 * * 0",
        "@monthly" => "0 0 1 * *",
        "@yearly" | "@annually" => "0 0 1 1 *",
        _ => return None,
    })
}

/// How many of the words at the front are a cron expression: one for `@daily` and for a quoted one, else the common five.
pub fn cron_words(words: &[String]) -> usize {
    if words
        .first()
        .is_some_and(|word| word.starts_with('@') || word.contains(' '))
    {
        1
    } else {
        words.len().min(5)
    }
}

impl Fields {
    fn parse(cron: &str) -> Result<Self, RuleError> {
        let spelled = match cron.strip_prefix('@') {
            Some(_) => macro_fields(cron).ok_or_else(|| RuleError::Macro(cron.to_owned()))?,
            None => cron,
        };
        let parts: Vec<&str> = spelled.split(' ').filter(|part| !part.is_empty()).collect();
        let [minutes, hours, days, months, weekdays] = parts.as_slice() else {
            return Err(RuleError::Fields(parts.len()));
        };
        Ok(Self {
            minutes: Field::MINUTE.parse(minutes)?,
            hours: Field::HOUR.parse(hours)?,
            days: Field::DAY.parse(days)?,
            months: Field::MONTH.parse(months)?,
            weekdays: Field::WEEKDAY.parse(weekdays)?,
        })
    }

    /// The times of a day, in minutes after midnight.
    fn times(&self) -> BTreeSet<u32> {
        let of_hour = |hour: u32| self.minutes.set.iter().map(move |minute| hour * 60 + minute);
        self.hours.set.iter().copied().flat_map(of_hour).collect()
    }

    /// The same for the crate `cron`, which wants seconds and names of weekdays. Where both day fields say something, a day
    /// that fits either counts, as everywhere since Vixie's cron; a field that begins with `*` says nothing.
    fn walls(&self) -> Result<Vec<cron::Schedule>, RuleError> {
        let either = !self.days.star && !self.weekdays.star;
        let pairs = if either {
            vec![
                (self.days.list(), "*".to_owned()),
                ("*".to_owned(), weekday_names(&self.weekdays)),
            ]
        } else {
            vec![(self.days.list(), weekday_names(&self.weekdays))]
        };
        let spelled = pairs.into_iter().map(|(days, weekdays)| {
            format!(
                "0 {} {} {days} {} {weekdays}",
                self.minutes.list(),
                self.hours.list(),
                self.months.list()
            )
        });
        spelled
            .map(|text| {
                text.parse::<cron::Schedule>()
                    .map_err(|error| RuleError::Other(error.to_string()))
            })
            .collect()
    }
}

fn weekday_names(values: &Values) -> String {
    const NAMES: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    let names = values
        .set
        .iter()
        .filter_map(|day| NAMES.get(*day as usize).copied());
    names.collect::<Vec<_>>().join(",")
}

/// The shortest way from one time of a day to the next, over midnight too, in minutes.
fn shortest_gap(times: &BTreeSet<u32>) -> u32 {
    const DAY: u32 = 24 * 60;
    let following = times
        .iter()
        .skip(1)
        .copied()
        .chain(times.first().map(|first| first + DAY));
    times
        .iter()
        .zip(following)
        .map(|(one, next)| next - one)
        .min()
        .unwrap_or(DAY)
}

impl Rule {
    /// Reads a rule.
    ///
    /// # Errors
    /// What is wrong with the expression or the zone, in words.
    pub fn parse(cron: &str, zone: &str) -> Result<Self, RuleError> {
        let cron = cron
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .to_lowercase();
        let fields = Fields::parse(&cron)?;
        let times = fields.times();
        let gap = shortest_gap(&times);
        if gap < FLOOR {
            return Err(RuleError::TooOften(gap));
        }
        let rule = Self {
            cron,
            zone: zone::parse(zone)?,
            walls: fields.walls()?,
            several_a_day: times.len() > 1,
        };
        if rule
            .walls_after(DateTime::UNIX_EPOCH.naive_utc())
            .next()
            .is_none()
        {
            return Err(RuleError::Never);
        }
        Ok(rule)
    }

    /// The expression.
    pub fn cron(&self) -> &str {
        &self.cron
    }

    /// The zone's name, e.g. `Europe/Berlin`.
    pub fn zone(&self) -> &'static str {
        self.zone.name()
    }

    /// The first due time after a moment; none when the calendar of the crate `cron` ends (in the year 2100).
    pub fn next(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let local = after.with_timezone(&self.zone).naive_local();
        let mut best: Option<DateTime<Utc>> = None;
        for wall in self.walls_after(local.checked_sub_signed(REACH)?) {
            let (first, second) = zone::moments(self.zone, wall)?;
            // The first moments of later walls are later too.
            if best.is_some_and(|best| first >= best) {
                break;
            }
            let second = second.filter(|_| self.several_a_day);
            let coming = [Some(first), second]
                .into_iter()
                .flatten()
                .filter(|at| *at > after);
            best = coming.chain(best).min();
        }
        best
    }

    /// The last due time at or before `until`, but after `after`.
    pub fn latest(&self, after: DateTime<Utc>, until: DateTime<Utc>) -> Option<DateTime<Utc>> {
        // Looked for in growing windows before the end, so that years of an hourly rule are not walked through.
        for days in [1, 32, 400, 4_000] {
            let from = (until - TimeDelta::days(days)).max(after);
            let mut last = None;
            let mut at = from;
            while let Some(next) = self.next(at).filter(|next| *next <= until) {
                last = Some(next);
                at = next;
            }
            if last.is_some() || from == after {
                return last;
            }
        }
        None
    }

    /// A moment as people in the rule's zone write it, e.g. `Mon 23 Nov 2026, 09:00 Europe/Berlin`; with its distance to
    /// UTC when the wall clock shows that time twice.
    pub fn words(&self, at: DateTime<Utc>) -> String {
        zone::words(self.zone, at)
    }

    /// The wall-clock times after a moment of the wall clock, in order.
    fn walls_after(&self, after: NaiveDateTime) -> impl Iterator<Item = NaiveDateTime> {
        let mut ways: Vec<_> = self
            .walls
            .iter()
            .map(|wall| wall.after_owned(after.and_utc()).peekable())
            .collect();
        std::iter::from_fn(move || {
            let next = ways.iter_mut().filter_map(|way| way.peek().copied()).min()?;
            for way in &mut ways {
                way.next_if_eq(&next);
            }
            Some(next.naive_utc())
        })
    }
}
