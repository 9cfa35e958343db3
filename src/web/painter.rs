//! Pictures of the pages of documents: drawn where somebody draws them, at most two at a time, and kept for a while; drawn from the
//! words that were read where nobody does.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use quittance_agent::ports_pages::PagePainter;
use quittance_rules::cases::InputDigest;
use quittance_rules::evidence::{Reading, Source};
use tokio::sync::Semaphore;

/// Drawn at once: each is a process that may take seconds of a processor.
const AT_ONCE: usize = 2;
/// Bytes of pictures that are kept.
const KEPT_BYTES: usize = 24 << 20;
/// Words drawn of one page; more would make the picture heavy.
const WORDS_DRAWN: usize = 1_200;

/// A picture by its document and page.
type Kept = (InputDigest, u32, Arc<[u8]>);

/// Draws pages for this process.
pub struct Painter {
    port: Arc<dyn PagePainter>,
    permits: Semaphore,
    kept: Mutex<VecDeque<Kept>>,
}

impl Painter {
    /// Over somebody who draws.
    pub fn new(port: Arc<dyn PagePainter>) -> Self {
        Self { port, permits: Semaphore::new(AT_ONCE), kept: Mutex::new(VecDeque::new()) }
    }

    /// The picture of a page that was drawn lately.
    pub fn kept(&self, digest: &InputDigest, number: u32) -> Option<Arc<[u8]>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|(known, page, _)| known == digest && *page == number).map(|(_, _, png)| Arc::clone(png))
    }

    /// Draws a page of a document; a sentence where it cannot be drawn.
    pub async fn page(&self, digest: &InputDigest, document: Vec<u8>, number: u32) -> Result<Arc<[u8]>, String> {
        let _turn = self.permits.acquire().await.map_err(|error| error.to_string())?;
        // Somebody may have drawn it while this one waited.
        if let Some(png) = self.kept(digest, number) {
            return Ok(png);
        }
        let png: Arc<[u8]> = self.port.page(document, number).await?.into();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back((digest.clone(), number, Arc::clone(&png)));
        while kept.iter().map(|(_, _, png)| png.len()).sum::<usize>() > KEPT_BYTES && kept.len() > 1 {
            kept.pop_front();
        }
        Ok(png)
    }
}

/// A letter of a text that has no page of its own, as it is drawn: width and height of its cell, and the size of its font.
const CELL: (u32, u32, u32) = (7, 18, 12);
/// Columns and rows of such a text that are drawn at most; beyond, letters become smaller.
const CELLS_MAX: u32 = 4_000;

/// Whether a page is text without a page of its own, as mails are: its words stand on a grid of letters.
pub fn is_text(reading: &Reading, number: u32) -> bool {
    let mut words = reading.words.iter().filter(|word| word.region.page == number).peekable();
    words.peek().is_some() && words.all(|word| word.source == Source::Mail)
}

/// A page drawn from the words that were read on it, each at its place, as SVG: 1000 wide and 1414 high, the proportion of A4, or for text
/// without a page as wide and as high as its letters need.
pub fn from_words(reading: &Reading, number: u32) -> String {
    let words = || reading.words.iter().filter(|word| word.region.page == number);
    // The longest word tells the width of a letter best: places are rounded to millionths.
    let longest = words().filter(|_| is_text(reading, number)).max_by_key(|word| word.text.chars().count());
    let (whole_width, whole_height, line) = match longest {
        None => (1_000, 1_414, None),
        Some(word) => {
            let at = word.region;
            let letters = u32::try_from(word.text.chars().count()).unwrap_or(u32::MAX);
            let cells = |letters: u32, span: u32| (1_000_000_u32.saturating_mul(letters) / span.max(1)).clamp(1, CELLS_MAX);
            let columns = cells(letters.min(CELLS_MAX), at.x1.saturating_sub(at.x0));
            (columns * CELL.0, cells(1, at.y1.saturating_sub(at.y0)) * CELL.1, Some(CELL))
        }
    };
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{whole_width}\" height=\"{whole_height}\" viewBox=\"0 0 {whole_width} {whole_height}\">\
         <rect width=\"{whole_width}\" height=\"{whole_height}\" fill=\"#fff\"/><g font-family=\"{}\" fill=\"#14201f\">",
        if line.is_some() { "monospace" } else { "sans-serif" }
    );
    let placed = |at: u32, whole: u32| u64::from(at) * u64::from(whole) / 1_000_000;
    for word in words().take(WORDS_DRAWN) {
        let at = word.region;
        let (x, y) = (placed(at.x0, whole_width), placed(at.y0, whole_height));
        let width = placed(at.x1.saturating_sub(at.x0), whole_width).max(4);
        let height = placed(at.y1.saturating_sub(at.y0), whole_height);
        let (base, size) = match line {
            Some((_, high, size)) => (y + u64::from(high) * 3 / 4, u64::from(size)),
            None => (y + height, height.clamp(9, 40)),
        };
        svg.push_str(&format!(
            "<text x=\"{x}\" y=\"{base}\" font-size=\"{size}\" textLength=\"{width}\" lengthAdjust=\"spacingAndGlyphs\">{}</text>",
            escaped(&word.text)
        ));
    }
    svg.push_str("</g></svg>");
    svg
}

