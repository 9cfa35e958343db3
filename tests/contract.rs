//! What people script against: columns, JSON fields, decisions and exit statuses of the commands without a database.

#[path = "program/books.rs"]
mod books;
mod program;

use std::collections::BTreeMap;

use books::{ACCOUNT, BANK_CSV, CUSTOMERS, INVOICES, MT940, camt053, credit};
use program::{Folder, Said};
use serde_json::Value;

/// One JSON value a line.
fn json_lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// What kind of JSON value a field may be: `s` text, `d` an amount as a decimal in text, `t` a date in text, `b` yes or no,
/// `n` a number, `a` a list; `?` also null.
fn is_of(value: &Value, kind: &str) -> bool {
    let decimal = |text: &str| {
        let digits = text.strip_prefix('-').unwrap_or(text);
        !digits.is_empty() && digits.split('.').count() <= 2 && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
    };
    let date = |text: &str| text.len() == 10 && text.split('-').map(str::len).eq([4, 2, 2]);
    match (kind.trim_end_matches('?'), value) {
        (_, Value::Null) => kind.ends_with('?'),
        ("s", Value::String(_)) | ("b", Value::Bool(_)) | ("n", Value::Number(_)) | ("a", Value::Array(_)) => true,
        ("d", Value::String(text)) => decimal(text),
        ("t", Value::String(text)) => date(text),
        _ => false,
    }
}

/// The object has exactly these fields, each of its kind. A field that is added belongs here too, so that it is added on purpose.
fn assert_shape(value: &Value, fields: &[(&str, &str)]) {
    let mut expected: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    expected.sort_unstable();
    assert_eq!(keys(value), expected, "{value}");
    for (name, kind) in fields {
        assert!(is_of(&value[name], kind), "{name} is to be `{kind}`: {}", value[name]);
    }
}

const FILE: &[(&str, &str)] = &[("file", "s"), ("format", "s?"), ("statements", "a"), ("problems", "a")];
const STATEMENT: &[(&str, &str)] = &[
    ("account", "s?"),
    ("currency", "s?"),
    ("statement_id", "s?"),
    ("opening_balance", "d?"),
    ("closing_balance", "d?"),
    ("balance_adds_up", "b?"),
    ("lines", "a"),
];
const LINE: &[(&str, &str)] = &[
    ("booking_date", "t?"),
    ("value_date", "t?"),
    ("amount", "d"),
    ("currency", "s"),
    ("direction", "s"),
    ("counterparty_name", "s?"),
    ("counterparty_account", "s?"),
    ("remittance", "s?"),
    ("structured_reference", "s?"),
    ("end_to_end_id", "s?"),
    ("bank_reference", "s?"),
    ("transaction_code", "s?"),
    ("is_return", "b"),
    ("is_booked", "b"),
    ("fee", "d?"),
    ("original_amount", "d?"),
    ("original_currency", "s?"),
    ("place", "s"),
];
const PROBLEM: &[(&str, &str)] = &[("line", "n?"), ("field", "s?"), ("message", "s")];

/// The objects of `statement`, each of the promised shape down to the last problem.
fn statements_of(said: &Said) -> Vec<Value> {
    let files = json_lines(&said.out);
    for file in &files {
        assert_shape(file, FILE);
        for statement in file["statements"].as_array().expect("a list") {
            assert_shape(statement, STATEMENT);
            statement["lines"].as_array().expect("a list").iter().for_each(|line| assert_shape(line, LINE));
        }
        file["problems"].as_array().expect("a list").iter().for_each(|problem| assert_shape(problem, PROBLEM));
    }
    files
}

/// A CAMT entry in which every field of a line is told.
const FULL_ENTRY: &str = "\
<Ntry><Amt Ccy=\"EUR\">1190.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-10-02</Dt></BookgDt>\
<ValDt><Dt>2026-10-03</Dt></ValDt><AcctSvcrRef>B-1</AcctSvcrRef><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd>\
<SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd><NtryDtls><TxDtls><Refs><EndToEndId>E2E-1</EndToEndId></Refs>\
<AmtDtls><InstdAmt><Amt Ccy=\"USD\">1300.00</Amt></InstdAmt><TxAmt><Amt Ccy=\"EUR\">1190.00</Amt></TxAmt></AmtDtls>\
<Chrgs><Amt Ccy=\"EUR\">2.50</Amt></Chrgs><RltdPties><Dbtr><Nm>Aster Foods GmbH</Nm></Dbtr><DbtrAcct><Id>\
<IBAN>DE89370400440532013000</IBAN></Id></DbtrAcct></RltdPties><RmtInf><Ustrd>RE-2026-0101</Ustrd><Strd><CdtrRefInf>\
<Ref>RF18539007547034</Ref></CdtrRefInf></Strd></RmtInf></TxDtls></NtryDtls></Ntry>";
/// A CAMT entry that says no more than it must.
const SILENT_ENTRY: &str = "\
<Ntry><Amt Ccy=\"EUR\">7.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-10-02</Dt></BookgDt></Ntry>";

