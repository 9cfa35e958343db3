//! The books of a desk: entities, customers, open items, payments. Intake ends in these; everything after trusts them.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

use crate::money::{Currency, Money};

/// Makes an identifier: a text of 1 to 200 characters without control characters, trimmed.
macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Trims; refuses empty, longer than 200 characters, or control characters.
            pub fn parse(text: &str) -> Result<Self, BadIdentifier> {
                parse_identifier(text).map(Self)
            }

            /// As stored.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadIdentifier;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

/// Why a text is no identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadIdentifier {
    /// Nothing but space.
    #[error("an identifier is empty")]
    Empty,
    /// Over 200 characters.
    #[error("an identifier is longer than 200 characters: `{0}…`")]
    TooLong(String),
    /// A control character inside.
    #[error("an identifier holds a control character: {0:?}")]
    Control(String),
}

fn parse_identifier(text: &str) -> Result<String, BadIdentifier> {
    check_identifier(text).map(str::to_owned)
}

/// What every identifier's `parse` checks, without owning the text: gives it back trimmed.
pub fn check_identifier(text: &str) -> Result<&str, BadIdentifier> {
    let text = text.trim();
    let start = || text.chars().take(40).collect::<String>();
    if text.is_empty() {
        Err(BadIdentifier::Empty)
    } else if text.len() > 200 && text.chars().count() > 200 {
        Err(BadIdentifier::TooLong(start()))
    } else if text.chars().any(char::is_control) {
        Err(BadIdentifier::Control(start()))
    } else {
        Ok(text)
    }
}

identifier!(
    /// A legal entity that bills; the `seller_id` of invoice files.
    EntityId
);
identifier!(
    /// A customer, as the billing system names it.
    CustomerId
);
identifier!(
    /// An invoice or credit note, as the billing system names it. Unique in the whole book.
    ItemId
);
identifier!(
    /// A payment. For bank lines taken in by `import statement` it is made from the line's key.
    PaymentId
);

/// A legal entity that bills.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entity {
    /// Its id: the `seller_id` of its invoices.
    pub id: EntityId,
    /// The name people read.
    pub name: String,
    /// The currency its books are kept in.
    pub base_currency: Currency,
    /// IANA name, for example `America/Lima`. Its civil dates are in this zone.
    pub time_zone: String,
}

/// A customer. Text is as given; folding for comparison is the matcher's work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// Its id.
    pub id: CustomerId,
    /// Legal name.
    pub name: String,
    /// Other names it pays under.
    pub aliases: Vec<String>,
    /// ISO 3166-1 alpha-2, upper case, where known.
    pub country: Option<String>,
    /// Usual currency, where known.
    pub currency: Option<Currency>,
    /// IBAN or account it pays from, without spaces, where known.
    pub iban: Option<String>,
    /// The customer that pays for this one.
    pub parent_id: Option<CustomerId>,
    /// Share of an invoice this customer withholds as tax, in percent.
    pub withholding_percent: Option<Decimal>,
    /// Difference on an invoice that may be written off, in the invoice's currency.
    pub tolerance: Option<Decimal>,
    /// E-mail addresses, domains or telephone numbers that write for this customer.
    pub emails: Vec<String>,
}

/// What kind of open item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    /// The customer owes.
    Invoice,
    /// We owe the customer: lowers what is due.
    CreditNote,
}

/// An invoice or credit note as taken in, with what was open at that time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenItem {
    /// Its id.
    pub id: ItemId,
    /// Who owes.
    pub customer: CustomerId,
    /// Who bills.
    pub entity: EntityId,
    /// The number the customer sees and quotes.
    pub number: String,
    /// Invoice or credit note.
    pub kind: ItemKind,
    /// Date of issue.
    pub issue_date: Date,
    /// Due date.
    pub due_date: Date,
    /// Open amount: positive for an invoice, negative for a credit note.
    pub amount: Money,
    /// Early-payment discount, in percent of the amount, where the invoice grants one.
    pub discount_percent: Option<Decimal>,
    /// Last day on which the discount may be taken.
    pub discount_until: Option<Date>,
    /// Held back (disputed, being corrected): may not be settled without a person.
    pub on_hold: bool,
    /// What the contract says the amount should be.
    pub contract_amount: Option<Money>,
}

/// A credit to be applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Its id.
    pub id: PaymentId,
    /// Our account the money came in on.
    pub account: String,
    /// Date of booking.
    pub booking_date: Date,
    /// What came in; positive for money received, negative for money returned or paid out.
    pub amount: Money,
    /// The payer as the bank names it.
    pub payer_name: Option<String>,
    /// The payer's account, without spaces.
    pub payer_account: Option<String>,
    /// Unstructured remittance text.
    pub remittance: Option<String>,
    /// Creditor reference.
    pub structured_reference: Option<String>,
    /// End-to-end identification.
    pub end_to_end_id: Option<String>,
    /// The instructed amount where it was in another currency.
    pub original_amount: Option<Money>,
    /// Charges named by the bank, positive.
    pub fee: Option<Money>,
    /// A returned, reversed or rejected payment.
    pub is_return: bool,
}

