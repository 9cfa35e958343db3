//! One entry (`Ntry`) of a CAMT file, and the lines it stands for.
//!
//! The rule for batches: an entry with two or more `TxDtls` becomes one line per detail when every detail carries an amount in the
//! entry's currency and these amounts, signed, add up to the entry. The amounts tried are `TxDtls/Amt`, then
//! `AmtDtls/TxAmt`, `CntrValAmt`, `InstdAmt`; the signs are the details' own, then the entry's (banks that reverse a batch leave the
//! first direction in the details). Otherwise the entry is one line, and what its details say is joined in it. So the lines of
//! a statement always add up to its entries.
//!
//! `Ntry/CdtDbtInd` is the direction of this booking, also when `RvslInd` says that it reverses an earlier one (ISO 20022 usage of
//! ReversalIndicator); the sign is therefore never turned round.

use std::io::BufRead;

use jiff::civil::Date;
use quittance_rules::bank::{Direction, Problem, StatementLine, normal_account};
use quittance_rules::money::{Currency, Money};

use super::camt::{CamtKind, account_number};
use super::xml::{Built, Cursor, Node, Tree, XmlError, fold};

/// Memory that the details of one entry may take; beyond it the entry is one line and says so.
const MAX_DETAILS_BYTES: usize = 20 << 20;
/// Characters of a joined text.
const MAX_JOINED: usize = 16 << 10;

/// Whose account a statement is of.
#[derive(Debug, Default)]
pub(crate) struct Holder {
    /// Without spaces; empty where unknown.
    pub(crate) account: String,
    /// The owner's name.
    pub(crate) name: Option<String>,
    /// From `Acct/Ccy`.
    pub(crate) currency: Option<Currency>,
}

/// What an entry gave.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// One or more, or none when the entry is broken.
    pub(crate) lines: Vec<StatementLine>,
    /// What could not be taken.
    pub(crate) problems: Vec<Problem>,
}

/// Debtor or creditor.
#[derive(Debug, Default, Clone, PartialEq)]
struct Party {
    name: Option<String>,
    account: Option<String>,
    ultimate: Option<String>,
}

/// What one `TxDtls` says.
#[derive(Debug, Default)]
struct Detail {
    line: u64,
    amounts: [Option<Money>; 4],
    direction: Option<Direction>,
    debtor: Party,
    creditor: Party,
    remittance: Option<String>,
    additional: Option<String>,
    references: Option<String>,
    end_to_end_id: Option<String>,
    bank_reference: Option<String>,
    code: Option<String>,
    is_return: bool,
    fee: Option<Money>,
    original: Option<Money>,
}

impl Detail {
    /// Bytes it holds, about.
    fn size(&self) -> usize {
        let parties = [&self.debtor, &self.creditor];
        let texts = [&self.remittance, &self.additional, &self.references, &self.end_to_end_id, &self.bank_reference, &self.code];
        let length = |text: &Option<String>| text.as_ref().map_or(0, String::capacity);
        size_of::<Self>()
            + texts.iter().map(|t| length(t)).sum::<usize>()
            + parties.iter().map(|p| length(&p.name) + length(&p.account) + length(&p.ultimate)).sum::<usize>()
    }
}

/// Reads from the start of `Ntry` (with which `tree` was just restarted) to its end. `scratch` holds one detail at a time; the
/// number is that of the entry in its statement, from 1.
pub(crate) fn read<R: BufRead>(
    cursor: &mut Cursor<R>,
    tree: &mut Tree,
    scratch: &mut Tree,
    kind: CamtKind,
    (holder, number): (&Holder, usize),
) -> Result<Taken, XmlError> {
    let mut taken = Taken::default();
    let mut details = Details::default();
    while cursor.build(tree, &["TxDtls"])? == Built::Met {
        cursor.restart_here(scratch);
        while cursor.build(scratch, &[])? == Built::Met {}
        details.take(scratch, &mut taken.problems);
    }
    let entry = tree.root();
    if tree.is_over_limit() {
        taken.problems.push(problem(entry, "Ntry", format!("entry {number} holds more than an entry can; it was left out")));
        return Ok(taken);
    }
    match lines(entry, kind, holder, number, details, &mut taken.problems) {
        Ok(lines) => taken.lines = lines,
        Err(broken) => taken.problems.push(Problem { message: format!("entry {number}: {}", broken.message), ..broken }),
    }
    Ok(taken)
}

