//! What a table would give under a profile, before anything is taken in: the first lines, every problem with its line, and the profile
//! that is suggested where none fits.

use std::path::Path;

use quittance_agent::ports_pages::{TablePreview, TableProfile};
use quittance_rules::amount_text::DecimalMark;
use quittance_rules::bank::{Problem, Statement, StatementEnd, StatementLine, StatementSink};
use quittance_rules::date_text::DateOrder;
use quittance_rules::money::Currency;

use super::IntakeError;
use super::bank_file::{BankFileOptions, read_bank_path};
use super::profile::{Field, Names, Profile};

/// Lines shown.
const LINES: usize = 20;
/// Problems kept; more are counted.
const PROBLEMS: usize = 200;
/// What stands before a suggested profile among the notices.
const SUGGESTED: &str = "complete this profile, save it and pass it with --profile:\n";
/// What stands before the columns nobody knew, in a suggested profile.
const OPEN: &str = "# columns not recognised: ";

#[derive(Default)]
struct First {
    lines: Vec<StatementLine>,
    taken: u64,
    problems: Vec<Problem>,
    more: u64,
}

impl StatementSink for First {
    fn statement(&mut self, _: Statement) {}
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

/// The name of a field in profiles.
fn field_name(field: Field) -> String {
    match toml::Value::try_from(field) {
        Ok(toml::Value::String(name)) => name,
        _ => String::new(),
    }
}

fn field_of(name: &str) -> Option<Field> {
    toml::Value::String(name.to_owned()).try_into().ok()
}

fn word<T: serde::Serialize>(value: T) -> Option<String> {
    match toml::Value::try_from(value) {
        Ok(toml::Value::String(word)) => Some(word),
        _ => None,
    }
}

/// A profile as TOML, checked.
///
/// # Errors
/// What is missing or wrong, in a sentence.
pub fn text_of(table: &TableProfile) -> Result<String, String> {
    let mut columns: std::collections::BTreeMap<Field, Vec<String>> = std::collections::BTreeMap::new();
    for (column, field) in table.columns.iter().filter(|(_, field)| !field.is_empty()) {
        let known = field_of(field).ok_or_else(|| format!("`{field}` is no field of a bank line"))?;
        columns.entry(known).or_default().push(column.clone());
    }
    let decimal = table.decimal.as_deref().map(|word| match word {
        "point" => Ok(DecimalMark::Point),
        "comma" => Ok(DecimalMark::Comma),
        other => Err(format!("`{other}` is no decimal mark; choose point or comma")),
    });
    let date = table.date.as_deref().map(|word| match word {
        "ymd" => Ok(DateOrder::Ymd),
        "dmy" => Ok(DateOrder::Dmy),
        "mdy" => Ok(DateOrder::Mdy),
        other => Err(format!("`{other}` is no order of a date; choose ymd, dmy or mdy")),
    });
    let currency = table.currency.as_deref().map(Currency::parse).transpose().map_err(|error| error.to_string())?;
    // Every column name together tells this layout from others.
    let recognise = table.columns.iter().map(|(column, _)| column.clone()).filter(|column| !column.is_empty()).collect();
    let profile = Profile {
        name: table.name.clone(),
        source: String::new(),
        recognise,
        delimiter: table.delimiter,
        encoding: None,
        skip_lines: 0,
        footer_rows: 0,
        decimal: decimal.transpose()?,
        date: date.transpose()?,
        currency,
        account: table.account.clone(),
        out_is_positive: table.out_is_positive,
        fee_is_extra: false,
        credit_words: Vec::new(),
        debit_words: Vec::new(),
        booked: None,
        no_line: None,
        columns: columns
            .into_iter()
            .map(|(field, mut names)| {
                let names = if names.len() == 1 { Names::One(names.remove(0)) } else { Names::Several(names) };
                (field, names)
            })
            .collect(),
    };
    let text = toml::to_string(&profile).map_err(|error| format!("the profile cannot be written: {error}"))?;
    Profile::parse(&text).map_err(|error| error.to_string())?;
    Ok(text)
}

/// A profile from its TOML, as far as it goes: a suggested one may leave fields open. The columns nobody knew are in it too.
fn table_of(text: &str) -> Option<TableProfile> {
    let profile: Profile = toml::from_str(text).ok()?;
    let mut columns: Vec<(String, String)> = Vec::new();
    for (field, names) in &profile.columns {
        columns.extend(names.iter().map(|name| (name.to_owned(), field_name(*field))));
    }
    let open = text.lines().find_map(|line| line.strip_prefix(OPEN)).unwrap_or_default();
    let open: Option<Vec<String>> = toml::from_str::<toml::Table>(&format!("open = [{open}]"))
        .ok()
        .and_then(|mut table| table.remove("open"))
        .and_then(|value| value.try_into().ok());
    for name in open.into_iter().flatten().chain(profile.recognise.iter().cloned()) {
        if !columns.iter().any(|(known, _)| *known == name) {
            columns.push((name, String::new()));
        }
    }
    Some(TableProfile {
        name: profile.name,
        delimiter: profile.delimiter,
        decimal: profile.decimal.and_then(word),
        date: profile.date.and_then(word),
        currency: profile.currency.map(|currency| currency.code().to_owned()),
        account: profile.account,
        out_is_positive: profile.out_is_positive,
        columns,
    })
}

/// Reads a table under a profile, or under what is known, and keeps its beginning.
///
/// # Errors
/// When nothing of the file can be read as a table.
pub fn preview(path: &Path, wanted: Option<TableProfile>) -> Result<TablePreview, IntakeError> {
    let text = wanted.as_ref().map(text_of);
    let mut first = First::default();
    let mut problems = Vec::new();
    let mut notices = Vec::new();
    let mut suggested = None;
    let profile = match &text {
        Some(Err(message)) => {
            problems.push(Problem { line: None, field: None, message: message.clone() });
            None
        }
        Some(Ok(text)) => Some(Profile::parse(text)?),
        None => None,
    };
    if text.as_ref().is_none_or(Result::is_ok) {
        let options = BankFileOptions { profile, ..BankFileOptions::default() };
        for notice in read_bank_path(path, &options, &mut first)?.notices {
            match notice.strip_prefix(SUGGESTED) {
                Some(profile) => suggested = table_of(profile),
                None => notices.push(notice),
            }
        }
    }
    problems.append(&mut first.problems);
    if first.more > 0 {
        problems.push(Problem { line: None, field: None, message: format!("and {} problems more", first.more) });
    }
    Ok(TablePreview {
        profile: wanted.or(suggested).unwrap_or_default(),
        text: text.and_then(Result::ok),
        lines: first.lines,
        taken: first.taken,
        problems,
        notices,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use quittance_agent::ports_pages::FIELD_NAMES;

    #[test]
    fn the_pages_know_every_field() {
        for name in FIELD_NAMES {
            let field = field_of(name).unwrap_or_else(|| panic!("{name} is no field"));
            assert_eq!(field_name(field), *name);
        }
        assert_eq!(FIELD_NAMES.len(), 21, "a new field of profiles needs its name in the pages");
    }

    #[test]
    fn an_unknown_table_is_mapped_and_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("export.csv");
        std::fs::write(
            &path,
            "Wann;Wieviel;Wer genau;Wofür eigentlich\n03.04.2026;1.180,00;ACME GmbH;INV-7\n04.04.2026;12,5x;Müller;INV-8\n",
        )
        .unwrap();
        let seen = preview(&path, None).unwrap();
        assert_eq!(seen.taken, 0);
        assert!(!seen.problems.is_empty());
        let names: Vec<&str> = seen.profile.columns.iter().map(|(name, _)| name.as_str()).collect();
        for name in ["Wann", "Wieviel", "Wer genau", "Wofür eigentlich"] {
            assert!(names.contains(&name), "{names:?}");
        }
        let mut wanted = seen.profile;
        wanted.name = "Hausbank".to_owned();
        for (column, field) in &mut wanted.columns {
            *field = match column.as_str() {
                "Wann" => "booking_date",
                "Wieviel" => "amount",
                "Wer genau" => "counterparty_name",
                _ => "remittance",
            }
            .to_owned();
        }
        wanted.decimal = Some("comma".to_owned());
        wanted.date = Some("dmy".to_owned());
        wanted.currency = Some("EUR".to_owned());
        let read = preview(&path, Some(wanted.clone())).unwrap();
        assert_eq!(read.taken, 1, "{:?}", read.problems);
        assert_eq!(read.lines[0].amount.to_string(), "EUR 1180.00");
        assert_eq!(read.problems.len(), 1);
        assert_eq!(read.problems[0].line, Some(3), "{:?}", read.problems);
        assert!(Profile::parse(&read.text.unwrap()).is_ok());
        // What is left open or odd is a sentence.
        for (change, why) in [
            ((|t: &mut TableProfile| t.columns.iter_mut().for_each(|c| c.1.clear())) as fn(&mut TableProfile), "booking_date"),
            (|t| t.columns[0].1 = "colour".into(), "colour"),
            (|t| t.decimal = Some("dot".into()), "dot"),
            (|t| t.date = Some("later".into()), "later"),
            (|t| t.currency = Some("XYZ".into()), "XYZ"),
        ] {
            let mut odd = wanted.clone();
            change(&mut odd);
            let read = preview(&path, Some(odd)).unwrap();
            assert!(read.text.is_none() && read.problems[0].message.contains(why), "{why}: {:?}", read.problems);
        }
    }
}
