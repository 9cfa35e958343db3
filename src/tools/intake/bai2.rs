//! BAI2: the cash management balance reporting format of North American banks (ANSI X9.121 and its 1980s parent).
//!
//! Records: 01 file header, 02 group, 03 account, 16 transaction, 88 continuation, 49/98/99 control totals, checked. Amounts
//! have no decimal mark: the currency implies it (account, else group, else USD as the standard says). Codes 100 to 399 and
//! 920 to 959 are credits, 400 to 699 and 960 to 999 debits; other codes carry no booking this program can sign.
//! Source of record layouts, codes and totals: BAI Cash Management Balance Reporting Specifications, version 2.

use std::io::BufRead;

use jiff::civil::Date;

use quittance_rules::bank::{BalanceCheck, Statement, StatementEnd, StatementLine, StatementSink};
use quittance_rules::money::{Currency, Money};

use super::IntakeError;
use super::text_fields::{account_number, date_yymmdd, folded, problem_at, shown, structured_reference, telling};
use super::text_lines::{LineReader, TextDecoder};

/// Most bytes of one record with its continuations.
const LONGEST_RECORD: usize = 256 * 1024;

/// What the file may leave open.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Taken where neither account nor group names a currency; `None` means USD, as the standard says.
    pub currency: Option<Currency>,
}

/// Reads a BAI2 file: one statement for every account of every group. A broken record is a problem and the rest is taken.
///
/// # Errors
/// The bytes cannot be had, there are none, or no record of the format is found.
pub fn read<R: BufRead>(input: R, sink: &mut dyn StatementSink, options: Options) -> Result<(), IntakeError> {
    let mut lines = LineReader::new(input);
    let mut decoder = TextDecoder::default();
    let mut reader = Reader::new(sink, options);
    let mut empty = true;
    while let Some(info) = lines.advance()? {
        if info.continues {
            reader.problem(info.number, "record", "the line is longer than 64 KiB; the rest of it is not read");
            continue;
        }
        let line = decoder.decode(lines.bytes());
        let line = line.trim_end_matches([' ', '\t', '\u{1a}', '\0']);
        if line.trim().is_empty() {
            continue;
        }
        empty = false;
        for part in split_records(line) {
            reader.piece(info.number, part);
        }
    }
    reader.finish();
    match (reader.any_record, empty) {
        (true, _) => Ok(()),
        (false, true) => Err(IntakeError::Empty),
        (false, false) => Err(IntakeError::UnknownFormat {
            advice: "a BAI2 file begins with a record `01,`, and this one holds no BAI2 record".to_owned(),
        }),
    }
}

/// Some banks put several records on one line. A slash may also stand in a text, so what follows must look like a record.
fn split_records(line: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, _) in line.match_indices('/') {
        let rest = &line[at + 1..];
        let next = rest.trim_start();
        let spaced = next.len() < rest.len();
        if spaced && at >= start && begins_record(next) {
            parts.push(line[start..=at].trim_start());
            start = line.len() - next.len();
        }
    }
    parts.push(line[start..].trim_start());
    parts
}

fn begins_record(text: &str) -> bool {
    match text.get(..3) {
        Some("16,") => {
            let code = text[3..].split(',').next().unwrap_or_default();
            code.len() == 3 && code.bytes().all(|b| b.is_ascii_digit()) && text.as_bytes().get(6) == Some(&b',')
        }
        Some("49," | "98," | "99,") => {
            let body = text[3..].split('/').next().unwrap_or_default();
            body.contains(',') && body.bytes().all(|b| b.is_ascii_digit() || b",+-".contains(&b))
        }
        Some("01," | "02," | "03," | "88,") => true,
        _ => false,
    }
}

/// Sums and counts of one level of the file.
#[derive(Debug, Default, Clone, Copy)]
struct Totals {
    sum: i128,
    /// Accounts of a group, groups of a file.
    parts: u64,
    records: u64,
}

#[derive(Debug, Default)]
struct Group {
    date: Option<Date>,
    currency: Option<Currency>,
    /// Deletion or test: nothing in it is booked.
    refused: bool,
    /// A report of the running day.
    interim: bool,
    totals: Totals,
}

struct Account {
    number: String,
    currency: Currency,
    begun: bool,
    ledger: (Option<Money>, Option<Money>),
    available: (Option<Money>, Option<Money>),
    check: BalanceCheck,
    totals: Totals,
}