/// The details of one entry, as far as they may be held.
#[derive(Default)]
struct Details {
    held: Vec<Detail>,
    bytes: usize,
    count: usize,
    over: bool,
}

impl Details {
    fn take(&mut self, tree: &Tree, problems: &mut Vec<Problem>) {
        self.count += 1;
        if self.over {
            return;
        }
        let detail = detail(tree.root(), problems);
        self.bytes += detail.size();
        self.held.push(detail);
        if self.bytes > MAX_DETAILS_BYTES || tree.is_over_limit() || problems.len() > 1000 {
            self.over = true;
            self.held = Vec::new();
        }
    }
}

fn lines(
    entry: Node<'_>,
    kind: CamtKind,
    holder: &Holder,
    number: usize,
    details: Details,
    problems: &mut Vec<Problem>,
) -> Result<Vec<StatementLine>, Problem> {
    let amount = signed_amount(entry, "Ntry", holder.currency)?;
    let own = detail(entry, problems);
    let value_date = match date(entry, "ValDt") {
        Ok(date) => date,
        Err(broken) => {
            // The booking date is what a payment is dated by; a bad value date alone must not keep money out of the books.
            problems.push(Problem { message: format!("{}; the entry was taken without it", broken.message), ..broken });
            None
        }
    };
    let booking_date = date(entry, "BookgDt")?.or(value_date);
    let is_booked = booked(entry, kind, problems);
    let is_reversal = entry.find("RvslInd").is_some_and(|n| matches!(n.value(), "true" | "1"));
    let place = |part: Option<(usize, u64)>| match part {
        None => format!("entry {number} (line {})", entry.line()),
        Some((part, line)) => format!("entry {number}, transaction {part} (line {line})"),
    };
    let blank = StatementLine {
        booking_date,
        value_date,
        amount,
        counterparty_name: None,
        counterparty_account: None,
        remittance: None,
        structured_reference: None,
        end_to_end_id: None,
        bank_reference: own.bank_reference.clone(),
        transaction_code: own.code.clone(),
        is_return: is_reversal || own.is_return,
        is_booked,
        fee: None,
        original_amount: None,
        place: place(None),
    };
    if details.over {
        problems.push(problem(
            entry,
            "NtryDtls",
            format!("entry {number} has {} transactions, more than are held at once; it was taken as one line", details.count),
        ));
    }
    let held = details.held;
    if held.len() > 1
        && let Some(amounts) = split(amount, &held)
    {
        let mut all = Vec::with_capacity(held.len());
        for (index, (detail, amount)) in held.into_iter().zip(amounts).enumerate() {
            let mut line = StatementLine { amount, place: place(Some((index + 1, detail.line))), ..blank.clone() };
            fill(&mut line, detail, holder);
            if line.remittance.is_none() {
                line.remittance.clone_from(&own.additional);
            }
            all.push(line);
        }
        return Ok(all);
    }
    let mut line = blank;
    let many = held.len() > 1;
    let said = if many { join(held, amount) } else { held.into_iter().next().unwrap_or_default() };
    fill(&mut line, said, holder);
    line.fee = line.fee.or(own.fee);
    line.original_amount = line.original_amount.or_else(|| foreign(&own, amount.currency()));
    line.remittance = line.remittance.or(own.additional);
    Ok(vec![line])
}

