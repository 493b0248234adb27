//! How a row hangs on the one before it: one hash over the hash before it and every column.

use sha2::{Digest, Sha256};

use super::Record;

/// What stands at a position of the chain, in 32 bytes; the head of the chain stands for all before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash(pub [u8; 32]);

impl std::fmt::Display for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl std::str::FromStr for Hash {
    type Err = hex::FromHexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes)?;
        Ok(Self(bytes))
    }
}

/// Names what is hashed; a row with more columns gets another one.
const FORM: &str = "callsheet audit 1";

/// The hash of a row behind a hash: SHA-256 over `callsheet audit 1`, the hash before, and each column in the order of the table;
/// every one of these as a byte 1, its length in 8 bytes (the high ones first) and its UTF-8 text, a column without a value
/// as a byte 0. Ids are written as `01234567-89ab-…`, the moment in microseconds since 1970, the hash as its 32 bytes.
pub fn follows(before: Hash, row: &Record) -> Hash {
    let id = |id: Option<uuid::Uuid>| id.map(|id| id.to_string());
    let columns = [
        Some(row.id.to_string()),
        Some(row.noted_at.timestamp_micros().to_string()),
        Some(row.actor.clone()),
        Some(row.actor_name.clone()),
        id(row.person_id.map(|id| id.0)),
        row.platform.clone(),
        row.workspace.clone(),
        row.user_id.clone(),
        row.place.clone(),
        Some(row.action.clone()),
        Some(row.subject.clone()),
        id(row.on_behalf_id.map(|id| id.0)),
        row.on_behalf_name.clone(),
        Some(row.result.clone()),
        id(row.run_id.map(|id| id.0)),
        Some(row.detail.clone()),
    ];
    let mut hasher = Sha256::new();
    add(&mut hasher, Some(FORM.as_bytes()));
    add(&mut hasher, Some(&before.0));
    for column in &columns {
        add(&mut hasher, column.as_deref().map(str::as_bytes));
    }
    Hash(hasher.finalize().into())
}

/// Lengths keep what ends one column from being read as the beginning of the next.
fn add(hasher: &mut Sha256, bytes: Option<&[u8]>) {
    let Some(bytes) = bytes else {
        return hasher.update([0]);
    };
    hasher.update([1]);
    hasher.update((bytes.len() as u64).to_be_bytes());
    hasher.update(bytes);
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use uuid::Uuid;

    use super::*;
    use crate::domain::{AuditId, PersonId, RunId};

    fn row() -> Record {
        Record {
            id: AuditId(Uuid::from_u128(1)),
            noted_at: DateTime::from_timestamp(1_795_338_000, 0).unwrap(),
            actor: "person".to_owned(),
            actor_name: "ana".to_owned(),
            person_id: Some(PersonId(Uuid::from_u128(2))),
            platform: Some("slack".to_owned()),
            workspace: Some("T1".to_owned()),
            user_id: Some("UANA".to_owned()),
            place: Some("slack:T1/C1".to_owned()),
            action: "project.create".to_owned(),
            subject: "project:apollo".to_owned(),
            on_behalf_id: None,
            on_behalf_name: None,
            result: "done".to_owned(),
            run_id: Some(RunId(Uuid::from_u128(3))),
            detail: "Apollo".to_owned(),
        }
    }

    #[test]
    fn every_column_and_the_hash_before_count() {
        let start = Hash([0; 32]);
        let changes: [fn(&mut Record); 16] = [
            |row| row.id.0 = Uuid::from_u128(9),
            |row| row.noted_at += chrono::TimeDelta::microseconds(1),
            |row| row.actor = "clock".to_owned(),
            |row| row.actor_name = "anA".to_owned(),
            |row| row.person_id = None,
            |row| row.platform = Some("discord".to_owned()),
            |row| row.workspace = Some(String::new()),
            |row| row.user_id = None,
            |row| row.place = None,
            |row| row.action.push('d'),
            |row| row.subject.clear(),
            |row| row.on_behalf_id = Some(PersonId(Uuid::from_u128(2))),
            |row| row.on_behalf_name = Some(String::new()),
            |row| row.result = "refused".to_owned(),
            |row| row.run_id = None,
            |row| row.detail.push(' '),
        ];
        let mut seen = vec![follows(start, &row()), follows(Hash([1; 32]), &row())];
        for change in changes {
            let mut changed = row();
            change(&mut changed);
            seen.push(follows(start, &changed));
        }
        // What moves from the end of one column to the beginning of the next.
        let mut moved = row();
        moved.action = "project.createproject".to_owned();
        moved.subject = ":apollo".to_owned();
        seen.push(follows(start, &moved));
        let count = seen.len();
        seen.sort_by_key(|hash| hash.0);
        seen.dedup();
        assert_eq!(seen.len(), count);
    }

    #[test]
    fn the_form_stays_as_it_was() {
        // A log that was sealed by an earlier version is still whole.
        insta::assert_snapshot!(follows(Hash([0; 32]), &row()), @"b7018cb9a595a53b9846078c4cdbb7dfeb7792ac4af04eff170a8ad2396fc579");
    }

    #[test]
    fn a_hash_is_written_as_64_digits() {
        let hash = Hash([0xab; 32]);
        assert_eq!(hash.to_string().parse(), Ok(hash));
        for wrong in ["", "ab", &"g".repeat(64), &"a".repeat(63), &"a".repeat(66)] {
            assert!(wrong.parse::<Hash>().is_err(), "{wrong}");
        }
    }
}
