//! Tags and texts of OFX, whether SGML with its missing end tags and bare `&`, or XML. Bounded memory.

use std::io::{self, BufRead};

use encoding_rs::{Encoding, WINDOWS_1252};

/// Longest text and longest tag kept; what is beyond is dropped and said.
const LONGEST_TEXT: usize = 64 * 1024;
const LONGEST_TAG: usize = 1024;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// `<STMTTRN>`: name in upper case. `<MEMO/>` comes as `Open` and `Close`.
    Open(String),
    Close(String),
    /// Entities are resolved; a bare `&` is itself.
    Text(String),
    /// A text or tag was longer than the limit; its beginning follows as usual.
    TooLong,
    End,
}

pub(super) struct Tokens<R> {
    input: R,
    line: u64,
    declared: Option<&'static Encoding>,
    waiting: Vec<Token>,
    header_done: bool,
}

impl<R: BufRead> Tokens<R> {
    pub fn new(input: R) -> Self {
        Self { input, line: 1, declared: None, waiting: Vec::new(), header_done: false }
    }

    /// Line that has been reached, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            match self.input.fill_buf() {
                Ok(bytes) => return Ok(bytes.first().copied()),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }

    fn take(&mut self) -> io::Result<Option<u8>> {
        let byte = self.peek()?;
        if let Some(byte) = byte {
            self.input.consume(1);
            if byte == b'\n' {
                self.line += 1;
            }
        }
        Ok(byte)
    }

    pub fn next(&mut self) -> io::Result<Token> {
        loop {
            if let Some(token) = self.waiting.pop() {
                return Ok(token);
            }
            match self.peek()? {
                None => return Ok(Token::End),
                Some(b'<') => {
                    self.take()?;
                    match self.peek()? {
                        Some(b) if b.is_ascii_alphabetic() || matches!(b, b'/' | b'!' | b'?') => self.tag()?,
                        // `A < B` in a text.
                        _ => self.text(vec![b'<'])?,
                    }
                }
                Some(_) => self.text(Vec::new())?,
            }
        }
    }

    fn text(&mut self, mut bytes: Vec<u8>) -> io::Result<()> {
        let mut too_long = false;
        while let Some(byte) = self.peek()? {
            if byte == b'<' {
                break;
            }
            self.take()?;
            if bytes.len() < LONGEST_TEXT { bytes.push(byte) } else { too_long = true }
        }
        if !self.header_done {
            self.read_header(&bytes);
        }
        let text = resolve_entities(&self.decode(&bytes));
        self.waiting.push(Token::Text(text));
        if too_long {
            self.waiting.push(Token::TooLong);
        }
        Ok(())
    }

    fn tag(&mut self) -> io::Result<()> {
        let mut bytes = Vec::new();
        let mut too_long = false;
        let end: &[u8] = loop {
            let Some(byte) = self.take()? else { break b"" };
            if bytes.len() < LONGEST_TAG {
                bytes.push(byte)
            } else {
                too_long = true
            }
            if bytes.starts_with(b"![CDATA[") {
                break b"]]>";
            }
            if bytes.starts_with(b"!--") {
                break b"-->";
            }
            if byte == b'>' {
                if !too_long {
                    bytes.pop();
                }
                break b"";
            }
        };
        if !end.is_empty() {
            let is_text = end == b"]]>";
            let mut last = [0_u8; 3];
            let mut inside = Vec::new();
            while let Some(byte) = self.take()? {
                last = [last[1], last[2], byte];
                if last == *end {
                    inside.truncate(inside.len().saturating_sub(2));
                    break;
                }
                if is_text && inside.len() < LONGEST_TEXT {
                    inside.push(byte);
                }
            }
            if is_text {
                let text = self.decode(&inside);
                self.waiting.push(Token::Text(text));
            }
            return Ok(());
        }
        let tag = String::from_utf8_lossy(&bytes).into_owned();
        if tag.starts_with(['?', '!']) {
            self.read_declaration(&tag);
            return Ok(());
        }
        self.header_done = true;
        let name = |text: &str| text.split([' ', '\t', '\r', '\n', '/']).next().unwrap_or_default().to_ascii_uppercase();
        if let Some(closed) = tag.strip_prefix('/') {
            self.waiting.push(Token::Close(name(closed)));
        } else {
            if tag.ends_with('/') {
                self.waiting.push(Token::Close(name(&tag)));
            }
            self.waiting.push(Token::Open(name(&tag)));
        }
        if too_long {
            self.waiting.push(Token::TooLong);
        }
        Ok(())
    }

    /// `ENCODING:UTF-8`, `CHARSET:1252` of the version 1 header.
    fn read_header(&mut self, bytes: &[u8]) {
        for word in String::from_utf8_lossy(bytes).split_whitespace() {
            if let Some(set) = word.strip_prefix("CHARSET:") {
                let label = if set.bytes().all(|b| b.is_ascii_digit()) { format!("windows-{set}") } else { set.to_owned() };
                self.declared = Encoding::for_label(label.as_bytes()).or(self.declared);
            }
        }
    }

    /// `<?xml version="1.0" encoding="ISO-8859-2"?>`
    fn read_declaration(&mut self, tag: &str) {
        let Some((_, rest)) = tag.split_once("encoding=") else { return };
        let label = rest.trim_start_matches(['"', '\'']).split(['"', '\'', '?', ' ']).next().unwrap_or_default();
        self.declared = Encoding::for_label(label.as_bytes()).or(self.declared);
    }

    /// UTF-8 where the bytes are UTF-8, whatever the header says (many files lie); else what is declared, else Windows-1252.
    fn decode(&self, bytes: &[u8]) -> String {
        match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => {
                let declared = self.declared.filter(|e| *e != encoding_rs::UTF_8).unwrap_or(WINDOWS_1252);
                declared.decode_without_bom_handling(bytes).0.into_owned()
            }
        }
    }
}

