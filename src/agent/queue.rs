//! What people do in the queue: approve, reject, undo. A person's decision goes through the same ledger rules as a rule's.

use std::collections::BTreeMap;

use jiff::civil::Date;
use quittance_rules::cases::{Actor, Case, CaseState, Decision, Ruling, Subject};
use quittance_rules::exceptions::Action;
use quittance_rules::journal::{Change, ChangeSet};
use quittance_rules::ledger::{
    self, CaseId, DecisionId, Entry, ItemBalance, LedgerError, PaymentBalance, Posting, PostingId, Purpose,
};
use quittance_rules::money::Money;
use quittance_rules::policy::{DEFAULT_POLICY, Policy};
use quittance_rules::records::{CustomerId, EntityId, ItemId, PaymentId};
use serde::{Deserialize, Serialize};

use crate::aliases::{Lesson, learned, unlearned};
use crate::ports::{Clock, Sequence, Store, StoreError, StoredPayment};
pub use crate::refusal::DecideError;

/// Items chosen by hand, with what is written off and where the rest stays.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Split {
    /// Items and the amounts of the payment's currency to apply to them, of one customer or several.
    pub items: Vec<(ItemId, Money)>,
    /// Items and what is written off on them, within the policy's limit.
    pub write_offs: Vec<(ItemId, Money)>,
    /// The customer on whose account the rest stays; where all items are one customer's, it need not be named.
    pub rest: Option<CustomerId>,
}

/// What a person chooses for a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// The candidate of this rank.
    Candidate(u32),
    /// Items and the amounts of the payment's currency to apply to them.
    Items(Vec<(ItemId, Money)>),
    /// Items, write-offs and the rest.
    Split(Split),
    /// What a proposal holds: entries as they were shown to the person who completes it.
    Proposed {
        /// Rank of the candidate, where it was one.
        candidate: Option<u32>,
        /// The entries.
        entries: Vec<Entry>,
    },
    /// The money stays on a customer's account.
    KeepUnapplied(CustomerId),
    /// The money is not ours to apply.
    NotOurs,
    /// Nothing to post; the matter is closed.
    Close,
}

/// A decision as it was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Its number.
    pub decision: DecisionId,
    /// What was posted.
    pub entries: Vec<Entry>,
    /// The case as it stands now.
    pub case: Option<Case>,
}

/// Balances of items as they will be once decisions prepared earlier in the same change set are written.
pub(crate) type Overlay = BTreeMap<ItemId, ItemBalance>;

/// A decision that is ready to be written.
pub(crate) struct Prepared {
    /// What writing it changes.
    pub(crate) changes: Vec<Change>,
    /// What it will have done.
    pub(crate) taken: Taken,
}

/// Everything a decision by a person needs.
pub(crate) struct Desk<'a, S, C> {
    pub(crate) store: &'a S,
    pub(crate) clock: &'a C,
    pub(crate) by: &'a str,
}

