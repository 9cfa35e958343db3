//! The header of a table of bank lines: found under a profile or by what its column names mean, and the profile to write where neither
//! decides.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use quittance_rules::amount_text::DecimalMark;
use quittance_rules::bank::normal_account;
use quittance_rules::date_text::DateOrder;
use quittance_rules::money::Currency;

use super::IntakeError;
use super::column_words::{folded, synonym, without_currency};
use super::profile::{Field, Names, Profile};
use super::tabular::{Cells, Known, RowSource};
use super::tabular_evidence::settle;
use super::tabular_row::{clean, plain_text};

/// Rows in which the header is looked for.
const HEADER_WITHIN: usize = 40;

/// A header found in a table, and what its columns are.
pub struct Layout {
    pub(super) name: String,
    pub(super) header_line: u64,
    pub(super) header: Vec<String>,
    pub(super) columns: BTreeMap<Field, Vec<usize>>,
    pub(super) currency: Option<Currency>,
    pub(super) account: Option<String>,
    /// Two columns that could be the same field.
    pub(super) clash: Option<String>,
    /// The file names another account than the profile it is read with: the sentence.
    pub(super) other_account: Option<String>,
    /// How much was recognised; compared between ways to read one file.
    pub(super) score: usize,
}

impl Layout {
    /// Compares ways to read one file: the higher, the more columns are known.
    pub fn score(&self) -> usize {
        self.score
    }

    /// Whether a profile or every column name was recognised.
    pub fn is_known(&self) -> bool {
        let used = |index: usize| self.columns.values().any(|columns| columns.contains(&index));
        self.score >= 1000
            || self.is_whole() && self.header.iter().enumerate().all(|(index, name)| name.is_empty() || used(index))
    }

    /// Our account, where the file names none.
    pub fn assume_account(&mut self, account: Option<&str>) {
        self.account = self.account.take().or_else(|| account.map(normal_account));
    }

    /// Whether date and amount were found, so that rows can be read.
    pub fn is_whole(&self) -> bool {
        let has = |field| self.columns.contains_key(&field);
        (has(Field::BookingDate) || has(Field::ValueDate)) && (has(Field::Amount) || has(Field::Debit) || has(Field::Credit))
    }
}

/// Looks for the header in the first rows: under the profile given, or else under each one that people saved and each built-in one, or
/// else by what column names mean. `None` when no row names anything.
///
/// # Errors
/// When the file cannot be read.
pub fn find_layout(
    source: &mut dyn RowSource,
    own: Option<&Profile>,
    saved: &[Profile],
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
    if let Some(profile) = own.filter(|profile| profile.headless) {
        let Some(width) = rows.iter().map(Cells::len).max() else { return Ok(None) };
        let mut numbers = Cells::default();
        numbers.begin(skip);
        (1..=width).for_each(|number| numbers.push(&format!("#{number}")));
        let mut layout = by_profile(&numbers, profile, 1000);
        // Of two delimiters the one under which more of the columns are there, then the one that parts more.
        layout.score += layout.columns.values().map(Vec::len).sum::<usize>().saturating_mul(1000).saturating_add(width);
        return Ok(Some((layout, Some(profile.clone()))));
    }
    // Those that people saved come first: of two that fit alike, theirs counts.
    let of_people = saved.iter().filter(|profile| !profile.headless).map(|profile| (profile, true));
    let candidates: Vec<(&Profile, bool)> = match own {
        Some(own) => vec![(own, false)],
        None => of_people.chain(built_in.iter().map(|profile| (profile, false))).collect(),
    };
    let headers: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(folded).collect()).collect();
    let mut best: Option<(Layout, &Profile, bool)> = None;
    for (profile, is_saved) in candidates {
        let marks: Vec<String> = profile.marks().into_iter().map(folded).collect();
        let fits = |names: &&Vec<String>| {
            // One that a person saved knows the table it was made from, and no other: a column more may be a sign or a currency.
            !marks.is_empty() && if is_saved { **names == marks } else { marks.iter().all(|mark| names.contains(mark)) }
        };
        let found = rows.iter().zip(&headers).find(|(_, names)| fits(names));
        if let Some((row, _)) = found
            && best.as_ref().is_none_or(|(layout, ..)| marks.len() > layout.score)
        {
            best = Some((by_profile(row, profile, marks.len()), profile, is_saved));
        }
    }
    if let Some((mut layout, profile, is_saved)) = best {
        layout.score += 1000;
        if is_saved {
            layout.clash = alike(profile, saved);
            // Recognised columns say nothing about whose account it is: the file says so, or a person does.
            layout.account = None;
        } else if own.is_some() && !layout.columns.contains_key(&Field::Account) {
            layout.other_account = other_account(profile, &rows, layout.header_line);
        }
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
        settle(&mut layout, &rows);
        if layout.account.is_none() && !layout.columns.contains_key(&Field::Account) {
            layout.account = iban_before(&rows, layout.header_line);
        }
        (layout, None)
    }))
}

