//! What a table would give under a profile, before anything is taken in: the first lines, every problem with its line, and the profile
//! that is suggested where none fits.

use std::collections::BTreeMap;
use std::path::Path;

use quittance_agent::ports_pages::{TABLE_COLUMNS_MAX, TableLack, TablePreview, TableProfile};
use quittance_rules::amount_text::DecimalMark;
use quittance_rules::bank::{Problem, Statement, StatementEnd, StatementLine, StatementSink};
use quittance_rules::date_text::DateOrder;
use quittance_rules::money::Currency;

use super::IntakeError;
use super::bank_file::{BankFileOptions, read_bank_path};
use super::column_words::folded;
use super::open_point::Asked;
use super::profile::{Field, Names, Profile, is_place};
use super::tabular_seen::TableSeen;

/// Lines shown.
const LINES: usize = 20;
/// Problems kept; more are counted.
const PROBLEMS: usize = 200;
/// Bytes of a file that is looked at: what is read twice in a few seconds, while somebody waits.
pub const BYTES_MAX: u64 = 32_000_000;
/// Cells of a workbook that is looked at; they are held in memory.
pub const CELLS_MAX: u64 = 1_000_000;

#[derive(Default)]
struct First {
    lines: Vec<StatementLine>,
    taken: u64,
    problems: Vec<Problem>,
    more: u64,
    names_no_account: bool,
}

impl StatementSink for First {
    fn statement(&mut self, statement: Statement) {
        self.names_no_account |= statement.account.is_empty();
    }
    fn line(&mut self, line: StatementLine) {
        self.taken = self.taken.saturating_add(1);
        if self.lines.len() < LINES {
            self.lines.push(line);
        }
    }
    fn end(&mut self, _: StatementEnd) {}
    fn problem(&mut self, problem: Problem) {
        if self.problems.len() < PROBLEMS {
            self.problems.push(problem);
        } else {
            self.more = self.more.saturating_add(1);
        }
    }
}

/// What a word in a profile means.
fn meant<T: serde::de::DeserializeOwned>(word: &str) -> Option<T> {
    toml::Value::String(word.to_owned()).try_into().ok()
}

/// The word for it in profiles.
pub(super) fn word<T: serde::Serialize>(value: T) -> Option<String> {
    match toml::Value::try_from(value) {
        Ok(toml::Value::String(word)) => Some(word),
        _ => None,
    }
}

/// Names by which a profile means columns: their own, or their place where that is none or stands twice.
fn names_of(header: &[String]) -> Vec<String> {
    let same = |name: &str| header.iter().filter(|other| folded(other) == folded(name)).count();
    let named = |(index, name): (usize, &String)| {
        let is_own = !folded(name).is_empty() && !is_place(name) && same(name) == 1;
        if is_own { name.clone() } else { place(index) }
    };
    header.iter().enumerate().map(named).collect()
}

fn place(index: usize) -> String {
    format!("#{}", index.saturating_add(1))
}

fn lacks(fields: &[String]) -> Vec<TableLack> {
    let has = |name: &str| fields.iter().any(|field| field == name);
    let split = has("debit") || has("credit");
    let mut lacks = Vec::new();
    if !has("booking_date") && !has("value_date") {
        lacks.push(TableLack::Date);
    }
    if !has("amount") && !split {
        lacks.push(TableLack::Amount);
    }
    if has("amount") && split {
        lacks.push(TableLack::AmountTwice);
    }
    lacks
}

