//! Bank exports as spreadsheets (Office Open XML). Cells are read by `calamine`; header, columns and rows by [`super::tabular`].
//!
//! A spreadsheet stores amounts as binary floats. They are read through the shortest decimal that means the same float and then
//! checked against the currency's minor unit, so that 0.1 + 0.2 is refused, not rounded. The archive is inflated once with nothing kept
//! before anything is parsed, so that a bomb is found by what it holds, not by what it declares.

use std::io::{self, Read, Seek, SeekFrom};

use calamine::{DataRef, Reader, Xlsx};
use quittance_rules::bank::{Problem, StatementSink};

use super::IntakeError;
use super::csv_bank::{TableOptions, recognised, refuse_unknown};
use super::profile::Profile;
use super::tabular::{Cells, EXACT_DATE, EXACT_NUMBER, RowSource, TableOutcome, read_table};
use super::tabular_layout::{Layout, find_layout};
use super::tabular_seen::look;

/// Bytes of all parts of the archive, inflated. A full sheet of a million rows of six columns is about this.
const MOST_INFLATED: u64 = 256 << 20;
/// Bytes of the shared texts, which are held in memory.
const MOST_STRINGS: u64 = 64 << 20;
/// Bytes of the texts of all cells: many cells may share one long text, and each holds a copy of it.
const MOST_TEXT: usize = 128 << 20;
/// Bytes of one cell's text that are kept; a spreadsheet takes 32,767 characters
/// (Microsoft, "Excel specifications and limits").
const MOST_CELL: usize = 4 * 32_767;
/// Parts of the archive.
const MOST_PARTS: usize = 2000;
/// Columns that are looked at.
const MOST_COLUMNS: usize = 256;

/// Reads every sheet that holds a table of bank lines.
///
/// # Errors
/// The file cannot be read, is no workbook, is encrypted, or is larger than any honest one.
pub fn read<R: Read + Seek>(
    mut input: R,
    options: TableOptions<'_>,
    sink: &mut dyn StatementSink,
) -> Result<TableOutcome, IntakeError> {
    check_archive(&mut input)?;
    input.seek(SeekFrom::Start(0))?;
    let mut workbook = Xlsx::new(input).map_err(|error| malformed(&error.to_string()))?;
    let built_in = Profile::built_in()?;
    let names = workbook.sheet_names();
    let mut sheets: Vec<(String, Sheet, Option<Found>)> = Vec::new();
    let mut left = Left { cells: options.most_cells, text: MOST_TEXT };
    for name in names {
        let mut sheet = match load(&mut workbook, &name, &mut left) {
            Ok(sheet) => sheet,
            Err(_) if left.cells == Some(0) => {
                return Err(over("the number of cells in the workbook", options.most_cells.unwrap_or_default().to_string()));
            }
            Err(_) if left.text == 0 => {
                return Err(over("the text of all cells of the workbook", format!("{} MiB", MOST_TEXT >> 20)));
            }
            Err(message) => {
                sink.problem(Problem { line: None, field: Some(format!("sheet {name}")), message });
                continue;
            }
        };
        if sheet.rows.is_empty() {
            continue;
        }
        let found = find_layout(&mut sheet, options.profile, options.saved, built_in)?.filter(|(layout, _)| layout.is_whole());
        sheets.push((name, sheet, found));
    }
    let mut outcome = TableOutcome::default();
    if sheets.is_empty() {
        return Err(IntakeError::Empty);
    }
    if sheets.iter().all(|(.., found)| found.is_none()) {
        let Some((_, sheet, _)) = sheets.iter_mut().max_by_key(|(_, sheet, _)| sheet.rows.len()) else {
            return Err(IntakeError::Empty);
        };
        return refuse_unknown(sheet, options.profile, None, options.asked, sink);
    }
    for (name, mut sheet, found) in sheets {
        match found {
            None => outcome.notices.push(format!("the sheet {name} holds no bank lines and was not read")),
            Some((mut layout, profile)) => {
                layout.assume_account(options.account);
                let read = read_table(&mut sheet, &layout, profile.as_ref(), options.currency, None, options.asked, sink)?;
                if outcome.seen.is_none() {
                    outcome.seen = Some(look(&mut sheet, &layout, profile.as_ref(), read.known, None)?);
                    if let (None, Some(profile)) = (options.profile, &profile) {
                        outcome.notices.extend(recognised(profile, options.saved));
                    }
                }
                outcome.profile = outcome.profile.or(read.profile);
                outcome.suggested_profile = outcome.suggested_profile.or(read.suggested_profile);
                outcome.notices.extend(read.notices);
            }
        }
    }
    Ok(outcome)
}

