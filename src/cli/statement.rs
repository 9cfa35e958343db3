use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use quittance_rules::bank::{Direction, Problem, Statement, StatementEnd, StatementLine, StatementSink};
use quittance_rules::money::{Currency, Money};
use quittance_tools::intake::BankFormat;
use quittance_tools::intake::bank_file::read_bank_path;
use serde_json::{Value, json};

use super::bank_options::BankOptions;
use super::shown::on_terminal;
use super::{Format, Outcome};

/// Arguments of `statement`.
#[derive(clap::Args)]
pub struct Args {
    /// Bank and processor files: CAMT.052/.053/.054, MT940/942, OFX/QFX, BAI2, NACHA returns, QIF, CSV, XLSX
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value = "json")]
    format: Format,
    #[command(flatten)]
    options: BankOptions,
}

/// Reads each file as a stream and prints what it holds. Nothing is kept.
pub fn run(args: Args) -> anyhow::Result<Outcome> {
    let options = args.options.read()?;
    let mut out = BufWriter::new(io::stdout().lock());
    let mut outcome = Outcome::Done;
    if args.format == Format::Csv {
        writeln!(out, "{}", CSV_COLUMNS.join(","))?;
    }
    for path in &args.files {
        let file = path.display().to_string();
        let mut printer = Printer::new(&mut out, args.format, file.clone());
        printer.begin();
        let format = match read_bank_path(path, &options, &mut printer) {
            Ok(reading) => {
                reading.sentences().iter().for_each(|notice| eprintln!("{file}: {notice}"));
                Some(reading.format)
            }
            Err(error) => {
                printer.problem(Problem { line: None, field: None, message: error.to_string() });
                None
            }
        };
        let problems = printer.finish(format)?;
        for problem in &problems {
            eprintln!("{file}: {}", quittance_agent::import::problem_sentence(problem));
        }
        if !problems.is_empty() {
            outcome = Outcome::SomeRefused;
        }
    }
    out.flush()?;
    Ok(outcome)
}

const CSV_COLUMNS: [&str; 18] = [
    "file",
    "account",
    "booking_date",
    "value_date",
    "amount",
    "currency",
    "direction",
    "counterparty_name",
    "counterparty_account",
    "remittance",
    "structured_reference",
    "end_to_end_id",
    "bank_reference",
    "transaction_code",
    "is_return",
    "fee",
    "original_amount",
    "original_currency",
];

/// Prints while the file is read, so that a file of any size needs no more memory than one line.
struct Printer<W: Write> {
    out: W,
    format: Format,
    file: String,
    /// A statement whose head waits for a line that tells its currency.
    head: Option<Statement>,
    account: String,
    statements: usize,
    lines: usize,
    problems: Vec<Problem>,
    /// The first failure to write; the sink cannot return it.
    failure: Option<io::Error>,
}

impl<W: Write> Printer<W> {
    fn new(out: W, format: Format, file: String) -> Self {
        Self {
            out,
            format,
            file,
            head: None,
            account: String::new(),
            statements: 0,
            lines: 0,
            problems: Vec::new(),
            failure: None,
        }
    }

    fn write(&mut self, text: &str) {
        if self.failure.is_none()
            && let Err(error) = self.out.write_all(text.as_bytes())
        {
            self.failure = Some(error);
        }
    }

    fn begin(&mut self) {
        match self.format {
            Format::Json => self.write(&format!("{{\"file\":{},\"statements\":[", Value::from(self.file.as_str()))),
            Format::Table => self.write(&format!("{}\n", self.file)),
            Format::Csv => {}
        }
    }

    /// Prints the head of the open statement, once its currency is known or cannot be.
    fn open(&mut self, currency: Option<Currency>) {
        let Some(head) = self.head.take() else { return };
        let currency = head.currency.or(currency).map(Currency::code);
        self.account.clone_from(&head.account);
        match self.format {
            Format::Json => {
                let comma = if self.statements > 0 { "," } else { "" };
                self.write(&format!(
                    "{comma}{{\"account\":{},\"currency\":{},\"statement_id\":{},\"lines\":[",
                    none_if_empty(&head.account),
                    Value::from(currency),
                    Value::from(head.statement_id.as_deref()),
                ));
            }
            Format::Table => {
                let account = if head.account.is_empty() { "(no account named)" } else { &head.account };
                let text = format!("  account {account} {}\n", currency.unwrap_or_default());
                self.write(&text);
            }
            Format::Csv => {}
        }
        self.statements = self.statements.saturating_add(1);
        self.lines = 0;
    }

