//! Bank and processor exports as delimited text. Encoding and delimiter are seen from the content; the layout is found and the rows
//! are read by [`super::tabular`].

use std::io::{self, Read, Seek, SeekFrom};

use encoding_rs::{
    BIG5, Decoder, Encoding, GBK, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252, WINDOWS_1254,
};
use quittance_rules::bank::{Problem, StatementSink};
use quittance_rules::money::Currency;

use super::IntakeError;
use super::open_point::{Asked, OpenPoint};
use super::profile::{Profile, ProfileError};
use super::table::Table;
use super::tabular::{Cells, Known, RowSource, TableOutcome, read_table};
use super::tabular_layout::{Layout, by_meaning, find_layout, missing_columns, suggest};
use super::tabular_seen::look;

/// How to read a table.
#[derive(Debug, Clone, Copy, Default)]
pub struct TableOptions<'p> {
    /// The layout the user gave; without it the built-in ones and the meaning of column names are tried.
    pub profile: Option<&'p Profile>,
    /// The layouts that people saved: tried before the built-in ones.
    pub saved: &'p [Profile],
    /// Currency of files that name none.
    pub currency: Option<Currency>,
    /// Our account, for files that name none.
    pub account: Option<&'p str>,
    /// Cells of a workbook that are read; of CSV nothing is held.
    pub most_cells: Option<u64>,
    /// Where somebody is asked for what the table leaves open.
    pub asked: Asked,
}

impl From<ProfileError> for IntakeError {
    fn from(error: ProfileError) -> Self {
        Self::Malformed { line: None, message: error.to_string() }
    }
}

const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Reads a delimited text into the sink: line by line, in several passes, without holding the file.
///
/// A layout that is unknown or ambiguous is a problem of the sink, and the outcome carries the profile to complete.
///
/// # Errors
/// The file cannot be read, is empty, or is no text.
pub fn read<R: Read + Seek>(
    mut input: R,
    options: TableOptions<'_>,
    sink: &mut dyn StatementSink,
) -> Result<TableOutcome, IntakeError> {
    let label = options.profile.and_then(|p| p.encoding.as_deref()).and_then(|l| Encoding::for_label(l.as_bytes()));
    let seen = survey(&mut input)?;
    let encoding = label.unwrap_or(seen.encoding);
    input.seek(SeekFrom::Start(0))?;
    let mut source = CsvSource { table: Table::new(Decoding::new(input, encoding), b','), delimiter: b',' };
    let own_delimiter = options.profile.and_then(|p| p.delimiter).and_then(|d| u8::try_from(d).ok());
    let mut best = best_layout(&mut source, options, own_delimiter)?;
    // Bytes that are not UTF-8 do not say which older encoding they are in; column names that are words in one of them do.
    let mut encoding = encoding;
    if label.is_none() && seen.encoding == WINDOWS_1252 && best.as_ref().is_none_or(|(_, layout, _)| !layout.is_known()) {
        for other in OLDER_ENCODINGS {
            source.table.restart(DELIMITERS[0]).set_encoding(other);
            let found = best_layout(&mut source, options, own_delimiter)?;
            let rank = |b: &Option<Found>| b.as_ref().map(|(_, layout, _)| (layout.is_whole(), layout.score()));
            if rank(&found) > rank(&best) {
                (best, encoding) = (found, other);
            }
        }
        source.table.restart(DELIMITERS[0]).set_encoding(encoding);
    }
    let mut outcome = match best {
        Some((delimiter, mut layout, profile)) if layout.is_whole() => {
            layout.assume_account(options.account);
            source.delimiter = delimiter;
            let profile = profile.as_ref();
            let delimiter = Some(char::from(delimiter));
            let mut outcome = read_table(&mut source, &layout, profile, options.currency, delimiter, options.asked, sink)?;
            outcome.seen = Some(look(&mut source, &layout, profile, outcome.known, delimiter)?);
            if let (None, Some(profile)) = (options.profile, profile) {
                outcome.notices.extend(recognised(profile, options.saved));
            }
            outcome
        }
        found => {
            source.delimiter = own_delimiter.or(found.map(|(d, ..)| d)).map_or_else(|| widest(&mut source), Ok)?;
            let delimiter = char::from(source.delimiter);
            refuse_unknown(&mut source, options.profile, Some(delimiter), options.asked, sink)?
        }
    };
    if encoding != seen.encoding && label.is_none() {
        let name = encoding.name();
        outcome
            .notices
            .push(format!("the column names show that the file is in {name}; if names look wrong set `encoding` in a profile"));
    }
    if seen.replaced > 0 && encoding == UTF_8 {
        outcome.notices.push(format!("{} bytes of the file are not UTF-8; the characters were replaced by �", seen.replaced));
    }
    Ok(outcome)
}

/// Delimiter, layout and profile.
type Found = (u8, Layout, Option<Profile>);

/// Encodings that column names are tried in when the bytes are neither UTF-8 nor UTF-16 and Windows-1252 leaves columns unknown.
const OLDER_ENCODINGS: [&Encoding; 6] = [WINDOWS_1250, WINDOWS_1254, WINDOWS_1251, SHIFT_JIS, GBK, BIG5];

