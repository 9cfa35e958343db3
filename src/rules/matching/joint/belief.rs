//! What each payment of a large group believes, where all joint answers are too many to count.

use std::collections::HashMap;

use super::super::book::{Book, NONE};
use super::super::candidates::Hypothesis;
use super::soft_max;

/// Rounds of telling and hearing; each halves what is left of the start.
const ROUNDS: usize = 16;

/// Shares below this claim nothing.
const LEAST_CLAIM: f64 = 1e-6;

/// No chance is less than this, so that no odds are without end.
const LEAST_ROOM: f64 = 1e-9;

/// For groups too large to count: sum-product belief propagation between payments and items, which on such one-to-few matchings comes
/// near the count (Huang and Jebara, "Approximating the permanent with belief propagation", 2009).
///
/// A payment tells each item the odds that it takes it, leaving aside what that item told it; an item tells each payment the odds that
/// none of the others leaves too little room. Many that may take an item with little chance then do not outweigh one that surely does.
pub(super) fn by_claims(
    book: &Book,
    group: &[(u32, &[Hypothesis])],
    chosen: &[Vec<usize>],
    is_settled: &dyn Fn(u32) -> bool,
) -> Vec<Vec<f64>> {
    let mut members: Vec<Member<'_>> =
        group.iter().zip(chosen).map(|((row, list), keep)| Member::new(*row, list, keep)).collect();
    for _ in 0..ROUNDS {
        let odds: Vec<Vec<LineOdds>> = members.iter().map(Member::odds).collect();
        let claims = Claims::of(book, &members, &odds);
        for (own, (member, odds)) in members.iter_mut().zip(&odds).enumerate() {
            member.hear(book, own, odds, &claims, is_settled);
        }
    }
    members.into_iter().map(|member| member.shares).collect()
}

/// The part of a line in the odds that a payment takes its item.
struct LineOdds {
    /// Place of the hypothesis.
    at: usize,
    /// Place of the line in it.
    line: usize,
    odds: f64,
}

/// A payment of a group, and what it believes.
struct Member<'a> {
    row: u32,
    list: &'a [Hypothesis],
    /// Shares before any other payment is heard.
    alone: Vec<f64>,
    /// Shares as far as the others are heard.
    shares: Vec<f64>,
    /// What the items said, for each hypothesis and its lines: the chance that there is room.
    room: Vec<Vec<f64>>,
    /// For each hypothesis, the chance that what it repeats has happened; 1 for those that repeat nothing.
    proof: Vec<f64>,
}

impl<'a> Member<'a> {
    fn new(row: u32, list: &'a [Hypothesis], keep: &[usize]) -> Self {
        let scores: Vec<(usize, f64)> = keep.iter().map(|h| (*h, list[*h].score())).collect();
        let alone = soft_max(list.len(), &scores);
        let room = list.iter().map(|h| vec![1.0; h.lines.len()]).collect();
        Self { row, list, shares: alone.clone(), alone, room, proof: vec![1.0; list.len()] }
    }

    /// Hypotheses that claim anything, with their places and shares.
    fn claiming(&self) -> impl Iterator<Item = (usize, &'a Hypothesis, f64)> {
        let shown = self.list.iter().enumerate().zip(&self.shares).filter(|(_, share)| **share > LEAST_CLAIM);
        shown.map(|((at, hypothesis), share)| (at, hypothesis, *share))
    }

    /// The odds of taking each item, for each line of a claiming hypothesis.
    fn odds(&self) -> Vec<LineOdds> {
        let mut taken: HashMap<u32, f64> = HashMap::new();
        for (_, hypothesis, share) in self.claiming() {
            for (item, _) in hypothesis.lines.iter() {
                *taken.entry(*item).or_default() += share;
            }
        }
        let mut out = Vec::new();
        for (at, hypothesis, share) in self.claiming() {
            for (line, (item, _)) in hypothesis.lines.iter().enumerate() {
                let otherwise = (1.0 - taken[item]).max(LEAST_ROOM);
                let odds = (share / self.room[at][line] / otherwise).min(1.0 / LEAST_ROOM);
                out.push(LineOdds { at, line, odds });
            }
        }
        out
    }

