//! Small ink right behind a large number that no pass saw as letters, or saw as a quote or a star: raised decimals. Left out, the number
//! is another amount, so it is looked at by itself; and where nothing can be made of it the number is not legible.

use image::GrayImage;

use super::decimals;
use super::ink::WordInk;
use super::page::{Rect, Seen};
use super::vote::ILLEGIBLE;

/// Numbers of one picture that are looked at: a few hundredths of a second each.
const LOOKS: usize = 4;
/// Height of a number, in pixels, from which its decimals are set smaller.
const LARGE: f32 = 26.0;
/// What a reader of letters makes of raised figures.
const STROKES: [char; 10] = ['*', '"', '\'', '°', '`', '^', '~', '”', '’', '®'];

/// Looks behind every large number without decimals; `look` reads one rectangle of the picture by itself.
pub(super) fn restore(picture: &GrayImage, words: &mut Vec<Seen>, mut look: impl FnMut(Rect) -> String) {
    let mut heights: Vec<f32> = words.iter().map(|w| w.at.height()).collect();
    heights.sort_by(f32::total_cmp);
    let usual = heights.get(heights.len() / 2).copied().unwrap_or(0.0);
    let large: Vec<usize> = words
        .iter()
        .enumerate()
        .filter(|(_, w)| w.at.height() >= LARGE && w.at.height() >= 1.5 * usual)
        .filter(|(_, w)| decimals::is_whole(w.text.trim_end_matches(STROKES)))
        .map(|(at, _)| at)
        .take(LOOKS)
        .collect();
    for at in large {
        let Some(word) = words.get(at).cloned() else { continue };
        let Some(ink) = unread(picture, &word, words) else { continue };
        let text = look(ink);
        let text = text.trim_end_matches(|c: char| !c.is_ascii_digit());
        let bare = word.text.trim_end_matches(STROKES).to_owned();
        let has_strokes = bare.len() != word.text.len();
        let Some(number) = words.get_mut(at) else { continue };
        if decimals::are_decimals(text) {
            number.text = bare;
            if has_strokes {
                number.at.x1 = ink.x0 - 1.0;
                // The number was unsure for the strokes behind it; it is told again by itself.
                let again = look(number.at);
                let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
                number.confidence = if digits(&again) == digits(&number.text) { number.confidence.max(80.0) } else { ILLEGIBLE };
            }
            let confidence = number.confidence.min(80.0);
            let source = number.source;
            let text = text.to_owned();
            words.retain(|w| w.at == word.at || w.at.covered(ink) < 0.5 || w.text.chars().count() > 2);
            words.push(Seen { text, at: ink, confidence, source });
        } else if text.chars().any(|c| c.is_ascii_digit()) || has_strokes {
            number.confidence = number.confidence.min(ILLEGIBLE);
        }
    }
}

