//! Where a text is cut, and what every part gets to stand by itself.

use std::fmt::Write as _;

use super::{Dialect, render, within};

/// Text, a long fence and a long table, about 9,000 characters; every word of it is numbered.
fn long() -> String {
    let mut source = "# Report\n\n".to_owned();
    for number in 0..80 {
        let _ = write!(source, "Sentence number {number} says **something bold** here. ");
    }
    source.push_str("\n\n```rust\n");
    for number in 0..90 {
        let _ = writeln!(source, "let value_{number} = call(&{number});");
    }
    source.push_str("```\n\n| Key | Value |\n|---|---|\n");
    for number in 0..110 {
        let _ = writeln!(source, "| key{number} | value {number} |");
    }
    source.push('\n');
    for number in 0..20 {
        let _ = writeln!(source, "{}. item {number}", number + 1);
    }
    assert!(source.len() > 8_500, "{}", source.len());
    source
}

/// How many lines of a text begin or end a fence.
fn fences(text: &str) -> usize {
    text.lines().filter(|line| line.starts_with("```")).count()
}

#[test]
fn a_long_answer_in_the_chats() {
    for (dialect, open) in [(Dialect::Slack, "```"), (Dialect::Discord, "```rust")] {
        let parts = within(&long(), dialect, dialect.limit());
        assert!(parts.len() > 2, "{dialect:?}: {}", parts.len());
        for part in &parts {
            assert_eq!(fences(part) % 2, 0, "{part}");
            let bold = part.matches("something bold").count();
            let sign = if dialect == Dialect::Slack {
                "*something bold*"
            } else {
                "**something bold**"
            };
            assert_eq!(part.matches(sign).count(), bold);
            if part.contains("let value_") {
                assert!(part.lines().any(|line| line == open), "{part}");
            }
        }
        let all = parts.join("\n");
        for number in 0..90 {
            assert_eq!(all.matches(&format!("let value_{number} =")).count(), 1);
        }
        for number in 0..110 {
            assert_eq!(
                all.lines()
                    .filter(|line| line.starts_with(&format!("key{number} ")))
                    .count(),
                1
            );
        }
        assert!(all.contains("20. item 19"));
    }
}

#[test]
fn a_long_answer_on_github() {
    assert_eq!(
        render(&long(), Dialect::GitHub),
        vec![long().trim_end().to_owned()]
    );
    let parts = within(&long(), Dialect::GitHub, 1_000);
    for part in &parts {
        assert_eq!(fences(part) % 2, 0, "{part}");
        if part.contains("| key") {
            assert!(part.contains("| Key | Value |\n|---|---|\n| key"), "{part}");
        }
        if part.contains("let value_") {
            assert!(part.contains("```rust\nlet value_"), "{part}");
        }
    }
    let all = parts.join("\n");
    for number in 0..110 {
        assert_eq!(all.matches(&format!("| key{number} |")).count(), 1);
    }
}

#[test]
fn paragraphs_before_lines_before_sentences_before_spaces() {
    let a = "a".repeat(40);
    let cases = [
        (format!("{a}\n\n{a}"), vec![a.clone(), a.clone()]),
        (format!("{a}\n{a}"), vec![a.clone(), a.clone()]),
        (format!("{a} b. c {a}"), vec![format!("{a} b."), format!("c {a}")]),
        (format!("{a} b c {a}"), vec![format!("{a} b c"), a.clone()]),
        (
            "x".repeat(130),
            vec!["x".repeat(64), "x".repeat(64), "xx".to_owned()],
        ),
    ];
    for dialect in [Dialect::Slack, Dialect::Discord, Dialect::GitHub] {
        for (source, expected) in &cases {
            assert_eq!(&within(source, dialect, 64), expected, "{dialect:?}");
        }
    }
}

#[test]
fn a_heading_stands_with_its_text() {
    let text = "word ".repeat(12);
    let source = format!("{text}\n\n## Head\n\n{text}");
    assert_eq!(
        within(&source, Dialect::Discord, 90),
        vec![
            text.trim_end().to_owned(),
            format!("## Head\n\n{}", text.trim_end())
        ]
    );
    assert_eq!(
        within(&source, Dialect::GitHub, 90),
        vec![
            text.trim_end().to_owned(),
            format!("## Head\n\n{}", text.trim_end())
        ]
    );
}

#[test]
fn marks_and_links_are_not_cut() {
    let source = format!(
        "{} **bold words that stay** {}",
        "x".repeat(50),
        "[a rather longer label](https://a.example/p)"
    );
    assert_eq!(
        within(&source, Dialect::Slack, 64),
        vec![
            "x".repeat(50),
            "*bold words that stay*".to_owned(),
            "<https://a.example/p|a rather longer label>".to_owned()
        ]
    );
    assert_eq!(
        within(&source, Dialect::GitHub, 64),
        vec![
            "x".repeat(50),
            "**bold words that stay**".to_owned(),
            "[a rather longer label](https://a.example/p)".to_owned()
        ]
    );
}

