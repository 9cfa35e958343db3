//! What the collections of real files do not show: batches, returns, charges, other currencies, statuses, broken entries.

use quittance_rules::bank::{Collected, StatementLine};
use quittance_rules::money::{Currency, Money};
use quittance_tools::intake::camt;

/// A camt.053 statement of EUR account DE02100100100006820101 with these entries.
fn statement(entries: &str) -> String {
    format!(
        "<?xml version='1.0' encoding='UTF-8'?>\n<Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.053.001.08'><BkToCstmrStmt><GrpHdr/><Stmt><Id>S1</Id>\
         <Acct><Id><IBAN>DE02 1001 0010 0006 8201 01</IBAN></Id><Ccy>EUR</Ccy><Ownr><Nm>Our Firm GmbH</Nm></Ownr></Acct>\n{entries}</Stmt></BkToCstmrStmt></Document>"
    )
}

fn entry(amount: &str, indicator: &str, rest: &str) -> String {
    format!(
        "<Ntry><Amt Ccy='EUR'>{amount}</Amt><CdtDbtInd>{indicator}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>\
         <BookgDt><Dt>2026-03-02</Dt></BookgDt><AcctSvcrRef>BANK1</AcctSvcrRef>{rest}</Ntry>\n"
    )
}

fn read(xml: &str) -> Collected {
    let mut collected = Collected::default();
    camt::read(xml.as_bytes(), &mut collected).unwrap_or_else(|e| panic!("{e}: {xml}"));
    collected
}

fn lines(entries: &str) -> Vec<StatementLine> {
    let read = read(&statement(entries));
    assert_eq!(read.problems, [], "{entries}");
    read.statements.into_iter().flat_map(|s| s.lines).collect()
}

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

fn details(all: &[&str]) -> String {
    let inner: String = all.iter().map(|d| format!("<TxDtls>{d}</TxDtls>")).collect();
    format!("<NtryDtls><Btch><NbOfTxs>{}</NbOfTxs></Btch>{inner}</NtryDtls>", all.len())
}

#[test]
fn a_batch_is_split_only_when_its_amounts_make_the_entry() {
    // (entry, direction, details, amounts of the lines, in cents)
    for (amount, indicator, parts, expected) in [
        ("30.00", "CRDT", vec!["<Amt Ccy='EUR'>10.00</Amt>", "<Amt Ccy='EUR'>20.00</Amt>"], vec![1000, 2000]),
        ("30.00", "DBIT", vec!["<Amt Ccy='EUR'>10.00</Amt>", "<Amt Ccy='EUR'>20.00</Amt>"], vec![-1000, -2000]),
        // Version 2 has no Amt in TxDtls.
        (
            "30.00",
            "CRDT",
            vec![
                "<AmtDtls><TxAmt><Amt Ccy='EUR'>10</Amt></TxAmt></AmtDtls>",
                "<AmtDtls><TxAmt><Amt Ccy='EUR'>20</Amt></TxAmt></AmtDtls>",
            ],
            vec![1000, 2000],
        ),
        // Signs of their own: a chargeback in a batch of credits.
        (
            "10.00",
            "CRDT",
            vec!["<Amt Ccy='EUR'>15</Amt><CdtDbtInd>CRDT</CdtDbtInd>", "<Amt Ccy='EUR'>5</Amt><CdtDbtInd>DBIT</CdtDbtInd>"],
            vec![1500, -500],
        ),
        // The first direction kept in a reversed batch.
        (
            "30.00",
            "DBIT",
            vec!["<Amt Ccy='EUR'>10</Amt><CdtDbtInd>CRDT</CdtDbtInd>", "<Amt Ccy='EUR'>20</Amt><CdtDbtInd>CRDT</CdtDbtInd>"],
            vec![-1000, -2000],
        ),
        // Not the sum: one line.
        ("30.00", "CRDT", vec!["<Amt Ccy='EUR'>10.00</Amt>", "<Amt Ccy='EUR'>19.99</Amt>"], vec![3000]),
        // One without an amount, one in another currency: one line.
        ("30.00", "CRDT", vec!["<Amt Ccy='EUR'>30.00</Amt>", "<Refs/>"], vec![3000]),
        ("30.00", "CRDT", vec!["<Amt Ccy='EUR'>10.00</Amt>", "<Amt Ccy='USD'>20.00</Amt>"], vec![3000]),
        // Amt is what was instructed, TxAmt what was booked.
        (
            "30.00",
            "CRDT",
            vec![
                "<Amt Ccy='EUR'>11</Amt><AmtDtls><TxAmt><Amt Ccy='EUR'>10</Amt></TxAmt></AmtDtls>",
                "<Amt Ccy='EUR'>22</Amt><AmtDtls><TxAmt><Amt Ccy='EUR'>20</Amt></TxAmt></AmtDtls>",
            ],
            vec![1000, 2000],
        ),
        // A single detail never changes the amount.
        ("30.00", "CRDT", vec!["<Amt Ccy='EUR'>35.00</Amt>"], vec![3000]),
    ] {
        let found = lines(&entry(amount, indicator, &details(&parts)));
        assert_eq!(found.iter().map(|l| l.amount.minor()).collect::<Vec<_>>(), expected, "{parts:?}");
    }
}

