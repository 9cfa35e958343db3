//! The forms of an invoice number that hold digits only, made without allocating.

use crate::reference::Forms;

/// Characters of a number that its forms are made of.
pub(super) const FORM_LENGTH_MAX: usize = 80;

/// The forms of [`Forms`] that hold digits only, without the rest.
pub(super) struct DigitForms {
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
    pub(super) fn read(&mut self, number: &str) {
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
pub(super) fn is_plain_of(number: &str, plain: &[u8]) -> bool {
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
}
