//! What the order of work needs from the world. `quittance-tools` implements these; nothing in here knows a database.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::Path;

use jiff::Timestamp;
use jiff::civil::Date;
use quittance_rules::aliases::Alias;
use quittance_rules::cases::{Case, Decision, InputDigest, Subject};
use quittance_rules::evidence::Reading;
use quittance_rules::journal::{AuditEntry, BankLine, ChangeSet, EvidenceRecord, Input};
use quittance_rules::ledger::{CaseId, DecisionId, ItemBalance, PaymentBalance, Position, Posting};
use quittance_rules::money::{Currency, Money};
use quittance_rules::records::{Customer, CustomerId, Entity, EntityId, ItemId, OpenItem, PaymentId};

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else changed what this change set was made from (a case's version, an open amount, a payment). Nothing was
    /// written; read again and decide again.
    #[error("{0} was changed by somebody else in the meantime; nothing was written")]
    Conflict(String),
    /// A row that does not parse.
    #[error("table {table}, row {row}, column {column}: {message}")]
    BadRow {
        /// Table.
        table: &'static str,
        /// Its key.
        row: String,
        /// Column.
        column: &'static str,
        /// What is wrong.
        message: String,
    },
    /// The database or its file cannot be reached, is full, was made by a newer version, …
    #[error("{0}")]
    Unavailable(String),
}

/// What [`Store::apply`] did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Applied {
    /// Number of changes that were new and are now recorded.
    pub recorded: usize,
    /// Index into the change set of each change that was known already and therefore not recorded again: `InputReceived`,
    /// `LineBooked`, `LineFound`, `ItemAdded`, `EntitySet`, `AccountSet`, `CustomerSet`, `EvidenceRead` that equal what is there.
    pub known: Vec<usize>,
    /// Sequence number of the audit entry; `None` when nothing was recorded.
    pub audit_seq: Option<i64>,
}

/// Numbers the store gives out, never twice. A crash leaves gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sequence {
    /// Cases.
    Case,
    /// Decisions.
    Decision,
    /// Postings.
    Posting,
}

/// A payment with what is left of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPayment {
    /// Its bank line.
    pub line: BankLine,
    /// Received and remaining.
    pub balance: PaymentBalance,
}

/// An open item with what is open of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredItem {
    /// As taken in.
    pub item: OpenItem,
    /// Billed and open.
    pub balance: ItemBalance,
}

/// Everything the matcher needs of one entity.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EntityBook {
    /// Customers that have items of this entity, and those without any.
    pub customers: Vec<Customer>,
    /// All items that are not fully cleared, and those cleared (a reference to a paid invoice says something too).
    pub items: Vec<StoredItem>,
    /// Credits with something remaining, whether or not a case is pending.
    pub payments: Vec<StoredPayment>,
    /// Debits booked as returns, reversals or chargebacks.
    pub returns: Vec<StoredPayment>,
    /// What confirmations taught about payers, in use or not.
    pub aliases: Vec<Alias>,
}

/// What a rule of the owner has done, over all policies that held a rule of this name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleUse {
    /// Its name.
    pub rule: String,
    /// Decisions that name it.
    pub decisions: u64,
    /// Of these, settled alone.
    pub settled: u64,
    /// The last of them.
    pub last: DecisionId,
}

/// Which cases to list. All given conditions hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CaseFilter {
    /// Only of this entity.
    pub entity: Option<EntityId>,
    /// Only of this kind, by its name.
    pub kind: Option<String>,
    /// Include resolved cases.
    pub resolved: bool,
    /// Only after this case number (keyset paging); listed by number, ascending.
    pub after: Option<CaseId>,
    /// At most so many; 0 is all.
    pub limit: u32,
}

/// One row of `export allocations`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllocationRow {
    /// The posting (purpose allocation, discount, bank fee, withholding or write-off; never a reversal itself).
    pub posting: Posting,
    /// `rule` or `person:NAME`.
    pub decided_by: String,
    /// When.
    pub decided_at: Timestamp,
    /// The rule of the owner that took part.
    pub rule: Option<String>,
    /// The posting that took it back.
    pub reversed_by: Option<i64>,
}

