//! Every tool, called with good and with bad arguments.

use callsheet::domain::Role;
use serde_json::{Value, json};

use crate::support::database::Kind;
use crate::support::model::any_fence;
use crate::support::world::World;
use crate::{sees, stories};

stories![
    project_tools_do_what_they_say,
    project_tools_refuse_bad_arguments,
    message_tools_do_what_they_say,
    message_tools_refuse_bad_arguments,
    issue_tools_do_what_they_say,
    issue_tools_refuse_bad_arguments,
    a_long_result_says_what_was_cut,
];

/// Lets the model call tools one after another in #apollo; what it is told of each.
pub(crate) async fn results(world: &World, calls: Vec<(&str, Value)>) -> String {
    let count = calls.len();
    let before = world.model.requests().len();
    world.model.calls_tools(calls.clone()).says("Done.");
    world
        .slack
        .user("ana")
        .says("#apollo", "@pm go on with Apollo and Zeus Web");
    world.quiet().await;
    let news = world.slack.news("#apollo");
    assert!(news.iter().any(|said| said == "Done."), "{news:?}");
    let requests = world.model.requests();
    let messages = requests[before + 1]["messages"].as_array().unwrap();
    let told = messages[messages.len() - count..]
        .iter()
        .map(|message| any_fence(message["content"].as_str().unwrap()));
    calls
        .iter()
        .zip(told)
        .map(|((name, _), text)| format!("{name}: {text}"))
        .collect::<Vec<_>>()
        .join("\n---\n")
}

