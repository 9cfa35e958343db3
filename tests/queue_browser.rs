//! The queue in a real browser: from sign-in to undo by keyboard alone, and every key of the sheet.

#[path = "program/books.rs"]
#[allow(dead_code, reason = "this test uses its part of the books")]
mod books;
mod program;

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use books::{camt053, credit};
use fantoccini::key::Key;
use fantoccini::{Client, ClientBuilder, Locator};
use program::Folder;
use serde_json::json;

const PASSWORD: &str = "three quiet brown pelicans";

const SETTINGS: &str = "\
[[entity]]
id = \"OWN\"
name = \"Own Foods GmbH\"
currency = \"EUR\"
time_zone = \"Europe/Berlin\"
accounts = [\"DE12500105170648489890\"]
";

const CUSTOMERS: &str = "\
customer_id,name,aliases,country,currency,iban
C-1,Aster Foods GmbH,Aster,DE,EUR,DE89370400440532013000
C-2,Birke & Sohn KG,,DE,EUR,DE02120300000000202051
";

const INVOICES: &str = "\
invoice_id,customer_id,seller_id,invoice_no,issue_date,due_date,currency,amount
I-1,C-1,OWN,RE-2026-0101,2026-09-01,2026-10-01,EUR,1190.00
I-2,C-1,OWN,RE-2026-0102,2026-09-05,2026-10-05,EUR,250.50
I-3,C-2,OWN,RE-2026-0203,2026-09-07,2026-10-07,EUR,480.00
I-4,C-2,OWN,RE-2026-0204,2026-09-08,2026-10-08,EUR,730.00
I-5,C-2,OWN,RE-2026-0205,2026-09-09,2026-10-09,EUR,99.90
";

/// A program that is ended with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The pages over a book with cases, and where the first admin sets a password.
fn serve(folder: &Folder) -> (Running, String, String) {
    folder.file("quittance.toml", SETTINGS);
    folder.file("c.csv", CUSTOMERS);
    folder.file("i.csv", INVOICES);
    // Short, too much, without a number, from a stranger: each a question.
    let entries = [
        credit("2026-10-02", "1170.00", "B-1", "Aster Foods GmbH", "RE-2026-0101"),
        credit("2026-10-02", "255.50", "B-2", "Aster Foods GmbH", "RE-2026-0102"),
        credit("2026-10-02", "480.00", "B-3", "Birke und Sohn KG", "danke"),
        credit("2026-10-02", "730.00", "B-4", "Somebody Else", "RE-2026-0204"),
        credit("2026-10-02", "33.00", "B-5", "Nobody Known", "Spende"),
    ];
    folder.file("s.xml", camt053("1", "0.00", "2668.50", &entries));
    folder.run(&["init", "--by", "owner"]).ended(0);
    folder.run(&["import", "customers", "c.csv"]).ended(0);
    folder.run(&["import", "invoices", "i.csv"]).ended(0);
    folder.run(&["import", "statement", "s.xml"]).ended(0).says("5 new");
    folder.run(&["run", "--once"]).ended(0);
    let mut command = folder.command(&["serve", "--listen", "127.0.0.1:0"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().expect("the program starts");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut line = || lines.next().expect("it says where it serves").expect("UTF-8");
    let base = line().trim_start_matches("serving ").to_owned();
    let first = line();
    let link = first.rsplit_once(" at ").expect("a link").1.to_owned();
    (Running(child), base, link)
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}

/// A browser with a folder of its own.
async fn browser(folder: &Folder) -> (Running, Client) {
    let port = free_port();
    let driver = Command::new("chromedriver").arg(format!("--port={port}")).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let driver = Running(driver.expect("this test needs a browser: install chromium and chromium-driver (Debian, Ubuntu)"));
    let arguments = json!([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--window-size=1440,900",
        format!("--user-data-dir={}", folder.path("browser").display()),
    ]);
    let capabilities = json!({ "goog:chromeOptions": { "args": arguments } });
    let capabilities = capabilities.as_object().expect("an object").clone();
    for _ in 0..100 {
        let mut builder = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new());
        builder.capabilities(capabilities.clone());
        if let Ok(client) = builder.connect(&format!("http://127.0.0.1:{port}")).await {
            return (driver, client);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("chromedriver did not answer");
}

/// Presses keys where the focus is.
async fn press(client: &Client, keys: &str) {
    // Between two pages what has the focus may be gone before the keys arrive: then none of them was typed.
    let mut last = None;
    for _ in 0..50 {
        let focused = client.active_element().await.expect("something has the focus");
        match focused.send_keys(keys).await {
            Ok(()) => return,
            Err(error) => last = Some(error),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{keys:?} cannot be typed: {last:?}");
}

async fn script(client: &Client, script: &str) -> serde_json::Value {
    client.execute(script, vec![]).await.expect("the script runs")
}

/// Waits until a script gives what is wanted.
async fn until(client: &Client, what: &str, wanted: impl Fn(&serde_json::Value) -> bool) -> serde_json::Value {
    let mut last = serde_json::Value::Null;
    for _ in 0..150 {
        last = client.execute(what, vec![]).await.unwrap_or_default();
        if wanted(&last) {
            return last;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{what} stays {last}");
}

const READY: &str = "return document.documentElement.dataset.ready || ''";

async fn ready(client: &Client, place: &str) -> String {
    let found = until(client, READY, |ready| ready.as_str().is_some_and(|ready| ready.starts_with(place))).await;
    found.as_str().unwrap_or_default().to_owned()
}

/// Goes to a page. A key pressed just before may still be leading elsewhere (a form that is sent, a case that opens)
/// and then takes this way's place, so the way is taken again until it ends where it should.
async fn open(client: &Client, address: &str, place: &str) {
    for _ in 0..10 {
        client.goto(address).await.expect("the page loads");
        for _ in 0..30 {
            // Between two documents there is nothing to ask.
            let at = "return [location.href, document.documentElement.dataset.ready || '']";
            let there = client.execute(at, vec![]).await.unwrap_or_default();
            if there[0] == address && there[1].as_str().is_some_and(|ready| ready.starts_with(place)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    panic!("{address} is not shown");
}

/// From the link of the first admin to the list.
async fn signed_in(client: &Client, base: &str, link: &str) {
    // The first admin sets a password, signs out, and signs in: the fields have the focus in turn.
    client.goto(link).await.expect("the page loads");
    client.wait().for_element(Locator::Css("input[name=password]")).await.expect("a form");
    press(client, PASSWORD).await;
    press(client, &char::from(Key::Tab).to_string()).await;
    press(client, PASSWORD).await;
    press(client, &char::from(Key::Enter).to_string()).await;
    until(client, "return location.pathname", |path| !path.as_str().unwrap_or_default().contains("set-password")).await;
    client.delete_all_cookies().await.expect("cookies can be cleared");
    client.goto(&format!("{base}/queue")).await.expect("the page loads");
    client.wait().for_element(Locator::Css("input[name=name]")).await.expect("the sign-in form");
    press(client, "admin").await;
    press(client, &char::from(Key::Tab).to_string()).await;
    press(client, PASSWORD).await;
    press(client, &char::from(Key::Enter).to_string()).await;
    ready(client, "list").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_sign_in_to_undo_by_keyboard() {
    let folder = Folder::new();
    let (_pages, base, link) = serve(&folder);
    let (_driver, client) = browser(&folder).await;

    signed_in(&client, &base, &link).await;
    let waiting = script(&client, "return document.querySelectorAll('#rows tbody tr').length").await;
    assert_eq!(waiting, 5, "five questions wait");

    // A clean case: open it, approve it. Three keys with the first step down.
    let postings = |folder: &Folder| {
        folder.run(&["export", "postings", "--out", "p.csv"]).ended(0);
        folder.read("p.csv").lines().count() - 1
    };
    let before = postings(&folder);
    press(&client, "j").await;
    press(&client, &char::from(Key::Enter).to_string()).await;
    let first = ready(&client, "case").await;
    let answers = script(&client, "return document.querySelectorAll('.answer').length").await;
    assert!(answers.as_i64().unwrap_or_default() >= 1, "there is an answer: {answers}");
    press(&client, "e").await;
    let second = until(&client, READY, |ready| ready.as_str() != Some(first.as_str())).await;
    assert!(second.as_str().unwrap_or_default().starts_with("case"), "the next case is shown: {second}");
    assert!(postings(&folder) > before, "something was posted");

    // Undo from wherever one is: the case waits again, with nothing posted in sum.
    press(&client, "z").await;
    until(&client, READY, |ready| ready.as_str() == Some(first.as_str())).await;
    let posted: Vec<String> = {
        folder.run(&["export", "postings", "--out", "p.csv"]).ended(0);
        folder.read("p.csv").lines().skip(1).map(str::to_owned).collect()
    };
    assert_eq!(posted.len() % 2, 0, "every posting has its reversal: {posted:?}");
    folder.run(&["audit", "verify"]).ended(0);

    every_key(&client, &base).await;

    // Remapped and switched off.
    client.goto(&format!("{base}/queue/keys")).await.expect("the page loads");
    let field = client.find(Locator::Css("input[name=down]")).await.expect("a field for each action");
    field.clear().await.expect("it can be cleared");
    field.send_keys("y").await.expect("keys can be sent");
    script(&client, "document.documentElement.dataset.sent = 'no'").await;
    field.send_keys(&char::from(Key::Enter).to_string()).await.expect("keys can be sent");
    // The answer is another document: the mark is gone from it.
    until(&client, "return document.documentElement.dataset.sent || document.readyState", |at| at == "complete").await;
    open(&client, &format!("{base}/queue"), "list").await;
    press(&client, "y").await;
    until(&client, "return document.documentElement.dataset.lastKey", |key| key == "down").await;
    client.close().await.expect("the browser closes");
}

/// Presses every key of the sheet where it works and sees that it is the action the sheet says.
async fn every_key(client: &Client, base: &str) {
    open(client, &format!("{base}/queue"), "list").await;
    let keys = script(client, "return JSON.parse(document.querySelector('#desk').dataset.keys)").await;
    let in_sheet =
        script(client, "return [...document.querySelectorAll('#sheet [data-action]')].map(e => e.dataset.action)").await;
    let keys = keys.as_array().expect("a list").clone();
    let mut listed: Vec<&str> = in_sheet.as_array().expect("a list").iter().filter_map(|name| name.as_str()).collect();
    let mut known: Vec<&str> = keys.iter().filter_map(|key| key["action"].as_str()).collect();
    listed.sort_unstable();
    known.sort_unstable();
    assert_eq!(listed, known, "the sheet is made from the key map");
    let case = script(client, "return document.querySelector('#rows tbody tr').dataset.link").await;
    let case = case.as_str().expect("an address").to_owned();
    for key in &keys {
        let (action, name, place) =
            (key["action"].as_str().unwrap(), key["key"].as_str().unwrap(), key["place"].as_str().unwrap());
        // What decides or leads elsewhere is tried on its own page each time.
        let (address, ready_as) =
            if place == "case" { (format!("{base}{case}"), "case") } else { (format!("{base}/queue"), "list") };
        open(client, &address, ready_as).await;
        // A dialog or a decision needs nothing more than that the key reached it.
        script(client, "window.seenKey = ''; new MutationObserver(() => { sessionStorage.setItem('pressed', document.documentElement.dataset.lastKey); }).observe(document.documentElement, { attributes: true })").await;
        script(client, "sessionStorage.removeItem('pressed')").await;
        match name.split_once("Mod+") {
            Some((_, rest)) => {
                let rest = if rest == "Enter" { char::from(Key::Enter).to_string() } else { rest.to_owned() };
                press(client, &format!("{}{rest}{}", char::from(Key::Control), char::from(Key::Null))).await;
            }
            None if name == "Enter" => press(client, &char::from(Key::Enter).to_string()).await,
            None => {
                for part in name.split(' ') {
                    press(client, part).await;
                }
            }
        }
        until(client, "return sessionStorage.getItem('pressed')", |pressed| pressed == action).await;
    }
}

/// The number of the case that is shown.
async fn shown_case(client: &Client) -> String {
    ready(client, "case-").await.trim_start_matches("case-").to_owned()
}

/// Whether a case still waits, as its own page says.
async fn waits(client: &Client, case: &str) -> bool {
    let asked = format!(
        "const page = await fetch('/queue/{case}'); return (await page.text()).includes('id=\"do-') ? 'waits' : 'decided';"
    );
    let wrapped = format!("const done = arguments[0]; (async () => {{ {asked} }})().then(done, (error) => done(String(error)));");
    match client.execute_async(&wrapped, vec![]).await.expect("the script runs").as_str() {
        Some("waits") => true,
        Some("decided") => false,
        other => panic!("case {case}: {other:?}"),
    }
}

const CONTROL_ENTER: [Key; 3] = [Key::Control, Key::Enter, Key::Null];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_pressed_by_mistake_decides_nothing() {
    let folder = Folder::new();
    let (_pages, base, link) = serve(&folder);
    let (_driver, client) = browser(&folder).await;
    let client = &client;
    signed_in(client, &base, &link).await;
    let first = script(client, "return document.querySelector('#rows tbody tr').dataset.link").await;
    let first = format!("{base}{}", first.as_str().expect("an address"));
    let control_enter: String = CONTROL_ENTER.map(char::from).iter().collect();

    // A key that is held, as keyboards repeat it.
    open(client, &first, "case").await;
    let case = shown_case(client).await;
    script(
        client,
        "for (let i = 0; i < 40; i++) document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'e', repeat: true, bubbles: true }))",
    )
    .await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(shown_case(client).await, case, "a held key leads nowhere");
    assert!(waits(client, &case).await, "and decides nothing");

    // Ctrl-Enter in the draft keeps the draft.
    script(client, "document.querySelector('#draft').open = true; document.querySelector('#draft-words').focus()").await;
    press(client, "Good day. ").await;
    press(client, &control_enter).await;
    until(client, "return Boolean(document.querySelector('#draft .badge'))", |kept| kept == true).await;
    assert_eq!(shown_case(client).await, case);
    assert!(waits(client, &case).await, "writing to a customer approves nothing");

    // What is written and not sent is there again after a look at the next case.
    script(client, "document.querySelector('#note').focus()").await;
    press(client, "half a thought").await;
    script(client, "document.activeElement.blur()").await;
    press(client, "j").await;
    until(client, READY, |ready| ready.as_str() != Some(&format!("case-{case}"))).await;
    press(client, "k").await;
    until(client, READY, |ready| ready.as_str() == Some(&format!("case-{case}"))).await;
    assert_eq!(script(client, "return document.querySelector('#note').value").await, "half a thought");

    // A day to put it off, and Enter: that day. Without a day nothing is put off.
    press(client, "s").await;
    until(client, "return document.querySelector('#snooze-dialog').open", |open| open == true).await;
    press(client, &control_enter).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(shown_case(client).await, case, "no day, no delay");
    script(client, "const day = document.querySelector('[name=day]'); day.value = '2099-12-24'; day.focus()").await;
    press(client, &char::from(Key::Enter).to_string()).await;
    let said = until(client, "return document.querySelector('#toasts').textContent", |said| {
        said.as_str().is_some_and(|said| said.contains("put off"))
    })
    .await;
    assert!(said.as_str().unwrap_or_default().contains("2099-12-24"), "{said}");

    // Two decisions; the message of the first undoes the first.
    let earlier = shown_case(client).await;
    press(client, "e").await;
    until(client, READY, |ready| ready.as_str() != Some(&format!("case-{earlier}"))).await;
    let later = shown_case(client).await;
    press(client, "e").await;
    until(client, READY, |ready| ready.as_str() != Some(&format!("case-{later}"))).await;
    until(client, "return document.querySelectorAll('#toasts button').length", |count| count.as_i64() == Some(2)).await;
    script(client, "document.querySelector('#toasts button').click()").await;
    until(client, READY, |ready| ready.as_str() == Some(&format!("case-{earlier}"))).await;
    assert!(waits(client, &earlier).await, "the one the message tells of waits again");
    assert!(!waits(client, &later).await, "the other one stays decided");

    // By hand: the number that is shown is taken; what is none is refused in the dialog.
    press(client, "b").await;
    until(client, "return document.querySelector('#split-dialog').open", |open| open == true).await;
    script(client, "document.querySelector('#split [name=lines]').value = 'RE-0=1.00'; document.querySelector('#split [value=split]').click()")
        .await;
    let refused = until(client, "return document.querySelector('#split .refusal')?.textContent || ''", |said| said != "").await;
    assert!(refused.as_str().is_some_and(|said| said.contains("no open item RE-0")), "{refused}");
    script(client, "document.querySelector('#split [name=lines]').value = 'RE-2026-0205=1.00'; document.querySelector('#split [name=customer]').value = 'C-2'; document.querySelector('#split [value=split]').click()").await;
    until(client, READY, |ready| ready.as_str() != Some(&format!("case-{earlier}"))).await;
    assert!(!waits(client, &earlier).await, "applied to the item of this number");

    // A slip in the filter leaves the list, with the sentence at the form.
    open(client, &format!("{base}/queue?min=1.234,50&age=x"), "list").await;
    let alert = script(client, "return document.querySelector('.filter-more [role=alert]').textContent").await;
    assert!(alert.as_str().is_some_and(|said| !said.is_empty()), "{alert}");
    assert_eq!(script(client, "return document.querySelector('[name=min]').value").await, "1.234,50", "what was typed stays");

    // Keys that work everywhere work on every page.
    client.goto(&format!("{base}/customers")).await.expect("the page loads");
    ready(client, "other").await;
    press(client, "?").await;
    until(client, "return document.querySelector('#sheet').open", |open| open == true).await;
    script(client, "document.querySelector('#sheet').close()").await;
    press(client, "g").await;
    press(client, "q").await;
    ready(client, "list").await;
    client.clone().close().await.expect("the browser closes");
}
