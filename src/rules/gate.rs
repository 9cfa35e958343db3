//! The gate: decides what may happen without a person. Anything not clearly allowed is `Ask`.
//!
//! The gate does not take the matcher's word for it. It checks the built-in exact pattern once more from the facts, with code
//! of its own: if the two ever disagree, a person decides.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

use crate::evidence::Confidence;
use crate::exceptions::ExceptionKind;
use crate::ledger::{Entry, Purpose};
use crate::matching::Pattern;
use crate::money::Money;
use crate::policy::GatePolicy;
use crate::policy_rules::{RuleAction, RuleSays};
use crate::records::{CustomerId, ItemId, ItemKind, OpenItem, Payment};

/// What is known of the payer against the customer that owes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayerStanding {
    /// Account or name is the customer's.
    Agrees,
    /// The bank names no payer.
    Silent,
    /// Account or name is somebody else's, in words.
    Contradicted(String),
}

/// One item of the proposed answer, as it stands in the ledger now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposedLine {
    /// The item as taken in.
    pub item: OpenItem,
    /// Open now.
    pub open: Money,
    /// What would be cleared.
    pub cleared: Money,
}

/// What the matcher says. Used to stop, never to allow what the gate's own checks do not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatcherSays {
    /// Unique, full reference, exact amount, payer not contradicted.
    pub is_exact_pattern: bool,
    /// Computed probability that the answer is exactly right.
    pub confidence: Confidence,
    /// What kind of exception it is when it is one.
    pub kind: ExceptionKind,
    /// What would make it settle alone, in words.
    pub near_miss: Option<String>,
    /// How the best answer explains the payment.
    #[serde(default)]
    pub pattern: Option<Pattern>,
    /// Something other than the confidence stops it: no rule of the owner lifts that.
    #[serde(default)]
    pub is_held_back: bool,
}

/// Everything the gate looks at. Stored with the decision, so that it replays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateFacts {
    /// The payment as booked.
    pub payment: Payment,
    /// What is left of it.
    pub remaining: Money,
    /// The best answer, where there is one.
    pub proposal: Option<Vec<ProposedLine>>,
    /// The matcher's say.
    pub matcher: MatcherSays,
    /// The payer against the customer.
    pub payer: PayerStanding,
    /// Exceptions known about the payment, its items or its customer (a dispute, instructions in a document, …).
    pub flags: Vec<ExceptionKind>,
    /// A person has refused this answer before.
    pub was_rejected: bool,
    /// A return of the same amount was booked on the day of the payment or later, by the same payer or quoting the same number.
    #[serde(default)]
    pub was_taken_back: bool,
    /// What the owner's rules say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleSays>,
    /// What the owner's rules saw beside the above. Only where the policy has rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<crate::rule_view::SeenBeside>,
}

