//! Which receipt a return takes back.
//!
//! Certain is only a receipt of the same amount that shares an identifier with the return (end-to-end id, bank reference, or a number
//! quoted in both texts), from the same payer as far as both lines name one, when no other receipt shares one. Then what it had
//! settled is opened again. Everything else is a person's to decide.

use serde::{Deserialize, Serialize};

use crate::bank::{StatementLine, normal_account};
use crate::names::{fold_name, similarity};

/// Days after which a return no longer takes a receipt back by itself: a SEPA debit may be returned for 13 months.
const DAYS_MAX: i32 = 400;
/// Thousandths from which two names are taken for one.
const SAME_NAME: u16 = 850;

/// What a decision about a return rests on. Stored with it, so that it replays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnFacts {
    /// The return.
    pub returned: StatementLine,
    /// Receipts of the same account that may be what it takes back, oldest first.
    pub receipts: Vec<StatementLine>,
    /// Place of the one that was taken back.
    pub taken_back: usize,
}

/// The one receipt that a return certainly takes back: its place in the list.
pub fn certain_receipt(returned: &StatementLine, receipts: &[StatementLine]) -> Option<usize> {
    let mut linked = receipts.iter().enumerate().filter(|(_, receipt)| is_linked(returned, receipt));
    let (place, receipt) = linked.next()?;
    (linked.next().is_none() && is_same_payer(receipt, returned)).then_some(place)
}

/// Whether a receipt may be what a return takes back: its amount, booked before it, with an identifier in common.
pub fn is_linked(returned: &StatementLine, receipt: &StatementLine) -> bool {
    returned.amount.is_negative()
        && returned.amount.checked_neg() == Some(receipt.amount)
        && is_before(receipt, returned)
        && shares_identifier(receipt, returned)
}

fn is_before(receipt: &StatementLine, returned: &StatementLine) -> bool {
    match (receipt.booking_date, returned.booking_date) {
        (Some(receipt), Some(back)) => receipt.until(back).is_ok_and(|span| (0..=DAYS_MAX).contains(&span.get_days())),
        _ => false,
    }
}

/// An id that one of the two lines was given by the world, and that stands in the other too.
fn shares_identifier(receipt: &StatementLine, returned: &StatementLine) -> bool {
    let same = |a: &Option<String>, b: &Option<String>| match (id(a), id(b)) {
        (Some(a), Some(b)) => a == b,
        _ => false,
    };
    same(&receipt.end_to_end_id, &returned.end_to_end_id)
        || same(&receipt.bank_reference, &returned.bank_reference)
        || shares_number(receipt, returned)
}

/// An identifier that identifies: `NOTPROVIDED`, `0` and the like do not.
fn id(text: &Option<String>) -> Option<String> {
    let plain = plain(text.as_deref()?);
    (plain.len() >= 4 && plain.chars().any(|c| c.is_ascii_digit()) && plain.chars().any(|c| c != '0')).then_some(plain)
}

/// Whether two lines quote the same number of five or more letters and digits with a digit in it.
pub fn shares_number(a: &StatementLine, b: &StatementLine) -> bool {
    let numbers = |line: &StatementLine| -> std::collections::BTreeSet<String> {
        [&line.remittance, &line.structured_reference, &line.end_to_end_id]
            .into_iter()
            .flatten()
            .flat_map(|text| text.split_whitespace())
            .map(plain)
            .filter(|word| word.len() >= 5 && word.chars().any(|c| c.is_ascii_digit()))
            .collect()
    };
    !numbers(a).is_disjoint(&numbers(b))
}

/// The payer of the receipt is not contradicted: where both lines name an account they are one, else where both give a name.
fn is_same_payer(receipt: &StatementLine, returned: &StatementLine) -> bool {
    if let (Some(a), Some(b)) = (&receipt.counterparty_account, &returned.counterparty_account) {
        return normal_account(a) == normal_account(b);
    }
    match (&receipt.counterparty_name, &returned.counterparty_name) {
        (Some(a), Some(b)) => similarity(&fold_name(a).core, &fold_name(b).core) >= SAME_NAME,
        _ => true,
    }
}

fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::{Currency, Money};
    use jiff::civil::date;

    fn line(minor: i64, day: i8, text: &str, end_to_end: &str, payer: &str) -> StatementLine {
        StatementLine {
            booking_date: Some(date(2026, 5, day)),
            value_date: None,
            amount: Money::new(minor, Currency::EUR),
            counterparty_name: Some(payer.to_owned()).filter(|name| !name.is_empty()),
            counterparty_account: None,
            remittance: Some(text.to_owned()),
            structured_reference: None,
            end_to_end_id: Some(end_to_end.to_owned()),
            bank_reference: None,
            transaction_code: None,
            is_return: minor < 0,
            is_booked: true,
            fee: None,
            original_amount: None,
            place: String::new(),
        }
    }

    #[test]
    fn only_one_receipt_with_the_same_identifier_is_certain() {
        let back = line(-4_900, 9, "RETURN AC04", "E2E-77", "Alder Ltd");
        let first = line(4_900, 2, "INV-2041", "E2E-77", "ALDER LTD");
        let other = line(4_900, 2, "INV-2042", "E2E-78", "Alder Ltd");
        let rows: Vec<(&str, StatementLine, Vec<StatementLine>, Option<usize>)> = vec![
            ("the end-to-end id", back.clone(), vec![other.clone(), first.clone()], Some(1)),
            (
                "a number in both texts",
                line(-4_900, 9, "RETOUR INV-2042", "NOTPROVIDED", ""),
                vec![first.clone(), other.clone()],
                Some(1),
            ),
            ("no receipt", back.clone(), vec![], None),
            ("two receipts with one id", back.clone(), vec![first.clone(), first.clone()], None),
            ("nothing shared", line(-4_900, 9, "RETURN", "NOTPROVIDED", "Alder Ltd"), vec![first.clone()], None),
            ("an id that is none", line(-4_900, 9, "RETURN", "0000", ""), vec![line(4_900, 2, "x", "0000", "")], None),
            ("another amount", line(-4_800, 9, "x", "E2E-77", ""), vec![first.clone()], None),
            ("booked after the return", line(-4_900, 1, "x", "E2E-77", ""), vec![first.clone()], None),
            ("another payer", line(-4_900, 9, "x", "E2E-77", "Beech & Partners"), vec![first.clone()], None),
            ("money that came in", line(4_900, 9, "x", "E2E-77", ""), vec![first], None),
        ];
        for (name, returned, receipts, expected) in rows {
            assert_eq!(certain_receipt(&returned, &receipts), expected, "{name}");
        }
    }

    #[test]
    fn an_account_decides_before_a_name() {
        let mut back = line(-4_900, 9, "x", "E2E-77", "Bank of Alder");
        let mut receipt = line(4_900, 2, "y", "E2E-77", "Alder Ltd");
        receipt.counterparty_account = Some("DE02 1203 0000 0000 2020 51".to_owned());
        back.counterparty_account = Some("de02120300000000202051".to_owned());
        assert_eq!(certain_receipt(&back, std::slice::from_ref(&receipt)), Some(0));
        back.counterparty_account = Some("DE89370400440532013000".to_owned());
        assert_eq!(certain_receipt(&back, &[receipt]), None);
    }
}
