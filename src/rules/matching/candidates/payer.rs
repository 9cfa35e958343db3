//! Who pays: the customers an account or a name points at, and what it costs that this payer pays for a customer.

use super::*;
use crate::money::Money;

/// Customers compared: of one account, of one name (rows, then customers), of one family.
const ACCOUNT_MAX: usize = 20;
const NAMES_MAX: usize = 200;
const ALIKE_MAX: usize = 8;
/// From here on a name is taken for the payer's, thousandths.
const ALIKE_FULLY: u16 = 950;
const CHILDREN_MAX: usize = 20;

/// How the account of a payer looks beside a customer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::matching) enum AccountClass {
    Fits,
    /// Not on file; a person has confirmed it for this customer.
    Confirmed,
    Family,
    OfAnother,
    New,
    NoneOnFile,
}

/// How the name of a payer looks beside a customer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::matching) enum NameClass {
    Equal,
    Alike,
    Partly,
    Unlike,
}

/// What is known of the payer.
#[derive(Debug, Default)]
pub(in crate::matching) struct Payer {
    /// Folded name; empty where the bank gives none.
    pub(super) name: String,
    /// The payment carries an account.
    pub(super) has_account: bool,
    /// Customers with this account.
    pub(super) by_account: Vec<u32>,
    /// The customer this account paid for in clear cases of the same book.
    pub(super) learned: Option<u32>,
    /// The customer a person has confirmed for this account.
    pub(super) taught: Option<u32>,
    /// Customers with a like name, and how like.
    pub(super) by_name: Vec<(u32, u16)>,
    /// More customers share the account, the name or the family than are compared.
    pub(super) is_crowded: bool,
    /// Of those who bear the name, more owe exactly the amount than are compared.
    pub(super) is_crowded_by_debtors: bool,
    /// The text holds the number of this customer at the seller.
    pub(super) by_number: Option<u32>,
}

