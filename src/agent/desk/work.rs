//! Working on a case without deciding it: take it, give it back, assign it, put it off, write on it. Each is one audit entry.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use quittance_rules::cases::{Case, CaseState};
use quittance_rules::journal::Change;
use quittance_rules::ledger::CaseId;
use quittance_rules::policy::Policy;
use quittance_rules::work::{Lease, Note, mentions};
use sha2::{Digest as _, Sha256};

use super::ports::DeskStore;
use crate::ports::{Clock, StoreError};
use crate::queue::{DecideError, Desk, is_fresh};

/// Until when a case is put off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// This day; it shows again on it, or when something new is known about it.
    Day(Date),
    /// Something new is known about it: new evidence, other candidates, money on it.
    News,
}

/// The day on which a case put off until there is news would show again by itself: none that anybody waits for.
pub const NO_DAY: Date = Date::MAX;

/// Characters of a note.
const NOTE_MAX: usize = 4_000;

/// The lease of somebody else that is on now.
pub(super) async fn lease_of_another<S: DeskStore, C: Clock>(
    store: &S,
    clock: &C,
    by: &str,
    case: CaseId,
) -> Result<Option<Lease>, StoreError> {
    let now = clock.now();
    Ok(store.lease(case).await?.filter(|lease| lease.by != by && lease.is_on(now)))
}

/// Refuses when somebody else works on the case.
pub(super) async fn is_free<S: DeskStore, C: Clock>(store: &S, clock: &C, by: &str, case: CaseId) -> Result<(), DecideError> {
    match lease_of_another(store, clock, by, case).await? {
        Some(Lease { by, until, .. }) => Err(DecideError::Leased { case, by, until }),
        None => Ok(()),
    }
}

/// Takes a pending case for the policy's minutes; taking it again prolongs it. Nobody else may decide it until then.
pub async fn take<S: DeskStore, C: Clock>(
    store: &S,
    clock: &C,
    policy: &Policy,
    by: &str,
    case: CaseId,
) -> Result<Lease, DecideError> {
    let desk = Desk { store, clock, by };
    desk.pending(case).await?;
    is_free(store, clock, by, case).await?;
    let at = clock.now();
    let until = at.saturating_add(SignedDuration::from_mins(i64::from(policy.desk.lease_minutes))).unwrap_or(at);
    write_lease(&desk, Lease { case, by: by.to_owned(), at, until }).await
}

/// Gives a case back before its time.
pub async fn give_back<S: DeskStore, C: Clock>(store: &S, clock: &C, by: &str, case: CaseId) -> Result<(), DecideError> {
    let now = clock.now();
    let Some(lease) = store.lease(case).await?.filter(|lease| lease.by == by && lease.is_on(now)) else { return Ok(()) };
    let desk = Desk { store, clock, by };
    write_lease(&desk, Lease { at: now, until: now, ..lease }).await.map(|_| ())
}

async fn write_lease<S: DeskStore, C: Clock>(desk: &Desk<'_, S, C>, lease: Lease) -> Result<Lease, DecideError> {
    match desk.apply(vec![Change::CaseLeased(lease.clone())]).await {
        Ok(_) => Ok(lease),
        Err(DecideError::Store(StoreError::Conflict(what))) => {
            // Somebody else took it in between.
            is_free(desk.store, desk.clock, desk.by, lease.case).await?;
            Err(StoreError::Conflict(what).into())
        }
        Err(other) => Err(other),
    }
}

/// Changes how a pending case stands.
async fn stand<S: DeskStore, C: Clock>(
    store: &S,
    clock: &C,
    by: &str,
    case: CaseId,
    seen: Option<i64>,
    state: impl FnOnce(&CaseState) -> CaseState,
) -> Result<Case, DecideError> {
    let desk = Desk { store, clock, by };
    let case = desk.pending(case).await?;
    is_fresh(&case, seen)?;
    let state = state(&case.state);
    if case.state == state {
        return Ok(case);
    }
    let changed = Case { version: case.version.saturating_add(1), state, ..case };
    desk.apply_on(changed.id, vec![Change::CaseChanged(changed.clone())]).await?;
    Ok(changed)
}

/// Gives a case to somebody; `None` gives it back to nobody.
pub async fn assign<S: DeskStore, C: Clock>(
    store: &S,
    clock: &C,
    by: &str,
    case: CaseId,
    to: Option<&str>,
    seen: Option<i64>,
) -> Result<Case, DecideError> {
    let state = match to.map(str::trim) {
        None => CaseState::Open,
        Some(name) if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) => {
            return Err(DecideError::Unfit("a name has 1 to 100 characters and no control characters".to_owned()));
        }
        Some(name) => CaseState::Assigned { to: name.to_owned() },
    };
    stand(store, clock, by, case, seen, |_| state).await
}

/// Whose a case is, also while it is put off.
fn owner_of(state: &CaseState) -> Option<String> {
    match state {
        CaseState::Assigned { to } => Some(to.clone()),
        CaseState::Snoozed { owner, .. } => owner.clone(),
        CaseState::Open | CaseState::Resolved { .. } => None,
    }
}

/// Puts a case off; whose it is stays. A day that is not after today is refused.
pub async fn snooze<S: DeskStore, C: Clock>(
    store: &S,
    clock: &C,
    by: &str,
    case: CaseId,
    until: Until,
    seen: Option<i64>,
) -> Result<Case, DecideError> {
    let until = match until {
        Until::News => NO_DAY,
        Until::Day(day) => {
            let desk = Desk { store, clock, by };
            let pending = desk.pending(case).await?;
            let today = desk.today(pending.entity.as_ref()).await?;
            if day <= today {
                return Err(DecideError::Unfit(format!("{day} is not after today, {today}: name a later day")));
            }
            day
        }
    };
    stand(store, clock, by, case, seen, |now| CaseState::Snoozed { until, owner: owner_of(now) }).await
}

/// Writes on a case, decided or not. The same text twice in the same instant is one note.
pub async fn note<S: DeskStore, C: Clock>(store: &S, clock: &C, by: &str, case: CaseId, text: &str) -> Result<Note, DecideError> {
    let text = text.trim();
    let length = text.chars().count();
    if length == 0 || length > NOTE_MAX || text.contains('\0') {
        return Err(DecideError::Unfit(format!("a note has 1 to {NOTE_MAX} characters; this one has {length}")));
    }
    if store.case(case).await?.is_none() {
        return Err(DecideError::NoCase(case));
    }
    let at = clock.now();
    let note =
        Note { id: note_id(case, by, at, text), case, by: by.to_owned(), at, text: text.to_owned(), mentions: mentions(text) };
    let desk = Desk { store, clock, by };
    desk.apply(vec![Change::Noted(note.clone())]).await?;
    Ok(note)
}

fn note_id(case: CaseId, by: &str, at: Timestamp, text: &str) -> String {
    let mut hash = Sha256::new();
    for part in [by, text] {
        hash.update(part.len().to_be_bytes());
        hash.update(part.as_bytes());
    }
    let digest: String = hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("{case}-{}-{digest}", at.as_microsecond())
}
