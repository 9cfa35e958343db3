//! The hypotheses of one payment and what each pays for what it leaves unexplained.

mod lumps;
mod payer;
mod text;

use std::collections::HashMap;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::Pattern;
use super::book::{
    Book, ITEM_CREDIT, ITEM_OFF_CONTRACT, ITEM_ON_HOLD, ItemRow, NONE, PAYMENT_RETURN, account_key, folded_payer, word_set_hash,
};
use super::clues::{Clues, Origin, Reads};
use super::lump::{Bounds, Found, combinations};
use super::weights::{Ask, MatchPolicy};
use crate::names::similarity;
use crate::reference::{Level, hash};

use text::{TextCosts, TextWeight};

pub(super) use payer::{AccountClass, NameClass, Payer};

/// Items of one customer whose amounts are compared though they differ and are not named.
const NEAR_MAX: usize = 40;

/// Hypotheses kept for one payment.
pub(super) const KEPT_MAX: usize = 8;

/// One explanation, before it competes.
#[derive(Debug, Clone)]
pub(super) struct Hypothesis {
    pub(super) pattern: Pattern,
    /// Item and how much of its open amount is cleared, minor units of its currency.
    pub(super) lines: Lines,
    /// For a duplicate: the item that was paid before.
    pub(super) repeats: u32,
    /// Prior, reference, payer, amount, date, words.
    pub(super) weights: [f32; 6],
    /// Charges the bank names, counted in; minor units of the payment's currency.
    pub(super) fee: i64,
    /// The text names at least one of its items.
    pub(super) is_named: bool,
    /// The text names an item that is not among its items.
    pub(super) leaves_out: bool,
    /// The text names in full, or by a list, an open item of the same customer that is not among its items.
    pub(super) leaves_own: bool,
}

/// The lines of a hypothesis: nearly always none or one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lines {
    None,
    One([(u32, i64); 1]),
    Many(Box<[(u32, i64)]>),
}

impl Lines {
    const fn one(item: u32, cleared: i64) -> Self {
        Self::One([(item, cleared)])
    }
}

impl From<Vec<(u32, i64)>> for Lines {
    fn from(lines: Vec<(u32, i64)>) -> Self {
        match lines.as_slice() {
            [] => Self::None,
            [one] => Self::One([*one]),
            _ => Self::Many(lines.into_boxed_slice()),
        }
    }
}

impl std::ops::Deref for Lines {
    type Target = [(u32, i64)];

    fn deref(&self) -> &[(u32, i64)] {
        match self {
            Self::None => &[],
            Self::One(one) => one,
            Self::Many(many) => many,
        }
    }
}

/// Hypotheses this much below the best of their payment (natural log) do not compete: together with everything else that could be
/// said against the best they would change its probability in the fifth decimal.
pub(super) const NEGLIGIBLE: f64 = 11.0;

impl Hypothesis {
    pub(super) fn score(&self) -> f64 {
        score_of(&self.weights)
    }
}

fn score_of(weights: &[f32; 6]) -> f64 {
    weights.iter().map(|w| f64::from(*w)).sum()
}

/// Needs no item.
pub(super) fn is_free(hypothesis: &Hypothesis) -> bool {
    hypothesis.lines.is_empty() && hypothesis.repeats == NONE
}

/// What the first round has settled.
#[derive(Debug)]
pub(super) struct Settled<'a> {
    /// For each item, the payment that cleared it, or `NONE`.
    pub(super) by: &'a [u32],
    /// Accounts not on file, by hash, and the one customer they paid for.
    pub(super) learned: &'a HashMap<u64, u32>,
    /// For each item, how many payments of who owes it name it; empty where that is not known.
    pub(super) mentions: &'a [u8],
}

/// Scratch space and shared knowledge for making hypotheses.
pub(super) struct Maker<'a> {
    pub(super) book: &'a Book,
    pub(super) policy: &'a MatchPolicy,
    pub(super) clues: Clues,
    pub(super) payer: Payer,
    customers: Vec<u32>,
    pool: Vec<u32>,
    out: Vec<Hypothesis>,
    ln_customers: f64,
    ln_items: f64,
    /// The weight of the payer for the customers looked at.
    payer_known: Vec<(u32, f64, bool)>,
    rates: HashMap<(u8, u8), Option<Decimal>>,
    /// Some combinations of items were not looked at.
    pub(super) is_incomplete: bool,
    text_costs: TextCosts,
    /// The score of the best hypothesis so far.
    best: f64,
    /// Hypotheses offered, those without a chance included.
    offered: usize,
    /// One item, in full, from its payer or by its number: offered, whether with a chance or not.
    any_exact: bool,
    /// Leave out what has no chance beside the best.
    skips: bool,
    /// Never do.
    is_thorough: bool,
    /// The weight of the most common kind of payment.
    likeliest: f64,
    /// Combinations were not searched because none is possible or could have had a chance.
    has_skipped: bool,
    /// The latter.
    has_skipped_possible: bool,
    /// Several items of one customer come to the amount.
    pub(super) sums_up: bool,
    near: Vec<(u64, i32, u32)>,
    seen: Vec<u32>,
    /// What was done so far.
    work: Work,
}

