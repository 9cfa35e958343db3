//! What single words say by their shape alone: amounts, dates, times, accounts. Roles come later, from the labels beside them.

use jiff::civil::Time;
use quittance_rules::amount_text::{DecimalMark, amount_readings};
use quittance_rules::date_text::{DateReading, date_readings};
use quittance_rules::evidence::Confidence;
use quittance_rules::money::Currency;

use super::layout::Layout;
use super::lexicon::Lexicon;

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
        amounts_in(layout, currencies, segment, &pieces, &mut taken, &mut found.amounts);
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
    let uhr = next.starts_with("uhr") || half == "uhr";
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

/// Three-letter words that are currencies too; they count only where nothing else is meant, and here it mostly is.
const NOT_AS_WORD: &[&str] = &["ALL", "TOP", "CUP", "MOP", "SOS", "TRY", "GEL", "BAM", "LAK", "MAD"];

/// Signs that several currencies share, as they stand apart from the number.
const SHARED_SIGNS: &[&str] =
    &["$", "kr", "kr.", "rs", "rs.", "bs", "bs.", "¥", "c$", "lei", "fcfa", "pesos", "dollars", "kronor", "kroner"];
/// Signs of one currency that may stand apart from the number.
const OWN_SIGNS: &[&str] = &[
    "€", "£", "s/", "s/.", "us$", "u$s", "r$", "₹", "zł", "kč", "ft", "₺", "₽", "₩", "₪", "₫", "฿", "₱", "₦", "₴", "₡", "₲",
    "mx$", "a$", "au$", "ca$", "nz$", "hk$", "s$", "nt$", "rd$", "col$", "clp$", "b/.", "rm", "rp", "rp.", "fr.", "sfr.", "円",
    "元",
];

enum Sign {
    Own(Currency),
    Shared,
}

/// The currency a word beside a number names.
fn sign_of(word: &str, currencies: &Lexicon) -> Option<Sign> {
    let word = word.trim_matches(['(', ')', ',', ';', ':', '"']);
    let lower = word.to_lowercase();
    if SHARED_SIGNS.contains(&lower.as_str()) {
        return Some(Sign::Shared);
    }
    // The letter of the złoty is read as another where the reader of letters lacks it, and typed so where a keyboard does.
    if matches!(lower.as_str(), "zl" | "zt" | "zł." | "zl.") {
        return Currency::parse("PLN").ok().map(Sign::Own);
    }
    // That of the koruna likewise.
    if word == "Kc" {
        return Currency::parse("CZK").ok().map(Sign::Own);
    }
    // Signs that are letters: the quetzal, and the dinar and riyal as the Gulf writes them.
    let letters = match word.trim_end_matches('.') {
        "Q" => Some("GTQ"),
        "KD" | "K.D" => Some("KWD"),
        "BD" | "B.D" => Some("BHD"),
        "SR" | "S.R" => Some("SAR"),
        "Dhs" | "DHS" | "Dh" => Some("AED"),
        // Moneda nacional, as Mexico writes it behind pesos.
        "MN" | "M.N" => Some("MXN"),
        "TL" => Some("TRY"),
        _ => None,
    };
    if let Some(code) = letters {
        return Currency::parse(code).ok().map(Sign::Own);
    }
    if OWN_SIGNS.contains(&lower.as_str()) {
        return named_by(word).map(Sign::Own);
    }
    if word.len() == 3 && word.bytes().all(|b| b.is_ascii_uppercase()) && !NOT_AS_WORD.contains(&word) {
        return Currency::parse(word).ok().map(Sign::Own);
    }
    if lower.chars().count() < 3 || !lower.chars().all(char::is_alphabetic) {
        return None;
    }
    let token = currencies.token(&super::lexicon::fold(&lower), false)?;
    let hit = currencies.find(&[Some(token)]).first().copied()?;
    let code = currencies.keys()[hit.key].strip_prefix("name ")?;
    Currency::parse(code).ok().map(Sign::Own)
}

/// The currency of a sign that is no word (`€`, `R$`, `zł`), wherever it stands: `Totale €` names the currency of a whole column.
pub fn lone_sign(word: &str) -> Option<Currency> {
    let word = word.trim_matches(['(', ')', ',', ';', ':', '"']);
    let is_sign = word.chars().any(|c| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '/')) || word.eq_ignore_ascii_case("s/");
    let own = is_sign && OWN_SIGNS.contains(&word.to_lowercase().as_str());
    own.then(|| named_by(word)).flatten()
}

