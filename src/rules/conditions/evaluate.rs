//! From tree to yes or no. Every step is bounded: the tree by the length of its text, a list by its greatest length, a text by
//! [`TEXT_BYTES_MAX`], a regular expression by the engine, which takes time in proportion to the text.

use std::borrow::Cow;
use std::cmp::Ordering;

use jiff::civil::Date;
use rust_decimal::{Decimal, RoundingStrategy};

use super::seen::{Seen, SeenCustomer, SeenItem};
use super::tree::{Field, List, Node, Quantifier, TextTest};
use crate::money::{Currency, Money};

/// Longest text a condition looks at, in bytes.
pub const TEXT_BYTES_MAX: usize = 16 * 1024;
/// References and flags looked at.
const TEXTS_MAX: usize = 64;
/// Letters and digits a reference has at least.
const REFERENCE_MIN: usize = 4;

/// Why a condition has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// What is asked for is not there.
    #[error("there is no {0}")]
    Missing(&'static str),
    /// Amounts of two currencies.
    #[error("{0} and {1} cannot be compared or added")]
    Currencies(Currency, Currency),
    /// Beyond what the type carries.
    #[error("a number is too large")]
    Overflow,
    /// A text beyond [`TEXT_BYTES_MAX`].
    #[error("{0} is longer than {TEXT_BYTES_MAX} bytes")]
    TooLong(&'static str),
    /// The tree does not fit itself: a mistake of this program.
    #[error("the condition does not fit itself")]
    Unfit,
}

enum Value<'a> {
    Bool(bool),
    Int(i64),
    Decimal(Decimal),
    Text(Cow<'a, str>),
    Date(Date),
    Money(Money),
}

type Answer<'a> = Result<Value<'a>, Trouble>;

/// The condition's answer.
pub(super) fn truth(node: &Node, seen: &Seen<'_>) -> Result<bool, Trouble> {
    Scope { seen, bound: None }.truth(node)
}

#[derive(Clone, Copy)]
struct Scope<'a> {
    seen: &'a Seen<'a>,
    bound: Option<&'a str>,
}

impl<'a> Scope<'a> {
    fn truth(self, node: &'a Node) -> Result<bool, Trouble> {
        match self.value(node)? {
            Value::Bool(value) => Ok(value),
            _ => Err(Trouble::Unfit),
        }
    }

