//! Rules that people write in a policy: an ordered list, the first whose condition holds decides.
//!
//! ```toml
//! [[rule]]
//! name = "rounding of Aster"
//! when = 'customer.id == "C-7" && difference < amount("0.00", "EUR") && -difference <= amount("2.00", "EUR")'
//! then = "write_off"
//! limit = { EUR = "2.00" }
//! ```
//!
//! `then` is one of `settle` (with `confidence`, a text such as "0.97"), `ask`, `not_ours`, `write_off` (with `limit` by currency) and
//! `assign` (with `to`). What a rule may bring about is the gate's to say: see [`crate::gate`].

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::conditions::{Condition, Seen};
use crate::evidence::Confidence;
use crate::money::{Currency, Money};

/// Rules in one policy.
pub const RULES_MAX: usize = 200;

/// Least confidence at which a `settle` rule that names none may lift the matcher's threshold.
pub const SETTLE_CONFIDENCE: Confidence = Confidence::from_percent(95);

/// What a rule does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "then")]
pub enum RuleAction {
    /// Lifts the matcher's threshold. Everything else that the gate checks stays.
    Settle {
        /// Least computed probability at which it does.
        confidence: Confidence,
    },
    /// A person decides.
    Ask,
    /// The money is not ours to apply: interest, a card settlement, an own transfer.
    NotOurs,
    /// What is left of one item after a short payment is written off, up to a limit.
    WriteOff {
        /// By currency; a currency that is not listed has none.
        limit: BTreeMap<Currency, Money>,
    },
    /// A person decides, and this one has the case.
    Assign {
        /// Who.
        to: String,
    },
}

impl RuleAction {
    /// For people: `write off up to EUR 2.00`.
    pub fn words(&self) -> String {
        match self {
            Self::Settle { confidence } => format!("settle from confidence {confidence}"),
            Self::Ask => "ask a person".to_owned(),
            Self::NotOurs => "set aside as not ours".to_owned(),
            Self::WriteOff { limit } => {
                let limits: Vec<String> = limit.values().map(ToString::to_string).collect();
                format!("write off up to {}", limits.join(", "))
            }
            Self::Assign { to } => format!("assign to {to}"),
        }
    }
}

/// What the rules say about one payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "says")]
pub enum RuleSays {
    /// The condition of this rule holds, and of none before it.
    Applies {
        /// Its name.
        rule: String,
        /// What it does.
        action: RuleAction,
    },
    /// The condition of this rule has no answer, so nobody can say whether it applies.
    Failed {
        /// Its name.
        rule: String,
        /// Why.
        why: String,
    },
}

impl RuleSays {
    /// The name of the rule.
    pub fn rule(&self) -> &str {
        match self {
            Self::Applies { rule, .. } | Self::Failed { rule, .. } => rule,
        }
    }
}

/// One rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its name, unique in the policy.
    pub name: String,
    /// The condition as written.
    pub when: String,
    /// What it does.
    pub action: RuleAction,
    /// Line of the policy file on which it begins, from 1.
    pub line: usize,
    condition: Condition,
}

/// Two rules are the same when they say the same.
impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, &self.when, &self.action) == (&other.name, &other.when, &other.action)
    }
}

/// Why rules cannot be used, with the place in the policy file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct RuleError {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

/// The rules of a policy, in order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rules(Vec<Rule>);

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    rule: Vec<Spanned<Written>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: Spanned<String>,
    when: Spanned<String>,
    then: Spanned<String>,
    confidence: Option<Spanned<String>>,
    limit: Option<Spanned<BTreeMap<String, String>>>,
    to: Option<Spanned<String>>,
}

