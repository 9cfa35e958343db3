//! Signing in, proving again, setting a password: the steps, apart from the pages that show them.

use jiff::{SignedDuration, Timestamp};
use quittance_agent::ports_accounts::{Credentials, SessionRecord, Ticket, record_of};
use quittance_rules::cases::Actor;
use quittance_rules::journal::{Change, ChangeSet};
use quittance_rules::users::{User, UserId};
use totp_rs::{Algorithm, Builder, Secret, Totp};

use crate::error::WebError;
use crate::password;
use crate::secret;
use crate::session::Visitor;
use crate::state::{Desk, Web};

/// Failures of one account before it must wait.
const ACCOUNT_FAILURES: i64 = 6;
/// Failures from one address before it must wait; an office may share one.
const ADDRESS_FAILURES: i64 = 30;
/// Challenges for a passkey that one address gets before it must wait.
const ADDRESS_CHALLENGES: i64 = 120;
/// Failures older than this are forgotten.
const WINDOW: SignedDuration = SignedDuration::from_mins(15);
/// The longest wait.
const WAIT_MAX: i64 = 15 * 60;
/// How long the second step of a sign-in may take.
const CODE_TIME: SignedDuration = SignedDuration::from_mins(5);

/// What a first step led to.
#[derive(Debug)]
pub enum FirstStep {
    /// Name or password is wrong, or the account is disabled; which of them is not told.
    Wrong,
    /// Signed in: the secret for the cookie.
    In(String),
    /// A one-time code is asked for: the secret for the cookie of this step.
    Code(String),
}

/// Seconds to wait, for so many failures of which the last was then. Doubles with each beyond the limit.
fn wait(failures: i64, limit: i64, last_at: Timestamp, now: Timestamp) -> Option<u64> {
    let beyond = failures.checked_sub(limit).filter(|beyond| *beyond >= 0)?;
    let seconds = 30_i64.checked_shl(u32::try_from(beyond.min(10)).ok()?).unwrap_or(WAIT_MAX).min(WAIT_MAX);
    let left = seconds - now.duration_since(last_at).as_secs();
    u64::try_from(left).ok().filter(|left| *left > 0)
}

impl<S: Desk> Web<S> {
    /// Refuses while this account, or the address asked from, must wait.
    pub(crate) async fn refuse_too_many(&self, account: &str, visitor: &Visitor) -> Result<(), WebError> {
        self.refuse_over(account, ACCOUNT_FAILURES).await?;
        self.refuse_address(visitor).await
    }

    /// Refuses while the address asked from must wait.
    pub(crate) async fn refuse_address(&self, visitor: &Visitor) -> Result<(), WebError> {
        self.refuse_over(&address_key(visitor), ADDRESS_FAILURES).await
    }

    async fn refuse_over(&self, key: &str, limit: i64) -> Result<(), WebError> {
        let attempts = self.store.attempts(key).await?;
        match wait(attempts.failures, limit, attempts.last_at, self.now()) {
            Some(seconds) => Err(WebError::TooMany(seconds)),
            None => Ok(()),
        }
    }

    /// Counts a challenge made for somebody who is not signed in; each is a row that is kept for a while. Refuses when there were too many
    /// from one address.
    pub(crate) async fn note_challenge(&self, visitor: &Visitor) -> Result<(), WebError> {
        let key = format!("challenges {}", address_key(visitor));
        self.refuse_over(&key, ADDRESS_CHALLENGES).await?;
        self.note(&key).await.map(|_| ())
    }

    async fn note(&self, key: &str) -> Result<i64, WebError> {
        let now = self.now();
        Ok(self.store.note_failure(key, now, now.checked_sub(WINDOW).unwrap_or(now)).await?)
    }

    /// Counts a failed attempt, for the account and for the address.
    pub(crate) async fn note_failure(&self, account: &str, visitor: &Visitor) -> Result<(), WebError> {
        let failures = self.note(account).await?;
        if failures == ACCOUNT_FAILURES {
            tracing::warn!("an account must wait after {failures} failed sign-ins");
        }
        self.note_address(visitor).await
    }

