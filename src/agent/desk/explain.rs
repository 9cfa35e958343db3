//! A case in words and figures: why it stopped, what agrees and what differs, how the difference comes about, what each answer
//! would change in the ledger.

use std::collections::BTreeMap;

use quittance_rules::cases::{Case, CaseCandidate};
use quittance_rules::evidence::Confidence;
use quittance_rules::gate::Reason;
use quittance_rules::ledger::{Entry, ItemBalance, Purpose};
use quittance_rules::money::Money;
use quittance_rules::names::{fold_name, similarity};
use quittance_rules::records::{Customer, CustomerId, ItemId, ItemKind};
use serde::Serialize;

use crate::evidence::{plain, plain_texts};
use crate::ports::{StoredItem, StoredPayment};

/// A value as it is shown: money keeps its type so that the page can set it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// An amount.
    Money(Money),
    /// A text.
    Text(String),
}

impl From<Money> for Shown {
    fn from(money: Money) -> Self {
        Self::Money(money)
    }
}
impl From<String> for Shown {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}
impl From<&str> for Shown {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// One condition that did not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Condition {
    /// In a sentence.
    pub sentence: String,
    /// The line of the policy, or the rule built into the gate.
    pub rule: String,
    /// What was found.
    pub value: Option<Shown>,
    /// What would have been needed.
    pub threshold: Option<Shown>,
}

/// How a rule that people wrote in the policy is named; which one stands in the sentence.
const OWN_RULE: &str = "rule of the policy";

/// A reason of the gate with its rule, value and threshold.
pub fn condition(reason: &Reason) -> Condition {
    let (rule, value, threshold): (&str, Option<Shown>, Option<Shown>) = match reason {
        Reason::NoAnswer => ("exact pattern: an open item explains it", None, Some("one item".into())),
        Reason::PartlyDecided => ("exact pattern: the whole payment", None, None),
        Reason::IsReturn => ("checkpoint: money that goes back", None, None),
        Reason::InFuture(date) => ("exact pattern: booked by today", Some(date.to_string().into()), Some("today".into())),
        Reason::AmountDiffers { items, payment } => {
            ("exact pattern: the items come to the payment", Some((*items).into()), Some((*payment).into()))
        }
        Reason::NotCleared(item) => {
            ("exact pattern: every item cleared in full", Some(item.to_string().into()), Some("its open amount".into()))
        }
        Reason::CurrencyDiffers(item) => ("exact pattern: one currency", Some(item.to_string().into()), None),
        Reason::CreditNote(item) => ("checkpoint: credit notes", Some(item.to_string().into()), None),
        Reason::OnHold(item) => ("exact pattern: no item on hold", Some(item.to_string().into()), None),
        Reason::ContractDiffers(item) => ("exact pattern: as contracted", Some(item.to_string().into()), None),
        Reason::PaidBeforeIssue(item) => ("exact pattern: issued before it is paid", Some(item.to_string().into()), None),
        Reason::NumberNotQuoted(number) => {
            ("exact pattern: every number quoted in full", Some("not quoted".into()), Some(number.clone().into()))
        }
        Reason::NumberTooShort(number) => {
            ("exact pattern: a telling number", Some(number.clone().into()), Some("5 letters and digits".into()))
        }
        Reason::SeveralCustomers(customers) => {
            ("exact pattern: one customer", Some(format!("{} customers", customers.len()).into()), Some("1".into()))
        }
        Reason::PayerContradicted(words) => ("exact pattern: payer not contradicted", Some(words.clone().into()), None),
        Reason::HighValue { amount, limit } => ("gate.high_value", Some((*amount).into()), limit.map(Shown::from)),
        Reason::MatcherDoubts(_) => ("matching.settle.confidence", None, None),
        Reason::WordOfDoubt(word) => ("exact pattern: no word of doubt", Some(word.clone().into()), None),
        Reason::TakenBack => ("exact pattern: not taken back since", None, None),
        Reason::Flag(kind) if kind.is_checkpoint() => ("checkpoint", Some(kind.words().into()), None),
        Reason::Flag(kind) => ("exact pattern: nothing known against it", Some(kind.words().into()), None),
        Reason::Rejected => ("a refused answer is never settled by a rule", None, None),
        Reason::RuleAsks(rule) | Reason::RuleStopped(rule) => (OWN_RULE, Some(rule.clone().into()), None),
        Reason::RuleAssigns { rule, .. } | Reason::RuleFailed { rule, .. } => (OWN_RULE, Some(rule.clone().into()), None),
        Reason::FitsItem { number, .. } => (OWN_RULE, Some(number.clone().into()), Some("no item".into())),
        Reason::AboveWriteOff { rest, .. } => (OWN_RULE, Some((*rest).into()), Some("its limit".into())),
    };
    let rule = match reason {
        Reason::HighValue { amount, .. } => format!("{rule}.{}", amount.currency()),
        _ => rule.to_owned(),
    };
    Condition { sentence: reason.to_string(), rule, value, threshold }
}

