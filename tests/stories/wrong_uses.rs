//! A command that is used wrongly is answered; a sentence reaches the model.

use super::commands::{all_given, no_model};
use crate::support::database::Kind;
use crate::support::world::World;
use crate::{sees, stories};

stories![
    a_wrong_use_never_reaches_the_model,
    a_wrong_use_by_name_never_reaches_the_model,
];

async fn a_wrong_use_never_reaches_the_model(kind: Kind) {
    let world = World::apollo(kind).await;
    let lines = [
        "reject foo",
        "gates please",
        "why zzz",
        "health now",
        "whoami please",
    ];
    sees!(all_given(&world, "ana", "#apollo", &lines).await, @r#"
    /pm reject foo
    I could not read this as `reject`: the question comes first, by its number, and then why. It is written like this:

    `/pm reject [gate] [reason]`: Say no to what I asked about.

    • `gate`: The question's number; left out for the only one here.
    • `reason`: Why.

    For example: `/pm reject 7 not before the release`.

    /pm gates please
    I could not read this as `gates`: I do not know what `please` means there; what has several words is quoted. It is written like this:

    `/pm gates [--page …]`: The questions that wait for an answer.

    • `--page`: Which page of a long list.

    For example: `/pm gates`.

    /pm why zzz
    I could not read this as `why`: it is neither a link to a message nor the id of a run. It is written like this:

    `/pm why [which]`: How an answer came about: what came in, the rights, each step, and what became of what was sent.

    • `which`: A link to a message, or the id of a run; left out for the newest request here.

    For example: `/pm why https://acme.slack.com/archives/C0123/p1712345678901200`.

    /pm health now
    I could not read this as `health`: I do not know what `now` means there; what has several words is quoted. It is written like this:

    `/pm health`: Whether every part of me works.

    For example: `/pm health`.

    /pm whoami please
    I could not read this as `whoami`: I do not know what `please` means there; what has several words is quoted. It is written like this:

    `/pm whoami [project]`: Which accounts are yours, and what you may do here, and why.

    • `project`: In which project; left out for the one this place belongs to.

    For example: `/pm whoami apollo`.
    "#);
    no_model(&world);
    world.finish().await;
}

async fn a_wrong_use_by_name_never_reaches_the_model(kind: Kind) {
    let world = World::apollo(kind).await;
    for line in [
        "reject foo",
        "approve it",
        "gates please",
        "health now",
        "whoami please",
    ] {
        world.slack.user("ana").says("#apollo", &format!("@pm {line}"));
        world.quiet().await;
    }
    no_model(&world);
    world.model.says("Fine.").says("Red it is.");
    world
        .slack
        .user("ana")
        .says("#apollo", "@pm status of apollo please");
    world.quiet().await;
    world
        .slack
        .user("ana")
        .says("#apollo", "@pm why is the build red?");
    world.quiet().await;
    assert_eq!(world.model.requests().len(), 2);
    assert!(world.talk("#apollo").contains("Red it is."));
    world.finish().await;
}