impl Maker<'_> {
    pub(in crate::matching) fn is_payer_known(&self) -> bool {
        !self.payer.by_account.is_empty()
            || self.payer.learned.is_some()
            || self.payer.taught.is_some()
            || self.payer.by_name.iter().any(|(_, s)| *s >= 870)
    }

    /// The bank names the payer.
    pub(in crate::matching) fn is_payer_named(&self) -> bool {
        !self.payer.name.is_empty()
    }

    pub(super) fn know_payer(&mut self, name: &str, iban: &str, paid: Money, settled: &Settled<'_>) {
        let payer = &mut self.payer;
        payer.by_account.clear();
        payer.by_name.clear();
        (payer.is_crowded, payer.is_crowded_by_debtors) = (false, false);
        payer.learned = None;
        payer.taught = None;
        payer.name = if name.is_empty() { String::new() } else { folded_payer(name) };
        let key = account_key(iban);
        payer.has_account = key.is_some();
        if let Some(key) = key {
            payer.by_account.extend(self.book.by_account.rows(key).take(ACCOUNT_MAX));
            payer.is_crowded |= self.book.by_account.rows(key).nth(ACCOUNT_MAX).is_some();
            payer.is_crowded_by_debtors |= payer.is_crowded;
            if payer.by_account.is_empty() {
                payer.taught = self.book.taught_account(key).filter(|c| *c != NONE);
                payer.learned = settled.learned.get(&key).copied().filter(|c| *c != NONE);
            }
        }
        if payer.name.is_empty() {
            return;
        }
        let seen = &mut self.seen;
        seen.clear();
        let by_words = || self.book.by_name.rows(word_set_hash(&payer.name));
        // Whose account it is, is known whoever else has the name.
        let has_owner = !payer.by_account.is_empty();
        let is_beyond = !has_owner && by_words().nth(NAMES_MAX).is_some();
        (payer.is_crowded, payer.is_crowded_by_debtors) = (payer.is_crowded | is_beyond, payer.is_crowded_by_debtors | is_beyond);
        for name_row in by_words().take(NAMES_MAX) {
            let (customer, core) = self.book.name(name_row);
            let alike = Self::alike(self.book, name_row, core, &payer.name);
            if alike >= ALIKE_FULLY && !seen.contains(&customer) {
                seen.push(customer);
                payer.by_name.push((customer, alike));
            }
        }
        if payer.by_name.is_empty() && payer.by_account.is_empty() {
            // The rarest words of the name lead to the names worth comparing.
            let mut rows: Vec<u32> = Vec::new();
            let mut words: Vec<(usize, &str)> = payer
                .name
                .split(' ')
                .filter(|w| w.len() >= 3)
                .take(8)
                .map(|w| (self.book.by_word.rows(hash(w.as_bytes())).take(400).count(), w))
                .filter(|(count, _)| *count > 0)
                .collect();
            words.sort_unstable();
            for (count, word) in words.into_iter().take(3) {
                if count >= 400 || (rows.len() + count > 500 && !rows.is_empty()) {
                    break;
                }
                rows.extend(self.book.by_word.rows(hash(word.as_bytes())));
            }
            rows.sort_unstable();
            rows.dedup();
            for name_row in rows {
                let (customer, core) = self.book.name(name_row);
                let alike = Self::alike(self.book, name_row, core, &payer.name);
                if alike >= 780 {
                    match payer.by_name.iter_mut().find(|(c, _)| *c == customer) {
                        Some(known) => known.1 = known.1.max(alike),
                        None => payer.by_name.push((customer, alike)),
                    }
                }
            }
        }
        let book = self.book;
        payer.by_name.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| book.customer_id(a.0).cmp(book.customer_id(b.0))));
        if payer.by_name.get(ALIKE_MAX).is_some_and(|(_, alike)| *alike >= ALIKE_FULLY) {
            payer.is_crowded |= !has_owner;
            // Who owes exactly what was paid is compared before others of the name.
            let most = self.policy.limits.customer_items;
            let owes = |(customer, alike): &(u32, u16)| {
                *alike >= ALIKE_FULLY && book.items_of(*customer).take(most).any(|item| book.item_open(item) == paid)
            };
            payer.by_name.sort_by_cached_key(|known| !owes(known));
            payer.is_crowded_by_debtors |= !has_owner && payer.by_name.get(ALIKE_MAX).is_some_and(owes);
        }
        payer.by_name.truncate(ALIKE_MAX);
    }

    /// More customers than are compared may be the payer.
    pub(in crate::matching) fn is_crowded(&self) -> bool {
        self.payer.is_crowded
    }

    /// More customers than are compared may be the payer, and owe exactly what was paid.
    pub(in crate::matching) fn is_crowded_by_debtors(&self) -> bool {
        self.payer.is_crowded_by_debtors
    }

    /// How alike a name of the book is; one learned from a confirmation is never taken for equal.
    fn alike(book: &Book, name: u32, core: &str, payer: &str) -> u16 {
        let alike = similarity(core, payer);
        if book.is_taught(name) { alike.min(960) } else { alike }
    }

    pub(super) fn choose_customers(&mut self, row: u32) {
        /// An amount that so few owe says whom a stranger may have paid for.
        const OWING_MAX: usize = 4;
        let mut list = std::mem::take(&mut self.customers);
        list.clear();
        let add = |c: u32, list: &mut Vec<u32>| {
            if !list.contains(&c) {
                list.push(c);
            }
        };
        for c in self.payer.by_account.iter().chain(&self.payer.taught).chain(&self.payer.learned) {
            add(*c, &mut list);
        }
        for (c, _) in &self.payer.by_name {
            add(*c, &mut list);
        }
        for at in 0..list.len() {
            let customer = self.book.customer(list[at]);
            if customer.parent != NONE {
                add(customer.parent, &mut list);
            }
            let children = self.book.children_of(list[at]);
            let is_beyond = children.len() > CHILDREN_MAX;
            self.payer.is_crowded |= is_beyond;
            self.payer.is_crowded_by_debtors |= is_beyond;
            for (_, child) in children.iter().take(CHILDREN_MAX) {
                add(*child, &mut list);
            }
        }
        let mut named: Vec<(Level, u32)> = self.clues.hits.iter().map(|h| (h.level, self.book.item_customer(h.item))).collect();
        named.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| self.book.customer_id(a.1).cmp(self.book.customer_id(b.1))));
        for (_, c) in named {
            if list.len() < 40 {
                add(c, &mut list);
            }
        }
        let money = self.book.payment_amount(row);
        let code = self
            .book
            .item_currency_code(money.currency())
            .filter(|code| self.payer.by_account.is_empty() && self.book.count_of_amount(*code, money.minor()) <= OWING_MAX);
        for item in code.into_iter().flat_map(|code| self.book.items_of_amount(code, money.minor())) {
            if list.len() < 40 {
                add(self.book.item_customer(item), &mut list);
            }
        }
        list.truncate(40);
        self.customers = list;
    }

    /// What it costs that this payer pays for this customer; and whether the payer is known as (family of) the customer.
    pub(super) fn payer_weight(&mut self, customer: u32) -> (f64, bool) {
        if let Some((_, weight, is_known)) = self.payer_known.iter().find(|known| known.0 == customer) {
            return (*weight, *is_known);
        }
        let (weight, is_known) = self.payer_weight_of(customer);
        self.payer_known.push((customer, weight, is_known));
        (weight, is_known)
    }

    fn payer_weight_of(&self, customer: u32) -> (f64, bool) {
        let w = &self.policy.payer;
        let (account_class, name_class) = self.payer_classes(customer);
        let account_known = matches!(account_class, Some(AccountClass::Fits | AccountClass::Confirmed | AccountClass::Family));
        let account = match account_class {
            None => 0.0,
            Some(AccountClass::Fits) => w.account_fits,
            // What was learned never weighs more than what is on file, whatever a policy says.
            Some(AccountClass::Confirmed) => w.account_confirmed.min(w.account_fits),
            Some(AccountClass::Family) => w.account_of_family,
            Some(AccountClass::OfAnother) => w.account_of_another,
            Some(AccountClass::New) => w.account_new,
            Some(AccountClass::NoneOnFile) => w.account_none_on_file,
        };
        let name_known = matches!(name_class, Some(NameClass::Equal | NameClass::Alike));
        let name = match name_class {
            None => 0.0,
            Some(NameClass::Equal) => w.name_equal,
            Some(NameClass::Alike) => w.name_alike,
            Some(NameClass::Partly) => w.name_partly,
            Some(NameClass::Unlike) => w.name_unlike,
        };
        let is_known = account_known || name_known;
        // A wrong name and a new account are one fact, not two: somebody else pays.
        let mut total = if account < -2.0 && name < -2.0 { account.min(name) - 0.5 } else { account + name };
        if account_known && !name_known {
            total = total.max(account + w.name_partly);
        }
        if !is_known {
            total -= self.ln_customers;
        }
        if self.payer.by_number.is_some_and(|c| c != customer) {
            total += w.number_of_another;
        }
        (total, is_known)
    }

    /// How account and name of the payer look beside those of a customer; `None` for what the bank does not give.
    pub(in crate::matching) fn payer_classes(&self, customer: u32) -> (Option<AccountClass>, Option<NameClass>) {
        let payer = &self.payer;
        let in_family = |other: u32| {
            let (a, b) = (self.book.customer(customer), self.book.customer(other));
            a.parent == other || b.parent == customer || (a.parent != NONE && a.parent == b.parent)
        };
        let account = payer.has_account.then(|| {
            if payer.by_account.contains(&customer) || payer.learned == Some(customer) {
                AccountClass::Fits
            } else if payer.taught == Some(customer) {
                AccountClass::Confirmed
            } else if payer.by_account.iter().any(|c| in_family(*c)) {
                AccountClass::Family
            } else if !payer.by_account.is_empty() || payer.learned.is_some() || payer.taught.is_some() {
                AccountClass::OfAnother
            } else if self.book.accounts_of(customer) {
                AccountClass::New
            } else {
                AccountClass::NoneOnFile
            }
        });
        let name = (!payer.name.is_empty()).then(|| {
            let found = payer.by_name.iter().find(|(c, _)| *c == customer).map(|(_, s)| *s);
            let alike = found
                .unwrap_or_else(|| self.book.customer_names(customer).map(|n| similarity(n, &payer.name)).max().unwrap_or(0));
            match alike {
                970.. => NameClass::Equal,
                870.. => NameClass::Alike,
                650.. => NameClass::Partly,
                _ => NameClass::Unlike,
            }
        });
        (account, name)
    }
}
