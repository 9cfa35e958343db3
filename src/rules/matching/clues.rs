//! What the text of a payment says: which open items it names and how, which numbers it leaves unexplained, and telling words.

#![allow(clippy::needless_range_loop)] // An atom is read together with its neighbours, by place.

use std::collections::HashMap;

use super::book::{Book, PaymentText};
use crate::reference::{
    Atom, FormHash, Forms, Level, REFERENCE_ATOMS_MAX, REFERENCE_LENGTH_MAX, atoms, check_schemes, creditor_reference, fold,
    hash, is_one_edit, lookalike,
};

/// More items than this under one written number tell nothing by themselves.
const COMMON_MAX: usize = 48;

/// Hits kept for one payment.
const HITS_MAX: usize = 400;

/// Characters of a number that its forms are made of.
const FORM_LENGTH_MAX: usize = 80;

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
    /// Numbers of three digits: which text, which atom.
    shorts: Vec<(usize, usize)>,
    name: Vec<u8>,
    name_atoms: Vec<Atom>,
}

const ORIGINS: [Origin; 3] = [Origin::Structured, Origin::Remittance, Origin::EndToEnd];

impl Clues {
    /// Reads the texts and looks every number up in the book.
    pub fn read(&mut self, book: &Book, text: &PaymentText<'_>, atoms_max: usize) {
        self.hits.clear();
        self.numbers.clear();
        self.words = Words::default();
        self.count = None;
        self.is_open_list = false;
        self.is_overlong = false;
        let characters = text.remittance.len();
        self.is_cut = matches!(characters, 27 | 34 | 35 | 69 | 70 | 105 | 139 | 140 | 280 | 420);
        for (at, part) in [text.structured_reference, text.remittance, text.end_to_end_id].into_iter().enumerate() {
            let mut folded = std::mem::take(&mut self.folded[at]);
            let mut found = std::mem::take(&mut self.atoms[at]);
            found.clear();
            folded.clear();
            if !part.is_empty() {
                fold(part, &mut folded);
                self.is_overlong |= atoms(&folded, atoms_max, &mut found);
                self.look_up(book, ORIGINS[at], &folded, &found);
            }
            self.folded[at] = folded;
            self.atoms[at] = found;
        }
        self.drop_contained();
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
        for first in 0..found.len() {
            let atom = found[first];
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
            // Not at a token boundary when letters or digits follow at once.
            if found.get(last + 1).is_some_and(|next| next.before == 0) {
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
            let level = if is_short && is_plain_of(book.item_number(row), &plain) {
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
            self.numbers.push(Number { origin, from, to, digits, named: 0, is_split: false, is_broken: false });
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
    /// together across a space and the shorter one names another item in full. Then both stay, and the payment is a question.
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
                    } else if !(outer.is_split && names_itself(at) && names_others(at, other)) {
                        keep[at] = false;
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
            cover_dates_and_amounts(&found, &folded, &mut covered);
            for at in 0..found.len() {
                let end = foreign_to(&folded, &found, at);
                covered[at..end.max(at)].fill(true);
            }
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
        let Some(atom) = found.get(at).filter(|a| a.is_number && a.len() <= 2) else { return };
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
        let written: Vec<(u16, &[u8], &[u8])> = written
            .iter()
            .map(|(at, digits)| {
                let zeros = digits.iter().take_while(|c| **c == b'0').count();
                (*at, digits.as_slice(), &digits[zeros..])
            })
            .collect();
        let mut new_hits: Vec<(u32, Level, u16)> = Vec::new();
        let mut short_hits: Vec<(u32, Level, usize, usize)> = Vec::new();
        let mut cut_hits: Vec<(u32, usize, usize)> = Vec::new();
        let mut forms = DigitForms::default();
        for row in book.items_of(customer).take(items_max) {
            self.compared += 1;
            let number = book.item_number(row);
            forms.read(number);
            for &(at, digits, bare) in &written {
                let (all, all_bare, tail) = (forms.digits(), forms.digits_bare(), forms.tail());
                let level = if bare == all || bare == all_bare {
                    Level::PrefixDropped
                } else if !tail.is_empty() && bare == tail {
                    Level::Tail
                } else if digits.len() >= 3 && digits.len() < all.len() && all.ends_with(digits) {
                    Level::Suffix
                } else if (bare.len() >= 5 && is_one_edit(bare, all))
                    || (bare.len() >= 4 && tail.len() >= 4 && is_one_edit(bare, tail))
                    || (bare.len() >= 5 && is_one_edit(bare, all_bare))
                {
                    Level::OneEdit
                } else {
                    continue;
                };
                // A customer's number at the seller is no slip of an invoice number.
                if level == Level::OneEdit && self.customer_numbers.iter().any(|own| own.as_slice() == bare) {
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
                self.item_forms.read(number);
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

    fn digits_of(&self, number: &Number) -> Vec<u8> {
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
        for (list, text) in [(found, folded), (&name_atoms, &name)] {
            for atom in list.iter().filter(|a| !a.is_number) {
                let Ok(word) = std::str::from_utf8(atom.text(text)) else { continue };
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
                        // `abzgl. Gutschr`, where the bank cut the line.
                        words.credit |= word.starts_with("GUTSCHR");
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

/// The forms of [`Forms`] that hold digits only, without the rest.
struct DigitForms {
    digits: [u8; FORM_LENGTH_MAX],
    digits_length: usize,
    bare: [u8; FORM_LENGTH_MAX],
    bare_length: usize,
    tail_from: usize,
    /// For numbers that are not ASCII.
    whole: Forms,
    is_whole: bool,
}

impl Default for DigitForms {
    fn default() -> Self {
        let none = [0; FORM_LENGTH_MAX];
        Self {
            digits: none,
            digits_length: 0,
            bare: none,
            bare_length: 0,
            tail_from: 0,
            whole: Forms::default(),
            is_whole: false,
        }
    }
}

impl DigitForms {
    fn read(&mut self, number: &str) {
        self.is_whole = !number.is_ascii();
        if self.is_whole {
            self.whole.read(number);
            return;
        }
        (self.digits_length, self.bare_length, self.tail_from) = (0, 0, 0);
        let (mut in_group, mut group_begun) = (false, false);
        for c in number.bytes().take(FORM_LENGTH_MAX) {
            if !c.is_ascii_digit() {
                in_group = false;
                continue;
            }
            if !in_group {
                (in_group, group_begun, self.tail_from) = (true, false, self.bare_length);
            }
            if self.digits_length > 0 || c != b'0' {
                self.digits[self.digits_length] = c;
                self.digits_length += 1;
            }
            group_begun |= c != b'0';
            if group_begun {
                self.bare[self.bare_length] = c;
                self.bare_length += 1;
            }
        }
    }

    fn digits(&self) -> &[u8] {
        if self.is_whole { &self.whole.digits } else { &self.digits[..self.digits_length] }
    }

    fn digits_bare(&self) -> &[u8] {
        if self.is_whole { &self.whole.digits_bare } else { &self.bare[..self.bare_length] }
    }

    fn tail(&self) -> &[u8] {
        if self.is_whole { &self.whole.tail } else { &self.bare[self.tail_from..self.bare_length] }
    }
}

/// The letters and digits of an invoice number are these. Says no where the number is too long or not ASCII; its forms tell then.
fn is_plain_of(number: &str, plain: &[u8]) -> bool {
    let number = number.as_bytes();
    if number.len() > FORM_LENGTH_MAX {
        return false;
    }
    let mut rest = plain.iter();
    for c in number {
        if c.is_ascii_alphanumeric() {
            if rest.next() != Some(&c.to_ascii_uppercase()) {
                return false;
            }
        } else if !c.is_ascii() {
            return false;
        }
    }
    rest.next().is_none()
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

/// How the digits of a window fit the separators of the number they were found to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Joint {
    /// Every break between two runs of digits is one of the number's own.
    Whole,
    /// A break is not the number's own, and stands where a bank breaks its lines.
    Broken,
    /// A break is not the number's own: two numbers, an amount, a date, a telephone.
    Pieced,
}

/// How far from the end something stands: in letters and digits, in digits, in digits without the zeros at the front of each run.
type FromEnd = (usize, usize, usize);

/// The breaks between runs, from the last to the first.
fn breaks(folded: &[u8], found: &[Atom]) -> impl Iterator<Item = (usize, FromEnd)> {
    let mut place = (0, 0, 0);
    (1..found.len()).rev().map(move |at| {
        let atom = found[at];
        place.0 += atom.len();
        let digits = atom.is_number || (atom.len() <= 2 && atom.text(folded).iter().all(|c| lookalike(*c).is_ascii_digit()));
        if digits {
            place.1 += atom.len();
            place.2 += atom.text(folded).iter().skip_while(|c| lookalike(**c) == b'0').count();
        }
        (at, place)
    })
}

fn joint_of(folded: &[u8], found: &[Atom], number: &str) -> Joint {
    let digit_like = |c: Option<&u8>| c.is_some_and(|c| lookalike(*c).is_ascii_digit());
    let is_break = |at: usize| {
        let (left, right) = (found[at - 1], found[at]);
        // Letters of the prefix may be followed by anything; what matters is that digits are not put together.
        right.before != 0
            && (left.is_number || left.len() <= 2 && digit_like(left.text(folded).last()))
            && found[..at].iter().any(|a| a.is_number)
            && (right.is_number || right.len() <= 2)
    };
    if !(1..found.len()).any(is_break) {
        return Joint::Whole;
    }
    let (mut own_folded, mut own_atoms) = (Vec::new(), Vec::new());
    fold(number, &mut own_folded);
    atoms(&own_folded, 20, &mut own_atoms);
    let own: Vec<FromEnd> = breaks(&own_folded, &own_atoms).map(|(_, place)| place).collect();
    let text: Vec<(usize, FromEnd)> = breaks(folded, found).filter(|(at, _)| is_break(*at)).collect();
    let fits = |one: fn(&FromEnd) -> usize, place: &FromEnd| own.iter().any(|o| one(o) == one(place));
    let readings: [fn(&FromEnd) -> usize; 3] = [|p| p.0, |p| p.1, |p| p.2];
    // Two breaks at one place are a run of zeros cut off: not how the number is written.
    let distinct = |one: fn(&FromEnd) -> usize| text.windows(2).all(|w| one(&w[0].1) != one(&w[1].1));
    if readings.into_iter().any(|one| distinct(one) && text.iter().all(|(_, place)| fits(one, place))) {
        return Joint::Whole;
    }
    let is_line_break = |at: usize| {
        let gap = found[at - 1].end as usize;
        // 27 or 35 characters and then a space or a line feed, or none where that is how the file is written.
        found[at].start as usize == gap + 1 && matches!((gap + 1) % 28, 0) | matches!((gap + 1) % 36, 0)
    };
    let broken = readings.into_iter().any(|one| text.iter().all(|(at, place)| fits(one, place) || is_line_break(*at)));
    if broken { Joint::Broken } else { Joint::Pieced }
}

/// Digits stand on both sides of a space.
fn is_split(folded: &[u8], found: &[Atom]) -> bool {
    let ends = |c: Option<&u8>| c.is_some_and(|c| lookalike(*c).is_ascii_digit());
    found.windows(2).any(|pair| {
        let gap = folded.get(pair[0].end as usize..pair[1].start as usize).unwrap_or_default();
        gap.iter().any(u8::is_ascii_whitespace)
            && (pair[0].is_number || ends(pair[0].text(folded).last()))
            && (pair[1].is_number || ends(pair[1].text(folded).first()))
    })
}

/// Where the numbers end that a label at this place claims for something else than an invoice; 0 for no such label.
fn foreign_to(folded: &[u8], found: &[Atom], at: usize) -> usize {
    let Some(label) = found.get(at).filter(|a| !a.is_number) else { return 0 };
    let is_number = |at: usize| found.get(at).is_some_and(|a| a.is_number);
    let is_country = || found.get(at + 1).is_some_and(|a| a.len() <= 2);
    let is_claimed = is_number(at + 1) || (is_country() && is_number(at + 2));
    if !is_claimed {
        return 0;
    }
    let word = label.text(folded);
    if !(3..=9).contains(&word.len()) || !FOREIGN.contains(&word) {
        return 0;
    }
    let is_telephone = word.starts_with(b"TEL") || TELEPHONES.contains(&word);
    let mut end = at + 1;
    // The country of a tax number or an account: `VAT DE123456789`.
    if !is_telephone && found.get(end).is_some_and(|a| !a.is_number && a.len() <= 2) {
        end += 1;
    }
    let first = end;
    while found.get(end).is_some_and(|a| a.is_number && (end == first || a.joins() || (is_telephone && a.before == PLUS))) {
        end += 1;
        // Groups belong to a telephone number as long as they go on; other labels claim one number.
        if !is_telephone && !found.get(end).is_some_and(|a| matches!(a.before, 0 | b'-' | b'/' | b'.')) {
            break;
        }
    }
    if end == first { 0 } else { end }
}

const PLUS: u8 = b'+';

/// Labels of telephone numbers, tax numbers, accounts and of references that the bank or the payer's system makes.
const FOREIGN: &[&[u8]] = &[
    b"TEL",
    b"TELEFON",
    b"TELEFONO",
    b"TELEPHONE",
    b"TELEFOON",
    b"TLF",
    b"TFN",
    b"PHONE",
    b"FON",
    b"FAX",
    b"MOBIL",
    b"MOBILE",
    b"CEL",
    b"CELL",
    b"CELULAR",
    b"PUHELIN",
    b"PUH",
    b"VAT",
    b"UST",
    b"USTID",
    b"USTIDNR",
    b"UID",
    b"TVA",
    b"NIF",
    b"CIF",
    b"RUC",
    b"NIP",
    b"MOMS",
    b"STEUERNR",
    b"SIRET",
    b"SIREN",
    b"KVK",
    b"BTW",
    b"DIC",
    b"ICO",
    b"IBAN",
    b"BIC",
    b"BLZ",
    b"EREF",
    b"KREF",
    b"MREF",
    b"CRED",
    b"MANDAT",
    b"MANDATE",
    b"TRX",
    b"TAN",
    b"PLZ",
];

/// Labels of telephone numbers that do not begin with `TEL`.
const TELEPHONES: &[&[u8]] =
    &[b"TLF", b"TFN", b"PHONE", b"FON", b"FAX", b"MOBIL", b"MOBILE", b"CEL", b"CELL", b"CELULAR", b"PUHELIN", b"PUH"];

/// Marks dates, years, periods and amounts, which are no references.
fn cover_dates_and_amounts(found: &[Atom], folded: &[u8], covered: &mut [bool]) {
    let text = |at: usize| found.get(at).filter(|a| a.is_number).map(|a| a.text(folded)).unwrap_or_default();
    let fits = |digits: &[u8], low: u64, high: u64| !digits.is_empty() && (low..=high).contains(&value_of(digits));
    let year = |digits: &[u8]| digits.len() == 4 && (1990..=2045).contains(&value_of(digits));
    let mut at = 0;
    while at < found.len() {
        if !found[at].is_number || covered[at] {
            at += 1;
            continue;
        }
        let (a, b, c) = (text(at), text(at + 1), text(at + 2));
        let joined = |k: usize| found.get(at + k).is_some_and(|x| matches!(x.before, b'.' | b'/' | b'-'));
        let short = |d: &[u8]| d.len() <= 2;
        let is_date = joined(1)
            && joined(2)
            && ((short(a) && short(b) && fits(a, 1, 31) && fits(b, 1, 31) && (year(c) || (c.len() == 2 && value_of(c) < 46)))
                || (year(a) && short(b) && short(c) && fits(b, 1, 12) && fits(c, 1, 31)));
        if is_date {
            covered[at..at + 3].fill(true);
            at += 3;
            continue;
        }
        let is_period = joined(1)
            && ((short(a) && fits(a, 1, 12) && year(b)) || (year(a) && b.len() == 2 && fits(b, 1, 12)))
            && !found.get(at + 2).is_some_and(|x| x.is_number && joined(2));
        if is_period {
            covered[at..at + 2].fill(true);
            at += 2;
            continue;
        }
        // 1.234,56 · 49.00 · 1 234,50
        let mut end = at + 1;
        while end < found.len() && found[end].is_number && matches!(found[end].before, b'.' | b',' | b'\'') {
            end += 1;
        }
        if end > at + 1 {
            let last = text(end - 1);
            let groups_fit = (at + 1..end - 1).all(|k| text(k).len() == 3);
            if last.len() == 2 && groups_fit {
                covered[at..end].fill(true);
                at = end;
                continue;
            }
        }
        let compact_date = a.len() == 8 && {
            let (y, m, d) = (value_of(&a[..4]), value_of(&a[4..6]), value_of(&a[6..]));
            let (d2, m2, y2) = (value_of(&a[..2]), value_of(&a[2..4]), value_of(&a[4..]));
            let valid = |y: u64, m: u64, d: u64| (2015..=2035).contains(&y) && (1..=12).contains(&m) && (1..=31).contains(&d);
            valid(y, m, d) || valid(y2, m2, d2)
        };
        if year(a) || compact_date {
            covered[at] = true;
        }
        at += 1;
    }
}

/// The digits of a customer's number, without zeros at the front.
fn digits_of_id(id: &str) -> Vec<u8> {
    id.bytes().filter(u8::is_ascii_digit).skip_while(|c| *c == b'0').collect()
}

/// The customer's own number at the seller is no invoice number.
fn cover_customer_id(id: &str, found: &[Atom], folded: &[u8], covered: &mut [bool]) {
    let digits = || id.bytes().filter(u8::is_ascii_digit).skip_while(|c| *c == b'0');
    let count = digits().count();
    if count < 3 {
        return;
    }
    for (at, atom) in found.iter().enumerate() {
        let text = atom.text(folded);
        let bare: &[u8] = text.iter().position(|c| *c != b'0').map_or(&[], |skip| &text[skip..]);
        if atom.is_number && bare.len() == count && bare.iter().copied().eq(digits()) {
            covered[at] = true;
        }
    }
}

fn value_of(digits: &[u8]) -> u64 {
    digits.iter().take(18).fold(0, |sum, c| sum * 10 + u64::from(c.wrapping_sub(b'0').min(9)))
}

fn index(at: usize) -> u16 {
    u16::try_from(at).unwrap_or(u16::MAX)
}

/// What a word tells.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Part,
    Credit,
    Discount,
    Withholding,
    Several,
    Doubt,
    NotOurs,
}

/// What a word tells. The lengths of telling words by first letter turn most others away at once.
fn telling(word: &str) -> Option<Kind> {
    const SHAPES: [u32; 26] = {
        let mut shapes = [0_u32; 26];
        let mut at = 0;
        while at < WORDS.len() {
            let word = WORDS[at].0.as_bytes();
            shapes[(word[0] - b'A') as usize] |= 1 << word.len();
            at += 1;
        }
        shapes
    };
    let first = word.bytes().next()?.wrapping_sub(b'A');
    let is_possible = word.len() < 32 && SHAPES.get(usize::from(first)).is_some_and(|lengths| lengths & 1 << word.len() != 0);
    if !is_possible {
        return None;
    }
    WORDS.binary_search_by(|(w, _)| (*w).cmp(word)).ok().map(|at| WORDS[at].1)
}

/// The letters of a word, one bit each.
const fn letter_set(word: &[u8]) -> u32 {
    let (mut set, mut at) = (0, 0);
    while at < word.len() {
        set |= 1_u32 << (word[at] & 31);
        at += 1;
    }
    set
}

/// The word holds one of [`NOT_OURS_STEMS`] and more.
fn has_stem(word: &str) -> bool {
    const SETS: [u32; NOT_OURS_STEMS.len()] = {
        let mut sets = [0; NOT_OURS_STEMS.len()];
        let mut at = 0;
        while at < sets.len() {
            sets[at] = letter_set(NOT_OURS_STEMS[at].as_bytes());
            at += 1;
        }
        sets
    };
    if word.len() < 7 {
        return false;
    }
    let own = letter_set(word.as_bytes());
    NOT_OURS_STEMS.iter().zip(SETS).any(|(stem, set)| set & !own == 0 && word.len() > stem.len() && word.contains(stem))
}

/// Parts of compound words that say the money is no customer's payment (German and Nordic join words).
const NOT_OURS_STEMS: &[&str] = &[
    "ZINSGUTSCHR",
    "UMBUCHUNG",
    "UEBERTRAG",
    "ERSTATTUNG",
    "KARTENABRECHN",
    "KARTENUMS",
    "KREDITKART",
    "STEUER",
    "FINANZAMT",
    "VERSICHERUNG",
    "DARLEHEN",
    "GUTHABENZINS",
    "HABENZINS",
    "INTERNTRANSFER",
    "POOLING",
    "SPARKASSE",
    "VOLKSBANK",
    "LANDESBANK",
    "SPORITELNA",
    "FORSAKRING",
    "FORSIKRING",
    "VAKUUTUS",
    "VERZEKERING",
    "SKATTEVERK",
];

/// Money given back: not ours as a rule, and beside the number of an item a reason to ask.
const REFUNDS: &[&str] = &[
    "DEVOLUCION",
    "ERSTATTUNG",
    "REEMBOLSO",
    "REFUND",
    "REMBOURSEMENT",
    "REMBT",
    "RIMBORSO",
    "RUECKERSTATTUNG",
    "RUECKZAHLUNG",
    "TERUGBETALING",
];

/// Telling words, sorted.
const WORDS: &[(&str, Kind)] = &[
    ("AANBETALING", Kind::Part),
    ("ABONO", Kind::Credit),
    ("ABSCHLAG", Kind::Part),
    ("ABSCHLAGSZAHLUNG", Kind::Part),
    ("ABZGL", Kind::Credit),
    ("ABZUEGLICH", Kind::Credit),
    ("ABZUGLICH", Kind::Credit),
    ("ACCONTO", Kind::Part),
    ("ACOMPTE", Kind::Part),
    ("ACONTO", Kind::Part),
    ("ACONTOBETALING", Kind::Part),
    ("ADELANTO", Kind::Part),
    ("ADIANTAMENTO", Kind::Part),
    ("ADYEN", Kind::NotOurs),
    ("AKONTO", Kind::Part),
    ("ALL", Kind::Several),
    ("ALLE", Kind::Several),
    ("AMEX", Kind::NotOurs),
    ("ANNULATION", Kind::Doubt),
    ("ANNULE", Kind::Doubt),
    ("ANTICIPATO", Kind::Part),
    ("ANTICIPO", Kind::Part),
    ("ANULACION", Kind::Doubt),
    ("ANULADO", Kind::Doubt),
    ("ANZAHLUNG", Kind::Part),
    ("ATERBETALNING", Kind::NotOurs),
    ("AVOIR", Kind::Credit),
    ("AVOIRS", Kind::Credit),
    ("BAMBORA", Kind::NotOurs),
    ("BARION", Kind::NotOurs),
    ("BELASTINGDIENST", Kind::NotOurs),
    ("BELEGE", Kind::Several),
    ("BILLS", Kind::Several),
    ("BOUNCED", Kind::Doubt),
    ("CANCELADO", Kind::Doubt),
    ("CANCELED", Kind::Doubt),
    ("CANCELLED", Kind::Doubt),
    ("CASHPOOL", Kind::NotOurs),
    ("CASHPOOLING", Kind::NotOurs),
    ("CASHSWEEP", Kind::NotOurs),
    ("CHARGEBACK", Kind::Doubt),
    ("CHARGEBACKS", Kind::Doubt),
    ("COMGATE", Kind::NotOurs),
    ("CONCARDIS", Kind::NotOurs),
    ("CREDITNOTA", Kind::Credit),
    ("CREDITNOTE", Kind::Credit),
    ("CREDITO", Kind::Credit),
    ("CREDITRENTE", Kind::NotOurs),
    ("CULQI", Kind::NotOurs),
    ("CUOTA", Kind::Part),
    ("CZESCIOWA", Kind::Part),
    ("DANKORT", Kind::NotOurs),
    ("DEELBETALING", Kind::Part),
    ("DELBETALING", Kind::Part),
    ("DELBETALNING", Kind::Part),
    ("DELVIS", Kind::Part),
    ("DEPOSIT", Kind::Part),
    ("DESCUENTO", Kind::Discount),
    ("DEVOLUCION", Kind::NotOurs),
    ("DEVOLVIDO", Kind::Doubt),
    ("DEVUELTO", Kind::Doubt),
    ("DGFIP", Kind::NotOurs),
    ("DISCOUNT", Kind::Discount),
    ("DISPUTE", Kind::Doubt),
    ("DISPUTED", Kind::Doubt),
    ("DIV", Kind::Several),
    ("DIVERSE", Kind::Several),
    ("DIVIDEND", Kind::NotOurs),
    ("DIVIDENDE", Kind::NotOurs),
    ("DIVIDENDO", Kind::NotOurs),
    ("DOBROPIS", Kind::Credit),
    ("ELAVON", Kind::NotOurs),
    ("ELOLEG", Kind::Part),
    ("ENNAKKO", Kind::Part),
    ("ERA", Kind::Part),
    ("ERSTATTUNG", Kind::NotOurs),
    ("ERSTATTUNGEN", Kind::NotOurs),
    ("ESCOMPTE", Kind::Discount),
    ("EXCEPT", Kind::Doubt),
    ("EXTORNO", Kind::Doubt),
    ("FACTURAS", Kind::Several),
    ("FACTUREN", Kind::Several),
    ("FACTURES", Kind::Several),
    ("FAKTURAER", Kind::Several),
    ("FAKTUROR", Kind::Several),
    ("FAKTURY", Kind::Several),
    ("FATTURE", Kind::Several),
    ("FATURAS", Kind::Several),
    ("FINANCNI", Kind::NotOurs),
    ("FINANZAMT", Kind::NotOurs),
    ("FINANZKASSE", Kind::NotOurs),
    ("FORSKOTT", Kind::Part),
    ("FORSKUD", Kind::Part),
    ("FRAS", Kind::Several),
    ("GIROCARD", Kind::NotOurs),
    ("GIROCONTO", Kind::NotOurs),
    ("GOCARDLESS", Kind::NotOurs),
    ("GUTHABENAUSZAHLUNG", Kind::NotOurs),
    ("GUTSCHRIFT", Kind::Credit),
    ("HABENZINSEN", Kind::NotOurs),
    ("HMRC", Kind::NotOurs),
    ("HYVITYSKORKO", Kind::NotOurs),
    ("HYVITYSLASKU", Kind::Credit),
    ("IMPAGADO", Kind::Doubt),
    ("IMPAYE", Kind::Doubt),
    ("IMPOTS", Kind::NotOurs),
    ("INDEMNITE", Kind::NotOurs),
    ("INDEMNIZACION", Kind::NotOurs),
    ("INSOLUTI", Kind::Doubt),
    ("INSOLUTO", Kind::Doubt),
    ("INSTALLMENT", Kind::Part),
    ("INSTALLMENTS", Kind::Part),
    ("INSTALMENT", Kind::Part),
    ("INSTALMENTS", Kind::Part),
    ("INSURANCE", Kind::NotOurs),
    ("INTERCOMPANY", Kind::NotOurs),
    ("INTERES", Kind::NotOurs),
    ("INTERESES", Kind::NotOurs),
    ("INTERESSES", Kind::NotOurs),
    ("INTERESSI", Kind::NotOurs),
    ("INTEREST", Kind::NotOurs),
    ("INTERETS", Kind::NotOurs),
    ("INTERETSCREDITEURS", Kind::NotOurs),
    ("INVOICES", Kind::Several),
    ("INVS", Kind::Several),
    ("IZIPAY", Kind::NotOurs),
    ("JOVAIRAS", Kind::Credit),
    ("JUROS", Kind::NotOurs),
    ("KAMAT", Kind::NotOurs),
    ("KAMATJOVAIRAS", Kind::NotOurs),
    ("KAPITALIZACJA", Kind::NotOurs),
    ("KARRENDEZES", Kind::NotOurs),
    ("KASSARABATT", Kind::Discount),
    ("KIFIZETES", Kind::NotOurs),
    ("KLARNA", Kind::NotOurs),
    ("KONTOUBERTRAG", Kind::NotOurs),
    ("KONTOUEBERTRAG", Kind::NotOurs),
    ("KOREKTA", Kind::Credit),
    ("KORKO", Kind::NotOurs),
    ("KREDITFAKTURA", Kind::Credit),
    ("KREDITNOTA", Kind::Credit),
    ("KREDITNOTE", Kind::Credit),
    ("KREDITRENTE", Kind::NotOurs),
    ("LASKUT", Kind::Several),
    ("LESS", Kind::Credit),
    ("LIQUIDITAET", Kind::NotOurs),
    ("LIQUIDITAT", Kind::NotOurs),
    ("LOAN", Kind::NotOurs),
    ("LOHNSTEUER", Kind::NotOurs),
    ("MASTERCARD", Kind::NotOurs),
    ("MENOS", Kind::Credit),
    ("MOINS", Kind::Credit),
    ("MOLLIE", Kind::NotOurs),
    ("NETS", Kind::NotOurs),
    ("NEXI", Kind::NotOurs),
    ("NICHT", Kind::Doubt),
    ("NIUBIZ", Kind::NotOurs),
    ("NOMINA", Kind::NotOurs),
    ("NOT", Kind::Doubt),
    ("NOTACREDITO", Kind::Credit),
    ("NOTAS", Kind::Several),
    ("ODSETEK", Kind::NotOurs),
    ("ODSETKI", Kind::NotOurs),
    ("OSAMAKSU", Kind::Part),
    ("PALAUTETTU", Kind::Doubt),
    ("PALAUTUS", Kind::NotOurs),
    ("PARCELA", Kind::Part),
    ("PARCIAL", Kind::Part),
    ("PARTIAL", Kind::Part),
    ("PARTIEL", Kind::Part),
    ("PARTIELLE", Kind::Part),
    ("PARZIALE", Kind::Part),
    ("PAYMENTSETTLEMENT", Kind::NotOurs),
    ("PAYOUT", Kind::NotOurs),
    ("PAYPAL", Kind::NotOurs),
    ("PAYROLL", Kind::NotOurs),
    ("PAYTRAIL", Kind::NotOurs),
    ("PAYU", Kind::NotOurs),
    ("POJISTNA", Kind::NotOurs),
    ("POOLING", Kind::NotOurs),
    ("PRESTAMO", Kind::NotOurs),
    ("RANTA", Kind::NotOurs),
    ("RATA", Kind::Part),
    ("RATE", Kind::Part),
    ("RECHNUNGEN", Kind::Several),
    ("REDSYS", Kind::NotOurs),
    ("REEMBOLSO", Kind::NotOurs),
    ("REFS", Kind::Several),
    ("REFUND", Kind::NotOurs),
    ("REFUNDED", Kind::Doubt),
    ("REJECTED", Kind::Doubt),
    ("REMBOURSEMENT", Kind::NotOurs),
    ("REMBT", Kind::NotOurs),
    ("RENTE", Kind::NotOurs),
    ("RESZLET", Kind::Part),
    ("RETENCION", Kind::Withholding),
    ("RETENUE", Kind::Withholding),
    ("RETOUR", Kind::Doubt),
    ("RETOURE", Kind::Doubt),
    ("RETURN", Kind::Doubt),
    ("RETURNED", Kind::Doubt),
    ("RETURNERAD", Kind::Doubt),
    ("RETURNERET", Kind::Doubt),
    ("REVERSAL", Kind::Doubt),
    ("REVERSED", Kind::Doubt),
    ("REVOLUT", Kind::NotOurs),
    ("RIMBORSO", Kind::NotOurs),
    ("RITENUTA", Kind::Withholding),
    ("RUCKLASTSCHRIFT", Kind::Doubt),
    ("RUECKERSTATTUNG", Kind::NotOurs),
    ("RUECKLASTSCHRIFT", Kind::Doubt),
    ("RUECKZAHLUNG", Kind::NotOurs),
    ("SALARY", Kind::NotOurs),
    ("SAMMEL", Kind::Several),
    ("SAMMELUEBERWEISUNG", Kind::Several),
    ("SAMMELZAHLUNG", Kind::Several),
    ("SCONTO", Kind::Discount),
    ("SETTLEMENT", Kind::NotOurs),
    ("SINAL", Kind::Part),
    ("SINIESTRO", Kind::NotOurs),
    ("SINISTRE", Kind::NotOurs),
    ("SINISTRO", Kind::NotOurs),
    ("SKARBOWY", Kind::NotOurs),
    ("SKAT", Kind::NotOurs),
    ("SKATTEETATEN", Kind::NotOurs),
    ("SKATTESTYRELSEN", Kind::NotOurs),
    ("SKATTEVERKET", Kind::NotOurs),
    ("SKONTO", Kind::Discount),
    ("SPENDE", Kind::NotOurs),
    ("SPLATKA", Kind::Part),
    ("SQUARE", Kind::NotOurs),
    ("STATEMENT", Kind::Several),
    ("STEUERERSTATTUNG", Kind::NotOurs),
    ("STORNIERT", Kind::Doubt),
    ("STORNIERUNG", Kind::Doubt),
    ("STORNIERUNGEN", Kind::Doubt),
    ("STORNO", Kind::Doubt),
    ("STRIPE", Kind::NotOurs),
    ("SUBSIDY", Kind::NotOurs),
    ("SUMUP", Kind::NotOurs),
    ("SUNAT", Kind::NotOurs),
    ("SWEEP", Kind::NotOurs),
    ("SZAMLAK", Kind::Several),
    ("SZKODA", Kind::NotOurs),
    ("TAKAISIN", Kind::Doubt),
    ("TALLETUSKORKO", Kind::NotOurs),
    ("TARJETA", Kind::NotOurs),
    ("TARJETAS", Kind::NotOurs),
    ("TDS", Kind::Withholding),
    ("TEIL", Kind::Part),
    ("TEILBETRAG", Kind::Part),
    ("TEILRATE", Kind::Part),
    ("TEILZAHLUNG", Kind::Part),
    ("TERMIJN", Kind::Part),
    ("TERUGBETALING", Kind::NotOurs),
    ("TERUGBOEKING", Kind::Doubt),
    ("TERUGGAAF", Kind::NotOurs),
    ("TILITYS", Kind::NotOurs),
    ("TRASPASO", Kind::NotOurs),
    ("TRASPASOS", Kind::NotOurs),
    ("TREASURY", Kind::NotOurs),
    ("TRESORERIE", Kind::NotOurs),
    ("TRIBUTARIA", Kind::NotOurs),
    ("UBERTRAG", Kind::NotOurs),
    ("UDBETALING", Kind::NotOurs),
    ("UEBERTRAG", Kind::NotOurs),
    ("UITBETALING", Kind::NotOurs),
    ("UMBUCHUNG", Kind::NotOurs),
    ("UMBUCHUNGEN", Kind::NotOurs),
    ("UMSATZSTEUER", Kind::NotOurs),
    ("UNPAID", Kind::Doubt),
    ("UROK", Kind::NotOurs),
    ("UROKU", Kind::NotOurs),
    ("URZAD", Kind::NotOurs),
    ("UTBETALNING", Kind::NotOurs),
    ("VAHINKO", Kind::NotOurs),
    ("VARIAS", Kind::Several),
    ("VARIOUS", Kind::Several),
    ("VEROHALLINTO", Kind::NotOurs),
    ("VERSICHERUNG", Kind::NotOurs),
    ("VISSZATERITES", Kind::NotOurs),
    ("VRACENO", Kind::Doubt),
    ("VRATKA", Kind::NotOurs),
    ("VYPLATA", Kind::NotOurs),
    ("WHT", Kind::Withholding),
    ("WISE", Kind::NotOurs),
    ("WITHHOLDING", Kind::Withholding),
    ("WORLDPAY", Kind::NotOurs),
    ("WYPLATA", Kind::NotOurs),
    ("ZALICZKA", Kind::Part),
    ("ZALOHA", Kind::Part),
    ("ZETTLE", Kind::NotOurs),
    ("ZINS", Kind::NotOurs),
    ("ZINSABSCHLUSS", Kind::NotOurs),
    ("ZINSEN", Kind::NotOurs),
    ("ZINSERTRAG", Kind::NotOurs),
    ("ZINSGUTSCHRIFT", Kind::NotOurs),
    ("ZWROCONY", Kind::Doubt),
    ("ZWROT", Kind::NotOurs),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digit_forms_are_those_of_the_forms() {
        let (mut all, mut some) = (Forms::default(), DigitForms::default());
        for number in ["INV-2026-00123", "0012", "A0B07-00", "F001-00012345", "", "x", "Nº 12-03", "00-00", "1/2/3"] {
            all.read(number);
            some.read(number);
            assert_eq!(
                (some.digits(), some.digits_bare(), some.tail()),
                (&*all.digits, &*all.digits_bare, &*all.tail),
                "{number}"
            );
            let mut plain = all.plain.clone();
            assert!(!number.is_ascii() || is_plain_of(number, &plain), "{number}");
            plain.push(b'1');
            assert!(!is_plain_of(number, &plain), "{number}");
        }
    }

    #[test]
    fn every_word_tells() {
        assert!(WORDS.iter().all(|(word, _)| telling(word).is_some()));
        assert!(telling("RECHNUNG").is_none() && telling("").is_none());
        assert!(NOT_OURS_STEMS.iter().all(|stem| has_stem(&format!("{stem}X")) && has_stem(&format!("X{stem}"))));
        assert!(!has_stem("STEUER") && !has_stem("RECHNUNGEN"));
    }

    #[test]
    fn the_words_are_sorted() {
        assert!(WORDS.windows(2).all(|w| w[0].0 < w[1].0), "{:?}", WORDS.windows(2).find(|w| w[0].0 >= w[1].0));
    }

    #[test]
    fn dates_periods_and_amounts_are_no_references() {
        for (text, left) in [
            ("vom 01.02.2026 ueber 1.234,56", ""),
            ("2026-03-01", ""),
            ("03/2026", ""),
            ("20260301", ""),
            ("49.00", ""),
            ("RE 123456 vom 1.2.26", "123456"),
            ("12345", "12345"),
            ("2026", ""),
        ] {
            let mut folded = Vec::new();
            fold(text, &mut folded);
            let mut found = Vec::new();
            atoms(&folded, 100, &mut found);
            let mut covered = vec![false; found.len()];
            cover_dates_and_amounts(&found, &folded, &mut covered);
            let rest: String = found
                .iter()
                .zip(&covered)
                .filter(|(a, c)| a.is_number && !**c)
                .map(|(a, _)| String::from_utf8_lossy(a.text(&folded)).into_owned())
                .collect();
            assert_eq!(rest, left, "{text}");
        }
    }
}