/// The currency that a sign names by itself.
fn named_by(sign: &str) -> Option<Currency> {
    amount_readings(&format!("{sign} 1")).ok()?.first().and_then(|r| r.currency)
}

/// `4,120,00` and `2,45000` in pixels: the mark before the decimals was seen as the other one, or not at all. Thousands stand in threes, so
/// there is one number that can be meant.
fn lost_mark(core: &str) -> Option<String> {
    let from = core.find(|c: char| c.is_ascii_digit())?;
    let (sign, number) = core.split_at(from);
    let mark = number.chars().find(|c| !c.is_ascii_digit()).filter(|c| matches!(c, ',' | '.'))?;
    let mut groups: Vec<&str> = number.split(mark).collect();
    if groups.iter().any(|g| g.is_empty() || !g.bytes().all(|b| b.is_ascii_digit())) || groups.first()?.len() > 3 {
        return None;
    }
    let last = groups.pop()?;
    let threes = groups.iter().skip(1).all(|g| g.len() == 3);
    let other = if mark == ',' { '.' } else { ',' };
    let (thousands, decimals) = match last.len() {
        2 if groups.len() >= 2 => (None, last),
        5 => (last.get(..3), last.get(3..)?),
        _ => return None,
    };
    groups.extend(thousands);
    // Signs that are seen as letters, as in `number_at`.
    let sign = match sign {
        "P" => "PHP ",
        "N" => "₦",
        other => other,
    };
    threes.then(|| format!("{sign}{}{other}{decimals}", groups.join(&mark.to_string())))
}

/// The number at `span` of a segment is the decimals of another, or has its own decimals in a word behind it: `1.384` and `,60`, `640` and a
/// small `75`. Either half is another amount than the one that is written.
fn is_half_of_number(layout: &Layout<'_>, words: &[usize], pieces: &[&str], span: &std::ops::Range<usize>) -> bool {
    let ends_in_digit = |piece: &&str| piece.trim_end_matches([',', '.', ':', '"', '\'']).ends_with(|c: char| c.is_ascii_digit());
    let before = span.start.checked_sub(1).and_then(|b| pieces.get(b));
    let begins_with_mark = pieces.get(span.start).is_some_and(|p| {
        p.trim_start_matches(['-', '−', '–', '+'])
            .strip_prefix([',', '.'])
            .is_some_and(|r| r.starts_with(|c: char| c.is_ascii_digit()))
    });
    let ocr = words.get(span.start).is_some_and(|&w| layout.is_ocr(w));
    if begins_with_mark && (ocr || before.is_some_and(ends_in_digit)) {
        return true;
    }
    let (Some(&last), Some(&next)) = (span.end.checked_sub(1).and_then(|l| words.get(l)), words.get(span.end)) else {
        return false;
    };
    let Some(behind) = pieces.get(span.end).filter(|_| layout.is_ocr(next) && layout.is_ocr(last)) else { return false };
    let two = |text: &str| {
        let (figures, rest) = text.split_at_checked(2).unwrap_or(("", ""));
        let alone = rest.chars().all(|c| !c.is_ascii_digit() && !matches!(c, '/' | ':' | '.' | '%' | '-'));
        figures.len() == 2 && figures.bytes().all(|b| b.is_ascii_digit()) && alone
    };
    let height = |w: usize| layout.words[w].region.y1.saturating_sub(layout.words[w].region.y0);
    let whole = pieces.get(last_of(span)).is_some_and(|p| {
        ends_in_digit(p) && p.rsplit([',', '.']).next().is_some_and(|group| group.len() == 3 || group.len() == p.len())
    });
    let smaller = height(next).saturating_mul(10) <= height(last).saturating_mul(8);
    let large = height(last).saturating_mul(4) >= layout.usual_height(layout.words[last].region.page).saturating_mul(5);
    match behind.strip_prefix([',', '.']) {
        Some(rest) => two(rest) || begins_with_group(rest),
        None => whole && smaller && large && two(behind),
    }
}

