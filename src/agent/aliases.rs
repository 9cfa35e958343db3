//! Aliases: learned when a person confirms, taken back when the decision is undone, revoked by hand.

use std::collections::BTreeSet;

use quittance_rules::aliases::{self, Alias, AliasId, Confirmation, Standing};
use quittance_rules::cases::{Actor, Case, Subject};
use quittance_rules::evidence::{ClaimValue, Field, Reading};
use quittance_rules::exceptions::ExceptionKind;
use quittance_rules::journal::{Change, ChangeSet};
use quittance_rules::ledger::{DecisionId, Entry, Purpose};
use quittance_rules::names;
use quittance_rules::records::{Customer, CustomerId};

use crate::evidence::{plain, reading_of};
use crate::marks::marks;
use crate::ports::{CaseFilter, Clock, Store, StoreError, StoredPayment};
use crate::reconcile::means;

/// The mark on a candidate that rests on what a document says: approving it teaches nothing about the payer.
pub(crate) const EVIDENCE: &str = "evidence";

/// What a person's decision about a payment teaches: the changes to write together with it.
pub(crate) struct Lesson<'a> {
    /// The decision.
    pub decision: DecisionId,
    /// When.
    pub at: jiff::Timestamp,
    /// By whom.
    pub by: &'a Actor,
    /// The case as it was seen.
    pub case: &'a Case,
    /// Rank of the candidate chosen.
    pub rank: Option<u32>,
    /// The payment.
    pub payment: &'a StoredPayment,
    /// What is posted.
    pub entries: &'a [Entry],
    /// The person said that somebody else pays for the customer.
    pub is_third_party: bool,
}

/// See [`Lesson`].
pub(crate) async fn learned<S: Store>(store: &S, lesson: Lesson<'_>) -> Result<Vec<Change>, StoreError> {
    let Some(customer) = only_customer(store, lesson.entries).await? else { return Ok(Vec::new()) };
    let rests_on_evidence =
        lesson.case.candidates.iter().any(|candidate| {
            Some(candidate.rank) == lesson.rank && candidate.weights.iter().any(|weight| weight.field == EVIDENCE)
        });
    if lesson.case.kind == ExceptionKind::ChangedBankDetails || (rests_on_evidence && !lesson.is_third_party) {
        return Ok(Vec::new());
    }
    // The clean case is the common one: account and name are on file, and nothing else need be read.
    if !lesson.is_third_party
        && let Some(record) = store.customer(&customer).await?
        && aliases::is_on_file_of(
            &record,
            lesson.payment.line.line.counterparty_account.as_deref(),
            lesson.payment.line.line.counterparty_name.as_deref(),
        )
    {
        return Ok(Vec::new());
    }
    let customers = store.customers().await?;
    let new_bank_details = changed_bank_details(store, &customer, &customers, lesson.entries).await?;
    if new_bank_details && !lesson.is_third_party {
        return Ok(Vec::new());
    }
    let line = &lesson.payment.line.line;
    let confirmed = Confirmation {
        decision: lesson.decision,
        at: lesson.at,
        by: lesson.by,
        payer_name: line.counterparty_name.as_deref(),
        payer_account: line.counterparty_account.as_deref(),
        customer: &customer,
        is_third_party: lesson.is_third_party,
    };
    let known = store.aliases().await?;
    Ok(aliases::lessons(confirmed, &customers, &known).into_iter().map(Change::AliasSet).collect())
}

/// What undoing a decision takes back.
pub(crate) async fn unlearned<S: Store>(store: &S, undone: DecisionId, by: DecisionId) -> Result<Vec<Change>, StoreError> {
    let known = store.aliases().await?;
    Ok(aliases::undone(undone, by, &known).into_iter().map(Change::AliasSet).collect())
}