/// An invoice or credit note as an electronic document states it (UBL, Cross Industry Invoice), before it is matched with a
/// customer of the book. Numbers in brackets are the business terms of EN 16931-1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BilledDocument {
    /// The number the customer sees and quotes (BT-1).
    pub number: String,
    /// Invoice or credit note, by root element and type code (BT-3).
    pub kind: ItemKind,
    /// Date of issue (BT-2).
    pub issue_date: Date,
    /// Due date (BT-9), the latest where several are given. `None` where only free text says it.
    pub due_date: Option<Date>,
    /// Currency of every amount here (BT-5).
    pub currency: Currency,
    /// Total with tax (BT-112). Positive also on a credit note: the kind says which way it goes.
    pub total: Money,
    /// Already paid (BT-113); zero where the document is silent.
    pub already_paid: Money,
    /// Amount due for payment (BT-115).
    pub payable: Money,
    /// Seller's registered name (BT-27), else trading name (BT-28).
    pub seller_name: Option<String>,
    /// Seller's VAT or tax number (BT-31, BT-32), else legal registration (BT-30), else identifier (BT-29).
    pub seller_id: Option<String>,
    /// Buyer's registered name (BT-44), else trading name (BT-45).
    pub buyer_name: Option<String>,
    /// Buyer's identifier (BT-46), else VAT number (BT-48), else legal registration (BT-47).
    pub buyer_id: Option<String>,
    /// What the buyer wants quoted (BT-10); in German public invoices the Leitweg-ID.
    pub buyer_reference: Option<String>,
    /// Purchase order (BT-13).
    pub order_reference: Option<String>,
    /// What the payer should quote (BT-83).
    pub payment_reference: Option<String>,
    /// Early-payment discount, the largest where several are granted.
    pub discount: Option<EarlyDiscount>,
}

/// An early-payment discount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlyDiscount {
    /// In percent of the total.
    pub percent: Decimal,
    /// Last day on which it may be taken.
    pub until: Date,
}

/// Exchange rates of one day, each as units of the currency for one euro (how the European Central Bank publishes them).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FxTable {
    per_eur: BTreeMap<Currency, Decimal>,
}

/// Why a rate is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FxError {
    /// Zero or below.
    #[error("the rate of {0} is not above zero")]
    NotPositive(Currency),
    /// Two different rates for one currency, or a rate other than 1 for the euro.
    #[error("{currency} already has the rate {known}")]
    Contradiction {
        /// The currency.
        currency: Currency,
        /// Its rate so far.
        known: Decimal,
    },
}

impl FxTable {
    /// Adds a rate: units of `currency` for one euro.
    ///
    /// # Errors
    /// When the rate is not above zero, or the currency has another one already.
    pub fn insert(&mut self, currency: Currency, per_eur: Decimal) -> Result<(), FxError> {
        if per_eur <= Decimal::ZERO {
            return Err(FxError::NotPositive(currency));
        }
        match self.per_eur(currency) {
            Some(known) if known != per_eur => Err(FxError::Contradiction { currency, known }),
            Some(_) | None => {
                self.per_eur.insert(currency, per_eur);
                Ok(())
            }
        }
    }

    /// All rates, by currency code.
    pub fn iter(&self) -> impl Iterator<Item = (Currency, Decimal)> {
        self.per_eur.iter().map(|(currency, rate)| (*currency, *rate))
    }

    /// Units of the currency for one euro; 1 for the euro itself.
    pub fn per_eur(&self, currency: Currency) -> Option<Decimal> {
        if currency == Currency::EUR { Some(Decimal::ONE) } else { self.per_eur.get(&currency).copied() }
    }

    /// The amount in another currency at these rates, rounded as told. `None` where a rate is missing or on overflow.
    pub fn convert(&self, amount: Money, to: Currency, rounding: RoundingStrategy) -> Option<Money> {
        if amount.currency() == to {
            return Some(amount);
        }
        let exact = amount.to_decimal().checked_mul(self.per_eur(to)?)?.checked_div(self.per_eur(amount.currency())?)?;
        Money::from_decimal(exact.round_dp_with_strategy(to.exponent(), rounding), to)
    }
}

/// A mapping profile a person made: which column of a bank's table is what. The text is the profile, as `--profile` takes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportProfile {
    /// Its name, of the person's choice; one profile a name.
    pub name: String,
    /// Raised with every change.
    pub version: i64,
    /// The entity whose files it reads; all entities' where absent.
    pub entity: Option<EntityId>,
    /// The profile as TOML.
    pub text: String,
    /// Whether files are read with it. Entries of the log from before there was a switch say nothing, and mean that it is on.
    #[serde(default = "switched_on")]
    pub is_on: bool,
}

fn switched_on() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_convert_through_the_euro() {
        let mut fx = FxTable::default();
        assert_eq!(fx.insert(Currency::USD, Decimal::new(125, 2)), Ok(()));
        assert_eq!(fx.insert(Currency::JPY, Decimal::new(160, 0)), Ok(()));
        let half_up = RoundingStrategy::MidpointAwayFromZero;
        for (amount, to, minor) in [
            (Money::new(1000, Currency::EUR), Currency::USD, 1250),
            (Money::new(1250, Currency::USD), Currency::EUR, 1000),
            (Money::new(1250, Currency::USD), Currency::JPY, 1600),
            (Money::new(1, Currency::JPY), Currency::EUR, 1),
            (Money::new(7, Currency::PEN), Currency::PEN, 7),
        ] {
            assert_eq!(fx.convert(amount, to, half_up), Some(Money::new(minor, to)), "{amount} in {to}");
        }
        assert_eq!(fx.convert(Money::new(1, Currency::PEN), Currency::EUR, half_up), None);
    }

    #[test]
    fn bad_rates_are_refused() {
        let mut fx = FxTable::default();
        assert!(fx.insert(Currency::USD, Decimal::ZERO).is_err());
        assert!(fx.insert(Currency::EUR, Decimal::TWO).is_err());
        assert!(fx.insert(Currency::USD, Decimal::TWO).is_ok());
        assert!(fx.insert(Currency::USD, Decimal::TWO).is_ok());
        assert!(fx.insert(Currency::USD, Decimal::TEN).is_err());
    }
}
