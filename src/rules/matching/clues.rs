//! What the text of a payment says: which open items it names and how, which numbers it leaves unexplained, and telling words.

#![allow(clippy::needless_range_loop)] // An atom is read together with its neighbours, by place.

mod compared;
mod joints;
mod reads;
mod series;

use std::collections::HashMap;

use super::book::{Book, PaymentText};
use super::digit_forms::{DigitForms, FORM_LENGTH_MAX, is_plain_of};
use super::foreign::{cover_customer_id, cover_foreign, digits_of_id, foreign_to, note_unended, value_of};
use super::telling::{Kind, REFUNDS, begun, has_stem, telling, tells_own_account};
use crate::reference::{
    Atom, FormHash, Forms, Level, REFERENCE_ATOMS_MAX, REFERENCE_LENGTH_MAX, atoms, check_schemes, creditor_reference, fold,
    hash, lookalike,
};

use compared::Written;
use joints::{Joint, is_split, joint_of, stands_alone};
pub(super) use reads::Reads;

/// More items than this under one written number tell nothing by themselves.
const COMMON_MAX: usize = 48;

/// Hits kept for one payment.
const HITS_MAX: usize = 400;

/// Items of one customer that the same last digits may name.
const ALIKE_MAX: usize = 6;

/// Items that one cut-off beginning may name.
const CUT_MAX: usize = 3;

/// A range in text names at most so many items.
const RANGE_MAX: u64 = 60;

/// Where a text came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The creditor reference.
    Structured,
    /// Unstructured text.
    Remittance,
    /// End-to-end id; only hits count, what it does not explain is the payer's own business.
    EndToEnd,
}

/// An item named in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// Row of the item.
    pub item: u32,
    /// How.
    pub level: Level,
    /// Which number of the text: index into [`Clues::numbers`].
    pub number: u16,
}

/// A number in the text that looks like a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number {
    /// Where.
    pub origin: Origin,
    /// First atom.
    pub from: u16,
    /// One past the last atom.
    pub to: u16,
    /// Digits, without zeros at the front.
    pub digits: u8,
    /// So many open items carry it, 0 for a number that names none.
    pub named: u16,
    /// A run of digits goes on across a space: one number, or two.
    pub is_split: bool,
    /// Put together where a bank may have broken the line, though the number has no separator there.
    pub is_broken: bool,
    /// Written as the number of an item is, separators and all.
    pub is_verbatim: bool,
}

impl Number {
    /// The two are read from the same letters and digits, at least in part.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.origin == other.origin && self.from < other.to && other.from < self.to
    }
}

/// Words in text and payer name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Words {
    /// Part payment, instalment, deposit.
    pub part: bool,
    /// Credit note, less.
    pub credit: bool,
    /// Early-payment discount.
    pub discount: bool,
    /// Tax withheld.
    pub withholding: bool,
    /// Several invoices, statement, collective payment.
    pub several: bool,
    /// Cancelled, returned, disputed, `not`: what stands beside such a word is a person's to read.
    pub doubt: bool,
    /// Interest, card settlement, own transfer, tax office, refund and the like: how many such words.
    pub not_ours: u8,
}

/// Everything read from one payment's text. Scratch space, reused.
#[derive(Debug, Default)]
pub struct Clues {
    /// Items named.
    pub hits: Vec<Hit>,
    /// Numbers that look like references, those that name items and those that do not.
    pub numbers: Vec<Number>,
    /// Telling words.
    pub words: Words,
    /// The text ends where a bank would cut it.
    pub is_cut: bool,
    /// More than was looked at.
    pub is_overlong: bool,
    /// `3 x`, `4 invoices`: how many items the text speaks of.
    pub count: Option<u8>,
    /// Items whose numbers were compared with the text one by one, over all payments read so far.
    pub compared: u64,
    /// A list or range goes on with a number that names nothing.
    pub is_open_list: bool,
    customer_numbers: Vec<Vec<u8>>,
    folded: [Vec<u8>; 3],
    atoms: [Vec<Atom>; 3],
    item_forms: Forms,
    written: Forms,
    joined: Vec<u8>,
    plain: Vec<u8>,
    covered: Vec<bool>,
    /// Atoms of the text being looked up behind which a date or an amount goes on.
    unended: Vec<bool>,
    /// Numbers of three digits: which text, which atom.
    shorts: Vec<(usize, usize)>,
    name: Vec<u8>,
    name_atoms: Vec<Atom>,
}

const ORIGINS: [Origin; 3] = [Origin::Structured, Origin::Remittance, Origin::EndToEnd];

impl Clues {
    /// Reads the texts and looks every number up in the book.
    pub fn read(&mut self, book: &Book, text: &PaymentText<'_>, atoms_max: usize) {
        self.cut(text, atoms_max);
        for at in 0..ORIGINS.len() {
            if self.atoms[at].is_empty() {
                continue;
            }
            let folded = std::mem::take(&mut self.folded[at]);
            let found = std::mem::take(&mut self.atoms[at]);
            self.look_up(book, ORIGINS[at], &folded, &found);
            self.folded[at] = folded;
            self.atoms[at] = found;
        }
        self.drop_contained();
    }

