//! Which project a name means.

use chrono::DateTime;

use super::resolve::{Naming, pick};
use crate::domain::{Project, ProjectId, ProjectStatus, slugify};

fn projects(names: &[&str]) -> Vec<Project> {
    let project = |name: &&str| Project {
        id: ProjectId::new(),
        slug: slugify(name),
        name: (*name).to_owned(),
        description: String::new(),
        status: ProjectStatus::Active,
        repository: None,
        owner: None,
        updated_at: DateTime::UNIX_EPOCH,
    };
    names.iter().map(project).collect()
}

#[test]
fn a_name_means_one_project_or_says_why_not() {
    let all = projects(&["Apollo", "Apollo Web", "Zeus Web", "Hera"]);
    let table = [
        ("apollo", "Apollo"),
        (" APOLLO ", "Apollo"),
        ("apollo-web", "Apollo Web"),
        ("zeus", "Zeus Web"),
        ("her", "Hera"),
        (
            "web",
            "I do not know which project you mean by “web”: it could be Apollo Web (apollo-web), Zeus Web (zeus-web). Ask again with the full name.",
        ),
        (
            "hermes",
            "I do not know a project “hermes”: the projects you may see here are Apollo (apollo), Apollo Web (apollo-web), Zeus Web (zeus-web), Hera (hera). Check the name, or ask me to create the project.",
        ),
    ];
    for (typed, expected) in table {
        let found = match pick(&all, typed, Naming::Close) {
            Ok(project) => project.name.clone(),
            Err(error) => error.to_string(),
        };
        assert_eq!(found, expected);
    }
    // A change must be meant.
    let whole = |typed: &str| match pick(&all, typed, Naming::Whole) {
        Ok(project) => project.name.clone(),
        Err(error) => error.to_string(),
    };
    assert_eq!(whole("zeus web"), "Zeus Web");
    assert_eq!(
        whole("zeus"),
        "I changed nothing, since I know no project “zeus”: the only one like it is Zeus Web. Ask again with its whole name if you mean Zeus Web."
    );
}
