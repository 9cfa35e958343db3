//! Tables of bank lines, whatever file they came from: finds the header, decides how amounts and dates are written by evidence
//! over the whole table, and turns rows into bank lines through a mapping profile.
//!
//! Nothing is guessed: a layout that is not known, two columns that could be the same field, or a decimal mark or date order that
//! the table leaves open end in a problem and a profile to fill in. The table is read several times (once for evidence, once for each
//! account and currency in it), so that no file is held in memory.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::civil::Date;
use quittance_rules::amount_text::{DecimalMark, amount_readings, read_amount};
use quittance_rules::bank::{BalanceCheck, Problem, Statement, StatementEnd, StatementLine, StatementSink, normal_account};
use quittance_rules::date_text::{DateOrder, read_date};
use quittance_rules::money::{Currency, Money};

use super::IntakeError;
use super::profile::{Field, Names, Profile, folded, synonym, without_currency};

/// Rows in which the header is looked for.
const HEADER_WITHIN: usize = 40;
/// Accounts and currencies in one file.
const MOST_STATEMENTS: usize = 256;
/// One decimal mark or date order must be this many times as frequent as another before the other's rows count as broken.
const CLEAR_MAJORITY: u64 = 10;

/// The fields of one row as text.
#[derive(Debug, Default, Clone)]
pub struct Cells {
    /// Line or row number in the file, from 1.
    pub line: u64,
    text: String,
    ends: Vec<usize>,
}

impl Cells {
    /// Empties it for the next row.
    pub fn begin(&mut self, line: u64) {
        self.line = line;
        self.text.clear();
        self.ends.clear();
    }

    /// Adds a field.
    pub fn push(&mut self, field: &str) {
        self.text.push_str(field);
        self.ends.push(self.text.len());
    }

    /// Number of fields.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether it has no field.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// A field without surrounding space; empty past the last.
    pub fn get(&self, index: usize) -> &str {
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.ends.get(index).and_then(|&end| self.text.get(start..end)).unwrap_or_default().trim()
    }

    /// All fields.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|index| self.get(index))
    }
}

/// Marks a field that a spreadsheet stores as a number: what follows is an exact plain decimal.
pub const EXACT_NUMBER: char = '\u{1}';
/// Marks a field that a spreadsheet stores as a date: what follows is an ISO date.
pub const EXACT_DATE: char = '\u{2}';

/// A table that can be read again from its start.
pub trait RowSource {
    /// Goes back before the first row.
    ///
    /// # Errors
    /// What the operating system reports.
    fn restart(&mut self) -> Result<(), IntakeError>;

    /// Fills in the next row that is not blank. `Ok(None)` at the end; an inner problem is a row that could not be taken apart.
    ///
    /// # Errors
    /// When the file cannot be read any further.
    fn next_row(&mut self, cells: &mut Cells) -> Result<Option<Result<(), Problem>>, IntakeError>;
}

/// What the reader of a table tells beside the lines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableOutcome {
    /// Name of the profile used; `None` when nothing could be taken.
    pub profile: Option<String>,
    /// Where nothing could be taken for want of a decision: the profile to complete and pass with `--profile`, as TOML.
    pub suggested_profile: Option<String>,
    /// Sentences for standard error.
    pub notices: Vec<String>,
}

/// A header found in a table, and what its columns are.
pub struct Layout {
    name: String,
    header_line: u64,
    header: Vec<String>,
    columns: BTreeMap<Field, Vec<usize>>,
    currency: Option<Currency>,
    account: Option<String>,
    /// Two columns that could be the same field.
    clash: Option<String>,
    /// How much was recognised; compared between ways to read one file.
    score: usize,
}

impl Layout {
    /// Compares ways to read one file: the higher, the more columns are known.
    pub fn score(&self) -> usize {
        self.score
    }

    /// Whether date and amount were found, so that rows can be read.
    pub fn is_whole(&self) -> bool {
        let has = |field| self.columns.contains_key(&field);
        (has(Field::BookingDate) || has(Field::ValueDate)) && (has(Field::Amount) || has(Field::Debit) || has(Field::Credit))
    }
}

