use chrono::{DateTime, TimeDelta, TimeZone, Utc};

use super::super::answer::Answer;
use super::super::errors::{GitHubError, check};
use crate::engine::sender::Outcome;

fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 22, 9, 0, 0).unwrap()
}

fn answer(status: u16, body: &str) -> Answer {
    Answer {
        status,
        body: body.to_owned(),
        ..Answer::default()
    }
}

fn message(status: u16, message: &str) -> Answer {
    answer(status, &serde_json::json!({ "message": message }).to_string())
}

fn error(answer: &Answer) -> GitHubError {
    check(answer, now()).expect_err("the answer is a refusal")
}

#[test]
fn successes_are_no_errors() {
    for status in [200, 201, 202, 204] {
        assert_eq!(check(&answer(status, ""), now()), Ok(()));
    }
}

#[test]
fn a_status_says_what_happened() {
    let forbidden = |words: &str| GitHubError::Forbidden(words.into());
    let cases = [
        (message(301, "Moved Permanently"), GitHubError::Moved),
        (message(307, "Temporary Redirect"), GitHubError::Moved),
        (message(401, "Bad credentials"), GitHubError::Unauthorized),
        (
            message(403, "Must have admin rights to Repository."),
            forbidden("Must have admin rights to Repository"),
        ),
        (
            message(403, "Unable to create comment because issue is locked."),
            GitHubError::Locked,
        ),
        (
            message(403, "Repository was archived so is read-only."),
            GitHubError::Archived,
        ),
        (answer(403, "<html>no</html>"), forbidden("status 403")),
        (message(404, "Not Found"), GitHubError::NotFound),
        (
            message(410, "This issue was deleted"),
            GitHubError::Gone("This issue was deleted".into()),
        ),
        (
            message(422, "Validation\n Failed"),
            GitHubError::Invalid("Validation Failed".into()),
        ),
        (message(451, "Unavailable"), forbidden("Unavailable")),
        (
            answer(500, ""),
            GitHubError::Lost("GitHub answered with status 500".into()),
        ),
        (
            answer(502, "<html>Bad Gateway</html>"),
            GitHubError::Lost("GitHub answered with status 502".into()),
        ),
        (answer(100, ""), GitHubError::Strange("status 100".into())),
    ];
    for (answer, expected) in cases {
        assert_eq!(error(&answer), expected, "{answer:?}");
    }
}

#[test]
fn the_fields_of_a_refusal_are_named() {
    let body = serde_json::json!({ "message": "Validation Failed", "errors": [
        { "resource": "Issue", "field": "assignees", "code": "invalid", "value": "bob" },
        { "resource": "Issue", "field": "title", "code": "missing_field" },
        { "resource": "Issue", "code": "custom", "field": "body", "message": "body is too long" },
        { "resource": "Label", "code": "missing" },
        "plain words", 7, null,
    ] });
    let words = "Validation Failed: \"bob\" is not possible for assignees; title is missing; body is too long; \
                 Label does not exist; plain words";
    assert_eq!(
        error(&answer(422, &body.to_string())),
        GitHubError::Invalid(words.into())
    );
}

#[test]
fn rate_limits_say_when_to_try_again() {
    let text = |text: &str| Some(text.to_owned());
    let reset = (now() + TimeDelta::seconds(90)).timestamp().to_string();
    let secondary =
        "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
    let with =
        |answer: Answer, retry_after: Option<&str>, remaining: Option<&str>, reset: Option<&str>| Answer {
            retry_after: retry_after.and_then(text),
            remaining: remaining.and_then(text),
            reset: reset.and_then(text),
            ..answer
        };
    let cases = [
        (with(message(429, ""), Some("7"), None, None), 7),
        (with(message(403, ""), Some("7"), Some("0"), Some(&reset)), 7),
        (with(message(403, ""), Some("0"), None, None), 0),
        (
            with(
                message(403, "API rate limit exceeded"),
                None,
                Some("0"),
                Some(&reset),
            ),
            90,
        ),
        // The window's end says nothing while there is something left in it.
        (
            with(message(403, secondary), None, Some("4000"), Some(&reset)),
            60,
        ),
        (with(message(403, secondary), None, None, None), 60),
        (
            with(
                message(403, "You have triggered an abuse detection mechanism."),
                None,
                None,
                None,
            ),
            60,
        ),
        (with(message(429, ""), None, None, None), 60),
        (with(message(429, ""), Some("soon"), None, None), 60),
        (with(message(429, ""), None, Some("0"), Some("5")), 60),
        (with(message(429, ""), Some("99999999999999999"), None, None), 60),
        (with(message(429, ""), Some("-3"), None, None), 0),
    ];
    for (answer, seconds) in cases {
        let retry_at = now() + TimeDelta::seconds(seconds);
        assert_eq!(
            error(&answer),
            GitHubError::RateLimited { retry_at },
            "{answer:?}"
        );
        for wrote in [true, false] {
            let outcome = error(&answer).outcome(wrote);
            assert!(
                matches!(outcome, Outcome::NotSent { retry_at: Some(at), .. } if at == retry_at),
                "{answer:?}"
            );
        }
    }
}

#[test]
fn only_a_lost_write_is_in_doubt() {
    let lost = GitHubError::Lost("reset".into());
    assert!(matches!(lost.outcome(true), Outcome::Unknown(_)));
    assert!(matches!(
        lost.outcome(false),
        Outcome::NotSent { retry_at: None, .. }
    ));
    let strange = GitHubError::Strange("status 100".into());
    assert!(matches!(strange.outcome(true), Outcome::Unknown(_)));
    assert!(matches!(
        strange.outcome(false),
        Outcome::NotSent { retry_at: None, .. }
    ));
    let unreachable = GitHubError::Unreachable("refused".into());
    assert!(matches!(
        unreachable.outcome(true),
        Outcome::NotSent { retry_at: None, .. }
    ));
    for status in [301, 400, 401, 403, 404, 409, 410, 422, 451] {
        let outcome = error(&message(status, "no")).outcome(true);
        assert!(matches!(outcome, Outcome::Refused(_)), "{status}: {outcome:?}");
    }
}

#[test]
fn people_read_three_sentences() {
    let said = GitHubError::Locked
        .explain("comment on acme/apollo#12")
        .to_string();
    assert_eq!(
        said,
        "I could not comment on acme/apollo#12: the conversation is locked. Unlock it and ask again."
    );
    let other = GitHubError::OtherHost {
        ours: "github.com".into(),
        theirs: "ghe.corp".into(),
    };
    insta::assert_snapshot!(
        other.explain("read ghe.corp/acme/apollo#12"),
        @"I could not read ghe.corp/acme/apollo#12: it is on ghe.corp, and I am set up for github.com only. Use a repository there, or have github.api_url changed."
    );
    assert_eq!(
        GitHubError::Locked.outcome(true),
        Outcome::Refused("the conversation is locked. Unlock it and ask again".into())
    );
}
