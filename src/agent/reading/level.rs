//! Words of a picture taken askew, as they would stand on a level one. What a reader of letters gives are boxes on the picture as it came;
//! on a paper that lies turned, a label and the value at the other end of its line stand at different heights, and the value may stand
//! beside the next label. Columns, rows and neighbours are looked for among the levelled boxes; every claim points at the picture's own.

use std::cmp::Reverse;

use quittance_rules::evidence::{PageRegion, Source, Word};

/// Lines needed to tell how a page lies.
const LINES_MIN: usize = 4;
/// A line that tells reaches over this part of the page, in millionths.
const REACH: i64 = 200_000;
/// A fall below this, in millionths of the page's height over its whole width, is level enough.
const LEVEL: i64 = 8_000;

/// Words as they would stand on level pages, and their boxes on the pages as they are.
#[derive(Debug)]
pub struct Levelled {
    /// The words, at their levelled places.
    pub words: Vec<Word>,
    /// Where they stand, in the same order; empty where every page is level.
    own: Vec<PageRegion>,
}

/// How far the lines of a page fall: at its left edge and at its right edge the height of a line differs by `fall`, in the middle of the
/// page, and by `growth` more for a line a whole page further down. In millionths of the page's height.
#[derive(Debug, Clone, Copy)]
struct Fall {
    page: u32,
    fall: i64,
    growth: i64,
}

impl Levelled {
    /// Levels the pages whose lines fall alike.
    pub fn of(words: Vec<Word>) -> Self {
        let falls: Vec<Fall> = words.chunk_by(|a, b| a.region.page == b.region.page).filter_map(fall_of).collect();
        if falls.is_empty() {
            return Self { words, own: Vec::new() };
        }
        let own = words.iter().map(|word| word.region).collect();
        let level = |mut word: Word| {
            if let Some(fall) = falls.iter().find(|fall| fall.page == word.region.page) {
                word.region = fall.level(word.region);
            }
            word
        };
        Self { words: words.into_iter().map(level).collect(), own }
    }

    /// The box on the page as it is of what stands in a box of the levelled one: that of its words, drawn in to the middles of their letters
    /// where other words would stand in it too.
    pub fn place(&self, region: PageRegion) -> PageRegion {
        if self.own.is_empty() {
            return region;
        }
        let held: Vec<bool> = self.words.iter().map(|word| region.holds_middle_of(word.region)).collect();
        let boxes = |of: fn(PageRegion) -> PageRegion| {
            let own = self.own.iter().zip(&held).filter(|(_, held)| **held).map(|(own, _)| of(*own));
            own.reduce(|a, b| a.union(b).unwrap_or(a))
        };
        let is_alone = |at: &PageRegion| self.own.iter().zip(&held).all(|(own, held)| *held || !at.holds_middle_of(*own));
        let whole = boxes(|own| own);
        let drawn_in = || {
            boxes(|own| {
                let quarter = own.y1.saturating_sub(own.y0) / 4;
                PageRegion { y0: own.y0.saturating_add(quarter), y1: own.y1.saturating_sub(quarter), ..own }
            })
        };
        whole.filter(is_alone).or_else(drawn_in).or(whole).unwrap_or(region)
    }
}

impl Fall {
    fn level(&self, region: PageRegion) -> PageRegion {
        let middle = |a: u32, b: u32| i64::from(a.midpoint(b)) - 500_000;
        let (x, y) = (middle(region.x0, region.x1), middle(region.y0, region.y1));
        let here = self.fall.saturating_add(self.growth.saturating_mul(y) / 1_000_000);
        let by = here.saturating_mul(x) / 1_000_000;
        // A box around letters that fall is higher than they are, by the fall over its width.
        let wide = i64::from(region.x1) - i64::from(region.x0);
        let high = i64::from(region.y1) - i64::from(region.y0);
        let spare = (here.saturating_mul(wide) / 1_000_000).abs().min(high / 2) / 2;
        let moved = |edge: u32, by: i64| u32::try_from((i64::from(edge) - by).clamp(0, 1_000_000)).unwrap_or(edge);
        PageRegion { y0: moved(region.y0, by - spare), y1: moved(region.y1, by + spare), ..region }
    }
}

/// How the lines of a page lie; `None` where too few tell, they differ, or they are level.
fn fall_of(page: &[Word]) -> Option<Fall> {
    let lines: Vec<(i64, i64)> = page.chunk_by(|a, b| a.line == b.line).filter_map(fall_of_line).collect();
    if lines.len() < LINES_MIN {
        return None;
    }
    let growth = growth(&lines);
    let fall = median(lines.iter().map(|(y, fall)| fall - growth.saturating_mul(*y) / 1_000_000).collect())?;
    let is_near = |(y, own): &&(i64, i64)| (own - fall - growth.saturating_mul(*y) / 1_000_000).abs() < LEVEL.max(fall.abs() / 4);
    let agreeing = lines.iter().filter(is_near).count();
    let is_tilted = fall.abs() >= LEVEL || growth.abs() >= 2 * LEVEL;
    (is_tilted && 10 * agreeing >= 6 * lines.len()).then_some(Fall { page: page.first()?.region.page, fall, growth })
}

