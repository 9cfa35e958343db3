//! Lines of text found by their ink and set again, one below the other, at one size, dark on white: the page tesseract was made for.
//!
//! Its own layout analysis loses what a phone screen is full of: one huge number beside a small pale sign, light letters on a coloured
//! pill, a lone digit. So the lines are found here, each is scaled to the same letter height with its contrast stretched, small raised
//! signs beside a large number are scaled by themselves, and one pass reads the new page. Places are mapped back.

use image::{GrayImage, Luma, RgbImage, imageops};

use super::ink::{self, INK_MIN, Patch};
use super::ocr::{Layout, Ocr};
use super::page::{Rect, Seen};

/// Height of the tallest letter of a line on the new page, in pixels. Tesseract's models were trained on lines of about this size.
const LETTER_HEIGHT: f32 = 32.0;
/// White around lines on the new page, in pixels.
const MARGIN: u32 = 22;
/// White before small signs behind larger ones: wider than any space, so that they are read as words of their own.
const PART_GAP: u32 = 64;
/// More patches than this are a dense page or a photograph's texture: tesseract's own layout analysis does better there.
const PATCHES_MAX: usize = 6_000;
/// More lines than this as well.
const LINES_MAX: usize = 140;

/// Patches of one height that stand in a row.
#[derive(Debug, Clone)]
struct Line {
    /// Ink or the inside of a filled shape.
    plane: Plane,
    patches: Vec<Patch>,
    tallest: u32,
    x0: u32,
    y0: u32,
    x1: u32,
    y1: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plane {
    Ink,
    Inside,
}

/// A part of a line with one scale, and where it was set on the new page.
struct Piece {
    source: (u32, u32, u32, u32),
    scale: f32,
    set_at: (u32, u32),
    set_size: (u32, u32),
}

/// A line set in letters larger than the rest.
pub(super) struct LargeLine {
    pub(super) at: Rect,
    /// Two or three small figures, or what looks like them, right behind larger ones.
    pub(super) decimals: Option<Rect>,
}

/// What the ink says about a picture before anything is recognised.
pub(super) struct Lines {
    ink: GrayImage,
    inside: GrayImage,
    lines: Vec<Line>,
    /// Median height of the tallest letters, in pixels.
    pub(super) letter_height: Option<u32>,
}

/// Finds the lines of a picture; `None` where it is too busy for that.
pub(super) fn find(picture: &RgbImage) -> Option<Lines> {
    let ink = ink::ink(picture);
    let (found, _) = ink::patches(&ink, INK_MIN);
    if found.len() > PATCHES_MAX {
        return None;
    }
    let (width, height) = picture.dimensions();
    let shapes = shapes(picture, &found);
    let mut inside = GrayImage::new(width, height);
    let mut inner = Vec::new();
    let mut covered = Vec::new();
    for shape in &shapes {
        if let Some(letters) = letters_inside(picture, shape, &mut inside) {
            inner.extend(letters);
            covered.push(*shape);
        }
    }
    // What the shape's own colour explains better than its surroundings is not looked at twice.
    let lies_in = |p: &Patch, s: &Patch| p.x >= s.x && p.y >= s.y && p.right() <= s.right() && p.bottom() <= s.bottom();
    let is_outside = |p: &Patch| covered.iter().all(|shape| !lies_in(p, shape));
    let letters: Vec<Patch> = found.into_iter().filter(|p| is_letter(p, width, height) && is_outside(p)).collect();
    let mut lines = join(letters, Plane::Ink);
    lines.extend(join(inner, Plane::Inside));
    lines.retain(|line| line.tallest >= 7 && line.patches.len() <= 200);
    if lines.len() > LINES_MAX {
        return None;
    }
    lines.sort_by_key(|line| (line.y0, line.x0));
    let mut heights: Vec<u32> = lines.iter().filter(|l| l.patches.len() >= 3).map(|l| l.tallest).collect();
    heights.sort_unstable();
    let letter_height = heights.get(heights.len() / 2).copied();
    Some(Lines { ink, inside, lines, letter_height })
}

fn is_letter(patch: &Patch, width: u32, height: u32) -> bool {
    let rule = patch.width > 8 * patch.height && patch.height < 8;
    let speck = (patch.height < 4 && patch.width < 4) || patch.area < 6;
    let frame = patch.height > height / 4 || (patch.width > width * 3 / 5 && patch.height > 40);
    !(rule || speck || frame)
}

/// Shapes (buttons, pills, chips) that may hold letters of another colour: filled ones, and outlines around other patches. Where a shape
/// is wider than the surroundings that ground is measured in, only its rim has ink.
fn shapes(picture: &RgbImage, found: &[Patch]) -> Vec<Patch> {
    let height = picture.height();
    let large = found.iter().filter(|p| p.width >= 60 && p.height >= 28 && p.height <= height / 4 && p.width > p.height * 5 / 4);
    let holds = |shape: &Patch| {
        let within = |p: &&Patch| {
            p.label != shape.label
                && p.x > shape.x
                && p.y > shape.y
                && p.right() < shape.right()
                && p.bottom() < shape.bottom()
                && p.height >= 8
        };
        found.iter().filter(within).take(2).count() == 2
    };
    large.filter(|p| 2 * p.area > p.width * p.height || holds(p)).copied().take(40).collect()
}

/// Letters that differ from the colour most of a shape has; `None` where they do not look like letters.
fn letters_inside(picture: &RgbImage, shape: &Patch, inside: &mut GrayImage) -> Option<Vec<Patch>> {
    let part = imageops::crop_imm(picture, shape.x, shape.y, shape.width, shape.height).to_image();
    let fill = [0, 1, 2].map(|channel| {
        let mut values: Vec<u8> = part.pixels().map(|p| p.0.get(channel).copied().unwrap_or(0)).collect();
        let middle = values.len() / 2;
        *values.select_nth_unstable(middle).1
    });
    let differs = |p: &image::Rgb<u8>| p.0.iter().zip(fill).map(|(v, f)| v.abs_diff(f)).max().unwrap_or(0);
    let ink = GrayImage::from_fn(shape.width, shape.height, |x, y| Luma([differs(part.get_pixel(x, y))]));
    let (found, _) = ink::patches(&ink, INK_MIN);
    let off_the_rim = |p: &&Patch| p.x > 0 && p.y > 0 && p.right() < shape.width && p.bottom() < shape.height;
    let letters: Vec<Patch> = found
        .iter()
        .filter(off_the_rim)
        .filter(|p| p.area >= 6 && p.height >= 3 && 10 * p.height < 8 * shape.height)
        .copied()
        .collect();
    let high: Vec<&Patch> = letters.iter().filter(|p| p.height >= 10).collect();
    // Counters of round letters are plain ovals that fill four fifths of their box; letters are strokes.
    let strokes: u32 = high.iter().map(|p| 100 * p.area / (p.width * p.height).max(1)).sum();
    if high.len() < 2 || strokes / u32::try_from(high.len()).unwrap_or(1) > 70 {
        return None;
    }
    for letter in &letters {
        for y in letter.y.saturating_sub(2)..(letter.bottom() + 2).min(shape.height) {
            for x in letter.x.saturating_sub(2)..(letter.right() + 2).min(shape.width) {
                inside.put_pixel(shape.x + x, shape.y + y, *ink.get_pixel(x, y));
            }
        }
    }
    Some(letters.into_iter().map(|p| Patch { x: p.x + shape.x, y: p.y + shape.y, ..p }).collect())
}

/// Joins letters that stand side by side. From left to right, each goes to the line whose end is nearest.
fn join(mut letters: Vec<Patch>, plane: Plane) -> Vec<Line> {
    letters.sort_by_key(|p| (p.x, p.y));
    let mut lines: Vec<Line> = Vec::new();
    for letter in letters {
        let (height, tall) = (letter.height as f32, |line: &Line| line.tallest as f32);
        let near = lines.iter().enumerate().filter_map(|(index, line)| {
            let gap = letter.x as f32 - line.x1 as f32;
            let taller = height.max(tall(line));
            let shared = letter.bottom().min(line.y1) as f32 - letter.y.max(line.y0) as f32;
            let beside = gap < 1.1 * taller && gap > -0.6 * taller && shared > 0.5 * height.min((line.y1 - line.y0) as f32);
            // A word beside an icon three times its height is no line with it; punctuation beside letters is.
            let alike = height < 0.5 * tall(line) || taller < 3.2 * height.min(tall(line));
            // A sign before a number: the minus of a debit is a tenth as high as its digits.
            let sign =
                line.patches.len() == 1 && line.x1 - line.x0 > line.tallest && gap < 0.5 * height && tall(line) * 12.0 > height;
            (beside && (alike || sign)).then_some((index, gap))
        });
        let nearest = near.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(index, _)| index);
        match nearest.and_then(|index| lines.get_mut(index)) {
            Some(line) => {
                line.x1 = line.x1.max(letter.right());
                line.y0 = line.y0.min(letter.y);
                line.y1 = line.y1.max(letter.bottom());
                line.tallest = line.tallest.max(letter.height);
                line.patches.push(letter);
            }
            None => lines.push(Line {
                plane,
                patches: vec![letter],
                tallest: letter.height,
                x0: letter.x,
                y0: letter.y,
                x1: letter.right(),
                y1: letter.bottom(),
            }),
        }
    }
    lines
}

