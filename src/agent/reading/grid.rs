//! Plain text on a grid of characters, for what has no page: mails, chat messages, text files.

use quittance_rules::evidence::{Confidence, PageRegion, Source, Word};

/// Columns that fill the width of the page; a longer line makes the page wider.
const COLUMNS_MIN: usize = 80;
/// Rows that fill the height of the page; a longer text makes the page taller.
const ROWS_MIN: usize = 60;
/// Spaces a tab stands for.
const TAB: usize = 8;

/// The words of a text, each with its box on a grid of characters; form feeds part pages. Lines count from 0 on each page.
pub fn words_on_grid(text: &str, source: Source) -> Vec<Word> {
    let mut words = Vec::new();
    for (page, text) in (1_u32..).zip(text.split('\u{c}')) {
        let lines: Vec<&str> = text.lines().collect();
        let width = |line: &str| line.chars().map(|c| if c == '\t' { TAB } else { 1 }).sum::<usize>();
        let columns = lines.iter().map(|l| width(l)).max().unwrap_or(0).max(COLUMNS_MIN);
        let rows = lines.len().max(ROWS_MIN);
        for (row, line) in lines.iter().enumerate() {
            let mut column = 0;
            let mut start = 0;
            let mut word = String::new();
            for c in line.chars().chain(std::iter::once(' ')) {
                if c.is_whitespace() {
                    if !word.is_empty() {
                        words.push(Word {
                            text: std::mem::take(&mut word),
                            region: PageRegion {
                                page,
                                x0: share(start, columns),
                                y0: share(row.saturating_mul(10).saturating_add(1), rows.saturating_mul(10)),
                                x1: share(column, columns),
                                y1: share(row.saturating_mul(10).saturating_add(9), rows.saturating_mul(10)),
                            },
                            confidence: Confidence::CERTAIN,
                            source,
                            line: u32::try_from(row).unwrap_or(u32::MAX),
                        });
                    }
                    column = column.saturating_add(if c == '\t' { TAB } else { 1 });
                    continue;
                }
                if word.is_empty() {
                    start = column;
                }
                word.push(c);
                column = column.saturating_add(1);
            }
        }
    }
    words
}

/// A part of a whole in millionths.
fn share(part: usize, whole: usize) -> u32 {
    let share = part.saturating_mul(1_000_000) / whole.max(1);
    u32::try_from(share).unwrap_or(1_000_000).min(1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_where_they_were_typed() {
        let words = words_on_grid("Total:   12.00\n\n  b\u{c}second", Source::Mail);
        let seen: Vec<(&str, u32, u32, u32)> =
            words.iter().map(|w| (w.text.as_str(), w.region.page, w.line, w.region.x0)).collect();
        assert_eq!(seen, [("Total:", 1, 0, 0), ("12.00", 1, 0, 112_500), ("b", 1, 2, 25_000), ("second", 2, 0, 0)]);
    }

    #[test]
    fn endless_lines_stay_within_the_page() {
        let words = words_on_grid(&"word ".repeat(10_000), Source::Mail);
        assert_eq!(words.len(), 10_000);
        assert!(words.iter().all(|w| w.region.x1 <= 1_000_000 && w.region.x0 <= w.region.x1));
    }
}
