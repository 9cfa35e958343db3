//! From the share among hypotheses to the probability of being right.

use super::Pattern;

/// What the hypotheses cannot know: that the truth is none of them.
///
/// The constants are no fit: they were read by hand off the reliability bins of runs on the generator's two profiles (the share of right
/// answers by confidence that the scorer of `books` prints), so they are tuned on both, and rounded down.
pub(super) fn calibrated(pattern: Pattern, share: f64) -> f64 {
    let share = share.clamp(0.0, 1.0);
    let most = match pattern {
        // No answer is surer than the records themselves.
        Pattern::ReferenceExact | Pattern::LumpNamed => 0.99997,
        Pattern::PayerExact | Pattern::LumpFound | Pattern::Part | Pattern::Short | Pattern::Over => 0.9999,
        Pattern::Discount | Pattern::Withholding | Pattern::OtherCurrency | Pattern::NotOurs => 0.9998,
        Pattern::Duplicate => 0.9995,
        Pattern::Weak => 0.9,
        // "Nothing fits" is said of what the search does not find; that it is not there is another matter.
        Pattern::NoItem => 0.6,
    };
    share * most
}

/// The same for an answer that waits for a person: that it waits says something too, and more often than not it is right.
pub(super) fn calibrated_asked(pattern: Pattern, share: f64) -> f64 {
    let share = share.clamp(0.0, 1.0);
    match pattern {
        Pattern::NoItem => share * 0.25,
        Pattern::NotOurs | Pattern::Withholding => share * 0.96,
        Pattern::Over | Pattern::Duplicate => share * 0.7,
        Pattern::LumpFound => share * 0.8,
        Pattern::ReferenceExact
        | Pattern::PayerExact
        | Pattern::LumpNamed
        | Pattern::Part
        | Pattern::Short
        | Pattern::Discount
        | Pattern::OtherCurrency
        | Pattern::Weak => share * 0.9,
    }
}