/// `00,500.50`: up to three figures, a mark, and more: the groups of a number whose head is elsewhere.
fn begins_with_group(text: &str) -> bool {
    let count = text.bytes().take_while(u8::is_ascii_digit).count();
    let behind = text.get(count..).and_then(|rest| rest.strip_prefix([',', '.']));
    (1..=3).contains(&count) && behind.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// Figures stand right beside the number at `span`, and the two may be one: `1 1 80.45 €` for 1 180,45 €, `3 89000 kr` for 3 890,00 kr,
/// `$ 1.890' 50` for cents in small letters. What a date, a time or an account took does not count.
fn touches_figures(
    layout: &Layout<'_>,
    words: &[usize],
    pieces: &[&str],
    span: &std::ops::Range<usize>,
    taken: &[bool],
    before: Option<&Amount>,
) -> bool {
    let free =
        |at: usize| layout.is_ocr(words[at]) && (!taken[at] || before.is_some_and(|amount| amount.words.contains(&words[at])));
    let number: String = span.clone().map(|at| pieces[at]).collect();
    // `1/4 99€` for 174,99 €: two figures behind taller ones are their decimals, whatever those were seen as.
    let height = |at: usize| layout.words[words[at]].region.y1.saturating_sub(layout.words[words[at]].region.y0);
    let is_pair = figures(&number).len() == 2 && figures(&number).bytes().all(|b| b.is_ascii_digit());
    let behind_taller = is_pair
        && span.start.checked_sub(1).is_some_and(|at| {
            free(at)
                && pieces[at].bytes().any(|b| b.is_ascii_digit())
                && height(at).saturating_mul(10) >= height(span.start).saturating_mul(14)
        });
    if behind_taller {
        return true;
    }
    let head = span.start.checked_sub(1).filter(|&at| free(at)).map(|at| pieces[at]);
    let tail = Some(span.end).filter(|&at| at < pieces.len() && free(at)).map(|at| pieces[at]);
    // Noughts in small letters behind whole groups of thousands change nothing: `kr 1 845 00`.
    let groups = span.len() > 1 || figures(&number).contains(['.', ',']);
    let noughts = tail.is_some_and(|tail| groups && figures(tail) == "00" && tail.trim_matches(['.', ',']).len() == 2);
    head.is_some_and(|head| could_begin(head, &number) || is_torn(head, &number))
        || (!noughts && tail.is_some_and(|tail| could_end(&number, tail) || is_torn(&number, tail)))
}

/// One number torn inside a group of thousands: `1.31 8,65` for 1.318,65.
fn is_torn(head: &str, tail: &str) -> bool {
    let (head, tail) = (figures(head), figures(tail));
    let Some((lead, last)) = head.rsplit_once(['.', ',']) else { return false };
    let whole = tail.split(['.', ',']).next().unwrap_or("");
    let rest = tail.get(whole.len()..).unwrap_or("");
    let mark = head.as_bytes().get(lead.len());
    let decimals = rest.len() == 3 && rest.as_bytes().first() != mark;
    !last.is_empty() && !whole.is_empty() && last.len().saturating_add(whole.len()) == 3 && decimals
}

/// The figures of a number, from the first to the last.
fn figures(text: &str) -> &str {
    let from = text.find(|c: char| c.is_ascii_digit()).unwrap_or(text.len());
    let to = text.rfind(|c: char| c.is_ascii_digit()).map_or(from, |at| at.saturating_add(1));
    text.get(from..to).unwrap_or("")
}

/// Figures before a number that may be its first: at most three, or groups, and together still a number that can be written.
fn could_begin(head: &str, number: &str) -> bool {
    let (first, rest) = (figures(head), figures(number));
    let sign =
        |text: &str| text.chars().any(|c| c.is_alphanumeric() && !c.is_ascii_digit()) || text.contains(['/', ':', '%', '#', '(']);
    // `kr 738` behind figures begins with a sign of its own.
    if first.is_empty()
        || sign(head)
        || number.trim_start_matches(['-', '−', '–', '+']).find(|c: char| c.is_ascii_digit()) != Some(0)
    {
        return false;
    }
    let grouped = first.contains(['.', ',']);
    let open = if grouped {
        first.rsplit(['.', ',']).next().is_some_and(|last| last.len() == 3) && rest.len() <= 3
    } else {
        first.len() <= 3 && !head.ends_with(['.', ')'])
    };
    // `118 1.250,00`: the second has thousands of its own, and before them there is room for three figures at most.
    let lead = rest.split(['.', ',', '\'']).next().unwrap_or("").len();
    let groups = rest.split(['.', ',', '\'']).skip(1).any(|group| group.len() == 3);
    open && (!groups || first.len().saturating_add(lead) <= 3)
}

/// Figures behind a number that may be its last: two or three of them, with a mark or the sign of a currency or nothing.
fn could_end(number: &str, tail: &str) -> bool {
    let last = figures(number);
    let decimals = last.rsplit(['.', ',']).next().is_some_and(|group| group.len() <= 2 && group.len() < last.len());
    let bare = tail.trim_start_matches(['\'', '"', ',', '.', '’']).trim_end_matches(['\'', '"', '.', '’']);
    let count = bare.bytes().filter(u8::is_ascii_digit).count();
    let few = (2..=3).contains(&bare.len()) && count == bare.len();
    // `c0€`: decimals that were seen as letters, with the sign still on them.
    let sign = bare.chars().last().is_some_and(|c| matches!(c, '€' | '£' | '₺' | '₹' | '$' | '₽'));
    let garbled = sign && count > 0 && bare.chars().count() <= 4;
    !decimals && (few || garbled)
}

/// `1,094.2`: money has two figures behind its mark, so the last may not have been seen.
fn lacks_last(number: &str) -> bool {
    let last = figures(number).rsplit_once(['.', ',']).map(|(_, last)| last);
    last.is_some_and(|last| last.len() == 1)
}

/// Five figures or more without any mark.
fn is_unmarked(number: &str) -> bool {
    let run = figures(number);
    run.len() >= 5 && run.bytes().all(|b| b.is_ascii_digit())
}

fn last_of(span: &std::ops::Range<usize>) -> usize {
    span.end.saturating_sub(1)
}

/// Digits with a mark among them, and nothing else but the sign of a currency.
fn is_part_of_number(piece: &str) -> bool {
    let number = piece.trim_start_matches(|c: char| !c.is_ascii_digit() && !c.is_alphabetic());
    number.contains(['.', ','])
        && number.bytes().filter(u8::is_ascii_digit).count() >= 4
        && number.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ','))
}

