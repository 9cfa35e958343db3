//! The language model as a second reader: what it is asked, what becomes of its answer, and what it may cost.
//!
//! It reads and never decides. Its answer crosses as typed values only; each counts when [`quittance_rules::confirm`] finds its text in the
//! document; and nothing it says takes a question away from a person or settles anything. With no model, or one that is down, slow or
//! lying, everything works: see [`second::merge`] for what an answer can change at all.

pub mod answer;
pub mod budget;
pub mod ledger;
pub mod prompt;
pub mod second;

use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;
use quittance_rules::cases::InputDigest;
use quittance_rules::journal::ModelCall;
use quittance_rules::money::Currency;

use crate::ports::StoreError;

/// Who said a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// We, before the conversation: what the model is for.
    System,
    /// We.
    User,
    /// The model.
    Assistant,
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who said it.
    pub speaker: Speaker,
    /// What.
    pub text: String,
}

/// A picture that goes with the last message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// `image/png`, `image/jpeg` or `image/webp`.
    pub media_type: String,
    /// As received.
    pub bytes: Vec<u8>,
}

/// A question. It carries no tools: the model can answer and do nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelRequest {
    /// The conversation.
    pub messages: Vec<Message>,
    /// A picture, where the settings allow it.
    pub picture: Option<Picture>,
    /// Name of the form of the answer.
    pub schema_name: &'static str,
    /// JSON schema of the answer.
    pub schema: &'static str,
    /// Tokens the answer may have.
    pub tokens_out_max: u32,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelReply {
    /// The answer, at most [`ANSWER_BYTES_MAX`] long.
    pub text: String,
    /// Tokens of the question; estimated where the endpoint does not say.
    pub tokens_in: u64,
    /// Tokens of the answer; estimated where the endpoint does not say.
    pub tokens_out: u64,
}

/// Longest text of an answer, in bytes. 24 claims of 120 characters fit several times.
pub const ANSWER_BYTES_MAX: usize = 32 * 1024;

/// Why there is no answer. Each is a sentence for the operator and names no document, no address and no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// No connection.
    #[error("the model cannot be reached")]
    Down,
    /// No answer in time.
    #[error("the model gave no answer within {} s", .0.as_secs())]
    Slow(Duration),
    /// The endpoint refused; after retries where another try could help.
    #[error("the model's endpoint answered with status {0}")]
    Status(u16),
    /// The endpoint asked to wait longer than an import waits.
    #[error("the model's endpoint asks to wait {} s", .0.as_secs())]
    Busy(Duration),
    /// More than any answer has.
    #[error("the model's answer was longer than any answer may be and was cut off")]
    TooLong,
    /// No chat completion came back.
    #[error("the model's endpoint answered with something that is no chat completion")]
    Garbage,
    /// It has failed several times in a row and is left alone for a while.
    #[error("the model has failed several times in a row and is not asked for {} s", .0.as_secs())]
    Resting(Duration),
}

/// A language model behind some endpoint. Time-outs, retries and the rest after failures are its own affair; an answer or an error comes
/// within a bounded time.
pub trait Model: Send + Sync {
    /// The name under which answers are kept.
    fn name(&self) -> &str;
    /// Asks.
    fn ask(&self, request: &ModelRequest) -> impl Future<Output = Result<ModelReply, ModelError>> + Send;
}

impl<M: Model> Model for &M {
    fn name(&self) -> &str {
        (**self).name()
    }
    fn ask(&self, request: &ModelRequest) -> impl Future<Output = Result<ModelReply, ModelError>> + Send {
        (**self).ask(request)
    }
}

/// What models have cost since some instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    /// Tokens, in and out.
    pub tokens: u64,
    /// Millionths of the currency asked about.
    pub cost_micros: u64,
}

/// Keeps what models were asked and answered: the cache, the bill, and what is needed to work out again what came of an answer.
pub trait ModelLedger: Send + Sync {
    /// Spent since an instant, money in one currency.
    fn spent(&self, since: Timestamp, currency: Option<Currency>) -> impl Future<Output = Result<Spent, StoreError>> + Send;
    /// The latest usable answer to an equal question, with its text.
    fn answered(&self, question: &InputDigest) -> impl Future<Output = Result<Option<(ModelCall, Vec<u8>)>, StoreError>> + Send;
    /// Keeps bytes under their digest.
    fn keep(&self, bytes: &[u8]) -> impl Future<Output = Result<InputDigest, StoreError>> + Send;
    /// Writes a call down.
    fn record(&self, call: ModelCall) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Calls about one piece of evidence, or all, oldest first.
    fn calls(&self, evidence: Option<&InputDigest>) -> impl Future<Output = Result<Vec<ModelCall>, StoreError>> + Send;
}

impl<L: ModelLedger> ModelLedger for &L {
    fn spent(&self, since: Timestamp, currency: Option<Currency>) -> impl Future<Output = Result<Spent, StoreError>> + Send {
        (**self).spent(since, currency)
    }
    fn answered(&self, question: &InputDigest) -> impl Future<Output = Result<Option<(ModelCall, Vec<u8>)>, StoreError>> + Send {
        (**self).answered(question)
    }
    fn keep(&self, bytes: &[u8]) -> impl Future<Output = Result<InputDigest, StoreError>> + Send {
        (**self).keep(bytes)
    }
    fn record(&self, call: ModelCall) -> impl Future<Output = Result<(), StoreError>> + Send {
        (**self).record(call)
    }
    fn calls(&self, evidence: Option<&InputDigest>) -> impl Future<Output = Result<Vec<ModelCall>, StoreError>> + Send {
        (**self).calls(evidence)
    }
}
