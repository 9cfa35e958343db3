//! Invoice numbers and creditor references in text: cutting text into atoms, the forms a number is written in, check digits.
//!
//! People and banks write one number in many ways: without its prefix, without leading zeros, with spaces or other separators,
//! with O for 0. All of these meet in a few hashed *forms*; what was really written decides the [`Level`] of a hit.
#![allow(clippy::arithmetic_side_effects)] // Index and check-digit arithmetic on short buffers; no money in here.

use deunicode::deunicode_char;

/// The longest joined reference looked for, in letters and digits. ISO 11649 and QR references have 25 and 27.
pub const REFERENCE_LENGTH_MAX: usize = 30;

/// How many atoms one written reference may be broken into.
pub const REFERENCE_ATOMS_MAX: usize = 9;

/// A run of letters or of digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Atom {
    /// First byte in the folded text.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// Digits, else letters.
    pub is_number: bool,
    /// What stands before it: 0 for nothing (letters meet digits, or the text begins), the separator where there is exactly one
    /// beside spaces, [`HARD_BREAK`] where there are several.
    pub before: u8,
}

/// More than one separator: a reference does not go on across it.
pub const HARD_BREAK: u8 = 255;

impl Atom {
    /// Its letters or digits.
    pub fn text<'t>(&self, folded: &'t [u8]) -> &'t [u8] {
        folded.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// Number of letters or digits.
    pub fn len(&self) -> usize {
        (self.end - self.start) as usize
    }

    /// Never true; atoms have at least one character.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// A reference may go on from the atom before into this one.
    pub fn joins(&self) -> bool {
        matches!(self.before, 0 | b' ' | b'-' | b'/' | b'.' | b'_' | b'\\' | b'\n' | b'\r' | b'\t')
    }
}

/// Writes the text in ASCII capitals. Other scripts and accents are written in ASCII; what has no ASCII is a space.
pub fn fold(text: &str, out: &mut Vec<u8>) {
    out.clear();
    if text.is_ascii() {
        out.extend(text.bytes().map(|b| b.to_ascii_uppercase()));
        return;
    }
    for c in text.chars() {
        if c.is_ascii() {
            out.push((c as u8).to_ascii_uppercase());
        } else if let Some(ascii) = deunicode_char(c) {
            out.extend(ascii.bytes().map(|b| b.to_ascii_uppercase()));
        } else {
            out.push(b' ');
        }
    }
}

/// Cuts folded text into atoms. At most `limit` are written; `true` when there was more.
pub fn atoms(folded: &[u8], limit: usize, out: &mut Vec<Atom>) -> bool {
    out.clear();
    let mut at = 0;
    let mut separator = 0_u8;
    let mut is_first = true;
    while at < folded.len() {
        let c = folded[at];
        let is_number = c.is_ascii_digit();
        if !is_number && !c.is_ascii_alphabetic() {
            let space = c.is_ascii_whitespace();
            separator = match (separator, space) {
                (0, _) => c,
                (b' ' | b'\n' | b'\r' | b'\t', false) => c,
                (kept, true) => kept,
                (_, false) => HARD_BREAK,
            };
            at += 1;
            continue;
        }
        let start = at;
        while at < folded.len() && if is_number { folded[at].is_ascii_digit() } else { folded[at].is_ascii_alphabetic() } {
            at += 1;
        }
        if out.len() == limit {
            return true;
        }
        let before = if is_first { 0 } else { separator };
        out.push(Atom { start: narrow(start), end: narrow(at), is_number, before });
        is_first = false;
        separator = 0;
    }
    false
}

fn narrow(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Letters that are read or typed as digits, and the digits themselves.
pub const fn lookalike(c: u8) -> u8 {
    match c {
        b'O' | b'Q' => b'0',
        b'I' | b'L' => b'1',
        b'Z' => b'2',
        b'S' => b'5',
        b'B' => b'8',
        other => other,
    }
}

/// A running hash of a form: FNV-1a, mixed at the end. Stable across runs and machines.
#[derive(Debug, Clone, Copy)]
pub struct FormHash {
    state: u64,
    length: u32,
}

impl Default for FormHash {
    fn default() -> Self {
        Self { state: 0xcbf2_9ce4_8422_2325, length: 0 }
    }
}

impl FormHash {
    /// Adds a character.
    #[inline]
    pub fn push(&mut self, c: u8) {
        self.state = (self.state ^ u64::from(c)).wrapping_mul(0x0100_0000_01b3);
        self.length = self.length.wrapping_add(1);
    }

    /// Adds a digit unless it is a zero at the front.
    #[inline]
    pub fn push_digit(&mut self, c: u8) {
        if self.length > 0 || c != b'0' {
            self.push(c);
        }
    }

    /// Characters added.
    pub fn length(self) -> u32 {
        self.length
    }

    /// The hash of what was added.
    #[inline]
    pub fn finish(self) -> u64 {
        mix(self.state)
    }
}

/// For tables of short texts that are no secret and come from no adversary.
impl std::hash::Hasher for FormHash {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|c| self.push(*c));
    }

    fn finish(&self) -> u64 {
        mix(self.state)
    }
}

