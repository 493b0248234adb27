//! Money, counted in millionths, so that no sum depends on how a machine rounds.

use std::fmt;
use std::str::FromStr;

/// An amount of whatever currency the prices are in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, sqlx::Type)]
#[sqlx(transparent)]
pub struct Money(
    /// In millionths.
    pub i64,
);

/// A text that is no amount of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("money is a number with at most six decimals, such as 2.50, up to a thousand million")]
pub struct MoneyError;

/// Millionths of one.
const WHOLE: i64 = 1_000_000;
/// Digits behind the point.
const DECIMALS: usize = 6;
/// The largest amount that can be written: nothing that is added up comes near what an `i64` holds.
const MOST: i64 = 1_000_000_000;

impl Money {
    /// What so many things cost at a price for a million of them; the part of a millionth is a whole one.
    #[must_use]
    pub fn for_millionths(self, count: u64) -> Self {
        let exact = i128::from(self.0) * i128::from(count);
        let million = i128::from(WHOLE);
        let cost = (exact + million - 1).div_euclid(million);
        Self(i64::try_from(cost).unwrap_or(i64::MAX))
    }

    /// The sum; the largest amount there is when it is larger.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for Money {
    /// With two decimals at least and as many as there are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, rest) = (
            self.0.unsigned_abs() / 1_000_000,
            self.0.unsigned_abs() % 1_000_000,
        );
        let decimals = format!("{rest:06}");
        let kept = decimals.trim_end_matches('0').len().max(2);
        write!(f, "{sign}{whole}.{}", &decimals[..kept])
    }
}

impl FromStr for Money {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (whole, rest) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(rest) || rest.len() > DECIMALS {
            return Err(MoneyError);
        }
        let whole: i64 = whole.parse().map_err(|_| MoneyError)?;
        let rest: i64 = format!("{rest:0<6}").parse().map_err(|_| MoneyError)?;
        if whole > MOST {
            return Err(MoneyError);
        }
        Ok(Self(whole * WHOLE + rest))
    }
}