impl<S: Store, C: Clock> Desk<'_, S, C> {
    pub(crate) async fn pending(&self, id: CaseId) -> Result<Case, DecideError> {
        let case = self.store.case(id).await?.ok_or(DecideError::NoCase(id))?;
        if let CaseState::Resolved { decision } = &case.state {
            let (by, at) = match self.store.decision(*decision).await? {
                Some(decision) => (decision.by.to_string(), decision.at),
                None => ("somebody".to_owned(), case.opened_at),
            };
            return Err(DecideError::AlreadyDecided { case: id, by, at });
        }
        Ok(case)
    }

    pub(crate) async fn payment(&self, id: &PaymentId) -> Result<StoredPayment, DecideError> {
        let missing = || StoreError::BadRow {
            table: "bank_line",
            row: id.to_string(),
            column: "payment",
            message: "is missing".to_owned(),
        };
        Ok(self.store.payment(id).await?.ok_or_else(missing)?)
    }

    pub(crate) async fn today(&self, entity: Option<&EntityId>) -> Result<Date, StoreError> {
        let entities = self.store.entities().await?;
        let zone = entity.and_then(|id| entities.iter().find(|e| e.id == *id)).map_or("UTC", |e| e.time_zone.as_str());
        Ok(self.clock.today(zone))
    }

    pub(crate) async fn record(
        &self,
        id: DecisionId,
        case: Option<&Case>,
        subject: &Subject,
        ruling: Ruling,
    ) -> Result<Decision, DecideError> {
        let inputs = serde_json::to_string(&case).map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let policy = self.store.policy().await?.map_or_else(|| "built-in".to_owned(), |(version, _)| version);
        Ok(Decision {
            id,
            at: self.clock.now(),
            today: self.today(case.and_then(|case| case.entity.as_ref())).await?,
            by: Actor::Person(self.by.to_owned()),
            subject: subject.clone(),
            case: case.map(|case| case.id),
            ruling,
            policy,
            rule: None,
            code: env!("CARGO_PKG_VERSION").to_owned(),
            inputs,
        })
    }

    /// Writes, and gives the number of the audit entry.
    pub(crate) async fn apply(&self, changes: Vec<Change>) -> Result<i64, DecideError> {
        let set = ChangeSet { by: Actor::Person(self.by.to_owned()), at: self.clock.now(), changes };
        Ok(self.store.apply(set).await?.audit_seq.unwrap_or_default())
    }

    /// What came of preparing a decision. Where the ledger refuses because somebody else decided the case in between, the error says
    /// who and when.
    pub(crate) async fn or_decided<T>(&self, case: CaseId, prepared: Result<T, DecideError>) -> Result<T, DecideError> {
        if let Err(DecideError::Ledger(_)) = &prepared {
            self.pending(case).await?;
        }
        prepared
    }

    /// Writes a decision on a case. Where somebody else was quicker, the error says who and when.
    pub(crate) async fn apply_on(&self, case: CaseId, changes: Vec<Change>) -> Result<i64, DecideError> {
        match self.apply(changes).await {
            Err(DecideError::Store(StoreError::Conflict(what))) => {
                // A case that is decided now was decided by somebody else; anything else is told as it is.
                self.pending(case).await?;
                Err(StoreError::Conflict(what).into())
            }
            other => other,
        }
    }
}

/// Decides a case as a person chose. `expected_version` is the version the person saw; a case that changed since is refused.
pub async fn approve<S: Store, C: Clock>(
    store: &S,
    clock: &C,
    by: &str,
    case: CaseId,
    choice: Choice,
    expected_version: Option<i64>,
) -> Result<Taken, DecideError> {
    approve_as(store, clock, by, case, choice, expected_version, Payer::Customer).await
}

/// Who paid, as the person who decides says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payer {
    /// The customer, under whatever account and name: the confirmation teaches them.
    Customer,
    /// Somebody else for the customer: nothing is learned, now or later, about this payer.
    ThirdParty,
}

/// As [`approve`], saying who paid.
pub async fn approve_as<S: Store, C: Clock>(
    store: &S,
    clock: &C,
    by: &str,
    case: CaseId,
    choice: Choice,
    expected_version: Option<i64>,
    payer: Payer,
) -> Result<Taken, DecideError> {
    let desk = Desk { store, clock, by };
    let case = desk.pending(case).await?;
    is_fresh(&case, expected_version)?;
    let id = case.id;
    let prepared = desk.or_decided(id, prepare_as(&desk, case, choice, &mut Overlay::new(), payer).await).await?;
    desk.apply_on(id, prepared.changes).await?;
    Ok(prepared.taken)
}

/// Refuses what was decided on a page that is out of date.
pub(crate) fn is_fresh(case: &Case, seen: Option<i64>) -> Result<(), DecideError> {
    match seen {
        Some(seen) if seen != case.version => Err(DecideError::Stale { case: case.id, seen, now: case.version }),
        Some(_) | None => Ok(()),
    }
}

/// Everything of a decision but the writing.
pub(crate) async fn prepare<S: Store, C: Clock>(
    desk: &Desk<'_, S, C>,
    case: Case,
    choice: Choice,
    overlay: &mut Overlay,
) -> Result<Prepared, DecideError> {
    prepare_as(desk, case, choice, overlay, Payer::Customer).await
}

