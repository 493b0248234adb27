//! The words said to a model: Markdown templates under `prompts/`, rendered strictly, so that the model never sees a raw
//! placeholder and a missing value is an error.

use std::sync::LazyLock;

use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;

/// The templates, checked by a test.
static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    #[expect(
        clippy::expect_used,
        reason = "the templates are compiled in, and a test renders each"
    )]
    environment
        .add_template("system", include_str!("../../prompts/system.md"))
        .expect("prompts/system.md parses");
    environment
});

/// What the standing instructions are filled with.
#[derive(Debug, Serialize)]
pub(super) struct System<'a> {
    /// The day and weekday.
    pub(super) today: String,
    /// The person's name.
    pub(super) asker: &'a str,
    /// Slack, Discord, GitHub or the shell.
    pub(super) platform: String,
    /// The place's address.
    pub(super) place: String,
    /// The project of the place.
    pub(super) project: Option<ProjectFacts<'a>>,
}

/// A project, for the standing instructions.
#[derive(Debug, Serialize)]
pub(super) struct ProjectFacts<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// Its status in words.
    pub(super) status: &'static str,
    /// Its repository, or "none".
    pub(super) repository: String,
}

/// The standing instructions.
///
/// # Errors
/// When the template asks for something that is not there.
pub(super) fn system(values: &System<'_>) -> Result<String, minijinja::Error> {
    TEMPLATES.get_template("system")?.render(values)
}