impl Rules {
    /// Reads the `[[rule]]` entries of a policy; everything else in the text is left to others.
    ///
    /// # Errors
    /// With line and column of the first thing that is wrong.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        let file: File = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            error_at(text, at, error.message().lines().collect::<Vec<_>>().join(" "))
        })?;
        if let Some(first) = file.rule.get(RULES_MAX) {
            return Err(error_at(text, first.span().start, format!("a policy holds at most {RULES_MAX} rules")));
        }
        let mut rules: Vec<Rule> = Vec::with_capacity(file.rule.len());
        for written in file.rule {
            let rule = rule_of(text, &written)?;
            if rules.iter().any(|known| known.name == rule.name) {
                let at = written.get_ref().name.span().start;
                return Err(error_at(text, at, format!("there are two rules `{}`; a decision names its rule", rule.name)));
            }
            rules.push(rule);
        }
        Ok(Self(rules))
    }

    /// Whether there is none, so that nothing need be made for them to see.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In order.
    pub fn iter(&self) -> std::slice::Iter<'_, Rule> {
        self.0.iter()
    }

    /// The first rule whose condition holds, or the first that has no answer if it comes earlier. `None`: no rule applies.
    pub fn say(&self, seen: &Seen<'_>) -> Option<RuleSays> {
        self.0.iter().find_map(|rule| match rule.condition.holds(seen) {
            Ok(true) => Some(RuleSays::Applies { rule: rule.name.clone(), action: rule.action.clone() }),
            Ok(false) => None,
            Err(trouble) => Some(RuleSays::Failed { rule: rule.name.clone(), why: trouble.to_string() }),
        })
    }
}

fn rule_of(text: &str, written: &Spanned<Written>) -> Result<Rule, RuleError> {
    let (span, written) = (written.span(), written.get_ref());
    let name = written.name.get_ref().trim().to_owned();
    if name.is_empty() || name.chars().count() > 80 || name.chars().any(char::is_control) {
        let message = "a rule's name has 1 to 80 characters and no control characters";
        return Err(error_at(text, written.name.span().start, message));
    }
    let wrong = |at: usize, message: String| error_at(text, at, format!("rule `{name}`: {message}"));
    let when = written.when.get_ref().clone();
    let condition = Condition::parse(&when).map_err(|error| wrong(place_in(text, &written.when, error.at), error.message))?;
    let then = written.then.get_ref().as_str();
    let action = match then {
        "settle" => RuleAction::Settle {
            confidence: match &written.confidence {
                None => SETTLE_CONFIDENCE,
                Some(least) => confidence(least.get_ref()).ok_or_else(|| {
                    wrong(
                        least.span().start,
                        format!("`{}` is no confidence; write a text of 0.5 to 1, such as \"0.97\"", least.get_ref()),
                    )
                })?,
            },
        },
        "ask" => RuleAction::Ask,
        "not_ours" => RuleAction::NotOurs,
        "write_off" => match &written.limit {
            Some(limits) if !limits.get_ref().is_empty() => RuleAction::WriteOff {
                limit: limits
                    .get_ref()
                    .iter()
                    .map(|(code, amount)| limit(code, amount).map_err(|error| wrong(limits.span().start, error)))
                    .collect::<Result<_, _>>()?,
            },
            _ => {
                let message = "a write-off has a limit, as in limit = { EUR = \"2.00\" }".to_owned();
                return Err(wrong(written.then.span().start, message));
            }
        },
        "assign" => match &written.to {
            Some(to) if is_name(to.get_ref()) => RuleAction::Assign { to: to.get_ref().trim().to_owned() },
            Some(to) => {
                return Err(wrong(to.span().start, "a name has 1 to 100 characters and no control characters".to_owned()));
            }
            None => return Err(wrong(written.then.span().start, "say to whom, as in to = \"maria\"".to_owned())),
        },
        other => {
            let other: String = other.chars().take(40).collect();
            let message = format!("`{other}` is no action; there are settle, ask, not_ours, write_off and assign");
            return Err(wrong(written.then.span().start, message));
        }
    };
    for (of, at) in [
        ("settle", written.confidence.as_ref().map(|value| ("confidence", value.span().start))),
        ("write_off", written.limit.as_ref().map(|value| ("limit", value.span().start))),
        ("assign", written.to.as_ref().map(|value| ("to", value.span().start))),
    ] {
        if let Some((what, at)) = at
            && of != then
        {
            return Err(wrong(at, format!("`{what}` belongs to `{of}`, this rule does `{then}`")));
        }
    }
    let line = error_at(text, span.start, "").line;
    Ok(Rule { name, when, action, line, condition })
}

