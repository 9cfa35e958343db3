//! NACHA ACH files, for what comes back: returns (addenda 99, `R01` to `R85`), dishonoured and contested returns, and
//! notifications of change (addenda 98).
//!
//! An ACH file is a list of orders, not a statement. An entry without addenda 99 is an order somebody gives to the network:
//! it is no booking of an account of ours, so it is counted and named, not taken; a file of nothing else is refused. A returned entry is a booking: the money of
//! a debit we collected goes back (negative), the money of a credit we sent comes back (positive). A dishonoured return (R61,
//! R67 to R70) undoes a return and has the opposite sign; a contested one (R71 to R77) stands like the return. Batch and file
//! totals are checked. Source of layouts, codes and totals: Nacha Operating Rules, Appendices Three and Four.

use std::io::BufRead;

use jiff::civil::Date;

use quittance_rules::bank::{Statement, StatementEnd, StatementLine, StatementSink};
use quittance_rules::money::{Currency, Money};

use super::IntakeError;
use super::text_fields::{date_yymmdd, folded, problem_at, shown, telling};
use super::text_lines::{LineReader, TextDecoder};

/// Characters of a record.
const RECORD: usize = 94;

/// Reads an ACH file: one statement for every batch that holds returns.
///
/// # Errors
/// The bytes cannot be had, there are none, no record of the format is found, or all entries are payment orders.
pub fn read<R: BufRead>(input: R, sink: &mut dyn StatementSink) -> Result<(), IntakeError> {
    // Files without line ends come as pieces of whole records.
    let mut lines = LineReader::with_longest(input, RECORD * 512);
    let mut decoder = TextDecoder::default();
    let mut reader = Reader::new(sink);
    let mut empty = true;
    while let Some(info) = lines.advance()? {
        let text = decoder.decode(lines.bytes());
        if text.trim().is_empty() {
            continue;
        }
        empty = false;
        for record in records(&text) {
            reader.record(info.number, &record);
        }
    }
    reader.finish();
    match (reader.any_record, empty) {
        (true, _) if reader.orders > 0 && !reader.answers => Err(IntakeError::WrongDocument {
            document: "an ACH file of payment orders".to_owned(),
            advice: "only returns and notifications of change are read; for money that came in use the bank's statement"
                .to_owned(),
        }),
        (true, _) => Ok(()),
        (false, true) => Err(IntakeError::Empty),
        (false, false) => Err(IntakeError::UnknownFormat {
            advice: "an ACH file has records of 94 characters that begin with 1, 5, 6, 7, 8 or 9".to_owned(),
        }),
    }
}

/// One record a line, short ones filled up; or many in one line without line ends.
fn records(text: &str) -> Vec<Vec<char>> {
    let characters: Vec<char> = text.trim_end().chars().collect();
    let mut found = Vec::new();
    for chunk in characters.chunks(RECORD) {
        let mut record = chunk.to_vec();
        record.resize(RECORD, ' ');
        found.push(record);
    }
    found
}

fn text(record: &[char], from: usize, to: usize) -> String {
    record.get(from..to).unwrap_or_default().iter().collect()
}

fn number(record: &[char], from: usize, to: usize) -> Option<u64> {
    let digits = text(record, from, to);
    let digits = digits.trim();
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) { None } else { digits.parse().ok() }
}

/// Count, amounts and hash of a batch or a file.
#[derive(Debug, Default, Clone, Copy)]
struct Totals {
    entries: u64,
    debits: u64,
    credits: u64,
    hash: u64,
}

impl Totals {
    fn add(&mut self, other: Self) {
        self.entries = self.entries.saturating_add(other.entries);
        self.debits = self.debits.saturating_add(other.debits);
        self.credits = self.credits.saturating_add(other.credits);
        self.hash = self.hash.wrapping_add(other.hash);
    }
}

#[derive(Debug, Default)]
struct Batch {
    company: String,
    company_name: String,
    number: String,
    class: String,
    date: Option<Date>,
    begun: bool,
    totals: Totals,
}

struct Entry {
    line: u64,
    record: Vec<char>,
    /// The last return addenda, which decides.
    returned: Option<(u64, Vec<char>)>,
    changed: Option<(u64, Vec<char>)>,
}

