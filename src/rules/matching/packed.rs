//! What the close look keeps of a million payments, packed: no allocation and no pointer for a payment.
#![allow(clippy::arithmetic_side_effects)] // Row and offset arithmetic.

use std::collections::HashMap;

use super::Pattern;
use super::book::NONE;
use super::candidates::{Hypothesis, Lines, NEGLIGIBLE, Work};
use super::run::Close;
use crate::reference::Level;

/// A hypothesis in 48 bytes: nothing in it is aligned to more than four, so nothing is padded.
#[derive(Debug, Clone, Copy)]
struct Kept {
    /// See [`Kept::value`].
    value: [u32; 2],
    /// See [`Kept::cleared`].
    cleared: [u32; 2],
    /// Of no line: the item of a duplicate, or `NONE`. Of one: the item. Of several: the first in `lines`.
    item: u32,
    lines: u16,
    weights: [f32; 6],
    pattern: Pattern,
    flags: u8,
}

const _: () = assert!(size_of::<Kept>() == 48);

/// The lower half, and the upper.
#[allow(clippy::cast_possible_truncation)] // Cut in two on purpose.
const fn halves(bits: u64) -> [u32; 2] {
    [bits as u32, (bits >> 32) as u32]
}

fn whole([lower, upper]: [u32; 2]) -> u64 {
    u64::from(upper) << 32 | u64::from(lower)
}

impl Kept {
    /// The score; after the joint answer, the probability.
    fn value(&self) -> f64 {
        f64::from_bits(whole(self.value))
    }

    fn set_value(&mut self, value: f64) {
        self.value = halves(value.to_bits());
    }

    /// Of one line: what is cleared.
    fn cleared(&self) -> i64 {
        whole(self.cleared).cast_signed()
    }

    /// For a duplicate: the item that was paid before; `NONE` for every other. A duplicate clears nothing.
    fn repeats(&self) -> u32 {
        if self.lines == 0 { self.item } else { NONE }
    }
}

const NAMED: u8 = 1;
const LEAVES_OUT: u8 = 2;
const LEAVES_OWN: u8 = 4;
const STRAY: u8 = 8;
const SLIP: u8 = 16;

/// A payment: where its parts begin, and how many there are.
#[derive(Debug, Clone, Copy)]
struct Entry {
    kept: u32,
    named: u32,
    count: u8,
    named_count: u8,
    flags: u16,
    /// How many items the text speaks of, 0 for a text that does not say.
    spoken: u8,
    named_customers: u8,
}

/// What was seen of a run of payments.
#[derive(Debug, Default)]
pub(super) struct Packed {
    entries: Vec<Entry>,
    kept: Vec<Kept>,
    lines: Vec<(u32, i64)>,
    named: Vec<(u32, Level)>,
    /// Charges counted in, by place in `kept`; few payments have any.
    fees: HashMap<u32, i64>,
    /// By place in `entries`.
    without_rate: HashMap<u32, Vec<u32>>,
    /// What it took.
    pub(super) work: Work,
}

fn narrow(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(NONE)
}

impl Packed {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Adds the next payment. Probabilities come later.
    pub(super) fn push(&mut self, close: &Close) {
        let at = narrow(self.entries.len());
        let (kept, named) = (narrow(self.kept.len()), narrow(self.named.len()));
        for (place, hypothesis) in close.hypotheses.iter().enumerate() {
            let is = |list: &[bool], flag: u8| if list.get(place).is_some_and(|b| *b) { flag } else { 0 };
            let flag = |is: bool, flag: u8| if is { flag } else { 0 };
            let flags = flag(hypothesis.is_named, NAMED)
                | flag(hypothesis.leaves_out, LEAVES_OUT)
                | flag(hypothesis.leaves_own, LEAVES_OWN)
                | is(&close.stray, STRAY)
                | is(&close.slips, SLIP);
            if hypothesis.fee != 0 {
                self.fees.insert(narrow(self.kept.len()), hypothesis.fee);
            }
            let (item, cleared) = match &*hypothesis.lines {
                [] => (hypothesis.repeats, 0),
                [one] => *one,
                several => {
                    let from = narrow(self.lines.len());
                    self.lines.extend_from_slice(several);
                    (from, 0)
                }
            };
            self.kept.push(Kept {
                value: halves(hypothesis.score().to_bits()),
                cleared: halves(cleared.cast_unsigned()),
                item,
                lines: u16::try_from(hypothesis.lines.len()).unwrap_or(u16::MAX),
                weights: hypothesis.weights,
                pattern: hypothesis.pattern,
                flags,
            });
        }
        let named_count = close.named.len().min(usize::from(u8::MAX));
        self.named.extend(close.named.iter().take(named_count));
        if !close.without_rate.is_empty() {
            self.without_rate.insert(at, close.without_rate.clone());
        }
        self.entries.push(Entry {
            kept,
            named,
            count: u8::try_from(close.hypotheses.len()).unwrap_or(u8::MAX),
            named_count: u8::try_from(named_count).unwrap_or(u8::MAX),
            flags: close.flags(),
            spoken: close.count.unwrap_or(0),
            named_customers: u8::try_from(close.named_customers).unwrap_or(u8::MAX),
        });
    }

