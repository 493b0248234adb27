use std::cell::RefCell;

use sqlx::Error;

use super::*;

/// What happens at each of somebody's waits: whether others get a turn, and what comes of it.
type Waits = &'static [(bool, Result<(), ()>)];

async fn played(waits: Waits) -> (Result<(), Error>, usize) {
    let (turns, left) = (Turns::default(), RefCell::new(waits.iter()));
    let taken = turns
        .wait(|| async {
            let (others, taken) = left.borrow_mut().next().unwrap();
            if *others {
                turns.given(Ok(())).unwrap();
            }
            taken.map_err(|()| Error::PoolTimedOut)
        })
        .await;
    let left = left.borrow().len();
    (taken, waits.len() - left)
}

#[tokio::test]
async fn a_busy_database_is_waited_for_and_one_that_is_away_is_not() {
    const BUSY: (bool, Result<(), ()>) = (true, Err(()));
    const AWAY: (bool, Result<(), ()>) = (false, Err(()));
    const TURN: (bool, Result<(), ()>) = (false, Ok(()));
    let table: [(Waits, bool, usize); 5] = [
        (&[TURN], true, 1),
        (&[AWAY, TURN], false, 1),
        (&[BUSY, BUSY, TURN], true, 3),
        (&[BUSY, AWAY, TURN], false, 2),
        (&[BUSY, BUSY, BUSY, BUSY, BUSY, BUSY, TURN], false, WAITS),
    ];
    for (waits, expected, count) in table {
        let (taken, waited) = played(waits).await;
        assert_eq!((taken.is_ok(), waited), (expected, count), "{waits:?}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_told_at_once() {
    let turns = Turns::default();
    let taken: Result<(), Error> = turns
        .wait(|| async {
            turns.given(Ok(())).unwrap();
            Err(Error::PoolClosed)
        })
        .await;
    assert!(matches!(taken, Err(Error::PoolClosed)));
}