struct Record {
    line: u64,
    code: String,
    /// Fields of the record itself, without code and closing slash.
    body: String,
    /// Continuations, each as written.
    more: Vec<String>,
    bytes: usize,
}

struct Reader<'s> {
    sink: &'s mut dyn StatementSink,
    options: Options,
    record: Option<Record>,
    file: Totals,
    group: Option<Group>,
    account: Option<Account>,
    any_record: bool,
    header_seen: bool,
    trailer_seen: bool,
    last_line: u64,
}

impl<'s> Reader<'s> {
    fn new(sink: &'s mut dyn StatementSink, options: Options) -> Self {
        Self {
            sink,
            options,
            record: None,
            file: Totals::default(),
            group: None,
            account: None,
            any_record: false,
            header_seen: false,
            trailer_seen: false,
            last_line: 0,
        }
    }

    fn problem(&mut self, line: u64, field: &str, message: impl Into<String>) {
        self.sink.problem(problem_at(line, field, message));
    }

    fn count_record(&mut self) {
        self.file.records += 1;
        if let Some(group) = &mut self.group {
            group.totals.records += 1;
        }
        if let Some(account) = &mut self.account {
            account.totals.records += 1;
        }
    }

    fn piece(&mut self, line: u64, text: &str) {
        self.last_line = line;
        let code = text.get(..2).filter(|_| text.as_bytes().get(2).is_none_or(|b| matches!(b, b',' | b'/')));
        match code {
            Some(code @ ("01" | "02" | "03" | "16" | "49" | "98" | "99")) => {
                self.finish_record();
                self.any_record = true;
                let body = text.get(3..).unwrap_or_default().to_owned();
                let bytes = body.len();
                self.record = Some(Record { line, code: code.to_owned(), body, more: Vec::new(), bytes });
            }
            Some("88") => {
                self.count_record();
                self.continuation(line, text.get(3..).unwrap_or_default());
            }
            _ => {
                // Text broken over lines without a code: more of the text before it.
                if self.record.as_ref().is_some_and(|r| r.code == "16") {
                    self.continuation(line, text);
                } else {
                    self.problem(line, "record", format!("`{}` begins with no record code of BAI2 and is not read", shown(text)));
                }
            }
        }
    }

    fn continuation(&mut self, line: u64, text: &str) {
        let Some(record) = &mut self.record else {
            self.problem(line, "88", "the continuation follows no record and is not read");
            return;
        };
        record.bytes = record.bytes.saturating_add(text.len());
        if record.bytes <= LONGEST_RECORD {
            record.more.push(text.to_owned());
        } else if record.bytes - text.len() <= LONGEST_RECORD {
            self.problem(line, "88", "the record is longer than 256 KiB; the rest of it is not read");
        }
    }

    fn finish_record(&mut self) {
        let Some(record) = self.record.take() else { return };
        match record.code.as_str() {
            "01" => self.file_header(&record),
            "02" => self.group_header(&record),
            "03" => self.account_header(&record),
            "16" => self.transaction(&record),
            "49" => self.account_trailer(&record),
            "98" => self.group_trailer(&record),
            _ => self.file_trailer(&record),
        }
    }

    fn file_header(&mut self, record: &Record) {
        if self.header_seen && !self.trailer_seen {
            self.problem(record.line, "01", "a second file header stands before the trailer (99) of the first");
        }
        self.end_group();
        self.file = Totals { records: 1 + record.more.len() as u64, ..Totals::default() };
        self.header_seen = true;
        self.trailer_seen = false;
    }

    fn group_header(&mut self, record: &Record) {
        self.end_group();
        if !self.header_seen {
            self.problem(record.line, "01", "the file header is missing; the file is cut off at its beginning");
            self.header_seen = true;
        }
        let fields = plain_fields(record);
        let field = |at: usize| fields.get(at).map(|f| f.trim()).unwrap_or_default();
        self.file.parts += 1;
        self.file.records += 1;
        let status = field(2);
        let refused = matches!(status, "2" | "4");
        let date = date_yymmdd(field(3));
        if date.is_none() {
            self.problem(
                record.line,
                "02 as-of date",
                format!("`{}` is no date (YYMMDD); its lines carry no booking date", shown(field(3))),
            );
        }
        let currency = match field(5) {
            "" => None,
            code => match Currency::parse(code) {
                Ok(currency) => Some(currency),
                Err(e) => {
                    self.problem(record.line, "02 currency", e.to_string());
                    None
                }
            },
        };
        if refused {
            let what = if status == "2" { "deletes an earlier one" } else { "is a test" };
            self.problem(record.line, "02 group status", format!("the group {what}: none of its lines is taken"));
        }
        let records = 1 + record.more.len() as u64;
        self.group =
            Some(Group { date, currency, refused, interim: field(6) == "3", totals: Totals { records, ..Totals::default() } });
    }

