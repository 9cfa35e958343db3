//! SWIFT MT940 (customer statement) and MT942 (interim transaction report), with MT941 and MT950 which share their fields.
//!
//! A message begins with `:20:` (or the first field after the end of another) and ends with `-`, `-}`, the next `:20:`, a
//! second opening balance, or the file. Pages of one statement (`:60M:`, `:62M:`) are statements of their own, each with its
//! balances. What MT942 reports is announced, not booked: the MT940 of that day repeats it.

use std::io::BufRead;

use quittance_rules::bank::{BalanceCheck, Statement, StatementLine, StatementSink};
use quittance_rules::money::{Currency, Money};

use super::IntakeError;
use super::mt940_details::{Details, read_details};
use super::mt940_entry::{Entry, parse_balance, parse_count_and_sum, parse_entry};
use super::text_fields::{account_number, folded, has_iban_form, is_iban, problem_at, shown, structured_reference, telling};
use super::text_lines::{LineReader, TextDecoder};

/// Most text kept of one field, in bytes. SWIFT allows 390; no bank is known to pass 4,000.
const LONGEST_FIELD: usize = 16 * 1024;
/// Lines kept while a statement has not named its currency (it may name it only in its closing balance).
const MOST_WAITING: usize = 4096;

/// What the file may leave open.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Taken where neither a balance nor the account names a currency.
    pub currency: Option<Currency>,
}

/// Reads every message of a file. A broken field is a problem and the rest is taken.
///
/// # Errors
/// The bytes cannot be had, there are none, or there is not one MT940 field in them.
pub fn read<R: BufRead>(input: R, sink: &mut dyn StatementSink, options: Options) -> Result<(), IntakeError> {
    let mut lines = LineReader::new(input);
    let mut decoder = TextDecoder::default();
    let mut reader =
        Reader { sink, options, message: None, field: None, interim_next: false, maybe_end: None, any: Any::Nothing };
    while let Some(info) = lines.advance()? {
        if info.continues {
            reader.over_long(info.number);
            continue;
        }
        let line = decoder.decode(lines.bytes());
        reader.line(info.number, &line);
    }
    reader.end_message();
    match reader.any {
        Any::Field => Ok(()),
        Any::Text => Err(IntakeError::UnknownFormat {
            advice: "an MT940 file has fields like `:20:` and `:61:` at the beginning of lines, and this one has none".to_owned(),
        }),
        Any::Nothing => Err(IntakeError::Empty),
    }
}

#[derive(PartialEq, Eq)]
enum Any {
    Nothing,
    Text,
    Field,
}

struct Reader<'s> {
    sink: &'s mut dyn StatementSink,
    options: Options,
    message: Option<Message>,
    field: Option<Field>,
    /// The envelope of the message to come says MT942.
    interim_next: bool,
    /// A lone `-` stood on this line. It ends the message unless the next field shows that it was text.
    maybe_end: Option<u64>,
    any: Any,
}

/// A field whose lines are still coming.
struct Field {
    tag: String,
    line: u64,
    lines: Vec<String>,
    bytes: usize,
    cut: bool,
}

#[derive(Default)]
struct Message {
    account: Option<String>,
    currency: Option<Currency>,
    reference: Option<String>,
    number: Option<String>,
    opening: Option<Money>,
    closing: Option<Money>,
    has_opening: bool,
    has_closing: bool,
    interim: bool,
    /// The bank pads every line with a space.
    padded: bool,
    begun: bool,
    draft: Option<Draft>,
    /// The file names a currency this program does not carry, so the one from outside must not stand in for it.
    unknown_currency: Option<String>,
    waiting: Vec<Draft>,
    waiting_lost: u64,
    check: BalanceCheck,
    debits: Tally,
    credits: Tally,
}

/// Count and sum of one direction, for `:90D:` and `:90C:`. `None` once the sum has left its range.
struct Tally {
    count: u64,
    minor: Option<i64>,
}

impl Default for Tally {
    fn default() -> Self {
        Self { count: 0, minor: Some(0) }
    }
}

/// A transaction whose `:86:` may still come.
struct Draft {
    line: u64,
    entry: Entry,
    details: Vec<String>,
}

