//! Answers that GitHub may confirm instead of sending them again: a request that names the tag of what we have is answered
//! with 304 and counts towards no limit
//! (<https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate>).
//!
//! GitHub is asked each time all the same: nothing here is shown without its word that it still holds.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::answer::Answer;
use super::login::Credential;

/// How many answers are kept.
const MOST: usize = 500;
/// How many bytes of answers are kept.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// The largest answer that is kept, in bytes.
const LARGEST: usize = 2 * 1024 * 1024;

/// As whom something was asked, and its path with the query: another credential may see other things.
type Key = (Credential, String);

#[derive(Default)]
struct Kept {
    answers: HashMap<Key, (u64, Arc<Answer>)>,
    bytes: usize,
    /// Counts uses, so that what was not used for longest goes first.
    uses: u64,
}

/// The answers with their tags.
#[derive(Default)]
pub(super) struct Cache(Mutex<Kept>);

impl Cache {
    /// What GitHub answered last time, with its tag.
    pub(super) fn get(&self, credential: &Credential, path: &str) -> Option<Arc<Answer>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.uses += 1;
        let now = kept.uses;
        let (used, answer) = kept.answers.get_mut(&(credential.clone(), path.to_owned()))?;
        *used = now;
        Some(Arc::clone(answer))
    }

    /// Keeps an answer that has a tag.
    pub(super) fn put(&self, credential: &Credential, path: &str, answer: &Answer) {
        if answer.status != 200 || answer.etag.is_none() || answer.body.len() > LARGEST {
            return;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.uses += 1;
        let entry = (kept.uses, Arc::new(answer.clone()));
        kept.bytes += answer.body.len();
        let before = kept.answers.insert((credential.clone(), path.to_owned()), entry);
        if let Some((_, before)) = before {
            kept.bytes -= before.body.len();
        }
        while kept.answers.len() > MOST || kept.bytes > MOST_BYTES {
            let oldest = kept.answers.iter().min_by_key(|(_, (used, _))| *used);
            let Some(key) = oldest.map(|(key, _)| key.clone()) else {
                break;
            };
            if let Some((_, gone)) = kept.answers.remove(&key) {
                kept.bytes -= gone.body.len();
            }
        }
    }
}