/// Looks for the header in the first rows: under the profile given, or else under each built-in one, or else by what column names
/// mean. `None` when no row names anything.
///
/// # Errors
/// When the file cannot be read.
pub fn find_layout(
    source: &mut dyn RowSource,
    own: Option<&Profile>,
    built_in: &[Profile],
) -> Result<Option<(Layout, Option<Profile>)>, IntakeError> {
    source.restart()?;
    let mut rows: Vec<Cells> = Vec::new();
    let mut cells = Cells::default();
    while rows.len() < HEADER_WITHIN {
        match source.next_row(&mut cells)? {
            None => break,
            Some(Ok(())) => rows.push(cells.clone()),
            Some(Err(_)) => {}
        }
    }
    let skip = own.map_or(0, |p| p.skip_lines);
    rows.retain(|row| row.line > skip);
    let candidates: Vec<&Profile> = own.map_or_else(|| built_in.iter().collect(), |p| vec![p]);
    let mut best: Option<(Layout, &Profile)> = None;
    for profile in candidates {
        let marks: Vec<String> = profile.marks().into_iter().map(folded).collect();
        let found = rows.iter().find(|row| {
            let names: Vec<String> = row.iter().map(folded).collect();
            !marks.is_empty() && marks.iter().all(|mark| names.contains(mark))
        });
        if let Some(row) = found
            && best.as_ref().is_none_or(|(layout, _)| marks.len() > layout.score)
        {
            best = Some((by_profile(row, profile, marks.len()), profile));
        }
    }
    if let Some((mut layout, profile)) = best {
        layout.score += 1000;
        if layout.account.is_none() && !layout.columns.contains_key(&Field::Account) {
            layout.account = iban_before(&rows, layout.header_line);
        }
        return Ok(Some((layout, Some(profile.clone()))));
    }
    if own.is_some() {
        return Ok(None);
    }
    let mut best: Option<Layout> = None;
    for row in &rows {
        let layout = by_meaning(row);
        let better = best.as_ref().is_none_or(|b| (layout.is_whole(), layout.score) > (b.is_whole(), b.score));
        if layout.score > 0 && better {
            best = Some(layout);
        }
    }
    Ok(best.map(|mut layout| {
        if layout.account.is_none() && !layout.columns.contains_key(&Field::Account) {
            layout.account = iban_before(&rows, layout.header_line);
        }
        (layout, None)
    }))
}

fn iban_before(rows: &[Cells], header_line: u64) -> Option<String> {
    rows.iter().take_while(|row| row.line < header_line).flat_map(Cells::iter).find_map(iban_in)
}

/// An IBAN with right check digits (ISO 7064 MOD 97-10) in a field of the lines above the header.
fn iban_in(text: &str) -> Option<String> {
    let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    plain
        .split(|c: char| !c.is_ascii_alphanumeric())
        .find(|word| {
            let bytes = word.as_bytes();
            (15..=34).contains(&bytes.len())
                && bytes[..2].iter().all(u8::is_ascii_uppercase)
                && bytes[2..4].iter().all(u8::is_ascii_digit)
                && bytes[4..].iter().chain(&bytes[..4]).fold(0_u32, |rest, b| match b {
                    b'0'..=b'9' => (rest * 10 + u32::from(b - b'0')) % 97,
                    letter => (rest * 100 + u32::from(letter.to_ascii_uppercase() - b'A') + 10) % 97,
                }) == 1
        })
        .map(str::to_owned)
}

fn by_profile(row: &Cells, profile: &Profile, score: usize) -> Layout {
    let header: Vec<String> = row.iter().map(str::to_owned).collect();
    let names: Vec<String> = header.iter().map(|name| folded(name)).collect();
    let mut columns = BTreeMap::new();
    for (field, wanted) in &profile.columns {
        let found: Vec<usize> = wanted
            .iter()
            .filter_map(|name| {
                let name = folded(name);
                names.iter().position(|known| *known == name)
            })
            .collect();
        if !found.is_empty() {
            columns.insert(*field, found);
        }
    }
    let in_header = columns.get(&Field::Amount).and_then(|c| c.first()).and_then(|&c| without_currency(&header[c]).1);
    Layout {
        name: profile.name.clone(),
        header_line: row.line,
        columns,
        currency: profile.currency.or(in_header),
        account: profile.account.clone(),
        clash: None,
        score,
        header,
    }
}

/// Column names that mean the bank's reference in one export and the payer's words in the next: taken as both.
const EITHER_REFERENCE: &[&str] = &["reference", "ref", "referencia", "referenz", "riferimento", "referentie"];

fn by_meaning(row: &Cells) -> Layout {
    let header: Vec<String> = row.iter().map(str::to_owned).collect();
    let mut columns: BTreeMap<Field, Vec<usize>> = BTreeMap::new();
    let (mut currency, mut clash) = (None, None);
    for (index, name) in header.iter().enumerate() {
        let (base, named) = without_currency(name);
        let Some(field) = synonym(&base).or_else(|| synonym(&folded(name))) else { continue };
        if matches!(field, Field::Amount | Field::Debit | Field::Credit | Field::Balance) {
            currency = currency.or(named);
        }
        if EITHER_REFERENCE.contains(&base.as_str()) {
            columns.entry(Field::Remittance).or_default().push(index);
        }
        let of_field = columns.entry(field).or_default();
        of_field.push(index);
        if of_field.len() > 1 {
            match field {
                // Several texts are one text in pieces.
                Field::Remittance => {}
                // A date beside a date: which one is the booking must be said.
                Field::BookingDate
                | Field::ValueDate
                | Field::Amount
                | Field::Debit
                | Field::Credit
                | Field::Indicator
                | Field::Currency
                | Field::Account
                | Field::Balance => {
                    let first = &header[of_field[0]];
                    clash = clash.or(Some(format!("the columns `{first}` and `{name}` could be the same field")));
                }
                // Not money, not a date: the first is taken, the other is named as not read.
                Field::CounterpartyName
                | Field::PayerName
                | Field::PayeeName
                | Field::CounterpartyAccount
                | Field::StructuredReference
                | Field::EndToEndId
                | Field::BankReference
                | Field::TransactionCode
                | Field::Fee
                | Field::OriginalAmount
                | Field::OriginalCurrency => {
                    of_field.pop();
                }
            }
        }
    }
    let has = |field| columns.contains_key(&field);
    if has(Field::Amount) && (has(Field::Debit) || has(Field::Credit)) {
        clash = clash.or(Some("there is an amount column beside debit and credit columns".to_owned()));
    }
    // One of a pair alone says nothing about the other side.
    if !has(Field::Amount) && (has(Field::Debit) != has(Field::Credit)) {
        clash = clash.or(Some("there is only one of the debit and credit columns".to_owned()));
    }
    let score = columns.len();
    Layout { name: "column names".to_owned(), header_line: row.line, header, columns, currency, account: None, clash, score }
}

