//! Amounts as people and banks write them: `1.234,56`, `(12.00)`, `12.00-`, `1 234,56 CR`, `S/ 1,250.00`, `€ 1.180,-`.
//!
//! A text is read under the convention of its decimal mark. Where both conventions give an amount, both are given:
//! nothing is guessed. Plain decimals (`.` and no grouping) need none of this and go through [`Money::parse`].

use crate::money::{AmountError, Currency, Money};

/// Which character stands before the fraction; the other one may group digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DecimalMark {
    /// `1,234.56`
    Point,
    /// `1.234,56`
    Comma,
}

impl DecimalMark {
    /// The character.
    pub const fn as_char(self) -> char {
        match self {
            Self::Point => '.',
            Self::Comma => ',',
        }
    }

    /// The other convention's mark, which this one may use for grouping.
    pub const fn other(self) -> Self {
        match self {
            Self::Point => Self::Comma,
            Self::Comma => Self::Point,
        }
    }
}

/// One way to read a text as an amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AmountReading {
    /// Plain decimal, signed (`-1234.56`), as [`Money::parse`] takes it. The fraction is as written.
    pub decimal: String,
    /// The convention this reading needs; `None` when the text means the same in both.
    pub mark: Option<DecimalMark>,
    /// The currency the text itself names; `None` where it names none or only a sign that several share (`$`, `¥`, `kr`).
    pub currency: Option<Currency>,
}

/// Why a text is no amount. Every message shows the text, cut to 40 characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AmountTextError {
    /// Nothing but space.
    #[error("the amount is empty")]
    Empty,
    /// Longer than any amount.
    #[error("`{0}…` is too long for an amount")]
    TooLong(String),
    /// No digit in it.
    #[error("`{0}` holds no digit")]
    NoDigits(String),
    /// Something beside digits, marks, signs and currencies.
    #[error("`{text}` is not an amount: `{unknown}` is neither a sign nor a currency")]
    Unknown {
        /// The whole text.
        text: String,
        /// The part nobody knows.
        unknown: String,
    },
    /// Two marks in a row, digits grouped in other than threes, two decimal marks.
    #[error("`{0}` is not an amount: its digits are not grouped as any amount's are")]
    Grouping(String),
    /// Two minus signs, a minus beside `CR`, one parenthesis.
    #[error("`{0}` is not an amount: its signs contradict each other")]
    Signs(String),
    /// Two currencies.
    #[error("`{text}` names {one} and {other}")]
    TwoCurrencies {
        /// The whole text.
        text: String,
        /// The first.
        one: String,
        /// The second.
        other: String,
    },
    /// An amount, but not under the convention asked for.
    #[error("`{text}` is not an amount with decimal {}", match .mark { DecimalMark::Point => "point", DecimalMark::Comma => "comma" })]
    OtherMark {
        /// The whole text.
        text: String,
        /// The convention asked for.
        mark: DecimalMark,
    },
    /// The text names another currency than the one it is read in.
    #[error("`{text}` is in {found}, not in {expected}")]
    OtherCurrency {
        /// The whole text.
        text: String,
        /// What the text names.
        found: String,
        /// What it was to be.
        expected: Currency,
    },
    /// A number, but finer than the currency or too large.
    #[error(transparent)]
    Amount(#[from] AmountError),
}

/// No bank or person needs more; a longer text is not looked at.
const LONGEST: usize = 64;

/// Every reading of a text as an amount: one, or two when the decimal mark decides (`1.234`). Readings finer than the minor
/// unit of the currency named in the text are left out (`EUR 1.234` can only be 1234), and both signs of one text agree.
///
/// # Errors
/// Says why the text is no amount under either convention.
pub fn amount_readings(text: &str) -> Result<Vec<AmountReading>, AmountTextError> {
    let parts = take_apart(text)?;
    let currency = parts.currency.known();
    let point = parts.number(DecimalMark::Point);
    let comma = parts.number(DecimalMark::Comma);
    let found = match (point, comma) {
        (Some(a), Some(b)) if a == b => vec![(a, None)],
        (a, b) => [(a, DecimalMark::Point), (b, DecimalMark::Comma)]
            .into_iter()
            .filter_map(|(number, mark)| number.map(|n| (n, Some(mark))))
            .collect(),
    };
    if found.is_empty() {
        return Err(AmountTextError::Grouping(shown(text)));
    }
    let mut refused = None;
    let mut readings = Vec::with_capacity(found.len());
    for (decimal, mark) in found {
        match currency.map(|c| Money::parse(&decimal, c)) {
            Some(Err(error)) => refused = Some(error),
            Some(Ok(_)) | None => readings.push(AmountReading { decimal, mark, currency }),
        }
    }
    match refused {
        Some(error) if readings.is_empty() => Err(error.into()),
        Some(_) | None => Ok(readings),
    }
}

