//! Which project a name means; whether an author is asked about.

use chrono::DateTime;

use super::resolve::{Naming, pick};
use super::trust::{Way, way};
use crate::domain::{Project, ProjectId, ProjectStatus, slugify};
use crate::store::people::Permission;

fn projects(names: &[&str]) -> Vec<Project> {
    let project = |name: &&str| Project {
        policy: crate::domain::Policy::default(),
        id: ProjectId::new(),
        slug: slugify(name),
        name: (*name).to_owned(),
        description: String::new(),
        description_by: None,
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

#[test]
fn github_is_asked_about_few_and_only_about_insiders() {
    use Permission::{None as Nothing, Read, Write};
    // Bot, insider, what GitHub said last and whether that is fresh, how many it is asked about already.
    let table = [
        ((false, true, None, 0), Way::Ask),
        ((false, true, None, 19), Way::Ask),
        ((false, true, None, 20), Way::Never),
        ((false, true, Some((Write, true)), 20), Way::Judge),
        ((false, true, Some((Read, true)), 0), Way::Judge),
        ((false, true, Some((Write, false)), 0), Way::Ask),
        ((false, true, Some((Write, false)), 20), Way::Never),
        ((false, false, None, 0), Way::Judge),
        ((false, false, Some((Write, true)), 0), Way::Judge),
        ((false, false, Some((Write, false)), 0), Way::Never),
        ((false, false, Some((Nothing, false)), 0), Way::Judge),
        ((true, true, None, 0), Way::Never),
        ((true, true, Some((Write, true)), 0), Way::Never),
    ];
    for ((bot, insider, known, asked), expected) in table {
        assert_eq!(
            way(bot, insider, known, asked),
            expected,
            "{bot} {insider} {known:?} {asked}"
        );
    }
}