/// Everything needed to read rows.
struct Plan<'p> {
    layout: &'p Layout,
    profile: Option<&'p Profile>,
    decimal: DecimalMark,
    booking_order: DateOrder,
    value_order: DateOrder,
    debits_are_negative: bool,
    footer_from: u64,
}

#[derive(Default)]
struct MarkEvidence {
    only_point: u64,
    only_comma: u64,
    either: u64,
    example: Option<String>,
}

#[derive(Default)]
struct OrderEvidence {
    /// Rows that are a date under some order but not under this one.
    fails: [u64; 3],
    read: u64,
    differ: [[bool; 3]; 3],
    example: Option<String>,
}

impl OrderEvidence {
    fn see(&mut self, text: &str) {
        if text.is_empty() || text.starts_with([EXACT_DATE, EXACT_NUMBER]) {
            return;
        }
        let read = DateOrder::ALL.map(|order| read_date(text, order).ok());
        if read.iter().all(Option::is_none) {
            return;
        }
        self.read += 1;
        for (one, date) in read.iter().enumerate() {
            self.fails[one] += u64::from(date.is_none());
            for (other, second) in read.iter().enumerate() {
                if date.is_some() && second.is_some() && date != second {
                    self.differ[one][other] = true;
                    if self.example.is_none() {
                        self.example = Some(text.chars().take(40).collect());
                    }
                }
            }
        }
    }

    /// The one order, or `Err` when several would read the column differently. `Ok(None)` when it says nothing.
    fn decide(&self) -> Result<Option<DateOrder>, ()> {
        if self.read == 0 {
            return Ok(None);
        }
        let least = self.fails.iter().copied().min().unwrap_or(0);
        let fitting: Vec<usize> = (0..3).filter(|&o| self.fails[o] == least).collect();
        let [first, rest @ ..] = fitting.as_slice() else { return Ok(None) };
        if rest.iter().any(|&other| self.differ[*first][other]) {
            return Err(());
        }
        // Rows that the best order cannot read are broken rows, if they are few. If not, the column mixes orders.
        if least > 0 && least * CLEAR_MAJORITY > self.read {
            return Err(());
        }
        Ok(DateOrder::ALL.get(*first).copied())
    }
}

struct Evidence {
    marks: MarkEvidence,
    booking: OrderEvidence,
    value: OrderEvidence,
    debit_positive: u64,
    debit_negative: u64,
    statements: Vec<(String, Currency)>,
    too_many: bool,
    without_currency: u64,
    rows: u64,
    last_rows: std::collections::VecDeque<u64>,
}

