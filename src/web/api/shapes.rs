//! The shapes of the JSON interface. Fields may be added; none changes its meaning.

use quittance_agent::desk::ports::{CaseRow, Group};
use quittance_rules::cases::Decision;
use quittance_rules::ledger::Entry;
use quittance_rules::money::Money;
use quittance_rules::work::Note;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An amount: a decimal text and an ISO 4217 currency.
#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct Amount {
    /// A plain decimal, such as `1180.00`.
    pub(super) amount: String,
    /// Three capitals.
    pub(super) currency: String,
}

impl From<Money> for Amount {
    fn from(money: Money) -> Self {
        Self { amount: money.amount(), currency: money.currency().to_string() }
    }
}

/// One line of the list.
#[derive(Serialize, ToSchema)]
pub(super) struct CaseLine {
    /// Number of the case.
    id: i64,
    /// A decision names the version it was made on.
    version: i64,
    /// Whose books; absent for evidence and files of no entity.
    entity: Option<String>,
    /// Kind of exception, such as `short_payment`.
    kind: String,
    /// `low`, `normal`, `high`, `urgent`.
    severity: String,
    /// `open`, `assigned`, `snoozed`, `resolved`.
    state: String,
    /// Who has it.
    owner: Option<String>,
    /// First day it shows again.
    snoozed_until: Option<String>,
    /// Money at stake.
    amount: Option<Amount>,
    /// When it was raised (UTC).
    opened_at: String,
    /// When the policy wants it decided (UTC).
    due_at: String,
    /// Cases that one answer may fit have the same group.
    group: String,
    /// The customer of the best candidate.
    customer: Option<String>,
    /// The payer, or whom it is about.
    party: Option<String>,
    /// One line for people.
    headline: String,
    /// Number of candidates.
    candidates: u32,
    /// Computed probability of the best candidate, in millionths.
    confidence_millionths: u32,
}

impl From<CaseRow> for CaseLine {
    fn from(row: CaseRow) -> Self {
        let severity = serde_json::to_value(row.severity).ok().and_then(|value| value.as_str().map(str::to_owned));
        Self {
            id: row.id.0,
            version: row.version,
            entity: row.entity.map(|id| id.to_string()),
            kind: row.kind.to_string(),
            severity: severity.unwrap_or_default(),
            state: row.state,
            owner: row.owner,
            snoozed_until: row.snoozed_until.map(|day| day.to_string()),
            amount: row.amount.map(Amount::from),
            opened_at: row.opened_at.to_string(),
            due_at: row.due_at.to_string(),
            group: row.group,
            customer: row.customer.map(|id| id.to_string()),
            party: row.party,
            headline: row.headline,
            candidates: row.candidates,
            confidence_millionths: row.confidence,
        }
    }
}

/// Lines of the list.
#[derive(Serialize, ToSchema)]
pub(super) struct CasePage {
    /// In the order asked for.
    pub(super) cases: Vec<CaseLine>,
    /// Give it back as `after` for the next ones; null at the end.
    pub(super) next: Option<String>,
}

/// Cases of a kind that show now.
#[derive(Serialize, ToSchema)]
pub(super) struct OfKind {
    /// Kind of exception.
    pub(super) kind: String,
    /// How many.
    pub(super) cases: u64,
}

/// How many cases show, by kind and by how they stand.
#[derive(Serialize, ToSchema)]
pub(super) struct CountsShape {
    /// By kind, most first.
    pub(super) kinds: Vec<OfKind>,
    /// All that show now.
    pub(super) open: u64,
    /// Of the person who asks.
    pub(super) mine: u64,
    /// Nobody's.
    pub(super) unassigned: u64,
    /// Past their due time.
    pub(super) due: u64,
    /// Put off.
    pub(super) snoozed: u64,
}

/// Cases that one answer may fit.
#[derive(Serialize, ToSchema)]
pub(super) struct GroupShape {
    /// Give it as `group` to list them.
    key: String,
    /// How many.
    cases: u64,
    /// Kind of exception.
    kind: String,
    /// Whom they are about.
    party: Option<String>,
    /// Their money, where it is of one currency.
    amount: Option<Amount>,
}

