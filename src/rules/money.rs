//! Money: integer minor units of one currency. No float, no bare number, no silent rounding.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A currency of ISO 4217 that has a minor unit (so not XAU, XDR, XXX and the like).
///
/// Source of codes and exponents: the ISO 4217 list as carried by the `iso_currency` crate.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency(iso_currency::Currency);

/// Why a text is no currency.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an ISO 4217 currency with minor units")]
pub struct UnknownCurrency(pub String);

impl Currency {
    /// Looks a code up, ignoring case and surrounding space.
    pub fn parse(code: &str) -> Result<Self, UnknownCurrency> {
        let code = code.trim();
        let unknown = || UnknownCurrency(code.chars().take(16).collect());
        if code.len() != 3 || !code.bytes().all(|b| b.is_ascii_alphabetic()) {
            return Err(unknown());
        }
        let found = iso_currency::Currency::from_code(&code.to_ascii_uppercase()).ok_or_else(unknown)?;
        found.exponent().ok_or_else(unknown)?;
        Ok(Self(found))
    }

    /// The three letters, for example `EUR`.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// Digits after the decimal mark: JPY 0, EUR 2, KWD 3.
    pub fn exponent(self) -> u32 {
        // `parse` and the constants are the only makers and both refuse currencies without an exponent.
        u32::from(self.0.exponent().unwrap_or(2))
    }

    /// The usual sign (`€`, `S/`, `$`), or the code where there is none.
    pub fn symbol(self) -> String {
        self.0.symbol().to_string()
    }

    /// Euro.
    pub const EUR: Self = Self(iso_currency::Currency::EUR);
    /// United States dollar.
    pub const USD: Self = Self(iso_currency::Currency::USD);
    /// Peruvian sol.
    pub const PEN: Self = Self(iso_currency::Currency::PEN);
    /// Pound sterling.
    pub const GBP: Self = Self(iso_currency::Currency::GBP);
    /// Swiss franc.
    pub const CHF: Self = Self(iso_currency::Currency::CHF);
    /// Japanese yen, which has no minor unit.
    pub const JPY: Self = Self(iso_currency::Currency::JPY);
    /// Kuwaiti dinar, which has three decimals.
    pub const KWD: Self = Self(iso_currency::Currency::KWD);
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Currency {
    type Err = UnknownCurrency;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::parse(s)
    }
}

impl Ord for Currency {
    fn cmp(&self, other: &Self) -> Ordering {
        self.code().cmp(other.code())
    }
}

impl PartialOrd for Currency {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let code = String::deserialize(d)?;
        Self::parse(&code).map_err(serde::de::Error::custom)
    }
}

/// Minor units (cents, yen, fils) of one currency. Signed: what the sign means is said where it is used.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

/// Why a decimal is no amount of a currency.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// The text is not a plain decimal.
    #[error("`{0}` is not a decimal amount")]
    NotADecimal(String),
    /// There are digits below the minor unit.
    #[error("`{text}` has more decimals than {currency} ({exponent})", exponent = .currency.exponent())]
    TooFine {
        /// What was read.
        text: String,
        /// The currency it was read as.
        currency: Currency,
    },
    /// More than `i64::MAX` minor units.
    #[error("`{0}` is larger than any amount this program carries")]
    TooLarge(String),
}

impl Money {
    /// From minor units: `Money::new(1050, EUR)` is EUR 10.50.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing of a currency.
    pub const fn zero(currency: Currency) -> Self {
        Self { minor: 0, currency }
    }

