//! Slack's text, read and compared.

use proptest::prelude::*;

use super::super::text::{same, to_markdown};
use super::names;

#[test]
fn mrkdwn_as_markdown() {
    for (slack, markdown) in [
        ("plain", "plain"),
        ("<@UPM> ship it", "ship it"),
        ("<@UPM|pm>: ship it", "ship it"),
        ("hey <@UPM> ship it", "hey ship it"),
        ("thanks <@UPM>!", "thanks!"),
        ("ship it <@UPM>", "ship it"),
        ("<@UPM> <@UPM> ship it", "ship it"),
        ("<@UPM>", ""),
        ("one\n<@UPM> two", "one\ntwo"),
        ("ask <@UBEN>", "ask @ben"),
        ("ask <@UBEN|benny>", "ask @ben"),
        ("ask <@UCY|cy>", "ask @cy"),
        ("ask <@UCY>", "ask @UCY"),
        ("in <#C1|apollo>", "in #apollo"),
        ("in <#C1|>", "in #C1"),
        ("in <#C9> or <#C8>", "in #zeus or #C8"),
        ("<!here> <!channel|channel>", "@here @channel"),
        ("<!subteam^S1|@team> <!subteam^S2>", "@team @S2"),
        ("due <!date^1392734382^{date}|Feb 18>", "due Feb 18"),
        ("<https://x.io/?a=1&amp;b=2>", "https://x.io/?a=1&b=2"),
        ("<https://x.io|the page>", "[the page](https://x.io)"),
        ("<https://x.io/(a)|a [b]>", "[a \\[b\\]](https://x.io/%28a%29)"),
        (
            "<http://github.com/acme/app|github.com/acme/app>",
            "github.com/acme/app",
        ),
        ("<https://x.io|https://x.io>", "https://x.io"),
        // What a label claims to be and is not stays visible.
        (
            "<https://evil.io|https://bank.io>",
            "[https://bank.io](https://evil.io)",
        ),
        ("<mailto:a@b.c|a@b.c> <mailto:a@b.c>", "a@b.c a@b.c"),
        ("a &lt; b &amp;&amp; c &gt; d", "a < b && c > d"),
        ("&amp;lt; &nbsp; &", "&lt; &nbsp; &"),
        ("*bold* _it_ ~no~ `code`", "*bold* _it_ ~no~ `code`"),
        ("“smart” ‘quotes’", "“smart” ‘quotes’"),
        ("a < b <c> <", "a < b <c> <"),
        ("<@UBEN", "<@UBEN"),
        ("<@>", "<@>"),
        ("a <\n@UBEN>", "a <\n@UBEN>"),
        ("<<@UBEN>>", "<@ben>"),
    ] {
        assert_eq!(to_markdown(slack, "UPM", &names()), markdown, "{slack}");
    }
}

#[test]
fn texts_that_slack_rewrote_are_the_same() {
    for (ours, slack, expected) in [
        ("done", "done", true),
        ("done  \n", "done", true),
        ("a & b < c", "a &amp; b &lt; c", true),
        ("see https://x.io/a", "see <https://x.io/a>", true),
        ("see x.io", "see <http://x.io|x.io>", true),
        ("<https://x.io|page>", "<https://x.io|page>", true),
        ("✅ done", ":white_check_mark: done", true),
        ("done 👍🏽", "done :+1::skin-tone-4:", true),
        ("at 12:30", "at 12:30", true),
        ("ask <@UBEN>", "ask <@UBEN>", true),
        ("done", "undone", false),
        ("<https://x.io|page>", "<https://y.io|page>", false),
        ("a\nb", "a b", false),
        ("ask <@UBEN>", "ask <@UANA>", false),
        ("größe", "große", false),
    ] {
        assert_eq!(same(ours, slack), expected, "{ours} / {slack}");
    }
}

proptest! {
    #[test]
    fn any_text_can_be_read(text in "[<>@#!|:&;a-zA-Z^\n \u{0}é]{0,40}") {
        to_markdown(&text, "UPM", &names());
        prop_assert!(same(&text, &text));
    }
}