struct Reader<'s> {
    sink: &'s mut dyn StatementSink,
    batch: Option<Batch>,
    entry: Option<Entry>,
    file: Totals,
    batches: u64,
    /// A batch of the file holds automated accounting advices.
    advice: bool,
    created: Option<Date>,
    header_seen: bool,
    trailer_seen: bool,
    any_record: bool,
    orders: u64,
    /// A return or a notification of change was seen.
    answers: bool,
    first_order: u64,
    last_line: u64,
}

impl<'s> Reader<'s> {
    fn new(sink: &'s mut dyn StatementSink) -> Self {
        Self {
            sink,
            batch: None,
            entry: None,
            file: Totals::default(),
            batches: 0,
            advice: false,
            created: None,
            header_seen: false,
            trailer_seen: false,
            any_record: false,
            orders: 0,
            answers: false,
            first_order: 0,
            last_line: 0,
        }
    }

    fn problem(&mut self, line: u64, field: &str, message: impl Into<String>) {
        self.sink.problem(problem_at(line, field, message));
    }

    fn record(&mut self, line: u64, record: &[char]) {
        self.last_line = line;
        let kind = record.first().copied().unwrap_or(' ');
        // Filler behind the file control.
        if record.iter().all(|&c| c == '9' || c == ' ') {
            return;
        }
        if !self.any_record && !matches!(kind, '1' | '5' | '6') {
            self.problem(line, "record", format!("`{}` is no record of an ACH file", shown(&text(record, 0, 40))));
            return;
        }
        match kind {
            '1' => self.file_header(line, record),
            '5' => self.batch_header(line, record),
            '6' => self.entry_detail(line, record),
            '7' => self.addenda(line, record),
            '8' => self.batch_control(line, record),
            '9' => self.file_control(line, record),
            _ => {
                let shown = shown(&text(record, 0, 40));
                self.problem(line, "record", format!("`{shown}` begins with no record type (1, 5, 6, 7, 8, 9) and is not read"));
            }
        }
    }

    fn file_header(&mut self, line: u64, record: &[char]) {
        self.any_record |= text(record, 1, 3).trim() == "01" || text(record, 34, 37) == "094";
        if !self.any_record {
            self.problem(line, "file header", format!("`{}` is no file header", shown(&text(record, 0, 40))));
            return;
        }
        self.end_batch();
        self.header_seen = true;
        self.trailer_seen = false;
        self.file = Totals::default();
        self.batches = 0;
        self.advice = false;
        self.created = date_yymmdd(&text(record, 23, 29));
        if self.created.is_none() {
            let shown = shown(&text(record, 23, 29));
            self.problem(line, "file creation date", format!("`{shown}` is no date (YYMMDD)"));
        }
    }

    fn batch_header(&mut self, line: u64, record: &[char]) {
        self.any_record = true;
        self.end_batch();
        self.note_missing_header(line);
        self.batches += 1;
        self.advice |= text(record, 50, 53) == "ADV";
        let settled = number(record, 75, 78).and_then(|day| self.settlement_date(day));
        let effective = date_yymmdd(&text(record, 69, 75));
        self.batch = Some(Batch {
            company: text(record, 40, 50).trim().to_owned(),
            company_name: folded(&text(record, 4, 20)).unwrap_or_default(),
            number: text(record, 87, 94).trim().to_owned(),
            class: text(record, 50, 53),
            date: settled.or(self.created).or(effective),
            ..Batch::default()
        });
    }

    fn note_missing_header(&mut self, line: u64) {
        if !std::mem::replace(&mut self.header_seen, true) {
            self.problem(line, "file header", "the file has no file header (record 1); it may be cut off at its beginning");
        }
    }

    /// Settlement is given as the day of the year; the year is the one nearest to the file's creation.
    fn settlement_date(&self, day: u64) -> Option<Date> {
        let created = self.created?;
        let day = i16::try_from(day).ok().filter(|d| (1..=366).contains(d))?;
        [created.year() - 1, created.year(), created.year() + 1]
            .into_iter()
            .filter_map(|year| Date::new(year, 1, 1).ok()?.with().day_of_year(day).build().ok())
            .min_by_key(|date| (*date - created).get_days().abs())
    }

    fn entry_detail(&mut self, line: u64, record: &[char]) {
        self.any_record = true;
        self.end_entry();
        self.note_missing_header(line);
        if self.batch.is_none() {
            self.problem(line, "batch header", "the entry stands in no batch; the batch header (record 5) is missing");
            self.batch = Some(Batch { date: self.created, ..Batch::default() });
        }
        self.entry = Some(Entry { line, record: record.to_vec(), returned: None, changed: None });
    }

