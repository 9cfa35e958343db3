//! What the text says for and against an answer: the numbers it explains, and those it leaves.

use super::*;

/// What the text costs the answers of one customer: added up once, since nearly all of them leave every number unexplained.
#[derive(Debug, Default)]
pub(super) struct TextCosts {
    pub(super) customer: u32,
    /// For each number, what it costs to leave it unexplained.
    pub(super) left: Vec<f64>,
    /// All of them.
    pub(super) all_left: f64,
    /// For each number: it names an item, and does not stand where a customer's number or a year does.
    pub(super) names_one: Vec<bool>,
    /// Some does.
    pub(super) leaves_out: bool,
    /// For each number: it names an open item of the customer.
    pub(super) own: Vec<bool>,
    /// Some does.
    pub(super) leaves_own: bool,
    /// For each number, how it names whatever it names best.
    pub(super) names: Vec<Level>,
    /// Scratch: for each number, the best weight with which an answer explains it.
    pub(super) best: Vec<f64>,
    /// Scratch: for each number, how it names the answer's items best.
    pub(super) names_own: Vec<Level>,
}

/// What the text costs one answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct TextWeight {
    pub(super) cost: f64,
    /// So many of its items are named.
    pub(super) named: usize,
    /// The text names an item that is not among its items.
    pub(super) leaves_out: bool,
    /// It names in full, or by a list, one of the same customer.
    pub(super) leaves_own: bool,
}

impl Maker<'_> {
    /// What the text costs hypotheses of a customer that leave numbers unexplained.
    pub(super) fn know_text(&mut self, customer: u32) {
        if self.text_costs.customer == customer {
            return;
        }
        let mut costs = std::mem::take(&mut self.text_costs);
        let (w, clues) = (&self.policy.reference, &self.clues);
        costs.customer = customer;
        costs.left.clear();
        costs.names_one.clear();
        (costs.all_left, costs.leaves_out, costs.leaves_own) = (0.0, false, false);
        costs.own.clear();
        costs.own.resize(clues.numbers.len(), false);
        costs.names.clear();
        costs.names.resize(clues.numbers.len(), Level::OneEdit);
        // One pass over the hits: a hostile text has hundreds of numbers with hundreds of hits.
        for hit in &clues.hits {
            let names = &mut costs.names[usize::from(hit.number)];
            *names = hit.level.min(*names);
            if hit.level <= Level::Listed && self.book.item_customer(hit.item) == customer {
                costs.own[usize::from(hit.number)] = true;
            }
        }
        for (number, is_own) in clues.numbers.iter().zip(&costs.own) {
            let names_one = number.origin != Origin::EndToEnd && number.named > 0 && !clues.is_aside(number);
            costs.names_one.push(names_one);
            costs.leaves_out |= names_one;
            let cost = if number.origin == Origin::EndToEnd {
                if number.named > 0 && number.digits >= 5 { w.names_another * 4.0 } else { 0.0 }
            } else {
                costs.leaves_own |= is_own;
                let stray = self.stray_weight(number, w.stray);
                if *is_own {
                    // Old texts are used again; numbers of one's own other invoices are not random.
                    stray.max(w.stale_own - (self.book.items_of(customer).len().max(1) as f64).ln())
                } else {
                    stray
                }
            };
            costs.left.push(cost);
            costs.all_left += cost;
        }
        self.text_costs = costs;
    }

    /// What the text costs a hypothesis with these items.
    pub(super) fn text_weight(&mut self, items: &[(u32, i64)], customer: u32) -> TextWeight {
        self.know_text(customer);
        let (w, clues, costs) = (&self.policy.reference, &self.clues, &mut self.text_costs);
        let is_own = |item: u32| items.iter().any(|(own, _)| *own == item);
        let mut cost = costs.all_left;
        let (mut leaves_out, mut leaves_own) = (costs.leaves_out, costs.leaves_own);
        let mut named = 0_usize;
        if clues.hits.iter().any(|hit| is_own(hit.item)) {
            (cost, leaves_out, leaves_own) = (0.0, false, false);
            costs.best.clear();
            costs.best.resize(clues.numbers.len(), f64::NEG_INFINITY);
            costs.names_own.clear();
            costs.names_own.resize(clues.numbers.len(), Level::OneEdit);
            for hit in clues.hits.iter().filter(|hit| is_own(hit.item)) {
                let at = usize::from(hit.number);
                (costs.best[at], costs.names_own[at]) =
                    (costs.best[at].max(w.level(hit.level)), costs.names_own[at].min(hit.level));
            }
            for (at, number) in clues.numbers.iter().enumerate() {
                if costs.best[at] > f64::NEG_INFINITY {
                    cost += costs.best[at];
                    // A slip of this item that, as it is written, names another.
                    let is_slip = costs.names_own[at] == Level::OneEdit && costs.names[at] < Level::OneEdit;
                    leaves_out |= is_slip && number.origin != Origin::EndToEnd;
                } else {
                    // Another reading of digits that are explained is nothing left over, and still may be what was meant.
                    let mut explained = clues.numbers.iter().zip(&costs.best).filter(|(_, best)| **best > f64::NEG_INFINITY);
                    if !explained.any(|(other, _)| other.overlaps(number)) {
                        cost += costs.left[at];
                    }
                    leaves_out |= costs.names_one[at];
                    leaves_own |= number.origin != Origin::EndToEnd && costs.own[at];
                }
            }
            named = items.iter().filter(|(item, _)| clues.hits.iter().any(|h| h.item == *item)).count();
        }
        let unnamed = items.len() - named;
        if unnamed > 0 {
            if named == 0 {
                cost += w.unnamed;
            } else {
                let each = if clues.is_cut { w.unnamed } else { w.unnamed_among_named };
                cost += each * (unnamed as f64).min(4.0);
            }
        }
        TextWeight { cost, named, leaves_out, leaves_own }
    }

    /// A number nothing explains: digits at random, or the number of another invoice, paid long ago or not the payer's, which is
    /// one of as many as there are.
    pub(super) fn stray_weight(&self, number: &super::super::clues::Number, once: f64) -> f64 {
        let random = self.random_weight(number, once);
        if self.looks_like_ours(number) { random.max(self.policy.reference.stale - self.ln_items) } else { random }
    }

    pub(super) fn random_weight(&self, number: &super::super::clues::Number, once: f64) -> f64 {
        let w = &self.policy.reference;
        let digits = f64::from(u32::from(number.digits).min(w.digits_max));
        let another = if number.named > 0 { w.names_another } else { 0.0 };
        once + w.stray_digit * digits + another
    }

    /// It has as many digits as numbers of this book have.
    pub(in super::super) fn looks_like_ours(&self, number: &super::super::clues::Number) -> bool {
        number.named > 0 || self.book.form_lengths & (1 << u32::from(number.digits).min(63)) != 0
    }
}
