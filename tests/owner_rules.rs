//! The rules people write and what confirmations teach, through the built program: checked, published, obeyed, shown, replayed,
//! undone. And what a return opens again.

#[expect(dead_code, reason = "other tests use the statements in other formats")]
#[path = "program/books.rs"]
mod books;
mod program;

use std::collections::BTreeMap;

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

const THRESHOLDS: &str = "\
[gate]
high_value = { EUR = \"10000.00\" }

[evidence]
claim_waits_days = 5
booking_within_days = 7
";

const RULES: &str = "
[[rule]]
name = \"interest\"
when = 'payment.remittance.lower().contains(\"zinsen\") && payment.amount < amount(\"100.00\", \"EUR\")'
then = \"not_ours\"

[[rule]]
name = \"cents of Aster\"
when = 'customer.id == \"C-1\" && has(item.number) && abs(difference) <= amount(\"2.00\", \"EUR\")'
then = \"write_off\"
limit = { EUR = \"2.00\" }

[[rule]]
name = \"Birke is Maria's\"
when = 'customer.name.startsWith(\"Birke\")'
then = \"assign\"
to = \"maria\"

[[rule]]
name = \"dollars\"
when = 'payment.payer_name == \"Cedar Ltd\" && payment.amount > amount(\"1.00\", \"USD\")'
then = \"ask\"
";

struct Desk {
    folder: Folder,
}

impl Desk {
    fn new() -> Self {
        let desk = Self { folder: Folder::new() };
        desk.folder.file("quittance.toml", SETTINGS);
        desk.folder.file("c.csv", CUSTOMERS);
        desk.folder.file("i.csv", INVOICES);
        desk.run(&["init"]).ended(0);
        desk.run(&["import", "customers", "c.csv"]).ended(0);
        desk.run(&["import", "invoices", "i.csv"]).ended(0);
        desk
    }

    fn run(&self, arguments: &[&str]) -> Said {
        self.folder.run(arguments)
    }

    /// Takes a statement of these entries in, and runs.
    fn book(&self, name: &str, sum: &str, entries: &[String]) -> Value {
        self.folder.file(name, camt053(name, "0.00", sum, entries));
        self.run(&["import", "statement", name]).ended(0);
        self.reconcile()
    }

    fn reconcile(&self) -> Value {
        let said = self.run(&["run", "--format", "json"]).ended(0);
        serde_json::from_str(&said.out).expect("JSON")
    }

    fn publish(&self, text: &str) {
        self.folder.file("policy.toml", text);
        self.run(&["policy", "publish", "policy.toml", "--by", "owner"]).ended(0).says("In force now");
    }

    fn cases(&self) -> Vec<Value> {
        let said = self.run(&["queue", "list", "--all", "--format", "json"]).ended(0);
        said.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    fn pending(&self, amount: &str) -> Value {
        let cases = self.cases();
        let is_it = |case: &&Value| case["amount"]["amount"] == amount && case["state"]["state"] != "resolved";
        cases.iter().find(is_it).unwrap_or_else(|| panic!("no case of {amount}: {cases:?}")).clone()
    }

    fn rows(&self, what: &str) -> Vec<BTreeMap<String, String>> {
        self.run(&["export", what, "--out", "rows.csv"]).ended(0);
        let text = self.folder.read("rows.csv");
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let header = reader.headers().expect("a header").clone();
        let named = |row: csv::StringRecord| header.iter().map(str::to_owned).zip(row.iter().map(str::to_owned)).collect();
        reader.records().map(|row| named(row.expect("a row"))).collect()
    }

    /// Purpose, item or customer, and amount or cleared of every standing posting.
    fn ledger(&self) -> Vec<String> {
        let rows = self.rows("postings");
        let reversed: Vec<&str> = rows.iter().map(|row| row["reverses"].as_str()).collect();
        let mut standing: Vec<String> = rows
            .iter()
            .filter(|row| row["reverses"].is_empty() && !reversed.contains(&row["posting_id"].as_str()))
            .map(|row| {
                let amount = if row["cleared"].is_empty() { &row["amount"] } else { &row["cleared"] };
                format!("{} {}{} {amount}", row["purpose"], row["invoice_id"], row["customer_id"])
            })
            .collect();
        standing.sort();
        standing
    }

    fn aliases(&self) -> Vec<String> {
        self.rows("aliases")
            .iter()
            .map(|row| format!("{} {} {} {}", row["customer_id"], row["kind"], row["value"], row["standing"]))
            .collect()
    }

    fn verifies(&self) {
        self.run(&["audit", "verify"]).ended(0).says("Nothing has been altered");
        self.run(&["replay", "--all"]).ended(0).says("0 do not");
    }
}

/// A credit with the payer's account.
fn credit_from(date: &str, amount: &str, reference: &str, payer: &str, account: &str, text: &str) -> String {
    let name = format!("<Nm>{payer}</Nm></Dbtr>");
    let with = format!("{name}<DbtrAcct><Id><IBAN>{account}</IBAN></Id></DbtrAcct>");
    credit(date, amount, reference, payer, text).replace(&name, &with)
}

/// A debit that the bank books as a return.
fn returned(date: &str, amount: &str, reference: &str, payer: &str, text: &str) -> String {
    credit(date, amount, reference, payer, text)
        .replace("<CdtDbtInd>CRDT</CdtDbtInd>", "<CdtDbtInd>DBIT</CdtDbtInd>")
        .replace("<RmtInf>", "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf><RmtInf>")
        .replace("<Dbtr>", "<Cdtr>")
        .replace("</Dbtr>", "</Cdtr>")
}

#[test]
fn rules_are_obeyed_shown_replayed_and_undone() {
    let desk = Desk::new();
    desk.publish(&format!("{THRESHOLDS}{RULES}"));
    desk.run(&["policy", "publish", "policy.toml"]).ended(0).says("in force already");
    desk.run(&["policy", "show"]).ended(0).says("4 rules").says("cents of Aster");
    let entries = [
        credit("2026-10-02", "4.12", "B-1", "Hausbank", "Habenzinsen III/2026"),
        credit("2026-10-02", "1188.50", "B-2", "Aster Foods GmbH", "RE-2026-0101"),
        credit("2026-10-02", "480.00", "B-3", "Birke &amp; Sohn KG", "RE-2026-0203"),
        credit("2026-10-02", "99.90", "B-4", "Cedar Ltd", "RE-2026-0304"),
        credit("2026-10-02", "247.00", "B-5", "Aster Foods GmbH", "RE-2026-0102"),
    ];
    let report = desk.book("one.xml", "2019.52", &entries);
    assert_eq!((report["settled"].as_u64(), report["asked"].as_u64()), (Some(2), Some(3)), "{report}");
    assert_eq!(desk.ledger(), ["allocation I-1 1188.50", "not_ours  4.12", "write_off I-1 1.50"]);
    let birke = desk.pending("480.00");
    assert_eq!((birke["state"]["state"].as_str(), birke["state"]["to"].as_str()), (Some("assigned"), Some("maria")), "{birke}");
    let reasons = |case: &Value| {
        case["reasons"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|r| r.as_str().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert!(reasons(&birke).contains("rule `Birke is Maria's` gives it to maria"), "{birke}");
    assert!(
        reasons(&desk.pending("99.90")).contains("rule `dollars` cannot say whether it applies: EUR and USD"),
        "{:?}",
        desk.cases()
    );
    assert!(!reasons(&desk.pending("247.00")).contains("rule"), "3.50 is more than any rule speaks of");
    desk.verifies();
    let before = desk.rows("postings");
    assert_eq!(desk.reconcile()["unchanged"].as_u64(), Some(3));
    assert_eq!(desk.rows("postings"), before);

    // Each rule shows what it last did; a decision names its rule.
    let shown = desk.run(&["policy", "show", "--format", "json"]).ended(0);
    let shown: Value = serde_json::from_str(&shown.out).expect("JSON");
    let did: Vec<(&str, u64, u64)> = shown["rules"]
        .as_array()
        .expect("rules")
        .iter()
        .map(|rule| {
            (
                rule["name"].as_str().expect("a name"),
                rule["decisions"].as_u64().expect("a count"),
                rule["settled"].as_u64().expect("a count"),
            )
        })
        .collect();
    assert_eq!(did, [("interest", 1, 1), ("cents of Aster", 1, 1), ("Birke is Maria's", 1, 0), ("dollars", 1, 0)]);
    assert!(shown["rules"][0]["last_did"].as_str().expect("words").starts_with("settled in decision"));
    let written_off = desk.rows("allocations").into_iter().find(|row| row["purpose"] == "write_off").expect("a write-off");
    assert_eq!((written_off["decided_by"].as_str(), written_off["rule"].as_str()), ("rule", "cents of Aster"));

    // Another policy comes into force; what was decided under the first still replays, and an undo holds.
    desk.publish(THRESHOLDS);
    desk.verifies();
    desk.run(&["queue", "undo", "--decision", &written_off["decision_id"]]).ended(0).says("waits again");
    assert_eq!(desk.ledger(), ["not_ours  4.12"]);
    desk.publish(&format!("{THRESHOLDS}{RULES}# again\n"));
    desk.reconcile();
    assert_eq!(desk.ledger(), ["not_ours  4.12"], "what was undone is not done again");
    assert!(reasons(&desk.pending("1188.50")).contains("a person refused this answer before"), "{:?}", desk.pending("1188.50"));
    desk.verifies();
}

#[test]
fn a_policy_that_is_wrong_is_refused_with_its_place() {
    let desk = Desk::new();
    for (text, words) in [
        (
            format!("{THRESHOLDS}\n[[rule]]\nname = \"x\"\nwhen = 'payment.amonut > 1'\nthen = \"ask\"\n"),
            "line 10, column 9: rule `x`: there is no `payment.amonut`",
        ),
        (
            format!("{THRESHOLDS}\n[[rule]]\nname = \"x\"\nwhen = 'true'\nthen = \"pay\"\n"),
            "line 11, column 8: rule `x`: `pay` is no action",
        ),
        (format!("{THRESHOLDS}\n[settle]\nconfidence = 0.1\n"), "settle.confidence"),
        (format!("{THRESHOLDS}\n[whishes]\na = 1\n"), "line 8, column 1: unknown section `whishes`"),
        ("[gate]\nhigh_value = 3\n".to_owned(), "line 2, column 14"),
        ("[gate".to_owned(), "line 1"),
    ] {
        desk.folder.file("p.toml", &text);
        for command in [&["policy", "check", "p.toml"][..], &["policy", "publish", "p.toml"]] {
            let said = desk.run(command).ended(2).says(words);
            assert!(said.err.starts_with("quittance: p.toml") && said.err.lines().count() == 1 && said.out.is_empty(), "{said}");
        }
    }
    desk.run(&["policy", "check", "none.toml"]).ended(2).says("none.toml");
    desk.folder.file("good.toml", format!("{THRESHOLDS}{RULES}"));
    desk.run(&["policy", "check", "good.toml"]).ended(0).says("4 rules").says("write off up to EUR 2.00");
    desk.run(&["policy", "show"]).ended(0).says("published").says("no rules");
    let text = desk.run(&["policy", "show", "--text"]).ended(0).out;
    desk.folder.file("again.toml", text);
    desk.run(&["policy", "check", "again.toml"]).ended(0);
}

#[test]
fn a_book_in_memory_obeys_the_same_rules() {
    let folder = Folder::new();
    folder.file("c.csv", CUSTOMERS);
    folder.file("i.csv", INVOICES);
    let payments = "\
payment_id,booking_date,account,amount,currency,payer_name,payer_iban,remittance,end_to_end_id
interest,2026-10-02,DE12,4.12,EUR,Hausbank,,Habenzinsen III/2026,
cents,2026-10-02,DE12,1188.50,EUR,Aster Foods GmbH,DE89370400440532013000,RE-2026-0101,
birke,2026-10-02,DE12,480.00,EUR,Birke & Sohn KG,DE02120300000000202051,RE-2026-0203,
dollars,2026-10-02,DE12,99.90,EUR,Cedar Ltd,,RE-2026-0304,
plain,2026-10-02,DE12,250.50,EUR,Aster Foods GmbH,DE89370400440532013000,RE-2026-0102,
";
    folder.file("p.csv", payments);
    folder.file("policy.toml", RULES);
    let lines = |arguments: &[&str]| -> BTreeMap<String, String> {
        let mut all = vec!["match", "--customers", "c.csv", "--invoices", "i.csv", "--payments", "p.csv", "--out", "out.csv"];
        all.extend(arguments);
        folder.run(&all).ended(0);
        let text = folder.read("out.csv");
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        reader
            .records()
            .map(|row| row.expect("a row"))
            .filter(|row| &row[5] == "1")
            .map(|row| (row[0].to_owned(), format!("{} {} {}: {}", &row[3], &row[1], &row[2], &row[6])))
            .collect()
    };
    for threads in ["1", "3"] {
        let with = lines(&["--policy", "policy.toml", "--threads", threads]);
        for (payment, starts, says) in [
            ("interest", "auto  0", "rule `interest`"),
            ("cents", "auto I-1 1190.00", "rule `cents of Aster` writes off EUR 1.50"),
            ("birke", "queue I-3 480.00", "rule `Birke is Maria's` gives it to maria"),
            ("dollars", "queue I-4 99.90", "rule `dollars` cannot say whether it applies"),
            ("plain", "auto I-2 250.50", "exactly, by its number"),
        ] {
            assert!(with[payment].starts_with(starts) && with[payment].contains(says), "{payment}: {}", with[payment]);
        }
    }
    let without = lines(&[]);
    assert!(without["birke"].starts_with("auto") && without["dollars"].starts_with("auto"), "{without:?}");
    folder.file("policy.toml", "[[rule]]\nname = 'x'\nwhen = 'item.nubmer == \"\"'\nthen = 'ask'\n");
    let refused = [
        "match",
        "--customers",
        "c.csv",
        "--invoices",
        "i.csv",
        "--payments",
        "p.csv",
        "--out",
        "o.csv",
        "--policy",
        "policy.toml",
    ];
    folder.run(&refused).ended(2).says("policy.toml, line 3, column 9: rule `x`: there is no `item.nubmer`");
}

#[test]
fn a_confirmation_teaches_until_it_is_undone_or_revoked() {
    let french = "FR7630006000011234567890189";
    let desk = Desk::new();
    desk.book(
        "one.xml",
        "1190.00",
        &[credit_from("2026-10-02", "1190.00", "B-1", "Frische Welt Handels AG", french, "RE-2026-0101")],
    );
    let case = desk.pending("1190.00");
    let id = case["id"].to_string();
    assert_eq!(case["kind"], "third_party_payer", "{case}");
    assert!(desk.aliases().is_empty());
    desk.run(&["queue", "approve", &id, "--by", "anna"]).ended(0);
    let learned = [format!("C-1 account {french} active"), "C-1 name Frische Welt Handels AG active".to_owned()];
    assert_eq!(desk.aliases(), learned);
    desk.run(&["alias", "list"]).ended(0).says("person:anna").says(french).says("2 aliases");
    desk.verifies();

    // The next payment of this payer is known.
    let next = credit_from("2026-10-05", "250.50", "B-2", "Frische Welt Handels AG", french, "RE-2026-0102");
    let report = desk.book("two.xml", "250.50", &[next]);
    assert_eq!(report["settled"].as_u64(), Some(1), "{report} {:?}", desk.cases());

    // Undo takes what was taught back; the approval teaches it again.
    desk.run(&["queue", "undo", &id]).ended(0);
    assert!(desk.aliases().iter().all(|alias| alias.ends_with("withdrawn")), "{:?}", desk.aliases());
    desk.run(&["alias", "list"]).ended(0).says("0 aliases");
    desk.run(&["alias", "list", "--all", "--format", "csv"]).ended(0).says("alias_id,customer_id,kind,value,standing");
    desk.run(&["queue", "approve", &id, "--by", "anna"]).ended(0);
    let active: Vec<String> = desk.aliases().into_iter().filter(|alias| alias.ends_with("active")).collect();
    assert_eq!(active, learned);
    desk.verifies();

    // Revoked by hand.
    let listed = desk.rows("aliases");
    let name =
        listed.iter().find(|row| row["kind"] == "name" && row["standing"] == "active").expect("a name")["alias_id"].clone();
    desk.run(&["alias", "revoke", &name, "--by", "owner"]).ended(0).says("not in use any more");
    desk.run(&["alias", "revoke", &name]).ended(1).says("it is revoked");
    desk.run(&["alias", "revoke", "99-name"]).ended(1).says("there is no alias 99-name");

    // The account pays for another customer too: it is known as shared, and tells nothing any more.
    desk.book("three.xml", "480.00", &[credit_from("2026-10-06", "480.00", "B-3", "Pay Agents", french, "RE-2026-0203")]);
    let other = desk.pending("480.00")["id"].to_string();
    desk.run(&["queue", "approve", &other, "--item", "I-3=480.00"]).ended(0);
    assert!(desk.aliases().contains(&format!("C-1 account {french} shared")), "{:?}", desk.aliases());
    desk.run(&["queue", "undo", &other]).ended(0);
    assert!(desk.aliases().contains(&format!("C-1 account {french} active")), "{:?}", desk.aliases());

    // A person says that somebody else pays: nothing is learned.
    desk.book(
        "four.xml",
        "99.90",
        &[credit_from("2026-10-07", "99.90", "B-4", "Onkel Otto", "GB82WEST12345698765432", "RE-2026-0304")],
    );
    let otto = desk.pending("99.90")["id"].to_string();
    desk.run(&["queue", "approve", &otto, "--third-party"]).ended(0);
    assert!(desk.aliases().contains(&"C-3 name Onkel Otto third_party".to_owned()), "{:?}", desk.aliases());
    desk.verifies();
}

#[test]
fn a_return_opens_again_what_its_receipt_had_settled() {
    let desk = Desk::new();
    let report = desk.book("one.xml", "1190.00", &[credit("2026-10-02", "1190.00", "B-1", "Aster Foods GmbH", "RE-2026-0101")]);
    assert_eq!(report["settled"].as_u64(), Some(1));
    let back = returned("2026-10-06", "1190.00", "B-9", "Aster Foods GmbH", "RETURN RE-2026-0101");
    desk.folder.file("two.xml", camt053("S-2", "1190.00", "0.00", &[back]));
    desk.run(&["import", "statement", "two.xml"]).ended(0).says("1 new");
    let report = desk.reconcile();
    assert_eq!((report["returns"].as_u64(), report["reopened"].as_u64()), (Some(1), Some(1)), "{report}");
    assert_eq!(desk.ledger(), ["not_ours  1190.00"], "the invoice is open again, the money is not ours any more");
    let case = desk.pending("-1190.00");
    assert_eq!(case["kind"], "returned_payment");
    assert!(case["reasons"].to_string().contains("I-1 is open again by decision"), "{case}");
    desk.verifies();
    assert_eq!(desk.reconcile()["returns"].as_u64(), Some(0), "once");

    // Undone, it is as before the return; paid again, it settles again.
    let id = case["id"].to_string();
    desk.run(&["queue", "undo", &id]).ended(0);
    assert_eq!(desk.ledger(), ["allocation I-1 1190.00"]);
    desk.verifies();

    // A return that shares nothing with any receipt opens nothing, and says what it may take back.
    let other = returned("2026-10-08", "1190.00", "B-10", "Somebody", "no reason");
    desk.folder.file("three.xml", camt053("S-3", "1190.00", "0.00", &[other]));
    desk.run(&["import", "statement", "three.xml"]).ended(0).says("1 new");
    let report = desk.reconcile();
    assert_eq!((report["returns"].as_u64(), report["reopened"].as_u64()), (Some(1), Some(0)), "{report}");
    assert_eq!(desk.ledger(), ["allocation I-1 1190.00"]);

    // What is paid already is said of a second payment that names it.
    desk.book("four.xml", "1190.00", &[credit("2026-10-09", "1190.00", "B-11", "Aster Foods GmbH", "RE-2026-0101 bitte")]);
    let second = desk.pending("1190.00");
    assert!(second["reasons"].to_string().contains("RE-2026-0101, which the payment names, is paid already"), "{second}");
    assert_eq!(second["kind"], "duplicate_payment", "{second} {ACCOUNT}");
    desk.verifies();
}
