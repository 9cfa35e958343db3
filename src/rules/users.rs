//! People who sign in, what they may do with which entity's books, and the tokens programs use in their place.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::records::EntityId;

/// What a person may do. Each role may do what the ones before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees everything of the entity, changes nothing.
    Viewer,
    /// Decides cases within the policy's limits, brings files.
    Reviewer,
    /// Decides what needs a second person.
    Approver,
    /// Settings, policy, users and tokens.
    Admin,
}

impl Role {
    /// All roles, least first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Reviewer, Self::Approver, Self::Admin];

    /// The name in files, on the command line and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Reviewer => "reviewer",
            Self::Approver => "approver",
            Self::Admin => "admin",
        }
    }

    /// The role of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// Login name: what a decision is recorded under. Lower case; letters, digits, `.`, `_`, `-`, `+` and `@`; at most 100
/// characters; it begins with a letter or a digit.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserId(String);

/// A text that is no login name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no login name: up to 100 letters, digits, `.`, `_`, `-`, `+` and `@`, beginning with a letter or a digit")]
pub struct BadUserId(String);

impl UserId {
    /// Reads a login name; upper case is folded, surrounding space is cut.
    pub fn parse(text: &str) -> Result<Self, BadUserId> {
        let folded = text.trim().to_lowercase();
        let allowed = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '@');
        let good = (1..=100).contains(&folded.chars().count())
            && folded.chars().all(allowed)
            && folded.chars().next().is_some_and(char::is_alphanumeric);
        if good { Ok(Self(folded)) } else { Err(BadUserId(text.trim().chars().take(100).collect())) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for UserId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for UserId {
    type Error = BadUserId;
    fn try_from(text: String) -> Result<Self, BadUserId> {
        Self::parse(&text)
    }
}

impl From<UserId> for String {
    fn from(id: UserId) -> Self {
        id.0
    }
}

/// A role on one entity's books, or on all of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Grant {
    /// What may be done.
    pub role: Role,
    /// With whose books; `None` is every entity, those to come included.
    pub entity: Option<EntityId>,
}

/// The account of a person at an identity provider (OpenID Connect).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct External {
    /// The provider's issuer URL.
    pub issuer: String,
    /// The provider's name for the person: the `sub` claim, never an e-mail address, which may pass to somebody else.
    pub subject: String,
}

/// A person who may sign in. How they prove who they are is kept elsewhere ([`CredentialsRecord`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Login name; decisions are recorded under it, so it never changes.
    pub id: UserId,
    /// The name people read.
    pub name: String,
    /// Where mail reaches them.
    pub email: Option<String>,
    /// Language of the pages (`en`, `es`); the browser's when unset.
    pub language: Option<String>,
    /// What they may do.
    pub grants: Vec<Grant>,
    /// Their account at an identity provider.
    pub external: Option<External>,
    /// May not sign in any more. People are never removed: decisions carry their names.
    pub is_disabled: bool,
}

impl User {
    /// Whether the person may act in `role` on this entity's books. `None` is what belongs to no entity (a file that could not be
    /// placed, customers): a role on any entity serves.
    pub fn may(&self, role: Role, entity: Option<&EntityId>) -> bool {
        !self.is_disabled
            && self.grants.iter().any(|grant| {
                grant.role >= role
                    && match (&grant.entity, entity) {
                        (None, _) | (_, None) => true,
                        (Some(of), Some(wanted)) => of == wanted,
                    }
            })
    }

    /// Whether the person may act in `role` on every entity's books.
    pub fn may_everywhere(&self, role: Role) -> bool {
        !self.is_disabled && self.grants.iter().any(|grant| grant.role >= role && grant.entity.is_none())
    }

    /// The entities on whose books the person may act in `role`; `None` is all of them.
    pub fn entities(&self, role: Role) -> Option<Vec<EntityId>> {
        if self.may_everywhere(role) {
            return None;
        }
        let mut entities: Vec<EntityId> = self
            .grants
            .iter()
            .filter(|grant| !self.is_disabled && grant.role >= role)
            .filter_map(|grant| grant.entity.clone())
            .collect();
        entities.sort();
        entities.dedup();
        Some(entities)
    }

    /// The highest role on any entity.
    pub fn highest_role(&self) -> Option<Role> {
        self.grants.iter().map(|grant| grant.role).max().filter(|_| !self.is_disabled)
    }
}

/// That somebody's way of proving who they are was changed. The log holds a digest, never the secret: a password hash or key
/// replaced behind the program's back no longer has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialsRecord {
    /// Whose.
    pub user: UserId,
    /// Lower-case hexadecimal SHA-256 of what is kept.
    pub digest: String,
    /// What was changed, in words: `password`, `one-time codes`.
    pub what: String,
}

