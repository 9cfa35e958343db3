//! Passkeys (W3C Web Authentication, Level 3): adding one, signing in with one, proving again with one.
//!
//! Each ceremony has two halves. The first makes a challenge and keeps its state here, as a ticket: for five minutes, for one use, for one
//! browser. The second takes what the browser brings back and has `webauthn-rs` check it: challenge, origin, relying party, signature,
//! that the device made sure of the person (a PIN, a finger), and the counter of uses.
//!
//! Failures are counted by the address they come from, never by the passkey: there is nothing to guess, and whoever knows the number of a
//! passkey could shut it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use quittance_agent::ports::StoreError;
use quittance_agent::ports_accounts::Ticket;
use quittance_rules::cases::Actor;
use quittance_rules::journal::{Change, ChangeSet};
use quittance_rules::users::{Passkey, PasskeyState, User, UserId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use url::{Host, Url};
use webauthn_rs::prelude::{
    DiscoverableAuthentication, Passkey as PublicKey, PasskeyAuthentication, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Uuid, WebauthnError,
};
use webauthn_rs::{Webauthn, WebauthnBuilder};

use crate::error::WebError;
use crate::secret;
use crate::session::{Session, Visitor};
use crate::settings::Settings;
use crate::state::{Desk, Web};

/// How long a challenge holds.
const HOLDS: SignedDuration = SignedDuration::from_mins(5);
/// Passkeys one person may have at a time.
pub const PASSKEYS_MAX: usize = 20;

const KIND_NEW: &str = "passkey_new";
const KIND_SIGN_IN: &str = "passkey_sign_in";
const KIND_STEP_UP: &str = "passkey_step_up";

/// A challenge for the browser.
#[derive(Debug, Serialize)]
pub struct Challenge {
    /// Secret of the ticket, to be brought back with the answer.
    pub ticket: String,
    /// What the browser hands to the device: `PublicKeyCredentialCreationOptionsJSON` or `…RequestOptionsJSON`.
    pub options: serde_json::Value,
}

/// What the browser brings back.
#[derive(Debug, Deserialize)]
pub struct Answer {
    /// The ticket.
    pub ticket: String,
    /// The device's answer: JSON.
    pub credential: String,
}

/// Why an answer was refused; told to whoever sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The challenge is over, or was answered before.
    TooLate,
    /// No passkey that opens an account here, or the answer is not right. Which of them is not told.
    Wrong,
    /// The counter of uses went back; the passkey opens nothing from now on.
    Copied,
    /// The passkey is in an account already.
    Known,
}

impl Refusal {
    /// Key of its text.
    pub fn text(self) -> &'static str {
        match self {
            Self::TooLate => "passkey-too-late",
            Self::Wrong => "passkey-wrong",
            Self::Copied => "passkey-copied",
            Self::Known => "passkey-known",
        }
    }
}

/// State of a ceremony between its halves.
#[derive(Serialize, Deserialize)]
struct Pending<T> {
    /// Form token of the browser that began: only it may answer.
    browser: String,
    state: T,
}

/// What is kept of a passkey being made.
#[derive(Serialize, Deserialize)]
struct New {
    name: String,
    handle: String,
    registration: PasskeyRegistration,
}

/// Us, as devices know us; `None` where browsers carry no passkeys: an address in numbers, or no TLS (but for this very machine).
pub fn relying_party(settings: &Settings) -> Option<Webauthn> {
    let origin = Url::parse(&settings.public_url).ok()?;
    let Some(Host::Domain(domain)) = origin.host() else { return None };
    let is_here = domain == "localhost" || domain.ends_with(".localhost");
    if origin.scheme() != "https" && !is_here {
        return None;
    }
    WebauthnBuilder::new(domain, &origin).ok()?.rp_name("Quittance").build().ok()
}

fn key_of(passkey: &Passkey) -> Result<PublicKey, WebError> {
    serde_json::from_str(&passkey.public_key).map_err(|error| WebError::internal(format!("passkey {}: {error}", passkey.id)))
}