/// What a verification found wrong, one sentence each. Empty: nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VerifyReport {
    /// Audit entries followed.
    pub entries: i64,
    /// Hash of the last entry.
    pub head: String,
    /// Rows compared with the log.
    pub rows: u64,
    /// Kept originals compared with their digest.
    pub blobs: u64,
    /// What is wrong.
    pub findings: Vec<String>,
    /// What could not be compared, and why: secrets without their key.
    pub not_compared: Vec<String>,
}

type Result<T> = std::result::Result<T, StoreError>;

/// The store: one database, SQLite or PostgreSQL. All methods are safe to call from several processes.
///
/// Every change goes through [`Store::apply`], which writes the changes, the running balances and one audit entry in a single
/// transaction. The store itself refuses a change set that would break invariant 1 (a payment or an item overdrawn) or that
/// was made from an outdated case version, as [`StoreError::Conflict`].
pub trait Store: Send + Sync {
    /// Writes the change set, whole or not at all.
    fn apply(&self, changes: ChangeSet) -> impl Future<Output = Result<Applied>> + Send;
    /// As [`Store::apply`], unless something the change set was made from has changed since the audit entry `base`: details of an
    /// item it posts on, a case on a payment it posts from, or any evidence. Then a [`StoreError::Conflict`].
    fn apply_since(&self, base: i64, changes: ChangeSet) -> impl Future<Output = Result<Applied>> + Send;
    /// Number of the last audit entry; 0 when there is none.
    fn head(&self) -> impl Future<Output = Result<i64>> + Send;
    /// Reserves `count` numbers in a row and gives the first.
    fn reserve(&self, sequence: Sequence, count: u32) -> impl Future<Output = Result<i64>> + Send;

    /// Keeps the bytes of a file under their digest, in pieces, without holding the file in memory. Keeping what is kept is a no-op.
    fn keep_file(&self, path: &Path) -> impl Future<Output = Result<(InputDigest, u64)>> + Send;
    /// Keeps bytes under their digest.
    fn keep_bytes(&self, bytes: &[u8]) -> impl Future<Output = Result<InputDigest>> + Send;
    /// The bytes kept under a digest.
    fn kept(&self, digest: &InputDigest) -> impl Future<Output = Result<Option<Vec<u8>>>> + Send;

    /// All entities, by id.
    fn entities(&self) -> impl Future<Output = Result<Vec<Entity>>> + Send;
    /// Bank accounts with their entity and currency.
    fn accounts(&self) -> impl Future<Output = Result<BTreeMap<String, (EntityId, Option<Currency>)>>> + Send;
    /// An input by digest, and whether all of it has been taken without a problem.
    fn input(&self, digest: &InputDigest) -> impl Future<Output = Result<Option<(Input, bool)>>> + Send;
    /// Keys of the lines that the readings of a file found: those it booked, and of a table those that another file had booked.
    fn lines_found(&self, digest: &InputDigest) -> impl Future<Output = Result<Vec<String>>> + Send;
    /// A customer.
    fn customer(&self, id: &CustomerId) -> impl Future<Output = Result<Option<Customer>>> + Send;
    /// All customers, by id.
    fn customers(&self) -> impl Future<Output = Result<Vec<Customer>>> + Send;
    /// An item with its balance.
    fn item(&self, id: &ItemId) -> impl Future<Output = Result<Option<StoredItem>>> + Send;
    /// A payment (or returned or outgoing line) with its balance.
    fn payment(&self, id: &PaymentId) -> impl Future<Output = Result<Option<StoredPayment>>> + Send;
    /// Credits of exactly this amount, of all entities, whatever has been decided about them.
    fn payments_of_amount(&self, amount: Money) -> impl Future<Output = Result<Vec<StoredPayment>>> + Send;
    /// The book of one entity.
    fn book(&self, entity: &EntityId) -> impl Future<Output = Result<EntityBook>> + Send;
    /// Booked returns and chargebacks (debits marked as return) of an entity that have no case yet.
    fn returns_without_case(&self, entity: &EntityId) -> impl Future<Output = Result<Vec<StoredPayment>>> + Send;

