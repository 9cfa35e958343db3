//! What people decided, as labels for fitting the matcher.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use quittance_rules::cases::{Actor, Ruling, Subject};
use quittance_rules::ledger::{DecisionId, Entry, PostingId};
use quittance_rules::matching::{Book, BookBuilder};
use quittance_rules::records::{EntityId, PaymentId};

use super::{RunError, payment_of};
use crate::ports::Store;

/// The book of an entity as it was before anything was applied, with what the payments settle.
pub struct LabelledBook {
    /// Items at the amounts they were taken in with, decided payments, and those that wait.
    pub book: Book,
    /// For each payment of the book: the items it clears, minor units; empty for one that clears nothing, `None` where nobody decided.
    pub labels: Vec<Option<Vec<(u32, i64)>>>,
    /// Rows, ascending, whose label is what was settled alone and never taken back.
    pub unreviewed: Vec<u32>,
    /// Payments that a person decided.
    pub reviewed: usize,
    /// Payments whose decision was taken back, or that were decided in several pieces; they are no labels.
    pub left_out: usize,
}

/// Rows read at a time.
const PAGE: u32 = 1_000;

/// One standing decision about a payment.
struct Said {
    by_person: bool,
    entries: Vec<Entry>,
}

/// Gathers the labels of one entity. Decisions that were undone, or any posting of which was reversed, say nothing; neither does a payment
/// that was decided in several pieces.
///
/// # Errors
/// What the store reports, or a book that the matcher does not take.
pub async fn labelled_book<S: Store>(store: &S, entity: &EntityId) -> Result<LabelledBook, RunError> {
    let taken_back = taken_back(store).await?;
    let mut said: BTreeMap<PaymentId, Vec<Said>> = BTreeMap::new();
    let mut spoiled: BTreeSet<PaymentId> = BTreeSet::new();
    let mut after = DecisionId(0);
    loop {
        let page = store.decisions(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        for decision in page {
            let Subject::Payment(payment) = decision.subject else { continue };
            let entries = match decision.ruling {
                Ruling::Settled { entries } | Ruling::Approved { entries, .. } => entries,
                Ruling::Asked | Ruling::Rejected | Ruling::Closed | Ruling::Undone { .. } => continue,
            };
            if taken_back.contains(&decision.id) {
                spoiled.insert(payment);
                continue;
            }
            let by_person = matches!(decision.by, Actor::Person(_));
            said.entry(payment).or_default().push(Said { by_person, entries });
        }
    }
    let rows = store.book(entity).await?;
    let failed = |source| RunError::Book { entity: entity.clone(), source };
    let mut builder = BookBuilder::new();
    for customer in &rows.customers {
        builder.add_customer(customer).map_err(failed)?;
    }
    let known: BTreeSet<&str> = rows.items.iter().map(|item| item.item.id.as_str()).collect();
    for item in &rows.items {
        builder.add_item(&item.item, item.item.amount).map_err(failed)?;
    }
    let mut left_out = 0_usize;
    let mut labelled: Vec<(PaymentId, Said)> = Vec::new();
    for payment in spoiled {
        said.entry(payment).or_default().clear();
    }
    for (payment, mut decisions) in said {
        let Some(stored) = store.payment(&payment).await?.filter(|stored| stored.line.entity == *entity) else { continue };
        let only = decisions.pop().filter(|_| decisions.is_empty());
        let is_known = |entry: &Entry| entry.item.as_ref().is_none_or(|item| known.contains(item.as_str()));
        let Some(only) = only.filter(|only| only.entries.iter().all(is_known)) else {
            left_out = left_out.saturating_add(1);
            continue;
        };
        builder.add_payment(&payment_of(&stored), stored.balance.received).map_err(failed)?;
        labelled.push((payment, only));
    }
    // What waits wants its items too.
    let is_labelled: BTreeSet<&str> = labelled.iter().map(|(payment, _)| payment.as_str()).collect();
    for waiting in rows.payments.iter().filter(|stored| stored.balance.remaining == stored.balance.received) {
        if !is_labelled.contains(waiting.line.payment.as_str()) {
            builder.add_payment(&payment_of(waiting), waiting.balance.received).map_err(failed)?;
        }
    }
    let book = builder.build(1);
    let items: HashMap<&str, u32> = (0..book.item_count()).map(|row| (book.item_id(row), row)).collect();
    let payments: HashMap<&str, u32> = (0..book.payment_count()).map(|row| (book.payment_id(row), row)).collect();
    let mut labels = vec![None; payments.len()];
    let (mut unreviewed, mut reviewed) = (Vec::new(), 0_usize);
    for (payment, one) in &labelled {
        let Some(row) = payments.get(payment.as_str()).copied() else { continue };
        let mut lines: BTreeMap<u32, i64> = BTreeMap::new();
        for entry in &one.entries {
            if let (Some(item), Some(cleared)) = (&entry.item, entry.cleared)
                && let Some(item) = items.get(item.as_str())
            {
                let sum = lines.entry(*item).or_default();
                *sum = sum.saturating_add(cleared.minor());
            }
        }
        if let Some(label) = labels.get_mut(row as usize) {
            *label = Some(lines.into_iter().collect());
        }
        if one.by_person {
            reviewed = reviewed.saturating_add(1);
        } else {
            unreviewed.push(row);
        }
    }
    unreviewed.sort_unstable();
    Ok(LabelledBook { book, labels, unreviewed, reviewed, left_out })
}

/// Decisions of which something was taken back.
async fn taken_back<S: Store>(store: &S) -> Result<BTreeSet<DecisionId>, RunError> {
    let mut made_by: HashMap<PostingId, DecisionId> = HashMap::new();
    let mut reversed: Vec<PostingId> = Vec::new();
    let mut after = 0;
    loop {
        let page = store.postings(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.id.0;
        for posting in page {
            match posting.reverses {
                Some(first) => reversed.push(first),
                None => {
                    made_by.insert(posting.id, posting.decision);
                }
            }
        }
    }
    Ok(reversed.iter().filter_map(|posting| made_by.get(posting).copied()).collect())
}