/// A profile over columns of these names, as TOML, checked. What it does not say (which rows are booked, what a fee does) stays as in the
/// layout that was recognised.
///
/// # Errors
/// What is missing or wrong, in a sentence.
fn text_of(table: &TableProfile, names: &[String], seen: &TableSeen) -> Result<String, String> {
    let base = seen.profile.clone().filter(|_| !table.headless).unwrap_or_default();
    let mut columns: BTreeMap<Field, Vec<String>> = BTreeMap::new();
    for (name, field) in names.iter().zip(&table.fields).filter(|(_, field)| !field.is_empty()) {
        let known: Field = meant(field).ok_or_else(|| format!("`{field}` is no field of a bank line"))?;
        columns.entry(known).or_default().push(name.clone());
    }
    let decimal = table
        .decimal
        .as_deref()
        .map(|word| meant::<DecimalMark>(word).ok_or_else(|| format!("`{word}` is no decimal mark; choose point or comma")));
    let date = table
        .date
        .as_deref()
        .map(|word| meant::<DateOrder>(word).ok_or_else(|| format!("`{word}` is no order of a date; choose ymd, dmy or mdy")));
    let currency = table.currency.as_deref().map(Currency::parse).transpose().map_err(|error| error.to_string())?;
    let profile = Profile {
        name: table.name.clone(),
        source: String::new(),
        // Every column name together tells this layout from others.
        recognise: if table.headless { Vec::new() } else { names.iter().filter(|name| !is_place(name)).cloned().collect() },
        delimiter: seen.delimiter,
        headless: table.headless,
        decimal: decimal.transpose()?,
        date: date.transpose()?,
        currency,
        account: table.account.clone(),
        out_is_positive: table.out_is_positive,
        credit_words: table.credit_words.clone(),
        debit_words: table.debit_words.clone(),
        columns: columns
            .into_iter()
            .map(|(field, mut names)| {
                // Of several columns the first that is filled counts: in the order the layout has them.
                let known: Vec<String> = base.columns.get(&field).into_iter().flat_map(Names::iter).map(folded).collect();
                names.sort_by_key(|name| known.iter().position(|other| *other == folded(name)).unwrap_or(usize::MAX));
                let names = if names.len() == 1 { Names::One(names.remove(0)) } else { Names::Several(names) };
                (field, names)
            })
            .collect(),
        ..base
    };
    let text = toml::to_string(&profile).map_err(|error| format!("the profile cannot be written: {error}"))?;
    Profile::parse(&text).map_err(|error| error.to_string())?;
    Ok(text)
}

/// What was recognised of a table, as a profile to go on from.
fn suggested(seen: &TableSeen) -> TableProfile {
    let profile = seen.profile.as_ref();
    TableProfile {
        // A built-in layout keeps its name: what is made from it is another.
        name: profile.filter(|profile| profile.source.is_empty()).map(|profile| profile.name.clone()).unwrap_or_default(),
        headless: false,
        decimal: seen.decimal.and_then(word),
        date: seen.date.and_then(word),
        currency: seen.currency.map(|currency| currency.code().to_owned()),
        account: seen.account.clone(),
        out_is_positive: profile.is_some_and(|profile| profile.out_is_positive),
        credit_words: profile.map(|profile| profile.credit_words.clone()).unwrap_or_default(),
        debit_words: profile.map(|profile| profile.debit_words.clone()).unwrap_or_default(),
        fields: seen.columns.iter().map(|field| field.and_then(word).unwrap_or_default()).collect(),
    }
}

/// Reads a table under a profile, or under what is known, and keeps its beginning. Profiles that people saved come before the built-in
/// ones.
///
/// # Errors
/// When nothing of the file can be read as a table, or it is more than is read while somebody waits.
pub fn preview(path: &Path, saved: Vec<Profile>, wanted: Option<TableProfile>) -> Result<TablePreview, IntakeError> {
    if std::fs::metadata(path)?.len() > BYTES_MAX {
        let limit = format!("{} MB that are looked at", BYTES_MAX / 1_000_000);
        return Err(IntakeError::OverLimit { line: None, what: "the size of the file".to_owned(), limit });
    }
    let looking = BankFileOptions { most_cells: Some(CELLS_MAX), asked: Asked::Page, ..BankFileOptions::default() };
    let mut first = First::default();
    let mut reading = read_bank_path(path, &BankFileOptions { saved, ..looking.clone() }, &mut first)?;
    let Some(seen) = reading.table.take() else {
        return Err(IntakeError::WrongDocument {
            document: "a file whose fields are known by its format".to_owned(),
            advice: "bring it as it is; no columns need to be named".to_owned(),
        });
    };
    if seen.header.len() > TABLE_COLUMNS_MAX {
        let message = format!("a row has {} columns; at most {TABLE_COLUMNS_MAX} can be named", seen.header.len());
        return Err(IntakeError::Malformed { line: None, message });
    }
    let (mut header, mut rows) = (seen.header.clone(), seen.rows.clone());
    let profile = match wanted {
        None => suggested(&seen),
        Some(mut wanted) => {
            wanted.fields.resize(header.len(), String::new());
            wanted
        }
    };
    if profile.headless {
        rows.insert(0, (seen.header_line, header));
        header = (0..seen.header.len()).map(place).collect();
    }
    let header = names_of(&header);
    let mut preview = TablePreview { lacks: lacks(&profile.fields), header, rows, ..TablePreview::default() };
    match text_of(&profile, &preview.header, &seen) {
        Ok(text) => {
            first = First::default();
            let options = BankFileOptions { profile: Some(Profile::parse(&text)?), ..looking };
            reading = read_bank_path(path, &options, &mut first)?;
            preview.text = Some(text);
            if first.names_no_account {
                preview.lacks.push(TableLack::Account);
            }
        }
        // What is missing is said by itself.
        Err(_) if !preview.lacks.is_empty() => first = First::default(),
        Err(message) => {
            first = First::default();
            first.problems.push(Problem { line: None, field: None, message });
        }
    }
    preview.problems = first.problems;
    if first.more > 0 {
        preview.problems.push(Problem { line: None, field: None, message: format!("and {} more", first.more) });
    }
    preview.notices = if preview.text.is_some() { reading.notices } else { Vec::new() };
    Ok(TablePreview { profile, lines: first.lines, taken: first.taken, ..preview })
}