    /// Gives back room that was kept for more.
    pub(super) fn finish(mut self) -> Self {
        self.entries.shrink_to_fit();
        self.kept.shrink_to_fit();
        self.lines.shrink_to_fit();
        self.named.shrink_to_fit();
        self
    }

    fn kept(&self, at: usize) -> &[Kept] {
        self.entries.get(at).map_or(&[], |entry| &self.kept[entry.kept as usize..entry.kept as usize + usize::from(entry.count)])
    }

    fn lines(&self, kept: &Kept) -> Lines {
        match kept.lines {
            0 => Lines::None,
            1 => Lines::One([(kept.item, kept.cleared())]),
            count => Lines::Many(self.lines[kept.item as usize..kept.item as usize + usize::from(count)].into()),
        }
    }

    /// A payment with its hypotheses. Their probabilities are scores before [`Packed::set_shares`].
    pub(super) fn get(&self, at: usize) -> Close {
        let Some(entry) = self.entries.get(at) else { return Close::default() };
        let kept = self.kept(at);
        let hypotheses = kept.iter().enumerate().map(|(place, kept)| Hypothesis {
            pattern: kept.pattern,
            lines: self.lines(kept),
            repeats: kept.repeats(),
            weights: kept.weights,
            fee: if self.fees.is_empty() { 0 } else { self.fees.get(&(entry.kept + narrow(place))).copied().unwrap_or(0) },
            is_named: kept.flags & NAMED != 0,
            leaves_out: kept.flags & LEAVES_OUT != 0,
            leaves_own: kept.flags & LEAVES_OWN != 0,
        });
        let named = entry.named as usize..entry.named as usize + usize::from(entry.named_count);
        let mut close = Close {
            hypotheses: hypotheses.collect(),
            probabilities: kept.iter().map(Kept::value).collect(),
            named: self.named[named].to_vec(),
            stray: kept.iter().map(|k| k.flags & STRAY != 0).collect(),
            slips: kept.iter().map(|k| k.flags & SLIP != 0).collect(),
            without_rate: self.without_rate.get(&narrow(at)).cloned().unwrap_or_default(),
            named_customers: usize::from(entry.named_customers),
            count: Some(entry.spoken).filter(|count| *count > 0),
            ..Close::default()
        };
        close.set_flags(entry.flags);
        close
    }

    /// Items a payment wants with hypotheses not far below its best. `is_settled`: cleared before.
    pub(super) fn wanted(&self, at: usize, depth: f64, is_settled: impl Fn(u32) -> bool, mut give: impl FnMut(u32)) {
        let kept = self.kept(at);
        let best = kept.first().map_or(0.0, Kept::value);
        for one in kept.iter().filter(|k| k.value() >= best - depth) {
            match one.lines {
                0 => {}
                1 => give(one.item),
                count => {
                    self.lines[one.item as usize..one.item as usize + usize::from(count)]
                        .iter()
                        .for_each(|(item, _)| give(*item));
                }
            }
            if one.repeats() != NONE && !is_settled(one.repeats()) {
                give(one.repeats());
            }
        }
    }

