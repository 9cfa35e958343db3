//! The sign of the Indian rupee. The letters of the language data at hand do not hold it, so it is read as a 7, 2 or 3, which makes an
//! amount ten times what it is. Its form tells it: of all signs before a number only it has two strokes across its upper half.

use image::GrayImage;

use super::ink::WordInk;
use super::page::{Rect, Seen};

/// A stroke covers at least this many hundredths of the sign's width.
const STROKE: u32 = 62;

/// Puts the sign in place of the digit it was taken for, in every number whose first sign has its form.
pub(super) fn restore(picture: &GrayImage, words: &mut [Seen]) {
    for word in words.iter_mut().filter(|w| may_begin_with_it(&w.text)) {
        if begins_with_it(picture, word.at) {
            let rest = word.text.char_indices().nth(1).map_or("", |(at, _)| &word.text[at..]);
            word.text = format!("₹{rest}");
        }
    }
}

/// Something before a number with marks, and enough left of it without its first letter.
fn may_begin_with_it(text: &str) -> bool {
    let mut letters = text.chars();
    let first = letters.next();
    let rest = letters.as_str();
    first.is_some_and(|c| matches!(c, '1' | '2' | '3' | '7' | '8' | 'z' | 'Z' | '%' | '?'))
        && rest.starts_with(|c: char| c.is_ascii_digit())
        && rest.chars().all(|c| c.is_ascii_digit() || matches!(c, ',' | '.'))
}

fn begins_with_it(picture: &GrayImage, at: Rect) -> bool {
    let Some(word) = WordInk::of(picture, at) else { return false };
    let has_ink = |x: u32| (0..word.height()).any(|y| word.holds(x, y));
    let Some(first) = (0..word.width()).find(|x| has_ink(*x)) else { return false };
    let Some(end) = (first..word.width()).find(|x| !has_ink(*x)) else { return false };
    let ink_rows: Vec<u32> = (0..word.height()).filter(|y| (first..end).any(|x| word.holds(x, *y))).collect();
    let (Some(&head), Some(&foot)) = (ink_rows.first(), ink_rows.last()) else { return false };
    let (across, down) = (end - first, foot - head + 1);
    // Two signs that touch are wider than high.
    if across > down || across * 10 < down * 3 {
        return false;
    }
    let is_stroke = |y: u32| (first..end).filter(|x| word.holds(*x, y)).count() as u32 * 100 >= STROKE * across;
    let mut strokes = 0;
    let mut within = false;
    let mut last_stroke = head;
    for y in head..head + down * 6 / 10 {
        let stroke = is_stroke(y);
        if stroke && !within {
            strokes += 1;
        }
        if stroke {
            last_stroke = y;
        }
        within = stroke;
    }
    // Both stand in the upper half, the first at the very top, and none at the foot, where a 2 and a Z have theirs.
    let foot_stroke = (foot.saturating_sub(down / 8)..=foot).any(is_stroke);
    // The foot of its bowl is a third stroke in broad letters.
    (2..=3).contains(&strokes) && last_stroke > head + down / 6 && !foot_stroke && (head..head + down / 6 + 1).any(is_stroke)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Luma;
    use quittance_rules::evidence::Source;

    /// Rows of a sign, `#` for ink, four pixels a cell, followed by a digit.
    fn drawn(rows: &[&str], dark: bool) -> (GrayImage, Rect) {
        let (ink, ground) = if dark { (20, 240) } else { (235, 30) };
        let mut picture = GrayImage::from_pixel(140, 60, Luma([ground]));
        for (y, row) in rows.iter().enumerate() {
            for (x, cell) in row.chars().enumerate() {
                if cell == '#' {
                    for (dx, dy) in (0..4).flat_map(|x| (0..4).map(move |y| (x, y))) {
                        picture.put_pixel(8 + x as u32 * 4 + dx, 6 + y as u32 * 4 + dy, Luma([ink]));
                    }
                }
            }
        }
        for y in 6..50 {
            (60..66).for_each(|x| picture.put_pixel(x, y, Luma([ink])));
        }
        (picture, Rect { x0: 6.0, y0: 4.0, x1: 70.0, y1: 54.0 })
    }

    #[test]
    fn its_two_strokes_tell_it_from_digits() {
        let rupee = [
            "########", "..##....", "....##..", "########", "....##..", "..###...", ".###....", "..###...", "....##..",
            ".....##.",
        ];
        let seven = [
            "########", ".......#", "......#.", ".....##.", ".....#..", "....##..", "....#...", "...##...", "...#....",
            "..##....",
        ];
        let two = [
            ".######.", "#......#", ".......#", "......#.", ".....#..", "....#...", "...#....", "..#.....", ".#......",
            "########",
        ];
        for dark in [true, false] {
            for (rows, is) in [(&rupee, true), (&seven, false), (&two, false)] {
                let (picture, at) = drawn(rows, dark);
                let mut words = vec![Seen { text: "74,500.00".into(), at, confidence: 90.0, source: Source::Ocr }];
                restore(&picture, &mut words);
                assert_eq!(words[0].text, if is { "₹4,500.00" } else { "74,500.00" });
            }
        }
        assert!(!may_begin_with_it("INV-7001") && !may_begin_with_it("4,500") && may_begin_with_it("%4,500"));
    }
}
