//! What a person's confirmation teaches about a payer: that this account, or this name, pays for this customer.
//!
//! Only what the bank says about the payer can be learned, never what a document or a remittance text says. What was learned names the
//! decision that taught it, is taken back with it, and can be revoked. It helps to recognise a payer and never weighs more than what
//! is on file.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::bank::normal_account;
use crate::cases::Actor;
use crate::ledger::DecisionId;
use crate::names::{fold_name, similarity};
use crate::records::{Customer, CustomerId};

/// Thousandths from which two names are taken for one.
const SAME_NAME: u16 = 850;
/// Thousandths from which a name is another customer's own.
const OWN_NAME: u16 = 970;
/// Letters a name has at least to be learned.
const NAME_LETTERS_MIN: usize = 4;
/// Characters of an account that is learned.
const ACCOUNT_LENGTHS: std::ops::RangeInclusive<usize> = 6..=64;

/// Which: made of the decision that taught it and its kind, such as `12-account`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AliasId(pub String);

impl fmt::Display for AliasId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What kind of thing was learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AliasKind {
    /// An account the customer pays from, normalised.
    Account,
    /// A name the customer pays under, as the bank gives it.
    Name,
}

impl AliasKind {
    /// The name used in the database and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Name => "name",
        }
    }
}

/// Whether it is in use, and why not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "standing")]
pub enum Standing {
    /// In use.
    Active,
    /// Confirmed for another customer too by this decision: it tells nothing any more.
    Shared {
        /// Which decision.
        decision: DecisionId,
    },
    /// A person said that this payer pays for others; it is not learned again.
    ThirdParty {
        /// In which decision.
        decision: DecisionId,
    },
    /// The decision that taught it was undone by this one.
    Withdrawn {
        /// Which decision.
        decision: DecisionId,
    },
    /// A person revoked it.
    Revoked {
        /// Who.
        by: Actor,
        /// When.
        at: Timestamp,
    },
}

impl Standing {
    /// The name used in the database and in files.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Shared { .. } => "shared",
            Self::ThirdParty { .. } => "third_party",
            Self::Withdrawn { .. } => "withdrawn",
            Self::Revoked { .. } => "revoked",
        }
    }

    /// Whether it says something about the payer now: that it is the customer's, or that it is nobody's in particular.
    pub fn is_known(&self) -> bool {
        match self {
            Self::Active | Self::Shared { .. } | Self::ThirdParty { .. } => true,
            Self::Withdrawn { .. } | Self::Revoked { .. } => false,
        }
    }
}

/// Something learned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    /// Which.
    pub id: AliasId,
    /// Whose.
    pub customer: CustomerId,
    /// What kind.
    pub kind: AliasKind,
    /// Account or name.
    pub value: String,
    /// The decision that taught it.
    pub taught_by: DecisionId,
    /// When.
    pub taught_at: Timestamp,
    /// By whom.
    pub teacher: Actor,
    /// Whether it is in use.
    pub standing: Standing,
}

impl Alias {
    /// Whether it is about the same account or name, however written.
    fn is_about(&self, kind: AliasKind, folded: &str) -> bool {
        self.kind == kind && fold(kind, &self.value) == folded
    }
}

fn fold(kind: AliasKind, value: &str) -> String {
    match kind {
        AliasKind::Account => normal_account(value),
        AliasKind::Name => fold_name(value).core,
    }
}

/// A confirmation: money of a payer was applied to, or kept for, one customer.
#[derive(Debug, Clone, Copy)]
pub struct Confirmation<'a> {
    /// The decision.
    pub decision: DecisionId,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: &'a Actor,
    /// The payer as the bank names it.
    pub payer_name: Option<&'a str>,
    /// The payer's account.
    pub payer_account: Option<&'a str>,
    /// The customer.
    pub customer: &'a CustomerId,
    /// The person said that somebody else pays for the customer.
    pub is_third_party: bool,
}

