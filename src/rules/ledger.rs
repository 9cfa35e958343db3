//! The ledger: append-only postings, and the balances they make. Corrections are reversals, never edits.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::money::{Currency, Money};
use crate::records::{CustomerId, ItemId, PaymentId};

/// Makes a number given by the store: unique, from 1, never used twice, gaps allowed.
macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    };
}

number!(
    /// A posting.
    PostingId
);
number!(
    /// A decision.
    DecisionId
);
number!(
    /// A case in the queue.
    CaseId
);

/// What a posting does with money of a payment, or with the open amount of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Money applied to an open item.
    Allocation,
    /// Early-payment discount granted on an item; no money.
    Discount,
    /// Bank or processor fee borne by us on an item; no money.
    BankFee,
    /// Tax the customer withheld on an item; no money.
    Withholding,
    /// Difference written off on an item; no money.
    WriteOff,
    /// Money kept on a known customer's account.
    Unapplied,
    /// Money that is not ours to apply.
    NotOurs,
}

impl Purpose {
    /// The name used in the database and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allocation => "allocation",
            Self::Discount => "discount",
            Self::BankFee => "bank_fee",
            Self::Withholding => "withholding",
            Self::WriteOff => "write_off",
            Self::Unapplied => "unapplied",
            Self::NotOurs => "not_ours",
        }
    }
}

/// One line of the ledger. Written once; a reversal is the same line with both amounts negated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posting {
    /// Its number.
    pub id: PostingId,
    /// The decision that made it.
    pub decision: DecisionId,
    /// The payment it takes money from; every settlement names the bank line that carries it (invariant 3).
    pub payment: PaymentId,
    /// What it does.
    pub purpose: Purpose,
    /// Money taken from the payment, in its currency. Zero for purposes that carry no money. Negative against a credit note.
    pub amount: Money,
    /// The open item, for every purpose but `Unapplied` and `NotOurs`.
    pub item: Option<ItemId>,
    /// What is cleared of the item's open amount, in the item's currency; negative for a credit note.
    pub cleared: Option<Money>,
    /// Whose account the money stays on, for `Unapplied`.
    pub customer: Option<CustomerId>,
    /// The posting this one takes back.
    pub reverses: Option<PostingId>,
}

/// What is left of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaymentBalance {
    /// As booked by the bank.
    pub received: Money,
    /// Neither applied, nor unapplied on an account, nor said to be not ours.
    pub remaining: Money,
}

/// What is left of an open item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ItemBalance {
    /// As taken in; negative for a credit note.
    pub billed: Money,
    /// Still open; same sign as `billed`, or zero.
    pub open: Money,
}

/// What a decision wants to do with one payment, before it has numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What it does.
    pub purpose: Purpose,
    /// As in [`Posting::amount`].
    pub amount: Money,
    /// As in [`Posting::item`].
    pub item: Option<ItemId>,
    /// As in [`Posting::cleared`].
    pub cleared: Option<Money>,
    /// As in [`Posting::customer`].
    pub customer: Option<CustomerId>,
}

/// Why entries may not be posted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// More than what is left of the payment.
    #[error("the entries take {wanted} from a payment of which {remaining} is left")]
    ExceedsPayment {
        /// Sum of the entries.
        wanted: Money,
        /// Left of the payment.
        remaining: Money,
    },
    /// More than what is open.
    #[error("{cleared} would be cleared on {item}, of which {open} is open")]
    ExceedsItem {
        /// The item.
        item: ItemId,
        /// Sum to be cleared.
        cleared: Money,
        /// Still open.
        open: Money,
    },
    /// An item that is not among those given.
    #[error("open item {0} is not in the book")]
    UnknownItem(ItemId),
    /// Two currencies in one sum.
    #[error("currencies differ: {0} and {1}")]
    CurrencyDiffers(Currency, Currency),
    /// An entry that says too much or too little for its purpose.
    #[error("a {purpose} entry {problem}", purpose = .purpose.name())]
    Malformed {
        /// Of the entry.
        purpose: Purpose,
        /// What is wrong.
        problem: &'static str,
    },
    /// Beyond what 64 bits carry.
    #[error("the amounts overflow")]
    Overflow,
    /// Nothing to post.
    #[error("there is nothing to post")]
    Empty,
}