    /// As [`Clues::read`] for a payment whose numbers have been looked up before: only the text is cut again.
    pub(super) fn read_again(&mut self, text: &PaymentText<'_>, atoms_max: usize, reads: &Reads, at: usize) -> bool {
        let Some((hits, numbers, is_overlong)) = reads.get(at) else { return false };
        self.cut(text, atoms_max);
        self.hits.extend_from_slice(hits);
        self.numbers.extend_from_slice(numbers);
        self.is_overlong |= is_overlong;
        true
    }

    /// Cuts the texts into atoms and forgets what was found before.
    fn cut(&mut self, text: &PaymentText<'_>, atoms_max: usize) {
        self.hits.clear();
        self.numbers.clear();
        self.words = Words::default();
        self.count = None;
        self.is_open_list = false;
        self.is_overlong = false;
        let characters = text.remittance.len();
        self.is_cut = matches!(characters, 27 | 34 | 35 | 69 | 70 | 105 | 139 | 140 | 280 | 420);
        for (at, part) in [text.structured_reference, text.remittance, text.end_to_end_id].into_iter().enumerate() {
            let (folded, found) = (&mut self.folded[at], &mut self.atoms[at]);
            found.clear();
            folded.clear();
            if !part.is_empty() {
                fold(part, folded);
                self.is_overlong |= atoms(folded, atoms_max, found);
            }
        }
    }

    /// The text holds a customer's number at the seller: at least four digits, as a whole.
    pub fn holds_customer_number(&self, id: &str) -> bool {
        let digits = digits_of_id(id);
        digits.len() >= 4
            && self.atoms[1].iter().any(|atom| {
                let text = atom.text(&self.folded[1]);
                atom.is_number
                    && text.len() >= digits.len()
                    && text.iter().copied().skip_while(|c| *c == b'0').eq(digits.iter().copied())
            })
    }

    /// The number that names the item of a hit.
    pub(super) fn number_of(&self, hit: &Hit) -> Option<&Number> {
        self.numbers.get(usize::from(hit.number))
    }

    /// How many digits the number of a hit has.
    pub(super) fn digit_count(&self, hit: &Hit) -> u8 {
        self.number_of(hit).map_or(0, |number| number.digits)
    }

    /// A word in the remittance text speaks of money that was not simply paid for one item: seen at first sight.
    pub fn speaks_of_doubt(&self) -> bool {
        let (found, folded) = (&self.atoms[1], &self.folded[1]);
        found.iter().filter(|a| !a.is_number && a.len() >= 3).any(|atom| {
            let word = std::str::from_utf8(atom.text(folded)).unwrap_or_default();
            telling(word).is_some_and(|kind| !matches!(kind, Kind::Several))
        })
    }

    /// The window search of one text.
    fn look_up(&mut self, book: &Book, origin: Origin, folded: &[u8], found: &[Atom]) {
        let mut foreign = 0;
        note_unended(found, folded, &mut self.unended);
        for first in 0..found.len() {
            let atom = found[first];
            // The month and the year of a date are no numbers by themselves; all of it may be one: `12/2026`.
            if first > 0 && self.unended[first - 1] {
                continue;
            }
            // A telephone number, a tax number or the bank's own reference names no item.
            if origin == Origin::Remittance {
                foreign = foreign.max(foreign_to(folded, found, first));
                if first < foreign {
                    continue;
                }
            }
            if !atom.is_number {
                let letters = atom.text(folded);
                let looks_like_digits = atom.len() <= 2 && letters.iter().all(|c| lookalike(*c).is_ascii_digit());
                if letters == b"RF" {
                    self.creditor_windows(book, origin, folded, found, first);
                }
                if !looks_like_digits && !book.is_known_prefix(letters) {
                    continue;
                }
            } else if first >= 2 && atom.before == 0 && found[first - 1].before == 0 && found[first - 2].is_number {
                // `12A345`: a number inside a longer code is not at a token boundary.
                continue;
            }
            self.windows_from(book, origin, folded, found, first);
        }
    }

