//! From the share among hypotheses to the probability of being right.
//!
//! The share cannot know that the truth is none of the hypotheses, nor that a payment which waits for a person waits for a reason. What an
//! answer is worth is therefore read from data of the policy: for what settles a highest probability for each pattern, for what waits a
//! curve for each pattern: for answers below their threshold (`doubt`), for answers that something else holds back (`held`), and for those
//! that are held back because they may not be whole (`unfinished`): other items, or another payment, may belong to them; each once for
//! answers that others with items rival, and once (`clear`) for those that only "no item at all" does.
//! The curves are isotonic (pool adjacent violators; Zadrozny and Elkan 2002) between fixed knots and are refitted by
//! [`super::fit`] from labels.

use super::Pattern;
use super::weights::MatchPolicy;

/// Shares at which a curve has its values; between them it is linear.
pub const KNOTS: [f64; 8] = [0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.98, 1.0];

/// The probability of being right at each of [`KNOTS`].
pub type Curve = [f64; KNOTS.len()];

/// Why an answer waits for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// Its probability is below the threshold.
    Doubt,
    /// Something that no probability lifts.
    Held,
    /// The same, and it says that the answer may not be whole.
    Unfinished,
}

/// Which curve an answer is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hold {
    pub(super) why: Why,
    /// What the answer leaves goes to others that clear items, rather than to "no item at all".
    pub(super) is_rivalled: bool,
}

/// Sections of the policy, each with the answers it is for.
pub(super) const SECTIONS: [(&str, Hold); 6] = [
    ("calibration_doubt", Hold { why: Why::Doubt, is_rivalled: true }),
    ("calibration_held", Hold { why: Why::Held, is_rivalled: true }),
    ("calibration_unfinished", Hold { why: Why::Unfinished, is_rivalled: true }),
    ("calibration_clear_doubt", Hold { why: Why::Doubt, is_rivalled: false }),
    ("calibration_clear_held", Hold { why: Why::Held, is_rivalled: false }),
    ("calibration_clear_unfinished", Hold { why: Why::Unfinished, is_rivalled: false }),
];

/// The value of a curve at a share.
pub(super) fn at(curve: &Curve, share: f64) -> f64 {
    let share = share.clamp(0.0, 1.0);
    let upper = KNOTS.iter().position(|k| share <= *k).unwrap_or(KNOTS.len() - 1);
    let Some(lower) = upper.checked_sub(1) else { return curve[0] };
    let part = (share - KNOTS[lower]) / (KNOTS[upper] - KNOTS[lower]);
    curve[lower] + part * (curve[upper] - curve[lower])
}

/// The probability that an answer which settles is right.
pub(super) fn calibrated(policy: &MatchPolicy, pattern: Pattern, share: f64) -> f64 {
    share.clamp(0.0, 1.0) * policy.calibration_settled.get(&pattern).copied().unwrap_or(0.0)
}

/// The same for the first candidate of a payment that waits for a person.
pub(super) fn calibrated_asked(policy: &MatchPolicy, pattern: Pattern, share: f64, hold: Hold) -> f64 {
    policy.curves(hold).get(&pattern).map_or(0.0, |curve| at(curve, share))
}

/// Values that do not fall, as near as can be to those given, each with its weight: pool adjacent violators.
#[allow(clippy::needless_range_loop)] // Pools refer back to places.
pub(super) fn isotonic(values: &Curve, weights: &Curve) -> Curve {
    let mut pools: Vec<(f64, f64, usize)> = Vec::with_capacity(KNOTS.len());
    for at in 0..KNOTS.len() {
        pools.push((values[at], weights[at].max(1e-9), 1));
        while let [.., before, last] = pools.as_slice()
            && before.0 > last.0
        {
            let weight = before.1 + last.1;
            let pooled = ((before.0 * before.1 + last.0 * last.1) / weight, weight, before.2 + last.2);
            pools.truncate(pools.len() - 2);
            pools.push(pooled);
        }
    }
    let mut out = [0.0; KNOTS.len()];
    let mut place = 0;
    for (value, _, count) in pools {
        out[place..place + count].fill(value);
        place += count;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_is_linear_between_its_knots() {
        let curve = [0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.98, 1.0];
        for share in [0.0, 0.1, 0.33, 0.6, 0.95, 0.999, 1.0] {
            assert!((at(&curve, share) - share).abs() < 1e-12, "{share}");
        }
        assert!((at(&[0.1; 8], 7.0) - 0.1).abs() < 1e-12);
    }

    #[test]
    fn violators_are_pooled() {
        let even = [1.0; 8];
        let near = |a: Curve, b: Curve| assert!(a.iter().zip(b).all(|(x, y)| (x - y).abs() < 1e-9), "{a:?} {b:?}");
        let third = 1.4 / 3.0;
        near(isotonic(&[0.1, 0.3, 0.2, 0.5, 0.5, 0.4, 0.6, 0.9], &even), [0.1, 0.25, 0.25, third, third, third, 0.6, 0.9]);
        near(
            isotonic(&[0.9, 0.1, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0], &[1.0, 3.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]),
            [0.3, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0],
        );
    }
}
