//! Where words stand towards each other: tokens, visual rows, segments (words with no wide gap between), what is below what.
//!
//! Coordinates are integers in millionths of the page (see `PageRegion`). Width and height have different scales, so gaps are measured
//! against the width of letters and vertical distances against the height of lines.

use quittance_rules::evidence::{PageRegion, Source, Word};

use super::lexicon::fold;

/// A piece of a word: `Total:$12` is `Total` and `$12`.
#[derive(Debug, Clone)]
pub struct Token {
    /// Index of the word.
    pub word: usize,
    /// Byte range within the word's text.
    pub start: usize,
    /// End of the byte range.
    pub end: usize,
    /// Lower case without accents and punctuation.
    pub folded: String,
    /// A colon or the like follows within the word.
    pub colon_after: bool,
}

/// Words of one row with no wide gap between them.
#[derive(Debug, Clone)]
pub struct Segment {
    /// Indices of words, from left to right.
    pub words: Vec<usize>,
    /// Indices of tokens, from left to right.
    pub tokens: Vec<usize>,
    /// The box of all its words.
    pub region: PageRegion,
    /// Index of its row.
    pub row: usize,
}

impl Segment {
    /// Height in millionths of the page.
    pub fn height(&self) -> u32 {
        self.region.y1.saturating_sub(self.region.y0)
    }

    /// Shares some of its width with another.
    pub fn overlaps_x(&self, other: &Self) -> bool {
        self.region.x0 < other.region.x1 && other.region.x0 < self.region.x1
    }
}

/// A visual row of a page.
#[derive(Debug, Clone)]
pub struct Row {
    /// Page, from 1.
    pub page: u32,
    /// Range of segments, from left to right.
    pub segments: std::ops::Range<usize>,
}

/// The words of a document, arranged.
#[derive(Debug)]
pub struct Layout<'w> {
    /// The words as handed in.
    pub words: &'w [Word],
    /// All tokens, in the order of the words.
    pub tokens: Vec<Token>,
    /// All segments, row by row.
    pub segments: Vec<Segment>,
    /// Rows from the top of the first page to the bottom of the last.
    pub rows: Vec<Row>,
    /// Segment of each word.
    pub segment_of: Vec<usize>,
    /// Median height of a word, per page in order of appearance: (page, height).
    heights: Vec<(u32, u32)>,
    /// First token of each word, and one entry more for the end.
    first_token: Vec<usize>,
}

/// A gap wider than this many tenths of a letter starts a new segment. A space between words is 5 to 10; the two spaces that part
/// columns in plain text are 20.
const GAP_TENTHS: u64 = 17;

/// A row takes no further lines above this many words; no real page has such rows, and comparing them would take long.
const ROW_WORDS_MAX: usize = 400;

impl<'w> Layout<'w> {
    /// Arranges words.
    pub fn of(words: &'w [Word]) -> Self {
        let mut layout = Self {
            words,
            tokens: words.iter().enumerate().flat_map(|(i, w)| tokens_of(i, &w.text)).collect(),
            segments: Vec::new(),
            rows: Vec::new(),
            segment_of: vec![0; words.len()],
            heights: Vec::new(),
            first_token: Vec::new(),
        };
        let mut first_token = vec![layout.tokens.len(); words.len().saturating_add(1)];
        for (i, token) in layout.tokens.iter().enumerate().rev() {
            first_token[token.word] = i;
        }
        for word in (0..words.len()).rev() {
            first_token[word] = first_token[word].min(first_token[word.saturating_add(1)]);
        }
        layout.first_token = first_token;
        let mut pages: Vec<u32> = words.iter().map(|w| w.region.page).collect();
        pages.sort_unstable();
        pages.dedup();
        for page in pages {
            let on_page: Vec<usize> = (0..words.len()).filter(|&i| words[i].region.page == page).collect();
            layout.heights.push((page, median(on_page.iter().map(|&i| height(&words[i])).collect())));
            for row in rows_of(words, &on_page) {
                layout.add_row(page, row);
            }
        }
        layout
    }