    /// All evidence, in order of arrival, with the input it came as.
    fn evidence(&self) -> impl Future<Output = Result<Vec<(EvidenceRecord, Input)>>> + Send;
    /// Evidence whose record was written after an audit entry, in order of arrival. With 0 it is [`Store::evidence`].
    fn evidence_since(&self, base: i64) -> impl Future<Output = Result<Vec<(EvidenceRecord, Input)>>> + Send;

    /// A case.
    fn case(&self, id: CaseId) -> impl Future<Output = Result<Option<Case>>> + Send;
    /// Cases by filter.
    fn cases(&self, filter: &CaseFilter) -> impl Future<Output = Result<Vec<Case>>> + Send;
    /// All cases there ever were on a subject, oldest first.
    fn cases_on(&self, subject: &Subject) -> impl Future<Output = Result<Vec<Case>>> + Send;
    /// The pending case on a subject.
    fn pending_case(&self, subject: &Subject) -> impl Future<Output = Result<Option<Case>>> + Send;

    /// A decision.
    fn decision(&self, id: DecisionId) -> impl Future<Output = Result<Option<Decision>>> + Send;
    /// Decisions after a number, ascending, at most `limit`.
    fn decisions(&self, after: DecisionId, limit: u32) -> impl Future<Output = Result<Vec<Decision>>> + Send;
    /// The decisions on a subject, oldest first.
    fn decisions_on(&self, subject: &Subject) -> impl Future<Output = Result<Vec<Decision>>> + Send;
    /// Postings made by a decision.
    fn postings_of_decision(&self, id: DecisionId) -> impl Future<Output = Result<Vec<Posting>>> + Send;
    /// Postings of a payment, oldest first.
    fn postings_of_payment(&self, id: &PaymentId) -> impl Future<Output = Result<Vec<Posting>>> + Send;
    /// Postings after a number, ascending, at most `limit`.
    fn postings(&self, after: i64, limit: u32) -> impl Future<Output = Result<Vec<Posting>>> + Send;
    /// Rows of `export allocations` after a posting number, ascending, at most `limit`.
    fn allocations(&self, after: i64, limit: u32) -> impl Future<Output = Result<Vec<AllocationRow>>> + Send;

    /// The policy in force: version and text. `None` before the first is published.
    fn policy(&self) -> impl Future<Output = Result<Option<(String, String)>>> + Send;
    /// The text of a policy that has been in force, by its version.
    fn policy_of(&self, version: &str) -> impl Future<Output = Result<Option<String>>> + Send;
    /// What each rule of the owner has done, by name.
    fn rule_uses(&self) -> impl Future<Output = Result<Vec<RuleUse>>> + Send;
    /// Everything confirmations taught about payers, in use or not, in the order it was taught.
    fn aliases(&self) -> impl Future<Output = Result<Vec<Alias>>> + Send;
    /// Where the money is, by currency; computed from bank lines and postings, not from running balances.
    fn positions(&self, entity: Option<&EntityId>) -> impl Future<Output = Result<Vec<Position>>> + Send;

    /// Audit entries after a number, ascending, at most `limit`.
    fn audit_entries(&self, after: i64, limit: u32) -> impl Future<Output = Result<Vec<AuditEntry>>> + Send;
    /// Follows the whole chain, compares every recorded row and running balance with the log, every kept original with its
    /// digest, and asks the database for its own integrity check.
    fn verify(&self) -> impl Future<Output = Result<VerifyReport>> + Send;
}

/// The clock.
pub trait Clock: Send + Sync {
    /// The instant now, in UTC.
    fn now(&self) -> Timestamp;
    /// The civil date now in an IANA time zone. A zone that is not known counts as UTC: zones are checked when an entity is set.
    fn today(&self, time_zone: &str) -> Date;
}

impl<C: Clock + ?Sized> Clock for std::sync::Arc<C> {
    fn now(&self) -> Timestamp {
        C::now(self)
    }
    fn today(&self, time_zone: &str) -> Date {
        C::today(self, time_zone)
    }
}

/// A file that could not be read, and why, in one sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

/// Reads evidence in a process of its own, under limits. Whatever the bytes are, an answer comes within seconds.
pub trait EvidenceReader: Send + Sync {
    /// Reads one file. `name` is the name it came under; it is data and decides nothing.
    fn read(&self, bytes: &[u8], name: &str) -> impl Future<Output = std::result::Result<Reading, Unreadable>> + Send;
}
