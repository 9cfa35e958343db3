//! One book in memory: customers, open items, payments and rates in compact rows over text arenas, with the indexes the search needs.
#![allow(clippy::arithmetic_side_effects)] // Row and offset arithmetic; amounts are only stored here.

mod builder;

use std::hash::{BuildHasherDefault, Hasher};

use jiff::civil::Date;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::index::HashIndex;
use crate::bank::normal_account;
use crate::money::{Currency, Money};
use crate::names::fold_name;
use crate::records;
use crate::reference::{Forms, hash};

pub use builder::BookBuilder;

/// No row.
pub const NONE: u32 = u32::MAX;

/// Remittance text beyond so many bytes is kept but not searched; such a payment never settles alone.
pub const REMITTANCE_SEARCHED_MAX: usize = 16 * 1024;

/// Why a row cannot be taken. The caller adds the file and line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BookError {
    /// Two customers of one id.
    #[error("customer `{0}` is in the book already")]
    CustomerTwice(String),
    /// An item of a customer that is not in the book.
    #[error("customer `{0}` is not in the customers file")]
    UnknownCustomer(String),
    /// An id is empty or longer than 200 characters.
    #[error("`{0}` is no identifier: it is empty or longer than 200 characters")]
    BadId(String),
    /// More text or rows than the compact form carries.
    #[error("the book is larger than one run can hold (4 GiB of text or 4 billion rows); reconcile one entity at a time")]
    TooLarge,
}

/// A customer to be added. Text is as given.
#[derive(Debug, Clone, Copy, Default)]
pub struct CustomerFields<'a> {
    /// Id.
    pub id: &'a str,
    /// Legal name.
    pub name: &'a str,
    /// Other names, `|` between.
    pub aliases: &'a str,
    /// Account it pays from; several with `|` between.
    pub iban: &'a str,
    /// The customer that pays for this one.
    pub parent_id: &'a str,
    /// Share withheld as tax, in parts per million of the amount; 0 for none.
    pub withholding_ppm: u32,
    /// Difference on an item that is allowed this customer, in units of the item's currency.
    pub tolerance: Option<Decimal>,
}

/// An open item to be added.
#[derive(Debug, Clone, Copy)]
pub struct ItemFields<'a> {
    /// Id.
    pub id: &'a str,
    /// Who owes.
    pub customer_id: &'a str,
    /// Who bills.
    pub seller_id: &'a str,
    /// The number the customer sees.
    pub number: &'a str,
    /// Date of issue.
    pub issued: Option<Date>,
    /// Due date.
    pub due: Option<Date>,
    /// Open amount; negative for a credit note; zero for an item that is paid already.
    pub open: Money,
    /// Early-payment discount in parts per million, 0 for none.
    pub discount_ppm: u32,
    /// Last day of the discount.
    pub discount_until: Option<Date>,
    /// May not settle without a person.
    pub is_on_hold: bool,
    /// What the contract says, where that is not what was billed.
    pub contract: Option<Money>,
}

/// A payment to be added. Empty text for what is not known.
#[derive(Debug, Clone, Copy)]
pub struct PaymentFields<'a> {
    /// Id.
    pub id: &'a str,
    /// Date of booking.
    pub booked: Option<Date>,
    /// Our account.
    pub account: &'a str,
    /// What came in; negative for what went out or was taken back.
    pub amount: Money,
    /// Payer as the bank names it.
    pub payer_name: &'a str,
    /// Payer's account.
    pub payer_iban: &'a str,
    /// Unstructured text.
    pub remittance: &'a str,
    /// Creditor reference.
    pub structured_reference: &'a str,
    /// End-to-end id.
    pub end_to_end_id: &'a str,
    /// What was instructed, where in another currency.
    pub original: Option<Money>,
    /// Charges named by the bank, positive, in the payment's currency.
    pub fee: i64,
    /// Returned, reversed or rejected.
    pub is_return: bool,
}

/// For tables whose keys are hashes already.
#[derive(Debug, Default, Clone, Copy)]
struct Mixed(u64);

impl Hasher for Mixed {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = hash(bytes);
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Text in one piece; rows hold offsets.
#[derive(Debug, Default)]
struct Arena {
    text: String,
}

impl Arena {
    fn push(&mut self, text: &str) -> Result<u32, BookError> {
        let start = u32::try_from(self.text.len()).map_err(|_| BookError::TooLarge)?;
        self.text.push_str(text);
        Ok(start)
    }