/// Whether a field of the payment and of an answer say the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Agreement {
    /// The same.
    Agrees,
    /// Not the same.
    Differs,
    /// One of them says nothing.
    Silent,
}

/// One field compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// `amount`, `number`, `payer`, `account`, `currency`, `date`.
    pub field: &'static str,
    /// What the payment says.
    pub payment: Shown,
    /// What the ledger says.
    pub ledger: Shown,
    /// Whether they are the same.
    pub agreement: Agreement,
}

/// The items and customers an answer is about.
pub type Items = BTreeMap<ItemId, StoredItem>;

/// Whether the payer's name is the customer's or one of its other names.
fn is_name_of(customer: &Customer, name: &str) -> bool {
    /// Thousandths from which two names are taken for one, as the gate's facts do.
    const SAME_NAME: u16 = 850;
    let folded = fold_name(name).core;
    std::iter::once(&customer.name).chain(&customer.aliases).any(|own| similarity(&folded, &fold_name(own).core) >= SAME_NAME)
}

/// Compares a payment with an answer, field by field.
pub fn compare(
    payment: &StoredPayment,
    entries: &[Entry],
    items: &Items,
    customers: &BTreeMap<CustomerId, Customer>,
) -> Vec<Compared> {
    let line = &payment.line.line;
    let remaining = payment.balance.remaining;
    let named: Vec<&StoredItem> = distinct_items(entries).into_iter().filter_map(|id| items.get(id)).collect();
    let mut compared = Vec::new();
    let agreement = |agrees: bool| if agrees { Agreement::Agrees } else { Agreement::Differs };
    let open = super::ports::one_sum(named.iter().map(|item| item.balance.open));
    if let Some(open) = open {
        compared.push(Compared {
            field: "amount",
            payment: remaining.into(),
            ledger: open.into(),
            agreement: agreement(open == remaining),
        });
    }
    let said = plain_texts(line);
    for item in named.iter().take(6) {
        let quoted = said.contains(plain(&item.item.number).as_str());
        let is_silent = said.trim().is_empty();
        compared.push(Compared {
            field: "number",
            payment: if quoted {
                item.item.number.clone().into()
            } else {
                line.remittance.clone().unwrap_or_default().chars().take(60).collect::<String>().into()
            },
            ledger: item.item.number.clone().into(),
            agreement: if is_silent { Agreement::Silent } else { agreement(quoted) },
        });
    }
    let owner = named
        .first()
        .map(|item| &item.item.customer)
        .or_else(|| entries.iter().find_map(|entry| entry.customer.as_ref()))
        .and_then(|id| customers.get(id));
    if let Some(owner) = owner {
        let payer = line.counterparty_name.as_deref().filter(|name| !name.trim().is_empty());
        compared.push(Compared {
            field: "payer",
            payment: payer.unwrap_or_default().into(),
            ledger: owner.name.clone().into(),
            agreement: payer.map_or(Agreement::Silent, |name| agreement(is_name_of(owner, name))),
        });
        let account = line.counterparty_account.as_deref().map(quittance_rules::bank::normal_account);
        let known: Vec<String> = owner
            .iban
            .iter()
            .flat_map(|ibans| ibans.split('|'))
            .map(quittance_rules::bank::normal_account)
            .filter(|iban| !iban.is_empty())
            .collect();
        let agrees = match (&account, known.is_empty()) {
            (Some(account), false) => agreement(known.contains(account)),
            (None, _) | (_, true) => Agreement::Silent,
        };
        compared.push(Compared {
            field: "account",
            payment: account.unwrap_or_default().into(),
            ledger: known.join(", ").into(),
            agreement: agrees,
        });
    }
    if let (Some(item), Some(booked)) = (named.first(), line.booking_date) {
        compared.push(Compared {
            field: "date",
            payment: booked.to_string().into(),
            ledger: format!("{} – {}", item.item.issue_date, item.item.due_date).into(),
            agreement: agreement(booked >= item.item.issue_date),
        });
        compared.push(Compared {
            field: "currency",
            payment: remaining.currency().code().into(),
            ledger: item.balance.open.currency().code().into(),
            agreement: agreement(remaining.currency() == item.balance.open.currency()),
        });
    }
    compared
}

fn distinct_items(entries: &[Entry]) -> Vec<&ItemId> {
    let mut found: Vec<&ItemId> = Vec::new();
    for entry in entries {
        if let Some(item) = &entry.item
            && !found.contains(&item)
        {
            found.push(item);
        }
    }
    found
}

/// One line of a sum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Term {
    /// What it is.
    pub label: String,
    /// Its amount with its sign in the sum.
    pub amount: Money,
}