/// Fields of the category 9 messages, and those banks add. Anything else at the beginning of a line is text.
fn field_tag(line: &str) -> Option<(&str, &str)> {
    let rest = line.strip_prefix(':')?;
    let (tag, value) = rest.split_once(':')?;
    let known = matches!(
        tag,
        "13" | "13D"
            | "20"
            | "21"
            | "25"
            | "25P"
            | "28"
            | "28C"
            | "28D"
            | "34F"
            | "60"
            | "60F"
            | "60M"
            | "61"
            | "62"
            | "62F"
            | "62M"
            | "64"
            | "65"
            | "86"
            | "90C"
            | "90D"
            | "NS"
            | "940"
            | "941"
            | "942"
            | "950"
    );
    known.then_some((tag, value))
}

fn is_block(line: &str) -> bool {
    matches!(line.as_bytes(), [b'{', b'1'..=b'5', b':', ..])
}

impl Reader<'_> {
    fn line(&mut self, number: u64, raw: &str) {
        let line = raw.trim_end_matches(['\u{1a}', '\u{3}', '\0']).trim_start_matches(['\u{1}', '\u{2}', '\0']);
        let bare = line.trim();
        if bare.is_empty() {
            return;
        }
        if self.any == Any::Nothing {
            self.any = Any::Text;
        }
        if is_block(bare) {
            self.envelope(number, bare);
            return;
        }
        if let Some(after) = bare.strip_prefix("-}") {
            self.end_message();
            if is_block(after.trim_start()) {
                self.envelope(number, after.trim_start());
            }
            return;
        }
        if bare == "-" || bare == "-XXX" {
            self.maybe_end = Some(number);
            return;
        }
        if let Some((tag, value)) = field_tag(line.trim_start()).filter(|(tag, value)| !self.is_wrapped_time(tag, value)) {
            self.any = Any::Field;
            self.settle_end(matches!(tag, "61" | "86" | "62F" | "62M" | "62" | "64" | "65" | "90C" | "90D"));
            self.begin_field(number, tag, value);
            return;
        }
        self.settle_end(false);
        self.more(number, line);
    }

    /// A long line of text that the bank broke inside a time, so that the next begins with `:20:30`.
    fn is_wrapped_time(&self, tag: &str, value: &str) -> bool {
        let inside = self.message.as_ref().is_some_and(|m| m.draft.is_some() && !m.has_closing);
        let last = self.field.as_ref().filter(|f| f.tag == "86").and_then(|f| f.lines.last());
        inside
            && matches!(tag, "20" | "21" | "25" | "28" | "13")
            && value.bytes().take(2).filter(u8::is_ascii_digit).count() == 2
            && last.is_some_and(|l| l.chars().count() >= 60 && l.ends_with(|c: char| c.is_ascii_digit()))
    }

    /// Decides on a lone `-` seen before: text of the open field when the message goes on, else its end.
    fn settle_end(&mut self, goes_on: bool) {
        let Some(line) = self.maybe_end.take() else { return };
        let unfinished = self.message.as_ref().is_some_and(|m| m.draft.is_some() && !m.has_closing) && self.field.is_some();
        if goes_on && unfinished {
            self.more(line, "-");
        } else {
            self.end_message();
        }
    }

    fn envelope(&mut self, number: u64, line: &str) {
        self.settle_end(false);
        if line.starts_with("{1:") || line.starts_with("{2:") || line.starts_with("{4:") {
            self.end_message();
        }
        if let Some(at) = line.find("{2:") {
            let kind = line.get(at + 4..at + 7).unwrap_or_default();
            self.interim_next = kind == "942";
        }
        if let Some(at) = line.find("{4:") {
            let text = &line[at + 3..];
            if !text.is_empty() {
                self.line(number, text);
            }
        }
    }

    fn over_long(&mut self, number: u64) {
        if let Some(field) = &mut self.field
            && !field.cut
        {
            field.cut = true;
            let tag = format!(":{}:", field.tag);
            self.problem(number, &tag, "the line is longer than 64 KiB; the rest of it is not read");
        }
    }

    fn begin_field(&mut self, number: u64, tag: &str, value: &str) {
        self.finish_field();
        if matches!(tag, "20" | "940" | "941" | "942" | "950") {
            let announced = self.interim_next;
            self.end_message();
            self.interim_next = if tag == "20" { announced } else { tag == "942" };
        }
        let (line, lines, bytes) = (number, vec![value.to_owned()], value.len());
        self.field = Some(Field { tag: tag.to_owned(), line, lines, bytes, cut: false });
    }

    /// A line without a tag: more of the field before it, or something outside any message.
    fn more(&mut self, number: u64, line: &str) {
        let Some(field) = &mut self.field else {
            // Banks put their name, the receiver and `940` before a message.
            let header = line.len() <= 40 && !line.bytes().any(|b| b.is_ascii_lowercase() || b == b':');
            if !header && self.any == Any::Field {
                self.problem(number, "text", format!("`{}` stands outside any message and is not read", shown(line)));
            }
            return;
        };
        field.bytes = field.bytes.saturating_add(line.len());
        if field.bytes <= LONGEST_FIELD {
            field.lines.push(line.to_owned());
        } else if !field.cut {
            field.cut = true;
            let tag = format!(":{}:", field.tag);
            self.problem(number, &tag, "the field is longer than 16 KiB; the rest of it is not read");
        }
    }

    fn problem(&mut self, line: u64, field: &str, message: impl Into<String>) {
        self.sink.problem(problem_at(line, field, message));
    }

    fn message(&mut self) -> &mut Message {
        let interim = self.interim_next;
        self.message.get_or_insert_with(|| Message { interim, ..Message::default() })
    }

    fn finish_field(&mut self) {
        let Some(field) = self.field.take() else { return };
        let value = field.lines.first().map(|l| l.trim().to_owned()).unwrap_or_default();
        let name = format!(":{}:", field.tag);
        match field.tag.as_str() {
            "20" => self.message().reference = telling(&value),
            "940" | "941" | "942" | "950" => {}
            "25" | "25P" => self.account(field.line, &name, &value, field.lines.first().is_some_and(|l| l.ends_with(' '))),
            "28" | "28C" | "28D" => self.message().number = folded(&value),
            "34F" => {
                let message = self.message();
                message.interim = true;
                if let Some(currency) = value.get(..3).and_then(|c| Currency::parse(c).ok()) {
                    message.currency.get_or_insert(currency);
                }
            }
            "60F" | "60M" | "60" => self.opening(field.line, &name, &value),
            "61" => self.entry(&field),
            "86" => self.details(&field),
            "62F" | "62M" | "62" => self.closing(field.line, &name, &value),
            "90C" | "90D" => self.control_total(field.line, &name, &value),
            // Available and forward balances, times and related references change no booked amount; `:NS:` is the bank's own.
            _ => {
                self.message();
            }
        }
    }

    fn account(&mut self, line: u64, name: &str, value: &str, padded: bool) {
        let (account, currency) = split_account(value);
        let message = self.message();
        match &message.account {
            Some(known) if *known != account => {
                let text = format!("`{}` is a second account within one statement and is not read", shown(value));
                self.problem(line, name, text);
            }
            Some(_) => {}
            None => {
                message.padded = padded;
                message.account = Some(account);
                message.currency = message.currency.or(currency);
            }
        }
    }

    fn opening(&mut self, line: u64, name: &str, value: &str) {
        if self.message.as_ref().is_some_and(|m| m.has_opening || m.has_closing) {
            // The `:20:` between two statements is missing.
            let account = self.message.as_ref().and_then(|m| m.account.clone());
            self.end_message();
            self.message().account = account;
        }
        let read = parse_balance(value);
        let message = self.message();
        message.has_opening = true;
        match read {
            Ok(balance) => {
                message.opening = Some(balance);
                message.currency = Some(balance.currency());
            }
            Err(e) => {
                message.unknown_currency = message.unknown_currency.take().or_else(|| unknown_currency(value));
                self.problem(line, name, e);
            }
        }
        self.release_waiting();
    }

    fn closing(&mut self, line: u64, name: &str, value: &str) {
        self.flush_draft();
        let read = parse_balance(value);
        let message = self.message();
        message.has_closing = true;
        match read {
            Ok(balance) => {
                message.closing = Some(balance);
                message.currency = message.currency.or(Some(balance.currency()));
            }
            Err(e) => {
                message.unknown_currency = message.unknown_currency.take().or_else(|| unknown_currency(value));
                self.problem(line, name, e);
            }
        }
        self.release_waiting();
    }

    fn entry(&mut self, field: &Field) {
        self.flush_draft();
        match parse_entry(&field.lines) {
            Ok(entry) => {
                let message = self.message();
                message.draft = Some(Draft { line: field.line, entry, details: Vec::new() });
            }
            Err(e) => {
                // Its `:86:` must not be taken for the text of the line before.
                self.message();
                self.problem(field.line, ":61:", e);
            }
        }
    }

    fn details(&mut self, field: &Field) {
        let Some(message) = &mut self.message else {
            self.problem(field.line, ":86:", "the text stands before any statement and is not read");
            return;
        };
        // After the closing balance the field speaks of the whole statement.
        if let Some(draft) = message.draft.as_mut().filter(|_| !message.has_closing) {
            let padded = message.padded;
            draft.details.extend(field.lines.iter().map(|l| if padded { l.trim_end().to_owned() } else { l.clone() }));
        }
    }

    fn control_total(&mut self, line: u64, name: &str, value: &str) {
        self.flush_draft();
        let Some((count, sum)) = parse_count_and_sum(value) else {
            self.problem(line, name, format!("`{}` is no count and sum", shown(value)));
            return;
        };
        let message = self.message();
        message.interim |= !message.has_opening;
        let tally = if name == ":90D:" { &message.debits } else { &message.credits };
        if tally.count != count || tally.minor != Some(sum.minor()) {
            let found = tally.minor.map(|minor| Money::new(minor, sum.currency()).to_string()).unwrap_or_default();
            let text = format!("the bank counts {count} lines of together {sum}; read were {} of together {found}", tally.count);
            self.problem(line, name, text);
        }
    }

    /// Hands the open transaction over, now that its text is complete.
    fn flush_draft(&mut self) {
        let Some(message) = &mut self.message else { return };
        let Some(draft) = message.draft.take() else { return };
        let fallback = if message.unknown_currency.is_some() { None } else { self.options.currency };
        match message.currency.or(fallback) {
            Some(currency) => self.hand_over(draft, currency),
            None if message.waiting.len() < MOST_WAITING => message.waiting.push(draft),
            None => message.waiting_lost = message.waiting_lost.saturating_add(1),
        }
    }

    fn release_waiting(&mut self) {
        let Some(message) = &mut self.message else { return };
        let Some(currency) = message.currency else { return };
        for draft in std::mem::take(&mut message.waiting) {
            self.hand_over(draft, currency);
        }
    }

    fn hand_over(&mut self, draft: Draft, currency: Currency) {
        let Some(message) = &mut self.message else { return };
        let booked = !message.interim && !draft.entry.is_expected;
        match compose(&draft, currency, booked) {
            Ok(line) => {
                let tally = if line.amount.is_negative() { &mut message.debits } else { &mut message.credits };
                tally.count += 1;
                tally.minor = tally.minor.zip(line.amount.checked_abs()).and_then(|(sum, a)| sum.checked_add(a.minor()));
                message.check.add(&line);
                self.begin_statement();
                self.sink.line(line);
            }
            Err(e) => self.problem(draft.line, ":61:", e),
        }
    }

    fn begin_statement(&mut self) {
        let Some(message) = &mut self.message else { return };
        if std::mem::replace(&mut message.begun, true) {
            return;
        }
        self.sink.statement(Statement {
            account: message.account.clone().unwrap_or_default(),
            currency: message.currency.or(if message.unknown_currency.is_some() { None } else { self.options.currency }),
            statement_id: message.number.clone().or_else(|| message.reference.clone()),
        });
    }

    fn end_message(&mut self) {
        self.maybe_end = None;
        self.finish_field();
        self.flush_draft();
        self.begin_statement();
        let Some(message) = self.message.take() else { return };
        self.interim_next = false;
        let lost = message.waiting.len() as u64 + message.waiting_lost;
        if let Some(first) = message.waiting.first() {
            let message = match &message.unknown_currency {
                Some(code) => format!("{lost} lines are not taken because `{code}` is not an ISO 4217 currency"),
                None => format!("{lost} lines are not taken because the statement names no currency; pass it with --currency"),
            };
            self.problem(first.line, ":61:", message);
        }
        self.sink.end(message.check.finish(message.opening, message.closing));
    }
}

