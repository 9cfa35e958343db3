//! What the text formats share: folding of text, references banks print when they have none, dates, structured references.

use jiff::civil::Date;

use quittance_rules::bank::Problem;

/// Inner runs of white space become one space; `None` when nothing is left.
pub(super) fn folded(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    (!out.is_empty()).then_some(out)
}

/// A reference, or `None` where the bank printed a filler in its place.
pub(super) fn telling(text: &str) -> Option<String> {
    let text = folded(text)?;
    let plain: String = text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect();
    let filler =
        matches!(plain.as_str(), "" | "NONREF" | "NOREF" | "NOTPROVIDED" | "NOTAVAILABLE" | "NA" | "NONE" | "KREF" | "EREF")
            || plain.bytes().all(|b| b == b'0');
    (!filler).then_some(text)
}

/// An account number without spaces; `None` when empty or only zeros.
pub(super) fn account_number(text: &str) -> Option<String> {
    let account: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    (account.chars().any(|c| c != '0')).then_some(account)
}

/// `YYMMDD`. Years 80 to 99 are of the last century, the rest of this one.
pub(super) fn date_yymmdd(text: &str) -> Option<Date> {
    let (year, month, day) = (two_digits(text, 0)?, two_digits(text, 2)?, two_digits(text, 4)?);
    let century: i16 = if year >= 80 { 1900 } else { 2000 };
    Date::new(century + i16::from(year), month, day).ok()
}

/// Two ASCII digits at a byte offset.
pub(super) fn two_digits(text: &str, at: usize) -> Option<i8> {
    let pair = text.as_bytes().get(at..at + 2)?;
    if !pair.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(pair).ok()?.parse().ok()
}

/// The start of a text, for messages: never more than 40 characters of it.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}

/// A problem at a line.
pub(super) fn problem_at(line: u64, field: &str, message: impl Into<String>) -> Problem {
    Problem { line: Some(line), field: Some(field.to_owned()), message: message.into() }
}

/// A reference that proves itself by its check digits, standing free in a text: the creditor reference of ISO 11649
/// (`RF18 5390 0754 7034`, modulo 97) or the Belgian structured communication (`+++090/9337/55493+++`, modulo 97).
pub(super) fn structured_reference(text: &str) -> Option<String> {
    creditor_reference(text).or_else(|| belgian_communication(text))
}

fn creditor_reference(text: &str) -> Option<String> {
    let upper = text.to_ascii_uppercase();
    for (at, _) in upper.match_indices("RF") {
        if upper[..at].chars().next_back().is_some_and(char::is_alphanumeric) {
            continue;
        }
        // Printed in groups of four; a group shorter than four is the last. Longest reading first.
        let mut whole = String::new();
        let mut readings = Vec::new();
        for group in upper[at..].split(' ').take(7) {
            if group.is_empty() || !group.bytes().all(|b| b.is_ascii_alphanumeric()) || whole.len() + group.len() > 25 {
                break;
            }
            whole.push_str(group);
            readings.push(whole.clone());
            if readings.len() > 1 && group.len() != 4 {
                break;
            }
        }
        let valid = |r: &String| r.len() >= 5 && r[2..4].bytes().all(|b| b.is_ascii_digit()) && iso_7064_mod_97(r) == Some(1);
        if let Some(found) = readings.into_iter().rev().find(valid) {
            return Some(found);
        }
    }
    None
}

/// Remainder by 97 after moving the first four characters to the end, letters as 10 to 35 (ISO 7064).
pub(super) fn iso_7064_mod_97(text: &str) -> Option<u32> {
    if text.len() < 5 || !text.is_ascii() {
        return None;
    }
    let mut remainder = 0_u32;
    for character in text[4..].chars().chain(text[..4].chars()) {
        let value = character.to_digit(36)?;
        remainder = if value > 9 { remainder * 100 + value } else { remainder * 10 + value } % 97;
    }
    Some(remainder)
}

/// Two letters, two digits, and capitals and digits to the length of an IBAN; its check digits may be wrong.
pub(super) fn has_iban_form(text: &str) -> bool {
    (15..=34).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        && text.bytes().take(2).all(|b| b.is_ascii_uppercase())
        && text.bytes().skip(2).take(2).all(|b| b.is_ascii_digit())
}

/// An IBAN whose check digits hold.
pub(super) fn is_iban(text: &str) -> bool {
    has_iban_form(text) && iso_7064_mod_97(text) == Some(1)
}

