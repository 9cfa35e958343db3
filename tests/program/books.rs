//! A small book and the statements of its bank, as text.

/// Customers.
pub const CUSTOMERS: &str = "\
customer_id,name,aliases,country,currency,iban
C-1,Aster Foods GmbH,Aster,DE,EUR,DE89370400440532013000
C-2,Birke & Sohn KG,,DE,EUR,DE02120300000000202051
C-3,Cedar Ltd,,GB,EUR,
";

/// Invoices. RE-2026-0304 and -0305 are alike but for their number.
pub const INVOICES: &str = "\
invoice_id,customer_id,seller_id,invoice_no,issue_date,due_date,currency,amount
I-1,C-1,OWN,RE-2026-0101,2026-09-01,2026-10-01,EUR,1190.00
I-2,C-1,OWN,RE-2026-0102,2026-09-05,2026-10-05,EUR,250.50
I-3,C-2,OWN,RE-2026-0203,2026-09-07,2026-10-07,EUR,480.00
I-4,C-3,OWN,RE-2026-0304,2026-09-08,2026-10-08,EUR,99.90
I-5,C-3,OWN,RE-2026-0305,2026-09-09,2026-10-09,EUR,99.90
";

/// The account the statements are of.
pub const ACCOUNT: &str = "DE12500105170648489890";

/// A statement of [`ACCOUNT`] in CAMT.053: `entries` between two balances in EUR.
pub fn camt053(id: &str, opening: &str, closing: &str, entries: &[String]) -> String {
    let balance = |code: &str, amount: &str| {
        format!(
            "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">{amount}</Amt>\
             <CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-10-01</Dt></Dt></Bal>"
        )
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.02\"><BkToCstmrStmt>\
         <GrpHdr><MsgId>M</MsgId><CreDtTm>2026-10-05T06:00:00</CreDtTm></GrpHdr>\
         <Stmt><Id>{id}</Id><CreDtTm>2026-10-05T06:00:00</CreDtTm><Acct><Id><IBAN>{ACCOUNT}</IBAN></Id></Acct>\n{}{}\n{}\n\
         </Stmt></BkToCstmrStmt></Document>\n",
        balance("OPBD", opening),
        balance("CLBD", closing),
        entries.join("\n")
    )
}

/// A booked credit in CAMT.053.
pub fn credit(date: &str, amount: &str, bank_reference: &str, payer: &str, text: &str) -> String {
    format!(
        "<Ntry><Amt Ccy=\"EUR\">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>\
         <BookgDt><Dt>{date}</Dt></BookgDt><ValDt><Dt>{date}</Dt></ValDt><AcctSvcrRef>{bank_reference}</AcctSvcrRef><BkTxCd/>\
         <NtryDtls><TxDtls><RltdPties><Dbtr><Nm>{payer}</Nm></Dbtr></RltdPties>\
         <RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
    )
}

/// A statement of [`ACCOUNT`] in MT940 with one credit.
pub const MT940: &str = "\
:20:STMT1\r
:25:DE12500105170648489890\r
:28C:5/1\r
:60F:C261002EUR100,00\r
:61:2610031003C480,00NTRFE2E-9//B-9\r
:86:166?00GUTSCHRIFT?20SVWZ+RE-2026-0203?30DEUTDEFF?31DE02120300000000202051?32Birke & Sohn KG\r
:62F:C261003EUR580,00\r
-\r
";

/// A statement as CSV of a bank whose layout is known (Commerzbank), with amounts as Germans write them.
pub const BANK_CSV: &str = "\
Buchungstag;Wertstellung;Umsatzart;Buchungstext;Betrag;Währung;IBAN Kontoinhaber
06.10.2026;06.10.2026;Gutschrift;Unbekannt vielen Dank;1.234,56;EUR;DE12500105170648489890
07.10.2026;07.10.2026;Lastschrift;Miete;-1.500,00;EUR;DE12500105170648489890
";