/// Checks entries against the balances (invariant 1). Money of one payment: in its currency, together no more than what is
/// left. Each item: in its currency, together no more than what is open, with the sign of what is open.
pub fn check(payment: PaymentBalance, items: &BTreeMap<ItemId, ItemBalance>, entries: &[Entry]) -> Result<(), LedgerError> {
    if entries.is_empty() {
        return Err(LedgerError::Empty);
    }
    let mut taken = Money::zero(payment.received.currency());
    let mut cleared: BTreeMap<&ItemId, Money> = BTreeMap::new();
    for entry in entries {
        well_formed(entry)?;
        if entry.amount.currency() != taken.currency() {
            return Err(LedgerError::CurrencyDiffers(entry.amount.currency(), taken.currency()));
        }
        taken = taken.checked_add(entry.amount).ok_or(LedgerError::Overflow)?;
        if let (Some(item), Some(amount)) = (&entry.item, entry.cleared) {
            let balance = items.get(item).ok_or_else(|| LedgerError::UnknownItem(item.clone()))?;
            let open = balance.open;
            if open.currency() != amount.currency() {
                return Err(LedgerError::CurrencyDiffers(amount.currency(), open.currency()));
            }
            let sum = cleared.entry(item).or_insert(Money::zero(open.currency()));
            *sum = sum.checked_add(amount).ok_or(LedgerError::Overflow)?;
            let within = |low: Money, high: Money| low.minor() <= sum.minor() && sum.minor() <= high.minor();
            let nothing = Money::zero(open.currency());
            let fits = if open.is_negative() { within(open, nothing) } else { within(nothing, open) };
            if !fits {
                return Err(LedgerError::ExceedsItem { item: item.clone(), cleared: *sum, open });
            }
        }
    }
    if matches!(taken.compare(payment.remaining), None | Some(std::cmp::Ordering::Greater)) || taken.is_negative() {
        return Err(LedgerError::ExceedsPayment { wanted: taken, remaining: payment.remaining });
    }
    Ok(())
}

fn well_formed(entry: &Entry) -> Result<(), LedgerError> {
    let bad = |problem| Err(LedgerError::Malformed { purpose: entry.purpose, problem });
    match entry.purpose {
        Purpose::Allocation => match (&entry.item, entry.cleared) {
            (Some(_), Some(cleared)) if cleared.is_zero() || entry.amount.is_zero() => bad("moves nothing"),
            (Some(_), Some(cleared)) if cleared.is_negative() != entry.amount.is_negative() => {
                bad("takes and clears with different signs")
            }
            (Some(_), Some(cleared)) if cleared.currency() == entry.amount.currency() && cleared != entry.amount => {
                bad("clears another amount than it takes, in one currency")
            }
            (Some(_), Some(_)) if entry.customer.is_none() => Ok(()),
            _ => bad("names an item and what is cleared of it, and no customer"),
        },
        Purpose::Discount | Purpose::BankFee | Purpose::Withholding | Purpose::WriteOff => match (&entry.item, entry.cleared) {
            (Some(_), Some(cleared)) if entry.amount.is_zero() && cleared.is_positive() && entry.customer.is_none() => Ok(()),
            _ => bad("names an item and a positive amount cleared of it, and takes no money"),
        },
        Purpose::Unapplied => {
            if entry.item.is_none() && entry.cleared.is_none() && entry.customer.is_some() && entry.amount.is_positive() {
                Ok(())
            } else {
                bad("names a customer and a positive amount")
            }
        }
        Purpose::NotOurs => {
            if entry.item.is_none() && entry.cleared.is_none() && entry.customer.is_none() && entry.amount.is_positive() {
                Ok(())
            } else {
                bad("names a positive amount and nothing else")
            }
        }
    }
}

/// The reversal of a posting, under a new number and decision. `None` for the one amount that has no negative.
pub fn reversal(of: &Posting, id: PostingId, decision: DecisionId) -> Option<Posting> {
    Some(Posting {
        id,
        decision,
        payment: of.payment.clone(),
        purpose: of.purpose,
        amount: of.amount.checked_neg()?,
        item: of.item.clone(),
        cleared: match of.cleared {
            Some(cleared) => Some(cleared.checked_neg()?),
            None => None,
        },
        customer: of.customer.clone(),
        reverses: Some(of.id),
    })
}

