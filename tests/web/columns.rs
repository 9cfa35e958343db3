//! Files whose columns nobody knows: what is suggested, what would be read, saving the profile, taking the file in with it.

use std::pin::Pin;
use std::sync::Arc;

use crate::browser::{Driver, at, fill, press, served, violations};
use crate::desk::{TestDesk, proof_digest};
use fantoccini::Locator;
use quittance_agent::import::{Placing, import_statement, input_of, problem_sentence};
use quittance_agent::ports::{Clock as _, Store as _};
use quittance_agent::ports_pages::{Imported, Importer, Pages as _, PreviewRefused, TablePreview, TableProfile, Upload};
use quittance_rules::journal::{Change, InputKind};
use quittance_rules::records::{EntityId, ImportProfile};
use quittance_rules::users::Role;
use quittance_tools::clock::SystemClock;
use quittance_tools::intake::bank_file::BankFileOptions;
use quittance_tools::intake::feed::BankFileFeed;
use quittance_tools::intake::preview::preview;
use quittance_tools::intake::profile::Profile;
use quittance_tools::store::Database;

/// Takes statements in with the readers of the program.
pub struct FileReader(pub Database);

impl Importer for FileReader {
    fn import<'a>(&'a self, upload: Upload) -> Pin<Box<dyn Future<Output = Result<Imported, String>> + Send + 'a>> {
        Box::pin(async move {
            let (digest, size) = self.0.keep_file(&upload.path).await.map_err(|error| error.to_string())?;
            let shown = digest.0.clone();
            let name = upload.path.file_name().unwrap().to_string_lossy().into_owned();
            let profile = upload.profile.as_deref().map(Profile::parse).transpose().map_err(|error| error.to_string())?;
            let saved = self.0.profiles().await.map_err(|error| error.to_string())?;
            let saved =
                saved.iter().filter(|saved| saved.is_on).map(|saved| Profile::parse(&saved.text)).collect::<Result<_, _>>();
            let saved = saved.map_err(|error| error.to_string())?;
            let mut feed = BankFileFeed::open(&upload.path, BankFileOptions { profile, saved, ..BankFileOptions::default() });
            let placing = Placing { account: upload.account, entity: upload.entity, book_interim: false };
            let input = input_of(digest, InputKind::Statement, &name, size);
            let report = import_statement(&self.0, &SystemClock, upload.by, input, &placing, &mut feed).await;
            let report = report.map_err(|error| error.to_string())?;
            Ok(Imported {
                line: format!("{} new", report.added),
                refused: report.problems.iter().map(problem_sentence).collect(),
                needs_columns: report.unmapped.map(|_| shown),
                is_taken: report.already_taken || report.added + report.known > 0,
            })
        })
    }

    fn preview<'a>(
        &'a self,
        path: std::path::PathBuf,
        saved: Vec<ImportProfile>,
        profile: Option<TableProfile>,
    ) -> Pin<Box<dyn Future<Output = Result<TablePreview, PreviewRefused>> + Send + 'a>> {
        Box::pin(async move {
            let saved = saved.iter().map(|saved| Profile::parse(&saved.text).unwrap()).collect();
            preview(&path, saved, profile).map_err(|error| PreviewRefused::Unreadable(error.to_string()))
        })
    }
}

const FILE: &str =
    "Wann;Wieviel;Wer genau;Wofür eigentlich\n03.04.2026;1.180,00;ACME <b>GmbH;INV-a\n05.04.2026;77,10;Müller;INV-b\n";

/// A table nobody knows, brought as a statement; its digest.
pub async fn brought(desk: &TestDesk) -> String {
    let digest = desk.web.store.keep_bytes(FILE.as_bytes()).await.unwrap();
    let input = input_of(digest.clone(), InputKind::Statement, "april.csv", FILE.len() as u64);
    desk.apply(vec![Change::InputReceived(input)]).await;
    digest.0
}

