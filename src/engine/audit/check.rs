//! Whether the audit log is whole: every hash is computed again from what stands in the rows.
//!
//! 1. No transaction is held for long and little is kept in memory, however long the log is. It only grows, so that what was
//!    read stays true; what is sealed meanwhile is left for the next time.
//! 2. Each position is judged by the hash that stands before it, so that one change is told as one.

use crate::domain::AuditId;
use crate::store::audit::{self, Hash, Record, Sealed, follows};
use crate::store::{Db, StoreError, Tx};

/// How many positions, or batches, are read at once.
const PAGE: i64 = 500;
/// How many positions that do not fit are compared with each other to find out what became of them.
const SUSPECTS: usize = 300;
/// How many faults are told.
const FAULTS: usize = 1_000;
/// How many rows that are not sealed yet are told.
const TAIL: i64 = 20;
/// What the chain begins with.
const BEGINNING: Hash = Hash([0; 32]);

/// What is wrong with the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The beginning of the chain was removed or changed.
    Beginning,
    /// A row was changed after it was sealed.
    Changed {
        /// Its position.
        position: i64,
        /// The row.
        row: AuditId,
    },
    /// A row is gone.
    Removed {
        /// Its position.
        position: i64,
        /// The row.
        row: AuditId,
    },
    /// Positions are gone.
    Gap {
        /// The first.
        from: i64,
        /// The last.
        to: i64,
    },
    /// A row stands where another one was sealed.
    Swapped {
        /// The position.
        position: i64,
        /// What stands there.
        row: AuditId,
        /// What was sealed there.
        sealed: AuditId,
    },
    /// A row was sealed behind another one than it stands behind.
    Moved {
        /// The position.
        position: i64,
        /// The row.
        row: AuditId,
    },
    /// A batch is gone, or does not fit the positions that were sealed with it.
    Batch {
        /// Its number.
        batch: i64,
    },
    /// A row was put in past the rules of the database.
    Stranger {
        /// The row.
        row: AuditId,
    },
    /// A row was removed before it was sealed.
    Lost {
        /// The row.
        row: AuditId,
    },
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The last position of the chain, or 0.
    pub sealed: i64,
    /// The hash that stands for all of the chain.
    pub head: Hash,
    /// What is wrong, in the order of the positions; the first of it.
    pub faults: Vec<Fault>,
    /// How much is wrong beyond that.
    pub more: usize,
    /// The rows that are not sealed yet; the first of them.
    pub tail: Vec<Record>,
    /// How many rows are not sealed yet.
    pub unsealed: i64,
    /// Whether the head that was asked for stands in the log.
    pub holds_head: bool,
}

/// Reads the whole log. `head` is the head of an earlier check that was kept elsewhere.
///
/// # Errors
/// When the database fails.
pub async fn check(db: &Db, head: Option<Hash>) -> Result<Report, StoreError> {
    let mut tx = db.read().await?;
    let (last, last_batch) = audit::extent(&mut tx).await?;
    let beginning = audit::batch(&mut tx, 0).await?;
    let end = audit::batch(&mut tx, last_batch).await?;
    drop(tx);
    let mut walk = Walk::new(head);
    if !beginning.is_some_and(|seal| (seal.first, seal.last, seal.hash) == (1, 0, BEGINNING)) {
        walk.fault(Fault::Beginning);
    }
    while walk.position < last {
        let mut tx = db.read().await?;
        let mut page = audit::sealed_after(&mut tx, walk.position, PAGE).await?;
        page.retain(|sealed| sealed.position <= last);
        if page.is_empty() {
            break;
        }
        let mut rows = audit::rows_at(&mut tx, &page).await?;
        for sealed in page {
            walk.step(sealed, rows.remove(&sealed.row));
        }
    }
    if let Some(end) = end.filter(|end| end.last > walk.position) {
        let from = walk.position + 1;
        walk.fault(Fault::Gap { from, to: end.last });
    }
    walk.judge();
    let mut after = 0;
    while after < last_batch {
        let up_to = (after + PAGE).min(last_batch);
        let mut tx = db.read().await?;
        for batch in audit::broken_batches(&mut tx, after, up_to).await? {
            walk.fault(Fault::Batch { batch });
        }
        after = up_to;
    }
    let mut tx = db.read().await?;
    walk.end(&mut tx).await
}

