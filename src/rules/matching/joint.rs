//! One joint answer: payments that want the same items are weighed together.
//!
//! For a group of payments, every way to give each payment one of its hypotheses is a joint answer, unless it clears more of an item
//! than is open or calls a payment the duplicate of one that did not happen. The probability of a hypothesis is the weight of the
//! joint answers that hold it over the weight of all: the gap to the best different joint answer, with all others counted too.

use std::collections::HashMap;

use super::book::{Book, NONE};
use super::candidates::{Hypothesis, NEGLIGIBLE, is_free};

/// Rounds of lowering what others claim; each halves what is left of the start.
const ROUNDS: usize = 16;

/// Larger groups are weighed by claims and not counted.
const COUNTED_MAX: usize = 16;

/// Probabilities of the hypotheses of each payment of a group, in the order given.
///
/// `group`: payments in order of booking date and id, with their hypotheses, best first. `is_settled`: the item was cleared in the
/// first round. Groups too large to count are weighed by claims, which lets nothing contested through.
pub(super) fn probabilities(
    book: &Book,
    group: &[(u32, &[Hypothesis])],
    is_settled: &dyn Fn(u32) -> bool,
    states_max: usize,
) -> Vec<Vec<f64>> {
    let mut chosen: Vec<Vec<usize>> = Vec::with_capacity(group.len());
    for (_, list) in group {
        let best = list.first().map_or(0.0, Hypothesis::score);
        let mut keep: Vec<usize> = (0..list.len())
            .filter(|h| list[*h].score() >= best - NEGLIGIBLE)
            .filter(|h| group.len() > 1 || is_possible_alone(book, &list[*h], is_settled))
            .take(12)
            .collect();
        // One way out that needs no item, or the group could have no answer at all.
        if !keep.iter().any(|h| is_free(&list[*h]))
            && let Some(free) = (0..list.len()).find(|h| is_free(&list[*h]))
        {
            keep.push(free);
        }
        chosen.push(keep);
    }
    if group.len() == 1 {
        let scores: Vec<(usize, f64)> = chosen[0].iter().map(|h| (*h, group[0].1[*h].score())).collect();
        return vec![soft_max(group[0].1.len(), &scores)];
    }
    let mut states = 1_usize;
    for keep in &chosen {
        states = states.saturating_mul(keep.len().max(1));
    }
    if states > states_max.saturating_mul(8) {
        for (at, keep) in chosen.iter_mut().enumerate() {
            let list = group[at].1;
            let best = list.first().map_or(0.0, Hypothesis::score);
            let free = keep.iter().copied().find(|h| is_free(&list[*h]));
            keep.retain(|h| list[*h].score() >= best - 7.5);
            keep.truncate(4);
            if let Some(free) = free
                && !keep.iter().any(|h| is_free(&list[*h]))
            {
                keep.push(free);
            }
        }
    }
    let mut search = Count {
        book,
        group,
        chosen: &chosen,
        is_settled,
        taken: Vec::new(),
        picked: Vec::new(),
        steps: 0,
        steps_max: states_max.saturating_mul(4),
        highest: group.iter().map(|(_, list)| list.first().map_or(0.0, Hypothesis::score)).sum(),
        mass: group.iter().map(|(_, list)| vec![0.0; list.len()]).collect(),
        total: 0.0,
    };
    if group.len() > COUNTED_MAX {
        return by_claims(book, group, &chosen, is_settled);
    }
    search.go(0, 0.0);
    let counted = search.steps <= search.steps_max && search.total > 0.0;
    if counted {
        let total = search.total;
        return search.mass.into_iter().map(|list| list.into_iter().map(|m| m / total).collect()).collect();
    }
    by_claims(book, group, &chosen, is_settled)
}

