//! The rules of money. Everything in here is a plain function of its arguments: no files, no clock, no chance, no model,
//! no float for money. Dates, thresholds, rates and ids come in as values.
#![deny(clippy::float_arithmetic, clippy::arithmetic_side_effects, clippy::float_cmp, clippy::lossy_float_literal)]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects))]

pub mod aliases;
pub mod amount_text;
pub mod bank;
pub mod cases;
pub mod cash_exceptions;
pub mod conditions;
pub mod confirm;
pub mod date_text;
pub mod desk;
pub mod draft;
pub mod evidence;
pub mod exceptions;
pub mod gate;
pub mod journal;
pub mod ledger;
pub mod matching;
pub mod money;
pub mod names;
pub mod policy;
pub mod policy_rules;
pub mod records;
pub mod reference;
pub mod returns;
pub mod reuse;
pub mod rule_view;
pub mod users;
pub mod webhooks;
pub mod work;

/// Civil dates are in the entity's time zone; instants are [`jiff::Timestamp`] in UTC. They are different types.
pub use jiff::civil::Date;