/// A layout and the profile it came from.
type Found = (Layout, Option<Profile>);

fn malformed(message: &str) -> IntakeError {
    let message: String = message.chars().filter(|c| !c.is_control()).take(200).collect();
    IntakeError::Malformed {
        line: None,
        message: format!("the workbook cannot be read ({message}); open it and save it again as XLSX"),
    }
}

fn over(what: &str, limit: String) -> IntakeError {
    IntakeError::OverLimit { line: None, what: what.to_owned(), limit }
}

/// Inflates every part into nothing and counts.
fn check_archive(input: &mut (impl Read + Seek)) -> Result<(), IntakeError> {
    input.seek(SeekFrom::Start(0))?;
    let mut start = [0; 8];
    let mut filled = 0;
    while filled < start.len() {
        match input.read(&mut start[filled..])? {
            0 => break,
            got => filled += got,
        }
    }
    if filled == 0 {
        return Err(IntakeError::Empty);
    }
    if start == [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1] {
        return Err(IntakeError::WrongDocument {
            document: "an old Excel (XLS) or a password-protected workbook".to_owned(),
            advice: "save it as XLSX without a password".to_owned(),
        });
    }
    input.seek(SeekFrom::Start(0))?;
    let mut archive = zip::ZipArchive::new(&mut *input).map_err(|error| malformed(&error.to_string()))?;
    if archive.len() > MOST_PARTS {
        return Err(over("the number of parts in the workbook", MOST_PARTS.to_string()));
    }
    let mib = |bytes: u64| format!("{} MiB", bytes >> 20);
    let mut declared = 0_u64;
    for index in 0..archive.len() {
        let part = archive.by_index_raw(index).map_err(|error| malformed(&error.to_string()))?;
        declared = declared.saturating_add(part.size());
        if declared > MOST_INFLATED {
            return Err(over("the declared size of the workbook", mib(MOST_INFLATED)));
        }
    }
    let mut inflated = 0_u64;
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(|error| malformed(&error.to_string()))?;
        let most =
            if part.name_raw().to_ascii_lowercase().ends_with(b"sharedstrings.xml") { MOST_STRINGS } else { MOST_INFLATED };
        let left = most.min(MOST_INFLATED.saturating_sub(inflated));
        let got = io::copy(&mut part.take(left + 1), &mut io::sink()).map_err(|error| malformed(&error.to_string()))?;
        if got > left {
            return Err(over("the workbook, unpacked,", mib(most)));
        }
        inflated += got;
    }
    Ok(())
}

/// One sheet as rows of text, in two buffers.
struct Sheet {
    text: String,
    /// Row number, and where its fields end in `ends`.
    rows: Vec<(u64, usize)>,
    ends: Vec<usize>,
    width: usize,
    next: usize,
}

/// How much of a workbook may yet be held; 0 when there was too much.
struct Left {
    /// Cells; `None` where time tells.
    cells: Option<u64>,
    /// Bytes of text.
    text: usize,
}

