//! Deciding a case from wherever a person is: page, command line, chat, JSON. The same checks each time: the case is pending,
//! nobody else works on it, the page is not out of date, the amount needs one person or two, and then the ledger's own rules.

use quittance_rules::cases::{Case, Subject};
use quittance_rules::journal::Change;
use quittance_rules::ledger::{CaseId, Entry};
use quittance_rules::money::Money;
use quittance_rules::policy::Policy;
use quittance_rules::work::{Proposal, ProposalState};

use super::ports::DeskStore;
use super::work::is_free;
use crate::ports::{Clock, StoreError};
use crate::queue::{Choice, DecideError, Desk, Overlay, Payer, Taken, is_fresh, prepare, prepare_as, reject_seen};

/// Who decides, as sign-in knows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person<'a> {
    /// The name decisions are recorded under.
    pub name: &'a str,
    /// Has the role approver.
    pub may_approve: bool,
    /// Has confirmed who they are recently enough to complete a proposal.
    pub is_stepped_up: bool,
}

impl<'a> Person<'a> {
    /// A person at the command line of the machine that holds the database: whoever may use it may do everything; two names
    /// are still two people.
    pub fn at_the_machine(name: &'a str) -> Self {
        Self { name, may_approve: true, is_stepped_up: true }
    }
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Decided.
    Decided(Taken),
    /// Above the limit for one person: a second one must complete it. Nothing is posted yet.
    Proposed(Proposal),
}

/// Whether deciding a case needs a second person: it moves money of a payment above the policy's limit.
pub fn needs_second(case: &Case, choice: &Choice, policy: &Policy) -> bool {
    let is_money = matches!(case.subject, Subject::Payment(_)) && !matches!(choice, Choice::Close);
    is_money && case.amount.is_some_and(|amount| policy.desk.needs_second(amount))
}

/// Decides a case, or proposes the decision where a second person must agree.
pub async fn decide<S: DeskStore, C: Clock>(
    store: &S,
    clock: &C,
    policy: &Policy,
    who: Person<'_>,
    case: CaseId,
    choice: Choice,
    seen: Option<i64>,
) -> Result<Outcome, DecideError> {
    decide_as(store, clock, policy, who, case, choice, seen, Payer::Customer).await
}

/// As [`decide`], saying who paid: a payer that is somebody else is not learned as the customer's.
#[expect(clippy::too_many_arguments, reason = "what a person decides about: case, choice, what was seen and who paid")]
pub async fn decide_as<S: DeskStore, C: Clock>(
    store: &S,
    clock: &C,
    policy: &Policy,
    who: Person<'_>,
    case: CaseId,
    choice: Choice,
    seen: Option<i64>,
    payer: Payer,
) -> Result<Outcome, DecideError> {
    let desk = Desk { store, clock, by: who.name };
    let found = desk.pending(case).await?;
    is_fresh(&found, seen)?;
    is_free(store, clock, who.name, case).await?;
    if let Some(waiting) = waiting(store, case).await? {
        return Err(DecideError::WaitsForSecond { case, by: waiting.by, at: waiting.at });
    }
    let second = needs_second(&found, &choice, policy);
    let candidate = match &choice {
        Choice::Candidate(rank) => Some(*rank),
        Choice::Proposed { candidate, .. } => *candidate,
        Choice::Items(_) | Choice::Split(_) | Choice::KeepUnapplied(_) | Choice::NotOurs | Choice::Close => None,
    };
    if second {
        let entries = preview(store, clock, who.name, &found, choice).await?;
        let at = clock.now();
        let version = found.version;
        let proposal = Proposal { case, version, by: who.name.to_owned(), at, candidate, entries, state: ProposalState::Waiting };
        desk.apply_on(case, vec![Change::Proposed(proposal.clone())]).await?;
        return Ok(Outcome::Proposed(proposal));
    }
    let prepared = desk.or_decided(case, prepare_as(&desk, found, choice, &mut Overlay::new(), payer).await).await?;
    desk.apply_on(case, prepared.changes).await?;
    Ok(Outcome::Decided(prepared.taken))
}

