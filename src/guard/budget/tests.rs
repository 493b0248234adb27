//! What answers cost, and which limit is reached first.

use chrono::{DateTime, Utc};

use super::{Budget, Spent, grouped, month_of};
use crate::config::{Cap, Prices};
use crate::domain::Money;
use crate::store::usage::Used;

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

fn budget() -> Budget {
    Budget {
        metered: true,
        prices: Some(Prices {
            input: money("0.25"),
            output: money("2"),
        }),
        currency: "USD".to_owned(),
        run_cost: Some(money("0.5")),
        person_day: Cap {
            tokens: Some(1_000),
            cost: Some(money("1")),
        },
        project_month: Cap {
            tokens: Some(20_000),
            cost: Some(money("10")),
        },
    }
}

fn used(tokens: i64, cost: &str) -> Used {
    Used {
        tokens,
        cost: money(cost),
        answers: 1,
    }
}

fn now() -> DateTime<Utc> {
    "2026-12-31T23:59:59Z".parse().unwrap()
}

#[test]
fn an_answer_costs_by_its_tokens() {
    let free = Budget {
        prices: None,
        ..budget()
    };
    for (input, output, cost) in [
        (0, 0, "0"),
        (1_000_000, 0, "0.25"),
        (0, 1_000_000, "2"),
        (1_200, 340, "0.00098"),
        (1, 0, "0.000001"),
    ] {
        assert_eq!(budget().cost(input, output), money(cost), "{input} {output}");
        assert_eq!(free.cost(input, output), Money::default());
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table, which is best read as a whole")]
fn the_first_limit_that_is_reached_is_told() {
    let table = [
        ("0.499999", used(999, "0.999999"), used(19_999, "9.999999"), ""),
        (
            "0.5",
            used(1_000, "1"),
            used(20_000, "10"),
            "I stopped after 0.50 USD; the limit for one request is 0.50 USD (limits.run_cost). Ask again with a smaller \
             question.",
        ),
        (
            "0",
            used(1_234, "1"),
            used(20_000, "10"),
            "You have used 1,234 tokens of the language model today, and the limit for one person is 1,000 a day \
             (limits.person_day_tokens). I answer you again from tomorrow, 00:00 UTC. Commands such as `status` work \
             meanwhile.",
        ),
        (
            "0",
            used(0, "1.0005"),
            used(0, "0"),
            "You have used 1.0005 USD of the language model today, and the limit for one person is 1.00 USD a day \
             (limits.person_day_cost). I answer you again from tomorrow, 00:00 UTC. Commands such as `status` work \
             meanwhile.",
        ),
        (
            "0",
            used(0, "0"),
            used(20_000, "0"),
            "Apollo has used 20,000 tokens of the language model this month, and the limit for one project is 20,000 a month \
             (limits.project_month_tokens). I answer here again from 1 January, 00:00 UTC. Commands such as `status` work \
             meanwhile.",
        ),
        (
            "0",
            used(0, "0"),
            used(0, "11"),
            "Apollo has used 11.00 USD of the language model this month, and the limit for one project is 10.00 USD a month \
             (limits.project_month_cost). I answer here again from 1 January, 00:00 UTC. Commands such as `status` work \
             meanwhile.",
        ),
    ];
    for (run, day, month, expected) in table {
        let spent = Spent {
            run: money(run),
            day,
            month: Some(("Apollo".to_owned(), month)),
        };
        let told = budget().reached(&spent, now());
        assert_eq!(told.unwrap_or_default(), expected);
        // The built-in model costs nothing, and what is not limited is not reached.
        let offline = Budget {
            metered: false,
            ..budget()
        };
        assert_eq!(offline.reached(&spent, now()), None);
        let unlimited = Budget {
            run_cost: None,
            person_day: Cap::default(),
            project_month: Cap::default(),
            ..budget()
        };
        assert_eq!(unlimited.reached(&spent, now()), None);
    }
    let nowhere = Spent {
        month: None,
        ..Spent::default()
    };
    assert_eq!(budget().reached(&nowhere, now()), None);
}

#[test]
fn months_end() {
    for (now, from, until) in [
        ("2026-12-31T23:59:59Z", "2026-12-01", "2027-01-01"),
        ("2027-01-01T00:00:00Z", "2027-01-01", "2027-02-01"),
        ("2028-02-29T12:00:00Z", "2028-02-01", "2028-03-01"),
    ] {
        let (first, next) = month_of(now.parse().unwrap());
        assert_eq!(
            (first.to_string().as_str(), next.to_string().as_str()),
            (from, until)
        );
    }
}

#[test]
fn thousands_are_set_apart() {
    for (number, shown) in [
        (0, "0"),
        (999, "999"),
        (1_000, "1,000"),
        (12_345_678, "12,345,678"),
        (-1_000, "-1,000"),
    ] {
        assert_eq!(grouped(number), shown);
    }
}
