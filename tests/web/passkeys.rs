//! Passkeys in a real browser with a virtual authenticator (Web Authentication Level 3, §11), and every answer that must be refused.

use std::net::TcpListener;

use axum::http::StatusCode;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, Locator};
use quittance_agent::ports::Store as _;
use quittance_agent::ports_accounts::Accounts as _;
use quittance_rules::journal::Change;
use quittance_rules::users::{Passkey, PasskeyState, Role, User};
use quittance_tools::store::Database;
use quittance_web::passkeys::{Answer, Challenge, Refusal};
use quittance_web::session::{Means, Session, Visitor};
use quittance_web::{Web, WebError};
use serde_json::{Value, json};

use crate::browser::{Driver, at, fill, press, served_as, violations};
use crate::desk::{TestDesk, user_id, visitor};

const PASSWORD: &str = "vuelo tranquilo bajo lluvia";

/// The commands of the WebDriver extension for virtual authenticators.
#[derive(Debug)]
struct Authenticator {
    method: http::Method,
    path: String,
    body: Option<Value>,
}

impl WebDriverCompatibleCommand for Authenticator {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/webauthn/{}", session.unwrap_or_default(), self.path))
    }
    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (self.method.clone(), self.body.as_ref().map(ToString::to_string))
    }
}

async fn authenticator(browser: &Client, method: http::Method, path: &str, body: Option<Value>) -> Value {
    let command = Authenticator { method, path: path.to_owned(), body };
    browser.issue_cmd(command).await.expect("the virtual authenticator")
}

/// A device that keeps passkeys and makes sure of the person.
async fn device(browser: &Client) -> String {
    let device = json!({
        "protocol": "ctap2", "transport": "internal",
        "hasResidentKey": true, "hasUserVerification": true, "isUserVerified": true,
    });
    let id = authenticator(browser, http::Method::POST, "authenticator", Some(device)).await;
    id.as_str().expect("an id").to_owned()
}

/// The pages by the name of this machine; they end when the sender is dropped.
async fn served(desk: &TestDesk) -> (Web<Database>, String, tokio::sync::oneshot::Sender<()>) {
    let free = TcpListener::bind(("127.0.0.1", 0)).expect("a port").local_addr().expect("its number");
    let base = format!("http://localhost:{}", free.port());
    let (web, _, stop) = served_as(desk, |settings| {
        settings.listen = free;
        settings.public_url.clone_from(&base);
    })
    .await;
    (web, base, stop)
}

/// What the device answers to a challenge, as the browser's own JSON.
async fn asks(browser: &Client, how: &str, options: &Value) -> Result<String, String> {
    let script = format!(
        "const done = arguments[arguments.length - 1];
         (async () => {{
           const publicKey = PublicKeyCredential.parse{}OptionsFromJSON(arguments[0]);
           const found = await navigator.credentials.{how}({{ publicKey }});
           return JSON.stringify(found.toJSON());
         }})().then((text) => done({{ text }}), (error) => done({{ error: String(error) }}));",
        if how == "create" { "Creation" } else { "Request" }
    );
    let said = browser.execute_async(&script, vec![options.clone()]).await.expect("it runs");
    match said["text"].as_str() {
        Some(text) => Ok(text.to_owned()),
        None => Err(said["error"].as_str().unwrap_or_default().to_owned()),
    }
}

async fn session_of(web: &Web<Database>, user: &User) -> (String, Session) {
    let cookie = web.begin(user, &visitor()).await.expect("a session");
    let hash = quittance_web::secret::hash(&cookie);
    let session = Session { user: user.clone(), means: Means::Cookie { hash }, proved_at: Some(web.now()), visitor: visitor() };
    (cookie, session)
}

/// Makes a passkey with the browser's device.
async fn make(web: &Web<Database>, browser: &Client, user: &User, name: &str) -> Passkey {
    let (_, session) = session_of(web, user).await;
    let Challenge { ticket, options } = web.begin_passkey(&session, name.to_owned()).await.expect("a challenge");
    let credential = asks(browser, "create", &options).await.expect("a passkey");
    web.finish_passkey(&session, &Answer { ticket, credential }).await.expect("an answer").expect("a good one");
    let mut found = web.passkeys_of(&user.id).await.expect("a list").into_iter().map(|(passkey, _)| passkey);
    found.rfind(|passkey| passkey.name == name).expect("the new one")
}

