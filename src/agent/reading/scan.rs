//! What single words say by their shape alone: amounts, dates, times, accounts. Roles come later, from the labels beside them.

use jiff::civil::Time;
use quittance_rules::amount_text::DecimalMark;
use quittance_rules::date_text::{DateReading, date_readings};
use quittance_rules::evidence::Confidence;
use quittance_rules::money::Currency;

use super::layout::Layout;
use super::lexicon::Lexicon;

mod numbers;
mod signs;
mod torn;

pub use signs::lone_sign;

/// Below this the reader of the letters was guessing, and so would we be.
pub const LEGIBLE: Confidence = Confidence::from_percent(60);

/// A number that may be an amount.
#[derive(Debug, Clone)]
pub struct Amount {
    /// The words it stands in, number, sign and currency.
    pub words: Vec<usize>,
    /// Segment of the number.
    pub segment: usize,
    /// Plain decimals with the mark each needs; two when the text is ambiguous.
    pub readings: Vec<(String, Option<DecimalMark>)>,
    /// The currency the text names.
    pub currency: Option<Currency>,
    /// The words that name it.
    pub currency_words: Vec<usize>,
    /// The sign there, when several currencies share it (`$`, `kr`): amount text to check a currency against.
    pub shared_sign: Option<String>,
    /// Written with a fraction.
    pub has_fraction: bool,
    /// Seen in pixels with figures right beside it that may be its own: the number that is written may be another.
    pub in_pieces: bool,
    /// A bare run of five figures or more, seen in pixels: a mark may have been lost in it.
    pub unmarked: bool,
}

impl Amount {
    /// A currency or a sign of one stands beside it.
    pub fn has_sign(&self) -> bool {
        self.currency.is_some() || self.shared_sign.is_some()
    }
}

/// A date with all its readings.
#[derive(Debug, Clone)]
pub struct DateHit {
    /// The words it stands in.
    pub words: Vec<usize>,
    /// Its segment.
    pub segment: usize,
    /// One or more readings.
    pub readings: Vec<DateReading>,
}

/// A time of day.
#[derive(Debug, Clone)]
pub struct TimeHit {
    /// The words it stands in.
    pub words: Vec<usize>,
    /// Its segment.
    pub segment: usize,
    /// To the second.
    pub time: Time,
}

/// An account number, recognisable by itself.
#[derive(Debug, Clone)]
pub struct Account {
    /// The words it stands in.
    pub words: Vec<usize>,
    /// Its segment.
    pub segment: usize,
    /// Without spaces.
    pub number: String,
    /// Its own check digits hold (IBAN, CLABE, CBU).
    pub checked: bool,
}

/// Everything found by shape.
#[derive(Debug, Default)]
pub struct Scan {
    /// In order of segments.
    pub amounts: Vec<Amount>,
    /// In order of segments.
    pub dates: Vec<DateHit>,
    /// In order of segments.
    pub times: Vec<TimeHit>,
    /// In order of segments.
    pub accounts: Vec<Account>,
    /// What looks like an IBAN and fails its check digits, as written.
    pub broken_ibans: Vec<String>,
}

/// Finds everything that has a shape of its own.
pub fn scan(layout: &Layout<'_>, currencies: &Lexicon) -> Scan {
    let mut found = Scan::default();
    for segment in 0..layout.segments.len() {
        let words = &layout.segments[segment].words;
        let pieces: Vec<&str> = words.iter().map(|&w| value_part(layout, w)).collect();
        let mut taken = vec![false; words.len()];
        let mut at = 0;
        while at < words.len() {
            let span = date_at(layout, words, &pieces, at).map(|(length, readings)| {
                let span = words[at..at.saturating_add(length)].to_vec();
                found.dates.push(DateHit { words: span, segment, readings });
                // A word such as `2026-03-31T10:15:00Z` holds the time as well.
                if let Some((_, time)) = pieces[at].split_once('T').and_then(|(_, t)| time_at(&[t], 0)) {
                    found.times.push(TimeHit { words: vec![words[at]], segment, time });
                }
                length
            });
            let span = span.or_else(|| {
                let (length, time) = time_at(&pieces, at)?;
                found.times.push(TimeHit { words: words[at..at.saturating_add(length)].to_vec(), segment, time });
                Some(length)
            });
            let span = span.or_else(|| {
                let (length, number, checked) = account_at(&pieces, at)?;
                if let Some(number) = number {
                    let span = words[at..at.saturating_add(length)].to_vec();
                    found.accounts.push(Account { words: span, segment, number, checked });
                } else {
                    found.broken_ibans.push(pieces[at..at.saturating_add(length)].join(" "));
                }
                Some(length)
            });
            let length = span.unwrap_or(0);
            taken[at..at.saturating_add(length)].fill(true);
            at = at.saturating_add(length.max(1));
        }
        numbers::amounts_in(layout, currencies, segment, &pieces, &mut taken, &mut found.amounts);
    }
    found
}