fn camt() -> String {
    camt053("S-1", "100.00", "1283.00", &[FULL_ENTRY.to_owned(), SILENT_ENTRY.to_owned()])
}

#[test]
fn a_statement_is_one_object_with_every_field_and_null_where_the_file_is_silent() {
    let folder = Folder::new();
    folder.file("s.xml", camt());
    let said = folder.run(&["statement", "s.xml"]).ended(0);
    assert_eq!(said.err, "");
    let [file] = &statements_of(&said)[..] else { panic!("one object a file: {said}") };
    let text = |name: &str| file[name].as_str();
    assert_eq!((text("file"), text("format")), (Some("s.xml"), Some("camt053")));
    assert_eq!(file["problems"], Value::Array(vec![]));
    let statement = &file["statements"][0];
    let of = |name: &str| statement[name].as_str();
    assert_eq!((of("account"), of("currency")), (Some(ACCOUNT), Some("EUR")));
    assert_eq!((of("opening_balance"), of("closing_balance")), (Some("100.00"), Some("1283.00")));
    assert_eq!(statement["balance_adds_up"], true);
    let told: BTreeMap<&str, Value> = [
        ("booking_date", "2026-10-02"),
        ("value_date", "2026-10-03"),
        ("amount", "1190.00"),
        ("currency", "EUR"),
        ("direction", "credit"),
        ("counterparty_name", "Aster Foods GmbH"),
        ("counterparty_account", "DE89370400440532013000"),
        ("remittance", "RE-2026-0101"),
        ("structured_reference", "RF18539007547034"),
        ("end_to_end_id", "E2E-1"),
        ("bank_reference", "B-1"),
        ("transaction_code", "PMNT-RCDT-ESCT"),
        ("fee", "2.50"),
        ("original_amount", "1300.00"),
        ("original_currency", "USD"),
    ]
    .into_iter()
    .map(|(name, value)| (name, Value::from(value)))
    .collect();
    let [full, silent] = &statement["lines"].as_array().expect("a list")[..] else { panic!("two lines: {said}") };
    for (name, value) in &told {
        assert_eq!(full[*name], *value, "{name}");
    }
    assert_eq!((&full["is_return"], &full["is_booked"]), (&Value::Bool(false), &Value::Bool(true)));
    let spoken = ["booking_date", "amount", "currency", "direction", "is_return", "is_booked", "place"];
    for (name, value) in silent.as_object().expect("an object") {
        assert_eq!(value.is_null(), !spoken.contains(&name.as_str()), "{name}: {value}");
    }
    assert_eq!((silent["amount"].as_str(), silent["direction"].as_str()), (Some("-7.00"), Some("debit")));
}

