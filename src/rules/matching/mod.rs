//! Which payments settle which open items: candidates with reasons, weighed, and one joint answer for all open payments of a book.
//!
//! Every explanation of a payment (an invoice, a part of one, several, a duplicate, not ours, something unknown) is a *hypothesis*
//! with a log-likelihood: how well it foretells what the bank line shows. A hypothesis pays for everything it leaves unexplained
//! — a number in the text, a payer that is not the customer, a difference in the amount, another open item the payer might have
//! meant. Hypotheses of payments that want the same item compete in one joint answer ([`joint`]), and the confidence of an answer is its
//! share among all joint answers. So abstaining is not a list of special rules: where another story is nearly as good, the
//! confidence falls below the threshold and a person is asked.
//!
//! Probabilities are floats in here; money never is.
#![allow(clippy::float_arithmetic, clippy::arithmetic_side_effects, clippy::cast_precision_loss)]

use crate::evidence::Confidence;
use crate::exceptions::ExceptionKind;
use crate::money::Money;

mod alike;
pub mod book;
pub mod calibrate;
mod candidates;
mod clues;
mod digit_forms;
pub mod fit;
mod foreign;
pub mod index;
mod joint;
pub mod lump;
mod packed;
mod reasons;
mod run;
mod seen;
mod telling;
mod weights;

pub(crate) use alike::{Word, jaro_winkler_thousandths};
pub use book::{Book, BookBuilder, BookError, CustomerFields, CustomerTable, ItemFields, ItemTable, PaymentFields, PaymentTable};
pub use candidates::Work;
pub use run::{Explainer, Matcher, answer};
pub use seen::{BestAnswer, BookDetails};
pub use weights::{Ask, MatchPolicy, PolicyError};

/// How an answer explains its payment. The class of the gate is made of this and the amount band.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pattern {
    /// One item, named, for its whole open amount.
    ReferenceExact,
    /// One item, not named, for its whole open amount, from a payer that is its customer.
    PayerExact,
    /// Several items, all named, that add up.
    LumpNamed,
    /// Several items that add up, some or none of them named.
    LumpFound,
    /// Part of an item; the rest stays open.
    Part,
    /// An item less a small difference such as a bank fee; the rest stays open.
    Short,
    /// An item and more; the rest stays unapplied.
    Over,
    /// An item less the early-payment discount it grants.
    Discount,
    /// An item less the tax this customer withholds.
    Withholding,
    /// An item in another currency, within the tolerance.
    OtherCurrency,
    /// The amount and a name or number fit, but the payer is not known to be the customer.
    Weak,
    /// Paid before by another payment of this book, or settled already.
    Duplicate,
    /// Not a customer's payment: interest, card settlement, own transfer, tax, refund.
    NotOurs,
    /// A customer's or a stranger's money that fits no open item.
    NoItem,
}

impl Pattern {
    /// All, in order.
    pub const ALL: [Self; 14] = [
        Self::ReferenceExact,
        Self::PayerExact,
        Self::LumpNamed,
        Self::LumpFound,
        Self::Part,
        Self::Short,
        Self::Over,
        Self::Discount,
        Self::Withholding,
        Self::OtherCurrency,
        Self::Weak,
        Self::Duplicate,
        Self::NotOurs,
        Self::NoItem,
    ];

    /// `reference_exact`
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReferenceExact => "reference_exact",
            Self::PayerExact => "payer_exact",
            Self::LumpNamed => "lump_named",
            Self::LumpFound => "lump_found",
            Self::Part => "part",
            Self::Short => "short",
            Self::Over => "over",
            Self::Discount => "discount",
            Self::Withholding => "withholding",
            Self::OtherCurrency => "other_currency",
            Self::Weak => "weak",
            Self::Duplicate => "duplicate",
            Self::NotOurs => "not_ours",
            Self::NoItem => "no_item",
        }
    }
}

/// A field of evidence, as reasons name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceField {
    /// How often answers of this kind are right before anything is looked at.
    Prior,
    /// Numbers in the text and in structured references.
    Reference,
    /// Account and name of the payer.
    Payer,
    /// The amount, and how common it is.
    Amount,
    /// Booking date against the dates of the item.
    Date,
    /// Words in the text.
    Words,
}

/// The weight of one field: natural-log likelihood in hundredths. Below zero speaks against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FieldWeight {
    /// Which evidence.
    pub field: EvidenceField,
    /// Hundredths of a natural-log unit.
    pub weight: i32,
}

/// A part of an answer: so much of an item's open amount is cleared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Row of the item in the book.
    pub item: u32,
    /// Cleared, in the item's currency; negative for a credit note.
    pub cleared: Money,
}

/// What an answer leaves over, in the payment's currency. All are zero or positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Residual {
    /// Of the payment: stays as unapplied cash.
    pub unapplied: Money,
    /// Of the items: stays open.
    pub short: Money,
    /// Cleared by the early-payment discount the items grant.
    pub discount: Money,
    /// Cleared by tax withheld at the customer's rate.
    pub withholding: Money,
    /// Cleared by charges the bank names.
    pub fee: Money,
    /// The difference that conversion leaves, signed: positive when more came than the items ask at the book's rate.
    pub exchange: Money,
}

impl Residual {
    /// Nothing left over in this currency.
    pub const fn none(currency: crate::money::Currency) -> Self {
        let zero = Money::new(0, currency);
        Self { unapplied: zero, short: zero, discount: zero, withholding: zero, fee: zero, exchange: zero }
    }
}

/// One explanation of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// How.
    pub pattern: Pattern,
    /// The items it clears; empty for a duplicate, not ours, or nothing that fits.
    pub lines: Vec<Line>,
    /// For a duplicate: the row of the payment that settled the items, where it is in the book.
    pub duplicate_of: Option<u32>,
    /// Computed probability that this candidate is exactly right.
    pub confidence: Confidence,
    /// What is left over.
    pub residual: Residual,
    /// Field by field; empty for the candidates of a payment that settled at first sight.
    pub weights: Vec<FieldWeight>,
    /// One sentence: why.
    pub reason: String,
}

/// What the matcher would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proposal {
    /// Nothing speaks against settling as the first candidate says. The gate decides.
    Settle,
    /// A person decides.
    Ask,
}

/// An item that was a candidate and was withheld, with what would release it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withheld {
    /// Row of the item.
    pub item: u32,
    /// Why, and what to do: `on hold: release INV-7 or settle it by hand`.
    pub reason: String,
}

/// The answer to one payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Row of the payment in the book.
    pub payment: u32,
    /// Settle as `candidates[0]` says, or ask.
    pub verdict: Proposal,
    /// Ranked, at most five, never empty.
    pub candidates: Vec<Candidate>,
    /// What a person would be told this is; `None` where nothing is unusual.
    pub exception: Option<ExceptionKind>,
    /// Items that fit and may not be used.
    pub withheld: Vec<Withheld>,
    /// What was missing to settle alone, one sentence; `None` for what settles.
    pub near_miss: Option<String>,
    /// Something other than the confidence keeps it from settling.
    pub is_held_back: bool,
    /// The built-in exact pattern: one open item, its full number, its exact amount, named by no other payment, and a payer that is not
    /// contradicted. The only pattern that may settle without a certificate.
    pub is_exact_pattern: bool,
}

impl Answer {
    /// The candidate that settles, if any does.
    pub fn settled(&self) -> Option<&Candidate> {
        match self.verdict {
            Proposal::Settle => self.candidates.first(),
            Proposal::Ask => None,
        }
    }
}
