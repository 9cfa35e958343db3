//! The order of the search: clear cases at first sight, the rest closely, contested ones together.

mod guard;
mod looks;
mod repeats;
mod together;

use std::collections::{BTreeMap, HashMap, HashSet};

use super::book::{
    Book, ITEM_CREDIT, ITEM_OFF_CONTRACT, ITEM_ON_HOLD, ItemRow, NONE, PAYMENT_RETURN, PAYMENT_TEXT_CUT, PaymentText,
    account_key, folded_payer,
};
use super::calibrate::{Hold, Why, calibrated, calibrated_asked};
use super::candidates::{AccountClass, Hypothesis, Lines, Maker, NameClass, Settled, Work, is_free, is_withheld, share, touches};
use super::clues::{Clues, Hit, Number, Origin, Reads};
use super::packed::{Packed, PackedRuns};
use super::weights::{Ask, MatchPolicy};
use super::{Answer, Candidate, EvidenceField, FieldWeight, Line, Pattern, Proposal, Residual, Withheld, joint, reasons};
use crate::cash_exceptions::{self, CashFacts};
use crate::evidence::Confidence;
use crate::exceptions::ExceptionKind;
use crate::money::Money;
use crate::names::similarity;
use crate::reference::Level;

use guard::hold;
use looks::{best_of, close_look, first_look};
use together::answer_together;

/// What settles, or has no answer at all, waits for nothing.
const NOTHING: Hold = Hold { why: Why::Doubt, is_rivalled: false };

/// Candidates of an answer.
const CANDIDATES_MAX: usize = 5;

/// Shares below this are not shown.
const SHOWN_LEAST: f64 = 1e-7;

/// Answers every payment of a book, in the order of the payments.
pub fn answer(book: &Book, policy: &MatchPolicy) -> Vec<Answer> {
    let matcher = Matcher::new(book, policy, 1);
    (0..book.payment_count()).map(|row| matcher.answer(row)).collect()
}

/// A book with all its answers, kept compactly; [`Matcher::answer`] writes one out.
pub struct Matcher<'b> {
    book: &'b Book,
    policy: &'b MatchPolicy,
    /// For each payment, the item it settles at first sight, or `NONE`.
    first: Vec<u32>,
    /// For each item, the payment that cleared it at first sight.
    settled_by: Vec<u32>,
    /// For each payment not settled at first sight: index into `close`; `NONE` otherwise.
    close_at: Vec<u32>,
    close: PackedRuns,
    returned: HashSet<u32>,
    learned: HashMap<u64, u32>,
    /// Payments that are certain duplicates, and the payment and the item each repeats.
    repeats: HashMap<u32, (u32, u32)>,
}

/// What the close look keeps of a payment.
#[derive(Debug, Default)]
pub(super) struct Close {
    pub(super) hypotheses: Vec<Hypothesis>,
    pub(super) probabilities: Vec<f64>,
    pub(super) named: Vec<(u32, Level)>,
    pub(super) has_numbers: bool,
    pub(super) is_payer_known: bool,
    pub(super) is_overlong: bool,
    pub(super) is_cut: bool,
    pub(super) is_incomplete: bool,
    /// Neither a payer's name nor a telling word.
    pub(super) is_mute: bool,
    /// A word of doubt stands in the text.
    pub(super) is_doubtful: bool,
    /// A word says that this is a part.
    pub(super) says_part: bool,
    /// A word says that it is interest, a settlement, an own transfer or the like.
    pub(super) says_not_ours: bool,
    /// Customers whose items the text names, each by a number that is nobody else's.
    pub(super) named_customers: usize,
    /// A word says that a credit note is taken off.
    pub(super) says_credit: bool,
    /// Words or an unfinished list say that there are several.
    pub(super) says_several: bool,
    /// How many items the text speaks of.
    pub(super) count: Option<u8>,
    /// The text names some item.
    pub(super) names_any: bool,
    /// A number in the text that no item of an answer explains: index of the hypothesis.
    pub(super) stray: Vec<bool>,
    /// An answer rests on a number that may mean something else (as it is written, it is another item's; or it stands where a date, an
    /// amount or the customer's own number does, while as much is open twice), or leaves one of ours that is not open: index of the
    /// hypothesis.
    pub(super) slips: Vec<bool>,
    /// Several items of a customer that is the payer come to the amount as well.
    pub(super) sums_up: bool,
    /// Another payment that would settle wants the same item.
    pub(super) is_contested: bool,
    /// More customers than are compared may be the payer.
    pub(super) is_crowded: bool,
    /// The same, and they owe exactly what was paid.
    pub(super) is_crowded_by_debtors: bool,
    /// Named items in a currency to which there is no rate.
    pub(super) without_rate: Vec<u32>,
}