/// The hash of a whole text.
pub fn hash(text: &[u8]) -> u64 {
    let mut h = FormHash::default();
    text.iter().for_each(|c| h.push(*c));
    h.finish()
}

/// The finaliser of MurmurHash3 (public domain, Austin Appleby).
pub(crate) const fn mix(mut h: u64) -> u64 {
    h ^= h >> 33;
    h = h.wrapping_mul(0xff51_afd7_ed55_8ccd);
    h ^= h >> 33;
    h = h.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    h ^ (h >> 33)
}

/// How a number was found in a text, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Level {
    /// Every letter and digit, separators aside.
    Full,
    /// Inside a creditor reference whose check digits are right.
    Structured,
    /// All digits, the letters before them dropped.
    PrefixDropped,
    /// Leading zeros of a group dropped or added.
    Zeros,
    /// O for 0, I for 1, S for 5 and the like.
    Lookalike,
    /// Named by a range or a list that names only the last digits: `101-104`, `101/102/104`.
    Listed,
    /// Only the last group of digits.
    Tail,
    /// The last digits, not a whole group.
    Suffix,
    /// Cut off at the end of the text.
    Cut,
    /// One digit wrong, missing, doubled, or two swapped.
    OneEdit,
}

impl Level {
    /// All, best first.
    pub const ALL: [Self; 10] = [
        Self::Full,
        Self::Structured,
        Self::PrefixDropped,
        Self::Zeros,
        Self::Lookalike,
        Self::Listed,
        Self::Tail,
        Self::Suffix,
        Self::Cut,
        Self::OneEdit,
    ];

    /// For reasons: `the invoice number`, `the last digits of the number`, …
    pub const fn words(self) -> &'static str {
        match self {
            Self::Full => "the invoice number",
            Self::Structured => "a creditor reference with right check digits",
            Self::PrefixDropped => "the number without its prefix",
            Self::Zeros => "the number with other leading zeros",
            Self::Lookalike => "the number with letters for digits",
            Self::Listed => "the number by a list or range",
            Self::Tail => "the last group of the number",
            Self::Suffix => "the last digits of the number",
            Self::Cut => "the beginning of the number, cut off",
            Self::OneEdit => "the number with one digit wrong",
        }
    }
}

/// The forms of one number. Scratch space, reused.
#[derive(Debug, Clone, Default)]
pub struct Forms {
    /// Letters and digits as written, capitals.
    pub plain: Vec<u8>,
    /// With lookalikes as digits; zeros at the front dropped where there are only digits.
    pub full: Vec<u8>,
    /// As `full`, leading zeros of every group dropped.
    pub full_bare: Vec<u8>,
    /// Digits only, zeros at the front dropped.
    pub digits: Vec<u8>,
    /// Digits only, leading zeros of every group dropped.
    pub digits_bare: Vec<u8>,
    /// The last group of digits, zeros at the front dropped.
    pub tail: Vec<u8>,
    /// Characters of the last group as written, zeros included.
    pub tail_width: usize,
    /// Number of groups of digits.
    pub groups: usize,
    /// The number has letters.
    pub has_letters: bool,
    /// The letters at the front, as written; empty where it begins with digits.
    pub prefix_length: usize,
    /// Letters or digits follow the last group of digits.
    pub ends_with_letters: bool,
}

