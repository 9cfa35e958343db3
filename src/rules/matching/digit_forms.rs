//! The forms of an invoice number that hold digits only, made without allocating.

use crate::reference::Forms;

/// Characters of a number that its forms are made of.
pub(super) const FORM_LENGTH_MAX: usize = 80;

/// Up to sixteen digits in one number, four bits each: two of them are compared at once. The first digit is no zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct PackedDigits {
    bits: u64,
    length: usize,
}

impl PackedDigits {
    /// Longer ones are not packed.
    pub(super) const MOST: usize = 16;

    /// Packs digits; `None` for too many.
    pub(super) fn of(digits: &[u8]) -> Option<Self> {
        let mut packed = Self::default();
        digits.iter().for_each(|c| packed.push(*c));
        packed.is_whole().then_some(packed)
    }

    fn push(&mut self, digit: u8) {
        self.bits = self.bits << 4 | u64::from(digit & 15);
        self.length += 1;
    }

    fn is_whole(self) -> bool {
        self.length <= Self::MOST
    }

    /// Number of digits.
    pub(super) fn len(self) -> usize {
        self.length
    }

    /// The last `length` digits are these, zeros at the front of which are not in `end`. `length` is less than this has.
    pub(super) fn ends_with(self, end: Self, length: usize) -> bool {
        (self.bits ^ end.bits) & low(length) == 0
    }

    /// As [`crate::reference::is_one_edit`].
    pub(super) fn is_one_edit(self, other: Self) -> bool {
        let (short, long) = if self.length <= other.length { (self, other) } else { (other, self) };
        match long.length - short.length {
            0 => {
                let differs = short.bits ^ long.bits;
                if differs == 0 {
                    return false;
                }
                let (first, last) = (differs.trailing_zeros() / 4, (63 - differs.leading_zeros()) / 4);
                let digit = |bits: u64, at: u32| bits >> (at * 4) & 15;
                first == last
                    || (first + 1 == last
                        && digit(short.bits, first) == digit(long.bits, last)
                        && digit(short.bits, last) == digit(long.bits, first))
            }
            1 => {
                // Beside one another from the front: below the first that differs, the longer has one more.
                let differs = short.bits << 4 ^ long.bits;
                differs == 0 || {
                    let at = (63 - differs.leading_zeros()) / 4;
                    (short.bits ^ long.bits) & low(at as usize) == 0
                }
            }
            _ => false,
        }
    }
}

/// The bits of the last so many digits.
const fn low(digits: usize) -> u64 {
    if digits >= 16 { u64::MAX } else { (1 << (digits * 4)) - 1 }
}

/// The forms of [`Forms`] that hold digits only, without the rest.
pub(super) struct DigitForms {
    digits: [u8; FORM_LENGTH_MAX],
    digits_length: usize,
    bare: [u8; FORM_LENGTH_MAX],
    bare_length: usize,
    tail_from: usize,
    /// All, all without the zeros of each group, the last group.
    packed: [PackedDigits; 3],
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
            packed: [PackedDigits::default(); 3],
            whole: Forms::default(),
            is_whole: false,
        }
    }
}

impl DigitForms {
    /// `number`: UTF-8.
    pub(super) fn read(&mut self, number: &[u8]) {
        self.is_whole = !number.is_ascii();
        if self.is_whole {
            self.whole.read(std::str::from_utf8(number).unwrap_or_default());
            return;
        }
        self.packed = [PackedDigits::default(); 3];
        (self.digits_length, self.bare_length, self.tail_from) = (0, 0, 0);
        let (mut in_group, mut group_begun) = (false, false);
        for c in number.iter().copied().take(FORM_LENGTH_MAX) {
            if !c.is_ascii_digit() {
                in_group = false;
                continue;
            }
            if !in_group {
                (in_group, group_begun, self.tail_from) = (true, false, self.bare_length);
                self.packed[2] = PackedDigits::default();
            }
            if self.digits_length > 0 || c != b'0' {
                self.digits[self.digits_length] = c;
                self.digits_length += 1;
                self.packed[0].push(c);
            }
            group_begun |= c != b'0';
            if group_begun {
                self.bare[self.bare_length] = c;
                self.bare_length += 1;
                self.packed[1].push(c);
                self.packed[2].push(c);
            }
        }
    }

    /// All digits, those without the zeros of each group, and the last group; `None` where they are too many.
    pub(super) fn packed(&self) -> Option<[PackedDigits; 3]> {
        // The others are parts of the first, but for the zeros at their front.
        (!self.is_whole && self.packed[0].is_whole()).then_some(self.packed)
    }

    pub(super) fn digits(&self) -> &[u8] {
        if self.is_whole { &self.whole.digits } else { &self.digits[..self.digits_length] }
    }

    pub(super) fn digits_bare(&self) -> &[u8] {
        if self.is_whole { &self.whole.digits_bare } else { &self.bare[..self.bare_length] }
    }

    pub(super) fn tail(&self) -> &[u8] {
        if self.is_whole { &self.whole.tail } else { &self.bare[self.tail_from..self.bare_length] }
    }
}

/// The letters and digits of an invoice number are these. Says no where the number is too long or not ASCII; its forms tell then.
pub(super) fn is_plain_of(number: &[u8], plain: &[u8]) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digit_forms_are_those_of_the_forms() {
        let (mut all, mut some) = (Forms::default(), DigitForms::default());
        for number in ["INV-2026-00123", "0012", "A0B07-00", "F001-00012345", "", "x", "Nº 12-03", "00-00", "1/2/3"] {
            all.read(number);
            some.read(number.as_bytes());
            assert_eq!(
                (some.digits(), some.digits_bare(), some.tail()),
                (&*all.digits, &*all.digits_bare, &*all.tail),
                "{number}"
            );
            let mut plain = all.plain.clone();
            assert!(!number.is_ascii() || is_plain_of(number.as_bytes(), &plain), "{number}");
            plain.push(b'1');
            assert!(!is_plain_of(number.as_bytes(), &plain), "{number}");
        }
    }
}
