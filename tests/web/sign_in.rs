//! Signing in, and everything that must not work.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crate::desk::{TestDesk, user_id};
use axum::body::Body;
use axum::extract::State;
use axum::http::{Method, Request, StatusCode, header};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use jiff::SignedDuration;
use quittance_agent::ports_accounts::Accounts;
use quittance_rules::journal::Change;
use quittance_rules::users::{ApiToken, Role, Scope, User};
use quittance_web::secret;
use quittance_web::settings::OidcProvider;
use sha2::{Digest as _, Sha256};

const PASSWORD: &str = "vuelo tranquilo bajo lluvia";

async fn desk_with_ana() -> (TestDesk, User) {
    let desk = TestDesk::new().await;
    let ana = desk.person("ana", &[(Role::Admin, None)]).await;
    desk.set_password(&ana, PASSWORD).await;
    (desk, ana)
}

#[tokio::test]
async fn the_right_password_signs_in_and_the_cookie_works_once_signed_out_no_more() {
    let (desk, _) = desk_with_ana().await;
    let answer = desk.sign_in("ana", PASSWORD).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/queue"));
    let session = answer.cookie("session").expect("a session");
    assert_eq!(desk.get("/queue", Some(&session)).await.status, StatusCode::OK);
    assert_eq!(desk.post("/sign-out", &session, "").await.location(), "/sign-in");
    assert_eq!(desk.get("/queue", Some(&session)).await.location(), "/sign-in?next=/queue");
}

#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_get_the_same_answer() {
    let (desk, ana) = desk_with_ana().await;
    let mut bodies = Vec::new();
    for (name, password) in [("ana", "wrong password here"), ("nobody", PASSWORD), ("", ""), ("a\u{0}b", "x")] {
        let answer = desk.sign_in(name, password).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{name}");
        assert!(answer.cookie("session").is_none());
        bodies.push(answer.body.replace(&format!("value=\"{name}\""), "value=\"\"").replace(" autofocus", ""));
    }
    assert_eq!(bodies[0], bodies[1]);
    desk.apply(vec![Change::UserSet(User { is_disabled: true, ..ana })]).await;
    assert_eq!(desk.sign_in("ana", PASSWORD).await.status, StatusCode::UNAUTHORIZED, "disabled");
}

