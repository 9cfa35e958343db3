//! How a number hangs together: its separators and those of the number it was found to be, breaks of the bank's lines, and what stands
//! right beside it.

use super::Number;
use crate::reference::{Atom, atoms, fold, lookalike};

/// How the digits of a window fit the separators of the number they were found to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Joint {
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

pub(super) fn joint_of(folded: &[u8], found: &[Atom], number: &str) -> Joint {
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

/// Nothing joins what stands here to what stands before and behind it.
pub(super) fn stands_alone(found: &[Atom], number: &Number) -> bool {
    let joins = |at: u16| found.get(usize::from(at)).is_some_and(|a| matches!(a.before, 0 | b'-' | b'/' | b'.' | b'_' | b'\\'));
    (number.from == 0 || !joins(number.from)) && !joins(number.to)
}

/// Digits stand on both sides of a space.
pub(super) fn is_split(folded: &[u8], found: &[Atom]) -> bool {
    let ends = |c: Option<&u8>| c.is_some_and(|c| lookalike(*c).is_ascii_digit());
    found.windows(2).any(|pair| {
        let gap = folded.get(pair[0].end as usize..pair[1].start as usize).unwrap_or_default();
        gap.iter().any(u8::is_ascii_whitespace)
            && (pair[0].is_number || ends(pair[0].text(folded).last()))
            && (pair[1].is_number || ends(pair[1].text(folded).first()))
    })
}
