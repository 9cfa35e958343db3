//! What the desk needs of the store beyond [`Store`]: the index of the queue, and the rows a case is shown with.

use std::collections::BTreeMap;
use std::future::Future;

use jiff::Timestamp;
use jiff::civil::Date;
use quittance_rules::cases::{Case, Decision, InputDigest};
use quittance_rules::draft::Draft;
use quittance_rules::exceptions::{ExceptionKind, Severity};
use quittance_rules::journal::{EvidenceRecord, Input};
use quittance_rules::ledger::{CaseId, DecisionId, Posting};
use quittance_rules::money::{Currency, Money};
use quittance_rules::policy::Policy;
use quittance_rules::records::{CustomerId, EntityId};
use quittance_rules::work::{Lease, Note, Proposal};
use serde::{Deserialize, Serialize};

use super::list::Query;
use crate::ports::{Store, StoreError, StoredItem, StoredPayment};

type Result<T> = std::result::Result<T, StoreError>;

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseRow {
    /// The case.
    pub id: CaseId,
    /// Its version: a decision taken from this line names it.
    pub version: i64,
    /// Whose books; `None` for evidence and files that belong to no entity yet.
    pub entity: Option<EntityId>,
    /// Kind of exception.
    pub kind: ExceptionKind,
    /// How soon a person should look.
    pub severity: Severity,
    /// `open`, `assigned`, `snoozed`, `resolved`.
    pub state: String,
    /// Who has it.
    pub owner: Option<String>,
    /// First day it shows again.
    pub snoozed_until: Option<Date>,
    /// Money at stake.
    pub amount: Option<Money>,
    /// When it was raised.
    pub opened_at: Timestamp,
    /// When the policy wants it decided.
    pub due_at: Timestamp,
    /// Cases that one answer may fit have the same key.
    pub group: String,
    /// The customer of the best candidate.
    pub customer: Option<CustomerId>,
    /// The payer, the customer or the file: who it is about, in words.
    pub party: Option<String>,
    /// One line for people.
    pub headline: String,
    /// Number of candidates.
    pub candidates: u32,
    /// Confidence of the best, in millionths.
    pub confidence: u32,
}

/// A line of the index as it is kept: the line and its places in the orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indexed {
    /// The line.
    pub row: CaseRow,
    /// Whether a person may still decide.
    pub pending: bool,
    /// Place by money at risk, ascending is first.
    pub risk_order: i64,
    /// Place by money saved per minute, ascending is first.
    pub rate_order: i64,
    /// Words to find it by, folded, each once.
    pub terms: Vec<String>,
}

/// Some lines in order, and where the next ones begin.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// The lines.
    pub rows: Vec<CaseRow>,
    /// Give this back as [`Query::after`] for the next ones; `None` at the end.
    pub next: Option<String>,
}

/// Number of pending cases of a kind, and the money at stake by currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KindCount {
    /// The kind.
    pub kind: ExceptionKind,
    /// Cases that show now.
    pub cases: u64,
}

/// How many cases show, by kind and by how they stand.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// By kind, most first.
    pub kinds: Vec<KindCount>,
    /// All that show now.
    pub open: u64,
    /// Of these: of the person who asks.
    pub mine: u64,
    /// Of these: nobody's.
    pub unassigned: u64,
    /// Past their due time.
    pub due: u64,
    /// Out of sight until a day.
    pub snoozed: u64,
}

/// Cases that one answer may fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Group {
    /// Their key.
    pub key: String,
    /// How many.
    pub cases: u64,
    /// Kind of exception.
    pub kind: ExceptionKind,
    /// Who it is about.
    pub party: Option<String>,
    /// Their money in one currency, where it is one.
    pub amount: Option<Money>,
}

/// A piece of evidence with the name it came under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptEvidence {
    /// What was read.
    pub record: EvidenceRecord,
    /// As received.
    pub input: Input,
}

/// What a search for evidence goes by. Any of them is enough.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EvidenceQuestion {
    /// A claimed amount, and the days between which the claimed date must lie where one is legible.
    pub amount: Option<(Money, Date, Date)>,
    /// Invoice numbers and references, letters and digits only, in capitals.
    pub numbers: Vec<String>,
}

/// Everything that undoing a set of decisions needs, read in few statements.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UndoMaterial {
    /// The decisions asked for and every other on the same subjects, oldest first.
    pub decisions: Vec<Decision>,
    /// Postings of the decisions asked for.
    pub postings: BTreeMap<DecisionId, Vec<Posting>>,
    /// The cases of the decisions asked for, as they stand.
    pub cases: BTreeMap<CaseId, Case>,
    /// The payments of those decided without a case.
    pub payments: BTreeMap<String, StoredPayment>,
}

/// Which decisions one undoing is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// All that were recorded in one audit entry: a batch.
    Entry(i64),
    /// All settlements by a rule between two instants (the first included), with the named rule where one is named.
    ByRule {
        /// From, included.
        from: Timestamp,
        /// To, excluded.
        to: Timestamp,
        /// Only what this rule of the policy took part in; the empty name is the pattern built into the gate. `None` is all of them.
        rule: Option<String>,
    },
}

/// The first answer to a request that carried an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstAnswer {
    /// Digest of the request it answered.
    pub request: String,
    /// HTTP status.
    pub status: u16,
    /// Body as sent.
    pub body: String,
}