    fn windows_from(&mut self, book: &Book, origin: Origin, folded: &[u8], found: &[Atom], first: usize) {
        let (mut full, mut bare) = (FormHash::default(), FormHash::default());
        let (mut length, mut has_number, mut only_digits) = (0, false, true);
        let mut single_digits: &[u8] = &[];
        for last in first..found.len().min(first + REFERENCE_ATOMS_MAX) {
            let atom = found[last];
            if last > first && !atom.joins() {
                break;
            }
            length += atom.len();
            if length > REFERENCE_LENGTH_MAX {
                break;
            }
            let text = atom.text(folded);
            if atom.is_number {
                has_number = true;
                if only_digits {
                    text.iter().for_each(|c| full.push_digit(*c));
                } else {
                    text.iter().for_each(|c| full.push(*c));
                }
                let trimmed = text.iter().skip_while(|c| **c == b'0');
                trimmed.for_each(|c| bare.push(*c));
                if last == first {
                    single_digits = text;
                }
            } else {
                let digits_only = text.iter().all(|c| lookalike(*c).is_ascii_digit());
                only_digits &= digits_only && last > first;
                text.iter().for_each(|c| {
                    full.push(lookalike(*c));
                    bare.push(lookalike(*c));
                });
            }
            if !has_number || (!atom.is_number && atom.len() > 2 && !book.any_letter_ending) {
                continue;
            }
            // Not at a token boundary when letters or digits follow at once, or the rest of a date.
            if found.get(last + 1).is_some_and(|next| next.before == 0) || self.unended[last] {
                continue;
            }
            let (a, b) = (full.finish(), bare.finish());
            let mut any = false;
            if book.form_lengths & (1 << full.length().min(63)) != 0 && full.length() >= 3 {
                any |= self.take(book, origin, folded, found, first..last + 1, a);
            }
            if a != b && book.form_lengths & (1 << bare.length().min(63)) != 0 && bare.length() >= 3 {
                any |= self.take(book, origin, folded, found, first..last + 1, b);
            }
            if !any && last == first && single_digits.len() >= 5 {
                self.national(book, origin, single_digits, first);
            }
        }
        // Structured references are often written in groups: join all digits of the field.
        if origin == Origin::Structured && first == 0 && found.len() > 1 && found.iter().all(|a| a.is_number) {
            let mut joined = std::mem::take(&mut self.joined);
            joined.clear();
            found.iter().for_each(|a| joined.extend_from_slice(a.text(folded)));
            self.national_range(book, origin, &joined, 0, found.len());
            self.joined = joined;
        }
    }

    /// `RF18 5390 …`: every window that passes the check.
    fn creditor_windows(&mut self, book: &Book, origin: Origin, folded: &[u8], found: &[Atom], first: usize) {
        let mut joined = std::mem::take(&mut self.joined);
        joined.clear();
        for last in first..found.len().min(first + 12) {
            if last > first && !found[last].joins() {
                break;
            }
            joined.extend_from_slice(found[last].text(folded));
            if joined.len() > 25 {
                break;
            }
            if let Some(core) = creditor_reference(&joined) {
                let core = core.to_vec();
                self.take_core(book, origin, &core, first..last + 1);
            }
        }
        self.joined = joined;
    }

    /// Digits with check digits of some national scheme.
    fn national(&mut self, book: &Book, origin: Origin, digits: &[u8], at: usize) {
        self.national_range(book, origin, digits, at, at + 1);
    }

    fn national_range(&mut self, book: &Book, origin: Origin, digits: &[u8], from: usize, to: usize) {
        if origin == Origin::EndToEnd || (origin == Origin::Remittance && digits.len() < 7) {
            return;
        }
        let mut seen = 0_usize;
        for (_, core) in check_schemes(digits) {
            // Several schemes share the same core; once is enough.
            if seen == core.len() {
                continue;
            }
            seen = core.len();
            if self.take_core(book, origin, core, from..to) {
                return;
            }
            if core.len() >= 10 {
                // The number stands at the end, behind a customer number and zeros.
                for start in 1..core.len().saturating_sub(5) {
                    let rest = &core[start..];
                    if rest.first() != Some(&b'0') && rest.len() <= 14 && self.take_core(book, origin, rest, from..to) {
                        return;
                    }
                }
            }
        }
    }

    /// Looks up what a checked reference carries.
    fn take_core(&mut self, book: &Book, origin: Origin, core: &[u8], range: std::ops::Range<usize>) -> bool {
        let Ok(text) = std::str::from_utf8(core) else { return false };
        self.written.read(text);
        let key = hash(&self.written.full);
        let mut any = false;
        for row in book.by_reference.rows(key).take(COMMON_MAX) {
            self.item_forms.read(book.item_number(row));
            if self.item_forms.level_of(&self.written).is_some() {
                let digits = self.written.digits.len();
                let number = self.number(origin, &range, digits);
                self.hit(row, Level::Structured, number);
                any = true;
            }
        }
        any
    }