impl Close {
    /// The bit of `is_contested`.
    pub(super) const CONTESTED: u16 = 1;

    /// The text names an item at least so well.
    pub(super) fn names(&self, item: u32, at_most: Level) -> bool {
        self.named.iter().any(|(named, level)| *named == item && *level <= at_most)
    }

    /// Its yes and no answers, one bit each.
    pub(super) fn flags(&self) -> u16 {
        let Self { has_numbers, is_payer_known, is_overlong, is_cut, is_incomplete, .. } = *self;
        let Self { is_mute, is_doubtful, says_part, names_any, sums_up, is_contested, .. } = *self;
        let Self { says_credit, says_several, says_not_ours, is_crowded, is_crowded_by_debtors, .. } = *self;
        let bits = [
            is_contested,
            has_numbers,
            is_payer_known,
            is_overlong,
            is_cut,
            is_incomplete,
            is_mute,
            is_doubtful,
            says_part,
            names_any,
            sums_up,
            says_credit,
            says_several,
            says_not_ours,
            is_crowded,
            is_crowded_by_debtors,
        ];
        bits.into_iter().enumerate().fold(0, |flags, (at, is)| flags | u16::from(is) << at)
    }

    /// Takes them back.
    pub(super) fn set_flags(&mut self, flags: u16) {
        let is = |at: u32| flags & 1 << at != 0;
        [self.is_contested, self.has_numbers, self.is_payer_known, self.is_overlong] = [is(0), is(1), is(2), is(3)];
        [self.is_cut, self.is_incomplete, self.is_mute, self.is_doubtful] = [is(4), is(5), is(6), is(7)];
        [self.says_part, self.names_any, self.sums_up] = [is(8), is(9), is(10)];
        [self.says_credit, self.says_several, self.says_not_ours] = [is(11), is(12), is(13)];
        [self.is_crowded, self.is_crowded_by_debtors] = [is(14), is(15)];
    }
}

/// What one payment shows at first sight.
#[derive(Debug, Clone, Copy)]
struct First {
    item: u32,
    /// The account is not on file and the case is clear: this customer may be learned for it.
    learns: bool,
    /// The account is on file for the item's customer.
    by_account: bool,
    /// Whose items it is about, as far as that is seen: the payer's, or those of whom the text names.
    customer: u32,
}

/// What ties a payer to who owes an item, as far as that is seen without a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Tie {
    /// Account or name are a stranger's.
    None,
    /// Nothing says that it is a stranger.
    Possible,
    /// Account or name say that it is the customer, or of the family.
    Sure,
}

/// How many payments name an item.
#[derive(Debug, Clone, Copy, Default)]
struct Mentions {
    all: u8,
    /// Of those who may owe it.
    own: u8,
    /// Of those who do, by account or name ([`Tie::Sure`]).
    payers: u8,
}

/// What a run of payments shows at first sight.
#[derive(Default)]
struct Looks {
    first: Vec<First>,
    /// Items named, once for each payment, and what ties it to who owes them.
    named: Vec<(u32, Tie)>,
    /// Items named by money that goes out or back.
    returned: Vec<u32>,
    /// What was looked up for those that are not clear.
    reads: Reads,
}

