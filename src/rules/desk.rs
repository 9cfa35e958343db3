//! The desk's thresholds: when a second person must agree, how much a person may write off, when a case is due.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::exceptions::Severity;
use crate::money::{Currency, Money};
use crate::policy::{PolicyError, amount_for};

/// Section `[desk]` of the policy. What a policy leaves out has the values below, which ask for the least.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeskPolicy {
    /// A decision about a payment above this amount needs a second person, by currency. Not listed: one person decides.
    pub four_eyes_above: BTreeMap<Currency, String>,
    /// A person may write off at most this much in one decision, by currency. Not listed: nothing.
    pub write_off_max: BTreeMap<Currency, String>,
    /// Hours after which a case is due.
    pub due_hours: DueHours,
    /// Minutes for which a case belongs to the person who took it. 1 to 240.
    pub lease_minutes: u16,
}

/// Hours from the opening of a case until it is due, by severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // The severities, as in [`Severity`].
pub struct DueHours {
    pub urgent: u16,
    pub high: u16,
    pub normal: u16,
    pub low: u16,
}

impl Default for DeskPolicy {
    fn default() -> Self {
        Self {
            four_eyes_above: BTreeMap::new(),
            write_off_max: BTreeMap::new(),
            due_hours: DueHours { urgent: 4, high: 24, normal: 72, low: 168 },
            lease_minutes: 10,
        }
    }
}

impl DeskPolicy {
    /// Whether every threshold is an amount of its currency and within its bounds.
    pub(crate) fn check(&self) -> Result<(), PolicyError> {
        for currency in self.four_eyes_above.keys() {
            self.four_eyes_limit(*currency)?;
        }
        for currency in self.write_off_max.keys() {
            self.write_off_limit(*currency)?;
        }
        if !(1..=240).contains(&self.lease_minutes) {
            return Err(PolicyError::Section("desk: lease_minutes is 1 to 240".to_owned()));
        }
        Ok(())
    }

    /// The amount above which a second person must agree; `None` where one person decides.
    pub fn four_eyes_limit(&self, currency: Currency) -> Result<Option<Money>, PolicyError> {
        amount_for("desk.four_eyes_above", &self.four_eyes_above, currency)
    }

    /// The most that one decision of a person may write off; `None` where nothing may be.
    pub fn write_off_limit(&self, currency: Currency) -> Result<Option<Money>, PolicyError> {
        amount_for("desk.write_off_max", &self.write_off_max, currency)
    }

    /// Whether a decision about this amount needs a second person. A limit that does not parse is not in force.
    pub fn needs_second(&self, amount: Money) -> bool {
        let limit = self.four_eyes_limit(amount.currency()).ok().flatten();
        limit.is_some_and(|limit| amount.minor().unsigned_abs() > limit.minor().unsigned_abs())
    }

    /// Hours until a case of this severity is due.
    pub fn due_hours(&self, severity: Severity) -> u16 {
        match severity {
            Severity::Urgent => self.due_hours.urgent,
            Severity::High => self.due_hours.high,
            Severity::Normal => self.due_hours.normal,
            Severity::Low => self.due_hours.low,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{DEFAULT_POLICY, Policy};

    #[test]
    fn the_built_in_limits() {
        let desk = Policy::parse(DEFAULT_POLICY).expect("it ships with the program").desk;
        assert!(!desk.needs_second(Money::new(5_000_000, Currency::EUR)));
        assert!(desk.needs_second(Money::new(5_000_001, Currency::EUR)));
        assert_eq!(desk.write_off_limit(Currency::EUR), Ok(Some(Money::new(2_500, Currency::EUR))));
        assert_eq!(desk.due_hours(Severity::Urgent), 4);
    }

    #[test]
    fn a_policy_without_a_desk_asks_for_the_least() {
        let text = "[gate]\nhigh_value = {}\n[evidence]\nclaim_waits_days = 5\nbooking_within_days = 7\n";
        assert_eq!(Policy::parse(text).map(|policy| policy.desk), Ok(DeskPolicy::default()));
        for (desk, wanted) in [
            ("lease_minutes = 0", "lease_minutes"),
            ("four_eyes_above = { EUR = \"-1\" }", "desk.four_eyes_above.EUR"),
            ("write_off_max = { EUR = \"1.005\" }", "desk.write_off_max.EUR"),
            ("four_eyes = 3", "four_eyes"),
        ] {
            let error = Policy::parse(&format!("{text}[desk]\n{desk}\n")).expect_err(wanted).to_string();
            assert!(error.contains(wanted), "{desk}: {error}");
        }
    }
}
