//! What a person reads when the configuration cannot be used. No value of a text key is ever repeated here:
//! a secret pasted into the wrong key must not reach a terminal or a log.

/// One thing that is wrong with the configuration, and the way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key concerned, such as `slack.app_token`, or the path of a configuration file that cannot be read.
    pub key: String,
    /// What is wrong with it, without a closing full stop.
    pub what: String,
    /// What to do about it, as full sentences.
    pub fix: String,
}

/// Everything that is wrong with the configuration, found in one pass. Displays as one line a problem.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", lines(.problems))]
pub struct ConfigError {
    problems: Vec<Problem>,
}

impl ConfigError {
    pub(super) fn new(problems: Vec<Problem>) -> Self {
        Self { problems }
    }

    /// The problems in the order in which they were found; never empty.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

fn lines(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems
        .iter()
        .map(|p| format!("{}: {}. {}", p.key, p.what, p.fix))
        .collect();
    lines.join("\n")
}
