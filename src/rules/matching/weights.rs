//! The policy of the matcher: weights, thresholds, tolerances and limits, read from TOML.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Pattern;
use super::calibrate::{Curve, Hold, KNOTS, SECTIONS, Why};
use crate::reference::Level;

/// Why a policy cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Not TOML, an unknown name, or a value of the wrong type; the message names line and column.
    #[error("line {line}, column {column}: {message}")]
    Syntax {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// A value outside its range.
    #[error("`{name}` is {value}; it must be {expected}")]
    Range {
        /// Section and name.
        name: &'static str,
        /// What was read.
        value: String,
        /// What would do.
        expected: &'static str,
    },
}

/// What happens with something the policy treats specially.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// A person is asked.
    Ask,
    /// It may settle like anything else.
    Clear,
}

/// Thresholds on confidence. Above 1: never alone.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // Named and explained in default_policy.toml, which a test compares with this.
pub struct SettlePolicy {
    pub confidence: f64,
    pub payer_exact: f64,
    pub part: f64,
    pub short: f64,
    pub over: f64,
    pub lump_named: f64,
    pub lump_found: f64,
    pub other_currency: f64,
    pub discount: f64,
    pub withholding: f64,
    pub weak: f64,
    pub duplicate: f64,
    pub not_ours: f64,
    pub no_item: f64,
    pub credit_notes: Ask,
    pub named_fee: Ask,
}

impl SettlePolicy {
    pub(super) fn named(&self) -> [(&'static str, f64); 14] {
        [
            ("confidence", self.confidence),
            ("payer_exact", self.payer_exact),
            ("part", self.part),
            ("short", self.short),
            ("over", self.over),
            ("lump_named", self.lump_named),
            ("lump_found", self.lump_found),
            ("other_currency", self.other_currency),
            ("discount", self.discount),
            ("withholding", self.withholding),
            ("weak", self.weak),
            ("duplicate", self.duplicate),
            ("not_ours", self.not_ours),
            ("no_item", self.no_item),
        ]
    }
}

/// Tolerances.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct TolerancePolicy {
    pub exchange_percent: f64,
    pub fee_units: i64,
}

/// Bounds on work. Beyond them a payment becomes a question.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct LimitPolicy {
    pub atoms: usize,
    pub customer_items: usize,
    pub free_lump_items: usize,
    pub lump_items: usize,
    pub joint_states: usize,
}

