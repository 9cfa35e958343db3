//! The same lines in the words of three kinds of bank: CAMT.053.001.08, MT940 with German `:86:` subfields, and a CSV export.

use std::fmt::Write as _;

use jiff::ToSpan;
use jiff::civil::{Date, date};
use quittance_rules::money::Money;

use super::cash::{Booking, Line};
use super::text::{amount_comma, clock24, escape, slash_date, swift, upper_plain};
use super::{BankAccount, DemoError, StatementFormat};

/// Months with statements.
pub(super) const MONTHS: [i8; 4] = [7, 8, 9, 10];

/// Balance before the first statement, in minor units, by account.
const OPENING: [i64; 4] = [18_442_915, 9_731_208, 15_220_340, 2_814_455];

/// One statement file with what it should say.
pub(super) struct StatementFile {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
    pub(super) opening: Money,
    pub(super) closing: Money,
    pub(super) lines: usize,
}

/// One file per month of one account.
pub(super) fn statement_files(
    index: usize,
    account: &BankAccount,
    owner: &str,
    lines: &[Line],
) -> Result<Vec<StatementFile>, DemoError> {
    let mut balance = Money::new(OPENING[index], account.currency);
    let mut files = Vec::with_capacity(MONTHS.len());
    for (number, month) in MONTHS.into_iter().enumerate() {
        let of_month: Vec<&Line> = lines.iter().filter(|l| l.account == index && l.booked.month() == month).collect();
        let opening = balance;
        for line in &of_month {
            balance = balance.checked_add(line.amount).ok_or_else(|| DemoError::Book(line.bank_reference.clone()))?;
        }
        let period = Period { number: number + 7, from: date(2026, month, 1), to: date(2026, month, 1).last_of_month() };
        let page = Page { account, owner, opening, closing: balance, period, lines: &of_month };
        let (bytes, name) = match account.format {
            StatementFormat::Camt053 => (page.camt053().into_bytes(), format!("camt053_havelbank_2026-{month:02}.xml")),
            StatementFormat::Mt940 => (page.mt940().into_bytes(), format!("mt940_nordufer_2026-{month:02}.sta")),
            StatementFormat::Csv => {
                let currency = account.currency.code().to_lowercase();
                (page.csv()?, format!("altiplano_{currency}_2026-{month:02}.csv"))
            }
        };
        files.push(StatementFile { name, bytes, opening, closing: balance, lines: of_month.len() });
    }
    Ok(files)
}

#[derive(Clone, Copy)]
struct Period {
    /// Number of the statement in the year.
    number: usize,
    from: Date,
    to: Date,
}

struct Page<'a> {
    account: &'a BankAccount,
    owner: &'a str,
    opening: Money,
    closing: Money,
    period: Period,
    lines: &'a [&'a Line],
}

/// The absolute amount, `.` as decimal mark.
fn plain(money: Money) -> String {
    money.amount().trim_start_matches('-').to_owned()
}

fn credit_debit(money: Money) -> &'static str {
    if money.is_negative() { "DBIT" } else { "CRDT" }
}

/// Domain, family and sub-family of the ISO 20022 bank transaction code set.
fn transaction_code(line: &Line) -> [&'static str; 3] {
    match line.booking {
        Booking::Transfer => ["PMNT", "RCDT", "ESCT"],
        Booking::Wallet => ["PMNT", "RRCT", "ESCT"],
        Booking::CrossBorder => ["PMNT", "RCDT", "XBCT"],
        Booking::DirectDebit => ["PMNT", "IDDT", "ESDD"],
        Booking::Returned => ["PMNT", "IDDT", "UPDD"],
        Booking::Interest => ["ACMT", "MCOP", "INTR"],
        Booking::CardSettlement => ["PMNT", "MCRD", "POSP"],
        Booking::OwnTransfer if line.amount.is_negative() => ["PMNT", "ICDT", "BOOK"],
        Booking::OwnTransfer => ["PMNT", "RCDT", "BOOK"],
        Booking::BankFee => ["ACMT", "MDOP", "CHRG"],
        Booking::PaidOut => ["PMNT", "ICDT", "ESCT"],
        Booking::Salaries => ["PMNT", "ICDT", "SALA"],
    }
}