/// A position whose hash is not that of its row behind the hash before it.
struct Suspect {
    sealed: Sealed,
    before: Hash,
    record: Record,
}

/// The way along the chain.
struct Walk {
    /// The last position that was looked at.
    position: i64,
    /// The hash that stands there; none behind a gap.
    before: Option<Hash>,
    head: Hash,
    suspects: Vec<Suspect>,
    faults: Vec<Fault>,
    more: usize,
    wanted: Option<Hash>,
    holds_head: bool,
}

impl Walk {
    fn new(wanted: Option<Hash>) -> Self {
        Self {
            position: 0,
            before: Some(BEGINNING),
            head: BEGINNING,
            suspects: Vec::new(),
            faults: Vec::new(),
            more: 0,
            wanted,
            holds_head: wanted.is_none_or(|wanted| wanted == BEGINNING),
        }
    }

    fn fault(&mut self, fault: Fault) {
        if self.faults.len() < FAULTS {
            self.faults.push(fault);
        } else {
            self.more += 1;
        }
    }

    /// Looks at the next position. Of the row: nothing when it is gone, none inside when it cannot be read.
    fn step(&mut self, sealed: Sealed, row: Option<Option<Record>>) {
        let Sealed { position, hash, .. } = sealed;
        if position > self.position + 1 {
            let from = self.position + 1;
            self.fault(Fault::Gap {
                from,
                to: position - 1,
            });
            self.before = None;
        }
        let before = self.before.replace(hash);
        (self.position, self.head) = (position, hash);
        self.holds_head |= self.wanted == Some(hash);
        let row_id = sealed.row;
        match (row, before) {
            (None, _) => self.fault(Fault::Removed {
                position,
                row: row_id,
            }),
            (Some(None), _) => self.fault(Fault::Changed {
                position,
                row: row_id,
            }),
            // What stood before it is gone, so that nothing can be said of this one.
            (Some(Some(_)), None) => {}
            (Some(Some(record)), Some(before)) if follows(before, &record) == hash => drop(record),
            (Some(Some(_)), Some(_)) if self.suspects.len() >= SUSPECTS => {
                self.fault(Fault::Changed {
                    position,
                    row: row_id,
                });
            }
            (Some(Some(record)), Some(before)) => self.suspects.push(Suspect {
                sealed,
                before,
                record,
            }),
        }
    }

    /// Finds out what became of the positions that do not fit.
    fn judge(&mut self) {
        let suspects = std::mem::take(&mut self.suspects);
        for suspect in &suspects {
            self.fault(verdict(suspect, &suspects));
        }
        self.faults.sort_by_key(|fault| match fault {
            Fault::Changed { position, .. }
            | Fault::Removed { position, .. }
            | Fault::Swapped { position, .. }
            | Fault::Moved { position, .. } => *position,
            Fault::Gap { from, .. } => *from,
            _ => 0,
        });
    }

    async fn end(mut self, tx: &mut Tx) -> Result<Report, StoreError> {
        for row in audit::strangers(tx, PAGE).await? {
            self.fault(Fault::Stranger { row });
        }
        for row in audit::lost(tx, PAGE).await? {
            self.fault(Fault::Lost { row });
        }
        Ok(Report {
            sealed: self.position,
            head: self.head,
            faults: self.faults,
            more: self.more,
            tail: audit::unsealed_after(tx, None, TAIL).await?,
            unsealed: audit::count_unsealed(tx).await?,
            holds_head: self.holds_head,
        })
    }
}

/// What became of a position that does not fit, as far as the others tell.
fn verdict(suspect: &Suspect, all: &[Suspect]) -> Fault {
    let Sealed {
        position, row, hash, ..
    } = suspect.sealed;
    let sealed_here = |other: &&Suspect| follows(suspect.before, &other.record) == hash;
    if let Some(other) = all.iter().find(sealed_here) {
        let sealed = other.sealed.row;
        return Fault::Swapped {
            position,
            row,
            sealed,
        };
    }
    let mut elsewhere = all.iter().flat_map(|other| [other.before, other.sealed.hash]);
    if elsewhere.any(|before| follows(before, &suspect.record) == hash) {
        return Fault::Moved { position, row };
    }
    Fault::Changed { position, row }
}