impl Forms {
    /// Computes all forms of an invoice number.
    pub fn read(&mut self, number: &str) {
        for form in
            [&mut self.plain, &mut self.full, &mut self.full_bare, &mut self.digits, &mut self.digits_bare, &mut self.tail]
        {
            form.clear();
        }
        self.groups = 0;
        self.has_letters = false;
        self.prefix_length = 0;
        self.tail_width = 0;
        self.ends_with_letters = false;
        let mut in_group = false;
        let mut group_begun = false;
        let mut feed = |this: &mut Self, c: u8| {
            let c = c.to_ascii_uppercase();
            if c.is_ascii_digit() {
                if !in_group {
                    this.groups += 1;
                    this.tail.clear();
                    this.tail_width = 0;
                    in_group = true;
                    group_begun = false;
                    this.ends_with_letters = false;
                }
                this.plain.push(c);
                this.full.push(c);
                this.tail_width += 1;
                if !this.digits.is_empty() || c != b'0' {
                    this.digits.push(c);
                }
                group_begun |= c != b'0';
                if group_begun {
                    this.full_bare.push(c);
                    this.digits_bare.push(c);
                    this.tail.push(c);
                }
            } else if c.is_ascii_alphabetic() {
                in_group = false;
                this.has_letters = true;
                this.ends_with_letters = true;
                if this.groups == 0 {
                    this.prefix_length += 1;
                }
                this.plain.push(c);
                this.full.push(lookalike(c));
                this.full_bare.push(lookalike(c));
            } else {
                in_group = false;
            }
        };
        if number.is_ascii() {
            for c in number.bytes().take(80) {
                feed(self, c);
            }
        } else {
            for c in number.chars().take(80) {
                if c.is_ascii() {
                    feed(self, c as u8);
                } else if let Some(ascii) = deunicode_char(c) {
                    ascii.bytes().for_each(|c| feed(self, c));
                }
            }
        }
        if !self.has_letters {
            self.full.clear();
            self.full.extend_from_slice(&self.digits);
        }
    }

    /// The distinct hashes under which the number is found. Forms with fewer than `DIGITS_MIN` digits are left out: they would be
    /// found everywhere.
    pub fn keys(&self, mut give: impl FnMut(u64)) {
        let mut seen = [0_u64; 5];
        let mut count = 0;
        let mut once = |form: &[u8], least: usize| {
            if form.len() < least {
                return;
            }
            let key = hash(form);
            if !seen[..count].contains(&key) {
                seen[count] = key;
                count += 1;
                give(key);
            }
        };
        once(&self.full, 3);
        once(&self.full_bare, 3);
        once(&self.digits, DIGITS_MIN);
        once(&self.digits_bare, DIGITS_MIN);
        if self.groups > 1 {
            once(&self.tail, TAIL_MIN);
        }
    }

    /// How a written reference, given in the same forms, names this number. `None`: it does not.
    pub fn level_of(&self, written: &Self) -> Option<Level> {
        if written.plain == self.plain {
            return Some(Level::Full);
        }
        if !self.has_letters && !written.has_letters && written.digits == self.digits {
            return Some(Level::Zeros);
        }
        if written.full == self.full {
            return Some(Level::Lookalike);
        }
        if written.full_bare == self.full_bare {
            return Some(Level::Zeros);
        }
        if self.has_letters {
            if written.full == self.digits && !self.digits.is_empty() {
                return Some(Level::PrefixDropped);
            }
            if (written.full_bare == self.digits_bare || written.digits == self.digits_bare) && !self.digits_bare.is_empty() {
                return Some(Level::Zeros);
            }
        } else if written.full == self.digits_bare || written.full_bare == self.digits_bare {
            return Some(Level::Zeros);
        }
        if self.groups > 1 && (written.full == self.tail || written.full_bare == self.tail) && !self.tail.is_empty() {
            return Some(Level::Tail);
        }
        None
    }
}

/// Fewest digits of a number without letters that is looked for everywhere.
pub const DIGITS_MIN: usize = 3;

/// Fewest digits of a last group that is looked for everywhere.
pub const TAIL_MIN: usize = 4;

/// One digit wrong, missing, extra, or two neighbours swapped (Damerau–Levenshtein distance 1). Equal texts are not.
pub fn is_one_edit(a: &[u8], b: &[u8]) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if long.len() - short.len() > 1 {
        return false;
    }
    let same = short.iter().zip(long).take_while(|(x, y)| x == y).count();
    if short.len() == long.len() {
        if same == long.len() {
            return false;
        }
        short[same + 1..] == long[same + 1..]
            || (same + 1 < long.len()
                && short[same] == long[same + 1]
                && short[same + 1] == long[same]
                && short[same + 2..] == long[same + 2..])
    } else {
        short[same..] == long[same + 1..]
    }
}