impl<'b> Matcher<'b> {
    /// Finds all answers. `threads`: how many may work; the answers are the same for any number.
    pub fn new(book: &'b Book, policy: &'b MatchPolicy, threads: usize) -> Self {
        Self::search(book, policy, threads, true)
    }

    /// As [`Matcher::new`], but every payment is looked at closely, also those that are clear at first sight: to prove that first
    /// sight settles what the close look settles, and for nothing else, since it takes longer.
    pub fn without_first_sight(book: &'b Book, policy: &'b MatchPolicy, threads: usize) -> Self {
        Self::search(book, policy, threads, false)
    }

    fn search(book: &'b Book, policy: &'b MatchPolicy, threads: usize, at_first_sight: bool) -> Self {
        let payments = book.payment_count() as usize;
        let items = book.item_count() as usize;
        let threads = threads.clamp(1, 64);
        let read_chunk = payments.div_ceil(threads * 4).max(256);

        // At first sight: what each payment names, and how often each item is named at all.
        let looks: Vec<Looks> = in_chunks(payments, read_chunk, threads, |range| {
            let mut clues = Clues::default();
            let mut looks = Looks { first: Vec::with_capacity(range.len()), ..Looks::default() };
            for row in range {
                let first = first_look(book, policy, &mut clues, row, &mut looks);
                // The few that are clear and wanted twice are read again.
                looks.reads.push((first.item == NONE).then_some(&clues));
                looks.first.push(first);
            }
            looks.reads = looks.reads.finish();
            looks
        });
        let mut mentions = vec![Mentions::default(); items];
        let mut returned = HashSet::new();
        for look in &looks {
            for (item, tie) in &look.named {
                let Mentions { all, own, payers } = &mut mentions[*item as usize];
                *all = all.saturating_add(1);
                *own = own.saturating_add(u8::from(*tie >= Tie::Possible));
                *payers = payers.saturating_add(u8::from(*tie == Tie::Sure));
            }
            returned.extend(look.returned.iter().copied());
        }
        let mut first = vec![NONE; payments];
        let mut settled_by = vec![NONE; items];
        let mut learned: HashMap<u64, u32> = HashMap::new();
        for (row, look) in looks.iter().flat_map(|look| &look.first).enumerate() {
            if look.item == NONE {
                continue;
            }
            let Mentions { all, own, .. } = mentions[look.item as usize];
            if (if look.by_account { own } else { all }) != 1 {
                continue;
            }
            if at_first_sight {
                first[row] = look.item;
                settled_by[look.item as usize] = u32::try_from(row).unwrap_or(NONE);
            }
            if look.learns {
                let text = book.payment_text(u32::try_from(row).unwrap_or(NONE));
                if let Some(key) = account_key(text.payer_iban) {
                    let customer = book.item_customer(look.item);
                    let known = learned.entry(key).or_insert(customer);
                    if *known != customer {
                        *known = NONE;
                    }
                }
            }
        }
        // The rest, closely; those about one customer one after the other, since each looks at all its items.
        let about: Vec<u32> = looks.iter().flat_map(|look| &look.first).map(|first| first.customer).collect();
        let mut rest: Vec<u32> = (0..book.payment_count()).filter(|row| first[*row as usize] == NONE).collect();
        rest.sort_by_key(|row| about[*row as usize]);
        drop(about);
        let reads: Vec<Reads> = looks.into_iter().map(|look| look.reads).collect();
        let mentions: Vec<u8> = mentions.into_iter().map(|mentions| mentions.payers).collect();
        let settled = Settled { by: &settled_by, learned: &learned, mentions: &mentions };
        let chunk = rest.len().div_ceil(threads * 16).max(64);
        let runs: Vec<Packed> = in_chunks(rest.len(), chunk, threads, |range| {
            let mut maker = Maker::new(book, policy);
            let mut packed = Packed::default();
            for at in range {
                let row = rest[at as usize];
                let read = reads.get(row as usize / read_chunk).map(|reads| (reads, row as usize % read_chunk));
                let hypotheses = maker.hypotheses_of(row, &settled, read);
                packed.push(&close_look(&mut maker, row, hypotheses));
            }
            packed.work = maker.work();
            packed.finish()
        });
        drop(reads);
        let mut close = PackedRuns::new(runs);
        let mut close_at = vec![NONE; payments];
        for (at, row) in rest.iter().enumerate() {
            close_at[*row as usize] = u32::try_from(at).unwrap_or(NONE);
        }
        answer_together(book, policy, &rest, &mut close, &settled_by, threads);
        let mut matcher = Self { book, policy, first, settled_by, close_at, close, returned, learned, repeats: HashMap::new() };
        matcher.hold_back_overdrawn(&rest, threads);
        matcher
    }

