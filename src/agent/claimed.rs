//! The claimed state: what a customer says is paid, and no bank line carries yet. It pauses reminders until a day of the policy; it is
//! not cash and settles nothing.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;
use quittance_rules::cases::{InputDigest, Subject};
use quittance_rules::money::Money;
use quittance_rules::policy::Policy;
use quittance_rules::records::{CustomerId, EntityId, ItemId};
use quittance_rules::reuse::shows_one_payment;

use crate::evidence::{plain, reading_of, ties};
use crate::marks::marks;
use crate::ports::{Store, StoreError};
use crate::reconcile::means;

/// One claim that waits for its money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The evidence that claims it.
    pub evidence: InputDigest,
    /// The name it came under.
    pub name: String,
    /// Whose payment it claims: by the sender, else by the items it names.
    pub customer: Option<CustomerId>,
    /// Open items it names, with their entity. Empty: it names none, and holds for the customer as a whole.
    pub items: Vec<(EntityId, ItemId)>,
    /// How much it claims.
    pub amount: Option<Money>,
    /// The day on which it says the money was sent.
    pub paid_on: Date,
    /// The last day on which it pauses reminders. After it the claim is a case, or a bank line carries it.
    pub until: Date,
}

impl Claimed {
    /// It pauses reminders about an item of a customer.
    pub fn pauses(&self, customer: &CustomerId, item: &ItemId) -> bool {
        if self.items.is_empty() { self.customer.as_ref() == Some(customer) } else { self.items.iter().any(|(_, id)| id == item) }
    }
}

/// All claims that wait on a day, in order of arrival. A claim no longer waits once a bank line carries it, once a case was raised on its
/// evidence (then the case says what happens), or once its days are over.
pub async fn claimed<S: Store>(store: &S, policy: &Policy, today: Date) -> Result<Vec<Claimed>, StoreError> {
    let waits = i64::from(policy.evidence.claim_waits_days);
    let mut waiting = Vec::new();
    for (record, input) in store.evidence().await? {
        if !shows_one_payment(record.kind) {
            continue;
        }
        let marks = marks(store, &record).await?;
        let Some(paid_on) = marks.paid_on else { continue };
        let until = paid_on.saturating_add(waits.days());
        if until < today || !store.cases_on(&Subject::Evidence(record.digest.clone())).await?.is_empty() {
            continue;
        }
        let Some(reading) = reading_of(store, &record).await? else { continue };
        if !ties(store, &reading, &policy.evidence).await?.is_empty() {
            continue;
        }
        let claim = Claimed {
            evidence: record.digest,
            name: input.name,
            customer: marks.customer,
            items: Vec::new(),
            amount: marks.amount,
            paid_on,
            until,
        };
        waiting.push((claim, marks.invoice_numbers));
    }
    if waiting.is_empty() {
        return Ok(Vec::new());
    }
    let mut open: BTreeMap<String, Vec<(EntityId, ItemId, CustomerId)>> = BTreeMap::new();
    for entity in store.entities().await? {
        for stored in store.book(&entity.id).await?.items {
            if !stored.balance.open.is_zero() {
                let item = stored.item;
                open.entry(plain(&item.number)).or_default().push((entity.id.clone(), item.id, item.customer));
            }
        }
    }
    Ok(waiting.into_iter().map(|(claim, numbers)| placed(claim, &numbers, &open)).collect())
}

fn placed(mut claim: Claimed, numbers: &[String], open: &BTreeMap<String, Vec<(EntityId, ItemId, CustomerId)>>) -> Claimed {
    let mut customers = Vec::new();
    for said in numbers.iter().map(|n| plain(n)) {
        let exact = open.get(&said);
        let like = open.iter().filter(|(number, _)| exact.is_none() && means(&said, number)).map(|(_, items)| items);
        for (entity, item, customer) in exact.into_iter().chain(like).flatten() {
            // A sender who is known pauses reminders to itself only.
            if claim.customer.as_ref().is_some_and(|sender| sender != customer) {
                continue;
            }
            claim.items.push((entity.clone(), item.clone()));
            customers.push(customer.clone());
        }
    }
    claim.items.sort();
    claim.items.dedup();
    customers.sort();
    customers.dedup();
    if let (None, [one]) = (&claim.customer, customers.as_slice()) {
        claim.customer = Some(one.clone());
    }
    claim
}