/// Why a person is asked. One sentence each, with value and threshold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No open item explains the payment.
    NoAnswer,
    /// Part of it was decided before.
    PartlyDecided,
    /// A returned or reversed payment.
    IsReturn,
    /// The booking lies after today.
    InFuture(Date),
    /// The sum of the items is not the payment.
    AmountDiffers {
        /// Sum of what would be cleared.
        items: Money,
        /// The payment.
        payment: Money,
    },
    /// An item would not be cleared in full.
    NotCleared(ItemId),
    /// An item is in another currency.
    CurrencyDiffers(ItemId),
    /// A credit note is part of the answer.
    CreditNote(ItemId),
    /// An item is held back.
    OnHold(ItemId),
    /// The contract says another amount.
    ContractDiffers(ItemId),
    /// The payment was booked before the item was issued.
    PaidBeforeIssue(ItemId),
    /// The item's number does not stand in the payment as a whole.
    NumberNotQuoted(String),
    /// The number is too short to be telling.
    NumberTooShort(String),
    /// Items of several customers.
    SeveralCustomers(Vec<CustomerId>),
    /// The payer is somebody else.
    PayerContradicted(String),
    /// Above the limit.
    HighValue {
        /// The payment.
        amount: Money,
        /// The limit; `None` where the policy has none for the currency.
        limit: Option<Money>,
    },
    /// The matcher has doubts: another answer, a second reading, unexplained text.
    MatcherDoubts(Option<String>),
    /// The text says that it is something else than a plain settlement.
    WordOfDoubt(String),
    /// Money of this amount was taken back under the same number or by the same payer since.
    TakenBack,
    /// Something is known that always meets a person.
    Flag(ExceptionKind),
    /// A person refused this answer.
    Rejected,
    /// A rule of the owner asks.
    RuleAsks(String),
    /// A rule of the owner gives it to somebody.
    RuleAssigns {
        /// The rule.
        rule: String,
        /// To whom.
        to: String,
    },
    /// A rule of the owner has no answer.
    RuleFailed {
        /// The rule.
        rule: String,
        /// Why.
        why: String,
    },
    /// A rule of the owner would settle it, and something that no rule lifts stands against it.
    RuleStopped(String),
    /// A rule of the owner would set it aside as not ours, and it fits an item.
    FitsItem {
        /// The rule.
        rule: String,
        /// Number of the item.
        number: String,
    },
    /// What would be written off is above the rule's limit.
    AboveWriteOff {
        /// The rule.
        rule: String,
        /// What is left of the item.
        rest: Money,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAnswer => f.write_str("no open item explains the payment"),
            Self::PartlyDecided => f.write_str("part of the payment was decided before"),
            Self::IsReturn => f.write_str("it is a returned or reversed payment"),
            Self::InFuture(date) => write!(f, "it is booked on {date}, after today"),
            Self::AmountDiffers { items, payment } => write!(f, "the items come to {items}, the payment is {payment}"),
            Self::NotCleared(item) => write!(f, "{item} would not be cleared in full"),
            Self::CurrencyDiffers(item) => write!(f, "{item} is in another currency"),
            Self::CreditNote(item) => write!(f, "{item} is a credit note"),
            Self::OnHold(item) => write!(f, "{item} is on hold"),
            Self::ContractDiffers(item) => write!(f, "{item} differs from its contract amount"),
            Self::PaidBeforeIssue(item) => write!(f, "the payment was booked before {item} was issued"),
            Self::NumberNotQuoted(number) => write!(f, "the payment does not quote {number} in full"),
            Self::NumberTooShort(number) => write!(f, "the number {number} is too short to be telling"),
            Self::SeveralCustomers(customers) => {
                let names: Vec<&str> = customers.iter().map(CustomerId::as_str).collect();
                write!(f, "the items belong to several customers: {}", names.join(", "))
            }
            Self::PayerContradicted(words) => write!(f, "the payer is not the customer: {words}"),
            Self::HighValue { amount, limit: Some(limit) } => write!(f, "{amount} is above the limit of {limit}"),
            Self::HighValue { amount, limit: None } => {
                write!(f, "the policy has no limit for {}, so {amount} meets a person", amount.currency())
            }
            Self::MatcherDoubts(Some(words)) => f.write_str(words),
            Self::MatcherDoubts(None) => f.write_str("another answer cannot be ruled out"),
            Self::WordOfDoubt(word) => write!(f, "the text says `{word}`"),
            Self::TakenBack => f.write_str("money of this amount was taken back since"),
            Self::Flag(kind) => write!(f, "there is a matter of `{}`", kind.words()),
            Self::Rejected => f.write_str("a person refused this answer before"),
            Self::RuleAsks(rule) => write!(f, "rule `{rule}` asks a person"),
            Self::RuleAssigns { rule, to } => write!(f, "rule `{rule}` gives it to {to}"),
            Self::RuleFailed { rule, why } => write!(f, "rule `{rule}` cannot say whether it applies: {why}"),
            Self::RuleStopped(rule) => write!(f, "rule `{rule}` would settle it, but what is said here stands against it"),
            Self::FitsItem { rule, number } => write!(f, "rule `{rule}` would set it aside as not ours, but it fits {number}"),
            Self::AboveWriteOff { rule, rest } => write!(f, "rule `{rule}` does not write off {rest}: that is above its limit"),
        }
    }
}

/// The gate's verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// May be posted without a person.
    Settle(Vec<Entry>),
    /// A person decides.
    Ask(Vec<Reason>),
    /// Must not be posted at all.
    Refuse(Reason),
}

