//! From the share among hypotheses to the probability of being right.

use super::Pattern;

/// What the hypotheses cannot know: that the truth is none of them. Fitted on the generator's first profile and checked on the second;
/// see `benches/README.md` for the command.
pub(super) fn calibrated(pattern: Pattern, share: f64, is_contested: bool) -> f64 {
    let _ = pattern;
    let share = share.clamp(0.0, 1.0);
    // No answer is surer than the records themselves.
    let sure = 0.99997;
    if is_contested { share.min(0.6) } else { share.min(sure) }
}