#[test]
fn the_format_is_told_by_the_content_and_amounts_keep_every_digit() {
    let folder = Folder::new();
    // Names that say something else than the content; UTF-16, as Excel saves; Latin-1, as older banks do.
    let utf16: Vec<u8> = [0xFF, 0xFE].into_iter().chain(BANK_CSV.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let latin1: Vec<u8> = BANK_CSV.chars().map(|c| u8::try_from(u32::from(c)).expect("Latin-1")).collect();
    folder.file("camt.csv", camt053("S-2", "0.00", "5.00", &[credit("2026-10-02", "5.00", "B-2", "Cedar Ltd", "thanks")]));
    folder.file("mt940.pdf", MT940);
    folder.file("csv.xml", BANK_CSV);
    folder.file("csv.utf16", utf16);
    folder.file("csv.latin1", latin1);
    let said = folder.run(&["statement", "camt.csv", "mt940.pdf", "csv.xml", "csv.utf16", "csv.latin1"]).ended(0);
    let files = statements_of(&said);
    let formats: Vec<&str> = files.iter().filter_map(|file| file["format"].as_str()).collect();
    assert_eq!(formats, ["camt053", "mt940", "csv", "csv", "csv"]);
    let amounts = |at: usize| -> Vec<&str> {
        let lines = files[at]["statements"][0]["lines"].as_array().expect("a list");
        lines.iter().filter_map(|line| line["amount"].as_str()).collect()
    };
    assert_eq!(amounts(0), ["5.00"]);
    assert_eq!(amounts(1), ["480.00"]);
    for (at, file) in files.iter().enumerate().take(5).skip(2) {
        assert_eq!(amounts(at), ["1234.56", "-1500.00"], "{}", file["file"]);
        assert_eq!(file["statements"][0]["account"], ACCOUNT);
    }
}

#[test]
fn amounts_are_read_as_each_country_writes_them() {
    let folder = Folder::new();
    for (written, read) in [
        ("1.234,56", Some("1234.56")),
        ("1234,56", Some("1234.56")),
        ("-1.234.567,89", Some("-1234567.89")),
        ("+12,30", Some("12.30")),
        ("0,05", Some("0.05")),
        ("12,345", None),
        ("1,2,3", None),
        ("zwölf", None),
    ] {
        let text = format!(
            "Buchungstag;Wertstellung;Umsatzart;Buchungstext;Betrag;Währung;IBAN Kontoinhaber\n\
             06.10.2026;06.10.2026;Gutschrift;a;{written};EUR;{ACCOUNT}\n06.10.2026;06.10.2026;Gutschrift;b;1.000,00;EUR;{ACCOUNT}\n"
        );
        folder.file("amount.csv", text);
        let said = folder.run(&["statement", "amount.csv"]).ended(if read.is_some() { 0 } else { 1 });
        let files = statements_of(&said);
        let lines = files[0]["statements"][0]["lines"].as_array().expect("a list").clone();
        let amounts: Vec<&str> = lines.iter().filter_map(|line| line["amount"].as_str()).collect();
        let expected: Vec<&str> = read.into_iter().chain(["1000.00"]).collect();
        assert_eq!(amounts, expected, "{written}: {said}");
        if read.is_none() {
            assert_eq!(files[0]["problems"][0]["line"], 2, "{said}");
        }
    }
}

#[test]
fn what_cannot_be_read_is_listed_and_the_status_is_one() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("folder")).expect("ours");
    let whole = camt();
    let cut = &whole[..whole.len() - 30];
    let broken: Vec<u8> = whole.replace("Aster", "Ast\u{1}r").bytes().map(|b| if b == 1 { 0xFC } else { b }).collect();
    folder.file("empty.xml", "");
    folder.file("space.csv", " \n\t\n");
    folder.file("cut.xml", cut);
    folder.file("cut.sta", MT940.split(":62F:").next().expect("a first part"));
    folder.file("broken.xml", broken);
    folder.file("binary.csv", [0_u8, 1, 2, 0xFF, 0xFE, 0, 0, 7].repeat(400));
    folder.file("picture.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    folder.file("good.sta", MT940);
    // File, a word its problem must say, lines that are taken all the same.
    let cases = [
        ("folder", "could not be read", 0),
        ("missing.xml", "could not be read", 0),
        ("empty.xml", "empty", 0),
        ("space.csv", "empty", 0),
        ("cut.xml", "middle", 2),
        ("cut.sta", "closing balance", 1),
        ("broken.xml", "UTF-8", 2),
        ("binary.csv", "no format", 0),
        ("picture.csv", "image", 0),
    ];
    for (name, words, lines) in cases {
        let said = folder.run(&["statement", name]).ended(1);
        let files = statements_of(&said);
        let problem = files[0]["problems"][0]["message"].as_str().unwrap_or_else(|| panic!("no problem: {said}"));
        assert!(problem.contains(words), "{name}: {problem}");
        assert!(said.err.starts_with(&format!("{name}: ")) && said.err.contains(problem), "standard error lists it too: {said}");
        let taken: usize =
            files[0]["statements"].as_array().expect("a list").iter().map(|s| s["lines"].as_array().map_or(0, Vec::len)).sum();
        assert_eq!(taken, lines, "{name}");
    }
    // One bad file does not stop the others.
    let said = folder.run(&["statement", "missing.xml", "good.sta"]).ended(1);
    assert_eq!(statements_of(&said).iter().map(|f| f["format"].as_str()).collect::<Vec<_>>(), [None, Some("mt940")]);
}