/// How far a line stands from the middle of the page, and how far it falls over the page's width; `None` where it is short.
fn fall_of_line(line: &[Word]) -> Option<(i64, i64)> {
    let boxes = || line.iter().filter(|word| word.source == Source::Ocr).map(|word| word.region);
    let (first, last) = (boxes().min_by_key(|at| at.x0)?, boxes().min_by_key(|at| Reverse(at.x1))?);
    let middle = |a: u32, b: u32| i64::from(a.midpoint(b));
    let along = middle(last.x0, last.x1) - middle(first.x0, first.x1);
    let (from, to) = (middle(first.y0, first.y1), middle(last.y0, last.y1));
    (along >= REACH).then(|| (i64::midpoint(from, to) - 500_000, (to - from) * 1_000_000 / along))
}

/// How much more lines fall a page further down: the median over pairs of lines well apart (Theil and Sen).
fn growth(lines: &[(i64, i64)]) -> i64 {
    /// Lines apart by less of the page do not tell.
    const APART: i64 = 150_000;
    const LINES_MAX: usize = 200;
    let lines = &lines[..lines.len().min(LINES_MAX)];
    let mut pairs = Vec::new();
    for (at, (y, fall)) in lines.iter().enumerate() {
        let apart = lines[at + 1..].iter().filter(|(other, _)| (other - y).abs() >= APART);
        pairs.extend(apart.map(|(other, its)| (its - fall).saturating_mul(1_000_000) / (other - y)));
    }
    median(pairs).filter(|growth| growth.abs() >= 2 * LEVEL).unwrap_or(0)
}

fn median(mut values: Vec<i64>) -> Option<i64> {
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use quittance_rules::evidence::Confidence;

    use super::*;

    fn word(text: &str, line: u32, x0: u32, x1: u32, y: u32) -> Word {
        let region = PageRegion { page: 1, x0, y0: y, x1, y1: y + 20_000 };
        Word { text: text.to_owned(), region, confidence: Confidence::from_percent(95), source: Source::Ocr, line }
    }

    /// A label on the left and a value on the right, `lines` times, on a page that falls by `fall` over its width and by `growth` more from top
    /// to bottom.
    fn slip(lines: u32, fall: i64, growth: i64) -> Vec<Word> {
        let mut words = Vec::new();
        for line in 0..lines {
            let y = 100_000 + line * 45_000;
            for (text, x0, x1) in [("Label", 150_000_u32, 250_000), ("1.00", 750_000, 850_000)] {
                let here = fall + growth * (i64::from(y) - 500_000) / 1_000_000;
                let by = here * (i64::from(x0.midpoint(x1)) - 500_000) / 1_000_000;
                words.push(word(text, line, x0, x1, u32::try_from(i64::from(y) + by).unwrap()));
            }
        }
        words
    }

    #[test]
    fn a_label_and_its_value_stand_at_one_height_again() {
        for (fall, growth) in [(-60_000, 0), (45_000, 0), (30_000, 40_000), (0, 60_000)] {
            let read = Levelled::of(slip(12, fall, growth));
            for pair in read.words.chunks(2) {
                assert!(pair[0].region.y0.abs_diff(pair[1].region.y0) < 4_000, "{fall} {growth}: {pair:?}");
            }
        }
    }

    #[test]
    fn what_is_level_or_does_not_agree_is_left() {
        for words in [slip(12, 0, 0), slip(12, 3_000, 0), slip(3, 60_000, 0), Vec::new()] {
            let read = Levelled::of(words.clone());
            assert_eq!(read.words, words);
            let region = PageRegion { page: 1, x0: 1, y0: 2, x1: 3, y1: 4 };
            assert_eq!(read.place(region), region);
        }
        let mut mail = slip(12, 60_000, 0);
        mail.iter_mut().for_each(|word| word.source = Source::Mail);
        assert_eq!(Levelled::of(mail.clone()).words, mail, "what was never a picture");
    }

    #[test]
    fn a_box_points_at_the_words_on_the_picture_as_it_came() {
        let own = slip(12, -60_000, 0);
        let read = Levelled::of(own.clone());
        for (level, own) in read.words.iter().zip(&own) {
            assert_eq!(read.place(level.region), own.region);
        }
        // A whole line: the box around both words would hold no other's middle, or it is drawn in until it does not.
        for at in (0..own.len()).step_by(2) {
            let line = read.words[at].region.union(read.words[at + 1].region).unwrap();
            let place = read.place(line);
            let middles = own.iter().filter(|word| place.holds_middle_of(word.region));
            assert!(middles.clone().any(|word| word == &own[at]) && middles.clone().any(|word| word == &own[at + 1]), "{at}");
        }
    }
}
