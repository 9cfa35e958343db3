//! What the first rows of a table say about columns whose names leave it open: whose account a column holds, whether `Valuta` is a date
//! or a currency, and which column tells debits from credits.

use quittance_rules::amount_text::amount_readings;
use quittance_rules::date_text::{DateOrder, read_date};
use quittance_rules::money::Currency;

use super::column_words::folded;
use super::profile::Field;
use super::tabular::{Cells, EXACT_NUMBER};
use super::tabular_layout::{Layout, iban_before, same_field};
use super::tabular_row::indicator;

/// Settles what the column names left open, by the rows that were read in search of the header.
pub(super) fn settle(layout: &mut Layout, rows: &[Cells]) {
    let body: Vec<&Cells> = rows.iter().filter(|row| row.line > layout.header_line).collect();
    valuta(layout, &body);
    account(layout, rows, &body);
    side(layout, &body);
}

/// `Valuta` is the value date in German and Italian, the currency in the Nordic languages and Dutch: the values tell.
fn valuta(layout: &mut Layout, body: &[&Cells]) {
    let Some(column) = layout.header.iter().position(|name| folded(name) == "valuta") else { return };
    let mut values = body.iter().map(|row| row.get(column)).filter(|text| !text.is_empty()).peekable();
    if values.peek().is_none() || layout.columns.values().any(|columns| columns.contains(&column)) {
        return;
    }
    let values: Vec<&str> = values.collect();
    let field = if values.iter().all(|text| Currency::parse(text).is_ok()) {
        Field::Currency
    } else if values.iter().all(|text| DateOrder::ALL.iter().any(|order| read_date(text, *order).is_ok())) {
        Field::ValueDate
    } else {
        return;
    };
    layout.columns.entry(field).or_insert_with(|| vec![column]);
}

/// A column named `IBAN` or `Account number` is the other party's where the lines above the table name our account, or where
/// a column names the other party and the accounts differ from row to row.
fn account(layout: &mut Layout, rows: &[Cells], body: &[&Cells]) {
    let Some(columns) = layout.columns.get(&Field::Account).cloned() else { return };
    let own = ["own account", "auftragskonto", "iban auftragskonto", "account iban"];
    if columns.iter().any(|&c| layout.header.get(c).is_some_and(|name| own.contains(&folded(name).as_str()))) {
        return;
    }
    let has_party =
        [Field::CounterpartyName, Field::PayerName, Field::PayeeName].iter().any(|field| layout.columns.contains_key(field));
    let differs = |column: usize| {
        let mut values = body.iter().map(|row| row.get(column));
        let first = values.next();
        values.any(|text| Some(text) != first)
    };
    let has_preamble_account = iban_before(rows, layout.header_line).is_some();
    let others = has_preamble_account || has_party && columns.iter().all(|&c| differs(c));
    if others {
        layout.columns.remove(&Field::Account);
        layout.columns.entry(Field::CounterpartyAccount).or_insert(columns);
    } else if let [first, second, ..] = columns.as_slice() {
        let clash = same_field(&layout.header, *first, *second);
        layout.clash = layout.clash.take().or(Some(clash));
    }
}

/// Where no amount has a sign and one column holds nothing but words for debit and credit (`S`/`H`, `DEBIT`/`CREDIT`, `Entrada`/`Saída`),
/// that column is the side, whatever its name: without it every debit would be taken for a credit.
fn side(layout: &mut Layout, body: &[&Cells]) {
    let Some(&amount) = layout.columns.get(&Field::Amount).and_then(|columns| columns.first()) else { return };
    if layout.columns.contains_key(&Field::Indicator) {
        return;
    }
    let booked: Vec<&&Cells> = body.iter().filter(|row| is_amount(row.get(amount))).collect();
    let is_signed = |text: &str| text.contains(['-', '+', '(', '\u{2212}', '\u{2013}']) || text.chars().any(char::is_alphabetic);
    if booked.is_empty() || booked.iter().any(|row| is_signed(row.get(amount))) {
        return;
    }
    let width = booked.iter().map(|row| row.len()).max().unwrap_or(0).max(layout.header.len());
    let found = (0..width).find(|&column| {
        let used = layout.columns.iter().any(|(field, columns)| *field != Field::TransactionCode && columns.contains(&column));
        !used && booked.iter().all(|row| indicator(row.get(column), None).is_some())
    });
    if let Some(column) = found {
        layout.columns.insert(Field::Indicator, vec![column]);
    }
}

fn is_amount(text: &str) -> bool {
    text.starts_with(EXACT_NUMBER) || !text.is_empty() && amount_readings(text).is_ok()
}
