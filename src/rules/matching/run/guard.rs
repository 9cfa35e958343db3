//! What keeps an answer from settling whatever its confidence.

use super::*;
use crate::reference::hash;

/// An answer is right as far as it goes and may not go far enough, or the item may be another payment's.
const UNFINISHED: [&str; 5] = [CONTESTED, MORE_THAN_NAMED, NOT_SEARCHED, NETTED, MUTE];
const CONTESTED: &str = "another payment wants the same item";
const MORE_THAN_NAMED: &str = "more was paid than the items named; the text may name others that are missing";
const NOT_SEARCHED: &str = "more combinations of items are possible than were searched";
const NETTED: &str = "a credit note is netted: a person confirms it";
const MUTE: &str = "would settle alone as not ours if the bank line said what it is or who pays";

/// A payer so much likelier (natural logarithm) is known from the other: as a name that is equal from one that has a word in common.
const PAYER_TELLS: f32 = 2.0;

/// Why an answer waits for a person, if it does. `best`: index of its hypothesis; `guard`: what keeps it from settling.
pub(super) fn hold(close: &Close, best: usize, guard: Option<&'static str>) -> Hold {
    let why = match guard {
        None => Why::Doubt,
        Some(words) if UNFINISHED.contains(&words) => Why::Unfinished,
        Some(_) => Why::Held,
    };
    let (mut with_items, mut without) = (0.0_f64, SHOWN_LEAST);
    for (at, hypothesis) in close.hypotheses.iter().enumerate().filter(|(at, _)| *at != best) {
        let share = close.probabilities.get(at).copied().unwrap_or(0.0);
        if !is_free(hypothesis) {
            with_items += share;
        } else if !is_free(&close.hypotheses[best]) {
            without += share;
        }
    }
    Hold { why, is_rivalled: with_items > without }
}