/// How much was done to find the answers: what bounds are checked against, where a clock would tell more of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Work {
    /// Explanations that were weighed.
    pub hypotheses: u64,
    /// Items whose number was compared with a text one by one.
    pub items_compared: u64,
    /// Steps of the search for items that add up.
    pub combination_steps: u64,
}

impl std::ops::AddAssign for Work {
    fn add_assign(&mut self, other: Self) {
        self.hypotheses = self.hypotheses.saturating_add(other.hypotheses);
        self.items_compared = self.items_compared.saturating_add(other.items_compared);
        self.combination_steps = self.combination_steps.saturating_add(other.combination_steps);
    }
}

impl<'a> Maker<'a> {
    pub(super) fn new(book: &'a Book, policy: &'a MatchPolicy) -> Self {
        Self {
            book,
            policy,
            clues: Clues::default(),
            payer: Payer::default(),
            customers: Vec::new(),
            pool: Vec::new(),
            out: Vec::new(),
            ln_customers: f64::from(book.customer_count().max(1)).ln(),
            ln_items: f64::from(book.item_count().max(100)).ln(),
            payer_known: Vec::new(),
            rates: HashMap::new(),
            is_incomplete: false,
            text_costs: TextCosts { customer: NONE, ..TextCosts::default() },
            best: f64::NEG_INFINITY,
            offered: 0,
            any_exact: false,
            skips: true,
            is_thorough: false,
            likeliest: policy.prior.likeliest(),
            has_skipped: false,
            has_skipped_possible: false,
            sums_up: false,
            near: Vec::new(),
            seen: Vec::new(),
            work: Work::default(),
        }
    }

    /// One that keeps what has no chance too, for those who want to see it.
    pub(super) fn thorough(book: &'a Book, policy: &'a MatchPolicy) -> Self {
        Self { is_thorough: true, ..Self::new(book, policy) }
    }

    /// All hypotheses of a payment, best first; never empty.
    pub(super) fn hypotheses(&mut self, row: u32, settled: &Settled<'_>) -> Vec<Hypothesis> {
        self.hypotheses_of(row, settled, None)
    }

    /// The same; `read`: what the first look has looked up for a run of payments, and the place of this one.
    pub(super) fn hypotheses_of(&mut self, row: u32, settled: &Settled<'_>, read: Option<(&Reads, usize)>) -> Vec<Hypothesis> {
        let text = self.book.payment_text(row);
        let atoms_max = self.policy.limits.atoms;
        if !read.is_some_and(|(reads, at)| self.clues.read_again(&text, atoms_max, reads, at)) {
            self.clues.read(self.book, &text, atoms_max);
        }
        self.know_payer(text.payer_name, text.payer_iban, self.book.payment_amount(row), settled);
        self.payer_known.clear();
        self.choose_customers(row);
        let customers = std::mem::take(&mut self.customers);
        self.payer.by_number = customers.iter().copied().find(|c| self.clues.holds_customer_number(self.book.customer_id(*c)));
        self.clues.read_closely(self.book, &customers, text.payer_name);
        self.compare(row, &customers, settled);
        self.skips = !self.is_thorough;
        let mut out = self.weigh(row, &customers, settled);
        let any = |pattern: Pattern| out.iter().any(|h| h.pattern == pattern);
        let may_sum_up = self.sums_up || self.has_skipped_possible;
        if !self.is_thorough && any(Pattern::PayerExact) && may_sum_up {
            // Whether several items come to the amount as well matters now, however unlikely they are.
            (self.skips, self.is_thorough) = (false, true);
            out = self.weigh(row, &customers, settled);
            self.is_thorough = false;
            self.sums_up = out.iter().any(|h| matches!(h.pattern, Pattern::LumpFound | Pattern::LumpNamed));
            let best = out.first().map_or(0.0, Hypothesis::score);
            out.retain(|h| h.score() >= best - NEGLIGIBLE || is_free(h));
        } else if self.has_skipped && any(Pattern::LumpFound) {
            // Whether every combination was looked at matters now.
            self.skips = false;
            out = self.weigh(row, &customers, settled);
        }
        self.customers = customers;
        out
    }

    /// Compares what is left over of the text with the items of these customers, but for those that could come to nothing.
    fn compare(&mut self, row: u32, customers: &[u32], settled: &Settled<'_>) {
        let mut clues = std::mem::take(&mut self.clues);
        let sure = self.sure_score(&clues, row, settled);
        let items_max = self.policy.limits.customer_items;
        let likeliest = self.likeliest;
        clues.compare(self.book, customers, items_max, |_, customer| {
            self.is_thorough || sure.is_none_or(|sure| likeliest + self.payer_weight(customer).0 >= sure - NEGLIGIBLE - 0.01)
        });
        self.clues = clues;
    }