    fn addenda(&mut self, line: u64, record: &[char]) {
        if let Some(batch) = &mut self.batch {
            batch.totals.entries += 1;
        }
        let Some(entry) = &mut self.entry else {
            self.problem(line, "addenda", "the addenda belong to no entry (record 6) and are not read");
            return;
        };
        match text(record, 1, 3).as_str() {
            "99" => entry.returned = Some((line, record.to_vec())),
            "98" => entry.changed = Some((line, record.to_vec())),
            _ => return,
        }
        self.answers = true;
    }

    fn end_entry(&mut self) {
        let Some(entry) = self.entry.take() else { return };
        let Some(mut batch) = self.batch.take() else { return };
        self.settle_entry(&entry, &mut batch);
        self.batch = Some(batch);
    }

    fn settle_entry(&mut self, entry: &Entry, batch: &mut Batch) {
        let advice = batch.class == "ADV";
        let code = text(&entry.record, 1, 3);
        let amount = if advice { number(&entry.record, 27, 39) } else { number(&entry.record, 29, 39) };
        let cents = amount.and_then(|a| i64::try_from(a).ok());
        let debit = is_debit(&code);
        batch.totals.entries += 1;
        batch.totals.hash = batch.totals.hash.wrapping_add(number(&entry.record, 3, 11).unwrap_or(0));
        if debit {
            batch.totals.debits = batch.totals.debits.saturating_add(amount.unwrap_or(0));
        } else {
            batch.totals.credits = batch.totals.credits.saturating_add(amount.unwrap_or(0));
        }
        if let Some((line, addenda)) = &entry.changed {
            let (field, message) = notification_of_change(addenda, &entry.record);
            self.problem(*line, field, message);
            return;
        }
        let Some((line, addenda)) = &entry.returned else {
            self.orders += 1;
            if self.orders == 1 {
                self.first_order = entry.line;
            }
            return;
        };
        let reason = text(addenda, 3, 6);
        let reason_known = reason.starts_with('R') && reason[1..].bytes().all(|b| b.is_ascii_digit());
        let (Some(cents), true) = (cents, code.bytes().all(|b| b.is_ascii_digit())) else {
            let shown = shown(&text(&entry.record, 0, 40));
            self.problem(
                entry.line,
                "entry amount",
                format!("`{shown}` has no transaction code or no amount in cents; the return is not taken"),
            );
            return;
        };
        if !reason_known {
            let message = format!("`{}` is no return reason (R01 to R85); the return is taken without one", shown(&reason));
            self.problem(*line, "addenda 99 reason", message);
        } else if reason_words(&reason).is_none() {
            self.problem(
                *line,
                "addenda 99 reason",
                format!("{reason} is not among the return reasons of the rules; the return is taken"),
            );
        }
        if cents == 0 {
            let trace = text(addenda, 6, 21);
            self.problem(
                *line,
                "addenda 99",
                format!("{reason}: an entry without money (trace {}) was returned; check the account it named", trace.trim()),
            );
            return;
        }
        // A dishonoured return takes a return back.
        let dishonoured = matches!(reason.as_str(), "R61" | "R67" | "R68" | "R69" | "R70");
        let signed = if debit == dishonoured { cents } else { -cents };
        let line = return_line(entry, addenda, batch, &reason, Money::new(signed, Currency::USD));
        begin_statement(self.sink, batch);
        self.sink.line(line);
    }

    fn batch_control(&mut self, line: u64, record: &[char]) {
        self.end_entry();
        let Some(batch) = self.batch.take() else {
            self.problem(line, "batch control", "the batch control (record 8) belongs to no batch");
            return;
        };
        let advice = batch.class == "ADV";
        let (debits, credits) = if advice { ((20, 40), (40, 60)) } else { ((20, 32), (32, 44)) };
        self.compare(line, "batch entry count", number(record, 4, 10), batch.totals.entries);
        self.compare(line, "batch entry hash", number(record, 10, 20), batch.totals.hash % 10_000_000_000);
        self.compare(line, "batch debits", number(record, debits.0, debits.1), batch.totals.debits);
        self.compare(line, "batch credits", number(record, credits.0, credits.1), batch.totals.credits);
        self.close(batch);
    }