/// A text as the content of an element; what XML 1.0 does not allow becomes the sign for it.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\t' | '\n' | '\r' => out.push(' '),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use quittance_rules::evidence::{Confidence, EvidenceKind, PageRegion, Word};

    struct Counted(std::sync::atomic::AtomicUsize);

    impl PagePainter for Counted {
        fn page<'a>(
            &'a self,
            document: Vec<u8>,
            number: u32,
        ) -> std::pin::Pin<Box<dyn Future<Output = Result<Vec<u8>, String>> + Send + 'a>> {
            self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            Box::pin(async move { if number > 1 { Err("there is no such page".to_owned()) } else { Ok(document) } })
        }
    }

    #[tokio::test]
    async fn a_page_is_drawn_once_and_the_oldest_is_forgotten() {
        let counted = Arc::new(Counted(std::sync::atomic::AtomicUsize::new(0)));
        let painter = Painter::new(Arc::clone(&counted) as Arc<dyn PagePainter>);
        let one = InputDigest("1".repeat(64));
        for _ in 0..3 {
            assert_eq!(&*painter.page(&one, vec![7], 1).await.unwrap(), [7]);
        }
        assert_eq!(counted.0.load(std::sync::atomic::Ordering::SeqCst), 1);
        assert!(painter.page(&one, vec![7], 2).await.is_err());
        for digit in ["2", "3"] {
            painter.page(&InputDigest(digit.repeat(64)), vec![0; KEPT_BYTES], 1).await.unwrap();
        }
        assert!(painter.kept(&one, 1).is_none());
        assert!(painter.kept(&InputDigest("3".repeat(64)), 1).is_some());
    }

    #[test]
    fn words_are_drawn_at_their_places_and_never_as_markup() {
        let mut reading = Reading::empty(EvidenceKind::Unknown, Confidence::from_percent(50));
        let region = PageRegion { page: 1, x0: 100_000, y0: 100_000, x1: 300_000, y1: 120_000 };
        let word = |text: &str, region| Word {
            text: text.to_owned(),
            region,
            confidence: Confidence::from_percent(90),
            source: Source::Ocr,
            line: 0,
        };
        reading.words = vec![word("<script>&\u{1}", region), word("elsewhere", PageRegion { page: 2, ..region })];
        let svg = from_words(&reading, 1);
        assert!(svg.contains("x=\"100\" y=\"169\""), "{svg}");
        assert!(svg.contains("&lt;script&gt;&amp;\u{fffd}</text>"), "{svg}");
        assert!(!svg.contains("elsewhere") && !svg.contains("<script"));
    }

    /// A text of 40 columns and 4 rows: letters as wide as letters are, in rows as high as rows are.
    #[test]
    fn a_text_without_a_page_is_as_large_as_its_letters() {
        let mut reading = Reading::empty(EvidenceKind::Unknown, Confidence::from_percent(50));
        let word = |text: &str, x0: u32, x1: u32, row: u32| Word {
            text: text.to_owned(),
            region: PageRegion { page: 1, x0, y0: row * 250_000, x1, y1: (row + 1) * 250_000 },
            confidence: Confidence::from_percent(100),
            source: Source::Mail,
            line: row,
        };
        reading.words = vec![word("Hello", 0, 125_000, 0), word("invoice-12", 750_000, 1_000_000, 3)];
        let svg = from_words(&reading, 1);
        assert!(is_text(&reading, 1) && !is_text(&reading, 2), "a page without words is none");
        assert!(svg.contains("width=\"280\" height=\"72\""), "{svg}");
        assert!(svg.contains("<text x=\"210\" y=\"67\" font-size=\"12\" textLength=\"70\""), "{svg}");
        reading.words[0].source = Source::Ocr;
        assert!(!is_text(&reading, 1));
    }
}
