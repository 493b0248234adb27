//! What is told of what was used.

use super::line;
use crate::config::{Cap, Prices};
use crate::domain::Money;
use crate::guard::budget::Budget;
use crate::store::usage::Used;

#[test]
fn money_is_told_where_there_are_prices() {
    let price = Money(1_000_000);
    let priced = Budget {
        metered: true,
        prices: Some(Prices {
            input: price,
            output: price,
        }),
        currency: "EUR".to_owned(),
        run_cost: None,
        person_day: Cap::default(),
        project_month: Cap::default(),
    };
    let unpriced = Budget {
        prices: None,
        ..priced.clone()
    };
    let used = Used {
        tokens: 12_300,
        cost: Money(12_300),
        answers: 3,
    };
    let cap = Cap {
        tokens: Some(1_000_000),
        cost: Some(Money(2_000_000)),
    };
    for (budget, cap, expected) in [
        (
            &priced,
            cap,
            "12,300 of 1,000,000 tokens, 0.0123 of 2.00 EUR, in 3 answers",
        ),
        (
            &priced,
            Cap::default(),
            "12,300 tokens, without a limit, 0.0123 EUR, in 3 answers",
        ),
        (&unpriced, cap, "12,300 of 1,000,000 tokens, in 3 answers"),
    ] {
        assert_eq!(line(budget, used, cap), expected);
    }
    let one = Used {
        answers: 1,
        ..Used::default()
    };
    assert_eq!(line(&unpriced, one, cap), "0 of 1,000,000 tokens, in 1 answer");
}
