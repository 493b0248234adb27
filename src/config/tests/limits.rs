//! Prices, limits, and bots that are allowed.

use super::{lines, load};
use crate::config::{Cap, Prices};
use crate::domain::Money;

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

#[test]
fn money_is_a_number_or_a_text_and_0_is_no_limit() {
    let toml = "[model]\ninput_price = 0.15\noutput_price = '0.60'\ncurrency = 'EUR'\n\
                [limits]\nrun_cost = 1\nperson_day_cost = '2.5'\nproject_month_cost = 0\nproject_month_tokens = 0";
    let variables = [
        ("CALLSHEET__LIMITS__PERSON_DAY_TOKENS", "5000"),
        ("CALLSHEET__LIMITS__PLACE_PER_MINUTE", "0"),
        ("CALLSHEET__MODEL__OUTPUT_PRICE", "0.7"),
    ];
    let config = load(toml, &variables).unwrap();
    let prices = Prices {
        input: money("0.15"),
        output: money("0.70"),
    };
    assert_eq!(config.model.prices, Some(prices));
    assert_eq!(config.model.currency, "EUR");
    assert_eq!(config.limits.run_cost, Some(money("1")));
    let day = Cap {
        tokens: Some(5_000),
        cost: Some(money("2.50")),
    };
    assert_eq!(config.limits.person_day, day);
    assert_eq!(config.limits.project_month, Cap::default());
    assert_eq!(config.limits.place_per_minute, 0);
}

#[test]
fn allowed_bots_are_a_list_or_a_text_with_commas() {
    let bots = |toml: &str, variables: &[(&str, &str)]| {
        let config = load(toml, variables).unwrap();
        let bots = config.agent.allowed_bots.iter().map(ToString::to_string);
        bots.collect::<Vec<_>>().join(" ")
    };
    let both = "slack:T1/U9 github:github.com/7";
    let toml = "[agent]\nallowed_bots = ['slack:T1/U9', ' github:github.com/7 ']";
    assert_eq!(bots(toml, &[]), both);
    let name = "CALLSHEET__AGENT__ALLOWED_BOTS";
    assert_eq!(bots("", &[(name, "slack:T1/U9, github:github.com/7,")]), both);
    assert_eq!(bots(toml, &[(name, "discord:discord/1")]), "discord:discord/1");
    assert_eq!(bots(toml, &[(name, "")]), "");
    assert_eq!(bots("[agent]\nallowed_bots = []", &[]), "");
    assert_eq!(bots("", &[]), "");
}

/// A file, how its one line begins, and what its fix holds.
const MISTAKES: &[(&str, &str, &str)] = &[
    (
        "[limits]\nperson_per_minute = -1",
        "limits.person_per_minute: is -1, out of bounds",
        "such as 20",
    ),
    (
        "[model]\ninput_price = 'cheap'\noutput_price = 1",
        "model.input_price: is not an amount of money",
        "six decimals",
    ),
    (
        "[model]\ninput_price = 1\noutput_price = 0.0000001",
        "model.output_price: is not an amount of money",
        "six decimals",
    ),
    (
        "[model]\ninput_price = 1",
        "model.output_price: missing although model.input_price is set",
        "a million tokens",
    ),
    (
        "[model]\ncurrency = 'dollars'",
        "model.currency: is not the code of a currency",
        "USD",
    ),
    (
        "[limits]\nrun_cost = 1",
        "model.input_price: missing although limits.run_cost is set",
        "a million tokens",
    ),
    (
        "[agent]\nallowed_bots = ['slack:T1/U1', 'build-bot']",
        "agent.allowed_bots: entry 2 is not the id of an account",
        "slack:T0123/U0456",
    ),
    (
        "[agent]\nallowed_bots = [7]",
        "agent.allowed_bots: holds something that is not a text",
        "quotes",
    ),
    (
        "[agent]\nallowed_bots = true",
        "agent.allowed_bots: is not a list of texts",
        "brackets",
    ),
];

#[test]
fn every_mistake_is_named_with_its_fix() {
    for (toml, begins, fix) in MISTAKES {
        let lines = lines(toml, &[]);
        assert_eq!(lines.len(), 1, "{toml}: {lines:?}");
        assert!(lines[0].starts_with(begins), "{toml}: {lines:?}");
        assert!(lines[0].contains(fix), "{toml}: {lines:?}");
        // What was written is not repeated: it may be a secret in the wrong place.
        assert!(!lines[0].contains("build-bot"), "{lines:?}");
    }
}
