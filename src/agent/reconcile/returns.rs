//! Money that was taken back: what it had settled is open again where the receipt is certain; always a case for a person.

use jiff::civil::Date;
use quittance_rules::cases::{Actor, Case, CaseState, Decision, Ruling, Subject};
use quittance_rules::exceptions::ExceptionKind;
use quittance_rules::journal::{Change, ChangeSet};
use quittance_rules::ledger::{self, CaseId, DecisionId, Entry, Posting, PostingId, Purpose};
use quittance_rules::policy::Policy;
use quittance_rules::records::{Entity, ItemId};
use quittance_rules::returns::{ReturnFacts, certain_receipt, is_linked};

use super::RunError;
use crate::evidence::wrote;
use crate::ports::{Clock, Sequence, Store, StoreError, StoredPayment};

/// Receipts named on the case of a return.
const RECEIPTS_SHOWN: usize = 5;
/// Receipts of one amount that are compared.
const RECEIPTS_COMPARED: usize = 2_000;

/// What came of a return.
pub(super) struct TakenBack {
    /// What the receipt had settled is open again.
    pub has_reopened: bool,
}

/// Raises the case for a return. Where one receipt is certainly what it takes back and all of that had been decided, its postings
/// are reversed, so that its items are open again, and its money is said to be not ours any more: one decision, in the same
/// transaction, that names both lines. `None`: somebody else was quicker.
pub(super) async fn take_back<S: Store, C: Clock>(
    store: &S,
    clock: &C,
    policy: &Policy,
    entity: &Entity,
    line: &StoredPayment,
    today: Date,
) -> Result<Option<TakenBack>, RunError> {
    let receipts = receipts_of(store, line).await?;
    let case = CaseId(store.reserve(Sequence::Case, 1).await?);
    let mut changes = Vec::new();
    let mut reasons = Vec::new();
    let facts = ReturnFacts { returned: line.line.line.clone(), receipts: Vec::new(), taken_back: 0 };
    let linked: Vec<&StoredPayment> = receipts.iter().filter(|receipt| is_linked(&facts.returned, &receipt.line.line)).collect();
    let facts = ReturnFacts { receipts: linked.iter().map(|receipt| receipt.line.line.clone()).collect(), ..facts };
    let certain = certain_receipt(&facts.returned, &facts.receipts);
    if let Some((at, receipt)) = certain.and_then(|at| Some((at, *linked.get(at)?))) {
        let standing = standing(store.postings_of_payment(&receipt.line.payment).await?);
        // What waits in the queue is decided there; what was said to be not ours has settled nothing.
        let is_settled = receipt.balance.remaining.is_zero() && standing.iter().all(|p| p.purpose != Purpose::NotOurs);
        if is_settled && !standing.is_empty() {
            let decision = DecisionId(store.reserve(Sequence::Decision, 1).await?);
            let facts = ReturnFacts { taken_back: at, ..facts };
            changes = reopening(store, decision, receipt, &standing).await?;
            let entry = set_aside(receipt);
            let inputs = serde_json::to_string(&facts).map_err(|error| RunError::Facts(line.line.payment.clone(), error))?;
            changes.insert(
                0,
                Change::Decided(Decision {
                    id: decision,
                    at: clock.now(),
                    today,
                    by: Actor::Rule,
                    subject: Subject::Return(line.line.payment.clone()),
                    case: Some(case),
                    ruling: Ruling::Settled { entries: vec![entry] },
                    policy: policy.version.clone(),
                    rule: None,
                    code: env!("CARGO_PKG_VERSION").to_owned(),
                    inputs,
                }),
            );
            let items = items_of(&standing);
            let opened = if items.is_empty() { "what it had settled".to_owned() } else { items.join(", ") };
            reasons.push(format!(
                "takes back {} received on {}: {opened} is open again by decision {decision} (undo: quittance queue undo {case})",
                receipt.line.line.amount,
                receipt.line.line.booking_date.map(|date| date.to_string()).unwrap_or_default(),
            ));
        }
    }
    let has_reopened = !changes.is_empty();
    if !has_reopened {
        for receipt in receipts.iter().take(RECEIPTS_SHOWN) {
            reasons.push(sentence(store, receipt).await?);
        }
    }
    changes.push(Change::CaseOpened(return_case(entity, case, line, reasons, clock)));
    let set = ChangeSet { by: Actor::Rule, at: clock.now(), changes };
    let written = wrote(store.apply(set).await.map(|_| ()))?;
    Ok(written.then_some(TakenBack { has_reopened }))
}

