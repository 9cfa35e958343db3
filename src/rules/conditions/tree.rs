//! The typed tree a condition is lowered to, and the names it may use.

use std::cmp::Ordering;

use jiff::civil::Date;
use regex::Regex;
use rust_decimal::Decimal;

use crate::money::Money;

/// The types of the language here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Bool,
    Int,
    Decimal,
    Text,
    Date,
    Money,
    Texts,
}

impl Type {
    /// For people.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Bool => "a yes or no",
            Self::Int => "a whole number",
            Self::Decimal => "a decimal number",
            Self::Text => "a text",
            Self::Date => "a date",
            Self::Money => "an amount of money",
            Self::Texts => "a list of texts",
        }
    }
}

macro_rules! fields {
    ($($name:ident $path:literal $type:ident;)*) => {
        /// Everything a condition can ask for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Field { $($name,)* }

        impl Field {
            pub(super) const ALL: &[Self] = &[$(Self::$name,)*];

            /// As it is written.
            pub(super) fn path(self) -> &'static str {
                match self { $(Self::$name => $path,)* }
            }

            pub(super) fn kind(self) -> Type {
                match self { $(Self::$name => Type::$type,)* }
            }
        }
    };
}

fields! {
    Amount "payment.amount" Money;
    PaymentCurrency "payment.currency" Text;
    BookingDate "payment.booking_date" Date;
    Account "payment.account" Text;
    PayerName "payment.payer_name" Text;
    PayerAccount "payment.payer_account" Text;
    Remittance "payment.remittance" Text;
    StructuredReference "payment.structured_reference" Text;
    EndToEndId "payment.end_to_end_id" Text;
    References "payment.references" Texts;
    BankCode "payment.bank_code" Text;
    IsReturn "payment.is_return" Bool;
    Fee "payment.fee" Money;
    OriginalAmount "payment.original_amount" Money;
    CustomerId "customer.id" Text;
    CustomerName "customer.name" Text;
    Country "customer.country" Text;
    CustomerCurrency "customer.currency" Text;
    Parent "customer.parent" Text;
    WithholdingPercent "customer.withholding_percent" Decimal;
    Flags "customer.flags" Texts;
    ItemId "item.id" Text;
    ItemNumber "item.number" Text;
    Seller "item.seller" Text;
    OpenAmount "item.open_amount" Money;
    ItemCurrency "item.currency" Text;
    IssueDate "item.issue_date" Date;
    DueDate "item.due_date" Date;
    DaysOverdue "item.days_overdue" Int;
    OnHold "item.on_hold" Bool;
    IsCreditNote "item.is_credit_note" Bool;
    ItemCount "item_count" Int;
    Pattern "pattern" Text;
    Kind "kind" Text;
    Confidence "confidence" Decimal;
    Difference "difference" Money;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    pub(super) fn accepts(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::NotEqual => ordering.is_ne(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextTest {
    Contains,
    StartsWith,
    EndsWith,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quantifier {
    All,
    Exists,
}

/// Where a quantifier or `in` looks.
#[derive(Debug, Clone)]
pub(super) enum List {
    Field(Field),
    Texts(Vec<String>),
    Values(Vec<Node>),
}

/// The tree. Types have been checked: each place holds what its parent needs.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Bool(bool),
    Int(i64),
    Decimal(Decimal),
    Text(String),
    Date(Date),
    Money(Money),
    Field(Field),
    /// The text a quantifier looks at.
    Bound,
    Has(Field),
    Not(Box<Node>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    Choose(Box<Node>, Box<Node>, Box<Node>),
    Compare(Comparison, Box<Node>, Box<Node>),
    In(Box<Node>, List),
    Each(Quantifier, List, Box<Node>),
    Test(TextTest, Box<Node>, Box<Node>),
    Matches(Box<Node>, Regex),
    Lower(Box<Node>),
    Upper(Box<Node>),
    Length(Box<Node>),
    Count(List),
    Add(Box<Node>, Box<Node>),
    Subtract(Box<Node>, Box<Node>),
    Multiply(Box<Node>, Box<Node>),
    Negate(Box<Node>),
    Absolute(Box<Node>),
    /// So many percent of an amount, half a minor unit away from zero.
    Percent(Box<Node>, Box<Node>),
    /// A whole number where a decimal is needed.
    Widen(Box<Node>),
}
