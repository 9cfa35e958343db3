//! What every request passes: who asks, may they, does the change come from a page of ours; and, on the way out, the headers that
//! keep browsers from doing harm, and a body for what went wrong.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;

use crate::error::WebError;
use crate::frame::query_escaped;
use crate::locale::Language;
use crate::pages::message;
use crate::routes::{Access, Demand};
use crate::secret;
use crate::session::{Means, Session, Theme, Visitor, cookie, cookie_name, set_cookie};
use crate::settings::Settings;
use crate::state::{Desk, Web};

/// Largest form; files have a limit of their own.
const FORM_MAX: usize = 1 << 20;

/// No script, style, frame, plug-in or form target but ours, and nothing inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data: blob:; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Where a request comes from: the connection, or, where that is a proxy we trust, the last address in `X-Forwarded-For` that is not
/// a proxy of ours. What stands before it in the header was written by the client and is not believed.
pub fn client_address(connection: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    if !trusted.contains(&connection) {
        return connection;
    }
    let mut last = connection;
    let values: Vec<&str> = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok()).collect();
    for part in values.join(",").rsplit(',') {
        let Ok(address) = part.trim().parse::<IpAddr>() else { return last };
        last = address;
        if !trusted.contains(&address) {
            return address;
        }
    }
    last
}

/// The outermost layer: the visitor is told apart, and what goes out gets its headers and, where something went wrong, its body.
pub async fn around<S: Desk>(State(web): State<Web<S>>, mut request: Request, next: Next) -> Response {
    let headers = request.headers();
    let connection = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(address)| address.ip());
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let language = cookie(headers, &cookie_name(&web.settings, "language"))
        .and_then(Language::of_tag)
        .unwrap_or_else(|| Language::of_header(text(header::ACCEPT_LANGUAGE)));
    let theme = Theme::of(cookie(headers, &cookie_name(&web.settings, "theme")).unwrap_or_default());
    let session = cookie(headers, &cookie_name(&web.settings, "session")).map(str::to_owned);
    let known = cookie(headers, &cookie_name(&web.settings, "visitor")).filter(|value| value.len() == 43).map(str::to_owned);
    let wants_json = request.uri().path().starts_with("/api/") || text(header::ACCEPT).starts_with("application/json");
    let is_asset = request.uri().path().starts_with("/assets/");
    let mut visitor = Visitor {
        language,
        theme,
        csrf: String::new(),
        address: client_address(connection, headers, &web.settings.trusted_proxies),
        agent: text(header::USER_AGENT).chars().filter(|c| !c.is_control()).take(200).collect(),
    };
    // Before sign-in, the form token hangs on a cookie that says nothing but "the same browser".
    let (secret, fresh) = match (&session, known) {
        (Some(session), _) => (Ok(session.clone()), false),
        (None, Some(known)) => (Ok(known), false),
        (None, None) => (secret::fresh(), true),
    };
    let secret = match secret {
        Ok(secret) => secret,
        Err(error) => return finish(&web.settings, error.into_response(), None, wants_json, &visitor),
    };
    visitor.csrf = secret::csrf_of(&secret);
    request.extensions_mut().insert(visitor.clone());
    let path = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
    // A change that needs a proof first leads back to the page whose form it was, not to the address of the change.
    let place = match request.method() {
        &Method::GET => path.clone(),
        _ => referring_path(&web.settings, request.headers()).unwrap_or_else(|| "/".to_owned()),
    };
    let began = web.clock.now();
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    metrics::counter!("quittance_requests_total", "status" => status).increment(1);
    metrics::histogram!("quittance_request_seconds").record(web.clock.now().duration_since(began).as_secs_f64());
    let set = (fresh && !is_asset && !wants_json).then_some(secret);
    if let Some(error) = response.extensions().get::<WebError>() {
        // A browser that must sign in, or prove itself again, is led there and back.
        let lead = match error {
            WebError::SignedOut if !wants_json => Some(format!("/sign-in?next={}", query_escaped(&place))),
            WebError::StepUp if !wants_json => Some(format!("/step-up?next={}", query_escaped(&place))),
            _ => None,
        };
        if let Some(lead) = lead
            && let Ok(place) = HeaderValue::from_str(&lead)
        {
            let mut led = StatusCode::SEE_OTHER.into_response();
            led.headers_mut().insert(header::LOCATION, place);
            for cookie in response.headers().get_all(header::SET_COOKIE) {
                led.headers_mut().append(header::SET_COOKIE, cookie.clone());
            }
            return finish(&web.settings, led, set, wants_json, &visitor);
        }
    }
    finish(&web.settings, response, set, wants_json, &visitor)
}