    /// Counts a failed attempt for the address alone.
    pub(crate) async fn note_address(&self, visitor: &Visitor) -> Result<(), WebError> {
        self.note(&address_key(visitor)).await?;
        metrics::counter!("quittance_sign_in_failures_total").increment(1);
        Ok(())
    }

    /// Name and password.
    pub async fn sign_in(&self, name: &str, password: &str, visitor: &Visitor) -> Result<FirstStep, WebError> {
        let id = UserId::parse(name).ok();
        // Attempts are counted under the name typed, whether or not somebody has it: waiting tells nothing either.
        let account = account_key(id.as_ref().map_or(name, UserId::as_str));
        self.refuse_too_many(&account, visitor).await?;
        let user = match &id {
            Some(id) => self.store.user(id).await?.filter(|user| !user.is_disabled),
            None => None,
        };
        let credentials = match &user {
            Some(user) => self.store.credentials(&user.id).await?,
            None => Credentials::default(),
        };
        let is_right = password::verify(password, credentials.password.as_deref()).await?;
        let Some(user) = user.filter(|_| is_right) else {
            self.note_failure(&account, visitor).await?;
            return Ok(FirstStep::Wrong);
        };
        if credentials.totp_secret.is_none() {
            self.store.clear_failures(&account).await?;
            return Ok(FirstStep::In(self.begin(&user, visitor).await?));
        }
        let secret = secret::fresh()?;
        let ticket = Ticket {
            hash: secret::hash(&secret),
            kind: "second_factor".to_owned(),
            user: Some(user.id),
            content: String::new(),
            ends_at: self.now().checked_add(CODE_TIME).map_err(WebError::internal)?,
        };
        self.store.put_ticket(&ticket).await?;
        Ok(FirstStep::Code(secret))
    }

    /// The one-time or recovery code of the second step. `None` when it is wrong.
    pub async fn second_step(&self, ticket: &str, code: &str, visitor: &Visitor) -> Result<Option<String>, WebError> {
        let hash = secret::hash(ticket);
        let Some(found) = self.store.ticket(&hash, "second_factor", self.now()).await? else { return Err(WebError::SignedOut) };
        let Some(id) = found.user else { return Err(WebError::SignedOut) };
        let account = account_key(id.as_str());
        self.refuse_too_many(&account, visitor).await?;
        let Some(user) = self.store.user(&id).await?.filter(|user| !user.is_disabled) else { return Err(WebError::SignedOut) };
        if !self.is_right_code(&user, code).await? {
            self.note_failure(&account, visitor).await?;
            return Ok(None);
        }
        if self.store.take_ticket(&hash, "second_factor", self.now()).await?.is_none() {
            return Err(WebError::SignedOut);
        }
        self.store.clear_failures(&account).await?;
        Ok(Some(self.begin(&user, visitor).await?))
    }

