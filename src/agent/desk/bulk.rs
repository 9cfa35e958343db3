//! Many at once: one answer for a group of cases, taken whole or not at all; and undoing many decisions in one action.

use std::collections::{BTreeMap, BTreeSet};

use quittance_rules::cases::{Actor, Case, Decision, Ruling, Subject};
use quittance_rules::journal::Change;
use quittance_rules::ledger::{CaseId, DecisionId, Entry, PostingId};
use quittance_rules::money::Money;
use quittance_rules::policy::Policy;

use super::decide::{needs_second, waiting};
use super::ports::{DeskStore, Selection, sums};
use super::work::is_free;
use crate::ports::{Clock, Sequence, StoreError};
use crate::queue::{
    Choice, DecideError, Desk, Overlay, Prepared, case_before, case_of_settled, changes_something, is_fresh, policy_in_force,
    prepare, taken_back, undone_by,
};

/// The most cases one group answer decides.
pub const GROUP_MAX: usize = 1_000;

/// What a group answer would do to one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupLine {
    /// The case.
    pub case: CaseId,
    /// Its version: what was previewed is what is decided.
    pub version: i64,
    /// Its headline.
    pub headline: String,
    /// What would be posted.
    pub entries: Vec<Entry>,
    /// Why it cannot be decided so. One such line, and nothing is decided.
    pub refusal: Option<String>,
}

/// What a group answer would do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GroupPreview {
    /// Case by case, in the order given.
    pub lines: Vec<GroupLine>,
    /// Money of the payments it would decide, by currency.
    pub money: Vec<Money>,
}

impl GroupPreview {
    /// Whether every case can be decided so.
    pub fn is_whole(&self) -> bool {
        !self.lines.is_empty() && self.lines.iter().all(|line| line.refusal.is_none())
    }
}

/// A batch of decisions that was written as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The audit entry that holds it: the name under which it is undone.
    pub entry: i64,
    /// How many cases were decided.
    pub decided: usize,
}

/// Cases a group answer is about, each with the version the person saw.
pub type Seen = (CaseId, Option<i64>);

fn within(cases: &[Seen]) -> Result<(), DecideError> {
    let distinct: BTreeSet<CaseId> = cases.iter().map(|(case, _)| *case).collect();
    if cases.is_empty() || cases.len() > GROUP_MAX || distinct.len() != cases.len() {
        return Err(DecideError::Unfit(format!("a group answer is for 1 to {GROUP_MAX} different cases")));
    }
    Ok(())
}

/// One case of a group: the same checks as for one alone, on the balances the cases before it leave.
async fn one<S: DeskStore, C: Clock>(
    desk: &Desk<'_, S, C>,
    policy: &Policy,
    (case, seen): Seen,
    choice: &Choice,
    overlay: &mut Overlay,
) -> Result<(Case, Prepared), DecideError> {
    let found = desk.pending(case).await?;
    is_fresh(&found, seen)?;
    is_free(desk.store, desk.clock, desk.by, case).await?;
    if needs_second(&found, choice, policy) || waiting(desk.store, case).await?.is_some() {
        return Err(DecideError::NotInBatch(case));
    }
    let prepared = prepare(desk, found.clone(), choice.clone(), overlay).await?;
    Ok((found, prepared))
}

/// Shows what one answer would do to each case. Nothing is written; numbers may be left unused.
pub async fn preview_group<S: DeskStore, C: Clock>(
    store: &S,
    clock: &C,
    by: &str,
    cases: &[Seen],
    choice: &Choice,
) -> Result<GroupPreview, DecideError> {
    within(cases)?;
    let policy = policy_in_force(store).await?;
    let desk = Desk { store, clock, by };
    let mut overlay = Overlay::new();
    let mut preview = GroupPreview::default();
    let mut money = Vec::new();
    for seen in cases {
        match one(&desk, &policy, *seen, choice, &mut overlay).await {
            Ok((found, prepared)) => {
                money.extend(found.amount);
                preview.lines.push(GroupLine {
                    case: found.id,
                    version: found.version,
                    headline: found.headline,
                    entries: prepared.taken.entries,
                    refusal: None,
                });
            }
            Err(DecideError::Store(failed @ (StoreError::BadRow { .. } | StoreError::Unavailable(_)))) => {
                return Err(failed.into());
            }
            Err(refusal) => {
                let found = store.case(seen.0).await?;
                preview.lines.push(GroupLine {
                    case: seen.0,
                    version: found.as_ref().map_or(0, |case| case.version),
                    headline: found.map(|case| case.headline).unwrap_or_default(),
                    entries: Vec::new(),
                    refusal: Some(refusal.to_string()),
                });
            }
        }
    }
    preview.money = sums(money);
    Ok(preview)
}

