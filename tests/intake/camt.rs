//! CAMT files of three collections, against two other readers' results: entry counts and sums (`camt_reference_counts.json`) and
//! the objects that the genkgo library expects (the `.json` beside each of its files).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use quittance_rules::bank::{Collected, CollectedStatement, StatementLine};
use quittance_rules::money::{Currency, Money};
use quittance_tools::intake::IntakeError;
use quittance_tools::intake::camt::{self, CamtKind};
use rust_decimal::Decimal;
use serde_json::Value;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn bytes(file: &str) -> Vec<u8> {
    std::fs::read(fixtures().join(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
}

fn json(file: &str) -> Value {
    serde_json::from_slice(&bytes(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
}

fn read(xml: &[u8]) -> Result<(CamtKind, Collected), IntakeError> {
    let mut collected = Collected::default();
    let kind = camt::read(xml, &mut collected)?;
    Ok((kind, collected))
}

fn camt_files() -> Vec<String> {
    let mut files = Vec::new();
    for folder in [
        "genkgo-camt/test/data",
        "bankstatementparser/tests/test_data",
        "bankstatementparser/tests/test_data/golden",
        "prowide/iso20022-core/src/test/resources",
    ] {
        for entry in std::fs::read_dir(fixtures().join(folder)).expect(folder) {
            let name = entry.expect(folder).file_name().into_string().expect("plain names");
            if name.ends_with(".xml") && name.contains("camt") {
                files.push(format!("{folder}/{name}"));
            }
        }
    }
    files.sort();
    files
}

fn decimal(value: &Value) -> Decimal {
    let text = value.to_string();
    Decimal::from_str(&text).unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn sum<'a>(lines: impl Iterator<Item = &'a StatementLine>) -> Decimal {
    lines.map(|l| l.amount.to_decimal()).sum()
}

/// File, what differs from the reference counts, and why ours is as it is. The test fails when a row no longer differs.
const DIFFERENCES: [(&str, &str, &str); 4] = [
    (
        "genkgo-camt/test/data/camt054.v2.xml",
        "tx_details 3, lines 1",
        "the three details carry no amount: one line for the entry, their texts joined",
    ),
    (
        "genkgo-camt/test/data/camt054.v4.xml",
        "tx_details 3, lines 1",
        "the details' amounts are CHF 9.50 together, the entry is SEK 200000: one line for the entry",
    ),
    ("genkgo-camt/test/data/camt054.v8.xml", "tx_details 3, lines 1", "as camt054.v4"),
    (
        "prowide/iso20022-core/src/test/resources/camt.053.001.07.xml",
        "balances",
        "only OPAV and ITBD: neither is a booked balance, so both stay empty",
    ),
];

#[test]
fn counts_sums_and_balances_are_those_of_the_reference() {
    let reference = json("camt_reference_counts.json");
    let reference = reference.as_object().expect("an object");
    assert_eq!(reference.len(), 29);
    let mut differences = BTreeMap::new();
    for (file, expected) in reference {
        let (_, ours) = read(&bytes(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
        assert_eq!(ours.problems, [], "{file}");
        let expected = expected.as_array().expect("statements");
        assert_eq!(ours.statements.len(), expected.len(), "{file}: statements");
        for (ours, expected) in ours.statements.iter().zip(expected) {
            let lines = &ours.lines;
            let entries =
                lines.iter().map(|l| l.place.split([',', '(']).next().map(str::trim)).collect::<std::collections::BTreeSet<_>>();
            assert_eq!(Value::from(entries.len()), expected["entries"], "{file}: entries");
            assert_eq!(sum(lines.iter()), decimal(&expected["sum"]), "{file}: sum");
            assert_eq!(sum(lines.iter().filter(|l| l.amount.is_positive())), decimal(&expected["credits"]), "{file}: credits");
            assert_eq!(Value::from(ours.end.balance_adds_up), expected["arithmetic"], "{file}: arithmetic");
            let balances = expected["balances"].as_object().expect("balances");
            let reference = |code: &str| balances.get(code).map(decimal);
            let decimal_of = |money: Option<Money>| money.map(Money::to_decimal);
            assert_eq!(decimal_of(ours.end.opening_balance), reference("OPBD").or(reference("PRCD")), "{file}: opening");
            assert_eq!(decimal_of(ours.end.closing_balance), reference("CLBD"), "{file}: closing");
            if !balances.is_empty()
                && ours.end.opening_balance.is_none()
                && !balances.keys().any(|k| k == "CLAV" || k == "ITBD" && balances.len() == 1)
            {
                differences.insert(file.clone(), "balances".to_owned());
            }
            // A batch without usable amounts is one line; everything else is a line per detail, or per entry that has none.
            let details = expected["tx_details"].as_u64().expect("a count");
            if details > entries.len() as u64 && lines.len() as u64 != details {
                differences.insert(file.clone(), format!("tx_details {details}, lines {}", lines.len()));
            }
        }
    }
    let told: BTreeMap<String, String> =
        DIFFERENCES.iter().map(|(file, what, _)| ((*file).to_owned(), (*what).to_owned())).collect();
    assert_eq!(differences, told);
}

#[test]
fn files_without_reference_counts() {
    // (file, kind, statements, lines, problems with what their message says)
    for (file, kind, statements, lines, problem) in [
        ("genkgo-camt/test/data/camt052.v1.xml", CamtKind::Camt052, 1, 1, None),
        ("genkgo-camt/test/data/camt053.v2.wrong.xml", CamtKind::Camt053, 0, 0, Some("holds no statement")),
        (
            "bankstatementparser/tests/test_data/golden/camt053_garbled_amount.xml",
            CamtKind::Camt053,
            1,
            0,
            Some("entry 1: `12..34` is not a decimal amount"),
        ),
    ] {
        let (found, ours) = read(&bytes(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
        assert_eq!(found, kind, "{file}");
        assert_eq!(ours.statements.len(), statements, "{file}");
        assert_eq!(ours.statements.iter().map(|s| s.lines.len()).sum::<usize>(), lines, "{file}");
        match (problem, ours.problems.as_slice()) {
            (None, []) => {}
            (Some(words), [only]) => assert!(only.message.contains(words), "{file}: {only:?}"),
            (_, problems) => panic!("{file}: {problems:?}"),
        }
    }
    let garbled = read(&bytes("bankstatementparser/tests/test_data/golden/camt053_garbled_amount.xml")).expect("taken").1;
    assert_eq!(garbled.problems[0].field.as_deref(), Some("Ntry/Amt"));
    assert!(garbled.problems[0].line.is_some_and(|l| l > 1));
    let (_, first_version) = read(&bytes("genkgo-camt/test/data/camt052.v1.xml")).expect("taken");
    let statement = &first_version.statements[0];
    assert_eq!(statement.statement.account, "CH2801234000123456789");
    assert_eq!(statement.lines[0].transaction_code.as_deref(), Some("PAYM-0001-0003"));
    assert_eq!(statement.lines[0].remittance.as_deref(), Some("Credit"));
}

/// What other documents are, in a sentence.
#[test]
fn documents_that_are_no_statement_are_named() {
    for (xml, words) in [
        (
            bytes("bankstatementparser/tests/test_data/pain.001.001.03.xml"),
            "pain.001 credit transfer initiation (a payment order); it says what was asked for",
        ),
        (bytes("prowide/iso20022-core/src/test/resources/pacs.008.001.07.xml"), "pacs.008"),
        (bytes("prowide/iso20022-core/src/test/resources/pacs.009.001.07.xml"), "pacs.009"),
        (bytes("bankstatementparser/tests/test_data/invalid.xml"), "ISO 20022 envelope with no message"),
        (b"<Invoice xmlns='urn:oasis:names:specification:ubl:schema:xsd:Invoice-2'/>".to_vec(), "invoice (UBL)"),
        (b"<html><body>Please sign in</body></html>".to_vec(), "sign-in page"),
        (b"<shop><order/></shop>".to_vec(), "<shop>"),
        (b"<Document><pain.001.001.02/></Document>".to_vec(), "payment initiation"),
        (b"<Document><CstmrDrctDbtInitnV02/></Document>".to_vec(), "pain.008"),
        (b"".to_vec(), "empty"),
        (b"just text".to_vec(), "no XML element"),
        (b"<!DOCTYPE lolz [<!ENTITY lol 'lol'>]><Document/>".to_vec(), "DTD"),
        (b"<Docum".to_vec(), "ends here"),
    ] {
        let error = read(&xml).map(|(kind, _)| kind).expect_err(words).to_string();
        assert!(error.contains(words), "{words}: {error}");
    }
}

/// The genkgo library's expected objects: amount, direction, dates, references, status, parties, remittance.
#[test]
fn entries_are_those_genkgo_expects() {
    let mut compared = 0;
    for file in camt_files().iter().filter(|f| f.starts_with("genkgo") && !f.ends_with("wrong.xml")) {
        let expected = json(&file.replace(".xml", ".json"));
        let (_, ours) = read(&bytes(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
        let lines: Vec<(&CollectedStatement, &StatementLine)> =
            ours.statements.iter().flat_map(|s| s.lines.iter().map(move |l| (s, l))).collect();
        let entries = expected["getEntries"].as_array().expect("entries");
        // Their list of entries holds only those of the last statement.
        let skipped = if file.ends_with("multi.statement.xml") { 1 } else { 0 };
        assert_eq!(lines.len() - skipped, entries.len(), "{file}");
        for ((statement, line), entry) in lines.iter().skip(skipped).zip(entries) {
            compared += 1;
            let text = |value: &Value| value.as_str().map(str::to_owned).filter(|s| !s.is_empty());
            let currency =
                Currency::parse(entry["getAmount"]["getCurrency"]["getCode"].as_str().expect("a code")).expect("known");
            let minor = entry["getAmount"]["getAmount"].as_str().expect("minor units").parse().expect("an integer");
            assert_eq!(line.amount, Money::new(minor, currency), "{file}");
            let day = |value: &Value| value["0"].as_str().map(|instant| instant[..10].to_owned());
            let value_date = day(&entry["getValueDate"]);
            assert_eq!(line.value_date.map(|d| d.to_string()), value_date, "{file}: value date");
            assert_eq!(
                line.booking_date.map(|d| d.to_string()),
                day(&entry["getBookingDate"]).or(value_date),
                "{file}: booking date"
            );
            assert_eq!(line.is_booked, entry["getStatus"] == "BOOK", "{file}: status");
            assert_eq!(line.is_return, entry["getReversalIndicator"] == true, "{file}: reversal");
            assert_eq!(
                text(&entry["getRecord"]["getAccount"]["getIdentification"]).as_ref(),
                Some(&statement.statement.account),
                "{file}"
            );
            assert_eq!(text(&entry["getRecord"]["getId"]), statement.statement.statement_id, "{file}: statement id");
            let details = entry["getTransactionDetails"].as_array().map(Vec::as_slice).unwrap_or_default();
            let [detail] = details else { continue };
            let detail = if detail.is_object() { detail } else { &entry["getTransactionDetail"] };
            assert_eq!(line.end_to_end_id, text(&detail["getReference"]["getEndToEndId"]), "{file}: end-to-end id");
            let bank = text(&detail["getReference"]["getAccountServicerReference"]);
            assert_eq!(line.bank_reference, bank.or(text(&entry["getAccountServicerReference"])), "{file}: bank reference");
            let remittance = &detail["getRemittanceInformation"];
            let creditor_reference = text(&remittance["getStructuredBlock"]["getCreditorReferenceInformation"]["getRef"])
                .or(text(&remittance["getCreditorReferenceInformation"]["getRef"]));
            assert_eq!(line.structured_reference, creditor_reference, "{file}: creditor reference");
            if let Some(message) = text(&remittance["getUnstructuredBlock"]["getMessage"]) {
                assert!(line.remittance.as_ref().is_some_and(|r| r.contains(&message)), "{file}: {message}");
            }
            // Where the usual side is the account holder (camt052.v4 and v6: credits written as debits), ours is the other.
            let parties = detail["getRelatedParties"].as_array().map(Vec::as_slice).unwrap_or_default();
            let class_of = |party: &Value| party["getRelatedPartyType"]["__CLASS__"].as_str().unwrap_or_default().to_owned();
            let is_ours = |side: &str| {
                let own = Some(&statement.statement.account);
                parties.iter().any(|p| class_of(p).ends_with(side) && text(&p["getAccount"]["getIdentification"]).as_ref() == own)
            };
            let (usual, other) = if line.amount.is_negative() { ("Creditor", "Debtor") } else { ("Debtor", "Creditor") };
            let side = if is_ours(&format!("\\{usual}")) && !is_ours(&format!("\\{other}")) { other } else { usual };
            for party in parties {
                if class_of(party) == format!("Genkgo\\Camt\\DTO\\{side}") {
                    assert_eq!(line.counterparty_name, text(&party["getRelatedPartyType"]["getName"]), "{file}: name");
                    assert_eq!(line.counterparty_account, text(&party["getAccount"]["getIdentification"]), "{file}: account");
                }
            }
        }
    }
    assert_eq!(compared, 24);
}

#[test]
fn a_truncated_file_yields_only_lines_of_the_whole_one() {
    for (file, step) in camt_files().iter().zip([7, 11, 13, 17].iter().cycle()) {
        let whole = bytes(file);
        let (_, complete) = read(&whole).unwrap_or_else(|e| panic!("{file}: {e}"));
        let all: Vec<&StatementLine> = complete.statements.iter().flat_map(|s| &s.lines).collect();
        for cut in (0..whole.len()).step_by(*step) {
            if let Ok((_, part)) = read(&whole[..cut]) {
                let lines: Vec<&StatementLine> = part.statements.iter().flat_map(|s| &s.lines).collect();
                assert!(all.starts_with(&lines), "{file} cut at {cut}: {lines:?}");
                // Only what stands after the message may be missing without a word (`</message>` of an envelope is not).
                assert!(
                    !part.problems.is_empty() || whole[cut..].iter().all(u8::is_ascii_whitespace),
                    "{file} cut at {cut} in silence"
                );
            }
        }
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(600))]

    /// No bytes make it panic, and amounts stay of a currency.
    #[test]
    fn flipped_bytes_never_panic(file in 0_usize..28, flips in proptest::collection::vec((0_usize..12_000, 0_u8..=255), 1..8)) {
        let files = camt_files();
        let mut xml = bytes(&files[file % files.len()]);
        for (at, byte) in flips {
            let length = xml.len();
            xml[at % length] = byte;
        }
        let _ = read(&xml);
    }

    #[test]
    fn any_bytes_never_panic(tail in proptest::collection::vec(0_u8..=255, 0..400)) {
        let mut xml = b"<Document><BkToCstmrStmt><Stmt><Ntry>".to_vec();
        let _ = read(&tail);
        xml.extend(tail);
        let _ = read(&xml);
    }
}
