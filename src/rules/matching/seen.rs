//! What the owner's rules see of a payment of a book. Nothing here runs where a policy has no rules.

use jiff::civil::{Date, date};

use super::book::{Book, ITEM_ON_HOLD, NONE, PAYMENT_RETURN, account_key, folded_payer, word_set_hash};
use super::{Answer, Pattern};
use crate::conditions::{Seen, SeenCustomer, SeenItem, SeenPayment};
use crate::evidence::Confidence;
use crate::exceptions::ExceptionKind;
use crate::money::{Currency, Money};
use crate::names::similarity;

/// What a book does not keep and rules may ask for, by row. Filled only where a policy has rules.
#[derive(Debug, Default)]
pub struct BookDetails {
    /// Country, currency and parent of each customer.
    pub customers: Vec<(Option<String>, Option<Currency>, Option<String>)>,
    /// Our account of each payment.
    pub accounts: Vec<String>,
}

/// The best answer to a payment, as far as rules see it.
#[derive(Debug, Clone, Copy)]
pub struct BestAnswer {
    first_item: Option<u32>,
    items: usize,
    open: Option<Money>,
    pattern: Option<Pattern>,
    kind: Option<ExceptionKind>,
    confidence: Confidence,
}

impl BestAnswer {
    /// One item by its full number and exact amount, as seen at first sight.
    pub fn exact(book: &Book, item: u32, confidence: Confidence) -> Self {
        let (pattern, open) = (Some(Pattern::ReferenceExact), Some(book.item_open(item)));
        Self { first_item: Some(item), items: 1, open, pattern, kind: None, confidence }
    }

    /// Of a whole answer.
    pub fn of(book: &Book, answer: &Answer) -> Self {
        let best = answer.candidates.first();
        let lines = best.map(|best| best.lines.as_slice()).unwrap_or_default();
        let mut opens = lines.iter().map(|line| book.item_open(line.item));
        let first = opens.next();
        Self {
            first_item: lines.first().map(|line| line.item),
            items: lines.len(),
            open: first.and_then(|first| opens.try_fold(first, Money::checked_add)),
            pattern: best.map(|best| best.pattern),
            kind: answer.exception,
            confidence: best.map_or(Confidence::from_millionths(0), |best| best.confidence),
        }
    }
}

impl Book {
    /// What rules see of a payment.
    pub fn seen<'a>(&'a self, row: u32, best: BestAnswer, details: &'a BookDetails) -> Seen<'a> {
        let payment = self.payment(row);
        let text = self.payment_text(row);
        let extra = self.extra(payment);
        let amount = self.payment_amount(row);
        let said = |text: &'a str| Some(text).filter(|text| !text.is_empty());
        let customer = best.first_item.map(|item| self.item_customer(item)).or_else(|| self.known_payer(row));
        Seen {
            payment: SeenPayment {
                amount,
                booking_date: day(payment.booked),
                account: details.accounts.get(row as usize).map_or("", String::as_str),
                payer_name: said(text.payer_name),
                payer_account: said(text.payer_iban),
                remittance: said(text.remittance),
                structured_reference: said(text.structured_reference),
                end_to_end_id: said(text.end_to_end_id),
                // The payments file has no column for it.
                bank_code: None,
                is_return: payment.flags & PAYMENT_RETURN != 0,
                fee: (extra.fee != 0).then(|| Money::new(extra.fee, amount.currency())),
                original_amount: extra.original,
            },
            customer: customer.map(|row| self.seen_customer(row, details)),
            item: best.first_item.map(|row| self.seen_item(row)),
            item_count: best.items,
            pattern: best.pattern,
            kind: best.kind,
            confidence: best.confidence,
            difference: best.open.and_then(|open| amount.checked_sub(open)),
        }
    }

    fn seen_customer<'a>(&'a self, row: u32, details: &'a BookDetails) -> SeenCustomer<'a> {
        let (country, currency, parent) = match details.customers.get(row as usize) {
            Some((country, currency, parent)) => (country.as_deref(), *currency, parent.as_deref()),
            None => (None, None, None),
        };
        let ppm = self.customer(row).withholding_ppm;
        SeenCustomer {
            id: self.customer_id(row),
            name: self.customer_name(row),
            country,
            currency,
            parent,
            withholding_percent: (ppm > 0).then(|| rust_decimal::Decimal::new(i64::from(ppm), 4)),
            flags: &[],
        }
    }

    fn seen_item(&self, row: u32) -> SeenItem<'_> {
        let item = self.item(row);
        SeenItem {
            id: self.item_id(row),
            number: self.item_number(row),
            seller: self.item_seller(row),
            open_amount: self.item_open(row),
            issue_date: day(item.issued),
            due_date: day(item.due),
            on_hold: item.flags & ITEM_ON_HOLD != 0,
        }
    }

    /// The one customer that pays from this account, else the one that bears this name.
    fn known_payer(&self, row: u32) -> Option<u32> {
        let text = self.payment_text(row);
        let only = |mut found: Vec<u32>| {
            found.sort_unstable();
            found.dedup();
            match found.as_slice() {
                [one] => Some(*one),
                _ => None,
            }
        };
        let by_account = account_key(text.payer_iban).and_then(|key| only(self.by_account.rows(key).take(20).collect()));
        by_account
            .or_else(|| {
                if text.payer_name.is_empty() {
                    return None;
                }
                let folded = folded_payer(text.payer_name);
                let named = self.by_name.rows(word_set_hash(&folded)).take(50).map(|at| self.name(at));
                only(named.filter(|(_, core)| similarity(core, &folded) >= 970).map(|(customer, _)| customer).collect())
            })
            .filter(|row| *row != NONE)
    }
}

/// The date of a day number of the book.
fn day(number: i32) -> Option<Date> {
    if number == i32::MIN {
        return None;
    }
    date(1970, 1, 1).checked_add(jiff::Span::new().try_days(number).ok()?).ok()
}
