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
    if group.len() > COUNTED_MAX {
        return by_claims(book, group, &chosen, is_settled);
    }
    count(book, group, &chosen, is_settled, states_max.saturating_mul(4))
        .unwrap_or_else(|| by_claims(book, group, &chosen, is_settled))
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

/// One hypothesis of one payment, made ready for counting.
struct Way {
    /// Index of the hypothesis.
    index: usize,
    score: f64,
    /// Items of the group by their own numbers, and how much of each is cleared.
    lines: Vec<(usize, i64)>,
    /// The item that must have been cleared in full by another payment, by its own number.
    repeats: Option<usize>,
    is_named: bool,
}

/// Counts every joint answer; `None` when there are too many, or none is possible.
fn count(
    book: &Book,
    group: &[(u32, &[Hypothesis])],
    chosen: &[Vec<usize>],
    is_settled: &dyn Fn(u32) -> bool,
    steps_max: usize,
) -> Option<Vec<Vec<f64>>> {
    let mut items: Vec<u32> = Vec::new();
    let mut number_of = |item: u32| {
        items.iter().position(|known| *known == item).unwrap_or_else(|| {
            items.push(item);
            items.len() - 1
        })
    };
    let mut ways: Vec<Vec<Way>> = Vec::with_capacity(group.len());
    for ((_, list), keep) in group.iter().zip(chosen) {
        let way = |h: &usize| {
            let hypothesis = &list[*h];
            let repeats = hypothesis.repeats;
            let needs = repeats != NONE && book.item(repeats).open != 0 && !is_settled(repeats);
            Way {
                index: *h,
                score: hypothesis.score(),
                lines: hypothesis.lines.iter().map(|(item, cleared)| (number_of(*item), *cleared)).collect(),
                repeats: needs.then(|| number_of(repeats)),
                is_named: hypothesis.is_named,
            }
        };
        ways.push(keep.iter().map(way).collect());
    }
    let mut search = Count {
        ways: &ways,
        open: items.iter().map(|item| book.item(*item).open).collect(),
        booked: group.iter().map(|(row, _)| book.payment(*row).booked).collect(),
        cleared: vec![0; items.len()],
        in_full: vec![Vec::new(); items.len()],
        repeats: Vec::new(),
        steps: 0,
        steps_max,
        highest: group.iter().map(|(_, list)| list.first().map_or(0.0, Hypothesis::score)).sum(),
        mass: ways.iter().map(|list| vec![0.0; list.len()]).collect(),
        most_left: most_left(&ways),
        best: f64::NEG_INFINITY,
    };
    let total = search.go(0, 0.0);
    if search.steps > steps_max || total <= 0.0 {
        return None;
    }
    let mut out: Vec<Vec<f64>> = group.iter().map(|(_, list)| vec![0.0; list.len()]).collect();
    for ((shares, ways), mass) in out.iter_mut().zip(&ways).zip(&search.mass) {
        for (way, mass) in ways.iter().zip(mass) {
            shares[way.index] = mass / total;
        }
    }
    Some(out)
}

/// The best that all payments from each place on can add.
fn most_left(ways: &[Vec<Way>]) -> Vec<f64> {
    let mut most = vec![0.0; ways.len() + 1];
    for (at, list) in ways.iter().enumerate().rev() {
        most[at] = most[at + 1] + list.iter().map(|way| way.score).fold(f64::NEG_INFINITY, f64::max);
    }
    most
}

/// Joint answers this much below the best found so far are not counted: sixteen thousand of them weigh less than a millionth.
const UNCOUNTED: f64 = 25.0;

struct Count<'a> {
    /// For each payment of the group.
    ways: &'a [Vec<Way>],
    /// What is open of each item.
    open: Vec<i64>,
    booked: Vec<i32>,
    /// What is cleared of each item so far.
    cleared: Vec<i64>,
    /// For each item, the payments that clear it in full with one line, and whether they name it.
    in_full: Vec<Vec<(usize, bool)>>,
    /// Chosen so far and yet to be proved: payment, item, whether it is named.
    repeats: Vec<(usize, usize, bool)>,
    steps: usize,
    steps_max: usize,
    highest: f64,
    mass: Vec<Vec<f64>>,
    most_left: Vec<f64>,
    /// The score of the best joint answer so far.
    best: f64,
}

impl Count<'_> {
    /// The weight of all joint answers that go on from here.
    fn go(&mut self, at: usize, score: f64) -> f64 {
        self.steps += 1;
        if self.steps > self.steps_max {
            return 0.0;
        }
        let ways = self.ways;
        let Some(list) = ways.get(at) else {
            if !self.repeats_hold() {
                return 0.0;
            }
            self.best = self.best.max(score);
            return (score - self.highest).exp();
        };
        if score + self.most_left[at] < self.best - UNCOUNTED {
            return 0.0;
        }
        let mut sum = 0.0;
        for (slot, way) in list.iter().enumerate() {
            let taken = self.take(way, at);
            if taken == way.lines.len() {
                if let Some(item) = way.repeats {
                    self.repeats.push((at, item, way.is_named));
                }
                let weight = self.go(at + 1, score + way.score);
                self.mass[at][slot] += weight;
                sum += weight;
                if way.repeats.is_some() {
                    self.repeats.pop();
                }
            }
            self.give_back(&way.lines[..taken], at);
        }
        sum
    }

    /// Clears the lines one by one until an item would be cleared beyond what is open. How many were.
    fn take(&mut self, way: &Way, at: usize) -> usize {
        for (done, (item, cleared)) in way.lines.iter().enumerate() {
            let after = self.cleared[*item].saturating_add(*cleared);
            if after.unsigned_abs() > self.open[*item].unsigned_abs() {
                return done;
            }
            self.cleared[*item] = after;
            if *cleared == self.open[*item] {
                self.in_full[*item].push((at, way.is_named));
            }
        }
        way.lines.len()
    }

    fn give_back(&mut self, lines: &[(usize, i64)], at: usize) {
        for (item, cleared) in lines {
            self.cleared[*item] = self.cleared[*item].saturating_sub(*cleared);
            if *cleared == self.open[*item] && self.in_full[*item].last().is_some_and(|(by, _)| *by == at) {
                self.in_full[*item].pop();
            }
        }
    }

    fn repeats_hold(&self) -> bool {
        self.repeats.iter().all(|(at, item, is_named)| {
            // The same money again says the same: an unnamed payment is no double of one that names its item.
            self.in_full[*item]
                .iter()
                .any(|(by, by_name)| by_name == is_named && by != at && self.booked[*by] <= self.booked[*at])
        })
    }
}