fn amounts_in(
    layout: &Layout<'_>,
    currencies: &Lexicon,
    segment: usize,
    pieces: &[&str],
    taken: &mut [bool],
    found: &mut Vec<Amount>,
) {
    let words = &layout.segments[segment].words;
    let mut at = 0;
    while at < words.len() {
        let Some((length, core)) = (!taken[at]).then(|| number_at(pieces, taken, at, currencies)).flatten() else {
            at = at.saturating_add(1);
            continue;
        };
        let mut span = at..at.saturating_add(length);
        at = span.end;
        let ocr = words[span.clone()].iter().all(|&w| layout.is_ocr(w));
        let mut mended = if ocr { lost_mark(&core) } else { None };
        // The decimals were seen a second time, in a word of their own.
        if let (Some(text), Some(next)) = (&mut mended, pieces.get(span.end)) {
            let decimals = text.get(text.len().saturating_sub(2)..).unwrap_or("");
            let sign = next
                .strip_prefix(decimals)
                .filter(|rest| !rest.contains(|c: char| c.is_ascii_digit()) && rest.chars().count() <= 3);
            if let Some(sign) = sign {
                text.push_str(sign);
                span.end = span.end.saturating_add(1);
                at = span.end;
            }
        }
        let number = mended.as_deref().unwrap_or(&core);
        let Ok(readings) = amount_readings(number) else { continue };
        // `839,` at the end of a line of pixels: what stood behind the mark was seen elsewhere or not at all.
        let last = span.end.saturating_sub(1);
        let lacks_decimals = span.end == words.len() && layout.is_ocr(words[last]) && pieces[last].ends_with(',');
        if pieces.get(span.end).is_some_and(|p| p.starts_with('%')) {
            continue;
        }
        if is_half_of_number(layout, words, pieces, &span) {
            continue;
        }
        // `1.780⁴⁵ €` read as `1.78045 45€`: cents in small letters, seen twice or by themselves. Neither part is the amount.
        let broken = span.start.checked_sub(1).filter(|&b| {
            let few = core.bytes().filter(u8::is_ascii_digit).count() <= 3 && !core.contains(['.', ',']);
            few && layout.is_ocr(words[b]) && is_part_of_number(pieces[b]) && date_readings(pieces[b]).is_empty()
        });
        if let Some(head) = broken {
            if found.last().is_some_and(|amount| amount.words.contains(&words[head])) {
                found.pop();
            }
            continue;
        }
        let in_pieces =
            lacks_decimals || ocr && (touches_figures(layout, words, pieces, &span, taken, found.last()) || lacks_last(number));
        let unmarked = ocr && is_unmarked(number);
        let mut currency = readings.iter().find_map(|r| r.currency);
        let mut shared_sign = currency.is_none().then(|| shared_in(&core)).flatten();
        let mut currency_words: Vec<usize> =
            if currency.is_some() || shared_sign.is_some() { words[span.clone()].to_vec() } else { Vec::new() };
        // Beside it: `S/ 5`, `49,99 EUR`; the side before is asked first.
        let before = span.start.checked_sub(1).filter(|&b| !taken[b]);
        let after = Some(span.end).filter(|&a| a < words.len() && !taken[a]);
        for beside in [before, after].into_iter().flatten() {
            if currency.is_some() {
                break;
            }
            match sign_of(pieces[beside], currencies) {
                Some(Sign::Own(own)) => currency = Some(own),
                Some(Sign::Shared) if shared_sign.is_none() => shared_sign = Some(format!("{} 1", pieces[beside].to_lowercase())),
                Some(Sign::Shared) | None => continue,
            }
            currency_words.push(words[beside]);
            span = span.start.min(beside)..span.end.max(beside.saturating_add(1));
        }
        let mut words_of_amount = words[span.clone()].to_vec();
        if currency.is_none() && shared_sign.is_none() && span.start == 0 {
            let row = &layout.rows[layout.segments[segment].row].segments;
            let left = segment.checked_sub(1).filter(|s| row.contains(s)).map(|s| layout.segments[s].words.as_slice());
            let aside = match left {
                // `IMPORTE   S/      780.00`: the sign stands by itself to the left, in a column of its own.
                Some(&[sign]) => Some((sign, true)),
                Some(_) => None,
                // At the end of the line before, the box is the number's.
                None => at_line_end(layout, words[0]).map(|sign| (sign, false)),
            };
            if let Some((sign, in_box)) = aside {
                let text = layout.words[sign].text.as_str();
                match sign_of(text, currencies) {
                    Some(Sign::Own(own)) => currency = Some(own),
                    Some(Sign::Shared) => shared_sign = Some(format!("{} 1", text.to_lowercase())),
                    None => {}
                }
                if currency.is_some() || shared_sign.is_some() {
                    currency_words.push(sign);
                    if in_box {
                        words_of_amount.insert(0, sign);
                    }
                }
            }
        }
        at = at.max(span.end);
        let mut kept: Vec<(String, Option<DecimalMark>)> = readings.into_iter().map(|r| (r.decimal, r.mark)).collect();
        if let Some(currency) = currency {
            // `1.234` dollars can only be a thousand and more: there are no tenths of cents.
            let fits: Vec<_> =
                kept.iter().filter(|(d, _)| quittance_rules::money::Money::parse(d, currency).is_ok()).cloned().collect();
            if !fits.is_empty() {
                kept = fits;
            }
        }
        let has_fraction = kept.iter().any(|(d, _)| d.contains('.'));
        taken[span.clone()].fill(true);
        found.push(Amount {
            words: words_of_amount,
            segment,
            readings: kept,
            currency,
            currency_words,
            shared_sign,
            has_fraction,
            in_pieces,
            unmarked,
        });
    }
}

