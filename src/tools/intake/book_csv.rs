//! The book as files: customers, invoices, payments and exchange rates (columns: docs/contract.md).
//!
//! Columns may stand in any order; unknown ones are ignored with a notice. A row with a bad value is left out and named, and
//! the rest is taken. A bad value in an optional column costs only that value where losing it can make fewer things settle
//! without a person; otherwise it costs the row. Rows are lent, so that a book of millions needs no copy.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{Cursor, Read};
use std::str::FromStr;

use jiff::civil::Date;
use quittance_rules::amount_text::amount_readings;
use quittance_rules::bank::Problem;
use quittance_rules::date_text::{DateOrder, read_date};
use quittance_rules::money::{Currency, Money};
use quittance_rules::records::{
    Customer, CustomerId, EntityId, FxTable, ItemId, ItemKind, OpenItem, Payment, PaymentId, check_identifier,
};
use rust_decimal::Decimal;

use super::IntakeError;
use super::table::{Row, Table};

/// What was found in a file as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BookSummary {
    /// Rows below the header.
    pub rows: u64,
    /// Rows that were taken.
    pub taken: u64,
    /// Sentences for standard error: columns that were not there or are not known.
    pub notices: Vec<String>,
}

/// How to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BookOptions {
    /// Report and leave out rows whose id has been seen. A caller that indexes ids anyway may do it itself and save the memory.
    pub check_duplicates: bool,
}

impl Default for BookOptions {
    fn default() -> Self {
        Self { check_duplicates: true }
    }
}

/// A customer as its row says it, lent.
#[derive(Debug, Clone, Copy)]
pub struct CustomerRow<'r> {
    /// Line in the file, from 1.
    pub line: u64,
    /// Checked by [`check_identifier`].
    pub customer_id: &'r str,
    /// Never empty.
    pub name: &'r str,
    /// With `|` between; see [`listed`].
    pub aliases: &'r str,
    /// Two letters, as written.
    pub country: Option<&'r str>,
    /// Usual currency.
    pub currency: Option<Currency>,
    /// As written.
    pub iban: Option<&'r str>,
    /// Checked by [`check_identifier`].
    pub parent_id: Option<&'r str>,
    /// Percent.
    pub withholding_percent: Option<Decimal>,
    /// In the invoice's currency.
    pub tolerance: Option<Decimal>,
    /// With `|` between.
    pub emails: &'r str,
    /// With `|` between.
    pub phones: &'r str,
}

/// An invoice or credit note as its row says it, lent.
#[derive(Debug, Clone, Copy)]
pub struct InvoiceRow<'r> {
    /// Line in the file, from 1.
    pub line: u64,
    /// Checked by [`check_identifier`].
    pub invoice_id: &'r str,
    /// Checked by [`check_identifier`].
    pub customer_id: &'r str,
    /// Checked by [`check_identifier`].
    pub seller_id: &'r str,
    /// Never empty.
    pub invoice_no: &'r str,
    /// Date of issue.
    pub issue_date: Date,
    /// Due date.
    pub due_date: Date,
    /// From the `kind` column, or else from the sign.
    pub kind: ItemKind,
    /// Positive for an invoice, negative for a credit note.
    pub amount: Money,
    /// Percent, 0 to 100.
    pub discount_percent: Option<Decimal>,
    /// Last day of the discount.
    pub discount_until: Option<Date>,
    /// Held back.
    pub on_hold: bool,
    /// What the contract says; same sign as `amount` where the file gives it without one.
    pub contract_amount: Option<Money>,
}

/// A payment as its row says it, lent.
#[derive(Debug, Clone, Copy)]
pub struct PaymentRow<'r> {
    /// Line in the file, from 1.
    pub line: u64,
    /// Checked by [`check_identifier`].
    pub payment_id: &'r str,
    /// Date of booking.
    pub booking_date: Date,
    /// Our account; may be empty.
    pub account: &'r str,
    /// Positive for money received.
    pub amount: Money,
    /// As the bank names the payer.
    pub payer_name: Option<&'r str>,
    /// As written.
    pub payer_iban: Option<&'r str>,
    /// Remittance text.
    pub remittance: Option<&'r str>,
    /// As written.
    pub end_to_end_id: Option<&'r str>,
    /// Creditor reference.
    pub structured_reference: Option<&'r str>,
    /// The instructed amount, where it was in another currency.
    pub original_amount: Option<Money>,
    /// Positive.
    pub fee: Option<Money>,
    /// Returned, reversed or rejected.
    pub is_return: bool,
}

/// The parts of a field that lists several values with `|` between, trimmed, empty ones left out.
pub fn listed(text: &str) -> impl Iterator<Item = &str> {
    text.split('|').map(str::trim).filter(|part| !part.is_empty())
}

fn without_spaces(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

impl CustomerRow<'_> {
    /// An owned copy. `None` never happens for rows that the reader lent out, whose ids are checked.
    pub fn to_customer(&self) -> Option<Customer> {
        Some(Customer {
            id: CustomerId::parse(self.customer_id).ok()?,
            name: self.name.to_owned(),
            aliases: listed(self.aliases).map(str::to_owned).collect(),
            country: self.country.map(str::to_ascii_uppercase),
            currency: self.currency,
            iban: self.iban.map(without_spaces),
            parent_id: self.parent_id.and_then(|id| CustomerId::parse(id).ok()),
            withholding_percent: self.withholding_percent,
            tolerance: self.tolerance,
            emails: listed(self.emails).chain(listed(self.phones)).map(str::to_owned).collect(),
        })
    }
}