    /// Takes what the items say into account. `own`: its place in the group; what it claims itself does not stand against it.
    fn hear(&mut self, book: &Book, own: usize, odds: &[LineOdds], claims: &Claims, is_settled: &dyn Fn(u32) -> bool) {
        let booked = book.payment(self.row).booked;
        let until = |item: u32, is_named: bool| {
            let mine = self.claiming().filter(|(_, h, _)| h.is_named == is_named);
            let mine = mine.flat_map(|(_, h, share)| h.lines.iter().map(move |line| (line, share)));
            let mine: f64 =
                mine.filter(|((i, _), _)| *i == item).map(|((_, cleared), share)| share * part_of(book, item, *cleared)).sum();
            (claims.until(item, booked, is_named) - mine).clamp(LEAST_ROOM, 1.0)
        };
        let room = |item: u32, cleared: i64| {
            let Some(crowd) = claims.crowds.get(&item) else { return 1.0 };
            let open = book.item(item).open.unsigned_abs();
            let lines = odds.iter().map(|of| (self.list[of.at].lines[of.line], of.odds));
            let mine: Vec<(u64, f64)> =
                lines.filter(|((i, _), _)| *i == item).map(|((_, cleared), odds)| (cleared.unsigned_abs(), odds)).collect();
            let ways = |left: u64| crowd.ways(left, open, own, &mine);
            (ways(open.saturating_sub(cleared.unsigned_abs())) / ways(open)).clamp(LEAST_ROOM, 1.0)
        };
        let mut heard = Vec::with_capacity(self.list.len());
        for hypothesis in self.list {
            let repeats = hypothesis.repeats;
            let is_open = repeats != NONE && !is_settled(repeats) && book.item(repeats).open != 0;
            let proof = if is_open { until(repeats, hypothesis.is_named) } else { 1.0 };
            let rooms: Vec<f64> = hypothesis.lines.iter().map(|(item, cleared)| room(*item, *cleared)).collect();
            heard.push((proof, rooms));
        }
        // Half way to what is heard: two payments that want one item would otherwise change their minds together for ever.
        for ((proof, rooms), (new_proof, new_rooms)) in self.proof.iter_mut().zip(&mut self.room).zip(heard) {
            *proof = (*proof * new_proof).sqrt();
            for (room, new) in rooms.iter_mut().zip(new_rooms) {
                *room = (*room * new).sqrt();
            }
        }
        let weights = self.alone.iter().zip(&self.room).zip(&self.proof);
        let weights: Vec<f64> = weights.map(|((alone, rooms), proof)| alone * proof * rooms.iter().product::<f64>()).collect();
        let total: f64 = weights.iter().sum();
        self.shares = weights.into_iter().map(|weight| if total > 0.0 { weight / total } else { 0.0 }).collect();
    }
}

fn part_of(book: &Book, item: u32, cleared: i64) -> f64 {
    cleared as f64 / book.item(item).open as f64
}

/// Who claims how much of each item's open amount: running sums, so that a thousand equal payments of one item are weighed in a
/// thousand steps and not in a million.
#[derive(Default)]
struct Claims {
    /// For each item: day of booking, and the parts of it that unnamed and named claims come to up to here, each by its share.
    dated: HashMap<u32, Vec<(i32, [f64; 2])>>,
    /// Who wants each item.
    crowds: HashMap<u32, Crowd>,
}

/// The claims to one item. Amounts are without their sign.
#[derive(Default)]
struct Crowd {
    /// Odds of all that clear it whole, of which there can be one.
    whole: f64,
    /// The likeliest that clear a part, of which there can be several, in order of payments.
    parts: Vec<Part>,
    /// Other parts, the smallest first, counted as if each came alone; with the odds of all up to it.
    rest: Vec<(u64, f64)>,
}

struct Part {
    /// Place of the payment in the group.
    member: usize,
    cleared: u64,
    odds: f64,
}

/// Parts of an item of which all combinations are counted.
const PARTS_MAX: usize = 8;