#[tokio::test]
async fn too_many_failures_must_wait_and_others_need_not() {
    let (desk, _) = desk_with_ana().await;
    let bo = desk.person("bo", &[(Role::Viewer, None)]).await;
    desk.set_password(&bo, PASSWORD).await;
    for _ in 0..6 {
        assert_eq!(desk.sign_in("ana", "not the password").await.status, StatusCode::UNAUTHORIZED);
    }
    let answer = desk.sign_in("ana", PASSWORD).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "the right one too");
    assert_eq!(answer.headers[header::RETRY_AFTER], "30");
    assert_eq!(desk.sign_in("bo", PASSWORD).await.status, StatusCode::SEE_OTHER);
    desk.clock.forward_seconds(31);
    assert_eq!(desk.sign_in("ana", PASSWORD).await.status, StatusCode::SEE_OTHER);
    // A success forgets the failures.
    assert_eq!(desk.sign_in("ana", "not the password").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(desk.sign_in("ana", PASSWORD).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn one_address_trying_many_names_must_wait() {
    let (desk, _) = desk_with_ana().await;
    for number in 0..30 {
        assert_eq!(desk.sign_in(&format!("guess{number}"), "not the password").await.status, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(desk.sign_in("ana", PASSWORD).await.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn sessions_end_by_rest_by_age_and_at_once_with_their_person() {
    let (desk, ana) = desk_with_ana().await;
    let ok = async |session: &str| desk.get("/queue", Some(session)).await.status == StatusCode::OK;
    let session = desk.session(&ana).await;
    for _ in 0..5 {
        desk.clock.forward_seconds(2 * 3600);
        assert!(ok(&session).await, "busy");
    }
    desk.clock.forward_seconds(2 * 3600 + 1);
    assert!(!ok(&session).await, "over by age, or by rest");

    let session = desk.session(&ana).await;
    desk.clock.forward_seconds(2 * 3600 + 1);
    assert!(!ok(&session).await, "over by rest");
    assert!(desk.web.store.session(&secret::hash(&session)).await.unwrap().is_none(), "and gone");

    let (one, two) = (desk.session(&ana).await, desk.session(&ana).await);
    assert_eq!(desk.post("/account/sessions/end", &one, "").await.status, StatusCode::SEE_OTHER);
    assert!(ok(&one).await && !ok(&two).await, "the others end");
    desk.set_password(&ana, "otra vez bajo la lluvia fina").await;
    assert!(!ok(&one).await, "a new password ends sessions");

    let session = desk.session(&ana).await;
    desk.apply(vec![Change::UserSet(User { is_disabled: true, ..ana })]).await;
    assert!(!ok(&session).await, "a disabled person is out at once");
    assert!(!ok("forged").await);
}

#[tokio::test]
async fn roles_taken_away_are_gone_with_the_next_request() {
    let (desk, ana) = desk_with_ana().await;
    let session = desk.session(&ana).await;
    assert_eq!(desk.get("/users", Some(&session)).await.status, StatusCode::OK);
    desk.apply(vec![Change::UserSet(User { grants: Vec::new(), ..ana })]).await;
    assert_eq!(desk.get("/users", Some(&session)).await.status, StatusCode::FORBIDDEN);
}

fn code(secret: &str, user: &User, at: i64) -> String {
    let totp = quittance_web::sign_in::totp(secret, user).unwrap();
    totp.generate(u64::try_from(at).unwrap()).to_string()
}

/// The text between two marks.
fn between<'t>(text: &'t str, from: &str, to: &str) -> &'t str {
    text.split_once(from).unwrap_or_else(|| panic!("{from} in {text}")).1.split_once(to).unwrap().0
}

#[tokio::test]
async fn one_time_codes_are_set_up_asked_for_and_good_once() {
    let (desk, ana) = desk_with_ana().await;
    let session = desk.session(&ana).await;
    let page = desk.post("/account/codes", &session, "").await;
    assert_eq!(page.status, StatusCode::OK);
    let key: String = between(&page.body, "mono wrap\">", "<").split_whitespace().collect();
    let ticket = between(&page.body, "name=\"ticket\" value=\"", "\"").to_owned();
    let now = || desk.web.now().as_second();
    let wrong = desk.post("/account/codes/confirm", &session, &format!("ticket={ticket}&code=000000")).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let first = code(&key, &ana, now());
    let page = desk.post("/account/codes/confirm", &session, &format!("ticket={ticket}&code={first}")).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    let recovery: Vec<String> =
        between(&page.body, "<ul class=\"codes\">", "</ul>").split("<li>").skip(1).map(|li| li.replace("</li>", "")).collect();
    assert_eq!(recovery.len(), 10);

    let step = async || {
        let answer = desk.sign_in("ana", PASSWORD).await;
        assert_eq!(answer.location(), "/sign-in/code?next=%2Fqueue".replace("%2F", "/"));
        assert!(answer.cookie("session").is_none(), "half signed in is not signed in");
        answer.cookie("code").expect("a ticket")
    };
    let enter = async |ticket: &str, code: &str| {
        let form = format!("code={}&next=/queue", code.replace(' ', "+"));
        desk.post_visitor("/sign-in/code", &form, &format!("quittance-code={ticket}")).await
    };
    let ticket = step().await;
    assert_eq!(enter(&ticket, &first).await.status, StatusCode::UNAUTHORIZED, "the code of the set-up was used");
    desk.clock.forward_seconds(30);
    let second = code(&key, &ana, now());
    let answer = enter(&ticket, &second).await;
    assert_eq!(answer.location(), "/queue");
    assert_eq!(desk.get("/queue", Some(&answer.cookie("session").unwrap())).await.status, StatusCode::OK);
    assert_eq!(enter(&ticket, &second).await.location(), "/sign-in?next=/", "the ticket was used up");
    let ticket = step().await;
    assert_eq!(enter(&ticket, &second).await.status, StatusCode::UNAUTHORIZED, "replayed");
    assert_eq!(enter(&ticket, &recovery[3]).await.location(), "/queue");
    let ticket = step().await;
    assert_eq!(enter(&ticket, &recovery[3]).await.status, StatusCode::UNAUTHORIZED, "a recovery code is good once");
    assert_eq!(enter(&ticket, &recovery[4].replace('-', " ").to_uppercase()).await.location(), "/queue");
    desk.clock.forward_seconds(60);
    let ticket = step().await;
    desk.clock.forward_seconds(301);
    assert_eq!(enter(&ticket, &code(&key, &ana, now())).await.location(), "/sign-in?next=/", "the step took too long");
    let report = quittance_agent::ports::Store::verify(&desk.web.store).await.unwrap();
    assert!(report.findings.is_empty(), "{:?}", report.findings);
}

#[tokio::test]
async fn what_needs_a_fresh_proof_leads_through_one() {
    let (desk, ana) = desk_with_ana().await;
    let session = desk.session(&ana).await;
    desk.clock.forward_seconds(11 * 60);
    let form = "login=bo&name=Bo&email=";
    assert_eq!(desk.post("/users", &session, form).await.location(), "/step-up?next=/");
    assert_eq!(desk.get("/step-up?next=/users", Some(&session)).await.status, StatusCode::OK);
    assert_eq!(desk.post("/step-up", &session, "proof=wrong&next=/users").await.status, StatusCode::UNAUTHORIZED);
    let proof = PASSWORD.replace(' ', "+");
    let answer = desk.post("/step-up", &session, &format!("proof={proof}&next=/users")).await;
    assert_eq!(answer.location(), "/users");
    let renewed = answer.cookie("session").unwrap();
    assert_ne!(renewed, session);
    assert!(desk.get("/queue", Some(&session)).await.location().starts_with("/sign-in"), "the old cookie is worth nothing");
    assert_eq!(desk.post("/users", &renewed, form).await.location(), "/users/bo");
    // Only to addresses of ours.
    let answer = desk.post("/step-up", &renewed, &format!("proof={proof}&next=//evil.example")).await;
    assert_eq!(answer.location(), "/");
}

#[tokio::test]
async fn a_link_sets_a_password_once() {
    let desk = TestDesk::new().await;
    let ana = desk.person("ana", &[(Role::Admin, None)]).await;
    let link = desk.web.password_link(&ana.id, SignedDuration::from_hours(24)).await.unwrap();
    let path = link.strip_prefix("http://127.0.0.1:8080").unwrap();
    assert_eq!(desk.get(path, None).await.status, StatusCode::OK);
    for (form, why) in [
        ("password=short&again=short", "fewer than 12"),
        ("password=passwordpassword&again=passwordpassword", "everybody uses"),
        ("password=vuelo+tranquilo+bajo&again=vuelo+tranquilo", "not the same"),
    ] {
        let answer = desk.post_visitor(path, form, "").await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains(why), "{why}: {}", answer.body);
    }
    let form = "password=vuelo+tranquilo+bajo+lluvia&again=vuelo+tranquilo+bajo+lluvia";
    let answer = desk.post_visitor(path, form, "").await;
    assert_eq!(answer.location(), "/");
    assert_eq!(desk.get("/", Some(&answer.cookie("session").unwrap())).await.status, StatusCode::OK);
    assert_eq!(desk.post_visitor(path, form, "").await.status, StatusCode::NOT_FOUND, "used");
    assert_eq!(desk.sign_in("ana", PASSWORD).await.status, StatusCode::SEE_OTHER);
    let old = desk.web.password_link(&ana.id, SignedDuration::from_hours(24)).await.unwrap();
    desk.clock.forward_seconds(24 * 3600 + 1);
    assert_eq!(desk.get(old.strip_prefix("http://127.0.0.1:8080").unwrap(), None).await.status, StatusCode::NOT_FOUND, "over");
}

#[tokio::test]
async fn somebody_is_always_left_who_is_admin() {
    let (desk, ana) = desk_with_ana().await;
    let session = desk.session(&ana).await;
    for form in ["name=Ana&email=&enabled=1&role.=viewer", "name=Ana&email=&role.=admin"] {
        let answer = desk.post("/users/ana", &session, form).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains("Somebody must be left"), "{}", answer.body);
    }
    desk.person("bo", &[(Role::Admin, None)]).await;
    assert_eq!(desk.post("/users/ana", &session, "name=Ana&email=&enabled=1&role.e1=viewer").await.location(), "/users");
    let ana = desk.web.store.user(&user_id("ana")).await.unwrap().unwrap();
    assert_eq!(ana.grants.len(), 1);
    assert!(!ana.may_everywhere(Role::Viewer));
}

async fn with_token(desk: &TestDesk, method: Method, path: &str, token: &str) -> crate::desk::Answer {
    let request = Request::builder().method(method).uri(path).header(header::AUTHORIZATION, format!("Bearer {token}"));
    desk.send(request.header(header::ACCEPT, "application/json").body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn tokens_do_what_their_scopes_and_their_owner_may() {
    let (desk, ana) = desk_with_ana().await;
    let session = desk.session(&ana).await;
    let page = desk.post("/account/tokens", &session, "name=nightly&read=1&days=30").await;
    assert_eq!(page.status, StatusCode::OK);
    let token = between(&page.body, "data-copy=\"", "\"").to_owned();
    assert!(token.starts_with("qtc_"));
    assert!(!desk.get("/account", Some(&session)).await.body.contains(&token), "shown once");
    assert_eq!(with_token(&desk, Method::GET, "/metrics", &token).await.status, StatusCode::OK);
    assert_eq!(with_token(&desk, Method::GET, "/users", &token).await.status, StatusCode::FORBIDDEN, "needs the scope admin");
    let refused = with_token(&desk, Method::POST, "/imports/evidence?name=x", &token).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(refused.headers[header::CONTENT_TYPE], "application/problem+json");
    assert!(refused.body.contains("lacks the scope import"), "{}", refused.body);
    assert_eq!(with_token(&desk, Method::POST, "/account/password", &token).await.status, StatusCode::FORBIDDEN);
    for wrong in ["", "qtc_000000000000.x", &token[..token.len() - 1], &secret::hash(&token)] {
        assert_eq!(with_token(&desk, Method::GET, "/metrics", wrong).await.status, StatusCode::UNAUTHORIZED, "{wrong}");
    }
    // A token never does more than its owner may.
    desk.apply(vec![Change::UserSet(User { grants: Vec::new(), ..ana.clone() })]).await;
    assert_eq!(with_token(&desk, Method::GET, "/metrics", &token).await.status, StatusCode::FORBIDDEN);
    desk.apply(vec![Change::UserSet(ana.clone())]).await;
    let (kept, used) = desk.web.store.tokens().await.unwrap().remove(0);
    assert_eq!(used, Some(desk.web.now()));
    assert_eq!(desk.post(&format!("/account/tokens/{}/revoke", kept.id), &session, "").await.location(), "/account");
    assert_eq!(with_token(&desk, Method::GET, "/metrics", &token).await.status, StatusCode::UNAUTHORIZED, "revoked");
    let over = ApiToken {
        id: "over".to_owned(),
        user: ana.id.clone(),
        name: "over".to_owned(),
        scopes: vec![Scope::Read],
        hash: secret::hash("over"),
        made_at: desk.web.now(),
        expires_at: Some(desk.web.now()),
        revoked_at: None,
    };
    desk.apply(vec![Change::TokenSet(over)]).await;
    assert_eq!(with_token(&desk, Method::GET, "/metrics", "over").await.status, StatusCode::UNAUTHORIZED, "over");
    let bo = desk.person("bo", &[(Role::Viewer, None)]).await;
    let other = desk.session(&bo).await;
    assert_eq!(desk.post(&format!("/account/tokens/{}/revoke", kept.id), &other, "").await.status, StatusCode::NOT_FOUND);
}

/// A provider of identities on the loopback, as small as the protocol allows.
#[derive(Clone, Default)]
struct Provider {
    issuer: Arc<Mutex<String>>,
    /// Claims to answer with, besides those of the protocol.
    claims: Arc<Mutex<serde_json::Value>>,
    /// What the last code was asked for with: nonce and challenge.
    asked: Arc<Mutex<(String, String)>>,
    secret: Arc<Mutex<String>>,
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let number = three.iter().fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for at in 0..=three.len() {
            text.push(char::from(LETTERS[(number >> (18 - 6 * at) & 63) as usize]));
        }
    }
    text
}

/// HMAC-SHA256 (RFC 2104), for keys of up to 64 bytes.
fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut block = [0_u8; 64];
    block[..key.len()].copy_from_slice(key);
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(text).finalize();
    Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().to_vec()
}

async fn discovery(State(provider): State<Provider>) -> Json<serde_json::Value> {
    let issuer = provider.issuer.lock().unwrap().clone();
    Json(serde_json::json!({
        "issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize"), "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/jwks"), "response_types_supported": ["code"], "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["HS256"],
    }))
}