impl InvoiceRow<'_> {
    /// An owned copy. `None` never happens for rows that the reader lent out, whose ids are checked.
    pub fn to_open_item(&self) -> Option<OpenItem> {
        Some(OpenItem {
            id: ItemId::parse(self.invoice_id).ok()?,
            customer: CustomerId::parse(self.customer_id).ok()?,
            entity: EntityId::parse(self.seller_id).ok()?,
            number: self.invoice_no.to_owned(),
            kind: self.kind,
            issue_date: self.issue_date,
            due_date: self.due_date,
            amount: self.amount,
            discount_percent: self.discount_percent,
            discount_until: self.discount_until,
            on_hold: self.on_hold,
            contract_amount: self.contract_amount,
        })
    }
}

impl PaymentRow<'_> {
    /// An owned copy. `None` never happens for rows that the reader lent out, whose ids are checked.
    pub fn to_payment(&self) -> Option<Payment> {
        Some(Payment {
            id: PaymentId::parse(self.payment_id).ok()?,
            account: self.account.to_owned(),
            booking_date: self.booking_date,
            amount: self.amount,
            payer_name: self.payer_name.map(str::to_owned),
            payer_account: self.payer_iban.map(without_spaces),
            remittance: self.remittance.map(str::to_owned),
            structured_reference: self.structured_reference.map(str::to_owned),
            end_to_end_id: self.end_to_end_id.map(str::to_owned),
            original_amount: self.original_amount,
            fee: self.fee,
            is_return: self.is_return,
        })
    }
}

/// Lends every customer of a file. `problems` hears of each row or value left out.
///
/// # Errors
/// The file cannot be read, is empty, or lacks a column that is needed.
pub fn for_each_customer<R: Read>(
    reader: R,
    options: BookOptions,
    mut take: impl FnMut(CustomerRow<'_>),
    problems: &mut dyn FnMut(Problem),
) -> Result<BookSummary, IntakeError> {
    const LAYOUT: Layout = Layout {
        needed: &["customer_id", "name"],
        usual: &["aliases", "country", "currency", "iban"],
        optional: &["parent_id", "withholding_percent", "tolerance", "emails", "phones"],
    };
    read_book(reader, &LAYOUT, options, problems, |fields| {
        let row = CustomerRow {
            line: fields.row.line,
            customer_id: fields.id(0)?,
            name: fields.filled(1)?,
            aliases: fields.text(2)?,
            country: fields.or_without(3, |text| {
                let two_letters = text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic());
                two_letters.then_some(text).ok_or_else(|| format!("`{}` is not a country code of two letters", cut(text)))
            })?,
            currency: fields.currency_or_without(4)?,
            iban: fields.optional(5)?,
            parent_id: fields.or_without(6, |text| check_identifier(text).map_err(|e| e.to_string()))?,
            withholding_percent: fields.or_without(7, percent)?,
            tolerance: fields.or_without(8, |text| match decimal(text)? {
                amount if amount < Decimal::ZERO => Err(format!("`{}` is below zero", cut(text))),
                amount => Ok(amount),
            })?,
            emails: fields.text(9)?,
            phones: fields.text(10)?,
        };
        take(row);
        Ok(())
    })
}