    /// A score that the best hypothesis reaches for sure: the whole of an open item that is named by its number and paid by its customer.
    fn sure_score(&mut self, clues: &Clues, row: u32, settled: &Settled<'_>) -> Option<f64> {
        let book = self.book;
        let payment = *book.payment(row);
        let own = book.item_currency_code(book.payment_amount(row).currency());
        let hits = clues.hits.iter().filter(|h| h.level <= Level::Zeros);
        let exact = |item: u32| {
            let there = book.item(item);
            there.open == payment.amount && Some(there.currency) == own && there.flags & ITEM_CREDIT == 0
        };
        let hit = *hits.clone().find(|h| exact(h.item) && settled.by[h.item as usize] == NONE)?;
        let customer = book.item_customer(hit.item);
        let (payer, is_known) = self.payer_weight(customer);
        if !is_known {
            return None;
        }
        let w = &self.policy.reference;
        // Every other number costs at most what a stranger's costs that names something.
        let others = clues.numbers.iter().enumerate().filter(|(at, _)| *at != usize::from(hit.number));
        let left: f64 = others
            .map(|(_, n)| {
                if n.origin == Origin::EndToEnd {
                    w.names_another * 4.0
                } else {
                    self.random_weight(n, w.stray) + w.names_another
                }
            })
            .sum();
        let choice = -(book.items_of(customer).len().max(1) as f64).ln();
        let words = {
            let own = std::mem::replace(&mut self.clues.words, clues.words);
            let count = std::mem::replace(&mut self.clues.count, clues.count);
            let cost = self.words_weight(Pattern::ReferenceExact, 1);
            (self.clues.words, self.clues.count) = (own, count);
            cost
        };
        let date = self.date_weight(&[(hit.item, payment.amount)], payment.booked);
        Some(self.policy.prior.exact + choice + w.level(hit.level) + left + payer + date + words)
    }

    /// Makes and ranks the hypotheses with these customers.
    fn weigh(&mut self, row: u32, customers: &[u32], settled: &Settled<'_>) -> Vec<Hypothesis> {
        self.out.clear();
        self.is_incomplete = false;
        (self.has_skipped, self.has_skipped_possible, self.sums_up) = (false, false, false);
        self.any_exact = false;
        self.offered = 0;
        self.best = f64::NEG_INFINITY;
        self.text_costs.customer = NONE;
        let payment = *self.book.payment(row);
        if payment.amount > 0 && payment.flags & PAYMENT_RETURN == 0 {
            for customer in customers {
                self.of_customer(row, *customer, settled);
            }
            if !self.any_exact && !self.is_payer_known() {
                self.by_amount_alone(row, settled);
            }
        }
        self.without_item(row);
        let best = self.out.iter().map(Hypothesis::score).fold(f64::NEG_INFINITY, f64::max);
        // The one way out that needs no item stays, however bad it is.
        let free = self.out.iter().filter(|h| is_free(h)).map(Hypothesis::score).fold(f64::NEG_INFINITY, f64::max);
        let is_thorough = self.is_thorough;
        self.out.retain(|h| is_thorough || h.score() >= best - NEGLIGIBLE || (is_free(h) && h.score() >= free));
        sort_hypotheses(self.book, &mut self.out);
        self.keep_few(payment.booked, settled);
        self.out.drain(..).collect()
    }

    /// Keeps the best, and one that needs no item, however bad it is.
    ///
    /// Where a customer owes one amount many times, not those that other payments name, which will pay them, and of the rest those that
    /// fell due about when the money came: payments without a number would all want the same few, and find them taken.
    fn keep_few(&mut self, booked: i32, settled: &Settled<'_>) {
        /// What it costs an answer that another payment names its item (natural logarithm).
        const NAMED_ELSEWHERE: f64 = 3.0;
        if self.out.len() <= KEPT_MAX {
            return;
        }
        let book = self.book;
        let is_named_elsewhere = |(item, _): &(u32, i64)| self.is_named_elsewhere(*item, settled);
        let rank = |h: &Hypothesis| h.score() - if h.lines.iter().any(is_named_elsewhere) { NAMED_ELSEWHERE } else { 0.0 };
        let days =
            |h: &Hypothesis| h.lines.first().map_or(0, |(item, _)| book.item(*item).due.saturating_sub(booked).unsigned_abs());
        let mut order: Vec<usize> = (0..self.out.len()).collect();
        let place: Vec<(f64, u32)> = self.out.iter().map(|h| (rank(h), days(h))).collect();
        order.sort_by(|a, b| place[*b].0.total_cmp(&place[*a].0).then(place[*a].1.cmp(&place[*b].1)));
        if let Some(free) = order.iter().position(|at| is_free(&self.out[*at]))
            && free >= KEPT_MAX
        {
            order.swap(KEPT_MAX - 1, free);
        }
        order.truncate(KEPT_MAX);
        let mut places = 0..;
        self.out.retain(|_| places.next().is_some_and(|at| order.contains(&at)));
    }