async fn token(
    State(provider): State<Provider>,
    Form(form): Form<HashMap<String, String>>,
) -> (StatusCode, Json<serde_json::Value>) {
    let (nonce, challenge) = provider.asked.lock().unwrap().clone();
    let verifier = form.get("code_verifier").cloned().unwrap_or_default();
    if form.get("code").map(String::as_str) != Some("good") || base64(&Sha256::digest(&verifier)) != challenge {
        return (StatusCode::BAD_REQUEST, Json(serde_json::json!({ "error": "invalid_grant" })));
    }
    #[expect(clippy::disallowed_methods, reason = "the library compares with the system's clock")]
    let now = jiff::Timestamp::now().as_second();
    let mut claims = serde_json::json!({
        "iss": provider.issuer.lock().unwrap().clone(), "aud": "desk", "nonce": nonce, "iat": now, "exp": now + 300,
    });
    for (name, value) in provider.claims.lock().unwrap().as_object().unwrap() {
        claims[name] = value.clone();
    }
    let head = base64(br#"{"alg":"HS256","typ":"JWT"}"#);
    let signed = format!("{head}.{}", base64(claims.to_string().as_bytes()));
    let signature = base64(&hmac(provider.secret.lock().unwrap().as_bytes(), signed.as_bytes()));
    let answer = serde_json::json!({ "access_token": "x", "token_type": "Bearer", "id_token": format!("{signed}.{signature}") });
    (StatusCode::OK, Json(answer))
}

async fn provider() -> Provider {
    let provider = Provider::default();
    let app = Router::new()
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/jwks", get(|| async { Json(serde_json::json!({ "keys": [] })) }))
        .route("/token", post(token))
        .with_state(provider.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    *provider.issuer.lock().unwrap() = format!("http://{}", listener.local_addr().unwrap());
    *provider.secret.lock().unwrap() = "a secret between the two of us".to_owned();
    tokio::spawn(async move { axum::serve(listener, app).await });
    provider
}

/// Goes to the provider and comes back with a code.
async fn through(desk: &TestDesk, provider: &Provider, code: &str, same_browser: bool) -> crate::desk::Answer {
    let cookie = format!("quittance-visitor={}", "v".repeat(43));
    let go = Request::builder().uri("/sign-in/with/idp?next=/queue").header(header::COOKIE, &cookie).body(Body::empty()).unwrap();
    let going = desk.send(go).await;
    assert_eq!(going.status, StatusCode::SEE_OTHER, "{}", going.body);
    let address = going.location().to_owned();
    assert!(address.starts_with(&provider.issuer.lock().unwrap().clone()), "{address}");
    assert!(address.contains("code_challenge_method=S256"));
    let value = |name: &str| between(&format!("{address}&"), &format!("{name}="), "&").to_owned();
    *provider.asked.lock().unwrap() = (value("nonce"), value("code_challenge"));
    let back = format!("/sign-in/back/idp?code={code}&state={}", value("state"));
    let cookie = if same_browser { cookie } else { format!("quittance-visitor={}", "w".repeat(43)) };
    desk.send(Request::builder().uri(back).header(header::COOKIE, cookie).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn an_identity_provider_lets_in_whom_we_know() {
    // Of two tests in one process, the first sets TLS up.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let provider = provider().await;
    let issuer = provider.issuer.lock().unwrap().clone();
    let desk = TestDesk::with(|settings| {
        settings.oidc.push(OidcProvider {
            id: "idp".to_owned(),
            name: "House".to_owned(),
            issuer,
            client_id: "desk".to_owned(),
            client_secret: "a secret between the two of us".to_owned(),
        });
    })
    .await;
    desk.person("ana", &[(Role::Viewer, None)]).await;
    assert!(desk.get("/sign-in", None).await.body.contains("Sign in with House"));
    let claims = |value: serde_json::Value| *provider.claims.lock().unwrap() = value;

    claims(serde_json::json!({ "sub": "s-1", "email": "ana@example.com", "email_verified": false }));
    assert_eq!(through(&desk, &provider, "good", true).await.status, StatusCode::FORBIDDEN, "anybody can claim an address");
    claims(serde_json::json!({ "sub": "s-1", "email": "Ana@Example.com", "email_verified": true }));
    assert_eq!(through(&desk, &provider, "good", false).await.status, StatusCode::FORBIDDEN, "another browser came back");
    assert_eq!(through(&desk, &provider, "bad", true).await.status, StatusCode::CONFLICT, "the provider says no");
    let answer = through(&desk, &provider, "good", true).await;
    assert_eq!(answer.location(), "/queue", "{}", answer.body);
    assert_eq!(desk.get("/queue", answer.cookie("session").as_deref()).await.status, StatusCode::OK);
    let linked = desk.web.store.user(&user_id("ana")).await.unwrap().unwrap().external.unwrap();
    assert_eq!(linked.subject, "s-1");
    // From now on the subject counts, whatever the address says.
    claims(serde_json::json!({ "sub": "s-1", "email": "other@example.com", "email_verified": true }));
    assert_eq!(through(&desk, &provider, "good", true).await.location(), "/queue");
    claims(serde_json::json!({ "sub": "s-2", "email": "ana@example.com", "email_verified": true }));
    assert_eq!(through(&desk, &provider, "good", true).await.status, StatusCode::FORBIDDEN, "an address that passed on");
    for wrong in [
        serde_json::json!({ "sub": "s-1", "nonce": "another" }),
        serde_json::json!({ "sub": "s-1", "aud": "another" }),
        serde_json::json!({ "sub": "s-1", "iss": "https://another.example" }),
        serde_json::json!({ "sub": "s-1", "exp": 1 }),
    ] {
        claims(wrong.clone());
        assert_eq!(through(&desk, &provider, "good", true).await.status, StatusCode::CONFLICT, "{wrong}");
    }
    claims(serde_json::json!({ "sub": "s-1" }));
    *provider.secret.lock().unwrap() = "a secret of somebody else".to_owned();
    assert_eq!(through(&desk, &provider, "good", true).await.status, StatusCode::CONFLICT, "a forged signature");
}