/// The path of the page of ours a request came from.
fn referring_path(settings: &Settings, headers: &HeaderMap) -> Option<String> {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let referer = text(header::REFERER)?;
    let rest = referer.strip_prefix(&settings.public_url).or_else(|| {
        let (_, rest) = referer.split_once("://")?;
        rest.strip_prefix(text(header::HOST)?)
    })?;
    let path = crate::frame::own_path(rest);
    (path == rest).then(|| path.to_owned())
}

fn finish(
    settings: &Settings,
    mut response: Response,
    visitor_secret: Option<String>,
    wants_json: bool,
    visitor: &Visitor,
) -> Response {
    if let Some(error) = response.extensions_mut().remove::<WebError>() {
        match &error {
            WebError::Internal(what) | WebError::Unavailable(what) => tracing::error!(what, "a request failed"),
            _ => {}
        }
        response = with_body(response, &error, wants_json, visitor);
    } else if response.status() == StatusCode::NOT_FOUND && response.headers().get(header::CONTENT_TYPE).is_none() {
        response = with_body(response, &WebError::NotFound, wants_json, visitor);
    }
    if let Some(secret) = visitor_secret
        && let Ok(value) = set_cookie(settings, "visitor", &secret, None)
    {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.insert("permissions-policy", HeaderValue::from_static("camera=(), microphone=(), geolocation=(), payment=()"));
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    if settings.is_secure() {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    // Pages hold account numbers and names: no cache keeps them.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

fn with_body(bare: Response, error: &WebError, wants_json: bool, visitor: &Visitor) -> Response {
    let mut response = if wants_json {
        let mut response = axum::Json(error.problem_in(visitor.language)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        response
    } else {
        message::error_page(visitor, error)
    };
    *response.status_mut() = error.status();
    if let WebError::TooMany(seconds) = error
        && let Ok(value) = HeaderValue::from_str(&seconds.to_string())
    {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    for cookie in bare.headers().get_all(header::SET_COOKIE) {
        response.headers_mut().append(header::SET_COOKIE, cookie.clone());
    }
    response
}

/// What a route demands, with the state to check it.
pub struct Gate<S> {
    /// The state.
    pub web: Web<S>,
    /// The row's demand.
    pub demand: Demand,
}

impl<S: Clone> Clone for Gate<S> {
    fn clone(&self) -> Self {
        Self { web: self.web.clone(), demand: self.demand }
    }
}

/// The layer around each row's handler.
pub async fn pass<S: Desk>(State(gate): State<Gate<S>>, mut request: Request, next: Next) -> Result<Response, WebError> {
    let Some(mut visitor) = request.extensions().get::<Visitor>().cloned() else {
        return Err(WebError::internal("the request has no visitor"));
    };
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    let bearer = bearer(request.headers());
    let with_token = bearer.is_some();
    let session = match (gate.demand.access, bearer) {
        (Access::Open, _) => None,
        (_, Some(token)) => Some(by_token(&gate, &token, &visitor, changes).await?),
        (_, None) => by_cookie(&gate.web, request.headers(), &mut visitor).await?,
    };
    match (gate.demand.access, &session) {
        (Access::Open | Access::Visitor, _) => {}
        (_, None) => return Err(WebError::SignedOut),
        (Access::SignedIn, Some(_)) => {}
        (Access::Role(role), Some(session)) => {
            if session.user.highest_role().is_none_or(|highest| highest < role) {
                return Err(WebError::Forbidden(format!("this needs the role {}", role.name())));
            }
        }
        (Access::Everywhere(role), Some(session)) => {
            if !session.user.may_everywhere(role) {
                return Err(WebError::Forbidden(format!("this needs the role {} for all entities", role.name())));
            }
        }
    }
    if changes && !with_token && gate.demand.access != Access::Open {
        request = check_form(&gate.web.settings, request, &visitor.csrf).await?;
    }
    request.extensions_mut().insert(visitor);
    if let Some(session) = session {
        request.extensions_mut().insert(session);
    }
    Ok(next.run(request).await)
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

async fn by_token<S: Desk>(gate: &Gate<S>, token: &str, visitor: &Visitor, changes: bool) -> Result<Session, WebError> {
    let web = &gate.web;
    let now = web.now();
    let Some((token, user)) = web.store.token_of_hash(&secret::hash(token)).await? else { return Err(WebError::SignedOut) };
    if token.revoked_at.is_some() || token.expires_at.is_some_and(|end| end <= now) || user.is_disabled {
        return Err(WebError::SignedOut);
    }
    let scope = gate.demand.scope(changes);
    if !scope.is_some_and(|scope| token.scopes.contains(&scope)) {
        return Err(WebError::Forbidden(match scope {
            Some(scope) => format!("this token lacks the scope {}", scope.name()),
            None => "no token may do this; sign in".to_owned(),
        }));
    }
    web.store.touch_token(&token.id, now).await?;
    let means = Means::Token { id: token.id, scopes: token.scopes };
    Ok(Session { user, means, proved_at: None, visitor: visitor.clone() })
}

async fn by_cookie<S: Desk>(web: &Web<S>, headers: &HeaderMap, visitor: &mut Visitor) -> Result<Option<Session>, WebError> {
    let Some(value) = cookie(headers, &cookie_name(&web.settings, "session")) else { return Ok(None) };
    let hash = secret::hash(value);
    let Some((record, user)) = web.store.session(&hash).await? else { return Ok(None) };
    let now = web.now();
    let is_idle = now.duration_since(record.seen_at) > web.settings.session_idle;
    if record.ends_at <= now || is_idle || user.is_disabled {
        web.store.end_session(&hash).await?;
        return Ok(None);
    }
    if now.duration_since(record.seen_at) >= SignedDuration::from_mins(1) {
        web.store.touch_session(&hash, now).await?;
    }
    if let Some(language) = user.language.as_deref().and_then(Language::of_tag) {
        visitor.language = language;
    }
    Ok(Some(Session { user, means: Means::Cookie { hash }, proved_at: Some(record.proved_at), visitor: visitor.clone() }))
}

/// Takes a change only from a page of ours: by what browsers say about its origin, and by the form token, which no other site can read.
async fn check_form(settings: &Settings, request: Request, csrf: &str) -> Result<Request, WebError> {
    if is_shown_by_header(settings, request.headers(), csrf)? {
        return Ok(request);
    }
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, FORM_MAX).await.map_err(|_| WebError::TooLarge(format!("{} KiB", FORM_MAX >> 10)))?;
    // The token is hexadecimal, so nothing in it is escaped.
    let token = bytes.split(|byte| *byte == b'&').find_map(|pair| pair.strip_prefix(b"csrf="));
    match token.map(|token| String::from_utf8_lossy(token)) {
        Some(token) if secret::same(&token, csrf) => Ok(Request::from_parts(parts, Body::from(bytes))),
        _ => Err(WebError::Forged),
    }
}

/// Refuses a change from elsewhere; `true` when a header carries the form token, `false` when it must be in the form.
fn is_shown_by_header(settings: &Settings, headers: &HeaderMap, csrf: &str) -> Result<bool, WebError> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if matches!(text("sec-fetch-site"), Some("cross-site" | "same-site")) {
        return Err(WebError::Forged);
    }
    // A desk reached by several names (an address and a name) compares with the name it was called by.
    let is_called = |name: &str| text("host").is_some_and(|host| name == host);
    if let Some(origin) = text("origin")
        && origin != settings.public_url
        && !origin.split_once("://").is_some_and(|(_, name)| is_called(name))
    {
        return Err(WebError::Forged);
    }
    if let Some(token) = text("x-csrf-token") {
        return if secret::same(token, csrf) { Ok(true) } else { Err(WebError::Forged) };
    }
    match text("content-type") {
        Some(kind) if kind.starts_with("application/x-www-form-urlencoded") => Ok(false),
        _ => Err(WebError::Forged),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_forwarded_address_is_believed_of_a_trusted_proxy_only() {
        let trusted = [ip("10.0.0.1"), ip("10.0.0.2")];
        for (connection, forwarded, wanted) in [
            ("203.0.113.9", "1.2.3.4", "203.0.113.9"),
            ("10.0.0.1", "1.2.3.4", "1.2.3.4"),
            ("10.0.0.1", "9.9.9.9, 1.2.3.4", "1.2.3.4"),
            ("10.0.0.1", "9.9.9.9, 1.2.3.4, 10.0.0.2", "1.2.3.4"),
            ("10.0.0.1", "nonsense", "10.0.0.1"),
            ("10.0.0.1", "", "10.0.0.1"),
            ("10.0.0.1", "1.2.3.4, nonsense, 10.0.0.2", "10.0.0.2"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", HeaderValue::from_str(forwarded).unwrap());
            assert_eq!(client_address(ip(connection), &headers, &trusted), ip(wanted), "{connection} {forwarded}");
        }
    }
}
