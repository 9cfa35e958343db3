//! Bytes in whatever encoding an XML file is in, as UTF-8, with lines counted and over-long pieces kept from the parser.

use std::io::{self, BufRead, ErrorKind, Read};

use encoding_rs::{Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use quittance_rules::bank::Problem;

use super::IntakeError;

/// Bytes taken from the source at a time.
const CHUNK: usize = 64 << 10;
/// A tag, comment or CDATA section longer than this ends the reading.
const MAX_MARKUP: usize = 1 << 20;
/// Text of one run longer than this is not handed on (it would be held whole by the parser).
const MAX_TEXT_RUN: usize = 128 << 10;

/// Marks the I/O error that stops the parser at a tag longer than 1 MiB.
#[derive(Debug, thiserror::Error)]
#[error("markup is longer than 1 MiB")]
pub(crate) struct MarkupTooLong;

/// What the parser is reading since [`Utf8Input::begin_event`].
#[derive(Clone, Copy, PartialEq, Eq)]
enum Piece {
    Unknown,
    Markup,
    Text,
}

/// The source as UTF-8.
pub(crate) struct Utf8Input<R> {
    source: R,
    /// First bytes, read ahead to find the encoding.
    head: Vec<u8>,
    /// `None`: UTF-8, where bytes that are none are read as Windows-1252 (what a mislabelled Western file nearly always is).
    decoder: Option<Decoder>,
    /// Start of a character whose rest is in the next chunk.
    carry: Vec<u8>,
    out: Vec<u8>,
    at: usize,
    ended: bool,
    line: u64,
    piece: Piece,
    piece_bytes: usize,
    cut: Option<u64>,
    misencoded: Option<Problem>,
    told: bool,
}

impl<R: BufRead> Utf8Input<R> {
    /// Reads the first bytes and decides on the encoding: byte order mark, the zero bytes of UTF-16, then the XML declaration.
    pub(crate) fn new(mut source: R) -> Result<Self, IntakeError> {
        let mut head = Vec::with_capacity(1024);
        (&mut source).take(1024).read_to_end(&mut head)?;
        if head.len() < 1024 && head.iter().all(|b| b.is_ascii_whitespace() || *b == 0) {
            return Err(IntakeError::Empty);
        }
        let mut misencoded = None;
        let encoding = match Encoding::for_bom(&head) {
            Some((encoding, length)) => {
                head.drain(..length);
                encoding
            }
            None => match head.get(..4) {
                Some([b'<', 0, _, 0]) => UTF_16LE,
                Some([0, b'<', 0, _]) => UTF_16BE,
                _ => declared(&head, &mut misencoded),
            },
        };
        let decoder = (encoding != UTF_8).then(|| encoding.new_decoder_without_bom_handling());
        Ok(Self {
            source,
            head,
            decoder,
            carry: Vec::new(),
            out: Vec::new(),
            at: 0,
            ended: false,
            line: 1,
            piece: Piece::Unknown,
            piece_bytes: 0,
            cut: None,
            told: misencoded.is_some(),
            misencoded,
        })
    }

    /// Line of the next byte, from 1.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// The parser starts on a new tag or run of text.
    pub(crate) fn begin_event(&mut self) {
        self.piece = Piece::Unknown;
        self.piece_bytes = 0;
    }

    /// Line where text was first left out since the last call.
    pub(crate) fn take_cut(&mut self) -> Option<u64> {
        self.cut.take()
    }

    /// The problem with the encoding, if one has come up since the last call. Only the first is told.
    pub(crate) fn take_misencoded(&mut self) -> Option<Problem> {
        self.misencoded.take()
    }

    fn refill(&mut self) -> io::Result<()> {
        self.out.clear();
        self.at = 0;
        while self.out.is_empty() && !self.ended {
            let mut raw = std::mem::take(&mut self.carry);
            if self.head.is_empty() {
                let chunk = loop {
                    match self.source.fill_buf() {
                        Ok(chunk) => break chunk,
                        Err(e) if e.kind() == ErrorKind::Interrupted => {}
                        Err(e) => return Err(e),
                    }
                };
                let taken = chunk.len().min(CHUNK);
                self.ended = taken == 0;
                raw.extend_from_slice(chunk.get(..taken).unwrap_or_default());
                self.source.consume(taken);
            } else {
                raw.append(&mut self.head);
            }
            match &mut self.decoder {
                None => self.decode_utf8(raw),
                Some(decoder) => {
                    let room = decoder.max_utf8_buffer_length(raw.len()).unwrap_or(raw.len().saturating_mul(3));
                    self.out.resize(room, 0);
                    let (_, _, written, replaced) = decoder.decode_to_utf8(&raw, &mut self.out, self.ended);
                    self.out.truncate(written);
                    if replaced {
                        let name = decoder.encoding().name();
                        self.tell_misencoded(format!("bytes here are no {name} text; they are shown as `\u{fffd}`"));
                    }
                }
            }
            self.stop_at_zero();
        }
        Ok(())
    }

    /// XML has no zero character. A file that goes on in zeros was cut off and padded (a full disk, a sparse copy): it ends there, and a
    /// claimed size of many gigabytes is not read.
    fn stop_at_zero(&mut self) {
        if let Some(at) = memchr::memchr(0, &self.out) {
            self.out.truncate(at);
            self.carry.clear();
            self.ended = true;
            self.told = false;
            self.tell_misencoded("the file holds zero bytes from here on and is read to this place; ask for it again".to_owned());
        }
    }

    fn decode_utf8(&mut self, raw: Vec<u8>) {
        let mut rest = match std::str::from_utf8(&raw) {
            Ok(_) => {
                self.out = raw;
                return;
            }
            Err(_) => raw.as_slice(),
        };
        while !rest.is_empty() {
            let error = match std::str::from_utf8(rest) {
                Ok(_) => {
                    self.out.extend_from_slice(rest);
                    return;
                }
                Err(error) => error,
            };
            let (good, bad) = rest.split_at(error.valid_up_to());
            self.out.extend_from_slice(good);
            let bad_length = match error.error_len() {
                Some(length) => length,
                None if self.ended => bad.len(),
                None => {
                    self.carry = bad.to_vec();
                    return;
                }
            };
            let (bad, after) = bad.split_at(bad_length.min(bad.len()));
            let (text, _) = WINDOWS_1252.decode_without_bom_handling(bad);
            self.out.extend_from_slice(text.as_bytes());
            self.tell_misencoded(
                "bytes from here on are not UTF-8, as the file says; they were read as Windows-1252: check accents in names"
                    .to_owned(),
            );
            rest = after;
        }
    }

    fn tell_misencoded(&mut self, message: String) {
        // Told once per file: a Latin-1 file has such a byte in every other line.
        if !self.told {
            self.told = true;
            let line = self.line + newlines(&self.out);
            self.misencoded = Some(Problem { line: Some(line), field: None, message });
        }
    }

    fn pass(&mut self, amount: usize) {
        let to = (self.at + amount).min(self.out.len());
        self.line += newlines(self.out.get(self.at..to).unwrap_or_default());
        self.at = to;
    }
}

fn newlines(bytes: &[u8]) -> u64 {
    bytes.iter().map(|b| u64::from(*b == b'\n')).sum()
}

/// The encoding of the XML declaration; UTF-8 where there is none.
fn declared(head: &[u8], misencoded: &mut Option<Problem>) -> &'static Encoding {
    let text: String = head.iter().take_while(|b| **b != b'>').map(|b| char::from(*b)).collect();
    let Some((_, after)) = text.split_once("encoding") else { return UTF_8 };
    let after = after.trim_start().trim_start_matches('=').trim_start();
    let Some(quote) = after.chars().next().filter(|c| matches!(c, '"' | '\'')) else { return UTF_8 };
    let label = after.trim_start_matches(quote).split(quote).next().unwrap_or_default();
    match Encoding::for_label(label.as_bytes()) {
        // Written by programs that hold text as UTF-16 and save it as UTF-8: the declaration was readable as bytes.
        Some(found) if found == UTF_16LE || found == UTF_16BE => UTF_8,
        Some(found) => found,
        None => {
            let label: String = label.chars().take(40).collect();
            *misencoded = Some(Problem {
                line: Some(1),
                field: Some("encoding".to_owned()),
                message: format!("the encoding `{label}` is not known; the file was read as UTF-8"),
            });
            UTF_8
        }
    }
}