    /// Whatever the weights say, no item is cleared beyond what is open: where answers that would settle do so together, all ask.
    /// Then notes which duplicates are certain: only what settles uncontested can be a first payment.
    fn hold_back_overdrawn(&mut self, rest: &[u32], threads: usize) {
        // What settles each payment, and the item that its best answer says it repeats.
        let seen: Vec<(Option<u8>, u32)> = in_chunks(rest.len(), 4096, threads, |range| {
            let look = |at: u32| {
                let close = self.close.get(at);
                let settles = self.settles(rest[at as usize], &close).and_then(|best| u8::try_from(best).ok());
                let best = best_of(&close).map(|best| &close.hypotheses[best]);
                (settles, best.filter(|h| h.pattern == Pattern::Duplicate).map_or(NONE, |h| h.repeats))
            };
            range.map(look).collect::<Vec<_>>()
        })
        .into_iter()
        .flatten()
        .collect();
        let (settling, repeating): (Vec<Option<u8>>, Vec<u32>) = seen.into_iter().unzip();
        let lines =
            |at: u32, best: u8| self.close.of(at).map_or(Lines::None, |(run, place)| run.lines_of(place, usize::from(best)));
        let settled = || (0..).zip(&settling).filter_map(|(at, best)| best.map(|best| (at, best)));
        let mut cleared = vec![0_i64; self.settled_by.len()];
        for (at, best) in settled() {
            for (item, amount) in lines(at, best).iter() {
                let sum = &mut cleared[*item as usize];
                *sum = sum.saturating_add(*amount);
            }
        }
        let is_overdrawn = |item: u32| cleared[item as usize].unsigned_abs() > self.book.item(item).open.unsigned_abs();
        let contested: Vec<u32> = settled()
            .filter(|(at, best)| lines(*at, *best).iter().any(|(item, _)| is_overdrawn(*item)))
            .map(|(at, _)| at)
            .collect();
        // Items that duplicates repeat, with the payment that names and clears each of them alone.
        let wanted: HashSet<u32> = repeating.iter().copied().filter(|item| *item != NONE).collect();
        let mut firsts: BTreeMap<u32, u32> = BTreeMap::new();
        if !wanted.is_empty() {
            for (at, best) in settled().filter(|(at, _)| contested.binary_search(at).is_err()) {
                if let [(item, amount)] = *lines(at, best)
                    && wanted.contains(&item)
                    && amount == self.book.item(item).open
                    && self.close.get(at).hypotheses[usize::from(best)].is_named
                {
                    firsts.insert(item, rest[at as usize]);
                }
            }
        }
        for at in contested {
            if let Some((run, place)) = self.close.of_mut(at) {
                run.set_contested(place, true);
            }
        }
        let claims = rest.iter().zip(repeating).filter(|(_, item)| *item != NONE);
        let claims: Vec<(u32, u32)> = claims.map(|(row, item)| (*row, item)).collect();
        self.prove_repeats(&claims, &firsts, &cleared);
    }

    /// The hypothesis that settles a payment, if one does.
    fn settles(&self, row: u32, close: &Close) -> Option<usize> {
        let best = best_of(close)?;
        let pattern = close.hypotheses[best].pattern;
        let certain = calibrated(self.policy, pattern, close.probabilities[best]);
        (certain >= self.policy.threshold(pattern) && self.guard(row, close, best).is_none()).then_some(best)
    }