/// Puts what a detail says into a line whose amount is set.
fn fill(line: &mut StatementLine, detail: Detail, holder: &Holder) {
    line.original_amount = foreign(&detail, line.amount.currency());
    let party = counterparty(line.direction(), &detail, holder);
    let mut remittance = detail.remittance.or(detail.additional);
    if let (Some(name), Some(ultimate)) = (&party.name, &party.ultimate)
        && !name.eq_ignore_ascii_case(ultimate)
    {
        // The line has one name. Who the payment is really for is often only here, so it is kept in the text.
        remittance = Some(match remittance {
            Some(text) => format!("{text} (ultimate party: {ultimate})"),
            None => format!("(ultimate party: {ultimate})"),
        });
    }
    line.counterparty_name = party.name.or(party.ultimate);
    line.counterparty_account = party.account;
    line.remittance = remittance;
    line.structured_reference = detail.references;
    line.end_to_end_id = detail.end_to_end_id;
    line.bank_reference = detail.bank_reference.or(line.bank_reference.take());
    line.transaction_code = detail.code.or(line.transaction_code.take());
    line.is_return |= detail.is_return;
    line.fee = detail.fee;
}

/// The instructed amount, else any other amount, in a currency that is not the line's.
fn foreign(detail: &Detail, own: Currency) -> Option<Money> {
    let others = detail.amounts.iter().rev().flatten().copied();
    detail.original.into_iter().chain(others).find(|m| m.currency() != own && !m.is_zero())
}

/// The debtor of a credit, the creditor of a debit; but where that is the account holder itself (returned payments keep the parties
/// of the first one), the other side.
fn counterparty(direction: Direction, detail: &Detail, holder: &Holder) -> Party {
    let (usual, other) = match direction {
        Direction::Credit => (&detail.debtor, &detail.creditor),
        Direction::Debit => (&detail.creditor, &detail.debtor),
    };
    let is_holder = |party: &Party| match &party.account {
        Some(account) => !holder.account.is_empty() && normal_account(account) == normal_account(&holder.account),
        None => match (&party.name, &holder.name) {
            (Some(name), Some(own)) => name.eq_ignore_ascii_case(own),
            (None, _) | (_, None) => false,
        },
    };
    if is_holder(usual) && !is_holder(other) && (other.name.is_some() || other.account.is_some()) {
        other.clone()
    } else {
        usual.clone()
    }
}

/// An amount for each detail that together make the entry; `None` when there is no such reading.
fn split(entry: Money, details: &[Detail]) -> Option<Vec<Money>> {
    const ORDERS: [[usize; 4]; 2] = [[0, 1, 2, 3], [1, 2, 0, 3]];
    for order in ORDERS {
        let Some(sizes) = details
            .iter()
            .map(|d| order.iter().find_map(|&i| d.amounts.get(i).copied().flatten().filter(|m| m.currency() == entry.currency())))
            .collect::<Option<Vec<Money>>>()
        else {
            continue;
        };
        for own_signs in [true, false] {
            let signed: Option<Vec<Money>> = sizes
                .iter()
                .zip(details)
                .map(|(size, detail)| {
                    let debit = match detail.direction {
                        Some(direction) if own_signs => direction == Direction::Debit,
                        Some(_) | None => entry.is_negative(),
                    };
                    if debit { size.checked_neg() } else { Some(*size) }
                })
                .collect();
            let Some(signed) = signed else { continue };
            let sum = signed.iter().try_fold(Money::zero(entry.currency()), |sum, m| sum.checked_add(*m));
            if sum == Some(entry) {
                return Some(signed);
            }
        }
    }
    None
}