/// Decides all cases with one answer in one change set: whole, or not at all and the error names the case.
pub async fn decide_group<S: DeskStore, C: Clock>(
    store: &S,
    clock: &C,
    by: &str,
    cases: &[Seen],
    choice: &Choice,
) -> Result<Batch, DecideError> {
    within(cases)?;
    let policy = policy_in_force(store).await?;
    let desk = Desk { store, clock, by };
    let mut overlay = Overlay::new();
    let mut changes = Vec::new();
    for seen in cases {
        let (_, prepared) = one(&desk, &policy, *seen, choice, &mut overlay).await.map_err(|error| in_group(seen.0, error))?;
        changes.extend(prepared.changes);
    }
    match desk.apply(changes).await {
        Ok(entry) => Ok(Batch { entry, decided: cases.len() }),
        Err(DecideError::Store(StoreError::Conflict(what))) => {
            for (case, seen) in cases {
                let now = desk.pending(*case).await.map_err(|error| in_group(*case, error))?;
                is_fresh(&now, *seen)?;
            }
            Err(StoreError::Conflict(what).into())
        }
        Err(other) => Err(other),
    }
}

/// Says which case of a group stands in the way, where the error does not.
fn in_group(case: CaseId, error: DecideError) -> DecideError {
    match error {
        DecideError::Store(_)
        | DecideError::NoCase(_)
        | DecideError::AlreadyDecided { .. }
        | DecideError::NoCandidate { .. }
        | DecideError::Leased { .. }
        | DecideError::Stale { .. }
        | DecideError::NotInBatch(_) => error,
        other => DecideError::Unfit(format!("case {case}: {other}; nothing was decided")),
    }
}

/// What undoing many came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UndoneMany {
    /// The audit entry that holds it; `None` when there was nothing to undo.
    pub entry: Option<i64>,
    /// Decisions undone.
    pub undone: usize,
    /// Decisions left as they are, each with the reason.
    pub skipped: Vec<(DecisionId, String)>,
}

/// Undoes every decision of a selection by reversal, in one change set. What was undone before is left out; a decision after
/// which somebody decided again on the same matter is left as it is and listed.
pub async fn undo_many<S: DeskStore, C: Clock>(
    store: &S,
    clock: &C,
    by: &str,
    selection: &Selection,
) -> Result<UndoneMany, DecideError> {
    let chosen = store.selected(selection).await?;
    let mut report = UndoneMany::default();
    if chosen.is_empty() {
        return Ok(report);
    }
    let material = store.undo_material(&chosen).await?;
    let chosen: BTreeSet<DecisionId> = chosen.into_iter().collect();
    let undone = undone_by(&material.decisions);
    let mut by_subject: BTreeMap<&Subject, Vec<&Decision>> = BTreeMap::new();
    for decision in &material.decisions {
        by_subject.entry(&decision.subject).or_default().push(decision);
    }
    // Latest first, so that of two on one matter the later is taken back before the earlier.
    let mut order: Vec<&Decision> = Vec::new();
    for history in by_subject.values() {
        let stands = |decision: &&Decision| changes_something(&decision.ruling) && !undone.contains_key(&decision.id);
        let mut standing: Vec<&Decision> = history.iter().copied().filter(stands).collect();
        standing.sort_by_key(|decision| std::cmp::Reverse(decision.id));
        let mut later: Option<DecisionId> = None;
        for decision in standing {
            if !chosen.contains(&decision.id) {
                later = Some(decision.id);
            } else if let Some(later) = later {
                let reason = DecideError::LaterDecision { decision: decision.id, later };
                report.skipped.push((decision.id, reason.to_string()));
            } else {
                order.push(decision);
            }
        }
    }
    if order.is_empty() {
        return Ok(report);
    }
    let changes = reversals(store, clock, by, &order, material.postings, material.cases, &material.payments).await?;
    let desk = Desk { store, clock, by };
    report.undone = order.len();
    report.entry = Some(desk.apply(changes).await?);
    Ok(report)
}

