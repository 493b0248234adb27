//! The same grammar on an issue, on Discord and at the shell, and for those who may not.

use callsheet::domain::{Gated, Policy};
use serde_json::json;

use super::commands::{all_given, no_model, writes};
use super::schedules::asked;
use crate::support::database::Kind;
use crate::support::world::World;
use crate::{sees, stories};

stories![
    an_issue_is_changed_where_one_speaks,
    a_stranger_changes_nothing,
    discords_options_are_typed,
    discord_completes_projects_and_questions,
    the_shell_takes_the_same_commands,
];

async fn an_issue_is_changed_where_one_speaks(kind: Kind) {
    let world = World::apollo(kind).await;
    let cy = world.github.user("cy");
    for line in [
        "@pm issue label bug",
        "@pm issue comment “It works!”",
        "@pm issue close",
        "@pm issue show",
        "@pm whoami",
    ] {
        cy.comments("acme/apollo", 12, line);
        world.quiet().await;
    }
    sees!(world.issue_talk("acme/apollo", 12).replace('\u{200b}', "⟨⟩"), @"
    cy: @pm issue label bug
    pm-bot: Changed acme/apollo#12 (https://github.com/acme/apollo/issues/12): labelled bug.
    cy: @pm issue comment “It works!”
    pm-bot: It works!
    pm-bot: Posted to acme/apollo#12 (https://github.com/acme/apollo/issues/12#issuecomment-5000000010).
    cy: @pm issue close
    pm-bot: Changed acme/apollo#12 (https://github.com/acme/apollo/issues/12): closed.
    cy: @pm issue show
    pm-bot: [acme/apollo#12](https://github.com/acme/apollo/issues/12) **Login fails** is closed, issue by eve. Labels: bug.
        
        > It says 500.
        
        cy wrote:
        
        > @⟨⟩pm issue label bug
        
        pm-bot wrote:
        
        > Changed acme/apollo#12 (https://github.com/acme/apollo/issues/12): labelled bug.
        
        cy wrote:
        
        > @⟨⟩pm issue comment “It works!”
        
        pm-bot wrote:
        
        > It works!
        
        pm-bot wrote:
        
        > Posted to acme/apollo#12 (https://github.com/acme/apollo/issues/12#issuecomment-5000000010).
        
        cy wrote:
        
        > @⟨⟩pm issue close
        
        pm-bot wrote:
        
        > Changed acme/apollo#12 (https://github.com/acme/apollo/issues/12): closed.
        
        cy wrote:
        
        > @⟨⟩pm issue show
    cy: @pm whoami
    pm-bot: You speak with:
        
        - cy on GitHub (`github:github.com/1004`)
        
        No other account is linked; `link` shows how.
        
        In **Apollo** you are a member: member, since GitHub says you may write to its repository.
    ");
    no_model(&world);
    world.finish().await;
}

#[expect(clippy::too_many_lines, reason = "most of it is what people see")]
async fn a_stranger_changes_nothing(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    world.slack.channel("#random");
    world.discord.channel("#random");
    let before = writes(&world);
    let lines = [
        "issue close acme/apollo#12",
        "issue new Spam --project apollo",
        "issue comment acme/apollo#12 Spam",
        "issue label acme/apollo#12 spam",
        "issue assign acme/apollo#12 eve",
        "project set apollo --status done",
        "project archive apollo",
        "project bind apollo",
        "project new Spy --repository acme/secret",
        "issue list --project apollo",
        "issue show acme/apollo#12",
        "pr list --project apollo",
        "search login --project apollo",
    ];
    sees!(all_given(&world, "eve", "#random", &lines).await, @"
    /pm issue close acme/apollo#12
    You may not change this issue: this place is not bound to the project. Ask in a channel that is bound to it, or have a maintainer of the project bind this one.

    /pm issue new Spam --project apollo
    You may not open an issue there: this place is not bound to the project. Ask in a channel that is bound to it, or have a maintainer of the project bind this one.

    /pm issue comment acme/apollo#12 Spam
    You may not comment on this issue: this place is not bound to the project. Ask in a channel that is bound to it, or have a maintainer of the project bind this one.

    /pm issue label acme/apollo#12 spam
    You may not change this issue: this place is not bound to the project. Ask in a channel that is bound to it, or have a maintainer of the project bind this one.

    /pm issue assign acme/apollo#12 eve
    You may not change this issue: this place is not bound to the project. Ask in a channel that is bound to it, or have a maintainer of the project bind this one.

    /pm project set apollo --status done
    You may not change this project: this place is not bound to the project. Ask in a channel that is bound to it, or have a maintainer of the project bind this one.

    /pm project archive apollo
    You may not change this project: this place is not bound to the project. Ask in a channel that is bound to it, or have a maintainer of the project bind this one.

    /pm project bind apollo
    You may not bind a place to this project: that takes a maintainer of the project, and you are none here. Ask an owner of the project; `role list` names them.

    /pm project new Spy --repository acme/secret
    You may not choose this repository for a project: members of a project may change issues in its repository, so a chat cannot choose one. Have somebody with write access ask me on an issue of that repository, or whoever runs Callsheet use `callsheet ask`.

    /pm issue list --project apollo
    3 issues of acme/apollo, those that changed last first:

    • <https://github.com/acme/apollo/issues/14|#14> Slow start · assigned to cy
    • <https://github.com/acme/apollo/issues/13|#13> Dark mode · feature
    • <https://github.com/acme/apollo/issues/12|#12> Login fails

    /pm issue show acme/apollo#12
    <https://github.com/acme/apollo/issues/12|acme/apollo#12> *Login fails* is open, issue by eve.

    > It says 500.

    /pm pr list --project apollo
    There are no open pull requests in acme/apollo.

    /pm search login --project apollo
    1 issue or pull request with “login”:

    • <https://github.com/acme/apollo/issues/12|#12> Login fails · open

    You may not search this project's messages: this place is not bound to the project. Ask in a channel that is bound to it, or have a maintainer of the project bind this one.
    ");
    let eve = world.discord.user("eve");
    eve.slash("#random", "issue close", &[("issue", "acme/apollo#12")]);
    world.quiet().await;
    sees!(world.discord_talk("#random"), @"
    pm: > **eve**: /pm issue close acme/apollo#12
        
        You may not change this issue: this place is not bound to the project. Ask in a channel that is bound to it, or have a maintainer of the project bind this one.
    ");
    world
        .github
        .user("dan")
        .comments("acme/apollo", 12, "@pm issue close");
    world.quiet().await;
    sees!(world.issue_talk("acme/apollo", 12), @"
    dan: @pm issue close
    pm-bot: You may not change this issue: on GitHub that takes write permission to the repository. Ask a maintainer of the repository to do it, or to give you write access.
    ");
    // The one call is the answer on the issue.
    assert_eq!(writes(&world) - before, 1);
    assert_eq!(world.github.get_issue("acme/apollo", 12).state, "open");
    no_model(&world);
    world.finish().await;
}

async fn discords_options_are_typed(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    let ana = world.discord.user("ana");
    let before = writes(&world);
    let picks: [(&str, &[(&str, &str)]); 6] = [
        ("project show", &[("project", "apollo")]),
        ("issue list", &[("state", "all"), ("page", "1")]),
        (
            "issue label",
            &[
                ("issue", "#12"),
                ("labels", "good first issue"),
                ("remove", "false"),
            ],
        ),
        ("issue close", &[("issue", "#12"), ("not_planned", "true")]),
        ("issue close", &[]),
        ("ask", &[("text", "isue list")]),
    ];
    for (command, options) in picks {
        ana.slash("#apollo", command, options);
        world.quiet().await;
    }
    sees!(world.discord_talk("#apollo"), @r#"
    pm: > **ana**: /pm project show apollo
        
        **Apollo**: active, [acme/apollo](https://github.com/acme/apollo) (`apollo`)
        
        - Owner: nobody; who owns this Callsheet owns every project
        - Places: #apollo, #apollo
        - Last changed: 22 Nov 2026, 09:00 UTC
    pm: > **ana**: /pm issue list --state all --page 1
        
        3 issues of acme/apollo, those that changed last first:
        
        - [#14](https://github.com/acme/apollo/issues/14) Slow start · assigned to cy
        - [#13](https://github.com/acme/apollo/issues/13) Dark mode · feature
        - [#12](https://github.com/acme/apollo/issues/12) Login fails
    pm: > **ana**: /pm issue label #12 "good first issue"
        
        Changed acme/apollo#12 (https://github.com/acme/apollo/issues/12): labelled good first issue.
    pm: > **ana**: /pm issue close #12 --not-planned
        
        Changed acme/apollo#12 (https://github.com/acme/apollo/issues/12): closed as not planned.
    pm: > **ana**: /pm issue close
        
        I do not know which issue you mean: you named none, and this is not an issue. Name it, like #12 or owner/repo#12.
    pm: > **ana**: /pm isue list
        
        I have no command `isue`: the nearest is `issue`. `/pm help` lists them all.
    "#);
    assert_eq!(writes(&world) - before, 2);
    no_model(&world);
    world.finish().await;
}

async fn discord_completes_projects_and_questions(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    world.add_project("Zeus", None, None).await;
    let ana = world.discord.user("ana");
    let careful = Policy {
        gates: Gated::AllWrites,
        ..Policy::default()
    };
    world.ask_about("apollo", careful).await;
    let choices = async |who: &str, place: &str, command: &str, option: &str, so_far: &str| {
        let asked = world.discord.user(who).completes(place, command, option, so_far);
        world
            .now("the completion", |world| {
                world.discord.answer(&asked).answered.is_some()
            })
            .await;
        let answer = world.discord.answer(&asked);
        assert_eq!(answer.answered, Some(8));
        answer.data["choices"].clone()
    };
    let apollo = json!([{ "name": "Apollo", "value": "apollo" }]);
    assert_eq!(choices("ana", "#apollo", "status", "project", "").await, apollo);
    assert_eq!(
        choices("ana", "#apollo", "issue new", "project", "APO").await,
        apollo
    );
    assert_eq!(
        choices("ana", "#apollo", "status", "project", "zeu").await,
        json!([])
    );
    ana.slash("#apollo", "issue close", &[("issue", "#12")]);
    world.quiet().await;
    let question = json!([{ "name": "1: Change acme/apollo#12: - close it", "value": 1 }]);
    assert_eq!(choices("ana", "#apollo", "approve", "gate", "").await, question);
    assert_eq!(choices("ana", "#apollo", "reject", "gate", "1").await, question);
    assert_eq!(choices("ana", "#apollo", "reject", "gate", "2").await, json!([]));
    let reason = "not yet, please: \"soon\"";
    ana.slash("#apollo", "reject", &[("gate", "1"), ("reason", reason)]);
    world.quiet().await;
    sees!(world.discord_talk("#apollo"), @r#"
    pm [edited]: > **ana**: /pm issue close #12
        
        I did not do this. Question 1: **Rejected** by ana: “not yet, please: "soon"” (22 Nov 2026, 09:00 UTC).
    pm [edited]: **Question 1**, asked for by **ana**
        
        Change acme/apollo#12:
        
        - close it
        
        **Rejected** by ana: “not yet, please: "soon"” (22 Nov 2026, 09:00 UTC).
    pm: > **ana**: /pm reject 1 "not yet, please: \\"soon\\""
        
        Question 1: **Rejected** by ana: “not yet, please: "soon"” (22 Nov 2026, 09:00 UTC).
    "#);
    assert_eq!(world.github.get_issue("acme/apollo", 12).state, "open");
    no_model(&world);
    world.finish().await;
}

async fn the_shell_takes_the_same_commands(kind: Kind) {
    let world = World::new(kind).await;
    world.prepare_apollo().await;
    world.slack.channel("#beta");
    let folder = tempfile::tempdir().unwrap();
    let mut seen = Vec::new();
    for line in [
        "/pm project new Beta --repository acme/apollo",
        "/pm project bind beta",
        "/pm project bind beta --place slack:T1/CBETA --role viewer",
        "/pm project unbind --place slack:T1/CBETA",
        "/pm issue list --project beta --state all",
        "/pm issue close acme/apollo#12",
        "/pm stauts",
        "stauts apollo",
        "/pm help issue close",
    ] {
        seen.push(format!("$ {line}\n{}", asked(&world, folder.path(), line).await));
    }
    sees!(seen.join("\n"), @"
    $ /pm project new Beta --repository acme/apollo
    exit 0
    Created Beta: active, acme/apollo (https://github.com/acme/apollo).
    $ /pm project bind beta
    exit 1
    I could not bind this place: issues belong to their repository's projects, and the shell to everything. Bind a chat channel instead.
    $ /pm project bind beta --place slack:T1/CBETA --role viewer
    exit 0
    #beta is now bound to Beta: whoever speaks there is a viewer of it.
    $ /pm project unbind --place slack:T1/CBETA
    exit 0
    #beta is not bound to Beta any more.
    $ /pm issue list --project beta --state all
    exit 0
    3 issues of acme/apollo, those that changed last first:

    - #14 (https://github.com/acme/apollo/issues/14) Slow start · assigned to cy
    - #13 (https://github.com/acme/apollo/issues/13) Dark mode · feature
    - #12 (https://github.com/acme/apollo/issues/12) Login fails
    $ /pm issue close acme/apollo#12
    exit 0
    Changed acme/apollo#12 (https://github.com/acme/apollo/issues/12): closed.
    $ /pm stauts
    exit 1
    I have no command stauts: the nearest is status. /pm help lists them all.
    $ stauts apollo
    exit 1
    I have no command stauts: the nearest is status. /pm help lists them all.
    $ /pm help issue close
    exit 0
    /pm issue close [issue] [--not-planned]: Close an issue.

    - issue: Like #12 or owner/name#12; left out for the one of this place.
    - --not-planned: As not planned, rather than done.

    For example: /pm issue close #12 --not-planned
    ");
    assert_eq!(world.github.get_issue("acme/apollo", 12).state, "closed");
    world.finish().await;
}
