//! For any source and any limit: no panic, no part too long, nothing lost.

use proptest::prelude::*;
use pulldown_cmark::{Event, Parser, Tag, TagEnd};

use super::{Dialect, plain, quote_untrusted, render_with, within};

/// The dialects that split.
const SPLIT: [Dialect; 3] = [Dialect::Slack, Dialect::Discord, Dialect::GitHub];

/// What a reader sees, without blanks, marks, fence lines, the targets of our links and repeated table headers (whose
/// words begin with `HD`).
fn visible(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let bare = line.trim_start_matches(['>', ' ']);
        if bare.starts_with("```") || bare.starts_with("~~~") {
            continue;
        }
        out.push_str(&without_targets(line));
        out.push('\n');
    }
    let words = out.split_whitespace().filter(|word| !word.starts_with("HD"));
    let sign = |c: &char| !c.is_whitespace() && !"\u{200b}*_~`>#|\\<[]()!+=:-.0123456789".contains(*c);
    words
        .flat_map(|word| word.chars().filter(sign).collect::<Vec<char>>())
        .collect()
}

/// A line without `<target|` and `](target)`.
fn without_targets(line: &str) -> String {
    let mut line = line.to_owned();
    while let Some(start) = line.find("<http") {
        let Some(end) = line[start..].find(['|', '>']) else {
            break;
        };
        let upto = if line[start + end..].starts_with('|') {
            start + end + 1
        } else {
            start + 1
        };
        line.replace_range(start..upto, "");
    }
    while let Some(start) = line.find("](http") {
        let Some(end) = line[start..].find(')') else { break };
        line.replace_range(start..=start + end, "");
    }
    line
}

/// The text GitHub looks for mentions in: all of it but code, with a blank where an element begins or ends.
fn shown(markdown: &str) -> String {
    let mut out = String::new();
    let mut code = false;
    for (event, _) in super::super::blocks::parse(markdown) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => code = true,
            Event::End(TagEnd::CodeBlock) => code = false,
            Event::Text(text) | Event::Html(text) if !code => out.push_str(&text),
            _ => out.push(' '),
        }
    }
    out
}

/// Bits that Markdown is made of, in any order.
fn soup() -> impl Strategy<Value = String> {
    let bit = prop_oneof![
        4 => "[a-z]{1,9}",
        4 => Just(" ".to_owned()),
        2 => Just("\n".to_owned()),
        1 => Just("\n\n".to_owned()),
        1 => prop::sample::select(vec![
            "*", "**", "_", "~~", "`", "``", "\n```\n", "\n```rust\n", "\n# ", "\n- ", "\n  - ", "\n    - ", "\n1. ", "\n> ",
            "\n---\n", "\n===\n", "|", "\n| HDA | HDB |\n|---|---|\n| ", "[a b](http://x.y/z)", "<http://x.y/z>", "![i](http://x.y/i)",
            "\\", "<b>", "</b>", "<!--", "-->", "&amp;", "&", "<", ">", "@here", "@ana", "<@1>", "!", ".", "\r\n", "\r", "\0", "👩‍👩‍👧‍👦", "e\u{301}",
            "\n<div>\n", "- [ ] ", "\t", "  \n", "\n\n    code\n", "日本語",
        ]).prop_map(str::to_owned),
    ];
    prop::collection::vec(bit, 0..160).prop_map(|bits| bits.concat())
}

