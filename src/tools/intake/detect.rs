//! Which bank format a file is, from its first bytes alone. A file name proves nothing: statements arrive as `.txt`, `.xml`, `.dat`.

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::BankFormat;
use super::camt::{CamtKind, message_kind};

/// Bytes that [`detect`] looks at.
pub const HEAD: usize = 64 << 10;

/// The format of a bank file by its first 64 KiB; `None` when nothing known is recognised (PDF, image, other XML, prose).
///
/// Byte order marks and UTF-16 are seen through. The order of the tests goes from the most to the least telling sign; delimited
/// text comes last because anything with commas looks a little like it.
pub fn detect(head: &[u8]) -> Option<BankFormat> {
    let head = head.get(..HEAD).unwrap_or(head);
    if head.starts_with(b"PK\x03\x04") {
        return is_workbook(head).then_some(BankFormat::Xlsx);
    }
    let text = decoded(head);
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}' || c == '\0');
    if text.is_empty() || is_binary(text) {
        return None;
    }
    if is_ofx(text) {
        return Some(BankFormat::Ofx);
    }
    if text.starts_with('<') {
        return camt(text);
    }
    swift(text).or_else(|| records(text)).or_else(|| is_qif(text).then_some(BankFormat::Qif)).or_else(|| {
        // A one-column list is no statement.
        is_delimited(text).then_some(BankFormat::Csv)
    })
}

/// As text, whatever the encoding: enough for ASCII signs.
fn decoded(head: &[u8]) -> String {
    let (encoding, skip) = match Encoding::for_bom(head) {
        Some(found) => found,
        None => match head.get(..4) {
            Some([a, 0, b, 0]) if *a != 0 && *b != 0 => (UTF_16LE, 0),
            Some([0, a, 0, b]) if *a != 0 && *b != 0 => (UTF_16BE, 0),
            // One byte, one character: right for every sign looked for, and never an error.
            _ => (WINDOWS_1252, 0),
        },
    };
    encoding.decode_without_bom_handling(head.get(skip..).unwrap_or_default()).0.into_owned()
}

/// Control characters that no statement holds. SWIFT files may end a message with ETX and begin one with SOH.
fn is_binary(text: &str) -> bool {
    text.starts_with("%PDF-")
        || text
            .chars()
            .take(4096)
            .filter(|c| matches!(c, '\0' | '\u{4}'..='\u{8}' | '\u{e}'..='\u{19}' | '\u{1b}'..='\u{1f}'))
            .count()
            > 2
}

/// A ZIP with the parts of an Office Open XML workbook among its first entries.
fn is_workbook(head: &[u8]) -> bool {
    let holds = |name: &[u8]| head.windows(name.len()).any(|w| w == name);
    holds(b"xl/") || holds(b"[Content_Types].xml") && !holds(b"word/") && !holds(b"ppt/")
}

fn is_ofx(text: &str) -> bool {
    let start: String = text.chars().take(4096).collect::<String>().to_ascii_uppercase();
    start.starts_with("OFXHEADER") || start.contains("<?OFX") || start.contains("<OFX>") && !start.contains("<HTML")
}

/// The message element by its local name, anywhere in the head: envelopes and headers come before it.
fn camt(text: &str) -> Option<BankFormat> {
    text.split('<').skip(1).find_map(|tag| {
        let name = tag.split(|c: char| c.is_whitespace() || matches!(c, '>' | '/')).next()?;
        let local = name.rsplit(':').next()?;
        Some(match message_kind(local)? {
            CamtKind::Camt052 => BankFormat::Camt052,
            CamtKind::Camt053 => BankFormat::Camt053,
            CamtKind::Camt054 => BankFormat::Camt054,
        })
    })
}

/// SWIFT customer statements: fields at line starts, with or without the blocks around them. Some banks put lines of their own
/// before the first field, and some files are only an excerpt: one field of the standard at the start of a line is telling enough.
fn swift(text: &str) -> Option<BankFormat> {
    const FIELDS: [&str; 13] =
        [":20:", ":25:", ":25P:", ":28:", ":28C:", ":60F:", ":60M:", ":61:", ":62F:", ":62M:", ":64:", ":65:", ":86:"];
    match text.find("{2:").and_then(|at| text.get(at + 4..at + 7)) {
        Some("940") => return Some(BankFormat::Mt940),
        Some("942") => return Some(BankFormat::Mt942),
        Some(_) | None => {}
    }
    let starts = |tag: &str| text.split(['\n', '\r']).any(|line| line.trim_start().starts_with(tag));
    if !FIELDS.iter().any(|tag| starts(tag)) {
        return None;
    }
    let has_balance = [":60F:", ":60M:", ":62F:", ":62M:"].iter().any(|tag| starts(tag));
    let is_interim = [":34F:", ":13D:", ":13:"].iter().any(|tag| starts(tag));
    Some(if is_interim && !has_balance { BankFormat::Mt942 } else { BankFormat::Mt940 })
}

