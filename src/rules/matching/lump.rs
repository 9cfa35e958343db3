//! Which items add up to an amount: exact search within bounds.
#![allow(clippy::arithmetic_side_effects)] // Indexes; sums of money saturate.

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// Combinations as ascending indexes into the amounts, in the order of the search.
    pub solutions: Vec<Vec<usize>>,
    /// Every combination within the bounds has been looked at and none was left out.
    pub is_complete: bool,
    /// Steps taken; at most one more than the bound.
    pub steps: usize,
}

/// Bounds of a search.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Fewest items of a combination.
    pub items_min: usize,
    /// Most items of a combination.
    pub items_max: usize,
    /// Combinations kept; with more, the search stops and is not complete.
    pub solutions_max: usize,
    /// Steps of the search; beyond, it stops and is not complete.
    pub steps_max: usize,
}

/// Combinations of `amounts` (minor units, credit notes negative) that make exactly `target`.
///
/// Depth first over the amounts from the largest down, cutting off where what is left cannot reach the target: exact, and quick
/// where amounts differ. Time is bounded by `steps_max`.
pub fn combinations(amounts: &[i64], target: i64, bounds: Bounds) -> Found {
    let mut order: Vec<usize> = (0..amounts.len()).collect();
    order.sort_by(|a, b| amounts[*b].cmp(&amounts[*a]).then(a.cmp(b)));
    // What the rest can add at most and at least.
    let mut most = vec![0_i64; order.len() + 1];
    let mut least = vec![0_i64; order.len() + 1];
    for at in (0..order.len()).rev() {
        let amount = amounts[order[at]];
        most[at] = most[at + 1].saturating_add(amount.max(0));
        least[at] = least[at + 1].saturating_add(amount.min(0));
    }
    let mut search = Search {
        amounts,
        order: &order,
        most: &most,
        least: &least,
        bounds,
        steps: 0,
        chosen: Vec::new(),
        found: Found::default(),
    };
    search.found.is_complete = true;
    search.go(0, target);
    search.found.steps = search.steps;
    for solution in &mut search.found.solutions {
        solution.sort_unstable();
    }
    search.found
}

struct Search<'a> {
    amounts: &'a [i64],
    order: &'a [usize],
    most: &'a [i64],
    least: &'a [i64],
    bounds: Bounds,
    steps: usize,
    chosen: Vec<usize>,
    found: Found,
}

impl Search<'_> {
    fn go(&mut self, from: usize, left: i64) {
        if left == 0 && self.chosen.len() >= self.bounds.items_min && !self.chosen.is_empty() {
            if self.found.solutions.len() == self.bounds.solutions_max {
                self.found.is_complete = false;
                return;
            }
            self.found.solutions.push(self.chosen.clone());
        }
        // Nothing can follow a whole answer but credit notes with what they net.
        if self.chosen.len() == self.bounds.items_max || (left == 0 && !self.chosen.is_empty() && self.least[from] == 0) {
            return;
        }
        for at in from..self.order.len() {
            if left > self.most[at] || left < self.least[at] || !self.found.is_complete {
                return;
            }
            self.steps += 1;
            if self.steps > self.bounds.steps_max {
                self.found.is_complete = false;
                return;
            }
            let amount = self.amounts[self.order[at]];
            // Too large on its own, and nothing negative is left to bring it down.
            if amount > 0 && amount.saturating_add(self.least[at + 1]) > left {
                continue;
            }
            self.chosen.push(self.order[at]);
            self.go(at + 1, left.saturating_sub(amount));
            self.chosen.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOUNDS: Bounds = Bounds { items_min: 1, items_max: 50, solutions_max: 1000, steps_max: 1_000_000 };

    #[test]
    fn finds_what_adds_up() {
        assert_eq!(combinations(&[4900, 4900, 4900, 14700], 14700, BOUNDS).solutions, [vec![3], vec![0, 1, 2]]);
        assert_eq!(combinations(&[10000, -2500, 5000], 7500, BOUNDS).solutions, [vec![0, 1]]);
        assert!(combinations(&[100, 200], 250, BOUNDS).solutions.is_empty());
        assert!(combinations(&[], 0, BOUNDS).solutions.is_empty());
    }

    #[test]
    fn twenty_thousand_equal_amounts_end_in_time() {
        let amounts = vec![4900; 20_000];
        let found = combinations(&amounts, 4900 * 40, Bounds { solutions_max: 8, steps_max: 20_000, ..BOUNDS });
        assert!(!found.is_complete);
        assert_eq!(found.solutions.len(), 8);
    }

    proptest! {
        #[test]
        fn agrees_with_trying_all(
            // What is open is never nothing.
            amounts in prop::collection::vec(prop_oneof![-50_i64..0, 1_i64..200], 0..10),
            target in -100_i64..600,
        ) {
            let mut expected = Vec::new();
            for mask in 1_u32..(1 << amounts.len()) {
                let chosen: Vec<usize> = (0..amounts.len()).filter(|i| mask & (1 << i) != 0).collect();
                if chosen.iter().map(|i| amounts[*i]).sum::<i64>() == target {
                    expected.push(chosen);
                }
            }
            let mut found = combinations(&amounts, target, Bounds { solutions_max: 2000, ..BOUNDS });
            prop_assert!(found.is_complete);
            found.solutions.sort();
            expected.sort();
            prop_assert_eq!(found.solutions, expected);
        }
    }
}