/// Decides what may happen without a person: only the built-in exact pattern (every item quoted in full by number, cleared
/// in full, together exactly the payment, one customer, payer not contradicted, below the limit, nothing known against it).
///
/// A rule of the owner (`facts.rule`) may ask for more, and lift what is a matter of degree: the matcher's confidence (`settle`), a
/// small rest of one item (`write_off`), that there is no item (`not_ours`). It never lifts a checkpoint: flags, holds, credit notes,
/// returns, high values, a contradicted payer, a number that is not quoted, a refused answer.
pub fn gate(facts: &GateFacts, policy: &GatePolicy, today: Date) -> Verdict {
    if !facts.payment.amount.is_positive() {
        return Verdict::Refuse(Reason::IsReturn);
    }
    let mut reasons = Vec::new();
    if facts.payment.is_return {
        reasons.push(Reason::IsReturn);
    }
    if facts.payment.booking_date > today {
        reasons.push(Reason::InFuture(facts.payment.booking_date));
    }
    if facts.remaining != facts.payment.amount {
        reasons.push(Reason::PartlyDecided);
    }
    if facts.was_taken_back {
        reasons.push(Reason::TakenBack);
    }
    if let Some(word) = word_of_doubt(&facts.payment) {
        reasons.push(Reason::WordOfDoubt(word.to_owned()));
    }
    if facts.was_rejected {
        reasons.push(Reason::Rejected);
    }
    reasons.extend(facts.flags.iter().copied().map(Reason::Flag));
    let lines = facts.proposal.as_deref().unwrap_or_default();
    if let Some(RuleSays::Applies { rule, action: RuleAction::NotOurs }) = &facts.rule {
        return set_aside(facts, policy, rule, reasons);
    }
    if lines.is_empty() {
        reasons.push(Reason::NoAnswer);
        reasons.extend(rule_reasons(facts));
        return Verdict::Ask(reasons);
    }
    for line in lines {
        reasons.extend(line_reasons(line, &facts.payment));
    }
    reasons.extend(whole_reasons(lines, facts, policy));
    if !facts.matcher.is_exact_pattern {
        reasons.push(Reason::MatcherDoubts(facts.matcher.near_miss.clone()));
    }
    let mut entries: Vec<Entry> = lines.iter().map(|line| entry(line, Purpose::Allocation, line.cleared, line.cleared)).collect();
    match &facts.rule {
        Some(RuleSays::Applies { rule, action }) => match action {
            RuleAction::Settle { confidence } => {
                if !facts.matcher.is_held_back && facts.matcher.confidence >= *confidence {
                    reasons.retain(|reason| !matches!(reason, Reason::MatcherDoubts(_)));
                }
                if !reasons.is_empty() {
                    reasons.push(Reason::RuleStopped(rule.clone()));
                }
            }
            RuleAction::WriteOff { limit } => {
                // Where nothing is left over the rule has nothing to do, and the payment is judged as without it.
                if let Some((line, rest)) = left_of_one(lines) {
                    if limit.get(&rest.currency()).is_some_and(|most| rest.minor() <= most.minor()) {
                        let item = &line.item.id;
                        let is_lifted = |reason: &Reason| match reason {
                            Reason::NotCleared(other) => other == item,
                            Reason::MatcherDoubts(_) => !facts.matcher.is_held_back,
                            _ => false,
                        };
                        reasons.retain(|reason| !is_lifted(reason));
                        entries.push(entry(line, Purpose::WriteOff, Money::zero(rest.currency()), rest));
                    } else {
                        reasons.push(Reason::AboveWriteOff { rule: rule.clone(), rest });
                    }
                    if !reasons.is_empty() {
                        reasons.push(Reason::RuleStopped(rule.clone()));
                    }
                }
            }
            RuleAction::Ask | RuleAction::Assign { .. } | RuleAction::NotOurs => reasons.extend(rule_reasons(facts)),
        },
        Some(RuleSays::Failed { .. }) => reasons.extend(rule_reasons(facts)),
        None => {}
    }
    if reasons.is_empty() { Verdict::Settle(entries) } else { Verdict::Ask(reasons) }
}

fn entry(line: &ProposedLine, purpose: Purpose, amount: Money, cleared: Money) -> Entry {
    Entry { purpose, amount, item: Some(line.item.id.clone()), cleared: Some(cleared), customer: None }
}