#[cfg(test)]
mod tests {
    use super::*;
    use quittance_agent::ports_pages::FIELD_NAMES;

    fn file(bytes: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("export.csv");
        std::fs::write(&path, bytes).unwrap();
        (folder, path)
    }

    fn fields(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn german(names: &[&str]) -> TableProfile {
        TableProfile {
            name: "Hausbank".to_owned(),
            decimal: Some("comma".to_owned()),
            date: Some("dmy".to_owned()),
            currency: Some("EUR".to_owned()),
            fields: fields(names),
            ..TableProfile::default()
        }
    }

    const MAPPED: [&str; 4] = ["booking_date", "amount", "counterparty_name", "remittance"];

    #[test]
    fn the_pages_know_every_field() {
        for name in FIELD_NAMES {
            let field: Field = meant(name).unwrap_or_else(|| panic!("{name} is no field"));
            assert_eq!(word(field).as_deref(), Some(*name));
        }
        assert_eq!(FIELD_NAMES.len(), 21, "a new field of profiles needs its name in the pages");
    }

    #[test]
    fn an_unknown_table_is_mapped_read_and_recognised_next_time() {
        let (_folder, path) =
            file("Wann;Wieviel;Wer genau;Wofür eigentlich\n03.04.2026;1.180,00;ACME GmbH;INV-7\n04.04.2026;12,5x;Müller;INV-8\n");
        let seen = preview(&path, Vec::new(), None).unwrap();
        assert_eq!((seen.taken, &seen.text), (0, &None));
        assert_eq!(seen.header, ["Wann", "Wieviel", "Wer genau", "Wofür eigentlich"]);
        assert_eq!(seen.rows[0], (2, fields(&["03.04.2026", "1.180,00", "ACME GmbH", "INV-7"])));
        assert!(seen.lacks.contains(&TableLack::Amount), "{:?}", seen.lacks);
        let read = preview(&path, Vec::new(), Some(german(&MAPPED))).unwrap();
        assert_eq!((read.taken, read.lines[0].amount.to_string().as_str()), (1, "EUR 1180.00"), "{:?}", read.problems);
        assert_eq!((read.problems.len(), read.problems[0].line), (1, Some(3)), "{:?}", read.problems);
        assert_eq!(read.lacks, [TableLack::Account]);
        // Next time it is recognised, and the page goes on from what was saved.
        let saved = Profile::parse(&read.text.unwrap()).unwrap();
        let again = preview(&path, vec![saved.clone()], None).unwrap();
        assert_eq!((again.taken, again.profile), (1, german(&MAPPED)));
        // A column more, or another order, is another table: it may be the sign, or the currency.
        for (header, row) in [
            ("Wann;Wieviel;Wer genau;Wofür eigentlich;Soll/Haben", "03.04.2026;1.180,00;ACME GmbH;INV-7;S"),
            ("Wieviel;Wann;Wer genau;Wofür eigentlich", "1.180,00;03.04.2026;ACME GmbH;INV-7"),
        ] {
            let (_folder, other) = file(&format!("{header}\n{row}\n{row}\n"));
            let unknown = preview(&other, vec![saved.clone()], None).unwrap();
            assert_eq!((unknown.taken, unknown.profile.name.as_str()), (0, ""), "{header}");
        }
        // Another one that reads the same columns otherwise: then nobody guesses.
        let other = Profile { name: "Other".to_owned(), out_is_positive: true, ..saved.clone() };
        let mut first = First::default();
        let options = BankFileOptions { saved: vec![saved, other], ..BankFileOptions::default() };
        let reading = read_bank_path(&path, &options, &mut first).unwrap();
        assert!(
            first.taken == 0 && first.problems[0].message.contains("`Hausbank` and `Other` both fit"),
            "{:?}",
            first.problems
        );
        assert!(reading.suggested_profile.is_some());
    }

    #[test]
    fn a_built_in_layout_keeps_its_rules_under_another_name() {
        let head = "Type,Product,Started Date,Completed Date,Description,Amount,Fee,Currency,State,Balance";
        let rows = "TRANSFER,Current,2026-04-01 09:00:00,2026-04-02 10:00:00,ACME,100.00,1.50,EUR,COMPLETED,98.50\n\
            TRANSFER,Current,2026-04-03 09:00:00,,Nobody,50.00,0.00,EUR,REVERTED,98.50\n";
        let (_folder, path) = file(&format!("{head}\n{rows}"));
        let known = preview(&path, Vec::new(), None).unwrap();
        let own = TableProfile { name: "Ours".to_owned(), account: Some("DE1".to_owned()), ..known.profile.clone() };
        let read = preview(&path, Vec::new(), Some(own)).unwrap();
        // The payment and its fee; the row that was reverted is none.
        assert_eq!((known.profile.name.as_str(), known.taken, read.taken), ("", 2, 2), "{:?}", read.problems);
        assert_eq!((&read.lines, &read.problems), (&known.lines, &known.problems));
        assert!(read.lines.iter().all(|line| line.counterparty_name.as_deref() != Some("Nobody")), "{:?}", read.lines);
        let saved = Profile::parse(&read.text.unwrap()).unwrap();
        assert!(saved.fee_is_extra && saved.booked.is_some() && saved.source.is_empty());
        assert_eq!(saved.columns[&Field::BookingDate].iter().collect::<Vec<_>>(), ["Completed Date", "Started Date"]);
    }

    #[test]
    fn an_account_above_the_columns_and_another_in_the_profile_are_both_named() {
        let text = "Konto;DE89 3704 0044 0532 0130 00\nWann;Wieviel;Wer genau;Wofür\n03.04.2026;1.180,00;ACME GmbH;INV-7\n";
        let (_folder, path) = file(text);
        for (account, taken) in [
            (Some("DE02 1203 0000 0000 2020 51"), 0),
            (Some("9999999999"), 0),
            // The bank's number, not the account's; a slip of the pen.
            (Some("37040044"), 0),
            (Some("DE89370400440532013001"), 0),
            (Some("DE89370400440532013000"), 1),
            (Some("0532013000"), 1),
            (Some("giro"), 1),
            (None, 1),
        ] {
            let table = TableProfile { account: account.map(str::to_owned), ..german(&MAPPED) };
            let read = preview(&path, Vec::new(), Some(table)).unwrap();
            assert_eq!(read.taken, taken, "{account:?}: {:?}", read.problems);
            if taken == 0 {
                let problem = &read.problems[0];
                assert_eq!((read.problems.len(), problem.field.as_deref()), (1, Some("account")));
                let file =
                    if account == Some("DE89370400440532013001") { "wrong check digits" } else { "DE89370400440532013000" };
                for named in [file, &account.unwrap_or_default().replace(' ', ""), "Hausbank"] {
                    assert!(problem.message.contains(named), "{named}: {}", problem.message);
                }
            }
        }
    }

    /// A saved profile says how its bank wrote; a file that shows another way is asked about, with the line and field that show it.
    #[test]
    fn a_profile_that_the_file_contradicts_reads_nothing_wrongly() {
        let comma = |rows: &[&str]| rows.iter().map(|row| format!("{row};ACME;INV-7\n")).collect::<String>();
        for (rows, line, field, example) in [
            // A decimal point under a profile of commas: `1.180` alone would be read as one thousand one hundred and eighty.
            (&["03.04.2026;1.180", "04.04.2026;1,234.56"][..], 3, "amount", "1,234.56"),
            (&["03.04.2026;12.50", "04.04.2026;1.180"], 2, "amount", "12.50"),
            // The month first under a profile of days: the third of April would be the fourth of March.
            (&["04/03/2026;1,50", "12/31/2026;2,50"], 3, "booking_date", "12/31/2026"),
            (&["04/03/2026;1,50", "04/05/2026;1,50", "04/13/2026;2,50", "04/14/2026;2,50"], 4, "booking_date", "04/13/2026"),
            // As many one way as the other: nobody knows which the ambiguous ones are.
            (&["13/04/2026;1,50", "04/13/2026;2,50"], 3, "booking_date", "04/13/2026"),
        ] {
            let (_folder, path) = file(&format!("Wann;Wieviel;Wer genau;Wof\u{fc}r\n{}", comma(rows)));
            let read = preview(&path, Vec::new(), Some(german(&MAPPED))).unwrap();
            assert_eq!((read.taken, read.problems.len()), (0, 1), "{rows:?}: {:?}", read.problems);
            let problem = &read.problems[0];
            assert_eq!((problem.line, problem.field.as_deref()), (Some(line), Some(field)), "{problem:?}");
            assert!(problem.message.contains(&format!("`{example}`")) && problem.message.contains("Hausbank"), "{problem:?}");
            assert!(problem.message.contains("say how") && !problem.message.contains("profile, or"), "{problem:?}");
            // On the command line, and when the profile is recognised by itself: the same question, in its words.
            let (_folder, plain) = file("Wann;Wieviel;Wer genau;Wof\u{fc}r\n13.04.2026;1.180,50;ACME;INV-7\n");
            let saved = Profile::parse(&preview(&plain, Vec::new(), Some(german(&MAPPED))).unwrap().text.unwrap()).unwrap();
            for options in [
                BankFileOptions { saved: vec![saved.clone()], ..BankFileOptions::default() },
                BankFileOptions { profile: Some(saved.clone()), ..BankFileOptions::default() },
            ] {
                let mut first = First::default();
                read_bank_path(&path, &options, &mut first).unwrap();
                assert_eq!((first.taken, first.problems.len()), (0, 1), "{:?}", first.problems);
                assert!(first.problems[0].message.contains("in the profile"), "{:?}", first.problems);
            }
        }
        // One broken row among many that are clear stays a broken row; and what can be read either way is read as the profile says.
        let clear: Vec<String> = (0..20).map(|n| format!("{}.04.2026;1.180,{n:02}", 13 + n % 15)).collect();
        let broken = ["04.25.2026;7,50", "14.04.2026;7.50"];
        let rows: Vec<&str> = clear.iter().map(String::as_str).chain(broken).collect();
        let (_folder, path) = file(&format!("Wann;Wieviel;Wer genau;Wof\u{fc}r\n{}", comma(&rows)));
        let read = preview(&path, Vec::new(), Some(german(&MAPPED))).unwrap();
        assert_eq!((read.taken, read.problems.len()), (20, 2), "{:?}", read.problems);
        let (_folder, path) = file(&format!("Wann;Wieviel;Wer genau;Wof\u{fc}r\n{}", comma(&["03.04.2026;1.180"])));
        let read = preview(&path, Vec::new(), Some(german(&MAPPED))).unwrap();
        assert_eq!(read.lines[0].amount.to_string(), "EUR 1180.00");
    }

    #[test]
    fn a_column_without_a_name_is_told_by_its_place() {
        let header = fields(&["Date", "", "Amount", " "]);
        for (first, second, words) in [
            (0, 2, "the columns `Date` and `Amount` could be the same field"),
            (1, 3, "column 2 (no name) and column 4 (no name) could be the same field"),
            (2, 3, "the columns `Amount` and column 4 (no name) could be the same field"),
        ] {
            assert_eq!(super::super::tabular_layout::same_field(&header, first, second), words);
        }
    }

    #[test]
    fn what_is_too_long_to_look_at_is_refused() {
        let (_folder, path) = file("Wann;Wieviel\n03.04.2026;1,00\n");
        std::fs::OpenOptions::new().append(true).open(&path).unwrap().set_len(BYTES_MAX + 1).unwrap();
        let refused = preview(&path, Vec::new(), None).unwrap_err();
        assert!(matches!(refused, IntakeError::OverLimit { .. }) && refused.to_string().contains("32 MB"), "{refused}");
    }

    #[test]
    fn a_row_of_very_many_columns_is_refused_and_not_weighed() {
        let (_folder, path) = file(&format!("Wann;Wieviel\n03.04.2026;1,00\n{}\n", "a;".repeat(100_000)));
        let refused = preview(&path, Vec::new(), None).unwrap_err().to_string();
        assert!(refused.contains("at most 256 can be named"), "{refused}");
    }

    #[test]
    fn columns_without_a_name_of_their_own_are_meant_by_their_place() {
        for (text, headless, header, lines) in [
            // Two columns of one name, one of none.
            ("Wann;Text;Text;\n03.04.2026;1.180,00;ACME GmbH;INV-7\n", false, ["Wann", "#2", "#3", "#4"], 1),
            // No header at all.
            ("03.04.2026;1.180,00;ACME GmbH;INV-7\n05.04.2026;77,10;Müller;INV-8\n", true, ["#1", "#2", "#3", "#4"], 2),
        ] {
            let (_folder, path) = file(text);
            let read = preview(&path, Vec::new(), Some(TableProfile { headless, ..german(&MAPPED) })).unwrap();
            assert_eq!(read.header, header, "{text}");
            assert_eq!(read.taken, lines, "{text}: {:?}", read.problems);
            let line = &read.lines[0];
            assert_eq!(
                (line.amount.to_string().as_str(), line.counterparty_name.as_deref(), line.remittance.as_deref()),
                ("EUR 1180.00", Some("ACME GmbH"), Some("INV-7"))
            );
            assert_eq!(read.rows.len() as u64, lines, "{:?}", read.rows);
        }
    }

    #[test]
    fn what_is_left_open_or_odd_is_said() {
        let (_folder, path) = file("Wann;Wieviel;Wer;Was\n03.04.2026;1.180,00;ACME GmbH;INV-7\n");
        for (mapped, lack) in [
            (["", "amount", "", ""], TableLack::Date),
            (["booking_date", "", "", ""], TableLack::Amount),
            (["booking_date", "amount", "debit", ""], TableLack::AmountTwice),
        ] {
            let read = preview(&path, Vec::new(), Some(german(&mapped))).unwrap();
            assert_eq!((read.lacks.as_slice(), read.text, read.problems.len()), (&[lack][..], None, 0), "{mapped:?}");
        }
        for (change, why) in [
            ((|t: &mut TableProfile| t.fields[2] = "colour".into()) as fn(&mut TableProfile), "colour"),
            (|t| t.decimal = Some("dot".into()), "dot"),
            (|t| t.date = Some("later".into()), "later"),
            (|t| t.currency = Some("XYZ".into()), "XYZ"),
        ] {
            let mut odd = german(&MAPPED);
            change(&mut odd);
            let read = preview(&path, Vec::new(), Some(odd)).unwrap();
            assert!(read.text.is_none() && read.problems[0].message.contains(why), "{why}: {:?}", read.problems);
        }
        // What the file does not decide is asked in words of the page, not of the command line.
        let (_folder, path) = file("Date,Amount,Text\n03/04/2026,10.00,a\n");
        let asked = preview(
            &path,
            Vec::new(),
            Some(TableProfile { date: None, decimal: Some("point".to_owned()), ..german(&["booking_date", "amount", ""]) }),
        )
        .unwrap();
        let message = &asked.problems[0].message;
        assert!(message.contains("say how dates are written") && !message.contains("--"), "{message}");
        // Other formats need no columns.
        let (_folder, path) = file("!Type:Bank\nD03/14/2026\nT12.00\n^\n");
        assert!(preview(&path, Vec::new(), None).is_err());
    }
}
