//! The clock that a test moves.

pub(crate) use callsheet::drill::TestClock;