#[test]
fn a_split_line_keeps_what_is_its_own() {
    let found = lines(&entry(
        "30.00",
        "CRDT",
        &details(&[
            "<Refs><EndToEndId>E1</EndToEndId><AcctSvcrRef>B1</AcctSvcrRef></Refs><Amt Ccy='EUR'>10</Amt><RltdPties><Dbtr><Pty><Nm>One</Nm></Pty></Dbtr></RltdPties><RmtInf><Ustrd>inv 1</Ustrd></RmtInf>",
            "<Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs><Amt Ccy='EUR'>20</Amt><RltdPties><Dbtr><Pty><Nm>Two</Nm></Pty></Dbtr></RltdPties><RmtInf><Strd><CdtrRefInf><Ref>RF18 5390 0754 7034</Ref></CdtrRefInf></Strd></RmtInf>",
        ]),
    ));
    let [one, two] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(
        (one.counterparty_name.as_deref(), one.remittance.as_deref(), one.end_to_end_id.as_deref()),
        (Some("One"), Some("inv 1"), Some("E1"))
    );
    assert_eq!((one.bank_reference.as_deref(), two.bank_reference.as_deref()), (Some("B1"), Some("BANK1")));
    assert_eq!((two.structured_reference.as_deref(), two.end_to_end_id.as_deref()), (Some("RF18 5390 0754 7034"), None));
    assert!(two.place.contains("entry 1, transaction 2"), "{}", two.place);
}

#[test]
fn a_batch_taken_as_one_line_joins_what_its_details_say() {
    let found = lines(&entry(
        "30.00",
        "CRDT",
        &details(&[
            "<RltdPties><Dbtr><Nm>One</Nm></Dbtr></RltdPties><RmtInf><Ustrd>inv 1</Ustrd></RmtInf>",
            "<RltdPties><Dbtr><Nm>Two</Nm></Dbtr></RltdPties><RmtInf><Ustrd>inv 2</Ustrd></RmtInf>",
        ]),
    ));
    let [line] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((line.counterparty_name.as_deref(), line.remittance.as_deref()), (None, Some("One inv 1; Two inv 2")));
}

