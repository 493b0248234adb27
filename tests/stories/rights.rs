//! Who may do what, as people meet it.

use callsheet::domain::Role;
use serde_json::json;

use crate::support::database::Kind;
use crate::support::github::Fault;
use crate::support::world::World;
use crate::{sees, stories};

stories![
    cy_who_may_write_labels_and_tells_the_channel,
    dan_who_may_not_gets_an_answer_and_no_label,
    a_stranger_channel_may_not_change_the_project,
    a_chat_cannot_choose_a_repository,
    nobody_binds_a_place_from_elsewhere,
    no_two_projects_answer_to_one_name,
    an_outage_elsewhere_breaks_nothing_here,
];

async fn cy_who_may_write_labels_and_tells_the_channel(kind: Kind) {
    let world = World::apollo(kind).await;
    let told = "[acme/apollo#12](https://github.com/acme/apollo/issues/12) is now labelled *bug*.";
    world
        .model
        .calls_tools(vec![
            ("update_issue", json!({"add_labels": ["bug"]})),
            ("post_message", json!({"place": "#apollo", "text": told})),
        ])
        .says("Labelled as bug, and #apollo knows.");
    world
        .github
        .user("cy")
        .comments("acme/apollo", 12, "@pm please label this as bug and tell #apollo");
    world.quiet().await;
    assert_eq!(world.github.get_issue("acme/apollo", 12).labels, ["bug"]);
    sees!(world.issue_talk("acme/apollo", 12), @"
    cy: @pm please label this as bug and tell #apollo
    pm-bot: Labelled as bug, and #apollo knows.
    ");
    sees!(world.talk("#apollo"), @"pm: <https://github.com/acme/apollo/issues/12|acme/apollo#12> is now labelled _bug_.");
    world.finish().await;
}

async fn dan_who_may_not_gets_an_answer_and_no_label(kind: Kind) {
    let world = World::apollo(kind).await;
    world
        .model
        .calls_tools(vec![
            ("update_issue", json!({"add_labels": ["bug"]})),
            ("post_message", json!({"place": "#apollo", "text": "bug!"})),
        ])
        .replies_with(|request| {
            let results: Vec<&str> = request["messages"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|message| message["role"] == "tool")
                .filter_map(|message| message["content"].as_str())
                .collect();
            crate::support::model::Turn::says(&results.join("\n\n"))
        });
    world
        .github
        .user("dan")
        .comments("acme/apollo", 12, "@pm please label this as bug and tell #apollo");
    world.quiet().await;
    assert_eq!(
        world.github.get_issue("acme/apollo", 12).labels,
        Vec::<String>::new()
    );
    sees!(world.issue_talk("acme/apollo", 12), @"
    dan: @pm please label this as bug and tell #apollo
    pm-bot: You may not change this issue: on GitHub that takes write permission to the repository. Ask a maintainer of the repository to do it, or to give you write access.
        
        You may not post to this project's places: on GitHub that takes write permission to the repository. Ask a maintainer of the repository to do it, or to give you write access.
    ");
    assert_eq!(world.talk("#apollo"), "");
    world.finish().await;
}

async fn a_stranger_channel_may_not_change_the_project(kind: Kind) {
    let world = World::apollo(kind).await;
    world.slack.channel("#random");
    world
        .model
        .calls_tool("update_project", json!({"project": "Apollo", "status": "done"}))
        .says("I may not.");
    world.slack.user("ben").says("#random", "@pm mark Apollo as done");
    world.quiet().await;
    world.expects("#random", &["I may not."]);
    sees!(world.model.told(), @"You may not change this project: this place is not bound to the project. Ask in a channel that is bound to it, or have a maintainer of the project bind this one.");
    world.finish().await;
}

async fn a_chat_cannot_choose_a_repository(kind: Kind) {
    let world = World::apollo(kind).await;
    world
        .model
        .calls_tool(
            "create_project",
            json!({"name": "Spy", "repository": "acme/secret"}),
        )
        .says("I may not.");
    world
        .slack
        .user("ben")
        .says("#apollo", "@pm create a project Spy in acme/secret");
    world.quiet().await;
    world.expects("#apollo", &["I may not."]);
    sees!(world.model.told(), @"You may not choose this repository for a project: members of a project may change issues in its repository, so a chat cannot choose one. Have somebody with write access ask me on an issue of that repository, or whoever runs Callsheet use `callsheet ask`.");
    world.finish().await;
}

async fn nobody_binds_a_place_from_elsewhere(kind: Kind) {
    let world = World::apollo(kind).await;
    world.grant("ana", "apollo", Role::Maintainer).await;
    let other = world.slack.user("ben").dm_channel();
    let calls = vec![(
        "bind_place",
        json!({"project": "Apollo", "place": format!("slack:T1/{other}")}),
    )];
    world.model.calls_tools(calls).says("I may not.");
    world.slack.user("ana").says("#apollo", "@pm bind Ben's messages");
    world.quiet().await;
    let told = world.model.told();
    assert!(
        told.contains("a place is bound by somebody who speaks there"),
        "{told}"
    );
    world.expects("#apollo", &["I may not."]);
    world.finish().await;
}

async fn no_two_projects_answer_to_one_name(kind: Kind) {
    let world = World::apollo(kind).await;
    world
        .model
        .calls_tools(vec![
            ("create_project", json!({"name": "Beta"})),
            ("update_project", json!({"project": "Apollo", "name": "beta"})),
            ("update_project", json!({"project": "Apollo", "name": "Zeus"})),
            ("create_project", json!({"name": "Apollo"})),
        ])
        .says("Done.");
    world.slack.user("ana").says("#apollo", "@pm go");
    world.quiet().await;
    world.expects("#apollo", &["Done."]);
    sees!(world.model.told(), @"
    Created **Beta**: active, no repository.
    I could not rename the project to beta: there is one with this name already. Choose another name, or ask for its status.
    Changed **Zeus**: renamed from “Apollo”.
    Created **Apollo**: active, no repository.
    ");
    world.finish().await;
}

async fn an_outage_elsewhere_breaks_nothing_here(kind: Kind) {
    let world = World::apollo(kind).await;
    world.github.repo("globex/secret");
    world.add_project("Zeus", Some("globex/secret"), None).await;
    let cy = world.github.user("cy");
    let asked = "/repos/globex/secret/collaborators/cy/permission";
    cy.comments("acme/apollo", 12, "@pm status apollo");
    world.quiet().await;
    assert!(world.issue_talk("acme/apollo", 12).contains("**Apollo**: active"));
    for line in [
        "@pm projects",
        "@pm schedule list",
        "@pm status zeus",
        "@pm status hermes",
    ] {
        // Nothing else asks about it, so that each line meets its own fault.
        world.github.fault("GET", asked, Fault::Status { code: 502 });
        cy.comments("acme/apollo", 12, line);
        world.quiet().await;
    }
    let talk = world.issue_talk("acme/apollo", 12);
    assert!(!talk.contains("globex") && !talk.contains("Zeus"), "{talk}");
    let said: Vec<&str> = talk.split("cy: @pm projects").collect();
    sees!(said[1], @r#"

    pm-bot: - **Apollo**: active, [acme/apollo](https://github.com/acme/apollo)
    cy: @pm schedule list
    pm-bot: There is no schedule that you may see here. To make one: `schedule add apollo "0 9 * * mon-fri" Europe/Berlin`
    cy: @pm status zeus
    pm-bot: I could not check what cy may do: GitHub could not be asked about every project. Ask again in a few minutes; www.githubstatus.com tells how GitHub is.
    cy: @pm status hermes
    pm-bot: I could not check what cy may do: GitHub could not be asked about every project. Ask again in a few minutes; www.githubstatus.com tells how GitHub is.
    "#);
    world.finish().await;
}
