//! Webhooks: what happened here, told to other programs. Which changes are told, to which addresses, and when a message that was not
//! taken is sent again. Form of the messages: Standard Webhooks (<https://www.standardwebhooks.com>), symmetric signatures.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::cases::{Actor, Ruling, Subject};
use crate::journal::Change;
use crate::ledger::CaseId;
use crate::records::EntityId;

/// What is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum EventKind {
    /// A case was raised.
    #[serde(rename = "case.opened")]
    CaseOpened,
    /// A rule or a person decided about a case.
    #[serde(rename = "case.decided")]
    CaseDecided,
    /// A decision was taken back.
    #[serde(rename = "case.undone")]
    CaseUndone,
    /// All of a file has been taken in.
    #[serde(rename = "import.finished")]
    ImportFinished,
    /// Somebody tries whether messages arrive.
    #[serde(rename = "test")]
    Test,
}

impl EventKind {
    /// What an address may ask for; a test comes only when somebody sends one.
    pub const ALL: [Self; 4] = [Self::CaseOpened, Self::CaseDecided, Self::CaseUndone, Self::ImportFinished];

    /// The name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::CaseOpened => "case.opened",
            Self::CaseDecided => "case.decided",
            Self::CaseUndone => "case.undone",
            Self::ImportFinished => "import.finished",
            Self::Test => "test",
        }
    }

    /// The kind of a name that an address may ask for.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Whether messages go to an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndpointState {
    /// They do.
    On,
    /// A person switched it off.
    Off,
    /// It answered `410 Gone`: it wants no more, so nothing is sent until a person switches it on again.
    Gone,
}

impl EndpointState {
    /// The name in the database and in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
            Self::Gone => "gone",
        }
    }
}

/// A secret messages are signed with. The log holds its digest, never the secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretRecord {
    /// SHA-256, in lower-case hexadecimal, of the secret as written (`whsec_…`).
    pub digest: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// From then on nothing is signed with it; `None` for the one in use.
    pub ends_at: Option<Timestamp>,
}

/// An address that messages are sent to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookEndpoint {
    /// Its public name.
    pub id: String,
    /// Raised with every change.
    pub version: i64,
    /// Whose events; `None` is those of every entity.
    pub entity: Option<EntityId>,
    /// Where to.
    pub url: String,
    /// What it is for, in the words of who made it.
    pub note: String,
    /// What it asks for.
    pub events: Vec<EventKind>,
    /// The secret in use, then the one before while it still counts.
    pub secrets: Vec<SecretRecord>,
    /// Whether messages go there.
    pub state: EndpointState,
    /// When it was made.
    pub made_at: Timestamp,
}

/// Why the secret was not replaced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a replacement is under way: both secrets count until {0}; wait, or replace at once, which ends both")]
pub struct RotationUnderWay(pub Timestamp);

impl WebhookEndpoint {
    /// Whether it is told an event of these books. What belongs to no entity is told to everybody, as people with a role on any entity
    /// see it.
    pub fn wants(&self, kind: EventKind, entity: Option<&EntityId>) -> bool {
        let is_theirs = match (&self.entity, entity) {
            (None, _) | (_, None) => true,
            (Some(own), Some(of)) => own == of,
        };
        self.state == EndpointState::On && self.events.contains(&kind) && is_theirs
    }

    /// Digests of the secrets that count at an instant, the one in use first.
    pub fn digests_at(&self, now: Timestamp) -> Vec<&str> {
        let counts = |secret: &&SecretRecord| secret.ends_at.is_none_or(|end| now < end);
        self.secrets.iter().filter(counts).map(|secret| secret.digest.as_str()).collect()
    }