#[test]
fn a_table_of_unknown_layout_is_not_guessed_and_the_profile_to_write_is_shown() {
    let folder = Folder::new();
    folder.file("odd.csv", "col a;col b;col c\nx;y;z\n1;2;3\n");
    let said = folder.run(&["statement", "odd.csv"]).ended(1).says("--profile").says("[columns]").says("# amount = \"\"");
    assert_eq!(statements_of(&said)[0]["statements"], Value::Array(vec![]));

    folder.file("house.csv", "wann;wieviel;wofuer\n02.10.2026;1.190,00;RE-2026-0101\n");
    let profile = "name = \"house bank\"\ndecimal = \"comma\"\ndate = \"dmy\"\ncurrency = \"EUR\"\n\n[columns]\n\
                   booking_date = \"wann\"\namount = \"wieviel\"\nremittance = \"wofuer\"\n";
    folder.file("house.toml", profile);
    let said = folder.run(&["statement", "house.csv", "--profile", "house.toml"]).ended(0);
    let line = statements_of(&said)[0]["statements"][0]["lines"][0].clone();
    assert_eq!((line["amount"].as_str(), line["booking_date"].as_str()), (Some("1190.00"), Some("2026-10-02")));
    // A profile that cannot be read is wrong use.
    folder.file("bad.toml", "name = \n");
    folder.run(&["statement", "house.csv", "--profile", "bad.toml"]).ended(2).says("bad.toml");
    folder.run(&["statement", "house.csv", "--profile", "none.toml"]).ended(2).says("none.toml");
}

#[test]
fn a_statement_prints_as_table_and_as_csv() {
    let folder = Folder::new();
    folder.file("s.xml", camt());
    let said = folder.run(&["statement", "s.xml", "--format", "table"]).ended(0);
    for words in [ACCOUNT, "2026-10-02", "EUR 1190.00", "Aster Foods GmbH", "RE-2026-0101", "adds up"] {
        assert!(said.out.contains(words), "{words}: {said}");
    }
    let said = folder.run(&["statement", "s.xml", "--format", "csv"]).ended(0);
    let lines: Vec<&str> = said.out.lines().collect();
    assert_eq!(
        lines[0],
        "file,account,booking_date,value_date,amount,currency,direction,counterparty_name,counterparty_account,remittance,\
         structured_reference,end_to_end_id,bank_reference,transaction_code,is_return,fee,original_amount,original_currency"
    );
    assert_eq!(
        lines[1],
        "s.xml,DE12500105170648489890,2026-10-02,2026-10-03,1190.00,EUR,credit,Aster Foods GmbH,DE89370400440532013000,\
         RE-2026-0101,RF18539007547034,E2E-1,B-1,PMNT-RCDT-ESCT,false,2.50,1300.00,USD"
    );
    assert_eq!(lines[2], "s.xml,DE12500105170648489890,2026-10-02,,-7.00,EUR,debit,,,,,,,,false,,,");
    assert_eq!(lines.len(), 3);
    folder.run(&["statement", "s.xml", "--format", "yaml"]).ended(2);
    folder.run(&["statement"]).ended(2);
}

const READING: &[(&str, &str)] = &[
    ("file", "s"),
    ("digest", "s?"),
    ("media_type", "s?"),
    ("kind", "s"),
    ("kind_confidence", "n"),
    ("claims", "a"),
    ("remittance_lines", "a"),
    ("complaints", "a"),
    ("hints", "a"),
    ("picture", "s?"),
    ("pages", "n"),
    ("text", "s"),
];
const KINDS: &[&str] = &[
    "payment_proof",
    "bank_receipt",
    "card_receipt",
    "remittance_advice",
    "invoice",
    "credit_note",
    "promise_to_pay",
    "dispute",
    "refund_request",
    "query",
    "statement",
    "not_a_payment",
    "unknown",
];
const FIELDS: &[&str] = &[
    "amount",
    "currency",
    "date",
    "time",
    "reference",
    "invoice_number",
    "payer_name",
    "payer_account",
    "payee_name",
    "payee_account",
    "bank",
    "method",
    "fee",
    "tax",
    "subtotal",
    "due_date",
    "issue_date",
    "document_number",
    "seller_name",
    "buyer_name",
];

