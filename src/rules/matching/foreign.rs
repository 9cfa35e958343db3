//! Numbers in a text that are no references: dates, amounts, telephones, tax numbers, accounts, the customer's own number.

use crate::reference::Atom;

/// Where the numbers end that a label at this place claims for something else than an invoice; 0 for no such label.
pub(super) fn foreign_to(folded: &[u8], found: &[Atom], at: usize) -> usize {
    let Some(label) = found.get(at).filter(|a| !a.is_number) else { return 0 };
    let is_number = |at: usize| found.get(at).is_some_and(|a| a.is_number);
    let is_country = || found.get(at + 1).is_some_and(|a| a.len() <= 2);
    let is_claimed = is_number(at + 1) || (is_country() && is_number(at + 2));
    if !is_claimed {
        return 0;
    }
    let word = label.text(folded);
    if !(3..=9).contains(&word.len()) || !FOREIGN.contains(&word) {
        return 0;
    }
    let is_telephone = word.starts_with(b"TEL") || TELEPHONES.contains(&word);
    let mut end = at + 1;
    // The country of a tax number or an account: `VAT DE123456789`.
    if !is_telephone && found.get(end).is_some_and(|a| !a.is_number && a.len() <= 2) {
        end += 1;
    }
    let first = end;
    while found.get(end).is_some_and(|a| a.is_number && (end == first || a.joins() || (is_telephone && a.before == PLUS))) {
        end += 1;
        // Groups belong to a telephone number as long as they go on; other labels claim one number.
        if !is_telephone && !found.get(end).is_some_and(|a| matches!(a.before, 0 | b'-' | b'/' | b'.')) {
            break;
        }
    }
    if end == first { 0 } else { end }
}

/// Marks what is no reference by its form or by its label.
pub(super) fn cover_foreign(found: &[Atom], folded: &[u8], covered: &mut [bool]) {
    cover_dates_and_amounts(found, folded, covered);
    for at in 0..found.len() {
        let end = foreign_to(folded, found, at);
        covered[at..end.max(at)].fill(true);
    }
}

/// Where the number ends that a label at this place says to be an order's, a contract's or a customer's; 0 for no such label. Unlike
/// [`foreign_to`] this is no more than a doubt: some sellers number an invoice as its order, and some payers name it so.
pub(super) fn order_to(folded: &[u8], found: &[Atom], at: usize) -> usize {
    let Some(label) = found.get(at).filter(|a| !a.is_number) else { return 0 };
    let word = label.text(folded);
    if !ORDERS.iter().any(|stem| word.starts_with(stem)) && !ORDER_WORDS.contains(&word) {
        return 0;
    }
    // `Kd-Nr 30001`, `Bestellung Nr. 45001`: a word for number between them.
    let is_word = |at: usize| found.get(at).is_some_and(|a| !a.is_number && a.len() <= 6);
    let first = if is_word(at + 1) { at + 2 } else { at + 1 };
    if found.get(first).is_some_and(|a| a.is_number) { first + 1 } else { 0 }
}

/// Beginnings of words for an order, a contract or a customer.
const ORDERS: &[&[u8]] = &[
    b"BESTELL",
    b"AUFTRAG",
    b"VERTRAG",
    b"KUNDE",
    b"KUNDEN",
    b"DEBITOR",
    b"ORDER",
    b"CONTRACT",
    b"CONTRAT",
    b"CUSTOMER",
    b"CLIENT",
    b"CLIENTE",
    b"PEDIDO",
    b"ENCOMENDA",
    b"COMMANDE",
    b"ORDINE",
    b"KLANT",
    b"KUND",
    b"ZAMOWIEN",
    b"UMOW",
    b"KLIENT",
    b"AVTAL",
    b"MITGLIED",
    b"MEMBER",
];

/// Whole words and short forms for the same.
const ORDER_WORDS: &[&[u8]] = &[b"KD", b"KDNR", b"KNR", b"AB", b"PO", b"BEST"];

const PLUS: u8 = b'+';

/// Labels of telephone numbers, tax numbers, accounts and of references that the bank or the payer's system makes.
const FOREIGN: &[&[u8]] = &[
    b"TEL",
    b"TELEFON",
    b"TELEFONO",
    b"TELEPHONE",
    b"TELEFOON",
    b"TLF",
    b"TFN",
    b"PHONE",
    b"FON",
    b"FAX",
    b"MOBIL",
    b"MOBILE",
    b"CEL",
    b"CELL",
    b"CELULAR",
    b"PUHELIN",
    b"PUH",
    b"VAT",
    b"UST",
    b"USTID",
    b"USTIDNR",
    b"UID",
    b"TVA",
    b"NIF",
    b"CIF",
    b"RUC",
    b"NIP",
    b"MOMS",
    b"STEUERNR",
    b"SIRET",
    b"SIREN",
    b"KVK",
    b"BTW",
    b"DIC",
    b"ICO",
    b"IBAN",
    b"BIC",
    b"BLZ",
    b"EREF",
    b"KREF",
    b"MREF",
    b"CRED",
    b"MANDAT",
    b"MANDATE",
    b"TRX",
    b"TAN",
    b"PLZ",
];

/// Labels of telephone numbers that do not begin with `TEL`.
const TELEPHONES: &[&[u8]] =
    &[b"TLF", b"TFN", b"PHONE", b"FON", b"FAX", b"MOBIL", b"MOBILE", b"CEL", b"CELL", b"CELULAR", b"PUHELIN", b"PUH"];

