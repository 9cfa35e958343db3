//! Open Financial Exchange 1.x (SGML) and 2.x (XML), QFX included: bank, credit card and investment accounts.
//!
//! Of an investment account only its cash bookings (`INVBANKTRAN`) are lines. The sign of `TRNAMT` decides over `TRNTYPE`, as
//! the specification says. `DTPOSTED` is taken as the civil date it writes: its time zone says when, not which day the bank
//! booked. Source of elements: OFX 2.2 and 1.0.3, chapters 3, 11 and 13.

use std::io::BufRead;
use std::str::FromStr;

use jiff::civil::Date;
use rust_decimal::{Decimal, RoundingStrategy};

use quittance_rules::bank::{BalanceCheck, Statement, StatementLine, StatementSink};
use quittance_rules::money::{AmountError, Currency, Money};

use super::IntakeError;
use super::ofx_tokens::{Token, Tokens};
use super::text_fields::{account_number, date_yymmdd, folded, plain_decimal, problem_at, shown, structured_reference, telling};

/// What the file may leave open.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Taken for a statement whose `CURDEF` is empty or missing.
    pub currency: Option<Currency>,
}

/// Reads every statement of a file. A broken transaction is a problem and the rest is taken.
///
/// # Errors
/// The bytes cannot be had, there are none, or there is no `<OFX>` in them.
pub fn read<R: BufRead>(input: R, sink: &mut dyn StatementSink, options: Options) -> Result<(), IntakeError> {
    let mut tokens = Tokens::new(input);
    let mut reader = Reader {
        sink,
        options,
        line: 1,
        stack: Vec::new(),
        leaf: None,
        text: String::new(),
        statement: None,
        line_draft: None,
        status: Status::default(),
        seen_ofx: false,
        statements: 0,
        said: false,
    };
    let mut empty = true;
    loop {
        let token = tokens.next()?;
        reader.line = tokens.line();
        match token {
            Token::End => break,
            Token::Open(name) => {
                empty = false;
                reader.open(name);
            }
            Token::Close(name) => reader.close(&name),
            Token::Text(text) => {
                empty &= text.trim().is_empty();
                if reader.leaf.is_some() {
                    reader.text.push_str(&text);
                }
            }
            Token::TooLong => reader.problem("OFX", "an element is longer than 64 KiB; the rest of it is not read"),
        }
    }
    reader.finish();
    match (reader.seen_ofx, empty) {
        (true, _) => Ok(()),
        (false, true) => Err(IntakeError::Empty),
        (false, false) => {
            Err(IntakeError::UnknownFormat { advice: "an OFX file has an element `<OFX>`, and this one has none".to_owned() })
        }
    }
}

/// Elements with children that matter here. All others are values, or pass through.
const AGGREGATES: [&str; 24] = [
    "OFX",
    "SONRS",
    "STATUS",
    "FI",
    "STMTTRNRS",
    "CCSTMTTRNRS",
    "INVSTMTTRNRS",
    "STMTRS",
    "CCSTMTRS",
    "INVSTMTRS",
    "BANKACCTFROM",
    "CCACCTFROM",
    "INVACCTFROM",
    "BANKACCTTO",
    "CCACCTTO",
    "BANKTRANLIST",
    "BANKTRANLISTP",
    "STMTTRN",
    "STMTTRNP",
    "PAYEE",
    "CURRENCY",
    "ORIGCURRENCY",
    "LEDGERBAL",
    "AVAILBAL",
];

/// An element that may not stand inside a transaction: a transaction still open has lost its end tag.
fn ends_transaction(name: &str) -> bool {
    is_transaction(name)
        || is_statement(name)
        || matches!(
            name,
            "LEDGERBAL"
                | "BANKTRANLIST"
                | "BANKTRANLISTP"
                | "STMTTRNRS"
                | "CCSTMTTRNRS"
                | "INVSTMTTRNRS"
                | "AVAILBAL"
                | "INVBANKTRAN"
        )
}

fn is_transaction(name: &str) -> bool {
    matches!(name, "STMTTRN" | "STMTTRNP")
}

fn is_statement(name: &str) -> bool {
    matches!(name, "STMTRS" | "CCSTMTRS" | "INVSTMTRS")
}

#[derive(Default)]
struct Status {
    code: String,
    severity: String,
    message: String,
}

#[derive(Default)]
struct OpenStatement {
    account: String,
    currency: Option<Currency>,
    closing: Option<Money>,
    begun: bool,
    /// Lines that could not be taken because no currency is named.
    without_currency: u64,
    first_without: u64,
    check: BalanceCheck,
}

