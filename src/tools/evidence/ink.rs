//! From colours to ink: how far each pixel stands out from the ground around it. Dark on light, light on dark and either on a gradient
//! all become the same thing, so nothing after this step knows of polarity or colour.

use image::{GrayImage, RgbImage, imageops};

use super::page::Rect;

/// A value of ink from which a pixel counts as part of a letter. JPEG ringing at quality 50 stays under 20; the palest legible grey on
/// white that wallets use is about 55.
pub(super) const INK_MIN: u8 = 30;

/// Cells the ground is measured in.
const CELL: u32 = 8;

/// The ink of a picture: for each pixel the largest difference, over the channels, from the median of its surroundings.
///
/// The surroundings are a fifth of the shorter side: wider than the strokes of the largest amount on a phone, narrower than a card.
pub(super) fn ink(picture: &RgbImage) -> GrayImage {
    let (width, height) = picture.dimensions();
    let reach = (width.min(height) / 9 / CELL).clamp(4, 20);
    let (columns, rows) = (width.div_ceil(CELL), height.div_ceil(CELL));
    let mut ink = vec![0u8; (width * height) as usize];
    for channel in 0..3 {
        let ground = ground(picture, channel, reach);
        let cells = |row: u32| ground.get((row * columns) as usize..((row + 1) * columns) as usize).unwrap_or_default();
        let lines = picture.as_raw().chunks_exact(3 * width as usize).zip(ink.chunks_exact_mut(width as usize));
        for (y, (line, out)) in (0u32..).zip(lines) {
            let (row, below, down) = between(y, rows);
            // The ground changes slowly: blend the two rows of cells once, then walk along.
            let blend = |(a, b): (&u8, &u8)| i32::from(*a) * (8 - down) + i32::from(*b) * down;
            let mut blended: Vec<i32> = cells(row).iter().zip(cells(below)).map(blend).collect();
            blended.push(blended.last().copied().unwrap_or(0));
            blended.insert(0, blended.first().copied().unwrap_or(0));
            let (mut left, mut right) = (0, 0);
            for (x, (pixel, out)) in line.chunks_exact(3).zip(out).enumerate() {
                // Half a cell to the left, so that a cell's value holds at its centre.
                let (at, across) = ((x + HALF) / WHOLE, ((x + HALF) % WHOLE) as i32);
                if across == 0 || x == 0 {
                    left = blended.get(at).copied().unwrap_or(0);
                    right = blended.get(at + 1).copied().unwrap_or(left);
                }
                let here = (left * (8 - across) + right * across) / 64;
                let value = i32::from(pixel.get(channel).copied().unwrap_or(0));
                *out = (*out).max((value - here).unsigned_abs().min(255) as u8);
            }
        }
    }
    GrayImage::from_raw(width, height, ink).unwrap_or_default()
}

/// Half a cell and a cell, in pixels.
const HALF: usize = 4;
const WHOLE: usize = 8;

/// The cell at or before a row's centre, the next one, and the way between them in eighths.
fn between(at: u32, cells: u32) -> (u32, u32, i32) {
    let from_centre = at.saturating_sub(CELL / 2);
    let cell = (from_centre / CELL).min(cells.saturating_sub(1));
    let way = if at < CELL / 2 { 0 } else { from_centre % CELL };
    (cell, (cell + 1).min(cells.saturating_sub(1)), i32::try_from(way).unwrap_or(0))
}

/// The median of the cell means around each cell, by a sliding histogram (Huang, Yang, Tang 1979).
fn ground(picture: &RgbImage, channel: usize, reach: u32) -> Vec<u8> {
    let (width, height) = picture.dimensions();
    let (columns, rows) = (width.div_ceil(CELL), height.div_ceil(CELL));
    let mut sums = vec![(0u32, 0u32); (columns * rows) as usize];
    for (y, line) in (0u32..).zip(picture.rows()) {
        for (x, pixel) in (0u32..).zip(line) {
            if let Some(sum) = sums.get_mut(((y / CELL) * columns + x / CELL) as usize) {
                sum.0 += u32::from(pixel.0.get(channel).copied().unwrap_or(0));
                sum.1 += 1;
            }
        }
    }
    let means: Vec<u8> = sums.iter().map(|(sum, count)| u8::try_from(sum / (*count).max(1)).unwrap_or(u8::MAX)).collect();
    let mut medians = vec![0u8; means.len()];
    let column_of = |histogram: &mut [u32; 256], x: u32, y: u32, add: bool| {
        let (from, to) = (y.saturating_sub(reach), (y + reach).min(rows - 1));
        for row in from..=to {
            if let Some(count) = means.get((row * columns + x) as usize).and_then(|mean| histogram.get_mut(usize::from(*mean))) {
                *count = if add { *count + 1 } else { count.saturating_sub(1) };
            }
        }
    };
    for y in 0..rows {
        let mut histogram = [0u32; 256];
        for x in 0..=reach.min(columns - 1) {
            column_of(&mut histogram, x, y, true);
        }
        for x in 0..columns {
            if x > 0 {
                if x + reach < columns {
                    column_of(&mut histogram, x + reach, y, true);
                }
                if x > reach {
                    column_of(&mut histogram, x - reach - 1, y, false);
                }
            }
            let half = histogram.iter().sum::<u32>() / 2;
            let mut below = 0;
            let median = histogram.iter().position(|count| {
                below += count;
                below > half
            });
            if let Some(cell) = medians.get_mut((y * columns + x) as usize) {
                *cell = u8::try_from(median.unwrap_or(255)).unwrap_or(u8::MAX);
            }
        }
    }
    medians
}