/// As [`prepare`], saying who paid.
pub(crate) async fn prepare_as<S: Store, C: Clock>(
    desk: &Desk<'_, S, C>,
    case: Case,
    choice: Choice,
    overlay: &mut Overlay,
    payer: Payer,
) -> Result<Prepared, DecideError> {
    let store = desk.store;
    // A proposal does not carry who paid, so what two people decide teaches nothing.
    let teaches = !matches!(choice, Choice::Proposed { .. });
    let rank = match &choice {
        Choice::Candidate(rank) => Some(*rank),
        Choice::Proposed { candidate, .. } => *candidate,
        Choice::Items(_) | Choice::Split(_) | Choice::KeepUnapplied(_) | Choice::NotOurs | Choice::Close => None,
    };
    let entries = match &case.subject {
        Subject::Payment(payment) => payment_entries(desk, &case, payment, choice, overlay).await?,
        Subject::Return(_) | Subject::Evidence(_) | Subject::Input(_) | Subject::Item(_) => {
            let only_close =
                matches!(choice, Choice::Close) || (matches!(choice, Choice::Candidate(1)) && case.candidates.is_empty());
            if !only_close {
                return Err(not_allowed(&case));
            }
            Vec::new()
        }
    };
    let decision = DecisionId(store.reserve(Sequence::Decision, 1).await?);
    let ruling = if entries.is_empty() { Ruling::Closed } else { Ruling::Approved { candidate: rank, entries: entries.clone() } };
    let record = desk.record(decision, Some(&case), &case.subject, ruling).await?;
    let (at, actor) = (record.at, record.by.clone());
    let mut changes = vec![Change::Decided(record)];
    if let Subject::Payment(payment) = &case.subject {
        changes.extend(postings(store, decision, payment, &entries).await?.into_iter().map(Change::Posted));
        if teaches {
            let payment = desk.payment(payment).await?;
            let is_third_party = payer == Payer::ThirdParty;
            let lesson =
                Lesson { decision, at, by: &actor, case: &case, rank, payment: &payment, entries: &entries, is_third_party };
            changes.extend(learned(store, lesson).await?);
        }
    }
    let resolved = Case { version: case.version.saturating_add(1), state: CaseState::Resolved { decision }, ..case };
    changes.push(Change::CaseChanged(resolved.clone()));
    Ok(Prepared { changes, taken: Taken { decision, entries, case: Some(resolved) } })
}

fn not_allowed(case: &Case) -> DecideError {
    let allowed: Vec<&str> = case
        .actions()
        .into_iter()
        .map(|action| match action {
            Action::Apply => "apply",
            Action::KeepUnapplied => "keep unapplied",
            Action::MarkNotOurs => "mark as not ours",
            Action::RejectCandidates => "reject the candidates",
            Action::Close => "close",
        })
        .collect();
    DecideError::NotAllowed { kind: case.kind.words(), allowed: allowed.join(", ") }
}

/// Gives entries their numbers.
pub(crate) async fn postings<S: Store>(
    store: &S,
    decision: DecisionId,
    payment: &PaymentId,
    entries: &[Entry],
) -> Result<Vec<Posting>, StoreError> {
    let Ok(count) = u32::try_from(entries.len()) else {
        return Err(StoreError::Unavailable("too many entries in one decision".to_owned()));
    };
    if count == 0 {
        return Ok(Vec::new());
    }
    let first = store.reserve(Sequence::Posting, count).await?;
    Ok((first..)
        .zip(entries)
        .map(|(id, entry)| Posting {
            id: PostingId(id),
            decision,
            payment: payment.clone(),
            purpose: entry.purpose,
            amount: entry.amount,
            item: entry.item.clone(),
            cleared: entry.cleared,
            customer: entry.customer.clone(),
            reverses: None,
        })
        .collect())
}