/// Reads a table whose layout was found, line by line into the sink.
///
/// # Errors
/// When the file cannot be read any further. What cannot be decided or taken is a problem of the sink.
pub fn read_table(
    source: &mut dyn RowSource,
    layout: &Layout,
    profile: Option<&Profile>,
    assumed_currency: Option<Currency>,
    delimiter: Option<char>,
    sink: &mut dyn StatementSink,
) -> Result<TableOutcome, IntakeError> {
    let mut outcome = TableOutcome::default();
    let refuse = |sink: &mut dyn StatementSink, field: Option<&str>, message: String, known: Known| {
        sink.problem(Problem { line: Some(layout.header_line), field: field.map(str::to_owned), message });
        TableOutcome { suggested_profile: Some(suggest(layout, profile, delimiter, known)), ..TableOutcome::default() }
    };
    if let Some(clash) = &layout.clash {
        let message = format!("{clash}; say which is which in a profile and pass it with --profile");
        return Ok(refuse(sink, None, message, Known::default()));
    }
    let gathered = gather(source, layout, profile, assumed_currency)?;
    let known = Known { decimal: mark(&gathered.marks).ok().flatten(), date: gathered.booking.decide().ok().flatten() };
    let decimal = match profile.and_then(|p| p.decimal).map_or_else(|| mark(&gathered.marks), |m| Ok(Some(m))) {
        Ok(decided) => decided.unwrap_or(DecimalMark::Point),
        Err(()) => {
            let example = gathered.marks.example.clone().unwrap_or_default();
            let message = format!(
                "amounts such as `{example}` can be read with a decimal point or a decimal comma, and the file does not decide; \
                 set `decimal` in a profile and pass it with --profile"
            );
            return Ok(refuse(sink, Some("amount"), message, known));
        }
    };
    let fixed = profile.and_then(|p| p.date);
    let orders = (gathered.booking.decide(), gathered.value.decide());
    let (booking_order, value_order) = match (fixed, orders) {
        (Some(order), _) => (order, order),
        (None, (Ok(booking), Ok(value))) => {
            let any = booking.or(value).unwrap_or(DateOrder::Ymd);
            (booking.unwrap_or(any), value.unwrap_or(any))
        }
        // One column decides for the other: a bank writes its dates one way.
        (None, (Ok(Some(order)), Err(())) | (Err(()), Ok(Some(order)))) => (order, order),
        (None, (Err(()), Ok(None) | Err(())) | (Ok(None), Err(()))) => {
            let example = gathered.booking.example.clone().or(gathered.value.example.clone()).unwrap_or_default();
            let message = format!(
                "dates such as `{example}` can be read with the day or the month first, and the file does not decide; \
                 set `date` in a profile and pass it with --profile"
            );
            return Ok(refuse(sink, Some("booking_date"), message, known));
        }
    };
    if gathered.too_many {
        sink.problem(Problem {
            line: None,
            field: Some("account".to_owned()),
            message: format!("the file holds more than {MOST_STATEMENTS} accounts; is the account column the right one?"),
        });
        return Ok(outcome);
    }
    if gathered.statements.is_empty() && gathered.without_currency > 0 {
        let message = "the file names no currency; set `currency` in a profile and pass it with --profile".to_owned();
        return Ok(refuse(sink, Some("currency"), message, known));
    }
    outcome.profile = Some(layout.name.clone());
    let used: Vec<usize> = layout.columns.values().flatten().copied().collect();
    let unread: Vec<String> = layout
        .header
        .iter()
        .enumerate()
        .filter(|(index, name)| !used.contains(index) && !name.is_empty())
        .map(|(_, name)| name.chars().take(40).collect())
        .collect();
    if !unread.is_empty() {
        outcome.notices.push(format!("columns not read: {}", unread.join(", ")));
    }
    let footer = profile.map_or(0, |p| p.footer_rows);
    let footer_from = footer
        .checked_sub(1)
        .and_then(|back| gathered.last_rows.len().checked_sub(back + 1))
        .and_then(|index| gathered.last_rows.get(index))
        .copied()
        .unwrap_or(u64::MAX);
    let plan = Plan {
        layout,
        profile,
        decimal,
        booking_order,
        value_order,
        debits_are_negative: gathered.debit_positive == 0 && gathered.debit_negative > 0,
        footer_from,
    };
    emit(source, &plan, &gathered.statements, assumed_currency, sink)?;
    Ok(outcome)
}

/// What evidence decided before something else stayed open.
#[derive(Default, Clone, Copy)]
struct Known {
    decimal: Option<DecimalMark>,
    date: Option<DateOrder>,
}

fn mark(evidence: &MarkEvidence) -> Result<Option<DecimalMark>, ()> {
    match (evidence.only_point, evidence.only_comma) {
        (0, 0) if evidence.either > 0 => Err(()),
        (0, 0) => Ok(None),
        (_, 0) => Ok(Some(DecimalMark::Point)),
        (0, _) => Ok(Some(DecimalMark::Comma)),
        (point, comma) if point >= comma * CLEAR_MAJORITY => Ok(Some(DecimalMark::Point)),
        (point, comma) if comma >= point * CLEAR_MAJORITY => Ok(Some(DecimalMark::Comma)),
        _ => Err(()),
    }
}

const AMOUNTS: [Field; 6] = [Field::Amount, Field::Debit, Field::Credit, Field::Balance, Field::Fee, Field::OriginalAmount];

fn gather(
    source: &mut dyn RowSource,
    layout: &Layout,
    profile: Option<&Profile>,
    assumed: Option<Currency>,
) -> Result<Evidence, IntakeError> {
    let mut found = Evidence {
        marks: MarkEvidence::default(),
        booking: OrderEvidence::default(),
        value: OrderEvidence::default(),
        debit_positive: 0,
        debit_negative: 0,
        statements: Vec::new(),
        too_many: false,
        without_currency: 0,
        rows: 0,
        last_rows: std::collections::VecDeque::new(),
    };
    let footer = profile.map_or(0, |p| p.footer_rows);
    source.restart()?;
    let mut cells = Cells::default();
    while let Some(row) = source.next_row(&mut cells)? {
        if row.is_err() || cells.line <= layout.header_line {
            continue;
        }
        found.rows += 1;
        if footer > 0 {
            found.last_rows.push_back(cells.line);
            if found.last_rows.len() > footer {
                found.last_rows.pop_front();
            }
        }
        if !is_line(&cells, layout, profile) {
            continue;
        }
        let currency = row_currency(&cells, layout, profile, assumed).ok().flatten();
        for field in AMOUNTS {
            for &column in layout.columns.get(&field).into_iter().flatten() {
                let text = cells.get(column);
                if text.is_empty() || text.starts_with([EXACT_NUMBER, EXACT_DATE]) {
                    continue;
                }
                let money = !matches!(field, Field::OriginalAmount);
                if profile.is_none_or(|p| p.decimal.is_none()) {
                    see_amount(&mut found.marks, text, currency.filter(|_| money));
                }
                if field == Field::Debit && text.bytes().any(|b| (b'1'..=b'9').contains(&b)) {
                    let negative = amount_readings(text).is_ok_and(|r| r.iter().all(|r| r.decimal.starts_with('-')));
                    found.debit_negative += u64::from(negative);
                    found.debit_positive += u64::from(!negative);
                }
            }
        }
        for (field, evidence) in [(Field::BookingDate, &mut found.booking), (Field::ValueDate, &mut found.value)] {
            if profile.is_some_and(|p| p.date.is_some()) {
                continue;
            }
            for &column in layout.columns.get(&field).into_iter().flatten() {
                evidence.see(cells.get(column));
            }
        }
        match currency {
            None => found.without_currency += 1,
            Some(currency) => {
                let account = account_text(&cells, layout);
                let known = found.statements.iter().any(|(a, c)| *c == currency && *a == account);
                if !known && found.statements.len() < MOST_STATEMENTS {
                    found.statements.push((account, currency));
                } else if !known {
                    found.too_many = true;
                }
            }
        }
    }
    Ok(found)
}

