//! What people do around a case before it is decided: lease it, write on it, propose a decision that a second person completes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ledger::{CaseId, DecisionId, Entry};

/// A case that somebody works on. Until it ends nobody else may take or decide the case; an ended lease says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The case.
    pub case: CaseId,
    /// Who works on it.
    pub by: String,
    /// Since when.
    pub at: Timestamp,
    /// Until when. Giving a case back sets this to `at`.
    pub until: Timestamp,
}

impl Lease {
    /// Whether it binds others at this instant.
    pub fn is_on(&self, now: Timestamp) -> bool {
        now < self.until
    }
}

/// A remark on a case. Written once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Its key: the case, the instant and a digest of the text.
    pub id: String,
    /// The case.
    pub case: CaseId,
    /// Who wrote it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// What: plain text of 1 to 4,000 characters.
    pub text: String,
    /// Names after an `@` in it, without the `@`, each once.
    pub mentions: Vec<String>,
}

/// What became of a proposed decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum ProposalState {
    /// A second person has not looked yet.
    Waiting,
    /// A second person agreed.
    Completed {
        /// The decision that was made of it.
        decision: DecisionId,
    },
    /// Taken back, or refused by the second person.
    Withdrawn,
}

/// A decision above the policy's limit for one pair of eyes: made by one person, in force once another completes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// The case; the newest proposal on it counts.
    pub case: CaseId,
    /// The version of the case the first person saw.
    pub version: i64,
    /// The first person; for a proposal taken back, still the one who made it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Rank of the candidate; `None` when the person wrote the entries.
    pub candidate: Option<u32>,
    /// What completing it posts.
    pub entries: Vec<Entry>,
    /// What became of it.
    pub state: ProposalState,
}

/// The names after an `@` in a text, in order, each once: letters, digits, `.`, `-`, `_`, up to 100 characters. An `@` inside a
/// word (an e-mail address) names nobody.
pub fn mentions(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        if c == '@' && !before.is_alphanumeric() {
            let after = text.get(at.saturating_add(1)..).unwrap_or_default();
            let name: String =
                after.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_')).take(100).collect();
            let name = name.trim_end_matches(['.', '-', '_']);
            if !name.is_empty() && !found.iter().any(|known| known == name) {
                found.push(name.to_owned());
            }
        }
        before = c;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::mentions;

    #[test]
    fn names_after_an_at() {
        for (text, wanted) in [
            ("ask @ana, please", &["ana"][..]),
            ("@ana @luis.ramos and @ana again", &["ana", "luis.ramos"]),
            ("from pay@acme.example", &[]),
            ("(@Zoë)", &["Zoë"]),
            ("@ nobody, @. either", &[]),
            ("", &[]),
        ] {
            assert_eq!(mentions(text), wanted, "{text}");
        }
    }
}