/// German business transaction code and booking text of `:86:`, and the SWIFT type of `:61:`.
fn german_code(line: &Line) -> (&'static str, &'static str, &'static str) {
    match line.booking {
        Booking::Transfer => ("166", "SEPA-GUTSCHRIFT", "NTRF"),
        Booking::Wallet => ("168", "ECHTZEITUEBERW.", "NTRF"),
        Booking::CrossBorder => ("202", "AUSLANDSZAHLUNG", "NTRF"),
        Booking::DirectDebit => ("171", "SEPA-LASTSCHR.", "NDDT"),
        Booking::Returned => ("109", "RUECKLASTSCHRIFT", "NRTI"),
        Booking::Interest => ("814", "ZINSEN", "NINT"),
        Booking::CardSettlement => ("190", "KARTENABRECHNUNG", "NMSC"),
        Booking::OwnTransfer => ("833", "UEBERTRAG", "NTRF"),
        Booking::BankFee => ("805", "ABSCHLUSS", "NCHG"),
        Booking::PaidOut => ("116", "SEPA-UEBERWEISUNG", "NTRF"),
        Booking::Salaries => ("153", "LOHN/GEHALT", "NTRF"),
    }
}

/// How the Peruvian bank names a booking.
fn peruvian_text(line: &Line) -> &'static str {
    match line.booking {
        Booking::Transfer if line.serial.is_multiple_of(3) => "TRANSF.BCO.INTERBANC",
        Booking::Transfer | Booking::DirectDebit => "TRAN.CTAS.TERC.WEB",
        Booking::Wallet => "ABONO BILLETERA",
        Booking::CrossBorder => "TRANSF. DEL EXTERIOR",
        Booking::Returned => "EXTORNO TRANSFERENCIA",
        Booking::Interest => "INTERESES",
        Booking::CardSettlement => "ABONO POS",
        Booking::OwnTransfer => "TRAN.CTAS.PROP",
        Booking::BankFee => "COMISION",
        Booking::PaidOut => "PAGO PROVEEDORES",
        Booking::Salaries => "PAGO HABERES",
    }
}

