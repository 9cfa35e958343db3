//! One row of a table as a bank line, under a layout whose conventions are decided.

use jiff::civil::Date;
use quittance_rules::amount_text::{amount_readings, read_amount};
use quittance_rules::bank::{Problem, StatementLine, normal_account};
use quittance_rules::date_text::{DateOrder, read_date};
use quittance_rules::money::{Currency, Money};

use super::column_words::folded;
use super::profile::{Field, Profile};
use super::tabular::{Cells, EXACT_DATE, EXACT_NUMBER, Plan};
use super::tabular_layout::Layout;

/// Rows that the profile says are no bank lines, and the header repeated on every page of a printout.
pub(super) fn is_line(cells: &Cells, layout: &Layout, profile: Option<&Profile>) -> bool {
    let excluded = profile.and_then(|p| p.no_line.as_ref()).is_some_and(|rule| {
        let column = layout.header.iter().position(|name| folded(name) == folded(&rule.column));
        column.is_some_and(|column| rule.matches(cells.get(column)))
    });
    let is_header = cells.len() == layout.header.len() && cells.iter().zip(&layout.header).all(|(cell, name)| cell == name);
    !excluded && !is_header
}

/// Words that stand alone in a field of a row that gives a balance among the movements; folded.
const BALANCE_ROWS: [&str; 27] = [
    "opening balance",
    "closing balance",
    "balance brought forward",
    "balance carried forward",
    "brought forward",
    "carried forward",
    "previous balance",
    "starting balance",
    "ending balance",
    "anfangssaldo",
    "endsaldo",
    "saldovortrag",
    "alter kontostand",
    "neuer kontostand",
    "saldo inicial",
    "saldo final",
    "saldo anterior",
    "saldo do dia",
    "saldo del dia",
    "solde initial",
    "solde final",
    "ancien solde",
    "nouveau solde",
    "saldo iniziale",
    "saldo finale",
    "saldo poczatkowe",
    "saldo koncowe",
];

/// Whether the row says in a field of its own that it is a balance.
pub(super) fn is_balance_row(cells: &Cells) -> bool {
    let may_be = |text: &str| {
        let bytes = text.as_bytes();
        let holds = |word: &[u8]| bytes.windows(word.len()).any(|w| w.eq_ignore_ascii_case(word));
        (8..=30).contains(&text.len()) && [&b"sald"[..], b"sold", b"balance", b"kontostand", b"forward"].iter().any(|w| holds(w))
    };
    cells.iter().any(|text| may_be(text) && BALANCE_ROWS.contains(&folded(text).as_str()))
}

pub(super) fn first_filled<'c>(cells: &'c Cells, layout: &Layout, field: Field) -> &'c str {
    layout.columns.get(&field).into_iter().flatten().map(|&c| cells.get(c)).find(|text| !text.is_empty()).unwrap_or_default()
}

/// A text that may be a number in a spreadsheet (references, account numbers).
pub(super) fn plain_text(text: &str) -> &str {
    text.trim_start_matches([EXACT_NUMBER, EXACT_DATE])
}

pub(super) fn account_text(cells: &Cells, layout: &Layout) -> String {
    let written = plain_text(first_filled(cells, layout, Field::Account));
    if written.is_empty() { layout.account.clone().unwrap_or_default() } else { normal_account(written) }
}

/// The currency of a row: its column, the header or profile, the amount itself, or the caller's. `Err` when a column holds something
/// that is no currency.
pub(super) fn row_currency(
    cells: &Cells,
    layout: &Layout,
    profile: Option<&Profile>,
    assumed: Option<Currency>,
) -> Result<Option<Currency>, String> {
    let written = first_filled(cells, layout, Field::Currency);
    if !written.is_empty() {
        return match Currency::parse(written) {
            Ok(currency) => Ok(Some(currency)),
            // `€`, `S/`: read as the currency of an amount.
            Err(unknown) => amount_readings(&format!("{written} 1"))
                .ok()
                .and_then(|r| r.first().and_then(|r| r.currency))
                .map(Some)
                .ok_or_else(|| unknown.to_string()),
        };
    }
    if let Some(known) = profile.and_then(|p| p.currency).or(layout.currency) {
        return Ok(Some(known));
    }
    let in_amount = [Field::Amount, Field::Debit, Field::Credit].iter().find_map(|&field| {
        let text = first_filled(cells, layout, field);
        if text.starts_with(EXACT_NUMBER) { None } else { amount_readings(text).ok()?.first()?.currency }
    });
    Ok(in_amount.or(assumed))
}

