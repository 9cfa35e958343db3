//! Delimited text as a stream of rows, for bank exports and the book's own files.
//!
//! Fields are split by `csv-core` (RFC 4180). Around it stands what that crate leaves open: a quotation mark that is never
//! closed would swallow the rest of the file in silence, and without bound. Here such a row is a problem of its own line, and reading
//! goes on with the next line. Memory is bounded by [`LONGEST_ROW`], whatever the size of the file.

use std::io::{self, Read};

use quittance_rules::bank::Problem;

/// Bytes of one row, line breaks inside quotation marks included.
pub const LONGEST_ROW: usize = 1 << 20;
/// Lines that one quoted field may span. Remittance texts have a handful.
const MOST_LINES: usize = 100;
const CHUNK: usize = 128 << 10;

/// Rows of a delimited text in UTF-8 (or any encoding that keeps ASCII; fields are bytes).
pub struct Table<R> {
    input: R,
    buffer: Vec<u8>,
    head: usize,
    tail: usize,
    at_end: bool,
    /// Number of the line that begins at `head`.
    line: u64,
    delimiter: u8,
    core: csv_core::Reader,
    fields: Vec<u8>,
    ends: Vec<usize>,
}

/// One row.
#[derive(Clone, Copy)]
pub struct Row<'t> {
    /// Number of the line it begins on, from 1.
    pub line: u64,
    fields: &'t [u8],
    ends: &'t [usize],
    /// Bytes between two fields: the delimiter, where the line is lent as it stands.
    between: usize,
}

impl<'t> Row<'t> {
    /// Number of fields.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no field at all.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// A field, quotation marks removed. `None` past the last one.
    pub fn get(&self, index: usize) -> Option<&'t [u8]> {
        self.fields.get(self.place(index)?)
    }

    /// Where a field stands in [`Row::bytes`]. `None` past the last one.
    pub fn place(&self, index: usize) -> Option<std::ops::Range<usize>> {
        let end = *self.ends.get(index)?;
        let before = index.checked_sub(1).and_then(|before| self.ends.get(before));
        Some(before.map_or(0, |before| before + self.between)..end)
    }

    /// The bytes of all fields, and perhaps of what stands between them.
    pub fn bytes(&self) -> &'t [u8] {
        self.fields
    }

    /// All fields.
    pub fn iter(&self) -> impl Iterator<Item = &'t [u8]> {
        let row = *self;
        (0..row.len()).filter_map(move |index| row.get(index))
    }
}

enum Physical {
    /// Offsets from `head`: where its content ends and where the next line begins.
    Line {
        end: usize,
        next: usize,
    },
    TooLong,
    End,
}

impl<R: Read> Table<R> {
    /// Rows of `input`, fields parted by `delimiter`.
    pub fn new(input: R, delimiter: u8) -> Self {
        Self {
            input,
            buffer: vec![0; CHUNK],
            head: 0,
            tail: 0,
            at_end: false,
            line: 1,
            delimiter,
            core: csv_core::ReaderBuilder::new().delimiter(delimiter).build(),
            fields: Vec::new(),
            ends: vec![0; 32],
        }
    }

    /// Forgets what was read and takes `delimiter` from here on; the caller has set the input back to its start.
    pub fn restart(&mut self, delimiter: u8) -> &mut R {
        (self.head, self.tail, self.at_end, self.line, self.delimiter) = (0, 0, false, 1, delimiter);
        self.core = csv_core::ReaderBuilder::new().delimiter(delimiter).build();
        &mut self.input
    }