fn assert_box(value: &Value) {
    let corners: Vec<f64> = value.as_array().expect("a list").iter().filter_map(Value::as_f64).collect();
    let [x0, y0, x1, y1] = corners[..] else { panic!("four numbers: {value}") };
    assert!((0.0..=1.0).contains(&x0) && (0.0..=1.0).contains(&y0) && x0 <= x1 && y0 <= y1 && x1 <= 1.0 && y1 <= 1.0, "{value}");
}

/// The reading of one file, of the promised shape.
fn reading_of(folder: &Folder, file: &str) -> Value {
    let said = folder.run(&["read", file]).ended(0);
    let [reading] = &json_lines(&said.out)[..] else { panic!("one object a file: {said}") };
    assert_shape(reading, READING);
    assert_eq!(reading["file"], file);
    assert_eq!(reading["digest"].as_str().map(str::len), Some(64), "SHA-256 in hexadecimal");
    assert!(reading["kind"].as_str().is_some_and(|kind| KINDS.contains(&kind)), "{reading}");
    for claim in reading["claims"].as_array().expect("a list") {
        let with_currency = claim.get("currency").is_some();
        let mut fields = vec![
            ("field", "s"),
            ("value", "s"),
            ("page", "n"),
            ("box", "a"),
            ("text", "s"),
            ("confidence", "n"),
            ("source", "s"),
        ];
        if with_currency {
            fields.push(("currency", "s"));
        }
        assert_shape(claim, &fields);
        assert!(claim["field"].as_str().is_some_and(|field| FIELDS.contains(&field)), "{claim}");
        assert!(["ocr", "pdf_text", "mail", "model"].contains(&claim["source"].as_str().unwrap_or_default()), "{claim}");
        assert!(claim["confidence"].as_f64().is_some_and(|p| (0.0..=1.0).contains(&p)), "{claim}");
        assert_box(&claim["box"]);
    }
    for row in reading["remittance_lines"].as_array().expect("a list") {
        let fields = [("invoice_number", "s"), ("amount", "d?"), ("currency", "s?"), ("page", "n"), ("box", "a"), ("text", "s")];
        assert_shape(row, &fields);
        assert_box(&row["box"]);
    }
    reading.clone()
}

fn claimed<'r>(reading: &'r Value, field: &str) -> Vec<&'r str> {
    let claims = reading["claims"].as_array().expect("a list").iter();
    claims.filter(|claim| claim["field"] == field).filter_map(|claim| claim["value"].as_str()).collect()
}

