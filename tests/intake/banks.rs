//! Files in the manner of banks of many countries, through the reader that chooses by content: amounts, signs, dates, parties and
//! balances by hand.

use std::io::Cursor;
use std::path::PathBuf;

use quittance_rules::bank::Collected;
use quittance_rules::money::Currency;
use quittance_tools::intake::bank_file::{BankFileOptions, BankFileReading, read_bank_file};

fn read(file: &str, currency: Option<&str>) -> (Collected, BankFileReading) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/banks").join(file);
    let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{file}: {e}"));
    let currency = currency.map(|code| Currency::parse(code).expect(code));
    let mut found = Collected::default();
    let options = BankFileOptions { currency, ..BankFileOptions::default() };
    let reading = read_bank_file(Cursor::new(bytes), &options, &mut found).unwrap_or_else(|e| panic!("{file}: {e}"));
    (found, reading)
}

/// `date amount | name | account | text | structured reference`, then the balances as `= account opening closing adds-up`, then
/// the lines that are problems.
fn shown(found: &Collected) -> Vec<String> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let mut rows = Vec::new();
    for statement in &found.statements {
        for line in &statement.lines {
            let date = line.booking_date.map(|d| d.to_string()).unwrap_or_default();
            let back = if line.is_return { " return" } else { "" };
            rows.push(format!(
                "{date} {}{back} | {} | {} | {} | {}",
                line.amount,
                text(&line.counterparty_name),
                text(&line.counterparty_account),
                text(&line.remittance),
                text(&line.structured_reference)
            ));
        }
        let money = |m: Option<quittance_rules::money::Money>| m.map_or("-".to_owned(), |m| m.amount());
        let end = &statement.end;
        rows.push(format!(
            "= {} {} {} {:?}",
            statement.statement.account,
            money(end.opening_balance),
            money(end.closing_balance),
            end.balance_adds_up
        ));
    }
    rows.extend(found.problems.iter().map(|p| format!("! line {}", p.line.unwrap_or(0))));
    rows
}

/// `expected.txt`: the file, with the currency given beside it where it names none; then its lines, indented, checked by hand against the bytes.
#[test]
fn files_of_many_banks_give_what_they_say() {
    let mut table: Vec<(&str, Option<&str>, Vec<String>)> = Vec::new();
    for line in include_str!("../fixtures/banks/expected.txt").lines() {
        match (line.strip_prefix("  "), table.last_mut()) {
            (Some(row), Some((_, _, rows))) => rows.push(row.to_owned()),
            (Some(row), None) => panic!("{row} stands before any file"),
            (None, _) => {
                let (file, currency) = line.split_once(' ').map_or((line, None), |(file, currency)| (file, Some(currency)));
                table.push((file, currency, Vec::new()));
            }
        }
    }
    assert!(table.len() > 15);
    for (file, currency, expected) in table {
        let (found, _) = read(file, currency);
        assert_eq!(shown(&found), expected, "{file}");
    }
}

#[test]
fn what_was_decided_by_evidence_is_said() {
    let (_, polish) = read("csv_pl1250.csv", None);
    assert!(polish.notices.iter().any(|n| n.contains("windows-1250")), "{:?}", polish.notices);
    let (_, german) = read("csv_soll_haben.csv", None);
    assert!(german.notices.iter().any(|n| n.contains("balance") && n.contains("line 9, 10")), "{:?}", german.notices);
}

#[test]
fn zeros_after_the_text_are_no_content() {
    let mut file = b"<?xml version='1.0'?><Document><BkToCstmrStmt><Stmt><Id>1</Id><Ntry><Amt Ccy='EUR'>5.00</Amt>\
        <CdtDbtInd>CRDT</CdtDbtInd><BookgDt><Dt>2026-03-02</Dt></BookgDt></Ntry>\n"
        .to_vec();
    file.resize(1 << 20, 0);
    let mut found = Collected::default();
    read_bank_file(Cursor::new(file), &BankFileOptions::default(), &mut found).expect("what came before is taken");
    assert_eq!(found.statements.iter().map(|s| s.lines.len()).sum::<usize>(), 1);
    assert!(found.problems.iter().any(|p| p.message.contains("zero bytes") && p.line == Some(2)), "{:?}", found.problems);
}
