//! Nought and the letter O in codes. Readers of letters guess between them by the neighbours, and an operation number has none that
//! help. The pixels do: in nearly every face of type the letter is wider than the figures, and the figures are all of one width.

use image::GrayImage;
use quittance_agent::reading::scan::{iban_holds, iban_length};

use super::ink::WordInk;
use super::page::{Page, Rect, Seen};

/// Up to this many hundredths of a figure's width it is a nought.
const NOUGHT: u32 = 118;
/// From this many hundredths it is the letter.
const LETTER: u32 = 126;
/// Figures that have to stand beside it to measure it by.
const FIGURES_MIN: usize = 3;

/// Puts in each code, for every nought and O in it, the one that its width says. Between the two widths, and where letters touch, what
/// was read stands.
pub(super) fn tell_apart(picture: &GrayImage, words: &mut [Seen]) {
    for word in words.iter_mut().filter(|w| is_open(&w.text)) {
        if let Some(text) = measured(picture, word.at, &word.text) {
            word.text = text;
        }
    }
}

/// An IBAN that fails its check digits for an O or a nought says by them which it is: where exactly one reading holds, it stands.
pub(super) fn mend_ibans(page: &mut Page) {
    for line in &mut page.lines {
        for start in 0..line.len() {
            let rest = line.get_mut(start..).unwrap_or_default();
            if let Some((length, mended)) = mended(rest) {
                let mut letters = mended.chars();
                for word in rest.iter_mut().take(length) {
                    word.text = word
                        .text
                        .chars()
                        .map(|c| if c.is_ascii_alphanumeric() { letters.next().unwrap_or(c) } else { c })
                        .collect();
                }
            }
        }
    }
}

/// How many words the number takes, and the number.
fn mended(words: &[Seen]) -> Option<(usize, String)> {
    let first = words.first()?;
    let wanted = first.text.get(..2).filter(|c| c.bytes().all(|b| b.is_ascii_uppercase())).and_then(iban_length)?;
    let mut number = String::new();
    for (count, word) in words.iter().enumerate().take(10) {
        if word.source != quittance_rules::evidence::Source::Ocr || !word.text.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return None;
        }
        number.push_str(&word.text);
        if number.len() < wanted {
            continue;
        }
        if number.len() > wanted || iban_holds(&number) {
            return None;
        }
        let either: Vec<usize> =
            number.char_indices().skip(2).filter(|(_, c)| matches!(c, 'O' | 'o' | '0')).map(|(at, _)| at).collect();
        let with = |changed: &[usize], to: fn(char) -> char| -> String {
            number.char_indices().map(|(at, c)| if changed.contains(&at) { to(c) } else { c }).collect()
        };
        let nought = |c: char| if matches!(c, 'O' | 'o') { '0' } else { c };
        let swapped = |c: char| if c == '0' { 'O' } else { '0' };
        let mut readings: Vec<String> = either.iter().map(|at| with(&[*at], swapped)).collect();
        readings.push(with(&either, nought));
        readings.retain(|reading| iban_holds(reading));
        readings.sort();
        readings.dedup();
        return match readings.as_slice() {
            [one] => Some((count + 1, one.clone())),
            _ => None,
        };
    }
    None
}

/// A run of capitals and figures that is no amount, with something in it that may be either.
fn is_open(text: &str) -> bool {
    let figures = text.bytes().filter(u8::is_ascii_digit).count();
    let capitals = text.bytes().filter(u8::is_ascii_uppercase).count();
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'/'));
    (6..=64).contains(&text.len()) && plain && figures >= FIGURES_MIN && capitals >= 1 && text.contains(['O', '0', 'o'])
}