    /// Minor units.
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Reads a plain decimal (`-12.5`, `.5`, `+7`): `.` as mark, no grouping. Human amounts go through [`crate::amount_text`].
    /// Zeros below the minor unit are dropped (`8.850` EUR is 8.85); other digits there are an error, never rounded.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, AmountError> {
        let text = text.trim();
        let shown = || text.chars().take(40).collect::<String>();
        let not_decimal = || AmountError::NotADecimal(shown());
        let (negative, digits) = match text.as_bytes() {
            [b'-', ..] => (true, &text[1..]),
            [b'+', ..] => (false, &text[1..]),
            _ => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() && fraction.is_empty() {
            return Err(not_decimal());
        }
        if !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
            return Err(not_decimal());
        }
        let exponent = currency.exponent() as usize;
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > exponent {
            return Err(AmountError::TooFine { text: shown(), currency });
        }
        let mut minor: i64 = 0;
        for digit in
            whole.bytes().chain(fraction.bytes()).chain(std::iter::repeat_n(b'0', exponent.saturating_sub(fraction.len())))
        {
            minor = minor
                .checked_mul(10)
                .and_then(|m| m.checked_add(i64::from(digit.saturating_sub(b'0'))))
                .ok_or_else(|| AmountError::TooLarge(shown()))?;
        }
        Ok(Self::new(if negative { minor.saturating_neg() } else { minor }, currency))
    }

    /// `None` when the decimal is finer than the minor unit or too large.
    pub fn from_decimal(amount: Decimal, currency: Currency) -> Option<Self> {
        let scaled = amount.checked_mul(pow10(currency.exponent())?)?;
        if scaled.fract() != Decimal::ZERO {
            return None;
        }
        Some(Self::new(
            i64::try_from(scaled.trunc().mantissa().checked_div(10_i128.checked_pow(scaled.trunc().scale())?)?).ok()?,
            currency,
        ))
    }

    /// The exact decimal, at the scale of the currency.
    pub fn to_decimal(self) -> Decimal {
        Decimal::new(self.minor, self.currency.exponent())
    }

    /// Multiplies by a rate and rounds as told. `None` on overflow.
    pub fn checked_mul_rate(self, rate: Decimal, rounding: RoundingStrategy) -> Option<Self> {
        let exact = self.to_decimal().checked_mul(rate)?;
        Self::from_decimal(exact.round_dp_with_strategy(self.currency.exponent(), rounding), self.currency)
    }

    /// `None` on overflow or when the currencies differ; nothing is converted or rounded silently.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        if self.currency != other.currency {
            return None;
        }
        Some(Self::new(self.minor.checked_add(other.minor)?, self.currency))
    }

    /// `None` on overflow or when the currencies differ; nothing is converted or rounded silently.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        if self.currency != other.currency {
            return None;
        }
        Some(Self::new(self.minor.checked_sub(other.minor)?, self.currency))
    }

    /// `None` only for the one value that has no negative.
    pub fn checked_neg(self) -> Option<Self> {
        Some(Self::new(self.minor.checked_neg()?, self.currency))
    }

    /// The size without the sign. `None` only for the one value that has no negative.
    pub fn checked_abs(self) -> Option<Self> {
        Some(Self::new(self.minor.checked_abs()?, self.currency))
    }

    /// Compares amounts of one currency; `None` when the currencies differ.
    pub fn compare(self, other: Self) -> Option<Ordering> {
        (self.currency == other.currency).then(|| self.minor.cmp(&other.minor))
    }

    /// Exactly zero.
    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// Above zero.
    pub const fn is_positive(self) -> bool {
        self.minor > 0
    }

    /// Below zero.
    pub const fn is_negative(self) -> bool {
        self.minor < 0
    }

    /// The plain decimal without the currency, as CSV and JSON carry it: `-1234.50`.
    pub fn amount(self) -> String {
        let exponent = self.currency.exponent() as usize;
        let digits = format!("{:0>width$}", self.minor.unsigned_abs(), width = exponent.saturating_add(1));
        let (whole, fraction) = digits.split_at(digits.len().saturating_sub(exponent));
        let sign = if self.minor < 0 { "-" } else { "" };
        if exponent == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
    }

    /// Splits by whole weights. Every part is rounded towards zero and the left-over minor units go to the part named
    /// `remainder_to`, so that the parts always add up. `None` when there are no weights, all are zero, the index is out of
    /// range or a product overflows.
    pub fn split(self, weights: &[u64], remainder_to: usize) -> Option<Vec<Self>> {
        let total = weights.iter().try_fold(0_i128, |sum, &w| sum.checked_add(i128::from(w)))?;
        if total == 0 || remainder_to >= weights.len() {
            return None;
        }
        let mut parts = Vec::with_capacity(weights.len());
        let mut given: i64 = 0;
        for &weight in weights {
            let part = i128::from(self.minor).checked_mul(i128::from(weight))?.checked_div(total)?;
            let part = i64::try_from(part).ok()?;
            given = given.checked_add(part)?;
            parts.push(Self::new(part, self.currency));
        }
        let rest = self.minor.checked_sub(given)?;
        let home = parts.get_mut(remainder_to)?;
        home.minor = home.minor.checked_add(rest)?;
        Some(parts)
    }
}