    fn get(&self, start: u32, length: usize) -> &str {
        self.text.get(start as usize..start as usize + length).unwrap_or_default()
    }
}

/// Keeps up to `max` bytes of a text, cut at a character.
fn clipped(text: &str, max: usize) -> &str {
    if text.len() <= max {
        return text;
    }
    let mut end = max;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

fn checked_id(id: &str) -> Result<&str, BookError> {
    let id = id.trim();
    if id.is_empty() || id.len() > 800 || (id.len() > 200 && id.chars().count() > 200) {
        return Err(BookError::BadId(clipped(id, 60).to_owned()));
    }
    Ok(id)
}

/// Interned currencies and sellers: few distinct values.
#[derive(Debug, Clone)]
pub(super) struct Interned<T> {
    values: Vec<T>,
}

impl<T: PartialEq + Clone> Interned<T> {
    fn of(&mut self, value: &T) -> u16 {
        let at = self.values.iter().position(|v| v == value).unwrap_or_else(|| {
            self.values.push(value.clone());
            self.values.len() - 1
        });
        u16::try_from(at).unwrap_or(u16::MAX)
    }
}

#[derive(Debug)]
pub(super) struct CustomerRow {
    text: u32,
    id_length: u16,
    name_length: u16,
    names_from: u32,
    names_to: u32,
    pub(super) parent: u32,
    pub(super) withholding_ppm: u32,
    has_account: bool,
}

#[derive(Debug)]
struct NameRow {
    customer: u32,
    start: u32,
    length: u16,
    /// Learned from a confirmation, not on file.
    is_taught: bool,
}

/// The customers of a book while it is read. Items refer to them, so they come first.
#[derive(Debug, Default)]
pub struct CustomerTable {
    arena: Arena,
    rows: Vec<CustomerRow>,
    names: Vec<NameRow>,
    accounts: Vec<(u64, u32)>,
    /// Accounts learned from confirmations; `NONE` where one is known to pay for several customers.
    taught: std::collections::HashMap<u64, u32>,
    parents: Vec<(u32, String)>,
    /// Allowed differences, by row; few customers have one.
    tolerances: Vec<(u32, Decimal)>,
    by_id: std::collections::HashMap<u64, u32, BuildHasherDefault<Mixed>>,
}

impl CustomerTable {
    /// Adds a customer.
    pub fn push(&mut self, customer: &CustomerFields<'_>) -> Result<(), BookError> {
        let id = checked_id(customer.id)?;
        let row = u32::try_from(self.rows.len()).map_err(|_| BookError::TooLarge)?;
        let key = hash(id.as_bytes());
        if self.by_id.contains_key(&key) {
            return Err(BookError::CustomerTwice(id.to_owned()));
        }
        let name = clipped(customer.name.trim(), 1000);
        let text = self.arena.push(id)?;
        self.arena.push(name)?;
        let names_from = self.names.len();
        for name in std::iter::once(name).chain(customer.aliases.split('|')) {
            let folded = fold_name(name);
            if folded.core.is_empty() {
                continue;
            }
            let start = self.arena.push(&folded.core)?;
            let length = u16::try_from(folded.core.len()).unwrap_or(u16::MAX);
            self.names.push(NameRow { customer: row, start, length, is_taught: false });
        }
        let accounts_from = self.accounts.len();
        self.accounts.extend(customer.iban.split('|').filter_map(account_key).map(|key| (key, row)));
        if !customer.parent_id.trim().is_empty() {
            self.parents.push((row, customer.parent_id.trim().to_owned()));
        }
        if let Some(allowed) = customer.tolerance.filter(|t| t.is_sign_positive() && !t.is_zero()) {
            self.tolerances.push((row, allowed));
        }
        self.by_id.insert(key, row);
        self.rows.push(CustomerRow {
            text,
            id_length: u16::try_from(id.len()).unwrap_or(u16::MAX),
            name_length: u16::try_from(name.len()).unwrap_or(u16::MAX),
            names_from: u32::try_from(names_from).map_err(|_| BookError::TooLarge)?,
            names_to: u32::try_from(self.names.len()).map_err(|_| BookError::TooLarge)?,
            parent: NONE,
            withholding_ppm: customer.withholding_ppm,
            has_account: self.accounts.len() > accounts_from,
        });
        Ok(())
    }

    /// The account a person has confirmed for the customer added last: weighs less than one on file, and nothing once it has
    /// been confirmed for another customer too.
    pub fn teach_account(&mut self, account: &str) {
        let row = u32::try_from(self.rows.len()).map_or(NONE, |rows| rows.saturating_sub(1));
        if let Some(key) = account_key(account).filter(|_| !self.rows.is_empty()) {
            let known = self.taught.entry(key).or_insert(row);
            if *known != row {
                *known = NONE;
            }
        }
    }

    /// A name a person has confirmed for the customer added last.
    pub fn teach_name(&mut self, name: &str) -> Result<(), BookError> {
        let core = fold_name(name).core;
        let row = u32::try_from(self.rows.len()).map_err(|_| BookError::TooLarge)?;
        let Some(last) = self.rows.last_mut().filter(|_| !core.is_empty()) else { return Ok(()) };
        let start = self.arena.push(&core)?;
        let length = u16::try_from(core.len()).unwrap_or(u16::MAX);
        self.names.push(NameRow { customer: row.saturating_sub(1), start, length, is_taught: true });
        last.names_to = u32::try_from(self.names.len()).map_err(|_| BookError::TooLarge)?;
        Ok(())
    }

    fn row_of(&self, id: &str) -> Option<u32> {
        let row = *self.by_id.get(&hash(id.as_bytes()))?;
        let found = self.rows.get(row as usize)?;
        (self.arena.get(found.text, usize::from(found.id_length)) == id).then_some(row)
    }
}

/// The key under which an account is found; `None` for none.
pub(super) fn account_key(account: &str) -> Option<u64> {
    let account = account.trim();
    if account.is_empty() {
        return None;
    }
    if account.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()) {
        return Some(hash(account.as_bytes()));
    }
    let plain = normal_account(account);
    (!plain.is_empty()).then(|| hash(plain.as_bytes()))
}

pub(super) const ITEM_ON_HOLD: u8 = 1;
pub(super) const ITEM_CREDIT: u8 = 2;
/// Billed for another amount than the contract says.
pub(super) const ITEM_OFF_CONTRACT: u8 = 4;

#[derive(Debug, Clone, Copy)]
pub(super) struct ItemRow {
    pub(super) open: i64,
    pub(super) customer: u32,
    text: u32,
    /// Days since 1970, or `i32::MIN`.
    pub(super) issued: i32,
    /// Days since 1970, or `i32::MIN`.
    pub(super) due: i32,
    id_length: u16,
    number_length: u16,
    pub(super) seller: u16,
    pub(super) currency: u8,
    pub(super) flags: u8,
}

/// A text of up to 15 bytes in place; a longer one is in the arena.
#[derive(Debug, Clone, Copy)]
struct ShortText {
    bytes: [u8; 15],
    length: u8,
}

impl ShortText {
    fn of(text: &str) -> Self {
        let mut bytes = [0; 15];
        match bytes.get_mut(..text.len()) {
            Some(place) => {
                place.copy_from_slice(text.as_bytes());
                Self { bytes, length: u8::try_from(text.len()).unwrap_or(u8::MAX) }
            }
            None => Self { bytes, length: u8::MAX },
        }
    }

