//! A statement is read as a stream: fifty megabytes of MT940 need no more memory than one message's field.

use std::io::{BufReader, Read};

use quittance_rules::bank::{Problem, Statement, StatementEnd, StatementLine, StatementSink};
use quittance_tools::intake::mt940::{Options, read};

const SIZE: usize = 50 * 1024 * 1024;

/// One statement of one-kilobyte transactions, made as it is read.
struct Generated {
    given: usize,
    chunk: Vec<u8>,
    at: usize,
    transactions: u64,
    ended: bool,
}

impl Generated {
    fn refill(&mut self) {
        self.at = 0;
        self.chunk.clear();
        if self.given == 0 {
            self.chunk.extend_from_slice(b":20:BIG\r\n:25:DE02120300000000202051\r\n:28C:1/1\r\n:60F:C260101EUR0,00\r\n");
        } else if self.given < SIZE {
            self.transactions += 1;
            let number = self.transactions;
            let text = "x".repeat(900);
            let record = format!(":61:2601020102C1,00NTRFNONREF//B{number}\r\n:86:Invoice {number} {text}\r\n");
            self.chunk.extend_from_slice(record.as_bytes());
        } else if !self.ended {
            self.ended = true;
            self.chunk.extend_from_slice(format!(":62F:C260102EUR{},00\r\n-\r\n", self.transactions).as_bytes());
        }
        self.given += self.chunk.len();
    }
}

impl Read for Generated {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.at == self.chunk.len() {
            self.refill();
        }
        let length = buffer.len().min(self.chunk.len() - self.at);
        buffer[..length].copy_from_slice(&self.chunk[self.at..self.at + length]);
        self.at += length;
        Ok(length)
    }
}

#[derive(Default)]
struct Counting {
    lines: u64,
    problems: u64,
    end: Option<StatementEnd>,
}

impl StatementSink for Counting {
    fn statement(&mut self, _: Statement) {}
    fn line(&mut self, _: StatementLine) {
        self.lines += 1;
    }
    fn end(&mut self, end: StatementEnd) {
        self.end = Some(end);
    }
    fn problem(&mut self, _: Problem) {
        self.problems += 1;
    }
}

/// Highest resident memory of this process so far, in KiB (Linux).
fn peak_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()
}

#[test]
fn fifty_megabytes_in_constant_memory() {
    let before = peak_kib();
    let mut sink = Counting::default();
    let input = Generated { given: 0, chunk: Vec::new(), at: 0, transactions: 0, ended: false };
    read(BufReader::new(input), &mut sink, Options::default()).expect("a statement");
    assert!(sink.lines > 50_000, "{} lines", sink.lines);
    assert_eq!(sink.problems, 0);
    assert_eq!(sink.end.and_then(|e| e.balance_adds_up), Some(true));
    if let (Some(before), Some(after)) = (before, peak_kib()) {
        assert!(after - before < 16 * 1024, "reading took {} KiB", after - before);
    }
}
