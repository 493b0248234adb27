//! Pull requests, searching, and what happened lately: the tools with good and with bad arguments, and the status.

use std::time::Duration;

use serde_json::json;

use super::tools::results;
use crate::support::database::Kind;
use crate::support::github::Fault;
use crate::support::world::World;
use crate::{sees, stories};

stories![
    pull_request_tools_do_what_they_say,
    pull_request_tools_refuse_bad_arguments,
    search_tools_do_what_they_say,
    search_tools_refuse_bad_arguments,
    a_search_stays_in_its_repository,
    a_status_tells_what_pull_requests_wait_for,
    a_status_counts_right_what_fills_many_pages,
    checks_that_may_not_be_read_are_said_to_be_unknown,
    the_offline_model_reads_pull_requests,
];

/// Three pull requests in acme/apollo, of which one has everything.
fn pulls(world: &World) {
    let github = &world.github;
    github
        .pull_request("acme/apollo", 21, "Fix the login", "fix-login")
        .opened_by("cy")
        .labelled(&["bug"])
        .assigned_to("cy")
        .asks_to_review("dan")
        .asks_to_review("eve")
        .reviewed("eve", "CHANGES_REQUESTED")
        .reviewed("fay", "APPROVED")
        .reviewed("fay", "COMMENTED")
        .checked("build", "failure")
        .checked("lint", "success")
        .checking("test")
        .status("ci/docs", "success");
    github
        .pull_request("acme/apollo", 22, "Dark theme", "dark")
        .draft()
        .conflicts();
    github.pull_request("acme/apollo", 20, "Old work", "old").merged();
}