/// Reads an amount of a known currency written under a known convention. Strict: `12.34` is refused where the mark is a
/// comma, `1,23` is refused where it is a point, and a text that names another currency is refused.
///
/// # Errors
/// Says why the text is no such amount.
pub fn read_amount(text: &str, mark: DecimalMark, currency: Currency) -> Result<Money, AmountTextError> {
    // What fills statement files: digits, at most a minus sign before them and one mark among them. Nothing to take apart.
    let digits = text.strip_prefix('-').unwrap_or(text);
    if let [b'0'..=b'9', .., b'0'..=b'9'] | [b'0'..=b'9'] = digits.as_bytes() {
        let marks = digits.bytes().filter(|b| !b.is_ascii_digit()).count();
        if marks == 0 || (marks == 1 && mark == DecimalMark::Point && digits.contains('.')) {
            return Ok(Money::parse(text, currency)?);
        }
    }
    let parts = take_apart(text)?;
    if let Some(found) = parts.currency.clash_with(currency) {
        return Err(AmountTextError::OtherCurrency { text: shown(text), found, expected: currency });
    }
    let number = parts.number(mark).ok_or_else(|| match parts.number(mark.other()) {
        Some(_) => AmountTextError::OtherMark { text: shown(text), mark },
        None => AmountTextError::Grouping(shown(text)),
    })?;
    Ok(Money::parse(&number, currency)?)
}

/// Writes an amount without its currency under a convention, with digits in threes where a grouping character is given:
/// `-1.234,50`. [`read_amount`] reads it back.
pub fn write_amount(money: Money, mark: DecimalMark, group: Option<char>) -> String {
    let plain = money.amount();
    let (sign, digits) = plain.strip_prefix('-').map_or(("", plain.as_str()), |d| ("-", d));
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(w, f)| (w, Some(f)));
    let mut written = String::from(sign);
    let mut left = whole.len();
    for digit in whole.chars() {
        written.push(digit);
        left = left.saturating_sub(1);
        if let Some(group) = group.filter(|_| left > 0 && left.is_multiple_of(3)) {
            written.push(group);
        }
    }
    if let Some(fraction) = fraction {
        written.push(mark.as_char());
        written.push_str(fraction);
    }
    written
}

/// The value of a decimal digit of the scripts that amounts and dates are printed in: ASCII, Arabic-Indic, Persian,
/// Devanagari, Bengali, Thai, full-width. Source: Unicode general category Nd.
pub(crate) fn decimal_digit(c: char) -> Option<u32> {
    const ZEROS: [char; 7] = ['0', '\u{0660}', '\u{06F0}', '\u{0966}', '\u{09E6}', '\u{0E50}', '\u{FF10}'];
    ZEROS.iter().find_map(|&zero| u32::from(c).checked_sub(u32::from(zero)).filter(|&value| value < 10))
}

/// Marks of writing direction and joiners, which carry no meaning in a number.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{061C}' | '\u{202A}'..='\u{202E}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