    fn is_elsewhere(&self) -> bool {
        self.length == u8::MAX
    }

    fn get(&self) -> Option<&str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    fn bytes(&self) -> Option<&[u8]> {
        self.bytes.get(..usize::from(self.length))
    }
}

/// Discount terms of an item.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    pub(super) item: u32,
    pub(super) ppm: u32,
    pub(super) until: i32,
}

/// The open items of a book while it is read.
#[derive(Debug)]
pub struct ItemTable {
    arena: Arena,
    rows: Vec<ItemRow>,
    terms: Vec<Terms>,
    /// What the contract says of items billed otherwise, by row.
    contracts: Vec<(u32, i64)>,
    /// The numbers, where they are short: what is compared most lies side by side.
    numbers: Vec<ShortText>,
    currencies: Interned<Currency>,
    sellers: Interned<String>,
}

impl Default for ItemTable {
    fn default() -> Self {
        Self {
            arena: Arena::default(),
            rows: Vec::new(),
            terms: Vec::new(),
            contracts: Vec::new(),
            numbers: Vec::new(),
            currencies: Interned { values: Vec::new() },
            sellers: Interned { values: Vec::new() },
        }
    }
}

/// Days since 1970-01-01; `i32::MIN` for none.
pub(super) fn day_number(date: Option<Date>) -> i32 {
    // Howard Hinnant, chrono-compatible low-level date algorithms: days_from_civil.
    let Some(date) = date else { return i32::MIN };
    let (y, m, d) = (i32::from(date.year()), i32::from(date.month()), i32::from(date.day()));
    let y = if m <= 2 { y - 1 } else { y };
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let doy = (153 * (if m > 2 { m - 3 } else { m + 9 }) + 2) / 5 + d - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    era * 146_097 + doe - 719_468
}

impl ItemTable {
    /// Makes room beforehand.
    pub fn reserve(&mut self, rows: usize, text: usize) {
        self.rows.reserve(rows);
        self.arena.text.reserve(text);
    }

    /// Adds an item of one of the customers.
    pub fn push(&mut self, customers: &CustomerTable, item: &ItemFields<'_>) -> Result<(), BookError> {
        let customer_id = item.customer_id.trim();
        let customer =
            customers.row_of(customer_id).ok_or_else(|| BookError::UnknownCustomer(clipped(customer_id, 60).to_owned()))?;
        let id = checked_id(item.id)?;
        let number = clipped(item.number.trim(), 200);
        let row = u32::try_from(self.rows.len()).map_err(|_| BookError::TooLarge)?;
        let text = self.arena.push(id)?;
        self.arena.push(number)?;
        let mut flags = 0;
        if item.is_on_hold {
            flags |= ITEM_ON_HOLD;
        }
        if item.open.is_negative() {
            flags |= ITEM_CREDIT;
        }
        if let Some(contract) = item.contract.filter(|c| c.currency() == item.open.currency()) {
            flags |= ITEM_OFF_CONTRACT;
            self.contracts.push((row, contract.minor()));
        }
        let seller = match self.rows.last() {
            Some(last) if self.sellers.values.get(usize::from(last.seller)).is_some_and(|s| s == item.seller_id) => last.seller,
            _ => {
                let at = self.sellers.values.iter().position(|s| s == item.seller_id);
                match at {
                    Some(at) => u16::try_from(at).unwrap_or(u16::MAX),
                    None => self.sellers.of(&item.seller_id.to_owned()),
                }
            }
        };
        self.rows.push(ItemRow {
            open: item.open.minor(),
            customer,
            text,
            issued: day_number(item.issued),
            due: day_number(item.due),
            id_length: u16::try_from(id.len()).unwrap_or(u16::MAX),
            number_length: u16::try_from(number.len()).unwrap_or(u16::MAX),
            seller,
            currency: u8::try_from(self.currencies.of(&item.open.currency())).unwrap_or(u8::MAX),
            flags,
        });
        if item.discount_ppm > 0
            && let Some(until) = item.discount_until
        {
            self.terms.push(Terms { item: row, ppm: item.discount_ppm.min(1_000_000), until: day_number(Some(until)) });
        }
        Ok(())
    }