/// What all details of an entry say together: what they agree on, and the texts one after the other.
fn join(details: Vec<Detail>, entry: Money) -> Detail {
    fn agreed<T: PartialEq + Clone>(details: &[Detail], of: impl Fn(&Detail) -> Option<&T>) -> Option<T> {
        let mut values = details.iter().filter_map(of);
        let first = values.next()?;
        values.all(|v| v == first).then(|| first.clone())
    }
    let mut joined = Detail {
        line: details.first().map_or(0, |d| d.line),
        end_to_end_id: agreed(&details, |d| d.end_to_end_id.as_ref()),
        bank_reference: agreed(&details, |d| d.bank_reference.as_ref()),
        code: agreed(&details, |d| d.code.as_ref()),
        is_return: !details.is_empty() && details.iter().all(|d| d.is_return),
        ..Detail::default()
    };
    for (of, to) in [
        (&(|d: &Detail| d.debtor.clone()) as &dyn Fn(&Detail) -> Party, &mut joined.debtor),
        (&|d: &Detail| d.creditor.clone(), &mut joined.creditor),
    ] {
        let parties: Vec<Party> = details.iter().map(of).collect();
        if let Some(first) = parties.first() {
            if parties.iter().all(|p| p.name == first.name) {
                to.name.clone_from(&first.name);
            }
            if parties.iter().all(|p| p.account == first.account) {
                to.account.clone_from(&first.account);
            }
            if parties.iter().all(|p| p.ultimate == first.ultimate) {
                to.ultimate.clone_from(&first.ultimate);
            }
        }
    }
    let names_differ = joined.debtor.name.is_none() && joined.creditor.name.is_none();
    let ids_differ = joined.end_to_end_id.is_none();
    let mut text = Joiner::new("; ");
    let mut references = Joiner::new(", ");
    for detail in &details {
        let mut parts = Vec::new();
        if names_differ {
            let party = if entry.is_negative() { &detail.creditor } else { &detail.debtor };
            parts.extend(party.name.as_deref());
        }
        parts.extend(detail.remittance.as_deref().or(detail.additional.as_deref()));
        if ids_differ {
            parts.extend(detail.end_to_end_id.as_deref());
        }
        text.add(&parts.join(" "));
        if let Some(reference) = &detail.references {
            references.add(reference);
        }
    }
    joined.remittance = text.finish();
    joined.references = references.finish();
    // Charges and amounts of single details do not describe the entry as a whole, unless all are in one currency and add up.
    joined.fee = details
        .iter()
        .filter_map(|d| d.fee)
        .map(Some)
        .reduce(|sum, fee| sum.and_then(|s| fee.and_then(|f| s.checked_add(f))))
        .flatten();
    joined
}

/// Joins distinct texts, up to a length.
struct Joiner {
    separator: &'static str,
    text: String,
    seen: std::collections::HashSet<String>,
}

impl Joiner {
    fn new(separator: &'static str) -> Self {
        Self { separator, text: String::new(), seen: std::collections::HashSet::new() }
    }

    fn add(&mut self, part: &str) {
        if part.is_empty() || self.text.ends_with('…') || !self.seen.insert(part.to_owned()) {
            return;
        }
        if self.text.len() + part.len() > MAX_JOINED {
            self.text.push_str(" …");
            return;
        }
        if !self.text.is_empty() {
            self.text.push_str(self.separator);
        }
        self.text.push_str(part);
    }

    fn finish(self) -> Option<String> {
        (!self.text.is_empty()).then_some(self.text)
    }
}

/// Reads what `TxDtls` says; also of `Ntry` itself, which has some of the same elements.
fn detail(node: Node<'_>, problems: &mut Vec<Problem>) -> Detail {
    let is_entry = node.name() == "Ntry";
    let mut amount = |path: &str| {
        let found = node.find(path)?;
        match plain_amount(found, path, None) {
            Ok(amount) => Some(amount),
            Err(broken) => {
                problems
                    .push(Problem { message: format!("{}; the entry was taken without this amount", broken.message), ..broken });
                None
            }
        }
    };
    let instructed = amount("AmtDtls/InstdAmt/Amt");
    let amounts =
        [if is_entry { None } else { amount("Amt") }, amount("AmtDtls/TxAmt/Amt"), amount("AmtDtls/CntrValAmt/Amt"), instructed];
    let mut said = Detail {
        line: node.line(),
        original: instructed,
        direction: node.find("CdtDbtInd").and_then(|n| direction(n.value())),
        code: transaction_code(node),
        fee: charges(node, problems),
        bank_reference: node.text("Refs/AcctSvcrRef").or_else(|| node.text("AcctSvcrRef")),
        amounts,
        ..Detail::default()
    };
    said.is_return = node.find("RtrInf").is_some() || is_return_code(said.code.as_deref());
    if is_entry {
        said.additional = node.text("AddtlNtryInf");
        return said;
    }
    said.additional = node.text("AddtlTxInf");
    said.end_to_end_id = node.text("Refs/EndToEndId").filter(|id| is_provided(id));
    if let Some(parties) = node.find("RltdPties") {
        said.debtor = party(parties, "Dbtr", "DbtrAcct", "UltmtDbtr");
        said.creditor = party(parties, "Cdtr", "CdtrAcct", "UltmtCdtr");
    }
    remittance(node, &mut said);
    said
}

