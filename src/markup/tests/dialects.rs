//! Each dialect's way of writing, by tables.

use super::{Dialect, check, one, plain, render};

#[test]
fn slack_marks_and_links() {
    check(
        Dialect::Slack,
        &[
            (
                "**bold** *italic* ~~gone~~ `code`",
                "*bold* _italic_ ~gone~ `code`",
            ),
            ("***both***", "_*both*_"),
            ("half**bold**word", "half\u{200b}*bold*\u{200b}word"),
            ("[docs](https://a.example/x)", "<https://a.example/x|docs>"),
            ("[a](https://a.example/x|y>z)", "<https://a.example/x%7Cy%3Ez|a>"),
            ("[a](<https://a.example/b c>)", "<https://a.example/b%20c|a>"),
            (
                "[q](https://a.example/?x=1&y=2)",
                "<https://a.example/?x=1&amp;y=2|q>",
            ),
            ("[**b**](https://a.example)", "<https://a.example|b>"),
            ("**[b](https://a.example)**", "*<https://a.example|b>*"),
            ("<https://a.example/_x_>", "<https://a.example/_x_>"),
            (
                "see https://a.example/b_c_d, ok",
                "see <https://a.example/b_c_d>, ok",
            ),
            ("(https://a.example/b)", "(<https://a.example/b>)"),
            ("![alt](https://a.example/i.png)", "<https://a.example/i.png|alt>"),
            (
                "[![alt](https://i.example)](https://a.example)",
                "<https://a.example|alt>",
            ),
            ("[file](docs/a.md)", "file (docs/a.md)"),
            ("[x](@U123)", "x (@U123)"),
            ("[x](<!channel>)", "x (!channel)"),
            ("[two\nlines](https://a.example)", "<https://a.example|two lines>"),
            ("<foo@example.com>", "<mailto:foo@example.com|foo@example.com>"),
            ("[](https://a.example)", "<https://a.example>"),
            ("a & b < c > d", "a &amp; b &lt; c &gt; d"),
            ("`a && b <c>`", "`a &amp;&amp; b &lt;c&gt;`"),
            ("`` a`b ``", "`a\u{2cb}b`"),
            (r"\*not bold\*", "*\u{200b}not bold*\u{200b}"),
            ("2 * 3 snake_case ~/x", "2 * 3 snake_case ~/x"),
            ("**a\nb**", "*a*\n*b*"),
        ],
    );
}

#[test]
fn slack_blocks() {
    check(
        Dialect::Slack,
        &[
            ("# Title\ntext", "*Title*\n\ntext"),
            ("## A **b** c", "*A b c*"),
            (
                "- a\n- b\n  - c\n    - d\n- e",
                "• a\n• b\n    • c\n        • d\n• e",
            ),
            ("3. a\n4. b\n   - c", "3. a\n4. b\n    • c"),
            ("1. a\n1. b", "1. a\n2. b"),
            ("- a\n\n- b", "• a\n\n• b"),
            ("- [ ] open\n- [x] done", "☐ open\n☑ done"),
            ("> quote\n> more", "> quote\n> more"),
            ("> a\n>\n> b", "> a\n>\n> b"),
            ("> [!WARNING]\n> hot", "> *Warning*\n> hot"),
            (
                "```rust\nfn a() -> &str {}\n```",
                "```\nfn a() -&gt; &amp;str {}\n```",
            ),
            ("````\n```\nx\n```\n````", "```\n``\u{200b}`\nx\n``\u{200b}`\n```"),
            ("    indented", "```\nindented\n```"),
            ("- a\n  ```\n  x\n  ```", "• a\n```\nx\n```"),
            ("a\n\n---\n\nb", "a\n\n────────────────────\n\nb"),
            (
                "<div>\n<b>x</b>\n</div>",
                "&lt;div&gt;\n&lt;b&gt;x&lt;/b&gt;\n&lt;/div&gt;",
            ),
            ("a <b>x</b> <!-- no --> y", "a &lt;b&gt;x&lt;/b&gt;  y"),
            ("a\n\n<!-- no\nnever -->\n\nb", "a\n\nb"),
            ("<!-- open", ""),
            ("a[^1]\n\n[^1]: note", "a[1]\n\n[1] note"),
            ("- - a", "•\n    • a"),
            ("-\n- b", "•\n• b"),
        ],
    );
}

#[test]
fn tables_in_the_chats() {
    let narrow = "| Name | Qty |\n|:--|--:|\n| apple & co | 3 |\n| *pear* | 12 |";
    let columns = "Name        Qty\n----------  ---\napple & co    3\npear         12";
    assert_eq!(
        one(narrow, Dialect::Slack),
        format!("```\n{}\n```", columns.replace('&', "&amp;"))
    );
    assert_eq!(one(narrow, Dialect::Discord), format!("```\n{columns}\n```"));
    assert_eq!(one(narrow, Dialect::Plain), columns);
    assert_eq!(one(narrow, Dialect::GitHub), narrow);

    let long = "word ".repeat(20);
    let wide = format!("| A | **B** |\n|---|---|\n| 1 | [x](https://a.example) {long} |\n| 2 | |");
    let long = long.trim_end();
    assert_eq!(
        one(&wide, Dialect::Slack),
        format!("*A:* 1\n*B:* <https://a.example|x> {long}\n\n*A:* 2")
    );
    assert_eq!(
        one(&wide, Dialect::Discord),
        format!("**A:** 1\n**B:** [x](https://a.example) {long}\n\n**A:** 2")
    );
    assert_eq!(
        one(&wide, Dialect::Plain),
        format!("A: 1\nB: x (https://a.example) {long}\n\nA: 2")
    );
    let links = "| PR |\n|---|\n| [#1](https://a.example/1) |";
    assert_eq!(
        one(links, Dialect::Slack),
        format!("```\nPR\n{}\n#1 (https://a.example/1)\n```", "-".repeat(24))
    );
    let emoji = "| A | B |\n|---|---|\n| 🎉 | 日本 |\n| xx | y |";
    assert_eq!(one(emoji, Dialect::Plain), "A   B\n--  ----\n🎉  日本\nxx  y");
}