    fn add_row(&mut self, page: u32, mut row: Vec<usize>) {
        row.sort_by_key(|&i| (self.words[i].region.x0, i));
        let usual = median(row.iter().map(|&i| letter_width(&self.words[i])).collect());
        let from = self.segments.len();
        for (place, &word) in row.iter().enumerate() {
            let region = self.words[word].region;
            let joins = place.checked_sub(1).is_some_and(|p| {
                let before = &self.words[row[p]];
                let gap = u64::from(region.x0.saturating_sub(before.region.x1));
                let pair = letter_width(before).midpoint(letter_width(&self.words[word]));
                gap.saturating_mul(10) <= GAP_TENTHS.saturating_mul(u64::from(pair.max(usual.saturating_mul(4) / 5)))
            });
            let tokens = self.first_token[word]..self.first_token[word.saturating_add(1)];
            match self.segments.last_mut().filter(|_| joins) {
                Some(segment) => {
                    segment.words.push(word);
                    segment.tokens.extend(tokens);
                    segment.region = segment.region.union(region).unwrap_or(region);
                }
                None => {
                    self.segments.push(Segment { words: vec![word], tokens: tokens.collect(), region, row: self.rows.len() });
                }
            }
            self.segment_of[word] = self.segments.len().saturating_sub(1);
        }
        self.rows.push(Row { page, segments: from..self.segments.len() });
    }

    /// The tokens of a word.
    pub fn tokens_of_word(&self, word: usize) -> &[Token] {
        &self.tokens[self.first_token[word]..self.first_token[word.saturating_add(1)]]
    }

    /// Median height of the words on a page, in millionths of its height; at least 1.
    pub fn usual_height(&self, page: u32) -> u32 {
        self.heights.iter().find(|(p, _)| *p == page).map_or(1, |&(_, h)| h.max(1))
    }

    /// Segments to the right in the same row, nearest first.
    pub fn right_of(&self, segment: usize) -> std::ops::Range<usize> {
        segment.saturating_add(1)..self.rows[self.segments[segment].row].segments.end
    }

    /// Segments under this one that share some of its width, nearest first, down to `lines` line heights below it.
    pub fn below(&self, segment: usize, lines: u32) -> Vec<usize> {
        let from = &self.segments[segment];
        let page = from.region.page;
        let line = self.usual_height(page).max(from.height());
        let reach = from.region.y1.saturating_add(line.saturating_mul(lines));
        let mut found = Vec::new();
        for row in self.rows.iter().skip(from.row.saturating_add(1)).take_while(|r| r.page == page) {
            let segments = &self.segments[row.segments.clone()];
            if segments.iter().all(|s| s.region.y0 > reach) {
                break;
            }
            found.extend(row.segments.clone().filter(|&s| self.segments[s].overlaps_x(from)));
        }
        found
    }

    /// Segments over this one that share some of its width, nearest first, at most `rows` rows up.
    pub fn above(&self, segment: usize, rows: usize) -> Vec<usize> {
        let from = &self.segments[segment];
        let mut found = Vec::new();
        for row in self.rows[..from.row].iter().rev().take(rows).take_while(|r| r.page == from.region.page) {
            found.extend(row.segments.clone().filter(|&s| self.segments[s].overlaps_x(from)));
        }
        found
    }

    /// Vertical distance between two segments, in tenths of a line of text of the page.
    pub fn lines_between(&self, upper: usize, lower: usize) -> u32 {
        let (upper, lower) = (&self.segments[upper], &self.segments[lower]);
        let gap = lower.region.y0.saturating_sub(upper.region.y1);
        gap.saturating_mul(10) / self.usual_height(lower.region.page).max(1)
    }

    /// Place of a word within its segment.
    pub fn position(&self, word: usize) -> usize {
        let segment = &self.segments[self.segment_of[word]];
        segment.words.iter().position(|&w| w == word).unwrap_or(0)
    }

    /// The smallest box around some words of one page. `None` when there are none or they stand on different pages.
    pub fn region(&self, words: &[usize]) -> Option<PageRegion> {
        let mut regions = words.iter().map(|&w| self.words[w].region);
        let first = regions.next()?;
        regions.try_fold(first, PageRegion::union)
    }