/// Lends every invoice and credit note of a file. `problems` hears of each row or value left out.
///
/// # Errors
/// The file cannot be read, is empty, or lacks a column that is needed.
pub fn for_each_invoice<R: Read>(
    reader: R,
    options: BookOptions,
    mut take: impl FnMut(InvoiceRow<'_>),
    problems: &mut dyn FnMut(Problem),
) -> Result<BookSummary, IntakeError> {
    const LAYOUT: Layout = Layout {
        needed: &["invoice_id", "customer_id", "seller_id", "invoice_no", "issue_date", "due_date", "currency", "amount"],
        usual: &[],
        optional: &["kind", "discount_percent", "discount_until", "on_hold", "contract_amount"],
    };
    read_book(reader, &LAYOUT, options, problems, |fields| {
        let invoice_id = fields.id(0)?;
        let currency = fields.currency(6)?;
        let written = fields.money(7, currency)?;
        let (kind, amount) = match (fields.kind(8)?, written.is_negative()) {
            (Some(ItemKind::CreditNote), _) | (None, true) => {
                let size = written.checked_abs().and_then(Money::checked_neg);
                (ItemKind::CreditNote, size.ok_or_else(|| fields.problem(7, "the amount is too large".to_owned()))?)
            }
            (Some(ItemKind::Invoice), true) => {
                return Err(fields.problem(7, format!("{written} is below zero, but `kind` says invoice")));
            }
            (Some(ItemKind::Invoice) | None, false) => (ItemKind::Invoice, written),
        };
        let mut discount_percent = fields.or_without(9, percent)?;
        let discount_text = fields.text(10)?;
        let discount_until = fields.or_without(10, iso_date)?;
        if discount_until.is_none() && !discount_text.is_empty() {
            // A discount whose last day cannot be read is not granted by itself.
            discount_percent = None;
        }
        let row = InvoiceRow {
            line: fields.row.line,
            invoice_id,
            customer_id: fields.id(1)?,
            seller_id: fields.id(2)?,
            invoice_no: fields.filled(3)?,
            issue_date: fields.date(4)?,
            due_date: fields.date(5)?,
            kind,
            amount,
            discount_percent,
            discount_until,
            // An unreadable hold holds: the other way round could settle what someone meant to stop.
            on_hold: fields.or_instead(11, true, yes_or_no)?,
            contract_amount: match fields.optional(12)? {
                None => None,
                Some(_) => {
                    let contract = fields.money(12, currency)?;
                    if amount.is_negative() && contract.is_positive() { contract.checked_neg() } else { Some(contract) }
                }
            },
        };
        take(row);
        Ok(())
    })
}

/// Lends every payment of a file. `problems` hears of each row or value left out.
///
/// # Errors
/// The file cannot be read, is empty, or lacks a column that is needed.
pub fn for_each_payment<R: Read>(
    reader: R,
    options: BookOptions,
    mut take: impl FnMut(PaymentRow<'_>),
    problems: &mut dyn FnMut(Problem),
) -> Result<BookSummary, IntakeError> {
    const LAYOUT: Layout = Layout {
        needed: &["payment_id", "booking_date", "account", "amount", "currency"],
        usual: &["payer_name", "payer_iban", "remittance", "end_to_end_id"],
        optional: &["structured_reference", "original_amount", "original_currency", "fee", "is_return"],
    };
    read_book(reader, &LAYOUT, options, problems, |fields| {
        let currency = fields.currency(4)?;
        let row = PaymentRow {
            line: fields.row.line,
            payment_id: fields.id(0)?,
            booking_date: fields.date(1)?,
            account: fields.text(2)?,
            amount: fields.money(3, currency)?,
            payer_name: fields.optional(5)?,
            payer_iban: fields.optional(6)?,
            remittance: fields.optional(7)?,
            end_to_end_id: fields.optional(8)?,
            structured_reference: fields.optional(9)?,
            original_amount: match fields.currency_or_without(11)? {
                Some(original) => fields.or_without(10, |text| plain_money(text, original))?,
                None => {
                    if !fields.text(10)?.is_empty() {
                        let lost = "there is no `original_currency` beside it; the original amount was left out";
                        let problem = fields.problem(10, lost.to_owned());
                        fields.report(problem);
                    }
                    None
                }
            },
            fee: fields.or_without(12, |text| {
                let fee = plain_money(text, currency)?;
                fee.checked_abs().ok_or_else(|| "the fee is too large".to_owned())
            })?,
            // A return taken for a payment would settle an invoice that is open again, so here the row is lost.
            is_return: match fields.optional(13)? {
                None => false,
                Some(text) => yes_or_no(text).map_err(|message| fields.problem(13, message))?,
            },
        };
        take(row);
        Ok(())
    })
}

/// All customers of a file. See [`for_each_customer`].
///
/// # Errors
/// As [`for_each_customer`].
pub fn read_customers<R: Read>(
    reader: R,
    problems: &mut dyn FnMut(Problem),
) -> Result<(Vec<Customer>, BookSummary), IntakeError> {
    let mut all = Vec::new();
    let summary = for_each_customer(reader, BookOptions::default(), |row| all.extend(row.to_customer()), problems)?;
    Ok((all, summary))
}

/// All invoices and credit notes of a file. See [`for_each_invoice`].
///
/// # Errors
/// As [`for_each_invoice`].
pub fn read_invoices<R: Read>(reader: R, problems: &mut dyn FnMut(Problem)) -> Result<(Vec<OpenItem>, BookSummary), IntakeError> {
    let mut all = Vec::new();
    let summary = for_each_invoice(reader, BookOptions::default(), |row| all.extend(row.to_open_item()), problems)?;
    Ok((all, summary))
}

/// The exchange rates of a file: `currency, per_eur`.
///
/// # Errors
/// The file cannot be read, is empty, or lacks a column.
pub fn read_fx<R: Read>(reader: R, problems: &mut dyn FnMut(Problem)) -> Result<(FxTable, BookSummary), IntakeError> {
    const LAYOUT: Layout = Layout { needed: &["currency", "per_eur"], usual: &[], optional: &[] };
    let mut table = FxTable::default();
    let summary = read_book(reader, &LAYOUT, BookOptions { check_duplicates: false }, problems, |fields| {
        let currency = fields.currency(0)?;
        let rate = decimal(fields.filled(1)?).map_err(|message| fields.problem(1, message))?;
        table.insert(currency, rate).map_err(|error| fields.problem(1, error.to_string()))
    })?;
    Ok((table, summary))
}

/// Columns of a file, in the order the reading code counts them: needed, usual, optional.
struct Layout {
    /// Without these nothing can be taken. The first is the id.
    needed: &'static [&'static str],
    /// Part of the contract; a file without one is taken with a notice.
    usual: &'static [&'static str],
    /// May be there.
    optional: &'static [&'static str],
}

impl Layout {
    fn names(&self) -> impl Iterator<Item = &'static str> {
        self.needed.iter().chain(self.usual).chain(self.optional).copied()
    }
}