#[test]
fn discord() {
    check(
        Dialect::Discord,
        &[
            (
                "**bold** *italic* _it_ ~~gone~~ `code`",
                "**bold** *italic* *it* ~~gone~~ `code`",
            ),
            ("**a** *b*", "**a** *b*"),
            ("**a**_b_", "**a**\u{200b}*b*"),
            ("`` a`b ``", "``a`b``"),
            ("# One\n### Three\n#### Four", "# One\n\n### Three\n\n**Four**"),
            (
                "[docs](https://a.example/x_(y))",
                "[docs](https://a.example/x_%28y%29)",
            ),
            (
                "[https://b.example](https://a.example)",
                "https://b.example (https://a.example)",
            ),
            ("<https://a.example/a_b_>", "https://a.example/a_b_"),
            ("[file](docs/a.md)", "file (docs/a.md)"),
            ("- a\n  - b\n- c", "- a\n  - b\n- c"),
            ("9. a\n10. b", "9. a\n10. b"),
            ("- [ ] open\n- [x] done", "- ☐ open\n- ☑ done"),
            ("> a\n> b", "> a\n> b"),
            ("> ```\n> x\n> ```", "> ```\n> x\n> ```"),
            ("```rust\nlet x;\n```", "```rust\nlet x;\n```"),
            (
                r"\*a\* \_b\_ \# c snake_case a|b",
                r"\*a\* \_b\_ # c snake_case a\|b",
            ),
            (r"\# a", r"\# a"),
            (r"1\. a", r"1\. a"),
            (r"\- a", r"\- a"),
            (r"\> a", r"\> a"),
            (r"\[a](b)", r"[a\](b)"),
            ("a <b>x</b>", "a <b>x</b>"),
            ("***", "────────────────────"),
        ],
    );
}

#[test]
fn github_keeps_the_source() {
    for source in [
        "# Title\n\n* a\n* b\n\n1) x\n1) y",
        "Setext\n===\n\n__bold__ _it_ ~x~ [r][1] #12 acme/app#3\n\n[1]: https://a.example \"t\"",
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "~~~rust\nfn main() {} // <!-- kept --> @kept\n~~~",
        "<details>\n<summary>More</summary>\n\ntext\n\n</details>",
        "- [ ] a\n- [x] b\n\n> [!NOTE]\n> n",
        "    indented first",
    ] {
        assert_eq!(one(source, Dialect::GitHub), source);
    }
}

#[test]
fn github_drops_hidden_comments() {
    check(
        Dialect::GitHub,
        &[
            ("a <!-- callsheet:1 --> b", "a  b"),
            ("a\n\n<!-- x\ny -->\n\nb", "a\n\n\n\nb"),
            ("`<!-- x -->`", "`<!-- x -->`"),
            ("```\n<!-- x -->\n```", "```\n<!-- x -->\n```"),
            ("<!-- never closed\n\nmore", ""),
            (r"\<!-- x -->", "\\<\u{200b}!-- x -->"),
            (
                "[a](https://a.example \"<!-- x -->\")",
                "[a](https://a.example \"<\u{200b}!-- x -->\")",
            ),
            (
                "[a]: https://a.example \"<!-- x -->\"",
                "[a]: https://a.example \"<\u{200b}!-- x -->\"",
            ),
        ],
    );
    let nested = one("a <!-<!-- x -->- forged -->", Dialect::GitHub);
    assert!(!nested.contains("<!--"), "{nested:?}");
}

#[test]
fn terminal() {
    check(
        Dialect::Plain,
        &[
            (
                "# Title\n\n**bold** `code` [docs](https://a.example)",
                "Title\n\nbold code docs (https://a.example)",
            ),
            ("- a\n  1. b\n     > c", "- a\n  1. b\n     > c"),
            ("```sh\nls -l\n\nls\n```", "    ls -l\n\n    ls"),
            ("\u{1b}[31mred\u{7}", "[31mred"),
            ("- [x] done", "- [x] done"),
            ("a  \nb", "a\nb"),
        ],
    );
}

#[test]
fn odd_line_ends_and_nul() {
    for dialect in [Dialect::Slack, Dialect::Discord, Dialect::GitHub, Dialect::Plain] {
        assert_eq!(one("a\u{0}b\r\nc\rd", dialect), "ab\nc\nd");
        for blank in [
            "",
            " ",
            "\n\t\n",
            "\u{0}",
            "\r",
            "\r\n\r\n",
            "<!-- x -->",
            "\u{200b}\u{feff}",
        ] {
            assert_eq!(
                render(blank, dialect),
                Vec::<String>::new(),
                "{dialect:?} of {blank:?}"
            );
        }
    }
}

#[test]
fn text_only() {
    let source = "# T\n\n**a** [b](https://x.example) `c`\n- d\n  - e\n\n| f | g |\n|---|---|\n| h | i |\n\n```\nj\n```\n<!-- k -->\n";
    assert_eq!(plain(source), "T\na b c\nd\ne\nf g\nh i\nj");
    assert_eq!(plain(" \n"), "");
}
