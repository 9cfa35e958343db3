//! PDF: the text layer, checked against what the page shows. A text layer is the sender's word about the page; the pixels are the page.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use image::RgbImage;
use quittance_rules::evidence::Source;

use super::child::Desk;
use super::media::{self, Media};
use super::ocr::Layout;
use super::page::{Document, Page, Rect, Seen};
use super::poppler::{self, TextPage};
use super::protocol::{CARRIED_BYTES_MAX, Refusal};
use super::{fingerprint, image as still, limits, text};

/// A page with fewer letters than this in its text layer is a scan.
const LETTERS_MIN: usize = 20;
/// Longer side of the picture a scan is read from, in pixels: about 200 dots per inch of A4.
const SCAN_SIDE: u32 = 2_300;
/// Longer side of the picture a text layer is checked against.
const CHECK_SIDE: u32 = 1_600;
/// Longer side of the picture that people see, in pixels: legible when enlarged, and light.
const SHOWN_SIDE: u32 = 1_400;
/// Less time than this, and single words are not looked at more closely.
const CLOSER_TIME: Duration = Duration::from_secs(1);
/// Less time than this, and a page's text layer is not compared with OCR any more, only checked for ink. One page takes under a second.
const COMPARE_TIME: Duration = Duration::from_secs(2);
/// Letters lower than this, in points, cannot be read on paper.
const TINY_POINTS: f32 = 2.2;
/// Ink a visible word has at least somewhere.
const INK_SEEN: u8 = 22;

/// Reads a PDF.
pub(super) fn read(bytes: &[u8], desk: &mut Desk) -> Result<Document, Refusal> {
    if !poppler::is_installed() {
        return without_poppler(bytes);
    }
    let write = |e: std::io::Error| Refusal::broken(format!("the PDF could not be unpacked: {e}"));
    std::fs::write(desk.path("document.pdf"), bytes).map_err(write)?;
    let count = poppler::pages(desk)?;
    let last = count.min(desk.pages_left);
    let mut document = Document::default();
    if last < count {
        document.complaints.push(format!("Only the first {last} of {count} pages were read."));
    }
    let text_pages = poppler::words(last, desk)?;
    let mut unread = 0u32;
    for number in 1..=last {
        let index = (number - 1) as usize;
        let Some(layer) = text_pages.get(index) else {
            unread += 1;
            document.pages.push(Page { width: 1.0, height: 1.0, lines: vec![] });
            continue;
        };
        desk.pages_left = desk.pages_left.saturating_sub(1);
        match read_page(number, layer, desk, &mut document) {
            Ok(page) => document.pages.push(page),
            Err(refusal) if last == 1 => return Err(refusal),
            Err(refusal) => {
                document.complaints.push(format!("Page {number} was not read: {refusal}."));
                document.pages.push(Page { width: layer.width.max(1.0), height: layer.height.max(1.0), lines: vec![] });
            }
        }
    }
    if unread > 0 {
        document.complaints.push(format!("{unread} of {count} pages could not be read: the PDF is damaged."));
    }
    if document.pages.iter().all(|page| page.lines.is_empty()) && unread == last {
        return Err(Refusal::broken("none of the PDF's pages could be read; ask for it again or for a screenshot"));
    }
    Ok(document)
}

/// One page as a PNG picture, from 1.
pub(super) fn picture(bytes: &[u8], number: u32, desk: &Desk) -> Result<Vec<u8>, Refusal> {
    if media::detect(bytes)?.0 != Media::Pdf {
        return Err(Refusal::broken("it is no PDF, and only their pages are drawn"));
    }
    let write = |e: std::io::Error| Refusal::broken(format!("the PDF could not be unpacked: {e}"));
    std::fs::write(desk.path("document.pdf"), bytes).map_err(write)?;
    let count = poppler::pages(desk)?.min(limits::PAGES_MAX);
    if !(1..=count).contains(&number) {
        return Err(Refusal::broken(format!("there is no page {number}: {count} are drawn")));
    }
    let drawn = poppler::render(number, SHOWN_SIDE, desk)?;
    let mut png = std::io::Cursor::new(Vec::new());
    drawn
        .write_to(&mut png, image::ImageFormat::Png)
        .map_err(|error| Refusal::broken(format!("page {number} of the PDF could not be written as a picture: {error}")))?;
    let png = png.into_inner();
    if png.len() > CARRIED_BYTES_MAX {
        return Err(Refusal::new(super::RefusalReason::OverLimit, "a page of the PDF is too large a picture; open the original"));
    }
    Ok(png)
}