impl<R: BufRead> Read for Utf8Input<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let amount = available.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(available) {
            *to = *from;
        }
        self.consume(amount);
        Ok(amount)
    }
}

impl<R: BufRead> BufRead for Utf8Input<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        loop {
            if self.at >= self.out.len() {
                self.refill()?;
                if self.out.is_empty() {
                    return Ok(&[]);
                }
            }
            let available = self.out.get(self.at..).unwrap_or_default();
            if self.piece == Piece::Unknown {
                self.piece = if available.first() == Some(&b'<') { Piece::Markup } else { Piece::Text };
            }
            if self.piece_bytes > MAX_MARKUP && self.piece == Piece::Markup {
                return Err(io::Error::other(MarkupTooLong));
            }
            if self.piece_bytes > MAX_TEXT_RUN && self.piece == Piece::Text {
                let text = available.iter().position(|b| matches!(b, b'<' | b'&')).unwrap_or(available.len());
                if text > 0 {
                    self.cut.get_or_insert(self.line);
                    self.pass(text);
                    continue;
                }
            }
            break;
        }
        Ok(self.out.get(self.at..).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.piece_bytes = self.piece_bytes.saturating_add(amount);
        self.pass(amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> (String, Option<Problem>) {
        let mut input = Utf8Input::new(bytes).expect("not empty");
        let mut text = Vec::new();
        // Small reads, so that characters fall across chunks.
        loop {
            let n = input.fill_buf().expect("memory").len().min(3);
            if n == 0 {
                break;
            }
            text.extend_from_slice(&input.fill_buf().expect("memory")[..n]);
            input.consume(n);
            input.begin_event();
        }
        (String::from_utf8(text).expect("UTF-8"), input.take_misencoded())
    }

    #[test]
    fn every_encoding_becomes_utf8() {
        let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><a>M\xfcller</a>";
        assert!(all(latin).0.ends_with("<a>Müller</a>"));
        let mut wide = vec![0xff, 0xfe];
        wide.extend("<a>Müller €</a>".encode_utf16().flat_map(u16::to_le_bytes));
        assert_eq!(all(&wide), ("<a>Müller €</a>".to_owned(), None));
        let wide: Vec<u8> = "<a>Müller €</a>".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(all(&wide), ("<a>Müller €</a>".to_owned(), None));
        assert_eq!(all(b"\xef\xbb\xbf<a>\xc3\xbc</a>"), ("<a>ü</a>".to_owned(), None));
        // Says UTF-16, is not.
        assert!(all(b"<?xml version='1.0' encoding='utf-16'?><a>\xc3\xbc</a>").0.ends_with("<a>ü</a>"));
    }

    #[test]
    fn what_is_not_in_the_declared_encoding_is_told_with_its_line() {
        let (text, problem) = all(b"<?xml version='1.0' encoding='UTF-8'?>\n<a>\nM\xfcller\xc3\xbc</a>\n");
        assert!(text.contains("Müllerü"), "{text}");
        assert_eq!(problem.and_then(|p| p.line), Some(3));
        let (text, problem) = all(b"<?xml encoding='klingon'?><a/>");
        assert!(text.ends_with("<a/>") && problem.is_some_and(|p| p.message.contains("klingon")));
    }
}