/// A line, or the problem with its row.
pub(super) fn line_of(cells: &Cells, plan: &Plan<'_>, currency: Currency) -> Result<(StatementLine, Option<Money>), Problem> {
    let layout = plan.layout;
    let text = |field| plain_text(first_filled(cells, layout, field));
    let problem = |field: &str, message: String| Problem {
        line: Some(cells.line),
        field: Some(field.to_owned()),
        message: format!("{message}; the row was left out"),
    };
    let column_name = |field: Field| {
        let known = layout.columns.get(&field).and_then(|c| c.first()).and_then(|&c| layout.header.get(c)).cloned();
        // A table without such a column, or without a header, is told by the field's own name.
        known.filter(|name| !name.trim().is_empty()).or_else(|| super::preview::word(field)).unwrap_or_default()
    };
    let money = |field: Field, currency: Currency| -> Result<Option<Money>, Problem> {
        let written = first_filled(cells, layout, field);
        if written.is_empty() {
            return Ok(None);
        }
        let read = match written.strip_prefix(EXACT_NUMBER) {
            Some(exact) => Money::parse(exact, currency).map_err(|e| e.to_string()),
            None => read_amount(written, plan.decimal, currency).map_err(|e| e.to_string()),
        };
        read.map(Some).map_err(|message| problem(&column_name(field), message))
    };
    let date = |field: Field, order: DateOrder| -> Result<Option<Date>, Problem> {
        let written = first_filled(cells, layout, field);
        if written.is_empty() {
            return Ok(None);
        }
        let read = match written.strip_prefix(EXACT_DATE) {
            Some(exact) => read_date(exact, DateOrder::Ymd),
            None => read_date(plain_text(written), order),
        };
        read.map(Some).map_err(|error| problem(&column_name(field), error.to_string()))
    };
    let too_large = || problem("amount", "the amount is too large".to_owned());

    let value_date = date(Field::ValueDate, plan.value_order)?;
    let booking_date = date(Field::BookingDate, plan.booking_order)?.or(value_date);
    if booking_date.is_none() {
        return Err(problem(&column_name(Field::BookingDate), "there is no date".to_owned()));
    }
    let mut amount = if layout.columns.contains_key(&Field::Amount) {
        let written = money(Field::Amount, currency)?
            .ok_or_else(|| problem(&column_name(Field::Amount), "there is no amount".to_owned()))?;
        if layout.columns.contains_key(&Field::Indicator) {
            let side = text(Field::Indicator);
            let is_debit = indicator(side, plan.profile).ok_or_else(|| {
                let shown: String = side.chars().take(40).collect();
                problem(&column_name(Field::Indicator), format!("`{shown}` says neither debit nor credit"))
            })?;
            match (is_debit, written.is_negative()) {
                (true, false) => written.checked_neg().ok_or_else(too_large)?,
                (true, true) | (false, false) => written,
                (false, true) => {
                    return Err(problem(&column_name(Field::Amount), format!("{written} is negative, but marked as a credit")));
                }
            }
        } else {
            written
        }
    } else {
        let debit = money(Field::Debit, currency)?.filter(|m| !m.is_zero());
        let credit = money(Field::Credit, currency)?.filter(|m| !m.is_zero());
        match (debit, credit) {
            (Some(debit), None) if plan.debits_are_negative => debit,
            (Some(debit), None) => debit.checked_neg().ok_or_else(too_large)?,
            (None, Some(credit)) => credit,
            (Some(debit), Some(credit)) => {
                return Err(problem("amount", format!("the row has a debit of {debit} and a credit of {credit}")));
            }
            (None, None)
                if first_filled(cells, layout, Field::Debit).is_empty()
                    && first_filled(cells, layout, Field::Credit).is_empty() =>
            {
                return Err(problem("amount", "there is neither a debit nor a credit".to_owned()));
            }
            (None, None) => Money::zero(currency),
        }
    };
    if plan.profile.is_some_and(|p| p.out_is_positive) {
        amount = amount.checked_neg().ok_or_else(too_large)?;
    }
    let fee = money(Field::Fee, currency)?.filter(|m| !m.is_zero()).map(|m| m.checked_abs().ok_or_else(too_large)).transpose()?;
    if plan.profile.is_some_and(|p| p.fee_is_extra)
        && let Some(fee) = fee
    {
        amount = amount.checked_sub(fee).ok_or_else(too_large)?;
    }
    let balance = money(Field::Balance, currency)?;
    let original_amount = match Currency::parse(text(Field::OriginalCurrency)) {
        Ok(original) if original != currency => money(Field::OriginalAmount, original)?,
        Ok(_) | Err(_) => None,
    };
    let filled = |field: Field| Some(clean(text(field))).filter(|t| !t.is_empty());
    let side_name = if amount.is_negative() { Field::PayeeName } else { Field::PayerName };
    let mut remittance: Vec<String> = Vec::new();
    for &column in layout.columns.get(&Field::Remittance).into_iter().flatten() {
        let piece = clean(plain_text(cells.get(column)));
        if !piece.is_empty() && !remittance.contains(&piece) {
            remittance.push(piece);
        }
    }
    let is_booked = plan.profile.and_then(|p| p.booked.as_ref()).is_none_or(|rule| {
        let column = layout.header.iter().position(|name| folded(name) == folded(&rule.column));
        column.is_none_or(|column| rule.matches(cells.get(column)))
    });
    let transaction_code = filled(Field::TransactionCode);
    let line = StatementLine {
        booking_date,
        value_date,
        amount,
        counterparty_name: filled(Field::CounterpartyName).or_else(|| filled(side_name)),
        counterparty_account: filled(Field::CounterpartyAccount).map(|a| normal_account(&a)),
        remittance: Some(remittance.join(" ")).filter(|t| !t.is_empty()),
        structured_reference: filled(Field::StructuredReference),
        end_to_end_id: filled(Field::EndToEndId).filter(|id| !is_placeholder(id)),
        bank_reference: filled(Field::BankReference),
        is_return: transaction_code.as_deref().is_some_and(is_return_word),
        transaction_code,
        is_booked,
        fee,
        original_amount,
        place: format!("line {}", cells.line),
    };
    Ok((line, balance))
}