    /// Another payment of who owes it names the item, and this one does not.
    fn is_named_elsewhere(&self, item: u32, settled: &Settled<'_>) -> bool {
        let is_named = settled.mentions.get(item as usize).is_some_and(|count| *count > 0);
        is_named && !self.clues.hits.iter().any(|hit| hit.item == item)
    }

    /// What was done so far.
    pub(super) fn work(&self) -> Work {
        Work { items_compared: self.clues.compared, ..self.work }
    }

    /// Items the text names that are in another currency than the payment, with no rate between them.
    pub(super) fn without_rate(&mut self, row: u32) -> Vec<u32> {
        let currency = self.book.payment_amount(row).currency();
        let mut named: Vec<u32> = self.clues.hits.iter().filter(|h| h.level <= Level::Tail).map(|h| h.item).take(20).collect();
        named.retain(|item| self.book.item_open(*item).currency() != currency);
        named.retain(|item| self.converted(row, *item).is_none());
        named.dedup();
        named
    }

    /// No hypothesis with this score could compete.
    fn has_no_chance(&self, score_most: f64) -> bool {
        // The scores are sums of rounded weights: leave room for that.
        self.skips && score_most < self.best - NEGLIGIBLE - 0.01
    }

    fn date_weight(&self, items: &[(u32, i64)], booked: i32) -> f64 {
        let mut cost = 0.0_f64;
        for (item, _) in items {
            let item = self.book.item(*item);
            if booked != i32::MIN && item.issued != i32::MIN && booked < item.issued {
                cost = cost.min(self.policy.date.before_issue);
            } else if booked != i32::MIN && item.due != i32::MIN {
                let late = booked.saturating_sub(item.due);
                if late > 150 {
                    cost = cost.min(self.policy.date.long_overdue);
                }
                // Of two that are alike, the one that fell due lately is the likelier.
                let months = (f64::from(late.clamp(10, 100)) - 10.0) / 30.0;
                cost = cost.min(self.policy.date.late_month * months);
            }
        }
        cost
    }

    fn words_weight(&self, pattern: Pattern, lines: usize) -> f64 {
        let words = &self.clues.words;
        let mut cost = 0.0;
        let ours = !matches!(pattern, Pattern::NotOurs);
        if words.not_ours > 0 && ours {
            cost -= 5.0 + f64::from(words.not_ours.min(3) - 1);
        }
        if words.part && !matches!(pattern, Pattern::Part | Pattern::Short | Pattern::NotOurs | Pattern::NoItem) {
            cost -= 3.5;
        }
        if words.discount && !matches!(pattern, Pattern::Discount | Pattern::Short | Pattern::Part) {
            cost -= 2.5;
        }
        if words.withholding && !matches!(pattern, Pattern::Withholding | Pattern::Short | Pattern::Part) {
            cost -= 2.5;
        }
        if words.several && lines == 1 {
            cost -= 1.5;
        }
        if let Some(count) = self.clues.count
            && lines > 0
            && usize::from(count) != lines
        {
            cost -= 4.0;
        }
        cost
    }

    #[allow(clippy::too_many_arguments)]
    fn push(&mut self, row: u32, customer: u32, pattern: Pattern, lines: Lines, prior: f64, amount: f64, fee: i64) {
        self.offered += 1;
        self.work.hypotheses += 1;
        let booked = self.book.payment(row).booked;
        let TextWeight { cost: text, named, leaves_out, leaves_own } = self.text_weight(&lines, customer);
        let (payer, is_known) = self.payer_weight(customer);
        let pattern = match pattern {
            Pattern::ReferenceExact if named == 0 && is_known => Pattern::PayerExact,
            Pattern::ReferenceExact if named == 0 => Pattern::Weak,
            Pattern::LumpNamed if named < lines.len() => Pattern::LumpFound,
            other => other,
        };
        self.sums_up |= matches!(pattern, Pattern::LumpFound | Pattern::LumpNamed);
        self.any_exact |= matches!(pattern, Pattern::ReferenceExact | Pattern::PayerExact);
        let count = lines.len();
        if self.has_no_chance(prior + text + payer + amount) {
            return;
        }
        let weights =
            [prior, text, payer, amount, self.date_weight(&lines, booked), self.words_weight(pattern, count)].map(|w| w as f32);
        let score = score_of(&weights);
        if self.out.iter().any(|h| h.repeats == NONE && h.lines == lines && h.score() >= score) {
            return;
        }
        if count > 0 {
            self.out.retain(|h| h.repeats != NONE || h.lines != lines);
        }
        self.best = self.best.max(score);
        self.out.push(Hypothesis { pattern, lines, repeats: NONE, weights, fee, is_named: named > 0, leaves_out, leaves_own });
    }