#[test]
fn parties_are_found_on_the_side_that_is_not_ours() {
    let both = "<RltdPties><Dbtr><Nm>Payer</Nm></Dbtr><DbtrAcct><Id><IBAN>fr76 3000</IBAN></Id></DbtrAcct><Cdtr><Nm>Payee</Nm></Cdtr><CdtrAcct><Id><Othr><Id>12 34</Id></Othr></Id></CdtrAcct></RltdPties>";
    let returned = "<RltdPties><Dbtr><Pty><Nm>OUR FIRM GMBH</Nm></Pty></Dbtr><DbtrAcct><Id><IBAN>DE02100100100006820101</IBAN></Id></DbtrAcct><Cdtr><Pty><Nm>Supplier</Nm></Pty></Cdtr></RltdPties><RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>";
    let ultimate = "<RltdPties><Dbtr><Nm>Treasury Ltd</Nm></Dbtr><UltmtDbtr><Nm>Shop 12</Nm></UltmtDbtr></RltdPties><RmtInf><Ustrd>text</Ustrd></RmtInf>";
    let only_ultimate = "<RltdPties><UltmtDbtr><Pty><Nm>Shop 12</Nm></Pty></UltmtDbtr></RltdPties>";
    for (indicator, detail, name, account, remittance, is_return) in [
        ("CRDT", both, Some("Payer"), Some("FR763000"), None, false),
        ("DBIT", both, Some("Payee"), Some("1234"), None, false),
        ("CRDT", returned, Some("Supplier"), None, None, true),
        ("CRDT", ultimate, Some("Treasury Ltd"), None, Some("text (ultimate party: Shop 12)"), false),
        ("CRDT", only_ultimate, Some("Shop 12"), None, None, false),
    ] {
        let found = lines(&entry("1.00", indicator, &details(&[detail])));
        let line = &found[0];
        assert_eq!(
            (line.counterparty_name.as_deref(), line.counterparty_account.as_deref(), line.remittance.as_deref(), line.is_return),
            (name, account, remittance, is_return),
            "{detail}"
        );
    }
}

#[test]
fn remittance_references_codes_charges_and_amounts() {
    let found = lines(&entry(
        "95.00",
        "CRDT",
        "<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>XBCT</SubFmlyCd></Fmly></Domn><Prtry><Cd>NTRF+202</Cd></Prtry></BkTxCd>\
         <Chrgs><TtlChrgsAndTaxAmt Ccy='EUR'>5.00</TtlChrgsAndTaxAmt><Rcrd><Amt Ccy='EUR'>6.00</Amt><CdtDbtInd>DBIT</CdtDbtInd></Rcrd><Rcrd><Amt Ccy='EUR'>1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd></Rcrd></Chrgs>\
         <NtryDtls><TxDtls><AmtDtls><InstdAmt><Amt Ccy='USD'>110.25</Amt></InstdAmt><TxAmt><Amt Ccy='EUR'>100</Amt></TxAmt></AmtDtls>\
         <RmtInf><Ustrd>Rechnung\n  R-1</Ustrd><Ustrd>und R-2</Ustrd><Strd><RfrdDocInf><Tp><CdOrPrtry><Cd>CINV</Cd></CdOrPrtry></Tp><Nb>R-1</Nb></RfrdDocInf><RfrdDocAmt><RmtdAmt Ccy='EUR'>60.00</RmtdAmt></RfrdDocAmt></Strd>\
         <Strd><RfrdDocInf><Nb>R-2</Nb></RfrdDocInf><RfrdDocAmt><RmtdAmt Ccy='EUR'>40.00</RmtdAmt></RfrdDocAmt></Strd></RmtInf></TxDtls></NtryDtls>",
    ));
    let line = &found[0];
    assert_eq!(line.fee, Some(eur(500)));
    assert_eq!(line.original_amount, Some(Money::new(11025, Currency::USD)));
    assert_eq!(line.transaction_code.as_deref(), Some("PMNT-RCDT-XBCT"));
    assert_eq!(line.structured_reference.as_deref(), Some("R-1, R-2"));
    assert_eq!(line.remittance.as_deref(), Some("Rechnung R-1 und R-2 R-1 EUR 60.00, R-2 EUR 40.00"));
}