#[test]
fn a_mark_longer_than_a_part_is_closed_and_opened_again() {
    let words = "word ".repeat(30);
    for (dialect, open, close) in [
        (Dialect::Slack, "*_", "_*"),
        (Dialect::Discord, "***", "***"),
        (Dialect::GitHub, "***", "***"),
    ] {
        let source = format!("**_{}_**", words.trim_end());
        for part in within(&source, dialect, 64) {
            let (open, close) = if dialect == Dialect::GitHub {
                ("**_", "_**")
            } else {
                (open, close)
            };
            assert!(part.starts_with(open) && part.ends_with(close), "{part}");
        }
        let source = format!("[{}](https://a.example)", words.trim_end());
        for part in within(&source, dialect, 64) {
            assert!(
                part.contains("https://a.example") && part.contains("word"),
                "{part}"
            );
        }
    }
}

#[test]
fn an_address_longer_than_a_part_is_text() {
    let url = format!("https://a.example/{}@U123", "p".repeat(300));
    for source in [format!("[x]({url})"), format!("<{url}>"), url.clone()] {
        for dialect in [Dialect::Slack, Dialect::Discord, Dialect::GitHub] {
            let parts = within(&source, dialect, 100);
            assert_eq!(
                parts.concat().matches('p').count(),
                300 + 3 - usize::from(dialect == Dialect::Plain) - 1
            );
            assert!(
                !parts
                    .iter()
                    .any(|part| part.contains("<@") || part.contains("<p")),
                "{parts:?}"
            );
        }
    }
}

#[test]
fn clusters_stay_whole() {
    let family = "👩‍👩‍👧‍👦";
    let accent = "e\u{301}\u{327}";
    for dialect in [Dialect::Slack, Dialect::Discord, Dialect::GitHub] {
        for cluster in [family, accent, "🇩🇪"] {
            for source in [
                cluster.repeat(60),
                format!("```\n{}\n```", cluster.repeat(60)),
                format!("**{}**", cluster.repeat(60)),
            ] {
                let parts = within(&source, dialect, 100);
                assert!(parts.len() > 1);
                for part in &parts {
                    let bare = part.replace(['`', '*', '\n'], "");
                    assert_eq!(bare.replace(cluster, ""), "", "{dialect:?}: {part:?}");
                }
                assert_eq!(parts.concat().matches(cluster).count(), 60);
            }
        }
        // One cluster longer than a part has to give way.
        let zalgo = format!("a{}", "\u{301}".repeat(500));
        assert_eq!(within(&zalgo, dialect, 100).concat(), zalgo);
        let parts = within(&format!("```\n{zalgo}\n```"), dialect, 100);
        assert_eq!(parts.concat().matches('\u{301}').count(), 500);
    }
}

#[test]
fn escapes_stay_whole() {
    for part in within(&"&<>".repeat(60), Dialect::Slack, 64) {
        assert!(
            part.replace("&amp;", "")
                .replace("&lt;", "")
                .replace("&gt;", "")
                .is_empty(),
            "{part}"
        );
    }
    for part in within(&format!("```\n{}\n```", "&<>".repeat(60)), Dialect::Slack, 64) {
        let bare = part.replace("```", "").replace('\n', "");
        assert!(
            bare.replace("&amp;", "")
                .replace("&lt;", "")
                .replace("&gt;", "")
                .is_empty(),
            "{part}"
        );
    }
}

#[test]
fn lists_go_on_where_they_were_cut() {
    let mut source = String::new();
    for number in 0..12 {
        let _ = writeln!(
            source,
            "1. item {number} and some more text\n   - inner {number}\n"
        );
    }
    let discord = within(&source, Dialect::Discord, 100).join("\n");
    assert!(discord.contains("12. item 11"), "{discord}");
    let github = within(&source, Dialect::GitHub, 100);
    assert!(github.join("\n").contains("12. item 11"), "{github:?}");
    for part in &github {
        assert!(!part.starts_with(' '), "{part:?}");
    }
    let quoted = format!("> {}", "word ".repeat(60));
    for part in within(&quoted, Dialect::GitHub, 100) {
        assert!(part.starts_with("> word"), "{part}");
    }
}

#[test]
fn a_cut_begins_no_block() {
    let source = format!(
        "{} # not a heading - nor a list 1. nor this > nor a quote",
        "x".repeat(60)
    );
    for limit in 64..110 {
        for dialect in [Dialect::Discord, Dialect::GitHub] {
            for part in within(&source, dialect, limit) {
                for start in ["# ", "- ", "1. ", "> "] {
                    assert!(!part.starts_with(start), "{dialect:?}: {part:?}");
                }
            }
        }
    }
}

#[test]
fn references_survive_on_github() {
    let source = format!(
        "see [the docs][d] now\n\n{}\n\n[d]: https://a.example/d \"T\"",
        "word ".repeat(40)
    );
    let parts = within(&source, Dialect::GitHub, 120);
    assert!(
        parts[0].starts_with("see [the docs](https://a.example/d \"T\") now"),
        "{parts:?}"
    );
}

#[test]
fn hostile_sources_come_to_an_end_soon() {
    let sources = [
        "> ".repeat(5_000),
        "- ".repeat(5_000),
        "*a ".repeat(5_000),
        "[a](".repeat(5_000),
        "![".repeat(5_000),
        ".@a".repeat(20_000),
        "<div>\n".to_owned() + &"&".repeat(20_000),
        "```\n".to_owned() + &"x".repeat(100_000),
        "x".repeat(100_000),
        "a\n\n".repeat(10_000),
        "<!--".repeat(5_000),
    ];
    for source in sources {
        for dialect in [Dialect::Slack, Dialect::Discord, Dialect::GitHub, Dialect::Plain] {
            within(&source, dialect, dialect.limit());
        }
    }
}