/// Resolves the entities of XML and `&nbsp;`. A `&` that begins none stays (`MILLER & SONS`, `AT&T`).
fn resolve_entities(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let entity = rest.char_indices().take(10).find(|(_, c)| *c == ';').map(|(end, _)| &rest[1..end]);
        match entity.and_then(|e| entity_character(e).map(|c| (c, e.len() + 2))) {
            Some((character, length)) => {
                out.push(character);
                rest = &rest[length..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn entity_character(entity: &str) -> Option<char> {
    match entity {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        _ => {
            let number = entity.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code).filter(|c| !c.is_control())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Vec<Token> {
        let mut tokens = Tokens::new(io::BufReader::with_capacity(2, bytes));
        let mut found = Vec::new();
        loop {
            match tokens.next().expect("memory does not fail") {
                Token::End => return found,
                Token::Text(text) if text.trim().is_empty() => {}
                token => found.push(token),
            }
        }
    }

    #[test]
    fn tags_and_texts() {
        let open = |n: &str| Token::Open(n.to_owned());
        let close = |n: &str| Token::Close(n.to_owned());
        let text = |t: &str| Token::Text(t.to_owned());
        for (bytes, expected) in [
            (b"<NAME>BLUEBIRD DENTAL & CO".as_slice(), vec![open("NAME"), text("BLUEBIRD DENTAL & CO")]),
            (b"<name>AT&amp;T &#38; A &lt; B &bogus; &".as_slice(), vec![open("NAME"), text("AT&T & A < B &bogus; &")]),
            (
                b"<MEMO/><A b='c'>1 < 2</A>".as_slice(),
                vec![open("MEMO"), close("MEMO"), open("A"), text("1 "), text("< 2"), close("A")],
            ),
            (b"<A><![CDATA[x & <y>]]></A><!-- <B> -->".as_slice(), vec![open("A"), text("x & <y>"), close("A")]),
            (b"CHARSET:1252\n<A>M\xFCller".as_slice(), vec![text("CHARSET:1252\n"), open("A"), text("Müller")]),
            (b"<?xml encoding=\"ISO-8859-2\"?><A>\xB1".as_slice(), vec![open("A"), text("ą")]),
            (b"<A".as_slice(), vec![open("A")]),
            (b"<".as_slice(), vec![text("<")]),
        ] {
            assert_eq!(all(bytes), expected, "{}", String::from_utf8_lossy(bytes));
        }
    }
}