impl From<Group> for GroupShape {
    fn from(group: Group) -> Self {
        Self {
            key: group.key,
            cases: group.cases,
            kind: group.kind.to_string(),
            party: group.party,
            amount: group.amount.map(Amount::from),
        }
    }
}

/// Groups.
#[derive(Serialize, ToSchema)]
pub(super) struct Groups {
    /// Largest first.
    pub(super) groups: Vec<GroupShape>,
}

/// What a decision posts.
#[derive(Serialize, ToSchema)]
pub(super) struct EntryShape {
    /// `allocation`, `discount`, `bank_fee`, `withholding`, `write_off`, `unapplied`, `not_ours`.
    purpose: String,
    /// Taken from the payment.
    amount: Amount,
    /// The item.
    item: Option<String>,
    /// Cleared on it, in its currency.
    cleared: Option<Amount>,
    /// On whose account it stays.
    customer: Option<String>,
}

impl From<&Entry> for EntryShape {
    fn from(entry: &Entry) -> Self {
        Self {
            purpose: entry.purpose.name().to_owned(),
            amount: entry.amount.into(),
            item: entry.item.as_ref().map(ToString::to_string),
            cleared: entry.cleared.map(Amount::from),
            customer: entry.customer.as_ref().map(ToString::to_string),
        }
    }
}

/// An item and an amount of the payment's currency.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LineShape {
    /// The item's id.
    pub(super) item: String,
    /// A plain decimal.
    pub(super) amount: String,
}

/// What is chosen for a case.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub(super) enum ChoiceShape {
    /// The candidate of this rank.
    Candidate {
        /// From 1.
        rank: u32,
    },
    /// Items by hand; what is left stays on an account.
    Split {
        /// Items and amounts.
        items: Vec<LineShape>,
        /// Items and what is written off on them.
        #[serde(default)]
        write_offs: Vec<LineShape>,
        /// On whose account the rest stays.
        rest: Option<String>,
    },
    /// All of it stays on a customer's account.
    Keep {
        /// Whose.
        customer: String,
    },
    /// Not ours to apply.
    NotOurs,
    /// Nothing to post: close the matter.
    Close,
    /// None of the candidates is right; the money stays in the queue.
    Reject,
}

/// A decision to be taken.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DecideBody {
    /// The version of the case that was seen; a case that changed since is not decided.
    pub(super) version: i64,
    /// What.
    pub(super) choice: ChoiceShape,
}

/// What came of a decision.
#[derive(Serialize, ToSchema)]
pub(super) struct Decided {
    /// `decided`, or `proposed` where a second person must agree.
    pub(super) outcome: String,
    /// Its number; null for a proposal.
    pub(super) decision: Option<i64>,
    /// What was posted, or would be.
    pub(super) entries: Vec<EntryShape>,
}

/// A case of a batch.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SeenShape {
    /// Its number.
    pub(super) case: i64,
    /// The version that was seen.
    pub(super) version: i64,
}

/// One answer for several cases.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BatchBody {
    /// 1 to 1,000 different cases.
    pub(super) cases: Vec<SeenShape>,
    /// The answer; not `reject`, and not `split`.
    pub(super) choice: ChoiceShape,
}

/// A batch as it was decided.
#[derive(Serialize, ToSchema)]
pub(super) struct Batch {
    /// The audit entry that holds it; undo it by this number.
    pub(super) entry: i64,
    /// How many cases.
    pub(super) decided: usize,
}

/// What a batch would do to one case.
#[derive(Serialize, ToSchema)]
pub(super) struct PreviewLine {
    /// Its number.
    pub(super) case: i64,
    /// Its version.
    pub(super) version: i64,
    /// One line for people.
    pub(super) headline: String,
    /// What would be posted.
    pub(super) entries: Vec<EntryShape>,
    /// Why it cannot be decided so.
    pub(super) refusal: Option<String>,
}

/// What a batch would do.
#[derive(Serialize, ToSchema)]
pub(super) struct Preview {
    /// Case by case.
    pub(super) lines: Vec<PreviewLine>,
    /// Whether all can be decided so; a batch is taken whole or not at all.
    pub(super) is_whole: bool,
    /// Money of the payments, by currency.
    pub(super) money: Vec<Amount>,
}

