//! Tables of bank lines, whatever file they came from: finds the header, decides how amounts and dates are written by evidence
//! over the whole table, and turns rows into bank lines through a mapping profile.
//!
//! Nothing is guessed: a layout that is not known, two columns that could be the same field, or a decimal mark or date order that
//! the table leaves open end in a problem and a profile to fill in. The table is read several times (once for evidence, once for each
//! account and currency in it), so that no file is held in memory.

use quittance_rules::amount_text::{DecimalMark, amount_readings};
use quittance_rules::bank::{BalanceCheck, Problem, Statement, StatementEnd, StatementSink};
use quittance_rules::date_text::{DateOrder, read_date};
use quittance_rules::money::{Currency, Money};

use super::IntakeError;
use super::open_point::{Asked, OpenPoint};
use super::profile::{Field, Profile};
use super::tabular_layout::{Layout, suggest};
use super::tabular_row::{RunningBalance, account_text, is_balance_row, is_line, line_of, row_currency, wrong_width};
use super::tabular_seen::TableSeen;

/// Accounts and currencies in one file.
const MOST_STATEMENTS: usize = 256;
/// One decimal mark or date order must be this many times as frequent as another before the other's rows count as broken.
const CLEAR_MAJORITY: u64 = 10;
/// Once this many rows decide one way and none the other, later rows no longer can: those that disagree are broken rows.
const ENOUGH: u64 = 10_000;

/// So many years in one column of dates are days read as years, where another order finds one or two.
const MANY_YEARS: usize = 4;

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
    /// The header and the first rows.
    pub seen: Option<TableSeen>,
    /// What evidence decided.
    pub(super) known: Known,
}

/// Everything needed to read rows.
pub(super) struct Plan<'p> {
    pub(super) layout: &'p Layout,
    pub(super) profile: Option<&'p Profile>,
    pub(super) decimal: DecimalMark,
    pub(super) booking_order: DateOrder,
    pub(super) value_order: DateOrder,
    pub(super) debits_are_negative: bool,
    pub(super) footer_from: u64,
}

#[derive(Default)]
struct MarkEvidence {
    only_point: u64,
    only_comma: u64,
    either: u64,
    example: Option<String>,
    /// The first amount with a point only, and with a comma only, with their lines.
    first: [Option<(u64, String)>; 2],
}

#[derive(Default)]
struct OrderEvidence {
    /// Rows that are a date under some order but not under this one.
    fails: [u64; 3],
    read: u64,
    /// Years seen under each order, up to [`MANY_YEARS`].
    years: [Vec<i16>; 3],
    differ: [[bool; 3]; 3],
    example: Option<String>,
    /// The first date that cannot be read under each order, with its line.
    first: [Option<(u64, String)>; 3],
}

impl MarkEvidence {
    fn is_settled(&self) -> bool {
        (self.only_point >= ENOUGH && self.only_comma == 0) || (self.only_comma >= ENOUGH && self.only_point == 0)
    }
}

impl OrderEvidence {
    fn is_settled(&self) -> bool {
        let sure = self.fails.iter().filter(|&&fails| fails == 0).count() == 1;
        sure && self.fails.iter().all(|&fails| fails == 0 || fails >= ENOUGH)
    }