/// Says so when another saved profile fits the same header and reads it otherwise: then a person chooses.
fn alike(best: &Profile, saved: &[Profile]) -> Option<String> {
    let marks = |profile: &Profile| profile.marks().into_iter().map(folded).collect::<Vec<_>>();
    let reads_as = |profile: &Profile| Profile { name: String::new(), source: String::new(), ..profile.clone() };
    let other = saved.iter().find(|other| marks(other) == marks(best) && reads_as(other) != reads_as(best))?;
    Some(format!("the saved profiles `{}` and `{}` both fit this table", best.name, other.name))
}

/// The column a profile means: by its name; or, as `#3`, by its place, for columns without a name of their own.
fn column_at(header: &[String], name: &str) -> Option<usize> {
    let by_place = || name.strip_prefix('#')?.parse::<usize>().ok()?.checked_sub(1).filter(|place| *place < header.len());
    let wanted = folded(name);
    header
        .iter()
        .position(|known| known == name)
        .or_else(by_place)
        .or_else(|| header.iter().position(|known| folded(known) == wanted))
}

/// The sentence about two columns that could be the same field; one without a name is told by its place.
pub(super) fn same_field(header: &[String], first: usize, second: usize) -> String {
    let shown = |index: usize| match header.get(index).map(|name| name.trim()).filter(|name| !name.is_empty()) {
        Some(name) => format!("`{name}`"),
        None => format!("column {} (no name)", index.saturating_add(1)),
    };
    let columns = if shown(first).starts_with('`') { "the columns " } else { "" };
    format!("{columns}{} and {} could be the same field", shown(first), shown(second))
}

/// Says so when the account of the profile that a person chose is not one that the lines above the header name, or no account. Only what
/// can be compared is: an IBAN, or a number that an IBAN ends with.
fn other_account(profile: &Profile, rows: &[Cells], header_line: u64) -> Option<String> {
    let own = normal_account(profile.account.as_deref()?);
    let plain: String = own.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    let is_iban = quittance_agent::reading::scan::iban_holds(&plain);
    let name = &profile.name;
    if is_iban && plain != own {
        return Some(format!("the profile `{name}` is of account {own}: write it {plain}"));
    }
    let is_like_one = (15..=34).contains(&own.len())
        && own.bytes().take(2).all(|b| b.is_ascii_uppercase())
        && own.bytes().skip(2).take(2).all(|b| b.is_ascii_digit())
        && own.bytes().all(|b| b.is_ascii_alphanumeric());
    if is_like_one && !is_iban {
        return Some(format!("the profile `{name}` is of account {own}, which is an IBAN with wrong check digits: correct it"));
    }
    let named = ibans_before(rows, header_line);
    let is_number = own.len() >= 4 && own.bytes().all(|byte| byte.is_ascii_digit());
    // Two digits of a national check may follow the number (France, Portugal).
    let ends =
        |iban: &String| iban.ends_with(&own) || iban.get(..iban.len().saturating_sub(2)).is_some_and(|i| i.ends_with(&own));
    let is_own = |iban: &String| if is_number { ends(iban) } else { *iban == own };
    if named.is_empty() || !(is_iban || is_number) || named.iter().any(is_own) {
        return None;
    }
    let advice = if named.len() == 1 {
        "take the account out of the profile, or the profile of that account"
    } else {
        "take the profile of the right one"
    };
    Some(format!("the file is of account {}, and the profile `{name}` is of account {own}: {advice}", named.join(" or ")))
}

/// The account that the lines above the header name, where they name one.
pub(super) fn iban_before(rows: &[Cells], header_line: u64) -> Option<String> {
    let mut named = ibans_before(rows, header_line);
    if named.len() == 1 { named.pop() } else { None }
}

fn ibans_before(rows: &[Cells], header_line: u64) -> Vec<String> {
    let mut named: Vec<String> = Vec::new();
    for iban in rows.iter().take_while(|row| row.line < header_line).flat_map(Cells::iter).filter_map(iban_in) {
        if !named.contains(&iban) {
            named.push(iban);
        }
    }
    named
}