fn letters(words: &[Seen]) -> usize {
    words.iter().flat_map(|w| w.text.chars()).filter(|c| c.is_alphanumeric()).count()
}

fn read_page(number: u32, layer: &TextPage, desk: &mut Desk, document: &mut Document) -> Result<Page, Refusal> {
    let complaints = &mut document.complaints;
    let (width, height) = (layer.width.max(1.0), layer.height.max(1.0));
    let out_of_time = || Refusal::new(super::RefusalReason::OverLimit, "the time for this file was used up");
    let is_scan = letters(&layer.words) < LETTERS_MIN;
    if desk.time_left().is_zero() {
        return Err(out_of_time());
    }
    if is_scan {
        let shown = poppler::render(number, SCAN_SIDE, desk)?;
        document.picture = document.picture.or_else(|| fingerprint::of(&shown));
        let (width, height) = as_shown((width, height), &shown);
        let mut page = still::read_picture(shown, desk, complaints)?;
        if letters(&layer.words) > 0 && page.lines.is_empty() {
            complaints.push(format!("Page {number} has a little text that is not seen on it; it was not used."));
        }
        rescale(&mut page, width, height);
        return Ok(page);
    }
    // What a page shows is what a person sees; text that cannot be checked against it is the sender's word, and is not taken.
    let shown = poppler::render(number, CHECK_SIDE, desk).map_err(|_| {
        let sentence =
            "it could not be drawn, so its text could not be checked against what it shows; ask for a screenshot of it";
        Refusal::new(super::RefusalReason::OverLimit, sentence)
    })?;
    let (width, height) = as_shown((width, height), &shown);
    let scale = shown.width() as f32 / width;
    let (mut kept, hidden) = seen_on(&shown, &layer.words, (width, height), scale);
    report(number, &hidden, "is not seen on it", complaints);
    let odd = !hidden.is_empty() || overlap(&kept);
    if desk.time_left() > COMPARE_TIME {
        kept = compared(number, kept, &shown, scale, desk, complaints)?;
    } else if odd {
        complaints.push(format!("Page {number} has text over text, and there was no time to compare it with what it shows."));
        kept.clear();
    } else {
        complaints.push(format!("The text of page {number} was not compared with what it shows, so no value was taken from it."));
        without_figures(&mut kept);
    }
    Ok(Page::of_words(width, height, kept))
}

/// Width and height of a page as it is shown: the list of words gives those before it is turned by a quarter.
fn as_shown((width, height): (f32, f32), shown: &RgbImage) -> (f32, f32) {
    if (shown.width() > shown.height()) == (width > height) { (width, height) } else { (height, width) }
}

fn rescale(page: &mut Page, width: f32, height: f32) {
    let (across, down) = (width / page.width.max(1.0), height / page.height.max(1.0));
    for word in page.lines.iter_mut().flatten() {
        let r = &mut word.at;
        (r.x0, r.x1, r.y0, r.y1) = (r.x0 * across, r.x1 * across, r.y0 * down, r.y1 * down);
    }
    (page.width, page.height) = (width, height);
}

fn report(number: u32, words: &[Seen], what: &str, complaints: &mut Vec<String>) {
    if words.is_empty() {
        return;
    }
    let example: String = words.iter().take(6).map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ").chars().take(80).collect();
    let count = words.len();
    complaints.push(format!("Page {number} holds text that {what} ({count} words, beginning \"{example}\"); it was not used."));
}

/// Parts the words in those the page shows ink for, and those that are off it, too small to read, or leave no mark.
fn seen_on(shown: &RgbImage, words: &[Seen], (width, height): (f32, f32), scale: f32) -> (Vec<Seen>, Vec<Seen>) {
    let mut hidden = Vec::new();
    let mut kept = Vec::new();
    for word in words {
        let r = word.at;
        let centre = ((r.x0 + r.x1) / 2.0, (r.y0 + r.y1) / 2.0);
        let on_page = (0.0..=width).contains(&centre.0) && (0.0..=height).contains(&centre.1);
        // Text that runs up the page has narrow, high boxes: the smaller side is the letter's.
        let tiny = r.height().min(r.width().max(r.height() / 2.0)) < TINY_POINTS;
        if on_page && !tiny && contrast(shown, r, scale) >= INK_SEEN {
            kept.push(word.clone());
        } else {
            hidden.push(word.clone());
        }
    }
    (kept, hidden)
}