fn cut(text: &str) -> String {
    text.chars().take(40).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The fields of one row, by the layout's numbering. What comes out borrows the row (`'r`), not this.
struct Fields<'r, 'b> {
    row: Row<'r>,
    /// The row as text, where all of it is UTF-8: checked once and not field by field.
    whole: Option<&'r str>,
    layout: &'b Layout,
    positions: &'b [Option<usize>],
    currencies: &'b mut Currencies,
    problems: &'b mut dyn FnMut(Problem),
}

impl<'r> Fields<'r, '_> {
    fn problem(&self, column: usize, message: String) -> Problem {
        Problem { line: Some(self.row.line), field: self.layout.names().nth(column).map(str::to_owned), message }
    }

    fn report(&mut self, problem: Problem) {
        (self.problems)(problem);
    }

    /// Trimmed; empty where the column is absent.
    fn text(&self, column: usize) -> Result<&'r str, Problem> {
        let Some(position) = self.positions.get(column).copied().flatten() else { return Ok("") };
        if let Some(whole) = self.whole {
            let text = self.row.place(position).and_then(|place| whole.get(place)).unwrap_or_default();
            let is_plain = |c: Option<&u8>| c.is_none_or(u8::is_ascii_graphic);
            let ends_plain = is_plain(text.as_bytes().first()) && is_plain(text.as_bytes().last());
            return Ok(if ends_plain { text } else { text.trim() });
        }
        let Some(bytes) = self.row.get(position) else { return Ok("") };
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(text.trim()),
            Err(_) => {
                let seen = cut(&String::from_utf8_lossy(bytes));
                Err(self.problem(column, format!("`{seen}` is not UTF-8; save the file as UTF-8. The row was left out")))
            }
        }
    }

    fn optional(&self, column: usize) -> Result<Option<&'r str>, Problem> {
        self.text(column).map(|text| (!text.is_empty()).then_some(text))
    }

    fn filled(&self, column: usize) -> Result<&'r str, Problem> {
        self.optional(column)?.ok_or_else(|| self.problem(column, "is empty; the row was left out".to_owned()))
    }

    fn id(&self, column: usize) -> Result<&'r str, Problem> {
        check_identifier(self.text(column)?).map_err(|error| self.problem(column, format!("{error}; the row was left out")))
    }

    fn date(&self, column: usize) -> Result<Date, Problem> {
        iso_date(self.filled(column)?).map_err(|message| self.problem(column, format!("{message}; the row was left out")))
    }

    fn currency(&mut self, column: usize) -> Result<Currency, Problem> {
        let text = self.filled(column)?;
        self.currencies.parse(text).map_err(|message| self.problem(column, format!("{message}; the row was left out")))
    }

    fn currency_or_without(&mut self, column: usize) -> Result<Option<Currency>, Problem> {
        let Some(text) = self.optional(column)? else { return Ok(None) };
        match self.currencies.parse(text) {
            Ok(currency) => Ok(Some(currency)),
            Err(message) => {
                let problem = self.problem(column, format!("{message}; the value was left out"));
                self.report(problem);
                Ok(None)
            }
        }
    }

    fn money(&self, column: usize, currency: Currency) -> Result<Money, Problem> {
        plain_money(self.filled(column)?, currency)
            .map_err(|message| self.problem(column, format!("{message}; the row was left out")))
    }

    fn kind(&self, column: usize) -> Result<Option<ItemKind>, Problem> {
        let text = self.text(column)?;
        let is = |name: &str| text.eq_ignore_ascii_case(name);
        if text.is_empty() {
            Ok(None)
        } else if is("invoice") {
            Ok(Some(ItemKind::Invoice))
        } else if is("credit_note") || is("credit note") || is("creditnote") {
            Ok(Some(ItemKind::CreditNote))
        } else {
            let message = format!("`{}` is neither `invoice` nor `credit_note`; the row was left out", cut(text));
            Err(self.problem(column, message))
        }
    }

    /// An optional value; a bad one is reported and stands for none.
    fn or_without<T>(&mut self, column: usize, parse: impl FnOnce(&'r str) -> Result<T, String>) -> Result<Option<T>, Problem> {
        match self.optional(column)?.map(parse) {
            None => Ok(None),
            Some(Ok(value)) => Ok(Some(value)),
            Some(Err(message)) => {
                let problem = self.problem(column, format!("{message}; the value was left out"));
                self.report(problem);
                Ok(None)
            }
        }
    }

    /// A yes or no; a bad one is reported and stands for `instead`.
    fn or_instead(
        &mut self,
        column: usize,
        instead: bool,
        parse: impl FnOnce(&'r str) -> Result<bool, String>,
    ) -> Result<bool, Problem> {
        match self.optional(column)?.map(parse) {
            None => Ok(false),
            Some(Ok(value)) => Ok(value),
            Some(Err(message)) => {
                let taken = if instead { "yes" } else { "no" };
                let problem = self.problem(column, format!("{message}; taken as {taken}"));
                self.report(problem);
                Ok(instead)
            }
        }
    }
}

/// ISO 8601 only: `2026-03-31`, with or without a time.
fn iso_date(text: &str) -> Result<Date, String> {
    let begins_with_year = text.len() >= 8 && text.bytes().take(4).all(|b| b.is_ascii_digit());
    if !begins_with_year {
        return Err(format!("`{}` is not an ISO date; write it as 2026-03-31", cut(text)));
    }
    read_date(text, DateOrder::Ymd).map_err(|error| format!("{error}; dates are written as 2026-03-31"))
}

fn plain_money(text: &str, currency: Currency) -> Result<Money, String> {
    Money::parse(text, currency).map_err(|error| {
        match amount_readings(text).ok().as_deref() {
            // Say how to write it, but do not take it: the file's contract is a decimal point.
            Some([reading, ..]) if reading.decimal != text => {
                format!("{error}; amounts are written with a point and no grouping, as {}", reading.decimal)
            }
            _ => error.to_string(),
        }
    })
}

fn decimal(text: &str) -> Result<Decimal, String> {
    Decimal::from_str(text).map_err(|_| format!("`{}` is not a decimal number", cut(text)))
}

fn percent(text: &str) -> Result<Decimal, String> {
    let value = decimal(text.strip_suffix('%').unwrap_or(text).trim_end())?;
    if value < Decimal::ZERO || value > Decimal::ONE_HUNDRED {
        return Err(format!("`{}` is not between 0 and 100 percent", cut(text)));
    }
    Ok(value)
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "y" | "1" => Ok(true),
        "false" | "no" | "n" | "0" => Ok(false),
        _ => Err(format!("`{}` is neither true nor false", cut(text))),
    }
}

/// Currencies met so far: a file has few, and looking one up costs an allocation.
#[derive(Default)]
struct Currencies(Vec<(String, Currency)>);

impl Currencies {
    fn parse(&mut self, text: &str) -> Result<Currency, String> {
        if let Some((_, known)) = self.0.iter().find(|(code, _)| code == text) {
            return Ok(*known);
        }
        let currency = Currency::parse(text).map_err(|error| error.to_string())?;
        self.0.push((text.to_owned(), currency));
        Ok(currency)
    }
}

/// Ids and the lines they stand on: one buffer of texts and one table of numbers, so that a million ids are three allocations.
#[derive(Default)]
struct SeenIds {
    texts: String,
    /// Where each id ends in `texts`, and its line.
    ids: Vec<(u32, u32)>,
    /// Open addressing: the upper half of the hash and the number of the id, or `u64::MAX`. Never more than half full.
    table: Vec<u64>,
    /// What no longer fits above: beyond 4 GiB of ids or 4 billion lines.
    others: HashMap<String, u64>,
}

impl SeenIds {
    const EMPTY: u64 = u64::MAX;

    /// The line of an equal id, or `None` and the id is noted.
    fn note(&mut self, id: &str, line: u64) -> Option<u64> {
        if self.table.len() < self.ids.len() * 2 + 2 {
            self.grow();
        }
        // Keyed by a hash that a file cannot be made to collide under by accident; ids are compared in full.
        let mut hasher = DefaultHasher::new();
        id.hash(&mut hasher);
        let hash = hasher.finish();
        let mut slot = self.slot(hash);
        while let Some(&entry) = self.table.get(slot).filter(|entry| **entry != Self::EMPTY) {
            if entry >> 32 == hash >> 32
                && let Some((known, first)) = self.id((entry & 0xffff_ffff) as usize)
                && known == id
            {
                return Some(u64::from(first));
            }
            slot = (slot + 1) & (self.table.len() - 1);
        }
        let fits = (u32::try_from(self.texts.len() + id.len()), u32::try_from(line), u32::try_from(self.ids.len()));
        if let (Ok(end), Ok(line), Ok(number)) = fits
            && let Some(entry) = self.table.get_mut(slot)
        {
            *entry = hash >> 32 << 32 | u64::from(number);
            self.texts.push_str(id);
            self.ids.push((end, line));
            return None;
        }
        match self.others.get(id) {
            Some(&first) => Some(first),
            None => {
                self.others.insert(id.to_owned(), line);
                None
            }
        }
    }

    /// An id and its line.
    fn id(&self, number: usize) -> Option<(&str, u32)> {
        let (end, line) = *self.ids.get(number)?;
        let start = number.checked_sub(1).and_then(|before| self.ids.get(before)).map_or(0, |(end, _)| *end);
        Some((self.texts.get(start as usize..end as usize)?, line))
    }

    /// The upper half of the hash chooses the place, so that the table can grow without the ids.
    fn slot(&self, hash: u64) -> usize {
        let bits = self.table.len().trailing_zeros().min(32);
        usize::try_from((hash >> 32) >> (32 - bits)).unwrap_or(0)
    }

    fn grow(&mut self) {
        let length = (self.table.len() * 2).max(1024);
        let old = std::mem::replace(&mut self.table, vec![Self::EMPTY; length]);
        for entry in old.into_iter().filter(|entry| *entry != Self::EMPTY) {
            let mut slot = self.slot(entry);
            while self.table.get(slot).is_some_and(|taken| *taken != Self::EMPTY) {
                slot = (slot + 1) & (length - 1);
            }
            if let Some(free) = self.table.get_mut(slot) {
                *free = entry;
            }
        }
    }
}

/// The line that holds the column names, taken off the front of the reader: its bytes, and how its fields are parted.
fn header_line<R: Read>(mut reader: R) -> Result<(impl Read, u8), IntakeError> {
    // Enough for any header; the rest stays in the reader.
    const MOST: u64 = 64 << 10;
    let mut start = Vec::new();
    reader.by_ref().take(MOST).read_to_end(&mut start)?;
    if let [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] = start.as_slice() {
        return Err(IntakeError::Malformed { line: Some(1), message: "the file is in UTF-16; save it as UTF-8".to_owned() });
    }
    if start.starts_with(b"PK\x03\x04") {
        return Err(IntakeError::WrongDocument {
            document: "a spreadsheet or zip archive".to_owned(),
            advice: "save the sheet as CSV (UTF-8) first".to_owned(),
        });
    }
    if start.starts_with(b"\xEF\xBB\xBF") {
        start.drain(..3);
    }
    let line = start.split(|&b| b == b'\n' || b == b'\r').find(|line| !line.trim_ascii().is_empty()).unwrap_or_default();
    if line.is_empty() {
        return Err(IntakeError::Empty);
    }
    let count = |delimiter: u8| line.iter().filter(|&&b| b == delimiter).count();
    // The contract says comma. Spreadsheets of half of Europe write semicolons, and the header leaves no doubt which it is.
    let delimiter = [b';', b'\t', b'|'].into_iter().filter(|&d| count(b',') == 0 && count(d) > 0).max_by_key(|&d| count(d));
    Ok((Cursor::new(start).chain(reader), delimiter.unwrap_or(b',')))
}

fn read_book<R: Read>(
    reader: R,
    layout: &Layout,
    options: BookOptions,
    problems: &mut dyn FnMut(Problem),
    mut take: impl FnMut(&mut Fields<'_, '_>) -> Result<(), Problem>,
) -> Result<BookSummary, IntakeError> {
    let (reader, delimiter) = header_line(reader)?;
    let mut table = Table::new(reader, delimiter);
    let mut summary = BookSummary::default();
    let (positions, columns) = match table.next_row()? {
        None => return Err(IntakeError::Empty),
        Some(Err(problem)) => return Err(IntakeError::Malformed { line: problem.line, message: problem.message }),
        Some(Ok(header)) => (find_columns(&header, layout, &mut summary.notices)?, header.len()),
    };
    let mut currencies = Currencies::default();
    let mut seen = SeenIds::default();
    let is_id_column = layout.needed.first().copied().unwrap_or_default();
    while let Some(row) = table.next_row()? {
        summary.rows += 1;
        let row = match row {
            Ok(row) => row,
            Err(problem) => {
                problems(problem);
                continue;
            }
        };
        if row.len() != columns && !(row.len() > columns && row.iter().skip(columns).all(<[u8]>::is_empty)) {
            problems(Problem {
                line: Some(row.line),
                field: None,
                message: format!(
                    "the row has {} fields, the header has {columns}; a quotation mark or a delimiter may be missing. The row was left out",
                    row.len()
                ),
            });
            continue;
        }
        let whole = std::str::from_utf8(row.bytes()).ok();
        let mut fields =
            Fields { row, whole, layout, positions: &positions, currencies: &mut currencies, problems: &mut *problems };
        if options.check_duplicates
            && let Ok(id) = fields.id(0)
            && let Some(first) = seen.note(id, row.line)
        {
            let message = format!("{is_id_column} `{}` already stands on line {first}; this row was left out", cut(id));
            let problem = fields.problem(0, message);
            fields.report(problem);
            continue;
        }
        match take(&mut fields) {
            Ok(()) => summary.taken += 1,
            Err(problem) => problems(problem),
        }
    }
    Ok(summary)
}

fn find_columns(header: &Row<'_>, layout: &Layout, notices: &mut Vec<String>) -> Result<Vec<Option<usize>>, IntakeError> {
    let malformed = |message: String| IntakeError::Malformed { line: Some(header.line), message };
    let names: Vec<String> =
        header.iter().map(|name| String::from_utf8_lossy(name).trim().to_ascii_lowercase().replace([' ', '-'], "_")).collect();
    let shown = || names.iter().take(40).map(|name| cut(name)).collect::<Vec<_>>().join(", ");
    let positions: Vec<Option<usize>> = layout.names().map(|wanted| names.iter().position(|name| name == wanted)).collect();
    let is_missing = |wanted: &&&str| !names.iter().any(|name| name == **wanted);
    let missing: Vec<&str> = layout.needed.iter().filter(is_missing).copied().collect();
    if !missing.is_empty() {
        return Err(malformed(format!("needed columns are missing: {}; the header has: {}", missing.join(", "), shown())));
    }
    for (index, name) in names.iter().enumerate() {
        if layout.names().any(|known| known == name) && names.iter().skip(index + 1).any(|other| other == name) {
            return Err(malformed(format!("the column {name} stands twice in the header; remove one")));
        }
    }
    let absent: Vec<&str> = layout.usual.iter().filter(is_missing).copied().collect();
    if !absent.is_empty() {
        notices.push(format!("taken without the columns {}, which this file does not have", absent.join(", ")));
    }
    let unknown: Vec<String> = names
        .iter()
        .filter(|name| !name.is_empty() && layout.names().all(|known| known != *name))
        .map(|name| cut(name))
        .collect();
    if !unknown.is_empty() {
        notices.push(format!("columns not known and ignored: {}", unknown.join(", ")));
    }
    Ok(positions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const INVOICES: &str = "invoice_id,customer_id,seller_id,invoice_no,issue_date,due_date,currency,amount";

    fn read_payments(reader: &[u8], problems: &mut dyn FnMut(Problem)) -> Result<(Vec<Payment>, BookSummary), IntakeError> {
        let mut all = Vec::new();
        let summary = for_each_payment(reader, BookOptions::default(), |row| all.extend(row.to_payment()), problems)?;
        Ok((all, summary))
    }

    fn invoices(text: &str) -> (Vec<OpenItem>, BookSummary, Vec<String>) {
        let mut problems = Vec::new();
        let (items, summary) =
            read_invoices(text.as_bytes(), &mut |p| problems.push(told(&p))).unwrap_or_else(|e| panic!("{text}: {e}"));
        (items, summary, problems)
    }

    fn told(problem: &Problem) -> String {
        format!("{}/{}/{}", problem.line.unwrap_or_default(), problem.field.as_deref().unwrap_or_default(), problem.message)
    }

    #[test]
    fn invoices_and_credit_notes() {
        let text = format!(
            "{INVOICES},kind,discount_percent,discount_until,on_hold,contract_amount\n\
             I1,C1,S1,2026-001,2026-01-01,2026-01-31,EUR,100.00,,2,2026-01-10,,\n\
             I2,C1,S1,2026-002,2026-01-01,2026-01-31,EUR,-40.00,,,,,\n\
             I3,C1,S1,2026-003,2026-01-01,2026-01-31,jpy,4000,credit_note,,,true,5000\n\
             I4,C1,S1,\"2026,004\",2026-01-01T00:00:00Z,2026-01-31,KWD,1.234,invoice,,,no,\n"
        );
        let (items, summary, problems) = invoices(&text);
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!((summary.rows, summary.taken, summary.notices), (4, 4, vec![]));
        let shown: Vec<String> = items.iter().map(|i| format!("{} {:?} {} {}", i.id, i.kind, i.amount, i.on_hold)).collect();
        assert_eq!(
            shown,
            [
                "I1 Invoice EUR 100.00 false",
                "I2 CreditNote EUR -40.00 false",
                "I3 CreditNote JPY -4000 true",
                "I4 Invoice KWD 1.234 false"
            ]
        );
        assert_eq!(items[0].discount_percent, Some(Decimal::TWO));
        assert_eq!(items[2].contract_amount, Some(Money::new(-5000, Currency::JPY)));
        assert_eq!(items[3].number, "2026,004");
    }

    #[test]
    fn bad_rows_are_named_and_the_rest_is_taken() {
        for (row, expected) in [
            ("I1,C1,S1,N,2026-01-01,2026-01-31,EUR,1", "3/invoice_id/invoice_id `I1` already stands on line 2"),
            ("I9,C1,S1,N,2026-02-30,2026-01-31,EUR,1", "3/issue_date/`2026-02-30` is a date that does not exist"),
            ("I9,C1,S1,N,2026-01-01,31.01.2026,EUR,1", "3/due_date/`31.01.2026` is not an ISO date"),
            ("I9,C1,S1,N,2026-01-01,,EUR,1", "3/due_date/is empty"),
            ("I9,C1,S1,N,2026-01-01,2026-01-31,XYZ,1", "3/currency/`XYZ` is not an ISO 4217 currency"),
            ("I9,C1,S1,N,2026-01-01,2026-01-31,EUR,\"1.234,56\"", "amounts are written with a point and no grouping, as 1234.56"),
            ("I9,C1,S1,N,2026-01-01,2026-01-31,EUR,(12.00)", "3/amount/`(12.00)` is not a decimal amount"),
            ("I9,C1,S1,N,2026-01-01,2026-01-31,EUR,12.00-", "as -12.00"),
            ("I9,C1,S1,N,2026-01-01,2026-01-31,EUR,\"1 234,56 CR\"", "as 1234.56"),
            ("I9,C1,S1,N,2026-01-01,2026-01-31,JPY,1.5", "more decimals than JPY"),
            ("I9,C1,S1,N,2026-01-01,2026-01-31,EUR,99999999999999999999", "larger than any amount"),
            (",C1,S1,N,2026-01-01,2026-01-31,EUR,1", "3/invoice_id/an identifier is empty"),
            ("I9,C1,S1,N,2026-01-01,2026-01-31,EUR", "3//the row has 7 fields, the header has 8"),
            ("I9,C1,S1,N,2026-01-01,2026-01-31,EUR,1,extra", "3//the row has 9 fields, the header has 8"),
            ("\"I9,C1,S1,N,2026-01-01,2026-01-31,EUR,1", "3//a quotation mark on this line is never closed"),
        ] {
            let good = "C1,S1,N,2026-01-01,2026-01-31,EUR,1";
            let (items, summary, problems) = invoices(&format!("{INVOICES}\nI1,{good}\n{row}\nI2,{good}\n"));
            assert_eq!((items.len(), summary.rows, summary.taken), (2, 3, 2), "{row}");
            assert!(problems.len() == 1 && problems[0].contains(expected), "{row}: {problems:?}");
        }
    }

    #[test]
    fn optional_values_are_lost_only_where_that_is_safe() {
        let header = format!("{INVOICES},kind,discount_percent,discount_until,on_hold,contract_amount");
        let start = "I1,C1,S1,N,2026-01-01,2026-01-31,EUR,5";
        let (items, _, problems) = invoices(&format!("{header}\n{start},,250,2026-01-10,,\n"));
        assert_eq!((items[0].discount_percent, problems.len()), (None, 1));
        let (items, _, problems) = invoices(&format!("{header}\n{start},,2,soon,,\n"));
        assert_eq!((items[0].discount_percent, problems.len()), (None, 1), "no discount without its last day");
        let (items, _, problems) = invoices(&format!("{header}\n{start},,,,perhaps,\n"));
        assert_eq!((items[0].on_hold, problems.len()), (true, 1));
        for row in ["refund,,,,", ",,,,five"] {
            let (items, _, problems) = invoices(&format!("{header}\n{start},{row}\n"));
            assert_eq!((items.len(), problems.len()), (0, 1), "{row}");
        }
        let (items, _, problems) = invoices(&format!("{header}\nI1,C1,S1,N,2026-01-01,2026-01-31,EUR,-5,invoice,,,,\n"));
        assert_eq!((items.len(), problems.len()), (0, 1));
    }

    #[test]
    fn files_that_cannot_be_taken_say_why() {
        let read = |bytes: &[u8]| read_invoices(bytes, &mut |_| {}).expect_err("refused").to_string();
        assert_eq!(read(b""), "the file is empty");
        assert_eq!(read(b" \n\n"), "the file is empty");
        assert!(read(b"\xFF\xFEi\0n\0").contains("UTF-16"));
        assert!(read(b"PK\x03\x04abc").contains("save the sheet as CSV"));
        let missing = read(b"invoice_id,customer_id,amt\n1,2,3\n");
        assert!(missing.contains("seller_id, invoice_no, issue_date, due_date, currency, amount"), "{missing}");
        assert!(missing.contains("the header has: invoice_id, customer_id, amt"), "{missing}");
        assert!(read(format!("{INVOICES},amount\n").as_bytes()).contains("amount stands twice"));
        let mut problems = Vec::new();
        let payments = "payment_id,booking_date,account,amount,currency,payer_name\nP1,2026-01-01,,1,EUR,M\u{FC}ller\n";
        let bytes: Vec<u8> = payments.chars().map(|c| u8::try_from(u32::from(c)).expect("Latin-1")).collect();
        let (taken, _) = read_payments(&bytes, &mut |p| problems.push(told(&p))).expect("a header");
        assert!(taken.is_empty() && problems[0].contains("2/payer_name/`M\u{FFFD}ller` is not UTF-8"), "{problems:?}");
    }

    #[test]
    fn payments_customers_and_rates() {
        let mut problems = Vec::new();
        let mut note = |p: Problem| problems.push(told(&p));
        let text = "\u{FEFF}payment_id;booking_date;account;amount;currency;payer_name;payer_iban;remittance;end_to_end_id;original_amount;original_currency;fee;is_return\r\n\
                    P1;2026-01-05;ES91;-12.50;EUR;Acme;DE89 3704;\"two\nlines\";E1;15.00;USD;-0.30;1\r\n\
                    P2;2026-01-05;;7;EUR;;;;;9;;;\r\n";
        let (payments, summary) = read_payments(text.as_bytes(), &mut note).expect("a header");
        assert_eq!((payments.len(), summary.notices.len()), (2, 0));
        let p = &payments[0];
        assert_eq!((p.amount.minor(), p.is_return, p.payer_account.as_deref()), (-1250, true, Some("DE893704")));
        assert_eq!(p.original_amount, Some(Money::new(1500, Currency::USD)));
        assert_eq!(p.fee, Some(Money::new(30, Currency::EUR)));
        assert_eq!(payments[1].payer_name, None);
        let text = "name,customer_id,aliases,country,currency,iban,colour,emails\nAcme,C1,Acme Ltd | ACME |,es,EUR,,red,a@b.c|d.e\nB,C2,,Spain,euros,,,\n";
        let (customers, summary) = read_customers(text.as_bytes(), &mut note).expect("a header");
        assert_eq!(customers[0].aliases, ["Acme Ltd", "ACME"]);
        assert_eq!((customers[0].country.as_deref(), customers[0].emails.len()), (Some("ES"), 2));
        assert_eq!((customers[1].country.as_deref(), customers[1].currency), (None, None));
        assert_eq!(summary.notices, ["columns not known and ignored: colour"]);
        let (fx, _) = read_fx("currency,per_eur\nUSD,1.08\nUSD,2\nPEN,0\nEUR,1\n".as_bytes(), &mut note).expect("a header");
        assert_eq!(fx.per_eur(Currency::USD), Some(Decimal::new(108, 2)));
        let lines: Vec<&str> = problems.iter().filter_map(|p| p.split('/').next()).collect();
        assert_eq!(lines, ["4", "3", "3", "3", "4"], "{problems:?}");
    }

    proptest! {
        #[test]
        fn the_order_of_columns_and_unknown_ones_change_nothing(order in Just((0..8_usize).collect::<Vec<_>>()).prop_shuffle(), at in 0_usize..9) {
            let rows: Vec<Vec<&str>> = [INVOICES, "I1,C1,S1,A,2026-01-01,2026-01-31,EUR,1.50", "I2,C2,S1,B,2026-01-02,2026-02-31,EUR,2"]
                .iter().map(|r| r.split(',').collect()).collect();
            let text: String = rows.iter().enumerate().map(|(n, row)| {
                let mut fields: Vec<&str> = order.iter().map(|&i| row[i]).collect();
                fields.insert(at, if n == 0 { "mystery" } else { "x" });
                fields.join(",") + "\n"
            }).collect();
            let straight: String = rows.iter().map(|r| r.join(",") + "\n").collect();
            let (moved, plain) = (invoices(&text), invoices(&straight));
            prop_assert_eq!(moved.0, plain.0);
            prop_assert_eq!(moved.2, plain.2);
            prop_assert_eq!(moved.1.notices.len(), 1);
        }

        #[test]
        fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), soup in "[-0-9A-Z,;\"\n\r. ]{0,200}") {
            let mut problems = 0;
            for bytes in [bytes, format!("{INVOICES}\n{soup}").into_bytes()] {
                if let Ok((items, summary)) = read_invoices(bytes.as_slice(), &mut |_| problems += 1) {
                    prop_assert_eq!(items.len() as u64, summary.taken);
                    prop_assert!(summary.rows - summary.taken <= problems);
                }
            }
        }
    }
}