impl Lines {
    /// The long lines: how high each stands, and how far it falls to the right, in pixels down a pixel along.
    pub(super) fn falls(&self) -> Vec<(f32, f32)> {
        let long = self.lines.iter().filter(|l| l.patches.len() >= 8 && l.x1 - l.x0 > 6 * l.tallest);
        long.filter_map(|line| Some(((line.y0 + line.y1) as f32 / 2.0, fall_of(line)?))).collect()
    }

    /// Sets the lines again and reads them in one pass.
    pub(super) fn read(&self, ocr: &mut Ocr) -> Vec<Seen> {
        let (page, pieces) = self.set();
        let Some(page) = page else { return vec![] };
        let mut words = Vec::new();
        for mut word in ocr.words(&page, Layout::Block) {
            let centre = ((word.at.x0 + word.at.x1) / 2.0, (word.at.y0 + word.at.y1) / 2.0);
            let away = |piece: &&Piece| {
                let out = |at: f32, from: u32, size: u32| (from as f32 - at).max(at - (from + size) as f32).max(0.0);
                out(centre.0, piece.set_at.0, piece.set_size.0) + 8.0 * out(centre.1, piece.set_at.1, piece.set_size.1)
            };
            let Some(piece) = pieces.iter().min_by(|a, b| away(a).total_cmp(&away(b))) else { continue };
            let (x, y, width, height) = piece.source;
            let back =
                |at: f32, set: u32, from: u32, size: u32| ((at - set as f32) / piece.scale).clamp(0.0, size as f32) + from as f32;
            word.at = Rect {
                x0: back(word.at.x0, piece.set_at.0, x, width),
                y0: back(word.at.y0, piece.set_at.1, y, height),
                x1: back(word.at.x1, piece.set_at.0, x, width),
                y1: back(word.at.y1, piece.set_at.1, y, height),
            };
            if word.at.area() > 0.0 {
                words.push(word);
            }
        }
        words
    }