/// Takes a currency off the end of an account (`70011110/4005287001EUR`). An IBAN that ends so (Mauritius) stays whole.
fn split_account(value: &str) -> (String, Option<Currency>) {
    // Polish banks write a slash in front.
    let account: String = value.trim().trim_start_matches('/').chars().filter(|c| !c.is_whitespace()).collect();
    if is_iban(&account) || account.len() < 4 || !account.is_ascii() {
        return (account, None);
    }
    let (number, code) = account.split_at(account.len() - 3);
    match Currency::parse(code) {
        Ok(currency) if number.ends_with(|c: char| c.is_ascii_digit()) && code.bytes().all(|b| b.is_ascii_uppercase()) => {
            (number.to_owned(), Some(currency))
        }
        _ => (account, None),
    }
}

/// The three letters in the place of the currency of a balance, where they are none.
fn unknown_currency(balance: &str) -> Option<String> {
    let code = balance.get(7..10)?;
    (code.bytes().all(|b| b.is_ascii_uppercase()) && Currency::parse(code).is_err()).then(|| code.to_owned())
}

/// Puts `:61:` and `:86:` together. The error is a sentence for people.
fn compose(draft: &Draft, currency: Currency, is_booked: bool) -> Result<StatementLine, String> {
    let entry = &draft.entry;
    let amount = Money::parse(&entry.amount, currency).map_err(|e| e.to_string())?;
    let mut details = read_details(&draft.details);
    details.add_supplement(&entry.supplement);
    let parties = parties(entry, &mut details);
    let money = |text: &Option<(String, String)>| {
        text.as_ref().and_then(|(code, amount)| Money::parse(amount, Currency::parse(code).ok()?).ok())
    };
    let structured = details.structured_reference.take().or_else(|| details.remittance.as_deref().and_then(structured_reference));
    Ok(StatementLine {
        booking_date: Some(entry.booking_date),
        value_date: Some(entry.value_date),
        amount,
        counterparty_name: parties.name,
        counterparty_account: parties.account,
        remittance: details.remittance.take(),
        structured_reference: structured,
        end_to_end_id: details.end_to_end_id.take().or(parties.reference),
        bank_reference: telling(&entry.bank_reference).or(parties.bank_reference),
        transaction_code: (!entry.code.is_empty()).then(|| entry.code.clone()),
        is_return: entry.is_reversal || entry.code.ends_with("RTI") || details.is_return,
        is_booked,
        fee: money(&details.charges),
        original_amount: money(&details.original).filter(|m| m.currency() != currency),
        place: format!("line {}", draft.line),
    })
}