/// The best layout under any delimiter.
fn best_layout<R: Read + Seek>(
    source: &mut CsvSource<R>,
    options: TableOptions<'_>,
    own_delimiter: Option<u8>,
) -> Result<Option<Found>, IntakeError> {
    let built_in = Profile::built_in()?;
    let mut best: Option<Found> = None;
    for delimiter in DELIMITERS
        .into_iter()
        .filter(|d| own_delimiter.is_none_or(|own| own == *d))
        .chain(own_delimiter.filter(|own| !DELIMITERS.contains(own)))
    {
        source.delimiter = delimiter;
        if let Some((layout, profile)) = find_layout(source, options.profile, options.saved, built_in)?
            && best.as_ref().is_none_or(|(_, b, _)| (layout.is_whole(), layout.score()) > (b.is_whole(), b.score()))
        {
            best = Some((delimiter, layout, profile));
        }
    }
    Ok(best)
}

/// Says so when a saved profile was recognised.
pub(super) fn recognised(profile: &Profile, saved: &[Profile]) -> Option<String> {
    saved.contains(profile).then(|| format!("read with the saved profile {}", profile.name))
}

/// Says that the layout is unknown, with the profile to complete.
pub(super) fn refuse_unknown<S: RowSource>(
    source: &mut S,
    profile: Option<&Profile>,
    delimiter: Option<char>,
    asked: Asked,
    sink: &mut dyn StatementSink,
) -> Result<TableOutcome, IntakeError> {
    source.restart()?;
    let mut header = Cells::default();
    let mut cells = Cells::default();
    for _ in 0..40 {
        match source.next_row(&mut cells)? {
            None => break,
            // The header is most likely the first of the widest rows.
            Some(Ok(())) if cells.len() > header.len() => header = cells.clone(),
            Some(_) => {}
        }
    }
    if header.is_empty() {
        return Err(IntakeError::Empty);
    }
    let shown: Vec<String> =
        header.iter().take(20).map(|name| name.chars().filter(|c| !c.is_control()).take(40).collect()).collect();
    let message = match profile {
        Some(profile) => format!(
            "the profile {} does not fit: the file has no column {}; the row with most fields reads: {}",
            profile.name,
            missing_columns(profile, &header).join(", "),
            shown.join(" | ")
        ),
        None => OpenPoint::Layout { row: shown.join(" | ") }.sentence(asked),
    };
    sink.problem(Problem { line: Some(header.line), field: None, message });
    let layout = by_meaning(&header);
    Ok(TableOutcome {
        suggested_profile: Some(suggest(&layout, None, delimiter, Known::default())),
        seen: Some(look(source, &layout, None, Known::default(), delimiter)?),
        ..TableOutcome::default()
    })
}

/// The delimiter that parts the first rows into the most fields.
fn widest<R: Read + Seek>(source: &mut CsvSource<R>) -> Result<u8, IntakeError> {
    let mut best = (0, b',');
    let mut cells = Cells::default();
    for delimiter in DELIMITERS {
        source.delimiter = delimiter;
        source.restart()?;
        for _ in 0..40 {
            match source.next_row(&mut cells)? {
                None => break,
                Some(Ok(())) if cells.len() > best.0 => best = (cells.len(), delimiter),
                Some(_) => {}
            }
        }
    }
    Ok(best.1)
}

struct Survey {
    encoding: &'static Encoding,
    /// Bytes that are not UTF-8 in a file that otherwise is.
    replaced: u64,
}

/// Looks at every byte once: empty, binary, UTF-8, UTF-16, or else Windows-1252 (which holds all of Latin-1).
fn survey(input: &mut (impl Read + Seek)) -> Result<Survey, IntakeError> {
    input.seek(SeekFrom::Start(0))?;
    let mut buffer = vec![0; 128 << 10];
    let mut held = 0;
    let (mut is_first, mut is_blank) = (true, true);
    let (mut wide, mut wrong) = (0_u64, 0_u64);
    loop {
        let got = match input.read(&mut buffer[held..]) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        let chunk = &buffer[..held + got];
        if is_first && got > 0 {
            is_first = false;
            if chunk.starts_with(b"\xFF\xFE") {
                return Ok(Survey { encoding: UTF_16LE, replaced: 0 });
            }
            if chunk.starts_with(b"\xFE\xFF") {
                return Ok(Survey { encoding: UTF_16BE, replaced: 0 });
            }
            if let Some(encoding) = utf16_without_mark(&chunk[..chunk.len().min(4096)]) {
                return Ok(Survey { encoding, replaced: 0 });
            }
        }
        if chunk.contains(&0) {
            let advice = "it holds zero bytes, so it is no text; export it as CSV or XLSX".to_owned();
            return Err(IntakeError::UnknownFormat { advice });
        }
        is_blank &= chunk.iter().all(u8::is_ascii_whitespace);
        let mut rest = chunk;
        loop {
            match std::str::from_utf8(rest) {
                Ok(text) => {
                    wide += (text.len() - text.bytes().filter(u8::is_ascii).count()) as u64;
                    rest = &[];
                    break;
                }
                Err(error) => {
                    wide += rest[..error.valid_up_to()].iter().filter(|b| !b.is_ascii()).count() as u64;
                    match error.error_len() {
                        Some(length) => {
                            wrong += length as u64;
                            rest = &rest[error.valid_up_to() + length..];
                        }
                        // A character that continues in the next chunk.
                        None => {
                            rest = &rest[error.valid_up_to()..];
                            break;
                        }
                    }
                }
            }
        }
        let left = rest.to_vec();
        if got == 0 {
            wrong += left.len() as u64;
            break;
        }
        held = left.len();
        buffer[..held].copy_from_slice(&left);
    }
    if is_blank {
        return Err(IntakeError::Empty);
    }
    // A few broken characters in a file full of right ones are damage; otherwise it is another encoding.
    let is_utf8 = wrong == 0 || wide > wrong * 10;
    Ok(Survey { encoding: if is_utf8 { UTF_8 } else { WINDOWS_1252 }, replaced: if is_utf8 { wrong } else { 0 } })
}