/// The entries a choice comes to, checked against the ledger as it is now, with a place for every cent.
pub(crate) async fn payment_entries<S: Store, C: Clock>(
    desk: &Desk<'_, S, C>,
    case: &Case,
    payment: &PaymentId,
    choice: Choice,
    overlay: &mut Overlay,
) -> Result<Vec<Entry>, DecideError> {
    let payment = desk.payment(payment).await?;
    let remaining = payment.balance.remaining;
    let mut rest_to = None;
    let mut entries = match choice {
        Choice::Candidate(rank) => case
            .candidates
            .iter()
            .find(|candidate| candidate.rank == rank)
            .map(|candidate| candidate.entries.clone())
            .ok_or(DecideError::NoCandidate { case: case.id, rank, count: case.candidates.len() })?,
        Choice::Items(items) => items.into_iter().map(|(item, amount)| allocation(item, amount)).collect(),
        Choice::Split(split) => {
            rest_to = split.rest;
            let write_offs = write_offs(desk, split.write_offs).await?;
            split.items.into_iter().map(|(item, amount)| allocation(item, amount)).chain(write_offs).collect()
        }
        Choice::Proposed { entries, .. } => entries,
        Choice::KeepUnapplied(customer) => vec![unapplied(customer, remaining)],
        Choice::NotOurs => {
            vec![Entry { purpose: Purpose::NotOurs, amount: remaining, item: None, cleared: None, customer: None }]
        }
        Choice::Close => return Err(not_allowed(case)),
    };
    let mut customers = Vec::new();
    let mut items: BTreeMap<ItemId, ItemBalance> = BTreeMap::new();
    for entry in &entries {
        if let Some(id) = &entry.item {
            let stored = desk.store.item(id).await?.ok_or_else(|| DecideError::NoItem(id.clone()))?;
            if stored.item.entity != payment.line.entity {
                return Err(DecideError::OtherEntity {
                    item: id.clone(),
                    of: stored.item.entity,
                    payment: payment.line.entity.clone(),
                });
            }
            customers.push(stored.item.customer.clone());
            items.insert(id.clone(), overlay.get(id).copied().unwrap_or(stored.balance));
        }
        if let Some(customer) = &entry.customer
            && desk.store.customer(customer).await?.is_none()
        {
            return Err(DecideError::NoCustomer(customer.clone()));
        }
    }
    let taken = entries
        .iter()
        .try_fold(Money::zero(remaining.currency()), |sum, entry| sum.checked_add(entry.amount))
        .ok_or(LedgerError::Overflow)?;
    let rest = remaining.checked_sub(taken).ok_or(LedgerError::Overflow)?;
    if rest.is_positive() {
        customers.sort();
        customers.dedup();
        match (rest_to, customers.as_slice()) {
            (Some(named), _) => {
                if desk.store.customer(&named).await?.is_none() {
                    return Err(DecideError::NoCustomer(named));
                }
                entries.push(unapplied(named, rest));
            }
            (None, [only]) => entries.push(unapplied(only.clone(), rest)),
            (None, _) => return Err(DecideError::MoneyLeft(rest)),
        }
    }
    ledger::check(payment.balance, &items, &entries)?;
    for entry in &entries {
        if let (Some(item), Some(cleared)) = (&entry.item, entry.cleared)
            && let Some(balance) = items.get_mut(item)
        {
            balance.open = balance.open.checked_sub(cleared).ok_or(LedgerError::Overflow)?;
        }
    }
    overlay.extend(items);
    Ok(entries)
}

/// Entries that write off, refused above the policy's limit for one decision of a person.
async fn write_offs<S: Store, C: Clock>(desk: &Desk<'_, S, C>, wanted: Vec<(ItemId, Money)>) -> Result<Vec<Entry>, DecideError> {
    let Some((_, first)) = wanted.first() else { return Ok(Vec::new()) };
    let sum = wanted.iter().skip(1).try_fold(*first, |sum, (_, amount)| sum.checked_add(*amount)).ok_or(LedgerError::Overflow)?;
    let policy = policy_in_force(desk.store).await?;
    let limit = policy.desk.write_off_limit(sum.currency()).map_err(|error| DecideError::Policy(error.to_string()))?;
    if limit.is_none_or(|limit| sum.minor() > limit.minor()) {
        return Err(DecideError::WriteOffTooLarge { amount: sum, limit });
    }
    Ok(wanted
        .into_iter()
        .map(|(item, amount)| Entry {
            purpose: Purpose::WriteOff,
            amount: Money::zero(amount.currency()),
            item: Some(item),
            cleared: Some(amount),
            customer: None,
        })
        .collect())
}

/// The policy in force; the built-in one where none has been published.
pub async fn policy_in_force<S: Store>(store: &S) -> Result<Policy, DecideError> {
    let text = store.policy().await?.map_or_else(|| DEFAULT_POLICY.to_owned(), |(_, text)| text);
    Policy::parse(&text).map_err(|error| DecideError::Policy(error.to_string()))
}

fn allocation(item: ItemId, amount: Money) -> Entry {
    Entry { purpose: Purpose::Allocation, amount, item: Some(item), cleared: Some(amount), customer: None }
}

fn unapplied(customer: CustomerId, amount: Money) -> Entry {
    Entry { purpose: Purpose::Unapplied, amount, item: None, cleared: None, customer: Some(customer) }
}