/// How the payment and the answer come together: open amounts, less what is granted, less the payment; what is left is named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct Arithmetic {
    /// The terms, in order. They add up to `difference`.
    pub terms: Vec<Term>,
    /// What they come to: positive stays open on the items, negative stays unapplied.
    pub difference: Option<Money>,
    /// What the difference is called: `stays open on INV-2041`, `stays on the account of ACME`, `nothing is left over`.
    pub meaning: String,
}

/// Explains the difference. Empty where currencies differ: then no sum says anything.
pub fn arithmetic(payment: &StoredPayment, entries: &[Entry], items: &Items) -> Arithmetic {
    let remaining = payment.balance.remaining;
    let ids = distinct_items(entries);
    let mut terms: Vec<Term> = Vec::new();
    for id in &ids {
        let Some(item) = items.get(*id) else { return Arithmetic::default() };
        let label = match item.item.kind {
            ItemKind::Invoice => format!("open on {}", item.item.number),
            ItemKind::CreditNote => format!("credit note {}", item.item.number),
        };
        terms.push(Term { label, amount: item.balance.open });
    }
    if terms.is_empty() {
        return Arithmetic::default();
    }
    for (purpose, label) in [
        (Purpose::Discount, "early-payment discount"),
        (Purpose::BankFee, "bank charges"),
        (Purpose::Withholding, "tax withheld"),
        (Purpose::WriteOff, "written off"),
    ] {
        let granted = entries.iter().filter(|entry| entry.purpose == purpose).filter_map(|entry| entry.cleared);
        if let Some(amount) = super::ports::one_sum(granted).and_then(Money::checked_neg) {
            terms.push(Term { label: label.to_owned(), amount });
        }
    }
    let Some(paid) = remaining.checked_neg() else { return Arithmetic::default() };
    terms.push(Term { label: "paid".to_owned(), amount: paid });
    let difference = super::ports::one_sum(terms.iter().map(|term| term.amount));
    let numbers: Vec<&str> = ids.iter().filter_map(|id| items.get(*id)).map(|item| item.item.number.as_str()).collect();
    let items_in_words = match numbers.as_slice() {
        [only] => (*only).to_owned(),
        several => format!("{} items", several.len()),
    };
    let meaning = match difference {
        None => return Arithmetic::default(),
        Some(rest) if rest.is_zero() => "nothing is left over".to_owned(),
        Some(rest) if rest.is_positive() => format!("stays open on {items_in_words}"),
        Some(_) => "stays as unapplied cash".to_owned(),
    };
    Arithmetic { terms, difference, meaning }
}

/// One bar of the waterfall of weights: from the sum before it to the sum after it, in thousandths of a natural logarithm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bar {
    /// The evidence.
    pub field: String,
    /// What was compared, in words.
    pub note: String,
    /// Its weight.
    pub weight: i64,
    /// The sum before it.
    pub from: i64,
    /// The sum with it.
    pub to: i64,
}

/// The waterfall of a candidate's weights, the prior first.
pub fn waterfall(candidate: &CaseCandidate) -> Vec<Bar> {
    let mut sum = 0_i64;
    let mut bars = Vec::new();
    for weight in &candidate.weights {
        let from = sum;
        sum = sum.saturating_add(i64::from(weight.log_odds_milli));
        bars.push(Bar {
            field: weight.field.clone(),
            note: weight.note.clone(),
            weight: i64::from(weight.log_odds_milli),
            from,
            to: sum,
        });
    }
    bars
}

/// A computed probability in words a person can check: how often such an answer would be wrong.
pub fn confidence_in_words(confidence: Confidence) -> String {
    let wrong = 1_000_000_u32.saturating_sub(confidence.millionths());
    match (wrong, confidence.millionths()) {
        (0, _) => "no other explanation was found".to_owned(),
        (wrong, _) if wrong <= 500_000 => {
            format!("about 1 in {} such answers would be wrong", round_number(1_000_000_u32.div_ceil(wrong)))
        }
        (_, 0) => "hardly ever right".to_owned(),
        (_, right) => format!("about 1 in {} such answers would be right", round_number(1_000_000_u32.div_ceil(right))),
    }
}

/// Two leading digits: more would be more than the computation knows.
fn round_number(number: u32) -> u32 {
    let mut scale = 1_u32;
    while number.checked_div(scale).unwrap_or(0) >= 100 {
        scale = scale.saturating_mul(10);
    }
    number.checked_div(scale).unwrap_or(number).saturating_mul(scale)
}

/// An item's open amount before and after an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ItemEffect {
    /// The item.
    pub item: ItemId,
    /// The number the customer sees.
    pub number: String,
    /// Open before.
    pub before: Money,
    /// Open after.
    pub after: Money,
    /// What clears it, by purpose.
    pub by: Vec<Term>,
}