fn shown(text: &str) -> String {
    text.trim().chars().take(40).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The Arabic decimal mark, which no convention uses for anything else.
const ARABIC_DECIMAL: char = '\u{066B}';
/// The Arabic grouping mark.
const ARABIC_GROUP: char = '\u{066C}';

/// One character for all that mean the same.
fn folded(c: char) -> char {
    if let Some(digit) = decimal_digit(c).and_then(|d| char::from_digit(d, 10)) {
        return digit;
    }
    match c {
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{FE63}' | '\u{FF0D}' => '-',
        '\u{FF0B}' => '+',
        '\u{2018}' | '\u{2019}' | '\u{02BC}' | '\u{FF07}' | '`' | '\u{00B4}' => '\'',
        '\u{FF0C}' => ',',
        '\u{FF0E}' => '.',
        '\u{FF08}' => '(',
        '\u{FF09}' => ')',
        '\u{FF04}' | '\u{FE69}' => '$',
        '\u{FFE5}' => '¥',
        '\u{FFE1}' => '£',
        c if c.is_whitespace() => ' ',
        c => c,
    }
}

/// A text taken apart, before the decimal mark is decided.
struct Parts {
    /// Digits and marks only; begins and ends with a digit, or begins with a mark.
    core: Vec<char>,
    /// The mark that a dash in place of the fraction follows (`1.180,-`).
    dashed: Option<char>,
    negative: bool,
    currency: Named,
}

/// What the text says about its currency.
#[derive(Clone, PartialEq, Eq)]
enum Named {
    Nothing,
    One(Currency),
    /// A sign that several currencies share: their codes, and the sign.
    Several(&'static [&'static str], String),
}

impl Named {
    fn known(&self) -> Option<Currency> {
        match self {
            Self::One(currency) => Some(*currency),
            Self::Nothing | Self::Several(..) => None,
        }
    }

    fn clash_with(&self, currency: Currency) -> Option<String> {
        match self {
            Self::Nothing => None,
            Self::One(own) => (*own != currency).then(|| own.code().to_owned()),
            Self::Several(codes, sign) => (!codes.contains(&currency.code())).then(|| sign.clone()),
        }
    }

    fn label(&self) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::One(currency) => currency.code().to_owned(),
            Self::Several(_, sign) => sign.clone(),
        }
    }

    /// Both statements together; `None` when they contradict each other.
    fn and(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Nothing, any) | (any, Self::Nothing) => Some(any),
            (Self::One(a), Self::One(b)) => (a == b).then_some(Self::One(a)),
            (Self::One(a), Self::Several(codes, _)) | (Self::Several(codes, _), Self::One(a)) => {
                codes.contains(&a.code()).then_some(Self::One(a))
            }
            (Self::Several(a, sign), Self::Several(b, _)) => (a == b).then_some(Self::Several(a, sign)),
        }
    }
}

/// Signs found around the number. Each may stand once; what stands must agree.
#[derive(Default)]
struct Signs {
    minus: u8,
    plus: u8,
    open: u8,
    close: u8,
    credit: u8,
    debit: u8,
}

impl Signs {
    /// Whether the amount is negative; `None` when the signs contradict each other.
    fn negative(&self) -> Option<bool> {
        let once = [self.minus, self.plus, self.open, self.close, self.credit, self.debit].iter().all(|&n| n <= 1);
        let negative = self.minus == 1 || self.open == 1 || self.debit == 1;
        let positive = self.plus == 1 || self.credit == 1;
        (once && self.open == self.close && !(negative && positive)).then_some(negative)
    }
}

