//! The nonce of a message: which delivery it is, and which text of it.
//!
//! With `enforce_nonce`, Discord answers a second message of the same nonce within a few minutes with the first one
//! instead of posting it (<https://discord.com/developers/docs/resources/message#create-message>). It has room for 25
//! characters: 22 for the delivery's id in base64, 3 for the text, since another text is another message.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

/// Characters of an id in base64.
const ID: usize = 22;
/// Characters that tell texts apart.
const TEXT: usize = 3;

/// The nonce for a text of a delivery.
pub(super) fn nonce(mark: Uuid, text: &str) -> String {
    let mut nonce = URL_SAFE_NO_PAD.encode(mark.as_bytes());
    let told = URL_SAFE_NO_PAD.encode(Uuid::new_v5(&mark, text.as_bytes()).as_bytes());
    nonce.extend(told.chars().take(TEXT));
    nonce
}

/// The delivery that a nonce of ours names.
pub(super) fn mark(nonce: &str) -> Option<Uuid> {
    if nonce.len() != ID + TEXT {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(nonce.get(..ID)?).ok()?;
    Uuid::from_slice(&bytes).ok()
}
