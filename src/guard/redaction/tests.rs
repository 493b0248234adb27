//! What is masked, and that nothing else changes.

use proptest::prelude::*;
use secrecy::SecretString;

use super::Redaction;
use crate::config::Config;
use crate::domain::{Change, Effect, IssueChange, NewIssue};

fn of(secrets: &[&str]) -> Redaction {
    Redaction::new(secrets.iter().map(|secret| SecretString::from(*secret)))
}

#[test]
fn secrets_are_masked_and_words_are_not() {
    let redaction = of(&["hush-hush_1", "hush-hush_1-and-more", "short"]);
    let table = [
        ("It is hush-hush_1.", "It is ***."),
        ("hush-hush_1hush-hush_1", "******"),
        ("hush-hush_1-and-more", "***"),
        ("`hush-hush\\_1` and hush-**hush**_1", "`***` and ***"),
        ("hush\u{200b}-hush_1", "***"),
        (
            "[x](https://evil.example/?q=hush-hush_1)",
            "[x](https://evil.example/?q=***)",
        ),
        ("hush-hush_2 and short stay", "hush-hush_2 and short stay"),
        ("ghp_abcdefghij0123456789", "ghp_***"),
        ("xoxb-1234567890-abcdefghijkl", "xoxb-***"),
        (
            "Authorization: Bearer abcdefghij0123456789",
            "Authorization: Bearer ***",
        ),
        ("postgres://bot:hidden@db/x", "postgres://bot:***@db/x"),
        ("a bearer of bad news", "a bearer of bad news"),
        (
            "set token=yours, then password=… and ticket=PROJ-12",
            "set token=yours, then password=… and ticket=PROJ-12",
        ),
        ("sk-learn-and-scikit", "sk-learn-and-scikit"),
        ("https://example.org:8080/a@b", "https://example.org:8080/a@b"),
    ];
    for (text, expected) in table {
        assert_eq!(redaction.mask(text), expected, "{text}");
    }
}

#[test]
fn effects_are_masked_where_they_write() {
    let redaction = of(&["hush-hush_1"]);
    let said = || "say hush-hush_1".to_owned();
    let new = NewIssue {
        repository: "acme/apollo".parse().unwrap_or_else(|_| unreachable!()),
        title: said(),
        body: said(),
        labels: vec![said()],
        assignees: vec!["cy".to_owned()],
    };
    let Effect::CreateIssue(new) = redaction.mask_effect(Effect::CreateIssue(new)) else {
        unreachable!()
    };
    assert_eq!((new.title.as_str(), new.body.as_str()), ("say ***", "say ***"));
    assert_eq!(new.labels, ["say ***"]);
    let change = IssueChange {
        title: Some(Change {
            from: said(),
            to: said(),
        }),
        body: Some(Change {
            from: said(),
            to: said(),
        }),
        add_labels: vec![said()],
        remove_labels: vec![said()],
        ..IssueChange::default()
    };
    let issue = crate::domain::IssueRef {
        repository: new.repository,
        number: 12,
    };
    let Effect::UpdateIssue { change, .. } = redaction.mask_effect(Effect::UpdateIssue { issue, change })
    else {
        unreachable!()
    };
    // What stands there now is compared with, and must fit.
    assert_eq!(
        change.title,
        Some(Change {
            from: said(),
            to: "say ***".to_owned()
        })
    );
    assert_eq!(
        change.body,
        Some(Change {
            from: said(),
            to: "say ***".to_owned()
        })
    );
    assert_eq!(
        (change.add_labels, change.remove_labels),
        (vec!["say ***".to_owned()], vec![said()])
    );
}

#[test]
fn every_secret_of_a_configuration_is_known() {
    let line = "MIIEpAIBAAKCAQEAnotarealkeybutlongenoughtobealine";
    let pem = format!("-----BEGIN RSA PRIVATE KEY-----\n{line}\n-----END RSA PRIVATE KEY-----");
    let settings = [
        ("DATABASE__URL", "postgres://bot:database-secret@db/callsheet"),
        ("SLACK__BOT_TOKEN", "xoxb-slack-secret"),
        ("SLACK__APP_TOKEN", "xapp-slack-secret"),
        ("DISCORD__BOT_TOKEN", "discord-secret"),
        ("GITHUB__TOKEN", "github-secret"),
        ("GITHUB__WEBHOOK_SECRET", "webhook-secret"),
        ("MODEL__BASE_URL", "http://127.0.0.1:1/v1"),
        ("MODEL__API_KEY", "model-secret"),
        ("MODEL__NAME", "any"),
    ];
    let env = settings.map(|(key, value)| (format!("CALLSHEET__{key}"), value.to_owned()));
    let redaction = match Config::load(None, env.into_iter()) {
        Ok(config) => Redaction::of(&config),
        Err(error) => unreachable!("{error}"),
    };
    for secret in [
        "database-secret",
        "discord-secret",
        "github-secret",
        "webhook-secret",
        "model-secret",
    ] {
        assert_eq!(redaction.mask(&format!("a {secret} b")), "a *** b");
    }
    for token in ["xoxb-slack-secret", "xapp-slack-secret"] {
        assert_eq!(redaction.mask(token), "***");
    }
    let key = Redaction::new(super::key(&pem));
    assert_eq!(key.mask(&format!("it is {line}!")), "it is ***!");
    assert_eq!(key.mask(&pem), "***");
}

proptest! {
    #[test]
    fn text_without_secrets_is_unchanged(text in "[a-zA-Z0-9 .,;:_*`~\\\\/@#<>()\n=-]{0,200}|\\PC{0,100}") {
        // A password in an address is a secret by its looks.
        prop_assume!(!text.contains("://"));
        let redaction = of(&["hush-hush-secret-1", "another \\* secret"]);
        prop_assume!(!text.contains("hush") && !text.contains("another"));
        prop_assert_eq!(redaction.mask(&text), text);
    }
}
