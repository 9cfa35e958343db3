//! The journal: every change of state as a value, and the hash chain that lets an outsider verify that none was altered.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::aliases::Alias;
use crate::bank::StatementLine;
use crate::cases::{Actor, Case, Decision, InputDigest};
use crate::draft::Draft;
use crate::evidence::{Confidence, EvidenceKind};
use crate::ledger::Posting;
use crate::money::Currency;
use crate::records::{Customer, Entity, EntityId, ImportProfile, OpenItem, PaymentId};
use crate::reuse::EvidenceMarks;
use crate::users::{ApiToken, CredentialsRecord, Passkey, User};
use crate::webhooks::WebhookEndpoint;
use crate::work::{Lease, Note, Proposal};

/// What an input is, as the person who brought it said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputKind {
    /// Customer master file.
    Customers,
    /// Invoices and credit notes.
    Invoices,
    /// Bank or processor statement.
    Statement,
    /// Evidence.
    Evidence,
}

impl InputKind {
    /// The name used in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Customers => "customers",
            Self::Invoices => "invoices",
            Self::Statement => "statement",
            Self::Evidence => "evidence",
        }
    }
}

/// A file as received. Its bytes are kept by digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// Digest of its bytes.
    pub digest: InputDigest,
    /// What it was brought as.
    pub kind: InputKind,
    /// File name it came under, without folders.
    pub name: String,
    /// Bytes.
    pub size: u64,
}

/// A booked bank line. `payment` is its id as a payment, or as a return or outgoing line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BankLine {
    /// Hexadecimal [`crate::bank::LineKey`].
    pub key: String,
    /// Id under which postings name it.
    pub payment: PaymentId,
    /// Whose account.
    pub entity: EntityId,
    /// Our account.
    pub account: String,
    /// The file it was first read in.
    pub input: InputDigest,
    /// The line.
    pub line: StatementLine,
}

/// Evidence that was read. Words and claims are kept as a blob of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceRecord {
    /// Digest of the original.
    pub digest: InputDigest,
    /// Digest of the JSON of [`crate::evidence::Reading`], kept as a blob. `None` when it could not be read.
    pub reading: Option<InputDigest>,
    /// What it seems to be.
    pub kind: EvidenceKind,
    /// How likely; certain where a person said it.
    pub kind_confidence: Confidence,
    /// What is compared with other evidence.
    #[serde(default, skip_serializing_if = "EvidenceMarks::is_empty")]
    pub marks: EvidenceMarks,
}

/// How a question to a language model ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelOutcome {
    /// It gave an answer of the form asked for.
    Answered,
    /// The answer to an equal question was used again; nothing was spent.
    Cached,
    /// It gave answers, none of the form asked for. They were paid for and not used.
    Unusable,
}

/// A question to a language model that was answered: what it was about, what came back, and what it cost. The answer is kept as a blob,
/// so that what came of it can be worked out again without asking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelCall {
    /// SHA-256, in hexadecimal, over the question's digest, the evidence and the instant.
    pub id: String,
    /// Digest of all that the answer depends on: task, prompt version, model, and the document as shown. Equal questions have it in common.
    pub question: InputDigest,
    /// What was asked, by the name of its folder in `prompts`.
    pub task: String,
    /// Version of the prompt: `v1`.
    pub prompt: String,
    /// Name of the model.
    pub model: String,
    /// The evidence it was about.
    pub evidence: InputDigest,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// How it ended.
    pub outcome: ModelOutcome,
    /// Digest of the answer's text, kept as a blob.
    pub answer: InputDigest,
    /// Digest of the JSON of the [`crate::evidence::Reading`] before the answer was taken in, kept as a blob.
    pub reading: InputDigest,
    /// Tokens of questions, repairs included.
    pub tokens_in: u64,
    /// Tokens of answers.
    pub tokens_out: u64,
    /// Cost in millionths of a currency's unit; 0 where the settings give no prices.
    pub cost_micros: u64,
    /// The currency of the cost.
    pub currency: Option<Currency>,
}

