//! Papers photographed askew: how far their lines fall, and the picture made level. A paper that lies turned has lines of one fall; one
//! that is seen from the side has lines whose fall grows from its upper edge to its lower one.

use image::{Rgb, RgbImage, imageops};

use super::page::Rect;

/// Lines needed to tell.
const LINES_MIN: usize = 4;
/// A line agrees within this fall.
const NEAR: f32 = 0.012;
/// Under a degree tesseract follows the line by itself; over eight the lines found are not whole.
const FALLS: std::ops::Range<f32> = 0.016..0.15;
/// From the upper edge to the lower, a fall that grows by less is one fall.
const GROWTH_LEAST: f32 = 0.02;
/// And by more than this no paper on a table is seen.
const GROWTH_MOST: f32 = 0.14;

/// How the lines of a picture lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tilt {
    /// Of the line in the middle, in pixels down a pixel along.
    fall: f32,
    /// What is added to the fall of a line for each pixel that it stands below the middle.
    growth: f32,
    width: f32,
    height: f32,
}

impl Tilt {
    /// From the lines of a picture, each with its height on it and its fall; `None` where too few agree, or all are level.
    pub(super) fn of(lines: &[(f32, f32)], (width, height): (u32, u32)) -> Option<Self> {
        let (width, height) = (width as f32, height as f32);
        let growth = growth(lines, height);
        [0.0, growth].into_iter().find_map(|growth| {
            let beyond = growth * height / 2.0;
            let fall = median(lines.iter().map(|(y, fall)| fall - growth * (y - height / 2.0)).collect())?;
            let at = |y: f32| fall + growth * (y - height / 2.0);
            let agreeing = lines.iter().filter(|(y, own)| (own - at(*y)).abs() < NEAR).count();
            let is_tilted = FALLS.contains(&fall.abs()) || (growth != 0.0 && fall.abs() < FALLS.end);
            let is_sure = lines.len() >= LINES_MIN && 10 * agreeing >= 6 * lines.len() && fall.abs() + beyond.abs() < FALLS.end;
            (is_tilted && is_sure).then_some(Self { fall, growth, width, height })
        })
    }

    /// Where a point of the level picture stands on the one that is tilted.
    fn source(&self, x: f32, y: f32) -> (f32, f32) {
        let (dx, dy) = (x - self.width / 2.0, y - self.height / 2.0);
        let (sin, cos) = self.fall.atan().sin_cos();
        let dy = dy + self.growth * dy * dx;
        (self.width / 2.0 + dx * cos - dy * sin, self.height / 2.0 + dx * sin + dy * cos)
    }

    /// The smallest upright box on the tilted picture around a box of the level one.
    pub(super) fn place(&self, at: Rect) -> Rect {
        let corners = [(at.x0, at.y0), (at.x1, at.y0), (at.x0, at.y1), (at.x1, at.y1)].map(|(x, y)| self.source(x, y));
        let side = |pick: fn(f32, f32) -> f32, of: fn(&(f32, f32)) -> f32| corners.iter().map(of).reduce(pick).unwrap_or(0.0);
        Rect {
            x0: side(f32::min, |c| c.0),
            y0: side(f32::min, |c| c.1),
            x1: side(f32::max, |c| c.0),
            y1: side(f32::max, |c| c.1),
        }
    }

    /// The picture made level; the edge pixels are drawn out into the corners.
    pub(super) fn level(&self, picture: &RgbImage) -> RgbImage {
        RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
            let (from_x, from_y) = self.source(x as f32, y as f32);
            let (from_x, from_y) = (from_x.clamp(0.0, self.width - 1.0), from_y.clamp(0.0, self.height - 1.0));
            imageops::interpolate_bilinear(picture, from_x, from_y).unwrap_or(Rgb([255; 3]))
        })
    }
}

/// How much more a line falls for each pixel further down: the median over all pairs of lines that stand well apart (Theil and Sen), which
/// the odd line does not move. 0 where the lines fall alike.
fn growth(lines: &[(f32, f32)], height: f32) -> f32 {
    /// More lines than these are compared with one another: a page has no more.
    const LINES_MAX: usize = 200;
    let lines = &lines[..lines.len().min(LINES_MAX)];
    let mut pairs = Vec::new();
    for (at, (y, fall)) in lines.iter().enumerate() {
        let apart = lines[at + 1..].iter().filter(|(other, _)| (other - y).abs() > height / 8.0);
        pairs.extend(apart.map(|(other, its)| (its - fall) / (other - y)));
    }
    let growth = median(pairs).unwrap_or(0.0);
    if (GROWTH_LEAST..GROWTH_MOST).contains(&(growth * height).abs()) { growth } else { 0.0 }
}

fn median(mut values: Vec<f32>) -> Option<f32> {
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: (u32, u32) = (1_000, 2_000);

    /// Twenty lines down a picture.
    fn lines(fall: impl Fn(f32) -> f32) -> Vec<(f32, f32)> {
        (0..20_u8).map(|n| f32::from(n) * 100.0 + 50.0).map(|y| (y, fall(y))).collect()
    }

    #[test]
    fn lines_of_one_fall_of_a_growing_one_and_of_none() {
        let near = |tilt: Option<Tilt>, fall: f32, growth: f32| {
            tilt.is_some_and(|t| (t.fall - fall).abs() < 0.004 && (t.growth - growth).abs() < 5e-6)
        };
        assert!(near(Tilt::of(&lines(|_| 0.05), SIZE), 0.05, 0.0));
        assert!(near(Tilt::of(&lines(|y| 0.03 + 3e-5 * y), SIZE), 0.06, 3e-5));
        assert!(near(Tilt::of(&lines(|y| -0.03 + 3e-5 * y), SIZE), 0.0, 3e-5), "level in the middle alone");
        let odd = |y: f32| if y as u32 % 500 == 50 { -0.2 } else { 0.03 + 3e-5 * y };
        assert!(near(Tilt::of(&lines(odd), SIZE), 0.06, 3e-5), "a few odd lines");
        assert_eq!(Tilt::of(&lines(|_| 0.004), SIZE), None, "level");
        assert_eq!(Tilt::of(&lines(|_| 0.3), SIZE), None, "too far");
        assert_eq!(Tilt::of(&lines(|y| if y as u32 % 200 == 50 { 0.1 } else { -0.1 }), SIZE), None, "none agree");
        assert_eq!(Tilt::of(&[(10.0, 0.05), (400.0, 0.05)], SIZE), None, "too few");
        assert_eq!(Tilt::of(&[], SIZE), None);
    }

    #[test]
    fn a_line_of_the_level_picture_is_a_falling_one_of_the_tilted() {
        let tilt = Tilt::of(&lines(|y| 0.03 + 3e-5 * y), SIZE).expect("tilted");
        for y in [300.0_f32, 1_000.0, 1_700.0] {
            let (a, b) = (tilt.source(100.0, y), tilt.source(900.0, y));
            let (fall, wanted) = ((b.1 - a.1) / (b.0 - a.0), 0.06 + 3e-5 * (y - 1_000.0));
            assert!((fall - wanted).abs() < 0.002, "{y}: {fall} {wanted}");
        }
        let at = tilt.place(Rect { x0: 480.0, y0: 990.0, x1: 520.0, y1: 1_010.0 });
        assert!(at.x0 < 480.0 && at.x1 > 520.0 && at.y0 < 990.0 && at.y1 > 1_010.0 && at.x1 - at.x0 < 45.0, "{at:?}");
    }
}