    /// How much was done beyond the first look.
    pub fn work(&self) -> Work {
        self.close.work()
    }

    /// The item that a payment settles at first sight: by full reference and exact amount. Saves making an [`Answer`].
    pub fn first_sight(&self, row: u32) -> Option<u32> {
        self.first.get(row as usize).copied().filter(|item| *item != NONE)
    }

    /// The confidence of what settles at first sight.
    pub fn first_sight_confidence(&self) -> Confidence {
        confidence(calibrated(self.policy, Pattern::ReferenceExact, 1.0))
    }

    /// Writes out the answer to a payment.
    pub fn answer(&self, row: u32) -> Answer {
        let book = self.book;
        let money = book.payment_amount(row);
        if let Some(item) = self.first_sight(row) {
            let open = book.item_open(item);
            return Answer {
                payment: row,
                verdict: Proposal::Settle,
                candidates: vec![Candidate {
                    pattern: Pattern::ReferenceExact,
                    lines: vec![Line { item, cleared: open }],
                    duplicate_of: None,
                    confidence: self.first_sight_confidence(),
                    residual: Residual::none(money.currency()),
                    weights: Vec::new(),
                    reason: format!("{} exactly, by its number in the text", book.item_number(item)),
                }],
                exception: None,
                withheld: Vec::new(),
                near_miss: None,
                is_held_back: false,
                is_exact_pattern: true,
            };
        }
        let close = &self.close.get(self.close_at[row as usize]);
        let mut order: Vec<usize> = (0..close.hypotheses.len()).collect();
        // Hypotheses are in a fixed order already; a stable sort keeps it among equals.
        order.sort_by(|a, b| close.probabilities[*b].total_cmp(&close.probabilities[*a]));
        // "Not ours" and "fits nothing" clear the same: nothing. A person needs one of them.
        let is_free = |h: &usize| is_free(&close.hypotheses[*h]);
        let free = order.iter().copied().find(is_free);
        order.retain(|h| !is_free(h) || Some(*h) == free);
        let asks = self.settles(row, close).is_none();
        // Of many items that fit alike each is less likely than that none is meant, and all together are not: then one of them comes
        // first, for the person who looks for the right one.
        let with_items: f64 = order.iter().filter(|h| !is_free(h)).map(|h| close.probabilities[*h]).sum();
        if asks && free.is_some() && order.first() == free.as_ref() && with_items > 0.5 {
            order[..2].swap(0, 1);
        }
        let guard = order.first().and_then(|h| self.guard(row, close, *h));
        let hold = order.first().map_or(NOTHING, |h| hold(close, *h, guard));
        let first_share = order.first().map_or(0.0, |h| close.probabilities[*h]);
        let worth = |h: usize| {
            let (pattern, share) = (close.hypotheses[h].pattern, close.probabilities[h]);
            match order.first() {
                Some(first) if !asks => {
                    if h == *first {
                        calibrated(self.policy, pattern, share)
                    } else {
                        share
                    }
                }
                Some(first) => {
                    let best = calibrated_asked(self.policy, close.hypotheses[*first].pattern, first_share, hold);
                    // The others share what the first leaves, as they did before, and none is worth more than it.
                    let other = share * ((1.0 - best) / (1.0 - first_share).max(1e-9)).min(1.0);
                    if h == *first { best } else { other.min(best) }
                }
                None => 0.0,
            }
        };
        let candidates: Vec<Candidate> = order
            .iter()
            .take(CANDIDATES_MAX)
            .enumerate()
            .filter(|(place, h)| *place == 0 || close.probabilities[**h] > SHOWN_LEAST)
            .map(|(_, h)| self.candidate(row, close, *h, confidence(worth(*h))))
            .collect();
        // Only what is shown: an answer that has no chance withholds nothing.
        let shown = order.iter().take(CANDIDATES_MAX).enumerate();
        let considered = shown
            .filter(|(place, h)| *place == 0 || close.probabilities[**h] > SHOWN_LEAST)
            .flat_map(|(_, h)| close.hypotheses[*h].lines.iter().map(|(i, _)| *i));
        let withheld = self.withheld(row, considered, &close.without_rate);
        let Some(best) = order.first().map(|h| &close.hypotheses[*h]) else {
            return Answer {
                payment: row,
                verdict: Proposal::Ask,
                candidates,
                exception: Some(ExceptionKind::Unknown),
                withheld,
                near_miss: None,
                is_held_back: true,
                is_exact_pattern: false,
            };
        };
        let settles = !asks;
        let payment = book.payment(row);
        let customers: HashSet<u32> = best.lines.iter().map(|(i, _)| book.item_customer(*i)).collect();
        let exception = Some(cash_exceptions::kind_of(&CashFacts {
            pattern: best.pattern,
            confidence: confidence(first_share),
            runner_up: order.get(1).map(|h| confidence(close.probabilities[*h])),
            customers: customers.len(),
            named_customers: close.named_customers,
            is_late_discount: self.is_late_discount(row, best),
            says_not_ours: close.says_not_ours,
            has_numbers: close.has_numbers,
            is_payer_known: close.is_payer_known,
            is_outgoing: payment.amount <= 0,
            is_return: payment.flags & PAYMENT_RETURN != 0,
        }));
        let is_plain = settles
            && matches!(best.pattern, Pattern::ReferenceExact | Pattern::PayerExact | Pattern::LumpNamed | Pattern::LumpFound);
        let near_miss = (!settles).then(|| {
            let residual = candidates.first().map_or(Residual::none(money.currency()), |c| c.residual);
            let missing = reasons::near_miss(best, &residual, guard);
            let allowed = best.lines.first().map_or(0, |(i, _)| book.tolerance(book.item_customer(*i), money.currency()));
            let off = residual.short.minor().max(residual.unapplied.minor());
            if allowed > 0 && off > 0 && off <= allowed && best.lines.len() == 1 {
                format!("{missing}, within the {} this customer is allowed", Money::new(allowed, money.currency()))
            } else {
                missing
            }
        });
        Answer {
            payment: row,
            verdict: if settles { Proposal::Settle } else { Proposal::Ask },
            candidates,
            exception: if is_plain { None } else { exception },
            withheld,
            near_miss,
            is_held_back: guard.is_some(),
            is_exact_pattern: false,
        }
    }

