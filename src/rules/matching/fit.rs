//! Refits the weights and the calibration of a policy from payments whose right answer is known.
//!
//! The weights are log-probabilities of evidence given that an answer is right (the *m* of Fellegi and Sunter 1969), so with labels
//! their maximum-likelihood values are shares that can be counted: how often a payment is an exact one or a lump, how often the number is
//! written in full, without its prefix, with a slip, or not at all, how often account and name agree. Each share is smoothed towards the
//! policy that was there ([`PRIOR_PAYMENTS`] payments that look as it says), so few labels move little. Nothing is searched or drawn:
//! the same labels give the same policy. Not taken: logistic regression over the fields, which fits the scores better on the book it was
//! fitted on, but whose weights no longer say what they mean and which needs labelled non-matches; and expectation maximisation, which
//! needs no labels but drifts where two kinds of payment look alike.
//!
//! The curves of the calibration are isotonic regressions of "right" on the share among hypotheses. A threshold of `[settle]` is never
//! lowered here: where answers of a pattern are shown to settle wrongly more often than [`WRONG_MAX`] (lower 95 % bound), it is raised
//! until they do not.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Pattern;
use super::book::{Book, NONE};
use super::calibrate::{Curve, KNOTS, SECTIONS, at, calibrated, calibrated_asked, isotonic};
use super::candidates::{AccountClass, Maker, NameClass, Settled};
use super::clues::Origin;
use super::run::{Judged, Matcher};
use super::weights::MatchPolicy;
use crate::reference::{Level, hash};

/// The policy that was there counts as so many payments.
pub const PRIOR_PAYMENTS: f64 = 50.0;

/// Wrong among settled of a pattern beyond which its threshold is raised: one in five thousand.
pub const WRONG_MAX: f64 = 0.0002;

/// What is known of a payment: for each payment of the book in order, the items it clears and how much of each in minor units, empty for
/// a payment that clears nothing; `None` where nobody said.
pub type Labels = [Option<Vec<(u32, i64)>>];

/// How answers stand against labels.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Standing {
    /// By pattern of the first answer.
    pub patterns: BTreeMap<Pattern, PatternStanding>,
    /// Expected calibration error over 15 bins of equal width: of what settled.
    pub error_settled: f64,
    /// The same of the first candidates of what waits.
    pub error_asked: f64,
}

/// Counts of one pattern.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct PatternStanding {
    pub settled: u64,
    pub wrong: u64,
    pub asked: u64,
    pub asked_right: u64,
}

impl Standing {
    /// Settled, and wrong among them, over all patterns.
    pub fn total(&self) -> (u64, u64) {
        self.patterns.values().fold((0, 0), |(s, w), p| (s.saturating_add(p.settled), w.saturating_add(p.wrong)))
    }
}

/// A refitted policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// As text, to be kept.
    pub text: String,
    /// As it is read.
    pub policy: MatchPolicy,
    /// Labelled payments.
    pub labels: usize,
    /// The half of the labels that was kept back, under the policy that was there.
    pub before: Standing,
    /// The same half, under a policy fitted on the other half.
    pub after: Standing,
    /// Thresholds that were raised: from, to.
    pub raised: BTreeMap<Pattern, (f64, f64)>,
}

