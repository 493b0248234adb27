//! What a run may still read, after what it has read: words of people without rights and what is none of their business
//! never meet in one run.

/// How a reading is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Everything is shown.
    Open,
    /// What people without rights wrote is left out.
    Withheld,
    /// Not at all.
    Refused,
}

/// Decides how a run reads something: whether words of people without rights reached it (`tainted`), whether it has read
/// something outside its home (`strayed`), and whether this stands `outside` too.
pub fn look(tainted: bool, strayed: bool, outside: bool) -> Look {
    match (tainted, outside) {
        (true, true) => Look::Refused,
        (_, true) => Look::Withheld,
        (_, false) if strayed => Look::Withheld,
        (_, false) => Look::Open,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_words_and_other_projects_never_meet() {
        let table = [
            // tainted, strayed, outside
            ((false, false, false), Look::Open),
            ((false, false, true), Look::Withheld),
            ((false, true, false), Look::Withheld),
            ((false, true, true), Look::Withheld),
            ((true, false, false), Look::Open),
            ((true, false, true), Look::Refused),
            ((true, true, false), Look::Withheld),
            ((true, true, true), Look::Refused),
        ];
        for ((tainted, strayed, outside), expected) in table {
            let look = look(tainted, strayed, outside);
            assert_eq!(look, expected, "{tainted} {strayed} {outside}");
            // After an open look a run may be tainted; after one outside it has strayed. Never both.
            let (tainted, strayed) = match look {
                Look::Open => (true, strayed),
                Look::Withheld => (tainted, strayed || outside),
                Look::Refused => continue,
            };
            assert!(!(tainted && strayed) || (look == Look::Withheld && !outside));
        }
    }
}
