//! The two looks at a payment: what is clear at once, and everything weighed.

use super::*;

/// What can be seen without comparing: one item named by its number, its exact amount, a payer that does not speak against it.
pub(super) fn first_look(book: &Book, policy: &MatchPolicy, clues: &mut Clues, row: u32, looks: &mut Looks) -> First {
    let payment = book.payment(row);
    let text = book.payment_text(row);
    clues.read(book, &text, policy.limits.atoms);
    let is_back = payment.amount <= 0 || payment.flags & PAYMENT_RETURN != 0;
    let mut named: Vec<u32> = Vec::new();
    for hit in clues.hits.iter().filter(|hit| tells_at_once(clues, hit)) {
        if !named.contains(&hit.item) {
            named.push(hit.item);
        }
    }
    let payer = AtSight::of(book, &text);
    let customer = match (&payer, named.first()) {
        (AtSight::Account(customers), _) => customers.first().copied().unwrap_or(NONE),
        (AtSight::Name { .. }, named) => named.map_or(NONE, |item| book.item_customer(*item)),
    };
    let nothing = First { item: NONE, learns: false, by_account: false, customer };
    if named.is_empty() {
        return nothing;
    }
    if is_back {
        looks.returned.extend(&named);
    }
    // An item that is a stranger's to this payer is wanted only where its own payer does not come.
    let ties: Vec<(u32, Tie)> = named.iter().map(|item| (*item, payer.tie(book, *item))).collect();
    let own: Vec<(u32, Tie)> = ties.iter().copied().filter(|(_, tie)| *tie >= Tie::Possible).collect();
    let at = looks.named.len();
    looks.named.extend(&ties);
    if is_back || clues.is_overlong || clues.is_cut || payment.flags & PAYMENT_TEXT_CUT != 0 {
        return nothing;
    }
    let [(one, tie)] = *own else { return nothing };
    let item = book.item(one);
    let is_exact =
        |item: &ItemRow| item.open == payment.amount && book.item_currency(item.currency) == book.payment_amount(row).currency();
    let is_before = payment.booked != i32::MIN && item.issued != i32::MIN && payment.booked < item.issued;
    if !is_exact(item) || item.flags != 0 || is_before || clues.speaks_of_doubt() {
        return nothing;
    }
    let (by_account, learns) = match &payer {
        AtSight::Account(customers) if customers.contains(&item.customer) => (true, false),
        AtSight::Account(_) => return nothing,
        AtSight::Name { folded, is_account_new } => {
            if !folded.is_empty() && tie < Tie::Sure || folded.is_empty() && *is_account_new {
                return nothing;
            }
            (false, *is_account_new)
        }
    };
    if named.len() > 1 {
        // Where sellers number alike, one number names an item of each: the payer's own is meant, if every number in the text names it.
        let names_one = |number: u16| clues.hits.iter().any(|h| h.number == number && h.item == one && tells_at_once(clues, h));
        let is_named_by_all = clues.hits.iter().filter(|hit| tells_at_once(clues, hit)).all(|hit| names_one(hit.number));
        if !is_named_by_all || named.iter().any(|other| *other != one && is_exact(book.item(*other))) {
            return nothing;
        }
    }
    // Without its letters a number says as much only where the account says whose it is.
    let says_it = |hit: &Hit| hit.level == Level::Full || by_account && clues.digit_count(hit) >= 5;
    if !clues.hits.iter().any(|hit| hit.item == one && tells_at_once(clues, hit) && says_it(hit)) {
        return nothing;
    }
    // Where the customer owes as much elsewhere, the amount does not tell which is meant, and the number must be it and nothing else.
    let is_whole = |hit: &Hit| hit.item == one && hit.level <= Level::Structured && !clues.may_mean_else(book, hit);
    let owes_alike = || book.also_open_at(one, book.item_open(one), policy.limits.customer_items).next().is_some();
    if !clues.hits.iter().any(is_whole) && owes_alike() {
        return nothing;
    }
    // It asks for none of the others.
    looks.named.truncate(at);
    looks.named.push((one, tie));
    First { item: one, learns, by_account, customer }
}

/// Whom the bank's line names as the payer, as far as that is seen without a search.
enum AtSight {
    /// The customers whose account it is.
    Account(Vec<u32>),
    /// No account that is known.
    Name {
        /// As the name indexes have it; empty for none.
        folded: String,
        /// There is an account, and nobody's.
        is_account_new: bool,
    },
}

impl AtSight {
    fn of(book: &Book, text: &PaymentText<'_>) -> Self {
        let key = account_key(text.payer_iban);
        if let Some(key) = key {
            let on_file: Vec<u32> = book.by_account.rows(key).collect();
            if !on_file.is_empty() {
                return Self::Account(on_file);
            }
            if let Some(taught) = book.taught_account(key).filter(|customer| *customer != NONE) {
                return Self::Account(vec![taught]);
            }
        }
        let folded = if text.payer_name.is_empty() { String::new() } else { folded_payer(text.payer_name) };
        Self::Name { folded, is_account_new: key.is_some() }
    }

    /// What ties this payer to the customer of an item.
    fn tie(&self, book: &Book, item: u32) -> Tie {
        let customer = book.item_customer(item);
        match self {
            Self::Account(customers) if customers.iter().any(|known| book.family(*known) == book.family(customer)) => Tie::Sure,
            Self::Account(_) => Tie::None,
            Self::Name { folded, .. } if folded.is_empty() => Tie::Possible,
            Self::Name { folded, .. } => match book.customer_names(customer).map(|name| similarity(name, folded)).max() {
                Some(870..) => Tie::Sure,
                Some(650..) => Tie::Possible,
                _ => Tie::None,
            },
        }
    }
}