    fn take(
        &mut self,
        book: &Book,
        origin: Origin,
        folded: &[u8],
        found: &[Atom],
        range: std::ops::Range<usize>,
        key: u64,
    ) -> bool {
        let mut rows = book.by_reference.rows(key).peekable();
        if rows.peek().is_none() {
            return false;
        }
        let (from, to) = (found[range.start].start as usize, found[range.end - 1].end as usize);
        let window = folded.get(from..to).unwrap_or_default();
        let mut plain = std::mem::take(&mut self.plain);
        plain.clear();
        plain.extend(window.iter().copied().filter(u8::is_ascii_alphanumeric).take(FORM_LENGTH_MAX));
        let is_short = window.len() <= FORM_LENGTH_MAX;
        let mut is_written_read = false;
        let (mut any, mut count) = (false, 0);
        let (before, numbers_before) = (self.hits.len(), self.numbers.len());
        for row in rows {
            count += 1;
            if count > COMMON_MAX {
                // Found by far too many: the customer's own items are compared later, when the payer is known.
                self.hits.truncate(before);
                self.numbers.truncate(numbers_before);
                any = false;
                break;
            }
            let level = if is_short && is_plain_of(book.item_number_bytes(row), &plain) {
                Some(Level::Full)
            } else {
                if !is_written_read {
                    self.written.read(std::str::from_utf8(window).unwrap_or_default());
                    is_written_read = true;
                }
                self.item_forms.read(book.item_number(row));
                self.item_forms.level_of(&self.written)
            };
            if let Some(level) = level {
                // Letters and zeros in their places tell as much as digits.
                let joint = if origin == Origin::Structured {
                    // The field holds one reference, often written in groups.
                    Joint::Whole
                } else {
                    joint_of(folded, &found[range.clone()], book.item_number(row))
                };
                if joint == Joint::Pieced {
                    continue;
                }
                let digits = if level == Level::Full { plain.len() } else { self.written.digits.len() };
                let number = self.number(origin, &range, digits);
                if let Some(known) = self.numbers.get_mut(usize::from(number)) {
                    // The longest reading counts, whichever item is met first.
                    known.digits = known.digits.max(u8::try_from(digits).unwrap_or(u8::MAX));
                    known.is_broken |= joint == Joint::Broken;
                    known.is_verbatim |= book.item_number_bytes(row).eq_ignore_ascii_case(window);
                    known.is_split |= is_split(folded, &found[range.clone()]);
                }
                self.hit(row, level, number);
                any = true;
            }
        }
        self.plain = plain;
        any
    }

    fn number(&mut self, origin: Origin, range: &std::ops::Range<usize>, digits: usize) -> u16 {
        let (from, to) = (index(range.start), index(range.end));
        let at = self.numbers.iter().position(|n| n.origin == origin && n.from == from && n.to == to).unwrap_or_else(|| {
            let digits = u8::try_from(digits).unwrap_or(u8::MAX);
            self.numbers.push(Number {
                origin,
                from,
                to,
                digits,
                named: 0,
                is_split: false,
                is_broken: false,
                is_verbatim: false,
            });
            self.numbers.len() - 1
        });
        index(at)
    }

    fn hit(&mut self, item: u32, level: Level, number: u16) {
        if let Some(known) = self.hits.iter_mut().find(|h| h.item == item && h.number == number) {
            known.level = known.level.min(level);
        } else if self.hits.len() < HITS_MAX {
            self.hits.push(Hit { item, level, number });
            if let Some(n) = self.numbers.get_mut(usize::from(number)) {
                n.named = n.named.saturating_add(1);
            }
        } else {
            self.is_overlong = true;
        }
    }

    /// A hit inside the text of a longer, at least as good hit is a part of it, not another number: unless the longer one was put
    /// together across a space and the shorter one names another item in full. Then both stay, and the payment is a question. Both stay
    /// too where the shorter one stands by itself and is written as its item's number is, and the longer one is not: `RE 0244602` may be
    /// RE244602, and is 0244602 where there is such an item.
    fn drop_contained(&mut self) {
        if self.numbers.len() < 2 {
            return;
        }
        let numbers = &self.numbers;
        let mut levels: Vec<Option<Level>> = vec![None; numbers.len()];
        for hit in &self.hits {
            if let Some(best) = levels.get_mut(usize::from(hit.number)) {
                *best = Some(best.map_or(hit.level, |b| b.min(hit.level)));
            }
        }
        let best = |n: usize| levels.get(n).copied().flatten();
        let names_itself = |n: usize| match best(n) {
            Some(Level::Full | Level::Structured) => true,
            Some(Level::PrefixDropped) => numbers[n].digits >= 5,
            _ => false,
        };
        let names_others = |inner: usize, outer: usize| {
            let of = |n: usize| self.hits.iter().filter(move |h| usize::from(h.number) == n);
            of(inner).any(|h| h.level <= Level::PrefixDropped && !of(outer).any(|o| o.item == h.item))
        };
        let mut keep = vec![true; numbers.len()];
        for (at, inner) in numbers.iter().enumerate() {
            for (other, outer) in numbers.iter().enumerate() {
                let contains = at != other && inner.origin == outer.origin && outer.from <= inner.from && inner.to <= outer.to;
                if contains
                    && (outer.to - outer.from > inner.to - inner.from || other < at)
                    && best(other).is_some_and(|o| o <= Level::Lookalike || best(at).is_none_or(|i| o <= i))
                {
                    if outer.is_broken && best(at).is_some() {
                        // A line broken by the bank, or a number by itself: where either may be meant both stay, and it is a question.
                        keep[other] &= names_others(at, other) && best(at).is_some_and(|b| b > Level::PrefixDropped);
                    } else {
                        let found = &self.atoms[inner.origin as usize];
                        let is_closer = inner.is_verbatim && !outer.is_verbatim && stands_alone(found, inner);
                        let may_be_meant = (outer.is_split || is_closer) && names_itself(at) && names_others(at, other);
                        keep[at] &= may_be_meant;
                    }
                }
            }
        }
        let is_inside = |a: Number, b: Number| (b.from <= a.from && a.to <= b.to) || (a.from <= b.from && b.to <= a.to);
        // Overlapping without one holding the other: the better, then the longer, then the first stays.
        for at in 0..numbers.len() {
            for other in 0..at {
                let (a, b) = (numbers[at], numbers[other]);
                if keep[at] && keep[other] && a.origin == b.origin && a.from < b.to && b.from < a.to && !is_inside(a, b) {
                    let rank = |n: usize, x: Number| (best(n), std::cmp::Reverse(x.to - x.from), x.from);
                    if rank(at, a) < rank(other, b) {
                        keep[other] = false;
                    } else {
                        keep[at] = false;
                    }
                }
            }
        }
        if keep.iter().all(|k| *k) {
            return;
        }
        let mut moved = vec![u16::MAX; numbers.len()];
        let mut next = 0_u16;
        for (at, kept) in keep.iter().enumerate() {
            if *kept {
                moved[at] = next;
                next += 1;
            }
        }
        self.hits.retain_mut(|h| {
            h.number = moved[usize::from(h.number)];
            h.number != u16::MAX
        });
        let mut at = 0;
        self.numbers.retain(|_| {
            at += 1;
            keep[at - 1]
        });
    }

