//! A decision of the gate, taken again from what was stored with it and the policy it names.

use quittance_rules::cases::{Actor, Decision, Ruling, Subject};
use quittance_rules::gate::{GateFacts, Verdict, gate};
use quittance_rules::ledger::DecisionId;
use quittance_rules::policy::{GatePolicy, Policy};
use quittance_rules::returns::{ReturnFacts, certain_receipt};
use quittance_rules::rule_view;
use serde::{Deserialize, Serialize};

/// What is stored with a decision of the gate, so that it replays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateInputs {
    /// The facts.
    pub facts: GateFacts,
    /// The thresholds in force.
    pub policy: GatePolicy,
    /// What the gate said.
    pub verdict: Verdict,
}

/// Whether a decision of the gate replays to the same verdict from what was stored with it (invariant 6): the gate is asked
/// again, its answer compared with the stored one, and that with the ruling. `policy` is the policy the decision names; with it
/// the owner's rules are asked again too. Decisions that no rule of the owner saw need none.
pub fn replay(decision: &Decision, policy: Option<&Policy>) -> Result<bool, ReplayError> {
    let by_gate = matches!(decision.by, Actor::Rule);
    if let (Subject::Return(_), Ruling::Settled { .. }, true) = (&decision.subject, &decision.ruling, by_gate) {
        let facts: ReturnFacts = stored(decision)?;
        return Ok(certain_receipt(&facts.returned, &facts.receipts) == Some(facts.taken_back));
    }
    match &decision.ruling {
        Ruling::Settled { entries } => {
            let inputs: GateInputs = stored(decision)?;
            let again = gate(&inputs.facts, &inputs.policy, decision.today);
            Ok(rules_agree(decision, &inputs, policy)? && again == inputs.verdict && again == Verdict::Settle(entries.clone()))
        }
        Ruling::Asked if by_gate => {
            let inputs: GateInputs = stored(decision)?;
            let again = gate(&inputs.facts, &inputs.policy, decision.today);
            Ok(rules_agree(decision, &inputs, policy)? && again == inputs.verdict && !matches!(again, Verdict::Settle(_)))
        }
        Ruling::Asked | Ruling::Approved { .. } | Ruling::Rejected | Ruling::Closed | Ruling::Undone { .. } => {
            Err(ReplayError::NotByTheGate(decision.id))
        }
    }
}

fn stored<T: serde::de::DeserializeOwned>(decision: &Decision) -> Result<T, ReplayError> {
    serde_json::from_str(&decision.inputs).map_err(|source| ReplayError::Inputs { decision: decision.id, source })
}

/// The rules of the stored policy say of the stored facts what they said then.
fn rules_agree(decision: &Decision, inputs: &GateInputs, policy: Option<&Policy>) -> Result<bool, ReplayError> {
    if inputs.facts.rule.as_ref().map(|says| says.rule()) != decision.rule.as_deref() {
        return Ok(false);
    }
    if inputs.facts.seen.is_none() {
        return Ok(inputs.facts.rule.is_none());
    }
    match policy {
        Some(policy) if policy.version == decision.policy => {
            Ok(rule_view::say(&policy.rules, &inputs.facts) == inputs.facts.rule)
        }
        Some(_) | None => Err(ReplayError::Policy { decision: decision.id, version: decision.policy.clone() }),
    }
}

/// Why a decision cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// A person's decision: there is no rule to run again.
    #[error("decision {0} was taken by a person or closed a matter; only decisions of the gate replay")]
    NotByTheGate(DecisionId),
    /// The stored inputs do not parse.
    #[error("the inputs stored with decision {decision} do not parse: {source}")]
    Inputs {
        /// Which.
        decision: DecisionId,
        /// Why.
        source: serde_json::Error,
    },
    /// The owner's rules took part, and the policy that held them is not there.
    #[error("decision {decision} rests on rules of policy {version}, which is not in the book")]
    Policy {
        /// Which decision.
        decision: DecisionId,
        /// Which policy.
        version: String,
    },
}