struct Parties {
    name: Option<String>,
    account: Option<String>,
    /// The customer reference, where it is one and not an account number.
    reference: Option<String>,
    /// PostFinance writes its own reference into the supplement.
    bank_reference: Option<String>,
}

/// Who the other party is. Dutch banks before SEPA wrote its account into the customer reference and its name on the line or
/// the supplement; Rabobank writes its IBAN into the supplement.
fn parties(entry: &Entry, details: &mut Details) -> Parties {
    let mut name = details.name.take();
    let mut account = details.account.take();
    let mut reference = telling(&entry.customer_reference);
    let mut bank_reference = None;
    let digits = entry.customer_reference.strip_prefix('P').unwrap_or(&entry.customer_reference);
    let like_account = (7..=10).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    if let Some(inline) = &entry.inline_name {
        name.get_or_insert_with(|| inline.clone());
        if like_account {
            account = account.or_else(|| account_number(&entry.customer_reference));
            reference = None;
        }
    } else if !entry.supplement.is_empty() {
        let compact: String = entry.supplement.chars().filter(|c| !c.is_whitespace()).collect();
        let rabobank_account =
            compact.len() == 10 && compact.starts_with('P') && compact[1..].bytes().all(|b| b.is_ascii_digit());
        if has_iban_form(&compact) || rabobank_account {
            account.get_or_insert(compact);
        } else if like_account {
            // SNS: the text repeats account and name in front of what the payer wrote.
            let prefix = format!("{} {}", entry.customer_reference, entry.supplement);
            if let Some(rest) = details.remittance.as_deref().and_then(|text| text.strip_prefix(prefix.as_str())) {
                let rest = folded(rest);
                name.get_or_insert_with(|| entry.supplement.clone());
                account = account.or_else(|| account_number(&entry.customer_reference));
                reference = None;
                details.remittance = rest;
            }
        } else if compact.len() >= 12 && compact == entry.supplement && compact.bytes().all(|b| b.is_ascii_digit()) {
            bank_reference = Some(compact);
        } else if details.remittance.is_none() && !entry.supplement.starts_with('/') {
            details.remittance = Some(entry.supplement.clone());
        }
    }
    Parties { name, account, reference, bank_reference }
}