fn party(parties: Node<'_>, role: &str, account: &str, ultimate: &str) -> Party {
    // Version 8 put the name under `Pty`, or under `Agt` where the party is a bank.
    let name = |node: Node<'_>| ["Nm", "Pty/Nm", "Agt/FinInstnId/Nm", "FinInstnId/Nm"].iter().find_map(|path| node.text(path));
    Party {
        name: parties.find(role).and_then(name),
        account: parties.find(account).and_then(account_number),
        ultimate: parties.find(ultimate).and_then(name),
    }
}

/// Unstructured text and additional remittance text, one after the other; creditor references (`CdtrRefInf/Ref`), else
/// document numbers (`RfrdDocInf/Nb`), several with a comma between. Document numbers beside a creditor reference, and the amount
/// remitted for each document, are kept in the text.
fn remittance(node: Node<'_>, said: &mut Detail) {
    let mut text = Joiner::new(" ");
    for piece in node.all("RmtInf/Ustrd") {
        text.add(&fold(piece.value()));
    }
    let mut references = Joiner::new(", ");
    let mut documents = Joiner::new(", ");
    let mut remitted = Joiner::new(", ");
    for block in node.all("RmtInf/Strd") {
        for path in ["CdtrRefInf/Ref", "CdtrRefInf/CdtrRef"] {
            for reference in block.all(path) {
                references.add(&fold(reference.value()));
            }
        }
        for path in ["RfrdDocInf/Nb", "RfrdDocInf/RfrdDocNb"] {
            for document in block.all(path) {
                let number = fold(document.value());
                if let Some(amount) = block.find("RfrdDocAmt/RmtdAmt") {
                    let currency = amount.attribute("Ccy").unwrap_or_default();
                    remitted.add(fold(&format!("{number} {currency} {}", amount.value())).as_str());
                }
                documents.add(&number);
            }
        }
        for piece in block.all("AddtlRmtInf") {
            text.add(&fold(piece.value()));
        }
    }
    let (references, documents, remitted) = (references.finish(), documents.finish(), remitted.finish());
    if let Some(remitted) = remitted {
        text.add(&remitted);
    } else if let (Some(_), Some(documents)) = (&references, &documents) {
        text.add(documents);
    }
    said.references = references.or(documents);
    said.remittance = text.finish();
}

/// Banks fill the field when the payer gave nothing.
fn is_provided(id: &str) -> bool {
    let plain: String = id.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect();
    !(matches!(
        plain.as_str(),
        "" | "NOTPROVIDED" | "NOTAVAILABLE" | "NOTAPPLICABLE" | "NONREF" | "NOREF" | "NONE" | "NA" | "UNKNOWN"
    ) || plain.bytes().all(|b| b == b'0'))
}

/// `PMNT-RCDT-ESCT`, or the bank's own code where there is none of ISO.
fn transaction_code(node: Node<'_>) -> Option<String> {
    let codes: Vec<&str> = ["BkTxCd/Domn/Cd", "BkTxCd/Domn/Fmly/Cd", "BkTxCd/Domn/Fmly/SubFmlyCd"]
        .iter()
        .filter_map(|path| node.find(path).map(Node::value).filter(|v| !v.is_empty()))
        .collect();
    if codes.is_empty() { node.text("BkTxCd/Prtry/Cd") } else { Some(fold(&codes.join("-"))) }
}

