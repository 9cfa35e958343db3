//! Measuring: cases with known answers, scorers, rates with their uncertainty, and the baseline that results must not fall below.
//!
//! Everything in here is a plain function of cases and readings; who makes the readings, and from what, is the caller's affair.

pub mod cases;
pub mod live;
pub mod rates;
pub mod score;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How one value came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As in truth; also where truth has none and none was said.
    Right,
    /// Said, and not so.
    Wrong,
    /// Not said, though truth has it.
    Absent,
}

/// Right, wrong and absent, of one field.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Number of values read rightly.
    pub right: u32,
    /// Number of values read wrongly.
    pub wrong: u32,
    /// Number of values not read.
    pub absent: u32,
}

impl Tally {
    /// Counts one more.
    pub fn count(&mut self, outcome: Outcome) {
        let count = match outcome {
            Outcome::Right => &mut self.right,
            Outcome::Wrong => &mut self.wrong,
            Outcome::Absent => &mut self.absent,
        };
        *count = count.saturating_add(1);
    }

    /// All values.
    pub fn total(self) -> u32 {
        self.right.saturating_add(self.wrong).saturating_add(self.absent)
    }
}

/// Tallies by split and field. This is also the form of `baseline.json`.
pub type Scores = BTreeMap<String, BTreeMap<String, Tally>>;

/// One scored value of one case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mark {
    /// The field, or `kind`, `invoice_numbers`, `remittance`.
    pub field: String,
    /// How it came out.
    pub outcome: Outcome,
    /// What was read.
    pub saw: String,
    /// What is true.
    pub truth: String,
}

/// What is worse than the baseline: fewer right, more wrong, or nothing to compare with. One sentence each. Fields of the baseline that
/// were not scored at all are worse too, unless `partial` says that only some cases were run.
pub fn worse(scores: &Scores, baseline: &Scores, partial: bool) -> Vec<String> {
    let mut worse = Vec::new();
    let shown = |t: Tally| format!("right {}, wrong {}, absent {}", t.right, t.wrong, t.absent);
    if partial {
        return worse;
    }
    for (split, fields) in scores {
        for (field, now) in fields {
            match baseline.get(split).and_then(|fields| fields.get(field)) {
                None => worse.push(format!("{split} {field}: {}; the baseline has no such count", shown(*now))),
                Some(then) if now.right < then.right || now.wrong > then.wrong => {
                    worse.push(format!("{split} {field}: {}; the baseline has {}", shown(*now), shown(*then)));
                }
                Some(_) => {}
            }
        }
    }
    for (split, fields) in baseline {
        for (field, then) in fields {
            if scores.get(split).is_none_or(|now| !now.contains_key(field)) {
                worse.push(format!("{split} {field}: not scored; the baseline has {}", shown(*then)));
            }
        }
    }
    worse
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(right: u32, wrong: u32) -> Scores {
        let tally = Tally { right, wrong, absent: 1 };
        BTreeMap::from([("dev".to_owned(), BTreeMap::from([("amount".to_owned(), tally)]))])
    }

    #[test]
    fn a_baseline_is_not_fallen_below() {
        let baseline = scores(5, 1);
        for (now, count) in [(scores(5, 1), 0), (scores(6, 0), 0), (scores(4, 1), 1), (scores(5, 2), 1), (Scores::new(), 1)] {
            assert_eq!(worse(&now, &baseline, false).len(), count, "{now:?}");
        }
        assert_eq!(worse(&scores(5, 1), &Scores::new(), false).len(), 1, "nothing to compare with");
        assert_eq!(worse(&Scores::new(), &baseline, true), [""; 0]);
    }
}