impl Page<'_> {
    fn camt053(&self) -> String {
        let mut x = Xml::default();
        let (first, last) = (self.period.from, self.period.to);
        x.open("Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"").open("BkToCstmrStmt").open("GrpHdr");
        let id = format!("HAVL053{}{:03}", last.strftime("%Y%m"), self.period.number);
        x.leaf("MsgId", &id).leaf("CreDtTm", &format!("{}T05:12:44+00:00", next_day(last)));
        x.open("MsgPgntn").leaf("PgNb", "1").leaf("LastPgInd", "true").close().close();
        x.open("Stmt").leaf("Id", &format!("{id}-1")).leaf("ElctrncSeqNb", &self.period.number.to_string());
        x.leaf("CreDtTm", &format!("{}T05:12:44+00:00", next_day(last)));
        x.open("FrToDt").leaf("FrDtTm", &format!("{first}T00:00:00{}", berlin(first)));
        x.leaf("ToDtTm", &format!("{last}T23:59:59{}", berlin(last))).close();
        x.open("Acct").open("Id").leaf("IBAN", &self.account.number).close().leaf("Ccy", self.account.currency.code());
        x.open("Ownr").leaf("Nm", self.owner).close();
        x.open("Svcr").open("FinInstnId").leaf("BICFI", &self.account.bic).leaf("Nm", &self.account.bank).close().close();
        x.close();
        self.balance(&mut x, "OPBD", self.opening, first);
        self.balance(&mut x, "CLBD", self.closing, last);
        self.totals(&mut x);
        for line in self.lines {
            self.entry(&mut x, line);
        }
        x.close().close().close();
        x.text
    }

    fn balance(&self, x: &mut Xml, code: &str, money: Money, day: Date) {
        x.open("Bal").open("Tp").open("CdOrPrtry").leaf("Cd", code).close().close();
        x.amount("Amt", money).leaf("CdtDbtInd", credit_debit(money));
        x.open("Dt").leaf("Dt", &day.to_string()).close().close();
    }

    fn totals(&self, x: &mut Xml) {
        let sum = |negative: bool| {
            let of: Vec<i64> =
                self.lines.iter().map(|l| l.amount.minor()).filter(|m| (*m < 0) == negative).map(i64::abs).collect();
            (of.len().to_string(), plain(Money::new(of.iter().sum(), self.account.currency)))
        };
        let ((credits, credit_sum), (debits, debit_sum)) = (sum(false), sum(true));
        x.open("TxsSummry").open("TtlNtries").leaf("NbOfNtries", &self.lines.len().to_string()).close();
        x.open("TtlCdtNtries").leaf("NbOfNtries", &credits).leaf("Sum", &credit_sum).close();
        x.open("TtlDbtNtries").leaf("NbOfNtries", &debits).leaf("Sum", &debit_sum).close().close();
    }

    fn entry(&self, x: &mut Xml, line: &Line) {
        let [domain, family, sub] = transaction_code(line);
        x.open("Ntry").leaf("NtryRef", &line.bank_reference).amount("Amt", line.amount);
        x.leaf("CdtDbtInd", credit_debit(line.amount));
        if line.booking == Booking::Returned {
            x.leaf("RvslInd", "true");
        }
        x.open("Sts").leaf("Cd", "BOOK").close();
        x.open("BookgDt").leaf("Dt", &line.booked.to_string()).close();
        x.open("ValDt").leaf("Dt", &line.booked.to_string()).close();
        x.leaf("AcctSvcrRef", &line.bank_reference);
        x.open("BkTxCd").open("Domn").leaf("Cd", domain);
        x.open("Fmly").leaf("Cd", family).leaf("SubFmlyCd", sub).close().close().close();
        x.open("NtryDtls").open("TxDtls");
        x.open("Refs").leaf("AcctSvcrRef", &line.bank_reference);
        x.leaf("EndToEndId", line.end_to_end.as_deref().unwrap_or("NOTPROVIDED")).close();
        x.amount("Amt", line.amount).leaf("CdtDbtInd", credit_debit(line.amount));
        if let Some(original) = line.original {
            x.open("AmtDtls").open("InstdAmt").amount("Amt", original).close();
            x.open("TxAmt").amount("Amt", line.amount);
            x.open("CcyXchg").leaf("SrcCcy", original.currency().code()).leaf("TrgtCcy", line.amount.currency().code());
            x.leaf("XchgRate", &exchange_rate(original, line.amount)).close().close().close();
        }
        if let Some(fee) = line.fee {
            x.open("Chrgs").amount("TtlChrgsAndTaxAmt", fee).open("Rcrd").amount("Amt", fee);
            x.leaf("CdtDbtInd", "DBIT").leaf("Br", "SHAR").close().close();
        }
        self.parties(x, line);
        if let Some(reference) = &line.structured {
            x.open("RmtInf").open("Strd").open("CdtrRefInf").open("Tp").open("CdOrPrtry").leaf("Cd", "SCOR").close().close();
            x.leaf("Ref", reference).close().close().close();
        } else if let Some(text) = &line.text {
            x.open("RmtInf").leaf("Ustrd", text).close();
        }
        if line.booking == Booking::Returned {
            x.open("RtrInf").open("Rsn").leaf("Cd", "AM04").close().leaf("AddtlInf", "Insufficient funds").close();
        }
        x.close().close();
        x.leaf("AddtlNtryInf", german_code(line).1).close();
    }

    /// Debtor and creditor. In a returned direct debit the customer stays the debtor, though the money goes back to it.
    fn parties(&self, x: &mut Xml, line: &Line) {
        let Some(party) = &line.party else { return };
        let customer_is_debtor = !line.amount.is_negative() || line.booking == Booking::Returned;
        let role = if customer_is_debtor { "Dbtr" } else { "Cdtr" };
        x.open("RltdPties").open(role).open("Pty").leaf("Nm", party).close().close();
        if let Some(account) = &line.party_account {
            x.open(&format!("{role}Acct")).open("Id");
            if account.starts_with(|c: char| c.is_ascii_alphabetic()) {
                x.leaf("IBAN", account);
            } else {
                x.open("Othr").leaf("Id", account).close();
            }
            x.close().close();
        }
        x.close();
    }

    fn mt940(&self) -> String {
        let mut out = String::new();
        let mut put = |line: &str| {
            out.push_str(line);
            out.push_str("\r\n");
        };
        let balance = |money: Money, day: Date| {
            let side = if money.is_negative() { 'D' } else { 'C' };
            format!("{side}{}{}{}", day.strftime("%y%m%d"), self.account.currency, plain(money).replace('.', ","))
        };
        put(&format!(":20:STMT2026{:02}", self.period.number));
        // Bank code and account number, the older German way to name an account.
        put(&format!(":25:{}", self.account.local_number));
        put(&format!(":28C:{:05}/001", self.period.number));
        put(&format!(":60F:{}", balance(self.opening, before(self.period.from))));
        for line in self.lines {
            let (gvc, booking_text, swift_type) = german_code(line);
            let side = if line.amount.is_negative() { 'D' } else { 'C' };
            let day = line.booked.strftime("%y%m%d%m%d");
            put(&format!(":61:{day}{side}R{}{swift_type}NONREF//{}", plain(line.amount).replace('.', ","), line.bank_reference));
            if let Some(original) = line.original {
                put(&format!("/OCMT/{}{}/", original.currency(), plain(original).replace('.', ",")));
            }
            for part in fold65(&format!(":86:{gvc}{}", german_subfields(line, booking_text))) {
                put(&part);
            }
        }
        put(&format!(":62F:{}", balance(self.closing, self.period.to)));
        put("-");
        out
    }

    /// Comma-separated, dates as day/month/year, amounts signed with a decimal point, a running balance, and above the header
    /// what the bank prints of the account.
    fn csv(&self) -> Result<Vec<u8>, DemoError> {
        let mut writer = csv::WriterBuilder::new().flexible(true).terminator(csv::Terminator::CRLF).from_writer(Vec::new());
        let currency = if self.account.currency.code() == "PEN" { "Soles" } else { "Dólares" };
        writer.write_record(["Cuenta", &self.account.local_number])?;
        writer.write_record(["Moneda", currency])?;
        writer.write_record(["Titular", self.owner])?;
        writer.write_record(["Período", &format!("{} - {}", slash_date(self.period.from), slash_date(self.period.to))])?;
        writer.write_record(["Saldo inicial", &self.opening.amount()])?;
        writer.write_record(["Saldo final", &self.closing.amount()])?;
        writer.write_record([
            "Fecha",
            "Fecha valuta",
            "Tipo de movimiento",
            "Monto",
            "Moneda",
            "Saldo",
            "Sucursal - agencia",
            "Operación - Número",
            "Operación - Hora",
            "Ordenante",
            "Cuenta contraparte",
            "Concepto",
            "Cuenta",
        ])?;
        let mut balance = self.opening;
        for line in self.lines {
            balance = balance.checked_add(line.amount).ok_or_else(|| DemoError::Book(line.bank_reference.clone()))?;
            writer.write_record([
                slash_date(line.booked),
                slash_date(line.booked),
                peruvian_text(line).to_owned(),
                line.amount.amount(),
                self.account.currency.to_string(),
                balance.amount(),
                "194-000".to_owned(),
                line.bank_reference.clone(),
                clock24(line.time),
                upper_plain(line.party.as_deref().unwrap_or_default()),
                line.party_account.clone().unwrap_or_default(),
                line.text.clone().unwrap_or_default(),
                self.account.number.clone(),
            ])?;
        }
        writer.into_inner().map_err(|e| DemoError::Csv(e.into_error().into()))
    }
}