fn id_of(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn answered<T: DeserializeOwned>(credential: &str) -> Result<T, WebError> {
    serde_json::from_str(credential)
        .map_err(|error| WebError::invalid("credential", format!("it is no answer of a passkey ({:?})", error.classify())))
}

impl<S: Desk> Web<S> {
    fn passkeys_here(&self) -> Result<Webauthn, WebError> {
        relying_party(&self.settings).ok_or(WebError::NotFound)
    }

    /// Passkeys of a person that were not taken away, with their last use.
    pub async fn passkeys_of(&self, user: &UserId) -> Result<Vec<(Passkey, Option<jiff::Timestamp>)>, WebError> {
        let mut passkeys = self.store.passkeys_of(user).await?;
        passkeys.retain(|(passkey, _)| !matches!(passkey.state, PasskeyState::Removed { .. }));
        Ok(passkeys)
    }

    /// Those that open the account.
    async fn good_passkeys(&self, user: &UserId) -> Result<Vec<Passkey>, WebError> {
        let passkeys = self.store.passkeys_of(user).await?.into_iter().map(|(passkey, _)| passkey);
        Ok(passkeys.filter(|passkey| passkey.state == PasskeyState::On).collect())
    }

    async fn keep<T: Serialize>(
        &self,
        kind: &str,
        user: Option<&UserId>,
        visitor: &Visitor,
        state: T,
        options: serde_json::Value,
    ) -> Result<Challenge, WebError> {
        let ticket = secret::fresh()?;
        let pending = Pending { browser: visitor.csrf.clone(), state };
        self.store
            .put_ticket(&Ticket {
                hash: secret::hash(&ticket),
                kind: kind.to_owned(),
                user: user.cloned(),
                content: serde_json::to_string(&pending).map_err(WebError::internal)?,
                ends_at: self.now().checked_add(HOLDS).map_err(WebError::internal)?,
            })
            .await?;
        Ok(Challenge { ticket, options })
    }

    /// The state of a ceremony and when it began. It is gone afterwards, whatever becomes of the answer; `None` when it is over or was
    /// answered before.
    async fn take<T: DeserializeOwned>(
        &self,
        kind: &str,
        user: Option<&UserId>,
        visitor: &Visitor,
        ticket: &str,
    ) -> Result<Option<(T, jiff::Timestamp)>, WebError> {
        let Some(found) = self.store.take_ticket(&secret::hash(ticket), kind, self.now()).await? else { return Ok(None) };
        let pending: Pending<T> = serde_json::from_str(&found.content).map_err(WebError::internal)?;
        if found.user.as_ref() != user || !secret::same(&pending.browser, &visitor.csrf) {
            return Err(WebError::Forged);
        }
        let began_at = found.ends_at.checked_sub(HOLDS).map_err(WebError::internal)?;
        Ok(Some((pending.state, began_at)))
    }

    /// Begins to make a passkey by this name for whoever is signed in.
    pub async fn begin_passkey(&self, session: &Session, name: String) -> Result<Challenge, WebError> {
        let us = self.passkeys_here()?;
        let user = &session.user;
        let all = self.store.passkeys_of(&user.id).await?;
        let handle = match all.first() {
            Some((passkey, _)) => passkey.handle.clone(),
            None => hex::encode(secret::chance::<16>()?),
        };
        let bytes: [u8; 16] = hex::decode(&handle).ok().and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| {
            WebError::internal(format!("the user handle of {}'s passkeys is not 32 hexadecimal digits", user.id))
        })?;
        let mut known = Vec::new();
        for passkey in self.good_passkeys(&user.id).await? {
            known.push(key_of(&passkey)?.cred_id().clone());
        }
        let (options, registration) = us
            .start_passkey_registration(Uuid::from_bytes(bytes), user.id.as_str(), &user.name, Some(known))
            .map_err(WebError::internal)?;
        let mut options = serde_json::to_value(&options.public_key).map_err(WebError::internal)?;
        // Signing in begins with the passkey, without a name typed, so the device must keep whose it is.
        let mut selection = options.get("authenticatorSelection").cloned().unwrap_or_else(|| serde_json::json!({}));
        selection["residentKey"] = "required".into();
        selection["requireResidentKey"] = true.into();
        options["authenticatorSelection"] = selection;
        let state = New { name, handle, registration };
        self.keep(KIND_NEW, Some(&user.id), &session.visitor, state, options).await
    }

    /// Keeps the passkey the device made.
    pub async fn finish_passkey(&self, session: &Session, answer: &Answer) -> Result<Result<(), Refusal>, WebError> {
        let us = self.passkeys_here()?;
        let credential: RegisterPublicKeyCredential = answered(&answer.credential)?;
        let user = &session.user;
        let Some((new, _)) = self.take::<New>(KIND_NEW, Some(&user.id), &session.visitor, &answer.ticket).await? else {
            return Ok(Err(Refusal::TooLate));
        };
        let key = match us.finish_passkey_registration(&credential, &new.registration) {
            Ok(key) => key,
            Err(error) => {
                tracing::info!("a new passkey is refused: {error}");
                return Ok(Err(Refusal::Wrong));
            }
        };
        let now = self.now();
        let passkey = Passkey {
            id: id_of(key.cred_id()),
            user: user.id.clone(),
            handle: new.handle,
            name: new.name,
            public_key: serde_json::to_string(&key).map_err(WebError::internal)?,
            made_at: now,
            state: PasskeyState::On,
        };
        let set = ChangeSet { by: session.actor(), at: now, changes: vec![Change::PasskeySet(passkey)] };
        match self.store.apply(set).await {
            Ok(_) => Ok(Ok(())),
            Err(StoreError::Conflict(_)) => Ok(Err(Refusal::Known)),
            Err(error) => Err(error.into()),
        }
    }

    /// Begins a sign-in; whose it is, the passkey will say.
    pub async fn begin_passkey_sign_in(&self, visitor: &Visitor) -> Result<Challenge, WebError> {
        let us = self.passkeys_here()?;
        self.refuse_address(visitor).await?;
        self.note_challenge(visitor).await?;
        let (options, state) = us.start_discoverable_authentication().map_err(WebError::internal)?;
        let options = serde_json::to_value(&options.public_key).map_err(WebError::internal)?;
        self.keep(KIND_SIGN_IN, None, visitor, state, options).await
    }

    /// Takes the answer of a sign-in. Gives the secret of the session.
    pub async fn finish_passkey_sign_in(&self, answer: &Answer, visitor: &Visitor) -> Result<Result<String, Refusal>, WebError> {
        let us = self.passkeys_here()?;
        let credential: PublicKeyCredential = answered(&answer.credential)?;
        let id = id_of(credential.get_credential_id());
        self.refuse_address(visitor).await?;
        let taken = self.take::<DiscoverableAuthentication>(KIND_SIGN_IN, None, visitor, &answer.ticket).await?;
        let Some((state, asked_at)) = taken else {
            self.note_address(visitor).await?;
            return Ok(Err(Refusal::TooLate));
        };
        let handle = us.identify_discoverable_authentication(&credential).ok().map(|(handle, _)| hex::encode(handle.as_bytes()));
        let is_good = |(passkey, user): &(Passkey, User)| {
            passkey.state == PasskeyState::On && !user.is_disabled && handle.as_ref() == Some(&passkey.handle)
        };
        let Some((passkey, user)) = self.store.passkey(&id).await?.filter(is_good) else {
            self.note_address(visitor).await?;
            return Ok(Err(Refusal::Wrong));
        };
        let result = us.finish_discoverable_authentication_v2(&credential, state, key_of(&passkey)?);
        let result = result.map(|result| (result.user_verified(), result.counter()));
        if let Err(refusal) = self.settle(&passkey, asked_at, result, visitor).await? {
            return Ok(Err(refusal));
        }
        let session = self.begin(&user, visitor).await?;
        // Taken away while the session began: what ended the person's sessions may have come just before this one.
        let still = self.store.passkey(&id).await?.is_some_and(|(passkey, _)| passkey.state == PasskeyState::On);
        if !still {
            self.store.end_sessions(&user.id, None).await?;
            return Ok(Err(Refusal::Wrong));
        }
        Ok(Ok(session))
    }

    /// Begins to prove again by a passkey of whoever is signed in.
    pub async fn begin_passkey_step_up(&self, session: &Session) -> Result<Challenge, WebError> {
        let us = self.passkeys_here()?;
        self.refuse_address(&session.visitor).await?;
        let passkeys = self.good_passkeys(&session.user.id).await?;
        if passkeys.is_empty() {
            return Err(WebError::NotFound);
        }
        let keys: Vec<PublicKey> = passkeys.iter().map(key_of).collect::<Result<_, _>>()?;
        let (options, state) = us.start_passkey_authentication(&keys).map_err(WebError::internal)?;
        let options = serde_json::to_value(&options.public_key).map_err(WebError::internal)?;
        self.keep(KIND_STEP_UP, Some(&session.user.id), &session.visitor, state, options).await
    }

    /// Takes the answer of a fresh proof. Gives the new secret of the session.
    pub async fn finish_passkey_step_up(&self, session: &Session, answer: &Answer) -> Result<Result<String, Refusal>, WebError> {
        let us = self.passkeys_here()?;
        let Some(hash) = session.session_hash() else {
            return Err(WebError::Forbidden("a token cannot prove who somebody is".to_owned()));
        };
        let credential: PublicKeyCredential = answered(&answer.credential)?;
        let id = id_of(credential.get_credential_id());
        let visitor = &session.visitor;
        self.refuse_address(visitor).await?;
        let taken = self.take::<PasskeyAuthentication>(KIND_STEP_UP, Some(&session.user.id), visitor, &answer.ticket).await?;
        let Some((state, asked_at)) = taken else { return Ok(Err(Refusal::TooLate)) };
        // The state knows the person's passkeys of when it was made; one may have gone since.
        let is_good = |(passkey, user): &(Passkey, User)| {
            passkey.state == PasskeyState::On && user.id == session.user.id && !user.is_disabled
        };
        let Some((passkey, _)) = self.store.passkey(&id).await?.filter(is_good) else {
            self.note_address(visitor).await?;
            return Ok(Err(Refusal::Wrong));
        };
        let result = us.finish_passkey_authentication(&credential, &state);
        let result = result.map(|result| (result.user_verified(), result.counter()));
        if let Err(refusal) = self.settle(&passkey, asked_at, result, visitor).await? {
            return Ok(Err(refusal));
        }
        let secret = secret::fresh()?;
        let renewed = self.store.renew_session(hash, &secret::hash(&secret), self.now()).await?;
        if renewed { Ok(Ok(secret)) } else { Err(WebError::SignedOut) }
    }

    /// What became of an answer to what was asked at an instant, by whether the device made sure of the person and its counter: a use, a
    /// failure, or the end of a copy.
    async fn settle(
        &self,
        passkey: &Passkey,
        asked_at: jiff::Timestamp,
        result: Result<(bool, u32), WebauthnError>,
        visitor: &Visitor,
    ) -> Result<Result<(), Refusal>, WebError> {
        let now = self.now();
        let is_copied = match result {
            Ok((true, counter)) => {
                if self.store.use_passkey(&passkey.id, counter, now).await? {
                    return Ok(Ok(()));
                }
                // Asked before the last use: two answers of one device came in the other order, which is no copy.
                let all = self.store.passkeys_of(&passkey.user).await?;
                let used_at = all.into_iter().find(|(other, _)| other.id == passkey.id).and_then(|(_, used_at)| used_at);
                used_at.is_none_or(|used_at| used_at <= asked_at)
            }
            // The signature was right and the counter is not above the one it was made with.
            Err(WebauthnError::CredentialPossibleCompromise) => true,
            Ok((false, _)) => false,
            Err(error) => {
                tracing::info!("the answer of a passkey is refused: {error}");
                false
            }
        };
        self.note_address(visitor).await?;
        if !is_copied {
            return Ok(Err(Refusal::Wrong));
        }
        let still = self.store.passkey(&passkey.id).await?.filter(|(passkey, _)| passkey.state == PasskeyState::On);
        // Taken away in between: there was no copy.
        let Some((passkey, _)) = still else { return Ok(Err(Refusal::Wrong)) };
        tracing::warn!(user = passkey.user.as_str(), "the counter of a passkey went back; it opens nothing from now on");
        let refused = Passkey { state: PasskeyState::Copied { at: now }, ..passkey };
        self.store.apply(ChangeSet { by: Actor::Rule, at: now, changes: vec![Change::PasskeySet(refused)] }).await?;
        Ok(Err(Refusal::Copied))
    }

    /// Takes a passkey of a person away; every session but `keep` ends: it may have been begun with that passkey.
    pub async fn remove_passkey(&self, by: Actor, user: &UserId, id: &str, keep: Option<&str>) -> Result<(), WebError> {
        let found = self.store.passkey(id).await?.map(|(passkey, _)| passkey).filter(|passkey| passkey.user == *user);
        let passkey = found.ok_or(WebError::NotFound)?;
        let now = self.now();
        match passkey.state {
            PasskeyState::Removed { .. } => return Ok(()),
            PasskeyState::On | PasskeyState::Copied { .. } => {}
        }
        let removed = Passkey { state: PasskeyState::Removed { at: now }, ..passkey };
        self.store.apply(ChangeSet { by, at: now, changes: vec![Change::PasskeySet(removed)] }).await?;
        self.store.end_sessions(user, keep).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_need_a_name_and_tls_or_this_machine() {
        for (address, wanted) in [
            ("https://quittance.example.com", true),
            ("https://quittance.example.com:8443", true),
            ("http://localhost:8080", true),
            ("http://desk.localhost:8080", true),
            ("http://quittance.example.com", false),
            ("http://127.0.0.1:8080", false),
            ("https://192.0.2.7", false),
            ("https://[::1]:8080", false),
            ("nonsense", false),
        ] {
            let mut settings = Settings::for_address(([127, 0, 0, 1], 8080).into());
            settings.public_url = address.to_owned();
            assert_eq!(relying_party(&settings).is_some(), wanted, "{address}");
        }
    }

    #[test]
    fn what_is_no_answer_of_a_passkey_is_refused_by_name() {
        for text in ["", "{}", "[]", "null", "{\"id\":1}", "\u{0}"] {
            assert!(
                matches!(answered::<PublicKeyCredential>(text), Err(WebError::Invalid { field: "credential", .. })),
                "{text}"
            );
        }
    }
}