/// Says that none of the candidates is right. The money stays in the queue; the refused answers are not proposed again.
pub async fn reject<S: Store, C: Clock>(store: &S, clock: &C, by: &str, case: CaseId) -> Result<Taken, DecideError> {
    reject_seen(store, clock, by, case, None).await
}

/// As [`reject`]; a case that changed since `expected_version` is refused.
pub async fn reject_seen<S: Store, C: Clock>(
    store: &S,
    clock: &C,
    by: &str,
    case: CaseId,
    expected_version: Option<i64>,
) -> Result<Taken, DecideError> {
    let desk = Desk { store, clock, by };
    let case = desk.pending(case).await?;
    is_fresh(&case, expected_version)?;
    if !case.actions().contains(&Action::RejectCandidates) {
        return Err(not_allowed(&case));
    }
    if case.candidates.is_empty() {
        return Err(DecideError::NoCandidate { case: case.id, rank: 1, count: 0 });
    }
    let decision = DecisionId(store.reserve(Sequence::Decision, 1).await?);
    let record = desk.record(decision, Some(&case), &case.subject, Ruling::Rejected).await?;
    let mut rejected = case.clone();
    rejected.version = case.version.saturating_add(1);
    rejected.rejected.extend(rejected.candidates.drain(..).map(|candidate| candidate.entries));
    rejected.reasons.push(format!("{by} refused the answers proposed before"));
    rejected.state = CaseState::Open;
    desk.apply_on(case.id, vec![Change::Decided(record), Change::CaseChanged(rejected.clone())]).await?;
    Ok(Taken { decision, entries: Vec::new(), case: Some(rejected) })
}

/// Undoes the last decision on a case, by a person or by a rule.
pub async fn undo_case<S: Store, C: Clock>(store: &S, clock: &C, by: &str, case: CaseId) -> Result<Taken, DecideError> {
    let found = store.case(case).await?.ok_or(DecideError::NoCase(case))?;
    let decisions = store.decisions_on(&found.subject).await?;
    let undone = undone_by(&decisions);
    let last = decisions
        .iter()
        .rev()
        .find(|decision| changes_something(&decision.ruling) && !undone.contains_key(&decision.id))
        .ok_or(DecideError::NothingToUndo(case))?;
    undo(store, clock, by, last.id).await
}

/// Which decisions have been undone, and by which.
pub(crate) fn undone_by(decisions: &[Decision]) -> BTreeMap<DecisionId, DecisionId> {
    decisions
        .iter()
        .filter_map(|decision| match &decision.ruling {
            Ruling::Undone { decision: earlier } => Some((*earlier, decision.id)),
            Ruling::Settled { .. } | Ruling::Asked | Ruling::Approved { .. } | Ruling::Rejected | Ruling::Closed => None,
        })
        .collect()
}

pub(crate) fn changes_something(ruling: &Ruling) -> bool {
    match ruling {
        Ruling::Settled { .. } | Ruling::Approved { .. } | Ruling::Rejected | Ruling::Closed => true,
        Ruling::Asked | Ruling::Undone { .. } => false,
    }
}

/// What takes a posting back under a new decision. A return took an earlier posting back; a reversal is final, so what it took
/// back is then posted anew.
pub(crate) fn taken_back(posting: &Posting, id: PostingId, decision: DecisionId) -> Result<Posting, LedgerError> {
    let mut back = ledger::reversal(posting, id, decision).ok_or(LedgerError::Overflow)?;
    if posting.reverses.is_some() {
        back.reverses = None;
    }
    Ok(back)
}