    /// The items of each customer side by side, oldest first, and the first item of each customer: who looks at one item of a
    /// customer looks at the others too.
    fn by_customer(mut self, customers: usize) -> (Self, Vec<u32>) {
        let mut from = vec![0_u32; customers + 2];
        for item in &self.rows {
            from[item.customer as usize + 2] += 1;
        }
        for at in 2..from.len() {
            from[at] += from[at - 1];
        }
        let mut order = vec![0_u32; self.rows.len()];
        for (row, item) in self.rows.iter().enumerate() {
            let slot = &mut from[item.customer as usize + 1];
            order[*slot as usize] = u32::try_from(row).unwrap_or(NONE);
            *slot += 1;
        }
        from.truncate(customers + 1);
        let id = |row: u32| {
            let item = &self.rows[row as usize];
            self.arena.get(item.text, usize::from(item.id_length))
        };
        for customer in 0..customers {
            // By the texts and not by the order of the file, which changes nothing.
            order[from[customer] as usize..from[customer + 1] as usize].sort_unstable_by(|a, b| {
                let (x, y) = (&self.rows[*a as usize], &self.rows[*b as usize]);
                (x.issued, x.due).cmp(&(y.issued, y.due)).then_with(|| id(*a).cmp(id(*b)))
            });
        }
        let mut rows = Vec::with_capacity(self.rows.len());
        let mut text = String::with_capacity(self.arena.text.len());
        self.numbers.reserve_exact(self.rows.len());
        for row in &order {
            let mut item = self.rows[*row as usize];
            let number = self.arena.get(item.text + u32::from(item.id_length), usize::from(item.number_length));
            let short = ShortText::of(number);
            let own = self.arena.get(item.text, usize::from(item.id_length));
            item.text = u32::try_from(text.len()).unwrap_or(u32::MAX);
            text.push_str(own);
            if short.is_elsewhere() {
                text.push_str(number);
            }
            self.numbers.push(short);
            rows.push(item);
        }
        (self.rows, self.arena.text) = (rows, text);
        if !self.terms.is_empty() || !self.contracts.is_empty() {
            let mut moved = vec![NONE; order.len()];
            for (to, row) in order.iter().enumerate() {
                moved[*row as usize] = u32::try_from(to).unwrap_or(NONE);
            }
            self.terms.iter_mut().for_each(|terms| terms.item = moved[terms.item as usize]);
            self.terms.sort_unstable_by_key(|terms| terms.item);
            self.contracts.iter_mut().for_each(|(item, _)| *item = moved[*item as usize]);
            self.contracts.sort_unstable();
        }
        (self, from)
    }

    /// Items so far.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// No item yet.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

pub(super) const PAYMENT_RETURN: u8 = 1;
pub(super) const PAYMENT_TEXT_CUT: u8 = 2;

#[derive(Debug, Clone, Copy)]
pub(super) struct PaymentRow {
    pub(super) amount: i64,
    text: u32,
    remittance_length: u32,
    /// Days since 1970, or `i32::MIN`.
    pub(super) booked: i32,
    pub(super) extra: u32,
    id_length: u16,
    name_length: u16,
    iban_length: u16,
    end_to_end_length: u16,
    structured_length: u16,
    pub(super) currency: u8,
    pub(super) flags: u8,
}

/// What few payments carry.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Extra {
    pub(super) original: Option<Money>,
    pub(super) fee: i64,
}

/// The payments of a book while it is read.
#[derive(Debug)]
pub struct PaymentTable {
    arena: Arena,
    rows: Vec<PaymentRow>,
    extras: Vec<Extra>,
    currencies: Interned<Currency>,
}

impl Default for PaymentTable {
    fn default() -> Self {
        Self { arena: Arena::default(), rows: Vec::new(), extras: Vec::new(), currencies: Interned { values: Vec::new() } }
    }
}

impl PaymentTable {
    /// Makes room beforehand.
    pub fn reserve(&mut self, rows: usize, text: usize) {
        self.rows.reserve(rows);
        self.arena.text.reserve(text);
    }