/// Sub-families of the ISO 20022 external bank transaction codes that say: a payment came back (return, unpaid direct debit, payment
/// reversal, cancellation request, unpaid cheque).
fn is_return_code(code: Option<&str>) -> bool {
    let sub_family = code.and_then(|c| c.rsplit('-').next());
    matches!(sub_family, Some("RRTN" | "UPDD" | "PRDD" | "RPCR" | "UPCQ" | "UPCT" | "ARET" | "RIMB"))
}

/// Charges of an entry or detail: the records added up, else the total. Positive when they cost the holder, `None` when zero or
/// in several currencies.
fn charges(node: Node<'_>, problems: &mut Vec<Problem>) -> Option<Money> {
    let mut sum: Option<Money> = None;
    let mut records = node.all("Chrgs/Rcrd");
    if records.is_empty() {
        // Version 2 repeats `Chrgs` itself.
        records = node.all("Chrgs").into_iter().filter(|c| c.find("Amt").is_some()).collect();
    }
    if records.is_empty() {
        let total = node.find("Chrgs/TtlChrgsAndTaxAmt")?;
        return plain_amount(total, "Chrgs/TtlChrgsAndTaxAmt", None)
            .map_err(|broken| problems.push(broken))
            .ok()
            .filter(|m| !m.is_zero());
    }
    for record in records {
        let Some(amount) = record.find("Amt") else { continue };
        let size = match plain_amount(amount, "Chrgs/Amt", None) {
            Ok(size) => size,
            Err(broken) => {
                problems
                    .push(Problem { message: format!("{}; the entry was taken without its charges", broken.message), ..broken });
                return None;
            }
        };
        let is_refund = record.find("CdtDbtInd").and_then(|n| direction(n.value())) == Some(Direction::Credit);
        let cost = if is_refund { size.checked_neg()? } else { size };
        sum = Some(match sum {
            None => cost,
            Some(sum) => sum.checked_add(cost)?,
        });
    }
    sum.filter(|m| !m.is_zero())
}

fn booked(entry: Node<'_>, kind: CamtKind, problems: &mut Vec<Problem>) -> bool {
    let status = entry.find("Sts");
    let code = status.map(|s| ["Cd", "Prtry"].iter().find_map(|p| s.find(p)).unwrap_or(s).value()).unwrap_or_default();
    match code {
        "BOOK" => true,
        "PDNG" | "INFO" | "FUTR" => false,
        // A statement and a notification report bookings; an intraday report also announces.
        "" => matches!(kind, CamtKind::Camt053 | CamtKind::Camt054),
        other => {
            let other: String = other.chars().take(40).collect();
            problems.push(problem(
                status.unwrap_or(entry),
                "Ntry/Sts",
                format!("the status `{other}` is not BOOK, PDNG, INFO or FUTR; the entry was taken as not booked"),
            ));
            false
        }
    }
}

fn direction(code: &str) -> Option<Direction> {
    match code {
        "CRDT" => Some(Direction::Credit),
        "DBIT" => Some(Direction::Debit),
        _ => None,
    }
}

/// `Amt` with the sign of `CdtDbtInd`.
pub(crate) fn signed_amount(node: Node<'_>, field: &str, fallback: Option<Currency>) -> Result<Money, Problem> {
    let amount = node.find("Amt").ok_or_else(|| problem(node, &format!("{field}/Amt"), "the amount is missing".to_owned()))?;
    let size = plain_amount(amount, &format!("{field}/Amt"), fallback)?;
    let name = format!("{field}/CdtDbtInd");
    let indicator = node.find("CdtDbtInd").ok_or_else(|| {
        problem(node, &name, "it is not said whether this is a credit or a debit, so it was not taken".to_owned())
    })?;
    match direction(indicator.value()) {
        Some(Direction::Credit) => Ok(size),
        Some(Direction::Debit) => size.checked_neg().ok_or_else(|| problem(amount, &name, "the amount is too large".to_owned())),
        None => {
            let shown: String = indicator.value().chars().take(40).collect();
            Err(problem(indicator, &name, format!("`{shown}` is neither CRDT nor DBIT, so it was not taken")))
        }
    }
}

