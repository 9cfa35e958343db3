//! Conditions that people write in a policy, in the Common Expression Language (<https://cel.dev>).
//!
//! The text is parsed by the `cel` crate and then lowered to a small typed tree of our own: a name that is not known, a comparison of
//! unlike types or a macro without a bound is refused when the policy is loaded, and what is left can neither panic nor run long.
//! Amounts are [`crate::money::Money`] and shares are decimals; there is no float. What a payment says is a value of the tree,
//! never a part of its text, so a remittance text cannot say anything in the language.
//!
//! - `seen`: what a condition sees; `tree`: the typed tree; `check`: from text to tree; `evaluate`: from tree to yes or no.

mod check;
mod evaluate;
mod seen;
mod tree;

pub use evaluate::{TEXT_BYTES_MAX, Trouble};
pub use seen::{Seen, SeenCustomer, SeenItem, SeenPayment};

/// Longest text of a condition, in bytes.
pub const CONDITION_BYTES_MAX: usize = 4_000;

/// Why a text is no condition, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConditionError {
    /// Byte of the text at which it shows, from 0.
    pub at: usize,
    /// One sentence.
    pub message: String,
}

/// A condition that has been checked.
#[derive(Debug, Clone)]
pub struct Condition {
    root: tree::Node,
}

impl Condition {
    /// Reads and checks a text.
    ///
    /// # Errors
    /// With the first thing that is wrong, and its place.
    pub fn parse(text: &str) -> Result<Self, ConditionError> {
        check::condition(text).map(|root| Self { root })
    }

    /// Whether it holds. `&&` and `||` take the side that decides, whichever it is, so `has(item.number) && item.open_amount < …`
    /// is well defined without an item.
    ///
    /// # Errors
    /// When it has no answer: two currencies compared, an item asked for that is not there, an overflow, a text beyond all bounds.
    pub fn holds(&self, seen: &Seen<'_>) -> Result<bool, Trouble> {
        evaluate::truth(&self.root, seen)
    }
}

#[cfg(test)]
mod tests;
