//! The whole way through the built program: files in, run, people decide, results out, and everything verified.

#[path = "program/books.rs"]
mod books;
#[path = "store/postgres.rs"]
mod postgres;
mod program;

use std::collections::BTreeMap;

use books::{ACCOUNT, BANK_CSV, CUSTOMERS, INVOICES, MT940, camt053, credit};
use program::{Folder, Said};
use serde_json::Value;

/// A folder with a database.
struct Desk {
    folder: Folder,
    url: String,
}

const SETTINGS: &str = "\
[[entity]]
id = \"OWN\"
name = \"Own Foods GmbH\"
currency = \"EUR\"
time_zone = \"Europe/Berlin\"
accounts = [\"DE12500105170648489890\"]

[[entity]]
id = \"DE123456789\"
name = \"Werkstatt\"
currency = \"EUR\"
time_zone = \"Europe/Berlin\"
";

const EXPORTS: [&str; 4] = ["allocations", "postings", "cases", "audit"];

impl Desk {
    fn new(url: &str) -> Self {
        let desk = Self { folder: Folder::new(), url: url.to_owned() };
        desk.folder.file("quittance.toml", SETTINGS);
        desk.folder.file("c.csv", CUSTOMERS);
        desk.folder.file("i.csv", INVOICES);
        desk
    }

    fn run(&self, arguments: &[&str]) -> Said {
        let mut all = arguments.to_vec();
        all.extend(["--db", &self.url]);
        self.folder.run(&all)
    }

    /// With two customers' books and three statements of three kinds taken in, nothing matched yet.
    fn with_a_book(url: &str) -> Self {
        let desk = Self::new(url);
        desk.run(&["init", "--by", "owner"]).ended(0).says("ready");
        desk.run(&["import", "customers", "c.csv"]).ended(0).says("3 new");
        desk.run(&["import", "invoices", "i.csv"]).ended(0).says("5 new");
        desk.folder.file("one.xml", first_statement());
        desk.folder.file("two.sta", MT940);
        desk.folder.file("three.csv", BANK_CSV);
        desk.run(&["import", "statement", "one.xml"]).ended(0).says("3 new");
        desk.run(&["import", "statement", "two.sta"]).ended(0).says("1 new");
        desk.run(&["import", "statement", "three.csv"]).ended(0).says("2 new");
        desk
    }

    fn export(&self, what: &str) -> String {
        let file = format!("{what}.out");
        self.run(&["export", what, "--out", &file]).ended(0);
        assert!(!self.folder.path(&format!("{file}.partial")).exists());
        self.folder.read(&file)
    }

    fn exports(&self) -> Vec<String> {
        EXPORTS.iter().map(|what| self.export(what)).collect()
    }

    fn rows(&self, what: &str) -> Vec<BTreeMap<String, String>> {
        let text = self.export(what);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let header = reader.headers().expect("a header").clone();
        let named = |row: csv::StringRecord| header.iter().map(str::to_owned).zip(row.iter().map(str::to_owned)).collect();
        reader.records().map(|row| named(row.expect("a row"))).collect()
    }

    /// Pending cases and decided ones, by what they are about.
    fn cases(&self) -> Vec<Value> {
        let said = self.run(&["queue", "list", "--all", "--format", "json"]).ended(0);
        said.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// The number and version of the pending case about a payment of this amount.
    fn case_of(&self, amount: &str) -> (String, i64) {
        let cases = self.cases();
        let is_it = |case: &&Value| case["amount"]["amount"] == amount && case["state"]["state"] != "resolved";
        let case = cases.iter().find(is_it).unwrap_or_else(|| panic!("no case of {amount}: {cases:?}"));
        (case["id"].to_string(), case["version"].as_i64().expect("a number"))
    }

    /// In cents: bank in = applied + unapplied + not ours + in the queue, where the first comes from the bank's files, the next
    /// three from the ledger, and the last is what the pending cases speak of. Then what was applied.
    fn balances(&self, bank_in: i64) -> i64 {
        let mut taken: BTreeMap<String, i64> = BTreeMap::new();
        for row in self.rows("postings") {
            assert_eq!(row["currency"], "EUR");
            *taken.entry(row["purpose"].clone()).or_default() += cents(&row["amount"]);
        }
        let mut queued: BTreeMap<String, i64> = BTreeMap::new();
        for case in self.cases().iter().filter(|case| case["state"]["state"] != "resolved") {
            if let (Some(payment), Some(amount)) = (case["subject"]["payment"].as_str(), case["amount"]["amount"].as_str()) {
                queued.insert(payment.to_owned(), cents(amount));
            }
        }
        let (settled, queued): (i64, i64) = (taken.values().sum(), queued.values().sum());
        assert_eq!(settled + queued, bank_in, "settled {taken:?}, in the queue {queued}");
        taken.get("allocation").copied().unwrap_or_default()
    }

    fn verifies(&self) -> &Self {
        self.run(&["audit", "verify"]).ended(0).says("Nothing has been altered");
        self
    }
}

fn cents(amount: &str) -> i64 {
    let (whole, part) = amount.split_once('.').expect("two places");
    assert_eq!(part.len(), 2, "{amount}");
    format!("{whole}{part}").parse().expect("a number")
}

fn first_entries() -> Vec<String> {
    vec![
        credit("2026-10-02", "1190.00", "B-1", "Aster Foods GmbH", "RE-2026-0101"),
        credit("2026-10-02", "99.90", "B-2", "Cedar Ltd", "thanks"),
        credit("2026-10-02", "250.50", "B-3", "Aster Foods GmbH", "Rechnung RE-2026-0102 vom 5.9."),
    ]
}

fn first_statement() -> String {
    camt053("S-1", "0.00", "1540.40", &first_entries())
}

/// Credits of the three statements: 1190.00 + 99.90 + 250.50, 480.00, 1234.56.
const BANK_IN: i64 = 119_000 + 9_990 + 25_050 + 48_000 + 123_456;

/// Everything that can be done from the command line, in the order of a working day.
fn a_working_day(url: &str) {
    let desk = Desk::with_a_book(url);

    // The run: what is certain is settled, the rest asked, and running again changes nothing.
    let said = desk.run(&["run", "--format", "json"]).ended(0);
    let report: Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!((report["settled"].as_u64(), report["asked"].as_u64()), (Some(3), Some(2)), "{said}");
    assert_eq!(desk.balances(BANK_IN), 119_000 + 25_050 + 48_000);
    desk.verifies();
    let before = desk.exports();
    desk.run(&["run"]).ended(0).says("0  settled alone");
    assert_eq!(desk.exports(), before, "a second run changes nothing");
    let mut applied: Vec<_> = desk.rows("allocations").into_iter().map(|row| (row["invoice_id"].clone(), row)).collect();
    applied.sort_by(|a, b| a.0.cmp(&b.0));
    let shown: Vec<_> = applied.iter().map(|(item, row)| (item.as_str(), row["applied_amount"].as_str())).collect();
    assert_eq!(shown, [("I-1", "1190.00"), ("I-2", "250.50"), ("I-3", "480.00")]);
    assert!(applied.iter().all(|(_, row)| row["decided_by"] == "rule" && row["reversed_by"].is_empty()));

    // The queue: two cases, listed and shown with what is needed to decide.
    let list = desk.run(&["queue", "list"]).ended(0).says("EUR 99.90").says("EUR 1234.56").says("2 cases");
    assert_eq!(list.out.lines().count(), 2, "{list}");
    desk.run(&["queue", "list", "--kind", "ambiguous"]).ended(0).says("EUR 99.90").says("1 case");
    desk.run(&["queue", "list", "--kind", "no_such_kind"]).ended(2).says("short_payment");
    let csv = desk.run(&["queue", "list", "--format", "csv"]).ended(0);
    assert!(csv.out.starts_with("case_id,kind,severity,state,entity,amount,currency,opened_at,headline\n"), "{csv}");
    let (twins, version) = desk.case_of("99.90");
    let (stranger, _) = desk.case_of("1234.56");
    let shown = desk.run(&["queue", "show", &twins]).ended(0);
    for words in ["Why it was not settled alone", "Cedar Ltd", "EUR 99.90 to I-4", "EUR 99.90 to I-5", "weights:", "B-2"] {
        assert!(shown.out.contains(words), "{words}: {shown}");
    }
    let said = desk.run(&["queue", "show", &twins, "--format", "json"]).ended(0);
    let case: Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!((case["version"].as_i64(), case["kind"].as_str()), (Some(version), Some("ambiguous")));
    desk.run(&["queue", "show", &twins, "--format", "csv"]).ended(2);
    desk.run(&["queue", "show", "999"]).ended(2).says("there is no case 999");

    // Reject, and undo that.
    desk.run(&["queue", "reject", &twins, "--by", "anna"]).ended(0).says("stays in the queue");
    desk.balances(BANK_IN);
    let seen = version.to_string();
    desk.run(&["queue", "approve", &twins, "--version", &seen]).ended(1).says(&format!("case {twins}"));
    desk.run(&["queue", "undo", &twins, "--by", "anna"]).ended(0).says("waits again");
    let (again, version) = desk.case_of("99.90");
    assert_eq!(again, twins);

    // Approve the second candidate; who comes too late hears who decided and when.
    let seen = version.to_string();
    desk.run(&["queue", "approve", &twins, "--candidate", "9", "--by", "anna"]).ended(1).says("there is no candidate 9");
    let said = desk.run(&["queue", "approve", &twins, "--candidate", "2", "--version", &seen, "--by", "anna"]).ended(0);
    assert!(said.out.contains("EUR 99.90 to I-"), "{said}");
    assert_eq!(desk.balances(BANK_IN), 119_000 + 25_050 + 48_000 + 9_990);
    for arguments in [["queue", "approve", twins.as_str()], ["queue", "reject", twins.as_str()]] {
        let said = desk.run(&arguments).ended(1).says(&format!("case {twins} was decided by person:anna at 20"));
        assert!(said.err.lines().count() == 1, "one sentence: {said}");
    }
    desk.verifies();

    // Undo by case: the ledger and the queue are as before, and the case can be decided otherwise, in the person's own words.
    desk.run(&["queue", "undo", &twins, "--by", "bert"]).ended(0).says(&format!("case {twins} waits again"));
    assert_eq!(desk.balances(BANK_IN), 119_000 + 25_050 + 48_000);
    desk.run(&["queue", "approve", &twins, "--item", "I-4=100.00"]).ended(1);
    desk.run(&["queue", "approve", &twins, "--item", "I-4=1,00"]).ended(2).says("--item I-4=1,00");
    desk.run(&["queue", "approve", &twins, "--item", "I-4=60.00", "--item", "I-5=39.90", "--by", "bert"]).ended(0);
    assert_eq!(desk.balances(BANK_IN), 119_000 + 25_050 + 48_000 + 9_990);

    // The stranger's money: kept on an account, taken back, said to be not ours.
    desk.run(&["queue", "approve", &stranger, "--unapplied", "C-9"]).ended(1).says("there is no customer C-9");
    desk.run(&["queue", "approve", &stranger, "--unapplied", "C-2"]).ended(0).says("stays on the account of C-2");
    desk.balances(BANK_IN);
    desk.run(&["queue", "undo", &stranger]).ended(0);
    desk.run(&["queue", "approve", &stranger, "--not-ours"]).ended(0).says("is not ours to apply");
    desk.balances(BANK_IN);
    assert_eq!(desk.run(&["queue", "list"]).ended(0).out, "", "nothing waits");

    // Undo by decision, for what a rule settled: it comes back as a case, and the rule does not repeat it.
    let rule = applied[0].1["decision_id"].clone();
    desk.run(&["queue", "undo", "--decision", &rule, "--by", "bert"]).ended(0).says("waits again");
    desk.run(&["queue", "undo", "--decision", &rule]).ended(1).says("was undone before");
    desk.run(&["run"]).ended(0).says("0  settled alone");
    assert_eq!(desk.balances(BANK_IN), 25_050 + 48_000 + 9_990);
    let reversed: Vec<_> = desk.rows("allocations").into_iter().filter(|row| row["invoice_id"] == "I-1").collect();
    assert!(reversed.len() == 1 && !reversed[0]["reversed_by"].is_empty(), "{reversed:?}");

    // The end of the day: everything verifies and replays, and taking all files in again changes nothing.
    desk.verifies();
    desk.run(&["replay", "--all"]).ended(0).says("0 do not");
    desk.run(&["replay", &rule]).ended(0).says("replays to the same verdict");
    desk.run(&["replay", "999"]).ended(2);
    let before = desk.exports();
    for (what, file, words) in [
        ("customers", "c.csv", "0 new, 3 known"),
        ("invoices", "i.csv", "0 new, 5 known"),
        ("statement", "one.xml", "known already; nothing changed"),
        ("statement", "two.sta", "known already; nothing changed"),
        ("statement", "three.csv", "known already; nothing changed"),
    ] {
        desk.run(&["import", what, file]).ended(0).says(words);
    }
    desk.run(&["init"]).ended(0);
    assert_eq!(desk.exports(), before);

    // A statement that overlaps brings only what is new: one line.
    let mut entries = first_entries();
    entries.push(credit("2026-10-08", "1.00", "B-8", "Nobody", "x"));
    desk.folder.file("overlap.xml", camt053("S-2", "0.00", "1541.40", &entries));
    desk.run(&["import", "statement", "overlap.xml"]).ended(0).says("1 new, 3 known");
    let after = desk.exports();
    assert_eq!(after[..3], before[..3], "allocations, postings and cases are as they were");
    assert!(after[3].starts_with(&before[3]), "the log only grows");
    desk.run(&["run"]).ended(0);
    desk.balances(BANK_IN + 100);
    desk.verifies();
    desk.run(&["audit", "verify", "--file", "audit.out"]).ended(0).says("Nothing has been altered");
}

#[test]
fn a_working_day_on_sqlite() {
    a_working_day("sqlite://book.db");
}

#[test]
fn a_working_day_on_postgresql() {
    let server = postgres::Server::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let url = runtime.block_on(server.fresh());
    a_working_day(&url);
}

/// A PDF that carries an invoice as XML, written by hand.
fn factur_x(xml: &str) -> Vec<u8> {
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R /AF [4 0 R] >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>".to_owned(),
        "<< /Type /Filespec /F (factur-x.xml) /UF (factur-x.xml) /AFRelationship /Data /EF << /F 5 0 R /UF 5 0 R >> >>"
            .to_owned(),
        format!("<< /Type /EmbeddedFile /Subtype /text#2Fxml /Length {} >>\nstream\n{xml}\nendstream", xml.len()),
    ];
    let mut text = "%PDF-1.7\n".to_owned();
    let mut places = String::new();
    for (number, object) in (1..).zip(&objects) {
        places.push_str(&format!("{:010} 00000 n \n", text.len()));
        text.push_str(&format!("{number} 0 obj\n{object}\nendobj\n"));
    }
    let start = text.len();
    text.push_str(&format!(
        "xref\n0 6\n0000000000 65535 f \n{places}trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"
    ));
    text.into_bytes()
}

fn fixture(name: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/invoices").join(name);
    std::fs::read_to_string(path).expect("a fixture")
}

#[test]
fn electronic_invoices_are_taken_in_as_xml_and_from_inside_a_pdf() {
    let desk = Desk::new("sqlite://book.db");
    desk.run(&["init"]).ended(0);
    desk.folder.file("ubl.xml", fixture("ubl_invoice.xml"));
    desk.folder.file("cii.xml", fixture("cii_factur_x.xml"));
    desk.folder.file("invoice.pdf", factur_x(&fixture("cii_factur_x.xml")));
    // Who is billed must be known, and the refusal is a case that holds the file.
    desk.run(&["import", "invoices", "ubl.xml"]).ended(1).says("import the customer first");
    assert_eq!(desk.cases().len(), 1);

    let desk = Desk::new("sqlite://book.db");
    desk.run(&["init"]).ended(0);
    let buyer = |xml: &str, from: &str| -> String {
        let rest = &xml[xml.find(from).unwrap_or_else(|| panic!("no {from}"))..];
        let name = rest.split(['<', '>']).zip(rest.split(['<', '>']).skip(1));
        let found = name.clone().find(|(tag, _)| tag.ends_with(":RegistrationName") || *tag == "ram:Name");
        found.map(|(_, text)| text.replace("&amp;", "&")).expect("a name")
    };
    let ubl = buyer(&fixture("ubl_invoice.xml"), "AccountingCustomerParty");
    let cii = buyer(&fixture("cii_factur_x.xml"), "BuyerTradeParty");
    let customers = format!("customer_id,name,aliases,country,currency,iban\nC-1009,\"{ubl}\",,,EUR,\nC-77,\"{cii}\",,,EUR,\n");
    desk.folder.file("c.csv", customers);
    desk.run(&["import", "customers", "c.csv"]).ended(0).says("2 new");
    desk.folder.file("ubl.xml", fixture("ubl_invoice.xml"));
    desk.folder.file("cii.xml", fixture("cii_factur_x.xml"));
    desk.folder.file("invoice.pdf", factur_x(&fixture("cii_factur_x.xml")));
    desk.folder.file("empty.pdf", factur_x("<order/>"));
    desk.run(&["import", "invoices", "ubl.xml"]).ended(0).says("1 new");
    desk.run(&["import", "invoices", "invoice.pdf"]).ended(0).says("1 new");
    // The same invoice without its PDF is known already.
    desk.run(&["import", "invoices", "cii.xml"]).ended(0).says("0 new, 1 known");
    let said = desk.run(&["import", "invoices", "empty.pdf"]).ended(1);
    assert!(said.err.starts_with("empty.pdf: "), "{said}");
    desk.verifies();
}

#[test]
fn two_runs_at_once_settle_each_payment_once() {
    let desk = Desk::new("sqlite://book.db");
    desk.run(&["init"]).ended(0);
    desk.run(&["import", "customers", "c.csv"]).ended(0);
    let mut invoices = "invoice_id,customer_id,seller_id,invoice_no,issue_date,due_date,currency,amount\n".to_owned();
    let mut entries = Vec::new();
    for number in 1..=60 {
        invoices
            .push_str(&format!("N-{number},C-1,OWN,RE-2026-{:04},2026-09-01,2026-10-01,EUR,{number}.37\n", 4000 + number * 7));
        let text = format!("RE-2026-{:04}", 4000 + number * 7);
        entries.push(credit("2026-10-02", &format!("{number}.37"), &format!("B-{number}"), "Aster Foods GmbH", &text));
    }
    let sum = 60 * 61 / 2 * 100 + 60 * 37;
    desk.folder.file("many.csv", invoices);
    desk.folder.file("many.xml", camt053("S-1", "0.00", &format!("{}.{:02}", sum / 100, sum % 100), &entries));
    desk.run(&["import", "invoices", "many.csv"]).ended(0).says("60 new");
    desk.run(&["import", "statement", "many.xml"]).ended(0).says("60 new");
    let arguments = ["run", "--format", "json", "--db", &desk.url];
    let children: Vec<_> = (0..2)
        .map(|_| {
            let mut command = desk.folder.command(&arguments);
            command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().expect("it starts")
        })
        .collect();
    let settled: u64 = children
        .into_iter()
        .map(|child| {
            let said = Said::of(&arguments, child.wait_with_output().expect("it ends")).ended(0);
            let report: Value = serde_json::from_str(&said.out).expect("JSON");
            report["settled"].as_u64().expect("a number")
        })
        .sum();
    assert_eq!(settled, 60);
    let allocations = desk.rows("allocations");
    let payments: std::collections::BTreeSet<_> = allocations.iter().map(|row| row["payment_id"].clone()).collect();
    assert_eq!((allocations.len(), payments.len()), (60, 60));
    assert_eq!(desk.balances(sum), sum);
    desk.verifies();
}

/// Changes one byte of what stands right after `marker` in `bytes`, at every place where it stands. How many places.
fn flip(bytes: &mut [u8], marker: &[u8]) -> usize {
    let places: Vec<usize> = bytes.windows(marker.len()).enumerate().filter(|(_, w)| *w == marker).map(|(at, _)| at).collect();
    for at in &places {
        let digit = &mut bytes[at + marker.len() - 1];
        *digit = if *digit == b'1' { b'2' } else { b'1' };
    }
    places.len()
}

#[test]
fn one_altered_byte_is_found_in_the_database_and_in_the_export() {
    let desk = Desk::with_a_book("sqlite://book.db");
    desk.run(&["run"]).ended(0);
    desk.export("audit");
    desk.verifies();
    // All of it in one file: what is still in the write-ahead log has checksums of its own.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let url = format!("sqlite://{}", desk.folder.path("book.db").display());
        quittance_tools::store::Database::open(&url).await.expect("the database").close().await;
    });
    let whole = std::fs::read(desk.folder.path("book.db")).expect("the database");
    let posting = desk.rows("postings")[0].clone();
    // The payment's number, as the rows of ledger and book hold it; then the number of a posting, as only the log holds it.
    let payment = posting["payment_id"].as_bytes();
    let in_the_log = br#"{"change":"posted","id":1"#;
    for marker in [payment, in_the_log.as_slice()] {
        let mut altered = whole.clone();
        assert!(flip(&mut altered, marker) > 0, "{} is not in the file", String::from_utf8_lossy(marker));
        desk.folder.file("altered.db", altered);
        for rest in ["altered.db-wal", "altered.db-shm"] {
            let _ = std::fs::remove_file(desk.folder.path(rest));
        }
        desk.folder.run(&["audit", "verify", "--db", "sqlite://altered.db"]).ended(1).says("ALTERED");
    }
    let export = desk.folder.read("audit.out");
    let lines: Vec<&str> = export.lines().collect();
    for at in 0..lines.len() {
        let mut altered: Vec<String> = lines.iter().map(ToString::to_string).collect();
        let place = altered[at].find("\"changes\":\"").expect("changes") + 20;
        let letter = if altered[at].as_bytes()[place] == b'x' { "y" } else { "x" };
        altered[at].replace_range(place..=place, letter);
        desk.folder.file("altered.out", altered.join("\n"));
        desk.folder.run(&["audit", "verify", "--file", "altered.out"]).ended(1).says(&format!("line {}", at + 1));
    }
    // A line that is missing in the middle, and a file that is no export.
    desk.folder.file("altered.out", [&lines[..2], &lines[3..]].concat().join("\n"));
    desk.folder.run(&["audit", "verify", "--file", "altered.out"]).ended(1).says("ALTERED");
    desk.folder.run(&["audit", "verify", "--file", "i.csv"]).ended(1).says("line 1");
    desk.folder.run(&["audit", "verify", "--file", "none.out"]).ended(2).says("none.out");
}