    /// The second, slower look, for payments that the first did not settle: lists and ranges, numbers left over, words.
    pub fn read_closely(&mut self, book: &Book, customers: &[u32], payer_name: &str) {
        self.customer_numbers.clear();
        self.customer_numbers.extend(customers.iter().map(|c| digits_of_id(book.customer_id(*c))).filter(|d| d.len() >= 3));
        self.lists_and_ranges(book);
        self.find_strays(book, customers);
        self.find_words(payer_name);
        self.find_shorts();
    }

    /// The third: what is left over, against the items of likely customers. `is_worth`: answers of the customer may have a chance; it is
    /// asked only where comparing could change nothing for the others.
    pub fn compare(&mut self, book: &Book, customers: &[u32], items_max: usize, mut is_worth: impl FnMut(&Self, u32) -> bool) {
        let is_cut_number = self.last_number().is_some();
        for customer in customers {
            let changes_nothing = !is_cut_number
                && self.shorts.is_empty()
                && self.numbers.iter().all(|n| n.named > 0 || n.origin == Origin::EndToEnd);
            if changes_nothing && !is_worth(self, *customer) {
                continue;
            }
            self.compare_items(book, *customer, items_max);
        }
        self.lists_and_ranges(book);
    }

    /// Numbers of three digits outside any other number: they count only against the payer's own items.
    fn find_shorts(&mut self) {
        self.shorts.clear();
        for (slot, found) in self.atoms.iter().enumerate().take(2) {
            for (at, atom) in found.iter().enumerate() {
                let inside = |n: &Number| n.origin == ORIGINS[slot] && usize::from(n.from) <= at && at < usize::from(n.to);
                // What a bank has cut off has no last digits.
                let is_cut_end = self.is_cut && slot == 1 && at + 1 == found.len();
                if atom.is_number
                    && !is_cut_end
                    && atom.len() == 3
                    && atom.before != b','
                    && !self.numbers.iter().any(inside)
                    && self.shorts.len() < 40
                {
                    self.shorts.push((slot, at));
                }
            }
        }
    }