/// Marks dates, years, periods and amounts, which are no references.
fn cover_dates_and_amounts(found: &[Atom], folded: &[u8], covered: &mut [bool]) {
    let mut at = 0;
    while at < found.len() {
        let end = if covered[at] { at } else { date_or_amount_to(found, folded, at) };
        covered[at..end.max(at)].fill(true);
        at = end.max(at + 1);
    }
}

/// Marks the atoms behind which a date, a period or an amount goes on: `12` and `04` of `12.04.2026`.
pub(super) fn note_unended(found: &[Atom], folded: &[u8], unended: &mut Vec<bool>) {
    unended.clear();
    unended.resize(found.len(), false);
    let mut at = 0;
    while at < found.len() {
        let end = date_or_amount_to(found, folded, at);
        unended[at..end.max(at + 1) - 1].fill(true);
        at = end.max(at + 1);
    }
}

/// Where the date, year, period or amount ends that begins at this place; 0 for none.
fn date_or_amount_to(found: &[Atom], folded: &[u8], at: usize) -> usize {
    if !found[at].is_number {
        return 0;
    }
    let text = |at: usize| found.get(at).filter(|a| a.is_number).map(|a| a.text(folded)).unwrap_or_default();
    let (a, b, c) = (text(at), text(at + 1), text(at + 2));
    let fits = |digits: &[u8], low: u64, high: u64| !digits.is_empty() && (low..=high).contains(&value_of(digits));
    let short = |d: &[u8]| d.len() <= 2;
    let joined = |k: usize| found.get(at + k).is_some_and(|x| matches!(x.before, b'.' | b'/' | b'-'));
    let is_date = joined(1)
        && joined(2)
        && ((short(a) && short(b) && fits(a, 1, 31) && fits(b, 1, 31) && (is_year(c) || (c.len() == 2 && value_of(c) < 46)))
            || (is_year(a) && short(b) && short(c) && fits(b, 1, 12) && fits(c, 1, 31)));
    if is_date {
        return at + 3;
    }
    let is_period = joined(1)
        && ((short(a) && fits(a, 1, 12) && is_year(b)) || (is_year(a) && b.len() == 2 && fits(b, 1, 12)))
        && !found.get(at + 2).is_some_and(|x| x.is_number && joined(2));
    if is_period {
        return at + 2;
    }
    // 1.234,56 · 49.00 · 1 234,50
    let mut end = at + 1;
    while end < found.len() && found[end].is_number && matches!(found[end].before, b'.' | b',' | b'\'') {
        end += 1;
    }
    if end > at + 1 && text(end - 1).len() == 2 && (at + 1..end - 1).all(|k| text(k).len() == 3) {
        return end;
    }
    let is_compact_date = a.len() == 8 && {
        let (y, m, d) = (value_of(&a[..4]), value_of(&a[4..6]), value_of(&a[6..]));
        let (d2, m2, y2) = (value_of(&a[..2]), value_of(&a[2..4]), value_of(&a[4..]));
        let valid = |y: u64, m: u64, d: u64| (2015..=2035).contains(&y) && (1..=12).contains(&m) && (1..=31).contains(&d);
        valid(y, m, d) || valid(y2, m2, d2)
    };
    if is_year(a) || is_compact_date { at + 1 } else { 0 }
}

/// Four digits that are a year of our time.
pub(super) fn is_year(digits: &[u8]) -> bool {
    digits.len() == 4 && (1990..=2045).contains(&value_of(digits))
}

/// The digits of a customer's number, without zeros at the front.
pub(super) fn digits_of_id(id: &str) -> Vec<u8> {
    id.bytes().filter(u8::is_ascii_digit).skip_while(|c| *c == b'0').collect()
}

/// The customer's own number at the seller is no invoice number.
pub(super) fn cover_customer_id(id: &str, found: &[Atom], folded: &[u8], covered: &mut [bool]) {
    let digits = || id.bytes().filter(u8::is_ascii_digit).skip_while(|c| *c == b'0');
    let count = digits().count();
    if count < 3 {
        return;
    }
    for (at, atom) in found.iter().enumerate() {
        let text = atom.text(folded);
        let bare: &[u8] = text.iter().position(|c| *c != b'0').map_or(&[], |skip| &text[skip..]);
        if atom.is_number && bare.len() == count && bare.iter().copied().eq(digits()) {
            covered[at] = true;
        }
    }
}

pub(super) fn value_of(digits: &[u8]) -> u64 {
    digits.iter().take(18).fold(0, |sum, c| sum * 10 + u64::from(c.wrapping_sub(b'0').min(9)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::{atoms, fold};

    #[test]
    fn dates_periods_and_amounts_are_no_references() {
        for (text, left) in [
            ("vom 01.02.2026 ueber 1.234,56", ""),
            ("2026-03-01", ""),
            ("03/2026", ""),
            ("20260301", ""),
            ("49.00", ""),
            ("RE 123456 vom 1.2.26", "123456"),
            ("12345", "12345"),
            ("2026", ""),
        ] {
            let mut folded = Vec::new();
            fold(text, &mut folded);
            let mut found = Vec::new();
            atoms(&folded, 100, &mut found);
            let mut covered = vec![false; found.len()];
            cover_dates_and_amounts(&found, &folded, &mut covered);
            let rest: String = found
                .iter()
                .zip(&covered)
                .filter(|(a, c)| a.is_number && !**c)
                .map(|(a, _)| String::from_utf8_lossy(a.text(&folded)).into_owned())
                .collect();
            assert_eq!(rest, left, "{text}");
        }
    }
}
