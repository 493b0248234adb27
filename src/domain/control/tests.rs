//! What answers a question, however it was typed.

use super::gate_answer;

#[test]
fn an_answer_is_read_whatever_typed_it() {
    let read = |text: &str| {
        gate_answer(text).map(|answer| {
            let word = if answer.approves { "yes" } else { "no" };
            let number = answer
                .number
                .map_or_else(|| "-".to_owned(), |number| number.to_string());
            format!("{word} {number} {}", answer.reason).trim_end().to_owned()
        })
    };
    let table = [
        ("approve 7", Some("yes 7")),
        ("Reject #7 not now", Some("no 7 not now")),
        ("approve: 7!", Some("yes 7")),
        ("approve", Some("yes -")),
        ("/approve looks right", Some("yes - looks right")),
        ("reject \"not now\"", Some("no - not now")),
        // Spaces, digits, signs and letters of other keyboards; what nobody sees.
        ("approve\u{A0}7", Some("yes 7")),
        ("approve\u{3000}１１", Some("yes 11")),
        ("/approve １１", Some("yes 11")),
        ("reject ＃１１ nein", Some("no 11 nein")),
        ("／ａｐｐｒｏｖｅ　１１", Some("yes 11")),
        ("\u{200B}approve 1\u{200B}1\u{FEFF}", Some("yes 11")),
        ("approve \u{2068}11\u{2069}", Some("yes 11")),
        ("reject 7\u{A0}not now", Some("no 7 not now")),
        // Quotes of every kind around the reason, and only one of two turned.
        ("reject 7 “not now”", Some("no 7 not now")),
        ("reject 7 'not now'", Some("no 7 not now")),
        ("reject 7 ‘not now’", Some("no 7 not now")),
        ("reject 7 „not now“", Some("no 7 not now")),
        ("reject 7 «not now»", Some("no 7 not now")),
        ("reject 7 `not now`", Some("no 7 not now")),
        ("reject 7 ＂not now＂", Some("no 7 not now")),
        ("reject 7 \"not now”", Some("no 7 not now")),
        ("/reject “not now”", Some("no - not now")),
        ("reject 'not now'", Some("no - not now")),
        ("reject “later”", Some("no - later")),
        ("reject “don’t”", Some("no - don’t")),
        ("reject ‘don’t’", Some("no - don’t")),
        ("reject 'don't'", Some("no - don't")),
        ("reject “he said \"no\"”", Some("no - he said \"no\"")),
        ("reject \"Ana's \\\"x\\\"\"", Some("no - Ana's \"x\"")),
        ("reject \"C:\\\\x\"", Some("no - C:\\x")),
        // Who quotes a number means it.
        ("approve “11”", Some("yes 11")),
        // What is in quotes in between stays.
        ("reject 7 say “no” or “yes”", Some("no 7 say “no” or “yes”")),
        ("reject 7 “no” or “yes”", Some("no 7 “no” or “yes”")),
        ("/reject 'tis \u{200B}wide １１", Some("no - 'tis wide １１")),
        ("reject 7 it’s \"red\"", Some("no 7 it’s \"red\"")),
        // No answers.
        ("approve the plan", None),
        ("reject it", None),
        ("approve 7?", None),
        ("reject “no” or “yes”", None),
        ("“approve 7”", None),
        ("approved 7", None),
    ];
    for (text, expected) in table {
        assert_eq!(read(text).as_deref(), expected, "{text:?}");
    }
}
