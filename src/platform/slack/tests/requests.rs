//! Requests: whose they are, and what they say.

use chrono::{DateTime, Utc};
use secrecy::SecretString;

use super::super::request::{Door, Rejected, Said, read, verify};

/// The example of <https://docs.slack.dev/authentication/verifying-requests-from-slack>.
const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
const MOMENT: &str = "1531420618";
const SIGNATURE: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
const BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V\
    &channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=\
    &response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN\
    &trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_531_420_618 + seconds, 0).unwrap()
}

fn checked(moment: Option<&str>, signature: Option<&str>, body: &str, now: i64) -> Result<String, Rejected> {
    verify(
        &SecretString::from(SECRET),
        moment,
        signature,
        body.as_bytes(),
        at(now),
    )
}

#[test]
fn the_documented_example_is_right_for_five_minutes() {
    let key = format!("slack:request:{}", &SIGNATURE[3..]);
    for now in [-300, 0, 300] {
        assert_eq!(checked(Some(MOMENT), Some(SIGNATURE), BODY, now), Ok(key.clone()));
    }
    for now in [-301, 301, 1_000_000] {
        assert_eq!(
            checked(Some(MOMENT), Some(SIGNATURE), BODY, now),
            Err(Rejected::Stale)
        );
    }
    // Capitals make no other request of it.
    let capitals = format!("v0={}", SIGNATURE[3..].to_uppercase());
    assert_eq!(checked(Some(MOMENT), Some(&capitals), BODY, 0), Ok(key));
}

#[test]
fn anything_else_is_rejected() {
    use Rejected::{Malformed, Missing, Wrong};
    const T: &str = "X-Slack-Request-Timestamp";
    const S: &str = "X-Slack-Signature";
    let long = format!("{SIGNATURE}00");
    let other = format!("{}0", &SIGNATURE[..66]);
    for (moment, signature, body, why) in [
        (None, Some(SIGNATURE), BODY, Missing(T)),
        (Some(MOMENT), None, BODY, Missing(S)),
        (Some(""), Some(SIGNATURE), BODY, Malformed(T)),
        (Some(" 1531420618"), Some(SIGNATURE), BODY, Malformed(T)),
        (Some("+1531420618"), Some(SIGNATURE), BODY, Malformed(T)),
        (Some("-9223372036854775808"), Some(SIGNATURE), BODY, Malformed(T)),
        (Some("99999999999999999999"), Some(SIGNATURE), BODY, Malformed(T)),
        (Some(MOMENT), Some(""), BODY, Malformed(S)),
        (Some(MOMENT), Some("v0="), BODY, Malformed(S)),
        (Some(MOMENT), Some(&SIGNATURE[3..]), BODY, Malformed(S)),
        (Some(MOMENT), Some(&SIGNATURE[..65]), BODY, Malformed(S)),
        (Some(MOMENT), Some("v0=é"), BODY, Malformed(S)),
        (Some(MOMENT), Some(&long), BODY, Malformed(S)),
        (Some(MOMENT), Some(&other), BODY, Wrong),
        (Some("1531420619"), Some(SIGNATURE), BODY, Wrong),
        (Some("01531420618"), Some(SIGNATURE), BODY, Wrong),
        (Some(MOMENT), Some(SIGNATURE), "", Wrong),
        (Some(MOMENT), Some(SIGNATURE), &BODY[1..], Wrong),
    ] {
        assert_eq!(
            checked(moment, signature, body, 0),
            Err(why),
            "{moment:?} {signature:?}"
        );
    }
    let secret = SecretString::from("another");
    let verdict = verify(&secret, Some(MOMENT), Some(SIGNATURE), BODY.as_bytes(), at(0));
    assert_eq!(verdict, Err(Wrong));
}

#[test]
fn what_requests_say() {
    let word = |door, body: &str| match read(door, body.as_bytes()) {
        Ok(Said::Challenge(word)) => format!("challenge {word}"),
        Ok(Said::Nothing) => "nothing".to_owned(),
        Ok(Said::Told(told)) if told.is_held_back() => "held back".to_owned(),
        Ok(Said::Told(_)) => "told".to_owned(),
        Err(odd) => odd.to_string(),
    };
    for (door, body, said) in [
        (
            Door::Events,
            r#"{"type":"url_verification","challenge":"abc"}"#,
            "challenge abc",
        ),
        (
            Door::Events,
            r#"{"type":"url_verification"}"#,
            "the challenge is missing",
        ),
        (Door::Events, r#"{"type":"event_callback"}"#, "told"),
        (Door::Events, r#"{"type":"app_rate_limited"}"#, "held back"),
        // Half a character loses no event.
        (
            Door::Events,
            r#"{"type":"event_callback","text":"\ud83d"}"#,
            "told",
        ),
        (Door::Events, "[]", "the body is not a JSON object"),
        (Door::Events, "payload=%7B%7D", "the body is not a JSON object"),
        (Door::Commands, BODY, "told"),
        (Door::Commands, "ssl_check=1&token=x", "nothing"),
        (Door::Commands, "ssl_check=0&command=%2Fpm", "told"),
        (Door::Commands, "type=app_rate_limited", "told"),
        (
            Door::Interactions,
            "payload=%7B%22type%22%3A%22block_actions%22%7D",
            "told",
        ),
        (Door::Interactions, "ssl_check=1", "nothing"),
        (
            Door::Interactions,
            "payload=7",
            "the field payload is not a JSON object",
        ),
        (
            Door::Interactions,
            r#"{"type":"block_actions"}"#,
            "the form has no field called payload",
        ),
    ] {
        assert_eq!(word(door, body), said, "{door:?} {body}");
    }
    assert!(read(Door::Events, b"{\"a\":\"\xff\"}").is_err());
}