    /// Whether this is a one-time code of now (a step before and after are taken too, for clocks that differ) that was not used, or
    /// a recovery code that was not used.
    pub async fn is_right_code(&self, user: &User, code: &str) -> Result<bool, WebError> {
        let credentials = self.store.credentials(&user.id).await?;
        let Some(secret) = &credentials.totp_secret else { return Ok(false) };
        let code: String = code.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        let now = self.now();
        if code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()) {
            let seconds = u64::try_from(now.as_second()).map_err(WebError::internal)?;
            return match totp(secret, user)?.check(&code, seconds) {
                Some(step) => Ok(self.store.take_totp_step(&user.id, i64::try_from(step).map_err(WebError::internal)?).await?),
                None => Ok(false),
            };
        }
        let hash = secret::hash(&code.to_ascii_lowercase());
        if credentials.recovery_hashes.contains(&hash) {
            return Ok(self.store.take_recovery_code(&user.id, &hash, now).await?);
        }
        Ok(false)
    }

    /// Begins a session; gives the secret for the cookie.
    pub async fn begin(&self, user: &User, visitor: &Visitor) -> Result<String, WebError> {
        let secret = secret::fresh()?;
        let now = self.now();
        let session = SessionRecord {
            hash: secret::hash(&secret),
            user: user.id.clone(),
            started_at: now,
            seen_at: now,
            ends_at: now.checked_add(self.settings.session_longest).map_err(WebError::internal)?,
            proved_at: now,
            address: visitor.address.to_string(),
            agent: visitor.agent.clone(),
        };
        self.store.begin_session(&session).await?;
        metrics::counter!("quittance_sign_ins_total").increment(1);
        tracing::info!(user = user.id.as_str(), "signed in");
        Ok(secret)
    }

    /// Proves again: with a one-time code where the account has them, with the password otherwise. Gives the new secret for the
    /// cookie: what was seen of the old one is worth nothing.
    pub async fn prove_again(&self, user: &User, hash: &str, proof: &str, visitor: &Visitor) -> Result<Option<String>, WebError> {
        let account = account_key(user.id.as_str());
        self.refuse_too_many(&account, visitor).await?;
        let credentials = self.store.credentials(&user.id).await?;
        let is_right = if credentials.totp_secret.is_some() {
            self.is_right_code(user, proof).await?
        } else {
            password::verify(proof, credentials.password.as_deref()).await?
        };
        if !is_right {
            self.note_failure(&account, visitor).await?;
            return Ok(None);
        }
        self.store.clear_failures(&account).await?;
        let secret = secret::fresh()?;
        let renewed = self.store.renew_session(hash, &secret::hash(&secret), self.now()).await?;
        if renewed { Ok(Some(secret)) } else { Err(WebError::SignedOut) }
    }

    /// A link to set a password, good once until it ends; the secret is in the link only.
    pub async fn password_link(&self, user: &UserId, holds: SignedDuration) -> Result<String, WebError> {
        let secret = secret::fresh()?;
        let ticket = Ticket {
            hash: secret::hash(&secret),
            kind: "set_password".to_owned(),
            user: Some(user.clone()),
            content: String::new(),
            ends_at: self.now().checked_add(holds).map_err(WebError::internal)?,
        };
        self.store.put_ticket(&ticket).await?;
        Ok(format!("{}/set-password/{secret}", self.settings.public_url))
    }

    /// Changes how a person proves who they are; every session but `keep` ends. `what` goes into the log.
    pub async fn change_credentials(
        &self,
        by: Actor,
        user: &UserId,
        what: &str,
        keep: Option<&str>,
        change: impl FnOnce(&mut Credentials),
    ) -> Result<(), WebError> {
        let mut credentials = self.store.credentials(user).await?;
        change(&mut credentials);
        credentials.version += 1;
        let record = record_of(user, &credentials, what, secret::digest);
        let set = ChangeSet { by, at: self.now(), changes: vec![Change::CredentialsSet(record)] };
        self.store.set_credentials(set, user, &credentials, keep).await?;
        Ok(())
    }
}

fn account_key(name: &str) -> String {
    // The key may be what somebody typed into the wrong field; only its hash is kept.
    format!("account {}", secret::hash(name))
}

fn address_key(visitor: &Visitor) -> String {
    // Of IPv6 a customer holds a whole /64.
    match visitor.address {
        std::net::IpAddr::V4(address) => format!("address {address}"),
        std::net::IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("address {a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

/// One-time codes of a secret (RFC 6238: SHA-1, 6 digits, 30 seconds: what every authenticator app can).
pub fn totp(secret: &str, user: &User) -> Result<Totp, WebError> {
    let secret = Secret::try_from_base32(secret).map_err(|_| WebError::internal("the secret of one-time codes is no base 32"))?;
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(1)
        .with_step_duration(30)
        .with_secret(secret)
        .with_account_name(user.id.as_str().replace(':', "."))
        .with_issuer(Some("Quittance"))
        .build()
        .map_err(|error| WebError::internal(format!("one-time codes: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_doubles_and_ends() {
        let at = |second| Timestamp::from_second(second).unwrap();
        for (failures, elapsed, wanted) in [
            (5, 0, None),
            (6, 0, Some(30)),
            (6, 29, Some(1)),
            (6, 30, None),
            (7, 0, Some(60)),
            (8, 10, Some(110)),
            (60, 0, Some(900)),
        ] {
            assert_eq!(wait(failures, 6, at(1_000), at(1_000 + elapsed)), wanted, "{failures} {elapsed}");
        }
    }
}
