//! What the queue shows of a payment is what `match --explain` writes of it; and what people decide there is what `fit matching` learns from.

#[expect(dead_code, reason = "other tests use the other statements")]
#[path = "program/books.rs"]
mod books;
#[path = "store/postgres.rs"]
mod postgres;
mod program;

use std::fmt::Write as _;

use books::{ACCOUNT, CUSTOMERS, INVOICES, camt053, credit};
use program::{Folder, Said};
use serde_json::Value;

const SETTINGS: &str = "\
[[entity]]
id = \"OWN\"
name = \"Own Foods GmbH\"
currency = \"EUR\"
time_zone = \"Europe/Berlin\"
accounts = [\"DE12500105170648489890\"]
";

struct Desk {
    folder: Folder,
    url: String,
}

impl Desk {
    fn new(url: &str, customers: &str, invoices: &str, payments: &[(String, String, String)]) -> Self {
        let desk = Self { folder: Folder::new(), url: url.to_owned() };
        desk.folder.file("quittance.toml", SETTINGS);
        desk.folder.file("c.csv", customers);
        desk.folder.file("i.csv", invoices);
        let entries: Vec<String> = (1..)
            .zip(payments)
            .map(|(at, (amount, payer, text))| credit("2026-10-02", amount, &format!("B-{at}"), payer, text))
            .collect();
        let total: i64 = payments.iter().map(|(amount, _, _)| cents(amount)).sum();
        desk.folder.file("s.xml", camt053("S1", "0.00", &format!("{}.{:02}", total / 100, total % 100), &entries));
        desk.run(&["init", "--by", "owner"]).ended(0);
        desk.run(&["import", "customers", "c.csv"]).ended(0);
        desk.run(&["import", "invoices", "i.csv"]).ended(0);
        desk.run(&["import", "statement", "s.xml"]).ended(0);
        desk.run(&["run", "--once"]).ended(0);
        desk
    }

    fn run(&self, arguments: &[&str]) -> Said {
        let mut all = arguments.to_vec();
        all.extend(["--db", &self.url]);
        self.folder.run(&all)
    }

    fn cases(&self) -> Vec<Value> {
        let said = self.run(&["queue", "list", "--format", "json"]).ended(0);
        said.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    fn case_of(&self, amount: &str) -> Value {
        let cases = self.cases();
        let case = cases.iter().find(|case| case["amount"]["amount"] == amount).unwrap_or_else(|| panic!("no case of {amount}"));
        let shown = self.run(&["queue", "show", &case["id"].to_string(), "--format", "json"]).ended(0);
        serde_json::from_str(&shown.out).expect("JSON")
    }
}

fn cents(amount: &str) -> i64 {
    amount.replace('.', "").parse().expect("two places")
}

/// Weights in thousandths, by field.
fn explained_weights(candidate: &Value) -> Vec<(String, i64)> {
    let weights = candidate["weights"].as_object().expect("weights");
    #[allow(clippy::cast_possible_truncation)]
    let mut list: Vec<(String, i64)> = weights
        .iter()
        .map(|(field, weight)| (field.clone(), (weight.as_f64().expect("a number") * 1000.0).round() as i64))
        .collect();
    list.sort();
    list
}

fn queued_weights(candidate: &Value) -> Vec<(String, i64)> {
    let weights = candidate["weights"].as_array().expect("weights");
    let mut list: Vec<(String, i64)> = weights
        .iter()
        .map(|w| (w["field"].as_str().expect("a name").to_owned(), w["log_odds_milli"].as_i64().expect("a number")))
        .collect();
    list.sort();
    list
}

/// A reason says where the number was found: in the text of the payment, in the evidence that goes with it, or not at all.
#[test]
fn reasons_say_where_a_number_was_found() {
    let payments: Vec<(String, String, String)> = [
        ("1440.50", "Aster Foods GmbH", "settlement"),
        ("470.00", "Birke & Sohn KG", "RE-2026-0203"),
        ("99.90", "Cedar Ltd", "thanks"),
    ]
    .map(|(amount, payer, text)| (amount.to_owned(), payer.to_owned(), text.to_owned()))
    .to_vec();
    let desk = Desk::new("sqlite://book.db", CUSTOMERS, INVOICES, &payments);
    let advice = "Payment sent\n\nAmount: EUR 1,440.50\nDate: 2026-10-02\nInvoice numbers: RE-2026-0101, RE-2026-0102\n";
    desk.folder.file("advice.txt", advice);
    desk.run(&["import", "evidence", "advice.txt"]).ended(0);
    desk.run(&["run", "--once"]).ended(0);
    let note_of = |amount: &str| {
        let first = desk.case_of(amount)["candidates"][0].clone();
        let weights = first["weights"].as_array().expect("weights").clone();
        let note = weights.iter().find(|weight| weight["field"] == "reference").expect("a weight")["note"].clone();
        (first["reason"].as_str().expect("a reason").to_owned(), note.as_str().expect("a note").to_owned())
    };
    let (reason, note) = note_of("1440.50");
    assert!(reason.contains(" in advice.txt") && !reason.contains("in the text"), "{reason}");
    assert!(note.ends_with("in advice.txt, not in the text of the payment"), "{note}");
    let (reason, note) = note_of("470.00");
    assert!(reason.contains("in the text"), "{reason}");
    assert_eq!(note, "RE-2026-0203 in the text of the payment");
    let (_, note) = note_of("99.90");
    assert!(note.ends_with("not in the text of the payment"), "{note}");
}

#[test]
fn the_queue_shows_what_match_explains() {
    let more = "\
I-6,C-1,OWN,RE-2026-0401,2026-09-10,2026-10-10,EUR,12500.00
I-7,C-2,OWN,RE-2026-0501,2026-09-11,2026-10-11,EUR,77.70
";
    let invoices: String = format!("{INVOICES}{more}")
        .lines()
        .map(|line| match line {
            first if first.starts_with("invoice_id") => format!("{first},on_hold\n"),
            held if held.starts_with("I-7") => format!("{held},true\n"),
            other => format!("{other},false\n"),
        })
        .collect();
    // Nothing here settles in a database without a certificate, so both see the same book.
    let payments: Vec<(String, String, String)> = [
        // At first sight, and too large to settle without a person.
        ("12500.00", "Aster Foods GmbH", "RE-2026-0401"),
        ("99.90", "Cedar Ltd", "thanks"),
        ("77.70", "Birke & Sohn KG", "RE-2026-0501"),
        ("1440.50", "Aster Foods GmbH", "settlement"),
        ("470.00", "Birke & Sohn KG", "RE-2026-0203"),
    ]
    .map(|(amount, payer, text)| (amount.to_owned(), payer.to_owned(), text.to_owned()))
    .to_vec();
    let desk = Desk::new("sqlite://book.db", CUSTOMERS, &invoices, &payments);
    let mut file = "payment_id,booking_date,account,amount,currency,payer_name,payer_iban,remittance,end_to_end_id\n".to_owned();
    for (amount, payer, text) in &payments {
        writeln!(file, "{amount},2026-10-02,{ACCOUNT},{amount},EUR,{payer},,{text},").expect("text");
    }
    desk.folder.file("p.csv", file);
    let files = ["--customers", "c.csv", "--invoices", "i.csv", "--payments", "p.csv", "--out", "o.csv", "--explain", "e.jsonl"];
    let arguments: Vec<&str> = ["match"].into_iter().chain(files).collect();
    desk.folder.run(&arguments).ended(0);
    let explained = desk.folder.read("e.jsonl");
    assert_eq!(explained.lines().count(), payments.len());
    for line in explained.lines() {
        let line: Value = serde_json::from_str(line).expect("JSON");
        let amount = line["payment_id"].as_str().expect("an id");
        let case = desk.case_of(amount);
        let shown = case["candidates"].as_array().expect("candidates");
        let all = line["candidates"].as_array().expect("candidates");
        assert!(!shown.is_empty() && shown.len() <= 5, "{amount}: {case}");
        // The same, in the same order. Two that post the same are shown once.
        let mut left = all.iter();
        for candidate in shown {
            let same = |other: &&Value| {
                let confidence: f64 = other["confidence"].as_str().expect("a number").parse().expect("a number");
                #[allow(clippy::cast_precision_loss)]
                let queued = candidate["confidence"].as_u64().expect("a number") as f64 / 1e6;
                other["reason"] == candidate["reason"]
                    && (confidence - queued).abs() < 5e-7
                    && explained_weights(other) == queued_weights(candidate)
            };
            assert!(left.any(|other| same(&other)), "{amount}: {candidate}\nis not next in {all:#?}");
            assert_eq!(queued_weights(candidate).len(), 6, "{amount}: {candidate}");
        }
        let with_items =
            |list: &[Value], lines: &str| list.iter().filter(|c| c[lines].as_array().is_some_and(|l| !l.is_empty())).count();
        assert!(shown.len() >= with_items(all, "lines"), "{amount}: {shown:#?} {all:#?}");
        let said: Vec<&str> = case["reasons"].as_array().expect("reasons").iter().filter_map(Value::as_str).collect();
        for withheld in line["withheld"].as_array().expect("withheld") {
            assert!(said.contains(&withheld["reason"].as_str().expect("words")), "{amount}: {withheld} is not in {said:?}");
        }
        if let Some(near_miss) = line["near_miss"].as_str() {
            assert!(said.contains(&near_miss), "{amount}: {near_miss} is not in {said:?}");
        }
    }
    let large = desk.case_of("12500.00");
    assert!(large["candidates"].as_array().expect("candidates").len() >= 2, "{large}");
}

/// Payments that people decide, one by one.
const DECIDED: usize = 104;

fn fitted_from_decisions(url: &str) {
    let mut customers = "customer_id,name,aliases,country,currency,iban\n".to_owned();
    let mut invoices = "invoice_id,customer_id,seller_id,invoice_no,issue_date,due_date,currency,amount\n".to_owned();
    let mut payments = Vec::new();
    for at in 0..DECIDED {
        let name = format!("{} {} GmbH", ["Anton", "Berta", "Cäsar", "Dora", "Emil", "Friedrich"][at % 6], word(at));
        let amount = format!("{}.{:02}", 100 + at * 37, (at * 53) % 100);
        writeln!(customers, "C-{at},{name},,DE,EUR,").expect("text");
        writeln!(invoices, "I-{at},C-{at},OWN,RE-2026-{:05},2026-09-01,2026-10-01,EUR,{amount}", 4000 + at * 13).expect("text");
        payments.push((amount, name, "thanks".to_owned()));
    }
    let desk = Desk::new(url, &customers, &invoices, &payments);
    let none = desk.run(&["fit", "matching", "--out", "policy.toml"]);
    none.ended(2).says("people have decided no payment");
    let cases = desk.cases();
    assert_eq!(cases.len(), DECIDED);
    for case in &cases {
        let (id, version) = (case["id"].to_string(), case["version"].to_string());
        desk.run(&["queue", "approve", &id, "--version", &version, "--by", "rita"]).ended(0);
    }
    let first = desk.run(&["fit", "matching", "--out", "policy.toml"]).ended(0);
    assert!(first.err.contains(&format!("{DECIDED} payments decided by people")), "{first}");
    let text = desk.folder.read("policy.toml");
    assert!(text.contains("[calibration_held]") && text.contains("[reference]"), "{text}");
    desk.folder.run(&["policy", "check", "policy.toml"]).ended(0);
    // What was taken back is no label.
    for case in cases.iter().take(2) {
        desk.run(&["queue", "undo", &case["id"].to_string(), "--by", "rita"]).ended(0);
    }
    let second = desk.run(&["fit", "matching", "--out", "again.toml"]).ended(0);
    assert!(second.err.contains(&format!("{} payments decided by people", DECIDED - 2)), "{second}");
    assert!(second.err.contains("2 left out"), "{second}");
    for case in cases.iter().skip(2).take(3) {
        desk.run(&["queue", "undo", &case["id"].to_string(), "--by", "rita"]).ended(0);
    }
    desk.run(&["fit", "matching", "--out", "few.toml"]).ended(2).says("fewer than 100");
    desk.run(&["fit", "matching", "--entity", "NOBODY", "--out", "few.toml"]).ended(2).says("no such entity");
}

/// A name of its own for each number.
fn word(mut at: usize) -> String {
    let mut word = "Lu".to_owned();
    for syllables in [["ba", "do", "ke", "mi", "ra"], ["lten", "mann", "berg", "stein", "hof"], ["er", "ig", "an", "os", "ul"]] {
        word.push_str(syllables[at % 5]);
        at /= 5;
    }
    word
}

#[test]
fn a_policy_is_fitted_to_what_people_decided_on_sqlite() {
    fitted_from_decisions("sqlite://book.db");
}

#[test]
fn a_policy_is_fitted_to_what_people_decided_on_postgresql() {
    let server = postgres::Server::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let url = runtime.block_on(server.fresh());
    fitted_from_decisions(&url);
}
