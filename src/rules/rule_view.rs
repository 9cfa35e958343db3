//! The owner's rules applied: what they see of the gate's facts, and what they do to an answer of a book in memory.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::conditions::{Seen, SeenCustomer, SeenItem, SeenPayment};
use crate::evidence::Confidence;
use crate::exceptions::ExceptionKind;
use crate::gate::GateFacts;
use crate::matching::{Answer, Book, Candidate, Pattern, Proposal, Residual};
use crate::money::{Currency, Money};
use crate::policy::GatePolicy;
use crate::policy_rules::{RuleAction, RuleSays, Rules};
use crate::records::{Customer, CustomerId};

/// What rules see beside the gate's own facts. Stored with the decision, so that the choice of the rule replays.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SeenBeside {
    /// Who owes the best candidate's first item, else the customer the payer is known to be.
    pub customer: Option<CustomerBeside>,
    /// The bank's code for what kind of transaction it is.
    pub bank_code: Option<String>,
}

/// A customer as rules saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerBeside {
    /// Id.
    pub id: CustomerId,
    /// Legal name.
    pub name: String,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// Usual currency.
    pub currency: Option<Currency>,
    /// The customer that pays for it.
    pub parent: Option<CustomerId>,
    /// Share it withholds as tax.
    pub withholding_percent: Option<Decimal>,
}

impl From<&Customer> for CustomerBeside {
    fn from(customer: &Customer) -> Self {
        Self {
            id: customer.id.clone(),
            name: customer.name.clone(),
            country: customer.country.clone(),
            currency: customer.currency,
            parent: customer.parent_id.clone(),
            withholding_percent: customer.withholding_percent,
        }
    }
}

/// What the rules say about the facts of the gate. Run again on stored facts and the stored policy, it says the same.
pub fn say(rules: &Rules, facts: &GateFacts) -> Option<RuleSays> {
    if rules.is_empty() {
        return None;
    }
    let nothing = SeenBeside::default();
    let beside = facts.seen.as_ref().unwrap_or(&nothing);
    rules.say(&seen(facts, beside))
}

fn seen<'a>(facts: &'a GateFacts, beside: &'a SeenBeside) -> Seen<'a> {
    let payment = &facts.payment;
    let lines = facts.proposal.as_deref().unwrap_or_default();
    let mut opens = lines.iter().map(|line| line.open);
    let open = opens.next().and_then(|first| opens.try_fold(first, Money::checked_add));
    Seen {
        payment: SeenPayment {
            amount: payment.amount,
            booking_date: Some(payment.booking_date),
            account: &payment.account,
            payer_name: payment.payer_name.as_deref(),
            payer_account: payment.payer_account.as_deref(),
            remittance: payment.remittance.as_deref(),
            structured_reference: payment.structured_reference.as_deref(),
            end_to_end_id: payment.end_to_end_id.as_deref(),
            bank_code: beside.bank_code.as_deref(),
            is_return: payment.is_return,
            fee: payment.fee,
            original_amount: payment.original_amount,
        },
        customer: beside.customer.as_ref().map(|customer| SeenCustomer {
            id: customer.id.as_str(),
            name: &customer.name,
            country: customer.country.as_deref(),
            currency: customer.currency,
            parent: customer.parent.as_ref().map(CustomerId::as_str),
            withholding_percent: customer.withholding_percent,
            flags: &facts.flags,
        }),
        item: lines.first().map(|line| SeenItem {
            id: line.item.id.as_str(),
            number: &line.item.number,
            seller: line.item.entity.as_str(),
            open_amount: line.open,
            issue_date: Some(line.item.issue_date),
            due_date: Some(line.item.due_date),
            on_hold: line.item.on_hold,
        }),
        item_count: lines.len(),
        pattern: facts.matcher.pattern,
        kind: Some(facts.matcher.kind).filter(|kind| *kind != ExceptionKind::Unknown),
        confidence: facts.matcher.confidence,
        difference: open.and_then(|open| facts.remaining.checked_sub(open)),
    }
}

