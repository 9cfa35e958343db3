//! A number of the text beside the number of an item of the payer.

use super::super::digit_forms::{DigitForms, PackedDigits};
use crate::reference::{Level, is_one_edit};

/// A number of the text that is compared with the items of a customer.
pub(super) struct Written<'w> {
    /// Its place among the numbers of the text.
    pub(super) at: u16,
    pub(super) digits: &'w [u8],
    /// Without zeros at the front.
    pub(super) bare: &'w [u8],
    /// `bare`, where `digits` too is short enough.
    pub(super) packed: Option<PackedDigits>,
}

impl<'w> Written<'w> {
    pub(super) fn new(at: u16, digits: &'w [u8]) -> Self {
        let zeros = digits.iter().take_while(|c| **c == b'0').count();
        let bare = &digits[zeros..];
        Self { at, digits, bare, packed: PackedDigits::of(bare).filter(|_| digits.len() <= PackedDigits::MOST) }
    }

    /// How it may name an item with these forms.
    pub(super) fn level_of(&self, forms: &DigitForms) -> Option<Level> {
        match (self.packed, forms.packed()) {
            (Some(bare), Some(forms)) => packed_level(bare, self.digits.len(), forms),
            _ => self.level_of_long(forms),
        }
    }

    /// The same for numbers of any length.
    fn level_of_long(&self, forms: &DigitForms) -> Option<Level> {
        let (digits, bare) = (self.digits, self.bare);
        let (all, all_bare, tail) = (forms.digits(), forms.digits_bare(), forms.tail());
        if bare == all || bare == all_bare {
            Some(Level::PrefixDropped)
        } else if !tail.is_empty() && bare == tail {
            Some(Level::Tail)
        } else if digits.len() >= 3 && digits.len() < all.len() && all.ends_with(digits) {
            Some(Level::Suffix)
        } else if (bare.len() >= 5 && is_one_edit(bare, all))
            || (bare.len() >= 4 && tail.len() >= 4 && is_one_edit(bare, tail))
            || (bare.len() >= 5 && is_one_edit(bare, all_bare))
        {
            Some(Level::OneEdit)
        } else {
            None
        }
    }
}

/// [`Written::level_of_long`] on packed digits: nearly every number, without a comparison byte by byte.
fn packed_level(bare: PackedDigits, length: usize, [all, all_bare, tail]: [PackedDigits; 3]) -> Option<Level> {
    if bare == all || bare == all_bare {
        Some(Level::PrefixDropped)
    } else if tail.len() > 0 && bare == tail {
        Some(Level::Tail)
    } else if length >= 3 && length < all.len() && all.ends_with(bare, length) {
        Some(Level::Suffix)
    } else if (bare.len() >= 5 && bare.is_one_edit(all))
        || (bare.len() >= 4 && tail.len() >= 4 && bare.is_one_edit(tail))
        || (bare.len() >= 5 && bare.is_one_edit(all_bare))
    {
        Some(Level::OneEdit)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn packed_digits_tell_what_digits_tell(number in "([A-Z]{0,3}[-/]?)?[0-2]{0,9}[-/]?[0-2]{0,9}", digits in "[0-2]{0,17}") {
            let mut forms = DigitForms::default();
            forms.read(number.as_bytes());
            let one = Written::new(0, digits.as_bytes());
            prop_assert_eq!(one.level_of(&forms), Written { packed: None, ..one }.level_of(&forms));
        }

        #[test]
        fn packed_digits_of_like_numbers_tell_the_same(number in "[0-9]{3,8}", at in 0_usize..8, c in "[0-9]", how in 0..4) {
            let mut digits: Vec<u8> = number.bytes().collect();
            let at = at % digits.len();
            match how {
                0 => digits[at] = c.as_bytes()[0],
                1 => { digits.remove(at); }
                2 => digits.insert(at, c.as_bytes()[0]),
                _ => { let other = (at + 1) % digits.len(); digits.swap(at, other); }
            }
            let mut forms = DigitForms::default();
            forms.read(format!("RE-2026-{number}").as_bytes());
            for digits in [digits.clone(), [b"2026".as_slice(), &digits].concat()] {
                let one = Written::new(0, &digits);
                prop_assert_eq!(one.level_of(&forms), Written { packed: None, ..one }.level_of(&forms));
            }
        }
    }
}
