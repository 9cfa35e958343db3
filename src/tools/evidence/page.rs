//! Words on their way from a reader of letters to the pure part: places in the reader's own units become fractions of the page, and
//! words become visual lines.

use quittance_agent::reading::{MailHead, Words};
use quittance_rules::evidence::{Confidence, PageRegion, Source, Word};
use quittance_rules::reuse::PictureHash;

use super::media::Media;

/// A rectangle in the reader's own units: pixels, points or cells of a character grid.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Rect {
    pub(super) x0: f32,
    pub(super) y0: f32,
    pub(super) x1: f32,
    pub(super) y1: f32,
}

impl Rect {
    pub(super) fn width(self) -> f32 {
        (self.x1 - self.x0).max(0.0)
    }
    pub(super) fn height(self) -> f32 {
        (self.y1 - self.y0).max(0.0)
    }
    pub(super) fn area(self) -> f32 {
        self.width() * self.height()
    }
    /// The area both cover.
    pub(super) fn shared(self, other: Self) -> f32 {
        let width = self.x1.min(other.x1) - self.x0.max(other.x0);
        let height = self.y1.min(other.y1) - self.y0.max(other.y0);
        if width > 0.0 && height > 0.0 { width * height } else { 0.0 }
    }
    /// The part of the smaller one that the other covers, 0 to 1.
    pub(super) fn covered(self, other: Self) -> f32 {
        let smaller = self.area().min(other.area());
        if smaller > 0.0 { self.shared(other) / smaller } else { 0.0 }
    }
    /// The smallest rectangle that holds both.
    pub(super) fn union(self, other: Self) -> Self {
        Self { x0: self.x0.min(other.x0), y0: self.y0.min(other.y0), x1: self.x1.max(other.x1), y1: self.y1.max(other.y1) }
    }
}

/// One word as some reader saw it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Seen {
    pub(super) text: String,
    pub(super) at: Rect,
    /// 0 to 100.
    pub(super) confidence: f32,
    pub(super) source: Source,
}

/// One page of words, in the reader's units.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Page {
    pub(super) width: f32,
    pub(super) height: f32,
    /// Lines in reading order, each from left to right.
    pub(super) lines: Vec<Vec<Seen>>,
}

impl Page {
    /// Puts words in visual lines: what stands side by side is one line, because a label and its value often do.
    pub(super) fn of_words(width: f32, height: f32, words: Vec<Seen>) -> Self {
        let mut lines = visual_lines(words);
        super::decimals::join(&mut lines);
        Self { width, height, lines }
    }

    /// Text without a page: each character a cell, each line a row.
    pub(super) fn of_text(text: &str, source: Source) -> Self {
        let rows: Vec<&str> = text.lines().collect();
        let columns = rows.iter().map(|row| row.chars().count()).max().unwrap_or(0).max(1);
        let mut lines = Vec::new();
        for (number, row) in rows.iter().enumerate() {
            let mut line = Vec::new();
            let mut word = String::new();
            let mut begun = 0usize;
            for (column, letter) in row.chars().chain(std::iter::once(' ')).enumerate() {
                if !letter.is_whitespace() {
                    if word.is_empty() {
                        begun = column;
                    }
                    word.push(letter);
                } else if !word.is_empty() {
                    let at = Rect { x0: begun as f32, y0: number as f32, x1: column as f32, y1: number as f32 + 1.0 };
                    line.push(Seen { text: std::mem::take(&mut word), at, confidence: 100.0, source });
                }
            }
            if !line.is_empty() {
                lines.push(line);
            }
        }
        Self { width: columns as f32, height: rows.len().max(1) as f32, lines }
    }
}

fn visual_lines(mut words: Vec<Seen>) -> Vec<Vec<Seen>> {
    words.sort_by(|a, b| (a.at.y0 + a.at.y1).total_cmp(&(b.at.y0 + b.at.y1)));
    let mut lines: Vec<(Rect, Vec<Seen>)> = Vec::new();
    for word in words {
        // Only recent lines can be near: words come from the top down.
        let near = lines.len().saturating_sub(12);
        let fits = lines.iter().enumerate().skip(near).rev().find(|(_, (_, line))| {
            let beside = line.iter().all(|other| {
                let overlap = other.at.x1.min(word.at.x1) - other.at.x0.max(word.at.x0);
                overlap <= 0.3 * other.at.width().min(word.at.width())
            });
            // Compared with the nearest words only, so that a slowly falling line stays one line.
            let nearest = line.iter().min_by(|a, b| gap(a.at, word.at).total_cmp(&gap(b.at, word.at)));
            beside && nearest.is_some_and(|other| same_row(other.at, word.at))
        });
        match fits.map(|(index, _)| index) {
            Some(index) => {
                if let Some((rect, line)) = lines.get_mut(index) {
                    *rect = rect.union(word.at);
                    line.push(word);
                }
            }
            None => lines.push((word.at, vec![word])),
        }
    }
    for (_, line) in &mut lines {
        line.sort_by(|a, b| a.at.x0.total_cmp(&b.at.x0));
    }
    lines.sort_by(|a, b| (a.0.y0 + a.0.y1).total_cmp(&(b.0.y0 + b.0.y1)));
    lines.into_iter().map(|(_, line)| line).collect()
}

