//! Each named point once: the program is asked for something that passes it, and ends there. The points are shared among
//! worlds that are played side by side.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::jobs::{DOORS, Door};
use crate::stage::Stage;
use crate::support::database::Kind;

/// How often a point is tried, since no two runs are quite alike. Some are met only by a program that has just started, or in a
/// world where it never was.
const TRIES: usize = 6;

const MINUTE: Duration = Duration::from_secs(60);

/// Where a point is met, and how often there: at a start where nobody asks.
type Met = Vec<(Option<Door>, u64)>;

/// How many worlds share the points of a database.
pub(crate) const SHARES: usize = 2;

/// Ends the program at every point of a share that it is seen to pass, and looks each time that nothing was lost or done twice.
pub(crate) async fn every_named_point(kind: Kind, share: usize) {
    let seed: u64 = std::env::var("KILL_MATRIX_SEED").map_or(7, |seed| seed.parse().unwrap());
    let mut dice = StdRng::seed_from_u64(seed);
    let mut stage = Stage::set(kind).await;
    let points = discover(&mut stage).await;
    assert!(
        points.len() > 60,
        "only {} points were met: {points:#?}",
        points.len()
    );
    let mut never = Vec::new();
    for (point, met) in points.iter().filter(|(point, _)| is_of(share, point)) {
        if !end_at(&mut stage, point, met, &mut dice).await {
            never.push((point, met));
            continue;
        }
        stage.recover().await;
        let (wrong, _) = stage.check().await;
        assert!(
            wrong.is_empty(),
            "seed {seed}: after the end at “{point}”: {wrong:#?}\n{}",
            stage.log()
        );
    }
    assert!(never.is_empty(), "seed {seed}: never met again: {never:?}");
    let mut tally = stage.check().await.1;
    tally.add(stage.before);
    println!(
        "{}: {} points, share {share} of {SHARES}, {tally:?}",
        kind.name(),
        points.len()
    );
    stage.clear().await;
}

/// Whether a point belongs to a share: by its name, since no two worlds meet quite the same points.
fn is_of(share: usize, point: &str) -> bool {
    point.bytes().map(usize::from).sum::<usize>() % SHARES == share
}

/// The points there are, and what makes the program pass each.
async fn discover(stage: &mut Stage) -> BTreeMap<String, Met> {
    let mut points: BTreeMap<String, Met> = BTreeMap::new();
    let mut before = BTreeMap::new();
    for door in DOORS.map(Some).into_iter().chain([None]) {
        match door {
            Some(door) => {
                stage.ask(door).await;
                stage.world.quiet().await;
            }
            None => {
                stage.kill().await;
                stage.start(&[]).await;
                stage.world.quiet().await;
                before.clear();
            }
        }
        let after = stage.seen();
        for (point, count) in &after {
            let more = count - before.get(point).copied().unwrap_or_default();
            if more > 0 {
                points.entry(point.clone()).or_default().push((door, more));
            }
        }
        before = after;
    }
    let (wrong, _) = stage.check().await;
    assert!(wrong.is_empty(), "before any end: {wrong:#?}\n{}", stage.log());
    points
}

/// Has the program end at a point; false when it never came there.
async fn end_at(stage: &mut Stage, point: &str, met: &Met, dice: &mut StdRng) -> bool {
    for attempt in 0..TRIES {
        let (door, often) = met[attempt % met.len()];
        let pass = if attempt == 0 {
            dice.random_range(0..often)
        } else {
            0
        };
        let actions = format!("{pass}*off->return");
        if attempt == TRIES - 1 {
            stage.renew().await;
            stage.start(&[(point, actions)]).await;
        } else if attempt == TRIES - 2 {
            // Some are met only by a start that finds on GitHub what is newer than all it has read.
            stage.world.pass_at_once(MINUTE);
            stage.ask(Door::SlackTools).await;
            stage.play().await;
            stage.kill().await;
            stage.start(&[(point, actions)]).await;
        } else if attempt > 0 || door.is_none() {
            stage.kill().await;
            stage.start(&[(point, actions)]).await;
        } else {
            stage.world.children[0].arm(point, &actions);
        }
        if let Some(door) = door {
            stage.ask(door).await;
        }
        stage.play().await;
        if let Some(at) = stage.ended() {
            assert_eq!(at, point);
            return true;
        }
        stage.world.children[0].arm(point, "off");
        stage.world.quiet().await;
    }
    false
}