/// What a rule does to the answer for a payment of a book in memory, where the policy's thresholds decide and no gate stands
/// behind them: it may ask for more, and lift a threshold. What holds an answer back whatever its confidence (a hold, a credit note, a
/// return, a word of doubt, another payment of the same item) stays, and so does the owner's limit for high values.
pub fn obey(book: &Book, answer: Answer, says: &RuleSays, policy: &GatePolicy) -> Answer {
    let amount = book.payment_amount(answer.payment);
    let (rule, action) = match says {
        RuleSays::Failed { rule, why } => return ask(answer, format!("rule `{rule}` cannot say whether it applies: {why}")),
        RuleSays::Applies { rule, action } => (rule, action),
    };
    let limit = policy.high_value_limit(amount.currency()).unwrap_or(None);
    let is_high = limit.is_none_or(|limit| amount.minor() > limit.minor());
    let stopped = |answer: Answer, why: &str| ask(answer, format!("rule `{rule}` would settle it, but {why}"));
    match action {
        RuleAction::Ask => ask(answer, format!("rule `{rule}` asks a person")),
        RuleAction::Assign { to } => ask(answer, format!("rule `{rule}` gives it to {to}")),
        RuleAction::Settle { .. } if matches!(answer.verdict, Proposal::Settle) => answer,
        RuleAction::Settle { confidence } => match answer.candidates.first() {
            Some(best) if best.lines.is_empty() => stopped(answer, "no open item explains it"),
            Some(_) if answer.is_held_back => held_back(answer, rule),
            Some(_) if checkpoint(&answer).is_some() => {
                stopped(answer, "tax, a third party, several customers or two answers that fit alike always meet a person")
            }
            Some(best) if best.confidence < *confidence => {
                let why = format!("the confidence {} is below {confidence}", best.confidence);
                stopped(answer, &why)
            }
            Some(_) if is_high => stopped(answer, "it is above the limit for high values"),
            Some(_) => settle(answer, format!("rule `{rule}`")),
            None => stopped(answer, "no open item explains it"),
        },
        RuleAction::WriteOff { limit } => write_off(book, answer, rule, limit.get(&amount.currency()).copied(), is_high),
        RuleAction::NotOurs => {
            let fits = answer.candidates.first().filter(|best| !best.lines.is_empty());
            if amount.minor() <= 0 || answer.exception == Some(ExceptionKind::ReturnedPayment) {
                return stopped(answer, "money that goes out or back always meets a person");
            }
            if let Some(line) = fits.filter(|best| best.pattern != Pattern::Weak).and_then(|best| best.lines.first()) {
                let number = book.item_number(line.item).to_owned();
                return ask(answer, format!("rule `{rule}` would set it aside as not ours, but it fits {number}"));
            }
            if answer.is_held_back && answer.candidates.first().is_some_and(|best| best.pattern == Pattern::NotOurs) {
                return held_back(answer, rule);
            }
            if is_high {
                return stopped(answer, "it is above the limit for high values");
            }
            let known = answer.candidates.iter().find(|candidate| candidate.pattern == Pattern::NotOurs).cloned();
            let best = known.unwrap_or_else(|| Candidate {
                pattern: Pattern::NotOurs,
                lines: Vec::new(),
                duplicate_of: None,
                confidence: Confidence::from_millionths(0),
                residual: Residual { unapplied: amount, ..Residual::none(amount.currency()) },
                weights: Vec::new(),
                reason: "not ours".to_owned(),
            });
            settle(Answer { candidates: vec![best], exception: Some(ExceptionKind::NotOurs), ..answer }, format!("rule `{rule}`"))
        }
    }
}

/// What no rule settles: tax, two answers that fit alike, somebody else's money, several customers, money that came back.
fn checkpoint(answer: &Answer) -> Option<ExceptionKind> {
    answer.exception.filter(|kind| {
        matches!(
            kind,
            ExceptionKind::Withholding
                | ExceptionKind::Ambiguous
                | ExceptionKind::ThirdPartyPayer
                | ExceptionKind::SeveralCustomers
                | ExceptionKind::ReturnedPayment
                | ExceptionKind::FailedPayment
        )
    })
}

fn write_off(book: &Book, mut answer: Answer, rule: &str, limit: Option<Money>, is_high: bool) -> Answer {
    let matter = checkpoint(&answer);
    let Some(best) = answer.candidates.first_mut() else { return answer };
    let currency = book.payment_amount(answer.payment).currency();
    let mut left = best.lines.iter_mut().filter_map(|line| {
        let rest = book.item_open(line.item).checked_sub(line.cleared)?;
        (rest.is_positive() && rest.currency() == currency).then_some((line, rest))
    });
    // Nothing left over, or of several items: the rule has nothing to do.
    let (Some((line, rest)), None) = (left.next(), left.next()) else { return answer };
    let why = match limit {
        Some(limit) if rest.minor() <= limit.minor() => None,
        _ => Some(format!("rule `{rule}` does not write off {rest}: that is above its limit")),
    };
    if let Some(why) = why {
        return ask(answer, why);
    }
    if answer.is_held_back {
        return held_back(answer, rule);
    }
    if let Some(kind) = matter {
        return ask(answer, format!("rule `{rule}` would settle it, but there is a matter of `{}`", kind.words()));
    }
    if is_high {
        return ask(answer, format!("rule `{rule}` would settle it, but it is above the limit for high values"));
    }
    line.cleared = book.item_open(line.item);
    best.residual.short = Money::zero(currency);
    settle(answer, format!("rule `{rule}` writes off {rest}"))
}

fn held_back(answer: Answer, rule: &str) -> Answer {
    let why = answer.near_miss.clone().unwrap_or_else(|| "another answer cannot be ruled out".to_owned());
    ask(answer, format!("rule `{rule}` would settle it, but {why}"))
}

fn ask(answer: Answer, why: String) -> Answer {
    let exception = answer.exception.or(Some(ExceptionKind::Unknown));
    Answer { verdict: Proposal::Ask, near_miss: Some(why), exception, is_exact_pattern: false, ..answer }
}

fn settle(mut answer: Answer, by: String) -> Answer {
    if let Some(best) = answer.candidates.first_mut() {
        best.reason = format!("{}; {by}", best.reason);
    }
    Answer { verdict: Proposal::Settle, near_miss: None, ..answer }
}