    /// Everything this customer's items can say.
    fn of_customer(&mut self, row: u32, customer: u32, settled: &Settled<'_>) {
        let book = self.book;
        let payment = *book.payment(row);
        let currency = book.payment_amount(row).currency();
        let own = book.item_currency_code(currency);
        let (payer, is_known) = self.payer_weight(customer);
        if !is_known && self.is_payer_known() && self.has_no_chance(self.likeliest + payer) {
            return;
        }
        let mut pool = std::mem::take(&mut self.pool);
        pool.clear();
        let items = book.items_of(customer);
        pool.extend(
            items
                .clone()
                .filter(|i| settled.by[*i as usize] == NONE && book.item(*i).open != 0)
                .take(self.policy.limits.customer_items),
        );
        let open = pool.iter().filter(|i| Some(book.item(**i).currency) == own && book.item(**i).open > 0).count().max(1);
        let choice = -(open as f64).ln();

        let mut named: Vec<(u32, Level, u16)> = Vec::new();
        for hit in &self.clues.hits {
            if book.item_customer(hit.item) == customer {
                match named.iter_mut().find(|(i, _, _)| *i == hit.item) {
                    Some(known) if known.1 > hit.level => (known.1, known.2) = (hit.level, hit.number),
                    Some(_) => {}
                    None => named.push((hit.item, hit.level, hit.number)),
                }
            }
        }
        named.sort_by(|a, b| a.1.cmp(&b.1).then_with(|| book.item_id(a.0).cmp(book.item_id(b.0))));

        for (item, level, _) in named.iter().take(60).copied() {
            let is_paid = settled.by[item as usize] != NONE || book.item(item).open == 0;
            if is_paid {
                self.duplicate(row, customer, item, choice, settled);
                continue;
            }
            self.relations(row, customer, item, choice, true);
            if level <= Level::Tail {
                self.duplicate(row, customer, item, choice, settled);
            }
        }
        if is_known {
            let limit = self.policy.limits.customer_items;
            let is_owed = |item: &u32| {
                let there = book.item(*item);
                there.open == payment.amount
                    && Some(there.currency) == own
                    && there.flags & ITEM_CREDIT == 0
                    && !named.iter().any(|(i, _, _)| i == item)
            };
            // Those that another payment names come last: of very many not all are offered.
            for is_elsewhere in [false, true] {
                for item in items.clone().take(limit).filter(is_owed) {
                    if self.offered > 60 {
                        break;
                    }
                    if self.is_named_elsewhere(item, settled) != is_elsewhere {
                        continue;
                    }
                    if settled.by[item as usize] == NONE {
                        self.relations(row, customer, item, choice, false);
                    }
                    self.duplicate(row, customer, item, choice, settled);
                }
            }
            // With discount, tax withheld, a fee; parts and rounding: the nearest few, for the person who decides.
            self.near(row, customer, &pool, own, choice, &named);
        }
        let is_open = |item: u32| settled.by[item as usize] == NONE && book.item(item).open != 0;
        let named_open: Vec<(u32, Level, u16)> = named.iter().copied().filter(|(i, _, _)| is_open(*i)).collect();
        // What another payment of the customer names is that one's: no sum is made up with it.
        pool.retain(|item| !self.is_named_elsewhere(*item, settled));
        self.lumps(row, customer, &pool, &named_open, own, is_known);
        self.pool = pool;
    }

    /// Items whose amounts differ, the nearest few.
    fn near(&mut self, row: u32, customer: u32, pool: &[u32], own: Option<u8>, choice: f64, named: &[(u32, Level, u16)]) {
        let book = self.book;
        let paid = book.payment(row).amount;
        let (prior, amount) = (&self.policy.prior, &self.policy.amount);
        let likeliest = [
            prior.discount - 0.1,
            prior.withholding - 0.1,
            prior.short - 0.1,
            prior.other_currency - 0.1,
            prior.part + amount.part_round.max(amount.part_any),
            prior.short + amount.fee_usual.max(amount.fee_any),
            prior.over + amount.over_round.max(amount.over_any),
        ];
        let likeliest = likeliest.into_iter().fold(f64::NEG_INFINITY, f64::max);
        let (payer, _) = self.payer_weight(customer);
        self.know_text(customer);
        let text = self.text_costs.all_left + self.policy.reference.unnamed;
        if self.has_no_chance(likeliest + choice + payer + text) {
            return;
        }
        let mut near = std::mem::take(&mut self.near);
        near.clear();
        near.extend(pool.iter().filter_map(|i| {
            let there = book.item(*i);
            let differs = there.flags & ITEM_CREDIT == 0 && !(there.open == paid && Some(there.currency) == own);
            differs.then_some((there.open.abs_diff(paid), there.issued, *i))
        }));
        if near.len() > NEAR_MAX {
            // A stable order by amount and date: the pool is in order already.
            near.sort_by_key(|(difference, issued, _)| (*difference, *issued));
            near.truncate(NEAR_MAX);
        }
        for (_, _, item) in &near {
            if !named.iter().any(|(i, _, _)| i == item) {
                self.relations(row, customer, *item, choice, false);
            }
        }
        self.near = near;
    }