/// One change of state. Everything the store keeps came in as one of these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "change")]
pub enum Change {
    /// A legal entity was added, or its name, currency or zone changed.
    EntitySet(Entity),
    /// A bank account was placed with an entity.
    AccountSet {
        /// Normalised number.
        account: String,
        /// Whose.
        entity: EntityId,
        /// Its currency, where known.
        currency: Option<Currency>,
    },
    /// A file was received for the first time.
    InputReceived(Input),
    /// All of a file has been taken in.
    InputTaken {
        /// Which.
        digest: InputDigest,
        /// Records that were new.
        added: u64,
        /// Records that were known already.
        known: u64,
        /// Problems found.
        problems: u64,
    },
    /// A customer was added or its details changed.
    CustomerSet(Customer),
    /// An open item was added.
    ItemAdded(OpenItem),
    /// Details other than money of an open item changed (dates, hold).
    ItemDetailsSet(OpenItem),
    /// A bank line was booked. A line with this key is there once.
    LineBooked(BankLine),
    /// A table was read that has a line which another file had booked. A reading of the same table under other columns must find it again.
    LineFound {
        /// The table.
        input: InputDigest,
        /// Key of the line.
        key: String,
    },
    /// Evidence was read.
    EvidenceRead(EvidenceRecord),
    /// A language model was asked about evidence.
    ModelAsked(ModelCall),
    /// A decision was made.
    Decided(Decision),
    /// The ledger got a line.
    Posted(Posting),
    /// A case was raised.
    CaseOpened(Case),
    /// A case changed; `version` is one more than before.
    CaseChanged(Case),
    /// Something was learned about a payer, or what was learned stands otherwise now.
    AliasSet(Alias),
    /// Somebody works on a case, or gave it back.
    CaseLeased(Lease),
    /// Somebody wrote on a case.
    Noted(Note),
    /// A decision that needs a second person was proposed, completed or taken back.
    Proposed(Proposal),
    /// A policy came into force.
    PolicyPublished {
        /// Its version: digest of the text.
        version: String,
        /// The text.
        text: String,
    },
    /// A person was added, or their details or roles changed.
    UserSet(User),
    /// Somebody's way of proving who they are was changed.
    CredentialsSet(CredentialsRecord),
    /// A token for programs was made or taken back.
    TokenSet(ApiToken),
    /// A passkey was added, taken away, or refused for good.
    PasskeySet(Passkey),
    /// An address for messages to other programs was made or changed.
    WebhookSet(WebhookEndpoint),
    /// The draft of a message about a case was saved.
    DraftSet(Draft),
    /// A mapping profile was saved.
    ProfileSet(ImportProfile),
}

/// Changes that happen together or not at all, with who makes them and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeSet {
    /// Who.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
    /// What, in order.
    pub changes: Vec<Change>,
}

/// One entry of the audit log. A field more than these is not covered by the hash, so it is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditEntry {
    /// From 1, without gaps.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Who, as [`Actor`] displays.
    pub by: String,
    /// JSON array of the [`Change`]s of one transaction, byte for byte as hashed.
    pub changes: String,
    /// Hash of the entry before; 64 zeros for the first.
    pub previous: String,
    /// Hash of this entry, see [`entry_hash`].
    pub hash: String,
}

/// The `previous` of the first entry.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// SHA-256, in lower-case hexadecimal, over the fields `previous`, `seq`, `at`, `by`, `changes`, each preceded by its length in
/// bytes as a 64-bit big-endian number; `seq` in decimal, `at` as microseconds since 1970-01-01T00:00:00Z in decimal.
/// Anyone can recompute it from an export.
pub fn entry_hash(previous: &str, seq: i64, at: Timestamp, by: &str, changes: &str) -> String {
    let mut hash = Sha256::new();
    for field in [previous, &seq.to_string(), &at.as_microsecond().to_string(), by, changes] {
        hash.update((field.len() as u64).to_be_bytes());
        hash.update(field.as_bytes());
    }
    hex::encode(hash.finalize())
}

/// Where a chain is broken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokenChain {
    /// An entry is missing or out of order.
    #[error("audit entry {expected} is missing (found {found})")]
    Gap {
        /// Sequence number that should have come.
        expected: i64,
        /// Sequence number that came.
        found: i64,
    },
    /// The entry does not continue the one before.
    #[error("audit entry {0} does not continue the entry before it")]
    Unlinked(i64),
    /// The entry's content was altered after it was hashed.
    #[error("audit entry {0} has been altered: its hash does not fit its content")]
    Altered(i64),
}

/// Follows the chain entry by entry.
#[derive(Debug, Clone)]
pub struct ChainCheck {
    next: i64,
    previous: String,
}

impl Default for ChainCheck {
    fn default() -> Self {
        Self { next: 1, previous: GENESIS.to_owned() }
    }
}

impl ChainCheck {
    /// Checks the next entry.
    pub fn follow(&mut self, entry: &AuditEntry) -> Result<(), BrokenChain> {
        if entry.seq != self.next {
            return Err(BrokenChain::Gap { expected: self.next, found: entry.seq });
        }
        if entry.previous != self.previous {
            return Err(BrokenChain::Unlinked(entry.seq));
        }
        if entry_hash(&entry.previous, entry.seq, entry.at, &entry.by, &entry.changes) != entry.hash {
            return Err(BrokenChain::Altered(entry.seq));
        }
        self.next = self.next.saturating_add(1);
        self.previous.clone_from(&entry.hash);
        Ok(())
    }

    /// Goes on after an entry that does not fit, so that one altered entry is not reported again for all that follow it.
    pub fn resume_after(&mut self, entry: &AuditEntry) {
        self.next = entry.seq.saturating_add(1);
        self.previous.clone_from(&entry.hash);
    }

    /// Number of entries followed and the hash of the last: compare it with one written down earlier to see a cut-off tail.
    pub fn head(&self) -> (i64, &str) {
        (self.next.saturating_sub(1), &self.previous)
    }
}