/// Reads an ISO 11649 creditor reference (`RF`, two check digits, up to 21 letters and digits) and gives what it carries.
/// Check: moved to the end, letters as 10 to 35, the number is 1 modulo 97 (ISO 7064 MOD 97-10).
pub fn creditor_reference(joined: &[u8]) -> Option<&[u8]> {
    if !(5..=25).contains(&joined.len()) || !joined.starts_with(b"RF") || !joined[2..4].iter().all(u8::is_ascii_digit) {
        return None;
    }
    let (head, core) = joined.split_at(4);
    let mut rest = 0_u32;
    for &c in core.iter().chain(head) {
        rest = match c {
            b'0'..=b'9' => (rest * 10 + u32::from(c - b'0')) % 97,
            b'A'..=b'Z' => (rest * 100 + u32::from(c - b'A') + 10) % 97,
            _ => return None,
        };
    }
    (rest == 1).then_some(core)
}

/// National references of digits with check digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Swiss QR and ISR/ESR reference: 27 digits, recursive modulo 10.
    Swiss,
    /// Norwegian KID, modulo 10 (Luhn).
    KidLuhn,
    /// Norwegian KID, modulo 11.
    KidEleven,
    /// Finnish reference: weights 7, 3, 1.
    Finnish,
    /// Belgian structured communication: 10 digits and their rest modulo 97.
    Belgian,
}

/// The schemes whose check digits fit, and the digits before the check digits. Random digits fit some scheme about one time in
/// three, so that a fit means something only together with an open item of that number.
pub fn check_schemes(digits: &[u8]) -> impl Iterator<Item = (Scheme, &[u8])> {
    let plain = digits.iter().all(u8::is_ascii_digit);
    let length = if plain { digits.len() } else { 0 };
    let one = digits.split_at(digits.len().saturating_sub(1));
    let two = digits.split_at(digits.len().saturating_sub(2));
    let check = one.1.first().copied().unwrap_or(0);
    [
        (Scheme::Swiss, length == 27 && swiss_check(one.0) == check, one.0),
        (Scheme::KidLuhn, (4..=25).contains(&length) && luhn_check(one.0) == check, one.0),
        (Scheme::KidEleven, (4..=25).contains(&length) && eleven_check(one.0) == Some(check), one.0),
        (Scheme::Finnish, (4..=20).contains(&length) && finnish_check(one.0) == check, one.0),
        (Scheme::Belgian, length == 12 && belgian_check(two.0) == two.1, two.0),
    ]
    .into_iter()
    .filter_map(|(scheme, fits, core)| fits.then_some((scheme, core)))
}

fn value(c: u8) -> u32 {
    u32::from(c.wrapping_sub(b'0')) % 10
}

fn digit(v: u32) -> u8 {
    b'0' + u8::try_from(v % 10).unwrap_or(0)
}

/// Recursive modulo 10 with the carry table of the Swiss payment standards (Implementation Guidelines QR-bill, annex B).
fn swiss_check(core: &[u8]) -> u8 {
    const TABLE: [u32; 10] = [0, 9, 4, 6, 8, 2, 7, 1, 3, 5];
    let carry = core.iter().fold(0, |carry, c| TABLE[((carry + value(*c)) % 10) as usize]);
    digit((10 - carry) % 10)
}

/// Luhn, modulo 10, weights 2 and 1 from the right.
fn luhn_check(core: &[u8]) -> u8 {
    let sum: u32 = core
        .iter()
        .rev()
        .enumerate()
        .map(|(at, c)| {
            let v = value(*c) * if at % 2 == 0 { 2 } else { 1 };
            v / 10 + v % 10
        })
        .sum();
    digit((10 - sum % 10) % 10)
}

/// Modulo 11, weights 2 to 7 from the right. `None` where the check would be `-`.
fn eleven_check(core: &[u8]) -> Option<u8> {
    let sum: u32 = core.iter().rev().zip([2, 3, 4, 5, 6, 7].into_iter().cycle()).map(|(c, w)| value(*c) * w).sum();
    match 11 - sum % 11 {
        11 => Some(b'0'),
        10 => None,
        v => Some(digit(v)),
    }
}

/// Weights 7, 3, 1 from the right (Finance Finland, structure of the reference number).
fn finnish_check(core: &[u8]) -> u8 {
    let sum: u32 = core.iter().rev().zip([7, 3, 1].into_iter().cycle()).map(|(c, w)| value(*c) * w).sum();
    digit((10 - sum % 10) % 10)
}

