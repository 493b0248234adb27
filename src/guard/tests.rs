//! The rules as a table: every action against every kind of person, on every surface.

use super::{Action, Facts, GateFacts, judge};
use crate::domain::{Platform, Role};
use crate::store::people::Permission;

const ACTIONS: [Action; 23] = [
    Action::ListProjects,
    Action::ReadProject,
    Action::ReadInside,
    Action::SearchMessages,
    Action::CreateProject,
    Action::UpdateProject,
    Action::SetRepository,
    Action::BindPlace,
    Action::UnbindPlace,
    Action::PostMessage,
    Action::ManageSchedules,
    Action::CreateIssue,
    Action::CommentOnIssue,
    Action::UpdateIssue,
    Action::StopRun,
    Action::ReadRun,
    Action::AnswerGate,
    Action::GrantRole,
    Action::GrantHighRole,
    Action::SetPolicy,
    Action::LinkAccount,
    Action::SwitchTopic,
    Action::ReadNames,
];

/// Fails to compile when an action is missing above.
const fn is_listed(action: Action) -> bool {
    match action {
        Action::ListProjects
        | Action::ReadProject
        | Action::ReadInside
        | Action::SearchMessages
        | Action::CreateProject
        | Action::UpdateProject
        | Action::SetRepository
        | Action::BindPlace
        | Action::UnbindPlace
        | Action::PostMessage
        | Action::ManageSchedules
        | Action::CreateIssue
        | Action::CommentOnIssue
        | Action::UpdateIssue
        | Action::StopRun
        | Action::ReadRun
        | Action::AnswerGate
        | Action::GrantRole
        | Action::GrantHighRole
        | Action::SetPolicy
        | Action::LinkAccount
        | Action::SwitchTopic
        | Action::ReadNames => true,
    }
}

fn gate() -> GateFacts {
    GateFacts {
        role: Role::Member,
        named: None,
        not_requester: false,
        is_requester: false,
        own: None,
        linked_only: false,
        is_linked: false,
    }
}

fn nobody(platform: Platform) -> Facts {
    Facts {
        platform,
        role: None,
        workspace_is_bound: false,
        is_asker: false,
        at_repository: false,
        permission: Permission::None,
        has_repository: true,
        gate: Some(gate()),
    }
}

fn allowed(facts: &Facts) -> String {
    ACTIONS
        .iter()
        .map(|action| if judge(*action, facts).is_ok() { '+' } else { '.' })
        .collect()
}

#[test]
fn every_action_by_every_role_on_every_surface() {
    assert!(ACTIONS.into_iter().all(is_listed));
    // In the order of ACTIONS: list read inside search create update repo bind unbind post schedule issue comment change stop why answer grant
    // grant-high policy link topic names. On every surface the role decides, but for making a project, which chats may and GitHub may not.
    let table = [
        (None, "+...+...............++.", "+...................+.."),
        (
            Some(Role::Viewer),
            "+++.+...............++.",
            "+++.................+..",
        ),
        (
            Some(Role::Member),
            "++++++...++++++++...++.",
            "++++.+...++++++++...++.",
        ),
        (
            Some(Role::Maintainer),
            "++++++++++++++++++..++.",
            "++++.+++++++++++++..++.",
        ),
        (
            Some(Role::Owner),
            "+++++++++++++++++++++++",
            "+++++++++++++++++++++++",
        ),
    ];
    for (role, in_chat, on_github) in table {
        for platform in [
            Platform::Slack,
            Platform::Discord,
            Platform::Shell,
            Platform::GitHub,
        ] {
            let facts = Facts {
                role,
                ..nobody(platform)
            };
            let expected = if platform == Platform::GitHub {
                on_github
            } else {
                in_chat
            };
            assert_eq!(allowed(&facts), expected, "{role:?} on {platform}");
        }
    }
}

