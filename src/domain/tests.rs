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

#[test]
fn money_is_read_and_written_exactly() {
    let table = [
        ("0", Some((0, "0.00"))),
        ("2.5", Some((2_500_000, "2.50"))),
        ("0.15", Some((150_000, "0.15"))),
        ("0.000001", Some((1, "0.000001"))),
        ("12.345", Some((12_345_000, "12.345"))),
        ("1000000000", Some((1_000_000_000_000_000, "1000000000.00"))),
        ("1000000001", None),
        ("99999999999999999999", None),
        ("0.0000001", None),
        ("-1", None),
        ("+1", None),
        ("1.", None),
        (".5", None),
        ("1,50", None),
        ("1e3", None),
        ("ten", None),
        ("", None),
    ];
    for (text, expected) in table {
        let read = text.parse::<Money>().ok();
        let shown = read.map(|money| (money.0, money.to_string()));
        let expected = expected.map(|(micro, shown)| (micro, shown.to_owned()));
        assert_eq!(shown, expected, "{text:?}");
    }
    assert_eq!(Money(-1_500_000).to_string(), "-1.50");
}

#[test]
fn a_price_is_for_a_million() {
    let table = [
        ("0.15", 1_000_000, 150_000),
        ("0.15", 1, 1),
        ("0.15", 0, 0),
        ("2.50", 1_234, 3_085),
        ("0", 1_000, 0),
        ("1000000000", u64::MAX, i64::MAX),
    ];
    for (price, count, cost) in table {
        let price: Money = price.parse().unwrap();
        assert_eq!(price.for_millionths(count), Money(cost), "{price} for {count}");
    }
    assert_eq!(Money(i64::MAX).plus(Money(1)), Money(i64::MAX));
}

#[test]
fn an_account_has_one_form() {
    for text in [
        "slack:T0123/U0456",
        "slack:T1/B1",
        "slack:E1/W9",
        "discord:discord/110",
        "github:github.com/49699333",
        "github:git.corp:8443/7",
    ] {
        assert_eq!(text.parse::<AccountKey>().unwrap().to_string(), text);
    }
    for text in [
        "",
        "U0456",
        "slack:U0456",
        "slack:T1/@build-bot",
        "slack:t1/u1",
        "slack:U1/T1",
        "slack:T1/U1/2",
        "discord:110",
        "discord:G1/110",
        "discord:discord/build",
        "github:dependabot[bot]",
        "github:github.com/dependabot[bot]",
        "github:/7",
        "shell:/operator",
        " slack:T1/U1",
    ] {
        assert_eq!(text.parse::<AccountKey>(), Err(AccountError), "{text:?}");
    }
}

#[test]
fn links_to_messages() {
    let link = |text: &str| MessageLink::parse(text);
    let slack = MessageLink::Slack {
        channel: "C0123".to_owned(),
        ts: "1712345678.901200".to_owned(),
    };
    let discord = MessageLink::Discord {
        channel: "2".to_owned(),
        message: "3".to_owned(),
    };
    let issue = |comment: Option<&str>| MessageLink::Issue {
        issue: issue_refs("acme/apollo#12", None)[0].clone(),
        comment: comment.map(str::to_owned),
    };
    for (text, wanted) in [
        (
            "https://acme.slack.com/archives/C0123/p1712345678901200",
            Some(&slack),
        ),
        (
            "<https://acme.slack.com/archives/C0123/p1712345678901200?thread_ts=1.2&cid=C0123|here>",
            Some(&slack),
        ),
        ("https://discord.com/channels/1/2/3", Some(&discord)),
        ("https://ptb.discord.com/channels/@me/2/3", Some(&discord)),
        ("https://acme.slack.com/archives/C0123/1712345678901200", None),
        ("https://acme.slack.com/archives/C0123/p901200", None),
        ("https://notslack.com/archives/C0123/p1712345678901200", None),
        ("https://evildiscord.com/channels/1/2/3", None),
        ("https://discord.com/channels/1/2", None),
        ("why", None),
        ("", None),
    ] {
        assert_eq!(link(text).as_ref(), wanted, "{text}");
    }
    for (text, comment) in [
        ("https://github.com/acme/apollo/issues/12", None),
        (
            "https://github.com/acme/apollo/issues/12#issuecomment-7",
            Some("7"),
        ),
        (
            "<https://github.com/acme/apollo/pull/12#issuecomment-7>",
            Some("7"),
        ),
        ("https://github.com/acme/apollo/issues/12#issuecomment-x", None),
        ("acme/apollo#12", None),
    ] {
        assert_eq!(link(text), Some(issue(comment)), "{text}");
    }
    let at = |place: &str| slack.is_at(&place.parse().unwrap());
    assert!(at("slack:T1/C0123") && at("slack:T1/C0123/1.2") && !at("slack:T1/C9"));
    assert!(discord.is_at(&"discord:1/9/2".parse().unwrap()));
    assert!(!discord.is_at(&"slack:T1/2".parse().unwrap()));
}

#[test]
fn a_name_is_found_as_words_of_its_own() {
    let table = [
        (("the projects are Apollo (apollo)", "Apollo"), true),
        (("it could be ZEUS-two, or none", "zeus"), true),
        (("acme/zeus is gone", "Zeus"), true),
        (("the Web Shop is slow", "web shop"), true),
        (("Zeus", "zeus"), true),
        (("zeusless, and Bezeus", "Zeus"), false),
        (("what will happen to it", "app"), false),
        (("nothing", ""), false),
        (("the Straße, and an Ü", "straße"), true),
    ];
    for ((text, name), expected) in table {
        assert_eq!(names(text, name), expected, "{text} {name}");
    }
}
