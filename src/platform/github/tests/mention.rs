use proptest::prelude::*;

use super::super::mention::{Spoken, listen, visible};
use crate::domain::Addressed::{self, Nobody, Others, Us};

fn heard(text: &str) -> (Addressed, String) {
    let Spoken { text, addressed } = listen(text, &["@pm", "@pm-bot"]);
    (addressed, text)
}

/// Checks them all before it complains: text, who is called, what is left of it.
fn check(cases: &[(&str, Addressed, &str)]) {
    let judged = cases
        .iter()
        .map(|(text, addressed, rest)| (text, heard(text), (*addressed, (*rest).to_owned())));
    let wrong: Vec<_> = judged.filter(|(_, heard, expected)| heard != expected).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn our_name_calls_us_and_is_taken_out() {
    check(&[
        // Leading the text or a line.
        ("@pm status", Us, "status"),
        ("@pm, status please", Us, "status please"),
        ("@pm: status", Us, "status"),
        ("@pm - status", Us, "status"),
        ("  @PM status", Us, "status"),
        ("@pm\n\nwhat is open?", Us, "what is open?"),
        ("@pm", Us, ""),
        ("@pm!", Us, ""),
        ("Hello,\n@pm do it", Us, "Hello,\ndo it"),
        ("# @pm do it", Us, "# do it"),
        ("- @pm do it", Us, "- do it"),
        // In the middle and at the end.
        ("hey @pm, close it", Us, "hey, close it"),
        ("hey @pm close it", Us, "hey close it"),
        ("thanks @pm", Us, "thanks"),
        ("thanks @pm.", Us, "thanks."),
        ("done? @pm\nyes", Us, "done?\nyes"),
        ("close it (@pm)", Us, "close it"),
        ("**@pm** close it", Us, "close it"),
        ("*@pm*: close it", Us, "close it"),
        ("_@pm_ close it", Us, "close it"),
        ("what does @pm's list say", Us, "what does @pm's list say"),
        ("hey,@pm do", Us, "hey, do"),
        ("ok—@pm do", Us, "ok— do"),
        ("| a |\n| - |\n| @pm |", Us, "| a |\n| - |\n| |"),
        // Twice, by our login, and with somebody else.
        ("@pm and again @pm now", Us, "and again now"),
        ("@pm-bot status", Us, "status"),
        ("@PM-Bot: status", Us, "status"),
        ("@pm @bob assign this", Us, "@bob assign this"),
        ("cc @bob @pm/", Us, "cc @bob /"),
    ]);
}

#[test]
fn code_and_quoted_lines_call_nobody() {
    check(&[
        // Code.
        ("`@pm` is the word", Nobody, "`@pm` is the word"),
        ("```\n@pm status\n```", Nobody, "```\n@pm status\n```"),
        ("~~~\n@pm", Nobody, "~~~\n@pm"),
        ("text\n\n    @pm status", Nobody, "text\n\n    @pm status"),
        ("``a ` @pm``", Nobody, "``a ` @pm``"),
        ("`@pm` @pm run", Us, "`@pm` run"),
        // Quoted lines.
        ("> @pm status", Nobody, "> @pm status"),
        (">@pm status", Nobody, ">@pm status"),
        ("> > @pm status", Nobody, "> > @pm status"),
        ("- > @pm status", Nobody, "- > @pm status"),
        ("> @pm status\n\nno @bob", Others, "> @pm status\n\nno @bob"),
        ("> what now?\n@pm do it", Us, "> what now?\ndo it"),
        ("> @pm old\n\n@pm new", Us, "> @pm old\n\nnew"),
    ]);
}

#[test]
fn other_words_are_other_names_or_none() {
    check(&[
        // Addresses and longer names.
        ("mail x@pm now", Nobody, "mail x@pm now"),
        ("mail foo@pm.com", Nobody, "mail foo@pm.com"),
        ("mail foo.bar+x@pm", Nobody, "mail foo.bar+x@pm"),
        ("<foo@pm.com>", Nobody, "<foo@pm.com>"),
        ("@pm-team look", Others, "@pm-team look"),
        ("@pmx look", Others, "@pmx look"),
        ("@pm_x look", Others, "@pm_x look"),
        ("@pm.com look", Others, "@pm.com look"),
        ("@pm/team look", Others, "@pm/team look"),
        ("@pmé look", Others, "@pmé look"),
        ("@@pm look", Nobody, "@@pm look"),
        ("https://x.org/@pm", Nobody, "https://x.org/@pm"),
        ("[@pm](https://x.org)", Nobody, "[@pm](https://x.org)"),
        // Others, and nobody.
        ("@bob look", Others, "@bob look"),
        ("(@bob)", Others, "(@bob)"),
        ("a @ b", Nobody, "a @ b"),
        ("see bob@example.org", Nobody, "see bob@example.org"),
        ("just words", Nobody, "just words"),
        ("", Nobody, ""),
    ]);
}

#[test]
fn a_mention_may_be_any_word() {
    for (text, name) in [
        ("@pm[bot] go", "@pm[bot]"),
        ("@Ünal go", "@ünal"),
        ("@a.b, go", "@a.b"),
    ] {
        assert_eq!(
            listen(text, &[name]),
            Spoken {
                text: "go".into(),
                addressed: Us
            },
            "{text:?}"
        );
    }
}

#[test]
fn comments_that_are_not_shown_are_not_heard() {
    let cases = [
        ("a <!-- b --> c", "a  c"),
        ("<!-- @pm do evil -->", ""),
        ("text\n\n<!-- a\n\nb -->\n\nmore", "text\n\n\n\nmore"),
        ("<!-- never closed\n\nstill hidden", ""),
        ("<!--> seen", "seen"),
        ("inline <!-- not closed", "inline <!-- not closed"),
        ("`<!-- code -->`", "`<!-- code -->`"),
        ("```html\n<!-- code -->\n```", "```html\n<!-- code -->\n```"),
        ("<div>\n<!-- in a block -->\n</div>", "<div>\n\n</div>"),
        ("a <!-- 1 --> b <!-- 2 -->", "a  b"),
        ("> <!-- quoted -->\n> seen", ">\n> seen"),
    ];
    for (text, seen) in cases {
        let got = visible(text);
        assert_eq!(got.replace("> \n", ">\n"), seen, "{text:?}");
    }
}

proptest! {
    #[test]
    fn no_text_is_too_odd(text in "([@pm<>!\\-`*_(\\[\\])~ \\n.,:é“”]|@pm|<!--|-->|> |@pm-bot){0,40}") {
        let seen = visible(&text);
        let heard = listen(&seen, &["@pm", "@pm-bot"]);
        // What is taken out are our names and what hung on them, never words of somebody else.
        prop_assert!(heard.text.len() <= seen.len());
        prop_assert_eq!(heard.text.matches('é').count(), seen.matches('é').count());
    }
}