fn see_amount(evidence: &mut MarkEvidence, text: &str, currency: Option<Currency>) {
    let Ok(mut readings) = amount_readings(text) else { return };
    if let Some(currency) = currency {
        // A reading finer than the currency's minor unit cannot be an amount of it.
        readings.retain(|r| Money::parse(&r.decimal, currency).is_ok());
    }
    match readings.as_slice() {
        [one] => match one.mark {
            Some(DecimalMark::Point) => evidence.only_point += 1,
            Some(DecimalMark::Comma) => evidence.only_comma += 1,
            None => {}
        },
        [_, _, ..] => {
            evidence.either += 1;
            if evidence.example.is_none() {
                evidence.example = Some(text.chars().take(40).collect());
            }
        }
        [] => {}
    }
}

/// Rows that the profile says are no bank lines, and the header repeated on every page of a printout.
fn is_line(cells: &Cells, layout: &Layout, profile: Option<&Profile>) -> bool {
    let excluded = profile.and_then(|p| p.no_line.as_ref()).is_some_and(|rule| {
        let column = layout.header.iter().position(|name| folded(name) == folded(&rule.column));
        column.is_some_and(|column| rule.matches(cells.get(column)))
    });
    !excluded && !(cells.len() == layout.header.len() && cells.iter().zip(&layout.header).all(|(cell, name)| cell == name))
}

fn first_filled<'c>(cells: &'c Cells, layout: &Layout, field: Field) -> &'c str {
    layout.columns.get(&field).into_iter().flatten().map(|&c| cells.get(c)).find(|text| !text.is_empty()).unwrap_or_default()
}

/// A text that may be a number in a spreadsheet (references, account numbers).
fn plain_text(text: &str) -> &str {
    text.trim_start_matches([EXACT_NUMBER, EXACT_DATE])
}

fn account_text(cells: &Cells, layout: &Layout) -> String {
    let written = plain_text(first_filled(cells, layout, Field::Account));
    if written.is_empty() { layout.account.clone().unwrap_or_default() } else { normal_account(written) }
}

/// The currency of a row: its column, the header or profile, the amount itself, or the caller's. `Err` when a column holds something
/// that is no currency.
fn row_currency(
    cells: &Cells,
    layout: &Layout,
    profile: Option<&Profile>,
    assumed: Option<Currency>,
) -> Result<Option<Currency>, String> {
    let written = first_filled(cells, layout, Field::Currency);
    if !written.is_empty() {
        return match Currency::parse(written) {
            Ok(currency) => Ok(Some(currency)),
            // `€`, `S/`: read as the currency of an amount.
            Err(unknown) => amount_readings(&format!("{written} 1"))
                .ok()
                .and_then(|r| r.first().and_then(|r| r.currency))
                .map(Some)
                .ok_or_else(|| unknown.to_string()),
        };
    }
    if let Some(known) = profile.and_then(|p| p.currency).or(layout.currency) {
        return Ok(Some(known));
    }
    let in_amount = [Field::Amount, Field::Debit, Field::Credit].iter().find_map(|&field| {
        let text = first_filled(cells, layout, field);
        if text.starts_with(EXACT_NUMBER) { None } else { amount_readings(text).ok()?.first()?.currency }
    });
    Ok(in_amount.or(assumed))
}