    fn account_header(&mut self, record: &Record) {
        self.end_account();
        if self.group.is_none() {
            self.problem(record.line, "02", "the account stands in no group; the group header is missing");
            self.group = Some(Group::default());
        }
        let fields = plain_fields(record);
        let group_currency = self.group.as_ref().and_then(|g| g.currency);
        let fallback = group_currency.or(self.options.currency).unwrap_or(Currency::USD);
        let currency = match fields.get(1).map(|f| f.trim()).unwrap_or_default() {
            "" => fallback,
            code => Currency::parse(code).unwrap_or_else(|e| {
                self.problem(record.line, "03 currency", format!("{e}; {fallback} is taken"));
                fallback
            }),
        };
        let number = fields.first().and_then(|f| account_number(f)).unwrap_or_default();
        if number.is_empty() {
            self.problem(record.line, "03 account", "the account has no number");
        }
        let records = 1 + record.more.len() as u64;
        if let Some(group) = &mut self.group {
            group.totals.parts += 1;
            group.totals.records += 1;
        }
        self.file.records += 1;
        let mut account = Account {
            number,
            currency,
            begun: false,
            ledger: (None, None),
            available: (None, None),
            check: BalanceCheck::default(),
            totals: Totals { records, ..Totals::default() },
        };
        self.summaries(record.line, fields.get(2..).unwrap_or_default(), &mut account);
        self.account = Some(account);
    }

    /// Type, amount, item count and funds of every status and summary.
    fn summaries(&mut self, line: u64, fields: &[String], account: &mut Account) {
        let mut at = 0;
        while at < fields.len() {
            let field = |i: usize| fields.get(i).map(|f| f.trim()).unwrap_or_default();
            let (code, amount) = (field(at), field(at + 1));
            if !amount.is_empty() {
                match amount.parse::<i64>() {
                    Ok(minor) => {
                        account.totals.sum += i128::from(minor);
                        let money = Some(Money::new(minor, account.currency));
                        match code {
                            "010" => account.ledger.0 = money,
                            "015" => account.ledger.1 = money,
                            "040" => account.available.0 = money,
                            "045" => account.available.1 = money,
                            _ => {}
                        }
                    }
                    Err(_) => self.problem(
                        line,
                        &format!("03 type {code}"),
                        format!("`{}` is no amount in the smallest unit", shown(amount)),
                    ),
                }
            }
            at += 3;
            match funds_length(fields, at) {
                Some(length) => at += length,
                None => {
                    self.problem(line, "03 funds", format!("`{}` is no number of availability days", shown(field(at + 1))));
                    return;
                }
            }
        }
    }

    fn transaction(&mut self, record: &Record) {
        self.file.records += 1;
        if let Some(group) = &mut self.group {
            group.totals.records += 1;
        }
        let Some(account) = &mut self.account else {
            self.problem(record.line, "16", "the transaction belongs to no account (03); it is not taken");
            return;
        };
        account.totals.records += 1;
        let currency = account.currency;
        let group = self.group.as_ref();
        let (refused, date, interim) = group.map_or((false, None, false), |g| (g.refused, g.date, g.interim));
        match read_transaction(record, currency, date, interim) {
            Err(Refusal { field, message }) => self.problem(record.line, &field, message),
            Ok((minor, line)) => {
                account.totals.sum += i128::from(minor);
                let Some(line) = line.filter(|_| !refused) else { return };
                account.check.add(&line);
                begin_statement(self.sink, account);
                self.sink.line(line);
            }
        }
    }

    fn account_trailer(&mut self, record: &Record) {
        self.file.records += 1;
        if let Some(group) = &mut self.group {
            group.totals.records += 1;
        }
        let Some(mut account) = self.account.take() else {
            self.problem(record.line, "49", "the account trailer belongs to no account (03)");
            return;
        };
        account.totals.records += 1;
        let fields = plain_fields(record);
        let stated = self.control(record.line, "49 total", fields.first(), account.totals.sum);
        self.control(record.line, "49 records", fields.get(1), i128::from(account.totals.records));
        if let Some(group) = &mut self.group {
            // Each level is checked against the totals stated below it, so that one wrong account is told once.
            group.totals.sum += stated.unwrap_or(account.totals.sum);
        }
        self.account = Some(account);
        self.end_account();
    }

