//! Each named point once: the program is asked for something that passes it, and ends there. The points are shared among
//! worlds that are played side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
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
    assert_known(&points);
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

/// Commits that no job of the matrix leads to for certain: the stories play what they are part of.
const ELSEWHERE: &[&str] = &[
    // Of leases and claims: an end there is what leases are for (`tests/stories/engine.rs`, `replicas`).
    "handed back",
    "lease given back",
    "lease renewed",
    "lease taken",
    "reap",
    "renew",
    "take up",
    // A look at what is gone or waits already; nothing but the item changes.
    "digest gone",
    "event gone",
    "run gone",
    "send gone",
    "still asked",
    "still awaiting",
    "still unknown",
    "webhook waits",
    // What a run notes before it reads or asks; noted once more it changes nothing, and it is never taken back (`injection`).
    "met",
    // By chance, since it takes two things at one moment.
    "an earlier turn goes first",
    "confirmed meanwhile",
    "send confirmed",
    "send taken back",
    "stop waits",
    "stopped",
    // What somebody may not (`rights`, `people`).
    "refusal",
    // What fails: the platforms (`lost_*`), the database (`database`), our own work (`engine`).
    "digest later",
    "failure",
    "left unknown",
    "send refused",
    "tried to write",
    "waits for the database",
    "webhook asked for",
    "webhook read",
    // Rows that are old, or that an older program wrote (`retention`, `old_requests`, `schedules`).
    "asked back",
    "retention",
    "retention of lanes",
    "schedule planned",
    "schedule unreadable",
    "taken up again",
    // Of an end in order, and of other programs: a person's at the shell (`audited`, `operator`, `ask`).
    "operator decided",
    "operator dropped",
    "operator retried",
    "run left",
    "send left",
    "service stopped",
];

/// Fails when the program has a commit that is neither ended at nor named in [`ELSEWHERE`].
fn assert_known(points: &BTreeMap<String, Met>) {
    let names = commits(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")));
    assert!(names.len() > 60, "the commits in src: {names:?}");
    let met = |name: &String| points.contains_key(&format!("commit {name}"));
    let known = |name: &String| met(name) || ELSEWHERE.contains(&name.as_str());
    let unknown: Vec<&String> = names.iter().filter(|name| !known(name)).collect();
    assert!(unknown.is_empty(), "no job passes these commits: {unknown:#?}");
}

/// The names of the commits in the sources under a folder.
fn commits(folder: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            names.extend(commits(&path));
        } else {
            let text = std::fs::read_to_string(&path).unwrap();
            let calls = text.split(".commit(").skip(1);
            let quoted = calls.filter_map(|call| call.trim_start().strip_prefix('"')?.split('"').next());
            names.extend(quoted.map(str::to_owned));
        }
    }
    names
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
                stage.play().await;
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