async fn reversals<S: DeskStore, C: Clock>(
    store: &S,
    clock: &C,
    by: &str,
    order: &[&Decision],
    postings: BTreeMap<DecisionId, Vec<quittance_rules::ledger::Posting>>,
    mut cases: BTreeMap<CaseId, Case>,
    payments: &BTreeMap<String, crate::ports::StoredPayment>,
) -> Result<Vec<Change>, DecideError> {
    let count = |number: usize| u32::try_from(number).map_err(|_| DecideError::Unfit("too many to undo at once".to_owned()));
    let new_cases = order.iter().filter(|decision| decision.case.is_none()).count();
    let posted: usize = order.iter().map(|decision| postings.get(&decision.id).map_or(0, Vec::len)).sum();
    let mut next_decision = store.reserve(Sequence::Decision, count(order.len())?).await?;
    let mut next_posting = if posted > 0 { store.reserve(Sequence::Posting, count(posted)?).await? } else { 0 };
    let mut next_case = if new_cases > 0 { store.reserve(Sequence::Case, count(new_cases)?).await? } else { 0 };
    let policy = store.policy().await?.map_or_else(|| "built-in".to_owned(), |(version, _)| version);
    let entities = store.entities().await?;
    let mut aliases = store.aliases().await?;
    let now = clock.now();
    let mut changes = Vec::with_capacity(order.len().saturating_mul(3).saturating_add(posted));
    let mut opened: BTreeSet<CaseId> = BTreeSet::new();
    for decision in order {
        let id = DecisionId(next_decision);
        next_decision = next_decision.saturating_add(1);
        let case = match (decision.case, &decision.subject, &decision.ruling) {
            (Some(case), _, _) => {
                let now = cases.get(&case).ok_or(DecideError::NoCase(case))?;
                Some(case_before(decision, now)?)
            }
            (None, Subject::Payment(payment), Ruling::Settled { entries }) => {
                let stored = payments.get(payment.as_str()).ok_or_else(|| StoreError::BadRow {
                    table: "bank_line",
                    row: payment.to_string(),
                    column: "payment",
                    message: "is missing".to_owned(),
                })?;
                let case = CaseId(next_case);
                next_case = next_case.saturating_add(1);
                opened.insert(case);
                Some(case_of_settled(decision, entries.clone(), stored, case, by, now))
            }
            (None, _, _) => None,
        };
        let zone = case.as_ref().and_then(|case| case.entity.as_ref()).and_then(|of| entities.iter().find(|e| e.id == *of));
        let today = clock.today(zone.map_or("UTC", |entity| entity.time_zone.as_str()));
        let inputs = serde_json::to_string(&case).map_err(|error| StoreError::Unavailable(error.to_string()))?;
        changes.push(Change::Decided(Decision {
            id,
            at: now,
            today,
            by: Actor::Person(by.to_owned()),
            subject: decision.subject.clone(),
            case: case.as_ref().map(|case| case.id),
            ruling: Ruling::Undone { decision: decision.id },
            policy: policy.clone(),
            rule: None,
            code: env!("CARGO_PKG_VERSION").to_owned(),
            inputs,
        }));
        for posting in postings.get(&decision.id).into_iter().flatten() {
            changes.push(Change::Posted(taken_back(posting, PostingId(next_posting), id)?));
            next_posting = next_posting.saturating_add(1);
        }
        for alias in quittance_rules::aliases::undone(decision.id, id, &aliases) {
            // A later undo of the batch sees what this one left.
            aliases.retain(|known| known.id != alias.id);
            aliases.push(alias.clone());
            changes.push(Change::AliasSet(alias));
        }
        if let Some(case) = case {
            let change = if opened.contains(&case.id) { Change::CaseOpened } else { Change::CaseChanged };
            changes.push(change(case.clone()));
            cases.insert(case.id, case);
        }
    }
    Ok(changes)
}
