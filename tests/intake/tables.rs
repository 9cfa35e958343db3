//! Bank tables (CSV, XLSX) from bytes to lines: fixtures with known sums, known layouts, conventions decided by evidence, refusals.

use std::fs::File;
use std::io::Cursor;
use std::path::PathBuf;

use proptest::prelude::*;
use quittance_rules::bank::{Collected, CollectedStatement, Problem, Statement, StatementEnd, StatementLine, StatementSink};
use quittance_rules::money::{Currency, Money};
use quittance_tools::intake::csv_bank::{self, TableOptions};
use quittance_tools::intake::profile::Profile;
use quittance_tools::intake::tabular::TableOutcome;
use quittance_tools::intake::{IntakeError, xlsx};

use crate::workbook::{archive, sheet as sheet_xml, workbook};

fn fixture(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/bankstatementparser/tests/test_data").join(path)
}

fn csv(bytes: impl AsRef<[u8]>, options: TableOptions<'_>) -> (Collected, TableOutcome) {
    let mut sink = Collected::default();
    let bytes = bytes.as_ref();
    let outcome = csv_bank::read(Cursor::new(bytes), options, &mut sink)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(bytes)));
    (sink, outcome)
}

fn amounts(statement: &CollectedStatement) -> Vec<String> {
    statement
        .lines
        .iter()
        .map(|l| format!("{} {}", l.booking_date.map(|d| d.to_string()).unwrap_or_default(), l.amount))
        .collect()
}

fn only(found: &Collected) -> &CollectedStatement {
    assert_eq!((found.statements.len(), &found.problems), (1, &vec![]), "{found:#?}");
    &found.statements[0]
}