/// What a rule says by itself, whatever the answer.
fn rule_reasons(facts: &GateFacts) -> Option<Reason> {
    Some(match facts.rule.as_ref()? {
        RuleSays::Failed { rule, why } => Reason::RuleFailed { rule: rule.clone(), why: why.clone() },
        RuleSays::Applies { rule, action } => match action {
            RuleAction::Ask => Reason::RuleAsks(rule.clone()),
            RuleAction::Assign { to } => Reason::RuleAssigns { rule: rule.clone(), to: to.clone() },
            RuleAction::Settle { .. } | RuleAction::WriteOff { .. } | RuleAction::NotOurs => Reason::RuleStopped(rule.clone()),
        },
    })
}

/// The one line that is not cleared in full, with what is left of it. `None` where there is none, or more than one.
fn left_of_one(lines: &[ProposedLine]) -> Option<(&ProposedLine, Money)> {
    let mut left = lines.iter().filter_map(|line| {
        let rest = line.open.checked_sub(line.cleared)?;
        (rest.is_positive() && line.cleared.is_positive()).then_some((line, rest))
    });
    let only = left.next()?;
    left.next().is_none().then_some(only)
}

/// A rule says that the money is not ours. That there is no item, or only a doubtful one, is then no reason; that it fits one is.
fn set_aside(facts: &GateFacts, policy: &GatePolicy, rule: &str, mut reasons: Vec<Reason>) -> Verdict {
    // `Refund of tax` and `interest, returned` are what such rules are for.
    reasons.retain(|reason| !matches!(reason, Reason::WordOfDoubt(_)));
    let lines = facts.proposal.as_deref().unwrap_or_default();
    let agrees = matches!(facts.payer, PayerStanding::Agrees);
    let fitting = lines.iter().find(|line| agrees || matches!(quote(&line.item.number, &facts.payment), Quote::InFull));
    if let Some(line) = fitting {
        reasons.push(Reason::FitsItem { rule: rule.to_owned(), number: line.item.number.clone() });
    }
    if facts.matcher.is_held_back && facts.matcher.pattern == Some(Pattern::NotOurs) {
        reasons.push(Reason::MatcherDoubts(facts.matcher.near_miss.clone()));
    }
    reasons.extend(above_limit(facts.payment.amount, policy));
    if !reasons.is_empty() {
        reasons.push(Reason::RuleStopped(rule.to_owned()));
        return Verdict::Ask(reasons);
    }
    Verdict::Settle(vec![Entry { purpose: Purpose::NotOurs, amount: facts.remaining, item: None, cleared: None, customer: None }])
}

/// High value, or no limit for the currency.
fn above_limit(payment: Money, policy: &GatePolicy) -> Option<Reason> {
    // A limit that does not parse cannot be in force; treated as absent it only asks more.
    let limit = policy.high_value_limit(payment.currency()).unwrap_or(None);
    let within = limit.is_some_and(|limit| matches!(payment.compare(limit), Some(Ordering::Less | Ordering::Equal)));
    (!within).then_some(Reason::HighValue { amount: payment, limit })
}

/// What speaks against one item being settled alone.
fn line_reasons(line: &ProposedLine, payment: &Payment) -> Vec<Reason> {
    let item = &line.item;
    let mut reasons = Vec::new();
    match item.kind {
        ItemKind::Invoice => {}
        ItemKind::CreditNote => reasons.push(Reason::CreditNote(item.id.clone())),
    }
    if item.on_hold {
        reasons.push(Reason::OnHold(item.id.clone()));
    }
    if item.contract_amount.is_some_and(|contract| contract != item.amount) {
        reasons.push(Reason::ContractDiffers(item.id.clone()));
    }
    if item.issue_date > payment.booking_date {
        reasons.push(Reason::PaidBeforeIssue(item.id.clone()));
    }
    if line.open.currency() != payment.amount.currency() {
        reasons.push(Reason::CurrencyDiffers(item.id.clone()));
    }
    if line.cleared != line.open || !line.open.is_positive() {
        reasons.push(Reason::NotCleared(item.id.clone()));
    }
    match quote(&item.number, payment) {
        Quote::InFull => {}
        Quote::No => reasons.push(Reason::NumberNotQuoted(item.number.clone())),
        Quote::TooShort => reasons.push(Reason::NumberTooShort(item.number.clone())),
    }
    reasons
}