/// A page of text as a PDF, written by hand.
fn pdf_of(lines: &[&str]) -> Vec<u8> {
    let shown: String = lines.iter().map(|line| format!("({line}) Tj T* ")).collect();
    let content = format!("BT /F1 12 Tf 16 TL 60 780 Td {shown}ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R /Resources << /Font << /F1 4 0 R >> >> >>"
            .to_owned(),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
        format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
    ];
    let mut text = "%PDF-1.4\n".to_owned();
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

const MAIL: &str = "\
From: Anna Aster <anna@aster.example>\r
To: billing@own.example\r
Subject: Payment advice\r
Date: Fri, 02 Oct 2026 09:00:00 +0200\r
Message-ID: <1@aster.example>\r
MIME-Version: 1.0\r
Content-Type: text/plain; charset=utf-8\r
\r
Dear all,\r
\r
we have paid EUR 1,440.50 today by bank transfer for the following invoices:\r
\r
RE-2026-0101   EUR 1,190.00\r
RE-2026-0102   EUR 250.50\r
\r
Best regards\r
Anna Aster\r
";

#[test]
fn a_screenshot_a_pdf_and_a_mail_read_as_one_object_each() {
    let folder = Folder::new();
    let screens = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/screens");
    folder.file("screen.png", std::fs::read(screens.join("spei_bank_es.png")).expect("a fixture"));
    folder.file(
        "advice.pdf",
        pdf_of(&["Remittance advice", "Payer: Aster Foods GmbH", "Invoice RE-2026-0101   EUR 1,190.00", "Total EUR 1,190.00"]),
    );
    folder.file("advice.eml", MAIL);

    let screen = reading_of(&folder, "screen.png");
    assert_eq!((screen["media_type"].as_str(), screen["kind"].as_str()), (Some("image/png"), Some("payment_proof")));
    assert!(screen["claims"].as_array().is_some_and(|claims| claims.iter().all(|claim| claim["source"] == "ocr")));
    assert_eq!(claimed(&screen, "amount").len(), 1, "{screen}");

    let pdf = reading_of(&folder, "advice.pdf");
    assert_eq!((pdf["media_type"].as_str(), pdf["pages"].as_u64()), (Some("application/pdf"), Some(1)));
    assert_eq!(claimed(&pdf, "invoice_number"), ["RE-2026-0101"], "{pdf}");
    assert!(claimed(&pdf, "amount").iter().all(|amount| *amount == "1190.00"), "{pdf}");
    assert!(pdf["claims"].as_array().is_some_and(|claims| claims.iter().all(|claim| claim["source"] == "pdf_text")));

    let mail = reading_of(&folder, "advice.eml");
    assert_eq!((mail["media_type"].as_str(), mail["kind"].as_str()), (Some("message/rfc822"), Some("remittance_advice")));
    let rows: Vec<_> = mail["remittance_lines"].as_array().expect("a list").iter().collect();
    let rows: Vec<_> = rows.iter().map(|row| (row["invoice_number"].as_str(), row["amount"].as_str())).collect();
    assert_eq!(rows, [(Some("RE-2026-0101"), Some("1190.00")), (Some("RE-2026-0102"), Some("250.50"))]);
    assert_eq!(claimed(&mail, "amount"), ["1440.50"]);

    let table = folder.run(&["read", "advice.eml", "--format", "table"]).ended(0);
    for words in ["remittance_advice", "1440.50 EUR", "RE-2026-0102"] {
        assert!(table.out.contains(words), "{words}: {table}");
    }
}

#[test]
fn evidence_that_cannot_be_read_is_refused_with_a_sentence_and_the_rest_is_read() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("folder")).expect("ours");
    folder.file("empty.png", "");
    folder.file("cut.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x04");
    folder.file("noise.pdf", [7_u8, 0, 200, 13, 99].repeat(300));
    folder.file("program.pdf", std::fs::read("/bin/true").expect("a program"));
    folder.file("mail.eml", MAIL);
    let files = ["empty.png", "cut.png", "noise.pdf", "program.pdf", "folder", "missing.png"];
    let mut arguments = vec!["read"];
    arguments.extend(files);
    arguments.push("mail.eml");
    let said = folder.run(&arguments).ended(1);
    for file in files {
        let sentence = said.err.lines().find_map(|line| line.strip_prefix(&format!("{file}: ")));
        assert!(sentence.is_some_and(|sentence| sentence.len() > 10), "{file}: {said}");
    }
    let read: Vec<Value> = json_lines(&said.out);
    // One object a file, also for what is refused: it says why, and claims nothing.
    assert_eq!(read.len(), files.len() + 1, "{said}");
    for (reading, file) in read.iter().zip(files) {
        assert_eq!((reading["file"].as_str(), reading["kind"].as_str()), (Some(file), Some("unknown")));
        assert_shape(reading, READING);
        assert_eq!(reading["complaints"].as_array().map(Vec::len), Some(1), "{reading}");
        assert!(reading["claims"].as_array().is_some_and(Vec::is_empty), "{reading}");
    }
    assert_eq!(read.last().map(|reading| reading["file"].as_str()), Some(Some("mail.eml")));
    folder.run(&["read", "mail.eml", "--format", "csv"]).ended(2);
    folder.run(&["read", "mail.eml", "--languages", "xx../"]).ended(2);
    folder.run(&["read"]).ended(2);
}

const PAYMENTS: &str = "\
payment_id,booking_date,account,amount,currency,payer_name,payer_iban,remittance,end_to_end_id,colour
P-1,2026-10-02,DE12,1190.00,EUR,Aster Foods GmbH,DE89370400440532013000,RE-2026-0101,,red
P-2,2026-10-03,DE12,99.90,EUR,Cedar Ltd,,thanks,,blue
P-3,2026-10-03,DE12,7.77,EUR,Nobody,,hello,,blue
";

fn match_book(folder: &Folder, more: &[&str]) -> Said {
    let mut arguments = vec!["match", "--customers", "c.csv", "--invoices", "i.csv", "--payments", "p.csv", "--out", "o.csv"];
    arguments.extend(more);
    folder.run(&arguments)
}

fn book(payments: &str) -> Folder {
    let folder = Folder::new();
    folder.file("c.csv", CUSTOMERS);
    folder.file("i.csv", INVOICES);
    folder.file("p.csv", payments);
    folder
}

