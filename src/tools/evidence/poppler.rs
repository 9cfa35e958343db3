//! poppler's programs as helpers: page count, words with places, page pictures. They are called, never linked (GPL), and each call is a
//! process of its own under tighter limits than ours.

use image::RgbImage;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use quittance_rules::evidence::Source;

use super::child::Desk;
use super::helper::{self, HelperError};
use super::limits;
use super::page::{Rect, Seen};
use super::protocol::{Refusal, RefusalReason};

/// Longest list of words that is taken from poppler, in bytes.
const WORDS_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// What one page's text layer says, in points.
#[derive(Debug, Default)]
pub(super) struct TextPage {
    pub(super) width: f32,
    pub(super) height: f32,
    pub(super) words: Vec<Seen>,
}

/// Are the programs here?
pub(super) fn is_installed() -> bool {
    ["pdfinfo", "pdftotext", "pdftoppm"].iter().all(|name| helper::installed(name).is_some())
}

fn call(name: &str, arguments: &[&str], output: &str, desk: &Desk) -> Result<helper::Helped, Refusal> {
    let missing =
        || Refusal::new(RefusalReason::MissingProgram, format!("{name} is not installed; install the package poppler-utils"));
    let program = helper::installed(name).ok_or_else(missing)?;
    helper::run(&program, arguments, &desk.path(output), limits::HELPER_WALL).map_err(|error| match error {
        HelperError::OverTime => {
            Refusal::new(RefusalReason::OverLimit, "the PDF takes too long to read; ask for a screenshot of it")
        }
        HelperError::Failed(error) => Refusal::broken(format!("{name} could not be run on the PDF: {error}")),
    })
}

/// The number of pages, or why there is none.
pub(super) fn pages(desk: &Desk) -> Result<u32, Refusal> {
    let helped = call("pdfinfo", &["document.pdf"], "info.txt", desk)?;
    if helped.complaint.contains("Incorrect password") {
        return Err(Refusal::new(RefusalReason::Encrypted, "the PDF opens only with a password; ask for one without"));
    }
    let broken = || Refusal::broken("the PDF is broken or cut off; ask for it again or for a screenshot");
    let text = helper::read_up_to(&desk.path("info.txt"), 64 * 1024).map_err(|_| broken())?;
    let text = String::from_utf8_lossy(&text);
    // The last such line: those before it hold what the sender wrote as title and keywords, line feeds and all.
    let count = text.lines().rev().find_map(|line| line.strip_prefix("Pages:")).and_then(|n| n.trim().parse::<u32>().ok());
    match count {
        Some(0) => Err(Refusal::new(RefusalReason::Empty, "the PDF has no pages; ask for it again")),
        Some(count) => Ok(count),
        None => Err(broken()),
    }
}

/// The words of pages 1 to `last`, with the places poppler gives them on the page as shown.
pub(super) fn words(last: u32, desk: &Desk) -> Result<Vec<TextPage>, Refusal> {
    let last = last.to_string();
    // The list is read even after a bad end: the pages before the damage are in it.
    call("pdftotext", &["-bbox-layout", "-l", &last, "document.pdf", "words.xml"], "words.out", desk)?;
    let xml = helper::read_up_to(&desk.path("words.xml"), WORDS_BYTES_MAX).unwrap_or_default();
    Ok(parse(&String::from_utf8_lossy(&xml)))
}

