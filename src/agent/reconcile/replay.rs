//! A decision of the gate, taken again from what was stored with it.

use quittance_rules::cases::{Actor, Decision, Ruling};
use quittance_rules::gate::{GateFacts, Verdict, gate};
use quittance_rules::ledger::DecisionId;
use quittance_rules::policy::GatePolicy;
use serde::{Deserialize, Serialize};

/// What is stored with a decision of the gate, so that it replays without anything else.
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
/// again, its answer compared with the stored one, and that with the ruling.
pub fn replay(decision: &Decision) -> Result<bool, ReplayError> {
    let stored = |decision: &Decision| -> Result<GateInputs, ReplayError> {
        serde_json::from_str(&decision.inputs).map_err(|source| ReplayError::Inputs { decision: decision.id, source })
    };
    let by_gate = matches!(decision.by, Actor::Rule);
    match &decision.ruling {
        Ruling::Settled { entries } => {
            let inputs = stored(decision)?;
            let again = gate(&inputs.facts, &inputs.policy, decision.today);
            Ok(again == inputs.verdict && again == Verdict::Settle(entries.clone()))
        }
        Ruling::Asked if by_gate => {
            let inputs = stored(decision)?;
            let again = gate(&inputs.facts, &inputs.policy, decision.today);
            Ok(again == inputs.verdict && !matches!(again, Verdict::Settle(_)))
        }
        Ruling::Asked | Ruling::Approved { .. } | Ruling::Rejected | Ruling::Closed | Ruling::Undone { .. } => {
            Err(ReplayError::NotByTheGate(decision.id))
        }
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
}