macro_rules! weights {
    ($(#[$doc:meta])* $name:ident { $($field:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[allow(missing_docs)] // Natural logarithms, explained in default_policy.toml.
        pub struct $name { $(pub $field: f64,)* }

        impl $name {
            fn check(&self, section: &[(&'static str, f64)]) -> Result<(), PolicyError> {
                let _ = self;
                for (name, value) in section {
                    if !value.is_finite() || *value > 0.0 {
                        return Err(PolicyError::Range { name, value: value.to_string(), expected: "a natural logarithm of a probability: zero or below" });
                    }
                }
                Ok(())
            }
            pub(super) fn values(&self) -> Vec<(&'static str, f64)> {
                vec![$((stringify!($field), self.$field),)*]
            }
        }
    };
}

weights! {
    /// Shares of the kinds of payment.
    PriorWeights { exact, lump, part, short, over, discount, withholding, other_currency, duplicate, not_ours, no_item }
}
weights! {
    /// How a payer looks.
    PayerWeights {
        account_fits, account_confirmed, account_of_family, account_new, account_none_on_file, account_of_another,
        name_equal, name_alike, name_partly, name_unlike, number_of_another, stranger,
    }
}
weights! {
    /// How an amount differs.
    AmountWeights { part_round, part_any, fee_usual, fee_any, over_round, over_any, exchange_any, allowed }
}
weights! {
    /// How dates lie.
    DateWeights { before_issue, long_overdue, late_month }
}

impl PriorWeights {
    /// The kind that is most common.
    pub(super) fn likeliest(&self) -> f64 {
        self.values().into_iter().map(|(_, weight)| weight).fold(f64::NEG_INFINITY, f64::max)
    }
}

/// How numbers are written.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct ReferenceWeights {
    pub full: f64,
    pub structured: f64,
    pub prefix_dropped: f64,
    pub zeros: f64,
    pub lookalike: f64,
    pub listed: f64,
    pub tail: f64,
    pub suffix: f64,
    pub cut: f64,
    pub one_edit: f64,
    pub unnamed: f64,
    pub unnamed_among_named: f64,
    pub stray: f64,
    pub stray_by_answer: f64,
    pub stray_digit: f64,
    pub digits_max: u32,
    pub names_another: f64,
    pub stale: f64,
    pub stale_own: f64,
}

impl ReferenceWeights {
    pub(super) fn named(&self) -> Vec<(&'static str, f64)> {
        vec![
            ("full", self.full),
            ("structured", self.structured),
            ("prefix_dropped", self.prefix_dropped),
            ("zeros", self.zeros),
            ("lookalike", self.lookalike),
            ("listed", self.listed),
            ("tail", self.tail),
            ("suffix", self.suffix),
            ("cut", self.cut),
            ("one_edit", self.one_edit),
            ("unnamed", self.unnamed),
            ("unnamed_among_named", self.unnamed_among_named),
            ("stray", self.stray),
            ("stray_by_answer", self.stray_by_answer),
            ("stray_digit", self.stray_digit),
            ("names_another", self.names_another),
            ("stale", self.stale),
            ("stale_own", self.stale_own),
        ]
    }

    pub(super) fn level(&self, level: Level) -> f64 {
        match level {
            Level::Full => self.full,
            Level::Structured => self.structured,
            Level::PrefixDropped => self.prefix_dropped,
            Level::Zeros => self.zeros,
            Level::Lookalike => self.lookalike,
            Level::Listed => self.listed,
            Level::Tail => self.tail,
            Level::Suffix => self.suffix,
            Level::Cut => self.cut,
            Level::OneEdit => self.one_edit,
        }
    }
}

/// Everything the matcher may be told. [`Default`] is the built-in policy.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct MatchPolicy {
    pub settle: SettlePolicy,
    pub tolerance: TolerancePolicy,
    pub limits: LimitPolicy,
    pub prior: PriorWeights,
    pub reference: ReferenceWeights,
    pub payer: PayerWeights,
    pub amount: AmountWeights,
    pub date: DateWeights,
    pub calibration_settled: BTreeMap<Pattern, f64>,
    pub calibration_doubt: BTreeMap<Pattern, Curve>,
    pub calibration_held: BTreeMap<Pattern, Curve>,
    pub calibration_unfinished: BTreeMap<Pattern, Curve>,
    pub calibration_clear_doubt: BTreeMap<Pattern, Curve>,
    pub calibration_clear_held: BTreeMap<Pattern, Curve>,
    pub calibration_clear_unfinished: BTreeMap<Pattern, Curve>,
}

const BUILT_IN: &str = include_str!("default_policy.toml");

impl Default for MatchPolicy {
    fn default() -> Self {
        match Self::parse("") {
            Ok(policy) => policy,
            // The built-in text is part of the program and a test reads it.
            Err(error) => unreachable!("the built-in matching policy: {error}"),
        }
    }
}

impl MatchPolicy {
    /// Reads a policy. What it does not name keeps its built-in value.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let syntax = |error: &toml::de::Error, text: &str| {
            let at = error.span().map_or(0, |span| span.start).min(text.len());
            let before = text.get(..at).unwrap_or_default();
            PolicyError::Syntax {
                line: before.bytes().filter(|b| *b == b'\n').count() + 1,
                column: before.chars().rev().take_while(|c| *c != '\n').count() + 1,
                message: error.message().to_owned(),
            }
        };
        let mut whole: toml::Table = toml::from_str(BUILT_IN).map_err(|e| syntax(&e, BUILT_IN))?;
        let own: toml::Table = toml::from_str(text).map_err(|e| syntax(&e, text))?;
        for (section, values) in own {
            // One file holds the whole policy; these sections are read by `crate::policy`.
            if ["gate", "evidence", "desk", "rule"].contains(&section.as_str()) {
                continue;
            }
            let place = || find_place(text, &section, None);
            let Some(toml::Value::Table(into)) = whole.get_mut(&section) else {
                let (line, column) = place();
                return Err(PolicyError::Syntax { line, column, message: format!("unknown section `{section}`") });
            };
            let toml::Value::Table(values) = values else {
                let (line, column) = place();
                return Err(PolicyError::Syntax {
                    line,
                    column,
                    message: format!("`{section}` is a section: write [{section}]"),
                });
            };
            for (name, value) in values {
                let (line, column) = find_place(text, &section, Some(&name));
                let Some(slot) = into.get_mut(&name) else {
                    return Err(PolicyError::Syntax { line, column, message: format!("unknown name `{name}` in [{section}]") });
                };
                let fits = match (&*slot, &value) {
                    (toml::Value::Float(_), toml::Value::Integer(_)) | (toml::Value::Integer(_), toml::Value::Float(_)) => true,
                    (old, new) => old.same_type(new),
                };
                if !fits {
                    let message = format!("`{name}` is a {}, expected a {}", value.type_str(), slot.type_str());
                    return Err(PolicyError::Syntax { line, column, message });
                }
                *slot = value;
            }
        }
        let policy: Self = whole.try_into().map_err(|e: toml::de::Error| PolicyError::Syntax {
            line: 1,
            column: 1,
            message: e.message().to_owned(),
        })?;
        policy.check()?;
        Ok(policy)
    }

    fn check(&self) -> Result<(), PolicyError> {
        self.prior.check(&self.prior.values())?;
        self.payer.check(&self.payer.values())?;
        self.amount.check(&self.amount.values())?;
        self.date.check(&self.date.values())?;
        let least = |name: &'static str, value: f64| {
            if value.is_finite() && value >= 0.5 {
                Ok(())
            } else {
                Err(PolicyError::Range {
                    name,
                    value: value.to_string(),
                    expected: "a probability of 0.5 to 1, or 2 for never alone",
                })
            }
        };
        for pattern in Pattern::ALL {
            let most = self.calibration_settled.get(&pattern).copied().unwrap_or(f64::NAN);
            if !(0.0..=1.0).contains(&most) {
                return Err(PolicyError::Range {
                    name: "calibration_settled",
                    value: format!("{most} for {}", pattern.name()),
                    expected: "a probability for every pattern",
                });
            }
            for (name, hold) in SECTIONS {
                let curve = self.curves(hold).get(&pattern).copied().unwrap_or([f64::NAN; KNOTS.len()]);
                if !curve.iter().all(|v| (0.0..=1.0).contains(v)) || curve.windows(2).any(|w| w[0] > w[1]) {
                    return Err(PolicyError::Range {
                        name,
                        value: format!("{curve:?} for {}", pattern.name()),
                        expected: "eight probabilities for every pattern, none below the one before",
                    });
                }
            }
        }
        least("settle.confidence", self.settle.confidence)?;
        for pattern in Pattern::ALL {
            least(pattern.name(), self.threshold(pattern))?;
        }
        if !(0.0..=20.0).contains(&self.tolerance.exchange_percent) {
            return Err(PolicyError::Range {
                name: "tolerance.exchange_percent",
                value: self.tolerance.exchange_percent.to_string(),
                expected: "0 to 20",
            });
        }
        if !(1..=24).contains(&self.limits.free_lump_items) {
            return Err(PolicyError::Range {
                name: "limits.free_lump_items",
                value: self.limits.free_lump_items.to_string(),
                expected: "1 to 24",
            });
        }
        Ok(())
    }

    pub(super) fn curves(&self, hold: Hold) -> &BTreeMap<Pattern, Curve> {
        match (hold.why, hold.is_rivalled) {
            (Why::Doubt, true) => &self.calibration_doubt,
            (Why::Held, true) => &self.calibration_held,
            (Why::Unfinished, true) => &self.calibration_unfinished,
            (Why::Doubt, false) => &self.calibration_clear_doubt,
            (Why::Held, false) => &self.calibration_clear_held,
            (Why::Unfinished, false) => &self.calibration_clear_unfinished,
        }
    }

    pub(super) fn curves_mut(&mut self, hold: Hold) -> &mut BTreeMap<Pattern, Curve> {
        match (hold.why, hold.is_rivalled) {
            (Why::Doubt, true) => &mut self.calibration_doubt,
            (Why::Held, true) => &mut self.calibration_held,
            (Why::Unfinished, true) => &mut self.calibration_unfinished,
            (Why::Doubt, false) => &mut self.calibration_clear_doubt,
            (Why::Held, false) => &mut self.calibration_clear_held,
            (Why::Unfinished, false) => &mut self.calibration_clear_unfinished,
        }
    }

    pub(super) fn set_threshold(&mut self, pattern: Pattern, to: f64) {
        let s = &mut self.settle;
        match pattern {
            Pattern::ReferenceExact => s.confidence = to,
            Pattern::LumpNamed => s.lump_named = to,
            Pattern::PayerExact => s.payer_exact = to,
            Pattern::LumpFound => s.lump_found = to,
            Pattern::Part => s.part = to,
            Pattern::Short => s.short = to,
            Pattern::Over => s.over = to,
            Pattern::Discount => s.discount = to,
            Pattern::Withholding => s.withholding = to,
            Pattern::OtherCurrency => s.other_currency = to,
            Pattern::Weak => s.weak = to,
            Pattern::Duplicate => s.duplicate = to,
            Pattern::NotOurs => s.not_ours = to,
            Pattern::NoItem => s.no_item = to,
        }
    }

    /// The least confidence at which this pattern settles alone.
    pub fn threshold(&self, pattern: Pattern) -> f64 {
        let s = &self.settle;
        match pattern {
            Pattern::ReferenceExact => s.confidence,
            Pattern::LumpNamed => s.lump_named,
            Pattern::PayerExact => s.payer_exact,
            Pattern::LumpFound => s.lump_found,
            Pattern::Part => s.part,
            Pattern::Short => s.short,
            Pattern::Over => s.over,
            Pattern::Discount => s.discount,
            Pattern::Withholding => s.withholding,
            Pattern::OtherCurrency => s.other_currency,
            Pattern::Weak => s.weak,
            Pattern::Duplicate => s.duplicate,
            Pattern::NotOurs => s.not_ours,
            Pattern::NoItem => s.no_item,
        }
    }
}