    fn file_control(&mut self, line: u64, record: &[char]) {
        self.end_batch();
        self.trailer_seen = true;
        let file = self.file;
        let batches = self.batches;
        self.compare(line, "file batch count", number(record, 1, 7), batches);
        self.compare(line, "file entry count", number(record, 13, 21), file.entries);
        self.compare(line, "file entry hash", number(record, 21, 31), file.hash % 10_000_000_000);
        // Files of accounting advices have wider totals.
        let wide = self.advice;
        let (debits, credits) = if wide { ((31, 51), (51, 71)) } else { ((31, 43), (43, 55)) };
        self.compare(line, "file debits", number(record, debits.0, debits.1), file.debits);
        self.compare(line, "file credits", number(record, credits.0, credits.1), file.credits);
    }

    fn compare(&mut self, line: u64, name: &str, stated: Option<u64>, found: u64) {
        match stated {
            Some(stated) if stated == found => {}
            Some(stated) => self.problem(line, name, format!("the file states {stated}, its records give {found}")),
            None => self.problem(line, name, format!("the control value is no number; the records give {found}")),
        }
    }

    fn end_batch(&mut self) {
        self.end_entry();
        if let Some(batch) = self.batch.take() {
            let line = self.last_line;
            self.problem(line, "batch control", "the batch has no batch control (record 8); the file may be cut off");
            self.close(batch);
        }
    }

    fn close(&mut self, batch: Batch) {
        self.file.add(batch.totals);
        if batch.begun {
            self.sink.end(StatementEnd::default());
        }
    }

    fn finish(&mut self) {
        self.end_batch();
        if !self.any_record {
            return;
        }
        let line = self.last_line;
        if !self.trailer_seen {
            self.problem(line, "file control", "the file has no file control (record 9); it may be cut off");
        }
        if self.orders > 0 && self.answers {
            let (first, orders) = (self.first_order, self.orders);
            let message = format!(
                "{orders} entries are orders to the ACH network, not bookings of an account, and are not taken; \
                 for incoming money use the bank's statement (BAI2, CAMT, CSV)"
            );
            self.problem(first, "entry", message);
        }
    }
}

fn begin_statement(sink: &mut dyn StatementSink, batch: &mut Batch) {
    if !std::mem::replace(&mut batch.begun, true) {
        let account = if batch.company.is_empty() { batch.company_name.clone() } else { batch.company.clone() };
        sink.statement(Statement {
            account,
            currency: Some(Currency::USD),
            statement_id: (!batch.number.is_empty()).then(|| batch.number.clone()),
        });
    }
}

/// Last digit 5 to 9 of the transaction code: a debit (loans: `55`). ADV codes: even ones are debits.
fn is_debit(code: &str) -> bool {
    match code.as_bytes() {
        [b'8', digit] => matches!(digit, b'2' | b'4' | b'6' | b'8'),
        [_, digit] => matches!(digit, b'5'..=b'9'),
        _ => false,
    }
}

fn return_line(entry: &Entry, addenda: &[char], batch: &Batch, reason: &str, amount: Money) -> StatementLine {
    let international = batch.class == "IAT";
    let addressed = matches!(batch.class.as_str(), "CTX" | "DNE" | "ENR" | "TRX" | "ATX");
    let (account, id, name) = if international {
        (text(&entry.record, 39, 74), String::new(), String::new())
    } else if addressed {
        (text(&entry.record, 12, 29), text(&entry.record, 39, 54), text(&entry.record, 58, 74))
    } else {
        (text(&entry.record, 12, 29), text(&entry.record, 39, 54), text(&entry.record, 54, 76))
    };
    let chained = matches!(reason, "R61" | "R67" | "R68" | "R69" | "R70" | "R71" | "R72" | "R73" | "R74" | "R75" | "R76" | "R77");
    let note = if chained {
        text(addenda, 58, 79)
    } else if international {
        text(addenda, 45, 79)
    } else {
        text(addenda, 35, 79)
    };
    let remittance = [reason.to_owned(), reason_words(reason).unwrap_or_default().to_owned(), note, id].join(" ");
    StatementLine {
        booking_date: batch.date,
        value_date: None,
        amount,
        counterparty_name: folded(&name),
        counterparty_account: folded(&account).map(|a| a.replace(' ', "")),
        remittance: folded(&remittance),
        structured_reference: None,
        end_to_end_id: telling(&text(addenda, 6, 21)),
        bank_reference: telling(&text(addenda, 79, 94)).or_else(|| telling(&text(&entry.record, 79, 94))),
        transaction_code: Some(text(&entry.record, 1, 3)),
        is_return: true,
        is_booked: true,
        fee: None,
        original_amount: None,
        place: format!("line {}", entry.line),
    }
}

