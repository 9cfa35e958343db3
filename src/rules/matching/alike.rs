//! How alike two words are: Jaro–Winkler similarity (Winkler 1990) as the `strsim` crate computes it, without allocating.
#![allow(clippy::arithmetic_side_effects)] // Indexes within two short words.

/// A word, and which letters it has: a word of a name is compared with many.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Word<'w> {
    pub(crate) text: &'w str,
    letters: u32,
}

impl<'w> Word<'w> {
    pub(crate) const fn new(text: &'w str) -> Self {
        Self { text, letters: letter_set(text.as_bytes()) }
    }
}

/// The similarity of two words in thousandths; 0 stands for any value below `least`, which is mostly seen without comparing them.
pub(crate) fn jaro_winkler_thousandths(a: Word<'_>, b: Word<'_>, least: u32) -> u32 {
    // Half a thousandth of room for rounding.
    if jaro_winkler_most(a, b) < (f64::from(least) - 0.5) / 1000.0 {
        return 0;
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to 1000.
    let thousandths = (jaro_winkler(a.text, b.text) * 1000.0) as u32;
    thousandths
}

/// The letters A to Z of a word, one bit each; all other characters share one.
pub(super) const fn letter_set(word: &[u8]) -> u32 {
    let (mut set, mut at) = (0, 0);
    while at < word.len() {
        let letter = word[at].wrapping_sub(b'A');
        set |= 1_u32 << if letter < 31 { letter } else { 31 };
        at += 1;
    }
    set
}

/// An upper bound of [`jaro_winkler`]: a letter that only one side has cannot be matched, and the order of the rest may be perfect.
fn jaro_winkler_most(a: Word<'_>, b: Word<'_>) -> f64 {
    let (sa, sb) = (a.letters, b.letters);
    let (a, b) = (a.text.as_bytes(), b.text.as_bytes());
    if a.is_empty() || b.is_empty() {
        return 1.0;
    }
    let alone = |own: u32, other: u32| (own & !other).count_ones() as usize;
    let matches = (a.len() - alone(sa, sb)).min(b.len() - alone(sb, sa)) as f64;
    let jaro = (matches / a.len() as f64 + matches / b.len() as f64 + 1.0) / 3.0;
    let prefix = a.iter().zip(b).take(4).take_while(|(x, y)| x == y).count() as f64;
    jaro + 0.1 * prefix * (1.0 - jaro)
}

/// Jaro–Winkler similarity as `strsim` computes it, for words of up to 64 ASCII letters without allocating.
fn jaro_winkler(a: &str, b: &str) -> f64 {
    if a.len() > 64 || b.len() > 64 || !a.is_ascii() || !b.is_ascii() || a.is_empty() || b.is_empty() {
        return strsim::jaro_winkler(a, b);
    }
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let range = (a.len().max(b.len()) / 2).saturating_sub(1);
    let (mut in_a, mut in_b) = (0_u64, 0_u64);
    for (at, c) in a.iter().enumerate() {
        let from = at.saturating_sub(range);
        let to = b.len().min(at + range + 1);
        let near = b.get(from..to).unwrap_or_default();
        let found = near.iter().zip(from..).find(|(d, other)| *d == c && in_b & 1 << other == 0);
        if let Some((_, other)) = found {
            in_a |= 1 << at;
            in_b |= 1 << other;
        }
    }
    let matches = in_a.count_ones();
    if matches == 0 {
        return 0.0;
    }
    let (mut left, mut right, mut crossed) = (in_a, in_b, 0_u32);
    while left != 0 {
        crossed += u32::from(a[left.trailing_zeros() as usize] != b[right.trailing_zeros() as usize]);
        left &= left - 1;
        right &= right - 1;
    }
    let (m, la, lb) = (f64::from(matches), a.len() as f64, b.len() as f64);
    let jaro = (m / la + m / lb + f64::from(matches - crossed / 2) / m) / 3.0;
    if jaro <= 0.7 {
        return jaro;
    }
    let prefix = a.iter().take(4).zip(b).take_while(|(x, y)| x == y).count();
    jaro + 0.1 * prefix as f64 * (1.0 - jaro)
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn jaro_winkler_is_that_of_strsim(a in "[A-E]{1,12}", b in "[A-E0-9]{1,12}") {
            let exact = strsim::jaro_winkler(&a, &b);
            proptest::prop_assert_eq!(jaro_winkler(&a, &b).to_bits(), exact.to_bits());
            // Rounding apart.
            proptest::prop_assert!(jaro_winkler_most(Word::new(&a), Word::new(&b)) >= exact - 1e-12);
        }
    }

    #[test]
    fn unlike_words_are_nought() {
        assert_eq!(jaro_winkler_thousandths(Word::new("MUELLER"), Word::new("MEYER"), 850), 0);
        assert!(jaro_winkler_thousandths(Word::new("MARTHA"), Word::new("MARHTA"), 850) >= 960);
    }
}
