//! What a condition sees of a payment. Borrowed: making one costs nothing.

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::evidence::Confidence;
use crate::exceptions::ExceptionKind;
use crate::matching::Pattern;
use crate::money::{Currency, Money};

/// A payment with the best answer to it.
#[derive(Debug, Clone)]
pub struct Seen<'a> {
    /// The payment.
    pub payment: SeenPayment<'a>,
    /// Who owes the best candidate's first item, else the customer the payer is known to be.
    pub customer: Option<SeenCustomer<'a>>,
    /// The best candidate's first item.
    pub item: Option<SeenItem<'a>>,
    /// Items of the best candidate.
    pub item_count: usize,
    /// How the best candidate explains the payment.
    pub pattern: Option<Pattern>,
    /// What kind of exception it would be.
    pub kind: Option<ExceptionKind>,
    /// Computed probability that the best candidate is exactly right.
    pub confidence: Confidence,
    /// Payment less what is open of the best candidate's items, in the payment's currency: negative is short, positive is over.
    pub difference: Option<Money>,
}

/// The payment's side.
#[derive(Debug, Clone, Copy)]
pub struct SeenPayment<'a> {
    /// What came in.
    pub amount: Money,
    /// Day of booking.
    pub booking_date: Option<Date>,
    /// Our account.
    pub account: &'a str,
    /// As the bank names the payer.
    pub payer_name: Option<&'a str>,
    /// The payer's account.
    pub payer_account: Option<&'a str>,
    /// Unstructured text.
    pub remittance: Option<&'a str>,
    /// Creditor reference.
    pub structured_reference: Option<&'a str>,
    /// End-to-end id.
    pub end_to_end_id: Option<&'a str>,
    /// The bank's code for what kind of transaction it is.
    pub bank_code: Option<&'a str>,
    /// Returned, reversed or rejected.
    pub is_return: bool,
    /// Charges the bank names.
    pub fee: Option<Money>,
    /// What was instructed, where in another currency.
    pub original_amount: Option<Money>,
}

/// The customer's side.
#[derive(Debug, Clone, Copy)]
pub struct SeenCustomer<'a> {
    /// Id.
    pub id: &'a str,
    /// Legal name.
    pub name: &'a str,
    /// ISO 3166-1 alpha-2.
    pub country: Option<&'a str>,
    /// Usual currency.
    pub currency: Option<Currency>,
    /// The customer that pays for it.
    pub parent: Option<&'a str>,
    /// Share it withholds as tax.
    pub withholding_percent: Option<Decimal>,
    /// What is known against it or its items: names of exception kinds, such as `dispute`.
    pub flags: &'a [ExceptionKind],
}

/// The item's side.
#[derive(Debug, Clone, Copy)]
pub struct SeenItem<'a> {
    /// Id.
    pub id: &'a str,
    /// The number the customer sees.
    pub number: &'a str,
    /// Who bills.
    pub seller: &'a str,
    /// Open now; negative for a credit note.
    pub open_amount: Money,
    /// Date of issue.
    pub issue_date: Option<Date>,
    /// Due date.
    pub due_date: Option<Date>,
    /// May not settle without a person.
    pub on_hold: bool,
}
