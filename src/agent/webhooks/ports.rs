//! What messages to other programs need from the world: a store of addresses and messages, and somebody who sends.

use std::future::Future;

use jiff::{SignedDuration, Timestamp};
use quittance_rules::journal::ChangeSet;
use quittance_rules::webhooks::{EventKind, WebhookEndpoint};
use serde_json::Value;

use crate::ports::{Applied, StoreError};

type Result<T> = std::result::Result<T, StoreError>;

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// It is to be sent, now or later.
    Waiting,
    /// It was taken.
    Delivered,
    /// Nobody took it, and it is not tried again.
    GivenUp,
    /// Its address was switched off before it was taken.
    Dropped,
}

impl DeliveryState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Delivered, Self::GivenUp, Self::Dropped];

    /// The name in the database and in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::GivenUp => "given_up",
            Self::Dropped => "dropped",
        }
    }
}

/// A message to one address.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// Its `webhook-id`: the same at every attempt, and when it is sent again by hand.
    pub id: String,
    /// The address it goes to.
    pub endpoint: String,
    /// What happened.
    pub event: EventKind,
    /// When it happened.
    pub happened_at: Timestamp,
    /// Ids and counts.
    pub data: Value,
    /// Where it stands.
    pub state: DeliveryState,
    /// Attempts begun.
    pub attempts: u32,
    /// When the next attempt is due.
    pub next_at: Timestamp,
    /// When the last attempt ended.
    pub last_at: Option<Timestamp>,
    /// HTTP status of the last attempt; `None` where there was no answer.
    pub last_status: Option<u16>,
    /// What went wrong with it, in a sentence.
    pub last_error: Option<String>,
}

/// A message that is ours to send until its claim runs out.
#[derive(Debug, Clone, PartialEq)]
pub struct Claimed {
    /// The message, with this attempt counted.
    pub delivery: Delivery,
    /// Its address.
    pub endpoint: WebhookEndpoint,
    /// The secrets that count now, the one in use first.
    pub secrets: Vec<String>,
    /// Whose claim it is; only this one may record the end.
    pub token: String,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The message was taken.
    Delivered {
        /// HTTP status.
        status: u16,
    },
    /// It is tried again.
    Again {
        /// HTTP status, where there was an answer.
        status: Option<u16>,
        /// What went wrong.
        error: String,
        /// When.
        next_at: Timestamp,
    },
    /// It is not tried again.
    GivenUp {
        /// HTTP status, where there was an answer.
        status: Option<u16>,
        /// What went wrong.
        error: String,
    },
}

/// What waits to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Backlog {
    /// Messages that are due.
    pub due: u64,
    /// When somebody who sends was there last.
    pub sender_seen_at: Option<Timestamp>,
}

/// Addresses and messages. Implemented by the store beside [`crate::ports::Store`], which writes the messages: each in the transaction of
/// the change it tells about.
pub trait Webhooks: Send + Sync {
    /// All addresses, the oldest first.
    fn webhooks(&self) -> impl Future<Output = Result<Vec<WebhookEndpoint>>> + Send;
    /// An address.
    fn webhook(&self, id: &str) -> impl Future<Output = Result<Option<WebhookEndpoint>>> + Send;
    /// Applies the change set, which must hold the `WebhookSet` of this address, and in the same transaction keeps a new secret, forgets
    /// those the address does not name any more and, where it is not on, drops what waits for it.
    fn set_webhook(
        &self,
        changes: ChangeSet,
        endpoint: &WebhookEndpoint,
        secret: Option<&str>,
    ) -> impl Future<Output = Result<Applied>> + Send;

    /// Who changed an address last (`rule` or `person:NAME`), and when.
    fn webhook_changed(&self, id: &str) -> impl Future<Output = Result<Option<(String, Timestamp)>>> + Send;
    /// Whether an address has taken a message since an instant.
    fn delivered_since(&self, endpoint: &str, since: Timestamp) -> impl Future<Output = Result<bool>> + Send;

    /// Messages to an address before a place (instant in microseconds, id), the last first, at most `limit`.
    fn deliveries_of(
        &self,
        endpoint: &str,
        before: Option<(i64, &str)>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Delivery>>> + Send;
    /// A message.
    fn delivery(&self, id: &str) -> impl Future<Output = Result<Option<Delivery>>> + Send;
    /// Adds a message by hand: a test. One with this id is there once.
    fn add_delivery(&self, delivery: &Delivery) -> impl Future<Output = Result<()>> + Send;
    /// Has a message sent again from the first attempt, under its id. `false` when it waits already, or is not there.
    fn send_again(&self, id: &str, now: Timestamp) -> impl Future<Output = Result<bool>> + Send;

    /// Claims messages that are due until `until`, at most `most`, and no more than `per_endpoint` of one address under way. Of several who
    /// ask at once each gets others. The attempt is counted with the claim, so that a message on which the sender dies is not sent for ever.
    fn claim_deliveries(
        &self,
        now: Timestamp,
        until: Timestamp,
        per_endpoint: u32,
        most: u32,
        token: &str,
    ) -> impl Future<Output = Result<Vec<Claimed>>> + Send;
    /// Records the end of an attempt. `false` when the claim ran out and somebody else has it.
    fn delivery_ended(&self, id: &str, token: &str, at: Timestamp, ended: &Ended) -> impl Future<Output = Result<bool>> + Send;
    /// Removes messages that ended before an instant; gives their number.
    fn forget_deliveries(&self, before: Timestamp) -> impl Future<Output = Result<u64>> + Send;

    /// Notes that somebody is here who sends.
    fn sender_is_here(&self, now: Timestamp) -> impl Future<Output = Result<()>> + Send;
    /// What is due.
    fn backlog(&self, now: Timestamp) -> impl Future<Output = Result<Backlog>> + Send;
}

/// A message on its way.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'m> {
    /// Where to.
    pub url: &'m str,
    /// `webhook-id`.
    pub id: &'m str,
    /// `webhook-timestamp`: the instant of the attempt.
    pub at: Timestamp,
    /// The body, as it is signed.
    pub body: &'m str,
    /// The secrets to sign with.
    pub secrets: &'m [String],
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// An answer.
    Answered {
        /// HTTP status.
        status: u16,
        /// How long it asks to wait.
        retry_after: Option<SignedDuration>,
    },
    /// None; the sentence says why, without the address.
    Failed(String),
}

/// Signs and sends.
pub trait WebhookSender: Send + Sync {
    /// One attempt, within limits of time; no redirect is followed, and nothing of the answer but status and `Retry-After` is read.
    fn send(&self, message: Outgoing<'_>) -> impl Future<Output = Sent> + Send;
}