    fn group_trailer(&mut self, record: &Record) {
        self.end_account();
        self.file.records += 1;
        let Some(mut group) = self.group.take() else {
            self.problem(record.line, "98", "the group trailer belongs to no group (02)");
            return;
        };
        group.totals.records += 1;
        let fields = plain_fields(record);
        let stated = self.control(record.line, "98 total", fields.first(), group.totals.sum);
        self.control(record.line, "98 accounts", fields.get(1), i128::from(group.totals.parts));
        self.control(record.line, "98 records", fields.get(2), i128::from(group.totals.records));
        self.file.sum += stated.unwrap_or(group.totals.sum);
    }

    fn file_trailer(&mut self, record: &Record) {
        self.end_group();
        self.file.records += 1;
        let fields = plain_fields(record);
        let file = self.file;
        self.control(record.line, "99 total", fields.first(), file.sum);
        self.control(record.line, "99 groups", fields.get(1), i128::from(file.parts));
        self.control(record.line, "99 records", fields.get(2), i128::from(file.records));
        self.trailer_seen = true;
    }

    /// Compares a control value; gives what the file states.
    fn control(&mut self, line: u64, name: &str, field: Option<&String>, found: i128) -> Option<i128> {
        let text = field.map(|f| f.trim()).unwrap_or_default();
        match text.parse::<i128>() {
            Ok(stated) => {
                if stated != found {
                    self.problem(line, name, format!("the file states {stated}, its records give {found}"));
                }
                Some(stated)
            }
            Err(_) => {
                self.problem(line, name, format!("`{}` is no control value; the records give {found}", shown(text)));
                None
            }
        }
    }

    fn end_account(&mut self) {
        let Some(mut account) = self.account.take() else { return };
        begin_statement(self.sink, &mut account);
        // Where the bank reports no ledger balance at all, its available balances are the nearest thing.
        let (opening, closing) = match (account.ledger, account.available) {
            ((None, None), (Some(open), Some(close))) => (Some(open), Some(close)),
            (ledger, _) => ledger,
        };
        let end: StatementEnd = account.check.finish(opening, closing);
        self.sink.end(end);
    }

    fn end_group(&mut self) {
        self.end_account();
        if let Some(group) = self.group.take() {
            self.file.sum += group.totals.sum;
            let line = self.last_line;
            self.problem(line, "98", "the group has no trailer; the file may be cut off");
        }
    }

    fn finish(&mut self) {
        self.finish_record();
        self.end_group();
        if self.any_record && !self.trailer_seen {
            let line = self.last_line;
            self.problem(line, "99", "the file has no trailer; it may be cut off");
        }
    }
}

fn begin_statement(sink: &mut dyn StatementSink, account: &mut Account) {
    if !std::mem::replace(&mut account.begun, true) {
        sink.statement(Statement { account: account.number.clone(), currency: Some(account.currency), statement_id: None });
    }
}

/// The fields of a record and its continuations; each ends with a slash or its line.
fn plain_fields(record: &Record) -> Vec<String> {
    let mut fields = Vec::new();
    for piece in std::iter::once(&record.body).chain(&record.more) {
        let piece = piece.trim_end();
        let closed = piece.strip_suffix('/');
        fields.extend(closed.unwrap_or(piece).split(',').map(|f| f.trim().to_owned()));
    }
    fields
}

/// Number of fields of a funds type with what belongs to it. `None` where the number of days is no number.
fn funds_length(fields: &[String], at: usize) -> Option<usize> {
    Some(match fields.get(at).map(|f| f.trim().to_ascii_uppercase()).as_deref() {
        Some("S") => 4,
        Some("V") => 3,
        Some("D") => {
            let days: usize = fields.get(at + 1)?.trim().parse().ok()?;
            days.checked_mul(2)?.checked_add(2)?
        }
        _ => 1,
    })
}

struct Refusal {
    field: String,
    message: String,
}