    /// Adds a payment.
    pub fn push(&mut self, payment: &PaymentFields<'_>) -> Result<(), BookError> {
        let id = checked_id(payment.id)?;
        let name = clipped(payment.payer_name.trim(), 1000);
        let iban = clipped(payment.payer_iban.trim(), 100);
        let remittance = payment.remittance.trim();
        let mut flags = 0;
        if payment.is_return {
            flags |= PAYMENT_RETURN;
        }
        if remittance.len() > REMITTANCE_SEARCHED_MAX {
            flags |= PAYMENT_TEXT_CUT;
        }
        let remittance = clipped(remittance, REMITTANCE_SEARCHED_MAX);
        let end_to_end = clipped(payment.end_to_end_id.trim(), 200);
        let structured = clipped(payment.structured_reference.trim(), 200);
        let text = self.arena.push(id)?;
        for part in [name, iban, remittance, end_to_end, structured] {
            self.arena.push(part)?;
        }
        let extra = if payment.original.is_some() || payment.fee != 0 {
            self.extras.push(Extra { original: payment.original, fee: payment.fee });
            u32::try_from(self.extras.len() - 1).map_err(|_| BookError::TooLarge)?
        } else {
            NONE
        };
        let short = |text: &str| u16::try_from(text.len()).unwrap_or(u16::MAX);
        self.rows.push(PaymentRow {
            amount: payment.amount.minor(),
            text,
            remittance_length: u32::try_from(remittance.len()).map_err(|_| BookError::TooLarge)?,
            booked: day_number(payment.booked),
            extra,
            id_length: short(id),
            name_length: short(name),
            iban_length: short(iban),
            end_to_end_length: short(end_to_end),
            structured_length: short(structured),
            currency: u8::try_from(self.currencies.of(&payment.amount.currency())).unwrap_or(u8::MAX),
            flags,
        });
        Ok(())
    }

    /// Payments so far.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// No payment yet.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// The texts of a payment.
#[derive(Debug, Clone, Copy)]
pub struct PaymentText<'a> {
    /// Payer's name.
    pub payer_name: &'a str,
    /// Payer's account.
    pub payer_iban: &'a str,
    /// Remittance text.
    pub remittance: &'a str,
    /// End-to-end id.
    pub end_to_end_id: &'a str,
    /// Structured reference.
    pub structured_reference: &'a str,
}

/// A book ready to be answered. Customers and payments are numbered in the order they were added, items by customer and age.
#[derive(Debug)]
pub struct Book {
    customers: CustomerTable,
    items: ItemTable,
    payments: PaymentTable,
    /// Units of the currency for one euro.
    rates: Vec<(Currency, Decimal)>,
    pub(super) by_reference: HashIndex,
    pub(super) by_account: HashIndex,
    pub(super) by_name: HashIndex,
    pub(super) by_word: HashIndex,
    /// The first item of each customer, and one past the last of all.
    customer_from: Vec<u32>,
    /// Items by currency and open amount.
    by_amount: HashIndex,
    /// Children of each parent, sorted by parent.
    children: Vec<(u32, u32)>,
    /// The letters invoice numbers of this book begin with, hashed, sorted.
    prefixes: Vec<u64>,
    /// Some number ends with letters.
    pub(super) any_letter_ending: bool,
    /// Which lengths of forms occur, one bit each.
    pub(super) form_lengths: u64,
}

/// The keys of a run of items.
#[derive(Default)]
struct References {
    from: u32,
    keys: Vec<u64>,
    /// How many keys each item has.
    counts: Vec<u8>,
    prefixes: Vec<u64>,
    any_letter_ending: bool,
    lengths: u64,
}