/// The largest difference between pixels under a word, over the channels.
fn contrast(shown: &RgbImage, at: Rect, scale: f32) -> u8 {
    let inside = |v: f32, most: u32| (v.max(0.0) as u32).min(most);
    let (x0, x1) = (inside(at.x0 * scale, shown.width()), inside((at.x1 * scale).ceil(), shown.width()));
    let (y0, y1) = (inside(at.y0 * scale, shown.height()), inside((at.y1 * scale).ceil(), shown.height()));
    let (mut low, mut high) = ([255u8; 3], [0u8; 3]);
    for y in y0..y1 {
        for x in x0..x1 {
            for ((low, high), value) in low.iter_mut().zip(high.iter_mut()).zip(shown.get_pixel(x, y).0) {
                (*low, *high) = ((*low).min(value), (*high).max(value));
            }
        }
    }
    low.iter().zip(high).map(|(low, high)| high.saturating_sub(*low)).max().unwrap_or(0)
}

/// Do two different words stand in one place?
fn overlap(words: &[Seen]) -> bool {
    let mut sorted: Vec<&Seen> = words.iter().collect();
    sorted.sort_by(|a, b| a.at.y0.total_cmp(&b.at.y0));
    sorted.iter().enumerate().any(|(index, word)| {
        let below = sorted.iter().skip(index + 1).take_while(|other| other.at.y0 < word.at.y1);
        below.take(200).any(|other| other.text != word.text && other.at.covered(word.at) > 0.5)
    })
}

/// Compares each word of the text layer with the letters that the page shows in its place.
fn compared(
    number: u32,
    layer: Vec<Seen>,
    shown: &RgbImage,
    scale: f32,
    desk: &mut Desk,
    complaints: &mut Vec<String>,
) -> Result<Vec<Seen>, Refusal> {
    let gray = image::imageops::grayscale(shown);
    let time_left = desk.time();
    let ocr = desk.ocr(complaints)?;
    let mut read = ocr.words(&gray, Layout::Page);
    for word in &mut read {
        let r = &mut word.at;
        (r.x0, r.x1, r.y0, r.y1) = (r.x0 / scale, r.x1 / scale, r.y0 / scale, r.y1 / scale);
    }
    let (mut kept, mut false_words, mut unseen) = (Vec::new(), Vec::new(), Vec::new());
    for mut word in layer {
        let mut here: Vec<&Seen> = read.iter().filter(|other| other.at.covered(word.at) > 0.5).collect();
        here.sort_by(|a, b| a.at.x0.total_cmp(&b.at.x0));
        let surest = here.iter().map(|w| w.confidence).fold(100.0, f32::min);
        let shown: String = here.iter().map(|w| folded(&w.text)).collect();
        let own = folded(&word.text);
        if !here.is_empty() && agree(&own, &shown) {
            kept.push(word);
            continue;
        }
        let is_figure = word.text.chars().any(|c| c.is_ascii_digit());
        // A word without figures is no amount, no day and no number: where nothing sure stands in its place it is let be.
        if !is_figure && (here.is_empty() || surest < 85.0) {
            kept.push(word);
            continue;
        }
        if time_left() < CLOSER_TIME {
            without_figures(std::slice::from_mut(&mut word));
            kept.push(word);
            continue;
        }
        match closer(&word, &shown_crop(&gray, word.at, scale), ocr) {
            Closer::Agrees => kept.push(word),
            Closer::Unsure if !is_figure => kept.push(word),
            Closer::Differs => false_words.push(word),
            Closer::Unsure => unseen.push(word),
        }
    }
    report(number, &false_words, "differs from what it shows there", complaints);
    // Ink that is not its own (a line, a picture) lies under text without any.
    report(number, &unseen, "cannot be made out on it", complaints);
    // Letters in pictures on a page with text: stamps, pasted screenshots, and the true words under false ones.
    let unread = read.into_iter().filter(|w| {
        w.confidence >= 75.0
            && w.text.chars().filter(|c| c.is_alphanumeric()).count() >= 3
            && kept.iter().all(|k| k.at.covered(w.at) < 0.3)
    });
    let unread: Vec<Seen> = unread.map(|w| Seen { source: Source::Ocr, ..w }).collect();
    kept.extend(unread);
    Ok(kept)
}

/// Letters and digits alone, small, with the pairs OCR mixes up made one.
fn folded(text: &str) -> String {
    let kept = text.chars().filter(|c| c.is_alphanumeric());
    kept.flat_map(char::to_lowercase)
        .map(|c| match c {
            'o' => '0',
            'i' | 'l' | 'í' | 'ì' => '1',
            's' => '5',
            'b' => '8',
            'g' => '9',
            'z' => '2',
            other => other,
        })
        .collect()
}