#[expect(clippy::too_many_lines, reason = "most of it is what people see")]
async fn pull_request_tools_do_what_they_say(kind: Kind) {
    let world = World::apollo(kind).await;
    pulls(&world);
    let told = results(
        &world,
        vec![
            ("list_pull_requests", json!({})),
            ("list_pull_requests", json!({"state": "closed", "limit": 5})),
            (
                "list_pull_requests",
                json!({"repository": "acme/apollo", "state": "all", "limit": 1}),
            ),
            ("get_pull_request", json!({"pull_request": "#21"})),
            ("get_pull_request", json!({"pull_request": "acme/apollo#21"})),
            ("get_pull_request", json!({"pull_request": "22"})),
            (
                "get_pull_request",
                json!({"pull_request": "https://github.com/acme/apollo/pull/22"}),
            ),
            ("get_pull_request", json!({"pull_request": "#20"})),
        ],
    )
    .await;
    sees!(told, @r#"
    list_pull_requests: 2 open pull requests of acme/apollo:

    - [#22](https://github.com/acme/apollo/pull/22) <untrusted-# by "octocat">Dark theme</untrusted-#> · by octocat · draft
    - [#21](https://github.com/acme/apollo/pull/21) Fix the login · by cy · bug
    ---
    list_pull_requests: 1 closed pull request of acme/apollo:

    - [#20](https://github.com/acme/apollo/pull/20) <untrusted-# by "octocat">Old work</untrusted-#> · by octocat · merged
    ---
    list_pull_requests: 1 pull request of acme/apollo:

    - [#22](https://github.com/acme/apollo/pull/22) <untrusted-# by "octocat">Dark theme</untrusted-#> · by octocat · draft

    There are more; these changed last.
    ---
    get_pull_request: [acme/apollo#21](https://github.com/acme/apollo/pull/21) **Fix the login** is open, pull request by cy from fix-login into main. Labels: bug. Assigned to cy.

    - Checks: 2 of 4 passed; failing: build; running: test
    - Reviews: approved by fay; changes requested by eve; awaiting dan
    - Can be merged: not known yet; GitHub is finding out, so ask again in a minute
    - Size: 3 commits, 2 files, 10 lines added, 1 deleted
    ---
    get_pull_request: [acme/apollo#21](https://github.com/acme/apollo/pull/21) **Fix the login** is open, pull request by cy from fix-login into main. Labels: bug. Assigned to cy.

    - Checks: 2 of 4 passed; failing: build; running: test
    - Reviews: approved by fay; changes requested by eve; awaiting dan
    - Can be merged: yes
    - Size: 3 commits, 2 files, 10 lines added, 1 deleted
    ---
    get_pull_request: [acme/apollo#22](https://github.com/acme/apollo/pull/22) **<untrusted-# by "octocat">Dark theme</untrusted-#>** is a draft, pull request by octocat from <untrusted-# by "octocat">dark</untrusted-#> into main.

    - Checks: none
    - Reviews: no review yet
    - Can be merged: not known yet; GitHub is finding out, so ask again in a minute
    - Size: 3 commits, 2 files, 10 lines added, 1 deleted
    ---
    get_pull_request: [acme/apollo#22](https://github.com/acme/apollo/pull/22) **<untrusted-# by "octocat">Dark theme</untrusted-#>** is a draft, pull request by octocat from <untrusted-# by "octocat">dark</untrusted-#> into main.

    - Checks: none
    - Reviews: no review yet
    - Can be merged: no, it conflicts with main
    - Size: 3 commits, 2 files, 10 lines added, 1 deleted
    ---
    get_pull_request: [acme/apollo#20](https://github.com/acme/apollo/pull/20) **<untrusted-# by "octocat">Old work</untrusted-#>** is merged, pull request by octocat from <untrusted-# by "octocat">old</untrusted-#> into main.

    - Checks: none
    - Reviews: no review yet
    - Size: 3 commits, 2 files, 10 lines added, 1 deleted
    "#);
    world.finish().await;
}

async fn pull_request_tools_refuse_bad_arguments(kind: Kind) {
    let world = World::apollo(kind).await;
    let told = results(
        &world,
        vec![
            ("list_pull_requests", json!({"state": "merged"})),
            ("list_pull_requests", json!({"repository": "nonsense"})),
            ("list_pull_requests", json!({"repository": "acme/none"})),
        ],
    )
    .await;
    sees!(told, @"
    list_pull_requests: The arguments of list_pull_requests could not be used: unknown variant `merged`, expected one of `open`, `closed`, `all` at line 1 column 17. Call the tool again with arguments that fit its schema.
    ---
    list_pull_requests: “nonsense” is not a repository: I need an owner and a name. Write it as owner/name, or paste its address.
    ---
    list_pull_requests: You may not read this project: this place is not bound to the project. Ask in a channel that is bound to it, or have a maintainer of the project bind this one.
    ");
    let told = results(
        &world,
        vec![
            ("get_pull_request", json!({"pull_request": "#12"})),
            ("get_pull_request", json!({"pull_request": "that one"})),
            ("get_pull_request", json!({})),
        ],
    )
    .await;
    sees!(told, @"
    get_pull_request: I could not read the pull request acme/apollo#12: GitHub knows no such thing, or does not show it to my account. Check the name and the number, and that my account may see the repository.
    ---
    get_pull_request: I do not know which pull request you mean by “that one”: that is not the number of one pull request. Write it like #12 or owner/repo#12.
    ---
    get_pull_request: I do not know which pull request you mean: you named none, and this is not a pull request. Name it, like #12 or owner/repo#12.
    ");
    world.finish().await;
}

#[expect(clippy::too_many_lines, reason = "most of it is what people see")]
async fn search_tools_do_what_they_say(kind: Kind) {
    let world = World::apollo(kind).await;
    pulls(&world);
    world.clock.advance(Duration::from_secs(10 * 24 * 60 * 60));
    world
        .github
        .user("eve")
        .comments("acme/apollo", 12, "The login is broken again.");
    world.github.user("cy").comments("acme/apollo", 12, "I see.");
    world.github.user("cy").closes("acme/apollo", 13);
    world.github.user("dan").opens("acme/apollo", "Logout, too", "");
    world.quiet().await;
    let told = results(
        &world,
        vec![
            ("search_issues", json!({"words": "login"})),
            (
                "search_issues",
                json!({"words": "login", "kind": "pull_requests"}),
            ),
            ("search_issues", json!({"words": "mode", "state": "open"})),
            ("search_issues", json!({"words": "login", "limit": 1})),
            ("recent_activity", json!({})),
            (
                "recent_activity",
                json!({"repository": "acme/apollo", "days": 30}),
            ),
        ],
    )
    .await;
    sees!(told, @r#"
    search_issues: 2 found in acme/apollo for “login”:

    - [#12](https://github.com/acme/apollo/issues/12) <untrusted-# by "eve">Login fails</untrusted-#> · open
    - [#21](https://github.com/acme/apollo/pull/21) Fix the login · bug · assigned to cy · open pull request
    ---
    search_issues: 1 found in acme/apollo for “login”:

    - [#21](https://github.com/acme/apollo/pull/21) Fix the login · bug · assigned to cy · open pull request
    ---
    search_issues: Nothing in acme/apollo has “mode”.
    ---
    search_issues: 2 found in acme/apollo for “login”, the one that changed last:

    - [#12](https://github.com/acme/apollo/issues/12) <untrusted-# by "eve">Login fails</untrusted-#> · open
    ---
    recent_activity: **acme/apollo**. In the last 7 days: 1 opened, 1 closed, 2 comments.

    - [#23](https://github.com/acme/apollo/issues/23) <untrusted-# by "dan">Logout, too</untrusted-#> · opened by dan
    - [#13](https://github.com/acme/apollo/issues/13) <untrusted-# by "octocat">Dark mode</untrusted-#> · closed
    - [#12](https://github.com/acme/apollo/issues/12) <untrusted-# by "eve">Login fails</untrusted-#> · 2 comments, the last by cy
    ---
    recent_activity: **acme/apollo**. In the last 30 days: 7 opened, 1 merged, 1 closed, 2 comments.

    - [#23](https://github.com/acme/apollo/issues/23) <untrusted-# by "dan">Logout, too</untrusted-#> · opened by dan
    - [#13](https://github.com/acme/apollo/issues/13) <untrusted-# by "octocat">Dark mode</untrusted-#> · opened by octocat · closed
    - [#12](https://github.com/acme/apollo/issues/12) <untrusted-# by "eve">Login fails</untrusted-#> · opened by eve · 2 comments, the last by cy
    - pull request [#22](https://github.com/acme/apollo/pull/22) <untrusted-# by "octocat">Dark theme</untrusted-#> · opened by octocat
    - pull request [#21](https://github.com/acme/apollo/pull/21) Fix the login · opened by cy
    - pull request [#20](https://github.com/acme/apollo/pull/20) <untrusted-# by "octocat">Old work</untrusted-#> · opened by octocat · merged
    - [#14](https://github.com/acme/apollo/issues/14) <untrusted-# by "octocat">Slow start</untrusted-#> · opened by octocat
    "#);
    world.clock.advance(Duration::from_secs(2 * 24 * 60 * 60));
    let told = results(&world, vec![("recent_activity", json!({"days": 1}))]).await;
    sees!(told, @"recent_activity: **acme/apollo**. In the last 24 hours: nothing new.");
    world.finish().await;
}

async fn search_tools_refuse_bad_arguments(kind: Kind) {
    let world = World::apollo(kind).await;
    let told = results(
        &world,
        vec![
            ("search_issues", json!({"words": " ?! "})),
            ("search_issues", json!({})),
            ("search_issues", json!({"words": "x", "kind": "epics"})),
        ],
    )
    .await;
    sees!(told, @"
    search_issues: I could not search: there are no words to look for. Name some.
    ---
    search_issues: The arguments of search_issues could not be used: missing field `words` at line 1 column 2. Call the tool again with arguments that fit its schema.
    ---
    search_issues: The arguments of search_issues could not be used: unknown variant `epics`, expected `issues` or `pull_requests` at line 1 column 15. Call the tool again with arguments that fit its schema.
    ");
    let told = results(
        &world,
        vec![
            ("recent_activity", json!({"days": 0})),
            ("recent_activity", json!({"days": 91})),
            ("recent_activity", json!({"repository": "acme/none"})),
        ],
    )
    .await;
    sees!(told, @"
    recent_activity: I could not look back 0 days: I look back from 1 to 90 days. Name a number of days between these.
    ---
    recent_activity: I could not look back 91 days: I look back from 1 to 90 days. Name a number of days between these.
    ---
    recent_activity: You may not read this project: this place is not bound to the project. Ask in a channel that is bound to it, or have a maintainer of the project bind this one.
    ");
    world.finish().await;
}

async fn a_search_stays_in_its_repository(kind: Kind) {
    let world = World::apollo(kind).await;
    world.github.repo("acme/secret").private();
    world.github.issue("acme/secret", 1, "Login of the secret", "");
    let told = results(
        &world,
        vec![
            ("search_issues", json!({"words": "login repo:acme/secret"})),
            (
                "search_issues",
                json!({"words": "login OR repo:acme/secret -fails"}),
            ),
        ],
    )
    .await;
    sees!(told, @"
    search_issues: Nothing in acme/apollo has “login repo:acme/secret”.
    ---
    search_issues: Nothing in acme/apollo has “login OR repo:acme/secret -fails”.
    ");
    let asked: Vec<String> = world
        .github
        .calls()
        .into_iter()
        .filter(|call| call.path == "/search/issues")
        .map(|call| call.query["q"].clone())
        .collect();
    sees!(asked.join("\n"), @"
    login repo acme secret repo:acme/apollo is:issue
    login repo acme secret repo:acme/apollo is:pull-request
    login or repo acme secret fails repo:acme/apollo is:issue
    login or repo acme secret fails repo:acme/apollo is:pull-request
    ");
    world.finish().await;
}

async fn a_status_tells_what_pull_requests_wait_for(kind: Kind) {
    let world = World::apollo(kind).await;
    pulls(&world);
    world.clock.advance(Duration::from_secs(24 * 60 * 60));
    world.github.user("cy").closes("acme/apollo", 14);
    world.github.user("cy").comments("acme/apollo", 21, "Ready.");
    world.quiet().await;
    let told = results(&world, vec![("project_status", json!({}))]).await;
    sees!(told, @r#"
    project_status: **Apollo**: active, [acme/apollo](https://github.com/acme/apollo).

    2 issues and 2 pull requests are open. Changed last:

    - [#13](https://github.com/acme/apollo/issues/13) <untrusted-# by "octocat">Dark mode</untrusted-#> · feature
    - [#12](https://github.com/acme/apollo/issues/12) <untrusted-# by "eve">Login fails</untrusted-#>

    Pull requests:

    - [#21](https://github.com/acme/apollo/pull/21) Fix the login · by cy · bug · 1 of 4 checks failing · changes requested
    - [#22](https://github.com/acme/apollo/pull/22) <untrusted-# by "octocat">Dark theme</untrusted-#> · by octocat · draft

    In the last 7 days: 6 opened, 1 merged, 1 closed, 1 comment.

    Project last changed 22 Nov 2026, 09:00 UTC.
    "#);
    world.finish().await;
}

async fn a_status_counts_right_what_fills_many_pages(kind: Kind) {
    let world = World::apollo(kind).await;
    for number in 100..230 {
        world.github.issue("acme/apollo", number, "One of many", "");
    }
    for number in 300..340 {
        world
            .github
            .pull_request("acme/apollo", number, "A change", "branch");
    }
    let before = world.github.calls().len();
    let told = results(&world, vec![("project_status", json!({}))]).await;
    assert!(
        told.contains("133 issues and 40 pull requests are open."),
        "{told}"
    );
    assert!(told.contains("Pull requests, those that changed last:"), "{told}");
    let calls = world.github.calls().len() - before;
    assert!(calls <= 25, "{calls} calls");
    for number in 1000..1900 {
        world.github.issue("acme/apollo", number, "One of very many", "");
    }
    let told = results(&world, vec![("project_status", json!({}))]).await;
    assert!(
        told.contains("At least 960 issues and 40 pull requests are open (I count up to 1,000)."),
        "{told}"
    );
    world.finish().await;
}

async fn checks_that_may_not_be_read_are_said_to_be_unknown(kind: Kind) {
    let world = World::apollo(kind).await;
    world
        .github
        .pull_request("acme/apollo", 21, "Fix the login", "fix-login")
        .status("ci/docs", "success");
    let forbidden = || Fault::Refuse {
        status: 403,
        message: "Resource not accessible by personal access token".to_owned(),
    };
    world.github.fault("GET", "/check-runs", forbidden());
    let partly = results(&world, vec![("get_pull_request", json!({"pull_request": "#21"}))]).await;
    sees!(partly, @r#"
    get_pull_request: [acme/apollo#21](https://github.com/acme/apollo/pull/21) **<untrusted-# by "octocat">Fix the login</untrusted-#>** is open, pull request by octocat from <untrusted-# by "octocat">fix-login</untrusted-#> into main.

    - Checks: 1 passed (not all could be read)
    - Reviews: no review yet
    - Can be merged: not known yet; GitHub is finding out, so ask again in a minute
    - Size: 3 commits, 2 files, 10 lines added, 1 deleted
    "#);
    world.github.fault("GET", "/check-runs", forbidden());
    world.github.fault("GET", "*/status", forbidden());
    world.github.fault("GET", "/reviews", Fault::Status { code: 502 });
    let unknown = results(&world, vec![("get_pull_request", json!({"pull_request": "#21"}))]).await;
    sees!(unknown, @r#"
    get_pull_request: [acme/apollo#21](https://github.com/acme/apollo/pull/21) **<untrusted-# by "octocat">Fix the login</untrusted-#>** is open, pull request by octocat from <untrusted-# by "octocat">fix-login</untrusted-#> into main.

    - Checks: not known, because GitHub does not allow it to my account (Resource not accessible by personal access token)
    - Reviews: not known, because GitHub gave no usable answer (GitHub answered with status 502)
    - Can be merged: yes
    - Size: 3 commits, 2 files, 10 lines added, 1 deleted
    "#);
    world.finish().await;
}

async fn the_offline_model_reads_pull_requests(kind: Kind) {
    let mut world = World::new(kind).await;
    world
        .settings
        .insert("CALLSHEET__MODEL__PROVIDER".to_owned(), "offline".to_owned());
    world.prepare_apollo().await;
    pulls(&world);
    world.start().await;
    for said in [
        "@pm list the open pull requests of apollo",
        "@pm how is pull request 21?",
        "@pm search issues for login in apollo",
        "@pm what happened in apollo this week?",
    ] {
        world.slack.user("ana").says("#apollo", said);
        world.quiet().await;
    }
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> list the open pull requests of apollo
      pm: 2 open pull requests of acme/apollo:
          
          • <https://github.com/acme/apollo/pull/22|#22> Dark theme · by octocat · draft
          • <https://github.com/acme/apollo/pull/21|#21> Fix the login · by cy · bug
          
          _Answered by the built-in offline model, which understands only simple phrases._
    ana: <@UPM> how is pull request 21?
      pm: <https://github.com/acme/apollo/pull/21|acme/apollo#21> *Fix the login* is open, pull request by cy from fix-login into main. Labels: bug. Assigned to cy.
          
          • Checks: 2 of 4 passed; failing: build; running: test
          • Reviews: approved by fay; changes requested by eve; awaiting dan
          • Can be merged: not known yet; GitHub is finding out, so ask again in a minute
          • Size: 3 commits, 2 files, 10 lines added, 1 deleted
          
          _Answered by the built-in offline model, which understands only simple phrases._
    ana: <@UPM> search issues for login in apollo
      pm: 1 found in acme/apollo for “login”:
          
          • <https://github.com/acme/apollo/issues/12|#12> Login fails · open
          
          _Answered by the built-in offline model, which understands only simple phrases._
    ana: <@UPM> what happened in apollo this week?
      pm: *acme/apollo*. In the last 7 days: 6 opened, 1 merged.
          
          • pull request <https://github.com/acme/apollo/pull/22|#22> Dark theme · opened by octocat
          • pull request <https://github.com/acme/apollo/pull/21|#21> Fix the login · opened by cy
          • pull request <https://github.com/acme/apollo/pull/20|#20> Old work · opened by octocat · merged
          • <https://github.com/acme/apollo/issues/14|#14> Slow start · opened by octocat
          • <https://github.com/acme/apollo/issues/13|#13> Dark mode · opened by octocat
          • <https://github.com/acme/apollo/issues/12|#12> Login fails · opened by eve
          
          _Answered by the built-in offline model, which understands only simple phrases._
    ");
    world.finish().await;
}
