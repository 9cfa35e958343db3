//! What a file says about its making. Programs that edit pictures and PDFs leave their name; banks and telephones do not use them. It is
//! easily removed and easily innocent, so it is a hint for a person and nothing else.

/// Bytes looked at: metadata stands at the head of pictures, at the head or the end of PDFs.
const LOOKED_AT: usize = 256 * 1024;
/// Programs that edit, as they name themselves in lower case.
const EDITORS: [(&str, &str); 26] = [
    ("adobe photoshop", "Adobe Photoshop"),
    ("photoshop 3.0", "Adobe Photoshop"),
    ("adobe illustrator", "Adobe Illustrator"),
    ("lightroom", "Adobe Lightroom"),
    ("gimp", "GIMP"),
    ("picsart", "PicsArt"),
    ("snapseed", "Snapseed"),
    ("canva", "Canva"),
    ("pixelmator", "Pixelmator"),
    ("photopea", "Photopea"),
    ("paint.net", "Paint.NET"),
    ("affinity photo", "Affinity Photo"),
    ("affinity designer", "Affinity Designer"),
    ("inkscape", "Inkscape"),
    ("coreldraw", "CorelDRAW"),
    ("pixlr", "Pixlr"),
    ("fotor", "Fotor"),
    ("facetune", "Facetune"),
    ("ilovepdf", "iLovePDF"),
    ("sejda", "Sejda"),
    ("smallpdf", "Smallpdf"),
    ("pdfescape", "PDFescape"),
    ("pdffiller", "pdfFiller"),
    ("phantompdf", "Foxit PhantomPDF"),
    ("foxit pdf editor", "Foxit PDF Editor"),
    ("pdf-xchange editor", "PDF-XChange Editor"),
];
const HINTS_MAX: usize = 5;

/// One sentence for each sign.
pub(super) fn hints(bytes: &[u8]) -> Vec<String> {
    let mut hints = Vec::new();
    let texts = if bytes.starts_with(b"%PDF") { pdf_parts(bytes) } else { picture_parts(bytes) };
    let lower: Vec<u8> = texts.concat().iter().map(u8::to_ascii_lowercase).filter(|b| *b != 0).collect();
    for (name, shown) in EDITORS {
        let sentence = format!("its metadata names {shown}, a program that edits");
        if contains(&lower, name.as_bytes()) && !hints.contains(&sentence) {
            hints.push(sentence);
        }
    }
    if bytes.starts_with(b"%PDF") {
        hints.extend(pdf_hints(bytes, &lower));
    }
    hints.truncate(HINTS_MAX);
    hints
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|w| w == needle)
}

fn pdf_parts(bytes: &[u8]) -> Vec<&[u8]> {
    let end = bytes.len().saturating_sub(LOOKED_AT);
    if end < LOOKED_AT { vec![bytes] } else { vec![&bytes[..LOOKED_AT], &bytes[end..]] }
}

/// A PDF that was saved over keeps both dates, and both ends.
fn pdf_hints(bytes: &[u8], lower: &[u8]) -> Vec<String> {
    let mut hints = Vec::new();
    let date = |key: &[u8]| {
        let at = lower.windows(key.len()).rposition(|w| w == key)?;
        let digits: Vec<u8> = lower[at + key.len()..].iter().copied().take(24).filter(u8::is_ascii_digit).take(8).collect();
        (digits.len() == 8).then(|| String::from_utf8_lossy(&digits).into_owned())
    };
    if let (Some(made), Some(changed)) = (date(b"/creationdate"), date(b"/moddate"))
        && made < changed
    {
        let day = |d: &str| format!("{}-{}-{}", &d[..4], &d[4..6], &d[6..8]);
        hints.push(format!("it was made on {} and changed on {}", day(&made), day(&changed)));
    }
    let ends = bytes.windows(5).filter(|w| *w == b"%%EOF").count();
    // A file prepared for the web has two by itself.
    let linear = contains(&lower[..lower.len().min(2_048)], b"/linearized");
    if ends > if linear { 2 } else { 1 } {
        hints.push(format!("it was saved over {} times after it was made", ends - if linear { 2 } else { 1 }));
    }
    hints
}

