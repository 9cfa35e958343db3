//! Numbers that stand among the numbers of open items and are none of them.

use std::fmt::Write as _;

use super::super::book::Book;
use super::super::foreign::{cover_customer_id, cover_foreign, is_year, order_to, value_of};
use super::{Clues, Hit, Number, Origin};
use crate::reference::{FormHash, Forms, Level, hash, lookalike};

impl Clues {
    /// A label says that the number is an order's, a contract's or a customer's, or it is a year by itself: then it need not mean the item
    /// that bears it.
    pub fn is_aside(&self, number: &Number) -> bool {
        let slot = number.origin as usize;
        let (found, folded, from) = (&self.atoms[slot], &self.folded[slot], usize::from(number.from));
        if number.to == number.from + 1 && found.get(from).is_some_and(|atom| is_year(atom.text(folded))) {
            return true;
        }
        // The label, or a word for number behind it, stands right before.
        (from.saturating_sub(2)..from).any(|at| order_to(folded, found, at) > from)
    }

    /// Bare digits that may be something else than the number of the item: they stand where a date, an amount, an order or contract or the
    /// customer's own number does, or only where the payer's system writes its own numbers.
    pub fn may_mean_else(&self, book: &Book, hit: &Hit) -> bool {
        let Some(number) = self.numbers.get(usize::from(hit.number)) else { return false };
        if hit.level == Level::Structured {
            return false;
        }
        if number.origin == Origin::EndToEnd {
            return true;
        }
        // In full, its letters with it, a number is what it is.
        if hit.level == Level::Full && book.item_number_bytes(hit.item).iter().any(u8::is_ascii_alphabetic) {
            return false;
        }
        let slot = number.origin as usize;
        let (found, folded) = (&self.atoms[slot], &self.folded[slot]);
        let mut covered = vec![false; found.len()];
        cover_foreign(found, folded, &mut covered);
        for at in 0..found.len() {
            let end = order_to(folded, found, at);
            covered[at..end.max(at)].fill(true);
        }
        cover_customer_id(book.customer_id(book.item_customer(hit.item)), found, folded, &mut covered);
        (usize::from(number.from)..usize::from(number.to)).all(|at| covered.get(at) == Some(&true))
    }

    /// The number stands among the numbers of open items, as written but for its last digits, and is none of them: an invoice of ours that
    /// was paid, or is not in this book.
    pub fn is_of_a_series(&self, book: &Book, number: &Number) -> bool {
        /// So far from it, and so many of them.
        const NEAR: u64 = 20;
        const ENOUGH: usize = 2;
        /// Forms are made of so many characters; a longer text is written out.
        const WHOLE_MAX: usize = 79;
        let slot = number.origin as usize;
        let (Some(first), Some(last)) =
            (self.atoms[slot].get(usize::from(number.from)), self.atoms[slot].get(usize::from(number.to).wrapping_sub(1)))
        else {
            return false;
        };
        let width = last.len();
        let folded = &self.folded[slot];
        let before = folded.get(first.start as usize..last.start as usize).unwrap_or_default();
        let here = value_of(last.text(folded));
        if number.named > 0 || !last.is_number || width > 12 || here < NEAR {
            return false;
        }
        let (mut written, mut own) = (Forms::default(), Forms::default());
        let mut found = 0;
        let mut text = String::from_utf8_lossy(before).into_owned();
        let stem = text.len();
        let beginning = StemHash::of(before);
        for value in (here - NEAR..=here + NEAR).filter(|value| *value != here) {
            // Nearly none is there, and that is told without writing it out.
            let is_whole = stem + width < WHOLE_MAX;
            if is_whole && book.by_reference.count(beginning.with(value, width)) == 0 {
                continue;
            }
            text.truncate(stem);
            let _ = write!(text, "{value:0>width$}");
            written.read(&text);
            let is_one = book.by_reference.rows(hash(&written.full)).take(8).any(|row| {
                own.read(book.item_number(row));
                own.level_of(&written).is_some_and(|level| level <= Level::Zeros)
            });
            found += usize::from(is_one);
            if found == ENOUGH {
                return true;
            }
        }
        false
    }
}

/// The hash of [`Forms::full`] of a number whose beginning stays and whose last digits change.
#[derive(Debug, Clone, Copy)]
struct StemHash {
    hash: FormHash,
    has_letters: bool,
}

impl StemHash {
    fn of(beginning: &[u8]) -> Self {
        let mut stem = Self { hash: FormHash::default(), has_letters: beginning.iter().any(u8::is_ascii_alphabetic) };
        beginning.iter().filter(|c| c.is_ascii_alphanumeric()).for_each(|c| stem.push(c.to_ascii_uppercase()));
        stem
    }

    fn push(&mut self, c: u8) {
        if self.has_letters { self.hash.push(lookalike(c)) } else { self.hash.push_digit(c) }
    }

    /// With these digits at the end, written with zeros at the front to this width.
    fn with(mut self, value: u64, width: usize) -> u64 {
        let digits = value.checked_ilog10().map_or(1, |log| log as usize + 1);
        let mut place = 10_u64.saturating_pow(u32::try_from(digits - 1).unwrap_or(0));
        (digits..width).for_each(|_| self.push(b'0'));
        while place > 0 {
            self.push(b'0' + u8::try_from(value / place % 10).unwrap_or(0));
            place /= 10;
        }
        self.hash.finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_hash_is_that_of_the_written_number(beginning in "[0A-Z1-9OILS/ -]{0,20}", value in 0_u64..30_000, width in 1_usize..13) {
            let mut forms = Forms::default();
            forms.read(&format!("{beginning}{value:0>width$}"));
            prop_assert_eq!(StemHash::of(beginning.as_bytes()).with(value, width), hash(&forms.full));
        }
    }
}