/// `… the transfer of USD` at the end of a line of prose, the number at the head of the next: the word before the number. In a table a
/// sign there belongs to the header of another column.
fn at_line_end(layout: &Layout<'_>, number: usize) -> Option<usize> {
    let prose = |w: usize| layout.rows[layout.segments[layout.segment_of[w]].row].segments.len() == 1;
    let before = number.checked_sub(1).filter(|&w| prose(w) && prose(number))?;
    let (there, here) = (&layout.words[before], &layout.words[number]);
    (there.region.page == here.region.page && there.line.checked_add(1) == Some(here.line)).then_some(before)
}

fn shared_in(core: &str) -> Option<String> {
    let lower = core.to_lowercase();
    let sign: String =
        lower.chars().filter(|c| !(c.is_ascii_digit() || matches!(c, ' ' | ',' | '-' | '+' | '(' | ')' | '\''))).collect();
    let sign = sign.trim_matches('.');
    let sign =
        if SHARED_SIGNS.contains(&sign) { sign } else { SHARED_SIGNS.iter().find(|s| s.len() <= 2 && lower.contains(*s))? };
    (sign != "c" && !sign.is_empty()).then(|| format!("{sign} 1"))
}

/// The text of a number that starts at a piece: one word, or several when spaces group its digits (`1 234,56`), with a sign apart.
fn number_at(pieces: &[&str], taken: &[bool], at: usize, currencies: &Lexicon) -> Option<(usize, String)> {
    let piece = trimmed_amount(pieces[at]);
    // SWIFT printouts fence an amount in: `#33.450,20#`.
    let piece = piece.strip_suffix('#').filter(|p| p.contains([',', '.'])).map_or(piece, |p| p.trim_start_matches('#'));
    if piece.contains('%') || piece.contains('#') {
        return None;
    }
    // Cheques and their stubs fill the place before the number: `$****4,574.70`.
    let filled = piece.split_once("**").map(|(sign, rest)| (sign, rest.trim_start_matches('*')));
    let unfilled = filled
        .filter(|(sign, rest)| !sign.contains(|c: char| c.is_ascii_digit()) && rest.starts_with(|c: char| c.is_ascii_digit()));
    if let Some((sign, number)) = unfilled {
        return (!number.contains('*')).then(|| (1, format!("{sign}{number}")));
    }
    if !piece.bytes().any(|b| b.is_ascii_digit()) {
        // A lone minus before the number; after other words it is a dash.
        if at == 0 && matches!(piece, "-" | "–" | "−") && !taken.get(at.saturating_add(1)).copied().unwrap_or(true) {
            let next = trimmed_amount(pieces[at.saturating_add(1)]);
            let money = next.contains(['.', ',']) && next.bytes().any(|b| b.is_ascii_digit());
            return (money && !next.contains('%')).then(|| (2, format!("-{next}")));
        }
        return None;
    }
    let swiss = swiss_mark(piece);
    let piece = swiss.as_str();
    if let Some(text) = dollars_of(piece) {
        return Some((1, text));
    }
    let glued = glued_letters(piece);
    if let Some((letters, number)) = glued {
        match letters.to_ascii_lowercase().as_str() {
            "ksh" | "kshs" | "kes" => return Some((1, format!("KES {}", number.trim_start_matches('.')))),
            // Nigerians write the naira's sign as N where a keyboard lacks it, and readers of letters see it so.
            "n" if is_grouped_or_fraction(number) => return Some((1, format!("₦{number}"))),
            "q" if is_grouped_or_fraction(number) => return Some((1, format!("GTQ {number}"))),
            // The sign of the Philippine peso is a P with two strokes, and readers of letters see the P.
            "p" if is_grouped_or_fraction(number) => return Some((1, format!("PHP {number}"))),
            // So is the sign of the yen seen as Y.
            "y" if is_grouped_or_fraction(number) => return Some((1, format!("¥{number}"))),
            // `FT2631400871`, `RM44120`: a code. Amounts of that size are written with marks, or behind a currency's code.
            _ if number.bytes().all(|b| b.is_ascii_digit()) && number.len() >= 5 && Currency::parse(letters).is_err() => {
                return None;
            }
            _ => {}
        }
    }
    if let Some(number) = dong_of(piece) {
        return Some((1, format!("VND {number}")));
    }
    // `KR-556120`: a number of something with a prefix, not so many kronor the other way round.
    let prefixed = piece.split_once('-').is_some_and(|(letters, number)| {
        !letters.is_empty()
            && letters.bytes().all(|b| b.is_ascii_alphabetic())
            && number.len() >= 4
            && number.bytes().all(|b| b.is_ascii_digit() || b == b'-')
    });
    if prefixed {
        return None;
    }
    let digits = piece.bytes().filter(u8::is_ascii_digit).count();
    let marks = piece.contains(['.', ',']);
    let bare = piece.bytes().all(|b| b.is_ascii_digit());
    // Long runs of bare digits, and those that begin with a zero, are numbers of something, not amounts.
    if bare && (digits > 9 || (piece.starts_with('0') && digits > 1)) {
        return None;
    }
    // `1,014, 330.00`: a gap that a reader of letters saw behind the mark.
    if let Some(next) = pieces.get(at.saturating_add(1)).filter(|_| !taken[at.saturating_add(1)])
        && let Some(mark) = pieces[at].chars().last().filter(|c| matches!(c, ',' | '.'))
        && let next = trimmed_amount(next)
        && let Some((group, fraction)) = next.split_at_checked(3)
        && group.bytes().all(|b| b.is_ascii_digit())
        && fraction.len() == 3
        && fraction.starts_with([',', '.'])
        && !fraction.starts_with(mark)
        && fraction.bytes().skip(1).all(|b| b.is_ascii_digit())
        && piece.split(|c: char| !c.is_ascii_digit()).next_back().is_some_and(|last| last.len() == 3 || !marks && digits <= 3)
    {
        return Some((2, format!("{piece}{mark}{next}")));
    }
    // `₹1 ,00,500.50`: the same before the mark.
    if let Some(next) = pieces.get(at.saturating_add(1)).filter(|_| !taken[at.saturating_add(1)])
        && !marks
        && digits <= 3
        && let joined = format!("{piece}{}", trimmed_amount(next))
        && next.starts_with([',', '.'])
        && begins_with_group(&next[1..])
        && is_grouped_with_fraction(figures(&joined))
    {
        return Some((2, joined));
    }
    if !marks && digits <= 3 {
        let mut text = piece.to_owned();
        let mut length = 1;
        let mut done = false;
        while !done {
            let Some(next) = pieces.get(at.saturating_add(length)).filter(|_| !taken[at.saturating_add(length)]) else { break };
            let next = trimmed_amount(next);
            // `1 ,320.00`: a gap that a reader of letters saw before the mark.
            let mark = next.strip_prefix([',', '.']).filter(|_| length == 1 && next.len() >= 7);
            let next = mark.unwrap_or(next);
            let group = next.as_bytes();
            let three = group.len() >= 3 && group[..3].iter().all(u8::is_ascii_digit);
            let rest = next.get(3..).unwrap_or("");
            let fraction = rest.strip_prefix([',', '.']);
            let fraction_ok = fraction.is_some_and(|f| {
                f.bytes().take_while(u8::is_ascii_digit).count() == 2 && !f.bytes().skip(2).any(|b| b.is_ascii_digit())
            });
            if !three || !(rest.is_empty() || fraction_ok) {
                break;
            }
            text.push(' ');
            text.push_str(next);
            length = length.saturating_add(1);
            done = !rest.is_empty();
        }
        if length > 1 && done {
            return Some((length, text));
        }
        // Without a fraction, groups of three may be parts of a phone number or two columns, unless a currency stands beside them or nothing
        // else does. `350` alone out of `2 350 kr` would be another amount.
        if length > 1 {
            let sign = |piece: Option<&&str>| piece.is_some_and(|p| sign_of(p, currencies).is_some());
            let whole = at == 0 && at.saturating_add(length) == pieces.len() && !piece.starts_with('0');
            let beside = sign(pieces.get(at.saturating_add(length))) || sign(at.checked_sub(1).and_then(|b| pieces.get(b)));
            if beside || whole {
                return Some((length, text));
            }
        }
    }
    Some((1, piece.to_owned()))
}