fn take_apart(text: &str) -> Result<Parts, AmountTextError> {
    let mut chars: Vec<char> = Vec::with_capacity(text.len().min(LONGEST));
    for c in text.trim().chars().filter(|&c| !is_invisible(c)) {
        if chars.len() >= LONGEST {
            return Err(AmountTextError::TooLong(shown(text)));
        }
        chars.push(folded(c));
    }
    if chars.iter().all(|&c| c == ' ') {
        return Err(AmountTextError::Empty);
    }
    let no_digits = || AmountTextError::NoDigits(shown(text));
    let mut start = chars.iter().position(char::is_ascii_digit).ok_or_else(no_digits)?;
    let end = chars.iter().rposition(char::is_ascii_digit).ok_or_else(no_digits)?.saturating_add(1);
    // `.50` begins with its mark; `S/.50` does not, there the point ends the sign of the sol.
    if let Some(before) = start.checked_sub(1)
        && matches!(chars.get(before), Some('.' | ',' | &ARABIC_DECIMAL))
        && before.checked_sub(1).and_then(|b| chars.get(b)).is_none_or(|c| !(c.is_alphanumeric() || *c == '/'))
    {
        start = before;
    }
    let (Some(prefix), Some(core), Some(mut suffix)) = (chars.get(..start), chars.get(start..end), chars.get(end..)) else {
        return Err(no_digits());
    };
    if let Some(other) = core.iter().find(|c| !(c.is_ascii_digit() || is_separator(**c))) {
        return Err(AmountTextError::Unknown { text: shown(text), unknown: other.to_string() });
    }
    // `1.180,-` `12.--` `5,=`: a dash stands for "no cents".
    let mut dashed = None;
    if let [mark @ ('.' | ','), dash @ ('-' | '='), rest @ ..] = suffix {
        dashed = Some(*mark);
        suffix = match rest {
            [second, rest @ ..] if second == dash => rest,
            rest => rest,
        };
    }
    let mut signs = Signs::default();
    let mut currency = Named::Nothing;
    for (side, after) in [(prefix, false), (suffix, true)] {
        let mut rest = side;
        while let Some(token) = next_token(&mut rest, after, &mut signs) {
            match token {
                Token::Sign => {}
                Token::Currency(named) => {
                    let (one, other) = (currency.label(), named.label());
                    currency = currency.and(named).ok_or_else(|| AmountTextError::TwoCurrencies {
                        text: shown(text),
                        one: one.clone(),
                        other: other.clone(),
                    })?;
                }
                Token::Unknown(unknown) => return Err(AmountTextError::Unknown { text: shown(text), unknown }),
            }
        }
    }
    let negative = signs.negative().ok_or_else(|| AmountTextError::Signs(shown(text)))?;
    Ok(Parts { core: core.to_vec(), dashed, negative, currency })
}

fn is_separator(c: char) -> bool {
    matches!(c, '.' | ',' | '\'' | ' ' | ARABIC_DECIMAL | ARABIC_GROUP)
}

enum Token {
    Sign,
    Currency(Named),
    Unknown(String),
}

/// Takes the next sign, booking side or currency off the text beside the number. `None` at its end.
fn next_token(rest: &mut &[char], after_number: bool, signs: &mut Signs) -> Option<Token> {
    while let [' ', tail @ ..] = *rest {
        *rest = tail;
    }
    let (first, tail) = rest.split_first()?;
    let counter = match first {
        '-' => Some(&mut signs.minus),
        '+' => Some(&mut signs.plus),
        '(' => Some(&mut signs.open),
        ')' => Some(&mut signs.close),
        _ => None,
    };
    if let Some(counter) = counter {
        *counter = counter.saturating_add(1);
        // A parenthesis that closes before the number, or opens after it, encloses nothing.
        if matches!((first, after_number), (')', false) | ('(', true)) {
            *counter = u8::MAX;
        }
        *rest = tail;
        return Some(Token::Sign);
    }
    let lower: String = rest.iter().flat_map(|c| c.to_lowercase()).collect();
    let ends_word = |length: usize| {
        // Signs that end in a letter must not be the start of a longer word: `Rs`, not `Rsomething`.
        let last_is_letter = length.checked_sub(1).and_then(|l| rest.get(l)).is_some_and(|c| c.is_alphabetic());
        !last_is_letter || rest.get(length).is_none_or(|c| !c.is_alphabetic())
    };
    let skip = |length: usize| rest.get(length..).unwrap_or_default();
    if let Some((sign, debit)) = BOOKING_SIDES
        .iter()
        .filter(|(sign, _)| (after_number || sign.len() > 1) && lower.starts_with(sign) && ends_word(sign.chars().count()))
        .max_by_key(|(sign, _)| sign.len())
        // `S` before a slash is the sol, not the German `Soll`.
        .filter(|(sign, _)| rest.get(sign.len()) != Some(&'/') && rest.get(sign.len()) != Some(&'$'))
    {
        let counter = if *debit { &mut signs.debit } else { &mut signs.credit };
        *counter = counter.saturating_add(1);
        *rest = skip(sign.chars().count());
        return Some(Token::Sign);
    }
    if let Some((sign, codes)) = SIGNS
        .iter()
        .filter(|(sign, _)| lower.starts_with(sign) && ends_word(sign.chars().count()))
        .max_by_key(|(sign, _)| sign.len())
    {
        let named = match codes {
            [one] => Currency::parse(one).map_or(Named::Nothing, Named::One),
            several => Named::Several(several, (*sign).to_owned()),
        };
        *rest = skip(sign.chars().count());
        return Some(Token::Currency(named));
    }
    let word: String = rest.iter().take_while(|c| c.is_alphabetic()).collect();
    if let Ok(currency) = Currency::parse(&word) {
        *rest = skip(3);
        return Some(Token::Currency(Named::One(currency)));
    }
    let unknown = rest.iter().take(20).collect::<String>().trim().to_owned();
    *rest = &[];
    Some(Token::Unknown(unknown))
}