#[test]
fn reversals_and_return_codes_mark_returns_and_keep_the_direction_of_the_booking() {
    let found = lines(
        &(entry("5.00", "DBIT", "<RvslInd>true</RvslInd>")
            + &entry(
                "5.00",
                "DBIT",
                "<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>IDDT</Cd><SubFmlyCd>UPDD</SubFmlyCd></Fmly></Domn></BkTxCd>",
            )
            + &entry("5.00", "CRDT", "<RvslInd>false</RvslInd>")),
    );
    let told: Vec<(i64, bool)> = found.iter().map(|l| (l.amount.minor(), l.is_return)).collect();
    assert_eq!(told, [(-500, true), (-500, true), (500, false)]);
}

#[test]
fn only_booked_entries_count_in_the_balance() {
    let balance = |code: &str, amount: &str| {
        format!(
            "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy='EUR'>{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-03-02</Dt></Dt></Bal>"
        )
    };
    let pending = entry("7.00", "CRDT", "").replace("<Cd>BOOK</Cd>", "PDNG");
    let entries = entry("5.00", "CRDT", "") + &pending;
    for (balances, expected) in [
        (balance("OPBD", "10.00") + &balance("CLBD", "15.00"), Some(true)),
        (balance("PRCD", "10.00") + &balance("CLBD", "15.00"), Some(true)),
        (balance("PRCD", "99.00") + &balance("OPBD", "10.00") + &balance("CLBD", "15.00"), Some(true)),
        (balance("OPBD", "10.00") + &balance("CLBD", "22.00"), Some(false)),
        (balance("OPAV", "10.00") + &balance("CLAV", "15.00") + &balance("ITBD", "15.00"), None),
        (balance("OPBD", "10.00"), None),
        // A broken balance is told below; here the closing one is missing.
    ] {
        let read = read(&statement(&(balances.clone() + &entries)));
        assert_eq!(read.statements[0].end.balance_adds_up, expected, "{balances}");
        let booked: Vec<bool> = read.statements[0].lines.iter().map(|l| l.is_booked).collect();
        assert_eq!(booked, [true, false]);
    }
}

#[test]
fn a_broken_entry_is_told_with_its_place_and_the_rest_is_taken() {
    let good = entry("1.00", "CRDT", "");
    for (broken, field, words) in [
        (entry("1.234,56", "CRDT", ""), "Ntry/Amt", "`1.234,56` is not a decimal amount"),
        (entry("(12.00)", "CRDT", ""), "Ntry/Amt", "not a decimal"),
        (entry("12.00-", "CRDT", ""), "Ntry/Amt", "not a decimal"),
        (entry("-12.00", "CRDT", ""), "Ntry/Amt", "has a sign"),
        (entry("1.005", "CRDT", ""), "Ntry/Amt", "more decimals"),
        (entry("99999999999999999999", "CRDT", ""), "Ntry/Amt", "larger than any amount"),
        (entry("1.00", "CREDIT", ""), "Ntry/CdtDbtInd", "neither CRDT nor DBIT"),
        (entry("1.00", "CRDT", "").replace("'EUR'", "'XYZ'"), "Ntry/Amt/@Ccy", "`XYZ` is not an ISO 4217 currency"),
        (entry("1.00", "CRDT", "").replace("2026-03-02", "2026-02-30"), "Ntry/BookgDt", "`2026-02-30` is no date"),
        (entry("1.00", "CRDT", "").replace("2026-03-02", "02.03.2026"), "Ntry/BookgDt", "is no date"),
        (entry("1.00", "CRDT", "").replace("<CdtDbtInd>CRDT</CdtDbtInd>", ""), "Ntry/CdtDbtInd", "not said whether"),
        ("<Ntry/>\n".to_owned(), "Ntry/Amt", "the amount is missing"),
    ] {
        let read = read(&statement(&(good.clone() + &broken + &good)));
        assert_eq!(read.statements[0].lines.len(), 2, "{broken}");
        let [problem] = read.problems.as_slice() else { panic!("{broken}: {:?}", read.problems) };
        assert_eq!((problem.line, problem.field.as_deref()), (Some(4), Some(field)), "{problem:?}");
        assert!(problem.message.contains(words) && problem.message.contains("entry 2"), "{problem:?}");
    }
    // Only a detail of secondary weight is broken: the line is taken, and the problem told.
    for part in [
        "<ValDt><Dt>2026-13-01</Dt></ValDt>",
        "<Chrgs><Amt Ccy='EUR'>x</Amt></Chrgs>",
        "<AmtDtls><InstdAmt><Amt Ccy='ABC'>1</Amt></InstdAmt></AmtDtls>",
    ] {
        let read = read(&statement(&entry("1.00", "CRDT", part)));
        assert_eq!((read.statements[0].lines.len(), read.problems.len()), (1, 1), "{part}: {:?}", read.problems);
    }
}