    /// One item against the amount: exact, less or more, with what could explain the difference.
    fn relations(&mut self, row: u32, customer: u32, item: u32, choice: f64, is_named: bool) {
        let (book, policy) = (self.book, self.policy);
        let (payment, there) = (*book.payment(row), *book.item(item));
        if there.flags & ITEM_CREDIT != 0 {
            return;
        }
        let money = book.payment_amount(row);
        let (paid, open) = (payment.amount, there.open);
        let extra = book.extra(&payment);
        if book.item_currency(there.currency) != money.currency() {
            self.exchange(row, customer, item, choice);
            return;
        }
        let (prior, amount) = (&policy.prior, &policy.amount);
        if paid == open {
            self.push(row, customer, Pattern::ReferenceExact, Lines::one(item, open), prior.exact + choice, 0.0, 0);
            return;
        }
        let unit = 10_i64.saturating_pow(money.currency().exponent());
        // What the contract says was paid, or what is off by no more than this customer is allowed.
        let by_contract = there.flags & ITEM_OFF_CONTRACT != 0 && book.contract(item) == Some(paid);
        if by_contract || (paid - open).unsigned_abs() <= book.tolerance(customer, money.currency()).unsigned_abs() {
            let (pattern, prior) = if paid < open { (Pattern::Short, prior.short) } else { (Pattern::Over, prior.over) };
            self.push(row, customer, pattern, Lines::one(item, paid.min(open)), prior + choice, amount.allowed, 0);
            return;
        }
        if paid < open {
            let short = open - paid;
            if book.has_terms()
                && let Some(terms) = book.terms(item)
            {
                let discount = share(open, terms.ppm);
                if short.abs_diff(discount) <= 1 {
                    if payment.booked != i32::MIN && payment.booked <= terms.until {
                        let exactness = if short == discount { -0.1 } else { -2.0 };
                        self.push(
                            row,
                            customer,
                            Pattern::Discount,
                            Lines::one(item, open),
                            prior.discount + choice,
                            exactness,
                            0,
                        );
                    } else {
                        self.push(row, customer, Pattern::Short, Lines::one(item, paid), prior.discount + choice - 1.0, -0.1, 0);
                    }
                    return;
                }
            }
            let withheld = book.customer(customer).withholding_ppm;
            if withheld > 0 && short.abs_diff(share(open, withheld)) <= 1 {
                self.push(row, customer, Pattern::Withholding, Lines::one(item, open), prior.withholding + choice, -0.1, 0);
                self.push(row, customer, Pattern::Part, Lines::one(item, paid), prior.withholding + choice, -0.8, 0);
                return;
            }
            if extra.fee > 0 && short == extra.fee {
                if policy.settle.named_fee == Ask::Clear {
                    self.push(row, customer, Pattern::Short, Lines::one(item, open), prior.short + choice, -0.1, extra.fee);
                } else {
                    self.push(row, customer, Pattern::Short, Lines::one(item, open), prior.short + choice, -0.5, extra.fee);
                    self.push(row, customer, Pattern::Short, Lines::one(item, paid), prior.short + choice, -0.9, 0);
                }
                return;
            }
            let fee_max = policy.tolerance.fee_units.saturating_mul(unit);
            let is_fee = short <= fee_max && short.saturating_mul(5) <= open;
            let fee = if short % (unit / 2).max(1) == 0 { amount.fee_usual } else { amount.fee_any };
            let part = if is_round_part(paid, open, unit) { amount.part_round } else { amount.part_any };
            let (as_fee, as_part) = (prior.short + fee, prior.part + part);
            if is_fee && as_fee >= as_part {
                self.push(row, customer, Pattern::Short, Lines::one(item, paid), prior.short + choice, fee, 0);
            } else if is_named || part > amount.part_any || is_fee {
                self.push(row, customer, Pattern::Part, Lines::one(item, paid), prior.part + choice, part, 0);
            } else {
                self.push(row, customer, Pattern::Part, Lines::one(item, paid), prior.part + choice, amount.part_any, 0);
            }
        } else {
            let over = paid - open;
            let round = over % unit == 0 || paid % (unit * 10).max(1) == 0;
            let cost = if round { amount.over_round } else { amount.over_any };
            // Twice or ten times what is owed is rarely an overpayment.
            let far = if over > open { -3.0 } else { 0.0 };
            self.push(row, customer, Pattern::Over, Lines::one(item, open), prior.over + choice + far, cost, 0);
        }
    }

