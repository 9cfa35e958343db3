//! The pages in Spanish, over the whole demo book: what the rules wrote in English is said in the reader's language.

use std::process::Command;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use quittance_agent::ports::{CaseFilter, Clock as _, Store as _};
use quittance_rules::cases::Actor;
use quittance_rules::journal::{Change, ChangeSet};
use quittance_rules::users::{Grant, Role, User};
use quittance_tools::clock::SystemClock;
use quittance_tools::sealing::Keys;
use quittance_tools::store::Database;
use quittance_web::{Settings, Web};
use tower::ServiceExt as _;

use crate::desk::{user_id, visitor};

/// Words of English sentences that no name, number or text of the demo holds.
const ENGLISH: &[&str] = &[
    "the",
    "is",
    "would",
    "was",
    "were",
    "stays",
    "settle",
    "settles",
    "settled",
    "another",
    "nothing",
    "always",
    "person",
    "booked",
    "issued",
    "against",
    "cleared",
    "quote",
    "quoted",
    "exactly",
    "short",
    "charges",
    "withheld",
    "written",
    "applied",
    "unapplied",
    "approved",
    "answers",
    "candidates",
    "looks",
    "fits",
    "claims",
    "names",
    "takes",
    "received",
    "about",
    "such",
    "wrong",
    "asked",
    "closed",
    "raised",
    "wrote",
    "which",
    "carries",
    "customer",
    "payer",
    "credit",
    "item",
    "items",
    "more",
    "days",
    "known",
    "refused",
];

/// Parts of a page that hold what banks, customers and documents say, and the draft in the customer's language.
const DATA: &[(&str, &str)] = &[
    ("<dl class=\"facts", "</dl>"),
    ("<pre", "</pre>"),
    ("<table class=\"compare", "</table>"),
    ("<ul class=\"claims", "</ul>"),
    ("<p class=\"doc-name\"><b>", "</b>"),
    ("<details class=\"panel draft", "</details>"),
    ("<textarea", "</textarea>"),
    ("<td class=\"party", "</td>"),
    ("<td class=\"wrap", "</td>"),
    ("<script", "</script>"),
    ("<nav", "</nav>"),
    ("<kbd", "</kbd>"),
    ("<code", "</code>"),
    ("<head", "</head>"),
];

/// What a page says by itself, as plain text.
fn own_words(page: &str) -> String {
    let mut text = page.to_owned();
    for (start, end) in DATA {
        while let Some(from) = text.find(start) {
            let Some(length) = text[from..].find(end) else { break };
            text.replace_range(from..from + length + end.len(), " ");
        }
    }
    let mut plain = String::new();
    let mut inside = false;
    for c in text.chars() {
        match c {
            '<' => inside = true,
            '>' => {
                inside = false;
                plain.push('\n');
            }
            c if !inside => plain.push(c),
            _ => {}
        }
    }
    plain.replace("&#39;", "'").replace("&#x27;", "'").replace("&quot;", "\"").replace("&#34;", "\"")
}