/// Line and column of a section or of a name in it, from 1.
fn find_place(text: &str, section: &str, name: Option<&str>) -> (usize, usize) {
    let mut inside = false;
    for (at, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        let column = line.len() - trimmed.len() + 1;
        if let Some(rest) = trimmed.strip_prefix('[') {
            inside = rest.split(']').next().is_some_and(|s| s.trim() == section);
            if inside && name.is_none() {
                return (at + 1, column);
            }
        } else if let Some(name) = name
            && inside
            && trimmed.split('=').next().is_some_and(|key| key.trim() == name)
        {
            return (at + 1, column);
        } else if name.is_none() && trimmed.split('=').next().is_some_and(|key| key.trim() == section) {
            return (at + 1, column);
        }
    }
    (1, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_policy_reads() {
        let policy = MatchPolicy::default();
        assert!(policy.settle.confidence > 0.97);
        assert_eq!(MatchPolicy::parse(BUILT_IN), Ok(policy));
    }

    #[test]
    fn a_wrong_policy_names_its_place() {
        for (text, line, column, words) in [
            ("[settle]\nconfidence = \"high\"\n", 2, 1, "expected a float"),
            ("[settle]\n  sure = 1\n", 2, 3, "unknown name `sure`"),
            ("\n[wishes]\na = 1\n", 2, 1, "unknown section"),
            ("[settle\n", 1, 8, ""),
            ("settle = 1", 1, 1, "is a section"),
        ] {
            match MatchPolicy::parse(text) {
                Err(PolicyError::Syntax { line: l, column: c, message }) => {
                    assert_eq!((l, c), (line, column), "{text}: {message}");
                    assert!(message.contains(words), "{text}: {message}");
                }
                other => panic!("{text}: {other:?}"),
            }
        }
        assert!(matches!(MatchPolicy::parse("[settle]\nconfidence = 0.2\n"), Err(PolicyError::Range { .. })));
        assert!(matches!(MatchPolicy::parse("[prior]\nexact = 0.5\n"), Err(PolicyError::Range { .. })));
    }
}
