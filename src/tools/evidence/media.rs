//! What a file is, told from its bytes. Names and declared types are the sender's word and are not looked at.

use super::protocol::{Refusal, RefusalReason};

/// The types of evidence that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // The names are those of the formats.
pub enum Media {
    Png,
    Jpeg,
    WebP,
    Gif,
    Bmp,
    Tiff,
    Heic,
    Pdf,
    Mail,
    Html,
    Text,
}

impl Media {
    /// The registered media type.
    pub fn name(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::WebP => "image/webp",
            Self::Gif => "image/gif",
            Self::Bmp => "image/bmp",
            Self::Tiff => "image/tiff",
            Self::Heic => "image/heic",
            Self::Pdf => "application/pdf",
            Self::Mail => "message/rfc822",
            Self::Html => "text/html",
            Self::Text => "text/plain",
        }
    }
}

/// Says what the bytes are, with complaints where they could pass for two things. The first strong mark counts: an image that also
/// holds a PDF is read as the image every viewer shows.
pub fn detect(bytes: &[u8]) -> Result<(Media, Vec<String>), Refusal> {
    if bytes.is_empty() {
        return Err(Refusal::new(RefusalReason::Empty, "the file is empty; ask for it again"));
    }
    if let Some(media) = at_start(bytes) {
        return Ok((media, second_faces(bytes, media)));
    }
    if let Some(name) = known_but_not_read(bytes) {
        let sentence = format!("it is {name}, which is not read; send the document as an image, a PDF, a mail or text");
        return Err(Refusal::new(RefusalReason::Unsupported, sentence));
    }
    // The PDF header may stand anywhere in the first 1,024 bytes (PDF 1.7, Annex H, note 13).
    let head = bytes.get(..bytes.len().min(1024)).unwrap_or(bytes);
    if find(head, b"%PDF-").is_some() {
        return Ok((Media::Pdf, vec!["The PDF header does not stand at the start of the file.".to_owned()]));
    }
    textual(bytes)
}

