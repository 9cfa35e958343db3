//! What models may cost in a day.

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use quittance_rules::money::Currency;

use super::{ModelLedger, Spent};
use crate::ports::StoreError;

/// Prices of an endpoint, in millionths of the currency's unit a million tokens (`0.15` USD a million is 150,000).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prices {
    /// Currency of the prices.
    pub currency: Currency,
    /// A million tokens of questions.
    pub million_in_micros: u64,
    /// A million tokens of answers.
    pub million_out_micros: u64,
}

impl Prices {
    /// Cost in millionths of the currency's unit, rounded up.
    pub fn cost(&self, tokens_in: u64, tokens_out: u64) -> u64 {
        let each = |tokens: u64, price: u64| u128::from(tokens).saturating_mul(u128::from(price));
        let sum = each(tokens_in, self.million_in_micros).saturating_add(each(tokens_out, self.million_out_micros));
        u64::try_from(sum.div_ceil(1_000_000)).unwrap_or(u64::MAX)
    }
}

/// What may be spent in a day (UTC). `None` sets no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Budget {
    /// Tokens, in and out.
    pub tokens_per_day: Option<u64>,
    /// Millionths of the unit of the prices' currency.
    pub micros_per_day: Option<u64>,
    /// Prices; without them money is neither counted nor limited.
    pub prices: Option<Prices>,
}

/// Why a question is not asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OverBudget {
    /// Tokens.
    #[error("the day's budget of {0} tokens for the model is used up")]
    Tokens(u64),
    /// Money.
    #[error("the day's budget of money for the model is used up")]
    Money,
}

/// Set aside for questions that are under way, so that several at once do not spend the same remainder.
#[derive(Debug, Default)]
pub struct Reserve {
    tokens: AtomicU64,
    micros: AtomicU64,
}

/// A part of the budget set aside until it is dropped.
#[derive(Debug)]
pub struct Held<'r> {
    reserve: &'r Reserve,
    tokens: u64,
    micros: u64,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.reserve.tokens.fetch_sub(self.tokens, Ordering::SeqCst);
        self.reserve.micros.fetch_sub(self.micros, Ordering::SeqCst);
    }
}

/// First instant of the day in UTC.
pub fn day_of(now: Timestamp) -> Timestamp {
    const DAY: i64 = 86_400;
    let second = now.as_second();
    Timestamp::from_second(second.saturating_sub(second.rem_euclid(DAY))).unwrap_or(now)
}

impl Budget {
    /// Cost of tokens.
    pub fn cost(&self, tokens_in: u64, tokens_out: u64) -> u64 {
        self.prices.map_or(0, |prices| prices.cost(tokens_in, tokens_out))
    }

    /// Sets aside what a question may come to.
    ///
    /// # Errors
    /// The outer one when the ledger does not answer; the inner one when the day's budget does not hold it.
    pub async fn hold<'r, L: ModelLedger>(
        &self,
        reserve: &'r Reserve,
        ledger: &L,
        now: Timestamp,
        tokens_in: u64,
        tokens_out: u64,
    ) -> Result<Result<Held<'r>, OverBudget>, StoreError> {
        let (tokens, micros) = (tokens_in.saturating_add(tokens_out), self.cost(tokens_in, tokens_out));
        let held_tokens = reserve.tokens.fetch_add(tokens, Ordering::SeqCst).saturating_add(tokens);
        let held_micros = reserve.micros.fetch_add(micros, Ordering::SeqCst).saturating_add(micros);
        let held = Held { reserve, tokens, micros };
        if self.tokens_per_day.is_none() && self.micros_per_day.is_none() {
            return Ok(Ok(held));
        }
        let Spent { tokens, cost_micros } = ledger.spent(day_of(now), self.prices.map(|prices| prices.currency)).await?;
        if let Some(limit) = self.tokens_per_day.filter(|limit| tokens.saturating_add(held_tokens) > *limit) {
            return Ok(Err(OverBudget::Tokens(limit)));
        }
        if self.micros_per_day.is_some_and(|limit| cost_micros.saturating_add(held_micros) > limit) {
            return Ok(Err(OverBudget::Money));
        }
        Ok(Ok(held))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ledger::MemoryLedger;

    fn prices() -> Prices {
        Prices { currency: Currency::USD, million_in_micros: 150_000, million_out_micros: 600_000 }
    }

    #[test]
    fn cost_is_rounded_up_and_never_overflows() {
        for (tokens_in, tokens_out, micros) in
            [(0, 0, 0), (1, 0, 1), (1_000_000, 0, 150_000), (1_000, 100, 210), (u64::MAX, u64::MAX, u64::MAX)]
        {
            let prices = if tokens_in == u64::MAX { Prices { million_in_micros: u64::MAX, ..prices() } } else { prices() };
            assert_eq!(prices.cost(tokens_in, tokens_out), micros, "{tokens_in} {tokens_out}");
        }
    }

    #[tokio::test]
    async fn what_is_under_way_counts() {
        let (reserve, ledger) = (Reserve::default(), MemoryLedger::default());
        let budget = Budget { tokens_per_day: Some(1_000), micros_per_day: Some(300), prices: Some(prices()) };
        let now: Timestamp = "2026-03-04T05:06:07Z".parse().expect("an instant");
        let hold = |tokens| budget.hold(&reserve, &ledger, now, tokens, 0);
        let first = hold(600).await.expect("a ledger").expect("it fits");
        assert_eq!(hold(600).await.expect("a ledger").err(), Some(OverBudget::Tokens(1_000)));
        let second = hold(400).await.expect("a ledger").expect("it just fits");
        drop((first, second));
        assert!(hold(1_000).await.expect("a ledger").is_ok(), "what ended is free again");
        let dear = Budget { tokens_per_day: None, ..budget };
        assert_eq!(dear.hold(&reserve, &ledger, now, 0, 501).await.expect("a ledger").err(), Some(OverBudget::Money));
        assert_eq!(day_of(now), "2026-03-04T00:00:00Z".parse().expect("an instant"));
    }
}