/// A line, or the problem with its row.
fn line_of(cells: &Cells, plan: &Plan<'_>, currency: Currency) -> Result<(StatementLine, Option<Money>), Problem> {
    let layout = plan.layout;
    let text = |field| plain_text(first_filled(cells, layout, field));
    let problem = |field: &str, message: String| Problem {
        line: Some(cells.line),
        field: Some(field.to_owned()),
        message: format!("{message}; the row was left out"),
    };
    let column_name = |field: Field| {
        layout.columns.get(&field).and_then(|c| c.first()).and_then(|&c| layout.header.get(c)).cloned().unwrap_or_default()
    };
    let money = |field: Field, currency: Currency| -> Result<Option<Money>, Problem> {
        let written = first_filled(cells, layout, field);
        if written.is_empty() {
            return Ok(None);
        }
        let read = match written.strip_prefix(EXACT_NUMBER) {
            Some(exact) => Money::parse(exact, currency).map_err(|e| e.to_string()),
            None => read_amount(written, plan.decimal, currency).map_err(|e| e.to_string()),
        };
        read.map(Some).map_err(|message| problem(&column_name(field), message))
    };
    let date = |field: Field, order: DateOrder| -> Result<Option<Date>, Problem> {
        let written = first_filled(cells, layout, field);
        if written.is_empty() {
            return Ok(None);
        }
        let read = match written.strip_prefix(EXACT_DATE) {
            Some(exact) => read_date(exact, DateOrder::Ymd),
            None => read_date(plain_text(written), order),
        };
        read.map(Some).map_err(|error| problem(&column_name(field), error.to_string()))
    };
    let too_large = || problem("amount", "the amount is too large".to_owned());

    let value_date = date(Field::ValueDate, plan.value_order)?;
    let booking_date = date(Field::BookingDate, plan.booking_order)?.or(value_date);
    if booking_date.is_none() {
        return Err(problem(&column_name(Field::BookingDate), "there is no date".to_owned()));
    }
    let mut amount = if layout.columns.contains_key(&Field::Amount) {
        let written = money(Field::Amount, currency)?
            .ok_or_else(|| problem(&column_name(Field::Amount), "there is no amount".to_owned()))?;
        if layout.columns.contains_key(&Field::Indicator) {
            let side = text(Field::Indicator);
            let is_debit = indicator(side, plan.profile).ok_or_else(|| {
                let shown: String = side.chars().take(40).collect();
                problem(&column_name(Field::Indicator), format!("`{shown}` says neither debit nor credit"))
            })?;
            match (is_debit, written.is_negative()) {
                (true, false) => written.checked_neg().ok_or_else(too_large)?,
                (true, true) | (false, false) => written,
                (false, true) => {
                    return Err(problem(&column_name(Field::Amount), format!("{written} is negative, but marked as a credit")));
                }
            }
        } else {
            written
        }
    } else {
        let debit = money(Field::Debit, currency)?.filter(|m| !m.is_zero());
        let credit = money(Field::Credit, currency)?.filter(|m| !m.is_zero());
        match (debit, credit) {
            (Some(debit), None) if plan.debits_are_negative => debit,
            (Some(debit), None) => debit.checked_neg().ok_or_else(too_large)?,
            (None, Some(credit)) => credit,
            (Some(debit), Some(credit)) => {
                return Err(problem("amount", format!("the row has a debit of {debit} and a credit of {credit}")));
            }
            (None, None)
                if first_filled(cells, layout, Field::Debit).is_empty()
                    && first_filled(cells, layout, Field::Credit).is_empty() =>
            {
                return Err(problem("amount", "there is neither a debit nor a credit".to_owned()));
            }
            (None, None) => Money::zero(currency),
        }
    };
    if plan.profile.is_some_and(|p| p.out_is_positive) {
        amount = amount.checked_neg().ok_or_else(too_large)?;
    }
    let fee = money(Field::Fee, currency)?.filter(|m| !m.is_zero()).map(|m| m.checked_abs().ok_or_else(too_large)).transpose()?;
    if plan.profile.is_some_and(|p| p.fee_is_extra)
        && let Some(fee) = fee
    {
        amount = amount.checked_sub(fee).ok_or_else(too_large)?;
    }
    let balance = money(Field::Balance, currency)?;
    let original_amount = match Currency::parse(text(Field::OriginalCurrency)) {
        Ok(original) if original != currency => money(Field::OriginalAmount, original)?,
        Ok(_) | Err(_) => None,
    };
    let filled = |field: Field| Some(clean(text(field))).filter(|t| !t.is_empty());
    let side_name = if amount.is_negative() { Field::PayeeName } else { Field::PayerName };
    let mut remittance: Vec<String> = Vec::new();
    for &column in layout.columns.get(&Field::Remittance).into_iter().flatten() {
        let piece = clean(plain_text(cells.get(column)));
        if !piece.is_empty() && !remittance.contains(&piece) {
            remittance.push(piece);
        }
    }
    let is_booked = plan.profile.and_then(|p| p.booked.as_ref()).is_none_or(|rule| {
        let column = layout.header.iter().position(|name| folded(name) == folded(&rule.column));
        column.is_none_or(|column| rule.matches(cells.get(column)))
    });
    let transaction_code = filled(Field::TransactionCode);
    let line = StatementLine {
        booking_date,
        value_date,
        amount,
        counterparty_name: filled(Field::CounterpartyName).or_else(|| filled(side_name)),
        counterparty_account: filled(Field::CounterpartyAccount).map(|a| normal_account(&a)),
        remittance: Some(remittance.join(" ")).filter(|t| !t.is_empty()),
        structured_reference: filled(Field::StructuredReference),
        end_to_end_id: filled(Field::EndToEndId).filter(|id| !is_placeholder(id)),
        bank_reference: filled(Field::BankReference),
        is_return: transaction_code.as_deref().is_some_and(is_return_word),
        transaction_code,
        is_booked,
        fee,
        original_amount,
        place: format!("line {}", cells.line),
    };
    Ok((line, balance))
}