/// What a choice would post, checked as if it were decided now. Nothing is written; numbers may be left unused.
pub async fn preview<S: DeskStore, C: Clock>(
    store: &S,
    clock: &C,
    by: &str,
    case: &Case,
    choice: Choice,
) -> Result<Vec<Entry>, DecideError> {
    let desk = Desk { store, clock, by };
    match &case.subject {
        Subject::Payment(payment) => crate::queue::payment_entries(&desk, case, payment, choice, &mut Overlay::new()).await,
        Subject::Return(_) | Subject::Evidence(_) | Subject::Input(_) | Subject::Item(_) => Ok(Vec::new()),
    }
}

/// The proposal that waits on a case.
pub async fn waiting<S: DeskStore>(store: &S, case: CaseId) -> Result<Option<Proposal>, StoreError> {
    Ok(store.proposal(case).await?.filter(|proposal| proposal.state == ProposalState::Waiting))
}

/// Completes the proposal on a case: a different person, with the role and a fresh confirmation. What was proposed is checked
/// against the ledger as it is now.
pub async fn complete<S: DeskStore, C: Clock>(
    store: &S,
    clock: &C,
    who: Person<'_>,
    case: CaseId,
    seen: Option<i64>,
) -> Result<Taken, DecideError> {
    let desk = Desk { store, clock, by: who.name };
    let found = desk.pending(case).await?;
    is_fresh(&found, seen)?;
    let proposal = waiting(store, case).await?.ok_or(DecideError::NoProposal(case))?;
    if proposal.by == who.name {
        return Err(DecideError::SamePerson);
    }
    if !who.may_approve {
        return Err(DecideError::NotApprover);
    }
    if !who.is_stepped_up {
        return Err(DecideError::StepUpNeeded);
    }
    is_free(store, clock, who.name, case).await?;
    let choice = Choice::Proposed { candidate: proposal.candidate, entries: proposal.entries.clone() };
    let mut prepared = desk.or_decided(case, prepare(&desk, found, choice, &mut Overlay::new()).await).await?;
    let state = ProposalState::Completed { decision: prepared.taken.decision };
    prepared.changes.push(Change::Proposed(Proposal { state, ..proposal }));
    desk.apply_on(case, prepared.changes).await?;
    Ok(prepared.taken)
}

/// Takes a proposal back, or refuses it: by whoever made it, or by an approver.
pub async fn withdraw<S: DeskStore, C: Clock>(
    store: &S,
    clock: &C,
    who: Person<'_>,
    case: CaseId,
) -> Result<Proposal, DecideError> {
    let proposal = waiting(store, case).await?.ok_or(DecideError::NoProposal(case))?;
    if proposal.by != who.name && !who.may_approve {
        return Err(DecideError::NotApprover);
    }
    let withdrawn = Proposal { state: ProposalState::Withdrawn, ..proposal };
    let desk = Desk { store, clock, by: who.name };
    desk.apply_on(case, vec![Change::Proposed(withdrawn.clone())]).await?;
    Ok(withdrawn)
}

/// None of the candidates is right.
pub async fn reject<S: DeskStore, C: Clock>(
    store: &S,
    clock: &C,
    who: Person<'_>,
    case: CaseId,
    seen: Option<i64>,
) -> Result<Taken, DecideError> {
    is_free(store, clock, who.name, case).await?;
    if let Some(waiting) = waiting(store, case).await? {
        return Err(DecideError::WaitsForSecond { case, by: waiting.by, at: waiting.at });
    }
    reject_seen(store, clock, who.name, case, seen).await
}

/// The most a person may write off in one decision, in the currency of an amount.
pub fn write_off_limit(policy: &Policy, amount: Money) -> Option<Money> {
    policy.desk.write_off_limit(amount.currency()).ok().flatten().filter(|limit| limit.is_positive())
}