/// Receipts of the same amount on the same account, booked no later, oldest first.
async fn receipts_of<S: Store>(store: &S, line: &StoredPayment) -> Result<Vec<StoredPayment>, StoreError> {
    let Some(amount) = line.line.line.amount.checked_neg() else { return Ok(Vec::new()) };
    let back = &line.line;
    let mut receipts = store.payments_of_amount(amount).await?;
    receipts.retain(|receipt| {
        receipt.line.entity == back.entity
            && receipt.line.account == back.account
            && receipt.line.line.booking_date <= back.line.booking_date
    });
    // The latest are the likeliest, whatever their number.
    let from = receipts.len().saturating_sub(RECEIPTS_COMPARED);
    Ok(receipts.split_off(from))
}

/// Postings that have not been taken back, and take nothing back.
fn standing(postings: Vec<Posting>) -> Vec<Posting> {
    let reversed: Vec<PostingId> = postings.iter().filter_map(|posting| posting.reverses).collect();
    postings.into_iter().filter(|posting| posting.reverses.is_none() && !reversed.contains(&posting.id)).collect()
}

fn items_of(postings: &[Posting]) -> Vec<&str> {
    let mut items: Vec<&str> = postings.iter().filter_map(|posting| posting.item.as_ref()).map(ItemId::as_str).collect();
    items.sort_unstable();
    items.dedup();
    items
}

fn set_aside(receipt: &StoredPayment) -> Entry {
    Entry { purpose: Purpose::NotOurs, amount: receipt.balance.received, item: None, cleared: None, customer: None }
}

async fn reopening<S: Store>(
    store: &S,
    decision: DecisionId,
    receipt: &StoredPayment,
    standing: &[Posting],
) -> Result<Vec<Change>, StoreError> {
    let too_many = || StoreError::Unavailable("too many postings on one payment".to_owned());
    let count = u32::try_from(standing.len().saturating_add(1)).map_err(|_| too_many())?;
    let first = store.reserve(Sequence::Posting, count).await?;
    let mut changes = Vec::with_capacity(standing.len().saturating_add(2));
    let mut number = first;
    for posting in standing {
        changes.push(Change::Posted(ledger::reversal(posting, PostingId(number), decision).ok_or_else(too_many)?));
        number = number.saturating_add(1);
    }
    let entry = set_aside(receipt);
    changes.push(Change::Posted(Posting {
        id: PostingId(number),
        decision,
        payment: receipt.line.payment.clone(),
        purpose: entry.purpose,
        amount: entry.amount,
        item: None,
        cleared: None,
        customer: None,
        reverses: None,
    }));
    Ok(changes)
}

/// What a return may take back, in words, with what was decided about it.
async fn sentence<S: Store>(store: &S, receipt: &StoredPayment) -> Result<String, StoreError> {
    let line = &receipt.line.line;
    let when = line.booking_date.map(|date| date.to_string()).unwrap_or_default();
    let from = line.counterparty_name.as_deref().unwrap_or("an unnamed payer");
    let applied = standing(store.postings_of_payment(&receipt.line.payment).await?);
    let decided = match applied.last() {
        Some(posting) => {
            let items = items_of(&applied);
            let where_to = if items.is_empty() { "decided".to_owned() } else { format!("applied to {}", items.join(", ")) };
            format!("{where_to} by decision {} (undo: quittance queue undo --decision {})", posting.decision, posting.decision)
        }
        None => "not applied".to_owned(),
    };
    Ok(format!("may take back {} received on {when} from {from}, {decided}", line.amount))
}

fn return_case<C: Clock>(entity: &Entity, id: CaseId, line: &StoredPayment, receipts: Vec<String>, clock: &C) -> Case {
    let booked = &line.line.line;
    let from = booked.counterparty_name.as_deref().unwrap_or("an unnamed party");
    let reason = booked.remittance.as_deref().filter(|text| !text.trim().is_empty());
    Case {
        id,
        version: 1,
        entity: Some(entity.id.clone()),
        kind: ExceptionKind::ReturnedPayment,
        subject: Subject::Return(line.line.payment.clone()),
        amount: Some(booked.amount),
        headline: format!("{} taken back by {from}", booked.amount),
        reasons: std::iter::once(match reason {
            Some(text) => format!("the bank books it as a return: {text}"),
            None => "the bank books it as a return and gives no reason".to_owned(),
        })
        .chain(receipts)
        .collect(),
        candidates: Vec::new(),
        rejected: Vec::new(),
        opened_at: clock.now(),
        state: CaseState::Open,
    }
}