async fn project_tools_do_what_they_say(kind: Kind) {
    let world = World::apollo(kind).await;
    world.grant("ana", "apollo", Role::Maintainer).await;
    let told = results(
        &world,
        vec![
            (
                "create_project",
                json!({"name": "Zeus Web", "description": "The site.", "status": "planned"}),
            ),
            ("list_projects", json!({})),
            (
                "update_project",
                json!({"project": "zeus web", "status": "on_hold", "name": "Zeus"}),
            ),
            ("get_project", json!({"project": "Zeus"})),
            ("bind_place", json!({"project": "Apollo"})),
            ("project_status", json!({})),
        ],
    )
    .await;
    sees!(told, @"
    create_project: Created **Zeus Web**: planned, no repository.
    ---
    list_projects: - **Apollo**: active, [acme/apollo](https://github.com/acme/apollo)
    - **Zeus Web**: planned, no repository
    ---
    update_project: Changed **Zeus**: renamed from “Zeus Web”; status is now on hold.
    ---
    get_project: **Zeus**: on hold, no repository (`zeus`)

    The site.

    - Owner: ana
    - Places: none
    - Last changed: 22 Nov 2026, 09:00 UTC
    ---
    bind_place: #apollo is now bound to **Apollo**: whoever speaks there is a member of it.
    ---
    project_status: **Apollo**: active, [acme/apollo](https://github.com/acme/apollo).

    3 issues and 0 pull requests are open. Changed last:

    - [#14](https://github.com/acme/apollo/issues/14) [the title of #14 by octocat is left out: no rights here, and I have read another project] · assigned to cy
    - [#13](https://github.com/acme/apollo/issues/13) [the title of #13 by octocat is left out: no rights here, and I have read another project] · feature
    - [#12](https://github.com/acme/apollo/issues/12) [the title of #12 by eve is left out: no rights here, and I have read another project]

    In the last 7 days: 3 opened.

    Project last changed 22 Nov 2026, 09:00 UTC.
    ");
    world.finish().await;
}

async fn project_tools_refuse_bad_arguments(kind: Kind) {
    let world = World::apollo(kind).await;
    world
        .add_project("Apollo Web", None, Some(("#web", &world.slack.channel("#web"))))
        .await;
    world
        .add_project("Solo", None, Some(("#solo", &world.slack.channel("#solo"))))
        .await;
    let told = results(
        &world,
        vec![
            ("list_projects", json!({"all": true})),
            ("get_project", json!({"project": "Hermes"})),
            ("project_status", json!({"project": ["web"]})),
        ],
    )
    .await;
    sees!(told, @"
    list_projects: The arguments of list_projects could not be used: unknown field `all`, there are no fields at line 1 column 6. Call the tool again with arguments that fit its schema.
    ---
    get_project: I do not know a project “Hermes”: the projects you may see here are Apollo (apollo), Apollo Web (apollo-web), Solo (solo). Check the name, or ask me to create the project.
    ---
    project_status: The arguments of project_status could not be used: invalid type: sequence, expected a string at line 1 column 11. Call the tool again with arguments that fit its schema.
    ");
    let told = results(
        &world,
        vec![
            ("create_project", json!({"name": "Apollo"})),
            ("update_project", json!({"project": "Sol", "status": "done"})),
            (
                "update_project",
                json!({"project": "Apollo", "status": "sleeping"}),
            ),
            ("bind_place", json!({"project": "Apollo", "place": "the moon"})),
            ("list_projects", Value::Null),
        ],
    )
    .await;
    sees!(told, @"
    create_project: I could not create the project Apollo: there is one with this name already. Choose another name, or ask for its status.
    ---
    update_project: I changed nothing, since I know no project “Sol”: the only one like it is Solo. Ask again with its whole name if you mean Solo.
    ---
    update_project: The arguments of update_project could not be used: unknown variant `sleeping`, expected one of `planned`, `active`, `on_hold`, `done`, `archived` at line 1 column 39. Call the tool again with arguments that fit its schema.
    ---
    bind_place: I do not know which place you mean by “the moon”: `the moon` is not a place; places look like slack:T1/C2, discord:G1/C2, github:acme/app#12 or shell:name. Ask in the channel itself instead.
    ---
    list_projects: - **Apollo**: active, [acme/apollo](https://github.com/acme/apollo)
    - **Apollo Web**: active, no repository
    - **Solo**: active, no repository
    ");
    let told = results(&world, vec![("create_project", json!({"name": "!!!"}))]).await;
    sees!(told, @"create_project: I could not use this project name: a name needs letters or digits, and no characters that turn the direction of writing. Choose another name.");
    world.finish().await;
}

async fn message_tools_do_what_they_say(kind: Kind) {
    let world = World::apollo(kind).await;
    world
        .slack
        .user("ben")
        .says("#apollo", "The login page is broken since Tuesday");
    world.quiet().await;
    let told = results(
        &world,
        vec![
            ("search_messages", json!({"words": "login tuesday"})),
            ("search_messages", json!({"words": "unicorn"})),
            (
                "post_message",
                json!({"place": "#apollo", "text": "**Heads up**: @channel the login is broken."}),
            ),
        ],
    )
    .await;
    sees!(told, @"
    search_messages: 1 found for “login tuesday”, newest first:

    - ben, 22 Nov 2026, 09:00 UTC: The login page is broken since Tuesday
    ---
    search_messages: Nobody said “unicorn” at the places of this project.
    ---
    post_message: Posted to #apollo.
    ");
    sees!(world.talk("#apollo"), @"
    ben: The login page is broken since Tuesday
    ana: <@UPM> go on with Apollo and Zeus Web
      pm: Done.
    pm: *Heads up*: @⟨⟩channel the login is broken.
    ");
    world.finish().await;
}

async fn message_tools_refuse_bad_arguments(kind: Kind) {
    let world = World::apollo(kind).await;
    world.slack.channel("#random");
    let told = results(
        &world,
        vec![
            ("search_messages", json!({"words": "?!"})),
            ("post_message", json!({"place": "#random", "text": "hi"})),
            ("post_message", json!({"place": "#apollo", "text": "  "})),
        ],
    )
    .await;
    sees!(told, @"
    search_messages: I could not search: there are no words to look for. Name some.
    ---
    post_message: I cannot post to #random: I only post to places that are bound to a project, and this one is not. Have a maintainer of the project bind it: in that channel, say “bind this channel to …”.
    ---
    post_message: I could not post this: the text is empty. Change the text.
    ");
    let told = results(
        &world,
        vec![(
            "post_message",
            json!({"place": "#apollo", "text": "x".repeat(12_001)}),
        )],
    )
    .await;
    sees!(told, @"post_message: I could not post this: it has 12001 characters, and I post at most 12000. Change the text.");
    world.finish().await;
}

/// Nobody is a stranger.
fn all_may_write(world: &World) {
    for login in ["eve", "octocat"] {
        world.github.user(login).may("write", "acme/apollo");
    }
}

async fn issue_tools_do_what_they_say(kind: Kind) {
    let world = World::apollo(kind).await;
    all_may_write(&world);
    world
        .github
        .user("eve")
        .comments("acme/apollo", 12, "Since Tuesday. <!-- hidden -->");
    world.github.repo("acme/apollo").label("bug");
    let told = results(
        &world,
        vec![
            ("list_issues", json!({})),
            ("list_issues", json!({"labels": ["feature"], "state": "all", "limit": 5})),
            ("get_issue", json!({"issue": "#12"})),
            ("create_issue", json!({"title": "Logout fails", "body": "Also 500. <!-- x --> @acme/team", "labels": ["bug"], "assignees": ["cy"]})),
            ("comment_on_issue", json!({"issue": "acme/apollo#13", "text": "Noted."})),
            ("update_issue", json!({"issue": "#14", "title": "Slow start-up", "body": "It takes a minute, @eve.", "add_labels": ["bug"], "remove_assignees": ["cy"], "state": "closed"})),
            ("update_issue", json!({"issue": "#14", "state": "open", "remove_labels": ["bug"], "add_assignees": ["cy"]})),
        ],
    )
    .await;
    sees!(told, @"
    list_issues: 3 issues of acme/apollo:

    - [#14](https://github.com/acme/apollo/issues/14) Slow start · assigned to cy
    - [#13](https://github.com/acme/apollo/issues/13) Dark mode · feature
    - [#12](https://github.com/acme/apollo/issues/12) Login fails
    ---
    list_issues: 1 issue of acme/apollo:

    - [#13](https://github.com/acme/apollo/issues/13) Dark mode · feature
    ---
    get_issue: [acme/apollo#12](https://github.com/acme/apollo/issues/12) **Login fails** is open, issue by eve.

    > It says 500.

    eve wrote:

    > Since Tuesday.
    ---
    create_issue: Opened acme/apollo#15 (https://github.com/acme/apollo/issues/15): Logout fails
    ---
    comment_on_issue: Posted to acme/apollo#13 (https://github.com/acme/apollo/issues/13#issuecomment-5000000009).
    ---
    update_issue: Changed acme/apollo#14 (https://github.com/acme/apollo/issues/14): title is now “Slow start-up”; body rewritten; closed; labelled bug; unassigned cy.
    ---
    update_issue: Changed acme/apollo#14 (https://github.com/acme/apollo/issues/14): reopened; label removed: bug; assigned to cy.
    ");
    sees!(world.issue_talk("acme/apollo", 13), @"pm-bot: Noted.");
    let opened = world.github.get_issue("acme/apollo", 15).body.unwrap();
    assert!(
        opened.starts_with("Also 500.") && opened.contains("@\u{200b}acme/team"),
        "{opened}"
    );
    assert!(!opened.contains("<!-- x"), "{opened}");
    let issue = world.github.get_issue("acme/apollo", 14);
    assert_eq!(
        (issue.title.as_str(), issue.state.as_str()),
        ("Slow start-up", "open")
    );
    assert_eq!(issue.body.as_deref(), Some("It takes a minute, @\u{200b}eve."));
    assert_eq!((issue.labels, issue.assignees), (vec![], vec!["cy".to_owned()]));
    world.finish().await;
}

async fn issue_tools_refuse_bad_arguments(kind: Kind) {
    let world = World::apollo(kind).await;
    let told = results(
        &world,
        vec![
            ("list_issues", json!({"repository": "not a repository"})),
            ("get_issue", json!({"issue": "#99"})),
            ("get_issue", json!({})),
        ],
    )
    .await;
    sees!(told, @"
    list_issues: “not a repository” is not a repository: I need an owner and a name. Write it as owner/name, or paste its address.
    ---
    get_issue: I could not read acme/apollo#99: GitHub knows no such thing, or does not show it to my account. Check the name and the number, and that my account may see the repository.
    ---
    get_issue: I do not know which issue you mean: you named none, and this is not an issue. Name it, like #12 or owner/repo#12.
    ");
    let told = results(
        &world,
        vec![
            ("create_issue", json!({"title": "  "})),
            ("comment_on_issue", json!({"issue": "#12", "text": ""})),
            ("update_issue", json!({"issue": "#12"})),
        ],
    )
    .await;
    sees!(told, @"
    create_issue: I could not use this title: it is empty. Give the issue a title.
    ---
    comment_on_issue: I could not comment: the text is empty. Say what to write.
    ---
    update_issue: I could not change acme/apollo#12: nothing to change was named. Say what shall change.
    ");
    let told = results(
        &world,
        vec![
            (
                "update_issue",
                json!({"issue": "#12", "add_assignees": ["nobody-we-know"]}),
            ),
            (
                "create_issue",
                json!({"title": "Long", "body": "x".repeat(70_000)}),
            ),
        ],
    )
    .await;
    sees!(told, @r#"
    update_issue: I could not make a change of acme/apollo#12 (assigned to nobody-we-know): GitHub does not take it (Validation Failed: "nobody-we-know" is not possible for assignees). Change what GitHub names and ask again.
    ---
    create_issue: I could not use this body: it has 70000 characters, and GitHub takes 65280. Shorten it.
    "#);
    assert_eq!(world.github.issues("acme/apollo").len(), 3);
    world.finish().await;
}

async fn a_long_result_says_what_was_cut(kind: Kind) {
    let world = World::apollo(kind).await;
    world
        .github
        .issue("acme/apollo", 15, "Long", &"word ".repeat(6_000));
    let told = results(&world, vec![("get_issue", json!({"issue": "#15"}))]).await;
    assert!(told.len() < 14_000, "{}", told.len());
    sees!(told.lines().last().unwrap(), @"[cut: 18309 of 30309 characters are not shown; ask for less]");
    world.finish().await;
}
