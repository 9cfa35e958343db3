//! Pictures of the pages of documents: drawn where somebody draws them, at most two at a time, and kept for a while; drawn from the
//! words that were read where nobody does.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use quittance_agent::ports_pages::PagePainter;
use quittance_rules::cases::InputDigest;
use quittance_rules::evidence::Reading;
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

/// A page drawn from the words that were read on it, each at its place, as SVG 1000 wide and 1414 high, the proportion of A4.
pub fn from_words(reading: &Reading, number: u32) -> String {
    let mut svg = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1000\" height=\"1414\" viewBox=\"0 0 1000 1414\">\
         <rect width=\"1000\" height=\"1414\" fill=\"#fff\"/><g font-family=\"sans-serif\" fill=\"#14201f\">",
    );
    for word in reading.words.iter().filter(|word| word.region.page == number).take(WORDS_DRAWN) {
        let at = word.region;
        let (x, y) = (at.x0 / 1_000, at.y0 / 1_000 * 1_414 / 1_000);
        let width = (at.x1.saturating_sub(at.x0) / 1_000).max(4);
        let height = at.y1.saturating_sub(at.y0) / 1_000 * 1_414 / 1_000;
        svg.push_str(&format!(
            "<text x=\"{x}\" y=\"{}\" font-size=\"{}\" textLength=\"{width}\" lengthAdjust=\"spacingAndGlyphs\">{}</text>",
            y + height,
            height.clamp(9, 40),
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
    use quittance_rules::evidence::{Confidence, EvidenceKind, PageRegion, Source, Word};

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
}