/// What undoing came to.
#[derive(Serialize, ToSchema)]
pub(super) struct Undone {
    /// Decisions undone.
    pub(super) undone: usize,
    /// Decisions left as they are, with the reason.
    pub(super) skipped: Vec<Skipped>,
    /// The case that waits again, where it is one.
    pub(super) case: Option<i64>,
}

/// A decision that was not undone.
#[derive(Serialize, ToSchema)]
pub(super) struct Skipped {
    /// Its number.
    pub(super) decision: i64,
    /// Why.
    pub(super) reason: String,
}

/// A body that says nothing.
#[derive(Deserialize, ToSchema, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TakeBody {
    /// Give it back instead.
    pub(super) give_back: bool,
}

/// Who works on a case.
#[derive(Serialize, ToSchema)]
pub(super) struct LeaseShape {
    /// Who; null when it was given back.
    pub(super) by: Option<String>,
    /// Until when (UTC).
    pub(super) until: Option<String>,
}

/// Whose a case shall be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AssignBody {
    /// Login name; null gives it back to nobody.
    pub(super) to: Option<String>,
    /// The version that was seen.
    pub(super) version: Option<i64>,
}

/// Until when a case is put off.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SnoozeBody {
    /// A day such as `2026-12-01`, or `news`.
    pub(super) until: String,
    /// The version that was seen.
    pub(super) version: Option<i64>,
}

/// How a case stands.
#[derive(Serialize, ToSchema)]
pub(super) struct Stands {
    /// Its number.
    pub(super) case: i64,
    /// Its version now.
    pub(super) version: i64,
    /// `open`, `assigned`, `snoozed`.
    pub(super) state: String,
}

/// A note to write.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NoteBody {
    /// 1 to 4,000 characters; `@name` mentions somebody.
    pub(super) text: String,
}

/// A note.
#[derive(Serialize, ToSchema)]
pub(super) struct NoteShape {
    /// Its key.
    id: String,
    /// Who.
    by: String,
    /// When (UTC).
    at: String,
    /// What.
    text: String,
    /// Names it mentions.
    mentions: Vec<String>,
}

impl From<Note> for NoteShape {
    fn from(note: Note) -> Self {
        Self { id: note.id, by: note.by, at: note.at.to_string(), text: note.text, mentions: note.mentions }
    }
}

/// Notes.
#[derive(Serialize, ToSchema)]
pub(super) struct Notes {
    /// Oldest first.
    pub(super) notes: Vec<NoteShape>,
}

/// A decision.
#[derive(Serialize, ToSchema)]
pub(super) struct DecisionShape {
    /// Its number.
    id: i64,
    /// When (UTC).
    at: String,
    /// `rule` or `person:NAME`.
    by: String,
    /// The case, where there was one.
    case: Option<i64>,
    /// What was decided.
    #[schema(value_type = Object)]
    ruling: serde_json::Value,
    /// Version of the policy in force.
    policy: String,
}

impl From<&Decision> for DecisionShape {
    fn from(decision: &Decision) -> Self {
        Self {
            id: decision.id.0,
            at: decision.at.to_string(),
            by: decision.by.to_string(),
            case: decision.case.map(|case| case.0),
            ruling: serde_json::to_value(&decision.ruling).unwrap_or_default(),
            policy: decision.policy.clone(),
        }
    }
}

/// A refusal (RFC 9457).
#[derive(Serialize, ToSchema)]
#[allow(dead_code, reason = "the shape of what WebError::problem writes, for the document")]
pub(super) struct Problem {
    /// `urn:quittance:problem:NAME`.
    r#type: String,
    /// The status in words.
    title: String,
    /// The status.
    status: u16,
    /// What is wrong, and what to do.
    detail: String,
    /// The field that is wrong.
    field: Option<String>,
}

/// A list of objects as the program keeps them.
#[derive(Serialize, ToSchema)]
pub(super) struct Listed {
    /// In order.
    #[schema(value_type = Vec<Object>)]
    pub(super) rows: Vec<serde_json::Value>,
    /// Give it back as `after` for the next ones; null at the end.
    pub(super) next: Option<String>,
}