    /// The next version with a new secret; the one in use counts for `overlap` more. Without an overlap both earlier ones end now.
    ///
    /// # Errors
    /// When an earlier replacement has not ended: a third secret would end the first while receivers may still rely on it.
    pub fn rotated(&self, digest: String, now: Timestamp, overlap: SignedDuration) -> Result<Self, RotationUnderWay> {
        let mut secrets = vec![SecretRecord { digest, made_at: now, ends_at: None }];
        if overlap > SignedDuration::ZERO {
            let running = self.secrets.iter().filter_map(|secret| secret.ends_at).filter(|end| now < *end).max();
            if let Some(end) = running {
                return Err(RotationUnderWay(end));
            }
            let end = now.saturating_add(overlap).unwrap_or(now);
            let current = self.secrets.iter().find(|secret| secret.ends_at.is_none());
            secrets.extend(current.map(|secret| SecretRecord { ends_at: Some(end), ..secret.clone() }));
        }
        Ok(Self { version: self.version.saturating_add(1), secrets, ..self.clone() })
    }
}

/// Seconds between the attempts of one message, from the schedule in the specification ("Deliverability and reliability").
const SCHEDULE: [i64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

/// How long to wait after so many attempts (1 is the first); `None` when there is no further one. Up to a tenth more than the schedule:
/// messages that failed together do not come back together. The share follows from the message and the attempt, so no chance is drawn.
pub fn retry_after(message: &str, attempts: u32) -> Option<SignedDuration> {
    let at = usize::try_from(attempts).ok()?.checked_sub(1)?;
    let seconds = *SCHEDULE.get(at)?;
    let hash = Sha256::digest(format!("{message}\0{attempts}"));
    let share = i64::from(u16::from_be_bytes([hash[0], hash[1]]) % 1_000);
    // Milliseconds: a tenth of the wait in thousandths of itself is `seconds * share / 10`.
    let jitter = seconds.saturating_mul(share).checked_div(10).unwrap_or_default();
    Some(SignedDuration::from_millis(seconds.saturating_mul(1_000).saturating_add(jitter)))
}

/// What is told about a change.
#[derive(Debug, Clone, PartialEq)]
pub struct Announced {
    /// What happened.
    pub kind: EventKind,
    /// The case it is about, which says whose books it is of.
    pub case: Option<CaseId>,
    /// What it is about, which says so where there is no case.
    pub subject: Option<Subject>,
    /// Ids and counts: no name, no account, no amount.
    pub data: Value,
}

/// What is told about a change; most are not told.
pub fn announced(change: &Change) -> Option<Announced> {
    match change {
        Change::CaseOpened(case) => Some(Announced {
            kind: EventKind::CaseOpened,
            case: Some(case.id),
            subject: None,
            data: json!({ "case": case.id.0, "version": case.version, "kind": case.kind.to_string() }),
        }),
        Change::Decided(decision) => {
            let case = decision.case.map(|case| case.0);
            let by = match &decision.by {
                Actor::Rule => "rule",
                Actor::Person(_) => "person",
            };
            let (kind, data) = match (&decision.ruling, decision.case) {
                (Ruling::Undone { decision: undone }, _) => (
                    EventKind::CaseUndone,
                    json!({ "case": case, "decision": decision.id.0, "undone_decision": undone.0, "by": by }),
                ),
                (Ruling::Asked, _) | (_, None) => return None,
                (ruling, Some(_)) => (
                    EventKind::CaseDecided,
                    json!({ "case": case, "decision": decision.id.0, "ruling": ruling.name(), "by": by }),
                ),
            };
            Some(Announced { kind, case: decision.case, subject: Some(decision.subject.clone()), data })
        }
        Change::InputTaken { digest, added, known, problems } => Some(Announced {
            kind: EventKind::ImportFinished,
            case: None,
            subject: Some(Subject::Input(digest.clone())),
            data: json!({ "input": digest.0, "added": added, "known": known, "problems": problems }),
        }),
        Change::EntitySet(_)
        | Change::AccountSet { .. }
        | Change::InputReceived(_)
        | Change::CustomerSet(_)
        | Change::ItemAdded(_)
        | Change::ItemDetailsSet(_)
        | Change::LineBooked(_)
        | Change::LineFound { .. }
        | Change::EvidenceRead(_)
        | Change::ModelAsked(_)
        | Change::Posted(_)
        | Change::CaseChanged(_)
        | Change::AliasSet(_)
        | Change::CaseLeased(_)
        | Change::Noted(_)
        | Change::Proposed(_)
        | Change::PolicyPublished { .. }
        | Change::UserSet(_)
        | Change::CredentialsSet(_)
        | Change::TokenSet(_)
        | Change::PasskeySet(_)
        | Change::WebhookSet(_)
        | Change::DraftSet(_)
        | Change::ProfileSet(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(entity: Option<&str>) -> WebhookEndpoint {
        let made_at = Timestamp::UNIX_EPOCH;
        WebhookEndpoint {
            id: "we_1".into(),
            version: 1,
            entity: entity.map(|id| EntityId::parse(id).expect("plain id")),
            url: "https://example.com/".into(),
            note: String::new(),
            events: vec![EventKind::CaseOpened],
            secrets: vec![SecretRecord { digest: "a".repeat(64), made_at, ends_at: None }],
            state: EndpointState::On,
            made_at,
        }
    }

    #[test]
    fn an_address_is_told_of_its_own_books_and_of_what_belongs_to_none() {
        let of = |id: &str| Some(EntityId::parse(id).expect("plain id"));
        for (own, kind, entity, wanted) in [
            (None, EventKind::CaseOpened, of("e1"), true),
            (None, EventKind::CaseOpened, None, true),
            (Some("e1"), EventKind::CaseOpened, of("e1"), true),
            (Some("e1"), EventKind::CaseOpened, of("e2"), false),
            (Some("e1"), EventKind::CaseOpened, None, true),
            (Some("e1"), EventKind::CaseDecided, of("e1"), false),
        ] {
            assert_eq!(endpoint(own).wants(kind, entity.as_ref()), wanted, "{own:?} {kind:?} {entity:?}");
        }
        for state in [EndpointState::Off, EndpointState::Gone] {
            assert!(!WebhookEndpoint { state, ..endpoint(None) }.wants(EventKind::CaseOpened, None));
        }
    }

    #[test]
    fn of_two_secrets_both_count_until_the_overlap_ends() {
        let now = Timestamp::from_second(1_000).expect("an instant");
        let hour = SignedDuration::from_hours(1);
        let first = endpoint(None);
        let second = first.rotated("b".repeat(64), now, hour).expect("no other replacement");
        assert_eq!(second.version, 2);
        assert_eq!(second.digests_at(now), ["b".repeat(64), "a".repeat(64)]);
        let end = now.saturating_add(hour).expect("an instant");
        assert_eq!(second.digests_at(end), ["b".repeat(64)]);
        assert_eq!(second.rotated("c".repeat(64), now, hour), Err(RotationUnderWay(end)));
        let third = second.rotated("c".repeat(64), now, SignedDuration::ZERO).expect("at once is always allowed");
        assert_eq!(third.digests_at(now), ["c".repeat(64)]);
        let later = second.rotated("c".repeat(64), end, hour).expect("the overlap has ended");
        assert_eq!(later.digests_at(end), ["c".repeat(64), "b".repeat(64)]);
    }

    #[test]
    fn attempts_follow_the_schedule_with_up_to_a_tenth_more() {
        assert_eq!(retry_after("msg", 0), None);
        for (attempts, seconds) in (1_u32..).zip(SCHEDULE) {
            for message in ["a", "b", "msg_1_0_we_1"] {
                let wait = retry_after(message, attempts).expect("there is a next one");
                let millis = wait.as_millis();
                assert!((i128::from(seconds) * 1_000..i128::from(seconds) * 1_100).contains(&millis), "{attempts}: {millis}");
            }
        }
        assert_eq!(retry_after("msg", 10), None, "ten attempts over more than three days");
        let spread: std::collections::BTreeSet<_> = (0..50).filter_map(|n| retry_after(&format!("m{n}"), 2)).collect();
        assert!(spread.len() > 30, "messages that failed together come back apart");
    }

    #[test]
    fn kinds_have_one_name() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::parse(kind.name()), Some(kind));
            assert_eq!(serde_json::to_value(kind).expect("a name"), kind.name());
        }
        assert_eq!(EventKind::parse("test"), None, "nobody asks for tests");
    }
}
