//! Whose accounts are one person's, what people are in a project, and who owns this Callsheet.

use std::time::Duration;

use callsheet::domain::{Gated, Policy, Role};
use serde_json::json;

use crate::support::database::Kind;
use crate::support::world::World;
use crate::{sees, stories};

stories![
    a_word_said_by_the_other_account_links_them,
    a_word_is_shown_in_private_and_works_once_and_not_for_long,
    an_account_goes_its_own_way_again,
    roles_are_given_and_taken_by_those_who_may,
    the_printed_word_makes_the_first_owner,
    the_configuration_names_owners,
    who_owns_a_project_is_decided_by_two,
    one_person_with_two_accounts_is_not_two,
    who_asked_does_not_answer_by_another_account,
    a_policy_is_shown_and_changed_by_owners_alone,
];

/// What the bot said to somebody directly, since the story last looked.
pub(super) fn told(world: &World, user: &str) -> String {
    world.slack.news(&format!("@{user}")).join("\n---\n")
}

/// The word in what was said.
pub(super) fn word(said: &str) -> String {
    let mut words = said.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    words
        .find(|word| word.len() == 14 && word.matches('-').count() == 2)
        .unwrap_or_else(|| panic!("no word in {said}"))
        .to_owned()
}

/// Links a Slack user with the GitHub user of the same name, by what both say.
pub(super) async fn link(world: &World, user: &str) {
    world.slack.user(user).dm("link account");
    world.quiet().await;
    let word = word(&told(world, user));
    world
        .github
        .user(user)
        .comments("acme/apollo", 13, &format!("@pm link {word}"));
    world.quiet().await;
    assert!(told(world, user).contains("said your code"));
}