/// For groups too large to count: each payment weighs its hypotheses alone, then lowers those whose items others claim, a few times
/// over. What others claim in the end limits the probability, so that a contested item settles nothing.
fn by_claims(
    book: &Book,
    group: &[(u32, &[Hypothesis])],
    chosen: &[Vec<usize>],
    is_settled: &dyn Fn(u32) -> bool,
) -> Vec<Vec<f64>> {
    let alone: Vec<Vec<f64>> = group
        .iter()
        .zip(chosen)
        .map(|((_, list), keep)| {
            let scores: Vec<(usize, f64)> = keep.iter().map(|h| (*h, list[*h].score())).collect();
            soft_max(list.len(), &scores)
        })
        .collect();
    let mut now = alone.clone();
    let mut free_of_claims: Vec<Vec<f64>> = group.iter().map(|(_, list)| vec![1.0; list.len()]).collect();
    for _ in 0..ROUNDS {
        let claims = Claims::of(book, group, &now);
        let mut next = Vec::with_capacity(group.len());
        for (at, (row, list)) in group.iter().enumerate() {
            let booked = book.payment(*row).booked;
            // What this payment claims itself does not stand against it.
            let own = |item: u32, like: Option<bool>| {
                list.iter()
                    .zip(&now[at])
                    .filter(|(h, share)| **share > LEAST_CLAIM && like.is_none_or(|l| l == h.is_named))
                    .flat_map(|(h, share)| h.lines.iter().map(move |line| (line, *share)))
                    .filter(|((claimed, _), _)| *claimed == item)
                    .map(|((_, cleared), share)| share * part_of(book, item, *cleared))
                    .sum::<f64>()
            };
            let free: Vec<f64> = list
                .iter()
                .map(|h| {
                    if h.repeats != NONE && !is_settled(h.repeats) && book.item(h.repeats).open != 0 {
                        let until = claims.until(h.repeats, booked, h.is_named);
                        return (until - own(h.repeats, Some(h.is_named))).clamp(0.0, 1.0);
                    }
                    let others = |item: u32| (claims.all(item) - own(item, None)).clamp(0.0, 1.0);
                    h.lines.iter().map(|(item, _)| 1.0 - others(*item)).fold(1.0, f64::min)
                })
                .collect();
            let weights: Vec<f64> = alone[at].iter().zip(&free).map(|(a, f)| a * f.max(1e-9)).collect();
            let total: f64 = weights.iter().sum();
            // Half of the old: two payments that want one item would otherwise change their minds together for ever.
            let share = |w: f64| if total > 0.0 { w / total } else { 0.0 };
            next.push(weights.into_iter().zip(&now[at]).map(|(w, old)| 0.5 * old + 0.5 * share(w)).collect());
            free_of_claims[at] = free;
        }
        now = next;
    }
    for (shares, free) in now.iter_mut().zip(&free_of_claims) {
        for (share, free) in shares.iter_mut().zip(free) {
            *share = share.min(*free);
        }
    }
    now
}

/// Shares below this claim nothing.
const LEAST_CLAIM: f64 = 1e-6;

fn part_of(book: &Book, item: u32, cleared: i64) -> f64 {
    cleared as f64 / book.item(item).open as f64
}

/// Who claims how much of each item's open amount, and since when: running sums in order of booking, so that a thousand equal
/// payments of one item are weighed in a thousand steps and not in a million.
struct Claims {
    /// For each item: day of booking, and what unnamed and named claims come to up to here.
    dated: HashMap<u32, Vec<(i32, [f64; 2])>>,
}

impl Claims {
    /// `group` is in order of booking.
    fn of(book: &Book, group: &[(u32, &[Hypothesis])], shares: &[Vec<f64>]) -> Self {
        let mut dated: HashMap<u32, Vec<(i32, [f64; 2])>> = HashMap::new();
        for ((row, list), shares) in group.iter().zip(shares) {
            let booked = book.payment(*row).booked;
            for (hypothesis, share) in list.iter().zip(shares).filter(|(_, share)| **share > LEAST_CLAIM) {
                for (item, cleared) in hypothesis.lines.iter() {
                    let sums = dated.entry(*item).or_default();
                    let mut here = sums.last().map_or([0.0; 2], |(_, sum)| *sum);
                    here[usize::from(hypothesis.is_named)] += share * part_of(book, *item, *cleared);
                    sums.push((booked, here));
                }
            }
        }
        Self { dated }
    }