#[test]
fn what_else_counts() {
    let slack = nobody(Platform::Slack);
    let at_issue = Facts {
        at_repository: true,
        ..nobody(Platform::GitHub)
    };
    let writer = Facts {
        permission: Permission::Write,
        role: Some(Role::Member),
        ..at_issue
    };
    let table = [
        (
            "chat, same workspace",
            Facts {
                workspace_is_bound: true,
                ..slack
            },
            "+++.+...............++.",
        ),
        (
            "chat, asker",
            Facts {
                is_asker: true,
                ..slack
            },
            "+...+.........++....++.",
        ),
        ("issue, stranger", at_issue, "++..................+.."),
        (
            "issue, asker",
            Facts {
                is_asker: true,
                ..at_issue
            },
            "++............++....+..",
        ),
        (
            "issue, reader",
            Facts {
                permission: Permission::Read,
                ..at_issue
            },
            "++..................+..",
        ),
        ("issue, writer", writer, "+++++++..++++++++...++."),
        (
            "chat, writer elsewhere",
            Facts {
                permission: Permission::Write,
                ..slack
            },
            "+...+.+.............++.",
        ),
    ];
    for (who, facts, expected) in table {
        assert_eq!(allowed(&facts), expected, "{who}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table, which is best read as a whole")]
fn who_may_answer() {
    let member = |gate: GateFacts| Facts {
        role: Some(Role::Member),
        gate: Some(gate),
        ..nobody(Platform::Slack)
    };
    let refusal = |gate| match judge(Action::AnswerGate, &member(gate)) {
        Ok(()) => "may".to_owned(),
        Err(refusal) => refusal.why,
    };
    let requester = GateFacts {
        is_requester: true,
        ..gate()
    };
    let two = GateFacts {
        linked_only: true,
        ..gate()
    };
    for (facts, expected) in [
        (gate(), "may"),
        (
            GateFacts {
                role: Role::Owner,
                own: Some(true),
                ..gate()
            },
            "may",
        ),
        (requester, "may"),
        (
            GateFacts {
                not_requester: true,
                ..requester
            },
            "you asked for it yourself, and this project wants somebody else to decide",
        ),
        (
            two,
            "this takes another person than whoever asked or agreed before, so only those count whose accounts are proved to be one person's",
        ),
        (
            GateFacts {
                is_linked: true,
                ..two
            },
            "may",
        ),
        (
            GateFacts {
                role: Role::Maintainer,
                ..gate()
            },
            "that takes a maintainer of the project, and you are a member",
        ),
        (
            GateFacts {
                named: Some(false),
                ..gate()
            },
            "only the people that the project names may answer it",
        ),
        (
            GateFacts {
                named: Some(true),
                role: Role::Owner,
                ..gate()
            },
            "may",
        ),
    ] {
        assert_eq!(refusal(facts), expected);
    }
    let nothing = Facts {
        gate: None,
        role: Some(Role::Owner),
        ..nobody(Platform::Shell)
    };
    assert!(judge(Action::AnswerGate, &nothing).is_err());
}

#[test]
fn a_refusal_names_what_is_missing_and_who_grants_it() {
    let refusal = |action, facts: &Facts| judge(action, facts).unwrap_err().to_string();
    let github = nobody(Platform::GitHub);
    assert_eq!(
        refusal(Action::UpdateIssue, &github),
        "You may not change this issue: on GitHub that takes write permission to the repository. Ask a maintainer of \
         the repository to do it, or to give you write access."
    );
    let viewer = Facts {
        role: Some(Role::Viewer),
        ..nobody(Platform::Slack)
    };
    assert_eq!(
        refusal(Action::UpdateIssue, &viewer),
        "You may not change this issue: that takes a member of the project, and you are a viewer. Have a maintainer of the \
         project make you one with `role grant`."
    );
    assert_eq!(
        refusal(Action::BindPlace, &viewer),
        "You may not bind a place to this project: that takes a maintainer of the project, and you are a viewer. Ask an owner \
         of the project; `role list` names them."
    );
}