/// The part of a word that can hold a value: behind a label that is glued to it (`Total:$12.00`, `n°562044387`).
pub fn value_part<'a>(layout: &Layout<'a>, word: usize) -> &'a str {
    let text = layout.words[word].text.as_str();
    let mut tokens = layout.tokens_of_word(word).iter();
    match (tokens.next(), tokens.next()) {
        (Some(label), Some(value)) if !label.folded.bytes().any(|b| b.is_ascii_digit()) => &text[value.start..],
        // `#12345` and `:12.00` carry their label's last sign.
        _ => text.trim_start_matches([':', '#', '=', '：']),
    }
}

/// Punctuation that ends a sentence or quotes a word, not part of a value.
pub fn trimmed(text: &str) -> &str {
    text.trim_matches(['"', '\'', '“', '”', '«', '»', '„', '`', '[', ']', '{', '}', '|', '¡', '¿', '!', '?', ';', ':', '•', '·'])
        .trim_end_matches([',', '.'])
}

const MONTHS_AND_DAYS: &[&str] = &[
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", "ene", "abr", "ago", "set", "dic", "fev",
    "mai", "out", "dez", "avr", "jui", "aou", "mrz", "mae", "okt", "gen", "mag", "giu", "lug", "ott", "mrt", "maa", "mei", "mon",
    "tue", "wed", "thu", "fri", "sat", "sun", "lun", "mie", "jue", "vie", "sab", "dom", "seg", "ter", "qua", "qui", "sex", "mer",
    "jeu", "ven", "sam", "dim", "die", "mit", "don", "fre", "son", "gio", "din", "woe", "zat", "zon", "vri", "vrijdag", "do",
    "di",
];

/// A date that starts at a word: how many words, and its readings. The longest run that reads as a date wins.
fn date_at(layout: &Layout<'_>, words: &[usize], pieces: &[&str], at: usize) -> Option<(usize, Vec<DateReading>)> {
    let first = pieces[at].trim_start_matches(['(', '[', '"', '\'']);
    // `Do 09.10.2026` is a Thursday in German; `do 09.10.2026` is the day until which, in Czech, Polish and others.
    if matches!(first, "do" | "di") {
        return None;
    }
    let starts = first.starts_with(|c: char| c.is_numeric() || c.is_ascii_digit()) || {
        let token = layout.tokens_of_word(words[at]).last().map_or("", |t| t.folded.as_str());
        MONTHS_AND_DAYS.iter().any(|m| token.starts_with(m)) && pieces.get(at.saturating_add(1)).is_some()
    };
    if !starts || !pieces[at..].iter().take(7).any(|p| p.bytes().any(|b| b.is_ascii_digit())) {
        return None;
    }
    let reach = pieces[at..]
        .iter()
        .take(7)
        .enumerate()
        .take_while(|(i, p)| *i == 0 || !(p.contains(':') && p.bytes().any(|b| b.is_ascii_digit())))
        .count();
    let mut text = String::new();
    let mut best = None;
    for length in 1..=reach {
        let piece = pieces[at.saturating_add(length).saturating_sub(1)];
        if length > 1 {
            text.push(' ');
        }
        let piece_read = if length == 1 { first } else { piece };
        if layout.is_ocr(words[at]) {
            text.push_str(&with_letter_o(piece_read));
        } else {
            text.push_str(piece_read);
        }
        let bare = text.trim_end_matches([',', '.', ';', ')', ']', '"', '!', '?', ':', '-', '–', '|', '•', '·', ' ']);
        // A bare run of eight digits is far more often an operation number than a date.
        if bare.len() < 6 || bare.bytes().all(|b| b.is_ascii_digit()) || text.len() > 60 {
            continue;
        }
        let readings = date_readings(bare);
        if !readings.is_empty() && piece.chars().any(char::is_alphanumeric) {
            best = Some((length, readings));
        }
    }
    best
}

