//! Cases: exceptions in the queue, their states, and the decisions of rules and people.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::exceptions::{Action, ExceptionKind};
use crate::ledger::{CaseId, DecisionId, Entry};
use crate::money::Money;
use crate::records::{EntityId, ItemId, PaymentId};

/// Lower-case hexadecimal SHA-256 of the bytes as received.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct InputDigest(pub String);

impl InputDigest {
    /// Reads one from text of anybody's.
    ///
    /// # Errors
    /// A sentence, when it is no SHA-256 in lower-case hexadecimal.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("`{}` is not a SHA-256 in lower-case hexadecimal", text.chars().take(70).collect::<String>()))
        }
    }
}

impl std::fmt::Display for InputDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who acts: a rule under a policy, or a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// The rules engine.
    Rule,
    /// A person, by the name given on the command line or by sign-in.
    Person(String),
}

impl std::fmt::Display for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rule => f.write_str("rule"),
            Self::Person(name) => write!(f, "person:{name}"),
        }
    }
}

/// What a case is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A payment, of which something is left to decide.
    Payment(PaymentId),
    /// A bank line that is no payment: a return, a chargeback.
    Return(PaymentId),
    /// A piece of evidence.
    Evidence(InputDigest),
    /// A file or an entry in it that could not be read or placed.
    Input(InputDigest),
    /// An open item.
    Item(ItemId),
}

/// One answer a person may choose. Rank 1 is the best; equal ranks never occur in here, a tie is an exception of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseCandidate {
    /// From 1, at most 5.
    pub rank: u32,
    /// What approving it posts. Empty: close without a posting.
    pub entries: Vec<Entry>,
    /// The computed probability that this is exactly right, in millionths.
    pub confidence: crate::evidence::Confidence,
    /// One sentence for people.
    pub reason: String,
    /// Log-odds by field, for people: (field, weight in thousandths of a natural logarithm, what was compared).
    pub weights: Vec<Weight>,
}

/// One field's say for or against a candidate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weight {
    /// What was compared: `reference`, `amount`, `payer`, …
    pub field: String,
    /// Log-odds (natural logarithm) in thousandths; positive speaks for.
    pub log_odds_milli: i32,
    /// What agreed or differed, in words.
    pub note: String,
}

/// Where a case stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum CaseState {
    /// Nobody has it.
    Open,
    /// Somebody has it.
    Assigned {
        /// Who.
        to: String,
    },
    /// Out of sight until a day.
    Snoozed {
        /// First day it shows again.
        until: Date,
        /// Whose it was when it was put off, and is again when it shows.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner: Option<String>,
    },
    /// Done.
    Resolved {
        /// The decision that closed it.
        decision: DecisionId,
    },
}

impl CaseState {
    /// The name used in the database.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Assigned { .. } => "assigned",
            Self::Snoozed { .. } => "snoozed",
            Self::Resolved { .. } => "resolved",
        }
    }

    /// Whether a person may still decide.
    pub fn is_pending(&self) -> bool {
        match self {
            Self::Open | Self::Assigned { .. } | Self::Snoozed { .. } => true,
            Self::Resolved { .. } => false,
        }
    }
}

/// An exception in the queue with everything needed to decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// Its number.
    pub id: CaseId,
    /// Raised with every change; a decision names the version it saw.
    pub version: i64,
    /// Whose books.
    pub entity: Option<EntityId>,
    /// What kind of exception.
    pub kind: ExceptionKind,
    /// What it is about. At most one pending case per subject.
    pub subject: Subject,
    /// Money at stake, where money is at stake.
    pub amount: Option<Money>,
    /// One line for people: `EUR 1180.00 from ACME GmbH, EUR 20.00 short of INV-2041`.
    pub headline: String,
    /// Why it was not settled alone, one sentence each.
    pub reasons: Vec<String>,
    /// Up to five answers, best first.
    pub candidates: Vec<CaseCandidate>,
    /// Answers a person has refused. They are not proposed again, and what has been refused once is never settled by a rule.
    #[serde(default)]
    pub rejected: Vec<Vec<Entry>>,
    /// When it was raised.
    pub opened_at: Timestamp,
    /// Where it stands.
    pub state: CaseState,
}