    /// An item in another currency than the payment.
    fn exchange(&mut self, row: u32, customer: u32, item: u32, choice: f64) {
        let book = self.book;
        let (payment, there) = (*book.payment(row), *book.item(item));
        let prior = self.policy.prior.other_currency;
        if let Some(original) = book.extra(&payment).original
            && original == book.item_open(item)
        {
            self.push(row, customer, Pattern::OtherCurrency, Lines::one(item, there.open), prior + choice, -0.1, 0);
            return;
        }
        let Some(expected) = self.converted(row, item) else { return };
        let difference = expected.abs_diff(payment.amount);
        let tolerance = (expected as f64 * self.policy.tolerance.exchange_percent / 100.0).max(1.0);
        if (difference as f64) <= tolerance {
            // Near the rate is likelier than at the edge of the tolerance.
            let off = difference as f64 / tolerance;
            let cost = self.policy.amount.exchange_any - 1.5 * off * off;
            self.push(row, customer, Pattern::OtherCurrency, Lines::one(item, there.open), prior + choice, cost, 0);
        }
    }

    /// An item's open amount in the currency of the payment, at the book's rates.
    pub(super) fn converted(&mut self, row: u32, item: u32) -> Option<i64> {
        let book = self.book;
        let (payment, there) = (book.payment(row), book.item(item));
        let (from, to) = (book.item_currency(there.currency), book.payment_amount(row).currency());
        let rate = *self.rates.entry((there.currency, payment.currency)).or_insert_with(|| {
            let (a, b) = (book.rate(from)?, book.rate(to)?);
            b.checked_div(a)
        });
        book.item_open(item)
            .to_decimal()
            .checked_mul(rate?)?
            .checked_mul(Decimal::from(10_i64.checked_pow(to.exponent())?))?
            .round()
            .to_i64()
    }

    /// The same money again, or an item that was paid before.
    fn duplicate(&mut self, row: u32, customer: u32, item: u32, choice: f64, settled: &Settled<'_>) {
        let book = self.book;
        let (payment, there) = (*book.payment(row), *book.item(item));
        if there.open != 0 && there.open != payment.amount {
            return;
        }
        if there.open != 0 && book.item_currency(there.currency) != book.payment_amount(row).currency() {
            return;
        }
        let by = settled.by[item as usize];
        if by != NONE && (book.payment(by).booked > payment.booked || by == row) {
            return;
        }
        let (payer, _) = self.payer_weight(customer);
        self.offered += 1;
        self.work.hypotheses += 1;
        let TextWeight { cost: text, named, leaves_out, leaves_own } = self.text_weight(&[(item, 0)], customer);
        let mut prior = self.policy.prior.duplicate + choice;
        if by == NONE && there.open != 0 {
            // Only where another payment of this book takes the item; the joint answer sees to that.
            prior -= 0.1;
        }
        if there.open == 0 {
            prior -= 1.0;
        }
        if by != NONE && named == 0 {
            // The payment before named it; the same money again would too.
            prior -= 3.0;
        }
        let weights = [prior, text, payer, 0.0, 0.0, self.words_weight(Pattern::Duplicate, 1)].map(|w| w as f32);
        let score = score_of(&weights);
        if self.has_no_chance(score) || self.out.iter().any(|h| h.pattern == Pattern::Duplicate && h.repeats == item) {
            return;
        }
        self.best = self.best.max(score);
        self.out.push(Hypothesis {
            pattern: Pattern::Duplicate,
            lines: Lines::None,
            repeats: item,
            weights,
            fee: 0,
            is_named: named > 0,
            leaves_out,
            leaves_own,
        });
    }

