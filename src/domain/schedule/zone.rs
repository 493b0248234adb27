//! Time zones: their names, and what they make of wall-clock times.

use chrono::{DateTime, LocalResult, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};

use super::RuleError;

/// The longest gap of a zone in minutes: Samoa skipped a whole day in 2011.
const LONGEST_GAP: i64 = 25 * 60;

/// A zone by its IANA name, in any case; else the nearest one is named.
pub(super) fn parse(typed: &str) -> Result<Tz, RuleError> {
    let typed = typed.trim();
    if let Some(known) = TZ_VARIANTS
        .iter()
        .find(|zone| zone.name().eq_ignore_ascii_case(typed))
    {
        return Ok(*known);
    }
    let wanted = typed.to_lowercase().replace(' ', "_");
    let likeness = |zone: &&Tz| {
        let name = zone.name().to_lowercase();
        // People name cities.
        let city = name.rsplit('/').next().unwrap_or_default();
        strsim::jaro_winkler(&name, &wanted).max(strsim::jaro_winkler(city, &wanted))
    };
    let near = TZ_VARIANTS
        .iter()
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    Err(RuleError::Zone {
        typed: crate::domain::shorten(&typed.replace('`', "'"), 40),
        near: near.map_or("UTC", |zone| zone.name()),
    })
}

/// When a wall-clock time happens: the first moment, and the second when the clock is set back over it. A time that a gap
/// skips happens at the first minute after the gap. None where the calendar ends.
pub(super) fn moments(zone: Tz, wall: NaiveDateTime) -> Option<(DateTime<Utc>, Option<DateTime<Utc>>)> {
    let after_gap = || {
        let minutes = (1..=LONGEST_GAP).map(|minute| wall + TimeDelta::minutes(minute));
        minutes
            .filter_map(|wall| zone.from_local_datetime(&wall).earliest())
            .next()
    };
    match zone.from_local_datetime(&wall) {
        LocalResult::Single(at) => Some((at.to_utc(), None)),
        LocalResult::Ambiguous(one, other) => {
            let (one, other) = (one.to_utc(), other.to_utc());
            Some((one.min(other), Some(one.max(other))))
        }
        LocalResult::None => after_gap().map(|at| (at.to_utc(), None)),
    }
}

/// See [`super::Rule::words`].
pub(super) fn words(zone: Tz, at: DateTime<Utc>) -> String {
    let local = at.with_timezone(&zone);
    let twice = matches!(moments(zone, local.naive_local()), Some((_, Some(_))));
    let offset = if twice {
        local.format(" (UTC%:z)").to_string()
    } else {
        String::new()
    };
    format!("{} {}{offset}", local.format("%a %-d %b %Y, %H:%M"), zone.name())
}