/// Letters for the side of the account: true is a debit. `H`/`S` are the German Haben/Soll, `DB` is used in Asia. Single letters
/// count only after the number.
const BOOKING_SIDES: &[(&str, bool)] = &[
    ("cr.", false),
    ("cr", false),
    ("c", false),
    ("h", false),
    ("haben", false),
    ("dr.", true),
    ("dr", true),
    ("db", true),
    ("d", true),
    ("s", true),
    ("soll", true),
];

const DOLLARS: &[&str] = &[
    "USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "MXN", "COP", "CLP", "ARS", "UYU", "DOP", "BRL", "NIO", "BBD", "BSD", "BZD",
    "BMD", "FJD", "GYD", "JMD", "LRD", "NAD", "SRD", "TTD", "XCD", "CUP", "KYD", "SBD", "BND",
];

/// Signs, lower case, and the ISO 4217 codes that use them. Several codes: the sign alone names no currency.
/// Source: Unicode CLDR `symbol` and `symbol-alt-narrow`, and the signs national banks print.
const SIGNS: &[(&str, &[&str])] = &[
    ("$", DOLLARS),
    ("us$", &["USD"]),
    ("u$s", &["USD"]),
    ("u$d", &["USD"]),
    ("ca$", &["CAD"]),
    ("c$", &["CAD", "NIO"]),
    ("a$", &["AUD"]),
    ("au$", &["AUD"]),
    ("nz$", &["NZD"]),
    ("hk$", &["HKD"]),
    ("nt$", &["TWD"]),
    ("s$", &["SGD"]),
    ("mx$", &["MXN"]),
    ("mex$", &["MXN"]),
    ("r$", &["BRL"]),
    ("rd$", &["DOP"]),
    ("col$", &["COP"]),
    ("clp$", &["CLP"]),
    ("€", &["EUR"]),
    ("euro", &["EUR"]),
    ("euros", &["EUR"]),
    ("£", &["GBP"]),
    ("¥", &["JPY", "CNY"]),
    ("jp¥", &["JPY"]),
    ("cn¥", &["CNY"]),
    ("rmb", &["CNY"]),
    ("元", &["CNY"]),
    ("円", &["JPY"]),
    ("원", &["KRW"]),
    ("₩", &["KRW"]),
    ("s/", &["PEN"]),
    ("s/.", &["PEN"]),
    ("soles", &["PEN"]),
    ("b/.", &["PAB"]),
    ("bs", &["BOB", "VES"]),
    ("bs.", &["BOB", "VES"]),
    ("₲", &["PYG"]),
    ("₡", &["CRC"]),
    ("₹", &["INR"]),
    ("rs", &["INR", "PKR", "LKR", "NPR", "MUR", "SCR"]),
    ("rs.", &["INR", "PKR", "LKR", "NPR", "MUR", "SCR"]),
    ("₽", &["RUB"]),
    ("₺", &["TRY"]),
    ("₪", &["ILS"]),
    ("₫", &["VND"]),
    ("฿", &["THB"]),
    ("₱", &["PHP"]),
    ("₦", &["NGN"]),
    ("₴", &["UAH"]),
    ("₵", &["GHS"]),
    ("₸", &["KZT"]),
    ("₼", &["AZN"]),
    ("₾", &["GEL"]),
    ("zł", &["PLN"]),
    ("kč", &["CZK"]),
    ("ft", &["HUF"]),
    ("лв", &["BGN"]),
    ("лв.", &["BGN"]),
    ("kr", &["SEK", "NOK", "DKK", "ISK"]),
    ("kr.", &["SEK", "NOK", "DKK", "ISK"]),
    ("lei", &["RON", "MDL"]),
    ("fr.", &["CHF"]),
    ("sfr.", &["CHF"]),
    ("sfr", &["CHF"]),
    ("fcfa", &["XOF", "XAF"]),
    // The rand; readers of letters see the real's and the rupee's sign so too.
    ("r", &["ZAR", "BRL", "INR"]),
    ("rm", &["MYR"]),
    ("rp", &["IDR"]),
    ("rp.", &["IDR"]),
    ("kd", &["KWD"]),
    ("د.ك", &["KWD"]),
    ("د.إ", &["AED"]),
    ("ر.س", &["SAR"]),
];

