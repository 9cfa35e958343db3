//! What every page has around its content, and how a template becomes an answer.

use askama::Template;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use fluent_bundle::FluentValue;
use jiff::Timestamp;
use quittance_rules::exceptions::ExceptionKind;
use quittance_rules::money::Money;
use quittance_rules::users::Role;

use crate::error::WebError;
use crate::locale::Language;
use crate::session::{Session, Theme, Visitor};
use crate::state::{Desk, Web};
use crate::zone::Zone;

/// One entry of the navigation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The name by which a page says that it is the one shown.
    pub name: &'static str,
    /// Its address.
    pub address: &'static str,
    /// Key of its text.
    pub text: &'static str,
    /// Symbol in `assets/icons.svg`.
    pub icon: &'static str,
    /// Least role on any entity.
    pub role: Role,
}

/// The navigation, in order.
pub const PLACES: &[Place] = &[
    Place { name: "start", address: "/", text: "nav-start", icon: "start", role: Role::Viewer },
    Place { name: "queue", address: "/queue", text: "nav-queue", icon: "queue", role: Role::Viewer },
    Place { name: "customers", address: "/customers", text: "nav-customers", icon: "customers", role: Role::Viewer },
    Place { name: "evidence", address: "/evidence", text: "nav-evidence", icon: "evidence", role: Role::Viewer },
    Place { name: "imports", address: "/imports", text: "nav-imports", icon: "imports", role: Role::Reviewer },
    Place { name: "policy", address: "/policy", text: "nav-policy", icon: "policy", role: Role::Viewer },
    Place { name: "audit", address: "/audit", text: "nav-audit", icon: "audit", role: Role::Viewer },
    Place { name: "users", address: "/users", text: "nav-users", icon: "users", role: Role::Admin },
    Place { name: "webhooks", address: "/webhooks", text: "nav-webhooks", icon: "webhooks", role: Role::Admin },
];

/// Everything a template needs besides its own content.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Who is signed in: login name and the name people read. Empty before sign-in.
    pub user: Option<(String, String)>,
    /// Which entry of the navigation is shown.
    pub here: &'static str,
    /// The entries the person may see.
    pub places: Vec<&'static Place>,
    /// Language.
    pub language: Language,
    /// Theme.
    pub theme: Theme,
    /// The form token.
    pub csrf: String,
    /// What an action before this page has to say; shown as a toast.
    pub notice: Option<String>,
    /// The zone in which it shows instants.
    pub zone: Zone,
}

impl Frame {
    /// The frame of a page before sign-in.
    pub fn of_visitor(visitor: &Visitor) -> Self {
        Self {
            user: None,
            here: "",
            places: Vec::new(),
            language: visitor.language,
            theme: visitor.theme,
            csrf: visitor.csrf.clone(),
            notice: None,
            zone: Zone::default(),
        }
    }

    /// The frame of a page for somebody signed in; `here` is the name of its place in the navigation.
    pub fn of_session(session: &Session, here: &'static str) -> Self {
        let highest = session.user.highest_role();
        Self {
            user: Some((session.user.id.as_str().to_owned(), session.user.name.clone())),
            here,
            places: PLACES.iter().filter(|place| highest.is_some_and(|role| role >= place.role)).collect(),
            ..Self::of_visitor(&session.visitor)
        }
    }

    /// The text of a key.
    pub fn t(&self, key: &str) -> String {
        self.language.text(key, &[])
    }