    /// Items that fit and may not be used, with what would release them.
    fn withheld(&self, row: u32, considered: impl Iterator<Item = u32>, without_rate: &[u32]) -> Vec<Withheld> {
        let book = self.book;
        let mut out: Vec<Withheld> = Vec::new();
        let reasons = considered.filter_map(|item| {
            let (number, flags) = (book.item_number(item), book.item(item).flags);
            let reason = if flags & ITEM_ON_HOLD != 0 {
                format!("{number} is on hold: release it, or apply the payment by hand")
            } else if flags & ITEM_CREDIT != 0 && self.policy.settle.credit_notes == Ask::Ask {
                format!("{number} is a credit note: a person confirms that it may be netted")
            } else if let Some(contract) = book.contract(item) {
                let contract = Money::new(contract, book.item_open(item).currency());
                format!("{number} is billed at {} and the contract says {contract}: correct one of them", book.item_open(item))
            } else {
                return None;
            };
            Some(Withheld { item, reason })
        });
        let rates = without_rate.iter().map(|item| {
            let (from, to) = (book.item_open(*item).currency().code(), book.payment_amount(row).currency().code());
            let number = book.item_number(*item);
            Withheld {
                item: *item,
                reason: format!("{number} is in {from} and there is no rate to {to}: give the rate of the day"),
            }
        });
        for one in reasons.chain(rates) {
            if !out.iter().any(|w| w.item == one.item) {
                out.push(one);
            }
        }
        out
    }

