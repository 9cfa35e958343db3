//! What signing in needs from the world: people, their secrets, sessions, tokens and the counting of failed attempts.
//!
//! What decides who may do what (people, roles, tokens, that a password changed) goes through [`Store::apply`] like every
//! other change of state. What merely lives and dies (sessions, tickets, attempts) does not: it holds no history anybody needs,
//! and would drown the log.
//!
//! [`Store::apply`]: crate::ports::Store::apply

use std::future::Future;

use jiff::Timestamp;
use quittance_rules::journal::ChangeSet;
use quittance_rules::users::{ApiToken, CredentialsRecord, Passkey, User, UserId};
use serde::{Deserialize, Serialize};

use crate::ports::{Applied, StoreError};

type Result<T> = std::result::Result<T, StoreError>;

/// How a person proves who they are. Kept whole, as JSON; the log holds its digest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// Hash of the password as a PHC string (Argon2id).
    pub password: Option<String>,
    /// Secret of the one-time codes (RFC 6238), base 32. A code is asked for whenever it is there.
    pub totp_secret: Option<String>,
    /// SHA-256, hexadecimal, of each recovery code ever given out and not replaced; used ones are marked elsewhere.
    pub recovery_hashes: Vec<String>,
    /// Raised with every change: a session or ticket of before is worth nothing after.
    pub version: i64,
}

/// Who signed in where, and until when that holds. The cookie holds 256 bits of chance; only their hash is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRecord {
    /// SHA-256, hexadecimal, of the cookie's secret.
    pub hash: String,
    /// Whose.
    pub user: UserId,
    /// When the person signed in.
    pub started_at: Timestamp,
    /// When it was used last; written once a minute at most.
    pub seen_at: Timestamp,
    /// From then on it is refused, however busy it was.
    pub ends_at: Timestamp,
    /// When the person last proved who they are.
    pub proved_at: Timestamp,
    /// Address the sign-in came from, for the list of sessions.
    pub address: String,
    /// Browser, as it calls itself, cut to 200 characters, for the list of sessions.
    pub agent: String,
}

/// Something that holds for minutes or days and can be used once: a link to set a password, a sign-in half done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// SHA-256, hexadecimal, of the secret in the link or cookie.
    pub hash: String,
    /// What it is for: `set_password`, `second_factor`, `oidc`, a passkey's challenge.
    pub kind: String,
    /// Whose, where that is known.
    pub user: Option<UserId>,
    /// What the kind needs to go on; JSON.
    pub content: String,
    /// From then on it is refused.
    pub ends_at: Timestamp,
}

/// Failed attempts of one account or address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Attempts {
    /// Failures since the first of them.
    pub failures: i64,
    /// When the first of them was.
    pub first_at: Timestamp,
    /// When the last of them was.
    pub last_at: Timestamp,
}

/// People, secrets, sessions, tokens, attempts. Implemented by the store beside [`crate::ports::Store`].
pub trait Accounts: Send + Sync {
    /// A person.
    fn user(&self, id: &UserId) -> impl Future<Output = Result<Option<User>>> + Send;
    /// Everybody, by login name.
    fn users(&self) -> impl Future<Output = Result<Vec<User>>> + Send;
    /// The person with this account at an identity provider.
    fn user_of_external(&self, issuer: &str, subject: &str) -> impl Future<Output = Result<Option<User>>> + Send;

    /// How a person proves who they are; empty for one who never set anything.
    fn credentials(&self, id: &UserId) -> impl Future<Output = Result<Credentials>> + Send;
    /// Applies the change set and, in the same transaction, keeps the credentials and ends all sessions and tickets of the
    /// person but `keep` (a session's hash). The change set must hold the [`quittance_rules::journal::Change::CredentialsSet`]
    /// that [`record_of`] gives. A [`StoreError::Conflict`] when the credentials are not one version on from what is kept.
    fn set_credentials(
        &self,
        changes: ChangeSet,
        user: &UserId,
        credentials: &Credentials,
        keep: Option<&str>,
    ) -> impl Future<Output = Result<Applied>> + Send;
    /// Takes a step of the one-time codes; `false` when this or a later one was taken before: a code is good once.
    fn take_totp_step(&self, user: &UserId, step: i64) -> impl Future<Output = Result<bool>> + Send;
    /// Takes a recovery code by its hash; `false` when it was used before.
    fn take_recovery_code(&self, user: &UserId, hash: &str, now: Timestamp) -> impl Future<Output = Result<bool>> + Send;
    /// How many recovery codes of a person were used, among these hashes.
    fn used_recovery_codes(&self, user: &UserId, hashes: &[String]) -> impl Future<Output = Result<usize>> + Send;