async fn a_word_said_by_the_other_account_links_them(kind: Kind) {
    let world = World::apollo(kind).await;
    let cy = world.slack.user("cy");
    cy.dm("whoami apollo");
    world.quiet().await;
    sees!(told(&world, "cy"), @"
    You speak with:

    • cy on Slack (`slack:T1/UCY`)

    No other account is linked; `link` shows how.

    In *Apollo* you are nothing by a role.
    ");
    cy.dm("link account");
    world.quiet().await;
    let said = told(&world, "cy");
    let word = word(&said);
    sees!(said.replace(&word, "THE-WORD"), @"Say `link THE-WORD` to me within 30 minutes with your other account: in Slack or on Discord in a direct message or as a command, on GitHub as a comment with my name in front. It works once. Tell it nobody: whoever says it gets your rights.");
    world
        .github
        .user("cy")
        .comments("acme/apollo", 12, &format!("@pm link {}", word.to_lowercase()));
    world.quiet().await;
    sees!(world.issue_talk("acme/apollo", 12).replace(&word.to_lowercase(), "THE-WORD"), @"
    cy: @pm link THE-WORD
    pm-bot: This account and cy on Slack are one person now, with the rights of both. If that is not you, say `unlink` at once: your rights go with you.
    ");
    // GitHub lets cy write, and now we know that this is cy.
    cy.dm("whoami apollo");
    world.slack.user("ana").says("#apollo", "@pm whoami");
    world.quiet().await;
    sees!(told(&world, "cy"), @"
    cy on GitHub (`github:github.com/1004`) said your code, and is one person with you now, with the rights of both. If that is not you, say `unlink github:github.com/1004` at once.
    ---
    You speak with:

    • cy on GitHub (`github:github.com/1004`)
    • cy on Slack (`slack:T1/UCY`)

    In *Apollo* you are a member: member, since GitHub says you may write to its repository.
    ");
    sees!(world.slack.news("#apollo").join("\n"), @"
    You speak with:

    • ana on Slack (`slack:T1/UANA`)

    No other account is linked; `link` shows how.

    In *Apollo* you are a member: member, since you speak at a place that is bound to it.
    ");
    world.finish().await;
}

async fn a_word_is_shown_in_private_and_works_once_and_not_for_long(kind: Kind) {
    let world = World::apollo(kind).await;
    let (ana, ben) = (world.slack.user("ana"), world.slack.user("ben"));
    ana.says("#apollo", "@pm link");
    world.quiet().await;
    sees!(world.slack.news("#apollo").join("\n"), @"I did not show you a code: others can read what I say here, and whoever says the code gets your rights. Ask me in a direct message.");
    ana.dm("link");
    world.quiet().await;
    let first = word(&told(&world, "ana"));
    ana.dm(&format!("link {first}"));
    ben.dm("link 0000-0000-0000");
    world.quiet().await;
    sees!(told(&world, "ana"), @"I linked nothing: this account is linked with ana on Slack already. Say the code with another account.");
    sees!(told(&world, "ben"), @"I linked nothing: this code is not known, was used already, or its time is over. Ask for a new one.");
    ben.dm(&format!("link {first}"));
    world.quiet().await;
    assert!(told(&world, "ben").contains("are one person now"));
    world.slack.user("eve").dm(&format!("link {first}"));
    world.quiet().await;
    assert!(told(&world, "eve").contains("was used already"));
    ana.dm("link");
    world.quiet().await;
    let second = word(&told(&world, "ana"));
    world.pass(Duration::from_secs(30 * 60 + 1)).await;
    world.slack.user("eve").dm(&format!("link {second}"));
    world.quiet().await;
    assert!(told(&world, "eve").contains("its time is over"));
    // Nobody finds a word in what is kept.
    let kept = "SELECT COUNT(*) FROM audit WHERE detail LIKE '%-____-%'";
    assert_eq!(world.database.count(kept).await, 0);
    world.finish().await;
}

async fn an_account_goes_its_own_way_again(kind: Kind) {
    let world = World::apollo(kind).await;
    link(&world, "cy").await;
    let cy = world.slack.user("cy");
    cy.dm("unlink");
    world.quiet().await;
    let _ = world.issue_talk("acme/apollo", 13);
    sees!(told(&world, "cy"), @"cy on Slack (`slack:T1/UCY`) is a person of its own now, apart from cy on GitHub (`github:github.com/1004`). Each has the rights that it was given itself.");
    cy.dm("unlink");
    cy.dm("whoami");
    cy.dm("unlink discord:discord/1");
    cy.dm("unlink me");
    cy.dm("whoami apollo");
    world.quiet().await;
    sees!(told(&world, "cy"), @"
    I unlinked nothing: it is linked with no other account. Nothing needs to be done.
    ---
    You speak with:

    • cy on Slack (`slack:T1/UCY`)

    No other account is linked; `link` shows how.
    ---
    I unlinked nothing: `discord:discord/1` is no account of yours. `whoami` lists yours.
    ---
    I unlinked nothing: it is linked with no other account. Nothing needs to be done.
    ---
    You speak with:

    • cy on Slack (`slack:T1/UCY`)

    No other account is linked; `link` shows how.

    In *Apollo* you are nothing by a role.
    ");
    world.finish().await;
}

async fn roles_are_given_and_taken_by_those_who_may(kind: Kind) {
    let world = World::apollo(kind).await;
    world.grant("ana", "apollo", Role::Owner).await;
    let (ana, ben, cy) = (
        world.slack.user("ana"),
        world.slack.user("ben"),
        world.slack.user("cy"),
    );
    cy.says("#random", "hello");
    // Whoever never spoke to us is not known.
    ana.says("#apollo", "@pm role grant @nobody viewer");
    ben.says("#apollo", "@pm role grant @ben maintainer");
    world.quiet().await;
    ana.says("#apollo", "@pm role grant @ben maintainer");
    world.quiet().await;
    ben.says("#apollo", "@pm whoami");
    ben.says("#apollo", "@pm role grant @ben owner");
    ben.says("#apollo", "@pm role list");
    world.quiet().await;
    ana.says("#apollo", "@pm role revoke @ben");
    world.quiet().await;
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> role grant @nobody viewer
      pm: I do not know anybody by “@nobody”: I know people once they have spoken to me or at a place of mine. Have them say something to me first, and name them by a mention here, or as `github:login`, `slack:T0123/U0456`, `discord:discord/123456` or `github:github.com/123456`.
    ben: <@UPM> role grant <@UBEN> maintainer
      pm: You may not change this role: that takes an owner of the project, and you are a member. Ask an owner of the project; `role list` names them.
    ana: <@UPM> role grant <@UBEN> maintainer
      pm: ben on Slack (`slack:T1/UBEN`) is a maintainer of *Apollo* now.
    ben: <@UPM> whoami
      pm: You speak with:
          
          • ben on Slack (`slack:T1/UBEN`)
          
          No other account is linked; `link` shows how.
          
          In *Apollo* you are a maintainer: maintainer, since somebody made you one; member, since you speak at a place that is bound to it.
    ben: <@UPM> role grant <@UBEN> owner
      pm: You may not change this role: that takes an owner of the project, and you are a maintainer. Ask an owner of the project; `role list` names them.
    ben: <@UPM> role list
      pm: • ana: owner
          • ben: maintainer
          • whoever speaks in #apollo: member
          • whoever may write to the repository on GitHub: member
          • who owns this Callsheet, and the shell: owner
    ana: <@UPM> role revoke <@UBEN>
      pm: ben on Slack (`slack:T1/UBEN`) has no role in *Apollo* any more. What GitHub and bound places give stays; `whoami` shows that.
    ");
    let noted = "SELECT COUNT(*) FROM audit WHERE action = 'role.set' AND result = 'refused'";
    assert_eq!(world.database.count(noted).await, 2);
    world.finish().await;
}

async fn the_printed_word_makes_the_first_owner(kind: Kind) {
    let mut world = World::new(kind).await;
    world.prepare_apollo().await;
    world.start().await;
    let word = world.program().claim.clone().unwrap();
    let (ana, ben) = (world.slack.user("ana"), world.slack.user("ben"));
    ben.dm("claim 0000-0000-0000");
    world.quiet().await;
    sees!(told(&world, "ben"), @"You own nothing by this: this code is not known, was used already, or its time is over. Say the one that Callsheet printed when it was started last: each start prints a new one, until somebody owns it.");
    ana.dm(&format!("claim {word}"));
    world.quiet().await;
    ana.dm("whoami");
    ana.dm("role list apollo");
    ben.dm(&format!("claim {word}"));
    world.quiet().await;
    sees!(told(&world, "ana"), @"
    You own this Callsheet now, and so every project in it. `role grant` gives others a part.
    ---
    You speak with:

    • ana on Slack (`slack:T1/UANA`)

    No other account is linked; `link` shows how.

    You own this Callsheet.
    ---
    • whoever speaks in #apollo: member
    • whoever may write to the repository on GitHub: member
    • who owns this Callsheet, and the shell: owner
    ");
    assert!(told(&world, "ben").contains("You own nothing by this"));
    // Somebody owns it, so that no further word is made.
    world.stop().await;
    world.start().await;
    assert_eq!(world.program().claim, None);
    world.finish().await;
}

async fn the_configuration_names_owners(kind: Kind) {
    let mut world = World::new(kind).await;
    world.prepare_apollo().await;
    let account = format!("slack:{}/{}", world.slack.team(), world.slack.user("ana").id());
    world
        .settings
        .insert("CALLSHEET__PEOPLE__OWNERS".to_owned(), account);
    world.start().await;
    assert_eq!(world.program().claim, None);
    let ana = world.slack.user("ana");
    ana.dm("whoami");
    world.quiet().await;
    sees!(told(&world, "ana"), @"
    You speak with:

    • ana on Slack (`slack:T1/UANA`)

    No other account is linked; `link` shows how.

    You own this Callsheet.
    ");
    world.stop().await;
    world.settings.remove("CALLSHEET__PEOPLE__OWNERS");
    world.start().await;
    assert!(world.program().claim.is_some());
    ana.dm("whoami");
    world.quiet().await;
    assert!(!told(&world, "ana").contains("You own"));
    world.finish().await;
}

/// What cannot be taken back takes two people here, and Ana and Cy have linked accounts.
pub(super) async fn two(kind: Kind) -> World {
    let world = World::apollo(kind).await;
    for user in ["ana", "ben", "cy"] {
        world.grant(user, "apollo", Role::Owner).await;
    }
    let policy = Policy {
        two_people: true,
        ..Policy::default()
    };
    world.ask_about("apollo", policy).await;
    link(&world, "ana").await;
    link(&world, "cy").await;
    let _ = world.issue_talk("acme/apollo", 13);
    world.pass(Duration::from_secs(60)).await;
    world.slack.user("dan").says("#apollo", "hello");
    world.quiet().await;
    world
        .slack
        .user("ben")
        .says("#apollo", "@pm role grant @dan owner");
    world.quiet().await;
    world
}

const OWNERS: &str = "SELECT COUNT(*) FROM roles WHERE role = 'owner'";

async fn who_owns_a_project_is_decided_by_two(kind: Kind) {
    let world = two(kind).await;
    let (ana, ben, cy) = (
        world.slack.user("ana"),
        world.slack.user("ben"),
        world.slack.user("cy"),
    );
    let before = world.database.count(OWNERS).await;
    ana.says("#apollo", "@pm approve 1");
    world.quiet().await;
    ben.says("#apollo", "@pm approve 1");
    ana.says("#apollo", "@pm approve 1");
    world.quiet().await;
    assert_eq!(world.database.count(OWNERS).await, before);
    cy.says("#apollo", "@pm approve 1");
    world.quiet().await;
    sees!(world.talk("#apollo"), @"
    dan: hello
    ben: <@UPM> role grant <@UDAN> owner
      pm [edited]: *Question 1*, asked for by *ben*
          
          Make `dan` (`slack:T1/UDAN`) an owner of Apollo. Until now: nothing.
          
          *Approved* by ana, cy (22 Nov 2026, 09:01 UTC).
      pm [edited]: dan on Slack (`slack:T1/UDAN`) is an owner of *Apollo* now.
    ana: <@UPM> approve 1
      pm: Counted for question 1; it takes 1 more.
    ben: <@UPM> approve 1
      pm: I did not count your answer: this takes another person than whoever asked or agreed before, so only those count whose accounts are proved to be one person's. Link your accounts with `link`, and answer again.
    ana: <@UPM> approve 1
      pm: I counted one answer of yours to question 1: each person has one. Somebody else may answer.
    cy: <@UPM> approve 1
      pm: Question 1: *Approved* by ana, cy (22 Nov 2026, 09:01 UTC).
    ");
    assert_eq!(world.database.count(OWNERS).await, before + 1);
    world.finish().await;
}

async fn one_person_with_two_accounts_is_not_two(kind: Kind) {
    let world = two(kind).await;
    let before = world.database.count(OWNERS).await;
    let ana = world.slack.user("ana");
    ana.says("#apollo", "@pm approve 1");
    world.quiet().await;
    world
        .github
        .user("ana")
        .may("write", "acme/apollo")
        .comments("acme/apollo", 13, "/approve 1");
    world.quiet().await;
    // Taken apart and put together with a third account, they are still no second person.
    ana.dm("unlink");
    world.quiet().await;
    let _ = told(&world, "ana");
    world.slack.user("eve").dm("link");
    world.quiet().await;
    let word = word(&told(&world, "eve"));
    world
        .github
        .user("ana")
        .comments("acme/apollo", 13, &format!("@pm link {word}"));
    world.quiet().await;
    let _ = told(&world, "eve");
    world.github.user("ana").comments("acme/apollo", 13, "/approve 1");
    world.quiet().await;
    let talk = world.issue_talk("acme/apollo", 13);
    let (_, answers) = talk.split_once("ana: /approve 1").unwrap();
    let said = |line: &&str| !line.contains("link ") && !line.contains("one person now");
    let answers: Vec<&str> = answers.lines().filter(said).collect();
    sees!(answers.join("\n"), @"

    pm-bot: I counted one answer of yours to question 1: each person has one. Somebody else may answer.
    ana: /approve 1
    pm-bot: I did not count your answer: this takes another person than whoever asked or agreed before, so only those count whose accounts are proved to be one person's. Link your accounts with `link`, and answer again.
    ");
    let _ = world.slack.news("#apollo");
    assert_eq!(world.database.count(OWNERS).await, before);
    world.finish().await;
}

async fn who_asked_does_not_answer_by_another_account(kind: Kind) {
    let world = World::apollo(kind).await;
    let policy = Policy {
        gates: Gated::AllWrites,
        not_requester: true,
        ..Policy::default()
    };
    world.ask_about("apollo", policy).await;
    world.model.calls_tool(
        "update_issue",
        json!({"issue": "acme/apollo#12", "add_labels": ["bug"]}),
    );
    world
        .slack
        .user("cy")
        .says("#apollo", "@pm label 12 of Apollo as a bug");
    world.quiet().await;
    link(&world, "cy").await;
    world.github.user("cy").comments("acme/apollo", 13, "/approve 1");
    world.quiet().await;
    world.slack.user("cy").dm("unlink");
    world.quiet().await;
    world.github.user("cy").comments("acme/apollo", 13, "/approve 1");
    world.quiet().await;
    let talk = world.issue_talk("acme/apollo", 13);
    assert_eq!(talk.matches("you asked for it yourself").count(), 2, "{talk}");
    assert_eq!(
        world.github.get_issue("acme/apollo", 12).labels,
        Vec::<String>::new()
    );
    world.slack.user("ana").says("#apollo", "@pm reject 1");
    world.model.says("It was not wanted.");
    world.quiet().await;
    let talk = world.talk("#apollo");
    assert!(talk.contains("*Rejected* by ana"), "{talk}");
    let _ = told(&world, "cy");
    world.finish().await;
}

async fn a_policy_is_shown_and_changed_by_owners_alone(kind: Kind) {
    let world = World::apollo(kind).await;
    let (ana, ben) = (world.slack.user("ana"), world.slack.user("ben"));
    ana.says("#apollo", "@pm policy");
    ana.says("#apollo", "@pm policy --gates none");
    ben.says("#apollo", "hello");
    world.quiet().await;
    world.grant("ana", "apollo", Role::Owner).await;
    ana.says(
        "#apollo",
        "@pm policy --gates all_writes --two-people yes --not-requester yes --approvers ana,ben",
    );
    world.quiet().await;
    ana.says("#apollo", "@pm policy --gates all");
    world.quiet().await;
    ana.says("#apollo", "@pm policy --gates irreversible");
    world.quiet().await;
    sees!(world.talk("#apollo"), @"
    ana: <@UPM> policy
      pm: What *Apollo* asks about:
          
          • what cannot be taken back waits for an answer (`--gates irreversible`)
          • one answer is enough (`--two-people no`)
          • who asked for a change may answer it (`--not-requester no`)
          • members, maintainers and owners answer (`--approvers anyone`)
          • what I decide beyond what was asked, and what I do after reading what strangers wrote, waits for an answer always
    ana: <@UPM> policy --gates none
      pm: You may not change what this project asks about: that takes an owner of the project, and you are a member. Ask an owner of the project; `role list` names them.
    ben: hello
    ana: <@UPM> policy --gates all_writes --two-people yes --not-requester yes --approvers ana,ben
      pm: Changed what *Apollo* asks about: every change waits for an answer (`--gates all_writes`); what cannot be taken back takes two people, each with a linked account (`--two-people yes`); who asked for a change does not answer it (`--not-requester yes`); only ana, ben answer (`--approvers`).
    ana: <@UPM> policy --gates all
      pm: Apollo asks as before: it is like that already. Nothing needs to be done.
    ana: <@UPM> policy --gates irreversible
      pm: *Question 1*, asked for by *ana*
          
          Change what Apollo asks about:
          
          • what cannot be taken back waits for an answer (`--gates irreversible`)
          
          Until now:
          
          • every change waits for an answer (`--gates all_writes`)
          
          It waits because this project wants to be asked before every change. If approved, I do exactly this, at once. Who may answer: the people that the project names, 2 different ones, with linked accounts, but not who asked for it; until 23 Nov 2026, 09:00 UTC, after which the answer is no. Press a button, or say `reject 1 why` to give a reason.
          [Approve] [Reject]
      pm: _waiting for an answer to question 1 …_
    ");
    world.finish().await;
}
