//! The truth beside the book.

use quittance_rules::money::Money;

/// What really happened with a bank line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TruthKind {
    /// One invoice, full amount, full reference, known payer.
    Clean,
    /// A reference that is cut, glued or mistyped.
    MangledReference,
    /// No reference.
    NoReference,
    /// Several invoices of one customer, listed.
    LumpSum,
    /// Several invoices less a credit note.
    LumpSumWithCreditNote,
    /// Invoices of a mother company and its daughter.
    SeveralCustomers,
    /// An instalment.
    Partial,
    /// Short by a bank's fee.
    FeeShort,
    /// More than was due.
    Overpaid,
    /// Paid a second time.
    Duplicate,
    /// Paid by someone else.
    ThirdParty,
    /// Early-payment discount taken in time.
    DiscountOnTime,
    /// Early-payment discount taken too late.
    DiscountLate,
    /// Tax withheld (detracción).
    Withholding,
    /// Paid in another currency than billed.
    OtherCurrency,
    /// Came in and was returned later.
    PaidThenReturned,
    /// The return of an earlier line.
    Returned,
    /// Interest, card settlement, own transfer, bank fee: no customer's payment.
    NotOurs,
    /// Money we paid out.
    Outgoing,
    /// A receipt whose payer nobody knows.
    Unidentified,
}

impl TruthKind {
    /// Every kind.
    pub const ALL: [Self; 20] = [
        Self::Clean,
        Self::MangledReference,
        Self::NoReference,
        Self::LumpSum,
        Self::LumpSumWithCreditNote,
        Self::SeveralCustomers,
        Self::Partial,
        Self::FeeShort,
        Self::Overpaid,
        Self::Duplicate,
        Self::ThirdParty,
        Self::DiscountOnTime,
        Self::DiscountLate,
        Self::Withholding,
        Self::OtherCurrency,
        Self::PaidThenReturned,
        Self::Returned,
        Self::NotOurs,
        Self::Outgoing,
        Self::Unidentified,
    ];

    /// As written in `truth.csv`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::MangledReference => "mangled_reference",
            Self::NoReference => "no_reference",
            Self::LumpSum => "lump_sum",
            Self::LumpSumWithCreditNote => "lump_sum_with_credit_note",
            Self::SeveralCustomers => "several_customers",
            Self::Partial => "partial",
            Self::FeeShort => "fee_short",
            Self::Overpaid => "overpaid",
            Self::Duplicate => "duplicate",
            Self::ThirdParty => "third_party",
            Self::DiscountOnTime => "discount_on_time",
            Self::DiscountLate => "discount_late",
            Self::Withholding => "withholding",
            Self::OtherCurrency => "other_currency",
            Self::PaidThenReturned => "paid_then_returned",
            Self::Returned => "returned",
            Self::NotOurs => "not_ours",
            Self::Outgoing => "outgoing",
            Self::Unidentified => "unidentified",
        }
    }
}

/// A part of a line that belongs to an open item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Allocation {
    pub(super) item_id: String,
    /// Of the money that came, in the currency of the account; negative for a credit note that was taken off.
    pub(super) applied: Money,
    /// Of what was open, in the currency of the item. More than applied where a discount, fee or tax explains the rest.
    pub(super) cleared: Money,
}

/// What really happened with one bank line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Truth {
    pub(super) kind: TruthKind,
    pub(super) allocations: Vec<Allocation>,
}