    fn all(&self, item: u32) -> f64 {
        self.dated.get(&item).and_then(|sums| sums.last()).map_or(0.0, |(_, [unnamed, named])| unnamed + named)
    }

    /// Claims of payments booked up to a day, those that name their item or those that do not.
    fn until(&self, item: u32, day: i32, is_named: bool) -> f64 {
        let Some(sums) = self.dated.get(&item) else { return 0.0 };
        let count = sums.partition_point(|(booked, _)| *booked <= day);
        count.checked_sub(1).and_then(|at| sums.get(at)).map_or(0.0, |(_, sum)| sum[usize::from(is_named)])
    }
}

/// A duplicate needs something it repeats.
fn is_possible_alone(book: &Book, hypothesis: &Hypothesis, is_settled: &dyn Fn(u32) -> bool) -> bool {
    hypothesis.repeats == NONE || is_settled(hypothesis.repeats) || book.item(hypothesis.repeats).open == 0
}

fn soft_max(length: usize, scores: &[(usize, f64)]) -> Vec<f64> {
    let best = scores.iter().map(|(_, s)| *s).fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = scores.iter().map(|(_, s)| (s - best).exp()).sum();
    let mut out = vec![0.0; length];
    for (at, score) in scores {
        out[*at] = (score - best).exp() / total;
    }
    out
}

struct Count<'a> {
    book: &'a Book,
    group: &'a [(u32, &'a [Hypothesis])],
    chosen: &'a [Vec<usize>],
    is_settled: &'a dyn Fn(u32) -> bool,
    /// Item, cleared of it, by which position of the group.
    taken: Vec<(u32, i64, usize)>,
    picked: Vec<usize>,
    steps: usize,
    steps_max: usize,
    highest: f64,
    mass: Vec<Vec<f64>>,
    total: f64,
}

impl Count<'_> {
    fn go(&mut self, at: usize, score: f64) {
        self.steps += 1;
        if self.steps > self.steps_max {
            return;
        }
        if at == self.group.len() {
            if self.repeats_hold() {
                let weight = (score - self.highest).exp();
                self.total += weight;
                for (place, h) in self.picked.iter().enumerate() {
                    self.mass[place][*h] += weight;
                }
            }
            return;
        }
        for slot in 0..self.chosen[at].len() {
            let h = self.chosen[at][slot];
            let hypothesis = &self.group[at].1[h];
            let before = self.taken.len();
            if self.takes(hypothesis, at) {
                self.picked.push(h);
                self.go(at + 1, score + hypothesis.score());
                self.picked.pop();
            }
            self.taken.truncate(before);
        }
    }

    /// Adds the lines; `false` when an item would be cleared beyond what is open.
    fn takes(&mut self, hypothesis: &Hypothesis, at: usize) -> bool {
        for (item, cleared) in hypothesis.lines.iter() {
            let open = self.book.item(*item).open;
            let so_far: i64 = self.taken.iter().filter(|(i, _, _)| i == item).fold(0, |sum, (_, c, _)| sum.saturating_add(*c));
            let after = so_far.saturating_add(*cleared);
            if after.unsigned_abs() > open.unsigned_abs() {
                return false;
            }
            self.taken.push((*item, *cleared, at));
        }
        true
    }

    fn repeats_hold(&self) -> bool {
        self.picked.iter().enumerate().all(|(at, h)| {
            let (row, list) = self.group[at];
            let repeats = list[*h].repeats;
            if repeats == NONE || self.book.item(repeats).open == 0 || (self.is_settled)(repeats) {
                return true;
            }
            let open = self.book.item(repeats).open;
            let booked = self.book.payment(row).booked;
            self.taken.iter().any(|(item, cleared, by)| {
                let other = self.picked.get(*by).and_then(|h| self.group[*by].1.get(*h));
                // The same money again says the same: an unnamed payment is no double of one that names its item.
                let is_alike = other.is_some_and(|o| o.is_named == list[*h].is_named);
                is_alike
                    && *item == repeats
                    && *cleared == open
                    && *by != at
                    && self.book.payment(self.group[*by].0).booked <= booked
            })
        })
    }
}
