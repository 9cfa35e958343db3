//! Seeded chance: the same seed gives the same book on every machine.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A source of chance.
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// 0 to `sides` − 1; 0 for no sides.
    pub fn below(&mut self, sides: u64) -> u64 {
        // The bias of the remainder is below 2^-40 for the sizes used here.
        self.0.next_u64().checked_rem(sides).unwrap_or(0)
    }

    /// `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = u64::try_from(high.saturating_sub(low)).unwrap_or(0).saturating_add(1);
        low.saturating_add(i64::try_from(self.below(span)).unwrap_or(0))
    }

    /// True in so many of a thousand throws.
    pub fn per_mille(&mut self, of_thousand: u32) -> bool {
        self.below(1000) < u64::from(of_thousand)
    }

    /// One of a list.
    pub fn one<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        let at = usize::try_from(self.below(list.len() as u64)).unwrap_or(0);
        &list[at]
    }

    /// One word of a list.
    pub fn word(&mut self, list: &'static [&'static str]) -> &'static str {
        let at = usize::try_from(self.below(list.len() as u64)).unwrap_or(0);
        list[at]
    }

    /// 0 up to 1.
    pub fn unit(&mut self) -> f64 {
        #[allow(clippy::cast_precision_loss)]
        let value = (self.0.next_u64() >> 11) as f64;
        value / 9_007_199_254_740_992.0
    }

    /// Standard normal (Box–Muller).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }
}