/// Well-formed documents.
fn document() -> impl Strategy<Value = String> {
    let word = |number: u32| {
        let letters = std::iter::successors(Some(number), |left| (*left > 25).then_some(left / 26));
        letters
            .filter_map(|left| char::from_digit(left % 26 + 10, 36))
            .collect::<String>()
    };
    let words = move |most: usize| {
        prop::collection::vec(0_u32..20_000_000, 1..most)
            .prop_map(move |numbers| numbers.into_iter().map(word).collect::<Vec<String>>().join(" "))
    };
    let lines = prop::collection::vec(words(8), 1..12);
    let block = prop_oneof![
        words(60),
        words(40).prop_map(|text| format!("**{text}** and *{text}* or ~~{text}~~.")),
        words(20).prop_map(|text| format!("[{text}](http://x.y/z) `{text}` ![{text}](http://x.y/i)")),
        words(6).prop_map(|text| format!("## {text}")),
        lines
            .clone()
            .prop_map(|lines| format!("```rust\n{}\n```", lines.join("\n"))),
        lines
            .clone()
            .prop_map(|lines| lines.iter().map(|l| format!("- {l}\n  - {l}\n")).collect()),
        lines.clone().prop_map(|lines| (1..)
            .zip(lines)
            .map(|(n, l)| format!("{n}. {l}\n\n    {l}\n\n"))
            .collect()),
        lines
            .clone()
            .prop_map(|lines| lines.iter().map(|l| format!("> {l}\n")).collect()),
        lines.prop_map(|lines| format!(
            "| HDA | HDB |\n|---|---|\n{}",
            lines
                .iter()
                .map(|l| format!("| {l} | {l} |\n"))
                .collect::<String>()
        )),
    ];
    prop::collection::vec(block, 1..8).prop_map(|blocks| blocks.join("\n\n"))
}

/// Checks one source at one limit.
fn nothing_lost(source: &str, limit: usize, dialect: Dialect) -> Result<(), TestCaseError> {
    let whole = render_with(source, dialect, usize::MAX);
    prop_assert!(whole.len() <= 1);
    let parts = within(source, dialect, limit);
    prop_assert_eq!(parts.is_empty(), whole.is_empty());
    prop_assert_eq!(
        visible(&parts.join("\n")),
        visible(&whole.concat()),
        "{:?} at {}: {:?}",
        dialect,
        limit,
        parts
    );
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn any_string_goes_in(source in "\\PC{0,400}", limit in 64_usize..300) {
        for dialect in SPLIT {
            within(&source, dialect, limit);
        }
        for dialect in [Dialect::Plain, Dialect::Slack, Dialect::Discord, Dialect::GitHub] {
            prop_assert!(render_with(&source, dialect, usize::MAX).len() <= 1);
        }
        plain(&source);
    }

    #[test]
    fn soup_loses_nothing(source in soup(), limit in 200_usize..500) {
        nothing_lost(&source, limit, Dialect::Slack)?;
        nothing_lost(&source, limit, Dialect::Discord)?;
        nothing_lost(&source, limit, Dialect::GitHub)?;
    }

    #[test]
    fn soup_notifies_nobody(source in soup(), limit in 64_usize..500) {
        for part in within(&source, Dialect::Slack, limit) {
            for (at, _) in part.match_indices('<') {
                prop_assert!(part[at..].starts_with("<http://x.y/"), "{:?}", part);
            }
        }
        for part in within(&source, Dialect::Discord, limit) {
            prop_assert!(!part.contains("@here") && !part.contains("<@"), "{:?}", part);
        }
        for part in within(&source, Dialect::GitHub, limit) {
            let shown = shown(&part);
            for (at, _) in shown.match_indices("@ana").chain(shown.match_indices("@here")) {
                let before = shown[..at].chars().next_back();
                prop_assert!(before.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_'), "{:?}", part);
            }
        }
    }

    #[test]
    fn soup_is_within_the_limit_on_github(source in soup(), limit in 64_usize..500) {
        within(&source, Dialect::GitHub, limit);
    }

    #[test]
    fn documents_lose_nothing(source in document(), limit in 100_usize..600) {
        for dialect in SPLIT {
            nothing_lost(&source, limit, dialect)?;
        }
    }

    #[test]
    fn hidden_comments_never_reach_github(source in soup()) {
        for part in render_with(&source, Dialect::GitHub, usize::MAX) {
            let hidden = Parser::new(&part).any(|event| match event {
                Event::Html(html) | Event::InlineHtml(html) => html.contains("<!--"),
                _ => false,
            });
            prop_assert!(!hidden, "{:?}", part);
        }
    }

    #[test]
    fn quoted_text_reads_as_it_was(text in "[ -~\n]{0,200}") {
        let squash = |text: &str| text.chars().filter(|c| !c.is_whitespace() && *c != '\u{200b}').collect::<String>();
        prop_assert_eq!(squash(&plain(&quote_untrusted(&text))), squash(&text));
    }
}