/// An IBAN with right check digits (ISO 7064 MOD 97-10) in a field of the lines above the header; groups may be set apart by blanks or
/// dashes, letters may be small.
pub(super) fn iban_in(text: &str) -> Option<String> {
    let holds = |word: &&str| {
        let bytes = word.as_bytes();
        (15..=34).contains(&bytes.len())
            && bytes[..2].iter().all(u8::is_ascii_uppercase)
            && bytes[2..4].iter().all(u8::is_ascii_digit)
            && quittance_agent::reading::scan::iban_holds(word)
    };
    let find = |plain: &str| plain.split(|c: char| !c.is_ascii_alphanumeric()).find(holds).map(str::to_owned);
    let plain: String = text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_uppercase).collect();
    find(&plain).or_else(|| find(&plain.replace('-', "")))
}

pub(super) fn by_profile(row: &Cells, profile: &Profile, score: usize) -> Layout {
    let header: Vec<String> = row.iter().map(str::to_owned).collect();
    let mut columns = BTreeMap::new();
    for (field, wanted) in &profile.columns {
        let found: Vec<usize> = wanted.iter().filter_map(|name| column_at(&header, name)).collect();
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
        other_account: None,
        score,
        header,
    }
}

/// Column names that mean the bank's reference in one export and the payer's words in the next: taken as both.
pub(super) const EITHER_REFERENCE: &[&str] = &["reference", "ref", "referencia", "referenz", "riferimento", "referentie"];

/// Account column names that do not say whose account it is.
fn is_either_account(folded_name: &str) -> bool {
    !["own account", "auftragskonto", "iban auftragskonto", "account iban"].contains(&folded_name)
}

/// Whether a name of a date column speaks of the booking rather than of the transaction or simply of a date.
fn says_booking(name: &str) -> bool {
    let name = folded(name);
    let words = [
        "booking", "booked", "post", "buchung", "contab", "comptab", "ksiegow", "uctovan", "bokfor", "bogfor", "kirjaus",
        "konyvel", "boek", "ecriture", "记账", "入账",
    ];
    words.iter().any(|word| name.contains(word))
}

pub(super) fn by_meaning(row: &Cells) -> Layout {
    let header: Vec<String> = row.iter().map(str::to_owned).collect();
    let mut columns: BTreeMap<Field, Vec<usize>> = BTreeMap::new();
    let mut either_accounts = Vec::new();
    let (mut currency, mut clash) = (None, None);
    for (index, name) in header.iter().enumerate() {
        let (base, named) = without_currency(name);
        let Some(field) = synonym(&base).or_else(|| synonym(&folded(name))) else { continue };
        if field == Field::Account && is_either_account(&base) {
            either_accounts.push(index);
            continue;
        }
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
                // The day of the booking beside the day of the transaction: it is the booking that is asked for.
                Field::BookingDate if says_booking(&header[of_field[0]]) != says_booking(name) => {
                    let booking = if says_booking(name) { 1 } else { 0 };
                    *of_field = vec![of_field[booking]];
                }
                // Two dates otherwise: which one is the booking must be said.
                Field::BookingDate
                | Field::ValueDate
                | Field::Amount
                | Field::Debit
                | Field::Credit
                | Field::Indicator
                | Field::Currency
                | Field::Account
                | Field::Balance => {
                    let first = of_field[0];
                    clash = clash.or_else(|| Some(same_field(&header, first, index)));
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
    // One account column is ours. Beside one that says it is, or beside the other party's, the word alone means the other's.
    either_accounts.sort_by_key(|&index| !folded(&header[index]).contains("iban"));
    if !either_accounts.is_empty() {
        let is_named = columns.contains_key(&Field::Account);
        columns.entry(if is_named { Field::CounterpartyAccount } else { Field::Account }).or_insert(either_accounts);
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
    Layout {
        name: "column names".to_owned(),
        header_line: row.line,
        header,
        columns,
        currency,
        account: None,
        clash,
        other_account: None,
        score,
    }
}

/// A profile for this table with everything that was recognised filled in, as TOML with comments on what is left to say.
pub(super) fn suggest(layout: &Layout, profile: Option<&Profile>, delimiter: Option<char>, known: Known) -> String {
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
    let header: Vec<String> = header.iter().map(str::to_owned).collect();
    let is_missing = |name: &&str| column_at(&header, name).is_none();
    profile.columns.values().flat_map(Names::iter).filter(is_missing).map(str::to_owned).collect()
}
