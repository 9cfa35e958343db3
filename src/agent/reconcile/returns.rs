//! Money that was taken back: the case for it, and the receipts it may have come in as.

use std::collections::BTreeSet;

use quittance_rules::bank::StatementLine;
use quittance_rules::cases::{Case, CaseState, Subject};
use quittance_rules::exceptions::ExceptionKind;
use quittance_rules::ledger::CaseId;
use quittance_rules::records::{Entity, ItemId};

use crate::evidence::plain;
use crate::ports::{Clock, Store, StoreError, StoredPayment};

/// Receipts named on the case of a return.
pub(super) const RECEIPTS_SHOWN: usize = 5;

/// Whether two lines quote the same number of five or more letters and digits with a digit in it.
pub(super) fn shares_number(a: &StatementLine, b: &StatementLine) -> bool {
    let numbers = |line: &StatementLine| -> BTreeSet<String> {
        [&line.remittance, &line.structured_reference, &line.end_to_end_id]
            .into_iter()
            .flatten()
            .flat_map(|text| text.split_whitespace())
            .map(plain)
            .filter(|word| word.len() >= 5 && word.chars().any(|c| c.is_ascii_digit()))
            .collect()
    };
    !numbers(a).is_disjoint(&numbers(b))
}

/// The receipts that a return may take back, in words: same amount, booked no later, with what was decided about them.
pub(super) async fn receipts_of<S: Store>(store: &S, line: &StoredPayment) -> Result<Vec<String>, StoreError> {
    let Some(amount) = line.line.line.amount.checked_neg() else { return Ok(Vec::new()) };
    let mut receipts = Vec::new();
    for receipt in store.payments_of_amount(amount).await? {
        if receipt.line.entity != line.line.entity || receipt.line.line.booking_date > line.line.line.booking_date {
            continue;
        }
        let when = receipt.line.line.booking_date.map(|date| date.to_string()).unwrap_or_default();
        let from = receipt.line.line.counterparty_name.as_deref().unwrap_or("an unnamed payer");
        let applied = store.postings_of_payment(&receipt.line.payment).await?;
        let items: Vec<&str> =
            applied.iter().filter(|p| p.reverses.is_none()).filter_map(|p| p.item.as_ref()).map(ItemId::as_str).collect();
        let decided = match applied.last() {
            Some(posting) => format!(
                "applied to {} by decision {} (undo: quittance queue undo --decision {})",
                items.join(", "),
                posting.decision,
                posting.decision
            ),
            None => "not applied".to_owned(),
        };
        receipts.push(format!("may take back {amount} received on {when} from {from}, {decided}"));
        if receipts.len() >= RECEIPTS_SHOWN {
            break;
        }
    }
    Ok(receipts)
}

/// The case for money that was taken back, with the receipts it may have come in as.
pub(super) fn return_case<C: Clock>(entity: &Entity, id: CaseId, line: &StoredPayment, receipts: Vec<String>, clock: &C) -> Case {
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
