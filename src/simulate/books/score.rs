//! How good answers are against the truth.

use std::collections::BTreeMap;

use quittance_rules::matching::fit::upper_bound;

use super::Kind;

/// Lines of an answer: item and amount applied, minor units.
pub type Lines = Vec<(String, i64)>;

/// Counts of one kind of payment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Counts {
    pub payments: u64,
    pub settled_right: u64,
    pub settled_wrong: u64,
    pub queued: u64,
    pub queued_first: u64,
    pub queued_five: u64,
    pub money_settled: i128,
    pub money_wrong: i128,
}

/// Bins of confidence.
const BINS: usize = 15;

/// The score of a whole run.
#[derive(Debug, Clone, Default)]
pub struct Score {
    kinds: BTreeMap<Kind, Counts>,
    settled: [(u64, u64, f64); BINS],
    firsts: [(u64, u64, f64); BINS],
}

/// The answer to one payment: candidates in order, each with its confidence.
pub struct Given<'a> {
    /// The first settles without a person.
    pub settled: bool,
    /// Best first.
    pub candidates: &'a [(Lines, f64)],
}

fn same(a: &Lines, b: &Lines) -> bool {
    let (mut a, mut b) = (a.clone(), b.clone());
    a.sort();
    b.sort();
    a == b
}

impl Score {
    /// Adds one payment. `amount` is its size for the share of money, minor units.
    pub fn add(&mut self, kind: Kind, truth: &Lines, given: &Given<'_>, amount: i64) -> bool {
        let counts = self.kinds.entry(kind).or_default();
        counts.payments += 1;
        let place = given.candidates.iter().take(5).position(|(lines, _)| same(lines, truth));
        let confidence = given.candidates.first().map_or(0.0, |c| c.1);
        let right = place == Some(0);
        let bins = if given.settled { &mut self.settled } else { &mut self.firsts };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let bin = ((confidence * BINS as f64) as usize).min(BINS - 1);
        bins[bin].0 += 1;
        bins[bin].1 += u64::from(right);
        bins[bin].2 += confidence;
        if given.settled {
            counts.money_settled += i128::from(amount.abs());
            if right {
                counts.settled_right += 1;
            } else {
                counts.settled_wrong += 1;
                counts.money_wrong += i128::from(amount.abs());
            }
        } else {
            counts.queued += 1;
            counts.queued_first += u64::from(right);
            counts.queued_five += u64::from(place.is_some());
        }
        !given.settled || right
    }

    /// All kinds together.
    pub fn total(&self) -> Counts {
        self.kinds.values().fold(Counts::default(), |mut sum, c| {
            sum.payments += c.payments;
            sum.settled_right += c.settled_right;
            sum.settled_wrong += c.settled_wrong;
            sum.queued += c.queued;
            sum.queued_first += c.queued_first;
            sum.queued_five += c.queued_five;
            sum.money_settled += c.money_settled;
            sum.money_wrong += c.money_wrong;
            sum
        })
    }

    /// Expected calibration error over 15 bins: of what settled, and of the first candidates of what was queued.
    pub fn calibration_errors(&self) -> (f64, f64) {
        let error = |bins: &[(u64, u64, f64); BINS]| {
            let all: u64 = bins.iter().map(|b| b.0).sum();
            if all == 0 { 0.0 } else { bins.iter().map(|(_, right, sum)| (*right as f64 - sum).abs()).sum::<f64>() / all as f64 }
        };
        (error(&self.settled), error(&self.firsts))
    }

    /// A table for people.
    pub fn table(&self) -> String {
        let mut out = String::from("kind                      payments  right%  wrong  wrong%   queued  first%  five%\n");
        let percent = |a: u64, b: u64| if b == 0 { 0.0 } else { 100.0 * a as f64 / b as f64 };
        let mut row = |name: &str, c: &Counts| {
            out.push_str(&format!(
                "{name:<25} {:>8} {:>6.2} {:>6} {:>8.4} {:>8} {:>6.1} {:>6.1}\n",
                c.payments,
                percent(c.settled_right, c.payments),
                c.settled_wrong,
                percent(c.settled_wrong, c.settled_right + c.settled_wrong),
                c.queued,
                percent(c.queued_first, c.queued),
                percent(c.queued_five, c.queued)
            ));
        };
        for (kind, counts) in &self.kinds {
            row(kind.name(), counts);
        }
        let total = self.total();
        row("all", &total);
        let upper = upper_bound(total.settled_wrong, total.settled_wrong + total.settled_right);
        let money = if total.money_settled == 0 { 0.0 } else { 100.0 * total.money_wrong as f64 / total.money_settled as f64 };
        let (settled, firsts) = self.calibration_errors();
        out.push_str(&format!(
            "wrong among settled, upper 95 % bound {:.4} %; wrong money {money:.4} %; calibration error: settled {:.4} %, first candidates {:.2} %\n",
            100.0 * upper,
            100.0 * settled,
            100.0 * firsts
        ));
        out.push_str("first candidates by confidence (count, mean confidence, right): ");
        for (count, right, sum) in self.firsts.iter().filter(|b| b.0 > 0) {
            out.push_str(&format!("{count}:{:.2}/{:.2} ", sum / *count as f64, *right as f64 / *count as f64));
        }
        out.push('\n');
        out
    }
}