    fn finish(mut self, format: Option<BankFormat>) -> anyhow::Result<Vec<Problem>> {
        if self.format == Format::Json {
            let text = format!("],\"format\":{},\"problems\":{}}}\n", json!(format), json!(self.problems));
            self.write(&text);
        }
        match self.failure {
            Some(error) => Err(error.into()),
            None => Ok(self.problems),
        }
    }
}

fn none_if_empty(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { Value::from(text) }
}

impl<W: Write> StatementSink for Printer<W> {
    fn statement(&mut self, statement: Statement) {
        self.head = Some(statement);
    }

    fn line(&mut self, line: StatementLine) {
        self.open(Some(line.amount.currency()));
        let text = match self.format {
            Format::Json => {
                let comma = if self.lines > 0 { "," } else { "" };
                format!("{comma}{}", line_json(&line))
            }
            Format::Table => on_terminal(&table_row(&line)),
            Format::Csv => csv_row(&self.file, &self.account, &line),
        };
        self.lines = self.lines.saturating_add(1);
        self.write(&text);
    }

    fn end(&mut self, end: StatementEnd) {
        let balance = end.opening_balance.or(end.closing_balance);
        self.open(balance.map(Money::currency));
        let shown = |money: Option<Money>| money.map(Money::amount);
        let text = match self.format {
            Format::Json => format!(
                "],\"opening_balance\":{},\"closing_balance\":{},\"balance_adds_up\":{}}}",
                json!(shown(end.opening_balance)),
                json!(shown(end.closing_balance)),
                json!(end.balance_adds_up)
            ),
            Format::Table => {
                let adds = match end.balance_adds_up {
                    Some(true) => "adds up",
                    Some(false) => "DOES NOT ADD UP",
                    None => "cannot be added up: a balance is missing",
                };
                let none = || "none".to_owned();
                format!(
                    "  opening {}, closing {}: {adds}\n",
                    shown(end.opening_balance).unwrap_or_else(none),
                    shown(end.closing_balance).unwrap_or_else(none)
                )
            }
            Format::Csv => String::new(),
        };
        self.write(&text);
    }

    fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }
}

fn direction(line: &StatementLine) -> &'static str {
    match line.direction() {
        Direction::Credit => "credit",
        Direction::Debit => "debit",
    }
}

fn line_json(line: &StatementLine) -> Value {
    json!({
        "booking_date": line.booking_date,
        "value_date": line.value_date,
        "amount": line.amount.amount(),
        "currency": line.amount.currency(),
        "direction": direction(line),
        "counterparty_name": line.counterparty_name,
        "counterparty_account": line.counterparty_account,
        "remittance": line.remittance,
        "structured_reference": line.structured_reference,
        "end_to_end_id": line.end_to_end_id,
        "bank_reference": line.bank_reference,
        "transaction_code": line.transaction_code,
        "is_return": line.is_return,
        "is_booked": line.is_booked,
        "fee": line.fee.map(Money::amount),
        "original_amount": line.original_amount.map(Money::amount),
        "original_currency": line.original_amount.map(|amount| amount.currency()),
        "place": line.place,
    })
}

fn table_row(line: &StatementLine) -> String {
    let date = line.booking_date.map_or_else(|| "no date   ".to_owned(), |date| date.to_string());
    let who = line.counterparty_name.as_deref().unwrap_or_default();
    let what = line.remittance.as_deref().unwrap_or_default();
    let mut row = format!("    {date} {:>16}  {who:<30.30}  {what:.60}", line.amount.to_string());
    if line.is_return {
        row.push_str("  [return]");
    }
    if !line.is_booked {
        row.push_str("  [not booked]");
    }
    row.push('\n');
    row
}

fn csv_row(file: &str, account: &str, line: &StatementLine) -> String {
    let date = |date: Option<quittance_rules::Date>| date.map(|date| date.to_string()).unwrap_or_default();
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let fields = [
        file.to_owned(),
        account.to_owned(),
        date(line.booking_date),
        date(line.value_date),
        line.amount.amount(),
        line.amount.currency().to_string(),
        direction(line).to_owned(),
        text(&line.counterparty_name),
        text(&line.counterparty_account),
        text(&line.remittance),
        text(&line.structured_reference),
        text(&line.end_to_end_id),
        text(&line.bank_reference),
        text(&line.transaction_code),
        line.is_return.to_string(),
        line.fee.map(Money::amount).unwrap_or_default(),
        line.original_amount.map(Money::amount).unwrap_or_default(),
        line.original_amount.map(|amount| amount.currency().to_string()).unwrap_or_default(),
    ];
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing to memory does not fail; a row that could not be made would show as an empty line.
    let _ = writer.write_record(&fields);
    writer.into_inner().ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}
