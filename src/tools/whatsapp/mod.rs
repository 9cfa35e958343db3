//! Evidence that comes over the WhatsApp Cloud API: the handshake, the signature, what a notification holds, and the download of media.
//!
//! Whoever serves hands in the query and the raw bytes. Source of the format: Meta, WhatsApp Business Platform,
//! Cloud API, Webhooks (Graph API v21).

mod hook;
mod media;
mod notification;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

pub use hook::{Hook, taken_apart};
pub use media::{Downloaded, MediaClient, MediaError};
pub use notification::{Content, Delivery, Inbound, Media, Notification, NotificationError, Status, newest};

/// Why a notification is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsigned {
    /// No `X-Hub-Signature-256`.
    #[error("the notification carries no signature")]
    Missing,
    /// Not `sha256=` and 64 hexadecimal digits.
    #[error("the signature has not the form sha256=HEX")]
    Malformed,
    /// The bytes were not signed with this secret.
    #[error("the signature does not fit the bytes")]
    Wrong,
}

/// Checks `X-Hub-Signature-256` over the raw bytes of the body, before anything reads them: HMAC-SHA-256 with the app's secret. The
/// comparison takes the same time wherever they differ.
///
/// # Errors
/// Why the bytes are not believed.
pub fn verify_signature(secret: &[u8], header: Option<&str>, body: &[u8]) -> Result<(), Unsigned> {
    let header = header.ok_or(Unsigned::Missing)?;
    let digits = header.trim().strip_prefix("sha256=").ok_or(Unsigned::Malformed)?;
    let mut signature = [0_u8; 32];
    hex::decode_to_slice(digits, &mut signature).map_err(|_| Unsigned::Malformed)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(|_| Unsigned::Wrong)?;
    mac.update(body);
    mac.verify_slice(&signature).map_err(|_| Unsigned::Wrong)
}

/// The answer to the handshake by which an address is set up: the challenge, where mode and token are right. `query` are the decoded pairs.
pub fn answer_challenge<'q>(query: impl IntoIterator<Item = (&'q str, &'q str)>, token: &str) -> Option<&'q str> {
    let (mut mode, mut said, mut challenge) = (None, None, None);
    for (name, value) in query {
        match name {
            "hub.mode" => mode = Some(value),
            "hub.verify_token" => said = Some(value),
            "hub.challenge" => challenge = Some(value),
            _ => {}
        }
    }
    let is_token = said.is_some_and(|said| bool::from(said.as_bytes().ct_eq(token.as_bytes())));
    // It is sent back as it came, so it must be nothing that a browser would run.
    let plain = |text: &&str| {
        (1..=200).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    (mode == Some("subscribe") && is_token && !token.is_empty()).then_some(challenge?).filter(plain)
}