/// The one customer all entries are for; money that is not ours is nobody's.
async fn only_customer<S: Store>(store: &S, entries: &[Entry]) -> Result<Option<CustomerId>, StoreError> {
    let mut customers = BTreeSet::new();
    for entry in entries {
        if entry.purpose == Purpose::NotOurs {
            return Ok(None);
        }
        customers.extend(entry.customer.clone());
        if let Some(item) = &entry.item
            && let Some(stored) = store.item(item).await?
        {
            customers.insert(stored.item.customer);
        }
    }
    Ok(if customers.len() == 1 { customers.pop_first() } else { None })
}

/// Whether a document that announces new bank details waits for a person and may be about this customer: it names one of the
/// items or the customer, or it names nobody that could be told apart.
async fn changed_bank_details<S: Store>(
    store: &S,
    customer: &CustomerId,
    customers: &[Customer],
    entries: &[Entry],
) -> Result<bool, StoreError> {
    let filter = CaseFilter { kind: Some(ExceptionKind::ChangedBankDetails.to_string()), ..CaseFilter::default() };
    let waiting = store.cases(&filter).await?;
    if waiting.is_empty() {
        return Ok(false);
    }
    let mut numbers = Vec::new();
    for item in entries.iter().filter_map(|entry| entry.item.as_ref()) {
        numbers.extend(store.item(item).await?.map(|stored| plain(&stored.item.number)));
    }
    let evidence = store.evidence().await?;
    for case in &waiting {
        let Subject::Evidence(digest) = &case.subject else { return Ok(true) };
        let Some((record, _)) = evidence.iter().find(|(record, _)| record.digest == *digest) else { return Ok(true) };
        let Some(reading) = reading_of(store, record).await? else { return Ok(true) };
        let marks = marks(store, record).await?;
        let named: Vec<&Customer> =
            customers.iter().filter(|one| marks.customer.as_ref() == Some(&one.id) || names_customer(&reading, one)).collect();
        let is_about = named.iter().any(|one| one.id == *customer)
            || marks.invoice_numbers.iter().any(|said| numbers.iter().any(|number| means(&plain(said), number)));
        if is_about || named.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Thousandths from which two names are taken for one.
const SAME_NAME: u16 = 850;

fn names_customer(reading: &Reading, customer: &Customer) -> bool {
    let own: Vec<String> =
        std::iter::once(&customer.name).chain(&customer.aliases).map(|name| names::fold_name(name).core).collect();
    let alike = |text: &str| {
        let folded = names::fold_name(text).core;
        own.iter().any(|own| names::similarity(own, &folded) >= SAME_NAME)
    };
    reading.claims.iter().any(|claim| match (&claim.value, claim.field) {
        (ClaimValue::Text(text), Field::PayerName | Field::PayeeName | Field::SellerName | Field::BuyerName) => alike(text),
        _ => false,
    })
}

/// Why an alias was not revoked.
#[derive(Debug, thiserror::Error)]
pub enum RevokeError {
    /// No such alias.
    #[error("there is no alias {0}; `quittance alias list --all` shows all")]
    NoAlias(AliasId),
    /// Not in use.
    #[error("alias {id} is not in use any more: it is {standing}")]
    NotInUse {
        /// Which.
        id: AliasId,
        /// How it stands.
        standing: &'static str,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Takes an alias out of use, whoever taught it. A later confirmation may teach it anew.
pub async fn revoke<S: Store, C: Clock>(store: &S, clock: &C, by: &str, id: &AliasId) -> Result<Alias, RevokeError> {
    let known = store.aliases().await?;
    let alias = known.into_iter().find(|alias| alias.id == *id).ok_or_else(|| RevokeError::NoAlias(id.clone()))?;
    if !alias.standing.is_known() {
        return Err(RevokeError::NotInUse { id: id.clone(), standing: alias.standing.name() });
    }
    let (by, at) = (Actor::Person(by.to_owned()), clock.now());
    let revoked = Alias { standing: Standing::Revoked { by: by.clone(), at }, ..alias };
    store.apply(ChangeSet { by, at, changes: vec![Change::AliasSet(revoked.clone())] }).await?;
    Ok(revoked)
}
