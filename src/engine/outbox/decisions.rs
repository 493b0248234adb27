//! What a person decides about a delivery: to try it again, or that it shall not be sent.
//!
//! Each decision is one conditional change: whoever works on a delivery at that moment goes before.

use chrono::{DateTime, Utc};

use super::{enqueue, noting};
use crate::domain::DeliveryId;
use crate::store::deliveries::{self, Delivery, State};
use crate::store::queue::{self, Kind};
use crate::store::{StoreError, Tx, outbox};

/// Why nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hindrance {
    /// There is no such delivery.
    Gone,
    /// It is being sent or looked up at this moment.
    Busy,
    /// It waits for its turn already.
    Queued {
        /// When it has it.
        at: Option<DateTime<Utc>>,
    },
    /// It has arrived.
    Sent,
    /// It was taken back.
    Cancelled {
        /// Why.
        reason: String,
    },
}

/// What became of a delivery that is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retried {
    /// It is looked for first, and sent only when there is no sign of it.
    pub looks_first: bool,
    /// How many parts behind it come back with it.
    pub behind: usize,
}

/// What became of a delivery that is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dropped {
    /// It is not sent.
    Cancelled,
    /// It is no longer looked up.
    Settled,
    /// It stays as it is; that it arrived twice is no longer told.
    Seen,
}

/// Tries a delivery again that was given up or is in doubt. What may have happened is looked for first, unless a person
/// says that it did not (`resend`). What was cancelled behind it comes back with it.
///
/// # Errors
/// When the database fails; inside, why nothing was changed.
pub async fn retry(
    tx: &mut Tx,
    id: DeliveryId,
    resend: bool,
    now: DateTime<Utc>,
) -> Result<Result<Retried, Hindrance>, StoreError> {
    let delivery = match at_rest(tx, id).await? {
        Ok(delivery) => delivery,
        Err(hindrance) => return Ok(Err(hindrance)),
    };
    let in_doubt = match delivery.state {
        State::Unknown => true,
        State::Dead => delivery.lost_calls > 0,
        other => return Ok(Err(hindrance(tx, &delivery, other).await?)),
    };
    let looks_first = in_doubt && !resend;
    let to = if looks_first {
        State::Unknown
    } else {
        State::Queued
    };
    let reason = "a person asked to try it again";
    if !outbox::revive(tx, id, delivery.state, to, reason, now).await? {
        return Ok(Err(Hindrance::Busy));
    }
    enqueue(tx, id, &delivery.credential, &delivery.place, now).await?;
    let behind = outbox::revive_behind(tx, delivery.group, delivery.part).await?;
    for (id, credential, place) in &behind {
        enqueue(tx, *id, credential, place, now).await?;
    }
    Ok(Ok(Retried {
        looks_first,
        behind: behind.len(),
    }))
}

/// Takes a delivery back that is not on its way, or settles one in doubt; whoever waits for it goes on.
///
/// # Errors
/// When the database fails; inside, why nothing was changed.
pub async fn drop(
    tx: &mut Tx,
    id: DeliveryId,
    now: DateTime<Utc>,
) -> Result<Result<Dropped, Hindrance>, StoreError> {
    let delivery = match at_rest(tx, id).await? {
        Ok(delivery) => delivery,
        Err(hindrance) => return Ok(Err(hindrance)),
    };
    if delivery.twin_id.is_some() && delivery.state == State::Sent {
        outbox::forget_twin(tx, id).await?;
        return Ok(Ok(Dropped::Seen));
    }
    let (reason, dropped) = match delivery.state {
        State::Dead | State::Queued => ("whoever runs Callsheet dropped it", Dropped::Cancelled),
        State::Unknown => (
            "whoever runs Callsheet looked there and settled it",
            Dropped::Settled,
        ),
        other => return Ok(Err(hindrance(tx, &delivery, other).await?)),
    };
    if !outbox::cancel(tx, id, delivery.state, reason).await? {
        return Ok(Err(Hindrance::Busy));
    }
    queue::cancel(tx, Kind::Send, id.0).await?;
    if delivery.state == State::Queued {
        noting::cancel_behind(tx, &delivery, now).await?;
    }
    if let Some(run) = delivery.run.filter(|_| delivery.step.is_some()) {
        queue::wake(tx, Kind::Run, run.0, now).await?;
    }
    Ok(Ok(dropped))
}

/// A delivery that nobody works on at this moment, locked.
async fn at_rest(tx: &mut Tx, id: DeliveryId) -> Result<Result<Delivery, Hindrance>, StoreError> {
    let Some(delivery) = deliveries::lock(tx, id).await? else {
        return Ok(Err(Hindrance::Gone));
    };
    let busy = outbox::work(tx, id).await?.is_some_and(|work| work.is_running);
    let busy = busy || delivery.state == State::Sending;
    Ok(if busy { Err(Hindrance::Busy) } else { Ok(delivery) })
}

async fn hindrance(tx: &mut Tx, delivery: &Delivery, state: State) -> Result<Hindrance, StoreError> {
    Ok(match state {
        State::Queued => Hindrance::Queued {
            at: outbox::work(tx, delivery.id).await?.map(|work| work.run_at),
        },
        State::Sent => Hindrance::Sent,
        State::Cancelled => Hindrance::Cancelled {
            reason: delivery.reason.clone().unwrap_or_default(),
        },
        State::Sending | State::Unknown | State::Dead => Hindrance::Busy,
    })
}