fn is_placeholder(id: &str) -> bool {
    matches!(folded(id).as_str(), "notprovided" | "not provided" | "nonref" | "none" | "n a")
}

/// Words for returned and reversed payments in the columns that name the kind of transaction.
fn is_return_word(code: &str) -> bool {
    let code = folded(code);
    [
        "return",
        "returned",
        "reversal",
        "chargeback",
        "rucklastschrift",
        "ruckuberweisung",
        "retoure",
        "storno",
        "devolucion",
        "retroceso",
        "devolucao",
        "estorno",
        "rejet",
        "retour",
        "storno",
        "insoluto",
        "stornering",
        "payment reversal",
        "payment failure refund",
    ]
    .iter()
    .any(|word| code.split(' ').any(|w| w == *word) || code == *word)
}

/// Line breaks and runs of space folded to one space, control characters gone.
fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// True for debit, false for credit.
fn indicator(text: &str, profile: Option<&Profile>) -> Option<bool> {
    let word = folded(text);
    if let Some(profile) = profile {
        if profile.debit_words.iter().any(|w| folded(w) == word) {
            return Some(true);
        }
        if profile.credit_words.iter().any(|w| folded(w) == word) {
            return Some(false);
        }
    }
    match word.as_str() {
        "d" | "dr" | "db" | "dbit" | "debit" | "debe" | "debito" | "cargo" | "soll" | "s" | "af" | "dare" | "out"
        | "money out" => Some(true),
        "c" | "cr" | "crdt" | "credit" | "haber" | "credito" | "abono" | "haben" | "h" | "bij" | "avere" | "in" | "money in" => {
            Some(false)
        }
        _ if text.trim() == "-" => Some(true),
        _ if text.trim() == "+" => Some(false),
        _ => None,
    }
}

/// Follows the balance column, which runs either down the file or (newest first) up it.
#[derive(Default)]
struct RunningBalance {
    first: Option<(Money, Money, Option<Date>)>,
    last: Option<(Money, Money, Option<Date>)>,
    falls: bool,
    rises: bool,
    gaps: bool,
}

impl RunningBalance {
    fn see(&mut self, line: &StatementLine, balance: Option<Money>) {
        if !line.is_booked {
            return;
        }
        let Some(balance) = balance else {
            self.gaps = true;
            return;
        };
        if let Some((before, amount, _)) = self.last {
            self.falls |= before.checked_add(line.amount) != Some(balance);
            self.rises |= balance.checked_add(amount) != Some(before);
        }
        let here = (balance, line.amount, line.booking_date);
        self.first = self.first.or(Some(here));
        self.last = Some(here);
    }

    /// Opening and closing balance.
    fn ends(&self) -> Option<(Money, Money)> {
        let ((first, first_amount, first_day), (last, last_amount, last_day)) = (self.first?, self.last?);
        if self.gaps {
            return None;
        }
        let newest_first = match (self.falls, self.rises) {
            (false, _) => false,
            (true, false) => true,
            // Neither way adds up (a row could not be read): the dates tell the direction, and the sum tells what is missing.
            (true, true) => first_day > last_day,
        };
        if newest_first { Some((last.checked_sub(last_amount)?, first)) } else { Some((first.checked_sub(first_amount)?, last)) }
    }
}

fn emit(
    source: &mut dyn RowSource,
    plan: &Plan<'_>,
    statements: &[(String, Currency)],
    assumed: Option<Currency>,
    sink: &mut dyn StatementSink,
) -> Result<(), IntakeError> {
    let nothing = [(String::new(), None)];
    let passes: Vec<(String, Option<Currency>)> = if statements.is_empty() {
        nothing.to_vec()
    } else {
        statements.iter().map(|(account, currency)| (account.clone(), Some(*currency))).collect()
    };
    for (pass, (account, currency)) in passes.iter().enumerate() {
        let mut check = BalanceCheck::default();
        let mut running = RunningBalance::default();
        if !statements.is_empty() {
            sink.statement(Statement { account: account.clone(), currency: *currency, statement_id: None });
        }
        source.restart()?;
        let mut cells = Cells::default();
        while let Some(row) = source.next_row(&mut cells)? {
            if let Err(problem) = row {
                // Every pass meets it; it is told once.
                if pass == 0 && problem.line.is_none_or(|line| line > plan.layout.header_line) {
                    sink.problem(problem);
                }
                continue;
            }
            if cells.line <= plan.layout.header_line
                || cells.line >= plan.footer_from
                || !is_line(&cells, plan.layout, plan.profile)
            {
                continue;
            }
            let problem = |field: &str, message: String| Problem {
                line: Some(cells.line),
                field: Some(field.to_owned()),
                message: format!("{message}; the row was left out"),
            };
            match row_currency(&cells, plan.layout, plan.profile, assumed) {
                Err(message) if pass == 0 => sink.problem(problem("currency", message)),
                Ok(None) if pass == 0 => sink.problem(problem("currency", "the row names no currency".to_owned())),
                Err(_) | Ok(None) => {}
                Ok(Some(found)) if Some(found) == *currency && account_text(&cells, plan.layout) == *account => {
                    if let Some(problem) = wrong_width(&cells, plan.layout) {
                        sink.problem(problem);
                        continue;
                    }
                    match line_of(&cells, plan, found) {
                        Ok((line, balance)) => {
                            check.add(&line);
                            running.see(&line, balance);
                            sink.line(line);
                        }
                        Err(problem) => sink.problem(problem),
                    }
                }
                Ok(Some(_)) => {}
            }
        }
        if !statements.is_empty() {
            let end = match running.ends() {
                Some((opening, closing)) => check.finish(Some(opening), Some(closing)),
                None => StatementEnd::default(),
            };
            sink.end(end);
        }
    }
    Ok(())
}