/// Whether central Europe is on summer time; it ends on 25 October 2026.
pub(super) fn is_summer_time(day: Date) -> bool {
    day < date(2026, 10, 25)
}

fn berlin(day: Date) -> &'static str {
    if is_summer_time(day) { "+02:00" } else { "+01:00" }
}

fn next_day(day: Date) -> Date {
    day.saturating_add(1.day())
}

fn before(day: Date) -> Date {
    day.saturating_sub(1.day())
}

/// Units received for one unit sent, with six decimals, rounded down.
fn exchange_rate(sent: Money, received: Money) -> String {
    let millionths = i128::from(received.minor()) * 1_000_000 / i128::from(sent.minor().max(1));
    format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000)
}

/// `?00` booking text, `?20` to `?29` purpose in pieces of 27 characters, `?31` account, `?32` and `?33` name.
fn german_subfields(line: &Line, booking_text: &str) -> String {
    let mut purpose = String::new();
    if let Some(id) = &line.end_to_end {
        let _ = write!(purpose, "EREF+{id} ");
    }
    if line.booking == Booking::Returned {
        purpose.push_str("SVWZ+RUECKGABE MS03 SONSTIGE GRUENDE ");
        purpose.push_str(&swift(line.text.as_deref().unwrap_or_default()));
    } else if let Some(text) = &line.text {
        let _ = write!(purpose, "SVWZ+{}", swift(text));
    }
    let mut out = format!("?00{booking_text}?109310");
    for (i, piece) in pieces(&purpose, 27).iter().take(10).enumerate() {
        let _ = write!(out, "?{}{piece}", 20 + i);
    }
    if let Some(account) = &line.party_account {
        let _ = write!(out, "?30{}?31{account}", party_bic(account));
    }
    if let Some(name) = &line.party {
        for (i, piece) in pieces(&swift(name), 27).iter().take(2).enumerate() {
            let _ = write!(out, "?{}{piece}", 32 + i);
        }
    }
    if line.booking == Booking::Returned {
        out.push_str("?34914");
    }
    out
}