    /// Begins a session.
    fn begin_session(&self, session: &SessionRecord) -> impl Future<Output = Result<()>> + Send;
    /// A session by its hash, with its person, in one question. Whether it still holds is the caller's to say.
    fn session(&self, hash: &str) -> impl Future<Output = Result<Option<(SessionRecord, User)>>> + Send;
    /// Notes that a session was used.
    fn touch_session(&self, hash: &str, now: Timestamp) -> impl Future<Output = Result<()>> + Send;
    /// Gives a session a new hash and the instant of the proof: after the person proved again who they are. `false` when it is gone.
    fn renew_session(&self, hash: &str, new_hash: &str, proved_at: Timestamp) -> impl Future<Output = Result<bool>> + Send;
    /// Ends a session.
    fn end_session(&self, hash: &str) -> impl Future<Output = Result<()>> + Send;
    /// Ends all sessions of a person but one.
    fn end_sessions(&self, user: &UserId, keep: Option<&str>) -> impl Future<Output = Result<u64>> + Send;
    /// Sessions of a person, the last used first.
    fn sessions_of(&self, user: &UserId) -> impl Future<Output = Result<Vec<SessionRecord>>> + Send;
    /// Removes sessions, tickets and attempts that are over.
    fn sweep(&self, now: Timestamp) -> impl Future<Output = Result<u64>> + Send;

    /// Keeps a ticket.
    fn put_ticket(&self, ticket: &Ticket) -> impl Future<Output = Result<()>> + Send;
    /// A ticket that still holds, without using it up.
    fn ticket(&self, hash: &str, kind: &str, now: Timestamp) -> impl Future<Output = Result<Option<Ticket>>> + Send;
    /// A ticket that still holds; it is gone afterwards. Of two who take it, one gets it.
    fn take_ticket(&self, hash: &str, kind: &str, now: Timestamp) -> impl Future<Output = Result<Option<Ticket>>> + Send;

    /// Failed attempts under a key.
    fn attempts(&self, key: &str) -> impl Future<Output = Result<Attempts>> + Send;
    /// Counts a failed attempt; those that began before `since` are forgotten first. Gives the count with this one.
    fn note_failure(&self, key: &str, now: Timestamp, since: Timestamp) -> impl Future<Output = Result<i64>> + Send;
    /// Forgets the failures of a key.
    fn clear_failures(&self, key: &str) -> impl Future<Output = Result<()>> + Send;

    /// A passkey by its credential's id, with its person, in whatever state it is.
    fn passkey(&self, id: &str) -> impl Future<Output = Result<Option<(Passkey, User)>>> + Send;
    /// All passkeys a person ever had, with the instant of their last use, in the order they were made.
    fn passkeys_of(&self, user: &UserId) -> impl Future<Output = Result<Vec<(Passkey, Option<Timestamp>)>>> + Send;
    /// Notes a use with the counter the device gave. `false` when the passkey opens nothing any more, or when the counter is not above
    /// that of the last use: of two uses with one counter, one is noted. A device that does not count gives 0 each time.
    fn use_passkey(&self, id: &str, counter: u32, now: Timestamp) -> impl Future<Output = Result<bool>> + Send;

    /// A token by its hash, with its owner and the instant of its last use.
    fn token_of_hash(&self, hash: &str) -> impl Future<Output = Result<Option<(ApiToken, User)>>> + Send;
    /// All tokens with the instant of their last use, newest first.
    fn tokens(&self) -> impl Future<Output = Result<Vec<(ApiToken, Option<Timestamp>)>>> + Send;
    /// Notes that a token was used.
    fn touch_token(&self, id: &str, now: Timestamp) -> impl Future<Output = Result<()>> + Send;
}

/// The record of a change of credentials for the log. `digest` computes SHA-256 in lower-case hexadecimal.
pub fn record_of(user: &UserId, credentials: &Credentials, what: &str, digest: impl Fn(&[u8]) -> String) -> CredentialsRecord {
    CredentialsRecord { user: user.clone(), digest: digest(content_of(credentials).as_bytes()), what: what.to_owned() }
}

/// The text credentials are kept as, and of which the log holds the digest.
pub fn content_of(credentials: &Credentials) -> String {
    let recovery: Vec<&str> = credentials.recovery_hashes.iter().map(String::as_str).collect();
    serde_json::json!({
        "password": credentials.password,
        "recovery_hashes": recovery,
        "totp_secret": credentials.totp_secret,
        "version": credentials.version,
    })
    .to_string()
}