impl Crowd {
    fn push(&mut self, part: Part, open: u64) {
        if part.cleared >= open {
            self.whole += part.odds;
        } else {
            self.parts.push(part);
        }
    }

    /// Puts what is beyond [`PARTS_MAX`] aside.
    fn close(&mut self) {
        if self.parts.len() > PARTS_MAX {
            self.parts.sort_by(|a, b| b.odds.total_cmp(&a.odds).then_with(|| (a.member, a.cleared).cmp(&(b.member, b.cleared))));
            self.rest = self.parts.drain(PARTS_MAX..).map(|part| (part.cleared, part.odds)).collect();
            self.rest.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.total_cmp(&b.1)));
            let mut sum = 0.0;
            for (_, odds) in &mut self.rest {
                sum += *odds;
                *odds = sum;
            }
            self.parts.sort_by_key(|part| part.member);
        }
    }

    /// The weight of all ways in which the others clear no more than `left`, where none clearing anything weighs 1. `mine`: what the
    /// payment `own` claims of it, with the odds.
    fn ways(&self, left: u64, open: u64, own: usize, mine: &[(u64, f64)]) -> f64 {
        let fits = |cleared: u64| cleared <= left;
        let mut sum = self.parts_of(0, left, own, None);
        if fits(open) {
            sum += self.whole - mine.iter().filter(|(cleared, _)| *cleared >= open).map(|(_, odds)| odds).sum::<f64>();
        }
        if let Some((_, rest)) = self.rest.partition_point(|(cleared, _)| fits(*cleared)).checked_sub(1).map(|at| self.rest[at]) {
            let parts = mine.iter().filter(|(cleared, _)| *cleared < open && fits(*cleared)).map(|(_, odds)| odds).sum::<f64>();
            let counted =
                self.parts.iter().filter(|part| part.member == own && fits(part.cleared)).map(|part| part.odds).sum::<f64>();
            sum += (rest - (parts - counted)).max(0.0);
        }
        sum.max(1.0)
    }

    /// The same for the combinations of the likeliest parts, from a place on. `last`: the payment that the last of them came from, which
    /// clears the item but once.
    fn parts_of(&self, from: usize, left: u64, own: usize, last: Option<usize>) -> f64 {
        let mut sum = 1.0;
        for (at, part) in self.parts.iter().enumerate().skip(from) {
            if part.member != own && Some(part.member) != last && part.cleared <= left {
                sum += part.odds * self.parts_of(at + 1, left - part.cleared, own, Some(part.member));
            }
        }
        sum
    }
}

impl Claims {
    /// `members` are in order of booking.
    fn of(book: &Book, members: &[Member<'_>], odds: &[Vec<LineOdds>]) -> Self {
        let mut claims = Self::default();
        for (at_member, (member, odds)) in members.iter().zip(odds).enumerate() {
            let booked = book.payment(member.row).booked;
            for LineOdds { at, line, odds } in odds {
                let hypothesis = &member.list[*at];
                let (item, cleared) = hypothesis.lines[*line];
                let sums = claims.dated.entry(item).or_default();
                let mut here = sums.last().map_or([0.0; 2], |(_, sum)| *sum);
                here[usize::from(hypothesis.is_named)] += member.shares[*at] * part_of(book, item, cleared);
                sums.push((booked, here));
                let part = Part { member: at_member, cleared: cleared.unsigned_abs(), odds: *odds };
                claims.crowds.entry(item).or_default().push(part, book.item(item).open.unsigned_abs());
            }
        }
        claims.crowds.values_mut().for_each(Crowd::close);
        claims
    }

    /// Claims of payments booked up to a day, those that name their item or those that do not.
    fn until(&self, item: u32, day: i32, is_named: bool) -> f64 {
        let Some(sums) = self.dated.get(&item) else { return 0.0 };
        let count = sums.partition_point(|(booked, _)| *booked <= day);
        count.checked_sub(1).and_then(|at| sums.get(at)).map_or(0.0, |(_, sum)| sum[usize::from(is_named)])
    }
}