#[derive(Default)]
struct LineDraft {
    line: u64,
    pending: bool,
    kind: String,
    posted: Option<String>,
    begun_on: Option<String>,
    available: Option<String>,
    amount: Option<String>,
    id: String,
    name: String,
    payee: String,
    memo: String,
    currency: String,
    original_currency: bool,
    account: String,
    corrects: String,
    correction: String,
}

struct Reader<'s> {
    sink: &'s mut dyn StatementSink,
    options: Options,
    line: u64,
    stack: Vec<&'static str>,
    leaf: Option<String>,
    text: String,
    statement: Option<OpenStatement>,
    line_draft: Option<LineDraft>,
    status: Status,
    seen_ofx: bool,
    statements: u64,
    said: bool,
}

impl Reader<'_> {
    fn problem(&mut self, field: &str, message: impl Into<String>) {
        self.said = true;
        self.sink.problem(problem_at(self.line, field, message));
    }

    fn open(&mut self, name: String) {
        self.finish_leaf();
        if ends_transaction(&name)
            && let Some(at) = self.stack.iter().position(|open| is_transaction(open))
        {
            self.pop_to(at);
        }
        let Some(aggregate) = AGGREGATES.iter().find(|a| **a == name) else {
            self.leaf = Some(name);
            return;
        };
        // The same element cannot contain itself: its end tag is missing.
        if let Some(at) = self.stack.iter().position(|open| open == aggregate) {
            self.pop_to(at);
        }
        self.stack.push(aggregate);
        self.seen_ofx |= name == "OFX";
        if name == "STATUS" {
            self.status = Status::default();
        } else if is_statement(&name) {
            self.statements += 1;
            self.statement = Some(OpenStatement::default());
        } else if is_transaction(&name) {
            self.line_draft = Some(LineDraft { line: self.line, pending: name == "STMTTRNP", ..LineDraft::default() });
        }
    }

    fn close(&mut self, name: &str) {
        self.finish_leaf();
        if let Some(at) = self.stack.iter().rposition(|open| *open == name) {
            self.pop_to(at);
        }
    }

    fn pop_to(&mut self, depth: usize) {
        while self.stack.len() > depth {
            match self.stack.pop() {
                Some("STATUS") => self.end_status(),
                Some("STMTTRN" | "STMTTRNP") => self.end_line(),
                Some("STMTRS" | "CCSTMTRS" | "INVSTMTRS") => self.end_statement(),
                _ => {}
            }
        }
    }

    fn finish_leaf(&mut self) {
        let Some(name) = self.leaf.take() else { return };
        let text = std::mem::take(&mut self.text);
        let Some(value) = folded(&text) else { return };
        let parent = self.stack.last().copied().unwrap_or_default();
        if let Some(draft) = &mut self.line_draft {
            draft.value(parent, &name, value);
            return;
        }
        match (parent, name.as_str()) {
            ("STATUS", "CODE") => self.status.code = value,
            ("STATUS", "SEVERITY") => self.status.severity = value,
            ("STATUS", "MESSAGE") => self.status.message = value,
            ("BANKACCTFROM" | "CCACCTFROM" | "INVACCTFROM", "ACCTID") => {
                if let Some(statement) = &mut self.statement
                    && statement.account.is_empty()
                {
                    statement.account = account_number(&value).unwrap_or_default();
                }
            }
            (_, "CURDEF") => match Currency::parse(&value) {
                Ok(currency) => {
                    if let Some(statement) = &mut self.statement {
                        statement.currency.get_or_insert(currency);
                    }
                }
                Err(e) => self.problem("CURDEF", e.to_string()),
            },
            ("LEDGERBAL", "BALAMT") => self.closing(&value),
            _ => {}
        }
    }

    fn closing(&mut self, value: &str) {
        let currency = self.statement.as_ref().and_then(|s| s.currency).or(self.options.currency);
        let Some(currency) = currency else {
            self.problem("LEDGERBAL/BALAMT", "the statement names no currency for its balance; pass it with --currency");
            return;
        };
        match read_amount(value, currency) {
            Ok((money, note)) => {
                if let Some(note) = note {
                    self.problem("LEDGERBAL/BALAMT", note);
                }
                if let Some(statement) = &mut self.statement {
                    statement.closing.get_or_insert(money);
                }
            }
            Err(e) => self.problem("LEDGERBAL/BALAMT", e),
        }
    }

    fn end_status(&mut self) {
        let status = std::mem::take(&mut self.status);
        let failed = status.severity.eq_ignore_ascii_case("ERROR")
            || (status.severity.is_empty() && !matches!(status.code.as_str(), "" | "0"));
        if failed {
            let what = if self.stack.contains(&"SONRS") {
                "the bank's server refused the sign-on"
            } else {
                "the bank's server refused the request"
            };
            let message = if status.message.is_empty() { "no message".to_owned() } else { status.message };
            let code = if status.code.is_empty() { "none".to_owned() } else { shown(&status.code) };
            self.problem("STATUS", format!("{what} with code {code}: {message}; ask it for the file again"));
        }
    }

    fn end_line(&mut self) {
        let Some(draft) = self.line_draft.take() else { return };
        let here = std::mem::replace(&mut self.line, draft.line);
        self.take_line(&draft);
        self.line = here;
    }

    fn take_line(&mut self, draft: &LineDraft) {
        if self.statement.is_none() {
            self.problem("STMTTRN", "the transaction stands in no statement; it is not taken");
            return;
        }
        let own = match draft.currency.as_str() {
            "" => None,
            code if draft.original_currency => {
                // The amount has been converted already; the file gives the rate only, not the original amount.
                let _ = code;
                None
            }
            code => match Currency::parse(code) {
                Ok(currency) => Some(currency),
                Err(e) => {
                    self.problem("STMTTRN/CURRENCY", format!("{e}; the transaction is not taken"));
                    return;
                }
            },
        };
        let Some(statement) = &mut self.statement else { return };
        let Some(currency) = own.or(statement.currency).or(self.options.currency) else {
            if statement.without_currency == 0 {
                statement.first_without = draft.line;
            }
            statement.without_currency += 1;
            return;
        };
        let Some(amount) = &draft.amount else {
            self.problem("STMTTRN/TRNAMT", "the transaction has no amount; it is not taken");
            return;
        };
        let amount = match read_amount(amount, currency) {
            Ok((amount, None)) => amount,
            Ok((amount, Some(note))) => {
                self.problem("STMTTRN/TRNAMT", note);
                amount
            }
            Err(e) => {
                self.problem("STMTTRN/TRNAMT", format!("{e}; the transaction is not taken"));
                return;
            }
        };
        if !draft.correction.is_empty() || !draft.corrects.is_empty() {
            let message = format!(
                "the bank corrects ({}) its transaction `{}`; have a person look at the earlier one",
                shown(&draft.correction),
                shown(&draft.corrects)
            );
            self.problem("STMTTRN/CORRECTFITID", message);
            if draft.correction.eq_ignore_ascii_case("DELETE") {
                return;
            }
        }
        let posted = if draft.pending { draft.posted.as_ref().or(draft.begun_on.as_ref()) } else { draft.posted.as_ref() };
        let booking_date = posted.and_then(|text| read_date(text));
        if booking_date.is_none() {
            let message = match posted {
                Some(text) => format!("`{}` is no date (YYYYMMDD); the transaction is taken without one", shown(text)),
                None => "the transaction has no date; it is taken without one".to_owned(),
            };
            self.problem("STMTTRN/DTPOSTED", message);
        }
        let some = |text: &str| folded(text);
        let line = StatementLine {
            booking_date,
            value_date: draft.available.as_deref().and_then(read_date),
            amount,
            counterparty_name: some(&draft.name).or_else(|| some(&draft.payee)),
            counterparty_account: account_number(&draft.account),
            remittance: some(&draft.memo),
            structured_reference: structured_reference(&draft.memo),
            end_to_end_id: None,
            bank_reference: telling(&draft.id),
            transaction_code: some(&draft.kind),
            is_return: false,
            is_booked: !draft.pending,
            fee: None,
            original_amount: None,
            place: format!("line {}", draft.line),
        };
        self.begin_statement();
        if let Some(statement) = &mut self.statement {
            statement.check.add(&line);
        }
        self.sink.line(line);
    }

    fn begin_statement(&mut self) {
        let fallback = self.options.currency;
        let Some(statement) = &mut self.statement else { return };
        if !std::mem::replace(&mut statement.begun, true) {
            self.sink.statement(Statement {
                account: statement.account.clone(),
                currency: statement.currency.or(fallback),
                statement_id: None,
            });
        }
    }

    fn end_statement(&mut self) {
        self.begin_statement();
        let Some(statement) = self.statement.take() else { return };
        if statement.without_currency > 0 {
            let here = std::mem::replace(&mut self.line, statement.first_without);
            self.problem(
                "CURDEF",
                format!(
                    "{} transactions are not taken because the statement names no currency; pass it with --currency",
                    statement.without_currency
                ),
            );
            self.line = here;
        }
        self.sink.end(statement.check.finish(None, statement.closing));
    }

    fn finish(&mut self) {
        self.finish_leaf();
        if self.line_draft.take().is_some() {
            self.problem("STMTTRN", "the file ends inside a transaction, which is not taken; ask for the file again");
        } else if self.stack.contains(&"OFX") {
            self.problem("OFX", "the file ends before `</OFX>`; it may be cut off");
        }
        self.pop_to(0);
        if self.seen_ofx && self.statements == 0 && !self.said {
            self.problem("OFX", "the file holds no statement");
        }
    }
}