fn measured(picture: &GrayImage, at: Rect, text: &str) -> Option<String> {
    let widths = glyphs(picture, at)?;
    let letters: Vec<char> = text.chars().collect();
    if widths.len() != letters.len() {
        return None;
    }
    let mut figures: Vec<u32> = letters
        .iter()
        .zip(&widths)
        .filter(|(c, _)| c.is_ascii_digit() && !matches!(c, '0' | '1' | '4'))
        .map(|(_, w)| *w)
        .collect();
    figures.sort_unstable();
    let usual = *figures.get(figures.len() / 2).filter(|_| figures.len() >= FIGURES_MIN)?;
    // Too small to measure.
    if usual < 6 {
        return None;
    }
    let told = letters.iter().zip(&widths).map(|(&letter, &width)| match letter {
        'O' | 'o' | '0' if width * 100 <= usual * NOUGHT => '0',
        'O' | '0' if width * 100 >= usual * LETTER => 'O',
        other => other,
    });
    Some(told.collect())
}

/// The widths of the runs of columns that hold ink, from left to right. `None` where the box holds no clear ink.
fn glyphs(picture: &GrayImage, at: Rect) -> Option<Vec<u32>> {
    let word = WordInk::of(picture, at).filter(|word| word.width() > 20)?;
    let has_ink = |x: u32| (0..word.height()).any(|y| word.holds(x, y));
    let (mut widths, mut run) = (Vec::new(), 0);
    for x in 0..=word.width() {
        if x < word.width() && has_ink(x) {
            run += 1;
        } else if run > 0 {
            widths.push(run);
            run = 0;
        }
    }
    Some(widths)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Luma;
    use quittance_rules::evidence::Source;

    /// Strokes of the given widths, three pixels apart: as in letters, there is more ground than ink.
    fn drawn(widths: &[u32]) -> (GrayImage, Rect) {
        let mut picture = GrayImage::from_pixel(400, 40, Luma([250]));
        let mut x = 10;
        for &width in widths {
            for (dx, y) in (0..width).flat_map(|dx| (6..12).map(move |y| (dx, y))) {
                picture.put_pixel(x + dx, y, Luma([10]));
            }
            x += width + 3;
        }
        (picture, Rect { x0: 8.0, y0: 4.0, x1: x as f32, y1: 32.0 })
    }

    fn told(text: &str, widths: &[u32]) -> String {
        let (picture, at) = drawn(widths);
        let mut words = vec![Seen { text: text.to_owned(), at, confidence: 90.0, source: Source::Ocr }];
        tell_apart(&picture, &mut words);
        words.remove(0).text
    }

    #[test]
    fn the_check_digits_of_an_iban_decide() {
        let mended = |text: &str| {
            let line =
                text.split(' ').map(|t| Seen { text: t.to_owned(), at: Rect::default(), confidence: 90.0, source: Source::Ocr });
            let mut page = Page { width: 1.0, height: 1.0, lines: vec![line.collect()] };
            mend_ibans(&mut page);
            page.lines[0].iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(mended("IBAN DE12 5OO1 O517 O648 4898 9O"), "IBAN DE12 5001 0517 0648 4898 90");
        assert_eq!(mended("NL91 ABNA O417 1643 00"), "NL91 ABNA 0417 1643 00");
        assert_eq!(mended("DE12 5001 0517 0648 4898 91"), "DE12 5001 0517 0648 4898 91", "something else is wrong");
        assert_eq!(mended("DEOO 1"), "DEOO 1");
    }

    #[test]
    fn width_decides_and_what_is_between_stands() {
        assert_eq!(told("MBANO2235", &[16, 13, 13, 14, 11, 10, 10, 10, 10]), "MBAN02235");
        assert_eq!(told("TX077235", &[12, 12, 14, 10, 10, 10, 10, 10]), "TXO77235");
        assert_eq!(told("TXO77235", &[12, 12, 14, 10, 10, 10, 10, 10]), "TXO77235");
        assert_eq!(told("AB077235", &[12, 12, 12, 10, 10, 10, 10, 10]), "AB077235", "between the widths");
        assert_eq!(told("MBANO2235", &[16, 13, 13, 14, 10, 10, 10, 21]), "MBANO2235", "letters touch");
        assert_eq!(told("TOTAL", &[10, 13, 10, 12, 9]), "TOTAL");
        assert_eq!(told("1,200.00", &[4, 2, 10, 10, 14, 2, 14, 10]), "1,200.00", "amounts are left alone");
    }
}
