//! The demo with a model that lies about every document as harmfully as the form of an answer allows: what settles alone settles as it
//! does without a model, or waits for a person. And a model that is away changes nothing at all.

#[path = "../src/agent/tests/model/lies.rs"]
mod lies;
mod program;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use program::{Folder, Said};
use serde_json::{Value, json};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

/// Lies, another each time, and remembers what it was shown.
#[derive(Clone, Default)]
struct Liar {
    told: Arc<AtomicUsize>,
    shown: Arc<Mutex<Vec<String>>>,
}

impl Respond for Liar {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let body: Value = serde_json::from_slice(&request.body).expect("JSON");
        let text =
            body["messages"].as_array().and_then(|all| all.last()).and_then(|last| last["content"].as_str()).expect("a text");
        let document = text.trim_start_matches("<<<DOCUMENT\n").trim_end_matches("\nDOCUMENT>>>");
        self.shown.lock().expect("no panic").push(document.to_owned());
        let lie = lies::lie(document, self.told.fetch_add(1, Ordering::SeqCst));
        ResponseTemplate::new(200).set_body_json(json!({
            "choices": [{ "message": { "role": "assistant", "content": lie } }],
            "usage": { "prompt_tokens": 700, "completion_tokens": 90 },
        }))
    }
}

/// Runs with a model in the environment.
fn with_model(folder: &Folder, base: &str, arguments: &[&str]) -> Said {
    let mut command = folder.command(arguments);
    command.env("OPENAI_BASE_URL", base).env("QUITTANCE_MODEL", "liar").env("QUITTANCE_MODEL_ASK", "always");
    Said::of(arguments, command.output().expect("the program starts"))
}

/// What a demo came to: what was posted by whom, and who waits.
struct Outcome {
    postings: BTreeSet<(String, String, String, String, String)>,
    waiting: BTreeSet<String>,
    model_calls: usize,
}