pub(super) fn is_placeholder(id: &str) -> bool {
    matches!(folded(id).as_str(), "notprovided" | "not provided" | "nonref" | "none" | "n a")
}

/// Words for returned and reversed payments in the columns that name the kind of transaction.
pub(super) fn is_return_word(code: &str) -> bool {
    let code = folded(code);
    [
        "return",
        "returned",
        "reversal",
        "chargeback",
        "rucklastschrift",
        "ruckuberweisung",
        "retoure",
        "storno",
        "devolucion",
        "retroceso",
        "devolucao",
        "estorno",
        "rejet",
        "retour",
        "storno",
        "insoluto",
        "stornering",
        "payment reversal",
        "payment failure refund",
    ]
    .iter()
    .any(|word| code.split(' ').any(|w| w == *word) || code == *word)
}

/// Line breaks and runs of space folded to one space, control characters gone.
pub(super) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// True for debit, false for credit.
pub(super) fn indicator(text: &str, profile: Option<&Profile>) -> Option<bool> {
    let word = folded(text);
    if let Some(profile) = profile {
        if profile.debit_words.iter().any(|w| folded(w) == word) {
            return Some(true);
        }
        if profile.credit_words.iter().any(|w| folded(w) == word) {
            return Some(false);
        }
    }
    match word.as_str() {
        "d" | "dr" | "db" | "dbit" | "debit" | "debe" | "debito" | "cargo" | "soll" | "s" | "af" | "dare" | "out"
        | "money out" | "withdrawal" | "lastschrift" | "belastung" | "saida" | "egreso" | "obciazenie" | "uttag" | "debet"
        | "ud" | "ut" | "borc" | "odchozi" | "支出" | "借" => Some(true),
        "c" | "cr" | "crdt" | "credit" | "haber" | "credito" | "abono" | "haben" | "h" | "bij" | "avere" | "in" | "money in"
        | "deposit" | "gutschrift" | "entrada" | "ingreso" | "uznanie" | "insattning" | "kredit" | "ind" | "inn" | "alacak"
        | "prichozi" | "收入" | "贷" => Some(false),
        _ if text.trim() == "-" => Some(true),
        _ if text.trim() == "+" => Some(false),
        _ => None,
    }
}

/// Follows the balance column, which runs either down the file or (newest first) up it.
#[derive(Default)]
pub(super) struct RunningBalance {
    pub(super) first: Option<(Money, Money, Option<Date>)>,
    pub(super) last: Option<(Money, Money, Option<Date>)>,
    pub(super) falls: bool,
    pub(super) rises: bool,
    pub(super) gaps: bool,
}

impl RunningBalance {
    pub(super) fn see(&mut self, line: &StatementLine, balance: Option<Money>) {
        if !line.is_booked {
            return;
        }
        let Some(balance) = balance else {
            self.gaps = true;
            return;
        };
        if let Some((before, amount, _)) = self.last {
            self.falls |= before.checked_add(line.amount) != Some(balance);
            self.rises |= balance.checked_add(amount) != Some(before);
        }
        let here = (balance, line.amount, line.booking_date);
        self.first = self.first.or(Some(here));
        self.last = Some(here);
    }

    /// Opening and closing balance.
    pub(super) fn ends(&self) -> Option<(Money, Money)> {
        let ((first, first_amount, first_day), (last, last_amount, last_day)) = (self.first?, self.last?);
        if self.gaps {
            return None;
        }
        let newest_first = match (self.falls, self.rises) {
            (false, _) => false,
            (true, false) => true,
            // Neither way adds up (a row could not be read): the dates tell the direction, and the sum tells what is missing.
            (true, true) => first_day > last_day,
        };
        if newest_first { Some((last.checked_sub(last_amount)?, first)) } else { Some((first.checked_sub(first_amount)?, last)) }
    }
}

/// A row with other fields than the header has may have its values in the wrong columns, or lack its end.
pub(super) fn wrong_width(cells: &Cells, layout: &Layout) -> Option<Problem> {
    let head = layout.header.iter().rposition(|name| !name.is_empty()).map_or(0, |last| last + 1);
    let surplus = (layout.header.len()..cells.len()).any(|index| !cells.get(index).is_empty());
    if cells.len() >= head && !surplus {
        return None;
    }
    let why = if surplus { "a text with a delimiter in it may lack its quotation marks" } else { "the row may be cut off" };
    Some(Problem {
        line: Some(cells.line),
        field: None,
        message: format!("the row has {} fields, the header has {head}; {why}. The row was left out", cells.len()),
    })
}
