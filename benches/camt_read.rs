//! Writes a camt.053 of about so many megabytes, or reads one and says how many lines it has and the peak memory:
//! `cargo bench --bench camt_read -- make 500 FILE` and `cargo bench --bench camt_read -- FILE`.

use std::error::Error;
use std::fs::File;
use std::io::{BufReader, BufWriter, Write};

use quittance_rules::bank::{Problem, Statement, StatementEnd, StatementLine, StatementSink};
use quittance_tools::intake::camt;

#[derive(Default)]
struct Counted {
    lines: u64,
    minor: i64,
    problems: u64,
    adds_up: Option<bool>,
}

impl StatementSink for Counted {
    fn statement(&mut self, _: Statement) {}
    fn line(&mut self, line: StatementLine) {
        self.lines += 1;
        self.minor = self.minor.saturating_add(line.amount.minor());
    }
    fn end(&mut self, end: StatementEnd) {
        self.adds_up = end.balance_adds_up;
    }
    fn problem(&mut self, _: Problem) {
        self.problems += 1;
    }
}

fn make(megabytes: u64, path: &str) -> Result<(), Box<dyn Error>> {
    let mut out = BufWriter::new(File::create(path)?);
    out.write_all(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\">\n<BkToCstmrStmt>\n<Stmt>\n<Id>1</Id>\n<Acct><Id><IBAN>DE02100100100006820101</IBAN></Id><Ccy>EUR</Ccy></Acct>\n<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">0.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-03-01</Dt></Dt></Bal>\n")?;
    let (mut written, mut n, mut cents) = (0_u64, 0_u64, 0_u64);
    while written < megabytes * 1_000_000 {
        n += 1;
        let amount = 100 + n % 90_000;
        cents += amount;
        let entry = format!(
            "    <Ntry>\n      <NtryRef>{n}</NtryRef>\n      <Amt Ccy=\"EUR\">{}.{:02}</Amt>\n      <CdtDbtInd>CRDT</CdtDbtInd>\n      <Sts><Cd>BOOK</Cd></Sts>\n      <BookgDt><Dt>2026-03-02</Dt></BookgDt>\n      <ValDt><Dt>2026-03-02</Dt></ValDt>\n      <AcctSvcrRef>2026030200{n:010}</AcctSvcrRef>\n      <BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>\n      <NtryDtls>\n        <TxDtls>\n          <Refs><EndToEndId>E2E-{n}</EndToEndId></Refs>\n          <Amt Ccy=\"EUR\">{}.{:02}</Amt>\n          <RltdPties>\n            <Dbtr><Pty><Nm>Customer {} GmbH &amp; Co. KG</Nm></Pty></Dbtr>\n            <DbtrAcct><Id><IBAN>DE8937040044053201{:04}</IBAN></Id></DbtrAcct>\n          </RltdPties>\n          <RmtInf><Ustrd>Invoice R-{n} of 2026-02-01</Ustrd></RmtInf>\n        </TxDtls>\n      </NtryDtls>\n    </Ntry>\n",
            amount / 100,
            amount % 100,
            amount / 100,
            amount % 100,
            n % 5000,
            n % 10_000
        );
        written += entry.len() as u64;
        out.write_all(entry.as_bytes())?;
    }
    write!(
        out,
        "<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">{}.{:02}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-03-02</Dt></Dt></Bal>\n</Stmt></BkToCstmrStmt></Document>\n",
        cents / 100,
        cents % 100
    )?;
    out.flush()?;
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["make", megabytes, path] => make(megabytes.parse()?, path),
        [path] => {
            let mut counted = Counted::default();
            let kind = camt::read(BufReader::with_capacity(1 << 16, File::open(path)?), &mut counted)?;
            let status = std::fs::read_to_string("/proc/self/status")?;
            let peak = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap_or("VmHWM: unknown");
            println!(
                "{kind:?}: {} lines, {} minor units, adds up {:?}, {} problems, {peak}",
                counted.lines, counted.minor, counted.adds_up, counted.problems
            );
            Ok(())
        }
        _ => Err("make MEGABYTES FILE | FILE".into()),
    }
}