    fn candidate(&self, row: u32, close: &Close, h: usize, worth: Confidence) -> Candidate {
        let book = self.book;
        let hypothesis = &close.hypotheses[h];
        let residual = self.residual(row, hypothesis);
        let duplicate_of =
            (hypothesis.repeats != NONE).then(|| self.settled_by[hypothesis.repeats as usize]).filter(|p| *p != NONE);
        let duplicate_of = duplicate_of
            .or_else(|| self.repeated(row).filter(|(_, item)| *item == hypothesis.repeats).map(|(payment, _)| payment));
        let lines: Vec<Line> = hypothesis
            .lines
            .iter()
            .map(|(item, cleared)| Line { item: *item, cleared: Money::new(*cleared, book.item_open(*item).currency()) })
            .collect();
        const FIELDS: [EvidenceField; 6] = [
            EvidenceField::Prior,
            EvidenceField::Reference,
            EvidenceField::Payer,
            EvidenceField::Amount,
            EvidenceField::Date,
            EvidenceField::Words,
        ];
        #[allow(clippy::cast_possible_truncation)]
        let weights = FIELDS
            .into_iter()
            .zip(hypothesis.weights)
            .map(|(field, weight)| FieldWeight { field, weight: (weight * 100.0).round() as i32 })
            .collect();
        Candidate {
            pattern: hypothesis.pattern,
            reason: reasons::sentence(book, hypothesis, &residual, &close.named, duplicate_of),
            lines,
            duplicate_of,
            confidence: worth,
            residual,
            weights,
        }
    }

    fn residual(&self, row: u32, hypothesis: &Hypothesis) -> Residual {
        let book = self.book;
        let money = book.payment_amount(row);
        let currency = money.currency();
        let mut out = Residual::none(currency);
        let amount = |minor: i64| Money::new(minor, currency);
        if hypothesis.lines.is_empty() {
            out.unapplied = amount(money.minor().max(0));
            return out;
        }
        if hypothesis.lines.iter().any(|(i, _)| book.item_open(*i).currency() != currency) {
            let mut maker = Maker::new(book, self.policy);
            let expected = hypothesis.lines.iter().filter_map(|(i, _)| maker.converted(row, *i)).fold(0_i64, i64::saturating_add);
            if expected != 0 {
                out.exchange = amount(money.minor().saturating_sub(expected));
            }
            return out;
        }
        let cleared = hypothesis.lines.iter().fold(0_i64, |sum, (_, c)| sum.saturating_add(*c));
        let open = hypothesis.lines.iter().fold(0_i64, |sum, (i, _)| sum.saturating_add(book.item(*i).open));
        let over = cleared.saturating_sub(money.minor());
        match hypothesis.pattern {
            Pattern::Discount => out.discount = amount(over.max(0)),
            Pattern::Withholding => out.withholding = amount(over.max(0)),
            _ => {
                out.fee = amount(hypothesis.fee);
                out.unapplied = amount(money.minor().saturating_add(hypothesis.fee).saturating_sub(cleared).max(0));
                out.short = amount(open.saturating_sub(cleared).max(0));
            }
        }
        out
    }
}

/// What the matcher thinks of a payment, for fitting.
#[derive(Debug, Clone)]
pub(super) struct Judged {
    pub(super) pattern: Pattern,
    pub(super) lines: Vec<(u32, i64)>,
    /// Share among the hypotheses.
    pub(super) share: f64,
    /// Why it waits, where it does.
    pub(super) hold: Hold,
    pub(super) settles: bool,
}

impl Matcher<'_> {
    /// The first answer to a payment, before calibration.
    pub(super) fn judged(&self, row: u32) -> Judged {
        if let Some(item) = self.first_sight(row) {
            let lines = vec![(item, self.book.item(item).open)];
            return Judged { pattern: Pattern::ReferenceExact, lines, share: 1.0, hold: NOTHING, settles: true };
        }
        let close = &self.close.get(self.close_at[row as usize]);
        let Some(best) = best_of(close) else {
            return Judged { pattern: Pattern::NoItem, lines: Vec::new(), share: 0.0, hold: NOTHING, settles: false };
        };
        let hypothesis = &close.hypotheses[best];
        Judged {
            pattern: hypothesis.pattern,
            lines: hypothesis.lines.to_vec(),
            share: close.probabilities[best],
            hold: hold(close, best, self.guard(row, close, best)),
            settles: self.settles(row, close).is_some(),
        }
    }
}