    /// Lines in larger letters, from the top.
    pub(super) fn large(&self) -> Vec<LargeLine> {
        let rect = |patches: &[Patch]| {
            let boxes =
                patches.iter().map(|p| Rect { x0: p.x as f32, y0: p.y as f32, x1: p.right() as f32, y1: p.bottom() as f32 });
            boxes.reduce(Rect::union)
        };
        let of = |line: &Line| {
            let parts = parts_of(line);
            let behind = parts.windows(2).filter(|pair| matches!(pair, [(false, _), (true, _)]));
            let is_pair = |small: &[Patch]| {
                let highest = small.iter().map(|p| p.height).max().unwrap_or(0);
                let figures: Vec<&Patch> = small.iter().filter(|p| 2 * p.height > highest).collect();
                DECIMALS.contains(&figures.len()) && are_alike(&figures, highest)
            };
            let is_decimals = |small: &[Patch]| is_pair(small) || is_pair(first_word(small));
            let decimals = behind.filter_map(|pair| pair.get(1)).find(|(_, small)| is_decimals(small));
            Some(LargeLine { at: rect(&line.patches)?, decimals: decimals.and_then(|(_, small)| rect(small)) })
        };
        self.lines.iter().filter(|line| self.is_large(line)).filter_map(of).collect()
    }

    fn is_large(&self, line: &Line) -> bool {
        self.letter_height.is_some_and(|height| line.tallest >= (height * 3 / 2).max(36))
    }