/// `2*340.55`: the mark that Switzerland sets between thousands is seen as a star, an accent or a quote.
fn swiss_mark(piece: &str) -> String {
    let letters: Vec<char> = piece.chars().collect();
    let is_digit = |at: usize| letters.get(at).is_some_and(char::is_ascii_digit);
    letters
        .iter()
        .enumerate()
        .map(|(at, &letter)| {
            let group = matches!(letter, '*' | '´' | '`' | '"' | '°' | '’' | '‘' | '”' | '^')
                && at.checked_sub(1).is_some_and(is_digit)
                && (1..=3).all(|n| is_digit(at.saturating_add(n)))
                && !is_digit(at.saturating_add(4));
            if group { '\'' } else { letter }
        })
        .collect()
}

/// `1.250.000đ`: the number before the sign of the dong. Readers of letters without Vietnamese see a plain d, which is the sign only behind
/// thousands that stand in groups, as the dong has no fraction.
fn dong_of(piece: &str) -> Option<&str> {
    let (number, plain) = match piece.strip_suffix(['đ', '₫', 'Đ']) {
        Some(number) => (number, false),
        None => (piece.strip_suffix('d')?, true),
    };
    let mark = number.chars().find(|c| !c.is_ascii_digit())?;
    let mut groups = number.trim_start_matches(['-', '+', '−']).split(mark);
    let head = groups.next()?;
    let digits = |group: &str| group.bytes().all(|b| b.is_ascii_digit());
    let whole = digits(head) && (1..=3).contains(&head.len()) && groups.all(|g| g.len() == 3 && digits(g));
    (whole && (mark == '.' || (mark == ',' && !plain))).then_some(number)
}