/// Rows of a CSV file by column name.
fn rows(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let named = |record: csv::StringRecord| header.iter().map(str::to_owned).zip(record.iter().map(str::to_owned)).collect();
    reader.records().map(|record| named(record.expect("a row"))).collect()
}

#[test]
fn a_book_is_matched_with_decisions_ranks_and_an_explanation() {
    let folder = book(PAYMENTS);
    match_book(&folder, &["--explain", "x.jsonl"]).ended(0).says("not known and ignored: colour").says("Not certified");
    let out = folder.read("o.csv");
    assert_eq!(out.lines().next(), Some("payment_id,invoice_id,applied_amount,decision,confidence,rank,reason"));
    let rows = rows(&out);
    let of = |payment: &str| -> Vec<_> { rows.iter().filter(|row| row["payment_id"] == payment).collect() };
    let [only] = &of("P-1")[..] else { panic!("one line: {out}") };
    let fields = ["invoice_id", "applied_amount", "decision", "rank"].map(|name| only[name].as_str());
    assert_eq!(fields, ["I-1", "1190.00", "auto", "1"]);
    // Two invoices alike: a person decides, both are named, and neither is surer than even.
    let twins = of("P-2");
    assert!(twins.iter().all(|row| row["decision"] == "queue"), "{out}");
    let mut named: Vec<&str> = twins.iter().map(|row| row["invoice_id"].as_str()).filter(|id| !id.is_empty()).collect();
    named.sort_unstable();
    assert_eq!(named, ["I-4", "I-5"]);
    assert!(of("P-3").iter().all(|row| row["decision"] == "queue" && row["invoice_id"].is_empty()), "{out}");
    for payment in ["P-1", "P-2", "P-3"] {
        let ranks: Vec<u32> = of(payment).iter().map(|row| row["rank"].parse().expect("a rank")).collect();
        assert!(ranks.first() == Some(&1) && ranks.is_sorted() && ranks.iter().all(|rank| *rank <= 5), "{payment}: {ranks:?}");
        let sure: Vec<f64> = of(payment).iter().map(|row| row["confidence"].parse().expect("a probability")).collect();
        assert!(sure.iter().all(|p| (0.0..=1.0).contains(p)) && sure.iter().sum::<f64>() <= 1.000_01, "{payment}: {sure:?}");
        assert!(sure.is_sorted_by(|a, b| a >= b), "the best first: {sure:?}");
        assert!(of(payment).iter().all(|row| !row["reason"].is_empty()));
    }
    let explained = json_lines(&folder.read("x.jsonl"));
    assert_eq!(
        explained.iter().map(|line| line["payment_id"].as_str()).collect::<Vec<_>>(),
        [Some("P-1"), Some("P-2"), Some("P-3")]
    );
    for line in &explained {
        for name in ["decision", "candidates", "withheld", "certified"] {
            assert!(line.get(name).is_some(), "{name}: {line}");
        }
        assert_eq!(line["certified"], false);
    }
    for candidate in explained[1]["candidates"].as_array().expect("a list").iter().take(2) {
        assert!(candidate["weights"].as_object().is_some_and(|weights| !weights.is_empty()), "{candidate}");
    }
    // The same answers whether or not they are explained, and with any number of threads.
    match_book(&folder, &["--threads", "3"]).ended(0);
    assert_eq!(folder.read("o.csv"), out);
}

#[test]
fn columns_may_stand_in_any_order_and_bad_rows_are_left_out_by_name() {
    let folder = book(
        "colour,currency,amount,end_to_end_id,remittance,payer_iban,payer_name,account,booking_date,payment_id\n\
         red,EUR,1190.00,,RE-2026-0101,,Aster Foods GmbH,DE12,2026-10-02,P-1\n\
         red,EUR,\"1.190,00\",,RE-2026-0101,,Aster Foods GmbH,DE12,2026-10-02,P-2\n\
         red,XYZ,5.00,,,,,DE12,2026-10-02,P-3\n\
         red,EUR,5.00,,,,,DE12,02.10.2026,P-4\n",
    );
    let said = match_book(&folder, &[]).ended(1);
    for words in ["p.csv, line 3, amount:", "as 1190.00", "p.csv, line 4, currency:", "p.csv, line 5, booking_date:"] {
        assert!(said.err.contains(words), "{words}: {said}");
    }
    let rows = rows(&folder.read("o.csv"));
    assert_eq!(rows.iter().map(|row| row["payment_id"].as_str()).collect::<Vec<_>>(), ["P-1"]);
}