/// What an answer changes in the ledger, exactly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct Effect {
    /// Left of the payment before.
    pub payment_before: Option<Money>,
    /// Left of the payment after.
    pub payment_after: Option<Money>,
    /// Items, in the order of the entries.
    pub items: Vec<ItemEffect>,
    /// Money that stays on accounts.
    pub accounts: Vec<Term>,
    /// Money that is not ours.
    pub not_ours: Option<Money>,
}

/// The effect of entries on balances.
pub fn effect(payment: &StoredPayment, entries: &[Entry], items: &Items, customers: &BTreeMap<CustomerId, Customer>) -> Effect {
    let mut after = payment.balance.remaining;
    let mut effect = Effect { payment_before: Some(after), ..Effect::default() };
    for entry in entries {
        after = after.checked_sub(entry.amount).unwrap_or(after);
        match entry.purpose {
            Purpose::Unapplied => {
                let owner = entry.customer.as_ref();
                let name = owner.and_then(|id| customers.get(id)).map(|customer| customer.name.clone());
                let label = name.or_else(|| owner.map(ToString::to_string)).unwrap_or_default();
                effect.accounts.push(Term { label, amount: entry.amount });
            }
            Purpose::NotOurs => effect.not_ours = Some(entry.amount),
            Purpose::Allocation | Purpose::Discount | Purpose::BankFee | Purpose::Withholding | Purpose::WriteOff => {
                let (Some(id), Some(cleared)) = (&entry.item, entry.cleared) else { continue };
                let balance = items.get(id).map(|item| item.balance);
                let ItemBalance { open, .. } = balance.unwrap_or(ItemBalance { billed: cleared, open: cleared });
                let at = effect.items.iter().position(|line| line.item == *id);
                let at = at.unwrap_or_else(|| {
                    let number = items.get(id).map_or_else(|| id.to_string(), |item| item.item.number.clone());
                    effect.items.push(ItemEffect { item: id.clone(), number, before: open, after: open, by: Vec::new() });
                    effect.items.len().saturating_sub(1)
                });
                if let Some(line) = effect.items.get_mut(at) {
                    line.after = line.after.checked_sub(cleared).unwrap_or(line.after);
                    line.by.push(Term { label: entry.purpose.name().replace('_', " "), amount: cleared });
                }
            }
        }
    }
    effect.payment_after = Some(after);
    effect
}

/// What a case would have needed to settle alone, taken from what the gate said.
pub fn near_miss(case: &Case, said: Option<&str>, conditions: &[Condition]) -> Option<String> {
    match (said, conditions) {
        (Some(words), _) => Some(words.to_owned()),
        (None, [only]) => Some(format!("only this kept it: {}", only.sentence)),
        (None, _) => case.reasons.iter().find(|reason| reason.contains("would settle alone")).cloned(),
    }
}

/// An entry in a sentence.
pub fn sentence(entry: &Entry, items: &Items, customers: &BTreeMap<CustomerId, Customer>) -> String {
    let number = |id: &Option<ItemId>| match id {
        Some(id) => items.get(id).map_or_else(|| id.to_string(), |item| item.item.number.clone()),
        None => String::new(),
    };
    let item = number(&entry.item);
    let cleared = entry.cleared.unwrap_or(entry.amount);
    match entry.purpose {
        Purpose::Allocation if cleared.currency() != entry.amount.currency() => {
            format!("{} to {item}, clearing {cleared}", entry.amount)
        }
        Purpose::Allocation => format!("{} to {item}", entry.amount),
        Purpose::Discount => format!("{cleared} discount on {item}"),
        Purpose::BankFee => format!("{cleared} bank charges on {item}"),
        Purpose::Withholding => format!("{cleared} withheld tax on {item}"),
        Purpose::WriteOff => format!("{cleared} written off on {item}"),
        Purpose::Unapplied => {
            let owner = entry.customer.as_ref();
            let name = owner.and_then(|id| customers.get(id)).map(|customer| customer.name.clone());
            let name = name.or_else(|| owner.map(ToString::to_string)).unwrap_or_default();
            format!("{} stays on the account of {name}", entry.amount)
        }
        Purpose::NotOurs => format!("{} is not ours to apply", entry.amount),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confidence_is_said_so_that_it_can_be_checked() {
        for (millionths, words) in [
            (1_000_000, "no other explanation was found"),
            (999_800, "about 1 in 5000 such answers would be wrong"),
            (987_654, "about 1 in 81 such answers would be wrong"),
            (500_000, "about 1 in 2 such answers would be wrong"),
            (100_000, "about 1 in 10 such answers would be right"),
            (0, "hardly ever right"),
        ] {
            assert_eq!(confidence_in_words(Confidence::from_millionths(millionths)), words);
        }
    }
}