#[test]
fn settings_and_databases_that_cannot_be_used_are_refused_with_a_sentence() {
    let folder = Folder::new();
    let refused = |arguments: &[&str], status: i32, words: &str| {
        let said = folder.run(arguments).ended(status).says(words);
        assert!(
            said.out.is_empty() && said.err.starts_with("quittance: ") && said.err.lines().count() == 1,
            "one sentence: {said}"
        );
    };
    for command in
        [&["queue", "list"][..], &["run"], &["export", "cases", "--out", "o"], &["audit", "verify"], &["replay", "--all"]]
    {
        refused(command, 2, "quittance init");
    }
    assert!(!folder.path("quittance.db").exists(), "nothing was made by the way");
    refused(&["init", "--db", "mysql://host/book"], 2, "sqlite://FILE or postgres://");
    for (name, text, words) in [
        ("key.toml", "databse = \"x\"", "databse"),
        ("syntax.toml", "database = ", "key.toml|syntax.toml"),
        ("currency.toml", "[[entity]]\nid = \"A\"\nname = \"A\"\ncurrency = \"EURO\"\ntime_zone = \"UTC\"", "EURO"),
        ("zone.toml", "[[entity]]\nid = \"A\"\nname = \"A\"\ncurrency = \"EUR\"\ntime_zone = \"Mars\"", "Mars"),
        ("policy.toml", "policy = \"none.toml\"", "none.toml"),
    ] {
        folder.file(name, text);
        let said = folder.run(&["init", "--config", name]).ended(2);
        assert!(words.split('|').any(|word| said.err.contains(word)), "{said}");
    }
    refused(&["init", "--config", "none.toml"], 2, "none.toml");
    folder.file("book.db", "no database at all, only some text that stands in a file with such a name");
    let said = folder.run(&["queue", "list", "--db", "sqlite://book.db"]).ended(2);
    assert!(said.err.contains("book.db"), "{said}");
    refused(&["import", "customers", "none.csv", "--db", "sqlite://missing.db"], 2, "quittance init");
    refused(&["migrate", "--db", "sqlite://missing.db"], 2, "quittance init");
    refused(&["init", "--db", "sqlite://none/book.db"], 2, "make it first");
    folder.run(&["init"]).ended(0);
    folder.run(&["import", "customers", "none.csv"]).ended(1).says("none.csv: it could not be opened");
    folder.file("s.xml", first_statement());
    folder.run(&["import", "statement", "s.xml"]).ended(1).says("there is no entity yet");
    folder.run(&["queue", "approve", "99"]).ended(1).says("there is no case 99");
    folder.run(&["queue", "undo"]).ended(2);
    // The account's name is said, so that it can be placed.
    assert!(folder.run(&["queue", "list"]).ended(0).out.contains("s.xml"), "the file waits in the queue, not {ACCOUNT}'s money");
}
