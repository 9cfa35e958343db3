//! Quicken Interchange Format: bank, card and cash registers.
//!
//! The format names no currency: it must be given. It does not say whether day or month comes first either; the first date
//! that can be read one way only decides for the file (up to then transactions wait), and where none does, the order must be
//! given. Splits are categories of one booking, not bookings. Source: Intuit, Quicken Interchange Format specification.

use std::io::BufRead;

use quittance_rules::bank::{BalanceCheck, Statement, StatementLine, StatementSink};
use quittance_rules::money::{AmountError, Currency, Money};

use super::IntakeError;
pub use super::qif_date::DateOrder;
use super::qif_date::{Evidence, RawDate};
use super::text_fields::{account_number, folded, plain_decimal, problem_at, shown, structured_reference};
use super::text_lines::{LineReader, TextDecoder};

/// Transactions kept while the order of day and month is open.
const MOST_WAITING: usize = 20_000;
/// Most bytes kept of one transaction.
const LONGEST_RECORD: usize = 64 * 1024;

/// What the file leaves open.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Currency of every amount. Without it nothing is taken.
    pub currency: Option<Currency>,
    /// Order of day and month, where the dates of the file do not show it.
    pub date_order: Option<DateOrder>,
}

/// Reads every register of a file: a statement for each. A broken transaction is a problem and the rest is taken.
///
/// # Errors
/// The bytes cannot be had, there are none, or there is no header `!Type:` in them.
pub fn read<R: BufRead>(input: R, sink: &mut dyn StatementSink, options: Options) -> Result<(), IntakeError> {
    let mut lines = LineReader::new(input);
    let mut decoder = TextDecoder::default();
    let mut reader = Reader {
        sink,
        options,
        order: options.date_order,
        section: Section::Skipped,
        draft: Draft::default(),
        account: String::new(),
        register: None,
        waiting: Vec::new(),
        undecided: 0,
        seen_type: false,
        refused: false,
    };
    let mut empty = true;
    while let Some(info) = lines.advance()? {
        if info.continues {
            reader.problem(info.number, "line", "the line is longer than 64 KiB; the rest of it is not read");
            continue;
        }
        let text = decoder.decode(lines.bytes());
        let text = text.trim_end_matches([' ', '\t', '\u{1a}', '\0']);
        if text.trim().is_empty() {
            continue;
        }
        empty = false;
        reader.line(info.number, text);
    }
    reader.finish();
    match (reader.seen_type, empty) {
        (true, _) => Ok(()),
        (false, true) => Err(IntakeError::Empty),
        (false, false) => Err(IntakeError::UnknownFormat {
            advice: "a QIF file has a line `!Type:` or `!Account`, and this one has none".to_owned(),
        }),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    Register,
    Account,
    /// Investments, categories and other lists.
    Skipped,
}

#[derive(Debug, Clone, Default)]
struct Draft {
    line: u64,
    date: Option<String>,
    amount: Option<String>,
    number: String,
    payee: String,
    memo: String,
    category: String,
    splits: Vec<String>,
    bytes: usize,
}

struct Register {
    opening: Option<Money>,
    first: bool,
    begun: bool,
    check: BalanceCheck,
}

struct Reader<'s> {
    sink: &'s mut dyn StatementSink,
    options: Options,
    order: Option<DateOrder>,
    section: Section,
    draft: Draft,
    account: String,
    register: Option<Register>,
    /// Transactions that wait for the order of day and month, all of the open register.
    waiting: Vec<(Draft, RawDate)>,
    undecided: u64,
    seen_type: bool,
    refused: bool,
}