impl LineDraft {
    fn value(&mut self, parent: &str, name: &str, value: String) {
        let slot = match (parent, name) {
            ("PAYEE", "NAME") => &mut self.payee,
            ("CURRENCY", "CURSYM") => &mut self.currency,
            ("ORIGCURRENCY", "CURSYM") => {
                self.original_currency = true;
                return;
            }
            ("BANKACCTTO" | "CCACCTTO", "ACCTID") => &mut self.account,
            ("STMTTRN" | "STMTTRNP", "TRNTYPE") => &mut self.kind,
            ("STMTTRN" | "STMTTRNP", "FITID") => &mut self.id,
            ("STMTTRN" | "STMTTRNP", "NAME") => &mut self.name,
            ("STMTTRN" | "STMTTRNP", "MEMO") => &mut self.memo,
            ("STMTTRN" | "STMTTRNP", "CORRECTFITID") => &mut self.corrects,
            ("STMTTRN" | "STMTTRNP", "CORRECTACTION") => &mut self.correction,
            ("STMTTRN" | "STMTTRNP", "TRNAMT") => self.amount.get_or_insert_default(),
            ("STMTTRN" | "STMTTRNP", "DTPOSTED") => self.posted.get_or_insert_default(),
            ("STMTTRN" | "STMTTRNP", "DTTRAN" | "DTUSER") => self.begun_on.get_or_insert_default(),
            ("STMTTRN" | "STMTTRNP", "DTAVAIL" | "VALUEDATE") => self.available.get_or_insert_default(),
            _ => return,
        };
        if slot.is_empty() {
            *slot = value;
        }
    }
}