/// `12-N0v-2026`: a nought between letters is the letter, in the name of a month.
fn with_letter_o(piece: &str) -> String {
    let letters = piece.as_bytes();
    let is_letter = |at: Option<usize>| at.and_then(|at| letters.get(at)).is_some_and(u8::is_ascii_alphabetic);
    let read = |(at, letter): (usize, char)| {
        let inside = letter == '0' && is_letter(at.checked_sub(1)) && is_letter(at.checked_add(1));
        if inside { 'o' } else { letter }
    };
    piece.char_indices().map(read).collect()
}

/// `6:21 pm`, `18:21:05`, `14h30`, `18.21 Uhr`: how many words, and the time.
fn time_at(pieces: &[&str], at: usize) -> Option<(usize, Time)> {
    let lower = pieces[at].to_lowercase();
    let text = lower.trim_matches(['(', ')', ',', ';', '"', '.', '[', ']', '-', '–']).trim_end_matches('z');
    let digits_end = text.find(|c: char| !(c.is_ascii_digit() || c == ':' || c == '.' || c == 'h')).unwrap_or(text.len());
    let (clock, mut suffix) = text.split_at(digits_end);
    let (clock, ended_h) = clock.strip_suffix('h').map_or((clock, false), |c| (c, true));
    if ended_h {
        suffix = "";
    }
    let next = pieces.get(at.saturating_add(1)).map(|p| p.to_lowercase()).unwrap_or_default();
    let after = pieces.get(at.saturating_add(2)).map(|p| p.to_lowercase()).unwrap_or_default();
    let mut length = 1;
    let half: String = suffix.chars().filter(char::is_ascii_alphabetic).collect();
    let mut meridiem = match half.as_str() {
        "am" | "a" => Some(false),
        "pm" | "p" => Some(true),
        "" | "hs" | "hrs" | "uhr" | "z" | "h" => None,
        _ => return None,
    };
    if half.is_empty() {
        let bare: String = next.chars().filter(|c| c.is_alphanumeric()).collect();
        match bare.as_str() {
            "am" => (meridiem, length) = (Some(false), 2),
            "pm" => (meridiem, length) = (Some(true), 2),
            "a" if after.trim_end_matches([',', ')']) == "m." => (meridiem, length) = (Some(false), 3),
            "p" if after.trim_end_matches([',', ')']) == "m." => (meridiem, length) = (Some(true), 3),
            "uhr" | "hrs" | "hs" | "h" => length = 2,
            _ => {}
        }
    }
    // `12.39 Uhr`, `kl. 12.39`, `klo 12.39`, `ore 12.39`: with a point it is a time only where a word says so.
    let before = at.checked_sub(1).map(|before| pieces[before].to_lowercase()).unwrap_or_default();
    let uhr =
        next.starts_with("uhr") || half == "uhr" || matches!(before.trim_end_matches('.'), "kl" | "klo" | "klokken" | "ore");
    let separator = match (clock.contains(':'), clock.contains('h'), clock.contains('.')) {
        (true, false, _) => ':',
        (false, true, false) => 'h',
        (false, false, true) if uhr => '.',
        _ => return None,
    };
    let mut parts = clock.split(separator);
    let part = |p: &str| -> Option<i8> { (p.len() == 2 || p.len() == 1).then(|| p.parse().ok()).flatten() };
    let mut hour = part(parts.next()?)?;
    let minute = parts.next().filter(|m| m.len() == 2).and_then(part)?;
    let second = match parts.next() {
        Some(s) => part(s.split('.').next()?)?,
        None => 0,
    };
    if parts.next().is_some() {
        return None;
    }
    match meridiem {
        Some(true) if (1..12).contains(&hour) => hour = hour.checked_add(12)?,
        Some(false) if hour == 12 => hour = 0,
        _ => {}
    }
    Some((length, Time::new(hour, minute, second, 0).ok()?))
}

/// Lengths of IBANs by country. Source: the SWIFT IBAN registry.
const IBAN_LENGTHS: &str = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 \
    FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 \
    LV21 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 ST25 \
    SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20";

/// Length of the IBANs of a country.
pub fn iban_length(country: &str) -> Option<usize> {
    IBAN_LENGTHS.split_whitespace().find_map(|entry| entry.strip_prefix(country)).and_then(|n| n.parse().ok())
}

/// ISO 7064 mod 97-10 over an IBAN without spaces.
pub fn iban_holds(iban: &str) -> bool {
    if !iban.is_ascii() || iban.len() < 15 {
        return false;
    }
    let (head, tail) = iban.split_at(4);
    let remainder = tail.bytes().chain(head.bytes()).try_fold(0_u32, |r, b| {
        let value = char::from(b).to_digit(36)?;
        r.checked_mul(if value < 10 { 10 } else { 100 })?.checked_add(value).map(|v| v % 97)
    });
    remainder == Some(1)
}

