//! The `:61:` statement line and the balances of MT940 and MT942.
//!
//! Layout: SWIFT Standards Category 9, field 61 `6!n[4!n]2a[1!a]15d1!a3!c16x[//16x]` with a second line `34x`, fields
//! 60a, 62a `1!a6!n3!a15d`; and what banks make of it.

use jiff::civil::Date;

use quittance_rules::money::{Currency, Money};

use super::text_fields::{date_yymmdd, folded, nearest_year, plain_decimal, shown, two_digits};

/// A `:61:` field, before the currency of the statement is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Entry date, with the year nearest to the value date; the value date where the bank gives none.
    pub booking_date: Date,
    pub value_date: Date,
    /// Plain decimal, signed: a credit or the reversal of a debit is positive.
    pub amount: String,
    /// `RC` or `RD`: the reversal of an earlier booking.
    pub is_reversal: bool,
    /// `EC` or `ED` of MT942: expected, not booked.
    pub is_expected: bool,
    /// One letter and three characters, for example `NTRF`. Empty where missing.
    pub code: String,
    /// Reference for the account owner, as written.
    pub customer_reference: String,
    /// Reference of the bank, after `//`.
    pub bank_reference: String,
    /// Rabobank writes the other party's name on the line itself, behind a reference padded to sixteen characters.
    pub inline_name: Option<String>,
    /// The second line of the field.
    pub supplement: String,
}

/// Reads the lines of a `:61:`. The error is a sentence for people.
pub(super) fn parse_entry(lines: &[String]) -> Result<Entry, String> {
    let first = lines.first().map(String::as_str).unwrap_or_default().trim_start();
    let value_date = value_date(first).ok_or_else(|| {
        format!("`{}` does not begin with a value date (YYMMDD); ask the bank for the file again", shown(first))
    })?;
    let mut rest = first.get(6..).unwrap_or_default().trim_start();
    let mut booking_date = value_date;
    if rest.len() >= 4 && rest.bytes().take(4).all(|b| b.is_ascii_digit()) {
        let day = two_digits(rest, 0).zip(two_digits(rest, 2));
        booking_date = day
            .and_then(|(month, day)| nearest_year(month, day, value_date).or_else(|| end_of_february(month, day, value_date)))
            .ok_or_else(|| format!("`{}` is no entry date (MMDD)", shown(&rest[..4])))?;
        rest = rest[4..].trim_start();
    }
    let (mark, positive, is_reversal, is_expected) = [
        ("RC", false, true, false),
        ("RD", true, true, false),
        ("EC", true, false, true),
        ("ED", false, false, true),
        ("C", true, false, false),
        ("D", false, false, false),
    ]
    .into_iter()
    .find(|(mark, ..)| rest.starts_with(mark))
    .ok_or_else(|| format!("`{}` has no debit or credit mark (C, D, RC, RD) after its dates", shown(first)))?;
    rest = rest[mark.len()..].trim_start();
    // The optional funds code: the third letter of the currency, or `N` and the like.
    if rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
        rest = rest[1..].trim_start();
    }
    let length = rest.bytes().take_while(|&b| b.is_ascii_digit() || b == b',' || b == b'.').count();
    let (amount, rest) = rest.split_at(length);
    let amount =
        plain_decimal(amount).ok_or_else(|| format!("`{}` has no amount after its debit or credit mark", shown(first)))?;
    let negative = !positive;
    let amount = if negative { format!("-{amount}") } else { amount };
    let (code, rest) = transaction_code(rest);
    let (customer_reference, bank_reference) = rest.split_once("//").unwrap_or((rest, ""));
    let (customer_reference, inline_name) =
        if bank_reference.is_empty() { split_padded(customer_reference) } else { (customer_reference, None) };
    Ok(Entry {
        booking_date,
        value_date,
        amount,
        is_reversal,
        is_expected,
        code: code.to_owned(),
        customer_reference: customer_reference.trim().to_owned(),
        bank_reference: bank_reference.trim().to_owned(),
        inline_name,
        supplement: folded(&lines.get(1..).unwrap_or_default().join(" ")).unwrap_or_default(),
    })
}

/// Interest is often valued on 30 February, the month end of a year of 360 days: that is the last of February.
fn end_of_february(month: i8, day: i8, near: Date) -> Option<Date> {
    if month != 2 || !(29..=30).contains(&day) {
        return None;
    }
    Some(nearest_year(2, 1, near)?.last_of_month())
}

fn value_date(text: &str) -> Option<Date> {
    let digits = text.get(..6)?;
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    date_yymmdd(digits).or_else(|| {
        let day = two_digits(digits, 4)?;
        let first = date_yymmdd(&format!("{}01", &digits[..4]))?;
        (first.month() == 2 && (29..=30).contains(&day)).then(|| first.last_of_month())
    })
}

fn transaction_code(rest: &str) -> (&str, &str) {
    let fits = rest.len() >= 4
        && rest.is_char_boundary(4)
        && rest.as_bytes()[0].is_ascii_alphabetic()
        && rest.bytes().take(4).all(|b| b.is_ascii_alphanumeric());
    if fits { rest.split_at(4) } else { ("", rest) }
}