/// ASCII in UTF-16 has a zero in every other byte.
fn utf16_without_mark(start: &[u8]) -> Option<&'static Encoding> {
    let pairs = start.chunks_exact(2);
    let most = pairs.len() * 2 / 3;
    let (high, low) = pairs.fold((0, 0), |(high, low), pair| (high + usize::from(pair[0] == 0), low + usize::from(pair[1] == 0)));
    if start.len() < 8 {
        None
    } else if low > most && high == 0 {
        Some(UTF_16LE)
    } else if high > most && low == 0 {
        Some(UTF_16BE)
    } else {
        None
    }
}

/// Gives any encoding as UTF-8; UTF-8 itself passes through.
struct Decoding<R> {
    input: R,
    encoding: &'static Encoding,
    decoder: Decoder,
    raw: Vec<u8>,
    raw_range: (usize, usize),
    at_end: bool,
    ready: Vec<u8>,
    ready_at: usize,
}

impl<R: Read + Seek> Decoding<R> {
    fn new(input: R, encoding: &'static Encoding) -> Self {
        Self {
            input,
            encoding,
            decoder: encoding.new_decoder_with_bom_removal(),
            raw: vec![0; 32 << 10],
            raw_range: (0, 0),
            at_end: false,
            ready: Vec::new(),
            ready_at: 0,
        }
    }

    /// Takes effect with the next restart.
    fn set_encoding(&mut self, encoding: &'static Encoding) {
        self.encoding = encoding;
    }

    fn restart(&mut self) -> io::Result<()> {
        self.input.seek(SeekFrom::Start(0))?;
        self.decoder = self.encoding.new_decoder_with_bom_removal();
        (self.raw_range, self.at_end, self.ready_at) = ((0, 0), false, 0);
        self.ready.clear();
        Ok(())
    }
}

impl<R: Read> Read for Decoding<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.encoding == UTF_8 {
            return self.input.read(out);
        }
        while self.ready_at >= self.ready.len() {
            if self.at_end {
                return Ok(0);
            }
            if self.raw_range.0 >= self.raw_range.1 {
                let got = self.input.read(&mut self.raw)?;
                self.raw_range = (0, got);
                self.at_end = got == 0;
            }
            let source = &self.raw[self.raw_range.0..self.raw_range.1];
            self.ready.resize(self.raw.len() * 3 + 16, 0);
            let (_, used, written, _) = self.decoder.decode_to_utf8(source, &mut self.ready, self.at_end);
            self.raw_range.0 += used;
            self.ready.truncate(written);
            self.ready_at = 0;
        }
        let ready = &self.ready[self.ready_at..];
        let length = ready.len().min(out.len());
        out[..length].copy_from_slice(&ready[..length]);
        self.ready_at += length;
        Ok(length)
    }
}

struct CsvSource<R> {
    table: Table<Decoding<R>>,
    delimiter: u8,
}

impl<R: Read + Seek> RowSource for CsvSource<R> {
    fn restart(&mut self) -> Result<(), IntakeError> {
        Ok(self.table.restart(self.delimiter).restart()?)
    }

    fn next_row(&mut self, cells: &mut Cells) -> Result<Option<Result<(), Problem>>, IntakeError> {
        Ok(match self.table.next_row()? {
            None => None,
            Some(Err(problem)) => Some(Err(problem)),
            Some(Ok(row)) => {
                cells.begin(row.line);
                for field in row.iter() {
                    match std::str::from_utf8(field) {
                        // The two marks for typed cells are no text; here they could only be planted.
                        Ok(text) if !text.starts_with(['\u{1}', '\u{2}']) => cells.push(text),
                        Ok(text) => cells.push(text.trim_start_matches(['\u{1}', '\u{2}'])),
                        Err(_) => cells.push(&String::from_utf8_lossy(field)),
                    }
                }
                Some(Ok(()))
            }
        })
    }
}
