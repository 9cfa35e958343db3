//! Who is asking: a person with a cookie, or a program with a token.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::{HeaderMap, HeaderValue, header, request::Parts};
use jiff::{SignedDuration, Timestamp};
use quittance_rules::cases::Actor;
use quittance_rules::records::EntityId;
use quittance_rules::users::{Role, Scope, User};

use crate::error::WebError;
use crate::locale::Language;
use crate::settings::Settings;

/// Light, dark, or as the system is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// As the system is set.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// The name in the cookie and the page.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The theme of a name; anything else is the system's.
    pub fn of(name: &str) -> Self {
        match name {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }
}

/// What is known of whoever asks, signed in or not. Every request has one.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// Language of the answer.
    pub language: Language,
    /// Theme of the answer.
    pub theme: Theme,
    /// The form token of this browser.
    pub csrf: String,
    /// Where the request comes from, as far as it can be believed.
    pub address: IpAddr,
    /// Browser or program, as it calls itself, at most 200 characters.
    pub agent: String,
}

/// How somebody signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Means {
    /// With a cookie of this hash.
    Cookie {
        /// Hash of the session.
        hash: String,
    },
    /// With a token.
    Token {
        /// Its public name.
        id: String,
        /// What it may do.
        scopes: Vec<Scope>,
    },
}

/// Somebody who is signed in. Handlers take it as an argument; the guard has checked the row's demands before.
#[derive(Debug, Clone)]
pub struct Session {
    /// Who.
    pub user: User,
    /// How.
    pub means: Means,
    /// When they last proved who they are; a token never did.
    pub proved_at: Option<Timestamp>,
    /// Browser, language, form token.
    pub visitor: Visitor,
}

impl Session {
    /// Whether they may act in `role` on this entity's books; `None` is what belongs to no entity.
    pub fn may(&self, role: Role, entity: Option<&EntityId>) -> bool {
        self.user.may(role, entity)
    }

    /// Refuses what they may not do: as not found where they may not even look, so that nothing tells what exists.
    pub fn demand(&self, role: Role, entity: Option<&EntityId>) -> Result<(), WebError> {
        if self.may(role, entity) {
            Ok(())
        } else if self.may(Role::Viewer, entity) {
            let entity = entity.map_or_else(String::new, |entity| format!(" for entity {entity}"));
            Err(WebError::Forbidden(format!("this needs the role {}{entity}", role.name())))
        } else {
            Err(WebError::NotFound)
        }
    }

    /// The entities on whose books they may act in `role`; `None` is all.
    pub fn entities(&self, role: Role) -> Option<Vec<EntityId>> {
        self.user.entities(role)
    }

    /// Whether they proved who they are within the last `within`. A token never has.
    pub fn stepped_up(&self, now: Timestamp, within: SignedDuration) -> bool {
        self.proved_at.is_some_and(|proved| now.duration_since(proved) <= within)
    }

    /// Refuses without a fresh proof; the page then leads through one and back.
    pub fn demand_step_up(&self, now: Timestamp, settings: &Settings) -> Result<(), WebError> {
        if self.stepped_up(now, settings.step_up) { Ok(()) } else { Err(WebError::StepUp) }
    }

    /// Under which name what they do is recorded.
    pub fn actor(&self) -> Actor {
        Actor::Person(self.user.id.as_str().to_owned())
    }

    /// Hash of the cookie's session; `None` with a token.
    pub fn session_hash(&self) -> Option<&str> {
        match &self.means {
            Means::Cookie { hash } => Some(hash),
            Means::Token { .. } => None,
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Session {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, WebError> {
        parts.extensions.get::<Self>().cloned().ok_or(WebError::SignedOut)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, WebError> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| WebError::internal("the request has no visitor"))
    }
}

/// Names of the cookies. With TLS they carry `__Host-`: no other host and no plain connection can set or read them.
pub fn cookie_name(settings: &Settings, name: &str) -> String {
    if settings.is_secure() { format!("__Host-quittance-{name}") } else { format!("quittance-{name}") }
}

/// The value of a cookie; of two by one name, the first.
pub fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}

/// A cookie to set. `seconds` is its life; `None` until the browser is closed, 0 removes it.
pub fn set_cookie(settings: &Settings, name: &str, value: &str, seconds: Option<i64>) -> Result<HeaderValue, WebError> {
    let mut text = format!("{}={value}; Path=/; HttpOnly; SameSite=Lax", cookie_name(settings, name));
    if settings.is_secure() {
        text.push_str("; Secure");
    }
    if let Some(seconds) = seconds {
        text.push_str(&format!("; Max-Age={seconds}"));
    }
    HeaderValue::from_str(&text).map_err(WebError::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_read_by_their_whole_name() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("xquittance-session=no; quittance-session=yes; a=b"));
        headers.append(header::COOKIE, HeaderValue::from_static("c=d"));
        assert_eq!(cookie(&headers, "quittance-session"), Some("yes"));
        assert_eq!(cookie(&headers, "c"), Some("d"));
        assert_eq!(cookie(&headers, "session"), None);
    }

    #[test]
    fn with_tls_cookies_are_bound_to_the_host() {
        let mut settings = Settings::for_address(([127, 0, 0, 1], 8080).into());
        assert_eq!(
            set_cookie(&settings, "session", "x", Some(0)).unwrap(),
            "quittance-session=x; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"
        );
        settings.public_url = "https://q.example".into();
        let set = set_cookie(&settings, "session", "x", None).unwrap();
        assert_eq!(set, "__Host-quittance-session=x; Path=/; HttpOnly; SameSite=Lax; Secure");
    }
}