    /// The text of a key with one value: `frame.t1("queue-count", "count", count)`.
    pub fn t1<'v>(&self, key: &str, name: &str, value: impl Into<FluentValue<'v>>) -> String {
        self.language.text(key, &[(name, value.into())])
    }

    /// The text of a key with two values.
    pub fn t2<'v>(
        &self,
        key: &str,
        first: &str,
        first_value: impl Into<FluentValue<'v>>,
        second: &str,
        second_value: impl Into<FluentValue<'v>>,
    ) -> String {
        self.language.text(key, &[(first, first_value.into()), (second, second_value.into())])
    }

    /// A text of the program in the language of the page; any other text as it is.
    pub fn said(&self, text: &str) -> String {
        crate::said::say(self.language, text)
    }

    /// The address of an asset.
    pub fn asset(&self, name: &str) -> &'static str {
        crate::assets::address(name)
    }

    /// The hidden field every form carries. It holds nothing that needs escaping.
    pub fn csrf_field(&self) -> String {
        format!("<input type=\"hidden\" name=\"csrf\" value=\"{}\">", self.csrf)
    }

    /// The value of `data-theme`.
    pub fn theme_name(&self) -> &'static str {
        self.theme.name()
    }

    /// The value of `lang`.
    pub fn tag(&self) -> &'static str {
        self.language.tag()
    }

    /// An amount for people: grouped digits, the currency always shown (`1 180.00 EUR`, with thin spaces that do not break).
    pub fn money(&self, amount: &Money) -> String {
        format!("{} {}", grouped(&amount.amount()), amount.currency().code())
    }

    /// The digits of an amount alone, grouped, where the column names the currency.
    pub fn digits(&self, amount: &Money) -> String {
        grouped(&amount.amount())
    }

    /// The same page in another zone.
    #[must_use]
    pub fn in_zone(self, zone: Zone) -> Self {
        Self { zone, ..self }
    }

    /// An instant as people read it, in the zone of the page.
    pub fn instant(&self, at: &Timestamp) -> String {
        self.zone.instant(*at)
    }

    /// A kind of exception in words.
    pub fn kind(&self, kind: &ExceptionKind) -> String {
        self.t(&format!("kind-{}", kind.to_string().replace('_', "-")))
    }

    /// Initials for the round badge of a person.
    pub fn initials(&self) -> String {
        let name = self.user.as_ref().map(|(_, name)| name.as_str()).unwrap_or_default();
        name.split_whitespace().filter_map(|word| word.chars().next()).take(2).collect::<String>().to_uppercase()
    }
}

/// `-1234567.89` as `−1 234 567.89`, with narrow spaces that do not break and a minus sign as wide as a digit.
pub fn grouped(amount: &str) -> String {
    let (sign, rest) = amount.strip_prefix('-').map_or(("", amount), |rest| ("\u{2212}", rest));
    let (whole, part) = rest.split_once('.').map_or((rest, None), |(whole, part)| (whole, Some(part)));
    let mut text = String::from(sign);
    let count = whole.chars().count();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (count - at) % 3 == 0 {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    if let Some(part) = part {
        text.push('.');
        text.push_str(part);
    }
    text
}

impl<S: Desk> Web<S> {
    /// The frame of a page for somebody signed in; `here` is the name of its place in the navigation.
    pub fn frame(&self, session: &Session, here: &'static str) -> Frame {
        Frame::of_session(session, here)
    }
}

/// A template as an answer.
pub fn page(template: &impl Template) -> Result<Response, WebError> {
    let mut response = template.render()?.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    Ok(response)
}

/// Sends the browser on with a GET; `place` must be an address of ours.
pub fn see_other(place: &str) -> Result<Response, WebError> {
    let mut response = axum::http::StatusCode::SEE_OTHER.into_response();
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_str(place).map_err(WebError::internal)?);
    Ok(response)
}

/// An address to go on to that came in with a request: only a path of ours, never another host.
pub fn own_path(text: &str) -> &str {
    let is_path =
        text.starts_with('/') && !text.starts_with("//") && !text.contains('\\') && text.chars().all(|c| !c.is_control());
    if is_path { text } else { "/" }
}

/// Escapes a path for use as a query value.
pub fn query_escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.' | b'~') {
            escaped.push(byte as char);
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped() {
        for (amount, wanted) in
            [("0.00", "0.00"), ("999", "999"), ("1000", "1\u{202f}000"), ("-1234567.89", "\u{2212}1\u{202f}234\u{202f}567.89")]
        {
            assert_eq!(grouped(amount), wanted);
        }
    }

    #[test]
    fn only_our_own_paths_are_gone_on_to() {
        for (text, wanted) in [
            ("/queue?a=b", "/queue?a=b"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("https://evil.example", "/"),
            ("", "/"),
            ("/a\r\nset-cookie: x", "/"),
        ] {
            assert_eq!(own_path(text), wanted, "{text:?}");
        }
    }

    #[test]
    fn addresses_are_escaped_into_a_query() {
        assert_eq!(query_escaped("/queue?sort=age&x=é"), "/queue%3Fsort%3Dage%26x%3D%C3%A9");
    }
}