    /// Probabilities of a payment that no other payment competes with: the shares of its hypotheses, as
    /// [`super::joint::probabilities`] gives them. `is_possible`: the item of a duplicate has been paid.
    pub(super) fn settle_alone(&mut self, at: usize, is_possible: impl Fn(u32) -> bool) {
        let Some(entry) = self.entries.get(at) else { return };
        let kept = &mut self.kept[entry.kept as usize..entry.kept as usize + usize::from(entry.count)];
        let best = kept.first().map_or(0.0, Kept::value);
        let counts = |k: &Kept| k.value() >= best - NEGLIGIBLE && (k.repeats() == NONE || is_possible(k.repeats()));
        let is_free = |k: &Kept| k.lines == 0 && k.repeats() == NONE;
        let any_free = kept.iter().any(|k| counts(k) && is_free(k));
        // One way out that needs no item.
        let free = if any_free { None } else { kept.iter().position(is_free) };
        let highest = kept
            .iter()
            .enumerate()
            .filter(|(n, k)| counts(k) || Some(*n) == free)
            .map(|(_, k)| k.value())
            .fold(f64::NEG_INFINITY, f64::max);
        let mut total = 0.0;
        for (_, one) in kept.iter().enumerate().filter(|(n, k)| counts(k) || Some(*n) == free) {
            total += (one.value() - highest).exp();
        }
        let shares: [f64; 16] = std::array::from_fn(|n| {
            kept.get(n).filter(|k| counts(k) || Some(n) == free).map_or(0.0, |k| (k.value() - highest).exp() / total)
        });
        for (one, share) in kept.iter_mut().zip(shares) {
            one.set_value(share);
        }
    }

    pub(super) fn set_shares(&mut self, at: usize, shares: &[f64]) {
        let Some(entry) = self.entries.get(at) else { return };
        let kept = &mut self.kept[entry.kept as usize..entry.kept as usize + usize::from(entry.count)];
        kept.iter_mut().zip(shares).for_each(|(one, share)| one.set_value(*share));
    }

    /// Another payment wants the same items.
    pub(super) fn set_contested(&mut self, at: usize, is_contested: bool) {
        if let Some(entry) = self.entries.get_mut(at) {
            entry.flags = if is_contested { entry.flags | Close::CONTESTED } else { entry.flags & !Close::CONTESTED };
        }
    }

    /// The lines of one hypothesis.
    pub(super) fn lines_of(&self, at: usize, hypothesis: usize) -> Lines {
        self.kept(at).get(hypothesis).map_or(Lines::None, |kept| self.lines(kept))
    }
}

/// Runs of payments, each packed by the thread that looked at them.
#[derive(Debug, Default)]
pub(super) struct PackedRuns {
    runs: Vec<Packed>,
    /// The first payment of each run.
    from: Vec<u32>,
    count: usize,
}

impl PackedRuns {
    pub(super) fn new(runs: Vec<Packed>) -> Self {
        let mut from = Vec::with_capacity(runs.len());
        let mut count = 0;
        for run in &runs {
            from.push(narrow(count));
            count += run.len();
        }
        Self { runs, from, count }
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// What all runs took.
    pub(super) fn work(&self) -> Work {
        self.runs.iter().fold(Work::default(), |mut sum, run| {
            sum += run.work;
            sum
        })
    }

    fn place(&self, at: u32) -> (usize, usize) {
        let run = self.from.partition_point(|from| *from <= at).saturating_sub(1);
        (run, (at - self.from.get(run).copied().unwrap_or(0)) as usize)
    }

    /// The run of a payment, and its place there.
    pub(super) fn of(&self, at: u32) -> Option<(&Packed, usize)> {
        let (run, place) = self.place(at);
        self.runs.get(run).filter(|run| place < run.len()).map(|run| (run, place))
    }

    pub(super) fn of_mut(&mut self, at: u32) -> Option<(&mut Packed, usize)> {
        let (run, place) = self.place(at);
        self.runs.get_mut(run).filter(|run| place < run.len()).map(|run| (run, place))
    }

    pub(super) fn get(&self, at: u32) -> Close {
        self.of(at).map_or_else(Close::default, |(run, place)| run.get(place))
    }
}
