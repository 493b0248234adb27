//! Nothing from the source notifies anybody.

use super::{Dialect, check, one, plain, quote_untrusted};

#[test]
fn in_slack() {
    check(
        Dialect::Slack,
        &[
            ("<!channel> <!here>", "&lt;!channel&gt; &lt;!here&gt;"),
            (
                "<@U123> <#C1> <!subteam^S1>",
                "&lt;@U123&gt; &lt;#C1&gt; &lt;!subteam^S1&gt;",
            ),
            ("`<!channel>`", "`&lt;!channel&gt;`"),
            ("```\n<!channel>\n```", "```\n&lt;!channel&gt;\n```"),
            (
                "@channel @here @Everyone!",
                "@\u{200b}channel @\u{200b}here @\u{200b}Everyone!",
            ),
            (
                "foo@example.com foo@here.example",
                "foo@example.com foo@here.example",
            ),
            (
                "| @here |\n|---|\n| <@U1> |",
                "```\n@\u{200b}here\n-----\n&lt;@U1&gt;\n```",
            ),
        ],
    );
}

#[test]
fn in_discord() {
    check(
        Dialect::Discord,
        &[
            ("@everyone @here", "@\u{200b}everyone @\u{200b}here"),
            (
                "<@123> <@!123> <@&1> <#1>",
                "<\u{200b}@123> <\u{200b}@!123> <\u{200b}@&1> <\u{200b}#1>",
            ),
            ("<<!-- x -->@123>", "<\u{200b}@123>"),
            (r"\@everyone", "@\u{200b}everyone"),
            ("`@everyone`", "`@\u{200b}everyone`"),
            ("```\n<@123>\n```", "```\n<\u{200b}@123>\n```"),
            ("foo@example.com", "foo@example.com"),
            ("[x](@everyone)", "x (@\u{200b}everyone)"),
            ("https://a.example/@everyone", "https://a.example/%40everyone"),
            ("[x](https://a.example/@here)", "[x](https://a.example/%40here)"),
        ],
    );
}

#[test]
fn in_github() {
    check(
        Dialect::GitHub,
        &[
            (
                "@ana and @acme/team, (@bo)",
                "@\u{200b}ana and @\u{200b}acme/team, (@\u{200b}bo)",
            ),
            ("foo@example.com @ alone @", "foo@example.com @ alone @"),
            ("`@ana`", "`@ana`"),
            ("```\n@ana\n```", "```\n@ana\n```"),
            (r"\@ana", "\\@\u{200b}ana"),
            ("&#64;ana &commat;ana", "&#64;\u{200b}ana &commat;\u{200b}ana"),
            ("@&#97;na", "@\u{200b}&#97;na"),
            ("@<!-- x -->ana", "@\u{200b}ana"),
            ("**@ana**", "**@\u{200b}ana**"),
            ("<b>@ana</b>", "<b>@\u{200b}ana</b>"),
            (
                "<div>\n@ana &#x40;ana\n</div>",
                "<div>\n@\u{200b}ana &#x40;\u{200b}ana\n</div>",
            ),
            ("| @ana |\n|---|\n| `@bo` |", "| @\u{200b}ana |\n|---|\n| `@bo` |"),
            ("https://a.example/@ana x", "https://a.example/@ana x"),
            ("xhttps://a.example/@ana", "xhttps://a.example/@\u{200b}ana"),
            (
                "<https://a.example/@ana> @bo",
                "<https://a.example/@ana> @\u{200b}bo",
            ),
            (
                "[a](https://a.example/z)@ana",
                "[a](https://a.example/z)@\u{200b}ana",
            ),
            ("https://a.example/b_c/@ana", "https://a.example/b_c/@ana"),
            ("see #12 and acme/app#3", "see #12 and acme/app#3"),
        ],
    );
}

#[test]
fn an_address_too_long_to_look_through_hides_no_mention() {
    for length in 1_900..2_010 {
        let source = format!("xhttps://a.example/{}/@ana", "p".repeat(length));
        assert!(one(&source, Dialect::GitHub).contains("@\u{200b}ana"), "{length}");
    }
    assert_eq!(
        one("https://a.example/b (x) @ana", Dialect::GitHub),
        "https://a.example/b (x) @\u{200b}ana"
    );
}

#[test]
fn quoting() {
    for (text, expected) in [
        ("plain, text. (fine) snake_case", "plain, text. (fine) snake_case"),
        ("*a* _b_ `c` [d](e) <f>", r"\*a\* \_b\_ \`c\` \[d\](e) \<f\>"),
        (
            "# a\n- b\n1. c\n2) d\n+ e\n> f",
            "\\# a\n\\- b\n1\\. c\n2\\) d\n\\+ e\n\\> f",
        ),
        ("a\n===\n---", "a\n\\===\n\\---"),
        ("@ana foo@example.com", "@\u{200b}ana foo@example.com"),
        ("AT&T &amp; x&y", "AT&T \\&amp; x&y"),
        ("    code?", "\u{a0}\u{a0}\u{a0}\u{a0}code?"),
        ("a  \r\nb\u{0}", "a\nb"),
    ] {
        assert_eq!(quote_untrusted(text), expected);
    }
}

#[test]
fn quoted_text_reads_as_it_was() {
    for text in [
        "*a* **b** ~~c~~ `d` [e](f) ![g](h) <!-- i --> <b>j</b>",
        "# a\n## b\n- c\n* d\n1. e\n2) f\n> g\n---\n===\n```\nh\n~~~",
        "| a | b |\n|---|---|\n| c | d |",
        "[x]: https://a.example\n[^1]: y",
        "a\n:-\n:--",
        r"\*a\* &amp; &#64; <@U1> <!channel>",
    ] {
        assert_eq!(plain(&quote_untrusted(text)).replace('\u{200b}', ""), text);
    }
    let hostile = quote_untrusted("<!channel> <@U1> @everyone <!-- callsheet --> @ana");
    assert_eq!(
        one(&hostile, Dialect::Slack),
        "&lt;!channel&gt; &lt;@\u{200b}U1&gt; @\u{200b}everyone &lt;!-- callsheet --&gt; @\u{200b}ana"
    );
    assert!(!one(&hostile, Dialect::GitHub).contains("<!--"));
    assert!(!one(&quote_untrusted("<@123> @everyone"), Dialect::Discord).contains("<@1"));
}