/// A row with other fields than the header has may have its values in the wrong columns, or lack its end.
fn wrong_width(cells: &Cells, layout: &Layout) -> Option<Problem> {
    let head = layout.header.iter().rposition(|name| !name.is_empty()).map_or(0, |last| last + 1);
    let surplus = (layout.header.len()..cells.len()).any(|index| !cells.get(index).is_empty());
    if cells.len() >= head && !surplus {
        return None;
    }
    let why = if surplus { "a text with a delimiter in it may lack its quotation marks" } else { "the row may be cut off" };
    Some(Problem {
        line: Some(cells.line),
        field: None,
        message: format!("the row has {} fields, the header has {head}; {why}. The row was left out", cells.len()),
    })
}

/// A profile for this table with everything that was recognised filled in, as TOML with comments on what is left to say.
pub fn suggest_for_unknown(header: &Cells, delimiter: Option<char>) -> String {
    suggest(&by_meaning(header), None, delimiter, Known::default())
}

fn suggest(layout: &Layout, profile: Option<&Profile>, delimiter: Option<char>, known: Known) -> String {
    let quoted = |text: &str| toml::Value::String(plain_text(text).to_owned()).to_string();
    let mut out = String::from("# Complete what is left open, save it, and pass it with --profile FILE.\n");
    let _ = writeln!(out, "name = {}", quoted(profile.map_or("my bank", |p| p.name.as_str())));
    if let Some(delimiter) = delimiter {
        let _ = writeln!(out, "delimiter = {}", quoted(&delimiter.to_string()));
    }
    match profile.and_then(|p| p.decimal).or(known.decimal) {
        Some(DecimalMark::Point) => out.push_str("decimal = \"point\"\n"),
        Some(DecimalMark::Comma) => out.push_str("decimal = \"comma\"\n"),
        None => out.push_str("# decimal = \"point\" or \"comma\"\n"),
    }
    match profile.and_then(|p| p.date).or(known.date) {
        Some(DateOrder::Ymd) => out.push_str("date = \"ymd\"\n"),
        Some(DateOrder::Dmy) => out.push_str("date = \"dmy\"\n"),
        Some(DateOrder::Mdy) => out.push_str("date = \"mdy\"\n"),
        None => out.push_str("# date = \"ymd\", \"dmy\" or \"mdy\"\n"),
    }
    match layout.currency {
        Some(currency) => {
            let _ = writeln!(out, "currency = \"{currency}\"");
        }
        None if layout.columns.contains_key(&Field::Currency) => {}
        None => out.push_str("# currency = \"EUR\"\n"),
    }
    out.push_str("\n[columns]\n");
    let mut used = Vec::new();
    for (field, columns) in &layout.columns {
        let names: Vec<String> = columns.iter().filter_map(|&c| layout.header.get(c)).map(|name| quoted(name)).collect();
        used.extend(columns.iter().copied());
        let Ok(toml::Value::String(key)) = toml::Value::try_from(field) else { continue };
        match names.as_slice() {
            [one] => {
                let _ = writeln!(out, "{key} = {one}");
            }
            several => {
                let _ = writeln!(out, "{key} = [{}]", several.join(", "));
            }
        }
    }
    for (field, key) in [(Field::BookingDate, "booking_date"), (Field::Amount, "amount"), (Field::Remittance, "remittance")] {
        let split =
            field == Field::Amount && (layout.columns.contains_key(&Field::Debit) || layout.columns.contains_key(&Field::Credit));
        if !layout.columns.contains_key(&field) && !split {
            let _ = writeln!(out, "# {key} = \"\"");
        }
    }
    let open: Vec<String> = layout
        .header
        .iter()
        .enumerate()
        .filter(|(index, name)| !used.contains(index) && !name.is_empty())
        .take(60)
        .map(|(_, name)| quoted(&clean(name)))
        .collect();
    if !open.is_empty() {
        let _ = writeln!(out, "# columns not recognised: {}", open.join(", "));
    }
    out
}

/// Column names of a profile that the table does not have, for the message that says so.
pub fn missing_columns(profile: &Profile, header: &Cells) -> Vec<String> {
    let names: Vec<String> = header.iter().map(folded).collect();
    profile.columns.values().flat_map(Names::iter).filter(|name| !names.contains(&folded(name))).map(str::to_owned).collect()
}