    /// The payer is unknown: items of the same amount, by what else fits.
    fn by_amount_alone(&mut self, row: u32, settled: &Settled<'_>) {
        let book = self.book;
        let money = book.payment_amount(row);
        let Some(currency) = book.item_currency_code(money.currency()) else { return };
        if book.count_of_amount(currency, money.minor()) > 300 {
            return;
        }
        let mut scored: Vec<(u16, u32)> = Vec::new();
        for item in book.items_of_amount(currency, money.minor()) {
            if settled.by[item as usize] != NONE || self.out.iter().any(|h| h.lines.first().is_some_and(|l| l.0 == item)) {
                continue;
            }
            let customer = book.item_customer(item);
            let alike = if self.payer.name.is_empty() {
                0
            } else {
                book.customer_names(customer).map(|n| similarity(n, &self.payer.name)).max().unwrap_or(0)
            };
            scored.push((alike, item));
        }
        scored.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| book.item_id(a.1).cmp(book.item_id(b.1))));
        for (_, item) in scored.into_iter().take(6) {
            let customer = book.item_customer(item);
            let n = book.items_of(customer).len().max(1);
            self.relations(row, customer, item, -(n as f64).ln(), false);
        }
    }

    /// What needs no item: not ours, and something that is not in the book.
    fn without_item(&mut self, row: u32) {
        let book = self.book;
        let w = self.policy;
        let payment = book.payment(row);
        let money = book.payment_amount(row);
        // In a small book every amount is rare among few; an odd amount is no more telling for that, nor less.
        let total = f64::from(book.item_count().max(3000));
        let count = book.item_currency_code(money.currency()).map_or(0, |code| book.count_of_amount(code, payment.amount));
        // How common the amount is among open items: what stands against "it cannot be chance".
        let chance = ((count as f64).max(0.3) / total).ln().max(-13.0);
        let numbers = || self.clues.numbers.iter().filter(|n| n.origin != Origin::EndToEnd);
        // A stranger's numbers are no numbers of ours; money for what is not in the book may carry one.
        let once = w.reference.stray_by_answer;
        let stray_of_stranger: f64 = numbers().map(|n| self.random_weight(n, once)).sum();
        let is_customer = self.is_payer_known();
        let stray: f64 = numbers()
            .map(|n| if is_customer || n.named > 0 { self.stray_weight(n, once) } else { self.random_weight(n, once) })
            .sum();
        let payer_is_customer = self.is_payer_known();
        let is_money_out = payment.amount <= 0 || payment.flags & PAYMENT_RETURN != 0;
        let words = self.words_weight(Pattern::NotOurs, 0) + if self.clues.words.not_ours > 0 { -0.3 } else { -1.8 };
        let stranger = if payer_is_customer { w.payer.stranger - 2.5 } else { -0.3 };
        let not_ours = [w.prior.not_ours, stray_of_stranger, stranger, chance, 0.0, words];
        let no_item_payer = if payer_is_customer { -0.2 } else { -0.7 };
        let no_item_words = self.words_weight(Pattern::NoItem, 0);
        let no_item = [w.prior.no_item, stray, no_item_payer, chance, 0.0, no_item_words];
        for (pattern, weights) in [(Pattern::NotOurs, not_ours), (Pattern::NoItem, no_item)] {
            if pattern == Pattern::NoItem && is_money_out && !payer_is_customer {
                continue;
            }
            self.out.push(Hypothesis {
                pattern,
                lines: Lines::None,
                repeats: NONE,
                weights: weights.map(|w| w as f32),
                fee: 0,
                is_named: false,
                leaves_out: false,
                leaves_own: false,
            });
        }
    }
}

/// Best first; equal ones by pattern and the ids of their items, never by the order of the files.
pub(super) fn sort_hypotheses(book: &Book, list: &mut [Hypothesis]) {
    list.sort_by(|a, b| {
        b.score().total_cmp(&a.score()).then(a.pattern.cmp(&b.pattern)).then_with(|| {
            let (mine, others) = (a.lines.iter().map(|(i, _)| book.item_id(*i)), b.lines.iter().map(|(i, _)| book.item_id(*i)));
            mine.cmp(others).then_with(|| {
                let id = |h: &Hypothesis| if h.repeats == NONE { "" } else { book.item_id(h.repeats) };
                id(a).cmp(id(b))
            })
        })
    });
}

/// Some item of the lines may not settle without a person.
pub(super) fn touches(book: &Book, lines: &[(u32, i64)], flag: u8) -> bool {
    lines.iter().any(|(item, _)| book.item(*item).flags & flag != 0)
}

/// On hold.
pub(super) fn is_withheld(book: &Book, lines: &[(u32, i64)]) -> bool {
    touches(book, lines, ITEM_ON_HOLD)
}

/// A share of an amount, half up: how invoices print their discount.
pub(super) fn share(amount: i64, ppm: u32) -> i64 {
    let exact = i128::from(amount) * i128::from(ppm);
    i64::try_from((exact + 500_000).div_euclid(1_000_000)).unwrap_or(0)
}

/// A part people choose: a half, a third, a quarter, a fifth, tenths; or a round sum.
fn is_round_part(paid: i64, open: i64, unit: i64) -> bool {
    let (paid, open) = (i128::from(paid), i128::from(open));
    let near = |n: i128, d: i128| (paid * d - open * n).abs() <= d;
    let fraction = [(1, 2), (1, 3), (2, 3), (1, 4), (3, 4)].iter().any(|(n, d)| near(*n, *d)) || (1..10).any(|n| near(n, 10));
    fraction || paid % i128::from(unit.saturating_mul(50).max(1)) == 0
}

/// ln of the chance of just this combination: how many items (two are likeliest), and which.
fn ln_choice(n: usize, k: usize) -> f64 {
    let k_weight = -1.0 - 0.25 * (k.saturating_sub(2) as f64);
    let mut ln_combinations = 0.0;
    let k = k.min(n);
    let small = k.min(n - k);
    for at in 0..small {
        ln_combinations += ((n - at) as f64 / (at + 1) as f64).ln();
    }
    k_weight - ln_combinations
}
