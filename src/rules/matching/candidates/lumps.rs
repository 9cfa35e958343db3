//! Several items of one customer that one payment settles together.

use super::*;

/// Steps of a search for as many items as the text says: few texts say it, and the answer is worth having.
const COUNTED_STEPS_MAX: usize = 60_000;

impl Maker<'_> {
    /// Several items of one customer.
    pub(super) fn lumps(
        &mut self,
        row: u32,
        customer: u32,
        pool: &[u32],
        named: &[(u32, Level, u16)],
        own: Option<u8>,
        is_known: bool,
    ) {
        let book = self.book;
        let target = book.payment(row).amount;
        let limit = self.policy.limits.lump_items;
        let n = pool.iter().filter(|i| Some(book.item(**i).currency) == own).count();
        if n < 2 {
            return;
        }
        let prior = self.policy.prior.lump;
        // One item a number: where a number fits several items, which one is open.
        let mut base: Vec<u32> = Vec::new();
        let mut open_numbers = false;
        for (at, _) in self.clues.numbers.iter().enumerate() {
            let mut best: Option<(Level, u32)> = None;
            let mut tie = false;
            let mut listed = Vec::new();
            for (item, level, number) in named {
                if usize::from(*number) != at || Some(book.item(*item).currency) != own {
                    continue;
                }
                if *level == Level::Listed {
                    listed.push(*item);
                    continue;
                }
                match best {
                    Some((l, _)) if l < *level => {}
                    Some((l, _)) if l == *level => tie = true,
                    _ => {
                        best = Some((*level, *item));
                        tie = false;
                    }
                }
            }
            for item in listed.into_iter().chain(best.filter(|_| !tie).map(|(_, i)| i)) {
                if !base.contains(&item) {
                    base.push(item);
                }
            }
            open_numbers |= tie;
        }
        if base.len() <= 1 && !open_numbers && self.is_lump_hopeless(customer, pool, own, target, n, is_known) {
            return;
        }
        let items: Vec<u32> = pool.iter().copied().filter(|i| Some(book.item(*i).currency) == own).collect();
        let sum = |set: &[u32]| set.iter().fold(0_i64, |s, i| s.saturating_add(book.item(*i).open));
        let mut done = false;
        if base.len() >= 2 && base.len() <= limit {
            let total = sum(&base);
            let lines = |set: &[u32]| set.iter().map(|i| (*i, book.item(*i).open)).collect::<Vec<_>>();
            let choice = ln_choice(n, base.len());
            if total == target {
                self.push_lump(row, customer, lines(&base), prior + choice, 0.0);
                done = true;
            } else if target < total {
                // All of it less a discount that every item grants.
                let booked = book.payment(row).booked;
                let discounts: i64 = base
                    .iter()
                    .filter_map(|i| {
                        book.terms(*i)
                            .filter(|t| booked != i32::MIN && booked <= t.until)
                            .map(|t| share(book.item(*i).open, t.ppm))
                    })
                    .fold(0, i64::saturating_add);
                if discounts > 0 && total.saturating_sub(discounts).abs_diff(target) <= base.len() as u64 {
                    let exact = if total.saturating_sub(discounts) == target { -0.3 } else { -2.5 };
                    self.push_as(row, customer, Pattern::Discount, lines(&base), prior + choice - 1.5, exact);
                } else {
                    // Short over several: which of them stays open is the question.
                    let mut left = target;
                    let mut parts = Vec::new();
                    for item in &base {
                        let open = book.item(*item).open;
                        let take = open.min(left);
                        if take != 0 {
                            parts.push((*item, take));
                            left -= take;
                        }
                    }
                    if left == 0 && base.iter().all(|i| book.item(*i).open > 0) {
                        self.push_as(
                            row,
                            customer,
                            Pattern::Short,
                            parts,
                            prior + choice - 2.0,
                            self.policy.amount.fee_any - 1.5,
                        );
                    }
                }
            } else {
                let rest: Vec<u32> = items.iter().copied().filter(|i| !base.contains(i)).collect();
                self.complete(row, customer, &base, &rest, target.saturating_sub(total), n);
                // A list of numbers and much more money: the list is not whole.
                let far = if target.saturating_sub(total).saturating_mul(5) > total { -6.0 } else { 0.0 };
                self.push_as(row, customer, Pattern::Over, lines(&base), prior + choice - 2.0 + far, self.policy.amount.over_any);
            }
        }
        if !done && base.len() == 1 && sum(&base) < target {
            let rest: Vec<u32> = items.iter().copied().filter(|i| !base.contains(i)).collect();
            self.complete(row, customer, &base, &rest, target.saturating_sub(sum(&base)), n);
        }
        // Some of the named, where not all fit.
        if !done && (named.len() > base.len() || base.len() > 2) && (open_numbers || base.len() >= 2) {
            let candidates: Vec<u32> =
                named.iter().map(|(i, _, _)| *i).filter(|i| Some(book.item(*i).currency) == own).take(24).collect();
            let amounts: Vec<i64> = candidates.iter().map(|i| book.item(*i).open).collect();
            let bounds = Bounds { items_min: 2, items_max: limit, solutions_max: 6, steps_max: 4000 };
            let found = self.combinations(&amounts, target, bounds);
            self.is_incomplete |= !found.is_complete;
            for solution in found.solutions {
                let set: Vec<(u32, i64)> = solution.iter().map(|i| (candidates[*i], amounts[*i])).collect();
                let choice = ln_choice(n, set.len());
                self.push_lump(row, customer, set, prior + choice, 0.0);
            }
        }
        if !done && is_known {
            self.shaped(row, customer, &items, target);
            self.free(row, customer, &items, target);
        }
    }

    /// No combination of items, of which at most one is named by itself, could compete, or none is possible.
    fn is_lump_hopeless(&mut self, customer: u32, pool: &[u32], own: Option<u8>, target: i64, n: usize, is_known: bool) -> bool {
        let book = self.book;
        let (mut usable, mut sum, mut any_credit) = (0_usize, 0_i64, false);
        for item in pool {
            let there = book.item(*item);
            if Some(there.currency) != own {
                continue;
            }
            any_credit |= there.open < 0;
            if there.open < target {
                usable += 1;
                sum = sum.saturating_add(there.open);
            }
        }
        // An item of the whole amount or more is part of a combination only where a credit note brings it down.
        let is_part = |there: &ItemRow| Some(there.currency) == own && (any_credit || there.open < target);
        self.know_text(customer);
        let (payer, _) = self.payer_weight(customer);
        let (w, clues, costs) = (&self.policy.reference, &self.clues, &mut self.text_costs);
        costs.best.clear();
        costs.best.resize(clues.numbers.len(), f64::NEG_INFINITY);
        let mut any_named = false;
        for hit in &clues.hits {
            let there = book.item(hit.item);
            if there.customer == customer && is_part(there) {
                any_named = true;
                let best = &mut costs.best[usize::from(hit.number)];
                *best = best.max(w.level(hit.level));
            }
        }
        let text: f64 = costs.left.iter().zip(&costs.best).map(|(left, best)| left.max(*best)).sum();
        let text = if any_named { text } else { text + w.unnamed };
        if !any_named && !is_known {
            return true;
        }
        let is_possible = any_credit || (usable >= 2 && sum >= target);
        // -1.2 is all that is open; nothing is likelier but two of two.
        let choice = if n == 2 { -1.0 } else { -1.2 };
        let is_hopeless = !is_possible || self.has_no_chance(self.policy.prior.lump + choice + text + payer);
        self.has_skipped |= is_hopeless && self.skips;
        self.has_skipped_possible |= is_hopeless && self.skips && is_possible;
        is_hopeless && self.skips
    }

    pub(super) fn push_lump(&mut self, row: u32, customer: u32, mut lines: Vec<(u32, i64)>, prior: f64, amount: f64) {
        let book = self.book;
        lines.sort_by(|a, b| book.item_id(a.0).cmp(book.item_id(b.0)));
        self.push(row, customer, Pattern::LumpNamed, lines.into(), prior, amount, 0);
    }

    pub(super) fn push_as(&mut self, row: u32, customer: u32, pattern: Pattern, lines: Vec<(u32, i64)>, prior: f64, amount: f64) {
        self.push(row, customer, pattern, lines.into(), prior, amount, 0);
    }

    /// The named items and others that make up the rest: a list that was cut off, or a payer who names only the first.
    fn complete(&mut self, row: u32, customer: u32, base: &[u32], rest: &[u32], missing: i64, n: usize) {
        let book = self.book;
        if rest.len() > 200 {
            self.is_incomplete = true;
            return;
        }
        let amounts: Vec<i64> = rest.iter().map(|i| book.item(*i).open).collect();
        // What follows one another makes up the rest: a list that was cut off, a range across series.
        let ln_rest = (rest.len().max(1) as f64).ln();
        let mut runs = 0;
        for from in 0..rest.len() {
            let mut sum = 0_i64;
            for to in from..rest.len().min(from + self.policy.limits.lump_items) {
                sum = sum.saturating_add(amounts[to]);
                if sum == missing && to > from && runs < 4 {
                    let mut set: Vec<(u32, i64)> = base.iter().map(|i| (*i, book.item(*i).open)).collect();
                    set.extend((from..=to).map(|i| (rest[i], amounts[i])));
                    let shape = (-2.5 - 2.0 * ln_rest).max(ln_choice(n, set.len()));
                    self.push_lump(row, customer, set, self.policy.prior.lump + shape, 0.0);
                    runs += 1;
                }
            }
        }
        let items_max =
            if rest.len() <= self.policy.limits.free_lump_items { self.policy.limits.lump_items - base.len().min(49) } else { 2 };
        let bounds = Bounds { items_min: 1, items_max, solutions_max: 6, steps_max: 6000 };
        let said = self.said_count(rest.len()).and_then(|count| count.checked_sub(base.len())).filter(|left| *left > 0);
        let bounds = counted(bounds, said);
        let found = self.combinations(&amounts, missing, bounds);
        self.is_incomplete |= !found.is_complete || (items_max == 2 && said.is_none());
        for solution in found.solutions {
            let mut set: Vec<(u32, i64)> = base.iter().map(|i| (*i, book.item(*i).open)).collect();
            set.extend(solution.iter().map(|i| (rest[*i], amounts[*i])));
            let choice = ln_choice(n, set.len());
            self.push_lump(row, customer, set, self.policy.prior.lump + choice, 0.0);
        }
    }

    fn combinations(&mut self, amounts: &[i64], target: i64, bounds: Bounds) -> Found {
        let found = combinations(amounts, target, bounds);
        self.work.combination_steps += u64::try_from(found.steps).unwrap_or(0);
        found
    }

    /// How many items the text speaks of, where all combinations of so many can be looked at: `3 x invoices` leaves nothing else to search.
    fn said_count(&self, among: usize) -> Option<usize> {
        let count = self.clues.count.map(usize::from)?;
        let is_searchable = (2..=self.policy.limits.lump_items).contains(&count) && (count <= 4 || among <= 24);
        is_searchable.then_some(count)
    }

    /// Combinations with a telling shape, whatever their size: everything open, the oldest ones, a run, a month.
    fn shaped(&mut self, row: u32, customer: u32, items: &[u32], target: i64) {
        let book = self.book;
        let limit = self.policy.limits.lump_items;
        let booked = book.payment(row).booked;
        let known: Vec<u32> = items.iter().copied().filter(|i| booked == i32::MIN || book.item(*i).issued <= booked).collect();
        let n = known.len();
        if n < 2 {
            return;
        }
        let amounts: Vec<i64> = known.iter().map(|i| book.item(*i).open).collect();
        let mut pushed = 0;
        // Three of one price, the oldest first.
        let mut distinct: Vec<i64> = amounts.iter().copied().filter(|a| *a > 0 && *a < target && target % *a == 0).collect();
        distinct.sort_unstable();
        distinct.dedup();
        let ln_distinct = (distinct.len().max(1) as f64).ln();
        for price in distinct {
            let equal: Vec<u32> = known.iter().copied().filter(|i| book.item(*i).open == price).collect();
            let count = usize::try_from(target / price).unwrap_or(usize::MAX);
            if count < 2 || count > equal.len().min(limit) {
                continue;
            }
            let shape = if count == equal.len() { -1.2 } else { -2.5 } - ln_distinct - 0.25 * (count as f64 - 2.0);
            let set = equal[..count].iter().map(|i| (*i, price)).collect();
            self.push_lump(row, customer, set, self.policy.prior.lump + shape.max(ln_choice(n, count)), 0.0);
        }
        // Runs in order of issue, by prefix sums: at most `limit` long.
        for from in 0..n {
            let mut sum = 0_i64;
            for to in from..n.min(from + limit) {
                sum = sum.saturating_add(amounts[to]);
                let count = to + 1 - from;
                if sum == target && count >= 2 {
                    let shape = if count == n {
                        -1.2
                    } else if from == 0 {
                        -1.8 - (n as f64).ln()
                    } else {
                        -2.0 - 2.0 * (n as f64).ln()
                    };
                    let shape = shape.max(ln_choice(n, count));
                    let set = (from..=to).map(|i| (known[i], amounts[i])).collect();
                    self.push_lump(row, customer, set, self.policy.prior.lump + shape, 0.0);
                    pushed += 1;
                }
                if sum > target && amounts[to] > 0 && from > 0 && n > 200 {
                    break;
                }
            }
            if pushed >= 8 {
                return;
            }
        }
    }

    /// Any combination, where there are few enough items for that to mean something.
    fn free(&mut self, row: u32, customer: u32, items: &[u32], target: i64) {
        let book = self.book;
        let usable: Vec<u32> = items.iter().copied().filter(|i| book.item(*i).open < target).collect();
        let n = items.len();
        if usable.len() < 2 {
            return;
        }
        let amounts: Vec<i64> = usable.iter().map(|i| book.item(*i).open).collect();
        let few = usable.len() <= self.policy.limits.free_lump_items;
        let items_max = if few {
            self.policy.limits.lump_items
        } else if usable.len() <= 300 {
            2
        } else {
            self.is_incomplete = true;
            return;
        };
        let bounds = Bounds { items_min: 2, items_max, solutions_max: 8, steps_max: 8000 };
        let said = self.said_count(usable.len());
        let bounds = counted(bounds, said);
        let found = self.combinations(&amounts, target, bounds);
        self.is_incomplete |= !found.is_complete || !(few || said.is_some());
        for solution in found.solutions {
            let set: Vec<(u32, i64)> = solution.iter().map(|i| (usable[*i], amounts[*i])).collect();
            let choice = ln_choice(n, set.len());
            self.push_lump(row, customer, set, self.policy.prior.lump + choice, 0.0);
        }
    }
}

/// Bounds of a search for as many items as the text says, where it says so.
fn counted(bounds: Bounds, said: Option<usize>) -> Bounds {
    said.map_or(bounds, |count| Bounds { items_min: count, items_max: count, steps_max: COUNTED_STEPS_MAX, ..bounds })
}
