//! A ledger in memory, for reading without a database.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use quittance_rules::cases::InputDigest;
use quittance_rules::journal::{ModelCall, ModelOutcome};
use quittance_rules::money::Currency;
use sha2::{Digest, Sha256};

use super::{ModelLedger, Spent};
use crate::ports::StoreError;

/// Calls and kept bytes, gone with the process.
#[derive(Debug, Default)]
pub struct MemoryLedger {
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    calls: Vec<ModelCall>,
    bytes: BTreeMap<String, Vec<u8>>,
}

/// The digest under which bytes are kept.
pub fn digest_of(bytes: &[u8]) -> InputDigest {
    InputDigest(hex::encode(Sha256::digest(bytes)))
}

impl MemoryLedger {
    fn held(&self) -> std::sync::MutexGuard<'_, Held> {
        // A panic elsewhere leaves whole values behind: each change is a single push or insert.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes kept under a digest.
    pub fn kept(&self, digest: &InputDigest) -> Option<Vec<u8>> {
        self.held().bytes.get(&digest.0).cloned()
    }
}

impl ModelLedger for MemoryLedger {
    async fn spent(&self, since: Timestamp, currency: Option<Currency>) -> Result<Spent, StoreError> {
        let held = self.held();
        let calls = held.calls.iter().filter(|call| call.asked_at >= since);
        Ok(calls.fold(Spent::default(), |sum, call| Spent {
            tokens: sum.tokens.saturating_add(call.tokens_in).saturating_add(call.tokens_out),
            cost_micros: sum.cost_micros.saturating_add(if call.currency == currency { call.cost_micros } else { 0 }),
        }))
    }

    async fn answered(&self, question: &InputDigest) -> Result<Option<(ModelCall, Vec<u8>)>, StoreError> {
        let held = self.held();
        let latest = held.calls.iter().rev().find(|call| call.question == *question && call.outcome == ModelOutcome::Answered);
        Ok(latest.and_then(|call| Some((call.clone(), held.bytes.get(&call.answer.0)?.clone()))))
    }

    async fn keep(&self, bytes: &[u8]) -> Result<InputDigest, StoreError> {
        let digest = digest_of(bytes);
        self.held().bytes.insert(digest.0.clone(), bytes.to_vec());
        Ok(digest)
    }

    async fn record(&self, call: ModelCall) -> Result<(), StoreError> {
        self.held().calls.push(call);
        Ok(())
    }

    async fn calls(&self, evidence: Option<&InputDigest>) -> Result<Vec<ModelCall>, StoreError> {
        Ok(self.held().calls.iter().filter(|call| evidence.is_none_or(|digest| call.evidence == *digest)).cloned().collect())
    }
}
