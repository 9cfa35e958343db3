//! Books with the truth beside them: customers, open items, payments, and which payment settles what.

mod dice;
mod make;
mod other;
pub mod profile;
pub mod score;
mod texts;
mod tongues;
mod write;

pub use make::make;
pub use other::make_other;
pub use write::write;

/// What to make.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// The same seed gives the same book.
    pub seed: u64,
    /// Number of customers.
    pub customers: usize,
    /// Number of payments.
    pub payments: usize,
    /// The kind of desk.
    pub profile: profile::Profile,
}

/// The twelve kinds of payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Kind {
    Clean,
    Mangled,
    None,
    Lump,
    Partial,
    FeeShort,
    OtherCurrency,
    Duplicate,
    Overpaid,
    ThirdParty,
    DiscountOrWithholding,
    NotOurs,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 12] = [
        Self::Clean,
        Self::Mangled,
        Self::None,
        Self::Lump,
        Self::Partial,
        Self::FeeShort,
        Self::OtherCurrency,
        Self::Duplicate,
        Self::Overpaid,
        Self::ThirdParty,
        Self::DiscountOrWithholding,
        Self::NotOurs,
    ];

    /// As the truth file writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Mangled => "mangled",
            Self::None => "none",
            Self::Lump => "lump",
            Self::Partial => "partial",
            Self::FeeShort => "fee_short",
            Self::OtherCurrency => "other_currency",
            Self::Duplicate => "duplicate",
            Self::Overpaid => "overpaid",
            Self::ThirdParty => "third_party",
            Self::DiscountOrWithholding => "discount_or_withholding",
            Self::NotOurs => "not_ours",
        }
    }
}

/// A customer of a made book.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct Customer {
    pub id: String,
    pub name: String,
    pub aliases: Vec<String>,
    pub country: &'static str,
    pub currency: &'static str,
    pub iban: String,
    pub parent: Option<usize>,
    pub withholding_percent: u32,
}

/// An open item of a made book. Amounts are cents.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct Item {
    pub id: String,
    pub customer: usize,
    pub seller: usize,
    pub number: String,
    pub issued: i32,
    pub due: i32,
    pub currency: &'static str,
    pub amount: i64,
    pub discount_percent: u32,
    pub discount_until: i32,
    pub is_on_hold: bool,
}

/// A payment of a made book.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct Payment {
    pub id: String,
    pub booked: i32,
    pub account: String,
    pub amount: i64,
    pub currency: &'static str,
    pub payer_name: String,
    pub payer_iban: String,
    pub remittance: String,
    pub end_to_end: String,
    pub structured: String,
    /// What was instructed, cents and currency, where in another currency.
    pub original: Option<(i64, &'static str)>,
    pub is_return: bool,
}

/// The truth about a payment: what it clears; nothing for a duplicate or a stranger's.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Truth {
    pub kind: Kind,
    pub lines: Vec<(usize, i64)>,
}

/// A made book. `truths` runs beside `payments`.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct Made {
    pub customers: Vec<Customer>,
    pub items: Vec<Item>,
    pub payments: Vec<Payment>,
    pub truths: Vec<Truth>,
    /// Units for one euro, in thousandths.
    pub rates: Vec<(&'static str, i64)>,
}

impl Made {
    /// Payments in another order than their items, with new ids that begin with `prefix`.
    fn shuffle_payments(&mut self, dice: &mut dice::Dice, prefix: char) {
        for at in (1..self.payments.len()).rev() {
            let other = usize::try_from(dice.below(at as u64 + 1)).unwrap_or(0);
            self.payments.swap(at, other);
            self.truths.swap(at, other);
        }
        for (at, payment) in self.payments.iter_mut().enumerate() {
            payment.id = format!("{prefix}{at:07}");
        }
    }
}

/// So many per cent of an amount, half up.
fn percent_of(amount: i64, percent: u32) -> i64 {
    (amount * i64::from(percent) + 50) / 100
}
