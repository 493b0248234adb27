//! Bad input: a clear sentence or silence by design, never a panic, never a lost event.

use callsheet::store::inbox;
use serde_json::json;

use crate::support::database::Kind;
use crate::support::world::World;
use crate::{sees, stories};

stories![
    unknown_and_ambiguous_projects_are_named,
    a_project_without_a_repository_says_so,
    github_refusals_are_explained,
    an_empty_mention_and_an_empty_command_get_help,
    emoji_alone_are_greeted_or_left_alone,
    bots_are_not_answered,
    an_edited_question_is_not_a_new_one,
    strange_characters_do_no_harm,
    a_channel_we_may_not_post_to_is_answered_privately,
    a_dead_answer_is_told_elsewhere,
    an_outage_of_github_is_no_refusal,
];

/// The last thing said to a person who typed a command.
async fn answer(world: &World, command: &str) -> String {
    world.slack.user("ana").slash("#apollo", "/pm", command);
    world.quiet().await;
    world.slack.bot_messages("#apollo").last().unwrap().text.clone()
}

async fn unknown_and_ambiguous_projects_are_named(kind: Kind) {
    let world = World::apollo(kind).await;
    let web = world.slack.channel("#web");
    world.add_project("Apollo Web", None, Some(("#web", &web))).await;
    world
        .add_project("Apollo App", None, Some(("#app", &world.slack.channel("#app"))))
        .await;
    sees!(answer(&world, "status hermes").await, @"
    > *ana*: /pm status hermes

    I do not know a project “hermes”: the projects you may see here are Apollo (apollo), Apollo App (apollo-app), Apollo Web (apollo-web). Check the name, or ask me to create the project.
    ");
    sees!(answer(&world, "status 'apollo '").await, @"
    > *ana*: /pm status 'apollo '

    *Apollo*: active, <https://github.com/acme/apollo|acme/apollo>.

    3 issues and 0 pull requests are open. Changed last:

    • <https://github.com/acme/apollo/issues/14|#14> Slow start · assigned to cy
    • <https://github.com/acme/apollo/issues/13|#13> Dark mode · feature
    • <https://github.com/acme/apollo/issues/12|#12> Login fails

    In the last 7 days: 3 opened.

    Project last changed 22 Nov 2026, 09:00 UTC.
    ");
    sees!(answer(&world, "status \"apollo a\"").await, @r#"
    > *ana*: /pm status "apollo a"

    *Apollo App*: active, no repository.

    Its issues are not known, because it has no repository.

    Project last changed 22 Nov 2026, 09:00 UTC.
    "#);
    sees!(answer(&world, "status apo").await, @"
    > *ana*: /pm status apo

    I do not know which project you mean by “apo”: it could be Apollo (apollo), Apollo App (apollo-app), Apollo Web (apollo-web). Ask again with the full name.
    ");
    world.slack.user("ana").slash("#random", "/pm", "status");
    world.quiet().await;
    sees!(world.talk("#random"), @"
    pm: > *ana*: /pm status
        
        I do not know which project you mean: it could be Apollo, Apollo App, Apollo Web. Name the project.
    ");
    world.finish().await;
}

async fn a_project_without_a_repository_says_so(kind: Kind) {
    let world = World::apollo(kind).await;
    world
        .add_project("Solo", None, Some(("#solo", &world.slack.channel("#solo"))))
        .await;
    sees!(answer(&world, "status solo").await, @"
    > *ana*: /pm status solo

    *Solo*: active, no repository.

    Its issues are not known, because it has no repository.

    Project last changed 22 Nov 2026, 09:00 UTC.
    ");
    world
        .model
        .calls_tool("list_issues", json!({"project": "Solo"}))
        .says("It has no repository.");
    world.slack.user("ana").says("#apollo", "@pm issues of Solo?");
    world.quiet().await;
    world.expects("#apollo", &["It has no repository."]);
    sees!(world.model.told(), @"I cannot look at issues of Solo: it has no repository yet. Ask somebody with rights to the repository to say: set the repository of Solo to owner/name.");
    world.finish().await;
}

async fn github_refusals_are_explained(kind: Kind) {
    let world = World::apollo(kind).await;
    world.github.issue("acme/apollo", 20, "Locked", "").lock();
    world.github.issue("acme/apollo", 21, "Deleted", "").delete();
    let calls = vec![
        ("get_issue", json!({"issue": "#99"})),
        ("get_issue", json!({"issue": "#21"})),
        ("comment_on_issue", json!({"issue": "#20", "text": "hello"})),
    ];
    world.model.calls_tools(calls).says("No luck.");
    world.slack.user("ana").says("#apollo", "@pm try");
    world.quiet().await;
    world.github.revoke_token();
    world
        .model
        .calls_tools(vec![("get_issue", json!({"issue": "#12"}))])
        .says("No luck.");
    world.slack.user("ana").says("#apollo", "@pm try");
    world.quiet().await;
    world.github.restore_token();
    world.expects("#apollo", &["No luck.", "No luck."]);
    let requests = world.model.requests();
    let told: Vec<&str> = [&requests[1], &requests[3]]
        .into_iter()
        .flat_map(|request| request["messages"].as_array().unwrap())
        .filter(|message| message["role"] == "tool")
        .map(|message| message["content"].as_str().unwrap())
        .collect();
    sees!(told.join("\n"), @"
    I could not read acme/apollo#99: GitHub knows no such thing, or does not show it to my account. Check the name and the number, and that my account may see the repository.
    I could not read acme/apollo#21: GitHub says it is gone (This issue was deleted). Choose another issue, or switch issues on in the repository's settings.
    I could not make a post to acme/apollo#20: the conversation is locked. Unlock it and ask again.
    I could not read acme/apollo#12: GitHub does not accept my token; it is wrong, expired or revoked. Have a valid token put into github.token, and me started again.
    ");
    world.finish().await;
}

async fn an_empty_mention_and_an_empty_command_get_help(kind: Kind) {
    let world = World::apollo(kind).await;
    world.slack.user("ana").says("#apollo", "@pm");
    world.quiet().await;
    sees!(world.talk("#apollo"), @"
    ana: <@UPM>
      pm: I am here. Ask me in plain words, for example _what is the status of Apollo?_, or say `help`.
    ");
    sees!(answer(&world, "").await, @"
    > *ana*: /pm

    Ask me in plain words, or use a command:

    • `/pm help [command]`: What I can do, or what one command does
    • `/pm status [project]`: How a project stands: its status, its open issues and pull requests
    • `/pm projects [--page …]`: The projects you may see
    • `/pm project new|show|set|bind|unbind|archive`: A project: make it, look at it, change it, or bind this place to it
    • `/pm issue list|show|new|close|reopen|assign|label|comment`: Issues: read them, open them, change them
    • `/pm pr list|show`: Pull requests: read them
    • `/pm search &lt;words&gt; [--project …] [--in issues|messages] [--page …]`: Issues, pull requests and messages with some words
    • `/pm schedule add|list|next|remove`: A project's status posted by itself, at set times
    • `/pm approve [gate] [reason]`: Agree to what I asked about
    • `/pm reject [gate] [reason]`: Say no to what I asked about
    • `/pm gates [--page …]`: The questions that wait for an answer
    • `/pm topic new|list|back`: What this talk is about, so that I leave out what was said before
    • `/pm why [which]`: How an answer came about: what came in, the rights, each step, and what became of what was sent
    • `/pm whoami [project]`: Which accounts are yours, and what you may do here, and why
    • `/pm link [code]`: Prove that another account is yours, too
    • `/pm unlink [account]`: Make an account a person of its own again
    • `/pm role grant|revoke|list`: What people are in a project
    • `/pm policy [project] [--gates none|irreversible|all_writes] [--two-people yes|no] [--not-requester yes|no] [--approvers …]`: What a project asks its people about before it happens
    • `/pm claim &lt;code&gt;`: Own this Callsheet, with the code from its log
    • `/pm stop`: End what I am working on for you here; in its thread the word alone does it too
    • `/pm budget [project]`: What you and a project have used of the language model, and how much may be
    • `/pm health`: Whether every part of me works

    For example: _what is the status of Apollo?_ or _create an issue “Login fails” for Apollo_.
    ");
    world.finish().await;
}

async fn emoji_alone_are_greeted_or_left_alone(kind: Kind) {
    let world = World::apollo(kind).await;
    let thread = world.slack.user("ana").says("#apollo", "@pm 👋🏽");
    world.quiet().await;
    world.slack.user("ana").replies("#apollo", &thread, "👍");
    world.quiet().await;
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> 👋🏽
      pm: I am here. Ask me in plain words, for example _what is the status of Apollo?_, or say `help`.
      ana: 👍
    ");
    world.finish().await;
}

async fn bots_are_not_answered(kind: Kind) {
    let world = World::apollo(kind).await;
    world
        .slack
        .bot("otherbot")
        .says("#apollo", "<@UPM> hello, fellow bot");
    world.github.user("ci").is_bot();
    world
        .github
        .user("ci")
        .comments("acme/apollo", 12, "@pm build failed");
    world.quiet().await;
    assert_eq!(world.slack.bot_messages("#apollo").len(), 0);
    assert_eq!(world.github.comments("acme/apollo", 12).len(), 1);
    let mut tx = world.db.read().await.unwrap();
    let kept: Vec<String> = inbox::summary(&mut tx)
        .await
        .unwrap()
        .into_iter()
        .map(|(name, meaning, _)| format!("{name} {meaning:?}"))
        .collect();
    sees!(kept.join("\n"), @r#"
    message_posted Some("heard")
    message_posted Some("heard")
    "#);
    drop(tx);
    world.finish().await;
}

async fn an_edited_question_is_not_a_new_one(kind: Kind) {
    let world = World::apollo(kind).await;
    world.model.says("Three.");
    let asked = world.slack.user("ana").says("#apollo", "@pm how many isues?");
    world.quiet().await;
    world
        .slack
        .user("ana")
        .edits("#apollo", &asked, "@pm how many issues?");
    world.slack.link_unfurl(&asked);
    world.quiet().await;
    world.model.says("Four.");
    let comment = world
        .github
        .user("cy")
        .comments("acme/apollo", 12, "@pm and now?");
    world.quiet().await;
    world
        .github
        .user("cy")
        .edits_comment(comment, "@pm and now, please?");
    world.quiet().await;
    sees!(world.talk("#apollo"), @"
    ana [edited]: <@UPM> how many issues?
      pm: Three.
    ");
    sees!(world.issue_talk("acme/apollo", 12), @"
    cy [edited]: @pm and now, please?
    pm-bot: Four.
    ");
    world.finish().await;
}

async fn strange_characters_do_no_harm(kind: Kind) {
    let world = World::apollo(kind).await;
    world
        .model
        .calls_tool(
            "create_project",
            json!({"name": "Nul\u{0}l", "description": "a\u{0}b \u{202e}x"}),
        )
        .says("Made\u{0} it \u{d7ff}.");
    world
        .slack
        .user("ana")
        .says("#apollo", "@pm make \u{0} it\u{7} \u{fffe}\u{202e}👩‍👩‍👧‍👦");
    world.quiet().await;
    let asked = &world.model.requests()[0]["messages"][1]["content"];
    sees!(format!("{asked:?}"), @r#"String("ana: make � it \u{fffe}\u{202e}👩\u{200d}👩\u{200d}👧\u{200d}👦")"#);
    sees!(format!("{:?}", world.model.told()), @r#""Created **Nul�l**: active, no repository.""#);
    sees!(format!("{:?}", world.slack.news("#apollo")), @r#"["Made� it \u{d7ff}."]"#);
    world.model.says("Fine.");
    world
        .github
        .user("cy")
        .comments("acme/apollo", 12, "@pm \u{0}\u{1} zero\u{200b}width \r\n lines");
    world.quiet().await;
    let asked = &world.model.requests()[2]["messages"][1]["content"];
    sees!(format!("{asked:?}"), @r#"String("cy: � zero\u{200b}width \n lines")"#);
    assert_eq!(world.github.comments("acme/apollo", 12).len(), 2);
    world.finish().await;
}

async fn a_channel_we_may_not_post_to_is_answered_privately(kind: Kind) {
    let world = World::apollo(kind).await;
    world.slack.channel("#elsewhere");
    world.slack.remove_bot("#elsewhere");
    world.slack.user("ana").slash("#elsewhere", "/pm", "help status");
    world.quiet().await;
    let posts: Vec<String> = world
        .slack
        .response_url_posts()
        .into_iter()
        .map(|post| post.text)
        .collect();
    sees!(posts.join("\n"), @r#"
    > *ana*: /pm help status

    `/pm status [project]`: How a project stands: its status, its open issues and pull requests.

    • `project`: The project; left out for the one this place belongs to. Quote names of several words.

    For example: `/pm status "Apollo Web"`
    "#);
    world.finish().await;
}

async fn a_dead_answer_is_told_elsewhere(kind: Kind) {
    let world = World::apollo(kind).await;
    world.github.issue("acme/apollo", 20, "Locked", "").lock();
    world.model.says("Nobody.");
    world
        .slack
        .user("ana")
        .says("#apollo", "@pm who is on acme/apollo#20?");
    world.quiet().await;
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> who is on acme/apollo#20?
      pm: Nobody.
      pm: I could not post this answer to acme/apollo#20: the conversation is locked. Unlock it and ask again.
    ");
    world.finish().await;
}

async fn an_outage_of_github_is_no_refusal(kind: Kind) {
    let world = World::apollo(kind).await;
    // Asked when the comment is kept, and when the command is judged.
    for _ in 0..2 {
        let away = crate::support::github::Fault::Status { code: 502 };
        world.github.fault("GET", "/collaborators/cy/permission", away);
    }
    world.github.user("cy").comments("acme/apollo", 12, "@pm status");
    world.quiet().await;
    sees!(world.issue_talk("acme/apollo", 12), @"
    cy: @pm status
    pm-bot: I could not check what cy may do in acme/apollo: GitHub gave no usable answer (GitHub answered with status 502). Ask again in a few minutes; www.githubstatus.com tells how GitHub is.
    ");
    world.finish().await;
}