/// Where the money of a currency is: bank in = applied + unapplied + not ours + in the queue, to the cent (invariant 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Credits taken in from bank and processor lines.
    pub bank_in: Money,
    /// Applied to open items.
    pub applied: Money,
    /// On customers' accounts.
    pub unapplied: Money,
    /// Not ours to apply.
    pub not_ours: Money,
    /// Not decided yet: waiting to be matched or in an open case.
    pub in_queue: Money,
}

impl Position {
    /// Whether it adds up.
    pub fn adds_up(&self) -> bool {
        self.applied
            .checked_add(self.unapplied)
            .and_then(|sum| sum.checked_add(self.not_ours))
            .and_then(|sum| sum.checked_add(self.in_queue))
            == Some(self.bank_in)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn eur(minor: i64) -> Money {
        Money::new(minor, Currency::EUR)
    }
    fn item(id: &str) -> ItemId {
        ItemId::parse(id).expect("plain id")
    }
    fn allocate(id: &str, minor: i64) -> Entry {
        Entry {
            purpose: Purpose::Allocation,
            amount: eur(minor),
            item: Some(item(id)),
            cleared: Some(eur(minor)),
            customer: None,
        }
    }
    fn book() -> BTreeMap<ItemId, ItemBalance> {
        [("a", 10_000), ("b", 5_000), ("credit", -2_000)]
            .map(|(id, minor)| (item(id), ItemBalance { billed: eur(minor), open: eur(minor) }))
            .into()
    }
    fn paid(minor: i64) -> PaymentBalance {
        PaymentBalance { received: eur(minor), remaining: eur(minor) }
    }

    #[test]
    fn entries_fit_or_are_refused() {
        let write_off = |minor| Entry {
            purpose: Purpose::WriteOff,
            amount: eur(0),
            item: Some(item("a")),
            cleared: Some(eur(minor)),
            customer: None,
        };
        // payment, entries, allowed
        for (payment, entries, allowed) in [
            (10_000, vec![allocate("a", 10_000)], true),
            (13_000, vec![allocate("a", 10_000), allocate("b", 5_000), allocate("credit", -2_000)], true),
            (9_950, vec![allocate("a", 9_950), write_off(50)], true),
            (9_950, vec![allocate("a", 9_950), write_off(51)], false),
            (10_000, vec![allocate("a", 10_001)], false),
            (9_999, vec![allocate("a", 10_000)], false),
            (20_000, vec![allocate("a", 6_000), allocate("a", 6_000)], false),
            (10_000, vec![allocate("a", -1)], false),
            (10_000, vec![allocate("credit", 1)], false),
            (10_000, vec![allocate("credit", -2_000)], false),
            (10_000, vec![allocate("nobody", 1)], false),
            (10_000, vec![write_off(-5)], false),
            (10_000, vec![], false),
        ] {
            assert_eq!(check(paid(payment), &book(), &entries).is_ok(), allowed, "{payment} {entries:?}");
        }
    }

    proptest! {
        #[test]
        fn a_reversal_takes_back_exactly(minor in -1_000_000_i64..1_000_000) {
            let posting = Posting {
                id: PostingId(1), decision: DecisionId(1), payment: PaymentId::parse("p").expect("plain id"), purpose: Purpose::Allocation,
                amount: eur(minor), item: Some(item("a")), cleared: Some(eur(minor)), customer: None, reverses: None,
            };
            let back = reversal(&posting, PostingId(2), DecisionId(2)).expect("small amounts have negatives");
            prop_assert_eq!(posting.amount.checked_add(back.amount), Some(eur(0)));
            prop_assert_eq!(back.reverses, Some(posting.id));
        }

        #[test]
        fn what_is_allowed_never_exceeds(payment in 0_i64..30_000, amounts in prop::collection::vec((0_usize..3, -3_000_i64..12_000), 1..6)) {
            let ids = ["a", "b", "credit"];
            let entries: Vec<Entry> = amounts.iter().map(|&(which, minor)| allocate(ids[which], minor)).collect();
            if check(paid(payment), &book(), &entries).is_ok() {
                let total: i64 = amounts.iter().map(|a| a.1).sum();
                prop_assert!(total <= payment && total >= 0);
                for (at, id) in ids.iter().enumerate() {
                    let cleared: i64 = amounts.iter().filter(|a| a.0 == at).map(|a| a.1).sum();
                    let open = book()[&item(id)].open.minor();
                    let within = (open.min(0)..=open.max(0)).contains(&cleared);
                    prop_assert!(within);
                }
            }
        }
    }
}