fn form(fields: &[(&str, &str)]) -> String {
    let escaped = |text: &str| {
        text.bytes()
            .map(|byte| if byte.is_ascii_alphanumeric() { (byte as char).to_string() } else { format!("%{byte:02X}") })
            .collect::<String>()
    };
    fields.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value))).collect::<Vec<_>>().join("&")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn columns_are_named_looked_at_saved_and_used() {
    let mut desk = TestDesk::new().await;
    desk.web = desk.web.clone().with_importer(Arc::new(FileReader(desk.web.store.clone())));
    desk.router = quittance_web::routes::router(desk.web.clone());
    let ana = desk.person("ana", &[(Role::Reviewer, None)]).await;
    let bo = desk.person("bo", &[(Role::Reviewer, Some("e1"))]).await;
    let session = desk.session(&ana).await;
    let brought = async |name: &str, bytes: &str, query: &str| {
        let request = axum::http::Request::builder()
            .method("POST")
            .uri(format!("/imports/statement?name={name}{query}"))
            .header("cookie", format!("quittance-session={session}"))
            .header("accept", "application/json")
            .header("x-csrf-token", quittance_web::secret::csrf_of(&session))
            .body(axum::body::Body::from(bytes.to_owned()))
            .unwrap();
        let answer = desk.send(request).await;
        serde_json::from_str::<serde_json::Value>(&answer.body).unwrap_or_else(|_| panic!("{} {}", answer.status, answer.body))
    };
    let first = brought("april.csv", FILE, "").await;
    let place = first["columns"].as_str().unwrap_or_else(|| panic!("it leads on: {first}")).to_owned();
    assert!(!first["refused"].as_array().unwrap().is_empty());
    let page = desk.get(&place, Some(&session)).await;
    assert!(page.status.is_success() && page.body.contains("Wofür eigentlich"), "{}", page.body);
    // Only for who may see everybody's lines, and only for statements.
    assert_eq!(desk.get(&place, Some(&desk.session(&bo).await)).await.status, 403);
    let proof = format!("/imports/columns/{}", proof_digest());
    for nothing in [proof.as_str(), "/imports/columns/nothing"] {
        assert_eq!(desk.get(nothing, Some(&session)).await.status, 404, "{nothing}");
    }
    let columns =
        [("field.0", "booking_date"), ("field.1", "amount"), ("field.2", "counterparty_name"), ("field.3", "remittance")];
    let with = |more: &[(&str, &str)]| form(&[&columns[..], more].concat());
    // Looking changes nothing.
    let head = desk.web.store.head().await.unwrap();
    let seen = desk
        .post(&place, &session, &with(&[("do", "preview"), ("decimal", "comma"), ("date", "dmy"), ("currency", "eur")]))
        .await;
    assert!(seen.body.contains("ACME &#60;b&#62;GmbH") || seen.body.contains("ACME &lt;b&gt;GmbH"), "{}", seen.body);
    assert!(seen.body.contains("2026-04-03") && !seen.body.contains("2026-03-04"), "{}", seen.body);
    for (more, why) in [
        (&[("do", "save"), ("name", " ")][..], "1 to 80 characters"),
        (&[("do", "save"), ("name", "Hausbank"), ("field.1", "")], "Nothing can be read with this profile yet"),
        (&[("do", "save"), ("name", "Hausbank"), ("currency", "XYZ")], "XYZ"),
        (&[("do", "save"), ("name", "Hausbank"), ("currency", "EUR"), ("entity", "e9")], "entity"),
    ] {
        // A field given first counts, so what is odd stands before.
        let body = form(&[more, &columns[..]].concat());
        let refused = desk.post(&place, &session, &body).await;
        assert!(refused.status == 422 && refused.body.contains(why), "{why}: {} {}", refused.status, refused.body);
    }
    assert_eq!(desk.web.store.head().await.unwrap(), head);
    let all = [
        ("do", "save"),
        ("name", "Hausbank"),
        ("decimal", "comma"),
        ("date", "dmy"),
        ("currency", "EUR"),
        ("account", "account-e1"),
        ("entity", "e1"),
    ];
    let saved = desk.post(&place, &session, &with(&all)).await;
    assert!(saved.status.is_success() && saved.body.contains("2 new"), "{} {}", saved.status, saved.body);
    let profiles = desk.web.store.profiles().await.unwrap();
    assert_eq!((profiles.len(), profiles[0].name.as_str(), profiles[0].version), (1, "Hausbank", 1));
    assert_eq!(profiles[0].entity.as_ref().map(|id| id.as_str()), Some("e1"));
    assert!(Profile::parse(&profiles[0].text).is_ok());
    // Another one of this name is saved only by who has been told.
    let other = with(&[
        ("do", "save"),
        ("name", "Hausbank"),
        ("decimal", "comma"),
        ("date", "dmy"),
        ("currency", "USD"),
        ("version", "0"),
    ]);
    let refused = desk.post(&place, &session, &other).await;
    assert!(refused.status == 422 && refused.body.contains("There is a profile of this name"), "{}", refused.body);
    // The next file of this kind is recognised by itself, and the one after taken with the profile by its name; the log is whole.
    let later = FILE.replace(".04.2026", ".06.2026");
    let placeless = brought("july.csv", &later, "").await;
    assert!(
        placeless["line"] == "0 new" && placeless["refused"][0].as_str().unwrap().contains("names no account"),
        "{placeless}"
    );
    let recognised = brought("july.csv", &later, "&account=account-e1").await;
    assert_eq!((recognised["line"].as_str(), recognised["columns"].as_str()), (Some("2 new"), None), "{recognised}");
    let may = FILE.replace(".04.2026", ".05.2026");
    let second = brought("may.csv", &may, "&profile=Hausbank").await;
    assert_eq!((second["line"].as_str(), second["columns"].as_str()), (Some("2 new"), None), "{second}");
    let unknown = brought("june.csv", &may.replace(".05.2026", ".07.2026"), "&profile=Otherbank").await;
    assert_eq!(unknown["field"], "profile");
    assert!(desk.clock.now() > jiff::Timestamp::UNIX_EPOCH);
    let report = desk.web.store.verify().await.unwrap();
    assert!(report.findings.is_empty(), "{:?}", report.findings);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_half_read_file_goes_on_and_books_nothing_twice() {
    let mut desk = TestDesk::new().await;
    desk.web = desk.web.clone().with_importer(Arc::new(FileReader(desk.web.store.clone())));
    desk.router = quittance_web::routes::router(desk.web.clone());
    let ana = desk.person("ana", &[(Role::Reviewer, None)]).await;
    let session = desk.session(&ana).await;
    // The second and the last row have their amount in another column; the first and the third say the same.
    const HALF: &str = "Wann;Wieviel;Sonst;Wer genau;Wofür eigentlich\n03.04.2026;10,00;;ACME;a\n04.04.2026;;20,00;Müller;b\n\
        03.04.2026;10,00;;ACME;a\n03.04.2026;;10,00;ACME;a\n";
    let digest = desk.web.store.keep_bytes(HALF.as_bytes()).await.unwrap();
    let input = input_of(digest.clone(), InputKind::Statement, "half.csv", HALF.len() as u64);
    desk.apply(vec![Change::InputReceived(input)]).await;
    let place = format!("/imports/columns/{}", digest.0);
    let with = |more: &[(&str, &str)]| {
        let all = [
            ("do", "save"),
            ("name", "Half"),
            ("entity", "e1"),
            ("decimal", "comma"),
            ("date", "dmy"),
            ("currency", "EUR"),
            ("field.0", "booking_date"),
        ];
        form(&[more, &all[..]].concat())
    };
    let named = [("field.1", "amount"), ("field.2", ""), ("field.3", "counterparty_name"), ("field.4", "remittance")];
    let before = desk.web.store.lines_found(&digest).await.unwrap().len();
    // Nothing is taken without an account: then the profile is not kept either.
    let failed = desk.post(&place, &session, &with(&named)).await;
    assert!(failed.body.contains("names no account") && failed.body.contains("The profile is not saved"), "{}", failed.body);
    assert_eq!((desk.web.store.profiles().await.unwrap(), before), (Vec::new(), 0));
    let first = desk.post(&place, &session, &with(&[&named[..], &[("account", "account-e1")]].concat())).await;
    assert!(first.body.contains("2 new") && first.body.contains("The profile is saved"), "{}", first.body);
    let list = desk.get("/imports", Some(&session)).await;
    assert!(list.body.contains(&place), "the page leads on: {}", list.body);
    // Named otherwise, without the other party: the booked rows would not be known again. Nothing is taken.
    let told = [("account", "account-e1"), ("version", "1"), ("told", "Half")];
    let otherwise = [("field.1", "amount"), ("field.2", "amount"), ("field.3", ""), ("field.4", "remittance")];
    let refused = desk.post(&place, &session, &with(&[&otherwise[..], &told].concat())).await;
    assert!(refused.body.contains("found then and not now: 2 payments"), "{}", refused.body);
    assert_eq!(desk.web.store.lines_found(&digest).await.unwrap().len(), 2);
    // With one more column named the rest comes, and the case is closed with it.
    let more = [("field.1", "amount"), ("field.2", "amount"), ("field.3", "counterparty_name"), ("field.4", "remittance")];
    let second = desk.post(&place, &session, &with(&[&more[..], &told].concat())).await;
    assert!(second.body.contains("2 new"), "{}", second.body);
    let book = desk.web.store.book(&EntityId::parse("e1").unwrap()).await.unwrap();
    let mut booked: Vec<String> =
        book.payments.into_iter().filter(|payment| payment.line.input == digest).map(|payment| payment.line.line.place).collect();
    booked.sort_unstable();
    assert_eq!(booked, ["line 2", "line 3", "line 4", "line 5"]);
    let again = [("account", "account-e1"), ("version", "2"), ("told", "Half")];
    let third = desk.post(&place, &session, &with(&[&more[..], &again].concat())).await;
    assert!(third.status.is_success() && third.body.contains("0 new"), "{} {}", third.status, third.body);
    assert_eq!(desk.web.store.lines_found(&digest).await.unwrap().len(), 4);
    let entries = desk.web.store.audit_entries(0, 1_000).await.unwrap();
    let subject = quittance_rules::cases::Subject::Input(digest.clone());
    assert_eq!(desk.web.store.pending_case(&subject).await.unwrap(), None, "the case was closed");
    let closing: Vec<_> =
        entries.iter().filter(|entry| entry.changes.contains("\"change\":\"decided\"") && entry.by != "person:setup").collect();
    assert!(closing.len() == 1 && closing[0].by == "person:ana", "{closing:?}");
    assert!(desk.web.store.verify().await.unwrap().findings.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_saved_profile_is_switched_off_and_on() {
    let mut desk = TestDesk::new().await;
    desk.web = desk.web.clone().with_importer(Arc::new(FileReader(desk.web.store.clone())));
    desk.router = quittance_web::routes::router(desk.web.clone());
    let ana = desk.person("ana", &[(Role::Reviewer, None)]).await;
    let session = desk.session(&ana).await;
    let place = format!("/imports/columns/{}", brought(&desk).await);
    let all = [
        ("field.0", "booking_date"),
        ("field.1", "amount"),
        ("field.2", "counterparty_name"),
        ("field.3", "remittance"),
        ("do", "save"),
        ("name", "Haus & <Bank>"),
        ("decimal", "comma"),
        ("date", "dmy"),
        ("currency", "EUR"),
        ("account", "account-e1"),
        ("entity", "e1"),
    ];
    let saved = desk.post(&place, &session, &form(&all)).await;
    assert!(saved.body.contains("2 new"), "{}", saved.body);
    let later = FILE.replace(".04.2026", ".06.2026");
    let other = desk.web.store.keep_bytes(later.as_bytes()).await.unwrap();
    let input = input_of(other.clone(), InputKind::Statement, "june.csv", later.len() as u64);
    desk.apply(vec![Change::InputReceived(input)]).await;
    let place = format!("/imports/columns/{}?entity=e1", other.0);
    let known = async || desk.get(&place, Some(&session)).await.body.contains("2026-06-03");
    assert!(known().await, "it is recognised");
    let switch = async |state: &str| {
        let answer = desk.post("/imports/profiles/state", &session, &form(&[("name", "Haus & <Bank>"), ("state", state)])).await;
        assert_eq!((answer.status.as_u16(), answer.location()), (303, "/imports"), "{}", answer.body);
        desk.get("/imports", Some(&session)).await.body
    };
    let page = switch("off").await;
    assert!(page.contains("Saved mapping profiles") && page.contains("Switch on: Haus"), "{page}");
    assert!(!page.contains("<Bank>") && !page.contains("<select name=\"profile\">"), "{page}");
    assert!(!known().await, "no file is read with it any more");
    assert!(switch("on").await.contains("<select name=\"profile\">"));
    assert!(known().await);
    for (name, state, status) in [("Nobody", "off", 404), ("Haus & <Bank>", "gone", 422)] {
        let refused = desk.post("/imports/profiles/state", &session, &form(&[("name", name), ("state", state)])).await;
        assert_eq!(refused.status, status, "{name} {state}");
    }
    let told = desk.get("/api/v1/import-profiles", Some(&session)).await;
    let told: serde_json::Value = serde_json::from_str(&told.body).unwrap();
    let (name, state, version) = (&told["profiles"][0]["name"], &told["profiles"][0]["state"], &told["profiles"][0]["version"]);
    assert_eq!((name.as_str(), state.as_str(), version.as_i64()), (Some("Haus & <Bank>"), Some("on"), Some(3)), "{told}");
    assert_eq!(told["profiles"][0]["changed_by"], "person:ana");
    assert!(desk.web.store.verify().await.unwrap().findings.is_empty());
}

/// An importer that cannot look at a file just now.
struct Refusing(PreviewRefused);

impl Importer for Refusing {
    fn import<'a>(&'a self, _: Upload) -> Pin<Box<dyn Future<Output = Result<Imported, String>> + Send + 'a>> {
        Box::pin(async { Err("nothing is imported here".to_owned()) })
    }

    fn preview<'a>(
        &'a self,
        _: std::path::PathBuf,
        _: Vec<ImportProfile>,
        _: Option<TableProfile>,
    ) -> Pin<Box<dyn Future<Output = Result<TablePreview, PreviewRefused>> + Send + 'a>> {
        Box::pin(async { Err(self.0.clone()) })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_preview_that_is_refused_says_why_and_keeps_nothing() {
    let mut desk = TestDesk::new().await;
    let place = format!("/imports/columns/{}", brought(&desk).await);
    let ana = desk.person("ana", &[(Role::Reviewer, None)]).await;
    let session = desk.session(&ana).await;
    let head = desk.web.store.head().await.unwrap();
    for (refused, status, words) in [
        (PreviewRefused::Busy, 503, ""),
        (PreviewRefused::TooLarge("the number of cells is above 1000000".to_owned()), 200, "above 1000000; cut it up"),
        (PreviewRefused::Unreadable("the file broke off".to_owned()), 200, "the file broke off"),
    ] {
        desk.web = desk.web.clone().with_importer(Arc::new(Refusing(refused)));
        desk.router = quittance_web::routes::router(desk.web.clone());
        let seen = desk.get(&place, Some(&session)).await;
        assert!(seen.status == status && seen.body.contains(words), "{words}: {} {}", seen.status, seen.body);
        let all = [("do", "save"), ("name", "Hausbank"), ("field.0", "booking_date"), ("field.1", "amount"), ("currency", "EUR")];
        let saved = desk.post(&place, &session, &form(&all)).await;
        assert!(saved.status.is_client_error() || saved.status == 503, "{}", saved.status);
    }
    assert!(desk.web.store.profiles().await.unwrap().is_empty());
    assert_eq!(desk.web.store.head().await.unwrap(), head);
}

/// The program on a book with a profile that reads and one that an older version wrote and this one cannot read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn saved_profiles_on_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("q.db").display());
    let book = Database::create(&url).await.unwrap();
    crate::sample::small_book(&book).await;
    let saved = |name: &str, text: &str| {
        Change::ProfileSet(ImportProfile { name: name.into(), version: 1, entity: None, text: text.into(), is_on: true })
    };
    std::fs::write(folder.path().join("april.csv"), FILE).unwrap();
    let fields = ["booking_date", "amount", "counterparty_name", "remittance"].map(str::to_owned).to_vec();
    let table = TableProfile {
        name: "Hausbank".to_owned(),
        decimal: Some("comma".to_owned()),
        date: Some("dmy".to_owned()),
        currency: Some("EUR".to_owned()),
        fields,
        ..TableProfile::default()
    };
    let good = preview(&folder.path().join("april.csv"), Vec::new(), Some(table)).unwrap().text.expect("it reads the table");
    crate::sample::apply(&book, vec![saved("Hausbank", &good), saved("Old one", "[columns]\nshoe_size = 3\n")]).await.unwrap();
    book.close().await;
    let run = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_quittance"));
        let output =
            command.current_dir(&folder).args(["import"]).args(arguments).args(["--db", &url, "--by", "ana"]).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (status, list, _) = run(&["profiles"]);
    assert_eq!((status, list.lines().count()), (Some(0), 2), "{list}");
    assert!(list.lines().all(|line| line.starts_with("on ") && line.contains("all entities")), "{list}");
    // The unreadable one is left out with a word; the other reads on.
    let statement = ["statement", "april.csv", "--account", "DE1", "--entity", "e1"];
    let (status, out, said) = run(&statement);
    assert!(status == Some(0) && out.contains("2 new"), "{out}{said}");
    assert!(
        said.contains("notice: the saved profile Old one was left out, it cannot be read") && said.contains("shoe_size"),
        "{said}"
    );
    // Switched off it is no longer spoken of, and switching is said, done once, and refused for a name nobody saved.
    assert!(run(&["profiles", "--off", "Old one"]).1.contains("Old one is off now"));
    assert!(run(&["profiles", "--off", "Old one"]).1.contains("was off already"));
    assert!(run(&["profiles"]).1.lines().any(|line| line.starts_with("off ") && line.contains("Old one")));
    assert!(!run(&statement).2.contains("Old one"));
    assert!(run(&["profiles", "--on", "Old one"]).1.contains("is on now"));
    let (status, _, said) = run(&["profiles", "--off", "Nobody"]);
    assert!(status == Some(2) && said.contains("there is no mapping profile Nobody"), "{said}");
    assert_eq!(run(&["profiles", "--off", "a", "--on", "b"]).0, Some(2));
    // Asked for by its name, it is refused in one sentence.
    let (status, _, said) = run(&["statement", "april.csv", "--profile", "Old one"]);
    assert!(status == Some(2) && said.contains("the saved profile Old one"), "{said}");
    let book = Database::open(&url).await.unwrap();
    assert!(book.verify().await.unwrap().findings.iter().all(|finding| finding.starts_with("table sequences")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn columns_are_named_in_a_browser_by_keyboard() {
    let mut desk = TestDesk::new().await;
    desk.web = desk.web.clone().with_importer(Arc::new(FileReader(desk.web.store.clone())));
    let place = format!("/imports/columns/{}", brought(&desk).await);
    let ana = desk.person("ana", &[(Role::Reviewer, None)]).await;
    desk.set_password(&ana, "vuelo tranquilo bajo lluvia").await;
    let (base, _stop) = served(&desk).await;
    let driver = Driver::start();
    let browser = driver.browser(1440, 900).await;
    browser.goto(&format!("{base}/sign-in")).await.unwrap();
    fill(&browser, "input[name=name]", "ana").await;
    fill(&browser, "input[name=password]", "vuelo tranquilo bajo lluvia").await;
    press(&browser, "form.stack button").await;
    at(&browser, "/").await;
    browser.goto(&format!("{base}{place}")).await.unwrap();
    let seen = async |wanted: &str| {
        let mut text = String::new();
        for _ in 0..100 {
            text = browser.find(Locator::Css("#seen")).await.unwrap().text().await.unwrap_or_default();
            if text.contains(wanted) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("{wanted} never came: {text}");
    };
    seen("Say which column is the amount").await;
    // A letter or two chooses in a list that has the focus, and what would be read follows at once.
    for (field, keys) in [(0, "Booking"), (1, "Amount"), (2, "Other party"), (3, "Text")] {
        fill(&browser, &format!("#field-{field}"), keys).await;
    }
    fill(&browser, "select[name=decimal]", "1.234").await;
    fill(&browser, "select[name=date]", "day").await;
    fill(&browser, "input[name=currency]", "eur").await;
    seen("2026-04-03").await;
    seen("our account number").await;
    fill(&browser, "input[name=account]", "account-e1").await;
    seen("2 payments").await;
    let focus = browser.execute("return document.activeElement.name", vec![]).await.unwrap();
    assert_eq!(focus.as_str(), Some("account"), "looking again does not move the focus");
    // A first row that is no header is a payment too; and back.
    press(&browser, "input[name=headless]").await;
    seen("Wann").await;
    press(&browser, "input[name=headless]").await;
    // What stood there before says so too: it is over when the header is no row any more and nothing is under way.
    for _ in 0..100 {
        let now = browser.find_all(Locator::Css("#seen:not([aria-busy])")).await.unwrap();
        let Some(now) = now.first() else { continue };
        if !now.text().await.unwrap_or_default().contains("Wann") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    seen("2 payments").await;
    assert_eq!(violations(&browser).await, Vec::<String>::new());
    fill(&browser, "input[name=name]", "Hausbank").await;
    fill(&browser, "select[name=entity]", "Entity e1").await;
    press(&browser, "button[value=save]").await;
    for _ in 0..100 {
        if !browser.find_all(Locator::Css(".notice[role=status]")).await.unwrap().is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let notice = browser.find(Locator::Css(".notice[role=status]")).await.unwrap().text().await.unwrap();
    assert!(notice.contains("2 new"), "{notice}");
    assert_eq!(desk.web.store.profiles().await.unwrap().len(), 1);
    // Its lines are booked: named otherwise they would be booked again, so the profile is saved and nothing is taken.
    let before = desk.web.store.positions(None).await.unwrap();
    fill(&browser, "#field-3", "not read").await;
    press(&browser, "button[value=save]").await;
    let mut text = String::new();
    for _ in 0..100 {
        text = browser.find(Locator::Css("main")).await.unwrap().text().await.unwrap_or_default();
        if text.contains("booked already") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(text.contains("booked already"), "{text}");
    assert_eq!(desk.web.store.positions(None).await.unwrap(), before);
    browser.close().await.unwrap();
}