/// Reads a sheet.
fn load<R: Read + Seek>(workbook: &mut Xlsx<R>, name: &str, left: &mut Left) -> Result<Sheet, String> {
    let mut sheet = Sheet { text: String::new(), rows: Vec::new(), ends: Vec::new(), width: 0, next: 0 };
    let mut cells = workbook.worksheet_cells_reader(name).map_err(|error| error.to_string())?;
    let mut current: Vec<String> = Vec::new();
    let mut row_number = None;
    let mut cut_off = false;
    while let Some(cell) = cells.next_cell().map_err(|error| error.to_string())? {
        if let Some(left) = &mut left.cells {
            *left = left.saturating_sub(1);
            if *left == 0 {
                return Err("it has too many cells".to_owned());
            }
        }
        let (row, column) = cell.get_position();
        if row_number != Some(row) {
            if row_number.is_some_and(|before| row < before) {
                return Err("its rows do not stand in order".to_owned());
            }
            sheet.add(row_number, &mut current);
            row_number = Some(row);
        }
        let column = column as usize;
        let text = cell_text(cell.get_value());
        left.text = left.text.saturating_sub(text.len());
        if left.text == 0 {
            return Err("it has too much text".to_owned());
        }
        if column >= MOST_COLUMNS {
            cut_off |= !text.is_empty();
            continue;
        }
        if current.len() <= column {
            current.resize(column + 1, String::new());
        }
        current[column] = text;
    }
    sheet.add(row_number, &mut current);
    if cut_off {
        return Err(format!("it has more than {MOST_COLUMNS} columns; is it a table of bank lines?"));
    }
    Ok(sheet)
}

impl Sheet {
    fn add(&mut self, row: Option<u32>, fields: &mut Vec<String>) {
        if let Some(row) = row
            && fields.iter().any(|f| !f.trim().is_empty())
        {
            self.width = self.width.max(fields.len());
            for field in fields.iter() {
                self.text.push_str(field);
                self.ends.push(self.text.len());
            }
            self.rows.push((u64::from(row) + 1, self.ends.len()));
        }
        fields.clear();
    }
}

impl RowSource for Sheet {
    fn restart(&mut self) -> Result<(), IntakeError> {
        self.next = 0;
        Ok(())
    }

    fn next_row(&mut self, cells: &mut Cells) -> Result<Option<Result<(), Problem>>, IntakeError> {
        let Some(&(line, last)) = self.rows.get(self.next) else { return Ok(None) };
        let first = self.next.checked_sub(1).and_then(|before| self.rows.get(before)).map_or(0, |&(_, ends)| ends);
        self.next += 1;
        cells.begin(line);
        for index in first..last {
            let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
            cells.push(self.ends.get(index).and_then(|&end| self.text.get(start..end)).unwrap_or_default());
        }
        // A spreadsheet leaves empty cells at the end of a row away.
        while cells.len() < self.width {
            cells.push("");
        }
        Ok(Some(Ok(())))
    }
}

/// The text of a cell; numbers and dates behind their marks.
fn cell_text(value: &DataRef<'_>) -> String {
    match value {
        DataRef::String(text) => unmarked(text),
        DataRef::SharedString(text) => unmarked(text),
        DataRef::Int(number) => format!("{EXACT_NUMBER}{number}"),
        // Rust prints the shortest decimal that reads back as the same float, never an exponent.
        DataRef::Float(number) if number.is_finite() => format!("{EXACT_NUMBER}{number}"),
        DataRef::DateTime(moment) if moment.is_datetime() => {
            let (year, month, day, ..) = moment.to_ymd_hms_milli();
            format!("{EXACT_DATE}{year:04}-{month:02}-{day:02}")
        }
        DataRef::DateTimeIso(text) => match text.get(..10) {
            Some(date) => format!("{EXACT_DATE}{date}"),
            None => unmarked(text),
        },
        DataRef::Bool(value) => value.to_string(),
        DataRef::Error(error) => format!("{error}"),
        DataRef::Float(_) | DataRef::DateTime(_) | DataRef::DurationIso(_) | DataRef::Empty => String::new(),
    }
}

/// Cut before it is copied: many cells may share one long text.
fn unmarked(text: &str) -> String {
    let text = text.trim_start_matches([EXACT_NUMBER, EXACT_DATE]);
    text[..text.floor_char_boundary(MOST_CELL)].to_owned()
}