/// BAI2 (`01,sender,receiver,...` then `02,`) and NACHA (94-character records).
fn records(text: &str) -> Option<BankFormat> {
    let mut lines = text.split(['\n', '\r']).map(|l| l.trim_end_matches('\u{1a}')).filter(|l| !l.trim().is_empty());
    let first = lines.next()?;
    let is_record = |line: &str, code: &str| line.trim_start().strip_prefix(code).is_some_and(|rest| rest.starts_with(','));
    let has_continuation = |line: &str| line.trim_end().ends_with('/');
    if is_record(first, "01") && (lines.clone().any(|l| is_record(l, "02")) || has_continuation(first)) {
        return Some(BankFormat::Bai2);
    }
    is_nacha(first, lines.next()).then_some(BankFormat::Nacha)
}

/// The first record by type: file header (`101`, record size 094), batch header (`5` and service class), entry (`6`), and a
/// second record of such a type where there is one. Lines shorter than 94 lost their closing blanks on the way.
fn is_nacha(first: &str, second: Option<&str>) -> bool {
    let bytes = first.as_bytes();
    let at = |from: usize, to: usize| bytes.get(from..to).unwrap_or_default();
    let digits = |from: usize, to: usize| at(from, to).len() == to - from && at(from, to).iter().all(u8::is_ascii_digit);
    let follows = second.is_none_or(|next| next.starts_with(['1', '5', '6', '7', '8', '9']));
    if !follows || first.contains(['\t', ';']) {
        return false;
    }
    match bytes.first() {
        // Record size 094 and blocking factor 10 stand at 35 to 39; files with a lost blank have them one to the left.
        Some(b'1') => at(1, 3) == b"01" && at(30, 42).windows(5).any(|w| w == b"09410"),
        Some(b'5') => bytes.len() >= 75 && matches!(at(1, 4), b"200" | b"220" | b"225" | b"280") && !first.contains(','),
        Some(b'6') => (75..=96).contains(&bytes.len()) && digits(1, 12),
        _ => false,
    }
}

fn is_qif(text: &str) -> bool {
    let mut lines = text.lines().take(50).map(|l| l.trim_end().to_ascii_uppercase());
    lines.any(|l| l.starts_with("!TYPE:") || l.starts_with("!ACCOUNT") || l.starts_with("!OPTION:") || l.starts_with("!CLEAR:"))
}

/// From some line on, one delimiter cuts nearly every line into the same number of fields; a preamble before the table and a
/// footer after it are normal. Prose has commas too, but not the same number line after line; JSON and licences neither.
fn is_delimited(text: &str) -> bool {
    if text.starts_with(['{', '[']) {
        return false;
    }
    [';', '\t', ',', '|'].iter().any(|delimiter| {
        let mut counts = delimiters_by_row(text, *delimiter);
        // The last row of the head may be cut: by the head, or because the file is.
        if counts.len() > 2 && !text.ends_with(['\n', '\r']) {
            counts.pop();
        }
        let Some(&widest) = counts.iter().filter(|c| counts.iter().filter(|d| d == c).count() >= 2).max() else { return false };
        let Some(first) = counts.iter().position(|c| *c == widest) else { return false };
        let table = counts.get(first..).unwrap_or_default();
        let equal = table.iter().filter(|c| **c == widest).count();
        // A table of two columns has no second column to confirm it, so every line must agree.
        let enough = if widest >= 2 { equal * 4 >= table.len() * 3 } else { equal == table.len() };
        // A small table between a preamble and a disclaimer: three rows on end are no accident.
        let stands_alone =
            widest >= 3 && equal >= 3 && equal * 2 >= table.len() && table.iter().take(equal).all(|c| *c == widest);
        widest >= 1 && (enough || stands_alone)
    })
}

/// How often the delimiter parts fields in each of the first rows. A quoted field may run over several lines; one that never ends
/// is a stray mark, and its line stands for itself.
fn delimiters_by_row(text: &str, delimiter: char) -> Vec<usize> {
    /// A quoted text of more lines is taken for a stray mark.
    const MOST_LINES: usize = 20;
    let lines: Vec<&str> = text.lines().take(400).collect();
    let mut counts = Vec::new();
    let mut at = 0;
    while let Some(first) = lines.get(at) {
        at += 1;
        if first.trim().is_empty() {
            continue;
        }
        let (mut count, mut open) = outside_quotes(first, delimiter, false);
        if open {
            let (mut through, mut next) = (count, at);
            while open && next < lines.len() && next - at < MOST_LINES {
                let (more, still) = outside_quotes(lines[next], delimiter, true);
                through += more;
                open = still;
                next += 1;
            }
            if !open {
                (count, at) = (through, next);
            }
        }
        counts.push(count);
    }
    counts
}

