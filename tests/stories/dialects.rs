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
    world.quiet().await;
    assert_eq!(world.model.requests().len(), 0);
    sees!(world.talk("#apollo"), @"");
    sees!(world.discord_talk("#apollo"), @"");
    sees!(world.issue_talk("acme/apollo", 12), @"");
    world.finish().await;
}

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
    sees!(world.talk("#apollo"), @"");
    sees!(world.discord_talk("#apollo"), @"");
    sees!(world.issue_talk("acme/apollo", 12), @"");
    world.finish().await;
}
