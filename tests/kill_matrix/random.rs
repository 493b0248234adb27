//! Random moments: several people ask at once, and the program ends somewhere in the middle, now and then again while it
//! recovers.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::jobs::{DOORS, Door, Tally};
use crate::stage::Stage;
use crate::support::database::Kind;

/// How many rounds are played in one world; its history makes each later one slower.
const WORLD: usize = 20;

/// Plays `KILL_MATRIX_ROUNDS` rounds and prints what came of them.
pub(crate) async fn random_moments(kind: Kind) {
    let number = |name: &str| {
        std::env::var(name)
            .ok()
            .map(|value| value.parse::<u64>().unwrap())
    };
    let seed = number("KILL_MATRIX_SEED").unwrap_or_else(|| rand::rng().random_range(0..1_000_000));
    let rounds = number("KILL_MATRIX_ROUNDS").unwrap_or(500);
    println!("{}: {rounds} rounds, seed {seed}", kind.name());
    let mut dice = StdRng::seed_from_u64(seed);
    let mut kills = 0;
    let mut whole = Tally::default();
    let mut wrong = Vec::new();
    let mut left = usize::try_from(rounds).unwrap();
    while left > 0 {
        let mut stage = Stage::set(kind).await;
        for _ in 0..left.min(WORLD) {
            kills += round(&mut stage, &mut dice).await;
            left -= 1;
        }
        let (trouble, tally) = stage.check().await;
        whole.add(tally);
        if !trouble.is_empty() {
            println!("{left} rounds left: {trouble:#?}\n{}", stage.heard().await);
        }
        wrong.extend(trouble);
        stage.clear().await;
    }
    println!(
        "{}: rounds {rounds}, kills {kills}, requests {}, refused {}, lost {}, duplicated {}, unknown {}",
        kind.name(),
        whole.requests,
        whole.refused,
        whole.lost,
        whole.duplicated,
        whole.unknown,
    );
    assert!(wrong.is_empty(), "seed {seed}: {wrong:#?}");
}

/// One round; how often the program ended in it.
async fn round(stage: &mut Stage, dice: &mut StdRng) -> usize {
    let mut kills = 0;
    stage.world.children[0].arm("any", &moment(dice, 250));
    for _ in 0..dice.random_range(1..=4) {
        let door: Door = DOORS[dice.random_range(0..DOORS.len())];
        stage.ask(door).await;
    }
    stage.play().await;
    while stage.ended().is_some() {
        kills += 1;
        if dice.random_bool(0.3) {
            stage.start(&[("any", moment(dice, 60))]).await;
            stage.world.redeliver_what_was_refused();
            stage.play().await;
        }
    }
    if let Some(child) = stage.world.children.first() {
        child.arm("any", "off");
    }
    // It may end after its last point still.
    stage.play().await;
    if stage.ended().is_some() {
        kills += 1;
    }
    stage.recover().await;
    kills
}

/// A point by number, or some microseconds after it.
fn moment(dice: &mut StdRng, within: u32) -> String {
    let pass = dice.random_range(0..within);
    if dice.random_bool(0.5) {
        format!("{pass}*off->1*return")
    } else {
        format!("{pass}*off->1*return({})", dice.random_range(0..3_000))
    }
}
