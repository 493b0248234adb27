//! The one grammar, as people meet it in Slack. No model is asked.

use crate::support::database::Kind;
use crate::support::world::World;
use crate::{sees, stories};

stories![
    a_project_is_made_shown_changed_bound_and_put_away,
    a_place_is_bound_and_unbound,
    issues_are_changed_by_one_call_each,
    phones_and_chats_may_change_what_was_typed,
    a_wrong_use_says_what_is_wrong,
    an_unknown_command_names_the_nearest,
];

/// What the bot said to a line that somebody gave in #apollo, without the line itself.
async fn given(world: &World, who: &str, place: &str, line: &str) -> String {
    world.slack.user(who).slash(place, "/pm", line);
    world.quiet().await;
    let said = world.slack.bot_messages(place).pop().unwrap().seen();
    let (_, answer) = said.split_once("\n\n").unwrap_or(("", &said));
    format!("/pm {line}\n{answer}\n").replace('\u{200b}', "⟨⟩")
}

pub(crate) async fn all_given(world: &World, who: &str, place: &str, lines: &[&str]) -> String {
    let mut seen = Vec::new();
    for line in lines {
        seen.push(given(world, who, place, line).await);
    }
    seen.join("\n")
}

/// How many calls have changed something on GitHub.
pub(crate) fn writes(world: &World) -> usize {
    let calls = world.github.calls();
    calls.iter().filter(|call| call.method != "GET").count()
}

pub(crate) fn no_model(world: &World) {
    assert_eq!(world.model.requests().len(), 0);
}