fn parse(xml: &str) -> Vec<TextPage> {
    let mut reader = Reader::from_str(xml);
    reader.config_mut().check_end_names = false;
    let mut pages: Vec<TextPage> = Vec::new();
    let mut word: Option<Seen> = None;
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag)) => match tag.local_name().as_ref() {
                "page" => {
                    pages.push(TextPage { width: number(&tag, "width"), height: number(&tag, "height"), words: vec![] });
                }
                "word" => {
                    let at = Rect {
                        x0: number(&tag, "xMin"),
                        y0: number(&tag, "yMin"),
                        x1: number(&tag, "xMax"),
                        y1: number(&tag, "yMax"),
                    };
                    word = Some(Seen { text: String::new(), at, confidence: 100.0, source: Source::PdfText });
                }
                _ => {}
            },
            Ok(Event::Text(text)) => {
                if let Some(word) = word.as_mut() {
                    word.text.push_str(&text);
                }
            }
            Ok(Event::GeneralRef(entity)) => {
                let letter = match (entity.resolve_char_ref(), entity.as_ref()) {
                    (Ok(Some(letter)), _) => Some(letter),
                    (_, "amp") => Some('&'),
                    (_, "lt") => Some('<'),
                    (_, "gt") => Some('>'),
                    (_, "quot") => Some('"'),
                    (_, "apos") => Some('\''),
                    _ => None,
                };
                if let (Some(word), Some(letter)) = (word.as_mut(), letter) {
                    word.text.push(letter);
                }
            }
            Ok(Event::End(tag)) if tag.local_name().as_ref() == "word" => {
                if let (Some(word), Some(page)) = (word.take(), pages.last_mut())
                    && !word.text.trim().is_empty()
                {
                    page.words.push(word);
                }
            }
            Ok(Event::Eof) | Err(_) => break,
            Ok(_) => {}
        }
    }
    pages
}

fn number(tag: &BytesStart<'_>, name: &str) -> f32 {
    let value = tag.try_get_attribute(name).ok().flatten();
    let value = value.and_then(|a| a.value.parse::<f32>().ok());
    value.filter(|v| v.is_finite()).unwrap_or(0.0)
}

/// The picture of one page, `side` pixels along its longer side.
pub(super) fn render(page: u32, side: u32, desk: &Desk) -> Result<RgbImage, Refusal> {
    let (page, side) = (page.to_string(), side.to_string());
    call("pdftoppm", &["-f", &page, "-l", &page, "-singlefile", "-scale-to", &side, "document.pdf", "shown"], "shown.out", desk)?;
    let bytes = helper::read_up_to(&desk.path("shown.ppm"), limits::WRITTEN_FILE_BYTES).unwrap_or_default();
    // A page that fails leaves no file, and an earlier page's must not stand for it.
    let _none_left = std::fs::remove_file(desk.path("shown.ppm"));
    ppm(&bytes).ok_or_else(|| Refusal::broken(format!("page {page} of the PDF could not be drawn")))
}

/// A binary PPM (`P6`, 8 bits), as pdftoppm writes it: three numbers and the pixels.
fn ppm(bytes: &[u8]) -> Option<RgbImage> {
    let mut at = 0;
    let mut token = || -> Option<&[u8]> {
        while bytes.get(at)?.is_ascii_whitespace() {
            at += 1;
        }
        let start = at;
        while !bytes.get(at)?.is_ascii_whitespace() {
            at += 1;
        }
        bytes.get(start..at)
    };
    let magic = token()? == b"P6";
    let mut number = || std::str::from_utf8(token()?).ok()?.parse::<u32>().ok();
    let (width, height, top) = (number()?, number()?, number()?);
    if !magic || top != 255 || width == 0 || height == 0 {
        return None;
    }
    RgbImage::from_raw(width, height, bytes.get(at + 1..)?.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_places_and_entities() {
        let pages = parse(
            r#"<html><body><doc><page width="200.0" height="100.0"><flow><block><line>
            <word xMin="10.0" yMin="20.0" xMax="30.5" yMax="28.0">A&amp;B</word><word xMin="1" yMin="2" xMax="3" yMax="4"> </word>
            </line></block></flow></page><page width="5" height="6"></page></doc>"#,
        );
        assert_eq!(pages.len(), 2);
        assert_eq!(pages[0].words.len(), 1);
        assert_eq!((pages[0].words[0].text.as_str(), pages[0].words[0].at.x1), ("A&B", 30.5));
        assert!(parse("<page width='x'><word").len() <= 1);
    }

    #[test]
    fn a_page_picture_is_its_numbers_and_pixels() {
        assert_eq!(ppm(b"P6\n2 1\n255\nabcdef").unwrap().dimensions(), (2, 1));
        for bad in [&b"P6\n2 1\n255\nabc"[..], b"P5\n2 1\n255\nabcdef", b"P6\n0 1\n255\n", b"", b"P6\n2"] {
            assert!(ppm(bad).is_none());
        }
    }
}
