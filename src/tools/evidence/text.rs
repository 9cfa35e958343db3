//! Plain text: decoded, and set on a grid of characters.

use quittance_rules::evidence::Source;

use super::page::{Document, Page};

/// Longest text that is looked at, in bytes after decoding.
const TEXT_MAX: usize = 1024 * 1024;

/// Decodes text by its byte order mark, else UTF-8, else Windows-1252, which every byte fits. `true` when the last was a guess.
pub(super) fn decode(bytes: &[u8]) -> (String, bool) {
    if let Some((encoding, _)) = encoding_rs::Encoding::for_bom(bytes) {
        return (encoding.decode(bytes).0.into_owned(), false);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => (text.to_owned(), false),
        Err(_) => (encoding_rs::WINDOWS_1252.decode(bytes).0.into_owned(), true),
    }
}

/// Reads a text file.
pub(super) fn read(bytes: &[u8]) -> Document {
    let (text, guessed) = decode(bytes);
    let mut document = Document::default();
    if guessed {
        document
            .complaints
            .push("The text is not UTF-8 and was read as Windows-1252; letters with accents may be wrong.".to_owned());
    }
    document.pages.push(page(&text, &mut document.complaints));
    document
}

/// A text as a page, cut at a size nobody writes by hand.
pub(super) fn page(text: &str, complaints: &mut Vec<String>) -> Page {
    let mut end = text.len().min(TEXT_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    if end < text.len() {
        complaints.push(format!("Only the first {TEXT_MAX} bytes of the text were read."));
    }
    Page::of_text(text.get(..end).unwrap_or_default(), Source::Mail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings() {
        assert_eq!(decode("año".as_bytes()), ("año".to_owned(), false));
        assert_eq!(decode(b"a\xf1o"), ("año".to_owned(), true));
        assert_eq!(decode(b"\xff\xfea\0\xf1\0o\0"), ("año".to_owned(), false));
        assert_eq!(decode(b"\xef\xbb\xbfhi").0, "hi");
    }
}