/// Does the page show this word there, alone or within a longer one? Digits must fit one by one, letters by half.
fn agree(word: &str, shown: &str) -> bool {
    let (own, there) = (word.chars().count(), shown.chars().count());
    if own < 2 || shown.is_empty() || shown.contains(word) || word.contains(shown) && there * 2 >= own {
        return true;
    }
    let alike = strsim::normalized_levenshtein(word, shown);
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).count();
    let same_length = word.chars().count() == shown.chars().count();
    // A number of the same length with other digits is a false number, however alike it looks.
    if same_length && digits(word) * 10 >= word.chars().count() * 9 && digits(shown) == digits(word) {
        return false;
    }
    alike >= 0.45 || shown.chars().count() > 2 * word.chars().count()
}

fn shown_crop(gray: &image::GrayImage, at: Rect, scale: f32) -> image::GrayImage {
    let pad = 6.0;
    let x = ((at.x0 * scale - pad).max(0.0) as u32).min(gray.width().saturating_sub(1));
    let y = ((at.y0 * scale - pad).max(0.0) as u32).min(gray.height().saturating_sub(1));
    let width = ((at.width() * scale + 2.0 * pad) as u32).clamp(1, gray.width() - x);
    let height = ((at.height() * scale + 2.0 * pad) as u32).clamp(1, gray.height() - y);
    let crop = image::imageops::crop_imm(gray, x, y, width, height).to_image();
    let by = (48.0 / height.max(1) as f32).clamp(0.5, 3.0);
    let sized = |side: u32| ((side as f32 * by) as u32).max(3);
    image::imageops::resize(&crop, sized(width), sized(height), image::imageops::FilterType::CatmullRom)
}

/// What a second look at one word, larger and alone, says of it.
enum Closer {
    Agrees,
    Differs,
    /// Nothing, or nothing sure, can be made out.
    Unsure,
}

/// The look itself: as it is shown, and where nothing is made out light on dark as dark on light.
fn closer(word: &Seen, crop: &image::GrayImage, ocr: &mut super::ocr::Ocr) -> Closer {
    let own = folded(&word.text);
    let mut inverted = crop.clone();
    image::imageops::invert(&mut inverted);
    for picture in [crop, &inverted] {
        let read = ocr.words(picture, Layout::Line);
        let shown: String = read.iter().map(|w| folded(&w.text)).collect();
        let sure = read.iter().map(|w| w.confidence).fold(100.0, f32::min);
        if !shown.is_empty() && agree(&own, &shown) {
            return Closer::Agrees;
        }
        if !shown.is_empty() && sure >= 60.0 {
            return Closer::Differs;
        }
    }
    Closer::Unsure
}

/// Makes the figures among words count for nothing: what was not compared may be read, and no value comes from it.
fn without_figures(words: &mut [Seen]) {
    for word in words.iter_mut().filter(|word| word.text.chars().any(|c| c.is_ascii_digit())) {
        word.confidence = word.confidence.min(super::vote::ILLEGIBLE);
    }
}

/// Without poppler: the text alone, set on a grid of characters, and said to be so.
fn without_poppler(bytes: &[u8]) -> Result<Document, Refusal> {
    let broken = || {
        Refusal::new(
            super::RefusalReason::MissingProgram,
            "the PDF could not be read without poppler; install the package poppler-utils, or ask for a screenshot",
        )
    };
    let pages = catch_unwind(AssertUnwindSafe(|| pdf_extract::extract_text_from_mem_by_pages(bytes))).map_err(|_| broken())?;
    let pages = pages.map_err(|_| broken())?;
    let mut document = Document::default();
    document.complaints.push(
        "The package poppler-utils is not installed: places in this PDF are lines and columns of its text, scanned pages are not read, and \
         nobody has checked that the page shows this text."
            .to_owned(),
    );
    for page in pages.iter().take(limits::PAGES_MAX as usize) {
        let mut page = text::page(page, &mut document.complaints);
        page.lines.iter_mut().flatten().for_each(|word| word.source = Source::PdfText);
        document.pages.push(page);
    }
    if document.pages.iter().all(|page| page.lines.is_empty()) {
        return Err(broken());
    }
    Ok(document)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_false_number_is_no_misreading() {
        let table = [
            ("1,000.00", "1,000.00", true),
            ("9,000.00", "1,000.00", false),
            ("INV-20871", "1NV-2O871", true),
            ("Total", "Tota1", true),
            ("Ignore", "Invoice", false),
            ("approve", "Kessler", false),
            ("10", "Total10", true),
        ];
        for (layer, shown, agrees) in table {
            assert_eq!(agree(&folded(layer), &folded(shown)), agrees, "{layer} / {shown}");
        }
    }
}