#[test]
fn a_missing_column_or_file_stops_the_match_with_a_sentence() {
    let folder = book("payment_id,booking_date,account\nP-1,2026-10-02,DE12\n");
    let said = match_book(&folder, &[]).says("p.csv").says("amount, currency");
    assert!(matches!(said.status, Some(1 | 2)), "{said}");
    assert!(!folder.path("o.csv").exists(), "no answers are better than half of them");
    folder.file("p.csv", "");
    let said = match_book(&folder, &[]).says("p.csv").says("empty");
    assert!(matches!(said.status, Some(1 | 2)), "{said}");
    std::fs::remove_file(folder.path("p.csv")).expect("ours");
    match_book(&folder, &[]).ended(2).says("p.csv cannot be read");
    folder.file("p.csv", PAYMENTS);
    folder.file("policy.toml", "no_such_threshold = 1\n");
    match_book(&folder, &["--policy", "policy.toml"]).ended(2).says("policy.toml");
    match_book(&folder, &["--fx", "rates.csv"]).ended(2).says("rates.csv");
    folder.run(&["match", "--customers", "c.csv"]).ended(2);
}

#[test]
fn every_help_text_names_what_is_promised() {
    let folder = Folder::new();
    let promised: &[(&[&str], &[&str])] = &[
        (&[], &["statement", "read", "match", "init", "import", "run", "queue", "export", "audit", "replay", "demo"]),
        (
            &["statement"],
            &["CAMT.052/.053/.054", "MT940", "OFX", "BAI2", "NACHA", "CSV", "--format", "--profile", "json", "table", "csv"],
        ),
        (&["read"], &["PNG", "JPEG", "WebP", "HEIC", "TIFF", "PDF", "EML", "HTML", "--format"]),
        (
            &["match"],
            &[
                "--customers",
                "--invoices",
                "--payments",
                "--fx",
                "--policy",
                "--out",
                "--explain",
                "customer_id",
                "aliases",
                "invoice_no",
                "seller_id",
                "discount_percent",
                "discount_until",
                "on_hold",
                "contract_amount",
                "payer_iban",
                "end_to_end_id",
                "structured_reference",
                "original_amount",
                "original_currency",
                "is_return",
                "per_eur",
                "parent_id",
                "withholding_percent",
                "tolerance",
            ],
        ),
        (&["init"], &["--db", "--config", "sqlite://", "postgres://", "DATABASE_URL", "QUITTANCE_CONFIG"]),
        (&["import"], &["customers", "invoices", "statement", "evidence"]),
        (&["import", "customers"], &["--db", "--config", "--by"]),
        (&["import", "invoices"], &["--db", "--by"]),
        (&["import", "statement"], &["--db", "--account", "--entity", "--profile"]),
        (&["import", "evidence"], &["--db", "--by"]),
        (&["run"], &["--once", "--db", "--format"]),
        (&["queue"], &["list", "show", "approve", "reject", "undo"]),
        (&["queue", "list"], &["--entity", "--kind", "--all", "--format"]),
        (&["queue", "show"], &["--format"]),
        (&["queue", "approve"], &["--candidate", "--item", "--unapplied", "--not-ours", "--version", "--by"]),
        (&["queue", "reject"], &["--by"]),
        (&["queue", "undo"], &["--decision", "--by"]),
        (&["export"], &["allocations", "postings", "audit", "cases", "--out"]),
        (&["audit", "verify"], &["--file", "--db"]),
        (&["replay"], &["--all"]),
        (&["demo"], &["--dir", "--seed"]),
    ];
    for (command, words) in promised {
        let mut arguments = command.to_vec();
        arguments.push("--help");
        let said = folder.run(&arguments).ended(0);
        // Long words may be broken over lines.
        let text: String = said.out.split_whitespace().collect::<Vec<_>>().join(" ");
        for word in *words {
            assert!(text.contains(word), "`{word}` is not in the help: {said}");
        }
    }
    folder.run(&["--version"]).ended(0).says(env!("CARGO_PKG_VERSION"));
    folder.run(&["statemnt"]).ended(2);
    folder.run(&[]).ended(2);
}
