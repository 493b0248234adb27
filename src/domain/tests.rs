//! The rules of the words, as tables.

use super::*;

#[test]
fn a_repository_has_one_form_whatever_was_typed() {
    let table = [
        ("acme/apollo", "acme/apollo"),
        ("Acme/Apollo", "acme/apollo"),
        (" acme/apollo/ ", "acme/apollo"),
        ("https://github.com/acme/apollo", "acme/apollo"),
        ("https://github.com/ACME/Apollo.git", "acme/apollo"),
        ("https://www.github.com/acme/apollo/", "acme/apollo"),
        ("http://github.com/acme/apollo/issues/12", "acme/apollo"),
        ("https://user:token@github.com/acme/apollo.git", "acme/apollo"),
        ("git@github.com:acme/apollo.git", "acme/apollo"),
        ("ssh://git@github.com/acme/apollo.git", "acme/apollo"),
        ("<https://github.com/acme/apollo>", "acme/apollo"),
        ("github.com/acme/apollo", "acme/apollo"),
        ("octo/octo.github.io", "octo/octo.github.io"),
        (
            "https://github.com/octo/octo.github.io.git",
            "octo/octo.github.io",
        ),
        ("https://git.corp.example/Team/App", "git.corp.example/team/app"),
        ("git.corp.example/team/app", "git.corp.example/team/app"),
        ("ghe/team/app", "ghe/team/app"),
        ("ssh://git@github.com:22/acme/apollo", "acme/apollo"),
        ("ssh://git@ssh.github.com:443/acme/apollo.git", "acme/apollo"),
        ("https://github.com:443/acme/apollo", "acme/apollo"),
    ];
    for (typed, canonical) in table {
        assert_eq!(
            typed.parse::<Repository>().map(|r| r.to_string()),
            Ok(canonical.to_owned()),
            "{typed}"
        );
        assert_eq!(
            canonical.parse::<Repository>().map(|r| r.to_string()),
            Ok(canonical.to_owned()),
            "{canonical}"
        );
    }
    for wrong in [
        "",
        "acme",
        "acme/",
        "/apollo",
        "a b/c",
        "acme/..",
        "https://github.com/acme",
        "-x/y",
    ] {
        assert!(wrong.parse::<Repository>().is_err(), "{wrong}");
    }
}

#[test]
fn a_place_is_read_as_it_is_written() {
    for text in [
        "slack:T1/C2",
        "slack:T1/C2/1700000000.000100",
        "discord:G1/C2",
        "discord:@/C2",
        "github:acme/app#12",
        "github:acme/app",
        "github:git.corp.example/acme/app#12",
        "shell:ana",
    ] {
        assert_eq!(
            text.parse::<Place>().map(|place| place.to_string()),
            Ok(text.to_owned())
        );
    }
    for wrong in [
        "",
        "slack:T1",
        "slack:T1/C2/",
        "slack:T1/C 2",
        "github:acme",
        "github:acme/app#0",
        "irc:x",
        "shell:",
    ] {
        assert!(wrong.parse::<Place>().is_err(), "{wrong}");
    }
}

#[test]
fn issues_are_found_in_text() {
    let here: Repository = "acme/apollo".parse().unwrap();
    let table = [
        ("see acme/zeus#3.", "acme/zeus#3"),
        ("#12 and #13", "acme/apollo#12 acme/apollo#13"),
        ("(#12), again #12!", "acme/apollo#12"),
        (
            "https://github.com/Acme/Zeus/issues/7#issuecomment-1",
            "acme/zeus#7",
        ),
        ("[x](https://github.com/acme/zeus/pull/8)", "acme/zeus#8"),
        ("#apollo #12a c#12", ""),
        ("#0 # ##", ""),
        ("who is on **#12**?", "acme/apollo#12"),
    ];
    for (text, expected) in table {
        let found: Vec<String> = issue_refs(text, Some(&here))
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(found.join(" "), expected, "{text}");
    }
    assert_eq!(issue_refs("#12", None), []);
}

#[test]
fn slugs_are_short_names() {
    for (name, slug) in [
        ("Apollo", "apollo"),
        ("Apollo  Web!", "apollo-web"),
        ("Über-App 2", "über-app-2"),
        ("!!!", ""),
    ] {
        assert_eq!(slugify(name), slug);
    }
}

#[test]
fn text_is_made_fit_for_the_database() {
    assert_eq!(clean("a\0b\r\nc\rd"), "a\u{FFFD}b\nc\nd");
    assert!(has_words("привет") && has_words("7") && !has_words("👍🏽 …"));
    assert!(same_text("a \nb\n", " a\nb") && !same_text("a", "b"));
    assert_eq!(shorten("👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦", 2), "👩‍👩‍👧‍👦…");
}

#[test]
fn the_word_that_stops_stands_alone() {
    use super::says_stop;
    for text in ["stop", "Stop!", "  STOP. ", "stop…", "stop ?"] {
        assert!(says_stop(text), "{text:?}");
    }
    for text in [
        "",
        "!",
        "stop it",
        "don't stop",
        "stopp",
        "s t o p",
        "/stop",
        "`stop`",
    ] {
        assert!(!says_stop(text), "{text:?}");
    }
}

#[test]
fn signs_that_stop() {
    use super::Sign;
    for name in ["octagonal_sign", "🛑", "⏹️", "⏹", "black_square_for_stop"] {
        assert_eq!(Sign::read(name), Some(Sign::Stop), "{name}");
    }
    for name in ["", "eyes", "octagonal_sign::skin-tone-2", "🚫", "x"] {
        assert_eq!(Sign::read(name), None, "{name}");
    }
}