/// The ink right behind a number, or at its end where strokes were seen, that is smaller than its figures and belongs to no other word.
fn unread(picture: &GrayImage, word: &Seen, words: &[Seen]) -> Option<Rect> {
    let high = word.at.height();
    let strokes = word.text.ends_with(STROKES);
    let from = if strokes { word.at.x1 - 1.4 * high } else { word.at.x1 + 1.0 };
    let beside = |w: &&Seen| w.at.x0 > word.at.x1 - 0.2 * high && w.at.y0 < word.at.y1 && w.at.y1 > word.at.y0 && w.at != word.at;
    let stray = |w: &&Seen| strokes && w.text.chars().count() == 1 && w.at.x1 <= word.at.x1 + 0.2 * high;
    let to = words.iter().filter(beside).filter(|w| !stray(w)).map(|w| w.at.x0 - 1.0).fold(word.at.x1 + 1.5 * high, f32::min);
    let to = to.min(picture.width() as f32 - 1.0);
    if to - from < 0.3 * high {
        return None;
    }
    let at = Rect { x0: from.max(word.at.x0), x1: to, y0: (word.at.y0 - 0.15 * high).max(0.0), y1: word.at.y1 };
    let ink = WordInk::of(picture, at)?;
    let (width, height) = (ink.width(), ink.height());
    let scale_x = at.width() / width.max(1) as f32;
    let scale_y = at.height() / height.max(1) as f32;
    // Runs of columns with ink, with their first and last rows.
    let mut runs: Vec<(u32, u32, u32, u32)> = Vec::new();
    let mut open = false;
    for x in 0..width {
        let rows = (0..height)
            .filter(|y| ink.holds(x, *y))
            .fold(None, |rows: Option<(u32, u32)>, y| Some(rows.map_or((y, y), |r| (r.0, y))));
        match (rows, open) {
            (Some((top, foot)), true) => {
                if let Some(run) = runs.last_mut() {
                    *run = (run.0, x, run.2.min(top), run.3.max(foot));
                }
            }
            (Some((top, foot)), false) => runs.push((x, x, top, foot)),
            (None, _) => {}
        }
        open = rows.is_some();
    }
    let down = |row: u32| at.y0 + row as f32 * scale_y;
    let small = |run: &&(u32, u32, u32, u32)| {
        let (top, foot) = (down(run.2), down(run.3));
        foot - top <= 0.72 * high && foot < word.at.y1 - 0.12 * high
    };
    // From the right: what is small and raised, up to the first figure of the number itself.
    let tail: Vec<&(u32, u32, u32, u32)> = runs.iter().rev().take_while(small).collect();
    let (first, last) = (tail.last()?, tail.first()?);
    let top = tail.iter().map(|r| r.2).min()?;
    let foot = tail.iter().map(|r| r.3).max()?;
    let place = Rect {
        x0: at.x0 + first.0 as f32 * scale_x,
        x1: at.x0 + (last.1 + 1) as f32 * scale_x,
        y0: down(top),
        y1: down(foot + 1),
    };
    let figures = place.height() >= 0.25 * high && place.width() >= 0.3 * high && place.width() <= 1.5 * high;
    // Far from the number it is something else.
    (figures && place.x0 - word.at.x1 < 0.5 * high && tail.len() >= 2 && tail.len() <= 4).then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Luma;
    use quittance_rules::evidence::Source;

    /// A large number at (10, 20)–(100, 60), and bars of ink behind it.
    fn seen(text: &str, bars: &[(u32, u32, u32, u32)], look: &str) -> Vec<(String, bool)> {
        let mut picture = GrayImage::from_pixel(300, 100, Luma([250]));
        for &(x0, y0, x1, y1) in bars.iter().chain(&[(20, 20, 30, 60), (50, 20, 60, 60), (80, 20, 90, 60)]) {
            for (x, y) in (x0..x1).flat_map(|x| (y0..y1).map(move |y| (x, y))) {
                picture.put_pixel(x, y, Luma([10]));
            }
        }
        let at = Rect { x0: 18.0, y0: 20.0, x1: 92.0, y1: 60.0 };
        let usual = |n: u8| Seen {
            text: "Total".to_owned(),
            at: Rect { x0: 200.0, y0: f32::from(n) * 10.0, x1: 230.0, y1: f32::from(n) * 10.0 + 8.0 },
            confidence: 90.0,
            source: Source::Ocr,
        };
        let mut words: Vec<Seen> = vec![Seen { text: text.to_owned(), at, confidence: 90.0, source: Source::Ocr }];
        words.extend([7, 8, 9].map(usual));
        restore(&picture, &mut words, |_| look.to_owned());
        words.iter().filter(|w| w.text != "Total").map(|w| (w.text.clone(), w.confidence >= 60.0)).collect()
    }

    #[test]
    fn raised_figures_that_nobody_saw_are_read_by_themselves() {
        let raised = [(96, 20, 102, 38), (106, 20, 112, 38)];
        assert_eq!(seen("2.940", &raised, "35"), [("2.940".to_owned(), true), ("35".to_owned(), true)]);
        assert_eq!(seen("2.940", &raised, "3S8"), [("2.940".to_owned(), false)], "something is there and is not legible");
        assert_eq!(seen("2.940", &[], "35"), [("2.940".to_owned(), true)], "nothing stands behind it");
        assert_eq!(
            seen("2.940", &[(96, 20, 106, 60), (110, 20, 118, 60)], "35"),
            [("2.940".to_owned(), true)],
            "as high as the number"
        );
        assert_eq!(seen("2.940,35", &raised, "35"), [("2.940,35".to_owned(), true)], "it has its decimals");
        assert_eq!(seen("Ana", &raised, "35"), [("Ana".to_owned(), true)]);
    }
}
