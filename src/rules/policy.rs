//! The policy: versioned thresholds, read from one TOML text. Its version is the digest of the text.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::desk::DeskPolicy;
use crate::matching::{self, MatchPolicy};
use crate::money::{Currency, Money};
use crate::policy_rules::{RuleError, Rules};

/// The policy that is built in.
pub const DEFAULT_POLICY: &str = include_str!("default_policy.toml");

/// Thresholds of the gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatePolicy {
    /// Payments above this amount always meet a person (invariant 7), by currency. A currency that is not listed has no
    /// amount up to which a rule may settle, so it always meets a person.
    pub high_value: BTreeMap<Currency, String>,
}

/// How long a claim may wait for its money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidencePolicy {
    /// Days after the date a proof of payment names before it becomes a case `claim without money`. 0 to 365.
    pub claim_waits_days: u16,
    /// Days by which the bank's booking may differ from the date on the proof. 0 to 60.
    pub booking_within_days: u16,
}

/// Thresholds and rules in force.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// SHA-256 of the text, lower-case hexadecimal.
    pub version: String,
    /// Thresholds of the gate.
    pub gate: GatePolicy,
    /// Evidence.
    pub evidence: EvidencePolicy,
    /// The desk: second pair of eyes, write-offs, due times.
    pub desk: DeskPolicy,
    /// Weights, thresholds and tolerances of the matcher.
    pub matching: MatchPolicy,
    /// Rules that people wrote, in order.
    pub rules: Rules,
}

/// Why a text is no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Not TOML, or a key is missing, unknown or of the wrong type. The message names line and column.
    #[error("line {line}, column {column}: {message}")]
    Syntax {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// A section whose values do not go together.
    #[error("{0}")]
    Section(String),
    /// A rule, with its place.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// A section of the matcher.
    #[error(transparent)]
    Matching(#[from] matching::PolicyError),
    /// A threshold is no amount of its currency.
    #[error("{key}.{currency}: {message}")]
    Threshold {
        /// Section and key of the threshold.
        key: &'static str,
        /// Of the threshold.
        currency: Currency,
        /// What is wrong.
        message: String,
    },
}

#[derive(Deserialize)]
struct PolicyFile {
    gate: GatePolicy,
    evidence: EvidencePolicy,
    /// A policy written before there was a desk says nothing about it.
    #[serde(default)]
    desk: DeskPolicy,
}

impl Policy {
    /// Reads a policy: `[gate]` and `[evidence]` in full; of `[desk]` and the matcher's sections only what differs from the built-in values.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let file: PolicyFile = toml::from_str(text).map_err(|error| syntax(text, &error))?;
        for currency in file.gate.high_value.keys() {
            file.gate.high_value_limit(*currency)?;
        }
        if file.evidence.claim_waits_days > 365 || file.evidence.booking_within_days > 60 {
            let (line, column) = place_of(text, "[evidence]");
            let message = "evidence: claim_waits_days is 0 to 365, booking_within_days 0 to 60".to_owned();
            return Err(PolicyError::Syntax { line, column, message });
        }
        file.desk.check()?;
        let matching = MatchPolicy::parse(text)?;
        let rules = Rules::parse(text)?;
        let version = hex::encode(Sha256::digest(text.as_bytes()));
        Ok(Self { version, gate: file.gate, evidence: file.evidence, desk: file.desk, matching, rules })
    }
}

fn syntax(text: &str, error: &toml::de::Error) -> PolicyError {
    let at = error.span().map_or(0, |span| span.start);
    let before = text.get(..at).unwrap_or_default();
    PolicyError::Syntax {
        line: before.matches('\n').count().saturating_add(1),
        column: before.chars().rev().take_while(|c| *c != '\n').count().saturating_add(1),
        message: error.message().lines().collect::<Vec<_>>().join(" "),
    }
}

/// Where a section begins, from 1.
fn place_of(text: &str, section: &str) -> (usize, usize) {
    let line = text.lines().position(|line| line.trim_start().starts_with(section)).unwrap_or(0);
    (line.saturating_add(1), 1)
}

/// The limits of the built-in policy.
impl Default for GatePolicy {
    fn default() -> Self {
        match Self::of_text(DEFAULT_POLICY) {
            Ok(limits) => limits,
            // The built-in text is part of the program and a test reads it.
            Err(error) => unreachable!("the built-in policy: {error}"),
        }
    }
}

impl GatePolicy {
    /// The `[gate]` section of a policy text, or the built-in one where the text has none.
    ///
    /// # Errors
    /// When the section is there and cannot be used.
    pub fn of_text(text: &str) -> Result<Self, PolicyError> {
        #[derive(Deserialize)]
        struct Gate {
            gate: Option<GatePolicy>,
        }
        let read = |text: &str| -> Result<Option<Self>, PolicyError> {
            Ok(toml::from_str::<Gate>(text).map_err(|error| syntax(text, &error))?.gate)
        };
        let limits = match read(text)? {
            Some(limits) => limits,
            None => read(DEFAULT_POLICY)?.unwrap_or(Self { high_value: BTreeMap::new() }),
        };
        for currency in limits.high_value.keys() {
            limits.high_value_limit(*currency)?;
        }
        Ok(limits)
    }

    /// The limit for a currency; `None` where the policy has none.
    pub fn high_value_limit(&self, currency: Currency) -> Result<Option<Money>, PolicyError> {
        amount_for("gate.high_value", &self.high_value, currency)
    }
}

/// The amount a table of thresholds has for a currency; `None` where it has none.
pub(crate) fn amount_for(
    key: &'static str,
    table: &BTreeMap<Currency, String>,
    currency: Currency,
) -> Result<Option<Money>, PolicyError> {
    let Some(text) = table.get(&currency) else { return Ok(None) };
    let limit =
        Money::parse(text, currency).map_err(|error| PolicyError::Threshold { key, currency, message: error.to_string() })?;
    if limit.is_negative() {
        return Err(PolicyError::Threshold { key, currency, message: "a limit is not negative".to_owned() });
    }
    Ok(Some(limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_policy_is_well_formed() {
        let policy = Policy::parse(DEFAULT_POLICY).expect("it ships with the program");
        assert_eq!(policy.gate.high_value_limit(Currency::EUR), Ok(Some(Money::new(1_000_000, Currency::EUR))));
    }

    #[test]
    fn refusals_name_their_place() {
        for (text, wanted) in [
            ("", "gate"),
            ("[gate]\nhigh_value = 3", "line 2"),
            ("[gate]\nhigh_value = { EUR = \"1,5\" }", "EUR"),
            ("[gate]\nhigh_value = { EUR = \"-1\" }", "not negative"),
            ("[gate]\nhigh_value = { EURO = \"1\" }", "EURO"),
            ("[gate]\nhigh_value = {}\nhigh_valeu = {}", "high_valeu"),
        ] {
            let text = format!("{text}\n[evidence]\nclaim_waits_days = 5\nbooking_within_days = 7\n");
            let error = Policy::parse(&text).expect_err(wanted).to_string();
            assert!(error.contains(wanted), "{text}: {error}");
        }
    }
}