    /// The next row that is not blank; `None` at the end. A row that cannot be taken apart is a [`Problem`], and the call after it goes
    /// on with the next line.
    ///
    /// # Errors
    /// What the operating system reports.
    pub fn next_row(&mut self) -> io::Result<Option<Result<Row<'_>, Problem>>> {
        loop {
            if self.line == 1 && self.head == 0 {
                self.skip_byte_order_mark()?;
            }
            let (mut end, mut next) = match self.physical(0)? {
                Physical::End => return Ok(None),
                Physical::TooLong => return Ok(self.skip_line()?.map(Err)),
                Physical::Line { end, next } => (end, next),
            };
            let first = next;
            let mut lines = 1;
            let is_quoted = memchr::memchr(b'"', self.content(end)).is_some();
            if is_quoted {
                while leaves_quote_open(self.content(end), self.delimiter) {
                    match if lines < MOST_LINES && next < LONGEST_ROW { self.physical(next)? } else { Physical::TooLong } {
                        Physical::Line { end: more_end, next: more_next } => {
                            (end, next) = (more_end, more_next);
                            lines += 1;
                        }
                        Physical::TooLong | Physical::End => {
                            let problem = Problem {
                                line: Some(self.line),
                                field: None,
                                message: "a quotation mark on this line is never closed; the line was left out".to_owned(),
                            };
                            self.consume(first, 1);
                            return Ok(Some(Err(problem)));
                        }
                    }
                }
            }
            let line = self.line;
            if self.content(end).iter().all(u8::is_ascii_whitespace) && self.delimiter != b'\t' || end == 0 {
                self.consume(next, lines as u64);
                continue;
            }
            if is_quoted {
                self.split(end);
                self.consume(next, lines as u64);
                return Ok(Some(Ok(Row { line, fields: &self.fields, ends: &self.ends, between: 0 })));
            }
            // Nothing to take out: the line is lent as it stands in the buffer.
            let content = self.head..self.head + end;
            self.ends.clear();
            self.ends.extend(memchr::memchr_iter(self.delimiter, &self.buffer[content.clone()]));
            self.ends.push(end);
            self.consume(next, lines as u64);
            return Ok(Some(Ok(Row { line, fields: &self.buffer[content], ends: &self.ends, between: 1 })));
        }
    }

    fn skip_byte_order_mark(&mut self) -> io::Result<()> {
        while self.tail < 3 && !self.at_end {
            self.fill()?;
        }
        if self.buffer[..self.tail].starts_with(b"\xEF\xBB\xBF") {
            self.head = 3;
        }
        Ok(())
    }

    fn content(&self, end: usize) -> &[u8] {
        &self.buffer[self.head..self.head + end]
    }

    fn consume(&mut self, bytes: usize, lines: u64) {
        self.head += bytes;
        self.line += lines;
    }

    fn split(&mut self, end: usize) {
        self.core.reset();
        self.fields.resize(end, 0);
        let most = self.ends.capacity().max(32);
        self.ends.resize(most, 0);
        let (mut read, mut written, mut fields) = (0, 0, 0);
        loop {
            // Once the input is used up, an empty slice tells the splitter that the row is over.
            let input = &self.buffer[self.head + read..self.head + end];
            let (result, used, wrote, found) =
                self.core.read_record(input, &mut self.fields[written..], &mut self.ends[fields..]);
            read += used;
            written += wrote;
            fields += found;
            match result {
                csv_core::ReadRecordResult::OutputFull => self.fields.resize(self.fields.len() * 2 + 8, 0),
                csv_core::ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                csv_core::ReadRecordResult::InputEmpty => {}
                csv_core::ReadRecordResult::Record | csv_core::ReadRecordResult::End => break,
            }
        }
        self.fields.truncate(written);
        self.ends.truncate(fields);
    }

    /// Finds the line that begins `from` bytes after `head`.
    fn physical(&mut self, from: usize) -> io::Result<Physical> {
        let mut scanned = from;
        loop {
            let unseen = &self.buffer[self.head + scanned..self.tail];
            if let Some(at) = memchr::memchr2(b'\n', b'\r', unseen) {
                let end = scanned + at;
                match (unseen[at], unseen.get(at + 1)) {
                    (b'\r', Some(b'\n')) => return Ok(Physical::Line { end, next: end + 2 }),
                    // The other half of the line end may still be unread.
                    (b'\r', None) if !self.at_end => scanned = end,
                    _ => return Ok(Physical::Line { end, next: end + 1 }),
                }
            } else {
                scanned = self.tail - self.head;
                if self.at_end {
                    return Ok(if scanned > from { Physical::Line { end: scanned, next: scanned } } else { Physical::End });
                }
                if scanned - from > LONGEST_ROW {
                    return Ok(Physical::TooLong);
                }
            }
            self.fill()?;
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        if self.head > 0 {
            self.buffer.copy_within(self.head..self.tail, 0);
            self.tail -= self.head;
            self.head = 0;
        }
        if self.tail == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        let got = loop {
            match self.input.read(&mut self.buffer[self.tail..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.at_end = got == 0;
        self.tail += got;
        Ok(())
    }

    fn skip_line(&mut self) -> io::Result<Option<Problem>> {
        let problem = Problem {
            line: Some(self.line),
            field: None,
            message: format!("the line is longer than {} KiB; it was left out", LONGEST_ROW >> 10),
        };
        loop {
            if let Some(at) = memchr::memchr2(b'\n', b'\r', &self.buffer[self.head..self.tail]) {
                self.head += at;
                if let Physical::Line { next, .. } = self.physical(0)? {
                    self.consume(next, 1);
                }
                return Ok(Some(problem));
            }
            self.head = self.tail;
            if self.at_end {
                return Ok(Some(problem));
            }
            self.fill()?;
        }
    }
}

/// Whether a quoted field that begins in `row` is still open at its end. A quotation mark inside an unquoted field is a letter like
/// any other, as `csv-core` reads it.
fn leaves_quote_open(row: &[u8], delimiter: u8) -> bool {
    let mut rest = row;
    loop {
        if let [b'"', inside @ ..] = rest {
            let mut inside = inside;
            loop {
                match memchr::memchr(b'"', inside) {
                    None => return true,
                    Some(at) => match &inside[at + 1..] {
                        [b'"', after @ ..] => inside = after,
                        after => {
                            rest = after;
                            break;
                        }
                    },
                }
            }
        }
        match memchr::memchr(delimiter, rest) {
            None => return false,
            Some(at) => rest = &rest[at + 1..],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows(text: &[u8], delimiter: u8) -> (Vec<(u64, Vec<String>)>, Vec<u64>) {
        let mut table = Table::new(text, delimiter);
        let (mut rows, mut problems) = (Vec::new(), Vec::new());
        while let Some(row) = table.next_row().expect("memory does not fail") {
            match row {
                Ok(row) => rows.push((row.line, row.iter().map(|f| String::from_utf8_lossy(f).into_owned()).collect())),
                Err(problem) => problems.extend(problem.line),
            }
        }
        (rows, problems)
    }

    fn row(line: u64, fields: &[&str]) -> (u64, Vec<String>) {
        (line, fields.iter().map(|&f| f.to_owned()).collect())
    }

    #[test]
    fn rows_and_their_lines() {
        for (text, expected) in [
            ("a,b\n1,2\n", vec![row(1, &["a", "b"]), row(2, &["1", "2"])]),
            ("a,b\r\n1,2", vec![row(1, &["a", "b"]), row(2, &["1", "2"])]),
            ("a,b\r1,2\r", vec![row(1, &["a", "b"]), row(2, &["1", "2"])]),
            ("a\n\n  \nb\n", vec![row(1, &["a"]), row(4, &["b"])]),
            ("a,\n,\n", vec![row(1, &["a", ""]), row(2, &["", ""])]),
            ("\"a\nb\",2\nc,3\n", vec![row(1, &["a\nb", "2"]), row(3, &["c", "3"])]),
            ("\"a\"\"b\",2\n", vec![row(1, &["a\"b", "2"])]),
            ("5\" pipe,2\nc,3\n", vec![row(1, &["5\" pipe", "2"]), row(2, &["c", "3"])]),
        ] {
            assert_eq!(rows(text.as_bytes(), b','), (expected, vec![]), "{text:?}");
        }
    }

    #[test]
    fn an_open_quotation_mark_costs_one_line() {
        let mut text = String::from("a,b\n\"x,1\n");
        for n in 0..300 {
            text.push_str(&format!("r{n},2\n"));
        }
        let (rows, problems) = rows(text.as_bytes(), b',');
        assert_eq!((rows.len(), problems), (301, vec![2]));
        assert_eq!(super::tests::rows(b"a\n\"x", b',').1, vec![2]);
    }

    #[test]
    fn an_endless_line_costs_one_line_and_little_memory() {
        let mut text = b"a,b\n".to_vec();
        text.extend(std::iter::repeat_n(b'x', 5 * LONGEST_ROW));
        text.extend(b"\nc,d\n");
        let (rows, problems) = rows(&text, b',');
        assert_eq!((rows, problems), (vec![row(1, &["a", "b"]), row(3, &["c", "d"])], vec![2]));
    }

    proptest! {
        #[test]
        fn agrees_with_the_csv_crate_on_whole_tables(table in prop::collection::vec(prop::collection::vec("[a-z\",\n 0-9]{0,8}", 3), 1..20)) {
            let mut writer = csv::WriterBuilder::new().quote_style(csv::QuoteStyle::Always).from_writer(Vec::new());
            for record in &table {
                writer.write_record(record).expect("memory does not fail");
            }
            let text = writer.into_inner().expect("memory does not fail");
            let (found, problems) = rows(&text, b',');
            prop_assert_eq!(problems, Vec::<u64>::new());
            prop_assert_eq!(found.into_iter().map(|(_, fields)| fields).collect::<Vec<_>>(), table);
        }

        #[test]
        fn never_panics(bytes in prop::collection::vec(prop::sample::select(b"a1,;\"\n\r\t \xff".to_vec()), 0..200)) {
            let (found, _) = rows(&bytes, b',');
            prop_assert!(found.len() <= bytes.len());
        }
    }
}
