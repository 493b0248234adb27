//! What was set, key by key, in a form that can be kept: to tell at a later start what has changed.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

/// Every key that was set, with its value as text. Of a secret only four digits of a hash are kept: they show nearly every change,
/// and tell too little to find out a weak secret by trying.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings(BTreeMap<String, String>);

impl Settings {
    pub(super) fn add(&mut self, key: &str, value: &str) {
        self.0.insert(key.to_owned(), value.replace(['\n', '\r'], " "));
    }

    pub(super) fn add_secret(&mut self, key: &str, secret: &str) {
        let mut hasher = Sha256::new();
        for part in ["callsheet setting", key, secret] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        let digest = hex::encode(&hasher.finalize()[..2]);
        self.0.insert(key.to_owned(), format!("(secret {digest})"));
    }

    /// One line for each key: `slack.command = /pm`.
    pub fn lines(&self) -> Vec<String> {
        let line = |(key, value): (&String, &String)| format!("{key}{IS}{value}");
        self.0.iter().map(line).collect()
    }

    /// What [`Settings::lines`] wrote; other lines are left out.
    pub fn parse<'a>(lines: impl IntoIterator<Item = &'a str>) -> Self {
        let pairs = lines.into_iter().filter_map(|line| line.split_once(IS));
        Self(
            pairs
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect(),
        )
    }

    /// The keys that were set, changed or removed since others.
    pub fn changes_since(&self, before: &Self) -> Vec<String> {
        let now = self.0.iter().filter_map(|(key, value)| match before.0.get(key) {
            None => Some(format!("{key} set")),
            Some(old) if old != value => Some(format!("{key} changed")),
            Some(_) => None,
        });
        let gone = before.0.keys().filter(|key| !self.0.contains_key(*key));
        now.chain(gone.map(|key| format!("{key} removed"))).collect()
    }
}

/// What stands between a key and its value.
const IS: &str = " = ";

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(values: &[(&str, &str)], secrets: &[(&str, &str)]) -> Settings {
        let mut settings = Settings::default();
        for (key, value) in values {
            settings.add(key, value);
        }
        for (key, secret) in secrets {
            settings.add_secret(key, secret);
        }
        settings
    }

    #[test]
    fn what_changed_is_told_by_key() {
        let before = settings(&[("a.one", "1"), ("a.two", "2 = two")], &[("a.key", "hush")]);
        let cases: [(Settings, &[&str]); 5] = [
            (before.clone(), &[]),
            (
                settings(&[("a.one", "1"), ("a.two", "2 = two")], &[("a.key", "hush!")]),
                &["a.key changed"],
            ),
            (
                settings(&[("a.one", "9"), ("a.two", "2 = two")], &[("a.key", "hush")]),
                &["a.one changed"],
            ),
            (
                settings(&[("a.three", "3"), ("a.two", "2 = two")], &[]),
                &["a.three set", "a.key removed", "a.one removed"],
            ),
            (
                Settings::default(),
                &["a.key removed", "a.one removed", "a.two removed"],
            ),
        ];
        for (now, changes) in cases {
            assert_eq!(now.changes_since(&before), changes);
        }
        let kept = before.lines();
        assert_eq!(Settings::parse(kept.iter().map(String::as_str)), before);
    }

    #[test]
    fn a_secret_is_not_kept() {
        let kept = settings(&[], &[("slack.bot_token", "xoxb-12")]).lines();
        assert_eq!(kept.len(), 1);
        assert!(kept[0].starts_with("slack.bot_token = (secret "), "{kept:?}");
        assert!(!kept[0].contains("xoxb"), "{kept:?}");
        let one = |key, secret| settings(&[], &[(key, secret)]).lines();
        let digits = |lines: &[String]| lines[0].rsplit(' ').next().map(str::to_owned);
        // Two keys that hold the same secret do not tell so.
        assert_ne!(digits(&one("a.b", "hush")), digits(&one("a.c", "hush")));
        assert_ne!(digits(&one("a.b", "hush")), digits(&one("a.b", "hush hush")));
    }

    #[test]
    fn a_value_of_several_lines_stays_one() {
        let kept = settings(&[("a.b", "one\ntwo = 2")], &[]);
        assert_eq!(Settings::parse(kept.lines().iter().map(String::as_str)), kept);
    }
}