/// What speaks against the answer as a whole.
fn whole_reasons(lines: &[ProposedLine], facts: &GateFacts, policy: &GatePolicy) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let payment = facts.payment.amount;
    let sum = lines.iter().try_fold(Money::zero(payment.currency()), |sum, line| sum.checked_add(line.cleared));
    match sum {
        Some(items) if items == facts.remaining => {}
        Some(items) => reasons.push(Reason::AmountDiffers { items, payment: facts.remaining }),
        // Another currency is already named item by item.
        None => {}
    }
    let mut customers: Vec<CustomerId> = lines.iter().map(|line| line.item.customer.clone()).collect();
    customers.sort();
    customers.dedup();
    if customers.len() > 1 {
        reasons.push(Reason::SeveralCustomers(customers));
    }
    match &facts.payer {
        PayerStanding::Agrees | PayerStanding::Silent => {}
        PayerStanding::Contradicted(words) => reasons.push(Reason::PayerContradicted(words.clone())),
    }
    reasons.extend(above_limit(payment, policy));
    reasons
}

enum Quote {
    InFull,
    No,
    TooShort,
}

/// Shortest invoice number, in letters and digits, that is telling on its own.
const TELLING_NUMBER: usize = 5;

/// Whether the payment quotes the number in full: its letters and digits in order, beginning and ending at the edge of a
/// word, however separated. `12345` is not quoted by `312345`.
fn quote(number: &str, payment: &Payment) -> Quote {
    let wanted = plain(number);
    if wanted.chars().count() < TELLING_NUMBER || !wanted.chars().any(|c| c.is_ascii_digit()) {
        return Quote::TooShort;
    }
    let cuts = cuts_of(number);
    let texts = [&payment.remittance, &payment.structured_reference, &payment.end_to_end_id];
    let found = texts.into_iter().flatten().any(|text| {
        let words: Vec<String> = text.split(|c: char| !c.is_alphanumeric()).map(plain).filter(|w| !w.is_empty()).collect();
        (0..words.len()).any(|from| {
            let mut joined = String::new();
            for word in words.iter().skip(from) {
                joined.push_str(word);
                // `INV-2000 1/3` does not quote INV-20001: words join only where the number itself has a joint.
                if joined.len() >= wanted.len() || !cuts.contains(&joined.len()) {
                    break;
                }
            }
            joined == wanted
        })
    });
    if found { Quote::InFull } else { Quote::No }
}

/// Where a number may be taken apart, in bytes of its [`plain`] form: at its own separators, and between a letter and a digit.
fn cuts_of(number: &str) -> BTreeSet<usize> {
    let mut cuts = BTreeSet::new();
    let mut length = 0_usize;
    let mut before: Option<char> = None;
    for c in number.chars() {
        let joint = before.is_some_and(|b: char| !b.is_alphanumeric() || b.is_ascii_digit() != c.is_ascii_digit());
        if c.is_alphanumeric() {
            if joint {
                cuts.insert(length);
            }
            length = length.saturating_add(c.to_uppercase().map(char::len_utf8).sum());
        }
        before = Some(c);
    }
    cuts
}

/// Words that say the payment is something else than the plain settlement of what it quotes: taken back, refunded, in part,
/// or expressly not for it. They only ever ask.
const WORDS_OF_DOUBT: &[&str] = &[
    "ANTICIPO",
    "ANULADO",
    "ANULACION",
    "ANZAHLUNG",
    "ACOMPTE",
    "CANCELLED",
    "CHARGEBACK",
    "DEVOLUCION",
    "DISPUTE",
    "DISPUTED",
    "EXCEPT",
    "EXTORNO",
    "INSTALLMENT",
    "INSTALMENT",
    "NOT",
    "PARTIAL",
    "REEMBOLSO",
    "REFUND",
    "REFUNDED",
    "REMBOURSEMENT",
    "RETOUR",
    "RETOURE",
    "RETURN",
    "RETURNED",
    "REVERSAL",
    "REVERSED",
    "RIMBORSO",
    "RUCKLASTSCHRIFT",
    "RUECKLASTSCHRIFT",
    "STORNO",
    "STORNIERUNG",
    "TEILZAHLUNG",
    "TERUGBETALING",
];

