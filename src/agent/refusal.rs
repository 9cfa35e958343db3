//! Why a decision of a person was not taken, in sentences that say what to do.

use quittance_rules::ledger::{CaseId, DecisionId, LedgerError};
use quittance_rules::money::Money;
use quittance_rules::records::{CustomerId, EntityId, ItemId};

use crate::ports::StoreError;

/// Why a decision was not taken. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// No such case.
    #[error("there is no case {0}")]
    NoCase(CaseId),
    /// Decided before.
    #[error("case {case} was decided by {by} at {at}")]
    AlreadyDecided {
        /// The case.
        case: CaseId,
        /// Who decided.
        by: String,
        /// When.
        at: jiff::Timestamp,
    },
    /// No candidate of this rank.
    #[error("case {case} has {count} candidates; there is no candidate {rank}")]
    NoCandidate {
        /// The case.
        case: CaseId,
        /// Asked for.
        rank: u32,
        /// There are.
        count: usize,
    },
    /// The kind of exception does not allow this.
    #[error("a case of `{kind}` does not allow this; it allows: {allowed}")]
    NotAllowed {
        /// The kind, in words.
        kind: &'static str,
        /// What it allows.
        allowed: String,
    },
    /// No such customer.
    #[error("there is no customer {0}")]
    NoCustomer(CustomerId),
    /// No such item.
    #[error("there is no open item {0}")]
    NoItem(ItemId),
    /// The item belongs to another entity.
    #[error("open item {item} belongs to entity {of}, the payment to {payment}: nothing crosses an entity")]
    OtherEntity {
        /// The item.
        item: ItemId,
        /// Whose it is.
        of: EntityId,
        /// Whose the payment is.
        payment: EntityId,
    },
    /// Some of the money would have no place.
    #[error("{0} of the payment would be left without a place: name the customer on whose account it stays, or apply all of it")]
    MoneyLeft(Money),
    /// The ledger does not allow it.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// No such decision.
    #[error("there is no decision {0}")]
    NoDecision(DecisionId),
    /// Nothing on the case to undo.
    #[error("case {0} has no decision that could be undone")]
    NothingToUndo(CaseId),
    /// Undone before.
    #[error("decision {0} was undone before")]
    AlreadyUndone(DecisionId),
    /// Something was decided afterwards.
    #[error("decision {later} came after decision {decision} on the same matter: undo that one first")]
    LaterDecision {
        /// To be undone.
        decision: DecisionId,
        /// Stands in the way.
        later: DecisionId,
    },
    /// Somebody else works on the case.
    #[error("{by} works on case {case} until {until}; it can be decided then, or when {by} gives it back")]
    Leased {
        /// The case.
        case: CaseId,
        /// Who.
        by: String,
        /// Until when.
        until: jiff::Timestamp,
    },
    /// The case is not as the person saw it.
    #[error("case {case} has changed since you saw it (version {seen}, now {now}): look at it again")]
    Stale {
        /// The case.
        case: CaseId,
        /// The version the person saw.
        seen: i64,
        /// The version now.
        now: i64,
    },
    /// More than one decision may write off.
    #[error("{amount} would be written off; {}", match .limit { Some(limit) => format!("the policy allows {limit} in one decision (desk.write_off_max)"), None => "the policy allows nothing in this currency (desk.write_off_max)".to_owned() })]
    WriteOffTooLarge {
        /// Asked for.
        amount: Money,
        /// The most the policy allows.
        limit: Option<Money>,
    },
    /// The policy in force cannot be read.
    #[error("the policy in force cannot be read: {0}")]
    Policy(String),
    /// A second person must agree and has a proposal before them.
    #[error("case {case} waits for a second person: {by} proposed a decision at {at}; complete it or take it back first")]
    WaitsForSecond {
        /// The case.
        case: CaseId,
        /// Who proposed.
        by: String,
        /// When.
        at: jiff::Timestamp,
    },
    /// Nothing waits for a second person.
    #[error("no proposal waits on case {0}")]
    NoProposal(CaseId),
    /// The same person twice.
    #[error("you proposed this yourself: a different person completes it")]
    SamePerson,
    /// Only an approver completes a proposal.
    #[error("completing a proposal needs the role approver")]
    NotApprover,
    /// The sign-in is not fresh enough.
    #[error("completing a proposal needs a fresh confirmation of who you are")]
    StepUpNeeded,
    /// Four eyes cannot look at a batch.
    #[error("case {0} needs a second person and cannot be decided in a batch: decide it on its own page")]
    NotInBatch(CaseId),
    /// Nobody by that name, nothing to say, a day gone by, …
    #[error("{0}")]
    Unfit(String),
    /// Not a decision that changed anything.
    #[error("decision {0} changed nothing that could be undone")]
    NotUndoable(DecisionId),
    /// The store failed, or somebody else was quicker.
    #[error(transparent)]
    Store(#[from] StoreError),
}
