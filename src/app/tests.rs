//! The grammar as Discord shows it: nothing is left out, and the whole is within Discord's limits; what is printed at the start.

use serde_json::Value;

use super::welcome;
use crate::command;
use crate::config::Config;
use crate::domain::{Argument, ArgumentKind, Verb};
use crate::platform::discord::CommandMenu;

/// Options and choices of one level.
const MOST: usize = 25;
/// Characters of names, descriptions and choices together.
/// <https://discord.com/developers/docs/interactions/application-commands#limits>
const ALTOGETHER: usize = 8_000;

fn definition() -> Value {
    CommandMenu::new("/pm", command::verbs()).definition()
}

fn list<'a>(option: &'a Value, field: &str) -> &'a [Value] {
    option[field].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn named<'a>(level: &'a Value, name: &str) -> &'a Value {
    let found = list(level, "options")
        .iter()
        .find(|option| option["name"] == name);
    found.unwrap_or_else(|| panic!("{name} has a place in the menu"))
}

fn characters(option: &Value) -> usize {
    let text = |name: &str| option[name].as_str().map_or(0, |text| text.chars().count());
    let inside = list(option, "options").iter().chain(list(option, "choices"));
    text("name") + text("description") + text("value") + inside.map(characters).sum::<usize>()
}

fn check_level(option: &Value) {
    let name = &option["name"];
    assert!(list(option, "options").len() <= MOST, "{name}");
    assert!(list(option, "choices").len() <= MOST, "{name}");
    let about = option["description"].as_str().unwrap_or_default().chars().count();
    assert!((1..=100).contains(&about), "{name}");
    list(option, "options").iter().for_each(check_level);
}

#[test]
fn every_command_has_a_place_in_discords_menu() {
    let menu = definition();
    for verb in command::verbs() {
        let shown = named(&menu, &verb.name);
        for inside in &verb.verbs {
            assert!(
                inside.verbs.is_empty(),
                "Discord has one level of groups: {}",
                inside.name
            );
            check_options(named(shown, &inside.name), inside);
        }
        if verb.verbs.is_empty() {
            check_options(shown, &verb);
        }
    }
}

fn check_options(shown: &Value, verb: &Verb) {
    assert_eq!(
        list(shown, "options").len(),
        verb.arguments.len(),
        "{}",
        verb.name
    );
    for argument in &verb.arguments {
        let option = named(shown, &argument.name);
        assert_eq!(
            kind(option),
            expected(argument),
            "{} {}",
            verb.name,
            argument.name
        );
    }
}

/// An option's type, how many choices it has, and whether it is completed.
fn kind(option: &Value) -> (Option<u64>, usize, bool) {
    let completed = option["autocomplete"] == true;
    (option["type"].as_u64(), list(option, "choices").len(), completed)
}

fn expected(argument: &Argument) -> (Option<u64>, usize, bool) {
    match &argument.kind {
        ArgumentKind::Text => (Some(3), 0, false),
        ArgumentKind::Choice(words) => (Some(3), words.len(), false),
        ArgumentKind::Project => (Some(3), 0, true),
        ArgumentKind::Number => (Some(4), 0, false),
        ArgumentKind::Gate => (Some(4), 0, true),
        ArgumentKind::Flag => (Some(5), 0, false),
    }
}

#[test]
fn the_menu_is_within_discords_limits() {
    let menu = definition();
    check_level(&menu);
    let characters = characters(&menu);
    assert!(characters <= ALTOGETHER, "{characters} of {ALTOGETHER}");
    // Short descriptions are for the case that the grammar grows; today people read most of each.
    let longest = list(&menu, "options")
        .iter()
        .map(|option| option["description"].as_str());
    assert!(longest.flatten().all(|about| about.chars().count() > 10));
}

#[test]
fn the_start_says_where_the_claim_word_can_be_said() {
    let discord = [("CALLSHEET__DISCORD__BOT_TOKEN", "token")];
    let github = [
        ("CALLSHEET__GITHUB__TOKEN", "token"),
        ("CALLSHEET__GITHUB__WEBHOOK_SECRET", "secret"),
    ];
    let both: Vec<_> = discord.iter().chain(&github).copied().collect();
    let chat = "in a direct message in Slack or on Discord.";
    let issue = "say `claim 7KQ2` to it behind its name in a comment on GitHub.";
    let either = "in a direct message in Slack or on Discord, or behind its name in a comment on GitHub.";
    for (settings, expected) in [(&discord[..], chat), (&github, issue), (&both, either)] {
        let settings = settings
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let config = Config::load(None, settings).unwrap();
        let said = welcome(&config, None, Some("7KQ2"));
        assert!(said.contains(expected), "{said}");
    }
}
