//! A store whose machine crashes: after so many transactions every further one fails, until it is repaired. What was written
//! stays written, as after a power cut between two transactions.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use quittance_agent::ports::{
    AllocationRow, Applied, CaseFilter, EntityBook, RuleUse, Sequence, Store, StoreError, StoredItem, StoredPayment, VerifyReport,
};
use quittance_rules::aliases::Alias;
use quittance_rules::cases::{Case, Decision, InputDigest, Subject};
use quittance_rules::journal::{AuditEntry, ChangeSet, EvidenceRecord, Input};
use quittance_rules::ledger::{CaseId, DecisionId, Position, Posting};
use quittance_rules::money::{Currency, Money};
use quittance_rules::records::{Customer, CustomerId, Entity, EntityId, ItemId, PaymentId};
use quittance_tools::store::Database;

type Result<T> = std::result::Result<T, StoreError>;

const CRASH: &str = "the machine lost its power";
const NEVER: usize = usize::MAX;

/// The store.
pub struct CrashingStore {
    inner: Database,
    /// Transactions that still succeed.
    left: AtomicUsize,
}

/// Whether an error is the simulated crash.
pub fn is_crash(error: &StoreError) -> bool {
    matches!(error, StoreError::Unavailable(words) if words == CRASH)
}

impl CrashingStore {
    /// A store that works.
    pub fn new(inner: Database) -> Self {
        Self { inner, left: NEVER.into() }
    }

    /// Lets so many transactions through.
    pub fn crash_after(&self, applies: usize) {
        self.left.store(applies, Ordering::Relaxed);
    }

    /// One more transaction, or the crash.
    fn power(&self) -> Result<()> {
        let left = self.left.load(Ordering::Relaxed);
        if left == 0 {
            return Err(StoreError::Unavailable(CRASH.to_owned()));
        }
        if left != NEVER {
            self.left.store(left - 1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// The machine is up again.
    pub fn repair(&self) {
        self.left.store(NEVER, Ordering::Relaxed);
    }
}

impl Store for CrashingStore {
    async fn apply(&self, changes: ChangeSet) -> Result<Applied> {
        self.power()?;
        self.inner.apply(changes).await
    }

    async fn apply_since(&self, base: i64, changes: ChangeSet) -> Result<Applied> {
        self.power()?;
        self.inner.apply_since(base, changes).await
    }

    async fn head(&self) -> Result<i64> {
        self.inner.head().await
    }

    async fn reserve(&self, sequence: Sequence, count: u32) -> Result<i64> {
        self.inner.reserve(sequence, count).await
    }

    async fn keep_file(&self, path: &Path) -> Result<(InputDigest, u64)> {
        self.inner.keep_file(path).await
    }

    async fn keep_bytes(&self, bytes: &[u8]) -> Result<InputDigest> {
        self.inner.keep_bytes(bytes).await
    }

    async fn kept(&self, digest: &InputDigest) -> Result<Option<Vec<u8>>> {
        self.inner.kept(digest).await
    }

    async fn entities(&self) -> Result<Vec<Entity>> {
        self.inner.entities().await
    }

    async fn accounts(&self) -> Result<BTreeMap<String, (EntityId, Option<Currency>)>> {
        self.inner.accounts().await
    }

    async fn input(&self, digest: &InputDigest) -> Result<Option<(Input, bool)>> {
        self.inner.input(digest).await
    }

    async fn lines_found(&self, digest: &InputDigest) -> Result<Vec<String>> {
        self.inner.lines_found(digest).await
    }

    async fn customer(&self, id: &CustomerId) -> Result<Option<Customer>> {
        self.inner.customer(id).await
    }

    async fn customers(&self) -> Result<Vec<Customer>> {
        self.inner.customers().await
    }

    async fn item(&self, id: &ItemId) -> Result<Option<StoredItem>> {
        self.inner.item(id).await
    }

    async fn payment(&self, id: &PaymentId) -> Result<Option<StoredPayment>> {
        self.inner.payment(id).await
    }

    async fn payments_of_amount(&self, amount: Money) -> Result<Vec<StoredPayment>> {
        self.inner.payments_of_amount(amount).await
    }

    async fn book(&self, entity: &EntityId) -> Result<EntityBook> {
        self.inner.book(entity).await
    }

    async fn returns_without_case(&self, entity: &EntityId) -> Result<Vec<StoredPayment>> {
        self.inner.returns_without_case(entity).await
    }

    async fn evidence(&self) -> Result<Vec<(EvidenceRecord, Input)>> {
        self.inner.evidence().await
    }

    async fn evidence_since(&self, base: i64) -> Result<Vec<(EvidenceRecord, Input)>> {
        self.inner.evidence_since(base).await
    }

    async fn case(&self, id: CaseId) -> Result<Option<Case>> {
        self.inner.case(id).await
    }

    async fn cases(&self, filter: &CaseFilter) -> Result<Vec<Case>> {
        self.inner.cases(filter).await
    }

    async fn cases_on(&self, subject: &Subject) -> Result<Vec<Case>> {
        self.inner.cases_on(subject).await
    }

    async fn pending_case(&self, subject: &Subject) -> Result<Option<Case>> {
        self.inner.pending_case(subject).await
    }

    async fn decision(&self, id: DecisionId) -> Result<Option<Decision>> {
        self.inner.decision(id).await
    }

    async fn decisions(&self, after: DecisionId, limit: u32) -> Result<Vec<Decision>> {
        self.inner.decisions(after, limit).await
    }

    async fn decisions_on(&self, subject: &Subject) -> Result<Vec<Decision>> {
        self.inner.decisions_on(subject).await
    }

    async fn postings_of_decision(&self, id: DecisionId) -> Result<Vec<Posting>> {
        self.inner.postings_of_decision(id).await
    }

    async fn postings_of_payment(&self, id: &PaymentId) -> Result<Vec<Posting>> {
        self.inner.postings_of_payment(id).await
    }

    async fn postings(&self, after: i64, limit: u32) -> Result<Vec<Posting>> {
        self.inner.postings(after, limit).await
    }

    async fn allocations(&self, after: i64, limit: u32) -> Result<Vec<AllocationRow>> {
        self.inner.allocations(after, limit).await
    }

    async fn policy(&self) -> Result<Option<(String, String)>> {
        self.inner.policy().await
    }

    async fn policy_of(&self, version: &str) -> Result<Option<String>> {
        self.inner.policy_of(version).await
    }

    async fn rule_uses(&self) -> Result<Vec<RuleUse>> {
        self.inner.rule_uses().await
    }

    async fn aliases(&self) -> Result<Vec<Alias>> {
        self.inner.aliases().await
    }

    async fn positions(&self, entity: Option<&EntityId>) -> Result<Vec<Position>> {
        self.inner.positions(entity).await
    }

    async fn audit_entries(&self, after: i64, limit: u32) -> Result<Vec<AuditEntry>> {
        self.inner.audit_entries(after, limit).await
    }

    async fn verify(&self) -> Result<VerifyReport> {
        self.inner.verify().await
    }
}