fn is_name(text: &str) -> bool {
    let text = text.trim();
    !text.is_empty() && text.chars().count() <= 100 && !text.chars().any(char::is_control)
}

fn confidence(text: &str) -> Option<Confidence> {
    let share = Decimal::from_str_exact(text.trim()).ok()?;
    if share < Decimal::new(5, 1) || share > Decimal::ONE {
        return None;
    }
    Some(Confidence::from_millionths(share.checked_mul(Decimal::from(1_000_000))?.to_u32()?))
}

fn limit(code: &str, amount: &str) -> Result<(Currency, Money), String> {
    let currency = Currency::parse(code).map_err(|error| error.to_string())?;
    let money = Money::parse(amount, currency).map_err(|error| format!("{code}: {error}"))?;
    if money.is_positive() { Ok((currency, money)) } else { Err(format!("{code}: a limit is above zero")) }
}

/// Line and column of a byte of the policy.
fn error_at(text: &str, at: usize, message: impl Into<String>) -> RuleError {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at = at.saturating_sub(1);
    }
    let before = text.get(..at).unwrap_or_default();
    let line = before.bytes().filter(|byte| *byte == b'\n').count().saturating_add(1);
    let column = before.chars().rev().take_while(|c| *c != '\n').count().saturating_add(1);
    RuleError { line, column, message: message.into() }
}

/// The byte of the policy at which byte `at` of a text value stands: quotes and escapes are walked over as TOML writes them.
fn place_in(text: &str, value: &Spanned<String>, at: usize) -> usize {
    let span = value.span();
    let Some(raw) = text.get(span.clone()) else { return span.start };
    let (quote, escapes) = match raw.as_bytes() {
        [b'"', b'"', b'"', ..] => (3, true),
        [b'\'', b'\'', b'\'', ..] => (3, false),
        [b'"', ..] => (1, true),
        [b'\'', ..] => (1, false),
        _ => return span.start,
    };
    let inner = raw.get(quote..raw.len().saturating_sub(quote)).unwrap_or_default();
    // A line end right after three quotes is not part of the value.
    let skipped = match quote {
        3 if inner.starts_with("\r\n") => 2,
        3 if inner.starts_with('\n') => 1,
        _ => 0,
    };
    let start = span.start.saturating_add(quote).saturating_add(skipped);
    let inner = inner.get(skipped..).unwrap_or_default();
    let mut value_at = 0_usize;
    let mut rest = inner.char_indices().peekable();
    while let Some((raw_at, c)) = rest.next() {
        if value_at >= at {
            return start.saturating_add(raw_at);
        }
        if c != '\\' || !escapes {
            value_at = value_at.saturating_add(c.len_utf8());
            continue;
        }
        match rest.next().map(|(_, c)| c) {
            Some(kind @ ('u' | 'U' | 'x')) => {
                let width = match kind {
                    'x' => 2,
                    'u' => 4,
                    _ => 8,
                };
                let digits: String = rest.by_ref().take(width).map(|(_, c)| c).collect();
                let made = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
                value_at = value_at.saturating_add(made.map_or(1, char::len_utf8));
            }
            Some(space) if space.is_whitespace() => {
                // A backslash at the end of a line takes the space up to the next word away.
                while rest.next_if(|(_, c)| c.is_whitespace()).is_some() {}
            }
            Some(_) => value_at = value_at.saturating_add(1),
            None => {}
        }
    }
    start.saturating_add(inner.len())
}

#[cfg(test)]
mod tests;
