//! What was typed on keyboards, phones and in chats, as words.

use super::words;

#[test]
fn a_line_is_words_whatever_typed_it() {
    let table: &[(&str, Option<&[&str]>)] = &[
        ("status apollo", Some(&["status", "apollo"])),
        ("  status \t apollo ", Some(&["status", "apollo"])),
        // Quotes of every kind, and only one of two turned.
        ("status \"Apollo Web\"", Some(&["status", "Apollo Web"])),
        ("status 'Apollo Web'", Some(&["status", "Apollo Web"])),
        ("status “Apollo Web”", Some(&["status", "Apollo Web"])),
        ("status „Apollo Web“", Some(&["status", "Apollo Web"])),
        ("status «Apollo Web»", Some(&["status", "Apollo Web"])),
        ("status ‘Apollo Web’", Some(&["status", "Apollo Web"])),
        ("status `Apollo Web`", Some(&["status", "Apollo Web"])),
        ("status \"Apollo Web”", Some(&["status", "Apollo Web"])),
        ("status “Apollo Web\"", Some(&["status", "Apollo Web"])),
        ("status ＂Apollo Web＂", Some(&["status", "Apollo Web"])),
        ("status Apollo\\ Web", Some(&["status", "Apollo Web"])),
        ("new \"\"", Some(&["new", ""])),
        // What stands in quotes stays.
        ("new \"He said “no”\"", Some(&["new", "He said “no”"])),
        ("new “He said \"no\"”", Some(&["new", "He said \"no\""])),
        ("new \"She said \\\"no\\\"\"", Some(&["new", "She said \"no\""])),
        ("new “Don’t crash”", Some(&["new", "Don’t crash"])),
        ("new ‘Don’t crash’", Some(&["new", "Don’t crash"])),
        ("new \"—help is missing\"", Some(&["new", "—help is missing"])),
        ("new \"１２ Uhr！\"", Some(&["new", "１２ Uhr！"])),
        ("new “C:\\temp $HOME”", Some(&["new", "C:\\temp $HOME"])),
        ("new \"two\nlines\"", Some(&["new", "two\nlines"])),
        // Apostrophes of a phone are letters; a plain one is a quote, as in a shell.
        ("it’s fine", Some(&["it's", "fine"])),
        ("don't do that", None),
        ("status \"Apollo", None),
        ("status “Apollo", None),
        // Spaces, and characters that nobody sees.
        ("status\u{A0}apollo", Some(&["status", "apollo"])),
        ("status\u{3000}apollo", Some(&["status", "apollo"])),
        ("status\u{2009}apollo\u{202F}", Some(&["status", "apollo"])),
        ("sta\u{200B}tus apo\u{FEFF}llo", Some(&["status", "apollo"])),
        ("\u{202A}status\u{202C} apollo", Some(&["status", "apollo"])),
        ("status \"Apollo\u{200B} Web\"", Some(&["status", "Apollo Web"])),
        // Dashes in front of an option; others stay.
        ("list —page 2", Some(&["list", "--page", "2"])),
        ("list –page 2", Some(&["list", "--page", "2"])),
        ("list ––page 2", Some(&["list", "--page", "2"])),
        ("list -—page 2", Some(&["list", "--page", "2"])),
        ("list －－page ２", Some(&["list", "--page", "2"])),
        ("list --page 2", Some(&["list", "--page", "2"])),
        ("list -p", Some(&["list", "-p"])),
        ("a — b", Some(&["a", "—", "b"])),
        ("set on\u{2011}hold", Some(&["set", "on-hold"])),
        // Full-width letters and signs.
        ("ｓｔａｔｕｓ ａｐｏｌｌｏ", Some(&["status", "apollo"])),
        ("show ＃１２", Some(&["show", "#12"])),
        // No remarks.
        ("show #12 #13", Some(&["show", "#12", "#13"])),
        ("show acme/app#12", Some(&["show", "acme/app#12"])),
        ("", Some(&[])),
    ];
    for (line, expected) in table {
        let expected = expected.map(|words| words.iter().map(ToString::to_string).collect());
        assert_eq!(words(line), expected, "{line:?}");
    }
}

#[test]
fn what_is_quoted_is_one_word_again() {
    for value in [
        "apollo",
        "Apollo Web",
        "Ana's \"x\"",
        "a\\b",
        "$HOME `x`",
        "“typographic” and ‘so’",
        "—help",
        "--page",
        "#12",
        "１２",
        "two\nlines",
        "it’s",
        "v1.",
        "＂wide＂",
    ] {
        let line = format!("show {}", crate::domain::quoted(value));
        assert_eq!(
            words(&line),
            Some(vec!["show".to_owned(), value.to_owned()]),
            "{line}"
        );
    }
}