/// The store as the desk sees it.
pub trait DeskStore: Store {
    /// Brings the index of the queue up to date with the log; gives the number of cases taken in. Cheap when nothing changed.
    fn catch_up(&self, policy: &Policy) -> impl Future<Output = Result<u64>> + Send;
    /// Lines of the list.
    fn list(&self, query: &Query) -> impl Future<Output = Result<Page>> + Send;
    /// The line after one in the order of a query, whether or not that one still answers the query; `None` at the end.
    fn line_after(&self, query: &Query, case: CaseId) -> impl Future<Output = Result<Option<CaseRow>>> + Send;
    /// The line before one in the order of a query.
    fn line_before(&self, query: &Query, case: CaseId) -> impl Future<Output = Result<Option<CaseRow>>> + Send;
    /// Lines by number, in the order given; those that are not there are left out.
    fn lines(&self, cases: &[CaseId]) -> impl Future<Output = Result<Vec<CaseRow>>> + Send;
    /// How many cases answer a query's entities, and how they stand. Its other conditions do not count.
    fn counts(&self, query: &Query, user: &str) -> impl Future<Output = Result<Counts>> + Send;
    /// Groups of two and more among the cases that answer a query, largest first.
    fn groups(&self, query: &Query, limit: u32) -> impl Future<Output = Result<Vec<Group>>> + Send;

    /// One piece of evidence.
    fn evidence_kept(&self, digest: &InputDigest) -> impl Future<Output = Result<Option<KeptEvidence>>> + Send;
    /// Evidence that answers a question, at most `limit`.
    fn evidence_for(&self, question: &EvidenceQuestion, limit: u32) -> impl Future<Output = Result<Vec<KeptEvidence>>> + Send;
    /// Items of a customer, open ones first, then by due date.
    fn items_of_customer(
        &self,
        customer: &CustomerId,
        entity: Option<&EntityId>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<StoredItem>>> + Send;
    /// Open items of an entity whose number or id contains a text, or whose customer is named so.
    fn items_like(&self, entity: &EntityId, text: &str, limit: u32) -> impl Future<Output = Result<Vec<StoredItem>>> + Send;
    /// Payments with postings on a customer, newest first.
    fn payments_of(&self, customer: &CustomerId, limit: u32) -> impl Future<Output = Result<Vec<StoredPayment>>> + Send;
    /// Cases of a kind that people decided for this customer or this party, newest first.
    fn decided_like(
        &self,
        kind: ExceptionKind,
        customer: Option<&CustomerId>,
        party: Option<&str>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Decision>>> + Send;
    /// Decisions by number, ascending.
    fn decisions_by_id(&self, ids: &[DecisionId]) -> impl Future<Output = Result<Vec<Decision>>> + Send;
    /// What a customer has on account: unapplied cash by currency.
    fn unapplied_of(&self, customer: &CustomerId) -> impl Future<Output = Result<Vec<Money>>> + Send;
    /// Customers whose id or name contains a text.
    fn customers_like(
        &self,
        text: &str,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<quittance_rules::records::Customer>>> + Send;

    /// The last lease of a case.
    fn lease(&self, case: CaseId) -> impl Future<Output = Result<Option<Lease>>> + Send;
    /// The draft saved last on a case.
    fn draft(&self, case: CaseId) -> impl Future<Output = Result<Option<Draft>>> + Send;
    /// The notes on a case, oldest first.
    fn notes(&self, case: CaseId) -> impl Future<Output = Result<Vec<Note>>> + Send;
    /// The last proposal on a case.
    fn proposal(&self, case: CaseId) -> impl Future<Output = Result<Option<Proposal>>> + Send;
    /// Cases with a waiting proposal, oldest first.
    fn proposals_waiting(&self, limit: u32) -> impl Future<Output = Result<Vec<Proposal>>> + Send;

    /// Says that a person looks at a case now.
    fn seen(&self, case: CaseId, user: &str, at: Timestamp) -> impl Future<Output = Result<()>> + Send;
    /// Who has looked at which of the cases since an instant.
    fn present(&self, cases: &[CaseId], since: Timestamp) -> impl Future<Output = Result<Vec<(CaseId, String)>>> + Send;

    /// Everything a person has set whose name begins with `prefix`, by name.
    fn settings(&self, user: &str, prefix: &str) -> impl Future<Output = Result<Vec<(String, String)>>> + Send;
    /// Keeps a setting of a person; `None` forgets it.
    fn set(&self, user: &str, name: &str, value: Option<&str>) -> impl Future<Output = Result<()>> + Send;

    /// The decisions a selection names, ascending; only those that changed something.
    fn selected(&self, selection: &Selection) -> impl Future<Output = Result<Vec<DecisionId>>> + Send;
    /// What undoing them needs.
    fn undo_material(&self, decisions: &[DecisionId]) -> impl Future<Output = Result<UndoMaterial>> + Send;

    /// The first answer given to a key of a person.
    fn first_answer(&self, user: &str, key: &str) -> impl Future<Output = Result<Option<FirstAnswer>>> + Send;
    /// Keeps a first answer; one that is there stays. Forgets those older than `forget_before`.
    fn keep_answer(
        &self,
        user: &str,
        key: &str,
        answer: &FirstAnswer,
        at: Timestamp,
        forget_before: Timestamp,
    ) -> impl Future<Output = Result<()>> + Send;
}

/// The sum of amounts of one currency; `None` for none, for several currencies, or on overflow.
pub fn one_sum(amounts: impl IntoIterator<Item = Money>) -> Option<Money> {
    let mut amounts = amounts.into_iter();
    let first = amounts.next()?;
    amounts.try_fold(first, Money::checked_add)
}

/// Sums by currency, in the order of the codes.
pub fn sums(amounts: impl IntoIterator<Item = Money>) -> Vec<Money> {
    let mut by_currency: BTreeMap<Currency, Money> = BTreeMap::new();
    for amount in amounts {
        let sum = by_currency.entry(amount.currency()).or_insert(Money::zero(amount.currency()));
        *sum = sum.checked_add(amount).unwrap_or(*sum);
    }
    by_currency.into_values().collect()
}