/// Rest of ten digits modulo 97, 97 for 0 (Febelfin, structured communication).
fn belgian_check(core: &[u8]) -> [u8; 2] {
    let rest = core.iter().fold(0, |rest, c| (rest * 10 + value(*c)) % 97);
    let rest = if rest == 0 { 97 } else { rest };
    [digit(rest / 10), digit(rest)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(number: &str, written: &str) -> Option<Level> {
        let (mut a, mut b) = (Forms::default(), Forms::default());
        a.read(number);
        b.read(written);
        let mut keys = Vec::new();
        a.keys(|k| keys.push(k));
        // What `level_of` accepts must be found through the keys too, or it would never be looked at.
        let found = keys.contains(&hash(&b.full)) || keys.contains(&hash(&b.full_bare));
        a.level_of(&b).filter(|_| found)
    }

    #[test]
    fn forms_of_a_number() {
        for (number, written, expected) in [
            ("INV-2026-00123", "INV-2026-00123", Some(Level::Full)),
            ("INV-2026-00123", "inv 2026 00123", Some(Level::Full)),
            ("INV-2026-00123", "INV202600123", Some(Level::Full)),
            ("INV-2026-00123", "INV-2026-123", Some(Level::Zeros)),
            ("INV-2026-00123", "2026-00123", Some(Level::PrefixDropped)),
            ("INV-2026-00123", "202600123", Some(Level::PrefixDropped)),
            ("INV-2026-00123", "2026/123", Some(Level::Zeros)),
            ("INV-2026-00123", "INV-2O26-00I23", Some(Level::Lookalike)),
            ("INV-2026-00123", "00123", None),
            ("F001-00012345", "12345", Some(Level::Tail)),
            ("F001-00012345", "F001-12345", Some(Level::Zeros)),
            ("F001-00012345", "312345", None),
            ("RE123456", "123456", Some(Level::PrefixDropped)),
            ("0012345", "12345", Some(Level::Zeros)),
            ("12345", "312345", None),
            ("12345", "1234", None),
            ("2026/123", "2026123", Some(Level::Full)),
        ] {
            assert_eq!(level(number, written), expected, "{number} / {written}");
        }
    }

    #[test]
    fn one_edit() {
        for (a, b, expected) in [
            ("12345", "12354", true),
            ("12345", "1234", true),
            ("12345", "123455", true),
            ("12345", "12395", true),
            ("12345", "12345", false),
            ("12345", "13254", false),
            ("12345", "54321", false),
            ("1", "", true),
        ] {
            assert_eq!(is_one_edit(a.as_bytes(), b.as_bytes()), expected, "{a} {b}");
            assert_eq!(is_one_edit(b.as_bytes(), a.as_bytes()), expected, "{b} {a}");
        }
    }

    #[test]
    fn check_digits() {
        assert_eq!(creditor_reference(b"RF18539007547034"), Some(&b"539007547034"[..]));
        assert_eq!(creditor_reference(b"RF19539007547034"), None);
        assert_eq!(creditor_reference(b"RF"), None);
        for (digits, scheme) in [
            ("210000000003139471430009017", Scheme::Swiss),
            ("090933755493", Scheme::Belgian),
            ("1232", Scheme::Finnish),
            ("2345676", Scheme::KidLuhn),
            ("12345678903", Scheme::KidEleven),
        ] {
            let found: Vec<_> = check_schemes(digits.as_bytes()).map(|(s, _)| s).collect();
            assert!(found.contains(&scheme), "{digits}: {found:?}");
        }
        assert_eq!(check_schemes(b"210000000003139471430009018").filter(|(s, _)| *s == Scheme::Swiss).count(), 0);
    }

    #[test]
    fn atoms_and_their_separators() {
        let mut out = Vec::new();
        let mut folded = Vec::new();
        fold("Rg. INV-12/3, 45\u{2013}46", &mut folded);
        assert!(!atoms(&folded, 100, &mut out));
        let shown: Vec<_> = out.iter().map(|a| (String::from_utf8_lossy(a.text(&folded)).into_owned(), a.before)).collect();
        assert_eq!(
            shown,
            [
                ("RG".to_owned(), 0),
                ("INV".to_owned(), b'.'),
                ("12".to_owned(), b'-'),
                ("3".to_owned(), b'/'),
                ("45".to_owned(), b','),
                ("46".to_owned(), b'-'),
            ]
        );
        assert!(atoms(b"1 2 3", 2, &mut out));
    }
}
