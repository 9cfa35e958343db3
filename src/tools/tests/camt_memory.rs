//! A statement of any size needs the memory of one entry. Alone in its file, so that no other test raises the peak.

use std::io::{self, BufReader, Read};

use quittance_rules::bank::{Problem, Statement, StatementEnd, StatementLine, StatementSink};
use quittance_tools::intake::camt;

/// Writes a statement as it is read, so that the file itself takes no memory.
struct Generated {
    piece: Vec<u8>,
    at: usize,
    entries: u64,
    of: u64,
}

impl Read for Generated {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.piece.len() {
            self.at = 0;
            self.piece = if self.entries < self.of {
                self.entries += 1;
                let n = self.entries;
                format!(
                    "<Ntry><NtryRef>{n}</NtryRef><Amt Ccy=\"EUR\">{n}.50</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>\n\
                     <BookgDt><Dt>2026-03-02</Dt></BookgDt><ValDt><Dt>2026-03-02</Dt></ValDt><AcctSvcrRef>B{n}</AcctSvcrRef>\n\
                     <BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>\n\
                     <NtryDtls><TxDtls><Refs><EndToEndId>E{n}</EndToEndId></Refs><RltdPties><Dbtr><Pty><Nm>Customer {n}</Nm></Pty></Dbtr>\
                     <DbtrAcct><Id><IBAN>DE02100100100006820101</IBAN></Id></DbtrAcct></RltdPties>\n\
                     <RmtInf><Ustrd>Invoice {n}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>\n"
                )
                .into_bytes()
            } else if self.entries == self.of {
                self.entries += 1;
                b"</Stmt></BkToCstmrStmt></Document>".to_vec()
            } else {
                return Ok(0);
            };
        }
        let rest = &self.piece[self.at..];
        let taken = rest.len().min(buffer.len());
        buffer[..taken].copy_from_slice(&rest[..taken]);
        self.at += taken;
        Ok(taken)
    }
}

#[derive(Default)]
struct Counted {
    lines: u64,
    problems: Vec<Problem>,
}

impl StatementSink for Counted {
    fn statement(&mut self, _: Statement) {}
    fn line(&mut self, _: StatementLine) {
        self.lines += 1;
    }
    fn end(&mut self, _: StatementEnd) {}
    fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }
}

/// Peak resident memory of this process in KiB, as Linux tells it.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|l| l.starts_with("VmHWM:")).expect("VmHWM");
    line.split_whitespace().nth(1).expect("a number").parse().expect("a number")
}

const HEAD: &[u8] = b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Document><BkToCstmrStmt><Stmt><Id>1</Id><Acct><Id><IBAN>DE1</IBAN></Id></Acct>\n";

fn read(of: u64) -> (Counted, u64) {
    let mut counted = Counted::default();
    let generated = Generated { piece: HEAD.to_vec(), at: 0, entries: 0, of };
    camt::read(BufReader::new(generated), &mut counted).expect("taken");
    (counted, peak_kib())
}

/// One test, so that neither part is measured while the other runs.
#[test]
fn memory_does_not_grow_with_the_file() {
    fifty_megabytes_take_no_more_memory_than_one();
    an_entry_with_two_hundred_thousand_details_is_bounded();
}

fn fifty_megabytes_take_no_more_memory_than_one() {
    let (small, before) = read(1_600);
    let (large, after) = read(80_000);
    assert_eq!((small.lines, large.lines), (1_600, 80_000));
    assert_eq!((small.problems, large.problems), (vec![], vec![]));
    assert!(after < before + 4 * 1024, "peak grew from {before} to {after} KiB");
    assert!(after < 64 * 1024, "{after} KiB");
}

/// One entry with more details than are held: it is taken as one line and said so.
fn an_entry_with_two_hundred_thousand_details_is_bounded() {
    struct Endless {
        left: u64,
        piece: Vec<u8>,
        at: usize,
    }
    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.at >= self.piece.len() {
                self.at = 0;
                self.piece = match self.left {
                    0 => return Ok(0),
                    1 => b"</NtryDtls></Ntry></Stmt></BkToCstmrStmt></Document>".to_vec(),
                    n => format!(
                        "<TxDtls><Amt Ccy='EUR'>1.00</Amt><RmtInf><Ustrd>Invoice {n} {}</Ustrd></RmtInf></TxDtls>\n",
                        "x".repeat(100)
                    )
                    .into_bytes(),
                };
                self.left -= 1;
            }
            let rest = &self.piece[self.at..];
            let taken = rest.len().min(buffer.len());
            buffer[..taken].copy_from_slice(&rest[..taken]);
            self.at += taken;
            Ok(taken)
        }
    }
    let mut piece = HEAD.to_vec();
    piece.extend(b"<Ntry><Amt Ccy='EUR'>199999.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><NtryDtls>");
    let mut counted = Counted::default();
    camt::read(BufReader::new(Endless { left: 200_000, piece, at: 0 }), &mut counted).expect("taken");
    assert_eq!(counted.lines, 1);
    assert!(counted.problems.iter().any(|p| p.message.contains("more than are held at once")), "{:?}", counted.problems);
    assert!(peak_kib() < 64 * 1024, "{} KiB", peak_kib());
}