impl Book {
    /// Puts the tables together and builds the indexes. `threads`: how many may be used; the book is the same for any number.
    pub fn assemble(
        mut customers: CustomerTable,
        items: ItemTable,
        payments: PaymentTable,
        rates: &[(Currency, Decimal)],
        threads: usize,
    ) -> Self {
        let parents = std::mem::take(&mut customers.parents);
        let mut children = Vec::new();
        for (row, parent) in parents {
            if let Some(parent) = customers.row_of(&parent).filter(|p| *p != row) {
                if let Some(customer) = customers.rows.get_mut(row as usize) {
                    customer.parent = parent;
                }
                children.push((parent, row));
            }
        }
        children.sort_unstable();
        let mut rates: Vec<_> = rates.to_vec();
        rates.sort_by_key(|(c, _)| c.code());
        rates.dedup_by_key(|(c, _)| *c);

        let (items, customer_from) = items.by_customer(customers.rows.len());
        let mut book = Self {
            customers,
            items,
            payments,
            rates,
            by_reference: HashIndex::default(),
            by_account: HashIndex::default(),
            by_name: HashIndex::default(),
            by_word: HashIndex::default(),
            customer_from,
            by_amount: HashIndex::default(),
            children,
            prefixes: Vec::new(),
            any_letter_ending: false,
            form_lengths: 0,
        };
        let (references, names, amounts) = if threads > 1 {
            std::thread::scope(|scope| {
                let shared = &book;
                let other = scope.spawn(move || (shared.index_customers(), shared.index_amounts()));
                let references = shared.index_references(threads);
                match other.join() {
                    Ok((names, amounts)) => (references, names, amounts),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            })
        } else {
            (book.index_references(1), book.index_customers(), book.index_amounts())
        };
        (book.by_reference, book.prefixes, book.any_letter_ending, book.form_lengths) = references;
        (book.by_account, book.by_name, book.by_word) = names;
        book.by_amount = amounts;
        book
    }

    /// Puts other payments in the place of these; customers, items and their indexes stay as they are.
    pub fn replace_payments(&mut self, payments: PaymentTable) {
        self.payments = payments;
    }

    fn index_references(&self, threads: usize) -> (HashIndex, Vec<u64>, bool, u64) {
        let count = self.item_count();
        let chunk = count.div_ceil(u32::try_from(threads).unwrap_or(1)).max(1);
        let parts: Vec<References> = if threads > 1 {
            std::thread::scope(|scope| {
                let work = |from: u32| scope.spawn(move || self.references(from..from.saturating_add(chunk).min(count)));
                let workers: Vec<_> = (0..count).step_by(chunk as usize).map(work).collect();
                workers.into_iter().map(|w| w.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
            })
        } else {
            vec![self.references(0..count)]
        };
        let keys = parts.iter().map(|part| part.keys.len()).sum();
        let index = HashIndex::build(keys, |give| {
            for part in &parts {
                let mut rest = part.keys.iter();
                for (row, count) in (part.from..).zip(&part.counts) {
                    rest.by_ref().take(usize::from(*count)).for_each(|key| give(*key, row));
                }
            }
        });
        let mut prefixes: Vec<u64> = parts.iter().flat_map(|part| part.prefixes.iter().copied()).collect();
        prefixes.sort_unstable();
        prefixes.dedup();
        let any_letter_ending = parts.iter().any(|part| part.any_letter_ending);
        (index, prefixes, any_letter_ending, parts.iter().fold(0, |lengths, part| lengths | part.lengths))
    }

    fn references(&self, rows: std::ops::Range<u32>) -> References {
        let mut found = References { from: rows.start, ..References::default() };
        found.keys.reserve(rows.len() * 4);
        found.counts.reserve(rows.len());
        let mut forms = Forms::default();
        let mut last_prefix = 0_u64;
        for row in rows {
            forms.read(self.item_number(row));
            for form in [&forms.full, &forms.full_bare, &forms.digits, &forms.digits_bare, &forms.tail] {
                found.lengths |= 1 << form.len().min(63);
            }
            found.any_letter_ending |= forms.ends_with_letters;
            if forms.prefix_length > 0 {
                let prefix = hash(forms.plain.get(..forms.prefix_length).unwrap_or_default());
                if prefix != last_prefix {
                    last_prefix = prefix;
                    if found.prefixes.len() < 4096 && !found.prefixes.contains(&prefix) {
                        found.prefixes.push(prefix);
                    }
                }
            }
            let before = found.keys.len();
            forms.keys(|key| found.keys.push(key));
            found.counts.push(u8::try_from(found.keys.len() - before).unwrap_or(u8::MAX));
        }
        found
    }

    fn index_customers(&self) -> (HashIndex, HashIndex, HashIndex) {
        let accounts = &self.customers.accounts;
        let by_account = HashIndex::build(accounts.len(), |give| accounts.iter().for_each(|(k, r)| give(*k, *r)));
        let names = &self.customers.names;
        let each_name = |give: &mut dyn FnMut(u64, u32)| {
            for (at, row) in names.iter().enumerate() {
                let core = self.customers.arena.get(row.start, usize::from(row.length));
                give(word_set_hash(core), u32::try_from(at).unwrap_or(NONE));
            }
        };
        let by_name = HashIndex::build(names.len(), each_name);
        let each_word = |give: &mut dyn FnMut(u64, u32)| {
            for (at, row) in names.iter().enumerate() {
                let core = self.customers.arena.get(row.start, usize::from(row.length));
                for word in core.split(' ').filter(|w| w.len() >= 3).take(8) {
                    give(hash(word.as_bytes()), u32::try_from(at).unwrap_or(NONE));
                }
            }
        };
        let by_word = HashIndex::build(names.len() * 3, each_word);
        (by_account, by_name, by_word)
    }

    fn index_amounts(&self) -> HashIndex {
        let rows = &self.items.rows;
        HashIndex::build(rows.len(), |give| {
            for (row, item) in rows.iter().enumerate() {
                give(amount_key(item.currency, item.open), u32::try_from(row).unwrap_or(NONE));
            }
        })
    }

    /// Number of payments.
    pub fn payment_count(&self) -> u32 {
        u32::try_from(self.payments.rows.len()).unwrap_or(NONE)
    }

    /// Number of items.
    pub fn item_count(&self) -> u32 {
        u32::try_from(self.items.rows.len()).unwrap_or(NONE)
    }

    /// Number of customers.
    pub fn customer_count(&self) -> u32 {
        u32::try_from(self.customers.rows.len()).unwrap_or(NONE)
    }

    pub(super) fn item(&self, row: u32) -> &ItemRow {
        &self.items.rows[row as usize]
    }

    pub(super) fn payment(&self, row: u32) -> &PaymentRow {
        &self.payments.rows[row as usize]
    }

    pub(super) fn customer(&self, row: u32) -> &CustomerRow {
        &self.customers.rows[row as usize]
    }

    pub(super) fn extra(&self, payment: &PaymentRow) -> Extra {
        self.payments.extras.get(payment.extra as usize).copied().unwrap_or_default()
    }

    /// Id of an item.
    pub fn item_id(&self, row: u32) -> &str {
        let item = self.item(row);
        self.items.arena.get(item.text, usize::from(item.id_length))
    }

    /// Number of an item, as the customer sees it.
    pub fn item_number(&self, row: u32) -> &str {
        if let Some(number) = self.items.numbers.get(row as usize).and_then(ShortText::get) {
            return number;
        }
        let item = self.item(row);
        self.items.arena.get(item.text + u32::from(item.id_length), usize::from(item.number_length))
    }

    /// The bytes of [`Book::item_number`]: for comparisons, which need not prove first that it is text.
    #[inline]
    pub(super) fn item_number_bytes(&self, row: u32) -> &[u8] {
        match self.items.numbers.get(row as usize).and_then(ShortText::bytes) {
            Some(bytes) => bytes,
            None => self.item_number(row).as_bytes(),
        }
    }

    /// Open amount of an item.
    pub fn item_open(&self, row: u32) -> Money {
        let item = self.item(row);
        Money::new(item.open, self.items.currencies.values[usize::from(item.currency)])
    }

    /// Who owes an item.
    pub fn item_customer(&self, row: u32) -> u32 {
        self.item(row).customer
    }

    /// Who bills an item.
    pub fn item_seller(&self, row: u32) -> &str {
        self.items.sellers.values.get(usize::from(self.item(row).seller)).map_or("", String::as_str)
    }

    pub(super) fn item_currency(&self, code: u8) -> Currency {
        self.items.currencies.values[usize::from(code)]
    }

    /// The items' code of a currency.
    pub(super) fn item_currency_code(&self, currency: Currency) -> Option<u8> {
        self.items.currencies.values.iter().position(|c| *c == currency).and_then(|at| u8::try_from(at).ok())
    }

    /// Id of a payment.
    pub fn payment_id(&self, row: u32) -> &str {
        let payment = self.payment(row);
        self.payments.arena.get(payment.text, usize::from(payment.id_length))
    }

    /// Amount of a payment.
    pub fn payment_amount(&self, row: u32) -> Money {
        let payment = self.payment(row);
        Money::new(payment.amount, self.payments.currencies.values[usize::from(payment.currency)])
    }

    /// Day on which a payment was booked, where its line says it.
    pub fn payment_day(&self, row: u32) -> Option<Date> {
        let days = Some(self.payment(row).booked).filter(|days| *days != i32::MIN)?;
        Date::constant(1970, 1, 1).checked_add(jiff::Span::new().try_days(days).ok()?).ok()
    }

    /// What a payment says.
    pub fn payment_text(&self, row: u32) -> PaymentText<'_> {
        let payment = self.payment(row);
        let mut at = payment.text + u32::from(payment.id_length);
        let mut next = |length: usize| {
            let text = self.payments.arena.get(at, length);
            at += u32::try_from(length).unwrap_or(0);
            text
        };
        PaymentText {
            payer_name: next(usize::from(payment.name_length)),
            payer_iban: next(usize::from(payment.iban_length)),
            remittance: next(payment.remittance_length as usize),
            end_to_end_id: next(usize::from(payment.end_to_end_length)),
            structured_reference: next(usize::from(payment.structured_length)),
        }
    }

    /// Id of a customer.
    pub fn customer_id(&self, row: u32) -> &str {
        let customer = self.customer(row);
        self.customers.arena.get(customer.text, usize::from(customer.id_length))
    }

    /// Name of a customer.
    pub fn customer_name(&self, row: u32) -> &str {
        let customer = self.customer(row);
        self.customers.arena.get(customer.text + u32::from(customer.id_length), usize::from(customer.name_length))
    }

    /// The folded names of a customer, its own first.
    pub(super) fn customer_names(&self, row: u32) -> impl Iterator<Item = &str> {
        let customer = self.customer(row);
        self.customers.names[customer.names_from as usize..customer.names_to as usize]
            .iter()
            .map(|n| self.customers.arena.get(n.start, usize::from(n.length)))
    }

    /// The customer and the folded text of a row of the name indexes.
    pub(super) fn name(&self, name: u32) -> (u32, &str) {
        let row = &self.customers.names[name as usize];
        (row.customer, self.customers.arena.get(row.start, usize::from(row.length)))
    }

    /// The name was learned from a confirmation.
    pub(super) fn is_taught(&self, name: u32) -> bool {
        self.customers.names[name as usize].is_taught
    }

    /// The customer that a person has confirmed for an account; `NONE` inside where it pays for several.
    pub(super) fn taught_account(&self, key: u64) -> Option<u32> {
        self.customers.taught.get(&key).copied()
    }

    /// The customer has an account on file.
    pub(super) fn accounts_of(&self, customer: u32) -> bool {
        self.customer(customer).has_account
    }

    /// Items of a customer, oldest first.
    pub(super) fn items_of(&self, customer: u32) -> std::ops::Range<u32> {
        let at = customer as usize;
        self.customer_from[at]..self.customer_from[at + 1]
    }

    /// Among the first `items_max` items of the customer, the others that are open at this amount.
    pub(super) fn also_open_at(&self, item: u32, amount: Money, items_max: usize) -> impl Iterator<Item = u32> {
        let items = self.items_of(self.item_customer(item)).take(items_max);
        items.filter(move |other| *other != item && self.item_open(*other) == amount)
    }

    /// What stands for the family of a customer: its parent, or itself where it has none.
    pub(super) fn family(&self, customer: u32) -> u32 {
        match self.customer(customer).parent {
            NONE => customer,
            parent => parent,
        }
    }

    pub(super) fn children_of(&self, parent: u32) -> &[(u32, u32)] {
        let from = self.children.partition_point(|(p, _)| *p < parent);
        let to = self.children.partition_point(|(p, _)| *p <= parent);
        &self.children[from..to]
    }

    /// How many items have this currency and open amount.
    pub(super) fn count_of_amount(&self, currency: u8, amount: i64) -> usize {
        self.by_amount.count(amount_key(currency, amount))
    }

    /// Items with this currency and open amount.
    pub(super) fn items_of_amount(&self, currency: u8, amount: i64) -> impl Iterator<Item = u32> {
        self.by_amount.rows(amount_key(currency, amount)).filter(move |row| {
            let item = self.item(*row);
            (item.currency, item.open) == (currency, amount)
        })
    }

    /// Discount of an item: parts per million and last day.
    pub(super) fn terms(&self, item: u32) -> Option<Terms> {
        let at = self.items.terms.binary_search_by(|t| t.item.cmp(&item)).ok()?;
        self.items.terms.get(at).copied()
    }

    /// What the contract says of an item that was billed otherwise.
    pub(super) fn contract(&self, item: u32) -> Option<i64> {
        let at = self.items.contracts.binary_search_by(|c| c.0.cmp(&item)).ok()?;
        self.items.contracts.get(at).map(|c| c.1)
    }

    /// The difference allowed a customer on an item of this currency, minor units; 0 for none.
    pub(super) fn tolerance(&self, customer: u32, currency: Currency) -> i64 {
        let Ok(at) = self.customers.tolerances.binary_search_by(|t| t.0.cmp(&customer)) else { return 0 };
        let minor = Decimal::from(10_i64.saturating_pow(currency.exponent()));
        self.customers.tolerances.get(at).and_then(|t| t.1.checked_mul(minor)?.trunc().to_i64()).unwrap_or(0)
    }

    pub(super) fn has_terms(&self) -> bool {
        !self.items.terms.is_empty()
    }

    pub(super) fn is_known_prefix(&self, letters: &[u8]) -> bool {
        self.prefixes.binary_search(&hash(letters)).is_ok()
    }

    /// Units of a currency for one euro.
    pub(super) fn rate(&self, currency: Currency) -> Option<Decimal> {
        if let Ok(at) = self.rates.binary_search_by_key(&currency.code(), |(c, _)| c.code()) {
            return self.rates.get(at).map(|(_, r)| *r).filter(|r| r.is_sign_positive() && !r.is_zero());
        }
        (currency == Currency::EUR && !self.rates.is_empty()).then_some(Decimal::ONE)
    }
}

/// A hash of an amount of a currency.
fn amount_key(currency: u8, amount: i64) -> u64 {
    crate::reference::mix(amount.cast_unsigned() ^ u64::from(currency) << 56)
}

/// A hash of the words of a folded name that does not depend on their order.
pub(super) fn word_set_hash(core: &str) -> u64 {
    core.split(' ').fold(0x51ed_270b_u64, |sum, word| sum.wrapping_add(hash(word.as_bytes())))
}

/// Percent to parts per million, 0 for none or out of range.
pub fn ppm(percent: Option<Decimal>) -> u32 {
    percent
        .filter(|p| !p.is_sign_negative() && *p <= Decimal::ONE_HUNDRED)
        .and_then(|p| p.checked_mul(Decimal::from(10_000)))
        .and_then(|p| p.to_u32())
        .unwrap_or(0)
}

/// Folds a payer's name to the form the name indexes use.
pub(super) fn folded_payer(name: &str) -> String {
    fold_name(name).core
}