#[test]
fn broken_xml_keeps_what_came_before_and_names_the_line() {
    let whole = statement(&(entry("1.00", "CRDT", "") + &entry("2.00", "CRDT", "") + &entry("3.00", "CRDT", "")));
    let at = whole.find("2.00").expect("there");
    for (xml, words) in [
        (whole[..at].to_owned(), "ends here"),
        (whole.replacen("2.00</Amt>", "2.00</Amount>", 1), "broken here"),
        (whole.replacen("2.00</Amt>", &format!("2.00{}</Amt>", "<x>".repeat(100)), 1), "64 deep"),
    ] {
        let read = read(&xml);
        assert_eq!(read.statements[0].lines.len(), 1, "{xml}");
        assert_eq!(read.statements[0].statement.account, "DE02100100100006820101");
        let problem = read.problems.last().expect("told");
        assert!(problem.line == Some(4) && problem.message.contains(words), "{problem:?}");
    }
}

#[test]
fn a_gigantic_text_costs_one_line_its_text_and_nothing_else() {
    let long = "x".repeat(5 << 20);
    let read = read(&statement(
        &(entry("1.00", "CRDT", &details(&[&format!("<RmtInf><Ustrd>{long}</Ustrd></RmtInf>")])) + &entry("2.00", "CRDT", "")),
    ));
    assert_eq!(read.statements[0].lines.iter().map(|l| l.amount.minor()).collect::<Vec<_>>(), [100, 200]);
    assert!(read.problems.iter().any(|p| p.message.contains("64 KiB")), "{:?}", read.problems);
}

#[test]
fn prefixes_other_encodings_and_joined_documents_are_read() {
    let body = statement(&entry("1.00", "CRDT", &details(&["<RltdPties><Dbtr><Nm>Müller &amp; Söhne</Nm></Dbtr></RltdPties>"])));
    let plain = read(&body);
    let prefixed = body
        .replace("</", "</\u{1}")
        .replace('<', "<c:")
        .replace("<c:/\u{1}", "</c:")
        .replace("<c:?xml", "<?xml")
        .replace("xmlns=", "xmlns:c=");
    let mut wide = vec![0xfe, 0xff];
    wide.extend(body.replace("UTF-8", "UTF-16").encode_utf16().flat_map(u16::to_be_bytes));
    let latin: Vec<u8> =
        body.replace("UTF-8", "ISO-8859-1").chars().map(|c| u8::try_from(u32::from(c)).expect("Latin-1")).collect();
    for xml in [prefixed.into_bytes(), wide, latin] {
        let mut collected = Collected::default();
        camt::read(xml.as_slice(), &mut collected).expect("taken");
        assert_eq!(collected, plain);
    }
    assert_eq!(plain.statements[0].lines[0].counterparty_name.as_deref(), Some("Müller & Söhne"));
    assert_eq!(read(&format!("{body}{body}")).statements.len(), 2);
}