fn gap(a: Rect, b: Rect) -> f32 {
    (b.x0 - a.x1).max(a.x0 - b.x1)
}

fn same_row(a: Rect, b: Rect) -> bool {
    let shared = a.y1.min(b.y1) - a.y0.max(b.y0);
    shared >= 0.55 * a.height().min(b.height())
}

/// All pages of a document and what was said about them.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) pages: Vec<Page>,
    pub(super) complaints: Vec<String>,
    pub(super) mail: Option<MailHead>,
    /// What the first picture in it looks like.
    pub(super) picture: Option<PictureHash>,
    /// Signs of editing, one sentence each.
    pub(super) hints: Vec<String>,
}

impl Document {
    /// The form the pure part takes: places in millionths of the page, empty words dropped.
    pub(super) fn into_words(self, media: Media) -> Words {
        let mut words = Vec::new();
        let pages = u32::try_from(self.pages.len()).unwrap_or(u32::MAX).max(1);
        for (number, page) in (1u32..).zip(&self.pages) {
            for (row, line) in (0u32..).zip(&page.lines) {
                for seen in line {
                    let text = tidy(&seen.text);
                    if text.is_empty() {
                        continue;
                    }
                    let region = PageRegion {
                        page: number,
                        x0: millionths(seen.at.x0, page.width),
                        y0: millionths(seen.at.y0, page.height),
                        x1: millionths(seen.at.x1, page.width),
                        y1: millionths(seen.at.y1, page.height),
                    };
                    let confidence = Confidence::from_millionths((seen.confidence.clamp(0.0, 100.0) * 10_000.0) as u32);
                    words.push(Word { text, region, confidence, source: seen.source, line: row });
                }
            }
        }
        Words { media_type: media.name().to_owned(), pages, words, complaints: self.complaints, mail: self.mail }
    }
}

/// Control and direction marks out: they would reorder text on a reviewer's page or split a number for a parser.
fn tidy(text: &str) -> String {
    let unseen = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{ad}')
            || matches!(c, '\u{e0000}'..='\u{e007f}')
    };
    text.chars().filter(|c| !unseen(*c) && !c.is_whitespace()).collect()
}

fn millionths(at: f32, whole: f32) -> u32 {
    if !(at.is_finite() && whole > 0.0) {
        return 0;
    }
    ((f64::from(at) / f64::from(whole)).clamp(0.0, 1.0) * 1_000_000.0).round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str, x0: f32, y0: f32, x1: f32, y1: f32) -> Seen {
        Seen { text: text.to_owned(), at: Rect { x0, y0, x1, y1 }, confidence: 90.0, source: Source::Ocr }
    }

    #[test]
    fn a_label_and_its_value_are_one_line_and_stacked_words_are_not() {
        let page = Page::of_words(
            100.0,
            100.0,
            vec![
                seen("Total", 0.0, 10.0, 20.0, 20.0),
                seen("10.00", 80.0, 11.0, 99.0, 21.0),
                seen("Date", 0.0, 24.0, 20.0, 34.0),
            ],
        );
        let lines: Vec<Vec<&str>> = page.lines.iter().map(|l| l.iter().map(|w| w.text.as_str()).collect()).collect();
        assert_eq!(lines, vec![vec!["Total", "10.00"], vec!["Date"]]);
    }

    #[test]
    fn text_stands_on_a_grid() {
        let document = Document { pages: vec![Page::of_text("Paid 10\n\n  now", Source::Mail)], ..Document::default() };
        let words = document.into_words(Media::Text).words;
        assert_eq!(words.len(), 3);
        assert_eq!((words[1].text.as_str(), words[1].region.x0, words[1].region.x1), ("10", 714_286, 1_000_000));
        assert_eq!((words[2].line, words[2].region.y1), (1, 1_000_000));
    }

    #[test]
    fn direction_marks_do_not_reach_a_page() {
        assert_eq!(tidy("1\u{202e}00\u{200b}.5"), "100.5");
    }
}