    /// `INV-101/102/104` and `INV 101-104`: what follows a named item names others of the same customer.
    fn lists_and_ranges(&mut self, book: &Book) {
        let seeds: Vec<Hit> = self.hits.iter().copied().filter(|h| h.level <= Level::Suffix).collect();
        for seed in seeds.into_iter().take(64) {
            let Some(number) = self.numbers.get(usize::from(seed.number)).copied() else { continue };
            let slot = number.origin as usize;
            // Most numbers stand alone.
            let next = self.atoms[slot].get(usize::from(number.to));
            if !next.is_some_and(|next| next.is_number || joining_word(next.text(&self.folded[slot])).is_some()) {
                continue;
            }
            let found = std::mem::take(&mut self.atoms[slot]);
            let folded = std::mem::take(&mut self.folded[slot]);
            let customer = book.item_customer(seed.item);
            self.item_forms.read(book.item_number(seed.item));
            let plain = self.item_forms.plain.clone();
            let width = self.item_forms.tail_width;
            let tail_end = if self.item_forms.ends_with_letters { 0 } else { plain.len() };
            let mut at = usize::from(number.to);
            let mut previous = value_of(&plain[plain.len().saturating_sub(width)..]);
            while tail_end > 0 && width > 0 && at < found.len() {
                // A joining word between the numbers.
                let mut is_range = found[at].before == b'-';
                let mut next = at;
                if !found[at].is_number {
                    let Some(joins_range) = joining_word(found[at].text(&folded)) else { break };
                    is_range = joins_range;
                    next += 1;
                }
                let goes_on = next > at || matches!(found[at].before, b'-' | b';' | b'+');
                let is_date = found.get(next + 1).is_some_and(|a| a.is_number && matches!(a.before, b'.' | b'-' | b'/'));
                let follows = found.get(next).is_some_and(|a| a.is_number);
                let Some(atom) = found.get(next).copied().filter(|a| a.is_number && a.len() <= width) else {
                    self.is_open_list |= goes_on && follows && !is_date && !self.is_numbered(number.origin, next);
                    break;
                };
                if atom.before == 0 || found.get(next + 1).is_some_and(|a| a.before == 0) {
                    break;
                }
                let mut digits = plain[tail_end - width..].to_vec();
                let short = atom.text(&folded);
                digits[width - short.len()..].copy_from_slice(short);
                let here = value_of(&digits);
                let mut any = false;
                let first = if is_range && here > previous && here - previous <= RANGE_MAX { previous + 1 } else { here };
                for v in first..=here {
                    let mut whole = plain[..tail_end - width].to_vec();
                    whole.extend_from_slice(format!("{v:0>width$}").as_bytes());
                    any |= self.take_listed(book, customer, &whole, number.origin, next..next + 1);
                }
                if !any {
                    self.is_open_list |= goes_on && !is_date && !self.is_numbered(number.origin, next);
                    break;
                }
                previous = here;
                at = next + 1;
            }
            self.atoms[slot] = found;
            self.folded[slot] = folded;
        }
    }

    /// The atom is part of a number that names an item.
    fn is_numbered(&self, origin: Origin, at: usize) -> bool {
        self.numbers.iter().any(|n| n.origin == origin && n.named > 0 && usize::from(n.from) <= at && at < usize::from(n.to))
    }

    fn take_listed(&mut self, book: &Book, customer: u32, whole: &[u8], origin: Origin, range: std::ops::Range<usize>) -> bool {
        let Ok(text) = std::str::from_utf8(whole) else { return false };
        self.written.read(text);
        let key = hash(&self.written.full);
        let mut any = false;
        for row in book.by_reference.rows(key).take(COMMON_MAX) {
            if book.item_customer(row) != customer || self.hits.iter().any(|h| h.item == row && h.level <= Level::Listed) {
                continue;
            }
            self.item_forms.read(book.item_number(row));
            if self.item_forms.level_of(&self.written).is_some_and(|l| l <= Level::Zeros) {
                // What lies inside a range is named by both ends; it hangs on the end that is written.
                let number = self.number(origin, &range, 3);
                self.hit(row, Level::Listed, number);
                any = true;
            }
        }
        any
    }

    /// Numbers that look like references and name nothing yet.
    fn find_strays(&mut self, book: &Book, customers: &[u32]) {
        for slot in 0..2 {
            let found = std::mem::take(&mut self.atoms[slot]);
            let folded = std::mem::take(&mut self.folded[slot]);
            let mut covered = std::mem::take(&mut self.covered);
            covered.clear();
            covered.resize(found.len(), false);
            for n in self.numbers.iter().filter(|n| n.origin == ORIGINS[slot]) {
                for at in n.from..n.to {
                    if let Some(c) = covered.get_mut(usize::from(at)) {
                        *c = true;
                    }
                }
            }
            cover_foreign(&found, &folded, &mut covered);
            for customer in customers {
                cover_customer_id(book.customer_id(*customer), &found, &folded, &mut covered);
            }
            let mut at = 0;
            while at < found.len() {
                if covered[at] || !found[at].is_number {
                    self.note_count(&found, &folded, at);
                    at += 1;
                    continue;
                }
                let from = at;
                let mut digits = 0;
                // Groups that belong together by `-`, `/`, `.` or nothing.
                while at < found.len()
                    && found[at].is_number
                    && !covered[at]
                    && (at == from || matches!(found[at].before, 0 | b'-' | b'/' | b'.'))
                {
                    digits += found[at].text(&folded).iter().skip_while(|c| **c == b'0').count();
                    at += 1;
                }
                // `101/102/104`: groups of one width are numbers of their own.
                let width = found[from].len();
                if at - from > 1 && width >= 3 && found[from..at].iter().all(|a| a.len() == width) {
                    for one in from..at {
                        if found[one].len() >= 4 {
                            self.number(ORIGINS[slot], &(one..one + 1), width);
                        }
                    }
                    continue;
                }
                let is_account = found[from].before == 0 && from > 0 && found[from - 1].len() == 2 && digits >= 12;
                if digits >= 4 && !is_account {
                    self.number(ORIGINS[slot], &(from..at), digits);
                } else {
                    self.note_count(&found, &folded, from);
                }
            }
            self.covered = covered;
            self.atoms[slot] = found;
            self.folded[slot] = folded;
        }
    }