fn pow10(exponent: u32) -> Option<Decimal> {
    Some(Decimal::from(10_i64.checked_pow(exponent)?))
}

/// For people and logs: `EUR 1234.50`. Grouping by language is the renderer's work.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.currency, self.amount())
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// JSON form of [`Money`]: the amount is a decimal string, never a number.
#[derive(Serialize, Deserialize)]
struct MoneyJson {
    amount: String,
    currency: Currency,
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        MoneyJson { amount: self.amount(), currency: self.currency }.serialize(s)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let json = MoneyJson::deserialize(d)?;
        Self::parse(&json.amount, json.currency).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_and_writes_by_the_currencys_exponent() {
        for (text, currency, minor, shown) in [
            ("10.5", Currency::EUR, 1050, "10.50"),
            ("-0.05", Currency::EUR, -5, "-0.05"),
            (".5", Currency::USD, 50, "0.50"),
            ("+7", Currency::JPY, 7, "7"),
            ("7.000", Currency::JPY, 7, "7"),
            ("1.234", Currency::KWD, 1234, "1.234"),
            ("8.850", Currency::EUR, 885, "8.85"),
        ] {
            let money = Money::parse(text, currency).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!((money.minor(), money.amount().as_str()), (minor, shown), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_amount() {
        for text in ["", ".", "-", "1,5", "1.2.3", "1e3", "NaN", "٣", "10.505", "99999999999999999999"] {
            assert!(Money::parse(text, Currency::EUR).is_err(), "{text}");
        }
        assert!(Money::parse("0.5", Currency::JPY).is_err());
        for code in ["", "EU", "EURO", "XXX", "XAU", "ZZZ", "E1R"] {
            assert!(Currency::parse(code).is_err(), "{code}");
        }
    }

    #[test]
    fn currencies_do_not_mix() {
        let (euro, dollar) = (Money::new(1, Currency::EUR), Money::new(1, Currency::USD));
        assert_eq!(euro.checked_add(dollar), None);
        assert_eq!(euro.checked_sub(dollar), None);
        assert_eq!(euro.compare(dollar), None);
    }

    proptest! {
        #[test]
        fn text_and_back_is_the_same(minor in -i64::MAX..i64::MAX) {
            for currency in [Currency::EUR, Currency::JPY, Currency::KWD] {
                let money = Money::new(minor, currency);
                prop_assert_eq!(Money::parse(&money.amount(), currency), Ok(money));
                let json = serde_json::to_string(&money).expect("money is plain JSON");
                prop_assert_eq!(serde_json::from_str::<Money>(&json).expect("its own JSON"), money);
                prop_assert_eq!(Money::from_decimal(money.to_decimal(), currency), Some(money));
            }
        }

        #[test]
        fn parts_add_up(minor in -1_000_000_000_i64..1_000_000_000, weights in prop::collection::vec(0_u64..1000, 1..20), home in 0_usize..20) {
            let money = Money::new(minor, Currency::EUR);
            if let Some(parts) = money.split(&weights, home) {
                prop_assert_eq!(parts.iter().map(|p| p.minor()).sum::<i64>(), minor);
                prop_assert_eq!(parts.len(), weights.len());
            } else {
                prop_assert!(home >= weights.len() || weights.iter().all(|&w| w == 0));
            }
        }
    }
}
