//! The contracts of the fake worlds: that they refuse what the real platforms refuse.

use std::future::Future;
use std::pin::Pin;

use libtest_mimic::Trial;

use crate::support::{discord, github, model, slack};

type Case = fn() -> Pin<Box<dyn Future<Output = ()> + Send>>;

macro_rules! slack_cases {
    ($($case:ident),* $(,)?) => {
        [$((stringify!($case), (|| Box::pin(slack::contract::$case())) as Case)),*]
    };
}

/// Every contract case, named by its world.
pub(crate) fn trials() -> Vec<Trial> {
    let slack_cases: [(&str, Case); 21] = slack_cases![
        tokens_and_scopes_are_checked,
        arguments_are_checked,
        posts_are_refused_where_slack_refuses,
        edits_are_refused_where_slack_refuses,
        threads_follow_their_root,
        history_comes_in_pages,
        history_keeps_to_its_bounds,
        people_and_conversations_are_described,
        typed_text_is_written_as_slack_does,
        response_urls_wear_out,
        faults_show_on_the_wire,
        late_and_held_effects_keep_their_time,
        the_real_client_calls,
        the_real_client_sees_faults,
        the_real_client_listens,
        events_survive_sockets,
        requests_are_signed,
        events_are_tried_again,
        commands_and_clicks_are_sent_once,
        buttons_are_checked,
        tasks_end_with_the_fake,
    ];
    let slack = slack_cases.into_iter().map(|case| ("slack", case));
    let github = github::contract::CASES
        .iter()
        .map(|(name, case)| ("github", (*name, *case as Case)));
    let discord = discord::contract::CASES
        .iter()
        .map(|(name, case)| ("discord", (*name, *case as Case)));
    let model = model::contract::CASES
        .iter()
        .map(|(name, case)| ("model", (*name, *case as Case)));
    let trial = |(world, (name, case)): (&str, (&str, Case))| {
        Trial::test(format!("worlds::{world}::{name}"), move || {
            crate::run(case());
            Ok(())
        })
    };
    slack
        .chain(github)
        .chain(discord)
        .chain(model)
        .map(trial)
        .collect()
}