    fn set(&self) -> (Option<GrayImage>, Vec<Piece>) {
        let mut pieces = Vec::new();
        let mut tiles = Vec::new();
        let (mut down, mut widest) = (MARGIN, 0);
        for line in &self.lines {
            let parts = if self.is_large(line) { parts_of(line) } else { vec![(false, line.patches.clone())] };
            let mut along = MARGIN;
            let mut deepest = 0;
            for (is_small, part) in parts {
                let Some((piece, tile)) = self.cut(line, &part) else { continue };
                // A sign before a lone figure says what it is; decimals behind a number are to be read apart from it.
                if along > MARGIN {
                    along += if is_small { PART_GAP } else { MARGIN / 2 };
                }
                let piece = Piece { set_at: (along, down), ..piece };
                along += piece.set_size.0;
                deepest = deepest.max(piece.set_size.1);
                pieces.push(piece);
                tiles.push(tile);
            }
            widest = widest.max(along);
            down += deepest + MARGIN;
        }
        if tiles.is_empty() || widest > 6_000 || down > 16_000 {
            return (None, vec![]);
        }
        let mut page = GrayImage::from_pixel(widest + MARGIN, down + MARGIN, Luma([255]));
        for (piece, tile) in pieces.iter().zip(&tiles) {
            imageops::replace(&mut page, tile, i64::from(piece.set_at.0), i64::from(piece.set_at.1));
        }
        (Some(page), pieces)
    }

    /// Cuts one part out, stretches its contrast and scales it.
    fn cut(&self, line: &Line, part: &[Patch]) -> Option<(Piece, GrayImage)> {
        let plane = match line.plane {
            Plane::Ink => &self.ink,
            Plane::Inside => &self.inside,
        };
        let tallest = part.iter().map(|p| p.height).max()?;
        // A lone dash or dot keeps the scale of its line.
        let tallest = if tallest * 10 < line.tallest * 3 { line.tallest } else { tallest };
        let pad = (tallest / 8).max(2);
        let x = part.iter().map(|p| p.x).min()?.saturating_sub(pad);
        let y = part.iter().map(|p| p.y).min()?.saturating_sub(pad);
        let right = (part.iter().map(Patch::right).max()? + pad).min(plane.width());
        let bottom = (part.iter().map(Patch::bottom).max()? + pad).min(plane.height());
        let (width, height) = (right - x, bottom - y);
        let scale = LETTER_HEIGHT / tallest as f32;
        let sized = |side: u32| ((side as f32 * scale).round() as u32).clamp(1, 6_000);
        let set_size = (sized(width), sized(height));
        let mut tile = imageops::crop_imm(plane, x, y, width, height).to_image();
        let full = percentile(&tile, 97).max(50);
        for pixel in tile.pixels_mut() {
            let value = u32::from(pixel.0[0]) * 255 / u32::from(full);
            pixel.0[0] = 255 - u8::try_from(value).unwrap_or(255);
        }
        let filter = if scale < 1.0 { imageops::FilterType::Triangle } else { imageops::FilterType::CatmullRom };
        let tile = imageops::resize(&tile, set_size.0, set_size.1, filter);
        Some((Piece { source: (x, y, width, height), scale, set_at: (0, 0), set_size }, tile))
    }
}

/// The least-squares slope through the feet of a line's letters.
fn fall_of(line: &Line) -> Option<f32> {
    let feet: Vec<(f32, f32)> = line
        .patches
        .iter()
        .filter(|p| 2 * p.height > line.tallest)
        .map(|p| (p.x as f32 + p.width as f32 / 2.0, p.bottom() as f32))
        .collect();
    let count = feet.len() as f32;
    let (mean_x, mean_y) = (feet.iter().map(|f| f.0).sum::<f32>() / count, feet.iter().map(|f| f.1).sum::<f32>() / count);
    let spread: f32 = feet.iter().map(|f| (f.0 - mean_x).powi(2)).sum();
    let shared: f32 = feet.iter().map(|f| (f.0 - mean_x) * (f.1 - mean_y)).sum();
    (feet.len() >= 6 && spread > 0.0).then(|| shared / spread)
}