/// Reads a 16 record: what it adds to the control total, and the line, unless the record carries no booking.
fn read_transaction(
    record: &Record,
    currency: Currency,
    as_of: Option<Date>,
    interim: bool,
) -> Result<(i64, Option<StatementLine>), Refusal> {
    let refuse = |field: &str, message: String| Refusal { field: format!("16 {field}"), message };
    // Fixed fields may run over into continuations; text begins after the customer reference.
    let mut pieces = std::iter::once(&record.body).chain(&record.more);
    let mut fields: Vec<String> = Vec::new();
    let mut text_lines: Vec<String> = Vec::new();
    let mut fixed = None;
    for piece in pieces.by_ref() {
        let piece = piece.trim_end();
        let piece = piece.strip_suffix('/').unwrap_or(piece);
        match fixed.filter(|&n| fields.len() >= n) {
            Some(_) => text_lines.push(piece.to_owned()),
            None => {
                fields.extend(piece.split(',').map(str::to_owned));
                let count = funds_length(&fields, 2).ok_or_else(|| {
                    refuse("funds", "the number of availability days is no number; the line is not taken".to_owned())
                })?;
                // Code and amount, funds, bank reference, customer reference.
                let count = count.saturating_add(4);
                fixed = Some(count);
                if fields.len() > count {
                    text_lines.push(fields.split_off(count).join(","));
                }
            }
        }
    }
    let field = |at: usize| fields.get(at).map(|f| f.trim()).unwrap_or_default();
    let code = field(0);
    let number: u16 = code
        .parse()
        .ok()
        .filter(|_| code.len() == 3)
        .ok_or_else(|| refuse("type", format!("`{}` is no type code; the line is not taken", shown(code))))?;
    if field(1).is_empty() && (number == 890 || !(100..=699).contains(&number)) {
        // A message of the bank, not a booking.
        return Ok((0, None));
    }
    let minor: i64 = field(1).parse().map_err(|_| {
        refuse("amount", format!("`{}` is no amount in the smallest unit; the line is not taken", shown(field(1))))
    })?;
    let credit = match number {
        100..=399 | 920..=959 => true,
        400..=699 | 960..=999 => false,
        890 => return Ok((minor, None)),
        _ => {
            return Err(refuse(
                "type",
                format!(
                    "type code {code} is neither a credit (100-399) nor a debit (400-699); {minor} minor units are not taken"
                ),
            ));
        }
    };
    let signed = if credit { Some(minor) } else { minor.checked_neg() };
    let signed = signed.ok_or_else(|| refuse("amount", "the amount is too large".to_owned()))?;
    let value_date = if field(2).eq_ignore_ascii_case("V") { date_yymmdd(field(3)) } else { None };
    let references = fixed.unwrap_or(5);
    let labels = Labels::read(&text_lines);
    let (name, account) = if credit { ("DBNM", "DACT") } else { ("CRNM", "CACT") };
    // What has a field of its own is not repeated in the text.
    let told = |line: &&String| line.split_once(':').is_some_and(|(label, _)| ["EREF", name, account].contains(&label.trim()));
    let whole = text_lines.iter().filter(|line| !told(line)).map(String::as_str).collect::<Vec<_>>().join(" ");
    let remittance = labels.get("REMI").or_else(|| folded(&whole));
    let line = StatementLine {
        booking_date: as_of.or(value_date),
        value_date,
        amount: Money::new(signed, currency),
        counterparty_name: labels.get(name),
        counterparty_account: labels.get(account).as_deref().and_then(account_number),
        structured_reference: remittance.as_deref().and_then(structured_reference),
        remittance,
        end_to_end_id: labels.get("EREF").as_deref().and_then(telling).or_else(|| telling(field(references.saturating_sub(1)))),
        bank_reference: telling(field(references.saturating_sub(2))),
        transaction_code: Some(code.to_owned()),
        is_return: matches!(number, 252 | 255 | 257 | 258 | 261 | 266 | 268 | 552 | 555 | 557 | 558 | 561 | 566 | 568),
        is_booked: !interim,
        fee: None,
        original_amount: None,
        place: format!("line {}", record.line),
    };
    Ok((minor, Some(line)))
}

/// `EREF: 1111` on continuation lines, as several banks write them.
struct Labels(Vec<(String, String)>);

impl Labels {
    fn read(lines: &[String]) -> Self {
        Self(
            lines
                .iter()
                .filter_map(|line| {
                    let (label, value) = line.split_once(':')?;
                    let label = label.trim();
                    (label.len() == 4 && label.bytes().all(|b| b.is_ascii_uppercase()))
                        .then(|| (label.to_owned(), value.to_owned()))
                })
                .collect(),
        )
    }

    fn get(&self, label: &str) -> Option<String> {
        self.0.iter().find(|(l, _)| l == label).and_then(|(_, value)| folded(value))
    }
}