/// `CAD$839.38`, `MXN$1,200`, and `AS$2,609.07`, as `A$` is often seen: the dollar or peso that the letters name, and the number.
fn dollars_of(piece: &str) -> Option<String> {
    let (letters, number) = piece.split_once('$')?;
    let code = match letters {
        "A" | "AS" | "AU" | "AUD" => "AUD",
        "CA" | "CAD" | "CDN" => "CAD",
        "US" | "USD" | "U" => "USD",
        "NZ" | "NZD" => "NZD",
        "HK" | "HKD" => "HKD",
        "MX" | "MXN" => "MXN",
        "COP" | "COL" => "COP",
        "CLP" => "CLP",
        "ARS" | "AR" => "ARS",
        "SGD" => "SGD",
        // `C$` is Canada's and Nicaragua's.
        _ => return None,
    };
    number.starts_with(|c: char| c.is_ascii_digit()).then(|| format!("{code} {number}"))
}

/// Letters right before a number: `Ksh4,500`.
fn glued_letters(piece: &str) -> Option<(&str, &str)> {
    let piece = piece.trim_start_matches('(').trim_end_matches(')');
    let at = piece.find(|c: char| !c.is_ascii_alphabetic())?;
    let (letters, number) = piece.split_at(at);
    let first = number.trim_start_matches('.').chars().next()?;
    (!letters.is_empty() && first.is_ascii_digit()).then_some((letters, number))
}

