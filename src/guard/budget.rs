//! What may be spent on the language model. Whether a limit is reached is one pure function of what was used and of the time;
//! it is asked before each call of the model, so what is on its way may go over it.

#[cfg(test)]
mod tests;

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, Utc};

use crate::config::{Cap, Config, Prices, Provider};
use crate::domain::{Money, PersonId, Project};
use crate::markup::quote_untrusted;
use crate::store::usage::{self, Used};
use crate::store::{StoreError, Tx};

/// Prices and limits.
#[derive(Debug, Clone)]
pub struct Budget {
    /// Whether the model costs anything at all; the built-in one does not, and no limit of money or tokens stops it.
    pub metered: bool,
    /// What a million tokens cost; none when nobody said.
    pub prices: Option<Prices>,
    /// What money is called.
    pub currency: String,
    /// What one run may cost.
    pub run_cost: Option<Money>,
    /// What one person may use in a day.
    pub person_day: Cap,
    /// What may be used in a month for one project.
    pub project_month: Cap,
}

/// What was used of it so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spent {
    /// By the run.
    pub run: Money,
    /// By the person, today.
    pub day: Used,
    /// For the project with that name, this month; none where the run belongs to none.
    pub month: Option<(String, Used)>,
}

impl Budget {
    /// The prices and limits that the configuration sets.
    pub fn of(config: &Config) -> Self {
        Self {
            metered: !matches!(config.model.provider, Provider::Offline),
            prices: config.model.prices,
            currency: config.model.currency.clone(),
            run_cost: config.limits.run_cost,
            person_day: config.limits.person_day,
            project_month: config.limits.project_month,
        }
    }

    /// What an answer costs by its tokens; nothing where there are no prices.
    pub fn cost(&self, input: u64, output: u64) -> Money {
        self.prices.map_or(Money::default(), |prices| {
            let read = prices.input.for_millionths(input);
            read.plus(prices.output.for_millionths(output))
        })
    }

    /// An amount with its currency.
    pub fn money(&self, amount: Money) -> String {
        format!("{amount} {}", self.currency)
    }

    /// The sentences for the first limit that is reached: how much was used, how much may be, and when that is over.
    pub fn reached(&self, spent: &Spent, now: DateTime<Utc>) -> Option<String> {
        if !self.metered {
            return None;
        }
        if let Some(limit) = self.run_cost.filter(|limit| spent.run >= *limit) {
            return Some(format!(
                "I stopped after {}; the limit for one request is {} (limits.run_cost). Ask again with a smaller question.",
                self.money(spent.run),
                self.money(limit)
            ));
        }
        if let Some((used, limit, key)) = self.over(self.person_day, spent.day) {
            return Some(format!(
                "You have used {used} of the language model today, and the limit for one person is {limit} a day \
                 (limits.person_day_{key}). I answer you again from tomorrow, 00:00 UTC. Commands such as `status` work \
                 meanwhile."
            ));
        }
        let (name, month) = spent.month.as_ref()?;
        let (used, limit, key) = self.over(self.project_month, *month)?;
        Some(format!(
            "{} has used {used} of the language model this month, and the limit for one project is {limit} a month \
             (limits.project_month_{key}). I answer here again from {}, 00:00 UTC. Commands such as `status` work meanwhile.",
            quote_untrusted(name),
            month_of(now).1.format("%-d %B")
        ))
    }

    /// What of a cap is used up: how much was used, how much may be, and what it is counted in.
    fn over(&self, cap: Cap, used: Used) -> Option<(String, String, &'static str)> {
        if let Some(limit) = cap.tokens.filter(|limit| used.tokens >= *limit) {
            let shown = (format!("{} tokens", grouped(used.tokens)), grouped(limit));
            return Some((shown.0, shown.1, "tokens"));
        }
        let limit = cap.cost.filter(|limit| used.cost >= *limit)?;
        Some((self.money(used.cost), self.money(limit), "cost"))
    }
}

impl Spent {
    /// What the ledger says, for a person and the project that pays. What the run cost is added by whoever
    /// knows it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn gather(
        tx: &mut Tx,
        person: PersonId,
        payer: Option<Project>,
        now: DateTime<Utc>,
    ) -> Result<Self, StoreError> {
        let day = usage::of_person(tx, person, now.date_naive()).await?;
        let month = match payer {
            Some(project) => {
                let (from, until) = month_of(now);
                let used = usage::of_project(tx, project.id, from, until).await?;
                Some((project.name, used))
            }
            None => None,
        };
        Ok(Self {
            run: Money::default(),
            day,
            month,
        })
    }
}

/// The first day of this month and of the next, UTC.
pub fn month_of(now: DateTime<Utc>) -> (NaiveDate, NaiveDate) {
    let today = now.date_naive();
    let first = today - Days::new(u64::from(today.day0()));
    (first, first + Months::new(1))
}

/// A number with its thousands set apart.
pub fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut shown = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    if number < 0 { format!("-{shown}") } else { shown }
}