    /// `3 x 49.00`, `4 Rechnungen`.
    fn note_count(&mut self, found: &[Atom], folded: &[u8], at: usize) {
        // `26` of a date is no count.
        let is_count = |a: &&Atom| a.is_number && a.len() <= 2 && !matches!(a.before, b'.' | b'-' | b'/');
        let Some(atom) = found.get(at).filter(is_count) else { return };
        let Some(next) = found.get(at + 1).filter(|n| !n.is_number) else { return };
        let word = next.text(folded);
        let counts = matches!(
            word,
            b"X" | b"INVOICES" | b"INV" | b"INVS" | b"RECHNUNGEN" | b"RE" | b"FACTURAS" | b"FACTURES" | b"FATTURE"
        ) || matches!(
            word,
            b"FAKTUROR" | b"FAKTURAER" | b"LASKUA" | b"FACTUREN" | b"FATURAS" | b"FAKTUR" | b"ITEMS" | b"BILLS"
        );
        let value = value_of(atom.text(folded));
        if counts && (2..=60).contains(&value) {
            self.count = u8::try_from(value).ok();
        }
    }

    /// Compares what is left over with every item of a customer the payer may be.
    fn compare_items(&mut self, book: &Book, customer: u32, items_max: usize) {
        let open: Vec<(u16, Number)> = self
            .numbers
            .iter()
            .enumerate()
            .filter(|(at, n)| {
                n.origin != Origin::EndToEnd
                    && !self.hits.iter().any(|h| {
                        usize::from(h.number) == *at && h.level <= Level::Listed && book.item_customer(h.item) == customer
                    })
            })
            .map(|(at, n)| (index(at), *n))
            .take(40)
            .collect();
        let last_text = self.last_number();
        // An item compared before may have made one of them a number.
        self.find_shorts();
        let shorts = std::mem::take(&mut self.shorts);
        if open.is_empty() && last_text.is_none() && shorts.is_empty() {
            self.shorts = shorts;
            return;
        }
        let written: Vec<(u16, Vec<u8>)> = open.iter().map(|(at, n)| (*at, self.digits_of(n))).collect();
        let written: Vec<Written<'_>> = written.iter().map(|(at, digits)| Written::new(*at, digits)).collect();
        let mut new_hits: Vec<(u32, Level, u16)> = Vec::new();
        let mut short_hits: Vec<(u32, Level, usize, usize)> = Vec::new();
        let mut cut_hits: Vec<(u32, usize, usize)> = Vec::new();
        let mut forms = DigitForms::default();
        for row in book.items_of(customer).take(items_max) {
            self.compared += 1;
            forms.read(book.item_number_bytes(row));
            for one in &written {
                let (at, bare) = (one.at, one.bare);
                let Some(level) = one.level_of(&forms) else { continue };
                // A customer's number at the seller is no slip of an invoice number, and what a label calls one does not end like it.
                if level == Level::OneEdit && self.customer_numbers.iter().any(|own| own.as_slice() == bare) {
                    continue;
                }
                if level > Level::Zeros && self.numbers.get(usize::from(at)).is_some_and(|number| self.is_aside(number)) {
                    continue;
                }
                if new_hits.len() == HITS_MAX {
                    self.is_overlong = true;
                    break;
                }
                new_hits.push((row, level, at));
            }
            for (slot, at) in &shorts {
                let text = self.atoms[*slot][*at].text(&self.folded[*slot]);
                let bare: &[u8] = text.iter().position(|c| *c != b'0').map_or(&[], |skip| &text[skip..]);
                if bare == forms.tail() || bare == forms.digits() {
                    short_hits.push((row, Level::Tail, *slot, *at));
                } else if forms.digits().ends_with(text) {
                    short_hits.push((row, Level::Suffix, *slot, *at));
                }
            }
            if let Some((from, to, text)) = &last_text
                && text.len() >= 5
            {
                self.item_forms.read(book.item_number(row));
                let forms = &self.item_forms;
                if text.len() < forms.plain.len()
                    && text.len() > forms.prefix_length + 1
                    && (forms.plain.starts_with(text) || forms.digits.starts_with(text))
                {
                    cut_hits.push((row, *from, *to));
                }
            }
        }
        let mut alike: HashMap<(u16, Level), usize> = HashMap::new();
        if new_hits.len() > ALIKE_MAX {
            for (_, level, number) in &new_hits {
                *alike.entry((*number, *level)).or_default() += 1;
            }
        }
        for (row, level, number) in new_hits {
            // A year or a month at the end of every number names none of them.
            let says_little = matches!(level, Level::Tail | Level::Suffix | Level::OneEdit);
            if !says_little || alike.get(&(number, level)).is_none_or(|count| *count <= ALIKE_MAX) {
                self.hit(row, level, number);
            }
        }
        self.shorts = shorts;
        // Three digits that fit half of the customer's items say nothing.
        let distinct = short_hits.len();
        for (row, level, slot, at) in short_hits {
            if distinct <= 12 {
                let number = self.number(ORIGINS[slot], &(at..at + 1), 3);
                self.hit(row, level, number);
            }
        }
        // A beginning that fits many of the customer's items names none of them.
        if cut_hits.len() <= CUT_MAX {
            for (row, from, to) in cut_hits {
                // The cut end may have been noted as a number of its own.
                let known = self
                    .numbers
                    .iter()
                    .position(|n| n.origin == Origin::Remittance && usize::from(n.from) < to && usize::from(n.to) > from);
                let number = match known {
                    Some(at) => index(at),
                    None => self.number(Origin::Remittance, &(from..to), 4),
                };
                self.hit(row, Level::Cut, number);
            }
        }
    }