impl Parts {
    /// The signed plain decimal under a convention; `None` when the marks do not fit it.
    fn number(&self, mark: DecimalMark) -> Option<String> {
        let decimal = |c: char| c == mark.as_char() || c == ARABIC_DECIMAL;
        if self.dashed.is_some_and(|d| d != mark.as_char()) {
            return None;
        }
        let (whole, fraction) = match self.core.iter().position(|&c| decimal(c)) {
            Some(at) => (self.core.get(..at)?, self.core.get(at.saturating_add(1)..)?),
            None => (self.core.as_slice(), [].as_slice()),
        };
        if !fraction.iter().all(char::is_ascii_digit) || (self.dashed.is_some() && !fraction.is_empty()) {
            return None;
        }
        let digits = ungrouped(whole)?;
        let mut number = String::with_capacity(self.core.len().saturating_add(1));
        if self.negative {
            number.push('-');
        }
        if digits.is_empty() {
            number.push('0');
        }
        number.push_str(&digits);
        if !fraction.is_empty() {
            number.push('.');
            number.extend(fraction);
        }
        Some(number)
    }
}

/// The digits of a whole number, its grouping checked: none, threes (`1.234.567`), or the Indian lakh form (`1,23,456`).
/// An empty whole (`.5`) is fine. A group never begins with a leading zero (`0,123`), and one character does all the grouping.
fn ungrouped(whole: &[char]) -> Option<String> {
    let Some(group) = whole.iter().copied().find(|c| !c.is_ascii_digit()) else {
        return Some(whole.iter().collect());
    };
    if whole.iter().any(|&c| !c.is_ascii_digit() && c != group) || whole.first() == Some(&'0') {
        return None;
    }
    let lengths: Vec<usize> = whole.split(|&c| c == group).map(<[char]>::len).collect();
    let (first, rest) = lengths.split_first()?;
    let (last, middle) = rest.split_last()?;
    let threes = (1..=3).contains(first) && *last == 3 && middle.iter().all(|&l| l == 3);
    let lakhs = (1..=2).contains(first) && *last == 3 && group == ',' && middle.iter().all(|&l| l == 2);
    (threes || lakhs).then(|| whole.iter().filter(|c| c.is_ascii_digit()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    use DecimalMark::{Comma, Point};

    fn readings(text: &str) -> Vec<(String, Option<DecimalMark>, String)> {
        amount_readings(text)
            .unwrap_or_else(|e| panic!("{text}: {e}"))
            .into_iter()
            .map(|r| (r.decimal, r.mark, r.currency.map(|c| c.code().to_owned()).unwrap_or_default()))
            .collect()
    }

    #[test]
    fn one_reading() {
        for (text, decimal, mark, currency) in [
            ("1.234,56", "1234.56", Some(Comma), ""),
            ("1,234.56", "1234.56", Some(Point), ""),
            ("(12.00)", "-12.00", Some(Point), ""),
            ("( 12.00 )", "-12.00", Some(Point), ""),
            ("(-12.00)", "-12.00", Some(Point), ""),
            ("12.00-", "-12.00", Some(Point), ""),
            ("-12", "-12", None, ""),
            ("- 12", "-12", None, ""),
            ("+7", "7", None, ""),
            ("\u{2212}12,5", "-12.5", Some(Comma), ""),
            ("1 234,56 CR", "1234.56", Some(Comma), ""),
            ("1 234,56 DR", "-1234.56", Some(Comma), ""),
            ("1.234,56 H", "1234.56", Some(Comma), ""),
            ("1.234,56 S", "-1234.56", Some(Comma), ""),
            ("S/ 1,250.00", "1250.00", Some(Point), "PEN"),
            ("S/. 1,250.00", "1250.00", Some(Point), "PEN"),
            ("S/.50.00", "50.00", Some(Point), "PEN"),
            ("-S/1,250.00", "-1250.00", Some(Point), "PEN"),
            ("S/ -1,250.00", "-1250.00", Some(Point), "PEN"),
            ("€ 1.180,-", "1180", Some(Comma), "EUR"),
            ("CHF 12.--", "12", Some(Point), "CHF"),
            ("1'234.55", "1234.55", Some(Point), ""),
            ("1’234.55", "1234.55", Some(Point), ""),
            ("Fr. 1’234’567.05", "1234567.05", Some(Point), "CHF"),
            ("1,23,456.78", "123456.78", Some(Point), ""),
            ("₹ 1,23,45,678", "12345678", Some(Point), "INR"),
            ("1\u{00A0}234,56 €", "1234.56", Some(Comma), "EUR"),
            ("1\u{202F}234\u{202F}567,8", "1234567.8", Some(Comma), ""),
            ("1\u{2009}234", "1234", None, ""),
            ("١٬٢٣٤٫٥٦", "1234.56", None, ""),
            ("۱۲۳", "123", None, ""),
            ("１，２３４．５６", "1234.56", Some(Point), ""),
            ("$ 12.50", "12.50", Some(Point), ""),
            ("$12.50 USD", "12.50", Some(Point), "USD"),
            ("US$ 12.50", "12.50", Some(Point), "USD"),
            ("R$ 1.234,50", "1234.50", Some(Comma), "BRL"),
            ("-£0.05", "-0.05", Some(Point), "GBP"),
            ("£5.00 GBP", "5.00", Some(Point), "GBP"),
            ("JPY 1,234", "1234", Some(Point), "JPY"),
            ("EUR 1.234", "1234", Some(Comma), "EUR"),
            ("eur 5", "5", None, "EUR"),
            (".5", "0.5", Some(Point), ""),
            (",50", "0.50", Some(Comma), ""),
            ("0.500", "0.500", Some(Point), ""),
            ("1.234.567", "1234567", Some(Comma), ""),
            ("1234.567", "1234.567", Some(Point), ""),
            ("1'234,567", "1234.567", Some(Comma), ""),
            ("5 kr", "5", None, ""),
            ("12,00 zł", "12.00", Some(Comma), "PLN"),
            ("12,00 Kč", "12.00", Some(Comma), "CZK"),
            ("\u{200E}12.00", "12.00", Some(Point), ""),
        ] {
            assert_eq!(readings(text), vec![(decimal.to_owned(), mark, currency.to_owned())], "{text}");
        }
    }

    #[test]
    fn two_readings_where_the_mark_decides() {
        for (text, point, comma) in [
            ("1.234", "1.234", "1234"),
            ("1,234", "1234", "1.234"),
            ("-12,345", "-12345", "-12.345"),
            ("999.000 DR", "-999.000", "-999000"),
            ("1,250 KWD", "1250", "1.250"),
        ] {
            let found = readings(text);
            let currency = if text.contains("KWD") { "KWD" } else { "" };
            let expected =
                vec![(point.to_owned(), Some(Point), currency.to_owned()), (comma.to_owned(), Some(Comma), currency.to_owned())];
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn refuses_nonsense_with_the_reason() {
        for (text, reason) in [
            ("", "empty"),
            ("  \u{00A0}", "empty"),
            ("abc", "holds no digit"),
            ("-", "holds no digit"),
            ("12.34.56", "not grouped"),
            ("1,2,3", "not grouped"),
            ("12..34", "not grouped"),
            ("1,,234", "not grouped"),
            ("1.23,4.5", "not grouped"),
            ("12 34", "not grouped"),
            ("0,123,456", "not grouped"),
            ("1'234 567", "not grouped"),
            ("1.234,567.89", "not grouped"),
            ("--12", "signs"),
            ("-12-", "signs"),
            ("(12", "signs"),
            ("12)", "signs"),
            (")12(", "signs"),
            ("-12 CR", "signs"),
            ("+12 DR", "signs"),
            ("12 CR DR", "signs"),
            ("€12 USD", "names EUR and USD"),
            ("$12 EUR", "names $ and EUR"),
            ("12%", "neither a sign nor a currency"),
            ("12 apples", "`apples`"),
            ("12 EUR 34", "not an amount"),
            ("1e5", "not an amount"),
            ("12.", "neither"),
            ("JPY 0.5", "more decimals"),
            ("9999999999999999999999999999999999999999999999999999999999999999999", "too long"),
        ] {
            let error = amount_readings(text).expect_err(text).to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn strict_under_a_known_convention() {
        for (text, mark, currency, minor) in [
            ("1.234,56", Comma, Currency::EUR, 123_456),
            ("1.234", Comma, Currency::EUR, 123_400),
            ("1,234", Point, Currency::EUR, 123_400),
            ("1,234", Comma, Currency::KWD, 1234),
            ("1,234", Point, Currency::JPY, 1234),
            ("$5.00", Point, Currency::USD, 500),
            ("5,-", Comma, Currency::EUR, 500),
        ] {
            assert_eq!(read_amount(text, mark, currency), Ok(Money::new(minor, currency)), "{text}");
        }
        for (text, mark, currency, reason) in [
            ("12.34", Comma, Currency::EUR, "decimal comma"),
            ("12,34", Point, Currency::EUR, "decimal point"),
            ("1.234", Point, Currency::EUR, "more decimals"),
            ("EUR 5", Point, Currency::USD, "not in USD"),
            ("€5", Point, Currency::USD, "not in USD"),
            ("$5", Point, Currency::EUR, "not in EUR"),
            ("99999999999999999999", Point, Currency::EUR, "larger"),
        ] {
            let error = read_amount(text, mark, currency).expect_err(text).to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn writing_then_reading_gives_the_amount_back(minor in -i64::MAX..i64::MAX, comma: bool, group in 0_usize..5) {
            let mark = if comma { Comma } else { Point };
            let group = [None, Some(mark.other().as_char()), Some(' '), Some('\u{202F}'), Some('’')][group];
            for currency in [Currency::EUR, Currency::JPY, Currency::KWD] {
                let money = Money::new(minor, currency);
                let written = write_amount(money, mark, group);
                prop_assert_eq!(read_amount(&written, mark, currency), Ok(money), "{}", written);
                let readings = amount_readings(&written).expect("an amount");
                prop_assert!(readings.iter().any(|r| r.mark.is_none_or(|m| m == mark) && Money::parse(&r.decimal, currency) == Ok(money)));
                for (open, close) in [("", " EUR"), ("(", ")"), ("", " CR")] {
                    let _ = amount_readings(&format!("{open}{written}{close}"));
                }
            }
        }

        #[test]
        fn a_moved_group_is_refused(whole in 1000_u64..1_000_000_000, at in 1_usize..9) {
            let digits = whole.to_string();
            let at = at.min(digits.len() - 1);
            let text = format!("{},{},00", &digits[..at], &digits[at..]);
            prop_assert!(amount_readings(&text).is_err(), "{}", text);
            if digits.len() - at != 3 || at > 3 {
                let text = format!("{},{}.00", &digits[..at], &digits[at..]);
                prop_assert!(amount_readings(&text).is_err(), "{}", text);
            }
        }

        #[test]
        fn never_panics(text in "\\PC{0,80}", soup in "[-+()0-9.,' CRDSEU$€/٫٬१]{0,20}") {
            let _ = (amount_readings(&text), read_amount(&text, Comma, Currency::EUR));
            for reading in amount_readings(&soup).unwrap_or_default() {
                prop_assert!(Money::parse(&reading.decimal, Currency::KWD).is_ok()
                    || matches!(Money::parse(&reading.decimal, Currency::KWD), Err(AmountError::TooFine { .. } | AmountError::TooLarge(_))), "{}", soup);
            }
        }
    }
}