/// `YYYYMMDD`, with or without time and zone behind it. `YYMMDD` is an old bank's.
fn read_date(text: &str) -> Option<Date> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 6 {
        return date_yymmdd(text);
    }
    let (year, month, day) = (text.get(..4)?, text.get(4..6)?, text.get(6..8)?);
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

/// An amount with `.` or `,`. Investment houses write parts of a cent: they are rounded to the nearest (half to even), and said.
/// `1 234,50` as French and Polish banks write it: spaces that part groups of three digits are taken out, any other stays.
fn without_group_spaces(text: &str) -> String {
    let groups: Vec<&str> = text.split_whitespace().collect();
    let [first, rest @ ..] = groups.as_slice() else { return text.to_owned() };
    let first_digits = first.trim_start_matches(['-', '+']);
    let is_digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    let whole = |t: &str| t.split([',', '.']).next().is_some_and(|w| w.len() == 3 && is_digits(w));
    let (last, middle) = rest.split_last().map_or((None, rest), |(last, middle)| (Some(last), middle));
    let fits = (1..=3).contains(&first_digits.len())
        && is_digits(first_digits)
        && middle.iter().all(|t| t.len() == 3 && is_digits(t))
        && last.is_some_and(|t| whole(t));
    if fits { groups.concat() } else { text.to_owned() }
}

fn read_amount(text: &str, currency: Currency) -> Result<(Money, Option<String>), String> {
    let wrong = || format!("`{}` is no amount", shown(text));
    let plain = plain_decimal(&without_group_spaces(text)).ok_or_else(wrong)?;
    match Money::parse(&plain, currency) {
        Ok(money) => Ok((money, None)),
        // `1,234` may be twelve hundred or one and a bit: not for us to say.
        Err(AmountError::TooFine { .. }) if plain.rsplit('.').next().is_some_and(|f| f.len() == 3) && text.contains(',') => {
            Err(format!("`{}` may have a decimal comma or a grouping one", shown(text)))
        }
        Err(AmountError::TooFine { .. }) => {
            let exact = Decimal::from_str(&plain).map_err(|_| wrong())?;
            let rounded = exact.round_dp_with_strategy(currency.exponent(), RoundingStrategy::MidpointNearestEven);
            let money = Money::from_decimal(rounded, currency).ok_or_else(wrong)?;
            Ok((money, Some(format!("`{}` has more decimals than {currency}; {money} is taken", shown(text)))))
        }
        Err(e) => Err(e.to_string()),
    }
}