/// What a token may be used for. A token never does more than its owner may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Read everything the owner sees.
    Read,
    /// Decide cases.
    Decide,
    /// Bring files.
    Import,
    /// Users, tokens, policy.
    Admin,
}

impl Scope {
    /// All scopes.
    pub const ALL: [Self; 4] = [Self::Read, Self::Decide, Self::Import, Self::Admin];

    /// The name in files and pages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Decide => "decide",
            Self::Import => "import",
            Self::Admin => "admin",
        }
    }

    /// The scope of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

/// A token a program signs in with. The token itself is shown once and kept by nobody; its hash finds it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiToken {
    /// Public name of the token: the part before the dot.
    pub id: String,
    /// In whose name it acts.
    pub user: UserId,
    /// What it is for, in the words of who made it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// Lower-case hexadecimal SHA-256 of the token: 256 bits of chance, so that a plain hash cannot be turned around.
    pub hash: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// From when on it is refused; `None` for never.
    pub expires_at: Option<Timestamp>,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
}

/// Whether a passkey opens an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PasskeyState {
    /// It does.
    On,
    /// The person, or an admin, took it away.
    Removed {
        /// When.
        at: Timestamp,
    },
    /// Its counter of uses went back: somebody may hold a copy (Web Authentication Level 3, §6.1.1).
    Copied {
        /// When that was seen.
        at: Timestamp,
    },
}

/// A passkey (W3C Web Authentication): a key pair of which the person's device keeps the secret half. Nothing here is secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passkey {
    /// The credential's id, base64url without padding; unique over all people.
    pub id: String,
    /// Whose account it opens.
    pub user: UserId,
    /// The user handle in the device: 32 hexadecimal digits of chance, the same in all passkeys of a person. It tells nothing of them.
    pub handle: String,
    /// What the person calls it.
    pub name: String,
    /// Public key, its algorithm and the counter of uses it began with: JSON.
    pub public_key: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// Whether it opens the account.
    pub state: PasskeyState,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(grants: &[(Role, Option<&str>)]) -> User {
        User {
            id: UserId::parse("ana").expect("plain name"),
            name: "Ana".into(),
            email: None,
            language: None,
            grants: grants
                .iter()
                .map(|(role, entity)| Grant { role: *role, entity: entity.map(|e| EntityId::parse(e).expect("plain id")) })
                .collect(),
            external: None,
            is_disabled: false,
        }
    }

    #[test]
    fn login_names_are_folded_or_refused() {
        for (text, wanted) in [
            ("Ana.López@example.com", Some("ana.lópez@example.com")),
            (" bo ", Some("bo")),
            ("", None),
            ("a b", None),
            ("-a", None),
            ("a\nb", None),
            ("person:rule", None),
        ] {
            assert_eq!(UserId::parse(text).ok().as_ref().map(UserId::as_str), wanted, "{text:?}");
        }
        assert!(UserId::parse(&"a".repeat(101)).is_err());
    }

    #[test]
    fn roles_hold_on_their_entity_only() {
        let entity = |id| EntityId::parse(id).expect("plain id");
        let ana = user(&[(Role::Approver, Some("e1")), (Role::Viewer, Some("e2"))]);
        for (role, of, may) in [
            (Role::Viewer, Some("e1"), true),
            (Role::Approver, Some("e1"), true),
            (Role::Admin, Some("e1"), false),
            (Role::Viewer, Some("e2"), true),
            (Role::Reviewer, Some("e2"), false),
            (Role::Viewer, Some("e3"), false),
            (Role::Reviewer, None, true),
            (Role::Admin, None, false),
        ] {
            assert_eq!(ana.may(role, of.map(entity).as_ref()), may, "{role:?} {of:?}");
        }
        assert!(!ana.may_everywhere(Role::Viewer));
        assert_eq!(ana.entities(Role::Viewer), Some(vec![entity("e1"), entity("e2")]));
        assert_eq!(ana.entities(Role::Reviewer), Some(vec![entity("e1")]));
        let all = user(&[(Role::Admin, None)]);
        assert!(all.may_everywhere(Role::Viewer) && all.entities(Role::Admin).is_none());
        let gone = User { is_disabled: true, ..all };
        assert!(!gone.may(Role::Viewer, None) && !gone.may_everywhere(Role::Viewer) && gone.highest_role().is_none());
        assert_eq!(gone.entities(Role::Viewer), Some(vec![]));
    }
}