/// Patches up to the first gap as wide as a space: the `,75` of a small `,75 kr.`.
fn first_word(patches: &[Patch]) -> &[Patch] {
    let highest = patches.iter().map(|p| p.height).max().unwrap_or(0);
    let space = |pair: &[Patch]| matches!(pair, [a, b] if 10 * b.x.saturating_sub(a.right()) > 4 * highest);
    let end = patches.windows(2).position(space).map_or(patches.len(), |at| at + 1);
    &patches[..end]
}

/// Parts of a large line that want a scale of their own: raised signs, small words beside a huge number. Each with whether it is small.
fn parts_of(line: &Line) -> Vec<(bool, Vec<Patch>)> {
    let tallest = line.tallest;
    // The median, because a dollar sign or a comma reaches below the line its digits stand on.
    let mut bottoms: Vec<u32> = line.patches.iter().filter(|p| 10 * p.height > 6 * tallest).map(Patch::bottom).collect();
    bottoms.sort_unstable();
    let baseline = bottoms.get(bottoms.len() / 2).copied().unwrap_or(line.y1);
    let lifted = |p: &Patch| 5 * p.bottom() + tallest < 5 * baseline;
    let is_up = |p: &Patch| 100 * p.height < 68 * tallest && 4 * p.height > tallest && lifted(p);
    let neighbours =
        |index: usize| [index.checked_sub(1), Some(index + 1)].into_iter().flatten().filter_map(|i| line.patches.get(i));
    // The mark between thousands in Switzerland hangs as high as a raised figure; it is narrow, and alone up there.
    let raised = |index: usize, p: &Patch| {
        let is_mark = 4 * p.width < tallest && 5 * p.height < 2 * tallest && neighbours(index).count() == 2;
        is_up(p) && (!is_mark || neighbours(index).any(is_up))
    };
    // A comma between raised digits is raised with them; a dash between others is not.
    let beside_raised = |index: usize| neighbours(index).any(is_up);
    let marks: Vec<(Patch, bool)> = line
        .patches
        .iter()
        .enumerate()
        .map(|(index, p)| (*p, raised(index, p) || (5 * p.height <= 2 * tallest && lifted(p) && beside_raised(index))))
        .collect();
    // Words first, by gaps; then each word at the border of raised letters.
    let mut words: Vec<(bool, Vec<Patch>)> = Vec::new();
    let mut end = 0;
    for (patch, is_raised) in marks {
        match words.last_mut() {
            Some((before, word)) if patch.x <= end + tallest * 22 / 100 && *before == is_raised => word.push(patch),
            _ => words.push((is_raised, vec![patch])),
        }
        end = end.max(patch.right());
    }
    let mut parts: Vec<(bool, Vec<Patch>)> = Vec::new();
    let mut before = Vec::new();
    for (is_raised, mut word) in words {
        let high = word.iter().map(|p| p.height).max().unwrap_or(tallest);
        // A plus or a dash floats above the baseline and keeps the scale of its number.
        let floats = word.len() == 1 && word.iter().all(|p| 12 * p.bottom() + tallest < 12 * baseline);
        let small = is_raised || (100 * high < 62 * tallest && 3 * high > tallest && !floats);
        let decimals = if small { vec![] } else { word.split_off(small_decimals(&before, &word)) };
        before.extend(word.iter().copied());
        match parts.last_mut() {
            Some((is_small, part)) if !small && !*is_small => part.extend(word),
            _ => parts.push((small, word)),
        }
        if !decimals.is_empty() {
            parts.push((true, decimals));
        }
    }
    parts
}

/// Two figures, and perhaps a sign.
const DECIMALS: std::ops::RangeInclusive<usize> = 2..=3;

/// As high as figures of one size are beside each other.
fn are_alike(figures: &[&Patch], highest: u32) -> bool {
    figures.iter().all(|p| 100 * p.height >= 86 * highest)
}

