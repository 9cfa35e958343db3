//! Files whose columns nobody knows: what is suggested, what would be read, saving the profile, taking the file in with it.

use std::pin::Pin;
use std::sync::Arc;

use crate::desk::{TestDesk, proof_digest};
use quittance_agent::import::{Placing, import_statement, input_of, problem_sentence};
use quittance_agent::ports::{Clock as _, Store as _};
use quittance_agent::ports_pages::{Imported, Importer, Pages as _, TablePreview, TableProfile, Upload};
use quittance_rules::journal::{Change, InputKind};
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
            let mut feed = BankFileFeed::open(&upload.path, BankFileOptions { profile, ..BankFileOptions::default() });
            let placing = Placing { account: upload.account, entity: upload.entity, book_interim: false };
            let input = input_of(digest, InputKind::Statement, &name, size);
            let report = import_statement(&self.0, &SystemClock, upload.by, input, &placing, &mut feed).await;
            let report = report.map_err(|error| error.to_string())?;
            let needs = report.notices.iter().any(|notice| notice.starts_with("complete this profile"));
            Ok(Imported {
                line: format!("{} new", report.added),
                refused: report.problems.iter().map(problem_sentence).collect(),
                needs_columns: needs.then_some(shown),
            })
        })
    }

    fn preview<'a>(
        &'a self,
        path: std::path::PathBuf,
        profile: Option<TableProfile>,
    ) -> Pin<Box<dyn Future<Output = Result<TablePreview, String>> + Send + 'a>> {
        Box::pin(async move { preview(&path, profile).map_err(|error| error.to_string()) })
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
    let columns = [
        ("column.0", "Wann"),
        ("field.0", "booking_date"),
        ("column.1", "Wieviel"),
        ("field.1", "amount"),
        ("column.2", "Wer genau"),
        ("field.2", "counterparty_name"),
        ("column.3", "Wofür eigentlich"),
        ("field.3", "remittance"),
    ];
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
        (&[("do", "save"), ("name", "Hausbank"), ("field.1", "")], "cannot be used yet"),
        (&[("do", "save"), ("name", "Hausbank"), ("currency", "XYZ")], "XYZ"),
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
    ];
    let saved = desk.post(&place, &session, &with(&all)).await;
    assert!(saved.status.is_success() && saved.body.contains("2 new"), "{} {}", saved.status, saved.body);
    let profiles = desk.web.store.profiles().await.unwrap();
    assert_eq!((profiles.len(), profiles[0].name.as_str(), profiles[0].version), (1, "Hausbank", 1));
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
    // The next file of this bank is taken with the saved profile; the log is whole.
    let may = FILE.replace(".04.2026", ".05.2026");
    let second = brought("may.csv", &may, "&profile=Hausbank").await;
    assert_eq!((second["line"].as_str(), second["columns"].as_str()), (Some("2 new"), None), "{second}");
    let unknown = brought("june.csv", &may.replace("05.", "06."), "&profile=Otherbank").await;
    assert_eq!(unknown["field"], "profile");
    assert!(desk.clock.now() > jiff::Timestamp::UNIX_EPOCH);
    let report = desk.web.store.verify().await.unwrap();
    assert!(report.findings.is_empty(), "{:?}", report.findings);
}