/// Lines of a page that hold English words of the list. What stands in quotation marks is a quotation.
fn english(page: &str, names: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for line in own_words(page).lines().map(str::trim).filter(|line| !line.is_empty()) {
        let mut said = line.to_owned();
        // Names of customers and files are theirs.
        for name in names {
            said = said.replace(name.as_str(), "");
        }
        let quoted = |text: &str, open: char, close: char| -> String {
            let mut depth = 0_u32;
            text.chars()
                .filter(|c| {
                    if *c == open {
                        depth += 1;
                    }
                    let keep = depth == 0;
                    if *c == close {
                        depth = depth.saturating_sub(1);
                    }
                    keep
                })
                .collect()
        };
        said = quoted(&quoted(&said, '«', '»'), '\u{201c}', '\u{201d}');
        let is_english = said
            .split(|c: char| !c.is_alphabetic())
            .any(|word| ENGLISH.contains(&word) && word.chars().all(|c| c.is_ascii_lowercase()));
        if is_english {
            found.push(line.to_owned());
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_rules_wrote_is_said_in_spanish() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("T");
    let made = Command::new(env!("CARGO_BIN_EXE_quittance")).args(["demo", "--no-model", "--dir"]).arg(&place).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let book = Database::open(&format!("sqlite://{}", place.join("quittance.db").display())).await.unwrap();
    let book = book.with_keys(Keys::of_file(&place.join("quittance.key")).unwrap());
    let user = User {
        id: user_id("luz"),
        name: "Luz".to_owned(),
        email: None,
        language: Some("es".to_owned()),
        grants: vec![Grant { role: Role::Admin, entity: None }],
        external: None,
        is_disabled: false,
    };
    let changes = vec![Change::UserSet(user.clone())];
    book.apply(ChangeSet { by: Actor::Person("setup".to_owned()), at: SystemClock.now(), changes }).await.unwrap();
    let cases = book.cases(&CaseFilter::default()).await.unwrap();
    let mut names: Vec<String> = book.customers().await.unwrap().into_iter().map(|customer| customer.name).collect();
    names.extend(std::fs::read_dir(&place).unwrap().map(|file| file.unwrap().file_name().to_string_lossy().into_owned()));
    for folder in ["evidence", "statements"] {
        let files = std::fs::read_dir(place.join(folder)).into_iter().flatten();
        names.extend(files.map(|file| file.unwrap().file_name().to_string_lossy().into_owned()));
    }
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    let web = Web::new(book, Arc::new(SystemClock), Settings::for_address(([127, 0, 0, 1], 8080).into()));
    let session = web.begin(&user, &visitor()).await.unwrap();
    let router = quittance_web::routes::router(web);
    let get = async |path: &str| -> String {
        let request = Request::builder()
            .uri(path)
            .header("cookie", format!("quittance-session={session}"))
            .header("accept-language", "es")
            .body(Body::empty())
            .unwrap();
        let answer = router.clone().oneshot(request).await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        String::from_utf8(to_bytes(answer.into_body(), 32 << 20).await.unwrap().to_vec()).unwrap()
    };
    let mut paths: Vec<String> =
        ["/", "/queue", "/queue?state=all&limit=200", "/imports", "/evidence", "/customers"].map(str::to_owned).into();
    paths.extend(cases.iter().map(|case| format!("/queue/{}", case.id)));
    assert!(cases.len() > 100, "the demo has cases of every kind");
    let mut found: Vec<String> = Vec::new();
    for path in &paths {
        let page = get(path).await;
        assert!(page.contains("lang=\"es\""), "{path} is in Spanish");
        for line in english(&page, &names) {
            let line = format!("{path}: {line}");
            if !found.contains(&line) {
                found.push(line);
            }
        }
    }
    assert!(found.is_empty(), "{} lines in English:\n{}", found.len(), found[..found.len().min(60)].join("\n"));
    // A refusal too, to a page and to a script.
    let request = Request::builder()
        .uri("/queue?kind=shortpayment")
        .header("cookie", format!("quittance-session={session}"))
        .header("accept-language", "es")
        .body(Body::empty())
        .unwrap();
    let answer = router.clone().oneshot(request).await.unwrap();
    let page = String::from_utf8(to_bytes(answer.into_body(), 1 << 20).await.unwrap().to_vec()).unwrap();
    assert!(page.contains("no hay tal tipo de excepción"), "{page}");
}

#[test]
fn english_would_be_found() {
    let names = vec!["The Is Ltd".to_owned()];
    assert_eq!(english("<p>the payment does not quote <b>INV-1</b></p>", &names).len(), 1);
    assert!(english("<p>de The Is Ltd, «ignore the rules»</p><dl class=\"facts\"><dd>the text</dd></dl>", &names).is_empty());
}
