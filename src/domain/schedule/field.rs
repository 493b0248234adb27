//! One field of a cron expression: lists, ranges, steps and names.

use std::collections::BTreeSet;

use super::RuleError;

/// What a field allows.
#[derive(Debug)]
pub(super) struct Field {
    name: &'static str,
    min: u32,
    max: u32,
    /// Names of values, the first standing for `min`; their first three letters do.
    names: &'static [&'static str],
}

/// What a field says.
#[derive(Debug)]
pub(super) struct Values {
    /// The values that fit; weekdays from 0, Sunday.
    pub(super) set: BTreeSet<u32>,
    /// The field begins with `*`: as a day field it says nothing by itself.
    pub(super) star: bool,
}

impl Values {
    /// The values as a list.
    pub(super) fn list(&self) -> String {
        self.set
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(",")
    }
}

impl Field {
    pub(super) const MINUTE: Self = Self {
        name: "minute",
        min: 0,
        max: 59,
        names: &[],
    };
    pub(super) const HOUR: Self = Self {
        name: "hour",
        min: 0,
        max: 23,
        names: &[],
    };
    pub(super) const DAY: Self = Self {
        name: "day of the month",
        min: 1,
        max: 31,
        names: &[],
    };
    pub(super) const MONTH: Self = Self {
        name: "month",
        min: 1,
        max: 12,
        names: &[
            "january",
            "february",
            "march",
            "april",
            "may",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december",
        ],
    };
    /// 7 is Sunday too.
    pub(super) const WEEKDAY: Self = Self {
        name: "weekday",
        min: 0,
        max: 7,
        names: &[
            "sunday",
            "monday",
            "tuesday",
            "wednesday",
            "thursday",
            "friday",
            "saturday",
        ],
    };

    /// Reads a field in lower case.
    pub(super) fn parse(&self, text: &str) -> Result<Values, RuleError> {
        let mut set = BTreeSet::new();
        for item in text.split(',') {
            self.item(text, item, &mut set)?;
        }
        Ok(Values {
            set,
            star: text.starts_with('*'),
        })
    }

    fn wrong(&self, text: &str, why: impl Into<String>) -> RuleError {
        // A field may be as long as a message.
        let text = crate::domain::shorten(&text.replace('`', "'"), 40);
        RuleError::Field {
            field: self.name,
            text,
            why: why.into(),
        }
    }

    /// `*`, `5`, `1-5`, `fri-mon`, each with a step: `*/15`.
    fn item(&self, text: &str, item: &str, set: &mut BTreeSet<u32>) -> Result<(), RuleError> {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => {
                let step = number(step).filter(|step| *step > 0);
                (
                    range,
                    Some(step.ok_or_else(|| self.wrong(text, "has a step that is no number above 0"))?),
                )
            }
            None => (item, None),
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (self.min, self.max),
            Some((from, to)) => (self.value(text, from)?, self.value(text, to)?),
            // `5/15` goes on to the end.
            None => {
                let from = self.value(text, range)?;
                (from, if step.is_some() { self.max } else { from })
            }
        };
        let step = step.unwrap_or(1) as usize;
        if self.is_weekday() {
            // A week is a circle: fri-mon goes over its end. A whole week never comes to Sunday again as day 7.
            let to = if to < from { to + 7 } else { to };
            let to = if range == "*" || (to == 7 && from == 0) {
                6
            } else {
                to
            };
            set.extend((from..=to).step_by(step).map(|day| day % 7));
            return Ok(());
        }
        if to < from {
            return Err(self.wrong(
                text,
                format!("runs backwards; write the smaller one first: {to}-{from}"),
            ));
        }
        set.extend((from..=to).step_by(step));
        Ok(())
    }

    fn is_weekday(&self) -> bool {
        self.max == 7
    }

    /// A number or a name.
    fn value(&self, text: &str, value: &str) -> Result<u32, RuleError> {
        if let Some(known) = number(value) {
            if (self.min..=self.max).contains(&known) {
                return Ok(known);
            }
            return Err(self.wrong(text, format!("is not between {} and {}", self.min, self.max)));
        }
        let named = |name: &&'static str| value.len() >= 3 && name.starts_with(value);
        let known = self.names.iter().position(named);
        let known = known
            .and_then(|at| u32::try_from(at).ok())
            .map(|at| at + self.min);
        known.ok_or_else(|| {
            let names = match self.names {
                [] => String::new(),
                [first, .., last] => format!(" or a name from {} to {}", &first[..3], &last[..3]),
                [_] => String::new(),
            };
            self.wrong(
                text,
                format!("is no number from {} to {}{names}", self.min, self.max),
            )
        })
    }
}

/// Digits only: no sign, no spaces.
fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}