/// One-sided exact (Clopper–Pearson) 95 % upper bound of a share, by bisection of the binomial tail.
pub fn upper_bound(wrong: u64, of: u64) -> f64 {
    if of == 0 {
        return 1.0;
    }
    let tail = |p: f64| {
        // P(X ≤ wrong), summed in logarithms.
        let (n, q) = (of as f64, (1.0 - p).ln());
        let mut ln_term = n * q;
        let mut sum = ln_term.exp();
        for k in 1..=wrong {
            ln_term += ((n - k as f64 + 1.0) / k as f64).ln() + p.ln() - q;
            sum += ln_term.exp();
        }
        sum
    };
    let (mut low, mut high) = (wrong as f64 / of as f64, 1.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if tail(middle) > 0.05 {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// Refits a policy. Half of the labels, chosen by payment id, are kept back to say honestly what it brings; the policy itself is then
/// fitted on all of them.
pub fn fit(book: &Book, labels: &Labels, policy: &MatchPolicy, threads: usize) -> Fitted {
    fit_reviewed(book, labels, &[], policy, threads)
}

/// As [`fit`], where some labels are what the matcher itself settled and nobody took back. `unreviewed`: their rows, ascending. They count
/// for the weights, which say how right answers look over all payments: what waits for people is the harder part of them. They count for
/// nothing else: an answer is no proof of itself, so calibration, thresholds and the report rest on what people said.
pub fn fit_reviewed(book: &Book, labels: &Labels, unreviewed: &[u32], policy: &MatchPolicy, threads: usize) -> Fitted {
    let is_reviewed = |row: &u32| unreviewed.binary_search(row).is_err();
    let labelled: Vec<u32> = (0..book.payment_count()).filter(is_reviewed).filter(|row| label(labels, *row).is_some()).collect();
    let (kept_back, used): (Vec<u32>, Vec<u32>) =
        labelled.iter().copied().partition(|row| hash(book.payment_id(*row).as_bytes()) & 1 == 0);
    let before = standing(labels, &kept_back, policy, &judge(book, policy, threads, &kept_back));
    let (half, _) = refit(book, labels, (&used, unreviewed), policy, threads);
    let after = standing(labels, &kept_back, &half, &judge(book, &half, threads, &kept_back));
    let (fitted, raised) = refit(book, labels, (&labelled, unreviewed), policy, threads);
    let text = written(&fitted, policy, labelled.len(), &before, &after);
    Fitted { text, policy: fitted, labels: labelled.len(), before, after, raised }
}

fn label(labels: &Labels, row: u32) -> Option<&[(u32, i64)]> {
    labels.get(row as usize).and_then(|l| l.as_deref())
}

fn judge(book: &Book, policy: &MatchPolicy, threads: usize, rows: &[u32]) -> Vec<Judged> {
    let matcher = Matcher::new(book, policy, threads);
    rows.iter().map(|row| matcher.judged(*row)).collect()
}

fn is_right(label: &[(u32, i64)], lines: &[(u32, i64)]) -> bool {
    let sorted = |lines: &[(u32, i64)]| {
        let mut lines = lines.to_vec();
        lines.sort_unstable();
        lines
    };
    label.len() == lines.len() && sorted(label) == sorted(lines)
}

fn worth(policy: &MatchPolicy, judged: &Judged) -> f64 {
    if judged.settles {
        calibrated(policy, judged.pattern, judged.share)
    } else {
        calibrated_asked(policy, judged.pattern, judged.share, judged.hold)
    }
}

const BINS: usize = 15;

fn standing(labels: &Labels, rows: &[u32], policy: &MatchPolicy, judged: &[Judged]) -> Standing {
    let mut out = Standing::default();
    let mut bins = [[(0_u64, 0.0_f64); BINS]; 2];
    for (row, one) in rows.iter().zip(judged) {
        let right = label(labels, *row).is_some_and(|l| is_right(l, &one.lines));
        let counts = out.patterns.entry(one.pattern).or_default();
        let slot = usize::from(!one.settles);
        if one.settles {
            counts.settled = counts.settled.saturating_add(1);
            counts.wrong = counts.wrong.saturating_add(u64::from(!right));
        } else {
            counts.asked = counts.asked.saturating_add(1);
            counts.asked_right = counts.asked_right.saturating_add(u64::from(right));
        }
        let confidence = worth(policy, one);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let bin = ((confidence * BINS as f64) as usize).min(BINS - 1);
        bins[slot][bin].0 = bins[slot][bin].0.saturating_add(1);
        bins[slot][bin].1 += if right { 1.0 } else { 0.0 } - confidence;
    }
    let error = |bins: &[(u64, f64); BINS]| {
        let all: u64 = bins.iter().map(|b| b.0).sum();
        if all == 0 { 0.0 } else { bins.iter().map(|b| b.1.abs()).sum::<f64>() / all as f64 }
    };
    (out.error_settled, out.error_asked) = (error(&bins[0]), error(&bins[1]));
    out
}

/// What was counted over right answers.
#[derive(Default)]
struct Tally {
    patterns: BTreeMap<Pattern, f64>,
    /// How the number of a single item was written; `None` for not at all.
    levels: BTreeMap<Option<Level>, f64>,
    /// Items of lumps with at least one item named: by a list, otherwise, not at all.
    in_lumps: [f64; 3],
    /// Of customers with an account on file: fits, family, new, another's.
    accounts: [f64; 4],
    names: [f64; 4],
    booked: f64,
    before_issue: f64,
    long_overdue: f64,
    texts: f64,
    stale: f64,
    stale_own: f64,
}

fn tally<'a>(book: &Book, labels: &Labels, rows: impl Iterator<Item = &'a u32>, policy: &MatchPolicy) -> Tally {
    let nobody = vec![NONE; book.item_count() as usize];
    let learned = std::collections::HashMap::new();
    let settled = Settled { by: &nobody, learned: &learned, mentions: &[] };
    let mut maker = Maker::new(book, policy);
    let mut out = Tally::default();
    for row in rows {
        let Some(label) = label(labels, *row) else { continue };
        let hypotheses = maker.hypotheses(*row, &settled);
        let found = hypotheses.iter().find(|h| h.repeats == NONE && is_right(label, &h.lines)).map(|h| h.pattern);
        let pattern = if label.is_empty() {
            let repeats = hypotheses.iter().any(|h| h.pattern == Pattern::Duplicate && h.is_named);
            Some(if repeats { Pattern::Duplicate } else { found.unwrap_or(Pattern::NoItem) })
        } else {
            found
        };
        // What the search does not find says nothing of the kinds it weighs.
        if let Some(pattern) = pattern {
            *out.patterns.entry(pattern).or_default() += 1.0;
        }
        let Some((first, _)) = label.first() else { continue };
        let customer = book.item_customer(*first);
        let clues = &maker.clues;
        let best = |item: u32| clues.hits.iter().filter(|h| h.item == item).map(|h| h.level).min();
        if let [(item, _)] = label {
            *out.levels.entry(best(*item)).or_default() += 1.0;
        } else if label.iter().any(|(item, _)| best(*item).is_some()) {
            for (item, _) in label {
                let place = match best(*item) {
                    Some(Level::Listed) => 0,
                    Some(_) => 1,
                    None => 2,
                };
                out.in_lumps[place] += 1.0;
            }
        }
        // A number that is an open item's, and none of the right answer's.
        out.texts += 1.0;
        let others = clues.hits.iter().filter(|h| {
            h.level <= Level::PrefixDropped
                && clues.numbers.get(usize::from(h.number)).is_some_and(|n| n.origin != Origin::EndToEnd)
                && !clues.hits.iter().any(|o| o.number == h.number && label.iter().any(|(i, _)| *i == o.item))
        });
        let (mut any, mut own) = (false, false);
        for hit in others {
            any = true;
            own |= book.item_customer(hit.item) == customer;
        }
        out.stale += if any && !own { 1.0 } else { 0.0 };
        out.stale_own += if own { 1.0 } else { 0.0 };
        let (account, name) = maker.payer_classes(customer);
        match account {
            // What was confirmed is refitted with what is on file; its own weight stays as the policy says.
            Some(AccountClass::Fits | AccountClass::Confirmed) => out.accounts[0] += 1.0,
            Some(AccountClass::Family) => out.accounts[1] += 1.0,
            Some(AccountClass::New) => out.accounts[2] += 1.0,
            Some(AccountClass::OfAnother) => out.accounts[3] += 1.0,
            Some(AccountClass::NoneOnFile) | None => {}
        }
        match name {
            Some(NameClass::Equal) => out.names[0] += 1.0,
            Some(NameClass::Alike) => out.names[1] += 1.0,
            Some(NameClass::Partly) => out.names[2] += 1.0,
            Some(NameClass::Unlike) => out.names[3] += 1.0,
            None => {}
        }
        let booked = book.payment(*row).booked;
        if booked != i32::MIN {
            out.booked += 1.0;
            let any = |f: &dyn Fn(u32) -> bool| label.iter().any(|(i, _)| f(*i));
            let early = |i: u32| book.item(i).issued != i32::MIN && booked < book.item(i).issued;
            let late = |i: u32| book.item(i).due != i32::MIN && booked.saturating_sub(book.item(i).due) > 150;
            if any(&early) {
                out.before_issue += 1.0;
            } else if any(&late) {
                out.long_overdue += 1.0;
            }
        }
    }
    out
}

/// Moves weights that exclude each other towards what was counted. `spread`: how many things a weight is spread over, so that its
/// exponential times this is a share.
fn move_group(slots: &mut [(&mut f64, f64, f64)]) {
    let shares: f64 = slots.iter().map(|(w, _, spread)| w.exp() * spread).sum();
    let counted: f64 = slots.iter().map(|(_, count, _)| count).sum();
    for (weight, count, spread) in slots {
        let share = (*count + PRIOR_PAYMENTS * weight.exp() * *spread / shares) / (counted + PRIOR_PAYMENTS);
        **weight = (share / *spread).ln().clamp(-14.0, 0.0);
    }
}

fn move_one(weight: &mut f64, count: f64, of: f64) {
    *weight = ((count + PRIOR_PAYMENTS * weight.exp()) / (of + PRIOR_PAYMENTS)).ln().clamp(-14.0, 0.0);
}

/// So many ways to write a number with one digit wrong, missing or swapped.
const SLIPS_OF_A_NUMBER: f64 = 40.0;

fn refit(
    book: &Book,
    labels: &Labels,
    (rows, unreviewed): (&[u32], &[u32]),
    policy: &MatchPolicy,
    threads: usize,
) -> (MatchPolicy, BTreeMap<Pattern, (f64, f64)>) {
    let counts = tally(book, labels, rows.iter().chain(unreviewed), policy);
    let mut new = policy.clone();
    let of = |patterns: &[Pattern]| patterns.iter().filter_map(|p| counts.patterns.get(p)).sum::<f64>();
    let exact = of(&[Pattern::ReferenceExact, Pattern::PayerExact, Pattern::Weak]);
    let p = &mut new.prior;
    move_group(&mut [
        (&mut p.exact, exact, 1.0),
        (&mut p.lump, of(&[Pattern::LumpNamed, Pattern::LumpFound]), 1.0),
        (&mut p.part, of(&[Pattern::Part]), 1.0),
        (&mut p.short, of(&[Pattern::Short]), 1.0),
        (&mut p.over, of(&[Pattern::Over]), 1.0),
        (&mut p.discount, of(&[Pattern::Discount]), 1.0),
        (&mut p.withholding, of(&[Pattern::Withholding]), 1.0),
        (&mut p.other_currency, of(&[Pattern::OtherCurrency]), 1.0),
        (&mut p.duplicate, of(&[Pattern::Duplicate]), 1.0),
        // That nothing is right for money of an unknown payer says the same of both.
        (&mut p.not_ours, of(&[Pattern::NotOurs, Pattern::NoItem]), 1.0),
    ]);
    let written = |level: Level| counts.levels.get(&Some(level)).copied().unwrap_or(0.0);
    let r = &mut new.reference;
    move_group(&mut [
        (&mut r.full, written(Level::Full), 1.0),
        (&mut r.structured, written(Level::Structured), 1.0),
        (&mut r.prefix_dropped, written(Level::PrefixDropped), 1.0),
        (&mut r.zeros, written(Level::Zeros), 1.0),
        (&mut r.lookalike, written(Level::Lookalike), 1.0),
        (&mut r.tail, written(Level::Tail), 1.0),
        (&mut r.suffix, written(Level::Suffix), 1.0),
        (&mut r.cut, written(Level::Cut), 1.0),
        (&mut r.one_edit, written(Level::OneEdit), SLIPS_OF_A_NUMBER),
        (&mut r.unnamed, counts.levels.get(&None).copied().unwrap_or(0.0), 1.0),
    ]);
    let in_lumps: f64 = counts.in_lumps.iter().sum();
    move_one(&mut r.listed, counts.in_lumps[0], in_lumps);
    move_one(&mut r.unnamed_among_named, counts.in_lumps[2], in_lumps);
    move_one(&mut r.stale, counts.stale, counts.texts);
    move_one(&mut r.stale_own, counts.stale_own, counts.texts);
    let w = &mut new.payer;
    move_group(&mut [
        (&mut w.account_fits, counts.accounts[0], 1.0),
        (&mut w.account_of_family, counts.accounts[1], 1.0),
        (&mut w.account_new, counts.accounts[2], 1.0),
        (&mut w.account_of_another, counts.accounts[3], 1.0),
    ]);
    move_group(&mut [
        (&mut w.name_equal, counts.names[0], 1.0),
        (&mut w.name_alike, counts.names[1], 1.0),
        (&mut w.name_partly, counts.names[2], 1.0),
        (&mut w.name_unlike, counts.names[3], 1.0),
    ]);
    move_one(&mut new.date.before_issue, counts.before_issue, counts.booked);
    move_one(&mut new.date.long_overdue, counts.long_overdue, counts.booked);

    let judged = judge(book, &new, threads, rows);
    let right: Vec<bool> =
        rows.iter().zip(&judged).map(|(row, one)| label(labels, *row).is_some_and(|l| is_right(l, &one.lines))).collect();
    recalibrate(&mut new, &judged, &right);
    let raised = raise(&mut new, policy, &judged, &right);
    (new, raised)
}

/// Settles the caps and the curves.
fn recalibrate(policy: &mut MatchPolicy, judged: &[Judged], right: &[bool]) {
    for pattern in Pattern::ALL {
        let of = || judged.iter().zip(right).filter(move |(one, _)| one.pattern == pattern);
        let (mut settled, mut wrong) = (0.0, 0.0);
        for (_, right) in of().filter(|(one, _)| one.settles) {
            settled += 1.0;
            wrong += if *right { 0.0 } else { 1.0 };
        }
        if let Some(most) = policy.calibration_settled.get_mut(&pattern)
            && settled > 0.0
        {
            // As if half a wrong answer had been seen before, at the rate the policy says.
            let seen = 0.5 / (1.0 - *most).max(1e-6);
            *most = 1.0 - (wrong + 0.5) / (settled + seen);
        }
        for (_, hold) in SECTIONS {
            let Some(curve) = policy.curves_mut(hold).get_mut(&pattern) else { continue };
            let samples: Vec<(f64, bool)> =
                of().filter(|(one, _)| !one.settles && one.hold == hold).map(|(one, r)| (one.share, *r)).collect();
            if !samples.is_empty() {
                *curve = refitted(curve, &samples);
            }
        }
    }
}

/// Samples near a knot say its value, the nearer the more; so does the value it had, as much as five of them.
fn refitted(old: &Curve, samples: &[(f64, bool)]) -> Curve {
    let (mut values, mut weights) = ([0.0; KNOTS.len()], [5.0; KNOTS.len()]);
    for (place, value) in values.iter_mut().enumerate() {
        *value = 5.0 * old[place];
    }
    for (share, right) in samples {
        let share = share.clamp(0.0, 1.0);
        let upper = KNOTS.iter().position(|k| share <= *k).unwrap_or(KNOTS.len() - 1).max(1);
        let part = (share - KNOTS[upper - 1]) / (KNOTS[upper] - KNOTS[upper - 1]);
        for (place, near) in [(upper - 1, 1.0 - part), (upper, part)] {
            weights[place] += near;
            values[place] += if *right { near } else { 0.0 };
        }
    }
    for (value, weight) in values.iter_mut().zip(&weights) {
        *value /= weight;
    }
    // Linear between the knots, the samples between them must come out right too: a few steps of their mean error.
    let mut curve = isotonic(&values, &weights);
    for _ in 0..20 {
        let (mut error, mut count) = ([0.0; KNOTS.len()], [5.0; KNOTS.len()]);
        for (share, right) in samples {
            let upper = KNOTS.iter().position(|k| share <= k).unwrap_or(KNOTS.len() - 1).max(1);
            let part = ((share - KNOTS[upper - 1]) / (KNOTS[upper] - KNOTS[upper - 1])).clamp(0.0, 1.0);
            let off = if *right { 1.0 } else { 0.0 } - at(&curve, *share);
            for (place, near) in [(upper - 1, 1.0 - part), (upper, part)] {
                error[place] += near * off;
                count[place] += near;
            }
        }
        let mut moved = curve;
        for place in 0..KNOTS.len() {
            moved[place] = (curve[place] + error[place] / count[place]).clamp(0.0, 1.0);
        }
        curve = isotonic(&moved, &count);
    }
    curve.map(|v| (v * 1e4).round() / 1e4)
}

/// Raises the threshold of a pattern that settled wrongly too often; lowers none.
fn raise(new: &mut MatchPolicy, old: &MatchPolicy, judged: &[Judged], right: &[bool]) -> BTreeMap<Pattern, (f64, f64)> {
    let mut raised = BTreeMap::new();
    for pattern in Pattern::ALL {
        let mut settled: Vec<(f64, bool)> = judged
            .iter()
            .zip(right)
            .filter(|(one, _)| one.settles && one.pattern == pattern)
            .map(|(one, right)| (calibrated(new, pattern, one.share), *right))
            .collect();
        settled.sort_by(|a, b| a.0.total_cmp(&b.0));
        let share = |from: usize| {
            let rest = settled.get(from..).unwrap_or_default();
            rest.iter().filter(|(_, right)| !right).count() as f64 / (rest.len().max(1)) as f64
        };
        let wrong = settled.iter().filter(|(_, right)| !right).count() as u64;
        let of = settled.len() as u64;
        // Shown to be too often, and not one bad luck: the lower 95 % bound is above the limit.
        if wrong == 0 || 1.0 - upper_bound(of - wrong, of) <= WRONG_MAX {
            continue;
        }
        let from = (0..=settled.len()).find(|from| share(*from) <= WRONG_MAX).unwrap_or(settled.len());
        let before = old.threshold(pattern);
        // Confidences are told in millionths; nothing settles above the last of them.
        let to = settled.get(from).map_or(2.0, |(confidence, _)| (confidence * 1e6).floor() / 1e6).max(before);
        if to > before {
            new.set_threshold(pattern, to);
            raised.insert(pattern, (before, to));
        }
    }
    raised
}

/// The sections that were fitted, as a policy file.
fn written(new: &MatchPolicy, old: &MatchPolicy, labels: usize, before: &Standing, after: &Standing) -> String {
    let mut out = String::new();
    let say = |standing: &Standing| {
        let (settled, wrong) = standing.total();
        format!("{settled} settled, {wrong} wrong (at most {:.4} % at 95 %)", 100.0 * upper_bound(wrong, settled))
    };
    let _ = writeln!(
        out,
        "# Fitted by `quittance fit matching` on {labels} labelled payments; what is not named keeps its built-in value."
    );
    let _ = writeln!(out, "# On the half kept back: before {}; after {}.", say(before), say(after));
    if new.settle != old.settle || new.settle != MatchPolicy::default().settle {
        out.push_str("\n[settle]\n");
        for (name, value) in new.settle.named() {
            let _ = writeln!(out, "{name} = {value:?}");
        }
        let ask = |ask: super::weights::Ask| match ask {
            super::weights::Ask::Ask => "ask",
            super::weights::Ask::Clear => "clear",
        };
        let _ = writeln!(out, "credit_notes = \"{}\"", ask(new.settle.credit_notes));
        let _ = writeln!(out, "named_fee = \"{}\"", ask(new.settle.named_fee));
    }
    let mut section = |name: &str, values: Vec<(&'static str, f64)>| {
        let _ = writeln!(out, "\n[{name}]");
        for (name, value) in values {
            let _ = writeln!(out, "{name} = {value:.4}");
        }
    };
    section("prior", new.prior.values());
    section("reference", new.reference.named());
    section("payer", new.payer.values());
    section("amount", new.amount.values());
    section("date", new.date.values());
    out.push_str(&new.calibration_text());
    out
}

impl MatchPolicy {
    /// The sections of the calibration, as a policy file has them.
    pub fn calibration_text(&self) -> String {
        let new = self;
        let mut out = String::new();
        let _ = writeln!(out, "\n[calibration_settled]");
        for (pattern, most) in &new.calibration_settled {
            let _ = writeln!(out, "{} = {most:.6}", pattern.name());
        }
        for (name, hold) in SECTIONS {
            let _ = writeln!(out, "\n[{name}]");
            for (pattern, curve) in new.curves(hold) {
                let values: Vec<String> = curve.iter().map(|v| format!("{v:.4}")).collect();
                let _ = writeln!(out, "{} = [{}]", pattern.name(), values.join(", "));
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_of_known_shares() {
        // The rule of three: nothing wrong in n bounds the share by about 3/n.
        assert!((upper_bound(0, 1000) - 0.002_991).abs() < 1e-5);
        assert!((upper_bound(1, 100) - 0.046_56).abs() < 1e-4);
    }

    #[test]
    fn a_curve_follows_its_samples_and_never_falls() {
        let old = [0.5; KNOTS.len()];
        let samples: Vec<(f64, bool)> =
            (0..4000).map(|i| (f64::from(i % 1000) / 1000.0, i % 1000 > 300 + (i / 1000) * 100)).collect();
        let curve = refitted(&old, &samples);
        assert!(curve.windows(2).all(|w| w[0] <= w[1]), "{curve:?}");
        assert!(curve[0] < 0.1 && curve[7] > 0.9, "{curve:?}");
        assert!(
            refitted(&old, &samples).iter().zip(curve).all(|(a, b)| a.to_bits() == b.to_bits()),
            "the same samples, the same curve"
        );
    }

    #[test]
    fn few_labels_move_little() {
        let (mut a, mut b) = (-0.5_f64, -0.94_f64);
        move_group(&mut [(&mut a, 1.0, 1.0), (&mut b, 0.0, 1.0)]);
        assert!((a + 0.5).abs() < 0.05 && (b + 0.94).abs() < 0.05, "{a} {b}");
        move_group(&mut [(&mut a, 10_000.0, 1.0), (&mut b, 10_000.0, 1.0)]);
        assert!((a.exp() - 0.5).abs() < 0.01 && (b.exp() - 0.5).abs() < 0.01, "{a} {b}");
    }
}