/// Writes out answers in full: also for payments that settle at first sight, for which a [`Matcher`] keeps the item and nothing else.
pub struct Explainer<'m, 'b> {
    matcher: &'m Matcher<'b>,
    maker: Maker<'b>,
    /// The matcher's, to be changed for a moment.
    settled_by: Vec<u32>,
}

impl<'m, 'b> Explainer<'m, 'b> {
    /// Takes a copy of what the matcher knows of items, four bytes an item; one explainer is meant for many payments.
    pub fn new(matcher: &'m Matcher<'b>) -> Self {
        Self { matcher, maker: Maker::thorough(matcher.book, matcher.policy), settled_by: matcher.settled_by.clone() }
    }

    /// The answer with the weights of its candidates, and up to four runners-up.
    pub fn answer(&mut self, row: u32) -> Answer {
        self.explained(self.matcher.answer(row))
    }

    /// The same for an answer that the matcher has written out.
    pub fn explained(&mut self, mut answer: Answer) -> Answer {
        let row = answer.payment;
        let Some(item) = self.matcher.first_sight(row) else { return answer };
        // As if the item were open: this payment is about to take it.
        let by = std::mem::replace(&mut self.settled_by[item as usize], NONE);
        let settled = Settled { by: &self.settled_by, learned: &self.matcher.learned, mentions: &[] };
        let hypotheses = self.maker.hypotheses(row, &settled);
        self.settled_by[item as usize] = by;
        let own = [(item, self.matcher.book.item(item).open)];
        let mut close = close_look(&mut self.maker, row, hypotheses);
        let highest = close.hypotheses.iter().map(Hypothesis::score).fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = close.hypotheses.iter().map(|h| (h.score() - highest).exp()).collect();
        let total: f64 = weights.iter().sum();
        close.probabilities = weights.into_iter().map(|w| w / total).collect();
        if let Some(h) = close.hypotheses.iter().position(|h| *h.lines == own)
            && let Some(first) = answer.candidates.first_mut()
        {
            first.weights = self.matcher.candidate(row, &close, h, first.confidence).weights;
        }
        // A payment is no duplicate of itself.
        let is_other = |h: &Hypothesis| *h.lines != own && h.repeats != item;
        let mut others: Vec<usize> = (0..close.hypotheses.len()).filter(|h| is_other(&close.hypotheses[*h])).collect();
        others.sort_by(|a, b| close.probabilities[*b].total_cmp(&close.probabilities[*a]));
        let others = others.into_iter().take(CANDIDATES_MAX - 1);
        answer.candidates.extend(others.map(|h| self.matcher.candidate(row, &close, h, confidence(close.probabilities[h]))));
        answer
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn confidence(share: f64) -> Confidence {
    Confidence::from_millionths((share.clamp(0.0, 1.0) * 1_000_000.0).round() as u32)
}

/// Cuts `0..count` into chunks, works on them with several threads, and gives the results in order.
fn in_chunks<T: Send>(count: usize, chunk: usize, threads: usize, work: impl Fn(std::ops::Range<u32>) -> T + Sync) -> Vec<T> {
    let range = |at: usize| {
        let from = at * chunk;
        let to = (from + chunk).min(count);
        u32::try_from(from).unwrap_or(NONE)..u32::try_from(to).unwrap_or(NONE)
    };
    let chunks = count.div_ceil(chunk.max(1));
    if threads <= 1 || chunks <= 1 {
        return (0..chunks).map(|at| work(range(at))).collect();
    }
    let next = std::sync::atomic::AtomicUsize::new(0);
    let mut done: Vec<(usize, T)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let mut mine = Vec::new();
                    loop {
                        let at = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                        if at >= chunks {
                            return mine;
                        }
                        mine.push((at, work(range(at))));
                    }
                })
            })
            .collect();
        workers
            .into_iter()
            .flat_map(|w| match w.join() {
                Ok(list) => list,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect()
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}