impl Reader<'_> {
    fn problem(&mut self, line: u64, field: &str, message: impl Into<String>) {
        self.sink.problem(problem_at(line, field, message));
    }

    fn line(&mut self, number: u64, text: &str) {
        let text = text.trim_start();
        if text.starts_with('!') {
            self.header(number, text);
            return;
        }
        let mut characters = text.chars();
        let code = characters.next().unwrap_or('^');
        let value = characters.as_str();
        match self.section {
            Section::Skipped => {}
            Section::Account => match code {
                'N' => self.account = account_number(value).unwrap_or_default(),
                '^' => self.section = Section::Skipped,
                _ => {}
            },
            Section::Register if code == '^' => {
                let draft = std::mem::take(&mut self.draft);
                self.transaction(draft);
            }
            Section::Register => self.field(number, code, value),
        }
    }

    fn header(&mut self, number: u64, text: &str) {
        let lower = text.to_ascii_lowercase();
        let kind = lower.strip_prefix("!type:").map(str::trim);
        if lower.starts_with("!account") {
            self.end_register();
            self.seen_type = true;
            self.section = Section::Account;
            self.account.clear();
        } else if let Some(kind) = kind {
            self.end_register();
            self.seen_type = true;
            self.section = Section::Skipped;
            match kind {
                "bank" | "ccard" | "cash" | "oth a" | "oth l" => self.begin_register(number),
                "invst" | "invoice" => {
                    self.problem(
                        number,
                        "!Type",
                        format!("`{}` is no register of bank bookings; its records are not taken", shown(text)),
                    );
                }
                // Lists of categories, classes and memorized payees hold no bookings.
                _ => {}
            }
        }
        // `!Option:` and `!Clear:` steer the import into Quicken.
    }

    fn begin_register(&mut self, number: u64) {
        if self.options.currency.is_none() {
            if !std::mem::replace(&mut self.refused, true) {
                self.problem(
                    number,
                    "!Type",
                    "QIF names no currency; pass it with --currency (or `currency` in the profile), then the file is read",
                );
            }
            return;
        }
        self.section = Section::Register;
        self.draft = Draft::default();
        self.register = Some(Register { opening: None, first: true, begun: false, check: BalanceCheck::default() });
    }

    fn field(&mut self, number: u64, code: char, value: &str) {
        let draft = &mut self.draft;
        if draft.line == 0 {
            draft.line = number;
        }
        let before = draft.bytes;
        draft.bytes = draft.bytes.saturating_add(value.len() + 1);
        if draft.bytes > LONGEST_RECORD {
            if before <= LONGEST_RECORD {
                self.problem(number, "record", "the transaction is longer than 64 KiB; the rest of it is not read");
            }
            return;
        }
        match code {
            'D' => draft.date = Some(value.to_owned()),
            'T' => draft.amount = Some(value.to_owned()),
            // The same amount, in newer versions.
            'U' => {
                draft.amount.get_or_insert_with(|| value.to_owned());
            }
            'N' => draft.number = value.to_owned(),
            'P' => draft.payee = value.to_owned(),
            'M' => draft.memo = value.to_owned(),
            'L' => draft.category = value.to_owned(),
            '$' => draft.splits.push(value.to_owned()),
            _ => {}
        }
    }

    fn transaction(&mut self, draft: Draft) {
        if draft.line == 0 {
            return;
        }
        let Some(raw) = draft.date.as_deref().and_then(RawDate::read) else {
            let shown = shown(draft.date.as_deref().unwrap_or_default());
            self.problem(draft.line, "D", format!("`{shown}` is no date; the transaction is not taken"));
            return;
        };
        if self.order.is_none() {
            match raw.evidence() {
                Evidence::Only(DateOrder::YearFirst) | Evidence::Neither => {}
                Evidence::Either if raw.is_same_either_way() => {}
                Evidence::Only(order) => {
                    self.order = Some(order);
                    self.release_waiting();
                }
                Evidence::Either => {}
            }
        }
        let settled = self.order.is_some() || !matches!(raw.evidence(), Evidence::Either) || raw.is_same_either_way();
        // The order of the file's lines is kept: once one waits, all behind it wait.
        if settled && self.waiting.is_empty() {
            self.take(&draft, raw);
        } else if self.waiting.len() < MOST_WAITING {
            self.waiting.push((draft, raw));
        } else {
            self.undecided += 1;
        }
    }

    fn release_waiting(&mut self) {
        for (draft, raw) in std::mem::take(&mut self.waiting) {
            self.take(&draft, raw);
        }
    }

    fn take(&mut self, draft: &Draft, raw: RawDate) {
        let Some(currency) = self.options.currency else { return };
        let order = self.order.unwrap_or(DateOrder::DayFirst);
        let Some(date) = raw.date(order) else {
            let shown = shown(draft.date.as_deref().unwrap_or_default());
            let how = match order {
                DateOrder::MonthFirst => "month first",
                DateOrder::DayFirst => "day first",
                DateOrder::YearFirst => "year first",
            };
            self.problem(
                draft.line,
                "D",
                format!("`{shown}` is no date when read {how}, as the rest of the file is; the transaction is not taken"),
            );
            return;
        };
        let amount = match draft.amount.as_deref().map(|text| read_amount(text, currency)) {
            Some(Ok(amount)) => amount,
            Some(Err(e)) => {
                self.problem(draft.line, "T", format!("{e}; the transaction is not taken"));
                return;
            }
            None => {
                self.problem(draft.line, "T", "the transaction has no amount; it is not taken");
                return;
            }
        };
        self.check_splits(draft, amount, currency);
        let Some(register) = &mut self.register else { return };
        let first = std::mem::replace(&mut register.first, false);
        // Quicken writes the opening balance as a first transaction with the account itself as its category.
        if first && draft.payee.trim().eq_ignore_ascii_case("opening balance") && draft.category.trim_start().starts_with('[') {
            register.opening = Some(amount);
            if self.account.is_empty() {
                self.account = account_number(draft.category.trim().trim_matches(['[', ']'])).unwrap_or_default();
            }
            return;
        }
        let number = draft.number.trim();
        let line = StatementLine {
            booking_date: Some(date),
            value_date: None,
            amount,
            counterparty_name: folded(&draft.payee),
            counterparty_account: None,
            remittance: folded(&draft.memo),
            structured_reference: structured_reference(&draft.memo),
            end_to_end_id: None,
            bank_reference: folded(number).filter(|n| n.bytes().any(|b| b.is_ascii_digit())),
            transaction_code: folded(number).filter(|n| !n.bytes().any(|b| b.is_ascii_digit())),
            is_return: false,
            is_booked: true,
            fee: None,
            original_amount: None,
            place: format!("line {}", draft.line),
        };
        register.check.add(&line);
        self.begin_statement();
        self.sink.line(line);
    }

    fn check_splits(&mut self, draft: &Draft, amount: Money, currency: Currency) {
        if draft.splits.is_empty() {
            return;
        }
        let sum =
            draft.splits.iter().try_fold(Money::zero(currency), |sum, text| sum.checked_add(read_amount(text, currency).ok()?));
        if sum != Some(amount) {
            let sum = sum.map_or_else(|| "no amount".to_owned(), |s| s.to_string());
            self.problem(
                draft.line,
                "$",
                format!("the splits add up to {sum}, the transaction is {amount}; the transaction is taken whole"),
            );
        }
    }

    fn begin_statement(&mut self) {
        let Some(register) = &mut self.register else { return };
        if !std::mem::replace(&mut register.begun, true) {
            self.sink.statement(Statement { account: self.account.clone(), currency: self.options.currency, statement_id: None });
        }
    }

    fn end_register(&mut self) {
        let draft = std::mem::take(&mut self.draft);
        if draft.line != 0 && self.section == Section::Register {
            self.problem(draft.line, "^", "the transaction has no end (`^`); the file may be cut off; it is not taken");
        }
        if self.register.is_none() {
            return;
        }
        let waiting = std::mem::take(&mut self.waiting);
        let lost = waiting.len() as u64 + self.undecided;
        if let Some((first, _)) = waiting.first() {
            let example = shown(first.date.as_deref().unwrap_or_default());
            let message = format!(
                "{lost} transactions are not taken: in `{example}` and all other dates day and month could be either; pass --date-order (or `date_order` in the profile)"
            );
            self.problem(first.line, "D", message);
        }
        self.undecided = 0;
        self.begin_statement();
        if let Some(register) = self.register.take() {
            self.sink.end(register.check.finish(register.opening, None));
        }
    }

    fn finish(&mut self) {
        self.end_register();
    }
}

/// `1,234.56`, `1.234,56`, `12`. A lone mark with three digits behind it groups, unless the currency has three decimals.
fn read_amount(text: &str, currency: Currency) -> Result<Money, String> {
    let plain = plain_decimal(text).ok_or_else(|| format!("`{}` is no amount", shown(text)))?;
    match Money::parse(&plain, currency) {
        Err(AmountError::TooFine { .. }) if plain.rsplit('.').next().is_some_and(|f| f.len() == 3) => {
            Money::parse(&plain.replace('.', ""), currency).map_err(|e| e.to_string())
        }
        Ok(_) if plain.rsplit_once('.').is_some_and(|(_, f)| f.len() == 3) && currency.exponent() < 3 => {
            // `1.000` of a currency with two decimals.
            Money::parse(&plain.replace('.', ""), currency).map_err(|e| e.to_string())
        }
        other => other.map_err(|e| e.to_string()),
    }
}