fn belgian_communication(text: &str) -> Option<String> {
    for frame in ["+++", "***"] {
        let mut rest = text;
        while let Some(start) = rest.find(frame) {
            rest = &rest[start + 3..];
            let Some(end) = rest.find(frame) else { break };
            let digits: String = rest[..end].chars().filter(char::is_ascii_digit).collect();
            let plain = rest[..end].chars().all(|c| c.is_ascii_digit() || c == '/' || c == ' ');
            if plain && digits.len() == 12 {
                let (body, check) = digits.split_at(10);
                let remainder = body.parse::<u64>().ok()? % 97;
                let expected = if remainder == 0 { 97 } else { remainder };
                if check.parse::<u64>().ok()? == expected {
                    return Some(digits);
                }
            }
        }
    }
    None
}

/// A day that is near another one: the year in which month and day come closest to it. Bank files leave the year out.
pub(super) fn nearest_year(month: i8, day: i8, near: Date) -> Option<Date> {
    [near.year().checked_sub(1), Some(near.year()), near.year().checked_add(1)]
        .into_iter()
        .flatten()
        .filter_map(|year| Date::new(year, month, day).ok())
        .min_by_key(|date| (*date - near).get_days().abs())
}

/// A decimal as people write it, without currency: at most one decimal mark, the other mark only as grouping by three.
/// Gives the plain form with `.`; a lone mark is the decimal mark. `None` for anything else.
pub(super) fn plain_decimal(text: &str) -> Option<String> {
    let text = text.trim();
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => ("-", &text[1..]),
        b'+' => ("", &text[1..]),
        _ => ("", text),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit() || b == b',' || b == b'.') {
        return None;
    }
    let mark = digits.rfind([',', '.']);
    let (whole, fraction) = match mark {
        None => (digits, ""),
        Some(at) => {
            let this = digits.as_bytes()[at];
            let again = digits.bytes().filter(|&b| b == this).count() > 1;
            // Twice the same mark can only be grouping: `1.234.567`.
            if again { (digits, "") } else { (&digits[..at], &digits[at + 1..]) }
        }
    };
    let groups: Vec<&str> = whole.split([',', '.']).collect();
    let separators: Vec<u8> = whole.bytes().filter(|b| !b.is_ascii_digit()).collect();
    let grouped = groups.len() > 1;
    if grouped
        && (separators.windows(2).any(|w| w[0] != w[1])
            || groups[0].is_empty()
            || groups[0].len() > 3
            || groups[1..].iter().any(|g| g.len() != 3))
    {
        return None;
    }
    let whole = groups.concat();
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    Some(if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn decimals_as_banks_write_them() {
        for (text, plain) in [
            ("12", Some("12")),
            ("12,5", Some("12.5")),
            ("-1.234,56", Some("-1234.56")),
            ("1,234.56", Some("1234.56")),
            ("1.234.567", Some("1234567")),
            ("+,5", Some(".5")),
            ("5,", Some("5")),
            ("1,23.4", None),
            ("1.2.3", None),
            ("$120", None),
            ("", None),
            ("-", None),
            (",", None),
            ("1e3", None),
        ] {
            assert_eq!(plain_decimal(text).as_deref(), plain, "{text}");
        }
    }

    #[test]
    fn references_prove_themselves() {
        for (text, reference) in [
            ("Rechnung RF18 5390 0754 7034 danke", Some("RF18539007547034")),
            ("RF18539007547034", Some("RF18539007547034")),
            ("RF19539007547034", None),
            ("SURF18539007547034", None),
            ("betaling +++090/9337/55493+++", Some("090933755493")),
            ("***090/9337/55494***", None),
            ("+++", None),
            ("RF", None),
        ] {
            assert_eq!(structured_reference(text).as_deref(), reference, "{text}");
        }
    }

    #[test]
    fn a_day_without_year_belongs_to_the_nearest_year() {
        assert_eq!(nearest_year(1, 2, date(2025, 12, 31)), Some(date(2026, 1, 2)));
        assert_eq!(nearest_year(12, 31, date(2026, 1, 2)), Some(date(2025, 12, 31)));
        assert_eq!(nearest_year(2, 29, date(2023, 12, 31)), Some(date(2024, 2, 29)));
        assert_eq!(nearest_year(2, 30, date(2023, 12, 31)), None);
        assert_eq!(date_yymmdd("991231"), Some(date(1999, 12, 31)));
        assert_eq!(date_yymmdd("26"), None);
    }
}