/// Delimiters outside quotation marks, and whether a mark is left open.
fn outside_quotes(line: &str, delimiter: char, mut is_quoted: bool) -> (usize, bool) {
    let mut count = 0;
    for c in line.chars() {
        if c == '"' {
            is_quoted = !is_quoted;
        }
        count += usize::from(c == delimiter && !is_quoted);
    }
    (count, is_quoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NACHA_HEAD: &str =
        "101 23138010401210428821906240000A094101Federal Reserve Bank   My Bank Name                   \n5225Name on Account";

    #[test]
    fn content_tells_the_format() {
        for (text, expected) in [
            ("<?xml version='1.0'?><Document><BkToCstmrStmt>", Some(BankFormat::Camt053)),
            ("\u{feff}<a:Document><a:BkToCstmrAcctRptV01>", Some(BankFormat::Camt052)),
            ("<message><AppHdr/><Document>\n<BkToCstmrDbtCdtNtfctn", Some(BankFormat::Camt054)),
            ("<Document><CstmrCdtTrfInitn>", None),
            ("<html><body>a,b,c</body></html>", None),
            ("OFXHEADER:100\nDATA:OFXSGML\n", Some(BankFormat::Ofx)),
            ("\n\n<?xml version='1.0'?>\n<?OFX OFXHEADER='200'?>\n<OFX>", Some(BankFormat::Ofx)),
            ("<OFX><SIGNONMSGSRSV1>", Some(BankFormat::Ofx)),
            ("{1:F01BANKDEFFAXXX0000000000}{2:I940BANKDEFFXXXXN}{4:\n:20:1\n", Some(BankFormat::Mt940)),
            ("{1:F01BANKDEFFAXXX0000000000}{2:O9421200}{4:\n:20:1\n", Some(BankFormat::Mt942)),
            ("ABNANL2A\n940\nABNANL2A\n:20:ABN AMRO BANK NV\n:25:500950253\n:28:19321/1\n:60F:C1", Some(BankFormat::Mt940)),
            (":20:X\r\n:25:1/2\r\n:28C:1\r\n:34F:EURD0,\r\n:13D:1203041200+0100\r\n:61:", Some(BankFormat::Mt942)),
            (":20:X\n:25:1/2\n:28C:1\n:60F:C120101EUR0,", Some(BankFormat::Mt940)),
            ("01,0004,12345,060321,0829,001,80,1,2/\n02,12345,0004,1,060317,,CAD,/\n", Some(BankFormat::Bai2)),
            (NACHA_HEAD, Some(BankFormat::Nacha)),
            (
                "626091400606123456789        0000012354MjMxNDAwMjAtOGQPaul Jones            S 1091000017611242\n799R01091400600000001      09100001",
                Some(BankFormat::Nacha),
            ),
            ("!Type:Bank\nD01/02'24\nT-5.00\n^\n", Some(BankFormat::Qif)),
            ("Date;Amount;Text\n01.02.2026;1,50;x\n", Some(BankFormat::Csv)),
            ("Kontoauszug\nKonto 1\n\n\"Datum\",\"Betrag\",\"Text\"\n\"1\",\"2,5\",\"3\"\n", Some(BankFormat::Csv)),
            ("date\tamount\n2026-01-01\t5\n", Some(BankFormat::Csv)),
            (
                "Date,Text,Amount\n2026-03-25,\"ACME, Inc\nInvoice \"\"7\"\"\nthanks\",1\n2026-03-26,Fee,-1\n",
                Some(BankFormat::Csv),
            ),
            ("Date,Text,Amount\n2026-03-25,A,1\n2026-03-26,\"B", Some(BankFormat::Csv)),
            ("Dear Sir,\nplease find attached, as agreed, the statement.\nRegards", None),
            ("%PDF-1.7\n1,2,3\n1,2,3\n", None),
            ("", None),
            ("   \n", None),
            ("one\ntwo\n", None),
            (":86:166?00SEPA\n", Some(BankFormat::Mt940)),
            ("{\"a\": 1,\n\"b\": 2,\n\"c\": 3}\n", None),
            (
                "The Software is provided, without warranty,\nof any kind, express\nor implied, including, but not limited,\nto fitness\n",
                None,
            ),
            ("101 100067554 1823273902003271043 094101PIMRET825324           FISERV\n9000000000001", Some(BankFormat::Nacha)),
        ] {
            assert_eq!(detect(text.as_bytes()), expected, "{text}");
            let wide: Vec<u8> = [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
            assert_eq!(detect(&wide), expected, "UTF-16: {text}");
        }
        assert_eq!(detect(b"PK\x03\x04....[Content_Types].xml....xl/workbook.xml"), Some(BankFormat::Xlsx));
        assert_eq!(detect(b"PK\x03\x04....[Content_Types].xml....word/document.xml"), None);
        assert_eq!(detect(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR,,,\n,,,\n"), None);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(0_u8..=255, 0..300)) {
            let _ = detect(&bytes);
        }
    }
}