/// Metadata segments of JPEG, PNG and WebP; never the pixels, in which any letters can stand by chance.
fn picture_parts(bytes: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    if bytes.starts_with(&[0xff, 0xd8]) {
        let mut at = 2;
        while let Some([0xff, marker, high, low]) = bytes.get(at..at + 4).and_then(|s| <[u8; 4]>::try_from(s).ok()) {
            let length = usize::from(u16::from_be_bytes([high, low]));
            // Application segments and comments stand before the first scan.
            if marker == 0xda || length < 2 {
                break;
            }
            if matches!(marker, 0xe1..=0xef | 0xfe) {
                parts.extend(bytes.get(at + 4..at + 2 + length));
            }
            at += 2 + length;
        }
    } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        let mut at = 8;
        while let Some(head) = bytes.get(at..at + 8) {
            let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
            if matches!(&head[4..8], b"tEXt" | b"iTXt" | b"eXIf") {
                parts.extend(bytes.get(at + 8..(at + 8).saturating_add(length)));
            }
            let Some(next) = at.checked_add(12).and_then(|n| n.checked_add(length)) else { break };
            at = next;
        }
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        let mut at = 12;
        while let Some(head) = bytes.get(at..at + 8) {
            let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
            if matches!(&head[..4], b"EXIF" | b"XMP ") {
                parts.extend(bytes.get(at + 8..(at + 8).saturating_add(length)));
            }
            let Some(next) = at.checked_add(8).and_then(|n| n.checked_add(length)).and_then(|n| n.checked_add(length % 2)) else {
                break;
            };
            at = next;
        }
    }
    let mut left = LOOKED_AT;
    parts
        .into_iter()
        .map(|part| {
            let taken = &part[..part.len().min(left)];
            left -= taken.len();
            taken
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn editors_are_named_from_metadata_only() {
        let exif = b"Exif\0\0MM\0*Adobe Photoshop 25.1 (Windows)";
        let mut jpeg = vec![0xff, 0xd8, 0xff, 0xe1];
        jpeg.extend(u16::try_from(exif.len() + 2).unwrap().to_be_bytes());
        jpeg.extend(exif);
        jpeg.extend([0xff, 0xda, 0, 2]);
        assert!(hints(&jpeg)[0].contains("Photoshop"), "{:?}", hints(&jpeg));
        // The same letters among the pixels say nothing.
        let mut pixels = vec![0xff, 0xd8, 0xff, 0xda, 0, 2];
        pixels.extend(b"GIMP 2.10");
        assert_eq!(hints(&pixels), Vec::<String>::new());
        let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
        png.extend(13_u32.to_be_bytes());
        png.extend(b"tEXtSoftware\0GIMP0000");
        assert!(hints(&png)[0].contains("GIMP"));
    }

    #[test]
    fn a_pdf_saved_over_says_so() {
        let pdf = b"%PDF-1.4\n1 0 obj<</CreationDate(D:20260301090000)/ModDate(D:20260409101010)/Producer(iLovePDF)>>endobj\n%%EOF\n2 0 obj\n%%EOF";
        let hints = hints(pdf);
        assert!(hints.iter().any(|h| h.contains("2026-03-01") && h.contains("2026-04-09")), "{hints:?}");
        assert!(hints.iter().any(|h| h.contains("saved over 1")), "{hints:?}");
        assert!(hints.iter().any(|h| h.contains("iLovePDF")), "{hints:?}");
    }

    #[test]
    fn broken_files_have_no_hints() {
        for bytes in [
            &b""[..],
            b"\xff\xd8",
            b"\xff\xd8\xff\xe1\xff\xff",
            b"\x89PNG\r\n\x1a\n\xff\xff\xff\xfftEXt",
            b"RIFF\0\0\0\0WEBPEXIF\xff\xff\xff\xff",
            b"%PDF",
        ] {
            assert_eq!(hints(bytes), Vec::<String>::new());
        }
    }
}