/// Undoes one decision by reversal: balances, items and the case are as before it. A settlement by a rule comes back as a
/// case, and the rule does not repeat it.
pub async fn undo<S: Store, C: Clock>(store: &S, clock: &C, by: &str, decision: DecisionId) -> Result<Taken, DecideError> {
    let desk = Desk { store, clock, by };
    let earlier = store.decision(decision).await?.ok_or(DecideError::NoDecision(decision))?;
    if !changes_something(&earlier.ruling) {
        return Err(DecideError::NotUndoable(decision));
    }
    let history = store.decisions_on(&earlier.subject).await?;
    let undone = undone_by(&history);
    if undone.contains_key(&decision) {
        return Err(DecideError::AlreadyUndone(decision));
    }
    if let Some(later) = history.iter().find(|d| d.id > decision && changes_something(&d.ruling) && !undone.contains_key(&d.id)) {
        return Err(DecideError::LaterDecision { decision, later: later.id });
    }
    let id = DecisionId(store.reserve(Sequence::Decision, 1).await?);
    let posted = store.postings_of_decision(decision).await?;
    let mut reversals = Vec::with_capacity(posted.len());
    if let Some(count) = u32::try_from(posted.len()).ok().filter(|count| *count > 0) {
        let first = store.reserve(Sequence::Posting, count).await?;
        for (number, posting) in (first..).zip(&posted) {
            reversals.push(taken_back(posting, PostingId(number), id)?);
        }
    }
    let case = restored_case(&desk, &earlier).await?;
    let ruling = Ruling::Undone { decision };
    let record = desk.record(id, case.as_ref().map(|(case, _)| case), &earlier.subject, ruling).await?;
    let mut changes = vec![Change::Decided(record)];
    changes.extend(reversals.into_iter().map(Change::Posted));
    changes.extend(unlearned(store, decision, id).await?);
    let case = case.map(|(case, is_new)| {
        changes.push(if is_new { Change::CaseOpened(case.clone()) } else { Change::CaseChanged(case.clone()) });
        case
    });
    desk.apply(changes).await?;
    Ok(Taken { decision: id, entries: Vec::new(), case })
}

/// The case as it stood before the decision, under its next version; for a settlement by a rule without a case, a new one.
/// True: it is new.
async fn restored_case<S: Store, C: Clock>(
    desk: &Desk<'_, S, C>,
    earlier: &Decision,
) -> Result<Option<(Case, bool)>, DecideError> {
    let settled = match &earlier.ruling {
        Ruling::Settled { entries } => Some(entries.clone()),
        Ruling::Asked | Ruling::Approved { .. } | Ruling::Rejected | Ruling::Closed | Ruling::Undone { .. } => None,
    };
    if let Some(id) = earlier.case {
        let now = desk.store.case(id).await?.ok_or(DecideError::NoCase(id))?;
        return Ok(Some((case_before(earlier, &now)?, false)));
    }
    let (Subject::Payment(payment), Some(entries)) = (&earlier.subject, settled) else { return Ok(None) };
    let payment = desk.payment(payment).await?;
    let id = CaseId(desk.store.reserve(Sequence::Case, 1).await?);
    Ok(Some((case_of_settled(earlier, entries, &payment, id, desk.by, desk.clock.now()), true)))
}

/// The case as it stood before a decision on it, under the version after `now`'s.
pub(crate) fn case_before(earlier: &Decision, now: &Case) -> Result<Case, DecideError> {
    let settled = match &earlier.ruling {
        Ruling::Settled { entries } => Some(entries.clone()),
        Ruling::Asked | Ruling::Approved { .. } | Ruling::Rejected | Ruling::Closed | Ruling::Undone { .. } => None,
    };
    let mut before = match settled {
        // A rule settled a case that was pending: it comes back, and the rule does not repeat itself.
        Some(_) => Case { state: CaseState::Open, ..now.clone() },
        None => serde_json::from_str::<Option<Case>>(&earlier.inputs).ok().flatten().ok_or_else(|| StoreError::BadRow {
            table: "decision",
            row: earlier.id.to_string(),
            column: "inputs",
            message: "does not hold the case as it was seen".to_owned(),
        })?,
    };
    before.version = now.version.saturating_add(1);
    before.rejected.extend(settled);
    Ok(before)
}

/// A new case for a payment that a rule had settled without one.
pub(crate) fn case_of_settled(
    earlier: &Decision,
    entries: Vec<Entry>,
    payment: &StoredPayment,
    id: CaseId,
    by: &str,
    now: jiff::Timestamp,
) -> Case {
    let PaymentBalance { received, .. } = payment.balance;
    let payer = payment.line.line.counterparty_name.as_deref().unwrap_or("an unnamed payer");
    Case {
        id,
        version: 1,
        entity: Some(payment.line.entity.clone()),
        kind: quittance_rules::exceptions::ExceptionKind::Unknown,
        subject: earlier.subject.clone(),
        amount: Some(received),
        headline: format!("{received} from {payer}: {by} undid what the rule had settled"),
        reasons: vec![format!("decision {} by rule was undone by {by}", earlier.id)],
        candidates: Vec::new(),
        rejected: vec![entries],
        opened_at: now,
        state: CaseState::Open,
    }
}
