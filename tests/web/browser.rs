//! The pages in a real browser: signing in by hand, every page without a violation of the accessibility rules (axe), in both themes and
//! both languages, without an error on the console; and light enough.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::columns::{FileReader, brought};
use crate::desk::{TestDesk, proof_digest};
use fantoccini::{Client, ClientBuilder, Locator};
use jiff::SignedDuration;
use quittance_agent::desk::ports::DeskStore as _;
use quittance_rules::ledger::CaseId;
use quittance_rules::users::Role;
use serde_json::json;

const AXE: &str = include_str!("../fixtures/axe/axe.min.js");

/// chromedriver on a port of its own choice; it ends with the test.
pub struct Driver {
    child: Child,
    port: u16,
    _profile: tempfile::TempDir,
}

impl Driver {
    pub fn start() -> Self {
        let mut child = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is installed (Debian: chromium-driver)");
        let out = BufReader::new(child.stdout.take().expect("piped"));
        let port = out
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.split("successfully on port ").nth(1)?.trim_end_matches('.').parse().ok())
            .expect("chromedriver says its port");
        Self { child, port, _profile: tempfile::tempdir().expect("a folder") }
    }

    pub async fn browser(&self, width: u32, height: u32) -> Client {
        let profile = self._profile.path().join(format!("{width}x{height}"));
        let arguments = [
            "--headless=new".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            format!("--window-size={width},{height}"),
            format!("--user-data-dir={}", profile.display()),
        ];
        let mut capabilities = serde_json::Map::new();
        capabilities.insert("goog:chromeOptions".to_owned(), json!({ "args": arguments }));
        capabilities.insert("goog:loggingPrefs".to_owned(), json!({ "browser": "ALL" }));
        ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{}", self.port))
            .await
            .expect("a browser")
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The pages on a port of their own; they end when the sender is dropped.
pub async fn served(desk: &TestDesk) -> (String, tokio::sync::oneshot::Sender<()>) {
    let (_, address, stop) = served_as(desk, |settings| settings.listen = ([127, 0, 0, 1], 0).into()).await;
    (format!("http://{address}"), stop)
}

/// The pages under changed settings, and the address they listen at.
pub async fn served_as(
    desk: &TestDesk,
    change: impl FnOnce(&mut quittance_web::Settings),
) -> (quittance_web::Web<quittance_tools::store::Database>, SocketAddr, tokio::sync::oneshot::Sender<()>) {
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let (tell, told) = tokio::sync::oneshot::channel::<SocketAddr>();
    let mut web = desk.web.clone();
    let mut settings = (*web.settings).clone();
    change(&mut settings);
    web.settings = std::sync::Arc::new(settings);
    let served = web.clone();
    tokio::spawn(async move {
        let end = async move {
            let _ = stopped.await;
        };
        quittance_web::serve::serve(served, end, |address| {
            let _ = tell.send(address);
        })
        .await
    });
    (web, told.await.expect("it listens"), stop)
}

/// Violations of the accessibility rules on the page shown, one sentence each.
pub async fn violations(browser: &Client) -> Vec<String> {
    browser.execute(AXE, vec![]).await.expect("axe loads");
    let found = browser
        .execute_async(
            "const done = arguments[arguments.length - 1];
             axe.run(document, { resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
                .then(r => done(r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.html.slice(0, 160) + ' ' + n.failureSummary.slice(0, 200)).join(' | '))),
                      e => done(['axe failed: ' + e]));",
            vec![],
        )
        .await
        .expect("axe runs");
    serde_json::from_value(found).expect("a list of sentences")
}

/// Bytes the page took over the wire, its typeface, style and scripts included, as the browser counts them.
async fn weight(browser: &Client) -> u64 {
    let script = "return performance.getEntriesByType('navigation').concat(performance.getEntriesByType('resource'))
        .filter(e => !e.name.includes('/original')).reduce((sum, e) => sum + e.encodedBodySize, 0);";
    browser.execute(script, vec![]).await.expect("a figure").as_u64().expect("a whole number")
}

pub async fn fill(browser: &Client, selector: &str, text: &str) {
    browser.find(Locator::Css(selector)).await.expect(selector).send_keys(text).await.expect("typed");
}

pub async fn press(browser: &Client, selector: &str) {
    browser.find(Locator::Css(selector)).await.expect(selector).click().await.expect("pressed");
}

pub async fn at(browser: &Client, path: &str) {
    for _ in 0..100 {
        if browser.current_url().await.expect("an address").path() == path {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!(
        "not at {path} but at {}: {}",
        browser.current_url().await.expect("an address"),
        browser.source().await.expect("a page")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_are_accessible_light_and_quiet() {
    let mut desk = TestDesk::new().await;
    desk.web = desk.web.clone().with_importer(std::sync::Arc::new(FileReader(desk.web.store.clone())));
    let table = format!("/imports/columns/{}", brought(&desk).await);
    let ana = desk.person("ana", &[(Role::Admin, None)]).await;
    desk.person("bo", &[(Role::Reviewer, Some("e1"))]).await;
    let (base, _stop) = served(&desk).await;
    let driver = Driver::start();
    let browser = driver.browser(1440, 900).await;

    // The first sign-in, by the link.
    let link = desk.web.password_link(&ana.id, SignedDuration::from_hours(1)).await.expect("a link");
    let path = link.strip_prefix("http://127.0.0.1:8080").expect("our own").to_owned();
    browser.goto(&format!("{base}{path}")).await.expect("the page");
    let mut wrong = Vec::new();
    let mut note = |page: &str, found: Vec<String>| wrong.extend(found.into_iter().map(|v| format!("{page}: {v}")));
    note("set-password", violations(&browser).await);
    fill(&browser, "input[name=password]", "vuelo tranquilo bajo lluvia").await;
    fill(&browser, "input[name=again]", "vuelo tranquilo bajo lluvia").await;
    press(&browser, "form.stack button").await;
    at(&browser, "/").await;
    press(&browser, ".menu > summary").await;
    press(&browser, "form[action='/sign-out'] button").await;
    at(&browser, "/sign-in").await;
    note("sign-in", violations(&browser).await);
    fill(&browser, "input[name=name]", "ana").await;
    fill(&browser, "input[name=password]", "wrong").await;
    press(&browser, "form.stack button").await;
    note("sign-in refused", violations(&browser).await);
    fill(&browser, "input[name=password]", "vuelo tranquilo bajo lluvia").await;
    press(&browser, "form.stack button").await;
    at(&browser, "/").await;

    let proof = format!("/evidence/{}", proof_digest());
    let pages = [
        "/",
        "/queue",
        "/queue/1",
        "/queue/1?draft=es",
        "/queue/keys",
        "/customers",
        "/customers?q=nobody",
        "/customers/c1",
        "/evidence",
        &proof,
        "/imports",
        &table,
        "/policy",
        "/audit",
        "/users",
        "/users/bo",
        "/webhooks",
        "/webhooks/we_e1",
        "/account",
        "/step-up",
        "/nothing-here",
    ];
    for theme in ["light", "dark"] {
        for (width, height) in [(1440, 900), (390, 844)] {
            browser.set_window_size(width, height).await.expect("a size");
            for page in pages {
                browser.goto(&format!("{base}{page}")).await.expect("the page");
                browser
                    .execute("document.documentElement.dataset.theme = arguments[0]", vec![json!(theme)])
                    .await
                    .expect("a theme");
                note(&format!("{page} {theme} {width}"), violations(&browser).await);
                let wide = browser
                    .execute("return document.documentElement.scrollWidth - document.documentElement.clientWidth", vec![])
                    .await
                    .expect("a figure");
                if wide.as_i64() != Some(0) {
                    note(page, vec![format!("{wide} pixels wider than the window of {width}")]);
                }
            }
        }
    }
    // A fresh browser has nothing in its cache: the heaviest a page can be.
    let fresh = driver.browser(1280, 800).await;
    fresh.goto(&format!("{base}/sign-in")).await.expect("the page");
    fill(&fresh, "input[name=name]", "ana").await;
    fill(&fresh, "input[name=password]", "vuelo tranquilo bajo lluvia").await;
    press(&fresh, "form.stack button").await;
    at(&fresh, "/").await;
    for page in pages {
        fresh.goto(&format!("{base}{page}")).await.expect("the page");
        let bytes = weight(&fresh).await;
        if bytes >= 150_000 {
            note(page, vec![format!("{bytes} bytes")]);
        }
    }
    fresh.close().await.expect("closed");
    browser.close().await.expect("closed");
    assert!(wrong.is_empty(), "{} things:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_is_typed_around_its_facts() {
    let desk = TestDesk::new().await;
    let ana = desk.person("ana", &[(Role::Reviewer, None)]).await;
    let (base, _stop) = served(&desk).await;
    let driver = Driver::start();
    let browser = driver.browser(1440, 900).await;
    desk.set_password(&ana, "vuelo tranquilo bajo lluvia").await;
    browser.goto(&format!("{base}/sign-in")).await.expect("the page");
    fill(&browser, "input[name=name]", "ana").await;
    fill(&browser, "input[name=password]", "vuelo tranquilo bajo lluvia").await;
    press(&browser, "form.stack button").await;
    at(&browser, "/").await;
    browser.goto(&format!("{base}/queue/1?draft=en#draft")).await.expect("the page");
    let chips = browser.find_all(Locator::Css("#draft-words .chip[data-fact]")).await.expect("chips");
    assert!(!chips.is_empty(), "{}", browser.source().await.expect("a page"));
    let typed = "
        const words = document.querySelector('#draft-words');
        words.focus();
        const place = document.createRange();
        place.setStart(words.firstChild, 0);
        getSelection().removeAllRanges();
        getSelection().addRange(place);
        document.execCommand('insertText', false, 'Good morning! ');
        return document.querySelector('form[action$=\"/draft\"] textarea[name=text]').value;";
    let text = browser.execute(typed, vec![]).await.expect("it runs");
    let text = text.as_str().expect("a text");
    assert!(text.starts_with("Good morning! ") && text.contains("{amount}"), "{text}");
    let locked = "return [...document.querySelectorAll('#draft-words .chip')].every(chip => !chip.isContentEditable);";
    assert_eq!(browser.execute(locked, vec![]).await.expect("it runs"), json!(true));
    press(&browser, "form[action$='/draft'] button").await;
    let mut saved = None;
    for _ in 0..100 {
        saved = desk.web.store.draft(CaseId(1)).await.expect("a draft");
        if saved.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let saved = saved.expect("it was saved");
    assert_eq!((saved.version, saved.by.as_str()), (1, "ana"));
    assert!(saved.text.starts_with("Good morning! "), "{}", saved.text);
    // The page goes on by itself once it has its answer; only then is another asked for.
    let said_so = "return document.querySelector('#toasts').textContent.trim() !== '';";
    for _ in 0..200 {
        if browser.execute(said_so, vec![]).await.is_ok_and(|said| said == json!(true)) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // A chip taken out is refused with a sentence, and what was saved stands.
    browser.goto(&format!("{base}/queue/1?draft=en#draft")).await.expect("the page");
    let removed = "
        document.querySelector('#draft-words .chip[data-fact=amount]').remove();
        document.querySelector('#draft-words').dispatchEvent(new Event('input', { bubbles: true }));
        document.querySelector('form[action$=\"/draft\"] button').click();";
    browser.execute(removed, vec![]).await.expect("it runs");
    let mut said = String::new();
    for _ in 0..100 {
        let words = browser.execute("return document.querySelector('#toasts').textContent;", vec![]).await.expect("it runs");
        said = words.as_str().unwrap_or_default().to_owned();
        if said.contains("is missing") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(said.contains("the fact {amount} is missing"), "{said}");
    assert_eq!(desk.web.store.draft(CaseId(1)).await.expect("a draft").map(|draft| draft.version), Some(1));
    browser.close().await.expect("closed");
}