/// Where in a word the decimals begin that stand on its line in smaller figures (`642` and a small `.18`); its length where none do.
///
/// Figures are all of one height, and broad; letters of a word are neither, so that `Billing` is not parted.
/// `before`: what stands before the word on its line; in thin type every figure is a word.
fn small_decimals(before: &[Patch], word: &[Patch]) -> usize {
    const FIGURES: usize = 3;
    /// Letters and marks of a sign, at most.
    const SIGN_MOST: usize = 4;
    let none = word.len();
    let Some(tallest) = word.iter().map(|p| p.height).max() else { return none };
    let is_mark = |p: &Patch| 5 * p.height <= 2 * tallest;
    let is_low = |p: &Patch| !is_mark(p) && 100 * p.height < 68 * tallest;
    let Some(begin) = word.iter().rposition(|p| !is_mark(p) && !is_low(p)).map(|at| at + 1) else { return none };
    let (whole, rest) = word.split_at(begin);
    let whole = before.iter().chain(whole).filter(|p| !is_mark(p));
    let whole: Vec<&Patch> = whole.rev().take(FIGURES).collect();
    // The sign of the currency may follow in letters of their size: `,75 kr.`.
    let figures = first_word(rest);
    let low: Vec<&Patch> = figures.iter().filter(|p| !is_mark(p)).collect();
    let broad = whole.iter().filter(|p| 100 * p.width >= 42 * p.height).count();
    let lowest = low.iter().map(|p| p.height).max().unwrap_or(0);
    let is_number = whole.len() >= 2 && 2 * broad >= whole.len() && are_alike(&whole, tallest);
    let is_decimals = DECIMALS.contains(&low.len())
        && are_alike(&low, lowest)
        && figures.len() <= low.len() + 1
        && rest.len() <= figures.len() + SIGN_MOST;
    if is_number && is_decimals { begin } else { none }
}

fn percentile(tile: &GrayImage, percent: u32) -> u8 {
    let mut histogram = [0u32; 256];
    for pixel in tile.pixels() {
        if let Some(count) = histogram.get_mut(usize::from(pixel.0[0])) {
            *count += 1;
        }
    }
    let wanted = (u64::from(tile.width()) * u64::from(tile.height()) * u64::from(percent) / 100) as u32;
    let mut below = 0;
    let place = histogram.iter().position(|count| {
        below += count;
        below >= wanted
    });
    u8::try_from(place.unwrap_or(255)).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line of letters: left, top, width, height of each; and how many stand in each part of it, with whether it is small.
    fn parts(letters: &[(u32, u32, u32, u32)]) -> Vec<(bool, usize)> {
        let patches: Vec<Patch> = letters
            .iter()
            .map(|&(x, y, width, height)| Patch { x, y, width, height, area: width * height / 3, label: 1 })
            .collect();
        let lines = join(patches, Plane::Ink);
        assert_eq!(lines.len(), 1);
        parts_of(&lines[0]).into_iter().map(|(small, part)| (small, part.len())).collect()
    }

    #[test]
    fn small_figures_are_a_part_of_their_own() {
        // 642, and .18 at half the size on the same line.
        let whole = [(0, 0, 40, 80), (48, 0, 40, 80), (96, 0, 40, 80)];
        let foot = [(142, 74, 5, 6), (152, 42, 22, 38), (180, 42, 22, 38)];
        assert_eq!(parts(&[&whole[..], &foot].concat()), [(false, 3), (true, 3)]);
        // Raised, with the comma; and in thin type, with more room between figures.
        let raised = [(142, 30, 5, 12), (152, 0, 22, 38), (180, 0, 22, 38)];
        assert_eq!(parts(&[&whole[..], &raised].concat()), [(false, 3), (true, 3)]);
        let thin = [(0, 0, 40, 80), (60, 0, 40, 80), (120, 0, 40, 80), (164, 74, 5, 6), (176, 42, 22, 38), (204, 42, 22, 38)];
        assert_eq!(parts(&thin), [(false, 3), (true, 3)]);
    }

    #[test]
    fn letters_and_the_mark_of_thousands_stay_with_their_line() {
        // 3'275: the mark hangs as high as a raised figure.
        let swiss = [(0, 0, 40, 80), (44, 0, 10, 28), (60, 0, 40, 80), (108, 0, 40, 80), (156, 0, 40, 80)];
        assert_eq!(parts(&swiss), [(false, 5)]);
        // `Killer`: the last two letters are low, and the high ones before them are narrow.
        let word = [(0, 0, 50, 80), (56, 0, 9, 80), (72, 0, 9, 80), (88, 0, 9, 80), (104, 30, 40, 50), (150, 30, 30, 50)];
        assert_eq!(parts(&word), [(false, 6)]);
    }
}
