//! One joint answer: payments that want the same items are weighed together.
//!
//! For a group of payments, every way to give each payment one of its hypotheses is a joint answer, unless it clears more of an item
//! than is open or calls a payment the duplicate of one that did not happen. The probability of a hypothesis is the weight of the
//! joint answers that hold it over the weight of all: the gap to the best different joint answer, with all others counted too.

mod belief;

use super::book::{Book, NONE};
use super::candidates::{Hypothesis, NEGLIGIBLE, is_free};
use belief::by_claims;

/// Larger groups are weighed by claims and not counted.
const COUNTED_MAX: usize = 16;

/// Probabilities of the hypotheses of each payment of a group, in the order given.
///
/// `group`: payments in order of booking date and id, with their hypotheses, best first. `is_settled`: the item was cleared in the
/// first round. Groups too large to count are weighed by claims.
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Pattern;
    use super::super::book::{BookBuilder, CustomerFields, ItemFields, PaymentFields};
    use super::*;
    use crate::money::{Currency, Money};

    const EUR: &str = "EUR";

    /// Items of 100.00 and payments of a day each.
    fn book(items: usize, payments: usize) -> Book {
        let money = Money::new(10_000, Currency::parse(EUR).unwrap());
        let mut book = BookBuilder::new();
        book.push_customer(&CustomerFields { id: "C", name: "Customer", ..CustomerFields::default() }).unwrap();
        for item in 0..items {
            let (id, number) = (format!("I{item}"), format!("INV-{item}"));
            book.push_item(&ItemFields {
                id: &id,
                customer_id: "C",
                seller_id: "S",
                number: &number,
                issued: None,
                due: None,
                open: money,
                discount_ppm: 0,
                discount_until: None,
                is_on_hold: false,
                contract: None,
            })
            .unwrap();
        }
        for payment in 0..payments {
            let (id, day) = (format!("P{payment:04}"), format!("2026-05-{:02}", payment % 28 + 1));
            book.push_payment(&PaymentFields {
                id: &id,
                booked: day.parse().ok(),
                account: "",
                amount: money,
                payer_name: "",
                payer_iban: "",
                remittance: "",
                structured_reference: "",
                end_to_end_id: "",
                original: None,
                fee: 0,
                is_return: false,
            })
            .unwrap();
        }
        book.build(1)
    }

    fn claim(item: u32, cleared: i64, score: f32) -> Hypothesis {
        Hypothesis {
            pattern: Pattern::ReferenceExact,
            lines: vec![(item, cleared)].into(),
            repeats: NONE,
            weights: [score, 0.0, 0.0, 0.0, 0.0, 0.0],
            fee: 0,
            is_named: true,
            leaves_out: false,
            leaves_own: false,
        }
    }

    fn nothing(score: f32) -> Hypothesis {
        Hypothesis { pattern: Pattern::NoItem, lines: Vec::new().into(), is_named: false, ..claim(0, 0, score) }
    }

    fn sorted(mut list: Vec<Hypothesis>) -> Vec<Hypothesis> {
        list.sort_by(|a, b| b.score().total_cmp(&a.score()));
        list
    }

    fn both(lists: &[Vec<Hypothesis>], items: usize) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
        let book = book(items, lists.len());
        let group: Vec<(u32, &[Hypothesis])> = (0..).zip(lists.iter().map(Vec::as_slice)).collect();
        let chosen: Vec<Vec<usize>> = lists.iter().map(|list| (0..list.len()).collect()).collect();
        let counted = count(&book, &group, &chosen, &|_| false, 10_000_000).unwrap();
        (counted, by_claims(&book, &group, &chosen, &|_| false))
    }

    /// A payment: what it may clear, and how likely it has nothing to do with any of them.
    fn payment(cleared: Vec<i64>) -> impl Strategy<Value = Vec<Hypothesis>> {
        let one = (0..4_u32, prop::sample::select(cleared), -14.0_f32..-1.0);
        (prop::collection::vec(one, 1..4), -12.0_f32..-3.0).prop_map(|(claims, none)| {
            let claims = claims.into_iter().map(|(item, cleared, score)| claim(item, cleared, score));
            sorted(claims.chain([nothing(none)]).collect())
        })
    }

    /// The least that the count gives where belief would settle, and how far they are apart on average.
    fn compared(lists: &[Vec<Hypothesis>]) -> (f64, f64) {
        let (counted, believed) = both(lists, 4);
        let all = || lists.iter().flatten().zip(counted.iter().flatten().zip(believed.iter().flatten()));
        let settling = all().filter(|(hypothesis, (_, believed))| !hypothesis.lines.is_empty() && **believed >= 0.98);
        let least = settling.map(|(_, (counted, _))| *counted).fold(1.0, f64::min);
        let off: f64 = all().map(|(_, (counted, believed))| (counted - believed).abs()).sum();
        (least, off / all().count() as f64)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        #[test]
        fn belief_comes_near_the_count(lists in prop::collection::vec(payment(vec![10_000]), 2..8)) {
            let (least, off) = compared(&lists);
            prop_assert!(least > 0.6 && off < 0.25, "{least} {off}");
        }

        /// Where several may pay parts of one item belief is coarser; that no item is overdrawn is looked at once more for all.
        #[test]
        fn belief_in_parts_does_not_turn_the_answer(lists in prop::collection::vec(payment(vec![4_000, 9_000, 10_000]), 2..8)) {
            let (least, _) = compared(&lists);
            prop_assert!(least > 0.6, "{least}");
        }
    }

    #[test]
    fn many_that_may_do_not_outweigh_one_that_surely_does() {
        // A part of an item, named, and three hundred payments that are a little like the whole of it.
        let sure = vec![claim(0, 4_000, -2.0), nothing(-14.0)];
        let faint = vec![nothing(-3.0), claim(0, 10_000, -7.0)];
        let lists: Vec<Vec<Hypothesis>> = [sure].into_iter().chain(vec![faint; 300]).collect();
        let book = book(1, lists.len());
        let group: Vec<(u32, &[Hypothesis])> = (0..).zip(lists.iter().map(Vec::as_slice)).collect();
        let shares = probabilities(&book, &group, &|_| false, 4000);
        assert!(shares[0][0] > 0.999, "{:?}", shares[0]);
        assert!(shares[1..].iter().all(|share| share[1] < 0.001));
    }

    #[test]
    fn equal_claims_are_a_question_for_all() {
        let equal = vec![claim(0, 10_000, -2.0), nothing(-14.0)];
        let book = book(1, 40);
        let group: Vec<(u32, &[Hypothesis])> = (0..40).map(|row| (row, equal.as_slice())).collect();
        let shares = probabilities(&book, &group, &|_| false, 4000);
        assert!(shares.iter().all(|share| share[0] < 0.1), "{shares:?}");
        assert!(shares.iter().all(|share| (share[0] - shares[0][0]).abs() < 1e-6), "{shares:?}");
    }
}