/// A hit that names its item without a comparison.
fn tells_at_once(clues: &Clues, hit: &Hit) -> bool {
    hit.level <= Level::Zeros && clues.digit_count(hit) >= 4
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
    let digits = maker.clues.digit_count(hit);
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
            // Beside the number of an item, what a label calls an order's or a customer's is that.
            let is_named = clues.hits.iter().any(|hit| is_own(hit.item) && hit.level <= Level::Zeros);
            let is_explained = |n: &Number| {
                let mut own = clues.hits.iter().filter(|hit| is_own(hit.item)).filter_map(|hit| clues.number_of(hit));
                own.any(|other| other.overlaps(n))
            };
            clues.numbers.iter().any(|n| {
                n.origin != Origin::EndToEnd && maker.looks_like_ours(n) && !(is_named && clues.is_aside(n)) && !is_explained(n)
            })
        })
        .collect();
    let asks_for_series = |h: &Hypothesis| matches!(h.pattern, Pattern::PayerExact | Pattern::NotOurs);
    let names_another = hypotheses.iter().any(asks_for_series) && names_what_is_not_open(maker);
    let unknown = unknown_of_ours(maker);
    let slips = hypotheses
        .iter()
        .map(|h| {
            let rests_on_another = || match h.pattern {
                _ if asks_for_series(h) => names_another,
                _ => rests_on_a_slip(maker, row, h) || rests_on_another_number(maker, h),
            };
            leaves_unknown(maker, h, &unknown) || rests_on_another()
        })
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
        is_crowded: maker.is_crowded(),
        is_crowded_by_debtors: maker.is_crowded_by_debtors(),
    }
}

/// The text has a number of a series of ours that no open item bears: it was paid, or is not in this book.
fn names_what_is_not_open(maker: &Maker<'_>) -> bool {
    let clues = &maker.clues;
    let numbers = clues.numbers.iter().filter(|n| n.origin != Origin::EndToEnd && n.named == 0 && n.digits >= 4);
    numbers.take(8).any(|n| clues.is_of_a_series(maker.book, n))
}

/// Numbers in the text with as many digits as ours have, that name no open item and that no label calls an order's: an invoice paid
/// before, or one that is not in this book.
fn unknown_of_ours(maker: &Maker<'_>) -> Vec<Vec<u8>> {
    let clues = &maker.clues;
    let is_ours = |n: &&Number| n.origin != Origin::EndToEnd && n.named == 0 && maker.looks_like_ours(n) && !clues.is_aside(n);
    clues.numbers.iter().filter(is_ours).take(8).map(|number| clues.digits_of(number)).collect()
}

/// Nothing names the items of the answer, and one of these numbers is no slip of any of theirs.
fn leaves_unknown(maker: &Maker<'_>, hypothesis: &Hypothesis, unknown: &[Vec<u8>]) -> bool {
    /// So many digits may be wrong in a number that was meant for this one.
    const SLIPS: usize = 3;
    let (book, clues) = (maker.book, &maker.clues);
    let is_named = |item: u32| clues.hits.iter().any(|hit| hit.item == item);
    // In a large book nearly every number has as many digits as some of ours: for money that clears nothing that says too little.
    let clears_nothing = hypothesis.lines.is_empty();
    if unknown.is_empty() || clears_nothing || hypothesis.lines.iter().any(|(item, _)| is_named(*item)) {
        return false;
    }
    let is_slip = |written: &[u8], item: u32| {
        let own: Vec<u8> = book.item_number_bytes(item).iter().copied().filter(u8::is_ascii_digit).collect();
        let (short, long) = if own.len() < written.len() { (&own[..], written) } else { (written, &own[..]) };
        let holds = short.len() >= 3 && long.windows(short.len()).any(|part| part == short);
        holds || strsim::generic_damerau_levenshtein(written, &own) <= SLIPS.min(own.len() / 2)
    };
    unknown.iter().any(|written| !hypothesis.lines.iter().any(|(item, _)| is_slip(written, *item)))
}

/// One item alone is named, by bare digits that stand where a date, an amount, an order or the customer's own number does, and the customer
/// owes as much elsewhere: then the amount does not tell which is meant, and the digits may not either.
fn rests_on_another_number(maker: &Maker<'_>, hypothesis: &Hypothesis) -> bool {
    let (book, clues) = (maker.book, &maker.clues);
    let [(item, _)] = *hypothesis.lines else { return false };
    let owes_alike = || book.also_open_at(item, book.item_open(item), maker.policy.limits.customer_items).next().is_some();
    let mut hits = clues.hits.iter().filter(|hit| hit.item == item).peekable();
    hits.peek().is_some() && owes_alike() && hits.all(|hit| clues.may_mean_else(book, hit))
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
        let owes_alike = || book.also_open_at(*item, amount, maker.policy.limits.customer_items).next().is_some();
        let is_exact = hypothesis.pattern == Pattern::ReferenceExact && *cleared == amount.minor() && !owes_alike();
        let may_be_meant = |other: u32| {
            let theirs = book.item_customer(other);
            !is_exact || theirs == customer || book.item_open(other) == amount || !is_sure_payer(customer) || is_payer(theirs)
        };
        // An item that the same number names as well, and that asks for as much: neither is said.
        let is_as_good =
            |o: &Hit, hit: &Hit| o.level <= hit.level && book.item_open(o.item) == amount && book.item_open(*item) == amount;
        of_item().any(|hit| {
            let others = clues.hits.iter().filter(|o| o.number == hit.number && o.item != hit.item);
            others.clone().any(|o| (o.level <= Level::PrefixDropped || is_as_good(o, hit)) && may_be_meant(o.item))
        })
    })
}
