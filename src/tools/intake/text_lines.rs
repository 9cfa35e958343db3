//! Lines of a bank's text file: any line end, any of the charsets banks use, in bounded memory.

use std::io::{self, BufRead};

/// Longest piece of a line that is held in memory, in bytes. No format here has lines near it.
const LONGEST_LINE: usize = 64 * 1024;

/// One line, or one piece of a line longer than the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LineInfo {
    /// Number in the file, from 1.
    pub number: u64,
    /// This piece continues the line of the piece before.
    pub continues: bool,
}

/// Reads lines ended by LF, CR LF or CR, without holding more than one of them.
pub(super) struct LineReader<R> {
    input: R,
    number: u64,
    longest: usize,
    skip_line_feed: bool,
    inside_line: bool,
    line: Vec<u8>,
}

impl<R: BufRead> LineReader<R> {
    pub fn new(input: R) -> Self {
        Self::with_longest(input, LONGEST_LINE)
    }

    /// Lines longer than `longest` bytes come in pieces of exactly that length (the last one shorter).
    pub fn with_longest(input: R, longest: usize) -> Self {
        Self { input, number: 0, longest: longest.max(1), skip_line_feed: false, inside_line: false, line: Vec::new() }
    }

    /// The bytes of the piece that [`Self::advance`] found last, without its line end.
    pub fn bytes(&self) -> &[u8] {
        &self.line
    }

    /// Moves to the next line or piece; `None` at the end of the file.
    pub fn advance(&mut self) -> io::Result<Option<LineInfo>> {
        self.line.clear();
        let continues = self.inside_line;
        let mut any = false;
        loop {
            let chunk = match self.input.fill_buf() {
                Ok(chunk) => chunk,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(e),
            };
            if chunk.is_empty() {
                self.inside_line = false;
                if !any {
                    return Ok(None);
                }
                break;
            }
            if std::mem::take(&mut self.skip_line_feed) && chunk.first() == Some(&b'\n') {
                self.input.consume(1);
                continue;
            }
            any = true;
            let room = self.longest - self.line.len();
            let window = &chunk[..chunk.len().min(room)];
            match window.iter().position(|&b| b == b'\n' || b == b'\r') {
                Some(at) => {
                    self.skip_line_feed = window[at] == b'\r';
                    self.line.extend_from_slice(&window[..at]);
                    self.input.consume(at + 1);
                    self.inside_line = false;
                    break;
                }
                None => {
                    self.line.extend_from_slice(window);
                    let taken = window.len();
                    self.input.consume(taken);
                    if self.line.len() >= self.longest {
                        self.inside_line = true;
                        break;
                    }
                }
            }
        }
        if !continues {
            self.number += 1;
            if self.number == 1 && self.line.starts_with(b"\xEF\xBB\xBF") {
                self.line.drain(..3);
            }
        }
        Ok(Some(LineInfo { number: self.number, continues }))
    }
}

/// Turns bytes into text. UTF-8 where the bytes are UTF-8; else Windows-1252 or code page 858, whichever the first
/// such bytes look like: in the one, letters with marks lie at C0..FF, in the other at 80..A5.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct TextDecoder {
    legacy: Option<Legacy>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Legacy {
    Windows1252,
    CodePage858,
}

impl TextDecoder {
    pub fn decode(&mut self, bytes: &[u8]) -> String {
        if let Ok(text) = std::str::from_utf8(bytes) {
            return text.to_owned();
        }
        let legacy = *self.legacy.get_or_insert_with(|| likely_charset(bytes));
        match legacy {
            Legacy::Windows1252 => encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(),
            Legacy::CodePage858 => bytes.iter().map(|&b| code_page_858(b)).collect(),
        }
    }
}

fn likely_charset(bytes: &[u8]) -> Legacy {
    // Between letters, 81 82 84 87 8E 94 99 9A A4 A5 are ü é ä ç Ä ö Ö Ü ñ Ñ in code page 858 and hardly ever text in Windows-1252.
    let (mut dos, mut windows) = (0_u32, 0_u32);
    for (at, &byte) in bytes.iter().enumerate() {
        let beside_letter = [at.checked_sub(1), at.checked_add(1)]
            .into_iter()
            .flatten()
            .filter_map(|i| bytes.get(i))
            .any(u8::is_ascii_alphabetic);
        match byte {
            0x81..=0x90 | 0x93..=0x95 | 0x99 | 0x9A | 0xA0..=0xA5 if beside_letter => dos += 1,
            // E1 is ß in the one and á in the other.
            0xC0..=0xE0 | 0xE2..=0xFF if beside_letter => windows += 1,
            _ => {}
        }
    }
    if dos > windows { Legacy::CodePage858 } else { Legacy::Windows1252 }
}

/// Code page 858 (850 with the euro sign at D5). Source: IBM CDRA, code page 00858.
fn code_page_858(byte: u8) -> char {
    const UPPER: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈ€ÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}";
    match byte.checked_sub(0x80) {
        None => char::from(byte),
        Some(offset) => UPPER.chars().nth(usize::from(offset)).unwrap_or('\u{fffd}'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8], longest: usize) -> Vec<(u64, bool, Vec<u8>)> {
        let mut reader = LineReader::with_longest(io::BufReader::with_capacity(3, bytes), longest);
        let mut found = Vec::new();
        while let Some(info) = reader.advance().expect("memory does not fail") {
            found.push((info.number, info.continues, reader.bytes().to_vec()));
        }
        found
    }

    #[test]
    fn every_line_end_ends_a_line_once() {
        let expected =
            vec![(1, false, b"a".to_vec()), (2, false, b"b".to_vec()), (3, false, b"".to_vec()), (4, false, b"c".to_vec())];
        for text in ["a\nb\n\nc", "a\r\nb\r\n\r\nc\r\n", "a\rb\r\rc\r", "\u{feff}a\nb\n\nc\n"] {
            assert_eq!(lines(text.as_bytes(), 100), expected, "{text:?}");
        }
        assert!(lines(b"", 10).is_empty());
    }

    #[test]
    fn a_long_line_comes_in_pieces_of_the_limit() {
        assert_eq!(
            lines(b"abcdefgh\nx", 3),
            vec![(1, false, b"abc".to_vec()), (1, true, b"def".to_vec()), (1, true, b"gh".to_vec()), (2, false, b"x".to_vec())]
        );
    }

    #[test]
    fn the_charset_is_told_from_the_bytes() {
        for (bytes, text) in [
            ("Müller & Söhne".as_bytes(), "Müller & Söhne"),
            (b"M\xFCller & S\xF6hne".as_slice(), "Müller & Söhne"),
            (b"M\x81ller & S\x94hne".as_slice(), "Müller & Söhne"),
            (b"Stra\xE1e \x9Aberweisung".as_slice(), "Straße Überweisung"),
            (b"10 \x80 bezahlt".as_slice(), "10 € bezahlt"),
            (b"Caf\xE9".as_slice(), "Café"),
        ] {
            assert_eq!(TextDecoder::default().decode(bytes), text);
        }
        assert_eq!((0x80_u8..=0xFF).map(code_page_858).filter(|&c| c == '\u{fffd}').count(), 0);
    }
}