    fn text(self, node: &'a Node) -> Result<Cow<'a, str>, Trouble> {
        match self.value(node)? {
            Value::Text(text) => Ok(text),
            _ => Err(Trouble::Unfit),
        }
    }

    fn value(self, node: &'a Node) -> Answer<'a> {
        Ok(match node {
            Node::Bool(value) => Value::Bool(*value),
            Node::Int(value) => Value::Int(*value),
            Node::Decimal(value) => Value::Decimal(*value),
            Node::Text(value) => Value::Text(Cow::Borrowed(value)),
            Node::Date(value) => Value::Date(*value),
            Node::Money(value) => Value::Money(*value),
            Node::Field(field) => return field_of(self.seen, *field),
            Node::Bound => Value::Text(Cow::Borrowed(self.bound.ok_or(Trouble::Unfit)?)),
            Node::Has(field) => Value::Bool(has(self.seen, *field)),
            Node::Not(of) => Value::Bool(!self.truth(of)?),
            // A side that decides does so even where the other has no answer (CEL, "logical operators").
            Node::And(a, b) => Value::Bool(match self.truth(a) {
                Ok(false) => false,
                Ok(true) => self.truth(b)?,
                Err(trouble) => match self.truth(b) {
                    Ok(false) => false,
                    Ok(true) | Err(_) => return Err(trouble),
                },
            }),
            Node::Or(a, b) => Value::Bool(match self.truth(a) {
                Ok(true) => true,
                Ok(false) => self.truth(b)?,
                Err(trouble) => match self.truth(b) {
                    Ok(true) => true,
                    Ok(false) | Err(_) => return Err(trouble),
                },
            }),
            Node::Choose(test, yes, no) => return if self.truth(test)? { self.value(yes) } else { self.value(no) },
            Node::Compare(how, a, b) => Value::Bool(how.accepts(order(&self.value(a)?, &self.value(b)?)?)),
            Node::In(value, list) => Value::Bool(self.is_in(value, list)?),
            Node::Each(how, list, body) => Value::Bool(self.each(*how, list, body)?),
            Node::Test(test, text, part) => {
                let (text, part) = (self.text(text)?, self.text(part)?);
                Value::Bool(match test {
                    TextTest::Contains => text.contains(part.as_ref()),
                    TextTest::StartsWith => text.starts_with(part.as_ref()),
                    TextTest::EndsWith => text.ends_with(part.as_ref()),
                })
            }
            Node::Matches(text, pattern) => Value::Bool(pattern.is_match(&self.text(text)?)),
            Node::Lower(text) => Value::Text(Cow::Owned(self.text(text)?.to_lowercase())),
            Node::Upper(text) => Value::Text(Cow::Owned(self.text(text)?.to_uppercase())),
            Node::Length(text) => Value::Int(i64::try_from(self.text(text)?.chars().count()).map_err(|_| Trouble::Overflow)?),
            Node::Count(list) => Value::Int(i64::try_from(self.texts(list)?.len()).map_err(|_| Trouble::Overflow)?),
            Node::Add(a, b) => return add(self.value(a)?, self.value(b)?),
            Node::Subtract(a, b) => return subtract(self.value(a)?, self.value(b)?),
            Node::Multiply(a, b) => match (self.value(a)?, self.value(b)?) {
                (Value::Int(x), Value::Int(y)) => Value::Int(x.checked_mul(y).ok_or(Trouble::Overflow)?),
                (Value::Money(x), Value::Int(y)) => {
                    Value::Money(Money::new(x.minor().checked_mul(y).ok_or(Trouble::Overflow)?, x.currency()))
                }
                _ => return Err(Trouble::Unfit),
            },
            Node::Negate(of) => match self.value(of)? {
                Value::Int(value) => Value::Int(value.checked_neg().ok_or(Trouble::Overflow)?),
                Value::Decimal(mut value) => {
                    value.set_sign_negative(value.is_sign_positive());
                    Value::Decimal(value)
                }
                Value::Money(value) => Value::Money(value.checked_neg().ok_or(Trouble::Overflow)?),
                _ => return Err(Trouble::Unfit),
            },
            Node::Absolute(of) => match self.value(of)? {
                Value::Int(value) => Value::Int(value.checked_abs().ok_or(Trouble::Overflow)?),
                Value::Decimal(value) => Value::Decimal(value.abs()),
                Value::Money(value) => Value::Money(value.checked_abs().ok_or(Trouble::Overflow)?),
                _ => return Err(Trouble::Unfit),
            },
            Node::Percent(of, share) => match (self.value(of)?, self.value(share)?) {
                (Value::Money(amount), Value::Decimal(share)) => {
                    let rate = share.checked_div(Decimal::ONE_HUNDRED).ok_or(Trouble::Overflow)?;
                    let part = amount.checked_mul_rate(rate, RoundingStrategy::MidpointAwayFromZero);
                    Value::Money(part.ok_or(Trouble::Overflow)?)
                }
                _ => return Err(Trouble::Unfit),
            },
            Node::Widen(of) => match self.value(of)? {
                Value::Int(value) => Value::Decimal(Decimal::from(value)),
                _ => return Err(Trouble::Unfit),
            },
        })
    }

    fn is_in(self, value: &'a Node, list: &'a List) -> Result<bool, Trouble> {
        match list {
            List::Values(values) => {
                let wanted = self.value(value)?;
                for one in values {
                    if order(&wanted, &self.value(one)?)?.is_eq() {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            List::Field(_) | List::Texts(_) => {
                let wanted = self.text(value)?;
                Ok(self.texts(list)?.contains(&wanted))
            }
        }
    }

    fn each(self, how: Quantifier, list: &'a List, body: &'a Node) -> Result<bool, Trouble> {
        let texts = self.texts(list)?;
        let mut trouble = None;
        for text in &texts {
            let scope = Scope { seen: self.seen, bound: Some(text) };
            match (scope.truth(body), how) {
                (Ok(true), Quantifier::Exists) => return Ok(true),
                (Ok(false), Quantifier::All) => return Ok(false),
                (Ok(_), _) => {}
                (Err(error), _) => trouble = Some(error),
            }
        }
        match trouble {
            Some(trouble) => Err(trouble),
            None => Ok(matches!(how, Quantifier::All)),
        }
    }

    fn texts(self, list: &'a List) -> Result<Vec<Cow<'a, str>>, Trouble> {
        Ok(match list {
            List::Texts(texts) => texts.iter().map(|text| Cow::Borrowed(text.as_str())).collect(),
            List::Field(Field::References) => references(self.seen)?,
            List::Field(Field::Flags) => {
                let flags = self.seen.customer.map_or(&[][..], |customer| customer.flags);
                flags.iter().take(TEXTS_MAX).map(|flag| Cow::Owned(flag.to_string())).collect()
            }
            List::Field(_) | List::Values(_) => return Err(Trouble::Unfit),
        })
    }
}

fn order(a: &Value<'_>, b: &Value<'_>) -> Result<Ordering, Trouble> {
    match (a, b) {
        (Value::Bool(x), Value::Bool(y)) => Ok(x.cmp(y)),
        (Value::Int(x), Value::Int(y)) => Ok(x.cmp(y)),
        (Value::Decimal(x), Value::Decimal(y)) => Ok(x.cmp(y)),
        (Value::Text(x), Value::Text(y)) => Ok(x.cmp(y)),
        (Value::Date(x), Value::Date(y)) => Ok(x.cmp(y)),
        (Value::Money(x), Value::Money(y)) => x.compare(*y).ok_or(Trouble::Currencies(x.currency(), y.currency())),
        _ => Err(Trouble::Unfit),
    }
}

fn same_currency(x: Money, y: Money, result: Option<Money>) -> Answer<'static> {
    match result {
        Some(money) => Ok(Value::Money(money)),
        None if x.currency() != y.currency() => Err(Trouble::Currencies(x.currency(), y.currency())),
        None => Err(Trouble::Overflow),
    }
}

fn days_later(day: Date, days: i64) -> Answer<'static> {
    let span = jiff::Span::new().try_days(days).map_err(|_| Trouble::Overflow)?;
    day.checked_add(span).map(Value::Date).map_err(|_| Trouble::Overflow)
}

fn add<'a>(a: Value<'a>, b: Value<'a>) -> Answer<'a> {
    match (a, b) {
        (Value::Int(x), Value::Int(y)) => x.checked_add(y).map(Value::Int).ok_or(Trouble::Overflow),
        (Value::Decimal(x), Value::Decimal(y)) => x.checked_add(y).map(Value::Decimal).ok_or(Trouble::Overflow),
        (Value::Money(x), Value::Money(y)) => same_currency(x, y, x.checked_add(y)),
        (Value::Date(day), Value::Int(days)) => days_later(day, days),
        _ => Err(Trouble::Unfit),
    }
}

fn subtract<'a>(a: Value<'a>, b: Value<'a>) -> Answer<'a> {
    match (a, b) {
        (Value::Int(x), Value::Int(y)) => x.checked_sub(y).map(Value::Int).ok_or(Trouble::Overflow),
        (Value::Decimal(x), Value::Decimal(y)) => x.checked_sub(y).map(Value::Decimal).ok_or(Trouble::Overflow),
        (Value::Money(x), Value::Money(y)) => same_currency(x, y, x.checked_sub(y)),
        (Value::Date(day), Value::Int(days)) => days_later(day, days.checked_neg().ok_or(Trouble::Overflow)?),
        (Value::Date(later), Value::Date(earlier)) => Ok(Value::Int(days_between(earlier, later))),
        _ => Err(Trouble::Unfit),
    }
}

fn days_between(from: Date, to: Date) -> i64 {
    from.until(to).map_or(0, |span| i64::from(span.get_days()))
}

/// Whether the field has a value of its own.
fn has(seen: &Seen<'_>, field: Field) -> bool {
    let payment = &seen.payment;
    let said = |text: Option<&str>| text.is_some_and(|text| !text.trim().is_empty());
    match field {
        Field::Amount | Field::PaymentCurrency | Field::Account | Field::IsReturn | Field::ItemCount | Field::Confidence => true,
        Field::BookingDate => payment.booking_date.is_some(),
        Field::PayerName => said(payment.payer_name),
        Field::PayerAccount => said(payment.payer_account),
        Field::Remittance => said(payment.remittance),
        Field::StructuredReference => said(payment.structured_reference),
        Field::EndToEndId => said(payment.end_to_end_id),
        Field::References => references(seen).is_ok_and(|found| !found.is_empty()),
        Field::BankCode => said(payment.bank_code),
        Field::Fee => payment.fee.is_some(),
        Field::OriginalAmount => payment.original_amount.is_some(),
        Field::CustomerId | Field::CustomerName => seen.customer.is_some(),
        Field::Country => seen.customer.is_some_and(|customer| said(customer.country)),
        Field::CustomerCurrency => seen.customer.is_some_and(|customer| customer.currency.is_some()),
        Field::Parent => seen.customer.is_some_and(|customer| said(customer.parent)),
        Field::WithholdingPercent => seen.customer.is_some_and(|customer| customer.withholding_percent.is_some()),
        Field::Flags => seen.customer.is_some_and(|customer| !customer.flags.is_empty()),
        Field::ItemId | Field::ItemNumber | Field::Seller | Field::OpenAmount | Field::ItemCurrency => seen.item.is_some(),
        Field::OnHold | Field::IsCreditNote => seen.item.is_some(),
        Field::IssueDate => seen.item.is_some_and(|item| item.issue_date.is_some()),
        Field::DueDate => seen.item.is_some_and(|item| item.due_date.is_some()),
        Field::DaysOverdue => seen.item.is_some_and(|item| item.due_date.is_some()) && payment.booking_date.is_some(),
        Field::Pattern => seen.pattern.is_some(),
        Field::Kind => seen.kind.is_some(),
        Field::Difference => seen.difference.is_some(),
    }
}

/// The value of a field. Texts, lists and flags that are not there are empty or no; amounts, dates and numbers that are not there
/// have no value that could stand in for them.
fn field_of<'a>(seen: &'a Seen<'a>, field: Field) -> Answer<'a> {
    let payment = &seen.payment;
    let text = |value: Option<&'a str>| -> Answer<'a> {
        let value = value.unwrap_or_default();
        if value.len() > TEXT_BYTES_MAX { Err(Trouble::TooLong(field.path())) } else { Ok(Value::Text(Cow::Borrowed(value))) }
    };
    let customer = |get: fn(&SeenCustomer<'a>) -> Option<&'a str>| text(seen.customer.as_ref().and_then(get));
    let item = |get: fn(&SeenItem<'a>) -> Option<&'a str>| text(seen.item.as_ref().and_then(get));
    let money = |value: Option<Money>| value.map(Value::Money).ok_or(Trouble::Missing(field.path()));
    let date = |value: Option<Date>| value.map(Value::Date).ok_or(Trouble::Missing(field.path()));
    match field {
        Field::Amount => Ok(Value::Money(payment.amount)),
        Field::PaymentCurrency => text(Some(payment.amount.currency().code())),
        Field::BookingDate => date(payment.booking_date),
        Field::Account => text(Some(payment.account)),
        Field::PayerName => text(payment.payer_name),
        Field::PayerAccount => text(payment.payer_account),
        Field::Remittance => text(payment.remittance),
        Field::StructuredReference => text(payment.structured_reference),
        Field::EndToEndId => text(payment.end_to_end_id),
        Field::BankCode => text(payment.bank_code),
        Field::IsReturn => Ok(Value::Bool(payment.is_return)),
        Field::Fee => money(payment.fee),
        Field::OriginalAmount => money(payment.original_amount),
        Field::CustomerId => customer(|c| Some(c.id)),
        Field::CustomerName => customer(|c| Some(c.name)),
        Field::Country => customer(|c| c.country),
        Field::CustomerCurrency => customer(|c| c.currency.map(Currency::code)),
        Field::Parent => customer(|c| c.parent),
        Field::WithholdingPercent => {
            let share = seen.customer.and_then(|customer| customer.withholding_percent);
            share.map(Value::Decimal).ok_or(Trouble::Missing(field.path()))
        }
        Field::ItemId => item(|i| Some(i.id)),
        Field::ItemNumber => item(|i| Some(i.number)),
        Field::Seller => item(|i| Some(i.seller)),
        Field::OpenAmount => money(seen.item.map(|item| item.open_amount)),
        Field::ItemCurrency => item(|i| Some(i.open_amount.currency().code())),
        Field::IssueDate => date(seen.item.and_then(|item| item.issue_date)),
        Field::DueDate => date(seen.item.and_then(|item| item.due_date)),
        Field::DaysOverdue => match (seen.item.and_then(|item| item.due_date), payment.booking_date) {
            (Some(due), Some(booked)) => Ok(Value::Int(days_between(due, booked))),
            _ => Err(Trouble::Missing(field.path())),
        },
        Field::OnHold => Ok(Value::Bool(seen.item.is_some_and(|item| item.on_hold))),
        Field::IsCreditNote => Ok(Value::Bool(seen.item.is_some_and(|item| item.open_amount.is_negative()))),
        Field::ItemCount => i64::try_from(seen.item_count).map(Value::Int).map_err(|_| Trouble::Overflow),
        Field::Pattern => text(seen.pattern.map(crate::matching::Pattern::name)),
        Field::Kind => Ok(Value::Text(seen.kind.map_or(Cow::Borrowed(""), |kind| Cow::Owned(kind.to_string())))),
        Field::Confidence => Ok(Value::Decimal(Decimal::new(i64::from(seen.confidence.millionths()), 6))),
        Field::Difference => money(seen.difference),
        Field::References | Field::Flags => Err(Trouble::Unfit),
    }
}

/// Words of the texts that hold a digit and at least [`REFERENCE_MIN`] letters and digits, in capitals, at most [`TEXTS_MAX`].
fn references<'a>(seen: &Seen<'a>) -> Result<Vec<Cow<'a, str>>, Trouble> {
    let payment = &seen.payment;
    let mut found: Vec<Cow<'a, str>> = Vec::new();
    for text in [payment.structured_reference, payment.remittance, payment.end_to_end_id].into_iter().flatten() {
        if text.len() > TEXT_BYTES_MAX {
            return Err(Trouble::TooLong("payment.references"));
        }
        for word in text.split_whitespace() {
            let word = word.trim_matches(|c: char| !c.is_alphanumeric());
            let enough = word.chars().filter(|c| c.is_alphanumeric()).count() >= REFERENCE_MIN;
            if enough && word.chars().any(|c| c.is_ascii_digit()) {
                let word = word.to_uppercase();
                if found.len() < TEXTS_MAX && !found.iter().any(|known| *known == word) {
                    found.push(Cow::Owned(word));
                }
            }
        }
    }
    Ok(found)
}
