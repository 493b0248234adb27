//! What can be wrong with a rule of times, in words.

use super::FLOOR;
use crate::domain::PersonError;

/// Why a text is no rule of times.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// Not five fields.
    #[error("it has {0} fields, and I read five: minute, hour, day of the month, month, weekday")]
    Fields(usize),
    /// An unknown `@` word.
    #[error("I do not know `{0}`; I know @hourly, @daily, @weekly, @monthly and @yearly")]
    Macro(String),
    /// A field that cannot be read.
    #[error("the {field} `{text}` {why}")]
    Field {
        /// Which.
        field: &'static str,
        /// What stands there.
        text: String,
        /// What is wrong.
        why: String,
    },
    /// Due times too close to each other, in minutes.
    #[error("two of its times are {0} min apart, and there must be at least {floor} min between two", floor = FLOOR)]
    TooOften(u32),
    /// A day that no year has.
    #[error("there is no such day in any year")]
    Never,
    /// An unknown time zone, with the nearest known one.
    #[error("I do not know the time zone `{typed}`; the nearest I know is `{near}`")]
    Zone {
        /// What was typed.
        typed: String,
        /// A zone there is.
        near: &'static str,
    },
    /// The crate `cron` refuses what we made of it.
    #[error("it cannot be read: {0}")]
    Other(String),
}

impl RuleError {
    /// For people: what was typed, what is wrong with it, and an example.
    pub fn explain(&self, typed: &str) -> PersonError {
        let next = match self {
            Self::Zone { .. } => "Write a zone of the IANA database, for example `Europe/Berlin` or `UTC`".to_owned(),
            _ => "Write five fields (minute, hour, day, month, weekday), for example `0 9 * * mon-fri` for 09:00 on \
                  working days, or `@daily`"
                .to_owned(),
        };
        if typed.is_empty() {
            return PersonError::new("I do not know when to post", "you named no times", next);
        }
        PersonError::new(
            format!("I could not read `{}` as times", typed.replace('`', "'")),
            self.to_string(),
            next,
        )
    }
}
