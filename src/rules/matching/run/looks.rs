//! The two looks at a payment: what is clear at once, and everything weighed.

use super::*;

/// What can be seen without comparing: one number, one item, the exact amount, a payer that does not speak against it.
pub(super) fn first_look(
    book: &Book,
    policy: &MatchPolicy,
    clues: &mut Clues,
    row: u32,
    named: &mut Vec<u32>,
    returned: &mut Vec<u32>,
) -> First {
    let nothing = First { item: NONE, learns: false };
    let payment = book.payment(row);
    let text = book.payment_text(row);
    clues.read(book, &text, policy.limits.atoms);
    let money = book.payment_amount(row);
    let is_back = payment.amount <= 0 || payment.flags & PAYMENT_RETURN != 0;
    let own_from = named.len();
    let mut one = NONE;
    let mut one_level = Level::OneEdit;
    let mut several = false;
    for hit in &clues.hits {
        if hit.level > Level::Zeros {
            continue;
        }
        let digits = clues.numbers.get(usize::from(hit.number)).map_or(0, |n| n.digits);
        if digits < 4 {
            continue;
        }
        if !named[own_from..].contains(&hit.item) {
            named.push(hit.item);
        }
        if is_back {
            returned.push(hit.item);
        }
        if one == NONE || one == hit.item {
            one = hit.item;
            one_level = one_level.min(hit.level);
        } else {
            several = true;
        }
    }
    if is_back || several || one == NONE || clues.speaks_of_doubt() || clues.is_overlong || payment.flags & PAYMENT_TEXT_CUT != 0
    {
        return nothing;
    }
    let item = book.item(one);
    let exact = item.open == payment.amount && item.flags == 0 && book.item_currency(item.currency) == money.currency();
    if !exact
        || one_level > Level::Full
        || (payment.booked != i32::MIN && item.issued != i32::MIN && payment.booked < item.issued)
    {
        return nothing;
    }
    let key = account_key(text.payer_iban);
    let mut account_is_new = key.is_some();
    if let Some(key) = key {
        let mut known = book.by_account.rows(key).peekable();
        if known.peek().is_some() {
            if !known.any(|c| c == item.customer) {
                return nothing;
            }
            return First { item: one, learns: false };
        }
        match book.taught_account(key) {
            Some(customer) if customer == item.customer => return First { item: one, learns: false },
            Some(customer) if customer != NONE => return nothing,
            Some(_) | None => {}
        }
    } else {
        account_is_new = false;
    }
    if !text.payer_name.is_empty() {
        let folded = folded_payer(text.payer_name);
        if !book.customer_names(item.customer).any(|n| similarity(n, &folded) >= 870) {
            return nothing;
        }
    } else if account_is_new {
        return nothing;
    }
    First { item: one, learns: account_is_new }
}

/// The likeliest hypothesis; among equals the first, whose order is fixed.
pub(super) fn best_of(close: &Close) -> Option<usize> {
    let mut best: Option<usize> = None;
    for (at, share) in close.probabilities.iter().enumerate() {
        if best.is_none_or(|b| *share > close.probabilities[b]) {
            best = Some(at);
        }
    }
    best
}

/// A hit that may mean its item in a text that says the money is not ours: `231` of a batch or the year of a date is also the end of some
/// number, and means it only where the amount says so too.
fn is_telling(maker: &Maker<'_>, row: u32, hit: &Hit) -> bool {
    let digits = maker.clues.numbers.get(usize::from(hit.number)).map_or(0, |n| n.digits);
    // Four digits are enough where they are written as the number is; without its prefix they may be a year.
    let is_whole = hit.level <= Level::Zeros && digits >= if hit.level > Level::Structured { 5 } else { 4 };
    hit.level <= Level::Suffix && (is_whole || digits >= 6 || maker.book.item_open(hit.item) == maker.book.payment_amount(row))
}

/// Customers whose items the text names, each by a number that is nobody else's.
fn named_customers(book: &Book, clues: &Clues) -> usize {
    let mut by_number: Vec<u32> = vec![NONE; clues.numbers.len()];
    let mut is_shared = vec![false; clues.numbers.len()];
    for hit in clues.hits.iter().filter(|hit| hit.level <= Level::Zeros) {
        let (at, customer) = (usize::from(hit.number), book.item_customer(hit.item));
        if by_number[at] == NONE {
            by_number[at] = customer;
        }
        is_shared[at] |= by_number[at] != customer;
    }
    let mut customers: Vec<u32> =
        by_number.iter().zip(is_shared).filter(|(c, shared)| **c != NONE && !shared).map(|(c, _)| *c).collect();
    customers.sort_unstable();
    customers.dedup();
    customers.len()
}

