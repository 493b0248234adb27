//! What makes it durable: clock, queue, intake, outbox, pacing, supervision and health.

pub mod activity;
pub mod answers;
pub mod audit;
pub mod clock;
pub mod database;
pub mod elsewhere;
pub mod health;
pub mod intake;
pub mod lease;
pub mod outbox;
pub mod retention;
pub mod sender;
pub mod supervisor;
pub mod workers;

use std::sync::Arc;

use crate::store::Db;
use activity::Activity;
use clock::Clock;
use database::Standing;
use health::Health;

/// What every part needs: the database, the time, the wake-up calls, and where to report its state.
#[derive(Clone)]
pub struct Engine {
    /// The project database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// Who works, and who is to be woken.
    pub activity: Arc<Activity>,
    /// The one report on the state of every part.
    pub health: Health,
    /// What the database's last answers say about it.
    pub standing: Standing,
}

impl Engine {
    /// An engine over an open database.
    pub fn new(db: Db, clock: Clock) -> Self {
        Self {
            db,
            clock,
            activity: Arc::new(Activity::default()),
            health: Health::default(),
            standing: Standing::default(),
        }
    }

    /// Tells the workers that something was committed for them.
    pub fn wake(&self) {
        self.activity.wake_all();
    }
}