/// An amount with its `Ccy`. A negative one is refused: the direction has an element of its own, and the two would contradict.
fn plain_amount(node: Node<'_>, field: &str, fallback: Option<Currency>) -> Result<Money, Problem> {
    let currency = match node.attribute("Ccy") {
        Some(code) => Currency::parse(code).map_err(|e| problem(node, &format!("{field}/@Ccy"), e.to_string()))?,
        None => fallback.ok_or_else(|| problem(node, &format!("{field}/@Ccy"), "the amount has no currency".to_owned()))?,
    };
    let amount = Money::parse(node.value(), currency).map_err(|e| problem(node, field, e.to_string()))?;
    if amount.is_negative() {
        return Err(problem(node, field, format!("`{}` has a sign; CdtDbtInd alone says the direction", node.value())));
    }
    Ok(amount)
}

/// `Dt` or `DtTm` under an element. The civil date as the bank wrote it: its clock time and offset do not move it.
fn date(node: Node<'_>, name: &str) -> Result<Option<Date>, Problem> {
    let Some(parent) = node.find(name) else { return Ok(None) };
    let found = ["Dt", "DtTm", "YrMnth"].iter().find_map(|path| parent.find(path)).unwrap_or(parent);
    let text = found.value();
    if text.is_empty() {
        return Ok(None);
    }
    match civil_date(text) {
        Some(date) => Ok(Some(date)),
        None => {
            let shown: String = text.chars().take(40).collect();
            Err(problem(found, &format!("Ntry/{name}"), format!("`{shown}` is no date (year-month-day)")))
        }
    }
}

/// The date of an `xs:date` or `xs:dateTime`.
pub(crate) fn civil_date(text: &str) -> Option<Date> {
    let (day, rest) = text.split_at_checked(10)?;
    if !(rest.is_empty() || rest.starts_with(['T', 'Z', '+', '-', ' '])) {
        return None;
    }
    let mut parts = day.split('-');
    let mut number = |length: usize| {
        let part = parts.next()?;
        (part.len() == length && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse::<i16>().ok())?
    };
    let (year, month, day) = (number(4)?, number(2)?, number(2)?);
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

fn problem(node: Node<'_>, field: &str, message: String) -> Problem {
    Problem { line: Some(node.line()), field: Some(field.to_owned()), message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_keep_the_day_the_bank_wrote() {
        for (text, expected) in [
            ("2024-02-29", Some((2024, 2, 29))),
            ("2023-02-29", None),
            ("2014-12-31T23:59:59-08:00", Some((2014, 12, 31))),
            ("2014-12-31T23:15:00Z", Some((2014, 12, 31))),
            ("2025-07-23T00:00:00.000000000", Some((2025, 7, 23))),
            ("2014-12-31+01:00", Some((2014, 12, 31))),
            ("2014-12-31x", None),
            ("31.12.2014", None),
            ("2014-1-31", None),
            ("2014-13-01", None),
            ("", None),
            ("日本語日本語", None),
        ] {
            assert_eq!(civil_date(text).map(|d| (d.year(), d.month(), d.day())), expected, "{text}");
        }
    }

    #[test]
    fn fillers_are_no_end_to_end_ids() {
        for id in ["NOTPROVIDED", "not provided", "NOT-PROVIDED", "Not Available", "0000", "-", "NONREF", "N/A"] {
            assert!(!is_provided(id), "{id}");
        }
        for id in ["RE-4711", "000000001", "NOTPROVIDED1"] {
            assert!(is_provided(id), "{id}");
        }
    }
}
