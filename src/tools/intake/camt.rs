//! ISO 20022 cash management files: CAMT.052 (account report), .053 (statement), .054 (notification), every version.
//!
//! Format: the message definition reports on iso20022.org. Elements are matched by local name wherever the versions differ only in
//! namespace or wrapping (`Nm` and `Pty/Nm`, `Sts` and `Sts/Cd`, `PrtryAcct` and `Othr`). The file is streamed: one entry is
//! held at a time. How an entry becomes lines is said in [`super::camt_entry`].

use std::io::BufRead;

use quittance_rules::bank::{BalanceCheck, Problem, Statement, StatementSink, normal_account};
use quittance_rules::money::{Currency, Money};
use serde::{Deserialize, Serialize};

use super::IntakeError;
use super::camt_entry::{self, Holder};
use super::xml::{Built, Cursor, Node, Step, Tree, XmlError};

/// Which of the three messages a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CamtKind {
    /// Account report during the day.
    Camt052,
    /// Statement of what was booked.
    Camt053,
    /// Debit and credit notification.
    Camt054,
}

/// Elements looked at in search of the message before a file is given up as unknown.
const SEARCH_LIMIT: usize = 2_000;

/// Reads a file into the sink, statement by statement (`Stmt`, `Rpt`, `Ntfctn`).
///
/// A broken entry or balance becomes a problem and the rest is taken; where the XML itself breaks off, what came before is
/// kept and a problem names the line. Booked balances are `OPBD` (`PRCD` where that is absent) and `CLBD`; the available and
/// interim ones never stand in for them.
///
/// # Errors
/// When nothing could be taken: not readable, empty, another document (a payment order, an invoice), or broken before the
/// message began.
pub fn read<R: BufRead>(input: R, sink: &mut dyn StatementSink) -> Result<CamtKind, IntakeError> {
    let mut cursor = Cursor::new(input)?;
    let kind = match find_message(&mut cursor) {
        Ok(kind) => kind,
        Err(Search::Xml(error)) => return Err(error.into_error()),
        Err(Search::Other(error)) => return Err(error),
    };
    let mut reader = Reader { cursor, sink, kind, tree: Tree::default(), scratch: Tree::default(), statements: 0 };
    let ended = reader.message();
    if let Some(problem) = reader.cursor.take_misencoded() {
        reader.sink.problem(problem);
    }
    match ended {
        Ok(()) if reader.statements == 0 => reader.sink.problem(Problem {
            line: None,
            field: Some(reader.statement_name().to_owned()),
            message: "the message holds no statement".to_owned(),
        }),
        Ok(()) => {}
        Err(XmlError::Io(error)) => return Err(IntakeError::Io(std::io::Error::new(error.kind(), error.to_string()))),
        Err(error) => reader.sink.problem(error.into_problem()),
    }
    Ok(kind)
}

/// Why no message was found.
enum Search {
    Xml(XmlError),
    Other(IntakeError),
}

/// Goes into envelopes (`Document`, business application header wrappers) until the message element begins.
fn find_message<R: BufRead>(cursor: &mut Cursor<R>) -> Result<CamtKind, Search> {
    let mut first = None;
    for _ in 0..SEARCH_LIMIT {
        match cursor.next().map_err(Search::Xml)? {
            Step::Start(start, _) => {
                let local = start.local_name();
                let name: &str = local.as_ref();
                if let Some(kind) = message_kind(name) {
                    return Ok(kind);
                }
                if let Some((document, advice)) = other_document(name) {
                    return Err(Search::Other(IntakeError::WrongDocument {
                        document: document.to_owned(),
                        advice: advice.to_owned(),
                    }));
                }
                if first.is_none() || name != "Document" && first.as_deref() == Some("Document") {
                    first = Some(name.chars().take(60).collect::<String>());
                }
            }
            Step::Eof => break,
            Step::End | Step::Text(_) => {}
        }
    }
    let advice = match first.as_deref() {
        Some("Document") => "it is an ISO 20022 envelope with no message in it; ask for the file again".to_owned(),
        Some(name) => {
            format!("it is XML with <{name}>; a CAMT file holds <BkToCstmrStmt>, <BkToCstmrAcctRpt> or <BkToCstmrDbtCdtNtfctn>")
        }
        None => "it holds no XML element".to_owned(),
    };
    Err(Search::Other(IntakeError::UnknownFormat { advice }))
}

/// Version 1 names carry a suffix (`BkToCstmrStmtV01`).
pub(crate) fn message_kind(name: &str) -> Option<CamtKind> {
    if name.starts_with("BkToCstmrStmt") {
        Some(CamtKind::Camt053)
    } else if name.starts_with("BkToCstmrAcctRpt") {
        Some(CamtKind::Camt052)
    } else if name.starts_with("BkToCstmrDbtCdtNtfctn") {
        Some(CamtKind::Camt054)
    } else {
        None
    }
}