/// `75,000.00`, `75,000`, `75.50`: written as money is.
fn is_grouped_or_fraction(number: &str) -> bool {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "00"));
    let mut groups = whole.split(',');
    let head = groups.next().unwrap_or("");
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    let mut count = 0_usize;
    let three = groups.all(|g| {
        count = count.saturating_add(1);
        g.len() == 3 && digits(g)
    });
    digits(head)
        && three
        && fraction.len() == 2
        && digits(fraction)
        && (count > 0 || number.contains('.'))
        && (count == 0 || head.len() <= 3)
}

/// `1,00,500.50`, `12.500,00`: groups of three behind a head of one to three figures, or as India writes them, of two but for the last; then two
/// decimals behind the other mark.
fn is_grouped_with_fraction(number: &str) -> bool {
    let Some((whole, fraction)) = number.rsplit_once(['.', ',']) else { return false };
    let decimal_mark = number.as_bytes().get(whole.len());
    let group_mark = if decimal_mark == Some(&b'.') { ',' } else { '.' };
    let groups: Vec<&str> = whole.split(group_mark).collect();
    let digits = |text: &&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let [head, middle @ .., last] = groups.as_slice() else { return false };
    groups.iter().all(digits)
        && fraction.len() == 2
        && digits(&fraction)
        && last.len() == 3
        && (middle.iter().all(|group| group.len() == 3) && head.len() <= 3
            || middle.iter().all(|group| group.len() == 2) && head.len() <= 2)
}

fn trimmed_amount(piece: &str) -> &str {
    let piece = piece
        .trim_matches(['"', '“', '”', '«', '»', '[', ']', '{', '}', '|', '¡', '¿', '!', '?', ';', ':', '•', '*', '~'])
        .trim_end_matches([',', '.', ';', ':', '*']);
    // `2,18,640/-`, `4,500/=`: no paise or cents follow, as South Asia and East Africa write.
    let piece = piece.strip_suffix("/-").or_else(|| piece.strip_suffix("/=")).unwrap_or(piece);
    // A parenthesis that is not closed here encloses more than the number.
    match (piece.starts_with('('), piece.ends_with(')')) {
        (true, false) => piece.trim_start_matches('('),
        (false, true) => piece.trim_end_matches(')'),
        _ => piece,
    }
}