/// `0733959555      T-MOBILE NETHERLANDS BV`: a reference of sixteen characters, padded, and text behind it.
fn split_padded(reference: &str) -> (&str, Option<String>) {
    let Some((at, _)) = reference.char_indices().nth(16) else { return (reference, None) };
    let (head, tail) = reference.split_at(at);
    if head.ends_with(' ') { (head, folded(tail)) } else { (reference, None) }
}

/// A balance: `C131016EUR84349,74`.
pub(super) fn parse_balance(text: &str) -> Result<Money, String> {
    let wrong = |what: &str| format!("`{}` is no balance: {what}", shown(text));
    let text = text.trim();
    let negative = match text.as_bytes().first() {
        Some(b'C') => false,
        Some(b'D') => true,
        _ => return Err(wrong("it begins with neither C nor D")),
    };
    let code = text.get(7..10).ok_or_else(|| wrong("date and currency are missing"))?;
    let currency = Currency::parse(code).map_err(|e| wrong(&e.to_string()))?;
    let amount = plain_decimal(text.get(10..).unwrap_or_default()).ok_or_else(|| wrong("its amount is not a number"))?;
    let money = Money::parse(&amount, currency).map_err(|e| wrong(&e.to_string()))?;
    if negative { money.checked_neg().ok_or_else(|| wrong("its amount is too large")) } else { Ok(money) }
}

/// The count and sum of `:90D:` and `:90C:`: `3EUR123,45`.
pub(super) fn parse_count_and_sum(text: &str) -> Option<(u64, Money)> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let count = text.get(..digits)?.parse().ok()?;
    let currency = Currency::parse(text.get(digits..digits + 3)?).ok()?;
    let sum = Money::parse(&plain_decimal(text.get(digits + 3..)?)?, currency).ok()?;
    Some((count, sum))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn entry(text: &str) -> Result<Entry, String> {
        parse_entry(&text.split('\n').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn entries_of_many_banks() {
        // text, booking, value, amount, code, customer reference, bank reference
        for (text, booking, value, amount, code, customer, bank) in [
            ("0211011102DR800,NSTONONREF//55555", date(2002, 11, 2), date(2002, 11, 1), "-800", "NSTO", "NONREF", "55555"),
            ("110701CN50,00NZ10NONREF", date(2011, 7, 1), date(2011, 7, 1), "50.00", "NZ10", "NONREF", ""),
            ("0709040904RCR204,88NRTINONREF", date(2007, 9, 4), date(2007, 9, 4), "-204.88", "NRTI", "NONREF", ""),
            ("251230 0102RD1,5NMSCNONREF", date(2026, 1, 2), date(2025, 12, 30), "1.5", "NMSC", "NONREF", ""),
            ("2601021231C000000000007,NTRFx", date(2025, 12, 31), date(2026, 1, 2), "000000000007", "NTRF", "x", ""),
            ("1312091209C79,7FMSC01916//NONREF", date(2013, 12, 9), date(2013, 12, 9), "79.7", "FMSC", "01916", "NONREF"),
            (
                "1407290729C500NTRF29-07-2014 10:05//B4G",
                date(2014, 7, 29),
                date(2014, 7, 29),
                "500",
                "NTRF",
                "29-07-2014 10:05",
                "B4G",
            ),
            ("2602300227D3,10NINTNONREF", date(2026, 2, 27), date(2026, 2, 28), "-3.10", "NINT", "NONREF", ""),
        ] {
            let read = entry(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(
                (read.booking_date, read.value_date, read.amount.as_str(), read.code.as_str()),
                (booking, value, amount, code),
                "{text}"
            );
            assert_eq!((read.customer_reference.as_str(), read.bank_reference.as_str()), (customer, bank), "{text}");
        }
        let rabobank = entry("110617D000000000044,95N0600733959555      T-MOBILE NETHERLANDS BV          ").expect("Rabobank");
        assert_eq!(rabobank.customer_reference, "0733959555");
        assert_eq!(rabobank.inline_name.as_deref(), Some("T-MOBILE NETHERLANDS BV"));
    }

    #[test]
    fn broken_entries_are_sentences() {
        for text in
            ["", "x", "1310", "131340C1,", "131001X5,NTRF", "131001CNTRF", "131001C,NTRF", "1310019999C1,NTRF", "13é001C1,NTRF"]
        {
            assert!(entry(text).is_err(), "{text}");
        }
    }

    #[test]
    fn balances() {
        for (text, shown) in [
            ("C100318EUR380115,12", Some("EUR 380115.12")),
            ("C100318EUR380115,1", Some("EUR 380115.10")),
            ("C100318EUR380115,", Some("EUR 380115.00")),
            ("C100318EUR001,12", Some("EUR 1.12")),
            ("D140829EUR000000000147,64", Some("EUR -147.64")),
            ("C140829JPY500,", Some("JPY 500")),
            ("C140829JPY500,5", None),
            ("X140829EUR1,", None),
            ("C140829ZZZ1,", None),
            ("C140829", None),
        ] {
            assert_eq!(parse_balance(text).ok().map(|m| m.to_string()).as_deref(), shown, "{text}");
        }
        assert_eq!(parse_count_and_sum("3EUR123,45"), Some((3, Money::new(12345, Currency::EUR))));
        assert_eq!(parse_count_and_sum("EUR"), None);
    }
}
