//! An answer longer than a platform takes at once arrives whole and in order.

use crate::stories;
use crate::support::database::Kind;
use crate::support::world::World;

stories![
    nine_thousand_characters_on_slack,
    nine_thousand_characters_on_github,
    seventy_thousand_characters_on_github,
];

/// A long answer: paragraphs that count, a code block, and a table.
fn long_answer(paragraphs: usize) -> String {
    let mut text = String::from("# Report\n\n");
    for number in 0..paragraphs {
        text.push_str(&format!(
            "Paragraph {number} says that all is well with part {number} of the work.\n\n"
        ));
    }
    text.push_str("```rust\n");
    for number in 0..80 {
        text.push_str(&format!("let line_{number} = \"code stays code\";\n"));
    }
    text.push_str("```\n\n| Issue | State |\n| --- | --- |\n");
    for number in 0..40 {
        text.push_str(&format!("| row{number} | open |\n"));
    }
    text
}

/// Every word that must arrive, in order.
fn markers(paragraphs: usize) -> Vec<String> {
    let mut words: Vec<String> = (0..paragraphs).map(|n| format!("Paragraph {n} says")).collect();
    words.extend((0..80).map(|n| format!("let line_{n} =")));
    words.extend((0..40).map(|n| format!("row{n} ")));
    words
}

fn assert_in_order(whole: &str, markers: &[String]) {
    let mut from = 0;
    for marker in markers {
        let found = whole[from..].find(marker.as_str());
        from += found.unwrap_or_else(|| panic!("“{marker}” is missing or out of order in:\n{whole}"));
    }
}

fn assert_fences_are_closed(parts: &[String]) {
    for part in parts {
        let fences = part
            .lines()
            .filter(|line| line.trim_start().starts_with("```"))
            .count();
        assert_eq!(fences % 2, 0, "a part leaves a code block open:\n{part}");
    }
}

async fn nine_thousand_characters_on_slack(kind: Kind) {
    let world = World::apollo(kind).await;
    let answer = long_answer(100);
    assert!(answer.len() > 9_000);
    world.model.says(&answer);
    let asked = world.slack.user("ana").says("#apollo", "@pm report");
    world.quiet().await;
    let parts: Vec<String> = world
        .slack
        .thread("#apollo", &asked)
        .into_iter()
        .skip(1)
        .map(|m| m.text)
        .collect();
    assert!(parts.len() >= 3, "{} parts", parts.len());
    assert!(parts.iter().all(|part| part.chars().count() <= 4_000));
    assert_fences_are_closed(&parts);
    assert_in_order(&parts.concat(), &markers(100));
    world.finish().await;
}

async fn nine_thousand_characters_on_github(kind: Kind) {
    let world = World::apollo(kind).await;
    let answer = long_answer(100);
    world.model.says(&answer);
    world.github.user("cy").comments("acme/apollo", 12, "@pm report");
    world.quiet().await;
    let comments = world.github.comments("acme/apollo", 12);
    assert_eq!(comments.len(), 2, "one comment is enough");
    assert_fences_are_closed(&[comments[1].body.clone()]);
    assert_in_order(&comments[1].body, &markers(100));
    world.finish().await;
}

async fn seventy_thousand_characters_on_github(kind: Kind) {
    let world = World::apollo(kind).await;
    let answer = long_answer(1_200);
    assert!(answer.len() > 70_000);
    world.model.says(&answer);
    world.github.user("cy").comments("acme/apollo", 12, "@pm report");
    world.quiet().await;
    let comments = world.github.comments("acme/apollo", 12);
    let parts: Vec<String> = comments.into_iter().skip(1).map(|comment| comment.body).collect();
    assert_eq!(parts.len(), 2);
    assert_fences_are_closed(&parts);
    assert_in_order(&parts.concat(), &markers(1_200));
    world.finish().await;
}