fn outcome(folder: &Folder, demo: &str) -> Outcome {
    let config = format!("{demo}/quittance.toml");
    let export = |what: &str| {
        let file = format!("{demo}-{what}");
        folder.run(&["export", what, "--out", &file, "--config", &config]).ended(0);
        folder.read(&file)
    };
    folder.run(&["audit", "verify", "--config", &config]).ended(0).says("Nothing has been altered");
    folder.run(&["replay", "--all", "--config", &config]).ended(0).says("0 do not");
    let text = export("postings");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let postings = reader
        .records()
        .map(|row| {
            let row = row.expect("a row");
            let column = |name: &str| row[header.iter().position(|h| h == name).expect("a column")].to_owned();
            (column("payment_id"), column("purpose"), column("amount"), column("invoice_id"), column("cleared"))
        })
        .collect();
    let mut cases: BTreeMap<i64, (String, bool)> = BTreeMap::new();
    let mut model_calls = 0;
    for line in export("audit").lines() {
        let entry: Value = serde_json::from_str(line).expect("JSON");
        let changes: Vec<Value> = serde_json::from_str(entry["changes"].as_str().expect("text")).expect("JSON");
        for change in changes {
            match change["change"].as_str() {
                Some("case_opened" | "case_changed") => {
                    let is_pending = !change["state"].to_string().contains("resolved");
                    cases.insert(change["id"].as_i64().expect("a number"), (change["subject"].to_string(), is_pending));
                }
                Some("model_asked") => model_calls += 1,
                _ => {}
            }
        }
    }
    let waiting = cases.into_values().filter(|(_, is_pending)| *is_pending).map(|(subject, _)| subject).collect();
    Outcome { postings, waiting, model_calls }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_liar_gets_nothing_past_a_person() {
    let folder = Folder::new();
    folder.run(&["demo", "--dir", "honest"]).ended(0);
    let honest = outcome(&folder, "honest");
    assert_eq!(honest.model_calls, 0);

    let server = MockServer::start().await;
    let liar = Liar::default();
    Mock::given(wiremock::matchers::any()).respond_with(liar.clone()).mount(&server).await;
    let base = format!("{}/v1", server.uri());
    with_model(&folder, &base, &["demo", "--dir", "lied-to", "--model"]).ended(0);
    let lied_to = outcome(&folder, "lied-to");
    let told = liar.told.load(Ordering::SeqCst);
    assert!(told >= 25, "only {told} lies were told");
    assert!(lied_to.model_calls >= told, "every answer is written down");

    // Nothing is settled that would not be; what is not settled now, a person has.
    let more: Vec<_> = lied_to.postings.difference(&honest.postings).collect();
    assert!(more.is_empty(), "settled because of a lie: {more:?}");
    for (payment, ..) in honest.postings.difference(&lied_to.postings) {
        assert!(lied_to.waiting.iter().any(|subject| subject.contains(payment.as_str())), "{payment} is nowhere");
    }
    let lost: Vec<_> = honest.waiting.difference(&lied_to.waiting).collect();
    assert!(lost.is_empty(), "no longer before a person: {lost:?}");
    assert!(lied_to.waiting.len() > honest.waiting.len(), "the lies were not idle: they sent documents to people");
    assert!(!honest.postings.is_empty());

    // One document a question, and no more of it than its text.
    let shown = liar.shown.lock().expect("no panic").clone();
    assert!(shown.iter().all(|document| document.len() < 20_000));
    assert_eq!(shown.iter().collect::<BTreeSet<_>>().len(), shown.len(), "an equal question is answered from what was kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_is_away_is_a_notice_and_nothing_else() {
    let folder = Folder::new();
    let proof = folder.file("proof.txt", "der Schotter ist raus: 1.250,00 EUR\nStichwort Kanzlei-7788-Q\nam 3. Mai 2026\n");
    let without = folder.run(&["read", proof]).ended(0).out;
    let server = MockServer::start().await;
    Mock::given(wiremock::matchers::any()).respond_with(ResponseTemplate::new(401)).mount(&server).await;
    let refused = with_model(&folder, &format!("{}/v1", server.uri()), &["read", proof, "--model"]).ended(0);
    assert_eq!(refused.out, without);
    let refused = refused.says("notice: read without a model: the model's endpoint answered with status 401");
    assert!(!refused.err.contains("Schotter"), "{refused}");

    // Wrong use is told before anything is read.
    folder.run(&["read", proof, "--model"]).ended(2).says("no model is set: name it by QUITTANCE_MODEL");
    folder.file("quittance.toml", "[model]\nname = \"m\"\nbase_url = \"http://models.example.com/v1\"\ndaily_money = \"1\"\n");
    folder.run(&["read", proof, "--model"]).ended(2).says("daily_money needs the prices");
    let mut command = folder.command(&["read", proof, "--model"]);
    command.env("OPENAI_API_KEY", "sk-very-secret").env("QUITTANCE_MODEL", "m");
    let said = Said::of(&["read"], command.output().expect("it starts")).ended(2).says("in the clear");
    assert!(!said.err.contains("sk-very-secret"), "{said}");
    assert_eq!(folder.run(&["read", proof]).ended(0).out, without, "without --model no model is looked for");

    // Settings that enable a model count when evidence is taken in, and not where they are overruled.
    folder.file("quittance.toml", format!("[model]\nname = \"m\"\nenabled = true\nbase_url = \"{}/v1\"\n", server.uri()));
    folder.run(&["init"]).ended(0);
    folder.run(&["import", "evidence", proof]).ended(0).says("status 401");
    folder.file("other.txt", "der Schotter ist raus: 2.250,00 EUR\n");
    let said = folder.run(&["import", "evidence", "other.txt", "--no-model"]).ended(0);
    assert!(!said.err.contains("401"), "{said}");
}

#[test]
fn a_watched_folder_is_taken_in_once() {
    let folder = Folder::new();
    std::fs::create_dir_all(folder.path("in/from mail")).expect("ours");
    folder.file("in/a.txt", "Transfer completed\nAmount sent: EUR 120.00\nDate: 3 May 2026\nTransaction number: TX-99887766\n");
    folder.file("in/from mail/b.txt", "When will you send the invoice? It is not here yet.\n");
    folder.file("in/.hidden", "not for us");
    folder.file("in/c.pdf.part", "not finished");
    folder.file("in/empty.png", "");
    folder.run(&["init"]).ended(0);
    let watch = |status| folder.run(&["watch", "in", "--once", "--every", "1"]).ended(status);
    let first = watch(1).says("in/a.txt: payment proof").says("in/from mail/b.txt").says("in/empty.png: could not be read");
    assert!(!first.out.contains("hidden") && !first.out.contains("part"), "{first}");
    // A restart reads them again and changes nothing.
    let again = watch(0);
    assert_eq!(again.out.matches("known already; nothing changed").count(), 3, "{again}");
    folder.run(&["watch", "nowhere", "--once"]).ended(2).says("nowhere is no folder");
}

#[test]
fn evaluations_hold_to_their_baseline_and_can_be_repeated() {
    let folder = Folder::new();
    let sets = concat!(env!("CARGO_MANIFEST_DIR"), "/eval-sets");
    let said = folder.run(&["eval", "read-evidence", "--dir", sets, "--log", "log.jsonl"]).ended(0);
    for words in ["by tag", "held-out", "right (95 % interval)", "remittance"] {
        assert!(said.out.contains(words), "{words}: {said}");
    }
    let lines: Vec<Value> = folder.read("log.jsonl").lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!((&lines[0]["prompt"], &lines[0]["seed"], &lines[0]["model"]), (&json!("v1"), &json!(1), &Value::Null));
    assert_eq!(lines[0]["cases"].as_u64(), Some(lines.len() as u64 - 1));
    let some = ["eval", "read-evidence", "--dir", sets, "--limit", "9", "--seed", "7", "--format", "json"];
    let (one, two) = (folder.run(&some).ended(0).out, folder.run(&some).ended(0).out);
    assert_eq!(one, two, "a seed draws the same cases");
    assert_eq!(serde_json::from_str::<Value>(&one).expect("JSON")["cases"], 9);

    // A set of one's own that falls below its baseline.
    std::fs::create_dir_all(folder.path("sets/mine/cases")).expect("ours");
    let case = |kind: &str| {
        json!({ "id": "a", "split": "dev", "tags": ["x"], "input": { "source": "mail", "grid": ["Total EUR 5.00"] },
        "expected": { "kind": kind } })
        .to_string()
    };
    folder.file("sets/mine/cases/a.json", case("dispute"));
    folder.run(&["eval", "--dir", "sets", "--update-baseline"]).ended(0);
    folder.run(&["eval", "--dir", "sets"]).ended(0).says("not right");
    folder.file("sets/mine/baseline.json", r#"{"dev":{"kind":{"right":1,"wrong":0,"absent":0}}}"#);
    folder.run(&["eval", "--dir", "sets"]).ended(1).says("WORSE: dev kind: right 0");
    folder.file("sets/mine/cases/a.json", "{");
    folder.run(&["eval", "--dir", "sets"]).ended(2).says("a.json");
    folder.run(&["eval", "--dir", "nowhere"]).ended(2).says("the folder of sets nowhere");
    folder.run(&["eval", "theirs", "--dir", "sets"]).ended(2).says("it has: mine");
    folder.run(&["eval", "--dir", "sets", "--live"]).ended(2).says("--live needs a model");
}