/// What a confirmation changes: aliases that are new, and those whose standing is another now.
pub fn lessons(confirmed: Confirmation<'_>, customers: &[Customer], aliases: &[Alias]) -> Vec<Alias> {
    let Some(customer) = customers.iter().find(|one| one.id == *confirmed.customer) else { return Vec::new() };
    let account = confirmed.payer_account.map(normal_account).filter(|account| {
        // Masked accounts (`****1234`) belong to many.
        ACCOUNT_LENGTHS.contains(&account.chars().count()) && account.chars().all(|c| c.is_ascii_alphanumeric())
    });
    let name = confirmed.payer_name.map(str::trim).filter(|name| is_telling(&fold_name(name).core));
    let mut changes = Vec::new();
    let learn = |kind: AliasKind, value: &str, standing: Standing| Alias {
        id: AliasId(format!("{}-{}", confirmed.decision, kind.name())),
        customer: customer.id.clone(),
        kind,
        value: value.to_owned(),
        taught_by: confirmed.decision,
        taught_at: confirmed.at,
        teacher: confirmed.by.clone(),
        standing,
    };
    let payer = [(AliasKind::Account, account.as_deref()), (AliasKind::Name, name)];
    if confirmed.is_third_party {
        let standing = Standing::ThirdParty { decision: confirmed.decision };
        for (kind, value) in payer.into_iter().filter_map(|(kind, value)| Some((kind, value?))) {
            let known: Vec<&Alias> = about(aliases, kind, value);
            changes.extend(
                known
                    .iter()
                    .filter(|alias| alias.standing == Standing::Active)
                    .map(|alias| Alias { standing: standing.clone(), ..(*alias).clone() }),
            );
            // The name and account on file of a customer stay what they are.
            if known.is_empty() && !is_on_file(customers, kind, value) {
                changes.push(learn(kind, value, standing.clone()));
            }
        }
        return changes;
    }
    if let Some(account) = &account
        && customers.iter().any(|other| other.id != customer.id && !in_family(customer, other) && pays_from(other, account))
    {
        return changes;
    }
    if let Some(name) = name
        && customers.iter().any(|other| other.id != customer.id && bears(other, name, OWN_NAME))
        && !bears(customer, name, OWN_NAME)
    {
        return changes;
    }
    // What pays for several customers tells nothing, and neither does anything else about such a payer.
    let mut is_several = false;
    for (kind, value) in payer.into_iter().filter_map(|(kind, value)| Some((kind, value?))) {
        for alias in about(aliases, kind, value) {
            match &alias.standing {
                Standing::Active if alias.customer != customer.id => {
                    is_several = true;
                    changes.push(Alias { standing: Standing::Shared { decision: confirmed.decision }, ..alias.clone() });
                }
                Standing::Shared { .. } | Standing::ThirdParty { .. } => is_several = true,
                Standing::Active | Standing::Withdrawn { .. } | Standing::Revoked { .. } => {}
            }
        }
    }
    if is_several {
        return changes;
    }
    for (kind, value) in payer.into_iter().filter_map(|(kind, value)| Some((kind, value?))) {
        let is_active = about(aliases, kind, value).iter().any(|alias| alias.standing == Standing::Active);
        let is_own = match kind {
            AliasKind::Account => {
                customers.iter().any(|one| (one.id == customer.id || in_family(customer, one)) && pays_from(one, value))
            }
            AliasKind::Name => bears(customer, value, SAME_NAME),
        };
        if !is_active && !is_own {
            changes.push(learn(kind, value, Standing::Active));
        }
    }
    changes
}

/// Whether what the bank says about the payer, as far as it says something, is the customer's own on file.
pub fn is_on_file_of(customer: &Customer, account: Option<&str>, name: Option<&str>) -> bool {
    account.is_none_or(|account| pays_from(customer, &normal_account(account)))
        && name.is_none_or(|name| bears(customer, name, SAME_NAME))
}

/// What undoing a decision takes back: what it taught, and what it made shared or a third party's.
pub fn undone(undone: DecisionId, by: DecisionId, aliases: &[Alias]) -> Vec<Alias> {
    aliases
        .iter()
        .filter_map(|alias| {
            let standing = match &alias.standing {
                Standing::Active | Standing::Shared { .. } | Standing::ThirdParty { .. } if alias.taught_by == undone => {
                    Standing::Withdrawn { decision: by }
                }
                Standing::Shared { decision } | Standing::ThirdParty { decision } if *decision == undone => Standing::Active,
                Standing::Active
                | Standing::Shared { .. }
                | Standing::ThirdParty { .. }
                | Standing::Withdrawn { .. }
                | Standing::Revoked { .. } => return None,
            };
            Some(Alias { standing, ..alias.clone() })
        })
        .collect()
}

/// What is known now about an account or name.
fn about<'a>(aliases: &'a [Alias], kind: AliasKind, value: &str) -> Vec<&'a Alias> {
    let folded = fold(kind, value);
    aliases.iter().filter(|alias| alias.standing.is_known() && alias.is_about(kind, &folded)).collect()
}

fn is_on_file(customers: &[Customer], kind: AliasKind, value: &str) -> bool {
    customers.iter().any(|customer| match kind {
        AliasKind::Account => pays_from(customer, value),
        AliasKind::Name => bears(customer, value, OWN_NAME),
    })
}

fn pays_from(customer: &Customer, account: &str) -> bool {
    customer.iban.iter().flat_map(|accounts| accounts.split('|')).any(|own| normal_account(own) == account)
}

fn bears(customer: &Customer, name: &str, at_least: u16) -> bool {
    let folded = fold_name(name).core;
    std::iter::once(&customer.name).chain(&customer.aliases).any(|own| similarity(&fold_name(own).core, &folded) >= at_least)
}

/// The payer of the other is known to pay for this one.
fn in_family(customer: &Customer, other: &Customer) -> bool {
    customer.parent_id.as_ref() == Some(&other.id)
}

fn is_telling(core: &str) -> bool {
    core.chars().filter(|c| c.is_alphabetic()).count() >= NAME_LETTERS_MIN
}

#[cfg(test)]
mod tests;
