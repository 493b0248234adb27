use super::*;

#[test]
fn no_words_leave_what_shows_them() {
    let table = [
        ("plain", "`plain`"),
        ("a `b` c", "`` a `b` c ``"),
        (
            "``ok`` [safe](https://evil.example) ``x``",
            "``` ``ok`` [safe](https://evil.example) ``x`` ```",
        ),
        ("two\nlines", "`two lines`"),
        ("hid\u{200b}den", "`hid[U+200B]den`"),
        ("a\u{fe0f}b\u{fe01}", "`a[U+FE0F]b[U+FE01]`"),
        ("⚠\u{fe0f} now", "`⚠\u{fe0f} now`"),
        ("⚠\u{fe0f}\u{fe0f}", "`⚠\u{fe0f}[U+FE0F]`"),
    ];
    for (text, expected) in table {
        assert_eq!(literal(text), expected, "{text:?}");
    }
}