pub(super) fn close_look(maker: &mut Maker<'_>, row: u32, hypotheses: Vec<Hypothesis>) -> Close {
    let without_rate = maker.without_rate(row);
    let maker = &*maker;
    let clues = &maker.clues;
    let is_wanted = |item: u32| hypotheses.iter().any(|h| h.repeats == item || h.lines.iter().any(|(i, _)| *i == item));
    let mut named: Vec<(u32, Level)> = clues.hits.iter().filter(|h| is_wanted(h.item)).map(|h| (h.item, h.level)).collect();
    named.sort_unstable();
    named.dedup_by_key(|(i, _)| *i);
    let stray = hypotheses
        .iter()
        .map(|h| {
            let is_own = |item: u32| h.repeats == item || h.lines.iter().any(|(i, _)| *i == item);
            clues.numbers.iter().enumerate().any(|(at, n)| {
                n.origin != Origin::EndToEnd
                    && maker.looks_like_ours(n)
                    && !clues.hits.iter().any(|hit| usize::from(hit.number) == at && is_own(hit.item))
            })
        })
        .collect();
    let names_another = hypotheses.iter().any(|h| h.pattern == Pattern::PayerExact) && names_what_is_not_open(maker);
    let slips = hypotheses
        .iter()
        .map(|h| if h.pattern == Pattern::PayerExact { names_another } else { rests_on_a_slip(maker, row, h) })
        .collect();
    Close {
        without_rate,
        slips,
        sums_up: maker.sums_up,
        hypotheses,
        probabilities: Vec::new(),
        named,
        has_numbers: !clues.numbers.is_empty(),
        is_payer_known: maker.is_payer_known(),
        is_overlong: clues.is_overlong,
        is_cut: clues.is_cut,
        is_incomplete: maker.is_incomplete,
        is_mute: clues.words.not_ours == 0 && !maker.is_payer_named(),
        is_doubtful: clues.words.doubt,
        says_part: clues.words.part,
        says_not_ours: clues.words.not_ours > 0,
        named_customers: named_customers(maker.book, clues),
        says_credit: clues.words.credit,
        says_several: clues.words.several || clues.is_open_list,
        count: clues.count,
        names_any: clues.hits.iter().any(|h| is_telling(maker, row, h)),
        stray,
        is_contested: false,
    }
}

/// The text has a number of a series of ours that no open item bears: it was paid, or is not in this book.
fn names_what_is_not_open(maker: &Maker<'_>) -> bool {
    let clues = &maker.clues;
    let numbers = clues.numbers.iter().filter(|n| n.origin != Origin::EndToEnd && n.named == 0 && n.digits >= 4);
    numbers.take(8).any(|n| clues.is_of_a_series(maker.book, n))
}

/// An item of the answer is named only by a number that is, as written, the number of another item, and that other one may be meant.
///
/// It is not where account or name say that the payer is the customer of the first and not of the other, and the amount is exactly what
/// the first asks and not what the other does: three things that agree against one slip of the pen.
fn rests_on_a_slip(maker: &Maker<'_>, row: u32, hypothesis: &Hypothesis) -> bool {
    let (book, clues) = (maker.book, &maker.clues);
    let amount = book.payment_amount(row);
    let is_payer = |customer: u32| {
        let (account, name) = maker.payer_classes(customer);
        matches!(account, Some(AccountClass::Fits | AccountClass::Confirmed | AccountClass::Family))
            || matches!(name, Some(NameClass::Equal | NameClass::Alike))
    };
    let is_sure_payer = |customer: u32| {
        matches!(
            maker.payer_classes(customer),
            (Some(AccountClass::Fits | AccountClass::Confirmed), _)
                | (None | Some(AccountClass::NoneOnFile), Some(NameClass::Equal))
        )
    };
    hypothesis.lines.iter().any(|(item, cleared)| {
        let of_item = || clues.hits.iter().filter(|h| h.item == *item);
        // Only where nothing names it better than the end of a number.
        if of_item().map(|h| h.level).min().is_none_or(|best| best < Level::Suffix) {
            return false;
        }
        let customer = book.item_customer(*item);
        // Where the payer owes the amount twice, it does not speak for this one.
        let owes_alike = || {
            let mut items = book.items_of(customer).take(maker.policy.limits.customer_items);
            items.any(|other| other != *item && book.item_open(other) == amount)
        };
        let is_exact = hypothesis.pattern == Pattern::ReferenceExact && *cleared == amount.minor() && !owes_alike();
        let may_be_meant = |other: u32| {
            let theirs = book.item_customer(other);
            !is_exact || theirs == customer || book.item_open(other) == amount || !is_sure_payer(customer) || is_payer(theirs)
        };
        of_item().any(|hit| {
            let is_other = |o: &Hit| o.number == hit.number && o.item != hit.item && o.level <= Level::PrefixDropped;
            clues.hits.iter().any(|o| is_other(o) && may_be_meant(o.item))
        })
    })
}
