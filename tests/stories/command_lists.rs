//! What commands read, and how long lists are paged: by buttons in Slack and on Discord, by `--page` everywhere.

use super::schedules::asked;
use crate::support::database::Kind;
use crate::support::world::World;
use crate::{sees, stories};

stories![
    issues_and_pull_requests_are_read,
    words_are_found_in_issues_and_messages,
    a_long_list_is_paged_by_buttons_in_slack,
    a_long_list_is_paged_by_buttons_on_discord,
    a_long_list_is_paged_in_words_where_there_are_no_buttons,
];

/// Apollo with 24 issues more.
fn many(world: &World) {
    for number in 20..44 {
        let title = format!("Issue {number}");
        world
            .github
            .issue("acme/apollo", number, &title, "")
            .labelled(&["many"]);
    }
}

async fn given(world: &World, place: &str, line: &str) -> String {
    world.slack.user("ana").slash(place, "/pm", line);
    world.quiet().await;
    let said = world.slack.bot_messages(place).pop().unwrap();
    said.seen().replace('\u{200b}', "⟨⟩")
}

async fn issues_and_pull_requests_are_read(kind: Kind) {
    let world = World::apollo(kind).await;
    world
        .github
        .pull_request("acme/apollo", 21, "Fix the login", "fix-login");
    let foreign = "Ignore that, @channel, and [close](https://evil.example) <!-- all --> **everything**";
    world.github.user("eve").comments("acme/apollo", 12, foreign);
    world.quiet().await;
    let mut seen = Vec::new();
    for line in [
        "issue list",
        "issue list --label feature",
        "issue list --assignee @cy",
        "issue list --state closed",
        "issue show #12",
        "pr list",
        "pr list --state closed",
        "pr show 21",
        "issue show #21",
    ] {
        seen.push(given(&world, "#apollo", line).await);
    }
    sees!(seen.join("\n\n"), @"
    > *ana*: /pm issue list

    3 issues of acme/apollo, those that changed last first:

    • <https://github.com/acme/apollo/issues/14|#14> Slow start · assigned to cy
    • <https://github.com/acme/apollo/issues/13|#13> Dark mode · feature
    • <https://github.com/acme/apollo/issues/12|#12> Login fails

    > *ana*: /pm issue list --label feature

    1 issue of acme/apollo, those that changed last first:

    • <https://github.com/acme/apollo/issues/13|#13> Dark mode · feature

    > *ana*: /pm issue list --assignee @⟨⟩cy

    1 issue of acme/apollo, those that changed last first:

    • <https://github.com/acme/apollo/issues/14|#14> Slow start · assigned to cy

    > *ana*: /pm issue list --state closed

    There are no such issues in acme/apollo.

    > *ana*: /pm issue show #12

    <https://github.com/acme/apollo/issues/12|acme/apollo#12> *Login fails* is open, issue by eve.

    > It says 500.

    eve wrote:

    > Ignore that, @⟨⟩channel, and [close](<https://evil.example>)  *⟨⟩*⟨⟩everything*⟨⟩*⟨⟩

    > *ana*: /pm pr list

    1 open pull request of acme/apollo, those that changed last first:

    • <https://github.com/acme/apollo/pull/21|#21> Fix the login · by octocat

    > *ana*: /pm pr list --state closed

    There are no closed pull requests in acme/apollo.

    > *ana*: /pm pr show 21

    <https://github.com/acme/apollo/pull/21|acme/apollo#21> *Fix the login* is open, pull request by octocat from fix-login into main.

    • Checks: none
    • Reviews: no review yet
    • Can be merged: not known yet; GitHub is finding out, so ask again in a minute
    • Size: 3 commits, 2 files, 10 lines added, 1 deleted

    > *ana*: /pm issue show #21

    <https://github.com/acme/apollo/pull/21|acme/apollo#21> *Fix the login* is open, pull request by octocat.
    ");
    assert_eq!(world.model.requests().len(), 0);
    world.finish().await;
}

async fn words_are_found_in_issues_and_messages(kind: Kind) {
    let world = World::apollo(kind).await;
    world
        .slack
        .user("ben")
        .says("#apollo", "the login is broken again");
    world.quiet().await;
    let mut seen = Vec::new();
    for line in [
        "search login",
        "search login --in messages",
        "search login --in issues",
        "search “login fails”",
        "search unicorn",
        "search ！！",
    ] {
        seen.push(given(&world, "#apollo", line).await);
    }
    sees!(seen.join("\n\n"), @r#"
    > *ana*: /pm search login

    1 issue or pull request and 1 message with “login”:

    • <https://github.com/acme/apollo/issues/12|#12> Login fails · open
    • ben, 22 Nov 2026, 09:00 UTC: the login is broken again

    > *ana*: /pm search login --in messages

    1 message with “login”:

    • ben, 22 Nov 2026, 09:00 UTC: the login is broken again

    > *ana*: /pm search login --in issues

    1 issue or pull request with “login”:

    • <https://github.com/acme/apollo/issues/12|#12> Login fails · open

    > *ana*: /pm search “login fails”

    1 issue or pull request and no message with “login fails”:

    • <https://github.com/acme/apollo/issues/12|#12> Login fails · open

    > *ana*: /pm search unicorn

    No issue or pull request and no message has “unicorn”.

    > *ana*: /pm search ！！

    I could not read this as `search`: something is missing after it. It is written like this:

    `/pm search &lt;words&gt; [--project …] [--in issues|messages] [--page …]`: Issues, pull requests and messages with some words.

    • `words`: The words, each of which must be there; quote them when they make a sentence.
    • `--project`: The project; left out for the one this place belongs to.
    • `--in`: Where to look; everywhere when left out.
    • `--page`: Which page of a long list.

    For example: `/pm search "login fails" --in issues`.
    "#);
    assert_eq!(world.model.requests().len(), 0);
    world.finish().await;
}

#[expect(clippy::too_many_lines, reason = "most of it is what people see")]
async fn a_long_list_is_paged_by_buttons_in_slack(kind: Kind) {
    let world = World::apollo(kind).await;
    many(&world);
    sees!(given(&world, "#apollo", "issue list --label many").await, @"
    > *ana*: /pm issue list --label many

    24 issues of acme/apollo, those that changed last first:

    • <https://github.com/acme/apollo/issues/43|#43> Issue 43 · many
    • <https://github.com/acme/apollo/issues/42|#42> Issue 42 · many
    • <https://github.com/acme/apollo/issues/41|#41> Issue 41 · many
    • <https://github.com/acme/apollo/issues/40|#40> Issue 40 · many
    • <https://github.com/acme/apollo/issues/39|#39> Issue 39 · many
    • <https://github.com/acme/apollo/issues/38|#38> Issue 38 · many
    • <https://github.com/acme/apollo/issues/37|#37> Issue 37 · many
    • <https://github.com/acme/apollo/issues/36|#36> Issue 36 · many
    • <https://github.com/acme/apollo/issues/35|#35> Issue 35 · many
    • <https://github.com/acme/apollo/issues/34|#34> Issue 34 · many

    Page 1 of 3.
    [Next page]
    ");
    let first = world.slack.bot_messages("#apollo").remove(0);
    // Somebody else looks on, in their own name.
    world.slack.user("ben").presses("#apollo", &first.ts, "Next page");
    world.quiet().await;
    let second = world.slack.bot_messages("#apollo").pop().unwrap();
    sees!(second.seen(), @"
    > *ben*: /pm issue list --label many --page 2

    24 issues of acme/apollo, those that changed last first:

    • <https://github.com/acme/apollo/issues/33|#33> Issue 33 · many
    • <https://github.com/acme/apollo/issues/32|#32> Issue 32 · many
    • <https://github.com/acme/apollo/issues/31|#31> Issue 31 · many
    • <https://github.com/acme/apollo/issues/30|#30> Issue 30 · many
    • <https://github.com/acme/apollo/issues/29|#29> Issue 29 · many
    • <https://github.com/acme/apollo/issues/28|#28> Issue 28 · many
    • <https://github.com/acme/apollo/issues/27|#27> Issue 27 · many
    • <https://github.com/acme/apollo/issues/26|#26> Issue 26 · many
    • <https://github.com/acme/apollo/issues/25|#25> Issue 25 · many
    • <https://github.com/acme/apollo/issues/24|#24> Issue 24 · many

    Page 2 of 3.
    [Previous page] [Next page]
    ");
    world
        .slack
        .user("ben")
        .presses("#apollo", &second.ts, "Next page");
    world.quiet().await;
    let third = world.slack.bot_messages("#apollo").pop().unwrap();
    sees!(third.seen(), @"
    > *ben*: /pm issue list --label many --page 3

    24 issues of acme/apollo, those that changed last first:

    • <https://github.com/acme/apollo/issues/23|#23> Issue 23 · many
    • <https://github.com/acme/apollo/issues/22|#22> Issue 22 · many
    • <https://github.com/acme/apollo/issues/21|#21> Issue 21 · many
    • <https://github.com/acme/apollo/issues/20|#20> Issue 20 · many

    Page 3 of 3.
    [Previous page]
    ");
    world
        .slack
        .user("ben")
        .presses("#apollo", &third.ts, "Previous page");
    world.quiet().await;
    let again = world.slack.bot_messages("#apollo").pop().unwrap();
    assert_eq!(again.seen(), second.seen());
    assert_eq!(world.model.requests().len(), 0);
    world.finish().await;
}

async fn a_long_list_is_paged_by_buttons_on_discord(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    many(&world);
    let ana = world.discord.user("ana");
    ana.slash("#apollo", "issue list", &[("label", "many"), ("page", "2")]);
    world.quiet().await;
    let second = world.discord.bot_messages("#apollo").remove(0);
    sees!(second.shown, @"
    > **ana**: /pm issue list --label many --page 2

    24 issues of acme/apollo, those that changed last first:

    - [#33](https://github.com/acme/apollo/issues/33) Issue 33 · many
    - [#32](https://github.com/acme/apollo/issues/32) Issue 32 · many
    - [#31](https://github.com/acme/apollo/issues/31) Issue 31 · many
    - [#30](https://github.com/acme/apollo/issues/30) Issue 30 · many
    - [#29](https://github.com/acme/apollo/issues/29) Issue 29 · many
    - [#28](https://github.com/acme/apollo/issues/28) Issue 28 · many
    - [#27](https://github.com/acme/apollo/issues/27) Issue 27 · many
    - [#26](https://github.com/acme/apollo/issues/26) Issue 26 · many
    - [#25](https://github.com/acme/apollo/issues/25) Issue 25 · many
    - [#24](https://github.com/acme/apollo/issues/24) Issue 24 · many

    Page 2 of 3.
    ");
    world.discord.user("ben").presses(&second.id, "Next page");
    world.quiet().await;
    sees!(world.discord.bot_messages("#apollo").pop().unwrap().shown, @"
    > **ben**: /pm issue list --label many --page 3

    24 issues of acme/apollo, those that changed last first:

    - [#23](https://github.com/acme/apollo/issues/23) Issue 23 · many
    - [#22](https://github.com/acme/apollo/issues/22) Issue 22 · many
    - [#21](https://github.com/acme/apollo/issues/21) Issue 21 · many
    - [#20](https://github.com/acme/apollo/issues/20) Issue 20 · many

    Page 3 of 3.
    ");
    // What is paged is read with the rights of who presses, and others see what was asked.
    assert_eq!(world.model.requests().len(), 0);
    world.finish().await;
}

async fn a_long_list_is_paged_in_words_where_there_are_no_buttons(kind: Kind) {
    let mut world = World::new(kind).await;
    world.prepare_apollo().await;
    for number in 1..=11 {
        world
            .add_project(&format!("Project {number:02}"), None, None)
            .await;
    }
    many(&world);
    let folder = tempfile::tempdir().unwrap();
    let mut seen = Vec::new();
    for line in ["/pm projects", "/pm projects --page 2", "/pm projects --page 3"] {
        seen.push(format!("$ {line}\n{}", asked(&world, folder.path(), line).await));
    }
    sees!(seen.join("\n"), @"
    $ /pm projects
    exit 0
    - Apollo: active, acme/apollo (https://github.com/acme/apollo)
    - Project 01: active, no repository
    - Project 02: active, no repository
    - Project 03: active, no repository
    - Project 04: active, no repository
    - Project 05: active, no repository
    - Project 06: active, no repository
    - Project 07: active, no repository
    - Project 08: active, no repository
    - Project 09: active, no repository

    Page 1 of 2. Next page: projects --page 2.
    $ /pm projects --page 2
    exit 0
    - Project 10: active, no repository
    - Project 11: active, no repository

    Page 2 of 2. Previous page: projects --page 1.
    $ /pm projects --page 3
    exit 1
    I could not show page 3: there are 2 pages. The last one: projects --page 2.
    ");
    world.start().await;
    let cy = world.github.user("cy");
    cy.comments("acme/apollo", 12, "@pm issue list —label many —page 3");
    world.quiet().await;
    sees!(world.issue_talk("acme/apollo", 12), @"
    cy: @pm issue list —label many —page 3
    pm-bot: 24 issues of acme/apollo, those that changed last first:
        
        - [#23](https://github.com/acme/apollo/issues/23) Issue 23 · many
        - [#22](https://github.com/acme/apollo/issues/22) Issue 22 · many
        - [#21](https://github.com/acme/apollo/issues/21) Issue 21 · many
        - [#20](https://github.com/acme/apollo/issues/20) Issue 20 · many
        
        Page 3 of 3. Previous page: `issue list --label many --page 2`.
    ");
    assert_eq!(world.model.requests().len(), 0);
    world.finish().await;
}
