//! The rules as a table: every action against every kind of person.

use super::{Action, Facts, judge};
use crate::domain::Platform;
use crate::store::people::Permission;

const ACTIONS: [Action; 13] = [
    Action::ListProjects,
    Action::ReadProject,
    Action::SearchMessages,
    Action::CreateProject,
    Action::UpdateProject,
    Action::SetRepository,
    Action::BindPlace,
    Action::PostMessage,
    Action::ManageSchedules,
    Action::CreateIssue,
    Action::CommentOnIssue,
    Action::UpdateIssue,
    Action::StopRun,
];

fn nobody(platform: Platform) -> Facts {
    Facts {
        platform,
        place_is_bound: false,
        workspace_is_bound: false,
        is_owner: false,
        is_asker: false,
        at_repository: false,
        permission: Permission::None,
        has_repository: true,
    }
}

fn allowed(facts: &Facts) -> String {
    ACTIONS
        .iter()
        .map(|action| if judge(*action, facts).is_ok() { '+' } else { '.' })
        .collect()
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table, which is best read as a whole")]
fn every_action_against_every_kind_of_person() {
    let slack = nobody(Platform::Slack);
    let github = nobody(Platform::GitHub);
    let at_issue = Facts {
        at_repository: true,
        ..github
    };
    // In the order of ACTIONS:      list read search create update repo bind post schedule issue comment change stop
    let table = [
        ("shell", nobody(Platform::Shell), "+++++++++++++"),
        ("chat, strange place", slack, "+..+........."),
        (
            "chat, same workspace",
            Facts {
                workspace_is_bound: true,
                ..slack
            },
            "++.+.........",
        ),
        (
            "chat, bound place",
            Facts {
                place_is_bound: true,
                workspace_is_bound: true,
                ..slack
            },
            "+++++++++++++",
        ),
        (
            "chat, owner elsewhere",
            Facts {
                is_owner: true,
                ..slack
            },
            "+++++.+++++++",
        ),
        (
            "chat, asker elsewhere",
            Facts {
                is_asker: true,
                ..slack
            },
            "+..+........+",
        ),
        (
            "issue, asker",
            Facts {
                is_asker: true,
                ..at_issue
            },
            "++..........+",
        ),
        ("issue, stranger", at_issue, "++..........."),
        (
            "issue, reader",
            Facts {
                permission: Permission::Read,
                ..at_issue
            },
            "++...........",
        ),
        (
            "issue, writer",
            Facts {
                permission: Permission::Write,
                ..at_issue
            },
            "+++++++++++++",
        ),
        (
            "issue, admin",
            Facts {
                permission: Permission::Admin,
                ..at_issue
            },
            "+++++++++++++",
        ),
        ("other repository's issue", github, "+............"),
        (
            "issue, owner without permission",
            Facts {
                is_owner: true,
                place_is_bound: true,
                ..at_issue
            },
            "++...........",
        ),
    ];
    for (who, facts, expected) in table {
        assert_eq!(allowed(&facts), expected, "{who}");
    }
}

#[test]
fn a_refusal_names_what_is_missing_and_who_grants_it() {
    let refusal = judge(Action::UpdateIssue, &nobody(Platform::GitHub)).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "You may not change this issue: on GitHub that takes write permission to the repository. Ask a maintainer of \
         the repository to do it, or to give you write access."
    );
}