/// The check digit of a Mexican CLABE (18 digits). Source: Banco de México, weights 3 7 1.
fn clabe_holds(digits: &str) -> bool {
    let values: Vec<u32> = digits.chars().filter_map(|c| c.to_digit(10)).collect();
    values.len() == 18 && {
        let sum: u32 = values.iter().zip([3, 7, 1].into_iter().cycle()).take(17).map(|(v, w)| (v * w) % 10).sum();
        (10 - sum % 10) % 10 == values[17]
    }
}

/// The check digits of an Argentine CBU or CVU (22 digits). Source: BCRA, weights 7 1 3 9 and 3 9 7 1.
fn cbu_holds(digits: &str) -> bool {
    let values: Vec<u32> = digits.chars().filter_map(|c| c.to_digit(10)).collect();
    let check = |block: &[u32], weights: &[u32]| {
        let sum: u32 = block.iter().zip(weights).map(|(v, w)| v * w).sum();
        (10 - sum % 10) % 10
    };
    values.len() == 22
        && check(&values[..7], &[7, 1, 3, 9, 7, 1, 3]) == values[7]
        && check(&values[8..21], &[3, 9, 7, 1, 3, 9, 7, 1, 3, 9, 7, 1, 3]) == values[21]
}

fn is_mask(c: char) -> bool {
    matches!(c, '*' | '•' | '·' | '●' | '∙' | '⁎' | '∗' | '…')
}

/// An account that shows by its shape: how many words, and its number, or none when its check digits are wrong.
fn account_at(pieces: &[&str], at: usize) -> Option<(usize, Option<String>, bool)> {
    let first = trimmed(pieces[at]);
    let masked_trim =
        |piece: &str| piece.trim_matches(['"', '(', ')', '[', ']', '|', ';', ':', '\'']).trim_end_matches([',', '.']).to_owned();
    let bytes = first.as_bytes();
    let begins = bytes.len() >= 4 && bytes[..2].iter().all(u8::is_ascii_uppercase) && bytes[2..4].iter().all(u8::is_ascii_digit);
    if let Some(wanted) = begins.then(|| iban_length(&first[..2])).flatten() {
        let mut number = String::new();
        for (i, piece) in pieces[at..].iter().enumerate().take(10) {
            let piece: String = trimmed(piece).chars().filter(|c| *c != '-' && *c != '.').collect();
            if !piece.bytes().all(|b| b.is_ascii_alphanumeric()) {
                break;
            }
            number.push_str(&piece);
            if number.len() == wanted {
                let number = number.to_ascii_uppercase();
                let holds = iban_holds(&number);
                return Some((i.saturating_add(1), holds.then_some(number), holds));
            }
            if number.len() > wanted {
                break;
            }
        }
    }
    // Runs of digits with a check digit, and masked numbers.
    let mut number = String::new();
    let mut masks = 0_usize;
    let mut digits = 0_usize;
    let mut best = None;
    for (i, piece) in pieces[at..].iter().enumerate().take(8) {
        let piece = masked_trim(piece);
        let piece = piece.as_str();
        let dots = piece.chars().take_while(|&c| c == '.').count();
        let xs = piece.chars().take_while(|&c| c == 'x' || c == 'X').count();
        let masked =
            piece.chars().filter(|&c| is_mask(c)).count().max(if dots >= 2 { dots } else { 0 }).max(if xs >= 2 { xs } else { 0 });
        let known = piece.chars().filter(char::is_ascii_digit).count();
        let plain = piece.chars().all(|c| c.is_ascii_digit() || is_mask(c) || matches!(c, '-' | '.' | 'x' | 'X'));
        if !plain || masked.saturating_add(known) == 0 {
            break;
        }
        // Space-grouped digits belong together only when masked or long.
        masks = masks.saturating_add(masked);
        digits = digits.saturating_add(known);
        number.push_str(piece);
        let bare: String = number.chars().filter(char::is_ascii_digit).collect();
        if masks == 0 && (clabe_holds(&bare) || cbu_holds(&bare)) && number.bytes().all(|b| b.is_ascii_digit() || b == b'-') {
            best = Some((i.saturating_add(1), Some(bare), true));
        } else if masks >= 2 && (3..=8).contains(&digits) && piece.ends_with(|c: char| c.is_ascii_digit()) {
            best = Some((i.saturating_add(1), Some(number.clone()), false));
        }
    }
    best
}
