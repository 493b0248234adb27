//! Schedules, as people keep them in chat, on an issue and at the shell.

use std::collections::HashMap;

use super::ask::{program, said};
use super::digests::{digests, wait_until};
use crate::support::database::Kind;
use crate::support::world::World;
use crate::{sees, stories};

stories![
    ana_keeps_schedules_in_slack,
    cy_keeps_schedules_on_an_issue_and_dan_may_not,
    schedules_are_kept_from_the_shell_too,
    what_is_wrong_with_the_times_is_said,
    who_and_where_is_checked,
];

async fn ana_keeps_schedules_in_slack(kind: Kind) {
    let world = World::apollo(kind).await;
    let ana = world.slack.user("ana");
    ana.slash(
        "#apollo",
        "/pm",
        "schedule add apollo \"0 9 * * mon-fri\" Europe/Berlin",
    );
    world.quiet().await;
    // In a message the stars are no emphasis, and the place is the channel, not the thread.
    ana.says("#apollo", "@pm schedule add apollo */30 9-17 * * fri");
    world.quiet().await;
    ana.slash("#apollo", "/pm", "schedule next");
    world.quiet().await;
    wait_until(&world, "2026-11-23T08:00").await;
    ana.slash("#apollo", "/pm", "schedule list");
    world.quiet().await;
    ana.slash("#apollo", "/pm", "schedule remove 2");
    world.quiet().await;
    ana.slash("#apollo", "/pm", "schedule next 2");
    world.quiet().await;
    ana.slash("#apollo", "/pm", "schedule next 1");
    world.quiet().await;
    sees!(world.talk("#apollo"), @r#"
    pm: > *ana*: /pm schedule add apollo "0 9 * * mon-fri" Europe/Berlin
        
        Schedule *1* posts the status of Apollo to #apollo, `0 9 * * mon-fri` Europe/Berlin. It is due first on Mon 23 Nov 2026, 09:00 Europe/Berlin (Mon 08:00 UTC).
    ana: <@UPM> schedule add apollo */30 9-17 * * fri
      pm: Schedule *2* posts the status of Apollo to #apollo, `*/30 9-17 * * fri` UTC. It is due first on Fri 27 Nov 2026, 09:00 UTC. You named no time zone, so its times are UTC; add one at the end, like `Europe/Berlin`, for others.
    pm: > *ana*: /pm schedule next
        
        • *1*: Mon 23 Nov 2026, 09:00 Europe/Berlin (Mon 08:00 UTC)
        • *1*: Tue 24 Nov 2026, 09:00 Europe/Berlin (Tue 08:00 UTC)
        • *1*: Wed 25 Nov 2026, 09:00 Europe/Berlin (Wed 08:00 UTC)
        • *1*: Thu 26 Nov 2026, 09:00 Europe/Berlin (Thu 08:00 UTC)
        • *1*: Fri 27 Nov 2026, 09:00 Europe/Berlin (Fri 08:00 UTC)
    pm: *Status of Apollo* · Mon 23 Nov 2026, 09:00 Europe/Berlin
        
        *Apollo*: active, <https://github.com/acme/apollo|acme/apollo>.
        
        3 issues and 0 pull requests are open. Changed last:
        
        • <https://github.com/acme/apollo/issues/14|#14> Slow start · assigned to cy
        • <https://github.com/acme/apollo/issues/13|#13> Dark mode · feature
        • <https://github.com/acme/apollo/issues/12|#12> Login fails
        
        In the last 7 days: 3 opened.
        
        Project last changed 22 Nov 2026, 09:00 UTC.
        [Refresh]
    pm: > *ana*: /pm schedule list
        
        • *1*: Apollo to #apollo, `0 9 * * mon-fri` Europe/Berlin. Next Tue 24 Nov 2026, 09:00 Europe/Berlin. Last Mon 23 Nov 2026, 09:00 Europe/Berlin: posted
        • *2*: Apollo to #apollo, `*/30 9-17 * * fri` UTC. Next Fri 27 Nov 2026, 09:00 UTC
    pm: > *ana*: /pm schedule remove 2
        
        Removed schedule *2*: Apollo to #apollo, `*/30 9-17 * * fri` UTC.
    pm: > *ana*: /pm schedule next 2
        
        I do not know a schedule 2: there is none with that number that you may see here. `schedule list` shows those there are.
    pm: > *ana*: /pm schedule next 1
        
        • *1*: Tue 24 Nov 2026, 09:00 Europe/Berlin (Tue 08:00 UTC)
        • *1*: Wed 25 Nov 2026, 09:00 Europe/Berlin (Wed 08:00 UTC)
        • *1*: Thu 26 Nov 2026, 09:00 Europe/Berlin (Thu 08:00 UTC)
        • *1*: Fri 27 Nov 2026, 09:00 Europe/Berlin (Fri 08:00 UTC)
        • *1*: Mon 30 Nov 2026, 09:00 Europe/Berlin (Mon 08:00 UTC)
    "#);
    let digest = &digests(&world, "#apollo");
    assert_eq!(digest.len(), 1, "{digest:?}");
    world.finish().await;
}

async fn cy_keeps_schedules_on_an_issue_and_dan_may_not(kind: Kind) {
    let world = World::apollo(kind).await;
    let (cy, dan) = (world.github.user("cy"), world.github.user("dan"));
    for line in [
        "@pm schedule add apollo `0 9 * * *` America/New_York",
        "@pm schedule add apollo `0 9 * * *` America/New_York",
    ] {
        cy.comments("acme/apollo", 12, line);
        world.quiet().await;
    }
    for line in [
        "@pm schedule add @daily",
        "@pm schedule list",
        "@pm schedule remove 1",
    ] {
        dan.comments("acme/apollo", 12, line);
        world.quiet().await;
    }
    wait_until(&world, "2026-11-22T14:00").await;
    cy.comments("acme/apollo", 12, "@pm schedule remove 1");
    world.quiet().await;
    sees!(world.issue_talk("acme/apollo", 12), @r#"
    cy: @pm schedule add apollo `0 9 * * *` America/New_York
    pm-bot: Schedule **1** posts the status of Apollo to acme/apollo#12, `0 9 * * *` America/New_York. It is due first on Sun 22 Nov 2026, 09:00 America/New_York (Sun 14:00 UTC).
    cy: @pm schedule add apollo `0 9 * * *` America/New_York
    pm-bot: I could not make this schedule: schedule 1 posts the same at the same times already. Nothing needs to be done.
    dan: @pm schedule add @daily
    pm-bot: You may not change this project's schedules: on GitHub that takes write permission to the repository. Ask a maintainer of the repository to do it, or to give you write access.
    dan: @pm schedule list
    pm-bot: There is no schedule that you may see here. To make one: `schedule add apollo "0 9 * * mon-fri" Europe/Berlin`
    dan: @pm schedule remove 1
    pm-bot: I do not know a schedule 1: there is none with that number that you may see here. `schedule list` shows those there are.
    pm-bot: **Status of Apollo** · Sun 22 Nov 2026, 09:00 America/New_York
        
        **Apollo**: active, [acme/apollo](https://github.com/acme/apollo).
        
        3 issues and 0 pull requests are open. Changed last:
        
        - [#12](https://github.com/acme/apollo/issues/12) Login fails
        - [#14](https://github.com/acme/apollo/issues/14) Slow start · assigned to cy
        - [#13](https://github.com/acme/apollo/issues/13) Dark mode · feature
        
        In the last 7 days: 3 opened, 5 comments.
        
        Project last changed 22 Nov 2026, 09:00 UTC.
    cy: @pm schedule remove 1
    pm-bot: Removed schedule **1**: Apollo to acme/apollo#12, `0 9 * * *` America/New_York.
    "#);
    world.finish().await;
}

/// Asks with the built program, which knows the worlds.
pub(crate) async fn asked(world: &World, folder: &std::path::Path, text: &str) -> String {
    let mut command = program(folder, &world.database, world.kind);
    let settings: HashMap<String, String> = world.settings.clone();
    command.envs(settings).args(["ask", text]);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    said(&output)
}

/// The same, without moments to come.
async fn ask(world: &World, folder: &std::path::Path, text: &str) -> String {
    let text = asked(world, folder, text).await;
    // The program goes by the machine's clock.
    let cut = ["It is due first", ". Next "]
        .iter()
        .filter_map(|words| text.find(words))
        .min();
    cut.map_or(text.clone(), |at| text[..at].to_owned())
}

async fn schedules_are_kept_from_the_shell_too(kind: Kind) {
    let world = World::new(kind).await;
    world.prepare_apollo().await;
    let folder = tempfile::tempdir().unwrap();
    let mut seen = Vec::new();
    for line in [
        "/pm schedule add apollo @daily",
        "/pm schedule add apollo @daily --place #apollo",
        "/pm schedule add apollo @daily --place #99",
        "/pm schedule add apollo @daily --place #random",
        "/pm schedule add apollo @daily Europe/Berlin --place #12",
        "/pm schedule list",
        "/pm schedule remove 2",
        "/pm schedule remove 2",
    ] {
        seen.push(format!("$ {line}\n{}", ask(&world, folder.path(), line).await));
    }
    sees!(seen.join("\n"), @"
    $ /pm schedule add apollo @daily
    exit 1
    I could not make this schedule: nobody may be at the shell when it is due. Name a place, for example --place #general for a channel that is bound to the project, or --place #12 for an issue of its repository.
    $ /pm schedule add apollo @daily --place #apollo
    exit 0
    Schedule 1 posts the status of Apollo to #apollo, @daily UTC. 
    $ /pm schedule add apollo @daily --place #99
    exit 1
    I could not find acme/apollo#99: GitHub knows no such thing, or does not show it to my account. Check the name and the number, and that my account may see the repository.
    $ /pm schedule add apollo @daily --place #random
    exit 1
    I do not know a place “#random” of Apollo: its places are #apollo. Name one of its places, or one of its issues, like #12.
    $ /pm schedule add apollo @daily Europe/Berlin --place #12
    exit 0
    Schedule 2 posts the status of Apollo to acme/apollo#12, @daily Europe/Berlin. 
    $ /pm schedule list
    exit 0
    - 1: Apollo to #apollo, @daily UTC
    $ /pm schedule remove 2
    exit 0
    Removed schedule 2: Apollo to acme/apollo#12, @daily Europe/Berlin.
    $ /pm schedule remove 2
    exit 1
    I do not know a schedule 2: there is none with that number that you may see here. schedule list shows those there are.
    ");
    let next = ask(&world, folder.path(), "/pm schedule next 1").await;
    assert_eq!(next.matches("00:00 UTC").count(), 5, "{next}");
    world.finish().await;
}

async fn what_is_wrong_with_the_times_is_said(kind: Kind) {
    let world = World::apollo(kind).await;
    let ana = world.slack.user("ana");
    for line in [
        "schedule add apollo 0 25 * * *",
        "schedule add apollo 0 9 * *",
        "schedule add apollo * * * * *",
        "schedule add apollo 0 9 30 2 *",
        "schedule add apollo 0 9 * * mon Berlin",
        "schedule add apollo @daily Europe/Berlin tomorrow",
        "schedule add apollo @daily --zon UTC",
        "schedule add apollo",
    ] {
        ana.slash("#apollo", "/pm", line);
        world.quiet().await;
    }
    sees!(world.talk("#apollo"), @r#"
    pm: > *ana*: /pm schedule add apollo 0 25 * * *
        
        I could not read `0 25 * * *` as times: the hour `25` is not between 0 and 23. Write five fields (minute, hour, day, month, weekday), for example `0 9 * * mon-fri` for 09:00 on working days, or `@daily`.
    pm: > *ana*: /pm schedule add apollo 0 9 * *
        
        I could not read `0 9 * *` as times: it has 4 fields, and I read five: minute, hour, day of the month, month, weekday. Write five fields (minute, hour, day, month, weekday), for example `0 9 * * mon-fri` for 09:00 on working days, or `@daily`.
    pm: > *ana*: /pm schedule add apollo * * * * *
        
        I could not read `* * * * *` as times: two of its times are 1 min apart, and there must be at least 5 min between two. Write five fields (minute, hour, day, month, weekday), for example `0 9 * * mon-fri` for 09:00 on working days, or `@daily`.
    pm: > *ana*: /pm schedule add apollo 0 9 30 2 *
        
        I could not read `0 9 30 2 *` as times: there is no such day in any year. Write five fields (minute, hour, day, month, weekday), for example `0 9 * * mon-fri` for 09:00 on working days, or `@daily`.
    pm: > *ana*: /pm schedule add apollo 0 9 * * mon Berlin
        
        I could not read `0 9 * * mon` as times: I do not know the time zone `Berlin`; the nearest I know is `Europe/Berlin`. Write a zone of the IANA database, for example `Europe/Berlin` or `UTC`.
    pm: > *ana*: /pm schedule add apollo @⟨⟩daily Europe/Berlin tomorrow
        
        I do not know what “tomorrow” means here: I read `@daily` as the times. Write the times in quotes, then the time zone, like `schedule add apollo "0 9 * * mon-fri" Europe/Berlin`.
    pm: > *ana*: /pm schedule add apollo @⟨⟩daily --zon UTC
        
        I could not read this as `schedule add`: there is no option `--zon`. It is written like this:
        
        `/pm schedule add [project] [when] [--zone …] [--place …]`: Post a project's status at set times.
        
        • `project`: The project; left out for the one this place belongs to.
        • `when`: The times as a cron expression (minute, hour, day of the month, month, weekday) or one of @hourly, @daily, @weekly, @monthly, @yearly; the time zone may follow.
        • `--zone`: The time zone, like Europe/Berlin; UTC when none is named.
        • `--place`: Where to post: a channel of the project like #general, or an issue like #12; here when none is named.
        
        For example: `/pm schedule add apollo "0 9 * * mon-fri" Europe/Berlin`.
    pm: > *ana*: /pm schedule add apollo
        
        I do not know when to post: you named no times. Write five fields (minute, hour, day, month, weekday), for example `0 9 * * mon-fri` for 09:00 on working days, or `@daily`.
    "#);
    assert_eq!(world.model.requests().len(), 0, "none of it went to the agent");
    world.finish().await;
}

async fn who_and_where_is_checked(kind: Kind) {
    let world = World::apollo(kind).await;
    world.slack.channel("#random");
    let ana = world.slack.user("ana");
    for line in [
        "schedule add hermes @daily",
        "schedule add apollo @daily --place #nowhere",
        "schedule add apollo @daily --place globex/secret#1",
        "schedule remove 7",
        "schedule list hermes",
        "schedule list",
    ] {
        ana.slash("#apollo", "/pm", line);
        world.quiet().await;
    }
    sees!(world.talk("#apollo"), @r#"
    pm: > *ana*: /pm schedule add hermes @⟨⟩daily
        
        I do not know a project “hermes”: the projects you may see here are Apollo (apollo). Check the name, or ask me to create the project.
    pm: > *ana*: /pm schedule add apollo @⟨⟩daily --place #nowhere
        
        I do not know a place “#nowhere” of Apollo: its places are #apollo. Name one of its places, or one of its issues, like #12.
    pm: > *ana*: /pm schedule add apollo @⟨⟩daily --place globex/secret#1
        
        I could not make this schedule: its place is no issue in the repository of Apollo. Name an issue of that repository, like `--place #12`, or a place that is bound to the project.
    pm: > *ana*: /pm schedule remove 7
        
        I do not know a schedule 7: there is none with that number that you may see here. `schedule list` shows those there are.
    pm: > *ana*: /pm schedule list hermes
        
        I do not know a project “hermes”: the projects you may see here are Apollo (apollo). Check the name, or ask me to create the project.
    pm: > *ana*: /pm schedule list
        
        There is no schedule that you may see here. To make one: `schedule add apollo "0 9 * * mon-fri" Europe/Berlin`
    "#);
    world
        .slack
        .user("ben")
        .slash("#random", "/pm", "schedule add apollo @daily");
    world.quiet().await;
    sees!(world.talk("#random"), @"
    pm: > *ben*: /pm schedule add apollo @⟨⟩daily
        
        You may not change this project's schedules: this place is not bound to the project. Ask in a channel that is bound to it, or have a maintainer of the project bind this one.
    ");
    assert_eq!(world.model.requests().len(), 0, "none of it went to the agent");
    world.finish().await;
}