impl Matcher<'_> {
    /// A small shortfall is the discount of the terms, taken after their last day.
    pub(super) fn is_late_discount(&self, row: u32, best: &Hypothesis) -> bool {
        let [(item, _)] = &*best.lines else { return false };
        let (open, paid) = (self.book.item(*item).open, self.book.payment(row).amount);
        let is_short = matches!(best.pattern, Pattern::Short | Pattern::Part);
        is_short && self.book.terms(*item).is_some_and(|terms| open.saturating_sub(paid).abs_diff(share(open, terms.ppm)) <= 1)
    }

    /// What keeps an answer from settling whatever its confidence. `at`: index of its hypothesis.
    pub(super) fn guard(&self, row: u32, close: &Close, at: usize) -> Option<&'static str> {
        let (book, best) = (self.book, &close.hypotheses[at]);
        // The text has a number that no item of the answer explains.
        let has_stray = || close.stray.get(at).is_some_and(|s| *s);
        let payment = book.payment(row);
        if payment.amount <= 0 || payment.flags & PAYMENT_RETURN != 0 {
            return Some("money that goes out or back always meets a person");
        }
        if close.is_contested {
            return Some(CONTESTED);
        }
        if payment.flags & PAYMENT_TEXT_CUT != 0 || close.is_overlong {
            return Some("the text is longer than what is searched");
        }
        if close.is_doubtful && best.pattern != Pattern::NotOurs {
            return Some("the text speaks of a return, a refund or an exception");
        }
        if close.says_part && !matches!(best.pattern, Pattern::Part | Pattern::Short | Pattern::NotOurs) {
            return Some("the text speaks of a part, the amount does not");
        }
        if is_withheld(book, &best.lines) {
            return Some("would settle alone if the item were not on hold");
        }
        if touches(book, &best.lines, ITEM_OFF_CONTRACT) {
            return Some("billed for another amount than the contract says: a person says which holds");
        }
        if self.policy.settle.credit_notes == Ask::Ask && touches(book, &best.lines, ITEM_CREDIT) {
            return Some(NETTED);
        }
        if best.lines.iter().any(|(item, _)| self.returned.contains(item)) {
            return Some("a returned payment names the same item");
        }
        // More than twice what is named is no overpayment: the text names one of several.
        let cleared = best.lines.iter().fold(0_i64, |sum, (_, c)| sum.saturating_add(*c));
        let is_far = cleared.saturating_mul(2) < payment.amount;
        if best.pattern == Pattern::Over && (best.lines.len() > 1 || close.is_cut || is_far) {
            return Some(MORE_THAN_NAMED);
        }
        if close.is_incomplete && matches!(best.pattern, Pattern::LumpFound) {
            return Some(NOT_SEARCHED);
        }
        if best.pattern == Pattern::NotOurs && close.is_payer_known {
            return Some("would settle alone as not ours if the payer were no customer");
        }
        if best.pattern == Pattern::NotOurs && close.is_mute {
            return Some(MUTE);
        }
        if best.pattern == Pattern::NotOurs && self.names_a_customer(row) {
            return Some("would settle alone as not ours if the text named no customer who owes");
        }
        if best.pattern == Pattern::NotOurs && close.names_any {
            return Some("would settle alone as not ours if the text named no item");
        }
        let differs = matches!(best.pattern, Pattern::Part | Pattern::Short | Pattern::Over | Pattern::Duplicate);
        if best.leaves_out && (differs || matches!(best.pattern, Pattern::PayerExact | Pattern::LumpFound | Pattern::Weak)) {
            return Some("the text names another item");
        }
        if best.pattern == Pattern::Duplicate {
            if self.repeated(row).is_none() {
                return Some(
                    "would settle alone as a duplicate if the first payment were certain and nothing else of that amount open",
                );
            }
            if close.says_several || close.count.is_some() || close.says_credit {
                return Some("the text speaks of several items");
            }
            if !self.says_the_same(row) && has_stray() {
                return Some("the text has a number that no item explains");
            }
        }
        if best.leaves_own && !best.lines.is_empty() {
            return Some("the text names another open item of the customer");
        }
        if close.slips.get(at).is_some_and(|s| *s) {
            return Some(if best.pattern == Pattern::PayerExact {
                "the text has a number of ours that is not open"
            } else {
                "the number in the text may mean something else than this item"
            });
        }
        let is_unnamed = |(item, _): &(u32, i64)| !close.names(*item, Level::Suffix);
        // An open item paid exactly: whoever owes as much was compared, the others of the name owe something else.
        let is_debt = best.pattern == Pattern::PayerExact && best.lines.len() == 1;
        let is_crowded = if is_debt { close.is_crowded_by_debtors } else { close.is_crowded };
        if is_crowded && best.lines.iter().any(is_unnamed) {
            return Some("more customers share this account, name or family than were compared");
        }
        if !best.lines.is_empty() && best.lines.iter().all(is_unnamed) && self.is_account_of_another(row, best) {
            return Some("the account belongs to another customer, and the text names no item");
        }
        // A part of the longer one is as likely as of the shorter; otherwise the amount tells.
        let is_part = matches!(best.pattern, Pattern::Part | Pattern::Short);
        let is_as_good = |item: u32| move |other: u32| is_part || book.item_open(other) == book.item_open(item);
        if best.lines.iter().any(|(item, _)| self.is_begun_by(*item, is_as_good(*item))) {
            return Some("another open item has this number with something behind it");
        }
        let is_late = |item: u32| payment.booked != i32::MIN && book.item(item).issued > payment.booked;
        // Among items that are named, one may stand where the list was cut.
        let is_written = |(item, _): &(u32, i64)| close.names(*item, Level::Listed);
        if !best.lines.iter().any(is_written) && best.lines.iter().any(|(item, _)| is_late(*item)) {
            return Some("issued after the payment was booked, and not named by its whole number");
        }
        if !best.lines.is_empty() && close.hypotheses.iter().any(|other| self.is_payers_own(best, other)) {
            return Some("the payer is another customer, who owes exactly this amount");
        }
        if best.pattern == Pattern::PayerExact && close.sums_up {
            return Some("several other items of the payer come to the same amount");
        }
        if best.pattern == Pattern::PayerExact && close.is_incomplete && self.is_outsize(best) {
            return Some("larger than the customer's other items, and those may come to the same amount");
        }
        if best.pattern == Pattern::Short && best.lines.len() > 1 {
            return Some("short over several items: a person says which stays open");
        }
        let is_lump = best.lines.len() > 1;
        if !best.lines.is_empty() && close.count.is_some_and(|count| usize::from(count) != best.lines.len()) {
            return Some("the text speaks of another number of items");
        }
        let is_exact_by_number = matches!(best.pattern, Pattern::ReferenceExact | Pattern::Discount | Pattern::OtherCurrency);
        if best.lines.len() == 1 && close.says_several && !is_exact_by_number {
            return Some("the text speaks of several items");
        }
        if matches!(best.pattern, Pattern::Part | Pattern::Short | Pattern::Over) && self.owes_exactly(row, best) {
            return Some("another item of the customer is open at exactly this amount");
        }
        if close.says_credit && matches!(best.pattern, Pattern::Part | Pattern::Short | Pattern::Over) {
            return Some("the text speaks of a credit note");
        }
        if is_lump && self.is_exchangeable(close, best) {
            return Some("another open item of the customer has the amount of one that is not named");
        }
        if (is_lump || matches!(best.pattern, Pattern::Over | Pattern::Part | Pattern::Short)) && has_stray() {
            return Some("the text has a number that no item explains");
        }
        let is_named = |item: u32| close.names(item, Level::Tail);
        let needs_name =
            matches!(best.pattern, Pattern::Part | Pattern::Short | Pattern::Over | Pattern::Duplicate | Pattern::OtherCurrency);
        if needs_name && !best.lines.iter().map(|(i, _)| *i).chain(Some(best.repeats).filter(|r| *r != NONE)).all(is_named) {
            return Some("would settle alone if the reference were present");
        }
        if best.fee != 0 && self.policy.settle.named_fee == Ask::Ask {
            return Some("the bank names charges: a person says who bears them");
        }
        if best.pattern == Pattern::Short && book.extra(payment).fee != 0 && self.policy.settle.named_fee == Ask::Ask {
            return Some("the bank names charges: a person says who bears them");
        }
        None
    }

    /// A duplicate whose text is that of the payment it repeats.
    fn says_the_same(&self, row: u32) -> bool {
        let text = |row: u32| self.book.payment_text(row).remittance;
        self.repeated(row).is_some_and(|(first, _)| text(row) == text(first))
    }

    /// The item is more than three times what half of the customer's items are.
    fn is_outsize(&self, best: &Hypothesis) -> bool {
        let Some((item, _)) = best.lines.first() else { return false };
        let there = self.book.item(*item);
        let items = self.book.items_of(there.customer).take(self.policy.limits.customer_items);
        let alike = items.map(|i| self.book.item(i)).filter(|i| i.currency == there.currency && i.open > 0);
        let (small, all) = alike
            .fold((0_usize, 0_usize), |(small, all), i| (small + usize::from(i.open.saturating_mul(3) < there.open), all + 1));
        small * 2 > all
    }

    /// Another answer clears an item of a customer who is far more likely the payer, and does so exactly.
    fn is_payers_own(&self, best: &Hypothesis, other: &Hypothesis) -> bool {
        const PAYER: usize = 2;
        let customer = |h: &Hypothesis| h.lines.first().map(|(item, _)| self.book.item_customer(*item));
        matches!(other.pattern, Pattern::ReferenceExact | Pattern::PayerExact | Pattern::LumpNamed | Pattern::LumpFound)
            && other.weights[PAYER] >= best.weights[PAYER] + PAYER_TELLS
            && customer(other) != customer(best)
    }

    /// The text names a customer who owes something: by all words of the name, or by a single one beside just the amount owed.
    fn names_a_customer(&self, row: u32) -> bool {
        const WORDS_MAX: usize = 16;
        /// A word that so many names have tells nobody.
        const COMMON: usize = 60;
        let book = self.book;
        let text = folded_payer(book.payment_text(row).remittance);
        let words: Vec<&str> = text.split(' ').filter(|word| word.len() >= 3).take(WORDS_MAX).collect();
        let amount = book.payment_amount(row);
        let owes = |customer: u32| {
            let mut items = book.items_of(customer).take(self.policy.limits.customer_items);
            items.any(|item| book.item_open(item) == amount)
        };
        words.iter().any(|word| {
            let rows = || book.by_word.rows(hash(word.as_bytes()));
            rows().nth(COMMON).is_none()
                && rows().any(|name_row| {
                    let (customer, core) = book.name(name_row);
                    let mut parts = core.split(' ').filter(|part| part.len() >= 3);
                    let several = parts.clone().count() >= 2;
                    let is_whole = parts.all(|part| words.contains(&part));
                    is_whole && !book.items_of(customer).is_empty() && (several || owes(customer))
                })
        })
    }

    /// The account of the payer is on file for others only, and for none of the family.
    fn is_account_of_another(&self, row: u32, best: &Hypothesis) -> bool {
        let book = self.book;
        let Some(key) = account_key(book.payment_text(row).payer_iban) else { return false };
        let payers = || book.by_account.rows(key);
        let is_payers = |item: u32| payers().any(|payer| book.family(payer) == book.family(book.item_customer(item)));
        payers().next().is_some() && best.lines.iter().any(|(item, _)| !is_payers(*item))
    }

    /// Another open item of the customer has the number of this one and more: `1001/1`, or what a bank has cut off.
    fn is_begun_by(&self, item: u32, is_meant: impl Fn(u32) -> bool) -> bool {
        let book = self.book;
        let number = book.item_number_bytes(item);
        let mut items = book.items_of(book.item_customer(item)).take(self.policy.limits.customer_items);
        items.any(|other| {
            let longer = book.item_number_bytes(other);
            let begins = longer.len() > number.len() && longer.starts_with(number);
            begins && self.settled_by[other as usize] == NONE && is_meant(other)
        })
    }

    /// Another item of the customer asks for just what was paid.
    fn owes_exactly(&self, row: u32, best: &Hypothesis) -> bool {
        let Some((item, _)) = best.lines.first() else { return false };
        let mut alike = self.book.also_open_at(*item, self.book.payment_amount(row), self.policy.limits.customer_items);
        alike.any(|other| self.settled_by[other as usize] == NONE)
    }

    /// An item of several that the text does not name might as well be another of the same customer and amount.
    fn is_exchangeable(&self, close: &Close, best: &Hypothesis) -> bool {
        let book = self.book;
        let unnamed: Vec<u32> = best.lines.iter().map(|(i, _)| *i).filter(|i| !close.names(*i, Level::Suffix)).take(60).collect();
        unnamed.first().is_some_and(|one| {
            let there = |i: u32| (book.item(i).open, book.item(i).currency);
            let items = book.items_of(book.item_customer(*one));
            items.take(self.policy.limits.customer_items).any(|other| {
                self.settled_by[other as usize] == NONE
                    && !best.lines.iter().any(|(i, _)| *i == other)
                    && unnamed.iter().any(|i| there(*i) == there(other))
            })
        })
    }
}