/// A challenge to sign in with, answered; `change` may tamper with the options before the device sees them.
async fn answer(web: &Web<Database>, browser: &Client, change: impl FnOnce(&mut Value)) -> Answer {
    let Challenge { ticket, mut options } = web.begin_passkey_sign_in(&visitor()).await.expect("a challenge");
    change(&mut options);
    let credential = asks(browser, "get", &options).await.expect("an answer");
    Answer { ticket, credential }
}

async fn finish(web: &Web<Database>, answer: &Answer) -> Result<(), Refusal> {
    web.finish_passkey_sign_in(answer, &visitor()).await.expect("no error").map(|_| ())
}

fn changed(answer: Answer, change: impl FnOnce(&mut Value)) -> Answer {
    let mut credential: Value = serde_json::from_str(&answer.credential).expect("JSON");
    change(&mut credential);
    Answer { credential: credential.to_string(), ..answer }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_passkey_is_made_signs_in_proves_again_and_goes() {
    let desk = TestDesk::new().await;
    let ana = desk.person("ana", &[(Role::Admin, None)]).await;
    desk.set_password(&ana, PASSWORD).await;
    let (web, base, _stop) = served(&desk).await;
    let driver = Driver::start();
    let browser = driver.browser(1440, 900).await;
    let device = device(&browser).await;
    let mut wrong = Vec::new();

    browser.goto(&format!("{base}/sign-in")).await.expect("the page");
    wrong.extend(violations(&browser).await);
    // Nobody has a passkey yet: the browser says no, and the page says so in a sentence.
    press(&browser, "form[data-passkey] button").await;
    let said = browser.wait().for_element(Locator::Css("[data-problem]:not([hidden])")).await.expect("a sentence");
    assert!(said.text().await.expect("text").contains("gave no passkey"));
    wrong.extend(violations(&browser).await);
    fill(&browser, "input[name=name]", "ana").await;
    fill(&browser, "input[name=password]", PASSWORD).await;
    press(&browser, "form[action='/sign-in'] button").await;
    at(&browser, "/").await;

    browser.goto(&format!("{base}/account")).await.expect("the page");
    fill(&browser, "#passkeys input[name=name]", "Ana's <telephone>").await;
    press(&browser, "#passkeys form[action='/account/passkeys/new'] button").await;
    at(&browser, "/account/passkeys/new").await;
    wrong.extend(violations(&browser).await);
    press(&browser, "form[data-passkey=create] button").await;
    at(&browser, "/account").await;
    let row = browser.find(Locator::Css("#passkeys tbody tr")).await.expect("the passkey").text().await.expect("text");
    assert!(row.contains("Ana's <telephone>") && row.contains('–'), "never used: {row}");
    wrong.extend(violations(&browser).await);
    let kept = authenticator(&browser, http::Method::GET, &format!("authenticator/{device}/credentials"), None).await;
    assert_eq!(kept.as_array().map(Vec::len), Some(1), "the device keeps it: {kept}");
    assert_eq!(kept[0]["isResidentCredential"], true);
    assert_eq!(kept[0]["userHandle"].as_str().map(str::len), Some(22), "sixteen bytes of chance, which tell nothing: {kept}");

    // Out, and in again without a name or a word typed.
    press(&browser, ".menu > summary").await;
    press(&browser, "form[action='/sign-out'] button").await;
    at(&browser, "/sign-in").await;
    browser.goto(&format!("{base}/sign-in?next=/customers")).await.expect("the page");
    press(&browser, "form[data-passkey=get] button").await;
    at(&browser, "/customers").await;

    // What needs a fresh proof asks for one, and the passkey is one.
    desk.clock.forward_seconds(11 * 60);
    browser.goto(&format!("{base}/account")).await.expect("the page");
    let row = browser.find(Locator::Css("#passkeys tbody tr")).await.expect("the passkey").text().await.expect("text");
    assert!(!row.contains('–'), "used: {row}");
    press(&browser, "#passkeys tbody form button").await;
    at(&browser, "/step-up").await;
    wrong.extend(violations(&browser).await);
    press(&browser, "form[data-passkey=get] button").await;
    at(&browser, "/account").await;
    press(&browser, "#passkeys tbody form button").await;
    for _ in 0..100 {
        if web.passkeys_of(&ana.id).await.expect("a list").is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(web.passkeys_of(&ana.id).await.expect("a list").is_empty());
    let all = web.store.passkeys_of(&ana.id).await.expect("a list");
    assert!(matches!(all[0].0.state, PasskeyState::Removed { .. }) && all[0].1.is_some());

    // In Spanish too.
    desk.apply(vec![Change::UserSet(User { language: Some("es".to_owned()), ..ana.clone() })]).await;
    browser.goto(&format!("{base}/account")).await.expect("the page");
    let panel = browser.find(Locator::Css("#passkeys h2")).await.expect("the panel").text().await.expect("text");
    assert_eq!(panel, "Llaves de acceso");
    wrong.extend(violations(&browser).await);
    browser.close().await.expect("closed");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_are_not_right_open_nothing() {
    let desk = TestDesk::new().await;
    let ana = desk.person("ana", &[(Role::Admin, None)]).await;
    let bo = desk.person("bo", &[(Role::Viewer, None)]).await;
    let (web, base, _stop) = served(&desk).await;
    let (_, elsewhere, _stop_too) = served(&desk).await;
    let driver = Driver::start();
    let browser = driver.browser(1280, 800).await;
    browser.goto(&format!("{base}/sign-in")).await.expect("the page");
    let device = device(&browser).await;
    let of_ana = make(&web, &browser, &ana, "one").await;
    let of_bo = make(&web, &browser, &bo, "two").await;
    assert_ne!(of_ana.handle, of_bo.handle);
    let only = |passkey: &Passkey| {
        let id = passkey.id.clone();
        move |options: &mut Value| options["allowCredentials"] = json!([{ "type": "public-key", "id": id }])
    };

    // The same device does not get a second one in the same account.
    let (cookie, session) = session_of(&web, &ana).await;
    let again = web.begin_passkey(&session, "again".to_owned()).await.expect("a challenge");
    assert!(asks(&browser, "create", &again.options).await.unwrap_err().contains("InvalidState"));

    // Good once.
    let good = answer(&web, &browser, only(&of_ana)).await;
    assert_eq!(finish(&web, &good).await, Ok(()));
    assert_eq!(finish(&web, &good).await, Err(Refusal::TooLate), "replayed");
    // The same answer to another challenge.
    let fresh = web.begin_passkey_sign_in(&visitor()).await.expect("a challenge");
    let replayed = Answer { ticket: fresh.ticket, credential: good.credential.clone() };
    assert_eq!(finish(&web, &replayed).await, Err(Refusal::Wrong), "another challenge");
    let unsigned = changed(answer(&web, &browser, only(&of_ana)).await, |credential| {
        credential["response"]["signature"] = "AAAA".into();
    });
    assert_eq!(finish(&web, &unsigned).await, Err(Refusal::Wrong), "no signature");

    let late = answer(&web, &browser, only(&of_ana)).await;
    desk.clock.forward_seconds(5 * 60);
    assert_eq!(finish(&web, &late).await, Err(Refusal::TooLate), "five minutes");

    // Another browser, with the ticket of this one.
    let stolen = answer(&web, &browser, only(&of_ana)).await;
    let other = Visitor { csrf: "other".to_owned(), ..visitor() };
    assert!(matches!(web.finish_passkey_sign_in(&stolen, &other).await, Err(WebError::Forged)));
    assert_eq!(finish(&web, &stolen).await, Err(Refusal::TooLate), "and it is used up");

    // A page of another origin (another port of the same name) may ask the device; the answer says where it was asked.
    browser.goto(&format!("{elsewhere}/sign-in")).await.expect("the page");
    let foreign = answer(&web, &browser, only(&of_ana)).await;
    assert_eq!(finish(&web, &foreign).await, Err(Refusal::Wrong), "another origin");
    browser.goto(&format!("{base}/sign-in")).await.expect("the page");

    // A device that did not make sure of the person.
    let verified = format!("authenticator/{device}/uv");
    authenticator(&browser, http::Method::POST, &verified, Some(json!({ "isUserVerified": false }))).await;
    let careless = answer(&web, &browser, |options| {
        only(&of_ana)(options);
        options["userVerification"] = "discouraged".into();
    })
    .await;
    assert_eq!(finish(&web, &careless).await, Err(Refusal::Wrong), "not verified");
    authenticator(&browser, http::Method::POST, &verified, Some(json!({ "isUserVerified": true }))).await;

    // Bo's answer under the name of ana's passkey, with and without her handle.
    let id = of_ana.id.clone();
    let renamed = changed(answer(&web, &browser, only(&of_bo)).await, |credential| {
        credential["id"] = id.clone().into();
        credential["rawId"] = id.clone().into();
    });
    assert_eq!(finish(&web, &renamed).await, Err(Refusal::Wrong), "another's handle");
    let hers: Value = serde_json::from_str(&good.credential).expect("JSON");
    let dressed = changed(answer(&web, &browser, only(&of_bo)).await, |credential| {
        credential["id"] = id.clone().into();
        credential["rawId"] = id.clone().into();
        credential["response"]["userHandle"] = hers["response"]["userHandle"].clone();
    });
    assert_eq!(finish(&web, &dressed).await, Err(Refusal::Wrong), "another's signature");
    // Bo's own passkey does not prove that ana is there.
    let Challenge { ticket, mut options } = web.begin_passkey_step_up(&session).await.expect("a challenge");
    only(&of_bo)(&mut options);
    let credential = asks(&browser, "get", &options).await.expect("an answer");
    let step_up = web.finish_passkey_step_up(&session, &Answer { ticket, credential }).await.expect("no error");
    assert_eq!(step_up, Err(Refusal::Wrong), "another's proof");
    // A challenge for a sign-in is none for a proof.
    let mixed = answer(&web, &browser, only(&of_ana)).await;
    assert_eq!(web.finish_passkey_step_up(&session, &mixed).await.expect("no error"), Err(Refusal::TooLate));

    // Whoever knows the number of a passkey, or sends none, shuts nobody out but the own address.
    let stranger = Visitor { address: [203, 0, 113, 9].into(), ..visitor() };
    let mut failures = 0;
    let refused = loop {
        let Challenge { ticket, .. } = match web.begin_passkey_sign_in(&stranger).await {
            Ok(challenge) => challenge,
            Err(error) => break error,
        };
        let nobodys = changed(Answer { ticket, credential: good.credential.clone() }, |credential| {
            credential["rawId"] = if failures % 2 == 0 { "".into() } else { id.clone().into() };
        });
        let said = web.finish_passkey_sign_in(&nobodys, &stranger).await.expect("no error").map(|_| ());
        assert_eq!(said, Err(Refusal::Wrong));
        failures += 1;
    };
    assert!(matches!(refused, WebError::TooMany(_)) && failures == 30, "{failures}");
    assert_eq!(finish(&web, &answer(&web, &browser, only(&of_bo)).await).await, Ok(()));
    assert_eq!(finish(&web, &answer(&web, &browser, only(&of_ana)).await).await, Ok(()), "nothing above has shut it");

    // Disabled: shut; enabled again: open.
    desk.apply(vec![Change::UserSet(User { is_disabled: true, ..bo.clone() })]).await;
    assert_eq!(finish(&web, &answer(&web, &browser, only(&of_bo)).await).await, Err(Refusal::Wrong), "disabled");
    desk.apply(vec![Change::UserSet(bo.clone())]).await;

    // A copy: the counter starts over.
    let path = format!("authenticator/{device}/credentials");
    let kept = authenticator(&browser, http::Method::GET, &path, None).await;
    let mut copy =
        kept.as_array().expect("a list").iter().find(|one| one["credentialId"] == of_bo.id.as_str()).expect("bo's").clone();
    assert!(copy["signCount"].as_u64().expect("a counter") > 1, "{copy}");
    authenticator(&browser, http::Method::DELETE, &format!("{path}/{}", of_bo.id), None).await;
    copy["signCount"] = json!(0);
    authenticator(&browser, http::Method::POST, &format!("authenticator/{device}/credential"), Some(copy)).await;
    let copied = answer(&web, &browser, only(&of_bo)).await;
    assert_eq!(finish(&web, &copied).await, Err(Refusal::Copied), "the counter went back");
    let entries = web.store.audit_entries(0, 0).await.expect("the log");
    let last = &entries.last().expect("an entry").changes;
    assert!(last.contains("passkey_set") && last.contains("copied"), "{last}");
    for _ in 0..3 {
        assert_eq!(finish(&web, &answer(&web, &browser, only(&of_bo)).await).await, Err(Refusal::Wrong), "and it stays shut");
    }

    // An admin sees and removes it; what was removed opens nothing.
    let page = desk.get("/users/bo", Some(&cookie)).await;
    assert!(page.body.contains("refused: a copy may be about"), "{}", page.body);
    let (cookie, _) = session_of(&web, &ana).await;
    let gone = desk.post(&format!("/users/bo/passkeys/{}/remove", of_bo.id), &cookie, "").await;
    assert_eq!((gone.status, gone.location()), (StatusCode::SEE_OTHER, "/users/bo"));
    assert!(web.passkeys_of(&user_id("bo")).await.expect("a list").is_empty());
    let removed = desk.post(&format!("/account/passkeys/{}/remove", of_ana.id), &cookie, "").await;
    assert_eq!(removed.location(), "/account#passkeys");
    desk.clock.forward_seconds(60 * 60);
    assert_eq!(finish(&web, &answer(&web, &browser, only(&of_ana)).await).await, Err(Refusal::Wrong), "removed");
    browser.close().await.expect("closed");
}

#[tokio::test]
async fn an_address_in_numbers_says_that_it_carries_none() {
    let desk = TestDesk::new().await;
    let ana = desk.person("ana", &[(Role::Admin, None)]).await;
    desk.person("bo", &[(Role::Viewer, None)]).await;
    let session = desk.session(&ana).await;
    let page = desk.get("/account", Some(&session)).await;
    assert!(page.body.contains("http://127.0.0.1:8080, which cannot carry them"), "{}", page.body);
    assert!(!desk.get("/sign-in", None).await.body.contains("data-passkey"));
    let refused = desk.post("/account/passkeys/new", &session, "name=mine").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(desk.post_visitor("/sign-in/passkey/begin", "", "").await.status, StatusCode::NOT_FOUND);
    // What is no answer is refused with a sentence, and somebody else's passkey is nothing here.
    let named = TestDesk::with(|settings| settings.public_url = "https://quittance.example.com".to_owned()).await;
    let user = named.person("ana", &[(Role::Admin, None)]).await;
    let (_, session) = session_of(&named.web, &user).await;
    for credential in ["", "{}", "{\"id\":\"x\",\"rawId\":\"\",\"type\":\"public-key\",\"response\":{}}"] {
        let answer = Answer { ticket: "none".to_owned(), credential: credential.to_owned() };
        assert!(matches!(named.web.finish_passkey_sign_in(&answer, &visitor()).await, Err(WebError::Invalid { .. })));
        assert!(matches!(named.web.finish_passkey(&session, &answer).await, Err(WebError::Invalid { .. })));
    }
    for name in ["", &"x".repeat(101), "a\u{7}b"] {
        let cookie = desk.session(&ana).await;
        let answer = desk.post("/account/passkeys/new", &cookie, &format!("name={}", name.replace('\u{7}', "%07"))).await;
        assert!(answer.body.contains("a name of 1 to 100 characters"), "{name:?}");
    }
}