/// An invented BIC for a payer's bank.
fn party_bic(account: &str) -> &'static str {
    match account.get(..2) {
        Some("DE") => "HAVLDEBBXXX",
        Some("GB") => "THRNGB2LXXX",
        _ => "QUAYIE2DXXX",
    }
}

/// Pieces of at most `size` characters. A piece never starts or ends with a blank, which some readers would trim.
fn pieces(text: &str, size: usize) -> Vec<String> {
    let mut out = Vec::new();
    let mut rest: Vec<char> = text.trim().chars().collect();
    while !rest.is_empty() {
        let mut end = size.min(rest.len());
        while end < rest.len() && end > 1 && (rest[end] == ' ' || rest[end - 1] == ' ') {
            end -= 1;
        }
        out.push(rest.drain(..end).collect());
    }
    out
}

/// Lines of at most 65 characters, as SWIFT allows in field 86; the break carries no meaning.
fn fold65(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut lines: Vec<String> = Vec::new();
    let mut start = 0;
    while start < chars.len() {
        let mut end = (start + 65).min(chars.len());
        // A continuation that began with `:` or `-` would look like a field or the end of the message.
        while end < chars.len() && end > start + 1 && (matches!(chars[end], ':' | '-' | ' ') || chars[end - 1] == ' ') {
            end -= 1;
        }
        lines.push(chars[start..end].iter().collect());
        start = end;
    }
    lines
}

/// Indented XML.
struct Xml {
    text: String,
    stack: Vec<String>,
}

impl Default for Xml {
    fn default() -> Self {
        Self { text: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned(), stack: Vec::new() }
    }
}

impl Xml {
    fn indent(&mut self) {
        for _ in 0..self.stack.len() {
            self.text.push_str("  ");
        }
    }

    /// Opens an element; `tag` may carry attributes.
    fn open(&mut self, tag: &str) -> &mut Self {
        self.indent();
        let _ = writeln!(self.text, "<{tag}>");
        self.stack.push(tag.split(' ').next().unwrap_or(tag).to_owned());
        self
    }

    /// Closes what was opened last.
    fn close(&mut self) -> &mut Self {
        if let Some(tag) = self.stack.pop() {
            self.indent();
            let _ = writeln!(self.text, "</{tag}>");
        }
        self
    }

    fn leaf(&mut self, tag: &str, text: &str) -> &mut Self {
        self.indent();
        let _ = writeln!(self.text, "<{tag}>{}</{tag}>", escape(text));
        self
    }

    fn amount(&mut self, tag: &str, money: Money) -> &mut Self {
        self.indent();
        let _ = writeln!(self.text, "<{tag} Ccy=\"{}\">{}</{tag}>", money.currency(), plain(money));
        self
    }
}

/// As a German bank would print it, used on documents.
pub(super) fn euro(money: Money) -> String {
    format!("{} {}", amount_comma(money), money.currency())
}

#[cfg(test)]
mod tests {
    use super::*;
    use quittance_rules::money::Currency;

    #[test]
    fn breaks_keep_every_letter() {
        let text = "SVWZ+RECHNUNG BW-2026-00417 VOM 03.07.2026 - ABZGL. SKONTO : UND MEHR";
        let parts = pieces(text, 27);
        assert_eq!(parts.concat(), text);
        assert!(parts.iter().all(|p| p.len() <= 27 && p.trim() == p));
        let folded = fold65(&format!(":86:166?00SEPA{text}{text}{text}"));
        assert!(folded.iter().skip(1).all(|l| l.len() <= 65 && !l.starts_with([':', '-'])));
    }

    #[test]
    fn rates() {
        assert_eq!(exchange_rate(Money::new(11_000, Currency::USD), Money::new(10_000, Currency::EUR)), "0.909090");
    }
}