fn at_start(bytes: &[u8]) -> Option<Media> {
    const MARKS: [(&[u8], Media); 9] = [
        (b"\x89PNG\r\n\x1a\n", Media::Png),
        (b"\xff\xd8\xff", Media::Jpeg),
        (b"GIF87a", Media::Gif),
        (b"GIF89a", Media::Gif),
        (b"II*\0", Media::Tiff),
        (b"MM\0*", Media::Tiff),
        (b"II+\0", Media::Tiff),
        (b"MM\0+", Media::Tiff),
        (b"%PDF-", Media::Pdf),
    ];
    if let Some((_, media)) = MARKS.iter().find(|(mark, _)| bytes.starts_with(mark)) {
        return Some(*media);
    }
    let four = |from: usize| bytes.get(from..from + 4);
    if four(0) == Some(b"RIFF") && four(8) == Some(b"WEBP") {
        return Some(Media::WebP);
    }
    // BMP has a weak mark (`BM`), so its header size must fit as well.
    if bytes.starts_with(b"BM") && matches!(bytes.get(14), Some(12 | 40 | 52 | 56 | 64 | 108 | 124)) && bytes.get(15) == Some(&0)
    {
        return Some(Media::Bmp);
    }
    if four(4) == Some(b"ftyp") {
        let brands = bytes.get(8..bytes.len().min(48)).unwrap_or_default();
        let known: [&[u8]; 8] = [b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif"];
        if brands.chunks(4).any(|brand| known.contains(&brand)) {
            return Some(Media::Heic);
        }
    }
    None
}

fn known_but_not_read(bytes: &[u8]) -> Option<&'static str> {
    const MARKS: [(&[u8], &str); 12] = [
        (b"PK\x03\x04", "a ZIP archive or an Office document"),
        (b"PK\x05\x06", "an empty ZIP archive"),
        (b"\x1f\x8b", "a gzip archive"),
        (b"BZh", "a bzip2 archive"),
        (b"\xfd7zXZ\0", "an xz archive"),
        (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
        (b"Rar!\x1a\x07", "a RAR archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document or Outlook message"),
        (b"{\\rtf", "an RTF document"),
        (b"\x7fELF", "a program"),
        (b"MZ", "a program"),
        (b"%!PS", "a PostScript document"),
    ];
    let at_start = MARKS.iter().find(|(mark, _)| bytes.starts_with(mark)).map(|(_, name)| *name);
    at_start.or_else(|| (bytes.get(4..8) == Some(b"ftyp")).then_some("a video or sound file"))
}

/// Marks of a second format in a file that is already something: the usual make-up of a polyglot.
fn second_faces(bytes: &[u8], media: Media) -> Vec<String> {
    let head = bytes.get(1..bytes.len().min(4096)).unwrap_or_default();
    let tail = bytes.get(bytes.len().saturating_sub(66_000)..).unwrap_or_default();
    let mut complaints = Vec::new();
    let mut also = |name: &str| {
        complaints.push(format!(
            "The file is read as {}, and could also pass for {name}: it may have been made to deceive.",
            media.name()
        ));
    };
    if media != Media::Pdf && (find(head, b"%PDF-1").is_some() || find(tail, b"%PDF-1").is_some()) {
        also("a PDF");
    }
    if find(tail, b"PK\x05\x06").is_some() && find(bytes, b"PK\x03\x04").is_some() && media != Media::Pdf {
        also("a ZIP archive");
    }
    if media != Media::Pdf && (find(head, b"<script").is_some() || find(head, b"<html").is_some()) {
        also("a web page");
    }
    complaints
}

/// Text of some kind: a mail by its headers, a page by its first tag, else plain text.
fn textual(bytes: &[u8]) -> Result<(Media, Vec<String>), Refusal> {
    let head = bytes.get(..bytes.len().min(16_384)).unwrap_or(bytes);
    let utf16 = head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff");
    let controls = head.iter().filter(|b| **b < 32 && !matches!(**b, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b)).count();
    if !utf16 && controls * 50 > head.len() {
        let sentence = "its bytes are of no type that is read (images, PDF, mail, HTML, text); send a screenshot or a PDF";
        return Err(Refusal::new(RefusalReason::Unsupported, sentence));
    }
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if is_mail(text) {
        return Ok((Media::Mail, vec![]));
    }
    // Programs for PDF look further for the head than this one does, or do without; the source of a page is not its text.
    if find(head, b" 0 obj").is_some() && find(bytes, b"endobj").is_some() {
        return Err(Refusal::broken(
            "the head of the PDF is damaged, or other bytes stand before it; ask for it again or for a screenshot",
        ));
    }
    let start: String = text.chars().take(2_000).collect::<String>().to_ascii_lowercase();
    let page = start.starts_with("<!doctype html") || start.starts_with("<html");
    if page || (start.starts_with('<') && ["<body", "<html", "<div", "<table", "<p>"].iter().any(|tag| start.contains(tag))) {
        return Ok((Media::Html, vec![]));
    }
    Ok((Media::Text, vec![]))
}

/// Two or more well-known header lines before the first empty line.
fn is_mail(text: &str) -> bool {
    const NAMES: [&str; 16] = [
        "received",
        "from",
        "to",
        "subject",
        "date",
        "message-id",
        "mime-version",
        "return-path",
        "delivered-to",
        "content-type",
        "reply-to",
        "cc",
        "dkim-signature",
        "x-mailer",
        "content-transfer-encoding",
        "arc-seal",
    ];
    let mut known = 0;
    let mut strong = false;
    for (number, line) in text.lines().take(200).enumerate() {
        if line.is_empty() {
            break;
        }
        if line.starts_with([' ', '\t']) {
            continue;
        }
        // An mbox export starts with its own `From ` line.
        if number == 0 && line.starts_with("From ") {
            continue;
        }
        let Some((name, _)) = line.split_once(':') else { return false };
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
            return false;
        }
        let name = name.to_ascii_lowercase();
        known += u32::from(NAMES.contains(&name.as_str()));
        strong |=
            matches!(name.as_str(), "received" | "message-id" | "mime-version" | "return-path" | "subject" | "content-type");
    }
    known >= 2 && strong
}

/// Place of `needle` in `hay`.
pub fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    hay.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_come_from_bytes() {
        let table: [(&[u8], Option<Media>); 15] = [
            (b"\x89PNG\r\n\x1a\n....", Some(Media::Png)),
            (b"\xff\xd8\xff\xe0....", Some(Media::Jpeg)),
            (b"RIFF\0\0\0\0WEBPVP8 ", Some(Media::WebP)),
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", Some(Media::Heic)),
            (b"\0\0\0\x18ftypmp42\0\0\0\0isom", None),
            (b"%PDF-1.7\n", Some(Media::Pdf)),
            (b"junk\n%PDF-1.4\n", Some(Media::Pdf)),
            (b"From: a@example.com\r\nSubject: Hi\r\n\r\nText", Some(Media::Mail)),
            (b"From: Ana\nNo header here\n", Some(Media::Text)),
            (b"Total: 10\nDate: 1 May\n\nThanks", Some(Media::Text)),
            (b"<!DOCTYPE html><p>Hi", Some(Media::Html)),
            (b"PK\x03\x04....", None),
            (b"\0\0\0\0\x01\x02\x03\x04", None),
            (b"Paid 100 EUR", Some(Media::Text)),
            (&[&[b' '; 2_000][..], b"%PDF-1.4\n1 0 obj (Total 10) endobj"].concat(), None),
        ];
        for (bytes, media) in table {
            assert_eq!(detect(bytes).ok().map(|d| d.0), media, "{}", String::from_utf8_lossy(bytes));
        }
        assert_eq!(detect(b"").unwrap_err().reason, RefusalReason::Empty);
    }

    #[test]
    fn two_faced_files_are_said_to_be_so() {
        let (media, complaints) = detect(b"GIF89a\x01\x00%PDF-1.4 1 0 obj").unwrap();
        assert_eq!(media, Media::Gif);
        assert!(complaints[0].contains("a PDF"), "{complaints:?}");
    }
}