    /// The words as they stand, one space between.
    pub fn text(&self, words: &[usize]) -> String {
        words.iter().map(|&w| self.words[w].text.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// The letters were recognised in pixels, so single letters may be off.
    pub fn is_ocr(&self, word: usize) -> bool {
        self.words[word].source == Source::Ocr
    }
}

fn height(word: &Word) -> u32 {
    word.region.y1.saturating_sub(word.region.y0)
}

fn letter_width(word: &Word) -> u32 {
    let letters = u32::try_from(word.text.chars().count()).unwrap_or(u32::MAX).max(1);
    word.region.x1.saturating_sub(word.region.x0) / letters
}

fn median(mut values: Vec<u32>) -> u32 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}

/// Joins the reader's text lines that stand at one height into visual rows: a label and its value are often two lines to a reader.
fn rows_of(words: &[Word], on_page: &[usize]) -> Vec<Vec<usize>> {
    struct Line {
        words: Vec<usize>,
        centre: u32,
        height: u32,
    }
    let mut by_line: std::collections::BTreeMap<u32, Vec<usize>> = std::collections::BTreeMap::new();
    for &word in on_page {
        by_line.entry(words[word].line).or_default().push(word);
    }
    let mut lines: Vec<Line> = by_line
        .into_values()
        .map(|line| {
            let top = median(line.iter().map(|&i| words[i].region.y0).collect());
            let bottom = median(line.iter().map(|&i| words[i].region.y1).collect());
            Line { words: line, centre: top.midpoint(bottom), height: bottom.saturating_sub(top) }
        })
        .collect();
    lines.sort_by_key(|l| (l.centre, l.words.first().copied()));
    let mut rows: Vec<Line> = Vec::new();
    for line in lines {
        let row = rows.iter_mut().rev().take(3).find(|row| {
            let near = line.centre.abs_diff(row.centre).saturating_mul(2) <= line.height.min(row.height);
            near && row.words.len() < ROW_WORDS_MAX
                && line.words.iter().all(|&i| row.words.iter().all(|&j| !overlap_x(&words[i], &words[j])))
        });
        match row {
            Some(row) => {
                row.height = row.height.max(line.height);
                row.words.extend(line.words);
            }
            None => rows.push(line),
        }
    }
    rows.into_iter().map(|r| r.words).collect()
}

fn overlap_x(a: &Word, b: &Word) -> bool {
    a.region.x0 < b.region.x1 && b.region.x0 < a.region.x1
}

/// Cuts a word where a label ends and a value may begin: after `:`, `#`, `=`, `°` and `º`, but not inside times (`12:30`).
fn tokens_of(word: usize, text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut start = 0;
    let mut before = None;
    let mut chars = text.char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        let after = chars.peek().map(|&(_, c)| c);
        let digits = before.is_some_and(|b: char| b.is_ascii_digit()) && after.is_some_and(|a| a.is_ascii_digit());
        let cuts = match c {
            // `l'opération`, `dell'ordine`, `d’échéance`: the article is a token of its own.
            '\'' | '’' => before.is_some_and(char::is_alphabetic) && after.is_some_and(char::is_alphabetic),
            ':' | '：' | '=' | '#' | '°' | 'º' | '(' | ')' => !digits,
            _ => false,
        };
        // `operación17733901`: a label and the number that stands too near it.
        if before.is_some_and(|b| b.is_lowercase())
            && c.is_ascii_digit()
            && text[start..i].chars().filter(|l| l.is_lowercase()).count() >= 5
            && text[i..].chars().take_while(char::is_ascii_digit).count() >= 5
        {
            push_token(&mut tokens, word, text, start, i, false);
            start = i;
        }
        before = Some(c);
        if cuts {
            push_token(&mut tokens, word, text, start, i, matches!(c, ':' | '：' | '='));
            start = i.saturating_add(c.len_utf8());
        }
    }
    push_token(&mut tokens, word, text, start, text.len(), false);
    tokens
}

fn push_token(tokens: &mut Vec<Token>, word: usize, text: &str, start: usize, end: usize, colon_after: bool) {
    let folded = fold(&text[start..end]);
    if folded.is_empty() {
        // A lone sign (`$`, `€`, `:`) is no token of its own; a colon after a space belongs to the token before.
        if let Some(last) = tokens.last_mut().filter(|_| colon_after) {
            last.colon_after = true;
        }
        return;
    }
    tokens.push(Token { word, start, end, folded, colon_after });
}