impl Case {
    /// What a person may do about it: what its kind allows, of what its subject can take. Money has to go somewhere, so that a payment is
    /// never just closed, and where there is no payment nothing can be applied. A kind that is raised by what surrounds a payment (a
    /// dispute on the item it pays) and names nothing a payment can take allows all that one can.
    pub fn actions(&self) -> Vec<Action> {
        let of_subject: &[Action] = match self.subject {
            Subject::Payment(_) => &[Action::Apply, Action::KeepUnapplied, Action::MarkNotOurs, Action::RejectCandidates],
            Subject::Return(_) | Subject::Evidence(_) | Subject::Input(_) | Subject::Item(_) => &[Action::Close],
        };
        let both: Vec<Action> = self.kind.actions().iter().copied().filter(|action| of_subject.contains(action)).collect();
        if both.is_empty() { of_subject.to_vec() } else { both }
    }
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "what")]
pub enum Ruling {
    /// Settled alone by the gate.
    Settled {
        /// What was posted.
        entries: Vec<Entry>,
    },
    /// Sent to a person by the gate.
    Asked,
    /// A person applied a candidate or entries of their own.
    Approved {
        /// Rank of the candidate; `None` when the person wrote the entries.
        candidate: Option<u32>,
        /// What was posted.
        entries: Vec<Entry>,
    },
    /// A person said that none of the candidates is right; the money stays in the queue.
    Rejected,
    /// A person closed a case that carries no money.
    Closed,
    /// An earlier decision was undone.
    Undone {
        /// Which.
        decision: DecisionId,
    },
}

impl Ruling {
    /// Its name in the database and in messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Settled { .. } => "settled",
            Self::Asked => "asked",
            Self::Approved { .. } => "approved",
            Self::Rejected => "rejected",
            Self::Closed => "closed",
            Self::Undone { .. } => "undone",
        }
    }
}

/// A decision, with everything needed to replay it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Its number.
    pub id: DecisionId,
    /// When.
    pub at: Timestamp,
    /// The civil date in the entity's zone that rules saw as today.
    pub today: Date,
    /// Who.
    pub by: Actor,
    /// About what.
    pub subject: Subject,
    /// The case, where there was one.
    pub case: Option<CaseId>,
    /// What.
    pub ruling: Ruling,
    /// Version (digest) of the policy in force.
    pub policy: String,
    /// The rule of the owner that took part, by its name in that policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Version of this program.
    pub code: String,
    /// JSON of the inputs the gate saw; replaying the gate on them gives `ruling` again. For a person's decision: the case as seen.
    pub inputs: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(kind: ExceptionKind, subject: Subject) -> Case {
        Case {
            id: CaseId(1),
            version: 1,
            entity: None,
            kind,
            subject,
            amount: None,
            headline: String::new(),
            reasons: Vec::new(),
            candidates: Vec::new(),
            rejected: Vec::new(),
            opened_at: Timestamp::UNIX_EPOCH,
            state: CaseState::Open,
        }
    }

    #[test]
    fn a_payment_can_be_decided_and_is_never_just_closed() {
        let digest = || InputDigest("a".repeat(64));
        let payment = || Subject::Payment(PaymentId::parse("p1").unwrap());
        for kind in ExceptionKind::ALL {
            let actions = case(*kind, payment()).actions();
            assert!(!actions.contains(&Action::Close) && actions.contains(&Action::Apply), "{kind}: {actions:?}");
            for subject in [
                Subject::Return(PaymentId::parse("p1").unwrap()),
                Subject::Evidence(digest()),
                Subject::Input(digest()),
                Subject::Item(ItemId::parse("i1").unwrap()),
            ] {
                assert_eq!(case(*kind, subject).actions(), [Action::Close], "{kind}");
            }
        }
    }
}