#[test]
fn fixtures_give_their_known_lines_and_sums() {
    // file, account, currency, lines, sum in minor units, opening and closing balance, problems
    for (file, account, currency, lines, sum, balances, problems) in [
        ("sample_statement.csv", "DE123456789", "EUR", 2, 130_000, Some((250_000, 380_000)), 0),
        ("sample_split_amounts.csv", "DE4455667788", "EUR", 2, 105_025, Some((100_000, 205_025)), 0),
        ("golden/csv_european_decimals.csv", "DE89370400440532013000", "EUR", 3, 226_094, None, 0),
        ("golden/csv_spanish_headers.csv", "ES9121000418450200051332", "EUR", 3, 226_094, None, 0),
        ("golden/csv_french_headers.csv", "", "EUR", 3, 226_094, None, 0),
        ("golden/csv_garbled_amount.csv", "", "EUR", 1, 10_000, None, 1),
    ] {
        let mut found = Collected::default();
        let file_bytes = File::open(fixture(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
        csv_bank::read(file_bytes, TableOptions::default(), &mut found).unwrap_or_else(|e| panic!("{file}: {e}"));
        assert_eq!((found.statements.len(), found.problems.len()), (1, problems), "{file}: {found:#?}");
        let one = &found.statements[0];
        let total: i64 = one.lines.iter().map(|l| l.amount.minor()).sum();
        assert_eq!((one.statement.account.as_str(), one.lines.len(), total), (account, lines, sum), "{file}");
        assert_eq!(one.statement.currency.map(Currency::code), Some(currency), "{file}");
        let money = |minor| Money::new(minor, Currency::EUR);
        let ends = balances.map(|(open, close)| (money(open), money(close)));
        assert_eq!(one.end.opening_balance.zip(one.end.closing_balance), ends, "{file}");
        assert_eq!(one.end.balance_adds_up, balances.map(|_| true), "{file}");
        if let [Problem { line, field, message }] = found.problems.as_slice() {
            assert_eq!((*line, field.as_deref()), (Some(3), Some("Amount")), "{file}");
            assert!(message.contains("12..34"), "{file}: {message}");
        }
    }
}

#[test]
fn tables_that_are_no_statement_are_refused_with_a_profile_to_write() {
    for file in ["camt_file.csv", "pain_file.csv"] {
        let bytes = std::fs::read(fixture(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
        let (found, outcome) = csv(bytes, TableOptions::default());
        assert_eq!((found.statements.len(), found.problems.len(), outcome.profile), (0, 1, None), "{file}");
        assert!(found.problems[0].message.contains("--profile"), "{file}: {:?}", found.problems);
        assert!(outcome.suggested_profile.is_some_and(|p| p.contains("[columns]")), "{file}");
    }
}

#[test]
fn known_layouts_are_recognised_and_read() {
    // name of the layout (its beginning), text, currency of the first statement, its lines, counterparty of the first
    for (layout, text, statements, lines, counterparty) in [
        (
            "Revolut",
            "Type,Product,Started Date,Completed Date,Description,Amount,Fee,Currency,State,Balance\n\
             TOPUP,Current,2026-03-01 10:00:00,2026-03-01 10:00:05,From Acme,100.00,0.00,EUR,COMPLETED,100.00\n\
             TRANSFER,Current,2026-03-02 10:00:00,2026-03-02 10:00:05,To Bob,-40.00,0.50,EUR,COMPLETED,59.50\n",
            1,
            vec!["2026-03-01 EUR 100.00", "2026-03-02 EUR -40.50"],
            None,
        ),
        (
            "Sparkasse",
            "\"Auftragskonto\";\"Buchungstag\";\"Valutadatum\";\"Buchungstext\";\"Verwendungszweck\";\"Glaeubiger ID\";\"Mandatsreferenz\";\"Kundenreferenz (End-to-End)\";\"Sammlerreferenz\";\"Lastschrift Ursprungsbetrag\";\"Auslagenersatz Ruecklastschrift\";\"Beguenstigter/Zahlungspflichtiger\";\"Kontonummer/IBAN\";\"BIC (SWIFT-Code)\";\"Betrag\";\"Waehrung\";\"Info\"\n\
             \"DE89370400440532013000\";\"31.03.26\";\"31.03.26\";\"GUTSCHR. UEBERWEISUNG\";\"Rechnung 4711\";\"\";\"\";\"NOTPROVIDED\";\"\";\"\";\"\";\"ACME GmbH\";\"DE02120300000000202051\";\"BYLADEM1001\";\"1.250,00\";\"EUR\";\"Umsatz gebucht\"\n",
            1,
            vec!["2026-03-31 EUR 1250.00"],
            Some("ACME GmbH"),
        ),
        (
            "DKB, since",
            "\"Girokonto\";\"DE89370400440532013000\"\n\"\"\n\"Kontostand vom 31.03.2026:\";\"1.000,00 EUR\"\n\"\"\n\
             \"Buchungsdatum\";\"Wertstellung\";\"Status\";\"Zahlungspflichtige*r\";\"Zahlungsempfänger*in\";\"Verwendungszweck\";\"Umsatztyp\";\"IBAN\";\"Betrag (€)\";\"Gläubiger-ID\";\"Mandatsreferenz\";\"Kundenreferenz\"\n\
             \"31.03.26\";\"31.03.26\";\"Gebucht\";\"Acme GmbH\";\"Wir\";\"RE 1\";\"Eingang\";\"DE02120300000000202051\";\"1.250\";\"\";\"\";\"\"\n\
             \"30.03.26\";\"30.03.26\";\"Gebucht\";\"Wir\";\"Strom AG\";\"Abschlag\";\"Ausgang\";\"DE02120300000000202051\";\"-80,5\";\"\";\"\";\"\"\n",
            1,
            vec!["2026-03-31 EUR 1250.00", "2026-03-30 EUR -80.50"],
            Some("Acme GmbH"),
        ),
        (
            "ING (Netherlands), Dutch",
            "\"Datum\",\"Naam / Omschrijving\",\"Rekening\",\"Tegenrekening\",\"Code\",\"Af Bij\",\"Bedrag (EUR)\",\"Mutatiesoort\",\"Mededelingen\"\n\
             \"20260331\",\"ACME BV\",\"NL20INGB0001234567\",\"NL91ABNA0417164300\",\"OV\",\"Bij\",\"1250,00\",\"Overschrijving\",\"Factuur 4711\"\n\
             \"20260401\",\"KPN\",\"NL20INGB0001234567\",\"\",\"IC\",\"Af\",\"45,10\",\"Incasso\",\"abonnement\"\n",
            1,
            vec!["2026-03-31 EUR 1250.00", "2026-04-01 EUR -45.10"],
            Some("ACME BV"),
        ),
        (
            "Chase, checking",
            "Details,Posting Date,Description,Amount,Type,Balance,Check or Slip #\n\
             CREDIT,03/04/2026,\"ACME INC, INV 7\",1250.00,ACH_CREDIT,3250.00,,\n\
             DEBIT,03/03/2026,WIRE,-100.00,WIRE_OUTGOING,2000.00,,\n",
            1,
            vec!["2026-03-04 USD 1250.00", "2026-03-03 USD -100.00"],
            None,
        ),
        (
            "Bank of America",
            "Description,,Summary Amt.\nBeginning balance as of 03/01/2026,,\"1,000.00\"\nEnding balance as of 03/31/2026,,\"1,500.00\"\n\n\
             Date,Description,Amount,Running Bal.\n03/01/2026,Beginning balance as of 03/01/2026,,\"1,000.00\"\n03/02/2026,ACME DES:PAYMENT,\"500.00\",\"1,500.00\"\n",
            1,
            vec!["2026-03-02 USD 500.00"],
            None,
        ),
        (
            "PayPal activity, English",
            "\"Date\",\"Time\",\"TimeZone\",\"Name\",\"Type\",\"Status\",\"Currency\",\"Gross\",\"Fee\",\"Net\",\"From Email Address\",\"To Email Address\",\"Transaction ID\",\"Balance\"\n\
             \"31/03/2026\",\"10:00:00\",\"GMT\",\"Acme\",\"General Payment\",\"Completed\",\"EUR\",\"1,250.00\",\"-36.60\",\"1,213.40\",\"a@acme.example\",\"us@x.example\",\"T1\",\"1,213.40\"\n\
             \"31/03/2026\",\"11:00:00\",\"GMT\",\"Beta\",\"General Payment\",\"Completed\",\"USD\",\"10.00\",\"0.00\",\"10.00\",\"b@b.example\",\"us@x.example\",\"T2\",\"10.00\"\n",
            2,
            vec!["2026-03-31 EUR 1213.40"],
            Some("Acme"),
        ),
        (
            "Wise",
            "\"TransferWise ID\",Date,Amount,Currency,Description,\"Payment Reference\",\"Running Balance\",\"Exchange From\",\"Exchange To\",\"Exchange Rate\",\"Payer Name\",\"Payee Name\",\"Payee Account Number\",Merchant,\"Total fees\"\n\
             TRANSFER-1,04-03-2026,99.50,EUR,\"Received money from Acme\",INV-7,99.50,,,,Acme,,,,0.50\n",
            1,
            vec!["2026-03-04 EUR 99.50"],
            Some("Acme"),
        ),
        (
            "Rabobank",
            "\"IBAN/BBAN\",\"Munt\",\"BIC\",\"Volgnr\",\"Datum\",\"Rentedatum\",\"Bedrag\",\"Saldo na trn\",\"Tegenrekening IBAN/BBAN\",\"Naam tegenpartij\",\"Code\",\"Omschrijving-1\",\"Omschrijving-2\"\n\
             \"NL44RABO0123456789\",\"EUR\",\"RABONL2U\",\"1\",\"2026-03-31\",\"2026-03-31\",\"+1250,00\",\"+2250,00\",\"NL91ABNA0417164300\",\"ACME\",\"cb\",\"Factuur\",\"4711\"\n",
            1,
            vec!["2026-03-31 EUR 1250.00"],
            Some("ACME"),
        ),
    ] {
        let (found, outcome) = csv(text, TableOptions::default());
        assert!(outcome.profile.as_deref().is_some_and(|name| name.starts_with(layout)), "{layout}: {outcome:?}");
        assert_eq!((found.statements.len(), &found.problems), (statements, &vec![]), "{layout}");
        assert_eq!(amounts(&found.statements[0]), lines, "{layout}");
        assert_eq!(found.statements[0].lines[0].counterparty_name.as_deref(), counterparty, "{layout}");
        assert_ne!(found.statements[0].end.balance_adds_up, Some(false), "{layout}");
    }
}

#[test]
fn evidence_over_the_whole_file_decides_the_conventions() {
    // A row far down decides how the first one is read.
    let mut text = String::from("Date,Description,Amount,Currency\n");
    for _ in 0..500 {
        text.push_str("03/04/2026,x,\"1.000\",TND\n");
    }
    let (found, outcome) = csv(&text, TableOptions::default());
    assert!(found.statements.is_empty() && found.problems.len() == 1, "{:?}", found.problems);
    assert!(
        found.problems[0].message.contains("`1.000`") && found.problems[0].message.contains("decimal"),
        "{:?}",
        found.problems
    );
    assert!(outcome.suggested_profile.is_some_and(|p| p.contains("# decimal =") && p.contains("booking_date = \"Date\"")));
    text.push_str("03/04/2026,x,\"1.000,500\",TND\n");
    let (found, _) = csv(&text, TableOptions::default());
    assert!(found.problems.len() == 1 && found.problems[0].message.contains("`03/04/2026`"), "{:?}", found.problems);
    text.push_str("25/04/2026,x,\"2,5\",TND\n");
    let (found, _) = csv(&text, TableOptions::default());
    let lines = amounts(only(&found));
    assert_eq!((lines.len(), lines[0].as_str(), lines[501].as_str()), (502, "2026-04-03 TND 1000.000", "2026-04-25 TND 2.500"));
}

#[test]
fn a_profile_answers_what_the_file_leaves_open() {
    let text = "Date,Description,Amount\n03/04/2026,x,\"1,234\"\n";
    for (decimal, date, expected) in [("point", "dmy", "2026-04-03 EUR 1234.00"), ("point", "mdy", "2026-03-04 EUR 1234.00")] {
        let toml = format!(
            "name = 'mine'\ndecimal = '{decimal}'\ndate = '{date}'\ncurrency = 'EUR'\n[columns]\nbooking_date = 'Date'\namount = 'amount'\n"
        );
        let profile = Profile::parse(&toml).expect("a profile");
        let (found, outcome) = csv(text, TableOptions { profile: Some(&profile), ..TableOptions::default() });
        assert_eq!(amounts(only(&found)), [expected]);
        assert_eq!((outcome.profile.as_deref(), outcome.notices.len()), (Some("mine"), 1));
    }
    let profile = Profile::parse("name = 'mine'\n[columns]\nbooking_date = 'Day'\namount = 'Amount'\n").expect("a profile");
    let (found, _) = csv(text, TableOptions { profile: Some(&profile), ..TableOptions::default() });
    assert!(
        found.problems[0].message.contains("does not fit") && found.problems[0].message.contains("Day"),
        "{:?}",
        found.problems
    );
}

#[test]
fn what_is_ambiguous_is_asked() {
    for (text, part) in [
        ("Date,Description,Amount\n2026-04-30,x,5.00\n", "names no currency"),
        ("Date,Description,Amount,Currency\n03/04/2026,x,5.00,EUR\n", "day or the month"),
        ("Date,Transaction date,Amount,Currency\n2026-04-30,2026-04-30,5.00,EUR\n", "could be the same field"),
        ("Date,Amount,Debit,Credit,Currency\n2026-04-30,1,1,,EUR\n", "beside debit and credit"),
        ("Date,Debit,Currency\n2026-04-30,1.00,EUR\n", "only one of"),
        ("Date,Amount,Currency\n2026-04-30,1.00,EUR\n2026-04-30,\"1,00\",EUR\n", "does not decide"),
        ("Foo;Bar\n1;2\n", "not known"),
    ] {
        let (found, outcome) = csv(text, TableOptions::default());
        assert!(found.statements.is_empty() && found.problems.len() == 1, "{text}: {found:?}");
        assert!(found.problems[0].message.contains(part), "{text}: {:?}", found.problems);
        let suggested = outcome.suggested_profile.unwrap_or_else(|| panic!("{text}: no profile"));
        assert!(toml_is_wellformed(&suggested), "{suggested}");
    }
}

fn toml_is_wellformed(text: &str) -> bool {
    !matches!(Profile::parse(text), Err(e) if e.to_string().contains("TOML parse error") && !e.to_string().contains("missing field"))
}

#[test]
fn broken_rows_are_named_and_the_rest_is_taken() {
    let head = "Date;Description;Amount;Currency;Ref\n2026-04-01;first;1.000,50;EUR;a\n";
    for (row, line, field, part) in [
        ("2026-02-30;x;5,00;EUR;r", 3, Some("Date"), "does not exist"),
        ("soon;x;5,00;EUR;r", 3, Some("Date"), "is not a date"),
        (";x;5,00;EUR;r", 3, Some("Date"), "there is no date"),
        ("2026-04-02;x;;EUR;r", 3, Some("Amount"), "there is no amount"),
        ("2026-04-02;x;12.34.56;EUR;r", 3, Some("Amount"), "`12.34.56`"),
        ("2026-04-02;x;5,00;XYZ;r", 3, Some("currency"), "`XYZ`"),
        ("2026-04-02;x;5,00;;r", 3, Some("currency"), "names no currency"),
        ("2026-04-02;x;5,00", 3, None, "may be cut off"),
        ("2026-04-02;x;5,00;EUR;r;more", 3, None, "quotation marks"),
        ("2026-04-02;\"x;5,00;EUR;r", 3, None, "never closed"),
        ("2026-04-02;x;99999999999999999999,00;EUR;r", 3, Some("Amount"), "larger"),
    ] {
        let text = format!("{head}{row}\n2026-04-03;last;-2,25;EUR;z\n");
        let (found, _) = csv(&text, TableOptions::default());
        assert_eq!(found.statements.len(), 1, "{row}");
        assert_eq!(amounts(&found.statements[0]), ["2026-04-01 EUR 1000.50", "2026-04-03 EUR -2.25"], "{row}");
        assert_eq!(found.problems.len(), 1, "{row}: {:?}", found.problems);
        let problem = &found.problems[0];
        assert_eq!((problem.line, problem.field.as_deref()), (Some(line), field), "{row}: {problem:?}");
        assert!(problem.message.contains(part), "{row}: {problem:?}");
    }
}

#[test]
fn a_few_rows_against_the_rest_are_broken_rows() {
    let mut text = String::from("Date;Amount;Currency\n2026-04-01;5.50;EUR\n");
    for _ in 0..12 {
        text.push_str("2026-04-01;5,50;EUR\n");
    }
    let (found, _) = csv(&text, TableOptions::default());
    assert_eq!((found.statements[0].lines.len(), found.problems.len()), (12, 1));
    assert!(found.problems[0].line == Some(2) && found.problems[0].message.contains("decimal comma"), "{:?}", found.problems);
}

#[test]
fn amounts_in_every_spelling() {
    for (written, minor) in [
        ("\"1.234,56\"", 123_456),
        ("\"(1.234,56)\"", -123_456),
        ("\"12,00-\"", -1200),
        ("\"1 234,56 CR\"", 123_456),
        ("\"1 234,56 DR\"", -123_456),
        ("\"€ 1.180,-\"", 118_000),
        ("\u{2212}12", -1200),
    ] {
        let text = format!("Date,Details,Amount,Currency\n2026-04-01,x,{written},EUR\n2026-04-30,x,\"0,01\",EUR\n");
        let (found, _) = csv(&text, TableOptions::default());
        assert_eq!(only(&found).lines[0].amount, Money::new(minor, Currency::EUR), "{written}");
    }
}

#[test]
fn debit_columns_and_indicators() {
    for (text, expected) in [
        ("Date;Debit;Credit;Currency\n2026-04-01;5,00;;EUR\n2026-04-02;;7,50;EUR\n", ["-5.00", "7.50"]),
        ("Date;Debit;Credit;Currency\n2026-04-01;-5,00;;EUR\n2026-04-02;;7,50;EUR\n", ["-5.00", "7.50"]),
        ("Date;Debit;Credit;Currency\n2026-04-01;5,00;0,00;EUR\n2026-04-02;0,00;7,50;EUR\n", ["-5.00", "7.50"]),
        ("Fecha;Cargos;Abonos;Moneda\n2026-04-01;5,00;;PEN\n2026-04-02;;7,50;PEN\n", ["-5.00", "7.50"]),
        ("Datum;Betrag;Soll/Haben;Währung\n2026-04-01;5,00;S;EUR\n2026-04-02;7,50;H;EUR\n", ["-5.00", "7.50"]),
        ("Date;Amount;D/C;Currency\n2026-04-01;-5,00;D;EUR\n2026-04-02;7,50;C;EUR\n", ["-5.00", "7.50"]),
    ] {
        let (found, _) = csv(text, TableOptions::default());
        let shown: Vec<String> = only(&found).lines.iter().map(|l| l.amount.amount()).collect();
        assert_eq!(shown, expected, "{text}");
    }
    for row in ["2026-04-03;5,00;6,00;EUR", "2026-04-03;;;EUR"] {
        let (found, _) = csv(format!("Date;Debit;Credit;Currency\n{row}\n2026-04-01;5,00;;EUR\n"), TableOptions::default());
        assert_eq!((found.statements[0].lines.len(), found.problems.len()), (1, 1), "{row}");
    }
    let (found, _) = csv(
        "Date;Amount;D/C;Currency\n2026-04-01;5,00;?;EUR\n2026-04-02;-5,00;C;EUR\n2026-04-03;1,50;C;EUR\n",
        TableOptions::default(),
    );
    assert_eq!((found.statements[0].lines.len(), found.problems.len()), (1, 2));
}

#[test]
fn encodings_and_delimiters() {
    let text =
        "Date opération;Libellé;Débit;Crédit;Devise\n2026-04-02;Café à l'œil;4,50;;EUR\n2026-04-03;Zoë €;;1\u{A0}250,00;EUR\n";
    let utf16 = |little: bool| -> Vec<u8> {
        text.encode_utf16().flat_map(|u| if little { u.to_le_bytes() } else { u.to_be_bytes() }).collect()
    };
    let windows = text
        .chars()
        .map(|c| match c {
            'œ' => 0x9C,
            '€' => 0x80,
            c => u8::try_from(u32::from(c)).expect("Latin-1"),
        })
        .collect();
    for (name, bytes) in [
        ("UTF-8", text.as_bytes().to_vec()),
        ("UTF-8 with a mark", [b"\xEF\xBB\xBF", text.as_bytes()].concat()),
        ("UTF-16LE with a mark", [vec![0xFF, 0xFE], utf16(true)].concat()),
        ("UTF-16BE with a mark", [vec![0xFE, 0xFF], utf16(false)].concat()),
        ("UTF-16LE", utf16(true)),
        ("UTF-16BE", utf16(false)),
        ("Windows-1252", windows),
        ("tabs", text.replace(';', "\t").into_bytes()),
        ("bars", text.replace(';', "|").into_bytes()),
        ("old line ends", text.replace('\n', "\r").into_bytes()),
    ] {
        let (found, _) = csv(&bytes, TableOptions::default());
        assert_eq!(amounts(only(&found)), ["2026-04-02 EUR -4.50", "2026-04-03 EUR 1250.00"], "{name}");
        let texts: Vec<_> = only(&found).lines.iter().map(|l| l.remittance.as_deref()).collect();
        assert_eq!(texts, [Some("Café à l'œil"), Some("Zoë €")], "{name}");
    }
}

#[test]
fn balances_run_down_or_up_the_file() {
    let rows = ["2026-04-01,a,100.00,EUR,1100.00", "2026-04-02,b,-30.50,EUR,1069.50", "2026-04-03,c,5.00,EUR,1074.50"];
    let head = "Date,Details,Amount,Currency,Balance";
    let text = |rows: &[&str]| format!("{head}\n{}\n", rows.join("\n"));
    let up: Vec<&str> = rows.iter().rev().copied().collect();
    for text in [text(&rows), text(&up)] {
        let (found, _) = csv(&text, TableOptions::default());
        let end = &only(&found).end;
        let money = |minor| Some(Money::new(minor, Currency::EUR));
        assert_eq!((end.opening_balance, end.closing_balance, end.balance_adds_up), (money(100_000), money(107_450), Some(true)));
    }
    let (found, _) = csv(text(&[rows[0], rows[2]]), TableOptions::default());
    assert_eq!(found.statements[0].end.balance_adds_up, Some(false), "a missing row shows");
}

#[test]
fn each_account_is_a_statement_of_its_own() {
    let text = "Account;Date;Amount;Currency;Details\nA;2026-04-01;1,50;EUR;x\nB;2026-04-01;2,50;EUR;x\nA;2026-04-01;1,50;EUR;x\nA;2026-04-02;3,50;USD;x\n";
    let (found, _) = csv(text, TableOptions::default());
    let shown: Vec<(&str, usize)> = found.statements.iter().map(|s| (s.statement.account.as_str(), s.lines.len())).collect();
    assert_eq!(shown, [("A", 2), ("B", 1), ("A", 1)]);
}

#[test]
fn files_that_are_no_table() {
    let refuse = |bytes: &[u8]| {
        csv_bank::read(Cursor::new(bytes), TableOptions::default(), &mut Collected::default()).expect_err("refused")
    };
    assert!(matches!(refuse(b""), IntakeError::Empty));
    assert!(matches!(refuse(b" \r\n\n"), IntakeError::Empty));
    assert!(matches!(refuse(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), IntakeError::UnknownFormat { .. }));
}

fn sheet(bytes: Vec<u8>) -> Result<(Collected, TableOutcome), IntakeError> {
    let mut found = Collected::default();
    let outcome = xlsx::read(Cursor::new(bytes), TableOptions::default(), &mut found)?;
    Ok((found, outcome))
}

/// A workbook small on disk and large when it is unpacked is refused while somebody waits, before its cells are held.
#[test]
fn a_workbook_of_too_many_cells_is_not_looked_at() {
    use quittance_tools::intake::preview::{CELLS_MAX, preview};
    let row = |number: u64| format!("<row r=\"{number}\">{}</row>", "<c><v>1</v></c>".repeat(1_000));
    let rows: String = (1..=CELLS_MAX / 1_000 + 1).map(row).collect();
    let sheet = format!(
        r#"<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}</sheetData></worksheet>"#
    );
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("large.xlsx");
    std::fs::write(&path, archive(&sheet, false, "")).expect("written");
    let refused = preview(&path, Vec::new(), None).expect_err("too many cells");
    assert!(matches!(refused, IntakeError::OverLimit { .. }) && refused.to_string().contains("1000000"), "{refused}");
}

/// A hundred kilobytes on disk, one text of a megabyte, and twenty thousand cells that hold it.
#[test]
fn a_workbook_whose_cells_share_a_long_text_is_refused() {
    let strings = format!(
        r#"<?xml version="1.0"?><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" count="1" uniqueCount="1"><si><t>{}</t></si></sst>"#,
        "x".repeat(1 << 20)
    );
    let rows: String = (1..=2_000).map(|n| format!("<row r=\"{n}\">{}</row>", r#"<c t="s"><v>0</v></c>"#.repeat(10))).collect();
    let sheet_xml = format!(
        r#"<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}</sheetData></worksheet>"#
    );
    let refused = sheet(archive(&sheet_xml, false, &strings)).expect_err("too much text");
    assert!(matches!(refused, IntakeError::OverLimit { .. }) && refused.to_string().contains("128 MiB"), "{refused}");
}

/// What a spreadsheet would never show of a text is left away where the cell is read.
#[test]
fn a_cell_s_text_is_cut_where_no_spreadsheet_goes_on() {
    let strings = format!(
        r#"<?xml version="1.0"?><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" count="1" uniqueCount="1"><si><t>{}</t></si></sst>"#,
        "ä".repeat(1 << 19)
    );
    let head = sheet_xml(&[&["Date", "Amount", "Currency", "Description"], &["2026-04-02", "10.00", "EUR"]]);
    let with_text = head.replacen("</row></sheetData>", r#"<c r="D2" t="s"><v>0</v></c></row></sheetData>"#, 1);
    let (found, _) = sheet(archive(&with_text, false, &strings)).expect("a workbook");
    let text = only(&found).lines[0].remittance.clone().unwrap_or_default();
    assert!(text.starts_with('ä') && text.len() <= 4 * 32_767, "{} bytes", text.len());
}

#[test]
fn spreadsheets_give_exact_amounts_and_dates() {
    let rows: &[&[&str]] = &[
        &["Movements of the account", "", "", ""],
        &["Fecha operación", "Concepto", "Importe", "Saldo", "Divisa"],
        // 46112 is 2026-03-31; amounts as a spreadsheet stores them.
        &["#46112", "Factura 4711", "=1250.1", "=2250.1", "EUR"],
        &["#46113.75", "", "=-0.29999999999999999", "=2249.8", "EUR"],
        &["02/04/2026", "texto", "1.000,05", "=3249.85", "EUR"],
        &["20/04/2026", "fino", "=0.30000000000000004", "=3250.15", "EUR"],
    ];
    let (found, _) = sheet(workbook(rows, false)).expect("a workbook");
    assert_eq!(found.statements.len(), 1, "{:?}", found.problems);
    assert_eq!(amounts(&found.statements[0]), ["2026-03-31 EUR 1250.10", "2026-04-01 EUR -0.30", "2026-04-02 EUR 1000.05"]);
    assert_eq!(found.problems.len(), 1, "{:?}", found.problems);
    assert!(
        found.problems[0].line == Some(6) && found.problems[0].message.contains("more decimals than EUR"),
        "{:?}",
        found.problems
    );
    let (found, _) = sheet(workbook(&[&["Date", "Amount", "Currency"], &["#44650", "=5", "USD"]], true)).expect("a workbook");
    assert_eq!(amounts(only(&found)), ["2026-03-31 USD 5.00"], "the date system of 1904");
}

#[test]
fn hostile_workbooks_are_refused() {
    let inside = 65_usize << 20;
    let bomb = archive("<worksheet/>", false, &" ".repeat(inside));
    assert!(bomb.len() < 1 << 20);
    let refused = sheet(bomb.clone()).expect_err("a bomb");
    assert!(matches!(refused, IntakeError::OverLimit { .. }), "{refused}");
    // Both places that state a part's size are overwritten: with less than it holds, and with more than any machine has.
    let declare = |declared: u32| -> Vec<u8> {
        let size = u32::try_from(inside).expect("fits").to_le_bytes();
        let mut bytes = bomb.clone();
        let places: Vec<usize> = bytes.windows(4).enumerate().filter(|(_, w)| **w == size).map(|(at, _)| at).collect();
        assert!(!places.is_empty());
        for at in places {
            bytes[at..at + 4].copy_from_slice(&declared.to_le_bytes());
        }
        bytes
    };
    assert!(sheet(declare(1)).is_err());
    assert!(matches!(sheet(declare(0xFFFF_FFF0)), Err(IntakeError::OverLimit { .. })));
    assert!(matches!(sheet(Vec::new()), Err(IntakeError::Empty)));
    assert!(matches!(sheet(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1rest".to_vec()), Err(IntakeError::WrongDocument { .. })));
    let whole = workbook(&[&["Date", "Amount", "Currency"], &["#46112", "=5", "USD"]], false);
    for length in (0..whole.len()).step_by(37) {
        assert!(sheet(whole[..length].to_vec()).is_err(), "cut at {length}");
    }
    let (found, outcome) = sheet(workbook(&[&["Foo", "Bar"], &["=1", "=2"]], false)).expect("a workbook");
    assert!(found.statements.is_empty() && found.problems.len() == 1 && outcome.suggested_profile.is_some());
}

/// Counts, so that a test of size measures the reader and not the sink.
#[derive(Default)]
struct Counting {
    lines: u64,
    sum: i64,
    problems: u64,
}

impl StatementSink for Counting {
    fn statement(&mut self, _: Statement) {}
    fn line(&mut self, line: StatementLine) {
        self.lines += 1;
        self.sum += line.amount.minor();
    }
    fn end(&mut self, _: StatementEnd) {}
    fn problem(&mut self, _: Problem) {
        self.problems += 1;
    }
}

#[test]
fn a_long_file_is_read_to_the_cent() {
    let mut text = String::from("Booking Date;Details;Credit;Debit;CCY;Ref\n");
    let mut sum = 0;
    for n in 0..20_000_i64 {
        let (whole, cents) = (n % 5000, n % 100);
        sum += whole * 100 + cents;
        text.push_str(&format!("2026-03-{:02};payment {n};{whole},{cents:02};;EUR;R{n}\n", n % 31 + 1));
    }
    let mut sink = Counting::default();
    csv_bank::read(Cursor::new(text.as_bytes()), TableOptions::default(), &mut sink).expect("a table");
    assert_eq!((sink.lines, sink.sum, sink.problems), (20_000, sum, 0));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), soup in "[-0-9a-zA-Z,;\"\n\r./ €]{0,200}") {
        let mut sink = Collected::default();
        let _ = csv_bank::read(Cursor::new(&bytes), TableOptions::default(), &mut sink);
        let _ = csv_bank::read(Cursor::new(format!("Date;Amount;Debit;Currency\n{soup}")), TableOptions::default(), &mut sink);
        let _ = csv_bank::read(Cursor::new(format!("Date;Amount;Currency;Account\n2026-01-01;1,00;EUR;\n{soup}")), TableOptions::default(), &mut sink);
        let _ = xlsx::read(Cursor::new(&bytes), TableOptions::default(), &mut sink);
        let _ = xlsx::read(Cursor::new([b"PK\x03\x04".as_slice(), &bytes].concat()), TableOptions::default(), &mut sink);
    }

    #[test]
    fn a_damaged_workbook_does_not_panic(at in 0_usize..1500, byte: u8) {
        let mut bytes = workbook(&[&["Date", "Amount", "Currency"], &["#46112", "=5", "USD"]], false);
        if let Some(place) = bytes.get_mut(at) {
            *place = byte;
        }
        let _ = sheet(bytes);
    }

    #[test]
    fn the_order_of_columns_and_unknown_ones_change_nothing(order in Just((0..5_usize).collect::<Vec<_>>()).prop_shuffle(), at in 0_usize..6) {
        let rows = ["Buchungstag;Verwendungszweck;Betrag;Währung;IBAN", "31.03.2026;Miete;-1.234,56;EUR;DE89370400440532013000", "01.04.2026;Gehalt;3,5;EUR;DE89370400440532013000"];
        let moved: String = rows.iter().enumerate().map(|(n, row)| {
            let fields: Vec<&str> = row.split(';').collect();
            let mut fields: Vec<&str> = order.iter().map(|&i| fields[i]).collect();
            fields.insert(at, if n == 0 { "Mystery" } else { "?" });
            fields.join(";") + "\n"
        }).collect();
        let (straight, moved) = (csv(rows.join("\n"), TableOptions::default()), csv(moved, TableOptions::default()));
        prop_assert_eq!(straight.0, moved.0);
        prop_assert_eq!(moved.1.notices.len(), 1);
    }
}