/// A connected patch of pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Patch {
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) width: u32,
    pub(super) height: u32,
    /// Pixels in it.
    pub(super) area: u32,
    /// Its number in the map of labels, from 1.
    pub(super) label: u32,
}

impl Patch {
    pub(super) fn right(&self) -> u32 {
        self.x + self.width
    }
    pub(super) fn bottom(&self) -> u32 {
        self.y + self.height
    }
}

/// The connected patches (eight neighbours) of pixels with at least `least` ink, and for each pixel the label of its patch or 0.
pub(super) fn patches(ink: &GrayImage, least: u8) -> (Vec<Patch>, Vec<u32>) {
    let (width, height) = ink.dimensions();
    let pixels = ink.as_raw();
    let mut labels = vec![0u32; pixels.len()];
    let mut found = Vec::new();
    let mut stack: Vec<(u32, u32)> = Vec::new();
    for start in 0..pixels.len() {
        let fresh = pixels.get(start).is_some_and(|p| *p >= least) && labels.get(start) == Some(&0);
        if !fresh {
            continue;
        }
        let Ok(start) = u32::try_from(start) else { break };
        let label = u32::try_from(found.len()).unwrap_or(u32::MAX - 1) + 1;
        let (mut x0, mut y0, mut x1, mut y1, mut area) = (u32::MAX, u32::MAX, 0, 0, 0u32);
        stack.push((start % width, start / width));
        if let Some(cell) = labels.get_mut(start as usize) {
            *cell = label;
        }
        while let Some((x, y)) = stack.pop() {
            area += 1;
            (x0, y0, x1, y1) = (x0.min(x), y0.min(y), x1.max(x), y1.max(y));
            for ny in y.saturating_sub(1)..=(y + 1).min(height - 1) {
                for nx in x.saturating_sub(1)..=(x + 1).min(width - 1) {
                    let index = (ny * width + nx) as usize;
                    if let (Some(pixel), Some(cell)) = (pixels.get(index), labels.get_mut(index))
                        && *pixel >= least
                        && *cell == 0
                    {
                        *cell = label;
                        stack.push((nx, ny));
                    }
                }
            }
        }
        found.push(Patch { x: x0, y: y0, width: x1 - x0 + 1, height: y1 - y0 + 1, area, label });
    }
    (found, labels)
}

/// A word's box in ink and ground, told by the contrast within the box alone: dark on light and light on dark alike.
pub(super) struct WordInk {
    part: GrayImage,
    ink_is_dark: bool,
    edge: u32,
}

impl WordInk {
    /// `None` where the box is too small or holds no clear ink.
    pub(super) fn of(picture: &GrayImage, at: Rect) -> Option<Self> {
        let (width, height) = picture.dimensions();
        let (left, top) = (at.x0.max(0.0) as u32, at.y0.max(0.0) as u32);
        let (right, bottom) = ((at.x1.ceil().max(0.0) as u32).min(width), (at.y1.ceil().max(0.0) as u32).min(height));
        if right <= left + 8 || bottom <= top + 8 {
            return None;
        }
        let part = imageops::crop_imm(picture, left, top, right - left, bottom - top).to_image();
        let values = || part.pixels().map(|p| u32::from(p.0[0]));
        let (dark, light) = (values().min()?, values().max()?);
        if light - dark < 60 {
            return None;
        }
        let mean = u32::try_from(values().map(u64::from).sum::<u64>() / (values().count() as u64).max(1)).ok()?;
        // There is more ground than ink within the box of a word.
        let ink_is_dark = light - mean < mean - dark;
        let half = (light - dark) / 2;
        Some(Self { ink_is_dark, edge: if ink_is_dark { dark + half } else { light - half }, part })
    }

    pub(super) fn width(&self) -> u32 {
        self.part.width()
    }

    pub(super) fn height(&self) -> u32 {
        self.part.height()
    }

    /// Whether there is ink at a place, counted from the left upper corner of the box.
    pub(super) fn holds(&self, x: u32, y: u32) -> bool {
        let value = u32::from(self.part.get_pixel(x, y).0[0]);
        if self.ink_is_dark { value < self.edge } else { value > self.edge }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    #[test]
    fn both_polarities_and_a_gradient_give_the_same_ink() {
        for (ground, letter) in [(250u8, 20u8), (20, 250)] {
            let mut picture = RgbImage::from_fn(200, 200, |_, y| {
                let slope = u8::try_from(y / 8).unwrap();
                let value = if ground > 128 { ground - slope } else { ground + slope };
                Rgb([value; 3])
            });
            for y in 90..110 {
                for x in 95..105 {
                    picture.put_pixel(x, y, Rgb([letter; 3]));
                }
            }
            let ink = ink(&picture);
            let (found, _) = patches(&ink, INK_MIN);
            assert_eq!(found.len(), 1, "{found:?}");
            assert_eq!((found[0].x, found[0].y, found[0].width, found[0].height, found[0].area), (95, 90, 10, 20, 200));
        }
    }

    #[test]
    fn one_pixel_pictures_do_not_panic() {
        for (width, height) in [(1, 1), (1, 40), (40, 1), (7, 9)] {
            let ink = ink(&RgbImage::new(width, height));
            assert!(patches(&ink, INK_MIN).0.is_empty());
        }
    }
}
