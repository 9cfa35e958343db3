//! The second payment of one item: what makes it certain enough to be set aside without a person.
//!
//! That the joint answer calls a payment a duplicate says only that nothing better explains it: the item may have gone to a guess. A
//! duplicate is certain where the first payment is: it names the item, settles it alone and in full, has not gone back, comes from the same
//! payer and not long before; and the payer pays for nobody else and owes nothing else of that amount that the second payment could have
//! been meant for (a standing order goes on quoting the first invoice).

use super::*;

/// Days between two payments of one item beyond which the second is a question: less than a month, so that a standing order that goes on
/// quoting its first invoice is never taken for a repetition.
const REPEATED_WITHIN_DAYS: i32 = 20;

/// Thousandths from which two names on bank lines are one payer's.
const SAME_PAYER: u16 = 950;

impl Matcher<'_> {
    /// Notes which duplicates are certain. `claims`: payment and the item it repeats. `firsts`: for each item, the payment that names it and
    /// settles it alone and in full after the close look. `cleared`: what all that settles there clears of each item.
    pub(super) fn prove_repeats(&mut self, claims: &[(u32, u32)], firsts: &BTreeMap<u32, u32>, cleared: &[i64]) {
        if claims.is_empty() {
            return;
        }
        let taken_back = self.last_taken_back();
        let proved: Vec<(u32, (u32, u32))> = claims
            .iter()
            .filter_map(|(row, item)| {
                let by = self.settled_by[*item as usize];
                let first = if by == NONE { firsts.get(item).copied()? } else { by };
                let before = self.book.payment(first);
                let went_back = taken_back.get(&(before.amount, before.currency)).is_some_and(|day| *day >= before.booked);
                let is_certain = !went_back && self.is_same_money(*row, first) && !self.owes_alike(*row, *item, cleared);
                is_certain.then_some((*row, (first, *item)))
            })
            .collect();
        self.repeats.extend(proved);
    }

    /// The last day on which an amount of a currency left the account again: what comes in after it may replace what went back, whatever
    /// the returned line says it was.
    fn last_taken_back(&self) -> BTreeMap<(i64, u8), i32> {
        let mut days = BTreeMap::new();
        for row in 0..self.book.payment_count() {
            let payment = self.book.payment(row);
            if payment.amount < 0 || payment.flags & PAYMENT_RETURN != 0 {
                let booked = if payment.booked == i32::MIN { i32::MAX } else { payment.booked };
                let day = days.entry((payment.amount.saturating_abs(), payment.currency)).or_insert(booked);
                *day = booked.max(*day);
            }
        }
        days
    }

    /// The same payer pays the same amount again, not long after, with the same creditor reference.
    fn is_same_money(&self, row: u32, first: u32) -> bool {
        let book = self.book;
        let (again, before) = (book.payment(row), book.payment(first));
        let days = again.booked.saturating_sub(before.booked);
        if row == first
            || book.payment_amount(row) != book.payment_amount(first)
            || again.booked == i32::MIN
            || before.booked == i32::MIN
            || !(0..=REPEATED_WITHIN_DAYS).contains(&days)
        {
            return false;
        }
        let (a, b) = (book.payment_text(row), book.payment_text(first));
        let is_payer = match (account_key(a.payer_iban), account_key(b.payer_iban)) {
            (Some(a), Some(b)) => a == b,
            (Some(_), None) | (None, Some(_)) | (None, None) => {
                !a.payer_name.is_empty()
                    && !b.payer_name.is_empty()
                    && similarity(&folded_payer(a.payer_name), &folded_payer(b.payer_name)) >= SAME_PAYER
            }
        };
        is_payer && a.structured_reference == b.structured_reference
    }

    /// Something else of the same amount is open that the payment may have been meant for, of whatever date; or the payer may pay for
    /// others as well, as a group or several who share an account do.
    fn owes_alike(&self, row: u32, item: u32, cleared: &[i64]) -> bool {
        let book = self.book;
        let customer = book.item_customer(item);
        let shares = account_key(book.payment_text(row).payer_iban)
            .is_some_and(|key| book.by_account.rows(key).any(|other| other != customer));
        if shares || book.customer(customer).parent != NONE || !book.children_of(customer).is_empty() {
            return true;
        }
        let mut alike = book.also_open_at(item, book.item_open(item), self.policy.limits.customer_items);
        alike.any(|other| self.settled_by[other as usize] == NONE && cleared[other as usize] == 0)
    }

    /// The payment that a certain duplicate repeats, and the item of both.
    pub(super) fn repeated(&self, row: u32) -> Option<(u32, u32)> {
        self.repeats.get(&row).copied()
    }
}