    fn see(&mut self, text: &str, line: u64) {
        if self.is_settled() || text.is_empty() || text.starts_with([EXACT_DATE, EXACT_NUMBER]) {
            return;
        }
        let read = DateOrder::ALL.map(|order| read_date(text, order).ok());
        if read.iter().all(Option::is_none) {
            return;
        }
        self.read += 1;
        for (one, date) in read.iter().enumerate() {
            self.fails[one] += u64::from(date.is_none());
            if date.is_none() && self.first[one].is_none() {
                self.first[one] = Some((line, shown(text)));
            }
            if let Some(date) = date
                && self.years[one].len() < MANY_YEARS
                && !self.years[one].contains(&date.year())
            {
                self.years[one].push(date.year());
            }
            for (other, second) in read.iter().enumerate() {
                if date.is_some() && second.is_some() && date != second {
                    self.differ[one][other] = true;
                    if self.example.is_none() {
                        self.example = Some(shown(text));
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
        let mut fitting: Vec<usize> = (0..3).filter(|&o| self.fails[o] == least).collect();
        // `05.03.26`, `14.03.26`, `28.03.26`: an order that makes years of the days has many of them where another has one or two.
        if fitting.iter().any(|&o| self.years[o].len() <= 2) {
            fitting.retain(|&o| self.years[o].len() < MANY_YEARS);
        }
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
    /// Lines of the first rows that are balances, and how many there are.
    balance_rows: Vec<u64>,
    balance_row_count: u64,
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
    asked: Asked,
    sink: &mut dyn StatementSink,
) -> Result<TableOutcome, IntakeError> {
    let mut outcome = TableOutcome::default();
    let refuse = |sink: &mut dyn StatementSink, open: &OpenPoint, line: Option<u64>, known: Known| {
        let field = open.field().map(str::to_owned);
        sink.problem(Problem { line: line.or(Some(layout.header_line)), field, message: open.sentence(asked) });
        // What a built-in profile knows besides columns (which rows are booked, what a fee does) stands in no suggestion.
        let is_built_in = profile.is_some_and(|profile| !profile.source.is_empty());
        let suggested_profile = (!is_built_in).then(|| suggest(layout, profile, delimiter, known));
        TableOutcome { suggested_profile, known, ..TableOutcome::default() }
    };
    if let Some(message) = &layout.other_account {
        let field = Some("account".to_owned());
        sink.problem(Problem { line: Some(layout.header_line), field, message: message.clone() });
        return Ok(outcome);
    }
    if let Some(clash) = &layout.clash {
        return Ok(refuse(sink, &OpenPoint::Clash(clash.clone()), None, Known::default()));
    }
    let gathered = gather(source, layout, profile, assumed_currency)?;
    let decimal = profile.and_then(|p| p.decimal).map_or_else(|| mark(&gathered.marks), |m| Ok(Some(m)));
    let (fixed, orders) = (profile.and_then(|p| p.date), (gathered.booking.decide(), gathered.value.decide()));
    let known = Known { decimal: decimal.ok().flatten(), date: fixed.or(orders.0.ok().flatten()) };
    outcome.known = known;
    if let Some((open, line)) = profile.and_then(|profile| contradicted(&gathered, profile)) {
        return Ok(refuse(sink, &open, Some(line), known));
    }
    let decimal = match decimal {
        Ok(decided) => decided.unwrap_or(DecimalMark::Point),
        Err(()) => {
            let example = gathered.marks.example.clone().unwrap_or_default();
            return Ok(refuse(sink, &OpenPoint::Decimal { example }, None, known));
        }
    };
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
            return Ok(refuse(sink, &OpenPoint::DateOrder { example }, None, known));
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
        return Ok(refuse(sink, &OpenPoint::Currency, None, known));
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
    if gathered.balance_row_count > 0 {
        let lines: Vec<String> = gathered.balance_rows.iter().map(u64::to_string).collect();
        let more = if gathered.balance_row_count > 5 { " and more" } else { "" };
        outcome.notices.push(format!("rows that give a balance and are no movement, left out: line {}{more}", lines.join(", ")));
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
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) decimal: Option<DecimalMark>,
    pub(super) date: Option<DateOrder>,
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
        balance_rows: Vec::new(),
        balance_row_count: 0,
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
        if !is_line(&cells, layout, profile) || wrong_width(&cells, layout).is_some() {
            continue;
        }
        if is_balance_row(&cells) {
            found.balance_row_count += 1;
            if found.balance_rows.len() < 5 {
                found.balance_rows.push(cells.line);
            }
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
                if !found.marks.is_settled() {
                    see_amount(&mut found.marks, text, cells.line, currency.filter(|_| money));
                }
                let sign_is_open = found.debit_positive == 0 && found.debit_negative < ENOUGH;
                if field == Field::Debit && sign_is_open && text.bytes().any(|b| (b'1'..=b'9').contains(&b)) {
                    let negative = amount_readings(text).is_ok_and(|r| r.iter().all(|r| r.decimal.starts_with('-')));
                    found.debit_negative += u64::from(negative);
                    found.debit_positive += u64::from(!negative);
                }
            }
        }
        for (field, evidence) in [(Field::BookingDate, &mut found.booking), (Field::ValueDate, &mut found.value)] {
            for &column in layout.columns.get(&field).into_iter().flatten() {
                evidence.see(cells.get(column), cells.line);
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

fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(40).collect()
}

/// What the file shows otherwise than the profile says, with the line that shows it. A few rows that cannot be read as the profile says
/// are broken rows, where many others can only be read so; else the others might be read wrongly. For a layout that the bank documents as
/// many are enough.
fn contradicted(found: &Evidence, profile: &Profile) -> Option<(OpenPoint, u64)> {
    let majority = if profile.source.is_empty() { CLEAR_MAJORITY } else { 1 };
    let outweighs = |with: u64, against: u64| against == 0 || with >= against.saturating_mul(majority);
    if let Some(says) = profile.decimal {
        let marks = &found.marks;
        let (with, against, first) = match says {
            DecimalMark::Point => (marks.only_point, marks.only_comma, &marks.first[1]),
            DecimalMark::Comma => (marks.only_comma, marks.only_point, &marks.first[0]),
        };
        if let Some((line, example)) = first.clone().filter(|_| !outweighs(with, against)) {
            return Some((OpenPoint::OtherDecimal { profile: profile.name.clone(), says, example }, line));
        }
    }
    if let Some(says) = profile.date {
        let own = DateOrder::ALL.iter().position(|order| *order == says)?;
        for column in [&found.booking, &found.value] {
            // Rows that only another order can read, against rows that order cannot.
            let other = (0..3).filter(|order| *order != own).map(|order| column.fails[order]).min().unwrap_or(0);
            let example = column.first[own].clone().filter(|_| !outweighs(other, column.fails[own]));
            if let Some((line, example)) = example {
                return Some((OpenPoint::OtherDateOrder { profile: profile.name.clone(), says, example }, line));
            }
        }
    }
    None
}

fn see_amount(evidence: &mut MarkEvidence, text: &str, line: u64, currency: Option<Currency>) {
    let Ok(mut readings) = amount_readings(text) else { return };
    if let Some(currency) = currency {
        // A reading finer than the currency's minor unit cannot be an amount of it.
        readings.retain(|r| Money::parse(&r.decimal, currency).is_ok());
    }
    match readings.as_slice() {
        [one] => {
            let Some(mark) = one.mark else { return };
            let (count, at) = match mark {
                DecimalMark::Point => (&mut evidence.only_point, 0),
                DecimalMark::Comma => (&mut evidence.only_comma, 1),
            };
            *count += 1;
            if evidence.first[at].is_none() {
                evidence.first[at] = Some((line, shown(text)));
            }
        }
        [_, _, ..] => {
            evidence.either += 1;
            if evidence.example.is_none() {
                evidence.example = Some(text.chars().take(40).collect());
            }
        }
        [] => {}
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
                || is_balance_row(&cells)
            {
                continue;
            }
            if let Some(problem) = wrong_width(&cells, plan.layout) {
                if pass == 0 {
                    sink.problem(problem);
                }
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