async fn a_project_is_made_shown_changed_bound_and_put_away(kind: Kind) {
    let world = World::apollo(kind).await;
    world.slack.channel("#beta");
    let lines = [
        "project new \"Beta Site\" --description \"The new site.\"",
        "project bind beta-site",
        "project show",
        "project set --status on-hold --name \"Beta Two\"",
        "project set",
        "project set beta --status done",
        "project archive",
        "project",
        "projects",
    ];
    sees!(all_given(&world, "ana", "#beta", &lines).await, @r#"
    /pm project new "Beta Site" --description "The new site."
    Created *Beta Site*: active, no repository.

    /pm project bind beta-site
    #beta is now bound to *Beta Site*: whoever speaks there is a member of it.

    /pm project show
    *Beta Site*: active, no repository (`beta-site`)

    The new site.

    • Owner: ana
    • Places: #beta
    • Last changed: 22 Nov 2026, 09:00 UTC

    /pm project set --status on-hold --name "Beta Two"
    Changed *Beta Two*: renamed from “Beta Site”; status is now on hold.

    /pm project set
    I changed nothing about Beta Two: nothing to change was named. Name it, for example `--status done`; `help project set` tells what there is.

    /pm project set beta --status done
    I changed nothing, since I know no project “beta”: the only one like it is Beta Two. Ask again with its whole name if you mean Beta Two.

    /pm project archive
    Changed *Beta Two*: status is now archived.

    /pm project
    `/pm project new|show|set|bind|unbind|archive`: A project: make it, look at it, change it, or bind this place to it.

    • `/pm project new &lt;name&gt; [--repository …] [--description …]`: Make a project
    • `/pm project show [project]`: All that is known about a project
    • `/pm project set [project] [--name …] [--description …] [--status planned|active|on-hold|done|archived] [--repository …]`: Change a project
    • `/pm project bind [project] [--role viewer|member] [--place …]`: Bind this place to a project, so that whoever speaks here is a member or viewer of it
    • `/pm project unbind [--place …]`: Unbind this place from its project
    • `/pm project archive [project]`: Put a project away

    `/pm help project new` tells more of one.

    /pm projects
    • *Apollo*: active, <https://github.com/acme/apollo|acme/apollo>
    • *Beta Two*: archived, no repository
    "#);
    no_model(&world);
    world.finish().await;
}

async fn a_place_is_bound_and_unbound(kind: Kind) {
    let world = World::apollo(kind).await;
    world.slack.channel("#beta");
    let lines = ["project new Beta", "project bind Beta --role viewer"];
    sees!(all_given(&world, "ana", "#beta", &lines).await, @"
    /pm project new Beta
    Created *Beta*: active, no repository.

    /pm project bind Beta --role viewer
    #beta is now bound to *Beta*: whoever speaks there is a viewer of it.
    ");
    // Whoever else speaks there reads, and no more.
    let lines = ["project show", "project set --status done", "project unbind"];
    sees!(all_given(&world, "ben", "#beta", &lines).await, @"
    /pm project show
    *Beta*: active, no repository (`beta`)

    • Owner: ana
    • Places: #beta
    • Last changed: 22 Nov 2026, 09:00 UTC

    /pm project set --status done
    You may not change this project: that takes a member of the project, and you are a viewer. Have a maintainer of the project make you one with `role grant`.

    /pm project unbind
    You may not unbind a place of this project: that takes a maintainer of the project, and you are a viewer. Ask an owner of the project; `role list` names them.
    ");
    let lines = [
        "project unbind --place slack:T1/CAPOLLO",
        "project bind Beta --place slack:T1/CAPOLLO",
        "project bind Beta --role owner",
        "project unbind",
        "project unbind",
    ];
    sees!(all_given(&world, "ana", "#beta", &lines).await, @"
    /pm project unbind --place slack:T1/CAPOLLO
    I could not unbind this place: a place is unbound by somebody who speaks there. Ask me in that channel.

    /pm project bind Beta --place slack:T1/CAPOLLO
    I could not bind #apollo: a place is bound by somebody who speaks there. Ask me in that channel.

    /pm project bind Beta --role owner
    I could not read this as `project bind`: `--role` cannot be `owner`, only one of viewer, member. It is written like this:

    `/pm project bind [project] [--role viewer|member] [--place …]`: Bind this place to a project, so that whoever speaks here is a member or viewer of it.

    • `project`: The project; left out when there is only one.
    • `--role`: What people become who speak here; a member when left out.
    • `--place`: Another place than this one, like slack:T1/C2; for the shell.

    For example: `/pm project bind apollo --role viewer`.

    /pm project unbind
    #beta is not bound to *Beta* any more.

    /pm project unbind
    I could not unbind this place: it is not bound to a project. Ask me in the channel that you mean; `project show` lists the places of a project.
    ");
    no_model(&world);
    world.finish().await;
}

async fn issues_are_changed_by_one_call_each(kind: Kind) {
    let world = World::apollo(kind).await;
    world.github.user("ben");
    let mut seen = Vec::new();
    for line in [
        "issue new \"Logout fails!\" --body \"It says 404.\" --label bug --assignee cy",
        "issue comment #12 \"It works now.\"",
        "issue label #12 bug \"good first issue\"",
        "issue label 13 feature --remove",
        "issue assign #12 @cy",
        "issue assign #14 cy --remove",
        "issue close #12",
        "issue reopen acme/apollo#12",
        "issue close #13 --not-planned",
    ] {
        let before = writes(&world);
        seen.push(given(&world, "ana", "#apollo", line).await);
        assert_eq!(writes(&world) - before, 1, "{line}");
    }
    // What is so already takes no call.
    let before = writes(&world);
    seen.push(given(&world, "ana", "#apollo", "issue close #13 --not-planned").await);
    assert_eq!(writes(&world), before);
    sees!(seen.join("\n"), @r#"
    /pm issue new "Logout fails!" --body "It says 404." --label bug --assignee cy
    Opened acme/apollo#15 (<https://github.com/acme/apollo/issues/15>): Logout fails!

    /pm issue comment #12 "It works now."
    Posted to acme/apollo#12 (<https://github.com/acme/apollo/issues/12#issuecomment-5000000008>).

    /pm issue label #12 bug "good first issue"
    Changed acme/apollo#12 (<https://github.com/acme/apollo/issues/12>): labelled bug, good first issue.

    /pm issue label 13 feature --remove
    Changed acme/apollo#13 (<https://github.com/acme/apollo/issues/13>): label removed: feature.

    /pm issue assign #12 @cy
    Changed acme/apollo#12 (<https://github.com/acme/apollo/issues/12>): assigned to cy.

    /pm issue assign #14 cy --remove
    Changed acme/apollo#14 (<https://github.com/acme/apollo/issues/14>): unassigned cy.

    /pm issue close #12
    Changed acme/apollo#12 (<https://github.com/acme/apollo/issues/12>): closed.

    /pm issue reopen acme/apollo#12
    Changed acme/apollo#12 (<https://github.com/acme/apollo/issues/12>): reopened.

    /pm issue close #13 --not-planned
    Changed acme/apollo#13 (<https://github.com/acme/apollo/issues/13>): closed as not planned.

    /pm issue close #13 --not-planned
    acme/apollo#13 stays as it is: it is like that already. Nothing needs to be done.
    "#);
    let issue = world.github.get_issue("acme/apollo", 12);
    assert_eq!(issue.labels, ["bug", "good first issue"]);
    assert_eq!(world.github.issues("acme/apollo").len(), 4);
    assert_eq!(
        world.github.comments("acme/apollo", 12)[0].body.lines().next(),
        Some("It works now.")
    );
    no_model(&world);
    world.finish().await;
}

async fn phones_and_chats_may_change_what_was_typed(kind: Kind) {
    let world = World::apollo(kind).await;
    let lines = [
        "issue\u{A0}new “Don’t crash” —label “good first issue”",
        "issue comment #13 „It says no“",
        "issue comment #12 ‘That’s it’",
        "\u{200B}issue label ＃１２ ｂｕｇ",
    ];
    sees!(all_given(&world, "ana", "#apollo", &lines).await, @"
    /pm issue new “Don’t crash” —label “good first issue”
    Opened acme/apollo#15 (<https://github.com/acme/apollo/issues/15>): Don’t crash

    /pm issue comment #13 „It says no“
    Posted to acme/apollo#13 (<https://github.com/acme/apollo/issues/13#issuecomment-5000000008>).

    /pm issue comment #12 ‘That’s it’
    Posted to acme/apollo#12 (<https://github.com/acme/apollo/issues/12#issuecomment-5000000009>).

    /pm ⟨⟩issue label ＃１２ ｂｕｇ
    Changed acme/apollo#12 (<https://github.com/acme/apollo/issues/12>): labelled bug.
    ");
    let said = |number| {
        world.github.comments("acme/apollo", number)[0]
            .body
            .lines()
            .next()
            .map(str::to_owned)
    };
    assert_eq!(
        (said(12).as_deref(), said(13).as_deref()),
        (Some("That’s it"), Some("It says no"))
    );
    let issue = world.github.get_issue("acme/apollo", 15);
    assert_eq!(
        (issue.title.as_str(), issue.labels),
        ("Don’t crash", vec!["good first issue".to_owned()])
    );
    no_model(&world);
    world.finish().await;
}

#[expect(clippy::too_many_lines, reason = "most of it is what people see")]
async fn a_wrong_use_says_what_is_wrong(kind: Kind) {
    let world = World::apollo(kind).await;
    let before = writes(&world);
    let lines = [
        "issue close 12 13",
        "issue close",
        "issue close #99",
        "issue close twelve",
        "issue label #12",
        "issue comment #12",
        "issue assign",
        "issue list --state shut",
        "issue list --page 0",
        "issue list --page",
        "issue list --page 9",
        "issue new",
        "issue new \"Logout fails",
        "issue show #12 --loud",
        "pr show #12",
        "project show zeus",
        "project set --status sleeping",
        "project new",
        "project new Apollo",
        "search",
        "search login --in basement",
        "role grant ana king",
        "policy --gates sometimes",
        "help issue shut",
    ];
    let mut seen = Vec::new();
    for line in lines {
        let said = given(&world, "ana", "#apollo", line).await;
        seen.push(said.lines().take(2).collect::<Vec<_>>().join("\n"));
    }
    sees!(seen.join("\n\n"), @r#"
    /pm issue close 12 13
    I could not read this as `issue close`: I do not know what `13` means there; what has several words is quoted. It is written like this:

    /pm issue close
    I do not know which issue you mean: you named none, and this is not an issue. Name it, like #12 or owner/repo#12.

    /pm issue close #99
    I could not change acme/apollo#99: GitHub knows no such thing, or does not show it to my account. Check the name and the number, and that my account may see the repository.

    /pm issue close twelve
    I do not know which issue you mean by “twelve”: that is not the number of one issue. Write it like #12 or owner/repo#12.

    /pm issue label #12
    I do not know which labels: you named an issue and nothing more. Write it after the issue, like `bug`.

    /pm issue comment #12
    I do not know what to write: you named an issue and nothing more. Write it after the issue, like `"It works now."`.

    /pm issue assign
    I could not read this as `issue assign`: something is missing after it. It is written like this:

    /pm issue list --state shut
    I could not read this as `issue list`: `--state` cannot be `shut`, only one of open, closed, all. It is written like this:

    /pm issue list --page 0
    I could not read this as `issue list`: a page has a number, from 1. It is written like this:

    /pm issue list --page
    I could not read this as `issue list`: a value is missing after `--page`. It is written like this:

    /pm issue list --page 9
    I could not show page 9: there is one page only. The last one: `issue list --page 1`.

    /pm issue new
    I could not read this as `issue new`: something is missing after it. It is written like this:

    /pm issue new "Logout fails
    I could not read this as `issue new`: a quote is not closed. It is written like this:

    /pm issue show #12 --loud
    I could not read this as `issue show`: there is no option `--loud`. It is written like this:

    /pm pr show #12
    I could not read the pull request acme/apollo#12: GitHub knows no such thing, or does not show it to my account. Check the name and the number, and that my account may see the repository.

    /pm project show zeus
    I do not know a project “zeus”: the projects you may see here are Apollo (apollo). Check the name, or ask me to create the project.

    /pm project set --status sleeping
    I could not read this as `project set`: `--status` cannot be `sleeping`, only one of planned, active, on-hold, done, archived. It is written like this:

    /pm project new
    I could not read this as `project new`: something is missing after it. It is written like this:

    /pm project new Apollo
    I could not create the project Apollo: there is one with this name already. Choose another name, or ask for its status.

    /pm search
    I could not read this as `search`: something is missing after it. It is written like this:

    /pm search login --in basement
    I could not read this as `search`: `--in` cannot be `basement`, only one of issues, messages. It is written like this:

    /pm role grant ana king
    I could not read this as `role grant`: `role` cannot be `king`, only one of viewer, member, maintainer, owner. It is written like this:

    /pm policy --gates sometimes
    I could not read this as `policy`: `--gates` cannot be `sometimes`, only one of none, irreversible, all_writes. It is written like this:

    /pm help issue shut
    I have no command `issue shut`: there is none by that name. `/pm help` lists them all.
    "#);
    assert_eq!(writes(&world), before);
    no_model(&world);
    world.finish().await;
}

async fn an_unknown_command_names_the_nearest(kind: Kind) {
    let world = World::apollo(kind).await;
    let lines = [
        "stauts apollo",
        "isue list",
        "issue clsoe #12",
        "pr shwo 12",
        "projcet bind",
    ];
    sees!(all_given(&world, "ana", "#apollo", &lines).await, @"
    /pm stauts apollo
    I have no command `stauts`: the nearest is `status`. `/pm help` lists them all.

    /pm isue list
    I have no command `isue`: the nearest is `issue`. `/pm help` lists them all.

    /pm issue clsoe #12
    I have no command `issue clsoe`: the nearest is `issue close`. `/pm help` lists them all.

    /pm pr shwo 12
    I have no command `pr shwo`: the nearest is `pr show`. `/pm help` lists them all.

    /pm projcet bind
    I have no command `projcet`: the nearest is `project`. `/pm help` lists them all.
    ");
    world.slack.user("ana").says("#apollo", "@pm stauts");
    world.quiet().await;
    no_model(&world);
    // In a talk that goes on, a slip is no command; nor is a sentence anywhere.
    world.model.says("Fine.").says("As far as I know, yes.");
    let thread = world.slack.messages("#apollo").pop().unwrap().thread_ts.unwrap();
    world
        .slack
        .user("ana")
        .replies("#apollo", &thread, "stauts apollo");
    world.quiet().await;
    world
        .slack
        .user("ana")
        .slash("#apollo", "/pm", "issue with the login is gone, is it not?");
    world.quiet().await;
    assert_eq!(world.model.requests().len(), 2);
    let said = world.slack.thread("#apollo", &thread).into_iter();
    let said: Vec<String> = said.map(|message| message.seen()).collect();
    sees!(said.join("\n"), @"
    <@UPM> stauts
    I have no command `stauts`: the nearest is `status`. `/pm help` lists them all.
    stauts apollo
    Fine.
    ");
    assert!(world.talk("#apollo").contains("As far as I know, yes."));
    world.finish().await;
}
