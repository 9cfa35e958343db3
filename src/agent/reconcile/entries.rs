//! What the matcher proposes, in entries of the ledger.

use quittance_rules::ledger::{Entry, Purpose};
use quittance_rules::matching::Residual;
use quittance_rules::money::Money;
use quittance_rules::records::{ItemId, Payment};

use crate::ports::{StoredItem, StoredPayment};

/// A stored line as the payment the matcher sees.
pub fn payment_of(stored: &StoredPayment) -> Payment {
    let line = &stored.line.line;
    Payment {
        id: stored.line.payment.clone(),
        account: stored.line.account.clone(),
        // `book_lines` takes no line without a booking date; the value date stands in for rows written by nobody else.
        booking_date: line.booking_date.or(line.value_date).unwrap_or_default(),
        amount: line.amount,
        payer_name: line.counterparty_name.clone(),
        payer_account: line.counterparty_account.clone(),
        remittance: line.remittance.clone(),
        structured_reference: line.structured_reference.clone(),
        end_to_end_id: line.end_to_end_id.clone(),
        original_amount: line.original_amount,
        fee: line.fee,
        is_return: line.is_return,
    }
}

/// Allocations for what a candidate clears, with discount, withholding and fee as entries of their own. `None` where the
/// parts do not come to the payment.
pub(super) fn allocations(cleared: &[(&StoredItem, Money)], residual: &Residual, remaining: Money) -> Option<Vec<Entry>> {
    let currency = remaining.currency();
    let mut entries = Vec::new();
    let money = remaining.checked_sub(residual.unapplied)?;
    if cleared.iter().all(|(_, amount)| amount.currency() == currency) {
        let mut concessions = [
            (Purpose::Discount, residual.discount),
            (Purpose::Withholding, residual.withholding),
            (Purpose::BankFee, residual.fee),
        ];
        let mut sum = Money::zero(currency);
        // Concessions are taken from the largest items first, so that a lump with one discount keeps the others whole.
        let mut order: Vec<&(&StoredItem, Money)> = cleared.iter().collect();
        order.sort_by_key(|(item, amount)| (std::cmp::Reverse(amount.minor()), item.item.id.clone()));
        for (item, amount) in order {
            let mut paid = *amount;
            for (purpose, left) in &mut concessions {
                let room = paid.minor().saturating_sub(1).max(0);
                let taken = Money::new(left.minor().min(room), currency);
                if taken.is_positive() {
                    paid = paid.checked_sub(taken)?;
                    *left = left.checked_sub(taken)?;
                    entries.push(Entry {
                        purpose: *purpose,
                        amount: Money::zero(currency),
                        item: Some(item.item.id.clone()),
                        cleared: Some(taken),
                        customer: None,
                    });
                }
            }
            sum = sum.checked_add(paid)?;
            entries.push(allocation(&item.item.id, paid, paid));
        }
        return (sum == money).then_some(entries);
    }
    // Another currency: the money is shared out by what each item clears; left-over cents go to the first.
    let weights: Vec<u64> = cleared.iter().map(|(_, amount)| amount.minor().unsigned_abs()).collect();
    for ((item, amount), share) in cleared.iter().zip(money.split(&weights, 0)?) {
        entries.push(allocation(&item.item.id, share, *amount));
    }
    Some(entries)
}

fn allocation(item: &ItemId, amount: Money, cleared: Money) -> Entry {
    Entry { purpose: Purpose::Allocation, amount, item: Some(item.clone()), cleared: Some(cleared), customer: None }
}