fn word_of_doubt(payment: &Payment) -> Option<&'static str> {
    let text = payment.remittance.as_deref()?;
    text.split(|c: char| !c.is_alphanumeric()).find_map(|word| {
        let word: String = word.nfd().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect();
        WORDS_OF_DOUBT.iter().find(|doubt| **doubt == word).copied()
    })
}

fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    mod owner_rules;

    use crate::money::Currency;
    use crate::records::{EntityId, PaymentId};

    fn eur(minor: i64) -> Money {
        Money::new(minor, Currency::EUR)
    }

    fn line(number: &str, customer: &str, minor: i64) -> ProposedLine {
        let date = jiff::civil::date(2026, 3, 1);
        ProposedLine {
            item: OpenItem {
                id: ItemId::parse(number).expect("plain"),
                customer: CustomerId::parse(customer).expect("plain"),
                entity: EntityId::parse("E1").expect("plain"),
                number: number.to_owned(),
                kind: ItemKind::Invoice,
                issue_date: date,
                due_date: date,
                amount: eur(minor),
                discount_percent: None,
                discount_until: None,
                on_hold: false,
                contract_amount: None,
            },
            open: eur(minor),
            cleared: eur(minor),
        }
    }

    fn facts(paid: i64, remittance: &str, lines: Vec<ProposedLine>) -> GateFacts {
        GateFacts {
            payment: Payment {
                id: PaymentId::parse("P1").expect("plain"),
                account: "DE1".to_owned(),
                booking_date: jiff::civil::date(2026, 3, 20),
                amount: eur(paid),
                payer_name: None,
                payer_account: None,
                remittance: Some(remittance.to_owned()),
                structured_reference: None,
                end_to_end_id: None,
                original_amount: None,
                fee: None,
                is_return: false,
            },
            remaining: eur(paid),
            proposal: Some(lines),
            matcher: MatcherSays {
                is_exact_pattern: true,
                confidence: Confidence::CERTAIN,
                kind: ExceptionKind::Unknown,
                near_miss: None,
                pattern: Some(Pattern::ReferenceExact),
                is_held_back: false,
            },
            payer: PayerStanding::Agrees,
            flags: Vec::new(),
            was_rejected: false,
            was_taken_back: false,
            rule: None,
            seen: None,
        }
    }

    #[test]
    fn a_shorter_number_and_a_stray_digit_do_not_quote_another_invoice() {
        for (remittance, number) in [
            ("INV-2000 1/3", "INV-20001"),
            ("20000 2. Rate", "200002"),
            ("RE-2026-0012 1 von 2", "RE-2026-00121"),
            ("2026-09-15", "20260915"),
            ("Monat 2026-09 1. Teil", "2026091"),
            ("Tel. +49 30 123456", "4930123456"),
            ("EUR 1234.56", "123456"),
            ("Kd 123 45 67", "1234567"),
        ] {
            let facts = facts(10_000, remittance, vec![line(number, "ACME", 10_000)]);
            assert!(matches!(verdict(&facts), Verdict::Ask(_)), "{remittance}");
        }
        for (remittance, number) in [("RE 2026 00121", "RE-2026-00121"), ("INV 20001", "INV20001"), ("F001-00012", "F001-00012")]
        {
            let facts = facts(10_000, remittance, vec![line(number, "ACME", 10_000)]);
            assert!(matches!(verdict(&facts), Verdict::Settle(_)), "{remittance}");
        }
    }

    fn verdict(facts: &GateFacts) -> Verdict {
        let policy = crate::policy::Policy::parse(crate::policy::DEFAULT_POLICY).expect("built in");
        gate(facts, &policy.gate, jiff::civil::date(2026, 3, 21))
    }

    #[test]
    fn the_exact_pattern_settles() {
        for remittance in ["INV-2041", "payment for inv 2041, thank you", "RG INV2041/K77", "Inv-\u{2013}2041"] {
            let facts = facts(118_000, remittance, vec![line("INV-2041", "ACME", 118_000)]);
            assert!(matches!(verdict(&facts), Verdict::Settle(entries) if entries.len() == 1), "{remittance}");
        }
        let both = facts(150_000, "INV-2041 INV-2042", vec![line("INV-2041", "ACME", 100_000), line("INV-2042", "ACME", 50_000)]);
        assert!(matches!(verdict(&both), Verdict::Settle(entries) if entries.len() == 2));
    }

    #[test]
    fn anything_else_asks() {
        type Change = fn(&mut GateFacts);
        let cases: &[(&str, Change)] = &[
            ("quotes another number", |f| f.payment.remittance = Some("INV-20410".into())),
            ("number inside a longer word", |f| f.payment.remittance = Some("XINV-2041".into())),
            ("nothing quoted", |f| f.payment.remittance = None),
            ("one cent short", |f| {
                f.payment.amount = eur(117_999);
                f.remaining = eur(117_999);
            }),
            ("one cent over", |f| {
                f.payment.amount = eur(118_001);
                f.remaining = eur(118_001);
            }),
            ("other currency", |f| {
                f.payment.amount = Money::new(118_000, Currency::USD);
                f.remaining = f.payment.amount;
            }),
            ("above the limit", |f| {
                f.payment.amount = eur(1_000_001);
                f.remaining = eur(1_000_001);
                f.proposal = Some(vec![line("INV-2041", "ACME", 1_000_001)]);
            }),
            ("no limit for the currency", |f| {
                let amount = Money::parse("5", Currency::parse("ISK").expect("ISO")).expect("amount");
                f.payment.amount = amount;
                f.remaining = amount;
                let mut only = line("INV-2041", "ACME", 1);
                (only.open, only.cleared, only.item.amount) = (amount, amount, amount);
                f.proposal = Some(vec![only]);
            }),
            ("payer is somebody else", |f| f.payer = PayerStanding::Contradicted("account of B".into())),
            ("matcher has doubts", |f| f.matcher.is_exact_pattern = false),
            ("a dispute", |f| f.flags.push(ExceptionKind::Dispute)),
            ("taken back since", |f| f.was_taken_back = true),
            ("a storno", |f| f.payment.remittance = Some("GUTSCHRIFT/STORNO INV-2041".into())),
            ("expressly not for it", |f| f.payment.remittance = Some("not INV-2041, see our letter".into())),
            ("a return in Spanish", |f| f.payment.remittance = Some("Devolución INV-2041".into())),
            ("refused before", |f| f.was_rejected = true),
            ("partly decided", |f| f.remaining = eur(1)),
            ("no answer", |f| f.proposal = None),
            ("an empty answer", |f| f.proposal = Some(vec![])),
            ("booked in the future", |f| f.payment.booking_date = jiff::civil::date(2026, 3, 22)),
            ("a return", |f| f.payment.is_return = true),
            ("on hold", |f| f.proposal.as_mut().expect("set")[0].item.on_hold = true),
            ("credit note", |f| f.proposal.as_mut().expect("set")[0].item.kind = ItemKind::CreditNote),
            ("contract differs", |f| f.proposal.as_mut().expect("set")[0].item.contract_amount = Some(eur(1))),
            ("issued later", |f| f.proposal.as_mut().expect("set")[0].item.issue_date = jiff::civil::date(2026, 3, 21)),
            ("not cleared in full", |f| f.proposal.as_mut().expect("set")[0].open = eur(120_000)),
            ("several customers", |f| {
                f.payment.remittance = Some("INV-2041 INV-2042".into());
                f.proposal = Some(vec![line("INV-2041", "ACME", 100_000), line("INV-2042", "OTHER", 18_000)]);
            }),
            ("number too short", |f| {
                f.payment.remittance = Some("41".into());
                f.proposal = Some(vec![line("41", "ACME", 118_000)]);
            }),
        ];
        for (name, change) in cases {
            let mut facts = facts(118_000, "INV-2041", vec![line("INV-2041", "ACME", 118_000)]);
            change(&mut facts);
            assert!(matches!(verdict(&facts), Verdict::Ask(reasons) if !reasons.is_empty()), "{name}");
        }
        let mut outgoing = facts(118_000, "INV-2041", vec![line("INV-2041", "ACME", 118_000)]);
        outgoing.payment.amount = eur(-118_000);
        assert!(matches!(verdict(&outgoing), Verdict::Refuse(_)));
    }
}
