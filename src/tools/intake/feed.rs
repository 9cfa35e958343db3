//! A bank file as a feed: read on a thread of its own and handed over in pieces through a bounded channel, so that neither side
//! holds the whole file.

use std::path::Path;

use quittance_agent::import::{FeedEvent, StatementFeed};
use quittance_rules::bank::{Problem, Statement, StatementEnd, StatementLine, StatementSink};
use tokio::sync::mpsc;

use super::BankFormat;
use super::bank_file::{BankFileOptions, announced_format, read_bank_path};

/// Lines handed over together.
const CHUNK: usize = 500;
/// Pieces that may wait; then the reader waits too.
const WAITING: usize = 8;

/// A bank file being read.
pub struct BankFileFeed {
    events: mpsc::Receiver<FeedEvent>,
}

impl BankFileFeed {
    /// Starts reading. What goes wrong comes as an event. To be called inside a Tokio runtime.
    pub fn open(path: &Path, options: BankFileOptions) -> Self {
        let (sender, events) = mpsc::channel(WAITING);
        let path = path.to_path_buf();
        tokio::task::spawn_blocking(move || {
            let mut sink = ChannelSink { sender, lines: Vec::new(), is_interim: false, is_table: false };
            let outcome = announced_format(&path).and_then(|format| {
                sink.is_interim = format.is_some_and(is_interim);
                sink.is_table = matches!(format, Some(BankFormat::Csv | BankFormat::Xlsx));
                read_bank_path(&path, &options, &mut sink)
            });
            sink.flush();
            match outcome {
                Ok(reading) => {
                    reading.notices.into_iter().for_each(|notice| sink.send(FeedEvent::Notice(notice)));
                    if let Some(profile) = reading.suggested_profile {
                        sink.send(FeedEvent::Unmapped(profile));
                    }
                }
                Err(error) => sink.send(FeedEvent::Failed(error.to_string())),
            }
        });
        Self { events }
    }
}

/// Reports and notifications that a booked statement will repeat.
fn is_interim(format: BankFormat) -> bool {
    match format {
        BankFormat::Camt052 | BankFormat::Camt054 | BankFormat::Mt942 => true,
        BankFormat::Camt053
        | BankFormat::Mt940
        | BankFormat::Ofx
        | BankFormat::Qif
        | BankFormat::Bai2
        | BankFormat::Nacha
        | BankFormat::Csv
        | BankFormat::Xlsx => false,
    }
}

impl StatementFeed for BankFileFeed {
    async fn next(&mut self) -> Option<FeedEvent> {
        self.events.recv().await
    }
}

struct ChannelSink {
    sender: mpsc::Sender<FeedEvent>,
    lines: Vec<StatementLine>,
    is_interim: bool,
    is_table: bool,
}

impl ChannelSink {
    fn send(&self, event: FeedEvent) {
        // The receiver is gone only when the import has failed; it has said why, and reading on is harmless.
        let _ = self.sender.blocking_send(event);
    }

    fn flush(&mut self) {
        if !self.lines.is_empty() {
            let lines = std::mem::take(&mut self.lines);
            self.send(FeedEvent::Lines(lines));
        }
    }
}

impl StatementSink for ChannelSink {
    fn statement(&mut self, statement: Statement) {
        self.flush();
        self.send(FeedEvent::Statement { statement, is_interim: self.is_interim, is_table: self.is_table });
    }

    fn line(&mut self, line: StatementLine) {
        self.lines.push(line);
        if self.lines.len() >= CHUNK {
            self.flush();
        }
    }

    fn end(&mut self, end: StatementEnd) {
        self.flush();
        self.send(FeedEvent::End(end));
    }

    fn problem(&mut self, problem: Problem) {
        self.flush();
        self.send(FeedEvent::Problem(problem));
    }
}