/// Documents that people mistake for statements: what it is, what to do.
pub(crate) fn other_document(name: &str) -> Option<(&'static str, &'static str)> {
    const STATEMENT: &str = "it says what was asked for, not what was booked; ask the bank for camt.053";
    const BETWEEN_BANKS: &str =
        "banks send it to each other, and it books nothing on an account; ask the bank for camt.053 or camt.054";
    const STATUS: &str = "it says whether an order was accepted, not what was booked; ask the bank for camt.053";
    let known = [
        ("CstmrCdtTrfInitn", "a pain.001 credit transfer initiation (a payment order)", STATEMENT),
        ("CstmrDrctDbtInitn", "a pain.008 direct debit initiation (a collection order)", STATEMENT),
        ("CstmrPmtRvsl", "a pain.007 payment reversal request", STATEMENT),
        ("CstmrPmtStsRpt", "a pain.002 payment status report", STATUS),
        ("pain.", "a payment initiation message (pain)", STATEMENT),
        ("FIToFICstmrCdtTrf", "a pacs.008 customer credit transfer between banks", BETWEEN_BANKS),
        ("FIToFICstmrDrctDbt", "a pacs.003 direct debit between banks", BETWEEN_BANKS),
        ("FIToFIPmtStsRpt", "a pacs.002 payment status report between banks", STATUS),
        ("FIToFIPmtRvsl", "a pacs.007 payment reversal between banks", BETWEEN_BANKS),
        ("FIToFIPmtCxlReq", "a camt.056 payment cancellation request", BETWEEN_BANKS),
        ("FICdtTrf", "a pacs.009 credit transfer between banks", BETWEEN_BANKS),
        ("FinInstnCdtTrf", "a pacs.009 credit transfer between banks", BETWEEN_BANKS),
        ("FIDrctDbt", "a pacs.010 direct debit between banks", BETWEEN_BANKS),
        ("PmtRtr", "a pacs.004 payment return between banks", BETWEEN_BANKS),
        ("pacs.", "a clearing message between banks (pacs)", BETWEEN_BANKS),
        ("RsltnOfInvstgtn", "a camt.029 answer to an investigation", STATUS),
        ("AcctRptgReq", "a camt.060 request for a statement", "ask the bank for its answer, the statement itself"),
        ("NtfctnToRcv", "a camt.057 notice of money to be received", STATEMENT),
        ("BkToCstmrSttlm", "a settlement report", STATEMENT),
        ("BkSvcsBllgStmt", "a camt.086 bank services bill", STATEMENT),
        ("Invoice", "an invoice (UBL)", "take it in as an invoice"),
        ("CreditNote", "a credit note (UBL)", "take it in as a credit note"),
        ("CrossIndustryInvoice", "an invoice (UN/CEFACT CII)", "take it in as an invoice"),
        ("CrossIndustryDocument", "an invoice (ZUGFeRD 1.0)", "take it in as an invoice"),
        ("OFX", "an OFX file", "it is read by the OFX reader"),
        ("html", "an HTML page", "it may be the bank's sign-in page saved in place of the file; download it again"),
        ("HTML", "an HTML page", "it may be the bank's sign-in page saved in place of the file; download it again"),
    ];
    known
        .iter()
        .find(|(start, ..)| {
            if start.ends_with('.') {
                name.starts_with(start)
            } else {
                name.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('V') == *start
            }
        })
        .map(|(_, document, advice)| (*document, *advice))
}

/// The reading of one file whose kind is known.
struct Reader<'s, R> {
    cursor: Cursor<R>,
    sink: &'s mut dyn StatementSink,
    kind: CamtKind,
    tree: Tree,
    scratch: Tree,
    statements: usize,
}

/// What is known of the statement being read.
#[derive(Default)]
struct Open {
    statement_id: Option<String>,
    holder: Holder,
    /// Types and amounts of balances, booked types only.
    opening: Option<Money>,
    previous: Option<Money>,
    closing: Option<Money>,
    first_currency: Option<Currency>,
    check: BalanceCheck,
    entries: usize,
    told: bool,
}

