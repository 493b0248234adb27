use std::sync::{Arc, Mutex};

use proptest::prelude::*;

use super::*;

#[test]
fn scrub_masks_what_looks_like_a_secret() {
    let pat = format!("github_pat_11ABC_{}", "x".repeat(60));
    let ghp = format!("ghp_{}", "Ab1".repeat(12));
    let cases = [
        ("token xoxb-12-34-AbCd was refused", "token xoxb-*** was refused"),
        ("(xapp-1-A0-77-ff)", "(xapp-***)"),
        ("xoxp-1,xoxa-2,xoxe-3", "xoxp-***,xoxa-***,xoxe-***"),
        ("xoxe.xoxp-1-abc", "xoxe.xoxp-***"),
        ("?t%3Dxoxb-1-2", "?t%3Dxoxb-***"),
        (
            &format!("https://{ghp}@github.com/a"),
            "https://ghp_***@github.com/a",
        ),
        (&format!("a%3D{ghp}"), "a%3Dghp_***"),
        (
            "gho_abc ghs_abc ghu_abc ghr_abc",
            "gho_*** ghs_*** ghu_*** ghr_***",
        ),
        (&format!("with {pat}."), "with github_pat_***."),
        (
            "Incorrect API key: sk-proj-abcDEF123456.",
            "Incorrect API key: sk-***.",
        ),
        ("Authorization: Bearer abc.def-1", "Authorization: Bearer ***"),
        ("authorization: bearer eyJ.x.y\"", "authorization: bearer ***\""),
        ("Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic ***"),
        ("postgres://ana:hunter2@db/app", "postgres://ana:***@db/app"),
        (
            "\"postgresql://ana:p@ss/w:1@db:5432/app\" failed",
            "\"postgresql://ana:***@db:5432/app\" failed",
        ),
        ("https://u:p@host:80/x", "https://u:***@host:80/x"),
        (
            "wss://wss.slack.com/link/?ticket=a-b&app_id=c",
            "wss://wss.slack.com/link/?ticket=***&app_id=c",
        ),
        ("{\"bot_token=s3\"}", "{\"bot_token=***\"}"),
        (
            "https://hooks.slack.com/services/T1/B1/zzz",
            "https://hooks.slack.com/services/***",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(scrub(text), expected, "{text}");
        assert_eq!(
            scrub(expected),
            expected,
            "masking twice changes nothing: {expected}"
        );
    }
}

#[test]
fn scrub_leaves_ordinary_text_alone() {
    let cases = [
        "",
        "a bot token begins with xoxb- and an app token with xapp-…",
        "task-0198c7f0-1111-7222-8333-444455556666 and disk-usage-report",
        "the highs_and_lows of ask-anything",
        "http://127.0.0.1:8080/a@b",
        "http://127.0.0.1:8080 refused ana@example.com",
        "slack:T1/C2/1700000000.000100 github:acme/app#12",
        "a basic idea, max_tokens=60000",
        "sqlite://data/callsheet.db",
        "größer → kleiner ://:@",
    ];
    for text in cases {
        assert_eq!(scrub(text), text);
    }
}

proptest! {
    #[test]
    fn scrub_never_lets_a_token_through(before in "\\PC{0,12}", body in "[A-Za-z0-9]{40}", after in "\\PC{0,12}") {
        for prefix in ["xoxb-", "xapp-", "ghp_", "github_pat_"] {
            let clean = scrub(&format!("{before}{prefix}{body}{after}"));
            prop_assert!(!clean.contains(&body), "{clean}");
        }
    }
}

#[test]
fn an_error_id_is_eight_characters_of_base_32() {
    let cases = [
        (u128::MAX, "zzzzzzzz"),
        (0, "00000000"),
        (0x0102_0304_0500_0000_0000_0000_0000_0000, "04106105"),
    ];
    for (bits, expected) in cases {
        assert_eq!(ErrorId::from_uuid(Uuid::from_u128(bits)).to_string(), expected);
    }
    let random = ErrorId::from_uuid(Uuid::new_v4());
    assert_eq!(random.as_str().len(), 8);
    assert_ne!(random, ErrorId::from_uuid(Uuid::new_v4()));
}

#[test]
fn a_filter_falls_back_when_empty_and_is_checked() {
    assert_eq!(filter(None, "warn").unwrap().to_string(), "warn");
    assert_eq!(filter(Some(" "), "warn").unwrap().to_string(), "warn");
    assert_eq!(filter(Some("debug"), "warn").unwrap().to_string(), "debug");
    assert!(filter(None, DEFAULT_FILTER).is_ok());
    let error = filter(Some("info,sqlx=loud"), "warn").unwrap_err().to_string();
    assert!(error.starts_with("CALLSHEET_LOG: "), "{error}");
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn logged(format: Format, work: impl FnOnce()) -> String {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = subscriber(format, EnvFilter::new("info"), move || writer.clone());
    tracing::subscriber::with_default(subscriber, work);
    String::from_utf8(lines.0.lock().unwrap().clone()).unwrap()
}

#[derive(Debug, thiserror::Error)]
#[error("saving failed")]
struct Outer(#[source] Middle);

#[derive(Debug, thiserror::Error)]
#[error("cannot reach postgres://ana:hunter2@db/app")]
struct Middle(#[source] io::Error);

#[test]
fn report_logs_the_whole_chain_once_without_secrets() {
    let error = Outer(Middle(io::Error::other("refused xoxb-1-2-secret")));
    for format in [Format::Text, Format::Json] {
        let mut id = None;
        let text = logged(format, || {
            id = Some(report(&error, "saving the answer for xapp-1-secret"))
        });
        let id = id.unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        for part in [
            "ERROR",
            id.as_str(),
            "saving the answer for xapp-***",
            "saving failed: cannot reach postgres://ana:***@db/app: refused xoxb-***",
        ] {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
        assert!(!text.contains("secret") && !text.contains("hunter2"), "{text}");
    }
}

#[test]
fn every_line_is_scrubbed_and_json_stays_json() {
    let text = logged(Format::Json, || {
        tracing::info!(
            header = "Bearer abc\"def",
            url = "postgres://a:b\\c\nd@e",
            "with xoxb-1"
        );
        tracing::debug!("filtered out");
    });
    let line: serde_json::Value = serde_json::from_str(text.trim()).unwrap();
    assert_eq!(line["fields"]["message"], "with xoxb-***");
    assert_eq!(line["fields"]["url"], "postgres://a:***@e");
    assert!(
        line["fields"]["header"]
            .as_str()
            .unwrap()
            .starts_with("Bearer ***")
    );
}

#[test]
fn a_cause_that_is_already_told_is_not_told_twice() {
    #[derive(Debug, thiserror::Error)]
    #[error("outer: {0}")]
    struct Telling(#[source] io::Error);
    assert_eq!(chain(&Telling(io::Error::other("inner"))), "outer: inner");
}
