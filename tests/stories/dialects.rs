//! One question, asked on Slack, on Discord and on an issue: the same facts, each in the place's own way of writing.

use serde_json::json;

use crate::support::database::Kind;
use crate::support::world::World;
use crate::{sees, stories};

stories![
    one_command_gives_the_same_facts_in_three_dialects,
    one_question_gets_the_same_answer_in_three_dialects,
];

async fn one_command_gives_the_same_facts_in_three_dialects(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    world.slack.user("ana").says("#apollo", "@pm status apollo");
    world.discord.user("ana").says("#apollo", "@pm status apollo");
    world
        .github
        .user("cy")
        .comments("acme/apollo", 12, "@pm status apollo");
    // Later, the comments have changed the issue.
    world
        .now("all three answers", |world| {
            let comments = world.github.comments("acme/apollo", 12);
            let slack = world.slack.bot_messages("#apollo").len();
            let discord = world.discord.bot_messages("#apollo").len();
            slack == 1 && discord == 1 && comments.len() == 2
        })
        .await;
    world.quiet().await;
    assert_eq!(world.model.requests().len(), 0);
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> status apollo
      pm: *Apollo*: active, <https://github.com/acme/apollo|acme/apollo>.
          
          3 issues and 0 pull requests are open. Changed last:
          
          • <https://github.com/acme/apollo/issues/14|#14> Slow start · assigned to cy
          • <https://github.com/acme/apollo/issues/13|#13> Dark mode · feature
          • <https://github.com/acme/apollo/issues/12|#12> Login fails
          
          In the last 7 days: 3 opened, 1 comment.
          
          Project last changed 22 Nov 2026, 09:00 UTC.
          [Refresh]
    ");
    sees!(world.discord_talk("#apollo"), @"
    ana: @pm status apollo
    pm [reply]: **Apollo**: active, [acme/apollo](https://github.com/acme/apollo).
        
        3 issues and 0 pull requests are open. Changed last:
        
        - [#14](https://github.com/acme/apollo/issues/14) Slow start · assigned to cy
        - [#13](https://github.com/acme/apollo/issues/13) Dark mode · feature
        - [#12](https://github.com/acme/apollo/issues/12) Login fails
        
        In the last 7 days: 3 opened, 1 comment.
        
        Project last changed 22 Nov 2026, 09:00 UTC. [Refresh]
    ");
    sees!(world.issue_talk("acme/apollo", 12), @"
    cy: @pm status apollo
    pm-bot: **Apollo**: active, [acme/apollo](https://github.com/acme/apollo).
        
        3 issues and 0 pull requests are open. Changed last:
        
        - [#14](https://github.com/acme/apollo/issues/14) Slow start · assigned to cy
        - [#13](https://github.com/acme/apollo/issues/13) Dark mode · feature
        - [#12](https://github.com/acme/apollo/issues/12) Login fails
        
        In the last 7 days: 3 opened, 1 comment.
        
        Project last changed 22 Nov 2026, 09:00 UTC.
    ");
    world.finish().await;
}

#[expect(clippy::too_many_lines, reason = "one answer, shown three times")]
async fn one_question_gets_the_same_answer_in_three_dialects(kind: Kind) {
    let world = World::apollo_on_discord(kind).await;
    let answer = "# Apollo\n\n**Three** issues are *open*, ~~two~~ see [the list](https://github.com/acme/apollo/issues):\n\n\
        1. Login fails\n   - `500` since Tuesday\n2. Dark mode\n\n| who | issues |\n|---|---|\n| cy | 1 |\n\n\
        ```rust\nfn login() {}\n```\n\n> @everyone look, & <b>hurry</b>";
    let question = "what is open?";
    for _ in 0..3 {
        world.model.calls_tool("list_issues", json!({})).says(answer);
    }
    world
        .slack
        .user("ana")
        .says("#apollo", &format!("@pm {question}"));
    world.quiet().await;
    world
        .discord
        .user("ana")
        .says("#apollo", &format!("@pm {question}"));
    world.quiet().await;
    world
        .github
        .user("cy")
        .comments("acme/apollo", 12, &format!("@pm {question}"));
    world.quiet().await;
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> what is open?
      pm: *Apollo*
          
          *Three* issues are _open_, ~two~ see <https://github.com/acme/apollo/issues|the list>:
          
          1. Login fails
              • `500` since Tuesday
          2. Dark mode
          
          ```
          who  issues
          ---  ------
          cy   1
          ```
          
          ```
          fn login() {}
          ```
          
          > @⟨⟩everyone look, &amp; &lt;b&gt;hurry&lt;/b&gt;
    ");
    sees!(world.discord_talk("#apollo"), @"
    ana: @pm what is open?
    pm [reply]: # Apollo
        
        **Three** issues are *open*, ~~two~~ see [the list](https://github.com/acme/apollo/issues):
        
        1. Login fails
           - `500` since Tuesday
        2. Dark mode
        
        ```
        who  issues
        ---  ------
        cy   1
        ```
        
        ```rust
        fn login() {}
        ```
        
        > @⟨⟩everyone look, & <b>hurry</b>
    ");
    sees!(world.issue_talk("acme/apollo", 12).replace('\u{200b}', "⟨⟩"), @"
    cy: @pm what is open?
    pm-bot: # Apollo
        
        **Three** issues are *open*, ~~two~~ see [the list](https://github.com/acme/apollo/issues):
        
        1. Login fails
           - `500` since Tuesday
        2. Dark mode
        
        | who | issues |
        |---|---|
        | cy | 1 |
        
        ```rust
        fn login() {}
        ```
        
        > @⟨⟩everyone look, & &lt;b>hurry&lt;/b>
    ");
    world.finish().await;
}