impl<R: BufRead> Reader<'_, R> {
    fn statement_name(&self) -> &'static str {
        match self.kind {
            CamtKind::Camt052 => "Rpt",
            CamtKind::Camt053 => "Stmt",
            CamtKind::Camt054 => "Ntfctn",
        }
    }

    /// From the start of the message to the end of the file. Further documents in one file (some banks join them) are read on.
    fn message(&mut self) -> Result<(), XmlError> {
        enum Next {
            Statement,
            Header,
            Inside,
        }
        loop {
            let next = match self.cursor.next()? {
                Step::Start(start, _) => match start.local_name().as_ref() {
                    "Stmt" | "Rpt" | "Ntfctn" => Next::Statement,
                    "GrpHdr" | "AppHdr" | "SplmtryData" | "Signature" => Next::Header,
                    _ => Next::Inside,
                },
                Step::End | Step::Text(_) => continue,
                Step::Eof => return Ok(()),
            };
            match next {
                Next::Statement => self.statement()?,
                Next::Header => self.cursor.skip()?,
                Next::Inside => {}
            }
        }
    }

    /// One `Stmt`, `Rpt` or `Ntfctn`. Whatever ends it, what was begun in the sink is ended there.
    fn statement(&mut self) -> Result<(), XmlError> {
        self.statements += 1;
        let mut open = Open::default();
        let walked = self.walk(&mut open);
        let known = open.statement_id.is_some() || !open.holder.account.is_empty();
        if walked.is_ok() || known {
            self.tell(&mut open);
        }
        if open.told {
            let opening = open.opening.or(open.previous);
            self.sink.end(open.check.finish(opening, open.closing));
        }
        walked
    }

    fn walk(&mut self, open: &mut Open) -> Result<(), XmlError> {
        enum Part {
            Id,
            Account,
            Balance,
            Entry,
            Other,
        }
        loop {
            let part = match self.cursor.next()? {
                Step::Start(start, line) => {
                    let part = match start.local_name().as_ref() {
                        "Id" => Part::Id,
                        "Acct" => Part::Account,
                        "Bal" => Part::Balance,
                        "Ntry" => Part::Entry,
                        _ => Part::Other,
                    };
                    match part {
                        Part::Id | Part::Account | Part::Balance | Part::Entry => self.tree.restart(&start, line),
                        Part::Other => {}
                    }
                    part
                }
                Step::Text(_) => continue,
                Step::End | Step::Eof => return Ok(()),
            };
            match part {
                Part::Id => {
                    self.whole()?;
                    let id = super::xml::fold(self.tree.root().value());
                    open.statement_id = (!id.is_empty()).then_some(id);
                }
                Part::Account => {
                    self.whole()?;
                    self.account(open);
                }
                Part::Balance => {
                    self.whole()?;
                    self.balance(open);
                }
                Part::Entry => self.entry(open)?,
                Part::Other => self.cursor.skip()?,
            }
            if let Some(problem) = self.cursor.take_cut() {
                self.sink.problem(problem);
            }
        }
    }

    /// Builds the tree to its end.
    fn whole(&mut self) -> Result<(), XmlError> {
        while self.cursor.build(&mut self.tree, &[])? == Built::Met {}
        Ok(())
    }

    fn account(&mut self, open: &mut Open) {
        let node = self.tree.root();
        open.holder.account = account_number(node).unwrap_or_default();
        open.holder.name = node.text("Ownr/Nm").or_else(|| node.text("Ownr/Pty/Nm"));
        if let Some(currency) = node.find("Ccy") {
            match Currency::parse(currency.value()) {
                Ok(found) => open.holder.currency = Some(found),
                Err(error) => self.sink.problem(Problem {
                    line: Some(currency.line()),
                    field: Some("Acct/Ccy".to_owned()),
                    message: format!("{error}; the currency of each entry is used"),
                }),
            }
        }
    }

    fn balance(&mut self, open: &mut Open) {
        let node = self.tree.root();
        let code = node.find("Tp/CdOrPrtry/Cd").or_else(|| node.find("Tp/Cd")).map(Node::value).unwrap_or_default();
        let amount = match camt_entry::signed_amount(node, "Bal", open.holder.currency) {
            Ok(amount) => amount,
            Err(problem) => {
                self.sink.problem(problem);
                return;
            }
        };
        open.first_currency.get_or_insert(amount.currency());
        // Some banks repeat a balance in a second currency; the account's own is the one the entries add up in.
        if open.holder.currency.is_some_and(|own| own != amount.currency()) && matches!(code, "OPBD" | "PRCD") {
            return;
        }
        match code {
            // In a statement sent in pages each page opens and closes; the first opening and the last closing count.
            "OPBD" => {
                open.opening.get_or_insert(amount);
            }
            "PRCD" => {
                open.previous.get_or_insert(amount);
            }
            "CLBD" => {
                let own = open.holder.currency.or(open.opening.map(Money::currency));
                if open.closing.is_none_or(|_| own.is_none_or(|own| own == amount.currency())) {
                    open.closing = Some(amount);
                }
            }
            _ => {}
        }
    }

    fn entry(&mut self, open: &mut Open) -> Result<(), XmlError> {
        open.entries += 1;
        let taken =
            camt_entry::read(&mut self.cursor, &mut self.tree, &mut self.scratch, self.kind, (&open.holder, open.entries))?;
        if let Some(line) = taken.lines.first() {
            open.first_currency.get_or_insert(line.amount.currency());
        }
        self.tell(open);
        for line in taken.lines {
            open.check.add(&line);
            self.sink.line(line);
        }
        for problem in taken.problems {
            self.sink.problem(problem);
        }
        Ok(())
    }

    /// Hands the head of the statement on, once.
    fn tell(&mut self, open: &mut Open) {
        if !open.told {
            open.told = true;
            self.sink.statement(Statement {
                account: open.holder.account.clone(),
                currency: open.holder.currency.or(open.first_currency),
                statement_id: open.statement_id.clone(),
            });
        }
    }
}

/// The number of an account element: IBAN, else what the bank numbers it by.
pub(crate) fn account_number(account: Node<'_>) -> Option<String> {
    ["Id/IBAN", "Id/Othr/Id", "Id/BBAN", "Id/PrtryAcct/Id", "Id/UPIC", "Prxy/Id"]
        .iter()
        .find_map(|path| account.find(path).map(|n| normal_account(n.value())).filter(|n| !n.is_empty()))
}