/// A changed account is news for a person, never a booking.
fn notification_of_change(addenda: &[char], entry: &[char]) -> (&'static str, String) {
    let code = text(addenda, 3, 6);
    let what = match code.as_str() {
        "C01" => "the account number is now",
        "C02" => "the routing number is now",
        "C03" => "routing and account number are now",
        "C04" => "the name is now",
        "C05" => "the transaction code is now",
        "C06" => "account number and transaction code are now",
        "C07" => "routing number, account number and transaction code are now",
        "C08" => "the receiving bank's identification is now",
        "C09" => "the individual identification is now",
        "C13" | "C14" => "the format of the addenda or the class must change",
        _ => "of an unknown kind:",
    };
    let corrected = folded(&text(addenda, 35, 64)).unwrap_or_default();
    let name = folded(&text(entry, 54, 76)).unwrap_or_default();
    let trace = text(addenda, 6, 21);
    (
        "addenda 98",
        format!(
            "notification of change {code} for the entry with trace {} ({name}): {what} `{corrected}`; have a person confirm it before the next entry",
            trace.trim()
        ),
    )
}

/// The reason in words. Source: Nacha Operating Rules, Appendix Four, table of return reason codes.
fn reason_words(code: &str) -> Option<&'static str> {
    let number: u8 = code.strip_prefix('R')?.parse().ok()?;
    Some(match number {
        1 => "Insufficient funds",
        2 => "Account closed",
        3 => "No account, unable to locate account",
        4 => "Invalid account number",
        5 => "Unauthorized debit to consumer account using corporate SEC code",
        6 => "Returned at the request of the ODFI",
        7 => "Authorization revoked by customer",
        8 => "Payment stopped",
        9 => "Uncollected funds",
        10 => "Customer advises originator is not known or not authorized",
        11 => "Customer advises entry not in accordance with the terms of the authorization",
        12 => "Account sold to another DFI",
        13 => "Invalid ACH routing number",
        14 => "Representative payee deceased or unable to continue",
        15 => "Beneficiary or account holder deceased",
        16 => "Account frozen, or returned per OFAC instruction",
        17 => "File record edit criteria, or questionable circumstances",
        18 => "Improper effective entry date",
        19 => "Amount field error",
        20 => "Non-transaction account",
        21 => "Invalid company identification",
        22 => "Invalid individual ID number",
        23 => "Credit entry refused by receiver",
        24 => "Duplicate entry",
        25 => "Addenda error",
        26 => "Mandatory field error",
        27 => "Trace number error",
        28 => "Routing number check digit error",
        29 => "Corporate customer advises not authorized",
        30 => "RDFI not participant in check truncation program",
        31 => "Permissible return entry",
        32 => "RDFI non-settlement",
        33 => "Return of XCK entry",
        34 => "Limited participation DFI",
        35 => "Return of improper debit entry",
        36 => "Return of improper credit entry",
        37 => "Source document presented for payment",
        38 => "Stop payment on source document",
        39 => "Improper source document",
        40 => "Return of ENR entry by federal agency",
        41 => "Invalid transaction code",
        42 => "Routing number or check digit error",
        43 => "Invalid DFI account number",
        44 => "Invalid individual ID number or identification number",
        45 => "Invalid individual or company name",
        46 => "Invalid representative payee indicator",
        47 => "Duplicate enrollment",
        50 => "State law affecting RCK acceptance",
        51 => "Item related to RCK entry is ineligible",
        52 => "Stop payment on item related to RCK entry",
        53 => "Item and RCK entry presented for payment",
        61 => "Misrouted return",
        62 => "Return of erroneous or reversing debit",
        67 => "Duplicate return",
        68 => "Untimely return",
        69 => "Field errors",
        70 => "Permissible return entry not accepted",
        71 => "Misrouted dishonored return",
        72 => "Untimely dishonored return",
        73 => "Timely original return",
        74 => "Corrected return",
        75 => "Return not a duplicate",
        76 => "No errors found",
        77 => "Non-acceptance of R62 dishonored return",
        80 => "IAT entry coding error",
        81 => "Non-participant in IAT program",
        82 => "Invalid foreign receiving DFI identification",
        83 => "Foreign receiving DFI unable to settle",
        84 => "Entry not processed by gateway",
        85 => "Incorrectly coded outbound international payment",
        _ => return None,
    })
}
