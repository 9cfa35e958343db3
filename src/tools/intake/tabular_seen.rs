//! What a table looks like to a person: its header, its first rows, and what each column was taken for.

use quittance_rules::amount_text::DecimalMark;
use quittance_rules::date_text::DateOrder;
use quittance_rules::money::Currency;

use super::IntakeError;
use super::profile::{Field, Profile};
use super::tabular::{Cells, Known, RowSource};
use super::tabular_layout::Layout;
use super::tabular_row::{clean, plain_text};

/// Rows shown below the header.
const ROWS: usize = 6;
/// Characters of a cell that are shown.
const CELL: usize = 60;

/// The header of a table, its first rows, and what was recognised.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableSeen {
    /// Column names as they stand.
    pub header: Vec<String>,
    /// Line of the header, from 1; 0 where the table has none.
    pub header_line: u64,
    /// Line and cells of the first rows, shortened.
    pub rows: Vec<(u64, Vec<String>)>,
    /// Column by column, the field it was taken for.
    pub columns: Vec<Option<Field>>,
    /// The layout it was recognised by, or read with.
    pub profile: Option<Profile>,
    /// What parts the columns; `None` for a workbook.
    pub delimiter: Option<char>,
    /// How amounts are written, where that was decided.
    pub decimal: Option<DecimalMark>,
    /// How dates are written, where that was decided.
    pub date: Option<DateOrder>,
    /// Currency of all lines, where one stands in the header.
    pub currency: Option<Currency>,
    /// Our account, where it stands above the header.
    pub account: Option<String>,
}

fn shown(text: &str) -> String {
    clean(plain_text(text)).chars().take(CELL).collect()
}

/// Looks at the beginning of a table whose header was found.
///
/// # Errors
/// When the file cannot be read.
pub(super) fn look(
    source: &mut dyn RowSource,
    layout: &Layout,
    profile: Option<&Profile>,
    known: Known,
    delimiter: Option<char>,
) -> Result<TableSeen, IntakeError> {
    source.restart()?;
    let mut rows = Vec::new();
    let mut cells = Cells::default();
    while rows.len() < ROWS {
        match source.next_row(&mut cells)? {
            None => break,
            Some(Ok(())) if cells.line > layout.header_line => rows.push((cells.line, cells.iter().map(shown).collect())),
            Some(_) => {}
        }
    }
    let field = |index: usize| layout.columns.iter().find(|(_, columns)| columns.contains(&index)).map(|(field, _)| *field);
    Ok(TableSeen {
        header: layout.header.iter().map(|name| plain_text(name).to_owned()).collect(),
        header_line: layout.header_line,
        rows,
        columns: (0..layout.header.len()).map(field).collect(),
        profile: profile.cloned(),
        delimiter,
        decimal: known.decimal,
        date: known.date,
        currency: layout.currency,
        account: layout.account.clone(),
    })
}