    pub(super) fn digits_of(&self, number: &Number) -> Vec<u8> {
        let slot = number.origin as usize;
        let atoms = self.atoms[slot].get(usize::from(number.from)..usize::from(number.to)).unwrap_or_default();
        atoms.iter().filter(|a| a.is_number).flat_map(|a| a.text(&self.folded[slot]).iter().copied()).collect()
    }

    /// The joined letters and digits at the very end of a text that was cut: the beginning of a number, perhaps.
    fn last_number(&self) -> Option<(usize, usize, Vec<u8>)> {
        if !self.is_cut {
            return None;
        }
        let (found, folded) = (&self.atoms[1], &self.folded[1]);
        let mut from = found.len().checked_sub(1)?;
        while from > 0 && found.len() - from < 5 && matches!(found[from].before, 0 | b'-' | b'/') {
            from -= 1;
        }
        let text: Vec<u8> = found[from..].iter().flat_map(|a| a.text(folded).iter().copied()).collect();
        text.iter().any(u8::is_ascii_digit).then_some((from, found.len(), text))
    }

    fn find_words(&mut self, payer_name: &str) {
        let (mut name, mut name_atoms) = (std::mem::take(&mut self.name), std::mem::take(&mut self.name_atoms));
        fold(payer_name, &mut name);
        atoms(&name, 20, &mut name_atoms);
        let (found, folded) = (&self.atoms[1], &self.folded[1]);
        let mut words = Words::default();
        let last = found.last();
        for (list, text) in [(found, folded), (&name_atoms, &name)] {
            let mut before = "";
            for atom in list.iter().filter(|a| !a.is_number) {
                let Ok(word) = std::str::from_utf8(atom.text(text)) else { continue };
                if tells_own_account(std::mem::replace(&mut before, word), word) {
                    words.not_ours = words.not_ours.saturating_add(1);
                }
                match telling(word) {
                    Some(kind) => match kind {
                        Kind::Part => words.part = true,
                        Kind::Credit => words.credit = true,
                        Kind::Discount => words.discount = true,
                        Kind::Withholding => words.withholding = true,
                        Kind::Several => words.several = true,
                        Kind::Doubt => words.doubt = true,
                        Kind::NotOurs => {
                            words.not_ours = words.not_ours.saturating_add(1);
                            words.doubt |= REFUNDS.contains(&word);
                        }
                    },
                    None => {
                        // `abzgl. Gutschr`, as it is abbreviated; `minus creditno`, where the bank cut the line.
                        words.credit |= word.starts_with("GUTSCHR");
                        match last.filter(|last| std::ptr::eq(*last, atom)).and_then(|_| begun(word)) {
                            Some(Kind::Credit) => words.credit = true,
                            Some(Kind::Part) => words.part = true,
                            _ => {}
                        }
                        if has_stem(word) {
                            words.not_ours = words.not_ours.saturating_add(1);
                        }
                    }
                }
            }
        }
        self.words = words;
        (self.name, self.name_atoms) = (name, name_atoms);
    }
}

/// A word that joins two numbers: `Some(true)` as the ends of a range, `Some(false)` as two of a list.
fn joining_word(word: &[u8]) -> Option<bool> {
    match word {
        b"BIS" | b"TO" | b"TIL" | b"TILL" | b"TOT" | b"AU" | b"AL" | b"A" | b"HASTA" | b"THRU" | b"THROUGH" | b"ATE" => {
            Some(true)
        }
        b"AND" | b"UND" | b"U" | b"ET" | b"Y" | b"E" | b"EN" | b"OG" | b"OCH" | b"JA" => Some(false),
        _ => None,
    }
}

fn index(at: usize) -> u16 {
    u16::try_from(at).unwrap_or(u16::MAX)
}
